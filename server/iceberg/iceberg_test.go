package iceberg

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math/big"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/gin-gonic/gin"
	"github.com/twmb/avro/ocf"
	"golang.org/x/sync/errgroup"
	"pgregory.net/rapid"

	"govdata/catalog"
)

var update = flag.Bool("update", false, "write the golden files anew")

// fees is a dataset with a column of every type.
func fees() catalog.Dataset {
	text := func(zh, en string) catalog.Text { return catalog.Text{Zh: zh, En: en} }
	return catalog.Dataset{
		ID: "fees", Title: text("收费", "Fees"), Description: text("收费项目", "What is charged"), Publisher: text("财政厅", "Finance"), Theme: "市场监管", Licence: "CC-BY-4.0",
		Synthetic: true, Openness: catalog.Openness{Attribute: catalog.OpenUnconditional}, Key: []string{"code"}, Mode: catalog.Replace,
		Fields: []catalog.Field{
			{Name: "code", Title: text("代码", "Code"), Type: catalog.TypeText, Required: true},
			{Name: "name", Title: text("名称", "Name"), Type: catalog.TypeText, Required: true}, // and yet one is missing
			{Name: "amount", Title: text("金额", "Amount"), Type: "decimal(18,2)", Unit: "元"},
			{Name: "wide", Title: text("总额", "Total"), Type: "decimal(38,4)"},
			{Name: "count", Title: text("件数", "Count"), Type: catalog.TypeInteger},
			{Name: "since", Title: text("起始", "Since"), Type: catalog.TypeDate},
			{Name: "at", Title: text("时刻", "At"), Type: catalog.TypeTimestamp},
			{Name: "valid", Title: text("有效", "Valid"), Type: catalog.TypeBoolean},
			{Name: "empty", Title: text("空", "Empty"), Type: catalog.TypeText},
		},
	}
}

// rows are those of every release, in row groups of two.
const rows = `[
 {"code": "001", "name": "城镇垃圾处理费、污水处理费、水资源费和其他费用", "amount": "-1.50", "wide": "12345678901234567890.5", "count": -7, "since": "2024-01-02", "at": "2024-01-02T10:11:12.5", "valid": true},
 {"code": "002", "name": "乙", "amount": "300.00", "wide": "-0.0001", "count": null, "since": null, "at": null, "valid": false},
 {"code": "003", "name": null, "amount": null, "wide": null, "count": 9007199254740993, "since": "2026-01-02", "at": "2026-01-02T00:00:00", "valid": null}
]`

