package catalog

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// PrivateFile makes an empty file at path for its owner alone (0600), and its
// folder (0700), where they are not there. One that is there, and what SQLite
// keeps beside it, is closed to others.
func PrivateFile(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	for _, name := range []string{path, path + "-wal", path + "-shm", path + "-journal"} {
		if info, err := os.Lstat(name); err == nil {
			if err := owned(name, info); err != nil {
				return err
			}
		}
	}
	return nil
}

// Writable returns why nothing can be written to the private half, or nil.
func (c *Catalog) Writable() error {
	if err := os.MkdirAll(c.PrivateDir(), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(c.PrivateDir(), "writable-")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// owned closes a file or a folder to all but its owner. Links and others that
// are neither are left alone.
func owned(path string, info fs.FileInfo) error {
	mode := fs.FileMode(0o600)
	switch {
	case info.IsDir():
		mode = 0o700
	case !info.Mode().IsRegular():
		return nil
	}
	if info.Mode().Perm()&0o077 == 0 {
		return nil
	}
	return os.Chmod(path, mode)
}

// SecurePrivate closes what lies in the private half to all but its owner, for
// data directories that an earlier version made. It goes on where it fails, and
// returns what failed. A release in the making becomes public; its files stay as
// they are, in a folder that nobody else can enter.
func (c *Catalog) SecurePrivate() error {
	root := c.PrivateDir()
	var errs []error
	filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			if !errors.Is(err, fs.ErrNotExist) {
				errs = append(errs, err)
			}
			return nil
		}
		info, err := e.Info()
		if err != nil {
			return nil // it has gone
		}
		if err := owned(path, info); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
		if rest, err := filepath.Rel(root, path); err == nil && e.IsDir() && strings.HasPrefix(rest, "staging"+string(filepath.Separator)) {
			return fs.SkipDir
		}
		return nil
	})
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("private files: %w", err)
	}
	return nil
}
