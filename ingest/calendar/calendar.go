// Package calendar knows the official working days of the mainland: Monday to
// Friday, less the public holidays, plus the weekends that are worked instead.
//
// The exceptions in days.csv are facts of the State Council's yearly notices,
// taken from the data of NateScarlet/holiday-cn (MIT), 2007 to 2026. A notice
// may reach into the December before its year (2018-12-29 was worked by the
// notice for 2019), so the end of the last year stands until the next notice.
package calendar

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"sync"
	"time"
)

//go:embed days.csv
var official string

// Calendar says which days are worked, for the years it has notices for.
type Calendar struct {
	days        map[date]exception
	first, last int // years
}

// date is a day as year*10000 + month*100 + day.
type date int

func dateOf(t time.Time) date {
	y, m, d := t.Date()
	return date(y*10000 + int(m)*100 + d)
}

type exception struct {
	name string
	off  bool
}

// Default returns the official calendar.
var Default = sync.OnceValue(func() *Calendar {
	c, err := Parse(strings.NewReader(official))
	if err != nil {
		panic(err) // the embedded file is tested
	}
	return c
})

// Parse reads exceptions: a CSV with the columns date, name and off (false: a
// weekend that is worked). Years from the first to the last of them are known.
func Parse(r io.Reader) (*Calendar, error) {
	rows := csv.NewReader(r)
	rows.FieldsPerRecord = 3
	c := &Calendar{days: map[date]exception{}}
	var first date
	for line := 1; ; line++ {
		row, err := rows.Read()
		if err == io.EOF {
			break
		} else if err != nil {
			return nil, fmt.Errorf("calendar: %w", err)
		}
		if line == 1 {
			continue
		}
		day, err := time.Parse(time.DateOnly, row[0])
		if err != nil {
			return nil, fmt.Errorf("calendar: line %d: %w", line, err)
		}
		off, err := strconv.ParseBool(row[2])
		if err != nil {
			return nil, fmt.Errorf("calendar: line %d: %w", line, err)
		}
		d := dateOf(day)
		c.days[d] = exception{row[1], off}
		if first == 0 || d < first {
			first = d
		}
		c.last = max(c.last, day.Year())
	}
	if first == 0 {
		return nil, fmt.Errorf("calendar: no days")
	}
	c.first = int(first / 10000)
	if first%10000 >= 1200 { // of the December before the first year
		c.first++
	}
	return c, nil
}

// Years returns the first and the last year that the calendar knows.
func (c *Calendar) Years() (first, last int) { return c.first, c.last }

// IsWorkingDay reports whether day is worked, and whether the calendar knows
// its year. It never guesses for the others.
func (c *Calendar) IsWorkingDay(day time.Time) (working, known bool) {
	if y := day.Year(); y < c.first || y > c.last {
		return false, false
	}
	if e, ok := c.days[dateOf(day)]; ok {
		return !e.off, true
	}
	weekday := day.Weekday()
	return weekday != time.Saturday && weekday != time.Sunday, true
}

// Add returns the n-th working day after day, counting from the next one; for
// n = 0 it is day itself. ok is false where that leaves the known years.
func (c *Calendar) Add(day time.Time, n int) (due time.Time, ok bool) {
	if _, known := c.IsWorkingDay(day); !known {
		return time.Time{}, false
	}
	for n > 0 {
		day = day.AddDate(0, 0, 1)
		working, known := c.IsWorkingDay(day)
		if !known {
			return time.Time{}, false
		}
		if working {
			n--
		}
	}
	return day, true
}

// Between returns how many working days there are after from and up to to,
// which is negative where to comes first: Add(from, n) is n working days from
// from. ok is false where one of the two is in no known year.
func (c *Calendar) Between(from, to time.Time) (n int, ok bool) {
	for _, day := range []time.Time{from, to} {
		if _, known := c.IsWorkingDay(day); !known {
			return 0, false
		}
	}
	step, last := 1, dateOf(to)
	if last < dateOf(from) {
		from, last, step = to, dateOf(from), -1
	}
	for dateOf(from) < last {
		from = from.AddDate(0, 0, 1)
		if working, _ := c.IsWorkingDay(from); working {
			n += step
		}
	}
	return n, true
}

// Day is one day of the calendar. Name is that of the holiday, also on the
// days that are worked instead.
type Day struct {
	Date    time.Time
	Working bool
	Name    string
}

// Days returns every day of the known years in order.
func (c *Calendar) Days() iter.Seq[Day] {
	return func(yield func(Day) bool) {
		for d := time.Date(c.first, 1, 1, 0, 0, 0, 0, time.UTC); d.Year() <= c.last; d = d.AddDate(0, 0, 1) {
			working, _ := c.IsWorkingDay(d)
			if !yield(Day{d, working, c.days[dateOf(d)].name}) {
				return
			}
		}
	}
}
