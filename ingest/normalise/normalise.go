// Package normalise brings single cells into their one canonical form, or says
// which rule they break. Its functions are pure.
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

// Clean tidies prose: it trims all Unicode white space and folds full-width
// letters, digits and spaces. Chinese punctuation stays as it is.
func Clean(s string) string {
	s = trim(s)
	if !needsFolding(s) {
		return s
	}
	return trim(strings.Map(func(r rune) rune {
		switch {
		case r >= '０' && r <= '９', r >= 'Ａ' && r <= 'Ｚ', r >= 'ａ' && r <= 'ｚ':
			return r - 0xFEE0
		case r == 0x3000 || r == 0xA0:
			return ' '
		case invisible(r):
			return -1
		}
		return r
	}, s))
}

// needsFolding looks for the lead bytes of what Clean changes: EF (full-width
// forms, U+FEFF), E3 80 (U+3000), C2 A0 and E2 80-81 (zero-width).
func needsFolding(s string) bool {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c < 0xC2 || c > 0xC2 && c < 0xE2:
		case c == 0xEF:
			if i+2 < len(s) && (s[i+1] == 0xBB || (s[i+1] == 0xBC && s[i+2] >= 0x90) || (s[i+1] == 0xBD && s[i+2] <= 0x9A)) {
				return true
			}
		case c == 0xE3 && strings.HasPrefix(s[i:], "\u3000"), c == 0xC2 && strings.HasPrefix(s[i:], "\u00a0"):
			return true
		case c == 0xE2:
			if r, _ := utf8.DecodeRuneInString(s[i:]); invisible(r) {
				return true
			}
		}
	}
	return false
}

// invisible are the characters of no width that copying leaves in cells.
func invisible(r rune) bool {
	return r == 0xFEFF || r >= 0x200B && r <= 0x200F || r == 0x2060 || r >= 0x202A && r <= 0x202E
}

func trim(s string) string {
	if s == "" {
		return s
	}
	if first, last := s[0], s[len(s)-1]; first > ' ' && first < utf8.RuneSelf && last > ' ' && last < utf8.RuneSelf {
		return s
	}
	return strings.TrimFunc(s, func(r rune) bool { return r <= ' ' || unicode.IsSpace(r) || invisible(r) })
}

// Fold brings what is no prose (codes, numbers, dates, headers) to NFKC,
// trimmed.
func Fold(s string) string {
	s = trim(s)
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return trim(strings.Map(func(r rune) rune {
				if invisible(r) {
					return -1
				}
				return r
			}, norm.NFKC.String(s)))
		}
	}
	return s
}
