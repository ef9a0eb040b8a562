package xlsx

import (
	"bytes"
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
	row   int64
	began bool // sheetData was reached
	err   error

	// The row being read: its cells by column, and the bytes of those that are
	// not shared strings.
	spans []span
	arena []byte
	cells [][]byte

	notes numfmt.Notes
	said  numfmt.Said
}

// Notes says what was read otherwise than it is stored, up to the row that was
// read last.
func (r *Rows) Notes() []string { return r.notes.Lines() }

// span is where the text of a cell lies: in the arena, or in the shared strings.
type span struct {
	from, to int
	shared   bool
}

// Rows begins a stream. The caller closes it.
func (s *Sheet) Rows() (*Rows, error) {
	if err := s.book.readStrings(); err != nil {
		return nil, err
	}
	p, err := s.book.open(s.file)
	if err != nil {
		return nil, err
	}
	return &Rows{sheet: s, part: p, sc: newScanner(p, s.book.options.MaxCell)}, nil
}

// Read returns how many bytes of the packed sheet have been read, as well as can
// be told from how much of the sheet has been.
func (r *Rows) Read() int64 {
	f := r.sheet.file
	if f.UncompressedSize64 == 0 {
		return 0
	}
	return int64(float64(r.part.read) / float64(f.UncompressedSize64) * float64(f.CompressedSize64))
}

// Close ends the stream.
func (r *Rows) Close() error { return r.part.Close() }

// Next returns the next row that the sheet holds: its number from 1 and its
// cells as text by column, gaps empty, none after the last with a value. They
// are valid until the next call and must not be changed. A row without a number,
// or with one that does not go up, follows the last. After the last row the
// error is io.EOF.
func (r *Rows) Next() (number int64, cells [][]byte, err error) {
	if r.err == nil {
		if r.err = r.next(); r.err == nil {
			return r.row, r.slice(), nil
		}
		if !errors.Is(r.err, io.EOF) {
			r.err = fmt.Errorf("sheet %q, row %d, part %s, after %d bytes: %w", r.sheet.Name, r.row, r.sheet.file.Name, r.part.read, r.err)
		}
	}
	return 0, nil, r.err
}

// tag moves to the next tag of a part that must not end yet.
func (r *Rows) tag() error {
	err := r.sc.next()
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: the sheet has no end", ErrCorrupt)
	}
	return err
}

func (r *Rows) next() error {
	for {
		if err := r.tag(); err != nil {
			return err
		}
		switch name := r.sc.name; {
		case !r.began:
			if r.began = string(name) == "sheetData"; r.began && r.sc.empty {
				return r.finish()
			}
		case string(name) == "row" && !r.sc.close:
			if r.row++; r.row > maxRows {
				return fmt.Errorf("%w: more than %d rows", ErrLimit, int64(maxRows))
			}
			if v := attribute(r.sc.attrs, "r"); v != nil {
				if n, err := strconv.ParseInt(string(v), 10, 64); err == nil && n > r.row && n <= maxRows {
					r.row = n
				}
			}
			r.spans, r.arena = r.spans[:0], r.arena[:0]
			if r.sc.empty {
				return nil
			}
			return r.readRow()
		case string(name) == "sheetData" && r.sc.close:
			return r.finish()
		}
	}
}

// finish reads the rest of the part, so that its checksum is checked.
func (r *Rows) finish() error {
	if _, err := io.Copy(io.Discard, r.part); err != nil {
		return err
	}
	return io.EOF
}

func (r *Rows) readRow() error {
	for col := 0; ; {
		if err := r.tag(); err != nil {
			return err
		}
		switch name := r.sc.name; {
		case string(name) == "c" && !r.sc.close:
			var err error
			if col, err = r.readCell(col + 1); err != nil {
				return err
			}
		case string(name) == "row":
			if !r.sc.close {
				return fmt.Errorf("%w: a row within a row", ErrCorrupt)
			}
			return nil
		}
	}
}

// slice cuts the row into cells; empty ones at the end do not count.
func (r *Rows) slice() [][]byte {
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
	}
	return r.cells[:last]
}

