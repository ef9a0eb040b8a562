package parquet

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/float16"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/apache/arrow-go/v18/parquet/schema"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
)

func realdata(t testing.TB, name string) []byte {
	t.Helper()
	dir := filepath.Join("..", "..", "..", "..", "shared", "realdata")
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("GOVDATA_TEST_SHARED") == "required" {
			t.Fatalf("the real files are not here: %v", err)
		}
		t.Skipf("SKIPPED: the real files are not here: %v", err)
	}
	data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// null is how tests show one.
const null = "\x00"

// all reads a file: the header, then the rows.
func all(data []byte, o Options) ([][]string, error) {
	f, err := Open(bytes.NewReader(data), int64(len(data)), o)
	if err != nil {
		return nil, err
	}
	rows, err := f.Rows()
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var table [][]string
	for {
		n, cells, err := rows.Next()
		if errors.Is(err, io.EOF) {
			return table, nil
		} else if err != nil {
			return table, err
		}
		if n != int64(len(table)+1) {
			return table, fmt.Errorf("row %d is numbered %d", len(table)+1, n)
		}
		row := make([]string, len(cells))
		for i, c := range cells {
			if row[i] = string(c); c == nil {
				row[i] = null
			}
		}
		table = append(table, row)
	}
}

// The sums are of what pyarrow 26 reads from the files, cells parted by U+001E,
// nulls as U+0000, rows ended by \n.
func TestRealFilesReadAsPyarrowReadsThem(t *testing.T) {
	for _, c := range []struct {
		file  string
		rows  int
		sum   string
		cells map[[2]int]string
	}{
		{"world/nyc311_5.parquet", 6, "eb592a4d46ecb6cb646fb40136623a6e3c48cd9a4c1c6061b4376d3988cd0135",
			map[[2]int]string{{0, 0}: "Unique Key", {1, 0}: "34675190", {1, 1}: "10/31/2016 11:07:15 PM", {1, 13}: null, {1, 38}: "40.8002938", {1, 40}: "(40.8002938, -73.9415055)"}},
		{"torture/alltypes_plain.parquet", 9, "bc23e5aaf1fbd6bfac5c355514b6738793f3df1a06102f3465153398cebbf13d",
			map[[2]int]string{{0, 10}: "timestamp_col", {1, 0}: "4", {1, 1}: "true", {2, 6}: "1.1", {2, 7}: "10.1", {1, 8}: "03/01/09", {2, 10}: "2009-03-01T00:01:00"}},
	} {
		t.Run(filepath.Base(c.file), func(t *testing.T) {
			table, err := all(realdata(t, c.file), Options{})
			if err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			for _, row := range table {
				b.WriteString(strings.Join(row, "\x1E") + "\n")
			}
			if sum := fmt.Sprintf("%x", sha256.Sum256([]byte(b.String()))); sum != c.sum || len(table) != c.rows {
				t.Errorf("%d rows with the sum %s, want %d with %s", len(table), sum, c.rows, c.sum)
			}
			for at, want := range c.cells {
				if got := table[at[0]][at[1]]; got != want {
					t.Errorf("row %d, column %d: found %q, want %q", at[0], at[1], got, want)
				}
			}
		})
	}
}

// pyarrow reads it too, unless it is told to verify the checksums; then it
// finds one wrong in both columns.
func TestAWrongChecksumIsCorrupt(t *testing.T) {
	table, err := all(realdata(t, "torture/corrupt_checksum.parquet"), Options{})
	if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "checksum") || len(table) != 1 {
		t.Errorf("%d rows, %v", len(table), err)
	}
	body := texts("兰州", "天水")
	for sum, want := range map[int32]error{checksum(body): nil, checksum(body) + 1: ErrCorrupt} {
		m := made{element: thrift{1: int32(6), 3: int32(0), 6: int32(0)}, rows: 2}
		header := v1(2, 0)
		header[4] = sum
		m.page(header, body)
		if table, err := all(m.bytes(), Options{}); !errors.Is(err, want) || want == nil && !slices.EqualFunc(table, [][]string{{"a"}, {"兰州"}, {"天水"}}, slices.Equal) {
			t.Errorf("checksum %d: %q, %v", sum, table, err)
		}
	}
}

// column is one of a test: its type, its values as JSON for a builder, and how
// they read.
type column struct {
	kind arrow.DataType
	json string
	want []string
}

