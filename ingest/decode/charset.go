package decode

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/japanese"
)

// charset is a character set that texts are read in. examine and decode take
// stretches that cut allows.
type charset interface {
	// name is the label of the WHATWG Encoding Standard.
	name() string
	// cut returns how much of b may be taken without splitting a character,
	// at most len(b), or 0 where b holds no safe place.
	cut(b []byte) int
	// examine says how well b fits. off is where b stands in the file.
	examine(b []byte, off int64) fit
	// decode appends b in UTF-8, U+FFFD where it is no text. dst has room.
	decode(dst, b []byte) []byte
}

// lookup returns the character set with the given WHATWG label.
func lookup(label string) (charset, error) {
	label = strings.ToLower(strings.TrimSpace(label))
	enc, err := htmlindex.Get(label)
	if err != nil {
		return nil, err
	}
	name, err := htmlindex.Name(enc)
	if err != nil {
		return nil, err
	}
	switch name {
	case "utf-8":
		return utf8Text{}, nil
	case "utf-16le":
		return utf16Text{}, nil
	case "utf-16be":
		return utf16Text{bigEndian: true}, nil
	case "gbk", "gb18030": // GB18030 holds GBK, which holds GB2312
		return gb18030(), nil
	case "big5":
		return big5(), nil
	case "iso-2022-jp", "replacement", "x-user-defined":
		return nil, fmt.Errorf("%s is not read", name)
	}
	return namedText{label: name, enc: enc}, nil
}

func shiftJIS() charset { return namedText{label: "shift_jis", enc: japanese.ShiftJIS} }

// windows1252 holds all printable characters of Latin-1.
func windows1252() charset {
	enc, _ := htmlindex.Get("windows-1252")
	return namedText{label: "windows-1252", enc: enc}
}

// cutASCII cuts behind the last byte below 0x30. No multi-byte character of
// UTF-8, GB18030, Big5, Shift_JIS or the EUCs holds such a byte, and delimited
// text and JSON are full of them (line ends, commas, blanks, quotes).
func cutASCII(b []byte) int {
	for i := len(b) - 1; i >= 0; i-- {
		if b[i] < 0x30 {
			return i + 1
		}
	}
	// A byte of ASCII behind another is the second byte of nothing.
	for i := len(b) - 1; i > 0; i-- {
		if b[i] < utf8.RuneSelf && b[i-1] < utf8.RuneSelf {
			return i + 1
		}
	}
	return 0
}

// maxPlaces is how many undecodable places of a file are named.
const maxPlaces = 100

// fit is how well a stretch of bytes reads in a character set.
type fit struct {
	good int64 // characters of more than one byte that are legal
	bad  int64 // places that are not
	at   []span
	// classes counts the double-byte characters by how common they are.
	classes [classCount]int64
}

// span is a stretch of undecodable bytes.
type span struct {
	off   int64
	bytes string
}

func (f *fit) fault(off int64, b []byte) {
	f.bad++
	if len(f.at) < maxPlaces {
		f.at = append(f.at, span{off, string(b)})
	}
}

func (f *fit) add(g fit) {
	f.good += g.good
	f.bad += g.bad
	f.at = append(f.at, g.at[:min(len(g.at), maxPlaces-len(f.at))]...)
	for i, n := range g.classes {
		f.classes[i] += n
	}
}

// few reports whether the faults are so few that the character set may still
// be the right one: a cell cut in the middle of a character, not another
// encoding. A wrong guess gives a fault every few characters.
func (f *fit) few() bool { return f.bad*20 <= f.good }

// decision is the character set of a file and why.
type decision struct {
	charset  charset
	from     int64 // after the byte order mark
	evidence string
	note     string
	fit      fit
}

// survey is what one pass over the whole file found.
type survey struct {
	utf8, gb18030, big5 fit
	chance              fit // in GB18030, of a little text that is UTF-8 perhaps by chance
	shiftJIS            japaneseFit
	latin               latinFit
	nulEven, nulOdd     int64
	little, big         pairs
}

// pairs counts, in stretches with zero bytes, the pairs that would be a digit,
// delimiter or line end of UTF-16, and those of them that have the zero byte.
type pairs struct{ plain, zero int64 }

