package decode

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
)

// Bounds of HTML pages, far from what a program exports.
const (
	maxHTMLTables = 1000 // that are told apart
	maxHTMLNested = 32   // tables within each other
	maxRowSpan    = 65534
	maxHTMLMerges = 10000
)

// htmlTable is what a first reading finds out about a table of a page.
type htmlTable struct {
	parent int // index of the table it stands in, -1: none
	name   string
	rows   int64
	filled int64 // rows with a text in them
	wide   int64 // rows with texts in two cells, those of tables in it left out
	merges []Range
}

// openHTML opens the tables of a page: what most programs that offer "Excel"
// files write. A table that holds others and no rows of its own is there for the
// look of the page, and those within it are the tables; a table within a cell of
// another is text of the cell.
func (s *Source) openHTML(c *content, t *text) error {
	all, hidden, err := surveyHTML(c.name, t, s.options.MaxCell)
	if err != nil {
		return err
	}
	var sheets []sheet
	for _, wide := range []bool{true, false} { // pages with tables of one column alone come last
		for i := range all {
			own := &all[i]
			if inner := within(all, i, func(p *htmlTable) bool { return holdsRows(p, wide) }); inner || !holdsRows(own, wide) {
				continue
			}
			name := own.name
			if name == "" {
				name = fmt.Sprintf("table %d", len(sheets)+1)
			}
			for n := 2; taken(sheets, name); n++ {
				name = fmt.Sprintf("%s (%d)", strings.TrimSuffix(name, fmt.Sprintf(" (%d)", n-1)), n)
			}
			sheets = append(sheets, sheet{name: name, rows: func() (sheetRows, error) { return newHTMLRows(c.name, t, s.options.MaxCell, i), nil },
				merges: func() ([]Range, error) { return own.merges, nil }})
		}
		if len(sheets) > 0 {
			break
		}
	}
	s.info.Format = "html"
	if len(sheets) == 0 {
		return refuse(c, "an HTML page without a table", "save the sheet itself as .xlsx or CSV; a page that only shows a workbook keeps its sheets in other files")
	}
	if hidden > 0 {
		s.info.Notes = append(s.info.Notes, fmt.Sprintf("%d texts in cells are not shown by the page, and left out", hidden))
	}
	if len(sheets) == 1 {
		if s.options.Sheet == sheets[0].name || s.options.Sheet == "" || s.named {
			sheets[0].name = s.member
			s.add(c, sheets[0])
			return nil
		}
	}
	return s.openSheets(c, sheets)
}

func holdsRows(t *htmlTable, wide bool) bool {
	return t.filled > 0 && (!wide || t.wide > 1 || t.wide == 1 && t.filled == 1)
}

// within reports whether a table stands in one for which f holds.
func within(all []htmlTable, i int, f func(*htmlTable) bool) bool {
	for p := all[i].parent; p >= 0; p = all[p].parent {
		if f(&all[p]) {
			return true
		}
	}
	return false
}

func taken(sheets []sheet, name string) bool {
	for _, s := range sheets {
		if s.name == name {
			return true
		}
	}
	return false
}

// surveyHTML reads a page to its end for its tables.
func surveyHTML(file string, t *text, maxCell int) (tables []htmlTable, hidden int, err error) {
	src := t.open(false)
	defer src.Close()
	w := newHTMLWalk(file, src, maxCell)
	for {
		row, err := w.next()
		if err == io.EOF {
			for i := range w.tables {
				for j := range w.tables[i].merges {
					m := &w.tables[i].merges[j]
					m.Row2 = min(m.Row2, int(w.tables[i].rows))
				}
			}
			return w.tables, w.hidden, nil
		} else if err != nil {
			return nil, 0, err
		}
		if row.table >= len(w.tables) {
			continue
		}
		known := &w.tables[row.table]
		known.rows = row.number
		texts := 0
		for _, cell := range row.cells {
			if cell.own {
				texts++
			}
			if cell.rows > 1 || cell.cols > 1 {
				if len(known.merges) < maxHTMLMerges {
					known.merges = append(known.merges, Range{int(row.number), cell.col + 1, int(row.number) + cell.rows - 1, cell.col + cell.cols})
				}
			}
		}
		if texts > 0 {
			known.filled++
		}
		if texts > 1 {
			known.wide++
		}
	}
}

