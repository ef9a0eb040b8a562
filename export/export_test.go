package export

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

	"govdata/catalog"
	"govdata/catalog/store"
)

var fields = []arrow.Field{
	{Name: "text", Type: arrow.BinaryTypes.String, Nullable: true},
	{Name: "number", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
	{Name: "money", Type: &arrow.Decimal128Type{Precision: 38, Scale: 4}, Nullable: true},
	{Name: "float", Type: arrow.PrimitiveTypes.Float64, Nullable: true},
	{Name: "day", Type: arrow.FixedWidthTypes.Date32, Nullable: true},
	{Name: "time", Type: &arrow.TimestampType{Unit: arrow.Microsecond}, Nullable: true},
	{Name: "flag", Type: arrow.FixedWidthTypes.Boolean, Nullable: true},
}

type row struct {
	text   *string
	number *int64
	money  *decimal128.Num
	float  *float64
	day    *int32
	time   *int64
	flag   *bool
}

func batchOf(rows []row) arrow.RecordBatch {
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema(fields, nil))
	defer b.Release()
	for _, r := range rows {
		for i := range fields {
			f := b.Field(i)
			switch {
			case i == 0 && r.text != nil:
				f.(*array.StringBuilder).Append(*r.text)
			case i == 1 && r.number != nil:
				f.(*array.Int64Builder).Append(*r.number)
			case i == 2 && r.money != nil:
				f.(*array.Decimal128Builder).Append(*r.money)
			case i == 3 && r.float != nil:
				f.(*array.Float64Builder).Append(*r.float)
			case i == 4 && r.day != nil:
				f.(*array.Date32Builder).Append(arrow.Date32(*r.day))
			case i == 5 && r.time != nil:
				f.(*array.TimestampBuilder).Append(arrow.Timestamp(*r.time))
			case i == 6 && r.flag != nil:
				f.(*array.BooleanBuilder).Append(*r.flag)
			default:
				f.AppendNull()
			}
		}
	}
	return b.NewRecordBatch()
}

func readerOf(batches ...arrow.RecordBatch) array.RecordReader {
	r, err := array.NewRecordReader(batches[0].Schema(), batches)
	if err != nil {
		panic(err)
	}
	return r
}

func ptr[T any](v T) *T { return &v }

func days(s string) *int32 {
	t, _ := time.Parse(time.DateOnly, s)
	return ptr(int32(t.Unix() / 86400))
}

func decimal(s string) *decimal128.Num {
	n, err := decimal128.FromString(s, 38, 4)
	if err != nil {
		panic(err)
	}
	return &n
}

// awkward are the values that formats get wrong.
func awkward() []row {
	at := time.Date(2026, 11, 23, 8, 30, 5, 250000000, time.UTC).UnixMicro()
	return []row{
		{ptr("甘肃省，\"兰州\"\n第二行"), ptr(int64(1)), decimal("12.5"), ptr(0.1), days("2026-02-28"), ptr(at), ptr(true)},
		{},
		{ptr(""), ptr(int64(0)), decimal("0"), ptr(0.0), days("1970-01-01"), ptr(int64(0)), ptr(false)},
		{ptr("0012345678901234567"), ptr(int64(math.MaxInt64)), decimal("9999999999999999999999999999999999.9999"), ptr(math.MaxFloat64), days("9999-12-31"), ptr(at - 250000), ptr(true)},
		{ptr("=1+1"), ptr(int64(math.MinInt64)), decimal("-0.0001"), ptr(5e-324), days("1899-12-31"), ptr(-at), ptr(false)},
		{ptr("a,b;c\td"), ptr(int64(1) << 53), decimal("-1234567.8900"), ptr(math.NaN()), days("1900-02-28"), nil, nil},
		{ptr("𠀀emoji😀 _x000D_ \x01 tab\tend "), ptr(int64(-1)), decimal("100"), ptr(math.Inf(-1)), days("1900-03-01"), nil, nil},
		{ptr("<b>&amp;</b>"), nil, nil, ptr(1e21), days("0001-01-01"), nil, nil},
	}
}

