package normalise

import (
	"net/url"
	"strings"
)

var (
	faultUSCC       = fault("not_a_uscc", "18位统一社会信用代码（GB 32100-2015）", "a unified social credit code of 18 characters (GB 32100-2015)")
	faultUSCCCheck  = fault("bad_check_digit", "校验位正确的统一社会信用代码（GB 32100-2015）", "a unified social credit code whose check character is right (GB 32100-2015)")
	faultOrgCode    = fault("not_an_org_code", "组织机构代码，如 12345678-X（GB 11714-1997）", "an organisation code such as 12345678-X (GB 11714-1997)")
	faultOrgCheck   = fault("bad_check_digit", "校验位正确的组织机构代码（GB 11714-1997）", "an organisation code whose check character is right (GB 11714-1997)")
	faultIDCard     = fault("not_an_id_card", "18位公民身份号码（GB 11643-1999）", "a citizen identification number of 18 characters (GB 11643-1999)")
	faultIDCheck    = fault("bad_check_digit", "校验位正确的公民身份号码（GB 11643-1999）", "a citizen identification number whose check character is right (GB 11643-1999)")
	faultRegionCode = fault("not_a_region_code", "6位行政区划代码（GB/T 2260），或9位、12位的乡级、村级代码", "a region code of 6 digits (GB/T 2260), or of 9 or 12 for townships and villages")
	faultPhone      = fault("not_a_phone", "手机或固定电话号码", "a mobile or fixed telephone number")
	faultURL        = fault("not_a_url", "以 http:// 或 https:// 开头的网址", "an address that begins with http:// or https://")
	faultBankCard   = fault("not_a_bank_card", "13至19位银行卡号", "a bank card number of 13 to 19 digits")
)

// The alphabet of GB 32100-2015 leaves out I, O, S, V and Z.
const usccAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"

var (
	usccValue   = alphabetValues(usccAlphabet)
	usccWeights = [17]int{1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28}
	orgWeights  = [8]int{3, 7, 9, 10, 5, 8, 4, 2}
	idWeights   = [17]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}
)

func alphabetValues(alphabet string) (v [256]int8) {
	for i := range v {
		v[i] = -1
	}
	for i := range len(alphabet) {
		v[alphabet[i]] = int8(i)
	}
	return v
}

// code folds an identifier: NFKC, upper case, no spaces inside, and without
// the apostrophe that marks text in a spreadsheet. Canonical ASCII costs
// nothing.
func code(s string) string {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c == '\'' || c >= 'a' && c <= 'z' || c >= 0x80 {
			return strings.TrimPrefix(strings.Join(strings.Fields(strings.ToUpper(Fold(s))), ""), "'")
		}
	}
	return s
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// USCC checks a 统一社会信用代码 (GB 32100-2015): its alphabet, the digits of its
// region code and its check character. Zeros in place of a code are none.
func USCC(s string) (string, error) {
	s = code(s)
	if len(s) != 18 || s[0] == '0' || !digits(s[2:8]) {
		return "", faultUSCC
	}
	for i := range len(s) {
		if usccValue[s[i]] < 0 {
			return "", faultUSCC
		}
	}
	if USCCCheck(s[:17]) != s[17] {
		return "", faultUSCCCheck
	}
	return s, nil
}

// USCCCheck returns the check character of body, the first 17 of a code.
func USCCCheck(body string) byte {
	sum := 0
	for i, w := range usccWeights {
		sum += int(usccValue[body[i]]) * w
	}
	return usccAlphabet[(31-sum%31)%31]
}

// OrgCode checks a 组织机构代码 (GB 11714-1997) and returns it with its hyphen.
func OrgCode(s string) (string, error) {
	s = code(s)
	if len(s) == 9 {
		s = s[:8] + "-" + s[8:]
	}
	if len(s) != 10 || s[8] != '-' || s == "00000000-0" || s[9] != 'X' && !digits(s[9:]) {
		return "", faultOrgCode
	}
	for i := range 8 {
		if c := s[i]; (c < '0' || c > '9') && (c < 'A' || c > 'Z') {
			return "", faultOrgCode
		}
	}
	if OrgCodeCheck(s[:8]) != s[9] {
		return "", faultOrgCheck
	}
	return s, nil
}

// OrgCodeCheck returns the check character of body, the first 8 of a code.
func OrgCodeCheck(body string) byte {
	sum := 0
	for i, w := range orgWeights {
		v := int(body[i] - '0')
		if body[i] >= 'A' {
			v = int(body[i]-'A') + 10
		}
		sum += v * w
	}
	return "0X987654321"[sum%11]
}