func (p *pairs) add(q pairs) {
	p.plain += q.plain
	p.zero += q.zero
}

func (p *pairs) see(plain, other byte) {
	switch {
	case plain >= '0' && plain <= '9', plain == ',', plain == '"', plain == '\t', plain == '\r', plain == '\n':
		p.plain++
		if other == 0 {
			p.zero++
		}
	}
}

// hold reports whether enough of the pairs are UTF-16's: the other half of a
// Chinese character is one of these bytes in one case of 17. In a text with a
// stray zero byte hardly any pair is.
func (p *pairs) hold() bool { return p.zero*4 >= p.plain }

// decide settles the character set of a whole file in one pass: byte order
// mark, then strict UTF-8, UTF-16 by its shape, Shift_JIS, GB18030 or Big5 by
// evidence, Latin-1 last. An explicit label wins where the bytes allow it.
func decide(r io.ReaderAt, size int64, name, explicit string) (decision, error) {
	var mark [4]byte
	n, err := r.ReadAt(mark[:min(size, 4)], 0)
	if int64(n) < min(size, 4) {
		return decision{}, err
	}
	if bytes.Equal(mark[:], []byte{0xFF, 0xFE, 0, 0}) || bytes.Equal(mark[:], []byte{0, 0, 0xFE, 0xFF}) {
		return decision{}, &Error{File: name, Found: "the byte order mark of UTF-32", Want: "UTF-8, UTF-16, GB18030 or Big5",
			Do: "save the file as UTF-8", Err: ErrCharset}
	}
	marked, from := byteOrderMark(mark[:n])
	if explicit != "" {
		return decideExplicit(r, size, name, explicit, marked, from)
	}
	if marked != nil {
		d := decision{charset: marked, from: from, evidence: fmt.Sprintf("byte order mark of %s", marked.name())}
		if d.fit, err = examine(r, from, size, marked); err != nil {
			return decision{}, err
		}
		if d.fit.bad > 0 && !d.fit.few() {
			return decision{}, charsetError(r, name, marked, d.fit, "save it again in one character set")
		}
		return d, nil
	}
	return detect(r, size, name)
}

// byteOrderMark returns the character set that a file's first bytes mark, or
// nil, and how long the mark is.
func byteOrderMark(b []byte) (charset, int64) {
	switch {
	case bytes.HasPrefix(b, []byte{0xEF, 0xBB, 0xBF}):
		return utf8Text{}, 3
	case bytes.HasPrefix(b, []byte{0xFF, 0xFE}):
		return utf16Text{}, 2
	case bytes.HasPrefix(b, []byte{0xFE, 0xFF}):
		return utf16Text{bigEndian: true}, 2
	case bytes.HasPrefix(b, []byte{0x84, 0x31, 0x95, 0x33}):
		return gb18030(), 4
	}
	return nil, 0
}

func decideExplicit(r io.ReaderAt, size int64, name, label string, marked charset, from int64) (decision, error) {
	c, err := lookup(label)
	if err != nil {
		return decision{}, &Error{File: name, Found: fmt.Sprintf("the character set %q asked for", label),
			Want: "a label such as utf-8, gb18030, big5 or utf-16le", Do: "correct it or leave it out", Err: ErrCharset}
	}
	d := decision{charset: c, evidence: "set by the sender"}
	if marked != nil && marked.name() == c.name() {
		d.from = from
	}
	if d.fit, err = examine(r, d.from, size, c); err != nil {
		return decision{}, err
	}
	if d.fit.good+d.fit.bad == 0 || c == (utf8Text{}) && d.fit.bad == 0 {
		return d, nil
	}
	other, err := decide(r, size, name, "")
	better := err == nil && other.charset.name() != c.name()
	if d.fit.bad == 0 || d.fit.few() {
		if better {
			d.note = fmt.Sprintf("left to itself it would be read as %s (%s)", other.charset.name(), other.evidence)
		}
		return d, nil
	}
	do := "leave the character set out"
	if better {
		do = fmt.Sprintf("it reads as %s: set that or leave the character set out", other.charset.name())
	}
	return decision{}, charsetError(r, name, c, d.fit, do)
}

