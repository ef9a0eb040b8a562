package query

import (
	"context"
	"strings"
	"testing"
)

func TestAStatementIsPinned(t *testing.T) {
	s := newSite(t, nil)
	for sql, want := range map[string]string{
		`SELECT count(*) FROM penalties`: `SELECT count_star() FROM "penalties@20260101-000000000000" AS penalties`,
		`SELECT Penalties.id FROM Penalties -- all of "penalties"` + "\nWHERE Penalties.id < 3": `SELECT Penalties.id FROM "penalties@20260101-000000000000" AS Penalties WHERE (Penalties.id < 3)`,
		`SELECT a.id FROM "penalties" a JOIN penalties AS b USING (id)`:                         `SELECT a.id FROM "penalties@20260101-000000000000" AS a INNER JOIN "penalties@20260101-000000000000" AS b USING (id)`,
		`WITH penalties AS (SELECT 1 AS id) SELECT id FROM penalties`:                           `WITH "penalties" AS (SELECT 1 AS id)SELECT id FROM "penalties" AS penalties`,
		`WITH penalties AS (FROM penalties) SELECT id FROM penalties`:                           `WITH "penalties" AS (SELECT * FROM "penalties@20260101-000000000000" AS penalties)SELECT id FROM "penalties" AS penalties`,
		`SELECT (SELECT max(id) FROM penalties), '法 FROM penalties'`:                            `SELECT (SELECT max(id) FROM "penalties@20260101-000000000000" AS penalties) AS "(SELECT max(id) FROM penalties)", '法 FROM penalties'`,
		`SUMMARIZE penalties`: `SUMMARIZE (SELECT * FROM "penalties@20260101-000000000000" AS penalties)`,
		`VALUES (1), (2)`:     `SELECT * FROM (VALUES (1), (2)) AS valueslist`,
		`SELECT 1 AS one`:     `SELECT 1 AS one`,
		// A common table expression that would take the place of the release keeps its other name.
		`WITH "penalties@20260101-000000000000" AS (SELECT 7 AS id) SELECT id FROM "penalties@20260101-000000000000" UNION ALL SELECT count(*) FROM penalties`: `WITH "q_0_" AS (SELECT 7 AS id)(SELECT id FROM "q_0_" AS "penalties@20260101-000000000000") UNION ALL (SELECT count_star() FROM "penalties@20260101-000000000000" AS penalties)`,
		// What could not be asked again has none.
		`SELECT ` + strings.Repeat("id + ", 70) + `1 FROM penalties`: ``,
	} {
		r := s.request(sql)
		resolve := r.Resolve
		r.Resolve = func(ctx context.Context, name string) (Source, error) {
			dataset, _, _ := strings.Cut(name, "@")
			from, err := resolve(ctx, dataset)
			from.Pinned = dataset + "@20260101-000000000000"
			return from, err
		}
		q, err := s.pool.Query(t.Context(), r)
		if err != nil {
			t.Errorf("%s: %v", sql, err)
			continue
		}
		if q.Pinned() != want || q.Volatile() {
			t.Errorf("%s\n got %s\nwant %s (volatile %v)", sql, q.Pinned(), want, q.Volatile())
		}
		first, err := all(q)
		if err != nil {
			t.Error(err)
		}
		q.Close()
		if want == "" {
			continue
		}
		r.SQL = want
		if q, err = s.pool.Query(t.Context(), r); err != nil {
			t.Errorf("%s: %v", want, err)
			continue
		}
		if q.Pinned() != want {
			t.Errorf("pinned again, %s becomes %s", want, q.Pinned())
		}
		second, err := all(q)
		if err != nil || len(first) != len(second) {
			t.Errorf("%s: %d rows, then %d: %v", sql, len(first), len(second), err)
		}
		q.Close()
	}
}

func TestVolatileQuestionsAreKnown(t *testing.T) {
	s := newSite(t, nil)
	for sql, want := range map[string]bool{
		`SELECT now()`:                                   true,
		`SELECT current_timestamp`:                       true,
		`SELECT current_date`:                            true,
		`SELECT list_transform([1], lambda x: random())`: true,
		`SELECT id FROM penalties USING SAMPLE 3`:        true,
		`SELECT id FROM penalties TABLESAMPLE 10%`:       true,
		`SELECT sum(id) FROM penalties`:                  false,
	} {
		q, err := s.pool.Query(t.Context(), s.request(sql))
		if err != nil {
			t.Errorf("%s: %v", sql, err)
			continue
		}
		if q.Volatile() != want {
			t.Errorf("%s: volatile %v", sql, q.Volatile())
		}
		q.Close()
	}
}

func TestAnEstimateTellsTheCost(t *testing.T) {
	s := newSite(t, nil)
	ask := func(sql string, params ...any) map[string]any {
		r := s.request(sql)
		r.Estimate, r.Params = true, params
		rows, err := s.ask(t.Context(), r)
		if err != nil || len(rows) != 1 {
			t.Fatalf("%s: %v rows, %v", sql, rows, err)
		}
		t.Log(sql, rows[0])
		return map[string]any{"rows": rows[0][0], "read": rows[0][1], "bytes": rows[0][2], "cost": rows[0][3]}
	}
	if got := ask("SELECT * FROM penalties WHERE id = $1", 5); got["cost"] != "light" {
		t.Errorf("a look-up: %v", got)
	}
	if got := ask("SELECT * FROM penalties LIMIT 3"); got["rows"] != "3" {
		t.Errorf("three rows: %v", got)
	}
	if got := ask("SELECT count(*) FROM penalties a, penalties b, penalties c, penalties d, penalties e WHERE a.id + b.id + c.id + d.id + e.id = 0"); got["cost"] != "heavy" {
		t.Errorf("five times crossed: %v", got)
	}
}
