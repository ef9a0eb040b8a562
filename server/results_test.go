package server

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"govdata/catalog"
)

// asked is what an answer says beside its rows.
type asked struct {
	status int
	header http.Header
	body   string
	JSON   struct {
		Rows      []map[string]any `json:"rows"`
		Permalink string           `json:"permalink"`
		Citation  *citation        `json:"citation"`
	}
}

func askFor(t *testing.T, address string, header ...string) asked {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := asked{status: answer.StatusCode, header: answer.Header, body: string(body)}
	if strings.HasPrefix(answer.Header.Get("Content-Type"), "application/json") {
		if err := json.Unmarshal(body, &a.JSON); err != nil {
			t.Fatal(err)
		}
	}
	return a
}

func TestAnAnswerIsKeptUntilTheNextRelease(t *testing.T) {
	p := newPortal(t)
	for _, path := range []string{
		"/api/v1/sql?q=" + url.QueryEscape("SELECT count(*) AS n, sum(id) AS s FROM things"),
		"/api/v1/sql.csv?q=" + url.QueryEscape("SELECT count(*) AS n FROM things WHERE id > ?") + "&p1=7",
		"/api/v1/datasets/things/rows?where=id%3E5&limit=3",
		"/d/things.csv?where=id%3E5",
	} {
		first, second := askFor(t, p.url+path), askFor(t, p.url+path)
		if first.status != 200 || first.header.Get("X-Cache") != "" || second.header.Get("X-Cache") != "HIT" || second.body != first.body {
			t.Errorf("%s: %d %q, then %q; bodies equal: %v", path, first.status, first.header.Get("X-Cache"), second.header.Get("X-Cache"), first.body == second.body)
		}
		for _, name := range resultHeaders {
			if first.header.Get(name) != second.header.Get(name) {
				t.Errorf("%s: %s was %q, is %q", path, name, first.header.Get(name), second.header.Get(name))
			}
		}
		if again := askFor(t, p.url+path, "If-None-Match", first.header.Get("ETag")); again.status != http.StatusNotModified || again.body != "" {
			t.Errorf("%s: %d with its ETag", path, again.status)
		}
		if other := askFor(t, p.url+path, "Accept-Language", "en"); other.header.Get("X-Cache") != "" {
			t.Errorf("%s: an answer in another language came from the kept ones", path)
		}
		publish(t, p.catalog, "things", catalog.Openness{Attribute: catalog.OpenUnconditional}, 120+len(path))
		if third := askFor(t, p.url+path, "If-None-Match", first.header.Get("ETag")); third.status != 200 || third.header.Get("X-Cache") != "" {
			t.Errorf("%s: after a release %d, X-Cache %q", path, third.status, third.header.Get("X-Cache"))
		}
	}
}

func TestWhatChangesByItselfIsNotKept(t *testing.T) {
	p := newPortal(t)
	for _, sql := range []string{"SELECT now() AS n", "SELECT random() AS n", "SELECT count(*) FROM catalog.datasets", "SELECT id FROM things USING SAMPLE 3"} {
		address := p.url + "/api/v1/sql?q=" + url.QueryEscape(sql)
		first, second := askFor(t, address), askFor(t, address)
		if first.status != 200 || second.header.Get("X-Cache") != "" || first.header.Get("ETag") != "" || first.JSON.Permalink != "" {
			t.Errorf("%s: %d, X-Cache %q, ETag %q, permalink %q", sql, first.status, second.header.Get("X-Cache"), first.header.Get("ETag"), first.JSON.Permalink)
		}
	}
}

func TestAPermalinkNeverChanges(t *testing.T) {
	p := newPortal(t)
	q := "SELECT count(*) AS n, max(things.id) AS m FROM things WHERE id > ?"
	first := askFor(t, p.url+"/api/v1/sql?cite=1&p1=10&q="+url.QueryEscape(q))
	link, release := first.JSON.Permalink, string(p.things.Release)
	if !strings.Contains(link, url.QueryEscape(`FROM "things@`+release+`" AS things`)) || !strings.Contains(link, "p1=10") {
		t.Fatalf("the permalink is %q", link)
	}
	if first.header.Get("Cache-Control") != revalidate || !strings.Contains(first.header.Get("Link"), link) {
		t.Errorf("%v", first.header)
	}
	m := first.JSON.Citation
	if m == nil || len(m.Datasets) != 1 || string(m.Datasets[0].Release) != release || m.Datasets[0].SHA256 != p.things.Content || m.Permalink != link ||
		!strings.Contains(m.Text, release) || !strings.Contains(m.Text, p.things.Content) {
		t.Errorf("the citation is %+v", m)
	}
	publish(t, p.catalog, "things", catalog.Openness{Attribute: catalog.OpenUnconditional}, 500)
	pinned := askFor(t, link)
	if pinned.status != 200 || pinned.header.Get("Cache-Control") != immutable || pinned.JSON.Permalink != link || pinned.JSON.Rows[0]["n"] != first.JSON.Rows[0]["n"] {
		t.Errorf("%d %v %s, was %s", pinned.status, pinned.header, pinned.body, first.body)
	}
	if now := askFor(t, p.url+"/api/v1/sql?p1=10&q="+url.QueryEscape(q)); now.JSON.Rows[0]["n"] == first.JSON.Rows[0]["n"] {
		t.Error("a new release changed nothing")
	}
}

func TestKeptAnswersOpenNothing(t *testing.T) {
	p := newPortal(t)
	secret, _, err := p.keys.Create(t.Context(), "a researcher", []catalog.ID{"secrets"}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	address := p.url + "/api/v1/sql?q=" + url.QueryEscape("SELECT * FROM secrets")
	for range 2 {
		got := askFor(t, address, "X-API-Key", secret)
		if got.status != 200 || got.header.Get("X-Cache") != "" || got.header.Get("ETag") != "" || !strings.Contains(got.header.Get("Cache-Control"), "no-store") || got.JSON.Permalink != "" {
			t.Errorf("%d %v", got.status, got.header)
		}
	}
	if got := askFor(t, address); got.status != http.StatusForbidden {
		t.Errorf("%d without the key", got.status)
	}
}

func TestAnEstimateIsAnAnswer(t *testing.T) {
	p := newPortal(t)
	got := askFor(t, p.url+"/api/v1/sql?estimate=1&q="+url.QueryEscape("SELECT * FROM things"))
	if got.status != 200 || len(got.JSON.Rows) != 1 || got.JSON.Rows[0]["rows"] != 100.0 || got.JSON.Rows[0]["cost"] != "light" {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := askFor(t, p.url+"/api/v1/sql?estimate=2&q=SELECT+1"); got.status != 400 {
		t.Errorf("estimate=2: %d", got.status)
	}
	if got := askFor(t, p.url+"/api/v1/sql.csv?cite=1&q=SELECT+1"); got.status != 400 {
		t.Errorf("a citation in CSV: %d", got.status)
	}
}
