package catalog

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A release, or a dataset with all its releases, is withdrawn in this order: what
// is private of it is noted, the pointer says that it is withdrawn, which takes it
// out of every face at once, the signed tombstone is written, and its bytes are
// deleted. What is left after an interruption the next command does.
//
//	public/withdrawn-data/<dataset>[@<release>].json   the tombstone
//	public/withdrawn-data/<dataset>[@<release>].sig    its Ed25519 signature
//	private/withdrawn/<dataset>/<release>.json         what uploads it was made of
const (
	tombstonesDir = "withdrawn-data"
	withdrawnDir  = "withdrawn"
)

// Withdrawn is the error of what was withdrawn. It wraps ErrGone, and where a
// dataset has no current release for that, also ErrNotFound: ingest finds nothing
// there.
type Withdrawn struct {
	// Ref is the release that was withdrawn, or the dataset.
	Ref    Ref
	Reason string
	At     time.Time
	By     string
	// NoneCurrent says that the dataset has no current release since.
	NoneCurrent bool
}

func (w *Withdrawn) Error() string {
	what := "release " + w.Ref.String()
	if w.Ref.Release == "" {
		what = "dataset " + w.Ref.String()
	}
	said := fmt.Sprintf("%s was withdrawn on %s: %s", what, w.At.Format(time.DateOnly), w.Reason)
	if w.NoneCurrent && w.Ref.Release != "" {
		said = fmt.Sprintf("dataset %s has no current release: %s", w.Ref.Dataset, said)
	}
	return said
}

// Unwrap gives the categories.
func (w *Withdrawn) Unwrap() []error {
	if w.NoneCurrent {
		return []error{ErrGone, ErrNotFound}
	}
	return []error{ErrGone}
}

func withdrawnBy(id ID, e Event) *Withdrawn {
	return &Withdrawn{Ref: Ref{Dataset: id, Release: e.Release}, Reason: e.Reason, At: e.At, By: e.By}
}

// noneCurrent is the error of a dataset without a current release.
func (p pointer) noneCurrent(id ID) error {
	for _, e := range slices.Backward(p.Events) {
		if e.Kind == "withdraw" {
			w := withdrawnBy(id, e)
			w.NoneCurrent = true
			return w
		}
	}
	return fmt.Errorf("dataset %q has no current release: %w", id, ErrCorrupt)
}

// published lists the releases that were ever published, oldest first.
func (p pointer) published() []ReleaseID {
	var list []ReleaseID
	for _, e := range p.Events {
		if e.Kind == "publish" && !slices.Contains(list, e.Release) {
			list = append(list, e.Release)
		}
	}
	return list
}

// withdrawn lists the releases that are withdrawn, oldest first, each with the
// event that says so.
func (p pointer) withdrawn() (releases []ReleaseID, events []Event) {
	for _, release := range p.published() {
		if state, e := p.state(release); state == withdrawn {
			releases, events = append(releases, release), append(events, e)
		}
	}
	return releases, events
}

// Withdrawal is what an operator says of a withdrawal.
type Withdrawal struct {
	// Reason is told to everyone, and so is By, where it is given.
	Reason, By string
	// Rollback makes the newest of the other releases current where the current
	// one is withdrawn. Without it the dataset has no current release then.
	Rollback bool
	// KeepUploads leaves the uploads in the private archive, and the private
	// records.
	KeepUploads bool
}

// WithdrawalResult is what became of it.
type WithdrawalResult struct {
	// Withdrawn are the releases that are, Already those that were before.
	Withdrawn, Already []ReleaseID
	// Current is the current release now, "" where there is none.
	Current ReleaseID
	// Deleted are the paths that were removed, and Kept the uploads that others
	// are made of as well.
	Deleted []string
	Kept    []string
}

// withdrawnNote is what is private of a withdrawn release.
type withdrawnNote struct {
	Content string   `json:"content"`
	Uploads []string `json:"uploads"`
}

func (c *Catalog) notePath(ref Ref) string {
	return filepath.Join(c.PrivateDir(), withdrawnDir, string(ref.Dataset), string(ref.Release)+".json")
}

