package decode

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// bombFloor is what may be unpacked before the ratio counts; see MaxRatio.
const bombFloor = 64 << 20

// maxWindow bounds the memory that a zstd file may ask for: what `zstd --long`
// asks for at most without being told otherwise on the way back.
const maxWindow = 128 << 20

// content is a file, or what one was unpacked to.
type content struct {
	name string
	r    io.ReaderAt
	size int64
}

// unpack writes what open returns to the temporary file. packed is the size of
// the compressed form. The file is removed by s.Close.
func (s *Source) unpack(name string, packed int64, open func() (io.ReadCloser, error)) (*content, error) {
	corrupt := func(err error) error {
		return &Error{File: name, Found: fmt.Sprintf("a truncated or corrupt archive (%v)", err), Want: "a whole file",
			Do: "send the file again", Err: ErrCorrupt}
	}
	src, err := open()
	if err != nil {
		return nil, corrupt(err)
	}
	defer src.Close()
	if err := s.spool.open(s.options.TempDir); err != nil {
		return nil, fmt.Errorf("decode %s: %w", name, err)
	}
	w := &boundedWriter{file: s.spool.file, name: name, packed: packed, max: s.options.MaxBytes - s.unpacked}
	_, err = io.CopyBuffer(w, src, make([]byte, chunkSize))
	begin := s.spool.size
	s.spool.size += w.written
	if w.err != nil {
		return nil, w.err
	} else if errors.Is(err, zstd.ErrWindowSizeExceeded) || errors.Is(err, zstd.ErrDecoderSizeExceeded) {
		return nil, &Error{File: name, Found: "a zstd file that needs too much memory", Want: fmt.Sprintf("a window of at most %d MiB", maxWindow>>20),
			Do: "compress it without --long", Err: ErrBomb}
	} else if err != nil {
		return nil, corrupt(err)
	}
	s.unpacked += w.written
	return &content{name: name, r: io.NewSectionReader(s.spool.file, begin, w.written), size: w.written}, nil
}

// spool is the one temporary file that a Source unpacks to, one thing behind
// the other: an archive of a thousand members takes one file descriptor.
type spool struct {
	file *os.File
	size int64
}

func (p *spool) open(dir string) error {
	if p.file != nil {
		return nil
	}
	file, err := os.CreateTemp(dir, "govdata-unpacked-*")
	p.file = file
	return err
}

func (p *spool) close() error {
	if p.file == nil {
		return nil
	}
	file := p.file
	p.file = nil
	return errors.Join(file.Close(), os.Remove(file.Name()))
}

// boundedWriter stops a bomb while it unpacks.
type boundedWriter struct {
	file                 *os.File
	name                 string
	packed, written, max int64
	err                  error
}

func (w *boundedWriter) Write(b []byte) (int, error) {
	total := w.written + int64(len(b))
	switch {
	case total > w.max:
		w.err = &Error{File: w.name, Found: fmt.Sprintf("an archive that unpacks to more than %d bytes", w.max),
			Want: "less", Do: "split the file", Err: ErrBomb}
	case total > bombFloor && total > MaxRatio*w.packed:
		w.err = &Error{File: w.name, Found: fmt.Sprintf("an archive that unpacks to more than %d times its size", MaxRatio),
			Want: "a table", Do: "send the file unpacked if it is one", Err: ErrBomb}
	default:
		n, err := w.file.Write(b)
		w.written += int64(n)
		if err != nil {
			w.err = fmt.Errorf("decode %s: %w", w.name, err)
		}
		return n, err
	}
	return 0, w.err
}

func (s *Source) unpackGzip(c *content) (*content, error) {
	s.info.Container = append(s.info.Container, "gz")
	return s.unpack(strings.TrimSuffix(c.name, ".gz"), c.size, func() (io.ReadCloser, error) {
		return gzip.NewReader(io.NewSectionReader(c.r, 0, c.size))
	})
}

func (s *Source) unpackZstd(c *content) (*content, error) {
	s.info.Container = append(s.info.Container, "zst")
	return s.unpack(strings.TrimSuffix(c.name, ".zst"), c.size, func() (io.ReadCloser, error) {
		d, err := zstd.NewReader(io.NewSectionReader(c.r, 0, c.size), zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, err
		}
		return d.IOReadCloser(), nil
	})
}
