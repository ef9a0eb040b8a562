package xls

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"govdata/ingest/decode/numfmt"
)

// Rows streams the rows of a sheet.
type Rows struct {
	sheet *Sheet
	r     *sheetRecords
	begin int64 // of the sheet, in the stream
	row   int64
	ahead bool // the next row's first record has been read
	done  bool
	given int64 // bytes of text
	err   error
	// covered are the rows that are rows for the cells merged over them.
	covered []int64

	// The row being read: its cells by column, and the bytes of those that are
	// not shared strings.
	spans []span
	arena []byte
	cells [][]byte
	notes numfmt.Notes
	said  numfmt.Said

	formula int // the column of the cell whose text is to come, from 1; 0: none
}

// span is where the text of a cell lies: in the arena, or in the shared strings.
type span struct {
	from, to int
	shared   bool
}

// Rows begins a stream. Rows that do not stand in their order are sorted, in
// memory. The caller closes it.
func (s *Sheet) Rows() (*Rows, error) {
	v, err := s.look()
	if err != nil {
		return nil, err
	}
	rows := &Rows{sheet: s, covered: v.covered()}
	if v.ordered {
		rows.begin = s.offset
		rows.r, err = s.records()
		return rows, err
	}
	o, err := s.sort(v)
	if err != nil {
		return nil, err
	}
	rows.r = &sheetRecords{newRecords(o, 0)}
	return rows, nil
}

// Read returns how many bytes of the sheet have been read.
func (r *Rows) Read() int64 { return r.r.at - r.begin }

// Notes says what was read otherwise than it is stored, up to the row that was
// read last.
func (r *Rows) Notes() []string { return r.notes.Lines() }

// Close ends the stream.
func (r *Rows) Close() error {
	r.done = true
	return nil
}

// Next returns the next row that has cells, be they empty or merged with those
// above: its number from 1 and its cells as text by column, gaps empty, none
// after the last with a value. They are valid until the next call and must not
// be changed. After the last row the error is io.EOF.
func (r *Rows) Next() (number int64, cells [][]byte, err error) {
	if r.err == nil {
		if r.err = r.next(); r.err == nil {
			return r.row, r.cells, nil
		}
		if !errors.Is(r.err, io.EOF) {
			r.err = fmt.Errorf("sheet %q, row %d, stream %s: %w", r.sheet.Name, r.row, r.sheet.book.stream, r.err)
		}
	}
	return 0, nil, r.err
}

func (r *Rows) next() error {
	if !r.ahead {
		if err := r.toCell(); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		r.ahead = !r.done
	}
	row := int64(maxRows + 1)
	if r.ahead {
		var err error
		if row, err = r.rowOf(); err != nil {
			return err
		}
	}
	r.spans, r.arena = r.spans[:0], r.arena[:0]
	for len(r.covered) > 0 && r.covered[0] <= r.row {
		r.covered = r.covered[1:]
	}
	switch {
	case len(r.covered) > 0 && r.covered[0] < row:
		r.row = r.covered[0]
		return r.slice()
	case !r.ahead:
		return io.EOF
	}
	r.row = row
	return r.readRow()
}

// readRow reads the cells of a row up to the first of the next one.
func (r *Rows) readRow() error {
	for {
		if err := r.readCell(); err != nil {
			return err
		}
		if err := r.toCell(); errors.Is(err, io.EOF) {
			r.ahead = false
			return r.slice()
		} else if err != nil {
			return err
		}
		if row, err := r.rowOf(); err != nil {
			return err
		} else if row != r.row {
			return r.slice()
		}
	}
}

// toCell moves to the next record of cells. The text of a formula stands
// between, behind what it shares with others or spans ([MS-XLS] 2.1.7.20.6).
func (r *Rows) toCell() error {
	for !r.done {
		switch err := r.r.next(); {
		case errors.Is(err, io.EOF):
			r.done = true
		case err != nil:
			return err
		case isCell(r.r.id):
			return nil
		case r.r.id == recString && r.formula > 0:
			if err := r.text(r.formula); err != nil {
				return err
			}
			r.formula = 0
		}
	}
	return io.EOF
}

