package normalise

import (
	"strings"
	"time"
	"unicode/utf8"

	"govdata/catalog"
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
	faultClock     = fault("date_with_time", "不带时刻的日期", "a date without a time of day")
	faultTimestamp = fault("not_a_timestamp", "日期时间，如 2016-03-05 09:30:00", "a time such as 2016-03-05 09:30:00")
	faultPrecision = fault("date_without_day", "精确到日的日期", "a date with its day")
	faultMonth     = fault("not_a_month", "年月，如 2016-03", "a month such as 2016-03")
	faultTimeOfDay = fault("not_a_time_of_day", "时刻，如 09:30 或 09:30:15", "a time of day such as 09:30 or 09:30:15")
)

const (
	minYear = 1800
	maxYear = 2200
	// longTerm is how 长期 is stored (双公示 exchange rules).
	longTerm = "2099-12-31"
)

// beijing is the official time of the mainland. Times are stored in it,
// without saying so, as departments write them.
var beijing = time.FixedZone("UTC+8", 8*3600)

// Date reads a calendar date of the years 1800 to 2200 and returns it as
// YYYY-MM-DD, YYYY-MM or YYYY with its precision. Year, month and day stand in
// this order, unless the month is an English word. A time is left out only
// where it is midnight, as written or in official time.
func Date(s string) (string, Precision, error) { return DateIn("", s) }

// DateIn is Date for a column whose dates may have their year last, with day
// and month in the given order: 16/5/2007, 16-05-07, 27 May 2011, each also
// with a time of twelve hours. Years of two digits are 1969 to 2068 (POSIX).
func DateIn(order catalog.DateOrder, s string) (string, Precision, error) {
	if iso, exists := isoDay(s); exists {
		return s, Day, nil
	} else if iso {
		return "", Day, faultNoSuchDay
	}
	text, clock := cutClock(Fold(s))
	d, ok := parseDay(text, order)
	if !ok {
		return "", Day, faultDate
	}
	if !d.valid() {
		return "", Day, faultNoSuchDay
	}
	if clock == "" {
		return d.String(), d.precision, nil
	}
	t, zoned, ok := d.at(clock, order)
	if !ok || d.precision != Day {
		return "", Day, faultDate
	}
	if zoned && !midnight(t) {
		t = t.In(beijing)
	}
	switch {
	case !midnight(t):
		return "", Day, faultClock
	case t.Year() < minYear || t.Year() > maxYear:
		return "", Day, faultNoSuchDay
	}
	return t.Format(time.DateOnly), Day, nil
}

// isoDay reports whether s is written as YYYY-MM-DD, and whether that exists.
func isoDay(s string) (iso, exists bool) {
	iso = len(s) == 10 && s[4] == '-' && s[7] == '-' && digits(s[:4]) && digits(s[5:7]) && digits(s[8:])
	return iso, iso && validDay(number(s[:4]), number(s[5:7]), number(s[8:]))
}

func midnight(t time.Time) bool {
	h, m, s := t.Clock()
	return h == 0 && m == 0 && s == 0 && t.Nanosecond() == 0
}

// Timestamp reads a date with a time and returns YYYY-MM-DD HH:MM:SS[.ffffff]
// in official time. A date alone is its midnight.
func Timestamp(s string) (string, error) { return TimestampIn("", s) }

// TimestampIn is Timestamp for a column whose dates may have their year last;
// see DateIn.
func TimestampIn(order catalog.DateOrder, s string) (string, error) {
	if isoTime(s) {
		return s, nil
	}
	text, clock := cutClock(Fold(s))
	d, ok := parseDay(text, order)
	if !ok || d.precision != Day {
		return "", faultTimestamp
	}
	if !d.valid() {
		return "", faultNoSuchDay
	}
	if clock == "" {
		clock = "00:00"
	}
	t, zoned, ok := d.at(clock, order)
	if !ok || t.Nanosecond()%1000 != 0 {
		return "", faultTimestamp
	}
	if zoned {
		t = t.In(beijing)
	}
	if t.Year() < minYear || t.Year() > maxYear {
		return "", faultNoSuchDay
	}
	return t.Format("2006-01-02 15:04:05.999999"), nil
}

// isoTime reports whether s is a time in the form that Timestamp returns, to
// the second.
func isoTime(s string) bool {
	if len(s) != 19 || s[10] != ' ' || s[13] != ':' || s[16] != ':' || !digits(s[11:13]) || !digits(s[14:16]) || !digits(s[17:]) {
		return false
	}
	_, exists := isoDay(s[:10])
	return exists && s[11:13] < "24" && s[14:16] < "60" && s[17:] < "60"
}

