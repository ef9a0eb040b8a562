package normalise

import (
	"html"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// PersonalKind is a kind of personal data.
type PersonalKind uint8

// The kinds, in the order in which a column that holds several is named.
const (
	PersonIdentity PersonalKind = iota // 公民身份号码 of 18 or 15 digits, residence permits among them
	PersonName
	PersonMobile
	PersonLandline
	PersonBank
	PersonAddress
	PersonEmail
	PersonPassport // and travel permits
	PersonPlate
	PersonAccount // WeChat and QQ
	PersonSocial  // social security, medical insurance
	PersonBirth
	PersonSensitive // health and poverty
	PersonalKinds   // how many there are
)

var personalNames = [PersonalKinds]string{"identity_number", "name", "mobile", "landline", "bank_card", "address", "email", "passport", "licence_plate", "account", "social_security", "birth", "sensitive"}

func (k PersonalKind) String() string { return personalNames[k] }

// MarshalText implements encoding.TextMarshaler.
func (k PersonalKind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// ParsePersonalKind is the inverse of String.
func ParsePersonalKind(s string) (PersonalKind, bool) {
	i := slices.Index(personalNames[:], s)
	return PersonalKind(max(0, i)), i >= 0
}

// PersonalSpan is personal data in a text, in bytes. Sure says that a check
// character or the words before it leave no doubt; other spans have only the
// form of such a number, which some order numbers have by chance.
type PersonalSpan struct {
	Kind     PersonalKind
	From, To int
	Sure     bool

	masked []glyph // what MaskFreeText hides of it
}

// glyph is a character as it is read: half-width, with an HTML or JSON escape
// as the character that it stands for. from and to are its place in bytes.
type glyph struct {
	r        rune
	from, to int
}

// readGlyphs reads a text. Characters of no width are left out, so that they
// part nothing.
func readGlyphs(s string) []glyph {
	all := make([]glyph, 0, len(s))
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '&':
			if e, size := entity(s[i:]); size > 0 {
				r, n = e, size
			}
		case r == '\\' && len(s) >= i+6 && s[i+1] == 'u':
			if v, ok := hexRune(s[i+2 : i+6]); ok {
				r, n = v, 6
			}
		}
		if r < utf8.RuneSelf || !invisible(r) && !unicode.Is(unicode.Mn, r) && r != '\u180E' {
			all = append(all, glyph{halfWidth(r), i, i + n})
		}
		i += n
	}
	return all
}

// entity reads an HTML character reference off the front of s, also one whose
// & was escaped once more.
func entity(s string) (rune, int) {
	skipped := 0
	for strings.HasPrefix(s[skipped+1:], "amp;") && skipped < 8 {
		skipped += len("amp;")
	}
	end := strings.IndexByte(s[skipped+1:], ';')
	if end < 2 || end > 10 {
		return 0, 0
	}
	size := skipped + end + 2
	text := "&" + s[skipped+1:size]
	plain := html.UnescapeString(text)
	r, n := utf8.DecodeRuneInString(plain)
	if plain == text || n != len(plain) {
		return 0, 0
	}
	return r, size
}

func hexRune(s string) (v rune, ok bool) {
	for i := range len(s) {
		c := s[i] | 0x20
		switch {
		case s[i] >= '0' && s[i] <= '9':
			v = v<<4 | rune(s[i]-'0')
		case c >= 'a' && c <= 'f':
			v = v<<4 | rune(c-'a'+10)
		default:
			return 0, false
		}
	}
	return v, true
}

// halfWidth makes digits and letters half-width and what parts groups a space.
func halfWidth(r rune) rune {
	switch {
	case r == '-' || r >= '\t' && r <= '\r':
		return ' '
	case r < utf8.RuneSelf:
		return r
	case r > 0xFF00 && r < 0xFF5F:
		return halfWidth(r - 0xFEE0)
	}
	switch r {
	case '‐', '‑', '‒', '–', '—', '−', '﹣':
		return ' '
	case 'Ⅹ', 'ⅹ', 'Х', 'х', 'Χ', 'χ', '×': // written for the X of an identity number
		return 'X'
	}
	switch {
	case unicode.Is(unicode.Zs, r):
		return ' '
	case unicode.Is(unicode.Nd, r):
		return '0' + digitValue(r)
	}
	return r
}

