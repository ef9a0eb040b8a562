// Package parquet reads Parquet files as rows of text, in a stream: memory
// grows with the pages of a row group that are open at once, one a column, not
// with the rows.
//
// Apache Arrow decodes the footer and the values. The pages are read here,
// because it checks no checksums, and trusts sizes that a file declares; what
// it may still panic at is caught where it is called.
package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/metadata"
	"github.com/apache/arrow-go/v18/parquet/schema"
)

// Why a file cannot be read.
var (
	ErrCorrupt     = errors.New("truncated or corrupt Parquet file")
	ErrEncrypted   = errors.New("encrypted Parquet file")
	ErrBomb        = errors.New("too much in a Parquet file, unpacked")
	ErrLimit       = errors.New("limit exceeded by a Parquet file")
	ErrUnsupported = errors.New("form of Parquet that is not read")
)

// Options bound what a file may unpack to.
type Options struct {
	// MaxBytes bounds the text of all rows, with one byte more for each cell.
	// 0: 64 GiB.
	MaxBytes int64
	// MaxCell bounds one cell, in bytes. 0: 16 MiB.
	MaxCell int
}

const (
	maxColumns = 16384
	// maxFooter bounds the footer, which becomes ten times as much in memory. A
	// thousand columns in a thousand row groups have one of 100 MB; those of
	// real files are below 1 MB.
	maxFooter = 32 << 20
	// maxChunks bounds the pieces that columns are cut into by row groups.
	maxChunks = 1 << 19
	magic     = "PAR1"
)

// File is an open file. It belongs to one goroutine.
type File struct {
	r       io.ReaderAt
	end     int64 // of the pages, where the footer begins
	meta    *metadata.FileMetaData
	columns []string
	options Options
}

// Open reads the footer.
func Open(r io.ReaderAt, size int64, o Options) (*File, error) {
	if o.MaxBytes == 0 {
		o.MaxBytes = 64 << 30
	}
	if o.MaxCell == 0 {
		o.MaxCell = 16 << 20
	}
	footer, err := readFooter(r, size)
	if err != nil {
		return nil, err
	}
	if err := checkFooter(footer); err != nil {
		return nil, err
	}
	return open(r, size, footer, o)
}

func open(r io.ReaderAt, size int64, footer []byte, o Options) (f *File, err error) {
	defer recovered(&err)
	meta, err := metadata.NewFileMetaData(footer, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: footer: %w", ErrCorrupt, err)
	}
	f = &File{r: r, end: size - int64(len(footer)) - tail, meta: meta, options: o}
	if err := f.check(); err != nil {
		return nil, err
	}
	return f, nil
}

// recovered makes an error of a panic of the library, which has some on
// damaged files.
func recovered(err *error) {
	if v := recover(); v != nil {
		*err = fmt.Errorf("%w: %v", ErrCorrupt, v)
	}
}

// tail is the length of the footer and the magic number, behind the footer.
const tail = 4 + int64(len(magic))

func readFooter(r io.ReaderAt, size int64) ([]byte, error) {
	ends := make([]byte, len(magic)+int(tail))
	if size < int64(len(ends)) {
		return nil, fmt.Errorf("%w: %d bytes", ErrCorrupt, size)
	}
	if err := readAt(r, ends[:len(magic)], 0); err != nil {
		return nil, err
	}
	if err := readAt(r, ends[len(magic):], size-tail); err != nil {
		return nil, err
	}
	switch head, end := string(ends[:len(magic)]), string(ends[len(magic)+4:]); {
	case end == "PARE":
		return nil, ErrEncrypted
	case head != magic:
		return nil, fmt.Errorf("%w: it begins with %q", ErrCorrupt, head)
	case end != magic:
		return nil, fmt.Errorf("%w: it ends with %q", ErrCorrupt, end)
	}
	n := int64(binary.LittleEndian.Uint32(ends[len(magic):]))
	switch {
	case n > size-tail-int64(len(magic)):
		return nil, fmt.Errorf("%w: a footer of %d bytes in a file of %d", ErrCorrupt, n, size)
	case n > maxFooter:
		return nil, fmt.Errorf("%w: a footer of %d bytes", ErrLimit, n)
	}
	footer := make([]byte, n)
	return footer, readAt(r, footer, size-tail-n)
}

