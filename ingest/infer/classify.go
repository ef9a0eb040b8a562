package infer

import (
	"encoding/binary"
	"strings"
	"unicode"
	"unicode/utf8"

	"govdata/ingest/normalise"
)

// markTexts mean "no value" among numbers, dates and booleans.
var markTexts = [...]string{"/", "—", "——", "-", "--", "无", "無", "不详", "暂无", "N/A", "n/a", "NA", "null", "NULL", "Null", `\N`, "..", "…", "……", "nan", "NaN", "NAN", "None", "#N/A"}

// markForms are the marks, each as it stands and in full width.
const markForms = 2 * len(markTexts)

// marks finds the form of a mark by the text of a tidied cell; full-width ones
// are the same mark, as they are to normalise.RuleOf.
var marks = indexMarks()

type markIndex struct {
	index   map[string]int
	first   [256]bool
	longest int
}

func indexMarks() markIndex {
	m := markIndex{index: map[string]int{}}
	wide := func(r rune) rune {
		if r > ' ' && r < 0x7f {
			return r + 0xFEE0
		}
		return r
	}
	for i, text := range markTexts {
		for j, form := range []string{normalise.Clean(strings.Map(wide, text)), text} {
			m.index[form], m.first[form[0]], m.longest = 2*i+1-j, true, max(m.longest, len(form))
		}
	}
	return m
}

// The words of booleans come in pairs: true and false stand next to each other.
const wordCount = 10

var wordIndex = map[string]int{"true": 0, "false": 1, "是": 2, "否": 3, "y": 4, "n": 5, "yes": 6, "no": 7, "t": 8, "f": 9}

// scan counts the characters of b, and reports whether there are other than
// ASCII ones, and some that normalise.Clean may change.
func scan(b []byte) (runes int, wide, suspect bool) {
	i := 0
	for ; i+8 <= len(b) && binary.LittleEndian.Uint64(b[i:])&0x8080808080808080 == 0; i += 8 {
	}
	for runes = i; i < len(b); runes++ {
		lead := leads[b[i]]
		i += int(lead.width)
		wide = wide || lead.width > 1
		suspect = suspect || lead.suspect
	}
	return runes, wide, suspect
}

// lead is what the first byte of a character tells: its length, and whether it
// may be white space or a full-width letter (U+00A0, U+1680, U+2000, U+3000,
// U+FEFF, U+FF10).
type lead struct {
	width   uint8
	suspect bool
}

var leads = func() (l [256]lead) {
	for b := range l {
		switch {
		case b >= 0xF0:
			l[b].width = 4
		case b >= 0xE0:
			l[b].width = 3
		case b >= 0xC0:
			l[b].width = 2
		default:
			l[b].width = 1
		}
	}
	for _, b := range []byte{0xC2, 0xE1, 0xE2, 0xE3, 0xEF} {
		l[b].suspect = true
	}
	return l
}()

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// classify counts s, tidied and not empty, and returns its kind.
func (c *Column) classify(s string, wide bool) kind {
	switch first := s[0]; {
	case first >= '0' && first <= '9':
		return c.startsWithDigit(s, wide)
	case first >= 'A' && first <= 'Z' || first >= 'a' && first <= 'z':
		return c.startsWithLetter(s)
	case first >= utf8.RuneSelf:
		return c.startsWide(s)
	case first == '-' || first == '.' || first == '+' || first == '(' || first == ',':
		return c.startsWithSign(s, wide)
	case first == '$' && len(s) > 1:
		return c.dollars(s, wide)
	}
	return kindText
}

func (c *Column) startsWithDigit(s string, wide bool) kind {
	if p, ok := glance(s); ok {
		switch {
		case p.point >= 0 || p.comma >= 0:
			if c.number(s, p, false) {
				c.pointMonth(s, p)
				return kindNumber
			}
		case p.zeros:
			return kindZeros
		case p.digits > 15:
			return kindLong
		default:
			c.digits.add(p.value)
			c.compactDate(p)
			return kindDigits
		}
	}
	if s[len(s)-1] == '%' {
		if k := c.percentage(s[:len(s)-1]); k != kindText {
			return k
		}
	}
	if wide {
		if year, month, day, ok := cutChineseDate(s); ok && dayExists(year, month, day) {
			c.dates[0].add(momentOf(year, month, day, 0, 0, 0), c.cells, s)
			return kindDay
		}
		return c.wideNumber(s)
	}
	if d, ok := cutNumericDate(s); ok {
		return c.numericDay(s, d)
	}
	n := 1
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	if n == len(s) {
		switch {
		case s[0] == '0':
			return kindZeros
		default:
			return kindLong
		}
	}
	switch after := s[n]; {
	case after == ':' && n <= 2:
		return c.timeOfDay(s)
	case (after == '-' || after == '/') && n == 4:
		return c.month(s)
	case (after == '-' || after == ' ') && n <= 2 && isLetter(s[n+1:]):
		if k := c.wordedDay(s, 1); k != kindText {
			return k
		}
	case after == 'T' && n == 8, after == ' ' && n == 8: // 20160305T093000
		return c.readDay(s)
	}
	if numeric(s) {
		return c.odd(s)
	}
	return kindText
}

