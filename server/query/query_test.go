package query

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	_ "github.com/duckdb/duckdb-go/v2"

	"govdata/catalog"
	"govdata/catalog/store"
	"govdata/export"
)

// The test binary is its own worker.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "worker" {
		if err := WorkerMain(context.Background(), os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if len(os.Args) > 1 && os.Args[1] == "liar" {
		lie(os.Args[2])
		os.Exit(0)
	}
	if len(os.Args) > 1 && os.Args[1] == "probe" {
		probe(os.Args[2:])
		os.Exit(0)
	}
	if len(os.Args) > 1 && os.Args[1] == "past" {
		if err := pastTheGate(os.Args[2]); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

const pinned = "penalties@20261123-3fa9c2d1e0b4"

// site is a small public folder with one release, and a pool over it.
type site struct {
	pool *Pool
	// file is the release that both names of the dataset stand for.
	file    string
	private string
}

func newSite(t testing.TB, tune func(*PoolOptions)) *site {
	t.Helper()
	dir := t.TempDir()
	public, private := filepath.Join(dir, "public"), filepath.Join(dir, "private")
	for _, d := range []string{public, private} {
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	s := &site{file: filepath.Join(public, "data.duckdb"), private: filepath.Join(private, "secret.csv")}
	if err := os.WriteFile(s.private, []byte("id_number\n11010519491231002X\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("duckdb", s.file)
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.Exec("CREATE TABLE " + store.Table + ` AS SELECT
		i::INTEGER AS id,
		'甘建罚〔2026〕' || i || '号' AS document,
		CASE WHEN i % 10 = 0 THEN NULL ELSE '6201' || lpad((i % 7)::VARCHAR, 2, '0') END AS region,
		DATE '2026-01-01' + (i % 90)::INTEGER AS decided_on,
		CASE WHEN i % 13 = 0 THEN NULL ELSE (i * 100.25)::DECIMAL(18,2) END AS amount
		FROM range(1, 1001) t(i)`)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	o := PoolOptions{Workers: 2, PublicDir: public, TempDir: dir, Limits: DefaultLimits}
	if testing.Verbose() {
		o.Log = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	o.Limits.MemoryMB = workerMB
	o.Limits.TempMB = 64
	if tune != nil {
		tune(&o)
	}
	s.pool, err = NewPool(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.pool.Close)
	return s
}

func (s *site) resolve(_ context.Context, name string) (Source, error) {
	switch name {
	case "penalties", pinned:
		return Source{Path: s.file}, nil
	case "catalog.datasets":
		b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema([]arrow.Field{
			{Name: "id", Type: arrow.BinaryTypes.String},
			{Name: "rows", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
			{Name: "updated", Type: arrow.FixedWidthTypes.Timestamp_us, Nullable: true},
		}, nil))
		b.Field(0).(*array.StringBuilder).AppendValues([]string{"penalties", "empty"}, nil)
		b.Field(1).(*array.Int64Builder).AppendValues([]int64{1000, 0}, []bool{true, false})
		b.Field(2).(*array.TimestampBuilder).AppendValues([]arrow.Timestamp{1764000000000000, 0}, []bool{true, false})
		return Source{Inline: b.NewRecordBatch()}, nil
	case "gone":
		return Source{}, fmt.Errorf("release was collected: %w", catalog.ErrGone)
	}
	return Source{}, fmt.Errorf("dataset %q: %w", name, catalog.ErrNotFound)
}

func (s *site) request(sql string) Request {
	return Request{SQL: sql, Resolve: s.resolve, Tables: func() []string { return []string{"penalties", "permits"} }, Deadline: 2 * time.Second}
}

// all reads a result to its end, as text.
func all(q Result) ([][]string, error) {
	var rows [][]string
	for q.Next() {
		b := q.RecordBatch()
		for i := range int(b.NumRows()) {
			row := make([]string, b.NumCols())
			for j, c := range b.Columns() {
				row[j] = c.ValueStr(i)
			}
			rows = append(rows, row)
		}
	}
	return rows, q.Err()
}

func (s *site) ask(ctx context.Context, r Request) ([][]string, error) {
	q, err := s.pool.Query(ctx, r)
	if err != nil {
		return nil, err
	}
	defer q.Close()
	return all(q)
}

func TestASelectAnswers(t *testing.T) {
	s := newSite(t, nil)
	for _, tt := range []struct {
		name, sql string
		want      string
	}{
		{"count", "SELECT count(*) FROM penalties", "1000"},
		{"pinned release", `SELECT count(*) FROM "` + pinned + `" WHERE id <= 10`, "10"},
		{"two names of one file", `SELECT count(*) FROM penalties a JOIN "` + pinned + `" b USING (id)`, "1000"},
		{"names in any case", "select COUNT(*) from Penalties", "1000"},
		{"exact decimals", "SELECT sum(amount) FROM penalties WHERE id < 13", "7819.5"},
		{"text in Chinese", "SELECT document FROM penalties WHERE id = 7", "甘建罚〔2026〕7号"},
		{"schema catalog", "SELECT rows FROM catalog.datasets WHERE id = 'penalties'", "1000"},
		{"common table expression", "WITH x AS (SELECT id FROM penalties WHERE id < 4) SELECT sum(id) FROM x", "6"},
		{"named as its own table", "WITH penalties AS (SELECT id FROM penalties WHERE id < 4) SELECT sum(id) FROM penalties", "6"},
		{"recursion", "WITH RECURSIVE n AS (SELECT 1 i UNION ALL SELECT i+1 FROM n WHERE i < 10) SELECT sum(i) FROM n", "55"},
		{"window", "SELECT max(r) FROM (SELECT row_number() OVER (ORDER BY amount DESC NULLS LAST) r FROM penalties)", "1000"},
		{"table function", "SELECT sum(range) FROM range(4)", "6"},
		{"lambda", "SELECT list_sum(list_transform([1, 2], lambda x: x * 10))", "30"},
		{"describe", "SELECT count(*) FROM (DESCRIBE penalties)", "5"},
		{"pivot", "SELECT count(*) FROM (PIVOT penalties ON region IN ('620101', '620102') USING count(*) GROUP BY decided_on)", "90"},
		{"no rows", "SELECT id FROM penalties WHERE id < 0", ""},
		{"a column twice", "SELECT id, id FROM penalties WHERE id = 1", "1"},
		{"trailing semicolon and comment", "SELECT 1; -- done", "1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rows, err := s.ask(t.Context(), s.request(tt.sql))
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if len(rows) > 0 {
				got = rows[0][0]
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestParametersAreBoundNotPasted(t *testing.T) {
	s := newSite(t, nil)
	for _, tt := range []struct {
		name   string
		sql    string
		params []any
		named  map[string]any
		want   string
		fails  bool
	}{
		{"positional", "SELECT count(*) FROM penalties WHERE id < $1 AND decided_on > $2", []any{11, "2026-01-05"}, nil, "6", false},
		{"question marks", "SELECT count(*) FROM penalties WHERE id < ?", []any{int64(11)}, nil, "10", false},
		{"named", "SELECT count(*) FROM penalties WHERE region = $region", nil, map[string]any{"region": "620101"}, "129", false},
		{"quotes stay text", "SELECT $1", []any{"'; DROP TABLE x; --"}, nil, "'; DROP TABLE x; --", false},
		{"number as text", "SELECT count(*) FROM penalties WHERE amount > $1", []any{"99000.5"}, nil, "12", false},
		{"null and bool", "SELECT $1 IS NULL AND $2", []any{nil, true}, nil, "true", false},
		{"one is missing", "SELECT $1 + $2", []any{1}, nil, "", true},
		{"one too many", "SELECT $1", []any{1, 2}, nil, "", true},
		{"too much text", "SELECT $1", []any{strings.Repeat("x", 16<<10)}, nil, "", true},
		{"a list", "SELECT $1", []any{[]int{1}}, nil, "", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := s.request(tt.sql)
			r.Params, r.Named = tt.params, tt.named
			rows, err := s.ask(t.Context(), r)
			if tt.fails {
				if !errors.Is(err, catalog.ErrInvalid) {
					t.Fatalf("got %v, want ErrInvalid", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if rows[0][0] != tt.want {
				t.Errorf("got %q, want %q", rows[0][0], tt.want)
			}
		})
	}
}

func TestErrorsSayWhereAndWhatElse(t *testing.T) {
	s := newSite(t, nil)
	for _, tt := range []struct {
		name, sql string
		line, col int
		message   string
		hint      string
		category  error
	}{
		{"column", "SELECT id,\n  regoin FROM penalties", 2, 3, `no column "regoin"`, `"region"`, catalog.ErrInvalid},
		{"table", "SELECT *\nFROM penaltis", 2, 6, `no table "penaltis"`, `"penalties"`, catalog.ErrNotFound},
		{"function", "SELECT 甘, lenght('a')", 1, 11, "lenght", `"length"`, catalog.ErrInvalid},
		{"syntax", "SELECT id FRM penalties WHERE", 1, 15, "syntax error", "", catalog.ErrInvalid},
		{"types", "SELECT sum(document) FROM penalties", 1, 8, "sum(VARCHAR)", "sum(", catalog.ErrInvalid},
		{"conversion", "SELECT CAST('x' AS INTEGER)", 1, 8, "'x'", "", catalog.ErrInvalid},
		{"schema", "SELECT * FROM main.penalties", 0, 0, "main.penalties", "catalog", catalog.ErrNotFound},
		{"collected", "SELECT * FROM gone", 0, 0, "", "", catalog.ErrGone},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := s.ask(t.Context(), s.request(tt.sql))
			if !errors.Is(err, tt.category) {
				t.Fatalf("got %v, want %v", err, tt.category)
			}
			var e *SQLError
			if !errors.As(err, &e) {
				if tt.message != "" {
					t.Fatalf("%T %v is no SQLError", err, err)
				}
				return
			}
			if e.Line != tt.line || e.Col != tt.col || !strings.Contains(e.Message, tt.message) || !strings.Contains(e.Hint, tt.hint) {
				t.Errorf("got %d:%d %q (%q)", e.Line, e.Col, e.Message, e.Hint)
			}
		})
	}
}

func TestARowLimitMarksTheResultTruncated(t *testing.T) {
	s := newSite(t, nil)
	for _, tt := range []struct {
		sql       string
		max       int64
		rows      int
		truncated bool
	}{
		{"SELECT id FROM penalties", 10, 10, true},
		{"SELECT id FROM penalties", 1000, 1000, false},
		{"SELECT id FROM penalties", 0, 1000, false},
		{"SELECT * FROM range(10000000)", 5000, 5000, true},
	} {
		r := s.request(tt.sql)
		r.MaxRows = tt.max
		q, err := s.pool.Query(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := all(q)
		if err != nil || len(rows) != tt.rows || q.Truncated() != tt.truncated {
			t.Errorf("%s, at most %d: %d rows, truncated %v, %v", tt.sql, tt.max, len(rows), q.Truncated(), err)
		}
		q.Close()
	}
}

func TestAnEndlessResultEndsAtItsByteLimit(t *testing.T) {
	s := newSite(t, nil)
	r := s.request("SELECT range, repeat('x', 1000) FROM range(1000000000)")
	r.MaxBytes = 16 << 20
	q, err := s.pool.Query(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	if _, err := all(q); !errors.Is(err, catalog.ErrTooLarge) {
		t.Errorf("got %v, want ErrTooLarge", err)
	}
}

// What the worker writes itself ends as records do: whole, cut, too large, too
// late, or with the failure alone.
func TestATextEndsAsRecordsDo(t *testing.T) {
	s := newSite(t, func(o *PoolOptions) { o.Workers = 1 })
	text := func(format string) *Text { return &Text{Format: format} }
	for _, tt := range []struct {
		what, sql string
		text      *Text
		max       int64
		want      string
		rows      int64
		truncated bool
	}{
		{"CSV", "SELECT range AS n, CASE WHEN range = 0 THEN NULL ELSE '甲,' || range END AS t FROM range(2)", text("csv"), 0, "n,t\n0,\n1,\"甲,1\"\n", 2, false},
		{"a cut", "SELECT * FROM range(9)", text("jsonl"), 2, "{\"range\":0}\n{\"range\":1}\n", 2, true},
		{"nothing", "SELECT 1 AS n WHERE false", text("jsonl"), 0, "", 0, false},
		{"columns alone", "SELECT 1 AS n WHERE false", text("csv"), 0, "n\n", 0, false},
		{"a byte order mark", "SELECT 1 AS n", &Text{Format: "csv", Options: export.Options{BOM: true}}, 0, "\ufeffn\n1\n", 1, false},
	} {
		r := s.request(tt.sql)
		r.Text, r.MaxRows = tt.text, tt.max
		q, err := s.pool.Query(t.Context(), r)
		if err != nil {
			t.Fatal(tt.what, err)
		}
		got, err := io.ReadAll(q)
		if err != nil || string(got) != tt.want || q.Rows() != tt.rows || q.Truncated() != tt.truncated {
			t.Errorf("%s: %q, %d rows, truncated %v, %v", tt.what, got, q.Rows(), q.Truncated(), err)
		}
		q.Close()
	}
	for _, tt := range []struct {
		sql      string
		deadline time.Duration
		bytes    int64
		want     error
	}{
		{"SELECT error('早')", time.Second, 0, catalog.ErrInvalid},
		{"SELECT CASE WHEN range = 2000000 THEN error('late') ELSE 'x' END FROM range(4000000)", 5 * time.Second, 0, catalog.ErrInvalid},
		{"SELECT * FROM range(100000000000)", 500 * time.Millisecond, 0, catalog.ErrTimeout},
		{"SELECT * FROM range(100000000000)", 20 * time.Second, 16 << 20, catalog.ErrTooLarge},
	} {
		r := s.request(tt.sql)
		r.Text, r.Deadline, r.MaxBytes = text("csv"), tt.deadline, tt.bytes
		q, err := s.pool.Query(t.Context(), r)
		if err == nil {
			_, err = io.Copy(io.Discard, q)
			q.Close()
		}
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.sql, err, tt.want)
		}
	}
}

func TestPagesHoldEveryRowOnce(t *testing.T) {
	s := newSite(t, nil)
	for _, tt := range []struct {
		name string
		rows RowsRequest
		// sql gives the same rows in the same order at once.
		sql string
	}{
		{"file order", RowsRequest{Limit: 400}, "SELECT * FROM penalties"},
		{"filter", RowsRequest{Where: "region = '620101' OR region IS NULL", Limit: 100}, "SELECT * FROM penalties WHERE region = '620101' OR region IS NULL"},
		{"order with nulls and ties", RowsRequest{Order: []OrderBy{{"region", false}, {"amount", true}}, Limit: 300},
			"SELECT * FROM penalties ORDER BY region NULLS LAST, amount DESC NULLS LAST, id"},
		{"descending with nulls", RowsRequest{Select: []string{"id", "upper(region) AS region"}, Order: []OrderBy{{"region", true}}, Limit: 301},
			"SELECT id, region FROM penalties ORDER BY region DESC NULLS LAST, id"},
		{"by an expression", RowsRequest{Select: []string{"id"}, Order: []OrderBy{{"month(decided_on)", true}, {"id % 3 -- modulo", false}}, Limit: 350},
			"SELECT id FROM penalties ORDER BY month(decided_on) DESC, id % 3, id"},
		{"groups", RowsRequest{GroupBy: []string{"region", "month(decided_on)"}, Select: []string{"region", "count(*) AS n"}, Order: []OrderBy{{"n", true}}, Limit: 10},
			"SELECT region, count(*) AS n FROM penalties GROUP BY region, month(decided_on) ORDER BY n DESC NULLS LAST, region, month(decided_on)"},
		{"other tables", RowsRequest{Where: "id IN (SELECT id + 1 FROM penalties)", Limit: 600}, "SELECT * FROM penalties WHERE id > 1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want, err := s.ask(t.Context(), s.request(tt.sql))
			if err != nil {
				t.Fatal(err)
			}
			tt.rows.Table = "penalties"
			tt.rows.Total = true
			var got [][]string
			for pages := 0; pages < 20; pages++ {
				r := s.request("")
				r.Rows = &tt.rows
				q, err := s.pool.Query(t.Context(), r)
				if err != nil {
					t.Fatal(err)
				}
				rows, err := all(q)
				q.Close()
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, rows...)
				if total := q.Total(); total == nil || *total != int64(len(want)) {
					t.Fatalf("total %v, want %d", total, len(want))
				}
				if q.Truncated() != (q.NextAfter() != nil) {
					t.Fatal("a page is truncated exactly if there is a next one")
				}
				if tt.rows.After = q.NextAfter(); tt.rows.After == nil {
					break
				}
			}
			if !slices.EqualFunc(got, want, slices.Equal) {
				t.Errorf("the pages hold %d rows, or others, than the %d of %s", len(got), len(want), tt.sql)
			}
		})
	}
}

// A worker reads a file with several threads; nobody may see that.
func TestPagesKeepTheOrderOfALargeFile(t *testing.T) {
	s := newSite(t, nil)
	large := filepath.Join(filepath.Dir(s.file), "large.duckdb")
	db, err := sql.Open("duckdb", large)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("CREATE TABLE data AS SELECT i AS id, hash(i) % 10 AS kind FROM range(600000) t(i)"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	rows := RowsRequest{Table: "large", Where: "kind < 7", Limit: 150_000}
	last, count := int64(-1), 0
	for {
		q, err := s.pool.Query(t.Context(), Request{Rows: &rows, Deadline: 10 * time.Second, Resolve: func(context.Context, string) (Source, error) {
			return Source{Path: large}, nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		for q.Next() {
			for _, id := range q.RecordBatch().Column(0).(*array.Int64).Values() {
				if id <= last {
					t.Fatalf("row %d after row %d", id, last)
				}
				last = id
				count++
			}
		}
		q.Close()
		if q.Err() != nil {
			t.Fatal(q.Err())
		}
		if rows.After = q.NextAfter(); rows.After == nil {
			break
		}
	}
	if count < 410_000 || count > 430_000 {
		t.Errorf("%d rows", count)
	}
}

func TestTheSandboxOfThisMachineIsNamed(t *testing.T) {
	s := newSite(t, nil)
	said := s.pool.Sandbox()
	if runtime.GOOS == "linux" && !strings.Contains(said, "seccomp") || !strings.Contains(said, "landlock") {
		t.Errorf("%q", said)
	}
	t.Log(said)
}

func TestClosingThePoolEndsWhatRuns(t *testing.T) {
	s := newSite(t, nil)
	r := s.request("SELECT * FROM range(100000000000)")
	r.Deadline = 30 * time.Second
	q, err := s.pool.Query(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	s.pool.Close()
	if _, err := all(q); !errors.Is(err, catalog.ErrBusy) {
		t.Errorf("got %v, want ErrBusy", err)
	}
	if _, err := s.pool.Query(t.Context(), s.request("SELECT 1")); !errors.Is(err, catalog.ErrBusy) {
		t.Errorf("got %v, want ErrBusy", err)
	}
}

func TestRowsWantExpressionsAndNothingElse(t *testing.T) {
	s := newSite(t, nil)
	for _, r := range []RowsRequest{
		{Where: "1=1) UNION SELECT * FROM penalties WHERE (1=1"},
		{Where: "true ORDER BY 1"},
		{Where: "true; SELECT 1"},
		{Where: "id = 1, id"},
		{Where: "id FROM penalties"},
		{Where: "count(*) > 1"},
		{Where: ""},
		{Where: "read_text('/etc/passwd') = ''"},
		{Where: "id IN (SELECT 1 FROM read_csv('/etc/passwd'))"},
		{Where: "id IN (SELECT 1 FROM '/etc/passwd')"},
		{Where: "(id = 1"},
		{Where: "id = 1 /*"},
		{Where: "id = $1"},
		{Select: []string{"id FROM penalties --"}},
		{Select: []string{"DISTINCT id"}},
		{Select: []string{""}},
		{Order: []OrderBy{{"1", false}}},
		{Order: []OrderBy{{"id DESC, 2", false}}},
		{Order: []OrderBy{{Field: "id"}}, After: []any{"x"}},
		{Order: []OrderBy{{Field: "id"}}, After: []any{"x", "y"}},
		{Order: []OrderBy{{Field: "id"}}, After: []any{"x'; --", "1"}},
		{After: []any{"1 OR 1=1"}},
		{GroupBy: []string{"1"}},
		{GroupBy: []string{"ROLLUP (id)"}},
		{Table: "../private"},
	} {
		if r.Where == "" && r.Select == nil && r.Order == nil && r.After == nil && r.GroupBy == nil && r.Table == "" {
			continue
		}
		if r.Table == "" {
			r.Table = "penalties"
		}
		r.Limit = 10
		q := s.request("")
		q.Rows = &r
		if _, err := s.ask(t.Context(), q); !errors.Is(err, catalog.ErrInvalid) && !errors.Is(err, catalog.ErrNotFound) {
			t.Errorf("%+v: got %v, want ErrInvalid", r, err)
		}
	}
}

func TestCancellingFreesTheWorker(t *testing.T) {
	s := newSite(t, func(o *PoolOptions) { o.Workers = 1 })
	for _, sql := range []string{
		"SELECT count(*) FROM range(100000000000)",
		"SELECT * FROM range(100000000000)",
	} {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(300*time.Millisecond, cancel)
		r := s.request(sql)
		r.Deadline = 30 * time.Second
		begun := time.Now()
		_, err := s.ask(ctx, r)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want Canceled", err)
		}
		if took := time.Since(begun); took > 300*time.Millisecond+grace {
			t.Errorf("the worker was free after %v", took)
		}
		if rows, err := s.ask(t.Context(), s.request("SELECT 1")); err != nil || len(rows) != 1 {
			t.Errorf("the next query: %v", err)
		}
	}
}

func TestAKilledWorkerIsOneError(t *testing.T) {
	s := newSite(t, func(o *PoolOptions) { o.Workers = 1 })
	r := s.request("SELECT * FROM range(100000000000)")
	r.Deadline = 30 * time.Second
	q, err := s.pool.Query(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	q.Next()
	q.(*workerResult).worker.cmd.Process.Kill()
	if _, err := io.Copy(io.Discard, drain{q}); err == nil {
		t.Error("a result that broke off looks whole")
	}
	q.Close()
	if rows, err := s.ask(t.Context(), s.request("SELECT 1")); err != nil || len(rows) != 1 {
		t.Errorf("the next query: %v", err)
	}
	if got := s.pool.Stats().Crashed; got != 1 {
		t.Errorf("%d crashes counted, want 1", got)
	}
}

// drain reads a result for its error.
type drain struct{ q Result }

func (d drain) Read([]byte) (int, error) {
	if d.q.Next() {
		return 0, nil
	}
	if d.q.Err() != nil {
		return 0, d.q.Err()
	}
	return 0, io.EOF
}

func TestAFullQueueIsBusy(t *testing.T) {
	s := newSite(t, func(o *PoolOptions) { o.Workers, o.Queue, o.QueueWait = 1, 1, 300*time.Millisecond })
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	hold := s.request("SELECT * FROM range(100000000000)")
	hold.Deadline = 30 * time.Second
	q, err := s.pool.Query(ctx, hold)
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	var wait sync.WaitGroup
	for range 3 {
		wait.Go(func() {
			if _, err := s.ask(ctx, s.request("SELECT 1")); !errors.Is(err, catalog.ErrBusy) {
				t.Errorf("got %v, want ErrBusy", err)
			}
		})
	}
	wait.Wait()
}

// Pages by offset hold what pages by cursor hold, in any order, with filters and
// in groups.
func TestAnOffsetLeavesOutTheRowsBefore(t *testing.T) {
	s := newSite(t, nil)
	for name, rows := range map[string]RowsRequest{
		"the order of the file": {},
		"a filter":              {Where: "amount > 500"},
		"an order":              {Order: []OrderBy{{Field: "region", Desc: true}, {Field: "amount"}}},
		"groups":                {GroupBy: []string{"region", "decided_on"}, Select: []string{"region", "decided_on"}},
	} {
		ask := func(limit, offset int64) ([][]string, int64) {
			t.Helper()
			r := rows
			r.Table, r.Limit, r.Offset, r.Total = "penalties", limit, offset, true
			q, err := s.pool.Query(context.Background(), Request{Rows: &r, Resolve: s.resolve, Deadline: 5 * time.Second})
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			defer q.Close()
			total := *q.Total()
			got, err := all(q)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			return got, total
		}
		whole, total := ask(5000, 0)
		var pages [][]string
		for offset := int64(0); ; offset += 170 {
			page, n := ask(170, offset)
			if n != total || total != int64(len(whole)) {
				t.Fatalf("%s: total %d at %d, want %d", name, n, offset, len(whole))
			}
			if len(page) == 0 {
				break
			}
			pages = append(pages, page...)
		}
		if !slices.EqualFunc(pages, whole, slices.Equal) {
			t.Errorf("%s: %d rows by page, %d at once", name, len(pages), len(whole))
		}
	}
	for _, rows := range []RowsRequest{{Offset: -1}, {Offset: 1, After: []any{"1"}}} {
		rows.Table = "penalties"
		var e *SQLError
		if _, err := s.pool.Query(context.Background(), Request{Rows: &rows, Resolve: s.resolve, Deadline: time.Second}); !errors.As(err, &e) {
			t.Errorf("%+v: %v", rows, err)
		}
	}
}

func TestAQuestionMayMeanWhatItMeansToPostgreSQL(t *testing.T) {
	s := newSite(t, nil)
	for _, c := range []struct {
		sql            string
		postgres, here string
	}{
		{"SELECT 7 / 2 AS Half", "[[3]]", "[[3.5]]"},
		{"SELECT amount IS NULL FROM penalties ORDER BY amount DESC LIMIT 1", "[[true]]", "[[false]]"},
		{"SELECT amount IS NULL FROM penalties ORDER BY amount LIMIT 1", "[[false]]", "[[false]]"},
	} {
		for postgres, want := range map[bool]string{true: c.postgres, false: c.here} {
			r := s.request(c.sql)
			r.Postgres = postgres
			q, err := s.pool.Query(context.Background(), r)
			if err != nil {
				t.Fatalf("%s: %v", c.sql, err)
			}
			if name := q.Schema().Field(0).Name; strings.Contains(c.sql, "Half") && name != map[bool]string{true: "half", false: "Half"}[postgres] {
				t.Errorf("%s: the column is called %s", c.sql, name)
			}
			if got, err := all(q); err != nil || fmt.Sprint(got) != want {
				t.Errorf("%s, %v: found %v, %v", c.sql, postgres, got, err)
			}
			if q.Pinned() != "" && postgres {
				t.Errorf("%s: pinned as %s, which means something else", c.sql, q.Pinned())
			}
			q.Close()
		}
	}
}

func TestRowsCanHaveANumber(t *testing.T) {
	s := newSite(t, nil)
	r := s.request("SELECT * EXCLUDE (document, decided_on, amount) FROM penalties WHERE nr > 998 ORDER BY nr")
	r.Numbered = "nr"
	q, err := s.pool.Query(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	got, err := all(q)
	if err != nil || len(got) != 2 || got[0][0] != "999" || got[0][1] != "999" || got[1][0] != "1000" {
		t.Errorf("found %v, %v", got, err)
	}
}
