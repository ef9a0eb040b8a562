package xlsx

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"time"
)

// Rows streams the rows of a sheet.
type Rows struct {
	sheet *Sheet
	r     io.ReadCloser
	sc    *scanner
	row   int64
	arena []byte
	ends  []int // of each cell in arena, by column
	cells [][]byte
	began bool // sheetData was reached
	err   error
}

// Rows begins a stream. The caller closes it.
func (s *Sheet) Rows() (*Rows, error) {
	if err := s.book.readStrings(); err != nil {
		return nil, err
	}
	r, err := s.book.open(s.part)
	if err != nil {
		return nil, err
	}
	return &Rows{sheet: s, r: r, sc: newScanner(r, s.book.options.MaxCell)}, nil
}

// Read returns how many bytes of the packed sheet have been read, as well as can
// be told from how much of the sheet has been.
func (r *Rows) Read() int64 {
	part := r.sheet.part
	if part.UncompressedSize64 == 0 {
		return 0
	}
	return int64(float64(r.r.(*bounded).read) / float64(part.UncompressedSize64) * float64(part.CompressedSize64))
}

// Close ends the stream.
func (r *Rows) Close() error { return r.r.Close() }

// Next returns the next row that the sheet holds: its number from 1 and its
// cells as text by column, gaps empty. They are valid until the next call.
// After the last row the error is io.EOF.
func (r *Rows) Next() (number int64, cells [][]byte, err error) {
	if r.err != nil {
		return 0, nil, r.err
	}
	number, cells, r.err = r.next()
	if errors.Is(r.err, io.ErrUnexpectedEOF) {
		r.err = fmt.Errorf("%w: sheet %q ends after row %d: %w", ErrCorrupt, r.sheet.Name, r.row, r.err)
	}
	return number, cells, r.err
}

func (r *Rows) next() (int64, [][]byte, error) {
	for {
		_, tag, err := r.sc.next()
		if errors.Is(err, io.EOF) {
			return 0, nil, fmt.Errorf("%w: sheet %q ends after row %d", ErrCorrupt, r.sheet.Name, r.row)
		} else if err != nil {
			return 0, nil, err
		}
		switch name := local(tag); {
		case !r.began:
			if string(name) == "sheetData" {
				if r.began = true; closed(tag) {
					return 0, nil, r.finish()
				}
			}
		case string(name) == "/sheetData":
			return 0, nil, r.finish()
		case string(name) == "row":
			number := r.row + 1
			if v := attribute(tag, "r"); v != nil {
				if n, err := strconv.ParseInt(string(v), 10, 64); err == nil && n > r.row {
					number = n
				}
			}
			r.row = number
			if closed(tag) {
				return number, nil, nil
			}
			cells, err := r.readRow()
			return number, cells, err
		}
	}
}

// finish reads the rest of the part, so that its checksum is checked.
func (r *Rows) finish() error {
	if _, err := io.Copy(io.Discard, r.r); err != nil {
		return err
	}
	return io.EOF
}

func (r *Rows) readRow() ([][]byte, error) {
	r.arena, r.ends = r.arena[:0], r.ends[:0]
	for {
		_, tag, err := r.sc.next()
		if errors.Is(err, io.EOF) {
			return nil, io.ErrUnexpectedEOF
		} else if err != nil {
			return nil, err
		}
		switch name := local(tag); {
		case string(name) == "/row":
			return r.slice(), nil
		case string(name) == "c":
			if err := r.readCell(tag); err != nil {
				return nil, err
			}
		}
	}
}

// slice cuts the arena into cells; empty ones at the end do not count.
func (r *Rows) slice() [][]byte {
	r.cells = r.cells[:0]
	start, last := 0, 0
	for i, end := range r.ends {
		r.cells = append(r.cells, r.arena[start:end:end])
		if end > start {
			last = i + 1
		}
		start = end
	}
	return r.cells[:last]
}