func columns() []column {
	utc := &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}
	stamp := func(u arrow.TimeUnit) arrow.DataType { return &arrow.TimestampType{Unit: u} }
	return []column{
		{arrow.FixedWidthTypes.Boolean, `[true, false, null]`, []string{"true", "false", null}},
		{arrow.PrimitiveTypes.Int8, `[-128, 127, null]`, []string{"-128", "127", null}},
		{arrow.PrimitiveTypes.Uint8, `[0, 255, null]`, []string{"0", "255", null}},
		{arrow.PrimitiveTypes.Int16, `[-32768, 32767, null]`, []string{"-32768", "32767", null}},
		{arrow.PrimitiveTypes.Uint16, `[0, 65535, null]`, []string{"0", "65535", null}},
		{arrow.PrimitiveTypes.Int32, `[-2147483648, 2147483647, null]`, []string{"-2147483648", "2147483647", null}},
		{arrow.PrimitiveTypes.Uint32, `[0, 4294967295, null]`, []string{"0", "4294967295", null}},
		{arrow.PrimitiveTypes.Int64, `[-9223372036854775808, 9223372036854775807, null]`, []string{"-9223372036854775808", "9223372036854775807", null}},
		{arrow.PrimitiveTypes.Uint64, `[0, 18446744073709551615, null]`, []string{"0", "18446744073709551615", null}},
		{arrow.PrimitiveTypes.Float32, `[0.1, 1e20, null]`, []string{"0.1", "100000000000000000000", null}},
		{arrow.PrimitiveTypes.Float64, `[0.1, 1e-7, null]`, []string{"0.1", "0.0000001", null}},
		{arrow.BinaryTypes.String, `["兰州\n", "", null]`, []string{"兰州\n", "", null}},
		{arrow.BinaryTypes.Binary, `["5YWw", "//4=", null]`, []string{"兰", "fffe", null}},
		{&arrow.FixedSizeBinaryType{ByteWidth: 3}, `["5YWw", "//79", null]`, []string{"兰", "fffefd", null}},
		{arrow.FixedWidthTypes.Date32, `["1969-12-31", "2024-02-29", null]`, []string{"1969-12-31", "2024-02-29", null}},
		{stamp(arrow.Millisecond), `["2024-01-15 10:20:30.5", "1950-01-01 00:00:00", null]`, []string{"2024-01-15T10:20:30.5", "1950-01-01T00:00:00", null}},
		{stamp(arrow.Nanosecond), `["2024-01-15 10:20:30.123456789", "1969-12-31 23:59:59.999999999", null]`, []string{"2024-01-15T10:20:30.123456789", "1969-12-31T23:59:59.999999999", null}},
		{utc, `["2024-01-15 10:20:30.000001Z", "2024-01-15 00:00:00Z", null]`, []string{"2024-01-15T10:20:30.000001Z", "2024-01-15T00:00:00Z", null}},
		{arrow.FixedWidthTypes.Time32ms, `["15:04:05.006", "00:00:00", null]`, []string{"15:04:05.006", "00:00:00", null}},
		{arrow.FixedWidthTypes.Time64us, `["15:04:05", "23:59:59.999999", null]`, []string{"15:04:05", "23:59:59.999999", null}},
		{&arrow.Decimal128Type{Precision: 9, Scale: 2}, `["1234567.80", "-0.05", null]`, []string{"1234567.80", "-0.05", null}},
		{&arrow.Decimal128Type{Precision: 38, Scale: 10}, `["1234567890123456789012345678.0123456789", "-1234567890123456789012345678.9876543210", null]`, []string{"1234567890123456789012345678.0123456789", "-1234567890123456789012345678.9876543210", null}},
		{&arrow.Decimal128Type{Precision: 20, Scale: 0}, `["12345678901234567890", "-1", null]`, []string{"12345678901234567890", "-1", null}},
		{&arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: arrow.BinaryTypes.String}, `["a", "b", null]`, []string{"a", "b", null}},
		{arrow.ListOf(arrow.PrimitiveTypes.Int32), `[[1, null, 3], [], null]`, []string{"[1,null,3]", "[]", null}},
		{arrow.ListOf(arrow.ListOf(arrow.BinaryTypes.String)), `[[["a\"\\\u0001"], [], null], [[]], null]`, []string{`[["a\"\\\u0001"],[],null]`, "[[]]", null}},
		{arrow.StructOf(arrow.Field{Name: "名", Type: arrow.BinaryTypes.String, Nullable: true}, arrow.Field{Name: "n", Type: arrow.ListOf(arrow.PrimitiveTypes.Float64), Nullable: true}), `[{"名": "x", "n": [0.5]}, {"名": null, "n": null}, null]`, []string{`{"名":"x","n":[0.5]}`, `{"名":null,"n":null}`, null}},
		{arrow.ListOf(arrow.StructOf(arrow.Field{Name: "d", Type: arrow.FixedWidthTypes.Date32, Nullable: true}, arrow.Field{Name: "b", Type: arrow.FixedWidthTypes.Boolean, Nullable: true})), `[[{"d": "2024-01-15", "b": true}, null], [], null]`, []string{`[{"d":"2024-01-15","b":true},null]`, "[]", null}},
		{arrow.MapOf(arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int64), `[[{"key": "a", "value": 1}, {"key": "b", "value": null}], [], null]`, []string{`{"a":1,"b":null}`, "{}", null}},
		{arrow.MapOf(arrow.PrimitiveTypes.Int32, arrow.BinaryTypes.String), `[[{"key": 7, "value": "x"}], [], null]`, []string{`{"7":"x"}`, "{}", null}},
	}
}

