package export

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/duckdb/duckdb-go/v2"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

	"govdata/catalog"
	"govdata/catalog/store"
)

// cells are a file read back: texts, or null.
type cells [][]*string

func (c cells) String() string {
	var b strings.Builder
	for _, row := range c {
		for _, v := range row {
			if v == nil {
				b.WriteString("null|")
			} else {
				fmt.Fprintf(&b, "%q|", *v)
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// anyRow draws values that formats get wrong.
func anyRow(r *rapid.T) row {
	var v row
	some := func(name string) bool { return rapid.IntRange(0, 4).Draw(r, name+"?") > 0 }
	if some("text") {
		v.text = ptr(rapid.OneOf(
			rapid.SampledFrom([]string{"", " ", "=1+1", "+86", "-1", "@x", "00012", "1e5", "NULL", "NaN", "true", "_x0041_", "_x000D_", "\"", "\r\n", ",", "1899-12-31", "\uFEFFbom", "𠀀😀", "a\u200bb"}),
			rapid.StringOfN(rapid.RuneFrom([]rune("a甘,\"\r\n\t\x01\x1f\x7f '=_x0;<>&é😀\u2028 ")), 0, 14, -1),
		).Draw(r, "text"))
	}
	if some("number") {
		v.number = ptr(rapid.OneOf(rapid.Int64(), rapid.SampledFrom([]int64{0, -1, 1 << 53, 1<<53 + 1, math.MaxInt64, math.MinInt64})).Draw(r, "number"))
	}
	if some("money") {
		v.money = ptr(rapid.OneOf(
			rapid.Custom(func(r *rapid.T) decimal128.Num { return decimal128.FromI64(rapid.Int64().Draw(r, "money")) }),
			rapid.SampledFrom([]decimal128.Num{*decimal("9999999999999999999999999999999999.9999"), *decimal("-9999999999999999999999999999999999.9999"), *decimal("0.0001"), *decimal("-0.1000")}),
		).Draw(r, "money"))
	}
	if some("float") {
		v.float = ptr(rapid.OneOf(rapid.Float64(), rapid.SampledFrom([]float64{math.NaN(), math.Inf(1), math.Inf(-1), 0.1, 1e21, 5e-324, math.MaxFloat64})).Draw(r, "float"))
		if *v.float == 0 {
			v.float = ptr(0.0) // of -0 only the CSV and Parquet files know
		}
	}
	if some("day") {
		v.day = ptr(rapid.OneOf(rapid.Int32Range(-700000, 2900000), rapid.SampledFrom([]int32{*days("1899-12-30"), *days("1899-12-31"), *days("1900-01-01"), *days("1900-02-28"), *days("1900-03-01"), *days("9999-12-31"), *days("0001-01-01"), 0})).Draw(r, "day"))
	}
	if some("time") {
		v.time = ptr(rapid.Int64Range(-62135596800, 253402300799).Draw(r, "time") * 1e6)
	}
	if some("flag") {
		v.flag = ptr(rapid.Bool().Draw(r, "flag"))
	}
	return v
}

// storeOf makes a release file of the rows.
func storeOf(t interface{ Fatal(...any) }, path string, batch arrow.RecordBatch) *store.File {
	connector, err := duckdb.NewConnector(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	conn, err := db.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	err = conn.Raw(func(c any) error {
		a, err := duckdb.NewArrowFromConn(c.(*duckdb.Conn))
		if err != nil {
			return err
		}
		release, err := a.RegisterView(readerOf(batch), "sent")
		if err != nil {
			return err
		}
		defer release()
		_, err = c.(*duckdb.Conn).ExecContext(context.Background(), "CREATE TABLE "+store.Table+" AS SELECT * FROM sent", nil)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	db.Close()
	f, err := store.Open(path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// Every download file of a release holds the same cells, whatever they are: by
// readers that are not ours, through the same code that publishes.
func TestDownloadsAgreeOnAnyCell(t *testing.T) {
	dataset := &catalog.Dataset{ID: "things", Title: catalog.Text{Zh: "物品", En: "Things"}}
	rapid.Check(t, func(r *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			r.Fatal(err)
		}
		batch := batchOf(rapid.SliceOfN(rapid.Custom(anyRow), 1, 8).Draw(r, "rows"))
		text := Texts(batch)
		want := make(cells, batch.NumRows())
		for i := range want {
			for j := range fields {
				if v, null := text(i, j); null {
					want[i] = append(want[i], nil)
				} else {
					want[i] = append(want[i], &v)
				}
			}
		}
		src := storeOf(r, filepath.Join(dir, catalog.StoreName), batch)
		defer src.Close()
		var formats []string
		for _, f := range catalog.Formats {
			if f.Bulk {
				formats = append(formats, f.Ext)
			}
		}
		if _, err := Render(context.Background(), src, dir, formats, Meta{Dataset: dataset, Lang: "zh", Rows: batch.NumRows()}, nil); err != nil {
			r.Fatal(err)
		}
		read := func(ext string) []byte {
			data, err := os.ReadFile(filepath.Join(dir, "things."+ext))
			if err != nil {
				r.Fatal(err)
			}
			return data
		}
		same := func(what string, got cells, want cells) {
			if got.String() != want.String() {
				r.Fatalf("%s: found\n%swant\n%s", what, got, want)
			}
		}
		same("parquet", parquetCells(r, filepath.Join(dir, "things.parquet")), want)
		same("jsonl", jsonCells(r, read("jsonl")), want)
		same("arrow", arrowCells(r, written(t, "arrow", readerOf(batch), Meta{}, Options{})), want)
		// Go's CSV reader takes \r\n in quotes for \n, and knows no missing values.
		folded := make(cells, len(want))
		for i, row := range want {
			for _, v := range row {
				if v == nil {
					v = ptr("")
				}
				folded[i] = append(folded[i], ptr(strings.ReplaceAll(*v, "\r\n", "\n")))
			}
		}
		same("csv", csvCells(r, read("csv")), folded)
		for _, pair := range [][2]string{{"csv", "csv.gz"}, {"csv", "csv.zst"}, {"jsonl", "jsonl.gz"}} {
			if !bytes.Equal(read(pair[0]), unpacked(r, pair[1], read(pair[1]))) {
				r.Fatalf("%s is not %s", pair[1], pair[0])
			}
		}
		sameInWorkbook(r, read("xlsx"), want)
	})
}

func parquetCells(t *rapid.T, path string) cells {
	f, err := file.OpenParquetFile(path, false)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := pqarrow.NewFileReader(f, pqarrow.ArrowReadProperties{BatchSize: 1024}, memory.DefaultAllocator)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := r.GetRecordReader(context.Background(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Release()
	return recordCells(t, rows)
}

func arrowCells(t *rapid.T, data []byte) cells {
	r, err := ipc.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Release()
	return recordCells(t, r)
}

func recordCells(t *rapid.T, rows array.RecordReader) (all cells) {
	for rows.Next() {
		batch := rows.RecordBatch()
		text := Texts(batch)
		for i := range int(batch.NumRows()) {
			row := make([]*string, batch.NumCols())
			for j := range row {
				if v, null := text(i, j); !null {
					row[j] = &v
				}
			}
			all = append(all, row)
		}
	}
	if err := rows.Err(); err != nil && err != io.EOF {
		t.Fatal(err)
	}
	return all
}

func jsonCells(t *rapid.T, data []byte) (all cells) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	for d.More() {
		var object map[string]any
		if err := d.Decode(&object); err != nil {
			t.Fatal(err)
		}
		row := make([]*string, len(fields))
		for j, f := range fields {
			if v, ok := object[f.Name]; !ok {
				t.Fatalf("no %s in %v", f.Name, object)
			} else if v != nil {
				row[j] = ptr(fmt.Sprint(v))
			}
		}
		all = append(all, row)
	}
	return all
}

func csvCells(t *rapid.T, data []byte) (all cells) {
	rows, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows[1:] {
		var out []*string
		for j := range row {
			out = append(out, &row[j])
		}
		all = append(all, out)
	}
	return all
}

func unpacked(t *rapid.T, ext string, data []byte) []byte {
	var r io.Reader
	var err error
	if strings.HasSuffix(ext, ".zst") {
		r, err = zstd.NewReader(bytes.NewReader(data))
	} else {
		r, err = gzip.NewReader(bytes.NewReader(data))
	}
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// sameInWorkbook compares the cells of a workbook, as excelize reads them, with
// what they stand for: a number by its value, a date by its serial.
func sameInWorkbook(t *rapid.T, data []byte, want cells) {
	book, err := excelize.OpenReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	sheet := book.GetSheetList()[0]
	for i, row := range want {
		for j, v := range row {
			name, _ := excelize.CoordinatesToCellName(j+1, i+2)
			got, err := book.GetCellValue(sheet, name, excelize.Options{RawCellValue: true})
			if err != nil {
				t.Fatal(err)
			}
			kind, err := book.GetCellType(sheet, name)
			if err != nil {
				t.Fatal(err)
			}
			number := kind == excelize.CellTypeUnset || kind == excelize.CellTypeNumber
			switch {
			case v == nil:
				if got != "" || kind != excelize.CellTypeUnset {
					t.Fatalf("%s: found %q of type %v, want nothing", name, got, kind)
				}
				continue
			case j == 0 && kind != excelize.CellTypeInlineString && kind != excelize.CellTypeSharedString:
				t.Fatalf("%s: a text is a cell of type %v", name, kind)
			case j == 4 && number:
				got = serialDate(t, got)
			case j == 5 && number:
				got = serialTime(t, got)
			case j == 6:
				got = strings.ToLower(strings.NewReplacer("1", "true", "0", "false").Replace(got))
			}
			if got != *v {
				t.Fatalf("%s: found %q, want %q", name, got, *v)
			}
		}
	}
}

func serialDate(t *rapid.T, serial string) string {
	var n int64
	if _, err := fmt.Sscan(serial, &n); err != nil {
		t.Fatal(err)
	}
	return string(appendDate(nil, n-epoch1900))
}

func serialTime(t *rapid.T, serial string) string {
	var n float64
	if _, err := fmt.Sscan(serial, &n); err != nil {
		t.Fatal(err)
	}
	seconds := int64(math.Round((n - epoch1900) * 86400))
	return string(appendTimestamp(nil, arrow.Timestamp(seconds).ToTime(arrow.Second), false))
}
