package layout_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"govdata/catalog"
	"govdata/ingest/decode"
	"govdata/ingest/layout"
)

func readText(t *testing.T, text string, l catalog.Layout) ([]*layout.Plan, [][][]string, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "t.csv")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return read(t, file, layout.Options{Layout: l})
}

func flat(rows [][][]string) string {
	var all []string
	for _, table := range rows {
		for _, r := range table {
			all = append(all, strings.Join(r, "|"))
		}
		all = append(all, "--")
	}
	return strings.Join(all, " ")
}

// One mess a case; tables end in --.
func TestTablesAreFoundInTheMess(t *testing.T) {
	for what, c := range map[string]struct {
		text    string
		layout  catalog.Layout
		rows    string
		headers string // of the first table
		skipped string // of all tables
	}{
		"columns side by side": {
			"地区,数量,,地区,数量\n兰州,1,,白银,2\n天水,3,,,\n", catalog.Layout{},
			"兰州|1 白银|2 天水|3 --", "地区 数量", ""},
		"columns side by side without a gap": {
			"地区,数量,地区,数量,地区,数量\n兰州,1,白银,2,金昌,3\n", catalog.Layout{},
			"兰州|1 白银|2 金昌|3 --", "地区 数量", ""},
		"the header again, in another order": {
			"地区,数量,年\n兰州,1,2020\n天水,7,2020\n金昌,8,2020\n年,数量,地区\n2021,2,白银\n", catalog.Layout{}, "兰州|1|2020 天水|7|2020 金昌|8|2020 -- 2021|2|白银 --", "地区 数量 年", ""},
		"the header again at page breaks": {
			"名,类,注\n甲,a,x\n乙,b,y\n名,类,注\n丙,c,z\n名,类,注\n丁,a,z\n", catalog.Layout{}, "甲|a|x 乙|b|y 丙|c|z 丁|a|z --", "名 类 注", "4 header repeated; 6 header repeated"},
		"another table below, with a title": {
			"地区,数量\n兰州,1\n白银,2\n\n表二 学校\n学校,学生,教师\n一中,300,20\n二中,400,30\n", catalog.Layout{},
			"兰州|1 白银|2 -- 一中|300|20 二中|400|30 --", "地区 数量", "4 blank; 5 above the header"},
		"a gap in the data is no new table": {
			"地区,数量\n兰州,1\n\n白银,2\n\n天水,3\n", catalog.Layout{}, "兰州|1 白银|2 天水|3 --", "地区 数量", "3 blank; 5 blank"},
		"a note behind a gap": {
			"地区,数量\n兰州,1\n白银,2\n\n本表由统计局编制\n", catalog.Layout{}, "兰州|1 白银|2 --", "地区 数量", "4 blank; 5 note below"},
		"a short row behind a gap, with data below": {
			"地区,数量\n兰州,1\n\n白银\n天水,3\n", catalog.Layout{}, "兰州|1 白银 天水|3 --", "地区 数量", "3 blank"},
		"totals, and a name that begins so": {
			"项目,金额\n总计工程,5\n小计,5\n合计,10\n", catalog.Layout{}, "总计工程|5 --", "项目 金额", "3 total; 4 total"},
		"two header rows with groups": {
			"地区,2023,,2024,\n,数量,同比,数量,同比\n兰州,1,2,3,4\n", catalog.Layout{}, "兰州|1|2|3|4 --", "地区 2023_数量 2023_同比 2024_数量 2024_同比", ""},
		"days of a month as columns": {
			"站名,1,2,3,4\n甲,0.5,0,0,1\n乙,2,0,0,3\n", catalog.Layout{}, "甲|0.5|0|0|1 乙|2|0|0|3 --", "站名 1 2 3 4", ""},
		"no header": {"1,甲,3\n2,乙,4\n3,丙,5\n", catalog.Layout{}, "1|甲|3 2|乙|4 3|丙|5 --", "column_1 column_2 column_3", ""},
		"the header's line settled": {
			"x,y\n名,数\n甲,1\n", catalog.Layout{Header: catalog.Lines{First: 2, Last: 2}}, "甲|1 --", "名 数", "1 above the header"},
		"lines settled to be left out": {
			"名,数\n甲,1\n乙,2\n丙,3\n", catalog.Layout{Skip: []catalog.Lines{{First: 3, Last: 3}}}, "甲|1 丙|3 --", "名 数", "3 left out as asked"},
		"blank cells that repeat the one above": {
			"市,县,数\n兰州,城关,1\n,七里河,2\n白银,会宁,3\n", catalog.Layout{FillDown: []string{"市"}}, "兰州|城关|1 兰州|七里河|2 白银|会宁|3 --", "市 县 数", ""},
		"columns without a name": {
			",名,数,\n1,甲,5,好\n2,乙,6,好\n", catalog.Layout{}, "1|甲|5|好 2|乙|6|好 --", "column_1 名 数 column_4", ""},
	} {
		t.Run(what, func(t *testing.T) {
			plans, rows, err := readText(t, c.text, c.layout)
			if err != nil {
				t.Fatal(err)
			}
			var headers, skipped []string
			for _, col := range plans[0].Columns {
				headers = append(headers, col.Header)
			}
			for _, p := range plans {
				skipped = append(skipped, skipsOf(p)...)
			}
			if got := flat(rows); got != c.rows {
				t.Errorf("the rows are %q, want %q", got, c.rows)
			}
			if got := strings.Join(headers, " "); got != c.headers {
				t.Errorf("the header is %q, want %q", got, c.headers)
			}
			if got := strings.Join(skipped, "; "); got != c.skipped {
				t.Errorf("skipped %q, want %q", got, c.skipped)
			}
		})
	}
}

