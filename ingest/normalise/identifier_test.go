package normalise

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestIdentifiersFollowTheirStandards(t *testing.T) {
	for _, c := range []struct {
		name       string
		rule       func(string) (string, error)
		cell, want string
	}{
		{"USCC", USCC, "91350100M000100Y43", "91350100M000100Y43"}, {"USCC", USCC, "91230500MA1B3N1N2M", "91230500MA1B3N1N2M"}, {"USCC", USCC, "11230500001755309F", "11230500001755309F"},
		{"USCC", USCC, " 91350100m000100y43", "91350100M000100Y43"}, {"USCC", USCC, "９１３５０１００Ｍ０００１００Ｙ４３", "91350100M000100Y43"}, {"USCC", USCC, "9135 0100 M000 100Y 43", "91350100M000100Y43"}, {"USCC", USCC, "'91350100M000100Y43", "91350100M000100Y43"},
		{"USCC", USCC, "91350100M000100Y44", "!bad_check_digit"}, {"USCC", USCC, "91350100M000100Y34", "!bad_check_digit"}, {"USCC", USCC, "91350100M000100Y4", "!not_a_uscc"}, {"USCC", USCC, "91350100M0001O0Y43", "!not_a_uscc"},
		{"USCC", USCC, "000000000000000000", "!not_a_uscc"}, {"USCC", USCC, "AAAAAAAAAAAAAAAAAA", "!not_a_uscc"}, {"USCC", USCC, "", "!not_a_uscc"}, {"USCC", USCC, "620100200012345", "!not_a_uscc"}, {"USCC", USCC, "9.1350100M0001E+17", "!not_a_uscc"},

		{"OrgCode", OrgCode, "MA5AP9ET-2", "MA5AP9ET-2"}, {"OrgCode", OrgCode, "MA5AP9ET2", "MA5AP9ET-2"}, {"OrgCode", OrgCode, "ma5ap9et-2", "MA5AP9ET-2"}, {"OrgCode", OrgCode, "MA5AP9ET-5", "!bad_check_digit"},
		{"OrgCode", OrgCode, "00000000-0", "!not_an_org_code"}, {"OrgCode", OrgCode, "MA5AP9E-2", "!not_an_org_code"}, {"OrgCode", OrgCode, "MA5AP9ET-A", "!not_an_org_code"}, {"OrgCode", OrgCode, "", "!not_an_org_code"}, {"OrgCode", OrgCode, "-----------", "!not_an_org_code"},

		{"IDCard", IDCard, "11010519491231002X", "11010519491231002X"}, {"IDCard", IDCard, "11010519491231002x", "11010519491231002X"}, {"IDCard", IDCard, "１１０１０５１９４９１２３１００２Ｘ", "11010519491231002X"}, {"IDCard", IDCard, "110105 19491231 002X", "11010519491231002X"},
		{"IDCard", IDCard, "110105491231002", "11010519491231002X"}, {"IDCard", IDCard, "110105194912310021", "!bad_check_digit"}, {"IDCard", IDCard, "11010519491331002X", "!not_an_id_card"}, {"IDCard", IDCard, "11010519490229002X", "!not_an_id_card"}, {"IDCard", IDCard, "99010519491231002X", "!not_an_id_card"},
		{"IDCard", IDCard, "110105991331002", "!not_an_id_card"}, {"IDCard", IDCard, "1101051949123100X2", "!not_an_id_card"}, {"IDCard", IDCard, "", "!not_an_id_card"},

		{"RegionCode", RegionCode, "620102", "620102"}, {"RegionCode", RegionCode, "620102000000", "620102"}, {"RegionCode", RegionCode, "620102001000", "620102001"}, {"RegionCode", RegionCode, "620102001001", "620102001001"}, {"RegionCode", RegionCode, "620102000", "620102"}, {"RegionCode", RegionCode, "６２０１０２", "620102"},
		{"RegionCode", RegionCode, "62", "!not_a_region_code"}, {"RegionCode", RegionCode, "020102", "!not_a_region_code"}, {"RegionCode", RegionCode, "62010a", "!not_a_region_code"}, {"RegionCode", RegionCode, "", "!not_a_region_code"},

		{"Phone", Phone, "13800138000", "13800138000"}, {"Phone", Phone, "138-0013-8000", "13800138000"}, {"Phone", Phone, "+86 138 0013 8000", "13800138000"}, {"Phone", Phone, "8613800138000", "13800138000"}, {"Phone", Phone, "0086-13800138000", "13800138000"},
		{"Phone", Phone, "0931-8412345", "0931-8412345"}, {"Phone", Phone, "09318412345", "0931-8412345"}, {"Phone", Phone, "（0931）8412345", "0931-8412345"}, {"Phone", Phone, "0931－8412345转801", "0931-8412345-801"}, {"Phone", Phone, "010-66012345", "010-66012345"}, {"Phone", Phone, "8412345", "8412345"},
		{"Phone", Phone, "12345", "12345"}, {"Phone", Phone, "95598", "95598"}, {"Phone", Phone, "400-123-4567", "4001234567"},
		{"Phone", Phone, "12800138000", "!not_a_phone"}, {"Phone", Phone, "1380013800", "!not_a_phone"}, {"Phone", Phone, "0", "!not_a_phone"}, {"Phone", Phone, "", "!not_a_phone"}, {"Phone", Phone, "无", "!not_a_phone"}, {"Phone", Phone, "0931", "!not_a_phone"}, {"Phone", Phone, "0931-", "!not_a_phone"}, {"Phone", Phone, "0931-1412345", "!not_a_phone"},

		{"URL", URL, "https://www.gansu.gov.cn/a?b=1", "https://www.gansu.gov.cn/a?b=1"}, {"URL", URL, "http://例子.中国/路", "http://例子.中国/路"}, {"URL", URL, "www.gansu.gov.cn", "!not_a_url"}, {"URL", URL, "ftp://a/", "!not_a_url"}, {"URL", URL, "javascript:alert(1)", "!not_a_url"}, {"URL", URL, "http://", "!not_a_url"}, {"URL", URL, "http://:80", "!not_a_url"}, {"URL", URL, "http://a b", "!not_a_url"},

		{"BankCard", BankCard, "6222 0212 3456 7890 128", "6222021234567890128"}, {"BankCard", BankCard, "4111-1111-1111-1111", "4111111111111111"}, {"BankCard", BankCard, "4111111111111112", "!not_a_bank_card"}, {"BankCard", BankCard, "0", "!not_a_bank_card"},
	} {
		got, err := c.rule(c.cell)
		check(t, c.name, c.cell, got, err, c.want)
	}
}

