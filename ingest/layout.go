package ingest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"govdata/catalog"
	"govdata/ingest/decode"
	"govdata/ingest/normalise"
)

const (
	// headRows is how far into a table the header is looked for.
	headRows = 60
	// maxHeight is the number of rows that a header may have.
	maxHeight = 3
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
	// Nearest are the headers that the definition does know and that resemble
	// this one.
	Nearest []string `json:"nearest,omitempty"`

	shift int
	base  string // the unit without its magnitude
}

// Skip is a run of lines that are no data rows, and why.
type Skip struct {
	Table string `json:"table,omitempty"`
	Line  int64  `json:"line"`
	// To is the last line of the run.
	To   int64  `json:"to"`
	Why  string `json:"why"`
	Text string `json:"text,omitempty"`
}

// layout says where the data of a table stands.
type layout struct {
	columns []Column
	// source gives for every field of the dataset its 0-based column, or -1.
	source []int
	// keys are the columns of the key.
	keys []int
	// header are the header rows as sent, to know them again at a page break.
	header [][]string
	// above are the rows over the header.
	above [][]string
	lines []int64
	skips []Skip
	// ahead are the rows that were read in looking for the header and come after it.
	ahead []bufferedRow
	width int
}

type bufferedRow struct {
	line  int64
	cells []string
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
				n[key] = named{field: i}
			}
		}
		for _, alias := range f.Aliases {
			if title, unit, shift, ok := normalise.Unit(alias); ok && unit == f.Unit {
				n[headerKey(title)] = named{i, shift}
			}
		}
	}
	return n
}

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

// detect finds the header of a table: the one to three rows among the first
// that name most fields of the dataset. Merged cells, or blank cells to the
// right of a heading, join as 上级_下级.
func detect(file string, t decode.Table, d *catalog.Dataset) (*layout, error) {
	var rows []bufferedRow
	for len(rows) < headRows {
		r, err := t.Next()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		rows = append(rows, buffer(r))
	}
	merges := t.Merges()
	known := namesOf(d)
	var best *layout
	bestScore, bestStart, bestHeight := 0, 0, 0 // of equal ones the lowest: a title above is no part of the header
	for start := range rows {
		for height := 1; height <= maxHeight && start+height <= len(rows); height++ {
			if blank(rows[start].cells) || height < spanning(rows[start:], merges) {
				continue
			}
			l, score := match(rows[start:start+height], merges, known, d)
			if score > bestScore || score == bestScore && height < bestHeight {
				best, bestScore, bestStart, bestHeight = l, score, start, height
			}
		}
	}
	if best == nil {
		return nil, noHeader(file, t.Name(), rows, d)
	}
	for bestStart+bestHeight < len(rows) && best.isEdition(rows[bestStart+bestHeight].cells, known, d) {
		bestHeight++
	}
	for _, r := range rows[:bestStart] {
		best.above = append(best.above, r.cells)
		best.skip(t.Name(), r.line, "above the header", r.cells)
	}
	for _, r := range rows[bestStart : bestStart+bestHeight] {
		best.header = append(best.header, r.cells)
		best.lines = append(best.lines, r.line)
		best.width = max(best.width, len(r.cells))
	}
	best.ahead = rows[bestStart+bestHeight:]
	best.inheritUnit(d)
	for _, name := range d.Key {
		if col := best.source[fieldIndex(d, name)]; col >= 0 {
			best.keys = append(best.keys, col)
		}
	}
	if err := best.complete(file, t.Name(), d); err != nil {
		return nil, err
	}
	return best, nil
}

func buffer(r decode.Row) bufferedRow {
	b := bufferedRow{line: r.Line, cells: make([]string, len(r.Cells))}
	for i, c := range r.Cells {
		b.cells[i] = string(c)
	}
	return b
}

func blank(cells []string) bool {
	return !slices.ContainsFunc(cells, func(c string) bool { return strings.TrimSpace(c) != "" })
}

// spanning returns how many rows the merged cells that begin in the first row cover.
func spanning(rows []bufferedRow, merges []decode.Range) int {
	n := 1
	for _, m := range merges {
		if int64(m.Row) == rows[0].line && m.Row2-m.Row < maxHeight {
			n = max(n, m.Row2-m.Row+1)
		}
	}
	return n
}

