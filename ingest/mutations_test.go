package ingest_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"govdata/ingest/layout"
)

// allMutations are the ways in which a table is changed.
var allMutations = slices.Concat(encodings, surroundings, drops, splits, shifts, retypes, stacks, headers)

// asCSV is a variant whose lines are written as CSV.
func asCSV(lines [][]string, want *grid, exact bool) *variant {
	return &variant{file: "variant.csv", data: csvOf(lines), want: want, exact: exact}
}

func encoded(kind, file string, encode func(g *grid) []byte) mutation {
	return mutation{kind: "re-encode: " + kind, make: func(g *grid, _ *rand.Rand) *variant {
		data := encode(g)
		if data == nil {
			return nil
		}
		return &variant{file: file, data: data, want: g, exact: true}
	}}
}

var encodings = []mutation{
	encoded("UTF-8 with a mark", "variant.csv", func(g *grid) []byte { return append([]byte("\uFEFF"), csvOf(g.lines())...) }),
	encoded("GB18030", "variant.csv", func(g *grid) []byte {
		data, err := simplifiedchinese.GB18030.NewEncoder().Bytes(csvOf(g.lines()))
		if err != nil || !enoughChinese(g) {
			return nil
		}
		return data
	}),
	encoded("UTF-16", "variant.csv", func(g *grid) []byte {
		data, _ := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().Bytes(csvOf(g.lines()))
		return data
	}),
	encoded("line ends of Windows", "variant.csv", func(g *grid) []byte { return bytes.ReplaceAll(csvOf(g.lines()), []byte("\n"), []byte("\r\n")) }),
	encoded("semicolons", "variant.csv", func(g *grid) []byte { return delimited(g.lines(), ';') }),
	encoded("tabs", "variant.txt", func(g *grid) []byte { return delimited(g.lines(), '\t') }),
	encoded("bars", "variant.txt", func(g *grid) []byte { return delimited(g.lines(), '|') }),
	encoded("every cell in quotes", "variant.csv", func(g *grid) []byte {
		var b strings.Builder
		for _, l := range g.lines() {
			for i, c := range l {
				fmt.Fprintf(&b, `%s"%s"`, strings.Repeat(",", min(i, 1)), strings.ReplaceAll(c, `"`, `""`))
			}
			b.WriteString("\n")
		}
		return []byte(b.String())
	}),
	encoded("XLSX", "variant.xlsx", func(g *grid) []byte { return book(sheetOf("Sheet1", g.lines())) }),
	encoded("JSON", "variant.json", func(g *grid) []byte {
		var records []string
		for _, r := range g.rows {
			var fields []string
			for i, title := range g.titles {
				name, _ := json.Marshal(title)
				value, _ := json.Marshal(r[i])
				fields = append(fields, string(name)+":"+string(value))
			}
			records = append(records, "{"+strings.Join(fields, ",")+"}")
		}
		return []byte("[" + strings.Join(records, ",\n") + "]")
	}),
	encoded("zip", "variant.zip", func(g *grid) []byte { return archive("a.csv", csvOf(g.lines())) }),
	encoded("a delimiter at every line's end", "variant.csv", func(g *grid) []byte {
		return csvOf(each(g.lines(), func(_ int, l []string) []string { return append(slices.Clone(l), "") }))
	}),
}

func enoughChinese(g *grid) bool {
	n := 0
	for _, l := range g.lines() {
		for _, r := range strings.Join(l, "") {
			if r >= 0x4E00 && r < 0xA000 {
				n++
			}
		}
	}
	return n > 100
}

func each(lines [][]string, change func(i int, l []string) []string) [][]string {
	out := make([][]string, len(lines))
	for i, l := range lines {
		out[i] = change(i, l)
	}
	return out
}

// wide is a line of width cells of which some hold a text.
func wide(width int, at map[int]string) []string {
	l := make([]string, width)
	for i, text := range at {
		l[min(i, width-1)] = text
	}
	return l
}

