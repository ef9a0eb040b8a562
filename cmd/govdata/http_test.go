package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// do sends a request with headers given in turn.
func (s site) do(t testing.TB, method, path string, body io.Reader, headers ...string) (*http.Response, []byte) {
	t.Helper()
	r, err := http.NewRequest(method, s.url+path, body)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	// The client must not undo or ask for a compression by itself.
	answer, err := (&http.Client{Transport: &http.Transport{DisableCompression: true}}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, b
}

func TestDownloadsKeepTheHTTPContract(t *testing.T) {
	s := demo(t)
	for _, ext := range []string{"csv", "csv.gz", "csv.zst", "xlsx", "parquet", "jsonl", "jsonl.gz"} {
		path := "/d/admin_permits." + ext
		r, whole := s.do(t, "GET", path, nil)
		sum := sha256.Sum256(whole)
		tag := r.Header.Get("ETag")
		if tag != `"`+hex.EncodeToString(sum[:])+`"` {
			t.Errorf("%s: ETag %s is not the SHA-256 of the body", ext, tag)
		}
		if r.Header.Get("Content-Encoding") != "" || r.Header.Get("X-Truncated") != "false" || r.Header.Get("X-Total-Rows") != "392" {
			t.Errorf("%s: headers %v", ext, r.Header)
		}
		head, none := s.do(t, "HEAD", path, nil)
		for name := range r.Header {
			if name != "Date" && head.Header.Get(name) != r.Header.Get(name) {
				t.Errorf("%s: HEAD has %s %q, GET %q", ext, name, head.Header.Get(name), r.Header.Get(name))
			}
		}
		if len(none) > 0 || head.ContentLength != int64(len(whole)) {
			t.Errorf("%s: HEAD gives %d bytes and length %d", ext, len(none), head.ContentLength)
		}
		part, b := s.do(t, "GET", path, nil, "Range", "bytes=10-29")
		if part.StatusCode != 206 || !bytes.Equal(b, whole[10:30]) || part.Header.Get("Content-Range") != fmt.Sprintf("bytes 10-29/%d", len(whole)) {
			t.Errorf("%s: range: %d %q", ext, part.StatusCode, b)
		}
		tail, b := s.do(t, "GET", path, nil, "Range", "bytes=-7")
		if tail.StatusCode != 206 || !bytes.Equal(b, whole[len(whole)-7:]) {
			t.Errorf("%s: the last bytes: %d %q", ext, tail.StatusCode, b)
		}
		if r, b := s.do(t, "GET", path, nil, "Range", "bytes=0-3,8-11"); r.StatusCode != 206 || !strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/byteranges") || !bytes.Contains(b, whole[8:12]) {
			t.Errorf("%s: two ranges: %d %s", ext, r.StatusCode, r.Header.Get("Content-Type"))
		}
		if r, _ := s.do(t, "GET", path, nil, "Range", "bytes=99999999-"); r.StatusCode != 416 {
			t.Errorf("%s: a range behind the end: %d", ext, r.StatusCode)
		}
		if r, b := s.do(t, "GET", path, nil, "If-None-Match", tag); r.StatusCode != 304 || len(b) > 0 {
			t.Errorf("%s: If-None-Match: %d", ext, r.StatusCode)
		}
		if r, _ := s.do(t, "GET", path, nil, "If-Modified-Since", r.Header.Get("Last-Modified")); r.StatusCode != 304 {
			t.Errorf("%s: If-Modified-Since: %d", ext, r.StatusCode)
		}
		if r, _ := s.do(t, "GET", path, nil, "If-Match", `"other"`); r.StatusCode != 412 {
			t.Errorf("%s: If-Match: %d", ext, r.StatusCode)
		}
		if r, b := s.do(t, "GET", path, nil, "Range", "bytes=10-29", "If-Range", `"other"`); r.StatusCode != 200 || !bytes.Equal(b, whole) {
			t.Errorf("%s: If-Range of another file: %d, %d bytes", ext, r.StatusCode, len(b))
		}
		_, params, err := mime.ParseMediaType(r.Header.Get("Content-Disposition"))
		if err != nil || !strings.HasPrefix(params["filename"], "行政许可-") || !strings.HasSuffix(params["filename"], "."+ext) {
			t.Errorf("%s: Content-Disposition %q: %v %v", ext, r.Header.Get("Content-Disposition"), params, err)
		}
	}
	r, _ := s.do(t, "OPTIONS", "/d/admin_permits.csv", nil, "Origin", "https://example.org", "Access-Control-Request-Method", "GET", "Access-Control-Request-Headers", "range")
	if r.StatusCode != 204 || r.Header.Get("Access-Control-Allow-Origin") != "*" || !strings.Contains(r.Header.Get("Access-Control-Allow-Headers"), "Range") {
		t.Errorf("preflight: %d %v", r.StatusCode, r.Header)
	}
}

