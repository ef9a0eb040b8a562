// Package openapi describes the native API in OpenAPI 3.1. The source is
// openapi.yaml, written by people; a test of package server holds it against the
// routes.
package openapi

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"

	"govdata/catalog"
)

//go:embed openapi.yaml
var source []byte

// Document is the description of the API.
type Document struct {
	root object
	// About is the description of the whole.
	About string
	Tags  []Tag
}

// Tag is a group of operations.
type Tag struct {
	Name       catalog.Text
	About      string
	Operations []Operation
}

// Operation is what a method does at a path. The paths that choose a format by
// their ending are listed with the one that has none.
type Operation struct {
	ID, Method, Path string
	Endings          []string
	Summary          catalog.Text
	Description      string
	Parameters       []Parameter
	// Bodies are the media types of the request.
	Bodies    []string
	Responses []Response
	Example   string
}

// Parameter is one of an operation.
type Parameter struct {
	Name, In, Type string
	Required       bool
	Description    catalog.Text
}

// Response is what an operation answers with a status.
type Response struct {
	Status, Description string
	Media               []string
}

// answers are the formats of rows, by the path's ending.
var answers = []struct {
	ext, media string
	text       bool
}{
	{"json", "application/json", true}, {"jsonl", "application/x-ndjson", true}, {"csv", "text/csv", true},
	{"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", false},
	{"parquet", "application/vnd.apache.parquet", false}, {"arrow", "application/vnd.apache.arrow.stream", false},
}

// statuses are the problems that an operation may answer with.
var statuses = map[int]string{
	400: "The request cannot be meant; says which parameter, or which line and column of the statement", 401: "The key is unknown, revoked or expired",
	403: "The data is not open to everyone; names the condition", 404: "There is no such thing", 410: "The release was collected or withdrawn; of what was withdrawn it tells why and when",
	413: "The question or its answer is too large", 429: "More questions than one user may ask; says when to ask again",
	503: "Too many questions at once; says when to ask again", 504: "Not done in time",
}

// Load reads the description, once.
var Load = sync.OnceValues(func() (*Document, error) { return parse(source) })

func parse(source []byte) (*Document, error) {
	var read yaml.MapSlice
	if err := yaml.UnmarshalWithOptions(source, &read, yaml.UseOrderedMap()); err != nil {
		return nil, fmt.Errorf("openapi.yaml: %w", err)
	}
	root, ok := ordered(read).(object)
	if !ok {
		return nil, fmt.Errorf("openapi.yaml: it is no mapping")
	}
	d := &Document{root: root}
	info, _ := root.get("info").(object)
	d.About, _ = info.get("description").(string)
	tags, _ := root.get("tags").([]any)
	for _, t := range tags {
		tag := t.(object)
		d.Tags = append(d.Tags, Tag{Name: catalog.Text{Zh: tag.text("x-zh"), En: tag.text("name")}, About: tag.text("description")})
	}
	paths, _ := root.get("paths").(object)
	var all object
	for _, p := range paths {
		more, err := d.expand(p.name, p.value.(object))
		if err != nil {
			return nil, fmt.Errorf("openapi.yaml: %s: %w", p.name, err)
		}
		all = append(all, more...)
	}
	d.root.set("paths", all)
	return d, nil
}

// expand writes out what our own keys of a path mean.
func (d *Document) expand(path string, item object) (object, error) {
	whole, variants := object{}, make([]object, len(answers))
	for _, m := range item {
		op := m.value.(object)
		about := Operation{ID: op.text("operationId"), Method: strings.ToUpper(m.name), Path: path, Summary: catalog.Text{Zh: op.text("x-zh"), En: op.text("summary")},
			Description: op.text("description"), Example: op.text("x-example")}
		if about.ID == "" || about.Summary.Zh == "" || about.Summary.En == "" {
			return nil, fmt.Errorf("%s: want an operationId, a summary and its Chinese (x-zh)", m.name)
		}
		rows := op.get("x-answers") != nil
		for i, a := range answers {
			if !rows {
				break
			}
			about.Endings = append(about.Endings, "."+a.ext)
			one := slices.Clone(op)
			one.set("operationId", about.ID+strings.ToUpper(a.ext[:1])+a.ext[1:])
			one.set("responses", d.rowResponses(i))
			one.set("parameters", fitting(op, a.ext))
			variants[i].set(m.name, d.finish(one))
		}
		if rows {
			op.set("responses", d.rowResponses(-1))
			if m.name == "get" {
				parameters, _ := op.get("parameters").([]any)
				op.set("parameters", slices.Insert(slices.Clone(parameters), len(parameters)-1, any(object{{"$ref", "#/components/parameters/format"}})))
			} else {
				parameters, _ := op.get("parameters").([]any)
				op.set("parameters", append(slices.Clone(parameters), any(object{{"$ref", "#/components/parameters/format"}})))
			}
		}
		op = d.finish(op)
		whole.set(m.name, op)
		if err := d.describe(&about, op); err != nil {
			return nil, err
		}
		group, _ := op.get("tags").([]any)
		i := slices.IndexFunc(d.Tags, func(t Tag) bool { return len(group) == 1 && t.Name.En == group[0] })
		if i < 0 {
			return nil, fmt.Errorf("%s: want one of the tags", m.name)
		}
		d.Tags[i].Operations = append(d.Tags[i].Operations, about)
	}
	all := object{{path, whole}}
	for i, v := range variants {
		if len(v) > 0 {
			all = append(all, member{path + "." + answers[i].ext, v})
		}
	}
	return all, nil
}