// digitValue is the value of a decimal digit of any script: they stand in tens.
func digitValue(r rune) rune {
	for _, t := range unicode.Nd.R16 {
		if r >= rune(t.Lo) && r <= rune(t.Hi) {
			return (r - rune(t.Lo)) % 10
		}
	}
	for _, t := range unicode.Nd.R32 {
		if r >= rune(t.Lo) && r <= rune(t.Hi) {
			return (r - rune(t.Lo)) % 10
		}
	}
	return 0
}

// group is a run of digits, in glyphs.
type group struct {
	start, end int
	digits     string
	// gap is what parts it from the group before.
	gap gap
	// code says that it belongs to a code of letters and digits, lettered that
	// a letter follows.
	code, lettered bool
}

type gap uint8

const (
	noGap    gap = iota // the first, or words stand between
	softGap             // spaces and hyphens
	otherGap            // other marks
)

// finder looks for personal data in one text.
type finder struct {
	text   string
	glyphs []glyph
	groups []group
	spans  []PersonalSpan
	hidden []bool // glyphs that belong to a span
}

// FindPersonal returns the personal data in a text, in order: numbers with a
// check character or the form of a telephone or card number, in one piece or
// in groups, full-width or escaped; e-mail, licence plates; and names,
// addresses, passports and accounts that a word announces. Credit codes,
// document numbers, amounts and dates are none.
func FindPersonal(s string) []PersonalSpan {
	hint := personalHints(s)
	if hint == 0 {
		return nil
	}
	f := &finder{text: s, glyphs: readGlyphs(s)}
	f.hidden = make([]bool, len(f.glyphs))
	if hint&hintNumber != 0 {
		f.readGroups()
		f.identities()
		f.numbers()
	}
	if hint&hintWord != 0 {
		f.announced()
		f.plates()
	}
	if hint&hintMail != 0 {
		f.mail()
	}
	slices.SortFunc(f.spans, func(a, b PersonalSpan) int { return a.From - b.From })
	return f.spans
}

func (f *finder) add(kind PersonalKind, from, to int, sure bool, show shown) {
	span := PersonalSpan{Kind: kind, From: f.glyphs[from].from, To: f.glyphs[to-1].to, Sure: sure}
	for i := from; i < to; i++ {
		f.hidden[i] = true
		if f.glyphs[i].r != ' ' {
			span.masked = append(span.masked, f.glyphs[i])
		}
	}
	span.masked = span.masked[min(show.head, len(span.masked)):]
	span.masked = span.masked[:max(0, len(span.masked)-show.tail)]
	f.spans = append(f.spans, span)
}

func (f *finder) readGroups() {
	for i := 0; i < len(f.glyphs); i++ {
		if !isDigit(f.glyphs[i].r) {
			continue
		}
		g := group{start: i}
		for i < len(f.glyphs) && isDigit(f.glyphs[i].r) {
			i++
		}
		g.end = i
		text := make([]byte, 0, g.end-g.start)
		for _, c := range f.glyphs[g.start:g.end] {
			text = append(text, byte(c.r))
		}
		g.digits = string(text)
		if n := len(f.groups); n > 0 {
			g.gap = f.gapBetween(f.groups[n-1].end, g.start)
		}
		g.code, g.lettered = f.inCode(&g)
		f.groups = append(f.groups, g)
	}
}

func (f *finder) gapBetween(from, to int) gap {
	if to-from > 3 {
		return noGap
	}
	kind := softGap
	for _, c := range f.glyphs[from:to] {
		switch {
		case c.r == ' ':
		case isLetter(c.r) || unicode.IsLetter(c.r) || c.r == '*' && to-from > 1: // several hide digits
			return noGap
		default:
			kind = otherGap
		}
	}
	return kind
}

