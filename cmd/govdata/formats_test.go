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
	var list struct{ Datasets []struct{ ID string } }
	body, _ := s.get(t, 200, "/d/catalog.json")
	if err := json.Unmarshal(body, &list); err != nil {
		t.Fatal(err)
	}
	if len(list.Datasets) < 50 {
		t.Fatalf("%d datasets", len(list.Datasets))
	}
	workbooks, tables, typesOf := map[string][]byte{}, map[string]table{}, map[string][]catalog.Type{}
	for _, d := range list.Datasets {
		id := d.ID
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
			if len(want) != meta.Release.Rows || len(want) > 0 && len(want[0]) != len(types) {
				t.Fatalf("parquet: %d rows, want %d", len(want), meta.Release.Rows)
			}
			same(t, "csv", readCSV(t, get("csv")), want)
			same(t, "csv.gz", readCSV(t, gunzip(t, get("csv.gz"))), want)
			same(t, "csv.zst", readCSV(t, unzstd(t, get("csv.zst"))), want)
			same(t, "jsonl", readJSONL(t, get("jsonl"), names(meta.Fields)), want)
			same(t, "jsonl.gz", readJSONL(t, gunzip(t, get("jsonl.gz")), names(meta.Fields)), want)
			same(t, "arrow", readArrow(t, get("arrow")), want)
			workbooks[id], tables[id], typesOf[id] = get("xlsx"), want, types
			same(t, "xlsx by excelize", readXLSX(t, workbooks[id], types), want)
		})
	}
	t.Run("LibreOffice", func(t *testing.T) {
		for id, got := range throughLibreOffice(t, workbooks, typesOf) {
			same(t, id+".xlsx by LibreOffice", got, shown(tables[id], typesOf[id]))
		}
	})
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

// throughLibreOffice has LibreOffice open the workbooks and write the first
// sheet of each as CSV.
func throughLibreOffice(t *testing.T, workbooks map[string][]byte, types map[string][]catalog.Type) map[string]table {
	t.Helper()
	soffice, err := exec.LookPath("soffice")
	optional(t, "LibreOffice", err == nil)
	dir := t.TempDir()
	args := []string{"-env:UserInstallation=file://" + dir + "/profile", "--headless", "--convert-to",
		"csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,1", "--outdir", dir}
	for id, data := range workbooks {
		in := filepath.Join(dir, id+".xlsx")
		if err := os.WriteFile(in, data, 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, in)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	if out, err := exec.CommandContext(ctx, soffice, args...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	tables := map[string]table{}
	for id := range workbooks {
		made, _ := filepath.Glob(filepath.Join(dir, id+"-*.csv"))
		if len(made) != 1 {
			t.Errorf("LibreOffice wrote %v of %s.xlsx", made, id)
			continue
		}
		text, err := os.ReadFile(made[0])
		if err != nil {
			t.Fatal(err)
		}
		all, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
		if err != nil {
			t.Fatal(id, err)
		}
		tables[id] = table{}
		for _, row := range all[1:] {
			for j := range row {
				if types[id][j] == catalog.TypeBoolean {
					row[j] = strings.ToLower(row[j])
				}
			}
			tables[id] = append(tables[id], row)
		}
	}
	return tables
}

// pandas, pyarrow, openpyxl and duckdb read every file of every dataset to the
// same cells.
func TestPythonReadsEveryDownload(t *testing.T) {
	out, err := python(t, "read_everything.py", demo(t).url)
	var checked int
	if _, scanErr := fmt.Sscanf(string(out), "ok %d", &checked); err != nil || scanErr != nil || checked < 14*50 {
		t.Errorf("%d tables compared: %v %v\n%s", checked, err, scanErr, out)
	}
}
