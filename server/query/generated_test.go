package query

import (
	"bytes"
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
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"govdata/catalog"
	"govdata/catalog/store"
	"govdata/export"
)

// arena is a pool with short limits, and what it must hold for any statement.
type arena struct {
	*site
	files  map[string]string // by table name
	tables []generatedTable
	hashes map[string]string // by file
	// log is what the pool wrote of workers that broke off.
	log *lastLines
	// peak is the most memory that any worker was seen with, in bytes.
	peak func() int64
}

// generatedDeadline is what a generated statement gets; gone what its worker
// may take beyond it (TARGETS.md).
const (
	generatedDeadline = 400 * time.Millisecond
	gone              = 500 * time.Millisecond
)

// lastLines keeps the end of a log.
type lastLines struct {
	mu   sync.Mutex
	text []byte
}

func (l *lastLines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, p...)
	l.text = l.text[max(0, len(l.text)-64<<10):]
	return len(p), nil
}

func (l *lastLines) take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := string(l.text)
	l.text = nil
	return s
}

// newArena makes a pool over a release with every type that a field can have,
// or over the releases of the data directory that GOVDATA_TEST_DATA names.
func newArena(t testing.TB) *arena {
	a := &arena{files: map[string]string{}, hashes: map[string]string{}, log: &lastLines{}, peak: watchWorkers(t)}
	dir := os.Getenv("GOVDATA_TEST_DATA")
	a.site = newSite(t, func(o *PoolOptions) {
		o.Log = slog.New(slog.NewTextHandler(a.log, nil))
		o.Queue, o.QueueWait, o.UserQueue = 10_000, time.Minute, 10_000
		if dir != "" {
			o.PublicDir = filepath.Join(dir, "public")
		}
	})
	if dir != "" {
		a.published(t, dir)
	} else {
		a.made(t)
	}
	for _, file := range a.files {
		hash, _, err := catalog.HashFile(file)
		if err != nil {
			t.Fatal(err)
		}
		a.hashes[file] = hash
	}
	return a
}

