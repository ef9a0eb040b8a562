package ckan

import (
	"errors"
	"strings"
	"testing"

	"govdata/catalog"
)

func someTable() *table {
	t := &table{id: "x", name: "things", number: "rowid + 1", row: "rowid"}
	t.fields = []dataField{{ID: rowNumber, Type: "int", sql: catalog.TypeInteger, expression: t.number},
		{ID: "code", Type: "text", sql: catalog.TypeText}, {ID: "n", Type: "int", sql: catalog.TypeInteger}, {ID: "amount", Type: "numeric", sql: "decimal(18,2)"}, {ID: "on", Type: "date", sql: catalog.TypeDate}}
	return t
}

func TestNoValueOfAFilterIsWritten(t *testing.T) {
	const hostile = `'; DROP TABLE data; --"$v1`
	for _, p := range []params{
		{"filters": map[string]any{"code": hostile}}, {"filters": map[string]any{"code": []any{hostile, "a"}}}, {"filters": map[string]any{"code": map[string]any{"gt": hostile, "in": []any{hostile}}}},
		{"filters": `{"$or":[{"code":"'; DROP TABLE data; --\"$v1"},{"n":1}]}`}, {"q": hostile}, {"q": map[string]any{"code": hostile}}, {"q": "'DROP'|TABLE:*", "plain": "false"}, {"full_text": hostile},
	} {
		s, err := someTable().ask(p)
		if err != nil {
			t.Errorf("%v: %v", p, err)
			continue
		}
		written := strings.Join(append([]string{s.request.Where}, s.request.Select...), " ")
		for _, o := range s.request.Order {
			written += o.Field
		}
		if strings.Contains(written, "DROP") || strings.Contains(written, "drop") || len(s.named) == 0 {
			t.Errorf("%v: %s with %v", p, written, s.named)
		}
	}
}

func TestANameThatIsNoFieldIsRefused(t *testing.T) {
	const hostile = `code" OR 1=1 --`
	for name, p := range map[string]params{
		"filters": {"filters": map[string]any{hostile: 1}}, "fields": {"fields": hostile}, "sort": {"sort": hostile}, "q": {"q": map[string]any{hostile: "a"}},
	} {
		_, err := someTable().ask(p)
		var e invalid
		if !errors.As(err, &e) || e[name] == nil {
			t.Errorf("%s: found %v", name, err)
		}
	}
	for _, filters := range []any{"x", "[1]", map[string]any{"n": "x"}, map[string]any{"n": map[string]any{"like": 1}}, map[string]any{"n": map[string]any{"in": 1}}, map[string]any{"n": []any{[]any{1}}},
		map[string]any{"$or": 1}, map[string]any{"$or": []any{1}}, map[string]any{"$not": []any{}}} {
		if _, err := someTable().ask(params{"filters": filters}); !errors.Is(err, catalog.ErrInvalid) {
			t.Errorf("%v: found %v", filters, err)
		}
	}
}

func TestSortIsReadAsCKANReadsIt(t *testing.T) {
	type order = []string
	for sort, want := range map[string]order{
		"code":                          {`"code"`},
		"code desc":                     {`"code" IS NOT NULL`, `"code" desc`},
		"code DESC NULLS LAST, n asc":   {`"code" desc`, `"n"`},
		`"code" asc nulls first,  "n" `: {`"code" IS NOT NULL`, `"code"`, `"n"`},
		"_id":                           nil,
		"_id desc":                      {"rowid + 1 desc"},
		"n, _id":                        {`"n"`},
		"_id, n":                        {"rowid + 1", `"n"`},
		"":                              nil,
	} {
		s, err := someTable().ask(params{"sort": sort})
		if err != nil {
			t.Errorf("%s: %v", sort, err)
			continue
		}
		var got order
		for _, o := range s.request.Order {
			got = append(got, o.Field+map[bool]string{true: " desc"}[o.Desc])
		}
		if strings.Join(got, "; ") != strings.Join(want, "; ") {
			t.Errorf("%s: found %q", sort, got)
		}
	}
	for _, sort := range []string{"x", "code down", "code desc nulls", "code; n", `code"`, "code,,n"} {
		if _, err := someTable().ask(params{"sort": sort}); !errors.Is(err, catalog.ErrInvalid) {
			t.Errorf("%q: found %v", sort, err)
		}
	}
	if _, err := someTable().ask(params{"sort": "n", "fields": "code", "distinct": true}); !errors.Is(err, catalog.ErrInvalid) {
		t.Errorf("distinct: found %v", err)
	}
}

func TestANumberIsComparedWithAllItsDigits(t *testing.T) {
	for _, c := range []struct {
		field catalog.Type
		value string
		want  string
	}{
		{catalog.TypeInteger, "5", "BIGINT"}, {catalog.TypeInteger, "-5", "BIGINT"}, {catalog.TypeInteger, "5.5", "DECIMAL(38,1)"}, {catalog.TypeInteger, "5.0", "DECIMAL(38,0)"},
		{catalog.TypeInteger, "9223372036854775808", "DECIMAL(38,0)"}, {catalog.TypeInteger, "1e3", "DOUBLE"}, {"decimal(18,2)", "1.50", "DECIMAL(18,2)"}, {"decimal(18,2)", "1.505", "DECIMAL(38,3)"},
		{"decimal(4,2)", "12345", "DECIMAL(38,2)"}, {"decimal(18,2)", strings.Repeat("9", 40), "DOUBLE"}, {catalog.TypeText, "x", "VARCHAR"}, {catalog.TypeDate, "x", "DATE"},
	} {
		if got, ok := castOf(c.field, c.value); !ok || got != c.want {
			t.Errorf("%s %s: found %s, %v", c.field, c.value, got, ok)
		}
	}
	for _, value := range []string{"x", "", ".", "1,5", "1; --"} {
		if _, ok := castOf(catalog.TypeInteger, value); ok {
			t.Errorf("%q is taken for a number", value)
		}
	}
}

// Whatever is sent as a question about words, its words are bound.
func FuzzWords(f *testing.F) {
	for _, seed := range []string{"a & b", "a | (b & !c)", "'two words':*", "a:*ABC", "((", "!", "a b", "&", "$v1'", "财:*&!政"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, plain := range []bool{true, false} {
			s := &search{table: someTable(), named: map[string]any{}}
			where, _, err := s.text(text, plain, s.table.fields[1:])
			if err != nil {
				if !errors.Is(err, catalog.ErrInvalid) {
					t.Fatal(err)
				}
				continue
			}
			condition := strings.Join(where, " AND ")
			if strings.Count(condition, "(") != strings.Count(condition, ")") {
				t.Errorf("%q: %s", text, condition)
			}
			for _, r := range condition {
				if r >= 0x80 {
					t.Errorf("%q: %s", text, condition)
				}
			}
			if strings.ContainsAny(condition, "';") {
				t.Errorf("%q: %s", text, condition)
			}
		}
	})
}