// percentage counts a plain number that had a percent sign.
func (c *Column) percentage(s string) kind {
	p, ok := glance(s)
	switch {
	case !ok || p.zeros && p.point < 0:
		return kindText
	case p.point < 0 && p.comma < 0:
		c.shared.addPlain(p.value, 0, true)
	case !c.number(s, p, true):
		return kindText
	}
	return kindNumber
}

// isLetter reports whether s begins with a Latin letter.
func isLetter(s string) bool {
	return s != "" && (s[0] >= 'A' && s[0] <= 'Z' || s[0] >= 'a' && s[0] <= 'z')
}

// maxUnit is the longest unit, in bytes.
const maxUnit = 30

// numeric reports whether an ASCII cell is digits and marks with at most a
// short unit behind, so that it is worth to be read as a number.
func numeric(s string) bool {
	end := len(s)
	if strings.HasSuffix(s, "m2") || strings.HasSuffix(s, "m3") {
		end -= len("m2")
	}
	for end > 0 && (s[end-1] < '0' || s[end-1] > '9') {
		end--
	}
	for i := range end {
		switch c := s[i]; {
		case c >= '0' && c <= '9', c == '.', c == ',', c == '(', c|0x20 == 'e':
		case (c == '+' || c == '-') && (i == 0 || s[i-1]|0x20 == 'e'):
		default:
			return false
		}
	}
	return end > 0 && len(s)-end <= maxUnit
}

func (c *Column) startsWithLetter(s string) kind {
	if len(s) <= 5 {
		if k, ok := c.word(s); ok {
			return k
		}
	}
	if len(s) < 6 {
		return kindText
	}
	switch {
	case strings.Contains(monthStarts, string([]byte{s[0] | 0x20, s[1] | 0x20, s[2] | 0x20})):
		if !strings.ContainsAny(s, "0123456789") {
			return kindText
		}
		if c.month(s) == kindMonth {
			return kindMonth
		}
		return c.wordedDay(s, 2)
	case strings.HasPrefix(s, "RMB"):
		return c.odd(s)
	}
	return kindText
}

const monthStarts = "jan feb mar apr may jun jul aug sep oct nov dec"

// word counts the words of booleans.
func (c *Column) word(s string) (kind, bool) {
	var lower [5]byte
	if len(s) > len(lower) {
		return kindText, false
	}
	for i := range len(s) {
		lower[i] = s[i]
		if s[i] >= 'A' && s[i] <= 'Z' {
			lower[i] |= 0x20
		}
	}
	i, ok := wordIndex[string(lower[:len(s)])]
	if !ok {
		return kindText, false
	}
	c.words[i]++
	return kindWord, true
}

func (c *Column) startsWithSign(s string, wide bool) kind {
	if s[0] == '-' && len(s) > 1 {
		if p, ok := glance(s); ok {
			switch {
			case p.point >= 0 || p.comma >= 0:
				if c.number(s, p, false) {
					return kindNumber
				}
				return kindText
			case p.zeros:
				return kindZeros
			}
			c.shared.addPlain(p.value, 0, false)
			return kindNumber
		}
	}
	if wide {
		return c.wideNumber(s)
	}
	if s[0] == '-' && len(s) > 2 && s[len(s)-1] == '%' {
		if k := c.percentage(s[:len(s)-1]); k != kindText {
			return k
		}
	}
	if i := strings.IndexByte(s, '$'); i >= 0 && i <= 2 {
		return c.dollars(s, wide)
	}
	if numeric(strings.TrimSuffix(s, ")")) {
		return c.odd(s)
	}
	return kindText
}

// dollars is for a cell with a dollar sign before its number.
func (c *Column) dollars(s string, wide bool) kind {
	switch {
	case wide:
		return c.wideNumber(s)
	case numeric(strings.TrimSuffix(strings.TrimLeft(s, "$-+( "), ")")):
		return c.odd(s)
	}
	return kindText
}

