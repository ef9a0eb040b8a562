package query

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	duckdb "github.com/duckdb/duckdb-go-bindings"

	"govdata/catalog"
	"govdata/catalog/store"
	"govdata/export"
)

// The names that datasets have in these tests: what DuckDB has views of its own
// for, and what Go takes for another name.
var datasetNames = []string{"regions", "s", "k", "duckdb_databases", "duckdb_settings", "sqlite_master", "pg_class", "data", "catalog"}

// bothWays is a DuckDB that has the datasets as tables, so that a statement can be
// run as its author wrote it and as the gate gave it.
func bothWays(t testing.TB) *duck {
	t.Helper()
	d, err := openDuck(map[string]string{"threads": "1", "storage_compatibility_version": "latest", "memory_limit": "1GB"})
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range datasetNames {
		if err := d.exec(fmt.Sprintf("CREATE TABLE memory.main.%s AS SELECT range + %d AS n, %s AS src FROM range(2)", store.Ident(name), i, store.Literal(name))); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// resultOf is the result of a statement: its columns, and its rows without their
// order.
func resultOf(d *duck, sql string) ([]string, error) {
	// Some recursive ones have no end.
	defer time.AfterFunc(2*time.Second, func() { duckdb.Interrupt(d.conn) }).Stop()
	c, err := d.open(sql, nil)
	if err != nil {
		return nil, err
	}
	defer c.close()
	var lines []string
	for {
		batch, err := c.next(math.MaxInt64)
		if err != nil {
			return nil, err
		}
		if batch == nil {
			slices.Sort(lines)
			return append([]string{c.schema.String()}, lines...), nil
		}
		texts := export.Texts(batch)
		for i := range int(batch.NumRows()) {
			line := ""
			for j := range int(batch.NumCols()) {
				text, null := texts(i, j)
				line += fmt.Sprint(text, null, "\x1f")
			}
			lines = append(lines, line)
		}
		batch.Release()
	}
}

// asTables is the gate's text with the datasets under their own names.
func asTables(n *names, text string) string {
	return n.replace(text, func(g given, name string) string {
		if g.isTable {
			return "memory.main." + store.Ident(g.original)
		}
		return name
	})
}

// boundTables are the tables that DuckDB reads for a statement, and what else it
// reads: the functions behind views.
func boundTables(d *duck, sql string) (map[string]bool, error) {
	rows, err := d.rows("EXPLAIN (FORMAT json) "+sql, nil)
	if err != nil {
		return nil, err
	}
	bound := map[string]bool{}
	var walk func([]operator)
	walk = func(all []operator) {
		for _, o := range all {
			walk(o.Children)
			var text string
			if json.Unmarshal(o.Info["Table"], &text) == nil && text != "" {
				bound[text] = true
			} else if json.Unmarshal(o.Info["Function"], &text) == nil {
				bound[strings.ToLower(text)+"()"] = true
			} else if strings.HasPrefix(o.Name, "DUCKDB_") || strings.HasPrefix(o.Name, "PRAGMA_") {
				bound[strings.ToLower(o.Name)+"()"] = true
			}
		}
	}
	for _, row := range rows {
		var plan []operator
		if err := json.Unmarshal([]byte(row[1]), &plan); err != nil {
			return nil, err
		}
		walk(plan)
	}
	return bound, nil
}

// scopes writes statements that are about names: common table expressions that
// hide each other and the datasets, in all places, spelt in all ways.
type scopes struct {
	*rand.Rand
	// ctes are names that common table expressions were given, anywhere.
	ctes  []string
	depth int
	words int
}

// spelt is a name in another spelling, mostly of the same name.
func (g *scopes) spelt(name string) string {
	switch g.IntN(12) {
	case 0:
		name = strings.ToUpper(name)
	case 1:
		first := []rune(name)
		first[0] = unicode.ToUpper(first[0])
		name = store.Ident(string(first))
	case 2:
		name = store.Ident(name)
	case 3:
		// Other letters, to DuckDB, but the same after Unicode case folding.
		name = store.Ident(strings.NewReplacer("s", "ſ", "k", "\u212a").Replace(name))
	}
	return name
}

func (g *scopes) anyName() string {
	if len(g.ctes) > 0 && g.IntN(2) == 0 {
		return g.spelt(g.ctes[g.IntN(len(g.ctes))])
	}
	return g.spelt(datasetNames[g.IntN(len(datasetNames))])
}

// query gives the columns n and src.
func (g *scopes) query() string {
	g.depth++
	defer func() { g.depth-- }()
	g.words++
	if g.depth > 4 || g.words > 14 {
		return g.selected()
	}
	switch g.IntN(7) {
	case 0, 1, 2:
		return g.with()
	case 3:
		return "(" + g.query() + ") " + []string{"UNION ALL", "UNION", "EXCEPT", "INTERSECT", "UNION ALL BY NAME"}[g.IntN(5)] + " (" + g.query() + ")"
	}
	return g.selected()
}

func (g *scopes) with() string {
	recursive := g.IntN(2) == 0
	words := "WITH "
	if recursive {
		words = "WITH RECURSIVE "
	}
	var all []string
	outer := len(g.ctes)
	taken := map[string]bool{}
	for range 1 + g.IntN(3) {
		name := g.anyName()
		for taken[folded(strings.Trim(name, `"`))] {
			name = g.anyName()
		}
		taken[folded(strings.Trim(name, `"`))] = true
		body := ""
		columns := []string{"", "(n, src)"}[g.IntN(2)]
		how := []string{" AS ", " AS ", " AS MATERIALIZED ", " AS NOT MATERIALIZED "}[g.IntN(4)]
		bare := strings.Trim(name, `"`)
		switch {
		case recursive && g.IntN(2) == 0:
			self := []string{name, g.spelt(bare)}[g.IntN(2)]
			from := []string{self + " AS x", "(SELECT * FROM " + self + ") AS x", self + " AS x SEMI JOIN " + g.anyName() + " AS y ON true"}[g.IntN(3)]
			body = "(" + g.query() + ") UNION " + []string{"ALL ", ""}[g.IntN(2)] + "SELECT x.n + 20, x.src FROM " + from + " WHERE x.n < 40"
			if g.IntN(5) == 0 {
				body = "WITH " + g.anyName() + " AS (" + g.selected() + ") " + body
			}
			if g.IntN(4) == 0 {
				columns, how = "(n, src) USING KEY (src)", " AS "
				body = "SELECT n, src FROM " + name + " UNION ALL SELECT x.n + 1, x.src FROM " + self + " AS x JOIN recurring." + name + " AS y USING (src) WHERE x.n < 4"
			}
		default:
			body = g.query()
		}
		all = append(all, name+columns+how+"("+body+")")
		g.ctes = append(g.ctes, bare)
	}
	text := words + strings.Join(all, ", ") + " " + g.selected()
	if g.IntN(2) == 0 {
		g.ctes = g.ctes[:outer] // else what comes later names what it does not see
	}
	return text
}

func (g *scopes) selected() string {
	g.words++
	name := g.anyName()
	switch g.IntN(16) {
	case 0:
		return "SELECT " + name + ".n, " + g.spelt(strings.Trim(name, `"`)) + ".src FROM " + name
	case 1:
		return "SELECT n, src FROM " + name + " AS " + g.anyName()
	case 2:
		return "FROM " + name + " SELECT n, src"
	case 3:
		return "TABLE " + name
	case 4:
		return "SELECT n, src FROM " + name + " WHERE n IN (SELECT n FROM (" + g.query() + ") AS q)"
	case 5:
		return "SELECT n, src FROM " + name + " AS o WHERE EXISTS (SELECT 1 FROM (" + g.query() + ") AS q WHERE q.n = o.n)"
	case 6:
		return "SELECT (SELECT max(n) FROM " + g.anyName() + "), src FROM " + name
	case 7:
		return "SELECT a.n, b.src FROM " + name + " AS a, LATERAL (SELECT n, src FROM " + g.anyName() + " AS i WHERE i.n = a.n) AS b"
	case 8:
		return "SELECT count(*)::BIGINT AS n, min(column_name) AS src FROM (" + []string{"SUMMARIZE ", "DESCRIBE "}[g.IntN(2)] + name + ")"
	case 9:
		return "SELECT count(*)::BIGINT AS n, 'p' AS src FROM (PIVOT " + name + " ON src IN ('s', 'k') USING sum(n))"
	case 10:
		return "SELECT v::BIGINT AS n, m AS src FROM " + name + " UNPIVOT (v FOR m IN (n))"
	case 11:
		return "SELECT a.n, b.src FROM " + name + " AS a " + []string{"JOIN", "LEFT JOIN", "FULL JOIN"}[g.IntN(3)] + " " + g.anyName() + " AS b USING (n)"
	case 12:
		return "SELECT a.n, b.src FROM " + name + " AS a POSITIONAL JOIN " + g.anyName() + " AS b"
	case 13:
		return "SELECT COLUMNS(*) FROM " + name
	case 14:
		return "SELECT n, src FROM (" + g.query() + ") AS " + g.anyName() + "(n, src)"
	}
	return "SELECT n, src FROM " + name
}

// What the gate resolves is what DuckDB binds, and the statement means what its
// author wrote: with the datasets as tables both texts have the same rows and
// columns. With GOVDATA_TEST_LONG set it takes half an hour, or as long as that says.
func TestNamesMeanWhatDuckDBBinds(t *testing.T) {
	start := func() *duck {
		d := bothWays(t)
		if err := d.exec("SET explain_output = 'all'"); err != nil {
			t.Fatal(err)
		}
		return d
	}
	d := start()
	length, most, seed := 10*time.Second, 2000, uint64(1)
	if s := os.Getenv("GOVDATA_TEST_LONG"); s != "" {
		length, most = 30*time.Minute, 1<<62
		if l, err := time.ParseDuration(s); err == nil && l > 0 {
			length = l
		}
	}
	if s := os.Getenv("GOVDATA_TEST_SEED"); s != "" {
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatalf("GOVDATA_TEST_SEED=%s: want a number", s)
		}
	}
	end := time.Now().Add(length)
	counts := map[string]int{}
	n := 0
	for ; n < most && time.Now().Before(end); n++ {
		g := &scopes{Rand: rand.New(rand.NewPCG(seed, uint64(n)))}
		sql := g.query()
		kind, wrong := compareBothWays(d, sql)
		counts[kind]++
		if d.exec("SELECT 1") != nil { // an INTERNAL error ends all that comes later
			counts["ended DuckDB"]++
			d = start()
		}
		if wrong != "" {
			t.Errorf("seed %d, statement %d: %s\n%s", seed, n, wrong, sql)
			if counts[kind] > 10 {
				break
			}
		}
	}
	t.Logf("%d statements of seed %d: %v", n, seed, counts)
	if counts["the same"] < n/2 {
		t.Errorf("most statements say nothing: %v", counts)
	}
}

func compareBothWays(d *duck, sql string) (kind, wrong string) {
	given := newNames(sql)
	s, err := d.judge(sql, DefaultLimits, given)
	want, failed := resultOf(d, sql)
	if err != nil {
		if failed == nil {
			return "refused", "the gate refuses it: " + err.Error()
		}
		return "refused by both", ""
	}
	text := asTables(given, s.text)
	got, err := resultOf(d, text)
	interrupted := func(err error) bool {
		var e *duckError
		return errors.As(err, &e) && strings.EqualFold(e.Type, "interrupt")
	}
	switch {
	case interrupted(err) || interrupted(failed):
		return "too slow", ""
	case err != nil && failed != nil:
		return "a fault both ways", ""
	case err != nil || failed != nil:
		return "a fault one way", fmt.Sprintf("as written: %v; as run: %v\n%s", failed, err, text)
	case !slices.Equal(got, want):
		return "different", fmt.Sprintf("as written %q, as run %q\n%s", want, got, text)
	}
	bound, err := boundTables(d, text)
	if err != nil {
		return "no plan", err.Error()
	}
	for table := range bound {
		name, isTable := strings.CutPrefix(strings.ReplaceAll(table, `"`, ""), "memory.main.")
		if _, resolved := s.tables[name]; !isTable || !resolved {
			return "bound", fmt.Sprintf("DuckDB reads %q; the gate resolved %v\n%s", table, slices.Sorted(maps.Keys(s.tables)), text)
		}
	}
	return "the same", ""
}

// systemObjects are all views and tables of DuckDB's own, and its functions that
// can stand in FROM, by their bare names and with their schemas.
func systemObjects(t *testing.T, d *duck) []string {
	t.Helper()
	rows, err := d.rows(`SELECT DISTINCT view_name FROM duckdb_views() UNION SELECT schema_name || '.' || view_name FROM duckdb_views()
		UNION SELECT 'system.' || schema_name || '.' || view_name FROM duckdb_views() UNION SELECT DISTINCT function_name FROM duckdb_functions() WHERE function_type LIKE 'table%'
		UNION SELECT unnest(['sqlite_master', 'sqlite_schema', 'sqlite_temp_master', 'sqlite_temp_schema', 'temp.sqlite_master', 'memory.main.x', 'release1.main.data', 'release1.data', 'data', '/etc/passwd', 'x.csv', 'http://example.org/x.parquet', 's3://b/x.json', 'main', 'q_0_', 'memory.main.q_0_', 'main.q_0_', 'recurring.x'])`, nil)
	if err != nil || len(rows) < 200 {
		t.Fatalf("%d objects: %v", len(rows), err)
	}
	var all []string
	for _, row := range rows {
		all = append(all, row[0])
	}
	return all
}

// No system object and no file can be read under any name: each is a dataset that
// does not exist, or refused.
func TestNoNameMeansASystemObject(t *testing.T) {
	d := parser()
	n := 0
	for _, object := range systemObjects(t, d) {
		bare := object[strings.LastIndexByte(object, '.')+1:]
		if strings.ContainsAny(object, "/:") || strings.HasSuffix(object, ".csv") {
			bare = object
		}
		other := strings.NewReplacer("s", "ſ", "k", "\u212a").Replace(bare)
		dotted := `"` + strings.ReplaceAll(object, ".", `"."`) + `"`
		if bare == object {
			dotted = store.Ident(object)
		}
		name, look := store.Ident(bare), store.Ident(other)
		for _, sql := range []string{
			"FROM " + dotted, "FROM " + strings.ToUpper(dotted), "FROM " + store.Ident(object), "FROM " + store.Literal(object), "TABLE " + dotted, "DESCRIBE " + dotted, "SUMMARIZE " + dotted, "SHOW " + dotted,
			"SELECT (SELECT count(*) FROM " + dotted + ")", "SELECT 1 WHERE EXISTS (FROM " + dotted + ")", "SELECT 1 IN " + name, "SELECT " + name, "SELECT " + name + ".*", "SELECT COLUMNS(" + name + ".*)", "SELECT {'a': " + name + "}",
			"WITH RECURSIVE " + name + " AS (SELECT * FROM " + name + " UNION ALL SELECT * FROM " + name + " WHERE false) FROM " + name,
			"WITH RECURSIVE " + name + " AS (SELECT * FROM " + name + ") FROM " + name, "WITH " + name + " AS (FROM " + name + ") FROM " + name, "WITH RECURSIVE x AS (WITH " + name + " AS (FROM " + name + ") FROM " + name + " UNION ALL FROM x) FROM x",
			"WITH RECURSIVE x AS (FROM " + name + " UNION ALL (WITH x AS (FROM x) FROM x)), " + name + " AS (SELECT 1) FROM x", "WITH RECURSIVE " + name + "(a) USING KEY (a) AS (SELECT 1 UNION ALL FROM recurring." + look + ") FROM " + name,
			"WITH " + look + " AS (SELECT 1 AS x) FROM " + name + ", " + look, "WITH " + name + " AS (SELECT 1 AS x) FROM " + name + ", main." + name,
			"FROM range(1) AS " + name + ", LATERAL (FROM " + dotted + ")", "FROM (VALUES (1)) AS " + name + " POSITIONAL JOIN " + dotted, "SELECT * FROM (PIVOT " + dotted + " ON a IN (1) USING count(*))", "FROM " + dotted + " UNPIVOT (v FOR k IN (a))",
			"FROM " + dotted + "()", "FROM " + name + "('x')", "FROM query_table(" + store.Literal(object) + ")", "FROM query_table([" + store.Literal(object) + "])", "SELECT * FROM unnest((SELECT list(x) FROM " + dotted + " AS x))",
			"SELECT list_transform([1], lambda " + name + ": (SELECT count(*) FROM " + name + "))", "FROM " + dotted + " AT (VERSION => 1)", "FROM " + dotted + " TABLESAMPLE 10%", "SELECT 1 ORDER BY (SELECT count(*) FROM " + dotted + ")",
			"SELECT 1 LIMIT (SELECT count(*) FROM " + dotted + ")", "SELECT sum(1) OVER (PARTITION BY (SELECT count(*) FROM " + dotted + "))", "SELECT 1 AS a UNION BY NAME FROM " + dotted,
		} {
			if n++; n%3 != 0 && os.Getenv("GOVDATA_TEST_LONG") == "" {
				continue // every third form of each; there are 39
			}
			s, err := judged(sql)
			if err != nil {
				continue
			}
			// Without the tables that the server resolves, what was printed must find nothing.
			bound, err := boundTables(d, s.text)
			if len(s.tables) > 0 && err == nil && len(bound) > 0 {
				t.Errorf("%s\nreads %v as %s", sql, bound, s.text)
			}
			for what := range bound {
				if tableFunctions[strings.TrimSuffix(what, "()")] {
					continue
				}
				t.Errorf("%s\nreads %s as %s", sql, what, s.text)
			}
			for table := range s.tables {
				if _, err := catalog.ParseRef(table); err == nil && folded(table) != table {
					t.Errorf("%s: the name %q is not folded", sql, table)
				}
			}
		}
	}
	t.Logf("%d statements", n)
}
