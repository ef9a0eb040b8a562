package catalog

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func thing(attribute string) Dataset {
	return Dataset{ID: "things", Openness: Openness{Attribute: attribute, Condition: Text{Zh: "申请"}, Basis: Text{Zh: "依据"}}, Fields: []Field{{Name: "pay", Type: TypeInteger}}}
}

// publishStats publishes a release of d with statistics in its manifest.
func publishStats(t *testing.T, c *Catalog, d Dataset, text string) *Release {
	t.Helper()
	median := 7777.0
	r, err := publishWith(c, d, text, func(m *Manifest) {
		m.Stats = map[string]FieldStats{"pay": {Min: "7701", Max: "7799", Median: &median}}
		m.Contributions = []Contribution{{Department: "department of " + text, Published: 1}}
		m.Sources = []Source{{Name: "a.csv", SHA256: "aa", Bytes: 3}}
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// where returns the halves that hold anything of a dataset.
func where(dir string, id ID) (halves string) {
	for _, half := range []string{publicDir, restrictedDir} {
		if _, err := os.Stat(filepath.Join(dir, half, string(id))); err == nil {
			halves += half
		}
	}
	return halves
}

// within reports whether any file under root holds text.
func within(t *testing.T, root, text string) (path string) {
	t.Helper()
	err := filepath.WalkDir(root, func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(p)
		if bytes.Contains(b, []byte(text)) {
			path = p
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return path
}

func TestAllReleasesOfADatasetAreAsOpenAsItIsToday(t *testing.T) {
	dir := t.TempDir()
	c, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	other, err := Open(dir, Options{}) // a server that runs meanwhile
	if err != nil {
		t.Fatal(err)
	}
	check := func(when, half string, releases ...*Release) {
		t.Helper()
		if got := where(dir, "things"); got != half {
			t.Errorf("%s: it lies in %s, want %s", when, got, half)
		}
		all, err := other.All()
		if err != nil || len(all) != 1 {
			t.Fatalf("%s: %v, %v", when, all, err)
		}
		for _, r := range releases {
			now, err := other.Resolve(r.Ref())
			if err != nil {
				t.Fatalf("%s: %v", when, err)
			}
			if open := half == publicDir; now.Dataset.Queryable() != open || (len(now.Stats) > 0) != open || (len(now.Contributions) > 0) != open || (now.Sources[0].SHA256 != "") != open {
				t.Errorf("%s: release %s is %s, with %v, %v, %v", when, r.Release, now.Dataset.Openness.Attribute, now.Stats, now.Contributions, now.Sources)
			}
			if whole := now.Whole(); whole.Stats["pay"].Max != "7799" || len(whole.Contributions) != 1 || whole.Sources[0].SHA256 != "aa" {
				t.Errorf("%s: ingest finds %v of release %s", when, whole.Stats, r.Release)
			}
			if found, err := now.Verify(t.Context(), nil); err != nil || len(found) > 0 {
				t.Errorf("%s: %v %v", when, found, err)
			}
			if _, err := os.Stat(now.StorePath()); err != nil {
				t.Errorf("%s: %v", when, err)
			}
		}
	}
	first := publishStats(t, c, thing(OpenUnconditional), "first")
	check("open", publicDir, first)
	second := publishStats(t, c, thing(OpenNot), "second")
	check("closed", restrictedDir, first, second)
	if path := within(t, second.dir, `"7799"`); strings.HasSuffix(path, manifestName) {
		t.Errorf("%s tells of the values", path)
	}
	if _, err := c.Rollback("things", first.Release); err != nil {
		t.Fatal(err)
	}
	check("closed, and an earlier release is current", restrictedDir, first, second)
	third := publishStats(t, c, thing(OpenConditional), "third")
	check("open on a condition", restrictedDir, first, second, third)
	if info, err := os.Stat(c.RestrictedDir()); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("restricted: %v %v", info.Mode(), err)
	}
	fourth := publishStats(t, c, thing(OpenUnconditional), "fourth")
	check("open again", publicDir, fourth)
}

// A closing and an opening publish that is killed leaves the dataset as it was
// or as it is to be, never readable against what its pointer says, and the next
// command brings it into its half.
func TestAChangeOfOpennessSurvivesAKillAtEveryStep(t *testing.T) {
	for _, way := range []struct{ from, to string }{{OpenUnconditional, OpenNot}, {OpenNot, OpenUnconditional}, {OpenConditional, OpenUnconditional}} {
		for _, step := range []string{"manifest written", "records kept", "half made", "half changed", "release in place", "pointer prepared", "pointer written"} {
			dir := t.TempDir()
			if err := child(dir, "old", "", false, "GOVDATA_TEST_OPENNESS="+way.from); err != nil {
				t.Fatal(err)
			}
			if err := child(dir, "new", step, false, "GOVDATA_TEST_OPENNESS="+way.to); err == nil {
				t.Fatalf("%s to %s, %s: not killed", way.from, way.to, step)
			}
			c, err := Open(dir, Options{})
			if err != nil {
				t.Fatal(err)
			}
			r, err := c.Current("things")
			if err != nil {
				t.Fatal(err)
			}
			text := served(t, dir)
			if want := map[string]string{"old": way.from, "new": way.to}[text]; r.Dataset.Openness.Attribute != want {
				t.Errorf("%s to %s, %s: rows of %s are %s", way.from, way.to, step, text, r.Dataset.Openness.Attribute)
			}
			if !r.Dataset.Queryable() && within(t, c.PublicDir(), "things.csv of") != "" {
				t.Errorf("%s to %s, %s: what is closed lies in the public half", way.from, way.to, step)
			}
			if err := c.Recover(); err != nil {
				t.Fatal(err)
			}
			if got, want := where(dir, "things"), halfOf(r.Dataset.Openness); got != want {
				t.Errorf("%s to %s, %s: it lies in %s, want %s", way.from, way.to, step, got, want)
			}
			if err := child(dir, "next", "", false, "GOVDATA_TEST_OPENNESS="+way.to); err != nil {
				t.Fatal(err)
			}
			if got := served(t, dir); got != "next" {
				t.Errorf("served is %q", got)
			}
			if _, err := c.GC(1, false); err != nil {
				t.Fatal(err)
			}
			if got, want := where(dir, "things"), halfOf(Openness{Attribute: way.to}); got != want {
				t.Errorf("%s to %s, %s: then it lies in %s, want %s", way.from, way.to, step, got, want)
			}
		}
	}
}

// oldDirectory makes a data directory of before there was a restricted half.
func oldDirectory(t *testing.T, dir string) (closed, open *Release) {
	t.Helper()
	c, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	open = publishStats(t, c, thing(OpenUnconditional), "first")
	closed = publishStats(t, c, thing(OpenNot), "second")
	m := *closed.Whole()
	data, signature, err := c.sign(&m)
	if err != nil {
		t.Fatal(err)
	}
	p, err := c.readPointer("things")
	if err != nil {
		t.Fatal(err)
	}
	p.Openness, p.Inherits = nil, nil
	text, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	for path, b := range map[string][]byte{closed.ManifestPath(): data, closed.SignaturePath(): signature, filepath.Join(c.RestrictedDir(), "things", pointerName): text} {
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.Remove(filepath.Join(closed.records, statisticsName)), os.Rename(filepath.Join(c.RestrictedDir(), "things"), filepath.Join(c.PublicDir(), "things")), os.Remove(c.RestrictedDir())); err != nil {
		t.Fatal(err)
	}
	return closed, open
}

func TestOldDataDirectoriesAreTakenOver(t *testing.T) {
	steps := []string{"", "half made", "half changed", "reduced manifest written", "reduced manifest in place", "pointer prepared"}
	for _, step := range steps {
		dir := t.TempDir()
		closed, open := oldDirectory(t, dir)
		c, err := Open(dir, Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range []*Release{closed, open} {
			if now, err := c.Resolve(r.Ref()); err != nil || now.Dataset.Queryable() || len(now.Stats) > 0 {
				t.Errorf("before it is taken over: %v, %v", now, err)
			}
		}
		if step != "" {
			if err := child(dir, "", step, false, "GOVDATA_TEST_RECOVER=1"); err == nil {
				t.Fatalf("%s: not killed", step)
			}
		}
		for range 2 {
			if err := child(dir, "", "", false, "GOVDATA_TEST_RECOVER=1"); err != nil {
				t.Fatal(err)
			}
		}
		if got := where(dir, "things"); got != restrictedDir {
			t.Errorf("%q: it lies in %s", step, got)
		}
		for _, r := range []*Release{closed, open} {
			now, err := c.Resolve(r.Ref())
			if err != nil {
				t.Fatal(err)
			}
			if found, err := now.Verify(t.Context(), nil); err != nil || len(found) > 0 {
				t.Errorf("%q: %v %v", step, found, err)
			}
			if now.Whole().Stats["pay"].Max != "7799" {
				t.Errorf("%q: the statistics are lost: %v", step, now.Whole().Stats)
			}
		}
		if text, err := os.ReadFile(filepath.Join(dir, restrictedDir, "things", string(closed.Release), manifestName)); err != nil || strings.Contains(string(text), `"7799"`) {
			t.Errorf("%q: the manifest tells of the values: %v", step, err)
		}
	}
}

func TestWhatIsComputedIsAsClosedAsWhatItIsComputedFrom(t *testing.T) {
	dir := t.TempDir()
	c, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	of := func(id ID, attribute string, derived *Derivation) {
		t.Helper()
		if _, err := publishOf(c, Dataset{ID: id, Openness: Openness{Attribute: attribute}, Derived: derived}, string(id)+attribute); err != nil {
			t.Fatal(err)
		}
	}
	of("things", OpenUnconditional, nil)
	of("sums", OpenUnconditional, &Derivation{Inputs: []ID{"things"}})
	of("sums_of_sums", OpenUnconditional, &Derivation{Inputs: []ID{"sums"}})
	of("decided", OpenUnconditional, &Derivation{Inputs: []ID{"things"}, Discloses: []Disclosed{{Input: "things"}}})
	for _, state := range []struct{ things, sums string }{{OpenUnconditional, OpenUnconditional}, {OpenNot, OpenNot}, {OpenConditional, OpenConditional}, {OpenUnconditional, OpenUnconditional}} {
		of("things", state.things, nil)
		for id, want := range map[ID]string{"things": state.things, "sums": state.sums, "sums_of_sums": state.sums, "decided": OpenUnconditional} {
			r, err := c.Current(id)
			if err != nil {
				t.Fatal(err)
			}
			if r.Dataset.Openness.Attribute != want {
				t.Errorf("things are %s: %s is %s, want %s", state.things, id, r.Dataset.Openness.Attribute, want)
			}
			if got := where(dir, id); got != halfOf(Openness{Attribute: want}) {
				t.Errorf("things are %s: %s lies in %s", state.things, id, got)
			}
		}
	}
	// Two that are computed from each other do not go round for ever.
	of("sums", OpenUnconditional, &Derivation{Inputs: []ID{"sums_of_sums"}})
	if r, err := c.Current("sums"); err != nil || !r.Dataset.Queryable() {
		t.Errorf("%v %v", r, err)
	}
}

func TestADefinitionAloneChangesTheOpenness(t *testing.T) {
	dir := t.TempDir()
	c, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	publishStats(t, c, thing(OpenUnconditional), "first")
	for _, attribute := range []string{OpenNot, OpenNot, OpenUnconditional} {
		st, err := c.Stage("things")
		if err != nil {
			t.Fatal(err)
		}
		before, _ := c.Current("things")
		d := thing(attribute)
		changed, err := st.Reclassify(&d)
		if err = errors.Join(err, st.Discard()); err != nil || changed != (before.Dataset.Openness != d.Openness) {
			t.Errorf("%s: %v %v", attribute, changed, err)
		}
		if r, err := c.Current("things"); err != nil || r.Dataset.Openness.Attribute != attribute {
			t.Errorf("%s: %v", attribute, err)
		}
		if got := where(dir, "things"); got != halfOf(Openness{Attribute: attribute}) {
			t.Errorf("%s: it lies in %s", attribute, got)
		}
	}
}
