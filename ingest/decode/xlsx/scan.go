package xlsx

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

// scanner cuts XML into tags and the text before them. It knows just enough of
// XML for the parts of a workbook: no document types, no entities but XML's own.
type scanner struct {
	r        io.Reader
	buf      []byte
	pos, end int
	eof      bool
	max      int
	// cdata is text that came as CDATA before the next tag.
	cdata []byte
}

func newScanner(r io.Reader, max int) *scanner {
	return &scanner{r: r, buf: make([]byte, 256<<10), max: max + 4096}
}

// fill reads more, keeping what lies from pos on.
func (s *scanner) fill() error {
	if s.eof {
		return io.ErrUnexpectedEOF
	}
	if s.pos > 0 {
		copy(s.buf, s.buf[s.pos:s.end])
		s.end -= s.pos
		s.pos = 0
	}
	if s.end == len(s.buf) {
		if len(s.buf) > s.max {
			return fmt.Errorf("%w: a cell of more than %d bytes", ErrLimit, s.max)
		}
		s.buf = append(s.buf, make([]byte, len(s.buf))...)
	}
	for tries := 0; tries < 100; tries++ {
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

// next returns the text before the next tag and the tag without its brackets:
// `c r="A1"`, `/c`, `c r="A1"/`. Both are valid until the call after.
func (s *scanner) next() (text, tag []byte, err error) {
	s.cdata = s.cdata[:0]
	from := 0 // of the search, relative to pos
	for {
		b := s.buf[s.pos:s.end]
		lt := bytes.IndexByte(b[from:], '<')
		if lt < 0 {
			from = len(b)
			if err := s.more(); err != nil {
				return nil, nil, err
			}
			continue
		}
		lt += from
		gt, err := s.close(lt)
		if err != nil {
			return nil, nil, err
		}
		b = s.buf[s.pos:s.end]
		text, tag = b[:lt], b[lt+1:gt]
		s.pos += gt + 1
		if len(tag) == 0 {
			return nil, nil, fmt.Errorf("%w: an empty tag", ErrCorrupt)
		}
		switch tag[0] {
		case '?':
			from = 0
			continue
		case '!':
			if bytes.HasPrefix(tag, []byte("![CDATA[")) {
				s.cdata = append(append(s.cdata, text...), tag[len("![CDATA["):len(tag)-2]...)
				from = 0
				continue
			}
			if bytes.HasPrefix(tag, []byte("!--")) {
				s.cdata = append(s.cdata, text...)
				from = 0
				continue
			}
			return nil, nil, fmt.Errorf("%w: a document type in a part", ErrCorrupt)
		}
		if len(s.cdata) > 0 {
			s.cdata = append(s.cdata, text...)
			text = s.cdata
		}
		return text, tag, nil
	}
}

// more reads on, or says that the part ended.
func (s *scanner) more() error {
	if s.eof {
		return io.EOF
	}
	return s.fill()
}

// close finds the end of the tag that begins at lt, relative to pos.
func (s *scanner) close(lt int) (int, error) {
	at := lt + 1
	for {
		b := s.buf[s.pos:s.end]
		var ends []byte
		switch rest := b[lt+1:]; {
		case len(rest) < 8 && !s.eof:
			if err := s.fill(); err != nil {
				return 0, err
			}
			continue
		case bytes.HasPrefix(rest, []byte("!--")):
			ends = []byte("-->")
		case bytes.HasPrefix(rest, []byte("![CDATA[")):
			ends = []byte("]]>")
		}
		if ends != nil {
			if i := bytes.Index(b[lt+4:], ends); i >= 0 {
				return lt + 4 + i + len(ends) - 1, nil
			}
		} else if gt := bytes.IndexByte(b[at:], '>'); gt >= 0 {
			gt += at
			// A > may stand inside a quoted value.
			if tag := b[lt:gt]; bytes.IndexByte(tag, '"') < 0 && bytes.IndexByte(tag, '\'') < 0 || balanced(tag) {
				return gt, nil
			}
			at = gt + 1
			continue
		}
		if s.eof {
			return 0, fmt.Errorf("%w: the part ends inside a tag", ErrCorrupt)
		}
		if err := s.fill(); err != nil {
			return 0, err
		}
	}
}

func balanced(tag []byte) bool {
	var quote byte
	for _, c := range tag {
		switch {
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case c == quote:
			quote = 0
		}
	}
	return quote == 0
}

// local returns the name of a tag without its namespace prefix: c, /c.
func local(tag []byte) []byte {
	n := len(tag)
	for i, c := range tag {
		if c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '/' && i > 0 {
			n = i
			break
		}
	}
	name := tag[:n]
	if i := bytes.IndexByte(name, ':'); i >= 0 {
		if name[0] == '/' {
			return append([]byte{'/'}, name[i+1:]...)
		}
		return name[i+1:]
	}
	return name
}

func closed(tag []byte) bool { return tag[len(tag)-1] == '/' }

// attribute returns the raw value of an attribute without namespace.
func attribute(tag []byte, name string) []byte {
	for i := 0; i+len(name)+2 < len(tag); i++ {
		if tag[i] != ' ' && tag[i] != '\t' && tag[i] != '\n' && tag[i] != '\r' {
			if tag[i] == '"' || tag[i] == '\'' { // skip values
				end := bytes.IndexByte(tag[i+1:], tag[i])
				if end < 0 {
					return nil
				}
				i += end + 1
			}
			continue
		}
		rest := tag[i+1:]
		if len(rest) > len(name)+1 && string(rest[:len(name)]) == name && rest[len(name)] == '=' {
			rest = rest[len(name)+1:]
			end := bytes.IndexByte(rest[1:], rest[0])
			if end < 0 {
				return nil
			}
			return rest[1 : end+1]
		}
	}
	return nil
}

// reference reads A1, perhaps with dollar signs, as row and column from 1.
func reference(ref []byte) (row int64, col int, ok bool) {
	i := 0
	for ; i < len(ref); i++ {
		c := ref[i]
		if c == '$' {
			continue
		}
		if c >= 'a' && c <= 'z' {
			c -= 'a' - 'A'
		}
		if c < 'A' || c > 'Z' || col > maxColumns {
			break
		}
		col = col*26 + int(c-'A') + 1
	}
	for ; i < len(ref); i++ {
		if ref[i] == '$' {
			continue
		}
		if ref[i] < '0' || ref[i] > '9' || row > 1<<32 {
			return 0, 0, false
		}
		row = row*10 + int64(ref[i]-'0')
	}
	return row, col, col >= 1 && col <= maxColumns
}

// unescape appends text with XML's entities resolved.
func unescape(dst, text []byte) []byte {
	for {
		amp := bytes.IndexByte(text, '&')
		if amp < 0 {
			return append(dst, text...)
		}
		dst = append(dst, text[:amp]...)
		text = text[amp:]
		semi := bytes.IndexByte(text[:min(len(text), 12)], ';')
		if semi < 0 {
			dst, text = append(dst, '&'), text[1:]
			continue
		}
		switch name := string(text[1:semi]); {
		case name == "amp":
			dst = append(dst, '&')
		case name == "lt":
			dst = append(dst, '<')
		case name == "gt":
			dst = append(dst, '>')
		case name == "quot":
			dst = append(dst, '"')
		case name == "apos":
			dst = append(dst, '\'')
		case len(name) > 1 && name[0] == '#':
			base, digits := 10, name[1:]
			if digits[0] == 'x' || digits[0] == 'X' {
				base, digits = 16, digits[1:]
			}
			if n, err := strconv.ParseUint(digits, base, 21); err == nil {
				dst = utf8.AppendRune(dst, rune(n))
			}
		default:
			dst = append(dst, text[:semi+1]...)
		}
		text = text[semi+1:]
	}
}

// unescapeX resolves _xHHHH_, which stands for characters that XML cannot hold
// (ST_Xstring, 22.9.2.19 of ECMA-376-1), in place.
func unescapeX(b []byte, from int) []byte {
	text := b[from:]
	if !bytes.Contains(text, []byte("_x")) {
		return b
	}
	out := b[:from]
	for i := 0; i < len(text); {
		if text[i] == '_' && i+7 <= len(text) && text[i+1] == 'x' && text[i+6] == '_' {
			if n, err := strconv.ParseUint(string(text[i+2:i+6]), 16, 16); err == nil && (n < 0xD800 || n > 0xDFFF) {
				out = utf8.AppendRune(out, rune(n)) // never longer than what it replaces
				i += 7
				continue
			}
		}
		out = append(out, text[i])
		i++
	}
	return out
}
