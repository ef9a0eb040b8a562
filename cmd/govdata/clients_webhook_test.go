package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// A new release is told to an address, also if the server goes away between two
// attempts, under one id and with a signature that other people's code verifies.
func TestClientWebhook(t *testing.T) {
	type post struct {
		Headers map[string]string `json:"headers"`
		Body    []byte            `json:"body"`
	}
	var mu sync.Mutex
	var posts []post
	refuse := true
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		p := post{map[string]string{}, body}
		for name := range r.Header {
			p.Headers[name] = r.Header.Get(name)
		}
		mu.Lock()
		defer mu.Unlock()
		posts = append(posts, p)
		if refuse {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer receiver.Close()
	wait := func(n int) []post {
		t.Helper()
		for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
			mu.Lock()
			got := append([]post(nil), posts...)
			mu.Unlock()
			if len(got) >= n || time.Now().After(deadline) {
				if len(got) != n {
					t.Fatalf("%d messages, want %d", len(got), n)
				}
				return got
			}
		}
	}

	data := t.TempDir()
	head := "区划代码,名称,简称,级别\n620100,兰州市,兰州,市\n"
	must(t, exitDone, "ingest", "regions", write(t, "a.csv", []byte(head)), "--data", data)
	added := must(t, exitDone, "hooks", "add", receiver.URL, "--dataset", "regions", "--allow-private", "--data", data)
	secret := regexp.MustCompile(`whsec_\S+`).FindString(added)
	id := regexp.MustCompile(`hook (\w+):`).FindStringSubmatch(added)[1]
	s, err := start(data)
	if err != nil {
		t.Fatal(err)
	}
	must(t, exitDone, "ingest", "regions", write(t, "b.csv", []byte(head+"620200,嘉峪关市,嘉峪关,市\n")), "--data", data)
	wait(1)
	logged := func(n int, what string) {
		t.Helper()
		for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
			log := must(t, exitDone, "hooks", "log", id, "--data", data)
			if strings.Count(log, what) == n {
				return
			} else if time.Now().After(deadline) {
				t.Fatalf("want %d times %q:\n%s", n, what, log)
			}
		}
	}
	logged(1, "503")
	logged(1, "pending")
	s.stop()
	mu.Lock()
	refuse = false
	mu.Unlock()
	if s, err = start(data); err != nil {
		t.Fatal(err)
	}
	defer s.stop()
	again := wait(2)
	if again[0].Headers["Webhook-Id"] != again[1].Headers["Webhook-Id"] || string(again[0].Body) != string(again[1].Body) {
		t.Errorf("another message:\n%s\n%s", again[0].Body, again[1].Body)
	}
	// Another dataset is none of its business.
	must(t, exitDone, "add", "--id", "other", write(t, "c.csv", []byte("a,b\n1,2\n")), "--data", data)
	must(t, exitDone, "ingest", "regions", write(t, "d.csv", []byte(head+"620200,嘉峪关市,嘉峪关,市\n620300,金昌市,金昌,市\n")), "--data", data)
	wait(3)
	if out := must(t, exitDone, "hooks", "test", id, "--data", data); !strings.Contains(out, "200 OK") {
		t.Error(out)
	}
	got := wait(4)
	var lines strings.Builder
	for _, p := range got {
		line, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&lines, "%s\n", line)
	}
	var checked int
	out, err := python(t, "webhook.py", s.url, secret, write(t, "posts.jsonl", []byte(lines.String())))
	if _, scanErr := fmt.Sscanf(out, "ok %d", &checked); err != nil || scanErr != nil || checked != 4 {
		t.Errorf("%d messages verified: %v %v\n%s", checked, err, scanErr, out)
	}
	logged(2, "delivered")
	if out := must(t, exitDone, "hooks", "list", "--data", data); !strings.Contains(out, receiver.URL) || strings.Contains(out, secret) {
		t.Errorf("the list:\n%s", out)
	}
	must(t, exitDone, "hooks", "remove", id, "--data", data)
	must(t, exitFailed, "hooks", "test", id, "--data", data)
}

func TestHooksSayWhatIsWrong(t *testing.T) {
	data := t.TempDir()
	secret := write(t, "secret", []byte("whsec_c2hvcnQ=\n"))
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"hooks"}, exitUsage, "add, list, remove, test or log"},
		{[]string{"hooks", "add"}, exitUsage, "accepts 1 arg"},
		{[]string{"hooks", "add", "http://example.org"}, exitFailed, "want https"},
		{[]string{"hooks", "add", "https://example.org", "--dataset", "nothing"}, exitUsage, "not defined"},
		{[]string{"hooks", "add", "https://example.org", "--secret-file", secret}, exitFailed, "24 to 64 bytes"},
		{[]string{"hooks", "add", "https://example.org", "--secret-file", filepath.Join(data, "none")}, exitUsage, "none"},
		{[]string{"hooks", "log", "abc"}, exitFailed, "not found"},
		{[]string{"hooks", "remove", "abc"}, exitFailed, "not found"},
	} {
		if _, stderr, code := govdata(t, append(c.args, "--data", data)...); code != c.code || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: exit code %d, %s", c.args, code, stderr)
		}
	}
}
