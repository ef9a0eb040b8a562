package layout

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"govdata/catalog"
	"govdata/ingest/normalise"
)

// class is what a cell looks like. It tells headers from data, and columns from
// their neighbours; types are package infer's business.
type class uint8

const (
	nothing class = iota // no text, or a mark for no value
	number
	year
	date // a day, a month or a time
	flag // true, false, 是, 否
	code // ASCII without blanks, with a digit in it
	latin
	word // anything else
	classes
)

// figure reports whether a cell is a number, a year or a date.
func (c class) figure() bool { return c == number || c == year || c == date }

var (
	numberPattern = regexp.MustCompile(`^[<>≤≥]?[-+(]?[$¥￥€£]?[0-9][0-9,. ]*([eE][-+]?[0-9]+)?[%‰]?\)?$`)
	datePattern   = regexp.MustCompile(`^[0-9]{4}[-/.年][0-9]{1,2}([-/.月][0-9]{1,2}日?)?([T ][0-9:.]+Z?)?$|^[0-9]{4}年[0-9]{1,2}月$|` +
		`^[0-9]{1,2}[-/.]([0-9]{1,2}|[A-Za-z]{3})[-/.][0-9]{2,4}( [0-9:]+( [AP]M)?)?$`)
	yearPattern = regexp.MustCompile(`^(1[6-9]|20|21)[0-9]{2}(\.0)?(年度?|年份)?$`)
)

var nullMarks = func() map[string]bool {
	marks := map[string]bool{"": true, `\N`: true, "..": true, "...": true, "…": true}
	for _, m := range catalog.DefaultNullMarks {
		marks[m] = true
	}
	return marks
}()

var flags = func() map[string]bool {
	all := map[string]bool{}
	for _, f := range strings.Fields("true false TRUE FALSE True False 是 否 Y N y n yes no Yes No YES NO √ ×") {
		all[f] = true
	}
	return all
}()

// classOf looks at one cell.
func classOf(cell string) class {
	cell = strings.TrimSpace(cell)
	if nullMarks[cell] {
		return nothing
	}
	c := cell[0]
	if c >= utf8.RuneSelf {
		if c != 0xEF && c != 0xC2 && c != 0xE2 { // full-width digits, £, ¥, €, ≤
			if flags[cell] {
				return flag
			}
			return word
		}
		if cell = normalise.Fold(cell); cell == "" {
			return nothing
		}
		c = cell[0]
	}
	if c >= '0' && c <= '9' || strings.IndexByte("<>-+($.", c) >= 0 || c >= utf8.RuneSelf {
		switch {
		case len(cell) > 64:
		case yearPattern.MatchString(cell):
			return year
		case numberPattern.MatchString(cell), c == '.' && len(cell) > 1 && numberPattern.MatchString("0"+cell):
			return number
		case datePattern.MatchString(cell):
			return date
		}
	}
	if flags[cell] {
		return flag
	}
	digit, blank := false, false
	for i := range len(cell) {
		switch c := cell[i]; {
		case c >= utf8.RuneSelf:
			return word
		case c >= '0' && c <= '9':
			digit = true
		case c <= ' ':
			blank = true
		}
	}
	if digit && !blank && len(cell) <= 40 {
		return code
	}
	return latin
}

// row is a copy of a decoded row.
type row struct {
	line  int64
	cells []string
	// kinds are the classes of the cells, filled how many hold a text; seen
	// tells that both are set.
	kinds  []class
	filled int
	seen   bool
}

func (r *row) look() {
	if r.seen {
		return
	}
	r.seen = true
	r.kinds = make([]class, len(r.cells))
	for i, c := range r.cells {
		r.kinds[i] = classOf(c)
		if strings.TrimSpace(c) != "" {
			r.filled++
		}
	}
}

// kind is the class of a cell, also where the row has none.
func (r *row) kind(i int) class {
	r.look()
	if i < len(r.kinds) {
		return r.kinds[i]
	}
	return nothing
}

func (r *row) count() int {
	r.look()
	return r.filled
}

func blank(cells []string) bool {
	return !slices.ContainsFunc(cells, func(c string) bool { return strings.TrimSpace(c) != "" })
}

func cellAt(cells []string, i int) string {
	if i < len(cells) {
		return cells[i]
	}
	return ""
}

// used is the number of cells up to the last that holds anything.
func used(cells []string) int {
	for i := len(cells); i > 0; i-- {
		if strings.TrimSpace(cells[i-1]) != "" {
			return i
		}
	}
	return 0
}

func count(cells []string) int {
	n := 0
	for _, c := range cells {
		if strings.TrimSpace(c) != "" {
			n++
		}
	}
	return n
}

