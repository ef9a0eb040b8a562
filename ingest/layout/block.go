package layout

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
	"govdata/ingest/normalise"
)

// Block is one table with its header, as a stream of data rows.
type Block struct {
	sheet *Sheet
	plan  *Plan
	// above are the rows over the header, and header its own, to know them
	// again at a page break.
	above, header [][]string
	width         int // columns of one group
	headerWidth   int
	stride        int // columns from one group to the next, 0 for one group
	required      []int
	keys          []int

	last    int64 // the line read last
	gap     bool  // it was no data
	note    bool  // it was a footnote
	ended   bool
	held    []heldRow // rows which may be notes or headings
	queue   []*row    // rows to be given before the next is read
	groups  [][]byte  // the row whose groups are being given
	group   int
	spans   []span
	filling []string // by column, for Layout.FillDown
	fillers []int
	cells   [][]byte

	// body is what the first rows look like; strong the column of it in which
	// nearly every row has a number, or -1; usual how many cells rows have.
	body    *body
	strong  int
	usual   int
	slipped bool // the row that was given last
	// origin is the column that says where a row comes from, or -1; section is
	// the heading that the rows stand under.
	origin  int
	section string
	out     [][]byte
}

// heldRow is a row of which the next ones tell what it is.
type heldRow struct {
	*row
	why string // what it is where no data follows; "": data
}

// span is a merged range whose value is being repeated.
type span struct {
	from, to   int // columns, from 0
	row, until int64
	value      string
}

// Plan says how the block is read. Skipped and Rows grow until Next returns io.EOF.
func (b *Block) Plan() *Plan { return b.plan }

// Require names the columns (from 0) that every data row has something in, and
// those of the key. A row without one of the former may be a total, a title or
// a footnote; without any, rows are told by their shape.
func (b *Block) Require(required, keys []int) { b.required, b.keys = required, keys }

// Width is the number of cells that a row may have.
func (b *Block) Width() int {
	switch {
	case b.origin >= 0:
		return b.origin + 1
	case b.plan.Beside > 1:
		return b.width
	}
	return max(b.width, b.headerWidth)
}

// Next returns the next data row, io.EOF behind the last one of the block. The
// cells are valid until the next call.
func (b *Block) Next() (line int64, cells [][]byte, err error) {
	for {
		if b.groups != nil {
			if cells := b.nextGroup(); cells != nil {
				return b.give(b.last, cells)
			}
			b.groups = nil
		}
		line, cells, given, err := b.row()
		if err != nil {
			return 0, nil, err
		}
		b.last = line
		if !given && b.hold(line, cells) {
			continue
		}
		if b.stride > 0 {
			b.groups, b.group = cells, 0
			continue
		}
		return b.give(line, cells)
	}
}

// give counts a row and returns it, with the cell that says where it comes from.
func (b *Block) give(line int64, cells [][]byte) (int64, [][]byte, error) {
	b.plan.Rows++
	b.fit(line, cells)
	if b.origin < 0 {
		return line, cells, nil
	}
	b.out = append(b.out[:0], cells[:min(b.origin, len(cells))]...)
	for len(b.out) < b.origin {
		b.out = append(b.out, nil)
	}
	b.out = append(b.out, []byte(b.from()))
	if len(cells) > b.origin {
		b.out = append(b.out, cells[b.origin:]...)
	}
	return line, b.out, nil
}

// from names the sheet or member and the heading that rows stand under.
func (b *Block) from() string {
	return strings.TrimSpace(b.plan.Table + " " + b.section)
}

// enter notes that the rows below stand under another heading.
func (b *Block) enter(section string) {
	b.section = section
	if section != "" && len(b.plan.Sections) < maxSections && !slices.Contains(b.plan.Sections, section) {
		b.plan.Sections = append(b.plan.Sections, section)
	}
}

// maxSections bounds how many headings a plan lists.
const maxSections = 1000

// nextGroup returns the next of the groups side by side that has something in it.
func (b *Block) nextGroup() [][]byte {
	for b.group < b.plan.Beside {
		from := b.group * b.stride
		b.group++
		if from >= len(b.groups) {
			return nil
		}
		to := min(from+b.width, len(b.groups))
		if b.group == b.plan.Beside {
			to = len(b.groups)
		}
		if cells := b.groups[from:to]; slices.ContainsFunc(cells, func(c []byte) bool { return len(bytes.TrimSpace(c)) > 0 }) {
			return cells
		}
	}
	return nil
}

