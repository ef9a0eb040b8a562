package calendar

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"
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
		if os.Getenv("CI") == "true" && os.Getenv("GOVDATA_TEST_SHARED") != "" {
			t.Fatal("the official calendar files are missing")
		}
		t.Skip("SKIPPED: the official calendar files are not beside the repository")
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
			if e := c.days[d.Date]; e.off != d.IsOffDay || e.name != d.Name {
				t.Errorf("%s: have %+v, the notice says %+v", d.Date, e, d)
			}
		}
	}
	if found < len(c.days) {
		t.Errorf("%d days in the notices, %d embedded", found, len(c.days))
	}
}
