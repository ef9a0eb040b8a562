package query

import (
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"govdata/server/query/hostile"
)

// parser is a DuckDB of the test itself, set up as that of a worker.
var parser = sync.OnceValue(func() *duck {
	d, err := openDuck(map[string]string{"threads": "1", "storage_compatibility_version": "latest"})
	if err != nil {
		panic(err)
	}
	return d
})

// judged puts a statement through the gate.
func judged(sql string) (*statement, error) {
	return parser().judge(sql, DefaultLimits, newNames(sql))
}

// A DuckDB with functions that nobody has judged does not pass.
func TestEveryFunctionOfDuckDBIsJudged(t *testing.T) {
	text, err := os.ReadFile("testdata/refused_functions.txt")
	if err != nil {
		t.Fatal(err)
	}
	expressions, tables, found := strings.Cut(string(text), "# In FROM:")
	if !found {
		t.Fatal("the list of refused functions has lost its second part")
	}
	refusedScalars, refusedTables := set(uncomment(expressions)), set(uncomment(tables))
	rows, err := parser().rows("SELECT DISTINCT function_type, lower(function_name) FROM duckdb_functions() WHERE function_type <> 'pragma'", nil)
	if err != nil {
		t.Fatal(err)
	}
	exists := map[string]bool{}
	for _, row := range rows {
		kind, name := row[0], row[1]
		exists[name] = true
		allowed, refused := scalars[name] || aggregates[name], refusedScalars[name] || strings.HasPrefix(name, "icu_collate_")
		if strings.HasPrefix(kind, "table") {
			allowed, refused = tableFunctions[name], refusedTables[name]
		}
		if allowed == refused {
			t.Errorf("the %s function %s: allowed %v, refused %v", kind, name, allowed, refused)
		}
	}
	for _, list := range []map[string]bool{scalars, aggregates, tableFunctions, refusedScalars, refusedTables} {
		for name := range list {
			if !exists[name] {
				t.Errorf("the function %s does not exist in this DuckDB", name)
			}
		}
	}
}

// uncomment drops the lines that begin with #.
func uncomment(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "#") {
			b.WriteString(line)
		}
	}
	return b.String()
}

func TestTheGateFindsEveryTable(t *testing.T) {
	for _, tt := range []struct{ sql, tables string }{
		{"SELECT 1", ""},
		{"SELECT * FROM a, B, \"c@20260101-0123456789ab\" WHERE x IN (FROM d)", "a b c@20260101-0123456789ab d"},
		{"SELECT (SELECT max(x) FROM a), [x FOR x IN (SELECT list(y) FROM b)] FROM c ORDER BY (SELECT 1 FROM d)", "a b c d"},
		{"WITH a AS (FROM b), c AS (FROM a) SELECT * FROM c JOIN d USING (x)", "b d"},
		{"WITH a AS (FROM a) FROM a", "a"},
		{"SELECT * FROM (WITH a AS (FROM b) FROM a), a", "a b"},
		{"WITH RECURSIVE r AS (FROM a UNION ALL FROM r, b) FROM r", "a b"},
		{"FROM catalog.datasets, Catalog.Fields", "catalog.datasets catalog.fields"},
		{"FROM a SEMI JOIN b ON EXISTS (FROM c) UNION (VALUES (1), ((SELECT 1 FROM d)))", "a b c d"},
		{"FROM (PIVOT a ON x IN (1, 2) USING sum(y))", "a"},
		{"FROM a UNPIVOT (v FOR k IN (x, y))", "a"},
		{"SELECT sum((SELECT 1 FROM a)) OVER w FROM b WINDOW w AS (PARTITION BY (SELECT 1 FROM c)) QUALIFY EXISTS (FROM d) LIMIT (SELECT 1 FROM e)", "a b c d e"},
		{"FROM range((SELECT max(x)::BIGINT FROM a)) r, LATERAL (SELECT r.range, y FROM b)", "a b"},
		{"SELECT COLUMNS(c -> c IN (SELECT z FROM a)) FROM b", "a b"},
		{"SUMMARIZE a", "a"},
	} {
		s, err := judged(tt.sql)
		if err != nil {
			t.Errorf("%s: %v", tt.sql, err)
			continue
		}
		var names []string
		for name := range s.tables {
			names = append(names, name)
		}
		slices.Sort(names)
		if got := strings.Join(names, " "); got != tt.tables {
			t.Errorf("%s: got %s, want %s", tt.sql, got, tt.tables)
		}
	}
}

