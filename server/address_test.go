package server

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"govdata/catalog"
)

func TestAnAddressIsPutIntoABody(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	words := []string{siteAddress, siteHost, "http://", "http:/", "a", "site-address.govdata", ".invalid", "\n", "https://" + siteHost}
	for range 2000 {
		var b strings.Builder
		for range r.IntN(12) {
			b.WriteString(words[r.IntN(len(words))])
		}
		base := []string{"http://127.0.0.1:8080", "https://data.example.gov", "http://h"}[r.IntN(3)]
		_, host, _ := strings.Cut(base, "://")
		want := strings.ReplaceAll(strings.ReplaceAll(b.String(), siteAddress, base), siteHost, host)
		body := newAddressed([]byte(b.String()), holesOf([]byte(b.String())), base)
		if int(body.size) != len(want) {
			t.Fatalf("%q at %s: %d bytes, want %d", b.String(), base, body.size, len(want))
		}
		var read []byte
		for p := make([]byte, 1+r.IntN(20)); ; {
			n, err := body.Read(p)
			read = append(read, p[:n]...)
			if err == io.EOF {
				break
			}
		}
		if string(read) != want {
			t.Fatalf("%q at %s: %q, want %q", b.String(), base, read, want)
		}
		if from := r.IntN(len(want) + 1); true {
			body.Seek(int64(from), io.SeekStart)
			if rest, _ := io.ReadAll(body); string(rest) != want[from:] {
				t.Fatalf("%q from %d: %q", want, from, rest)
			}
		}
		var through bytes.Buffer
		f := &filler{w: &through, base: base}
		for text := b.String(); text != ""; {
			k := min(len(text), 1+r.IntN(9))
			if _, err := f.Write([]byte(text[:k])); err != nil {
				t.Fatal(err)
			}
			text = text[k:]
		}
		if err := f.Close(); err != nil || through.String() != want {
			t.Fatalf("%q written through: %q, want %q, %v", b.String(), through.String(), want, err)
		}
	}
}

// moment is what an answer says of the time at which it was made.
var moment = regexp.MustCompile(`"timings":\{[^}]*\}|\d{4}-\d\d-\d\dT[0-9:.]+`)

// documentsOf are addresses of documents that are kept.
func documentsOf(id string) []string {
	list := []string{"/iceberg/v1/config", "/iceberg/v1/namespaces", "/api/v1/datasets/" + id, "/api/v1/datasets/" + id + "/releases"}
	for _, kind := range kindsOfDocuments {
		if !strings.HasSuffix(kind, "/") {
			list = append(list, kind)
		}
	}
	for _, name := range []string{"croissant.json", "datapackage.json", "schema.jsonld", "feed.atom", "catalog.zh.json"} {
		list = append(list, "/datasets/"+id+"/"+name)
	}
	return list
}

func askAt(t *testing.T, h http.Handler, host, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest("GET", path, nil)
	r.Host = host
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// A document that is kept for all addresses of the site reads as that of a site
// which has this address alone.
func TestAKeptDocumentHasTheAddressOfItsReader(t *testing.T) {
	s, _ := described(t)
	publish(t, s.o.Catalog, "things", catalog.Openness{Attribute: catalog.OpenUnconditional}, 5)
	for _, host := range []string{"data.example.gov", "127.0.0.1:8080", "[::1]:80", "data.example.gov"} {
		o := s.o
		site := *o.Site
		site.BaseURL = "http://" + host
		o.Site = &site
		fixed, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range documentsOf("things") {
			for range 2 {
				got, want := askAt(t, s.Handler(), host, path), askAt(t, fixed.Handler(), host, path)
				if got.Code != want.Code || got.Code != 200 {
					t.Fatalf("%s at %s: %d, with a fixed address %d: %.200s", path, host, got.Code, want.Code, want.Body)
				}
				if moment.ReplaceAllString(got.Body.String(), "") != moment.ReplaceAllString(want.Body.String(), "") {
					t.Errorf("%s at %s:\n%.3000s\nwith a fixed address:\n%.3000s", path, host, got.Body, want.Body)
				}
				if strings.Contains(fmt.Sprint(got.Header(), got.Body), siteHost) {
					t.Errorf("%s at %s tells the place for the address: %v", path, host, got.Header())
				}
				if n := got.Header().Get("Content-Length"); n != fmt.Sprint(got.Body.Len()) {
					t.Errorf("%s at %s: Content-Length %s of %d bytes", path, host, n, got.Body.Len())
				}
				etag := got.Header().Get("ETag")
				if again := askAt(t, s.Handler(), host, path, "If-None-Match", etag); again.Code != 304 || etag == "" {
					t.Errorf("%s at %s: %d for who has %s", path, host, again.Code, etag)
				}
				if other := askAt(t, s.Handler(), "other.example", path, "If-None-Match", etag); strings.Contains(got.Body.String(), host) && other.Code != 200 {
					t.Errorf("%s: %d at another address for who has that of %s", path, other.Code, host)
				}
			}
		}
	}
}

// Whoever names the site by ten thousand names takes no memory by it, and drives
// out no document of the others.
func TestHostsOfStrangersAreNotKept(t *testing.T) {
	s, _ := described(t)
	publish(t, s.o.Catalog, "things", catalog.Openness{Attribute: catalog.OpenUnconditional}, 5)
	paths := documentsOf("things")
	// What was published a moment ago is read again at each request.
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
		version := s.o.Catalog.Version()
		time.Sleep(50 * time.Millisecond)
		if version == s.o.Catalog.Version() {
			break
		}
	}
	for _, path := range paths {
		askAt(t, s.Handler(), "data.example.gov", path)
	}
	documents, results := len(s.documents.byKey), len(s.results.byKey)
	bytes := s.documents.bytes + s.results.bytes
	if documents < 20 {
		t.Errorf("%d documents are kept, of %d", documents, len(paths))
	}
	for i := range 10_000 {
		host := fmt.Sprintf("h%d.example", i)
		if i%3 == 0 {
			host = fmt.Sprintf("h%d&'$.example", i) // what does not read the same everywhere
		}
		askAt(t, s.Handler(), host, paths[i%len(paths)])
	}
	if d, r, b := len(s.documents.byKey), len(s.results.byKey), s.documents.bytes+s.results.bytes; d != documents || r != results || b != bytes {
		t.Errorf("%d documents, %d results and %d bytes are kept, before %d, %d and %d", d, r, b, documents, results, bytes)
	}
}

// A question may be longer than its answer: what is kept of it counts.
func TestLongQuestionsAreCounted(t *testing.T) {
	var r results
	for i := range 20_000 {
		r.keep(&kept{key: fmt.Sprint(i, strings.Repeat("x", 16<<10)), body: []byte("1")})
	}
	if n := len(r.byKey) * (16 << 10); n > resultBytes {
		t.Errorf("%d MiB of questions are kept, of %d MiB", n>>20, resultBytes>>20)
	}
	for r.recent.Len() > 0 {
		r.drop(r.recent.Back())
	}
	if r.bytes != 0 {
		t.Errorf("%d bytes of nothing", r.bytes)
	}
}
