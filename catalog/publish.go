package catalog

import (
	"bytes"
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
	// definition is kept with the release, see Define.
	definition []byte
	// AcceptWithdrawn lets content come back that was withdrawn.
	AcceptWithdrawn bool
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

// leftovers lists what interrupted changes of a dataset left behind, in the order
// in which it is to be removed. The caller holds the dataset's lock.
func (c *Catalog) leftovers(id ID) (paths []string, err error) {
	staged, err := c.staged(id)
	if err != nil {
		return nil, err
	}
	// The staging area goes last: it tells an interrupted first publish from a
	// pointer that was lost.
	defer func() { paths = append(paths, staged...) }()
	c.forget(id)
	p, err := c.readPointer(id)
	if errors.Is(err, ErrNotFound) {
		err = c.lostPointer(id)
	}
	if err != nil {
		return paths, err
	}
	vouched := func(name string) (isRelease, vouched bool) {
		r, err := ParseReleaseID(name)
		if err != nil {
			return false, false
		}
		state, _ := p.state(r)
		return true, state == there
	}
	home := c.half(id)
	for _, half := range halves {
		dir := filepath.Join(c.dir, half, string(id))
		entries, err := os.ReadDir(dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err != nil {
			return paths, err
		}
		gone := 0
		for _, e := range entries {
			isRelease, kept := vouched(strings.TrimSuffix(e.Name(), collectedSuffix))
			if e.Name() == pointerName+".new" || isRelease && e.IsDir() && (!kept || half != home || strings.HasSuffix(e.Name(), collectedSuffix)) {
				paths = append(paths, filepath.Join(dir, e.Name()))
				gone++
			}
		}
		if half != home && gone == len(entries) {
			paths = append(paths, dir)
		}
	}
	records := filepath.Join(c.PrivateDir(), "records", string(id))
	entries, err := os.ReadDir(records)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return paths, err
	}
	for _, e := range entries {
		r, err := ParseReleaseID(e.Name())
		if err != nil {
			continue
		}
		if state, _ := p.state(r); state == unpublished {
			paths = append(paths, filepath.Join(records, e.Name()))
		}
	}
	return paths, nil
}

// staged lists the staging areas of a dataset.
func (c *Catalog) staged(id ID) ([]string, error) {
	paths, err := filepath.Glob(filepath.Join(c.PrivateDir(), "staging", string(id)+"-*")) // as earlier versions named them
	if err != nil {
		return nil, err
	}
	if staged := c.stagingDir(id); isDir(staged) {
		paths = append(paths, staged)
	}
	return paths, nil
}

// lostPointer tells a dataset whose pointer was taken away from one whose first
// publish was interrupted: the latter has one release, which follows none. What
// was published is not cleared away as a leftover.
func (c *Catalog) lostPointer(id ID) error {
	for _, half := range halves {
		dir := filepath.Join(c.dir, half, string(id))
		manifests, err := filepath.Glob(filepath.Join(dir, "*-*", manifestName))
		if err != nil {
			return err
		}
		manifests = slices.DeleteFunc(manifests, func(m string) bool { return strings.HasSuffix(filepath.Dir(m), collectedSuffix) })
		follows := false
		for _, path := range manifests {
			var m Manifest
			data, err := os.ReadFile(path)
			follows = follows || err == nil && json.Unmarshal(data, &m) == nil && m.Previous != ""
		}
		if len(manifests) > 1 || follows {
			return fmt.Errorf("%s has releases and no %s: put that back, or take the folder away: %w", dir, pointerName, ErrCorrupt)
		}
	}
	return nil
}

// sweep removes what interrupted changes of a dataset left behind. The caller
// holds its lock.
func (c *Catalog) sweep(id ID) error {
	paths, err := c.leftovers(id)
	if err != nil {
		return err
	}
	for _, path := range paths {
		if err := os.RemoveAll(path); err != nil {
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
	kept, err := s.refuse()
	if err != nil {
		return "", fmt.Errorf("refuse %s: %w", s.id, err)
	}
	return kept, s.Discard()
}

func (s *Staging) refuse() (string, error) {
	dir := filepath.Join(s.c.PrivateDir(), "records", string(s.id))
	if err := makeDir(dir, 0o700); err != nil {
		return "", err
	}
	kept, err := freeName(filepath.Join(dir, "refused-"+s.Now().UTC().Format("20060102T150405Z")))
	if err != nil {
		return "", err
	}
	if err := syncTree(s.RecordsDir()); err != nil {
		return "", err
	}
	return kept, replaceDir(s.RecordsDir(), kept)
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
		// What was moved already goes with the rest, unless the pointer vouches for it.
		if failed := s.c.sweep(s.id); failed != nil {
			err = errors.Join(err, fmt.Errorf("the next ingest or govdata gc clears away what is left: %w", failed))
		}
		return nil, fmt.Errorf("publish %s: %w", s.id, err)
	}
	if err := s.Discard(); err != nil {
		return r, fmt.Errorf("publish %s: release %s is current; the next ingest or govdata gc clears away what is left: %w", s.id, r.Release, err)
	}
	return r, nil
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
	if !s.AcceptWithdrawn {
		if err := c.MayComeBack(s.id, m.Content, nil); err != nil {
			return nil, err
		}
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
	if err := writeSynced(filepath.Join(s.Dir(), manifestName), data, 0o644); err != nil {
		return nil, err
	}
	if err := writeSynced(filepath.Join(s.Dir(), signatureName), signature, 0o644); err != nil {
		return nil, err
	}
	if err := syncDir(s.Dir()); err != nil {
		return nil, err
	}
	reached("manifest written")

	records := c.recordsDir(s.id, m.Release)
	if err := makeDir(filepath.Dir(records), 0o700); err != nil {
		return nil, err
	}
	if err := syncTree(s.RecordsDir()); err != nil {
		return nil, err
	}
	if state, last := p.state(m.Release); state != unpublished && isDir(records) {
		// The release was there before, made of what another sender sent.
		earlier, err := freeName(records + "-sent-" + last.At.UTC().Format("20060102T150405Z"))
		if err == nil {
			err = os.Rename(records, earlier)
		}
		if err != nil {
			return nil, err
		}
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

	undo, err := s.define()
	if err != nil {
		return nil, err
	}
	p.Current = m.Release
	if err := c.reclassify(s.id, p, &m.Dataset, Event{At: m.PublishedAt, Kind: "publish", Release: m.Release}); err != nil {
		if !errors.Is(err, ErrUnsure) {
			err = errors.Join(err, undo())
		}
		return nil, err
	}
	r, err := c.Resolve(ref)
	if err != nil {
		return nil, fmt.Errorf("release %s is current, and cannot be read back: %w", m.Release, err)
	}
	return r, nil
}

// Define has the definition of a dataset that does not come with the program kept
// when the release becomes current.
func (s *Staging) Define(text []byte) { s.definition = text }

// KeepDefinition keeps the definition where the release that is current is the one
// that was to be made.
func (s *Staging) KeepDefinition() error {
	_, err := s.define()
	return err
}

// define writes the definition, and returns what puts the one of before back.
func (s *Staging) define() (undo func() error, err error) {
	nothing := func() error { return nil }
	if s.definition == nil {
		return nothing, nil
	}
	path := s.c.DefinitionPath(s.id)
	before, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("definition: %w", err)
	}
	if err == nil && bytes.Equal(before, s.definition) {
		return nothing, nil
	}
	undo = func() error { return WriteFile(path, before, 0o600) }
	if err != nil {
		undo = func() error { return removed(path) }
	}
	if err := makeDir(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("definition: %w", err)
	}
	if err := WriteFile(path, s.definition, 0o600); err != nil {
		return nil, fmt.Errorf("definition: %w", errors.Join(err, undo()))
	}
	return undo, nil
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
	if err := makeDir(filepath.Join(c.dir, half), perm); err != nil {
		return "", err
	}
	dir := filepath.Join(c.dir, half, string(id))
	return dir, makeDir(dir, 0o755)
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
	if err := writeSynced(path+".new", data, 0o644); err != nil {
		return errors.Join(err, removed(path+".new"))
	}
	reached("pointer prepared")
	err = renamed(path+".new", path)
	c.forget(id)
	if errors.Is(err, ErrUnsure) {
		err = fmt.Errorf("release %s is current, and a failure of the machine may undo that: %w", p.Current, err)
	}
	return err
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
	// A first publish that was interrupted may have left nothing but this.
	staged, err := os.ReadDir(filepath.Join(c.PrivateDir(), "staging"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("gc: %w", err)
	}
	for _, e := range staged {
		name, _, _ := strings.Cut(e.Name(), "-") // earlier versions put a number behind it
		if id, err := ParseID(name); err == nil && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	var all []Collected
	for _, id := range ids {
		collected, err := c.collect(id, keep, dryRun)
		if damageOf(err) != nil {
			continue // nothing is removed of what is set aside; verify tells of it
		} else if err != nil {
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
	kept := map[ReleaseID]bool{p.Current: true} // also where there is none
	for i, release := range p.available() {
		if i < keep {
			kept[release] = true
		}
	}
	var out []Collected
	left, err := c.leftovers(id)
	if err != nil {
		return nil, err
	}
	for _, path := range left {
		release, _ := ParseReleaseID(strings.TrimSuffix(filepath.Base(path), collectedSuffix)) // "" for others
		out = append(out, Collected{Ref: Ref{Dataset: id, Release: release}, Path: path, Bytes: dirSize(path), Why: "left by an interrupted command"})
		if dryRun {
			continue
		}
		if err := os.RemoveAll(path); err != nil {
			return out, err
		}
	}
	for _, release := range p.available() {
		if kept[release] {
			continue
		}
		ref := Ref{Dataset: id, Release: release}
		path := c.releaseDir(ref)
		out = append(out, Collected{Ref: ref, Path: path, Bytes: dirSize(path), Why: "older than the releases to keep"})
		if dryRun {
			continue
		}
		p.Events = append(slices.Clone(p.Events), Event{At: c.Now(), Kind: "collect", Release: release})
		if err := c.writePointer(id, p); err != nil {
			return out, err
		}
		reached("collection recorded")
		if err := removeDir(path); err != nil {
			return out, err
		}
	}
	return out, nil
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
