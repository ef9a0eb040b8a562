package ckan

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"govdata/catalog"
	"govdata/server/problem"
	"govdata/server/query"
)

func TestParametersStandWhereCKANLooksForThem(t *testing.T) {
	multipart := "--x\r\nContent-Disposition: form-data; name=\"id\"\r\n\r\nbudgets\r\n--x\r\nContent-Disposition: form-data; name=\"f\"; filename=\"f.txt\"\r\n\r\nfile\r\n--x--\r\n"
	for name, c := range map[string]struct {
		method, target, media, body string
		want                        params
		fails                       bool
	}{
		"address":                       {"GET", "/x?id=budgets&q=a&q=b", "", "", params{"id": "budgets", "q": []any{"a", "b"}}, false},
		"the body of a GET counts not":  {"GET", "/x?id=budgets", "application/json", `{"id":"other"}`, params{"id": "budgets"}, false},
		"JSON":                          {"POST", "/x", "application/json", `{"id":"budgets","limit":3,"deep":{"a":[1]}}`, params{"id": "budgets", "limit": json.Number("3"), "deep": map[string]any{"a": []any{json.Number("1")}}}, false},
		"JSON without its type":         {"POST", "/x", "", `{"id":"budgets"}`, params{"id": "budgets"}, false},
		"JSON as curl sends it":         {"POST", "/x", "application/x-www-form-urlencoded", `{"q":"a=b&c=d","rows":1}`, params{"q": "a=b&c=d", "rows": json.Number("1")}, false},
		"JSON as the name of a form":    {"POST", "/x", "application/x-www-form-urlencoded", url.QueryEscape(`{"id":"budgets"}`) + "=1", params{"id": "budgets"}, false},
		"form":                          {"POST", "/x?id=other", "application/x-www-form-urlencoded; charset=utf-8", "id=budgets&rows=1", params{"id": "budgets", "rows": "1"}, false},
		"multipart":                     {"POST", "/x", "multipart/form-data; boundary=x", multipart, params{"id": "budgets"}, false},
		"a POST with an address alone":  {"POST", "/x?id=budgets", "application/json", "", params{"id": "budgets"}, false},
		"nothing":                       {"POST", "/x", "application/json", " ", params{}, false},
		"null":                          {"POST", "/x", "application/json", "null", params{}, false},
		"a list":                        {"POST", "/x", "application/json", "[1]", nil, true},
		"two objects":                   {"POST", "/x", "application/json", `{"a":1}{"b":2}`, nil, true},
		"broken JSON":                   {"POST", "/x", "application/json", `{"a"`, nil, true},
		"broken form":                   {"POST", "/x", "multipart/form-data; boundary=x", "--y", nil, true},
		"broken address":                {"GET", "/x?a=%zz", "", "", nil, true},
		"a body that is larger than is": {"POST", "/x", "application/json", `{"a":"` + strings.Repeat("a", maxBody) + `"}`, nil, true},
	} {
		r := httptest.NewRequest(c.method, "/x", strings.NewReader(c.body))
		r.URL.RawQuery = strings.TrimPrefix(strings.TrimPrefix(c.target, "/x"), "?")
		if c.media != "" {
			r.Header.Set("Content-Type", c.media)
		}
		got, err := readParams(r)
		if (err != nil) != c.fails || !c.fails && !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: found %v, %v", name, got, err)
		}
	}
}

