package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

const joinSQL = `SELECT d.name, count(*) AS n FROM %s p JOIN regions d ON p.region_code = d.code GROUP BY 1 ORDER BY 2 DESC, 1`

// A join works over HTTP in every format, for the current release and for a
// pinned one.
func TestAJoinOverHTTP(t *testing.T) {
	s := demo(t)
	body, _ := s.get(t, 200, "/api/v1/datasets/admin_penalties/releases")
	var releases struct {
		Releases []struct{ Release struct{ Release string } }
	}
	if err := json.Unmarshal(body, &releases); err != nil || len(releases.Releases) != 2 {
		t.Fatalf("%v: %s", err, body)
	}
	counts := map[string]string{}
	for _, name := range []string{"admin_penalties", `"admin_penalties@` + releases.Releases[1].Release.Release + `"`} {
		q := strings.Replace(joinSQL, "%s", name, 1)
		body, _ := s.get(t, 200, "/api/v1/sql", "q", q, "shape", "arrays")
		var answer struct {
			Rows      [][]any
			Returned  int
			Truncated bool
			Release   map[string]string
		}
		d := json.NewDecoder(bytes.NewReader(body))
		d.UseNumber()
		if err := d.Decode(&answer); err != nil {
			t.Fatal(err)
		}
		if answer.Returned < 20 || answer.Truncated || len(answer.Release) != 2 {
			t.Errorf("%s: %s", name, body)
		}
		var want table
		for _, row := range answer.Rows {
			want = append(want, []string{row[0].(string), row[1].(json.Number).String()})
		}
		csv, h := s.get(t, 200, "/api/v1/sql.csv", "q", q)
		same(t, "csv", readCSV(t, csv), want)
		if h.Get("X-Truncated") != "false" {
			t.Errorf("X-Truncated is %q", h.Get("X-Truncated"))
		}
		parquet, _ := s.get(t, 200, "/api/v1/sql.parquet", "q", q)
		same(t, "parquet", readParquet(t, parquet), want)
		counts[name] = string(csv)
	}
	if len(counts) != 2 {
		t.Fatal(counts)
	}
	seen := ""
	for _, c := range counts {
		if c == seen {
			t.Error("the pinned release gives what the current one gives")
		}
		seen = c
	}
}

// A release that another process publishes appears without a restart, and the
// old one stays where it was pinned.
func TestANewReleaseAppearsWithoutARestart(t *testing.T) {
	data := t.TempDir()
	head := "区划代码,名称,简称,级别\n620100,兰州市,兰州,市\n"
	must(t, exitDone, "ingest", "regions", write(t, "a.csv", []byte(head)), "--data", data)
	s, err := start(data)
	if err != nil {
		t.Fatal(err)
	}
	defer s.stop()
	old, h := s.get(t, 200, "/d/regions.csv")
	pinned := "/d/regions@" + h.Get("X-Release") + ".csv"
	must(t, exitDone, "ingest", "regions", write(t, "b.csv", []byte(head+"620200,嘉峪关市,嘉峪关,市\n")), "--data", data)
	if now, _ := s.get(t, 200, "/d/regions.csv"); bytes.Equal(now, old) || !strings.Contains(string(now), "嘉峪关") {
		t.Errorf("the new release is not served: %s", now)
	}
	if then, h := s.get(t, 200, pinned); !bytes.Equal(then, old) || !strings.Contains(h.Get("Cache-Control"), "immutable") {
		t.Errorf("the pinned release changed: %s", then)
	}
	if n, _ := s.get(t, 200, "/api/v1/sql.csv", "q", "SELECT count(*) AS n FROM regions"); string(n) != "n\n2\n" {
		t.Errorf("SQL found %q", n)
	}
}

// Nothing private is reachable: no unmasked value, no rejected row, no path.
func TestNothingPrivateIsServed(t *testing.T) {
	s := demo(t)
	for _, id := range []string{"admin_penalties", "admin_permits"} {
		for _, ext := range []string{"csv", "jsonl"} {
			body, _ := s.get(t, 200, "/d/"+id+"."+ext)
			for _, secret := range []string{"629999", "13800138000", "representative_id"} {
				if bytes.Contains(body, []byte(secret)) {
					t.Errorf("%s.%s holds %q", id, ext, secret)
				}
			}
		}
	}
	for _, path := range []string{"/d/..%2f..%2fprivate%2farchive", "/d/regions@../../private.csv", "/private/records", "/assets/../../etc/passwd", "/d/pointer.json", "/d/data.duckdb"} {
		r, err := http.Get(s.url + path)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(r.Body)
		r.Body.Close()
		if r.StatusCode < 400 || bytes.Contains(body, []byte(s.data)) {
			t.Errorf("%s: status %d, %.300s", path, r.StatusCode, body)
		}
	}
}

