package normalise

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"govdata/catalog"
)

func TestDatesWithTheirYearLastNeedAnOrder(t *testing.T) {
	for _, c := range []struct{ cell, dmy, mdy string }{
		{"16/5/2007", "2007-05-16", "!no_such_day"}, {"5/16/2007", "!no_such_day", "2007-05-16"}, {"5/6/2007", "2007-06-05", "2007-05-06"}, {"5/16/2007 0:00:00", "!no_such_day", "2007-05-16"},
		{"01/02/1996 12:00:00 AM", "1996-02-01", "1996-01-02"}, {"1/2/1996 12:00 am", "1996-02-01", "1996-01-02"}, {"01/02/1996 12:00:00 PM", "!date_with_time", "!date_with_time"},
		{"27-May-11", "2011-05-27", "2011-05-27"}, {"27-MAY-2011", "2011-05-27", "2011-05-27"}, {"27 may 2011", "2011-05-27", "2011-05-27"}, {"27 September 11", "2011-09-27", "2011-09-27"}, {"27-September-2011", "2011-09-27", "2011-09-27"}, {"May 27, 2011", "2011-05-27", "2011-05-27"}, {"May 27 2011", "2011-05-27", "2011-05-27"},
		{"01-02-13", "2013-02-01", "2013-01-02"}, {"01/02/68", "2068-02-01", "2068-01-02"}, {"01/02/69", "1969-02-01", "1969-01-02"}, {"16.5.2007", "2007-05-16", "!no_such_day"}, {"1.2.13", "!not_a_date", "!not_a_date"},
		{"29/2/2016", "2016-02-29", "!no_such_day"}, {"29/2/2015", "!no_such_day", "!no_such_day"}, {"１６／５／２００７", "2007-05-16", "!no_such_day"},
		{"2007-05-16", "2007-05-16", "2007-05-16"}, {"2007年5月16日", "2007-05-16", "2007-05-16"}, {"20070516", "2007-05-16", "2007-05-16"},
		{"27 mai 2011", "!not_a_date", "!not_a_date"}, {"27-Mai-11", "!not_a_date", "!not_a_date"}, {"27 Mag 2011", "!not_a_date", "!not_a_date"}, {"1/2/196", "!not_a_date", "!not_a_date"}, {"1/2", "!not_a_date", "!not_a_date"}, {"1/2-2007", "!not_a_date", "!not_a_date"}, {"123/2/2007", "!not_a_date", "!not_a_date"}, {"31-Feb-11", "!not_a_date", "!not_a_date"}, {"May 27,2011", "!not_a_date", "!not_a_date"}, {"27-May-11-", "!not_a_date", "!not_a_date"},
	} {
		for order, want := range map[catalog.DateOrder]string{catalog.DayFirst: c.dmy, catalog.MonthFirst: c.mdy} {
			got, err := dateRule(order)(c.cell)
			check(t, string(order), c.cell, got, err, want)
		}
	}
	for _, cell := range []string{"16/5/2007", "01-02-13", "01/01/1996 12:00:00 AM", "2016-03-05 12:00:00 AM", "27 May 11", "May 27 2011"} {
		if got, _, err := Date(cell); err == nil {
			t.Errorf("%q: found %q without an order", cell, got)
		}
	}
	for cell, want := range map[string]string{"5/16/2007 13:05": "2007-05-16 13:05:00", "5/16/2007 1:05:09 PM": "2007-05-16 13:05:09", "5/16/2007 1:05PM": "2007-05-16 13:05:00", "5/16/2007 13:05 PM": "!not_a_timestamp", "May 16, 2007 9:30": "2007-05-16 09:30:00", "16 May 2007 9:30 AM": "2007-05-16 09:30:00", "5/16/2007": "2007-05-16 00:00:00", "2007-05-16T01:30:00Z": "2007-05-16 09:30:00"} {
		got, err := TimestampIn(catalog.MonthFirst, cell)
		check(t, "TimestampIn", cell, got, err, want)
	}
}

