package infer

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"govdata/catalog"
	"govdata/ingest/normalise"
)

func gather(header string, o Options, cells []string) *Column {
	c := New(header, o)
	for _, cell := range cells {
		c.Add([]byte(cell))
	}
	return c
}

// brief writes a finding on one line: type, semantic, unit and shift, order,
// mark, privacy, null marks.
func brief(f Finding) string {
	words := []string{string(f.Field.Type)}
	add := func(format string, value any) {
		if !reflect.ValueOf(value).IsZero() {
			words = append(words, fmt.Sprintf(format, value))
		}
	}
	add("%s", f.Field.Semantic)
	add("%s", f.Field.Unit)
	add("10^%d", f.Shift)
	add("%s", f.Field.DateOrder)
	add("mark%s", f.Field.DecimalMark)
	add("private:%s", f.Field.Privacy)
	if len(f.Field.NullMarks) > 0 {
		words = append(words, "null"+strings.Join(f.Field.NullMarks, "|"))
	}
	return strings.Join(words, " ")
}

func TestTypesAreInferredFromWholeColumns(t *testing.T) {
	for _, c := range []struct {
		name, header, unit string
		cells              []string
		want               string
	}{
		{"nothing", "甲", "", nil, "text"},
		{"no values", "甲", "", []string{"", " ", "　"}, "text"},
		{"null marks alone", "甲", "", []string{"-", "无"}, "text"},
		{"whole numbers", "n", "", []string{"1", "20", "-5", "0"}, "integer"},
		{"one cell that is no number", "n", "", []string{"1", "2", "x", "4"}, "text"},
		{"zero and one", "flag", "", []string{"0", "1"}, "integer"},
		{"null marks among numbers", "n", "", []string{"1", "", "-", "—", "N/A", `\N`, "..", "－", "nan", "#N/A"}, `integer null—|-|N/A|\N|..|nan|#N/A`},
		{"null marks in a text", "n", "", []string{"甲", "-", "无"}, "text"},
		{"another error of a spreadsheet", "n", "", []string{"1", "#DIV/0!"}, "text"},
		{"leading zeros", "n", "", []string{"10001", "00501"}, "text"},
		{"leading zeros of decimals", "n", "", []string{"0.5", "00.25"}, "decimal(3,2)"},
		{"leading zeros in thousands", "n", "", []string{"0,123.5", "1,234.5"}, "text"},
		{"fifteen digits", "n", "", []string{"123456789012345"}, "integer"},
		{"sixteen digits", "n", "", []string{"1234567890123456"}, "text"},
		{"milliseconds since 1970", "time", "", []string{"1700000000000", "1700000000001"}, "integer"},
		{"beyond 64 bits", "n", "", []string{"99,999,999,999,999,999,999"}, "decimal(20,0)"},
		{"the largest of 64 bits", "n", "", []string{"9,223,372,036,854,775,807"}, "integer"},
		{"beyond 38 digits", "n", "", []string{"1.5E+38", "0.5"}, "text"},
		{"decimals as written", "n", "", []string{"1.50", "12.345", "100"}, "decimal(6,3)"},
		{"many decimals", "n", "", []string{"145.39199829101562", "-5.826789855957031"}, "decimal(18,15)"},
		{"whole numbers as software writes them", "n", "", []string{"31001.0", "31003.0", ""}, "integer"},
		{"measures that are whole", "n", "", []string{"3.0", "52.0"}, "decimal(3,1)"},
		{"thousands", "n", "", []string{"6,718", "776", "1,234,567"}, "integer"},
		{"thousands and decimals", "n", "", []string{" 27,275.25 ", "57,200.00"}, "decimal(7,2)"},
		{"thousands everywhere", "n", "", []string{"1,234", "5,678"}, "integer"},
		{"thousands in the wrong places", "n", "", []string{"1,2345", "1,234,567"}, "text"},
		{"decimal commas", "n", "", []string{"0,611553068", "81,20416129", "5"}, "decimal(11,9) mark,"},
		{"decimal commas with thousands", "n", "", []string{"1.234,56", "12,5"}, "decimal(6,2) mark,"},
		{"points and commas in both ways", "n", "", []string{"1.234,56", "1,234.56"}, "text"},
		{"decimal commas in a column of points", "n", "", []string{"0,5", "0.5"}, "text"},
		{"exponents", "n", "", []string{"1.5E+07", "2.25e-02"}, "decimal(12,4)"},
		{"codes like exponents", "n", "", []string{"1E5", "2E10"}, "text"},
		{"more codes like exponents", "n", "", []string{"12E+5"}, "text"},
		{"percentages", "share", "", []string{"12.3%", "5%"}, "decimal(3,1) %"},
		{"percentages below nought", "share", "", []string{"-12.34%", "1,234.5%", "-5%"}, "decimal(6,2) %"},
		{"percentages with a decimal comma", "share", "", []string{"12,34%", "5%"}, "decimal(4,2) % mark,"},
		{"percentages and numbers", "share", "", []string{"12.3%", "5"}, "text"},
		{"percentages and numbers under a header", "增长率（%）", "", []string{"12.3%", "-5"}, "decimal(3,1) %"},
		{"one unit", "n", "", []string{"70,000kW", "500kW"}, "integer kW"},
		{"several units", "n", "", []string{"70,000kW", "500MW"}, "text"},
		{"units and none", "n", "", []string{"70,000kW", "500"}, "text"},
		{"an unknown unit", "n", "", []string{"3 stars", "4 stars"}, "text"},
		{"years", "n", "", []string{"2016年", "2017年"}, "integer 年"},
		{"money by header", "罚款金额（万元）", "", []string{"4.54", "120", ""}, "decimal(7,0) money 元 10^4"},
		{"money by preamble", "罚款金额", "单位：万元", []string{"4.54", "120"}, "decimal(7,0) money 元 10^4"},
		{"years below a preamble", "年份", "单位：万元", []string{"2016", "2017"}, "integer"},
		{"shares below a preamble", "占比", "万元", []string{"5.2%", "7%"}, "decimal(2,1) %"},
		{"money by cell", "罚款", "", []string{"500元", "1.5万元", "￥12.5"}, "decimal(6,1) money 元"},
		{"money in one unit by cell", "罚款", "", []string{"1.5万元", "2万元"}, "decimal(5,0) money 元"},
		{"money and bare numbers", "罚款", "", []string{"500元", "12"}, "text"},
		{"dollars", "n", "", []string{"$5", "$6"}, "integer 美元"},
		{"people", "人口（万人）", "", []string{"1.5", "20"}, "integer 人 10^4"},
		{"electricity", "发电量（亿千瓦时）", "", []string{"1.55", "20"}, "integer 千瓦时 10^8"},
		{"a unit after an underscore", "就业人员数_万人", "", []string{"855.86", "876.58"}, "integer 人 10^4"},
		{"numerals", "n", "", []string{"壹佰贰拾叁万元整", "叁元伍角"}, "decimal(9,2) money 元"},
		{"plain numerals", "n", "", []string{"一", "十五", "二百零三"}, "integer"},
		{"magnitudes", "n", "", []string{"5万", "300"}, "integer"},
		{"circled numbers", "n", "", []string{"①", "②"}, "text"},
		{"powers", "n", "", []string{"10²", "10³"}, "text"},
		{"square metres", "n", "", []string{"100m²", "20 m2"}, "integer m2"},
		{"full width", "n", "", []string{"１２", "３４，０００", "－５"}, "integer"},
		{"full-width codes", "n", "", []string{"００１"}, "text"},
		{"ordinals in brackets", "n", "", []string{"(1)", "(2)"}, "text"},
		{"losses in brackets", "n", "", []string{"(1,200)", "300"}, "integer"},
		{"counting", "n", "", []string{"1.", "2."}, "text"},
		{"phones with a plus", "n", "", []string{"+8613800138000"}, "text"},
		{"signs", "n", "", []string{"+1.5", "-0.3"}, "decimal(2,1)"},
		{"chapters", "n", "", []string{"1.2.13", "1.13.20"}, "text"},
		{"stock numbers", "nsn", "", []string{"1005-00-073-9421"}, "text"},

		{"codes by header", "行政代码", "", []string{"20001", "20003"}, "text"},
		{"codes by English header", "areaCode", "", []string{"2001", "2003"}, "text"},
		{"a zip", "Zip5", "", []string{"10058"}, "text"},
		{"codes as software writes them", "fips", "", []string{"31001.0", "31003.0"}, "text"},
		{"an id", "id", "", []string{"11", "1101"}, "integer"},
		{"credit codes", "代码", "", []string{"91350100M000100Y43", "91230500MA1B3N1N2M"}, "text uscc"},
		{"a wrong credit code", "代码", "", []string{"91350100M000100Y43", "91230500MA1B3N1N2N"}, "text"},
		{"identity numbers", "甲", "", []string{"11010519491231002X", ""}, "text id_card private:id"},
		{"identity numbers with a gap", "甲", "", []string{"11010519491231002X", "11010519491231002x", "无"}, "text private:id"},
		{"an identity number among texts", "甲", "", []string{"11010519491231002X", "张三", "李四", "王五"}, "text private:freetext"},
		{"mobiles", "甲", "", []string{"13800138000", "13900139000", "18993100000"}, "text phone private:phone"},
		{"mobiles by header", "联系电话", "", []string{"13800138000", "0931-8412345"}, "text phone private:phone"},
		{"no phones by header", "联系电话", "", []string{"13800138000", "见附件"}, "text private:phone"},
		{"large numbers", "收入（元）", "", []string{"13800138000", "13900139000", "18993100000"}, "decimal(11,0) money 元"},
		{"organisation codes", "组织机构代码", "", []string{"MA5AP9ET2", "MA5AP9ET-2"}, "text org_code"},
		{"addresses of pages", "n", "", []string{"http://a.cn/", "https://b.cn/x"}, "text url"},
		{"regions", "行政区划代码", "", []string{"620102", "620102001"}, "text region"},
		{"six digits", "n", "", []string{"620102", "620103"}, "integer"},
		{"names of persons", "法定代表人", "", []string{"张三", "李四"}, "text person_name private:name"},

		{"days", "n", "", []string{"2016-03-05", "2016年3月6日", "2016/3/7", "-", "二〇一六年三月八日"}, "date null-"},
		{"midnights", "n", "", []string{"2016-03-05 00:00:00", "2016-03-06T00:00:00"}, "date"},
		{"times", "n", "", []string{"2016-03-05 00:00:00", "2016-03-06 09:30"}, "timestamp"},
		{"days without end", "有效期至", "", []string{"2016-03-05", "长期"}, "date"},
		{"a day that does not exist", "n", "", []string{"2016-03-05", "2016-02-30"}, "text"},
		{"mixed precisions", "n", "", []string{"2016", "2016-03", "2016-03-05"}, "text"},
		{"day first", "n", "", []string{"5/6/2007", "16/5/2007"}, "date dmy"},
		{"month first", "n", "", []string{"5/6/2007", "5/16/2007 0:00:00"}, "date mdy"},
		{"both orders", "n", "", []string{"16/5/2007", "5/16/2007"}, "text"},
		{"no order", "n", "", []string{"5/6/2007", "1/2/2007"}, "text"},
		{"half days", "n", "", []string{"1/16/1996 12:00:00 AM", "01/01/1997 12:00:00 AM"}, "date mdy"},
		{"afternoons", "n", "", []string{"1/16/1996 1:05:00 PM"}, "timestamp mdy"},
		{"years of two digits", "n", "", []string{"27/05/11", "06/05/11", "28/05/11"}, "date dmy"},
		{"years of two digits in front", "n", "", []string{"13-05-01", "14-05-01", "15-06-02"}, "text"},
		{"English months", "n", "", []string{"27-May-11", "06-Sep-11"}, "date dmy"},
		{"English months first", "n", "", []string{"May 27, 2011", "June 1, 2011"}, "date mdy"},
		{"French months", "n", "", []string{"27 mai 2011"}, "text"},
		{"compact days", "n", "", []string{"20160305", "20160306", "20160401"}, "date"},
		{"two compact days", "n", "", []string{"20160305", "20160306"}, "integer"},
		{"compact days by header", "成立日期", "", []string{"20160305"}, "date"},
		{"compact days with one that is none", "date", "", []string{"20160305", "20160332"}, "integer"},
		{"compact times by header", "time", "", []string{"20160305093015"}, "timestamp"},
		{"years of four digits", "year", "", []string{"2016", "2017"}, "integer"},
		{"months", "n", "", []string{"2016-03", "2016-12"}, "text month"},
		{"financial years", "n", "", []string{"2010-11"}, "text"},
		{"compact months by header", "年月", "", []string{"200007", "200008"}, "text month"},
		{"compact months", "n", "", []string{"200007", "200008"}, "integer"},
		{"times of day", "n", "", []string{"9:30", "23:59:59"}, "text time_of_day"},
		{"yes and no", "n", "", []string{"是", "否", ""}, "boolean"},
		{"yes alone", "n", "", []string{"Y", "y"}, "boolean"},
		{"T alone", "n", "", []string{"T"}, "text"},
		{"words of two pairs", "n", "", []string{"yes", "Y"}, "text"},
		{"true and false", "n", "", []string{"TRUE", "false", "N/A"}, "boolean nullN/A"},
		{"latitudes", "纬度", "", []string{"36.06", "-89.5"}, "decimal(4,2) latitude"},
		{"longitudes", "經度座標", "", []string{"121.5800082", "103"}, "decimal(10,7) longitude"},
		{"metres", "lat", "", []string{"2786480.5"}, "decimal(8,1)"},
	} {
		f := gather(c.header, Options{Unit: c.unit}, c.cells).Finding()
		if got := brief(f); got != c.want {
			t.Errorf("%s: %q is %s, want %s (%s)", c.name, c.cells, got, c.want, f.Why.En)
		}
		if f.Why.Zh == "" || f.Why.En == "" || strings.Contains(f.Why.En+f.Why.Zh, "%!") {
			t.Errorf("%s: %+v says no reason in both languages", c.name, f.Why)
		}
		holds(t, c.header, c.cells, f)
	}
}

