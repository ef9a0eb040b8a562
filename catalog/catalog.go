package catalog

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// A data directory has three halves. public is what is open to everyone: it can
// be copied elsewhere and served as it is. restricted holds the datasets that are
// open on a condition or not at all, in the same form; a dataset lies in one of
// the two with all its releases. private holds raw uploads, rejects, reports and
// work in progress, and no query worker or download handler ever opens it.
// restricted and private are for their owner alone.
//
//	public/<dataset>/pointer.json              which release is current, how open the dataset is, and the events that made it so
//	public/<dataset>/<release>/manifest.json   what the release is
//	public/<dataset>/<release>/manifest.sig    its Ed25519 signature, see sign.go
//	public/<dataset>/<release>/data.duckdb     what queries read
//	public/<dataset>/<release>/<dataset>.csv   ... and the other download files
//	restricted/<dataset>/...                   the same for what is not open to everyone
//	private/archive/ab/ab12...                 raw uploads by SHA-256
//	private/records/<dataset>/<release>/       rejects and report of the ingest that made it, and the statistics of a release that is not open to everyone
//	private/staging/<dataset>/                 a release in the making
//	private/locks/<dataset>                    held while a dataset changes
const (
	publicDir     = "public"
	restrictedDir = "restricted"
	privateDir    = "private"
	manifestName  = "manifest.json"
	pointerName   = "pointer.json"
	// StoreName is the file name of a release's DuckDB file.
	StoreName = "data.duckdb"
)

// halves are those that datasets lie in, the stricter one first.
var halves = []string{restrictedDir, publicDir}

// Catalog is a data directory. Its methods may be called from many goroutines
// and many processes at once.
type Catalog struct {
	dir      string
	location *time.Location

	searcher searcher

	mu        sync.Mutex
	pointers  map[ID]cachedPointer
	manifests map[Ref]*signedManifest
	releases  map[Ref]*Release
	last      *snapshot
	files     fileChecks
}

type cachedPointer struct {
	half     string
	modified time.Time
	size     int64
	pointer  pointer
}

// Options tune Open.
type Options struct {
	// Location is the site's time zone, for the day in release ids. Nil: UTC+8.
	Location *time.Location
}

// Open opens the data directory at dir; it need not exist yet.
func Open(dir string, o Options) (*Catalog, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("catalog: %w", err)
	}
	if o.Location == nil {
		o.Location = time.FixedZone("UTC+8", 8*3600)
	}
	return &Catalog{dir: abs, location: o.Location, pointers: map[ID]cachedPointer{}, manifests: map[Ref]*signedManifest{}, releases: map[Ref]*Release{}}, nil
}

// Now is the time in the site's time zone.
func (c *Catalog) Now() time.Time { return time.Now().In(c.location).Truncate(time.Second) }

// PublicDir is the half of the data directory that may be read by anyone.
func (c *Catalog) PublicDir() string { return filepath.Join(c.dir, publicDir) }

// RestrictedDir is the half with the datasets that are open on a condition or
// not at all.
func (c *Catalog) RestrictedDir() string { return filepath.Join(c.dir, restrictedDir) }

// PrivateDir is the half that only ingest and its operators read.
func (c *Catalog) PrivateDir() string { return filepath.Join(c.dir, privateDir) }

// pointer says which release is current. It is the only mutable file of a
// dataset, replaced whole as the last step of a publish.
type pointer struct {
	Current ReleaseID `json:"current"`
	// Openness is that of the definition that was published last. It holds for
	// all releases: an earlier one that becomes current again opens nothing. Nil
	// in pointers of before it was recorded.
	Openness *Openness `json:"openness,omitempty"`
	// Inherits names the datasets whose openness holds here too where it is
	// stricter: those that the rows are computed from.
	Inherits []ID    `json:"inherits,omitempty"`
	Events   []Event `json:"events"`
}

// Event is one change of what is current or of how open the dataset is, or the
// collection of a release.
type Event struct {
	At   time.Time `json:"at"`
	Kind string    `json:"kind"` // publish, rollback, collect, openness, withdraw
	// Release is empty where a dataset was withdrawn with all its releases.
	Release ReleaseID `json:"release"`
	// Reason and By are those of a withdrawal; with KeepUploads what is private of
	// it stays.
	Reason      string `json:"reason,omitempty"`
	By          string `json:"by,omitempty"`
	KeepUploads bool   `json:"keep_uploads,omitempty"`
}

