package catalog

import "testing"

// SearchOver searches datasets that are not published.
func SearchOver(releases []*Release) func(Query) *Found {
	return newIndex(releases).search
}

// FoldedLength is what MaxQuery bounds as well.
func FoldedLength(s string) int { return len(fold(s).runes) }

// PublishForSearch publishes a dataset that is nothing but its title.
func PublishForSearch(t *testing.T, c *Catalog, id ID, title string) {
	t.Helper()
	if _, err := publishOf(c, Dataset{ID: id, Title: Text{Zh: title}}, title); err != nil {
		t.Fatal(err)
	}
}