func TestFindingsCarryTheirEvidence(t *testing.T) {
	cells := []string{"10001", "00501", "", "00502", "00501", "12"}
	f := gather("n", Options{}, cells).Finding()
	if want := `text: 3 of 5 values begin with 0 (cell 2: "00501")`; f.Why.En != want {
		t.Errorf("found %s, want %s", f.Why.En, want)
	}
	if want := "文本：5个值中有3个以0开头（第2格：\"00501\"）"; f.Why.Zh != want {
		t.Errorf("found %s, want %s", f.Why.Zh, want)
	}
	if f.Cells != 6 || f.Distinct != 4 || f.MaxLength != 5 || f.Nulls[""] != 1 || !reflect.DeepEqual(f.Examples, []string{"10001", "00501", "00502", "12"}) {
		t.Errorf("found %+v", f)
	}
	f = gather("罚款（万元）", Options{}, []string{"-0.5", "12", "—", "—", "无", ""}).Finding()
	if f.Min != "-5000" || f.Max != "120000" || f.Nulls["—"] != 2 || f.Nulls["无"] != 1 || f.Nulls[""] != 1 {
		t.Errorf("found %+v", f)
	}
	f = gather("d", Options{}, []string{"5/16/2007 0:00", "1/2/2007 13:05"}).Finding()
	if f.Min != "2007-01-02 13:05:00" || f.Max != "2007-05-16 00:00:00" {
		t.Errorf("found %s to %s", f.Min, f.Max)
	}
}

