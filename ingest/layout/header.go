package layout

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"govdata/catalog"
	"govdata/ingest/decode"
)

// header is where the header of a block stands among the rows ahead.
type header struct {
	start, height  int
	columns        []Column
	groups, stride int // columns side by side
	evidence       catalog.Text
	// settled tells that somebody has named it, sure how sure a guess is (from 0
	// to 1), and instead which others there are, the likeliest first.
	settled bool
	sure    float64
	instead []string
}

// find chooses the header among the rows ahead.
func (s *Sheet) find() (header, error) {
	given, err := s.asSettled()
	switch {
	case err != nil:
		return header{}, err
	case given != nil:
		return *given, nil
	case s.options.Headed && s.blocks == 0:
		if len(s.ahead) == 0 {
			return header{}, s.refuse("no rows", "a header and rows", "send the file again", 0)
		}
		h := s.at(0, 1, catalog.Text{Zh: "该格式自带列名", En: "the format names its columns"})
		h.settled, h.sure = true, 1
		return h, nil
	}
	h, err := header{}, error(nil)
	if s.options.Names != nil {
		h, err = s.findNamed()
	} else {
		h, err = s.findByShape()
	}
	if names := s.options.Layout.Columns; err == nil && len(names) > 0 {
		h = renamed(h, names)
		h.settled = true
	}
	return h, err
}

// asSettled is the header that Options.Layout names, or nil.
func (s *Sheet) asSettled() (*header, error) {
	l, found := s.options.Layout, s.options.Found
	if found != nil && s.blocks > 0 {
		found = nil
	}
	if l.Header.None {
		h := s.unnamed(catalog.Text{Zh: "按设置：文件没有表头", En: "as settled: the file has no header"})
		h.settled, h.sure = true, 1
		if found != nil {
			h.evidence, h.sure, h.instead = found.Evidence, found.Sure, found.Instead
		}
		return &h, nil
	}
	lines := l.Header
	if found != nil && len(found.Header) > 0 {
		lines = catalog.Lines{First: found.Header[0], Last: found.Header[len(found.Header)-1]}
	}
	if lines.First == 0 || s.blocks > 0 {
		return nil, nil
	}
	first := slices.IndexFunc(s.ahead, func(r *row) bool { return r.line >= lines.First })
	if first < 0 {
		return nil, s.refuse(fmt.Sprintf("no line %d among the first %d rows", lines.First, len(s.ahead)), "the header there", "correct the layout's header", 0)
	}
	height := 0
	for first+height < len(s.ahead) && s.ahead[first+height].line <= lines.Last {
		height++
	}
	if height == 0 {
		return nil, s.refuse(fmt.Sprintf("line %d blank", lines.First), "the header there", "correct the layout's header", lines.First)
	}
	h := s.at(first, height, catalog.Text{Zh: "按设置", En: "as settled"})
	h.settled, h.sure = true, 1
	if found != nil {
		h.evidence, h.sure, h.instead = found.Evidence, found.Sure, found.Instead
	}
	if len(l.Columns) > 0 {
		h = renamed(h, l.Columns)
	}
	return &h, nil
}