// match maps the columns under these header rows. The score counts the fields
// found, less those found twice.
func match(rows []bufferedRow, merges []decode.Range, known names, d *catalog.Dataset) (*layout, int) {
	parts := fill(rows, merges)
	l := &layout{source: make([]int, len(d.Fields))}
	for i := range l.source {
		l.source[i] = -1
	}
	score := 0
	for col := range parts {
		c := Column{Column: col + 1, Header: strings.Join(distinct(parts[col]), "_")}
		field := -1
		for _, text := range readings(parts, col) {
			if n, ok := known[headerKey(text)]; ok {
				field = n.field
				if n.shift != 0 {
					c.Unit, c.shift = unitLabel(d.Fields[field].Unit, n.shift), n.shift
				}
				if _, unit, shift, found := normalise.Unit(text); found {
					c.Unit, c.shift, c.base = unitLabel(unit, shift), shift, unit
				}
				break
			}
			title, unit, shift, ok := normalise.Unit(text)
			if !ok {
				continue
			}
			if n, found := known[headerKey(title)]; found {
				field, c.Unit, c.shift, c.base = n.field, unitLabel(unit, shift), shift, unit
				break
			}
		}
		if field >= 0 {
			c.Field = d.Fields[field].Name
			if l.source[field] < 0 {
				l.source[field] = col
				score += 2
			} else {
				score--
			}
		}
		l.columns = append(l.columns, c)
	}
	return l, score
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

// fill returns for every column its header texts from top to bottom, with
// merged cells spread over what they cover. Where the file says nothing of
// merging (text files), a blank right of a heading that has something below
// belongs to that heading.
func fill(rows []bufferedRow, merges []decode.Range) [][]string {
	width := 0
	for _, r := range rows {
		for i, c := range r.cells {
			if strings.TrimSpace(c) != "" {
				width = max(width, i+1)
			}
		}
	}
	grid := make([][]string, len(rows))
	for i, r := range rows {
		grid[i] = make([]string, width)
		for j := range min(width, len(r.cells)) {
			grid[i][j] = strings.Join(strings.Fields(r.cells[j]), " ")
		}
	}
	for i, r := range rows {
		for _, m := range merges {
			if int64(m.Row) != r.line || m.Col > width {
				continue
			}
			for row := i; row <= min(i+m.Row2-m.Row, len(rows)-1); row++ {
				for col := m.Col - 1; col < min(m.Col2, width); col++ {
					grid[row][col] = grid[i][m.Col-1]
				}
			}
		}
		if len(merges) > 0 || i == len(rows)-1 {
			continue
		}
		for j := 1; j < width; j++ {
			if grid[i][j] == "" && strings.TrimSpace(cellAt(rows[i+1].cells, j)) != "" {
				grid[i][j] = grid[i][j-1]
			}
		}
	}
	parts := make([][]string, width)
	for j := range parts {
		for i := range grid {
			parts[j] = append(parts[j], grid[i][j])
		}
	}
	return parts
}

func cellAt(cells []string, i int) string {
	if i < len(cells) {
		return cells[i]
	}
	return ""
}

// distinct drops blanks and repetitions, as vertically merged cells leave them.
func distinct(parts []string) []string {
	return slices.Compact(slices.DeleteFunc(slices.Clone(parts), func(s string) bool { return s == "" }))
}

// readings are the texts by which a column may be known, the fullest first. A
// heading over several columns names none of them.
func readings(parts [][]string, col int) []string {
	own := distinct(parts[col])
	var texts []string
	for i := range own {
		texts = append(texts, strings.Join(own[i:], "_"))
	}
	for i, text := range parts[col] {
		shared := false
		for other := range parts {
			shared = shared || (other != col && parts[other][i] == text)
		}
		if text != "" && !shared {
			texts = append(texts, text)
		}
	}
	return texts
}

// inheritUnit applies a line such as 单位：万元 above the header to the money
// columns whose own header names no unit.
func (l *layout) inheritUnit(d *catalog.Dataset) {
	for _, row := range l.above {
		for _, cell := range row {
			_, unit, shift, ok := normalise.Unit(cell)
			if !ok || !strings.Contains(cell, "单位") {
				continue
			}
			for i := range l.columns {
				c := &l.columns[i]
				f := d.Field(c.Field)
				if f != nil && c.Unit == "" && f.Unit == unit {
					c.Unit, c.shift = unitLabel(unit, shift), shift
				}
			}
		}
	}
}

// complete checks that every required field has a column, and no field two.
func (l *layout) complete(file, table string, d *catalog.Dataset) error {
	var free []string
	for i := range l.columns {
		c := &l.columns[i]
		if c.Field == "" && c.Header != "" {
			free = append(free, c.Header)
			c.Nearest = nearest(c.Header, d)
		}
		if c.Field == "" {
			continue
		}
		if f := d.Field(c.Field); f.Unit != "" && c.base != "" && c.base != f.Unit {
			return &decode.Error{File: file, Line: l.lines[0], Found: fmt.Sprintf("%scolumn %d (%q) in %s", in(table), i+1, c.Header, c.base),
				Want: fmt.Sprintf("%s in %s", fieldLabel(f), f.Unit), Do: "convert the column, or mend its header", Err: catalog.ErrInvalid}
		}
		if first := l.source[fieldIndex(d, c.Field)]; first != i {
			return &decode.Error{
				File: file, Line: l.lines[0], Col: 0,
				Found: fmt.Sprintf("%scolumns %d (%q) and %d (%q), which both mean %s", in(table), first+1, l.columns[first].Header, i+1, c.Header, fieldLabel(d.Field(c.Field))),
				Want:  "one column for each field", Do: "remove or rename one of them", Err: catalog.ErrInvalid,
			}
		}
	}
	var missing, hints []string
	for i := range d.Fields {
		f := &d.Fields[i]
		if !f.Required || l.source[i] >= 0 {
			continue
		}
		missing = append(missing, fieldLabel(f))
		for _, h := range free {
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
	for _, c := range l.columns {
		headers = append(headers, c.Header)
	}
	return &decode.Error{
		File: file, Line: l.lines[0],
		Found: in(table) + "the columns " + quoteAll(headers), Want: "also " + strings.Join(missing, ", "), Do: do, Err: catalog.ErrInvalid,
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

func quoteAll(texts []string) string {
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

// noHeader is the error for a table in which no row names any field.
func noHeader(file, table string, rows []bufferedRow, d *catalog.Dataset) error {
	var want []string
	for i := range d.Fields {
		if d.Fields[i].Required {
			want = append(want, fieldLabel(&d.Fields[i]))
		}
	}
	if len(want) == 0 {
		want = append(want, fieldLabel(&d.Fields[0]))
	}
	e := &decode.Error{File: file, Want: "a header row with " + strings.Join(want, ", "), Err: catalog.ErrInvalid}
	if len(rows) == 0 {
		e.Found, e.Do, e.Err = in(table)+"no rows", "send the file again", decode.ErrEmpty
		return e
	}
	e.Line = rows[0].line
	e.Found = fmt.Sprintf("%sno column known to %s in the first %d rows; the first one is %s", in(table), d.ID, len(rows), quoteAll(rows[0].cells))
	e.Do = "check that the file is for this dataset, or name the columns as in its definition"
	return e
}

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

// skip notes a line that is no data row; neighbours with the same reason join.
func (l *layout) skip(table string, line int64, why string, cells []string) {
	text := strings.TrimSpace(strings.Join(distinct(cells), " "))
	if n := len(l.skips); n > 0 {
		last := &l.skips[n-1]
		if last.Why == why && text == "" && last.Text == "" && line >= last.To {
			last.To = line
			return
		}
	}
	if utf8.RuneCountInString(text) > 120 {
		text = string([]rune(text)[:120]) + "…"
	}
	l.skips = append(l.skips, Skip{Table: table, Line: line, To: line, Why: why, Text: text})
}

// Lines that sum up or explain, and are no rows (DOMAIN.md, section 4). They
// are skipped where a required cell is empty, where a sum's word stands in a
// key, or where a footnote stands alone: else a data row may well begin so.
var (
	sumPattern      = regexp.MustCompile(`^(合计|小计|总计|共计|累计|本页合计|本页小计|(grand|sub)?total)$`)
	totalPattern    = regexp.MustCompile(`^(.{0,16}(合计|小计|总计|共计|累计)|(合计|小计|总计|共计|累计).{0,16}|(grand)?(sub)?total.{0,16})$`)
	footnotePattern = regexp.MustCompile(`^((附?注|备注|说明|数据来源|资料来源|来源|填报人|填表人|制表人?|审核人?|单位负责人|负责人|填报单位|填报日期|联系人|note|source)s?[0-9一二三四五六七八九十]?[:：、.．]|[*※])`)
)

// classify says why a row is no data row, or "" for one that is.
func (l *layout) classify(cells [][]byte, required []int) string {
	if l.isHeader(cells) {
		return "header repeated"
	}
	missing := false
	for _, col := range required {
		if col >= len(cells) || len(bytes.TrimSpace(cells[col])) == 0 {
			missing = true
			break
		}
	}
	if !missing {
		return l.classifyFull(cells)
	}
	first, filled := firstCell(cells)
	if filled == 0 {
		return "blank"
	}
	text := strings.ToLower(normalise.Fold(string(first)))
	switch {
	case totalPattern.MatchString(strings.Join(strings.Fields(text), "")):
		return "total"
	case footnotePattern.MatchString(strings.TrimLeft(text, "（(")):
		return "footnote"
	case l.isAbove(cells):
		return "title repeated"
	}
	return ""
}

// classifyFull is classify for a row with all required cells. Nearly every row
// is one, so it looks at bytes before it looks at words.
func (l *layout) classifyFull(cells [][]byte) string {
	for _, col := range l.keys {
		c := bytes.TrimSpace(cells[col])
		if len(c) > 48 || !bytes.HasSuffix(c, []byte("计")) && !bytes.HasSuffix(c, []byte("otal")) && !bytes.HasSuffix(c, []byte("OTAL")) {
			continue
		}
		if sumPattern.MatchString(strings.Join(strings.Fields(strings.ToLower(normalise.Fold(string(c)))), "")) {
			return "total"
		}
	}
	if len(l.columns) < 2 || len(cells) > 1 && len(cells[0]) > 0 && len(cells[1]) > 0 {
		return ""
	}
	if first, filled := firstCell(cells); filled == 1 && footnotePattern.MatchString(strings.TrimLeft(strings.ToLower(normalise.Fold(string(first))), "（(")) {
		return "footnote"
	}
	return ""
}

// firstCell returns the first cell that holds anything, and how many do.
func firstCell(cells [][]byte) (first []byte, filled int) {
	for _, c := range cells {
		if c = bytes.TrimSpace(c); len(c) > 0 {
			if filled++; filled == 1 {
				first = c
			}
		}
	}
	return first, filled
}

// isEdition reports whether a row names the fields of its columns once more,
// as where exchange codes stand under the titles.
func (l *layout) isEdition(cells []string, known names, d *catalog.Dataset) bool {
	same, other := 0, 0
	for i, c := range cells {
		if strings.TrimSpace(c) == "" {
			continue
		}
		if n, ok := known[headerKey(c)]; ok && l.source[n.field] == i {
			same++
		} else {
			other++
		}
	}
	return same > other
}

// isHeader reports whether a row repeats a header row.
func (l *layout) isHeader(cells [][]byte) bool {
	for _, h := range l.header {
		if sameCells(cells, h) {
			return true
		}
	}
	return false
}

func (l *layout) isAbove(cells [][]byte) bool {
	return slices.ContainsFunc(l.above, func(row []string) bool { return sameCells(cells, row) })
}

func sameCells(cells [][]byte, row []string) bool {
	n := max(len(cells), len(row))
	some := false
	for i := range n {
		var c []byte
		if i < len(cells) {
			c = cells[i]
		}
		if string(c) != cellAt(row, i) {
			return false
		}
		some = some || len(c) > 0
	}
	return some
}
