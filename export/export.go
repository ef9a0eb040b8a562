// Package export writes a table into the files that people open.
//
// The same value is the same in every format: decimals exact with their
// scale, dates as 2006-01-02, times as 2006-01-02T15:04:05[.999999], codes as
// text. A missing value and an empty text stay two things wherever the format
// has both.
package export

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/sync/errgroup"

	"govdata/catalog"
)

// Meta is what a file says of itself where its format has a place for it.
type Meta struct {
	// Dataset is nil for the result of a query.
	Dataset     *catalog.Dataset
	Release     catalog.ReleaseID
	PublishedAt time.Time
	Query       string
	URL         string
	// Lang of headers and notes, zh or en.
	Lang string
	// Rows is the number of rows, negative where it is not known beforehand.
	Rows     int64
	Software string
}

// fields returns the definitions of the columns by their names.
func (m *Meta) fields() map[string]*catalog.Field {
	known := map[string]*catalog.Field{}
	if m.Dataset == nil {
		return known
	}
	fields := m.Dataset.Public() // computed fields have titles as well
	for i := range fields {
		known[fields[i].Name] = &fields[i]
	}
	return known
}

// Options change how a file is written.
type Options struct {
	// BOM begins a CSV file with a byte order mark, for Excel.
	BOM bool
	// ExcelSafe puts an apostrophe before CSV cells that a spreadsheet could
	// take for a formula, also behind blanks and control characters, and quotes
	// cells with a tab, a semicolon or a bar.
	ExcelSafe bool
}

// Write writes rows to w in format and returns how many there were. On error
// what was written is no whole file.
func Write(ctx context.Context, w io.Writer, format catalog.Format, rows array.RecordReader, meta Meta, o Options) (int64, error) {
	n, err := write(ctx, w, format.Ext, rows, meta, o)
	if err != nil {
		return n, fmt.Errorf("export %s: %w", format.Ext, err)
	}
	return n, nil
}

func write(ctx context.Context, w io.Writer, format string, rows array.RecordReader, meta Meta, o Options) (int64, error) {
	switch format {
	case "csv":
		return writeCSV(ctx, w, rows, o)
	case "jsonl":
		return writeJSONL(ctx, w, rows)
	case "csv.gz", "jsonl.gz":
		z, err := gzip.NewWriterLevel(w, gzipLevel)
		if err != nil {
			return 0, err
		}
		n, err := write(ctx, z, format[:len(format)-len(".gz")], rows, meta, o)
		if err != nil {
			return n, err
		}
		return n, z.Close()
	case "csv.zst":
		z, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
		if err != nil {
			return 0, err
		}
		n, err := writeCSV(ctx, z, rows, o)
		if err != nil {
			return n, err
		}
		return n, z.Close()
	case "xlsx":
		return writeXLSX(ctx, w, rows, meta)
	case "parquet":
		return writeParquet(ctx, w, rows, meta)
	case "arrow":
		return writeArrow(ctx, w, rows)
	}
	return 0, fmt.Errorf("no such format: %w", catalog.ErrInvalid)
}

func writeArrow(ctx context.Context, w io.Writer, rows array.RecordReader) (n int64, err error) {
	out := ipc.NewWriter(w, ipc.WithSchema(rows.Schema()))
	for rows.Next() {
		if err := ctx.Err(); err != nil {
			return n, err
		}
		if err := out.Write(rows.RecordBatch()); err != nil {
			return n, err
		}
		n += rows.RecordBatch().NumRows()
	}
	if err := rows.Err(); err != nil {
		return n, err
	}
	return n, out.Close()
}

// batchCells is how many cells are written at once: of a wide table a batch of
// DuckDB's would be hundreds of megabytes of text.
const batchCells = 1 << 18

// inOrder turns batches into what T says on all cores and hands these to write
// in the order of the batches, with the number of their rows.
func inOrder[T any](ctx context.Context, rows array.RecordReader, work func(arrow.RecordBatch) T, write func(rows int64, made T) error) (int64, error) {
	type job struct {
		batch arrow.RecordBatch
		rows  int64
		made  T
		err   error
		done  chan struct{}
	}
	group, ctx := errgroup.WithContext(ctx)
	n := runtime.GOMAXPROCS(0)
	todo, order := make(chan *job, n), make(chan *job, 2*n)
	var total int64
	group.Go(func() error {
		defer close(todo)
		defer close(order)
		for rows.Next() {
			b := rows.RecordBatch()
			size := max(1, batchCells/max(1, b.NumCols()))
			for from := int64(0); from == 0 || from < b.NumRows(); from += size {
				part, err := attempt(func(b arrow.RecordBatch) arrow.RecordBatch {
					if b.NumRows() <= size {
						b.Retain()
						return b
					}
					return b.NewSlice(from, min(from+size, b.NumRows()))
				}, b)
				if err != nil {
					return err
				}
				j := &job{batch: part, rows: part.NumRows(), done: make(chan struct{})}
				select {
				case order <- j:
				case <-ctx.Done():
					j.batch.Release()
					return ctx.Err()
				}
				todo <- j
			}
		}
		return rows.Err()
	})
	for range n {
		group.Go(func() error {
			for j := range todo {
				if ctx.Err() == nil {
					j.made, j.err = attempt(work, j.batch)
				}
				j.batch.Release()
				close(j.done)
			}
			return nil
		})
	}
	group.Go(func() error {
		for j := range order {
			<-j.done
			if err := cmp.Or(j.err, ctx.Err()); err != nil {
				return err
			}
			if err := write(j.rows, j.made); err != nil {
				return err
			}
			total += j.rows
		}
		return nil
	})
	err := group.Wait()
	return total, err
}

// attempt makes an error of a panic: nobody else catches that of a goroutine, and
// it would end the server for one column of a kind that nobody thought of.
func attempt[T any](work func(arrow.RecordBatch) T, batch arrow.RecordBatch) (made T, err error) {
	defer func() {
		if failure := recover(); failure != nil {
			err = fmt.Errorf("panic: %v\n%s", failure, debug.Stack())
		}
	}()
	return work(batch), nil
}

// inOrderBytes is inOrder for bytes that go to w; work appends to what it is given.
func inOrderBytes(ctx context.Context, w io.Writer, rows array.RecordReader, work func(batch arrow.RecordBatch, buf []byte) []byte) (int64, error) {
	buffers := sync.Pool{New: func() any { return new([]byte) }}
	return inOrder(ctx, rows, func(batch arrow.RecordBatch) *[]byte {
		buf := buffers.Get().(*[]byte)
		*buf = work(batch, (*buf)[:0])
		return buf
	}, func(_ int64, buf *[]byte) error {
		_, err := w.Write(*buf)
		buffers.Put(buf)
		return err
	})
}
