package normalise

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"govdata/catalog"
)

func TestProseKeepsItsPunctuation(t *testing.T) {
	for cell, want := range map[string]string{
		"　 兰州市　": "兰州市", "\u00a0a\u00a0": "a", "\ufeffa\u200b": "a", "ＡＢＣ１２３ａｂｃ": "ABC123abc", "甲（乙），丙；丁：戊": "甲（乙），丙；丁：戊", "〔２０１６〕１２号": "〔2016〕12号", "甲　乙": "甲 乙", "甲\u200b乙": "甲乙", "a\tb\n": "a\tb", "": "", "　": "", "“甲”—乙…": "“甲”—乙…",
		"\u200fa\u2066b\u2069": "ab", "ا\u200dب": "ا\u200dب", "e\u00adf": "ef", "a\u2003b": "a b", "！＂％": "！＂％", "é": "é", "ﾊ": "ﾊ", "\xef\xbc": "\xef\xbc", "\xc2": "\xc2",
	} {
		if got := Clean(cell); got != want {
			t.Errorf("%q: found %q, want %q", cell, got, want)
		}
	}
	for cell, want := range map[string]string{"　ＡＢＣ（１）：": "ABC(1):", "㎡": "m2", "\u200ba\u200db": "ab", "abc": "abc", "（\u3000）": "( )"} {
		if got := Fold(cell); got != want {
			t.Errorf("Fold %q: found %q, want %q", cell, got, want)
		}
	}
}

func TestTidyingTwiceChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(rapid.String(), rapid.StringOf(rapid.SampledFrom([]rune("a１Ａ （），　\u00a0\u200b\u200d\ufeff\u00ad中")))).Draw(t, "cell")
		if once := Clean(s); Clean(once) != once {
			t.Fatalf("Clean %q: %q, then %q", s, once, Clean(once))
		}
		if once := Fold(s); Fold(once) != once {
			t.Fatalf("Fold %q: %q, then %q", s, once, Fold(once))
		}
	})
}

func TestRulesOfAField(t *testing.T) {
	kinds := catalog.Field{Type: catalog.TypeText, Separator: "；", Enum: []string{"警告", "罚款", "没收违法所得", "没收违法所得、没收非法财物"}}
	for _, c := range []struct {
		name  string
		field catalog.Field
		shift int
		cells map[string]string // "" is no value
	}{
		{"plain text", catalog.Field{Type: catalog.TypeText}, 0, map[string]string{
			" 兰州 ": "兰州", "": "", "　": "", "无": "", "—": "", "－": "", "Ｎ／Ａ": "", "/": "", "／": "", "NULL": "", "无线": "无线", "a\x00b": "!control_character", "a\x7fb": "!control_character", "甲\n乙": "甲\n乙", "甲\ufffd": "!undecodable", "甲\xff乙": "!undecodable"}},
		{"text in which 无 means something", catalog.Field{Type: catalog.TypeText, NullMarks: []string{"-"}}, 0, map[string]string{"无": "无", "-": "", "": ""}},
		{"required", catalog.Field{Type: catalog.TypeText, Required: true}, 0, map[string]string{"": "!missing", "无": "!missing", "甲": "甲"}},
		{"list", kinds, 0, map[string]string{
			"警告": "警告", "警告;罚款": "警告；罚款", "警告、罚款，警告": "警告；罚款", "警告； 罚款；": "警告；罚款", "警告;拘留": "!not_in_list", "；": "!not_in_list", "没收违法所得、没收非法财物": "没收违法所得、没收非法财物", "": ""}},
		{"list of codes", catalog.Field{Type: catalog.TypeText, Separator: ";", Semantic: catalog.USCC}, 0, map[string]string{
			"91350100m000100y43，91230500MA1B3N1N2M": "91350100M000100Y43;91230500MA1B3N1N2M", "91350100M000100Y43，91230500MA1B3N1N2N": "!bad_check_digit"}},
		{"one of", catalog.Field{Type: catalog.TypeText, Enum: []string{"有效", "无效"}}, 0, map[string]string{"有效": "有效", " 有效　": "有效", "失效": "!not_in_list"}},
		{"pattern", catalog.Field{Type: catalog.TypeText, Pattern: "[0-9]{3}([0-9]{2}){0,2}"}, 0, map[string]string{"20103": "20103", "２０１": "201", "2010": "!bad_pattern", "x201": "!bad_pattern"}},
		{"length in characters", catalog.Field{Type: catalog.TypeText, MaxLength: 3}, 0, map[string]string{"甘肃省": "甘肃省", "abcd": "!too_long", "甘肃省人": "!too_long"}},
		{"identity", catalog.Field{Type: catalog.TypeText, Semantic: catalog.IDCard, Privacy: catalog.PrivacyID}, 0, map[string]string{"110105491231002": "11010519491231002X", "11010519491231002Y": "!not_an_id_card"}},
		{"organisation", catalog.Field{Type: catalog.TypeText, Semantic: catalog.OrgCode}, 0, map[string]string{"MA5AP9ET2": "MA5AP9ET-2"}},
		{"region", catalog.Field{Type: catalog.TypeText, Semantic: catalog.Region}, 0, map[string]string{"620102000000": "620102", "甘肃": "!not_a_region_code"}},
		{"phone", catalog.Field{Type: catalog.TypeText, Semantic: catalog.Phone}, 0, map[string]string{"138 0013 8000": "13800138000"}},
		{"address", catalog.Field{Type: catalog.TypeText, Semantic: catalog.URL}, 0, map[string]string{"http://a.cn/": "http://a.cn/", "a.cn": "!not_a_url"}},
		{"money in 万元", catalog.Field{Type: "decimal(18,2)", Unit: "元", Min: "0"}, 4, map[string]string{"4.54": "45400", "0": "0", "-0.01": "!out_of_bounds", "500元": "500", "—": "", "多": "!not_a_number", "1.2345678": "!too_many_decimals"}},
		{"year", catalog.Field{Type: catalog.TypeInteger, Min: "1994", Max: "2100"}, 0, map[string]string{"2016": "2016", "1993": "!out_of_bounds", "21000": "!out_of_bounds", "2016.5": "!not_an_integer"}},
		{"people in 万人", catalog.Field{Type: catalog.TypeInteger, Unit: "人"}, 4, map[string]string{"1.5": "15000", "20000人": "20000"}},
		{"date", catalog.Field{Type: catalog.TypeDate, Min: "2000-01-01"}, 0, map[string]string{"2016年3月5日": "2016-03-05", "长期": "2099-12-31", "1999-12-31": "!out_of_bounds", "2016-03": "!date_without_day", "2016-02-30": "!no_such_day", "x": "!not_a_date"}},
		{"time", catalog.Field{Type: catalog.TypeTimestamp}, 0, map[string]string{"2016/3/5 9:30": "2016-03-05 09:30:00", "x": "!not_a_timestamp"}},
		{"yes or no", catalog.Field{Type: catalog.TypeBoolean}, 0, map[string]string{"是": "true", "否": "false", "x": "!not_a_boolean"}},
	} {
		rule := RuleOf(&c.field, c.shift)
		for cell, want := range c.cells {
			got, null, err := rule(cell)
			check(t, c.name, cell, got, err, want)
			if err == nil && null != (want == "") {
				t.Errorf("%s %q: no value %v, want %v", c.name, cell, null, want == "")
			}
			if err != nil || null {
				continue
			}
			if again, null, err := RuleOf(&c.field, 0)(got); err != nil || null || again != got {
				t.Errorf("%s %q gives %q and then %q, %v", c.name, cell, got, again, err)
			}
		}
	}
}

