package ingest

import (
	"cmp"
	"encoding/json"
	"os"
	"slices"

	"govdata/catalog"
	"govdata/ingest/decode"
)

// Report says what an ingest did to the files it was given. It is kept with
// the rejects under the release, outside the public half.
type Report struct {
	Dataset catalog.ID        `json:"dataset"`
	Release catalog.ReleaseID `json:"release,omitempty"`
	Mode    catalog.Mode      `json:"mode"`
	catalog.Counts
	Files   []FileReport     `json:"files"`
	Skipped []Skip           `json:"skipped"`
	Faults  []FaultCount     `json:"faults"`
	Rejects []Reject         `json:"first_rejects"`
	Changes []catalog.Change `json:"changes"`
	Seconds float64          `json:"seconds"`
}

// FileReport says what one file was found to be.
type FileReport struct {
	Name   string        `json:"name"`
	SHA256 string        `json:"sha256"`
	Bytes  int64         `json:"bytes"`
	Info   decode.Info   `json:"info"`
	Tables []TableReport `json:"tables"`
}

// TableReport says how one table was read.
type TableReport struct {
	Table   string   `json:"table,omitempty"`
	Header  []int64  `json:"header_lines"`
	Columns []Column `json:"columns"`
	// Rows are the data rows, good or bad.
	Rows int64 `json:"rows"`
	// Left says why a table was not read.
	Left string `json:"left_out,omitempty"`
}

// FaultCount counts how often a field broke a rule.
type FaultCount struct {
	Field string `json:"field"`
	Code  string `json:"code"`
	Cells int64  `json:"cells"`
}

func (w *rejectWriter) faults() []FaultCount {
	all := []FaultCount{}
	for k, n := range w.counts {
		all = append(all, FaultCount{Field: k[0], Code: k[1], Cells: n})
	}
	slices.SortFunc(all, func(a, b FaultCount) int {
		return cmp.Or(cmp.Compare(b.Cells, a.Cells), cmp.Compare(a.Field, b.Field), cmp.Compare(a.Code, b.Code))
	})
	return all
}

func (r *Report) write(path string) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o600)
}
