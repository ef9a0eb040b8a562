package ingest

import (
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"govdata/catalog"
	"govdata/ingest/decode"
	"govdata/ingest/layout"
)

// Report says what an ingest did to the files it was given. It is kept with
// the rejects under the release, outside the public half: as report.json, and
// in words as report.txt and report.en.txt.
type Report struct {
	Dataset catalog.ID        `json:"dataset"`
	Release catalog.ReleaseID `json:"release,omitempty"`
	Mode    catalog.Mode      `json:"mode"`
	catalog.Counts
	// Refused says why nothing was published.
	Refused string           `json:"refused,omitempty"`
	Files   []FileReport     `json:"files"`
	Skipped []layout.Skip    `json:"skipped"`
	Faults  []FaultCount     `json:"faults"`
	Rejects []Reject         `json:"first_rejects"`
	Changes []catalog.Change `json:"changes"`
	// Personal are the columns without a mask in which personal data was found.
	Personal []PersonalColumn `json:"personal,omitempty"`
	// References and Withheld are as in the manifest.
	References []catalog.ReferenceCheck `json:"references,omitempty"`
	KeptBack   []catalog.Withholding    `json:"withheld,omitempty"`
	// Decisions are those of the inspection, for a dataset that was made of the file.
	Decisions []Decision `json:"decisions,omitempty"`
	// RejectFiles hold the rejected rows as they were sent.
	RejectFiles []string `json:"reject_files"`
	Seconds     float64  `json:"seconds"`
	// SecondsLanded is the time until all rows stood checked and typed in
	// DuckDB, before the release file is sorted and written.
	SecondsLanded float64 `json:"seconds_landed"`

	definition *catalog.Dataset
}

// FileReport says what one file was found to be.
type FileReport struct {
	Name   string         `json:"name"`
	SHA256 string         `json:"sha256"`
	Bytes  int64          `json:"bytes"`
	Info   decode.Info    `json:"info"`
	Tables []*TableReport `json:"tables"`
}

// TableReport says how one table was read, and what became of its columns.
type TableReport struct {
	layout.Plan
	// Name tells the tables of a file apart.
	Name    string   `json:"name,omitempty"`
	Columns []Column `json:"columns"`
	// Left says why a table was not read.
	Left string `json:"left_out,omitempty"`
}

// LeftOut is the number of rows that look like data and are not taken: those of
// tables with other columns.
func (r *Report) LeftOut() int64 {
	n := int64(0)
	for _, f := range r.Files {
		for _, t := range f.Tables {
			if t.Left != "" {
				n += t.Rows
			}
		}
	}
	return n
}

// CellReport says what became of the cells of one column.
type CellReport struct {
	// Changed cells are published in another form than they were sent in,
	// Nulls were sent as a mark for no value.
	Changed int64 `json:"changed"`
	Nulls   int64 `json:"nulls"`
	// Personal cells held personal data, which is masked though the definition
	// has no mask for the column.
	Personal int64 `json:"personal,omitempty"`
	// Damaged cells are long numbers that a spreadsheet rounded before they were
	// sent: 6.20102E+17, or 18 digits that end in 000.
	Damaged int64 `json:"damaged,omitempty"`
	// Examples are a few different changes: what was sent, and what is
	// published. There are none of a column that is masked.
	Examples []Example `json:"examples,omitempty"`
}

// Example is a cell that was changed.
type Example struct {
	Sent      string `json:"sent"`
	Published string `json:"published"`
}

const maxExamples = 3

// note counts a cell whose value is not what was sent. secret says that what
// was sent is not to be repeated.
func (c *CellReport) note(sent, published string, null, secret bool) {
	if null {
		if sent == "" {
			return
		}
		c.Nulls++
	} else {
		c.Changed++
	}
	if len(c.Examples) < maxExamples && !secret {
		c.example(Example{strings.Clone(sent), strings.Clone(published)})
	}
}

func (c *CellReport) example(e Example) {
	if len(c.Examples) < maxExamples && !slices.Contains(c.Examples, e) {
		c.Examples = append(c.Examples, e)
	}
}

func (c *CellReport) add(o *CellReport) {
	c.Changed += o.Changed
	c.Nulls += o.Nulls
	c.Personal += o.Personal
	c.Damaged += o.Damaged
	for _, e := range o.Examples {
		c.example(e)
	}
}

// describe completes the report of a table that has been read.
func (t *table) describe() {
	t.report.Plan = *t.block.Plan()
	hideSkips(t.report.Plan.Skipped)
	for i := range t.report.Columns {
		c := &t.report.Columns[i]
		for field, col := range t.source {
			if col == i {
				c.Cells = &t.cells[field]
			}
		}
	}
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

// Write keeps the report in a folder.
func (r *Report) Write(dir string) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "report.json"), data, 0o600); err != nil {
		return err
	}
	for name, lang := range map[string]string{"report.txt": "zh", "report.en.txt": "en"} {
		var b strings.Builder
		r.Describe(&b, lang)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(b.String()), 0o600); err != nil {
			return err
		}
	}
	return nil
}
