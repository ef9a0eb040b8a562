// Package enginetest holds every query.Engine to the same contract: scripts of
// questions and answers (scripts/*.txt, in the form that script.go tells), and
// what scripts cannot say.
package enginetest

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"testing"
	"time"

	"govdata/catalog"
	"govdata/server/query"
)

//go:embed scripts/*.txt
var scripts embed.FS

// Table is a release that an engine has to have.
type Table struct {
	Name    string
	Columns []Column
	// Rows hold texts in the notation of CSV files; nil is no value.
	Rows [][]*string
}

// Column is a field of a Table.
type Column struct {
	Name string
	Type catalog.Type
}

// Start makes an engine that has the tables, each as a release by its name, and
// says what names stand for. Unknown names are catalog.ErrNotFound. It is called
// once for each script.
type Start func(t *testing.T, tables []Table) (query.Engine, func(ctx context.Context, name string) (query.Source, error))

// Run holds an engine to the contract.
func Run(t *testing.T, start Start) {
	names, err := fs.Glob(scripts, "scripts/*.txt")
	if err != nil || len(names) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(strings.TrimPrefix(name, "scripts/"), ".txt"), func(t *testing.T) {
			text, err := scripts.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			s, err := parse(name, string(text))
			if err != nil {
				t.Fatal(err)
			}
			engine, resolve := start(t, s.tables)
			for _, c := range s.cases {
				t.Run(c.title, func(t *testing.T) { c.run(t, engine, resolve, s.tables) })
			}
		})
	}
	t.Run("beyond scripts", func(t *testing.T) {
		one := "1"
		engine, resolve := start(t, []Table{{Name: "things", Columns: []Column{{"id", catalog.TypeInteger}}, Rows: [][]*string{{&one}}}})
		beyond(t, engine, resolve)
	})
}

// endless is a question without an end, that needs time and no memory.
const endless = "SELECT count(*) FROM range(1000000) a, range(1000000) b, range(1000000) c WHERE a.range + b.range + c.range < 0"

// beyond tests time, size, faults of the catalog and what runs side by side.
func beyond(t *testing.T, e query.Engine, resolve func(context.Context, string) (query.Source, error)) {
	ask := func(ctx context.Context, r query.Request) error {
		if r.Resolve == nil {
			r.Resolve = resolve
		}
		q, err := e.Query(ctx, r)
		if err != nil {
			return err
		}
		defer q.Close()
		for q.Next() {
		}
		return q.Err()
	}
	t.Run("a deadline ends a question", func(t *testing.T) {
		began := time.Now()
		if err := ask(t.Context(), query.Request{SQL: endless, Deadline: 500 * time.Millisecond}); !errors.Is(err, catalog.ErrTimeout) {
			t.Errorf("got %v, want ErrTimeout", err)
		}
		if took := time.Since(began); took > 3*time.Second {
			t.Errorf("after %v", took)
		}
	})
	t.Run("a client that leaves frees what works for it", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(200*time.Millisecond, cancel)
		began := time.Now()
		if err := ask(ctx, query.Request{SQL: endless, Deadline: time.Minute}); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want Canceled", err)
		}
		if err := ask(t.Context(), query.Request{SQL: "SELECT 1"}); err != nil || time.Since(began) > 3*time.Second {
			t.Errorf("the next question: %v after %v", err, time.Since(began))
		}
	})
	t.Run("a result has a size", func(t *testing.T) {
		if err := ask(t.Context(), query.Request{SQL: "SELECT range, repeat('x', 1000) FROM range(1000000)", MaxBytes: 1 << 20}); !errors.Is(err, catalog.ErrTooLarge) {
			t.Errorf("got %v, want ErrTooLarge", err)
		}
	})
	t.Run("the catalog's errors come through", func(t *testing.T) {
		for _, want := range []error{catalog.ErrGone, catalog.ErrForbidden, catalog.ErrNotFound} {
			err := ask(t.Context(), query.Request{SQL: "SELECT * FROM things", Resolve: func(context.Context, string) (query.Source, error) {
				return query.Source{}, fmt.Errorf("things: %w", want)
			}})
			if !errors.Is(err, want) {
				t.Errorf("got %v, want %v", err, want)
			}
		}
	})
	t.Run("a closed result says nothing more", func(t *testing.T) {
		q, err := e.Query(t.Context(), query.Request{SQL: "SELECT * FROM range(10000000)", Resolve: resolve})
		if err != nil {
			t.Fatal(err)
		}
		q.Close()
		q.Close()
		if q.Next() || q.Err() == nil {
			t.Error("a result that was closed in its middle looks whole")
		}
	})
	t.Run("a text that breaks off is no end", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		q, err := e.Query(ctx, query.Request{SQL: "SELECT * FROM range(1000000000)", Text: &query.Text{Format: "csv"}, Deadline: time.Minute, Resolve: resolve})
		if err != nil {
			t.Fatal(err)
		}
		defer q.Close()
		if _, err := io.CopyN(io.Discard, q, 1<<20); err != nil {
			t.Fatal(err)
		}
		cancel()
		if _, err := io.Copy(io.Discard, q); err == nil {
			t.Error("it looks whole")
		}
	})
	t.Run("questions side by side do not see each other", func(t *testing.T) {
		failed := make(chan error, 16)
		for i := range 16 {
			go func() {
				q, err := e.Query(t.Context(), query.Request{SQL: "SELECT id + ? AS n FROM things", Params: []any{i}, User: fmt.Sprint(i), Resolve: resolve})
				if err == nil {
					defer q.Close()
					if !q.Next() {
						err = errors.Join(errors.New("no row"), q.Err())
					} else if got := q.RecordBatch().Column(0).ValueStr(0); got != fmt.Sprint(i+1) {
						err = fmt.Errorf("question %d got %s", i, got)
					}
				}
				failed <- err
			}()
		}
		for range 16 {
			if err := <-failed; err != nil {
				t.Error(err)
			}
		}
	})
}
