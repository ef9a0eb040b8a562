package catalog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/lockedfile"
)

// Staging is a release in the making. It holds the dataset's lock, so there
// is one at a time for each dataset; Discard or Publish gives the lock back.
type Staging struct {
	c      *Catalog
	id     ID
	dir    string
	unlock func()
}

// reached is called as each step of a change on disk is done; tests replace
// it to die there.
var reached = func(step string) {}

// Stage begins a release of dataset id: it waits for the dataset's lock and
// clears what an interrupted ingest of the same dataset left behind.
func (c *Catalog) Stage(id ID) (*Staging, error) {
	unlock, err := c.lock(id)
	if err != nil {
		return nil, err
	}
	s := &Staging{c: c, id: id, unlock: unlock}
	if err := s.init(); err != nil {
		err = errors.Join(err, os.RemoveAll(s.dir))
		unlock()
		return nil, fmt.Errorf("stage %s: %w", id, err)
	}
	return s, nil
}

func (s *Staging) init() error {
	s.dir = s.c.stagingDir(s.id)
	if err := os.MkdirAll(filepath.Dir(s.dir), 0o700); err != nil {
		return err
	}
	if err := s.c.sweep(s.id); err != nil {
		return err
	}
	for _, dir := range []string{s.dir, s.WorkDir(), s.RecordsDir()} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			return err
		}
	}
	return os.Mkdir(s.Dir(), 0o755)
}

// sweep removes what an interrupted change of a dataset left behind. The caller
// holds the dataset's lock.
func (c *Catalog) sweep(id ID) error {
	staged, err := filepath.Glob(filepath.Join(c.PrivateDir(), "staging", string(id)+"-*")) // as earlier versions named them
	if err != nil {
		return err
	}
	for _, dir := range append(staged, c.stagingDir(id)) {
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	return nil
}

func (c *Catalog) stagingDir(id ID) string {
	return filepath.Join(c.PrivateDir(), "staging", string(id))
}

// lock takes the lock under which a dataset changes. The kernel gives it back
// when the process dies.
func (c *Catalog) lock(id ID) (unlock func(), err error) {
	dir := filepath.Join(c.PrivateDir(), "locks")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("lock %s: %w", id, err)
	}
	unlock, err = lockedfile.MutexAt(filepath.Join(dir, string(id))).Lock()
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", id, err)
	}
	return unlock, nil
}

// Dir takes the files that become public: the DuckDB file and the downloads.
func (s *Staging) Dir() string { return filepath.Join(s.dir, "release") }

// WorkDir takes what must never become public; it goes away with the staging.
func (s *Staging) WorkDir() string { return filepath.Join(s.dir, "work") }

// RecordsDir takes what the sending department and the operators may see: the
// rejects and the report. Publish keeps them under the release's name.
func (s *Staging) RecordsDir() string { return filepath.Join(s.dir, "records") }

// Now is the time of publication, in the site's time zone.
func (s *Staging) Now() time.Time { return s.c.Now() }

// Discard gives the release up. It does nothing after Publish.
func (s *Staging) Discard() error {
	if s.unlock == nil {
		return nil
	}
	err := os.RemoveAll(s.dir)
	s.unlock()
	s.unlock = nil
	return err
}

// Refuse gives the release up and keeps its records, so that the department
// can see why; it returns the folder they are kept in.
func (s *Staging) Refuse() (string, error) {
	kept := filepath.Join(s.c.PrivateDir(), "records", string(s.id), "refused-"+s.Now().UTC().Format("20060102T150405Z"))
	if err := os.MkdirAll(filepath.Dir(kept), 0o700); err != nil {
		return "", fmt.Errorf("refuse %s: %w", s.id, err)
	}
	if err := replaceDir(s.RecordsDir(), kept); err != nil {
		return "", fmt.Errorf("refuse %s: %w", s.id, err)
	}
	return kept, s.Discard()
}

// Publish makes the staged files the current release. Every file is hashed
// again and compared with m before anything becomes visible; the last and
// smallest write replaces the dataset's pointer, so that readers see the old
// release or the new one and never a mix. On any error the old one stays.
func (s *Staging) Publish(ctx context.Context, m Manifest) (*Release, error) {
	if err := s.check(ctx, &m); err != nil {
		return nil, fmt.Errorf("publish %s: %w", s.id, err)
	}
	r, err := s.publish(m)
	if err != nil {
		return nil, fmt.Errorf("publish %s: %w", s.id, err)
	}
	return r, s.Discard()
}

