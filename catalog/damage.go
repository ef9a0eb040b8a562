package catalog

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// Reasons why a dataset, a release or a file is set aside.
const (
	// DamageFolder: what stands in the dataset's place is no readable folder.
	DamageFolder = "folder"
	// DamagePointer: the pointer is missing, unreadable or says nothing that can be meant.
	DamagePointer = "pointer"
	// DamageManifest: the manifest of the release is missing, unreadable or no manifest of it.
	DamageManifest = "manifest"
	// DamageVersion: the manifest is in a version of the format that is not read here.
	DamageVersion = "manifest-version"
	// DamageSignature: the signature is missing or not over this manifest.
	DamageSignature = "signature"
	// DamageFile: a file of the release is missing, unreadable or not as its manifest says.
	DamageFile = "file"
)

// Damage says that a dataset, one of its releases or a file of one is set aside
// because what lies on disk is not what was published. It wraps ErrCorrupt, and
// tells nothing of where the data directory lies.
type Damage struct {
	// Ref is the dataset or the release.
	Ref Ref
	// Code is one of the reasons above.
	Code string
	// File is the file of the release, "" where the whole is set aside.
	File string
	// Cause is for the operator alone: it may name paths.
	Cause error
}

var damageWords = map[string]Text{
	DamageFolder:    {Zh: "数据集目录不可读", En: "its folder cannot be read"},
	DamagePointer:   {Zh: "当前版本的指针文件缺失或损坏", En: "the file that says which release is current is missing or damaged"},
	DamageManifest:  {Zh: "版本清单缺失或损坏", En: "the manifest of the release is missing or damaged"},
	DamageVersion:   {Zh: "版本清单的格式版本不受支持", En: "the manifest is in a version of the format that is not supported"},
	DamageSignature: {Zh: "版本清单的签名缺失或不符", En: "the signature of the manifest is missing or does not match"},
	DamageFile:      {Zh: "文件缺失或与清单不符", En: "the file is missing or not as the manifest says"},
}

// Why says in a sentence what is wrong, and where the whole dataset is meant
// that it is set aside.
func (d *Damage) Why() Text {
	why := damageWords[d.Code]
	if d.File != "" {
		return Text{Zh: fmt.Sprintf("%s 的文件 %s 暂时不可用：%s", d.Ref, d.File, why.Zh), En: fmt.Sprintf("%s of %s is temporarily unavailable: %s", d.File, d.Ref, why.En)}
	}
	return Text{Zh: fmt.Sprintf("数据集 %s 暂时不可用：%s", d.Ref, why.Zh), En: fmt.Sprintf("dataset %s is temporarily unavailable: %s", d.Ref, why.En)}
}

func (d *Damage) Error() string { return d.Why().En }

// Unwrap implements errors.Is and errors.As. The cause is not among what is
// unwrapped: it is no category of its own.
func (d *Damage) Unwrap() error { return ErrCorrupt }

// damageOf returns the damage that err is, nil where it is none.
func damageOf(err error) *Damage {
	var d *Damage
	if errors.As(err, &d) {
		return d
	}
	return nil
}

// damaged makes damage of what went wrong with a file; what is no fault of the
// file, such as too many open files, stays as it is and is tried again.
func damaged(ref Ref, code string, err error) error {
	for _, transient := range []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.EINTR, syscall.EAGAIN} {
		if errors.Is(err, transient) {
			return fmt.Errorf("%s: %s: %w", ref, transient.Error(), ErrBusy)
		}
	}
	if d := damageOf(err); d != nil {
		return d
	}
	return &Damage{Ref: ref, Code: code, Cause: err}
}

// statementBytes is the largest pointer or manifest that is read.
const statementBytes = 64 << 20

// readStatement reads a pointer, a manifest or a signature, which has to be a
// regular file of bounded size: a pipe in its place would never end.
func readStatement(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: no regular file: %w", path, ErrCorrupt)
	}
	if info.Size() > statementBytes {
		return nil, fmt.Errorf("%s: %d bytes, at most %d: %w", path, info.Size(), statementBytes, ErrCorrupt)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, statementBytes))
}

// parsePointer reads a pointer. An error says what in it cannot be meant.
func parsePointer(data []byte) (pointer, error) {
	var p pointer
	if err := json.Unmarshal(data, &p); err != nil {
		return pointer{}, err
	}
	return p, p.check()
}