// half returns the half that a dataset lies in, "" where it lies in none.
func (c *Catalog) half(id ID) string {
	half, _, err := c.locate(id)
	if err != nil {
		return ""
	}
	return half
}

// locate returns the half that a dataset lies in, and its pointer's file; an
// error that wraps fs.ErrNotExist where there is none. Where it lay last is
// looked at first, so that it costs one stat.
func (c *Catalog) locate(id ID) (half string, pointer fs.FileInfo, err error) {
	c.mu.Lock()
	last, known := c.pointers[id]
	c.mu.Unlock()
	look := halves
	if known {
		look = append([]string{last.half}, halves...)
	}
	// A dataset that moves while it is looked for is found the second time.
	for range 2 {
		for _, half := range look {
			if pointer, err = os.Stat(filepath.Join(c.dir, half, string(id), pointerName)); !errors.Is(err, fs.ErrNotExist) {
				return half, pointer, err
			}
		}
	}
	return "", nil, err
}

// datasetDir is where a dataset lies; where it lies nowhere, its place in the
// restricted half.
func (c *Catalog) datasetDir(id ID) string {
	half := c.half(id)
	if half == "" {
		half = restrictedDir
	}
	return filepath.Join(c.dir, half, string(id))
}

func (c *Catalog) releaseDir(ref Ref) string {
	return filepath.Join(c.datasetDir(ref.Dataset), string(ref.Release))
}

// Mark is a text that changes when anything does that is known of a dataset: its
// releases, which of them is current, what was collected, how open it is. Each of
// the first three makes the pointer's file longer. It costs a stat, and one more
// for each dataset that a computed one reads.
func (c *Catalog) Mark(id ID) string {
	half, pointer, err := c.locate(id)
	if err != nil {
		return string(id)
	}
	openness := ""
	if p, err := c.readPointer(id); err == nil {
		if o, err := c.opennessOf(id, p); err == nil {
			openness = o.Attribute
		}
	}
	return fmt.Sprintf("%s %d %d %s %s", id, pointer.ModTime().UnixNano(), pointer.Size(), half, openness)
}

// readPointer returns the dataset's pointer, or ErrNotFound. It costs one
// stat where the file has not changed.
func (c *Catalog) readPointer(id ID) (pointer, error) {
	half, info, err := c.locate(id)
	if err != nil {
		if lost := c.lost(id); lost != nil {
			return pointer{}, lost
		}
		if errors.Is(err, fs.ErrNotExist) {
			return pointer{}, fmt.Errorf("dataset %q: %w", id, ErrNotFound)
		}
		return pointer{}, damaged(Ref{Dataset: id}, DamagePointer, err)
	}
	c.mu.Lock()
	cached, ok := c.pointers[id]
	c.mu.Unlock()
	if ok && cached.half == half && cached.modified.Equal(info.ModTime()) && cached.size == info.Size() {
		return cached.pointer, nil
	}
	path := filepath.Join(c.dir, half, string(id), pointerName)
	data, err := readStatement(path)
	if errors.Is(err, fs.ErrNotExist) {
		return pointer{}, fmt.Errorf("dataset %q: %w", id, ErrNotFound) // it went meanwhile
	} else if err != nil {
		return pointer{}, damaged(Ref{Dataset: id}, DamagePointer, err)
	}
	p, err := parsePointer(data)
	if err != nil {
		return pointer{}, damaged(Ref{Dataset: id}, DamagePointer, fmt.Errorf("%s: %w", path, err))
	}
	c.mu.Lock()
	c.pointers[id] = cachedPointer{half: half, modified: info.ModTime(), size: info.Size(), pointer: p}
	c.mu.Unlock()
	return p, nil
}

// IDs returns the ids of all datasets that have a current release, sorted, without
// those that are set aside.
func (c *Catalog) IDs() ([]ID, error) {
	all, err := c.All()
	if err != nil {
		return nil, err
	}
	ids := make([]ID, len(all))
	for i, r := range all {
		ids[i] = r.Dataset.ID
	}
	slices.Sort(ids)
	return ids, nil
}

