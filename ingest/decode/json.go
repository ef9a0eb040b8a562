package decode

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	// maxColumns bounds the keys of a JSON table, as XLSX bounds its columns.
	maxColumns = 16384
	// maxJSONDepth is how deep a table may stand inside a JSON document.
	maxJSONDepth = 4
)

// tableKeys are what a table is usually called where a document holds several.
var tableKeys = []string{"data", "records", "rows", "results", "result", "items", "list", "features", "value"}

// layout is where the objects of a JSON text are.
type layout struct {
	lines    bool   // one object after the other, not in an array
	path     string // keys down to the array, joined by dots; "" at the top
	offset   int64  // in the decoded text, behind the array's bracket
	line     int64
	features bool // GeoJSON: the columns are inside "properties"
	others   []string
}

// layoutOf reads a JSON text once to find its table.
func layoutOf(file string, src io.Reader, maxCell int, want string) (layout, error) {
	s := newJSONScanner(file, src, maxCell)
	c, err := s.space()
	if err != nil {
		return layout{}, s.ended(err)
	}
	switch c {
	case '[':
		s.pos++
		line, offset := s.line, s.offset()
		if c, err = s.space(); err != nil {
			return layout{}, s.ended(err)
		}
		switch c {
		case '{':
			return layout{offset: offset, line: line}, nil
		case ']':
			return layout{}, &Error{File: file, Line: line, Found: "an empty JSON array", Want: "an array of objects",
				Do: "send the file with its rows", Err: ErrEmpty}
		}
		return layout{}, &Error{File: file, Line: s.line, Found: "a JSON array of something else", Want: "an array of objects",
			Do: "write each row as {\"column\": value, ...}", Err: ErrFormat}
	case '{':
	default:
		return layout{}, s.unexpected(c, "an array of objects, or one object a line")
	}
	w := jsonWalk{scanner: s}
	if err := w.object("", 0); err != nil {
		return layout{}, err
	}
	switch c, err = s.space(); {
	case err == nil && c == '{':
		return layout{lines: true, line: 1}, nil
	case err == nil:
		return layout{}, s.unexpected(c, "the end of the text or another object")
	case !errors.Is(err, errJSONEnd):
		return layout{}, err
	}
	return w.choose(file, want)
}

// jsonWalk looks for arrays of objects inside an object.
type jsonWalk struct {
	scanner *jsonScanner
	found   []layout
	nested  bool // there are values that are objects or arrays
	geo     bool // the top object says that it is a FeatureCollection
}

// object walks an object; the scanner stands at its brace.
func (w *jsonWalk) object(path string, depth int) error {
	s := w.scanner
	s.pos++
	c, err := s.space()
	if err != nil {
		return s.ended(err)
	}
	if c == '}' {
		s.pos++
		return nil
	}
	for {
		raw, err := s.value()
		if err != nil {
			return err
		}
		key, ok := jsonKey(raw)
		if !ok {
			return s.unexpected(raw[0], "a key in double quotes")
		}
		if c, err = s.space(); err != nil {
			return s.ended(err)
		} else if c != ':' {
			return s.unexpected(c, "a colon")
		}
		s.pos++
		if c, err = s.space(); err != nil {
			return s.ended(err)
		}
		at := key
		if path != "" {
			at = path + "." + key
		}
		switch {
		case c == '[':
			w.nested = true
			s.pos++
			line, offset := s.line, s.offset()
			if c, err = s.space(); err != nil {
				return s.ended(err)
			}
			if c == '{' {
				w.found = append(w.found, layout{path: at, offset: offset, line: line})
			}
			err = s.skip(1)
		case c == '{' && depth < maxJSONDepth:
			w.nested = true
			err = w.object(at, depth+1)
		case c == '{':
			err = s.skip(0)
		default:
			raw, err = s.value()
			w.geo = w.geo || path == "" && key == "type" && string(raw) == `"FeatureCollection"`
		}
		if err != nil {
			return err
		}
		if c, err = s.space(); err != nil {
			return s.ended(err)
		}
		s.pos++
		if c == '}' {
			return nil
		} else if c != ',' {
			return s.unexpected(c, "a comma or a closing brace")
		}
		if _, err = s.space(); err != nil {
			return s.ended(err)
		}
	}
}