// renamed is a header whose columns somebody has named.
func renamed(h header, names []string) header {
	h.groups, h.stride = 1, 0
	for i, name := range names {
		if i == len(h.columns) {
			h.columns = append(h.columns, Column{Column: i + 1})
		}
		if name != "" {
			h.columns[i] = Column{Column: i + 1, Header: name, Parts: []string{name}, Unit: h.columns[i].Unit, Shift: h.columns[i].Shift}
		}
	}
	return h
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

// nameBlanks calls columns that hold something and have no header column_N,
// and adds those behind the header's last that most rows fill: a single longer
// row has slipped.
func (s *Sheet) nameBlanks(h header) header {
	if h.groups > 1 {
		return h
	}
	b := bodyOf(untilGap(s.ahead[h.start+h.height:]), nil)
	for j := range b.columns {
		if b.columns[j].filled == 0 || j < len(h.columns) && h.columns[j].Header != "" {
			continue
		}
		name := "column_" + strconv.Itoa(j+1)
		if j >= len(h.columns) && (b.columns[j].share < 0.5 || !slices.ContainsFunc(b.rows[:min(2, len(b.rows))], func(r *row) bool { return r.kind(j) != nothing })) {
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

// findNamed chooses the rows that name the most fields, less those that are
// named twice.
func (s *Sheet) findNamed() (header, error) {
	names := s.remember(s.options.Names)
	var best []Column
	at, height, bestScore, second := 0, 0, 0, 0
	var instead []string
	for start, r := range s.ahead[:s.reach()] {
		if r.count() == 0 {
			continue
		}
		least := s.spanning(start)
		for n := least; n <= max(maxHeight, least) && start+n <= len(s.ahead); n++ {
			columns := s.columns(start, n)
			score := named(columns, names)
			// Of equal ones the lowest: a title above is no part of the header.
			if score > bestScore || score == bestScore && score > 0 && n < height {
				if bestScore > 0 && at != start {
					second, instead = bestScore, []string{s.lines(at, height)}
				}
				best, at, height, bestScore = columns, start, n, score
			} else if score > second && start != at {
				second, instead = score, []string{s.lines(start, n)}
			}
		}
	}
	if bestScore == 0 {
		return header{}, s.refuse(s.firstLine(), "", "", s.line(0))
	}
	for at+height < len(s.ahead) && isEdition(s.ahead[at+height].cells, best, names) {
		height++
	}
	known := 0
	shared := SharedOf(best)
	for i := range best {
		if fieldOf(&best[i], shared, names) >= 0 {
			known++
		}
	}
	h := s.at(at, height, catalog.Text{Zh: fmt.Sprintf("该行有 %d 个已知列名", known), En: fmt.Sprintf("it names %d known columns", known)})
	h.sure, h.instead = sureness(float64(bestScore-second)/2), instead
	return h, nil
}

// sureness brings how much better the choice is than the next one to a number
// from 0 to 1.
func sureness(margin float64) float64 { return max(0, float64(int(100*margin/(margin+0.2)))/100) }

// evidence is what the rows under a header are worth: one says little of what the
// next looks like.
func evidence(rows []*row) float64 {
	n := float64(len(bodyOf(rows, nil).rows))
	return n / (n + 1)
}

// lines are the lines of a header, as --header takes them.
func (s *Sheet) lines(start, height int) string {
	first, last := s.line(start), s.line(start+height-1)
	return catalog.Lines{First: first, Last: last}.String()
}

// remember keeps what names say of each text.
func (s *Sheet) remember(names Names) Names {
	if s.known == nil {
		s.known = &memory{names: names, fields: map[string]int{}}
	}
	return s.known
}

type memory struct {
	names  Names
	fields map[string]int
}

func (m *memory) Field(header string) int {
	f, ok := m.fields[header]
	if !ok {
		f = m.names.Field(header)
		m.fields[header] = f
	}
	return f
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
	if i >= 0 && i < len(s.ahead) {
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
func fieldOf(c *Column, shared Shared, names Names) int {
	for _, text := range c.Readings(shared) {
		if f := names.Field(text); f >= 0 {
			return f
		}
	}
	return -1
}

func named(columns []Column, names Names) int {
	seen := map[int]bool{}
	score := 0
	shared := SharedOf(columns)
	for i := range columns {
		switch f := fieldOf(&columns[i], shared, names); {
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
	shared := SharedOf(columns)
	for i, c := range cells {
		if strings.TrimSpace(c) == "" {
			continue
		}
		if f := names.Field(c); f >= 0 && i < len(columns) && f == fieldOf(&columns[i], shared, names) {
			same++
		} else {
			other++
		}
	}
	return same > other
}

// untilGap is the rows up to a blank one, behind which another table may stand.
func untilGap(rows []*row) []*row {
	some := false
	for i, r := range rows {
		if r.count() == 0 && some {
			return rows[:i]
		}
		some = some || r.count() > 0
	}
	return rows
}

// What a candidate loses for a row above it that would be left out: a line about
// the table is free, one of several texts may be the upper row of the header,
// and one that is as full as the rows below is data or the header itself.
const (
	costNote = 0.02
	costPart = 0.4
	costFull = 1.5
	costMost = 4 // from here on no candidate can win
	// scoreNone is what a table without a header is worth whose first row is data.
	scoreNone = 1.1
)

func (b *body) cost(r *row) float64 {
	switch {
	case r.count() == 0:
		return 0
	case r.isNote():
		return costNote
	case b.filled(r.cells) >= 0.6:
		return costFull
	}
	return costPart
}

// findByShape chooses the header without knowing the columns: texts over
// numbers, all different, that fill most columns and do not come again below.
// What is left out above a header counts against it.
func (s *Sheet) findByShape() (header, error) {
	type candidate struct {
		start, height int
		score         float64
	}
	var all []candidate
	whole := bodyOf(untilTable(s.ahead), nil)
	lost := 0.0
	for start, r := range s.ahead[:s.reach()] {
		if r.count() == 0 {
			continue
		}
		if lost > costMost {
			break
		}
		least := s.spanning(start)
		for height := least; height <= max(maxHeight, least) && start+height <= len(s.ahead); height++ {
			if score, ok := s.score(start, height); ok {
				all = append(all, candidate{start, height, score - lost})
			}
		}
		lost += whole.cost(r)
	}
	slices.SortStableFunc(all, func(a, b candidate) int {
		switch {
		case a.score > b.score:
			return -1
		case a.score < b.score:
			return 1
		}
		return 0
	})
	first := slices.IndexFunc(s.ahead, func(r *row) bool { return r.count() > 0 })
	if first < 0 {
		return header{}, s.refuse("no rows", "a header and rows", "send the file again", 0)
	}
	under := bodyOf(s.ahead[first:], nil)
	none := 0.0
	if len(under.rows) > 1 && under.filled(s.ahead[first].cells) >= 0.5 && under.like(s.ahead[first]) >= 0.5 {
		if none = 0.2; !slices.ContainsFunc(all, func(c candidate) bool { return c.start == first }) {
			none = scoreNone
		}
	}
	if len(all) > 0 && all[0].score > none {
		best := all[0]
		h := s.at(best.start, best.height, catalog.Text{Zh: "其文字位于数据之上，各不相同且下方不再出现", En: "its texts stand over the data, differ from one another and do not come again below"})
		next := none
		for _, c := range all[1:] {
			if c.score > 0 && len(h.instead) < 3 {
				h.instead = append(h.instead, s.lines(c.start, c.height))
			}
			next = max(next, c.score)
		}
		h.instead = append(h.instead, "none")
		h.sure = sureness(best.score-next) * evidence(s.ahead[best.start+best.height:])
		return h, nil
	}
	if none > 0 {
		h := s.unnamed(catalog.Text{Zh: "第一行与其他行一样是数据", En: "the first row is data as the others are"})
		h.instead, h.sure = []string{s.lines(first, 1)}, sureness(none)
		if len(all) > 0 {
			h.sure = sureness(none - all[0].score)
		}
		h.sure *= evidence(s.ahead[first:])
		return h, nil
	}
	return header{}, s.refuse("no row that can be told to be the header; the first one is "+Quote(s.ahead[first].cells), "column names over the data",
		"name its line (--header), or say that there is none (--header none)", s.ahead[first].line)
}

// untilTable is the rows up to a gap, where a table stands before it.
func untilTable(rows []*row) []*row {
	near, full := untilGap(rows), 0
	for _, r := range near {
		if r.count() > 1 {
			full++
		}
	}
	if full > 2 {
		return near
	}
	return rows
}

// score judges a candidate; what cannot be a header is not ok. The weights
// were set on the real files of the tests.
func (s *Sheet) score(start, height int) (float64, bool) {
	parts := fill(s.ahead[start:start+height], s.merges)
	texts := make([]string, len(parts))
	header := map[string]bool{"": true}
	for j, p := range parts {
		texts[j] = joined(p)
		for _, part := range p {
			header[part] = true
		}
	}
	body := bodyOf(s.ahead[start+height:], func(r *row) bool { return r.count() > 1 && repeats(r, header) })
	if len(body.rows) == 0 {
		// Headers alone are a table without rows, if nothing else can be one.
		words := len(texts) > 1 && (height == 1 || len(s.merges) > 0)
		for _, p := range parts {
			words = words && !slices.ContainsFunc(p, func(t string) bool { k := classOf(t); return k == number || k == date })
		}
		return 0.01, words && start == slices.IndexFunc(s.ahead, func(r *row) bool { return r.count() > 0 })
	}
	filled := body.filled(texts)
	if filled < 0.5 {
		return 0, false
	}
	editions := height == 2 && s.editions(parts, body)
	contrast, ok := body.contrast(s.ahead[start:start+height], parts)
	if !ok || contrast <= -0.2 || height > 1 && !editions && !s.grouped(start, height, parts, body) {
		return 0, false
	}
	groups, _ := beside(texts)
	score := filled + contrast + 0.5*(2*body.like(body.rows[0])-1) - 0.15*float64(height-1)
	score -= 0.3*repeated(texts, groups) + 0.5*lengthy(texts)
	if editions {
		score += 0.5
	}
	return score, true
}

// repeats reports whether a row has texts of the header alone.
func repeats(r *row, header map[string]bool) bool {
	return !slices.ContainsFunc(r.cells, func(c string) bool { return !header[strings.Join(strings.Fields(c), " ")] })
}

// grouped reports whether the rows of a candidate are one header: every row but
// the lowest leaves something to the row below it. A heading is merged or spread
// over several columns, or stands beside columns that are named below it.
func (s *Sheet) grouped(start, height int, parts [][]string, b *body) bool {
	for n := range height - 1 {
		upper, lower := s.ahead[start+n], s.ahead[start+n+1]
		if slices.ContainsFunc(s.merges, func(m decode.Range) bool {
			return int64(m.Row) <= upper.line && int64(m.Row2) >= upper.line && (m.Row2 > m.Row || m.Col2 > m.Col)
		}) {
			continue
		}
		if isUnitRow(lower) {
			continue
		}
		spread, under, inside := false, false, false
		last := used(upper.cells)
		for j := range parts {
			above, below := strings.TrimSpace(cellAt(upper.cells, j)), strings.TrimSpace(cellAt(lower.cells, j))
			spread = spread || above == "" && below != "" && j > 0
			under = under || above != "" && below == ""
			inside = inside || above == "" && below != "" && j < last
			if j > 0 && above != "" && above == strings.TrimSpace(cellAt(upper.cells, j-1)) && below != "" && below != strings.TrimSpace(cellAt(lower.cells, j-1)) {
				spread, inside = true, true // the heading is repeated over its columns
			}
		}
		if !spread || !under && !inside {
			return false
		}
		if contrast, ok := b.contrast([]*row{lower}, fill([]*row{lower}, nil)); !ok || contrast <= -0.2 {
			return false // it is data
		}
	}
	return true
}

// contrast is how much a candidate differs from what stands below it, from -1
// to 1. It is not ok with a number over numbers: that is data.
func (b *body) contrast(rows []*row, parts [][]string) (contrast float64, ok bool) {
	series := make([]bool, len(rows))
	for i := range rows {
		texts := make([]string, len(parts))
		for j := range parts {
			texts[j] = parts[j][i]
		}
		series[i] = isSeries(texts)
	}
	for j := range b.columns {
		p := &b.columns[j]
		if p.filled == 0 || j >= len(parts) || joined(parts[j]) == "" {
			continue
		}
		least := 1.0
		for i, part := range parts[j] {
			if part == "" {
				continue
			}
			switch k := classOf(part); {
			case series[i] && k.figure() && p.figures():
				least = min(least, 0.6)
			case k == number && p.figures() || k == year && p.mostly(year) || k == date && p.mostly(date):
				return 0, false
			case k == number && !series[i]:
				least = min(least, -0.7)
			case k == flag && p.mostly(flag):
				least = min(least, -0.7)
			case p.figures() && k != word && k != latin && k != code:
				least = min(least, 0.6)
			case len(b.rows) > 2 && b.holds(j, part):
				least = min(least, -1)
			case !p.figures() && p.mostly(flag), !p.figures() && p.mostly(code) && k != code:
				least = min(least, 0.5)
			case !p.figures():
				least = min(least, 0.1)
			}
		}
		contrast += least * p.share
	}
	return contrast / max(b.weight, 1e-9), true
}

// isSeries reports whether the numbers, years or dates among the texts of a row
// go on one by one, as the days of a month, the years and the months do over columns.
func isSeries(texts []string) bool {
	var steps []float64
	last, n := 0.0, 0
	for _, t := range texts {
		k := classOf(t)
		if !k.figure() {
			continue
		}
		v, ok := ordinal(t, k)
		if !ok {
			return false
		}
		if n > 0 {
			steps = append(steps, v-last)
		}
		last = v
		n++
	}
	if n < 3 {
		return false
	}
	for _, step := range steps {
		if step == 0 || step*steps[0] < 0 || max(step/steps[0], steps[0]/step) > 1.2 {
			return false
		}
	}
	return steps[0] > -400 && steps[0] < 400
}

var days = []string{"2006-01-02", "2006-1-2", "2006/1/2", "2006.1.2", "2006年1月2日", "2006-01-02T15:04:05", "2006-1", "2006/1", "2006.1", "2006年1月"}

// ordinal places a number, year or day on a line; days and months count in days.
func ordinal(text string, k class) (float64, bool) {
	text = strings.TrimSpace(text)
	if k == date {
		for _, form := range days {
			if t, err := time.Parse(form, text); err == nil {
				return float64(t.Unix() / 86400), true
			}
		}
		return 0, false
	}
	v, err := strconv.ParseFloat(strings.TrimRight(text, "年度份"), 64)
	return v, err == nil
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
