// Package layout finds the table on a sheet: which rows are its header, which
// columns stand beside one another twice, where another table begins below,
// and which lines are titles, totals, footnotes or blanks and no data at all
// (DOMAIN.md, section 4). Everything that it leaves out is listed with its
// line and the reason.
package layout

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"govdata/catalog"
	"govdata/ingest/decode"
	"govdata/ingest/normalise"
)

const (
	// headRows is how far into a table the header is looked for.
	headRows = 100
	// maxHeight is the number of rows that a header may have, and mergedHeight
	// where merged cells say that they belong together.
	maxHeight, mergedHeight = 3, 8
)

// Names is what a reader knows of the columns that it looks for.
type Names interface {
	// Field returns the field that a header text names, or -1.
	Field(header string) int
}

// Options settle how tables are looked at.
type Options struct {
	// File is how messages call the file.
	File string
	// Layout is what somebody has settled beforehand.
	Layout catalog.Layout
	// Names, where set, decide which rows are the header: those that name the
	// most fields. Nil: it is found by its shape.
	Names Names
	// Headed says that the format names its columns in the first row, as JSON
	// and Parquet do.
	Headed bool
	// Found, where set, is how the first block was read before: its header stands
	// there, and the reasons are those.
	Found *Plan
	// Grid says that every cell has its place, as in a workbook: a row that ends
	// early has blank cells there. In delimited text it may lack one anywhere.
	Grid bool
}

// Column is a column as its header names it.
type Column struct {
	// Column counts from 1.
	Column int `json:"column"`
	// Header joins the header rows from top to bottom: 上级_下级.
	Header string `json:"header"`
	// Unnamed is true where the file has no header text, and Header is column_N.
	Unnamed bool `json:"unnamed,omitempty"`
	// Again is the header text of an earlier column that means the same; Header
	// has a number behind it then: a, a 2.
	Again string `json:"again,omitempty"`
	// Parts are the texts of the header rows, merged cells spread over what
	// they cover.
	Parts []string `json:"-"`
	// Unit is what the header, or else a line above the table, says of the
	// unit, without its magnitude; Shift is the power of ten of that.
	Unit  string `json:"unit,omitempty"`
	Shift int    `json:"shift,omitempty"`
	// UnitAbove is true for a unit that stands above the table.
	UnitAbove bool `json:"unit_above,omitempty"`
}

// Skip is a run of lines that are no data rows, and why.
type Skip struct {
	Table string `json:"table,omitempty"`
	Line  int64  `json:"line"`
	// To is the last line of the run.
	To int64 `json:"to"`
	// Why is one of Reasons.
	Why  string `json:"why"`
	Text string `json:"text,omitempty"`
}

// Reasons why a line is no data row.
var Reasons = map[string]catalog.Text{
	"above the header":   {Zh: "表头以上的内容", En: "above the header"},
	"blank":              {Zh: "空行", En: "blank"},
	"total":              {Zh: "合计行", En: "a total"},
	"footnote":           {Zh: "表注", En: "a footnote"},
	"note below":         {Zh: "表后的文字", En: "a note below the table"},
	"a quote left open":  {Zh: "引号未闭合，整行无法读取", En: "a quote that is never closed"},
	"header repeated":    {Zh: "重复的表头", En: "the header repeated"},
	"title repeated":     {Zh: "重复的标题", En: "the title repeated"},
	"left out as asked":  {Zh: "按设置略过", En: "left out as asked"},
	"of another table":   {Zh: "属于另一张表", En: "of another table"},
	"title of a section": {Zh: "分段标题", En: "the title of a section"},
}

// Doubt is a guess that leaves out or changes what may be data. Nothing is
// published until somebody decides.
type Doubt struct {
	// Line and To are the lines in question, Rows how many rows they hold.
	Line int64 `json:"line"`
	To   int64 `json:"to"`
	Rows int64 `json:"rows"`
	// Found says what is in doubt, Do which flags decide.
	Found catalog.Text `json:"found"`
	Do    catalog.Text `json:"do"`
}

// Uneven counts rows that have not as many cells as the header names.
type Uneven struct {
	Rows int64 `json:"rows"`
	// Line is that of the first.
	Line int64 `json:"line"`
}

func (u *Uneven) add(line int64) {
	if u.Rows++; u.Rows == 1 {
		u.Line = line
	}
}

