package catalog

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"golang.org/x/time/rate"
)

// fileChecks is what is known of the files of releases. The zero value knows
// nothing.
type fileChecks struct {
	// bad are the files that are set aside, by path.
	bad map[string]*Damage
	// seen is each file as it was when it was last hashed, or first looked at.
	seen map[string]sight
}

// sight is a file as it was, and whether it was hashed then.
type sight struct {
	mark   mark
	hashed bool
}

// quickBytes is the largest file that is hashed while somebody waits for it.
const quickBytes = 64 << 20

// hashPiece is how much is read at a time, and the burst of the bounded rate.
const hashPiece = 1 << 20

// Usable reports whether a file of a release can be given out: nil, or a Damage.
// It costs a stat; a file that changed since it was last hashed, or of at most
// quickBytes that never was, is hashed first. The slow check of Watch finds what
// changed without a trace.
func (c *Catalog) Usable(ctx context.Context, r *Release, a Artefact) error {
	path := r.Path(a)
	now := markOf(path)
	c.mu.Lock()
	bad, seen := c.files.bad[path], c.files.seen[path]
	c.mu.Unlock()
	there := !now.modified.IsZero()
	same := seen.mark == now && there
	switch {
	case bad != nil && same:
		return bad
	case same && (seen.hashed || a.Bytes > quickBytes):
		return nil
	case bad == nil && seen.mark.modified.IsZero() && a.Bytes > quickBytes && now.size == a.Bytes && there:
		c.mu.Lock()
		c.files.note(path, sight{mark: now}, nil)
		c.mu.Unlock()
		return nil
	case now.size == a.Bytes && a.Bytes > quickBytes && there:
		// Too large to hash while somebody waits: Watch does it, at its next turn.
		return &Damage{Ref: r.Ref(), Code: DamageFile, File: a.File, Cause: errors.New("it was written to since it was published, and is being checked")}
	}
	return c.check(ctx, r, a, nil)
}

// note remembers what was found of a file; damage nil: it is good. The caller
// holds the catalog's mutex.
func (f *fileChecks) note(path string, at sight, damage *Damage) {
	if f.bad == nil {
		f.bad, f.seen = map[string]*Damage{}, map[string]sight{}
	}
	f.seen[path] = at
	if damage == nil {
		delete(f.bad, path)
		return
	}
	f.bad[path] = damage
}

// Check hashes a file of a release: nil, or a Damage where it is not as its
// manifest says.
func (c *Catalog) Check(ctx context.Context, r *Release, a Artefact) error {
	return c.check(ctx, r, a, nil)
}

// check hashes a file of a release and remembers whether it is as its manifest
// says. The error is a Damage, that of ctx, or that of a release that has gone.
func (c *Catalog) check(ctx context.Context, r *Release, a Artefact, limit *rate.Limiter) error {
	path := r.Path(a)
	at := markOf(path)
	err := hashed(ctx, path, a, limit)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if errors.Is(err, fs.ErrNotExist) {
		// It may have been collected, or moved, since it was looked up.
		if now, gone := c.Resolve(r.Ref()); gone != nil || now.dir != r.dir {
			c.mu.Lock()
			delete(c.files.bad, path)
			delete(c.files.seen, path)
			c.mu.Unlock()
			return gone
		}
	}
	var d *Damage
	if err != nil {
		err = damaged(r.Ref(), DamageFile, err)
		if d = damageOf(err); d == nil {
			return err // it was not looked at
		}
		d.File = a.File
	}
	c.mu.Lock()
	c.files.note(path, sight{at, true}, d)
	c.mu.Unlock()
	if d != nil {
		return d
	}
	return nil
}

// hashed compares a file with what its manifest says of it.
func hashed(ctx context.Context, path string, a Artefact, limit *rate.Limiter) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is no regular file: %w", path, ErrCorrupt)
	case info.Size() != a.Bytes:
		return fmt.Errorf("%s has %d bytes, its manifest says %d: %w", path, info.Size(), a.Bytes, ErrCorrupt)
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha256.New()
	piece := make([]byte, hashPiece)
	for err == nil {
		if limit != nil {
			if err := limit.WaitN(ctx, hashPiece); err != nil {
				return err
			}
		} else if ctx.Err() != nil {
			return ctx.Err()
		}
		var n int
		n, err = io.ReadFull(f, piece)
		h.Write(piece[:n])
	}
	if err != io.EOF && err != io.ErrUnexpectedEOF {
		return err
	}
	if sum := hex.EncodeToString(h.Sum(nil)); sum != a.SHA256 {
		return fmt.Errorf("%s has the SHA-256 %s, its manifest says %s: %w", path, sum, a.SHA256, ErrCorrupt)
	}
	return nil
}

// WatchOptions tune Watch.
type WatchOptions struct {
	// BytesPerSecond bounds what the slow check reads; 0: it does not run.
	BytesPerSecond int64
	// Every is how often files are looked at whose size or time changed. 0: 2 s.
	Every time.Duration
	// Changed is told of what is set aside, and of what is back again.
	Changed func(d *Damage, back bool)
}

