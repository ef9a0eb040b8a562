package normalise

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestDatesKeepTheirPrecision(t *testing.T) {
	for _, c := range []struct {
		cell, want string
		precision  Precision
	}{
		{"2016-03-05", "2016-03-05", Day}, {"2016年3月5日", "2016-03-05", Day}, {"2016 年 3 月 5 日", "2016-03-05", Day}, {"2016年03月05号", "2016-03-05", Day}, {"2016年3月5", "2016-03-05", Day},
		{"2016.3.5", "2016-03-05", Day}, {"2016/3/5", "2016-03-05", Day}, {"２０１６－０３－０５", "2016-03-05", Day}, {"20160305", "2016-03-05", Day}, {" 2016-3-5　", "2016-03-05", Day},
		{"2016-03", "2016-03", Month}, {"2016年3月", "2016-03", Month}, {"2016/12", "2016-12", Month}, {"2016", "2016", Year}, {"2016年", "2016", Year},
		{"二〇一六年三月五日", "2016-03-05", Day}, {"二○一六年十二月三十一日", "2016-12-31", Day}, {"二零一六年十月二十日", "2016-10-20", Day}, {"二Ｏ一六年元月廿五日", "2016-01-25", Day}, {"二〇一六年十一月", "2016-11", Month}, {"二〇一六年", "2016", Year},
		{"5-Sep-11", "2011-09-05", Day}, {"05-Sep-2011", "2011-09-05", Day}, {"September 5, 2011", "2011-09-05", Day},
		{"2016-03-05 00:00:00", "2016-03-05", Day}, {"2016/3/5 0:00", "2016-03-05", Day}, {"2016-03-05T00:00:00.000", "2016-03-05", Day}, {"2016年3月5日 0时0分", "2016-03-05", Day}, {"20160305000000", "2016-03-05", Day},
		{"2016-03-04T16:00:00.000Z", "2016-03-05", Day}, {"2016-03-05T00:00:00Z", "2016-03-05", Day}, {"2016-03-05T00:00:00+08:00", "2016-03-05", Day},
		{"民國105年3月5日", "2016-03-05", Day}, {"中華民國105年3月5日", "2016-03-05", Day}, {"民国 99/1/2", "2010-01-02", Day}, {"民國105年", "2016", Year},
		{"2016-02-29", "2016-02-29", Day}, {"2000-02-29", "2000-02-29", Day}, {"1800-01-01", "1800-01-01", Day}, {"2200-12-31", "2200-12-31", Day},
		{"2015-02-29", "!no_such_day", Day}, {"1900年2月29日", "!no_such_day", Day}, {"2016-13-01", "!no_such_day", Day}, {"2016-04-31", "!no_such_day", Day}, {"20160230", "!no_such_day", Day}, {"2016-0-5", "!no_such_day", Day}, {"1799-12-31", "!no_such_day", Day}, {"2201", "!no_such_day", Day}, {"0000-00-00", "!no_such_day", Day},
		{"2016-03-05 09:30:00", "!date_with_time", Day}, {"2016-03-05T08:00:00+08:00", "!date_with_time", Day},
		{"", "!not_a_date", Day}, {"3/5/2016", "!not_a_date", Day}, {"16-3-5", "!not_a_date", Day}, {"105年3月5日", "!not_a_date", Day}, {"42434", "!not_a_date", Day}, {"201603", "!not_a_date", Day}, {"2016-3-5-1", "!not_a_date", Day}, {"2016-03/05", "!not_a_date", Day},
		{"2016年13", "!not_a_date", Day}, {"2016-03-05 25:00", "!not_a_date", Day}, {"2016-03 00:00", "!not_a_date", Day}, {"二〇一六年三月五", "!not_a_date", Day}, {"二〇一六年三一月五日", "!not_a_date", Day}, {"二〇一六年月日", "!not_a_date", Day}, {"长期", "!not_a_date", Day}, {"2016年3月5日至2017年3月4日", "!not_a_date", Day}, {"不详", "!not_a_date", Day}, {"民国", "!not_a_date", Day},
	} {
		got, precision, err := Date(c.cell)
		check(t, "Date", c.cell, got, err, c.want)
		if precision != c.precision {
			t.Errorf("%q: found precision %d, want %d", c.cell, precision, c.precision)
		}
	}
}

