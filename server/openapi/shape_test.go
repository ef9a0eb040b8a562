package openapi

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// The keys that each kind of object may have (OpenAPI 3.1 and JSON Schema 2020-12,
// as far as the document uses them). An unquoted comma in a flow mapping cuts a
// text short, and makes a key of its rest.
var keysOf = map[string][]string{
	"document":   {"openapi", "info", "servers", "tags", "paths", "components"},
	"info":       {"title", "version", "summary", "description", "license", "x-software"},
	"components": {"securitySchemes", "headers", "parameters", "schemas"},
	"security":   {"type", "in", "name", "scheme", "description"},
	"path":       {"get", "post", "delete"},
	"operation":  {"operationId", "tags", "summary", "description", "parameters", "requestBody", "responses", "security"},
	"parameter":  {"name", "in", "required", "description", "schema", "example"},
	"header":     {"description", "schema"},
	"body":       {"required", "content"},
	"response":   {"description", "headers", "content"},
	"media":      {"schema", "example"},
	"schema": {"type", "description", "properties", "required", "additionalProperties", "items", "enum", "const", "pattern", "format", "default", "minimum", "maximum", "minLength", "maxLength",
		"minItems", "maxItems", "oneOf", "anyOf"},
}

// shape checks a document and returns what is wrong with it.
type shape struct {
	doc    map[string]any
	faults []string
	// counted are the objects of each kind that were met.
	counted map[string]int
}

func shapeOf(doc map[string]any) *shape {
	s := &shape{doc: doc, counted: map[string]int{}}
	s.object("", "document", doc)
	s.object("/info", "info", doc["info"])
	components := s.object("/components", "components", doc["components"])
	for kind, one := range map[string]string{"headers": "header", "parameters": "parameter", "schemas": "schema", "securitySchemes": "security"} {
		for name, v := range s.members("/components/"+kind, components[kind]) {
			s.check("/components/"+kind+"/"+name, one, v)
		}
	}
	ids := map[any]string{}
	for path, v := range s.members("/paths", doc["paths"]) {
		for method, v := range s.object(path, "path", v) {
			at := method + " " + path
			op := s.object(at, "operation", v)
			if other, taken := ids[op["operationId"]]; taken || op["operationId"] == nil {
				s.fault(at, "operationId %v, as %s", op["operationId"], other)
			}
			ids[op["operationId"]] = at
			parameters, _ := op["parameters"].([]any)
			for i, p := range parameters {
				s.check(fmt.Sprint(at, "/parameters/", i), "parameter", p)
			}
			if body, ok := op["requestBody"]; ok {
				s.check(at+"/requestBody", "body", body)
			}
			for status, r := range s.members(at+"/responses", op["responses"]) {
				s.check(at+"/"+status, "response", r)
			}
		}
	}
	return s
}

func (s *shape) fault(at, format string, args ...any) {
	s.faults = append(s.faults, at+": "+fmt.Sprintf(format, args...))
}

// members are those of a mapping from names to objects.
func (s *shape) members(at string, v any) map[string]any {
	m, ok := v.(map[string]any)
	if !ok {
		s.fault(at, "want a mapping, found %v", v)
	}
	return m
}

// object checks the keys and the description of an object.
func (s *shape) object(at, kind string, v any) map[string]any {
	m := s.members(at, v)
	s.counted[kind]++
	for name := range m {
		if !slices.Contains(keysOf[kind], name) {
			s.fault(at, "a %s has no key %q", kind, name)
		}
	}
	for _, name := range []string{"summary", "description"} {
		text, is := m[name].(string)
		if _, there := m[name]; there && !is {
			s.fault(at, "%s is %v", name, m[name])
		}
		words := strings.Fields(text)
		if is && len(words) == 0 {
			s.fault(at, "%s is empty", name)
			continue
		}
		// A text that was cut ends with what asks for more, or leaves something open.
		if is && (strings.ContainsRune(",:;-(", rune(text[len(text)-1])) || strings.Count(text, "(") != strings.Count(text, ")") || strings.Count(text, "`")%2 != 0 ||
			slices.Contains([]string{"a", "an", "the", "as", "or", "and", "with", "at", "which", "that", "unless", "if"}, words[len(words)-1])) {
			s.fault(at, "%s ends in the middle: %q", name, text)
		}
	}
	return m
}

// check checks an object of a kind, or the reference that stands for it.
func (s *shape) check(at, kind string, v any) {
	if m, ok := v.(map[string]any); ok && m["$ref"] != nil {
		name, _ := m["$ref"].(string)
		to := any(s.doc)
		for part := range strings.SplitSeq(strings.TrimPrefix(name, "#/"), "/") {
			step, _ := to.(map[string]any)
			to = step[part]
		}
		if to == nil || !strings.HasPrefix(name, "#/components/"+kind+"s/") || len(m) != 1 {
			s.fault(at, "%v is no reference to a %s", m, kind)
		}
		return
	}
	m := s.object(at, kind, v)
	switch kind {
	case "parameter", "header", "media":
		s.check(at+"/schema", "schema", m["schema"])
	case "response":
		if m["description"] == nil {
			s.fault(at, "no description")
		}
		if headers, ok := m["headers"]; ok {
			for name, h := range s.members(at+"/headers", headers) {
				s.check(at+"/"+name, "header", h)
			}
		}
		if m["content"] == nil && !strings.HasSuffix(at, "/304") {
			s.fault(at, "no content")
		}
		fallthrough
	case "body":
		if content, ok := m["content"]; ok {
			for name, media := range s.members(at+"/content", content) {
				s.check(at+"/"+name, "media", media)
			}
		}
	case "schema":
		s.schema(at, m)
	}
}

