package ingest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"govdata/catalog"
	"govdata/ingest/decode"
	"govdata/ingest/layout"
	"govdata/ingest/normalise"
)

// Column is one column of a file and the field it was found to be.
type Column struct {
	// Column counts from 1.
	Column int    `json:"column"`
	Header string `json:"header"`
	// Field is empty where the definition knows no such column: its values
	// are archived and not published.
	Field string `json:"field,omitempty"`
	// Unit is the unit that values were sent in, where a header or a line
	// above it says so.
	Unit string `json:"unit,omitempty"`
	// Nearest are the titles that the definition does know and that resemble
	// this header.
	Nearest []string `json:"nearest,omitempty"`
	// Cells tells what became of the values; only for a column with a field.
	Cells *CellReport `json:"cells,omitempty"`

	index int // of the field, or -1
	shift int
	base  string // the unit without its magnitude
	above bool   // the unit stands above the table
}

// names maps every header text under which a field may come to the field.
type names map[string]named

// named is a field's index and, where an alias ends in a unit, as in
// CF_NR_FK（万元）, the power of ten that the header stands for without saying so.
type named struct{ field, shift int }

func namesOf(d *catalog.Dataset) names {
	n := names{}
	for i := range d.Fields {
		f := &d.Fields[i]
		for _, text := range append([]string{f.Name, f.Title.Zh, f.Title.En}, f.Aliases...) {
			if key := headerKey(text); key != "" {
				n[key], n[exact(text)] = named{field: i}, named{field: i}
			}
		}
		for _, alias := range f.Aliases {
			if title, unit, shift, ok := normalise.Unit(alias); ok && unit == f.Unit {
				if _, taken := n[headerKey(title)]; !taken {
					n[headerKey(title)] = named{i, shift}
				}
			}
		}
	}
	return n
}

// Field implements layout.Names.
func (n names) Field(header string) int {
	if f, ok := n.find(header); ok {
		return f.field
	}
	if title, _, _, ok := normalise.Unit(header); ok {
		if f, ok := n.find(title); ok {
			return f.field
		}
	}
	return -1
}

// find prefers the very text to one that means the same, as where a file has
// level and _level.
func (n names) find(header string) (named, bool) {
	if f, ok := n[exact(header)]; ok {
		return f, true
	}
	f, ok := n[headerKey(header)]
	return f, ok
}

func exact(header string) string { return "=" + strings.ToLower(normalise.Fold(header)) }

// headerKey is what two headers that mean the same column have in common:
// white space, marks of obligation and punctuation do not count.
func headerKey(s string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case ' ', '\t', '\n', '\r', '*', '★', '_', ':', '：', '"', '“', '”':
			return -1
		}
		return r
	}, strings.ToLower(normalise.Fold(s)))
}

// table is one table of one file, with what its columns were found to be.
type table struct {
	file  string // as the sender called it
	index int    // in Report.Files
	sheet *layout.Sheet
	block *layout.Block
	// columns are those of the block; source gives for every field of the
	// dataset its 0-based column, or -1.
	columns []Column
	source  []int
	// number counts the tables of an ingest from 0; rows are its data rows so far.
	number int
	rows   int64
	cells  []CellReport // by field
	guards []guard      // by field
	report *TableReport
}

// name is that of the sheet, and of the table on it where there are several.
func (t *table) name() string { return nameOf(t.block.Plan()) }

func nameOf(p *layout.Plan) string {
	if p.Block > 1 {
		return strings.TrimSpace(fmt.Sprintf("%s #%d", p.Table, p.Block))
	}
	return p.Table
}

// mapped says which column is which field.
func mapped(file string, sheet *layout.Sheet, block *layout.Block, d *catalog.Dataset, known names) (*table, error) {
	t := &table{file: file, sheet: sheet, block: block, source: make([]int, len(d.Fields)), cells: make([]CellReport, len(d.Fields))}
	for i := range t.source {
		t.source[i] = -1
	}
	plan := block.Plan()
	shared := layout.SharedOf(plan.Columns)
	for i := range plan.Columns {
		from := &plan.Columns[i]
		c := Column{Column: from.Column, Header: from.Header}
		field := c.find(from, shared, known, d)
		if c.index = field; field >= 0 {
			c.Field = d.Fields[field].Name
			if t.source[field] < 0 {
				t.source[field] = i
			}
		}
		t.columns = append(t.columns, c)
	}
	if err := t.complete(d); err != nil {
		return nil, err
	}
	t.guards = guardsOf(d, t)
	block.Require(t.required(d), t.keys(d))
	return t, nil
}

// find looks a column up by what its header reads, and takes the unit from there.
func (c *Column) find(from *layout.Column, shared layout.Shared, known names, d *catalog.Dataset) int {
	for _, text := range from.Readings(shared) {
		title, unit, shift, hasUnit := normalise.Unit(text)
		n, ok := known.find(text)
		if !ok && hasUnit {
			n, ok = known.find(title)
			n.shift = 0
		}
		if !ok {
			continue
		}
		f := &d.Fields[n.field]
		switch {
		case hasUnit && unitLabel(unit, shift) == f.Unit:
			c.Unit = f.Unit
		case hasUnit:
			c.Unit, c.shift, c.base = unitLabel(unit, shift), shift, unit
		case n.shift != 0:
			c.Unit, c.shift = unitLabel(f.Unit, n.shift), n.shift
		case from.UnitAbove && unitLabel(from.Unit, from.Shift) == f.Unit:
			c.Unit = f.Unit
		case from.UnitAbove && from.Unit == f.Unit:
			c.Unit, c.shift, c.above = unitLabel(from.Unit, from.Shift), from.Shift, true
		}
		return n.field
	}
	return -1
}