func TestThePagesAnswerInBothLanguages(t *testing.T) {
	s := demo(t)
	for path, want := range map[string][2]string{
		"/":                         {"数据集", "Datasets"},
		"/datasets":                 {"行政处罚", "Administrative penalties"},
		"/datasets?q=fee":           {"收费", "fees"},
		"/datasets/admin_penalties": {"示例数据", "Synthetic"},
		"/sql":                      {"示例", "Examples"},
		"/sql?q=SELECT+1+AS+one":    {"结果", "Result"},
		"/about":                    {"许可", "Licence"},
	} {
		for i, lang := range []string{"zh", "en"} {
			join := "?"
			if strings.Contains(path, "?") {
				join = "&"
			}
			body, h := s.get(t, 200, path+join+"lang="+lang)
			if !strings.Contains(string(body), want[i]) || !strings.Contains(h.Get("Content-Security-Policy"), "default-src 'none'") || h.Get("Content-Language") != lang {
				t.Errorf("%s in %s: no %q, or not its headers %v", path, lang, want[i], h)
			}
			if len(body) > 100<<10 {
				t.Errorf("%s is %d bytes", path, len(body))
			}
			if n := strings.Count(string(body), "<h1"); n != 1 {
				t.Errorf("%s has %d headings of the first level", path, n)
			}
		}
	}
	if body, _ := s.get(t, 400, "/sql", "q", "SELECT nope FROM regions", "lang", "en"); !strings.Contains(string(body), "nope") {
		t.Error("the page does not say what is wrong with the query")
	}
}

// A server told to stop finishes the download that it is in the middle of.
func TestShutdownFinishesADownload(t *testing.T) {
	dir := t.TempDir()
	file, data := filepath.Join(dir, "p.csv"), filepath.Join(dir, "data")
	must(t, exitDone, "generate", "admin_permits", "--rows", "60000", "-o", file)
	must(t, exitDone, "ingest", "admin_permits", file, "--data", data)
	s, err := start(data)
	if err != nil {
		t.Fatal(err)
	}
	r, err := (&http.Client{Transport: plain}).Get(s.url + "/d/admin_permits.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	stopped := make(chan struct{})
	go func() { s.stop(); close(stopped) }()
	time.Sleep(300 * time.Millisecond)
	n, err := io.Copy(io.Discard, r.Body)
	if err != nil || n != r.ContentLength {
		t.Errorf("%d of %d bytes, %v", n, r.ContentLength, err)
	}
	select {
	case <-stopped:
	case <-time.After(20 * time.Second):
		t.Error("the server did not stop")
	}
}

func TestExportWritesWhatTheServerServes(t *testing.T) {
	s := demo(t)
	for _, ext := range []string{"csv", "csv.gz", "xlsx", "parquet", "jsonl", "arrow"} {
		out := filepath.Join(t.TempDir(), "out")
		must(t, exitDone, "export", "regions", "--format", ext, "-o", out, "--data", s.data)
		got, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		want, _ := s.get(t, 200, "/d/regions."+ext)
		if ext == "arrow" { // made anew each time, in batches of its own
			same(t, ext, readArrow(t, got), readArrow(t, want))
		} else if !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes, want the %d that are served", ext, len(got), len(want))
		}
	}
}

// A download whose worker dies half-way breaks off; it never looks complete.
func TestADyingWorkerBreaksTheConnection(t *testing.T) {
	data := t.TempDir()
	must(t, exitDone, "ingest", "regions", write(t, "a.csv", []byte("区划代码,名称,简称,级别\n620100,兰州市,兰州,市\n")), "--data", data)
	s, err := start(data)
	if err != nil {
		t.Fatal(err)
	}
	defer s.stop()
	r, err := http.Get(s.url + "/api/v1/sql.csv?q=SELECT+range,+hash(range)+FROM+range(400000000)")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if _, err := io.CopyN(io.Discard, r.Body, 1<<20); err != nil {
		t.Fatal(err)
	}
	workers := children(t, s.pid)
	if len(workers) == 0 {
		t.Skip("SKIPPED: this system does not list the children of a process")
	}
	for _, pid := range workers {
		syscall.Kill(pid, syscall.SIGKILL) // children of the server that this test started
	}
	n, err := io.Copy(io.Discard, r.Body)
	if err == nil {
		t.Errorf("after %d bytes the answer looks complete", n)
	}
	if n, _ := s.get(t, 200, "/api/v1/sql.csv", "q", "SELECT count(*) AS n FROM regions"); string(n) != "n\n1\n" {
		t.Errorf("the next query finds %q", n)
	}
}

// children lists the processes that a process started.
func children(t *testing.T, pid int) (pids []int) {
	t.Helper()
	tasks, _ := filepath.Glob(filepath.Join("/proc", strconv.Itoa(pid), "task", "*", "children"))
	for _, task := range tasks {
		text, _ := os.ReadFile(task)
		for _, f := range strings.Fields(string(text)) {
			if n, err := strconv.Atoi(f); err == nil {
				pids = append(pids, n)
			}
		}
	}
	return pids
}