func (r *Rows) readCell(tag []byte) error {
	col := len(r.ends) + 1
	if ref := attribute(tag, "r"); ref != nil {
		if _, n, ok := reference(ref); ok && n >= col {
			col = n
		}
	}
	if col > maxColumns {
		return fmt.Errorf("%w: more than %d columns in row %d", ErrLimit, maxColumns, r.row)
	}
	if closed(tag) { // a cell without a value
		for len(r.ends) < col {
			r.ends = append(r.ends, len(r.arena))
		}
		return nil
	}
	var kind byte // of attribute t: s, inlineStr, str, b, e, n, d
	if t := attribute(tag, "t"); len(t) > 0 {
		if kind = t[0]; kind == 's' && len(t) > 1 {
			kind = 't' // str
		}
	}
	style := 0
	if s := attribute(tag, "s"); s != nil {
		style, _ = strconv.Atoi(string(s))
	}
	for len(r.ends) < col-1 {
		r.ends = append(r.ends, len(r.arena))
	}
	from := len(r.arena)
	inT, inV, skip := false, false, 0
	for {
		text, tag, err := r.sc.next()
		if errors.Is(err, io.EOF) {
			return io.ErrUnexpectedEOF
		} else if err != nil {
			return err
		}
		if (inV || inT && skip == 0) && len(text) > 0 {
			r.arena = unescape(r.arena, text)
		}
		switch name := local(tag); string(name) {
		case "/c":
			r.arena = r.value(from, kind, style)
			if len(r.arena)-from > r.sheet.book.options.MaxCell {
				return fmt.Errorf("%w: a cell of more than %d bytes in row %d", ErrLimit, r.sheet.book.options.MaxCell, r.row)
			}
			r.ends = append(r.ends, len(r.arena))
			return nil
		case "v":
			inV = !closed(tag)
		case "/v":
			inV = false
		case "t":
			inT = !closed(tag)
		case "/t":
			inT = false
		case "rPh":
			if !closed(tag) {
				skip++
			}
		case "/rPh":
			skip--
		case "/row", "row", "c":
			return fmt.Errorf("%w: row %d is not well formed", ErrCorrupt, r.row)
		}
	}
}

// value turns the raw value that the arena holds from `from` on into text.
func (r *Rows) value(from int, kind byte, style int) []byte {
	w := r.sheet.book
	raw := r.arena[from:]
	switch kind {
	case 's':
		n, err := strconv.Atoi(string(bytes.TrimSpace(raw)))
		r.arena = r.arena[:from]
		if err != nil {
			return r.arena
		}
		return append(r.arena, w.strings.at(n)...)
	case 'i', 't':
		return unescapeX(r.arena, from)
	case 'b':
		value := "FALSE"
		if string(bytes.TrimSpace(raw)) == "1" {
			value = "TRUE"
		}
		return append(r.arena[:from], value...)
	case 'e', 'd':
		return r.arena
	}
	if len(raw) == 0 {
		return r.arena
	}
	if style > 0 && style < len(w.dates) && w.dates[style] != notDate {
		if v, err := strconv.ParseFloat(string(bytes.TrimSpace(raw)), 64); err == nil {
			if text, ok := dateText(v, w.epoch, w.dates[style]); ok {
				return append(r.arena[:from], text...)
			}
		}
	}
	return number(r.arena, from)
}

// number rewrites a number in plain notation, to the 15 digits that a
// spreadsheet shows. What is plain and short already stays.
func number(b []byte, from int) []byte {
	raw := b[from:]
	digits, plain, point := 0, true, false
	for _, c := range raw {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case c == '.':
			point = true
		case c == '-':
		default:
			plain = false
		}
	}
	if plain && (digits <= 15 || !point) {
		return b
	}
	v, err := strconv.ParseFloat(string(bytes.TrimSpace(raw)), 64)
	if err != nil || math.IsInf(v, 0) || math.IsNaN(v) {
		return b
	}
	short, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 15, 64), 64)
	return strconv.AppendFloat(b[:from], short, 'f', -1, 64)
}

// dateText gives a serial as ISO text: a date, a date with its time, or a time
// of day. The 1900 system counts a 29 February 1900 that never was.
func dateText(serial, epoch float64, kind dateKind) (string, bool) {
	serial += epoch
	if serial < 0 || serial >= 2958466 {
		return "", false
	}
	days, frac := math.Floor(serial), serial-math.Floor(serial)
	millis := math.Round(frac * 86400e3)
	if millis >= 86400e3 {
		days, millis = days+1, 0
	}
	if kind == timeOfDay || days == 0 && millis > 0 {
		if days == 0 || kind == timeOfDay && serial < 1 {
			return clock(millis), true
		}
		return "", false // a duration
	}
	if days < 60 {
		days++
	}
	t := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC).AddDate(0, 0, int(days))
	if millis == 0 {
		return t.Format(time.DateOnly), true
	}
	return t.Format(time.DateOnly) + "T" + clock(millis), true
}

func clock(millis float64) string {
	t := time.UnixMilli(int64(millis)).UTC()
	if t.Nanosecond() != 0 {
		return t.Format("15:04:05.000")
	}
	return t.Format(time.TimeOnly)
}
