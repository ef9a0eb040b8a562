package ods

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"govdata/ingest/decode/xlsx"
)

// bookOf makes a spreadsheet of parts; others are those of LibreOffice, as far
// as anything looks at them.
func bookOf(parts map[string]string) []byte {
	all := map[string]string{
		"mimetype":              "application/vnd.oasis.opendocument.spreadsheet",
		"content.xml":           "",
		"META-INF/manifest.xml": `<?xml version="1.0" encoding="UTF-8"?><manifest:manifest><manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>`,
	}
	for name, xml := range parts {
		all[name] = xml
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range []string{"mimetype", "content.xml", "META-INF/manifest.xml"} {
		w, _ := z.Create(name)
		io.WriteString(w, all[name])
	}
	z.Close()
	return b.Bytes()
}

// content is the part that holds tables.
func content(tables string) string {
	return `<?xml version="1.0" encoding="UTF-8"?><office:document-content office:version="1.3"><office:automatic-styles>` +
		`<style:style style:name="ta1" style:family="table"><style:table-properties table:display="true"/></style:style>` +
		`<style:style style:name="ta2" style:family="table"><style:table-properties table:display="false"/></style:style>` +
		`</office:automatic-styles><office:body><office:spreadsheet><table:calculation-settings/>` + tables + `</office:spreadsheet></office:body></office:document-content>`
}

// book makes a spreadsheet of one sheet from the XML of its rows.
func book(rows string) []byte {
	return bookOf(map[string]string{"content.xml": content(`<table:table table:name="S" table:style-name="ta1"><table:table-column table:number-columns-repeated="16384"/>` + rows + `</table:table>`)})
}

func openFile(t testing.TB, data []byte) (*Workbook, error) {
	t.Helper()
	return Open(bytes.NewReader(data), int64(len(data)), Options{})
}

// all reads a sheet: rows by number, cells by column.
func all(s *Sheet) (map[int64][]string, error) {
	rows, err := s.Rows()
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	m := map[int64][]string{}
	for {
		n, cells, err := rows.Next()
		if errors.Is(err, io.EOF) {
			return m, nil
		} else if err != nil {
			return m, err
		}
		row := make([]string, len(cells))
		for i, c := range cells {
			row[i] = string(c)
		}
		m[n] = row
	}
}

func show(rows map[int64][]string) string {
	var numbers []int64
	for n := range rows {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	var out []string
	for _, n := range numbers {
		out = append(out, fmt.Sprintf("%d:[%s]", n, strings.Join(rows[n], "|")))
	}
	return strings.Join(out, " ")
}

// str is a cell of text as LibreOffice writes it.
func str(text string) string {
	return `<table:table-cell office:value-type="string" calcext:value-type="string"><text:p>` + text + `</text:p></table:table-cell>`
}

// typed is a cell of another type, shown as something else.
func typed(kind, attribute, value string) string {
	return `<table:table-cell office:value-type="` + kind + `" office:` + attribute + `="` + value + `" calcext:value-type="` + kind + `"><text:p>shown</text:p></table:table-cell>`
}

func row(cells ...string) string {
	return `<table:table-row>` + strings.Join(cells, "") + `</table:table-row>`
}

func TestCellsAsText(t *testing.T) {
	for _, c := range []struct{ what, rows, want string }{
		{"text with entities", row(str(`兰州 &lt;城关&gt; &amp; &#x5317;&#66;`)), "1:[兰州 <城关> & 北B]"},
		{"paragraphs are lines", row(`<table:table-cell office:value-type="string"><text:p>a</text:p><text:p/><text:p>b</text:p></table:table-cell>`), "1:[a\n\nb]"},
		{"spaces, tabs, line breaks", row(str(`<text:s/>a<text:s text:c="3"/>b<text:tab/>c<text:line-break/>d`)), "1:[ a   b\tc\nd]"},
		{"spans and links", row(str(`a<text:span text:style-name="T1">b<text:a xlink:href="http://x">c</text:a></text:span>d`)), "1:[abcd]"},
		{"white space collapses across spans", row(str("  a \n\t <text:span> b</text:span> ")), "1:[a b ]"},
		{"an annotation is no text", row(`<table:table-cell office:value-type="string"><office:annotation><dc:creator>x</dc:creator><text:p>note</text:p></office:annotation><text:p>a</text:p></table:table-cell>`), "1:[a]"},
		{"an annotation alone is no value", row(`<table:table-cell><office:annotation><text:p>note</text:p></office:annotation></table:table-cell>`, str("b")), "1:[|b]"},
		{"an annotation, a shape and a footnote in the text", row(str(`a<office:annotation><text:p>no</text:p></office:annotation>b<draw:frame><draw:text-box><text:p>no</text:p></draw:text-box></draw:frame>c<text:note><text:note-body><text:p>no</text:p></text:note-body></text:note>`)), "1:[abc]"},
		{"ruby by its base", row(str(`<text:ruby><text:ruby-base>兰</text:ruby-base><text:ruby-text>lan</text:ruby-text></text:ruby>州`)), "1:[兰州]"},
		{"a shape in a cell", row(`<table:table-cell><draw:custom-shape><text:p>no</text:p></draw:custom-shape></table:table-cell>`, str("b")), "1:[|b]"},
		{"a list in a cell", row(`<table:table-cell office:value-type="string"><text:list><text:list-item><text:p>a</text:p></text:list-item><text:list-item><text:p>b</text:p></text:list-item></text:list></table:table-cell>`), "1:[a\nb]"},
		{"text in an attribute alone", row(`<table:table-cell office:value-type="string" office:string-value="a &amp; b"/>`), "1:[a & b]"},
		{"an error is no value", row(`<table:table-cell table:formula="of:=1/0" office:value-type="string" office:string-value="" calcext:value-type="error"><text:p>#DIV/0!</text:p></table:table-cell>`), ""},
		{"numbers without noise", row(typed("float", "value", "0.1"), typed("float", "value", "0.30000000000000004"), typed("float", "value", "1.2E+18"), typed("float", "value", "12345678901234567"), typed("float", "value", "-1E-3")), "1:[0.1|0.3|1200000000000000000|12345678901234567|-0.001]"},
		{"a percentage is what it shows", row(typed("percentage", "value", "0.0525")), "1:[5.25%]"},
		{"money by its value", row(`<table:table-cell office:value-type="currency" office:currency="CNY" office:value="1234.5"><text:p>￥1,234.50</text:p></table:table-cell>`), "1:[1234.5]"},
		{"truth", row(typed("boolean", "boolean-value", "true"), typed("boolean", "boolean-value", "false")), "1:[TRUE|FALSE]"},
		{"dates", row(typed("date", "date-value", "2024-01-15"), typed("date", "date-value", "2024-01-15T00:00:00"), typed("date", "date-value", "2024-01-15T10:20:30"), typed("date", "date-value", "2024-01-15T10:20:30.500000000")), "1:[2024-01-15|2024-01-15|2024-01-15T10:20:30|2024-01-15T10:20:30.500]"},
		{"dates with the noise of a double", row(typed("date", "date-value", "2024-12-31T23:59:59.999999999"), typed("date", "date-value", "2024-01-15T10:20:30.000000003")), "1:[2025-01-01|2024-01-15T10:20:30]"},
		{"dates that are none", row(typed("date", "date-value", "-0044-03-15"), typed("date", "date-value", "2024-13-45")), "1:[-0044-03-15|2024-13-45]"},
		{"times", row(typed("time", "time-value", "PT15H04M05S"), typed("time", "time-value", "PT00H00M00S"), typed("time", "time-value", "PT36H00M00S"), typed("time", "time-value", "PT10H20M30.250000000S"), typed("time", "time-value", "-PT1H30M"), typed("time", "time-value", "P1DT2H"), typed("time", "time-value", "PT123H4M5S")), "1:[15:04:05|00:00:00|36:00:00|10:20:30.250|-01:30:00|26:00:00|123:04:05]"},
		{"times that are none", row(typed("time", "time-value", "P1Y"), typed("time", "time-value", "PT"), typed("time", "time-value", "PT5"), typed("time", "time-value", "noon")), "1:[P1Y|PT|PT5|noon]"},
		{"a formula by its value", row(`<table:table-cell table:formula="of:=1+1" office:value-type="float" office:value="2" calcext:value-type="float"><text:p>2.00</text:p></table:table-cell>`), "1:[2]"},
		{"a type without a value by its text", row(`<table:table-cell office:value-type="float"><text:p>12.5</text:p></table:table-cell>`), "1:[12.5]"},
		{"attributes of ODF 1.0", row(`<table:table-cell table:value-type="float" table:value="7"><text:p>7,0</text:p></table:table-cell>`), "1:[7]"},
		{"columns that repeat", row(`<table:table-cell table:number-columns-repeated="2"/>`, `<table:table-cell table:number-columns-repeated="3" office:value-type="float" office:value="1"><text:p>1</text:p></table:table-cell>`, str("z"), `<table:table-cell table:number-columns-repeated="16378"/>`), "1:[||1|1|1|z]"},
		{"rows that repeat", `<table:table-row table:number-rows-repeated="2"><table:table-cell table:number-columns-repeated="16384"/></table:table-row><table:table-row table:number-rows-repeated="3">` + str("a") + `</table:table-row>` + row(str("b")) + `<table:table-row table:number-rows-repeated="1048570"><table:table-cell table:number-columns-repeated="16384"/></table:table-row>`, "3:[a] 4:[a] 5:[a] 6:[b]"},
		{"a value in the last row of a sheet", `<table:table-row table:number-rows-repeated="1048575"><table:table-cell/></table:table-row>` + row(str("end")), "1048576:[end]"},
		{"covered cells keep their place", row(`<table:table-cell table:number-columns-spanned="2" office:value-type="string"><text:p>a</text:p></table:table-cell>`, `<table:covered-table-cell/>`, str("b"), `<table:covered-table-cell table:number-columns-repeated="2"/>`, str("c")), "1:[a||b|||c]"},
		{"header rows and groups", `<table:table-header-rows>` + row(str("h")) + `</table:table-header-rows><table:table-row-group table:display="false"><table:table-row-group>` + row(str("g")) + `</table:table-row-group></table:table-row-group><table:table-rows>` + row(str("r")) + `</table:table-rows>`, "1:[h] 2:[g] 3:[r]"},
		{"what else a table holds", `<table:title>no</table:title><table:shapes><draw:frame><draw:object><table:table>` + row(str("no")) + `</table:table></draw:object></draw:frame></table:shapes><office:forms/><text:soft-page-break/>` + row(str("a"), `<text:x/>`) + `<table:named-expressions><x>no</x></table:named-expressions>`, "1:[a]"},
		{"a table within a cell", row(`<table:table-cell><table:table table:is-sub-table="true">`+row(str("no"))+`</table:table></table:table-cell>`, str("b")) + row(str("c")), "1:[|b] 2:[c]"},
		{"comments and CDATA", row(str(`a<!-- <text:p> --><![CDATA[<b>]]><?p i?>c`)), "1:[a<b>c]"},
		{"a prefix of its own", strings.NewReplacer("table:", "t:", "office:", "o:", "text:", "x:").Replace(row(str("a"), typed("float", "value", "1"))), "1:[a|1]"},
		{"an empty row, an empty cell", `<table:table-row/>` + row(`<table:table-cell></table:table-cell>`, str("")) + row(str("a")), "3:[a]"},
		{"entities that are none", row(str(`a & b &nbsp; &#xFFFFFF;`)), "1:[a & b &nbsp; &#xFFFFFF;]"},
	} {
		w, err := openFile(t, book(c.rows))
		if err != nil {
			t.Fatalf("%s: %v", c.what, err)
		}
		rows, err := all(w.Sheets()[0])
		if err != nil {
			t.Errorf("%s: %v", c.what, err)
			continue
		}
		if got := show(rows); got != c.want {
			t.Errorf("%s: found %q, want %q", c.what, got, c.want)
		}
	}
}

func TestSheetsByTheirTabs(t *testing.T) {
	w, err := openFile(t, bookOf(map[string]string{"content.xml": content(
		`<table:tracked-changes><table:cell-content-change><table:previous><table:change-track-table-cell><text:p>no</text:p></table:change-track-table-cell></table:previous></table:cell-content-change><table:table table:name="no"/></table:tracked-changes>` +
			`<table:table table:name="一 &amp; 二" table:style-name="ta1">` + row(str("1")) + `</table:table>` +
			`<table:table table:name="隐" table:style-name="ta2">` + row(str("2")) + `</table:table>` +
			`<table:table table:name="空"/>` +
			`<table:table table:name="三" table:style-name="ta9">` + row(str("3")) + row() + row(str("4")) + `</table:table>` +
			`<table:dde-links><table:dde-link><table:table table:name="no">` + row(str("no")) + `</table:table></table:dde-link></table:dde-links>`)}))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range w.Sheets() {
		for range 2 { // a sheet can be read again
			rows, err := all(s)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, fmt.Sprintf("%s %t %s", s.Name, s.Hidden, show(rows)))
		}
	}
	want := []string{"一 & 二 false 1:[1]", "隐 true 1:[2]", "空 false ", "三 false 1:[3] 3:[4]"}
	if got = slices.Compact(got); !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
}

func TestMergedCells(t *testing.T) {
	merged := func(rows, cols, extra string) string {
		return `<table:table-cell table:number-rows-spanned="` + rows + `" table:number-columns-spanned="` + cols + `"` + extra + `><text:p>m</text:p></table:table-cell>`
	}
	w, err := openFile(t, book(row(str("a"), merged("2", "1", ""), merged("1", "3", ""))+
		`<table:table-row table:number-rows-repeated="3"><table:table-cell/></table:table-row>`+
		`<table:table-row table:number-rows-repeated="2">`+merged("1", "2", "")+`<table:covered-table-cell/>`+merged("1", "1", "")+`</table:table-row>`+
		row(merged("1", "4294967295", ""))))
	if err != nil {
		t.Fatal(err)
	}
	got, err := w.Sheets()[0].Merges()
	if want := []Range{{1, 2, 2, 2}, {1, 3, 1, 5}, {5, 1, 5, 2}, {6, 1, 6, 2}, {7, 1, 7, maxColumns}}; err != nil || !slices.Equal(got, want) {
		t.Errorf("found %v, %v, want %v", got, err, want)
	}
}

// The 1,048,576 x 16,384 blanks that LibreOffice ends a sheet with are passed;
// values that repeat as often are given, but not without end.
func TestRepeatsAreBounded(t *testing.T) {
	const value = `office:value-type="float" office:value="1"><text:p>1</text:p></table:table-cell>`
	for _, c := range []struct {
		what, rows string
		options    Options
		want       error
	}{
		{"blanks", `<table:table-row table:number-rows-repeated="4294967295"><table:table-cell table:number-columns-repeated="4294967295"/></table:table-row>`, Options{}, nil},
		{"columns", row(`<table:table-cell table:number-columns-repeated="16385" ` + value), Options{}, ErrLimit},
		{"a value after too many blanks", row(`<table:table-cell table:number-columns-repeated="4294967295"/>`, str("a")), Options{}, ErrLimit},
		{"rows", `<table:table-row table:number-rows-repeated="1000000000"><table:table-cell ` + value + `</table:table-row>`, Options{}, ErrLimit},
		{"a value after too many blank rows", `<table:table-row table:number-rows-repeated="4294967295"/>` + row(str("a")), Options{}, ErrLimit},
		{"a long text in every column", row(`<table:table-cell table:number-columns-repeated="16384"><text:p>` + strings.Repeat("a", 1<<20) + `</text:p></table:table-cell>`), Options{}, ErrLimit},
		{"a long text in many rows", `<table:table-row table:number-rows-repeated="100000">` + str(strings.Repeat("a", 1<<16)) + `</table:table-row>`, Options{MaxBytes: 1 << 30}, ErrBomb},
		{"blanks in a text", row(str(`a<text:s text:c="4294967295"/>`)), Options{}, ErrLimit},
		{"blanks in many parts of a text", row(str(strings.Repeat(`<text:s text:c="1000000"/>`, 20))), Options{}, ErrLimit},
		{"paragraphs", row(`<table:table-cell>` + strings.Repeat(`<text:p/>`, 100_000) + `</table:table-cell>`), Options{MaxCell: 1 << 16}, ErrLimit},
		{"a cell", row(str(strings.Repeat("a", 1<<17))), Options{MaxCell: 1 << 16}, ErrLimit},
	} {
		data := book(c.rows)
		w, err := Open(bytes.NewReader(data), int64(len(data)), c.options)
		if err == nil {
			var rows *Rows
			if rows, err = w.Sheets()[0].Rows(); err == nil {
				for err == nil {
					_, _, err = rows.Next()
				}
				if errors.Is(err, io.EOF) {
					err = nil
				}
			}
		}
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.what, err)
		}
	}
}

