package soda

import (
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"govdata/catalog"
)

var update = flag.Bool("update", false, "write the golden file anew")

// penalties is a table with a field of every type.
var penalties = Table{
	Name: "penalties@20261123-3fa9c2d1e0b4",
	Fields: []catalog.Field{
		{Name: "party", Type: catalog.TypeText}, {Name: "kinds", Type: catalog.TypeText}, {Name: "remark", Type: catalog.TypeText},
		{Name: "fine", Type: "decimal(18,2)"}, {Name: "late", Type: catalog.TypeInteger}, {Name: "open", Type: catalog.TypeBoolean},
		{Name: "decided_on", Type: catalog.TypeDate}, {Name: "sent_at", Type: catalog.TypeTimestamp},
	},
	Published: time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC),
	Now:       time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC),
}

// compiled is the SQL of one query: a $query, or the parameters of an address.
func compiled(values url.Values) (*Compiled, error) {
	chain, err := chainOf(values, penalties.Fields)
	if err != nil {
		return nil, err
	}
	return Compile(chain, penalties)
}

// parameters reads the golden file's a=b&c=d, in which nothing is escaped.
func parameters(line string) url.Values {
	values := url.Values{}
	text, asParameters := strings.CutPrefix(line, "- ")
	if !asParameters {
		return url.Values{"$query": {line}}
	}
	for part := range strings.SplitSeq(text, "&") {
		if name, v, ok := strings.Cut(part, "="); ok {
			values.Add(name, v)
		}
	}
	return values
}