// Plan says how one table of a file is read.
type Plan struct {
	Table string `json:"table,omitempty"`
	// Block counts the tables of a sheet from 1, from top to bottom.
	Block int `json:"block"`
	// Header are the lines of the header rows; none where the file names no columns.
	Header []int64 `json:"header_lines"`
	// Evidence says in one sentence why this is the header.
	Evidence catalog.Text `json:"evidence"`
	Columns  []Column     `json:"columns"`
	// Beside is how often the columns stand side by side, 1 for a plain table.
	Beside int `json:"beside"`
	// Above are the texts over the header, such as a title or 单位：万元.
	Above []string `json:"above,omitempty"`
	// Skipped and Rows are complete when the block has been read.
	Skipped []Skip `json:"skipped"`
	Rows    int64  `json:"rows"`
	// Sure is how sure the choice of the header is, from 0 to 1; Instead are the
	// other ones that it could be, as --header takes them, the likeliest first.
	Sure    float64  `json:"sure"`
	Instead []string `json:"instead,omitempty"`
	// Doubts are what has to be decided before anything is published.
	Doubts []Doubt `json:"doubts,omitempty"`
	// Sections are the headings under which the table goes on below, each with
	// the header again.
	Sections []string `json:"sections,omitempty"`
	// Longer rows have more cells than there are columns. Shorter ones have
	// fewer, in text. Slipped ones are short or blank at an end, and their cells
	// look like those of the neighbouring columns: they are no rows to publish.
	Longer  Uneven `json:"longer,omitzero"`
	Shorter Uneven `json:"shorter,omitzero"`
	Slipped Uneven `json:"slipped,omitzero"`
}

// Sheet is a table of a file as a sequence of blocks, each with a header of
// its own.
type Sheet struct {
	options Options
	table   decode.Table
	merges  []decode.Range
	ahead   []*row         // read, and not yet given
	ended   error          // io.EOF or what broke the reading
	faults  map[int64]bool // lines that cannot be read
	current *Block
	blocks  int
	known   *memory
}

// Open looks at a table. It reads nothing yet.
func Open(t decode.Table, o Options) *Sheet { return &Sheet{options: o, table: t} }

// Name is the name of the sheet.
func (s *Sheet) Name() string { return s.table.Name() }

// Next returns the next block, reading the one before to its end. It returns
// io.EOF behind the last one, and a *decode.Error where the first has no
// header that can be told.
func (s *Sheet) Next() (*Block, error) {
	if s.blocks == 0 {
		s.merges = s.table.Merges()
	} else if err := s.current.Drain(); err != nil {
		return nil, err
	}
	first := s.blocks == 0
	if err := s.peek(headRows); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if !first && !slices.ContainsFunc(s.ahead, func(r *row) bool { return r.count() > 0 }) {
		return nil, io.EOF
	}
	h, err := s.find()
	if err != nil && !first {
		return nil, s.rest()
	} else if err != nil {
		return nil, err
	}
	s.blocks++
	s.current = s.block(s.nameBlanks(h))
	return s.current, nil
}

// Count reads a sheet in which no header was found to its end, and returns how
// many of its rows have more than one cell.
func (s *Sheet) Count() (rows int64, err error) {
	for {
		if err := s.peek(1); errors.Is(err, io.EOF) && len(s.ahead) == 0 {
			return rows, nil
		} else if err != nil && !errors.Is(err, io.EOF) {
			return rows, err
		}
		if s.ahead[0].count() > 1 {
			rows++
		}
		s.ahead = s.ahead[1:]
	}
}

// rest reads what stands below the last block and is no table that can be
// told, and notes it there.
func (s *Sheet) rest() error {
	skip := Skip{Table: s.table.Name(), Why: "of another table"}
	full := int64(0)
	for {
		line, cells, err := s.current.raw()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
		if skip.Line == 0 {
			skip.Line, skip.Text = line, brief(texts(cells))
		}
		if _, filled := firstCell(cells); filled > 1 {
			full++
		}
		skip.To = line
	}
	if skip.Line > 0 {
		s.current.plan.Skipped = append(s.current.plan.Skipped, skip)
	}
	if full > 0 {
		lines := catalog.Lines{First: skip.Line, Last: skip.To}
		s.current.doubt(Doubt{Line: skip.Line, To: skip.To, Rows: full,
			Found: catalog.Text{Zh: "表下方还有看似数据的行，无法辨认其表头", En: "below the table there are rows that look like data under no header that can be told"},
			Do:    catalog.Text{Zh: fmt.Sprintf("--skip %s 略去这些行；或在文件中为其加上表头", lines), En: fmt.Sprintf("--skip %s leaves them out; or give them a header in the file", lines)}})
	}
	return io.EOF
}

