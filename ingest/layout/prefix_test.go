package layout_test

import (
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"govdata/ingest/decode"
	"govdata/ingest/layout"
)

// memory is a table of rows that are in memory.
type memory struct {
	rows   []decode.Row
	merges []decode.Range
	next   int
}

func (m *memory) Name() string           { return "" }
func (m *memory) Merges() []decode.Range { return m.merges }
func (m *memory) Next() (decode.Row, error) {
	if m.next == len(m.rows) {
		return decode.Row{}, io.EOF
	}
	m.next++
	return m.rows[m.next-1], nil
}

// firstRows reads the first rows of a file's first table.
func firstRows(t *testing.T, path string, n int) (*memory, bool) {
	t.Helper()
	s, err := decode.Open(path, filepath.Base(path), decode.Options{TempDir: t.TempDir()})
	if err != nil || len(s.Tables()) == 0 {
		return nil, false
	}
	defer s.Close()
	info := s.Info()
	if info.Headed() {
		return nil, false
	}
	table := s.Tables()[0]
	m := &memory{merges: table.Merges()}
	for len(m.rows) < n {
		r, err := table.Next()
		if err != nil {
			break
		}
		row := decode.Row{Line: r.Line}
		for _, c := range r.Cells {
			row.Cells = append(row.Cells, slices.Clone(c))
		}
		m.rows = append(m.rows, row)
	}
	return m, info.Format != "csv"
}

func planOf(m *memory, grid bool) (*layout.Plan, error) {
	m.next = 0
	b, err := layout.Open(m, layout.Options{File: "t", Grid: grid}).Next()
	if err != nil {
		return nil, err
	}
	return b.Plan(), nil
}

// The header of every real file is the same in every prefix of it that has a
// row, and with its rows in any order; or somebody is asked, or told that
// another line could be it.
func TestTheHeaderStaysInEveryPrefixAndShuffle(t *testing.T) {
	root := realdata(t, ".")
	tried, same, asked, unsure := 0, 0, 0, 0
	for _, folder := range []string{"cn", "world", "torture"} {
		files, err := os.ReadDir(filepath.Join(root, folder))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			m, grid := firstRows(t, filepath.Join(root, folder, f.Name()), 150)
			if m == nil {
				continue
			}
			whole, err := planOf(m, grid)
			if err != nil {
				continue // it is asked for, which another test holds
			}
			under := 0
			for i, r := range m.rows {
				if n := len(whole.Header); n > 0 && r.Line <= whole.Header[n-1] {
					under = i + 1
				}
			}
			check := func(what string, part *memory) {
				tried++
				p, err := planOf(part, grid)
				switch {
				case err != nil && errors.Is(err, io.EOF):
					t.Errorf("%s, %s: no table", f.Name(), what)
				case err != nil:
					asked++
				case slices.Equal(p.Header, whole.Header):
					same++
				case len(p.Doubts) > 0:
					asked++
				case p.Sure < 0.8 && len(p.Instead) > 0: // which the report says
					unsure++
				default:
					t.Errorf("%s, %s: the header is on %v, and on %v in the whole file (%.2f sure, or %v)", f.Name(), what, p.Header, whole.Header, p.Sure, p.Instead)
				}
			}
			for k := under + 1; k <= len(m.rows); k += 1 + k/12 {
				check("prefix", &memory{rows: m.rows[:k], merges: m.merges})
			}
			if len(m.merges) > 0 {
				continue // the cells that are merged would be others
			}
			random := rand.New(rand.NewPCG(20, 1))
			for range 12 {
				rows := slices.Clone(m.rows)
				tail := rows[under:]
				random.Shuffle(len(tail), func(i, j int) { tail[i], tail[j] = tail[j], tail[i] })
				for i := range tail {
					tail[i].Line = m.rows[under+i].Line
				}
				check("shuffle", &memory{rows: rows})
				check("shuffle and prefix", &memory{rows: rows[:min(len(rows), under+1+random.IntN(20))]})
			}
		}
	}
	t.Logf("%d prefixes and shuffles: %d the same, %d asked, %d unsure", tried, same, asked, unsure)
	if tried < 500 {
		t.Errorf("%d prefixes and shuffles are too few", tried)
	}
}