// charsetError says where a file stops being text in c.
func charsetError(r io.ReaderAt, name string, c charset, f fit, do string) error {
	e := &Error{File: name, Want: "text in " + c.name(), Do: do, Err: ErrCharset}
	e.Found = fmt.Sprintf("bytes %s", hexBytes(f.at[0].bytes))
	if places, err := locate(r, c, 0, f.at[:1]); err == nil {
		e.Line, e.Col = places[0].Line, places[0].Col
	}
	if f.bad > 1 {
		e.Found += fmt.Sprintf(" (the first of %d undecodable places)", f.bad)
	}
	return e
}

func hexBytes(s string) string { return fmt.Sprintf("% X", s) }

// examine reads the whole file in c.
func examine(r io.ReaderAt, from, size int64, c charset) (fit, error) {
	p := startPipeline(r, from, size, c.cut, func(b chunk) fit { return c.examine(b.data, b.off) })
	defer p.close()
	var sum fit
	for {
		f, err := p.next()
		if err == io.EOF {
			return sum, nil
		} else if err != nil {
			return fit{}, err
		}
		sum.add(f)
	}
}

func detect(r io.ReaderAt, size int64, name string) (decision, error) {
	p := startPipeline(r, 0, size, cutASCII, func(c chunk) survey { return look(c) })
	defer p.close()
	var s survey
	for {
		part, err := p.next()
		if err == io.EOF {
			break
		} else if err != nil {
			return decision{}, err
		}
		s.utf8.add(part.utf8)
		s.chance.add(part.chance)
		s.gb18030.add(part.gb18030)
		s.big5.add(part.big5)
		s.shiftJIS.add(part.shiftJIS)
		s.latin.add(part.latin)
		s.nulEven += part.nulEven
		s.nulOdd += part.nulOdd
		s.little.add(part.little)
		s.big.add(part.big)
	}
	if c, ok := s.utf16(size); ok {
		f, err := examine(r, 0, size, c)
		if err != nil {
			return decision{}, err
		}
		if f.few() {
			return decision{charset: c, fit: f,
				evidence: fmt.Sprintf("no byte order mark, but %d zero bytes stand where %s has them", s.nulEven+s.nulOdd, c.name())}, nil
		}
	}
	return s.decide(r, size, name)
}

// evidenceSize is how much of the first chunk is read in every character set
// that may be guessed, from its first byte that is not ASCII, and a quarter of
// it of each later one. The one decided on is then checked against all bytes.
const evidenceSize = 64 << 10

// look gathers the evidence of a chunk.
func look(c chunk) survey {
	var s survey
	for i := bytes.IndexByte(c.data, 0); i >= 0 && i < len(c.data); {
		if (c.off+int64(i))%2 == 0 {
			s.nulEven++
		} else {
			s.nulOdd++
		}
		k := bytes.IndexByte(c.data[i+1:], 0)
		if k < 0 {
			break
		}
		i += 1 + k
	}
	if s.nulEven+s.nulOdd > 0 {
		for i := int(c.off % 2); i+1 < len(c.data); i += 2 {
			s.little.see(c.data[i], c.data[i+1])
			s.big.see(c.data[i+1], c.data[i])
		}
	}
	if utf8.Valid(c.data) {
		// Nothing in it speaks for another character set: a stretch of
		// several such characters is valid UTF-8 by no accident.
		s.utf8.good = int64(highBytes(c.data)) / 3
		if c.off == 0 && len(c.data) < chunkSize {
			s.chance = byChance(c.data)
		}
		return s
	}
	i := 0
	for c.data[i] < utf8.RuneSelf {
		i++
	}
	i = max(0, i-1) // the letter before it tells too
	b, off := c.data[i:], c.off+int64(i)
	size := evidenceSize
	if c.off > 0 {
		size /= 4
	}
	if len(b) > size {
		if k := cutASCII(b[:size]); k > 0 {
			b = b[:k]
		}
	}
	s.utf8 = utf8Text{}.examine(b, off)
	if s.utf8.bad == 0 {
		s.utf8.fault(off, nil) // it is behind the evidence; the place does not matter yet
	}
	s.gb18030 = gb18030().examine(b, off)
	s.big5 = big5().examine(b, off)
	s.shiftJIS = lookJapanese(b)
	s.latin = lookLatin(b)
	return s
}

