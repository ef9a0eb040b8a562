package query

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// What DuckDB prints of a statement has the columns and the rows of the statement
// itself: for every part of SQL that the gate lets through.
func TestWhatIsPrintedMeansTheSame(t *testing.T) {
	d := bothWays(t)
	for _, sql := range []string{
		`CREATE TABLE memory.main.t AS SELECT * FROM (VALUES (1, 10, 'a', 1.5::DOUBLE, 1, 2, DATE '2026-01-01', {'p': 1, 'q': 'x'}, [1, 2, 3]),
			(2, 20, 'B', 2.5, 1, 2, '2026-01-02', {'p': 2, 'q': 'y'}, [2]), (3, NULL, 'b', NULL, 2, 1, '2026-01-03', NULL, []), (4, 40, NULL, 4.5, 3, 1, NULL, {'p': 4, 'q': NULL}, NULL)) AS v(id, x, y, z, a, b, d, s, l)`,
		`CREATE TABLE memory.main.u AS SELECT * FROM (VALUES (1, 'm', 5), (2, 'n', 6), (5, 'n', NULL)) AS v(a, c, k)`,
	} {
		if err := d.exec(sql); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile("testdata/printed.sql")
	if err != nil {
		t.Fatal(err)
	}
	for sql := range strings.Lines(string(text)) {
		sql = strings.TrimSpace(sql)
		want, err := resultOf(d, sql)
		if err != nil {
			t.Errorf("%s: %v", sql, err)
			continue
		}
		given := newNames(sql)
		s, err := d.judge(sql, DefaultLimits, given)
		if err != nil {
			t.Errorf("%s: %v", sql, err)
			continue
		}
		got, err := resultOf(d, asTables(given, s.text))
		// COLUMNS gives the whole name of a column to its expression.
		want[0] = strings.ReplaceAll(want[0], "memory.main.", "")
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s\nas written %q\nas run     %q %v\n%s", sql, want, got, err, s.text)
		}
		// What is printed is printed again as it is.
		again, err := d.judge(given.original(s.text), DefaultLimits, newNames(s.text))
		if err != nil {
			t.Errorf("%s\nprinted %s: %v", sql, s.text, err)
		} else if text := given.original(s.text); len(again.tables) != len(s.tables) {
			t.Errorf("%s\nprinted %s: other tables", sql, text)
		}
	}
}

// Names fold as DuckDB's do.
func TestNamesFoldAsDuckDBFoldsThem(t *testing.T) {
	d := bothWays(t)
	for _, name := range []string{"regions", "été", "straße", "ſ", "s", "\u212a", "k", "Σ", "İ", "Ａ", "区划", "ǅ"} {
		for _, other := range []string{strings.ToUpper(name), strings.ToLower(name), strings.ToTitle(name), name} {
			rows, err := d.rows(`WITH "`+name+`x" AS (SELECT 1) SELECT count(*) FROM "`+other+`x"`, nil)
			if same := folded(name) == folded(other); same != (err == nil && rows[0][0] == "1") {
				t.Errorf("%q and %q are the same: %v; to DuckDB %v %v", name, other, same, rows, err)
			}
		}
	}
}

func TestNamesFoldOutsideOfQuotesAlone(t *testing.T) {
	for sql, want := range map[string]string{
		`SELECT Name, "Name", 'Name', E'Na\'Me', $A$Name$A$ FROM T -- Name`: `select name, "Name", 'Name', E'Na\'Me', $A$Name$A$ from t -- Name`,
		`SELECT É, ſ, /* A */ A FROM B`:                                     `select É, ſ, /* A */ a from b`,
	} {
		if got := foldNames(sql); got != want {
			t.Errorf("%s\n got %s\nwant %s", sql, got, want)
		}
	}
}
