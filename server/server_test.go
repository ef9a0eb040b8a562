package server

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"govdata/catalog"
	"govdata/server/query"
)

// stuck is an engine that answers nothing until it is told to stop.
type stuck struct{ asked, freed chan struct{} }

func (s stuck) Query(ctx context.Context, _ query.Request) (query.Result, error) {
	if s.asked != nil {
		close(s.asked)
	}
	<-ctx.Done()
	close(s.freed)
	return nil, ctx.Err()
}

// serveFile serves one dataset whose CSV has size bytes.
func serveFile(t *testing.T, size int64, o Options) (address string) {
	t.Helper()
	cat, err := catalog.Open(t.TempDir(), catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	st, err := cat.Stage("things")
	if err != nil {
		t.Fatal(err)
	}
	m := catalog.Manifest{Dataset: catalog.Dataset{ID: "things", Openness: catalog.Openness{Attribute: catalog.OpenUnconditional}}, PublishedAt: st.Now(), Rows: 1, Counts: catalog.Counts{In: 1, Published: 1}}
	for _, name := range []string{catalog.StoreName, "things.csv"} {
		path := filepath.Join(st.Dir(), name)
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(path, size); err != nil {
			t.Fatal(err)
		}
		sum, bytes, err := catalog.HashFile(path)
		if err != nil {
			t.Fatal(err)
		}
		a := catalog.Artefact{Format: "csv", File: name, MediaType: "text/csv", SHA256: sum, Bytes: bytes, Rows: 1}
		if m.Store = a; name != catalog.StoreName {
			m.Artefacts = []catalog.Artefact{a}
		}
		if name == "things.csv" {
			m.Store.File = catalog.StoreName
			m.Content = sum
		}
	}
	m.Release = catalog.NewReleaseID(m.PublishedAt, m.Content)
	if _, err := st.Publish(context.Background(), m); err != nil {
		t.Fatal(err)
	}
	o.Catalog, o.Site, o.Log = cat, &catalog.Site{Timezone: "UTC"}, slog.New(slog.NewTextHandler(io.Discard, nil))
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("shutdown: %v", err)
		}
	})
	return l.Addr().String()
}

// A client that takes nothing is cut off; one that takes slowly is not.
func TestAStalledClientIsCutOff(t *testing.T) {
	const size = 64 << 20
	address := serveFile(t, size, Options{Engine: stuck{}, Stall: 500 * time.Millisecond})
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, "GET /d/things.csv HTTP/1.1\r\nHost: x\r\n\r\n")
	time.Sleep(2 * time.Second)
	c.SetReadDeadline(time.Now().Add(5 * time.Second))
	if n, err := io.Copy(io.Discard, c); n >= size {
		t.Errorf("a client that slept got %d bytes, %v; want it to be cut off", n, err)
	}

	slow, err := http.Get("http://" + address + "/d/things.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Body.Close()
	var got int64
	for range 8 {
		n, err := io.CopyN(io.Discard, slow.Body, 4<<20)
		if got += n; err != nil {
			t.Fatalf("a slow client was cut off after %d bytes: %v", got, err)
		}
		time.Sleep(150 * time.Millisecond)
	}
	n, err := io.Copy(io.Discard, slow.Body)
	if got += n; got != size || err != nil {
		t.Errorf("a slow client got %d of %d bytes, %v", got, size, err)
	}
}

// A client that goes away frees what worked for it.
func TestAClientThatLeavesFreesItsWorker(t *testing.T) {
	engine := stuck{asked: make(chan struct{}), freed: make(chan struct{})}
	address := serveFile(t, 1, Options{Engine: engine})
	ctx, leave := context.WithTimeout(t.Context(), 30*time.Second)
	defer leave()
	go func() {
		<-engine.asked // who leaves before has had nothing that works for him
		leave()
	}()
	r, err := http.NewRequestWithContext(ctx, "GET", "http://"+address+"/api/v1/sql?q=SELECT+1", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := http.DefaultClient.Do(r); err == nil {
		t.Fatal("there was an answer")
	}
	select {
	case <-engine.freed:
	case <-time.After(3 * time.Second):
		t.Error("the query goes on")
	}
}

func TestListsAreSplitOutsideBracketsAndQuotes(t *testing.T) {
	for list, want := range map[string]int{
		"": 0, "a": 1, "a,b , c": 3, "round(a, 2) AS x,b": 2, "'a,b',c": 2, `"a,b"`: 1, "[1,2],{'a':1,'b':2}": 2, ",,a,": 1,
	} {
		if got := split(list); len(got) != want {
			t.Errorf("%q: found %q, want %d items", list, got, want)
		}
	}
	order, err := orderOf("a, b desc, -c, d asc")
	if err != nil || len(order) != 4 || order[0].Desc || !order[1].Desc || !order[2].Desc || order[3].Desc || order[1].Field != "b" || order[2].Field != "c" || order[3].Field != "d" {
		t.Errorf("%v %v", order, err)
	}
}
