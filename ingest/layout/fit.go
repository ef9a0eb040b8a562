package layout

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"govdata/catalog"
)

// look notes what the first rows of the block look like.
func (b *Block) look() {
	counts := map[int]int{}
	for _, r := range b.sheet.ahead[:min(len(b.sheet.ahead), bodyRows)] {
		if r.count() > 1 {
			counts[len(r.cells)]++
		}
	}
	for n, times := range counts {
		if times > counts[b.usual] || times == counts[b.usual] && n < b.usual {
			b.usual = n
		}
	}
	grid := b.sheet.options.Grid
	odd := func(r *row) bool { return r.count() < 2 || !grid && len(r.cells) != b.usual }
	b.body = bodyOf(b.sheet.ahead, odd)
	// Rows that are blank at an end where most are not may have slipped: what
	// the columns hold is told from the others.
	mostly := func(j int) bool { return j >= 0 && j < len(b.body.columns) && b.body.columns[j].share >= 0.7 }
	first, last := mostly(0), mostly(b.width-1)
	if even := bodyOf(b.sheet.ahead, func(r *row) bool {
		return odd(r) || first && strings.TrimSpace(cellAt(r.cells, 0)) == "" || last && strings.TrimSpace(cellAt(r.cells, b.width-1)) == ""
	}); len(even.rows) > 1 {
		b.body = even
	}
	b.strong = -1
	for j := range b.body.columns {
		if p := &b.body.columns[j]; p.figures() && p.share > 0.9 && !p.mostly(year) && len(b.body.rows) > 1 && j < b.width {
			b.strong = j
			break
		}
	}
}

// fit counts a row that has not as many cells as there are columns, and tells
// whether it has slipped.
func (b *Block) fit(line int64, cells [][]byte) {
	b.slipped = false
	if b.plan.Beside > 1 || b.sheet.options.Headed {
		return
	}
	width := b.width
	switch n := len(cells); {
	case n > width && usedBytes(cells) > max(width, b.headerWidth):
		b.plan.Longer.add(line)
		return
	case n < width && !b.sheet.options.Grid:
		b.plan.Shorter.add(line)
	case n > 1 && n >= width && len(cells[width-1]) > 0 && len(cells[0]) > 0:
		return
	}
	if b.hasSlipped(cells) {
		b.slipped = true
		b.plan.Slipped.add(line)
	}
}

// Slipped reports whether the cells of the row that Next returned last look like
// those of the neighbouring columns: one was left out before them, or one too
// many stands there.
func (b *Block) Slipped() bool { return b.slipped }

func usedBytes(cells [][]byte) int {
	for i := len(cells); i > 0; i-- {
		if len(bytes.TrimSpace(cells[i-1])) > 0 {
			return i
		}
	}
	return 0
}

// hasSlipped tries to move the cells of a row by one, from some column on. The
// row has slipped where they do not look like their columns as they stand, and
// all do when they are moved.
func (b *Block) hasSlipped(cells [][]byte) bool {
	if len(b.body.rows) < 2 || b.width < 2 || len(b.body.columns) < 2 {
		return false
	}
	n := usedBytes(cells)
	kinds := make([]class, n)
	wrong := 0
	for i := range kinds {
		kinds[i] = classOf(string(cells[i]))
		if !b.suits(i, kinds[i]) {
			wrong++
		}
	}
	full := func(j int) bool { return j < len(b.body.columns) && b.body.columns[j].share >= 0.9 }
	if n > 0 && n < b.width && kinds[0] == nothing && full(0) && full(b.width-1) && b.suitMoved(kinds, 0, 1) {
		// The first cell and the last are blank, which always hold something.
		blanks := false
		for j := 1; j < b.width; j++ {
			blanks = blanks || full(j) && (j > n || kinds[j-1] == nothing)
		}
		return !blanks
	}
	if wrong == 0 {
		return false
	}
	// A cell was left out: those from p on belong one to the right.
	if n < b.width && full(b.width-1) {
		for p := range n {
			if b.suitMoved(kinds, p, 1) {
				return true
			}
		}
	}
	// One too many stands in front: those from p on belong one to the left.
	if n > 1 && kinds[0] == nothing && full(0) {
		return b.suitMoved(kinds, 1, -1)
	}
	return false
}