// labelled is a text that says of itself what it is: 填报单位：某局.
var labelled = regexp.MustCompile(`^[^:：]{1,16}[:：]`)

// unitWord stands before a unit in a cell of its own.
var unitWord = map[string]bool{"单位": true, "單位": true, "计量单位": true, "計量單位": true, "金额单位": true, "金額單位": true}

// isNote reports whether a row is a line about the table and no row of it: one
// text, or texts that each say what they are, or a label and its value.
func (r *row) isNote() bool {
	texts := distinct(trimmed(r.cells))
	if len(texts) < 2 {
		return true
	}
	labels := 0
	for i, t := range texts {
		if i > labels+1 {
			return false // more than one text that says nothing of itself
		}
		switch {
		case labelled.MatchString(t) || isUnitText(t) || unitWord[t]:
			labels++
		case i > 0 && strings.HasSuffix(strings.TrimSpace(texts[i-1]), "：") || i > 0 && strings.HasSuffix(strings.TrimSpace(texts[i-1]), ":"):
			labels++ // the value of the label before it
		}
	}
	return labels >= len(texts)-1 && labels > 0
}

// body is what the columns look like from one of the rows ahead on.
type body struct {
	rows    []*row
	columns []profile
	// weight sums the shares of the columns.
	weight float64
}

// profile is what the cells of one column look like.
type profile struct {
	counts [classes]int
	filled int
	share  float64 // of the rows that hold a text there
}

func (p *profile) valued() int { return p.filled - p.counts[nothing] }

// figures reports whether a column is mostly numbers or dates.
func (p *profile) figures() bool {
	n := p.counts[number] + p.counts[year] + p.counts[date]
	return n > 0 && n*10 >= p.valued()*7
}

// mostly reports whether nearly all values are of a class.
func (p *profile) mostly(c class) bool { return p.counts[c] > 0 && p.counts[c]*10 >= p.valued()*9 }

// has reports whether a column has cells such as one of class c.
func (p *profile) has(c class) bool {
	if c == nothing {
		return true
	}
	n := p.counts[c]
	if c == number || c == year { // a number of four digits may look like a year
		n = p.counts[number] + p.counts[year]
	}
	return n*10 >= p.valued()
}

const bodyRows = 50

// bodyOf looks at rows, without those that leave says no to.
func bodyOf(rows []*row, leave func(*row) bool) *body {
	b := &body{}
	for _, r := range rows {
		if len(b.rows) == bodyRows {
			break
		}
		if r.count() == 0 || leave != nil && leave(r) {
			continue
		}
		b.rows = append(b.rows, r)
		for len(b.columns) < used(r.cells) {
			b.columns = append(b.columns, profile{})
		}
		for j := range min(len(b.columns), len(r.cells)) {
			if strings.TrimSpace(r.cells[j]) != "" {
				b.columns[j].counts[r.kind(j)]++
				b.columns[j].filled++
			}
		}
	}
	for j := range b.columns {
		c := &b.columns[j]
		c.share = float64(c.filled) / float64(max(1, len(b.rows)))
		b.weight += c.share
	}
	return b
}

// filled is the share of the body's columns that a row of texts has something
// in; columns count by how many rows fill them.
func (b *body) filled(texts []string) float64 {
	sum := 0.0
	for j := range b.columns {
		if strings.TrimSpace(cellAt(texts, j)) != "" {
			sum += b.columns[j].share
		}
	}
	return sum / max(b.weight, 1e-9)
}

// like is the share of the columns of numbers in which a row has one, or 1
// where there are none.
func (b *body) like(r *row) float64 {
	all, same := 0, 0
	for j := range b.columns {
		if !b.columns[j].figures() {
			continue
		}
		switch k := r.kind(j); {
		case k.figure():
			same++
			all++
		case k != nothing:
			all++
		}
	}
	if all == 0 {
		return 1
	}
	return float64(same) / float64(all)
}

// fits is the share of a row's cells that look like their columns, from 0 to 1.
func (b *body) fits(r *row) float64 {
	all, same := 0, 0
	for j := range r.cells {
		k := r.kind(j)
		if k == nothing {
			continue
		}
		all++
		if j < len(b.columns) && b.columns[j].has(k) {
			same++
		}
	}
	return float64(same) / float64(max(1, all))
}

// holdsBefore reports whether a text stands in a column of the body above a line.
func (b *body) holdsBefore(line int64, j int, text string) bool {
	return slices.ContainsFunc(b.rows, func(r *row) bool { return r.line < line && strings.TrimSpace(cellAt(r.cells, j)) == text })
}

// holds reports whether a text stands in a column of the body.
func (b *body) holds(j int, text string) bool {
	return slices.ContainsFunc(b.rows, func(r *row) bool { return strings.TrimSpace(cellAt(r.cells, j)) == text })
}
