package xlsx

import (
	"archive/zip"
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
)

const realdata = "../../../../shared/realdata"

func realFiles(t testing.TB) []string {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(realdata, "*", "*.xlsx"))
	if len(files) == 0 {
		if os.Getenv("GOVDATA_TEST_SHARED") == "required" {
			t.Fatal("the real files are not beside the repository")
		}
		t.Skip("SKIPPED: the real files are not beside the repository")
	}
	return files
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

// Every real workbook reads as excelize reads it, but for dates, which come as
// ISO text, and numbers, which come without the noise of their doubles.
func TestRealWorkbooksReadAsExcelizeReadsThem(t *testing.T) {
	for _, name := range realFiles(t) {
		t.Run(filepath.Base(name), func(t *testing.T) {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			w, err := openFile(t, data)
			if bytes.HasPrefix(data, []byte("\xD0\xCF\x11\xE0")) {
				if !errors.Is(err, ErrEncrypted) {
					t.Errorf("an encrypted workbook: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			f, err := excelize.OpenReader(bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			for _, s := range w.Sheets() {
				got, err := all(s)
				if err != nil {
					t.Fatal(err)
				}
				want, err := f.GetRows(s.Name, excelize.Options{RawCellValue: true})
				if err != nil {
					t.Fatal(err)
				}
				cells, dates := 0, 0
				for i, row := range want {
					for j, w := range row {
						cells++
						g := ""
						if r := got[int64(i+1)]; j < len(r) {
							g = r[j]
						}
						switch {
						case g == w, sameNumber(g, w), g == "TRUE" && w == "1", g == "FALSE" && w == "0":
						case len(g) >= 8 && strings.Count(g, "-")+strings.Count(g, ":") >= 2:
							dates++
						default:
							t.Fatalf("sheet %q, row %d, column %d: found %q, excelize %q", s.Name, i+1, j+1, g, w)
						}
					}
				}
				for n := range got {
					if n > int64(len(want)) && len(got[n]) > 0 {
						t.Errorf("row %d is not in excelize's rows: %q", n, got[n])
					}
				}
				t.Logf("sheet %q: %d rows, %d cells, %d dates", s.Name, len(got), cells, dates)
			}
		})
	}
}

func sameNumber(a, b string) bool {
	x, err1 := strconv.ParseFloat(a, 64)
	y, err2 := strconv.ParseFloat(b, 64)
	return err1 == nil && err2 == nil && (x == y || (x-y)/y < 1e-14 && (y-x)/y < 1e-14)
}

// book makes a workbook from the XML of a sheet's rows.
func book(rows string) []byte {
	return bookOf(map[string]string{"xl/worksheets/sheet1.xml": `<worksheet xmlns="x"><dimension ref="A1:XFD1048576"/><sheetData>` + rows + `</sheetData></worksheet>`})
}

func TestCellsAsText(t *testing.T) {
	for _, c := range []struct {
		what, row, want string
	}{
		{"inline text", `<row r="1"><c r="A1" t="inlineStr"><is><t xml:space="preserve"> a &amp; b&#10;_x000D_c </t></is></c></row>`, "1:[ a & b\n\rc ]"},
		{"rich text without its phonetic run", `<row r="1"><c r="A1" t="inlineStr"><is><r><t>兰</t></r><rPh sb="0" eb="1"><t>lan</t></rPh><r><t>州</t></r></is></c></row>`, "1:[兰州]"},
		{"shared text", `<row r="1"><c r="A1" t="s"><v>1</v></c><c r="B1" t="s"><v></v></c><c r="C1" t="s"><v>0</v></c></row>`, "1:[共享||first]"},
		{"a number without noise", `<row r="1"><c r="A1"><v>4.0000000000000002E-2</v></c><c r="B1"><v>0.1</v></c><c r="C1"><v>1.2E+18</v></c><c r="D1"><v>12345678901234567</v></c><c r="E1"><v>0.30000000000000004</v></c><c r="F1"><v>-1E-3</v></c></row>`, "1:[0.04|0.1|1200000000000000000|12345678901234567|0.3|-0.001]"},
		{"a formula by its value", `<row r="1"><c r="A1"><f>1+1</f><v>2</v></c><c r="B1" t="str"><f>"x"</f><v>x</v></c></row>`, "1:[2|x]"},
		{"truth, and an error, which is no value", `<row r="1"><c r="A1" t="b"><v>1</v></c><c r="B1" t="e"><v>#DIV/0!</v></c></row>`, "1:[TRUE]"},
		{"dates and times", `<row r="1"><c r="A1" s="1"><v>45992</v></c><c r="B1" s="1"><v>45992.5</v></c><c r="C1" s="2"><v>0.75</v></c><c r="D1" s="3"><v>45992</v></c><c r="E1" s="1"><v>59</v></c></row>`, "1:[2025-12-01|2025-12-01T12:00:00|18:00:00|2025-12-01|1900-02-28]"},
		{"dates that are none", `<row r="1"><c r="A1" s="1"><v>0</v></c><c r="B1" s="1"><v>60</v></c><c r="C1" s="1"><v>-1</v></c><c r="D1" s="1"><v>2958466</v></c><c r="E1" s="1" t="str"><v>长期</v></c></row>`, "1:[0|1900-02-29|-1|2958466|长期]"},
		{"the last moment", `<row r="1"><c r="A1" s="1"><v>2958465</v></c><c r="B1" s="1"><v>45992.999999999</v></c></row>`, "1:[9999-12-31|2025-12-02]"},
		{"a time format over a day, durations", `<row r="1"><c r="A1" s="2"><v>45992.5</v></c><c r="B1" s="2"><v>0</v></c><c r="C1" s="4"><v>1.5</v></c><c r="D1" s="4"><v>5</v></c><c r="E1" s="1"><v>45992.000005787037</v></c></row>`, "1:[2025-12-01T12:00:00|00:00:00|36:00:00|120:00:00|2025-12-01T00:00:00.500]"},
		{"dates stored as text", `<row r="1"><c r="A1" t="d"><v>2024-01-15T00:00:00</v></c><c r="B1" t="d"><v>2024-01-15T10:00:00Z</v></c><c r="C1" t="d"><v>2024-01-15</v></c></row>`, "1:[2024-01-15|2024-01-15T10:00:00Z|2024-01-15]"},
		{"cells out of order", `<row r="1"><c r="C1"><v>3</v></c><c r="A1"><v>1</v></c><c><v>2</v></c></row>`, "1:[1|2|3]"},
		{"a cell twice: the last counts", `<row r="1"><c r="A1"><v>1</v></c><c r="A1"><v>2</v></c></row>`, "1:[2]"},
		{"rows whose numbers do not go up", `<row r="3"><c><v>1</v></c></row><row r="2"><c><v>2</v></c></row><row r="3"><c><v>3</v></c></row><row r="9223372036854775807"><c><v>4</v></c></row>`, "3:[1] 4:[2] 5:[3] 6:[4]"},
		{"line ends", "<row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>a\r\nb\rc&#13;</t></is></c></row>", "1:[a\nb\nc\r]"},
		{"an escape that is escaped", `<row r="1"><c r="A1" t="inlineStr"><is><t>_x005F_x000D_ _xD800_ _xZZZZ_</t></is></c></row>`, "1:[_x000D_ _xD800_ _xZZZZ_]"},
		{"entities that are none", `<row r="1"><c r="A1" t="inlineStr"><is><t>a & b &nbsp; &#xFFFFFF; &;</t></is></c></row>`, "1:[a & b &nbsp; &#xFFFFFF; &;]"},
		{"gaps and styled cells without value", `<row r="3"><c r="C3"><v>1</v></c><c r="F3" s="1"/></row>`, "3:[||1]"},
		{"no references", `<row><c><v>1</v></c><c/><c><v>3</v></c></row><row><c><v>4</v></c></row>`, "1:[1||3] 2:[4]"},
		{"a namespace prefix", `<x:row r="2"><x:c r="B2"><x:v>1</x:v></x:c></x:row>`, "2:[|1]"},
		{"a bracket in a value", `<row r="1" a="x>y"><c r="A1" t="inlineStr"><is><t>1 > 0</t></is></c></row>`, "1:[1 > 0]"},
		{"CDATA and comments", `<row r="1"><!-- <c> --><c r="A1" t="inlineStr"><is><t><![CDATA[<b>&amp;]]>!<?p i?>&lt;</t></is></c></row>`, "1:[<b>&amp;!<]"},
	} {
		w, err := openFile(t, book(c.row))
		if err != nil {
			t.Fatal(err)
		}
		rows, err := all(w.Sheets()[0])
		if err != nil {
			t.Errorf("%s: %v", c.what, err)
			continue
		}
		var got []string
		for n := range int64(10) {
			if r, ok := rows[n]; ok {
				got = append(got, fmt.Sprintf("%d:[%s]", n, strings.Join(r, "|")))
			}
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%s: found %q, want %q", c.what, s, c.want)
		}
	}
}

func TestATruncatedWorkbookIsAnErrorAtEveryPlace(t *testing.T) {
	data := book(strings.Repeat(`<row><c t="inlineStr"><is><t>some text</t></is></c><c><v>1</v></c></row>`, 500))
	for i := range 50 {
		w, err := openFile(t, data[:len(data)*i/50])
		for err == nil {
			if _, err = all(w.Sheets()[0]); err == nil {
				t.Fatalf("%d/50 of the file read as a whole one", i)
			}
		}
		if !errors.Is(err, ErrCorrupt) {
			t.Errorf("%d/50: %v", i, err)
		}
	}
}

func TestTruncatedRealWorkbookIsNamedAsSuch(t *testing.T) {
	for _, name := range realFiles(t) {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.HasPrefix(data, []byte("\xD0\xCF")) {
			continue // the wrapping of a workbook with a password
		}
		for i := range 50 {
			if _, err := openFile(t, data[:len(data)*i/50]); !errors.Is(err, ErrCorrupt) {
				t.Errorf("%s, %d/50: %v", filepath.Base(name), i, err)
			}
		}
	}
}

// A part damaged within a whole zip names itself and the place.
func TestDamagedPartIsNamed(t *testing.T) {
	data := book(strings.Repeat(`<row><c><v>1</v></c></row>`, 5000))
	at := bytes.Index(data, []byte("xl/worksheets/sheet1.xml")) + len("xl/worksheets/sheet1.xml") + 60
	for i := range 20 {
		data[at+i] ^= 0x5A
	}
	w, err := openFile(t, data)
	if err != nil {
		t.Fatal(err)
	}
	_, err = all(w.Sheets()[0])
	if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "xl/worksheets/sheet1.xml") {
		t.Errorf("found %v", err)
	}
}

// Read off the files by hand, with openpyxl.
func TestRealDatesAndMerges(t *testing.T) {
	realFiles(t)
	open := func(name string) *Workbook {
		data, err := os.ReadFile(filepath.Join(realdata, name))
		if err != nil {
			t.Fatal(err)
		}
		w, err := openFile(t, data)
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	for _, c := range []struct {
		file     string
		row, col int
		want     string
	}{
		{"torture/epoch_1904.xlsx", 2, 2, "2024-01-15"},
		{"torture/epoch_1904.xlsx", 3, 2, "2020-07-04"},
		{"world/ne_1033_data.xlsx", 2, 10, "2008-07-11"},
		{"cn/area_summary_formulas.xlsx", 1, 3, "2023"},
		{"cn/tw_post_offices.xlsx", 100, 3, "105919"},
	} {
		rows, err := all(open(c.file).Sheets()[0])
		if err != nil {
			t.Fatal(err)
		}
		if r := rows[int64(c.row)]; len(r) < c.col || r[c.col-1] != c.want {
			t.Errorf("%s, row %d, column %d: %q, want %q", c.file, c.row, c.col, r, c.want)
		}
	}
	for file, want := range map[string][]Range{
		"torture/multiline_merged_header.xlsx": {{1, 3, 3, 4}, {1, 1, 5, 1}, {4, 3, 5, 3}, {4, 4, 5, 4}, {1, 2, 4, 2}},
		"cn/area_summary_formulas.xlsx":        {{1, 3, 1, 4}, {1, 7, 1, 8}, {1, 5, 1, 6}, {1, 11, 1, 12}, {1, 2, 2, 2}},
	} {
		merges, err := open(file).Sheets()[0].Merges()
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range want {
			if !slices.Contains(merges, m) {
				t.Errorf("%s: %v is not among %v", file, m, merges)
			}
		}
	}
}

func TestWorkbooksOfOtherWriters(t *testing.T) {
	const sheets = `<sheet name="一" sheetId="1" r:id="a"/><sheet name="二" sheetId="2" state="hidden" r:id="b"/><sheet name="图" sheetId="3" r:id="c"/><sheet name="三" sheetId="4" state="veryHidden" r:id="d"/>`
	rel := func(id, kind, target string) string {
		return `<Relationship Id="` + id + `" Type="http://purl.oclc.org/ooxml/officeDocument/relationships/` + kind + `" Target="` + target + `"/>`
	}
	w, err := openFile(t, bookOf(map[string]string{
		"xl/workbook.xml": `<x:workbook xmlns:x="http://purl.oclc.org/ooxml/spreadsheetml/main" xmlns:r="r"><x:workbookPr date1904="true"/><x:sheets>` +
			strings.ReplaceAll(sheets, "<sheet", "<x:sheet") + `</x:sheets></x:workbook>`,
		"xl/_rels/workbook.xml.rels": `<Relationships>` + rel("a", "worksheet", "/xl/worksheets/sheet1.xml") + rel("b", "worksheet", "./worksheets/Sheet1.xml") +
			rel("c", "chartsheet", "chartsheets/sheet1.xml") + rel("d", "worksheet", "worksheets\\sheet%31.xml") + rel("e", "styles", "nowhere.xml") + `</Relationships>`,
		"xl/worksheets/sheet1.xml": `<worksheet><sheetData><row><c s="1"><v>45000</v></c></row></sheetData></worksheet>`,
	}))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range w.Sheets() {
		rows, err := all(s)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%s %t %s", s.Name, s.Hidden, rows[1]))
	}
	// Without styles nothing is a date.
	if want := []string{"一 false [45000]", "二 true [45000]", "三 true [45000]"}; !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
}

func TestHostilePartsAreRefused(t *testing.T) {
	for what, sheet := range map[string]string{
		"a document type":                   `<!DOCTYPE x [<!ENTITY a "b">]><worksheet><sheetData/></worksheet>`,
		"no end":                            `<worksheet><sheetData><row r="1"><c r="A1"><v>1</v></c></row>`,
		"an open cell":                      `<worksheet><sheetData><row><c><v>1</v></row></sheetData></worksheet>`,
		"no sheetData":                      `<worksheet></worksheet>`,
		"a column too far":                  `<worksheet><sheetData><row><c r="XFE1"><v>1</v></c></row></sheetData></worksheet>`,
		"a shared string that is not there": `<worksheet><sheetData><row><c t="s"><v>99</v></c></row></sheetData></worksheet>`,
		"text that is not UTF-8":            "<worksheet><sheetData><row><c t=\"str\"><v>a\xFF</v></c></row></sheetData></worksheet>",
		"another encoding":                  `<?xml version="1.0" encoding="gb2312"?><worksheet><sheetData/></worksheet>`,
		"a comment without end":             `<worksheet><sheetData><!-- `,
		"columns without end":               `<worksheet><sheetData><row>` + strings.Repeat(`<c><v>1</v></c>`, 20000) + `</row></sheetData></worksheet>`,
	} {
		w, err := openFile(t, bookOf(map[string]string{"xl/worksheets/sheet1.xml": sheet}))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := all(w.Sheets()[0]); !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrLimit) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestBombsAreRefused(t *testing.T) {
	bomb := bookOf(map[string]string{"xl/worksheets/sheet1.xml": `<worksheet><sheetData>` + strings.Repeat("<row/>", 16<<20) + `</sheetData></worksheet>`})
	w, err := openFile(t, bomb)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := all(w.Sheets()[0]); !errors.Is(err, ErrBomb) {
		t.Errorf("a part that expands too far: %v", err)
	}
	if _, err := Open(bytes.NewReader(bomb), int64(len(bomb)), Options{MaxBytes: 64 << 20}); !errors.Is(err, ErrBomb) {
		t.Errorf("a workbook larger than it may be: %v", err)
	}
	cell := book(`<row><c t="inlineStr"><is><t>` + strings.Repeat("a", 1<<20) + `</t></is></c></row>`)
	w, err = Open(bytes.NewReader(cell), int64(len(cell)), Options{MaxCell: 1 << 16})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := all(w.Sheets()[0]); !errors.Is(err, ErrLimit) {
		t.Errorf("a cell larger than it may be: %v", err)
	}
}

// A small file that names one long text in many cells takes no more memory
// than the text.
func TestSharedStringsAreNotCopied(t *testing.T) {
	data := bookOf(map[string]string{
		"xl/sharedStrings.xml":     `<sst><si><t>` + strings.Repeat("a", 1<<20) + `</t></si></sst>`,
		"xl/worksheets/sheet1.xml": `<worksheet><sheetData><row>` + strings.Repeat(`<c t="s"><v>0</v></c>`, maxColumns) + `</row></sheetData></worksheet>`,
	})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	w, err := openFile(t, data)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := w.Sheets()[0].Rows()
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	_, cells, err := rows.Next()
	if runtime.ReadMemStats(&after); err != nil || len(cells) != maxColumns || len(cells[maxColumns-1]) != 1<<20 {
		t.Fatalf("%d cells, %v", len(cells), err)
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 64<<20 {
		t.Errorf("%d bytes allocated", grown)
	}
}

// big is a workbook of rows x 12 cells, by excelize.
func big(t testing.TB, rows int) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	s, err := f.NewStreamWriter("Sheet1")
	if err != nil {
		t.Fatal(err)
	}
	for i := range rows {
		row := make([]any, 12)
		for j := range row {
			switch j % 3 {
			case 0:
				row[j] = fmt.Sprintf("兰州市城关区第%d号", i*12+j)
			case 1:
				row[j] = float64(i) * 1.25
			case 2:
				row[j] = i + j
			}
		}
		if err := s.SetRow("A"+strconv.Itoa(i+1), row); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// streamed is a workbook of rows x 12 cells, in the XML that excelize's
// StreamWriter gives, written in a tenth of its time.
func streamed(t testing.TB, rows int) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	part := func(name string) io.Writer {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	io.WriteString(part("xl/workbook.xml"), `<workbook xmlns:r="r"><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>`)
	io.WriteString(part("xl/_rels/workbook.xml.rels"), `<Relationships><Relationship Id="rId1" Type="http://x/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`)
	w := bufio.NewWriter(part("xl/worksheets/sheet1.xml"))
	w.WriteString(`<worksheet><sheetData>`)
	for i := 1; i <= rows; i++ {
		fmt.Fprintf(w, `<row r="%d">`, i)
		for j := range 12 {
			if j%3 == 0 {
				fmt.Fprintf(w, `<c r="%c%d" t="inlineStr"><is><t>兰州市城关区第%d号</t></is></c>`, 'A'+j, i, i*7919%100003)
			} else {
				fmt.Fprintf(w, `<c r="%c%d"><v>%d.25</v></c>`, 'A'+j, i, i*j)
			}
		}
		w.WriteString(`</row>`)
	}
	w.WriteString(`</sheetData></worksheet>`)
	if err := errors.Join(w.Flush(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestMemoryDoesNotGrowWithRows(t *testing.T) {
	const n = 300_000
	data := streamed(t, n)
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
	if read != n {
		t.Errorf("%d rows", read)
	}
	if grown := int64(peak) - int64(before); grown > 32<<20 {
		t.Errorf("%d bytes more on the heap", grown)
	} else {
		t.Logf("%d rows, %d KiB more on the heap at the peak", read, grown>>10)
	}
}

func FuzzSheet(f *testing.F) {
	f.Add([]byte(`<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c><c r="C1" s="1"><v>45000.5</v></c></row>`))
	f.Add([]byte(`<row><c t="s"><v>0</v></c><![CDATA[x]]><!-- y --></row>`))
	f.Add([]byte(`<row r="2"><c r="B2" s="3"><f>A1>2</f><v>1E-3</v></c><c r="A2" t="d"><v>2024-01-15T00:00</v></c></row></sheetData><mergeCell ref="A1:$B$2"/>`))
	f.Fuzz(func(t *testing.T, rows []byte) {
		w, err := openFile(t, book(string(rows)))
		if err != nil {
			t.Fatal(err)
		}
		all(w.Sheets()[0])
		w.Sheets()[0].Merges()
	})
}

func FuzzOpen(f *testing.F) {
	f.Add(book(`<row r="1"><c r="A1"><v>1</v></c></row>`))
	f.Add([]byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"))
	f.Fuzz(func(t *testing.T, data []byte) {
		w, err := openFile(t, data)
		if err != nil {
			return
		}
		for _, s := range w.Sheets() {
			all(s)
		}
	})
}

// BenchmarkRows reads a workbook with the target's yardstick in the same run.
func BenchmarkRows(b *testing.B) {
	n := 200_000
	if s := os.Getenv("GOVDATA_BENCH_ROWS"); s != "" {
		n, _ = strconv.Atoi(s)
		n = min(n, 1_048_575)
	}
	data := big(b, n)
	var ours, theirs float64 // rows a second
	b.Run("ours", func(b *testing.B) {
		for range b.N {
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
		ours = float64(b.N) * float64(n) / b.Elapsed().Seconds()
		b.ReportMetric(ours, "rows/s")
	})
	b.Run("excelize", func(b *testing.B) {
		for range b.N {
			f, err := excelize.OpenReader(bytes.NewReader(data))
			if err != nil {
				b.Fatal(err)
			}
			rows, err := f.Rows("Sheet1")
			if err != nil {
				b.Fatal(err)
			}
			for rows.Next() {
				if _, err := rows.Columns(); err != nil {
					b.Fatal(err)
				}
			}
			f.Close()
		}
		theirs = float64(b.N) * float64(n) / b.Elapsed().Seconds()
		b.ReportMetric(theirs, "rows/s")
		b.ReportMetric(ours/theirs, "ours/excelize")
	})
}
