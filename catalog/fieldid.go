package catalog

import (
	"crypto/sha256"
	"encoding/binary"
	"strings"
)

// FieldIDs returns the numbers by which readers of Parquet and Iceberg match the
// public fields, by name. They follow from the names alone, so that a field keeps
// its number whatever columns come and go and whatever releases are collected.
func (d *Dataset) FieldIDs() map[string]int {
	ids, taken := map[string]int{}, map[int]bool{}
	for _, f := range d.Public() {
		id := Number("field", f.Name)
		for taken[id] { // once in some hundred thousand datasets
			id++
		}
		taken[id], ids[f.Name] = true, id
	}
	return ids
}

// Number is an id from 1 to 999,999,999 that follows from parts.
func Number(parts ...string) int { return int(Hash(parts...)%999_999_999) + 1 }

// Hash is a number of 64 bits that follows from parts.
func Hash(parts ...string) uint64 {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return binary.BigEndian.Uint64(sum[:])
}
