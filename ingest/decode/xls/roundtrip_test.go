package xls

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"govdata/ingest/decode/xlsx"
)

// soffice converts files by LibreOffice and returns what it made of them.
func soffice(t *testing.T, format string, names []string, options ...string) [][]byte {
	t.Helper()
	program, err := exec.LookPath("soffice")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("LibreOffice is not here: %v", err)
		}
		t.Skipf("SKIPPED: LibreOffice is not here: %v", err)
	}
	dir := t.TempDir()
	cmd := exec.Command(program, "-env:UserInstallation=file://"+filepath.Join(dir, "profile"), "--headless", "--convert-to", format, "--outdir", dir)
	cmd.Args = append(append(cmd.Args, options...), names...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("soffice: %v: %s", err, out)
	}
	var made [][]byte
	for _, name := range names {
		data, err := os.ReadFile(filepath.Join(dir, strings.TrimSuffix(filepath.Base(name), filepath.Ext(name))+"."+format))
		if err != nil {
			t.Fatal(err)
		}
		made = append(made, data)
	}
	return made
}

func realdata(t *testing.T, names ...string) []string {
	t.Helper()
	dir := filepath.Join("..", "..", "..", "..", "shared", "realdata")
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("GOVDATA_TEST_SHARED") == "required" {
			t.Fatalf("the real files are not here: %v", err)
		}
		t.Skipf("SKIPPED: the real files are not here: %v", err)
	}
	var paths []string
	for _, n := range names {
		paths = append(paths, filepath.Join(dir, filepath.FromSlash(n)))
	}
	return paths
}

// wantSame compares a workbook with the same one as .xlsx: the sheets, and the
// rows that hold a value.
func wantSame(t *testing.T, name string, legacy, modern []byte) {
	t.Helper()
	ours, err := openFile(t, legacy)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	theirs, err := xlsx.Open(bytes.NewReader(modern), int64(len(modern)), xlsx.Options{})
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	if len(ours.Sheets()) != len(theirs.Sheets()) {
		t.Errorf("%s: %d sheets, want %d", name, len(ours.Sheets()), len(theirs.Sheets()))
		return
	}
	for i, s := range ours.Sheets() {
		x := theirs.Sheets()[i]
		if s.Name != x.Name || s.Hidden != x.Hidden {
			t.Errorf("%s: sheet %q, hidden %t, want %q, %t", name, s.Name, s.Hidden, x.Name, x.Hidden)
		}
		got, want := valuesOf(t, s), xlsxValuesOf(t, x)
		for j := range max(len(got), len(want)) {
			if j >= len(got) || j >= len(want) || got[j] != want[j] {
				t.Errorf("%s, sheet %q: %d rows, want %d; the first that differ are %.300q, want %.300q", name, s.Name, len(got), len(want), append(got, "none")[j], append(want, "none")[j])
				break
			}
		}
		merges, err := s.Merges()
		xmerges, xerr := x.Merges()
		if err != nil || xerr != nil || len(merges) != len(xmerges) {
			t.Errorf("%s, sheet %q: merged %v, %v, want %v, %v", name, s.Name, merges, err, xmerges, xerr)
			continue
		}
		for _, m := range xmerges {
			if !slices.Contains(merges, Range(m)) {
				t.Errorf("%s, sheet %q: merged %v, want %v among them", name, s.Name, merges, m)
			}
		}
		t.Logf("%s, sheet %q: %d rows", name, s.Name, len(got))
	}
}

func valuesOf(t *testing.T, s *Sheet) []string {
	t.Helper()
	rows, err := all(s)
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	for _, r := range rows {
		if len(r.cells) > 0 {
			values = append(values, show([]numbered{r}))
		}
	}
	return values
}

func xlsxValuesOf(t *testing.T, s *xlsx.Sheet) []string {
	t.Helper()
	rows, err := s.Rows()
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var values []string
	for {
		n, cells, err := rows.Next()
		if errors.Is(err, io.EOF) {
			return values
		} else if err != nil {
			t.Fatal(err)
		}
		if len(cells) > 0 {
			row := numbered{number: n}
			for _, c := range cells { // a number of a .xlsx may be written 1.0
				row.cells = append(row.cells, strings.TrimSuffix(string(c), ".0"))
			}
			values = append(values, show([]numbered{row}))
		}
	}
}

// What LibreOffice makes of the real workbooks reads as they do.
func TestRealWorkbooksReadTheSameAsXLS(t *testing.T) {
	names := realdata(t, "cn/tw_post_offices.xlsx", "cn/area_summary_formulas.xlsx", "world/ne_1033_data.xlsx", "torture/multiline_merged_header.xlsx", "torture/epoch_1904.xlsx")
	for i, legacy := range soffice(t, "xls", names) {
		modern, err := os.ReadFile(names[i])
		if err != nil {
			t.Fatal(err)
		}
		wantSame(t, filepath.Base(names[i]), legacy, modern)
	}
}

// The others are not the same in LibreOffice: it makes a sheet of a chart, and
// works formulas out anew.
func TestRealLegacyWorkbooksReadTheSameAsXLSX(t *testing.T) {
	names := realdata(t, "cn/fiscal_expenditure_by_province.xls", "torture/biff5.xls", "torture/merged_cells.xls")
	for i, modern := range soffice(t, "xlsx", names) {
		legacy, err := os.ReadFile(names[i])
		if err != nil {
			t.Fatal(err)
		}
		wantSame(t, filepath.Base(names[i]), legacy, modern)
	}
}

