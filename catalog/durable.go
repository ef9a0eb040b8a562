package catalog

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

// WriteFile puts a small file in place, whole and on disk, or leaves what was
// there: it is written beside its place, read back, renamed, and the folder is
// synced. Where the last step alone fails, the error wraps ErrUnsure: the new file
// is in place, and the machine's next failure may undo that.
func WriteFile(path string, data []byte, perm fs.FileMode) error {
	if err := writeSynced(path+".new", data, perm); err != nil {
		return errors.Join(err, removed(path+".new"))
	}
	return renamed(path+".new", path)
}

// renamed moves a file that is on disk to its place.
func renamed(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return errors.Join(err, removed(from))
	}
	if err := syncDir(filepath.Dir(to)); err != nil {
		return fmt.Errorf("%w: %w", ErrUnsure, err)
	}
	return nil
}

// ErrUnsure is what was changed, but may not survive the machine's next failure.
var ErrUnsure = errors.New("changed, but not certain to be on disk")

// writeSynced writes a file to disk and reads it back: what a manifest, a
// signature or a pointer says is compared with nothing else later on.
func writeSynced(path string, data []byte, perm fs.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, perm)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	found, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if !bytes.Equal(found, data) {
		return fmt.Errorf("%s is not as it was written: %w", path, ErrCorrupt)
	}
	return nil
}

func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// syncTree brings the files in a folder to disk, and the folder itself.
func syncTree(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Type().IsRegular() {
			if err := syncDir(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return syncDir(dir)
}

// makeDir makes a folder and those above it, and brings their names to disk.
func makeDir(path string, perm fs.FileMode) error {
	if isDir(path) {
		return nil
	}
	parent := filepath.Dir(path)
	if err := makeDir(parent, perm); err != nil {
		return err
	}
	if err := os.Mkdir(path, perm); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(parent)
}

// replaceDir moves from to to, in place of whatever is there.
func replaceDir(from, to string) error {
	if err := os.RemoveAll(to); err != nil {
		return err
	}
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return syncDir(filepath.Dir(to))
}

// freeName returns path, or with a number behind it that nothing has yet. The
// caller holds the lock under which such names are given.
func freeName(path string) (string, error) {
	for n := 2; ; n++ {
		free := path
		if n > 2 {
			free += "-" + strconv.Itoa(n-1)
		}
		if _, err := os.Lstat(free); errors.Is(err, fs.ErrNotExist) {
			return free, nil
		} else if err != nil {
			return "", err
		}
	}
}
