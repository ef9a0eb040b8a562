package catalog

import (
	"io/fs"
	"syscall"
)

// identity is the number of a file and when anything about it last changed, in
// ns: a time of change that was set back, and a file in the place of another, are
// seen by it.
func identity(info fs.FileInfo) (file uint64, changed int64) {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return s.Ino, s.Ctim.Nano()
	}
	return 0, 0
}
