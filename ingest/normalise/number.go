package normalise

import (
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

var (
	faultInteger  = fault("not_an_integer", "整数", "a whole number")
	faultDecimal  = fault("not_a_number", "数字", "a number")
	faultGrouping = fault("bad_grouping", "千分位分隔符应每三位一个", "thousands separators at every third digit")
	faultRange    = fault("out_of_range", "数值超出可存储的范围", "a number that the field's type can hold")
)

// Number says how a number is to be read.
type Number struct {
	// Precision and Scale bound the result: at most Precision digits, Scale of
	// them decimals.
	Precision, Scale int
	// Unit is the unit that values are stored in, as in 元; a cell may name it.
	Unit string
	// Shift is the power of ten of the unit that the column was sent in: 4 for
	// 万元. A unit or a magnitude in the cell itself wins.
	Shift int
	// Comma says that the decimal mark is a comma: 1.234,56.
	Comma bool
}

// Integer reads a whole number of at most 64 bits and returns it as plain
// digits. It understands what Decimal does; the precision and the scale are
// its own.
func Integer(s string, n Number) (string, error) {
	n.Precision, n.Scale = 19, 0
	if n.Shift == 0 && len(s) <= 18 && !n.points(s) {
		if v, ok := plain(s, n); ok {
			return v, nil
		}
	}
	v, err := Decimal(s, n)
	if err != nil {
		if f := err.(*Fault); f == faultDecimal || f.Code == "too_many_decimals" {
			return "", faultInteger
		}
		return "", err
	}
	if _, err := strconv.ParseInt(v, 10, 64); err != nil {
		return "", faultRange
	}
	return v, nil
}

// Decimal reads a number and returns it as exact decimal text in plain
// notation, without needless zeros. Money signs, thousands separators,
// accountants' brackets, powers of ten, Chinese numerals and a unit in the
// cell (12.5万元) are understood. Nothing is rounded: decimals beyond the scale
// are a fault. 12.5% is 12.5 where the unit is %, 0.125 where there is none,
// and a fault elsewhere.
func Decimal(s string, n Number) (string, error) {
	if n.Shift == 0 && !n.points(s) {
		if v, ok := plain(s, n); ok {
			return v, nil
		}
	}
	q, err := ParseQuantity(s, n.Comma)
	if err != nil {
		return "", err
	}
	shift, err := n.ShiftOf(q)
	if err != nil {
		return "", err
	}
	return n.place(q.Whole, q.Frac, shift+q.Exponent, q.Negative)
}

// Quantity is a number as it stands in a cell: Whole.Frac times ten to the
// power of Exponent, in Unit.
type Quantity struct {
	Whole, Frac string // digits, Whole without separators
	Exponent    int
	// Unit is what follows the number: 万元, kW, nothing. Money is a sign such
	// as ￥ before it.
	Unit  string
	Money bool
	// Absolute are numerals that name their magnitude (一百二十三万), which the
	// column's unit does not multiply.
	Absolute bool
	Negative bool
	// Bracketed is negative as accountants write it. Scientific names its
	// exponent.
	Bracketed, Scientific bool
}

// String returns the number in plain notation, without its unit.
func (q Quantity) String() string {
	text, _ := Number{Precision: 1 << 20, Scale: 1 << 19}.place(q.Whole, q.Frac, q.Exponent, q.Negative)
	return text
}

// ParseQuantity reads the number in s, and leaves its unit to the caller.
// comma says that a comma stands before the decimals, and points between
// thousands.
func ParseQuantity(s string, comma bool) (Quantity, error) {
	var q Quantity
	text := Fold(s)
	if len(text) > 2 && text[0] == '(' && text[len(text)-1] == ')' {
		if text = trim(text[1 : len(text)-1]); strings.ContainsAny(text[:min(1, len(text))], "+-") {
			return q, faultDecimal
		}
		q.Bracketed = true
	}
	text, currency, minus, money := cutSigns(text)
	q.Negative, q.Money = q.Bracketed != minus, money
	if text == "" {
		return q, faultDecimal
	}
	point, separator := byte('.'), byte(',')
	if comma {
		point, separator = separator, point
	}
	if c := text[0]; c != point && (c < '0' || c > '9') {
		return q.numerals(text)
	}
	whole, text := cutDigits(text, separator)
	if strings.IndexByte(whole, separator) >= 0 {
		if !grouped(whole, separator) {
			return q, faultGrouping
		}
		whole = strings.ReplaceAll(whole, string(separator), "")
	}
	q.Whole = whole
	if text != "" && text[0] == point {
		q.Frac, text = cutDigits(text[1:], 0)
	}
	if q.Whole == "" && q.Frac == "" {
		return q, faultDecimal
	}
	before := len(text)
	var ok bool
	if q.Exponent, text, ok = cutExponent(text); !ok {
		return q, faultRange
	}
	q.Unit, q.Scientific = trim(text), len(text) < before
	switch {
	case currency == "":
	case q.Unit == "" || q.Unit == currency:
		q.Unit = currency
	case magnitudeOnly(q.Unit):
		q.Unit += currency
	default:
		return q, faultDecimal
	}
	return q, nil
}

// Damaged reports whether s is a long number that a spreadsheet rounded:
// 6.20102E+17, or 16 to 19 digits of which the last three (from the 16th on) are
// zeros.
func Damaged(s string) bool {
	if len(s) < 8 || len(s) > 24 || s[0] < '1' || s[0] > '9' {
		return false
	}
	if s[1] == '.' {
		i := strings.IndexAny(s, "eE")
		if i < 3 || i+2 >= len(s) || s[i+1] != '+' || !digits(s[2:i]) || !digits(s[i+2:]) {
			return false
		}
		e, err := strconv.Atoi(s[i+2:])
		return err == nil && e >= 11 && e <= 20 && i-2 < e
	}
	return len(s) >= 16 && len(s) <= 19 && digits(s) && strings.Trim(s[15:], "0") == "" && len(s) >= 18
}

// points reports whether s has points that part no decimals.
func (n Number) points(s string) bool { return n.Comma && strings.IndexByte(s, '.') >= 0 }

// plain returns a number that is canonical but for zeros at its end, and
// whether s is one that n can hold. It allocates nothing.
func plain(s string, n Number) (string, bool) {
	start := 0
	if s != "" && s[0] == '-' {
		start = 1
	}
	point := start
	for point < len(s) && s[point] >= '0' && s[point] <= '9' {
		point++
	}
	if point == start || s[start] == '0' && point > start+1 || point-start > n.Precision-n.Scale {
		return "", false
	}
	end := point
	if point < len(s) {
		if s[point] != '.' || point+1 == len(s) {
			return "", false
		}
		for i := point + 1; i < len(s); i++ {
			if s[i] < '0' || s[i] > '9' {
				return "", false
			}
			if s[i] != '0' {
				end = i + 1
			}
		}
	}
	if end-point-1 > n.Scale || s[:end] == "-0" {
		return "", false
	}
	return s[:end], true
}

// cutSigns takes a sign and a money mark, in either order, off the front.
func cutSigns(s string) (rest, currency string, negative, money bool) {
	signed := false
	for s != "" {
		r, size := utf8.DecodeRuneInString(s)
		switch {
		case !signed && (r == '-' || r == '+' || r == '−' || r == '‐' || r == '‒' || r == '–'):
			signed, negative = true, r != '+'
		case !money && r == '¥': // Fold made ￥ one
			money = true
		case !money && currency == "" && currencies[r] != "":
			currency = currencies[r]
		case !money && strings.HasPrefix(s, "人民币"):
			money, size = true, len("人民币")
		case !money && strings.HasPrefix(s, "RMB"):
			money, size = true, len("RMB")
		case r == ' ':
		default:
			return s, currency, negative, money
		}
		s = s[size:]
	}
	return s, currency, negative, money
}

// currencies are the signs before amounts, but for that of the yuan.
var currencies = map[rune]string{'$': "美元", '£': "英镑", '€': "欧元", '₩': "韩元", '₽': "卢布", '₹': "卢比"}

func magnitudeOnly(unit string) bool {
	base, shift := cutMagnitude(unit)
	return base == "" && shift > 0
}

// cutDigits takes digits off the front, and separator among them unless it is 0.
func cutDigits(s string, separator byte) (digits, rest string) {
	i := 0
	for i < len(s) && (s[i] >= '0' && s[i] <= '9' || separator != 0 && s[i] == separator) {
		i++
	}
	return s[:i], s[i:]
}

// grouped reports whether every separator has three digits after it, and the
// first one to three before it.
func grouped(s string, separator byte) bool {
	for i, group := range strings.Split(s, string(separator)) {
		if len(group) != 3 && (i > 0 || len(group) == 0 || len(group) > 3) {
			return false
		}
	}
	return true
}

// cutExponent takes an exponent such as E+05 off the front. ok is false where
// it is beyond all bounds.
func cutExponent(s string) (exponent int, rest string, ok bool) {
	if s == "" || s[0] != 'e' && s[0] != 'E' {
		return 0, s, true
	}
	sign, digits := 1, s[1:]
	if digits != "" && (digits[0] == '+' || digits[0] == '-') {
		if digits[0] == '-' {
			sign = -1
		}
		digits = digits[1:]
	}
	digits, rest = cutDigits(digits, 0)
	if digits == "" {
		return 0, s, true // no exponent but a unit, which will be refused
	}
	e, err := strconv.Atoi(digits)
	return sign * e, rest, err == nil && e < 1000
}

// place writes whole.frac with its point shift digits further right.
func (n Number) place(whole, frac string, shift int, negative bool) (string, error) {
	var stack [64]byte
	digits := append(append(stack[:0], whole...), frac...)
	point := len(whole) + shift
	start, end := 0, len(digits)
	for start < end && digits[start] == '0' {
		start++
	}
	for end > start && digits[end-1] == '0' {
		end--
	}
	if start == end {
		return "0", nil
	}
	switch {
	case end-point > n.Scale:
		scale := strconv.Itoa(n.Scale)
		return "", fault("too_many_decimals", "小数位数不超过"+scale+"位", "at most "+scale+" decimals")
	case point-start > n.Precision-n.Scale:
		return "", faultRange
	}
	var out strings.Builder
	out.Grow(end - start + max(0, start-point) + max(0, point-end) + 3)
	if negative {
		out.WriteByte('-')
	}
	if point <= start {
		out.WriteByte('0')
	}
	for i := min(start, point); i < max(end, point); i++ {
		if i == point {
			out.WriteByte('.')
		}
		if i < start || i >= end {
			out.WriteByte('0')
		} else {
			out.WriteByte(digits[i])
		}
	}
	return out.String(), nil
}

// ShiftOf returns the power of ten that the unit of a cell asks for; without
// one it is the column's.
func (n Number) ShiftOf(q Quantity) (int, error) {
	unit, money := q.Unit, q.Money
	if base, ok := strings.CutSuffix(unit, "元整"); ok {
		unit = base + "元"
	}
	want, offset := standardUnit(n.Unit)
	wrong := func() error {
		if n.Unit == "" {
			return fault("unknown_unit", "不带单位的数字", "a number without a unit")
		}
		return fault("unknown_unit", "以"+n.Unit+"为单位的数字", "a number in "+n.Unit)
	}
	switch {
	case unit != "" && unit[0] >= '0' && unit[0] <= '9' || strings.HasPrefix(unit, ".") || strings.HasPrefix(unit, ","):
		return 0, faultDecimal
	case money && want != "元":
		return 0, wrong()
	case unit == "" && q.Absolute:
		return 0, nil
	case unit == "":
		return n.Shift, nil
	}
	if p, ok := parts[unit]; ok {
		if q, ok := parts[want]; ok || want == "" {
			return p - q, nil
		}
		return 0, wrong()
	}
	if got, shift := standardUnit(unit); got == want {
		return shift - offset, nil
	}
	base, magnitude := cutMagnitude(unit)
	if got, shift := standardUnit(base); magnitude > 0 && (got == want || got == "") {
		return magnitude + shift - offset*min(1, len(base)), nil
	}
	return 0, wrong()
}

// parts are units that are powers of ten themselves.
var parts = map[string]int{"%": -2, "‰": -3}

// standardUnit gives a unit its plain Chinese name, with the power of ten
// between the two.
func standardUnit(unit string) (name string, shift int) {
	if u, ok := symbols[unit]; ok {
		return u.name, u.shift
	}
	return unit, 0
}

var symbols = map[string]struct {
	name  string
	shift int
}{
	"USD": {"美元", 0}, "EUR": {"欧元", 0}, "GBP": {"英镑", 0}, "HKD": {"港元", 0}, "JPY": {"日元", 0}, "$": {"美元", 0}, "€": {"欧元", 0}, "£": {"英镑", 0}, "美金": {"美元", 0},
	"圆": {"元", 0}, "RMB": {"元", 0}, "CNY": {"元", 0}, "人民币": {"元", 0}, "人民币元": {"元", 0},
	"W": {"瓦", 0}, "kW": {"瓦", 3}, "KW": {"瓦", 3}, "kw": {"瓦", 3}, "千瓦": {"瓦", 3}, "瓩": {"瓦", 3}, "MW": {"瓦", 6}, "兆瓦": {"瓦", 6},
	"kWh": {"千瓦时", 0}, "kwh": {"千瓦时", 0}, "KWH": {"千瓦时", 0}, "千瓦·时": {"千瓦时", 0},
	"g": {"克", 0}, "kg": {"克", 3}, "KG": {"克", 3}, "千克": {"克", 3}, "公斤": {"克", 3}, "t": {"克", 6}, "吨": {"克", 6},
	"mm": {"毫米", 0}, "m": {"米", 0}, "km": {"米", 3}, "千米": {"米", 3}, "公里": {"米", 3},
	"m2": {"平方米", 0}, "平米": {"平方米", 0}, "ha": {"平方米", 4}, "hm2": {"平方米", 4}, "公顷": {"平方米", 4},
	"km2": {"平方米", 6}, "平方公里": {"平方米", 6}, "平方千米": {"平方米", 6}, "m3": {"立方米", 0},
}

// taiwanDollar are the names of the currency of Taiwan, whose unit is 元 as well.
var taiwanDollar = []string{"新臺幣", "新台幣", "新台币", "臺幣", "台幣", "台币"}

// magnitudes are the powers of ten that stand before a unit, longest first.
var magnitudes = []struct {
	text  string
	shift int
}{{"万亿", 12}, {"萬億", 12}, {"千万", 7}, {"千萬", 7}, {"百万", 6}, {"百萬", 6}, {"十万", 5}, {"十萬", 5}, {"亿", 8}, {"億", 8}, {"万", 4}, {"萬", 4}, {"千", 3}, {"仟", 3}, {"百", 2}}

func cutMagnitude(unit string) (base string, shift int) {
	for _, m := range magnitudes {
		if rest, ok := strings.CutPrefix(unit, m.text); ok {
			return rest, m.shift
		}
	}
	return unit, 0
}

var (
	bracketPattern = regexp.MustCompile(`\s*[（(\[【]([^（()）\[\]【】]*)[)）\]】]`)
	unitLabel      = regexp.MustCompile(`^(.*?)\s*(?:计量|計量|金额|金額|货币|貨幣)?(?:单位|單位)\s*[:：]\s*(.+)$`)
	slashPattern   = regexp.MustCompile(`^(.+?)\s*[/／]\s*([^/／]+)$`)
	moneyPattern   = regexp.MustCompile(`^(.+?)[\s:：,，_]*((?:[百千]?万|亿)元)$`)
	suffixPattern  = regexp.MustCompile(`^(.+?)\s*(?:_(%|[^_]{2,}|[^_\x00-\x7f])|-([^-\x00-\x7f]+))$`)
	unitSeparators = regexp.MustCompile(`[、,，;；\s]+`)
)

// headerUnits are the units that a header may name, without magnitude; other
// text in brackets is part of the title.
var headerUnits = func() map[string]bool {
	known := map[string]bool{}
	for _, u := range strings.Fields("元 人 % ‰ 亩 户 个 件 次 人次 家 所 台 套 辆 只 头 处 项 宗 份 张 条 天 日 月 年 岁 小时 分钟 工作日 个工作日 立方米 毫米 克 米 瓦 千瓦时 平方米 美元 英镑 欧元 韩元 卢布 卢比 日元 港元 新臺幣元 ℃ °C") {
		known[u] = true
	}
	for symbol := range symbols {
		known[symbol] = true
	}
	return known
}()

// Unit splits the unit off a header such as 罚款金额（万元）, 预算数/万元,
// 就业人员数_万人 or 单位：万元. The unit is given without its magnitude, and shift is the power of
// ten: 元 and 4. Where a line names several units (单位：万元、%), it is the one
// with a magnitude; two of those are no unit.
func Unit(header string) (title, unit string, shift int, ok bool) {
	text := trim(header)
	for _, at := range bracketPattern.FindAllStringSubmatchIndex(text, -1) {
		inside := text[at[2]:at[3]]
		if m := unitLabel.FindStringSubmatch(inside); m != nil && m[1] == "" {
			inside = m[2]
		}
		if unit, shift, ok = oneUnit(inside); ok {
			return trim(text[:at[0]] + text[at[1]:]), unit, shift, true
		}
	}
	if m := unitLabel.FindStringSubmatch(text); m != nil {
		if unit, shift, ok = oneUnit(m[2]); ok {
			return m[1], unit, shift, true
		}
		return header, "", 0, false
	}
	for _, p := range []*regexp.Regexp{slashPattern, moneyPattern} {
		if m := p.FindStringSubmatch(text); m != nil {
			if unit, shift, ok = oneUnit(m[2]); ok {
				return m[1], unit, shift, true
			}
		}
	}
	if m := suffixPattern.FindStringSubmatch(text); m != nil {
		if unit, shift, ok = oneUnit(m[2] + m[3]); ok {
			return m[1], unit, shift, true
		}
	}
	return header, "", 0, false
}

// CellUnit reports whether text is a unit, or a magnitude such as 万, that a
// number in a cell may carry.
func CellUnit(text string) bool {
	if base, shift := cutMagnitude(text); base == "" && shift > 0 {
		return true
	}
	_, _, ok := headerUnit(text)
	return ok
}

// oneUnit reads a list of units.
func oneUnit(list string) (unit string, shift int, ok bool) {
	for _, text := range unitSeparators.Split(Fold(list), -1) {
		u, s, known := headerUnit(text)
		switch {
		case !known || ok && s == 0:
		case ok && shift != 0 && (u != unit || s != shift):
			return "", 0, false
		default:
			unit, shift, ok = u, s, true
		}
	}
	return unit, shift, ok
}

func headerUnit(text string) (unit string, shift int, ok bool) {
	text, per, compound := strings.Cut(text, "/")
	if rest := strings.TrimSuffix(strings.TrimPrefix(text, "人民币"), "人民币"); rest != "" {
		text = rest
	}
	for _, name := range taiwanDollar { // 新臺幣千元
		if rest, is := strings.CutPrefix(text, name); is {
			base, magnitude := cutMagnitude(rest)
			return "新臺幣元", magnitude, base == "元" || base == "圓"
		}
	}
	if !headerUnits[text] {
		text, shift = cutMagnitude(text)
	}
	if !headerUnits[text] {
		return "", 0, false
	}
	if name, _ := standardUnit(text); name == "元" {
		text = name
	}
	if compound {
		text += "/" + per
	}
	return text, shift, true
}

var (
	faultBoolean = fault("not_a_boolean", "是或否", "yes or no")
	booleans     = map[string]string{
		"true": "true", "t": "true", "yes": "true", "y": "true", "1": "true", "是": "true", "有": "true", "对": "true", "√": "true", "✓": "true", "✔": "true",
		"false": "false", "f": "false", "no": "false", "n": "false", "0": "false", "否": "false", "无": "false", "错": "false", "×": "false", "✗": "false", "✘": "false",
	}
)

// Boolean reads 是/否 and their like, and returns true or false.
func Boolean(s string) (string, error) {
	if v, ok := booleans[s]; ok {
		return v, nil
	}
	if v, ok := booleans[strings.ToLower(Fold(s))]; ok {
		return v, nil
	}
	return "", faultBoolean
}
