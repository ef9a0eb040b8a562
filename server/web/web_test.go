package web

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// locale gives the texts of a language: each with its forms.
func locale(t *testing.T, lang string) map[string]map[string]string {
	t.Helper()
	names, err := fs.Glob(files, "locales/*"+lang+".json")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	all := map[string]map[string]string{}
	for _, name := range names {
		data, err := files.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		texts := map[string]any{}
		if err := json.Unmarshal(data, &texts); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for id, text := range texts {
			if all[id] != nil {
				t.Errorf("%s: text %q stands in another file already", name, id)
			}
			all[id] = map[string]string{}
			switch text := text.(type) {
			case string:
				all[id]["other"] = text
			case map[string]any:
				for form, words := range text {
					all[id][form] = words.(string)
				}
			}
		}
	}
	return all
}

var (
	used  = regexp.MustCompile(`\.[TN]\(? ?\(?"([a-z_]+)"`)
	place = regexp.MustCompile(`\{\{\.(\w+)\}\}`)
)

// Every text that a page asks for exists in both languages with the same places
// to fill, and none exists for nothing.
func TestEveryTextExistsInBothLanguages(t *testing.T) {
	zh, en := locale(t, "zh"), locale(t, "en")
	asked := map[string]bool{}
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	templates, err := filepath.Glob("templates/*.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(sources, templates...) {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range used.FindAllStringSubmatch(string(data), -1) {
			asked[m[1]] = true
		}
	}
	places := func(text string) []string {
		var names []string
		for _, m := range place.FindAllStringSubmatch(text, -1) {
			names = append(names, m[1])
		}
		slices.Sort(names)
		return slices.Compact(names)
	}
	for id := range asked {
		if zh[id]["other"] == "" || en[id]["other"] == "" {
			t.Errorf("text %q: zh %q, en %q", id, zh[id]["other"], en[id]["other"])
		} else if !slices.Equal(places(zh[id]["other"]), places(en[id]["other"])) {
			t.Errorf("text %q has other places to fill: zh %q, en %q", id, zh[id]["other"], en[id]["other"])
		}
	}
	for _, texts := range []map[string]map[string]string{zh, en} {
		for id := range texts {
			if !asked[id] && !strings.HasPrefix(id, scripted) {
				t.Errorf("no page uses text %q", id)
			}
			if zh[id] == nil || en[id] == nil {
				t.Errorf("text %q stands in one language alone", id)
			}
		}
	}
}

// Pages run no script and load no style but the site's own files.
func TestTemplatesHoldNothingInline(t *testing.T) {
	templates, err := fs.Glob(files, "templates/*.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range templates {
		data, _ := files.ReadFile(name)
		for _, bad := range []string{"<style", " style=", "onclick", "javascript:", "http://", "https://"} {
			if strings.Contains(string(data), bad) {
				t.Errorf("%s holds %q", name, bad)
			}
		}
	}
}
