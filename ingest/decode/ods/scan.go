package ods

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

// scanner cuts XML into tags and the text before each. It knows just enough of
// XML for the content of a spreadsheet: UTF-8, no document types, no entities
// but XML's own, prefixes as they are written. Every byte is looked at once,
// whatever the part holds.
type scanner struct {
	r        io.Reader
	buf      []byte
	pos, end int
	eof      bool
	max      int   // bytes of one tag, or of the text between two
	base     int64 // of buf, in the part

	// depth is how many elements are open after the tag.
	depth int

	// What next found, valid until the next call.
	name   []byte // of the tag, without its namespace prefix
	prefix []byte // with the colon, or none
	attrs  []byte // of the tag, as written
	offset int64  // of the tag, in the part
	close  bool   // </name>
	empty  bool   // <name/>

	text []byte // before the tag, as written
	// done is the text before that, up to the last comment, CDATA section or
	// processing instruction, already resolved.
	done []byte
}

// maxDepth is far from what spreadsheets need, which is about 12.
const maxDepth = 256

// newScanner reads r. No text or tag may be larger than limit, in bytes.
func newScanner(r io.Reader, limit int) *scanner {
	return &scanner{r: r, buf: make([]byte, 128<<10), max: limit + 4096}
}

// next moves to the next tag; io.EOF after the last.
func (s *scanner) next() error {
	s.done = s.done[:0]
	for {
		lt, err := s.index(0, "<")
		if err != nil {
			return err
		}
		s.text = s.buf[s.pos : s.pos+lt]
		if err := s.need(lt + 2); err != nil {
			return err
		}
		switch s.buf[s.pos+lt+1] {
		case '?':
			err = s.pass(lt, "<?", "?>")
		case '!':
			err = s.section(lt)
		default:
			return s.tag(lt + 1)
		}
		if err != nil {
			return err
		}
	}
}

// section passes what begins with <! at offset lt: a comment or CDATA.
func (s *scanner) section(lt int) error {
	const comment, cdata = "<!--", "<![CDATA["
	if s.has(lt, comment) {
		return s.pass(lt, comment, "-->")
	}
	if !s.has(lt, cdata) {
		return fmt.Errorf("%w: a document type, or other markup that no spreadsheet needs", ErrCorrupt)
	}
	return s.pass(lt, cdata, "]]>")
}

// pass goes past a piece of markup at offset lt, keeping the text before it,
// and its own if it is CDATA.
func (s *scanner) pass(lt int, begin, end string) error {
	from := lt + len(begin)
	to, err := s.index(from, end)
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: no %s after %s", ErrCorrupt, end, begin)
	} else if err != nil {
		return err
	}
	b := s.buf[s.pos:s.end]
	if begin == "<?" && !utf8Declared(b[from:to]) {
		return fmt.Errorf("%w: a part that is not UTF-8", ErrCorrupt)
	}
	s.done = unescape(s.done, b[:lt])
	if end == "]]>" {
		s.done = newlines(s.done, b[from:to])
	}
	if len(s.done) > s.max {
		return fmt.Errorf("%w: a text of more than %d bytes", ErrLimit, s.max)
	}
	s.pos += to + len(end)
	return nil
}

// utf8Declared reports whether a processing instruction is none that declares
// another encoding. Nothing is known to write spreadsheets in one.
func utf8Declared(pi []byte) bool {
	if !bytes.HasPrefix(pi, []byte("xml ")) {
		return true
	}
	enc := attribute(pi[len("xml"):], "encoding")
	return enc == nil || bytes.EqualFold(enc, []byte("utf-8")) || bytes.EqualFold(enc, []byte("us-ascii"))
}

