package xlsx

import (
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// maxStrings bounds the shared strings of a workbook, in bytes.
const maxStrings = 2 << 30

// sharedStrings are the texts that cells point at, one after the other.
type sharedStrings struct {
	text []byte
	ends []uint32
}

// span returns where in text string n lies.
func (s *sharedStrings) span(n int) (from, to int, ok bool) {
	if n < 0 || n >= len(s.ends) {
		return 0, 0, false
	}
	if n > 0 {
		from = int(s.ends[n-1])
	}
	return from, int(s.ends[n]), true
}

// readStrings reads the shared strings, once.
func (w *Workbook) readStrings() error {
	f := w.parts[w.paths.strings]
	if f == nil || w.loaded {
		return nil
	}
	r, err := w.open(f)
	if err != nil {
		return err
	}
	defer r.Close()
	w.strings = sharedStrings{}
	if err := w.strings.read(newScanner(r, w.options.MaxCell), w.options.MaxCell); err != nil {
		return fmt.Errorf("part %s, shared string %d, after %d bytes: %w", f.Name, len(w.strings.ends), r.read, err)
	}
	w.loaded = true
	return nil
}

// read appends the strings of a part, none larger than limit, in bytes.
func (s *sharedStrings) read(sc *scanner, limit int) error {
	for {
		if err := sc.next(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if string(sc.name) != "si" || sc.close {
			continue
		}
		from := len(s.text)
		if !sc.empty {
			var err error
			if s.text, err = appendRuns(s.text, sc, "si", limit); err != nil {
				return err
			}
			s.text = unescapeX(s.text, from)
		}
		switch {
		case !utf8.Valid(s.text[from:]):
			return fmt.Errorf("%w: text that is not UTF-8", ErrCorrupt)
		case len(s.text) > maxStrings:
			return fmt.Errorf("%w: more than %d bytes of shared strings", ErrLimit, maxStrings)
		}
		s.ends = append(s.ends, uint32(len(s.text)))
	}
}

// appendRuns appends the text of a string item up to </end>: its runs of rich
// text joined, the phonetic ones (18.4.6 of ECMA-376-1) left out.
func appendRuns(dst []byte, sc *scanner, end string, limit int) ([]byte, error) {
	from, phonetic := len(dst), 0
	for inText := false; ; {
		if err := sc.next(); errors.Is(err, io.EOF) {
			return dst, fmt.Errorf("%w: no </%s>", ErrCorrupt, end)
		} else if err != nil {
			return dst, err
		}
		if inText && phonetic == 0 {
			if dst = sc.appendText(dst); len(dst)-from > limit {
				return dst, fmt.Errorf("%w: a text of more than %d bytes", ErrLimit, limit)
			}
		}
		inText = false
		switch string(sc.name) {
		case "t":
			inText = !sc.close && !sc.empty
		case "rPh":
			if sc.close {
				phonetic--
			} else if !sc.empty {
				phonetic++
			}
		case end:
			if sc.close {
				return dst, nil
			}
		}
	}
}
