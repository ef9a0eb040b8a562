package ingest_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"govdata/catalog"
	"govdata/ingest"
)

// A table of more columns than DuckDB lets an expression have terms goes in at
// the default memory, in any order, and grows.
func TestWideTablesAreIngested(t *testing.T) {
	const columns, rows = 1100, 300
	kinds := []catalog.Type{catalog.TypeInteger, "decimal(9,2)", catalog.TypeText, catalog.TypeDate, catalog.TypeBoolean}
	value := func(row, column int) string {
		if column%7 == 0 && row%3 == 0 {
			return ""
		}
		switch column % len(kinds) {
		case 0:
			return fmt.Sprint(row * column)
		case 1:
			return fmt.Sprintf("%d.25", row+column)
		case 2:
			return fmt.Sprintf("文%d-%d", row, column)
		case 3:
			return fmt.Sprintf("2024-%02d-%02d", 1+row%12, 1+column%28)
		}
		return fmt.Sprint((row+column)%2 == 0)
	}
	for _, shuffled := range []bool{false, true} {
		d := &catalog.Dataset{ID: "wide", Key: []string{"no"}, Mode: catalog.Upsert, Openness: catalog.Openness{Attribute: catalog.OpenUnconditional}, Fields: []catalog.Field{field("no", catalog.TypeText, true)}}
		header := []string{"no"}
		for i := 1; i < columns; i++ {
			f := field(fmt.Sprintf("f%d", i), kinds[i%len(kinds)], false)
			d.Fields = append(d.Fields, f)
			header = append(header, f.Name)
		}
		file := func(rows []int, shift int) string {
			lines := []string{strings.Join(header, ",")}
			for _, row := range rows {
				cells := []string{fmt.Sprintf("K%05d", row)}
				for i := 1; i < columns; i++ {
					cells = append(cells, value(row+shift, i))
				}
				lines = append(lines, strings.Join(cells, ","))
			}
			path := filepath.Join(t.TempDir(), "file.csv")
			if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			return path
		}
		order := make([]int, rows)
		for i := range order {
			order[i] = i
		}
		if shuffled {
			rand.New(rand.NewPCG(1, 2)).Shuffle(rows, func(i, j int) { order[i], order[j] = order[j], order[i] })
		}
		s := newShelf(t)
		check := func(r *catalog.Release, from, to, shift int) {
			t.Helper()
			var want []string
			for row := from; row < to; row++ {
				cells := []string{fmt.Sprintf("K%05d", row)}
				for _, i := range []int{1, 2, 3, 4, 5, 14, columns - 1} {
					cells = append(cells, value(row+shift, i))
				}
				want = append(want, strings.Join(cells, "|"))
			}
			got := s.rows(r, fmt.Sprintf("SELECT concat_ws('|', no, %s) FROM data WHERE no >= 'K%05d' AND no < 'K%05d'", func() string {
				var parts []string
				for _, i := range []int{1, 2, 3, 4, 5, 14, columns - 1} {
					parts = append(parts, fmt.Sprintf("coalesce(f%d::VARCHAR, '')", i))
				}
				return strings.Join(parts, ", ")
			}(), from, to))
			if got != strings.Join(want, "\n") {
				t.Errorf("shuffled %v: rows %d to %d are\n%.300s\nwant\n%.300s", shuffled, from, to, got, strings.Join(want, "\n"))
			}
		}
		r, report, err := s.file(d, file(order, 0), ingest.Options{})
		if err != nil {
			t.Fatalf("shuffled %v: %v", shuffled, err)
		}
		if report.Rejected > 0 || r.Rows != rows || len(r.Stats) != columns || len(r.Contributions) != 1 || r.Contributions[0].Cells != rows*columns {
			t.Errorf("%d rows, %d rejected, figures of %d fields, %+v", r.Rows, report.Rejected, len(r.Stats), r.Contributions)
		}
		check(r, 0, rows, 0)
		r, _, err = s.file(d, file([]int{5, rows + 1, rows, 7}, 1000), ingest.Options{})
		if err != nil {
			t.Fatalf("upsert, shuffled %v: %v", shuffled, err)
		}
		check(r, 0, 5, 0)
		check(r, 5, 6, 1000)
		check(r, 8, rows, 0)
		check(r, rows, rows+2, 1000)
		if order := s.rows(r, "SELECT count(*) FROM (SELECT no, lag(no) OVER (ORDER BY rowid) AS last FROM data) WHERE no < last"); order != "0" || r.Rows != rows+2 {
			t.Errorf("%d rows, %s of them in the wrong place", r.Rows, order)
		}
	}
}
