package decode

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// dialect is how a delimited text is written.
type dialect struct {
	delim byte
	eol   byte // '\n', which covers CRLF, or '\r' alone
	skip  int  // bytes before the first record: a "sep=;" line
	// escapes: a quote inside a quoted cell is written \", a backslash \\.
	escapes bool
	// wide, where set, is a delimiter of several bytes, and delim means nothing.
	wide string
	// single: cells are quoted with apostrophes.
	single bool
	// padded: blanks stand between a delimiter and an opening quote.
	padded bool
	// blanks: any number of blanks part two cells, and delim is one of them.
	blanks bool
	// widths, where set, are the columns in characters; no quotes count.
	widths []int
}

// plain reports whether the fast path reads the dialect.
func (d *dialect) plain() bool { return d.wide == "" && !d.single && !d.padded && !d.blanks }

// name is the delimiter, for people.
func (d *dialect) name() string {
	if d.wide != "" {
		return d.wide
	}
	return string(rune(d.delim))
}

// csvTable scans delimited text after RFC 4180, read leniently: a quote within
// an unquoted cell is text, and so is one that opens a cell but has no partner
// before a delimiter or line end. It is the fast path of the platform.
type csvTable struct {
	file, name string
	open       func(report bool) io.ReadCloser
	dialect    dialect
	maxCell    int

	src        io.ReadCloser
	buf        []byte
	start, end int // the bytes of buf not yet returned
	quote      int // the next quote in buf at or after start; end: none
	eof        bool
	line       int64 // of the record at start
	cells      [][]byte
	scratch    []byte // cells whose doubled or escaped quotes were undone
	room       int    // what the buffer begins with
	quotes     quoteCount
	err        error
}

const scanBuffer = 256 << 10

func newCSVTable(file, name string, open func(report bool) io.ReadCloser, d dialect, maxCell int) *csvTable {
	return &csvTable{file: file, name: name, open: open, dialect: d, maxCell: maxCell, room: scanBuffer}
}

// expect makes the buffer of a short text short: an archive may have a thousand.
func (t *csvTable) expect(size int64) { t.room = int(min(scanBuffer, max(4<<10, 2*size))) }

func (t *csvTable) Name() string    { return t.name }
func (t *csvTable) Merges() []Range { return nil }

func (t *csvTable) close() error {
	if t.src == nil {
		return nil
	}
	return t.src.Close()
}

func (t *csvTable) Next() (Row, error) {
	if t.err != nil {
		return Row{}, t.err
	}
	row, err := t.next()
	if err != nil {
		t.err = err
		return Row{}, err
	}
	return row, nil
}

func (t *csvTable) next() (Row, error) {
	if t.src == nil {
		t.src = t.open(true)
		t.buf = make([]byte, t.room)
		t.line = 1
		if t.dialect.skip > 0 {
			if _, err := io.CopyN(io.Discard, t.src, int64(t.dialect.skip)); err != nil {
				return Row{}, fmt.Errorf("decode %s: %w", t.file, err)
			}
			t.line = 2
		}
	}
	for {
		if t.start == t.end && t.eof {
			return Row{}, io.EOF
		}
		if !t.dialect.plain() {
			row, complete, err := t.nextOdd()
			if complete || err != nil {
				return row, err
			}
			if err := t.fill(); err != nil {
				return Row{}, err
			}
			continue
		}
		n := bytes.IndexByte(t.buf[t.start:t.end], t.dialect.eol)
		used := n + 1
		if n < 0 {
			if !t.eof {
				if err := t.fill(); err != nil {
					return Row{}, err
				}
				continue
			}
			n = t.end - t.start
			used = n
		}
		if k := t.otherEnd(t.buf[t.start : t.start+n]); k >= 0 && t.quote >= t.start+k {
			n, used = k, k+1
		}
		line, fault := t.line, ""
		if t.quote < t.start+n {
			var complete bool
			var err error
			if used, complete, err = t.splitQuoted(t.buf[t.start:t.end]); errors.Is(err, errUnclosed) {
				// It costs this line, not the file.
				fault = err.Error()
				t.split(t.buf[t.start : t.start+n])
				used = min(n+1, t.end-t.start)
			} else if err != nil {
				return Row{}, err
			} else if !complete {
				if err := t.fill(); err != nil {
					return Row{}, err
				}
				continue
			}
			t.line += t.ends(t.buf[t.start : t.start+used])
			t.start += used
			t.findQuote()
		} else {
			t.split(t.buf[t.start : t.start+n])
			t.line++
			t.start += used
		}
		if used > t.maxCell {
			if err := t.checkCells(line); err != nil {
				return Row{}, err
			}
		}
		return Row{Line: line, Cells: t.cells, Fault: fault}, nil
	}
}

