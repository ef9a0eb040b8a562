package server

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"
)

// unfinished opens a POST that announces length bytes and sends only so many.
func (p *portal) unfinished(t *testing.T, path, contentType string, length, sent int) {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetWriteDeadline(time.Now().Add(20 * time.Second))
	fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nAccept: application/json, text/event-stream\r\nContent-Length: %d\r\n\r\n", path, contentType, length)
	if _, err := io.WriteString(c, strings.Repeat("a", sent)); err != nil {
		t.Fatal(err)
	}
}

func TestABodyThatComesSlowlyKeepsNobodyWaiting(t *testing.T) {
	p := newPortal(t)
	for _, path := range []string{"/api/3/action/package_show", "/api/3/action/package_search", "/api/v1/datasets", "/datasets", "/iceberg/v1/config", "/govdata", "/nothing"} {
		for range 4 * max(2, runtime.GOMAXPROCS(0)) {
			p.unfinished(t, path, "application/json", 1000, 1)
		}
	}
	time.Sleep(200 * time.Millisecond) // until they are under way
	client := http.Client{Timeout: 10 * time.Second}
	for _, path := range []string{"/datasets?q=a", "/api/v1/datasets?q=b", "/api/3/action/package_show?id=things"} {
		r, err := client.Get(p.url + path)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		r.Body.Close()
		if r.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", path, r.Status)
		}
	}
}

func TestBodiesThatNeverEndTakeBoundedMemory(t *testing.T) {
	p := newPortal(t)
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	for i := range 240 {
		switch i % 3 {
		case 0:
			p.unfinished(t, "/api/v1/sql", "application/sql", maxBody, maxBody-10)
		case 1:
			p.unfinished(t, "/mcp", "application/json", maxBody, maxBody-10)
		case 2:
			p.unfinished(t, "/api/3/action/datastore_search", "application/json", maxBody, maxBody-10)
		}
	}
	time.Sleep(300 * time.Millisecond)
	if used := int64(heap()) - int64(before); used > heldBytes+(32<<20) {
		t.Errorf("%d bytes of heap, at most %d may wait in memory", used, heldBytes)
	}
	// Who sends the whole is answered meanwhile, though his bytes wait on disk.
	long := "SELECT 1 AS one -- " + strings.Repeat("x", 10_000)
	if r, body := p.ask(t, http.MethodPost, "/api/v1/sql", long, "Content-Type", "application/sql"); r.StatusCode != http.StatusOK || !strings.Contains(body, `"one"`) {
		t.Errorf("%s: %s", r.Status, body)
	}
	if r, body := p.ask(t, http.MethodPost, "/api/v1/sql", strings.Repeat("x", maxBody+1), "Content-Type", "application/sql"); r.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("%s: %s", r.Status, body)
	}
}

func TestTheLastNoneOfTheBytesCannotBeSent(t *testing.T) {
	p := newPortal(t)
	for given, want := range map[string]int{"bytes=-0": 416, "bytes=-000": 416, "bytes=-0,-0": 416, "bytes=-0,0-1": 206, "bytes=-1": 206, "bytes=-10": 206, "bytes=": 200} {
		r, body := p.ask(t, http.MethodGet, "/d/things.csv", "", "Range", given)
		if r.StatusCode != want || want == 206 && fmt.Sprint(len(body)) != r.Header.Get("Content-Length") {
			t.Errorf("%s: %s, Content-Range %q, want %d", given, r.Status, r.Header.Get("Content-Range"), want)
		}
	}
}
