package datasets

import (
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"govdata/catalog"
)

const schemaFile = "dataset.schema.json"

// Editors check definitions against the schema while they are written.
func TestTheSchemaAcceptsEveryDefinition(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	files, err := fs.Glob(Bundled(), "*/dataset.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		data, err := fs.ReadFile(Bundled(), file)
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(plain(t, data)); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		for _, mistake := range [][2]string{{"\nlicence:", "\nlicense:"}, {"\ntheme: ", "\ntheme: 教育"}, {"type: text", "type: string"}, {"\nmode: ", "\nmode: re"}, {"zh: ", "cn: "}} {
			wrong := strings.Replace(string(data), mistake[0], mistake[1], 1)
			if schema.Validate(plain(t, []byte(wrong))) == nil {
				t.Errorf("%s: the schema takes %q", file, mistake[1])
			}
		}
	}
}

// plain is a YAML document as JSON would have it.
func plain(t *testing.T, data []byte) any {
	t.Helper()
	var v any
	if err := yaml.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if v, err = jsonschema.UnmarshalJSON(strings.NewReader(string(text))); err != nil {
		t.Fatal(err)
	}
	return v
}

// The schema knows the keys that Parse knows, no more and no fewer.
func TestTheSchemaKnowsTheSameKeys(t *testing.T) {
	data, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	var root map[string]any
	if err := json.Unmarshal(data, &root); err != nil {
		t.Fatal(err)
	}
	compare(t, "", root, root, reflect.TypeFor[catalog.Dataset]())
}

func compare(t *testing.T, path string, root, schema map[string]any, is reflect.Type) {
	t.Helper()
	if ref, ok := schema["$ref"].(string); ok {
		schema = root["$defs"].(map[string]any)[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any)
	}
	for is.Kind() == reflect.Pointer {
		is = is.Elem()
	}
	switch {
	case is == reflect.TypeFor[catalog.Lines]():
	case is.Kind() == reflect.Slice:
		items, ok := schema["items"].(map[string]any)
		if !ok {
			t.Errorf("%s: want an array", path)
			return
		}
		compare(t, path+"[]", root, items, is.Elem())
	case is.Kind() == reflect.Struct:
		properties, _ := schema["properties"].(map[string]any)
		if schema["additionalProperties"] != false {
			t.Errorf("%s: further keys are taken", path)
		}
		known := map[string]bool{}
		for _, f := range reflect.VisibleFields(is) {
			key, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
			known[key] = true
			if property, ok := properties[key].(map[string]any); ok {
				compare(t, path+"."+key, root, property, f.Type)
			} else {
				t.Errorf("%s.%s is not in the schema", path, key)
			}
		}
		for _, key := range slices.Sorted(maps.Keys(properties)) {
			if !known[key] {
				t.Errorf("%s.%s is in the schema and no key of a definition", path, key)
			}
		}
	}
}