// maxChance is how many bytes over 0x7F may be valid UTF-8 by chance. Four
// characters of GB18030 are in one case of 200, 目前为全 among them; ten in none
// of the 8,000 that were tried.
const maxChance = 2 * veryFewCharacters

// byChance reads a little text that is valid UTF-8 in GB18030, where its bytes
// over 0x7F stand in longer runs than accented letters do and all its characters
// have two bytes.
func byChance(b []byte) fit {
	n := highBytes(b)
	if n == 0 || n > maxChance {
		return fit{}
	}
	if l := lookLatin(b); l.alone*2 >= l.high {
		return fit{}
	}
	for _, r := range string(b) {
		if r > 0x7FF {
			return fit{}
		}
	}
	return gb18030().examine(b, 0)
}

// utf16 tells UTF-16 by its shape: commas, digits and line ends have their zero
// byte always on the same side. Other texts have zero bytes by some fault only.
func (s *survey) utf16(size int64) (charset, bool) {
	zeros := s.nulEven + s.nulOdd
	if size%2 != 0 || zeros == 0 || zeros*200 < size {
		return nil, false
	}
	switch {
	case s.nulEven*50 <= s.nulOdd && s.little.hold():
		return utf16Text{}, true
	case s.nulOdd*50 <= s.nulEven && s.big.hold():
		return utf16Text{bigEndian: true}, true
	}
	return nil, false
}

func (s *survey) decide(r io.ReaderAt, size int64, name string) (decision, error) {
	if s.utf8.bad == 0 {
		d := decision{charset: utf8Text{}, evidence: fmt.Sprintf("all %d bytes are valid UTF-8", size)}
		if s.chance.good > 0 && s.chance.score() >= minScore {
			d.evidence += fmt.Sprintf(", a guess on so little text, for in gb18030 they are %d common characters", s.chance.good)
			d.note = "there is little text to tell the character set by: set it if the cells look wrong"
		}
		return d, nil
	}
	if s.utf8.few() {
		f, err := examine(r, 0, size, utf8Text{})
		if err != nil {
			return decision{}, err
		} else if f.few() {
			return decision{charset: utf8Text{}, fit: f,
				evidence: fmt.Sprintf("UTF-8 but for %d places", f.bad)}, nil
		}
	}
	if s.japanese() {
		c := shiftJIS()
		f, err := examine(r, 0, size, c)
		if err != nil {
			return decision{}, err
		} else if f.few() {
			return decision{charset: c, fit: f, evidence: s.shiftJIS.evidence()}, nil
		}
	}
	best, evidence, score, other, otherScore := charset(gb18030()), s.gb18030, s.gb18030.score(), "big5", s.big5.score()
	if otherScore > score {
		best, evidence, score, other, otherScore = big5(), s.big5, otherScore, "gb18030", score
	}
	if score >= minScore && evidence.few() && !s.latin.certain() {
		f, err := examine(r, 0, size, best)
		if err != nil {
			return decision{}, err
		} else if f.few() {
			d := decision{charset: best, fit: f, evidence: fmt.Sprintf(
				"not UTF-8; read as %s, %d of %d double-byte characters are common ones", best.name(), evidence.common(), evidence.good+evidence.bad)}
			if evidence.good < veryFewCharacters && score-otherScore < 1 {
				d.evidence += ", a guess on so little text"
			}
			if otherScore >= minScore && score-otherScore < 0.3 {
				d.note = fmt.Sprintf("the text would read almost as well in %s: set the character set if the cells look wrong", other)
			}
			return d, nil
		}
	}
	if s.latin.likely() {
		d := decision{charset: windows1252(), evidence: fmt.Sprintf(
			"not UTF-8, and no Chinese: %d of %d bytes over 0x7F stand alone among letters", s.latin.beside, s.latin.high)}
		if s.latin.high <= maxChance && score >= minScore {
			d.evidence += ", a guess on so little text"
		}
		return d, nil
	}
	if evidence.good < fewCharacters && score >= minScoreOfFew {
		f, err := examine(r, 0, size, best)
		if err != nil {
			return decision{}, err
		} else if f.bad == 0 {
			return decision{charset: best, fit: f,
				evidence: fmt.Sprintf("not UTF-8; all %d double-byte characters are legal in %s, a guess on so little text", f.good, best.name()),
				note:     "there is little text to tell the character set by: set it if the cells look wrong"}, nil
		}
	}
	f, err := examine(r, 0, size, utf8Text{})
	if err != nil {
		return decision{}, err
	}
	return decision{}, charsetError(r, name, utf8Text{}, f,
		"it is not GB18030, Big5, Shift_JIS, UTF-16 or Latin-1 either: save it as UTF-8 or name its character set")
}