func writeParquet(t testing.TB, path string, fields []catalog.Field, text string) {
	t.Helper()
	var columns []arrow.Field
	for _, f := range fields {
		column := arrow.Field{Name: f.Name, Nullable: true}
		switch f.Type {
		case catalog.TypeText:
			column.Type = arrow.BinaryTypes.String
		case catalog.TypeInteger:
			column.Type = arrow.PrimitiveTypes.Int64
		case catalog.TypeDate:
			column.Type = arrow.FixedWidthTypes.Date32
		case catalog.TypeTimestamp:
			column.Type = &arrow.TimestampType{Unit: arrow.Microsecond}
		case catalog.TypeBoolean:
			column.Type = arrow.FixedWidthTypes.Boolean
		default:
			p, s, _ := f.Type.Decimal()
			column.Type = &arrow.Decimal128Type{Precision: int32(p), Scale: int32(s)}
		}
		columns = append(columns, column)
	}
	schema := arrow.NewSchema(columns, nil)
	batch, _, err := array.RecordFromJSON(memory.DefaultAllocator, schema, strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w, err := pqarrow.NewFileWriter(schema, f, parquet.NewWriterProperties(parquet.WithMaxRowGroupLength(2), parquet.WithStoreDecimalAsInteger(true)), pqarrow.DefaultWriterProps())
	if err != nil {
		t.Fatal(err)
	}
	if batch.NumRows() > 0 {
		if err := w.Write(batch); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

var day = time.Date(2026, 11, 25, 8, 0, 0, 0, time.FixedZone("UTC+8", 8*3600))

// publish makes a release of d, on the n-th day.
func publish(t testing.TB, c *catalog.Catalog, d catalog.Dataset, n int, text string) *catalog.Release {
	t.Helper()
	return publishAt(t, c, d, day.AddDate(0, 0, n), fmt.Sprintf("%02x%s", n+1, strings.Repeat("ab", 31)), text)
}

// publishAt makes a release of d at that time, with that content hash.
func publishAt(t testing.TB, c *catalog.Catalog, d catalog.Dataset, at time.Time, content, text string) *catalog.Release {
	t.Helper()
	st, err := c.Stage(d.ID)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Discard()
	var parsed []map[string]any
	if err := json.Unmarshal([]byte(text), &parsed); err != nil {
		t.Fatal(err)
	}
	count := int64(len(parsed))
	m := catalog.Manifest{Dataset: d, PublishedAt: at, Rows: count, Counts: catalog.Counts{In: count, Published: count}, Mode: catalog.Replace, Content: content, Stats: map[string]catalog.FieldStats{}}
	for _, f := range d.Public() {
		s := catalog.FieldStats{}
		for _, row := range parsed {
			if row[f.Name] == nil {
				s.Nulls++
			}
		}
		m.Stats[f.Name] = s
	}
	for _, name := range []string{catalog.StoreName, string(d.ID) + ".parquet"} {
		path := filepath.Join(st.Dir(), name)
		writeParquet(t, path, d.Public(), text)
		sum, size, err := catalog.HashFile(path)
		if err != nil {
			t.Fatal(err)
		}
		a := catalog.Artefact{Format: "parquet", File: name, SHA256: sum, Bytes: size, Rows: count}
		if name == catalog.StoreName {
			m.Store = a
		} else {
			m.Artefacts = []catalog.Artefact{a}
		}
	}
	m.Release = catalog.NewReleaseID(m.PublishedAt, m.Content)
	r, err := st.Publish(context.Background(), m)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func open(t testing.TB) *catalog.Catalog {
	t.Helper()
	c, err := catalog.Open(t.TempDir(), catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func read(t testing.TB, tables *Tables, id catalog.ID, name string) []byte {
	t.Helper()
	o, err := tables.Object(id, name)
	if err != nil {
		t.Fatal(err)
	}
	b, err := o.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// What a table says follows from its releases alone: the same in every process,
// and as it was before.
func TestMetadataFollowsFromTheReleases(t *testing.T) {
	c := open(t)
	d := fees()
	publish(t, c, d, 0, rows)
	early := read(t, NewTables(c), "fees", "v1.metadata.json")
	d.Fields = slices.Insert(slices.Clone(d.Fields), 1, catalog.Field{Name: "remark", Title: catalog.Text{Zh: "备注", En: "Remark"}, Type: catalog.TypeText})
	d.Fields[3].Type = "decimal(20,2)" // grows
	second := publish(t, c, d, 1, rows)

	one, two := NewTables(c), NewTables(c)
	objects, err := one.Objects("fees")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, o := range objects {
		names = append(names, o.Name)
		b, err := o.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(b, read(t, two, "fees", o.Name)) {
			t.Errorf("%s: two processes make two of it", o.Name)
		}
	}
	slices.Sort(names)
	if want := []string{"20261125-01ababababab.avro", "20261126-02ababababab.avro", "snap-20261125-01ababababab.avro", "snap-20261126-02ababababab.avro", "v2.metadata.json", "version-hint.text"}; !slices.Equal(names, want) {
		t.Errorf("objects %v, want %v", names, want)
	}
	if hint := read(t, one, "fees", "version-hint.text"); string(hint) != "2" {
		t.Errorf("hint %q", hint)
	}
	if again := read(t, one, "fees", "v1.metadata.json"); !bytes.Equal(early, again) {
		t.Errorf("the first metadata file was\n%s\nis\n%s", early, again)
	}
	for _, name := range []string{"v0.metadata.json", "v3.metadata.json", "v01.metadata.json", "v1.metadata.jsonx", "20261127-000000000000.avro", "v-1.metadata.json"} {
		if _, err := one.Object("fees", name); err == nil {
			t.Errorf("there is %s", name)
		}
	}

	// The sizes of Parquet files are for their writer to change.
	var got map[string]any
	decoder := json.NewDecoder(bytes.NewReader(read(t, one, "fees", "v2.metadata.json")))
	decoder.UseNumber()
	if err := decoder.Decode(&got); err != nil {
		t.Fatal(err)
	}
	for _, s := range got["snapshots"].([]any) {
		summary := s.(map[string]any)["summary"].(map[string]any)
		for _, name := range []string{"added-files-size", "removed-files-size", "total-files-size"} {
			if summary[name] != nil {
				summary[name] = "BYTES"
			}
		}
	}
	text, err := json.MarshalIndent(got, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join("testdata", "fees.metadata.json")
	if *update {
		if err := os.WriteFile(golden, append(text, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(append(text, '\n'), want) {
		t.Errorf("found\n%s\nwant\n%s", text, want)
	}

	// Ids that other documents hold stay, whatever is collected.
	if _, err := c.GC(1, false); err != nil {
		t.Fatal(err)
	}
	three := NewTables(c)
	for _, name := range []string{"20261126-02ababababab.avro", "snap-20261126-02ababababab.avro"} {
		if !bytes.Equal(read(t, one, "fees", name), read(t, three, "fees", name)) {
			t.Errorf("%s is another after the collection", name)
		}
	}
	now, err := three.table("fees")
	if err != nil || len(now.snapshots) != 1 || now.current.Ref() != second.Ref() {
		t.Errorf("found %d snapshots, %v", len(now.snapshots), err)
	}
	if _, err := three.Object("fees", "v1.metadata.json"); err == nil {
		t.Error("what was current in the first metadata file is gone, and it is there")
	}
}

// decode reads a container with one record.
func decode[T any](t *testing.T, b []byte) (record T, header map[string][]byte) {
	t.Helper()
	r, err := ocf.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Decode(&record); err != nil {
		t.Fatal(err)
	}
	return record, r.Metadata()
}

// A manifest says of every column what the footer of the file says: sizes,
// nulls, and bounds that no value is outside of.
func TestAManifestSaysWhatTheFooterSays(t *testing.T) {
	c := open(t)
	r := publish(t, c, fees(), 0, rows)
	tables := NewTables(c)
	manifest := read(t, tables, "fees", fmt.Sprintf(manifestName, r.Release))
	entry, header := decode[manifestEntry](t, manifest)
	list, _ := decode[manifestFile](t, read(t, tables, "fees", fmt.Sprintf(listName, r.Release)))
	if list.Path != "s3://govdata/fees/metadata/"+string(r.Release)+".avro" || list.Length != int64(len(manifest)) || list.AddedFiles != 1 || list.AddedRows != 3 || list.Sequence != 1 || list.Snapshot != *entry.Snapshot || list.Snapshot <= 0 {
		t.Errorf("manifest list %+v", list)
	}
	raw, _ := decode[map[string]any](t, read(t, tables, "fees", fmt.Sprintf(listName, r.Release)))
	if partitions, ok := raw["partitions"].([]any); !ok || len(partitions) != 0 {
		t.Errorf("partitions %v: some readers want a list", raw["partitions"])
	}
	if string(header["format-version"]) != "2" || string(header["content"]) != "data" || !strings.Contains(string(header["schema"]), `"name":"amount"`) {
		t.Errorf("header %s", header)
	}
	f := entry.File
	if f.Path != "s3://govdata/fees/"+string(r.Release)+"/fees.parquet" || f.Format != "PARQUET" || f.Rows != 3 || f.Bytes != r.Artefacts[0].Bytes || entry.Status != 1 || *entry.Sequence != 1 || f.Order == nil || len(*f.Splits) != 2 || (*f.Splits)[0] != 4 || (*f.Splits)[1] <= 4 {
		t.Errorf("entry %+v", entry)
	}
	s, err := schemaOf(r)
	if err != nil {
		t.Fatal(err)
	}
	wide, _ := new(big.Int).SetString("123456789012345678905000", 10)
	micros := func(at string) string {
		moment, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		return string(binary.LittleEndian.AppendUint64(nil, uint64(moment.UnixMicro())))
	}
	for name, want := range map[string]struct {
		nulls        int64
		lower, upper string
	}{
		"code":   {0, "001", "003"},
		"name":   {1, "乙", "城镇垃圾处理费、污水处理费、水赅"}, // 16 characters, the last one raised
		"amount": {1, "\xff\x6a", "\x75\x30"},
		"wide":   {1, "\xff", string(twosComplement(wide))},
		"count":  {1, "\xf9\xff\xff\xff\xff\xff\xff\xff", "\x01\x00\x00\x00\x00\x00\x20\x00"},
		"since":  {1, "\x0c\x4d\x00\x00", "\xe7\x4f\x00\x00"},
		"at":     {1, micros("2024-01-02T10:11:12.5Z"), micros("2026-01-02T00:00:00Z")},
		"valid":  {1, "\x00", "\x01"},
		"empty":  {3, "", ""},
	} {
		id := int32(s.field(name).ID)
		find := func(list []boundEntry) ([]byte, bool) {
			i := slices.IndexFunc(list, func(e boundEntry) bool { return e.Key == id })
			if i < 0 {
				return nil, false
			}
			return list[i].Value, true
		}
		nulls := slices.IndexFunc(f.Nulls, func(e countEntry) bool { return e.Key == id && e.Value == want.nulls })
		values := slices.IndexFunc(f.Values, func(e countEntry) bool { return e.Key == id && e.Value == 3 })
		sizes := slices.IndexFunc(f.Sizes, func(e countEntry) bool { return e.Key == id && e.Value > 0 })
		if nulls < 0 || values < 0 || sizes < 0 {
			t.Errorf("%s: counts %v, %v, %v", name, f.Nulls, f.Values, f.Sizes)
		}
		lower, bounded := find(f.Lower)
		upper, both := find(f.Upper)
		if bounded != (name != "empty") || both != bounded {
			t.Errorf("%s: bounds %x, %x", name, lower, upper)
		}
		if want.lower != "" && string(lower) != want.lower || want.upper != "" && string(upper) != want.upper {
			t.Errorf("%s: bounds %x (%s), %x (%s)", name, lower, lower, upper, upper)
		}
	}
	if c := s.field("name"); c.Required {
		t.Error("a column with a missing value is required")
	}
	if c := s.field("code"); !c.Required || !slices.Equal(s.Identifiers, []int{c.ID}) {
		t.Errorf("identifiers %v", s.Identifiers)
	}
}

func TestAReleaseWithoutRowsIsASnapshot(t *testing.T) {
	c := open(t)
	r := publish(t, c, fees(), 0, "[]")
	entry, _ := decode[manifestEntry](t, read(t, NewTables(c), "fees", fmt.Sprintf(manifestName, r.Release)))
	if entry.File.Rows != 0 || len(entry.File.Lower) != 0 || len(*entry.File.Splits) != 0 {
		t.Errorf("entry %+v", entry)
	}
}

// What is current, and when it was, is told by main and by the log; what was
// rolled back stays a snapshot.
func TestRollbacksMoveMain(t *testing.T) {
	c := open(t)
	first, second := publish(t, c, fees(), 0, rows), publish(t, c, fees(), 1, rows)
	tables := NewTables(c)
	main := func() (*catalog.Release, tableMetadata) {
		now, err := tables.table("fees")
		if err != nil {
			t.Fatal(err)
		}
		var m tableMetadata
		if err := json.Unmarshal(now.metadata, &m); err != nil {
			t.Fatal(err)
		}
		return now.current, m
	}
	if r, m := main(); r.Ref() != second.Ref() || m.Refs["main"] != (ref{m.Snapshots[1].ID, "branch"}) || m.Snapshots[1].Parent != m.Snapshots[0].ID || m.Snapshots[1].Summary["operation"] != "overwrite" {
		t.Errorf("found %v, %+v", r.Ref(), m)
	}
	if _, err := c.Rollback("fees", first.Release); err != nil {
		t.Fatal(err)
	}
	r, m := main()
	if r.Ref() != first.Ref() || m.Current != m.Snapshots[0].ID || len(m.Snapshots) != 2 || len(m.SnapshotLog) != 3 || m.SnapshotLog[2].Snapshot != m.Current || m.Refs[string(second.Release)] != (ref{m.Snapshots[1].ID, "tag"}) {
		t.Errorf("found %v, %+v", r.Ref(), m)
	}
}

// Who loads a table while releases are published gets one release whole: the
// metadata, the manifests of all snapshots and the files that these name.
func TestReadersOfATableSeeOneRelease(t *testing.T) {
	c := open(t)
	publish(t, c, fees(), 0, rows)
	tables := NewTables(c)
	done := make(chan struct{})
	var group errgroup.Group
	for range 4 {
		group.Go(func() error {
			for seen := 0; ; {
				select {
				case <-done:
					return nil
				default:
				}
				now, err := tables.table("fees")
				if err != nil {
					return err
				}
				if len(now.snapshots) < seen {
					return fmt.Errorf("%d snapshots after %d", len(now.snapshots), seen)
				}
				seen = len(now.snapshots)
				objects, err := tables.Objects("fees")
				if err != nil {
					return err
				}
				for _, o := range objects {
					if _, err := o.Bytes(); err != nil {
						return err
					}
				}
				if last := now.snapshots[seen-1]; last.Ref() != now.current.Ref() || last.sequence != int64(seen) {
					return fmt.Errorf("%d snapshots, the last is %v, current is %v", seen, last.Ref(), now.current.Ref())
				}
			}
		})
	}
	for n := range 20 {
		publish(t, c, fees(), n+1, rows)
	}
	close(done)
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
	if now, err := tables.table("fees"); err != nil || len(now.snapshots) != 21 {
		t.Errorf("found %+v, %v", now, err)
	}
}

// A column has one type in a table. Releases in which it had another are none
// of its snapshots, and the table says how many.
func TestATableBeginsAnewWithOtherTypes(t *testing.T) {
	c := open(t)
	d := fees()
	publish(t, c, d, 0, rows)
	d.Fields = slices.Clone(d.Fields)
	d.Fields[4].Type = catalog.TypeText
	text := strings.NewReplacer(`"count": -7`, `"count": "-7"`, `9007199254740993`, `"many"`).Replace(rows)
	r := publish(t, c, d, 1, text)
	now, err := NewTables(c).table("fees")
	if err != nil {
		t.Fatal(err)
	}
	if len(now.snapshots) != 1 || now.snapshots[0].Ref() != r.Ref() || !bytes.Contains(now.metadata, []byte(`"govdata.releases-with-other-types": "1"`)) {
		t.Errorf("found %d snapshots\n%s", len(now.snapshots), now.metadata)
	}
	for _, q := range []struct {
		before, now catalog.Type
		want        bool
	}{
		{"text", "text", true}, {"text", "integer", false}, {"decimal(18,2)", "decimal(20,2)", true}, {"decimal(20,2)", "decimal(18,2)", false},
		{"decimal(18,2)", "decimal(20,3)", false}, {"integer", "decimal(20,0)", false}, {"date", "timestamp", false},
	} {
		if follows(q.before, q.now) != q.want {
			t.Errorf("%s then %s: want %v", q.before, q.now, q.want)
		}
	}
}

// site is the face over a catalog.
func site(t testing.TB, c *catalog.Catalog) func(method, path string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	gin.SetMode(gin.ReleaseMode)
	g := gin.New()
	err := Register(g, Deps{Catalog: c, Site: &catalog.Site{Title: catalog.Text{Zh: "站点"}}, Tables: NewTables(c), Base: func(*gin.Context) string { return "https://data.example" }, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return func(method, path string, headers ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, "http://x"+path, nil)
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		w := httptest.NewRecorder()
		g.ServeHTTP(w, r)
		return w
	}
}

func TestErrorsHaveTheFormOfTheProtocol(t *testing.T) {
	c := open(t)
	publish(t, c, fees(), 0, rows)
	closed := fees()
	closed.ID, closed.Openness = "closed", catalog.Openness{Attribute: catalog.OpenConditional}
	publish(t, c, closed, 0, rows)
	ask := site(t, c)
	for _, q := range []struct{ method, path, want string }{
		{"GET", "", "404 NotFoundException"},
		{"GET", "/v2/config", "404 NotFoundException"},
		{"GET", "/v1/nothing", "404 NotFoundException"},
		{"GET", "/v1/config/more", "404 NotFoundException"},
		{"GET", "/v1/namespaces/other", "404 NoSuchNamespaceException"},
		{"GET", "/v1/namespaces/govdata%1Fmore/tables", "404 NoSuchNamespaceException"},
		{"GET", "/v1/namespaces/govdata%1Ffees", "404 NoSuchNamespaceException"},
		{"GET", "/v1/namespaces/other/tables", "404 NoSuchNamespaceException"},
		{"GET", "/v1/namespaces/other/views", "404 NoSuchNamespaceException"},
		{"GET", "/v1/namespaces?parent=other", "404 NoSuchNamespaceException"},
		{"GET", "/v1/namespaces?parent=govdata%1Ffees", "404 NoSuchNamespaceException"},
		{"GET", "/v1/namespaces/other/tables/fees", "404 NoSuchTableException"},
		{"GET", "/v1/namespaces/govdata%1Fclosed/tables/snapshots", "404 NoSuchTableException"},
		{"GET", "/v1/namespaces/govdata%1Ffees/views/snapshots", "404 NoSuchViewException"},
		{"GET", "/v1/namespaces/govdata/things", "404 NotFoundException"},
		{"GET", "/v1/namespaces/govdata/tables/nothing", "404 NoSuchTableException"},
		{"GET", "/v1/namespaces/govdata/tables/..", "404 NoSuchTableException"},
		{"GET", "/v1/namespaces/govdata/tables/%E5%90%8D", "404 NoSuchTableException"},
		{"GET", "/v1/namespaces/govdata/tables/fees/credentials", "404 NotFoundException"},
		{"GET", "/v1/namespaces/govdata/views/fees", "404 NoSuchViewException"},
		{"GET", "/v1/namespaces/govdata/tables/closed", "403 ForbiddenException"},
		{"GET", "/v1/namespaces/govdata/tables/fees?snapshots=some", "400 BadRequestException"},
		{"GET", "/v1/namespaces/govdata/tables?pageSize=0", "400 BadRequestException"},
		{"GET", "/v1/namespaces/govdata/tables?pageSize=x", "400 BadRequestException"},
		{"GET", "/v1/namespaces/govdata/tables?pageSize=1&pageToken=..", "400 BadRequestException"},
		{"POST", "/v1/namespaces", "405 UnsupportedOperationException"},
		{"DELETE", "/v1/namespaces/govdata", "405 UnsupportedOperationException"},
		{"PUT", "/v1/namespaces/govdata/tables/fees", "405 UnsupportedOperationException"},
		{"POST", "/v1/namespaces/govdata/tables/fees/metrics", "405 UnsupportedOperationException"},
		{"POST", "/v1/namespaces/govdata/register", "405 UnsupportedOperationException"},
		{"POST", "/v1/tables/rename", "405 UnsupportedOperationException"},
		{"POST", "/v1/oauth/tokens", "405 UnsupportedOperationException"},
		{"GET", "/v1/tables/rename", "404 NotFoundException"},
	} {
		w := ask(q.method, Path+q.path)
		if q.method == "GET" {
			if head := ask("HEAD", Path+q.path); head.Code != w.Code {
				t.Errorf("HEAD %s: status %d, GET %d", q.path, head.Code, w.Code)
			}
		}
		var answer struct {
			Error struct {
				Message, Type string
				Code          int
			}
		}
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
			t.Errorf("%s %s: %v: %s", q.method, q.path, err, w.Body)
			continue
		}
		if got := fmt.Sprint(w.Code, " ", answer.Error.Type); got != q.want || answer.Error.Code != w.Code || answer.Error.Message == "" {
			t.Errorf("%s %s: %s, want %s: %s", q.method, q.path, got, q.want, w.Body)
		}
	}
	for path, want := range map[string]int{"/v1/namespaces/govdata": 204, "/v1/namespaces/govdata%1Ffees": 404, "/v1/namespaces/other": 404, "/v1/namespaces/govdata/tables/fees": 204, "/v1/namespaces/govdata/tables/nothing": 404, "/v1/namespaces/govdata/tables/closed": 403, "/v1/namespaces/govdata/views/fees": 404} {
		if w := ask("HEAD", Path+path); w.Code != want {
			t.Errorf("HEAD %s: status %d, want %d", path, w.Code, want)
		}
	}
}

// A client makes the tables of metadata itself, after the catalog said that it has
// no table of that name in the namespace that is called as the table.
func TestTheCatalogHasNoTablesOfMetadata(t *testing.T) {
	c := open(t)
	publish(t, c, fees(), 0, rows)
	ask := site(t, c)
	for _, name := range []string{"entries", "files", "data_files", "delete_files", "history", "metadata_log_entries", "snapshots", "refs", "manifests", "partitions",
		"all_data_files", "all_delete_files", "all_files", "all_manifests", "all_entries", "position_deletes", "SNAPSHOTS"} {
		for _, namespace := range []string{"govdata%1Ffees", "govdata%1ffees", "govdata.fees", "govdata%1Ffees%1Fmore"} {
			path := Path + "/v1/namespaces/" + namespace + "/tables/" + name
			if w := ask("GET", path); w.Code != 404 || !strings.Contains(w.Body.String(), `"type":"NoSuchTableException"`) {
				t.Errorf("%s: status %d, %s", path, w.Code, w.Body)
			}
			if w := ask("HEAD", path); w.Code != 404 {
				t.Errorf("HEAD %s: status %d", path, w.Code)
			}
		}
	}
}

// Whatever happens to a dataset and however the clock goes, times rise strictly in
// the snapshots and in both logs, a snapshot has the time at which it became
// current, and no document says another time than the ones before it.
func TestTimesRiseStrictlyAndStay(t *testing.T) {
	type document struct {
		Updated   int64              `json:"last-updated-ms"`
		Snapshots []snapshotEntry    `json:"snapshots"`
		Log       []logEntry         `json:"snapshot-log"`
		Metadata  []metadataLogEntry `json:"metadata-log"`
	}
	for seed := range uint64(16) {
		r := rand.New(rand.NewPCG(seed, 0))
		c := open(t)
		times := map[int64]int64{}  // of snapshots
		given := map[string]int64{} // of metadata files
		at, published := day, []catalog.ReleaseID{}
		for step := range 8 {
			switch action := r.IntN(10); {
			case action < 6 || len(published) == 0:
				at = at.Add([]time.Duration{0, 0, 0, time.Millisecond, time.Second, -time.Hour}[r.IntN(6)])
				content := fmt.Sprintf("%02x%s", 1+r.IntN(5), strings.Repeat("cd", 31))
				published = append(published, publishAt(t, c, fees(), at, content, rows).Release)
			case action < 9:
				if _, err := c.Rollback("fees", published[r.IntN(len(published))]); err != nil && !errors.Is(err, catalog.ErrGone) {
					t.Fatal(err)
				}
			default:
				if _, err := c.GC(1+r.IntN(3), false); err != nil {
					t.Fatal(err)
				}
			}
			tables := NewTables(c)
			now, err := tables.table("fees")
			if err != nil {
				t.Fatal(err)
			}
			var d document
			if err := json.Unmarshal(now.metadata, &d); err != nil {
				t.Fatal(err)
			}
			rising := func(what string, n int, time func(int) int64) {
				for i := 1; i < n; i++ {
					if time(i) <= time(i-1) {
						t.Fatalf("seed %d, step %d: %s: %d after %d\n%s", seed, step, what, time(i), time(i-1), now.metadata)
					}
				}
				if n > 0 && time(n-1) > d.Updated {
					t.Fatalf("seed %d, step %d: %s: %d, but the table was last changed at %d", seed, step, what, time(n-1), d.Updated)
				}
			}
			rising("snapshots", len(d.Snapshots), func(i int) int64 { return d.Snapshots[i].Timestamp })
			rising("snapshot-log", len(d.Log), func(i int) int64 { return d.Log[i].Timestamp })
			rising("metadata-log", len(d.Metadata), func(i int) int64 { return d.Metadata[i].Timestamp })
			became := map[int64]bool{}
			for _, e := range d.Log {
				became[e.Timestamp] = true
			}
			for _, s := range d.Snapshots {
				if len(d.Log) > 0 && s.Timestamp >= d.Log[0].Timestamp && !became[s.Timestamp] {
					t.Fatalf("seed %d, step %d: snapshot %d is of %d, which the log does not know\n%s", seed, step, s.ID, s.Timestamp, now.metadata)
				}
				key := s.ID<<8 | s.Sequence
				if before, ok := times[key]; ok && before != s.Timestamp {
					t.Fatalf("seed %d, step %d: snapshot %d was of %d, is of %d", seed, step, s.ID, before, s.Timestamp)
				}
				times[key] = s.Timestamp
			}
			for _, e := range append(d.Metadata, metadataLogEntry{d.Updated, now.location()}) {
				if before, ok := given[e.File]; ok && before != e.Timestamp {
					t.Fatalf("seed %d, step %d: %s was of %d, is of %d", seed, step, e.File, before, e.Timestamp)
				}
				given[e.File] = e.Timestamp
				o, err := tables.Object("fees", e.File[strings.LastIndexByte(e.File, '/')+1:])
				if err != nil {
					t.Fatalf("seed %d, step %d: %s is in the log: %v", seed, step, e.File, err)
				}
				b, err := o.Bytes()
				var then document
				if err != nil || json.Unmarshal(b, &then) != nil || then.Updated != e.Timestamp {
					t.Fatalf("seed %d, step %d: %s: %v, of %d, the log says %d", seed, step, e.File, err, then.Updated, e.Timestamp)
				}
			}
		}
	}
}

func TestATableIsLoadedWithTheWayToItsFiles(t *testing.T) {
	c := open(t)
	publish(t, c, fees(), 0, rows)
	ask := site(t, c)
	w := ask("GET", Path+"/v1/namespaces/govdata/tables/fees?snapshots=refs")
	var loaded struct {
		Location string          `json:"metadata-location"`
		Metadata json.RawMessage `json:"metadata"`
		Config   map[string]string
	}
	if err := json.Unmarshal(w.Body.Bytes(), &loaded); err != nil || w.Code != 200 {
		t.Fatalf("status %d, %v", w.Code, err)
	}
	var inline, file bytes.Buffer
	json.Compact(&inline, loaded.Metadata)
	json.Compact(&file, read(t, NewTables(c), "fees", strings.TrimPrefix(loaded.Location, "s3://govdata/fees/metadata/")))
	if !bytes.Equal(inline.Bytes(), file.Bytes()) {
		t.Error("the metadata told is not that of the file")
	}
	if loaded.Config["s3.endpoint"] != "https://data.example" || loaded.Config["s3.path-style-access"] != "true" {
		t.Errorf("config %v", loaded.Config)
	}
	tag := w.Header().Get("ETag")
	if w := ask("GET", Path+"/v1/namespaces/govdata/tables/fees", "If-None-Match", tag); w.Code != http.StatusNotModified || w.Body.Len() != 0 {
		t.Errorf("status %d, %s", w.Code, w.Body)
	}
	publish(t, c, fees(), 1, rows)
	if w := ask("GET", Path+"/v1/namespaces/govdata/tables/fees", "If-None-Match", tag); w.Code != 200 {
		t.Errorf("after a release: status %d", w.Code)
	}
}

func TestTablesAreListedInPages(t *testing.T) {
	c := open(t)
	var want []string
	for i := range 7 {
		d := fees()
		d.ID = catalog.ID(fmt.Sprintf("fees_%d", i))
		if i == 3 {
			d.Openness.Attribute = catalog.OpenNot
		} else {
			want = append(want, string(d.ID))
		}
		publish(t, c, d, 0, rows)
	}
	ask := site(t, c)
	for _, size := range []string{"", "1", "2", "3", "6", "7"} {
		var names []string
		token := ""
		for pages := 0; ; pages++ {
			w := ask("GET", Path+"/v1/namespaces/govdata/tables?pageSize="+size+"&pageToken="+token)
			var page struct {
				Identifiers []struct {
					Namespace []string
					Name      string
				}
				Next *string `json:"next-page-token"`
			}
			if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil || pages > 10 {
				t.Fatal(err, pages)
			}
			for _, i := range page.Identifiers {
				names = append(names, i.Name)
			}
			if page.Next == nil {
				break
			}
			token = *page.Next
		}
		if !slices.Equal(names, want) {
			t.Errorf("pages of %q: %v, want %v", size, names, want)
		}
	}
}

func TestDecimalsAreWrittenShort(t *testing.T) {
	for n, want := range map[int64]string{0: "00", 1: "01", 127: "7f", 128: "0080", 255: "00ff", 256: "0100", -1: "ff", -128: "80", -129: "ff7f", -256: "ff00", -32768: "8000", -32769: "ff7fff"} {
		if got := fmt.Sprintf("%x", twosComplement(big.NewInt(n))); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		n := new(big.Int).SetBytes(rapid.SliceOfN(rapid.Byte(), 0, 16).Draw(t, "bytes"))
		if rapid.Bool().Draw(t, "negative") {
			n.Neg(n)
		}
		b := twosComplement(n)
		if signed(b).Cmp(n) != 0 || len(b) > 1 && (b[0] == 0 && b[1] < 0x80 || b[0] == 0xff && b[1] >= 0x80) {
			t.Errorf("%v is written %x", n, b)
		}
	})
}

// Bounds of texts are short, and no text is outside of its own.
func TestBoundsOfTextsHoldThem(t *testing.T) {
	for text, want := range map[string]string{
		"short":                                "short",
		"exactly sixteen!":                     "exactly sixteen!",
		"more than sixteen characters":         "more than sixtef",
		strings.Repeat("\U0010ffff", 17):       "",
		"a" + strings.Repeat("\U0010ffff", 17): "b",
		strings.Repeat("a", 15) + "\ud7ffzz":   strings.Repeat("a", 15) + "\ue000",
	} {
		got, ok := bound{text: true, bytes: []byte(text)}.upper()
		if string(got) != want || ok != (want != "") {
			t.Errorf("%q: upper bound %q, %v", text, got, ok)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		b := bound{text: true, bytes: []byte(text)}
		lower := b.lower()
		if bytes.Compare(lower, []byte(text)) > 0 || !utf8.Valid(lower) || utf8.RuneCount(lower) > boundLength {
			t.Errorf("%q: lower bound %q", text, lower)
		}
		if upper, ok := b.upper(); ok && (bytes.Compare(upper, []byte(text)) < 0 || !utf8.Valid(upper) || utf8.RuneCount(upper) > boundLength) {
			t.Errorf("%q: upper bound %q", text, upper)
		}
	})
}

// Five hundred tables are listed, and one of them loaded.
func BenchmarkFiveHundredTables(b *testing.B) {
	c := open(b)
	for i := range 500 {
		d := fees()
		d.ID = catalog.ID(fmt.Sprintf("fees_%d", i))
		publish(b, c, d, 0, rows)
	}
	tables := NewTables(c)
	ask := site(b, c)
	measure := func(name string, f func()) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				f()
			}
		})
	}
	measure("list", func() { ask("GET", Path+"/v1/namespaces/govdata/tables") })
	measure("load", func() { ask("GET", Path+"/v1/namespaces/govdata/tables/fees_1") })
	measure("load-first", func() { site(b, c)("GET", Path+"/v1/namespaces/govdata/tables/fees_1") })
	now, err := tables.table("fees_1")
	if err != nil {
		b.Fatal(err)
	}
	measure("manifest-first", func() {
		if _, err := writeManifest(&now.snapshots[0]); err != nil {
			b.Fatal(err)
		}
	})
}