// holds is the contract: every cell passes the rule of the field that was
// found. Only what is no text may be refused, and then as such.
func holds(t interface {
	Helper()
	Errorf(string, ...any)
}, header string, cells []string, f Finding) {
	t.Helper()
	field := f.Field
	field.Name, field.Title = "x", catalog.Text{Zh: "甲", En: "A"}
	rule := normalise.RuleOf(&field, f.Shift)
	nulls := int64(0)
	low, high, longest := "", "", 0
	distinct, all := map[string]bool{}, cells
	if len(cells) > 20 {
		cells = cells[:20]
	}
	compare := strings.Compare
	if _, _, ok := field.Type.Decimal(); ok || field.Type == catalog.TypeInteger {
		compare = normalise.CompareNumbers
	}
	for _, cell := range all {
		value, null, err := rule(cell)
		if null {
			nulls++
			continue
		}
		clean := normalise.Clean(normalise.Literal(normalise.Clean(cell)))
		distinct[clean], longest = true, max(longest, utf8.RuneCountInString(clean))
		if err == nil {
			if low == "" || compare(value, low) < 0 {
				low = value
			}
			if high == "" || compare(value, high) > 0 {
				high = value
			}
			continue
		}
		if code := err.(*normalise.Fault).Code; field.Type == catalog.TypeText && (code == "control_character" || code == "undecodable") {
			continue
		}
		t.Errorf("%q: cell %q of %s is refused: %v, %q (%s)", header, cell, brief(f), err, value, f.Why.En)
	}
	counted := int64(0)
	for _, n := range f.Nulls {
		counted += n
	}
	if counted != nulls {
		t.Errorf("%q %q: %d cells are no value, counted %d", header, cells, nulls, counted)
	}
	ordered := field.Type != catalog.TypeText && field.Type != catalog.TypeBoolean || field.Semantic == catalog.Month
	if ordered && (f.Min != low || f.Max != high) {
		t.Errorf("%q %q: found from %s to %s, the values go from %s to %s", header, cells, f.Min, f.Max, low, high)
	}
	if valid := utf8.ValidString(strings.Join(all, "\n")); valid && (f.MaxLength != longest || len(distinct) <= 1000 && f.Distinct != int64(len(distinct))) {
		t.Errorf("%q %q: found %d distinct of at most %d characters, want %d and %d", header, cells, f.Distinct, f.MaxLength, len(distinct), longest)
	}
	d := catalog.Dataset{Fields: []catalog.Field{field}}
	for _, p := range d.Validate() {
		if strings.HasPrefix(p.Path, "$.fields[0]") {
			t.Errorf("%q %q: %s: %s", header, cells, p.Path, p.Message)
		}
	}
}