// rowOf returns the number of the row that a record of cells begins with.
func (r *Rows) rowOf() (int64, error) {
	if len(r.r.data) < 2 {
		return 0, r.short()
	}
	return int64(binary.LittleEndian.Uint16(r.r.data)) + 1, nil
}

func (r *Rows) short() error {
	return fmt.Errorf("%w: before byte %d, record %#04x of %d bytes", ErrCorrupt, r.r.at, r.r.id, len(r.r.data))
}

// slice cuts the row into cells; empty ones at the end do not count.
func (r *Rows) slice() error {
	r.cells = r.cells[:0]
	last := 0
	for i, s := range r.spans {
		text := r.arena
		if s.shared {
			text = r.sheet.book.strings.text
		}
		r.cells = append(r.cells, text[s.from:s.to:s.to])
		if s.to > s.from {
			last = i + 1
		}
		r.given += int64(s.to - s.from)
	}
	r.cells = r.cells[:last]
	if limit := r.sheet.book.options.MaxBytes; r.given > limit {
		return fmt.Errorf("%w: rows of more than %d bytes", ErrBomb, limit)
	}
	return nil
}

// Where the parts of a cell's record stand ([MS-XLS] 2.5.13).
const (
	atCol   = 2
	atXF    = 4
	atValue = 6
	rkSize  = 6 // of one cell of several in a record, its XF before its value
)

// sizeOf is the least that a record of cells takes.
func sizeOf(id uint16) int {
	switch id {
	case recBlank, recMulBlank:
		return atXF
	case recMulRK:
		return atXF + rkSize + 2
	case recRK, recLabelSST:
		return atValue + 4
	case recNumber, recFormula, recFormula3, recFormula4:
		return atValue + 8
	}
	return atValue + 2 // BOOLERR, and the length of a text
}

// readCell reads a record of cells. Of two cells in one place the last counts.
func (r *Rows) readCell() error {
	d := r.r.data
	r.formula = 0
	if len(d) < sizeOf(r.r.id) {
		return r.short()
	}
	col := int(binary.LittleEndian.Uint16(d[atCol:])) + 1
	xf := func(at int) int { return int(binary.LittleEndian.Uint16(d[at:])) }
	switch r.r.id {
	case recBlank, recMulBlank:
		return nil
	case recNumber:
		return r.number(col, xf(atXF), float(d[atValue:]))
	case recRK:
		return r.number(col, xf(atXF), rk(d[atValue:]))
	case recMulRK: // cells side by side, and the last column, which their number tells too
		for at := atXF; at+rkSize <= len(d)-2; at += rkSize {
			if err := r.number(col, xf(at), rk(d[at+2:])); err != nil {
				return err
			}
			col++
		}
		return nil
	case recLabelSST:
		return r.shared(col, binary.LittleEndian.Uint32(d[atValue:]))
	case recBoolErr:
		return r.boolOrError(col, d[atValue], d[atValue+1] != 0)
	case recFormula, recFormula3, recFormula4:
		return r.result(col, xf(atXF), d[atValue:atValue+8])
	default: // LABEL and RSTRING, whose runs of fonts stand behind the text
		r.r.data = d[atValue:]
		return r.text(col)
	}
}

// cell returns where to put the text of the cell in column col.
func (r *Rows) cell(col int) (*span, error) {
	if col > maxColumns {
		return nil, fmt.Errorf("%w: column %d, more than %d", ErrLimit, col, maxColumns)
	}
	for len(r.spans) < col {
		r.spans = append(r.spans, span{})
	}
	return &r.spans[col-1], nil
}

