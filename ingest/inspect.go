package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"govdata/catalog"
	"govdata/ingest/decode"
	"govdata/ingest/infer"
	"govdata/ingest/layout"
)

// Inspection says how a file would be read without a definition.
type Inspection struct {
	Name   string            `json:"name"`
	Info   decode.Info       `json:"info"`
	Tables []*InspectedTable `json:"tables"`
}

// InspectedTable is one table of an inspected file.
type InspectedTable struct {
	*layout.Plan
	// Columns are those of the plan with what their values are.
	Columns []InspectedColumn `json:"columns"`
	// Wider counts the rows with more cells than the table has columns; Line
	// is that of the first.
	Wider     int64 `json:"rows_too_wide,omitempty"`
	WiderLine int64 `json:"first_row_too_wide,omitempty"`
	// Unreadable says why a table has no plan.
	Unreadable string `json:"unreadable,omitempty"`
}

// InspectedColumn is a column and the field that its values suggest.
type InspectedColumn struct {
	layout.Column
	Type     catalog.Type     `json:"type"`
	Semantic catalog.Semantic `json:"semantic,omitempty"`
	Stored   string           `json:"stored_unit,omitempty"`
	Privacy  catalog.Privacy  `json:"privacy,omitempty"`
	Why      catalog.Text     `json:"why"`
	Cells    int64            `json:"cells"`
	Nulls    map[string]int64 `json:"nulls"`
	Distinct int64            `json:"distinct"`
	Min      string           `json:"min,omitempty"`
	Max      string           `json:"max,omitempty"`
	Examples []string         `json:"examples"`
	// Index is true for a column without a name that counts the rows.
	Index bool `json:"index,omitempty"`

	finding infer.Finding
}

// Inspect reads a whole file, and publishes nothing. The file at path is
// called name in messages; tempDir takes what it unpacks to.
func Inspect(ctx context.Context, path, name string, l catalog.Layout, tempDir string) (*Inspection, error) {
	o := decodeOptions(l)
	o.TempDir = tempDir
	s, err := decode.Open(path, name, o)
	if err != nil {
		return nil, fmt.Errorf("inspect: %w", err)
	}
	defer s.Close()
	info := s.Info()
	in := &Inspection{Name: name, Tables: []*InspectedTable{}}
	for _, t := range s.Tables() {
		if err := in.read(ctx, layout.Open(t, layout.Options{File: name, Layout: l, Headed: info.Headed()})); err != nil {
			return nil, fmt.Errorf("inspect: %w", err)
		}
	}
	in.Info = s.Info()
	return in, nil
}

// read inspects the tables of a sheet.
func (in *Inspection) read(ctx context.Context, sheet *layout.Sheet) error {
	for {
		block, err := sheet.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil && leftOut(err):
			in.Tables = append(in.Tables, &InspectedTable{Plan: &layout.Plan{Table: sheet.Name(), Header: []int64{}, Skipped: []layout.Skip{}}, Columns: []InspectedColumn{}, Unreadable: err.Error()})
			return nil
		case err != nil:
			return err
		}
		t := &InspectedTable{Plan: block.Plan()}
		if err := t.read(ctx, block); err != nil {
			return err
		}
		in.Tables = append(in.Tables, t)
	}
}

func (t *InspectedTable) read(ctx context.Context, block *layout.Block) error {
	var columns []*infer.Column
	for _, c := range t.Plan.Columns {
		o := infer.Options{}
		if c.UnitAbove {
			o.Unit = unitLabel(c.Unit, c.Shift)
		}
		columns = append(columns, infer.New(c.Header, o))
	}
	index := make([]counter, len(columns))
	for {
		line, cells, err := block.Next()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
		if t.Rows%batchRows == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if wider(cells, block.Width()) { // ingest rejects it, and its cells have slipped
			if t.Wider++; t.Wider == 1 {
				t.WiderLine = line
			}
			continue
		}
		for i, c := range columns {
			var cell []byte
			if i < len(cells) {
				cell = cells[i]
			}
			c.Add(cell)
			if t.Plan.Columns[i].Unnamed {
				index[i].add(cell)
			}
		}
	}
	for i, c := range columns {
		f := c.Finding()
		t.Columns = append(t.Columns, InspectedColumn{Column: t.Plan.Columns[i], Type: f.Field.Type, Semantic: f.Field.Semantic, Stored: f.Field.Unit, Privacy: f.Field.Privacy,
			Why: f.Why, Cells: f.Cells, Nulls: f.Nulls, Distinct: f.Distinct, Min: f.Min, Max: f.Max, Examples: f.Examples, Index: index[i].counts(), finding: f})
	}
	return nil
}

func wider(cells [][]byte, width int) bool {
	for i := width; i < len(cells); i++ {
		if len(bytes.TrimSpace(cells[i])) > 0 {
			return true
		}
	}
	return false
}

// counter tells a column that counts the rows, from 0 or 1.
type counter struct {
	next   int64
	rows   int64
	broken bool
}

func (c *counter) add(cell []byte) {
	if c.broken {
		return
	}
	v, err := strconv.ParseInt(strings.TrimSuffix(string(bytes.TrimSpace(cell)), ".0"), 10, 64)
	if c.rows == 0 {
		c.next = v
	}
	c.broken = err != nil || v != c.next || c.rows == 0 && v > 1 || v < 0
	c.rows++
	c.next++
}

func (c *counter) counts() bool { return !c.broken && c.rows > 1 }

// Describe tells in words how the file is read. lang is zh or en.
func (in *Inspection) Describe(w io.Writer, lang string) {
	p := &printer{w: w, lang: lang}
	p.file(0, in.Name, &in.Info)
	for i, t := range in.Tables {
		p.line(1, "表 %d %s", "table %d %s", i+1, nameOf(t.Plan))
		if t.Unreadable != "" {
			p.line(2, "无法读取：%s", "cannot be read: %s", t.Unreadable)
			continue
		}
		p.plan(2, t.Plan)
		p.line(2, "%d 行，%d 列", "%d rows, %d columns", t.Rows, len(t.Columns))
		if t.Wider > 0 {
			p.line(2, "%d 行的单元格多于列数，首见于第 %d 行", "%d rows have more cells than there are columns, first on line %d", t.Wider, t.WiderLine)
		}
		for i := range t.Columns {
			p.column(&t.Columns[i])
		}
		p.skips(2, t.Skipped)
	}
}

func (p *printer) column(c *InspectedColumn) {
	if c.Header == "" {
		return
	}
	kind := string(c.Type)
	if c.Semantic != "" {
		kind += ", " + string(c.Semantic)
	}
	if c.Stored != "" {
		kind += ", " + c.Stored
	}
	if c.Index {
		kind = p.in("行号，不发布", "counts the rows, not published")
	}
	empty := int64(0)
	for _, n := range c.Nulls {
		empty += n
	}
	p.line(3, "%3d %s：%s；空值 %d，不同值 %d；%s", "%3d %s: %s; %d empty, %d distinct; %s", c.Column.Column, c.Header, kind, empty, c.Distinct, c.Why.In(p.lang))
}
