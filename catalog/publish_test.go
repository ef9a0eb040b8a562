package catalog

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A process of this test binary that publishes, and kills itself at a step.
func TestMain(m *testing.M) {
	if dir := os.Getenv("GOVDATA_TEST_PUBLISH"); dir != "" {
		die := os.Getenv("GOVDATA_TEST_DIE_AT")
		reached = func(step string) {
			if step == die {
				syscall.Kill(os.Getpid(), syscall.SIGKILL)
				select {}
			}
		}
		c, err := Open(dir, Options{})
		if err == nil && os.Getenv("GOVDATA_TEST_GC") != "" {
			_, err = c.GC(1, false)
		} else if release := os.Getenv("GOVDATA_TEST_WITHDRAW"); err == nil && release != "" {
			_, err = c.Withdraw(Ref{Dataset: "things", Release: ReleaseID(strings.TrimPrefix(release, "all"))}, Withdrawal{Reason: "it named a person", By: "the office", Rollback: os.Getenv("GOVDATA_TEST_ROLLBACK") != ""})
		} else if err == nil && os.Getenv("GOVDATA_TEST_RECOVER") != "" {
			err = c.Recover()
		} else if err == nil {
			d := Dataset{ID: "things", Openness: Openness{Attribute: OpenUnconditional}}
			if attribute := os.Getenv("GOVDATA_TEST_OPENNESS"); attribute != "" {
				d.Openness.Attribute = attribute
			}
			_, err = publishOf(c, d, os.Getenv("GOVDATA_TEST_TEXT"))
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// publishText publishes a release of dataset things whose one file is text.
func publishText(c *Catalog, text string) (*Release, error) {
	return publishOf(c, Dataset{ID: "things", Openness: Openness{Attribute: OpenUnconditional}}, text)
}

// publishOf does the same for another dataset.
func publishOf(c *Catalog, d Dataset, text string) (*Release, error) {
	return publishWith(c, d, text, func(*Manifest) {})
}

// publishWith does the same with more in its manifest.
func publishWith(c *Catalog, d Dataset, text string, more func(*Manifest)) (*Release, error) {
	st, err := c.Stage(d.ID)
	if err != nil {
		return nil, err
	}
	defer st.Discard()
	m := Manifest{Dataset: d, PublishedAt: st.Now(), Rows: 1, Counts: Counts{In: 1, Published: 1}}
	for _, name := range []string{StoreName, "things.csv"} {
		path := filepath.Join(st.Dir(), name)
		if err := os.WriteFile(path, []byte(name+" of "+text), 0o644); err != nil {
			return nil, err
		}
		sum, size, err := HashFile(path)
		if err != nil {
			return nil, err
		}
		a := Artefact{Format: "csv", File: name, SHA256: sum, Bytes: size, Rows: 1}
		if name == StoreName {
			m.Store = a
		} else {
			m.Artefacts, m.Content = []Artefact{a}, sum
		}
	}
	if err := os.WriteFile(filepath.Join(st.RecordsDir(), "rejects.csv"), []byte("of "+text), 0o600); err != nil {
		return nil, err
	}
	m.Release = NewReleaseID(m.PublishedAt, m.Content)
	more(&m)
	return st.Publish(context.Background(), m)
}

func served(t *testing.T, dir string) string {
	t.Helper()
	c, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := c.Current("things")
	if err != nil {
		t.Fatal(err)
	}
	mismatches, err := r.Verify(context.Background(), nil)
	if err != nil || len(mismatches) > 0 {
		t.Fatalf("what is current does not verify: %v %v", mismatches, err)
	}
	a, _ := r.Artefact("csv")
	data, err := os.ReadFile(r.Path(a))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(string(data), "things.csv of ")
}

func child(dir, text, dieAt string, gc bool, env ...string) error {
	self, _ := os.Executable()
	c := exec.Command(self)
	c.Env = append(os.Environ(), "GOVDATA_TEST_PUBLISH="+dir, "GOVDATA_TEST_TEXT="+text, "GOVDATA_TEST_DIE_AT="+dieAt)
	c.Env = append(c.Env, env...)
	if gc {
		c.Env = append(c.Env, "GOVDATA_TEST_GC=1")
	}
	return c.Run()
}

// Killed at any step, a publish leaves the old release served or the new one,
// whole, and the next publish works.
func TestPublishSurvivesKillAtEveryStep(t *testing.T) {
	steps := []string{"manifest written", "records kept", "release in place", "pointer prepared", "pointer written"}
	for i, step := range steps {
		t.Run(step, func(t *testing.T) {
			dir := t.TempDir()
			if err := child(dir, "old", "", false); err != nil {
				t.Fatal(err)
			}
			if err := child(dir, "new", step, false); err == nil {
				t.Fatal("the publish was not killed: the step is never reached")
			}
			want := "old"
			if i == len(steps)-1 {
				want = "new"
			}
			if got := served(t, dir); got != want {
				t.Errorf("served is %q, want %q", got, want)
			}
			if err := child(dir, "next", "", false); err != nil {
				t.Fatal(err)
			}
			if got := served(t, dir); got != "next" {
				t.Errorf("after the next publish: served is %q", got)
			}
			// The same content once more, after its folder was left behind.
			if err := child(dir, "new", "", false); err != nil {
				t.Fatal(err)
			}
			if got := served(t, dir); got != "new" {
				t.Errorf("served is %q, want new", got)
			}
			if left, _ := filepath.Glob(filepath.Join(dir, "private", "staging", "*")); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func TestGCSurvivesAKillAndForgetsNothingCurrent(t *testing.T) {
	dir := t.TempDir()
	for _, text := range []string{"one", "two", "three", "four"} {
		if err := child(dir, text, "", false); err != nil {
			t.Fatal(err)
		}
	}
	if err := child(dir, "", "collection recorded", true); err == nil {
		t.Fatal("gc was not killed")
	}
	if got := served(t, dir); got != "four" {
		t.Errorf("served is %q", got)
	}
	c, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	before, err := c.Events("things")
	if err != nil {
		t.Fatal(err)
	}
	listed, err := c.GC(1, true)
	if err != nil || len(listed) == 0 {
		t.Fatalf("dry run: %v %v", listed, err)
	}
	if after, _ := c.Events("things"); len(after) != len(before) {
		t.Error("a dry run changed something")
	}
	if _, err := c.GC(1, false); err != nil {
		t.Fatal(err)
	}
	releases, err := c.Releases("things")
	if err != nil || len(releases) != 1 {
		t.Errorf("%d releases stay, want 1: %v", len(releases), err)
	}
	for _, e := range before {
		_, err := c.Resolve(Ref{Dataset: "things", Release: e.Release})
		if gone := e.Release != releases[0].Release; gone != errors.Is(err, ErrGone) {
			t.Errorf("%s: %v", e.Release, err)
		}
	}
}

func TestRollbackAndRepublishMoveThePointerOnly(t *testing.T) {
	c, err := Open(t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	first, err := publishText(c, "first")
	if err != nil {
		t.Fatal(err)
	}
	second, err := publishText(c, "second")
	if err != nil {
		t.Fatal(err)
	}
	if second.Previous != first.Release {
		t.Errorf("previous is %q, want %q", second.Previous, first.Release)
	}
	if _, err := c.Rollback("things", first.Release); err != nil {
		t.Fatal(err)
	}
	if now, _ := c.Current("things"); now.Release != first.Release {
		t.Errorf("current is %s", now.Release)
	}
	again, err := publishText(c, "second")
	if err != nil || again.Release != second.Release {
		t.Errorf("%v, %v; want release %s again", again, err, second.Release)
	}
	if _, err := c.Rollback("things", "20200101-000000000000"); !errors.Is(err, ErrNotFound) {
		t.Errorf("rollback to nothing: %v", err)
	}
}

func TestVerifyFindsEveryChange(t *testing.T) {
	for name, damage := range map[string]func(dir string) error{
		"a changed byte": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "things.csv"), []byte("things.csv of fIrst"), 0o644)
		},
		"a shorter file":  func(dir string) error { return os.Truncate(filepath.Join(dir, "things.csv"), 3) },
		"a missing file":  func(dir string) error { return os.Remove(filepath.Join(dir, "things.csv")) },
		"a file too much": func(dir string) error { return os.WriteFile(filepath.Join(dir, "extra"), nil, 0o644) },
	} {
		c, err := Open(t.TempDir(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		r, err := publishText(c, "first")
		if err != nil {
			t.Fatal(err)
		}
		if err := damage(filepath.Dir(r.StorePath())); err != nil {
			t.Fatal(err)
		}
		if found, err := r.Verify(context.Background(), nil); err != nil || len(found) != 1 {
			t.Errorf("%s: found %v, %v; want one mismatch", name, found, err)
		}
	}
}

func TestAPublishThatDoesNotAddUpIsRefused(t *testing.T) {
	c, err := Open(t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*Manifest){
		"a lost row":    func(m *Manifest) { m.Counts.In = 2 },
		"a wrong count": func(m *Manifest) { m.Rows = 3 },
		"a wrong hash":  func(m *Manifest) { m.Store.SHA256 = strings.Repeat("0", 64) },
		"a path":        func(m *Manifest) { m.Store.File = "../" + StoreName },
	} {
		st, err := c.Stage("things")
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(st.Dir(), StoreName)
		if err := os.WriteFile(path, []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
		sum, size, _ := HashFile(path)
		m := Manifest{Dataset: Dataset{ID: "things"}, Release: "20260101-" + ReleaseID(sum[:12]), PublishedAt: st.Now(), Rows: 1, Counts: Counts{In: 1, Published: 1},
			Store: Artefact{File: StoreName, SHA256: sum, Bytes: size, Rows: 1}}
		spoil(&m)
		if _, err := st.Publish(context.Background(), m); err == nil {
			t.Errorf("%s was published", name)
		}
		st.Discard()
		if _, err := c.Current("things"); !errors.Is(err, ErrNotFound) {
			t.Errorf("%s: something is current: %v", name, err)
		}
	}
}

func TestIdentifiersAreParsedOnceAndStrictly(t *testing.T) {
	for _, s := range []string{"", "a", "A_b", "1ab", "a-b", "a/b", "../x", "ab ", strings.Repeat("a", 64)} {
		if _, err := ParseID(s); !errors.Is(err, ErrInvalid) {
			t.Errorf("ParseID(%q) gives %v", s, err)
		}
	}
	for _, s := range []string{"things@", "things@latest", "things@20261123-3fa9c2d1e0b", "things@20261123-3FA9C2D1E0B4", "@20261123-3fa9c2d1e0b4"} {
		if _, err := ParseRef(s); !errors.Is(err, ErrInvalid) {
			t.Errorf("ParseRef(%q) gives %v", s, err)
		}
	}
	ref, err := ParseRef("things@20261123-3fa9c2d1e0b4")
	if err != nil || ref.String() != "things@20261123-3fa9c2d1e0b4" {
		t.Errorf("%v, %v", ref, err)
	}
	name, f, ok := SplitExt("things@20261123-3fa9c2d1e0b4.csv.gz")
	if !ok || name != "things@20261123-3fa9c2d1e0b4" || f.Ext != "csv.gz" {
		t.Errorf("%q, %v, %v", name, f, ok)
	}
}

func TestWhatBreaksUsersIsNamed(t *testing.T) {
	field := func(name string, typ Type, unit string) Field { return Field{Name: name, Type: typ, Unit: unit} }
	before := &Manifest{Rows: 100, Dataset: Dataset{Key: []string{"a"}, Fields: []Field{field("a", "text", ""), field("b", "integer", ""), field("c", "decimal(18,2)", "元"), field("d", "text", "")}}}
	after := &Manifest{Rows: 40, Dataset: Dataset{Key: []string{"b"}, Fields: []Field{field("a", "text", ""), field("b", "text", ""), field("c", "decimal(18,2)", "万元"), field("e", "text", "")}}}
	var breaking []string
	for _, c := range after.Follows(before) {
		if c.Breaking {
			breaking = append(breaking, c.Name)
		}
	}
	if got := strings.Join(breaking, " "); got != "b c d key rows" {
		t.Errorf("breaking are %q", got)
	}
	if changes := before.Follows(before); len(changes) > 0 {
		t.Errorf("nothing changed, and %v", changes)
	}
}

// A publish that fails at its last step takes back all that it has moved, the
// definition too, and the next one works.
func TestAFailedPublishLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	c, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := publishText(c, "old"); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(c.DefinitionPath("things")+".keep", nil, 0o600); err == nil {
		t.Fatal("a file was written into a folder that is not there")
	}
	if err := os.MkdirAll(filepath.Dir(c.DefinitionPath("things")), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(c.DefinitionPath("things"), []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	list := func() (all []string) {
		filepath.WalkDir(dir, func(path string, _ os.DirEntry, _ error) error { all = append(all, path); return nil })
		return all
	}
	before := list()
	hook := reached
	defer func() { reached = hook }()
	reached = func(step string) {
		if step == "release in place" { // a folder where the pointer is to be written
			if err := os.MkdirAll(filepath.Join(c.datasetDir("things"), pointerName+".new", "x"), 0o755); err != nil {
				t.Error(err)
			}
		}
	}
	publish := func(text string) error {
		st, err := c.Stage("things")
		if err != nil {
			return err
		}
		st.Define([]byte(text))
		defer st.Discard()
		m := Manifest{Dataset: Dataset{ID: "things", Openness: Openness{Attribute: OpenUnconditional}}, PublishedAt: st.Now(), Rows: 1, Counts: Counts{In: 1, Published: 1}}
		if err := os.WriteFile(filepath.Join(st.RecordsDir(), "rejects.csv"), []byte(text), 0o600); err != nil {
			return err
		}
		path := filepath.Join(st.Dir(), StoreName)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return err
		}
		sum, size, err := HashFile(path)
		if err != nil {
			return err
		}
		m.Store, m.Content = Artefact{File: StoreName, SHA256: sum, Bytes: size, Rows: 1}, sum
		m.Release = NewReleaseID(m.PublishedAt, sum)
		_, err = st.Publish(context.Background(), m)
		return err
	}
	if err := publish("new"); err == nil {
		t.Fatal("the publish did not fail")
	}
	if after := list(); strings.Join(after, "\n") != strings.Join(before, "\n") {
		t.Errorf("before:\n%s\nafter:\n%s", strings.Join(before, "\n"), strings.Join(after, "\n"))
	}
	if text, _ := os.ReadFile(c.DefinitionPath("things")); string(text) != "old" {
		t.Errorf("the definition is %q", text)
	}
	if got := served(t, dir); got != "old" {
		t.Errorf("served is %q", got)
	}
	reached = hook
	if err := publish("new"); err != nil {
		t.Fatal(err)
	}
	if text, _ := os.ReadFile(c.DefinitionPath("things")); string(text) != "new" {
		t.Errorf("the definition is %q", text)
	}
}
