package catalog

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// strictness orders the open attributes. One that is not known is the strictest.
func strictness(attribute string) int {
	if i := slices.Index([]string{OpenUnconditional, OpenConditional, OpenNot}, attribute); i >= 0 {
		return i
	}
	return 3
}

// Stricter returns the one of two that lets fewer people see.
func Stricter(a, b Openness) Openness {
	if strictness(b.Attribute) > strictness(a.Attribute) {
		return b
	}
	return a
}

// halfOf is the half of the data directory for datasets that are open like this.
func halfOf(o Openness) string {
	if strictness(o.Attribute) == 0 {
		return publicDir
	}
	return restrictedDir
}

// declared returns the openness that a dataset's pointer says, and the datasets
// whose openness holds for it too where that is stricter.
func (c *Catalog) declared(id ID, p pointer) (Openness, []ID, error) {
	if p.Openness != nil {
		return *p.Openness, p.Inherits, nil
	}
	// A pointer from before openness was recorded: the definition that was
	// published last counts, also where an earlier release is current again.
	var failed error
	for _, e := range slices.Backward(p.Events) {
		if e.Kind != "publish" {
			continue
		}
		if state, _ := p.state(e.Release); state != there {
			continue
		}
		s, err := c.signed(Ref{Dataset: id, Release: e.Release})
		if err == nil {
			return s.Dataset.Openness, s.Dataset.Inherits(), nil
		}
		failed = err
	}
	if failed == nil {
		failed = fmt.Errorf("dataset %q: no release says how open it is: %w", id, ErrCorrupt)
	}
	return Openness{}, nil, failed
}

// Inherits names the datasets whose openness holds for the dataset too.
func (d *Dataset) Inherits() []ID {
	if d.Derived == nil {
		return nil
	}
	var ids []ID
	for _, id := range d.Derived.Inputs {
		if !slices.ContainsFunc(d.Derived.Discloses, func(x Disclosed) bool { return x.Input == id }) {
			ids = append(ids, id)
		}
	}
	return ids
}

// inForce returns how open all releases of a dataset are today: what the
// definition said that was published last, or what is stricter among the inputs
// that it is computed from. It is what every face goes by.
func (c *Catalog) inForce(id ID, own Openness, inputs []ID) Openness {
	return c.strictest(id, own, inputs, map[ID]bool{id: true})
}

func (c *Catalog) strictest(id ID, own Openness, inputs []ID, seen map[ID]bool) Openness {
	for _, input := range inputs {
		if seen[input] {
			continue
		}
		seen[input] = true
		p, err := c.readPointer(input)
		if errors.Is(err, ErrNotFound) {
			continue // nothing of it was read
		}
		var said Openness
		var further []ID
		if err == nil {
			said, further, err = c.declared(input, p)
		}
		if err != nil {
			// Nobody can tell how open it is.
			basis := fmt.Sprintf("%s: %s", input, err)
			return Openness{Attribute: OpenNot, Basis: Text{Zh: "由 " + string(input) + " 计算得出，而其开放属性无法读取", En: "it is computed from " + basis}}
		}
		own = Stricter(own, c.strictest(input, said, further, seen))
	}
	return own
}

// InForce returns how open a dataset of that definition is today.
func (c *Catalog) InForce(d *Dataset) Openness { return c.inForce(d.ID, d.Openness, d.Inherits()) }

// opennessOf returns how open a dataset is today.
func (c *Catalog) opennessOf(id ID, p pointer) (Openness, error) {
	own, inputs, err := c.declared(id, p)
	if err != nil {
		return Openness{}, err
	}
	return c.inForce(id, own, inputs), nil
}

// Reclassify makes the dataset as open as its definition says now, without a new
// release. It reports whether that is a change.
func (s *Staging) Reclassify(d *Dataset) (changed bool, err error) {
	p, err := s.c.readPointer(s.id)
	if err != nil {
		return false, err
	}
	own, inputs, err := s.c.declared(s.id, p)
	if err != nil || own == d.Openness && slices.Equal(inputs, d.Inherits()) {
		return false, err
	}
	if err := s.c.reclassify(s.id, p, d, Event{At: s.Now(), Kind: "openness", Release: p.Current}); err != nil {
		return false, fmt.Errorf("openness of %s: %w", s.id, err)
	}
	return true, nil
}

