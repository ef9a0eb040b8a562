package normalise

import (
	"slices"
	"strings"
)

// MaskFreeText masks the numbers of persons that stand in running text:
// identity numbers with a right check character, mobile numbers, and bank
// cards by Luhn's rule; full-width or not, in one piece or in groups parted by
// spaces and hyphens. Credit codes, document numbers, amounts and dates stay.
// Of names it masks those that a word such as 联系人 announces.
func MaskFreeText(s string) string {
	s = maskAnnounced(s)
	if !longNumber(s) {
		return s
	}
	text := []rune(s)
	for maskNumbers(text) {
		// Again: the rest of one number may be the beginning of another.
	}
	return string(text)
}

// longNumber reports cheaply whether s may have eleven digits in succession.
func longNumber(s string) bool {
	run := 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			run++
		case c == 0xEF && i+2 < len(s) && s[i+1] == 0xBC: // full-width
			run++
			i += 2
		case c == ' ' || c == '-':
		case c == 0xC2, c == 0xE2, c == 0xE3 && i+2 < len(s) && s[i+1] == 0x80 && s[i+2] == 0x80: // other spaces and hyphens
			for i+1 < len(s) && s[i+1]&0xC0 == 0x80 {
				i++
			}
		default:
			run = 0
		}
		if run >= 11 {
			return true
		}
	}
	return false
}

// halfWidth makes digits and letters half-width and every separator a space.
func halfWidth(r rune) rune {
	switch r {
	case '-', '－', '‐', '‑', '‒', '–', '—', '−', '\u00a0', '\u3000':
		return ' '
	}
	if r > 0xFF00 && r < 0xFF5F {
		return r - 0xFEE0
	}
	return r
}

// group is a run of digits in a text, the last one of an identity number with
// its X. start and end are its place in runes.
type group struct {
	start, end int
	digits     string
	// joined says that only separators part it from the group before, lettered
	// that a letter follows.
	joined, lettered bool
}

// maskNumbers masks from left to right, and reports whether it did.
func maskNumbers(text []rune) (masked bool) {
	plain := make([]rune, len(text))
	for i, r := range text {
		plain[i] = halfWidth(r)
	}
	for groups := groupsOf(plain); len(groups) > 0; {
		n, show := personal(plain, groups)
		if n == 0 {
			groups = groups[1:]
			continue
		}
		masked = true
		var places []int
		for i := groups[0].start; i < groups[n-1].end; i++ {
			if plain[i] != ' ' {
				places = append(places, i)
			}
		}
		for _, i := range places[show.head : len(places)-show.tail] {
			text[i] = '*'
		}
		groups = groups[n:]
	}
	return masked
}

// groupsOf finds the runs of digits. One that only letters part from another
// one belongs to a code and is left out.
func groupsOf(plain []rune) []group {
	var groups []group
	for i := 0; i < len(plain); i++ {
		if !isDigit(plain[i]) {
			continue
		}
		g := group{start: i}
		for i < len(plain) && isDigit(plain[i]) {
			i++
		}
		if n := len(groups); n > 0 {
			between := plain[groups[n-1].end:g.start]
			g.joined = len(between) > 0 && len(between) <= 3 && !slices.ContainsFunc(between, func(r rune) bool { return r != ' ' })
		}
		if i < len(plain) && (plain[i] == 'X' || plain[i] == 'x') && (i-g.start == 17 || g.joined) {
			i++
		}
		g.end, g.digits = i, strings.ToUpper(string(plain[g.start:i]))
		i-- // the loop's own step
		before, after := g.start, g.end
		for before > 0 && isLetter(plain[before-1]) {
			before--
		}
		for after < len(plain) && isLetter(plain[after]) {
			after++
		}
		g.lettered = after > g.end
		if before < g.start && before > 0 && isDigit(plain[before-1]) || after < len(plain) && isDigit(plain[after]) {
			continue
		}
		groups = append(groups, g)
	}
	return groups
}

func isDigit(r rune) bool { return r >= '0' && r <= '9' }