// Withdraw takes a release, or a dataset with all its releases, out of the
// catalog, leaves a tombstone, and deletes its bytes. To withdraw what is
// withdrawn finishes what was left of it and changes nothing else.
func (c *Catalog) Withdraw(ref Ref, o Withdrawal) (*WithdrawalResult, error) {
	if o.Reason = strings.TrimSpace(o.Reason); o.Reason == "" {
		return nil, fmt.Errorf("withdraw %s: a reason is needed, it is told to everyone: %w", ref, ErrInvalid)
	}
	unlock, err := c.lock(ref.Dataset)
	if err != nil {
		return nil, err
	}
	defer unlock()
	r, err := c.withdraw(ref, o)
	if err != nil {
		return r, fmt.Errorf("withdraw %s: %w", ref, err)
	}
	return r, nil
}

func (c *Catalog) withdraw(ref Ref, o Withdrawal) (*WithdrawalResult, error) {
	p, err := c.readPointer(ref.Dataset)
	if err != nil {
		return nil, err
	}
	r := &WithdrawalResult{}
	var unknown []string
	named := []ReleaseID{ref.Release}
	if ref.Release == "" {
		named = p.published()
	}
	for _, release := range named {
		switch state, _ := p.state(release); state {
		case unpublished:
			return nil, fmt.Errorf("release %s: %w", Ref{ref.Dataset, release}, ErrNotFound)
		case withdrawn:
			r.Already = append(r.Already, release)
		default:
			r.Withdrawn = append(r.Withdrawn, release)
		}
	}
	if len(r.Withdrawn) > 0 {
		if p.Openness == nil { // it cannot be told from the manifests any more
			if err := c.settle(ref.Dataset); err != nil {
				return nil, err
			}
			if p, err = c.readPointer(ref.Dataset); err != nil {
				return nil, err
			}
		}
		for _, release := range r.Withdrawn {
			known, err := c.noteWithdrawn(Ref{ref.Dataset, release})
			if err != nil {
				return nil, err
			}
			if state, _ := p.state(release); !known && state == there {
				unknown = append(unknown, string(release))
			}
		}
		reached("withdrawal noted")
		p.Events = append(slices.Clone(p.Events), Event{At: c.Now(), Kind: "withdraw", Release: ref.Release, Reason: o.Reason, By: o.By, KeepUploads: o.KeepUploads})
		if slices.Contains(r.Withdrawn, p.Current) {
			p.Current = ""
			if o.Rollback {
				p.rollback(c.Now())
			}
		}
		if err := c.writePointer(ref.Dataset, p); err != nil {
			return nil, err
		}
		reached("withdrawal recorded")
	}
	r.Current = p.Current
	r.Deleted, r.Kept, err = c.finishWithdrawals(ref.Dataset, p)
	if len(unknown) > 0 && !o.KeepUploads {
		err = errors.Join(err, fmt.Errorf("withdrawn, and neither manifest nor report can be read of %s: delete by hand what uploads it was made of in %s: %w",
			strings.Join(unknown, ", "), filepath.Join(c.PrivateDir(), "archive"), ErrCorrupt))
	}
	return r, err
}

// rollback makes the release current that was published last of those that are there.
func (p *pointer) rollback(now time.Time) {
	for _, e := range slices.Backward(p.Events) {
		if state, _ := p.state(e.Release); e.Kind == "publish" && state == there {
			p.Current = e.Release
			p.Events = append(p.Events, Event{At: now, Kind: "rollback", Release: e.Release})
			return
		}
	}
}

// noteWithdrawn keeps what must be known of a release when its manifest is gone. It
// reports whether that is known.
func (c *Catalog) noteWithdrawn(ref Ref) (known bool, err error) {
	note, known := c.madeOf(ref)
	data, err := json.MarshalIndent(note, "", "  ")
	if err != nil {
		return false, err
	}
	path := c.notePath(ref)
	if err := makeDir(filepath.Dir(path), 0o700); err != nil {
		return false, err
	}
	if there, err := os.ReadFile(path); err == nil && note.Content == "" && len(there) > 0 {
		return true, nil
	}
	return known, WriteFile(path, data, 0o600)
}