func (a *arena) published(t testing.TB, dir string) {
	c, err := catalog.Open(dir, catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	all, err := c.All()
	if err != nil || len(all) == 0 {
		t.Fatalf("%s: %d releases, %v", dir, len(all), err)
	}
	kinds := map[catalog.Type]string{catalog.TypeText: "VARCHAR", catalog.TypeInteger: "BIGINT", catalog.TypeDate: "DATE", catalog.TypeTimestamp: "TIMESTAMP", catalog.TypeBoolean: "BOOLEAN"}
	for _, r := range all {
		g := generatedTable{name: string(r.Dataset.ID)}
		for _, f := range r.Dataset.Public() {
			kind := kinds[f.Type]
			if kind == "" {
				kind = "DECIMAL"
			}
			g.columns = append(g.columns, generatedColumn{f.Name, kind})
		}
		a.files[g.name] = r.StorePath()
		a.tables = append(a.tables, g)
	}
}

func (a *arena) made(t testing.TB) {
	file := filepath.Join(filepath.Dir(a.file), "wide.duckdb")
	db, err := sql.Open("duckdb", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("CREATE TABLE " + store.Table + ` AS SELECT i AS id, CASE WHEN i % 7 = 0 THEN NULL ELSE repeat('公', (i % 50)::INTEGER) || i END AS text,
		(i * 1.01)::DECIMAL(18,2) AS money, DATE '2000-01-01' + (i % 9000)::INTEGER AS day, TIMESTAMP '2000-01-01' + to_seconds(i) AS moment, i % 3 = 0 AS flag FROM range(20000) t(i)`); err != nil {
		t.Fatal(err)
	}
	a.files["penalties"], a.files["wide"] = a.file, file
	a.tables = []generatedTable{
		{"penalties", []generatedColumn{{"id", "BIGINT"}, {"document", "VARCHAR"}, {"region", "VARCHAR"}, {"decided_on", "DATE"}, {"amount", "DECIMAL"}}},
		{"wide", []generatedColumn{{"id", "BIGINT"}, {"text", "VARCHAR"}, {"money", "DECIMAL"}, {"day", "DATE"}, {"moment", "TIMESTAMP"}, {"flag", "BOOLEAN"}}},
	}
}

// verdict is what became of a statement.
type verdict struct {
	kind string // answer, fault, crash, timeout, too large, or broken
	took time.Duration
	// memory is the most that the worker had, in bytes.
	memory int64
	wrong  []string
}

// ask runs a statement, in the form that n chooses, and judges what happens.
func (a *arena) ask(ctx context.Context, statement string, n uint64) verdict {
	r := Request{SQL: statement, Deadline: generatedDeadline, MaxBytes: 16 << 20, Resolve: func(_ context.Context, name string) (Source, error) {
		if file := a.files[name]; file != "" {
			return Source{Path: file, Pinned: name + "@20261123-3fa9c2d1e0b4"}, nil
		}
		return Source{}, fmt.Errorf("dataset %q: %w", name, catalog.ErrNotFound)
	}}
	// What a worker writes itself, and what the server makes of its records.
	format := []string{"csv", "jsonl", "arrow", "parquet", "xlsx"}[n%5]
	if format == "csv" || format == "jsonl" {
		r.Text = &Text{Format: format}
	}
	var v verdict
	var q *workerResult
	err := checkRequest(r, a.pool.o.Limits)
	if err == nil {
		q, err = a.pool.attempt(ctx, r, false)
		if err != nil && q != nil && !q.heard { // as Pool.Query does
			q, err = a.pool.attempt(ctx, r, false)
		}
	}
	told := &bytes.Buffer{}
	ended := make(chan time.Duration, 1)
	if q != nil {
		go func() { <-q.worker.exited; ended <- time.Since(q.begun) }()
	}
	if err == nil {
		err = written(ctx, &firstBytes{told}, format, q)
	}
	if q != nil {
		q.Close()
		v.took = <-ended
		if usage, ok := q.worker.cmd.ProcessState.SysUsage().(*syscall.Rusage); ok && runtime.GOOS == "linux" {
			// Until it ran its own program it shared our memory, which counts. What is not
			// above that is left to the watch of unharmed.
			var ours syscall.Rusage
			if syscall.Getrusage(syscall.RUSAGE_SELF, &ours) == nil && usage.Maxrss > ours.Maxrss {
				v.memory = usage.Maxrss << 10
			}
		}
	}
	var fault *SQLError
	switch {
	case err == nil:
		v.kind = "answer"
	case errors.As(err, &fault), errors.Is(err, catalog.ErrInvalid):
		v.kind = "fault"
		if q != nil && q.died {
			v.kind = "crash" // of DuckDB's own, and told so
		}
		if strings.Contains(strings.ToLower(err.Error()), "internal error") {
			v.wrong = append(v.wrong, "an internal error of DuckDB is told: "+err.Error())
		}
	case errors.Is(err, catalog.ErrTimeout):
		v.kind = "timeout"
	case errors.Is(err, catalog.ErrTooLarge):
		v.kind = "too large"
	default:
		v.kind = "broken"
		v.wrong = append(v.wrong, "broken off: "+err.Error())
	}
	fmt.Fprint(told, err)
	own, _, _ := strings.Cut(strings.TrimPrefix(statement, "/* question-"), " ")
	for _, secret := range []string{filepath.Dir(a.file), a.private, "govdata-worker", "11010519491231002X", "root:", "question-", "release1.", os.Getenv("GOVDATA_TEST_DATA")} {
		text := told.String()
		if secret == "question-" {
			text = strings.ReplaceAll(text, secret+own, "")
		}
		if secret != "" && strings.Contains(text, secret) && !strings.Contains(strings.TrimPrefix(statement, "/* question-"), secret) {
			v.wrong = append(v.wrong, fmt.Sprintf("the answer tells %q: %.300s", secret, text))
		}
	}
	return v
}

// written reads an answer in a format to its end, as the server does.
func written(ctx context.Context, w io.Writer, format string, q *workerResult) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the %s writer panics: %v", format, p)
		}
	}()
	if q.request.Text != nil {
		_, err = io.Copy(w, q)
		return err
	}
	if _, err = export.Write(ctx, w, catalog.Format{Ext: format}, q, export.Meta{}, export.Options{}); err == nil {
		err = q.Err()
	}
	return err
}

// firstBytes keeps the beginning of what is written.
type firstBytes struct{ b *bytes.Buffer }

