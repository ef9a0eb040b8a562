package catalog

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// shelf is a data directory with three releases of things, the second and the
// third with an upload of their own.
func shelf(t *testing.T) (dir string, c *Catalog, releases []*Release) {
	t.Helper()
	dir = t.TempDir()
	c, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"first", "second", "third"} {
		st, err := c.Stage("things")
		if err != nil {
			t.Fatal(err)
		}
		upload, err := st.Archive(strings.NewReader("upload of " + text))
		if err = errors.Join(err, st.Discard()); err != nil {
			t.Fatal(err)
		}
		r, err := publishWith(c, thing(OpenUnconditional), text, func(m *Manifest) {
			m.Sources = []Source{{Name: text + ".csv", SHA256: upload.SHA256, Bytes: upload.Bytes, Format: "csv"}}
		})
		if err != nil {
			t.Fatal(err)
		}
		releases = append(releases, r)
	}
	return dir, c, releases
}

// gone checks that nothing of a release is left but its tombstone.
func gone(t *testing.T, c *Catalog, r *Release, text string) {
	t.Helper()
	var w *Withdrawn
	if _, err := c.Resolve(r.Ref()); !errors.As(err, &w) || !errors.Is(err, ErrGone) || w.Reason != "it named a person" || w.By != "the office" || w.At.IsZero() {
		t.Errorf("%s: %v", r.Ref(), err)
	}
	if releases, _ := c.Releases("things"); len(releases) > 0 {
		for _, other := range releases {
			if other.Release == r.Release {
				t.Errorf("%s is listed", r.Ref())
			}
		}
	}
	if path := within(t, c.dir, "of "+text); path != "" {
		t.Errorf("%s: %s still holds it", r.Ref(), path)
	}
	if checked, found, err := c.VerifyTombstones(nil); err != nil || len(found) > 0 || checked == 0 {
		t.Errorf("%s: %d tombstones, %v, %v", r.Ref(), checked, found, err)
	}
	if _, err := c.Rollback("things", r.Release); !errors.Is(err, ErrGone) {
		t.Errorf("rollback to it: %v", err)
	}
}

func TestAWithdrawnReleaseLeavesNothingButItsTombstone(t *testing.T) {
	dir, c, releases := shelf(t)
	running, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if all, err := running.All(); err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	why := Withdrawal{Reason: "it named a person", By: "the office"}
	if _, err := c.Withdraw(Ref{Dataset: "things"}, Withdrawal{Reason: " "}); !errors.Is(err, ErrInvalid) {
		t.Errorf("without a reason: %v", err)
	}
	if _, err := c.Withdraw(Ref{Dataset: "things", Release: "20200101-000000000000"}, why); !errors.Is(err, ErrNotFound) {
		t.Errorf("what was never there: %v", err)
	}
	r, err := c.Withdraw(releases[1].Ref(), why)
	if err != nil || r.Current != releases[2].Release || len(r.Withdrawn) != 1 {
		t.Fatalf("%+v %v", r, err)
	}
	gone(t, running, releases[1], "second")
	if got := served(t, dir); got != "third" {
		t.Errorf("served is %q", got)
	}
	// Once more changes nothing.
	events, _ := c.Events("things")
	if r, err = c.Withdraw(releases[1].Ref(), why); err != nil || len(r.Already) != 1 || len(r.Withdrawn)+len(r.Deleted) != 0 {
		t.Errorf("%+v %v", r, err)
	}
	if now, _ := c.Events("things"); len(now) != len(events) {
		t.Error("it was withdrawn twice")
	}
	// The current one, without and with --rollback.
	if r, err = c.Withdraw(releases[2].Ref(), why); err != nil || r.Current != "" {
		t.Fatalf("%+v %v", r, err)
	}
	gone(t, running, releases[2], "third")
	if _, err := running.Current("things"); !errors.Is(err, ErrGone) || !errors.Is(err, ErrNotFound) {
		t.Errorf("current: %v", err)
	}
	if all, err := running.All(); err != nil || len(all) > 0 {
		t.Errorf("%v %v", all, err)
	}
	if ids, err := running.IDs(); err != nil || len(ids) > 0 {
		t.Errorf("%v %v", ids, err)
	}
	if _, err := c.Rollback("things", releases[0].Release); err != nil {
		t.Fatal(err)
	}
	if got := served(t, dir); got != "first" {
		t.Errorf("served is %q", got)
	}
	// The whole dataset, and a new release of it afterwards.
	if r, err = c.Withdraw(Ref{Dataset: "things"}, why); err != nil || len(r.Withdrawn) != 1 || len(r.Already) != 2 {
		t.Fatalf("%+v %v", r, err)
	}
	gone(t, running, releases[0], "first")
	tombstones, err := running.Tombstones("things")
	if err != nil || len(tombstones) != 4 {
		t.Errorf("%d tombstones, %v", len(tombstones), err)
	}
	if _, err := publishText(c, "fresh"); err != nil {
		t.Fatal(err)
	}
	if got := served(t, dir); got != "fresh" {
		t.Errorf("served is %q", got)
	}
	if tombstones, err = running.Tombstones("things"); err != nil || len(tombstones) != 3 {
		t.Errorf("%d tombstones, %v", len(tombstones), err)
	}
	gone(t, running, releases[0], "first")
}

