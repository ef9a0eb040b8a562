// Package xls reads legacy Excel workbooks, BIFF8 of Excel 97 to 2003 ([MS-XLS])
// and BIFF5 of Excel 5 and 95, as rows of text, in a stream: memory grows with
// the shared strings, not with the rows.
package xls

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"golang.org/x/text/transform"

	"govdata/ingest/decode/numfmt"
	"govdata/ingest/decode/ole"
)

// Why a workbook cannot be read.
var (
	ErrCorrupt     = errors.New("truncated or corrupt workbook")
	ErrEncrypted   = errors.New("workbook with a password")
	ErrBomb        = errors.New("workbook holds too much")
	ErrLimit       = errors.New("workbook exceeds a limit")
	ErrUnsupported = errors.New("workbook of a form that is not read")
)

// Options bound what a workbook may hold.
type Options struct {
	// MaxBytes bounds the workbook's stream, and the text of the rows of a sheet,
	// shared strings counted as often as they stand. 0: 64 GiB.
	MaxBytes int64
	// MaxCell bounds one cell, in bytes. 0: 16 MiB.
	MaxCell int
}

const (
	maxColumns = 256 // [MS-XLS] 2.5.51
	maxRows    = 1 << 16
	maxSheets  = 4096
	// maxMerges bounds the merged ranges of a workbook.
	maxMerges = 1 << 20
	// maxUnordered bounds the sheets whose rows are sorted, in bytes: they are
	// held in memory. Rows that stand in their order are not.
	maxUnordered = 128 << 20
)

// Book is an open workbook. It belongs to one goroutine.
type Book struct {
	file    *ole.File
	stream  string // the name of the workbook's
	unicode bool   // BIFF8
	page    uint16 // code page of the text of BIFF5
	decoder transform.Transformer
	sheets  []*Sheet
	strings sharedStrings
	formats []*numfmt.Format // by XF record; nil: numbers are read as stored
	scales  bool             // a format shows thousands or the like
	epoch   float64          // days to add to serials of the 1904 system
	merges  int              // ranges kept, of all sheets
	options Options
}

// Sheet is one worksheet.
type Sheet struct {
	Name string
	// Hidden is true for hidden and very hidden sheets.
	Hidden bool
	book   *Book
	offset int64 // of its BOF record, in the stream
	survey *survey
}

// Range is a merged range, rows and columns 1-based and inclusive.
type Range struct{ Row, Col, Row2, Col2 int }

// Open reads what the sheets of a workbook have in common.
func Open(r io.ReaderAt, size int64, o Options) (*Book, error) {
	if o.MaxBytes == 0 {
		o.MaxBytes = 64 << 30
	}
	if o.MaxCell == 0 {
		o.MaxCell = 16 << 20
	}
	file, err := ole.Open(r, size)
	if errors.Is(err, ole.ErrLimit) {
		return nil, fmt.Errorf("%w: %w", ErrLimit, err)
	} else if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	b := &Book{file: file, options: o, page: windows1252}
	switch {
	case file.Has("Workbook"): // where there are both, Book is for Excel 95
		b.stream = "Workbook"
	case file.Has("Book"):
		b.stream = "Book"
	case file.Has("EncryptedPackage"):
		return nil, ErrEncrypted
	default:
		return nil, fmt.Errorf("%w: an OLE file without a stream Workbook or Book", ErrCorrupt)
	}
	records, err := b.records(0)
	if err != nil {
		return nil, err
	}
	if err := b.readGlobals(records); err != nil {
		return nil, fmt.Errorf("stream %s, before byte %d: %w", b.stream, records.at, err)
	}
	return b, nil
}

// Sheets returns the worksheets in the order of their tabs.
func (b *Book) Sheets() []*Sheet { return b.sheets }

// records begins to read the records of the stream at offset.
func (b *Book) records(offset int64) (*records, error) {
	s, err := b.file.Stream(b.stream)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if s.Size > b.options.MaxBytes {
		return nil, fmt.Errorf("%w: a stream of %d bytes, more than %d", ErrBomb, s.Size, b.options.MaxBytes)
	}
	if err := s.To(offset); err != nil {
		return nil, fmt.Errorf("%w: byte %d of stream %s: %w", ErrCorrupt, offset, b.stream, err)
	}
	return newRecords(s, offset), nil
}

// globals are what is gathered of the workbook while its records are read.
type globals struct {
	book    *Book
	formats []uint16 // of the XF records
	custom  map[uint16]*numfmt.Format
}

