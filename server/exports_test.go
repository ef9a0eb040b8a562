package server

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"govdata/catalog"
	"govdata/server/exports"
	"govdata/server/keys"
	"govdata/server/query"
)

// exporting is a portal that runs exports.
type exporting struct {
	*portal
	server *Server
	store  *exports.Store
}

func newExporting(t *testing.T, limits query.Limits) *exporting {
	t.Helper()
	cat, err := catalog.Open(t.TempDir(), catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	e := &exporting{portal: &portal{catalog: cat, things: publish(t, cat, "things", catalog.Openness{Attribute: catalog.OpenUnconditional}, 100)}}
	e.secrets = publish(t, cat, "secrets", catalog.Openness{Attribute: catalog.OpenConditional}, 3)
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	pool, err := query.NewPool(query.PoolOptions{Workers: 1, PublicDir: cat.PublicDir(), RestrictedDir: cat.RestrictedDir(), Limits: limits, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	if e.keys, err = keys.Open(filepath.Join(t.TempDir(), "keys.sqlite")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.keys.Close() })
	if e.store, err = exports.Open(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.store.Close() })
	e.server, err = New(Options{Catalog: cat, Keys: e.keys, Engine: pool, Exports: e.store, Limits: limits, Site: &catalog.Site{Timezone: "UTC"}, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	h := httptest.NewServer(e.server.Handler())
	t.Cleanup(h.Close)
	e.url = h.URL
	return e
}

// run runs exports until the test ends, or until stop.
func (e *exporting) run(t *testing.T) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); e.server.runExports(ctx) }()
	stop = func() { cancel(); <-ended }
	t.Cleanup(stop)
	return stop
}

type exportJob struct {
	ID, Status, Format, URL, Self, Q, SHA256 string
	Rows, Bytes                              int64
	Truncated                                bool
	Estimate                                 struct{ Rows, Bytes int64 }
	Error                                    *struct {
		Status int
		Detail string
	}
}

func (e *exporting) do(t *testing.T, method, address, key string, form url.Values, want int) (body []byte, h http.Header) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if key != "" {
		r.Header.Set("X-API-Key", key)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err = io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != want {
		t.Fatalf("%s %s: %d, want %d, %v\n%s", method, address, answer.StatusCode, want, err, body)
	}
	return body, answer.Header
}

func (e *exporting) ask(t *testing.T, key string, form url.Values) (j exportJob) {
	t.Helper()
	body, h := e.do(t, http.MethodPost, e.url+"/api/v1/exports", key, form, http.StatusAccepted)
	if err := json.Unmarshal(body, &j); err != nil || j.Status != "queued" || h.Get("Location") != "/api/v1/exports/"+j.ID || h.Get("Retry-After") == "" {
		t.Fatalf("%v %s %v", err, body, h)
	}
	return j
}

// ended waits for the end of a job.
func (e *exporting) ended(t *testing.T, j exportJob, key string) exportJob {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		body, _ := e.do(t, http.MethodGet, j.Self, key, nil, http.StatusOK)
		if err := json.Unmarshal(body, &j); err != nil {
			t.Fatal(err)
		}
		if j.Status != "queued" && j.Status != "running" {
			return j
		}
	}
	t.Fatalf("the job did not end: %+v", j)
	return j
}

