package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"govdata/catalog"
	"govdata/datasets"
	"govdata/server"
	"govdata/server/query"
)

// mutation damages what stands at path; it may do nothing to what it does not fit.
type mutation struct {
	name string
	do   func(path string, old []byte) error
}

func replaced(name string, with func(old []byte) []byte) mutation {
	return mutation{name, func(path string, old []byte) error { return os.WriteFile(path, with(old), 0o644) }}
}

func always(text string) func([]byte) []byte { return func([]byte) []byte { return []byte(text) } }

// instead puts something else in the place of what is there.
func instead(name string, put func(path string) error) mutation {
	return mutation{name, func(path string, _ []byte) error {
		if err := os.RemoveAll(path); err != nil {
			return err
		}
		return put(path)
	}}
}

func flipped(at func(n int) int) func([]byte) []byte {
	return func(old []byte) []byte {
		b := bytes.Clone(old)
		if len(b) > 0 {
			b[at(len(b))] ^= 0x10
		}
		return b
	}
}

// mutations fit every file.
var mutations = []mutation{
	instead("deleted", func(string) error { return nil }),
	instead("a folder", func(path string) error { return os.Mkdir(path, 0o755) }),
	instead("a link to nowhere", func(path string) error { return os.Symlink("nowhere", path) }),
	instead("a link to itself", func(path string) error { return os.Symlink(path, path) }),
	instead("a pipe", func(path string) error { return syscall.Mkfifo(path, 0o644) }),
	instead("a link to a device", func(path string) error { return os.Symlink("/dev/zero", path) }),
	replaced("empty", always("")),
	replaced("cut in half", func(old []byte) []byte { return old[:len(old)/2] }),
	replaced("cut by a byte", func(old []byte) []byte { return old[:max(0, len(old)-1)] }),
	replaced("longer", func(old []byte) []byte { return append(bytes.Clone(old), 0) }),
	replaced("a bit of the first byte", flipped(func(int) int { return 0 })),
	replaced("a bit in the middle", flipped(func(n int) int { return n / 2 })),
	replaced("a bit of the last byte", flipped(func(n int) int { return n - 1 })),
	replaced("zeros", func(old []byte) []byte { return make([]byte, len(old)) }),
	replaced("junk", func(old []byte) []byte { return bytes.Repeat([]byte{0xff, 0x00, 0xd8, '\n'}, len(old)/4+1)[:len(old)] }),
}

// texts are JSON that is none of ours.
func texts() []mutation {
	var list []mutation
	for _, text := range []string{"null", "[]", "{}", `"x"`, "1", "1e999", "true", "[null]", `{"version":2}`, `{"current":null,"events":null}`, `{"current":5,"events":{}}`, `{"current":"../../private","events":[]}`,
		`{"current":"20261201-000000000000","events":[]}`, `{"current":"20261201-000000000000","events":[{"at":"2026-12-01T00:00:00Z","kind":"publish","release":"20261201-000000000000"}]}`,
		`{"current":"\u0000","events":[{"at":"9999-12-31T23:59:59Z","kind":"publish","release":"\u0000"}]}`, `{"version":2,"release":"\u0000","dataset":{"id":"\u0000"}}`,
		strings.Repeat("[", 100_000), strings.Repeat(`{"a":`, 100_000), `{"rows":` + strings.Repeat("9", 10_000) + `}`, `{"version":1e400}`, `{"version":-1}`, "\ufeff{}", "{} {}"} {
		list = append(list, replaced(fmt.Sprintf("%.40s", text), always(text)))
	}
	// One value of it becomes another.
	for _, to := range []any{nil, "", "x", -1, 1e300, []any{}, map[string]any{}, true, "../../private/signing-key.pem", "\x00", "9999999-99", 1, 3, 99} {
		for _, key := range []string{"version", "release", "current", "events", "rows", "dataset", "store", "artefacts", "published_at", "signed_by", "stats", "profile", "sources", "counts"} {
			list = append(list, mutation{fmt.Sprintf("%s is %#v", key, to), func(path string, old []byte) error {
				var v map[string]any
				if json.Unmarshal(old, &v) != nil || v[key] == nil {
					return errSame
				}
				v[key] = to
				b, err := json.Marshal(v)
				if err != nil {
					return err
				}
				return os.WriteFile(path, b, 0o644)
			}})
		}
	}
	return list
}

var errSame = fmt.Errorf("does not fit")

// damagedSite is a server in this process over a data directory whose dataset fees
// is damaged in turn.
type damagedSite struct {
	url, data, old, current string
	app                     *app
	pool                    *query.Pool
}

