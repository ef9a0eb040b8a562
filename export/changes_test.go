package export

import (
	"database/sql"
	"fmt"
	"sort"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"govdata/catalog"
	"govdata/catalog/store"
)

func thingsRelease(release catalog.ReleaseID, key []string, fields ...catalog.Field) *catalog.Release {
	return &catalog.Release{Manifest: catalog.Manifest{Release: release, Dataset: catalog.Dataset{ID: "things", Key: key, Fields: fields}}}
}

// tableOf makes the table of a release out of rows of SQL literals.
func tableOf(t interface{ Fatal(...any) }, db *sql.DB, r *catalog.Release, rows [][]string) {
	var columns []string
	for _, f := range r.Dataset.Public() {
		columns = append(columns, store.Ident(f.Name)+" "+f.Type.SQL())
	}
	name := store.Ident(r.Ref().String())
	if _, err := db.Exec("CREATE OR REPLACE TABLE " + name + " (" + strings.Join(columns, ", ") + ")"); err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if _, err := db.Exec("INSERT INTO " + name + " VALUES (" + strings.Join(row, ", ") + ")"); err != nil {
			t.Fatal(err)
		}
	}
}

// lines runs a query and gives its rows as texts.
func lines(t interface{ Fatal(...any) }, db *sql.DB, query string) (all []string) {
	rows, err := db.Query("SELECT to_json(t)::VARCHAR FROM (" + query + ") t")
	if err != nil {
		t.Fatal(err, query)
	}
	defer rows.Close()
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		all = append(all, line)
	}
	return all
}

func database(t testing.TB) *sql.DB {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

var (
	fieldK = catalog.Field{Name: "k", Type: "text"}
	fieldV = catalog.Field{Name: "v", Type: "decimal(38,2)"}
	fieldW = catalog.Field{Name: "w", Type: "text"}
)

func TestChangesSayWhatBecameOfEveryRow(t *testing.T) {
	db := database(t)
	from, to := thingsRelease("20260101-aaaaaaaaaaaa", []string{"k"}, fieldK, fieldV, fieldW), thingsRelease("20260102-bbbbbbbbbbbb", []string{"k"}, fieldK, fieldV, fieldW)
	tableOf(t, db, from, [][]string{{"'a'", "1", "''"}, {"'b'", "2", "NULL"}, {"'c'", "3", "'x'"}, {"NULL", "4", "'no key'"}})
	tableOf(t, db, to, [][]string{{"'a'", "1", "NULL"}, {"'c'", "3", "'x'"}, {"'d'", "0", "'new'"}, {"NULL", "5", "'no key'"}})
	got := strings.Join(lines(t, db, Changes(from, to)), "\n")
	want := strings.Join([]string{
		`{"_change":"changed_from","k":"a","v":1.00,"w":""}`, `{"_change":"changed_to","k":"a","v":1.00,"w":null}`,
		`{"_change":"removed","k":"b","v":2.00,"w":null}`, `{"_change":"added","k":"d","v":0.00,"w":"new"}`,
		`{"_change":"changed_from","k":null,"v":4.00,"w":"no key"}`, `{"_change":"changed_to","k":null,"v":5.00,"w":"no key"}`}, "\n")
	if got != want {
		t.Errorf("found\n%s\nwant\n%s", got, want)
	}
}

// A field that came, went or changed its type does not hide the rest.
func TestChangesSurviveAnotherSchema(t *testing.T) {
	db := database(t)
	from := thingsRelease("20260101-aaaaaaaaaaaa", []string{"k"}, fieldK, fieldV, catalog.Field{Name: "old", Type: "date"})
	to := thingsRelease("20260102-bbbbbbbbbbbb", []string{"k"}, fieldK, catalog.Field{Name: "v", Type: "text"}, fieldW)
	tableOf(t, db, from, [][]string{{"'a'", "1", "DATE '2026-01-01'"}})
	tableOf(t, db, to, [][]string{{"'a'", "'one'", "'w'"}})
	if got := lines(t, db, Changes(from, to)); fmt.Sprint(got) != `[{"_change":"changed_from","k":"a","v":"1.00","w":null,"old":"2026-01-01"} {"_change":"changed_to","k":"a","v":"one","w":"w","old":null}]` {
		t.Errorf("%s", got)
	}
}

// Who applies the changes has the other release, with a key and without one,
// and the other way round.
func TestChangesLeadFromOneReleaseToTheOther(t *testing.T) {
	db := database(t)
	rapid.Check(t, func(r *rapid.T) {
		keyed := rapid.Bool().Draw(r, "keyed")
		var key []string
		if keyed {
			key = []string{"k"}
		}
		draw := func(name string) (rows [][]string) {
			seen := map[string]bool{}
			for range rapid.IntRange(0, 12).Draw(r, name) {
				k := rapid.SampledFrom([]string{"NULL", "''", "'a'", "'b'", "'c'", "'d'", "'甘'"}).Draw(r, "k")
				if keyed && seen[k] {
					continue
				}
				seen[k] = true
				rows = append(rows, []string{k, rapid.SampledFrom([]string{"NULL", "0", "1", "-99999999999999999999.99"}).Draw(r, "v"), rapid.SampledFrom([]string{"NULL", "''", "'x'"}).Draw(r, "w")})
			}
			return rows
		}
		from, to := thingsRelease("20260101-aaaaaaaaaaaa", key, fieldK, fieldV, fieldW), thingsRelease("20260102-bbbbbbbbbbbb", key, fieldK, fieldV, fieldW)
		tableOf(r, db, from, draw("from"))
		tableOf(r, db, to, draw("to"))
		changes, was, is := Changes(from, to), `"`+from.Ref().String()+`"`, `"`+to.Ref().String()+`"`
		got := lines(r, db, fmt.Sprintf(`SELECT * FROM %s EXCEPT ALL SELECT * EXCLUDE (_change) FROM (%s) WHERE _change IN ('removed', 'changed_from')
			UNION ALL SELECT * EXCLUDE (_change) FROM (%s) WHERE _change IN ('added', 'changed_to')`, was, changes, changes))
		want := lines(r, db, "SELECT * FROM "+is)
		sort.Strings(got)
		sort.Strings(want)
		if fmt.Sprint(got) != fmt.Sprint(want) {
			r.Fatalf("found %v, want %v; changes %v", got, want, lines(r, db, changes))
		}
		if n := lines(r, db, Changes(to, to)); len(n) != 0 {
			r.Fatalf("a release differs from itself: %v", n)
		}
	})
}