func (p pointer) check() error {
	for i, e := range p.Events {
		if e.Kind == "withdraw" && e.Release == "" {
			continue // all of them
		}
		if _, err := ParseReleaseID(string(e.Release)); err != nil {
			return fmt.Errorf("event %d: %w", i+1, err)
		}
	}
	if p.Current == "" && slices.ContainsFunc(p.Events, func(e Event) bool { return e.Kind == "withdraw" }) {
		return nil
	}
	if _, err := ParseReleaseID(string(p.Current)); err != nil {
		return fmt.Errorf("current: %w", err)
	}
	if !slices.ContainsFunc(p.Events, func(e Event) bool { return e.Kind == "publish" && e.Release == p.Current }) {
		return fmt.Errorf("current %s was never published: %w", p.Current, ErrCorrupt)
	}
	return nil
}

// available are the releases that were published and not collected since, newest
// first, whether they can be read or not.
func (p pointer) available() []ReleaseID {
	var ids []ReleaseID
	for _, e := range slices.Backward(p.Events) {
		if e.Kind != "publish" || slices.Contains(ids, e.Release) {
			continue
		}
		if state, _ := p.state(e.Release); state == there {
			ids = append(ids, e.Release)
		}
	}
	return ids
}

// manifestVersions are those of the format that are read.
const oldestManifest, newestManifest = 2, 2