// dateRule is the rule of a date field as a plain function.
func dateRule(order catalog.DateOrder) func(string) (string, error) {
	rule := RuleOf(&catalog.Field{Type: catalog.TypeDate, DateOrder: order}, 0)
	return func(s string) (string, error) {
		v, _, err := rule(s)
		return v, err
	}
}

// What the standard library reads by these layouts is read without an order
// too, and nothing else of the kind.
func TestWordedDatesReadAsTheStandardLibraryDoes(t *testing.T) {
	layouts := []string{"2-Jan-2006", "2-Jan-06", "2 Jan 2006", "2 January 2006", "January 2, 2006", "Jan 2, 2006"}
	months := []string{"Jan", "JANUARY", "feb", "February", "may", "Sep", "sept", "december", "Mai", "é"}
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom(months), rapid.StringMatching(`[0-9]{1,2}|20[0-9][0-9]|[- ,]|, | {2}`)), 1, 6).Draw(t, "parts")
		cell := ""
		for _, p := range parts {
			cell += p
		}
		if cell = Fold(cell); cell == "" || cell[0] >= 0x80 {
			return
		}
		want, known := time.Time{}, false
		for _, layout := range layouts {
			if d, err := time.Parse(layout, cell); err == nil {
				want, known = d, true
				break
			}
		}
		got, ok := parseWorded(cell, false)
		if ok != known || ok && (got.year != want.Year() || got.month != int(want.Month()) || got.day != want.Day()) {
			t.Fatalf("%q: found %v, %v, want %v, %v", cell, got, ok, want, known)
		}
	})
}

func TestMonthsAndTimesOfDay(t *testing.T) {
	for _, c := range []struct {
		semantic catalog.Semantic
		cells    map[string]string
	}{
		{catalog.Month, map[string]string{
			"2016-03": "2016-03", "200007": "2000-07", "2016年3月": "2016-03", "2016/3": "2016-03", "2016.03": "2016-03", "Mar-2016": "2016-03", "MARCH 2016": "2016-03", "２０１６－０３": "2016-03", "二〇一六年三月": "2016-03", "民國105年3月": "2016-03",
			"2016-13": "!not_a_month", "201613": "!not_a_month", "2016": "!not_a_month", "2016-03-05": "!not_a_month", "Mar-16": "!not_a_month", "1799-12": "!not_a_month", "x": "!not_a_month", "Mar-": "!not_a_month"}},
		{catalog.TimeOfDay, map[string]string{
			"09:30": "09:30", "09:30:15": "09:30:15", "9:30": "09:30", "9:30:15": "09:30:15", "９：３０": "09:30", "9时30分": "09:30", "9时30分15秒": "09:30:15", "2:05 PM": "14:05", "12:00:01 am": "00:00:01", "00:00": "00:00", "23:59:59": "23:59:59",
			"24:00": "!not_a_time_of_day", "9:60": "!not_a_time_of_day", "9": "!not_a_time_of_day", "9:30:15.5": "!not_a_time_of_day", "36:00": "!not_a_time_of_day", "13:00 PM": "!not_a_time_of_day", "2016-03-05 09:30": "!not_a_time_of_day"}},
	} {
		rule := RuleOf(&catalog.Field{Type: catalog.TypeText, Semantic: c.semantic}, 0)
		for cell, want := range c.cells {
			got, _, err := rule(cell)
			check(t, string(c.semantic), cell, got, err, want)
			if err != nil {
				continue
			}
			if again, _, err := rule(got); err != nil || again != got {
				t.Errorf("%q gives %q and then %q, %v", cell, got, again, err)
			}
		}
	}
}

func TestDecimalCommasAreExact(t *testing.T) {
	rule := RuleOf(&catalog.Field{Type: "decimal(20,9)", DecimalMark: ","}, 0)
	for cell, want := range map[string]string{
		"0,611553068": "0.611553068", "1.234,56": "1234.56", "-1.234.567,8": "-1234567.8", "1234,5": "1234.5", "12": "12", "1.234": "1234", ",5": "0.5", "5,": "5", "(1.234,5)": "-1234.5", "1,5E+03": "1500", "１，５": "1.5", "0,0": "0",
		"1.5": "!bad_grouping", "1,234,5": "!not_a_number", "1.23,4": "!bad_grouping", "1234.567,8": "!bad_grouping", "0.611553068": "!bad_grouping",
	} {
		got, _, err := rule(cell)
		check(t, "decimal comma", cell, got, err, want)
	}
	whole := RuleOf(&catalog.Field{Type: catalog.TypeInteger, DecimalMark: ","}, 0)
	for cell, want := range map[string]string{"1.234": "1234", "12,0": "12", "12,5": "!not_an_integer", "12": "12"} {
		got, _, err := whole(cell)
		check(t, "whole numbers with a decimal comma", cell, got, err, want)
	}
}

