package numfmt

import (
	"math"
	"strconv"
	"strings"
	"testing"
)

func TestFormatsThatShowDates(t *testing.T) {
	for code, want := range map[string]Kind{
		"General": Number, "GENERAL": Number, "": Number, "@": Number, "0.00": Number, "0.00E+00": Number, "0%": Number,
		`#,##0" days"`: Number, "0.00_);[Red](0.00)": Number, `[$¥-804]#,##0.00`: Number, "0 d": Number, `"h"0`: Number, "# ?/?": Number, `0\d`: Number,
		`yyyy"年"m"月"d"日"`: Date, `[$-804]yyyy"年"m"月"d"日";@`: Date, `[DBNum1][$-804]yyyy"年"m"月"`: Date, "yyyy年m月d日": Date, `yyyy\-mm`: Date,
		"mmm-yy": Date, `m "months"`: Date, "m/d/yyyy h:mm:ss": Date, "[Red]d;@": Date, `ggge"年"`: Date,
		"h:mm": Clock, "h:mm AM/PM": Clock, `h"时"mm"分"`: Clock, "mm:ss": Clock, "mmss.0": Clock, "ss.000": Clock,
		"[h]:mm": Elapsed, "[mm]:ss": Elapsed, "[ss].00": Elapsed,
	} {
		if got := KindOf(code); got != want {
			t.Errorf("%s: found %d, want %d", code, got, want)
		}
	}
}

// Chinese editions of Excel number formats that others leave free (ECMA-376-1,
// 18.8.30).
func TestBuiltinFormatsThatShowDates(t *testing.T) {
	for id, want := range map[int]Kind{
		0: Number, 9: Number, 13: Number, 14: Date, 17: Date, 18: Clock, 21: Clock, 22: Date, 23: Number, 27: Date, 31: Date, 32: Clock, 33: Clock, 36: Date,
		37: Number, 44: Number, 45: Clock, 46: Elapsed, 47: Clock, 48: Number, 49: Number, 50: Date, 58: Date, 59: Number, 164: Number, -1: Number,
	} {
		if got := Builtin(id); got != want {
			t.Errorf("%d: found %d, want %d", id, got, want)
		}
	}
}

func TestDatesReadAsISOText(t *testing.T) {
	for _, c := range []struct {
		serial, epoch float64
		kind          Kind
		want          string // empty: no date
	}{
		{45992, 0, Date, "2025-12-01"},
		{45992 - 1462, Epoch1904, Date, "2025-12-01"},
		{45992.5, 0, Date, "2025-12-01T12:00:00"},
		{45992.5, 0, Clock, "2025-12-01T12:00:00"},
		{45992.999999999, 0, Date, "2025-12-02"},
		{45992.000005787037, 0, Date, "2025-12-01T00:00:00.500"},
		{1, 0, Date, "1900-01-01"},
		{59, 0, Date, "1900-02-28"},
		{60, 0, Date, "1900-02-29"}, // as Excel has it
		{61, 0, Date, "1900-03-01"},
		{0, Epoch1904, Date, "1904-01-01"},
		{2958465, 0, Date, "9999-12-31"},
		{2958466, 0, Date, ""},
		{2958465, Epoch1904, Date, ""},
		{-1, 0, Date, ""},
		{0, 0, Date, ""},
		{0, 0, Clock, "00:00:00"},
		{0.75, 0, Date, "18:00:00"},
		{1.5, 0, Elapsed, "36:00:00"},
		{5, 0, Elapsed, "120:00:00"},
	} {
		got, ok := AppendDate(nil, c.serial, c.epoch, c.kind)
		if string(got) != c.want || ok != (c.want != "") {
			t.Errorf("%v + %v as %d: found %q, %t, want %q", c.serial, c.epoch, c.kind, got, ok, c.want)
		}
	}
}

func TestNumbersReadWithoutTheNoiseOfTheirDoubles(t *testing.T) {
	for _, c := range []struct {
		v    float64
		want string
	}{
		{0, "0"}, {1, "1"}, {-12, "-12"}, {0.1, "0.1"}, {0.30000000000000004, "0.3"}, {1650.4999999999998, "1650.5"}, {-1e-3, "-0.001"}, {1e-7, "0.0000001"},
		{620102001001000, "620102001001000"}, {9007199254740991, "9007199254740991"}, {1.2e18, "1200000000000000000"}, {12345678901234567890, "12345678901234600000"},
		{math.MaxFloat64, "17976931348623157" + strings.Repeat("0", 292)},
		{1.0 / 3, "0.333333333333333"}, {123456.789, "123456.789"},
	} {
		if got := string(AppendFloat(nil, c.v)); got != c.want {
			t.Errorf("%v: found %s, want %s", c.v, got, c.want)
		}
		// What is stored as text reads as the number does.
		if got := string(AppendNumber(nil, strconv.AppendFloat(nil, c.v, 'g', 17, 64))); got != c.want && c.v < 1e15 {
			t.Errorf("%v as text: found %s, want %s", c.v, got, c.want)
		}
	}
	for raw, want := range map[string]string{"4.0000000000000002E-2": "0.04", " 1E3 ": "1000", "1E999": "1E999", "NaN": "NaN", "": "", "x": "x"} {
		if got := string(AppendNumber(nil, []byte(raw))); got != want {
			t.Errorf("%q: found %q, want %q", raw, got, want)
		}
	}
	for raw, want := range map[string]bool{"12": true, "-1.5": true, "12345678901234567": true, "0.30000000000000004": false, "1E3": false, "": true} {
		if got := Plain([]byte(raw)); got != want {
			t.Errorf("%q: found %t", raw, got)
		}
	}
}

// FuzzNumbers feeds any number, of either system, to any format code.
func FuzzNumbers(f *testing.F) {
	f.Add(45992.5, `[$-804]yyyy"年"m"月"d"日";@`, true)
	f.Add(1.5, "[h]:mm:ss.000", false)
	f.Add(math.Copysign(0, -1), `\`, false)
	f.Add(1e300, `"[`, true)
	f.Add(math.MaxFloat64, "", false)
	f.Fuzz(func(t *testing.T, v float64, code string, late bool) {
		epoch := 0.0
		if late {
			epoch = Epoch1904
		}
		out, ok := AppendDate([]byte("x"), v, epoch, KindOf(code))
		if !ok && string(out) != "x" || ok && (len(out) < len("x00:00:00") || len(out) > 40) {
			t.Errorf("%v as %q reads %q, %t", v, code, out, ok)
		}
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return
		}
		text := AppendFloat(nil, v)
		back, err := strconv.ParseFloat(string(text), 64)
		if err != nil || math.Abs(back-v) > math.Abs(v)*1e-14 && math.Abs(v) > 1e-300 {
			t.Errorf("%v reads %s", v, text)
		}
		if again := AppendNumber(nil, text); string(again) != string(text) {
			t.Errorf("%s reads %s", text, again)
		}
	})
}
