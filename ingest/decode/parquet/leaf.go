package parquet

import (
	"fmt"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/schema"
)

const (
	// batchSize is how many values of a column are decoded at once.
	batchSize = 8192
	// maxBatch bounds the values decoded at once of all columns.
	maxBatch = 4 << 20
)

// leaf is a column of values, as Parquet stores them: each with its levels
// (Dremel, Melnik and others 2010), of which def says how much of the path to
// it is there, and rep where a list goes on.
type leaf struct {
	column *schema.Column
	most   int16 // the def of a value that is there
	reader file.ColumnChunkReader
	pages  *pages
	values values

	// Room for pages, kept from one row group to the next.
	data, plain []byte

	// The values decoded.
	defs, reps []int16
	n, pos     int // levels, and which is next
	have, used int // values
	ended      bool
}

// values are the decoded values of a leaf.
type values interface {
	// bind takes the reader of another row group.
	bind(file.ColumnChunkReader) bool
	fill(n int, defs, reps []int16) (levels int64, read int, err error)
	// append appends value i as text.
	append(dst []byte, i int) ([]byte, error)
}

type batchReader[T any] interface {
	ReadBatchInPage(n int64, values []T, defs, reps []int16) (levels int64, read int, err error)
}

// typed are values of one type. Texts lie in the page until the next is read.
type typed[T any] struct {
	buf    []T
	reader batchReader[T]
	text   func(dst []byte, v T) ([]byte, error)
}

func (t *typed[T]) bind(r file.ColumnChunkReader) (ok bool) {
	t.reader, ok = r.(batchReader[T])
	return ok
}

func (t *typed[T]) fill(n int, defs, reps []int16) (int64, int, error) {
	return t.reader.ReadBatchInPage(int64(n), t.buf[:n], defs, reps)
}

func (t *typed[T]) append(dst []byte, i int) ([]byte, error) { return t.text(dst, t.buf[i]) }

func newLeaf(column *schema.Column, batch int) (*leaf, error) {
	l := &leaf{column: column, most: column.MaxDefinitionLevel()}
	if l.most > 0 {
		l.defs = make([]int16, batch)
	}
	if column.MaxRepetitionLevel() > 0 {
		l.reps = make([]int16, batch)
	}
	switch column.PhysicalType() {
	case parquet.Types.Boolean:
		l.values = &typed[bool]{buf: make([]bool, batch), text: boolText}
	case parquet.Types.Int32:
		l.values = &typed[int32]{buf: make([]int32, batch), text: int32Text(column)}
	case parquet.Types.Int64:
		l.values = &typed[int64]{buf: make([]int64, batch), text: int64Text(column)}
	case parquet.Types.Int96:
		l.values = &typed[parquet.Int96]{buf: make([]parquet.Int96, batch), text: int96Text}
	case parquet.Types.Float:
		l.values = &typed[float32]{buf: make([]float32, batch), text: floatText}
	case parquet.Types.Double:
		l.values = &typed[float64]{buf: make([]float64, batch), text: doubleText}
	case parquet.Types.ByteArray:
		text := bytesText(column)
		l.values = &typed[parquet.ByteArray]{buf: make([]parquet.ByteArray, batch), text: func(dst []byte, v parquet.ByteArray) ([]byte, error) { return text(dst, v) }}
	case parquet.Types.FixedLenByteArray:
		text := bytesText(column)
		l.values = &typed[parquet.FixedLenByteArray]{buf: make([]parquet.FixedLenByteArray, batch), text: func(dst []byte, v parquet.FixedLenByteArray) ([]byte, error) { return text(dst, v) }}
	default:
		return nil, fmt.Errorf("%w: column %q of type %s", ErrUnsupported, column.Path(), column.PhysicalType())
	}
	return l, nil
}

// load decodes more values when those decoded are used up.
func (l *leaf) load(batch int) error {
	if l.pos < l.n || l.ended {
		return nil
	}
	l.n, l.pos, l.have, l.used = 0, 0, 0, 0
	if !l.reader.HasNext() {
		l.ended = true
		if err := l.reader.Err(); err != nil {
			return l.wrong(err)
		}
		return nil
	}
	if clip := l.pages.clip; clip > 0 {
		batch = int(min(int64(batch), clip))
	}
	levels, read, err := l.values.fill(batch, l.defs, l.reps)
	if err != nil {
		return l.wrong(err)
	}
	if levels <= 0 || levels > int64(batch) {
		return l.wrong(fmt.Errorf("a page of fewer values than it says"))
	}
	l.n, l.have = int(levels), read
	return nil
}

// wrong makes an error of the library's, all of which are about the file.
func (l *leaf) wrong(err error) error {
	return wrong(fmt.Errorf("column %q: %w", l.column.Path(), err))
}

// def returns how much of the path to the next value is there.
func (l *leaf) def() int16 {
	if l.defs == nil {
		return 0
	}
	return l.defs[l.pos]
}

// rep returns where the next value goes on: in a new row, at the end too.
func (l *leaf) rep() int16 {
	if l.reps == nil || l.pos == l.n {
		return 0
	}
	return l.reps[l.pos]
}

// next passes a value and returns which of those decoded it is, or -1 if it is
// not there.
func (l *leaf) next() (int, error) {
	there := l.def() == l.most
	l.pos++
	if !there {
		return -1, nil
	}
	if l.used++; l.used > l.have {
		return -1, l.wrong(fmt.Errorf("a page of fewer values than levels"))
	}
	return l.used - 1, nil
}
