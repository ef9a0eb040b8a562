package query

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the forms of functions anew")

// The functions that can be completed are those that may be called.
func TestFunctionsAreThoseThatMayBeCalled(t *testing.T) {
	kinds := map[string]string{}
	for _, f := range Functions() {
		if kinds[f.Name] != "" {
			t.Errorf("%s is listed twice", f.Name)
		}
		kinds[f.Name] = f.Kind
	}
	for name, kind := range map[string]string{"count": "aggregate", "row_number": "aggregate", "upper": "scalar", "range": "table", "read_csv": "", "||": ""} {
		if kinds[name] != kind {
			t.Errorf("%s is %q, want %q", name, kinds[name], kind)
		}
	}
}

// How a function is called is told as the pinned DuckDB has it.
func TestTheFormsOfFunctionsAreThoseOfDuckDB(t *testing.T) {
	rows, err := parser().rows("SELECT DISTINCT lower(function_name), array_to_string(parameters, ', '), varargs IS NOT NULL FROM duckdb_functions() WHERE function_type <> 'pragma'", nil)
	if err != nil {
		t.Fatal(err)
	}
	allowed := map[string]bool{}
	for _, f := range Functions() {
		allowed[f.Name] = true
	}
	var lines []string
	for _, row := range rows {
		name, parameters := row[0], row[1]
		if row[2] == "true" {
			parameters = strings.TrimPrefix(parameters+", …", ", ")
		}
		// col0, col1: DuckDB has no names for them.
		if allowed[name] && !strings.Contains(parameters, "col0") {
			lines = append(lines, name+"("+parameters+")\n")
		}
	}
	slices.SortFunc(lines, func(a, b string) int {
		x, _, _ := strings.Cut(a, "(")
		y, _, _ := strings.Cut(b, "(")
		if x != y {
			return strings.Compare(x, y)
		}
		if n := strings.Count(a, ",") - strings.Count(b, ","); n != 0 {
			return n
		}
		return strings.Compare(a, b)
	})
	want := strings.Join(slices.Compact(lines), "")
	if *update {
		if err := os.WriteFile("forms.txt", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if forms != want {
		t.Error("forms.txt is not what this DuckDB tells; run this test with -update")
	}
	for _, form := range []string{"count()\n", "date_diff(part, startdate, enddate)\n", "substring(string, start, length)\n"} {
		if !strings.Contains(want, form) {
			t.Errorf("there is no form %q", form)
		}
	}
}