// tag reads the tag whose name begins at offset from.
func (s *scanner) tag(from int) error {
	end, err := s.tagEnd(from)
	if err != nil {
		return err
	}
	b := s.buf[s.pos:s.end]
	s.text = b[:from-1]
	first, last := from, end
	s.close = b[from] == '/'
	s.empty = b[end-1] == '/' && !s.close
	if s.close {
		first++
	}
	if s.empty {
		last--
	}
	nameFrom, nameTo := first, first
	for ; nameTo < last && b[nameTo] != '/' && !space(b[nameTo]); nameTo++ {
		if b[nameTo] == ':' {
			nameFrom = nameTo + 1
		}
	}
	s.prefix, s.name, s.attrs = b[first:nameFrom], b[nameFrom:nameTo], b[nameTo:last]
	s.offset = s.base + int64(s.pos+from-1)
	s.pos += end + 1
	switch {
	case len(s.name) == 0:
		return fmt.Errorf("%w: a tag without a name", ErrCorrupt)
	case s.close:
		s.depth--
	case !s.empty:
		s.depth++
	}
	if s.depth < 0 {
		return fmt.Errorf("%w: an element ends that did not begin", ErrCorrupt)
	}
	if s.depth > maxDepth {
		return fmt.Errorf("%w: more than %d elements within each other", ErrLimit, maxDepth)
	}
	return nil
}

// tagEnd returns the offset of the > that ends the tag at offset from.
func (s *scanner) tagEnd(from int) (int, error) {
	b := s.buf[s.pos:s.end]
	// Most often it is the first one, and looking for quotes before it is half
	// the time of looking at each byte.
	if n := bytes.IndexByte(b[from:], '>'); n >= 0 {
		tag := b[from : from+n]
		if bytes.Count(tag, []byte{'"'})%2 == 0 && bytes.IndexByte(tag, '\'') < 0 {
			return from + n, nil
		}
	}
	var quote byte
	for i := from; ; i++ {
		if i == len(b) {
			if err := s.need(i + 1); err != nil {
				return 0, err
			}
			b = s.buf[s.pos:s.end]
		}
		switch c := b[i]; {
		case quote != 0: // a > may stand in a value
			if c == quote {
				quote = 0
			}
		case c == '>':
			return i, nil
		case c == '"' || c == '\'':
			quote = c
		}
	}
}

// parents returns how many elements the one of the tag stands in.
func (s *scanner) parents() int {
	if s.close || s.empty {
		return s.depth
	}
	return s.depth - 1
}

// skip passes the rest of the element whose opening tag was found last.
func (s *scanner) skip() error {
	if s.empty {
		return nil
	}
	for outside := s.depth - 1; s.depth > outside; {
		if err := s.next(); errors.Is(err, io.EOF) {
			return fmt.Errorf("%w: an element has no end", ErrCorrupt)
		} else if err != nil {
			return err
		}
	}
	return nil
}

// appendText appends the text before the tag, entities resolved.
func (s *scanner) appendText(dst []byte) []byte {
	return unescape(append(dst, s.done...), s.text)
}

// has reports whether what stands at offset off begins with prefix.
func (s *scanner) has(off int, prefix string) bool {
	return s.need(off+len(prefix)) == nil && string(s.buf[s.pos+off:s.pos+off+len(prefix)]) == prefix
}

// index returns the offset from pos of the first sep at or after offset from.
func (s *scanner) index(from int, sep string) (int, error) {
	for {
		b := s.buf[s.pos:s.end]
		if from < len(b) {
			var i int
			if len(sep) == 1 {
				i = bytes.IndexByte(b[from:], sep[0])
			} else {
				i = bytes.Index(b[from:], []byte(sep))
			}
			if i >= 0 {
				return from + i, nil
			}
			from = max(from, len(b)-len(sep)+1)
		}
		if s.eof {
			return 0, io.EOF
		}
		if err := s.fill(); err != nil {
			return 0, err
		}
	}
}

// need reads on until n bytes lie from pos on.
func (s *scanner) need(n int) error {
	for s.end-s.pos < n {
		if s.eof {
			return fmt.Errorf("%w: the part ends inside a tag", ErrCorrupt)
		}
		if err := s.fill(); err != nil {
			return err
		}
	}
	return nil
}

