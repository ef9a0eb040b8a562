package catalog

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// Mismatch is one thing on disk that is not as its manifest says.
type Mismatch struct {
	Ref  Ref    `json:"-"`
	File string `json:"file"`
	Want string `json:"expected"`
	Got  string `json:"found"`
}

func (m Mismatch) String() string {
	return fmt.Sprintf("%s %s: expected %s, found %s", m.Ref, m.File, m.Want, m.Got)
}

// Verify compares every file of a release with its manifest: presence, size,
// SHA-256, and that nothing else lies in the folder; and the manifest with its
// signature, by the trusted key or, where that is nil, by the key of the data
// directory that the manifest names.
func (r *Release) Verify(ctx context.Context, trusted ed25519.PublicKey) ([]Mismatch, error) {
	ms, err := checkFiles(ctx, r.dir, &r.Manifest)
	if err != nil {
		return ms, fmt.Errorf("verify %s: %w", r.Ref(), err)
	}
	if err := r.checkSignature(trusted); err != nil {
		ms = append(ms, Mismatch{Ref: r.Ref(), File: signatureName, Want: "the signature of " + manifestName, Got: err.Error()})
	}
	entries, err := os.ReadDir(r.dir)
	if err != nil {
		return ms, fmt.Errorf("verify %s: %w", r.Ref(), err)
	}
	listed := []string{manifestName, signatureName, r.Store.File}
	for _, a := range r.Artefacts {
		listed = append(listed, a.File)
	}
	for _, e := range entries {
		if !slices.Contains(listed, e.Name()) {
			ms = append(ms, Mismatch{Ref: r.Ref(), File: e.Name(), Want: "only files that the manifest lists", Got: "this one"})
		}
	}
	return ms, nil
}

// checkFiles hashes what m lists in dir.
func checkFiles(ctx context.Context, dir string, m *Manifest) ([]Mismatch, error) {
	ref := Ref{Dataset: m.Dataset.ID, Release: m.Release}
	var ms []Mismatch
	for _, a := range append([]Artefact{m.Store}, m.Artefacts...) {
		if err := ctx.Err(); err != nil {
			return ms, err
		}
		if a.File == "" || a.File != filepath.Base(a.File) {
			return ms, fmt.Errorf("artefact file name %q: %w", a.File, ErrInvalid)
		}
		sum, size, err := HashFile(filepath.Join(dir, a.File))
		switch {
		case err != nil:
			ms = append(ms, Mismatch{Ref: ref, File: a.File, Want: "a readable file", Got: err.Error()})
		case size != a.Bytes:
			ms = append(ms, Mismatch{Ref: ref, File: a.File, Want: fmt.Sprintf("%d bytes", a.Bytes), Got: fmt.Sprintf("%d", size)})
		case sum != a.SHA256:
			ms = append(ms, Mismatch{Ref: ref, File: a.File, Want: "SHA-256 " + a.SHA256, Got: sum})
		}
	}
	return ms, nil
}

// HashFile returns the SHA-256 of a file in hex, and its size in bytes.
func HashFile(path string) (sum string, size int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	h := sha256.New()
	size, err = io.Copy(h, f)
	if err != nil {
		return "", 0, err
	}
	return hex.EncodeToString(h.Sum(nil)), size, nil
}
