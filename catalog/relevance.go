package catalog

import (
	"strings"
	"unicode"
)

// Relevance says how well a dataset answers to words in lower case: 0 where one
// of them occurs nowhere in its id, titles, keywords, description, publisher,
// theme or public fields, in either language; more the nearer to the title they
// stand, and where they stand there as words of their own.
//
// Catalog.Search finds more and ranks better; this is for callers that have not
// moved to it.
func (d *Dataset) Relevance(words []string) int {
	score := 1
	for _, w := range words {
		best := 0
		for _, part := range d.searched() {
			for _, text := range part.texts {
				text = strings.ToLower(text)
				if strings.Contains(text, w) {
					best = max(best, part.weight)
				}
				if isWord(text, w) {
					best = max(best, part.weight+wholeWord)
				}
			}
		}
		if best == 0 {
			return 0
		}
		score += best
	}
	return score
}

type searched struct {
	weight int
	texts  []string
}

// wholeWord weighs more than where a part of a word stands.
const wholeWord = 10

func (d *Dataset) searched() []searched {
	var fields []string
	for _, f := range d.Public() {
		fields = append(fields, f.Name, f.Title.Zh, f.Title.En)
	}
	return []searched{
		{8, []string{d.Title.Zh, d.Title.En}},
		{6, append([]string{string(d.ID)}, d.Keywords...)},
		{3, []string{d.Publisher.Zh, d.Publisher.En, d.Theme}},
		{2, []string{d.Description.Zh, d.Description.En}},
		{1, fields},
	}
}

// isWord reports whether w stands in text between other characters than
// letters and digits. Chinese has no such words.
func isWord(text, w string) bool {
	for from := 0; ; {
		i := strings.Index(text[from:], w)
		if i < 0 {
			return false
		}
		i += from
		before, after := text[:i], text[i+len(w):]
		if !strings.ContainsFunc(w, func(r rune) bool { return r > unicode.MaxASCII }) && !letterAt(before, len(before)-1) && !letterAt(after, 0) {
			return true
		}
		from = i + len(w)
	}
}

func letterAt(s string, i int) bool {
	return i >= 0 && i < len(s) && (s[i] >= 'a' && s[i] <= 'z' || s[i] >= '0' && s[i] <= '9')
}
