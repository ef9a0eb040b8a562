package web

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"govdata/catalog"
)

func penalties() *catalog.Dataset {
	text := func(zh string) catalog.Text { return catalog.Text{Zh: zh, En: zh} }
	return &catalog.Dataset{ID: "admin_penalties", Fields: []catalog.Field{
		{Name: "party", Title: text("相对人"), Type: catalog.TypeText},
		{Name: "kinds", Title: text("类别"), Type: catalog.TypeText, Separator: "；", Enum: []string{"罚款", "警告"}},
		{Name: "fine", Title: text("罚款"), Type: "decimal(18,2)", Unit: "元"},
		{Name: "decided_on", Title: text("日期"), Type: catalog.TypeDate},
		{Name: "seen_at", Title: text("时间"), Type: catalog.TypeTimestamp},
		{Name: "listed", Title: text("公示"), Type: catalog.TypeBoolean},
		{Name: "region_code", Title: text("区划"), Type: catalog.TypeText, Semantic: catalog.Region},
	}}
}

func TestASelectionIsWrittenInItsAddress(t *testing.T) {
	for _, test := range []struct{ address, where, file string }{
		{"", "", "/d/admin_penalties.csv"},
		{"has.party=O'Neil", `contains(lower("party"::VARCHAR), lower('O''Neil'))`, "/d/admin_penalties.csv?where=contains%28lower%28%22party%22%3A%3AVARCHAR%29%2C%20lower%28%27O%27%27Neil%27%29%29"},
		{"is.kinds=罚款", `list_contains(string_split("kinds", '；'), '罚款')`, ""},
		{"min.fine=1,200&max.fine=5000.5", `"fine" >= 1200 AND "fine" <= 5000.5`, ""},
		{"min.decided_on=2026-01-01", `"decided_on" >= DATE '2026-01-01'`, ""},
		{"max.seen_at=2026-01-01", `"seen_at"::DATE <= DATE '2026-01-01'`, ""},
		{"is.listed=true", `"listed" = true`, ""},
		{"in.region_code=620100", `starts_with("region_code", '6201')`, ""},
		{"in.region_code=620000", `starts_with("region_code", '62')`, ""},
		{"in.region_code=620102", `"region_code" = '620102'`, ""},
		{"col=fine&col=party&sort=-fine", "", "/d/admin_penalties.csv?order=fine%20desc&select=party%2Cfine"},
	} {
		values, err := url.ParseQuery(test.address)
		if err != nil {
			t.Fatal(err)
		}
		s := parseSelection(penalties(), values)
		if len(s.Wrong) > 0 || s.where() != test.where {
			t.Errorf("%s: %v, %s, want %s", test.address, s.Wrong, s.where(), test.where)
		}
		if got := s.file("csv"); test.file != "" && got != test.file {
			t.Errorf("%s: the file is %s, want %s", test.address, got, test.file)
		}
	}
	for address, param := range map[string]string{
		"min.fine=much": "min.fine", "is.decided_on=2026-02-30": "is.decided_on", "is.listed=yes": "is.listed", "in.region_code=62": "in.region_code", "in.party=620100": "in.party",
		"is.secret=1": "is.secret", "sort=secret": "sort", "col=secret": "col", "after=x": "after", "min.fine=1;2": "min.fine", "min.fine=1 OR true": "min.fine",
	} {
		values, _ := url.ParseQuery(strings.ReplaceAll(address, ";", "%3B"))
		if s := parseSelection(penalties(), values); len(s.Wrong) != 1 || !strings.Contains(strings.Join(keys(s.Wrong), " "), param) {
			t.Errorf("%s: %v is wrong, want %s", address, s.Wrong, param)
		}
	}
}

func keys(m map[string]wrong) []string {
	var list []string
	for k := range m {
		list = append(list, k)
	}
	return list
}

var (
	quoted  = regexp.MustCompile(`'(?:[^']|'')*'|"(?:[^"]|"")*"`)
	outside = regexp.MustCompile(`^(?:contains|lower|starts_with|list_contains|string_split|VARCHAR|DATE|AND|true|false|[0-9.]+|<=|>=|=|::|-|[(), ])*$`)
)

// Nothing that a reader writes gets out of its literal.
func FuzzSelection(f *testing.F) {
	for _, seed := range []string{"has.party=x", "is.party='; DROP", "has.party=%27%20OR%20true--", "is.kinds=%27%27", "min.fine=-1e9", "min.fine=--1", "min.decided_on=2026-01-01", "is.listed=true", "in.region_code=620100",
		"after=WyJhIl0", "col=fine&sort=-fine", "is.party=%00", "has.party=\\", "min.fine=1/**/", "has.party=\"; SELECT"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, address string) {
		values, err := url.ParseQuery(address)
		if err != nil {
			return
		}
		s := parseSelection(penalties(), values)
		where := s.where()
		if rest := quoted.ReplaceAllString(where, ""); !outside.MatchString(rest) {
			t.Errorf("%q becomes %s, outside quotes %s", address, where, rest)
		}
		if len(s.Wrong) == 0 {
			s.rows("t", 1)
			s.sql()
			s.file("csv")
		}
	})
}

func TestNumbersAreGrouped(t *testing.T) {
	for given, want := range map[string]string{"0": "0", "999": "999", "1234.50": "1,234.50", "-1234567": "−1,234,567", "": "", "n/a": "n/a"} {
		if got := groupDigits(given); got != want {
			t.Errorf("%q is written %q, want %q", given, got, want)
		}
	}
	for given, want := range map[float64]float64{0: 1, 3: 5, 0.3: 0.5, 1: 1, 12: 20, 600: 1000} {
		if got := niceStep(given); got != want {
			t.Errorf("a step of %v is drawn as %v, want %v", given, got, want)
		}
	}
}
