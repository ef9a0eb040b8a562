package catalog

import (
	"math/bits"
	"strings"
	"unicode"

	"github.com/mozillazg/go-pinyin"
	"golang.org/x/text/unicode/norm"
)

// folded is a text as it is compared: full-width forms made half-width (NFKD),
// small letters, no accents, no apostrophes inside words.
type folded struct {
	runes []rune
	// origin says of every rune at which character of the text it stands.
	origin []int32
}

func fold(s string) folded {
	f := folded{runes: make([]rune, 0, len(s)), origin: make([]int32, 0, len(s))}
	at := int32(-1)
	for _, r := range s {
		at++
		if r < 0x80 {
			if r == '\'' && f.afterLetter() {
				continue
			}
			f.add(unicode.ToLower(r), at)
			continue
		}
		if r == '’' && f.afterLetter() {
			continue
		}
		for _, part := range norm.NFKD.String(string(r)) {
			for _, small := range strings.ToLower(string(part)) {
				if !unicode.Is(unicode.Mn, small) {
					f.add(small, at)
				}
			}
		}
	}
	return f
}

func (f *folded) add(r rune, at int32) {
	f.runes, f.origin = append(f.runes, r), append(f.origin, at)
}

func (f *folded) afterLetter() bool {
	n := len(f.runes)
	return n > 0 && unicode.IsLetter(f.runes[n-1]) && !isHan(f.runes[n-1])
}

// chars gives the place in the text, in characters, of the runes from to to.
func (f *folded) chars(from, to int) [2]int {
	return [2]int{int(f.origin[from]), int(f.origin[to-1]) + 1}
}

func isHan(r rune) bool { return r >= 0x2E80 && unicode.Is(unicode.Han, r) }

func isWordRune(r rune) bool {
	return r == '_' || unicode.IsLetter(r) && !isHan(r) || unicode.IsDigit(r)
}

// run is a stretch of Chinese characters, or a word of another script.
type run struct {
	from, to int
	han      bool
}

// runs parts a text into its words; Chinese stays together.
func runs(s []rune) []run {
	var all []run
	for i := 0; i < len(s); {
		j := i
		switch {
		case isHan(s[i]):
			for j < len(s) && isHan(s[j]) {
				j++
			}
			all = append(all, run{i, j, true})
		case isWordRune(s[i]):
			// PM2.5 is one word.
			for j < len(s) && (isWordRune(s[j]) || s[j] == '.' && j+1 < len(s) && unicode.IsDigit(s[j-1]) && unicode.IsDigit(s[j+1])) {
				j++
			}
			all = append(all, run{i, j, false})
		default:
			j++
		}
		i = j
	}
	return all
}

// stem takes the endings of English plurals, -ing, -ed and a last e from a word in
// small letters, so that penalty and penalties, charge and charging are one.
func stem(w string) string {
	if len(w) < 4 || strings.ContainsFunc(w, func(r rune) bool { return r < 'a' || r > 'z' }) {
		return w
	}
	switch {
	case strings.HasSuffix(w, "ies") && len(w) > 4:
		w = w[:len(w)-3] + "y"
	case strings.HasSuffix(w, "sses"), strings.HasSuffix(w, "xes"), strings.HasSuffix(w, "ches"), strings.HasSuffix(w, "shes"):
		w = w[:len(w)-2]
	case strings.HasSuffix(w, "s") && !strings.HasSuffix(w, "ss") && !strings.HasSuffix(w, "us") && !strings.HasSuffix(w, "is"):
		w = w[:len(w)-1]
	}
	for _, ending := range []string{"ing", "ed"} {
		if bare, ok := strings.CutSuffix(w, ending); ok && len(bare) >= 4 && strings.ContainsAny(bare, "aeiouy") {
			w = bare
			break
		}
	}
	if len(w) >= 5 && w[len(w)-1] == 'e' {
		w = w[:len(w)-1]
	}
	if n := len(w); n >= 5 && w[n-1] == w[n-2] && !strings.ContainsRune("aeiouls", rune(w[n-1])) {
		w = w[:n-1] // planned, planning
	}
	for _, spelling := range [][2]string{{"enc", "ens"}, {"our", "or"}, {"ter", "tr"}, {"is", "iz"}, {"isation", "ization"}} { // licence and license, centre and center
		if bare, ok := strings.CutSuffix(w, spelling[0]); ok && len(bare) > 1 {
			return bare + spelling[1]
		}
	}
	return w
}