var headers = rapid.SampledFrom([]string{"n", "", "罚款金额（万元）", "单价（元）", "占比（%）", "人口（万人）", "code", "代码", "日期", "年月", "lat", "经度", "phone", "姓名", "行政区划代码", "身份证号", "x（kW）", "组织机构代码"})

// cellsOf draws a column in which most cells are of a few forms.
func cellsOf() *rapid.Generator[[]string] {
	forms := [][]string{
		{`[1-9][0-9]{0,20}`}, {`-?[0-9]{1,4}`}, {`0[0-9]{1,6}`}, {`-?[0-9]{1,12}[.,][0-9]{1,12}`}, {`[0-9]{1,3}(,[0-9]{3}){0,5}(\.[0-9]{1,4})?`}, {`[0-9]{1,3}(\.[0-9]{3}){0,5}(,[0-9]{1,4})?`},
		{`[0-9]\.[0-9]{1,20}[eE][+-][0-9]{1,2}`}, {`[0-9]{1,5}(\.[0-9]{1,2})?(%|‰|kW|MW|元|万元|万|户|元整| 人|年|月)`}, {`[￥¥][0-9]{1,4}`, `RMB[0-9]{1,3}`, `人民币[0-9]{1,3}元`}, {`\([0-9]{1,4}\)`, `（[0-9]{1,4}）`},
		{`[一二三四五六七八九][十百千万亿][零一二三五]?[万元整角分]{0,2}`}, {`[零壹贰叁肆伍陆柒捌玖][拾佰仟][万元][壹]?[整角]?`},
		{`20[0-2][0-9]-[01]?[0-9]-[0-3]?[0-9]`}, {`20[0-2][0-9]/[01]?[0-9]/[0-3]?[0-9]( [012]?[0-9]:[0-5][0-9](:[0-5][0-9])?)?`}, {`20[0-2][0-9][01][0-9][0-3][0-9]`}, {`20[01][0-9]年[1-9]月([1-9]日)?`}, {`二〇一[〇一六]年[一二三]月[一二三]日`},
		{`[0-3]?[0-9][-/.][0-1]?[0-9][-/.](20)?[0-9]{2}( 0:00(:00)?)?`}, {`[0-1]?[0-9]/[0-3]?[0-9]/(20)?[0-9]{2}( [01]?[0-9]:[0-5][0-9]:00 [AP]M)?`}, {`[0-3]?[0-9][- ](Jan|May|MAY|Sep|September)[- ](20)?[01][0-9]`, `(May|June) [0-3]?[0-9],? 2011`},
		{`20[0-9]{2}-[01][0-9]`, `20[0-9]{2}[01][0-9]`, `20[0-9]{2}\.[01][0-9]`, `(Mar|May)-20[01][0-9]`}, {`[0-2]?[0-9]:[0-5][0-9](:[0-5][0-9])?`}, {`20160305T?[ 0-9]{0,6}`, `2016-03-0[1-5]T1[0-9]:00:00(Z|\+08:00|\.[0-9]{1,8})`},
		{`true|false|TRUE|是|否|Y|N|yes|no|t|F`}, {`长期|永久`}, {`1[3-9][0-9]{9}`, `0931-[2-8][0-9]{6}`}, {`https?://[a-z]{1,5}\.cn/?`}, {`[甲乙丙丁]{1,4}`, `[a-zA-Z0-9 .,/-]{1,12}`}, {`[０-９，．－％]{1,6}`}, {`①|²|10²|½|㎡|5㎡|3m²|Ⅷ`},
	}
	nulls := []string{"", " ", "-", "—", "无", "N/A", "/", "－", "Ｎ／Ａ", "nan", `\N`, "..", "…", "#N/A", "#REF!", "　"}
	return rapid.Custom(func(t *rapid.T) []string {
		form := rapid.SampledFrom(forms).Draw(t, "form")
		gens := []*rapid.Generator[string]{}
		for _, p := range form {
			gens = append(gens, rapid.StringMatching(p))
		}
		cells := rapid.SliceOfN(rapid.OneOf(gens...), 0, 12).Draw(t, "cells")
		if rapid.Bool().Draw(t, "mixed") {
			other := rapid.StringMatching(rapid.SampledFrom(forms).Draw(t, "other")[0])
			cells = append(cells, rapid.SliceOfN(other, 0, 4).Draw(t, "others")...)
		}
		cells = append(cells, rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom(nulls), rapid.Just("")), 0, 3).Draw(t, "nulls")...)
		if rapid.IntRange(0, 9).Draw(t, "any") == 0 {
			cells = append(cells, rapid.String().Draw(t, "text"))
		}
		return rapid.Permutation(cells).Draw(t, "order")
	})
}

func TestEveryCellPassesTheRuleThatWasFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		header, cells := headers.Draw(t, "header"), cellsOf().Draw(t, "column")
		o := Options{Unit: rapid.SampledFrom([]string{"", "", "单位：万元", "万元", "%"}).Draw(t, "unit")}
		holds(t, header, cells, gather(header, o, cells).Finding())
	})
}

func TestMergedColumnsEqualOneColumn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		header, cells := headers.Draw(t, "header"), cellsOf().Draw(t, "column")
		want := gather(header, Options{}, cells).Finding()
		i := rapid.IntRange(0, len(cells)).Draw(t, "first")
		j := rapid.IntRange(i, len(cells)).Draw(t, "second")
		merged := gather(header, Options{}, cells[:i])
		rest := gather(header, Options{}, cells[i:j])
		rest.Merge(gather(header, Options{}, cells[j:]))
		merged.Merge(rest)
		if got := merged.Finding(); !reflect.DeepEqual(got, want) {
			t.Fatalf("%q at %d and %d: found %+v, want %+v", cells, i, j, got, want)
		}
	})
}

func FuzzColumn(f *testing.F) {
	for _, cells := range []string{"1\n2\n00501", "16/5/2007\n5/6/07", "1.234,56\n0,5", "70,000kW\n5kW", "壹佰贰拾叁万元整", "20160305\n20160306\n20160307", "2016-03-04T16:00:00.000Z", "是\n否", "1.5E+07\n-", "①\n10²", "Mar-2016", "一百二十三万\n￥5", "May 27, 2011 3:00 PM", "5/6/2007 0:00\n27-May-11"} {
		f.Add("罚款（万元）", cells)
		f.Add("n", cells)
	}
	f.Fuzz(func(t *testing.T, header, text string) {
		cells := strings.Split(text, "\n")
		found := gather(header, Options{Unit: "单位：万元"}, cells).Finding()
		holds(t, header, cells, found)
		half := gather(header, Options{Unit: "单位：万元"}, cells[:len(cells)/2])
		half.Merge(gather(header, Options{Unit: "单位：万元"}, cells[len(cells)/2:]))
		if got := half.Finding(); utf8.ValidString(text) && !reflect.DeepEqual(got, found) {
			t.Errorf("%q: merged %+v, in sequence %+v", cells, got, found)
		}
	})
}

