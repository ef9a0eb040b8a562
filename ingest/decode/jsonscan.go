package decode

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

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
	return &jsonScanner{file: file, src: src, buf: make([]byte, scanBuffer/32), line: 1, max: 4 * maxCell}
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
		if s.end >= s.max {
			return false, &Error{File: s.file, Line: s.line, Found: fmt.Sprintf("a JSON value of more than %d bytes", s.max),
				Want: "smaller objects", Do: "look for a bracket that is not closed", Err: ErrFormat}
		}
		s.grow(2 * len(s.buf))
	} else if s.read > 0 && len(s.buf) < scanBuffer { // the text is no short one
		s.grow(scanBuffer)
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

func (s *jsonScanner) grow(n int) {
	b := make([]byte, n)
	copy(b, s.buf[:s.end])
	s.buf = b
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

// key consumes the next key of an object with its colon, or the closing brace.
// The scanner stands behind the opening brace, where first, or behind a value.
func (s *jsonScanner) key(first bool) (key string, done bool, err error) {
	c, err := s.space()
	if err != nil {
		return "", false, s.ended(err)
	}
	switch {
	case c == '}':
		s.pos++
		return "", true, nil
	case first:
	case c != ',':
		return "", false, s.unexpected(c, "a comma or a closing brace")
	default:
		s.pos++
		if _, err = s.space(); err != nil {
			return "", false, s.ended(err)
		}
	}
	raw, err := s.value()
	if err != nil {
		return "", false, err
	}
	key, ok := jsonKey(raw)
	if !ok {
		return "", false, s.unexpected(raw[0], "a key in double quotes")
	}
	if _, err := (&jsonParser{b: raw}).string(); err != nil {
		return "", false, &Error{File: s.file, Line: s.line, Found: err.Error(), Want: "a key", Do: "correct the JSON text", Err: ErrFormat}
	}
	if c, err = s.space(); err != nil {
		return "", false, s.ended(err)
	} else if c != ':' {
		return "", false, s.unexpected(c, "a colon")
	}
	s.pos++
	return key, false, nil
}

// element consumes the next value of an array and returns its line and bytes,
// or consumes the closing bracket: io.EOF. It stands as key does.
func (s *jsonScanner) element(first bool) (int64, []byte, error) {
	c, err := s.space()
	if err != nil {
		return 0, nil, s.ended(err)
	}
	switch {
	case c == ']':
		s.pos++
		return 0, nil, io.EOF
	case first:
	case c != ',':
		return 0, nil, s.unexpected(c, "a comma or a closing bracket")
	default:
		s.pos++
		if _, err = s.space(); err != nil {
			return 0, nil, s.ended(err)
		}
	}
	line := s.line
	raw, err := s.value()
	return line, raw, err
}

// finished is io.EOF where nothing more stands in the text.
func (s *jsonScanner) finished() error {
	c, err := s.space()
	if errors.Is(err, errJSONEnd) {
		return io.EOF
	} else if err != nil {
		return err
	}
	return s.unexpected(c, "the end of the text")
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

// jsonParser reads one value that is whole in memory.
type jsonParser struct {
	b    []byte
	pos  int
	base int // of b in the outer object
	fail int // where an inner object failed
	// checked: b is part of a value that was found to be JSON.
	checked bool
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

// array calls element with the bytes of each value. p.pos stands as in object.
func (p *jsonParser) array(element func(value []byte) error) error {
	p.pos++
	if p.space() == ']' {
		return p.finish()
	}
	for {
		p.space()
		value, err := p.value()
		if err != nil {
			return err
		}
		if err := element(value); err != nil {
			return err
		}
		switch p.space() {
		case ',':
			p.pos++
		case ']':
			return p.finish()
		default:
			return errors.New("a value without a comma or closing bracket behind it")
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
		if !done || !p.checked && !json.Valid(p.b[begin:begin+n]) {
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