func (s *Staging) check(ctx context.Context, m *Manifest) error {
	if m.Dataset.ID != s.id {
		return fmt.Errorf("manifest is of %q: %w", m.Dataset.ID, ErrInvalid)
	}
	if _, err := ParseReleaseID(string(m.Release)); err != nil {
		return err
	}
	if !m.Counts.Balanced() {
		return fmt.Errorf("%d rows came in, but %d published + %d rejected + %d withheld: %w",
			m.Counts.In, m.Counts.Published, m.Counts.Rejected, m.Counts.Withheld, ErrInvalid)
	}
	if m.Rows != m.Counts.Published+m.Counts.Kept {
		return fmt.Errorf("%d rows in the release, but %d published + %d kept: %w", m.Rows, m.Counts.Published, m.Counts.Kept, ErrInvalid)
	}
	for _, a := range m.files() {
		if a.Rows != m.Rows {
			return fmt.Errorf("%s has %d rows, the release %d: %w", a.File, a.Rows, m.Rows, ErrInvalid)
		}
	}
	mismatches, err := checkFiles(ctx, s.Dir(), m)
	if err != nil {
		return err
	}
	if len(mismatches) > 0 {
		return fmt.Errorf("%s: %w", mismatches[0], ErrCorrupt)
	}
	return nil
}

func (s *Staging) publish(m Manifest) (*Release, error) {
	c := s.c
	p, err := c.readPointer(s.id)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return nil, err
	}
	m.Version, m.Previous = 2, p.Current
	m.Schema = schemaHash(&m.Dataset)
	openness := c.inForce(s.id, m.Dataset.Openness, m.Dataset.Inherits())
	if strictness(openness.Attribute) > 0 {
		if err := m.takeStatistics().write(s.RecordsDir()); err != nil {
			return nil, err
		}
	}
	data, signature, err := c.sign(&m)
	if err != nil {
		return nil, err
	}
	if err := writeSynced(filepath.Join(s.Dir(), manifestName), data); err != nil {
		return nil, err
	}
	if err := writeSynced(filepath.Join(s.Dir(), signatureName), signature); err != nil {
		return nil, err
	}
	if err := syncDir(s.Dir()); err != nil {
		return nil, err
	}
	reached("manifest written")

	records := c.recordsDir(s.id, m.Release)
	if err := os.MkdirAll(filepath.Dir(records), 0o700); err != nil {
		return nil, err
	}
	if err := replaceDir(s.RecordsDir(), records); err != nil {
		return nil, err
	}
	reached("records kept")

	home := halfOf(openness)
	if home == restrictedDir {
		// Before the new release is anywhere but in the staging area.
		if err := c.moveTo(s.id, home); err != nil {
			return nil, err
		}
	}
	ref := Ref{Dataset: s.id, Release: m.Release}
	if state, _ := p.state(m.Release); state != there {
		dir, err := c.makeDatasetDir(s.id, home)
		if err != nil {
			return nil, err
		}
		// A folder of that name that no event vouches for was left by a
		// publish that died before its pointer.
		if err := replaceDir(s.Dir(), filepath.Join(dir, string(m.Release))); err != nil {
			return nil, err
		}
		c.forget(s.id)
	}
	reached("release in place")

	p.Current = m.Release
	if err := c.reclassify(s.id, p, &m.Dataset, Event{At: m.PublishedAt, Kind: "publish", Release: m.Release}); err != nil {
		return nil, err
	}
	return c.Resolve(ref)
}

// makeDatasetDir returns the folder of a dataset: where it lies, or else a new
// one in half.
func (c *Catalog) makeDatasetDir(id ID, half string) (string, error) {
	if at := c.half(id); at != "" {
		return filepath.Join(c.dir, at, string(id)), nil
	}
	perm := fs.FileMode(0o755)
	if half == restrictedDir {
		perm = 0o700
	}
	// What an interrupted first publish left in the other half goes.
	for _, other := range halves {
		if other != half {
			if err := os.RemoveAll(filepath.Join(c.dir, other, string(id))); err != nil {
				return "", err
			}
		}
	}
	if err := os.MkdirAll(filepath.Join(c.dir, half), perm); err != nil {
		return "", err
	}
	dir := filepath.Join(c.dir, half, string(id))
	return dir, os.MkdirAll(dir, 0o755)
}

// RecordsDir returns where the rejects and the report of the ingest that made
// a release are kept.
func (c *Catalog) RecordsDir(ref Ref) string { return c.recordsDir(ref.Dataset, ref.Release) }

func (c *Catalog) recordsDir(id ID, release ReleaseID) string {
	return filepath.Join(c.PrivateDir(), "records", string(id), string(release))
}