func TestAnExportIsAFileInTheEnd(t *testing.T) {
	e := newExporting(t, query.DefaultLimits)
	e.run(t)
	for _, format := range []string{"", "csv", "jsonl", "xlsx", "parquet", "arrow"} {
		form := url.Values{"q": {"SELECT id, name FROM things WHERE id > ? ORDER BY id"}, "p1": {"40"}}
		if format != "" {
			form.Set("format", format)
		}
		j := e.ask(t, "", form)
		if !strings.Contains(j.Q, `"things@`+string(e.things.Release)+`"`) || j.Estimate.Rows == 0 {
			t.Errorf("asked for %q, estimate %+v", j.Q, j.Estimate)
		}
		j = e.ended(t, j, "")
		if j.Status != "done" || j.Rows != 60 || j.Truncated || !strings.HasSuffix(j.URL, "/result."+j.Format) {
			t.Fatalf("%+v", j)
		}
		file, h := e.do(t, http.MethodGet, j.URL, "", nil, http.StatusOK)
		sum := sha256.Sum256(file)
		if int64(len(file)) != j.Bytes || hex.EncodeToString(sum[:]) != j.SHA256 || h.Get("ETag") != `"`+j.SHA256+`"` || h.Get("Accept-Ranges") != "bytes" {
			t.Errorf("%s: %d bytes, %v, %+v", format, len(file), h, j)
		}
		direct, _ := e.do(t, http.MethodGet, e.url+"/api/v1/sql."+j.Format+"?"+url.Values{"q": form["q"], "p1": form["p1"]}.Encode(), "", nil, http.StatusOK)
		if (j.Format == "csv" || j.Format == "jsonl") && !bytes.Equal(file, direct) {
			t.Errorf("%s: the export is\n%s\nand the answer\n%s", j.Format, file, direct)
		}
	}
	limited := e.ended(t, e.ask(t, "", url.Values{"q": {"SELECT * FROM things"}, "limit": {"7"}}), "")
	if limited.Rows != 7 || !limited.Truncated {
		t.Errorf("limit=7: %+v", limited)
	}
}

// What is wrong with a question is said at once, and what goes wrong later in
// the job.
func TestAnExportThatFailsSaysWhy(t *testing.T) {
	limits := query.DefaultLimits
	limits.Job = time.Second
	e := newExporting(t, limits)
	for _, form := range []url.Values{
		{"q": {"SELECT nope FROM things"}}, {"q": {"DROP TABLE things"}}, {}, {"q": {"SELECT 1"}, "format": {"json"}}, {"q": {"SELECT 1"}, "cite": {"1"}}, {"q": {"SELECT 1"}, "limit": {"0"}},
	} {
		e.do(t, http.MethodPost, e.url+"/api/v1/exports", "", form, http.StatusBadRequest)
	}
	e.do(t, http.MethodPost, e.url+"/api/v1/exports", "", url.Values{"q": {"SELECT * FROM nothing"}}, http.StatusNotFound)
	e.run(t)
	if j := e.ended(t, e.ask(t, "", url.Values{"q": {"SELECT CAST(name AS INTEGER) FROM things"}}), ""); j.Status != "failed" || j.Error == nil || j.Error.Status != 400 || j.URL != "" {
		t.Errorf("an error of the question: %+v %+v", j, j.Error)
	}
	if j := e.ended(t, e.ask(t, "", url.Values{"q": {"SELECT count(*) FROM range(100000000000) a"}}), ""); j.Status != "failed" || j.Error == nil || j.Error.Status != 504 {
		t.Errorf("too long: %+v %+v", j, j.Error)
	}
}

