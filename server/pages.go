package server

import (
	"context"
	"time"

	"govdata/catalog"
	"govdata/export"
	"govdata/server/query"
	"govdata/server/web"
)

// webQuery answers the SQL page through the same gate and worker as the API.
func (s *Server) webQuery(ctx context.Context, sql string, max int) (*web.Table, error) {
	return s.webTable(ctx, query.Request{SQL: sql, MaxRows: int64(max), Deadline: s.o.Limits.Interactive}, access{})
}

// webPreview gives the first rows of a release that is open to everyone or on
// a condition.
func (s *Server) webPreview(ctx context.Context, r *catalog.Release, max int) (*web.Table, error) {
	return s.webTable(ctx, query.Request{
		Rows: &query.RowsRequest{Table: r.Ref().String(), Limit: int64(max)}, MaxRows: int64(max), Deadline: s.o.Limits.Interactive,
	}, access{sample: r})
}

func (s *Server) webTable(ctx context.Context, r query.Request, a access) (*web.Table, error) {
	began := time.Now()
	names := newNames(s.o.Catalog, "zh", a)
	r.Resolve, r.Tables = names.Resolve, names.Known
	result, err := s.ask(ctx, r)
	s.metrics.queries.WithLabelValues(outcome(err)).Inc()
	if err != nil {
		return nil, err
	}
	defer result.Close()
	t := &web.Table{Total: -1}
	for _, f := range result.Schema().Fields() {
		t.Columns = append(t.Columns, web.Column{Name: f.Name, Type: typeName(f.Type)})
	}
	for result.Next() {
		batch := result.RecordBatch()
		cells := export.Texts(batch)
		for i := range int(batch.NumRows()) {
			row := make([]web.Cell, len(t.Columns))
			for j := range row {
				row[j].Text, row[j].Null = cells(i, j)
			}
			t.Rows = append(t.Rows, row)
		}
	}
	if err := result.Err(); err != nil {
		return nil, err
	}
	t.Truncated, t.Elapsed = result.Truncated(), time.Since(began)
	if !t.Truncated {
		t.Total = int64(len(t.Rows))
	}
	return t, nil
}
