package server

import (
	"io"
	"log/slog"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"govdata/catalog"
	"govdata/server/openapi"
)

var pathParameter = regexp.MustCompile(`:(\w+)`)

// described starts a server without data and reads the document.
func described(t *testing.T) (*Server, *openapi.Document) {
	t.Helper()
	cat, err := catalog.Open(t.TempDir(), catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(Options{Catalog: cat, Site: &catalog.Site{Timezone: "UTC"}, Engine: stuck{}, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi.Load()
	if err != nil {
		t.Fatal(err)
	}
	return s, doc
}

// What a route says it knows, when it is asked for what it does not know, are the
// parameters of the document.
func TestTheDocumentNamesTheParametersThatRoutesKnow(t *testing.T) {
	s, doc := described(t)
	known := regexp.MustCompile(`known here are ([^"]+)`)
	compared := 0
	for _, tag := range doc.Tags {
		for _, op := range tag.Operations {
			if op.Method != "GET" {
				continue
			}
			path := strings.NewReplacer("{id}", "things", "{release}", "20261101-0123456789ab").Replace(op.Path)
			w := httptest.NewRecorder()
			s.Handler().ServeHTTP(w, httptest.NewRequest("GET", path+"?lang=en&zzz=1", nil))
			m := known.FindStringSubmatch(w.Body.String())
			if m == nil {
				continue // it has to find the file, or the export, before it knows
			}
			compared++
			is := strings.Split(m[1], ", ")
			var says []string
			for _, p := range op.Parameters {
				if p.In == "query" && p.Name != "p1" { // p1, p2, ... are known when they are given
					says = append(says, p.Name)
				}
			}
			slices.Sort(is)
			slices.Sort(says)
			if !slices.Equal(is, says) {
				t.Errorf("%s knows %v, openapi.yaml says %v", op.Path, is, says)
			}
		}
	}
	if compared < 25 {
		t.Errorf("only %d routes were compared", compared)
	}
}

// What the document describes is what the server answers: each route of the
// native API, the files and the metadata stands in it, and it holds no other.
func TestEveryRouteIsInTheOpenAPIDocument(t *testing.T) {
	s, doc := described(t)
	listed := doc.Routes()
	if len(listed) < 50 {
		t.Fatalf("only %d routes are described", len(listed))
	}
	native := func(path string) bool {
		name := path[strings.LastIndexByte(path, '/')+1:]
		return strings.HasPrefix(path, "/api/v1/") || strings.HasPrefix(path, "/d/") || slices.Contains([]string{"/healthz", "/readyz", "/metrics", "/docs"}, path) ||
			strings.Contains(name, ".") && (strings.Count(path, "/") == 1 || strings.HasPrefix(path, "/datasets/"))
	}
	routes := map[string]bool{}
	for _, r := range s.Routes() {
		routes[pathParameter.ReplaceAllString(r, "{$1}")] = true
	}
	for r := range routes {
		method, path, _ := strings.Cut(r, " ")
		switch {
		case !native(path):
		case method == "HEAD":
			if !routes["GET "+path] {
				t.Errorf("%s answers HEAD, not GET", path)
			}
		case !slices.Contains(listed, r):
			t.Errorf("%s is not in openapi.yaml", r)
		}
	}
	for _, r := range listed {
		if !routes[r] {
			t.Errorf("openapi.yaml describes %s, which the server does not have", r)
		}
		if path, get := strings.CutPrefix(r, "GET "); get && !routes["HEAD "+path] {
			t.Errorf("%s does not answer HEAD", path)
		}
	}
}
