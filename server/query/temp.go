package query

import (
	"os"
	"path/filepath"

	"govdata/catalog"
)

// tempPrefix begins the names of the folders in which pools have the temporary
// files of their workers; one that is being made has another name.
const (
	tempPrefix   = "govdata-workers-"
	tempStarting = "govdata-starting-"
	tempLock     = "lock"
)

// openTemp makes a folder for the temporary files of a pool's workers in root, and
// removes those of pools whose process has died. Each living pool holds the lock in
// its own.
func openTemp(root string) (dir string, release func(), err error) {
	if root == "" {
		root = os.TempDir()
	}
	found, err := filepath.Glob(filepath.Join(root, tempPrefix+"*"))
	if err != nil {
		return "", nil, err
	}
	for _, dead := range found {
		if info, err := os.Lstat(filepath.Join(dead, tempLock)); err != nil || !info.Mode().IsRegular() || !ours(info) {
			continue
		}
		if unlock, ok, err := catalog.TryLock(filepath.Join(dead, tempLock)); err == nil && ok {
			os.RemoveAll(dead) // what stays is tried again by the next one
			unlock()
		}
	}
	starting, err := os.MkdirTemp(root, tempStarting)
	if err != nil {
		return "", nil, err
	}
	unlock, _, err := catalog.TryLock(filepath.Join(starting, tempLock))
	if err == nil {
		dir = filepath.Join(root, tempPrefix+filepath.Base(starting)[len(tempStarting):])
		if err = os.Rename(starting, dir); err != nil {
			unlock()
		}
	}
	if err != nil {
		os.RemoveAll(starting)
		return "", nil, err
	}
	return dir, func() { os.RemoveAll(dir); unlock() }, nil
}