func TestNumbersCompareAsNumbers(t *testing.T) {
	number := rapid.StringMatching(`-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,6})?`)
	rapid.Check(t, func(t *rapid.T) {
		a, b := number.Draw(t, "a"), number.Draw(t, "b")
		x, _ := new(big.Rat).SetString(a)
		y, _ := new(big.Rat).SetString(b)
		if got, want := CompareNumbers(a, b), x.Cmp(y); got != want && x.Sign()|y.Sign() != 0 {
			t.Fatalf("%s and %s: found %d, want %d", a, b, got, want)
		}
	})
}

// The cells that most cells are cost no allocation.
func TestCanonicalCellsCostNoAllocation(t *testing.T) {
	for _, c := range []struct {
		field catalog.Field
		cell  string
	}{
		{catalog.Field{Type: catalog.TypeText, MaxLength: 200}, "兰州金桥瑞祥机械设备有限公司（示例），甲"},
		{catalog.Field{Type: catalog.TypeText, Semantic: catalog.USCC}, "91350100M000100Y43"},
		{catalog.Field{Type: catalog.TypeText, Separator: "；", Enum: []string{"警告", "罚款"}}, "罚款"},
		{catalog.Field{Type: "decimal(18,2)", Min: "0", Max: "1000000"}, "12400.50"},
		{catalog.Field{Type: catalog.TypeInteger, Min: "0"}, "12"},
		{catalog.Field{Type: catalog.TypeDate, Min: "2000-01-01"}, "2016-03-31"},
		{catalog.Field{Type: catalog.TypeTimestamp}, "2016-03-31 09:30:00"},
		{catalog.Field{Type: catalog.TypeText}, ""},
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
	if n := testing.AllocsPerRun(100, func() { MaskFreeText("处以罚款45400元，2016年3月5日，证号JY1620102001") }); n > 0 {
		t.Errorf("free text without a number of a person: %v allocations", n)
	}
}

// The short cut for ordinary cells may not change what any cell becomes.
func TestOrdinaryCellsNeedNoRule(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringOfN(rapid.OneOf(rapid.RuneFrom([]rune("a9 \u3000\t\n兰州市\u9fff\u4000\u3400\u00a0\u200b\ufeff\uff21\uff11，。〔〕é\x00\x7f\ufffd")), rapid.Rune()), 0, 12, -1).Draw(t, "cell")
		if rapid.Bool().Draw(t, "cut") && len(s) > 1 {
			s = s[1:] // perhaps within a character
		}
		if !ordinary(s) {
			return
		}
		if v, err := text(s); Clean(s) != s || v != s || err != nil {
			t.Fatalf("%q passes for ordinary, and is %q, %v", s, Clean(s), err)
		}
	})
}