func written(t *testing.T, ext string, r array.RecordReader, meta Meta, o Options) []byte {
	t.Helper()
	f, ok := catalog.FormatOf(ext)
	if !ok {
		t.Fatal(ext)
	}
	var b bytes.Buffer
	if _, err := Write(context.Background(), &b, f, r, meta, o); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestCSVIsExact(t *testing.T) {
	got := string(written(t, "csv", readerOf(batchOf(awkward())), Meta{}, Options{}))
	want := strings.Join([]string{
		"text,number,money,float,day,time,flag",
		"\"甘肃省，\"\"兰州\"\"\n第二行\",1,12.5000,0.1,2026-02-28,2026-11-23T08:30:05.25,true",
		",,,,,,",
		"\"\",0,0.0000,0,1970-01-01,1970-01-01T00:00:00,false",
		"0012345678901234567,9223372036854775807,9999999999999999999999999999999999.9999," + strconv.FormatFloat(math.MaxFloat64, 'e', -1, 64) + ",9999-12-31,2026-11-23T08:30:05,true",
		"=1+1,-9223372036854775808,-0.0001,5e-324,1899-12-31,1913-02-08T15:29:54.75,false",
		"\"a,b;c\td\",9007199254740992,-1234567.8900,NaN,1900-02-28,,",
		"𠀀emoji😀 _x000D_ \x01 tab\tend ,-1,100.0000,-Infinity,1900-03-01,,",
		"<b>&amp;</b>,,,1e+21,0001-01-01,,",
		"",
	}, "\n")
	if got != want {
		t.Errorf("found\n%s\nwant\n%s", got, want)
	}
}

func TestJSONLinesIsExact(t *testing.T) {
	got := strings.Split(string(written(t, "jsonl", readerOf(batchOf(awkward())), Meta{}, Options{})), "\n")
	for i, want := range map[int]string{
		0: `{"text":"甘肃省，\"兰州\"\n第二行","number":1,"money":12.5000,"float":0.1,"day":"2026-02-28","time":"2026-11-23T08:30:05.25","flag":true}`,
		1: `{"text":null,"number":null,"money":null,"float":null,"day":null,"time":null,"flag":null}`,
		5: `{"text":"a,b;c\td","number":9007199254740992,"money":-1234567.8900,"float":"NaN","day":"1900-02-28","time":null,"flag":null}`,
		6: `{"text":"𠀀emoji😀 _x000D_ \u0001 tab\tend ","number":-1,"money":100.0000,"float":"-Infinity","day":"1900-03-01","time":null,"flag":null}`,
	} {
		if got[i] != want {
			t.Errorf("line %d: found %s, want %s", i+1, got[i], want)
		}
	}
}

// Text cells of a workbook come back as they went in, numbers as numbers where
// a double holds them, and as text where it does not.
func TestXLSXKeepsEveryValue(t *testing.T) {
	rows := awkward()
	data := written(t, "xlsx", readerOf(batchOf(rows)), Meta{Lang: "zh"}, Options{})
	f, err := excelize.OpenReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	sheet := f.GetSheetList()[0]
	raw := func(cell string) string {
		v, err := f.GetCellValue(sheet, cell, excelize.Options{RawCellValue: true})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for i, r := range rows {
		if r.text != nil && raw(fmt.Sprintf("A%d", i+2)) != *r.text {
			t.Errorf("row %d: found %q, want %q", i+1, raw(fmt.Sprintf("A%d", i+2)), *r.text)
		}
	}
	for cell, want := range map[string]string{
		"B2": "1", "B5": "9223372036854775807", "B7": "9007199254740992", "C2": "12.5000", "C5": "9999999999999999999999999999999999.9999", "C6": "-0.0001",
		"E2": "46081", "E6": "1899-12-31", "E7": "1900-02-28", "E8": "61", "G2": "TRUE", "D7": "NaN", "B3": "", "A3": "",
	} {
		if got := raw(cell); got != want && !(cell == "G2" && got == "1") {
			t.Errorf("%s: found %q, want %q", cell, got, want)
		}
	}
	if kind, _ := f.GetCellType(sheet, "A6"); kind != excelize.CellTypeInlineString && kind != excelize.CellTypeSharedString {
		t.Errorf("=1+1 is a cell of type %v, want text", kind)
	}
	if kind, _ := f.GetCellType(sheet, "C5"); kind != excelize.CellTypeInlineString {
		t.Errorf("38 digits are a cell of type %v, want text", kind)
	}
}

func TestXLSXCutsLongTextAndSaysSo(t *testing.T) {
	long := strings.Repeat("长", 40000)
	data := written(t, "xlsx", readerOf(batchOf([]row{{text: &long}})), Meta{Lang: "en"}, Options{})
	f, err := excelize.OpenReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	sheets := f.GetSheetList()
	got, _ := f.GetCellValue(sheets[0], "A2")
	if n := len([]rune(got)); n != maxCellText || !strings.HasSuffix(got, "…") {
		t.Errorf("%d characters", n)
	}
	notes, _ := f.GetRows(sheets[2])
	if !strings.Contains(fmt.Sprint(notes), "1 cells were longer") {
		t.Errorf("the provenance does not say so: %v", notes)
	}
}

// A table of more rows than a sheet has is split, and no row is lost.
func TestXLSXSplitsOverSheets(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: 1.1 million rows in short mode")
	}
	schema := arrow.NewSchema([]arrow.Field{{Name: "n", Type: arrow.PrimitiveTypes.Int64}}, nil)
	b := array.NewInt64Builder(memory.DefaultAllocator)
	for i := range 2048 {
		b.Append(int64(i))
	}
	column := b.NewArray()
	batch := array.NewRecordBatch(schema, []arrow.Array{column}, 2048)
	var batches []arrow.RecordBatch
	for range 540 {
		batches = append(batches, batch)
	}
	path := filepath.Join(t.TempDir(), "big.xlsx")
	if err := os.WriteFile(path, written(t, "xlsx", readerOf(batches...), Meta{Lang: "zh"}, Options{}), 0o600); err != nil {
		t.Fatal(err)
	}
	if n, err := Count(context.Background(), path, "xlsx"); err != nil || n != 540*2048 {
		t.Errorf("%d rows, want %d: %v", n, 540*2048, err)
	}
	f, err := excelize.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if sheets := f.GetSheetList(); len(sheets) != 4 || sheets[1] != "查询结果 2" {
		t.Errorf("sheets %q", sheets)
	}
}

// The formats agree on any table.
func TestFormatsAgreeOnAnyTable(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(r *rapid.T) {
		rows := rapid.SliceOfN(rapid.Custom(func(r *rapid.T) row {
			var v row
			if rapid.Bool().Draw(r, "text?") {
				v.text = ptr(rapid.StringOfN(rapid.RuneFrom([]rune("a甘,\"\n '=_x0;<>&é😀 ")), 0, 12, -1).Draw(r, "text"))
			}
			if rapid.Bool().Draw(r, "number?") {
				v.number = ptr(rapid.Int64().Draw(r, "number"))
			}
			if rapid.Bool().Draw(r, "money?") {
				v.money = ptr(decimal128.FromI64(rapid.Int64().Draw(r, "money")))
			}
			if rapid.Bool().Draw(r, "day?") {
				v.day = ptr(rapid.Int32Range(-700000, 2000000).Draw(r, "day"))
			}
			return v
		}), 1, 20).Draw(r, "rows")
		batch := batchOf(rows)
		text := Texts(batch)
		got := written(t, "csv", readerOf(batch), Meta{}, Options{})
		parsed, err := csv.NewReader(bytes.NewReader(got)).ReadAll()
		if err != nil {
			r.Fatal(err)
		}
		book, err := excelize.OpenReader(bytes.NewReader(written(t, "xlsx", readerOf(batch), Meta{}, Options{})))
		if err != nil {
			r.Fatal(err)
		}
		defer book.Close()
		for i := range rows {
			for j := range fields {
				want, _ := text(i, j)
				if parsed[i+1][j] != want {
					r.Fatalf("csv, row %d, column %d: found %q, want %q", i, j, parsed[i+1][j], want)
				}
				cell, _ := excelize.CoordinatesToCellName(j+1, i+2)
				found, err := book.GetCellValue(book.GetSheetList()[0], cell, excelize.Options{RawCellValue: true})
				if err != nil {
					r.Fatal(err)
				}
				if serial, err := strconv.Atoi(found); err == nil && j == 4 {
					found = string(appendDate(nil, int64(serial-epoch1900)))
				}
				if found != want {
					r.Fatalf("xlsx, row %d, column %d: found %q, want %q", i, j, found, want)
				}
			}
		}
		for _, ext := range []string{"csv", "csv.gz", "csv.zst", "jsonl", "jsonl.gz", "parquet", "arrow", "xlsx"} {
			path := filepath.Join(dir, "t."+ext)
			if err := os.WriteFile(path, written(t, ext, readerOf(batch), Meta{}, Options{}), 0o600); err != nil {
				r.Fatal(err)
			}
			if n, err := Count(context.Background(), path, ext); err != nil || n != int64(len(rows)) {
				r.Fatalf("%s: counted %d of %d rows: %v", ext, n, len(rows), err)
			}
		}
	})
}