// inCode reports whether letters part the group from other digits.
func (f *finder) inCode(g *group) (code, lettered bool) {
	before, after := g.start, g.end
	for before > 0 && isLetter(f.glyphs[before-1].r) {
		before--
	}
	for after < len(f.glyphs) && isLetter(f.glyphs[after].r) {
		after++
	}
	code = before < g.start && before > 0 && isDigit(f.glyphs[before-1].r) && !f.callWord(before, g.start) ||
		after > g.end && after < len(f.glyphs) && isDigit(f.glyphs[after].r) && !f.callWord(g.end, after)
	return code, after > g.end
}

// callWord reports whether letters stand between two numbers and not in one.
func (f *finder) callWord(from, to int) bool {
	switch word := strings.ToLower(f.string(from, to)); word {
	case "qq", "tel", "fax", "phone", "mobile", "mob", "wx", "wechat", "weixin", "id", "sj", "or", "and":
		return true
	default:
		return len(word) > 3
	}
}

func (f *finder) string(from, to int) string {
	var b strings.Builder
	for _, c := range f.glyphs[from:to] {
		b.WriteRune(c.r)
	}
	return b.String()
}

// identities finds identity numbers: every 18 characters in succession that
// pass, whatever stands around them, and groups that pass together.
func (f *finder) identities() {
	for i := range f.groups {
		g := &f.groups[i]
		for at := 0; at+17 <= len(g.digits); at++ {
			from, to := g.start+at, g.start+at+17
			if f.hidden[from] {
				continue
			}
			last := ""
			switch {
			case at+18 <= len(g.digits):
				last = g.digits[at+17 : at+18]
			case to < len(f.glyphs) && (f.glyphs[to].r == 'X' || f.glyphs[to].r == 'x'):
				last = "X"
			default:
				continue
			}
			if !mayBeIdentity(g.digits[at:]) {
				continue
			}
			if _, err := IDCard(g.digits[at:at+17] + last); err == nil || len(g.digits) == 18 && roundedIdentity(g.digits) {
				f.add(PersonIdentity, from, to+1, true, shown{})
				at += 17
			}
		}
	}
	for i := range f.groups {
		f.grouped(i)
	}
}

// mayBeIdentity is a cheap look at the province and the date of birth.
func mayBeIdentity(d string) bool {
	province := number(d[:2])
	if d[0] == '9' {
		province = number(d[1:3])
	}
	month, day := number(d[10:12]), number(d[12:14])
	return provinces[province] && month >= 1 && month <= 12 && day >= 1 && day <= 31
}

// roundedIdentity reports whether 18 digits are an identity number that a
// spreadsheet kept as a number, of which 15 digits are left.
func roundedIdentity(d string) bool {
	year := 0
	if len(d) == 18 {
		year = number(d[6:10])
	}
	return year >= 1900 && year <= time.Now().Year() && d[15:] == "000" && digits(d) && mayBeIdentity(d) && d[0] != '9' && validDay(year, number(d[10:12]), number(d[12:14]))
}

// grouped looks for an identity number whose first group is i.
func (f *finder) grouped(i int) {
	first := &f.groups[i]
	if f.hidden[first.start] || len(first.digits) > 17 {
		return
	}
	number, shortest := first.digits, len(first.digits)
	kind, mark := noGap, ""
	for n := 1; n <= 9; n++ {
		last := &f.groups[i+n-1]
		if len(number) == 17 {
			end, ok := f.lettersX(last.end)
			if ok && shortest >= 2 {
				if _, err := IDCard(number + "X"); err == nil {
					f.add(PersonIdentity, first.start, end, f.groupedAsIdentity(i, i+n), shown{})
					return
				}
			}
		}
		if len(number) >= 17 || i+n == len(f.groups) {
			return
		}
		next := &f.groups[i+n]
		between := sameBrackets.Replace(strings.TrimSpace(f.string(last.end, next.start)))
		if next.gap == noGap || f.hidden[next.start] || kind != noGap && (next.gap != kind || between != mark) {
			return
		}
		kind, mark = next.gap, between
		number += next.digits
		if len(number) > 18 {
			return
		}
		if len(number) == 18 {
			if len(next.digits) < 2 && kind != softGap || shortest < 2 {
				return
			}
			if _, err := IDCard(number); err == nil {
				f.add(PersonIdentity, first.start, next.end, f.groupedAsIdentity(i, i+n+1), shown{})
			}
			return
		}
		shortest = min(shortest, len(next.digits))
	}
}