func newDamagedSite(t *testing.T) *damagedSite {
	t.Helper()
	s := &damagedSite{data: t.TempDir()}
	must(t, exitDone, "ingest", "regions", write(t, "a.csv", []byte("区划代码,名称,简称,级别\n620100,兰州市,兰州,市\n")), "--data", s.data)
	for _, id := range []string{"fees", "roads"} {
		for _, rows := range []string{"001,甲,1.5\n002,乙,2\n", "001,甲,1.5\n002,乙,2\n003,丙,3\n"} {
			must(t, exitDone, "add", write(t, "f.csv", []byte("代码,名称,金额\n"+rows)), "--id", id, "--title", "收费统计", "--data", s.data)
		}
	}
	s.app = &app{data: s.data, stdout: io.Discard, stderr: io.Discard, log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	cat, err := s.app.open()
	if err != nil {
		t.Fatal(err)
	}
	if s.pool, err = s.app.pool(cat, query.PoolOptions{Workers: 1}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.pool.Close() })
	all, err := cat.Releases("fees")
	if err != nil || len(all) != 2 {
		t.Fatal(len(all), err)
	}
	s.current, s.old = string(all[0].Release), string(all[1].Release)
	// The background check of this one is told of changes at once.
	live := s.server(t, cat)
	l := httptest.NewServer(live.Handler())
	t.Cleanup(l.Close)
	s.url = l.URL
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); cat.Watch(ctx, catalog.WatchOptions{Every: 20 * time.Millisecond}) }()
	t.Cleanup(func() { stop(); <-ended })
	return s
}

func (s *damagedSite) server(t *testing.T, cat *catalog.Catalog) *server.Server {
	t.Helper()
	place, err := datasets.LoadSite(datasets.Site)
	if err != nil {
		t.Fatal(err)
	}
	made, err := server.New(server.Options{Catalog: cat, Engine: s.pool, Site: place, Limits: s.pool.Limits(), Rate: server.Rate{Burst: 1}, Log: s.app.log})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func fetch(t *testing.T, url string) (int, []byte) {
	t.Helper()
	r, err := (&http.Client{Timeout: 20 * time.Second, Transport: plain}).Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatalf("%s: %v", url, err)
	}
	return r.StatusCode, body
}

// wholeCatalog are routes over the whole catalog; each has to name the other datasets.
var wholeCatalog = []string{"/", "/datasets", "/readyz", "/catalog.jsonld", "/catalog.ttl", "/feed.atom", "/sitemap.xml", "/api/v1/datasets", "/data.json", "/catalog.zh.json", "/d/catalog.json", "/d/files.txt", "/d/SHA256SUMS",
	"/api/3/action/package_list", "/api/3/action/package_search?rows=1000", "/govdata", "/govdata?list-type=2&delimiter=/", "/iceberg/v1/namespaces/govdata/tables", "/api/catalog/v1", "/metrics", "/about", "/developers", "/sql",
	"/api/v1/sql?q=SELECT+count(*)+FROM+roads", "/api/v1/sql?q=SELECT+id+FROM+catalog.datasets", "/api/v1/sql?q=SELECT+dataset+FROM+catalog.releases"}

// namesNobody are those of wholeCatalog that name no dataset.
var namesNobody = []string{"/readyz", "/metrics", "/about", "/", "/api/v1/sql?q=SELECT+count(*)+FROM+roads", "/developers", "/sql"}

// others checks that the rest of the site is whole.
func (s *damagedSite) others(t *testing.T, url, what string, all bool) {
	t.Helper()
	for _, path := range wholeCatalog {
		if !all && strings.Contains(path, "sql") {
			continue // a worker for each
		}
		status, body := fetch(t, url+path)
		if status != http.StatusOK {
			t.Errorf("%s: %s answers %d: %.300s", what, path, status, body)
			continue
		}
		if bytes.Contains(body, []byte(s.data)) {
			t.Errorf("%s: %s tells where the data lies: %.300s", what, path, body)
		}
		if !slices.Contains(namesNobody, path) {
			for _, id := range []string{"regions", "roads"} {
				if !bytes.Contains(body, []byte(id)) {
					t.Errorf("%s: %s does not name %s", what, path, id)
				}
			}
		}
	}
	for _, path := range []string{"/api/v1/datasets/roads", "/d/roads.csv", "/datasets/roads", "/api/v1/datasets/roads/rows", "/datasets/regions"} {
		if !all && !strings.HasSuffix(path, "s/roads") && !strings.HasSuffix(path, "csv") {
			break
		}
		if status, body := fetch(t, url+path); status != http.StatusOK {
			t.Errorf("%s: %s answers %d: %.300s", what, path, status, body)
		}
	}
}

