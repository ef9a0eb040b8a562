// Package xlsx reads Office Open XML workbooks (ECMA-376, transitional and
// strict) as rows of text, in a stream: memory grows with the shared strings,
// not with the rows.
package xlsx

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path"
	"strings"

	"github.com/klauspost/compress/flate"

	"govdata/ingest/decode/numfmt"
)

// Why a workbook cannot be read.
var (
	ErrCorrupt   = errors.New("truncated or corrupt workbook")
	ErrEncrypted = errors.New("workbook with a password")
	ErrBomb      = errors.New("workbook unpacks to too much")
	ErrLimit     = errors.New("workbook exceeds a limit")
)

// Options bound what a workbook may unpack to.
type Options struct {
	// MaxBytes bounds all parts together. 0: 64 GiB.
	MaxBytes int64
	// MaxCell bounds one cell, in bytes. 0: 16 MiB.
	MaxCell int
}

const (
	maxColumns = 16384
	// maxRows is more than any program opens: rows stream, and some writers go
	// past the 1,048,576 that Excel holds to.
	maxRows  = 1 << 31
	maxRatio = 300
	// bombFloor is what a part may unpack to before the ratio counts.
	bombFloor = 64 << 20
	// maxMergesPart bounds the sheets whose merged cells are looked for: they
	// stand after the rows, and finding them costs a pass.
	maxMergesPart = 64 << 20
	// maxSmallPart bounds the parts that are read as a whole.
	maxSmallPart = 64 << 20
)

// Workbook is an open workbook. It belongs to one goroutine.
type Workbook struct {
	parts   map[string]*zip.File
	sheets  []*Sheet
	strings sharedStrings
	loaded  bool
	formats []*numfmt.Format // by style; nil: numbers are read as stored
	scales  bool             // a format shows thousands or the like
	epoch   float64          // days to add to serials of the 1904 system
	options Options
	paths   struct{ strings, styles string }
}

// Sheet is one worksheet.
type Sheet struct {
	Name string
	// Hidden is true for hidden and very hidden sheets.
	Hidden bool
	book   *Workbook
	file   *zip.File
}

// Range is a merged range, rows and columns 1-based and inclusive.
type Range struct{ Row, Col, Row2, Col2 int }

