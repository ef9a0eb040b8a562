package layout

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"govdata/catalog"
	"govdata/ingest/decode"
	"govdata/ingest/normalise"
)

// header is where the header of a block stands among the rows ahead.
type header struct {
	start, height  int
	columns        []Column
	groups, stride int // columns side by side
	evidence       catalog.Text
}

// find chooses the header among the rows ahead.
func (s *Sheet) find() (header, error) {
	given, err := s.settled()
	switch {
	case err != nil:
		return header{}, err
	case given != nil:
		return *given, nil
	case s.options.Headed && s.blocks == 0:
		if len(s.ahead) == 0 {
			return header{}, s.refuse("no rows", "a header and rows", "send the file again", 0)
		}
		return s.at(0, 1, catalog.Text{Zh: "该格式自带列名", En: "the format names its columns"}), nil
	case s.options.Names != nil:
		return s.findNamed()
	}
	return s.findByShape()
}

// settled is the header that Options.Layout names, or nil.
func (s *Sheet) settled() (*header, error) {
	l := s.options.Layout
	if l.Header.None {
		return new(s.unnamed(catalog.Text{Zh: "按设置：文件没有表头", En: "as settled: the file has no header"})), nil
	}
	if l.Header.First == 0 || s.blocks > 0 {
		return nil, nil
	}
	first := slices.IndexFunc(s.ahead, func(r row) bool { return r.line >= l.Header.First })
	if first < 0 {
		return nil, s.refuse(fmt.Sprintf("no line %d among the first %d rows", l.Header.First, len(s.ahead)), "the header there", "correct the layout's header", 0)
	}
	height := 0
	for first+height < len(s.ahead) && s.ahead[first+height].line <= l.Header.Last {
		height++
	}
	if height == 0 {
		return nil, s.refuse(fmt.Sprintf("line %d blank", l.Header.First), "the header there", "correct the layout's header", l.Header.First)
	}
	return new(s.at(first, height, catalog.Text{Zh: "按设置", En: "as settled"})), nil
}