// fill reads more, keeping what lies from pos on.
func (s *scanner) fill() error {
	if s.pos > 0 {
		s.base += int64(s.pos)
		s.end = copy(s.buf, s.buf[s.pos:s.end])
		s.pos = 0
	}
	if s.end == len(s.buf) {
		if len(s.buf) > s.max {
			return fmt.Errorf("%w: a tag or a text of more than %d bytes", ErrLimit, s.max)
		}
		s.buf = append(s.buf, make([]byte, len(s.buf))...)
	}
	for range 100 {
		n, err := s.r.Read(s.buf[s.end:])
		s.end += n
		if errors.Is(err, io.EOF) {
			s.eof = true
			return nil
		} else if err != nil {
			return err
		}
		if n > 0 {
			return nil
		}
	}
	return io.ErrNoProgress
}

// nextAttribute cuts the first attribute off: its name, its value as written
// and the rest. The name is nil after the last.
func nextAttribute(attrs []byte) (name, value, rest []byte) {
	i := 0
	for i < len(attrs) && space(attrs[i]) {
		i++
	}
	from := i
	for i < len(attrs) && attrs[i] != '=' && !space(attrs[i]) {
		i++
	}
	name = attrs[from:i]
	for i < len(attrs) && (attrs[i] == '=' || space(attrs[i])) {
		i++
	}
	if i >= len(attrs) || attrs[i] != '"' && attrs[i] != '\'' {
		return nil, nil, nil
	}
	end := bytes.IndexByte(attrs[i+1:], attrs[i])
	if end < 0 {
		return nil, nil, nil
	}
	return name, attrs[i+1 : i+1+end], attrs[i+2+end:]
}

func space(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// attribute returns the value of the attribute of that name, whatever its
// prefix, nil if there is none.
func attribute(attrs []byte, name string) []byte {
	for {
		n, value, rest := nextAttribute(attrs)
		if n == nil || string(local(n)) == name {
			return value
		}
		attrs = rest
	}
}

// local returns a name without its prefix; none for what LibreOffice adds to
// the standard's attributes under the same names.
func local(name []byte) []byte {
	i := bytes.IndexByte(name, ':')
	if i >= 0 && string(name[:i]) == "calcext" {
		return nil
	}
	return name[i+1:]
}

// unescape appends text with XML's entities resolved and its line ends made \n
// (XML 1.0, 2.11). What is no entity stays as it is.
func unescape(dst, text []byte) []byte {
	for {
		amp := bytes.IndexByte(text, '&')
		if amp < 0 {
			return newlines(dst, text)
		}
		dst = newlines(dst, text[:amp])
		text = text[amp:]
		semi := bytes.IndexByte(text[:min(len(text), 12)], ';')
		r, ok := rune(0), false
		if semi > 0 {
			r, ok = entity(string(text[1:semi]))
		}
		if !ok {
			dst, text = append(dst, '&'), text[1:]
			continue
		}
		dst, text = utf8.AppendRune(dst, r), text[semi+1:]
	}
}

func entity(name string) (rune, bool) {
	switch name {
	case "amp":
		return '&', true
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "quot":
		return '"', true
	case "apos":
		return '\'', true
	}
	if len(name) < 2 || name[0] != '#' {
		return 0, false
	}
	base, digits := 10, name[1:]
	if digits[0] == 'x' {
		base, digits = 16, digits[1:]
	}
	n, err := strconv.ParseUint(digits, base, 21)
	return rune(n), err == nil
}

// newlines appends text, \r\n and \r as \n.
func newlines(dst, text []byte) []byte {
	for {
		cr := bytes.IndexByte(text, '\r')
		if cr < 0 {
			return append(dst, text...)
		}
		dst = append(append(dst, text[:cr]...), '\n')
		if text = text[cr+1:]; len(text) > 0 && text[0] == '\n' {
			text = text[1:]
		}
	}
}
