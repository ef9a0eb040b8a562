package decode

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"unicode/utf8"
)

// dialect is how a delimited text is written.
type dialect struct {
	delim byte
	eol   byte // '\n', which covers CRLF, or '\r' alone
	skip  int  // bytes before the first record: a "sep=;" line
	// escapes: a quote inside a quoted cell is written \", a backslash \\.
	escapes bool
	// widths, where set, are the columns in characters; no quotes count.
	widths []int
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
		line := t.line
		if t.quote < t.start+n {
			var complete bool
			var err error
			if used, complete, err = t.splitQuoted(t.buf[t.start:t.end]); err != nil {
				return Row{}, err
			} else if !complete {
				if err := t.fill(); err != nil {
					return Row{}, err
				}
				continue
			}
			t.line += int64(bytes.Count(t.buf[t.start:t.start+used], []byte{t.dialect.eol}))
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
		return Row{Line: line, Cells: t.cells}, nil
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
	if len(record) > 4*t.maxCell || len(record)-bytes.LastIndexByte(record, t.dialect.delim) > t.maxCell {
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
		record = bytes.TrimSuffix(record, []byte{'\r'})
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
				if !t.eof {
					if len(b)-pos > t.maxCell+1 {
						return 0, false, t.unclosed(b, pos, fmt.Sprintf("a quote that is not closed within %d bytes", t.maxCell))
					}
					return 0, false, nil
				}
				return 0, false, t.unclosed(b, pos, "a quote that is never closed")
			case quoteClosed:
				t.cells = append(t.cells, cell)
				if next < len(b) && b[next] == t.dialect.delim {
					pos = next + 1
					continue
				}
				if next < len(b) && b[next] == '\r' && t.dialect.eol == '\n' {
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
		}
		if k := bytes.IndexByte(b[pos:lineEnd], t.dialect.delim); k >= 0 {
			t.cells = append(t.cells, b[pos:pos+k:pos+k])
			pos += k + 1
			continue
		}
		cell := b[pos:lineEnd:lineEnd]
		if t.dialect.eol == '\n' {
			cell = bytes.TrimSuffix(cell, []byte{'\r'})
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
		case i == len(b), b[i] == t.dialect.delim, b[i] == t.dialect.eol,
			b[i] == '\r' && (i+1 == len(b) || b[i+1] == '\n'):
		default:
			t.quotes.loose++
			return nil, 0, quoteText
		}
		t.quotes.count(doubled, escaped)
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

// unclosed names the line on which a quote opened.
func (t *csvTable) unclosed(b []byte, pos int, found string) error {
	before := b[:pos]
	line := t.line + int64(bytes.Count(before, []byte{t.dialect.eol}))
	lineStart := bytes.LastIndexByte(before, t.dialect.eol) + 1
	return &Error{File: t.file, Line: line, Col: utf8.RuneCount(before[lineStart:]) + 1, Found: found,
		Want: "a closing quote before a delimiter or line end",
		Do:   "close the cell, or double the quote inside a quoted cell", Err: ErrFormat}
}

// sampleSize is how much of a text its dialect is decided on.
const sampleSize = 64 << 10

// delimiters are the ones known, the likelier first.
var delimiters = []byte{',', '\t', ';', '|'}

// dialectOf decides how a text is written from its first bytes. whole says
// that head is all of the text; asked, if not empty, is the delimiter.
func dialectOf(head []byte, whole bool, asked string) dialect {
	d := dialect{delim: ',', eol: lineEnd(head)}
	if rest, ok := bytes.CutPrefix(head, []byte("sep=")); ok && len(rest) > 1 && bytes.IndexByte(delimiters, rest[0]) >= 0 && (asked == "" || asked[0] == rest[0]) {
		// Excel's own way of naming the delimiter, on a line of its own.
		d.delim = rest[0]
		if end := bytes.IndexByte(head, d.eol); end >= 0 && len(bytes.TrimSpace(head[5:end])) == 0 {
			d.skip = end + 1
			return d
		}
	}
	candidates := delimiters
	if asked != "" {
		candidates = []byte(asked)
	}
	best := 0.0
	for i, c := range candidates {
		trial, score := withEscapes(head, whole, dialect{delim: c, eol: d.eol})
		if i == 0 || score > best {
			d, best = trial, score
		}
	}
	return d
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