// write makes a file of columns that each hold the values of JSON.
func write(t testing.TB, cols []column, options ...parquet.WriterProperty) []byte {
	t.Helper()
	var fields []arrow.Field
	var arrays []arrow.Array
	for i, c := range cols {
		a, _, err := array.FromJSON(memory.DefaultAllocator, c.kind, strings.NewReader(c.json))
		if err != nil {
			t.Fatalf("%s: %v", c.kind, err)
		}
		fields = append(fields, arrow.Field{Name: fmt.Sprintf("c%d", i), Type: c.kind, Nullable: true})
		arrays = append(arrays, a)
	}
	return writeArrays(t, fields, arrays, options...)
}

func writeArrays(t testing.TB, fields []arrow.Field, arrays []arrow.Array, options ...parquet.WriterProperty) []byte {
	t.Helper()
	s := arrow.NewSchema(fields, nil)
	table := array.NewTableFromRecords(s, []arrow.RecordBatch{array.NewRecordBatch(s, arrays, int64(arrays[0].Len()))})
	var b bytes.Buffer
	if err := pqarrow.WriteTable(table, &b, 1<<20, parquet.NewWriterProperties(options...), pqarrow.NewArrowWriterProperties()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestEveryTypeAsText(t *testing.T) {
	for name, options := range map[string][]parquet.WriterProperty{
		"plain":                  {parquet.WithDictionaryDefault(false)},
		"dictionary, snappy":     {parquet.WithCompression(compress.Codecs.Snappy)},
		"version 2, zstd":        {parquet.WithDataPageVersion(parquet.DataPageV2), parquet.WithCompression(compress.Codecs.Zstd), parquet.WithDictionaryDefault(false)},
		"version 2, gzip":        {parquet.WithDataPageVersion(parquet.DataPageV2), parquet.WithCompression(compress.Codecs.Gzip)},
		"brotli":                 {parquet.WithCompression(compress.Codecs.Brotli)},
		"lz4":                    {parquet.WithCompression(compress.Codecs.Lz4Raw)},
		"decimals as integers":   {parquet.WithStoreDecimalAsInteger(true)},
		"a row group for 2 rows": {parquet.WithMaxRowGroupLength(2)},
		"small pages":            {parquet.WithDataPageSize(1), parquet.WithBatchSize(1)},
	} {
		t.Run(name, func(t *testing.T) {
			cols := columns()
			table, err := all(write(t, cols, options...), Options{})
			if err != nil || len(table) != 4 {
				t.Fatalf("%d rows, %v", len(table), err)
			}
			for i, c := range cols {
				for j, want := range append([]string{fmt.Sprintf("c%d", i)}, c.want...) {
					if got := table[j][i]; got != want {
						t.Errorf("%s, row %d: found %q, want %q", c.kind, j, got, want)
					}
				}
			}
		})
	}
}

func TestEncodingsOfDifferences(t *testing.T) {
	for _, c := range []struct {
		kind     arrow.DataType
		encoding parquet.Encoding
		value    func(i int) string
	}{
		{arrow.PrimitiveTypes.Int32, parquet.Encodings.DeltaBinaryPacked, func(i int) string { return strconv.Itoa(i * 1_000_003 % 65537) }},
		{arrow.PrimitiveTypes.Int64, parquet.Encodings.DeltaBinaryPacked, func(i int) string { return strconv.Itoa(i * i * -7_000_003) }},
		{arrow.BinaryTypes.String, parquet.Encodings.DeltaLengthByteArray, func(i int) string { return strings.Repeat("x", i%50) }},
		{arrow.BinaryTypes.String, parquet.Encodings.DeltaByteArray, func(i int) string { return fmt.Sprintf("兰州市城关区%06d", i) }},
		{arrow.PrimitiveTypes.Float64, parquet.Encodings.ByteStreamSplit, func(i int) string { return strconv.FormatFloat(float64(i)/7, 'f', -1, 64) }},
	} {
		for _, version := range []parquet.DataPageVersion{parquet.DataPageV1, parquet.DataPageV2} {
			const n = 20_000
			var b strings.Builder
			want := make([]string, n)
			for i := range n {
				want[i] = c.value(i)
				switch {
				case i%11 == 0:
					want[i] = null
					b.WriteString(",null")
				case c.kind == arrow.BinaryTypes.String:
					b.WriteString(`,"` + want[i] + `"`)
				default:
					b.WriteString("," + want[i])
				}
			}
			data := write(t, []column{{kind: c.kind, json: "[" + b.String()[1:] + "]"}}, parquet.WithDictionaryDefault(false), parquet.WithEncoding(c.encoding),
				parquet.WithDataPageVersion(version), parquet.WithDataPageSize(8192), parquet.WithMaxRowGroupLength(7777))
			table, err := all(data, Options{})
			if err != nil || len(table) != n+1 {
				t.Fatalf("%s: %d rows, %v", c.encoding, len(table), err)
			}
			for i, w := range want {
				if g := table[i+1][0]; g != w {
					t.Fatalf("%s: row %d: found %q, want %q", c.encoding, i, g, w)
				}
			}
		}
	}
}

// parquet-mr writes decimals so in version 2; the library does not read them.
// The page is what pyarrow writes of abc, abd, abd, xyz.
func TestPrefixedValuesOfOneSize(t *testing.T) {
	m := made{element: thrift{1: int32(7), 2: int32(3), 3: int32(0)}, rows: 4}
	m.page(v1(4, 7), slices.Concat(deltas32(0, 2, 3, 0), deltas32(3, 1, 0, 3), []byte("abcdxyz")))
	table, err := all(m.bytes(), Options{})
	if want := [][]string{{"a"}, {"abc"}, {"abd"}, {"abd"}, {"xyz"}}; err != nil || !slices.EqualFunc(table, want, slices.Equal) {
		t.Errorf("found %q, %v", table, err)
	}
}

// deltas32 is a run of differences in one block, 8 bits each.
func deltas32(values ...int64) []byte {
	b := []byte{128, 1, 4, byte(len(values))} // 128 in 4
	b = binary.AppendVarint(b, values[0])
	b = binary.AppendVarint(b, -8) // the least difference
	b = append(b, 8, 0, 0, 0)
	mini := make([]byte, 32)
	for i, v := range values[1:] {
		mini[i] = byte(v - values[i] + 8)
	}
	return append(b, mini...)
}

func TestValuesThatArrowDoesNotWrite(t *testing.T) {
	int96 := func(day uint32, nanos uint64) []byte {
		return binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint64(nil, nanos), day)
	}
	double := func(v float64) []byte { return binary.LittleEndian.AppendUint64(nil, math.Float64bits(v)) }
	long := func(v int64) []byte { return binary.LittleEndian.AppendUint64(nil, uint64(v)) }
	huge, _ := new(big.Int).SetString("12345678901234567890123456789012345678901234567890123456789012345678901234567", 10)
	for _, c := range []struct {
		what    string
		element thrift
		body    []byte
		want    string
	}{
		{"int96", thrift{1: int32(3)}, slices.Concat(int96(2440588, 0), int96(2460325, 37230_000_000_500)), "1970-01-01T00:00:00|2024-01-15T10:20:30.0000005"},
		{"infinite", thrift{1: int32(5)}, slices.Concat(double(math.Inf(1)), double(math.Inf(-1)), double(math.NaN()), double(math.MaxFloat64)), "Infinity|-Infinity|NaN|17976931348623157" + strings.Repeat("0", 292)},
		{"timestamps that say nothing of UTC", thrift{1: int32(2), 6: int32(9)}, long(1705314030500), "2024-01-15T10:20:30.5"},
		{"timestamps in UTC", thrift{1: int32(2), 10: thrift{8: thrift{1: true, 2: thrift{1: thrift{}}}}}, long(1705314030500), "2024-01-15T10:20:30.5Z"},
		{"times of no day", thrift{1: int32(2), 10: thrift{7: thrift{1: false, 2: thrift{2: thrift{}}}}}, slices.Concat(long(-1), long(86_400_000_000), long(86_399_000_000)), "-1|86400000000|23:59:59"},
		{"a decimal of few bytes", thrift{1: int32(6), 6: int32(5), 7: int32(3), 8: int32(5)}, texts("", "\xff", "\x00\xff", "\x01\x00\x00"), "0.000|-0.001|0.255|65.536"},
		{"a decimal of many", thrift{1: int32(6), 6: int32(5), 7: int32(3), 8: int32(77)}, texts(string(huge.Bytes()), string(new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(5)).Bytes())), "12345678901234567890123456789012345678901234567890123456789012345678901234.567|-0.005"},
		{"a UUID", thrift{1: int32(7), 2: int32(16), 10: thrift{14: thrift{}}}, []byte("0123456789abcdef"), "30313233-3435-3637-3839-616263646566"},
		{"an interval", thrift{1: int32(7), 2: int32(12), 6: int32(21)}, []byte{1, 0, 0, 0, 2, 0, 0, 0, 220, 5, 0, 0}, "P1M2DT1.5S"},
		{"a half", thrift{1: int32(7), 2: int32(2), 10: thrift{15: thrift{}}}, float16.New(0.5).ToLEBytes(), "0.5"},
		{"an enumeration", thrift{1: int32(6), 6: int32(4)}, texts("红"), "红"},
		{"JSON", thrift{1: int32(6), 6: int32(19)}, texts(`{"a":1}`), `{"a":1}`},
	} {
		if _, ok := c.element[3]; !ok {
			c.element[3] = int32(0)
		}
		want := strings.Split(c.want, "|")
		m := made{element: c.element, rows: int64(len(want))}
		m.page(v1(int32(len(want)), 0), c.body)
		table, err := all(m.bytes(), Options{})
		var got []string
		for _, row := range table[min(1, len(table)):] {
			got = append(got, row...)
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: found %q, %v", c.what, got, err)
		}
	}
}

