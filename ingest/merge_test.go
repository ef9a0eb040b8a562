package ingest_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"govdata/catalog"
	"govdata/ingest"
)

// Rows that are appended or replaced stand where a sort of all rows would put
// them, however many ranges they are merged in.
func TestGrowingReleasesStayInOrder(t *testing.T) {
	for seed := range uint64(15) {
		rng := rand.New(rand.NewPCG(seed, 1))
		ingest.SetMergeRows(t, 1+rng.Int64N(60))
		d := &catalog.Dataset{ID: "growing", RejectLimit: 1, Fields: []catalog.Field{
			field("a", catalog.TypeText, true), field("b", catalog.TypeInteger, false), field("c", catalog.TypeText, false)}}
		mode := catalog.Append
		if seed%4 > 0 {
			d.Key = []string{"a"}
			mode = []catalog.Mode{catalog.Append, catalog.Upsert}[seed%2]
		}
		if seed%3 > 0 {
			d.Sort = []string{"b"}
		}
		s := newShelf(t)
		type row struct {
			a string
			b int // 0: none
			c int
		}
		var want []row
		for file := range 3 {
			taken := map[string]bool{}
			var text strings.Builder
			text.WriteString("a,b,c\n")
			var sent []row
			for range 1 + rng.IntN(150) {
				r := row{a: fmt.Sprintf("x%03d", rng.IntN(300)), b: rng.IntN(12), c: rng.IntN(1000)}
				if len(d.Key) > 0 && taken[r.a] {
					continue
				}
				if mode == catalog.Append && len(d.Key) > 0 && slices.ContainsFunc(want, func(o row) bool { return o.a == r.a }) {
					continue
				}
				taken[r.a] = true
				sent = append(sent, r)
				b := ""
				if r.b > 0 {
					b = fmt.Sprint(r.b)
				}
				fmt.Fprintf(&text, "%s,%s,%d\n", r.a, b, r.c)
			}
			if len(sent) == 0 {
				continue
			}
			if file == 2 && seed%5 == 0 && len(d.Sort) > 0 {
				d.Sort = []string{"c"} // the release before stands in another order
			}
			if mode == catalog.Upsert {
				want = slices.DeleteFunc(want, func(o row) bool { return taken[o.a] })
			}
			want = append(want, sent...)
			slices.SortStableFunc(want, func(x, y row) int {
				for _, name := range append(slices.Clone(d.SortKey()), d.Key...) {
					n := 0
					switch name {
					case "a":
						n = cmp.Compare(x.a, y.a)
					case "b":
						n = cmp.Compare((x.b+12)%13, (y.b+12)%13) // those without a value last
					case "c":
						n = cmp.Compare(fmt.Sprint(x.c), fmt.Sprint(y.c))
					}
					if n != 0 {
						return n
					}
				}
				return 0
			})
			r, _, err := s.try(d, text.String(), mode)
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			var lines []string
			for _, r := range want {
				lines = append(lines, strings.ReplaceAll(fmt.Sprintf("%s %d %d", r.a, r.b, r.c), " 0 ", " - "))
			}
			if got := s.rows(r, "SELECT a, coalesce(b::VARCHAR, '-'), c FROM data"); got != strings.Join(lines, "\n") {
				t.Fatalf("seed %d, file %d, %s, key %v, sort %v: got\n%s\nwant\n%s", seed, file, mode, d.Key, d.Sort, got, strings.Join(lines, "\n"))
			}
		}
	}
}

// Neither part of a growing release has to fit in memory, nor both together,
// whichever is the larger.
func TestGrowingReleasesNeedLittleMemory(t *testing.T) {
	const memory = 48 // MB
	d := &catalog.Dataset{ID: "growing", Key: []string{"no"}, RejectLimit: 1, Fields: []catalog.Field{field("no", catalog.TypeText, true)}}
	for i := range 6 {
		d.Fields = append(d.Fields, field(fmt.Sprintf("t%d", i), catalog.TypeText, false))
	}
	dir := t.TempDir()
	file := func(name string, from, to int) string {
		var text strings.Builder
		text.WriteString("no,t0,t1,t2,t3,t4,t5\n")
		for i := from; i < to; i++ {
			h := uint64(i) * 0x9e3779b97f4a7c15
			fmt.Fprintf(&text, "K%010d,%s%x", h%1e10, name, h)
			for j := range 5 {
				fmt.Fprintf(&text, ",说明文字之%d_%x", j, h>>j)
			}
			text.WriteByte('\n')
		}
		path := filepath.Join(dir, name+".csv")
		if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const n = 100_000
	s := newShelf(t)
	for _, c := range []struct {
		name     string
		mode     catalog.Mode
		from, to int
		rows     int64
	}{
		{"first", catalog.Replace, 0, n, n},
		{"little", catalog.Append, n, n + 2000, n + 2000},
		{"changed", catalog.Upsert, n - 1000, n + 3000, n + 3000},
		{"much", catalog.Append, n + 3000, 2 * n, 2 * n},
		{"all", catalog.Upsert, 0, 2 * n, 2 * n},
		{"small", catalog.Replace, 0, 1000, 1000},
		{"larger", catalog.Append, 1000, n, n},
	} {
		r, report, err := s.file(d, file(c.name, c.from, c.to), ingest.Options{Mode: c.mode, MemoryMB: memory, Accept: []string{"rows"}})
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if r.Rows != c.rows || report.Rejected > 0 {
			t.Errorf("%s: %d rows, %d rejected, want %d", c.name, r.Rows, report.Rejected, c.rows)
		}
		if got := s.rows(r, "SELECT count(*) FROM (SELECT no, lag(no) OVER (ORDER BY rowid) AS last FROM data) WHERE no < last"); got != "0" {
			t.Errorf("%s: %s rows stand before the row above them", c.name, got)
		}
	}
}
