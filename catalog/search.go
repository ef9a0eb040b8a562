package catalog

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// Query asks for datasets. The zero value is all of them.
type Query struct {
	// Text is what somebody typed: words in Chinese or English, pinyin, codes.
	Text string
	// The filters; "" lets everything through. Publisher is a name in either language.
	Theme, Publisher, Openness, Format, UpdateFrequency, Item string
	// Sort is one of Sorts.
	Sort string
	// Lang is the language of the publishers' names and of the order of titles.
	Lang string
	// Offset and Limit choose from the hits; Limit 0: all that follow.
	Offset, Limit int
}

// Sorts are the orders of hits: what answers best, priority themes, the last
// published, titles, and the most rows first.
var Sorts = []string{"", "theme", "newest", "title", "rows"}

// MaxQuery is the length of the longest search text, in characters.
const MaxQuery = 200

// Found is the answer to a Query.
type Found struct {
	// Hits are those that were chosen of Total.
	Hits  []Hit
	Total int
	// Facets count the datasets by each filter's values. A count is what choosing
	// that value instead would find: a filter does not count for its own facet.
	Facets []Facet
	// Missing are the parts of the text that no hit answers. Where there are any,
	// the hits are those that answer the most of it.
	Missing []string
	// DidYouMean is the text without the mistakes that were made good to find the
	// hits, or, where nothing was found, with the nearest words that would be.
	DidYouMean string
}

// Hit is a dataset that was found.
type Hit struct {
	Release *Release
	// Score is 0 where there was no text.
	Score float32
	// Matched says why it was found: the best place for each part of the text.
	Matched []Match

	matches []match
	number  int
}

// Match is a text of a dataset in which something was found.
type Match struct {
	// In is title, id, keyword, field, field_name, field_alias, theme, publisher,
	// item, value (one that a field allows) or description.
	In string `json:"in"`
	// Field is the name of the field, where it is a text of one.
	Field string `json:"field,omitempty"`
	Text  string `json:"text"`
	// How is exact (the whole text), prefix, word, part (of a word), pinyin or typo.
	How string `json:"how"`
	// Ranges are what was found, from and to, in characters of Text.
	Ranges [][2]int `json:"ranges"`
}

// Facet is a filter and the values it can have.
type Facet struct {
	Name   string
	Values []FacetValue
}

// FacetValue is a value of a filter and the number of datasets that have it.
type FacetValue struct {
	Value  string
	Count  int
	Chosen bool
}

// Counts are the values with their counts.
func (f *Facet) Counts() map[string]int {
	counts := map[string]int{}
	for _, v := range f.Values {
		counts[v.Value] = v.Count
	}
	return counts
}

// searcher keeps the index of the last state of the catalog that was searched.
type searcher struct {
	mu    sync.Mutex
	index *index
}

// of returns the index of releases, and makes it where they are not those of
// the last search.
func (s *searcher) of(releases []*Release) *index {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.index == nil || !slices.Equal(s.index.releases, releases) {
		s.index = newIndex(releases)
	}
	return s.index
}

// Search finds datasets by what somebody typed, in Chinese or English, in pinyin
// or its first letters, with small mistakes. The error is ErrInvalid for a text
// that is too long, and for an order that is not known.
func (c *Catalog) Search(q Query) (*Found, error) {
	if n := utf8.RuneCountInString(q.Text); n > MaxQuery || len(fold(q.Text).runes) > MaxQuery {
		return nil, fmt.Errorf("a search text of %d characters, %d at most: %w", n, MaxQuery, ErrInvalid)
	}
	if !slices.Contains(Sorts, q.Sort) {
		return nil, fmt.Errorf("order %q: want one of %s: %w", q.Sort, strings.Join(Sorts[1:], ", "), ErrInvalid)
	}
	all, err := c.All()
	if err != nil {
		return nil, err
	}
	return c.searcher.of(all).search(q), nil
}

func (x *index) search(q Query) *Found {
	found, hits := &Found{}, []Hit(nil)
	text := fold(q.Text)
	if parts := runs(text.runes); len(parts) > 0 {
		hits = x.ask(q.Text, text, parts, found)
	} else if strings.TrimSpace(q.Text) == "" {
		for i, r := range x.releases {
			hits = append(hits, Hit{Release: r, number: i})
		}
	} else { // nothing but signs
		found.Missing = []string{strings.TrimSpace(q.Text)}
	}
	hits = found.filter(hits, q)
	switch q.Sort {
	case "":
		best(hits)
	case "theme":
		slices.SortStableFunc(hits, func(a, b Hit) int { return cmp.Compare(a.number, b.number) })
	case "newest":
		slices.SortStableFunc(hits, func(a, b Hit) int { return b.Release.PublishedAt.Compare(a.Release.PublishedAt) })
	case "rows":
		slices.SortStableFunc(hits, func(a, b Hit) int { return cmp.Compare(b.Release.Rows, a.Release.Rows) })
	case "title":
		slices.SortStableFunc(hits, func(a, b Hit) int {
			if q.Lang == "en" {
				return strings.Compare(strings.ToLower(a.Release.Dataset.Title.In("en")), strings.ToLower(b.Release.Dataset.Title.In("en")))
			}
			return strings.Compare(x.order[a.number], x.order[b.number])
		})
	}
	found.Total = len(hits)
	from := min(max(q.Offset, 0), len(hits))
	to := len(hits)
	if q.Limit > 0 {
		to = min(to, from+q.Limit)
	}
	found.Hits = hits[from:to]
	for i := range found.Hits {
		found.Hits[i].Matched = x.told(&found.Hits[i])
	}
	return found
}

