package web

import (
	"io/fs"
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
