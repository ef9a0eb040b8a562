package server

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// listening serves a portal by Serve, with its bounds on connections.
func listening(t *testing.T, most int) (address string) {
	t.Helper()
	s, _ := described(t)
	s.o.Connections = most
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, l) }()
	t.Cleanup(func() { stop(); <-ended })
	return l.Addr().String()
}

// Three hundred who send half a request, of which there are three kinds, keep
// nobody out, and those beyond the bound are closed.
func TestHalfARequestKeepsNobodyOut(t *testing.T) {
	const most, half = 100, 300
	address := listening(t, most)
	var open []net.Conn
	for i := range half {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		open = append(open, c)
		switch i % 3 {
		case 0:
			fmt.Fprintf(c, "GET /healthz HTTP/1.1\r\nHost: %s\r\nX-Slow: ", address)
		case 1: // one whole request, and half of the next one
			fmt.Fprintf(c, "GET /healthz HTTP/1.1\r\nHost: %s\r\n\r\nGET /hea", address)
		}
	}
	began := time.Now()
	for range 20 {
		client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
		r, err := client.Get("http://" + address + "/healthz")
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(r.Body)
		r.Body.Close()
		if r.StatusCode != 200 || !strings.Contains(string(body), "ok") {
			t.Fatalf("%d %s", r.StatusCode, body)
		}
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("twenty requests took %v", took)
	}
	closed := 0
	for _, c := range open {
		c.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
		if _, err := io.Copy(io.Discard, c); err == nil || !strings.Contains(err.Error(), "timeout") {
			closed++
		}
	}
	if closed < half-most {
		t.Errorf("%d of %d connections were closed, the bound is %d", closed, half, most)
	}
}

// A connection whose request is being answered is not cut off: the next one waits
// for it.
func TestAnAnswerUnderWayIsNotCutOff(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	bound := newConnections(l, 2)
	release := make(chan struct{})
	h := &http.Server{ConnState: bound.state, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			<-release
		}
		io.WriteString(w, "whole")
	})}
	go h.Serve(bound)
	defer h.Close()
	answers := make(chan error, 3)
	ask := func(path string) {
		client := http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
		r, err := client.Get("http://" + l.Addr().String() + path)
		if err == nil {
			var body []byte
			body, err = io.ReadAll(r.Body)
			r.Body.Close()
			if err == nil && string(body) != "whole" {
				err = fmt.Errorf("%q", body)
			}
		}
		answers <- err
	}
	active := func() (n int) {
		bound.mu.Lock()
		defer bound.mu.Unlock()
		for _, e := range bound.open {
			if e == nil {
				n++
			}
		}
		return n
	}
	go ask("/slow")
	go ask("/slow")
	for end := time.Now().Add(10 * time.Second); active() < 2 && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	go ask("/")
	select {
	case err := <-answers:
		t.Fatalf("answered too early: %v", err)
	case <-time.After(100 * time.Millisecond):
	}
	close(release)
	for range 3 {
		if err := <-answers; err != nil {
			t.Error(err)
		}
	}
}
