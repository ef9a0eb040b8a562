package normalise

import (
	"math/big"
	"regexp"
	"strconv"
	"strings"
)

var (
	faultInteger  = fault("not_an_integer", "整数", "a whole number")
	faultDecimal  = fault("not_a_number", "数字", "a number")
	faultGrouping = fault("bad_grouping", "千分位分隔符应每三位一个", "thousands separators at every third digit")
	faultRange    = fault("out_of_range", "数值超出可存储的范围", "a number that the field's type can hold")
)

// Integer reads a whole number of at most 64 bits and returns it as plain
// digits.
func Integer(s string) (string, error) {
	if plainInteger(s) && len(s) <= 18 {
		return s, nil
	}
	text, err := Decimal(s, Number{Precision: 19, Scale: 0})
	if err != nil {
		if err == faultDecimal || err.(*Fault).Code == "too_many_decimals" {
			return "", faultInteger
		}
		return "", err
	}
	if _, err := strconv.ParseInt(text, 10, 64); err != nil {
		return "", faultRange
	}
	return text, nil
}

// plainInteger reports whether s is canonical: digits without leading zeros,
// perhaps a minus.
func plainInteger(s string) bool {
	digits := strings.TrimPrefix(s, "-")
	if digits == "" || digits[0] == '0' && len(s) > 1 {
		return false
	}
	for i := 0; i < len(digits); i++ {
		if digits[i] < '0' || digits[i] > '9' {
			return false
		}
	}
	return true
}

// Number says how a decimal is to be read.
type Number struct {
	// Precision and Scale bound the result: at most Precision digits, Scale of
	// them decimals.
	Precision, Scale int
	// Unit is the unit that values are stored in, as in 元; a cell may name it.
	Unit string
	// Shift is the power of ten of the unit that the column was sent in: 4 for
	// 万元. A unit in the cell itself wins.
	Shift int
}

var (
	decimalPattern = regexp.MustCompile(`^([+-]?)(\d[\d,]*|)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?\s*(.*)$`)
	groupPattern   = regexp.MustCompile(`^\d{1,3}(,\d{3})+$`)
	// A Chinese amount: digits of either style with units, perhaps 元 角 分.
	chinesePattern = regexp.MustCompile(`^[零〇一二两三四五六七八九十百千万亿壹贰叁肆伍陆柒捌玖拾佰仟貳參陸億萬元圆圓角分整正]+$`)
)

// Decimal reads a number and returns it as exact decimal text in plain
// notation, without needless zeros. Money signs, thousands separators,
// accountants' brackets, Chinese numerals and a unit in the cell (12.5万元) are
// understood. Nothing is rounded: decimals beyond the scale are a fault. With
// unit %, 12.5% is 12.5; elsewhere it is 0.125.
func Decimal(s string, n Number) (string, error) {
	if n.Shift == 0 && plainDecimal(s, n) {
		return s, nil
	}
	text := Fold(s)
	text = strings.NewReplacer("，", ",", "−", "-", "–", "-", "—", "-").Replace(text)
	negative := false
	if len(text) > 2 && text[0] == '(' && text[len(text)-1] == ')' {
		negative, text = true, text[1:len(text)-1]
	}
	text = strings.TrimSpace(strings.TrimPrefix(text, "人民币"))
	text = strings.TrimSpace(strings.TrimLeft(text, "¥￥$"))
	if chinesePattern.MatchString(text) {
		return chineseAmount(text, n, negative)
	}
	m := decimalPattern.FindStringSubmatch(text)
	if m == nil || m[2] == "" && m[3] == "" {
		return "", faultDecimal
	}
	if strings.Contains(m[2], ",") && !groupPattern.MatchString(m[2]) {
		return "", faultGrouping
	}
	shift := n.Shift
	if unit := strings.TrimSpace(m[5]); unit != "" {
		var err error
		if shift, err = cellShift(unit, n.Unit); err != nil {
			return "", err
		}
	}
	if m[4] != "" {
		e, _ := strconv.Atoi(m[4])
		shift += e
	}
	digits := strings.ReplaceAll(m[2], ",", "")
	return place(digits, m[3], shift, negative != (m[1] == "-"), n)
}

// plainDecimal reports whether s is canonical already and fits n.
func plainDecimal(s string, n Number) bool {
	whole, frac, point := strings.Cut(s, ".")
	if !plainInteger(whole) || whole == "-0" || len(strings.TrimPrefix(whole, "-")) > n.Precision-n.Scale {
		return false
	}
	if !point {
		return true
	}
	if frac == "" || len(frac) > n.Scale || frac[len(frac)-1] == '0' {
		return false
	}
	for i := 0; i < len(frac); i++ {
		if frac[i] < '0' || frac[i] > '9' {
			return false
		}
	}
	return true
}

// place puts the decimal point of whole.frac shift digits further right.
func place(whole, frac string, shift int, negative bool, n Number) (string, error) {
	digits := whole + frac
	point := len(whole) + shift
	if point < 0 {
		digits, point = strings.Repeat("0", -point)+digits, 0
	}
	if point > len(digits) {
		digits += strings.Repeat("0", point-len(digits))
	}
	whole, frac = strings.TrimLeft(digits[:point], "0"), strings.TrimRight(digits[point:], "0")
	if len(frac) > n.Scale {
		return "", fault("too_many_decimals", "小数位数不超过"+strconv.Itoa(n.Scale)+"位", "at most "+strconv.Itoa(n.Scale)+" decimals")
	}
	if len(whole) > n.Precision-n.Scale {
		return "", faultRange
	}
	if whole == "" {
		whole = "0"
	}
	if frac != "" {
		whole += "." + frac
	}
	if negative && whole != "0" {
		whole = "-" + whole
	}
	return whole, nil
}

