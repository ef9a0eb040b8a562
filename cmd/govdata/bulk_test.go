package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// shell runs a script in a folder of its own, with H as the address of the site.
func shell(t *testing.T, s site, dir, script string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, "sh", "-ec", script)
	c.Dir = dir
	c.Env = append(os.Environ(), "H="+s.url, "no_proxy=127.0.0.1", "NO_PROXY=127.0.0.1")
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, script, out)
	}
	return string(out)
}

func tool(t *testing.T, name string) {
	t.Helper()
	_, err := exec.LookPath(name)
	optional(t, name, err == nil)
}

// checkScript is the script of the README that checks a download with openssl.
func checkScript(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(text), "<!-- check a download -->\n```sh\n")
	script, _, closed := strings.Cut(rest, "```")
	if !ok || !closed {
		t.Fatal("the README has no script to check a download")
	}
	return script
}

// Anyone can check a download: with openssl and sha256sum alone, and with
// govdata verify. Both refuse a file that is not as published.
func TestADownloadIsCheckedByItsSignature(t *testing.T) {
	tool(t, "curl")
	tool(t, "openssl")
	s := demo(t)
	dir := t.TempDir()
	script := strings.ReplaceAll(checkScript(t), "http://localhost:8080", s.url)
	if n := strings.Count(strings.TrimSpace(script), "\n") + 1; n > 10 {
		t.Errorf("the script has %d lines", n)
	}
	if out := shell(t, s, dir, script); !strings.Contains(out, "Signature Verified Successfully") || !strings.Contains(out, "genuine") {
		t.Errorf("%s", out)
	}
	manifest, _ := filepath.Glob(filepath.Join(dir, "*.manifest.json"))
	file := filepath.Join(dir, "budgets.csv")
	if len(manifest) != 1 {
		t.Fatalf("manifests %v", manifest)
	}
	verify := []string{"verify", file, "--manifest", manifest[0], "--key", filepath.Join(dir, "signing-key.pem")}
	if out := must(t, 0, verify...); !strings.Contains(out, "signed by") {
		t.Error(out)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, append(data, '\n'), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := must(t, 1, verify...); !strings.Contains(out, "WRONG") {
		t.Error(out)
	}
	// A manifest that was made to fit is found out by its signature.
	text, err := os.ReadFile(manifest[0])
	if err != nil {
		t.Fatal(err)
	}
	was, is := sha256.Sum256(data), sha256.Sum256(append(data, '\n'))
	text = bytes.ReplaceAll(text, []byte(hex.EncodeToString(was[:])), []byte(hex.EncodeToString(is[:])))
	if err := os.WriteFile(manifest[0], text, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, stderr, code := govdata(t, verify...); code != 1 || !strings.Contains(stderr, "signature") {
		t.Errorf("exit %d: %s", code, stderr)
	}
	must(t, 2, "verify", file)
	if out := must(t, 0, "verify", "--data", s.data, "--key", filepath.Join(dir, "signing-key.pem")); !strings.Contains(out, "0 mismatches") {
		t.Error(out)
	}
}

// One command makes a mirror, the same command again fetches nothing, and the
// checksums fit.
func TestOneCommandMakesAMirror(t *testing.T) {
	tool(t, "wget")
	s := demo(t)
	dir := t.TempDir()
	const mirror = `wget -q -nc -i "$H/d/files.txt?format=parquet,csv.gz"`
	shell(t, s, dir, mirror)
	files, _ := filepath.Glob(filepath.Join(dir, "*@*"))
	var list struct {
		Datasets []struct {
			ID, Release string
			PublishedAt time.Time `json:"published_at"`
			Files       []struct{ URL string }
		}
	}
	body, header := s.get(t, 200, "/d/catalog.json")
	if err := json.Unmarshal(body, &list); err != nil {
		t.Fatal(err)
	}
	if want := 4 * len(list.Datasets); len(files) != want || want < 200 {
		t.Errorf("%d files, want %d", len(files), want)
	}
	out := shell(t, s, dir, `wget -q -O SUMS "$H/d/SHA256SUMS?format=parquet,csv.gz"; sha256sum -c --quiet --strict SUMS; wc -l <SUMS; `+mirror+`; ls | wc -l`)
	if got, want := strings.Fields(out), fmt.Sprintf("[%d %d]", len(list.Datasets)*3, len(files)+2); fmt.Sprint(got) != want {
		t.Errorf("found %v, want %s", got, want)
	}
	request, err := http.NewRequest("GET", s.url+"/d/catalog.json", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("If-None-Match", header.Get("ETag"))
	if r, err := http.DefaultClient.Do(request); err != nil || r.StatusCode != 304 {
		t.Errorf("the unchanged catalog: %v %v", r.StatusCode, err)
	} else {
		r.Body.Close()
	}
	var newest time.Time
	for _, d := range list.Datasets {
		if d.PublishedAt.After(newest) {
			newest = d.PublishedAt
		}
	}
	if body, _ := s.get(t, 200, "/d/files.txt", "since", newest.Format(time.RFC3339)); len(body) != 0 {
		t.Errorf("since the newest: %s", body)
	}
	s.get(t, 400, "/d/files.txt", "format", "pdf")
	s.get(t, 400, "/d/catalog.json", "since", "yesterday")
	if strings.Contains(string(body), `"ppp_projects"`) {
		t.Error("a dataset that is open on a condition is in the list for everyone")
	}
}

// The data dictionary has a line for every column, and its figures are those of
// the file.
func TestTheDictionaryDescribesEveryColumn(t *testing.T) {
	s := demo(t)
	for _, id := range []string{"admin_penalties", "budgets", "disclosure_timeliness", "ppp_projects"} {
		body, h := s.get(t, 200, "/d/"+id+".dictionary.csv")
		lines := readCSV(t, body)
		var meta struct{ Fields []struct{ Name, Type string } }
		about, _ := s.get(t, 200, "/api/v1/datasets/"+id)
		if err := json.Unmarshal(about, &meta); err != nil {
			t.Fatal(err)
		}
		if len(lines) != len(meta.Fields) || h.Get("X-Release") == "" || !strings.Contains(h.Get("Content-Disposition"), "dictionary.csv") {
			t.Fatalf("%s: %d lines, %d fields, %v", id, len(lines), len(meta.Fields), h)
		}
		var rows table
		if id != "ppp_projects" {
			data, _ := s.get(t, 200, "/d/"+id+".parquet")
			rows = readParquet(t, data)
		}
		for i, f := range meta.Fields {
			if lines[i][1] != f.Name || lines[i][4] != f.Type {
				t.Errorf("%s: line %d is of %v, want %s", id, i+1, lines[i], f.Name)
			}
			nulls := 0
			for _, row := range rows {
				if row[i] == missing {
					nulls++
				}
			}
			if want := fmt.Sprint(nulls); rows != nil && lines[i][10] != want {
				t.Errorf("%s.%s: %s missing values, want %s", id, f.Name, lines[i][10], want)
			} else if rows == nil && lines[i][10] != missing && lines[i][10] != "" {
				t.Errorf("%s.%s: figures of a dataset that is not open: %v", id, f.Name, lines[i])
			}
		}
	}
}

// The change file of every dataset that has more than one release is there, in
// each format, and its rows lead from one release to the other.
func TestChangeFilesLeadToTheNewRelease(t *testing.T) {
	s := demo(t)
	var list struct {
		Datasets []struct {
			ID, Release, Previous, Changes string
			Rows                           int64
		}
	}
	body, _ := s.get(t, 200, "/d/catalog.json")
	if err := json.Unmarshal(body, &list); err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, d := range list.Datasets {
		if d.Changes == "" {
			continue
		}
		found++
		path := strings.TrimPrefix(d.Changes, s.url)
		text, h := s.get(t, 200, path)
		if h.Get("Cache-Control") != "public, max-age=31536000, immutable" || h.Get("X-Truncated") != "false" {
			t.Errorf("%s: %v", path, h)
		}
		rows := readCSV(t, text)
		n := map[string]int64{}
		for _, row := range rows {
			n[row[0]]++
		}
		before, _ := s.get(t, 200, "/d/"+d.ID+"@"+d.Previous+".csv")
		if was := int64(len(readCSV(t, before))); was-n["removed"]+n["added"] != d.Rows || n["changed_from"] != n["changed_to"] || len(rows) == 0 {
			t.Errorf("%s: %d rows, then %v, and %d rows", path, was, n, d.Rows)
		}
		for _, ext := range []string{"parquet", "xlsx", "jsonl", "arrow", "csv.gz"} {
			s.get(t, 200, strings.TrimSuffix(path, "csv")+ext)
		}
		if d.ID == "budgets" {
			out := must(t, 0, "diff", "--data", s.data, d.ID, d.Previous, d.Release, "--format", "csv")
			if out != string(text) {
				t.Error("govdata diff says something else")
			}
			s.get(t, 200, "/api/v1/datasets/budgets/diff", "from", d.Previous, "limit", "1")
			s.get(t, 404, "/api/v1/datasets/budgets/diff", "to", d.Previous)
			s.get(t, 404, "/d/budgets@"+d.Previous+".diff.csv")
			s.get(t, 404, "/d/budgets@"+d.Previous+"..20260101-000000000000.diff.csv")
			s.get(t, 403, "/api/v1/datasets/ppp_projects/diff")
		}
	}
	if found < 30 {
		t.Errorf("%d datasets with changes", found)
	}
}

// A compressed transfer is the same file, under an ETag of its own, and ranges
// are of the plain file.
func TestDownloadsAreCompressedForThoseWhoAcceptIt(t *testing.T) {
	s := demo(t)
	ask := func(path string, headers ...string) (*http.Response, []byte) {
		t.Helper()
		r, err := http.NewRequest("GET", s.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		answer, err := plain.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer, body
	}
	for _, ext := range []string{"csv", "jsonl"} {
		path := "/d/budgets." + ext
		whole, want := ask(path)
		for _, c := range []struct{ accept, coding string }{
			{"gzip", "gzip"}, {"gzip, deflate, br, zstd", "zstd"}, {"zstd;q=0.1, GZIP;q=0.9", "gzip"}, {"gzip;q=0", ""}, {"*", ""}, {"br", ""}, {"gzip;q=x", ""},
		} {
			if ext == "jsonl" && c.coding == "zstd" {
				c.coding = "gzip"
			}
			r, body := ask(path, "Accept-Encoding", c.accept)
			h := r.Header
			if r.StatusCode != 200 || h.Get("Content-Encoding") != c.coding || h.Get("Content-Type") != whole.Header.Get("Content-Type") ||
				r.ContentLength != int64(len(body)) || !strings.Contains(strings.Join(h.Values("Vary"), ","), "Accept-Encoding") || (h.Get("ETag") == whole.Header.Get("ETag")) != (c.coding == "") {
				t.Errorf("%s, %s: %d %v", ext, c.accept, r.StatusCode, h)
			}
			etag := h.Get("ETag")
			switch c.coding {
			case "gzip":
				body = gunzip(t, body)
			case "zstd":
				body = unzstd(t, body)
			}
			if !bytes.Equal(body, want) {
				t.Errorf("%s, %s: other bytes", ext, c.accept)
			}
			if r, _ := ask(path, "Accept-Encoding", c.accept, "If-None-Match", etag); r.StatusCode != 304 {
				t.Errorf("%s, %s: If-None-Match: %d", ext, c.accept, r.StatusCode)
			}
			if r, body := ask(path, "Accept-Encoding", c.accept, "Range", "bytes=10-19"); r.StatusCode != 206 || r.Header.Get("Content-Encoding") != "" || !bytes.Equal(body, want[10:20]) {
				t.Errorf("%s, %s: a range: %d %v %q", ext, c.accept, r.StatusCode, r.Header, body)
			}
			// A browser goes on with the transfer that broke off.
			if r, _ := ask(path, "Accept-Encoding", c.accept, "Range", "bytes=10-19", "If-Range", etag); r.StatusCode != 206 || r.Header.Get("Content-Encoding") != c.coding || r.Header.Get("ETag") != etag {
				t.Errorf("%s, %s: resumed: %d %v", ext, c.accept, r.StatusCode, r.Header)
			}
		}
	}
}

// A download that is resumed is the file it began with, also when something
// was published meanwhile: under the pinned address always, under the current
// one by If-Range.
func TestResumedDownloadsSurviveAPublish(t *testing.T) {
	for _, name := range []string{"curl", "wget", "aria2c"} {
		tool(t, name)
	}
	data := t.TempDir()
	rows := func(from, n int) string {
		var b strings.Builder
		b.WriteString("name,code,amount\n")
		for i := from; i < from+n; i++ {
			fmt.Fprintf(&b, "示例数据 %d,C%06d,%d\n", i, i, i*i%1000)
		}
		return b.String()
	}
	must(t, 0, "add", "--data", data, "--id", "things", write(t, "things.csv", []byte(rows(0, 40_000))))
	s, err := start(data)
	if err != nil {
		t.Fatal(err)
	}
	defer s.stop()
	before, header := s.get(t, 200, "/d/things.csv")
	pinned := "/d/things@" + header.Get("X-Release") + ".csv"
	dir := t.TempDir()
	half := len(before) / 2
	for _, name := range []string{"curl", "wget", "aria", "current"} {
		if err := os.WriteFile(filepath.Join(dir, name+".csv"), before[:half], 0o600); err != nil {
			t.Fatal(err)
		}
	}
	shell(t, s, dir, "curl -sf -C - -o curl.csv $H"+pinned)
	must(t, 0, "ingest", "--data", data, "things", write(t, "things.csv", []byte(rows(7, 41_000))))
	after, now := s.get(t, 200, "/d/things.csv")
	if bytes.Equal(before, after) || now.Get("ETag") == header.Get("ETag") {
		t.Fatal("nothing was published")
	}
	shell(t, s, dir, `
wget -q -c -O wget.csv $H`+pinned+`
aria2c -q -x 4 -s 4 -k 1M --allow-overwrite=true -o parts.csv $H`+pinned+`
aria2c -q -c -o aria.csv $H`+pinned+`
# The current address is another file now: from a half of the old one there is no way on.
curl -sf -o current.csv -H 'If-Range: `+header.Get("ETag")+`' -r `+fmt.Sprint(half)+`- $H/d/things.csv
test "$(curl -s -o /dev/null -w '%{http_code}' -H 'If-Match: `+header.Get("ETag")+`' $H/d/things.csv)" = 412
test "$(curl -s -o /dev/null -w '%{http_code}' -H 'If-Match: `+now.Get("ETag")+`' $H/d/things.csv)" = 200
test "$(curl -s -o /dev/null -w '%{http_code}' -r 999999999- $H/d/things.csv)" = 416`)
	for name, want := range map[string][]byte{"curl": before, "wget": before, "aria": before, "parts": before, "current": after} {
		if got, err := os.ReadFile(filepath.Join(dir, name+".csv")); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s.csv: %d bytes, want %d: %v", name, len(got), len(want), err)
		}
	}

	// Parts that are fetched at once, and several in one request.
	parts := make([][]byte, 7)
	var all sync.WaitGroup
	for i := range parts {
		all.Go(func() {
			r, _ := http.NewRequest("GET", s.url+pinned, nil)
			from, to := len(before)*i/len(parts), len(before)*(i+1)/len(parts)
			r.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", from, to-1))
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Error(err)
				return
			}
			defer answer.Body.Close()
			parts[i], err = io.ReadAll(answer.Body)
			if err != nil || answer.StatusCode != 206 {
				t.Errorf("part %d: %d %v", i, answer.StatusCode, err)
			}
		})
	}
	all.Wait()
	if !bytes.Equal(bytes.Join(parts, nil), before) {
		t.Error("the parts are not the file")
	}
	out := shell(t, s, dir, "curl -s -r 0-3,10-13 $H"+pinned)
	if strings.Count(out, "Content-Range: bytes ") != 2 || !strings.Contains(out, "\r\n\r\n"+string(before[:4])+"\r\n") {
		t.Errorf("several ranges: %q", out)
	}
}