func isLetter(r rune) bool { return r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' }

// shown says how many digits of a number may be seen at its ends.
type shown struct{ head, tail int }

// personal returns how many of the groups at the front make up the number of a
// person, 0 for none, and what may be seen of it.
func personal(plain []rune, groups []group) (n int, show shown) {
	if !startsNumber(plain[:groups[0].start]) {
		return 0, show
	}
	number := ""
	for i, g := range groups {
		if i > 0 && !g.joined {
			break
		}
		if number += g.digits; len(number) > 19 {
			break
		}
		if seen, ok := kindOf(number, groups[:i+1]); ok && endsNumber(plain[g.end:]) {
			n, show = i+1, seen
		}
	}
	return n, show
}

// startsNumber reports whether a number may begin after before: not one that
// was masked there, an amount or the decimals of one.
func startsNumber(before []rune) bool {
	end := len(before)
	if end > 0 && (before[end-1] == '￥' || before[end-1] == '¥') {
		return false
	}
	if end > 1 && before[end-1] == '.' && isDigit(before[end-2]) {
		return false
	}
	for end > 0 && before[end-1] == ' ' {
		end--
	}
	return end < 3 || string(before[end-3:end]) != "***"
}

// endsNumber is startsNumber for what comes after it.
func endsNumber(after []rune) bool {
	if len(after) == 0 {
		return true
	}
	switch after[0] {
	case '元', '万', '亿':
		return false
	case '.':
		return len(after) == 1 || !isDigit(after[1])
	}
	return len(after) < 3 || string(after[:3]) != "***"
}

// kindOf says what may be seen of a number, where it is one of a person: of an
// identity number nothing, for open data carries none. In groups, the fewer rules a kind has the more its
// groups must look like it: 1980-01-01 100 is no mobile number.
func kindOf(number string, groups []group) (show shown, ok bool) {
	shortest, lettered := len(number), groups[len(groups)-1].lettered
	for _, g := range groups {
		shortest = min(shortest, len(g.digits))
	}
	switch len(number) {
	case 11:
		return shown{3, 4}, mobile(number) && shortest >= 3
	case 12: // with the 0 that was dialled before a number of another city
		return shown{4, 4}, number[0] == '0' && mobile(number[1:]) && len(groups) == 1
	case 13:
		return shown{5, 4}, number[:2] == "86" && mobile(number[2:]) && len(groups) == 1
	case 15, 18:
		_, err := IDCard(number)
		return shown{}, err == nil && shortest >= 2 && (len(number) == 18 || !lettered)
	case 16, 17, 19:
		if lettered || !digits(number) || !luhn(number) {
			return show, false
		}
		if len(groups) == 1 {
			return shown{0, 4}, strings.Contains("34569", number[:1])
		}
		return shown{0, 4}, strings.Contains("456", number[:1]) && len(groups[0].digits) == 4 && shortest >= 3
	}
	return show, false
}

// announcing are the words behind which a name stands; those of the second
// list are common in front of other words, and announce one with a colon alone.
var (
	announcing = []string{"联系人", "经办人", "举报人", "投诉人", "户主", "姓名"}
	withColon  = []string{"当事人", "负责人", "申请人", "法定代表人", "经营者", "监护人", "户名", "患者"}
)

// afterNames are the characters that often follow a name of two characters and
// stand in none.
const afterNames = "已的在于与和及等未将把被向对从为是有因系称说来到又并且或不先女"

func maskAnnounced(s string) string {
	for _, cue := range announcing {
		s = maskBehind(s, cue, false)
	}
	for _, cue := range withColon {
		s = maskBehind(s, cue, true)
	}
	return s
}

// maskBehind masks the names that follow a word, at once or behind a colon.
func maskBehind(s, cue string, colon bool) string {
	for from := 0; ; {
		i := strings.Index(s[from:], cue)
		if i < 0 {
			return s
		}
		from += i + len(cue)
		rest := strings.TrimLeft(s[from:], " \u3000")
		trimmed := strings.TrimLeft(rest, ":： \u3000")
		if colon && (rest == trimmed || !strings.HasPrefix(rest, ":") && !strings.HasPrefix(rest, "：")) {
			continue
		}
		if n := announcedName(trimmed); n > 0 {
			at := len(s) - len(trimmed)
			s = s[:at] + MaskName(trimmed[:n]) + trimmed[n:]
		}
	}
}

// announcedName returns how many bytes at the beginning of s are a name: a
// family name with one or two characters.
func announcedName(s string) int {
	family := 1
	for _, compound := range []string{"欧阳", "司马", "上官", "诸葛", "东方", "皇甫", "尉迟", "令狐"} {
		if strings.HasPrefix(s, compound) {
			family = 2
		}
	}
	n := 0
	for i, r := range s {
		switch {
		case n == 0 && family == 1 && !strings.ContainsRune(surnames, r):
			return 0
		case n >= family && (r < 0x3400 || r > 0x9FFF || n > family && strings.ContainsRune(afterNames, r)):
			if n == family {
				return 0
			}
			return i
		case n == family+2:
			return i
		}
		n++
	}
	if n == family {
		return 0
	}
	return len(s)
}