func (t *table) required(d *catalog.Dataset) []int {
	var cols []int
	for i := range d.Fields {
		if d.Fields[i].Required {
			cols = append(cols, t.source[i])
		}
	}
	return cols
}

func (t *table) keys(d *catalog.Dataset) []int {
	var cols []int
	for _, name := range d.Key {
		if col := t.source[fieldIndex(d, name)]; col >= 0 {
			cols = append(cols, col)
		}
	}
	return cols
}

func unitLabel(unit string, shift int) string {
	switch shift {
	case 3:
		return "千" + unit
	case 4:
		return "万" + unit
	case 6:
		return "百万" + unit
	case 8:
		return "亿" + unit
	}
	return unit
}

// complete checks that every required field has a column, and no field two.
func (t *table) complete(d *catalog.Dataset) error {
	var free []string
	plan := t.block.Plan()
	line := int64(0)
	if len(plan.Header) > 0 {
		line = plan.Header[0]
	}
	for i := range t.columns {
		c := &t.columns[i]
		if c.Field == "" && c.Header != "" {
			free = append(free, c.Header)
			if len(free)*len(d.Fields) < mostCompared {
				c.Nearest = nearest(c.Header, d)
			}
		}
		if c.Field == "" {
			continue
		}
		f := &d.Fields[c.index]
		if f.Unit != "" && c.base != "" && c.base != f.Unit {
			return &decode.Error{File: t.file, Line: line, Found: fmt.Sprintf("%scolumn %d (%q) in %s", in(plan.Table), i+1, c.Header, c.base),
				Want: fmt.Sprintf("%s in %s", fieldLabel(f), f.Unit), Do: "convert the column, or mend its header", Err: catalog.ErrInvalid}
		}
		if first := t.source[c.index]; first != i {
			return &decode.Error{
				File: t.file, Line: line,
				Found: fmt.Sprintf("%scolumns %d (%q) and %d (%q), which both mean %s", in(plan.Table), first+1, t.columns[first].Header, i+1, c.Header, fieldLabel(f)),
				Want:  "one column for each field", Do: "remove or rename one of them", Err: catalog.ErrInvalid,
			}
		}
	}
	var missing, hints []string
	for i := range d.Fields {
		f := &d.Fields[i]
		if !f.Required || t.source[i] >= 0 {
			continue
		}
		missing = append(missing, fieldLabel(f))
		for _, h := range free[:min(len(free), mostCompared/len(d.Fields)+1)] {
			if similar(h, f.Title.Zh) || similar(h, f.Title.En) || similar(h, f.Name) {
				hints = append(hints, fmt.Sprintf("is column %q meant as %s?", h, f.Title.Zh))
			}
		}
	}
	if len(missing) == 0 {
		return nil
	}
	do := "name these columns as in the definition"
	if len(hints) > 0 {
		do += " (" + strings.Join(hints, " ") + ")"
	}
	var headers []string
	for _, c := range t.columns {
		headers = append(headers, c.Header)
	}
	return &decode.Error{
		File: t.file, Line: line,
		Found: in(plan.Table) + "the columns " + layout.Quote(headers), Want: "also " + strings.Join(missing, ", "), Do: do, Err: catalog.ErrInvalid,
	}
}

func in(table string) string {
	if table == "" {
		return ""
	}
	return fmt.Sprintf("in %q ", table)
}

func fieldIndex(d *catalog.Dataset, name string) int {
	return slices.IndexFunc(d.Fields, func(f catalog.Field) bool { return f.Name == name })
}

func fieldLabel(f *catalog.Field) string { return fmt.Sprintf("%s (%s)", f.Title.Zh, f.Name) }

// noHeader says of a table in which no row names any field what was looked for.
func noHeader(err error, d *catalog.Dataset) error {
	e := (*decode.Error)(nil)
	if !errors.As(err, &e) || e.Want != "" {
		return err
	}
	var want []string
	for i := range d.Fields {
		if d.Fields[i].Required {
			want = append(want, fieldLabel(&d.Fields[i]))
		}
	}
	if len(want) == 0 {
		want = append(want, fieldLabel(&d.Fields[0]))
	}
	e.Want = "a header row with " + strings.Join(want, ", ")
	e.Do = fmt.Sprintf("check that the file is for %s, or name the columns as in its definition", d.ID)
	if errors.Is(e, decode.ErrEmpty) {
		e.Do = "send the file again"
	}
	return e
}

// mostCompared is how many pairs of an unknown header and a field are compared at
// most, to say which one may be meant.
const mostCompared = 200_000

// nearest returns the titles of fields that a header resembles.
func nearest(header string, d *catalog.Dataset) []string {
	var near []string
	for i := range d.Fields {
		f := &d.Fields[i]
		if similar(header, f.Title.Zh) || similar(header, f.Title.En) || similar(header, f.Name) {
			near = append(near, f.Title.Zh)
		}
	}
	return near
}

// similar reports whether at most a third of the longer text has to change.
func similar(a, b string) bool {
	a, b = headerKey(a), headerKey(b)
	if title, _, _, ok := normalise.Unit(a); ok {
		a = headerKey(title)
	}
	longest := max(utf8.RuneCountInString(a), utf8.RuneCountInString(b))
	return longest > 0 && a != "" && b != "" && distance([]rune(a), []rune(b))*3 <= longest
}

// distance is the Levenshtein distance.
func distance(a, b []rune) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j := range b {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