func TestTenThousandColumns(t *testing.T) {
	var b strings.Builder
	for i := range 10_000 {
		b.WriteString(str(strconv.Itoa(i)))
	}
	w, err := openFile(t, book(row(b.String())))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := all(w.Sheets()[0])
	if err != nil || len(rows[1]) != 10_000 || rows[1][9_999] != "9999" {
		t.Errorf("%d columns, %v", len(rows[1]), err)
	}
}

func TestHostilePartsAreRefused(t *testing.T) {
	laughs := `<!DOCTYPE lolz [<!ENTITY lol "lol">`
	for i := range 9 {
		laughs += fmt.Sprintf(`<!ENTITY lol%d "%s">`, i+1, strings.Repeat(fmt.Sprintf("&lol%d;", i), 10))
	}
	laughs += `]>`
	sheet := content(`<table:table table:name="S">` + row(str("a")) + `</table:table>`)
	inSheet := func(s string) string { return content(`<table:table table:name="S">` + s + `</table:table>`) }
	for what, content := range map[string]string{
		"a billion laughs":           laughs + strings.Replace(sheet, ">a<", ">&lol9;<", 1),
		"an external entity":         `<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>` + sheet,
		"nothing":                    "",
		"no XML":                     "PK",
		"no end":                     strings.TrimSuffix(sheet, "</office:document-content>"),
		"an end too many":            sheet + "</x></y>",
		"no spreadsheet":             `<office:document-content><office:body><office:text><table:table table:name="T">` + row(str("a")) + `</table:table></office:text></office:body></office:document-content>`,
		"no sheet":                   content(""),
		"another encoding":           `<?xml version="1.0" encoding="gb2312"?><x/>`,
		"a comment without end":      strings.Replace(sheet, ">a<", "><!-- a<", 1),
		"elements within each other": inSheet(row(`<table:table-cell>` + strings.Repeat(`<text:p><text:span>`, 1_000_000) + strings.Repeat(`</text:span></text:p>`, 1_000_000) + `</table:table-cell>`)),
		"text that is not UTF-8":     inSheet(row(str("a\xFF"))),
		"a tag without a name":       inSheet(row("< >")),
		"a tag that does not end":    inSheet(row(`<table:table-cell a="`)),
		"sheets without end":         func() string { return contentOfSheets(maxSheets + 1) }(),
	} {
		w, err := openFile(t, bookOf(map[string]string{"content.xml": content}))
		if err == nil {
			_, err = all(w.Sheets()[0])
		}
		if !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrLimit) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func contentOfSheets(n int) string {
	return content(strings.Repeat(`<table:table table:name="S"/>`, n))
}

func TestEncryptedSpreadsheetsAreRefused(t *testing.T) {
	// As LibreOffice 7 writes it, and as 24.8 wraps the package (ODF 1.4).
	for what, entry := range map[string]string{
		"a part":      `<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml" manifest:size="5000"><manifest:encryption-data manifest:checksum-type="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0#sha256-1k" manifest:checksum="x"><manifest:algorithm manifest:algorithm-name="http://www.w3.org/2001/04/xmlenc#aes256-cbc"/></manifest:encryption-data></manifest:file-entry>`,
		"the package": `<manifest:file-entry manifest:full-path="encrypted-package" manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"><manifest:encryption-data/></manifest:file-entry>`,
	} {
		_, err := openFile(t, bookOf(map[string]string{
			"META-INF/manifest.xml": `<?xml version="1.0"?><manifest:manifest xmlns:manifest="m">` + entry + `</manifest:manifest>`,
			"content.xml":           "\x8f\x01\x7fnoise",
		}))
		if !errors.Is(err, ErrEncrypted) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestATruncatedSpreadsheetIsAnErrorAtEveryPlace(t *testing.T) {
	data := book(strings.Repeat(row(str("some text"), typed("float", "value", "1")), 500))
	for i := range 50 {
		if _, err := openFile(t, data[:len(data)*i/50]); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%d/50: %v", i, err)
		}
	}
}

func TestDamagedContentIsNamed(t *testing.T) {
	data := book(strings.Repeat(row(str("some text")), 5000))
	at := bytes.Index(data, []byte("content.xml")) + len("content.xml") + 60
	for i := range 20 {
		data[at+i] ^= 0x5A
	}
	if _, err := openFile(t, data); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "content.xml") {
		t.Errorf("found %v", err)
	}
}

func TestBombsAreRefused(t *testing.T) {
	bomb := book(strings.Repeat("<table:table-row/>", 4<<20))
	if _, err := openFile(t, bomb); !errors.Is(err, ErrBomb) {
		t.Errorf("a part that expands too far: %v", err)
	}
	if _, err := Open(bytes.NewReader(bomb), int64(len(bomb)), Options{MaxBytes: 64 << 20}); !errors.Is(err, ErrBomb) {
		t.Errorf("a spreadsheet larger than it may be: %v", err)
	}
}

// soffice makes an .ods of a file by LibreOffice and returns its name.
func soffice(t *testing.T, dir, name string, options ...string) string {
	t.Helper()
	program, err := exec.LookPath("soffice")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("LibreOffice is not here: %v", err)
		}
		t.Skipf("SKIPPED: LibreOffice is not here: %v", err)
	}
	cmd := exec.Command(program, "-env:UserInstallation=file://"+filepath.Join(dir, "profile"), "--headless", "--convert-to", "ods", "--outdir", dir)
	cmd.Args = append(append(cmd.Args, options...), name)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("soffice: %v: %s", err, out)
	}
	result := filepath.Join(dir, strings.TrimSuffix(filepath.Base(name), filepath.Ext(name))+".ods")
	if _, err := os.Stat(result); err != nil {
		t.Fatal(err)
	}
	return result
}

