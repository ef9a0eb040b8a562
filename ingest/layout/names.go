package layout

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"govdata/catalog"
	"govdata/ingest/decode"
	"govdata/ingest/normalise"
)

// Key is what two headers that mean the same column have in common: case, width,
// white space, marks of obligation and punctuation do not count.
func Key(header string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case ' ', '\t', '\n', '\r', '*', '★', '_', ':', '：', '"', '“', '”':
			return -1
		}
		return r
	}, strings.ToLower(normalise.Fold(header)))
}

// columns are the columns that these rows ahead would name, without units.
func (s *Sheet) columns(start, height int) []Column {
	parts := fill(s.ahead[start:start+height], s.merges)
	all := make([]Column, len(parts))
	for i, p := range parts {
		all[i] = Column{Column: i + 1, Header: joined(p), Parts: p}
	}
	return all
}

// at makes a header of these rows ahead.
func (s *Sheet) at(start, height int, why catalog.Text) header {
	h := header{start: start, height: height, evidence: why, columns: s.columns(start, height)}
	texts := make([]string, len(h.columns))
	for i := range h.columns {
		c := &h.columns[i]
		texts[i] = c.Header
		for _, text := range c.Readings(nil) {
			if _, unit, shift, ok := normalise.Unit(text); ok {
				c.Unit, c.Shift = unit, shift
				break
			}
		}
	}
	if h.groups, h.stride = beside(texts); h.groups > 1 {
		h.columns = h.columns[:lastText(texts[:h.stride])]
	}
	numbered(h.columns)
	return h
}

// numbered gives columns whose headers mean the same a number behind: a, a 2.
func numbered(columns []Column) {
	taken := map[string]bool{}
	for i := range columns {
		taken[Key(columns[i].Header)] = false
	}
	for i := range columns {
		c := &columns[i]
		if c.Header == "" {
			continue
		}
		if key := Key(c.Header); !taken[key] {
			taken[key] = true
			continue
		}
		c.Again = c.Header
		for n := 2; ; n++ {
			name := c.Again + " " + strconv.Itoa(n)
			if _, there := taken[Key(name)]; !there {
				c.Header, taken[Key(name)] = name, true
				break
			}
		}
	}
}

// lastText is the number of texts up to the last that is not blank.
func lastText(texts []string) int {
	n := len(texts)
	for n > 0 && texts[n-1] == "" {
		n--
	}
	return n
}

// beside finds columns that stand side by side: the same two or more headers
// again, with the same distance. It returns how often, and the distance.
func beside(texts []string) (groups, stride int) {
	texts = texts[:lastText(texts)]
	for stride := 2; stride <= len(texts)/2+1; stride++ {
		n := lastText(texts[:min(stride, len(texts))])
		groups := (len(texts) + stride - 1) / stride
		if n < 2 || groups < 2 || (groups-1)*stride+n != len(texts) || texts[0] == "" {
			continue
		}
		same, seen := true, map[string]bool{}
		for i := stride; i < len(texts) && same; i++ {
			same = texts[i] == texts[i%stride]
		}
		for _, t := range texts[:n] {
			same = same && !(t != "" && seen[t])
			seen[t] = true
		}
		if same {
			return groups, stride
		}
	}
	return 1, 0
}

// spanning returns how many rows the header has at least that begins in a row
// ahead: those that merged cells cover, and one more below a cell that is merged
// over some of the columns, whose own names stand there.
func (s *Sheet) spanning(start int) int {
	n := 1
	for i := 0; i < n && start+i < len(s.ahead); i++ {
		r := s.ahead[start+i]
		for _, m := range s.merges {
			if int64(m.Row) != r.line || m.Row2-m.Row >= mergedHeight || strings.TrimSpace(cellAt(r.cells, m.Col-1)) == "" {
				continue
			}
			n = max(n, i+m.Row2-m.Row+1)
			if below := i + m.Row2 - m.Row + 1; m.Col2 > m.Col && r.count() > 1 && n <= below && n < mergedHeight && s.namesBelow(start+below, m) {
				n = below + 1
			}
		}
	}
	return min(n, len(s.ahead)-start)
}

