package normalise

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// survivor is an identity number that can be read in a text, whatever
// characters of no width or of other widths it is written in.
func survivor(s string) string {
	var b strings.Builder
	for _, g := range readGlyphs(s) {
		b.WriteRune(g.r)
	}
	plain := []byte(strings.ToUpper(b.String()))
	for i := 0; i+18 <= len(plain); i++ {
		if n := string(plain[i : i+18]); digits(n[:17]) && (n[17] == 'X' || digits(n[17:])) {
			if _, err := IDCard(n); err == nil {
				return n
			}
		}
	}
	return ""
}

func TestNoIdentityNumberSurvivesTheMask(t *testing.T) {
	noise := rapid.StringOfN(rapid.SampledFrom([]rune("0123456789Xx０９.元万 -－,;；\u200b\u00a0张￥#*AaQq")), 0, 12, -1)
	rapid.Check(t, func(t *rapid.T) {
		var b strings.Builder
		for range rapid.IntRange(1, 4).Draw(t, "numbers") {
			b.WriteString(noise.Draw(t, "noise"))
			body := rapid.StringMatching(`(11|13|31|44|51|62|81|83)[0-9]{4}(19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|1[0-9]|2[0-8])[0-9]{3}`).Draw(t, "number")
			number := body + string(IDCardCheck(body))
			b.WriteString(rapid.SampledFrom([]string{number, number + "44", "1" + number, number[:6] + "\u200b" + number[6:], strings.ToLower(number)}).Draw(t, "form"))
		}
		b.WriteString(noise.Draw(t, "end"))
		if got := MaskFreeText(b.String()); survivor(got) != "" {
			t.Fatalf("%q became %q, with %s", b.String(), got, survivor(got))
		}
		if got := MaskNumbers(b.String()); survivor(got) != "" {
			t.Fatalf("%q became %q by the numbers alone, with %s", b.String(), got, survivor(got))
		}
	})
}

// Order numbers, project codes, amounts and coordinates are no personal data,
// however many of them pass Luhn's rule or look like a telephone.
func TestChanceIsNoPerson(t *testing.T) {
	luck := func(n int64) int64 { return n*6364136223846793005 + 1442695040888963407 }
	for name, cell := range map[string]func(i int, r int64) string{
		"order numbers of 16 digits": func(i int, r int64) string { return fmt.Sprintf("4%015d", uint64(r)%1e15) },
		"order numbers of 19 digits": func(i int, r int64) string { return fmt.Sprintf("62%017d", uint64(r)%1e17) },
		"codes of region, day and number": func(i int, r int64) string {
			return fmt.Sprintf("620102%d%02d%02d%04d", 2010+i%15, i%12+1, i%28+1, uint64(r)%1e4)
		},
		"amounts of 11 digits among other": func(i int, r int64) string { return fmt.Sprint(uint64(r) % 10_000_000_0000 / (1 + uint64(i%7)*100)) },
		"coordinates":                      func(i int, r int64) string { return fmt.Sprintf("103.%015d", uint64(r)%1e15) },
		"order numbers in text":            func(i int, r int64) string { return fmt.Sprintf("合同%016d号", 4e15+uint64(r)%1e15) },
		"image addresses": func(i int, r int64) string {
			return fmt.Sprintf("https://img.example.cn/2020/%d-135.png", 3e18+uint64(r)%1e17)
		},
		"credit codes":  func(i int, r int64) string { return fmt.Sprintf("91620102MA%07dX", uint64(r)%1e7) },
		"project codes": func(i int, r int64) string { return fmt.Sprintf("2016-620102-48-01-%06d", uint64(r)%1e6) },
		"timestamps":    func(i int, r int64) string { return fmt.Sprintf("16%011d", uint64(r)%1e11) },
	} {
		var tally PersonalTally
		r := int64(42)
		for i := range 2000 {
			r = luck(r)
			tally.Add(cell(i, r>>1))
		}
		for kind := range PersonalKinds {
			if n, _ := tally.Cells(kind, false); n > 0 {
				t.Errorf("%s: %d of 2000 are taken for %s, as %q", name, n, kind, tally.Examples(kind))
			}
		}
	}
}

// One in a thousand is found all the same.
func TestOnePersonAmongThousandsIsFound(t *testing.T) {
	for name, cell := range map[string]string{"identity_number": "经查，11010519491231002X居民", "mobile": "联系电话13800138000", "bank_card": "卡号6222021234567890128", "name": "联系人：王伟"} {
		var tally PersonalTally
		for i := range 5000 {
			tally.Add(fmt.Sprintf("第%d号文件，共%d页", i, i%9))
		}
		tally.Add(cell)
		kind, _ := ParsePersonalKind(name)
		if n, _ := tally.Cells(kind, false); n != 1 {
			t.Errorf("%s: found %d", name, n)
		}
	}
}

// A mobile is found whatever parts its groups, and digit by digit.
func TestAMobileIsFoundWhateverPartsIt(t *testing.T) {
	for _, s := range []string{
		"(138)12345678", "137（6883）5601", "132·9550·2252", "135*1148*3093", "138,5663,2724", "136:6339:4292", "139~5767~6640", "138|1234|5678",
		"手机号：138）48253671", "1 3 2 2 6 5 5 4 4 3 3", "1-3-2-2-6-5-5-4-4-3-3", "138\n1234\n5678", "138\t12345678", "电话138842\n11020", "【138】1234【5678】",
	} {
		spans := FindPersonal(s)
		if len(spans) != 1 || spans[0].Kind != PersonMobile {
			t.Errorf("%q: %+v", s, spans)
		}
	}
	for _, s := range []string{"2013-06-01 13:30:00.5", "13,795,180,122", "1300:4500:789", "3:13:45:56:789:12", "1.3.4.5.6.7"} {
		if spans := FindPersonal(s); len(spans) != 0 {
			t.Errorf("%q: %+v", s, spans)
		}
	}
}

// An identity number is found with its date of birth in brackets.
func TestAnIdentityNumberIsFoundWithItsDateInBrackets(t *testing.T) {
	for _, s := range []string{"110105(19491231)002X", "110105（19491231）002X", "110105[19491231]002X", "110105【19491231】002X", "110105-19491231-002X"} {
		spans := FindPersonal(s)
		if len(spans) != 1 || spans[0].Kind != PersonIdentity || !spans[0].Sure {
			t.Errorf("%q: %+v", s, spans)
		}
	}
}