// sameBrackets makes one mark of those that open and close.
var sameBrackets = strings.NewReplacer("(", "|", ")", "|", "[", "|", "]", "|", "{", "|", "}", "|", "【", "|", "】", "|", "〔", "|", "〕", "|")

// groupedAsIdentity reports whether groups part where an identity number does:
// after the region, or in fours. Six numbers of three digits may be a list.
func (f *finder) groupedAsIdentity(i, j int) bool {
	sum, fours := 0, true
	for k := i; k < j; k++ {
		n := len(f.groups[k].digits)
		fours = fours && (n == 4 || k == j-1)
		if sum += n; sum == 6 && (n > 3 || k > i+1 || j-i < 6) {
			return true
		}
	}
	return fours
}

// lettersX reports whether an X follows a glyph, behind separators.
func (f *finder) lettersX(at int) (end int, ok bool) {
	for n := 0; at < len(f.glyphs) && n < 4; n, at = n+1, at+1 {
		switch r := f.glyphs[at].r; {
		case r == 'X' || r == 'x':
			return at + 1, true
		case isDigit(r) || unicode.IsLetter(r):
			return 0, false
		}
	}
	return 0, false
}

// numbers finds old identity numbers, telephones and cards from left to right.
func (f *finder) numbers() {
	for i := 0; i < len(f.groups); {
		n, kind, show := f.personal(i)
		if n == 0 {
			i++
			continue
		}
		from, to := f.groups[i].start, f.groups[i+n-1].end
		f.add(kind, from, to, f.announces(kind, from), show)
		if kind == PersonMobile {
			f.nameBefore(from)
		}
		i += n
	}
}

// personal returns how many groups from i on make up the number of a person.
func (f *finder) personal(i int) (n int, kind PersonalKind, show shown) {
	if f.groups[i].code || f.hidden[f.groups[i].start] || !f.startsNumber(f.groups[i].start) {
		return 0, 0, show
	}
	number := ""
	for j := i; j < len(f.groups); j++ {
		g := &f.groups[j]
		if j > i && (g.gap == noGap || f.hidden[g.start]) {
			break
		}
		if number += g.digits; len(number) > 22 {
			break
		}
		k, seen, ok := kindOf(number, f.groups[i:j+1])
		if !ok && len(number) == 12 && j == i && mobile(number[1:]) && namedBefore(f.string(max(0, g.start-8), g.start)) { // 张三1 and a number
			k, seen, ok = PersonMobile, shown{4, 4}, true
		}
		if ok && !f.shaped(k, i, j) {
			ok = false
		}
		if ok && !g.code && f.endsNumber(g.end) {
			n, kind, show = j-i+1, k, seen
		}
	}
	return n, kind, show
}

// shaped reports whether groups i to j stand as such a number is written: a
// mobile in 3, 4 and 4 digits or the like, unless a word announces it. Numbers
// in the path of a web address are none.
func (f *finder) shaped(kind PersonalKind, i, j int) bool {
	at := f.groups[i].start
	if f.inAddress(at) {
		return false
	}
	if kind != PersonMobile || i == j {
		return true
	}
	n := []int{}
	for k := i; k <= j; k++ {
		n = append(n, len(f.groups[k].digits))
	}
	return len(n) == 11 || slices.Equal(n, []int{3, 4, 4}) || slices.Equal(n, []int{3, 8}) || slices.Equal(n, []int{7, 4}) || f.announces(PersonMobile, at)
}

// inAddress reports whether a glyph stands in a web address, and not as the
// value of a parameter.
func (f *finder) inAddress(at int) bool {
	if at == 0 || f.glyphs[at-1].r == '=' {
		return false
	}
	for i := at - 1; i >= 2 && f.glyphs[i].r != ' ' || i >= 2 && f.hyphen(i); i-- {
		if f.glyphs[i].r == '/' && f.glyphs[i-1].r == '/' && f.glyphs[i-2].r == ':' {
			return true
		}
		if f.glyphs[i].r > utf8.RuneSelf {
			return false
		}
	}
	return false
}

