package server

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// What is read is what was written, in order, however the two take turns, and
// whatever the disk may hold.
func TestASpoolGivesBackWhatItTook(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		disk := &spoolDisk{limit: rapid.SampledFrom([]int64{0, 3 << 20, 1 << 30}).Draw(r, "limit")}
		s := newSpool(disk)
		sizes := rapid.SliceOfN(rapid.IntRange(1, 1<<20), 0, 24).Draw(r, "sizes")
		broken := rapid.Bool().Draw(r, "broken")
		slow := rapid.IntRange(0, 2).Draw(r, "slow")
		failure := errors.New("half-way")
		wrote := sha256.New()
		done := make(chan error, 1)
		go func() {
			for i, n := range sizes {
				p := bytes.Repeat([]byte{byte(i)}, n)
				wrote.Write(p)
				if k, err := s.Write(p); k != n || err != nil {
					done <- fmt.Errorf("wrote %d of %d: %w", k, n, err)
					return
				}
			}
			if broken {
				s.end(failure)
			} else {
				s.end(nil)
			}
			done <- nil
		}()
		if slow == 0 {
			time.Sleep(time.Millisecond)
		}
		whole, err := s.begin()
		if whole && err == nil && broken {
			r.Fatal("what broke off was whole")
		}
		got := sha256.New()
		_, copied := s.WriteTo(got)
		if err := <-done; err != nil {
			r.Fatal(err)
		}
		if broken != errors.Is(copied, failure) || !broken && copied != nil || !bytes.Equal(got.Sum(nil), wrote.Sum(nil)) {
			r.Fatalf("read: %v, broken %v", copied, broken)
		}
		s.close()
		if n := disk.used.Load(); n != 0 {
			r.Fatalf("%d bytes of disk are still counted", n)
		}
		if _, err := s.Write([]byte("x")); err == nil && len(sizes) > 0 && broken {
			r.Fatal("a closed spool takes more")
		}
	})
}

// A writer that waits for room ends when the client goes.
func TestAFullSpoolEndsWithItsClient(t *testing.T) {
	s := newSpool(&spoolDisk{})
	done := make(chan error, 1)
	go func() {
		for {
			if _, err := s.Write(make([]byte, 1<<20)); err != nil {
				done <- err
				return
			}
		}
	}()
	time.Sleep(50 * time.Millisecond)
	s.close()
	select {
	case err := <-done:
		if !errors.Is(err, errSpoolAborted) {
			t.Error(err)
		}
	case <-time.After(5 * time.Second):
		t.Error("the writer waits on")
	}
}

// Clients that take their files slowly hold no worker: others are answered at
// once, and they get the whole.
func TestSlowClientsHoldNoWorker(t *testing.T) {
	p := newPortal(t)
	const rows = 4_000_000
	var slow []*http.Response
	for range 3 { // there are two workers
		r, err := http.Get(p.url + sqlPath(".csv", fmt.Sprintf("SELECT range AS n, 'text ' || range AS t FROM range(%d)", rows), ""))
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		slow = append(slow, r)
	}
	began := time.Now()
	for range 5 {
		if r, body := p.ask(t, "GET", sqlPath("", "SELECT 42 AS n", ""), ""); r.StatusCode != 200 {
			t.Fatalf("%d %s", r.StatusCode, body)
		}
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("the others waited for %v", took)
	}
	for _, r := range slow {
		var lines int
		buf := make([]byte, 64<<10)
		for {
			n, err := r.Body.Read(buf)
			lines += bytes.Count(buf[:n], []byte{'\n'})
			if err == io.EOF {
				break
			} else if err != nil {
				t.Fatal(err)
			}
		}
		if lines != rows+1 || r.Trailer.Get("X-Total-Rows") != fmt.Sprint(rows) {
			t.Errorf("%d lines, want %d; trailer %v", lines, rows+1, r.Trailer)
		}
	}
}
