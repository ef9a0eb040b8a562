package xlsx

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
)

type dateKind uint8

const (
	notDate dateKind = iota
	dateAndTime
	timeOfDay
)

// readStyles finds the cell styles that show numbers as dates.
func (w *Workbook) readStyles() error {
	if w.parts[w.paths.styles] == nil {
		return nil
	}
	var s struct {
		Formats []struct {
			ID   int    `xml:"numFmtId,attr"`
			Code string `xml:"formatCode,attr"`
		} `xml:"numFmts>numFmt"`
		Cells []struct {
			Format int `xml:"numFmtId,attr"`
		} `xml:"cellXfs>xf"`
	}
	if err := w.unmarshal(w.paths.styles, &s); err != nil {
		return err
	}
	custom := map[int]dateKind{}
	for _, f := range s.Formats {
		custom[f.ID] = kindOfFormat(f.Code)
	}
	for _, c := range s.Cells {
		kind, ok := custom[c.Format]
		if !ok {
			kind = builtin(c.Format)
		}
		w.dates = append(w.dates, kind)
	}
	return nil
}

// builtin formats are those of 18.8.30 of ECMA-376-1, with the ones that
// Chinese, Japanese and Korean editions add.
func builtin(id int) dateKind {
	switch {
	case id >= 18 && id <= 21, id >= 32 && id <= 35, id >= 45 && id <= 47:
		return timeOfDay
	case id >= 14 && id <= 22, id >= 27 && id <= 36, id >= 50 && id <= 58:
		return dateAndTime
	}
	return notDate
}

// kindOfFormat reads a format code such as yyyy"年"m"月"d"日" or [h]:mm.
func kindOfFormat(code string) dateKind {
	code, _, _ = strings.Cut(code, ";")
	day, clock := false, false
	for i := 0; i < len(code); i++ {
		switch c := code[i]; c {
		case '"':
			end := strings.IndexByte(code[i+1:], '"')
			if end < 0 {
				return notDate
			}
			i += end + 1
		case '\\', '_', '*':
			i++
		case '[':
			end := strings.IndexByte(code[i:], ']')
			if end < 0 {
				return notDate
			}
			switch strings.ToLower(code[i+1 : i+end]) {
			case "h", "hh", "m", "mm", "s", "ss":
				clock = true
			}
			i += end
		case 'y', 'Y', 'd', 'D':
			day = true
		case 'e', 'E':
			if i+1 < len(code) && (code[i+1] == '+' || code[i+1] == '-') {
				return notDate // 0.00E+00
			}
			day = true
		case 'm', 'M':
			// A month, unless it stands among hours and seconds.
			if !clock && !strings.ContainsAny(code, "hHsS") {
				day = true
			}
		case 'h', 'H', 's', 'S':
			clock = true
		case '0', '#', '?':
			if !clock {
				return notDate
			}
		case 'G', 'g':
			if strings.HasPrefix(strings.ToLower(code[i:]), "general") {
				return notDate
			}
		}
	}
	switch {
	case day:
		return dateAndTime
	case clock:
		return timeOfDay
	}
	return notDate
}

// sharedStrings are the texts that cells point at, one after the other.
type sharedStrings struct {
	text []byte
	ends []uint32
}

func (s *sharedStrings) at(n int) []byte {
	if n < 0 || n >= len(s.ends) {
		return nil
	}
	start := uint32(0)
	if n > 0 {
		start = s.ends[n-1]
	}
	return s.text[start:s.ends[n]]
}

// readStrings reads the shared strings once. Rich text runs join; phonetic
// runs are left out.
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
	sc := newScanner(r, w.options.MaxCell)
	s := &w.strings
	from, inT, skip := 0, false, 0
	for {
		text, tag, err := sc.next()
		if errors.Is(err, io.EOF) {
			w.loaded = true
			return nil
		} else if err != nil {
			return err
		}
		if inT && skip == 0 {
			s.text = unescape(s.text, text)
		}
		switch name := local(tag); string(name) {
		case "si":
			from = len(s.text)
			if closed(tag) {
				s.ends = append(s.ends, uint32(len(s.text)))
			}
		case "/si":
			s.text = unescapeX(s.text, from)
			if len(s.text) > math.MaxUint32 {
				return fmt.Errorf("%w: more than 4 GiB of shared strings", ErrLimit)
			}
			s.ends = append(s.ends, uint32(len(s.text)))
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
		}
	}
}