// startsNumber reports whether a number may begin at a glyph: not behind one
// that was masked there, an amount or the decimals of one.
func (f *finder) startsNumber(at int) bool {
	before := f.glyphs[:at]
	end := len(before)
	if end > 0 && (before[end-1].r == '￥' || before[end-1].r == '¥') {
		return false
	}
	if end > 1 && before[end-1].r == '.' && isDigit(before[end-2].r) && !f.dotted(at) {
		return false
	}
	for end > 0 && before[end-1].r == ' ' {
		end--
	}
	return end < 3 || before[end-1].r != '*' || before[end-2].r != '*' || before[end-3].r != '*'
}

// dotted reports whether the digits before a point are no number of their own:
// they end a list item, as in 1.13800138000.
func (f *finder) dotted(at int) bool {
	i := at - 2
	for i >= 0 && isDigit(f.glyphs[i].r) {
		i--
	}
	end := at
	for end < len(f.glyphs) && isDigit(f.glyphs[end].r) {
		end++
	}
	return at-2-i <= 2 && end-at == 11 && (i < 0 || f.glyphs[i].r != '.' && f.glyphs[i].r != ',')
}

// endsNumber is startsNumber for what comes after a number.
func (f *finder) endsNumber(at int) bool {
	after := f.glyphs[at:]
	if len(after) == 0 {
		return true
	}
	switch after[0].r {
	case '元', '万', '亿':
		return false
	case '.':
		return len(after) == 1 || !isDigit(after[1].r)
	}
	return len(after) < 3 || after[0].r != '*' || after[1].r != '*' || after[2].r != '*'
}

// shown says how many digits of a number may be seen at its ends.
type shown struct{ head, tail int }

// kindOf says what a number is and what may be seen of it: of an identity
// number nothing, for open data carries none. In groups, the fewer rules a
// kind has the more its groups must look like it: 1980-01-01 100 is no mobile
// number.
func kindOf(number string, groups []group) (kind PersonalKind, show shown, ok bool) {
	shortest, lettered, soft := len(number), groups[len(groups)-1].lettered, true
	if len(groups) == 11 && len(number) == 11 { // digit by digit
		shortest = 3
	}
	for i, g := range groups {
		if len(groups) == 11 {
			soft = soft && (i == 0 || g.gap == softGap)
			continue
		}
		shortest = min(shortest, len(g.digits))
		soft = soft && (i == 0 || g.gap == softGap)
	}
	whole := len(groups) == 1
	switch len(number) {
	case 11:
		return PersonMobile, shown{3, 4}, mobile(number) && shortest >= 3 && (soft || len(groups[0].digits) == 3 && (len(groups) == 2 || len(groups[1].digits) == 4))
	case 12: // with the 0 that was dialled before a number of another city
		return PersonMobile, shown{4, 4}, number[0] == '0' && mobile(number[1:]) && whole
	case 13:
		return PersonMobile, shown{5, 4}, number[:2] == "86" && mobile(number[2:]) && whole
	case 22:
		return PersonMobile, shown{3, 4}, mobile(number[:11]) && mobile(number[11:]) && whole
	}
	if !soft {
		return 0, show, false
	}
	switch len(number) {
	case 15:
		if number[:4] == "0086" && mobile(number[4:]) {
			return PersonMobile, shown{7, 4}, whole
		}
		_, err := IDCard(number)
		return PersonIdentity, shown{}, err == nil && shortest >= 2 && !lettered
	case 16, 17, 19:
		if lettered || !digits(number) || !luhn(number) {
			return 0, show, false
		}
		if whole {
			return PersonBank, shown{0, 4}, strings.Contains("34569", number[:1])
		}
		return PersonBank, shown{0, 4}, strings.Contains("456", number[:1]) && len(groups[0].digits) == 4 && shortest >= 3
	}
	return 0, show, false
}

