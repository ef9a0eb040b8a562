package server

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/duckdb/duckdb-go/v2"

	"govdata/catalog"
	"govdata/catalog/store"
	"govdata/server/keys"
	"govdata/server/query"
)

// The test binary is its own query worker.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "worker" {
		if err := query.WorkerMain(context.Background(), os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// portal is a served catalog: things, which is open, and secrets, which is not.
type portal struct {
	url     string
	catalog *catalog.Catalog
	keys    *keys.Store
	things  *catalog.Release
	secrets *catalog.Release
}

func newPortal(t *testing.T) *portal {
	t.Helper()
	cat, err := catalog.Open(t.TempDir(), catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p := &portal{catalog: cat, things: publish(t, cat, "things", catalog.Openness{Attribute: catalog.OpenUnconditional}, 100)}
	p.secrets = publish(t, cat, "secrets", catalog.Openness{Attribute: catalog.OpenConditional, Condition: catalog.Text{Zh: "仅供科研", En: "for research only"}}, 3)
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	pool, err := query.NewPool(query.PoolOptions{Workers: 2, PublicDir: cat.PublicDir(), RestrictedDir: cat.RestrictedDir(), Limits: query.DefaultLimits, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	if p.keys, err = keys.Open(filepath.Join(t.TempDir(), "keys.sqlite")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.keys.Close() })
	s, err := New(Options{Catalog: cat, Keys: p.keys, Engine: pool, Limits: query.DefaultLimits, Site: &catalog.Site{Timezone: "UTC"}, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	h := httptest.NewServer(s.Handler())
	t.Cleanup(h.Close)
	p.url = h.URL
	return p
}

// publish makes a release of so many rows: id 1, 2, ... and name.
func publish(t *testing.T, cat *catalog.Catalog, id catalog.ID, open catalog.Openness, rows int) *catalog.Release {
	t.Helper()
	st, err := cat.Stage(id)
	if err != nil {
		t.Fatal(err)
	}
	data, csv := filepath.Join(st.Dir(), catalog.StoreName), filepath.Join(st.Dir(), string(id)+".csv")
	db, err := sql.Open("duckdb", data)
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		fmt.Sprintf("CREATE TABLE %s AS SELECT i AS id, 'thing ' || i AS name FROM range(1, %d) t(i)", store.Table, rows+1),
		fmt.Sprintf("COPY %s TO %s (FORMAT csv)", store.Table, store.Literal(csv)),
	} {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	m := catalog.Manifest{PublishedAt: st.Now(), Rows: int64(rows), Counts: catalog.Counts{In: int64(rows), Published: int64(rows)},
		Dataset: catalog.Dataset{ID: id, Title: catalog.Text{Zh: "某些：东西/物", En: "Some things"}, Theme: "其他", Openness: open,
			Fields: []catalog.Field{{Name: "id", Type: catalog.TypeInteger}, {Name: "name", Type: catalog.TypeText}}}}
	for path, a := range map[string]*catalog.Artefact{data: &m.Store, csv: {Format: "csv", MediaType: "text/csv; charset=utf-8"}} {
		a.File, a.Rows = filepath.Base(path), int64(rows)
		if a.SHA256, a.Bytes, err = catalog.HashFile(path); err != nil {
			t.Fatal(err)
		}
		if path == csv {
			m.Artefacts, m.Content = []catalog.Artefact{*a}, a.SHA256
		}
	}
	m.Release = catalog.NewReleaseID(m.PublishedAt, m.Content)
	r, err := st.Publish(context.Background(), m)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// ask sends a request with headers given in turn and reads the answer whole.
func (p *portal) ask(t *testing.T, method, path, body string, headers ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequest(method, p.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(b)
}

func sqlPath(ext, q, rest string) string {
	return "/api/v1/sql" + ext + "?q=" + url.QueryEscape(q) + rest
}

func TestALimitOfNothingGivesTheColumnsAlone(t *testing.T) {
	p := newPortal(t)
	for path, want := range map[string]string{
		"/d/things.csv?limit=0":                                 "id,name\n",
		"/api/v1/datasets/things/rows.csv?limit=0":              "id,name\n",
		sqlPath(".csv", "SELECT * FROM things", "&limit=0"):     "id,name\n",
		sqlPath(".jsonl", "SELECT * FROM range(9)", "&limit=0"): "",
	} {
		r, body := p.ask(t, "GET", path, "")
		if r.StatusCode != 200 || body != want || r.Header.Get("X-Truncated") != "true" {
			t.Errorf("%s: %d %q, X-Truncated %q", path, r.StatusCode, body, r.Header.Get("X-Truncated"))
		}
	}
	for path, want := range map[string]string{
		"/api/v1/datasets/things/rows?limit=0":                    `"rows":[],"returned":0,"total":100,"truncated":true`,
		sqlPath("", "SELECT * FROM things", "&limit=0"):           `"rows":[],"returned":0,"total":null,"truncated":true`,
		sqlPath("", "SELECT * FROM things LIMIT 0", "&limit=0"):   `"rows":[],"returned":0,"total":0,"truncated":false`,
		sqlPath("", "SELECT 1 AS one FROM things LIMIT 1", ""):    `"returned":1,"total":1,"truncated":false`,
		"/api/v1/datasets/things/rows?limit=2&select=id&order=id": `"rows":[{"id":1}` + "\n" + `,{"id":2}` + "\n" + `],"returned":2,"total":100,"truncated":true`,
	} {
		if r, body := p.ask(t, "GET", path, ""); r.StatusCode != 200 || !strings.Contains(body, want) {
			t.Errorf("%s: %d %s", path, r.StatusCode, body)
		}
	}
}

// A file that is cut says so: before its first byte where that can be known,
// behind its last one otherwise.
func TestAFileThatIsCutSaysSo(t *testing.T) {
	p := newPortal(t)
	for _, c := range []struct {
		path, truncated string
		trailer         bool
	}{
		{sqlPath(".csv", "SELECT * FROM range(50)", "&limit=10"), "true", false},
		{sqlPath(".csv", "SELECT * FROM range(50)", "&limit=50"), "false", false},
		{sqlPath(".csv", "SELECT * FROM range(50)", ""), "false", false},
		{sqlPath(".csv", "SELECT * FROM range(3000000)", "&limit=2900000"), "true", true},
		{"/d/things.csv?limit=10", "true", false},
		{"/d/things.csv?limit=100", "false", false},
		{"/d/things.csv?where=id>90&limit=10", "false", false},
	} {
		r, body := p.ask(t, "GET", c.path, "")
		got := r.Header.Get("X-Truncated")
		if c.trailer {
			got = r.Trailer.Get("X-Truncated")
		}
		if r.StatusCode != 200 || got != c.truncated {
			t.Errorf("%s: %d, X-Truncated %q, want %s: %.100s", c.path, r.StatusCode, got, c.truncated, body)
		}
		if head, _ := p.ask(t, "HEAD", c.path, ""); head.Header.Get("X-Truncated") != c.truncated {
			t.Errorf("HEAD %s: X-Truncated %q", c.path, head.Header.Get("X-Truncated"))
		}
	}
}

func TestParametersAreGivenInOneWay(t *testing.T) {
	p := newPortal(t)
	const isJSON, isForm, isText = "application/json", "application/x-www-form-urlencoded", "application/sql"
	for _, c := range []struct {
		what, path, kind, body string
		status                 int
		want                   string
	}{
		{"named p1 in JSON", "", isJSON, `{"q":"SELECT $p1 AS v","params":{"p1":"x"}}`, 200, `"v":"x"`},
		{"named in the address", "?q=SELECT+$name+AS+v&p.name=x", "", "", 200, `"v":"x"`},
		{"a query in the address of a POST", "?q=SELECT+1+AS+v", "", "", 200, `"v":1`},
		{"an exact number in JSON", "", isJSON, `{"q":"SELECT $1::DECIMAL(20,2) AS v","params":["12345678901234567.89"]}`, 200, `"v":"12345678901234567.89"`},
		{"format and limit in JSON", "", isJSON, `{"q":"SELECT * FROM range(9)","format":"csv","limit":2}`, 200, "range\n0\n1\n"},
		{"a gap", "?q=SELECT+1&p1=a&p3=b", "", "", 400, `"name":"p2"`},
		{"by place and by name", "?q=SELECT+1&p1=a&p.x=b", "", "", 400, `"name":"p"`},
		{"in the body and in the address", "?p1=a", isJSON, `{"q":"SELECT $1","params":["b"]}`, 400, `"name":"p"`},
		{"two queries", "?q=SELECT+1", isText, "SELECT 2", 400, `"name":"q"`},
		{"an unknown name in a form", "", isForm, "q=SELECT+1&limt=3", 400, `"name":"limt"`},
		{"twice in a form", "", isForm, "q=SELECT+1&q=SELECT+2", 400, `"name":"q"`},
		{"an unknown name in JSON", "", isJSON, `{"q":"SELECT 1","limt":3}`, 400, "limt"},
		{"more behind the JSON", "", isJSON, `{"q":"SELECT 1"} {"q":"SELECT 2"}`, 400, "more behind"},
		{"params that are neither", "", isJSON, `{"q":"SELECT 1","params":3}`, 400, "params"},
		{"nothing", "", isJSON, `{}`, 400, `"name":"q"`},
		{"another kind of body", "", "text/xml", "<q/>", 400, "text/xml"},
		{"a large body", "", isText, strings.Repeat(" ", maxBody+1), 413, "/problems/too-large"},
	} {
		if r, body := p.ask(t, "POST", "/api/v1/sql"+c.path, c.body, "Content-Type", c.kind, "Accept-Language", "en"); r.StatusCode != c.status || !strings.Contains(body, c.want) {
			t.Errorf("%s: %d %s", c.what, r.StatusCode, body)
		}
	}
}

func TestTheFormatComesFromWhatTheClientLikesBest(t *testing.T) {
	p := newPortal(t)
	for accept, want := range map[string]string{
		"":                                       "application/json",
		"text/html, */*;q=0.8":                   "application/json",
		"application/json;q=0.1, text/csv":       "text/csv",
		"text/csv;q=0.3, application/x-ndjson":   "application/x-ndjson",
		"text/csv;q=0, application/json":         "application/json",
		"text/csv;q=nonsense":                    "application/json",
		"application/vnd.apache.parquet;q=0.001": "application/vnd.apache.parquet",
	} {
		r, _ := p.ask(t, "GET", sqlPath("", "SELECT 1", ""), "", "Accept", accept)
		if !strings.HasPrefix(r.Header.Get("Content-Type"), want) || !strings.Contains(strings.Join(r.Header.Values("Vary"), ","), "Accept") {
			t.Errorf("Accept %q: %v", accept, r.Header)
		}
	}
}

// An answer names the release of each dataset in it, and a list of rows goes
// on in the release in which it began.
func TestRowsAreOfOneRelease(t *testing.T) {
	p := newPortal(t)
	type page struct {
		Rows    []struct{ ID int }
		Total   int
		Release map[string]catalog.ReleaseID
		Next    string `json:"next_cursor"`
	}
	read := func(path string) (v page) {
		t.Helper()
		r, body := p.ask(t, "GET", path, "")
		if err := json.Unmarshal([]byte(body), &v); r.StatusCode != 200 || err != nil {
			t.Fatalf("%s: %d %v %s", path, r.StatusCode, err, body)
		}
		return v
	}
	rows := "/api/v1/datasets/things/rows?limit=60"
	first := read(rows)
	now := publish(t, p.catalog, "things", catalog.Openness{Attribute: catalog.OpenUnconditional}, 40)
	second := read(rows + "&cursor=" + first.Next)
	if len(second.Rows) != 40 || second.Rows[0].ID != 61 || second.Total != 100 || second.Release["things"] != p.things.Release || second.Next != "" {
		t.Errorf("the second page is of another release: %+v", second)
	}
	if again := read(rows); again.Total != 40 || again.Release["things"] != now.Release {
		t.Errorf("a new list is of an old release: %+v", again)
	}
	if r, _ := p.ask(t, "GET", "/api/v1/datasets/things/rows.csv?release="+string(p.things.Release), ""); r.Header.Get("X-Release") != string(p.things.Release) || r.Header.Get("X-Total-Rows") != "100" ||
		!strings.Contains(r.Header.Get("Content-Disposition"), "things-"+string(p.things.Release)+"-rows.csv") {
		t.Errorf("a file of rows does not name its release: %v", r.Header)
	}
	both := read(sqlPath("", `SELECT count(*) AS id FROM things JOIN "`+p.things.Ref().String()+`" AS b USING (id)`, ""))
	if both.Rows[0].ID != 40 || both.Release["things"] != now.Release || both.Release[p.things.Ref().String()] != p.things.Release {
		t.Errorf("two releases of one dataset: %+v", both)
	}
	at, err := parseCursor(first.Next)
	if err != nil {
		t.Fatal(err)
	}
	unknown := cursorOf(&catalog.Release{Manifest: catalog.Manifest{Release: "20200101-000000000000"}}, at.Params, at.After)
	for given, want := range map[string]string{
		"x":                        "cursor",
		"e30":                      "cursor",
		first.Next + "&where=id>1": "other parameters",
		first.Next + "&release=" + string(now.Release): "belongs to release",
		unknown: "20200101-000000000000",
	} {
		if r, body := p.ask(t, "GET", "/api/v1/datasets/things/rows?cursor="+given, "", "Accept-Language", "en"); r.StatusCode < 400 || r.StatusCode >= 500 || !strings.Contains(body, want) {
			t.Errorf("cursor %s: %d %s", given, r.StatusCode, body)
		}
	}
}

// What is not open to everyone is described, and none of its rows is had.
func TestWhatIsNotOpenIsOnlyDescribed(t *testing.T) {
	p := newPortal(t)
	if _, body := p.ask(t, "GET", "/api/v1/datasets/secrets?lang=en", ""); !strings.Contains(body, `"queryable":false`) || !strings.Contains(body, "for research only") || !strings.Contains(body, `"downloads":[]`) {
		t.Errorf("its description: %s", body)
	}
	for _, path := range []string{"/d/secrets.csv", "/d/secrets.csv?limit=1", "/d/secrets.arrow", "/api/v1/datasets/secrets/rows", sqlPath("", "SELECT * FROM secrets", "")} {
		if r, body := p.ask(t, "GET", path, "", "Accept-Language", "en"); r.StatusCode != 403 || !strings.Contains(body, "for research only") || strings.Contains(body, "thing 1") {
			t.Errorf("%s: %d %s", path, r.StatusCode, body)
		}
	}
}

// With a key that was granted for it, a dataset that is open on a condition is
// like any other, but for caches.
func TestAKeyOpensWhatItWasGrantedFor(t *testing.T) {
	p := newPortal(t)
	secret, _, err := p.keys.Create(context.Background(), "兰州大学", []catalog.ID{"secrets"}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	other, _, err := p.keys.Create(context.Background(), "某公司", []catalog.ID{"things"}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	paths := []string{"/d/secrets.csv", "/d/secrets@" + string(p.secrets.Release) + ".csv", "/d/secrets.csv?limit=2", "/d/secrets.arrow", "/api/v1/datasets/secrets/rows",
		sqlPath("", "SELECT * FROM secrets", ""), sqlPath(".csv", "SELECT s.* FROM secrets s JOIN things USING (id)", "")}
	for _, path := range paths {
		for _, header := range []string{"X-API-Key", "Authorization"} {
			value := map[string]string{"X-API-Key": secret, "Authorization": "Bearer " + secret}[header]
			if r, body := p.ask(t, "GET", path, "", header, value); r.StatusCode != 200 || !strings.Contains(body, "thing 1") ||
				r.Header.Get("Cache-Control") != "private, no-store" || !strings.Contains(strings.Join(r.Header.Values("Vary"), ", "), "Authorization") {
				t.Errorf("%s with %s: %d %v %s", path, header, r.StatusCode, r.Header, body)
			}
		}
		if r, _ := p.ask(t, "GET", path, "", "X-API-Key", other); r.StatusCode != 403 {
			t.Errorf("%s with the key of another dataset: %d", path, r.StatusCode)
		}
		if r, _ := p.ask(t, "GET", path, ""); r.StatusCode != 403 {
			t.Errorf("%s without a key, after it was answered with one: %d", path, r.StatusCode)
		}
	}
	if _, body := p.ask(t, "GET", "/api/v1/datasets/secrets", "", "X-API-Key", secret); !strings.Contains(body, `"queryable":true`) || !strings.Contains(body, "/d/secrets.csv") {
		t.Errorf("the description for its holder: %s", body)
	}
	if r, body := p.ask(t, "GET", "/d/things.csv", "", "X-API-Key", "gd_unknown", "Accept-Language", "en"); r.StatusCode != 401 || r.Header.Get("WWW-Authenticate") != "Bearer" || !strings.Contains(body, "no such key") {
		t.Errorf("an unknown key: %d %s", r.StatusCode, body)
	}
}

// Of a dataset that is open on a condition anyone may see a few rows.
func TestASampleIsShownOnACondition(t *testing.T) {
	p := newPortal(t)
	for id, want := range map[string]string{"secrets": `"returned":3,"rows":[{"id":"1","name":"thing 1"}`, "things": `"returned":10,`} {
		if r, body := p.ask(t, "GET", "/api/v1/datasets/"+id+"/sample", ""); r.StatusCode != 200 || !strings.Contains(body, want) {
			t.Errorf("%s: %d %s", id, r.StatusCode, body)
		}
	}
	publish(t, p.catalog, "never", catalog.Openness{Attribute: catalog.OpenNot, Basis: catalog.Text{Zh: "国家秘密", En: "state secret"}}, 3)
	for _, path := range []string{"/api/v1/datasets/never/sample", "/d/never.csv", "/api/v1/datasets/never/rows"} {
		if r, body := p.ask(t, "GET", path, "", "Accept-Language", "en"); r.StatusCode != 403 || !strings.Contains(body, "state secret") || strings.Contains(body, "thing 1") {
			t.Errorf("%s: %d %s", path, r.StatusCode, body)
		}
	}
	if r, body := p.ask(t, "GET", "/datasets/never?lang=en", ""); r.StatusCode != 200 || !strings.Contains(body, "state secret") || strings.Contains(body, "thing 1") {
		t.Errorf("the page of what is not open: %d", r.StatusCode)
	}
	if r, body := p.ask(t, "GET", "/datasets/secrets?lang=en", ""); r.StatusCode != 200 || !strings.Contains(body, "for research only") || !strings.Contains(body, "thing 1") || strings.Contains(body, "/d/secrets.csv") {
		t.Errorf("the page of what is open on a condition: %d", r.StatusCode)
	}
}

// Every address refuses what it does not know by name, in the reader's language.
func TestNoParameterIsIgnored(t *testing.T) {
	p := newPortal(t)
	release := string(p.things.Release)
	for _, path := range []string{
		"/api/v1/datasets", "/api/v1/datasets/things", "/api/v1/datasets/things/sample", "/api/v1/datasets/things/releases", "/api/v1/datasets/things/releases/" + release,
		"/api/v1/datasets/things/rows", "/api/v1/datasets/things/rows.csv", "/api/v1/sql", "/api/v1/sql.csv", "/api/v1/limits",
		"/d/things.csv", "/d/things.xlsx", "/d/things@" + release + ".csv", "/d/things@" + release + ".manifest.json", "/healthz", "/readyz", "/robots.txt",
	} {
		for lang, want := range map[string]string{"zh-CN": "此处可用的参数有", "en-GB": "known here are"} {
			r, body := p.ask(t, "GET", path+"?colour=red", "", "Accept-Language", lang)
			if r.StatusCode != 400 || r.Header.Get("Content-Type") != "application/problem+json; charset=utf-8" || !strings.Contains(body, `"name":"colour"`) ||
				!strings.Contains(body, want) || r.Header.Get("Content-Language") != lang[:2] || r.Header.Get("Cache-Control") != "no-store" || r.Header.Get("ETag") != "" {
				t.Errorf("%s in %s: %d %v %s", path, lang, r.StatusCode, r.Header, body)
			}
		}
		if r, body := p.ask(t, "GET", path+"?lang=fr", ""); r.StatusCode != 400 || !strings.Contains(body, `"name":"lang"`) {
			t.Errorf("%s?lang=fr: %d", path, r.StatusCode)
		}
	}
}

// Metadata that somebody has already is not sent again until it changes.
func TestMetadataIsToldOnce(t *testing.T) {
	p := newPortal(t)
	for _, path := range []string{
		"/api/v1/datasets", "/api/v1/datasets/things", "/api/v1/datasets/things/sample", "/api/v1/datasets/things/releases", "/api/v1/limits",
	} {
		first, body := p.ask(t, "GET", path, "")
		etag := first.Header.Get("ETag")
		if first.StatusCode != 200 || etag == "" || first.ContentLength != int64(len(body)) || first.Header.Get("Cache-Control") != revalidate || !strings.Contains(strings.Join(first.Header.Values("Vary"), ","), "Accept-Language") {
			t.Fatalf("%s: %d %d %v", path, first.StatusCode, first.ContentLength, first.Header)
		}
		if again, body := p.ask(t, "GET", path, "", "If-None-Match", `"other", `+etag); again.StatusCode != 304 || body != "" || again.Header.Get("ETag") != etag {
			t.Errorf("%s again: %d %q %v", path, again.StatusCode, body, again.Header)
		}
		if other, _ := p.ask(t, "GET", path, "", "If-None-Match", `"other"`); other.StatusCode != 200 {
			t.Errorf("%s with another ETag: %d", path, other.StatusCode)
		}
	}
	before, _ := p.ask(t, "GET", "/api/v1/datasets/things", "")
	publish(t, p.catalog, "things", p.things.Dataset.Openness, 77)
	if after, body := p.ask(t, "GET", "/api/v1/datasets/things", "", "If-None-Match", before.Header.Get("ETag")); after.StatusCode != 200 || !strings.Contains(body, `"rows":77`) {
		t.Errorf("after a publish: %d %.200s", after.StatusCode, body)
	}
}

func TestEveryAddressAnswersHEAD(t *testing.T) {
	p := newPortal(t)
	for _, path := range []string{
		"/api/v1/datasets", "/api/v1/datasets/things", "/api/v1/datasets/things/sample", "/api/v1/datasets/things/releases", "/api/v1/datasets/things/rows", "/api/v1/datasets/things/rows.parquet", sqlPath("", "SELECT 1", ""),
		"/api/v1/limits", "/d/things.csv", "/d/things.csv?select=id", "/d/things@" + string(p.things.Release) + ".manifest.json", "/healthz", "/readyz", "/metrics", "/robots.txt", "/",
	} {
		get, _ := p.ask(t, "GET", path, "")
		head, body := p.ask(t, "HEAD", path, "")
		if head.StatusCode != 200 || body != "" {
			t.Errorf("HEAD %s: %d %q", path, head.StatusCode, body)
		}
		for _, name := range []string{"Content-Type", "Cache-Control", "ETag", "Last-Modified", "Content-Disposition", "Link", "X-Release", "X-Total-Rows", "X-Truncated", "Accept-Ranges"} {
			if get.Header.Get(name) != head.Header.Get(name) {
				t.Errorf("%s: %s is %q with GET, %q with HEAD", path, name, get.Header.Get(name), head.Header.Get(name))
			}
		}
	}
}

// A part of a release has a name of its own and is never kept for good; the
// whole of a pinned one is.
func TestAPartIsNotTakenForTheWhole(t *testing.T) {
	p := newPortal(t)
	ref := p.things.Ref().String()
	whole, _ := p.ask(t, "GET", "/d/"+ref+".csv?lang=zh", "")
	part, _ := p.ask(t, "GET", "/d/"+ref+".csv?where=id%3E5&select=id", "")
	if h := whole.Header; h.Get("Cache-Control") != immutable || !strings.HasPrefix(h.Get("Link"), "</d/"+ref+`.csv>; rel="canonical"`) || h.Get("Content-Disposition") !=
		`attachment; filename="things-`+string(p.things.Release)+`.csv"; filename*=UTF-8''`+url.PathEscape("某些：东西-物-"+string(p.things.Release)+".csv") {
		t.Errorf("the whole: %v", h)
	}
	if h := part.Header; h.Get("Cache-Control") != revalidate || !strings.HasPrefix(h.Get("Link"), "</d/"+ref+`.csv?select=id&where=id%3E5>; rel="canonical"`) || !strings.Contains(h.Get("Content-Disposition"), "-rows.csv") || !strings.HasPrefix(h.Get("ETag"), "W/") {
		t.Errorf("the part: %v", h)
	}
}

func TestTheManifestIsServedAsItLies(t *testing.T) {
	p := newPortal(t)
	want, err := os.ReadFile(p.things.ManifestPath())
	if err != nil {
		t.Fatal(err)
	}
	path := "/d/" + p.things.Ref().String() + ".manifest.json"
	r, body := p.ask(t, "GET", path, "")
	if body != string(want) || r.Header.Get("Cache-Control") != immutable {
		t.Errorf("%v %s", r.Header, body)
	}
	if r, _ := p.ask(t, "GET", path, "", "If-None-Match", r.Header.Get("ETag")); r.StatusCode != 304 {
		t.Errorf("If-None-Match: %d", r.StatusCode)
	}
}

// Nothing is served under a hash that is not its own.
func TestADamagedFileIsNotServed(t *testing.T) {
	p := newPortal(t)
	a, _ := p.things.Artefact("csv")
	if err := os.Truncate(p.things.Path(a), 10); err != nil {
		t.Fatal(err)
	}
	r, body := p.ask(t, "GET", "/d/things.csv", "")
	if r.StatusCode != 503 || r.Header.Get("ETag") != "" || r.Header.Get("X-Release") != "" || strings.Contains(body, "bytes") {
		t.Errorf("%d %v %s", r.StatusCode, r.Header, body)
	}
}

func TestMetricsCountQueriesAndWorkers(t *testing.T) {
	p := newPortal(t)
	p.ask(t, "GET", sqlPath("", "SELECT 1", ""), "")
	p.ask(t, "GET", sqlPath("", "SELECT", ""), "")
	// It fails after its first rows have left.
	r, err := http.Get(p.url + sqlPath(".csv", "SELECT CAST(CASE WHEN range < 6000000 THEN '1' ELSE 'late' END AS INTEGER) AS v FROM range(8000000)", ""))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if n, err := io.Copy(io.Discard, r.Body); err == nil || n == 0 || r.StatusCode != 200 {
		t.Errorf("an answer that failed half-way: %d, %d bytes, %v", r.StatusCode, n, err)
	}
	_, body := p.ask(t, "GET", "/metrics", "")
	for _, want := range []string{
		`govdata_queries_total{outcome="ok"} 1`, `govdata_queries_total{outcome="invalid"} 2`, `govdata_query_workers{state="limit"} 2`,
		`govdata_query_workers{state="waiting"} 0`, `govdata_query_events_total{event="started"}`, `govdata_http_requests_total{area="sql",method="GET",status="400"} 1`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s", want)
		}
	}
}

func TestTheCatalogIsSortedAsAsked(t *testing.T) {
	p := newPortal(t)
	publish(t, p.catalog, "more", catalog.Openness{Attribute: catalog.OpenUnconditional}, 101)
	for sort, want := range map[string]string{"rows": "more things secrets", "newest": "more secrets things", "theme": "more secrets things", "": "more secrets things"} {
		_, body := p.ask(t, "GET", "/api/v1/datasets?sort="+sort, "")
		var answer struct{ Datasets []struct{ ID string } }
		if err := json.Unmarshal([]byte(body), &answer); err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, d := range answer.Datasets {
			ids = append(ids, d.ID)
		}
		if got := strings.Join(ids, " "); got != want {
			t.Errorf("sort %q: %s, want %s", sort, got, want)
		}
	}
	if _, body := p.ask(t, "GET", "/api/v1/datasets/things", ""); strings.Contains(strings.Replace(body, `"bytes":null`, "", 1), ":null") {
		t.Errorf("an empty list is null: %s", body)
	}
	first, body := "", ""
	for range 2 {
		_, body = p.ask(t, "GET", "/api/v1/datasets?limit=2"+first, "")
		first = "&cursor=2"
	}
	if !strings.Contains(body, `"next_cursor":null`) || strings.Count(body, `"release":`) != 1 {
		t.Errorf("the last page: %s", body)
	}
}

// broken is an engine that panics.
type broken struct{}

func (broken) Query(context.Context, query.Request) (query.Result, error) { panic("at the engine") }

func TestAPanicIsAnErrorWithoutInternals(t *testing.T) {
	address := serveFile(t, 1, Options{Engine: broken{}})
	r, err := http.Get("http://" + address + "/api/v1/sql?q=SELECT+1")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, _ := io.ReadAll(r.Body)
	if r.StatusCode != 500 || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/problem+json") || bytes.Contains(body, []byte("engine")) {
		t.Errorf("%d %s", r.StatusCode, body)
	}
}

// A shutdown waits no longer than it should, and frees what still runs.
func TestAShutdownCutsOffWhatDoesNotEnd(t *testing.T) {
	cat, err := catalog.Open(t.TempDir(), catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	engine := stuck{freed: make(chan struct{})}
	s, err := New(Options{Catalog: cat, Engine: engine, Site: &catalog.Site{Timezone: "UTC"}, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Drain: 300 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l) }()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, "GET /api/v1/sql?q=SELECT+1 HTTP/1.1\r\nHost: x\r\n\r\n")
	time.Sleep(200 * time.Millisecond)
	stop()
	for what, wait := range map[string]func() bool{
		"the query": func() bool { <-engine.freed; return true },
		"Serve":     func() bool { return <-done != nil },
	} {
		ended := make(chan bool, 1)
		go func() { ended <- wait() }()
		select {
		case good := <-ended:
			if !good {
				t.Errorf("%s says that nothing was cut off", what)
			}
		case <-time.After(5 * time.Second):
			t.Errorf("%s goes on", what)
		}
	}
	if n, err := c.Read(make([]byte, 1)); err == nil {
		t.Errorf("%d bytes of an answer", n)
	}
}

func FuzzParameters(f *testing.F) {
	for _, s := range []string{"a,b desc,-c", "'a,b',round(a, 2) AS x", "eyJyIjoieCIsInAiOiIiLCJhIjpbMV19", `(["{`, "a desc desc"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, item := range split(s) {
			if item == "" || strings.TrimSpace(item) != item {
				t.Errorf("%q has the item %q", s, item)
			}
		}
		order, err := orderOf(s)
		for _, o := range order {
			if o.Field == "" && err == nil {
				t.Errorf("%q orders by nothing", s)
			}
		}
		if at, err := parseCursor(s); err == nil && (at.Release == "" || len(at.After) == 0) {
			t.Errorf("%q is taken for a cursor", s)
		}
		var r query.Request
		for _, kind := range []string{"application/json", "application/x-www-form-urlencoded", "application/sql"} {
			readBody(kind, []byte(s), &r, url.Values{})
		}
		name := disposition(&catalog.Dataset{ID: "things", Title: catalog.Text{Zh: s}}, "r.csv", "zh")
		if strings.ContainsAny(name, "\r\n") || strings.Count(name, `"`) != 2 {
			t.Errorf("%q gives the header %q", s, name)
		}
	})
}