// own are routes of the damaged dataset. They answer with what they answered
// before, or that it is not available.
func (s *damagedSite) own() []string {
	paths := []string{"/api/v1/datasets/fees", "/datasets/fees", "/api/v1/datasets/fees/rows", "/api/v1/datasets/fees/profile", "/api/v1/sql.csv?q=SELECT+*+FROM+fees", "/datasets/fees/feed.atom", "/datasets/fees/croissant.json",
		"/api/3/action/package_show?id=fees", "/api/v1/datasets/fees/releases", "/iceberg/v1/namespaces/govdata/tables/fees", "/api/v1/datasets/fees/diff.csv"}
	for _, pinned := range []string{"", "@" + s.current, "@" + s.old} {
		for _, ext := range []string{"csv", "csv.gz", "csv.zst", "xlsx", "parquet", "jsonl", "jsonl.gz", "arrow", "manifest.json", "manifest.sig"} {
			if pinned != "" || !strings.HasPrefix(ext, "manifest") {
				paths = append(paths, "/d/fees"+pinned+"."+ext)
			}
		}
	}
	return paths
}

// exact are those of own whose bytes never change.
func exact(path string) bool {
	return strings.HasPrefix(path, "/d/") && !strings.HasSuffix(path, ".arrow") || strings.Contains(path, "sql.csv")
}

type degradation struct {
	Degraded []struct{ ID, Release, File, Code string }
}

// whole are the datasets and releases that are set aside as a whole.
func (d degradation) whole() (ids []string) {
	for _, one := range d.Degraded {
		if one.File == "" {
			ids = append(ids, one.ID)
		}
	}
	return ids
}

// unavailable are the datasets of which the list says so, with a reason.
func (s *damagedSite) unavailable(t *testing.T, url string) (ids []string) {
	t.Helper()
	status, body := fetch(t, url+"/api/v1/datasets")
	var list struct {
		Unavailable []struct {
			ID     string
			Reason catalog.Text
		}
	}
	if err := json.Unmarshal(body, &list); err != nil || status != http.StatusOK {
		t.Fatalf("the list: %d, %v: %s", status, err, body)
	}
	for _, one := range list.Unavailable {
		if one.Reason.Zh == "" || one.Reason.En == "" {
			t.Errorf("%s is unavailable for no reason", one.ID)
		}
		ids = append(ids, one.ID)
	}
	return ids
}

func (s *damagedSite) degraded(t *testing.T, url string) degradation {
	t.Helper()
	status, body := fetch(t, url+"/readyz")
	var d degradation
	if err := json.Unmarshal(body, &d); err != nil || status != http.StatusOK {
		t.Fatalf("/readyz: %d, %v: %s", status, err, body)
	}
	return d
}

// call runs a verb in this process.
func (s *damagedSite) call(t *testing.T, args ...string) (out string, code int) {
	t.Helper()
	var b bytes.Buffer
	code = run(t.Context(), append(args, "--data", s.data), &b, &b)
	return b.String(), code
}