// latinFit is the evidence for Latin-1: accented letters stand alone or in
// pairs among ASCII letters, where characters of two bytes come in runs.
type latinFit struct {
	high      int64 // bytes over 0x7F
	alone     int64 // of these, in runs of one or two
	beside    int64 // of these, with an ASCII letter before or behind
	inside    int64 // of these, with one on both sides
	undefined int64 // bytes that windows-1252 leaves undefined
}

func lookLatin(b []byte) latinFit {
	var f latinFit
	for i := 0; i < len(b); {
		if b[i] < 0x80 {
			i++
			continue
		}
		begin := i
		for i < len(b) && b[i] >= 0x80 {
			switch b[i] {
			case 0x81, 0x8D, 0x8F, 0x90, 0x9D:
				f.undefined++
			}
			i++
		}
		f.high += int64(i - begin)
		if i-begin > 2 {
			continue
		}
		n := int64(i - begin)
		f.alone += n
		before, behind := begin > 0 && isLetter(b[begin-1]), i < len(b) && isLetter(b[i])
		if before || behind {
			f.beside += n
		}
		if before && behind {
			f.inside += n
		}
	}
	return f
}

func isLetter(b byte) bool { return b|0x20 >= 'a' && b|0x20 <= 'z' }

func (f *latinFit) add(g latinFit) {
	f.high += g.high
	f.alone += g.alone
	f.beside += g.beside
	f.inside += g.inside
	f.undefined += g.undefined
}

func (f *latinFit) likely() bool {
	return f.undefined == 0 && f.alone*10 >= f.high*9 && f.beside*2 >= f.alone
}

// certain holds for words such as EDUCAÇÃO, whose ÇÃ is a common character of
// GB18030: no Chinese stands one by one within words of ASCII letters.
func (f *latinFit) certain() bool { return f.likely() && f.inside*10 >= f.high*8 }

// utf8Text is UTF-8.
type utf8Text struct{}

func (utf8Text) name() string     { return "utf-8" }
func (utf8Text) cut(b []byte) int { return cutASCII(b) }

func (utf8Text) examine(b []byte, off int64) fit {
	var f fit
	if utf8.Valid(b) {
		// Counting would cost more than the check. Two bytes in three say
		// enough to weigh the faults of other stretches against.
		f.good = int64(highBytes(b)+2) / 3
		return f
	}
	for i := 0; i < len(b); {
		if b[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			f.fault(off+int64(i), b[i:i+1])
		} else {
			f.good++
		}
		i += n
	}
	return f
}

func (utf8Text) decode(dst, b []byte) []byte {
	for len(b) > 0 {
		if utf8.Valid(b) {
			return append(dst, b...)
		}
		i := 0
		for i < len(b) {
			r, n := utf8.DecodeRune(b[i:])
			if r == utf8.RuneError && n == 1 {
				break
			}
			i += n
		}
		dst = append(append(dst, b[:i]...), "\uFFFD"...)
		b = b[i+1:]
	}
	return dst
}

// utf16Text is UTF-16, little-endian unless said otherwise.
type utf16Text struct{ bigEndian bool }

func (u utf16Text) name() string {
	if u.bigEndian {
		return "utf-16be"
	}
	return "utf-16le"
}

func (u utf16Text) unit(b []byte) uint16 {
	if u.bigEndian {
		return uint16(b[0])<<8 | uint16(b[1])
	}
	return uint16(b[1])<<8 | uint16(b[0])
}

func (u utf16Text) cut(b []byte) int {
	n := len(b) &^ 1
	if n > 0 && isHighSurrogate(u.unit(b[n-2:])) {
		n -= 2
	}
	return n
}