// row returns the next row that is data, as far as one can tell from the row
// alone. given says that it was held back before.
func (b *Block) row() (line int64, cells [][]byte, given bool, err error) {
	for {
		if len(b.queue) > 0 {
			r := b.queue[0]
			b.queue = b.queue[1:]
			return r.line, b.bytes(r.cells), true, nil
		}
		if b.ended {
			return 0, nil, false, io.EOF
		}
		line, cells, err = b.raw()
		if errors.Is(err, io.EOF) {
			b.end()
			continue
		} else if err != nil {
			return 0, nil, false, err
		}
		why := ""
		switch {
		case b.sheet.options.Layout.Skips(line):
			why = "left out as asked"
		case b.sheet.faults[line]:
			why = "a quote left open"
		case b.isHeader(cells):
			why = "header repeated"
		default:
			if len(b.sheet.merges) > 0 {
				cells = b.spread(line, cells)
			}
			why = b.classify(cells)
		}
		b.note = why == "footnote"
		if why != "" {
			if why == "header repeated" {
				b.headings()
			}
			b.skip(line, why, texts(cells))
			b.gap = true
			continue
		}
		if b.headerFollows(line, cells) {
			b.end()
			continue
		}
		b.gap = false
		if len(b.sheet.options.Layout.FillDown) > 0 {
			b.fillDown(cells)
		}
		return line, cells, false, nil
	}
}

// raw returns the row as it stands.
func (b *Block) raw() (int64, [][]byte, error) {
	s := b.sheet
	if len(s.ahead) > 0 {
		r := s.ahead[0]
		s.ahead = s.ahead[1:]
		return r.line, b.bytes(r.cells), nil
	}
	if s.ended != nil {
		return 0, nil, s.ended
	}
	r, err := s.table.Next()
	if err != nil {
		s.ended = err
	}
	s.note(r)
	return r.Line, r.Cells, err
}

func (b *Block) bytes(cells []string) [][]byte {
	b.cells = b.cells[:0]
	for _, c := range cells {
		b.cells = append(b.cells, []byte(c))
	}
	return b.cells
}

func texts(cells [][]byte) []string {
	s := make([]string, len(cells))
	for i, c := range cells {
		s[i] = string(c)
	}
	return s
}

// end closes the block. What is still held back are notes, or data.
func (b *Block) end() {
	b.ended = true
	notes := int64(0)
	for _, r := range b.held {
		if r.why == "" {
			b.queue = append(b.queue, r.row)
			continue
		}
		b.skip(r.line, r.why, r.cells)
		if text := strings.Join(distinct(trimmed(r.cells)), ""); r.why == "note below" && utf8.RuneCountInString(text) <= 12 && !strings.ContainsAny(text, "。.：:") {
			notes++
		}
	}
	if notes > 4 {
		first, last := b.held[0].line, b.held[len(b.held)-1].line
		b.doubt(Doubt{Line: first, To: last, Rows: notes,
			Found: catalog.Text{Zh: "表下方有多行只有一个单元格的短文字，可能是数据", En: "below the table there are rows of one short cell, which may be data"},
			Do:    catalog.Text{Zh: fmt.Sprintf("--skip %d-%d 略去这些行", first, last), En: fmt.Sprintf("--skip %d-%d leaves them out", first, last)}})
	}
	b.held = nil
}

// headings makes what was held back before the header came again the heading of
// a section.
func (b *Block) headings() {
	for _, r := range b.held {
		if texts := distinct(trimmed(r.cells)); len(texts) == 1 && !isUnitText(texts[0]) {
			b.enter(texts[0])
			b.skip(r.line, "title of a section", r.cells)
			continue
		}
		b.skip(r.line, "note below", r.cells)
	}
	b.held = nil
}