// madeOf tells what uploads a release was made of: by its manifest, signed or not,
// or else by the report of its ingest.
func (c *Catalog) madeOf(ref Ref) (note withdrawnNote, known bool) {
	note.Uploads = []string{}
	var m Manifest
	if s, err := c.signed(ref); err == nil {
		m = s.Manifest
	} else if data, err := os.ReadFile(filepath.Join(c.releaseDir(ref), manifestName)); err == nil {
		m, _ = parseManifest(ref, data)
	}
	if m.Release == ref.Release {
		note.Content = m.Content
		for _, source := range m.Sources {
			if source.Release == "" && source.Format != "release" && source.Format != "catalog" {
				note.Uploads = append(note.Uploads, source.SHA256)
			}
		}
		return note, true
	}
	var report struct {
		Files []struct {
			SHA256 string `json:"sha256"`
		} `json:"files"`
	}
	data, err := os.ReadFile(filepath.Join(c.recordsDir(ref.Dataset, ref.Release), "report.json"))
	if err != nil || json.Unmarshal(data, &report) != nil {
		return note, false
	}
	for _, f := range report.Files {
		note.Uploads = append(note.Uploads, f.SHA256)
	}
	return note, true
}

func (c *Catalog) note(ref Ref) (n withdrawnNote) {
	if data, err := os.ReadFile(c.notePath(ref)); err == nil {
		json.Unmarshal(data, &n) // one that is damaged says nothing
	}
	return n
}

// Tombstone is what stays of what was withdrawn, signed as manifests are.
type Tombstone struct {
	// Version of this form; now 1.
	Version int `json:"version"`
	Dataset ID  `json:"dataset"`
	// Release is the one that was withdrawn; empty: all of Releases were, and the
	// dataset with them.
	Release  ReleaseID   `json:"release,omitempty"`
	Releases []ReleaseID `json:"releases,omitempty"`
	Reason   string      `json:"reason"`
	At       time.Time   `json:"withdrawn_at"`
	By       string      `json:"withdrawn_by,omitempty"`
	// SignedBy is the id of the key that signs the tombstone.
	SignedBy string `json:"signed_by,omitempty"`
}

// Ref is what it stands for.
func (t *Tombstone) Ref() Ref { return Ref{t.Dataset, t.Release} }

// TombstonePaths returns where a tombstone and its signature lie.
func (c *Catalog) TombstonePaths(ref Ref) (text, signature string) {
	base := filepath.Join(c.PublicDir(), tombstonesDir, ref.String())
	return base + ".json", base + ".sig"
}

// Tombstones returns those of a dataset, newest first: of every release that is
// withdrawn, and of the dataset where it was withdrawn and has nothing since.
func (c *Catalog) Tombstones(id ID) ([]Tombstone, error) {
	p, err := c.readPointer(id)
	if err != nil {
		return nil, err
	}
	return p.tombstones(id), nil
}

func (p pointer) tombstones(id ID) []Tombstone {
	var all []Tombstone
	releases, events := p.withdrawn()
	for i, release := range releases {
		e := events[i]
		all = append(all, Tombstone{Version: 1, Dataset: id, Release: release, Reason: e.Reason, At: e.At, By: e.By})
	}
	for i, e := range p.Events {
		if e.Kind != "withdraw" || e.Release != "" {
			continue
		}
		if p.Current != "" || slices.ContainsFunc(p.Events[i:], func(e Event) bool { return e.Kind == "publish" }) {
			continue // there is something of it again
		}
		before := pointer{Events: p.Events[:i]}
		all = append(all, Tombstone{Version: 1, Dataset: id, Releases: before.published(), Reason: e.Reason, At: e.At, By: e.By})
	}
	slices.SortStableFunc(all, func(a, b Tombstone) int { return b.At.Compare(a.At) })
	return all
}

