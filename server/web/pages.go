package web

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"
)

type aboutPage struct {
	*view
	Licences []licence
}

// licence is one under which datasets are published.
type licence struct {
	Name  string
	Count int
}

func (p *Portal) about(c *gin.Context) error {
	v := &aboutPage{view: p.view(c, "about")}
	v.Title, v.Description = v.T("nav_about"), v.In(p.Site.About)
	all, err := p.Catalog.All()
	if err != nil {
		return err
	}
	counts := map[string]int{}
	for _, r := range all {
		counts[r.Dataset.Licence]++
	}
	for name, n := range counts {
		v.Licences = append(v.Licences, licence{name, n})
	}
	slices.SortFunc(v.Licences, func(a, b licence) int { return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Name, b.Name)) })
	return p.render(c, http.StatusOK, "about", v)
}

// Licence says in a sentence what a licence allows.
func (v *view) Licence(name string) string {
	switch name {
	case "CC-BY-4.0":
		return v.T("licence_by")
	case "CC0-1.0":
		return v.T("licence_zero")
	}
	return v.T("licence_other")
}