// namesBelow reports whether a row has names under a merged cell, and no data.
func (s *Sheet) namesBelow(at int, m decode.Range) bool {
	if at >= len(s.ahead) {
		return false
	}
	texts := 0
	for col := m.Col - 1; col < m.Col2; col++ {
		switch k := s.ahead[at].kind(col); {
		case k == number:
			return false
		case k != nothing:
			texts++
		}
	}
	return texts > 0
}

// fill returns for every column its header texts from top to bottom, with
// merged cells spread over what they cover. Where the file says nothing of
// merging (text files), a blank right of a heading that has something below
// belongs to that heading.
func fill(rows []*row, merges []decode.Range) [][]string {
	width := 0
	for _, r := range rows {
		width = max(width, used(r.cells))
	}
	grid := make([][]string, len(rows))
	for i, r := range rows {
		grid[i] = make([]string, width)
		for j := range min(width, len(r.cells)) {
			grid[i][j] = r.cells[j]
			if strings.ContainsFunc(r.cells[j], unicode.IsSpace) {
				grid[i][j] = strings.Join(strings.FieldsFunc(r.cells[j], unicode.IsSpace), " ")
			}
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
			if grid[i][j] == "" && below(rows[i+1:], j) && (i == 0 || grid[i-1][j] == grid[i-1][j-1]) {
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

// below reports whether a row below has a text in column j.
func below(rows []*row, j int) bool {
	for _, r := range rows {
		if strings.TrimSpace(cellAt(r.cells, j)) != "" {
			return true
		}
	}
	return false
}

var (
	// headerWord ends the titles of columns in Chinese tables.
	headerWord = regexp.MustCompile(`(名称|名稱|名|代码|代碼|编号|編號|编码|編碼|文号|序号|序號|日期|时间|時間|类别|類別|类型|類型|种类|金额|金額|数量|數量|` +
		`地址|单位|單位|电话|電話|年度|月份|备注|備註|标准|標準|依据|依據|部门|部門|机关|機關|说明|說明|状态|狀態)$`)
	identifier = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)
)

// editions reports whether two rows name each column twice, once as programs
// do and once in Chinese. Codes that look like those below them are data: the
// first row under 货币代码 is CNY.
func (s *Sheet) editions(parts [][]string, b *body) bool {
	words, asData, n := 0, 0, 0
	for j, p := range parts {
		upper, lower := p[0], p[1]
		if upper == "" && lower == "" {
			continue
		}
		programs, below := upper, false
		if identifier.MatchString(lower) {
			programs, upper, lower, below = lower, lower, upper, true
		}
		if !identifier.MatchString(upper) || lower == "" || !strings.ContainsFunc(lower, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
			return false
		}
		n++
		if headerWord.MatchString(lower) {
			words++
		}
		if below && j < len(b.columns) && b.looksLike(j, programs) {
			asData++
		}
	}
	return words*2 >= n && asData*2 < n && (asData == 0 || n > 2)
}

// looksLike reports whether a column holds identifiers, as the text is one.
func (b *body) looksLike(j int, text string) bool {
	n, all := 0, 0
	lower := text == strings.ToLower(text)
	for _, r := range b.rows {
		c := strings.TrimSpace(cellAt(r.cells, j))
		if c == "" {
			continue
		}
		if all++; lower && c == strings.ToUpper(c) {
			continue // code over AB
		}
		if identifier.MatchString(c) || classOf(c) == latin || classOf(c) == flag {
			n++
		}
	}
	return all == 0 || n*2 >= all
}

// isUnitText reports whether a text is a unit and nothing else: 万元, （人）, 单位：万元.
func isUnitText(text string) bool {
	text = strings.TrimSpace(text)
	if text == "" || len(text) > 60 {
		return false
	}
	if !strings.ContainsAny(text, "(（[【位") {
		return normalise.CellUnit(text)
	}
	title, _, _, ok := normalise.Unit(text)
	if ok && strings.TrimSpace(title) == "" {
		return true
	}
	return normalise.CellUnit(strings.Trim(text, "()（）[]【】")) && !strings.ContainsAny(text, "0123456789")
}

// isUnitRow reports whether the texts of a row are units, under the words of the
// header.
func isUnitRow(r *row) bool {
	texts := distinct(trimmed(r.cells))
	n := 0
	for _, t := range texts {
		if isUnitText(t) {
			n++
		}
	}
	return n > 0 && n == len(texts)
}