func (f *firstBytes) Write(p []byte) (int, error) {
	f.b.Write(p[:min(len(p), max(0, 1<<20-f.b.Len()))])
	return len(p), nil
}

// late reports whether a worker outlived its time. A busy machine may do that to
// any process; a statement that does it does it again.
func (a *arena) late(ctx context.Context, statement string, n uint64, v verdict) bool {
	for range 3 {
		if v.took <= generatedDeadline+gone {
			return false
		}
		v = a.ask(ctx, statement, n)
	}
	return v.took > generatedDeadline+gone
}

// judge adds what a verdict has against the limits.
func (a *arena) judge(ctx context.Context, statement string, n uint64) verdict {
	v := a.ask(ctx, statement, n)
	if a.late(ctx, statement, n, v) {
		v.wrong = append(v.wrong, fmt.Sprintf("the worker was gone after %v, and late again", v.took))
	}
	if limit := int64(a.pool.Limits().MemoryMB) << 20 * 5 / 4; v.memory > limit {
		v.wrong = append(v.wrong, fmt.Sprintf("the worker had %d MiB", v.memory>>20))
	}
	return v
}

// unharmed fails the test where a release is not what it was, or a worker had
// more memory than it may.
func (a *arena) unharmed(t *testing.T) {
	t.Helper()
	if limit := int64(a.pool.Limits().MemoryMB) << 20 * 5 / 4; a.peak() > limit {
		t.Errorf("a worker had %d MiB", a.peak()>>20)
	}
	for file, hash := range a.hashes {
		if now, _, err := catalog.HashFile(file); err != nil || now != hash {
			t.Errorf("%s changed: %v", file, err)
		}
	}
	if stats := a.pool.Stats(); stats.Running != 0 || stats.Waiting != 0 {
		time.Sleep(time.Second) // the last worker is being taken apart
		if stats = a.pool.Stats(); stats.Running != 0 || stats.Waiting != 0 {
			t.Errorf("workers are still taken: %+v", stats)
		}
	}
}