// reclassify writes a pointer with the openness of a definition, and brings the
// dataset into its half: what closes before the pointer says so, what opens
// afterwards. In between the openness of before holds. The caller holds the
// dataset's lock.
func (c *Catalog) reclassify(id ID, p pointer, d *Dataset, e Event) error {
	own, inputs := d.Openness, d.Inherits()
	home := halfOf(c.inForce(id, own, inputs))
	if home == restrictedDir {
		if err := c.moveTo(id, home); err != nil {
			return err
		}
	}
	p.Openness, p.Inherits, p.Events = &own, inputs, append(slices.Clone(p.Events), e)
	if err := c.writePointer(id, p); err != nil {
		return err
	}
	reached("pointer written")
	// It is done. What cannot be moved now, this dataset or one that is computed
	// from it, the next command moves or says why not.
	c.moveTo(id, home)
	c.Recover()
	return nil
}

// statistics are what a manifest says that was computed from values. Of a dataset
// that is not open to everyone they lie with the private records of the release.
type statistics struct {
	Stats         map[string]FieldStats `json:"stats,omitempty"`
	References    []ReferenceCheck      `json:"references,omitempty"`
	Contributions []Contribution        `json:"contributions,omitempty"`
	Timeliness    *TimelinessCounts     `json:"timeliness,omitempty"`
}

const statisticsName = "statistics.json"

// takeStatistics takes them out of a manifest.
func (m *Manifest) takeStatistics() statistics {
	s := statistics{m.Stats, m.References, m.Contributions, m.Timeliness}
	m.Stats, m.References, m.Contributions, m.Timeliness = nil, nil, nil, nil
	return s
}

func (s statistics) empty() bool {
	return len(s.Stats) == 0 && len(s.References) == 0 && len(s.Contributions) == 0 && s.Timeliness == nil
}

func (s statistics) write(dir string) error {
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return WriteFile(filepath.Join(dir, statisticsName), data, 0o600)
}

// Whole returns the manifest with all that was computed from the values, as
// ingest and operators need it. What is given to others is the Release itself.
func (r *Release) Whole() *Manifest {
	if r.whole == nil {
		return &r.Manifest
	}
	m := *r.whole
	if data, err := os.ReadFile(filepath.Join(r.records, statisticsName)); err == nil {
		var s statistics
		if json.Unmarshal(data, &s) == nil && m.Stats == nil {
			m.Stats, m.References, m.Contributions, m.Timeliness = s.Stats, s.References, s.Contributions, s.Timeliness
		}
	}
	return &m
}

// shown is a release as others may see it: as open as its dataset is today, and
// with nothing that was computed from values that are not open to everyone.
func shown(s *signedManifest, openness Openness, dir, records, keys string) *Release {
	r := &Release{Manifest: s.Manifest, whole: &s.Manifest, hash: s.hash, bytes: s.bytes, signature: s.signature, dir: dir, records: records, keys: keys}
	if r.Dataset.Openness = openness; r.Dataset.Queryable() {
		return r
	}
	r.takeStatistics()
	r.Sources = slices.Clone(r.Sources)
	for i := range r.Sources {
		r.Sources[i].SHA256, r.Sources[i].Bytes = "", 0
	}
	r.Withheld = slices.Clone(r.Withheld)
	for i := range r.Withheld {
		r.Withheld[i].Rows = 0
	}
	return r
}

// Recover finishes what interrupted commands left, and takes over data
// directories of before there was a restricted half: every dataset goes to the
// half that its openness today asks for, and of what was withdrawn the tombstone
// is written and the bytes are deleted. What is locked by another process is
// left to that. On a directory that cannot be written it is an error where there
// is something to do, and nothing that is closed can be read all the same.
func (c *Catalog) Recover() error {
	ids, err := c.everyID()
	if err != nil {
		return err
	}
	var errs []error
	for _, id := range ids {
		if !c.unsettled(id) {
			continue
		}
		unlock, ok, err := c.tryLock(id)
		if err != nil {
			errs = append(errs, err)
		}
		if !ok {
			continue
		}
		if err := c.settle(id); err != nil {
			errs = append(errs, fmt.Errorf("recover %s: %w", id, err))
		}
		unlock()
	}
	return errors.Join(errs...)
}