// htmlRows are the rows of one table of a page.
type htmlRows struct {
	walk  *htmlWalk
	src   io.Closer
	table int
	cells [][]byte
}

func newHTMLRows(file string, t *text, maxCell, table int) *htmlRows {
	src := t.open(true)
	return &htmlRows{walk: newHTMLWalk(file, src, maxCell), src: src, table: table}
}

func (r *htmlRows) Read() int64  { return 0 } // the text tells
func (r *htmlRows) Close() error { return r.src.Close() }

func (r *htmlRows) Next() (int64, [][]byte, error) {
	for {
		row, err := r.walk.next()
		if err != nil {
			return 0, nil, err
		}
		if row.table != r.table {
			continue
		}
		r.cells = r.cells[:0]
		for _, cell := range row.cells {
			if len(cell.text) == 0 {
				continue
			}
			for len(r.cells) < cell.col {
				r.cells = append(r.cells, nil)
			}
			r.cells = append(r.cells, cell.text)
		}
		return row.number, r.cells, nil
	}
}

// htmlRow is a row of a table: its cells, and where those stand that spans from
// above and from the left have moved.
type htmlRow struct {
	table  int
	number int64
	cells  []htmlCell
}

type htmlCell struct {
	col        int // from 0
	rows, cols int
	text       []byte
	own        bool // there is a text beside that of tables within
}

// htmlWalk gives the rows of all tables of a page, each when it ends. Of a page
// that is not well-formed it makes what browsers make: a row ends where the next
// one begins, and so does a cell.
type htmlWalk struct {
	file    string
	z       *html.Tokenizer
	maxCell int
	tables  []htmlTable // of those that were met
	open    []openTable
	skip    string // the element whose text is none, until it ends
	nested  int    // elements of that name within it
	within  int    // tables within it
	hidden  int
	done    []htmlRow // that ended, and were not given
	line    int64
	fault   error
}

// openTable is a table that has not ended.
type openTable struct {
	index  int
	number int64
	row    []htmlCell
	inRow  bool
	cell   *htmlBuilder
	// covered are the columns that cells above reach into, with the rows that are left.
	covered []int
	col     int
}

// htmlBuilder is the text of a cell as a browser shows it: white space is one
// blank, and blocks begin on lines of their own.
type htmlBuilder struct {
	text       []byte
	rows, cols int
	blank      bool // one is due before the next text
	lines      int  // so many line ends are due
	number     string
	own        bool
	caption    bool
}

func newHTMLWalk(file string, r io.Reader, maxCell int) *htmlWalk {
	z := html.NewTokenizer(r)
	z.SetMaxBuf(maxCell + 64<<10)
	return &htmlWalk{file: file, z: z, maxCell: maxCell, line: 1}
}

func (w *htmlWalk) refuse(found, want string) error {
	return &Error{File: w.file, Line: w.line, Found: found, Want: want, Do: "save it as .xlsx or CSV", Err: ErrFormat}
}

