package infer

import (
	"math/bits"
	"strings"

	"govdata/catalog"
	"govdata/ingest/normalise"
)

// moment is a time that compares as it should: year, month, day, hour, minute,
// second and microsecond in their bits.
type moment uint64

func momentOf(year, month, day, hour, minute, second int) moment {
	return moment(year)<<46 | moment(month)<<42 | moment(day)<<37 | moment(hour)<<32 | moment(minute)<<26 | moment(second)<<20
}

func (m moment) day() string {
	return pad(int(m>>46), 4) + "-" + pad(int(m>>42&15), 2) + "-" + pad(int(m>>37&31), 2)
}

func (m moment) month() string { return m.day()[:7] }

func (m moment) time() string {
	s := m.day() + " " + pad(int(m>>32&31), 2) + ":" + pad(int(m>>26&63), 2) + ":" + pad(int(m>>20&63), 2)
	if micro := int(m & (1<<20 - 1)); micro > 0 {
		fraction := pad(micro, 6)
		for fraction[len(fraction)-1] == '0' {
			fraction = fraction[:len(fraction)-1]
		}
		s += "." + fraction
	}
	return s
}

func pad(n, width int) string {
	b := make([]byte, width)
	for i := width - 1; i >= 0; i-- {
		b[i] = byte('0' + n%10)
		n /= 10
	}
	return string(b)
}

// parseMoment reads what DateIn and TimestampIn return.
func parseMoment(s string) moment {
	m := momentOf(decimal(s[:4]), decimal(s[5:7]), decimal(s[8:10]), 0, 0, 0)
	if len(s) >= 19 {
		m |= momentOf(0, 0, 0, decimal(s[11:13]), decimal(s[14:16]), decimal(s[17:19]))
	}
	if len(s) > 20 {
		micro := decimal(s[20:])
		for range 26 - len(s) {
			micro *= 10
		}
		m |= moment(micro)
	}
	return m
}

func decimal(s string) int {
	n := 0
	for i := range len(s) {
		n = n*10 + int(s[i]-'0')
	}
	return n
}

// dating is what dates under one order have in common.
type dating struct {
	n       int64    // of those that exist
	absent  evidence // no such day in this order
	clocked evidence // at another time than midnight, so no dates
	untimed evidence // dates that are no timestamps
	days    bounds
	times   bounds
}

// bounds are the first and the last moment; the zero value has none.
type bounds struct{ low, high moment }

func (b *bounds) add(m moment) {
	if b.high == 0 {
		b.low = m
	}
	b.low, b.high = min(b.low, m), max(b.high, m)
}

func (b *bounds) merge(other bounds) {
	if other.high != 0 {
		b.add(other.low)
		b.add(other.high)
	}
}

func (d *dating) merge(other dating, places int64) {
	d.n += other.n
	d.absent.merge(other.absent, places)
	d.clocked.merge(other.clocked, places)
	d.untimed.merge(other.untimed, places)
	d.days.merge(other.days)
	d.times.merge(other.times)
}

// add counts the moment m as written in cell s.
func (d *dating) add(m moment, place int64, s string) {
	d.n++
	d.times.add(m)
	if m&(1<<37-1) != 0 {
		d.clocked.add(place, s)
	} else {
		d.days.add(m)
	}
}

// read counts s as normalise reads it, and reports whether it is a date at all.
func (d *dating) read(order catalog.DateOrder, s string, place int64) bool {
	day, precision, dayErr := normalise.DateIn(order, s)
	stamp, stampErr := normalise.TimestampIn(order, s)
	isDay := dayErr == nil && precision == normalise.Day
	if !isDay && stampErr != nil {
		return false
	}
	d.n++
	if isDay {
		d.days.add(parseMoment(day))
	} else {
		d.clocked.add(place, s)
	}
	if stampErr == nil {
		d.times.add(parseMoment(stamp))
	} else {
		d.untimed.add(place, s)
	}
	return true
}

// briefYears weighs whether 13-05-07 could begin with its year.
type briefYears struct {
	n, yearLast int64 // of those that cannot
	first       uint32
	third       uint32
}

func (b *briefYears) merge(other briefYears) {
	b.n += other.n
	b.yearLast += other.yearLast
	b.first |= other.first
	b.third |= other.third
}

func (b *briefYears) add(first, second, third int) {
	b.n++
	if !dayExists(2000+first, second, third) {
		b.yearLast++
		return
	}
	b.first |= 1 << (first & 31)
	b.third |= 1 << (third & 31)
}

// unclear reports whether the numbers in front may well be years: none of the
// cells tells, and those numbers do not vary as days do.
func (b *briefYears) unclear() bool {
	return b.n > 0 && b.yearLast == 0 && bits.OnesCount32(b.first) < 2*bits.OnesCount32(b.third)
}

func dayExists(year, month, day int) bool {
	if year < 1800 || year > 2200 || month < 1 || month > 12 || day < 1 {
		return false
	}
	switch month {
	case 4, 6, 9, 11:
		return day <= 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return day <= 29
		}
		return day <= 28
	}
	return day <= 31
}

// numericDate is three numbers with the same separator between them, and what
// follows.
type numericDate struct {
	n         [3]int
	width     [3]int
	separator byte
	rest      string
}