// around writes lines above and below a table, none of which is data.
func around(kind string, above, below func(g *grid) [][]string) mutation {
	return mutation{kind: "around: " + kind, make: func(g *grid, _ *rand.Rand) *variant {
		var lines [][]string
		if above != nil {
			lines = append(lines, above(g)...)
		}
		lines = append(lines, g.lines()...)
		if below != nil {
			lines = append(lines, below(g)...)
		}
		return asCSV(lines, g, true)
	}}
}

var surroundings = []mutation{
	around("a title", func(g *grid) [][]string {
		return [][]string{wide(len(g.titles), map[int]string{0: "某市情况统计表"})}
	}, nil),
	around("a title and a blank line", func(g *grid) [][]string {
		return [][]string{wide(len(g.titles), map[int]string{0: "某市情况统计表"}), {""}}
	}, nil),
	around("a title and a unit at the right edge", func(g *grid) [][]string {
		w := len(g.titles)
		return [][]string{wide(w, map[int]string{0: "某市情况统计表"}), wide(w, map[int]string{w - 1: "单位：元"})}
	}, nil),
	around("a title and who reports", func(g *grid) [][]string {
		w := len(g.titles)
		return [][]string{wide(w, map[int]string{0: "某市情况统计表"}), wide(w, map[int]string{0: "填报单位：某市统计局", w - 1: "填报日期：2024年1月5日"})}
	}, nil),
	around("blank lines above", func(g *grid) [][]string { return [][]string{{""}, {""}} }, nil),
	around("a footnote", nil, func(g *grid) [][]string {
		return [][]string{wide(len(g.titles), map[int]string{0: "注：本表数据为初步统计数。"})}
	}),
	around("a footnote with a stray number", nil, func(g *grid) [][]string {
		w := len(g.titles)
		return [][]string{wide(w, map[int]string{0: "注：本表数据为初步统计数。", w - 1: "3"})}
	}),
	around("a line of signatures", nil, func(g *grid) [][]string {
		w := len(g.titles)
		return [][]string{wide(w, map[int]string{0: "填表人：张某", w / 2: "审核人：李某", w - 1: "联系电话：0931-8888888"})}
	}),
	around("a line of signatures in cells of their own", nil, func(g *grid) [][]string {
		w := len(g.titles)
		if w < 4 {
			return [][]string{wide(w, map[int]string{0: "填表人：", 1: "张某"}), wide(w, map[int]string{0: "审核人：", 1: "李某"})}
		}
		return [][]string{wide(w, map[int]string{0: "填表人：", 1: "张某", 2: "审核人：", 3: "李某"})}
	}),
	around("a blank line and a source", nil, func(g *grid) [][]string {
		return [][]string{{""}, wide(len(g.titles), map[int]string{0: "数据来源：某市统计局"})}
	}),
	{kind: "around: a total", make: func(g *grid, _ *rand.Rand) *variant {
		if !numeric(g, len(g.titles)-1) || len(g.titles) < 3 {
			return nil
		}
		return asCSV(append(g.lines(), wide(len(g.titles), map[int]string{0: "合计", len(g.titles) - 1: "12345"})), g, true)
	}},
}

// numeric reports whether every cell of a column is a number.
func numeric(g *grid, col int) bool {
	return !slices.ContainsFunc(g.rows, func(r []string) bool { return !numberPattern.MatchString(r[col]) })
}

var numberPattern = regexp.MustCompile(`^-?[0-9]{1,12}(\.[0-9]{1,6})?$`)

// countsRows reports whether a column counts the rows: without a title it is
// not published, as the report says.
func countsRows(g *grid, col int) bool {
	for i, r := range g.rows {
		if r[col] != fmt.Sprint(i+1) {
			return false
		}
	}
	return true
}

// withNumbers is the first column of numbers, or -1.
func withNumbers(g *grid) int {
	for i := range g.titles {
		if numeric(g, i) {
			return i
		}
	}
	return -1
}

