package ingest_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"govdata/catalog"
	"govdata/ingest"
)

// Whatever the lines of a file are, each data row is published, rejected or
// withheld once, and each rejected row is listed as it was sent.
func TestRowsInArePublishedRejectedOrWithheld(t *testing.T) {
	d := moneyDataset()
	d.Withhold = []catalog.Withhold{{Entry: "FM-005", Rows: d.Fields[1].Name + " = '甲'"}}
	withheld := int64(0)
	defer func() {
		if withheld == 0 {
			t.Error("no row was ever withheld")
		}
	}()
	cell := rapid.SampledFrom([]string{"", "A1", "A2", "甲", "1.5", "abc", "合计", "注：x", "1,5", "1e5", "-", "9999999999999999999", "\u3000"})
	rapid.Check(t, func(rt *rapid.T) {
		lines := []string{"编号,名称,金额"}
		for range rapid.IntRange(1, 40).Draw(rt, "lines") {
			cells := rapid.SliceOfN(cell, 0, 5).Draw(rt, "cells")
			for i, c := range cells {
				cells[i] = `"` + c + `"`
			}
			lines = append(lines, strings.Join(cells, ","))
		}
		file := filepath.Join(t.TempDir(), "file.csv")
		if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
			rt.Fatal(err)
		}
		built, records, err := runKept(t, d, file)
		if err != nil {
			decide := strings.Contains(err.Error(), "--skip") || strings.Contains(err.Error(), "--header")
			if !strings.Contains(err.Error(), "no data row") && !decide {
				rt.Fatalf("%v in %q", err, lines)
			}
			return
		}
		c := built.Manifest.Counts
		skipped := int64(0)
		for _, s := range built.Report.Skipped {
			skipped += s.To - s.Line + 1
		}
		for _, table := range built.Report.Files[0].Tables {
			if table.Left != "" { // another table by its looks
				skipped += table.Rows + int64(len(table.Header))
				for _, s := range table.Skipped {
					skipped += s.To - s.Line + 1
				}
			}
		}
		if !c.Balanced() || c.In+skipped != int64(len(lines)-1) {
			rt.Fatalf("%+v and %d lines skipped of %d in %q", c, skipped, len(lines)-1, lines)
		}
		if withheld += c.Withheld; c.Published != built.Manifest.Rows {
			rt.Fatalf("%+v, and %d rows in the release of %q", c, built.Manifest.Rows, lines)
		}
		db, err := sql.Open("duckdb", built.Path+"?access_mode=read_only")
		if err != nil {
			rt.Fatal(err)
		}
		defer db.Close()
		var kept int64
		if err := db.QueryRow("SELECT count(*) FROM data WHERE " + d.Withhold[0].Rows).Scan(&kept); err != nil || kept > 0 {
			rt.Fatalf("%d rows that are to be withheld, %v, in %q", kept, err, lines)
		}
		sent := int64(0)
		if c.Rejected > 0 {
			data, err := os.ReadFile(filepath.Join(records, "rejected_rows.csv"))
			if err != nil {
				rt.Fatal(err)
			}
			sent = int64(strings.Count(string(data), "\n")) - 1
		}
		if sent != c.Rejected {
			rt.Fatalf("%d rows are listed as they were sent, and %d rejected in %q", sent, c.Rejected, lines)
		}
	})
}

// Rows of one line of JSON are told apart: a key that comes again costs its own row alone.
func TestRowsOnOneLineAreToldApart(t *testing.T) {
	d := moneyDataset()
	d.Fields[1].Required = false
	file := filepath.Join(t.TempDir(), "one.json")
	var rows []string
	for _, no := range []string{"A1", "A2", "A1", "A3"} {
		rows = append(rows, fmt.Sprintf(`{"编号":%q,"名称":"甲%s","金额":"1.50"}`, no, no))
	}
	if err := os.WriteFile(file, []byte("["+strings.Join(rows, ",")+"]"), 0o600); err != nil {
		t.Fatal(err)
	}
	built, records, err := runKept(t, d, file)
	if err != nil {
		t.Fatal(err)
	}
	if c := built.Manifest.Counts; c.Published != 3 || c.Rejected != 1 || built.Report.Rejects[0].Row != 3 {
		t.Errorf("%+v, rejects %+v", c, built.Report.Rejects)
	}
	data, err := os.ReadFile(filepath.Join(records, "rejected_rows.csv"))
	if err != nil || !strings.Contains(string(data), "A1,甲A1,1.50,1,") {
		t.Errorf("as it was sent: %q, %v", data, err)
	}
}

func runKept(t *testing.T, d *catalog.Dataset, file string) (*ingest.Built, string, error) {
	t.Helper()
	built, st, err := stage(t, d, file, ingest.Options{})
	return built, st.RecordsDir(), err
}