// otherEnd returns where a record without quotes before it ends by the line end
// that the text does not use, or -1: a carriage return alone among line feeds, or
// a line feed alone among carriage returns.
func (t *csvTable) otherEnd(record []byte) int {
	if t.dialect.widths != nil {
		return -1
	}
	if t.dialect.eol == '\n' {
		k := bytes.IndexByte(record, '\r')
		if k < 0 || len(bytes.TrimRight(record[k:], "\r")) == 0 {
			return -1
		}
		return k
	}
	if k := bytes.IndexByte(record[min(1, len(record)):], '\n'); k >= 0 {
		return k + 1
	}
	return -1
}

// ends counts the line ends in a record.
func (t *csvTable) ends(record []byte) int64 {
	n := bytes.Count(record, []byte{t.dialect.eol})
	if t.dialect.eol == '\n' {
		n += bytes.Count(record, []byte{'\r'}) - bytes.Count(record, []byte("\r\n"))
		if bytes.HasSuffix(record, []byte{'\r'}) && n > 0 && t.start+len(record) < t.end && t.buf[t.start+len(record)] == '\n' {
			n--
		}
	}
	return int64(n)
}

// errUnclosed is a quote that opens a cell and is never closed.
var errUnclosed = errors.New("a quote that is never closed")

// nextOdd reads the next record of a dialect that is not plain; complete is false
// where it may go on behind what has been read.
func (t *csvTable) nextOdd() (Row, bool, error) {
	b := t.buf[t.start:t.end]
	used, complete, fault := t.splitOdd(b)
	if !complete {
		if t.eof {
			return Row{}, false, fmt.Errorf("decode %s: a record without an end at the end", t.file)
		}
		return Row{}, false, nil
	}
	line := t.line
	t.line += int64(bytes.Count(b[:used], []byte{'\n'}) + bytes.Count(b[:used], []byte{'\r'}) - bytes.Count(b[:used], []byte("\r\n")))
	t.start += used
	if used > t.maxCell {
		if err := t.checkCells(line); err != nil {
			return Row{}, true, err
		}
	}
	return Row{Line: line, Cells: t.cells, Fault: fault}, true, nil
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// parts returns the length of the delimiter that b begins with, 0 if there is none.
func (d *dialect) parts(b []byte) int {
	switch {
	case d.wide != "":
		if bytes.HasPrefix(b, []byte(d.wide)) {
			return len(d.wide)
		}
	case d.blanks:
		n := 0
		for n < len(b) && isBlank(b[n]) {
			n++
		}
		return n
	case len(b) > 0 && b[0] == d.delim:
		return 1
	}
	return 0
}

// splitOdd cuts the first record of b into cells, byte by byte.
func (t *csvTable) splitOdd(b []byte) (used int, complete bool, fault string) {
	d := &t.dialect
	t.cells, t.scratch = t.cells[:0], t.scratch[:0]
	pos := 0
	if d.blanks {
		for pos < len(b) && isBlank(b[pos]) {
			pos++
		}
	}
	lineEnd := func(i int) (int, bool) { // behind the line end at i
		if b[i] == '\r' && i+1 == len(b) && !t.eof {
			return 0, false
		}
		if b[i] == '\r' && i+1 < len(b) && b[i+1] == '\n' {
			return i + 2, true
		}
		return i + 1, true
	}
	for {
		open := pos
		if d.padded {
			for open < len(b) && isBlank(b[open]) && b[open] != d.delim {
				open++
			}
		}
		if open < len(b) && b[open] == t.quoteMark() {
			cell, next, state := t.quotedOdd(b, open)
			switch state {
			case quoteOpen:
				if !t.eof && len(b)-open <= t.maxCell {
					return 0, false, ""
				}
				fault = errUnclosed.Error()
			case quoteClosed:
				t.cells, pos = append(t.cells, cell), next
				if d.blanks {
					n := d.parts(b[pos:])
					if pos+n == len(b) && !t.eof {
						return 0, false, ""
					}
					if n > 0 && pos+n < len(b) && b[pos+n] != '\n' && b[pos+n] != '\r' {
						pos += n
						continue
					}
					pos += n
				} else if n := d.parts(b[pos:]); n > 0 {
					pos += n
					continue
				}
				if pos == len(b) {
					return pos, true, fault
				}
				end, whole := lineEnd(pos)
				return end, whole, fault
			}
		}
		i := pos
		for i < len(b) && b[i] != '\n' && b[i] != '\r' {
			if n := d.parts(b[i:]); n > 0 {
				break
			}
			i++
		}
		if i == len(b) && !t.eof || d.wide != "" && !t.eof && len(b)-i < len(d.wide) && i < len(b) && b[i] != '\n' && b[i] != '\r' {
			return 0, false, ""
		}
		cell := b[pos:i:i]
		if i == len(b) {
			if len(cell) > 0 || len(t.cells) > 0 && !d.blanks {
				t.cells = append(t.cells, cell)
			}
			return i, true, fault
		}
		if n := d.parts(b[i:]); n > 0 {
			if i+n == len(b) && !t.eof && d.blanks {
				return 0, false, ""
			}
			t.cells, pos = append(t.cells, cell), i+n
			if d.blanks && (pos == len(b) || b[pos] == '\n' || b[pos] == '\r') { // blanks at the end of a line
				if pos == len(b) {
					return pos, true, fault
				}
				end, whole := lineEnd(pos)
				return end, whole, fault
			}
			continue
		}
		if len(cell) > 0 || len(t.cells) > 0 {
			t.cells = append(t.cells, cell)
		}
		end, whole := lineEnd(i)
		return end, whole, fault
	}
}

func (t *csvTable) quoteMark() byte {
	if t.dialect.single {
		return '\''
	}
	return '"'
}

// quotedOdd reads the quoted cell that opens at b[pos]; next is behind its closing
// quote and the blanks behind that.
func (t *csvTable) quotedOdd(b []byte, pos int) (cell []byte, next int, state quoteState) {
	mark := t.quoteMark()
	doubled := false
	for i := pos + 1; ; {
		q := bytes.IndexByte(b[i:], mark)
		if q < 0 {
			return nil, 0, quoteOpen
		}
		i += q
		if i+1 < len(b) && b[i+1] == mark {
			doubled = true
			i += 2
			continue
		}
		end := i
		for i++; !t.dialect.blanks && i < len(b) && b[i] == ' ' && t.dialect.delim != ' '; i++ {
		}
		switch {
		case i == len(b) && !t.eof, t.dialect.wide != "" && !t.eof && len(b)-i < len(t.dialect.wide):
			return nil, 0, quoteOpen
		case i == len(b), b[i] == '\n', b[i] == '\r', t.dialect.parts(b[i:]) > 0:
		case t.dialect.single: // an apostrophe within
			continue
		default:
			t.quotes.loose++
			return nil, 0, quoteText
		}
		t.quotes.count(doubled, false)
		t.quotes.closed++
		if !doubled {
			return b[pos+1 : end : end], i, quoteClosed
		}
		begin := len(t.scratch)
		for k := pos + 1; k < end; k++ {
			if t.scratch = append(t.scratch, b[k]); b[k] == mark {
				k++
			}
		}
		return t.scratch[begin:len(t.scratch):len(t.scratch)], i, quoteClosed
	}
}

// fill reads until the buffer is full or the text ends. The buffer grows
// where one record already takes all of it.
func (t *csvTable) fill() error {
	if t.start > 0 {
		t.end = copy(t.buf, t.buf[t.start:t.end])
		t.start = 0
	}
	if t.end == len(t.buf) {
		if err := t.checkGrowth(); err != nil {
			return err
		}
		t.buf = append(t.buf, make([]byte, len(t.buf))...)
	}
	for t.end < len(t.buf) && !t.eof {
		n, err := t.src.Read(t.buf[t.end:])
		t.end += n
		if errors.Is(err, io.EOF) {
			t.eof = true
		} else if err != nil {
			return fmt.Errorf("decode %s: %w", t.file, err)
		}
	}
	t.findQuote()
	return nil
}

func (t *csvTable) findQuote() {
	if t.dialect.widths != nil {
		t.quote = t.end
	} else if t.quote = bytes.IndexByte(t.buf[t.start:t.end], '"'); t.quote < 0 {
		t.quote = t.end
	} else {
		t.quote += t.start
	}
}

// checkGrowth refuses a record that fills the buffer where its last cell, or
// all of it, is past the bounds.
func (t *csvTable) checkGrowth() error {
	record := t.buf[t.start:t.end]
	if len(record) <= t.maxCell {
		return nil
	}
	last := bytes.LastIndexByte(record, t.dialect.delim)
	if t.dialect.wide != "" {
		last = bytes.LastIndex(record, []byte(t.dialect.wide))
	}
	if n := bytes.IndexByte(record, t.dialect.eol); n >= 0 && n <= t.maxCell && len(record) <= 2*t.maxCell {
		return nil // a quote is open behind a line that is short enough, and will cost that
	}
	if len(record) > 4*t.maxCell || len(record)-last > t.maxCell {
		return t.tooLarge(t.line, fmt.Sprintf("a record that has no end within %d bytes", len(record)))
	}
	return nil
}

func (t *csvTable) checkCells(line int64) error {
	for i, c := range t.cells {
		if len(c) > t.maxCell {
			return t.tooLarge(line, fmt.Sprintf("a cell of %d bytes in column %d", len(c), i+1))
		}
	}
	return nil
}

func (t *csvTable) tooLarge(line int64, found string) error {
	return &Error{File: t.file, Line: line, Found: found, Want: fmt.Sprintf("at most %d bytes a cell", t.maxCell),
		Do: "look for a quote that is not closed or a file that is no table", Err: ErrFormat}
}

// split cuts a record without quotes at the delimiters, eight bytes at a time.
func (t *csvTable) split(record []byte) {
	if t.dialect.eol == '\n' {
		record = bytes.TrimRight(record, "\r")
	} else {
		record = bytes.TrimPrefix(record, []byte{'\n'})
	}
	cells := t.cells[:0]
	if len(record) == 0 {
		t.cells = cells
		return
	}
	if t.dialect.widths != nil {
		t.cells = cutWidths(cells, record, t.dialect.widths)
		return
	}
	const low7, high = 0x7F7F7F7F7F7F7F7F, 0x8080808080808080
	pattern := uint64(t.dialect.delim) * 0x0101010101010101
	begin, i := 0, 0
	for ; i+8 <= len(record); i += 8 {
		x := binary.LittleEndian.Uint64(record[i:]) ^ pattern
		// The high bit of every byte of x that is zero, exactly.
		for m := ^((x&low7 + low7) | x | low7) & high; m != 0; m &= m - 1 {
			k := i + bits.TrailingZeros64(m)>>3
			cells = append(cells, record[begin:k:k])
			begin = k + 1
		}
	}
	for ; i < len(record); i++ {
		if record[i] == t.dialect.delim {
			cells = append(cells, record[begin:i:i])
			begin = i + 1
		}
	}
	t.cells = append(cells, record[begin:len(record):len(record)])
}

// cutWidths cuts a line into columns of so many characters. What stands behind
// the last one, if it is not blank, is a cell of its own.
func cutWidths(cells [][]byte, line []byte, widths []int) [][]byte {
	for _, w := range widths {
		n := 0
		for ; w > 0 && n < len(line); w-- {
			_, k := utf8.DecodeRune(line[n:])
			n += k
		}
		cells = append(cells, line[:n:n])
		if line = line[n:]; len(line) == 0 {
			return cells
		}
	}
	if len(bytes.TrimSpace(line)) > 0 {
		cells = append(cells, line[:len(line):len(line)])
	}
	return cells
}

// splitQuoted cuts the first record of b, which has quotes in it, and returns
// how many bytes it took with its line end; complete is false where b ends too early.
func (t *csvTable) splitQuoted(b []byte) (used int, complete bool, err error) {
	t.cells, t.scratch = t.cells[:0], t.scratch[:0]
	pos, lineEnd := 0, -1
	if t.dialect.eol == '\r' && len(b) > 0 && b[0] == '\n' {
		pos = 1
	}
	for {
		if pos < len(b) && b[pos] == '"' {
			cell, next, state := t.quoted(b, pos)
			switch state {
			case quoteOpen:
				if !t.eof && len(b)-pos <= t.maxCell+1 {
					return 0, false, nil
				}
				return 0, false, errUnclosed
			case quoteText:
				if text, next, ok := t.doubledWrongly(b, pos); ok {
					t.cells = append(t.cells, text)
					if next < len(b) && b[next] == t.dialect.delim {
						pos = next + 1
						continue
					}
					if next+1 < len(b) && b[next] == '\r' && b[next+1] == '\n' && t.dialect.eol == '\n' {
						next++
					}
					return min(next+1, len(b)), true, nil
				}
			case quoteClosed:
				t.cells = append(t.cells, cell)
				if next < len(b) && b[next] == t.dialect.delim {
					pos = next + 1
					continue
				}
				if next+1 < len(b) && b[next] == '\r' && b[next+1] == '\n' && t.dialect.eol == '\n' {
					next++
				}
				return min(next+1, len(b)), true, nil
			}
		}
		if lineEnd < pos {
			k := bytes.IndexByte(b[pos:], t.dialect.eol)
			if k < 0 && !t.eof {
				return 0, false, nil
			} else if k < 0 {
				lineEnd = len(b)
			} else {
				lineEnd = pos + k
			}
			if k := t.otherEnd(b[pos:lineEnd]); k >= 0 {
				lineEnd = pos + k
			}
		}
		if k := bytes.IndexByte(b[pos:lineEnd], t.dialect.delim); k >= 0 {
			t.cells = append(t.cells, b[pos:pos+k:pos+k])
			pos += k + 1
			continue
		}
		cell := b[pos:lineEnd:lineEnd]
		if t.dialect.eol == '\n' {
			cell = bytes.TrimRight(cell, "\r")
		}
		t.cells = append(t.cells, cell)
		return min(lineEnd+1, len(b)), true, nil
	}
}

type quoteState int

const (
	quoteClosed quoteState = iota
	quoteOpen              // no closing quote in what has been read
	quoteText              // the quote is text: its partner stands in the middle of a cell
)

// quoted reads the quoted cell that opens at b[pos] and returns it with the
// position of the delimiter or line end behind it.
func (t *csvTable) quoted(b []byte, pos int) (cell []byte, next int, state quoteState) {
	doubled, escaped := false, false
	for i := pos + 1; ; {
		q := bytes.IndexByte(b[i:], '"')
		if q < 0 {
			return nil, 0, quoteOpen
		}
		i += q
		if t.dialect.escapes && isEscaped(b[pos+1:i]) {
			escaped = true
			i++
			continue
		}
		if i+1 < len(b) && b[i+1] == '"' {
			doubled = true
			i += 2
			continue
		}
		end := i
		for i++; i < len(b) && b[i] == ' ' && t.dialect.delim != ' '; i++ { // blanks behind a closing quote are padding
		}
		switch {
		case i == len(b) && !t.eof, i+1 == len(b) && b[i] == '\r' && !t.eof:
			return nil, 0, quoteOpen
		case i == len(b), b[i] == t.dialect.delim, b[i] == '\n', b[i] == '\r':
		default:
			t.quotes.loose++
			return nil, 0, quoteText
		}
		t.quotes.count(doubled, escaped)
		t.quotes.closed++
		switch {
		case t.dialect.escapes && bytes.IndexByte(b[pos+1:end], '\\') >= 0:
			return t.unescape(b[pos+1 : end]), i, quoteClosed
		case doubled:
			return t.undouble(b[pos+1 : end]), i, quoteClosed
		}
		return b[pos+1 : end : end], i, quoteClosed
	}
}

// quoteCount is how the quotes of a text were read.
type quoteCount struct {
	closed           int // quoted cells
	doubled, escaped int // cells with such quotes in them
	loose            int // cells that begin with a quote and were not quoted
}

func (c *quoteCount) count(doubled, escaped bool) {
	if doubled {
		c.doubled++
	}
	if escaped {
		c.escaped++
	}
}

// doubledWrongly reads a cell on one line whose outer quotes are whole and whose
// inner ones are not doubled: "he said "hi" ok". That the first inner one opens is
// plain where a blank stands before it and none behind; "A" or "B" is text.
func (t *csvTable) doubledWrongly(b []byte, pos int) (cell []byte, next int, ok bool) {
	inner := 0
	for i := pos + 1; i < len(b); i++ {
		switch c := b[i]; {
		case c == '\n' || c == '\r':
			return nil, 0, false
		case c != '"':
		case i+1 == len(b) || b[i+1] == t.dialect.delim || b[i+1] == '\n' || b[i+1] == '\r':
			if inner == 0 || inner%2 != 0 || i+1 == len(b) && !t.eof {
				return nil, 0, false
			}
			return b[pos+1 : i : i], i + 1, true
		default:
			if inner == 0 && (b[i-1] != ' ' || b[i+1] == ' ') {
				return nil, 0, false
			}
			inner++
		}
	}
	return nil, 0, false
}

// isEscaped reports whether an odd number of backslashes ends b.
func isEscaped(b []byte) bool {
	n := len(b)
	for n > 0 && b[n-1] == '\\' {
		n--
	}
	return (len(b)-n)%2 == 1
}

// unescape copies a cell with each \" and \\ made one character, and doubled
// quotes too. Other backslashes are text: \N is some programs' null.
func (t *csvTable) unescape(b []byte) []byte {
	begin := len(t.scratch)
	for i := 0; i < len(b); i++ {
		if i+1 < len(b) && (b[i] == '\\' && (b[i+1] == '"' || b[i+1] == '\\') || b[i] == '"' && b[i+1] == '"') {
			i++
		}
		t.scratch = append(t.scratch, b[i])
	}
	return t.scratch[begin:len(t.scratch):len(t.scratch)]
}

// undouble copies a cell with each doubled quote made one.
func (t *csvTable) undouble(b []byte) []byte {
	begin := len(t.scratch)
	for {
		k := bytes.IndexByte(b, '"')
		if k < 0 {
			break
		}
		t.scratch = append(t.scratch, b[:k+1]...)
		b = b[k+2:]
	}
	t.scratch = append(t.scratch, b...)
	return t.scratch[begin:len(t.scratch):len(t.scratch)]
}

// sampleSize is how much of a text its dialect is decided on.
const sampleSize = 64 << 10

// delimiters are the ones known, the likelier first.
var delimiters = []byte{',', '\t', ';', '|'}

// wideDelimiters are those of several bytes that are found without being asked for.
var wideDelimiters = []string{"，", "；", "｜"}

// namedDelimiter reads the line by which Excel is told of the delimiter: sep=;
func namedDelimiter(head []byte) (string, int) {
	end := bytes.IndexAny(head, "\r\n")
	if end < 0 || end > 32 {
		return "", 0
	}
	line := strings.Trim(string(head[:end]), "\" ")
	if len(line) < 5 || !strings.EqualFold(line[:4], "sep=") {
		return "", 0
	}
	name := line[4:]
	if end++; head[end-1] == '\r' && end < len(head) && head[end] == '\n' {
		end++
	}
	if name == "\\t" {
		name = "\t"
	}
	if utf8.RuneCountInString(name) != 1 || name == "\"" || name == "'" {
		return "", 0
	}
	return name, end
}

// withDelimiter is d with a delimiter of one or more bytes.
func (d dialect) withDelimiter(name string) dialect {
	if len(name) == 1 {
		d.delim, d.wide = name[0], ""
	} else {
		d.delim, d.wide = 0x1F, name // no cell is cut at delim
	}
	return d
}

// dialectOf decides how a text is written from its first bytes. whole says
// that head is all of the text; asked, if not empty, is the delimiter.
func dialectOf(head []byte, whole bool, asked string) dialect {
	d := dialect{delim: ',', eol: lineEnd(head)}
	skip := 0
	if name, end := namedDelimiter(head); name != "" && (asked == "" || asked == name) {
		asked, head, skip = name, head[end:], end
	}
	if asked != "" {
		d = bestQuotes(head, whole, d.withDelimiter(asked))
		d.skip = skip
		return d
	}
	best, found := 0.0, d
	for _, c := range delimiters {
		trial := bestQuotes(head, whole, dialect{delim: c, eol: d.eol})
		score, _ := consistency(head, whole, trial)
		if c == ',' || score > best && (c == '\t' || convincing(head, whole, trial)) {
			found, best = trial, score
		}
	}
	if best > 0 {
		return found
	}
	for _, name := range wideDelimiters {
		if trial := bestQuotes(head, whole, d.withDelimiter(name)); evenly(head, whole, trial, 40) {
			return trial
		}
	}
	if trial := (dialect{delim: ' ', eol: d.eol, blanks: true}); !fixedWidth(head, d) && evenly(head, whole, trial, 0) && partedByBlanks(head, whole, trial) {
		return trial
	}
	return found
}

// bestQuotes decides how cells are quoted, where that is not as usual: with
// apostrophes, or with blanks before the quote.
func bestQuotes(head []byte, whole bool, d dialect) dialect {
	d, score := withEscapes(head, whole, d)
	_, usual := consistency(head, whole, d)
	if d.escapes {
		return d
	}
	if padded := d; bytes.Contains(head, []byte(d.name()+" \"")) && d.name() != " " {
		padded.padded = true
		if s, quotes := consistency(head, whole, padded); s >= score && quotes.closed > usual.closed && quotes.loose <= usual.loose+quotes.closed/4 {
			return padded
		}
	}
	if single := d; usual.closed == 0 && bytes.Contains(head, []byte("'"+d.name()+"'")) {
		single.single = true
		if s, quotes := consistency(head, whole, single); s >= score && quotes.closed >= 2 && quotes.loose == 0 {
			return single
		}
	}
	return d
}

// recordsOf cuts a sample into records, the last of which may be cut off.
func recordsOf(head []byte, whole bool, d dialect) [][]string {
	t := newCSVTable("", "", func(bool) io.ReadCloser { return io.NopCloser(bytes.NewReader(head)) }, d, len(head)+1)
	var records [][]string
	for {
		row, err := t.Next()
		if err != nil {
			break
		}
		if len(row.Cells) == 0 {
			continue
		}
		record := make([]string, len(row.Cells))
		for i, c := range row.Cells {
			record[i] = string(c)
		}
		records = append(records, record)
	}
	if !whole && len(records) > 1 {
		records = records[:len(records)-1]
	}
	return records
}

// convincing reports whether a text is a table parted by a semicolon or a bar, and
// not a list in which one stands here and there: most records have it, or several
// in a row have as many of them, more than one. Where the first line alone has none
// and the second looks like the third, the first is the header of one column.
func convincing(head []byte, whole bool, d dialect) bool {
	records := recordsOf(head, whole, d)
	counts := map[int]int{}
	for _, r := range records {
		counts[len(r)]++
	}
	cells := 0
	for n, c := range counts {
		if n > 1 && (cells < 2 || c > counts[cells] || c == counts[cells] && n > cells) {
			cells = n
		}
	}
	if cells < 2 {
		return false
	}
	run, longest := 0, 0
	for _, r := range records {
		if run++; len(r) != cells {
			run = 0
		}
		longest = max(longest, run)
	}
	if 2*counts[cells] <= len(records) && !(cells > 2 && longest >= 3) {
		return false
	}
	if cells == 2 && len(records) > 3 && len(records[0]) == 1 && counts[2] == len(records)-1 && alike(records[1], records[2]) && alike(records[2], records[3]) {
		return false
	}
	return true
}

// alike reports whether records of words look the same but for their digits.
func alike(a, b []string) bool {
	form := func(s string) string {
		return strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' {
				return '0'
			}
			return r
		}, s)
	}
	return slices.EqualFunc(a, b, func(x, y string) bool {
		x, y = strings.Trim(form(x), "0"), strings.Trim(form(y), "0")
		return x == y && strings.IndexFunc(x, unicode.IsLetter) >= 0
	})
}

