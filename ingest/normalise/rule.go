package normalise

import (
	"cmp"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"govdata/catalog"
)

// Rule brings the cells of one column into their canonical form. It returns
// whether the cell has no value, or the *Fault of the rule that it breaks.
type Rule func(cell string) (value string, null bool, err error)

var (
	faultRequired    = fault("missing", "必填项不能为空", "a value: the field is required")
	faultUndecodable = fault("undecodable", "可按文件字符集解码的文字", "text in the file's character set")
	faultControl     = fault("control_character", "不含控制字符的文字", "text without control characters")
)

// RuleOf compiles the rules of a field: null marks, type, semantic type, enum,
// pattern, bounds and obligation. shift is the power of ten of the unit that
// the column was sent in (see Unit).
func RuleOf(f *catalog.Field, shift int) Rule {
	marks := map[string]bool{}
	longest := 0
	for _, m := range f.Nulls() {
		marks[m] = true
		longest = max(longest, len(m))
	}
	value := valueOf(f, shift)
	checks := checksOf(f)
	return func(cell string) (string, bool, error) {
		cell = Clean(cell)
		if cell == "" || len(cell) <= longest && marks[cell] {
			if f.Required {
				return "", true, faultRequired
			}
			return "", true, nil
		}
		v, err := value(cell)
		if err != nil {
			return "", false, err
		}
		for _, check := range checks {
			if v, err = check(v); err != nil {
				return "", false, err
			}
		}
		return v, false, nil
	}
}

func valueOf(f *catalog.Field, shift int) func(string) (string, error) {
	if precision, scale, ok := f.Type.Decimal(); ok {
		n := Number{Precision: precision, Scale: scale, Unit: f.Unit, Shift: shift}
		return func(s string) (string, error) { return Decimal(s, n) }
	}
	switch f.Type {
	case catalog.TypeInteger:
		return func(s string) (string, error) { return Integer(s, Number{Unit: f.Unit, Shift: shift}) }
	case catalog.TypeDate:
		return day
	case catalog.TypeTimestamp:
		return Timestamp
	case catalog.TypeBoolean:
		return Boolean
	}
	switch f.Semantic {
	case catalog.USCC:
		return USCC
	case catalog.OrgCode:
		return OrgCode
	case catalog.IDCard:
		return IDCard
	case catalog.Region:
		return RegionCode
	case catalog.Phone:
		return Phone
	case catalog.URL:
		return URL
	}
	return text
}

// day is a Date that names its day; 长期 is 2099-12-31.
func day(s string) (string, error) {
	iso, precision, err := Date(s)
	if err != nil {
		if s == "长期" || s == "永久" || s == "长期有效" {
			return longTerm, nil
		}
		return "", err
	}
	if precision != Day {
		return "", faultPrecision
	}
	return iso, nil
}

func text(s string) (string, error) {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' && c != '\n' && c != '\t' && c != '\r' || c == 0x7f {
			return "", faultControl
		}
	}
	if strings.Contains(s, "\uFFFD") {
		return "", faultUndecodable
	}
	return s, nil
}

func checksOf(f *catalog.Field) []func(string) (string, error) {
	var checks []func(string) (string, error)
	if f.Separator != "" {
		checks = append(checks, func(s string) (string, error) { return separate(s, f.Separator), nil })
	}
	if len(f.Enum) > 0 {
		allowed := map[string]bool{}
		for _, e := range f.Enum {
			allowed[e] = true
		}
		want := fault("not_in_list", "以下之一："+strings.Join(f.Enum, "、"), "one of "+strings.Join(f.Enum, ", "))
		checks = append(checks, func(s string) (string, error) {
			if allowed[s] {
				return s, nil
			}
			if f.Separator == "" {
				return "", want
			}
			for part := range strings.SplitSeq(s, f.Separator) {
				if !allowed[part] {
					return "", want
				}
			}
			return s, nil
		})
	}
	if f.Pattern != "" {
		p := regexp.MustCompile(`^(?:` + f.Pattern + `)$`)
		want := fault("bad_pattern", "符合格式 "+f.Pattern, "text of the form "+f.Pattern)
		checks = append(checks, func(s string) (string, error) {
			if !p.MatchString(s) {
				return "", want
			}
			return s, nil
		})
	}
	if f.MaxLength > 0 {
		want := fault("too_long", fmt.Sprintf("不超过%d个字", f.MaxLength), fmt.Sprintf("at most %d characters", f.MaxLength))
		checks = append(checks, func(s string) (string, error) {
			if len(s) > f.MaxLength && utf8.RuneCountInString(s) > f.MaxLength {
				return "", want
			}
			return s, nil
		})
	}
	if f.Min != "" || f.Max != "" {
		want := fault("out_of_bounds", fmt.Sprintf("介于 %s 与 %s 之间", cmp.Or(f.Min, "…"), cmp.Or(f.Max, "…")),
			fmt.Sprintf("a value from %s to %s", cmp.Or(f.Min, "…"), cmp.Or(f.Max, "…")))
		less := lessOf(f.Type)
		checks = append(checks, func(s string) (string, error) {
			if f.Min != "" && less(s, f.Min) || f.Max != "" && less(f.Max, s) {
				return "", want
			}
			return s, nil
		})
	}
	return checks
}

// lessOf compares canonical values of a type. Dates and times compare as text.
func lessOf(t catalog.Type) func(a, b string) bool {
	if t == catalog.TypeInteger {
		return func(a, b string) bool {
			x, _ := strconv.ParseInt(a, 10, 64)
			y, _ := strconv.ParseInt(b, 10, 64)
			return x < y
		}
	}
	if _, _, ok := t.Decimal(); ok {
		return func(a, b string) bool {
			x, _ := new(big.Rat).SetString(a)
			y, _ := new(big.Rat).SetString(b)
			return x != nil && y != nil && x.Cmp(y) < 0
		}
	}
	return func(a, b string) bool { return a < b }
}

// separate brings a list into one form: whatever of ; ； 、 , ， parts it, the
// separator does afterwards; repetitions go.
func separate(s, separator string) string {
	if !strings.ContainsAny(s, ";；、,，") {
		return s
	}
	parts := strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(";；、,，", r) })
	var out []string
	for _, p := range parts {
		if p = trim(p); p != "" && !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return strings.Join(out, separator)
}