// announces reports whether a word before a number, or a name, says what it is.
func (f *finder) announces(kind PersonalKind, at int) bool {
	before := strings.ToLower(f.string(max(0, at-12), at))
	words := callCues
	switch kind {
	case PersonBank:
		words = cardCues
	case PersonIdentity:
		words = identityCues
	}
	return slices.ContainsFunc(words, func(w string) bool { return hasWord(before, w) }) || kind == PersonMobile && namedBefore(before)
}

// hasWord reports whether a word stands in a text; a Latin one not as a part of another.
func hasWord(text, word string) bool {
	i := strings.LastIndex(text, word)
	if i < 0 || !isLetter(rune(word[0])) {
		return i >= 0
	}
	end := i + len(word)
	return (i == 0 || !isLetter(rune(text[i-1]))) && (end == len(text) || !isLetter(rune(text[end])))
}

var (
	callCues     = []string{"电话", "電話", "手机", "手機", "联系", "聯繫", "聯絡", "致电", "拨打", "来电", "号码", "微信", "tel", "telephone", "phone", "mobile", "call", "+86", "短信"}
	cardCues     = []string{"卡号", "卡號", "账号", "帐号", "帳號", "账户", "帐户", "帳戶", "银行", "銀行", "转入", "汇入", "card", "account"}
	identityCues = []string{"身份", "身分", "证件", "證件", "证号", "id"}
)

// namedBefore reports whether a text ends in what is a name.
func namedBefore(s string) bool {
	from, to := nameAtEnd([]rune(s))
	return to > from
}

// nameAtEnd finds the name that a text ends in, before marks and the word for
// a telephone.
func nameAtEnd(r []rune) (from, to int) {
	to = len(r)
	for to > 0 && strings.ContainsRune(" :：,，(（、\t;；/|", r[to-1]) {
		to--
	}
	for _, w := range []string{"联系电话", "电话号码", "手机号码", "电话", "手机", "联系", "手机号", "電話", "手機"} {
		if strings.HasSuffix(string(r[:to]), w) {
			to -= utf8.RuneCountInString(w)
			for to > 0 && strings.ContainsRune(" :：,，(（、", r[to-1]) {
				to--
			}
			break
		}
	}
	for from = to; from > 0 && (unicode.Is(unicode.Han, r[from-1]) || r[from-1] == '*'); {
		from--
	}
	n := to - from
	if n < 2 || n > 4 || !strings.ContainsRune(surnames, r[from]) || n == 4 && !strings.HasPrefix(string(r[from:to]), "欧阳") && r[from+1] != '*' {
		return to, to
	}
	return from, to
}

// nameBefore finds the name that stands right before a mobile number.
func (f *finder) nameBefore(at int) {
	first := max(0, at-12)
	from, to := nameAtEnd([]rune(f.string(first, at)))
	if to <= from || f.glyphs[first+from+1].r == '*' || organisation(f.string(first+from, first+to)) {
		return
	}
	f.add(PersonName, first+from, first+to, true, shown{1, 0})
}

// mail finds e-mail addresses, but for those of government.
func (f *finder) mail() {
	for i, c := range f.glyphs {
		if c.r != '@' {
			continue
		}
		from, to := i, i+1
		for from > 0 && !f.hidden[from-1] && mailGlyph(f.glyphs[from-1].r, "._%+ ") && (f.glyphs[from-1].r != ' ' || f.hyphen(from-1)) {
			from--
		}
		for to < len(f.glyphs) && mailGlyph(f.glyphs[to].r, ". ") && (f.glyphs[to].r != ' ' || f.hyphen(to)) {
			to++
		}
		domain := strings.Trim(f.string(i+1, to), ". ")
		dot := strings.LastIndexByte(domain, '.')
		if from == i || f.inAddress(from) || dot < 1 || len(domain)-dot < 3 || strings.HasSuffix(strings.ToLower(domain), ".gov.cn") {
			continue
		}
		f.add(PersonEmail, from, i, true, shown{})
	}
}