func isHighSurrogate(v uint16) bool { return v >= 0xD800 && v < 0xDC00 }
func isLowSurrogate(v uint16) bool  { return v >= 0xDC00 && v < 0xE000 }

// each calls character for every character with its length in bytes; r is
// utf8.RuneError and ok false where there is none.
func (u utf16Text) each(b []byte, character func(i, n int, r rune, ok bool)) {
	for i := 0; i < len(b); {
		if i+1 == len(b) {
			character(i, 1, utf8.RuneError, false)
			return
		}
		v := u.unit(b[i:])
		switch {
		case isHighSurrogate(v) && i+3 < len(b) && isLowSurrogate(u.unit(b[i+2:])):
			character(i, 4, 0x10000+(rune(v)-0xD800)<<10+rune(u.unit(b[i+2:]))-0xDC00, true)
			i += 4
		case v >= 0xD800 && v < 0xE000:
			character(i, 2, utf8.RuneError, false)
			i += 2
		default:
			character(i, 2, rune(v), true)
			i += 2
		}
	}
}

func (u utf16Text) examine(b []byte, off int64) fit {
	var f fit
	u.each(b, func(i, n int, _ rune, ok bool) {
		if ok {
			f.good++
		} else {
			f.fault(off+int64(i), b[i:i+n])
		}
	})
	return f
}

func (u utf16Text) decode(dst, b []byte) []byte {
	u.each(b, func(_, _ int, r rune, _ bool) { dst = utf8.AppendRune(dst, r) })
	return dst
}

// namedText is any other character set of the WHATWG standard, read through
// golang.org/x/text.
type namedText struct {
	label string
	enc   encoding.Encoding
}

func (t namedText) name() string     { return t.label }
func (t namedText) cut(b []byte) int { return cutASCII(b) }

func (t namedText) examine(b []byte, off int64) fit {
	f := fit{good: int64(highBytes(b)+1) / 2}
	whole, err := t.enc.NewDecoder().Bytes(b)
	if err == nil && !bytes.Contains(whole, []byte("\uFFFD")) {
		return f
	}
	// Something is wrong in here: go through it in steps so small that the
	// decoder stops after each character.
	d := t.enc.NewDecoder()
	var dst [utf8.UTFMax]byte
	for i := 0; i < len(b); {
		n, k, _ := d.Transform(dst[:], b[i:], true)
		if k == 0 {
			n, k = 0, 1
		}
		if n == 0 || bytes.Contains(dst[:n], []byte("\uFFFD")) {
			f.fault(off+int64(i), b[i:i+k])
		}
		i += k
	}
	return f
}

func (t namedText) decode(dst, b []byte) []byte {
	text, err := t.enc.NewDecoder().Bytes(b)
	if err != nil {
		return append(dst, "\uFFFD"...)
	}
	return append(dst, text...)
}

// locate turns byte offsets, in order, into lines and characters, reading the
// file once more up to the last of them.
func locate(r io.ReaderAt, c charset, from int64, at []span) ([]Place, error) {
	places := make([]Place, 0, len(at))
	line, text, pos := int64(1), []byte(nil), from
	lineEnd := byte('\n')
	for _, s := range at {
		for pos < s.off {
			raw := make([]byte, min(chunkSize, s.off-pos))
			if n, err := r.ReadAt(raw, pos); n < len(raw) {
				return nil, err
			}
			if pos+int64(len(raw)) < s.off {
				if k := c.cut(raw); k > 0 {
					raw = raw[:k]
				}
			}
			pos += int64(len(raw))
			text = c.decode(append(make([]byte, 0, len(text)+3*len(raw)+16), text...), raw)
			if line == 1 && bytes.IndexByte(text, '\n') < 0 && bytes.IndexByte(text, '\r') >= 0 {
				lineEnd = '\r'
			}
			if i := bytes.LastIndexByte(text, lineEnd); i >= 0 {
				line += int64(bytes.Count(text, []byte{lineEnd}))
				text = text[i+1:]
			}
			if len(text) > maxChunk { // a line without end: its column is past caring
				text = text[:0]
			}
		}
		places = append(places, Place{Line: line, Col: utf8.RuneCount(text) + 1, Bytes: hexBytes(s.bytes)})
	}
	return places, nil
}
