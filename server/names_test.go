package server

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// systemNames are statements that once read DuckDB's own views, or could: by a
// common table expression that is recursive in name alone, by letters that only Go
// folds, by schemas and functions. {N} stands for a view, {L} for its look-alike.
var systemNames = []string{
	`WITH RECURSIVE {N} AS (SELECT * FROM {N} UNION ALL SELECT * FROM {N} WHERE false) SELECT * FROM {N}`,
	`WITH RECURSIVE {N} AS (SELECT * FROM {N}) SELECT * FROM {N}`,
	`WITH {N} AS (SELECT * FROM {N}) SELECT * FROM {N}`,
	`WITH {L} AS (SELECT 1 AS x) SELECT {N}.* FROM {N}, {L}`,
	`WITH RECURSIVE x AS (WITH {N} AS (FROM {N}) SELECT * FROM {N} UNION ALL SELECT * FROM x) SELECT * FROM x`,
	`WITH x AS (SELECT 1) SELECT * FROM main.{N}`,
	`SELECT * FROM system.main.{N}`,
	`SELECT * FROM {N}()`,
	`SELECT * FROM query_table('{N}')`,
	`SELECT (SELECT count(*) FROM {N}) AS n`,
	`SELECT * FROM (SUMMARIZE {N})`,
}

// No face of the server reads a system view or a file for anybody, tells what it
// would have held, or gives an address for it.
func TestNoFaceReadsASystemView(t *testing.T) {
	p := newPortal(t)
	check := func(face, sql string, status int, body string) {
		t.Helper()
		if status == http.StatusTooManyRequests {
			t.Fatalf("%s: the test asks too much", face)
		}
		if status/100 == 5 || status == http.StatusOK && face != "mcp" {
			t.Errorf("%s: %s: %d %.300s", face, sql, status, body)
		}
		for _, told := range []string{p.catalog.PublicDir(), "/proc/", "release1", "memory_limit", "TimeZone", "root:"} {
			if strings.Contains(body, told) && !strings.Contains(sql, told) {
				t.Errorf("%s: %s tells %q: %.500s", face, sql, told, body)
			}
		}
		if strings.Contains(body, "permalink\":\"") {
			t.Errorf("%s: %s has an address: %.300s", face, sql, body)
		}
	}
	ask := func(face, sql, method, path, body string, headers ...string) {
		t.Helper()
		answer, text := p.ask(t, method, path, body, headers...)
		check(face, sql, answer.StatusCode, text)
	}
	for i, statement := range systemNames {
		name := []string{"duckdb_databases", "duckdb_settings", "duckdb_logs"}[i%3]
		look := strings.NewReplacer("s", "ſ", "k", "\u212a").Replace(name)
		sql := strings.NewReplacer("{N}", name, "{L}", look).Replace(statement)
		value := "(SELECT count(*) FROM (" + sql + ") AS q)"
		q := url.QueryEscape
		ask("sql", sql, "GET", sqlPath("", sql, ""), "")
		ask("sql as csv", sql, "GET", sqlPath(".csv", sql, ""), "")
		ask("estimate", sql, "GET", sqlPath("", sql, "&estimate=1"), "")
		ask("sql by POST", sql, "POST", "/api/v1/sql", sql, "Content-Type", "application/sql")
		ask("select", value, "GET", "/api/v1/datasets/things/rows?select="+q(value), "")
		ask("where", value, "GET", "/api/v1/datasets/things/rows?where="+q(value+" > 0"), "")
		ask("order", value, "GET", "/api/v1/datasets/things/rows?order="+q(value), "")
		ask("group_by", value, "GET", "/api/v1/datasets/things/rows?group_by="+q(value), "")
		ask("file", value, "GET", "/d/things.csv?select="+q(value), "")
		ask("filtered file", value, "GET", "/d/things.jsonl?where="+q(value+" > 0"), "")
		ask("ckan", sql, "GET", "/api/3/action/datastore_search_sql?sql="+q(sql), "")
		ask("soda", value, "GET", "/resource/things.json?$where="+q(value+" > 0"), "")
		ask("soda query", sql, "GET", "/resource/things.json?$query="+q(sql), "")
		got := callTool(t, p.url, "sql", map[string]any{"query": sql})
		b, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		if !got.Result.IsError {
			t.Errorf("mcp: %s: %s", sql, b)
		}
		check("mcp", sql, http.StatusOK, fmt.Sprintf("%s", b))
	}
	for _, file := range []string{"/etc/passwd", "x.csv", "http://127.0.0.1:1/x.parquet", p.things.StorePath(), "/proc/self/fd/5"} {
		for _, sql := range []string{"SELECT * FROM '" + file + "'", `SELECT * FROM "` + file + `"`, `WITH RECURSIVE "` + file + `" AS (SELECT * FROM "` + file + `" UNION ALL SELECT * FROM "` + file + `") SELECT * FROM "` + file + `"`} {
			ask("a file", sql, "GET", sqlPath("", sql, ""), "")
			ask("a file in where", sql, "GET", "/api/v1/datasets/things/rows?where="+url.QueryEscape("EXISTS ("+sql+")"), "")
		}
	}
}