func mailGlyph(r rune, marks string) bool {
	return isDigit(r) || isLetter(r) || strings.ContainsRune(marks, r)
}

// hyphen reports whether a glyph that is read as a space is a hyphen.
func (f *finder) hyphen(i int) bool { return f.text[f.glyphs[i].from] == '-' }

const plateProvinces = "京津沪滬渝冀豫云辽遼黑湘皖鲁魯新苏蘇浙赣贛鄂桂甘晋晉蒙陕陝吉闽閩贵貴粤粵青藏川宁寧琼瓊"

// plates finds licence plates: 甘A12345, 甘A·12345, 甘AD12345.
func (f *finder) plates() {
	for i := 0; i+6 < len(f.glyphs); i++ {
		if !strings.ContainsRune(plateProvinces, f.glyphs[i].r) || !isLetter(f.glyphs[i+1].r) {
			continue
		}
		at := i + 2
		for at < len(f.glyphs) && at < i+4 && strings.ContainsRune("·•・. ", f.glyphs[at].r) {
			at++
		}
		n, numbers := 0, 0
		for ; at < len(f.glyphs) && (isLetter(f.glyphs[at].r) || isDigit(f.glyphs[at].r)); at++ {
			if isDigit(f.glyphs[at].r) {
				numbers++
			}
			n++
		}
		if (n == 5 || n == 6 && numbers >= 4) && numbers >= 2 {
			f.add(PersonPlate, i, at, true, shown{2, 0})
			i = at - 1
		}
	}
}

// A cue announces what follows it.
type cue struct {
	word string
	kind PersonalKind
	// colon says that only a colon makes it one.
	colon bool
}

var cues = []cue{
	{"护照", PersonPassport, false}, {"護照", PersonPassport, false}, {"通行证", PersonPassport, false}, {"通行證", PersonPassport, false}, {"台胞证", PersonPassport, false}, {"回乡证", PersonPassport, false}, {"passport", PersonPassport, false},
	{"微信号", PersonAccount, false}, {"微信", PersonAccount, true}, {"wechat", PersonAccount, true}, {"qq", PersonAccount, false},
	{"社保卡号", PersonSocial, false}, {"社保号", PersonSocial, false}, {"社会保障号", PersonSocial, false}, {"社会保障卡号", PersonSocial, false}, {"医保卡号", PersonSocial, false}, {"医保号", PersonSocial, false},
	{"家庭住址", PersonAddress, false}, {"住址", PersonAddress, false}, {"家住", PersonAddress, false}, {"现住", PersonAddress, false}, {"户籍地", PersonAddress, false}, {"户籍所在地", PersonAddress, false}, {"居住地", PersonAddress, false}, {"住所地", PersonAddress, true},
}

// announced finds what a word announces but names, which see maskAnnounced.
func (f *finder) announced() {
	text := make([]rune, len(f.glyphs))
	for i, c := range f.glyphs {
		text[i] = unicode.ToLower(c.r)
	}
	for at := range text {
		for _, c := range cues {
			if !hasRunes(text[at:], c.word) || c.word[0] < utf8.RuneSelf && at > 0 && (isLetter(text[at-1]) || isDigit(text[at-1])) {
				continue
			}
			from := at + utf8.RuneCountInString(c.word)
			colon := false
			for from < len(text) && strings.ContainsRune("号號码碼为為是地址在：: 　no.(（", text[from]) {
				colon = colon || text[from] == ':' || text[from] == '：'
				from++
			}
			if c.colon && !colon || from == len(text) || f.hidden[from] {
				continue
			}
			if c.kind == PersonAddress {
				f.address(from)
			} else {
				f.token(c.kind, c.word, from)
			}
		}
	}
}

func hasRunes(text []rune, word string) bool {
	i := 0
	for _, r := range word {
		if i == len(text) || text[i] != r {
			return false
		}
		i++
	}
	return true
}