// next returns the next row that ended; io.EOF behind the last one. Its cells are
// valid until the next call.
func (w *htmlWalk) next() (htmlRow, error) {
	for len(w.done) == 0 {
		kind := w.z.Next()
		w.line += int64(bytes.Count(w.z.Raw(), []byte{'\n'}))
		switch kind {
		case html.ErrorToken:
			switch err := w.z.Err(); {
			case errors.Is(err, html.ErrBufferExceeded):
				return htmlRow{}, w.refuse(fmt.Sprintf("a tag or a text of more than %d bytes", w.maxCell), "less")
			case err != io.EOF:
				return htmlRow{}, fmt.Errorf("decode %s: %w", w.file, err)
			}
			if len(w.open) == 0 {
				return htmlRow{}, io.EOF
			}
			w.endTable()
		case html.TextToken:
			if err := w.text(w.z.Text()); err != nil {
				return htmlRow{}, err
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			if err := w.start(kind == html.SelfClosingTagToken); err != nil {
				return htmlRow{}, err
			}
		case html.EndTagToken:
			name, _ := w.z.TagName()
			w.end(string(name))
		}
		if w.fault != nil {
			return htmlRow{}, w.fault
		}
	}
	row := w.done[0]
	w.done = w.done[1:]
	return row, nil
}

// unshown are the elements whose text no page shows; Office writes xml.
var unshown = map[string]bool{"script": true, "style": true, "title": true, "template": true, "noscript": true, "select": true, "xml": true}

// voids have no end tag.
var voids = map[string]bool{"br": true, "img": true, "input": true, "hr": true, "meta": true, "link": true, "col": true, "wbr": true, "area": true, "base": true, "embed": true, "source": true}

func (w *htmlWalk) start(closed bool) error {
	raw, more := w.z.TagName()
	name := string(raw)
	if w.skip != "" {
		switch {
		case name == w.skip && !closed:
			w.nested++
		case name == "table":
			w.within++
		}
		if w.within > 0 || name != "td" && name != "th" && name != "tr" {
			return nil
		}
		w.skip = "" // a cell ends whatever was left open in the one before it
	}
	var colspan, rowspan, number, style string
	for more {
		var key, value []byte
		key, value, more = w.z.TagAttr()
		switch string(key) {
		case "colspan":
			colspan = string(value)
		case "rowspan":
			rowspan = string(value)
		case "x:num":
			number = string(value)
		case "style":
			style = strings.ToLower(string(value))
		}
	}
	if unshown[name] && !closed {
		w.skip, w.nested, w.within = name, 1, 0
		return nil
	}
	t := w.top()
	switch name {
	case "table":
		if len(w.open) == maxHTMLNested {
			return w.refuse(fmt.Sprintf("more than %d tables within each other", maxHTMLNested), "fewer")
		}
		parent := -1
		if t != nil {
			parent = t.index
		}
		// One that is not counted has an index of its own all the same.
		index := len(w.tables)
		if index == maxHTMLTables {
			return w.refuse(fmt.Sprintf("more than %d tables on a page", maxHTMLTables), "fewer")
		}
		w.tables = append(w.tables, htmlTable{parent: parent})
		w.open = append(w.open, openTable{index: index})
		return nil
	}
	if t == nil {
		return nil
	}
	switch name {
	case "tr", "thead", "tbody", "tfoot":
		w.endRow(t)
		w.part(true)
		if name == "tr" {
			w.beginRow(t)
		} else {
			clear(t.covered) // a span ends with its group
		}
	case "td", "th", "caption":
		if name == "caption" {
			w.endRow(t)
		}
		w.endCell(t)
		w.part(false)
		if !t.inRow {
			w.beginRow(t)
		}
		t.cell = &htmlBuilder{rows: spanOf(rowspan, maxRowSpan), cols: spanOf(colspan, maxColumns), number: number, caption: name == "caption"}
	default:
		cell := t.cell
		if cell == nil {
			return nil
		}
		switch {
		case name == "br":
			cell.lines++
		case block(name):
			cell.lines = max(cell.lines, 1)
		case voids[name] || closed:
		case hides(style):
			w.skip, w.nested, w.within = name, 1, 0
			w.hidden++
		}
	}
	return nil
}

// part parts the texts of the cells of a table in the cell that it stands in.
func (w *htmlWalk) part(row bool) {
	for i := range w.open[:len(w.open)-1] {
		if cell := w.open[i].cell; cell != nil {
			if cell.blank = true; row {
				cell.lines = max(cell.lines, 1)
			}
		}
	}
}

// spanOf reads a number of rows or columns; what is none is 1.
func spanOf(s string, most int) int {
	n, err := strconv.Atoi(strings.TrimSpace(s))
	switch {
	case s == "" || err != nil || n < 0:
		return 1
	case n == 0 || n > most:
		return most
	}
	return n
}

func block(name string) bool {
	switch name {
	case "p", "div", "li", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "pre", "dt", "dd", "blockquote":
		return true
	}
	return false
}

func hides(style string) bool {
	return strings.Contains(strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, style), "display:none")
}

func (w *htmlWalk) end(name string) {
	if w.skip != "" {
		if name == w.skip {
			if w.nested--; w.nested == 0 {
				w.skip = ""
			}
		}
		inside := w.within > 0
		if name == "table" && inside {
			w.within--
		}
		if inside || name != "td" && name != "th" && name != "tr" && name != "table" {
			return
		}
		w.skip = ""
	}
	t := w.top()
	if t == nil {
		return
	}
	switch name {
	case "td", "th":
		w.endCell(t)
	case "caption", "tr", "thead", "tbody", "tfoot":
		w.endRow(t)
	case "table":
		w.endTable()
	default:
		if t.cell != nil && block(name) {
			t.cell.lines = max(t.cell.lines, 1)
		}
	}
}