// unnamed is the header of a table that has none: column_1, column_2, ... or
// what the layout calls them.
func (s *Sheet) unnamed(why catalog.Text) header {
	h := header{evidence: why, groups: 1}
	width := 0
	for _, r := range s.ahead {
		width = max(width, used(r.cells))
	}
	for i := range max(width, len(s.options.Layout.Columns)) {
		name := cellAt(s.options.Layout.Columns, i)
		if name == "" {
			name = "column_" + strconv.Itoa(i+1)
		}
		h.columns = append(h.columns, Column{Column: i + 1, Header: name, Parts: []string{name}, Unnamed: true})
	}
	return h
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

// at makes a header of these rows ahead.
func (s *Sheet) at(start, height int, why catalog.Text) header {
	h := header{start: start, height: height, evidence: why}
	parts := fill(s.ahead[start:start+height], s.merges)
	for i, p := range parts {
		c := Column{Column: i + 1, Header: joined(p), Parts: p}
		for _, text := range c.Readings(nil) {
			if _, unit, shift, ok := normalise.Unit(text); ok {
				c.Unit, c.Shift = unit, shift
				break
			}
		}
		h.columns = append(h.columns, c)
	}
	h.groups, h.stride = s.beside(h)
	if h.groups > 1 {
		h.columns = h.columns[:columnsOf(h.columns[:h.stride])]
	}
	return h
}

// nameBlanks calls columns that hold something and have no header column_N,
// and adds those behind the header's last that most rows fill: a single longer
// row has slipped.
func (s *Sheet) nameBlanks(h header) header {
	if h.groups > 1 {
		return h
	}
	body := shapeOf(untilGap(s.ahead[h.start+h.height:]))
	for j, has := range body.content {
		if !has || j < len(h.columns) && h.columns[j].Header != "" {
			continue
		}
		name := "column_" + strconv.Itoa(j+1)
		if j >= len(h.columns) && body.share(j) < 0.5 {
			continue
		}
		if s.options.Names != nil && s.options.Names.Field(name) < 0 {
			continue
		}
		for len(h.columns) <= j {
			h.columns = append(h.columns, Column{Column: len(h.columns) + 1})
		}
		h.columns[j] = Column{Column: j + 1, Header: name, Parts: []string{name}, Unnamed: true}
	}
	return h
}

// columnsOf drops the blank columns at the end.
func columnsOf(columns []Column) int {
	n := len(columns)
	for n > 0 && columns[n-1].Header == "" {
		n--
	}
	return n
}

// beside finds columns that stand side by side: the same two or more headers
// again, with the same distance. It returns how often, and the distance.
func (s *Sheet) beside(h header) (groups, stride int) {
	texts := make([]string, columnsOf(h.columns))
	for i := range texts {
		texts[i] = h.columns[i].Header
	}
	for stride := 2; stride <= len(texts)/2+1; stride++ {
		n := columnsOf(h.columns[:min(stride, len(texts))])
		groups := (len(texts) + stride - 1) / stride
		if n < 2 || groups < 2 || (groups-1)*stride+n != len(texts) || texts[0] == "" {
			continue
		}
		same := true
		for i := stride; i < len(texts) && same; i++ {
			same = texts[i] == texts[i%stride]
		}
		if same && len(distinct(slices.Sorted(slices.Values(texts[:n])))) == n {
			return groups, stride
		}
	}
	return 1, 0
}

// findNamed chooses the rows that name the most fields, less those that are
// named twice.
func (s *Sheet) findNamed() (header, error) {
	best, bestScore := header{}, 0
	for start, r := range s.ahead[:s.reach()] {
		if blank(r.cells) {
			continue
		}
		least := spanning(s.ahead[start:], s.merges)
		for height := least; height <= max(maxHeight, least) && start+height <= len(s.ahead); height++ {
			h := s.at(start, height, catalog.Text{})
			score := named(h.columns, s.options.Names)
			// Of equal ones the lowest: a title above is no part of the header.
			if score > bestScore || score == bestScore && score > 0 && height < best.height {
				best, bestScore = h, score
			}
		}
	}
	if bestScore == 0 {
		return header{}, s.refuse(s.firstLine(), "", "", s.line(0))
	}
	for best.start+best.height < len(s.ahead) && isEdition(s.ahead[best.start+best.height].cells, best.columns, s.options.Names) {
		best.height++
	}
	known := 0
	for i := range best.columns {
		if fieldOf(&best.columns[i], best.columns, s.options.Names) >= 0 {
			known++
		}
	}
	best.evidence = catalog.Text{Zh: fmt.Sprintf("该行有 %d 个已知列名", known), En: fmt.Sprintf("it names %d known columns", known)}
	return best, nil
}

// reach is how far the header may be from the top. Below another table it
// follows close, perhaps behind a title.
func (s *Sheet) reach() int {
	if s.blocks > 0 {
		return min(6, len(s.ahead))
	}
	return len(s.ahead)
}

func (s *Sheet) line(i int) int64 {
	if i < len(s.ahead) {
		return s.ahead[i].line
	}
	return 0
}

// firstLine describes what stands first.
func (s *Sheet) firstLine() string {
	if len(s.ahead) == 0 {
		return "no rows"
	}
	return fmt.Sprintf("no known column in the first %d rows; the first one is %s", len(s.ahead), Quote(s.ahead[0].cells))
}

// fieldOf returns the field that a column is, or -1.
func fieldOf(c *Column, all []Column, names Names) int {
	for _, text := range c.Readings(all) {
		if f := names.Field(text); f >= 0 {
			return f
		}
	}
	return -1
}

func named(columns []Column, names Names) int {
	seen := map[int]bool{}
	score := 0
	for i := range columns {
		switch f := fieldOf(&columns[i], columns, names); {
		case f < 0:
		case seen[f]:
			score--
		default:
			seen[f] = true
			score += 2
		}
	}
	return score
}

// isEdition reports whether a row names the fields of its columns once more,
// as where exchange codes stand under the titles.
func isEdition(cells []string, columns []Column, names Names) bool {
	same, other := 0, 0
	for i, c := range cells {
		if strings.TrimSpace(c) == "" {
			continue
		}
		if f := names.Field(c); f >= 0 && i < len(columns) && f == fieldOf(&columns[i], columns, names) {
			same++
		} else {
			other++
		}
	}
	return same > other
}

// spanning returns how many rows the merged cells that begin in the first row cover.
func spanning(rows []row, merges []decode.Range) int {
	n := 1
	for _, m := range merges {
		if int64(m.Row) == rows[0].line && m.Row2-m.Row < mergedHeight {
			n = max(n, m.Row2-m.Row+1)
		}
	}
	return min(n, len(rows))
}

// fill returns for every column its header texts from top to bottom, with
// merged cells spread over what they cover. Where the file says nothing of
// merging (text files), a blank right of a heading that has something below
// belongs to that heading.
func fill(rows []row, merges []decode.Range) [][]string {
	width := 0
	for _, r := range rows {
		width = max(width, used(r.cells))
	}
	grid := make([][]string, len(rows))
	for i, r := range rows {
		grid[i] = make([]string, width)
		for j := range min(width, len(r.cells)) {
			grid[i][j] = strings.Join(strings.FieldsFunc(r.cells[j], unicode.IsSpace), " ")
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

// kind is what a cell looks like. It tells headers from data, not types.
type kind int

const (
	nothing kind = iota
	word
	figure // a number or a date
	year
)

var (
	figurePattern = regexp.MustCompile(`^[-+(]?[$¥￥€£]?[0-9][0-9,. ]*([eE][-+]?[0-9]+)?[%‰]?\)?$|` +
		`^[0-9]{4}[-/.年][0-9]{1,2}([-/.月][0-9]{1,2}日?)?([T ][0-9:.]+Z?)?$|^[0-9]{1,2}[-/.]([0-9]{1,2}|[A-Za-z]{3})[-/.][0-9]{2,4}( [0-9:]+( [AP]M)?)?$`)
	yearPattern = regexp.MustCompile(`^(1[6-9]|20|21)[0-9]{2}(\.0)?(年度?|年份)?$`)
	// headerWord ends the titles of columns in Chinese tables.
	headerWord = regexp.MustCompile(`(名称|名稱|名|代码|代碼|编号|編號|编码|編碼|文号|序号|序號|日期|时间|時間|类别|類別|类型|類型|种类|金额|金額|数量|數量|` +
		`地址|单位|單位|电话|電話|年度|月份|备注|備註|标准|標準|依据|依據|部门|部門|机关|機關|说明|說明|状态|狀態)$`)
	identifier = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)
)

func kindOf(cell string) kind {
	cell = strings.TrimSpace(cell)
	if slices.Contains(catalog.DefaultNullMarks, cell) || cell == "" || cell == `\N` || cell == ".." || cell == "…" {
		return nothing
	}
	if len(cell) > 40 {
		return word
	}
	cell = normalise.Fold(cell)
	switch {
	case yearPattern.MatchString(cell):
		return year
	case figurePattern.MatchString(cell):
		return figure
	}
	return word
}

// shape is what the columns under a candidate look like.
type shape struct {
	columns int // with anything in them
	// figures tells the columns that are mostly numbers or dates, years those
	// of them that are years.
	figures, years []bool
	values         []map[string]bool
	content        []bool
	rows           []row
}

const shapeRows = 50

func shapeOf(rows []row) shape {
	var s shape
	width := 0
	for _, r := range rows {
		if !blank(r.cells) && len(s.rows) < shapeRows {
			s.rows = append(s.rows, r)
			width = max(width, used(r.cells))
		}
	}
	s.figures, s.years, s.content = make([]bool, width), make([]bool, width), make([]bool, width)
	s.values = make([]map[string]bool, width)
	for j := range width {
		var counts [4]int
		s.values[j] = map[string]bool{}
		for _, r := range s.rows {
			c := strings.TrimSpace(cellAt(r.cells, j))
			counts[kindOf(c)]++
			s.values[j][c] = true
			s.content[j] = s.content[j] || c != ""
		}
		numbers := counts[figure] + counts[year]
		s.figures[j] = numbers*10 >= (numbers+counts[word])*7 && numbers > 0
		s.years[j] = s.figures[j] && counts[year]*10 >= numbers*9
		if s.content[j] {
			s.columns++
		}
	}
	return s
}

// like is the share of the number columns in which a row has a number, or 1
// where there are none.
func (s *shape) like(cells []string) float64 {
	all, same := 0, 0
	for j, is := range s.figures {
		if !is {
			continue
		}
		switch kindOf(cellAt(cells, j)) {
		case figure, year:
			same++
			all++
		case word:
			all++
		}
	}
	if all == 0 {
		return 1
	}
	return float64(same) / float64(all)
}

// untilGap is the rows up to a blank one, behind which another table may stand.
func untilGap(rows []row) []row {
	some := false
	for i, r := range rows {
		if blank(r.cells) && some {
			return rows[:i]
		}
		some = some || !blank(r.cells)
	}
	return rows
}

// share is that of the rows which have something in column j.
func (s *shape) share(j int) float64 {
	n := 0
	for _, r := range s.rows {
		if strings.TrimSpace(cellAt(r.cells, j)) != "" {
			n++
		}
	}
	return float64(n) / float64(max(1, len(s.rows)))
}

// filled is the share of the columns that a row has something in.
func (s *shape) filled(cells []string) float64 {
	n := 0
	for j, has := range s.content {
		if has && strings.TrimSpace(cellAt(cells, j)) != "" {
			n++
		}
	}
	return float64(n) / float64(max(1, s.columns))
}

// findByShape chooses the header without knowing the columns: texts over
// numbers, all different, that fill most columns and do not come again below.
func (s *Sheet) findByShape() (header, error) {
	best, bestScore := header{}, 0.0
	for start, r := range s.ahead[:s.reach()] {
		if blank(r.cells) {
			continue
		}
		least := spanning(s.ahead[start:], s.merges)
		for height := least; height <= max(maxHeight, least) && start+height <= len(s.ahead); height++ {
			h := s.at(start, height, catalog.Text{})
			if score, ok := s.score(h); ok && score > bestScore {
				best, bestScore = h, score
			}
		}
	}
	if bestScore > 0 {
		best.evidence = catalog.Text{Zh: "其文字位于数据之上，各不相同且下方不再出现", En: "its texts stand over the data, differ from one another and do not come again below"}
		return best, nil
	}
	first := slices.IndexFunc(s.ahead, func(r row) bool { return !blank(r.cells) })
	if first < 0 {
		return header{}, s.refuse("no rows", "a header and rows", "send the file again", 0)
	}
	body := shapeOf(s.ahead[first:])
	if body.filled(s.ahead[first].cells) >= 0.5 && body.like(s.ahead[first].cells) >= 0.5 && len(body.rows) > 1 {
		return s.unnamed(catalog.Text{Zh: "第一行与其他行一样是数据", En: "the first row is data as the others are"}), nil
	}
	return header{}, s.refuse("no row that can be told to be the header; the first one is "+Quote(s.ahead[first].cells), "column names over the data",
		"name its line (--header), or say that there is none (--header none)", s.ahead[first].line)
}

// score judges a candidate; what cannot be a header is not ok. The weights
// were set on the real files of the tests.
func (s *Sheet) score(h header) (float64, bool) {
	texts := headerTexts(h)
	body := shapeOf(withoutHeader(s.ahead[h.start+h.height:], h.columns))
	if len(body.rows) == 0 {
		// Headers alone are a table without rows, if nothing else can be one.
		words := len(texts) > 1 && (h.height == 1 || len(s.merges) > 0)
		for _, c := range h.columns {
			words = words && !slices.ContainsFunc(c.Parts, func(t string) bool { return kindOf(t) == figure })
		}
		return 0.01, words && h.start == slices.IndexFunc(s.ahead, func(r row) bool { return !blank(r.cells) })
	}
	filled := body.filled(texts)
	if filled < 0.5 || s.dataAbove(h, &body) {
		return 0, false
	}
	contrast, ok := body.contrast(h, texts)
	if !ok || contrast <= -0.2 || h.height > 1 && !s.grouped(h) && !s.editions(h) {
		return 0, false
	}
	score := filled + contrast + 0.5*(2*body.like(body.rows[0].cells)-1) - 0.15*float64(h.height-1)
	score -= 0.5*repeated(texts, h.groups) + 0.5*lengthy(texts)
	if h.height > 1 && s.editions(h) {
		score += 0.5
	}
	return score, true
}

// withoutHeader leaves out the rows that repeat the header, as at page breaks.
func withoutHeader(rows []row, columns []Column) []row {
	header := map[string]bool{"": true}
	for _, c := range columns {
		for _, part := range c.Parts {
			header[part] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(rows), func(r row) bool {
		return count(r.cells) > 1 && !slices.ContainsFunc(r.cells, func(c string) bool { return !header[strings.Join(strings.Fields(c), " ")] })
	})
}

// headerTexts are the texts over every column, all groups of it.
func headerTexts(h header) []string {
	var texts []string
	for g := range max(1, h.groups) {
		for i := range max(h.stride, len(h.columns)) {
			if i < len(h.columns) {
				texts = append(texts, h.columns[i].Header)
			} else if g+1 < h.groups {
				texts = append(texts, "")
			}
		}
	}
	return texts
}

// dataAbove reports whether data stands above a candidate: then it is not the header.
func (s *Sheet) dataAbove(h header, body *shape) bool {
	for _, r := range s.ahead[:h.start] {
		if body.filled(r.cells) < 0.6 {
			continue
		}
		if body.columns > 2 || slices.Contains(body.figures, true) && body.like(r.cells) > 0.5 {
			return true
		}
	}
	return false
}

// grouped reports whether every row but the lowest leaves something to the row
// below it: a blank cell, or one that is merged over several.
func (s *Sheet) grouped(h header) bool {
	for _, r := range s.ahead[h.start : h.start+h.height-1] {
		merged := slices.ContainsFunc(s.merges, func(m decode.Range) bool { return int64(m.Row) <= r.line && int64(m.Row2) >= r.line })
		if !merged && count(r.cells) == len(h.columns) {
			return false
		}
	}
	return true
}

// contrast is how much a candidate differs from what stands below it, from -1
// to 1. It is not ok with a number over numbers: that is data.
func (s *shape) contrast(h header, texts []string) (contrast float64, ok bool) {
	counts := counting(texts)
	for j, has := range s.content {
		text := strings.TrimSpace(cellAt(texts, j))
		if !has || text == "" {
			continue
		}
		parts := []string{text}
		if j < len(h.columns) {
			parts = distinct(h.columns[j].Parts)
		}
		least := 1.0
		for _, part := range parts {
			switch k := kindOf(part); {
			case k == figure && s.figures[j] && !counts, k == year && s.years[j]:
				return 0, false
			case k == figure && !counts:
				least = min(least, -0.7)
			case s.figures[j] && k != word:
				least = min(least, 0.6)
			case s.values[j][part] && len(s.rows) > 2:
				least = min(least, -1)
			case !s.figures[j]:
				least = min(least, 0.1)
			}
		}
		contrast += least
	}
	return contrast / float64(max(1, s.columns)), true
}

// counting reports whether the numbers among headers count up one by one, as
// the days of a month do.
func counting(texts []string) bool {
	last, n := -1, 0
	for _, t := range texts {
		if kindOf(t) != figure {
			continue
		}
		v, err := strconv.Atoi(strings.TrimSpace(t))
		if err != nil || n > 0 && v != last+1 {
			return false
		}
		last = v
		n++
	}
	return n > 2
}

// repeated is the share of texts that come twice, where they do not stand side by side.
func repeated(texts []string, groups int) float64 {
	var all []string
	for _, t := range texts[:len(texts)/max(1, groups)] {
		if t != "" {
			all = append(all, t)
		}
	}
	n := len(all)
	slices.Sort(all)
	return float64(n-len(slices.Compact(all))) / float64(max(1, n))
}

// lengthy is the share of texts that are too long for the name of a column.
func lengthy(texts []string) float64 {
	n := 0
	for _, t := range texts {
		if utf8.RuneCountInString(t) > 60 {
			n++
		}
	}
	return float64(n) / float64(max(1, len(texts)))
}

// editions reports whether the rows name each column twice, once as programs
// do and once in Chinese.
func (s *Sheet) editions(h header) bool {
	if h.height != 2 {
		return false
	}
	words := 0
	for _, c := range h.columns {
		upper, lower := c.Parts[0], c.Parts[1]
		if upper == "" && lower == "" {
			continue
		}
		if identifier.MatchString(lower) {
			upper, lower = lower, upper
		}
		if !identifier.MatchString(upper) || lower == "" || !strings.ContainsFunc(lower, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
			return false
		}
		if headerWord.MatchString(lower) {
			words++
		}
	}
	return words*2 >= len(h.columns)
}