// Most cells are plain, and cost no allocation.
func TestPlainCellsCostNoAllocation(t *testing.T) {
	for _, cell := range []string{"12400", "-3.5", "1,234.50", "2016-03-05", "2016/3/5 9:30", "16/5/2007", "2016年3月5日", "兰州金桥瑞祥机械设备有限公司（示例），甲", "Barchester Healthcare", "是", "—", "", "00501", "13800138000"} {
		c, bytes := New("n", Options{}), []byte(cell)
		c.Add(bytes)
		if n := testing.AllocsPerRun(100, func() { c.Add(bytes) }); n > 0 {
			t.Errorf("%q: %v allocations", cell, n)
		}
	}
}

func TestDistinctCellsAreCounted(t *testing.T) {
	for _, n := range []int{0, 1, 999, 1000, 100_000} {
		one, left, right := New("n", Options{}), New("n", Options{}), New("n", Options{})
		for i := range n {
			for range 2 {
				cell := fmt.Appendf(nil, "cell %d", i)
				one.Add(cell)
				if i%3 == 0 {
					left.Add(cell)
				} else {
					right.Add(cell)
				}
			}
		}
		got := one.Finding().Distinct
		if n <= 1000 && got != int64(n) || n > 1000 && (got < int64(n)*9/10 || got > int64(n)*11/10) {
			t.Errorf("%d cells: found %d distinct", n, got)
		}
		left.Merge(right)
		if merged := left.Finding().Distinct; merged != got {
			t.Errorf("%d cells: merged %d, in sequence %d", n, merged, got)
		}
	}
}