func openPath(t *testing.T, name string) *Workbook {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	w, err := openFile(t, data)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// What LibreOffice makes of a CSV, read here, is the CSV.
func TestLibreOfficeRoundTrip(t *testing.T) {
	dir := t.TempDir()
	want := [][]string{
		{"name", "text", "value", "empty", "same", "same"},
		{"x", " lead", "1.5", "", "7", "7"},
		{"y", "trail ", "2024-01-15", "", "7", "7"},
		{"z", "a  b   c", "12:30:00", "", "7", "7"},
		{"w", "line1\nline2", "0.1", "", "7", "7"},
		{"v", "tab\there", "123456789012345", "", "", "end"},
		{"u", `<&>"'`, "1e-7", "", "", "end"},
		{}, {},
		{"", "", "after two blank rows"},
		{"同", "兰州市"}, {"同", "兰州市"}, {"同", "兰州市"},
	}
	var b bytes.Buffer
	c := csv.NewWriter(&b)
	for _, r := range want {
		if len(r) == 0 {
			r = make([]string, 6) // csv would write nothing that reads as a row
		}
		if err := c.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	c.Flush()
	name := filepath.Join(dir, "in.csv")
	if err := os.WriteFile(name, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	w := openPath(t, soffice(t, dir, name, "--infilter=CSV:44,34,76,1")) // UTF-8
	got, err := all(w.Sheets()[0])
	if err != nil {
		t.Fatal(err)
	}
	want[6][2] = "0.0000001"
	for i, r := range want {
		for len(r) > 0 && r[len(r)-1] == "" {
			r = r[:len(r)-1]
		}
		if !slices.Equal(got[int64(i+1)], r) {
			t.Errorf("row %d: found %q, want %q", i+1, got[int64(i+1)], r)
		}
	}
	if len(got) != len(want)-2 {
		t.Errorf("%d rows with values: %s", len(got), show(got))
	}
}

// What LibreOffice makes of the real workbooks reads as they do.
func TestRealWorkbooksReadTheSameAsODS(t *testing.T) {
	const realdata = "../../../../shared/realdata"
	if _, err := os.Stat(realdata); err != nil {
		if os.Getenv("GOVDATA_TEST_SHARED") == "required" {
			t.Fatalf("the real files are not here: %v", err)
		}
		t.Skipf("SKIPPED: the real files are not here: %v", err)
	}
	for _, name := range []string{"cn/tw_post_offices.xlsx", "cn/area_summary_formulas.xlsx", "world/ne_1033_data.xlsx", "torture/multiline_merged_header.xlsx", "torture/epoch_1904.xlsx"} {
		t.Run(filepath.Base(name), func(t *testing.T) {
			name := filepath.Join(realdata, filepath.FromSlash(name))
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			theirs, err := xlsx.Open(bytes.NewReader(data), int64(len(data)), xlsx.Options{})
			if err != nil {
				t.Fatal(err)
			}
			ours := openPath(t, soffice(t, t.TempDir(), name))
			if len(ours.Sheets()) != len(theirs.Sheets()) {
				t.Fatalf("%d sheets, want %d", len(ours.Sheets()), len(theirs.Sheets()))
			}
			for i, s := range ours.Sheets() {
				x := theirs.Sheets()[i]
				if s.Name != x.Name || s.Hidden != x.Hidden {
					t.Errorf("sheet %q, hidden %t, want %q, %t", s.Name, s.Hidden, x.Name, x.Hidden)
				}
				got, err := all(s)
				if err != nil {
					t.Fatal(err)
				}
				rows, err := x.Rows()
				if err != nil {
					t.Fatal(err)
				}
				cells := 0
				for {
					n, want, err := rows.Next()
					if errors.Is(err, io.EOF) {
						break
					} else if err != nil {
						t.Fatal(err)
					}
					row := got[n]
					delete(got, n)
					for j, w := range want {
						g := ""
						if j < len(row) {
							g = row[j]
						}
						// That workbook holds 1005.0 where LibreOffice writes 1005.
						if cells++; g != strings.TrimSuffix(string(w), ".0") {
							t.Errorf("sheet %q, row %d, column %d: found %q, want %q", s.Name, n, j+1, g, w)
						}
					}
					if len(row) > len(want) {
						t.Errorf("sheet %q, row %d: %q has more cells than %q", s.Name, n, row, want)
					}
				}
				rows.Close()
				if len(got) > 0 {
					t.Errorf("sheet %q: rows too many: %s", s.Name, show(got))
				}
				ms, err1 := s.Merges()
				wants, err2 := x.Merges()
				if err1 != nil || err2 != nil || len(ms) != len(wants) {
					t.Errorf("sheet %q: merged %v, want %v", s.Name, ms, wants)
				}
				for _, m := range wants {
					if !slices.Contains(ms, Range(m)) {
						t.Errorf("sheet %q: %v is not among the merged %v", s.Name, m, ms)
					}
				}
				t.Logf("sheet %q: %d cells, %d merges", s.Name, cells, len(ms))
			}
		})
	}
}

// big is a spreadsheet of rows x 12 cells in the XML of LibreOffice.
func big(t testing.TB, rows int) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	part, err := z.Create("content.xml")
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(part)
	head, tail, _ := strings.Cut(content(`<table:table table:name="S" table:style-name="ta1">|</table:table>`), "|")
	w.WriteString(head)
	for i := range rows {
		w.WriteString(`<table:table-row table:style-name="ro1">`)
		for j := range 12 {
			if j%3 == 0 {
				fmt.Fprintf(w, `<table:table-cell office:value-type="string" calcext:value-type="string"><text:p>兰州市城关区第%d号</text:p></table:table-cell>`, i*7919%100003)
			} else {
				fmt.Fprintf(w, `<table:table-cell office:value-type="float" office:value="%d.25" calcext:value-type="float"><text:p>%d.25</text:p></table:table-cell>`, i*j, i*j)
			}
		}
		w.WriteString(`</table:table-row>`)
	}
	w.WriteString(`<table:table-row table:number-rows-repeated="848576"><table:table-cell table:number-columns-repeated="16384"/></table:table-row>` + tail)
	if err := errors.Join(w.Flush(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestMemoryDoesNotGrowWithRows(t *testing.T) {
	n := 100_000
	if testing.Short() {
		n = 20_000
	}
	data := big(t, n)
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	before, peak := m.HeapAlloc, uint64(0)
	w, err := openFile(t, data)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := w.Sheets()[0].Rows()
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	read := 0
	for ; ; read++ {
		if _, _, err := rows.Next(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if read%10_000 == 0 { // without a collection: garbage counts too
			runtime.ReadMemStats(&m)
			peak = max(peak, m.HeapAlloc)
		}
	}
	if read != n || rows.Read() > int64(w.content.CompressedSize64) || rows.Read() < int64(w.content.CompressedSize64)*9/10 {
		t.Errorf("%d rows, %d of %d bytes", read, rows.Read(), w.content.CompressedSize64)
	}
	if grown := int64(peak) - int64(before); grown > 16<<20 {
		t.Errorf("%d bytes more on the heap", grown)
	} else {
		t.Logf("%d rows, %d KiB more on the heap at the peak", read, grown>>10)
	}
}

// FuzzODS reads any content.xml, with limits that keep a run short.
func FuzzODS(f *testing.F) {
	f.Add([]byte(content(`<table:table table:name="S" table:style-name="ta2">` + row(str("a"), typed("date", "date-value", "2024-01-15T10:20:30"), typed("time", "time-value", "PT1H")) + `</table:table>`)))
	f.Add([]byte(content(`<table:table><table:table-row table:number-rows-repeated="3"><table:covered-table-cell table:number-columns-repeated="2"/><table:table-cell table:number-rows-spanned="2" office:value-type="float" office:value="1E-3"/></table:table-row></table:table>`)))
	f.Add([]byte(content(`<table:table><table:table-row-group>` + row(str(`<text:s text:c="2"/>b<!-- c --><![CDATA[d]]><office:annotation><text:p>e</text:p></office:annotation>`)) + `</table:table-row-group></table:table><table:table/>`)))
	f.Fuzz(func(t *testing.T, xml []byte) {
		data := bookOf(map[string]string{"content.xml": string(xml)})
		w, err := Open(bytes.NewReader(data), int64(len(data)), Options{MaxBytes: 1 << 20, MaxCell: 1 << 16})
		if err != nil {
			return
		}
		for _, s := range w.Sheets() {
			rows, err := s.Rows()
			if err != nil {
				t.Fatalf("%q was found and cannot be opened: %v", s.Name, err)
			}
			last := int64(0)
			for {
				n, cells, err := rows.Next()
				if err != nil {
					break
				}
				if n <= last || len(cells) == 0 || len(cells) > maxColumns || len(cells[len(cells)-1]) == 0 {
					t.Fatalf("row %d after %d has %d cells", n, last, len(cells))
				}
				last = n
			}
			rows.Close()
			s.Merges()
		}
	})
}

func BenchmarkRows(b *testing.B) {
	n := 200_000
	if s := os.Getenv("GOVDATA_BENCH_ROWS"); s != "" {
		n, _ = strconv.Atoi(s)
		n = min(n, 1_048_575)
	}
	data := big(b, n)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		w, err := openFile(b, data)
		if err != nil {
			b.Fatal(err)
		}
		rows, err := w.Sheets()[0].Rows()
		if err != nil {
			b.Fatal(err)
		}
		for {
			if _, _, err := rows.Next(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.N)*float64(n)/b.Elapsed().Seconds(), "rows/s")
}