func TestEncryptedFilesAreRefused(t *testing.T) {
	cols := columns()[:3]
	for name, options := range map[string][]parquet.EncryptOption{"with its footer": nil, "footer in the clear": {parquet.WithPlaintextFooter()}} {
		data := write(t, cols, parquet.WithEncryptionProperties(parquet.NewFileEncryptionProperties("0123456789012345", options...)))
		if _, err := all(data, Options{}); !errors.Is(err, ErrEncrypted) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestATruncatedFileIsAnErrorAtEveryPlace(t *testing.T) {
	data := write(t, columns())
	for n := range len(data) {
		if _, err := all(data[:n], Options{}); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("%d of %d bytes: %v", n, len(data), err)
		}
	}
	cut := slices.Concat(data[:len(data)/4], data[len(data)/2:])
	if _, err := all(cut, Options{}); !errors.Is(err, ErrCorrupt) {
		t.Errorf("a piece missing in the middle: %v", err)
	}
}

// No byte of a file makes it take much memory or panic when it is another.
func TestDamagedFilesAreReadOrRefused(t *testing.T) {
	for _, options := range [][]parquet.WriterProperty{
		{parquet.WithDictionaryDefault(false)},
		{parquet.WithDataPageVersion(parquet.DataPageV2), parquet.WithCompression(compress.Codecs.Zstd)},
	} {
		data := write(t, columns(), options...)
		step := 3
		if testing.Short() {
			step = 31
		}
		for i := 0; i < len(data); i += step {
			for _, flip := range []byte{0x01, 0x80, 0xFF} {
				damaged := bytes.Clone(data)
				damaged[i] ^= flip
				grown := allocated(func() {
					if _, err := all(damaged, Options{}); err != nil && !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrLimit) && !errors.Is(err, ErrUnsupported) && !errors.Is(err, ErrEncrypted) {
						t.Fatalf("byte %d ^ %x: %v", i, flip, err)
					}
				})
				if grown > 512<<20 {
					t.Errorf("byte %d ^ %x: %d bytes allocated", i, flip, grown)
				}
			}
		}
	}
}

