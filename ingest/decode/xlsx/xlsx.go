// Package xlsx reads Office Open XML workbooks (ECMA-376, transitional and
// strict) as rows of text, in a stream: memory grows with the shared strings,
// not with the rows.
package xlsx

import (
	"archive/zip"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/klauspost/compress/flate"
)

// Why a workbook cannot be read.
var (
	ErrCorrupt = errors.New("truncated or corrupt workbook")
	ErrBomb    = errors.New("workbook unpacks to too much")
	ErrLimit   = errors.New("workbook exceeds a limit")
)

// Options bound what a workbook may unpack to.
type Options struct {
	// MaxBytes bounds each part. 0: 64 GiB.
	MaxBytes int64
	// MaxCell bounds one cell, in bytes. 0: 16 MiB.
	MaxCell int
}

const (
	maxColumns = 16384
	maxRatio   = 300
	// bombFloor is what a part may unpack to before the ratio counts.
	bombFloor = 64 << 20
	// maxMergesPart bounds the sheets whose merged cells are looked for: they
	// stand after the rows, and finding them costs a pass.
	maxMergesPart = 64 << 20
)

// Workbook is an open workbook.
type Workbook struct {
	parts   map[string]*zip.File
	sheets  []*Sheet
	strings sharedStrings
	loaded  bool
	dates   []dateKind // by style
	epoch   float64    // days to add to serials of the 1904 system
	options Options
	paths   struct{ strings, styles string }
}

// Sheet is one worksheet.
type Sheet struct {
	Name string
	// Hidden is true for hidden and very hidden sheets.
	Hidden bool
	book   *Workbook
	part   *zip.File
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
	z, err := zip.NewReader(r, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	z.RegisterDecompressor(zip.Deflate, func(r io.Reader) io.ReadCloser { return flate.NewReader(r) })
	w := &Workbook{parts: map[string]*zip.File{}, options: o}
	for _, f := range z.File {
		w.parts[strings.ToLower(strings.TrimPrefix(strings.ReplaceAll(f.Name, `\`, "/"), "/"))] = f
	}
	if err := w.readBook(); err != nil {
		return nil, err
	}
	return w, w.readStyles()
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
		w.epoch = 1462
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
	targets := map[string]string{}
	w.paths.strings, w.paths.styles = "xl/sharedstrings.xml", "xl/styles.xml"
	for _, r := range rels.Relationships {
		target := strings.ToLower(strings.ReplaceAll(r.Target, `\`, "/"))
		if strings.HasPrefix(target, "/") {
			target = strings.TrimPrefix(target, "/")
		} else {
			target = path.Join("xl", target)
		}
		switch path.Base(r.Type) {
		case "worksheet":
			targets[r.ID] = target
		case "sharedStrings":
			w.paths.strings = target
		case "styles":
			w.paths.styles = target
		}
	}
	for _, s := range b.Sheets {
		id := ""
		for _, a := range s.Attrs {
			if a.Name.Local == "id" {
				id = a.Value
			}
		}
		target, ok := targets[id]
		if !ok {
			continue // a chart sheet or a macro sheet
		}
		part := w.parts[target]
		if part == nil {
			return fmt.Errorf("%w: sheet %q has no part %s", ErrCorrupt, s.Name, target)
		}
		w.sheets = append(w.sheets, &Sheet{Name: s.Name, Hidden: s.State == "hidden" || s.State == "veryHidden", book: w, part: part})
	}
	if len(w.sheets) == 0 {
		return fmt.Errorf("%w: no worksheet", ErrCorrupt)
	}
	return nil
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
	if err := xml.NewDecoder(io.LimitReader(r, 64<<20)).Decode(v); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrCorrupt, name, err)
	}
	return nil
}

// open unpacks a part within bounds.
func (w *Workbook) open(f *zip.File) (io.ReadCloser, error) {
	if f.Flags&1 != 0 {
		return nil, fmt.Errorf("%w: part %s is encrypted", ErrCorrupt, f.Name)
	}
	r, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrCorrupt, f.Name, err)
	}
	return &bounded{r: r, name: f.Name, packed: int64(f.CompressedSize64), max: w.options.MaxBytes}, nil
}

type bounded struct {
	r                 io.ReadCloser
	name              string
	packed, read, max int64
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	b.read += int64(n)
	if b.read > b.max || b.read > bombFloor && b.read > maxRatio*b.packed {
		return 0, fmt.Errorf("%w: part %s", ErrBomb, b.name)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("%w: %s, after %d bytes: %w", ErrCorrupt, b.name, b.read, err)
	}
	return n, err
}

func (b *bounded) Close() error { return b.r.Close() }

// Merges returns the merged ranges of a sheet, or none for one that is too
// large to be read twice.
func (s *Sheet) Merges() ([]Range, error) {
	if s.part.UncompressedSize64 > maxMergesPart {
		return nil, nil
	}
	r, err := s.book.open(s.part)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	sc := newScanner(r, s.book.options.MaxCell)
	var merges []Range
	for {
		_, tag, err := sc.next()
		if errors.Is(err, io.EOF) {
			return merges, nil
		} else if err != nil {
			return nil, err
		}
		if string(local(tag)) != "mergeCell" {
			continue
		}
		from, to, ok := strings.Cut(string(attribute(tag, "ref")), ":")
		if !ok {
			continue
		}
		row, col, ok1 := reference([]byte(from))
		row2, col2, ok2 := reference([]byte(to))
		if ok1 && ok2 {
			merges = append(merges, Range{int(row), col, int(row2), col2})
		}
	}
}