var drops = []mutation{
	{kind: "drop: some rows", make: func(g *grid, r *rand.Rand) *variant {
		g.rows = slices.DeleteFunc(g.rows, func([]string) bool { return r.IntN(3) == 0 })
		if len(g.rows) == 0 {
			return nil
		}
		return asCSV(g.lines(), g, true)
	}},
	{kind: "drop: all but the first rows", make: func(g *grid, r *rand.Rand) *variant {
		g.rows = g.rows[:1+r.IntN(len(g.rows))]
		return asCSV(g.lines(), g, true)
	}},
	{kind: "drop: a column", make: func(g *grid, r *rand.Rand) *variant {
		if len(g.titles) < 3 {
			return nil
		}
		at := r.IntN(len(g.titles))
		g.titles = slices.Delete(g.titles, at, at+1)
		for i := range g.rows {
			g.rows[i] = slices.Delete(g.rows[i], at, at+1)
		}
		return asCSV(g.lines(), g, false)
	}},
	{kind: "drop: all but two columns", make: func(g *grid, r *rand.Rand) *variant {
		a, b := r.IntN(len(g.titles)), r.IntN(len(g.titles))
		if a >= b {
			return nil
		}
		pick := func(l []string) []string { return []string{l[a], l[b]} }
		g.titles = pick(g.titles)
		g.rows = each(g.rows, func(_ int, l []string) []string { return pick(l) })
		g.rows = slices.DeleteFunc(g.rows, func(l []string) bool { return count(l) < 2 })
		if len(g.rows) < 3 {
			return nil
		}
		return asCSV(g.lines(), g, false)
	}},
	{kind: "drop: the header", make: func(g *grid, _ *rand.Rand) *variant {
		at := withNumbers(g)
		if at < 0 || len(g.rows) < 3 || countsRows(g, 0) {
			return nil
		}
		for i := range g.titles {
			g.titles[i] = fmt.Sprintf("column_%d", i+1)
		}
		return asCSV(g.rows, g, false)
	}},
	{kind: "drop: a cell of a row", make: func(g *grid, r *rand.Rand) *variant {
		lines := g.lines()
		n, at := 1+r.IntN(len(g.rows)), r.IntN(len(g.titles))
		lines[n] = slices.Delete(slices.Clone(lines[n]), at, at+1)
		if at == len(g.titles)-1 {
			g = g.clone()
			g.rows[n-1][at] = ""
		}
		return asCSV(lines, g, false)
	}},
	{kind: "drop: a cell of a row, with the line's delimiters kept", make: func(g *grid, r *rand.Rand) *variant {
		lines := g.lines()
		n, at := 1+r.IntN(len(g.rows)), 0
		if len(g.rows) < 6 || !typed(g) || numeric(g, 0) {
			return nil
		}
		lines[n] = append(slices.Delete(slices.Clone(lines[n]), at, at+1), "")
		return asCSV(lines, g, false)
	}},
	{kind: "drop: the last cells of some rows", make: func(g *grid, r *rand.Rand) *variant {
		lines := g.lines()
		last := len(g.titles) - 1
		g = g.clone()
		for i := range g.rows {
			if r.IntN(4) == 0 {
				g.rows[i][last] = ""
				lines[i+1] = slices.Clone(lines[i+1][:last])
			}
		}
		return asCSV(lines, g, false)
	}},
}

// typed reports whether the columns are of different kinds, so that a row that
// has slipped can be told.
func typed(g *grid) bool {
	n := 0
	for i := range g.titles {
		if numeric(g, i) {
			n++
		}
	}
	return n > 0 && n < len(g.titles) && n*2 >= len(g.titles)-1
}

// other is another table, which is no part of the one that is mutated.
var other = [][]string{{"学校", "学生", "教师", "建校年份"}, {"一中", "300", "20", "1956"}, {"二中", "412", "31", "1962"}, {"三中", "288", "18", "1979"}}

