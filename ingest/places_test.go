package ingest_test

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"govdata/catalog"
	"govdata/catalog/store"
)

// A large release in the order of a text says where in it each 2,048th row
// stands, whatever the order in which the rows were sent; a small one, and one
// in the order of a number, does not.
func TestLargeReleasesSayWhereTheirRowsStand(t *testing.T) {
	for _, c := range []struct {
		first catalog.Type
		rows  int
		want  bool
	}{{catalog.TypeText, store.PlacesFrom + 5, true}, {catalog.TypeText, 3000, false}, {catalog.TypeInteger, store.PlacesFrom + 5, false}} {
		d := &catalog.Dataset{ID: "things", Title: catalog.Text{Zh: "东西", En: "Things"}, Key: []string{"no"}, Mode: catalog.Replace, Fields: []catalog.Field{
			field("no", c.first, true), field("n", catalog.TypeInteger, true),
		}}
		var text strings.Builder
		text.WriteString("no,n\n")
		for i := range c.rows {
			no := c.rows - i // backwards
			if c.first == catalog.TypeText {
				fmt.Fprintf(&text, "兰罚〔2026〕%07d号,%d\n", no, no)
			} else {
				fmt.Fprintf(&text, "%d,%d\n", no, no)
			}
		}
		built, err := ingestText(t, d, text.String())
		if err != nil {
			t.Fatal(err)
		}
		db, err := sql.Open("duckdb", built.Path+"?access_mode=read_only")
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		var places, right int
		err = db.QueryRow("SELECT count(*), count(*) FILTER (WHERE p.no = d.no AND p._row % "+fmt.Sprint(store.PlaceStep)+" = 0 AND d.n = p._row + 1) FROM "+store.Places+" p JOIN data d ON d.rowid = p._row").Scan(&places, &right)
		if !c.want {
			if err == nil {
				t.Errorf("%d rows in the order of a %s have places", c.rows, c.first)
			}
			continue
		}
		if want := (c.rows + store.PlaceStep - 1) / store.PlaceStep; err != nil || places != want || right != want {
			t.Errorf("%d rows have %d places, %d of them right, want %d: %v", c.rows, places, right, want, err)
		}
	}
}
