package server

import (
	"bytes"
	"encoding/json"
	"html/template"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"

	"govdata/catalog"
	"govdata/catalog/schemaorg"
	"govdata/server/query"
	"govdata/server/web"
)

// citedRows answers a reader's SQL for the SQL page, through the same gate and
// worker as the API, and says what was read.
func (s *Server) citedRows(c *gin.Context, sql string, max int) (*web.Table, web.Citation, error) {
	q := &question{request: query.Request{SQL: sql, MaxRows: int64(max), Deadline: s.o.Limits.Interactive}, names: newNames(s.o.Catalog, langOf(c), accessOf(c))}
	q.request.Resolve, q.request.Tables = q.names.Resolve, q.names.Known
	began := time.Now()
	result, err := s.ask(c.Request.Context(), q.request)
	s.metrics.queries.WithLabelValues(outcome(err)).Inc()
	if err != nil {
		return nil, web.Citation{}, err
	}
	t, err := web.ReadTable(result, typeName)
	if err != nil {
		return nil, web.Citation{}, err
	}
	t.Elapsed = time.Since(began)
	if q.names.private() {
		private(c)
	}
	var cited web.Citation
	page := ""
	if base := s.base(c); q.permalink(base, result) != "" {
		cited.Pinned = result.Pinned()
		page = base + "/sql?q=" + url.QueryEscape(cited.Pinned)
	}
	if len(q.names.distinct()) > 0 {
		cited.Text = q.citation(s.base(c), page, langOf(c), began, result).Text
	}
	return t, cited, nil
}

// sampleOf gives the first rows of a release that is open to everyone or on a
// condition.
func (s *Server) sampleOf(c *gin.Context, r *catalog.Release, max int) (*web.Table, error) {
	names := newNames(s.o.Catalog, langOf(c), access{sample: r})
	result, err := s.ask(c.Request.Context(), query.Request{
		Rows: &query.RowsRequest{Table: r.Ref().String(), Limit: int64(max)}, MaxRows: int64(max), Deadline: s.o.Limits.Interactive,
		Resolve: names.Resolve, Tables: names.Known,
	})
	s.metrics.queries.WithLabelValues(outcome(err)).Inc()
	if err != nil {
		return nil, err
	}
	return web.ReadTable(result, typeName)
}

// schemaOrg describes the current release of a dataset for search engines.
func (s *Server) schemaOrg(r *catalog.Release, base string) template.JS {
	h, err := s.o.Catalog.History(r.Dataset.ID)
	if err != nil {
		return "" // the page is worth having without it
	}
	described, err := schemaorg.Dataset(s.o.Site, base, "zh", h)
	if err != nil {
		return ""
	}
	var b bytes.Buffer
	if err := json.Compact(&b, described); err != nil {
		return ""
	}
	return template.JS(b.String())
}