// Statements that nobody wrote are harmless too. The quick run takes 15 s at most;
// with GOVDATA_TEST_LONG set it takes half an hour, or as long as that says (2h),
// with the seed GOVDATA_TEST_SEED over the releases of GOVDATA_TEST_DATA, and GOVDATA_TEST_QUESTION the one statement to run again.
func TestGeneratedStatementsAreHarmless(t *testing.T) {
	if raceDetector {
		t.Skip("what a worker may use says nothing where it carries the race detector")
	}
	length, seed := 15*time.Second, uint64(1)
	most := uint64(400)
	if s := os.Getenv("GOVDATA_TEST_LONG"); s != "" {
		length, most = 30*time.Minute, 1<<62
		if d, err := time.ParseDuration(s); err == nil && d > 0 {
			length = d
		}
	}
	if s := os.Getenv("GOVDATA_TEST_SEED"); s != "" {
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatalf("GOVDATA_TEST_SEED=%s: want a number", s)
		}
	}
	a := newArena(t)
	if s := os.Getenv("GOVDATA_TEST_QUESTION"); s != "" {
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatalf("GOVDATA_TEST_QUESTION=%s: want a number", s)
		}
		statement := generate(seed, n, a.tables)
		t.Logf("%s\n%+v\n%s", statement, a.judge(t.Context(), statement, n), a.log.take())
		return
	}
	var (
		next     atomic.Uint64
		mu       sync.Mutex
		kinds    = map[string]int{}
		slowest  []time.Duration
		memory   int64
		findings int
		all      sync.WaitGroup
	)
	end := time.Now().Add(length)
	for range 2 {
		all.Go(func() {
			for time.Now().Before(end) {
				n := next.Add(1)
				if n > most {
					return
				}
				statement := generate(seed, n, a.tables)
				v := a.judge(t.Context(), statement, n)
				mu.Lock()
				kinds[v.kind]++
				memory = max(memory, v.memory)
				slowest = append(slowest, v.took)
				slices.SortFunc(slowest, func(a, b time.Duration) int { return int(b - a) })
				slowest = slowest[:min(5, len(slowest))]
				if len(v.wrong) > 0 {
					findings++
					t.Errorf("seed %d, statement %d: %s\n%.4000s\n%s", seed, n, strings.Join(v.wrong, "; "), statement, a.log.take())
				} else if v.kind == "crash" {
					t.Logf("seed %d, statement %d is a fault of DuckDB's own:\n%.4000s\n%.300s", seed, n, statement, a.log.take())
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	a.unharmed(t)
	t.Logf("%d statements of seed %d: %v; %d findings; the slowest workers %v; the largest %d MiB of %d; %+v",
		min(next.Load(), most), seed, kinds, findings, slowest, max(memory, a.peak())>>20, a.pool.Limits().MemoryMB, a.pool.Stats())
	if kinds["crash"] > 3+int(min(next.Load(), most)/500) {
		t.Errorf("so many faults of DuckDB's own are no chance: %v", kinds)
	}
	if kinds["answer"]+kinds["timeout"]+kinds["too large"] < kinds["fault"]/4 {
		t.Errorf("most statements are not even run: %v", kinds)
	}
}

// What a generated statement once found, in its smallest form: testdata/generated
// holds them with what they did. Each is asked often, as some of it was chance.
func TestWhatWasGeneratedBeforeIsHarmless(t *testing.T) {
	if raceDetector {
		t.Skip("what a worker may use says nothing where it carries the race detector")
	}
	a := newArena(t)
	files, err := filepath.Glob("testdata/generated/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for worker := range 2 {
			all.Go(func() {
				for n := range uint64(3) {
					if v := a.judge(t.Context(), string(text), 2*n+uint64(worker)); len(v.wrong) > 0 {
						t.Errorf("%s: %s\n%s", filepath.Base(file), strings.Join(v.wrong, "; "), a.log.take())
					}
				}
			})
		}
		all.Wait()
	}
	a.unharmed(t)
}

// Where DuckDB dies of a statement, its author is told that this is a fault of
// DuckDB's, and everybody else is answered.
func TestAFaultOfDuckDBIsToldAsSuch(t *testing.T) {
	s := newSite(t, nil)
	for _, sql := range []string{
		"SELECT lag(id, -9223372036854775808) OVER () FROM penalties",
		"SELECT lead(id, -9223372036854775808) OVER () FROM penalties",
		"SELECT json_structure((repeat('[', 100000) || repeat(']', 100000))::JSON)",
		"SELECT count(*) FROM penalties WHERE json_structure((repeat('{\"a\":', 100000) || '1' || repeat('}', 100000))::JSON) IS NULL",
	} {
		for _, text := range []*Text{nil, {Format: "csv"}} {
			r := s.request(sql)
			r.Text = text
			_, err := s.ask(t.Context(), r)
			var fault *SQLError
			if !errors.As(err, &fault) || !strings.Contains(fault.Message, "a fault of its own") || fault.Line != 0 {
				t.Errorf("%s: %v", sql, err)
			}
		}
		if rows, err := s.ask(t.Context(), s.request("SELECT count(*) FROM penalties")); err != nil || rows[0][0] != "1000" {
			t.Errorf("the next question: %v %v", rows, err)
		}
	}
}

// Of these types Arrow would carry DuckDB's own bytes, or a part of the value.
func TestAColumnThatNoFormatHoldsIsRefused(t *testing.T) {
	s := newSite(t, nil)
	for kind, value := range map[string]string{
		"BIT": "'101'::BIT", "TIMETZ": "'12:00:00+01'::TIMETZ", "BIGNUM": "'99'::BIGNUM", "GEOMETRY": "'POINT (1 2)'::GEOMETRY", "UNION": "union_value(a := 1)",
	} {
		for _, form := range []string{"%s", "[%s]", "{'x': [%s]}", "MAP {1: %s}"} {
			sql := "SELECT 1 AS id, " + fmt.Sprintf(form, value) + " AS odd"
			_, err := s.ask(t.Context(), s.request(sql))
			var fault *SQLError
			if !errors.As(err, &fault) || !strings.Contains(fault.Message, `"odd" is a `+kind) || fault.Hint != "CAST it to VARCHAR" {
				t.Errorf("%s: %v", sql, err)
			}
		}
		if rows, err := s.ask(t.Context(), s.request("SELECT CAST("+value+" AS VARCHAR) AS odd")); err != nil || rows[0][0] == "" {
			t.Errorf("%s as text: %v %v", kind, rows, err)
		}
	}
}
