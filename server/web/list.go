package web

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"govdata/catalog"
)

// listPage is the catalog: what was searched for, and what else can be chosen.
type listPage struct {
	*view
	Q, Sort  string
	Datasets []*catalog.Release
	Facets   []facet
	// Active are the choices in force, each with the address without it.
	Active []choice
	Sorts  []choice
	// Missing are the parts of Q that nothing answers, DidYouMean is Q without its
	// mistakes.
	Missing []string
	// Damaged are the datasets that are set aside.
	Damaged    []*catalog.Damage
	DidYouMean string
}

// facet is one way to narrow the catalog down.
type facet struct {
	Param, Title string
	Choices      []choice
	// More are those behind the first ones.
	More []choice
	Open bool
}

// choice is a value of a facet and the address of the page with it chosen, or,
// where it is chosen, without it.
type choice struct {
	Facet, Label, Value, Href string
	Count                     int
	Chosen                    bool
}

// facetChoices are shown of a facet before the reader asks for more.
const facetChoices = 6

// narrowing is a parameter of the catalog page: what a dataset must have.
type narrowing struct {
	param string
	title func(*view) string
	// has gives the values that a dataset has, and label the reader's name of one.
	has   func(*view, *catalog.Release) []string
	label func(*view, string) string
	// order of the choices; nil: by their number.
	order []string
}

func asIs(_ *view, value string) string { return value }

var narrowings = []narrowing{
	{"theme", func(v *view) string { return v.T("themes") }, func(_ *view, r *catalog.Release) []string { return []string{r.Dataset.Theme} }, (*view).Label, catalog.Themes},
	{"openness", func(v *view) string { return v.T("openness") }, func(_ *view, r *catalog.Release) []string { return []string{r.Dataset.Openness.Attribute} }, (*view).Label, []string{catalog.OpenUnconditional, catalog.OpenConditional, catalog.OpenNot}},
	{"item", func(v *view) string { return v.T("item") }, func(_ *view, r *catalog.Release) []string { return nonEmpty(r.Dataset.Item) }, (*view).Item, catalog.Items},
	{"frequency", func(v *view) string { return v.T("frequency") }, func(_ *view, r *catalog.Release) []string { return []string{r.Dataset.UpdateFrequency} }, (*view).Frequency, frequencies},
	{"publisher", func(v *view) string { return v.T("publisher") }, func(v *view, r *catalog.Release) []string { return []string{v.In(r.Dataset.Publisher)} }, asIs, nil},
	{"format", func(v *view) string { return v.T("format") }, func(_ *view, r *catalog.Release) []string { return formatsOf(r) }, func(_ *view, f string) string { return formatName(f) }, formatOrder()},
}

// frequencies in the order of pages, the shortest first.
var frequencies = []string{"daily", "weekly", "monthly", "quarterly", "yearly", "irregular"}