// note keeps which lines cannot be read as they were meant.
func (s *Sheet) note(r decode.Row) {
	if r.Fault == "" {
		return
	}
	if s.faults == nil {
		s.faults = map[int64]bool{}
	}
	s.faults[r.Line] = true
}

// peek reads ahead to n rows.
func (s *Sheet) peek(n int) error {
	for len(s.ahead) < n && s.ended == nil {
		r, err := s.table.Next()
		if err != nil {
			s.ended = err
			break
		}
		ahead := &row{line: r.Line, cells: texts(r.Cells)}
		if n := lastText(ahead.cells); n > catalog.MaxFields {
			s.ended = &decode.Error{File: s.options.File, Line: r.Line, Found: fmt.Sprintf("a row of %d cells", n),
				Want: fmt.Sprintf("at most %d, which is how many columns a table may have", catalog.MaxFields), Do: "divide the table, or turn its columns into rows", Err: catalog.ErrInvalid}
			break
		}
		s.note(r)
		ahead.seen = s.options.Layout.Skips(r.Line) || s.faults[r.Line] // it counts as blank
		s.ahead = append(s.ahead, ahead)
	}
	if len(s.ahead) < n {
		return s.ended
	}
	return nil
}

// block sets up reading under a header.
func (s *Sheet) block(h header) *Block {
	p := &Plan{Table: s.table.Name(), Block: s.blocks, Header: []int64{}, Evidence: h.evidence, Beside: 1, Skipped: []Skip{}, Sure: h.sure, Instead: h.instead}
	b := &Block{sheet: s, plan: p, origin: -1}
	for _, r := range s.ahead[:h.start] {
		b.above = append(b.above, r.cells)
		b.skip(r.line, "above the header", r.cells)
		if text := strings.Join(distinct(r.cells), " "); text != "" {
			p.Above = append(p.Above, text)
		}
		if texts := distinct(trimmed(r.cells)); len(texts) == 1 && !isUnitText(texts[0]) {
			b.section = texts[0]
		}
	}
	for _, r := range s.ahead[h.start : h.start+h.height] {
		b.header = append(b.header, r.cells)
		p.Header = append(p.Header, r.line)
		b.headerWidth = max(b.headerWidth, len(r.cells))
		b.last = r.line
	}
	above := s.ahead[:h.start]
	s.ahead = s.ahead[h.start+h.height:]
	p.Columns = h.columns
	if h.groups > 1 {
		p.Beside, b.stride = h.groups, h.stride
	}
	b.width = len(p.Columns)
	b.look()
	if !h.settled {
		b.doubtAbove(above)
		b.doubtWidth()
	}
	b.inheritUnit()
	if name := s.options.Layout.Origin; name != "" {
		b.origin = b.Width()
		for len(p.Columns) < b.origin {
			p.Columns = append(p.Columns, Column{Column: len(p.Columns) + 1})
		}
		p.Columns = append(p.Columns, Column{Column: b.origin + 1, Header: name, Parts: []string{name}})
	}
	b.enter(b.section)
	return b
}