func TestFilteredDownloads(t *testing.T) {
	s := demo(t)
	body, h := s.get(t, 200, "/d/regions.csv", "select", "code,name", "where", "level = '市' AND code < '620400'", "order", "code desc")
	if want := "code,name\n620300,金昌市\n620200,嘉峪关市\n620100,兰州市\n"; string(body) != want || h.Get("X-Total-Rows") != "3" || h.Get("X-Truncated") != "false" {
		t.Errorf("found %q, %v", body, h)
	}
	body, h = s.get(t, 200, "/d/regions.csv", "limit", "2", "select", "code")
	if string(body) != "code\n620000\n620100\n" || h.Get("X-Truncated") != "true" || h.Get("X-Total-Rows") != "102" {
		t.Errorf("found %q, %v", body, h)
	}
	body, _ = s.get(t, 200, "/d/regions.csv", "limit", "1", "select", "'=1+1' AS cell", "bom", "1", "excel_safe", "1")
	if string(body) != "\uFEFFcell\n'=1+1\n" {
		t.Errorf("for Excel: found %q", body)
	}
	for _, where := range []string{"1=1); DROP TABLE data; --", "code IN (SELECT code FROM nothing_here)", "true) UNION SELECT 1 --", "count(*) > 1"} {
		r, body := s.do(t, "GET", "/d/regions.csv?where="+url.QueryEscape(where), nil)
		if r.StatusCode != 400 && r.StatusCode != 404 || !strings.Contains(string(body), "/problems/") {
			t.Errorf("%s: %s", where, body)
		}
	}
}

// Going from cursor to cursor gives every row once, whatever the order, with
// missing values among the keys.
func TestCursorsGiveEveryRowOnce(t *testing.T) {
	s := demo(t)
	for _, order := range []string{"", "fine", "fine desc,party_uscc", "decided_on desc"} {
		seen := map[string]bool{}
		next, pages := "", 0
		for {
			query := []string{"limit", "100", "select", "decision_no,agency", "shape", "arrays"}
			if order != "" {
				query = append(query, "order", order)
			}
			if next != "" {
				query = append(query, "cursor", next)
			}
			body, _ := s.get(t, 200, "/api/v1/datasets/admin_penalties/rows", query...)
			var answer struct {
				Rows      [][]string
				Total     int
				Truncated bool
				Next      *string `json:"next_cursor"`
			}
			if err := json.Unmarshal(body, &answer); err != nil {
				t.Fatal(err)
			}
			for _, row := range answer.Rows {
				key := strings.Join(row, "|")
				if seen[key] {
					t.Fatalf("order %q: %s comes twice", order, key)
				}
				seen[key] = true
			}
			pages++
			if answer.Total != 509 || answer.Truncated != (answer.Next != nil) {
				t.Fatalf("order %q: total %d, truncated %v, next %v", order, answer.Total, answer.Truncated, answer.Next)
			}
			if answer.Next == nil {
				break
			}
			next = *answer.Next
			if pages > 10 {
				t.Fatal("the pages have no end")
			}
		}
		if len(seen) != 509 || pages != 6 {
			t.Errorf("order %q: %d rows on %d pages, want 509 on 6", order, len(seen), pages)
		}
		if body, _ := s.get(t, 400, "/api/v1/datasets/admin_penalties/rows", "cursor", next, "where", "fine > 1"); !strings.Contains(string(body), "cursor") {
			t.Errorf("a cursor of other parameters: %s", body)
		}
	}
}