func nonEmpty(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

func formatOrder() []string {
	var order []string
	for _, f := range catalog.Formats {
		order = append(order, f.Ext)
	}
	return order
}

// formatsOf are the formats that everybody may have of a release.
func formatsOf(r *catalog.Release) []string {
	if !r.Dataset.Queryable() {
		return nil
	}
	var formats []string
	for _, f := range catalog.Formats {
		if _, bulk := r.Artefact(f.Ext); bulk || !f.Bulk && f.Ext != "json" {
			formats = append(formats, f.Ext)
		}
	}
	return formats
}

// formatName is what people call a format.
func formatName(ext string) string {
	name := map[string]string{"csv": "CSV", "xlsx": "Excel (XLSX)", "parquet": "Parquet", "jsonl": "JSON Lines", "arrow": "Arrow", "json": "JSON",
		"csv.gz": "CSV, gzip", "csv.zst": "CSV, zstd", "jsonl.gz": "JSON Lines, gzip"}[ext]
	return cmp.Or(name, ext)
}

func (p *Portal) list(c *gin.Context) error {
	v := &listPage{view: p.view(c, "datasets"), Q: strings.TrimSpace(c.Query("q")), Sort: c.Query("sort")}
	answer, err := p.Catalog.Search(catalog.Query{Text: v.Q, Lang: v.Lang})
	if err != nil {
		return err
	}
	v.Title = v.T("nav_datasets")
	v.Missing, v.DidYouMean = answer.Missing, answer.DidYouMean
	var found []*catalog.Release
	for _, h := range answer.Hits {
		found = append(found, h.Release)
	}
	for _, n := range narrowings {
		v.Facets = append(v.Facets, v.facet(found, n))
	}
	for _, r := range found {
		if v.matches(r, "") {
			v.Datasets = append(v.Datasets, r)
		}
	}
	v.sort()
	damaged, err := p.Catalog.Damaged()
	if err != nil {
		return err
	}
	for _, d := range damaged {
		if d.File == "" {
			v.Damaged = append(v.Damaged, d)
		}
	}
	for _, f := range v.Facets {
		for _, one := range append(slices.Clone(f.Choices), f.More...) {
			if one.Chosen {
				v.Active = append(v.Active, one)
			}
		}
	}
	if c.Query("fragment") == "1" {
		return p.renderPart(c, http.StatusOK, "list", "catalog", v)
	}
	return p.render(c, http.StatusOK, "list", v)
}

// matches reports whether a release has all that was chosen, but for one facet.
func (v *listPage) matches(r *catalog.Release, but string) bool {
	for _, n := range narrowings {
		want := v.c.Query(n.param)
		if want != "" && n.param != but && !slices.Contains(n.has(v.view, r), want) {
			return false
		}
	}
	return true
}

// facet counts what could be chosen beside the choices of the other facets.
func (v *listPage) facet(found []*catalog.Release, n narrowing) facet {
	counts := map[string]int{}
	for _, r := range found {
		if v.matches(r, n.param) {
			for _, value := range n.has(v.view, r) {
				counts[value]++
			}
		}
	}
	chosen := v.c.Query(n.param)
	if chosen != "" && counts[chosen] == 0 {
		counts[chosen] = 0 // it can be taken back
	}
	f := facet{Param: n.param, Title: n.title(v.view)}
	for value, count := range counts {
		one := choice{Facet: f.Title, Label: n.label(v.view, value), Value: value, Count: count, Chosen: value == chosen, Href: v.Here(n.param, value)}
		if one.Chosen {
			one.Href = v.Here(n.param, "")
		}
		f.Choices = append(f.Choices, one)
	}
	slices.SortFunc(f.Choices, func(a, b choice) int {
		if n.order != nil {
			return slices.Index(n.order, a.Value) - slices.Index(n.order, b.Value)
		}
		return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Label, b.Label))
	})
	if len(f.Choices) > facetChoices+1 {
		f.Choices, f.More = f.Choices[:facetChoices], f.Choices[facetChoices:]
	}
	f.Open = slices.ContainsFunc(f.More, func(one choice) bool { return one.Chosen })
	return f
}

// sort puts the found datasets in the order that was asked for: what answers
// best is first already, and among equals the document's priority themes.
func (v *listPage) sort() {
	switch v.Sort {
	case "newest":
		slices.SortStableFunc(v.Datasets, func(a, b *catalog.Release) int { return b.PublishedAt.Compare(a.PublishedAt) })
	case "title":
		slices.SortStableFunc(v.Datasets, func(a, b *catalog.Release) int {
			return strings.Compare(v.In(a.Dataset.Title), v.In(b.Dataset.Title))
		})
	case "rows":
		slices.SortStableFunc(v.Datasets, func(a, b *catalog.Release) int { return cmp.Compare(b.Rows, a.Rows) })
	default:
		v.Sort = ""
	}
	best := v.T("sort_theme")
	if v.Q != "" {
		best = v.T("sort_best")
	}
	for _, one := range []choice{{Label: best}, {Label: v.T("sort_newest"), Value: "newest"}, {Label: v.T("sort_title"), Value: "title"}, {Label: v.T("sort_rows"), Value: "rows"}} {
		one.Chosen = one.Value == v.Sort
		v.Sorts = append(v.Sorts, one)
	}
}

// Kept are the parameters that the search form carries along.
func (v *listPage) Kept() []choice {
	var kept []choice
	for _, n := range narrowings {
		if value := v.c.Query(n.param); value != "" {
			kept = append(kept, choice{Facet: n.param, Value: value})
		}
	}
	return kept
}

// Clear is the address of the catalog without any choice.
func (v *listPage) Clear() string { return v.To("/datasets", "q", v.Q, "sort", v.Sort) }