// awkward is a workbook of values that are easy to get wrong.
func awkward(t *testing.T, date1904 bool) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	var errs []error
	set := func(sheet, cell string, v any) { errs = append(errs, f.SetCellValue(sheet, cell, v)) }
	errs = append(errs, f.SetSheetName("Sheet1", "许可 & 处罚"), f.SetWorkbookProps(&excelize.WorkbookPropsOptions{Date1904: &date1904}))
	const one = "许可 & 处罚"
	style := func(s excelize.Style) int {
		id, err := f.NewStyle(&s)
		errs = append(errs, err)
		return id
	}
	chinese, hours := `yyyy"年"m"月"d"日"`, "[h]:mm"
	styles := []int{style(excelize.Style{NumFmt: 14}), style(excelize.Style{CustomNumFmt: &chinese}), style(excelize.Style{NumFmt: 21}), style(excelize.Style{CustomNumFmt: &hours}), style(excelize.Style{NumFmt: 10}), style(excelize.Style{NumFmt: 49})}
	for i, v := range []float64{45992, 45992.5, 0.75, 1.5, 0.125, 620102} {
		cell := fmt.Sprintf("%c1", 'A'+i)
		set(one, cell, v)
		errs = append(errs, f.SetCellStyle(one, cell, cell, styles[i]))
	}
	for i, v := range []any{"001", " lead and trail ", "line1\nline2", `"quoted"`, "a,b;c\td", "\U0001F600表情", "é", strings.Repeat("长", 9000), 0.1 + 0.2, 1e-7, 123456789012345, -1.5, true, false, 1e15, 0, "0.30"} {
		set(one, fmt.Sprintf("A%d", i+2), v)
	}
	for i, formula := range []string{"1+1", `"合"&"计"`, "1/0", "NA()", "1=1", `REPT("长",20000)`} {
		errs = append(errs, f.SetCellFormula(one, fmt.Sprintf("C%d", i+2), "="+formula))
	}
	errs = append(errs, f.MergeCell(one, "A30", "C31"), f.MergeCell(one, "E30", "E35"))
	set(one, "A30", "合并")
	set(one, "IV40", "最后一列")
	// Shared strings of many times 8,224 bytes: Chinese, Latin, and both.
	_, err := f.NewSheet("Strings")
	errs = append(errs, err)
	for i := range 3000 {
		set("Strings", fmt.Sprintf("A%d", i+1), fmt.Sprintf("兰州市城关区第%d号%s", i, strings.Repeat("甲", i%97)))
		set("Strings", fmt.Sprintf("B%d", i+1), fmt.Sprintf("Lanzhou %d %s", i, strings.Repeat("é", i%89)))
		set("Strings", fmt.Sprintf("C%d", i+1), fmt.Sprintf("x%d", i%7))
	}
	for _, name := range []string{"Hidden", "VeryHidden"} {
		_, err := f.NewSheet(name)
		errs = append(errs, err)
		set(name, "B2", name)
	}
	errs = append(errs, f.SetSheetVisible("Hidden", false), f.SetSheetVisible("VeryHidden", false, true))
	var b bytes.Buffer
	if err := errors.Join(append(errs, f.Write(&b))...); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestAwkwardWorkbooksReadTheSameInBothFormats(t *testing.T) {
	dir := t.TempDir()
	var names []string
	for name, date1904 := range map[string]bool{"1900.xlsx": false, "1904.xlsx": true} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, awkward(t, date1904), 0o600); err != nil {
			t.Fatal(err)
		}
		names = append(names, path)
	}
	legacy := soffice(t, "xls", names)
	modern := soffice(t, "xlsx", names) // formulas worked out
	for i, name := range names {
		wantSame(t, filepath.Base(name), legacy[i], modern[i])
		b, err := openFile(t, legacy[i])
		if err != nil {
			t.Fatal(err)
		}
		rows, err := all(b.Sheets()[0])
		if err != nil {
			t.Fatal(err)
		}
		first := "[2025-12-01 2025-12-01T12:00:00 18:00:00 36:00:00 12.5% 620102]"
		if name := filepath.Base(name); name == "1904.xlsx" {
			first = "[2029-12-02 2029-12-02T12:00:00 18:00:00 36:00:00 12.5% 620102]"
		}
		if got := fmt.Sprint(rows[0].cells); got != first {
			t.Errorf("%s: the first row is %s, want %s", name, got, first)
		}
		for j, want := range []string{"2", "合计", "", "", "TRUE", strings.Repeat("长", 20000)} {
			got := ""
			if cells := rows[j+1].cells; len(cells) > 2 {
				got = cells[2]
			}
			if got != want {
				t.Errorf("%s: formula %d gives %.20q, want %.20q", name, j, got, want)
			}
		}
		if s := b.Sheets(); !s[2].Hidden || !s[3].Hidden || s[1].Hidden {
			t.Errorf("%s: hidden %t %t %t", name, s[1].Hidden, s[2].Hidden, s[3].Hidden)
		}
	}
}

func TestAWorkbookWithAllRowsOfTheFormat(t *testing.T) {
	if testing.Short() {
		t.Skip("65,536 rows through LibreOffice")
	}
	var b bytes.Buffer
	var want []string
	for i := range maxRows {
		date := time.Date(2000, 1, 1+i%9000, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
		fmt.Fprintf(&b, "兰州市第%d号,%d.25,%s,x\n", i, i, date)
		want = append(want, fmt.Sprintf("%d:[兰州市第%d号|%d.25|%s|x]", i+1, i, i, date))
	}
	name := filepath.Join(t.TempDir(), "all.csv")
	if err := os.WriteFile(name, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	book, err := openFile(t, soffice(t, "xls", []string{name}, "--infilter=CSV:44,34,76,1")[0])
	if err != nil {
		t.Fatal(err)
	}
	if got := valuesOf(t, book.Sheets()[0]); !slices.Equal(got, want) {
		t.Errorf("%d rows, the last %s", len(got), got[len(got)-1])
	}
}
