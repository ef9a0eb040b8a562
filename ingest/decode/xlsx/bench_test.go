package xlsx_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"govdata/ingest/decode/xlsx"
)

// writeWorkbook writes a sheet of rows x 12: text, codes, a date, numbers.
func writeWorkbook(tb testing.TB, rows int) string {
	tb.Helper()
	f := excelize.NewFile()
	defer f.Close()
	day, err := f.NewStyle(&excelize.Style{NumFmt: 14})
	if err != nil {
		tb.Fatal(err)
	}
	w, err := f.NewStreamWriter("Sheet1")
	if err != nil {
		tb.Fatal(err)
	}
	for i := range rows {
		n := strconv.Itoa(i)
		row := []any{
			"甘市监罚〔2024〕" + n + "号", "兰州市某某商贸有限公司" + n, "91620102MA" + n, "620102", "警告、罚款",
			excelize.Cell{StyleID: day, Value: 45292 + i%366}, float64(i) * 1.25, i, "兰州市市场监督管理局", "11620100MB" + n, i%2 == 0, "",
		}
		if err := w.SetRow("A"+strconv.Itoa(i+1), row); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		tb.Fatal(err)
	}
	path := filepath.Join(tb.TempDir(), "rows.xlsx")
	if err := f.SaveAs(path); err != nil {
		tb.Fatal(err)
	}
	return path
}

// BenchmarkRows reads one file with this package and with excelize and prints
// the ratio (TARGETS: at least 5).
func BenchmarkRows(b *testing.B) {
	const rows = 100_000
	path := writeWorkbook(b, rows)
	var theirs, ours float64 // rows per second
	b.Run("excelize", func(b *testing.B) {
		start := time.Now()
		for b.Loop() {
			excelizeRows(b, path, rows)
		}
		theirs = float64(rows*b.N) / time.Since(start).Seconds()
		b.ReportMetric(theirs, "rows/s")
	})
	b.Run("xlsx", func(b *testing.B) {
		start := time.Now()
		for b.Loop() {
			countRows(b, path, rows)
		}
		ours = float64(rows*b.N) / time.Since(start).Seconds()
		b.ReportMetric(ours, "rows/s")
		b.ReportMetric(ours/theirs, "x-excelize")
	})
}

func excelizeRows(tb testing.TB, path string, want int) {
	f, err := excelize.OpenFile(path, excelize.Options{RawCellValue: true})
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	rows, err := f.Rows("Sheet1")
	if err != nil {
		tb.Fatal(err)
	}
	defer rows.Close()
	n := 0
	for ; rows.Next(); n++ {
		if _, err := rows.Columns(); err != nil {
			tb.Fatal(err)
		}
	}
	if n != want {
		tb.Fatalf("excelize read %d rows of %d", n, want)
	}
}

func countRows(tb testing.TB, path string, want int) {
	file, err := os.Open(path)
	if err != nil {
		tb.Fatal(err)
	}
	defer file.Close()
	stat, err := file.Stat()
	if err != nil {
		tb.Fatal(err)
	}
	w, err := xlsx.Open(file, stat.Size(), xlsx.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	rows, err := w.Sheets()[0].Rows()
	if err != nil {
		tb.Fatal(err)
	}
	defer rows.Close()
	n := 0
	for {
		_, _, err := rows.Next()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			tb.Fatal(err)
		}
		n++
	}
	if n != want {
		tb.Fatalf("read %d rows of %d", n, want)
	}
}