// Open reads the parts that hold a workbook together.
func Open(r io.ReaderAt, size int64, o Options) (*Workbook, error) {
	if o.MaxBytes == 0 {
		o.MaxBytes = 64 << 30
	}
	if o.MaxCell == 0 {
		o.MaxCell = 16 << 20
	}
	if err := checkOLE(r, size); err != nil {
		return nil, err
	}
	z, err := zip.NewReader(r, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	z.RegisterDecompressor(zip.Deflate, func(r io.Reader) io.ReadCloser { return flate.NewReader(r) })
	w := &Workbook{parts: map[string]*zip.File{}, options: o}
	unpacked := uint64(0)
	for _, f := range z.File {
		if unpacked += f.UncompressedSize64; unpacked > uint64(o.MaxBytes) || f.UncompressedSize64 > uint64(o.MaxBytes) {
			return nil, fmt.Errorf("%w: more than %d bytes", ErrBomb, o.MaxBytes)
		}
		w.parts[strings.ToLower(strings.TrimPrefix(strings.ReplaceAll(f.Name, `\`, "/"), "/"))] = f
	}
	if err := w.readBook(); err != nil {
		return nil, err
	}
	return w, w.readStyles()
}

// checkOLE recognises the compound file that a workbook with a password is
// wrapped in ([MS-OFFCRYPTO] 2.3.1), by the UTF-16 name of the stream it lies in.
func checkOLE(r io.ReaderAt, size int64) error {
	const magic = "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"
	head := make([]byte, len(magic))
	if n, _ := r.ReadAt(head, 0); n < len(head) || string(head) != magic {
		return nil
	}
	var name []byte
	for _, c := range []byte("EncryptedPackage") {
		name = append(name, c, 0)
	}
	buf := make([]byte, 64<<10)
	for off := int64(0); off < size; off += int64(len(buf) - len(name)) {
		n, err := r.ReadAt(buf, off)
		if bytes.Contains(buf[:n], name) {
			return ErrEncrypted
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("%w: at byte %d: %w", ErrCorrupt, off+int64(n), err)
		}
	}
	return fmt.Errorf("%w: an OLE compound file, such as a legacy .xls", ErrCorrupt)
}

// Sheets returns the worksheets in the order of their tabs.
func (w *Workbook) Sheets() []*Sheet { return w.sheets }

func (w *Workbook) readBook() error {
	const book = "xl/workbook.xml"
	var b struct {
		Properties struct {
			Date1904 string `xml:"date1904,attr"`
		} `xml:"workbookPr"`
		Sheets []struct {
			Name  string     `xml:"name,attr"`
			State string     `xml:"state,attr"`
			Attrs []xml.Attr `xml:",any,attr"`
		} `xml:"sheets>sheet"`
	}
	if err := w.unmarshal(book, &b); err != nil {
		return err
	}
	if p := b.Properties.Date1904; p == "1" || p == "true" {
		w.epoch = numfmt.Epoch1904
	}
	var rels struct {
		Relationships []struct {
			ID     string `xml:"Id,attr"`
			Type   string `xml:"Type,attr"`
			Target string `xml:"Target,attr"`
		} `xml:"Relationship"`
	}
	if err := w.unmarshal("xl/_rels/workbook.xml.rels", &rels); err != nil {
		return err
	}
	sheets := map[string]string{} // part by relationship
	others := map[string]bool{}   // chart sheets and the like
	w.paths.strings, w.paths.styles = "xl/sharedstrings.xml", "xl/styles.xml"
	for _, r := range rels.Relationships {
		target := targetOf(r.Target)
		switch path.Base(r.Type) {
		case "worksheet":
			sheets[r.ID] = target
		case "sharedStrings":
			w.paths.strings = target
		case "styles":
			w.paths.styles = target
		default:
			others[r.ID] = true
		}
	}
	for _, s := range b.Sheets {
		id := ""
		for _, a := range s.Attrs {
			if a.Name.Local == "id" {
				id = a.Value
			}
		}
		if others[id] {
			continue
		}
		file := w.parts[sheets[id]]
		if file == nil {
			return fmt.Errorf("%w: sheet %q has no part", ErrCorrupt, s.Name)
		}
		w.sheets = append(w.sheets, &Sheet{Name: s.Name, Hidden: s.State == "hidden" || s.State == "veryHidden", book: w, file: file})
	}
	if len(w.sheets) == 0 {
		return fmt.Errorf("%w: no worksheet", ErrCorrupt)
	}
	return nil
}

// targetOf returns the name of the part that a relationship of the workbook
// means, in the form of Workbook.parts.
func targetOf(target string) string {
	if t, err := url.PathUnescape(target); err == nil {
		target = t
	}
	target = strings.ToLower(strings.ReplaceAll(target, `\`, "/"))
	if rooted, ok := strings.CutPrefix(target, "/"); ok {
		return path.Clean(rooted)
	}
	return path.Join("xl", target)
}

// unmarshal reads a small part.
func (w *Workbook) unmarshal(name string, v any) error {
	f := w.parts[strings.ToLower(name)]
	if f == nil {
		return fmt.Errorf("%w: no part %s", ErrCorrupt, name)
	}
	r, err := w.open(f)
	if err != nil {
		return err
	}
	defer r.Close()
	// encoding/xml expands no entities but the five of XML.
	if err := xml.NewDecoder(io.LimitReader(r, maxSmallPart)).Decode(v); err != nil {
		return fmt.Errorf("%w: part %s, after %d bytes: %w", ErrCorrupt, name, r.read, err)
	}
	return nil
}

// open unpacks a part. archive/zip holds it to the sizes it declares, so they
// are all that a bomb can lie about, and no more than them is ever unpacked.
func (w *Workbook) open(f *zip.File) (*part, error) {
	const encrypted = 1 // bit of APPNOTE 4.4.4
	size := f.UncompressedSize64
	switch {
	case f.Flags&encrypted != 0:
		return nil, fmt.Errorf("%w: part %s", ErrEncrypted, f.Name)
	case size > bombFloor && size/maxRatio > f.CompressedSize64:
		return nil, fmt.Errorf("%w: part %s, %d bytes to %d", ErrBomb, f.Name, f.CompressedSize64, size)
	}
	r, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("%w: part %s: %w", ErrCorrupt, f.Name, err)
	}
	return &part{ReadCloser: r}, nil
}

// part is an open part, which counts how far it was read.
type part struct {
	io.ReadCloser
	read int64 // bytes, unpacked
}

func (p *part) Read(b []byte) (int, error) {
	n, err := p.ReadCloser.Read(b)
	p.read += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return n, err
}

// Merges returns the merged ranges of a sheet, or none for one that is too
// large to be read twice.
func (s *Sheet) Merges() ([]Range, error) {
	if s.file.UncompressedSize64 > maxMergesPart {
		return nil, nil
	}
	r, err := s.book.open(s.file)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	sc := newScanner(r, s.book.options.MaxCell)
	var merges []Range
	for {
		if err := sc.next(); errors.Is(err, io.EOF) {
			return merges, nil
		} else if err != nil {
			return nil, fmt.Errorf("sheet %q, part %s, after %d bytes: %w", s.Name, s.file.Name, r.read, err)
		}
		if string(sc.name) != "mergeCell" || sc.close {
			continue
		}
		from, to, ok := bytes.Cut(attribute(sc.attrs, "ref"), []byte(":"))
		if !ok {
			continue
		}
		row, col, ok1 := reference(from)
		row2, col2, ok2 := reference(to)
		if ok1 && ok2 && row > 0 && row2 >= row && col2 >= col {
			merges = append(merges, Range{int(row), col, int(row2), col2})
		}
	}
}