func TestTextIsBoundedBeforeItIsParsed(t *testing.T) {
	deep := strings.Repeat("(", 64) + "1" + strings.Repeat(")", 64)
	for _, tt := range []struct {
		name, sql string
		fault     string
	}{
		{"64 deep", "SELECT " + deep, ""},
		{"65 deep", "SELECT (" + deep + ")", "deep"},
		{"brackets in a string", "SELECT '" + strings.Repeat("(", 100) + "'", ""},
		{"a quote in a string", "SELECT 'it''s (((', (1)", ""},
		{"brackets in a quoted name", `SELECT 1 AS "` + strings.Repeat("[", 100) + `"`, ""},
		{"brackets in a comment", "SELECT 1 -- " + strings.Repeat("(", 100), ""},
		{"brackets in nested comments", "SELECT 1 /* /* ( */ ( */", ""},
		{"an escape string", `SELECT E'\'((', (1)`, ""},
		{"a name before a quote", `SELECT name'('`, ""},
		{"a dollar string", "SELECT $a$ ((( $a$, $1, ($2)", ""},
		{"brackets after a comment", "SELECT 1 -- x\n + " + strings.Repeat("(", 65), "deep"},
		{"closed before opened", "SELECT )(", "without"},
		{"never closed", "SELECT (1", "not closed"},
		{"16 KiB", "SELECT '" + strings.Repeat("x", 16<<10-9) + "'", ""},
		{"more", "SELECT '" + strings.Repeat("x", 16<<10-8) + "'", "at most"},
		{"empty", " \n", "empty"},
		{"NUL", "SELECT '\x00'", "NUL"},
		{"not UTF-8", "SELECT '\xff'", "UTF-8"},
	} {
		err := checkText(tt.sql, DefaultLimits)
		var e *SQLError
		switch {
		case tt.fault == "" && err != nil:
			t.Errorf("%s: %v", tt.name, err)
		case tt.fault != "" && (!errors.As(err, &e) || !strings.Contains(e.Message, tt.fault)):
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.fault)
		}
	}
}

// FuzzGate puts any text through the bounds, DuckDB's parser and the lists.
func FuzzGate(f *testing.F) {
	for sql := range hostile.Corpus("penalties", "FILE", "SECRET") {
		if len(sql) < 1000 {
			f.Add(sql)
		}
	}
	f.Fuzz(func(t *testing.T, sql string) {
		s, err := judged(sql)
		if (s == nil) == (err == nil) {
			t.Fatalf("neither let through nor refused, or both: %v", err)
		}
	})
}

// FuzzTree gives the gate trees that no parser made.
func FuzzTree(f *testing.F) {
	for _, sql := range []string{
		"SELECT a, count(*) FROM t JOIN u USING (x), range(3) WHERE b IN (SELECT 1) GROUP BY ALL ORDER BY 1 LIMIT 3",
		"WITH RECURSIVE c AS (SELECT 1 UNION ALL FROM c) SELECT sum(x) OVER (ORDER BY y) FROM c, catalog.datasets",
		"SELECT 1; SELECT 2", "COPY t TO 'x'", "SELCT", "SUMMARIZE t",
	} {
		rows, err := parser().rows("SELECT json_serialize_sql(CAST($1 AS VARCHAR))", map[string]any{"1": sql})
		if err != nil {
			f.Fatal(err)
		}
		f.Add([]byte(rows[0][0]))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		read, err := decodeTree(text)
		if err != nil {
			return
		}
		s, err := checkTree("SELECT 1", read, DefaultLimits, newNames(string(text)))
		if (s == nil) == (err == nil) {
			t.Fatalf("neither let through nor refused, or both: %v", err)
		}
		if s != nil {
			canonical(s.tree.Node)
		}
	})
}

// A type is judged wherever it can be named.
func TestTheTypeVariantIsRefused(t *testing.T) {
	for _, sql := range []string{"SELECT 1::VARIANT", "SELECT TRY_CAST(NULL AS STRUCT(a variant[])[2])", `SELECT CAST(1 AS "Variant")`, "SELECT variant '1'", "SELECT * FROM range(2) WHERE [1]::MAP(INT, VARIANT) IS NULL"} {
		_, err := judged(sql)
		if err == nil || !strings.Contains(err.Error(), "VARIANT is not available") {
			t.Errorf("%s: %v", sql, err)
		}
	}
	if _, err := judged("SELECT 'VARIANT', {'id': 'VARIANT'} AS variant"); err != nil {
		t.Error(err)
	}
}