func TestAnExportIsForTheKeyThatAskedForIt(t *testing.T) {
	e := newExporting(t, query.DefaultLimits)
	e.run(t)
	secret, key, err := e.keys.Create(t.Context(), "A", []catalog.ID{"secrets"}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	other, _, err := e.keys.Create(t.Context(), "B", []catalog.ID{"secrets"}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	form := url.Values{"q": {"SELECT * FROM secrets"}}
	e.do(t, http.MethodPost, e.url+"/api/v1/exports", "", form, http.StatusForbidden)
	j := e.ended(t, e.ask(t, secret, form), secret)
	if file, h := e.do(t, http.MethodGet, j.URL, secret, nil, http.StatusOK); !strings.Contains(string(file), "thing 3") || h.Get("Cache-Control") != "private, no-store" {
		t.Errorf("%v\n%s", h, file)
	}
	for _, as := range []string{"", other} {
		e.do(t, http.MethodGet, j.URL, as, nil, http.StatusForbidden)
		e.do(t, http.MethodGet, j.Self, as, nil, http.StatusForbidden)
		e.do(t, http.MethodDelete, j.Self, as, nil, http.StatusForbidden)
	}
	if err := e.keys.Revoke(t.Context(), key.ID); err != nil {
		t.Fatal(err)
	}
	e.do(t, http.MethodGet, j.URL, secret, nil, http.StatusUnauthorized)
}

func TestACancelledExportFreesItsWorker(t *testing.T) {
	e := newExporting(t, query.DefaultLimits)
	e.run(t)
	j := e.ask(t, "", url.Values{"q": {"SELECT count(*) FROM range(100000000000) a"}})
	for end := time.Now().Add(10 * time.Second); e.server.exports.now(j.ID) == nil; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it does not run")
		}
	}
	began := time.Now()
	e.do(t, http.MethodDelete, j.Self, "", nil, http.StatusOK)
	next := e.ended(t, e.ask(t, "", url.Values{"q": {"SELECT 1 AS one"}}), "")
	if took := time.Since(began); next.Status != "done" || took > 5*time.Second {
		t.Errorf("the next one took %v: %+v", took, next)
	}
	if j = e.ended(t, j, ""); j.Status != "cancelled" {
		t.Errorf("%+v", j)
	}
	e.do(t, http.MethodGet, j.Self+"/result.csv", "", nil, http.StatusNotFound)
	// What is done can be thrown away.
	e.do(t, http.MethodDelete, next.Self, "", nil, http.StatusOK)
	e.do(t, http.MethodGet, next.URL, "", nil, http.StatusNotFound)
}

// A server that stops loses no job, and one user cannot fill the queue.
func TestExportsSurviveARestart(t *testing.T) {
	e := newExporting(t, query.DefaultLimits)
	stop := e.run(t)
	long := e.ask(t, "", url.Values{"q": {"SELECT count(*) FROM range(100000000000) a"}})
	short := e.ask(t, "", url.Values{"q": {"SELECT count(*) AS n FROM things"}})
	for e.server.exports.now(long.ID) == nil && t.Context().Err() == nil {
		time.Sleep(time.Millisecond)
	}
	stop()
	for _, j := range []exportJob{long, short} {
		if got, err := e.store.Get(t.Context(), j.ID); err != nil || got.Status != exports.Queued {
			t.Errorf("after the stop: %+v %v", got, err)
		}
	}
	e.ask(t, "", url.Values{"q": {"SELECT 1"}})
	e.ask(t, "", url.Values{"q": {"SELECT 2"}})
	e.do(t, http.MethodPost, e.url+"/api/v1/exports", "", url.Values{"q": {"SELECT 3"}}, http.StatusTooManyRequests)
	e.do(t, http.MethodDelete, long.Self, "", nil, http.StatusOK)
	e.run(t)
	if j := e.ended(t, short, ""); j.Status != "done" || j.Rows != 1 {
		t.Errorf("%+v", j)
	}
}

func TestTheListOfExportsIsForTheServerAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "private", "exports")
	for range 2 {
		store, err := exports.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		if err := store.Add(t.Context(), &exports.Job{Format: "csv", SQL: "SELECT 1", User: "x"}); err != nil {
			t.Fatal(err)
		}
		entries, err := os.ReadDir(dir)
		if err != nil || len(entries) == 0 {
			t.Fatal(len(entries), err)
		}
		for _, e := range entries {
			info, err := e.Info()
			if err != nil || info.Mode().Perm()&0o077 != 0 {
				t.Errorf("%s: %v, %v", e.Name(), info.Mode(), err)
			}
			if err := os.Chmod(filepath.Join(dir, e.Name()), 0o644); err != nil { // as an earlier version left it
				t.Fatal(err)
			}
		}
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