func TestSQLIsAskedInEveryWay(t *testing.T) {
	s := demo(t)
	want := `"rows":[{"n":14}`
	q := "SELECT count(*) AS n FROM regions WHERE level = $1"
	for what, send := range map[string]func() (*http.Response, []byte){
		"GET": func() (*http.Response, []byte) {
			return s.do(t, "GET", "/api/v1/sql?q="+url.QueryEscape(q)+"&p1="+url.QueryEscape("市"), nil)
		},
		"JSON": func() (*http.Response, []byte) {
			return s.do(t, "POST", "/api/v1/sql", strings.NewReader(`{"q":"`+q+`","params":["市"]}`), "Content-Type", "application/json")
		},
		"named": func() (*http.Response, []byte) {
			return s.do(t, "POST", "/api/v1/sql", strings.NewReader(`{"q":"SELECT count(*) AS n FROM regions WHERE level = $level","params":{"level":"市"}}`), "Content-Type", "application/json")
		},
		"form": func() (*http.Response, []byte) {
			return s.do(t, "POST", "/api/v1/sql", strings.NewReader(url.Values{"q": {q}, "p1": {"市"}}.Encode()), "Content-Type", "application/x-www-form-urlencoded")
		},
		"text": func() (*http.Response, []byte) {
			return s.do(t, "POST", "/api/v1/sql", strings.NewReader("SELECT count(*) AS n FROM regions WHERE level = '市' -- the cities\n;"), "Content-Type", "application/sql")
		},
	} {
		if r, body := send(); r.StatusCode != 200 || !strings.Contains(string(body), want) {
			t.Errorf("%s: %d %s", what, r.StatusCode, body)
		}
	}
	for accept, kind := range map[string]string{"text/csv": "text/csv", "application/vnd.apache.parquet": "application/vnd.apache.parquet", "application/x-ndjson": "application/x-ndjson", "*/*": "application/json"} {
		r, _ := s.do(t, "GET", "/api/v1/sql?q=SELECT+1", nil, "Accept", accept)
		if !strings.HasPrefix(r.Header.Get("Content-Type"), kind) {
			t.Errorf("Accept %s: %s", accept, r.Header.Get("Content-Type"))
		}
	}
}

func TestNumbersAreExactInJSON(t *testing.T) {
	s := demo(t)
	body, _ := s.get(t, 200, "/api/v1/sql", "q", "SELECT 9007199254740993 AS big, 42 AS small, 0.10::DECIMAL(18,2) AS d, 170141183460469231731687303715884105727::HUGEINT AS huge, 0.1::DOUBLE AS f, NULL AS nothing, [1,2] AS list, DATE '1899-12-31' AS day, 'NaN'::DOUBLE AS nan")
	for _, want := range []string{`"big":"9007199254740993"`, `"small":42`, `"d":"0.10"`, `"huge":"170141183460469231731687303715884105727"`, `"f":0.1`, `"nothing":null`, `"list":[1,2]`, `"day":"1899-12-31"`, `"nan":"NaN"`} {
		if !strings.Contains(string(body), want) {
			t.Errorf("no %s in %s", want, body)
		}
	}
	body, _ = s.get(t, 200, "/api/v1/sql", "q", "SELECT * FROM range(5000)")
	if !strings.Contains(string(body), `"returned":1000,"total":null,"truncated":true`) {
		t.Errorf("a cut answer does not say so: %s", body[len(body)-200:])
	}
	body, _ = s.get(t, 200, "/api/v1/sql.csv", "q", "SELECT * FROM range(5000)")
	if n := bytes.Count(body, []byte("\n")); n != 5001 {
		t.Errorf("CSV has %d lines, want all 5000 rows and a header", n)
	}
	body, _ = s.get(t, 200, "/api/v1/sql", "q", "SELECT id, rows FROM catalog.datasets WHERE id = 'regions'")
	if !strings.Contains(string(body), `{"id":"regions","rows":102}`) {
		t.Errorf("schema catalog: %s", body)
	}
}

