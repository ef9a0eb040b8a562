package catalog

import "strings"

// Mentions reports whether every word, in lower case, occurs in the dataset's
// texts: its id, titles, description, publisher, theme, keywords and public
// fields, in both languages.
func (d *Dataset) Mentions(words []string) bool {
	if len(words) == 0 {
		return true
	}
	texts := []string{string(d.ID), d.Title.Zh, d.Title.En, d.Description.Zh, d.Description.En, d.Publisher.Zh, d.Publisher.En, d.Theme}
	texts = append(texts, d.Keywords...)
	for _, f := range d.Public() {
		texts = append(texts, f.Name, f.Title.Zh, f.Title.En)
	}
	all := strings.ToLower(strings.Join(texts, "\n"))
	for _, w := range words {
		if !strings.Contains(all, w) {
			return false
		}
	}
	return true
}
