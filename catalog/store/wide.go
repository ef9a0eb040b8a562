package store

import (
	"math/bits"
	"strconv"
)

// WideFrom is from how many columns on a table is wide: what DuckDB keeps for
// each column at once counts there more than what it keeps for rows.
const WideFrom = 256

// Memory is how many MB DuckDB may use for a table of so many columns where
// no limit is given: MemoryMB, and 1 more for every 8 columns beyond 4,096. DuckDB
// works on 2,048 values of each column at once, in three places at the same time;
// for texts these take 32 KB each.
func Memory(columns int) int { return MemoryMB + max(0, columns-4096)/8 }

// AttachOptions are the options with which the file of a table of so many
// columns is attached when it is made, "" or in brackets. While it is filled, each
// column holds a block for its values and one for what is missing, and a row
// group in memory: smaller ones let a wide table fit.
func AttachOptions(columns int) string {
	switch {
	case columns < WideFrom:
		return ""
	case columns <= 2048:
		return " (BLOCK_SIZE 32768, ROW_GROUP_SIZE " + groupRows(columns) + ")"
	}
	return " (BLOCK_SIZE 16384, ROW_GROUP_SIZE " + groupRows(columns) + ")"
}

// groupRows is a power of two, so that a row group has some 16 million values.
func groupRows(columns int) string {
	rows := uint(max(2048, 16<<20/columns))
	return strconv.Itoa(min(1<<(bits.Len(rows)-1), 65536))
}

// WindowRows is how many rows of so many columns are read or written at once:
// some 4 million values, and at least one of DuckDB's vectors.
func WindowRows(columns int) int64 {
	return min(windowRows, max(2048, 4<<20/int64(max(1, columns))/2048*2048))
}