// Readers that match columns by id alone find each public field of a release.
func TestTheParquetFileOfAReleaseHasFieldIDs(t *testing.T) {
	dir := t.TempDir()
	d := catalog.Dataset{ID: "things"}
	var columns, values []string
	for i, kind := range []struct{ field, sql string }{{"text", "VARCHAR"}, {"integer", "BIGINT"}, {"date", "DATE"}, {"timestamp", "TIMESTAMP"}, {"boolean", "BOOLEAN"}, {"decimal(18,2)", "DECIMAL(18,2)"}, {"decimal(38,4)", "DECIMAL(38,4)"}} {
		name := []string{"code", "select", "a_b", "x1", "order", "group", "名称"}[i]
		d.Fields = append(d.Fields, catalog.Field{Name: name, Type: catalog.Type(kind.field)})
		columns, values = append(columns, store.Ident(name)+" "+kind.sql), append(values, "NULL")
	}
	for rows, insert := range []string{"SELECT 1", "INSERT INTO data VALUES (" + strings.Join(values, ", ") + ")"} {
		path := filepath.Join(dir, fmt.Sprintf("store%d.duckdb", rows))
		db, err := sql.Open("duckdb", path)
		if err != nil {
			t.Fatal(err)
		}
		for _, statement := range []string{"CREATE TABLE data (" + strings.Join(columns, ", ") + ")", insert} {
			if _, err := db.Exec(statement); err != nil {
				t.Fatal(err)
			}
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		src, err := store.Open(path, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		_, err = Render(context.Background(), src, dir, []string{"parquet"}, Meta{Dataset: &d, Rows: int64(rows)}, nil)
		if err := errors.Join(err, src.Close()); err != nil {
			t.Fatal(err)
		}
		f, err := file.OpenParquetFile(filepath.Join(dir, "things.parquet"), false)
		if err != nil {
			t.Fatal(err)
		}
		root := f.MetaData().Schema.Root()
		if f.NumRows() != int64(rows) || root.NumFields() != len(d.Fields) {
			t.Errorf("%d rows and %d columns, want %d and %d", f.NumRows(), root.NumFields(), rows, len(d.Fields))
		}
		ids, seen := d.FieldIDs(), map[int]bool{}
		for i, field := range d.Fields {
			id := int(root.Field(i).FieldID())
			if root.Field(i).Name() != field.Name || id != ids[field.Name] || id < 1 || seen[id] {
				t.Errorf("column %d is %s with the id %d, want %s with %d", i, root.Field(i).Name(), id, field.Name, ids[field.Name])
			}
			seen[id] = true
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTheSameContentGivesTheSameBytes(t *testing.T) {
	for _, f := range catalog.Formats {
		if f.Ext == "json" {
			continue
		}
		meta := Meta{PublishedAt: time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC), Lang: "zh"}
		a, b := written(t, f.Ext, readerOf(batchOf(awkward())), meta, Options{}), written(t, f.Ext, readerOf(batchOf(awkward())), meta, Options{})
		if !bytes.Equal(a, b) {
			t.Errorf("%s: two runs differ", f.Ext)
		}
	}
}

// What breaks off half-way is an error and is counted as one.
func TestABrokenFileIsNotCounted(t *testing.T) {
	var rows []row
	for i := range 5000 {
		rows = append(rows, row{text: ptr(fmt.Sprintf("第%d行 \"x\"", i)), number: ptr(int64(i))})
	}
	dir := t.TempDir()
	for _, ext := range []string{"csv.gz", "csv.zst", "jsonl.gz", "parquet", "arrow", "xlsx", "csv", "jsonl"} {
		whole := written(t, ext, readerOf(batchOf(rows)), Meta{}, Options{})
		path := filepath.Join(dir, "t."+ext)
		if err := os.WriteFile(path, whole[:len(whole)*2/3], 0o600); err != nil {
			t.Fatal(err)
		}
		if n, err := Count(context.Background(), path, ext); err == nil && n == 5000 {
			t.Errorf("%s: two thirds of the file count as the whole", ext)
		}
	}
}

type failing struct{ array.RecordReader }

func (failing) Next() bool { return false }
func (failing) Err() error { return errors.New("the worker died") }

func TestAFailingStreamIsAnError(t *testing.T) {
	for _, f := range catalog.Formats {
		if f.Ext == "json" {
			continue
		}
		if _, err := Write(context.Background(), io.Discard, f, failing{readerOf(batchOf(awkward()))}, Meta{}, Options{}); err == nil || !strings.Contains(err.Error(), "the worker died") {
			t.Errorf("%s: %v", f.Ext, err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := Write(ctx, io.Discard, f, readerOf(batchOf(awkward())), Meta{}, Options{}); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: cancelled: %v", f.Ext, err)
		}
	}
}

func TestWhatParquetCannotHoldIsSaidByColumn(t *testing.T) {
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema([]arrow.Field{{Name: "id", Type: arrow.PrimitiveTypes.Int64}, {Name: "wait", Type: arrow.FixedWidthTypes.MonthDayNanoInterval}}, nil))
	b.Field(0).AppendNull()
	b.Field(1).AppendNull()
	_, err := Write(context.Background(), io.Discard, catalog.Format{Ext: "parquet"}, readerOf(b.NewRecordBatch()), Meta{}, Options{})
	if !errors.Is(err, catalog.ErrInvalid) || !strings.Contains(err.Error(), `"wait"`) || strings.Contains(err.Error(), `"id"`) {
		t.Error(err)
	}
}

// odd is a column that cannot be written.
type odd struct{ texts }

type texts = arrow.Array

func (odd) ValueStr(int) string      { panic("of a kind that nobody thought of") }
func (odd) GetOneForMarshal(int) any { panic("of a kind that nobody thought of") }
func (odd) DataType() arrow.DataType { return arrow.FixedWidthTypes.MonthInterval }

// A panic of a goroutine would end the server.
func TestAColumnOfAnotherKindIsAnErrorAndNoPanic(t *testing.T) {
	b := array.NewStringBuilder(memory.DefaultAllocator)
	b.AppendValues([]string{"a", "b"}, nil)
	column := odd{b.NewStringArray()}
	schema := arrow.NewSchema([]arrow.Field{{Name: "odd", Type: column.DataType()}}, nil)
	for _, ext := range []string{"csv", "jsonl", "xlsx"} {
		_, err := Write(context.Background(), io.Discard, catalog.Format{Ext: ext}, readerOf(array.NewRecordBatch(schema, []arrow.Array{column}, 2)), Meta{}, Options{})
		if err == nil || !strings.Contains(err.Error(), "nobody thought of") {
			t.Errorf("%s: %v", ext, err)
		}
	}
}
