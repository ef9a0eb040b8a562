package normalise

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// MaskFreeText masks the personal data in running text that FindPersonal finds,
// and the names that a word such as 联系人 announces. The text keeps its length
// in characters.
func MaskFreeText(s string) string {
	s = maskAnnounced(s)
	for {
		spans := FindPersonal(s)
		masked := maskSpans(s, spans)
		if masked == s {
			return s
		}
		s = masked // again: the rest of one number may be the beginning of another
	}
}

// MaskNumbers masks the numbers of persons that leave no doubt: identity
// numbers, and mobiles and bank cards that a word or a name before them
// announces. It is for columns of which nobody has said that they hold such.
func MaskNumbers(s string) string {
	for personalHints(s)&hintNumber != 0 {
		spans := slices.DeleteFunc(FindPersonal(s), func(p PersonalSpan) bool {
			return !p.Sure || p.Kind != PersonIdentity && p.Kind != PersonMobile && p.Kind != PersonBank
		})
		masked := maskSpans(s, spans)
		if masked == s {
			break
		}
		s = masked
	}
	return s
}

func maskSpans(s string, spans []PersonalSpan) string {
	if len(spans) == 0 {
		return s
	}
	hide := make([]bool, len(s))
	for _, span := range spans {
		for _, g := range span.masked {
			for i := g.from; i < g.to; i++ {
				hide[i] = true
			}
		}
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		_, n := utf8.DecodeRuneInString(s[i:])
		if hide[i] {
			b.WriteByte('*')
		} else {
			b.WriteString(s[i : i+n])
		}
		i += n
	}
	return b.String()
}

// announcing are the words behind which a name stands; those of the second
// list are common in front of other words, and announce one with a colon alone.
var (
	announcing = []string{"联系人", "经办人", "举报人", "投诉人", "户主", "姓名"}
	withColon  = []string{"当事人", "负责人", "申请人", "法定代表人", "经营者", "监护人", "户名", "患者", "学生", "家长", "配偶", "父亲", "母亲", "法人代表", "救助对象", "受助人", "业主", "车主", "房主", "紧急联系人", "聯絡人", "申請人"}
)

// afterNames are the characters that often follow a name of two characters and
// stand in none.
const afterNames = "已的在于与和及等未将把被向对从为是有因系称说来到又并且或不先女"

func maskAnnounced(s string) string {
	if !announcesName(s) {
		return s
	}
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

// announcesName reports cheaply whether a text has a word that announces names.
func announcesName(s string) bool {
	if len(s) < 9 {
		return false
	}
	for i := 0; i < len(s); i++ {
		if s[i] < 0xE4 || s[i] > 0xE9 {
			continue
		}
		if i+2 < len(s) && nameStarts[s[i+2]] && (slices.ContainsFunc(announcing, func(w string) bool { return strings.HasPrefix(s[i:], w) }) ||
			slices.ContainsFunc(withColon, func(w string) bool { return strings.HasPrefix(s[i:], w) })) {
			return true
		}
		i += 2
	}
	return false
}

// nameStarts are the third bytes of the words that announce names.
var nameStarts = func() (set [256]bool) {
	for _, w := range slices.Concat(announcing, withColon) {
		set[w[2]] = true
	}
	return set
}()
