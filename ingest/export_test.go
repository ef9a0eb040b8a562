package ingest

import "testing"

// SetMergeRows bounds how many rows are merged at once, for the length of a test.
func SetMergeRows(t *testing.T, rows int64) {
	was := testMergeRows
	testMergeRows = rows
	t.Cleanup(func() { testMergeRows = was })
}