// civil is a date as written, which need not exist.
type civil struct {
	year, month, day int
	precision        Precision
}

func (d civil) valid() bool { return validDay(d.year, d.month, d.day) }

func (d civil) String() string {
	b := [10]byte{
		byte('0' + d.year/1000%10), byte('0' + d.year/100%10), byte('0' + d.year/10%10), byte('0' + d.year%10), '-',
		byte('0' + d.month/10), byte('0' + d.month%10), '-', byte('0' + d.day/10), byte('0' + d.day%10),
	}
	switch d.precision {
	case Year:
		return string(b[:4])
	case Month:
		return string(b[:7])
	}
	return string(b[:])
}

func validDay(y, m, d int) bool {
	if y < minYear || y > maxYear || m < 1 || m > 12 || d < 1 || d > 31 {
		return false
	}
	return d <= daysIn(y, m)
}

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// number reads at most nine digits.
func number(s string) int {
	n := 0
	for i := range len(s) {
		n = n*10 + int(s[i]-'0')
	}
	return n
}

// parseDay reads a date without a time.
func parseDay(s string, order catalog.DateOrder) (civil, bool) {
	if s == "" {
		return civil{}, false
	}
	switch r, _ := utf8.DecodeRuneInString(s); {
	case r >= '0' && r <= '9':
		year, rest := cutDigits(s, 0)
		switch {
		case len(year) == 8 && rest == "":
			return civil{number(s[:4]), number(s[4:6]), number(s[6:]), Day}, true
		case len(year) == 4:
			return parseMonth(number(year), rest)
		}
		if d, ok := parseYearLast(s, order); ok {
			return d, true
		}
	case r == '民' || r == '中':
		s = strings.TrimPrefix(strings.TrimPrefix(s, "中華"), "中华")
		if rest, ok := strings.CutPrefix(strings.Replace(s, "國", "国", 1), "民国"); ok {
			if year, rest := cutDigits(trim(rest), 0); len(year) > 0 && len(year) < 4 {
				return parseMonth(1911+number(year), rest)
			}
		}
		return civil{}, false
	case r >= utf8.RuneSelf:
		return parseChinese(s)
	}
	return parseWorded(s, order != "")
}

// parseYearLast reads 16/5/2007, 16.5.2007 and 16-05-07. Points with a year of
// two digits are rather numbers of chapters.
func parseYearLast(s string, order catalog.DateOrder) (civil, bool) {
	first, rest := cutDigits(s, 0)
	if order == "" || len(first) > 2 || rest == "" || strings.IndexByte("/-.", rest[0]) < 0 {
		return civil{}, false
	}
	separator := rest[0]
	second, rest := cutDigits(rest[1:], 0)
	if len(second) == 0 || len(second) > 2 || rest == "" || rest[0] != separator {
		return civil{}, false
	}
	year, ok := yearOf(rest[1:])
	if !ok || separator == '.' && len(rest) < 5 {
		return civil{}, false
	}
	d := civil{year, number(second), number(first), Day}
	if order == catalog.MonthFirst {
		d.month, d.day = d.day, d.month
	}
	return d, true
}

// yearOf reads a year of four digits, or of two (POSIX: 69 to 99 are 19xx).
func yearOf(s string) (int, bool) {
	switch {
	case !digits(s):
	case len(s) == 4:
		return number(s), true
	case len(s) == 2 && s >= "69":
		return 1900 + number(s), true
	case len(s) == 2:
		return 2000 + number(s), true
	}
	return 0, false
}

// parseWorded reads 5-Sep-2011, 5-Sep-11, 5 September 2011 and September 5, 2011.
// wide allows also 5-September-2011, 5 Sep 11 and September 5 2011.
func parseWorded(s string, wide bool) (civil, bool) {
	day, rest := cutDigits(s, 0)
	if day == "" {
		month, _, rest := cutMonth(s)
		if month == 0 || rest == "" || rest[0] != ' ' {
			return civil{}, false
		}
		day, rest = cutDigits(trim(rest), 0)
		after, comma := strings.CutPrefix(rest, ",")
		if after == "" || after[0] != ' ' || !comma && !wide {
			return civil{}, false
		}
		return worded(trim(after), month, day, false)
	}
	if rest == "" || rest[0] != '-' && rest[0] != ' ' {
		return civil{}, false
	}
	separator := rest[0]
	month, short, rest := cutMonth(strings.TrimLeft(rest, string(separator)))
	if month == 0 || rest == "" || rest[0] != separator || separator == '-' && (s[len(day)+1] == '-' || !short && !wide) {
		return civil{}, false
	}
	year := rest[1:]
	if separator == ' ' {
		year = trim(year)
	}
	return worded(year, month, day, separator == '-' || wide)
}

