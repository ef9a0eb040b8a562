package numfmt

import (
	"bytes"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// Format is what a number format (18.8.31 of ECMA-376-1) tells of a number
// beyond its value: that it is a date, and how much of one, a per cent, a code
// with leading zeros, or shown in thousands or 万.
type Format struct {
	Kind Kind
	// shown is how many characters of an ISO date the format shows: 4 the year,
	// 7 the month, 10 the day.
	shown    int
	sections []section
}

// section is one of the up to three sections of a format that are for numbers.
type section struct {
	condition func(float64) bool // nil: by sign
	tokens    []token
	digits    bool // it has a place for a digit
	percent   bool // shows a hundredfold
	written   bool // writes % behind the number as it is
	zeros     int  // digits that are shown in any case
	scale     int  // the power of ten by which what is shown is less
	suffix    string
}

// token is a place for a digit (0, # or ?) or a text that is written out.
type token struct {
	place byte
	text  string
}

// What a format makes of a number.
type Shown uint8

const (
	AsStored Shown = iota
	Percent        // 12.5% for 0.125
	Padded         // 000001 for 1
	Scaled         // 1.5 for 15000 under 万元
	Unscaled       // so shown, and read as it is stored, for nothing says that it is so
)

// Parse reads a format code.
func Parse(code string) *Format {
	f := &Format{Kind: KindOf(code)}
	if f.Kind == Date {
		f.shown = precision(code)
	}
	if f.Kind != Number {
		return f
	}
	for _, text := range sectionsOf(code) {
		f.sections = append(f.sections, parseSection(text))
	}
	return f
}

// BuiltinFormat returns the format that is known by its number alone.
func BuiltinFormat(id int) *Format {
	f := &Format{Kind: Builtin(id), shown: 10}
	switch id {
	case 9, 10:
		return Parse("0%")
	case 17, 27, 36, 50, 52, 57: // mmm-yy, yyyy"年"m"月"
		f.shown = 7
	}
	return f
}

// Scales reports whether the format shows thousands, 万 or the like.
func (f *Format) Scales() bool {
	for i := range f.sections {
		if f.sections[i].scale > 0 {
			return true
		}
	}
	return false
}

// Plain reports whether the format leaves a number as it is stored.
func (f *Format) Plain() bool {
	if f.Kind != Number {
		return false
	}
	for i := range f.sections {
		if s := &f.sections[i]; s.percent || s.written || s.zeros > 1 || s.scale > 0 || s.suffix != "" {
			return false
		}
	}
	return true
}

// AppendDate is AppendDate to the precision that the format shows: 2024-03 where
// it shows no day.
func (f *Format) AppendDate(dst []byte, serial, epoch float64) ([]byte, bool) {
	from := len(dst)
	dst, ok := AppendDate(dst, serial, epoch, f.Kind)
	if ok && f.Kind == Date && f.shown > 0 && f.shown < 10 && len(dst)-from >= 10 && dst[from+4] == '-' {
		dst = dst[:from+f.shown]
	}
	return dst, ok
}

// Append appends a number, which is v and plain in plain notation, as the format
// means it, with all its digits. said tells which magnitudes the texts above name.
func (f *Format) Append(dst, plain []byte, v float64, said Said) ([]byte, Shown) {
	s := f.section(v)
	switch {
	case s == nil:
		return append(dst, plain...), AsStored
	case s.percent:
		return AppendPercent(dst, plain), Percent
	case s.written:
		return AppendShown(dst, plain, 0, "%", said)
	case v != 0 && s.scale > 0, s.suffix != "":
		return AppendShown(dst, plain, s.scale, s.suffix, said)
	case s.zeros > 1 && v == math.Trunc(v) && math.Abs(v) < 1e15:
		return s.appendPadded(dst, plain), Padded
	}
	return append(dst, plain...), AsStored
}

// AppendPercent appends a share in plain notation as a per cent.
func AppendPercent(dst, plain []byte) []byte { return append(appendShifted(dst, plain, 2), '%') }

// AppendShown appends a number in plain notation that is shown as less by a power
// of ten, with a text behind it that says its magnitude or a sign of per cent.
func AppendShown(dst, plain []byte, scale int, suffix string, said Said) ([]byte, Shown) {
	switch {
	case scale == 0 && (suffix == "%" || suffix == "％"):
		return append(append(dst, plain...), '%'), Percent
	case suffix != "" || scale > 0 && said.has(scale):
		return append(appendShifted(dst, plain, -scale), suffix...), Scaled
	case scale > 0:
		return append(dst, plain...), Unscaled
	}
	return append(dst, plain...), AsStored
}

// section returns the section for a number, or the first with a digit where that
// writes a text instead, such as a dash for zero.
func (f *Format) section(v float64) *section {
	if len(f.sections) == 0 {
		return nil
	}
	if s := f.chosen(v); s.digits {
		return s
	}
	for i := range f.sections {
		if f.sections[i].digits {
			return &f.sections[i]
		}
	}
	return nil
}

func (f *Format) chosen(v float64) *section {
	all := f.sections[:min(3, len(f.sections))]
	conditional := false
	for i := range all {
		conditional = conditional || all[i].condition != nil
	}
	switch {
	case !conditional && len(all) > 1 && v < 0:
		return &all[1]
	case !conditional && len(all) > 2 && v == 0:
		return &all[2]
	case !conditional:
		return &all[0]
	}
	for i := range all {
		s := &all[i]
		if s.condition != nil && s.condition(v) || s.condition == nil && i == 1 && len(all) > 2 && v < 0 {
			return s
		}
	}
	return &all[len(all)-1]
}

// appendPadded writes a whole number into the places of the section.
func (s *section) appendPadded(dst, plain []byte) []byte {
	digits, negative := bytes.CutPrefix(plain, []byte("-"))
	if negative {
		dst = append(dst, '-')
	}
	padded := append(bytes.Repeat([]byte("0"), max(0, s.zeros-len(digits))), digits...)
	places := 0
	for _, t := range s.tokens {
		if t.place != 0 {
			places++
		}
	}
	next, from := 0, len(dst)
	for _, t := range s.tokens {
		if t.place == 0 {
			dst = append(dst, t.text...)
			continue
		}
		for len(padded)-next >= places { // the first place takes what has none
			dst = append(dst, padded[next])
			next++
		}
		places--
	}
	return append(dst[:from], bytes.TrimSpace(dst[from:])...)
}

// appendShifted appends a number in plain notation times ten to the power of by.
func appendShifted(dst, plain []byte, by int) []byte {
	digits, negative := bytes.CutPrefix(plain, []byte("-"))
	whole, fraction, _ := bytes.Cut(digits, []byte("."))
	for _, c := range digits {
		if c != '.' && (c < '0' || c > '9') {
			return append(dst, plain...)
		}
	}
	all := append(append(make([]byte, 0, len(digits)+abs(by)), whole...), fraction...)
	point := len(whole) + by
	if point <= 0 {
		all = append(bytes.Repeat([]byte("0"), 1-point), all...)
		point = 1
	}
	if point > len(all) {
		all = append(all, bytes.Repeat([]byte("0"), point-len(all))...)
	}
	head := bytes.TrimLeft(all[:point], "0")
	tail := bytes.TrimRight(all[point:], "0")
	if negative {
		dst = append(dst, '-')
	}
	if len(head) == 0 {
		dst = append(dst, '0')
	}
	dst = append(dst, head...)
	if len(tail) > 0 {
		dst = append(append(dst, '.'), tail...)
	}
	return dst
}

func abs(n int) int { return max(n, -n) }

// Said is the set of powers of ten that texts name: 4 for 万元.
type Said uint32

func (s Said) has(scale int) bool { return scale < 32 && s&(1<<scale) != 0 }

var magnitudes = []struct {
	scale int
	words []string
}{
	{12, []string{"万亿", "萬億", "trillion"}}, {9, []string{"十亿", "十億", "billion"}}, {8, []string{"亿", "億"}}, {7, []string{"千万", "千萬"}},
	{6, []string{"百万", "百萬", "million"}}, {5, []string{"十万", "十萬"}}, {4, []string{"万", "萬"}}, {3, []string{"千", "thousand"}}, {2, []string{"百"}},
}

// Note adds the magnitudes that a text names.
func (s *Said) Note(text []byte) {
	if len(text) == 0 || len(text) > 400 {
		return
	}
	rest := strings.ToLower(string(text))
	for _, m := range magnitudes {
		for _, word := range m.words {
			if strings.Contains(rest, word) {
				*s |= 1 << m.scale
				rest = strings.ReplaceAll(rest, word, " ") // 百万 is not 万
			}
		}
	}
}

// suffixes are the texts behind a number that say its magnitude.
var suffixes = regexp.MustCompile(`^ ?(百万|百萬|千万|千萬|十万|十萬|万亿|萬億|万|萬|亿|億|千)\p{Han}{0,2}$`)

// sectionsOf divides a code at the semicolons that are not written out.
func sectionsOf(code string) []string {
	var all []string
	from := 0
	for i := 0; i < len(code); i++ {
		switch code[i] {
		case ';':
			all = append(all, code[from:i])
			from = i + 1
		case '"', '[':
			end := byte('"')
			if code[i] == '[' {
				end = ']'
			}
			n := strings.IndexByte(code[i+1:], end)
			if n < 0 {
				return append(all, code[from:])
			}
			i += n + 1
		case '\\', '_', '*', '!':
			i++
		}
	}
	return append(all, code[from:])
}

var conditions = regexp.MustCompile(`^(<=|>=|<>|<|>|=)(-?[0-9.]+(?:[eE][+-]?[0-9]+)?)$`)

func parseSection(code string) section {
	s := section{}
	plain := true // places of a whole number alone
	point, percents, commas := false, 0, 0
	write := func(text string) {
		if n := len(s.tokens); n > 0 && s.tokens[n-1].place == 0 {
			s.tokens[n-1].text += text
			return
		}
		s.tokens = append(s.tokens, token{text: text})
	}
	for i := 0; i < len(code); i++ {
		switch c := code[i]; c {
		case '0', '#', '?':
			s.tokens = append(s.tokens, token{place: c})
			s.digits = true
			if commas > 0 {
				plain, commas = false, 0 // it separates thousands
			}
		case '"':
			n := strings.IndexByte(code[i+1:], '"')
			if n < 0 {
				n = len(code) - i - 1
			}
			write(code[i+1 : i+1+n])
			i += n + 1
		case '[':
			n := strings.IndexByte(code[i+1:], ']')
			if n < 0 {
				n = len(code) - i - 1
			}
			s.bracket(code[i+1:i+1+n], write, &plain)
			i += n + 1
		case '\\', '!':
			n := len(firstRune(code[i+1:]))
			write(code[i+1 : i+1+n])
			i += n
		case '_', '*':
			i += len(firstRune(code[i+1:]))
		case '%':
			percents++
			plain = false
		case ',':
			if s.digits {
				commas++
			}
		case '.':
			point, plain = true, false
			s.scale += 3 * commas
			commas = 0
			s.tokens = append(s.tokens, token{text: "\x00"}) // no literal point
		case 'E', 'e', '/':
			if s.digits {
				plain = false
			}
			fallthrough
		default:
			if strings.HasPrefix(strings.ToLower(code[i:]), "general") {
				s.digits, plain = true, false
				i += len("general") - 1
				continue
			}
			n := len(firstRune(code[i:]))
			write(code[i : i+n])
			i += n - 1
		}
	}
	s.scale += 3 * commas
	s.percent = percents == 1
	if s.scale > 0 {
		plain = false
	}
	if !point {
		s.pointed()
	}
	s.ending()
	if zero := s.firstZero(); plain && s.scale == 0 && zero >= 0 {
		for _, t := range s.tokens[zero:] {
			if t.place != 0 {
				s.zeros++
			}
		}
	}
	return s
}

func firstRune(s string) string {
	for i := range s {
		if i > 0 {
			return s[:i]
		}
	}
	return s
}

// bracket reads what stands in brackets: a condition, a currency, or what says
// how numbers are written.
func (s *section) bracket(text string, write func(string), plain *bool) {
	if m := conditions.FindStringSubmatch(text); m != nil {
		limit, err := strconv.ParseFloat(m[2], 64)
		if err == nil {
			s.condition = map[string]func(float64) bool{
				"<": func(v float64) bool { return v < limit }, "<=": func(v float64) bool { return v <= limit }, ">": func(v float64) bool { return v > limit },
				">=": func(v float64) bool { return v >= limit }, "=": func(v float64) bool { return v == limit }, "<>": func(v float64) bool { return v != limit },
			}[m[1]]
		}
		return
	}
	switch currency, ok := strings.CutPrefix(text, "$"); {
	case ok:
		currency, _, _ = strings.Cut(currency, "-")
		if currency != "" {
			*plain = false
		}
	case strings.HasPrefix(strings.ToLower(text), "dbnum"):
		*plain = false
	}
}

// pointed finds a point that is written out among the digits: 0!.0, shows 万.
func (s *section) pointed() {
	at, behind := -1, 0
	before := false
	for i, t := range s.tokens {
		switch {
		case t.place != 0 && at < 0:
			before = true
		case t.place != 0:
			behind++
		case t.text == "." && at < 0 && before:
			at = i
		case at >= 0 && behind == 0:
			return
		}
	}
	if at >= 0 && behind > 0 {
		s.scale += behind
	}
}

// ending reads what is written behind the last digit.
func (s *section) ending() {
	text := ""
	for i := len(s.tokens) - 1; i >= 0 && s.tokens[i].place == 0; i-- {
		text = s.tokens[i].text + text
	}
	if !s.digits {
		return
	}
	switch trimmed := strings.TrimSpace(text); {
	case (trimmed == "%" || trimmed == "％") && !s.percent:
		s.written = true
	case suffixes.MatchString(text):
		s.suffix = trimmed
	}
}

func (s *section) firstZero() int {
	for i, t := range s.tokens {
		if t.place == '0' {
			return i
		}
	}
	return -1
}

// precision is how many characters of an ISO date a format for dates shows.
func precision(code string) int {
	letters, _ := lettersOf(strings.ToLower(code))
	letters = strings.NewReplacer("am/pm", "", "a/p", "").Replace(letters)
	switch {
	case strings.ContainsAny(letters, "dhs"), strings.Contains(letters, "aaa"), !strings.ContainsAny(letters, "ye"):
		return 10
	case strings.Contains(letters, "m"):
		return 7
	}
	return 4
}
