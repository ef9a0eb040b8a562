package decode

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/klauspost/compress/flate"
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

// unpack writes what open returns to a temporary file. packed is the size of
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
	file, err := os.CreateTemp(s.options.TempDir, "govdata-unpacked-*")
	if err != nil {
		return nil, fmt.Errorf("decode %s: %w", name, err)
	}
	s.closers = append(s.closers, func() error { return errors.Join(file.Close(), os.Remove(file.Name())) })
	w := &boundedWriter{file: file, name: name, packed: packed, max: s.options.MaxBytes - s.unpacked}
	if _, err := io.CopyBuffer(w, src, make([]byte, chunkSize)); w.err != nil {
		return nil, w.err
	} else if errors.Is(err, zstd.ErrWindowSizeExceeded) || errors.Is(err, zstd.ErrDecoderSizeExceeded) {
		return nil, &Error{File: name, Found: "a zstd file that needs too much memory", Want: fmt.Sprintf("a window of at most %d MiB", maxWindow>>20),
			Do: "compress it without --long", Err: ErrBomb}
	} else if err != nil {
		return nil, corrupt(err)
	}
	s.unpacked += w.written
	return &content{name: name, r: file, size: w.written}, nil
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

func (s *Source) unpackZip(c *content) (*content, error) {
	s.info.Container = append(s.info.Container, "zip")
	z, err := zip.NewReader(c.r, c.size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, fmt.Errorf("decode %s: %w", c.name, err) // sniffZip has read it
	}
	z.RegisterDecompressor(zip.Deflate, func(r io.Reader) io.ReadCloser { return flate.NewReader(r) })
	f, name, err := s.pickMember(c, z.File)
	if err != nil {
		return nil, err
	}
	if f.Flags&1 != 0 {
		return nil, &Error{File: c.name, Found: fmt.Sprintf("member %q with a password", name), Want: "an archive without",
			Do: "pack it without a password", Err: ErrEncrypted}
	}
	if f.Method != zip.Store && f.Method != zip.Deflate {
		return nil, refuse(c, fmt.Sprintf("member %q in compression method %d", name, f.Method), "pack it with ordinary zip compression")
	}
	s.info.Notes = append(s.info.Notes, fmt.Sprintf("read member %q of the archive", name))
	s.member = name
	return s.unpack(c.name+"/"+name, int64(min(f.CompressedSize64, uint64(c.size))), f.Open)
}

// pickMember chooses the one member of an archive that is a table, or the one
// that Options.Sheet names.
func (s *Source) pickMember(c *content, files []*zip.File) (*zip.File, string, error) {
	var tables, texts, rest []int
	names := memberNames(files)
	for i, name := range names {
		base := path.Base(name)
		if strings.HasSuffix(name, "/") || strings.HasPrefix(name, "__MACOSX/") || strings.HasPrefix(base, ".") || base == "Thumbs.db" {
			continue
		}
		if want := s.options.Sheet; want != "" && (name == want || base == want) {
			s.options.Sheet = "" // it has named the member, not a sheet in it
			return files[i], name, nil
		}
		switch strings.ToLower(path.Ext(base)) {
		case ".csv", ".tsv", ".xlsx", ".xlsm", ".xls", ".json", ".jsonl", ".ndjson", ".geojson", ".gz", ".zst":
			tables = append(tables, i)
		case ".txt", ".dat", ".tab", "":
			texts = append(texts, i)
		default:
			rest = append(rest, i)
		}
	}
	candidates, left := tables, append(texts, rest...)
	if len(tables) == 0 && len(texts) > 0 {
		candidates, left = texts, rest
	} else if len(tables) == 0 {
		candidates, left = rest, nil
	}
	list := func(is []int) string {
		var quoted []string
		for _, i := range is[:min(len(is), 20)] {
			quoted = append(quoted, fmt.Sprintf("%q", names[i]))
		}
		if len(is) > 20 {
			quoted = append(quoted, fmt.Sprintf("and %d more", len(is)-20))
		}
		return strings.Join(quoted, ", ")
	}
	switch len(candidates) {
	case 0:
		return nil, "", &Error{File: c.name, Found: "an archive with no file in it", Want: "one table", Do: "send the file again", Err: ErrEmpty}
	case 1:
		if slices.Sort(left); len(left) > 0 {
			s.info.Notes = append(s.info.Notes, "left out of the archive: "+list(left))
		}
		return files[candidates[0]], names[candidates[0]], nil
	}
	return nil, "", &Error{File: c.name, Found: fmt.Sprintf("%d tables in the archive: %s", len(candidates), list(candidates)),
		Want: "one", Do: "name the one to read, or send them one by one", Err: ErrFormat}
}

// memberNames returns the names of an archive's members. Chinese archivers
// write them in GB18030 (or Big5) without saying so.
func memberNames(files []*zip.File) []string {
	names := make([]string, len(files))
	var all []byte
	for i, f := range files {
		if names[i] = f.Name; f.NonUTF8 && !utf8.ValidString(f.Name) {
			all = append(append(all, f.Name...), '\n')
		}
	}
	if len(all) == 0 {
		return names
	}
	gb, b5 := gb18030().examine(all, 0), big5().examine(all, 0)
	c := charset(gb18030())
	if b5.score() > gb.score() {
		c = big5()
	}
	for i, f := range files {
		if !utf8.ValidString(f.Name) {
			names[i] = string(c.decode(make([]byte, 0, 3*len(f.Name)+16), []byte(f.Name)))
		}
	}
	return names
}
