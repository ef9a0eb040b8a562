package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/klauspost/compress/zstd"
	"github.com/xuri/excelize/v2"

	"govdata/catalog"
	"govdata/export"
)

const missing = "\x00missing"

// table is a file as rows of texts, missing values marked.
type table [][]string

// The downloads of a release hold the same cells, read back by readers that
// are not ours.
func TestAllFormatsHoldTheSameCells(t *testing.T) {
	s := demo(t)
	for _, id := range []string{"admin_penalties", "admin_permits", "fee_catalog", "budgets", "regions", "working_days"} {
		t.Run(id, func(t *testing.T) {
			var meta struct {
				Fields []struct {
					Name string
					Type catalog.Type
				}
				Release struct{ Rows int }
			}
			body, _ := s.get(t, 200, "/api/v1/datasets/"+id)
			if err := json.Unmarshal(body, &meta); err != nil {
				t.Fatal(err)
			}
			var types []catalog.Type
			for _, f := range meta.Fields {
				types = append(types, f.Type)
			}
			get := func(ext string) []byte { b, _ := s.get(t, 200, "/d/"+id+"."+ext); return b }
			want := readParquet(t, get("parquet"))
			if len(want) != meta.Release.Rows || len(want) == 0 || len(want[0]) != len(types) {
				t.Fatalf("parquet: %d rows, want %d", len(want), meta.Release.Rows)
			}
			same(t, "csv", readCSV(t, get("csv")), want)
			same(t, "csv.gz", readCSV(t, gunzip(t, get("csv.gz"))), want)
			same(t, "csv.zst", readCSV(t, unzstd(t, get("csv.zst"))), want)
			same(t, "jsonl", readJSONL(t, get("jsonl"), names(meta.Fields)), want)
			same(t, "jsonl.gz", readJSONL(t, gunzip(t, get("jsonl.gz")), names(meta.Fields)), want)
			same(t, "arrow", readArrow(t, get("arrow")), want)
			workbook := get("xlsx")
			same(t, "xlsx by excelize", readXLSX(t, workbook, types), want)
			t.Run("LibreOffice", func(t *testing.T) {
				same(t, "xlsx by LibreOffice", throughLibreOffice(t, workbook, types), shown(want, types))
			})
		})
	}
}

func names(fields []struct {
	Name string
	Type catalog.Type
}) (n []string) {
	for _, f := range fields {
		n = append(n, f.Name)
	}
	return n
}

func same(t *testing.T, what string, got, want table) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d rows, want %d", what, len(got), len(want))
		return
	}
	for i := range want {
		for j := range want[i] {
			if got[i][j] != want[i][j] {
				t.Errorf("%s: row %d, column %d: found %q, want %q", what, i+1, j+1, got[i][j], want[i][j])
				return
			}
		}
	}
}

// shown is a table as LibreOffice writes cell values: nothing for what is
// missing, and numbers without the zeros that their format adds.
func shown(t table, types []catalog.Type) table {
	out := make(table, len(t))
	for i, row := range t {
		for j, c := range row {
			if c == missing {
				c = ""
			}
			if _, _, ok := types[j].Decimal(); ok && strings.Contains(c, ".") {
				c = strings.TrimRight(strings.TrimRight(c, "0"), ".")
			}
			out[i] = append(out[i], c)
		}
	}
	return out
}

func readCSV(t *testing.T, data []byte) (rows table) {
	t.Helper()
	// encoding/csv does not tell "" from nothing; quotes do, so they are kept
	// by marking the quoted empty texts first.
	const empty = "\x01empty"
	marked := bytes.ReplaceAll(bytes.ReplaceAll(data, []byte(`,"",`), []byte(`,`+empty+`,`)), []byte(`,"",`), []byte(`,`+empty+`,`))
	r := csv.NewReader(bytes.NewReader(marked))
	all, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range all[1:] {
		for j, c := range row {
			switch c {
			case "":
				row[j] = missing
			case empty:
				row[j] = ""
			}
		}
		rows = append(rows, row)
	}
	return rows
}