// cellShift reads the unit that a cell carries.
func cellShift(unit, want string) (int, error) {
	if unit == "%" || unit == "％" {
		if want == "%" {
			return 0, nil
		}
		return -2, nil
	}
	base, shift := splitUnit(unit)
	if base == "" && shift > 0 || base == want || base == "元整" && want == "元" || base == "RMB" && want == "元" {
		return shift, nil
	}
	expected := want
	if expected == "" {
		expected = "-"
	}
	return 0, fault("unknown_unit", "单位应为"+expected, "a number in "+expected)
}

// magnitudes are the powers of ten that stand before a unit, longest first.
var magnitudes = []struct {
	text  string
	shift int
}{{"万亿", 12}, {"千万", 7}, {"百万", 6}, {"十万", 5}, {"亿", 8}, {"万", 4}, {"千", 3}, {"百", 2}}

func splitUnit(unit string) (base string, shift int) {
	for _, m := range magnitudes {
		if rest, ok := strings.CutPrefix(unit, m.text); ok && (rest != "克" && rest != "瓦" && rest != "米" || m.shift != 3) {
			return rest, m.shift
		}
	}
	return unit, 0
}

var unitPattern = regexp.MustCompile(`^(.*?)\s*(?:[（(\[【]\s*(?:单位\s*[:：]\s*)?([^（()）\[\]【】]{1,12}?)\s*[)）\]】]|[/／]\s*([^/／()（）]{1,8})|(?:计量|金额)?单位\s*[:：]\s*(?:人民币)?\s*([^\s()（）,，;；]{1,8}).*)$`)

// known units; anything else in brackets is part of the header's text.
var units = map[string]bool{"元": true, "人": true, "%": true, "％": true, "公顷": true, "亩": true, "千瓦": true, "吨": true, "户": true, "个": true, "件": true, "次": true, "平方米": true, "公里": true, "天": true, "工作日": true, "年": true, "RMB": true, "人民币": true}

// Unit splits the unit off a header such as 罚款金额（万元）, 预算数/万元 or
// 单位：万元. The unit is given without its magnitude, and shift is the power of
// ten: 元 and 4.
func Unit(header string) (title, unit string, shift int, ok bool) {
	text := strings.TrimSpace(header)
	m := unitPattern.FindStringSubmatch(text)
	if m == nil {
		return header, "", 0, false
	}
	for _, found := range m[2:] {
		base, shift := splitUnit(Fold(found))
		if found == "" || !units[base] {
			continue
		}
		if base == "RMB" || base == "人民币" {
			base = "元"
		}
		return strings.TrimSpace(m[1]), base, shift, true
	}
	return header, "", 0, false
}

var chineseDigits = map[rune]int64{
	'零': 0, '〇': 0, '一': 1, '二': 2, '两': 2, '三': 3, '四': 4, '五': 5, '六': 6, '七': 7, '八': 8, '九': 9,
	'壹': 1, '贰': 2, '貳': 2, '叁': 3, '參': 3, '肆': 4, '伍': 5, '陆': 6, '陸': 6, '柒': 7, '捌': 8, '玖': 9,
}

var chineseUnits = map[rune]int64{'十': 10, '拾': 10, '百': 100, '佰': 100, '千': 1000, '仟': 1000}

// chineseAmount reads 壹佰贰拾叁万元整, 一百二十三万, 三元五角 and 二〇一六.
func chineseAmount(s string, n Number, negative bool) (string, error) {
	s = strings.TrimRight(s, "整正")
	var total, section, digit int64
	var cents int64
	digits, sawDigit, hasUnit := "", false, false
	for _, r := range s {
		d, isDigit := chineseDigits[r]
		u, isUnit := chineseUnits[r]
		switch {
		case isDigit:
			digit, sawDigit = d, true
			digits += strconv.FormatInt(d, 10)
		case isUnit:
			if !sawDigit && section == 0 {
				digit = 1 // 十五
			}
			section += digit * u
			digit, hasUnit = 0, true
		case r == '万' || r == '萬':
			total += (section + digit) * 1e4
			section, digit, hasUnit = 0, 0, true
		case r == '亿' || r == '億':
			total = (total + section + digit) * 1e8
			section, digit, hasUnit = 0, 0, true
		case r == '元' || r == '圆' || r == '圓':
			total += section + digit
			section, digit, hasUnit = 0, 0, true
		case r == '角':
			cents += digit * 10
			digit, hasUnit = 0, true
		case r == '分':
			cents += digit
			digit, hasUnit = 0, true
		}
	}
	if digits == "" && total+section == 0 {
		return "", faultDecimal
	}
	if !hasUnit { // digits read one by one
		return place(digits, "", n.Shift, negative, n)
	}
	total += section + digit
	shift := 0
	if !strings.ContainsAny(s, "元圆圓角分万萬亿億") {
		shift = n.Shift
	}
	whole := new(big.Int).SetInt64(total).String()
	return place(whole, pad2(cents), shift, negative, n)
}

func pad2(n int64) string {
	s := strconv.FormatInt(n, 10)
	if len(s) < 2 {
		s = "0" + s
	}
	return s
}

var (
	faultBoolean = fault("not_a_boolean", "是或否", "yes or no")
	booleans     = map[string]string{
		"true": "true", "t": "true", "yes": "true", "y": "true", "1": "true", "是": "true", "有": "true", "√": "true", "✓": "true", "对": "true",
		"false": "false", "f": "false", "no": "false", "n": "false", "0": "false", "否": "false", "无": "false", "×": "false", "✗": "false", "错": "false",
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