func (c *Catalog) writePointer(id ID, p pointer) error {
	data, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return err
	}
	dir := c.datasetDir(id)
	if c.half(id) == "" { // the first publish made the folder where it belongs
		for _, half := range halves {
			if at := filepath.Join(c.dir, half, string(id), string(p.Current)); isDir(at) {
				dir = filepath.Dir(at)
			}
		}
	}
	path := filepath.Join(dir, pointerName)
	if err := writeSynced(path+".new", data); err != nil {
		return err
	}
	reached("pointer prepared")
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	c.forget(id)
	return syncDir(dir)
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// Rollback makes an earlier release current again.
func (c *Catalog) Rollback(id ID, release ReleaseID) (*Release, error) {
	unlock, err := c.lock(id)
	if err != nil {
		return nil, err
	}
	defer unlock()
	r, err := c.Resolve(Ref{Dataset: id, Release: release})
	if err != nil {
		return nil, fmt.Errorf("rollback: %w", err)
	}
	p, err := c.readPointer(id)
	if err != nil {
		return nil, fmt.Errorf("rollback: %w", err)
	}
	if p.Current == release {
		return r, nil
	}
	p.Current = release
	p.Events = append(slices.Clone(p.Events), Event{At: c.Now(), Kind: "rollback", Release: release})
	if err := c.writePointer(id, p); err != nil {
		return nil, fmt.Errorf("rollback %s: %w", id, err)
	}
	return r, nil
}

// Collected is one thing that GC removed, or would remove.
type Collected struct {
	Ref   Ref
	Path  string
	Bytes int64
	Why   string
}

// GC removes all but the current and the keep newest releases of every
// dataset, and what interrupted publishes left behind. Raw uploads, rejects
// and reports stay. A collected release answers ErrGone from then on. With
// dryRun it only lists.
func (c *Catalog) GC(keep int, dryRun bool) ([]Collected, error) {
	if keep < 1 {
		return nil, fmt.Errorf("gc: keep %d: want at least 1: %w", keep, ErrInvalid)
	}
	ids, err := c.everyID()
	if err != nil {
		return nil, fmt.Errorf("gc: %w", err)
	}
	var all []Collected
	for _, id := range ids {
		collected, err := c.collect(id, keep, dryRun)
		if err != nil {
			return all, fmt.Errorf("gc %s: %w", id, err)
		}
		all = append(all, collected...)
	}
	return all, nil
}

func (c *Catalog) collect(id ID, keep int, dryRun bool) ([]Collected, error) {
	unlock, err := c.lock(id)
	if err != nil {
		return nil, err
	}
	defer unlock()
	p, err := c.readPointer(id)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return nil, err
	}
	releases, err := c.Releases(id)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return nil, err
	}
	kept := map[ReleaseID]bool{p.Current: true}
	for i, r := range releases {
		if i < keep {
			kept[r.Release] = true
		}
	}
	var out []Collected
	for _, path := range c.releaseDirs(id) {
		name := filepath.Base(path)
		release, err := ParseReleaseID(strings.TrimSuffix(name, collectedSuffix))
		if err != nil || (kept[release] && name == string(release) && filepath.Dir(path) == c.datasetDir(id)) {
			continue
		}
		got := Collected{Ref: Ref{Dataset: id, Release: release}, Path: path, Bytes: dirSize(path), Why: "older than the releases to keep"}
		state, _ := p.state(release)
		if state != there {
			got.Why = "left by an interrupted publish or collection"
		}
		out = append(out, got)
		if dryRun {
			continue
		}
		if state == there {
			p.Events = append(slices.Clone(p.Events), Event{At: c.Now(), Kind: "collect", Release: release})
			if err := c.writePointer(id, p); err != nil {
				return out, err
			}
			reached("collection recorded")
		}
		if err := removeDir(path); err != nil {
			return out, err
		}
	}
	return out, nil
}

// releaseDirs lists the folders of releases of a dataset, those too that were left
// in a half that it does not lie in.
func (c *Catalog) releaseDirs(id ID) []string {
	var paths []string
	for _, half := range halves {
		found, _ := filepath.Glob(filepath.Join(c.dir, half, string(id), "*-*")) // the pattern is a good one
		paths = append(paths, found...)
	}
	return slices.DeleteFunc(paths, func(path string) bool { return !isDir(path) })
}

const collectedSuffix = ".collected"

// removeDir takes path out of sight in one step and then removes it.
func removeDir(path string) error {
	if !strings.HasSuffix(path, collectedSuffix) {
		if err := os.RemoveAll(path + collectedSuffix); err != nil {
			return err
		}
		if err := os.Rename(path, path+collectedSuffix); err != nil {
			return err
		}
		path += collectedSuffix
	}
	return os.RemoveAll(path)
}

// replaceDir moves from to to, in place of whatever is there.
func replaceDir(from, to string) error {
	if err := os.RemoveAll(to); err != nil {
		return err
	}
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return syncDir(filepath.Dir(to))
}

func writeSynced(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}

func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func dirSize(path string) (n int64) {
	filepath.WalkDir(path, func(_ string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			if info, err := e.Info(); err == nil {
				n += info.Size()
			}
		}
		return nil
	})
	return n
}
