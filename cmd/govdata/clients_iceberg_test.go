package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"govdata/catalog"
)

// PyIceberg attaches the site by one address, and every table, scanned over
// both of its ways to read files, has the values of the CSV file. s3fs and
// pyarrow read the same files as objects.
func TestClientPyIcebergReadsEveryTable(t *testing.T) {
	s := demo(t)
	out, err := python(t, "iceberg.py", s.url)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	c, err := catalog.Open(s.data, catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	all, err := c.All()
	if err != nil {
		t.Fatal(err)
	}
	var tables, rows, files int64
	for _, r := range all {
		if r.Dataset.Queryable() {
			tables, rows, files = tables+1, rows+r.Rows, files+int64(len(r.Artefacts))
		}
	}
	var bounds, filters, ordered int64
	var got struct{ tables, rows, files, read int64 }
	if _, err := fmt.Sscanf(out, "tables %d rows %d bounds %d filters %d ordered %d\nobjects %d read %d\n", &got.tables, &got.rows, &bounds, &filters, &ordered, &got.files, &got.read); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if got.tables != tables || got.read != tables || got.rows != rows || got.files != files || bounds < 10*tables || filters < 10*tables || ordered < tables/2 {
		t.Errorf("found %s; there are %d tables with %d rows in %d files", out, tables, rows, files)
	}
}

// history is what testdata/iceberg.py says of the snapshots of a dataset.
type history struct {
	Snapshots, Schemas, Versions, Log, Bounds int
	IDs                                       map[string]int64
	Fields                                    map[string]int
	UUID                                      string
	Properties                                map[string]string
}

func historyOf(t *testing.T, s site, id catalog.ID, releases ...catalog.ReleaseID) history {
	t.Helper()
	args := []string{s.url, string(id)}
	for _, r := range releases {
		args = append(args, string(r))
	}
	out, err := python(t, "iceberg.py", args...)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var h history
	if err := json.Unmarshal([]byte(out), &h); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if h.Snapshots != len(releases) {
		t.Errorf("%d snapshots of %d releases", h.Snapshots, len(releases))
	}
	return h
}

// A release is a snapshot: by its id, by its tag and by the time when it was
// current, through new columns, rollbacks and collections. Ids stay. Where a
// column changes its type the table begins anew.
func TestClientPyIcebergTravelsThroughReleases(t *testing.T) {
	data, dir := t.TempDir(), t.TempDir()
	put := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	// The second release has a column more, and in another place.
	must(t, exitDone, "add", "--data", data, "--id", "fees", "--title", "收费", put("1.csv", "代码,名称,金额,日期,时刻,是否\n001,甲,12345678901234567890.5,2024-01-02,2024-01-02 10:11:12,是\n002,乙,-2.5,2024-02-03,2024-02-03 01:02:03,否\n"))
	must(t, exitDone, "add", "--data", data, "--id", "fees", "--title", "收费", put("2.csv", "代码,备注,名称,金额,日期,时刻,是否\n001,x,甲,12345678901234567890.5,2024-01-02,2024-01-02 10:11:12,是\n002,,乙,-2.5,2024-02-03,2024-02-03 01:02:03,否\n003,,丙,3.5,,,\n"))
	s, err := start(data, "--address-rate", "0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.stop)
	c, err := catalog.Open(data, catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	current := func() catalog.ReleaseID {
		r, err := c.Current("fees")
		if err != nil {
			t.Fatal(err)
		}
		return r.Release
	}
	second := current()
	before, err := c.Releases("fees")
	if err != nil || len(before) != 2 {
		t.Fatalf("%d releases, %v", len(before), err)
	}
	first := before[1].Release
	one := historyOf(t, s, "fees", first, second)
	if one.Schemas != 2 || one.Log != 2 || one.Properties["govdata.release"] != string(second) || one.Properties["govdata.title"] != "收费" || one.Bounds != 14 {
		t.Errorf("found %+v", one)
	}

	must(t, exitDone, "rollback", "fees", string(first), "--data", data)
	two := historyOf(t, s, "fees", second, first)
	if two.Log != 3 || two.Versions != 3 || two.UUID != one.UUID || fmt.Sprint(two.IDs) != fmt.Sprint(one.IDs) || fmt.Sprint(two.Fields) != fmt.Sprint(one.Fields) {
		t.Errorf("after the rollback found %+v, before %+v", two, one)
	}

	// What was collected is no snapshot any more; the others keep their ids.
	must(t, exitDone, "rollback", "fees", string(second), "--data", data)
	must(t, exitDone, "add", "--data", data, "--id", "fees", "--title", "收费", put("3.csv", "代码,备注,名称,金额,日期,时刻,是否\n001,x,甲,12345678901234567890.5,2024-01-02,2024-01-02 10:11:12,是\n"), "--accept-change", "rows")
	third := current()
	must(t, exitDone, "gc", "--keep", "2", "--data", data)
	three := historyOf(t, s, "fees", second, third)
	if three.UUID != one.UUID || three.IDs[string(second)] != one.IDs[string(second)] || three.Fields["bei_zhu"] != one.Fields["bei_zhu"] || three.Schemas != 1 {
		t.Errorf("after the collection found %+v, before %+v", three, one)
	}

	// An amount that became a text is another column to readers of old snapshots.
	must(t, exitDone, "add", "--data", data, "--id", "fees", "--title", "收费", put("4.csv", "代码,备注,名称,金额,日期,时刻,是否\n001,x,甲,免费,2024-01-02,2024-01-02 10:11:12,是\n"), "--accept-change", "jin_e")
	four := historyOf(t, s, "fees", current())
	if four.Properties["govdata.releases-with-other-types"] != "2" {
		t.Errorf("found %+v", four)
	}

	// A dataset of the platform, replaced as a whole.
	for seed, rows := range map[string]string{"1": "300", "2": "500"} {
		path := filepath.Join(dir, "penalties"+seed+".csv")
		must(t, exitDone, "generate", "admin_penalties", "--rows", rows, "--seed", seed, "-o", path)
		must(t, exitDone, "ingest", "admin_penalties", path, "--mode", "replace", "--data", data, "--accept-change", "rows")
	}
	penalties, err := c.Releases("admin_penalties")
	if err != nil || len(penalties) != 2 {
		t.Fatalf("%d releases, %v", len(penalties), err)
	}
	if h := historyOf(t, s, "admin_penalties", penalties[1].Release, penalties[0].Release); h.Schemas != 1 || h.Versions != 2 {
		t.Errorf("found %+v", h)
	}

	// Nothing else of the data directory can be had as an object.
	for _, key := range []string{
		"fees/pointer.json", "fees/" + string(second) + "/data.duckdb", "fees/" + string(first) + "/fees.csv", "../private/signing-key.pem",
		"fees/../../private/signing-key.pem", "fees/" + string(second) + "/../pointer.json", "%2e%2e/private/signing-key.pem", "private/signing-key.pem",
	} {
		if r, body := s.do(t, "GET", "/govdata/"+key, nil); r.StatusCode != 404 || !strings.Contains(string(body), "NoSuchKey") {
			t.Errorf("%s: status %d, %s", key, r.StatusCode, body)
		}
	}
}
