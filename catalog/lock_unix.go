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
	f, err := os.OpenFile(filepath.Join(dir, string(id)), os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, false, fmt.Errorf("lock %s: %w", id, err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, false, nil
		}
		return nil, false, fmt.Errorf("lock %s: %w", id, err)
	}
	return func() { f.Close() }, true, nil
}
