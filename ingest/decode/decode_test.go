package decode

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// record is a row as tests write it down.
type record struct {
	line  int64
	cells []string
}

// openBytes opens data as a file of the given name.
func openBytes(t testing.TB, name string, data []byte, o Options) (*Source, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "input")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	o.TempDir = t.TempDir()
	s, err := Open(path, name, o)
	t.Cleanup(func() {
		if s != nil {
			s.Close()
		}
		if left, err := os.ReadDir(o.TempDir); err != nil || len(left) > 0 {
			t.Errorf("left in the temporary directory: %v, %v", left, err)
		}
	})
	return s, err
}

// mustOpen is openBytes for a file that is in order.
func mustOpen(t testing.TB, name string, data []byte, o Options) *Source {
	t.Helper()
	s, err := openBytes(t, name, data, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// readAll reads a table up to its end or its fault.
func readAll(table Table) ([]record, error) {
	var rows []record
	for {
		row, err := table.Next()
		if errors.Is(err, io.EOF) {
			return rows, nil
		} else if err != nil {
			return rows, err
		}
		r := record{line: row.Line}
		for _, c := range row.Cells {
			r.cells = append(r.cells, string(c))
		}
		rows = append(rows, r)
	}
}

// rowsOf reads the one table of a file that is in order.
func rowsOf(t testing.TB, s *Source) []record {
	t.Helper()
	if len(s.Tables()) != 1 {
		t.Fatalf("%d tables, want 1", len(s.Tables()))
	}
	rows, err := readAll(s.Tables()[0])
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func wantRows(t testing.TB, got, want []record) {
	t.Helper()
	equal := func(a, b record) bool { return a.line == b.line && slices.Equal(a.cells, b.cells) }
	if !slices.EqualFunc(got, want, equal) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// wantRefusal checks a refusal: its category and that it says what, where and what to do.
func wantRefusal(t testing.TB, err, category error) *Error {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || !errors.Is(err, category) {
		t.Fatalf("got error %v, want a refusal as %q", err, category)
	}
	if e.File == "" || e.Found == "" || e.Do == "" {
		t.Errorf("the refusal is not complete: %+v", e)
	}
	return e
}