var splits = []mutation{
	{kind: "split: two sheets", make: func(g *grid, _ *rand.Rand) *variant {
		a, b := halves(g)
		return &variant{file: "variant.xlsx", data: book(sheetOf("一月", a.lines()), sheetOf("二月", b.lines())), want: g, exact: true}
	}},
	{kind: "split: two members", make: func(g *grid, _ *rand.Rand) *variant {
		a, b := halves(g)
		return &variant{file: "variant.zip", data: archive("一月.csv", csvOf(a.lines()), "二月.csv", csvOf(b.lines())), want: g, exact: true}
	}},
	{kind: "split: the header again", make: func(g *grid, _ *rand.Rand) *variant {
		a, b := halves(g)
		return asCSV(append(a.lines(), b.lines()...), g, true)
	}},
	{kind: "split: a blank line and the header again", make: func(g *grid, _ *rand.Rand) *variant {
		a, b := halves(g)
		return asCSV(slices.Concat(a.lines(), [][]string{{""}}, b.lines()), g, true)
	}},
	{kind: "split: a heading and the header again", make: func(g *grid, _ *rand.Rand) *variant {
		a, b := halves(g)
		w := len(g.titles)
		return asCSV(slices.Concat([][]string{wide(w, map[int]string{0: "（经常门）"})}, a.lines(), [][]string{wide(w, map[int]string{0: "（资本门）"})}, b.lines()), g, true)
	}},
	{kind: "split: side by side", make: func(g *grid, _ *rand.Rand) *variant {
		a, b := halves(g)
		return asCSV(beside(a.lines(), b.lines(), 0), g, true)
	}},
	{kind: "split: side by side with a gap", make: func(g *grid, _ *rand.Rand) *variant {
		a, b := halves(g)
		return asCSV(beside(a.lines(), b.lines(), 1), g, true)
	}},
	{kind: "split: blank lines between rows", make: func(g *grid, r *rand.Rand) *variant {
		var lines [][]string
		for i, l := range g.lines() {
			if lines = append(lines, l); i > 0 && r.IntN(5) == 0 {
				lines = append(lines, []string{""})
			}
		}
		return asCSV(lines, g, true)
	}},
	{kind: "merge: rows shuffled", make: func(g *grid, r *rand.Rand) *variant {
		r.Shuffle(len(g.rows), func(i, j int) { g.rows[i], g.rows[j] = g.rows[j], g.rows[i] })
		return asCSV(g.lines(), g, true)
	}},
	{kind: "merge: columns in another order", make: func(g *grid, r *rand.Rand) *variant {
		order := r.Perm(len(g.titles))
		return asCSV(each(g.lines(), func(_ int, l []string) []string {
			out := make([]string, len(l))
			for i, from := range order {
				out[i] = l[from]
			}
			return out
		}), g, false)
	}},
	{kind: "merge: twice the same rows", make: func(g *grid, _ *rand.Rand) *variant {
		g.rows = append(g.rows, g.clone().rows...)
		return asCSV(g.lines(), g, true)
	}},
}

// halves are the first and the second half of the rows, under one header each.
func halves(g *grid) (a, b *grid) {
	a, b = g.clone(), g.clone()
	n := len(g.rows) / 2
	a.rows, b.rows = a.rows[:n], b.rows[n:]
	return a, b
}

// beside sets two tables side by side, with gap blank columns between.
func beside(a, b [][]string, gap int) [][]string {
	var lines [][]string
	for i := range max(len(a), len(b)) {
		l := make([]string, 0, 2*len(a[0])+gap)
		if i < len(a) {
			l = append(l, a[i]...)
		} else {
			l = append(l, make([]string, len(a[0]))...)
		}
		l = append(l, make([]string, gap)...)
		if i < len(b) {
			l = append(l, b[i]...)
		} else {
			l = append(l, make([]string, len(a[0]))...)
		}
		lines = append(lines, l)
	}
	return lines
}