// allocated returns how many bytes f allocates, freed or not.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestHostileFilesAreRefused(t *testing.T) {
	text := thrift{1: int32(6), 3: int32(0)}
	integer := thrift{1: int32(1), 3: int32(0)}
	one := func(element thrift, codec int32, header thrift, body []byte) []byte {
		m := made{element: element, codec: codec, rows: 2}
		m.page(header, body)
		return m.bytes()
	}
	sized := func(header thrift, size int32) thrift { header[2] = size; return header }
	whole := func(footer thrift) []byte { return withFooter([]byte(magic), footer.append(nil)) }
	raw := func(footer ...byte) []byte { return withFooter([]byte(magic), footer) }
	encoder, _ := zstd.NewWriter(nil)
	var deep []any
	for range 100_000 {
		deep = append(deep, thrift{4: "g", 5: int32(1)})
	}
	deep = append(deep, thrift{1: int32(1), 4: "leaf"})
	var wide []any
	for range 100_000 {
		wide = append(wide, thrift{1: int32(1), 3: int32(0), 4: "c"})
	}
	structs := []byte{0x1C} // a field within a field, without end
	for range 1000 {
		structs = append(structs, 0x1C)
	}
	nulls := made{element: thrift{1: int32(1), 3: int32(1)}, rows: 1<<31 - 1}
	nulls.page(v1(1<<31-1, 0), append([]byte{6, 0, 0, 0}, append(binary.AppendUvarint(nil, (1<<31-1)<<1), 0)...))
	same := made{element: text, rows: 1<<31 - 1}
	same.page(dictionary(1), texts(strings.Repeat("a", 1<<20)))
	same.page(v1(1<<31-1, 8), append([]byte{1}, append(binary.AppendUvarint(nil, (1<<31-1)<<1), 0)...))
	prefixed := made{element: text, rows: 8192}
	prefix := strings.Repeat("a", 4<<20)
	lengths := slices.Concat([]byte{128, 64, 4}, binary.AppendUvarint(nil, 8192), binary.AppendVarint(nil, 0)) // blocks of 8192
	prefixed.page(v1(8192, 7), slices.Concat(
		lengths, binary.AppendVarint(nil, 0), []byte{23, 0, 0, 0}, bitsOf(4<<20), make([]byte, 23*2048/8-3),
		binary.AppendVarint(nil, 0), []byte{0, 0, 0, 0},
		[]byte{128, 1, 4}, binary.AppendUvarint(nil, 8192), binary.AppendVarint(nil, 4<<20), []byte(prefix)))

	for _, c := range []struct {
		what string
		data []byte
		want error
	}{
		{"a footer larger than the file", []byte("PAR1PAR1\xFF\xFF\xFF\x7FPAR1"), ErrCorrupt},
		{"an empty footer", raw(), ErrCorrupt},
		{"a list of two billion row groups", raw(0x49, 0xFC, 0xFF, 0xFF, 0xFF, 0xFF, 0x07), ErrCorrupt},
		{"a schema of two billion elements", raw(0x29, 0xFC, 0xFF, 0xFF, 0xFF, 0xFF, 0x07), ErrCorrupt},
		{"structures within each other", raw(structs...), ErrCorrupt},
		{"a schema too deep", whole(thrift{1: int32(1), 2: deep, 3: int64(0), 4: []any{}}), ErrLimit},
		{"a schema too wide", whole(thrift{1: int32(1), 2: append([]any{thrift{4: "r", 5: int32(100_000)}}, wide...), 3: int64(0), 4: []any{}}), ErrLimit},
		{"more columns than are read", whole(thrift{1: int32(1), 2: append([]any{thrift{4: "r", 5: int32(20_000)}}, wide[:20_000]...), 3: int64(0), 4: []any{}}), ErrLimit},
		{"a group of two billion fields", whole(thrift{1: int32(1), 2: []any{thrift{4: "r", 5: int32(math.MaxInt32)}, integer}, 3: int64(0), 4: []any{}}), ErrCorrupt},
		{"no columns", whole(thrift{1: int32(1), 2: []any{thrift{4: "r"}}, 3: int64(0), 4: []any{}}), ErrCorrupt},
		{"pages beyond the file", (&made{element: integer, rows: 2, chunk: thrift{9: int64(1 << 40)}}).bytes(), ErrCorrupt},
		{"pages before the file", (&made{element: integer, rows: 2, chunk: thrift{9: int64(-8)}}).bytes(), ErrCorrupt},
		{"more bytes of pages than the file has", (&made{element: integer, rows: 2, chunk: thrift{7: int64(1 << 40)}}).bytes(), ErrCorrupt},
		{"no pages", (&made{element: integer, rows: 2}).bytes(), ErrCorrupt},
		{"values of another type", (&made{element: integer, rows: 2, chunk: thrift{1: int32(2)}}).bytes(), ErrCorrupt},
		{"a negative number of rows", (&made{element: integer, rows: -2}).bytes(), ErrCorrupt},
		{"an old compression", (&made{element: integer, rows: 2, codec: 5}).bytes(), ErrUnsupported},
		{"fewer values than rows", func() []byte {
			m := made{element: integer, rows: 3, values: 2}
			m.page(v1(2, 0), make([]byte, 8))
			return m.bytes()
		}(), ErrCorrupt},
		{"more values than rows", func() []byte {
			m := made{element: integer, rows: 1, values: 2}
			m.page(v1(2, 0), make([]byte, 8))
			return m.bytes()
		}(), ErrCorrupt},
		{"a page of fewer values than it says", one(integer, 0, v1(2, 0), make([]byte, 4)), ErrCorrupt},
		{"a page of more values than the column", one(integer, 0, v1(3, 0), make([]byte, 12)), ErrCorrupt},
		{"an encoding that is none", one(integer, 0, v1(2, 99), make([]byte, 8)), ErrCorrupt},
		{"a page of two gigabytes", one(integer, 0, sized(v1(2, 0), math.MaxInt32), make([]byte, 8)), ErrLimit},
		{"not compressed, yet of another size", one(integer, 0, sized(v1(2, 0), 100<<20), make([]byte, 8)), ErrCorrupt},
		{"Snappy that says gigabytes", one(integer, 1, sized(v1(2, 0), 8), append(binary.AppendUvarint(nil, 1<<32-1), 0)), ErrCorrupt},
		{"Snappy that says less", one(integer, 1, sized(v1(2, 0), 200<<20), snappy.Encode(nil, make([]byte, 8))), ErrCorrupt},
		{"Zstandard that says gigabytes", one(integer, 6, sized(v1(2, 0), 8), []byte("\x28\xB5\x2F\xFD\xC0\x00\x00\x00\x00\x00\x0F\x00\x00\x00\x01\x00\x00")), ErrCorrupt},
		{"Zstandard that holds more", one(integer, 6, sized(v1(2, 0), 8), encoder.EncodeAll(make([]byte, 64<<20), nil)), ErrCorrupt},
		{"gzip that cannot be so much", one(integer, 2, sized(v1(2, 0), 200<<20), make([]byte, 100)), ErrCorrupt},
		{"LZ4 that cannot be so much", one(integer, 7, sized(v1(2, 0), 200<<20), make([]byte, 100)), ErrCorrupt},
		{"a dictionary of two billion values", func() []byte {
			m := made{element: text, rows: 2}
			m.page(dictionary(math.MaxInt32), texts("a"))
			m.page(v1(2, 8), []byte{0})
			return m.bytes()
		}(), ErrCorrupt},
		{"an index outside of the dictionary", func() []byte {
			m := made{element: text, rows: 2}
			m.page(dictionary(1), texts("a"))
			m.page(v1(2, 8), []byte{32, 4, 0xFF, 0xFF, 0xFF, 0x7F})
			return m.bytes()
		}(), ErrCorrupt},
		{"two dictionaries", func() []byte {
			m := made{element: text, rows: 2}
			m.page(dictionary(1), texts("a"))
			m.page(dictionary(1), texts("b"))
			m.page(v1(2, 8), []byte{0})
			return m.bytes()
		}(), ErrCorrupt},
		{"a length of two gigabytes", one(text, 0, v1(2, 0), []byte{0xFF, 0xFF, 0xFF, 0x7F}), ErrCorrupt},
		{"text that is not UTF-8", one(thrift{1: int32(6), 3: int32(0), 6: int32(0)}, 0, v1(2, 0), texts("a", "\xFF")), ErrCorrupt},
		{"a decimal of a thousand bytes", one(thrift{1: int32(6), 3: int32(0), 6: int32(5), 7: int32(1), 8: int32(9)}, 0, v1(2, 0), texts(strings.Repeat("\x01", 1000), "")), ErrLimit},
		{"a decimal of a billion places", one(thrift{1: int32(6), 3: int32(0), 6: int32(5), 7: int32(1 << 30), 8: int32(1 << 30)}, 0, v1(2, 0), texts("a", "b")), ErrLimit},
		{"a block of four billion differences", one(integer, 0, v1(2, 5), slices.Concat(binary.AppendUvarint(nil, 1<<32-128), []byte{1, 2, 0, 0, 0})), ErrCorrupt},
		{"the same behind prefixes", one(text, 0, v1(2, 7), slices.Concat(deltas32(0, 1), binary.AppendUvarint(nil, 1<<32-128), []byte{1, 2, 0, 0, 0})), ErrCorrupt},
		{"two billion nulls", nulls.bytes(), ErrBomb},
		{"a long text two billion times", same.bytes(), ErrBomb},
		{"a long text within a longer one, many times", prefixed.bytes(), nil},
		{"a cell too long", one(text, 0, v1(2, 0), texts(strings.Repeat("a", 17<<20), "b")), ErrLimit},
	} {
		var err error
		grown := allocated(func() {
			var f *File
			if f, err = Open(bytes.NewReader(c.data), int64(len(c.data)), Options{MaxBytes: 1 << 23}); err != nil {
				return
			}
			var rows *Rows
			if rows, err = f.Rows(); err != nil {
				return
			}
			defer rows.Close()
			for err == nil {
				_, _, err = rows.Next()
			}
		})
		if c.want == nil { // what counts is the memory
			c.want = err
		}
		if !errors.Is(err, c.want) || errors.Is(err, io.EOF) {
			t.Errorf("%s: %v", c.what, err)
		}
		if grown > 256<<20 {
			t.Errorf("%s: %d bytes allocated", c.what, grown)
		}
	}
}