// A check character finds every wrong character, and every swap of neighbours
// that the standard's weights can tell.
func TestCheckCharactersFindSlips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		body := []byte(rapid.StringMatching(`[159][12][0-9]{6}[0-9A-HJ-NP-RTUWXY]{9}`).Draw(t, "body"))
		good := string(body) + string(USCCCheck(string(body)))
		if got, err := USCC(strings.ToLower(good)); err != nil || got != good {
			t.Fatalf("%s: %q, %v", good, got, err)
		}
		i := rapid.IntRange(0, 17).Draw(t, "place")
		bad := []byte(good)
		bad[i] = rapid.SampledFrom([]byte(usccAlphabet)).Draw(t, "character")
		if _, err := USCC(string(bad)); (err == nil) != (bad[i] == good[i]) {
			t.Fatalf("%s with %c at %d: %v", good, bad[i], i, err)
		}
		org := rapid.StringMatching(`[0-9A-Z]{8}`).Filter(func(s string) bool { return s != "00000000" }).Draw(t, "org")
		if _, err := OrgCode(org + string(OrgCodeCheck(org))); err != nil {
			t.Fatalf("%s: %v", org, err)
		}
		person := rapid.StringMatching(`62[0-9]{4}19[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|1[0-9]|2[0-8])[0-9]{3}`).Draw(t, "person")
		id := person + string(IDCardCheck(person))
		if got, err := IDCard(id); err != nil || got != id {
			t.Fatalf("%s: %q, %v", id, got, err)
		}
		if old, err := IDCard(id[:6] + id[8:17]); err != nil || old != id {
			t.Fatalf("the old form of %s: %q, %v", id, old, err)
		}
	})
}

func FuzzUSCC(f *testing.F) {
	for _, s := range []string{"91350100M000100Y43", "９１３５０１００Ｍ０００１００Ｙ４３", "000000000000000000", "11010519491231002X", "0931-8412345转801", "MA5AP9ET-2"} {
		f.Add(s)
	}
	rules := []func(string) (string, error){USCC, OrgCode, IDCard, RegionCode, Phone, URL, BankCard}
	f.Fuzz(func(t *testing.T, s string) {
		for i, rule := range rules {
			v, err := rule(s)
			if err != nil {
				continue
			}
			if again, err := rule(v); err != nil || again != v {
				t.Errorf("rule %d: %q gives %q and then %q, %v", i, s, v, again, err)
			}
		}
	})
}