var shifts = []mutation{
	{kind: "shift: a blank column on the left", make: func(g *grid, _ *rand.Rand) *variant {
		return asCSV(each(g.lines(), func(_ int, l []string) []string { return append([]string{""}, l...) }), g, true)
	}},
	{kind: "shift: every row has a cell more than the header", make: func(g *grid, r *rand.Rand) *variant {
		v := asCSV(each(g.lines(), func(i int, l []string) []string {
			if i == 0 {
				return l
			}
			return append(slices.Clone(l), fmt.Sprint(r.IntN(900)))
		}), g, false)
		v.refuse = true
		return v
	}},
	{kind: "shift: every row has a cell more in front", make: func(g *grid, r *rand.Rand) *variant {
		v := asCSV(each(g.lines(), func(i int, l []string) []string {
			if i == 0 {
				return l
			}
			return append([]string{fmt.Sprint(i)}, l...)
		}), g, false)
		v.refuse = true
		return v
	}},
	{kind: "shift: one row has a cell more", make: func(g *grid, r *rand.Rand) *variant {
		lines := g.lines()
		n, at := 1+r.IntN(len(g.rows)), r.IntN(len(g.titles))
		lines[n] = slices.Insert(slices.Clone(lines[n]), at, "误")
		return asCSV(lines, g, false)
	}},
	{kind: "shift: one row to the right", make: func(g *grid, r *rand.Rand) *variant {
		if !typed(g) || len(g.rows) < 6 {
			return nil
		}
		lines := g.lines()
		n := 1 + r.IntN(len(g.rows))
		lines[n] = append([]string{""}, lines[n]...)
		return asCSV(lines, g, false)
	}},
}

// retype writes the numbers of a column in another way.
func retype(kind string, exact bool, write func(text string) string) mutation {
	return mutation{kind: "retype: " + kind, make: func(g *grid, _ *rand.Rand) *variant {
		at := withNumbers(g)
		if at < 0 {
			return nil
		}
		return asCSV(each(g.lines(), func(i int, l []string) []string {
			l = slices.Clone(l)
			if i > 0 {
				l[at] = write(l[at])
			}
			return l
		}), g, exact)
	}}
}

var retypes = []mutation{
	retype("blanks around numbers", true, func(s string) string { return "  " + s + " " }),
	retype("full-width digits", true, func(s string) string {
		return strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' {
				return r - '0' + '０'
			}
			return r
		}, s)
	}),
	{kind: "retype: a mark for no value in a column of numbers", make: func(g *grid, r *rand.Rand) *variant {
		at := withNumbers(g)
		if at < 0 || len(g.rows) < 6 {
			return nil
		}
		g.rows[r.IntN(len(g.rows))][at] = []string{"-", "—", "/"}[r.IntN(3)]
		return asCSV(g.lines(), g, false)
	}},
	{kind: "retype: words in the first rows of a column of numbers", make: func(g *grid, r *rand.Rand) *variant {
		at := withNumbers(g)
		if at < 0 || len(g.rows) < 6 {
			return nil
		}
		for i := range 1 + r.IntN(3) {
			g.rows[i][at] = "未检出"
		}
		return asCSV(g.lines(), g, false)
	}},
	{kind: "retype: a long cell in the first row", make: func(g *grid, r *rand.Rand) *variant {
		at := r.IntN(len(g.titles))
		if numeric(g, at) {
			return nil
		}
		g.rows[0][at] = strings.Repeat("这是一段比较长的说明文字", 5)
		return asCSV(g.lines(), g, false)
	}},
}

// stacked writes another table below or beside the one that is mutated, or on
// another sheet: it must not be mixed with it, and the report has to name it.
func stacked(kind string, join func(g *grid) [][]string) mutation {
	return mutation{kind: "stack: " + kind, make: func(g *grid, _ *rand.Rand) *variant {
		if len(g.rows) < 6 || len(g.titles) == len(other[0]) {
			return nil
		}
		v := asCSV(join(g), g, false)
		v.others = int64(len(other) - 1)
		return v
	}}
}

var stacks = []mutation{
	stacked("another table behind a blank line", func(g *grid) [][]string { return slices.Concat(g.lines(), [][]string{{""}}, other) }),
	stacked("another table behind a blank line and a title", func(g *grid) [][]string {
		return slices.Concat(g.lines(), [][]string{{""}, {"表二 学校"}}, other)
	}),
	stacked("another table without a blank line", func(g *grid) [][]string { return slices.Concat(g.lines(), other) }),
	stacked("another table below a title", func(g *grid) [][]string { return slices.Concat(g.lines(), [][]string{{"表二 学校"}}, other) }),
	stacked("another table above", func(g *grid) [][]string { return slices.Concat(other, [][]string{{""}}, g.lines()) }),
	{kind: "stack: another table on another sheet", make: func(g *grid, _ *rand.Rand) *variant {
		if len(g.rows) < 6 {
			return nil
		}
		return &variant{file: "variant.xlsx", data: book(sheetOf("甲", g.lines()), sheetOf("乙", other)), want: g, others: int64(len(other) - 1)}
	}},
	{kind: "stack: another table in another member", make: func(g *grid, _ *rand.Rand) *variant {
		if len(g.rows) < 6 {
			return nil
		}
		return &variant{file: "variant.zip", data: archive("甲.csv", csvOf(g.lines()), "乙.csv", csvOf(other)), want: g, others: int64(len(other) - 1)}
	}},
}

