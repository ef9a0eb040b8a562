package main

import (
	"path/filepath"
	"strings"
	"testing"

	"govdata/datasets"
)

// What follows from a dataset changes with it, and only then.
func TestComputedDatasetsFollowTheirInputs(t *testing.T) {
	data := t.TempDir()
	file := filepath.Join(t.TempDir(), "penalties.csv")
	must(t, exitDone, "generate", "admin_penalties", "--rows", "500", "-o", file)
	if out := must(t, exitDone, "ingest", "admin_penalties", file, "--data", data); !strings.Contains(out, "disclosure_timeliness: computed") {
		t.Errorf("found %q, want the timeliness computed with it", out)
	}
	count := "SELECT sum(records), sum(late) FROM disclosure_timeliness"
	first := must(t, exitDone, "query", count, "--format", "csv", "--data", data)
	if want := must(t, exitDone, "query", "SELECT count(*) AS \"sum(records)\", count(*) FILTER (timeliness = '逾期') AS \"sum(late)\" FROM admin_penalties", "--format", "csv", "--data", data); first != want {
		t.Errorf("the computed rows say %q, their input %q", first, want)
	}
	if out := must(t, exitDone, "refresh", "--data", data); out != "" {
		t.Errorf("nothing has changed, and yet %q", out)
	}
	must(t, exitDone, "generate", "admin_permits", "--rows", "100", "-o", file)
	must(t, exitDone, "ingest", "admin_permits", file, "--data", data)
	if second := must(t, exitDone, "query", count, "--format", "csv", "--data", data); second == first || !strings.Contains(second, "600,") {
		t.Errorf("with permits found %q, want 600 rows counted", second)
	}
	// A rollback is a change as well.
	before := must(t, exitDone, "query", count, "--format", "csv", "--data", data)
	release := strings.TrimSpace(strings.TrimPrefix(must(t, exitDone, "query", "SELECT release FROM catalog.datasets WHERE id = 'admin_permits'", "--format", "csv", "--data", data), "release\n"))
	must(t, exitDone, "generate", "admin_permits", "--rows", "70", "--seed", "9", "-o", file)
	must(t, exitDone, "ingest", "admin_permits", file, "--mode", "replace", "--data", data)
	if now := must(t, exitDone, "query", count, "--format", "csv", "--data", data); !strings.Contains(now, "570,") {
		t.Errorf("with 70 permits found %q, want 570 rows counted", now)
	}
	must(t, exitDone, "rollback", "admin_permits", release, "--data", data)
	if now := must(t, exitDone, "query", count, "--format", "csv", "--data", data); now != before {
		t.Errorf("after the rollback found %q, want %q", now, before)
	}
	if out := must(t, exitDone, "verify", "--deep", "--data", data); !strings.Contains(out, "4 datasets, 10 releases") || !strings.Contains(out, ", 0 mismatches") {
		t.Errorf("verify: %q", out)
	}
}

// What is not there yet is not told as nothing: a computed dataset waits for what
// it needs.
func TestComputedDatasetsWaitForTheirInputs(t *testing.T) {
	data := t.TempDir()
	list := func() string { return must(t, exitDone, "list", "--data", data) }
	ingest := func(id, file string) {
		t.Helper()
		path := filepath.Join("../../datasets", id, file)
		if _, stderr, code := govdata(t, "ingest", id, path, "--data", data); code != exitDone && code != exitRejected {
			t.Fatalf("ingest %s: %d %s", id, code, stderr)
		}
	}
	ingest("regions", firstSample(t, "regions"))
	ingest("illegal_fee_cases", "cases_province_2025.xlsx")
	ingest("normative_documents", firstSample(t, "normative_documents"))
	for _, id := range []string{"poverty_fund_balance", "fees_outside_catalog", "document_validity"} {
		if strings.Contains(list(), id) {
			t.Errorf("%s is published without what it is computed from\n%s", id, list())
		}
	}
	// Every charge would be one outside of a catalog that is not there.
	ingest("fee_catalog", "fee_catalog_2026.xlsx")
	if !strings.Contains(list(), "fees_outside_catalog") {
		t.Errorf("all that is needed is there, and fees_outside_catalog is not\n%s", list())
	}
	rows := must(t, exitDone, "query", "SELECT count(*) = (SELECT count(*) FROM illegal_fee_cases) FROM fees_outside_catalog", "--format", "csv", "--data", data)
	if strings.Contains(rows, "true") {
		t.Error("every charge is outside of the catalog")
	}
}

func firstSample(t *testing.T, id string) string {
	t.Helper()
	all, err := datasets.Load(datasets.Bundled())
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range all {
		if string(d.ID) == id {
			return d.Samples[0].File
		}
	}
	t.Fatalf("%s is not defined", id)
	return ""
}