// everyID returns the ids of all that stands where datasets lie, also of those
// without a current release, and of what is no folder.
func (c *Catalog) everyID() ([]ID, error) {
	var ids []ID
	for _, half := range halves {
		entries, err := os.ReadDir(filepath.Join(c.dir, half))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err != nil {
			return nil, fmt.Errorf("catalog: %w", err)
		}
		for _, e := range entries {
			if id, err := ParseID(e.Name()); err == nil {
				ids = append(ids, id)
			}
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// unsettled reports whether there may be something to do in settle.
func (c *Catalog) unsettled(id ID) bool {
	p, err := c.readPointer(id)
	if err != nil {
		return false
	}
	if p.Openness == nil || c.withdrawalsLeft(id, p) {
		return true
	}
	openness, err := c.opennessOf(id, p)
	return err == nil && c.half(id) != halfOf(openness)
}

// settle brings a dataset into the half that its openness asks for. The caller
// holds its lock.
func (c *Catalog) settle(id ID) error {
	p, err := c.readPointer(id)
	if err != nil {
		return err
	}
	own, inputs, err := c.declared(id, p)
	if err != nil {
		return err
	}
	home := halfOf(c.inForce(id, own, inputs))
	// A dataset leaves the public half before anything else.
	if home == restrictedDir {
		if err := c.moveTo(id, home); err != nil {
			return err
		}
	}
	if p.Openness == nil {
		if err := c.reduceAll(id, p); err != nil {
			return err
		}
		p.Openness, p.Inherits = &own, inputs
		if err := c.writePointer(id, p); err != nil {
			return err
		}
	}
	if c.withdrawalsLeft(id, p) {
		if _, _, err := c.finishWithdrawals(id, p); err != nil {
			return err
		}
	}
	return c.moveTo(id, home)
}

// moveTo moves all releases of a dataset, with its pointer, to a half: by one
// rename. The caller holds its lock.
func (c *Catalog) moveTo(id ID, half string) error {
	from := c.half(id)
	if from == half || from == "" {
		return nil
	}
	perm := fs.FileMode(0o755)
	if half == restrictedDir {
		perm = 0o700
	}
	root := filepath.Join(c.dir, half)
	if err := os.MkdirAll(root, perm); err != nil {
		return err
	}
	to := filepath.Join(root, string(id))
	if _, err := os.Stat(filepath.Join(to, pointerName)); err == nil {
		return fmt.Errorf("dataset %s lies in %s and in %s: take away the one that is not wanted: %w", id, from, half, ErrConflict)
	}
	// What no pointer vouches for was left by a publish that died before its own.
	if err := os.RemoveAll(to); err != nil {
		return err
	}
	reached("half made")
	if err := os.Rename(filepath.Join(c.dir, from, string(id)), to); err != nil {
		return err
	}
	c.forget(id)
	reached("half changed")
	return errors.Join(syncDir(root), syncDir(filepath.Join(c.dir, from)))
}

// reduceAll takes the statistics out of those manifests that were signed for
// releases that were not open to everyone. The caller holds the dataset's lock.
func (c *Catalog) reduceAll(id ID, p pointer) error {
	for _, e := range p.Events {
		if state, _ := p.state(e.Release); e.Kind != "publish" || state != there {
			continue
		}
		if err := c.reduce(Ref{Dataset: id, Release: e.Release}); err != nil {
			return err
		}
	}
	return nil
}

func (c *Catalog) reduce(ref Ref) error {
	dir := c.releaseDir(ref)
	manifest, signature := filepath.Join(dir, manifestName), filepath.Join(dir, signatureName)
	// The new signature is alone only where the new manifest is in place already.
	if _, err := os.Stat(manifest + ".new"); errors.Is(err, fs.ErrNotExist) {
		if err := os.Rename(signature+".new", signature); err == nil {
			return syncDir(dir)
		}
	}
	s, err := c.signed(ref)
	if err != nil {
		return err
	}
	m := s.Manifest
	kept := m.takeStatistics()
	if m.Dataset.Queryable() || kept.empty() {
		return errors.Join(removed(manifest+".new"), removed(signature+".new"))
	}
	records := c.recordsDir(ref.Dataset, ref.Release)
	if err := os.MkdirAll(records, 0o700); err != nil {
		return err
	}
	if err := kept.write(records); err != nil {
		return err
	}
	data, sig, err := c.sign(&m)
	if err != nil {
		return err
	}
	if err := writeSynced(manifest+".new", data, 0o644); err != nil {
		return err
	}
	if err := writeSynced(signature+".new", sig, 0o644); err != nil {
		return err
	}
	reached("reduced manifest written")
	if err := os.Rename(manifest+".new", manifest); err != nil {
		return err
	}
	reached("reduced manifest in place")
	if err := os.Rename(signature+".new", signature); err != nil {
		return err
	}
	c.forget(ref.Dataset)
	return syncDir(dir)
}

func removed(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// forget drops what is kept in memory of a dataset.
func (c *Catalog) forget(id ID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.pointers, id)
	for ref := range c.releases {
		if ref.Dataset == id {
			delete(c.releases, ref)
		}
	}
	for ref := range c.manifests {
		if ref.Dataset == id {
			delete(c.manifests, ref)
		}
	}
}