func gunzip(t *testing.T, data []byte) []byte {
	t.Helper()
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func unzstd(t *testing.T, data []byte) []byte {
	t.Helper()
	r, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	out, err := r.DecodeAll(data, nil)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func readJSONL(t *testing.T, data []byte, fields []string) (rows table) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	for d.More() {
		var object map[string]any
		if err := d.Decode(&object); err != nil {
			t.Fatal(err)
		}
		row := make([]string, len(fields))
		for i, f := range fields {
			v, ok := object[f]
			if !ok {
				t.Fatalf("no %s in a row", f)
			}
			row[i] = fmt.Sprint(v)
			if v == nil {
				row[i] = missing
			}
		}
		rows = append(rows, row)
	}
	return rows
}

func readRecords(t *testing.T, r array.RecordReader) (rows table) {
	t.Helper()
	for r.Next() {
		batch := r.RecordBatch()
		cells := export.Texts(batch)
		for i := range int(batch.NumRows()) {
			row := make([]string, batch.NumCols())
			for j := range row {
				v, null := cells(i, j)
				if row[j] = v; null {
					row[j] = missing
				}
			}
			rows = append(rows, row)
		}
	}
	if err := r.Err(); err != nil && err != io.EOF {
		t.Fatal(err)
	}
	return rows
}

func readArrow(t *testing.T, data []byte) table {
	t.Helper()
	r, err := ipc.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Release()
	return readRecords(t, r)
}

func readParquet(t *testing.T, data []byte) table {
	t.Helper()
	f, err := file.NewParquetReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p, err := pqarrow.NewFileReader(f, pqarrow.ArrowReadProperties{BatchSize: 1024}, memory.DefaultAllocator)
	if err != nil {
		t.Fatal(err)
	}
	r, err := p.GetRecordReader(context.Background(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Release()
	return readRecords(t, r)
}

func readXLSX(t *testing.T, data []byte, types []catalog.Type) (rows table) {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	sheets := f.GetSheetList()
	if len(sheets) != 3 {
		t.Fatalf("sheets %q, want data, dictionary and provenance", sheets)
	}
	all, err := f.GetRows(sheets[0], excelize.Options{RawCellValue: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, raw := range all[1:] {
		row := make([]string, len(types))
		for j := range row {
			row[j] = missing
			if j >= len(raw) || raw[j] == "" {
				continue
			}
			row[j] = raw[j]
			switch types[j] {
			case catalog.TypeDate:
				if serial, err := strconv.Atoi(raw[j]); err == nil {
					row[j] = time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC).AddDate(0, 0, serial).Format(time.DateOnly)
				}
			case catalog.TypeBoolean:
				row[j] = map[string]string{"1": "true", "0": "false", "TRUE": "true", "FALSE": "false"}[raw[j]]
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// throughLibreOffice has LibreOffice open the workbook and write its first
// sheet as CSV.
func throughLibreOffice(t *testing.T, data []byte, types []catalog.Type) (rows table) {
	t.Helper()
	soffice, err := exec.LookPath("soffice")
	optional(t, "LibreOffice", err == nil)
	dir := t.TempDir()
	in := filepath.Join(dir, "book.xlsx")
	if err := os.WriteFile(in, data, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, soffice, "-env:UserInstallation=file://"+dir+"/profile", "--headless", "--convert-to",
		"csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,1", "--outdir", dir, in)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	made, _ := filepath.Glob(filepath.Join(dir, "book*.csv"))
	if len(made) != 1 {
		t.Fatalf("LibreOffice wrote %v", made)
	}
	text, err := os.ReadFile(made[0])
	if err != nil {
		t.Fatal(err)
	}
	all, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range all[1:] {
		for j := range row {
			if types[j] == catalog.TypeBoolean {
				row[j] = strings.ToLower(row[j])
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// pandas reads the three formats of the release to the same frames.
func TestPandasReadsTheDownloads(t *testing.T) {
	python := os.Getenv("GOVDATA_TEST_PYTHON")
	optional(t, "GOVDATA_TEST_PYTHON, a Python with pandas, pyarrow and openpyxl,", python != "")
	s := demo(t)
	script := `
import sys, pandas as pd
base = sys.argv[1]
for name in ["admin_penalties", "admin_permits", "fee_catalog", "budgets", "regions", "working_days"]:
    csv = pd.read_csv(f"{base}/d/{name}.csv", dtype=str)
    parquet = pd.read_parquet(f"{base}/d/{name}.parquet").astype("string")
    xlsx = pd.read_excel(f"{base}/d/{name}.xlsx", dtype=str)
    assert csv.shape == parquet.shape == xlsx.shape, (name, csv.shape, parquet.shape, xlsx.shape)
    assert list(csv.columns) == list(parquet.columns)
    for c in csv.columns:
        a, b = csv[c].fillna(""), parquet[c].fillna("")
        if set(a.unique()) <= {"true", "false", ""}:
            a = a.str.lower(); b = b.str.lower()
        assert list(a) == list(b), (name, c)
print("ok")
`
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, python, "-c", script, s.url)
	c.Env = append(os.Environ(), "NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1")
	out, err := c.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "ok") {
		t.Errorf("%v\n%s", err, out)
	}
}