func TestTimestampsAreInOfficialTime(t *testing.T) {
	for cell, want := range map[string]string{
		"2016-03-05 09:30:00": "2016-03-05 09:30:00", "2016-03-05T09:30:00": "2016-03-05 09:30:00", "2016/3/5 9:30": "2016-03-05 09:30:00", "2016年3月5日9时30分15秒": "2016-03-05 09:30:15", "2016年3月5日 9时": "2016-03-05 09:00:00",
		"20160305093015": "2016-03-05 09:30:15", "2016-03-05": "2016-03-05 00:00:00", "2016-03-05 09:30:00.125": "2016-03-05 09:30:00.125", "2016-03-05 09:30:00.500000": "2016-03-05 09:30:00.5",
		"2016-03-05T01:30:00Z": "2016-03-05 09:30:00", "2016-03-05T09:30:00+08:00": "2016-03-05 09:30:00", "2016-03-05T09:30:00+0800": "2016-03-05 09:30:00", "2016-03-05T20:00:00Z": "2016-03-06 04:00:00", "２０１６－０３－０５　０９：３０": "2016-03-05 09:30:00",
		"2016-03": "!not_a_timestamp", "2016-03-05 24:00": "!not_a_timestamp", "2016-03-05 09:60": "!not_a_timestamp", "09:30": "!not_a_timestamp", "": "!not_a_timestamp", "2016-02-30 09:30": "!no_such_day", "2016-03-05 09:30:00.1234567": "!not_a_timestamp",
	} {
		got, err := Timestamp(cell)
		check(t, "Timestamp", cell, got, err, want)
	}
}

// Every way to write a day gives the same day.
func TestDateRoundTrip(t *testing.T) {
	days := []string{"零", "一", "二", "三", "四", "五", "六", "七", "八", "九", "十"}
	numeral := func(n int) string {
		switch {
		case n <= 10:
			return days[n]
		case n < 20:
			return "十" + days[n-10]
		case n%10 == 0:
			return days[n/10] + "十"
		}
		return days[n/10] + "十" + days[n%10]
	}
	rapid.Check(t, func(t *rapid.T) {
		d := time.Date(1800, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, rapid.IntRange(0, 146000).Draw(t, "days"))
		want := d.Format(time.DateOnly)
		year := ""
		for _, c := range d.Format("2006") {
			year += days[c-'0']
		}
		for _, cell := range []string{
			d.Format("2006年1月2日"), d.Format("2006/1/2"), d.Format("2006.01.02"), d.Format("20060102"), d.Format("2006-1-2 15:04"), d.Format("2-Jan-2006"), d.Format(time.RFC3339),
			year + "年" + numeral(int(d.Month())) + "月" + numeral(d.Day()) + "日",
		} {
			got, precision, err := Date(cell)
			if err != nil || got != want || precision != Day {
				t.Fatalf("%q: found %q, %d, %v, want %s", cell, got, precision, err, want)
			}
		}
		if stamp, err := Timestamp(d.Format("2006/1/2 9:08")); err != nil || stamp != want+" 09:08:00" {
			t.Fatalf("%q, %v, want %s 09:08:00", stamp, err, want)
		}
	})
}

func FuzzDate(f *testing.F) {
	for _, s := range []string{"2016-03-05", "二〇一六年三月五日", "民國105年3月5日", "2016/3/5 0:00", "2016-03-04T16:00:00.000Z", "5-Sep-11", "2016年3月", "2016年3月5日9时30分"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if stamp, err := Timestamp(s); err == nil {
			if again, err := Timestamp(stamp); err != nil || again != stamp {
				t.Errorf("%q gives %q and then %q, %v", s, stamp, again, err)
			}
		}
		iso, precision, err := Date(s)
		if err != nil {
			return
		}
		layout := map[Precision]string{Day: "2006-01-02", Month: "2006-01", Year: "2006"}[precision]
		if d, err := time.Parse(layout, iso); err != nil || d.Year() < minYear || d.Year() > maxYear {
			t.Errorf("%q gives %q: %v", s, iso, err)
		}
		if again, p, err := Date(iso); err != nil || again != iso || p != precision {
			t.Errorf("%q gives %q and then %q, %v", s, iso, again, err)
		}
	})
}
