package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// counting stands before a site and counts the bytes of its answers: of those to
// requests for ranges, and of other GETs.
func counting(t *testing.T, s site) string {
	t.Helper()
	target, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	var ranges, wholes, requests atomic.Int64
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ModifyResponse: func(r *http.Response) error {
			requests.Add(1)
			if r.Request.Method == http.MethodGet {
				count := &wholes
				if r.StatusCode == http.StatusPartialContent {
					count = &ranges
				}
				r.Body = &tally{r.Body, count}
			}
			return nil
		},
	}
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/-/count" {
			fmt.Fprintf(w, `{"ranges":%d,"wholes":%d,"requests":%d}`, ranges.Load(), wholes.Load(), requests.Load())
			return
		}
		defer func() { recover() }() // a client that wants no more is no error here
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(h.Close)
	return h.URL
}

type tally struct {
	io.ReadCloser
	n *atomic.Int64
}

func (c *tally) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// pandas, pyarrow and DuckDB read the files by nothing but their addresses, and
// of a large Parquet file only the part that a question needs.
func TestClientRemoteAnalytics(t *testing.T) {
	s := demo(t)
	dir := t.TempDir()
	file, data := filepath.Join(dir, "large.csv"), filepath.Join(dir, "data")
	must(t, exitDone, "generate", "admin_penalties", "--rows", "300000", "-o", file)
	must(t, exitDone, "ingest", "admin_penalties", file, "--data", data)
	large, err := start(data)
	if err != nil {
		t.Fatal(err)
	}
	defer large.stop()
	out, err := python(t, "remote.py", s.url, counting(t, large))
	t.Log(out)
	var checked int
	lines := strings.Split(strings.TrimSpace(out), "\n") // the figures come first
	_, scanErr := fmt.Sscanf(lines[len(lines)-1], "ok %d", &checked)
	if err != nil || scanErr != nil || checked != 6*12+11 {
		t.Errorf("%d checks: %v %v", checked, err, scanErr)
	}
}

// node runs a script with the packages of .ci/node.txt.
func node(t *testing.T, dir string, args ...string) (string, error) {
	t.Helper()
	modules := os.Getenv("GOVDATA_TEST_NODE_MODULES")
	optional(t, "GOVDATA_TEST_NODE_MODULES, a folder with what .ci/node.txt lists,", modules != "")
	tool(t, "node")
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, "node", args...)
	c.Dir = dir
	c.Env = append(os.Environ(), "NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1")
	out, err := c.CombinedOutput()
	return string(out), err
}

// runR runs a script with the packages of the system.
func runR(t *testing.T, dir, code string) (string, error) {
	t.Helper()
	tool(t, "Rscript")
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, "Rscript", "--vanilla", write(t, "script.R", []byte(code)))
	c.Dir = dir
	c.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1")
	var said, faults strings.Builder
	c.Stdout, c.Stderr = &said, &faults
	err := c.Run()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, &faults)
	}
	return said.String(), err
}

// JavaScript reads the Arrow streams.
func TestClientArrowJS(t *testing.T) {
	s := demo(t)
	out, err := node(t, "", "testdata/remote.mjs", s.url, os.Getenv("GOVDATA_TEST_NODE_MODULES"))
	var checked int
	if _, scanErr := fmt.Sscanf(out, "ok %d", &checked); err != nil || scanErr != nil || checked != 5*4 {
		t.Errorf("%d checks: %v %v\n%s", checked, err, scanErr, out)
	}
}

// What server/README.md says of other programs holds: its blocks run and print what
// is in the files, and its addresses answer.
func TestClientSnippetsOfTheReadme(t *testing.T) {
	s := demo(t)
	page, err := os.ReadFile("../../server/README.md")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(page), "http://localhost:8080", s.url)
	body, _ := s.get(t, 200, "/d/budgets.csv")
	budgets := readCSV(t, body)
	n, province, years, in2024 := len(budgets), 0, map[string]bool{}, 0
	for _, row := range budgets {
		years[row[0]] = true
		if row[1] == "620000" {
			province++
		}
		if row[0] == "2024" {
			in2024++
		}
	}
	sum, _ := s.get(t, 200, "/api/v1/sql.csv", "q", "SELECT sum(executed) FROM budgets")
	_, executed, _ := strings.Cut(strings.TrimSpace(string(sum)), "\n")
	want := map[string]string{
		"curl":       fmt.Sprint(n),
		"pandas":     fmt.Sprintf("%d %d %d %d", n, n, n, len(years)),
		"pyarrow":    fmt.Sprintf("%d %d", n, province),
		"duckdb":     fmt.Sprintf("[(%d, Decimal('%s'))]", n, executed),
		"javascript": fmt.Sprintf("%d 3 %d true", n, in2024),
		"r":          fmt.Sprintf("%d %d %d %d", n, n, province, in2024),
	}
	blocks := regexp.MustCompile("(?s)<!-- run: (\\w+) -->\n```(\\w+)\n(.*?)```").FindAllStringSubmatch(text, -1)
	if len(blocks) != len(want) {
		t.Errorf("%d blocks are marked to run, want %d", len(blocks), len(want))
	}
	for _, block := range blocks {
		name, language, code := block[1], block[2], block[3]
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			var out string
			var err error
			switch language {
			case "sh":
				tool(t, "curl")
				out = shell(t, s, dir, code)
			case "python":
				folder, absErr := filepath.Abs("testdata")
				script, relErr := filepath.Rel(folder, write(t, "block.py", []byte(code)))
				if absErr != nil || relErr != nil {
					t.Fatal(absErr, relErr)
				}
				out, err = python(t, script)
			case "js":
				module := "import { createRequire } from \"node:module\";\nconst require = createRequire(process.env.GOVDATA_TEST_NODE_MODULES + \"/\");\n" + code
				out, err = node(t, dir, write(t, "block.mjs", []byte(module)))
			case "r":
				out, err = runR(t, dir, code)
			default:
				t.Fatalf("no way to run %s", language)
			}
			if out = strings.TrimSpace(out); err != nil || out != want[name] {
				t.Errorf("%v, found %q, want %q", err, out, want[name])
			}
			if name == "curl" {
				whole, err := os.ReadFile(filepath.Join(dir, "budgets.csv"))
				part, partErr := os.ReadFile(filepath.Join(dir, "province.csv"))
				if err != nil || partErr != nil || string(whole) != string(body) || len(readCSV(t, part)) != province {
					t.Errorf("other files: %v %v", err, partErr)
				}
			}
		})
	}
	// In quotes an address goes up to them, in a sentence up to what ends it.
	u := regexp.QuoteMeta(s.url)
	addresses := regexp.MustCompile(`"`+u+`[^"\s]*"|'`+u+`[^'\s]*'|`+u+`/[^\s"'>),;]*[^\s"'>),;.:]`).FindAllString(text, -1)
	if len(addresses) < 20 {
		t.Errorf("%d addresses", len(addresses))
	}
	for _, address := range addresses {
		path := strings.TrimPrefix(strings.Trim(address, `"'`), s.url)
		if path == "/api/v1/sql.csv" {
			continue // its query stands beside it
		}
		s.get(t, 200, path)
	}
}
