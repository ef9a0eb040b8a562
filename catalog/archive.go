package catalog

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Archived is a raw upload as the private archive keeps it.
type Archived struct {
	Path   string
	SHA256 string
	Bytes  int64
}

// Archive keeps the bytes of a raw upload under their SHA-256, whatever
// becomes of them later. A file that is there already is kept once.
func (c *Catalog) Archive(r io.Reader) (Archived, error) {
	root := filepath.Join(c.PrivateDir(), "archive")
	if err := os.MkdirAll(root, 0o700); err != nil {
		return Archived{}, fmt.Errorf("archive: %w", err)
	}
	f, err := os.CreateTemp(root, "upload-")
	if err != nil {
		return Archived{}, fmt.Errorf("archive: %w", err)
	}
	defer os.Remove(f.Name())
	h := sha256.New()
	n, err := io.CopyBuffer(struct{ io.Writer }{io.MultiWriter(f, h)}, struct{ io.Reader }{r}, make([]byte, 1<<20))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return Archived{}, fmt.Errorf("archive: %w", err)
	}
	a := Archived{SHA256: hex.EncodeToString(h.Sum(nil)), Bytes: n}
	a.Path = filepath.Join(root, a.SHA256[:2], a.SHA256)
	if _, err := os.Stat(a.Path); err == nil {
		return a, nil
	}
	if err := os.MkdirAll(filepath.Dir(a.Path), 0o700); err != nil {
		return a, fmt.Errorf("archive: %w", err)
	}
	if err := os.Rename(f.Name(), a.Path); err != nil {
		return a, fmt.Errorf("archive: %w", err)
	}
	return a, syncDir(filepath.Dir(a.Path))
}

// DefinitionPath is where the definition of a dataset lies that was made from
// a file and does not come with the program.
func (c *Catalog) DefinitionPath(id ID) string {
	return filepath.Join(c.dir, privateDir, "definitions", string(id)+".yaml")
}