// choose picks the table of a document that is one object.
func (w *jsonWalk) choose(file, want string) (layout, error) {
	if len(w.found) == 0 {
		if !w.nested {
			return layout{lines: true, line: 1}, nil
		}
		return layout{}, &Error{File: file, Found: "a JSON object without an array of objects in it",
			Want: "an array of objects, or one object a line", Do: "write each row as {\"column\": value, ...}", Err: ErrFormat}
	}
	var paths []string
	for _, l := range w.found {
		paths = append(paths, l.path)
	}
	pick := -1
	if len(w.found) == 1 {
		pick = 0
	}
	for i, p := range paths {
		if want != "" && p == want {
			pick = i
		}
	}
	if pick < 0 {
		for i, p := range paths {
			if !slices.Contains(tableKeys, p[strings.LastIndexByte(p, '.')+1:]) {
				continue
			}
			if pick >= 0 {
				pick = -1
				break
			}
			pick = i
		}
	}
	if pick < 0 {
		return layout{}, &Error{File: file, Found: fmt.Sprintf("%d tables in one JSON document: %s", len(paths), strings.Join(paths, ", ")),
			Want: "one", Do: "name the one to read", Err: ErrFormat}
	}
	l := w.found[pick]
	l.features = w.geo && l.path == "features"
	l.others = slices.Delete(paths, pick, pick+1)
	return l, nil
}

// jsonTable reads the objects of a JSON text as rows. The first row is the
// header: every key of every object, in order of first appearance. A value is
// its text: numbers as they are written, strings without quotes, null as an
// empty cell, objects and arrays as compact JSON. Of a key that an object
// holds twice the last value counts, as in other JSON readers.
type jsonTable struct {
	file    string
	open    func(report bool) io.ReadCloser
	layout  layout
	maxCell int

	src     io.ReadCloser
	scan    *jsonScanner
	columns jsonColumns
	cells   [][]byte
	scratch []byte       // unescaped strings of the row
	compact bytes.Buffer // nested values of the row
	first   bool
	err     error
}

func (t *jsonTable) Name() string    { return t.layout.path }
func (t *jsonTable) Merges() []Range { return nil }

func (t *jsonTable) close() error {
	if t.src == nil {
		return nil
	}
	return t.src.Close()
}

