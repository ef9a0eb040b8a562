//go:build !linux

package query

// endWithoutMemory does nothing here; see memory_linux.go.
func endWithoutMemory() {}