// readAt fills b from offset off.
func readAt(r io.ReaderAt, b []byte, off int64) error {
	n, err := r.ReadAt(b, off)
	switch {
	case n == len(b):
		return nil
	case err == nil || errors.Is(err, io.EOF):
		return fmt.Errorf("%w: it ends at byte %d", ErrCorrupt, off+int64(n))
	}
	return fmt.Errorf("at byte %d: %w", off+int64(n), err)
}

// Columns returns the names of the columns: the fields of the top level.
func (f *File) Columns() []string { return f.columns }

// check holds what the footer says about itself and the file to each other.
func (f *File) check() error {
	if f.meta.IsSetEncryptionAlgorithm() {
		return ErrEncrypted
	}
	root := f.meta.Schema.Root()
	if root.NumFields() == 0 {
		return fmt.Errorf("%w: no columns", ErrCorrupt)
	}
	if n := f.meta.Schema.NumColumns(); n > maxColumns {
		return fmt.Errorf("%w: %d columns", ErrLimit, n)
	}
	for i := range root.NumFields() {
		f.columns = append(f.columns, strings.ToValidUTF8(root.Field(i).Name(), "\uFFFD"))
	}
	for i, g := range f.meta.RowGroups {
		if g.NumRows < 0 || len(g.Columns) != f.meta.Schema.NumColumns() {
			return fmt.Errorf("%w: row group %d has %d rows and %d columns of %d", ErrCorrupt, i, g.NumRows, len(g.Columns), f.meta.Schema.NumColumns())
		}
		for j, c := range g.Columns {
			if c.IsSetCryptoMetadata() || c.IsSetEncryptedColumnMetadata() {
				return ErrEncrypted
			}
			if c.GetFilePath() != "" {
				return fmt.Errorf("%w: a column in another file, %q", ErrUnsupported, c.GetFilePath())
			}
			chunk, err := f.meta.RowGroup(i).ColumnChunk(j)
			if err != nil {
				return fmt.Errorf("%w: row group %d: %w", ErrCorrupt, i, err)
			}
			if err := f.checkChunk(chunk, f.meta.Schema.Column(j)); err != nil {
				return fmt.Errorf("row group %d, column %q: %w", i, f.meta.Schema.Column(j).Path(), err)
			}
		}
	}
	return nil
}

func (f *File) checkChunk(c *metadata.ColumnChunkMetaData, column *schema.Column) error {
	switch start, size := startOf(c), c.TotalCompressedSize(); {
	case c.Type() != column.PhysicalType():
		return fmt.Errorf("%w: %s in a column of %s", ErrCorrupt, c.Type(), column.PhysicalType())
	case c.NumValues() < 0:
		return fmt.Errorf("%w: %d values", ErrCorrupt, c.NumValues())
	case c.NumValues() > 0 && (start < int64(len(magic)) || size < 0 || start > f.end || size > f.end-start):
		return fmt.Errorf("%w: %d bytes of pages from byte %d on in a file with %d", ErrCorrupt, size, start, f.end)
	}
	switch c.Compression() {
	case compress.Codecs.Uncompressed, compress.Codecs.Snappy, compress.Codecs.Gzip, compress.Codecs.Brotli, compress.Codecs.Zstd, compress.Codecs.Lz4Raw:
		return nil
	}
	return fmt.Errorf("%w: compressed with %s", ErrUnsupported, c.Compression())
}

// startOf returns where the pages of a column chunk begin. Some writers say
// that there is a dictionary at byte 0.
func startOf(c *metadata.ColumnChunkMetaData) int64 {
	if d := c.DictionaryPageOffset(); c.HasDictionaryPage() && d > 0 && d < c.DataPageOffset() {
		return d
	}
	return c.DataPageOffset()
}