// readings are the syllables, without tones, that a Chinese character is read
// as, the usual one first; ü is v.
func readings(r rune) []string {
	entry, ok := pinyin.PinyinDict[int(r)]
	if !ok {
		return nil
	}
	var all []string
next:
	for _, toned := range strings.Split(entry, ",") {
		var b strings.Builder
		for _, c := range norm.NFD.String(strings.ReplaceAll(toned, "ü", "v")) {
			switch {
			case c == 0x308: // of ǖ, ǘ, ǚ, ǜ, behind its u
				s := b.String()
				b.Reset()
				b.WriteString(s[:max(0, len(s)-1)] + "v")
			case c >= 'a' && c <= 'z':
				b.WriteRune(c)
			}
		}
		s := b.String()
		for _, have := range all {
			if have == s {
				continue next
			}
		}
		if s != "" {
			all = append(all, s)
		}
	}
	return all
}

// spelling says how letters stand for Chinese characters.
type spelling int

// The spellings, the least sure first.
const (
	notSpelt spelling = iota
	initials          // some characters by their first letter
	begun             // syllables, the last of them not to its end
	syllables
)

// maxSpelt bounds, in letters, what is read as pinyin.
const maxSpelt = 60

// spells reports whether q is the pinyin of the Chinese characters that text begins
// with, and of how many: syllables, or their first letters, or a mix of both.
func spells(q string, text []rune, of func(rune) []string) (chars int, how spelling) {
	if q == "" || len(q) > maxSpelt {
		return 0, notSpelt
	}
	// After each character: a bit for every number of letters that can be used
	// up, by syllables alone, and with first letters among them.
	whole, mixed := uint64(1), uint64(0)
	end := uint64(1) << len(q)
	for i, r := range text {
		if !isHan(r) || whole|mixed == 0 {
			break
		}
		var nextWhole, nextMixed uint64
		for used := whole | mixed; used != 0; used &= used - 1 {
			at := bits.TrailingZeros64(used)
			if at == len(q) {
				continue
			}
			for _, s := range of(r) {
				switch taken := sounds(q[at:], s); {
				case taken == len(s):
					nextWhole |= whole & (1 << at) << taken
					nextMixed |= mixed & (1 << at) << taken
				case taken > 1 && at+taken == len(q) && whole&(1<<at) != 0 && how < begun:
					chars, how = i+1, begun
				}
				if q[at] == s[0] {
					nextMixed |= 1 << (at + 1)
					if len(s) > 2 && s[1] == 'h' && at+1 < len(q) && q[at+1] == 'h' {
						nextMixed |= 1 << (at + 2)
					}
				}
			}
		}
		whole, mixed = nextWhole, nextMixed&^nextWhole
		if whole&end != 0 {
			return i + 1, syllables
		}
		if mixed&end != 0 && how < initials {
			chars, how = i+1, initials
		}
	}
	return chars, how
}

// sounds says how many letters q and the syllable s have in common at their
// beginning. Where s has v, u will do.
func sounds(q, s string) int {
	n := 0
	for n < min(len(q), len(s)) && (q[n] == s[n] || s[n] == 'v' && q[n] == 'u') {
		n++
	}
	return n
}

// distance is the number of letters to put in, leave out, change or swap with
// their neighbour to make b of a; limit+1 where it is more than limit.
func distance(a, b string, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit {
		return limit + 1
	}
	var rows [3][64]uint8
	if len(b) >= len(rows[0]) || len(a) >= len(rows[0]) {
		return limit + 1
	}
	last, now, before := &rows[0], &rows[1], &rows[2]
	for j := range len(b) + 1 {
		last[j] = uint8(j)
	}
	for i := 1; i <= len(a); i++ {
		now[0] = uint8(i)
		least := now[0]
		for j := 1; j <= len(b); j++ {
			cost := uint8(1)
			if a[i-1] == b[j-1] {
				cost = 0
			}
			v := min(last[j]+1, now[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				v = min(v, before[j-2]+1)
			}
			now[j] = v
			least = min(least, v)
		}
		if int(least) > limit {
			return limit + 1
		}
		before, last, now = last, now, before
	}
	return int(last[len(b)])
}

// letters are the letters that occur in w, a bit each: words at a small
// distance differ in few of them.
func letters(w string) uint64 {
	var set uint64
	for i := range len(w) {
		switch c := w[i]; {
		case c >= 'a' && c <= 'z':
			set |= 1 << (c - 'a')
		case c >= '0' && c <= '9':
			set |= 1 << (26 + c - '0')
		default:
			set |= 1 << 40
		}
	}
	return set
}
