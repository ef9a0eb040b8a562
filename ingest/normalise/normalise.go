// Package normalise brings single cells into their one canonical form, or says
// which rule they break. Its functions are pure: the same cell gives the same
// value on every machine and every day.
//
// Rules and vectors: DOMAIN.md, sections 3 and 4.
package normalise

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"govdata/catalog"
)

// Fault is a rule that a cell breaks. Code is stable; Want says what was
// expected.
type Fault struct {
	Code string
	Want catalog.Text
}

func (f *Fault) Error() string { return f.Code + ": expected " + f.Want.En }

func fault(code, zh, en string) *Fault { return &Fault{Code: code, Want: catalog.Text{Zh: zh, En: en}} }

// Clean tidies prose: it trims all Unicode white space, makes full-width
// letters, digits and spaces half-width, and takes out characters of no width.
// Chinese punctuation stays as it is.
func Clean(s string) string {
	s = trim(s)
	if !needsFolding(s) {
		return s
	}
	before := rune(0)
	return trim(strings.Map(func(r rune) rune {
		last := before
		before = r
		switch {
		case r == '０' && strings.ContainsRune("〇一二三四五六七八九", last) && last != 0: // written for 〇, as in 八五０农场
			return r
		case r >= '０' && r <= '９', r >= 'Ａ' && r <= 'Ｚ', r >= 'ａ' && r <= 'ｚ':
			return r - 0xFEE0
		case r >= utf8.RuneSelf && unicode.Is(unicode.Zs, r):
			return ' '
		case invisible(r) && !joiner(r):
			return -1
		}
		return r
	}, s))
}

// Literal takes the marks off by which a spreadsheet keeps a text from being
// read as a number: ="001" and '001 are 001.
func Literal(s string) string {
	if len(s) < 2 || s[0] != '=' && s[0] != '\'' {
		return s
	}
	if s[0] == '\'' {
		if c := s[1]; c >= '0' && c <= '9' || c == '-' || c == '+' || c == '=' {
			if !strings.ContainsRune(s[1:], '\'') {
				return s[1:]
			}
		}
		return s
	}
	inside, ok := strings.CutPrefix(s, `="`)
	if !ok || len(inside) == 0 || inside[len(inside)-1] != '"' {
		return s
	}
	inside = strings.ReplaceAll(inside[:len(inside)-1], `""`, "\x00")
	if strings.Contains(inside, `"`) { // a formula
		return s
	}
	return strings.ReplaceAll(inside, "\x00", `"`)
}

// ordinary reports whether s is what most cells are: printable ASCII and
// characters from U+4000 to U+9FFF, without white space at its ends. Clean
// leaves such a text as it is, and any column may hold it.
func ordinary(s string) bool {
	if s == "" || s[0] == ' ' || s[len(s)-1] == ' ' {
		return false
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c >= ' ' && c < 0x7f:
		case c >= 0xE4 && c <= 0xE9 && i+2 < len(s) && s[i+1]&0xC0 == 0x80 && s[i+2]&0xC0 == 0x80:
			i += 2
		default:
			return false
		}
	}
	return true
}

// suspect marks the lead bytes of the characters that Clean may change: U+00A0
// and U+00AD, U+1680, U+2000 to U+206F, U+3000 and U+FEFF to U+FF5A.
var suspect = [256]bool{0xC2: true, 0xE1: true, 0xE2: true, 0xE3: true, 0xEF: true}

func needsFolding(s string) bool {
	for i := 0; i < len(s); i++ {
		if !suspect[s[i]] || i+2 >= len(s) && s[i] != 0xC2 {
			continue
		}
		switch s[i] {
		case 0xC2:
			if i+1 < len(s) && (s[i+1] == 0xA0 || s[i+1] == 0xAD) {
				return true
			}
		case 0xEF:
			switch last := s[i+2]; s[i+1] {
			case 0xBB:
				return true
			case 0xBC: // not the punctuation before, between and after digits and letters
				if last >= 0x90 && last <= 0x99 || last >= 0xA1 && last <= 0xBA {
					return true
				}
			case 0xBD:
				if last >= 0x81 && last <= 0x9A {
					return true
				}
			}
		case 0xE3:
			if s[i+1] == 0x80 && s[i+2] == 0x80 {
				return true
			}
		default:
			if r, _ := utf8.DecodeRuneInString(s[i:]); unicode.Is(unicode.Zs, r) || invisible(r) && !joiner(r) {
				return true
			}
		}
	}
	return false
}

// invisible are the characters of no width that copying leaves in cells.
func invisible(r rune) bool {
	return r >= 0x200B && r <= 0x200F || r == 0xFEFF || r == 0x2060 || r == 0xAD || r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069
}

// joiner are the ones that have a meaning between two characters, as in Mongolian.
func joiner(r rune) bool { return r == 0x200C || r == 0x200D }

func trim(s string) string {
	if s == "" {
		return s
	}
	if first, last := s[0], s[len(s)-1]; first > ' ' && first < utf8.RuneSelf && last > ' ' && last < utf8.RuneSelf {
		return s
	}
	return strings.TrimFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x80 && (unicode.IsSpace(r) || invisible(r)) })
}

// Fold brings what is no prose (codes, numbers, dates, headers) to NFKC,
// trimmed.
func Fold(s string) string {
	s = trim(s)
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return trim(norm.NFKC.String(strings.Map(func(r rune) rune {
				if invisible(r) {
					return -1
				}
				return r
			}, s)))
		}
	}
	return s
}
