package normalise

import (
	"errors"
	"math/big"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// want is either a value or, with a ! before it, the code of a fault.
func check(t *testing.T, what, cell, got string, err error, want string) {
	t.Helper()
	var f *Fault
	switch code, isFault := strings.CutPrefix(want, "!"); {
	case isFault && (!errors.As(err, &f) || f.Code != code):
		t.Errorf("%s %q: found %q, %v, want the fault %s", what, cell, got, err, code)
	case isFault && (f.Want.Zh == "" || f.Want.En == "" || got != ""):
		t.Errorf("%s %q: a fault says what was expected in both languages and gives no value: %q, %+v", what, cell, got, f)
	case !isFault && (err != nil || got != want):
		t.Errorf("%s %q: found %q, %v, want %q", what, cell, got, err, want)
	}
}

func TestDecimalsAreExactOrRefused(t *testing.T) {
	yuan := Number{Precision: 18, Scale: 2, Unit: "元"}
	wan := Number{Precision: 18, Scale: 2, Unit: "元", Shift: 4}
	percent := Number{Precision: 9, Scale: 3, Unit: "%"}
	share := Number{Precision: 9, Scale: 4}
	power := Number{Precision: 12, Scale: 1, Unit: "千瓦"}
	for _, c := range []struct {
		n          Number
		cell, want string
	}{
		{yuan, "0", "0"}, {yuan, "12400", "12400"}, {yuan, "12,400", "12400"}, {yuan, "1,234,567.80", "1234567.8"},
		{yuan, "12.50", "12.5"}, {yuan, "12.00", "12"}, {yuan, "007", "7"}, {yuan, ".5", "0.5"}, {yuan, "5.", "5"}, {yuan, "+5", "5"},
		{yuan, "-0", "0"}, {yuan, "-0.00", "0"}, {yuan, "-0.50", "-0.5"}, {yuan, "－３．５", "-3.5"}, {yuan, "−3", "-3"}, {yuan, "(1,234)", "-1234"}, {yuan, "（1234.5）", "-1234.5"},
		{yuan, " 27,275.25 ", "27275.25"}, {yuan, "１２，４００", "12400"}, {yuan, "￥12", "12"}, {yuan, "¥ 1,200.5元", "1200.5"}, {yuan, "-¥3", "-3"}, {yuan, "¥-3", "-3"},
		{yuan, "人民币500元", "500"}, {yuan, "人民币壹佰元整", "100"}, {yuan, "500元整", "500"}, {yuan, "12.5万元", "125000"}, {yuan, "3亿元", "300000000"}, {yuan, "3 亿元", "300000000"}, {yuan, "1.5亿", "150000000"},
		{yuan, "1.2E+3", "1200"}, {yuan, "1e-2", "0.01"}, {yuan, "0.000", "0"}, {yuan, "999999999999999999", "!out_of_range"}, {yuan, "9999999999999999.99", "9999999999999999.99"},
		{yuan, "1e99", "!out_of_range"}, {yuan, "1e99999999999", "!out_of_range"}, {yuan, "1.005", "!too_many_decimals"}, {yuan, "1.5000", "1.5"},
		{yuan, "1,2345", "!bad_grouping"}, {yuan, "12,3456", "!bad_grouping"}, {yuan, "1234,567", "!bad_grouping"}, {yuan, ",123", "!not_a_number"}, {yuan, "1,,234", "!bad_grouping"}, {yuan, "1 234", "!not_a_number"},
		{yuan, "", "!not_a_number"}, {yuan, "-", "!not_a_number"}, {yuan, ".", "!not_a_number"}, {yuan, "1.2.3", "!not_a_number"}, {yuan, "()", "!not_a_number"}, {yuan, "(-5)", "!not_a_number"}, {yuan, "--5", "!not_a_number"},
		{yuan, "约500", "!not_a_number"}, {yuan, "NaN", "!not_a_number"}, {yuan, "Inf", "!not_a_number"}, {yuan, "0x10", "!unknown_unit"}, {yuan, "12-15", "!unknown_unit"},
		{yuan, "$100", "!unknown_unit"}, {yuan, "100美元", "!unknown_unit"}, {yuan, "5%", "!unknown_unit"}, {yuan, "5人", "!unknown_unit"}, {power, "¥5", "!unknown_unit"}, {share, "5元", "!unknown_unit"},

		{wan, "4.54", "45400"}, {wan, "0.12", "1200"}, {wan, "12.345678", "123456.78"}, {wan, "12.3456789", "!too_many_decimals"}, {wan, "0", "0"}, {wan, "0.0001", "1"},
		{wan, "500元", "500"}, {wan, "3亿元", "300000000"}, {wan, "12.5万", "125000"}, {wan, "￥2", "20000"}, {wan, "一百二十三", "1230000"}, {wan, "一百二十三万", "1230000"},

		{percent, "12.5%", "12.5"}, {percent, "12.5％", "12.5"}, {percent, "12.5", "12.5"}, {percent, "3‰", "0.3"}, {share, "12.5%", "0.125"}, {share, "3‰", "0.003"}, {share, "0.00001", "!too_many_decimals"},
		{power, "70,000kW", "70000"}, {power, "70,000 千瓦", "70000"}, {power, "7MW", "7000"}, {power, "7万千瓦", "70000"}, {power, "500瓦", "0.5"}, {power, "5千瓦时", "!unknown_unit"},

		{yuan, "壹佰贰拾叁万元整", "1230000"}, {yuan, "壹佰贰拾叁元肆角伍分", "123.45"}, {yuan, "壹佰元零伍分", "100.05"}, {yuan, "叁元伍角", "3.5"}, {yuan, "陆仟零叁拾圆整", "6030"}, {yuan, "贰拾萬元正", "200000"},
		{yuan, "一百二十三万", "1230000"}, {yuan, "二〇一六", "2016"}, {yuan, "十五", "15"}, {yuan, "二十", "20"}, {yuan, "一百零五", "105"}, {yuan, "一百一十", "110"}, {yuan, "两千万元", "20000000"},
		{yuan, "一亿零五百元", "100000500"}, {yuan, "一万二千亿元", "1200000000000"}, {yuan, "零", "0"}, {yuan, "负五", "!not_a_number"}, {yuan, "-五", "-5"},
		{yuan, "一百二", "!not_a_number"}, {yuan, "三万五", "!not_a_number"}, {yuan, "百", "!not_a_number"}, {yuan, "万", "!not_a_number"}, {yuan, "一百百", "!not_a_number"}, {yuan, "一千万万", "!not_a_number"},
		{yuan, "一十百", "!not_a_number"}, {yuan, "一百零", "!not_a_number"}, {yuan, "元", "!not_a_number"}, {yuan, "五元五", "!not_a_number"}, {yuan, "五元人", "!not_a_number"},
	} {
		got, err := Decimal(c.cell, c.n)
		check(t, "Decimal", c.cell, got, err, c.want)
	}
}

func TestIntegersKeepTheirUnitAndBounds(t *testing.T) {
	people := Number{Unit: "人"}
	for _, c := range []struct {
		n          Number
		cell, want string
	}{
		{people, "12", "12"}, {people, "12.0", "12"}, {people, "1,200人", "1200"}, {people, "3万人", "30000"}, {Number{Unit: "人", Shift: 4}, "1.25", "12500"}, {Number{Unit: "人", Shift: 4}, "3", "30000"},
		{people, "-5", "-5"}, {people, "9223372036854775807", "9223372036854775807"}, {people, "-9223372036854775808", "-9223372036854775808"},
		{people, "9223372036854775808", "!out_of_range"}, {people, "99999999999999999999", "!out_of_range"}, {people, "1.5", "!not_an_integer"}, {people, "x", "!not_an_integer"}, {people, "12户", "!unknown_unit"},
		{people, "三百", "300"}, {people, "三百人", "300"}, {Number{}, "１９９４", "1994"}, {Number{}, "007", "7"},
	} {
		got, err := Integer(c.cell, c.n)
		check(t, "Integer", c.cell, got, err, c.want)
	}
}

func TestHeadersNameTheirUnits(t *testing.T) {
	for _, c := range []struct {
		header, title, unit string
		shift               int
	}{
		{"罚款金额（万元）", "罚款金额", "元", 4}, {"金额(万元)", "金额", "元", 4}, {"预算数/万元", "预算数", "元", 4}, {"单位：万元", "", "元", 4}, {"单位: 亿元", "", "元", 8},
		{"金额（单位：万元）", "金额", "元", 4}, {"（金额单位：人民币万元）", "", "元", 4}, {"单位：人民币元", "", "元", 0}, {"金额【元】", "金额", "元", 0}, {"金额（万元）（不含税）", "金额（不含税）", "元", 4},
		{"单位：万元、%", "", "元", 4}, {"单位：人、万元", "", "元", 4}, {"增长率（%）", "增长率", "%", 0}, {"增长率（％）", "增长率", "%", 0}, {"面积（公顷）", "面积", "公顷", 0}, {"装机容量（万千瓦）", "装机容量", "千瓦", 4}, {"装机容量（千瓦）", "装机容量", "千瓦", 0},
		{"人数（万人）", "人数", "人", 4}, {"产量（千克）", "产量", "千克", 0}, {"单价（元/平方米）", "单价", "元/平方米", 0}, {"补助（万元/亩）", "补助", "元/亩", 4}, {"罚款金额万元", "罚款金额", "元", 4}, {"金额 万元", "金额", "元", 4},
		{"就业人员数_万人", "就业人员数", "人", 4}, {"总人口数_人", "总人口数", "人", 0}, {"第二产业比重_%", "第二产业比重", "%", 0}, {"进出口总额_亿元人民币", "进出口总额", "元", 8}, {"进出口总额_万美元", "进出口总额", "美元", 4}, {"裝置容量-瓩", "裝置容量", "瓩", 0}, {"area_ha", "area", "ha", 0},
	} {
		title, unit, shift, ok := Unit(c.header)
		if !ok || title != c.title || unit != c.unit || shift != c.shift {
			t.Errorf("%q: found %q, %q, %d, %v, want %q, %q, %d", c.header, title, unit, shift, ok, c.title, c.unit, c.shift)
		}
	}
	for _, header := range []string{"标准（2016版）", "行政相对人代码_1（统一社会信用代码）", "是/否", "名称", "", "单位", "填报单位：兰州市财政局", "单位：万元、亿元", "（）", "备注（必填）", "GDP指数_上年=100", "col_m", "type-g", "_万人"} {
		if title, unit, _, ok := Unit(header); ok || title != header {
			t.Errorf("%q: found %q, %q, want no unit", header, title, unit)
		}
	}
}

func TestBooleans(t *testing.T) {
	for cell, want := range map[string]string{
		"是": "true", "否": "false", "有": "true", "无": "false", "TRUE": "true", "false": "false", "Y": "true", "n": "false", "1": "true", "0": "false", "１": "true", "√": "true", "×": "false",
		"": "!not_a_boolean", "2": "!not_a_boolean", "可能": "!not_a_boolean",
	} {
		got, err := Boolean(cell)
		check(t, "Boolean", cell, got, err, want)
	}
}

// Every way to write an amount gives the same exact text.
func TestDecimalRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cents := rapid.Int64Range(-1e14, 1e14).Draw(t, "cents")
		want := strings.TrimSuffix(strings.TrimRight(new(big.Rat).SetFrac64(cents, 100).FloatString(2), "0"), ".")
		n := Number{Precision: 18, Scale: 2, Unit: "元"}
		shifted := n
		shifted.Shift = 4
		inWan := new(big.Rat).SetFrac64(cents, 1e6).FloatString(6)
		whole, frac, _ := strings.Cut(strings.TrimPrefix(want, "-"), ".")
		grouped := whole
		for i := len(whole) - 3; i > 0; i -= 3 {
			grouped = grouped[:i] + "," + grouped[i:]
		}
		if frac != "" {
			grouped += "." + frac
		}
		if cents < 0 {
			grouped = "(" + grouped + ")"
		}
		for _, c := range []struct {
			n    Number
			cell string
		}{{n, want}, {n, want + "元"}, {n, grouped}, {n, inWan + "万元"}, {shifted, inWan}, {shifted, want + "元"}, {shifted, grouped + "元"}} {
			if strings.HasPrefix(c.cell, "(") && strings.HasSuffix(c.cell, "元") {
				continue // brackets stand around the unit
			}
			got, err := Decimal(c.cell, c.n)
			if err != nil || got != want {
				t.Fatalf("%q: found %q, %v, want %q", c.cell, got, err, want)
			}
		}
	})
}

