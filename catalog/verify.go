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
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"
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
		ms = append(ms, Mismatch{Ref: r.Ref(), File: ".", Want: "a readable folder", Got: err.Error()})
	}
	listed := []string{manifestName, signatureName}
	for _, a := range r.files() {
		listed = append(listed, a.File)
	}
	for _, e := range entries {
		if !slices.Contains(listed, e.Name()) {
			ms = append(ms, Mismatch{Ref: r.Ref(), File: e.Name(), Want: "only files that the manifest lists", Got: "this one"})
		}
	}
	return ms, nil
}

// checkFiles hashes what m lists in dir, on all cores.
func checkFiles(ctx context.Context, dir string, m *Manifest) ([]Mismatch, error) {
	files := m.files()
	found := make([]*Mismatch, len(files))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, a := range files {
		if a.File == "" || a.File != filepath.Base(a.File) {
			return nil, fmt.Errorf("artefact file name %q: %w", a.File, ErrInvalid)
		}
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			sum, size, err := HashFile(filepath.Join(dir, a.File))
			bad := Mismatch{Ref: Ref{Dataset: m.Dataset.ID, Release: m.Release}, File: a.File}
			switch {
			case err != nil:
				bad.Want, bad.Got = "a readable file", err.Error()
			case size != a.Bytes:
				bad.Want, bad.Got = fmt.Sprintf("%d bytes", a.Bytes), fmt.Sprint(size)
			case sum != a.SHA256:
				bad.Want, bad.Got = "SHA-256 "+a.SHA256, sum
			default:
				return nil
			}
			found[i] = &bad
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var ms []Mismatch
	for _, bad := range found {
		if bad != nil {
			ms = append(ms, *bad)
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