func TestWhatWasWithdrawnDoesNotComeBackUnseen(t *testing.T) {
	dir, c, releases := shelf(t)
	r, err := c.Withdraw(releases[2].Ref(), Withdrawal{Reason: "it named a person", By: "the office", Rollback: true})
	if err != nil || r.Current != releases[1].Release {
		t.Fatalf("%+v %v", r, err)
	}
	var back *ComingBack
	if _, err := publishText(c, "third"); !errors.As(err, &back) || !errors.Is(err, ErrConflict) || errors.Is(err, ErrGone) {
		t.Fatalf("the same content: %v", err)
	}
	gone(t, c, releases[2], "third")
	sum := releases[2].Whole().Sources[0].SHA256
	if err := c.MayComeBack("things", "", map[string]string{sum: "third.csv"}); !errors.As(err, &back) || !strings.Contains(err.Error(), "third.csv") {
		t.Errorf("the same upload: %v", err)
	}
	if err := c.MayComeBack("things", "", map[string]string{releases[1].Sources[0].SHA256: "second.csv"}); err != nil {
		t.Errorf("another upload: %v", err)
	}
	st, err := c.Stage("things")
	if err != nil {
		t.Fatal(err)
	}
	st.AcceptWithdrawn = true
	path := filepath.Join(st.Dir(), StoreName)
	m := *releases[2].Whole()
	for _, a := range m.files() {
		if err := os.WriteFile(filepath.Join(st.Dir(), a.File), []byte(a.File+" of third"), 0o644); err != nil {
			t.Fatal(err, path)
		}
	}
	again, err := st.Publish(t.Context(), m)
	if err != nil || again.Release != releases[2].Release {
		t.Fatalf("%v %v", again, err)
	}
	if got := served(t, dir); got != "third" {
		t.Errorf("served is %q", got)
	}
	if _, found, err := c.VerifyTombstones(nil); err != nil || len(found) > 0 {
		t.Errorf("%v %v", found, err)
	}
	if _, err := c.Withdraw(again.Ref(), Withdrawal{Reason: "it named a person", By: "the office"}); err != nil {
		t.Fatal(err)
	}
	gone(t, c, releases[2], "third")
}

func TestAnUploadThatAnotherReleaseIsMadeOfStays(t *testing.T) {
	_, c, releases := shelf(t)
	sum := releases[2].Sources[0].SHA256
	other := thing(OpenNot)
	other.ID = "others"
	if _, err := publishWith(c, other, "others", func(m *Manifest) { m.Sources = []Source{{Name: "x", SHA256: sum, Format: "csv"}} }); err != nil {
		t.Fatal(err)
	}
	r, err := c.Withdraw(releases[2].Ref(), Withdrawal{Reason: "why"})
	if err != nil || len(r.Kept) != 1 {
		t.Fatalf("%+v %v", r, err)
	}
	if _, err := os.Stat(c.archivePath(sum)); err != nil {
		t.Error(err)
	}
	if r, err = c.Withdraw(releases[1].Ref(), Withdrawal{Reason: "why", KeepUploads: true}); err != nil {
		t.Fatal(err)
	}
	if err := c.Recover(); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{c.archivePath(releases[1].Sources[0].SHA256), c.RecordsDir(releases[1].Ref())} {
		if _, err := os.Stat(path); err != nil {
			t.Errorf("kept: %v", err)
		}
	}
}

