package catalog

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// A data directory has two halves. public is all that is served: it can be
// copied elsewhere and served as it is. private holds raw uploads, rejects,
// reports and work in progress, and no query worker or download handler ever
// opens it.
//
//	public/<dataset>/pointer.json              which release is current, and the events that made it so
//	public/<dataset>/<release>/manifest.json   what the release is
//	public/<dataset>/<release>/manifest.sig    its Ed25519 signature, see sign.go
//	public/<dataset>/<release>/data.duckdb     what queries read
//	public/<dataset>/<release>/<dataset>.csv   ... and the other download files
//	private/archive/ab/ab12...                 raw uploads by SHA-256
//	private/records/<dataset>/<release>.*      rejects and report of the ingest that made it
//	private/staging/<dataset>-*/               a release in the making
//	private/locks/<dataset>                    held while a dataset changes
const (
	publicDir    = "public"
	privateDir   = "private"
	manifestName = "manifest.json"
	pointerName  = "pointer.json"
	// StoreName is the file name of a release's DuckDB file.
	StoreName = "data.duckdb"
)

// Catalog is a data directory. Its methods may be called from many goroutines
// and many processes at once.
type Catalog struct {
	dir      string
	location *time.Location

	searcher searcher

	mu       sync.Mutex
	pointers map[ID]cachedPointer
	releases map[Ref]*Release
	last     *snapshot
}

type cachedPointer struct {
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
	return &Catalog{dir: abs, location: o.Location, pointers: map[ID]cachedPointer{}, releases: map[Ref]*Release{}}, nil
}

// Now is the time in the site's time zone.
func (c *Catalog) Now() time.Time { return time.Now().In(c.location).Truncate(time.Second) }

// PublicDir is the half of the data directory that may be read by anyone.
func (c *Catalog) PublicDir() string { return filepath.Join(c.dir, publicDir) }

// PrivateDir is the half that only ingest and its operators read.
func (c *Catalog) PrivateDir() string { return filepath.Join(c.dir, privateDir) }

// pointer says which release is current. It is the only mutable file of a
// dataset, replaced whole as the last step of a publish.
type pointer struct {
	Current ReleaseID `json:"current"`
	Events  []Event   `json:"events"`
}

// Event is one change of what is current, or the collection of a release.
type Event struct {
	At      time.Time `json:"at"`
	Kind    string    `json:"kind"` // publish, rollback, collect
	Release ReleaseID `json:"release"`
}

func (c *Catalog) datasetDir(id ID) string { return filepath.Join(c.dir, publicDir, string(id)) }

func (c *Catalog) releaseDir(ref Ref) string {
	return filepath.Join(c.datasetDir(ref.Dataset), string(ref.Release))
}

// Mark is a text that changes when anything does that is known of a dataset: its
// releases, which of them is current, what was collected. Each of these makes the
// pointer's file longer. It costs a stat.
func (c *Catalog) Mark(id ID) string {
	m := markOf(filepath.Join(c.datasetDir(id), pointerName))
	return fmt.Sprintf("%s %d %d", id, m.modified.UnixNano(), m.size)
}

// readPointer returns the dataset's pointer, or ErrNotFound. It costs one
// stat where the file has not changed.
func (c *Catalog) readPointer(id ID) (pointer, error) {
	path := filepath.Join(c.datasetDir(id), pointerName)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return pointer{}, fmt.Errorf("dataset %q: %w", id, ErrNotFound)
	} else if err != nil {
		return pointer{}, fmt.Errorf("dataset %q: %w", id, err)
	}
	c.mu.Lock()
	cached, ok := c.pointers[id]
	c.mu.Unlock()
	if ok && cached.modified.Equal(info.ModTime()) && cached.size == info.Size() {
		return cached.pointer, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return pointer{}, fmt.Errorf("dataset %q: %w", id, err)
	}
	var p pointer
	if err := json.Unmarshal(data, &p); err != nil {
		return pointer{}, fmt.Errorf("%s: %w: %w", path, ErrCorrupt, err)
	}
	c.mu.Lock()
	c.pointers[id] = cachedPointer{modified: info.ModTime(), size: info.Size(), pointer: p}
	c.mu.Unlock()
	return p, nil
}

