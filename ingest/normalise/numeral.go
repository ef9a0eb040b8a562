package normalise

import (
	"slices"
	"strconv"
	"strings"
)

// Chinese numerals, everyday and financial (大写).
var (
	numeralDigits = map[rune]int64{
		'零': 0, '〇': 0, '○': 0, '一': 1, '二': 2, '两': 2, '三': 3, '四': 4, '五': 5, '六': 6, '七': 7, '八': 8, '九': 9,
		'壹': 1, '贰': 2, '貳': 2, '叁': 3, '參': 3, '肆': 4, '伍': 5, '陆': 6, '陸': 6, '柒': 7, '捌': 8, '玖': 9,
	}
	numeralUnits = map[rune]int64{
		'十': 10, '拾': 10, '百': 100, '佰': 100, '千': 1000, '仟': 1000, '万': 1e4, '萬': 1e4, '亿': 1e8, '億': 1e8,
	}
)

// numerals reads an amount in Chinese numerals with its unit: 一百二十三万,
// 壹佰贰拾叁万元整, 三元五角, 二〇一六.
func (q Quantity) numerals(s string) (Quantity, error) {
	value, large, rest, ok := cutNumeral(s)
	if !ok {
		return q, faultDecimal
	}
	q.Whole, q.Unit, q.Absolute = strconv.FormatInt(value, 10), trim(rest), large
	if i := strings.IndexAny(rest, "元圆圓"); i == 0 {
		var left string
		if q.Frac, left, ok = cutCents(rest[len("元"):]); !ok || left != "" {
			return q, faultDecimal
		}
		q.Unit = "元"
	}
	return q, nil
}

// cutCents reads what may follow 元: 五角, 五角三分, 零三分, 整.
func cutCents(s string) (frac, rest string, ok bool) {
	cents := [2]int64{}
	for i, unit := range []string{"角", "分"} {
		text := strings.TrimPrefix(strings.TrimPrefix(s, "零"), "〇")
		for r, d := range numeralDigits {
			if after, found := strings.CutPrefix(text, string(r)+unit); found {
				cents[i], s = d, after
				break
			}
		}
	}
	s = strings.TrimPrefix(strings.TrimPrefix(s, "整"), "正")
	return strconv.FormatInt(cents[0], 10) + strconv.FormatInt(cents[1], 10), s, s == ""
}

// cutNumeral reads a whole number off the front of s. large says that it names
// 万 or 亿, and so leaves no doubt about its magnitude.
func cutNumeral(s string) (value int64, large bool, rest string, ok bool) {
	end := len(s)
	var run []rune
	units := false
	for i, r := range s {
		_, isDigit := numeralDigits[r]
		unit, isUnit := numeralUnits[r]
		if !isDigit && !isUnit {
			end = i
			break
		}
		units = units || isUnit
		large = large || unit >= 1e4
		run = append(run, r)
	}
	if units {
		value, ok = numeral(run, true)
		return value, large, s[end:], ok
	}
	for _, r := range run { // digits read one by one
		value = value*10 + numeralDigits[r]
	}
	return value, false, s[end:], len(run) > 0 && len(run) <= 18
}

// numeral gives the value of Chinese numerals. What has two readings is
// refused: 一百二 is 120 when spoken and may have lost a 零 when written. lead
// says that nothing stands before, so that 十 means 一十 and a bare digit is
// no abbreviation.
func numeral(run []rune, lead bool) (value int64, ok bool) {
	for _, unit := range []int64{1e8, 1e4} {
		i := slices.IndexFunc(run, func(r rune) bool { return numeralUnits[r] == unit })
		if i < 0 {
			continue
		}
		high, ok := numeral(run[:i], true)
		if !ok || high == 0 || slices.ContainsFunc(run[i+1:], func(r rune) bool { return numeralUnits[r] >= unit }) {
			return 0, false
		}
		if i+1 == len(run) {
			return high * unit, true
		}
		low, ok := numeral(run[i+1:], false)
		return high*unit + low, ok && low > 0
	}
	var digit, last int64 = -1, 1e4 // last unit read
	zero := false                   // a 零 stands before the digit
	for _, r := range run {
		d, isDigit := numeralDigits[r]
		unit := numeralUnits[r]
		switch {
		case isDigit && d == 0:
			if digit >= 0 {
				return 0, false
			}
			zero = true
		case isDigit:
			if digit >= 0 {
				return 0, false
			}
			digit = d
		default:
			if digit < 0 && unit == 10 && value == 0 && lead && !zero {
				digit = 1
			}
			if digit < 0 || unit >= last {
				return 0, false
			}
			value += digit * unit
			digit, last, zero = -1, unit, false
		}
	}
	switch {
	case digit < 0:
		return value, len(run) > 0 && !zero
	case !zero && (value > 0 && last > 10 || value == 0 && !lead):
		return 0, false
	}
	return value + digit, true
}
