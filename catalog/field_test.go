package catalog

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/goccy/go-yaml"
)

func TestReadingsFitTheirTypes(t *testing.T) {
	title := Text{Zh: "甲", En: "A"}
	for _, c := range []struct {
		name  string
		field Field
		path  string // of the only problem
	}{
		{"dates with their day first", Field{Type: TypeDate, DateOrder: DayFirst}, ""},
		{"times with their month first", Field{Type: TypeTimestamp, DateOrder: MonthFirst}, ""},
		{"an order that is none", Field{Type: TypeDate, DateOrder: "ymd"}, "f.date_order"},
		{"an order of texts", Field{Type: TypeText, DateOrder: DayFirst}, "f.date_order"},
		{"decimals after a comma", Field{Type: "decimal(9,2)", DecimalMark: ","}, ""},
		{"whole numbers with points between thousands", Field{Type: TypeInteger, DecimalMark: ","}, ""},
		{"a decimal mark that is none", Field{Type: TypeInteger, DecimalMark: ";"}, "f.decimal_mark"},
		{"decimals of a text", Field{Type: TypeText, DecimalMark: "."}, "f.decimal_mark"},
		{"a month", Field{Type: TypeText, Semantic: Month}, ""},
		{"a month that is a date", Field{Type: TypeDate, Semantic: Month}, "f.semantic"},
		{"a time of day", Field{Type: TypeText, Semantic: TimeOfDay}, ""},
		{"a latitude", Field{Type: "decimal(9,6)", Semantic: Latitude}, ""},
		{"a longitude that is a text", Field{Type: TypeText, Semantic: Longitude}, "f.semantic"},
	} {
		c.field.Title = title
		var paths []string
		c.field.validate("f", func(path, _ string, _ ...any) { paths = append(paths, path) })
		if c.path == "" && len(paths) > 0 || c.path != "" && !slices.Equal(paths, []string{c.path}) {
			t.Errorf("%s: found problems at %q, want %q", c.name, paths, c.path)
		}
	}
}

// A column in which only the empty text is no value must not get the default
// marks back on its way through a manifest.
func TestNoNullMarksStayNone(t *testing.T) {
	for name, marks := range map[string][]string{"none": {}, "default": nil, "one": {"-"}} {
		f := Field{Name: "x", NullMarks: marks}
		inJSON, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		var back Field
		if err := json.Unmarshal(inJSON, &back); err != nil || (back.NullMarks == nil) != (marks == nil) || !slices.Equal(back.NullMarks, marks) {
			t.Errorf("%s: %s gives %#v, %v", name, inJSON, back.NullMarks, err)
		}
	}
	var f Field
	if err := yaml.Unmarshal([]byte("null_marks: []\ndate_order: dmy\ndecimal_mark: ','\n"), &f); err != nil || f.NullMarks == nil || f.DateOrder != DayFirst || f.DecimalMark != "," {
		t.Errorf("found %#v, %v", f, err)
	}
}