func (t *jsonTable) Next() (Row, error) {
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

func (t *jsonTable) next() (Row, error) {
	if t.scan == nil {
		if err := t.collect(); err != nil {
			return Row{}, err
		}
		if err := t.start(true); err != nil {
			return Row{}, err
		}
		t.cells = make([][]byte, len(t.columns.names))
		for i, name := range t.columns.names {
			t.cells[i] = []byte(name)
		}
		return Row{Line: t.layout.line, Cells: t.cells}, nil
	}
	line, raw, err := t.object()
	if err != nil {
		return Row{}, err
	}
	clear(t.cells)
	t.scratch = t.scratch[:0]
	t.compact.Reset()
	err = t.members(line, raw, func(column int, value []byte) error {
		cell, err := t.cell(value)
		if err != nil {
			return err
		}
		if len(cell) > t.maxCell {
			return fmt.Errorf("a cell of %d bytes", len(cell))
		}
		t.cells[column] = cell
		return nil
	})
	if err != nil {
		return Row{}, err
	}
	return Row{Line: line, Cells: t.cells}, nil
}

// collect reads the whole text for its keys.
func (t *jsonTable) collect() error {
	if err := t.start(false); err != nil {
		return err
	}
	defer t.src.Close()
	t.columns = newJSONColumns()
	for {
		line, raw, err := t.object()
		if err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if err := t.members(line, raw, nil); err != nil {
			return err
		}
	}
}

// start opens the text at its first object.
func (t *jsonTable) start(report bool) error {
	t.src = t.open(report)
	if _, err := io.CopyN(io.Discard, t.src, t.layout.offset); err != nil {
		return fmt.Errorf("decode %s: %w", t.file, err)
	}
	t.scan = newJSONScanner(t.file, t.src, t.maxCell)
	t.scan.line = t.layout.line
	t.first = true
	return nil
}

// object returns the next object's text and line, io.EOF after the last one.
func (t *jsonTable) object() (int64, []byte, error) {
	c, err := t.scan.space()
	first := t.first
	t.first = false
	if t.layout.lines {
		if errors.Is(err, errJSONEnd) {
			return 0, nil, io.EOF
		}
	} else if err == nil {
		switch {
		case c == ']':
			return 0, nil, t.end()
		case first:
		case c != ',':
			return 0, nil, t.scan.unexpected(c, "a comma or a closing bracket")
		default:
			t.scan.pos++
			c, err = t.scan.space()
		}
	}
	if err != nil {
		return 0, nil, t.scan.ended(err)
	}
	if c != '{' {
		return 0, nil, t.scan.unexpected(c, "an object")
	}
	line := t.scan.line
	raw, err := t.scan.value()
	return line, raw, err
}

// end checks that nothing follows an array that is the whole text.
func (t *jsonTable) end() error {
	if t.layout.path != "" { // the walk has seen what follows
		return io.EOF
	}
	t.scan.pos++
	c, err := t.scan.space()
	if errors.Is(err, errJSONEnd) {
		return io.EOF
	} else if err != nil {
		return err
	}
	return t.scan.unexpected(c, "the end of the text")
}

// members calls member with the column and the text of each value of an
// object, or, where member is nil, collects the columns.
func (t *jsonTable) members(line int64, raw []byte, member func(column int, value []byte) error) error {
	p := jsonParser{b: raw}
	err := p.object(func(key, value []byte) error {
		if !t.layout.features || string(key) != "properties" || value[0] != '{' {
			if t.layout.features && string(key) == "type" {
				return nil // always "Feature"
			}
			return t.member(0, key, value, member)
		}
		q := jsonParser{b: value, base: p.pos - len(value)}
		err := q.object(func(key, value []byte) error { return t.member(1, key, value, member) })
		p.fail = max(p.fail, q.base+q.pos)
		return err
	})
	if err == nil {
		return nil
	}
	at := raw[:min(max(p.pos, p.fail), len(raw))]
	e := &Error{File: t.file, Line: line + int64(bytes.Count(at, []byte{'\n'})), Found: err.Error(),
		Want: "a JSON object", Do: "correct the object", Err: ErrFormat}
	if i := bytes.LastIndexByte(at, '\n'); i >= 0 {
		e.Col = utf8.RuneCount(at[i+1:]) + 1
	}
	return e
}

func (t *jsonTable) member(level int, key, value []byte, member func(int, []byte) error) error {
	if member == nil {
		return t.columns.add(level, key)
	}
	column, ok := t.columns.levels[level][string(key)]
	if !ok {
		return errors.New("a key that was not there a moment ago")
	}
	return member(column, value)
}

// cell returns a value's text. It is valid until the next object.
func (t *jsonTable) cell(value []byte) ([]byte, error) {
	switch value[0] {
	case 'n':
		return nil, nil
	case '"':
		if bytes.IndexByte(value, '\\') < 0 {
			return value[1 : len(value)-1 : len(value)-1], nil
		}
		begin := len(t.scratch)
		t.scratch = appendUnescaped(t.scratch, value[1:len(value)-1])
		return t.scratch[begin:len(t.scratch):len(t.scratch)], nil
	case '{', '[':
		begin := t.compact.Len()
		if err := json.Compact(&t.compact, value); err != nil {
			return nil, errors.New("a nested value that is no JSON")
		}
		b := t.compact.Bytes()
		return b[begin:len(b):len(b)], nil
	}
	return value, nil
}

// jsonColumns are the columns of a JSON table. Keys of the object and of a
// GeoJSON feature's properties are counted apart.
type jsonColumns struct {
	names  []string
	levels [2]map[string]int
}

func newJSONColumns() jsonColumns {
	return jsonColumns{levels: [2]map[string]int{{}, {}}}
}

func (c *jsonColumns) add(level int, key []byte) error {
	if _, ok := c.levels[level][string(key)]; ok {
		return nil
	}
	if len(c.names) == maxColumns {
		return fmt.Errorf("more than %d different keys", maxColumns)
	}
	c.levels[level][string(key)] = len(c.names)
	c.names = append(c.names, string(key))
	return nil
}

// jsonScanner reads JSON values one by one from a stream.
type jsonScanner struct {
	file     string
	src      io.Reader
	buf      []byte
	pos, end int
	read     int64 // bytes of the text before buf
	eof      bool
	line     int64
	max      int // bytes of a value that is kept
}

// errJSONEnd is the end of the text where a value might have begun.
var errJSONEnd = errors.New("end of text")

func newJSONScanner(file string, src io.Reader, maxCell int) *jsonScanner {
	return &jsonScanner{file: file, src: src, buf: make([]byte, scanBuffer), line: 1, max: 4 * maxCell}
}

func (s *jsonScanner) offset() int64 { return s.read + int64(s.pos) }

// fill reads more, keeping the bytes from keep on. It reports false at the end.
func (s *jsonScanner) fill(keep int) (bool, error) {
	if s.eof {
		return false, nil
	}
	if keep > 0 {
		s.read += int64(keep)
		s.end = copy(s.buf, s.buf[keep:s.end])
		s.pos -= keep
	}
	if s.end == len(s.buf) {
		if s.end > s.max {
			return false, &Error{File: s.file, Line: s.line, Found: fmt.Sprintf("a JSON value of more than %d bytes", s.max),
				Want: "smaller objects", Do: "look for a bracket that is not closed", Err: ErrFormat}
		}
		s.buf = append(s.buf, make([]byte, len(s.buf))...)
	}
	before := s.end
	for s.end < len(s.buf) && !s.eof {
		n, err := s.src.Read(s.buf[s.end:])
		s.end += n
		if errors.Is(err, io.EOF) {
			s.eof = true
		} else if err != nil {
			return false, fmt.Errorf("decode %s: %w", s.file, err)
		}
	}
	return s.end > before, nil
}

// space skips white space and returns the byte behind it, which is not
// consumed; errJSONEnd at the end of the text.
func (s *jsonScanner) space() (byte, error) {
	for {
		for ; s.pos < s.end; s.pos++ {
			switch c := s.buf[s.pos]; c {
			case '\n':
				s.line++
			case ' ', '\t', '\r':
			default:
				return c, nil
			}
		}
		if more, err := s.fill(s.pos); err != nil {
			return 0, err
		} else if !more {
			return 0, errJSONEnd
		}
	}
}

// value consumes the value that begins at pos and returns its bytes, valid
// until the next call. It looks at brackets and strings only.
func (s *jsonScanner) value() ([]byte, error) {
	m := jsonMatcher{}
	for i := s.pos; ; {
		n, done := m.match(s.buf[i:s.end])
		i += n
		if done {
			raw := s.buf[s.pos:i]
			s.line += int64(bytes.Count(raw, []byte{'\n'}))
			s.pos = i
			if len(raw) == 0 {
				return nil, s.unexpected(s.buf[i], "a value")
			}
			return raw, nil
		}
		i -= s.pos
		if more, err := s.fill(s.pos); err != nil {
			return nil, err
		} else if !more {
			if m.scalar() {
				raw := s.buf[s.pos:s.end]
				s.pos = s.end
				return raw, nil
			}
			return nil, s.ended(errJSONEnd)
		}
		i += s.pos
	}
}

// skip consumes a value without keeping it: the rest of the array or object
// that depth brackets were consumed of, or with 0 the value at pos.
func (s *jsonScanner) skip(depth int) error {
	m := jsonMatcher{depth: depth}
	for {
		n, done := m.match(s.buf[s.pos:s.end])
		s.line += int64(bytes.Count(s.buf[s.pos:s.pos+n], []byte{'\n'}))
		s.pos += n
		if done {
			return nil
		}
		if more, err := s.fill(s.pos); err != nil {
			return err
		} else if !more {
			return s.ended(errJSONEnd)
		}
	}
}

func (s *jsonScanner) unexpected(c byte, want string) error {
	return &Error{File: s.file, Line: s.line, Found: strconv.QuoteRune(s.runeAt(c)), Want: want,
		Do: "correct the JSON text", Err: ErrFormat}
}

// runeAt is the character that begins with c at pos, for messages.
func (s *jsonScanner) runeAt(c byte) rune {
	if s.pos < s.end && s.buf[s.pos] == c {
		r, _ := utf8.DecodeRune(s.buf[s.pos:s.end])
		return r
	}
	return rune(c)
}

// ended makes the end of the text, where it is no place to end, a truncation.
func (s *jsonScanner) ended(err error) error {
	if !errors.Is(err, errJSONEnd) {
		return err
	}
	return &Error{File: s.file, Line: s.line, Found: "the end of the text in the middle of a JSON value",
		Want: "its closing bracket", Do: "send the whole file", Err: ErrCorrupt}
}

// jsonMatcher finds the end of a JSON value that comes in pieces.
type jsonMatcher struct {
	depth            int
	inString, escape bool
	begun            bool
}

func (m *jsonMatcher) scalar() bool { return m.begun && m.depth == 0 && !m.inString }

// match returns how many bytes of b belong to the value and whether it ends there.
func (m *jsonMatcher) match(b []byte) (int, bool) {
	for i := 0; i < len(b); i++ {
		c := b[i]
		if m.inString {
			switch {
			case m.escape:
				m.escape = false
			case c == '\\':
				m.escape = true
			case c == '"':
				m.inString = false
				if m.depth == 0 {
					return i + 1, true
				}
			}
			continue
		}
		switch c {
		case '"':
			if m.depth == 0 && m.begun {
				return i, true
			}
			m.inString, m.begun = true, true
		case '{', '[':
			if m.depth == 0 && m.begun {
				return i, true
			}
			m.depth++
			m.begun = true
		case '}', ']':
			if m.depth == 0 {
				return i, true
			}
			if m.depth--; m.depth == 0 {
				return i + 1, true
			}
		case ',', ':', ' ', '\t', '\r', '\n':
			if m.depth == 0 {
				return i, true
			}
		default:
			m.begun = true
		}
	}
	return len(b), false
}

// jsonParser reads one object that is whole in memory.
type jsonParser struct {
	b    []byte
	pos  int
	base int // of b in the outer object
	fail int // where an inner object failed
}

func (p *jsonParser) space() byte {
	for p.pos < len(p.b) {
		switch c := p.b[p.pos]; c {
		case ' ', '\t', '\r', '\n':
			p.pos++
		default:
			return c
		}
	}
	return 0
}

// object calls member with each key and the bytes of its value. p.pos stands
// behind the value during the call, and at the fault after an error.
func (p *jsonParser) object(member func(key, value []byte) error) error {
	p.pos++
	if p.space() == '}' {
		return p.finish()
	}
	for {
		if p.space() != '"' {
			return errors.New("something other than a key in double quotes")
		}
		raw, err := p.string()
		if err != nil {
			return err
		}
		key := raw[1 : len(raw)-1]
		if bytes.IndexByte(key, '\\') >= 0 {
			key = appendUnescaped(nil, key)
		}
		if p.space() != ':' {
			return errors.New("a key without a colon")
		}
		p.pos++
		p.space()
		value, err := p.value()
		if err != nil {
			return err
		}
		if err := member(key, value); err != nil {
			return err
		}
		switch p.space() {
		case ',':
			p.pos++
		case '}':
			return p.finish()
		default:
			return errors.New("a value without a comma or closing brace behind it")
		}
	}
}

func (p *jsonParser) finish() error {
	if p.pos++; p.pos != len(p.b) {
		return errors.New("brackets that do not match")
	}
	return nil
}

func (p *jsonParser) value() ([]byte, error) {
	begin := p.pos
	if begin == len(p.b) {
		return nil, errors.New("a missing value")
	}
	switch p.b[begin] {
	case ',', '}', ']':
		return nil, errors.New("a missing value")
	case '"':
		return p.string()
	case '{', '[':
		m := jsonMatcher{}
		n, done := m.match(p.b[begin:])
		if !done || !json.Valid(p.b[begin:begin+n]) {
			return nil, errors.New("a nested value that is no JSON")
		}
		p.pos += n
	default:
		for p.pos < len(p.b) && bytes.IndexByte([]byte(",}] \t\r\n"), p.b[p.pos]) < 0 {
			p.pos++
		}
		if !scalarJSON(p.b[begin:p.pos]) {
			word := p.b[begin:p.pos]
			p.pos = begin
			return nil, fmt.Errorf("%.40q, which is no JSON value", word)
		}
	}
	return p.b[begin:p.pos], nil
}

// string reads a string with its quotes.
func (p *jsonParser) string() ([]byte, error) {
	begin := p.pos
	for p.pos++; p.pos < len(p.b); p.pos++ {
		switch c := p.b[p.pos]; {
		case c == '"':
			p.pos++
			return p.b[begin:p.pos], nil
		case c == '\\':
			p.pos++
			if p.pos == len(p.b) {
				return nil, errors.New("a string that is not closed")
			}
			switch p.b[p.pos] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			case 'u':
				if _, ok := hex4(p.b[p.pos+1:]); !ok {
					return nil, errors.New(`a \u without four hexadecimal digits`)
				}
			default:
				return nil, fmt.Errorf("an escape of %q", p.b[p.pos])
			}
		case c < 0x20:
			return nil, fmt.Errorf("a control character %#02x in a string", c)
		}
	}
	return nil, errors.New("a string that is not closed")
}