// startsWide is for a cell whose first character is not ASCII: text, unless it
// is one that a number, a date or a boolean begins with.
func (c *Column) startsWide(s string) kind {
	r, _ := utf8.DecodeRuneInString(s)
	switch r {
	case '是', '否':
		if k, ok := c.word(s); ok {
			return k
		}
	case '长', '永':
		if normalise.LongTerm(s) {
			return kindForever
		}
	case '人', '民', '中':
		for _, start := range []string{"人民币", "民国", "民國", "中華民國", "中华民国"} {
			if strings.HasPrefix(s, start) {
				return c.wideNumber(s)
			}
		}
	case '零', '〇', '○', '一', '二', '两', '三', '四', '五', '六', '七', '八', '九', '十', '壹', '贰', '貳', '叁', '參', '肆', '伍', '陆', '陸', '柒', '捌', '玖', '拾',
		'￥', '¥', '£', '€', '₩', '₽', '₹', '＄', '（', '＋', '－', '−', '‐', '‒', '–', '．', '，':
		return c.wideNumber(s)
	}
	return kindText
}

// wideNumber is for a cell that begins like a number or a date and has other
// than ASCII characters in it.
func (c *Column) wideNumber(s string) kind {
	if longTail(s) || deceptive(s) {
		return kindText
	}
	if folded := normalise.Fold(s); folded != s && isASCII(folded) {
		return c.classify(folded, false)
	}
	if strings.ContainsAny(s, "年月日号时点－／．：") && len(s) <= 80 {
		if c.readDay(s) == kindDay {
			return kindDay
		}
		if c.month(s) == kindMonth {
			return kindMonth
		}
		if c.timeOfDay(s) == kindClock {
			return kindClock
		}
	}
	if s[0] >= '0' && s[0] <= '9' {
		if at := strings.LastIndexAny(s, "0123456789"); len(s)-at-1 > maxUnit {
			return kindText
		}
	}
	return c.odd(s)
}

// longTail reports cheaply whether s is a number with more behind it than a unit
// or the rest of a date, as in an address.
func longTail(s string) bool {
	end := 0
	for end < len(s) && s[end] < utf8.RuneSelf {
		end++
	}
	if s = s[end:]; end == 0 || len(s) <= maxUnit {
		return false
	}
	r, _ := utf8.DecodeRuneInString(s)
	return !strings.ContainsRune("年月日号时点－／．：，％　０１２３４５６７８９", r)
}

// deceptive reports whether NFKC would make a number of what is none: ① is not
// 1 and 10² not 102. m² is a unit.
func deceptive(s string) bool {
	before := rune(0)
	for _, r := range s {
		if r >= utf8.RuneSelf && (r < 0x4E00 || r > 0x9FFF) && r != '〇' && unicode.IsNumber(r) && (r < '０' || r > '９') && before|0x20 != 'm' {
			return true
		}
		before = r
	}
	return false
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return s != ""
}

func (c *Column) month(s string) kind {
	m, err := normalise.YearMonth(s)
	if err != nil {
		return kindText
	}
	c.countMonth(m)
	return kindMonth
}

// countMonth keeps the bounds of months, and an eye on 2010-11, which may be a
// financial year.
func (c *Column) countMonth(m string) {
	year, month := decimal(m[:4]), decimal(m[5:])
	c.months.add(momentOf(year, month, 1, 0, 0, 0))
	if (year+1)%100 == month {
		c.fiscal++
	}
}

func (c *Column) timeOfDay(s string) kind {
	if _, err := normalise.TimeOfDay(s); err != nil {
		return kindText
	}
	return kindClock
}

// compactDate counts digits that may be dates, times and months.
func (c *Column) compactDate(p plainNumber) {
	switch p.digits {
	case 6:
		if v := int(p.value); dayExists(v/100, v%100, 1) {
			c.compactMonths++
			c.months.add(momentOf(v/100, v%100, 1, 0, 0, 0))
		}
	case 8:
		c.compactDay(int(p.value), 0)
	case 14:
		if clock := int(p.value % 1e6); clock/1e4 < 24 && clock/100%100 < 60 && clock%100 < 60 {
			c.compactTimes += c.compactDay(int(p.value/1e6), clock)
		}
	}
}

// compactDay counts the day yyyymmdd at hhmmss; 0 where there is none.
func (c *Column) compactDay(v, clock int) int64 {
	year, month, day := v/1e4, v/100%100, v%100
	if !dayExists(year, month, day) {
		return 0
	}
	c.compactDays++
	if year >= 1900 && year <= 2099 {
		c.compactRecent++
	}
	c.compact.add(momentOf(year, month, day, clock/1e4, clock/100%100, clock%100), c.cells, "")
	return 1
}

// pointMonth counts decimals that a spreadsheet may have made of 2016.03.
func (c *Column) pointMonth(s string, p plainNumber) {
	if len(s) == 7 && s[4] == '.' && p.comma < 0 && p.value >= 1800_00 && dayExists(int(p.value/100), int(p.value%100), 1) {
		c.pointMonths++
		c.months.add(momentOf(int(p.value/100), int(p.value%100), 1, 0, 0, 0))
	}
}
