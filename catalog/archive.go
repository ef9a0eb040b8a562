package catalog

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
)

// Archived is a raw upload as the private archive keeps it.
type Archived struct {
	Path   string
	SHA256 string
	Bytes  int64
}

// Archive keeps the bytes of a raw upload under their SHA-256, whatever
// becomes of the release later. A file that is there already is kept once.
func (s *Staging) Archive(r io.Reader) (Archived, error) {
	a, err := s.archive(r)
	if err != nil {
		return Archived{}, fmt.Errorf("archive: %w", err)
	}
	return a, nil
}

func (s *Staging) archive(r io.Reader) (a Archived, err error) {
	// In the staging, so that it goes with it where the process dies.
	upload := filepath.Join(s.WorkDir(), "upload")
	f, err := os.OpenFile(upload, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return a, err
	}
	sum, n, err := copyHashed(f, r)
	if err == nil {
		var info os.FileInfo
		if info, err = f.Stat(); err == nil && info.Size() != n {
			err = fmt.Errorf("%d bytes were written and %d are there: %w", n, info.Size(), io.ErrShortWrite)
		}
	}
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return a, errors.Join(err, os.Remove(upload))
	}
	a = Archived{SHA256: hex.EncodeToString(sum), Bytes: n}
	a.Path = filepath.Join(s.c.PrivateDir(), "archive", a.SHA256[:2], a.SHA256)
	if _, err := os.Stat(a.Path); err == nil {
		return a, os.Remove(upload)
	}
	if err := makeDir(filepath.Dir(a.Path), 0o700); err != nil {
		return a, err
	}
	if err := os.Rename(upload, a.Path); err != nil {
		return a, err
	}
	return a, syncDir(filepath.Dir(a.Path))
}

// copyHashed copies r to w and returns the SHA-256 of the bytes. One goroutine
// hashes what the other writes: either takes about as long.
func copyHashed(w io.Writer, r io.Reader) (sum []byte, n int64, err error) {
	h := sha256.New()
	full, free := make(chan []byte, 2), make(chan []byte, 3)
	for range cap(free) {
		free <- make([]byte, 1<<20)
	}
	var hashing sync.WaitGroup
	hashing.Go(func() {
		for b := range full {
			h.Write(b)
			free <- b[:cap(b)]
		}
	})
	for err == nil {
		var k int
		b := <-free
		k, err = io.ReadFull(r, b)
		full <- b[:k]
		n += int64(k)
		if _, failed := w.Write(b[:k]); failed != nil {
			err = failed
		}
	}
	close(full)
	hashing.Wait()
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		err = nil
	}
	return h.Sum(nil), n, err
}

// DefinitionPath is where the definition of a dataset lies that was made from
// a file and does not come with the program.
func (c *Catalog) DefinitionPath(id ID) string {
	return filepath.Join(c.dir, privateDir, "definitions", string(id)+".yaml")
}