// FuzzLayout: any text is laid out without a crash or an end that never comes,
// and every line that has something in it is a row, part of a header, or listed.
func FuzzLayout(f *testing.F) {
	for _, s := range []string{"a,b\n1,2\n", "地区,数量,,地区,数量\n兰州,1,,白银,2\n", "x\n\n\ny,z\n1,2\n,,\nz,y\n2,1\n合计,3\n注：甲\n", "1,2\n3,4\n", ",,\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		file := filepath.Join(t.TempDir(), "t.csv")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := decode.Open(file, "t.csv", decode.Options{Charset: "utf-8"})
		if err != nil || s.Info().Format != "csv" {
			return
		}
		defer s.Close()
		seen := map[int64]bool{}
		var plans []*layout.Plan
		sheet := layout.Open(s.Tables()[0], layout.Options{File: "t.csv"})
		for tables := 0; ; tables++ {
			b, err := sheet.Next()
			if errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				if tables > 0 {
					t.Fatalf("a table below: %v", err)
				}
				return
			}
			for {
				line, _, err := b.Next()
				if errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					return
				}
				seen[line] = true
			}
			plans = append(plans, b.Plan())
		}
		for _, p := range plans { // what stands below a table is listed when the next is asked for
			for _, line := range p.Header {
				seen[line] = true
			}
			for _, skip := range p.Skipped {
				if layout.Reasons[skip.Why].Zh == "" {
					t.Errorf("a reason without words in %+v", skip)
				}
				for line := skip.Line; line <= skip.To; line++ {
					seen[line] = true
				}
			}
		}
		again, err := decode.Open(file, "t.csv", decode.Options{Charset: "utf-8"})
		if err != nil {
			t.Fatal(err)
		}
		defer again.Close()
		for {
			r, err := again.Tables()[0].Next()
			if err != nil {
				break
			}
			if !seen[r.Line] && slices.ContainsFunc(r.Cells, func(c []byte) bool { return strings.TrimSpace(string(c)) != "" }) {
				t.Fatalf("line %d is lost: %q", r.Line, fmt.Sprintf("%s", r.Cells))
			}
		}
	})
}