// IDs returns the ids of all published datasets, sorted.
func (c *Catalog) IDs() ([]ID, error) {
	entries, err := os.ReadDir(filepath.Join(c.dir, publicDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("catalog: %w", err)
	}
	var ids []ID
	for _, e := range entries {
		id, err := ParseID(e.Name())
		if err != nil {
			continue
		}
		if _, err := os.Stat(filepath.Join(c.datasetDir(id), pointerName)); err == nil {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// Current returns the current release of a dataset, or ErrNotFound.
func (c *Catalog) Current(id ID) (*Release, error) {
	p, err := c.readPointer(id)
	if err != nil {
		return nil, err
	}
	return c.load(Ref{Dataset: id, Release: p.Current})
}

// All returns the current release of every dataset: priority themes first
// (item 十 of the document), then by id.
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

// snapshot is what is current in all datasets, with the marks by which to see
// that it still is: 2,000 datasets cost 2,000 stats, and nothing is read.
type snapshot struct {
	dir   mark
	files []mark
	all   []*Release
}

// mark is a file or a folder as it was. A file that is not there has none of
// its marks.
type mark struct {
	path     string
	modified time.Time
	size     int64
}

func markOf(path string) mark {
	info, err := os.Stat(path)
	if err != nil {
		return mark{path: path}
	}
	return mark{path, info.ModTime(), info.Size()}
}

func (s *snapshot) holds() bool {
	if s == nil || markOf(s.dir.path) != s.dir {
		return false
	}
	for i := range s.files {
		if markOf(s.files[i].path) != s.files[i] {
			return false
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
	s := &snapshot{dir: markOf(c.PublicDir())}
	if began.Sub(s.dir.modified) < settled {
		s.dir.path = "" // of which no mark can hold
	}
	entries, err := os.ReadDir(c.PublicDir())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("catalog: %w", err)
	}
	for _, e := range entries {
		id, err := ParseID(e.Name())
		if err != nil {
			continue
		}
		at := markOf(filepath.Join(c.datasetDir(id), pointerName))
		s.files = append(s.files, at)
		if at.modified.IsZero() {
			continue
		}
		r, err := c.Current(id)
		if err != nil {
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
// current one. ErrNotFound, or ErrGone for a release that was collected.
func (c *Catalog) Resolve(ref Ref) (*Release, error) {
	if ref.Release == "" {
		return c.Current(ref.Dataset)
	}
	p, err := c.readPointer(ref.Dataset)
	if err != nil {
		return nil, err
	}
	switch published, collected := p.state(ref.Release); {
	case collected:
		return nil, fmt.Errorf("release %s was collected: %w", ref, ErrGone)
	case !published:
		return nil, fmt.Errorf("release %s: %w", ref, ErrNotFound)
	}
	return c.load(ref)
}

// state reports whether a release was ever published, and whether it has been
// collected since.
func (p pointer) state(id ReleaseID) (published, collected bool) {
	for _, e := range p.Events {
		if e.Release != id {
			continue
		}
		switch e.Kind {
		case "publish":
			published, collected = true, false
		case "collect":
			collected = true
		}
	}
	return published, collected
}

// Releases returns the releases of a dataset that can be had, newest first.
func (c *Catalog) Releases(id ID) ([]*Release, error) {
	p, err := c.readPointer(id)
	if err != nil {
		return nil, err
	}
	var rs []*Release
	seen := map[ReleaseID]bool{}
	for _, e := range slices.Backward(p.Events) {
		if e.Kind != "publish" || seen[e.Release] {
			continue
		}
		seen[e.Release] = true
		if _, collected := p.state(e.Release); collected {
			continue
		}
		r, err := c.load(Ref{Dataset: id, Release: e.Release})
		if err != nil {
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

// load reads a manifest. Releases are immutable, so a release read once is
// kept for good.
func (c *Catalog) load(ref Ref) (*Release, error) {
	c.mu.Lock()
	r, ok := c.releases[ref]
	c.mu.Unlock()
	if ok {
		return r, nil
	}
	dir := c.releaseDir(ref)
	data, err := os.ReadFile(filepath.Join(dir, manifestName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("release %s: no manifest: %w", ref, ErrCorrupt)
	} else if err != nil {
		return nil, fmt.Errorf("release %s: %w", ref, err)
	}
	sum := sha256.Sum256(data)
	r = &Release{dir: dir, hash: hex.EncodeToString(sum[:])}
	if err := json.Unmarshal(data, &r.Manifest); err != nil {
		return nil, fmt.Errorf("release %s: manifest: %w: %w", ref, ErrCorrupt, err)
	}
	if r.Ref() != ref {
		return nil, fmt.Errorf("release %s: manifest is of %s: %w", ref, r.Ref(), ErrCorrupt)
	}
	c.mu.Lock()
	c.releases[ref] = r
	c.mu.Unlock()
	return r, nil
}