// bound are the parameters that go with one format alone.
var bound = map[string]string{"bom": "csv", "excel_safe": "csv", "shape": "json", "cite": "json"}

// fitting are the parameters of an operation that go with a format.
func fitting(op object, ext string) []any {
	parameters, _ := op.get("parameters").([]any)
	var kept []any
	for _, p := range parameters {
		o, _ := p.(object)
		name := o.text("$ref")[strings.LastIndexByte(o.text("$ref"), '/')+1:]
		switch only := bound[name]; {
		case only != "" && only != ext:
		case name == "limit" && ext != "json":
			kept = append(kept, ref("parameters", "limit_of_file"))
		default:
			kept = append(kept, p)
		}
	}
	return kept
}

func ref(kind, name string) object { return object{{"$ref", "#/components/" + kind + "/" + name}} }

// rowResponses are those of rows in one format, or in any.
func (d *Document) rowResponses(only int) object {
	content := object{}
	for i, a := range answers {
		switch {
		case only >= 0 && i != only:
		case a.ext == "json":
			content.set(a.media, object{{"schema", ref("schemas", "Rows")}})
		case a.text:
			content.set(a.media, object{{"schema", object{{"type", "string"}}}})
		default:
			content.set(a.media, object{{"schema", object{{"type", "string"}, {"format", "binary"}}}})
		}
	}
	headers := object{}
	for _, name := range []string{"X-Total-Rows", "X-Truncated"} {
		headers.set(name, ref("headers", name))
	}
	return object{{"200", object{{"description", "The rows"}, {"headers", headers}, {"content", content}}}}
}

// finish adds the answers that operations have in common, and drops our own keys.
func (d *Document) finish(op object) object {
	responses, _ := op.get("responses").(object)
	responses = slices.Clone(responses)
	if op.get("x-fresh") != nil {
		responses.set("304", object{{"description", "Nothing has changed"}})
	}
	codes := []int{400, 401}
	more, _ := op.get("x-errors").([]any)
	for _, m := range more {
		switch n := m.(type) {
		case uint64:
			codes = append(codes, int(n))
		case int64:
			codes = append(codes, int(n))
		}
	}
	for _, code := range codes {
		one := object{{"description", statuses[code]}}
		switch code {
		case 401:
			one.set("headers", object{{"WWW-Authenticate", ref("headers", "WWW-Authenticate")}})
		case 429, 503:
			one.set("headers", object{{"Retry-After", ref("headers", "Retry-After")}})
		}
		one.set("content", object{{"application/problem+json", object{{"schema", ref("schemas", "Problem")}}}})
		responses.set(fmt.Sprint(code), one)
	}
	var kept object
	for _, m := range op {
		if !strings.HasPrefix(m.name, "x-") && m.name != "responses" {
			kept = append(kept, m)
		}
	}
	kept.set("responses", responses)
	kept.set("security", []any{object{}, object{{"key", []any{}}}, object{{"bearer", []any{}}}})
	return kept
}