// jsonKey returns the text of a string with its quotes.
func jsonKey(raw []byte) (string, bool) {
	if len(raw) < 2 || raw[0] != '"' || raw[len(raw)-1] != '"' {
		return "", false
	}
	if raw = raw[1 : len(raw)-1]; bytes.IndexByte(raw, '\\') < 0 {
		return string(raw), true
	}
	return string(appendUnescaped(nil, raw)), true
}

// scalarJSON reports whether b is a number, true, false or null (RFC 8259).
func scalarJSON(b []byte) bool {
	switch string(b) {
	case "true", "false", "null":
		return true
	}
	digits := func() bool {
		n := 0
		for n < len(b) && b[n] >= '0' && b[n] <= '9' {
			n++
		}
		b = b[n:]
		return n > 0
	}
	b = bytes.TrimPrefix(b, []byte{'-'})
	if len(b) > 1 && b[0] == '0' && b[1] >= '0' && b[1] <= '9' {
		return false
	}
	if !digits() {
		return false
	}
	if len(b) > 0 && b[0] == '.' {
		b = b[1:]
		if !digits() {
			return false
		}
	}
	if len(b) > 0 && (b[0] == 'e' || b[0] == 'E') {
		b = b[1:]
		if len(b) > 0 && (b[0] == '+' || b[0] == '-') {
			b = b[1:]
		}
		if !digits() {
			return false
		}
	}
	return len(b) == 0
}

// appendUnescaped appends the text of a string between its quotes. Half a
// surrogate pair becomes U+FFFD.
func appendUnescaped(dst, b []byte) []byte {
	for {
		k := bytes.IndexByte(b, '\\')
		if k < 0 || k+1 == len(b) {
			return append(dst, b...)
		}
		dst = append(dst, b[:k]...)
		c := b[k+1]
		b = b[k+2:]
		switch c {
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			r, ok := hex4(b)
			if !ok {
				continue
			}
			b = b[4:]
			if utf16.IsSurrogate(r) {
				var low rune
				if len(b) >= 6 && b[0] == '\\' && b[1] == 'u' {
					low, _ = hex4(b[2:])
				}
				if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
					b = b[6:]
				}
			}
			dst = utf8.AppendRune(dst, r)
		default:
			dst = append(dst, c)
		}
	}
}

func hex4(b []byte) (rune, bool) {
	if len(b) < 4 {
		return 0, false
	}
	var r rune
	for _, c := range b[:4] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}