func (w *htmlWalk) top() *openTable {
	if len(w.open) == 0 {
		return nil
	}
	return &w.open[len(w.open)-1]
}

func (w *htmlWalk) text(text []byte) error {
	if w.skip != "" {
		return nil
	}
	// The text of a table within a cell belongs to the cell, too.
	for i := len(w.open) - 1; i >= 0; i-- {
		cell := w.open[i].cell
		if cell == nil {
			continue
		}
		cell.write(text)
		if i == len(w.open)-1 && len(bytes.TrimFunc(text, blank)) > 0 {
			cell.own = true
		}
		if len(cell.text) > w.maxCell {
			return w.refuse(fmt.Sprintf("a cell of more than %d bytes", w.maxCell), "less")
		}
	}
	return nil
}

func blank(r rune) bool { return unicode.IsSpace(r) || r == '\u200b' || r == '\ufeff' }

// write adds a text: white space is one blank, and a blank that does not break
// (&nbsp;) is one of its own.
func (b *htmlBuilder) write(text []byte) {
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		switch r {
		case ' ', '\t', '\n', '\r', '\f':
			b.blank = true
		default:
			if len(b.text) > 0 {
				if b.lines > 0 {
					for range min(b.lines, 2) {
						b.text = append(b.text, '\n')
					}
				} else if b.blank {
					b.text = append(b.text, ' ')
				}
			}
			b.blank, b.lines = false, 0
			if r == '\u00a0' {
				b.text = append(b.text, ' ')
			} else {
				b.text = append(b.text, text[:n]...)
			}
		}
		text = text[n:]
	}
}

func (w *htmlWalk) beginRow(t *openTable) {
	t.number++
	t.inRow, t.col, t.row = true, 0, nil
}

// shortened is a number that a sheet shows with digits left out, or not at all.
var shortened = regexp.MustCompile(`^(-?[0-9](\.[0-9]+)?E[+-][0-9]+|#+)$`)

func (w *htmlWalk) endCell(t *openTable) {
	b := t.cell
	if b == nil {
		return
	}
	t.cell = nil
	for t.col < len(t.covered) && t.covered[t.col] > 0 {
		t.col++
	}
	if t.col+b.cols > maxColumns {
		if t.col >= maxColumns {
			w.fault = w.refuse(fmt.Sprintf("a row of more than %d cells", maxColumns), "fewer")
			return
		}
		b.cols = maxColumns - t.col
	}
	text := bytes.TrimFunc(b.text, blank)
	if b.number != "" && shortened.Match(text) {
		text = []byte(b.number)
	}
	if len(text) > 0 || b.rows > 1 || b.cols > 1 {
		t.row = append(t.row, htmlCell{col: t.col, rows: b.rows, cols: b.cols, text: text, own: b.own})
	}
	if b.caption && t.index < len(w.tables) && utf8.RuneCount(text) <= 80 {
		w.tables[t.index].name = string(text)
	}
	if b.rows > 1 {
		for len(t.covered) < t.col+b.cols {
			t.covered = append(t.covered, 0)
		}
		for i := t.col; i < t.col+b.cols; i++ {
			t.covered[i] = b.rows
		}
	}
	t.col += b.cols
}

func (w *htmlWalk) endRow(t *openTable) {
	if !t.inRow {
		return
	}
	w.endCell(t)
	for i := range t.covered {
		t.covered[i] = max(0, t.covered[i]-1)
	}
	for len(t.covered) > 0 && t.covered[len(t.covered)-1] == 0 {
		t.covered = t.covered[:len(t.covered)-1]
	}
	t.inRow = false
	w.done = append(w.done, htmlRow{table: t.index, number: t.number, cells: t.row})
	t.row = nil
}

func (w *htmlWalk) endTable() {
	t := w.top()
	w.endRow(t)
	w.open = w.open[:len(w.open)-1]
	if outer := w.top(); outer != nil && outer.cell != nil {
		outer.cell.lines = max(outer.cell.lines, 1)
	}
}
