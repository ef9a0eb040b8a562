package mcp

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/gin-gonic/gin"

	"govdata/catalog"
)

// Pages from elsewhere may not reach a server through their reader's machine,
// also when their name leads to it (DNS rebinding).
func TestPagesFromElsewhereAreRefused(t *testing.T) {
	for _, c := range []struct {
		base, host, origin string
		origins            []string
		want               bool
	}{
		{"", "localhost:8080", "", nil, true},
		{"", "data.example", "", nil, true},
		{"", "localhost:8080", "http://localhost:8080", nil, true},
		{"", "127.0.0.1:8080", "http://127.0.0.1:8080", nil, true},
		{"", "[::1]:8080", "http://[::1]:8080", nil, true},
		{"", "localhost:8080", "http://localhost:6274", nil, false},
		{"", "localhost:8080", "http://evil.example", nil, false},
		{"", "evil.example", "http://evil.example", nil, false},
		{"", "localhost:8080", "null", nil, false},
		{"", "localhost:8080", "http://localhost.evil.example", nil, false},
		{"https://data.example", "127.0.0.1:8080", "https://data.example", nil, true},
		{"https://data.example", "127.0.0.1:8080", "http://data.example", nil, false},
		{"https://data.example", "127.0.0.1:8080", "https://data.example.evil.example", nil, false},
		{"https://data.example", "data.example", "https://chat.example", nil, false},
		{"https://data.example", "data.example", "https://CHAT.example", []string{"https://chat.example/"}, true},
		{"https://data.example", "data.example", "https://any.example", []string{"*"}, true},
		{"", "x", "::", nil, false},
	} {
		f := &face{Deps{Site: &catalog.Site{BaseURL: c.base}, Origins: c.origins}}
		r := httptest.NewRequest("POST", "/mcp", nil)
		r.Host = c.host
		if c.origin != "" {
			r.Header.Set("Origin", c.origin)
		}
		if err := f.admit(r); (err == nil) != c.want {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestAnOriginThatCannotBeMeantIsRefused(t *testing.T) {
	for origin, want := range map[string]bool{"*": true, "https://chat.example": true, "https://chat.example/": true, "chat.example": false, "https://chat.example/path": false, "": false} {
		if err := Register(gin.New(), Deps{Site: &catalog.Site{}, Origins: []string{origin}}); (err == nil) != want {
			t.Errorf("%q: %v", origin, err)
		}
	}
}

// withProfile publishes a release that has a profile.
func withProfile(t *testing.T, p *catalog.Profile) *face {
	t.Helper()
	cat, err := catalog.Open(t.TempDir(), catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	st, err := cat.Stage("things")
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	m := catalog.Manifest{Rows: p.Rows, PublishedAt: st.Now(), Counts: catalog.Counts{In: p.Rows, Published: p.Rows}, Profile: &catalog.Artefact{},
		Dataset: catalog.Dataset{ID: "things", Fields: []catalog.Field{{Name: "id", Type: catalog.TypeInteger}, {Name: "fee", Type: "decimal(9,2)", Unit: "元", Title: catalog.Text{Zh: "收费"}}}}}
	for file, a := range map[string]*catalog.Artefact{catalog.StoreName: &m.Store, "profile.json": m.Profile} {
		path := filepath.Join(st.Dir(), file)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		a.File, a.Rows = file, p.Rows
		if a.SHA256, a.Bytes, err = catalog.HashFile(path); err != nil {
			t.Fatal(err)
		}
	}
	m.Release = catalog.NewReleaseID(m.PublishedAt, m.Store.SHA256)
	if _, err := st.Publish(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	return &face{Deps{Catalog: cat, Opens: func(context.Context, string, *catalog.Release) error { return nil }}}
}

func TestAProfileIsAnOverviewUnlessFieldsAreNamed(t *testing.T) {
	top := []catalog.ValueCount{{Value: "a", Count: 9}, {Value: "b", Count: 8}, {Value: "c", Count: 7}, {Value: "d", Count: 6}, {Value: "e", Count: 5}, {Value: "f", Count: 4}}
	f := withProfile(t, &catalog.Profile{Rows: 39, Columns: []catalog.ColumnProfile{
		{Name: "id", Distinct: 39}, {Name: "fee", Top: top, Quantiles: []catalog.Quantile{{P: 0.5, Value: "1.00"}}, Histogram: []catalog.Bin{{From: "0", To: "2", Count: 39}}},
	}})
	for _, c := range []struct {
		fields               []string
		returned, top, parts int
		truncated            bool
	}{
		{nil, 2, 5, 0, true},
		{[]string{"fee"}, 1, 6, 2, true},
		{[]string{"fee", "id"}, 2, 6, 2, false},
	} {
		_, got, err := f.profile(t.Context(), nil, profileIn{Dataset: "things", Fields: c.fields})
		if err != nil {
			t.Fatal(err)
		}
		fee := got.Columns[len(got.Columns)-1]
		if got.Returned != c.returned || got.Total != 2 || got.Rows != 39 || got.Truncated != c.truncated || (got.Note == "") != (c.fields != nil) ||
			fee.Name != "fee" || fee.Unit != "元" || fee.Title.Zh != "收费" || len(fee.Top) != c.top || len(fee.Quantiles)+len(fee.Histogram) != c.parts {
			t.Errorf("%v: %+v", c.fields, got)
		}
	}
	if _, _, err := f.profile(t.Context(), nil, profileIn{Dataset: "things", Fields: []string{"nope"}}); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("an unknown field: %v", err)
	}
}

// A parameter is what was written, or is refused.
func FuzzExact(f *testing.F) {
	for _, seed := range []string{"1", "-0", "9007199254740992", "9007199254740993", "1e308", "0.1", `"x"`, "null", "true", "[1]", "{}", "123456789012345678901234567890", "1e15"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var v any
		if json.Unmarshal([]byte(text), &v) != nil {
			return
		}
		got, err := exact("p", v)
		if err != nil {
			return
		}
		switch v := v.(type) {
		case float64:
			if n, ok := got.(int64); ok && (float64(n) != v || math.Abs(v) > 1<<53) || !ok && got != any(v) {
				t.Errorf("%s became %v", text, got)
			}
		case []any, map[string]any:
			t.Errorf("%s passed", text)
		default:
			if got != v {
				t.Errorf("%s became %v", text, got)
			}
		}
	})
}
