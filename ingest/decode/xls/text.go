package xls

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

const windows1252 = 1252

// pages are the code pages of BIFF5 ([MS-XLS] 2.4.52; those of the Macintosh
// begin at 10000).
var pages = map[uint16]encoding.Encoding{
	367: charmap.Windows1252, windows1252: charmap.Windows1252, 32769: charmap.Windows1252,
	437: charmap.CodePage437, 850: charmap.CodePage850, 852: charmap.CodePage852, 855: charmap.CodePage855, 858: charmap.CodePage858,
	860: charmap.CodePage860, 862: charmap.CodePage862, 863: charmap.CodePage863, 865: charmap.CodePage865, 866: charmap.CodePage866,
	874: charmap.Windows874, 1250: charmap.Windows1250, 1251: charmap.Windows1251, 1253: charmap.Windows1253, 1254: charmap.Windows1254,
	1255: charmap.Windows1255, 1256: charmap.Windows1256, 1257: charmap.Windows1257, 1258: charmap.Windows1258,
	932: japanese.ShiftJIS, 10001: japanese.ShiftJIS, 949: korean.EUCKR, 10003: korean.EUCKR,
	936: simplifiedchinese.GBK, 10008: simplifiedchinese.GBK, 54936: simplifiedchinese.GB18030, 950: traditionalchinese.Big5, 10002: traditionalchinese.Big5,
	10000: charmap.Macintosh, 32768: charmap.Macintosh, 10007: charmap.MacintoshCyrillic, 65001: unicode.UTF8,
}

// decoderOf returns nil for a code page that is not known.
func decoderOf(page uint16) transform.Transformer {
	if e := pages[page]; e != nil {
		return e.NewDecoder()
	}
	return nil
}

// appendText appends text of n characters as UTF-8: bytes in the code page, or
// in BIFF8 what follows a byte of flags.
func (b *Book) appendText(dst []byte, r *records, n int) ([]byte, error) {
	from := len(dst)
	var err error
	if b.unicode {
		var flags uint8
		if n == 0 && len(r.data) == 0 { // the flags of no text may be missing
			return dst, nil
		}
		if flags, err = r.uint8(); err != nil {
			return dst, err
		}
		if _, err = r.extras(flags); err != nil {
			return dst, err
		}
		dst, err = appendUnicode(dst, r, n, flags)
	} else {
		var raw []byte
		if raw, err = r.take(n); err != nil {
			return dst, err
		}
		dst, err = b.appendPage(dst, raw)
	}
	if err == nil && len(dst)-from > b.options.MaxCell {
		err = fmt.Errorf("%w: a text of more than %d bytes", ErrLimit, b.options.MaxCell)
	}
	return dst, err
}

// appendPage appends text of the workbook's code page.
func (b *Book) appendPage(dst, raw []byte) ([]byte, error) {
	ascii := true
	for _, c := range raw {
		ascii = ascii && c < utf8.RuneSelf
	}
	if ascii {
		return append(dst, raw...), nil
	}
	if b.decoder == nil {
		return dst, fmt.Errorf("%w: text in code page %d", ErrUnsupported, b.page)
	}
	from := len(dst)
	dst, _, err := transform.Append(b.decoder, dst, raw)
	if err != nil || bytes.ContainsRune(dst[from:], utf8.RuneError) {
		return dst, fmt.Errorf("%w: %q is no text in code page %d", ErrCorrupt, raw, b.page)
	}
	return dst, nil
}

// Flags of a text in BIFF8 ([MS-XLS] 2.5.293).
const (
	flagWide     = 1 << 0 // two bytes a character, not one
	flagPhonetic = 1 << 2
	flagRich     = 1 << 3
)