// Drain reads the rows that nobody asked for, so that the plan is complete.
func (b *Block) Drain() error {
	for {
		if _, _, err := b.Next(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// maxHeld bounds how many rows are held back to see whether data follows.
const maxHeld = 64

// hold keeps back a row that may be a note below the table or a heading: it has
// one cell, or begins as notes and signatures do. If data follows, it was data;
// if the header follows again, a heading; if nothing does, a note.
func (b *Block) hold(line int64, cells [][]byte) bool {
	first, filled := firstCell(cells)
	why, keep := "", false
	switch {
	case b.width < 2:
	case filled > 1 && mayBeNote(first) && b.signed(cells, first):
		why, keep = "footnote", true
	case len(b.required) > 0 || filled != 1:
	case len(b.held) > 0 && b.held[len(b.held)-1].why != "" || b.behindGap(line):
		why, keep = "note below", true
	default:
		keep = true
	}
	if keep && len(b.held) < maxHeld {
		b.held = append(b.held, heldRow{&row{line: line, cells: texts(cells)}, why})
		return true
	}
	if len(b.held) == 0 {
		return false
	}
	for _, r := range b.held {
		b.queue = append(b.queue, r.row)
	}
	b.held = nil
	b.queue = append(b.queue, &row{line: line, cells: texts(cells)})
	return true
}

// signed reports whether a row that begins as a note does is one: each of its
// texts is a label, or the value of one, or a lone number.
func (b *Block) signed(cells [][]byte, first []byte) bool {
	texts := distinct(trimmed(texts(cells)))
	if signWord.Match(first) && b.width > 2 && len(texts) <= b.width-1 {
		for i := 0; i < len(texts); i += 2 { // labels without a colon, and their values
			if !signWord.MatchString(texts[i]) {
				return false
			}
		}
		return true
	}
	if !isFootnote(first) {
		return false
	}
	plain := 0
	for i, t := range texts[1:] {
		switch {
		case labelled.MatchString(t), strings.HasSuffix(texts[i], "：") || strings.HasSuffix(texts[i], ":"):
		default:
			plain++
		}
	}
	return plain == 0 || plain == 1 && !strings.HasSuffix(texts[0], "：") && utf8.RuneCountInString(texts[0]) > 4 && classOf(texts[len(texts)-1]).figure()
}

// mayBeNote looks at the first bytes of a text: mostly this settles it.
func mayBeNote(first []byte) bool {
	r, _ := utf8.DecodeRune(first)
	return strings.ContainsRune("附注备備说說数資资来填制審审单單负負联聯报報编編主经經分复復nNsS*※（(统統核", r)
}

// behindGap reports whether the row before this one was no data.
func (b *Block) behindGap(line int64) bool {
	n := len(b.plan.Skipped)
	return n > 0 && b.plan.Skipped[n-1].To+1 >= line && b.plan.Rows > 0
}

// spread repeats the value of merged cells in every row and column that they cover.
func (b *Block) spread(line int64, cells [][]byte) [][]byte {
	b.spans = slices.DeleteFunc(b.spans, func(s span) bool { return s.until < line })
	for _, m := range b.sheet.merges {
		if int64(m.Row) == line && m.Col <= len(cells) {
			b.spans = append(b.spans, span{m.Col - 1, m.Col2, line, int64(m.Row2), string(cells[m.Col-1])})
		}
	}
	for _, s := range b.spans {
		if strings.TrimSpace(s.value) == "" || s.from >= b.width {
			continue
		}
		if s.row == line && s.to > s.from+1 && s.until == line {
			continue // a title over several columns, or a total's label
		}
		to := s.to
		if s.to > s.from+1 && s.row == line {
			to = s.from + 1
		}
		for len(cells) < min(to, b.width) {
			cells = append(cells, nil)
		}
		for col := s.from; col < min(to, b.width); col++ {
			if len(bytes.TrimSpace(cells[col])) == 0 {
				cells[col] = []byte(s.value)
			}
		}
	}
	return cells
}

// fillDown gives blank cells of the columns in Layout.FillDown the value above.
func (b *Block) fillDown(cells [][]byte) {
	if b.filling == nil {
		b.filling = make([]string, len(b.plan.Columns))
		for i, c := range b.plan.Columns {
			if slices.Contains(b.sheet.options.Layout.FillDown, c.Header) {
				b.fillers = append(b.fillers, i)
			}
		}
	}
	for _, i := range b.fillers {
		if i >= len(cells) {
			continue
		}
		if len(bytes.TrimSpace(cells[i])) > 0 {
			b.filling[i] = string(cells[i])
		} else {
			cells[i] = []byte(b.filling[i])
		}
	}
}

// headerFollows reports whether a row begins another table: the same columns
// in another order, known columns again in other places, or a header by its
// shape, behind a gap or where the rows change. The row is then the first one
// ahead, behind what was held back as its title.
func (b *Block) headerFollows(line int64, cells [][]byte) bool {
	s := b.sheet
	again := b.sameNames(cells)
	gap := b.gap || line > b.last+1
	if !again && !gap && !b.changes(cells) {
		return false
	}
	this := &row{line: line, cells: texts(cells)}
	if again {
		b.before(this)
		return true
	}
	if len(s.options.Layout.Columns) > 0 || s.options.Layout.Header.None || s.options.Headed || !gap && s.options.Layout.Header.First > 0 {
		return false
	}
	this.look()
	for _, k := range this.kinds { // mostly this settles it
		if k == number || k == date {
			return false
		}
	}
	if s.peek(12); len(s.ahead) < 2 {
		return false
	}
	s.ahead = slices.Insert(s.ahead, 0, this)
	begins := b.begins(gap)
	s.ahead = s.ahead[1:]
	if !begins {
		b.doubtUnlike(this, gap)
		return false
	}
	if !gap && !b.otherShape(this) {
		// It may as well be a row of words among numbers.
		b.doubt(Doubt{Line: line, To: line, Rows: 1,
			Found: catalog.Text{Zh: "该行像是另一张表的表头，现按数据读取", En: "this line looks like the header of another table, and is read as data"},
			Do: catalog.Text{Zh: fmt.Sprintf("--header %s 表示此处只有一张表；--skip %d- 略去其下的表", b.headerLines(), line),
				En: fmt.Sprintf("--header %s says that there is one table alone; --skip %d- leaves out what stands below", b.headerLines(), line)}})
		return false
	}
	b.before(this)
	return true
}

// doubtUnlike stops where the rows behind a gap have words where all rows before
// it have numbers, and another number of cells: they may be another table, of
// texts alone.
func (b *Block) doubtUnlike(first *row, gap bool) {
	if !gap || b.strong < 0 || b.plan.Rows < 2 || used(first.cells) == b.width || first.count() < 2 {
		return
	}
	rows := append([]*row{first}, untilGap(b.sheet.ahead)...)
	for _, r := range rows {
		if k := r.kind(b.strong); k.figure() {
			return
		}
	}
	last := rows[len(rows)-1].line
	b.doubt(Doubt{Line: first.line, To: last, Rows: int64(len(rows)),
		Found: catalog.Text{Zh: "空行之后的行与其上的行不同，可能属于另一张表", En: "the rows behind the gap differ from those above it and may be another table"},
		Do: catalog.Text{Zh: fmt.Sprintf("--skip %d- 略去这些行；--skip 1-%d 只读取其下的表", first.line, first.line-1),
			En: fmt.Sprintf("--skip %d- leaves them out; --skip 1-%d reads the table below alone", first.line, first.line-1)}})
}

// before puts a row back, and what was held back before it.
func (b *Block) before(r *row) {
	var back []*row
	for _, h := range b.held {
		back = append(back, h.row)
	}
	b.held = nil
	b.sheet.ahead = slices.Insert(b.sheet.ahead, 0, append(back, r)...)
}

func (b *Block) headerLines() catalog.Lines {
	if n := len(b.plan.Header); n > 0 {
		return catalog.Lines{First: b.plan.Header[0], Last: b.plan.Header[n-1]}
	}
	return catalog.Lines{None: true}
}

// changes reports whether a row differs from those before it, so that another
// table may begin with it: words where numbers stand, or another number of cells.
func (b *Block) changes(cells [][]byte) bool {
	if b.plan.Rows < 2 || b.stride > 0 {
		return false
	}
	if b.strong >= 0 && b.strong < len(cells) {
		if c := bytes.TrimSpace(cells[b.strong]); len(c) > 0 && (c[0] > '9' || c[0] < '(' || c[0] == '*') && !classOf(string(c)).figure() && classOf(string(c)) != nothing {
			return true
		}
	}
	return !b.sheet.options.Grid && b.usual > 0 && len(cells) != b.usual
}

// otherShape reports whether a row and those ahead have another number of cells
// than the rows of this block, so that they are no rows of it.
func (b *Block) otherShape(first *row) bool {
	n := used(first.cells)
	if n == b.width {
		return false
	}
	for _, r := range untilGap(b.sheet.ahead[:min(3, len(b.sheet.ahead))]) {
		if used(r.cells) > n {
			return false
		}
	}
	return true
}

// begins reports whether the rows ahead begin another table.
func (b *Block) begins(gap bool) bool {
	s := b.sheet
	for first := range min(4, len(s.ahead)) { // a title may stand first
		r := s.ahead[first]
		if names := s.options.Names; names != nil {
			columns := s.columns(first, 1)
			if n := named(columns, s.remember(names)); n >= 4 && n > used(r.cells) {
				return true
			}
		}
		body := bodyOf(s.ahead[first+1:], nil)
		if len(body.rows) < 1 || used(r.cells) < 2 || body.filled(r.cells) < 0.8 {
			if !gap || r.count() > 1 {
				return false
			}
			continue
		}
		figures, titles := 0, 0
		for j := range body.columns {
			if k := r.kind(j); body.columns[j].figures() && (k == word || k == latin || k == code || k == year) {
				figures++
				if headerWord.MatchString(strings.TrimSpace(r.cells[j])) {
					titles++
				}
			}
			if !gap && strings.TrimSpace(cellAt(r.cells, j)) != "" && b.body.holdsBefore(r.line, j, strings.TrimSpace(r.cells[j])) {
				return false // it stands there among the data
			}
		}
		if !gap && figures < 2 && titles == 0 {
			return false // a remark in place of a number
		}
		contrast, ok := body.contrast([]*row{r}, fill([]*row{r}, nil))
		texts := distinct(slices.Sorted(slices.Values(trimmed(r.cells))))
		return ok && figures > 0 && body.like(body.rows[0]) == 1 && contrast > 0.2 && len(texts) == r.count() &&
			!slices.Equal(trimmed(r.cells), b.names())
	}
	return false
}

func trimmed(cells []string) []string {
	out := make([]string, used(cells))
	for i := range out {
		out[i] = strings.TrimSpace(cells[i])
	}
	return out
}

func (b *Block) names() []string {
	names := make([]string, len(b.plan.Columns))
	for i, c := range b.plan.Columns {
		names[i] = c.Header
	}
	return names
}

// sameNames reports whether a row has the texts of the header in another order.
func (b *Block) sameNames(cells [][]byte) bool {
	if len(b.header) == 0 || len(cells) < 2 {
		return false
	}
	last := b.header[len(b.header)-1]
	found := 0
	for _, c := range cells {
		c = bytes.TrimSpace(c)
		if len(c) == 0 {
			continue
		}
		if !slices.Contains(last, string(c)) {
			return false
		}
		found++
	}
	return found > 1 && found == count(last)
}

// skip notes a line that is no data row; neighbours with the same reason join.
func (b *Block) skip(line int64, why string, cells []string) {
	text := brief(cells)
	if n := len(b.plan.Skipped); n > 0 {
		last := &b.plan.Skipped[n-1]
		if b.gap && last.Why == why && text == "" && last.Text == "" && line >= last.To {
			last.To = line
			return
		}
	}
	b.plan.Skipped = append(b.plan.Skipped, Skip{Table: b.plan.Table, Line: line, To: line, Why: why, Text: text})
}

// Lines that sum up or explain, and are no rows (DOMAIN.md, section 4). They
// are skipped where a required cell is empty, where a sum's word stands in a
// key, or where a footnote stands alone: else a data row may well begin so.
var (
	sumPattern      = regexp.MustCompile(`^(合计|小计|总计|共计|累计|合計|小計|總計|本页合计|本页小计|(grand|sub)?totals?)[:：]?$`)
	totalPattern    = regexp.MustCompile(`^(.{0,16}(合计|小计|总计|共计|累计)|(合计|小计|总计|共计|累计).{0,16}|(grand)?(sub)?total.{0,16})$`)
	footnotePattern = regexp.MustCompile(`^((附?注|備?註|备注|说明|說明|数据来源|資料來源|资料来源|来源|填报人|填表人|制表人?|填制人|审核人?|審核人?|复核人?|单位负责人|统计负责人|负责人|经办人|主管领导|分管领导|主管|填报单位|填表单位|编制单位|报送单位|填报日期|填表日期|报送日期|报出日期|联系人|联系电话|联系方式|notes?|sources?)[0-9一二三四五六七八九十]?[:：、.．)）]|[*※])`)
	signWord        = regexp.MustCompile(`^(填表人|填报人|填制人|制表人?|审核人?|審核人|复核人?|单位负责人|统计负责人|负责人|经办人|联系人|联系电话|填报单位|填报日期|填表日期|报出日期)$`)
)

// classify says why a row is no data row, or "" for one that is.
func (b *Block) classify(cells [][]byte) string {
	if len(b.required) == 0 {
		return b.classifyShape(cells)
	}
	for _, col := range b.required {
		if col >= len(cells) || len(bytes.TrimSpace(cells[col])) == 0 {
			return b.classifyShort(cells)
		}
	}
	return b.classifyFull(cells)
}

// classifyShort is classify for a row that lacks a required cell.
func (b *Block) classifyShort(cells [][]byte) string {
	first, filled := firstCell(cells)
	if filled == 0 {
		return "blank"
	}
	text := strings.ToLower(normalise.Fold(string(first)))
	switch {
	case totalPattern.MatchString(strings.Join(strings.Fields(text), "")):
		return "total"
	case footnotePattern.MatchString(strings.TrimLeft(text, "（(")), b.note && filled == 1:
		return "footnote"
	case b.isAbove(cells):
		return "title repeated"
	}
	return ""
}

// classifyFull is classify for a row with all required cells. Nearly every row
// is one, so it looks at bytes before it looks at words.
func (b *Block) classifyFull(cells [][]byte) string {
	for _, col := range b.keys {
		if isSum(cells[col]) {
			return "total"
		}
	}
	if b.width < 2 || len(cells) > 1 && len(cells[0]) > 0 && len(cells[1]) > 0 {
		return ""
	}
	if first, filled := firstCell(cells); filled == 1 && isFootnote(first) {
		return "footnote"
	}
	return ""
}

// classifyShape is classify where no column is known to be required.
func (b *Block) classifyShape(cells [][]byte) string {
	if len(cells) > 1 && len(cells[0]) > 0 && len(cells[1]) > 0 && !isSum(cells[0]) {
		return ""
	}
	first, filled := firstCell(cells)
	switch {
	case filled == 0:
		return "blank"
	case b.width < 2:
		return ""
	case isSum(first) && (filled > 1 || b.width > 2):
		return "total"
	case filled == 1 && (isFootnote(first) || b.note):
		return "footnote"
	case b.isAbove(cells):
		return "title repeated"
	}
	return ""
}

func isSum(cell []byte) bool {
	c := bytes.TrimSpace(cell)
	if len(c) == 0 || len(c) > 48 {
		return false
	}
	switch c[len(c)-1] { // mostly this settles it
	case 'l', 'L', 's', 'S', ':', 0xA1, 0x88, 0x9A: // of total(s), 计, 計, ：
	default:
		return false
	}
	return sumPattern.MatchString(strings.Join(strings.Fields(strings.ToLower(normalise.Fold(string(c)))), ""))
}

func isFootnote(cell []byte) bool {
	return footnotePattern.MatchString(strings.TrimLeft(strings.ToLower(normalise.Fold(string(cell))), "（("))
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

// isHeader reports whether a row repeats a header row.
func (b *Block) isHeader(cells [][]byte) bool {
	return slices.ContainsFunc(b.header, func(h []string) bool { return sameCells(cells, h) })
}

func (b *Block) isAbove(cells [][]byte) bool {
	return slices.ContainsFunc(b.above, func(r []string) bool { return sameCells(cells, r) })
}

func sameCells(cells [][]byte, row []string) bool {
	some := false
	for i := range max(len(cells), len(row)) {
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
