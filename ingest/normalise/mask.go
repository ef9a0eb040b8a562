package normalise

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"govdata/catalog"
)

// Mask hides what the privacy class asks to hide (DOMAIN.md, section 3). A
// masked value stays as it is when it is masked again.
func Mask(class catalog.Privacy, s string) string {
	switch class {
	case catalog.PrivacyName:
		return MaskName(s)
	case catalog.PrivacyID:
		return MaskID(s)
	case catalog.PrivacyPhone:
		return MaskPhone(s)
	case catalog.PrivacyBank:
		return MaskBank(s)
	case catalog.PrivacyAddress:
		return MaskAddress(s)
	case catalog.PrivacyParty:
		return MaskParty(s)
	case catalog.PrivacyFree:
		return MaskFreeText(s)
	}
	return s
}

// MaskName keeps the first character: 张三 is 张*, 欧阳修文 is 欧***.
func MaskName(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	rest := utf8.RuneCountInString(s[size:])
	if rest == 0 {
		return s
	}
	return string(first) + strings.Repeat("*", rest)
}

// MaskID keeps the first six and the last four characters.
func MaskID(s string) string { return middle(s, 6, 4) }

// MaskPhone keeps the first three and the last four digits.
func MaskPhone(s string) string { return middle(s, 3, 4) }

// MaskBank keeps the last four digits.
func MaskBank(s string) string { return middle(s, 0, 4) }

func middle(s string, head, tail int) string {
	r := []rune(s)
	if len(r) <= head+tail {
		return strings.Repeat("*", len(r))
	}
	for i := head; i < len(r)-tail; i++ {
		r[i] = '*'
	}
	return string(r)
}

var (
	townshipPattern = regexp.MustCompile(`^.*?(?:街道|民族乡|苏木|[乡镇])`)
	countyPattern   = regexp.MustCompile(`^.*?(?:自治县|[县区旗]|市.{1,6}?市)`)
	cityPattern     = regexp.MustCompile(`^.*?(?:自治州|[市州盟])`)
)

// MaskAddress cuts an address after the township, or after the county or the
// city where it names none.
func MaskAddress(s string) string {
	if strings.HasSuffix(s, "***") {
		return s
	}
	for _, p := range []*regexp.Regexp{townshipPattern, countyPattern, cityPattern} {
		if kept := p.FindString(s); kept != "" {
			if kept == s {
				return s
			}
			return kept + "***"
		}
	}
	return "***"
}

// organisationMarks show that a party is an organisation or trades under a name.
var organisationMarks = regexp.MustCompile(`(公司|厂|店|社|所|院|中心|部|馆|行|场|站|局|委员会|学校|小学|中学|大学|幼儿园|协会|学会|基金会|合作社|集团|企业|工作室|超市|酒店|宾馆|饭店|餐厅|食堂|药房|诊所|商行|商店|经营|服务|工程|科技|银行|矿|队|办|会|处|园|庄|坊|屋|铺|摊|网吧|影城|洗浴|美容|加油|农场|林场|牧场|药店|门市|政府|支行|分行|村|镇|乡|街道|县|市|区|Ltd|Inc|Co\.|LLC)`)

// MaskParty masks the name of a natural person and leaves an organisation's
// as it is. A 个体工商户 that trades under a name (张三面馆) is known by that
// name in public and keeps it; one that has only its owner's name is masked
// like a person.
func MaskParty(s string) string {
	n := 0
	for _, r := range s {
		if !unicode.Is(unicode.Han, r) && r != '·' && r != '•' && r != '*' {
			return s // no bare personal name in Chinese characters
		}
		n++
	}
	if n > 4 && !strings.ContainsAny(s, "·•") || n < 2 || organisationMarks.MatchString(s) {
		return s
	}
	return MaskName(s)
}

// Numbers in running text, full-width or with separators. RE2 has no
// look-around, so the neighbours are checked by hand.
var numberPattern = regexp.MustCompile(`[0-9０-９][0-9０-９ \-]{9,30}[0-9０-９XxＸｘ]`)

// MaskFreeText masks identity numbers, mobile numbers and bank cards that
// stand in running text. Credit codes, document numbers, amounts and dates
// stay.
func MaskFreeText(s string) string {
	if !longNumber(s) {
		return s
	}
	return replaceNumbers(s, numberPattern)
}

// longNumber reports whether s has eleven digits in near succession at all.
func longNumber(s string) bool {
	run := 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c >= '0' && c <= '9', c == 'X', c == 'x':
			run++
		case c == 0xEF && i+2 < len(s) && s[i+1] == 0xBC: // a full-width form
			run++
			i += 2
		case c == ' ' || c == '-':
		default:
			run = 0
		}
		if run >= 11 {
			return true
		}
	}
	return false
}

func replaceNumbers(s string, p *regexp.Regexp) string {
	var b strings.Builder
	from := 0
	for _, at := range p.FindAllStringIndex(s, -1) {
		b.WriteString(s[from:at[0]])
		from = at[1]
		before, _ := utf8.DecodeLastRuneInString(s[:at[0]])
		after, _ := utf8.DecodeRuneInString(s[at[1]:])
		if wordRune(before) || wordRune(after) {
			b.WriteString(s[at[0]:at[1]]) // part of a longer code
			continue
		}
		b.WriteString(maskNumbers(s[at[0]:at[1]]))
	}
	b.WriteString(s[from:])
	return b.String()
}

func wordRune(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r >= '０' && r <= '９'
}

// maskNumbers masks one run of digits and separators: as a whole where it is a
// number of a person, else each part that is one.
func maskNumbers(run string) string {
	if masked, ok := maskNumber(run); ok {
		return masked
	}
	parts := strings.FieldsFunc(run, func(r rune) bool { return r == ' ' || r == '-' })
	for _, part := range parts {
		if masked, ok := maskNumber(part); ok {
			run = strings.ReplaceAll(run, part, masked)
		}
	}
	return run
}

// maskNumber masks the digits of s that are an identity, mobile or card
// number, and keeps separators where they stand.
func maskNumber(s string) (string, bool) {
	plain := strings.NewReplacer(" ", "", "-", "").Replace(Fold(s))
	head, tail := 0, 4
	switch {
	case len(plain) == 18 || len(plain) == 15:
		if _, err := IDCard(plain); err == nil {
			head = 6
			break
		}
		if len(plain) == 18 {
			return s, false
		}
		if _, err := BankCard(plain); err != nil {
			return s, false
		}
	case len(plain) == 11 && plain[0] == '1' && plain[1] >= '3' && digits(plain):
		head = 3
	case len(plain) == 13 && strings.HasPrefix(plain, "861") && plain[3] >= '3':
		head = 5
	case len(plain) >= 16 && len(plain) <= 19:
		if _, err := BankCard(plain); err != nil {
			return s, false
		}
	default:
		return s, false
	}
	var b strings.Builder
	i := 0
	for _, r := range s {
		if r == ' ' || r == '-' {
			b.WriteRune(r)
			continue
		}
		if i >= head && i < len(plain)-tail {
			r = '*'
		}
		b.WriteRune(r)
		i++
	}
	return b.String(), true
}