func TestSoQLBecomesSQL(t *testing.T) {
	const path = "testdata/soql.golden"
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	queries := 0
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "=> ") || strings.HasPrefix(line, "$") || strings.HasPrefix(line, "!") {
			continue
		}
		fmt.Fprintln(&out, line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		queries++
		q, err := compiled(parameters(line))
		if err != nil {
			f := faultOf(err)
			fmt.Fprintf(&out, "! %s %s\n", f.Code, strings.ReplaceAll(f.Message, "\n", `\n`))
			continue
		}
		fmt.Fprintf(&out, "=> %s\n", q.SQL)
		for i, p := range q.Params {
			fmt.Fprintf(&out, "$%d = %q\n", i+1, p)
		}
	}
	if *update {
		if err := os.WriteFile(path, []byte(out.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out.String() != string(data) {
		t.Errorf("SoQL no longer becomes what %s says:\n%s", path, firstDifference(string(data), out.String()))
	}
	if queries < 50 {
		t.Errorf("%s has %d queries", path, queries)
	}
}

func firstDifference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range g {
		if i >= len(w) || w[i] != g[i] {
			return fmt.Sprintf("line %d: %s", i+1, g[i])
		}
	}
	return "it is shorter"
}

func TestAnswersHaveTheNamesAndTypesThatSocrataGivesThem(t *testing.T) {
	for soql, want := range map[string]string{
		"select party, fine, late, open, decided_on, sent_at": "party text, fine number, late number, open boolean, decided_on floating_timestamp, sent_at floating_timestamp",
		"select *":  "party text, kinds text, remark text, fine number, late number, open boolean, decided_on floating_timestamp, sent_at floating_timestamp",
		"select :*": ":id row_identifier, :created_at fixed_timestamp, :updated_at fixed_timestamp",
		"select count(*), sum(fine), count(distinct party)":        "count number, sum_fine number, count_distinct_party number",
		"select max(decided_on), date_trunc_ym(min(sent_at))":      "max_decided_on floating_timestamp, date_trunc_ym_min_sent_at floating_timestamp",
		"select fine * 2, fine*2, fine + late":                     "fine_2 number, fine_2_1 number, fine_late number",
		"select -late, 5, 'x y', null, upper(party), PARTY":        "late_1 number, _5 number, x_y text, null text, upper_party text, party text",
		"select fine > 1, fine is null, fine::text, not open":      "fine_1 boolean, fine_is_null boolean, fine_text text, not_open boolean",
		"select Party as `Who-is`, 1 as 数":                         "Who-is text, 数 number",
		"select min(:created_at), coalesce(max(remark), 'a'), '1'": "min_created_at fixed_timestamp, coalesce_max_remark_a text, _1 text",
	} {
		q, err := compiled(url.Values{"$query": {soql}})
		if err != nil {
			t.Errorf("%s: %v", soql, err)
			continue
		}
		var got []string
		for _, c := range q.Columns {
			got = append(got, c.Name+" "+string(c.Kind))
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("%s:\n got %s\nwant %s", soql, strings.Join(got, ", "), want)
		}
	}
}

func TestFaultsSayWhatIsWrongAndWhere(t *testing.T) {
	for soql, want := range map[string]struct {
		code, says  string
		row, column int
	}{
		"select party,\n  partie":                    {"query.soql.no-such-column", "No such column: partie (did you mean party?)", 2, 3},
		"select party where kinds = ":                {"query.compiler.malformed", "Expected an expression, but got the end", 1, 28},
		"select party where 数 = 'a":                  {"query.compiler.malformed", "the string has no end", 1, 24},
		"select party where fine = 'much'":           {"query.soql.type-mismatch", "'much' is no number", 1, 27},
		"select uper(party)":                         {"query.soql.no-such-function", "did you mean upper?", 1, 8},
		"select party, count(*) group by kinds":      {"query.soql.column-not-in-group-bys", "party", 1, 8},
		"select within_box(party, 1, 2, 3, 4)":       {"query.soql.not-supported", "hold no geometry", 1, 8},
		"select party, upper(kinds) as party":        {"query.soql.duplicate-alias", "party", 1, 31},
		"select party |> select kinds":               {"query.soql.no-such-column", "kinds", 1, 24},
		"select distinct party order by fine":        {"query.soql.distinct-order-by", "DISTINCT", 1, 32},
		"select party where count(*) > 1":            {"query.soql.aggregate-in-ungrouped-context", "WHERE", 1, 29},
		"select x + 1 as y, y + 1 as x":              {"query.soql.circular-alias-definition", "x", 1, 20},
		"select party::point":                        {"query.soql.no-such-function", "point", 1, 15},
		"select party where party like 'a\\'":        {"query.compiler.malformed", "backslash", 1, 31},
		"select party where party == 'a' order kind": {"query.compiler.malformed", "`BY`", 1, 39},
	} {
		_, err := compiled(url.Values{"$query": {soql}})
		var f *Fault
		if !errors.As(err, &f) {
			t.Errorf("%s: %v", soql, err)
			continue
		}
		at, _ := f.Data["position"].(map[string]any)
		if f.Status != 400 || f.Code != want.code || !strings.Contains(f.Message, want.says) || at["row"] != want.row || at["column"] != want.column {
			t.Errorf("%s: %d %s %s at %v:%v, want %s at %d:%d", soql, f.Status, f.Code, f.Message, at["row"], at["column"], want.code, want.row, want.column)
		}
		if !errors.Is(err, catalog.ErrInvalid) {
			t.Errorf("%s: the error is in no category", soql)
		}
	}
}

// In parameters of an address every part has a text of its own.
func TestFaultsPointIntoTheTextThatIsWrong(t *testing.T) {
	for _, c := range []struct {
		values url.Values
		line   string
		column int
	}{
		{url.Values{"$select": {"upper(fine) as big"}, "$where": {"party = 'a' and big = 'x'"}}, "upper(fine) as big", 7},
		{url.Values{"$select": {"kinds, lower(party) as small"}, "$group": {"kinds"}, "$having": {"count(*) > 1 and small = 'x'"}}, "kinds, lower(party) as small", 14},
		{url.Values{"$select": {"kinds"}, "$group": {"kinds"}, "$order": {"kinds, late desc"}}, "kinds, late desc", 8},
		{url.Values{"fine": {"much"}}, "fine=much", 1},
	} {
		_, err := compiled(c.values)
		at, _ := faultOf(err).Data["position"].(map[string]any)
		if at["line"] != c.line || at["column"] != c.column {
			t.Errorf("%v: %v at %v", c.values, err, at)
		}
	}
}

// our lists what may stand in SQL beside names and parameters: the constants of
// functions, the bounds of pages and the sizes of types.
var our = regexp.MustCompile(`\$[0-9]+|DECIMAL\([0-9]+,[0-9]+\)|"#[0-9]+\.[0-9]+"|"#id"| LIMIT [0-9]+| OFFSET [0-9]+|` +
	`'(NaN|year|month|day|hour|minute|second|dow|week|isoyear|UTC|0|\\|row-|%Y-%m-%dT%H:%M:%S\.%gZ?|:\[0-9\.\]\+\(Z\|\[\+-\]\[0-9:\]\{2,6\}\)\$)'|, 12, |, 0\.5\)|, 0\)|regr_r2`)

// foreign is what of q's SQL its author could have put there.
func foreign(q *Compiled) string {
	sql := strings.ReplaceAll(q.SQL, `"`+penalties.Name+`"`, "")
	for _, f := range penalties.Fields {
		sql = strings.ReplaceAll(sql, `"`+f.Name+`"`, "")
	}
	sql = our.ReplaceAllString(sql, "")
	return regexp.MustCompile(`[A-Za-z_]+|[ (),.*+/%^|<>=-]`).ReplaceAllString(sql, "")
}

// TestNothingOfTheAuthorsStandsInSQL holds that whatever is asked for, with
// whatever constants and names, the SQL is made of our own words alone.
func TestNothingOfTheAuthorsStandsInSQL(t *testing.T) {
	hostile := []string{"'", `"`, "`", "--", "/*", ";", "$1", "$$", `\`, "\x00", "名", "' OR 1=1 --", `" FROM secrets`, "union select", "0x1F", "1e400", "é", "marker"}
	word := rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom(hostile), 1, 5).Draw(t, "word"), rapid.SampledFrom([]string{"", " "}).Draw(t, "gap")) + "MARKER"
	})
	single := func(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
	rapid.Check(t, func(t *rapid.T) {
		v := word.Draw(t, "value")
		name := strings.Map(func(r rune) rune {
			if isDashed(r) {
				return r
			}
			return -1
		}, v)
		soql := rapid.SampledFrom([]string{
			"select party as `%[2]s` where party = %[1]s", "select %[1]s, upper(%[1]s) || party where party in (%[1]s, 'x') order by `%[2]s`",
			"select count(*) as `%[2]s` group by kinds having `%[2]s` > 1 search %[1]s", "select party as `%[2]s` |> select `%[2]s` where `%[2]s` like %[1]s",
			"select `%[2]s`", "select party where %[1]s = party::`%[2]s`", "select `%[2]s`(party, %[1]s)", "select case when party = %[1]s then %[1]s else remark end as `%[2]s`",
		}).Draw(t, "query")
		for _, values := range []url.Values{
			{"$query": {fmt.Sprintf(soql, single(v), name)}},
			{"party": {v}, "$q": {v}}, {"$where": {"party = " + single(v)}, "$select": {"party as `" + name + "`"}}, {"$where": {v}}, {"$select": {v}}, {"$order": {v}}, {v: {v}},
		} {
			q, err := compiled(values)
			if err != nil {
				if f := faultOf(err); f.Status != 400 {
					t.Fatalf("%v: %v", values, err)
				}
				continue
			}
			if strings.Contains(q.SQL, "MARKER") || foreign(q) != "" {
				t.Fatalf("%v: %q in %s", values, foreign(q), q.SQL)
			}
		}
	})
}

