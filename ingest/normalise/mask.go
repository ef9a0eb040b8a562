package normalise

import (
	"regexp"
	"slices"
	"strings"
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
	case catalog.PrivacyContact:
		return MaskContact(s)
	case catalog.PrivacyHidden:
		return hiddenValue
	}
	return s
}

// hiddenValue stands for a value of which nothing may be seen.
const hiddenValue = "***"

// MaskContact masks names as MaskParty does, and beyond what is masked in free
// text every number of seven or more digits after its third, and Latin words
// after their first letter.
func MaskContact(s string) string {
	s = MaskParty(s)
	glyphs := readGlyphs(s)
	hide := PersonalSpan{}
	for i := 0; i < len(glyphs); {
		j, run := i, []glyph(nil)
		for ; j < len(glyphs) && (isDigit(glyphs[j].r) || len(run) > 0 && glyphs[j].r == ' '); j++ {
			if glyphs[j].r != ' ' {
				run = append(run, glyphs[j])
			}
		}
		if len(run) >= 7 {
			hide.masked = append(hide.masked, run[3:]...)
		}
		for k := j; k < len(glyphs) && isLetter(glyphs[k].r); k++ {
			if k > j {
				hide.masked = append(hide.masked, glyphs[k])
			}
			i = k
		}
		i = max(i+1, j)
	}
	return maskSpans(s, []PersonalSpan{hide})
}

// MaskName keeps the first character of every name in s: 张三 is 张*, 欧阳修文 is
// 欧***, 张三、李四 is 张*、李*.
func MaskName(s string) string {
	var b strings.Builder
	first := true
	for _, r := range s {
		switch {
		case isListMark(r):
			first = true
		case first:
			first = false
		default:
			r = '*'
		}
		b.WriteRune(r)
	}
	return b.String()
}

// PersonNames returns the names of natural persons in a cell that holds one or
// several parties.
func PersonNames(cell string) []string {
	var names []string
	for part := range strings.FieldsFuncSeq(Clean(cell), isListMark) {
		part = trim(part)
		if n := utf8.RuneCountInString(part); n >= 2 && n <= 12 && !strings.Contains(part, "*") && MaskParty(part) == MaskName(part) {
			names = append(names, part)
		}
	}
	return names
}

func isListMark(r rune) bool {
	switch r {
	case '、', ',', '，', ';', '；', '\n':
		return true
	}
	return false
}

// MaskID keeps of an identity number the first six and the last four
// characters, of a shorter one (a passport) a third and a quarter.
func MaskID(s string) string {
	n := utf8.RuneCountInString(s)
	return middle(s, min(6, n/3), min(4, n/4))
}

// MaskPhone keeps the first three and the last four digits.
func MaskPhone(s string) string { return middle(s, 3, 4) }

// MaskBank keeps the last four digits.
func MaskBank(s string) string { return middle(s, 0, 4) }

// middle keeps the ends of s; of one that is no longer than they are, nothing.
func middle(s string, head, tail int) string {
	r := []rune(s)
	if len(r) <= head+tail {
		head, tail = 0, 0
	}
	for i := head; i < len(r)-tail; i++ {
		r[i] = '*'
	}
	return string(r)
}

// addressPattern is the part of an address down to the township: province,
// prefecture, county, township, each of which may be absent. A name of a level
// holds no sign of a lower one, but for the counties whose names begin like a
// township's (镇原县), or hold one (东乡族自治县), or a 市 (市中区).
var addressPattern = regexp.MustCompile(`^` +
	`(?:[^省市县区乡镇路街号0-9*]{2,6}?(?:省|自治区))?` +
	`(?:(?:景德镇|镇江|新乡|萍乡)市|[^省市县区乡镇路街号村0-9*]{1,10}?(?:自治州|地区|市|盟))?` +
	`(?:市[中南北辖]区|[东西金宁桐湘]乡(?:族自治)?[县市区]|乡[宁城]县|[镇路]?[^省市县区乡镇路街号楼村0-9*]{0,8}?` +
	`(?:自治县|自治旗|[^省市县区乡镇路街号楼村0-9*小社校厂片园]区|[^省市县区乡镇路街号楼村0-9*][县旗市]))?` +
	`(?:[^乡镇号室0-9*]{1,8}?(?:街道办事处|街道)|[^路号室0-9*][^乡镇路号室0-9*]{0,7}?(?:苏木|乡|镇))?`)

// MaskAddress cuts an address after the township, or after the last level
// above it that it names.
func MaskAddress(s string) string {
	kept := addressPattern.FindString(s)
	if rest := s[len(kept):]; rest == "" || rest == "***" {
		return s
	}
	return kept + "***"
}

// MaskParty masks the names of natural persons and leaves those of
// organisations as they are. A 个体工商户 that trades under a name (张三面馆) is
// known in public by that name and keeps it; its owner in brackets behind it is
// masked, and so is one that has only its owner's name. Numbers of persons are
// masked as in free text.
func MaskParty(s string) string {
	end := strings.IndexFunc(s, isListMark)
	if end < 0 {
		return MaskFreeText(maskOneParty(s))
	}
	var b strings.Builder
	for rest := s; rest != ""; end = strings.IndexFunc(rest, isListMark) {
		if end < 0 {
			b.WriteString(maskOneParty(rest))
			break
		}
		_, size := utf8.DecodeRuneInString(rest[end:])
		b.WriteString(maskOneParty(rest[:end]))
		b.WriteString(rest[end : end+size])
		rest = rest[end+size:]
	}
	return MaskFreeText(b.String())
}