// readGlobals reads the records before those of the sheets ([MS-XLS] 2.1.7.20.3).
func (b *Book) readGlobals(r *records) error {
	if err := b.readVersion(r); err != nil {
		return err
	}
	g := globals{book: b, custom: map[uint16]*numfmt.Format{}}
	for {
		if err := r.next(); errors.Is(err, io.EOF) {
			return fmt.Errorf("%w: the workbook has no end", ErrCorrupt)
		} else if err != nil {
			return err
		}
		if r.id == recEOF {
			break
		}
		if err := g.read(r); err != nil {
			return err
		}
	}
	if len(b.sheets) == 0 {
		return fmt.Errorf("%w: no worksheet", ErrCorrupt)
	}
	for _, f := range g.formats {
		format, ok := g.custom[f]
		if !ok {
			format = numfmt.BuiltinFormat(int(f))
		}
		if b.scales = b.scales || format.Scales(); format.Plain() {
			format = nil
		}
		b.formats = append(b.formats, format)
	}
	return nil
}

// readVersion reads the record that a workbook begins with ([MS-XLS] 2.4.21).
func (b *Book) readVersion(r *records) error {
	if err := r.next(); errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: an empty stream", ErrCorrupt)
	} else if err != nil {
		return err
	}
	switch {
	case r.id == recBOF2 || r.id == recBOF3 || r.id == recBOF4:
		return fmt.Errorf("%w: BIFF%d of Excel 4 or before", ErrUnsupported, r.id>>9+2)
	case r.id != recBOF || len(r.data) < 4:
		return fmt.Errorf("%w: it begins with record %#04x of %d bytes", ErrCorrupt, r.id, len(r.data))
	}
	version, kind := binary.LittleEndian.Uint16(r.data), binary.LittleEndian.Uint16(r.data[2:])
	switch {
	case version != biff5 && version != biff8:
		return fmt.Errorf("%w: BIFF version %#04x", ErrUnsupported, version)
	case kind != substreamGlobals:
		return fmt.Errorf("%w: it begins with a substream of kind %#04x", ErrCorrupt, kind)
	}
	b.unicode = version == biff8
	b.decoder = decoderOf(b.page)
	return nil
}

func (g *globals) read(r *records) error {
	b := g.book
	short := func() error { return fmt.Errorf("%w: record %#04x of %d bytes", ErrCorrupt, r.id, len(r.data)) }
	switch r.id {
	case recFilePass:
		return ErrEncrypted
	case recCodePage:
		if len(r.data) < 2 {
			return short()
		}
		b.page = binary.LittleEndian.Uint16(r.data)
		b.decoder = decoderOf(b.page)
	case recDateMode:
		if len(r.data) >= 2 && binary.LittleEndian.Uint16(r.data) == 1 {
			b.epoch = numfmt.Epoch1904
		}
	case recFormat:
		return g.readFormat(r)
	case recXF:
		if len(r.data) < 4 {
			return short()
		}
		g.formats = append(g.formats, binary.LittleEndian.Uint16(r.data[2:]))
	case recBoundSheet:
		if len(r.data) < 7 {
			return short()
		}
		return b.readBoundSheet(r)
	case recSST:
		if len(r.data) < 8 {
			return short()
		}
		return b.readStrings(r)
	}
	return nil
}

// readFormat reads a number format ([MS-XLS] 2.4.126).
func (g *globals) readFormat(r *records) error {
	id, err := r.uint16()
	if err != nil {
		return err
	}
	var n int
	if g.book.unicode {
		var n16 uint16
		n16, err = r.uint16()
		n = int(n16)
	} else {
		var n8 uint8
		n8, err = r.uint8()
		n = int(n8)
	}
	if err != nil {
		return err
	}
	code, err := g.book.appendText(nil, r, n)
	if err != nil {
		return fmt.Errorf("number format %d: %w", id, err)
	}
	g.custom[id] = numfmt.Parse(string(code))
	return nil
}

// readBoundSheet reads what is said of a sheet ([MS-XLS] 2.4.28).
func (b *Book) readBoundSheet(r *records) error {
	const worksheet = 0
	s := &Sheet{book: b, offset: int64(binary.LittleEndian.Uint32(r.data)), Hidden: r.data[4]&3 != 0}
	kind, n := r.data[5], int(r.data[6])
	if kind != worksheet {
		return nil
	}
	r.data = r.data[7:]
	name, err := b.appendText(nil, r, n)
	if err != nil {
		return fmt.Errorf("the name of sheet %d: %w", len(b.sheets)+1, err)
	}
	if len(b.sheets) == maxSheets {
		return fmt.Errorf("%w: more than %d sheets", ErrLimit, maxSheets)
	}
	s.Name = string(name)
	b.sheets = append(b.sheets, s)
	return nil
}

// Merges returns the merged ranges of a sheet.
func (s *Sheet) Merges() ([]Range, error) {
	v, err := s.look()
	if err != nil {
		return nil, err
	}
	return v.merges, nil
}
