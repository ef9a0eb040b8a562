// Package ods reads OpenDocument spreadsheets (ISO/IEC 26300, ODF 1.0 to 1.3)
// as rows of text, in a stream: memory does not grow with the rows.
package ods

import (
	"archive/zip"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/flate"
)

// Why a spreadsheet cannot be read.
var (
	ErrCorrupt   = errors.New("truncated or corrupt spreadsheet")
	ErrEncrypted = errors.New("spreadsheet with a password")
	ErrBomb      = errors.New("spreadsheet unpacks to too much")
	ErrLimit     = errors.New("spreadsheet exceeds a limit")
)

// Options bound what a spreadsheet may unpack to.
type Options struct {
	// MaxBytes bounds all parts together, and the text of the rows of a sheet,
	// repeated ones counted as often as they stand. 0: 64 GiB.
	MaxBytes int64
	// MaxCell bounds one cell, in bytes. 0: 16 MiB.
	MaxCell int
}

const (
	maxColumns = 16384
	// maxRows is what LibreOffice holds at most, with its large sheets.
	maxRows  = 1 << 24
	maxRatio = 300
	// bombFloor is what a part may unpack to before the ratio counts.
	bombFloor = 64 << 20
	// maxMergesPart bounds the content whose merged cells are looked for:
	// finding them costs a pass.
	maxMergesPart = 64 << 20
	// maxManifest bounds the part that says what is encrypted.
	maxManifest = 64 << 20
	// maxSheets bounds the sheets, because to read one is to unpack those before
	// it; LibreOffice holds ten times as many.
	maxSheets = 1000
	// maxStyles bounds those of hidden tables.
	maxStyles = 100_000
)

// Workbook is an open spreadsheet. It belongs to one goroutine.
type Workbook struct {
	content *zip.File // all sheets are in this part, one after the other
	sheets  []*Sheet
	options Options
}

// Sheet is one table of a spreadsheet.
type Sheet struct {
	Name string
	// Hidden is true for a table whose style says table:display="false".
	Hidden bool
	book   *Workbook
	offset int64 // of its tag, in the content as unpacked
}

// Range is a merged range, rows and columns 1-based and inclusive.
type Range struct{ Row, Col, Row2, Col2 int }

