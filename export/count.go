package export

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"govdata/catalog"
)

// Count counts the rows in a file that Write or Render made, by reading it.
// A file that ends too early is an error.
func Count(ctx context.Context, path, format string) (int64, error) {
	n, err := countFile(ctx, path, format)
	if err != nil {
		return n, fmt.Errorf("count %s: %w", format, err)
	}
	return n, nil
}

func countFile(ctx context.Context, path, format string) (int64, error) {
	switch format {
	case "xlsx":
		return countXLSX(ctx, path)
	case "parquet":
		r, err := file.OpenParquetFile(path, false)
		if err != nil {
			return 0, err
		}
		defer r.Close()
		return r.NumRows(), nil
	}
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	var r io.Reader = bufio.NewReaderSize(&cancelled{ctx, f}, 1<<20)
	plain, compression, _ := strings.Cut(format, ".")
	switch compression {
	case "gz":
		if r, err = gzip.NewReader(r); err != nil {
			return 0, err
		}
	case "zst":
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1))
		if err != nil {
			return 0, err
		}
		defer z.Close()
		r = z
	}
	switch plain {
	case "csv":
		n, err := countLines(r, true)
		return max(n-1, 0), err // less the header
	case "jsonl":
		return countLines(r, false)
	case "arrow":
		return countArrow(r)
	}
	return 0, fmt.Errorf("no such format: %w", catalog.ErrInvalid)
}

// countLines counts lines; with quotes, those inside of them do not count.
func countLines(r io.Reader, quotes bool) (n int64, err error) {
	buf := make([]byte, 1<<20)
	inside, last := false, byte('\n')
	for {
		k, err := r.Read(buf)
		b := buf[:k]
		if k > 0 {
			last = b[k-1]
		}
		if quotes {
			for len(b) > 0 {
				q := bytes.IndexByte(b, '"')
				part := b
				if q >= 0 {
					part, b = b[:q], b[q+1:]
				} else {
					b = nil
				}
				if !inside {
					n += int64(bytes.Count(part, []byte{'\n'}))
				}
				if q >= 0 {
					inside = !inside
				}
			}
		} else {
			n += int64(bytes.Count(b, []byte{'\n'}))
		}
		if errors.Is(err, io.EOF) {
			if inside || last != '\n' {
				return n, fmt.Errorf("the file ends inside a row: %w", catalog.ErrCorrupt)
			}
			return n, nil
		} else if err != nil {
			return n, err
		}
	}
}

func countArrow(r io.Reader) (n int64, err error) {
	in, err := ipc.NewReader(r)
	if err != nil {
		return 0, err
	}
	defer in.Release()
	for in.Next() {
		n += in.RecordBatch().NumRows()
	}
	return n, in.Err()
}

// countXLSX counts the rows of the data sheets: all but the last two, less a
// header each.
func countXLSX(ctx context.Context, path string) (n int64, err error) {
	z, err := zip.OpenReader(path)
	if err != nil {
		return 0, err
	}
	defer z.Close()
	// Faster than the standard library's, and with a larger buffer.
	z.RegisterDecompressor(zip.Deflate, func(r io.Reader) io.ReadCloser { return flate.NewReader(bufio.NewReaderSize(r, 1<<20)) })
	var book struct {
		Sheets []struct {
			Name string `xml:"name,attr"`
		} `xml:"sheets>sheet"`
	}
	if err := eachPart(&z.Reader, "xl/workbook.xml", func(r io.Reader) error { return xml.NewDecoder(r).Decode(&book) }); err != nil {
		return 0, err
	}
	for i := range len(book.Sheets) - 2 {
		err := eachPart(&z.Reader, fmt.Sprintf("xl/worksheets/sheet%d.xml", i+1), func(r io.Reader) error {
			rows, err := countRowEnds(&cancelled{ctx, r})
			n += rows - 1
			return err
		})
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

func eachPart(z *zip.Reader, name string, read func(io.Reader) error) error {
	f, err := z.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	return read(f)
}

var rowEnd = []byte("</row>")

// countRowEnds counts the ends of rows in a sheet.
// It reads to the end, so that the part's checksum is checked too.
func countRowEnds(r io.Reader) (n int64, err error) {
	buf := make([]byte, 1<<20)
	kept := 0
	for {
		k, err := r.Read(buf[kept:])
		b := buf[:kept+k]
		n += int64(occurrences(b))
		if errors.Is(err, io.EOF) {
			return n, nil
		} else if err != nil {
			return n, err
		}
		kept = copy(buf, b[max(0, len(b)-len(rowEnd)+1):]) // too short for a whole one
	}
}

// occurrences is bytes.Count for rowEnd. Its w stands in few other places of a
// sheet, and a search for one byte is many times faster.
func occurrences(b []byte) (n int) {
	const rare = len("</ro")
	for from := 0; ; {
		k := bytes.IndexByte(b[from:], rowEnd[rare])
		if k < 0 {
			return n
		}
		at := from + k - rare
		from += k + 1
		if at >= 0 && bytes.HasPrefix(b[at:], rowEnd) {
			n++
		}
	}
}