// numeralText writes n in Chinese numerals.
func numeralText(n int64, digits, units []string) string {
	if n == 0 {
		return digits[0]
	}
	var b strings.Builder
	zero := false
	text := strconv.FormatInt(n, 10)
	for i, c := range text {
		place := len(text) - 1 - i
		switch {
		case c == '0':
			zero = true
		default:
			if zero {
				b.WriteString(digits[0])
			}
			zero = false
			b.WriteString(digits[c-'0'] + units[place%4])
		}
		if place == 8 || place == 4 && n/1e4%1e4 > 0 {
			b.WriteString(units[3+place/4])
			zero = false
		}
	}
	return b.String()
}

func TestChineseNumeralRoundTrip(t *testing.T) {
	everyday := strings.Split("零一二三四五六七八九", "")
	financial := strings.Split("零壹贰叁肆伍陆柒捌玖", "")
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(0, 1e12-1).Draw(t, "n") / rapid.SampledFrom([]int64{1, 1e3, 1e6, 1e9}).Draw(t, "d")
		for _, s := range []string{
			numeralText(n, everyday, []string{"", "十", "百", "千", "万", "亿"}),
			numeralText(n, financial, []string{"", "拾", "佰", "仟", "万", "亿"}) + "元整",
		} {
			got, err := Decimal(s, Number{Precision: 18, Scale: 2, Unit: "元"})
			if want := strconv.FormatInt(n, 10); err != nil || got != want {
				t.Fatalf("%q: found %q, %v, want %q", s, got, err, want)
			}
		}
	})
}

func FuzzDecimal(f *testing.F) {
	for _, s := range []string{"12,400", "壹佰贰拾叁万元整", "70,000kW", "1e-5", "(1.5)万元", "￥－1", "12.5%", "0000000000.0000000001"} {
		f.Add(s, 4)
	}
	f.Fuzz(func(t *testing.T, s string, shift int) {
		n := Number{Precision: 18, Scale: 2, Unit: "元", Shift: shift & 15}
		v, err := Decimal(s, n)
		if err != nil {
			return
		}
		if _, ok := plain(v, n); !ok {
			t.Errorf("%q gives %q, which is not canonical", s, v)
		}
		n.Shift = 0
		if again, err := Decimal(v, n); err != nil || again != v {
			t.Errorf("%q gives %q and then %q, %v", s, v, again, err)
		}
	})
}