// Watch looks after the files of what is published until ctx ends. Every few
// seconds it compares sizes and times, and hashes what changed at once; meanwhile
// it hashes every file of every release again and again at a bounded rate. What is
// not as its manifest says is set aside, and comes back when it is mended.
func (c *Catalog) Watch(ctx context.Context, o WatchOptions) {
	if o.Every == 0 {
		o.Every = 2 * time.Second
	}
	if o.Changed == nil {
		o.Changed = func(*Damage, bool) {}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if o.BytesPerSecond > 0 {
			c.rehash(ctx, rate.NewLimiter(rate.Limit(o.BytesPerSecond), hashPiece))
		}
	}()
	told := map[string]*Damage{}
	for first := true; ctx.Err() == nil; first = false {
		c.glance(ctx, first)
		if list, err := c.Damaged(); err == nil {
			now := map[string]*Damage{}
			for _, d := range list {
				key := d.Ref.String() + " " + d.File + " " + d.Code
				if now[key] = d; told[key] == nil {
					o.Changed(d, false)
				}
			}
			for key, d := range told {
				if now[key] == nil {
					o.Changed(d, true)
				}
			}
			told = now
		}
		select {
		case <-ctx.Done():
		case <-time.After(o.Every):
		}
	}
	<-done
}

// glance looks at sizes and times of the current releases' files, and hashes
// what changed. What is there at the first time is taken as it is, for a start
// should not wait for it.
func (c *Catalog) glance(ctx context.Context, first bool) {
	all, err := c.All()
	if err != nil {
		return
	}
	for _, r := range all {
		c.recheck(r)
		for _, a := range r.files() {
			if ctx.Err() != nil {
				return
			}
			path := r.Path(a)
			now := markOf(path)
			c.mu.Lock()
			seen, known := c.files.seen[path]
			c.mu.Unlock()
			switch {
			case known && seen.mark == now:
			case !known && (first || a.Bytes > quickBytes) && now.size == a.Bytes && !now.modified.IsZero():
				c.mu.Lock()
				c.files.note(path, sight{mark: now}, nil)
				c.mu.Unlock()
			default:
				c.check(ctx, r, a, nil) // what it found is remembered
			}
		}
	}
	c.forgetFiles(all)
}

// forgetFiles forgets files of releases that are not there any more.
func (c *Catalog) forgetFiles(all []*Release) {
	c.mu.Lock()
	bad := make([]*Damage, 0, len(c.files.bad))
	paths := make([]string, 0, len(c.files.bad))
	for path, d := range c.files.bad {
		bad, paths = append(bad, d), append(paths, path)
	}
	c.mu.Unlock()
	for i, d := range bad {
		r, err := c.Resolve(d.Ref)
		if err != nil || !lists(r, d.File, paths[i]) {
			c.mu.Lock()
			delete(c.files.bad, paths[i])
			delete(c.files.seen, paths[i])
			c.mu.Unlock()
		} else if now := markOf(paths[i]); now != c.seen(paths[i]) {
			for _, a := range r.files() {
				if a.File == d.File {
					c.check(context.Background(), r, a, nil)
				}
			}
		}
	}
}

func lists(r *Release, file, path string) bool {
	for _, a := range r.files() {
		if a.File == file && r.Path(a) == path {
			return true
		}
	}
	return false
}

func (c *Catalog) seen(path string) mark {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.files.seen[path].mark
}

// recheck forgets a release whose manifest or signature is not what was read, so
// that it is read again.
func (c *Catalog) recheck(r *Release) {
	changed := false
	for _, path := range []string{r.ManifestPath(), r.SignaturePath()} {
		now := markOf(path)
		c.mu.Lock()
		seen, known := c.files.seen[path]
		c.files.note(path, sight{mark: now}, nil)
		c.mu.Unlock()
		changed = changed || known && seen.mark != now || now.modified.IsZero()
	}
	if changed {
		c.Doubt(r)
	}
}

// Doubt has a release read again from its manifest: something in it was not as
// it was read before.
func (c *Catalog) Doubt(r *Release) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.releases, r.Ref())
	delete(c.manifests, r.Ref())
	c.last = nil
}

// rehash hashes every file of every release again and again, those of current
// releases first, until ctx ends.
func (c *Catalog) rehash(ctx context.Context, limit *rate.Limiter) {
	for ctx.Err() == nil {
		all, err := c.All()
		if err != nil {
			all = nil
		}
		var older []*Release
		for _, r := range all {
			c.rehashRelease(ctx, r, limit)
			if releases, err := c.Releases(r.Dataset.ID); err == nil {
				for _, o := range releases {
					if o.Release != r.Release {
						older = append(older, o)
					}
				}
			}
		}
		for _, r := range older {
			c.rehashRelease(ctx, r, limit)
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

func (c *Catalog) rehashRelease(ctx context.Context, r *Release, limit *rate.Limiter) {
	if data, err := readStatement(r.ManifestPath()); err != nil {
		c.Doubt(r)
	} else if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != r.hash {
		c.Doubt(r)
	} else if _, err := c.checkStatement(r.dir, &r.Manifest, data); err != nil {
		c.Doubt(r)
	}
	for _, a := range r.files() {
		if ctx.Err() != nil {
			return
		}
		c.check(ctx, r, a, limit) // what it found is remembered
	}
}
