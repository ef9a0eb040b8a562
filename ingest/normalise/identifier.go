package normalise

import (
	"net/url"
	"regexp"
	"strings"
	"time"
)

var (
	faultUSCC       = fault("not_a_uscc", "18位统一社会信用代码（GB 32100-2015）", "a unified social credit code of 18 characters (GB 32100-2015)")
	faultUSCCCheck  = fault("bad_check_digit", "校验位正确的统一社会信用代码（GB 32100-2015）", "a unified social credit code whose check character is right (GB 32100-2015)")
	faultOrgCode    = fault("not_an_org_code", "组织机构代码，如 12345678-X（GB 11714）", "an organisation code such as 12345678-X (GB 11714)")
	faultOrgCheck   = fault("bad_check_digit", "校验位正确的组织机构代码（GB 11714）", "an organisation code whose check character is right (GB 11714)")
	faultIDCard     = fault("not_an_id_card", "18位公民身份号码（GB 11643）", "a citizen identification number of 18 characters (GB 11643)")
	faultIDCheck    = fault("bad_check_digit", "校验位正确的公民身份号码（GB 11643）", "a citizen identification number whose check character is right (GB 11643)")
	faultRegionCode = fault("not_a_region_code", "6位行政区划代码（GB/T 2260）", "a region code of 6 digits (GB/T 2260)")
	faultPhone      = fault("not_a_phone", "手机或固定电话号码", "a mobile or fixed telephone number")
	faultURL        = fault("not_a_url", "以 http:// 或 https:// 开头的网址", "an address that begins with http:// or https://")
	faultBankCard   = fault("not_a_bank_card", "13至19位银行卡号", "a bank card number of 13 to 19 digits")
)

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

// code folds an identifier: NFKC, upper case, no spaces inside. Canonical
// ASCII costs nothing.
func code(s string) string {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 'a' && c <= 'z' || c >= 0x80 {
			return strings.Join(strings.Fields(strings.ToUpper(Fold(s))), "")
		}
	}
	return s
}

// USCC checks a 统一社会信用代码 (GB 32100-2015).
func USCC(s string) (string, error) {
	s = code(s)
	if len(s) != 18 {
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

// USCCCheck returns the check character of the first 17 of a code.
func USCCCheck(body string) byte {
	sum := 0
	for i, w := range usccWeights {
		sum += int(usccValue[body[i]]) * w
	}
	return usccAlphabet[(31-sum%31)%31]
}

var orgPattern = regexp.MustCompile(`^[0-9A-Z]{8}-?[0-9X]$`)

// OrgCode checks a 组织机构代码 (GB 11714) and returns it with its hyphen.
func OrgCode(s string) (string, error) {
	s = code(s)
	if !orgPattern.MatchString(s) {
		return "", faultOrgCode
	}
	body, check := s[:8], s[len(s)-1]
	if OrgCodeCheck(body) != check {
		return "", faultOrgCheck
	}
	return body + "-" + string(check), nil
}

// OrgCodeCheck returns the check character of the first 8 of a code.
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

// IDCard checks a 公民身份号码 (GB 11643); the old form of 15 digits is
// extended to 18.
func IDCard(s string) (string, error) {
	s = code(s)
	if len(s) == 15 && digits(s) {
		s = s[:6] + "19" + s[6:]
		s += string(IDCardCheck(s))
	}
	if len(s) != 18 || !digits(s[:17]) || s[17] != 'X' && (s[17] < '0' || s[17] > '9') {
		return "", faultIDCard
	}
	if s[0] == '0' || s[0] == '9' {
		return "", faultIDCard
	}
	born, err := time.Parse("20060102", s[6:14])
	if err != nil || born.Year() < 1850 || born.After(time.Now()) {
		return "", faultIDCard
	}
	if IDCardCheck(s[:17]) != s[17] {
		return "", faultIDCheck
	}
	return s, nil
}

// IDCardCheck returns the check character of the first 17 digits.
func IDCardCheck(body string) byte {
	sum := 0
	for i, w := range idWeights {
		sum += int(body[i]-'0') * w
	}
	return "10X98765432"[sum%11]
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// RegionCode checks the shape of a GB/T 2260 code; one of 12 digits (townships
// and villages) is cut only where the rest is zeros.
func RegionCode(s string) (string, error) {
	s = code(s)
	if len(s) == 12 && strings.HasSuffix(s, "000000") {
		s = s[:6]
	}
	if len(s) != 6 || !digits(s) || s[0] == '0' || s[0] == '9' {
		return "", faultRegionCode
	}
	return s, nil
}

var phonePattern = regexp.MustCompile(`^(?:1[3-9]\d{9}|(?:0\d{2,3}-?)?[2-9]\d{6,7}(?:-\d{1,6})?|12\d{3}|400\d{7})$`)

// Phone checks a mainland mobile, fixed or service number.
func Phone(s string) (string, error) {
	s = strings.NewReplacer("(", "", ")", "-", "86-", "").Replace(strings.TrimPrefix(code(s), "+86"))
	if m := strings.ReplaceAll(s, "-", ""); len(m) == 11 && m[0] == '1' || strings.HasPrefix(m, "400") {
		s = m
	}
	if !phonePattern.MatchString(s) {
		return "", faultPhone
	}
	return s, nil
}

// URL checks an absolute web address.
func URL(s string) (string, error) {
	s = trim(s)
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.ContainsAny(s, " \t\r\n<>\"") {
		return "", faultURL
	}
	return s, nil
}

// BankCard checks a card number by Luhn's rule (ISO/IEC 7812).
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
