package normalise

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Precision is how exact a date is known.
type Precision int

// The precisions of a date.
const (
	Day Precision = iota
	Month
	Year
)

var (
	faultDate      = fault("not_a_date", "日期，如 2016-03-05", "a date such as 2016-03-05")
	faultNoSuchDay = fault("no_such_day", "历法中存在的日期", "a day that the calendar has")
	faultTimestamp = fault("not_a_timestamp", "日期时间，如 2016-03-05 09:30:00", "a time such as 2016-03-05 09:30:00")
	faultPrecision = fault("date_without_day", "精确到日的日期", "a date with its day")
)

const (
	minYear = 1800
	maxYear = 2200
	// longTerm is how 长期 is stored (双公示 exchange rules).
	longTerm = "2099-12-31"
)

var (
	datePattern    = regexp.MustCompile(`^(\d{4})\s*[-/.年]\s*(\d{1,2})(?:\s*[-/.月]\s*(\d{1,2})\s*日?|月?)?$`)
	compactPattern = regexp.MustCompile(`^(\d{4})(\d{2})(\d{2})$`)
	yearPattern    = regexp.MustCompile(`^(\d{4})\s*年?$`)
	rocPattern     = regexp.MustCompile(`^(?:中華)?民[国國]\s*(\d{1,3})\s*[年/.-]\s*(\d{1,2})\s*[月/.-]\s*(\d{1,2})\s*日?$`)
	timePattern    = regexp.MustCompile(`^(.*?[\d日])(?:\s+|T)(\d{1,2})(?:[:：时](\d{1,2}))?(?:[:：分](\d{1,2}))?(?:\.(\d{1,6})0*)?秒?(Z|[+-]00:?00)?$`)
	chineseYear    = strings.NewReplacer("〇", "0", "○", "0", "零", "0", "一", "1", "二", "2", "三", "3", "四", "4", "五", "5", "六", "6", "七", "7", "八", "8", "九", "9")
	chineseDate    = regexp.MustCompile(`^([〇○零一二三四五六七八九]{4})年(?:([一二三四五六七八九十元正]{1,3})月(?:([一二三四五六七八九十廿]{1,3})日)?)?$`)
)

// englishDates are forms with the month's name; the day comes first.
var englishDates = []string{"2-Jan-2006", "2-Jan-06", "2 Jan 2006", "2 January 2006", "January 2, 2006", "Jan 2, 2006"}

// Date reads a calendar date and returns it as YYYY-MM-DD, YYYY-MM or YYYY
// with its precision. A time is left out only where it is midnight.
func Date(s string) (string, Precision, error) {
	if isoDate(s) {
		if !validDay(num(s[:4]), num(s[5:7]), num(s[8:])) {
			return "", Day, faultNoSuchDay
		}
		return s, Day, nil
	}
	text := Fold(s)
	if m := timePattern.FindStringSubmatch(text); m != nil && m[2] != "" {
		if num(m[2]) != 0 || num(m[3]) != 0 || num(m[4]) != 0 || strings.Trim(m[5], "0") != "" {
			return "", Day, faultDate
		}
		text = m[1]
	}
	for _, p := range []*regexp.Regexp{datePattern, compactPattern, yearPattern} {
		m := p.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		month, day := "", ""
		if len(m) > 2 {
			month, day = m[2], m[3]
		}
		return date(m[1], month, day)
	}
	if m := rocPattern.FindStringSubmatch(text); m != nil {
		return date(strconv.Itoa(num(m[1])+1911), m[2], m[3])
	}
	if m := chineseDate.FindStringSubmatch(text); m != nil {
		return date(chineseYear.Replace(m[1]), chineseDay(m[2]), chineseDay(m[3]))
	}
	for _, layout := range englishDates {
		if t, err := time.Parse(layout, text); err == nil {
			return date(t.Format("2006"), t.Format("01"), t.Format("02"))
		}
	}
	return "", Day, faultDate
}

func isoDate(s string) bool {
	if len(s) != 10 || s[4] != '-' || s[7] != '-' {
		return false
	}
	for i := range len(s) {
		if i != 4 && i != 7 && (s[i] < '0' || s[i] > '9') {
			return false
		}
	}
	return true
}

func num(s string) int {
	n := 0
	for i := range len(s) {
		n = n*10 + int(s[i]-'0')
	}
	return n
}

func validDay(y, m, d int) bool {
	if y < minYear || y > maxYear || m < 1 || m > 12 || d < 1 || d > 31 {
		return false
	}
	return d <= 28 || time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC).Day() == d
}

func date(year, month, day string) (string, Precision, error) {
	y, m, d := num(year), num(month), num(day)
	switch {
	case month == "":
		m, d = 1, 1
	case day == "":
		d = 1
	}
	if !validDay(y, m, d) {
		return "", Day, faultNoSuchDay
	}
	iso := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
	switch {
	case month == "":
		return iso[:4], Year, nil
	case day == "":
		return iso[:7], Month, nil
	}
	return iso, Day, nil
}

// chineseDay reads 五, 十, 十五, 二十, 廿五 and 三十一 as digits.
func chineseDay(s string) string {
	if s == "" {
		return ""
	}
	s = strings.NewReplacer("元", "一", "正", "一", "廿", "二十").Replace(s)
	tens, ones, ten := strings.Cut(s, "十")
	n := 0
	if ten {
		n = 10
		if tens != "" {
			n = 10 * num(chineseYear.Replace(tens))
		}
		s = ones
	}
	if s != "" {
		n += num(chineseYear.Replace(s))
	}
	return strconv.Itoa(n)
}

// Timestamp reads a date with a time and returns YYYY-MM-DD HH:MM:SS[.ffffff].
func Timestamp(s string) (string, error) {
	text := Fold(s)
	clock := "00:00:00"
	if m := timePattern.FindStringSubmatch(text); m != nil {
		h, min, sec := num(m[2]), num(m[3]), num(m[4])
		if h > 23 || min > 59 || sec > 59 {
			return "", faultTimestamp
		}
		clock = time.Date(2000, 1, 1, h, min, sec, 0, time.UTC).Format(time.TimeOnly)
		if frac := strings.TrimRight(m[5], "0"); frac != "" {
			clock += "." + frac
		}
		text = m[1]
	}
	day, precision, err := Date(text)
	if err != nil {
		if err == faultNoSuchDay {
			return "", err
		}
		return "", faultTimestamp
	}
	if precision != Day {
		return "", faultTimestamp
	}
	return day + " " + clock, nil
}