// suitMoved reports whether all cells suit their columns when those from p on
// are moved by d, and at least one of them says something.
func (b *Block) suitMoved(kinds []class, p, d int) bool {
	moved := 0
	for i, k := range kinds {
		at := i
		if i >= p {
			if at += d; k != nothing {
				moved++
			}
		}
		if !b.suits(at, k) {
			return false
		}
	}
	return moved > 0
}

func (b *Block) suits(j int, k class) bool {
	return k == nothing || j < len(b.body.columns) && b.body.columns[j].has(k)
}

func (b *Block) doubt(d Doubt) { b.plan.Doubts = append(b.plan.Doubts, d) }

// doubtAbove stops where rows above the header look like those below it.
func (b *Block) doubtAbove(above []*row) {
	var first, last int64
	rows := int64(0)
	all := bodyOf(b.sheet.ahead, nil)
	like := false
	for _, r := range above {
		if r.count() < 2 || r.isNote() {
			continue
		}
		like = like || all.filled(r.cells) >= 0.6 && all.fits(r) >= 0.7
		if rows++; rows == 1 {
			first = r.line
		}
		last = r.line
	}
	if !like && rows < 3 { // no more than a title's worth
		return
	}
	lines := catalog.Lines{First: first, Last: last}
	instead := ""
	if len(b.plan.Instead) > 0 {
		instead = fmt.Sprintf(", --header %s", strings.Join(b.plan.Instead, ", --header "))
	}
	b.doubt(Doubt{Line: first, To: last, Rows: rows,
		Found: catalog.Text{Zh: fmt.Sprintf("第 %s 行看似数据，却在第 %s 行的表头之上，将被略去", lines, b.headerLines()),
			En: fmt.Sprintf("line %s looks like data and would be left out above the header on line %s", lines, b.headerLines())},
		Do: catalog.Text{Zh: fmt.Sprintf("--header %s 略去这些行；其他选择：--header none%s", b.headerLines(), instead),
			En: fmt.Sprintf("--header %s leaves them out; other choices: --header none%s", b.headerLines(), instead)}})
}

// doubtWidth stops where nearly every row has more cells than the header names:
// nobody can tell which name is missing.
func (b *Block) doubtWidth() {
	s := b.sheet
	if s.options.Names != nil || s.options.Grid || s.options.Headed || b.stride > 0 || len(b.header) == 0 {
		return
	}
	names := 0
	for _, r := range b.header {
		names = max(names, len(r))
	}
	longer, rows := 0, 0
	var first, last int64
	for _, r := range s.ahead[:min(len(s.ahead), bodyRows)] {
		if r.count() < 2 {
			continue
		}
		rows++
		if used(r.cells) > names {
			if longer++; longer == 1 {
				first = r.line
			}
			last = r.line
		}
	}
	if longer < 2 || longer*10 < rows*8 {
		return
	}
	var known []string
	for _, c := range b.plan.Columns[:min(names, len(b.plan.Columns))] {
		known = append(known, c.Header)
	}
	columns := strings.Join(append(slices.Clone(known), "?"), ",")
	b.doubt(Doubt{Line: first, To: last, Rows: int64(longer),
		Found: catalog.Text{Zh: fmt.Sprintf("第 %s 行的表头有 %d 个列名，而其下各行的单元格更多", b.headerLines(), names),
			En: fmt.Sprintf("the header on line %s names %d columns, and the rows below have more cells", b.headerLines(), names)},
		Do: catalog.Text{Zh: fmt.Sprintf("--columns 列出全部列名，如 %s；--header %s 按原位读取，多出的列称为 column_N", columns, b.headerLines()),
			En: fmt.Sprintf("--columns names them all, as in %s; --header %s takes the names in their places and calls the others column_N", columns, b.headerLines())}})
}