// describe fills in what a page shows of an operation.
func (d *Document) describe(about *Operation, op object) error {
	parameters, _ := op.get("parameters").([]any)
	for _, p := range parameters {
		one, err := d.resolve(p)
		if err != nil {
			return err
		}
		required, _ := one.get("required").(bool)
		schema, err := d.resolve(one.get("schema"))
		if err != nil {
			return err
		}
		about.Parameters = append(about.Parameters, Parameter{Name: one.text("name"), In: one.text("in"), Type: typeOf(schema), Required: required,
			Description: catalog.Text{Zh: one.text("x-zh"), En: one.text("description")}})
	}
	body, _ := op.get("requestBody").(object)
	content, _ := body.get("content").(object)
	for _, m := range content {
		about.Bodies = append(about.Bodies, m.name)
	}
	responses, _ := op.get("responses").(object)
	for _, m := range responses {
		one, _ := m.value.(object)
		r := Response{Status: m.name, Description: one.text("description")}
		content, _ := one.get("content").(object)
		for _, c := range content {
			r.Media = append(r.Media, c.name)
		}
		about.Responses = append(about.Responses, r)
	}
	slices.SortStableFunc(about.Responses, func(a, b Response) int { return strings.Compare(a.Status, b.Status) })
	return nil
}

func typeOf(schema object) string {
	var parts []string
	if values, ok := schema.get("enum").([]any); ok {
		for _, v := range values {
			if v != "" && v != nil {
				parts = append(parts, fmt.Sprint(v))
			}
		}
		return strings.Join(parts, " | ")
	}
	text := schema.text("type")
	if least, most := schema.get("minimum"), schema.get("maximum"); least != nil && most != nil {
		text += fmt.Sprintf(" %v–%v", least, most)
	} else if least != nil {
		text += fmt.Sprintf(" ≥ %v", least)
	}
	if f := schema.text("format"); f != "" {
		text += ", " + f
	}
	return text
}

// resolve follows a reference inside the document.
func (d *Document) resolve(v any) (object, error) {
	o, _ := v.(object)
	name, ok := o.get("$ref").(string)
	if !ok {
		return o, nil
	}
	at := d.root
	for part := range strings.SplitSeq(strings.TrimPrefix(name, "#/"), "/") {
		if at, ok = at.get(part).(object); !ok {
			return nil, fmt.Errorf("%s leads nowhere", name)
		}
	}
	return at, nil
}

// Routes lists the methods and paths of the document, as "GET /api/v1/sql.csv".
func (d *Document) Routes() []string {
	var list []string
	paths, _ := d.root.get("paths").(object)
	for _, p := range paths {
		for _, m := range p.value.(object) {
			list = append(list, strings.ToUpper(m.name)+" "+p.name)
		}
	}
	return list
}

// JSON writes the document for a site at the public address base.
func (d *Document) JSON(base, title, software string) ([]byte, error) {
	root := slices.Clone(d.root)
	info := slices.Clone(root.get("info").(object))
	info.set("title", title)
	info.set("x-software", software)
	root.set("info", info)
	root.set("servers", []any{object{{"url", base}}})
	b, err := json.MarshalIndent(plain(root), "", " ")
	return append(b, '\n'), err
}

// plain drops our Chinese texts, which readers of the document do not know.
func plain(v any) any {
	switch v := v.(type) {
	case object:
		var o object
		for _, m := range v {
			if m.name != "x-zh" {
				o = append(o, member{m.name, plain(m.value)})
			}
		}
		return o
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = plain(v[i])
		}
		return list
	}
	return v
}

// object is a mapping that keeps its order.
type object []member

type member struct {
	name  string
	value any
}

func (o object) get(name string) any {
	for _, m := range o {
		if m.name == name {
			return m.value
		}
	}
	return nil
}

func (o object) text(name string) string {
	s, _ := o.get(name).(string)
	return strings.TrimSpace(s)
}

func (o *object) set(name string, value any) {
	for i, m := range *o {
		if m.name == name {
			*o = slices.Clone(*o) // it may be shared
			(*o)[i].value = value
			return
		}
	}
	*o = append(slices.Clip(*o), member{name, value})
}

// MarshalJSON implements json.Marshaler.
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(m.name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(m.value)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// ordered turns what the YAML reader gives into objects, lists and scalars.
func ordered(v any) any {
	switch v := v.(type) {
	case yaml.MapSlice:
		o := object{}
		for _, m := range v {
			o.set(fmt.Sprint(m.Key), ordered(m.Value))
		}
		return o
	case map[string]any: // an alias is read into one without order
		o := object{}
		for name, value := range v {
			o.set(name, ordered(value))
		}
		slices.SortFunc(o, func(a, b member) int { return strings.Compare(a.name, b.name) })
		return o
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = ordered(v[i])
		}
		return list
	}
	return v
}
