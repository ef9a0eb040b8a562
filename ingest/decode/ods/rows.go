package ods

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"

	"govdata/ingest/decode/numfmt"
)

// Rows streams the rows of a sheet.
type Rows struct {
	sheet *Sheet
	part  *part
	sc    *scanner
	began bool  // the tag of the table was read
	row   int64 // the number of the one given last
	ahead int64 // how many more times it is to be given
	given int64 // bytes of text
	err   error

	// The row being read: its cells by column up to the last with a value, and
	// their bytes.
	spans []span
	arena []byte
	cells [][]byte
	text  int64 // bytes of the cells, repeated ones counted each time
	merge []Range
	notes numfmt.Notes
	said  numfmt.Said
	raw   []byte // text on its way to the arena

	// merges are the merged cells found so far, kept if it is not nil.
	merges []Range
}

// span is where in the arena the text of a cell lies.
type span struct{ from, to int }

// Rows begins a stream. The caller closes it.
func (s *Sheet) Rows() (*Rows, error) {
	p, err := s.open()
	if err != nil {
		return nil, err
	}
	return &Rows{sheet: s, part: p, sc: newScanner(p, s.book.options.MaxCell)}, nil
}

// Read returns how many bytes of the packed content have been read, as well as
// can be told from how much of the content has been.
func (r *Rows) Read() int64 {
	f := r.sheet.book.content
	if f.UncompressedSize64 == 0 {
		return 0
	}
	return int64(float64(r.part.read) / float64(f.UncompressedSize64) * float64(f.CompressedSize64))
}

// Close ends the stream.
func (r *Rows) Close() error { return r.part.Close() }

// Next returns the next row that holds a value: its number from 1 and its cells
// as text by column, gaps empty, none after the last with a value. They are
// valid until the next call and must not be changed. A row that stands for many
// is given that many times. After the last row the error is io.EOF.
func (r *Rows) Next() (number int64, cells [][]byte, err error) {
	if r.err == nil {
		if r.err = r.next(); r.err == nil {
			return r.row, r.cells, nil
		}
		if !errors.Is(r.err, io.EOF) {
			r.err = fmt.Errorf("sheet %q, row %d, part %s, after %d bytes: %w", r.sheet.Name, r.row, r.sheet.book.content.Name, r.part.read, r.err)
		}
	}
	return 0, nil, r.err
}

func (r *Rows) next() error {
	if r.ahead == 0 {
		if err := r.readTable(); err != nil {
			return err
		}
	} else {
		r.ahead--
		r.row++
	}
	if r.row > maxRows {
		return fmt.Errorf("%w: more than %d rows", ErrLimit, maxRows)
	}
	if r.given += r.text; r.given > r.sheet.book.options.MaxBytes {
		return fmt.Errorf("%w: rows of more than %d bytes", ErrBomb, r.sheet.book.options.MaxBytes)
	}
	return nil
}

// tag moves to the next tag of a part that must not end yet.
func (r *Rows) tag() error {
	err := r.sc.next()
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: the sheet has no end", ErrCorrupt)
	}
	return err
}

// readTable moves to the next row with a value. Rows lie in the table or in
// groups of it (ODF 1.3-3, 9.1.2); whatever else does is passed.
func (r *Rows) readTable() error {
	if !r.began {
		r.began = true
		if err := r.tag(); err != nil {
			return err
		}
		if r.sc.empty {
			return io.EOF
		}
	}
	for {
		if err := r.tag(); err != nil {
			return err
		}
		if r.sc.close {
			if r.sc.depth <= 0 {
				return io.EOF // the checksum of the part was checked by Open
			}
			continue
		}
		switch string(r.sc.name) {
		case "table-header-rows", "table-rows", "table-row-group":
		case "table-row":
			found, err := r.readRow()
			if found || err != nil {
				return err
			}
		default:
			if err := r.sc.skip(); err != nil {
				return err
			}
		}
	}
}

// readRow reads a row and reports whether it holds a value. The blank rows
// that end a sheet are one element that stands for a million.
func (r *Rows) readRow() (bool, error) {
	times := count(attribute(r.sc.attrs, "number-rows-repeated"))
	r.spans, r.arena, r.text, r.merge = r.spans[:0], r.arena[:0], 0, r.merge[:0]
	if !r.sc.empty {
		if err := r.readCells(); err != nil {
			return false, err
		}
	}
	// The first of the rows is what is given next.
	first := r.row + 1
	r.keepMerges(first, times)
	if len(r.spans) == 0 {
		r.row += times
		return false, nil
	}
	r.row, r.ahead = first, times-1
	r.cells = r.cells[:0]
	for _, s := range r.spans {
		r.cells = append(r.cells, r.arena[s.from:s.to:s.to])
	}
	return true, nil
}