func FuzzSoQL(f *testing.F) {
	data, err := os.ReadFile("testdata/soql.golden")
	if err != nil {
		f.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "select") {
			f.Add(line)
		}
	}
	for _, text := range []string{"", "select", "select ((((", "select 'a''b' || \"\\U01f600\"", "select `a-b`::text", "select 1e9999", "select -(-(-1))", "select not not not true",
		"select a.b[1]", "select case when", "select 2^2^2^2", "select :@x", "select /* */ 1 -- x\n", "select\xff", "select '\x00'", strings.Repeat("(", 100), "select " + strings.Repeat("not ", 100) + "true",
		"select party as a, a||a as b, b||b as c, c||c as d, d||d as e, e||e as f, f||f as g, g||g as h, h||h as i, i||i as j, j||j as k, k||k as l, l||l as m"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, values := range []url.Values{{"$query": {text}}, {"$where": {text}}, {"$select": {text}}, {"$order": {text}}, {"$group": {text}, "$having": {text}}, {"party": {text}, "$q": {text}}} {
			q, err := compiled(values)
			if err != nil {
				if fault := faultOf(err); fault.Status != 400 {
					t.Fatalf("%q: %v", values, err)
				}
				continue
			}
			if found := foreign(q); found != "" {
				t.Fatalf("%q: %q is not bound in %s", values, found, q.SQL)
			}
			if n := strings.Count(q.SQL, "$"); n < len(q.Params) {
				t.Fatalf("%q: %d parameters, %d places: %s", values, len(q.Params), n, q.SQL)
			}
		}
	})
}

// Aliases that double their text again and again must not become gigabytes.
func TestAliasesCannotGrowWithoutEnd(t *testing.T) {
	soql := "select party as a0"
	for i := range 60 {
		soql += fmt.Sprintf(", a%d || a%d as a%d", i, i, i+1)
	}
	if _, err := compiled(url.Values{"$query": {soql}}); err == nil || !strings.Contains(err.Error(), "too long") {
		t.Errorf("found %v", err)
	}
	if _, err := compiled(url.Values{"$where": {strings.Repeat("(", 5000)}}); err == nil {
		t.Error("5000 brackets pass")
	}
	if _, err := compiled(url.Values{"$where": {"open" + strings.Repeat(" or open", 2000)}}); err == nil {
		t.Error("a condition of 2000 terms fits")
	}
}