// inheritUnit applies a line such as 单位：万元 or 指标：地区生产总值(亿元) above
// the header to the columns whose own header names no unit.
func (b *Block) inheritUnit() {
	for _, cells := range b.above {
		for i, cell := range cells {
			if strings.TrimSpace(cell) == "" {
				continue
			}
			if !strings.Contains(cell, "单位") && !strings.Contains(cell, "單位") && !strings.Contains(cell, "指标") && !strings.Contains(cell, "指標") {
				if isUnitText(cell) && (&row{cells: cells}).isNote() { // （万元） beside the title
					_, unit, shift, ok := normalise.Unit("单位：" + strings.Trim(strings.TrimSpace(cell), "()（）[]【】"))
					b.unitOfAll(unit, shift, ok)
				}
				continue
			}
			_, unit, shift, ok := normalise.Unit(cell)
			for _, next := range cells[i+1:] { // 单位 in a cell of its own
				if !ok && strings.TrimSpace(next) != "" {
					_, unit, shift, ok = normalise.Unit("单位：" + next)
					break
				}
			}
			b.unitOfAll(unit, shift, ok)
		}
	}
	// 单位万人 over the names of the rows is the unit of the other columns.
	if c := b.plan.Columns; len(c) > 1 && c[0].Unit == "" {
		for _, label := range []string{"单位", "單位"} {
			if rest, is := strings.CutPrefix(c[0].Header, label); is && strings.Trim(rest, ":： ") != "" {
				_, unit, shift, ok := normalise.Unit("单位：" + strings.Trim(rest, ":： ()（）"))
				b.unitOfAll(unit, shift, ok)
				c[0].Unit, c[0].Shift, c[0].UnitAbove = "", 0, false
			}
		}
	} else if len(c) > 1 && (strings.HasPrefix(c[0].Header, "单位") || strings.HasPrefix(c[0].Header, "單位")) {
		unit, shift := c[0].Unit, c[0].Shift
		c[0].Unit, c[0].Shift = "", 0
		b.unitOfAll(unit, shift, true)
		c[0].Unit, c[0].Shift, c[0].UnitAbove = "", 0, false
	}
}

// unitOfAll gives the columns whose own header names no unit one that stands
// elsewhere.
func (b *Block) unitOfAll(unit string, shift int, ok bool) {
	for i := range b.plan.Columns {
		if c := &b.plan.Columns[i]; ok && c.Unit == "" {
			c.Unit, c.Shift, c.UnitAbove = unit, shift, true
		}
	}
}

// distinct drops blanks and repetitions, as vertically merged cells leave them.
func distinct(parts []string) []string {
	return slices.Compact(slices.DeleteFunc(slices.Clone(parts), func(s string) bool { return s == "" }))
}

// Joined is the header of a column over several rows: 上级_下级, and a unit
// that stands in a row of its own behind the words.
func joined(parts []string) string {
	var b strings.Builder
	for i, part := range distinct(parts) {
		if i > 0 && !strings.HasPrefix(part, "(") && !strings.HasPrefix(part, "（") {
			b.WriteByte('_')
		} else if i > 0 && part[0] == '(' {
			b.WriteByte(' ')
		}
		b.WriteString(part)
	}
	return b.String()
}

// Shared counts the columns that have a heading in a row of the header: those
// of more than one name none of them.
type Shared map[heading]int

type heading struct {
	row  int
	text string
}

// SharedOf counts the headings of columns.
func SharedOf(columns []Column) Shared {
	s := Shared{}
	for i := range columns {
		for row, text := range columns[i].Parts {
			s[heading{row, text}]++
		}
	}
	return s
}

// Readings are the texts by which the column may be known, the fullest first.
// A heading over several columns names none of them.
func (c *Column) Readings(shared Shared) []string {
	own := distinct(c.Parts)
	var texts []string
	if c.Again != "" {
		texts = append(texts, c.Header)
	}
	for i := range own {
		texts = append(texts, strings.Join(own[i:], "_"))
	}
	for row, text := range c.Parts {
		if text != "" && shared[heading{row, text}] < 2 {
			texts = append(texts, text)
		}
	}
	return texts
}

// refuse is the error for a table without a header that can be told.
func (s *Sheet) refuse(found, want, do string, line int64) error {
	if name := s.table.Name(); name != "" {
		found = fmt.Sprintf("in %q %s", name, found)
	}
	e := &decode.Error{File: s.options.File, Line: line, Found: found, Want: want, Do: do, Err: catalog.ErrInvalid}
	if len(s.ahead) == 0 {
		e.Err = decode.ErrEmpty
	}
	return e
}

// Quote lists texts for a message.
func Quote(texts []string) string {
	const most = 12
	more := ""
	if len(texts) > most {
		more = fmt.Sprintf(" and %d more", len(texts)-most)
		texts = texts[:most]
	}
	quoted := make([]string, len(texts))
	for i, t := range texts {
		quoted[i] = fmt.Sprintf("%.40q", t)
	}
	return strings.Join(quoted, ", ") + more
}

// brief shortens a line for a report.
func brief(cells []string) string {
	var parts []string
	for _, c := range cells {
		if c = strings.Join(strings.Fields(c), " "); c != "" {
			parts = append(parts, c)
		}
	}
	text := strings.Join(slices.Compact(parts), " ")
	if utf8.RuneCountInString(text) > 120 {
		text = string([]rune(text)[:120]) + "…"
	}
	return text
}