// maxMerges bounds the merged ranges that are kept.
const maxMerges = 1 << 20

func (r *Rows) keepMerges(first, times int64) {
	for _, m := range r.merge {
		for i := range times {
			row := first + i
			if r.merges == nil || row > maxRows || len(r.merges) == maxMerges {
				return
			}
			r.merges = append(r.merges, Range{int(row), m.Col, int(row) + m.Row2, m.Col2})
		}
	}
}

// readCells reads the cells up to the end of the row.
func (r *Rows) readCells() error {
	for col := int64(1); ; {
		if err := r.tag(); err != nil {
			return err
		}
		if r.sc.close {
			return nil
		}
		switch string(r.sc.name) {
		case "table-cell", "covered-table-cell":
			times, err := r.readCell(col)
			if err != nil {
				return err
			}
			col += times
		default:
			if err := r.sc.skip(); err != nil {
				return err
			}
		}
	}
}

// readCell reads the cell that stands in column col and returns how many
// columns it stands for: those are the same bytes of the arena.
func (r *Rows) readCell(col int64) (times int64, err error) {
	c := cellOf(r.sc.attrs)
	from := len(r.arena)
	// The tag, and with it the attributes, is gone after the next one.
	r.arena = c.appendValue(r.arena)
	valued := len(r.arena) > from
	value := len(r.arena)
	stored := unescape(nil, c.text)
	if c.rows > 1 || c.cols > 1 {
		r.noteMerge(col, c)
	}
	if !r.sc.empty {
		// What a cell with a value shows is read behind the value.
		if err := r.readContent(value); err != nil {
			return 0, err
		}
	}
	if valued {
		r.meant(&c, from, value)
	} else if text := r.arena[from:]; c.isError || c.formula && errorText.Match(text) {
		if len(text) == 0 {
			text = stored
		}
		r.notes.Error(string(text))
		r.arena, stored = r.arena[:from], nil
	} else if c.formula && !c.typed && len(text) == 0 {
		r.notes.Formula()
	} else if c.kind == textCell {
		r.said.Note(text)
	}
	if len(r.arena) == from {
		r.arena = append(r.arena, stored...)
	}
	if len(r.arena) == from {
		return c.times, nil
	}
	switch size := len(r.arena) - from; {
	case !utf8.Valid(r.arena[from:]):
		return 0, fmt.Errorf("%w: column %d is not UTF-8", ErrCorrupt, col)
	case col > maxColumns, c.times > maxColumns, col+c.times-1 > maxColumns:
		return 0, fmt.Errorf("%w: more than %d columns", ErrLimit, maxColumns)
	case size > r.sheet.book.options.MaxCell:
		return 0, fmt.Errorf("%w: a cell of more than %d bytes", ErrLimit, r.sheet.book.options.MaxCell)
	default:
		r.text += int64(size) * c.times
	}
	if limit := 4 * int64(r.sheet.book.options.MaxCell); r.text > limit {
		return 0, fmt.Errorf("%w: a row of more than %d bytes", ErrLimit, limit)
	}
	for int64(len(r.spans)) < col-1 {
		r.spans = append(r.spans, span{})
	}
	for range c.times {
		r.spans = append(r.spans, span{from, len(r.arena)})
	}
	return c.times, nil
}

// meant makes of the value of a cell, which stands in the arena before what the
// cell shows, what the cell means by it.
func (r *Rows) meant(c *cell, from, end int) {
	value, shown := r.arena[from:end], r.arena[end:]
	r.arena = r.arena[:end]
	if c.kind == numberCell && end-from > 15 {
		r.notes.Number(value)
	}
	if c.kind == numberCell && c.percent && len(value) > 0 {
		r.notes.Shown(numfmt.Percent)
		r.arena = append(r.arena[:from], numfmt.AppendPercent(nil, value)...)
		return
	}
	text, how := c.asShown(value, shown, r.said)
	if how != numfmt.AsStored {
		r.notes.Shown(how)
	}
	r.arena = append(r.arena[:from], text...)
}

// Notes says what was read otherwise than it is stored, up to the row that was
// read last.
func (r *Rows) Notes() []string { return r.notes.Lines() }

// noteMerge keeps what a cell of the row spans, its last row as the distance
// to the first.
func (r *Rows) noteMerge(col int64, c cell) {
	for i := range c.times {
		at := col + i
		if r.merges == nil || at > maxColumns {
			return
		}
		r.merge = append(r.merge, Range{Col: int(at), Row2: int(min(c.rows, maxRows)) - 1, Col2: int(min(at+c.cols-1, maxColumns))})
	}
}

// count reads how often something stands, 1 if that is not said.
func count(value []byte) int64 {
	n, err := strconv.ParseUint(string(value), 10, 32)
	if err != nil || n == 0 {
		return 1
	}
	return int64(n)
}