// A common table expression may have the name of the dataset that it reads.
func TestACommonTableExpressionMayHaveTheNameOfItsDataset(t *testing.T) {
	p := newPortal(t)
	for sql, want := range map[string]string{
		"WITH things AS (SELECT id FROM things WHERE id < 3) SELECT things.id FROM things ORDER BY 1":                                                                          "id\n1\n2\n",
		"WITH RECURSIVE things AS (SELECT id FROM things WHERE id < 3) SELECT count(*) AS n FROM Things":                                                                       "n\n2\n",
		"WITH RECURSIVE things AS (SELECT id FROM things WHERE id = 99 UNION ALL SELECT id + 1 FROM things WHERE id < 103) SELECT max(id) AS m, count(*) AS n FROM \"THINGS\"": "m,n\n103,5\n",
		"SELECT (SELECT max(id) FROM things), true IS TRUE FROM things LIMIT 1":                                                                                                "(SELECT max(id) FROM things),(CAST(CAST('t' AS BOOLEAN) AS BOOLEAN) IS NOT DISTINCT FROM true)\n100,true\n",
	} {
		answer, body := p.ask(t, "GET", sqlPath(".csv", sql, ""), "")
		if answer.StatusCode != http.StatusOK || body != want {
			t.Errorf("%s: %d %q", sql, answer.StatusCode, body)
			continue
		}
		// Its permalink gives the same.
		link := answer.Header.Get("Link")
		from, to := strings.Index(link, "<"), strings.Index(link, ">")
		if from < 0 || to < from {
			t.Errorf("%s has no permalink: %q", sql, link)
			continue
		}
		address, err := url.Parse(link[from+1 : to])
		if err != nil {
			t.Fatal(err)
		}
		answer, again := p.ask(t, "GET", address.RequestURI(), "", "Accept", "text/csv")
		if answer.StatusCode != http.StatusOK || again != want {
			t.Errorf("%s: %d %q", address, answer.StatusCode, again)
		}
	}
}

// An error is placed in what its author wrote, not in what ran.
func TestAnErrorIsPlacedInTheAuthorsText(t *testing.T) {
	p := newPortal(t)
	for sql, want := range map[string]string{
		"WITH things AS (SELECT id FROM things)\nSELECT  id,\n  nane FROM things": `"column":3 "line":3`,
		"SELECT id FROM things\nWHERE id IN (SELECT x FROM things)":               `"column":21 "line":2`,
		"SELECT 法, id\nFROM things AS t":                                          `"column":8 "line":1`,
		"SELECT id FROM things t JOIN things u USING (id) WHERE v.id = 1":         `"column":56 "line":1`,
	} {
		answer, body := p.ask(t, "GET", sqlPath("", sql, ""), "")
		column, line, _ := strings.Cut(want, " ")
		if answer.StatusCode != http.StatusBadRequest || !strings.Contains(body, column+",") || !strings.Contains(body, line+",") {
			t.Errorf("%s: %d %s, want %s", sql, answer.StatusCode, body, want)
		}
	}
}