// Open finds the sheets of a spreadsheet. It reads the content once.
func Open(r io.ReaderAt, size int64, o Options) (*Workbook, error) {
	if o.MaxBytes == 0 {
		o.MaxBytes = 64 << 30
	}
	if o.MaxCell == 0 {
		o.MaxCell = 16 << 20
	}
	z, err := zip.NewReader(r, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	z.RegisterDecompressor(zip.Deflate, func(r io.Reader) io.ReadCloser { return flate.NewReader(r) })
	w := &Workbook{options: o}
	var manifest *zip.File
	unpacked := uint64(0)
	for _, f := range z.File {
		if unpacked += f.UncompressedSize64; unpacked > uint64(o.MaxBytes) || f.UncompressedSize64 > uint64(o.MaxBytes) {
			return nil, fmt.Errorf("%w: more than %d bytes", ErrBomb, o.MaxBytes)
		}
		switch strings.TrimPrefix(strings.ReplaceAll(f.Name, `\`, "/"), "/") {
		case "content.xml":
			w.content = f
		case "META-INF/manifest.xml":
			manifest = f
		}
	}
	if manifest != nil {
		if err := checkEncryption(manifest); err != nil {
			return nil, err
		}
	}
	if w.content == nil {
		return nil, fmt.Errorf("%w: no part content.xml", ErrCorrupt)
	}
	if err := w.findSheets(); err != nil {
		return nil, err
	}
	if len(w.sheets) == 0 {
		return nil, fmt.Errorf("%w: part content.xml holds no sheet", ErrCorrupt)
	}
	return w, nil
}

// Sheets returns the sheets in the order of their tabs.
func (w *Workbook) Sheets() []*Sheet { return w.sheets }

// checkEncryption looks for encryption data in the manifest (ODF 1.3-2, 4.5):
// what it stands at is no XML, whatever its name.
func checkEncryption(manifest *zip.File) error {
	p, err := open(manifest)
	if err != nil {
		return err
	}
	defer p.Close()
	// encoding/xml expands no entities but the five of XML.
	for d := xml.NewDecoder(io.LimitReader(p, maxManifest)); ; {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("%w: part %s, after %d bytes: %w", ErrCorrupt, manifest.Name, p.read, err)
		}
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == "encryption-data" {
			return ErrEncrypted
		}
	}
}

// findSheets notes where in the content the sheets begin, and which of them
// the automatic styles hide.
func (w *Workbook) findSheets() error {
	p, err := open(w.content)
	if err != nil {
		return err
	}
	defer p.Close()
	x := index{sc: newScanner(p, w.options.MaxCell), book: w, hidden: map[string]bool{}}
	for {
		if err := x.sc.next(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return fmt.Errorf("part %s, after %d bytes: %w", w.content.Name, p.read, err)
		}
		if err := x.tag(); err != nil {
			return err
		}
	}
	if x.sc.depth != 0 {
		return fmt.Errorf("%w: part %s has no end", ErrCorrupt, w.content.Name)
	}
	for i, s := range w.sheets {
		s.Hidden = x.hidden[x.styles[i]]
	}
	return nil
}

// index is the state of the pass over the content that finds the sheets.
type index struct {
	sc          *scanner
	book        *Workbook
	style       string // the last one of a table
	hidden      map[string]bool
	spreadsheet int      // depth of office:spreadsheet, 0 outside
	styles      []string // of the sheets
}

func (x *index) tag() error {
	sc := x.sc
	switch name := sc.name; {
	case sc.close:
		if x.spreadsheet > sc.depth {
			x.spreadsheet = 0
		}
	case string(name) == "spreadsheet" && !sc.empty && x.spreadsheet == 0:
		x.spreadsheet = sc.depth
	case x.spreadsheet == 0 && string(name) == "style":
		x.style = ""
		if string(attribute(sc.attrs, "family")) == "table" {
			x.style = string(attribute(sc.attrs, "name"))
		}
	case x.spreadsheet == 0 && string(name) == "table-properties":
		if string(attribute(sc.attrs, "display")) == "false" && x.style != "" {
			if x.hidden[x.style] = true; len(x.hidden) > maxStyles {
				return fmt.Errorf("%w: more than %d hidden styles", ErrLimit, maxStyles)
			}
		}
	case x.spreadsheet > 0 && string(name) == "table" && sc.parents() == x.spreadsheet:
		// Only these are sheets: tables lie in DDE links and in shapes too.
		if len(x.book.sheets) == maxSheets {
			return fmt.Errorf("%w: more than %d sheets", ErrLimit, maxSheets)
		}
		s := &Sheet{Name: string(unescape(nil, attribute(sc.attrs, "name"))), book: x.book, offset: sc.offset}
		x.book.sheets = append(x.book.sheets, s)
		x.styles = append(x.styles, string(attribute(sc.attrs, "style-name")))
	}
	return nil
}

// open unpacks a part. archive/zip holds it to the sizes it declares, so they
// are all that a bomb can lie about, and no more than them is ever unpacked.
func open(f *zip.File) (*part, error) {
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

// open unpacks the content up to the tag of the sheet.
func (s *Sheet) open() (*part, error) {
	p, err := open(s.book.content)
	if err != nil {
		return nil, err
	}
	if _, err := io.CopyN(io.Discard, p, s.offset); err != nil {
		p.Close()
		return nil, fmt.Errorf("%w: sheet %q, part %s, after %d bytes: %w", ErrCorrupt, s.Name, s.book.content.Name, p.read, err)
	}
	return p, nil
}

// Merges returns the merged ranges of a sheet, or none for content that is too
// large to be read again.
func (s *Sheet) Merges() ([]Range, error) {
	if s.book.content.UncompressedSize64 > maxMergesPart {
		return nil, nil
	}
	rows, err := s.Rows()
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	rows.merges = []Range{}
	for {
		if _, _, err := rows.Next(); errors.Is(err, io.EOF) {
			return rows.merges, nil
		} else if err != nil {
			return nil, err
		}
	}
}