func TestErrorsAreProblemsWithTheirPlace(t *testing.T) {
	s := demo(t)
	for _, c := range []struct {
		path   string
		status int
		want   []string
	}{
		{"/api/v1/sql?q=SELECT+*%0AFROM+regoins", 404, []string{`"line":2`, `"column":6`, "regions", "/problems/not-found"}},
		{"/api/v1/sql?q=SELEC+1", 400, []string{`"line":1`, "SELEC"}},
		{"/api/v1/sql?q=SELECT+nam+FROM+regions", 400, []string{"nam", `"line":1`}},
		{"/api/v1/sql?q=DELETE+FROM+regions", 400, []string{"SELECT"}},
		{"/api/v1/sql?q=SELECT+1%3B+SELECT+2", 400, []string{"/problems/invalid"}},
		{"/api/v1/sql?q=SELECT+*+FROM+read_csv('/etc/passwd')", 400, []string{"read_csv"}},
		{"/api/v1/sql", 400, []string{`"name":"q"`}},
		{"/api/v1/sql?q=SELECT+1&limt=3", 400, []string{`"name":"limt"`, "unknown parameter"}},
		{"/api/v1/sql.csv?q=SELECT+1&format=parquet", 400, []string{"format"}},
		{"/api/v1/datasets/nothing_here", 404, []string{"nothing_here"}},
		{"/api/v1/datasets/Not-An-Id", 400, []string{"dataset id"}},
		{"/api/v1/datasets/regions/rows?limit=200000", 400, []string{"limit"}},
		{"/api/v1/datasets/regions/rows?release=20200101-000000000000", 404, []string{"20200101"}},
		{"/d/regions.docx", 404, []string{"csv"}},
		{"/api/v2/nothing", 404, []string{"/api/v2/nothing"}},
	} {
		r, body := s.do(t, "GET", c.path, nil, "Accept-Language", "en")
		if r.StatusCode != c.status || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/problem+json") {
			t.Errorf("%s: %d %s %s", c.path, r.StatusCode, r.Header.Get("Content-Type"), body)
		}
		for _, want := range c.want {
			if !strings.Contains(string(body), want) {
				t.Errorf("%s: no %s in %s", c.path, want, body)
			}
		}
		if strings.Contains(string(body), s.data) {
			t.Errorf("%s: the answer names a path of the machine: %s", c.path, body)
		}
	}
	if r, body := s.do(t, "GET", "/api/v1/datasets/nothing_here", nil, "Accept-Language", "zh-CN"); r.Header.Get("Content-Language") != "zh" || !strings.Contains(string(body), "未找到") {
		t.Errorf("in Chinese: %s", body)
	}
	if r, _ := s.do(t, "DELETE", "/api/v1/datasets", nil); r.StatusCode != 405 {
		t.Errorf("DELETE: %d", r.StatusCode)
	}
}

func TestTheCatalogIsSearched(t *testing.T) {
	s := demo(t)
	type answer struct {
		Datasets []struct {
			ID      string
			Title   struct{ Zh string }
			Matched []struct {
				In, Field, Text, How string
				Ranges               [][2]int
			}
		}
		Total      int
		Facets     map[string]map[string]int
		Missing    []string
		DidYouMean string `json:"did_you_mean"`
	}
	ask := func(query string) (a answer) {
		t.Helper()
		v, _ := url.ParseQuery(query)
		body, _ := s.get(t, 200, "/api/v1/datasets?"+v.Encode())
		if err := json.Unmarshal(body, &a); err != nil {
			t.Fatalf("%s: %s", query, body)
		}
		return a
	}
	for query, want := range map[string]string{
		"q=处罚": "admin_penalties", "q=ADMINISTRATIVE FEES": "fee_catalog", "q=行政 许可机关": "admin_permits", "q=拼音": "regions", "theme=民生保障": "budgets",
		"q=行政处罚罚款": "admin_penalties", "q=xzcf": "admin_penalties", "q=CF_XDR_MC": "admin_penalties", "item=八": "implementation_results", "update_frequency=daily&q=air": "environment_quality",
	} {
		if a := ask(query); a.Total == 0 || a.Datasets[0].ID != want || len(a.Facets["theme"]) == 0 || strings.Contains(query, "q=") != (len(a.Datasets[0].Matched) > 0) {
			t.Errorf("%s: %+v", query, a)
		}
	}
	if a := ask("q=兰州 行政處罰"); a.Datasets[0].ID != "admin_penalties" || !slices.Equal(a.Missing, []string{"兰州"}) || a.DidYouMean != "兰州 行政处罚" {
		t.Errorf("%+v", a)
	}
	// A page of the portal answers the same.
	for _, q := range []string{"行政处罚罚款", "xingzheng chufa", "pealties"} {
		page, _ := s.get(t, 200, "/datasets?lang=zh&q="+url.QueryEscape(q))
		at := 0
		for _, d := range ask("q=" + q).Datasets {
			i := strings.Index(string(page)[at:], "/datasets/"+d.ID)
			if i < 0 {
				t.Errorf("%s: %s is not on the page, or not in its place", q, d.ID)
			}
			at += max(i, 0)
		}
	}
	s.get(t, 400, "/api/v1/datasets?q="+strings.Repeat("penalty+", 1250))
	s.get(t, 400, "/api/v1/datasets?theme=a&theme=b")
	s.get(t, 200, "/api/v1/sql", "q", "SELECT 1")
	body, _ := s.get(t, 200, "/metrics")
	for _, want := range []string{"govdata_http_requests_total", "govdata_queries_total", "go_goroutines"} {
		if !strings.Contains(string(body), want) {
			t.Errorf("no %s in the metrics", want)
		}
	}
	s.get(t, 200, "/healthz")
	s.get(t, 200, "/readyz")
	s.get(t, 200, "/api/v1/limits")
}
