package decode

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"
)

const mlHead = `<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>
<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:o="urn:schemas-microsoft-com:office:office" xmlns:x="urn:schemas-microsoft-com:office:excel" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet" xmlns:html="http://www.w3.org/TR/REC-html40">
<Styles><Style ss:ID="Default"/><Style ss:ID="s21"><NumberFormat ss:Format="Short Date"/></Style><Style ss:ID="s22"><NumberFormat ss:Format="yyyy&quot;年&quot;m&quot;月&quot;"/></Style><Style ss:ID="s23"><NumberFormat ss:Format="Short Time"/></Style><Style ss:ID="s24"><NumberFormat ss:Format="Percent"/></Style></Styles>
`

func mlCell(kind, value string) string {
	return `<Cell><Data ss:Type="` + kind + `">` + value + `</Data></Cell>`
}

func mlSheetOf(name string, rows ...string) string {
	return `<Worksheet ss:Name="` + name + `"><Table ss:ExpandedColumnCount="3">` + strings.Join(rows, "\n") + `</Table></Worksheet>`
}

func TestSpreadsheetMLIsRead(t *testing.T) {
	for _, c := range []struct {
		name, sheet string
		want        []record
	}{
		{"types", mlSheetOf("S", "<Row>"+mlCell("String", "a")+mlCell("String", "b")+mlCell("String", "c")+"</Row>",
			"<Row>"+mlCell("String", "001")+mlCell("Number", "12.5")+mlCell("Boolean", "1")+"</Row>",
			"<Row>"+mlCell("Error", "#N/A")+mlCell("Number", "1.2E3")+mlCell("Boolean", "0")+"</Row>"),
			[]record{{1, []string{"a", "b", "c"}}, {2, []string{"001", "12.5", "true"}}, {3, []string{"#N/A", "1200", "false"}}}},
		{"dates", mlSheetOf("S", `<Row>`+mlCell("DateTime", "2024-01-02T00:00:00.000")+mlCell("DateTime", "2024-01-02T10:11:12.000")+`<Cell ss:StyleID="s23"><Data ss:Type="DateTime">1899-12-31T08:30:00.000</Data></Cell></Row>`,
			`<Row><Cell ss:StyleID="s21"><Data ss:Type="Number">45293</Data></Cell></Row>`),
			[]record{{1, []string{"2024-01-02", "2024-01-02 10:11:12", "08:30:00"}}, {2, []string{"2024-01-02"}}}},
		{"places", mlSheetOf("S", "<Row>"+mlCell("String", "a")+`<Cell ss:Index="3"><Data ss:Type="String">c</Data></Cell></Row>`, `<Row ss:Index="4"><Cell ss:Index="2"><Data ss:Type="Number">1</Data></Cell></Row>`,
			`<Row ss:Span="1"/>`, `<Row>`+mlCell("Number", "2")+`</Row>`),
			[]record{{1, []string{"a", "", "c"}}, {4, []string{"", "1"}}, {5, nil}, {7, []string{"2"}}}},
		{"merges and empty cells", mlSheetOf("S", `<Row><Cell ss:MergeAcross="1"><Data ss:Type="String">a</Data></Cell><Cell ss:MergeDown="1"><Data ss:Type="String">b</Data></Cell></Row>`, `<Row><Cell/><Cell ss:StyleID="s24"/></Row>`),
			[]record{{1, []string{"a", "", "b"}}, {2, nil}}},
		{"rich text, comments and formulas", mlSheetOf("S", `<Row><Cell><ss:Data ss:Type="String" xmlns="http://www.w3.org/TR/REC-html40"><B>甲<Font html:Color="#FF0000">乙</Font></B> &amp; 丙&#10;丁</ss:Data><Comment ss:Author="x"><ss:Data>不是</ss:Data></Comment></Cell><Cell ss:Formula="=RC[-1]"><Data ss:Type="Number">3</Data><NamedCell ss:Name="n"/></Cell></Row>`),
			[]record{{1, []string{"甲乙 & 丙\n丁", "3"}}}},
		{"CDATA", mlSheetOf("S", `<Row><Cell><Data ss:Type="String"><![CDATA[<a> & b]]></Data></Cell></Row>`), []record{{1, []string{"<a> & b"}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := mustOpen(t, "t.xls", []byte(mlHead+c.sheet+"</Workbook>"), Options{})
			if s.Info().Format != "spreadsheetml" || fmt.Sprint(s.Info().Sheets) != "[S]" {
				t.Errorf("found to be %+v", s.Info())
			}
			wantRows(t, rowsOf(t, s), c.want)
		})
	}
}

func TestSheetsOfSpreadsheetMLAreOfferedByName(t *testing.T) {
	book := mlHead + mlSheetOf("甲", "<Row>"+mlCell("String", "a")+"</Row>") + mlSheetOf("乙", `<Row ss:Index="2">`+mlCell("Number", "1")+"</Row>") +
		strings.Replace(mlSheetOf("藏", "<Row>"+mlCell("String", "h")+"</Row>"), "</Worksheet>", "<WorksheetOptions xmlns=\"urn:schemas-microsoft-com:office:excel\"><Visible>SheetHidden</Visible></WorksheetOptions></Worksheet>", 1) + "</Workbook>"
	for name, data := range map[string][]byte{"utf-8": []byte(book), "gb2312": encode(t, simplifiedchinese.GBK, strings.Replace(book, `version="1.0"`, `version="1.0" encoding="gb2312"`, 1))} {
		t.Run(name, func(t *testing.T) {
			s := mustOpen(t, "t.xml", data, Options{})
			if got := fmt.Sprint(tablesOf(t, s)); got != "map[乙:[{2 [1]}] 甲:[{1 [a]}]]" || !strings.Contains(fmt.Sprint(s.Info().Notes), `"藏" is hidden`) {
				t.Errorf("found %s, %v", got, s.Info().Notes)
			}
			one := mustOpen(t, "t.xml", data, Options{Sheet: "藏"})
			wantRows(t, rowsOf(t, one), []record{{1, []string{"h"}}})
		})
	}
	s := mustOpen(t, "t.xls", []byte(mlHead+mlSheetOf("S", `<Row><Cell ss:MergeAcross="1" ss:MergeDown="2"><Data ss:Type="String">a</Data></Cell></Row>`)+"</Workbook>"), Options{})
	if got := fmt.Sprint(s.Tables()[0].Merges()); got != "[{1 1 3 2}]" {
		t.Errorf("merges %s", got)
	}
}

func TestXMLRecordsAreRows(t *testing.T) {
	for _, c := range []struct {
		name, text, record string
		want               []record
	}{
		{"elements", "<list>\n<item><code>001</code><name>甲</name></item>\n<item><name>乙</name><code>002</code></item></list>", "",
			[]record{{1, []string{"code", "name"}}, {2, []string{"001", "甲"}}, {3, []string{"002", "乙"}}}},
		{"attributes", `<?xml version="1.0"?><r><row id="1" name="a&amp;b"/><row id="2" name=""/></r>`, "", []record{{1, []string{"id", "name"}}, {1, []string{"1", "a&b"}}, {1, []string{"2", ""}}}},
		{"attributes and elements of one name", `<r><row id="1"><id>x</id></row><row id="2"><id>y</id></row></r>`, "", []record{{1, []string{"@id", "id"}}, {1, []string{"1", "x"}}, {1, []string{"2", "y"}}}},
		{"elements within", `<r><head><date>2024</date></head><rows><row><a>1</a><b unit="元"><c>2</c><d>3</d></b></row><row><a>4</a></row></rows></r>`, "",
			[]record{{1, []string{"a", "b/unit", "b/c", "b/d"}}, {1, []string{"1", "元", "2", "3"}}, {1, []string{"4", "", "", ""}}}},
		{"several of one name", `<r><row><a>1</a><a>2</a></row><row><a>3</a></row></r>`, "", []record{{1, []string{"a"}}, {1, []string{`["1","2"]`}}, {1, []string{"3"}}}},
		{"texts and namespaces", `<x:r xmlns:x="u"><x:row x:k="1">甲 <b/> </x:row><x:row>乙</x:row></x:r>`, "", []record{{1, []string{"k", "b", "value"}}, {1, []string{"1", "", "甲"}}, {1, []string{"", "", "乙"}}}},
		{"a list of texts", `<r><name>甲</name><name>乙</name></r>`, "", []record{{1, []string{"value"}}, {1, []string{"甲"}}, {1, []string{"乙"}}}},
		{"the one asked for", `<r><a><i><v>1</v></i><i><v>2</v></i></a><b><k><v>3</v></k><k><v>4</v></k></b></r>`, "k", []record{{1, []string{"v"}}, {1, []string{"3"}}, {1, []string{"4"}}}},
		{"the path asked for", `<r><a><i><v>1</v></i></a><b><i><v>3</v></i></b></r>`, "/r/b/i", []record{{1, []string{"v"}}, {1, []string{"3"}}}},
		{"one record asked for", `<r><item><v>1</v></item></r>`, "item", []record{{1, []string{"v"}}, {1, []string{"1"}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := mustOpen(t, "t.xml", []byte(c.text), Options{Record: c.record})
			if i := s.Info(); i.Format != "xml" || !i.Headed() {
				t.Errorf("found to be %+v", i)
			}
			wantRows(t, rowsOf(t, s), c.want)
		})
	}
	if notes := fmt.Sprint(mustOpen(t, "t.xml", []byte(`<r><head><date>2024</date></head><rows><row><a>1</a></row><row><a>2</a></row></rows></r>`), Options{}).Info().Notes); !strings.Contains(notes, "the rows are the 2 elements r/rows/row") || !strings.Contains(notes, "r/head/date") {
		t.Errorf("notes %s", notes)
	}
}

func TestXMLThatIsNoListIsRefused(t *testing.T) {
	for _, c := range []struct {
		text, record string
		category     error
		found        string
	}{
		{"<?xml version=\"1.0\"?>\n<r/>", "", ErrFormat, "no element is repeated"},
		{"<?xml version=\"1.0\"?><r><a>1</a><b>2</b></r>", "", ErrFormat, "no element is repeated"},
		{"<r><a><v>1</v></a><a><v>1</v></a><b><v>1</v></b><b><v>2</v></b></r>", "", ErrFormat, "several lists"},
		{"<r><a><v>1</v></a><a><v>1</v></a></r>", "item", ErrFormat, "r/a/v (2)"},
		{"<r><a><i>1</i></a><b><i>1</i></b></r>", "i", ErrFormat, "several kinds"},
		{"<r><a><v>1</v></a><a>", "", ErrCorrupt, "not well-formed"},
		{"<r><a>1</b></r>", "", ErrCorrupt, "not well-formed"},
		{"<r><a>&nope;</a><a/></r>", "", ErrCorrupt, "not well-formed"},
		{"<?xml version=\"1.0\"?><!DOCTYPE r [<!ENTITY a \"b\">]><r><a>&a;</a><a/></r>", "", ErrFormat, "document type"},
		{"<!DOCTYPE r SYSTEM \"file:///etc/passwd\"><r><a/><a/></r>", "", ErrFormat, "document type"},
		{"<?xml version=\"1.0\"?><!-- x -->", "", ErrFormat, "without an element"},
		{"<?xml version=\"1.0\"?><office:document xmlns:office=\"urn:oasis:names:tc:opendocument:xmlns:office:1.0\"><a/><a/></office:document>", "", ErrFormat, "another kind"},
		{"<r><a></a><a></a></r>", "", ErrEmpty, "without a text"},
		{"MIME-Version: 1.0\nContent-Type: multipart/related; boundary=x\n", "", ErrFormat, "web archive"},
	} {
		s, err := openBytes(t, "t.xml", []byte(c.text), Options{Record: c.record})
		if err == nil {
			_, err = readAll(s.Tables()[0])
		}
		if e := wantRefusal(t, err, c.category); !strings.Contains(e.Found, c.found) {
			t.Errorf("%s: found %q, want %q", c.text, e.Found, c.found)
		}
	}
}

// A text that begins with a bracket is XML where it goes on like XML.
func TestTextInBracketsIsNoXML(t *testing.T) {
	for text, want := range map[string]string{"<名称>,<值>\n甲,1\n": "csv", "<5,a\n<6,b\n": "csv", "<a,b\n1,2\n": "csv", "<rows><row><a>1</a></row><row><a>2</a></row></rows>": "xml"} {
		if got := mustOpen(t, "t.txt", []byte(text), Options{}).Info().Format; got != want {
			t.Errorf("%q is read as %s, want %s", text, got, want)
		}
	}
}

func TestHostileXMLIsBounded(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	var names, lol strings.Builder
	for i := range 20000 {
		fmt.Fprintf(&names, "<a%d/>", i)
	}
	lol.WriteString(`<!DOCTYPE r [<!ENTITY l0 "lol">`)
	for i := range 9 {
		fmt.Fprintf(&lol, `<!ENTITY l%d "%s">`, i+1, strings.Repeat(fmt.Sprintf("&l%d;", i), 10))
	}
	lol.WriteString("]><r>&l9;</r>")
	for name, text := range map[string]string{
		"a billion laughs":   lol.String(),
		"depth":              "<?xml version=\"1.0\"?>" + strings.Repeat("<a>", 100000),
		"a long text":        "<r><a>" + long + long + "</a><a/></r>",
		"a long CDATA":       "<r><a><![CDATA[" + strings.Repeat("<", 2<<20) + "]]></a><a/></r>",
		"a long comment":     "<r><a/><!--" + strings.Repeat("<", 2<<20) + "--><a/></r>",
		"a long attribute":   "<r><a b='" + long + long + "'/><a/></r>",
		"many attributes":    "<r><a " + strings.Repeat("b='1' ", 400000) + "/><a/></r>",
		"kinds without end":  "<r>" + names.String() + "</r>",
		"a record too large": "<r><a>" + strings.Repeat("<b>"+long[:1000]+"</b>", 10000) + "</a><a/></r>",
		"a cell in pieces":   "<r><a><b>" + strings.Repeat(long[:1000]+"<!-- -->", 5000) + "</b></a><a/></r>",
		"a sheet's cell":     mlHead + mlSheetOf("S", "<Row>"+mlCell("String", strings.Repeat(long[:1000]+"<B/>", 5000))+"</Row>") + "</Workbook>",
		"a far cell":         mlHead + mlSheetOf("S", `<Row><Cell ss:Index="99999999"><Data>1</Data></Cell></Row>`) + "</Workbook>",
		"a far row":          mlHead + mlSheetOf("S", `<Row ss:Index="99999999999"><Cell><Data>1</Data></Cell></Row>`) + "</Workbook>",
		"rows backwards":     mlHead + mlSheetOf("S", `<Row ss:Index="5"/><Row ss:Index="2"/>`) + "</Workbook>",
		"a cell alone":       mlHead + "<Worksheet ss:Name='S'><Table><Cell><Data>1</Data></Cell></Table></Worksheet></Workbook>",
		"many sheets":        mlHead + strings.Repeat(mlSheetOf("S"), 3000) + "</Workbook>",
	} {
		t.Run(name, func(t *testing.T) {
			s, err := openBytes(t, "t.xml", []byte(text), Options{MaxCell: 1 << 20, Record: ""})
			if err == nil {
				_, err = readAll(s.Tables()[0])
			}
			if e := (*Error)(nil); !errors.As(err, &e) {
				t.Errorf("got %v, want a refusal", err)
			}
		})
	}
}

func FuzzXML(f *testing.F) {
	for _, seed := range []string{
		"<r><a b='1'>x</a><a><c>y</c></a></r>", "<?xml version='1.0' encoding='gb2312'?><r><a/><a/></r>", mlHead + mlSheetOf("S", "<Row ss:Index='2'>"+mlCell("Number", "1e5")+"</Row>") + "</Workbook>",
		"<!DOCTYPE r><r/>", "<r><a><![CDATA[x]]></a><a>&#65;</a></r>",
	} {
		f.Add([]byte(seed), "")
	}
	f.Fuzz(func(t *testing.T, text []byte, record string) {
		s, err := openBytes(t, "t.xml", text, Options{MaxCell: 1 << 10, MaxBytes: 1 << 20, Record: record})
		if err != nil {
			return
		}
		for _, table := range s.Tables() {
			rows, err := readAll(table)
			if err != nil {
				continue
			}
			last := int64(0)
			for _, r := range rows {
				if r.line < last {
					t.Errorf("line %d behind %d", r.line, last)
				}
				last = r.line
			}
		}
	})
}