// writeTombstone writes a tombstone where it is not there already.
func (c *Catalog) writeTombstone(t Tombstone) error {
	if c.checkTombstone(t, nil) == nil {
		return nil
	}
	key, err := c.SigningKey()
	if err != nil {
		return err
	}
	t.SignedBy = KeyID(key.Public().(ed25519.PublicKey))
	data, err := json.MarshalIndent(t, "", "  ")
	if err != nil {
		return err
	}
	text, signature := c.TombstonePaths(t.Ref())
	if err := makeDir(filepath.Dir(text), 0o755); err != nil {
		return err
	}
	for _, file := range []struct {
		path string
		data []byte
	}{{text, append(data, '\n')}, {signature, ed25519.Sign(key, append(data, '\n'))}} {
		if err := WriteFile(file.path, file.data, 0o644); err != nil {
			return err
		}
		reached("tombstone file written")
	}
	return nil
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

// recordsOf lists the folders with records of a release: also those of earlier
// senders of the same.
func (c *Catalog) recordsOf(ref Ref) []string {
	found, _ := filepath.Glob(c.recordsDir(ref.Dataset, ref.Release) + "*") // the pattern is a good one
	return found
}

// checkTombstone compares a tombstone on disk with what the pointer says, and
// with its signature, by trusted or the key that it names.
func (c *Catalog) checkTombstone(want Tombstone, trusted ed25519.PublicKey) error {
	text, signature := c.TombstonePaths(want.Ref())
	data, err := os.ReadFile(text)
	if err != nil {
		return err
	}
	var t Tombstone
	if err := json.Unmarshal(data, &t); err != nil {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	signed, err := os.ReadFile(signature)
	if err != nil {
		return err
	}
	key := trusted
	if key == nil {
		if key, err = c.PublicKey(t.SignedBy); err != nil {
			return err
		}
	}
	if err := CheckSignature(key, data, signed); err != nil {
		return err
	}
	signedBy := t.SignedBy
	t.SignedBy = ""
	was, _ := json.Marshal(t)
	is, _ := json.Marshal(want)
	if !bytes.Equal(was, is) {
		return fmt.Errorf("it says %s, signed by %s, and the pointer %s: %w", was, signedBy, is, ErrCorrupt)
	}
	return nil
}

// VerifyTombstones compares the tombstones of all datasets with what was
// withdrawn, and checks that nothing else of it is left in the halves that are served.
func (c *Catalog) VerifyTombstones(trusted ed25519.PublicKey) (checked int, ms []Mismatch, err error) {
	ids, err := c.everyID()
	if err != nil {
		return 0, nil, err
	}
	known := map[string]bool{}
	for _, id := range ids {
		p, err := c.readPointer(id)
		if err != nil {
			continue // another check says so
		}
		for _, t := range p.tombstones(id) {
			text, signature := c.TombstonePaths(t.Ref())
			known[filepath.Base(text)], known[filepath.Base(signature)] = true, true
			checked++
			if err := c.checkTombstone(t, trusted); err != nil {
				ms = append(ms, Mismatch{Ref: t.Ref(), File: filepath.Base(text), Want: "the signed tombstone of what was withdrawn", Got: err.Error()})
			}
		}
		for _, e := range p.Events { // those of what was published again stay
			if e.Kind == "withdraw" {
				text, signature := c.TombstonePaths(Ref{id, e.Release})
				known[filepath.Base(text)], known[filepath.Base(signature)] = true, true
			}
		}
		for _, release := range p.published() {
			text, signature := c.TombstonePaths(Ref{id, release})
			if slices.ContainsFunc(p.Events, func(e Event) bool { return e.Kind == "withdraw" }) {
				known[filepath.Base(text)], known[filepath.Base(signature)] = true, true
			}
		}
		for _, path := range c.releaseDirs(id) {
			release := ReleaseID(strings.TrimSuffix(filepath.Base(path), collectedSuffix))
			if state, _ := p.state(release); state == withdrawn {
				ms = append(ms, Mismatch{Ref: Ref{id, release}, File: filepath.Base(path), Want: "nothing left of a release that was withdrawn", Got: "a folder"})
			}
		}
	}
	entries, err := os.ReadDir(filepath.Join(c.PublicDir(), tombstonesDir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return checked, ms, err
	}
	for _, e := range entries {
		if !known[e.Name()] {
			ref, _ := ParseRef(strings.TrimSuffix(strings.TrimSuffix(e.Name(), ".json"), ".sig"))
			ms = append(ms, Mismatch{Ref: ref, File: e.Name(), Want: "only tombstones of what was withdrawn", Got: "this one"})
		}
	}
	return checked, ms, nil
}

// withdrawalsLeft reports whether something is left to do for what was withdrawn.
func (c *Catalog) withdrawalsLeft(id ID, p pointer) bool {
	if !slices.ContainsFunc(p.Events, func(e Event) bool { return e.Kind == "withdraw" }) {
		return false
	}
	for _, t := range p.tombstones(id) {
		if c.checkTombstone(t, nil) != nil {
			return true
		}
	}
	releases, events := p.withdrawn()
	for i, release := range releases {
		ref := Ref{id, release}
		if slices.ContainsFunc(c.releaseDirs(id), func(path string) bool {
			return strings.TrimSuffix(filepath.Base(path), collectedSuffix) == string(release)
		}) {
			return true
		}
		if events[i].KeepUploads {
			continue
		}
		if len(c.recordsOf(ref)) > 0 || slices.ContainsFunc(c.note(ref).Uploads, func(sum string) bool {
			_, err := os.Stat(c.archivePath(sum))
			return err == nil && !c.uses(sum)
		}) {
			return true
		}
	}
	return false
}

// finishWithdrawals writes the tombstones of a dataset and deletes what is
// withdrawn. The caller holds the dataset's lock.
func (c *Catalog) finishWithdrawals(id ID, p pointer) (deleted, kept []string, err error) {
	for _, t := range p.tombstones(id) {
		if err := c.writeTombstone(t); err != nil {
			return nil, nil, fmt.Errorf("tombstone: %w", err)
		}
	}
	reached("tombstones written")
	remove := func(path string) error {
		if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err := os.RemoveAll(path); err != nil {
			return err
		}
		deleted = append(deleted, path)
		reached("withdrawn bytes deleted")
		return syncDir(filepath.Dir(path))
	}
	releases, events := p.withdrawn()
	for i, release := range releases {
		// Those that are served go first, and in one step.
		for _, path := range c.releaseDirs(id) {
			if strings.TrimSuffix(filepath.Base(path), collectedSuffix) != string(release) {
				continue
			}
			if err := removeDir(path); err != nil {
				return deleted, kept, err
			}
			deleted = append(deleted, path)
			reached("withdrawn bytes deleted")
		}
		if events[i].KeepUploads {
			continue
		}
		for _, path := range c.recordsOf(Ref{id, release}) {
			if err := remove(path); err != nil {
				return deleted, kept, err
			}
		}
		for _, sum := range c.note(Ref{id, release}).Uploads {
			if path := c.archivePath(sum); !c.uses(sum) {
				if err := remove(path); err != nil {
					return deleted, kept, err
				}
			} else if !slices.Contains(kept, path) {
				kept = append(kept, path)
			}
		}
	}
	c.forget(id)
	return deleted, kept, nil
}

func (c *Catalog) archivePath(sum string) string {
	return filepath.Join(c.PrivateDir(), "archive", sum[:min(2, len(sum))], sum)
}

// uses reports whether a release that is there was made of an upload, or may have
// been: a manifest that cannot be read does not say.
func (c *Catalog) uses(sum string) bool {
	ids, err := c.everyID()
	if err != nil {
		return true
	}
	for _, id := range ids {
		p, err := c.readPointer(id)
		if errors.Is(err, ErrNotFound) {
			continue
		} else if err != nil {
			return true
		}
		for _, release := range p.published() {
			if state, _ := p.state(release); state != there {
				continue
			}
			s, err := c.signed(Ref{id, release})
			if err != nil || slices.ContainsFunc(s.Sources, func(source Source) bool { return source.SHA256 == sum }) {
				return true
			}
		}
	}
	return false
}

// ComingBack is the error of content or an upload that would come back although
// the release that had it was withdrawn. It wraps ErrConflict.
type ComingBack struct {
	What string
	*Withdrawn
}

func (e *ComingBack) Error() string {
	return fmt.Sprintf("%s is that of what was withdrawn: %s; if it is to be published again, say --accept-withdrawn", e.What, e.Withdrawn.Error())
}

// Unwrap gives the category.
func (e *ComingBack) Unwrap() []error { return []error{ErrConflict} }

// MayComeBack refuses content (64 hex digits, "" for none yet) and uploads (their
// SHA-256) that a release of the dataset had which is withdrawn. The error is a
// *ComingBack.
func (c *Catalog) MayComeBack(id ID, content string, uploads map[string]string) error {
	p, err := c.readPointer(id)
	if errors.Is(err, ErrNotFound) {
		return nil
	} else if err != nil {
		return err
	}
	releases, events := p.withdrawn()
	for i, release := range releases {
		ref := Ref{id, release}
		w := withdrawnBy(id, events[i])
		w.Ref = ref
		if _, digits, _ := strings.Cut(string(release), "-"); content != "" && strings.HasPrefix(content, digits) {
			return &ComingBack{"the content", w}
		}
		for _, sum := range c.note(ref).Uploads {
			if name, ok := uploads[sum]; ok {
				return &ComingBack{"the file " + name, w}
			}
		}
	}
	return nil
}

// Unarchive removes an upload that no release is made of.
func (c *Catalog) Unarchive(sum string) error {
	if c.uses(sum) {
		return nil
	}
	return removed(c.archivePath(sum))
}
