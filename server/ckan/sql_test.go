package ckan

import (
	"errors"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"govdata/catalog"
	"govdata/server/query"
)

func TestWhatPostgreSQLMeansOtherwiseIsRefused(t *testing.T) {
	for sql, want := range map[string]string{
		"SELECT * FROM a WHERE name ~ 'x'":             "line 1, column 28: the operator ~",
		"SELECT * FROM a\nWHERE 财 !~* 'x'":             "line 2, column 9: the operator !~*",
		"SELECT a::numeric FROM b":                     "numeric without a precision",
		"SELECT CAST(a AS DECIMAL) FROM b":             "decimal without a precision",
		"SELECT a FROM b WHERE a SIMILAR TO '(x|y)%'":  "SIMILAR TO is not available",
		"SELECT a FROM b WHERE a NOT LIKE '100\\%'":    "in a pattern here",
		"SELECT a FROM b WHERE c @@ to_tsquery('x')":   "the operator @@",
		"SELECT a FROM b WHERE /* ~ */ c\n~\n'x' -- ~": "line 2, column 1: the operator ~",
	} {
		err := checkPostgres(sql)
		var e *query.SQLError
		if !errors.As(err, &e) || !strings.HasPrefix(e.Error(), want) && !strings.Contains(e.Error(), want) || e.Hint == "" {
			t.Errorf("%s: found %v", sql, err)
		}
	}
	for _, sql := range []string{
		"SELECT '~', \"~\", '::numeric', E'a ~ b', $$ ~ $$, $x$ @@ $x$ FROM a -- ~\n/* @@ */", "SELECT a::numeric(10,2), numeric FROM b", "SELECT 1 AS numeric", "SELECT (~1)",
		"SELECT a FROM b WHERE a LIKE '100\\%' ESCAPE '\\'", "SELECT a ILIKE '%x%', similar FROM b", "SELECT 'it''s ~ fine'", "SELECT a ~~ 'x%' FROM b", "", "'", "$a$", "/*", "\"",
	} {
		if err := checkPostgres(sql); err != nil {
			t.Errorf("%s: %v", sql, err)
		}
	}
}

func TestColumnsWithoutANameHaveThatOfPostgreSQL(t *testing.T) {
	schema := func(names ...string) *arrow.Schema {
		var fields []arrow.Field
		for _, name := range names {
			fields = append(fields, arrow.Field{Name: name, Type: arrow.PrimitiveTypes.Int64})
		}
		return arrow.NewSchema(fields, nil)
	}
	for given, want := range map[string]string{
		"count_star()|sum(a)|(a + b)|name":   "count|sum|?column?|name",
		"'x'|a":                              "?column?|a",
		"1|2":                                "1|2",
		"sum(a)|sum(b)":                      "sum(a)|sum(b)",
		"CAST(date AS VARCHAR)|date":         "CAST(date AS VARCHAR)|date",
		"CAST(a AS DECIMAL(10,2))":           "a",
		"row_number() OVER (ORDER BY code)":  "row_number",
		"max(CASE  WHEN (a) THEN (1) END)|x": "max|x",
	} {
		got, err := postgresNames(schema(strings.Split(given, "|")...))
		if err != nil {
			t.Errorf("%s: %v", given, err)
			continue
		}
		var names []string
		for _, f := range got.Fields() {
			names = append(names, f.Name)
		}
		if strings.Join(names, "|") != want {
			t.Errorf("%s: found %q", given, names)
		}
	}
	if _, err := postgresNames(schema("a", "a")); !errors.Is(err, catalog.ErrInvalid) {
		t.Errorf("two columns of one name: %v", err)
	}
}

// The tokens of a statement are all of it but for spaces and comments.
func FuzzTokens(f *testing.F) {
	for _, seed := range []string{"SELECT 'a''b' ~ \"c\" -- d\n/* e */ $x$ f $x$ ::numeric", "'", "$$", "--", "/*", "a\xffb", "::::", "E'\\'"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		end := 0
		for _, token := range tokens(sql) {
			if token.text == "" || token.at < end || sql[token.at:token.at+len(token.text)] != token.text {
				t.Fatalf("%q: token %+v", sql, token)
			}
			end = token.at + len(token.text)
		}
		if err := checkPostgres(sql); err != nil && !errors.Is(err, catalog.ErrInvalid) {
			t.Error(err)
		}
	})
}
