package soda

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"govdata/catalog"
)

func TestA4x4IsStableAndHasSocratasForm(t *testing.T) {
	for id, want := range map[catalog.ID]string{"admin_penalties": "hwgc-pwni", "regions": "yavr-wwrk"} {
		if got := FourByFour(id); got != want {
			t.Errorf("%s: found %s, want %s", id, got, want)
		}
	}
	folders, err := os.ReadDir("../../datasets")
	if err != nil {
		t.Fatal(err)
	}
	var ids []catalog.ID
	for _, f := range folders {
		if id, err := catalog.ParseID(f.Name()); err == nil && f.IsDir() {
			ids = append(ids, id)
			if short := FourByFour(id); !fourByFour.MatchString(short) {
				t.Errorf("%s: %s is no 4x4", id, short)
			}
		}
	}
	if twice := colliding(ids, FourByFour); len(ids) < 50 || len(twice) > 0 {
		t.Errorf("of %d datasets, %v share their 4x4", len(ids), twice)
	}
}

func TestA4x4OfTwoDatasetsNamesNeither(t *testing.T) {
	ids := []catalog.ID{"a1", "b1", "b2"}
	first := func(id catalog.ID) string { return string(id[:1]) }
	if twice := colliding(ids, first); len(twice) != 2 || twice[0] != "b1" {
		t.Errorf("found %v", twice)
	}
	if id, err := among(ids, "a", first); id != "a1" || err != nil {
		t.Errorf("a: found %q, %v", id, err)
	}
	if id, err := among(ids, "c", first); id != "" || err != nil {
		t.Errorf("c: found %q, %v", id, err)
	}
	var f *Fault
	if id, err := among(ids, "b", first); id != "" || !errors.As(err, &f) || f.Status != http.StatusConflict {
		t.Errorf("b: found %q, %v", id, err)
	}
}

func TestNumbersAreReadWithAllTheirDigits(t *testing.T) {
	for text, want := range map[string][2]string{
		"0": {"0", "BIGINT"}, "-7": {"-7", "BIGINT"}, "+7": {"7", "BIGINT"}, "007": {"7", "BIGINT"}, "1.50": {"1.50", "DECIMAL(3,2)"}, ".5": {"0.5", "DECIMAL(1,1)"}, "5.": {"5", "BIGINT"},
		"1e3": {"1000", "BIGINT"}, "1.5e-3": {"0.0015", "DECIMAL(4,4)"}, "-0.001": {"-0.001", "DECIMAL(3,3)"}, "9223372036854775808": {"9223372036854775808", "DECIMAL(38,0)"},
		"1e300": {"1e300", "DOUBLE"}, "0e999": {"0", "BIGINT"}, "12345678901234567890123456789012345678.9": {"12345678901234567890123456789012345678.9", "DOUBLE"},
	} {
		value, sqlType, ok := numberOf(text)
		if !ok || value != want[0] || sqlType != want[1] {
			t.Errorf("%s: found %s %s %v, want %v", text, value, sqlType, ok, want)
		}
	}
	for _, text := range []string{"", ".", "-", "e5", "1e", "1x", "0x10", "1e400", "NaN", "Infinity", "1,000", "１"} {
		if value, sqlType, ok := numberOf(text); ok {
			t.Errorf("%q is taken for the number %s %s", text, value, sqlType)
		}
	}
}

