package openapi

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

func load(t *testing.T) (*Document, map[string]any) {
	t.Helper()
	d, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	b, err := d.JSON("https://data.example", "Example", "govdata test")
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	return d, doc
}

// walk visits every value of a document with the path that leads to it.
func walk(v any, path string, visit func(path string, v any)) {
	visit(path, v)
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			walk(value, path+"/"+name, visit)
		}
	case []any:
		for _, value := range v {
			walk(value, path+"/*", visit)
		}
	}
}

func TestEveryReferenceLeadsSomewhereAndEveryComponentIsUsed(t *testing.T) {
	_, doc := load(t)
	defined, used := map[string]bool{}, map[string]bool{}
	for kind, all := range doc["components"].(map[string]any) {
		for name := range all.(map[string]any) {
			if kind != "securitySchemes" {
				defined["#/components/"+kind+"/"+name] = true
			}
		}
	}
	walk(doc, "", func(path string, v any) {
		if ref, ok := v.(string); ok && strings.HasSuffix(path, "/$ref") {
			used[ref] = true
			if !defined[ref] {
				t.Errorf("%s leads to %s, which is not there", path, ref)
			}
		}
	})
	for name := range defined {
		if !used[name] {
			t.Errorf("nothing uses %s", name)
		}
	}
}

func TestOurOwnKeysDoNotReachTheDocument(t *testing.T) {
	_, doc := load(t)
	walk(doc, "", func(path string, v any) {
		if slices.Contains([]string{"x-zh", "x-errors", "x-answers", "x-fresh", "x-example"}, path[strings.LastIndexByte(path, '/')+1:]) {
			t.Errorf("%s: %v", path, v)
		}
	})
}

func TestPathsNameTheParametersThatTheyHold(t *testing.T) {
	d, _ := load(t)
	ids := map[string]bool{}
	for _, tag := range d.Tags {
		if len(tag.Operations) == 0 || tag.Name.Zh == "" {
			t.Errorf("tag %q: no operations, or no Chinese name", tag.Name.En)
		}
		for _, op := range tag.Operations {
			if ids[op.ID] {
				t.Errorf("two operations are called %s", op.ID)
			}
			ids[op.ID] = true
			for _, p := range op.Parameters {
				if (p.In == "path") != strings.Contains(op.Path, "{"+p.Name+"}") {
					t.Errorf("%s %s: parameter %s in %s", op.Method, op.Path, p.Name, p.In)
				}
				if p.Description.Zh == "" || p.Description.En == "" {
					t.Errorf("%s %s: parameter %s is not described in both languages", op.Method, op.Path, p.Name)
				}
			}
			for part := range strings.SplitSeq(op.Path, "/") {
				if name, ok := strings.CutPrefix(part, "{"); ok && !slices.ContainsFunc(op.Parameters, func(p Parameter) bool { return "{"+p.Name+"}" == "{"+name }) {
					t.Errorf("%s %s: %s is no parameter", op.Method, op.Path, part)
				}
			}
		}
	}
}

func TestAnEndingChoosesOneFormatAndTheParametersThatGoWithIt(t *testing.T) {
	_, doc := load(t)
	paths := doc["paths"].(map[string]any)
	get := func(path string) (media, parameters []string) {
		op := paths[path].(map[string]any)["get"].(map[string]any)
		for m := range op["responses"].(map[string]any)["200"].(map[string]any)["content"].(map[string]any) {
			media = append(media, m)
		}
		for _, p := range op["parameters"].([]any) {
			ref := p.(map[string]any)["$ref"].(string)
			parameters = append(parameters, ref[strings.LastIndex(ref, "/")+1:])
		}
		return media, parameters
	}
	if media, parameters := get("/api/v1/sql"); len(media) != 6 || !slices.Contains(parameters, "format") {
		t.Errorf("/api/v1/sql: %v with %v", media, parameters)
	}
	for path, want := range map[string]struct {
		media   string
		with    []string
		without []string
	}{
		"/api/v1/sql.csv":                  {"text/csv", []string{"bom", "excel_safe", "limit_of_file"}, []string{"shape", "cite", "limit", "format"}},
		"/api/v1/sql.json":                 {"application/json", []string{"shape", "cite", "limit"}, []string{"bom", "excel_safe", "limit_of_file", "format"}},
		"/api/v1/datasets/{id}/rows.arrow": {"application/vnd.apache.arrow.stream", []string{"where", "cursor"}, []string{"shape", "bom", "format"}},
	} {
		media, parameters := get(path)
		if !slices.Equal(media, []string{want.media}) {
			t.Errorf("%s: %v", path, media)
		}
		for _, name := range want.with {
			if !slices.Contains(parameters, name) {
				t.Errorf("%s lacks %s", path, name)
			}
		}
		for _, name := range want.without {
			if slices.Contains(parameters, name) {
				t.Errorf("%s has %s", path, name)
			}
		}
	}
}

func TestMistakesInTheSourceAreNamed(t *testing.T) {
	for source, want := range map[string]string{
		"a: [": "openapi.yaml",
		"- 1":  "mapping",
		"tags: [{name: T}]\npaths: {/x: {get: {summary: S}}}":                                                                                "operationId",
		"tags: [{name: T}]\npaths: {/x: {get: {operationId: a, summary: S, x-zh: Z, tags: [U]}}}":                                            "tags",
		"tags: [{name: T}]\npaths: {/x: {get: {operationId: a, summary: S, x-zh: Z, tags: [T], parameters: [{$ref: '#/components/none'}]}}}": "leads nowhere",
	} {
		if _, err := parse([]byte(source)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", source, err, want)
		}
	}
}
