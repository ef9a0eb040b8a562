package mcp

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"govdata/catalog"
	"govdata/export"
	"govdata/server/query"
)

// ask asks for a small table. Rows are cut at the request's MaxRows and at
// maxBytes, whichever comes first.
func (f *face) ask(ctx context.Context, r query.Request, sample *catalog.Release) (*rowsOut, error) {
	began := time.Now()
	answer, err := f.Ask(ctx, fromOf(ctx), r, sample)
	if err != nil {
		return nil, err
	}
	defer answer.Close()
	out, err := f.read(answer, began)
	if err != nil {
		return nil, err
	}
	if r.Rows == nil {
		out.Permalink = answer.Permalink("json", r.MaxRows)
	}
	return out, nil
}

// read reads an answer up to maxBytes. The first row is there whatever its size.
func (f *face) read(answer *Answer, began time.Time) (*rowsOut, error) {
	out := &rowsOut{Columns: answer.Columns, Rows: []json.RawMessage{}, Release: answer.Releases, Total: answer.Total()}
	size := 0
reading:
	for answer.Next() {
		batch := answer.RecordBatch()
		rows := export.NewJSONRows(batch, export.JSONOptions{Arrays: true, Strings: true})
		for i := range int(batch.NumRows()) {
			row := rows.Append(nil, i)
			if size += len(row); size > maxBytes && len(out.Rows) > 0 {
				out.Truncated = true
				out.Note = fmt.Sprintf("cut after %d rows because they are large (%d KiB); ask for fewer columns, or take export_link", len(out.Rows), maxBytes>>10)
				break reading
			}
			out.Rows = append(out.Rows, row)
		}
	}
	if !out.Truncated {
		if err := answer.Err(); err != nil {
			return nil, err
		}
		out.Truncated = answer.Truncated()
	}
	out.Returned, out.Elapsed = int64(len(out.Rows)), time.Since(began).Milliseconds()
	if out.Total == nil && !out.Truncated {
		out.Total = &out.Returned
	}
	return out, nil
}
