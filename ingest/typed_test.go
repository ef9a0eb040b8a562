package ingest

import (
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
)

func TestCanonicalDaysAreCountedAsTheCalendarDoes(t *testing.T) {
	for day := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC); day.Year() < 9999; day = day.AddDate(0, 0, 13) {
		have, err := parseDay(day.Format(time.DateOnly))
		if err != nil || have != arrow.Date32FromTime(day) {
			t.Fatalf("%s: day %d, %v, want %d", day.Format(time.DateOnly), have, err, arrow.Date32FromTime(day))
		}
	}
}

func TestCanonicalDecimalsLandExactly(t *testing.T) {
	for _, c := range []struct {
		text  string
		scale int
	}{
		{"0", 0}, {"0", 4}, {"-0.5", 1}, {"12345.6", 2}, {"-12345.67", 2}, {"999999999999999999", 0}, {"9999999999999999.99", 2},
		{"123456789012345678.9", 1}, {"99999999999999999999999999999999999999", 0}, {"-9999999999999999999999999999.9999999999", 10}, {"1", 37},
	} {
		have, err := parseDecimal(c.text, c.scale)
		want, _ := decimal128.FromString(c.text, 38, int32(c.scale))
		if err != nil || have != want {
			t.Errorf("%s with %d decimals: %v, %v, want %v", c.text, c.scale, have, err, want)
		}
	}
	for _, text := range []string{"1.25", "1,5", "", "1.2.3", "12a", "170141183460469231731687303715884105728"} {
		if n, err := parseDecimal(text, 1); err == nil && text != "" {
			t.Errorf("%q is read as %v", text, n)
		}
	}
}