// worded puts a date together; brief allows a year of two digits.
func worded(year string, month int, day string, brief bool) (civil, bool) {
	y, ok := yearOf(year)
	if !ok || len(year) == 2 && !brief || len(day) == 0 || len(day) > 2 {
		return civil{}, false
	}
	d := civil{y, month, number(day), Day}
	return d, d.day >= 1 && d.day <= daysIn(y, month)
}

var monthNames = [12]string{"january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"}

// cutMonth takes an English month, in full or by its first three letters, off
// the front of s; 0 where there is none.
func cutMonth(s string) (month int, short bool, rest string) {
	n := 0
	for n < len(s) && isLetter(rune(s[n])) {
		n++
	}
	if n < 3 {
		return 0, false, s
	}
	for i, name := range monthNames {
		switch {
		case strings.EqualFold(s[:n], name[:3]):
			return i + 1, true, s[n:]
		case len(name) == n && strings.EqualFold(s[:n], name):
			return i + 1, false, s[n:]
		}
	}
	return 0, false, s
}

// parseMonth reads what follows the year: 年3月5日, -03-05, /3, or nothing.
func parseMonth(year int, s string) (civil, bool) {
	s = trim(s)
	if s == "" || s == "年" {
		return civil{year, 1, 1, Year}, true
	}
	var separator, last string
	if strings.HasPrefix(s, "年") {
		separator, last = "年", "月"
	} else if separator = s[:1]; strings.Contains("-/.", separator) {
		last = separator
	} else {
		return civil{}, false
	}
	month, s := cutDigits(trim(s[len(separator):]), 0)
	if len(month) == 0 || len(month) > 2 {
		return civil{}, false
	}
	s = trim(s)
	if s == "" && separator != "年" || s == "月" {
		return civil{year, number(month), 1, Month}, true
	}
	s, ok := strings.CutPrefix(s, last)
	if !ok {
		return civil{}, false
	}
	day, s := cutDigits(trim(s), 0)
	if s = trim(s); len(day) == 0 || len(day) > 2 || s != "" && (separator != "年" || s != "日" && s != "号") {
		return civil{}, false
	}
	return civil{year, number(month), number(day), Day}, true
}

// parseChinese reads 二〇一六年三月五日, 二○一六年十二月 and 二零一六年.
func parseChinese(s string) (civil, bool) {
	year, s, ok := strings.Cut(s, "年")
	if !ok || utf8.RuneCountInString(year) != 4 {
		return civil{}, false
	}
	y := 0
	for _, r := range year {
		d, ok := numeralDigits[r]
		if !ok && r != 'O' && r != 'o' { // typed for 〇
			return civil{}, false
		}
		y = y*10 + int(d)
	}
	if s == "" {
		return civil{y, 1, 1, Year}, true
	}
	month, s, ok := strings.Cut(s, "月")
	if month == "元" || month == "正" {
		month = "一"
	}
	m := smallNumeral(month)
	if !ok || m == 0 {
		return civil{}, false
	}
	if s == "" {
		return civil{y, m, 1, Month}, true
	}
	s, ok = strings.CutSuffix(s, "日")
	d := smallNumeral(s)
	return civil{y, m, d, Day}, ok && d > 0
}

// smallNumeral reads 五, 十五, 廿五 and 三十一; 0 where s is no such number.
func smallNumeral(s string) int {
	if rest, ok := strings.CutPrefix(s, "廿"); ok {
		s = "二十" + rest
	} else if rest, ok := strings.CutPrefix(s, "卅"); ok {
		s = "三十" + rest
	}
	n, _, rest, ok := cutNumeral(s)
	if !ok || rest != "" || n > 31 || utf8.RuneCountInString(s) > 1 && !strings.ContainsAny(s, "十拾") {
		return 0
	}
	return int(n)
}

// cutClock splits a time of day off the end of a date.
func cutClock(s string) (day, clock string) {
	if len(s) == 14 && digits(s) {
		return s[:8], s[8:]
	}
	if strings.IndexByte(s, ':') < 0 && !strings.Contains(s, "时") && !strings.Contains(s, "点") {
		return s, ""
	}
	day = s
	for i, r := range s {
		switch r {
		case ' ', 'T':
			if rest := trim(s[i+1:]); rest != "" && rest[0] >= '0' && rest[0] <= '9' && i > 0 {
				day, clock = trim(s[:i]), rest
			}
		case '日':
			day, clock = s[:i+len("日")], trim(s[i+len("日"):])
		}
	}
	return day, clock
}