// EveryID returns the ids of all datasets that were ever published, sorted, also
// of those that were withdrawn and of those that are set aside.
func (c *Catalog) EveryID() ([]ID, error) {
	every, err := c.everyID()
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(every, func(id ID) bool {
		_, err := c.readPointer(id)
		return errors.Is(err, ErrNotFound)
	}), nil
}

// Current returns the current release of a dataset, or ErrNotFound; a *Withdrawn
// where it has none because that was withdrawn.
func (c *Catalog) Current(id ID) (*Release, error) {
	p, err := c.readPointer(id)
	if err != nil {
		return nil, err
	}
	if p.Current == "" {
		return nil, p.noneCurrent(id)
	}
	return c.load(Ref{Dataset: id, Release: p.Current}, p)
}

// All returns the current release of every dataset: priority themes first
// (item 十 of the document), then by id. Datasets that are set aside are left
// out; Damaged names them.
func (c *Catalog) All() ([]*Release, error) {
	c.mu.Lock()
	last := c.last
	c.mu.Unlock()
	if last.holds() {
		return slices.Clone(last.all), nil
	}
	now, err := c.take()
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	c.last = now
	c.mu.Unlock()
	return slices.Clone(now.all), nil
}

// Version is a text that changes when anything does that is known of the catalog.
// It costs what All does.
func (c *Catalog) Version() string {
	if _, err := c.All(); err != nil {
		return "unknown " + time.Now().String()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last == nil {
		return "unknown " + time.Now().String()
	}
	return c.last.number
}

// snapshot is what is current in all datasets, with the marks by which to see
// that it still is: 2,000 datasets cost 2,000 stats, and nothing is read.
type snapshot struct {
	dirs  []mark // of the halves
	files []mark
	all   []*Release
	// damaged are the datasets that are set aside.
	damaged []*Damage
	// number tells it from others of this process.
	number string
}

var snapshots atomic.Uint64

// mark is a file or a folder as it was. A file that is not there has none of
// its marks.
type mark struct {
	path     string
	modified time.Time
	size     int64
	file     uint64
	changed  int64
}

func markOf(path string) mark {
	info, err := os.Stat(path)
	if err != nil {
		return mark{path: path}
	}
	file, changed := identity(info)
	return mark{path, info.ModTime(), info.Size(), file, changed}
}

func (s *snapshot) holds() bool {
	if s == nil {
		return false
	}
	for _, marks := range [][]mark{s.dirs, s.files} {
		for i := range marks {
			if markOf(marks[i].path) != marks[i] {
				return false
			}
		}
	}
	return true
}

// settled is how old a change must be for one after it to get another time:
// kernels keep the time of a folder in ticks.
const settled = 100 * time.Millisecond

// take makes a snapshot. Marks are taken before what they stand for is read.
func (c *Catalog) take() (*snapshot, error) {
	began := time.Now()
	s := &snapshot{number: strconv.FormatUint(snapshots.Add(1), 10)}
	for _, half := range halves {
		dir := markOf(filepath.Join(c.dir, half))
		if began.Sub(dir.modified) < settled {
			dir.path = "" // of which no mark can hold
		}
		s.dirs = append(s.dirs, dir)
	}
	ids, err := c.everyID()
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		at := markOf(filepath.Join(c.datasetDir(id), pointerName))
		s.files = append(s.files, at)
		r, err := c.Current(id)
		if d := damageOf(err); d != nil {
			// Mended, it is there again: these are the files by which to see it.
			dir := c.datasetDir(id)
			s.files = append(s.files, markOf(dir))
			if d.Ref.Release != "" {
				dir = c.releaseDir(d.Ref)
				s.files = append(s.files, markOf(dir), markOf(filepath.Join(dir, manifestName)), markOf(filepath.Join(dir, signatureName)))
			}
			s.damaged = append(s.damaged, d)
			continue
		} else if errors.As(err, new(*Withdrawn)) || errors.Is(err, ErrNotFound) {
			continue
		} else if err != nil {
			return nil, err
		}
		s.all = append(s.all, r)
	}
	slices.SortStableFunc(s.all, func(a, b *Release) int {
		return slices.Index(Themes, a.Dataset.Theme) - slices.Index(Themes, b.Dataset.Theme)
	})
	return s, nil
}