// facets are the filters, in the order in which pages show them.
var facets = []struct {
	name   string
	chosen func(*Query) string
	values func(d *Dataset) []string
	// order is that of the values; nil: the most frequent first.
	order []string
}{
	{"theme", func(q *Query) string { return q.Theme }, func(d *Dataset) []string { return []string{d.Theme} }, Themes},
	{"publisher", func(q *Query) string { return q.Publisher }, func(d *Dataset) []string { return []string{d.Publisher.Zh, d.Publisher.En} }, nil},
	{"openness", func(q *Query) string { return q.Openness }, func(d *Dataset) []string { return []string{d.Openness.Attribute} }, []string{OpenUnconditional, OpenConditional, OpenNot}},
	{"format", func(q *Query) string { return q.Format }, (*Dataset).Offered, Extensions()},
	{"update_frequency", func(q *Query) string { return q.UpdateFrequency }, func(d *Dataset) []string { return []string{d.UpdateFrequency} }, []string{"daily", "weekly", "monthly", "quarterly", "yearly", "irregular"}},
	{"item", func(q *Query) string { return q.Item }, func(d *Dataset) []string {
		if d.Item == "" {
			return nil
		}
		return []string{d.Item}
	}, numerals},
}

// Offered are the extensions of the formats in which anyone can have the
// dataset.
func (d *Dataset) Offered() []string {
	if !d.Queryable() {
		return nil
	}
	return Extensions()
}

// Extensions are those of the files of a dataset, in the order of Formats.
func Extensions() []string {
	var all []string
	for _, f := range Formats {
		if f.Ext != "json" {
			all = append(all, f.Ext)
		}
	}
	return all
}

// filter returns the hits that pass all filters, and counts the facets.
func (found *Found) filter(hits []Hit, q Query) []Hit {
	counts := make([]map[string]int, len(facets))
	chosen := make([]string, len(facets))
	for i, f := range facets {
		counts[i] = map[string]int{}
		chosen[i] = f.chosen(&q)
	}
	var kept []Hit
	for _, h := range hits {
		d := &h.Release.Dataset
		fails, failed := 0, 0
		for i, f := range facets {
			if want := f.chosen(&q); want != "" && !slices.Contains(f.values(d), want) {
				fails++
				failed = i
			}
		}
		if fails == 0 {
			kept = append(kept, h)
		}
		for i, f := range facets {
			if fails > 1 || fails == 1 && failed != i {
				continue
			}
			values := f.values(d)
			if f.name == "publisher" { // whose name is there twice
				if chosen[i] == d.Publisher.Zh || chosen[i] == d.Publisher.En {
					chosen[i] = d.Publisher.In(q.Lang)
				}
				values = []string{d.Publisher.In(q.Lang)}
			}
			for _, v := range values {
				counts[i][v]++
			}
		}
	}
	for i, f := range facets {
		facet := Facet{Name: f.name}
		for v, n := range counts[i] {
			facet.Values = append(facet.Values, FacetValue{v, n, chosen[i] == v})
		}
		slices.SortFunc(facet.Values, func(a, b FacetValue) int {
			if f.order != nil {
				return slices.Index(f.order, a.Value) - slices.Index(f.order, b.Value)
			}
			return cmp.Or(b.Count-a.Count, strings.Compare(a.Value, b.Value))
		})
		found.Facets = append(found.Facets, facet)
	}
	return kept
}

// told are the matches of a hit as answers give them: the best first, those in
// one text together.
func (x *index) told(h *Hit) []Match {
	slices.SortStableFunc(h.matches, func(a, b match) int { return cmp.Compare(b.score, a.score) })
	var all []Match
	var of []int32
	for _, m := range h.matches {
		p := &x.passages[m.passage]
		at := p.chars(int(m.from), int(m.to))
		if i := slices.Index(of, m.passage); i >= 0 {
			all[i].Ranges = append(all[i].Ranges, at)
			continue
		}
		told := Match{In: places[m.use.place].name, Text: p.text, How: m.how.String(), Ranges: [][2]int{at}}
		if m.use.field >= 0 {
			told.Field = h.Release.Dataset.Public()[m.use.field].Name
		}
		all, of = append(all, told), append(of, m.passage)
	}
	for i := range all {
		all[i].Ranges = merged(all[i].Ranges)
	}
	return all
}

// merged sorts ranges and joins those that meet.
func merged(ranges [][2]int) [][2]int {
	slices.SortFunc(ranges, func(a, b [2]int) int { return cmp.Compare(a[0], b[0]) })
	out := ranges[:1]
	for _, r := range ranges[1:] {
		if last := &out[len(out)-1]; r[0] <= last[1] {
			last[1] = max(last[1], r[1])
		} else {
			out = append(out, r)
		}
	}
	return out
}