// token hides the Latin letters and digits from a glyph on.
func (f *finder) token(kind PersonalKind, word string, from int) {
	to, numbers := from, 0
	for to < len(f.glyphs) && (isLetter(f.glyphs[to].r) || isDigit(f.glyphs[to].r) || f.glyphs[to].r == '_' || f.glyphs[to].r == ' ' && f.hyphen(to)) && !f.hidden[to] {
		if isDigit(f.glyphs[to].r) {
			numbers++
		}
		to++
	}
	n := to - from
	if n < 5 || n > 24 || numbers < 5 && (kind != PersonAccount || word == "qq") || word == "qq" && (numbers != n || n > 11) {
		return
	}
	f.add(kind, from, to, true, shown{})
}

// address hides what stands below the township in an address.
func (f *finder) address(from int) {
	to := from
	for to < len(f.glyphs) && !strings.ContainsRune("，。；,;\n、()（）", f.glyphs[to].r) {
		to++
	}
	text := f.string(from, to)
	kept := from + utf8.RuneCountInString(addressPattern.FindString(text))
	if to-kept < 3 || !strings.ContainsAny(f.string(kept, to), "0123456789号號室栋幢楼村组社路街巷") {
		return
	}
	f.add(PersonAddress, kept, to, true, shown{})
}

// hints say what a text may hold.
type hints uint8

const (
	hintNumber hints = 1 << iota
	hintMail
	hintWord
)

// personalHints is a cheap look at a text: most have nothing that a person could be
// told from.
func personalHints(s string) (h hints) {
	run, total := 0, 0  // digits in succession, and with any marks between them
	mobile := false     // one of them is how a mobile begins
	before := rune('.') // the character before
	digit := func(r rune) {
		mobile = mobile || before == '1' && r >= '3'
		run++
		total++
	}
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			i++
			switch {
			case c >= '0' && c <= '9':
				digit(rune(c))
			case c == ' ' || c == '-' || c == '.' || c == '/' || c == '_':
			case c == '@':
				h |= hintMail
			case c == '&' || c == '\\':
				if c == '&' && strings.IndexByte(s[i:min(len(s), i+16)], ';') > 0 || c == '\\' && i < len(s) && s[i] == 'u' {
					return hintNumber | hintMail | hintWord
				}
			case c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z':
				run, total, mobile = 0, 0, false
				if c|0x20 == 'q' && i < len(s) && s[i]|0x20 == 'q' || (c|0x20 == 'w' || c|0x20 == 'p') && cueAt(strings.ToLower(s[i-1:min(len(s), i+8)])) {
					h |= hintWord
				}
			default:
				run = 0
			}
			if c != ' ' {
				before = rune(c)
			}
		} else {
			r, n := utf8.DecodeRuneInString(s[i:])
			switch {
			case r >= 0x3400 && r < 0xA000:
				run, total, mobile = 0, 0, false
				if h&hintWord == 0 && (wordStarts[r&0xFF] && cueAt(s[i:]) || plateStarts[r&0xFF] && strings.ContainsRune(plateProvinces, r) && letterAfter(s[i+n:])) {
					h |= hintWord
				}
			case r == '＠':
				h |= hintMail
			default:
				if g := halfWidth(r); isDigit(g) {
					digit(g)
					before = g
				} else if g != ' ' && !invisible(r) {
					run, before = 0, g
				}
			}
			i += n
		}
		if run >= 11 || total >= 15 || mobile && total >= 11 {
			h |= hintNumber
		}
	}
	return h
}

// wordStarts and plateStarts are the first characters of cues and plates, by
// their last byte.
var (
	wordStarts = func() (set [256]bool) {
		for _, c := range cues {
			r, _ := utf8.DecodeRuneInString(c.word)
			set[r&0xFF] = true
		}
		return set
	}()
	plateStarts = func() (set [256]bool) {
		for _, r := range plateProvinces {
			set[r&0xFF] = true
		}
		return set
	}()
)

func cueAt(s string) bool {
	return slices.ContainsFunc(cues, func(c cue) bool { return strings.HasPrefix(s, c.word) })
}

func letterAfter(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return isLetter(halfWidth(r))
}

func isDigit(r rune) bool { return r >= '0' && r <= '9' }

func isLetter(r rune) bool { return r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' }