// bitsOf is a number in the first of 23 bits.
func bitsOf(v uint32) []byte { return []byte{byte(v), byte(v >> 8), byte(v >> 16)} }

// twelve is a file of n rows x 12 columns as DuckDB and pyarrow write them: texts
// with and without a dictionary, numbers, decimals, dates.
func twelve(t testing.TB, n int) []byte {
	t.Helper()
	var fields []schema.Node
	for i := range 12 {
		name := fmt.Sprintf("c%d", i)
		switch i % 3 {
		case 0:
			fields = append(fields, schema.Must(schema.NewPrimitiveNodeLogical(name, parquet.Repetitions.Optional, schema.StringLogicalType{}, parquet.Types.ByteArray, 0, -1)))
		case 1:
			fields = append(fields, schema.NewFloat64Node(name, parquet.Repetitions.Optional, -1))
		default:
			fields = append(fields, schema.Must(schema.NewPrimitiveNodeLogical(name, parquet.Repetitions.Optional, schema.NewDecimalLogicalType(18, 2), parquet.Types.Int64, 0, -1)))
		}
	}
	root, err := schema.NewGroupNode("schema", parquet.Repetitions.Required, fields, -1)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w := file.NewParquetWriter(&b, root, file.WithWriterProps(parquet.NewWriterProperties(parquet.WithCompression(compress.Codecs.Snappy), parquet.WithDictionaryFor("c0", false), parquet.WithDictionaryFor("c3", false))))
	for from := 0; from < n; from += 100_000 {
		group, err := w.AppendRowGroupChecked()
		if err != nil {
			t.Fatal(err)
		}
		rows := min(100_000, n-from)
		defs := slices.Repeat([]int16{1}, rows)
		for i := range 12 {
			c, err := group.NextColumn()
			if err != nil {
				t.Fatal(err)
			}
			switch c := c.(type) {
			case *file.ByteArrayColumnChunkWriter:
				v := make([]parquet.ByteArray, rows)
				for j := range v {
					v[j] = fmt.Appendf(nil, "兰州市城关区第%d号", (from+j)*(i+7919)%1009)
				}
				_, err = c.WriteBatch(v, defs, nil)
			case *file.Float64ColumnChunkWriter:
				v := make([]float64, rows)
				for j := range v {
					v[j] = float64(from+j) * 1.25
				}
				_, err = c.WriteBatch(v, defs, nil)
			case *file.Int64ColumnChunkWriter:
				v := make([]int64, rows)
				for j := range v {
					v[j] = int64(from+j) * 7919 % 1_000_003
				}
				_, err = c.WriteBatch(v, defs, nil)
			}
			if err := errors.Join(err, c.Close()); err != nil {
				t.Fatal(err)
			}
		}
		if err := group.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestMemoryDoesNotGrowWithRows(t *testing.T) {
	n := 300_000
	if testing.Short() {
		n = 100_000
	}
	data := twelve(t, n)
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	before, peak := m.HeapAlloc, uint64(0)
	f, err := Open(bytes.NewReader(data), int64(len(data)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := f.Rows()
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
	if read != n+1 || rows.Read() > int64(len(data)) || rows.Read() < int64(len(data))*9/10 {
		t.Errorf("%d rows, %d of %d bytes", read, rows.Read(), len(data))
	}
	if grown := int64(peak) - int64(before); grown > 96<<20 {
		t.Errorf("%d bytes more on the heap", grown)
	} else {
		t.Logf("%d rows, %d KiB more on the heap at the peak", read, grown>>10)
	}
}

// FuzzParquet reads any file, with limits that keep a run short. What it gives
// is whole rows, numbered.
func FuzzParquet(f *testing.F) {
	cols := columns()
	f.Add(write(f, cols[5:8], parquet.WithDictionaryDefault(false), parquet.WithStats(false)))
	f.Add(write(f, cols[11:14], parquet.WithCompression(compress.Codecs.Snappy), parquet.WithStats(false)))
	f.Add(write(f, cols[20:22], parquet.WithDataPageVersion(parquet.DataPageV2), parquet.WithCompression(compress.Codecs.Zstd), parquet.WithStats(false)))
	f.Add(write(f, cols[25:27], parquet.WithCompression(compress.Codecs.Gzip), parquet.WithStats(false)))
	f.Add(write(f, cols[29:], parquet.WithStats(false)))
	f.Add(write(f, cols[11:12], parquet.WithDictionaryDefault(false), parquet.WithEncoding(parquet.Encodings.DeltaByteArray), parquet.WithStats(false)))
	f.Add(write(f, cols[7:8], parquet.WithDictionaryDefault(false), parquet.WithEncoding(parquet.Encodings.DeltaBinaryPacked), parquet.WithStats(false)))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Open(bytes.NewReader(data), int64(len(data)), Options{MaxBytes: 1 << 20, MaxCell: 1 << 16})
		if err != nil {
			return
		}
		rows, err := p.Rows()
		if err != nil {
			return
		}
		defer rows.Close()
		for want := int64(1); ; want++ {
			n, cells, err := rows.Next()
			if err != nil {
				return
			}
			if n != want || len(cells) != len(p.Columns()) {
				t.Fatalf("row %d of %d cells, want %d of %d", n, len(cells), want, len(p.Columns()))
			}
		}
	})
}

func BenchmarkRows(b *testing.B) {
	n := 1_000_000
	if s := os.Getenv("GOVDATA_BENCH_ROWS"); s != "" {
		n, _ = strconv.Atoi(s)
	}
	data := twelve(b, n)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		f, err := Open(bytes.NewReader(data), int64(len(data)), Options{})
		if err != nil {
			b.Fatal(err)
		}
		rows, err := f.Rows()
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