// keep makes what the arena holds from `from` on the text of a cell.
func (r *Rows) keep(col, from int) error {
	at, err := r.cell(col)
	if err != nil {
		return err
	}
	if limit := 4 * r.sheet.book.options.MaxCell; len(r.arena) > limit {
		return fmt.Errorf("%w: a row of more than %d bytes", ErrLimit, limit)
	}
	*at = span{from: from, to: len(r.arena)}
	return nil
}

func (r *Rows) word(col int, text string) error {
	from := len(r.arena)
	r.arena = append(r.arena, text...)
	return r.keep(col, from)
}

// text reads the text of a cell, which begins with its length.
func (r *Rows) text(col int) error {
	n, err := r.r.uint16()
	if err != nil {
		return err
	}
	from := len(r.arena)
	if r.arena, err = r.sheet.book.appendText(r.arena, r.r.records, int(n)); err != nil {
		return fmt.Errorf("column %d: %w", col, err)
	}
	if r.sheet.book.scales {
		r.said.Note(r.arena[from:])
	}
	return r.keep(col, from)
}

func (r *Rows) shared(col int, n uint32) error {
	s := &r.sheet.book.strings
	from, to, ok := s.span(n)
	if !ok {
		return fmt.Errorf("%w: column %d names shared string %d of %d", ErrCorrupt, col, n, len(s.ends))
	}
	at, err := r.cell(col)
	if err != nil {
		return err
	}
	if r.sheet.book.scales {
		r.said.Note(s.text[from:to])
	}
	*at = span{from, to, true}
	return nil
}

func (r *Rows) number(col, xf int, v float64) error {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		r.notes.Error("#NUM!") // as Excel shows it
		return r.word(col, "")
	}
	from, book := len(r.arena), r.sheet.book
	var format *numfmt.Format
	if xf < len(book.formats) {
		format = book.formats[xf]
	}
	if format != nil && format.Kind != numfmt.Number {
		var ok bool
		if r.arena, ok = format.AppendDate(r.arena, v, book.epoch); ok {
			return r.keep(col, from)
		}
	}
	r.arena = numfmt.AppendFloat(r.arena, v)
	if len(r.arena)-from > 15 {
		r.notes.Number(r.arena[from:])
	}
	if format != nil && format.Kind == numfmt.Number {
		if out, shown := format.Append(nil, r.arena[from:], v, r.said); shown != numfmt.AsStored {
			r.notes.Shown(shown)
			r.arena = append(r.arena[:from], out...)
		}
	}
	return r.keep(col, from)
}

func float(d []byte) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(d)) }

// rk reads a number of four bytes ([MS-XLS] 2.5.217).
func rk(d []byte) float64 {
	const (
		hundredths = 1 << 0
		whole      = 1 << 1
	)
	n := binary.LittleEndian.Uint32(d)
	v := math.Float64frombits(uint64(n&^(hundredths|whole)) << 32)
	if n&whole != 0 {
		v = float64(int32(n) >> 2)
	}
	if n&hundredths != 0 {
		v /= 100
	}
	return v
}

// errorTexts are the values of errors ([MS-XLS] 2.5.10).
var errorTexts = map[uint8]string{
	0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A", 0x2B: "#GETTING_DATA",
}

func (r *Rows) boolOrError(col int, value uint8, isError bool) error {
	switch text, ok := errorTexts[value]; {
	case isError && ok:
		r.notes.Error(text)
		return r.word(col, "")
	case isError:
		r.notes.Error("#ERROR!")
		return r.word(col, "")
	case value != 0:
		return r.word(col, "TRUE")
	}
	return r.word(col, "FALSE")
}

// result reads the value that a formula had when the workbook was saved, eight
// bytes ([MS-XLS] 2.5.133).
func (r *Rows) result(col, xf int, d []byte) error {
	if d[6] != 0xFF || d[7] != 0xFF {
		return r.number(col, xf, float(d))
	}
	switch d[0] {
	case 0: // the text stands in a record of its own
		r.formula = col
	case 1:
		return r.boolOrError(col, d[2], false)
	case 2:
		return r.boolOrError(col, d[2], true)
	}
	return r.word(col, "")
}
