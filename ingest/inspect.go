package ingest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
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
	// Decided says of each decision how sure it is and what else it could be.
	Decided []Decision `json:"decisions"`

	path   string
	layout catalog.Layout
}

// MarshalJSON implements json.Marshaler. Personal data in titles, headers and names
// of sheets is masked.
func (in *Inspection) MarshalJSON() ([]byte, error) {
	type plain Inspection
	data, err := json.Marshal((*plain)(in))
	if err != nil {
		return nil, err
	}
	return jsonText.ReplaceAllFunc(data, func(literal []byte) []byte {
		var text string
		if json.Unmarshal(literal, &text) != nil {
			return literal
		}
		hidden := hideText(text)
		if hidden == text {
			return literal
		}
		masked, _ := json.Marshal(hidden) // a text can always be encoded
		return masked
	}), nil
}

// jsonText matches a text in JSON.
var jsonText = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

// InspectedTable is one table of an inspected file.
type InspectedTable struct {
	*layout.Plan
	// Columns are those of the plan with what their values are.
	Columns []InspectedColumn `json:"columns"`
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
	// Damaged counts the long numbers that a spreadsheet had rounded.
	Damaged int64 `json:"damaged,omitempty"`
	// Personal is the personal data in it, on which add asks for a decision.
	Personal []infer.Personal `json:"personal,omitempty"`

	finding infer.Finding
	numbers int64 // cells that begin as numbers do
}

// Inspect reads a whole file, and publishes nothing. The file at path is
// called name in messages; tempDir takes what it unpacks to.
func Inspect(ctx context.Context, path, name string, l catalog.Layout, tempDir string) (*Inspection, error) {
	o := decodeOptions(l)
	o.TempDir = tempDir
	s, err := open(path, name, o)
	if err != nil {
		return nil, fmt.Errorf("inspect: %w", hideError(err))
	}
	defer s.Close()
	info := s.Info()
	in := &Inspection{Name: hideText(name), Tables: []*InspectedTable{}, path: path, layout: l}
	for _, t := range s.Tables() {
		if err := in.read(ctx, layout.Open(t, layoutOptions(name, l, &info))); err != nil {
			return nil, fmt.Errorf("inspect: %w", hideError(err))
		}
	}
	in.Info = s.Info()
	in.Decided = in.Decisions()
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
			in.Tables = append(in.Tables, &InspectedTable{Plan: &layout.Plan{Table: sheet.Name(), Header: []int64{}, Skipped: []layout.Skip{}}, Columns: []InspectedColumn{}, Unreadable: hideError(err).Error()})
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

// gathered are the columns of one table, or of several with the same ones.
type gathered struct {
	columns []*infer.Column
	index   []counter
	numbers []int64
}

func gather(plan *layout.Plan) *gathered {
	g := &gathered{index: make([]counter, len(plan.Columns)), numbers: make([]int64, len(plan.Columns))}
	for _, c := range plan.Columns {
		o := infer.Options{}
		if c.UnitAbove {
			o.Unit = unitLabel(c.Unit, c.Shift)
		}
		g.columns = append(g.columns, infer.New(c.Header, o))
	}
	return g
}

func (t *InspectedTable) read(ctx context.Context, block *layout.Block) error {
	g := gather(t.Plan)
	if err := g.read(ctx, block, nil); err != nil {
		return err
	}
	t.settle(g)
	return nil
}

// read adds the rows of a block. order says where its columns are among those
// that are gathered; nil: in the same places.
func (g *gathered) read(ctx context.Context, block *layout.Block, order []int) error {
	for n := 0; ; n++ {
		_, cells, err := block.Next()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
		if n%batchRows == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if wider(cells, block.Width()) || block.Slipped() { // ingest rejects it
			continue
		}
		for i, c := range g.columns {
			from := i
			if order != nil {
				from = order[i]
			}
			var cell []byte
			if from < len(cells) {
				cell = cells[from]
			}
			c.Add(cell)
			g.index[i].add(cell)
			if len(cell) > 0 && (cell[0] >= '0' && cell[0] <= '9' || cell[0] == '-' && len(cell) > 1) {
				g.numbers[i]++
			}
		}
	}
	return nil
}

// settle takes over what was found in the columns.
func (t *InspectedTable) settle(g *gathered) {
	t.Columns = g.found(t.Plan)
	t.settlePersonal()
	hideSkips(t.Skipped)
}

func (g *gathered) found(plan *layout.Plan) (columns []InspectedColumn) {
	for i, c := range g.columns {
		f := c.Finding()
		columns = append(columns, InspectedColumn{Column: plan.Columns[i], Type: f.Field.Type, Semantic: f.Field.Semantic, Stored: f.Field.Unit, Privacy: f.Field.Privacy,
			Why: f.Why, Cells: f.Cells, Nulls: f.Nulls, Distinct: f.Distinct, Min: f.Min, Max: f.Max, Examples: f.Examples, Damaged: f.Damaged, Index: plan.Columns[i].Unnamed && plan.Columns[i].Header == fmt.Sprintf("column_%d", plan.Columns[i].Column) && g.index[i].counts(), finding: f, numbers: g.numbers[i]})
	}
	return columns
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

// Describe tells in words how the file is read, what is left out or in doubt
// first. lang is zh or en.
func (in *Inspection) Describe(w io.Writer, lang string) {
	p := &printer{w: w, lang: lang}
	for i, t := range in.Tables {
		if t.Unreadable != "" {
			continue
		}
		for _, d := range t.Doubts {
			p.line(0, "待定（表 %d）：%s。%s", "to be decided (table %d): %s. %s", i+1, d.Found.In(lang), d.Do.In(lang))
		}
	}
	for i, t := range in.Tables {
		if t.Unreadable == "" {
			p.leftOut(0, t.Plan, p.in(fmt.Sprintf("表 %d：", i+1), fmt.Sprintf("table %d: ", i+1)))
		}
	}
	p.decisions(0, in.Decided)
	p.file(0, in.Name, &in.Info)
	for i, t := range in.Tables {
		p.line(1, "表 %d %s", "table %d %s", i+1, nameOf(t.Plan))
		if t.Unreadable != "" {
			p.line(2, "无法读取：%s", "cannot be read: %s", t.Unreadable)
			continue
		}
		p.plan(2, t.Plan)
		p.line(2, "%d 行，%d 列", "%d rows, %d columns", t.Rows, len(t.Columns))
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
	if c.Damaged > 0 {
		p.line(4, "%d 个长数字已被电子表格舍去尾数", "%d long numbers had lost digits in a spreadsheet", c.Damaged)
	}
}
