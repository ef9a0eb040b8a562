package xlsx

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
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
				if !errors.Is(err, ErrCorrupt) {
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
		{"shared text", `<row r="1"><c r="A1" t="s"><v>1</v></c><c r="B1" t="s"><v>99</v></c></row>`, "1:[共享]"},
		{"a number without noise", `<row r="1"><c r="A1"><v>4.0000000000000002E-2</v></c><c r="B1"><v>0.1</v></c><c r="C1"><v>1.2E+18</v></c><c r="D1"><v>12345678901234567</v></c></row>`, "1:[0.04|0.1|1200000000000000000|12345678901234567]"},
		{"a formula by its value", `<row r="1"><c r="A1"><f>1+1</f><v>2</v></c><c r="B1" t="str"><f>"x"</f><v>x</v></c></row>`, "1:[2|x]"},
		{"truth and error", `<row r="1"><c r="A1" t="b"><v>1</v></c><c r="B1" t="e"><v>#DIV/0!</v></c></row>`, "1:[TRUE|#DIV/0!]"},
		{"dates and times", `<row r="1"><c r="A1" s="1"><v>45992</v></c><c r="B1" s="1"><v>45992.5</v></c><c r="C1" s="2"><v>0.75</v></c><c r="D1" s="3"><v>45992</v></c><c r="E1" s="1"><v>59</v></c></row>`, "1:[2025-12-01|2025-12-01T12:00:00|18:00:00|2025-12-01|1900-02-28]"},
		{"gaps and styled cells without value", `<row r="3"><c r="C3"><v>1</v></c><c r="F3" s="1"/></row>`, "3:[||1]"},
		{"no references", `<row><c><v>1</v></c><c/><c><v>3</v></c></row><row><c><v>4</v></c></row>`, "1:[1||3] 2:[4]"},
		{"a namespace prefix", `<x:row r="2"><x:c r="B2"><x:v>1</x:v></x:c></x:row>`, "2:[|1]"},
		{"a bracket in a value", `<row r="1" a="x>y"><c r="A1" t="inlineStr"><is><t>1 > 0</t></is></c></row>`, "1:[1 > 0]"},
		{"CDATA and comments", `<row r="1"><!-- <c> --><c r="A1" t="inlineStr"><is><t><![CDATA[<b>]]>!</t></is></c></row>`, "1:[<b>!]"},
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

func TestHostilePartsAreRefused(t *testing.T) {
	for what, sheet := range map[string]string{
		"a document type":     `<!DOCTYPE x [<!ENTITY a "b">]><worksheet><sheetData/></worksheet>`,
		"no end":              `<worksheet><sheetData><row r="1"><c r="A1"><v>1</v></c></row>`,
		"an open cell":        `<worksheet><sheetData><row><c><v>1</v></row></sheetData></worksheet>`,
		"no sheetData":        `<worksheet></worksheet>`,
		"columns without end": `<worksheet><sheetData><row>` + strings.Repeat(`<c><v>1</v></c>`, 20000) + `</row></sheetData></worksheet>`,
	} {
		w, err := openFile(t, bookOf(map[string]string{"xl/worksheets/sheet1.xml": sheet}))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := all(w.Sheets()[0]); !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrLimit) {
			t.Errorf("%s: %v", what, err)
		}
	}
	bomb := bookOf(map[string]string{"xl/worksheets/sheet1.xml": `<worksheet><sheetData>` + strings.Repeat("<row/>", 16<<20) + `</sheetData></worksheet>`})
	w, err := openFile(t, bomb)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := all(w.Sheets()[0]); !errors.Is(err, ErrBomb) {
		t.Errorf("a bomb: %v", err)
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

func TestMemoryDoesNotGrowWithRows(t *testing.T) {
	data := big(t, 100_000)
	w, err := openFile(t, data)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := w.Sheets()[0].Rows()
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	n := 0
	for {
		_, _, err := rows.Next()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		n++
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); n != 100_000 || grown > 8<<20 {
		t.Errorf("%d rows, and %d bytes more on the heap", n, grown)
	}
}

func FuzzSheet(f *testing.F) {
	f.Add([]byte(`<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c><c r="C1" s="1"><v>45000.5</v></c></row>`))
	f.Add([]byte(`<row><c t="s"><v>0</v></c><![CDATA[x]]><!-- y --></row>`))
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
		b.ReportMetric(float64(b.N)*float64(n)/b.Elapsed().Seconds(), "rows/s")
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
		b.ReportMetric(float64(b.N)*float64(n)/b.Elapsed().Seconds(), "rows/s")
	})
}