// at returns the time of day clock on d, as written, and whether it names its
// distance from UTC. Clocks of twelve hours come with the year last.
func (d civil) at(clock string, order catalog.DateOrder) (t time.Time, zoned, ok bool) {
	if h, m, sec, ok := plainClock(clock); ok {
		return time.Date(d.year, time.Month(d.month), d.day, h, m, sec, 0, time.UTC), false, true
	}
	zone := time.UTC
	if rest, found := strings.CutSuffix(clock, "Z"); found {
		clock, zoned = rest, true
	} else if i := strings.LastIndexAny(clock, "+-"); i > 0 {
		offset, err := time.Parse("-07:00", clock[i:])
		if err != nil {
			if offset, err = time.Parse("-0700", clock[i:]); err != nil {
				return t, false, false
			}
		}
		_, seconds := offset.Zone()
		clock, zone, zoned = trim(clock[:i]), time.FixedZone("", seconds), true
	}
	clock = clockUnits.Replace(clock)
	layouts := clockLayouts
	if order != "" && strings.HasSuffix(strings.ToUpper(clock), "M") {
		clock, layouts = strings.ToUpper(clock), halfDayLayouts
	}
	for _, layout := range layouts {
		if c, err := time.Parse(layout, clock); err == nil {
			return time.Date(d.year, time.Month(d.month), d.day, c.Hour(), c.Minute(), c.Second(), c.Nanosecond(), zone), zoned, true
		}
	}
	return t, false, false
}

var (
	clockUnits     = strings.NewReplacer("时", ":", "点", ":", "分", ":", "秒", "")
	clockLayouts   = []string{"15:4:5", "15:4", "15:4:", "15:", "150405"}
	halfDayLayouts = []string{"3:4:5 PM", "3:4 PM", "3:4:5PM", "3:4PM", "3 PM", "3PM"}
)

// plainClock reads 9:30, 09:30 and 09:30:15.
func plainClock(s string) (hour, minute, second int, ok bool) {
	h, rest := cutDigits(s, 0)
	if h == "" || len(h) > 2 || len(rest) != 3 && len(rest) != 6 || rest[0] != ':' || !digits(rest[1:3]) {
		return 0, 0, 0, false
	}
	hour, minute = number(h), number(rest[1:3])
	if len(rest) == 6 {
		if rest[3] != ':' || !digits(rest[4:]) {
			return 0, 0, 0, false
		}
		second = number(rest[4:])
	}
	return hour, minute, second, hour < 24 && minute < 60 && second < 60
}

// YearMonth reads a month of the years 1800 to 2200 and returns it as YYYY-MM:
// 2016-03, 200007, 2016年3月, 2016/3, Mar-2016.
func YearMonth(s string) (string, error) {
	if len(s) == 7 && s[4] == '-' && digits(s[:4]) && digits(s[5:]) && validDay(number(s[:4]), number(s[5:]), 1) {
		return s, nil
	}
	text := Fold(s)
	d, ok := civil{}, false
	if month, _, rest := cutMonth(text); month > 0 && len(rest) == 5 && (rest[0] == '-' || rest[0] == ' ') && digits(rest[1:]) {
		d, ok = civil{number(rest[1:]), month, 1, Month}, true
	} else if len(text) == 6 && digits(text) {
		d, ok = civil{number(text[:4]), number(text[4:]), 1, Month}, true
	} else {
		d, ok = parseDay(text, "")
	}
	if !ok || d.precision != Month || !d.valid() {
		return "", faultMonth
	}
	return d.String(), nil
}

// TimeOfDay reads a time of day and returns it as HH:MM, or HH:MM:SS where its
// seconds are given: 9:30, 9时30分, 2:05 PM.
func TimeOfDay(s string) (string, error) {
	if h, m, sec, ok := plainClock(s); ok && len(s) != 4 && len(s) != 7 {
		return s, nil
	} else if ok {
		return clockText(h, m, sec, len(s) == 7), nil
	}
	text := clockUnits.Replace(strings.ToUpper(Fold(s)))
	for _, layout := range []string{"15:4:5", "15:4", "15:4:", "3:4:5 PM", "3:4 PM", "3:4:5PM", "3:4PM"} {
		if c, err := time.Parse(layout, text); err == nil && c.Nanosecond() == 0 {
			return clockText(c.Hour(), c.Minute(), c.Second(), strings.Contains(layout, ":5")), nil
		}
	}
	return "", faultTimeOfDay
}

func clockText(hour, minute, second int, seconds bool) string {
	b := []byte{byte('0' + hour/10), byte('0' + hour%10), ':', byte('0' + minute/10), byte('0' + minute%10)}
	if seconds {
		b = append(b, ':', byte('0'+second/10), byte('0'+second%10))
	}
	return string(b)
}
