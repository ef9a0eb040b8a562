package web

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The texts of the SQL page's script are those that it says, with the places
// that it fills.
func TestEveryTextOfTheSQLScriptIsSaid(t *testing.T) {
	var script strings.Builder
	names, err := fs.Glob(files, "assets/sql*.js")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		data, err := files.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		script.Write(data)
	}
	said := map[string]bool{}
	for _, m := range regexp.MustCompile(`say\("([a-z_]+)"`).FindAllStringSubmatch(script.String(), -1) {
		said[m[1]] = true
	}
	// Texts whose ids are put together: say("chart_" + kind) and the like.
	var families []string
	for _, m := range regexp.MustCompile(`say\("([a-z_]+_)" \+`).FindAllStringSubmatch(script.String(), -1) {
		families = append(families, m[1])
		delete(said, m[1])
	}
	// And those that stand in tables of their own.
	for _, m := range regexp.MustCompile(`"?\b(offline|broken|too_large|too_many|busy|timeout|table|chart|x|x_bar)\b"?`).FindAllStringSubmatch(script.String(), -1) {
		said[m[1]] = true
	}
	place := regexp.MustCompile(`\{(\w+)\}`)
	for _, lang := range []string{"zh", "en"} {
		texts := locale(t, lang)
		for id := range said {
			if texts[scripted+id]["other"] == "" && !strings.Contains("x x_bar", id) {
				t.Errorf("%s: the script says %q, which is no text", lang, id)
			}
		}
		for id, text := range texts {
			short, ok := strings.CutPrefix(id, scripted)
			if !ok {
				continue
			}
			known := said[short]
			for _, family := range families {
				known = known || strings.HasPrefix(short, family)
			}
			if !known {
				t.Errorf("%s: no script says %q", lang, id)
			}
			for _, m := range place.FindAllStringSubmatch(text["other"], -1) {
				if other := locale(t, map[string]string{"zh": "en", "en": "zh"}[lang])[id]["other"]; !strings.Contains(other, m[0]) {
					t.Errorf("%s: %q fills %s, the other language does not", lang, id, m[0])
				}
			}
		}
	}
}

// The editor's bundle is of the sources beside it, small enough to be loaded, and
// comes with the licences of what is in it.
func TestTheEditorIsBuiltOfItsSources(t *testing.T) {
	bundle, err := files.ReadFile("assets/editor.js")
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.New()
	for _, name := range []string{"build.mjs", "editor.js", "names.js", "package-lock.json", "styles.js"} {
		source, err := os.ReadFile(filepath.Join("assets-src", name))
		if err != nil {
			t.Fatal(err)
		}
		sum.Write(source)
	}
	if want := hex.EncodeToString(sum.Sum(nil)); !strings.Contains(string(bundle[:min(400, len(bundle))]), want) {
		t.Errorf("assets/editor.js is not of the sources %s: run npm run build in assets-src", want)
	}
	if small, err := squeeze(bundle, gzip.BestCompression); err != nil || len(small) > 150<<10 {
		t.Errorf("the editor has %d bytes compressed: %v", len(small), err)
	}
	licences, err := files.ReadFile("assets/editor.licences.txt")
	if err != nil || strings.Count(string(licences), "MIT License") < 2 || !strings.Contains(string(licences), "@codemirror/view") {
		t.Errorf("the licences read %.200q: %v", licences, err)
	}
	if lock, err := os.ReadFile("assets-src/package-lock.json"); err != nil || strings.Contains(string(lock), "resolved") {
		t.Errorf("package-lock.json names the registry that it was made from: %v", err)
	}
	// To the letter that takes Node and the packages.
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("SKIPPED: node is not on this machine; the bundle was compared by the sum of its sources alone")
	}
	if _, err := os.Stat("assets-src/node_modules/esbuild"); err != nil {
		t.Skip("SKIPPED: the packages are not installed (npm ci in assets-src); the bundle was compared by the sum of its sources alone")
	}
	build := exec.CommandContext(t.Context(), "node", "build.mjs", "--check")
	build.Dir = "assets-src"
	if out, err := build.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