func cutNumericDate(s string) (d numericDate, ok bool) {
	i := 0
	for part := range d.n {
		start := i
		for i < len(s) && s[i] >= '0' && s[i] <= '9' && i-start < 5 {
			d.n[part] = d.n[part]*10 + int(s[i]-'0')
			i++
		}
		if d.width[part] = i - start; d.width[part] == 0 || d.width[part] > 4 {
			return d, false
		}
		if part == 2 {
			break
		}
		if i == len(s) || s[i] != '-' && s[i] != '/' && s[i] != '.' || part == 1 && s[i] != d.separator {
			return d, false
		}
		d.separator = s[i]
		i++
	}
	d.rest = s[i:]
	return d, d.rest == "" || d.rest[0] == ' ' || d.rest[0] == 'T'
}

// cutChineseDate reads 2016年3月5日, the form of most days in Chinese tables.
func cutChineseDate(s string) (year, month, day int, ok bool) {
	year, s, ok = cutNumber(s, 4, "年")
	if !ok || year < 1000 {
		return 0, 0, 0, false
	}
	if month, s, ok = cutNumber(s, 2, "月"); !ok {
		return 0, 0, 0, false
	}
	day, s, ok = cutNumber(s, 2, "日")
	return year, month, day, ok && s == ""
}

// cutNumber takes up to width digits and the mark behind them off the front.
func cutNumber(s string, width int, mark string) (n int, rest string, ok bool) {
	i := 0
	for i < len(s) && i < width && s[i] >= '0' && s[i] <= '9' {
		n = n*10 + int(s[i]-'0')
		i++
	}
	if i == 0 || !strings.HasPrefix(s[i:], mark) {
		return 0, s, false
	}
	return n, s[i+len(mark):], true
}

// clock reads 9:30 and 09:30:15 after a date.
func clock(s string) (hour, minute, second int, ok bool) {
	if s == "" {
		return 0, 0, 0, true
	}
	s = s[1:]
	if len(s) == 4 || len(s) == 7 {
		if s[1] != ':' || s[0] < '0' || s[0] > '9' {
			return 0, 0, 0, false
		}
		hour, s = int(s[0]-'0'), s[1:]
	} else if len(s) == 5 || len(s) == 8 {
		if !allDigits(s[:2]) {
			return 0, 0, 0, false
		}
		hour, s = decimal(s[:2]), s[2:]
	} else {
		return 0, 0, 0, false
	}
	if s[0] != ':' || !allDigits(s[1:3]) {
		return 0, 0, 0, false
	}
	minute = decimal(s[1:3])
	if len(s) > 3 {
		if s[3] != ':' || !allDigits(s[4:]) {
			return 0, 0, 0, false
		}
		second = decimal(s[4:])
	}
	return hour, minute, second, hour < 24 && minute < 60 && second < 60
}

var orders = [3]catalog.DateOrder{"", catalog.DayFirst, catalog.MonthFirst}

// numericDay counts s, which begins with d.
func (c *Column) numericDay(s string, d numericDate) kind {
	switch {
	case d.width[0] == 4 && d.width[1] <= 2 && d.width[2] <= 2:
		if h, m, sec, ok := clock(d.rest); ok && dayExists(d.n[0], d.n[1], d.n[2]) {
			c.dates[0].add(momentOf(d.n[0], d.n[1], d.n[2], h, m, sec), c.cells, s)
			return kindDay
		}
		return c.readDay(s)
	case d.width[0] <= 2 && d.width[1] <= 2 && (d.width[2] == 4 || d.width[2] == 2 && d.separator != '.'):
		return c.yearLast(s, d)
	}
	return kindText
}

// readDay counts what normalise reads as a date without its year at the end.
func (c *Column) readDay(s string) kind {
	if c.dates[0].read("", s, c.cells) {
		return kindDay
	}
	if c.dates[0].read(catalog.MonthFirst, s, c.cells) {
		c.halves++
		return kindDay
	}
	return kindText
}

func (c *Column) yearLast(s string, d numericDate) kind {
	year := d.n[2]
	if d.width[2] == 2 {
		if year += 2000; year >= 2069 {
			year -= 100
		}
	}
	h, m, sec, plain := clock(d.rest)
	exists := false
	var absent [3]bool
	for i, order := range orders {
		if i == 0 {
			continue
		}
		day, month := d.n[0], d.n[1]
		if i == 2 {
			day, month = month, day
		}
		switch {
		case !plain:
			absent[i] = !c.dates[i].read(order, s, c.cells)
		case dayExists(year, month, day):
			c.dates[i].add(momentOf(year, month, day, h, m, sec), c.cells, s)
		default:
			absent[i] = true
		}
		exists = exists || !absent[i]
	}
	if !exists {
		return kindText
	}
	for i := 1; i < len(absent); i++ {
		if absent[i] {
			c.dates[i].absent.add(c.cells, s)
		}
	}
	if d.width[2] == 2 {
		c.brief.add(d.n[0], d.n[1], d.n[2])
	}
	return kindYearLast
}

// wordedDay counts dates with an English month: 27-May-11, May 27, 2011.
func (c *Column) wordedDay(s string, form int) kind {
	order := orders[form]
	if !c.dates[0].read(order, s, c.cells) {
		return kindText
	}
	c.worded[form-1]++
	return kindDay
}
