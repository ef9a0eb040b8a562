package web

import (
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"govdata/catalog"
)

type homePage struct {
	*view
	Datasets []*catalog.Release
	Newest   []*catalog.Release
	Themes   []themeCount
	Rows     int64
	Examples []example
	// Score is the newest month of the score card, nil where there is none.
	Score *scoreExcerpt
}

type themeCount struct {
	Name  string
	Count int
	// First are some of its datasets.
	First []*catalog.Release
}

func (p *Portal) home(c *gin.Context) error {
	v := &homePage{view: p.view(c, "home")}
	all, err := p.Catalog.All()
	if err != nil {
		return err
	}
	v.Title, v.Description = v.In(p.Site.Title), v.In(p.Site.Subtitle)
	v.Datasets = all
	for _, name := range catalog.Themes {
		t := themeCount{Name: name}
		for _, r := range all {
			if r.Dataset.Theme == name {
				if t.Count++; len(t.First) < 4 {
					t.First = append(t.First, r)
				}
			}
		}
		if t.Count > 0 {
			v.Themes = append(v.Themes, t)
		}
	}
	for _, r := range all {
		v.Rows += r.Rows
	}
	v.Newest = slices.Clone(all)
	slices.SortStableFunc(v.Newest, func(a, b *catalog.Release) int { return b.PublishedAt.Compare(a.PublishedAt) })
	v.Newest = v.Newest[:min(6, len(v.Newest))]
	v.Examples = p.examples(v.view)
	v.Examples = v.Examples[:min(3, len(v.Examples))]
	if v.Score, err = p.scoreExcerpt(c, v.view); err != nil {
		p.Log.Warn("no score card on the home page", "error", err) // the page is worth having without it
	}
	return p.render(c, http.StatusOK, "home", v)
}
