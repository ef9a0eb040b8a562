// Package numfmt writes the numbers of spreadsheets as text: plain notation for
// numbers, ISO 8601 for those that a number format shows as dates or times.
package numfmt

import "strings"

// Kind is what a number format makes of a number.
type Kind uint8

const (
	Number Kind = iota
	Date
	Clock
	Elapsed // a duration: [h]:mm
)

// Builtin returns the kind of a format that is known by its number alone: those
// of 18.8.30 of ECMA-376-1, with the ones that Chinese, Japanese and Korean
// editions add.
func Builtin(id int) Kind {
	switch {
	case id == 46:
		return Elapsed
	case id >= 18 && id <= 21, id >= 32 && id <= 33, id == 45, id == 47:
		return Clock
	case id >= 14 && id <= 22, id >= 27 && id <= 36, id >= 50 && id <= 58:
		return Date
	}
	return Number
}

// KindOf reads a format code such as yyyy"年"m"月"d"日" or [h]:mm
// (18.8.31 of ECMA-376-1) by its first section, the one for positive numbers.
func KindOf(code string) Kind {
	letters, lasts := lettersOf(strings.ToLower(code))
	if strings.Contains(letters, "general") {
		return Number
	}
	letters = strings.NewReplacer("am/pm", "", "a/p", "", "e+", "#", "e-", "#").Replace(letters)
	if i := strings.IndexAny(letters, "0#?"); i >= 0 {
		// Digits make a number, unless they are the fraction of a second.
		before := strings.TrimRight(letters[:i], ".")
		if !strings.HasSuffix(before, "s") && !(lasts && before == "") {
			return Number
		}
	}
	hours := strings.ContainsAny(letters, "hs")
	switch {
	case lasts:
		return Elapsed
	case strings.ContainsAny(letters, "yde"), strings.Contains(letters, "aaa"), strings.Contains(letters, "m") && !hours:
		return Date
	case hours:
		return Clock
	}
	return Number
}

// lettersOf returns the first section of a format code without what it writes
// out or pads with, and whether it counts hours, minutes or seconds beyond
// their clock: [h].
func lettersOf(code string) (letters string, lasts bool) {
	var b strings.Builder
	for i := 0; i < len(code); i++ {
		switch c := code[i]; c {
		case ';':
			return b.String(), lasts
		case '"', '[':
			end := byte('"')
			if c == '[' {
				end = ']'
			}
			n := strings.IndexByte(code[i+1:], end)
			if n < 0 {
				return b.String(), lasts
			}
			if c == '[' && n > 0 && strings.Trim(code[i+1:i+1+n], code[i+1:i+2]) == "" && strings.IndexByte("hms", code[i+1]) >= 0 {
				lasts = true
				b.WriteByte(code[i+1])
			}
			i += n + 1
		case '\\', '_', '*', '!':
			i++
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), lasts
}
