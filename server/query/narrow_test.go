package query

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"govdata/catalog/store"
)

// Questions for rows by their place are answered alike with and without the
// table of places: values that are there once, often, over many blocks, never,
// before the first and behind the last; missing ones come last.
func TestPlacesChangeNoAnswer(t *testing.T) {
	public := t.TempDir()
	const rows = 60_000
	value := func(i int) string { return fmt.Sprintf("兰罚〔2026〕%06d号", i) }
	paths := map[string]string{"bare": filepath.Join(public, "bare.duckdb"), "placed": filepath.Join(public, "placed.duckdb")}
	for name, path := range paths {
		db, err := sql.Open("duckdb", path)
		if err != nil {
			t.Fatal(err)
		}
		run := func(q string) {
			if _, err := db.Exec(q); err != nil {
				t.Fatal(err)
			}
		}
		// Every number thrice, 777 in ten blocks, and the last thousand missing.
		run(fmt.Sprintf(`CREATE TABLE data AS SELECT CASE WHEN i >= %[1]d - 1000 THEN NULL ELSE '兰罚〔2026〕' || lpad((CASE WHEN i BETWEEN 2331 AND 22000 THEN 777 ELSE i // 3 END)::VARCHAR, 6, '0') || '号' END AS no,
			i %% 7 AS kind, i AS n FROM range(%[1]d) t(i) ORDER BY no, n`, rows))
		if name == "placed" {
			db2, err := sql.Open("duckdb", "")
			if err != nil {
				t.Fatal(err)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			for _, q := range []string{"ATTACH " + store.Literal(path) + " AS release", store.PlacesSQL("release", "no"), "DETACH release"} {
				if _, err := db2.Exec(q); err != nil {
					t.Fatal(err)
				}
			}
			db2.Close()
		}
		db.Close()
	}
	s := newSite(t, func(o *PoolOptions) { o.PublicDir = public })
	ask := func(file string, r Request) [][]string {
		t.Helper()
		r.Resolve = func(context.Context, string) (Source, error) { return Source{Path: paths[file]}, nil }
		r.Deadline = 5 * time.Second
		q, err := s.pool.Query(t.Context(), r)
		if err != nil {
			t.Fatalf("%+v: %v", r, err)
		}
		defer q.Close()
		got, err := all(q)
		if err != nil {
			t.Fatalf("%+v: %v", r, err)
		}
		return got
	}
	random := rand.New(rand.NewPCG(1, 2))
	literal := func() string {
		switch random.IntN(8) {
		case 0:
			return store.Literal("")
		case 1:
			return store.Literal("龘")
		case 2:
			return store.Literal(value(777))
		case 3:
			return store.Literal(value(random.IntN(rows/3)) + "x")
		}
		return store.Literal(value(random.IntN(rows / 3)))
	}
	sizes := map[bool]int{}
	for range 30 {
		var where string
		switch random.IntN(6) {
		case 0:
			where = fmt.Sprintf("no BETWEEN %s AND %s", literal(), literal())
		case 1:
			where = fmt.Sprintf("%s <= no AND kind = 3 AND no < %s", literal(), literal())
		case 2:
			where = fmt.Sprintf("kind > 1 AND %s = t.no", literal())
		case 3:
			where = fmt.Sprintf("NO > %s AND no = %s", literal(), literal())
		case 4:
			where = fmt.Sprintf("no = %s OR no = %s", literal(), literal())
		default:
			where = "no = " + literal()
		}
		for _, r := range []Request{
			{SQL: "SELECT *, t.kind + 1 AS more FROM t WHERE " + where + " LIMIT 3000"},
			{SQL: "SELECT count(*), count(DISTINCT t.no), min(n), max(n) FROM t WHERE " + where},
			{SQL: "SELECT (SELECT count(*) FROM t) AS every, n FROM t WHERE " + where + " ORDER BY n LIMIT 20"},
			{SQL: "SELECT n, a.kind, b.kind AS m FROM t AS a JOIN t AS b USING (no, n) WHERE a.no = " + literal() + " ORDER BY ALL LIMIT 20"},
			{Rows: &RowsRequest{Table: "t", Where: where, Limit: 2000, Total: true}},
			{Rows: &RowsRequest{Table: "t", Where: where, Limit: 5, Total: true, Order: []OrderBy{{Field: "kind", Desc: true}}, Select: []string{"n", "no"}}},
			{Rows: &RowsRequest{Table: "t", Where: where, Select: []string{"t"}, Limit: 3}},
			{Rows: &RowsRequest{Table: "t", Where: where, Select: []string{"count(*)"}, GroupBy: []string{"kind"}}},
		} {
			bare, placed := ask("bare", r), ask("placed", r)
			if !reflect.DeepEqual(bare, placed) {
				t.Fatalf("%+v %+v:\nwithout places %.300v\nwith places %.300v", r, r.Rows, bare, placed)
			}
			sizes[len(bare) > 0]++
		}
	}
	if sizes[true] < 60 || sizes[false] < 20 {
		t.Errorf("answers with and without rows: %v", sizes)
	}
}

// Of a large file only the rows are read that can have the value.
func TestPlacesAreUsed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.duckdb")
	db, err := sql.Open("duckdb", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("CREATE TABLE data AS SELECT '兰罚〔2026〕' || lpad(i::VARCHAR, 8, '0') AS no, i AS n FROM range(1000000) t(i)"); err != nil {
		t.Fatal(err)
	}
	db.Close()
	d, err := openDuck(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range []string{"ATTACH " + store.Literal(path) + " AS release1", store.PlacesSQL("release1", "no")} {
		if err := d.exec(q); err != nil {
			t.Fatal(err)
		}
	}
	w := &worker{duck: d}
	for _, c := range []struct {
		where string
		want  string
	}{
		{"no = '兰罚〔2026〕00500000'", " WHERE rowid >= 499712 AND rowid < 501760 OFFSET 0"},
		{"no = '0'", " WHERE rowid >= 0 AND rowid < 0 OFFSET 0"},
		{"no = '龘'", " WHERE rowid >= 999424 AND rowid < 1001472 OFFSET 0"},
		{"no > '兰罚〔2026〕00990000' AND n = 3", " WHERE rowid >= 989184 AND rowid < 1001472 OFFSET 0"},
		{"no < '兰罚〔2026〕00990000'", ""}, // nearly all of them
		{"n = 5", ""},
		{"other = 'x'", ""},
		{"no = 'a' OR n = 1", ""},
		{"no LIKE '兰%'", ""},
	} {
		s, err := d.judge("SELECT * FROM t WHERE "+c.where, DefaultLimits, newNames())
		if err != nil {
			t.Fatal(err)
		}
		if got := w.narrow("release1", bounds(s.alone(), nil)); got != c.want {
			t.Errorf("%s: %q, want %q", c.where, got, c.want)
		}
	}
	for _, sql := range []string{
		"SELECT * FROM t TABLESAMPLE 10% WHERE no = 'a'", "SELECT * FROM t, t AS b WHERE t.no = 'a'", "WITH t AS (SELECT 1 AS no) SELECT * FROM t WHERE no = 'a'",
		"SELECT * FROM t WHERE no = 'a' UNION ALL SELECT * FROM t", "SELECT *, (SELECT count(*) FROM t) FROM t WHERE no = 'a'",
	} {
		s, err := d.judge(sql, DefaultLimits, newNames())
		if err != nil {
			t.Fatal(err)
		}
		if b := bounds(s.alone(), nil); b != nil {
			t.Errorf("%s reads more than the rows that pass the condition, but is narrowed by %v", sql, b)
		}
	}
}
