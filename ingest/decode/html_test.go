package decode

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
)

// tablesOf reads all tables of a source by their names.
func tablesOf(t testing.TB, s *Source) map[string][]record {
	t.Helper()
	all := map[string][]record{}
	for _, table := range s.Tables() {
		rows, err := readAll(table)
		if err != nil {
			t.Fatal(err)
		}
		all[table.Name()] = rows
	}
	return all
}

func TestHTMLTablesAreReadAsBrowsersShowThem(t *testing.T) {
	for _, c := range []struct {
		name, page string
		want       []record
	}{
		{"plain", "<html><body><table><tr><td>代码</td><td>名称</td></tr><tr><td>001</td><td>甲</td></tr></table></body></html>",
			[]record{{1, []string{"代码", "名称"}}, {2, []string{"001", "甲"}}}},
		{"a table alone", "<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>", []record{{1, []string{"a", "b"}}, {2, []string{"1", "2"}}}},
		{"ends left out", "<TABLE>\n<TR><TD>a<TD>b\n<TR><TD>1<TD>2\n</TABLE>", []record{{1, []string{"a", "b"}}, {2, []string{"1", "2"}}}},
		{"never ended", "<table><tr><td>a</td><td>b</td></tr><tr><td>1</td><td>2", []record{{1, []string{"a", "b"}}, {2, []string{"1", "2"}}}},
		{"groups", "<table><caption>收费表</caption><thead><tr><th>a<th>b</thead><tbody><tr><td>1<td>2</tbody><tfoot><tr><td>合计<td>2</tfoot></table>",
			[]record{{1, []string{"收费表"}}, {2, []string{"a", "b"}}, {3, []string{"1", "2"}}, {4, []string{"合计", "2"}}}},
		{"entities", "<table><tr><td>a</td><td>b</td></tr><tr><td>兰州 &amp; 市&lt;区&gt;&nbsp;</td><td>&#30002;&#x4e59;&quot;&copy;</td></tr></table>",
			[]record{{1, []string{"a", "b"}}, {2, []string{"兰州 & 市<区>", "甲乙\"©"}}}},
		{"white space and lines", "<table><tr><td>a</td><td>b</td></tr><tr><td>\n  x \t y\n</td><td>1<br>2<p>3</p><div>4</div></td></tr></table>",
			[]record{{1, []string{"a", "b"}}, {2, []string{"x y", "1\n2\n3\n4"}}}},
		{"rows and columns that span", "<table><tr><td rowspan=2>a</td><td colspan=2>b</td></tr><tr><td>c</td><td>d</td></tr><tr><td>1</td><td>2</td><td>3</td></tr></table>",
			[]record{{1, []string{"a", "b"}}, {2, []string{"", "c", "d"}}, {3, []string{"1", "2", "3"}}}},
		{"a span in the middle", "<table><tr><td>a</td><td rowspan='3'>b</td><td>c</td></tr><tr><td>1</td><td>2</td></tr><tr><td>3</td><td>4</td></tr><tr><td>5</td><td>6</td><td>7</td></tr></table>",
			[]record{{1, []string{"a", "b", "c"}}, {2, []string{"1", "", "2"}}, {3, []string{"3", "", "4"}}, {4, []string{"5", "6", "7"}}}},
		{"spans that are none", "<table><tr><td colspan=x rowspan=-2>a</td><td colspan=''>b</td></tr><tr><td>1</td><td>2</td></tr></table>", []record{{1, []string{"a", "b"}}, {2, []string{"1", "2"}}}},
		{"Excel's formats", `<table x:str><tr><td>a</td><td>b</td><td>c</td></tr><tr><td style="mso-number-format:'\@'">001</td><td x:num="620102199001011234">6.20102E+17</td><td class=xl24 x:num="0.125">12.5%</td></tr></table>`,
			[]record{{1, []string{"a", "b", "c"}}, {2, []string{"001", "620102199001011234", "12.5%"}}}},
		{"scripts, styles and comments", "<html><head><title>t</title><style>td{}</style></head><!--[if gte mso 9]><xml><td>x</td></xml><![endif]--><table><tr><td>a<script>var x='<td>';</script></td><td>b<!-- c --></td></tr><tr><td>1</td><td>2</td></tr></table>",
			[]record{{1, []string{"a", "b"}}, {2, []string{"1", "2"}}}},
		{"what is hidden", "<table><tr><td>a</td><td>b</td></tr><tr><td><span style='DISPLAY: none'>000<b>7</b></span>7</td><td>2</td></tr></table>",
			[]record{{1, []string{"a", "b"}}, {2, []string{"7", "2"}}}},
		{"a table for the look of the page", "<table><tr><td>菜单</td></tr><tr><td><table><tr><td>a</td><td>b</td></tr><tr><td>1</td><td>2</td></tr></table></td></tr></table>",
			[]record{{1, []string{"a", "b"}}, {2, []string{"1", "2"}}}},
		{"a table in a cell", "<table><tr><td>a</td><td>b</td></tr><tr><td>1</td><td><table><tr><td>x</td><td>y</td></tr><tr><td>z</td></tr></table></td></tr><tr><td>3</td><td>4</td></tr></table>",
			[]record{{1, []string{"a", "b"}}, {2, []string{"1", "x y\nz"}}, {3, []string{"3", "4"}}}},
		{"one column", "<table><tr><td>a</td></tr><tr><td>1</td></tr></table>", []record{{1, []string{"a"}}, {2, []string{"1"}}}},
		{"blank rows", "<table><tr><td>a</td><td>b</td></tr><tr></tr><tr><td>&nbsp;</td></tr><tr><td></td><td>2</td></tr></table>",
			[]record{{1, []string{"a", "b"}}, {2, nil}, {3, nil}, {4, []string{"", "2"}}}},
		{"XHTML", "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Strict//EN\" \"x\">\n<html xmlns=\"http://www.w3.org/1999/xhtml\"><body><table><tr><td>a</td><td>b</td></tr><tr><td>1</td><td/></tr></table></body></html>",
			[]record{{1, []string{"a", "b"}}, {2, []string{"1"}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := mustOpen(t, "t.xls", []byte(c.page), Options{})
			if i := s.Info(); i.Format != "html" || i.Headed() {
				t.Errorf("found to be %+v", s.Info())
			}
			wantRows(t, rowsOf(t, s), c.want)
		})
	}
}

func TestTheCharacterSetThatAPageDeclaresIsUsed(t *testing.T) {
	page := func(charset string) string {
		return `<html><head><meta http-equiv="Content-Type" content="text/html; charset=` + charset + `"></head><body><table><tr><td>名</td><td>值</td></tr><tr><td>甲</td><td>1</td></tr></table></body></html>`
	}
	want := []record{{1, []string{"名", "值"}}, {2, []string{"甲", "1"}}}
	for name, data := range map[string][]byte{
		"gb2312":          encode(t, simplifiedchinese.GBK, page("gb2312")),
		"gb18030":         encode(t, simplifiedchinese.GB18030, page("GB18030")),
		"utf-8":           []byte(page("utf-8")),
		"a false gb2312":  []byte(page("gb2312")),
		"a false utf-8":   encode(t, simplifiedchinese.GB18030, strings.Repeat(page("utf-8")+"<p>甘肃省兰州市城关区行政处罚信息公示表</p>", 1)),
		"a false utf-16":  []byte(page("utf-16")),
		"no known one":    []byte(page("x-none")),
		"UTF-16 by marks": append([]byte{0xFF, 0xFE}, encode(t, unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), page("unicode"))...),
	} {
		t.Run(name, func(t *testing.T) { wantRows(t, rowsOf(t, mustOpen(t, "t.xls", data, Options{})), want) })
	}
}

