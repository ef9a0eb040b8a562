//go:build unix && !solaris && !aix

package catalog

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// tryLock takes the lock of a dataset if nobody holds it.
func (c *Catalog) tryLock(id ID) (unlock func(), ok bool, err error) {
	dir := filepath.Join(c.PrivateDir(), "locks")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, false, fmt.Errorf("lock %s: %w", id, err)
	}
	unlock, ok, err = TryLock(filepath.Join(dir, string(id)))
	if err != nil {
		return nil, false, fmt.Errorf("lock %s: %w", id, err)
	}
	return unlock, ok, nil
}

// TryLock takes the lock of a file, which it makes where it is not there, unless
// somebody holds it. The kernel gives it back when the process dies.
func TryLock(path string) (unlock func(), ok bool, err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, false, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, false, nil
		}
		return nil, false, err
	}
	return func() { f.Close() }, true, nil
}