func TestValuesAreWrittenAsSocrataWritesThem(t *testing.T) {
	stamp := &arrow.TimestampType{Unit: arrow.Microsecond}
	for _, c := range []struct {
		kind kind
		typ  arrow.DataType
		text string
		want string
	}{
		{kindFloating, arrow.FixedWidthTypes.Date32, "2026-01-02", "2026-01-02T00:00:00.000"},
		{kindFloating, stamp, "2026-01-02T03:04:05", "2026-01-02T03:04:05.000"},
		{kindFloating, stamp, "2026-01-02T03:04:05.5", "2026-01-02T03:04:05.500"},
		{kindFloating, stamp, "2026-01-02T03:04:05.123456", "2026-01-02T03:04:05.123456"},
		{kindFixed, stamp, "2026-01-02T03:04:05", "2026-01-02T03:04:05.000Z"},
		{kindRow, arrow.PrimitiveTypes.Int64, "42", "row-000000000042"},
		{kindNumber, &arrow.Decimal128Type{Precision: 38, Scale: 10}, "1.5000000000", "1.5"},
		{kindNumber, &arrow.Decimal128Type{Precision: 38, Scale: 10}, "100.0000000000", "100"},
		{kindNumber, &arrow.Decimal128Type{Precision: 18, Scale: 2}, "100.00", "100.00"},
	} {
		got := c.text
		if f := form(c.kind, c.typ); f != nil {
			got = f(got)
		}
		if got != c.want {
			t.Errorf("%s %s %s: found %s, want %s", c.kind, c.typ, c.text, got, c.want)
		}
	}
	if got := string(appendString(nil, "a\"b\\c\n\t\x01中")); got != `"a\"b\\c\n\t\u0001中"` {
		t.Errorf("found %s", got)
	}
	if got := ascii(`"数😀"`); got != `"\u6570\ud83d\ude00"` {
		t.Errorf("found %s", got)
	}
	for v, want := range map[string]string{"2026-01-02T00:00:00.000": "01/02/2026 12:00:00 AM", "2026-01-02T15:04:05.000": "01/02/2026 03:04:05 PM", "not a time": "not a time"} {
		if got := americanDate(v, false); got != want {
			t.Errorf("%s: found %s", v, got)
		}
	}
}

func TestTheFormatComesFromTheEndingOrFromAccept(t *testing.T) {
	for _, c := range []struct{ name, accept, rest, ext string }{
		{"a.json", "text/csv", "a", "json"}, {"a.csv", "", "a", "csv"}, {"a.geojson", "", "a", "geojson"}, {"a", "", "a", "json"}, {"a", "text/csv", "a", "csv"},
		{"a", "text/html, text/csv;q=0.5, application/json;q=0.4", "a", "csv"}, {"a", "application/geo+json", "a", "geojson"}, {"a", "nonsense;;", "a", "json"},
	} {
		if rest, ext, _, err := formatOf(c.name, c.accept); rest != c.rest || ext != c.ext || err != nil {
			t.Errorf("%s with %q: found %s %s %v", c.name, c.accept, rest, ext, err)
		}
	}
	var f *Fault
	if _, _, _, err := formatOf("a.xml", ""); !errors.As(err, &f) || f.Status != http.StatusNotAcceptable {
		t.Errorf("found %v", err)
	}
}

func TestTheReadmeListsEveryFunctionAndEveryCode(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	words := map[string]bool{}
	for _, w := range strings.FieldsFunc(string(readme), func(r rune) bool { return !isLetterOrDigit(r) && r != '-' && r != '.' }) {
		words[strings.Trim(w, ".")] = true
	}
	for _, name := range functionNames() {
		if !words[name] {
			t.Errorf("README.md says nothing of the function %s", name)
		}
	}
	golden, err := os.ReadFile("testdata/soql.golden")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(golden)) {
		if code, ok := strings.CutPrefix(line, "! "); ok {
			code, _, _ = strings.Cut(code, " ")
			if !words[code] && !words[strings.TrimPrefix(code, "query.soql.")] && code != "" {
				t.Errorf("README.md says nothing of the code %s", code)
			}
		}
	}
}

func TestEveryFailureHasItsCode(t *testing.T) {
	for _, c := range []struct {
		err    error
		status int
		code   string
	}{
		{catalog.ErrNotFound, 404, "dataset.missing"}, {catalog.ErrGone, 410, "dataset.missing"}, {catalog.ErrForbidden, 403, "permission_denied"}, {catalog.ErrTimeout, 408, "query.execution.timeout"},
		{catalog.ErrTooLarge, 413, "query.execution.too-large"}, {catalog.ErrBusy, 503, "service-unavailable"}, {catalog.ErrTooMany, 429, "too-many-requests"}, {catalog.ErrInvalid, 400, "query.execution.invalid"},
		{errors.New("disk on fire"), 500, "internal-error"}, {&Fault{Status: 409, Code: "x"}, 409, "x"},
	} {
		f := faultOf(fmt.Errorf("wrapped: %w", c.err))
		if f.Status != c.status || f.Code != c.code || strings.Contains(f.Message, "fire") {
			t.Errorf("%v: found %d %s %s", c.err, f.Status, f.Code, f.Message)
		}
		if _, told := f.Data["retryAfter"]; told != (c.status == 429 || c.status == 503) {
			t.Errorf("%v: retry after %v", c.err, f.Data)
		}
	}
}
