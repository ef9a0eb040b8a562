package main

import (
	"path/filepath"
	"strings"
	"testing"
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