// Resolve returns the release that ref points at: the pinned one, or the
// current one. ErrNotFound, or ErrGone for a release that was collected, or a
// *Withdrawn.
func (c *Catalog) Resolve(ref Ref) (*Release, error) {
	if ref.Release == "" {
		return c.Current(ref.Dataset)
	}
	p, err := c.readPointer(ref.Dataset)
	if err != nil {
		return nil, err
	}
	switch state, e := p.state(ref.Release); state {
	case withdrawn:
		w := withdrawnBy(ref.Dataset, e)
		w.Ref = ref
		return nil, w
	case collected:
		return nil, fmt.Errorf("release %s was collected: %w", ref, ErrGone)
	case unpublished:
		return nil, fmt.Errorf("release %s: %w", ref, ErrNotFound)
	}
	return c.load(ref, p)
}

// releaseState is what became of a release.
type releaseState int

const (
	unpublished releaseState = iota
	there
	collected
	withdrawn
)

// state returns what became of a release, and the last event of it.
func (p pointer) state(id ReleaseID) (state releaseState, last Event) {
	for _, e := range p.Events {
		switch {
		case e.Kind == "withdraw" && (e.Release == id || e.Release == "") && (state == there || state == collected):
			state, last = withdrawn, e
		case e.Release != id:
		case e.Kind == "publish":
			state, last = there, e
		case e.Kind == "collect" && state == there:
			state, last = collected, e
		}
	}
	return state, last
}

// Releases returns the releases of a dataset that can be had, newest first.
// Damaged ones are left out.
func (c *Catalog) Releases(id ID) ([]*Release, error) {
	p, err := c.readPointer(id)
	if err != nil {
		return nil, err
	}
	var rs []*Release
	for _, release := range p.available() {
		r, err := c.load(Ref{Dataset: id, Release: release}, p)
		if damageOf(err) != nil {
			continue
		} else if err != nil {
			return nil, err
		}
		rs = append(rs, r)
	}
	return rs, nil
}

// Events returns what happened to a dataset, oldest first.
func (c *Catalog) Events(id ID) ([]Event, error) {
	p, err := c.readPointer(id)
	if err != nil {
		return nil, err
	}
	return slices.Clone(p.Events), nil
}

// signedManifest is a manifest as it lies on disk.
type signedManifest struct {
	Manifest
	hash string
	// bytes of the manifest, and its signature.
	bytes     int64
	signature []byte
}

// signed reads a manifest. Releases are immutable, so one that was read is kept
// for good.
func (c *Catalog) signed(ref Ref) (*signedManifest, error) {
	c.mu.Lock()
	s, ok := c.manifests[ref]
	c.mu.Unlock()
	if ok {
		return s, nil
	}
	dir := c.releaseDir(ref)
	data, err := readStatement(filepath.Join(dir, manifestName))
	if err != nil {
		return nil, damaged(ref, DamageManifest, err)
	}
	sum := sha256.Sum256(data)
	s = &signedManifest{hash: hex.EncodeToString(sum[:]), bytes: int64(len(data))}
	if s.Manifest, err = parseManifest(ref, data); err != nil {
		return nil, err
	}
	if s.signature, err = c.checkStatement(dir, &s.Manifest, data); err != nil {
		return nil, err
	}
	c.mu.Lock()
	c.manifests[ref] = s
	c.mu.Unlock()
	return s, nil
}

// load returns a release as it may be seen today. p is its dataset's pointer.
func (c *Catalog) load(ref Ref, p pointer) (*Release, error) {
	openness, err := c.opennessOf(ref.Dataset, p)
	if err != nil {
		return nil, damaged(Ref{Dataset: ref.Dataset}, DamagePointer, err)
	}
	dir := c.releaseDir(ref)
	c.mu.Lock()
	r, ok := c.releases[ref]
	c.mu.Unlock()
	if ok && r.dir == dir && r.Dataset.Openness == openness {
		return r, nil
	}
	s, err := c.signed(ref)
	if err != nil {
		return nil, err
	}
	r = shown(s, openness, dir, c.recordsDir(ref.Dataset, ref.Release), c.PublicDir())
	c.mu.Lock()
	c.releases[ref] = r
	c.mu.Unlock()
	return r, nil
}