func (s *shape) schema(at string, m map[string]any) {
	var types []string
	switch t := m["type"].(type) {
	case string:
		types = []string{t}
	case []any:
		for _, one := range t {
			types = append(types, fmt.Sprint(one))
		}
	}
	for _, t := range types {
		if !slices.Contains([]string{"string", "integer", "number", "boolean", "array", "object", "null"}, t) {
			s.fault(at, "there is no type %q", t)
		}
	}
	if slices.Contains(types, "array") != (m["items"] != nil) {
		s.fault(at, "an array says what it holds, nothing else does: %v", m)
	}
	if m["items"] != nil {
		s.check(at+"/items", "schema", m["items"])
	}
	described := m["properties"] != nil || m["additionalProperties"] != nil
	if described != slices.Contains(types, "object") {
		s.fault(at, "an object says what it holds, nothing else does: %v", m)
	}
	properties := map[string]any{}
	if m["properties"] != nil {
		properties = s.members(at+"/properties", m["properties"])
	}
	for name, p := range properties {
		s.check(at+"/"+name, "schema", p)
	}
	if more, ok := m["additionalProperties"].(map[string]any); ok {
		s.check(at+"/additionalProperties", "schema", more)
	}
	required, _ := m["required"].([]any)
	for _, name := range required {
		if _, ok := properties[fmt.Sprint(name)]; !ok {
			s.fault(at, "%v is required and not described", name)
		}
	}
	for _, name := range []string{"oneOf", "anyOf"} {
		choices, _ := m[name].([]any)
		for i, c := range choices {
			if len(types) == 0 { // else it narrows the type that stands beside it
				s.check(fmt.Sprint(at, "/", name, "/", i), "schema", c)
			}
		}
	}
	if len(m) == 0 && !strings.HasSuffix(at, "/items") { // of any value
		s.fault(at, "the schema says nothing")
	}
}

// Generators of clients take the document at its word: what has no schema is lost.
func TestTheDocumentSaysWhatEverythingHolds(t *testing.T) {
	_, doc := load(t)
	s := shapeOf(doc)
	for _, fault := range s.faults {
		t.Error(fault)
	}
	if s.counted["media"] < 110 || s.counted["operation"] < 60 || s.counted["schema"] < 500 {
		t.Errorf("met %v", s.counted)
	}
}

// Each mistake that was once in the document, and its like, is found.
func TestAWrongDocumentIsFoundOut(t *testing.T) {
	at := func(doc map[string]any, path ...string) map[string]any {
		for _, name := range path {
			doc, _ = doc[name].(map[string]any)
		}
		return doc
	}
	for name, spoil := range map[string]func(doc map[string]any){
		"a text cut by a comma": func(d map[string]any) { at(d, "components", "parameters", "since")["as in 2026-11-23T08"] = "00:00Z" },
		"a text cut in properties": func(d map[string]any) {
			at(d, "components", "schemas", "Text", "properties")["null where there is none"] = nil
		},
		"a text that ends in as": func(d map[string]any) { at(d, "components", "parameters", "since")["description"] = "Only later, as" },
		"an open parenthesis": func(d map[string]any) {
			at(d, "components", "parameters", "range")["description"] = "Ignored (RFC 9110"
		},
		"an array of nothing": func(d map[string]any) {
			delete(at(d, "components", "schemas", "DatasetList", "properties", "datasets"), "items")
		},
		"an array among types": func(d map[string]any) {
			at(d, "components", "schemas", "Text", "properties", "zh")["type"] = []any{"string", "array"}
		},
		"a media type without schema": func(d map[string]any) {
			delete(at(d, "paths", "/d/{file}", "get", "responses", "200", "content", "text/csv"), "schema")
		},
		"a reference that leads away": func(d map[string]any) {
			at(d, "components", "schemas", "Profile", "properties", "release")["$ref"] = "#/components/schemas/None"
		},
		"a reference to another kind": func(d map[string]any) {
			at(d, "components", "schemas", "Profile", "properties", "release")["$ref"] = "#/components/headers/Location"
		},
		"two operations of one name":    func(d map[string]any) { at(d, "paths", "/readyz", "get")["operationId"] = "healthz" },
		"required and not described":    func(d map[string]any) { at(d, "components", "schemas", "Text")["required"] = []any{"zh", "fr"} },
		"an object of nothing":          func(d map[string]any) { delete(at(d, "components", "schemas", "Text"), "properties") },
		"a response without content":    func(d map[string]any) { delete(at(d, "paths", "/healthz", "get", "responses", "200"), "content") },
		"a schema that says nothing":    func(d map[string]any) { clear(at(d, "components", "schemas", "Text", "properties", "zh")) },
		"a type that there is not":      func(d map[string]any) { at(d, "components", "schemas", "Text", "properties", "zh")["type"] = "text" },
		"a description that is no text": func(d map[string]any) { at(d, "paths", "/healthz", "get", "responses", "200")["description"] = true },
	} {
		_, doc := load(t)
		spoil(doc)
		if s := shapeOf(doc); len(s.faults) == 0 {
			t.Errorf("%s is not found", name)
		}
	}
}