// parseManifest reads the manifest of a release and checks that it can be meant
// as one. The error is a Damage.
func parseManifest(ref Ref, data []byte) (Manifest, error) {
	var m Manifest
	bad := func(code, format string, args ...any) (Manifest, error) {
		return Manifest{}, &Damage{Ref: ref, Code: code, Cause: fmt.Errorf(format, args...)}
	}
	var head struct {
		Version json.Number `json:"version"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return bad(DamageManifest, "%w", err)
	}
	if n, err := head.Version.Int64(); err == nil && (n < oldestManifest || n > newestManifest) {
		return bad(DamageVersion, "version %d of the manifest; %d to %d are read", n, oldestManifest, newestManifest)
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return bad(DamageManifest, "%w", err)
	}
	if got := (Ref{Dataset: m.Dataset.ID, Release: m.Release}); got != ref {
		return bad(DamageManifest, "manifest is of %q", got)
	}
	if m.Version < oldestManifest || m.Rows < 0 || m.PublishedAt.IsZero() {
		return bad(DamageManifest, "version %d, %d rows, published at %v", m.Version, m.Rows, m.PublishedAt)
	}
	for _, a := range m.files() {
		if a.File == "" || a.File != filepath.Base(a.File) || strings.ContainsAny(a.File, "\x00/\\") || a.File == ".." || a.Bytes < 0 || len(a.SHA256) != 64 {
			return bad(DamageManifest, "file %q, %d bytes, SHA-256 %q", a.File, a.Bytes, a.SHA256)
		}
	}
	return m, nil
}

// checkStatement checks the signature over a manifest. Where the key is not there
// the manifest is taken as it is: a lost key must not set every dataset aside.
// It returns the signature.
func (c *Catalog) checkStatement(dir string, m *Manifest, data []byte) ([]byte, error) {
	ref := Ref{Dataset: m.Dataset.ID, Release: m.Release}
	signature, err := readStatement(filepath.Join(dir, signatureName))
	if err != nil {
		return nil, damaged(ref, DamageSignature, err)
	}
	if m.SignedBy == "" || len(signature) != ed25519.SignatureSize {
		return nil, damaged(ref, DamageSignature, fmt.Errorf("a signature of %d bytes by key %q", len(signature), m.SignedBy))
	}
	key, err := c.PublicKey(m.SignedBy)
	if err != nil {
		return signature, nil
	}
	if err := CheckSignature(key, data, signature); err != nil {
		// A manifest that was signed anew is in place before its signature is.
		if next, missing := readStatement(filepath.Join(dir, signatureName+".new")); missing == nil && CheckSignature(key, data, next) == nil {
			return next, nil
		}
		return nil, damaged(ref, DamageSignature, err)
	}
	return signature, nil
}

// ReadManifest returns the manifest of a release byte for byte as it was signed.
// The error is a Damage where it is not so on disk any more.
func (c *Catalog) ReadManifest(r *Release) ([]byte, error) {
	data, err := readStatement(r.ManifestPath())
	if sum := sha256.Sum256(data); err == nil && hex.EncodeToString(sum[:]) == r.hash {
		return data, nil
	} else if err == nil {
		err = fmt.Errorf("SHA-256 %x, it was read as %s: %w", sum, r.hash, ErrCorrupt)
	}
	// It may have been collected since it was looked up.
	if _, gone := c.Resolve(r.Ref()); gone != nil {
		return nil, gone
	}
	c.Doubt(r)
	return nil, damaged(r.Ref(), DamageManifest, err)
}

// Damaged lists the datasets that are set aside, by id, and the files of current
// releases that are. The error is that of All.
func (c *Catalog) Damaged() ([]*Damage, error) {
	if _, err := c.All(); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []*Damage
	if c.last != nil {
		list = append(list, c.last.damaged...)
	}
	for _, d := range c.files.bad {
		list = append(list, d)
	}
	slices.SortFunc(list, func(a, b *Damage) int {
		return strings.Compare(a.Ref.String()+"\x00"+a.File, b.Ref.String()+"\x00"+b.File)
	})
	return list, nil
}

// lost tells what is wrong with a dataset that has no readable pointer: nil where
// there is nothing, or only what an interrupted first publish left.
func (c *Catalog) lost(id ID) error {
	for _, half := range halves {
		if err := c.lostIn(id, filepath.Join(c.dir, half, string(id))); err != nil {
			return err
		}
	}
	return nil
}

func (c *Catalog) lostIn(id ID, dir string) error {
	ref := Ref{Dataset: id}
	info, err := os.Stat(dir)
	switch {
	case err == nil && !info.IsDir():
		return damaged(ref, DamageFolder, fmt.Errorf("%s is no folder", dir))
	case errors.Is(err, fs.ErrNotExist):
		if _, err := os.Lstat(dir); err != nil {
			return nil
		}
		return damaged(ref, DamageFolder, fmt.Errorf("%s leads nowhere", dir))
	case err != nil:
		return damaged(ref, DamageFolder, err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return damaged(ref, DamageFolder, err)
	}
	releases := slices.ContainsFunc(entries, func(e fs.DirEntry) bool {
		_, err := ParseReleaseID(e.Name())
		return err == nil && e.IsDir()
	})
	// The staging area of a publish that was killed stays until the next one.
	staged, err := c.staged(id)
	if err != nil || !releases || len(staged) > 0 {
		return nil
	}
	return damaged(ref, DamagePointer, fmt.Errorf("there are releases in %s and no %s", dir, pointerName))
}

// Mismatch is the damage as verify lists it.
func (d *Damage) Mismatch() Mismatch {
	m := Mismatch{Ref: d.Ref, File: d.File, Want: "what was published", Got: d.Why().En}
	switch d.Code {
	case DamageFolder:
		m.File, m.Want = ".", "a readable folder"
	case DamagePointer:
		m.File, m.Want = pointerName, "the pointer to the current release"
	case DamageManifest, DamageVersion:
		m.File, m.Want = manifestName, "the manifest of the release"
	case DamageSignature:
		m.File, m.Want = signatureName, "the signature of "+manifestName
	}
	if d.Cause != nil {
		m.Got = d.Cause.Error()
	}
	return m
}

// Published returns all releases of a dataset that should be there: those that
// can be read, newest first, and what is wrong with the others. Where the pointer
// is damaged the folders are looked through for releases.
func (c *Catalog) Published(id ID) (releases []*Release, damaged []*Damage, err error) {
	p, err := c.readPointer(id)
	ids := p.available()
	if d := damageOf(err); d != nil {
		damaged = append(damaged, d)
		for _, half := range halves {
			entries, _ := os.ReadDir(filepath.Join(c.dir, half, string(id))) // the damage says so
			for _, e := range entries {
				if release, err := ParseReleaseID(e.Name()); err == nil {
					ids = append(ids, release)
				}
			}
		}
		slices.Reverse(ids)
	} else if errors.Is(err, ErrNotFound) {
		return nil, nil, nil
	} else if err != nil {
		return nil, nil, err
	}
	if state, _ := p.state(p.Current); err == nil && p.Current != "" && state != there {
		ids = append(ids, p.Current)
	}
	for _, release := range ids {
		ref := Ref{Dataset: id, Release: release}
		r, err := c.load(ref, p)
		if len(p.Events) == 0 { // a pointer that says nothing: to be looked at all the same, and shown to nobody
			var s *signedManifest
			if s, err = c.signed(ref); err == nil {
				r = shown(s, Openness{Attribute: OpenNot}, c.releaseDir(ref), c.recordsDir(id, release), c.PublicDir())
			}
		}
		if d := damageOf(err); d != nil {
			damaged = append(damaged, d)
		} else if err != nil {
			return nil, nil, err
		} else {
			releases = append(releases, r)
		}
	}
	return releases, damaged, nil
}
