package server

import (
	"github.com/gin-gonic/gin"

	"govdata/catalog"
	"govdata/server/query"
	"govdata/server/web"
)

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
