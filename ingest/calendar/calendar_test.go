package calendar

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func day(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return t
}

// The vectors of DOMAIN.md, section 2.
func TestSevenWorkingDays(t *testing.T) {
	for from, want := range map[string]string{
		"2016-02-03": "2016-02-17", "2016-03-01": "2016-03-10", "2016-09-30": "2016-10-14", "2026-02-12": "2026-02-28",
	} {
		due, ok := Default().Add(day(from), 7)
		if got := due.Format(time.DateOnly); !ok || got != want {
			t.Errorf("7 working days after %s: found %s, %v; want %s", from, got, ok, want)
		}
	}
}

// A deadline and the count of the days up to it agree.
func TestDaysBetweenCountAsDeadlinesDo(t *testing.T) {
	c := Default()
	rapid.Check(t, func(t *rapid.T) {
		from := day("2007-01-01").AddDate(0, 0, rapid.IntRange(0, 7000).Draw(t, "day"))
		n := rapid.IntRange(0, 60).Draw(t, "n")
		due, ok := c.Add(from, n)
		if !ok {
			t.Fatalf("%d working days after %s are unknown", n, from)
		}
		if got, ok := c.Between(from, due); !ok || got != n {
			t.Errorf("%d working days after %s is %s, and %d, %v between them", n, from, due, got, ok)
		}
		if got, ok := c.Between(due, from); !ok || got != -n {
			t.Errorf("backwards: found %d, %v, want %d", got, ok, -n)
		}
	})
	if _, ok := c.Between(day("2006-12-29"), day("2007-01-04")); ok {
		t.Error("a count that begins before the first notice must be unknown")
	}
}

// Days of a year may be settled in the next year's notice.
func TestNoticesReachIntoTheYearBefore(t *testing.T) {
	for d, want := range map[string]bool{
		"2018-12-29": true, "2018-12-31": false, "2007-12-31": false, "2011-12-31": true, "2022-12-31": false, // by the notices for the years after
		"2016-02-06": true, "2016-02-08": false, "2016-03-05": false, "2026-02-28": true, "2020-01-31": false, "2015-09-03": false, "2015-09-06": true,
	} {
		if working, known := Default().IsWorkingDay(day(d)); !known || working != want {
			t.Errorf("%s: found %v, %v, want %v", d, working, known, want)
		}
	}
}

func TestBrokenCalendarsAreRefused(t *testing.T) {
	for _, s := range []string{"", "date,name,off\n", "date,name,off\n2016-02-30,x,true\n", "date,name,off\n2016-02-03,x,maybe\n", "date,name,off\n2016-02-03,x\n"} {
		if c, err := Parse(strings.NewReader(s)); err == nil {
			t.Errorf("%q was taken: %+v", s, c)
		}
	}
}

func TestYearsOutsideTheNoticesAreUnknown(t *testing.T) {
	c := Default()
	if first, last := c.Years(); first != 2007 || last != 2026 {
		t.Errorf("years %d-%d, want 2007-2026", first, last)
	}
	for _, d := range []string{"2006-12-29", "2027-01-04"} {
		if _, known := c.IsWorkingDay(day(d)); known {
			t.Errorf("%s is taken for known", d)
		}
	}
	if _, ok := c.Add(day("2026-12-30"), 3); ok {
		t.Error("a deadline beyond the last notice must be unknown")
	}
	n := 0
	for range c.Days() {
		n++
	}
	if n != 7305 {
		t.Errorf("%d days in 2007-2026, want 7305", n)
	}
}

// The embedded facts are those of the official files.
func TestExceptionsAreThoseOfTheNotices(t *testing.T) {
	files, _ := filepath.Glob("../../../shared/calendar/*.json")
	if len(files) == 0 {
		if os.Getenv("GOVDATA_TEST_SHARED") == "required" {
			t.Fatal("the official calendar files are not here")
		}
		t.Skip("the official calendar files are not here")
	}
	c, found := Default(), 0
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var year struct {
			Days []struct {
				Name     string
				Date     string
				IsOffDay bool
			}
		}
		if err := json.Unmarshal(data, &year); err != nil {
			t.Fatal(err)
		}
		for _, d := range year.Days {
			found++
			if e := c.days[dateOf(day(d.Date))]; e.off != d.IsOffDay || e.name != d.Name {
				t.Errorf("%s: have %+v, the notice says %+v", d.Date, e, d)
			}
		}
	}
	if found < len(c.days) {
		t.Errorf("%d days in the notices, %d embedded", found, len(c.days))
	}
}