// IDCard checks a 公民身份号码 (GB 11643-1999): province, date of birth and check
// character. The old form of 15 digits, which has none, is extended to 18.
// Foreigners' permanent residence numbers (9 and the province) follow the same
// rules.
func IDCard(s string) (string, error) {
	s = code(s)
	if len(s) == 15 && digits(s) {
		s = s[:6] + "19" + s[6:]
		s += string(IDCardCheck(s))
	}
	if len(s) != 18 || !digits(s[:17]) || s[17] != 'X' && !digits(s[17:]) {
		return "", faultIDCard
	}
	province := s[:2]
	if s[0] == '9' {
		province = s[1:3]
	}
	year := number(s[6:10])
	if !provinces[number(province)] || year < 1850 || year > 2100 || !validDay(year, number(s[10:12]), number(s[12:14])) {
		return "", faultIDCard
	}
	if IDCardCheck(s[:17]) != s[17] {
		return "", faultIDCheck
	}
	return s, nil
}

// provinces are the first two digits of GB/T 2260; 83 stands for Taiwan on
// residence permits.
var provinces = func() (known [100]bool) {
	for _, p := range []int{11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46, 50, 51, 52, 53, 54, 61, 62, 63, 64, 65, 71, 81, 82, 83} {
		known[p] = true
	}
	return known
}()

// IDCardCheck returns the check character of body, the first 17 digits.
func IDCardCheck(body string) byte {
	sum := 0
	for i, w := range idWeights {
		sum += int(body[i]-'0') * w
	}
	return "10X98765432"[sum%11]
}

// RegionCode checks the shape of a region code: 6 digits (GB/T 2260), 9 or 12
// for townships and villages, which are cut where they end in zeros.
func RegionCode(s string) (string, error) {
	s = code(s)
	if len(s) == 12 && strings.HasSuffix(s, "000") {
		s = s[:9]
	}
	if len(s) == 9 && strings.HasSuffix(s, "000") {
		s = s[:6]
	}
	if len(s) != 6 && len(s) != 9 && len(s) != 12 || !digits(s) || s[0] == '0' || s[0] == '9' {
		return "", faultRegionCode
	}
	return s, nil
}

var phoneMarks = strings.NewReplacer("(", "", ")", "-", "转", "-", "分机", "-", "—", "-", "–", "-", "−", "-")

// Phone checks a mainland number and returns it as 13800138000, 0931-8412345,
// 0931-8412345-801, 8412345, 4001234567 or 12345.
func Phone(s string) (string, error) {
	s = strings.ReplaceAll(phoneMarks.Replace(code(s)), "--", "-")
	s = strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(s, "+"), "0086"), "86-")
	plain := strings.ReplaceAll(s, "-", "")
	if len(plain) == 13 && strings.HasPrefix(plain, "861") {
		plain = plain[2:]
	}
	switch {
	case !digits(plain):
		return "", faultPhone
	case mobile(plain), len(plain) == 10 && strings.HasPrefix(plain, "400"):
		return plain, nil
	case len(plain) == 5 && (plain[0] == '1' || plain[:2] == "95" || plain[:2] == "96"):
		return plain, nil
	}
	area, local, extension := "", s, ""
	if s[0] == '0' {
		n := 4
		if strings.HasPrefix(s, "01") || strings.HasPrefix(s, "02") { // the cities of three digits
			n = 3
		}
		if len(s) <= n {
			return "", faultPhone
		}
		area, local = s[:n]+"-", strings.TrimPrefix(s[n:], "-")
	}
	if number, after, found := strings.Cut(local, "-"); found {
		if local, extension = number, "-"+after; !digits(after) || len(after) > 6 {
			return "", faultPhone
		}
	}
	if !digits(local) || len(local) < 7 || len(local) > 8 || local[0] < '2' {
		return "", faultPhone
	}
	return area + local + extension, nil
}

func mobile(s string) bool {
	return len(s) == 11 && s[0] == '1' && s[1] >= '3' && s[1] <= '9' && digits(s)
}

// URL checks an absolute web address.
func URL(s string) (string, error) {
	s = trim(s)
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || strings.ContainsAny(s, " \t\r\n<>\"") {
		return "", faultURL
	}
	return s, nil
}

// BankCard checks a card number by Luhn's rule (ISO/IEC 7812-1).
func BankCard(s string) (string, error) {
	s = strings.ReplaceAll(code(s), "-", "")
	if len(s) < 13 || len(s) > 19 || !digits(s) || !luhn(s) {
		return "", faultBankCard
	}
	return s, nil
}

func luhn(s string) bool {
	sum := 0
	for i := range len(s) {
		d := int(s[len(s)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}