// titled gives the columns other titles, which only add can know.
func titled(kind string, change func(g *grid, r *rand.Rand) *variant) mutation {
	return mutation{kind: "header: " + kind, addOnly: true, make: change}
}

var headers = []mutation{
	titled("a title twice", func(g *grid, r *rand.Rand) *variant {
		a, b := r.IntN(len(g.titles)), r.IntN(len(g.titles))
		if a >= b {
			return nil
		}
		lines := g.lines()
		lines[0] = slices.Clone(g.titles)
		lines[0][b] = g.titles[a]
		g.titles[b] = g.titles[a] + " 2"
		return asCSV(lines, g, true)
	}),
	titled("a title twice but for its case or width", func(g *grid, r *rand.Rand) *variant {
		lines := g.lines()
		lines[0] = slices.Clone(g.titles)
		lines[0][0], lines[0][1] = "Code", []string{"code", "CODE", "Ｃｏｄｅ", "co de"}[r.IntN(4)]
		if slices.ContainsFunc(g.titles[2:], func(s string) bool { return layout.Key(s) == "code" }) {
			return nil
		}
		g.titles[0], g.titles[1] = "Code", lines[0][1]+" 2"
		return asCSV(lines, g, true)
	}),
	titled("a title blank", func(g *grid, r *rand.Rand) *variant {
		at := r.IntN(len(g.titles))
		if len(g.titles) < 3 || countsRows(g, at) || !slices.ContainsFunc(g.rows, func(r []string) bool { return r[at] != "" }) {
			return nil
		}
		lines := g.lines()
		lines[0] = slices.Clone(g.titles)
		lines[0][at] = ""
		g.titles[at] = fmt.Sprintf("column_%d", at+1)
		return asCSV(lines, g, false)
	}),
	titled("years", func(g *grid, r *rand.Rand) *variant {
		return series(g, func(i int) string { return fmt.Sprint(2015 + i) })
	}),
	titled("months", func(g *grid, r *rand.Rand) *variant {
		return series(g, func(i int) string { return fmt.Sprintf("2024-%02d", i+1) })
	}),
	titled("days", func(g *grid, r *rand.Rand) *variant {
		return series(g, func(i int) string { return fmt.Sprintf("2024-%02d-01", i+1) })
	}),
	titled("two rows, blanks to the right", func(g *grid, r *rand.Rand) *variant {
		n := len(g.titles)
		if n < 5 {
			return nil
		}
		upper, lower := make([]string, n), make([]string, n)
		upper[0], upper[1], upper[3] = g.titles[0], "上年", "本年"
		for i := 1; i < n; i++ {
			lower[i] = g.titles[i]
			g.titles[i] = map[bool]string{true: "上年_", false: "本年_"}[i < 3] + g.titles[i]
		}
		return asCSV(slices.Concat([][]string{upper, lower}, g.rows), g, true)
	}),
	titled("two rows, merged", func(g *grid, r *rand.Rand) *variant {
		n := len(g.titles)
		if n < 5 {
			return nil
		}
		upper, lower := make([]string, n), make([]string, n)
		upper[0], upper[1], upper[3] = g.titles[0], "上年", "本年"
		for i := 1; i < n; i++ {
			lower[i] = []string{"数", "率"}[i%2]
			g.titles[i] = map[bool]string{true: "上年_", false: "本年_"}[i < 3] + lower[i]
			if i > 4 {
				lower[i] = fmt.Sprint(lower[i], i)
				g.titles[i] = "本年_" + lower[i]
			}
		}
		s := sheetOf("Sheet1", slices.Concat([][]string{upper, lower}, g.rows))
		s.merges = []string{"A1:A2", "B1:C1", cellName(3, 1) + ":" + cellName(n-1, 1)}
		return &variant{file: "variant.xlsx", data: book(s), want: g, exact: true}
	}),
	titled("three rows, merged", func(g *grid, r *rand.Rand) *variant {
		n := len(g.titles)
		if n < 5 {
			return nil
		}
		g.titles = g.titles[:5]
		g.rows = each(g.rows, func(_ int, l []string) []string { return l[:5] })
		g.rows = slices.DeleteFunc(g.rows, func(l []string) bool { return count(l) < 3 || l[0] == "" })
		if len(g.rows) < 3 {
			return nil
		}
		lines := [][]string{{g.titles[0], "教育", "", "", ""}, {"", "上年", "", "本年", ""}, {"", "数", "率", "数", "率"}}
		g.titles = []string{g.titles[0], "教育_上年_数", "教育_上年_率", "教育_本年_数", "教育_本年_率"}
		s := sheetOf("Sheet1", slices.Concat(lines, g.rows))
		s.merges = []string{"A1:A3", "B1:E1", "B2:C2", "D2:E2"}
		return &variant{file: "variant.xlsx", data: book(s), want: g, exact: true}
	}),
	titled("a title merged over the table", func(g *grid, r *rand.Rand) *variant {
		s := sheetOf("Sheet1", slices.Concat([][]string{{"某市情况统计表"}}, g.lines()))
		s.merges = []string{"A1:" + cellName(len(g.titles)-1, 1)}
		return &variant{file: "variant.xlsx", data: book(s), want: g, exact: true}
	}),
	titled("long titles", func(g *grid, r *rand.Rand) *variant {
		for i := range g.titles {
			g.titles[i] += "（本项由填报单位按照上年度统计口径如实填写，不得漏报）"
		}
		return asCSV(g.lines(), g, true)
	}),
}

