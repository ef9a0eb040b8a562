package store

import (
	"context"
	"database/sql/driver"
	"fmt"
	"sync/atomic"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// windowRows, of a table that is not wide, are two of DuckDB's row groups, one
// for each of two threads.
const windowRows = 2 * 122880

// windows reads a table window by window. It implements array.RecordReader.
type windows struct {
	ctx    context.Context
	conn   driver.Conn
	rows   int64
	size   int64 // rows of a window
	from   int64 // where the next window begins
	reader array.RecordReader
	err    error
	refs   atomic.Int64
}

// open asks for the next window.
func (w *windows) open() error {
	reader, err := queryArrow(w.ctx, w.conn, fmt.Sprintf("SELECT * FROM %s WHERE rowid >= %d AND rowid < %d", Table, w.from, w.from+w.size))
	if err != nil {
		return err
	}
	if w.reader != nil {
		w.reader.Release()
	}
	w.reader = reader
	w.from += w.size
	return nil
}

func (w *windows) Next() bool {
	for w.err == nil {
		if w.reader.Next() {
			return true
		}
		if w.err = w.reader.Err(); w.err != nil || w.from >= w.rows {
			return false
		}
		w.err = w.open()
	}
	return false
}

func (w *windows) Schema() *arrow.Schema          { return w.reader.Schema() }
func (w *windows) RecordBatch() arrow.RecordBatch { return w.reader.RecordBatch() }
func (w *windows) Record() arrow.RecordBatch      { return w.reader.RecordBatch() }
func (w *windows) Err() error                     { return w.err }
func (w *windows) Retain()                        { w.refs.Add(1) }

func (w *windows) Release() {
	if w.refs.Add(-1) == 0 {
		w.reader.Release()
		w.conn.Close()
	}
}