func TestATombstoneIsVerified(t *testing.T) {
	_, c, releases := shelf(t)
	if _, err := c.Withdraw(releases[0].Ref(), Withdrawal{Reason: "why"}); err != nil {
		t.Fatal(err)
	}
	text, signature := c.TombstonePaths(releases[0].Ref())
	said, err := os.ReadFile(text)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := os.ReadFile(signature)
	if err != nil {
		t.Fatal(err)
	}
	for what, damage := range map[string]func() error{
		"another reason":    func() error { return os.WriteFile(text, bytes.Replace(said, []byte("why"), []byte("who"), 1), 0o644) },
		"no signature":      func() error { return os.Remove(signature) },
		"another signature": func() error { return os.WriteFile(signature, make([]byte, 64), 0o644) },
		"no tombstone":      func() error { return os.Remove(text) },
		"one of nothing":    func() error { return os.WriteFile(filepath.Join(filepath.Dir(text), "others.json"), said, 0o644) },
		"its folder came back": func() error {
			return os.Mkdir(filepath.Join(c.PublicDir(), "things", string(releases[0].Release)), 0o755)
		},
	} {
		if err := damage(); err != nil {
			t.Fatal(err)
		}
		if _, found, err := c.VerifyTombstones(nil); err != nil || len(found) != 1 {
			t.Errorf("%s: %v %v", what, found, err)
		}
		os.Remove(filepath.Join(filepath.Dir(text), "others.json"))
		if err := c.Recover(); err != nil {
			t.Fatal(err)
		}
		if _, found, err := c.VerifyTombstones(nil); err != nil || len(found) != 0 {
			t.Errorf("%s, after it was mended: %v %v", what, found, err)
		}
		if err := errors.Join(os.WriteFile(text, said, 0o644), os.WriteFile(signature, signed, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
}

// Killed at any step, a withdrawal has happened or not: the release is served
// whole, or it is gone; and the next command does what is left.
func TestAWithdrawalSurvivesAKillAtEveryStep(t *testing.T) {
	steps := []string{"withdrawal noted", "pointer prepared", "withdrawal recorded", "tombstone file written", "tombstones written", "withdrawn bytes deleted"}
	for _, whole := range []bool{false, true} {
		for i, step := range steps {
			dir, c, releases := shelf(t)
			name := string(releases[2].Release)
			if whole {
				name = "all"
			}
			if err := child(dir, "", step, false, "GOVDATA_TEST_WITHDRAW="+name); err == nil {
				t.Fatalf("%s: not killed", step)
			}
			_, err := c.Current("things")
			if i < 2 {
				if err != nil || served(t, dir) != "third" {
					t.Errorf("%s: before it is recorded: %v", step, err)
				}
				if err := c.Recover(); err != nil {
					t.Fatal(err)
				}
				if _, found, err := c.VerifyTombstones(nil); err != nil || len(found) > 0 {
					t.Errorf("%s: %v %v", step, found, err)
				}
				continue
			}
			if !errors.Is(err, ErrGone) {
				t.Errorf("%s: %v", step, err)
			}
			if i%2 == 0 {
				err = c.Recover()
			} else {
				err = child(dir, "", "", false, "GOVDATA_TEST_WITHDRAW="+name)
			}
			if err != nil {
				t.Fatal(err)
			}
			gone(t, c, releases[2], "third")
			if whole {
				gone(t, c, releases[0], "first")
			}
			if left, _ := filepath.Glob(filepath.Join(dir, "public", "withdrawn-data", "*.new")); len(left) > 0 {
				t.Errorf("%s: left behind: %v", step, left)
			}
		}
	}
}

// The uploads of a damaged release are deleted with it; where nothing tells what they
// are, the operator is told so.
func TestTheUploadsOfADamagedReleaseAreDeletedToo(t *testing.T) {
	for name, damage := range map[string]func(c *Catalog, r *Release) error{
		"no signature": func(c *Catalog, r *Release) error { return os.Remove(r.SignaturePath()) },
		"no manifest, and a report": func(c *Catalog, r *Release) error {
			report := fmt.Sprintf(`{"files":[{"sha256":%q}]}`, r.Sources[0].SHA256)
			return errors.Join(os.Remove(r.ManifestPath()), os.WriteFile(filepath.Join(c.RecordsDir(r.Ref()), "report.json"), []byte(report), 0o600))
		},
		"nothing": func(c *Catalog, r *Release) error { return os.Remove(r.ManifestPath()) },
	} {
		t.Run(name, func(t *testing.T) {
			dir, c, releases := shelf(t)
			r := releases[2]
			if err := damage(c, r); err != nil {
				t.Fatal(err)
			}
			c, err := Open(dir, Options{})
			if err != nil {
				t.Fatal(err)
			}
			_, err = c.Withdraw(r.Ref(), Withdrawal{Reason: "it named a person", By: "the office"})
			if name == "nothing" {
				if err == nil || !strings.Contains(err.Error(), "archive") {
					t.Errorf("its upload cannot be told: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(c.archivePath(r.Sources[0].SHA256)); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("its upload is there still: %v", err)
			}
		})
	}
}