func TestCoordinatesStayOnTheGlobe(t *testing.T) {
	for _, c := range []struct {
		semantic   catalog.Semantic
		cell, want string
	}{
		{catalog.Latitude, "36.06", "36.06"}, {catalog.Latitude, "-90", "-90"}, {catalog.Latitude, "90.000001", "!no_such_place"}, {catalog.Latitude, "-91", "!no_such_place"},
		{catalog.Longitude, "103.834", "103.834"}, {catalog.Longitude, "-180", "-180"}, {catalog.Longitude, "180.000001", "!no_such_place"}, {catalog.Longitude, "2786480.5", "!no_such_place"},
	} {
		got, _, err := RuleOf(&catalog.Field{Type: "decimal(18,9)", Semantic: c.semantic}, 0)(c.cell)
		check(t, string(c.semantic), c.cell, got, err, c.want)
	}
}

func TestCanonicalCellsCostNoAllocationInEveryReading(t *testing.T) {
	for _, c := range []struct {
		field catalog.Field
		cell  string
	}{
		{catalog.Field{Type: catalog.TypeText, Semantic: catalog.Month}, "2016-03"},
		{catalog.Field{Type: catalog.TypeText, Semantic: catalog.TimeOfDay}, "09:30:15"},
		{catalog.Field{Type: "decimal(18,6)", Semantic: catalog.Longitude}, "103.834"},
		{catalog.Field{Type: catalog.TypeDate, DateOrder: catalog.DayFirst}, "2016-03-31"},
		{catalog.Field{Type: catalog.TypeTimestamp, DateOrder: catalog.MonthFirst}, "2016-03-31 09:30:00"},
		{catalog.Field{Type: catalog.TypeInteger, DecimalMark: ","}, "1234"},
	} {
		rule := RuleOf(&c.field, 0)
		if n := testing.AllocsPerRun(100, func() {
			if _, _, err := rule(c.cell); err != nil {
				t.Error(err)
			}
		}); n > 0 {
			t.Errorf("%s %q: %v allocations", c.field.Type, c.cell, n)
		}
	}
}

func FuzzReadings(f *testing.F) {
	for _, s := range []string{"16/5/2007", "5/16/2007 0:00:00", "01/01/1996 12:00:00 AM", "27-May-11", "May 27, 2011", "Mar-2016", "200007", "9时30分", "1.234,56", "0,611553068", "壹佰贰拾叁万元整"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, order := range []catalog.DateOrder{"", catalog.DayFirst, catalog.MonthFirst} {
			if iso, _, err := DateIn(order, s); err == nil {
				if again, _, err := DateIn(order, iso); err != nil || again != iso {
					t.Errorf("%s %q gives %q and then %q, %v", order, s, iso, again, err)
				}
			}
			if stamp, err := TimestampIn(order, s); err == nil && (!isoTime(stamp) && len(stamp) < 21) {
				t.Errorf("%s %q gives %q", order, s, stamp)
			}
		}
		for name, read := range map[string]func(string) (string, error){"YearMonth": YearMonth, "TimeOfDay": TimeOfDay} {
			if v, err := read(s); err == nil {
				if again, err := read(v); err != nil || again != v {
					t.Errorf("%s %q gives %q and then %q, %v", name, s, v, again, err)
				}
			}
		}
		if v, err := Decimal(s, Number{Precision: 38, Scale: 10, Comma: true}); err == nil {
			if again, err := Decimal(v, Number{Precision: 38, Scale: 10}); err != nil || again != v {
				t.Errorf("%q gives %q and then %q, %v", s, v, again, err)
			}
		}
	})
}