// evenly reports whether nearly all records, of three at least, have the same
// number of cells, and, where longest is set, cells that are no longer than prose
// between two commas.
func evenly(head []byte, whole bool, d dialect, longest int) bool {
	records := recordsOf(head, whole, d)
	counts := map[int]int{}
	length, total := 0, 0
	for _, r := range records {
		counts[len(r)]++
		for _, c := range r {
			length += utf8.RuneCountInString(c)
			total++
		}
	}
	if len(records) < 3 || longest > 0 && length > longest*total {
		return false
	}
	for n, c := range counts {
		if n > 1 && c*20 >= len(records)*19 {
			return true
		}
	}
	return false
}

// partedByBlanks reports whether the blanks in a text part columns and not words:
// one column is a number in every record but the first, where it is none. A date
// and a time beside each other are one value.
func partedByBlanks(head []byte, whole bool, d dialect) bool {
	records := recordsOf(head, whole, d)
	isNumber := func(s string) bool {
		_, err := strconv.ParseFloat(strings.ReplaceAll(strings.TrimSuffix(s, "%"), ",", ""), 64)
		return err == nil
	}
	for i := range records[0] {
		numbers := 0
		for _, r := range records[1:] {
			if i < len(r) && isNumber(r[i]) {
				numbers++
			}
		}
		if !isNumber(records[0][i]) && numbers*20 >= (len(records)-1)*19 {
			return true
		}
	}
	return false
}

