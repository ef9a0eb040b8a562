package web

import (
	"encoding/json"
	"io/fs"
	"regexp"
	"strings"
	"testing"
)

func locale(t *testing.T, name string) map[string]string {
	t.Helper()
	data, err := files.ReadFile("locales/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	m := map[string]string{}
	if err := json.Unmarshal(data, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

var used = regexp.MustCompile(`(?:\.T|v\.T\()\s*\(?"([a-z_]+)"`)

// Every text that a page asks for exists in both languages, and none exists
// for nothing.
func TestEveryTextExistsInBothLanguages(t *testing.T) {
	zh, en := locale(t, "zh"), locale(t, "en")
	asked := map[string]bool{}
	err := fs.WalkDir(files, "templates", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := files.ReadFile(path)
		for _, m := range used.FindAllStringSubmatch(string(data), -1) {
			asked[m[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for id := range asked {
		if zh[id] == "" || en[id] == "" {
			t.Errorf("text %q: zh %q, en %q", id, zh[id], en[id])
		}
	}
	for id := range zh {
		if en[id] == "" {
			t.Errorf("text %q is missing in English", id)
		}
		code := strings.HasPrefix(id, "error_") || strings.HasPrefix(id, "sql_") || id == "preview_failed" || id == "nav_home"
		if !asked[id] && !code {
			t.Errorf("no page uses text %q", id)
		}
	}
	if len(zh) != len(en) {
		t.Errorf("%d texts in Chinese, %d in English", len(zh), len(en))
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
