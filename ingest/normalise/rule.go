package normalise

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
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

// RuleOf compiles the rules of a field: null marks, type, separator, semantic
// type, enum, pattern, length, bounds and obligation. shift is the power of ten
// of the unit that the column was sent in (see Unit). The rule costs no
// allocation for a cell that is canonical already.
func RuleOf(f *catalog.Field, shift int) Rule {
	marks := nullMarks(f)
	longest := 0
	var begins [256]bool
	for m := range marks {
		longest = max(longest, len(m))
		if m != "" {
			begins[m[0]] = true
		}
	}
	value := valueOf(f, shift)
	anyText := f.Type == catalog.TypeText && f.Semantic == "" && len(f.Enum) == 0 && f.Separator == ""
	checks := checksOf(f)
	return func(cell string) (string, bool, error) {
		tidy := ordinary(cell)
		if !tidy {
			cell = Clean(cell)
		}
		if cell != "" && (cell[0] == '=' || cell[0] == '\'') {
			if text := Literal(cell); text != cell {
				cell = Clean(text)
				tidy = ordinary(cell)
			}
		}
		if cell == "" || len(cell) <= longest && begins[cell[0]] && marks[cell] {
			if f.Required {
				return "", true, faultRequired
			}
			return "", true, nil
		}
		v := cell
		if !tidy || !anyText {
			var err error
			if v, err = value(cell); err != nil {
				return "", false, err
			}
		}
		for _, check := range checks {
			if err := check(v); err != nil {
				return "", false, err
			}
		}
		return v, false, nil
	}
}

// nullMarks are the field's marks, as written, as Clean leaves them, and in
// full width.
func nullMarks(f *catalog.Field) map[string]bool {
	marks := map[string]bool{}
	for _, m := range f.Nulls() {
		marks[m], marks[Clean(m)] = true, true
		marks[Clean(strings.Map(func(r rune) rune {
			if r > ' ' && r < 0x7f {
				return r + 0xFEE0
			}
			return r
		}, m))] = true
	}
	return marks
}

func valueOf(f *catalog.Field, shift int) func(string) (string, error) {
	n := Number{Unit: f.Unit, Shift: shift, Comma: f.DecimalMark == ","}
	var isDecimal bool
	if n.Precision, n.Scale, isDecimal = f.Type.Decimal(); isDecimal {
		return func(s string) (string, error) { return Decimal(s, n) }
	}
	switch f.Type {
	case catalog.TypeInteger:
		return func(s string) (string, error) { return Integer(s, n) }
	case catalog.TypeDate:
		return func(s string) (string, error) { return day(f.DateOrder, s) }
	case catalog.TypeTimestamp:
		return func(s string) (string, error) { return TimestampIn(f.DateOrder, s) }
	case catalog.TypeBoolean:
		return Boolean
	}
	value := oneOf(f.Enum, meaning(f.Semantic))
	if f.Separator == "" {
		return value
	}
	return func(s string) (string, error) {
		if slices.Contains(f.Enum, s) { // which may have a mark in itself
			return s, nil
		}
		return separate(s, f.Separator, value)
	}
}

// meaning is the rule of a text's semantic type.
func meaning(s catalog.Semantic) func(string) (string, error) {
	switch s {
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
	case catalog.Month:
		return YearMonth
	case catalog.TimeOfDay:
		return TimeOfDay
	}
	return text
}

// oneOf narrows value to a list; an empty one allows all.
func oneOf(enum []string, value func(string) (string, error)) func(string) (string, error) {
	if len(enum) == 0 {
		return value
	}
	allowed := map[string]bool{}
	for _, e := range enum {
		allowed[e] = true
	}
	wrong := fault("not_in_list", "以下之一："+strings.Join(enum, "、"), "one of "+strings.Join(enum, ", "))
	return func(s string) (string, error) {
		if allowed[s] {
			return s, nil
		}
		if v, err := value(s); err != nil || allowed[v] {
			return v, err
		}
		return "", wrong
	}
}

// day is a date that names its day; 长期 is 2099-12-31.
func day(order catalog.DateOrder, s string) (string, error) {
	iso, precision, err := DateIn(order, s)
	switch {
	case err == faultDate && LongTerm(s):
		return longTerm, nil
	case err != nil:
		return "", err
	case precision != Day:
		return "", faultPrecision
	}
	return iso, nil
}