// withEscapes scores a delimiter, with backslashes before quotes where the whole
// sample reads better so: no quote in it is doubled, and fewer are left over or,
// of equally many, the records are more alike.
func withEscapes(head []byte, whole bool, d dialect) (dialect, float64) {
	score, plain := consistency(head, whole, d)
	if !bytes.Contains(head, []byte(`\"`)) {
		return d, score
	}
	e := d
	e.escapes = true
	escaped, quotes := consistency(head, whole, e)
	if quotes.escaped > 0 && quotes.doubled == 0 && (quotes.loose < plain.loose && escaped >= score || quotes.loose == plain.loose && escaped > score) {
		return e, escaped
	}
	return d, score
}

// lineEnd returns '\r' for a text that ends its lines with a carriage return
// alone, as old Macintosh programs do, else '\n'.
func lineEnd(head []byte) byte {
	quoted, returns := false, 0
	for i, c := range head {
		switch {
		case c == '"':
			quoted = !quoted
		case c == '\n' && !quoted:
			return '\n'
		case c == '\r' && !quoted && (i+1 == len(head) || head[i+1] != '\n'):
			returns++
		}
	}
	if returns > 0 {
		return '\r'
	}
	return '\n'
}

// consistency scores a dialect: the share of records that have the most
// frequent number of cells, less for fewer cells. Preambles and footnotes lower
// all candidates alike; a comma in prose or in decimals is nowhere constant.
func consistency(head []byte, whole bool, d dialect) (float64, quoteCount) {
	t := newCSVTable("", "", func(bool) io.ReadCloser { return io.NopCloser(bytes.NewReader(head)) }, d, len(head)+1)
	counts := map[int]int{}
	total, last := 0, 0
	for {
		row, err := t.Next()
		if err != nil {
			if err != io.EOF && whole {
				t.quotes.loose++ // a quote that is never closed
			}
			break
		}
		if row.Fault != "" && (whole || t.start < t.end) {
			t.quotes.loose++
		}
		if last = len(row.Cells); last > 0 {
			counts[last]++
			total++
		}
	}
	if !whole && last > 0 && total > 1 { // the sample ends within a record
		counts[last]--
		total--
	}
	score := 0.0
	for cells, n := range counts {
		if cells > 1 && n > 0 {
			score = max(score, float64(n)/float64(total)*(1-1/float64(cells)))
		}
	}
	return score, t.quotes
}

// fixedWidth reports whether a text is columns padded with blanks: nearly all
// its lines are equally long and have several gaps, and few have a delimiter.
func fixedWidth(head []byte, d dialect) bool {
	lines := bytes.Split(head, []byte{d.eol})
	lines = lines[:len(lines)-1]
	if len(lines) < 3 {
		return false
	}
	padded, delimited := 0, 0
	width := len(bytes.TrimRight(lines[0], "\r"))
	for _, l := range lines {
		l = bytes.TrimRight(l, "\r")
		if len(l) == width && bytes.Count(bytes.TrimSpace(l), []byte("  ")) >= 3 {
			padded++
		}
		if bytes.IndexByte(l, d.delim) >= 0 {
			delimited++
		}
	}
	return padded*20 >= len(lines)*19 && delimited*10 <= len(lines)
}
