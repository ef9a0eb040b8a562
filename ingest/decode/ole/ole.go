// Package ole reads the streams of OLE compound files ([MS-CFB]), the container
// of legacy Office documents, in bounded memory.
package ole

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/richardlehane/mscfb"
)

// Why a compound file cannot be read.
var (
	ErrCorrupt = errors.New("truncated or corrupt compound file")
	ErrLimit   = errors.New("compound file exceeds a limit")
)

// Magic is what a compound file begins with.
const Magic = "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"

const (
	headerSize = 512
	entrySize  = 128 // of the directory ([MS-CFB] 2.6.1)
	// maxEntries bounds the directory. mscfb keeps the path of every entry, and
	// one within the other they take 16 bytes for each pair.
	maxEntries = 2048
	// maxLinks bounds the links between sectors that are followed to open a
	// file: those of the directory and of the mini stream, where streams of less
	// than 4,096 bytes lie. Links of FAT sectors are not followed.
	maxLinks = maxEntries * 4096 / 512 * 2
	// maxSize is how far mscfb counts bytes.
	maxSize = 1<<32 - 1
	// tablePage is what one DIFAT sector of 512 bytes answers for.
	tablePage = 127 * 128 * 512
)

// File is an open compound file. It belongs to one goroutine.
type File struct {
	size    int64
	streams []*mscfb.File // those in no storage
}

// Open reads the directory of a compound file.
func Open(r io.ReaderAt, size int64) (*File, error) {
	if size > maxSize {
		return nil, fmt.Errorf("%w: %d bytes, more than %d", ErrLimit, size, int64(maxSize))
	}
	if err := checkHeader(r, size); err != nil {
		return nil, err
	}
	counted := &counted{r: r, blocks: maxEntries*entrySize/headerSize + size/tablePage + 16, links: maxLinks}
	c, err := mscfb.New(counted)
	switch {
	case counted.exceeded:
		return nil, fmt.Errorf("%w: a directory of more than %d entries, or sectors in a circle", ErrLimit, maxEntries)
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	counted.opened = true
	f := &File{size: size}
	for _, e := range c.File {
		if len(e.Path) == 0 && !e.FileInfo().IsDir() {
			f.streams = append(f.streams, e)
		}
	}
	return f, nil
}

// checkHeader refuses counts of sectors that the file has no room for ([MS-CFB]
// 2.2): mscfb makes memory for them.
func checkHeader(r io.ReaderAt, size int64) error {
	h := make([]byte, headerSize)
	if n, err := r.ReadAt(h, 0); n < len(h) {
		if err == nil || errors.Is(err, io.EOF) {
			return fmt.Errorf("%w: %d bytes, less than a header", ErrCorrupt, n)
		}
		return fmt.Errorf("%w: the header: %w", ErrCorrupt, err)
	}
	if string(h[:len(Magic)]) != Magic {
		return fmt.Errorf("%w: no OLE header", ErrCorrupt)
	}
	for _, count := range []struct {
		at   int
		what string
	}{{40, "directory"}, {44, "FAT"}, {64, "mini FAT"}, {72, "DIFAT"}} {
		if n := int64(binary.LittleEndian.Uint32(h[count.at:])); n > size/headerSize {
			return fmt.Errorf("%w: %d bytes with %d %s sectors", ErrCorrupt, size, n, count.what)
		}
	}
	return nil
}

// counted reads what mscfb asks for while it opens a file, so much and no more:
// it reads links one by one, by 4 bytes, and the rest by the sector.
type counted struct {
	r             io.ReaderAt
	blocks, links int64
	opened        bool
	exceeded      bool
}

func (c *counted) ReadAt(p []byte, off int64) (int, error) {
	if !c.opened {
		if len(p) < headerSize {
			c.links--
		} else {
			c.blocks -= int64(len(p)) / headerSize
		}
		if c.links < 0 || c.blocks < 0 {
			c.exceeded = true
			return 0, ErrLimit
		}
	}
	return c.r.ReadAt(p, off)
}

// Has reports whether the file has a stream of that name in no storage. Names
// are compared as the format orders them, whatever the case ([MS-CFB] 2.6.4).
func (f *File) Has(name string) bool { return f.find(name) != nil }

func (f *File) find(name string) *mscfb.File {
	for _, s := range f.streams {
		if strings.EqualFold(s.Name, name) {
			return s
		}
	}
	return nil
}

// Stream opens a stream, at its beginning and apart from others of its name.
func (f *File) Stream(name string) (*Stream, error) {
	s := f.find(name)
	switch {
	case s == nil:
		return nil, fmt.Errorf("%w: no stream %q", ErrCorrupt, name)
	case s.Size > f.size:
		return nil, fmt.Errorf("%w: %d bytes with a stream %q of %d", ErrCorrupt, f.size, name, s.Size)
	}
	own := *s // its place in the stream
	return &Stream{Size: s.Size, f: &own}, nil
}

// Stream is an open stream.
type Stream struct {
	Size int64 // in bytes
	f    *mscfb.File
}

// Read reads on.
func (s *Stream) Read(p []byte) (int, error) {
	n, err := s.f.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return n, err
}

// To moves to a place in the stream, in time that grows with its distance.
func (s *Stream) To(offset int64) error {
	if _, err := s.f.Seek(offset, io.SeekStart); err != nil {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return nil
}
