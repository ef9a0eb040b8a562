package numfmt

import (
	"strconv"
	"testing"
)

// What a format says beyond the value is read: per cents, leading zeros, and
// magnitudes where a text above names them.
func TestFormatsAreReadAsTheyAreMeant(t *testing.T) {
	for _, c := range []struct {
		code, stored, above, want string
		shown                     Shown
	}{
		{"0%", "0.03", "", "3%", Percent},
		{"0.00%", "0.125", "", "12.5%", Percent},
		{"0.0%", "0.12345", "", "12.345%", Percent},
		{"0%", "0.07", "", "7%", Percent},
		{"0%", "1", "", "100%", Percent},
		{"0.00%;[Red]-0.00%", "-0.005", "", "-0.5%", Percent},
		{`0.00%;-0.00%;"-"`, "0", "", "0%", Percent},
		{`[>1]0"倍";0%`, "0.5", "", "50%", Percent},
		{`[>1]0"倍";0%`, "5", "", "5", AsStored},
		{`0.0"%"`, "12.5", "", "12.5%", Percent},
		{`0\%`, "12", "", "12%", Percent},
		{`[$-804]0.0%`, "0.5", "", "50%", Percent},
		{"000000", "1", "", "000001", Padded},
		{"000000", "620102", "", "620102", Padded},
		{"00000", "2035", "", "02035", Padded},
		{"000", "1234", "", "1234", Padded},
		{"00", "7", "", "07", Padded},
		{"000000;-000000", "1", "", "000001", Padded},
		{"000", "-5", "", "-005", Padded},
		{"000", "1.5", "", "1.5", AsStored},
		{"00000-0000", "123456789", "", "12345-6789", Padded},
		{"000-00-0000", "78051120", "", "078-05-1120", Padded},
		{`"No."0000`, "12", "", "No.0012", Padded},
		{`\K000`, "12", "", "K012", Padded},
		{`000;[Red]-000;000;@`, "0", "", "000", Padded},
		{"0", "1", "", "1", AsStored},
		{"#,##0", "1234567", "", "1234567", AsStored},
		{"#,##0.00", "1234.5", "", "1234.5", AsStored},
		{"0.00", "1.005", "", "1.005", AsStored},
		{"0.00E+00", "12345", "", "12345", AsStored},
		{"# ?/?", "0.5", "", "0.5", AsStored},
		{"# 00/00", "0.5", "", "0.5", AsStored},
		{"00.00", "1.5", "", "1.5", AsStored},
		{"@", "12", "", "12", AsStored},
		{"General", "12", "", "12", AsStored},
		{";;;", "12", "", "12", AsStored},
		{"0!.0,", "12345000", "单位：万元", "1234.5", Scaled},
		{"0!.0,", "123456", "金额（万元）", "12.3456", Scaled},
		{`0\.0,`, "123456", "萬元", "12.3456", Scaled},
		{`0"."0,`, "123456", "万元", "12.3456", Scaled},
		{"0!.0000", "123456", "万元", "12.3456", Scaled},
		{"0!.0,", "123456", "金额（元）", "123456", Unscaled},
		{"0!.0,", "0", "", "0", AsStored},
		{"0,", "1500", "单位：千元", "1.5", Scaled},
		{"#,##0,", "1500", "千元", "1.5", Scaled},
		{"0.00,,", "12500000", "百万元", "12.5", Scaled},
		{"0.00,,", "12500000", "万元", "12500000", Unscaled},
		{"#,##0.0,,", "-2500000", "USD million", "-2.5", Scaled},
		{"0,", "12", "thousand tonnes", "0.012", Scaled},
		{`0"万元"`, "12", "", "12万元", Scaled},
		{`0!.0,"万元"`, "123456", "", "12.3456万元", Scaled},
		{`0.00"亿"`, "1.5", "", "1.5亿", Scaled},
		{`0" days"`, "12", "", "12", AsStored},
		{`0"人"`, "12", "", "12", AsStored},
		{`[$¥-804]#,##0.00`, "12", "", "12", AsStored},
		{`[DBNum1][$-804]000`, "12", "", "12", AsStored},
	} {
		var said Said
		said.Note([]byte(c.above))
		v, err := strconv.ParseFloat(c.stored, 64)
		if err != nil {
			t.Fatal(err)
		}
		got, shown := Parse(c.code).Append([]byte("x"), []byte(c.stored), v, said)
		if string(got) != "x"+c.want || shown != c.shown {
			t.Errorf("%s as %s under %q: found %s, %d, want %s, %d", c.stored, c.code, c.above, got[1:], shown, c.want, c.shown)
		}
	}
}

func TestDatesKeepTheirPrecision(t *testing.T) {
	for code, want := range map[string]string{
		`yyyy"年"m"月"`: "2025-12", "yyyy-mm": "2025-12", "yyyy/m": "2025-12", `[$-804]yyyy"年"m"月";@`: "2025-12", "mmm-yy": "2025-12", "yyyy": "2025", `yyyy"年"`: "2025",
		`[DBNum1][$-804]yyyy"年"m"月"`: "2025-12", "yyyy-mm-dd": "2025-12-01", `m"月"d"日"`: "2025-12-01", "yyyy-mm-dd hh:mm": "2025-12-01", "dddd": "2025-12-01", "aaaa": "2025-12-01",
		`[$-F800]dddd\,\ mmmm\ dd\,\ yyyy`: "2025-12-01", "[$-404]e/m/d": "2025-12-01", "m/d": "2025-12-01", "yyyy!-mm": "2025-12",
	} {
		got, ok := Parse(code).AppendDate(nil, 45992, 0)
		if !ok || string(got) != want {
			t.Errorf("%s: found %q, want %q", code, got, want)
		}
	}
	for id, want := range map[int]string{14: "2025-12-01", 17: "2025-12", 27: "2025-12", 31: "2025-12-01", 36: "2025-12", 50: "2025-12", 57: "2025-12", 58: "2025-12-01", 22: "2025-12-01"} {
		if got, ok := BuiltinFormat(id).AppendDate(nil, 45992, 0); !ok || string(got) != want {
			t.Errorf("%d: found %q, want %q", id, got, want)
		}
	}
	if got, shown := BuiltinFormat(10).Append(nil, []byte("0.125"), 0.125, 0); string(got) != "12.5%" || shown != Percent {
		t.Errorf("format 10: %s, %d", got, shown)
	}
}

// FuzzFormats feeds any number to any format code.
func FuzzFormats(f *testing.F) {
	f.Add(0.125, "0.00%;[Red]-0.00%", "万元")
	f.Add(12345.0, `[>=100]0!.0,"万";000-00`, "")
	f.Add(-1e15, `0\`, "千")
	f.Add(1.0, `"[$-804`, "百万")
	f.Fuzz(func(t *testing.T, v float64, code, above string) {
		var said Said
		said.Note([]byte(above))
		plain := AppendNumber(nil, strconv.AppendFloat(nil, v, 'g', -1, 64))
		format := Parse(code)
		got, shown := format.Append([]byte("x"), plain, v, said)
		if len(got) == 0 || got[0] != 'x' || shown == AsStored && string(got[1:]) != string(plain) {
			t.Errorf("%v as %q reads %q, %d", v, code, got, shown)
		}
		if format.Plain() && shown != AsStored {
			t.Errorf("%q is plain, and %v reads %q", code, v, got)
		}
		if out, ok := format.AppendDate(nil, v, 0); ok && len(out) == 0 {
			t.Errorf("%v as %q reads nothing", v, code)
		}
	})
}