// LongTerm reports whether s says in place of a date that there is no end.
func LongTerm(s string) bool {
	return s == "长期" || s == "长期有效" || s == "永久" || s == "永久有效"
}

// text is any text that can be stored and shown.
func text(s string) (string, error) {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c < ' ' && c != '\n' && c != '\t' && c != '\r', c == 0x7f:
			return "", faultControl
		case c == 0xEF && strings.HasPrefix(s[i:], "\uFFFD"):
			return "", faultUndecodable
		}
	}
	if !utf8.ValidString(s) {
		return "", faultUndecodable
	}
	return s, nil
}

// checksOf are the rules on a value that do not change it.
func checksOf(f *catalog.Field) []func(string) error {
	var checks []func(string) error
	if f.Pattern != "" {
		p := regexp.MustCompile(`^(?:` + f.Pattern + `)$`)
		wrong := fault("bad_pattern", "符合格式 "+f.Pattern, "text of the form "+f.Pattern)
		checks = append(checks, func(s string) error {
			if !p.MatchString(s) {
				return wrong
			}
			return nil
		})
	}
	if f.MaxLength > 0 {
		wrong := fault("too_long", fmt.Sprintf("不超过%d个字", f.MaxLength), fmt.Sprintf("at most %d characters", f.MaxLength))
		checks = append(checks, func(s string) error {
			if len(s) > f.MaxLength && utf8.RuneCountInString(s) > f.MaxLength {
				return wrong
			}
			return nil
		})
	}
	if bound := map[catalog.Semantic]string{catalog.Latitude: "90", catalog.Longitude: "180"}[f.Semantic]; bound != "" {
		wrong := fault("no_such_place", "介于 -"+bound+" 与 "+bound+" 之间的度数", "degrees from -"+bound+" to "+bound)
		checks = append(checks, func(s string) error {
			if CompareNumbers(strings.TrimPrefix(s, "-"), bound) > 0 {
				return wrong
			}
			return nil
		})
	}
	if f.Min != "" || f.Max != "" {
		low, high := cmp.Or(f.Min, "…"), cmp.Or(f.Max, "…")
		wrong := fault("out_of_bounds", "介于 "+low+" 与 "+high+" 之间", "a value from "+low+" to "+high)
		compare := strings.Compare // dates and times compare as text
		if _, _, ok := f.Type.Decimal(); ok || f.Type == catalog.TypeInteger {
			compare = CompareNumbers
		}
		checks = append(checks, func(s string) error {
			if f.Min != "" && compare(s, f.Min) < 0 || f.Max != "" && compare(s, f.Max) > 0 {
				return wrong
			}
			return nil
		})
	}
	return checks
}

// CompareNumbers compares two numbers in plain decimal notation without
// leading zeros.
func CompareNumbers(a, b string) int {
	a, minusA := strings.CutPrefix(a, "-")
	b, minusB := strings.CutPrefix(b, "-")
	switch {
	case minusA && !minusB:
		return -1
	case minusB && !minusA:
		return 1
	case minusA:
		a, b = b, a
	}
	wholeA, fracA, _ := strings.Cut(a, ".")
	wholeB, fracB, _ := strings.Cut(b, ".")
	return cmp.Or(cmp.Compare(len(wholeA), len(wholeB)), strings.Compare(wholeA, wholeB),
		strings.Compare(strings.TrimRight(fracA, "0"), strings.TrimRight(fracB, "0")))
}

const listMarks = ";；、,，|"

// separate brings a list into one form: whatever of listMarks parts it, the
// separator does afterwards. Each part is a value; repetitions go.
func separate(s, separator string, value func(string) (string, error)) (string, error) {
	if !strings.ContainsAny(s, listMarks) {
		return value(s)
	}
	var values []string
	for part := range strings.FieldsFuncSeq(s, func(r rune) bool { return strings.ContainsRune(listMarks, r) }) {
		if part = trim(part); part == "" {
			continue
		}
		v, err := value(part)
		if err != nil {
			return "", err
		}
		if !slices.Contains(values, v) {
			values = append(values, v)
		}
	}
	if len(values) == 0 {
		return value(s)
	}
	return strings.Join(values, separator), nil
}
