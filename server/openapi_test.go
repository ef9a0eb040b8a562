package server

import (
	"io"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"testing"

	"govdata/catalog"
	"govdata/server/openapi"
)

var pathParameter = regexp.MustCompile(`:(\w+)`)

// What the document describes is what the server answers: each route of the
// native API, the files and the metadata stands in it, and it holds no other.
func TestEveryRouteIsInTheOpenAPIDocument(t *testing.T) {
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
	described := doc.Routes()
	if len(described) < 50 {
		t.Fatalf("only %d routes are described", len(described))
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
		case !slices.Contains(described, r):
			t.Errorf("%s is not in openapi.yaml", r)
		}
	}
	for _, r := range described {
		if !routes[r] {
			t.Errorf("openapi.yaml describes %s, which the server does not have", r)
		}
		if path, get := strings.CutPrefix(r, "GET "); get && !routes["HEAD "+path] {
			t.Errorf("%s does not answer HEAD", path)
		}
	}
}