// readCell reads a cell that stands in column col unless it says otherwise, and
// returns its column. Of two cells in one place the last counts.
func (r *Rows) readCell(col int) (int, error) {
	var kind []byte
	style := 0
	for attrs := r.sc.attrs; ; {
		name, value, rest := nextAttribute(attrs)
		if name == nil {
			break
		}
		attrs = rest
		switch string(name) {
		case "r":
			if len(value) == 0 {
				continue
			}
			_, n, ok := reference(value)
			if !ok {
				return 0, fmt.Errorf("%w: %q is no cell of a sheet", ErrCorrupt, value)
			}
			col = n
		case "t":
			kind = value
		case "s":
			style, _ = strconv.Atoi(string(value))
		}
	}
	if col > maxColumns {
		return 0, fmt.Errorf("%w: more than %d columns", ErrLimit, maxColumns)
	}
	for len(r.spans) < col {
		r.spans = append(r.spans, span{})
	}
	at := &r.spans[col-1]
	*at = span{}
	if r.sc.empty {
		return col, nil
	}
	k := kindOf(kind) // the tag is gone after the next one
	from := len(r.arena)
	formula, err := r.readValue(from)
	if err != nil {
		return 0, err
	}
	raw := r.arena[from:]
	if formula && len(raw) == 0 && k != textCell {
		r.notes.Formula()
		return col, nil
	}
	switch book := r.sheet.book; k {
	case sharedCell:
		if len(raw) == 0 {
			break
		}
		n, err := strconv.Atoi(string(bytes.TrimSpace(raw)))
		start, end, ok := book.strings.span(n)
		if err != nil || !ok {
			return 0, fmt.Errorf("%w: column %d names shared string %q of %d", ErrCorrupt, col, raw, len(book.strings.ends))
		}
		if r.arena = r.arena[:from]; book.scales {
			r.said.Note(book.strings.text[start:end])
		}
		*at = span{start, end, true}
		return col, nil
	case textCell:
		if r.arena = unescapeX(r.arena, from); book.scales {
			r.said.Note(r.arena[from:])
		}
	case errorCell:
		if len(raw) > 0 {
			r.notes.Error(string(raw))
		}
		r.arena = r.arena[:from]
	case boolCell:
		value := "FALSE"
		if t := string(bytes.TrimSpace(raw)); t == "1" || t == "true" {
			value = "TRUE"
		}
		if len(raw) > 0 {
			r.arena = append(r.arena[:from], value...)
		}
	case dateCell:
		r.keep(from, appendStoredDate(raw[len(raw):], raw))
	case numberCell:
		r.number(from, style)
	}
	if !utf8.Valid(r.arena[from:]) {
		return 0, fmt.Errorf("%w: column %d is not UTF-8", ErrCorrupt, col)
	}
	if limit := 4 * r.sheet.book.options.MaxCell; len(r.arena) > limit {
		return 0, fmt.Errorf("%w: a row of more than %d bytes", ErrLimit, limit)
	}
	*at = span{from: from, to: len(r.arena)}
	return col, nil
}

// cellKind is the type of a cell (18.18.11 of ECMA-376-1).
type cellKind uint8

const (
	numberCell cellKind = iota // also without a type
	sharedCell
	textCell // in the cell, or of a formula
	boolCell
	dateCell
	errorCell
)

func kindOf(t []byte) cellKind {
	switch string(t) {
	case "s":
		return sharedCell
	case "str", "inlineStr":
		return textCell
	case "b":
		return boolCell
	case "d":
		return dateCell
	case "e":
		return errorCell
	}
	return numberCell
}

// readValue appends what the cell holds, as it stands, to the arena: its value,
// or the text in it. The formula is passed; formula tells whether there is one.
func (r *Rows) readValue(from int) (formula bool, err error) {
	limit := r.sheet.book.options.MaxCell
	for inValue := false; ; {
		if err := r.tag(); err != nil {
			return formula, err
		}
		if inValue {
			if r.arena = r.sc.appendText(r.arena); len(r.arena)-from > limit {
				return formula, fmt.Errorf("%w: a cell of more than %d bytes", ErrLimit, limit)
			}
		}
		inValue = false
		switch sc := r.sc; string(sc.name) {
		case "f":
			formula = true
		case "v":
			inValue = !sc.close && !sc.empty
		case "is":
			if sc.close || sc.empty {
				continue
			}
			if r.arena, err = appendRuns(r.arena, sc, "is", limit); err != nil {
				return formula, err
			}
		case "c":
			if sc.close {
				return formula, nil
			}
			return formula, fmt.Errorf("%w: a cell within a cell", ErrCorrupt)
		case "row", "sheetData":
			return formula, fmt.Errorf("%w: the row ends within a cell", ErrCorrupt)
		}
	}
}

// number turns the raw number that the arena holds from `from` on into text.
func (r *Rows) number(from, style int) {
	raw, book := r.arena[from:], r.sheet.book
	var format *numfmt.Format
	if style >= 0 && style < len(book.formats) {
		format = book.formats[style]
	}
	var v float64
	var err error
	if format != nil {
		if v, err = strconv.ParseFloat(string(bytes.TrimSpace(raw)), 64); err != nil {
			format = nil
		}
	}
	if format != nil && format.Kind != numfmt.Number {
		if out, ok := format.AppendDate(r.arena[len(r.arena):], v, book.epoch); ok {
			r.keep(from, out)
			return
		}
	}
	if !numfmt.Plain(raw) {
		r.keep(from, numfmt.AppendNumber(raw[len(raw):], raw))
		raw = r.arena[from:]
	}
	if len(raw) > 15 {
		r.notes.Number(raw)
	}
	if format != nil && format.Kind == numfmt.Number {
		out, shown := format.Append(nil, raw, v, r.said)
		if shown != numfmt.AsStored {
			r.notes.Shown(shown)
			r.keep(from, out)
		}
	}
}

// keep puts text where the raw value was. It may lie behind it in the arena.
func (r *Rows) keep(from int, text []byte) { r.arena = append(r.arena[:from], text...) }

// appendStoredDate appends a cell of type d (18.18.11 of ECMA-376-1), which
// holds ISO text, without a midnight that says nothing.
func appendStoredDate(dst, raw []byte) []byte {
	day, midnight, _ := bytes.Cut(raw, []byte("T"))
	switch string(bytes.TrimRight(midnight, "Z")) {
	case "00:00", "00:00:00", "00:00:00.000":
		return append(dst, day...)
	}
	return append(dst, raw...)
}