func TestTablesOfAPageAreOfferedByName(t *testing.T) {
	page := "<table><caption>甲表</caption><tr><td>a</td><td>b</td></tr><tr><td>1</td><td>2</td></tr></table><p>x</p>" +
		"<table><tr><td>c</td><td>d</td></tr><tr><td>3</td><td>4</td></tr></table><table><tr><td>页脚</td></tr></table>" +
		"<table><caption>甲表</caption><tr><td>e</td><td>f</td></tr><tr><td>5</td><td>6</td></tr></table>"
	all := tablesOf(t, mustOpen(t, "t.html", []byte(page), Options{}))
	for name, want := range map[string]string{"甲表": "[{1 [甲表]} {2 [a b]} {3 [1 2]}]", "table 2": "[{1 [c d]} {2 [3 4]}]", "甲表 (2)": "[{1 [甲表]} {2 [e f]} {3 [5 6]}]"} {
		if got := fmt.Sprint(all[name]); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if len(all) != 3 {
		t.Errorf("found %v", all)
	}
	one := mustOpen(t, "t.html", []byte(page), Options{Sheet: "table 2"})
	wantRows(t, rowsOf(t, one), []record{{1, []string{"c", "d"}}, {2, []string{"3", "4"}}})
	_, err := openBytes(t, "t.html", []byte(page), Options{Sheet: "none"})
	wantRefusal(t, err, ErrFormat)
}

func TestMergedCellsOfAPageAreTold(t *testing.T) {
	s := mustOpen(t, "t.xls", []byte("<table><tr><td rowspan=2>a</td><td colspan=2>b</td></tr><tr><td>c</td><td>d</td></tr><tr><td>1</td><td rowspan=99>2</td><td>3</td></tr></table>"), Options{})
	if got := fmt.Sprint(s.Tables()[0].Merges()); got != "[{1 1 2 1} {1 2 1 3} {3 2 3 2}]" {
		t.Errorf("merges %s", got)
	}
}

func TestPagesWithoutATableAreRefused(t *testing.T) {
	for _, page := range []string{"<html><body><p>404</p></body></html>", "<!DOCTYPE html>\n<title>404</title>", "<html><frameset><frame src=sheet001.htm></frameset></html>", "<table></table>", "<table><tr><td> &nbsp; </td></tr></table>"} {
		_, err := openBytes(t, "t.xls", []byte(page), Options{})
		if e := wantRefusal(t, err, ErrFormat); !strings.Contains(e.Found, "HTML") {
			t.Errorf("%s: %v", page, err)
		}
	}
}

// Memory follows from the bounds, whatever a page holds.
func TestHostilePagesAreBounded(t *testing.T) {
	cell := strings.Repeat("x", 1<<20)
	for name, page := range map[string]string{
		"a long cell":        "<table><tr><td>" + cell + cell + "</td></tr></table>",
		"a long tag":         "<table><tr><td a='" + cell + cell + "'>x</td></tr></table>",
		"nested tables":      strings.Repeat("<table><tr><td>", 1000),
		"many tables":        strings.Repeat("<table><tr><td>x</table>", 5000),
		"a row without end":  "<table><tr>" + strings.Repeat("<td>x", 20000),
		"spans without end":  "<table>" + strings.Repeat("<tr><td colspan=99999 rowspan=99999>x</td><td>y</td></tr>", 50) + "</table>",
		"hidden without end": "<table><tr><td><span style=display:none>" + strings.Repeat("<table><tr><td>", 5000),
	} {
		t.Run(name, func(t *testing.T) {
			s, err := openBytes(t, "t.xls", []byte(page), Options{MaxCell: 1 << 20})
			if err != nil {
				wantRefusal(t, err, ErrFormat)
				return
			}
			if _, err := readAll(s.Tables()[0]); err != nil {
				wantRefusal(t, err, ErrFormat)
			}
		})
	}
}

func FuzzHTML(f *testing.F) {
	for _, seed := range []string{
		"<table><tr><td rowspan=2>a<td colspan=3>b<tr><td>c</table>", "<table><tr><td><table><tr><td>x</table></table>", "<html><meta charset=gb2312><table><caption>c<tr><th>1",
		"<table><td><span style='display:none'>x<td>y</table>", "<table><tr><td x:num=1>1E+10",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, page []byte) {
		s, err := openBytes(t, "t.xls", append([]byte("<html>"), page...), Options{MaxCell: 1 << 10, MaxBytes: 1 << 20})
		if err != nil {
			return
		}
		for _, table := range s.Tables() {
			cells := 0
			rows, err := readAll(table)
			if err != nil {
				continue
			}
			for i, r := range rows {
				if r.line != int64(i+1) {
					t.Errorf("row %d is called %d", i+1, r.line)
				}
				for _, cell := range r.cells {
					if !utf8.ValidString(cell) || len(cell) > 1<<10 {
						t.Errorf("cell %q", cell)
					}
				}
				cells += len(r.cells)
			}
			if bytes.Count(page, []byte("<")) == 0 && cells > 0 {
				t.Error("cells from nowhere")
			}
		}
	})
}