func TestBooleansAndNumbersAreReadAsCKANReadsThem(t *testing.T) {
	p := params{"a": "True", "b": "FALSE", "c": true, "d": "y", "e": "x", "n": "12", "m": json.Number("-1"), "l": "a, b", "k": []any{"a", "b "}, "bad": []any{1.5}}
	for name, want := range map[string]bool{"a": true, "b": false, "c": true, "d": true, "e": false, "none": true} {
		if got := p.boolean(name, true); got != want {
			t.Errorf("%s: found %v", name, got)
		}
	}
	if n, err := p.natural("n", 0); n != 12 || err != nil {
		t.Errorf("found %d, %v", n, err)
	}
	for _, name := range []string{"m", "a"} {
		if _, err := p.natural(name, 0); !errors.Is(err, catalog.ErrInvalid) {
			t.Errorf("%s: found %v", name, err)
		}
	}
	for _, name := range []string{"l", "k"} {
		if got, err := p.list(name); !reflect.DeepEqual(got, []string{"a", "b"}) || err != nil {
			t.Errorf("%s: found %q, %v", name, got, err)
		}
	}
	for _, name := range []string{"bad", "c"} {
		if _, err := p.list(name); err == nil {
			t.Errorf("%s is taken for a list of texts", name)
		}
	}
	if got := cut([]int{1, 2, 3}, 1<<62, 1<<62); len(got) != 0 {
		t.Errorf("found %v", got)
	}
	if got := cut([]int{1, 2, 3}, 1, 1<<62); len(got) != 2 {
		t.Errorf("found %v", got)
	}
}

// Whatever a client sends is a set of parameters or a mistake that is told.
func FuzzParams(f *testing.F) {
	for _, seed := range []struct{ query, media, body string }{
		{"id=a&id=b", "", ""}, {"", "application/json", `{"filters":{"a":[1,null]},"fields":["a"]}`}, {"", "application/x-www-form-urlencoded", `{"a":1}=`},
		{"", "multipart/form-data", "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n--x--"}, {"%", "text/plain", "[]"}, {"limit=1e9", "", "null"},
	} {
		f.Add(seed.query, seed.media, []byte(seed.body))
	}
	f.Fuzz(func(t *testing.T, query, media string, body []byte) {
		values, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		p, err := parseParams(values, media, "x", body)
		if err != nil {
			return
		}
		if p == nil {
			t.Fatal("no parameters and no error")
		}
		for name := range p {
			p.text(name)
			p.boolean(name, false)
			for _, err := range []error{second(p.natural(name, 0)), second(p.list(name))} {
				if err != nil && !errors.Is(err, catalog.ErrInvalid) {
					t.Errorf("%s: %v", name, err)
				}
			}
			object(p[name])
		}
	})
}

func second[T any](_ T, err error) error { return err }

func TestFailuresAreTheOnesThatCKANKnows(t *testing.T) {
	for _, c := range []struct {
		err    error
		status int
		kind   string
		retry  bool
	}{
		{bad("limit", "Invalid integer"), http.StatusConflict, "Validation Error", false},
		{missing(""), http.StatusNotFound, "Not Found Error", false},
		{catalog.ErrGone, http.StatusNotFound, "Not Found Error", false},
		{catalog.ErrForbidden, http.StatusForbidden, "Authorization Error", false},
		{catalog.ErrUnauthorized, http.StatusForbidden, "Authorization Error", false},
		{refused("no"), http.StatusForbidden, "Authorization Error", false},
		{queryError("no"), http.StatusBadRequest, "Search Query Error", false},
		{searchError("no"), http.StatusConflict, "Search Error", false},
		{&query.SQLError{Message: "no table", Category: catalog.ErrNotFound}, http.StatusConflict, "Validation Error", false},
		{catalog.ErrTimeout, http.StatusConflict, "Validation Error", false},
		{catalog.ErrTooLarge, http.StatusConflict, "Validation Error", false},
		{&problem.SlowDown{Rate: 1, After: 3 * time.Second}, http.StatusTooManyRequests, "Too Many Requests Error", true},
		{catalog.ErrBusy, http.StatusServiceUnavailable, "Service Unavailable Error", true},
		{errors.New("a secret"), http.StatusInternalServerError, "Internal Server Error", false},
	} {
		p := problem.Of(c.err)
		status, failure := failureOf(c.err, p, "en")
		b, _ := json.Marshal(failure)
		if status != c.status || failure["__type"] != c.kind || (p.RetryAfter > 0) != c.retry || strings.Contains(string(b), "secret") {
			t.Errorf("%v: %d %s, again after %d", c.err, status, b, p.RetryAfter)
		}
	}
}
