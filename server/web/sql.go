package web

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"govdata/catalog"
	"govdata/server/query"
)

const resultRows = 500

type sqlPage struct {
	*view
	SQL      string
	Examples []example
	Datasets []*catalog.Release
	Table    *Table
	Problem  *query.SQLError
	Failure  string
}

type example struct{ Title, SQL string }

// SQLLink is the address of a question's result.
func (s *sqlPage) SQLLink(ext string) string {
	return "/api/v1/sql." + ext + "?q=" + url.QueryEscape(s.SQL)
}

func (p *Portal) sql(c *gin.Context) error {
	v := &sqlPage{view: p.view(c, "sql")}
	v.Title, v.SQL = v.T("nav_sql"), strings.TrimSpace(c.Query("q"))
	v.Examples = p.examples(v.view)
	all, err := p.Catalog.All()
	if err != nil {
		return err
	}
	v.Datasets = all
	status := http.StatusOK
	if v.SQL != "" {
		v.Table, err = p.table(c, query.Request{SQL: v.SQL, MaxRows: resultRows})
		switch {
		case err == nil:
		case errors.As(err, &v.Problem):
			status = http.StatusBadRequest
		case errors.Is(err, catalog.ErrTimeout):
			status, v.Failure = http.StatusGatewayTimeout, v.T("sql_timeout")
		case errors.Is(err, catalog.ErrBusy), errors.Is(err, catalog.ErrTooMany):
			status, v.Failure = http.StatusServiceUnavailable, v.T("sql_busy")
		case errors.Is(err, catalog.ErrTooLarge):
			status, v.Failure = http.StatusRequestEntityTooLarge, v.T("sql_too_large")
		default:
			return err
		}
	}
	return p.render(c, status, "sql", v)
}

// examples are the site's questions over datasets that are published.
func (p *Portal) examples(v *view) []example {
	var list []example
	for _, e := range p.Site.Examples {
		if !slices.ContainsFunc(e.Needs, func(id catalog.ID) bool { _, err := p.Catalog.Current(id); return err != nil }) {
			list = append(list, example{v.In(e.Title), strings.TrimSpace(e.SQL)})
		}
	}
	return list
}