// series replaces all titles but the first, where all other columns are numbers.
func series(g *grid, title func(i int) string) *variant {
	var keep []int
	for i := range g.titles {
		if numeric(g, i) && i > 0 {
			keep = append(keep, i)
		}
	}
	years := func(i int) bool {
		return !slices.ContainsFunc(g.rows, func(r []string) bool { return len(r[i]) != 4 })
	}
	if len(keep) < 2 || numeric(g, 0) || len(keep) == 2 && slices.ContainsFunc(keep, years) {
		return nil // two years over years may be data
	}
	pick := func(_ int, l []string) []string {
		out := []string{l[0]}
		for _, i := range keep {
			out = append(out, l[i])
		}
		return out
	}
	g.rows = each(g.rows, pick)
	g.titles = pick(0, g.titles)
	for i := range keep {
		g.titles[i+1] = title(i)
	}
	return asCSV(g.lines(), g, true)
}

type sheet struct {
	name   string
	lines  [][]string
	merges []string
}

func sheetOf(name string, lines [][]string) sheet { return sheet{name: name, lines: lines} }

func cellName(col, row int) string {
	name, _ := excelize.CoordinatesToCellName(col+1, row)
	return name
}

// book writes sheets of texts.
func book(sheets ...sheet) []byte {
	f := excelize.NewFile()
	defer f.Close()
	for n, s := range sheets {
		if n == 0 {
			f.SetSheetName("Sheet1", s.name)
		} else {
			f.NewSheet(s.name)
		}
		for i, l := range s.lines {
			f.SetSheetRow(s.name, cellName(0, i+1), &l)
		}
		for _, m := range s.merges {
			from, to, _ := strings.Cut(m, ":")
			f.MergeCell(s.name, from, to)
		}
	}
	var b bytes.Buffer
	f.Write(&b)
	return b.Bytes()
}

// archive packs names and contents.
func archive(parts ...any) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(parts); i += 2 {
		w, _ := z.Create(parts[i].(string))
		w.Write(parts[i+1].([]byte))
	}
	z.Close()
	return b.Bytes()
}