// appendUnicode appends n characters of UTF-16, or of its lower bytes alone.
// Where a record ends among them, what continues it begins with the flags anew
// ([MS-XLS] 2.4.58).
func appendUnicode(dst []byte, r *records, n int, flags uint8) ([]byte, error) {
	high := rune(0) // of a pair whose other half is to come
	for {
		wide := flags&flagWide != 0
		size := 1
		if wide {
			size = 2
		}
		part := min(n, len(r.data)/size)
		chars := r.data[:part*size]
		r.data = r.data[part*size:]
		if wide {
			dst, high = appendWide(dst, chars, high)
		} else if part > 0 {
			if high != 0 {
				dst, high = utf8.AppendRune(dst, utf8.RuneError), 0
			}
			dst = appendNarrow(dst, chars)
		}
		if n -= part; n == 0 {
			break
		}
		if len(r.data) > 0 {
			return dst, fmt.Errorf("%w: half a character", ErrCorrupt)
		}
		var err error
		if flags, err = r.uint8(); err != nil {
			return dst, err
		}
	}
	if high != 0 {
		dst = utf8.AppendRune(dst, utf8.RuneError)
	}
	return dst, nil
}

// extras reads how many bytes stand behind a text: the runs of its fonts, and
// how it is pronounced.
func (r *records) extras(flags uint8) (int64, error) {
	var size int64
	if flags&flagRich != 0 {
		runs, err := r.uint16()
		if err != nil {
			return 0, err
		}
		size += 4 * int64(runs)
	}
	if flags&flagPhonetic != 0 {
		n, err := r.uint32()
		if err != nil {
			return 0, err
		}
		size += int64(n)
	}
	return size, nil
}

func appendNarrow(dst, chars []byte) []byte {
	for _, c := range chars {
		if c < utf8.RuneSelf {
			dst = append(dst, c)
		} else {
			dst = utf8.AppendRune(dst, rune(c))
		}
	}
	return dst
}

// appendWide appends UTF-16, half a pair as U+FFFD. It takes the first half of
// a pair that stands before, and returns the one that it ends with.
func appendWide(dst, chars []byte, high rune) ([]byte, rune) {
	for ; len(chars) >= 2; chars = chars[2:] {
		c := rune(binary.LittleEndian.Uint16(chars))
		if high != 0 {
			if pair := utf16.DecodeRune(high, c); pair != utf8.RuneError {
				dst, high = utf8.AppendRune(dst, pair), 0
				continue
			}
			dst, high = utf8.AppendRune(dst, utf8.RuneError), 0
		}
		if c >= 0xD800 && c < 0xDC00 {
			high = c
			continue
		}
		dst = utf8.AppendRune(dst, c)
	}
	return dst, high
}

// maxStrings bounds the shared strings of a workbook, in bytes.
const maxStrings = 2 << 30

// sharedStrings are the texts that cells point at, one after the other.
type sharedStrings struct {
	text []byte
	ends []uint32
}

// span returns where in text string n lies.
func (s *sharedStrings) span(n uint32) (from, to int, ok bool) {
	if int64(n) >= int64(len(s.ends)) {
		return 0, 0, false
	}
	if n > 0 {
		from = int(s.ends[n-1])
	}
	return from, int(s.ends[n]), true
}

// readStrings reads the shared strings ([MS-XLS] 2.4.265). Their count is not
// trusted: there are no more than the records hold.
func (b *Book) readStrings(r *records) error {
	count := binary.LittleEndian.Uint32(r.data[4:])
	r.data = r.data[8:]
	b.strings = sharedStrings{}
	for i := range count {
		if ok, err := r.fill(); err != nil {
			return err
		} else if !ok {
			break
		}
		if err := b.readString(r); err != nil {
			return fmt.Errorf("shared string %d: %w", i, err)
		}
	}
	return nil
}

// readString reads one shared string: its text, without what stands behind it
// ([MS-XLS] 2.5.293).
func (b *Book) readString(r *records) error {
	n, err := r.uint16()
	if err != nil {
		return err
	}
	flags, err := r.uint8()
	if err != nil {
		return err
	}
	rest, err := r.extras(flags)
	if err != nil {
		return err
	}
	s := &b.strings
	from := len(s.text)
	if s.text, err = appendUnicode(s.text, r, int(n), flags); err != nil {
		return err
	}
	switch {
	case len(s.text)-from > b.options.MaxCell:
		return fmt.Errorf("%w: a text of more than %d bytes", ErrLimit, b.options.MaxCell)
	case len(s.text) > maxStrings:
		return fmt.Errorf("%w: more than %d bytes of shared strings", ErrLimit, maxStrings)
	}
	s.ends = append(s.ends, uint32(len(s.text)))
	return r.skip(rest)
}