func TestOneDamagedDatasetTakesNoOtherDown(t *testing.T) {
	s := newDamagedSite(t)
	dir := filepath.Join(s.data, "public", "fees")
	if _, err := os.Stat(dir); err != nil {
		dir = filepath.Join(s.data, "restricted", "fees")
	}
	before := map[string][]byte{}
	for _, path := range s.own() {
		status, body := fetch(t, s.url+path)
		if status != http.StatusOK {
			t.Fatalf("%s answers %d: %s", path, status, body)
		}
		before[path] = body
	}
	s.others(t, s.url, "whole", true)

	var files []string
	filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			files = append(files, path)
		}
		return err
	})
	if len(files) < 20 {
		t.Fatalf("files: %v", files)
	}
	n, seen := 0, 0
	long := os.Getenv("GOVDATA_TEST_LONG") != ""
	began := time.Now()
	try := func(path string, m mutation) {
		// Of all of them one in six, another one each time that the list is longer.
		if seen++; !long && seen%11 != 0 {
			return
		}
		rel, _ := filepath.Rel(dir, path)
		what := rel + ": " + m.name
		kept := dir + ".kept"
		if err := os.CopyFS(kept, os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
		var old []byte
		if info, err := os.Lstat(path); err == nil && info.Mode().IsRegular() {
			old, _ = os.ReadFile(path)
		}
		err := m.do(path, old)
		if err == errSame {
			os.RemoveAll(kept)
			return
		} else if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		n++
		defer func() {
			if err := os.RemoveAll(dir); err == nil {
				err = os.Rename(kept, dir)
			}
			deadline := time.Now().Add(10 * time.Second)
			for len(s.degraded(t, s.url).Degraded) > 0 && time.Now().Before(deadline) {
				time.Sleep(10 * time.Millisecond)
			}
			if d := s.degraded(t, s.url).Degraded; len(d) > 0 {
				t.Fatalf("%s: mended, it is not back: %v", what, d)
			}
		}()
		gone := rel == "." && (m.name == "deleted" || m.name == "a folder") // nothing is left that tells of it
		// The server that was running finds it within its turn.
		deadline := time.Now().Add(5 * time.Second)
		for len(s.degraded(t, s.url).Degraded) == 0 && !gone && !strings.HasPrefix(rel, s.old) && time.Now().Before(deadline) {
			time.Sleep(10 * time.Millisecond)
		}
		if d := s.degraded(t, s.url).Degraded; len(d) == 0 && !gone && !strings.HasPrefix(rel, s.old) {
			t.Errorf("%s: /readyz names nothing", what)
		} else if slices.ContainsFunc(d, func(one struct{ ID, Release, File, Code string }) bool { return one.ID != "fees" || one.Code == "" }) {
			t.Errorf("%s: /readyz names others: %v", what, d)
		}
		cold, err := s.app.open()
		if err != nil {
			t.Fatal(err)
		}
		restarted := httptest.NewServer(s.server(t, cold).Handler())
		defer restarted.Close()
		for name, url := range map[string]string{"live": s.url, "restarted": restarted.URL} {
			all := n%12 == 5 // now and then
			if name == "restarted" && n%4 != 1 && !all {
				continue
			}
			s.others(t, url, what+" ("+name+")", all)
			if got, want := s.unavailable(t, url), s.degraded(t, url).whole(); !slices.Equal(got, want) {
				t.Errorf("%s (%s): the list says that %v are unavailable, want %v", what, name, got, want)
			}
			paths := s.own()
			if !all {
				paths = slices.DeleteFunc(paths, func(p string) bool {
					return !strings.HasSuffix(p, ".csv") && !strings.Contains(p, "manifest.json") && !strings.HasSuffix(p, "fees") || strings.Contains(p, "diff")
				})
			}
			for _, p := range paths {
				status, body := fetch(t, url+p)
				switch {
				case status == http.StatusServiceUnavailable || gone && status == http.StatusNotFound:
				case status != http.StatusOK:
					t.Errorf("%s (%s): %s answers %d: %.300s", what, name, p, status, body)
				case exact(p) && name == "live" && !bytes.Equal(body, before[p]):
					t.Errorf("%s (%s): %s answers with other bytes", what, name, p)
				}
				if bytes.Contains(body, []byte(s.data)) {
					t.Errorf("%s (%s): %s tells where the data lies: %.300s", what, name, p, body)
				}
			}
		}
		if n%6 == 0 {
			for _, verb := range [][]string{{"list"}, {"refresh"}, {"gc", "--dry-run"}, {"verify"}} {
				out, code := s.call(t, verb...)
				want := exitDone
				if verb[0] == "verify" && !gone {
					want = exitFailed
				}
				if code != want {
					t.Errorf("%s: %s ends with %d, want %d:\n%s", what, verb[0], code, want, out)
				}
				if verb[0] == "list" && (!strings.Contains(out, "roads") || !strings.Contains(out, "regions")) {
					t.Errorf("%s: the list is short:\n%s", what, out)
				}
				if verb[0] == "verify" && !gone && (!strings.Contains(out, "fees") || strings.Contains(out, "roads@") || !strings.Contains(out, "mismatches")) {
					t.Errorf("%s: verify:\n%s", what, out)
				}
			}
		}
		if n%60 == 1 {
			sent := write(t, "b.csv", []byte(fmt.Sprintf("区划代码,名称,简称,级别\n620100,兰州市,兰州,市\n620200,嘉峪关市%d,嘉峪关,市\n", n)))
			if out, code := s.call(t, "ingest", "regions", sent, "--accept-change", "rows"); code != exitDone {
				t.Errorf("%s: ingest of another dataset ends with %d:\n%s", what, code, out)
			}
		}
	}
	for _, path := range files {
		list := mutations
		if name := filepath.Base(path); name == "pointer.json" || name == "manifest.json" && strings.Contains(path, s.current) {
			list = append(slices.Clone(list), texts()...)
		}
		for i, m := range list {
			// Of the many files of a release each kind of damage is tried on some.
			if name := filepath.Base(path); i > 0 && i%3 != len(path)%3 && name != "pointer.json" && name != "manifest.json" && name != "manifest.sig" && name != "data.duckdb" {
				continue
			}
			try(path, m)
		}
	}
	for _, path := range []string{dir, filepath.Join(dir, s.current)} {
		for _, m := range mutations[:6] {
			try(path, m)
		}
	}
	t.Logf("%d mutations in %v", n, time.Since(began).Round(time.Second))
}