var (
	noteAtEnd = regexp.MustCompile(`(?s)^(.+?)(\s*[（(][^（()）]*[）)]\s*)$`)
	ownerMark = regexp.MustCompile(`(?s)^(\s*[（(]\s*(?:(?:个体)?(?:经营者|经营人|业主|负责人|法定代表人|法人|投资人|户主)\s*[:：]?\s*)?)(.*?)(\s*[）)]\s*)$`)
	corporate = regexp.MustCompile(`公司|集团|合作社|银行`)
	latinName = regexp.MustCompile(`^[A-Z][A-Za-z'.-]*(?: [A-Z][A-Za-z'.-]*){1,3}$`)
	latinMark = regexp.MustCompile(`(?i)\b(?:ltd|inc|co|corp|llc|llp|plc|gmbh|ag|sa|limited|company|corporation|group|bank|university|hotel|school|centre|center|institute|association|foundation|office|store|shop|restaurant|airlines?|holdings?|international|china)\b`)
	hanRun    = regexp.MustCompile(`[\p{Han}·•*]+`)
)

func maskOneParty(s string) string {
	body, note := s, ""
	if strings.HasSuffix(s, ")") || strings.HasSuffix(s, "）") {
		if m := noteAtEnd.FindStringSubmatch(s); m != nil {
			body, note = m[1], m[2]
		}
	}
	if !organisation(body) {
		if body != "" && body[0] >= 'A' && body[0] <= 'Z' && latinName.MatchString(body) {
			body = MaskName(body)
		}
		body = hanRun.ReplaceAllStringFunc(body, maskPerson)
	}
	if note == "" {
		return body
	}
	m := ownerMark.FindStringSubmatch(note)
	// A name follows a word such as 经营者, or begins with a surname; with a
	// company it is rather a place (张掖).
	named := strings.ContainsAny(m[1], "者人主")
	if first, size := utf8.DecodeRuneInString(m[2]); !named && !corporate.MatchString(body) {
		n := utf8.RuneCountInString(m[2][size:])
		named = n >= 1 && n <= 3 && strings.ContainsRune(surnames, first)
	}
	if named && !organisation(m[2]) {
		note = m[1] + maskPerson(m[2]) + m[3]
	}
	return body + note
}

func maskPerson(s string) string {
	if n := utf8.RuneCountInString(s); n < 2 || n > 6 && !strings.ContainsAny(s, "·•") {
		return s
	}
	return MaskName(s)
}

// surnames are the most frequent ones.
const surnames = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤祁包尤"

var (
	// shortEnds end the name of an organisation even where it is as short as a
	// person's: 兴盛店. Given names end in 会, 行, 村 or 园 as well (王会).
	shortEnds = strings.Fields(`公司 集团 企业 厂 店 铺 馆 厅 吧 屋 社 所 院 局 摊 坊 中心 大学 中学 小学 学校 政府 超市 银行 商行 车行 药行 分行 支行 协会 学会 工会 商会 联合会
		委员会 基金会 经营部 门市部 服务部 小卖部 农场 林场 牧场 商场 市场 菜场 猪场 鸡场 羊场 牛场 渔场 砂场 石场 料场 加油站 加气站 水站 电站 检测站 服务站 收购站 车队 公园 果园 茶园 幼儿园 山庄 农庄 酒庄 煤矿`)
	// longEnds and longMarks show it in names too long for most persons.
	longEnds  = strings.Fields(`部 行 会 站 场 队 园 庄 矿 处 室 房 学 校 台 城 家 村 镇 乡 县 市 区`)
	longMarks = strings.Fields(`公司 集团 企业 合作社 中心 委员会 银行 超市 酒店 宾馆 工作室 工程 经营 个体 网吧 政府`)
)

// organisation reports whether a party is an organisation or trades under a
// name of its own.
func organisation(s string) bool {
	han, latin, dot, space := 0, false, false, false
	for _, r := range s {
		switch {
		case r >= 0x3400 && r < 0xFF00: // Chinese characters
			han++
		case isLetter(r):
			latin = true
		case r == '·' || r == '•':
			dot = true
		case r == ' ':
			space = true
		}
	}
	switch {
	case latin && han == 0:
		return latinMark.MatchString(s)
	case endsIn(s, shortEnds):
		return true
	case han <= 4 && !dot:
		return false
	case han <= 6 || dot:
		return endsIn(s, longEnds) || slices.ContainsFunc(longMarks, func(mark string) bool { return strings.Contains(s, mark) })
	}
	return !space || !spacedNames.MatchString(s)
}

func endsIn(s string, ends []string) bool {
	return slices.ContainsFunc(ends, func(end string) bool { return strings.HasSuffix(s, end) })
}

// spacedNames are several names without a mark between them.
var spacedNames = regexp.MustCompile(`^\p{Han}{2,4}(?: +\p{Han}{2,4})+$`)