func BenchmarkAdd(b *testing.B) {
	for _, c := range []struct {
		name string
		cell func(i int) string
	}{
		{"integers", func(i int) string { return fmt.Sprint(i * 7919 % 1_000_003) }},
		{"decimals", func(i int) string { return fmt.Sprintf("%d.%02d", i*7919%100_003, i%100) }},
		{"dates", func(i int) string { return fmt.Sprintf("20%02d-%02d-%02d", i%20, i%12+1, i%28+1) }},
		{"days first", func(i int) string { return fmt.Sprintf("%d/%d/20%02d", i%28+1, i%12+1, i%20) }},
		{"Latin text", func(i int) string { return fmt.Sprintf("Barchester Healthcare %d", i) }},
		{"Chinese text", func(i int) string { return fmt.Sprintf("兰州金桥瑞祥机械设备有限公司%d", i%5000) }},
		{"few values", func(i int) string { return []string{"甲类", "乙类", "丙类"}[i%3] }},
		{"thousands", func(i int) string { return fmt.Sprintf("%d,%03d.50", i%900+1, i%1000) }},
		{"Chinese dates", func(i int) string { return fmt.Sprintf("20%02d年%d月%d日", i%20, i%12+1, i%28+1) }},
		{"percentages", func(i int) string { return fmt.Sprintf("%d.%d%%", i%100, i%10) }},
		{"amounts with a unit", func(i int) string { return fmt.Sprintf("%d万元", i%1000+1) }},
		{"addresses", func(i int) string { return fmt.Sprintf("%d臺北市士林區至善路三段199號", i%900+100) }},
		{"stock numbers", func(i int) string { return fmt.Sprintf("1005-00-073-%04d", i%10000) }},
		{"times", func(i int) string { return fmt.Sprintf("2016-%02d-%02d 09:%02d:00", i%12+1, i%28+1, i%60) }},
	} {
		cells := make([][]byte, 1<<14)
		for i := range cells {
			cells[i] = []byte(c.cell(i))
		}
		b.Run(c.name, func(b *testing.B) {
			column, i := New("n", Options{}), 0
			b.ReportAllocs()
			for b.Loop() {
				column.Add(cells[i&(1<<14-1)])
				i++
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "Mcells/s")
		})
	}
}
