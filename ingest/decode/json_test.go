package decode

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestJSONBecomesAHeaderAndARowPerObject(t *testing.T) {
	for _, c := range []struct {
		name, text, format string
		notes              string
		want               []record
	}{
		{"array", `[{"a":1,"b":"x"},{"a":2,"b":"y"}]`, "json", "",
			[]record{{1, []string{"a", "b"}}, {1, []string{"1", "x"}}, {1, []string{"2", "y"}}}},
		{"lines are those where objects begin", "[\n  {\"a\": 1,\n   \"b\": 2},\n\n  {\"a\": 3}\n]\n", "json", "",
			[]record{{1, []string{"a", "b"}}, {2, []string{"1", "2"}}, {5, []string{"3", ""}}}},
		{"keys are united in order of appearance", "[{\"b\":1},\n{\"a\":2,\"b\":3},\n{\"c\":4}]", "json", "",
			[]record{{1, []string{"b", "a", "c"}}, {1, []string{"1", "", ""}}, {2, []string{"3", "2", ""}}, {3, []string{"", "", "4"}}}},
		{"numbers keep their text, but for exponents", `[{"a":1.50,"b":620102199001011234567,"c":-0,"d":1E+2,"e":0.10000000000000000001}]`, "json", "",
			[]record{{1, []string{"a", "b", "c", "d", "e"}}, {1, []string{"1.50", "620102199001011234567", "-0", "100", "0.10000000000000000001"}}}},
		{"null, true, false, empty", `[{"a":null,"b":true,"c":false,"d":""}]`, "json", "",
			[]record{{1, []string{"a", "b", "c", "d"}}, {1, []string{"", "true", "false", ""}}}},
		{"escapes", `[{"a\u540d":"\u7518\u8083 \"\\\/\b\f\n\r\t\ud842\udfb7"}]`, "json", "",
			[]record{{1, []string{"a名"}}, {1, []string{"甘肃 \"\\/\b\f\n\r\t𠮷"}}}},
		{"half a surrogate pair", `[{"a":"x\ud842y"}]`, "json", "", []record{{1, []string{"a"}}, {1, []string{"x\uFFFDy"}}}},
		{"nested values are compact JSON", `[{"a":{"x": [1, 2.0]},"b":[ ]}]`, "json", "",
			[]record{{1, []string{"a", "b"}}, {1, []string{`{"x":[1,2.0]}`, `[]`}}}},
		{"under a key", "{\"code\":0,\n\"data\":[\n{\"a\":1}]}", "json", `under "data"`, []record{{2, []string{"a"}}, {3, []string{"1"}}}},
		{"under two keys", `{"result":{"total":1,"records":[{"a":1}]}}`, "json", `under "result.records"`, []record{{1, []string{"a"}}, {1, []string{"1"}}}},
		{"several arrays, one with a table's name", `{"fields":[{"id":"a"}],"records":[{"a":1}]}`, "json", "left out of the document: fields", []record{{1, []string{"a"}}, {1, []string{"1"}}}},
		{"GeoJSON", `{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"name":"兰州"},"geometry":{"type":"Point","coordinates":[103.8,36.1]}}]}`, "json", `under "features"`,
			[]record{{1, []string{"name", "lon", "lat", "geometry"}}, {1, []string{"兰州", "103.8", "36.1", `{"type":"Point","coordinates":[103.8,36.1]}`}}}},
		{"JSON Lines", "{\"a\":1}\n{\"a\":2,\"b\":3}\n", "jsonl", "", []record{{1, []string{"a", "b"}}, {1, []string{"1", ""}}, {2, []string{"2", "3"}}}},
		{"JSON Lines with blank lines and CRLF", "{\"a\":1}\r\n\r\n{\"a\":2}", "jsonl", "", []record{{1, []string{"a"}}, {1, []string{"1"}}, {3, []string{"2"}}}},
		{"JSON Lines with nested arrays", "{\"a\":[{\"x\":1}]}\n{\"a\":[]}\n", "jsonl", "", []record{{1, []string{"a"}}, {1, []string{`[{"x":1}]`}}, {2, []string{"[]"}}}},
		{"one object is one row", `{"a":1,"b":2}`, "jsonl", "", []record{{1, []string{"a", "b"}}, {1, []string{"1", "2"}}}},
		{"of a key given twice the last counts", `[{"a":1,"a":2}]`, "json", "", []record{{1, []string{"a"}}, {1, []string{"2"}}}},
		{"an array of arrays, the first of strings", "[[\"a\",\"b\"],\n[1,\"x\"],[2,null,true]]", "json", "the rows are arrays",
			[]record{{1, []string{"a", "b", "c3"}}, {2, []string{"1", "x"}}, {2, []string{"2", "", "true"}}}},
		{"an array of arrays", "[[1,\"x\"],\n[620102199001011234,[2, 3]]]", "json", "c1, c2",
			[]record{{1, []string{"c1", "c2"}}, {1, []string{"1", "x"}}, {2, []string{"620102199001011234", "[2,3]"}}}},
		{"an array of values", "[\"甘\\u8083\",\n1.50,null,true]", "json", "one array",
			[]record{{1, []string{"value"}}, {1, []string{"甘肃"}}, {2, []string{"1.50"}}, {2, []string{""}}, {2, []string{"true"}}}},
		{"records keyed by an id", "{\"620100\":{\"name\":\"兰州\",\"x\":1},\n\"620102\":{\"x\":2},\n\"620103\":{\"name\":\"七里河\",\"y\":[3]}}", "json", "members of the document",
			[]record{{1, []string{"key", "name", "x", "y"}}, {1, []string{"620100", "兰州", "1", ""}}, {2, []string{"620102", "", "2", ""}}, {3, []string{"620103", "七里河", "", "[3]"}}}},
		{"keyed records with a key of their own", `{"a":{"key":1},"b":{"key":2},"c":{"key":3}}`, "json", "",
			[]record{{1, []string{"_key", "key"}}, {1, []string{"a", "1"}}, {1, []string{"b", "2"}}, {1, []string{"c", "3"}}}},
		{"keyed records under a key", "{\"meta\":{\"v\":1},\n\"data\":{\"a\":{\"x\":1},\"b\":{\"x\":2},\"c\":{\"x\":3}}}", "json", `members of "data"`,
			[]record{{2, []string{"key", "x"}}, {2, []string{"a", "1"}}, {2, []string{"b", "2"}}, {2, []string{"c", "3"}}}},
		{"keyed records with arrays in them", `{"a":{"n":1,"l":[{"q":1}]},"b":{"n":2,"l":[{"q":2}]},"c":{"n":3,"l":[]}}`, "json", "members of the document",
			[]record{{1, []string{"key", "n", "l"}}, {1, []string{"a", "1", `[{"q":1}]`}}, {1, []string{"b", "2", `[{"q":2}]`}}, {1, []string{"c", "3", "[]"}}}},
		{"a tree", "[{\"code\":\"62\",\"name\":\"甘肃\",\"children\":[\n{\"code\":\"6201\",\"name\":\"兰州\",\"children\":[\n{\"code\":\"620102\",\"name\":\"城关\"}]},{\"code\":\"6202\",\"name\":\"嘉峪关\"}]}]", "json", `those under "children"`,
			[]record{{1, []string{"code", "name", "level", "path"}}, {1, []string{"62", "甘肃", "1", ""}}, {2, []string{"6201", "兰州", "2", "甘肃"}},
				{3, []string{"620102", "城关", "3", "甘肃/兰州"}}, {3, []string{"6202", "嘉峪关", "2", "甘肃"}}}},
		{"a tree whose nodes have a level and come after their children", `[{"下级":[{"id":11,"level":"市","path":"x","下级":null}],"id":1,"level":"省","path":"y"}]`, "json", `those under "下级"`,
			[]record{{1, []string{"id", "level", "path", "_level", "_path"}}, {1, []string{"1", "省", "y", "1", ""}}, {1, []string{"11", "市", "x", "2", "1"}}}},
		{"a tree of one root", `{"name":"中国","v":1,"subs":[{"name":"甘肃","v":2,"subs":[{"name":"兰州","v":3,"subs":[]}]}]}`, "json", `those under "subs"`,
			[]record{{1, []string{"name", "v", "level", "path"}}, {1, []string{"中国", "1", "1", ""}}, {1, []string{"甘肃", "2", "2", "中国"}}, {1, []string{"兰州", "3", "3", "中国/甘肃"}}}},
		{"a tree under its own key in an answer", `{"status":"1","districts":[{"adcode":"62","name":"甘肃","districts":[{"adcode":"6201","name":"兰州","districts":[]}]}]}`, "json", `under "districts"`,
			[]record{{1, []string{"adcode", "name", "level", "path"}}, {1, []string{"62", "甘肃", "1", ""}}, {1, []string{"6201", "兰州", "2", "甘肃"}}}},
		{"a tree whose leaves are values", `[{"name":"甘肃","children":[{"name":"兰州","children":["城关","七里河"]}]}]`, "json", "",
			[]record{{1, []string{"name", "value", "level", "path"}}, {1, []string{"甘肃", "", "1", ""}}, {1, []string{"兰州", "", "2", "甘肃"}},
				{1, []string{"", "城关", "3", "甘肃/兰州"}}, {1, []string{"", "七里河", "3", "甘肃/兰州"}}}},
		{"trees on lines", "{\"n\":1,\"kids\":[{\"n\":2}]}\n{\"n\":3,\"kids\":[]}\n", "jsonl", `those under "kids"`,
			[]record{{1, []string{"n", "level", "path"}}, {1, []string{"1", "1", ""}}, {1, []string{"2", "2", ""}}, {2, []string{"3", "1", ""}}}},
		{"objects of another kind are no tree", `[{"id":1,"name":"x","items":[{"id":7,"name":"y","price":3}]}]`, "json", "",
			[]record{{1, []string{"id", "name", "items"}}, {1, []string{"1", "x", `[{"id":7,"name":"y","price":3}]`}}}},
		{"objects in objects", "{\"香港\":{\"九龙\":[\"油尖旺\",\n\"深水埗\"],\"新界\":[]},\"台湾\":{}}", "json", "level_1, level_2",
			[]record{{1, []string{"level_1", "level_2", "level_3"}}, {1, []string{"香港", "九龙", "油尖旺"}}, {2, []string{"香港", "九龙", "深水埗"}}, {2, []string{"香港", "新界"}}, {2, []string{"台湾"}}}},
		{"names by code by code", `{"86":{"62":"甘肃","63":"青海"},"62":{"6201":"兰州"},"63":{"6301":"西宁"}}`, "json", "level_1, level_2",
			[]record{{1, []string{"level_1", "level_2", "level_3"}}, {1, []string{"86", "62", "甘肃"}}, {1, []string{"86", "63", "青海"}}, {1, []string{"62", "6201", "兰州"}}, {1, []string{"63", "6301", "西宁"}}}},
		{"byte order mark", "\uFEFF[{\"a\":1}]", "json", "", []record{{1, []string{"a"}}, {1, []string{"1"}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := mustOpen(t, "t.json", []byte(c.text), Options{})
			if i := s.Info(); i.Format != c.format || !strings.Contains(strings.Join(i.Notes, "; "), c.notes) {
				t.Errorf("found to be %+v", i)
			}
			wantRows(t, rowsOf(t, s), c.want)
		})
	}
}

func TestJSONTableIsPickedByName(t *testing.T) {
	s := mustOpen(t, "t.json", []byte(`{"permits":[{"a":1}],"penalties":[{"b":2}]}`), Options{Sheet: "penalties"})
	wantRows(t, rowsOf(t, s), []record{{1, []string{"b"}}, {1, []string{"2"}}})
}

func TestJSONThatIsNoTableIsRefused(t *testing.T) {
	for _, c := range []struct {
		name, text string
		category   error
		found      string
		line       int64
	}{
		{"empty array", "[]", ErrEmpty, "empty JSON array", 1},
		{"an array of empty arrays", "[\n[],[]]", ErrEmpty, "empty arrays", 1},
		{"an object among arrays", "[[1],\n{\"a\":1}]", ErrFormat, "other than an array", 2},
		{"a service's answer", `{"status":{"code":0},"meta":{"page":1}}`, ErrFormat, "without an array of objects", 0},
		{"settings", `{"v":1,"a":{"b":["x","y"]}}`, ErrFormat, "without an array of objects", 0},
		{"a tree too deep", strings.Repeat(`[{"n":1,"children":`, 65) + "[]" + strings.Repeat("}]", 65), ErrFormat, "64 levels", 1},
		{"an array among nodes", `[{"n":1,"children":[{"n":2},[3]]}]`, ErrFormat, "array among the nodes", 1},
		{"two tables", `{"a":[{"x":1}],"b":[{"y":1}]}`, ErrFormat, "2 tables", 0},
		{"a bracket alone", "[", ErrCorrupt, "end of the text", 1},
		{"a brace alone", "{", ErrCorrupt, "end of the text", 1},
		{"cut off in an object", "[{\"a\":1},\n{\"a\":", ErrCorrupt, "end of the text", 2},
		{"cut off in a string", "[{\"a\":1},\n{\"a\":\"x", ErrCorrupt, "end of the text", 2},
		{"cut off between objects", "[{\"a\":1},\n", ErrCorrupt, "end of the text", 2},
		{"cut off before the bracket", "[{\"a\":1}\n", ErrCorrupt, "end of the text", 2},
		{"cut off under a key", "{\"data\":[{\"a\":1},\n{\"a\":2}", ErrCorrupt, "end of the text", 2},
		{"no comma", "[{\"a\":1}\n{\"a\":2}]", ErrFormat, "'{'", 2},
		{"no value", "[{\"a\":1,\n\"b\":}]", ErrFormat, "missing value", 2},
		{"no number", "[{\"a\":01}]", ErrFormat, `"01"`, 1},
		{"Python's words", "[{\"a\":None}]", ErrFormat, `"None"`, 1},
		{"a key without quotes", "[{a:1}]", ErrFormat, "other than a key in double quotes", 1},
		{"something behind the array", "[{\"a\":1}]\nx", ErrFormat, "'x'", 2},
		{"a value among objects", "[{\"a\":1},\n2]", ErrFormat, "'2'", 2},
		{"crossed brackets", `[{"a":[1}]}]`, ErrFormat, "no JSON", 1},
		{"a raw line end in a string", "[{\"a\":\"x\ny\"}]", ErrFormat, "control character", 1},
		{"a bad escape", `[{"a":"\x41"}]`, ErrFormat, "escape", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := openBytes(t, "t.json", []byte(c.text), Options{})
			if err == nil {
				_, err = readAll(s.Tables()[0])
			}
			if e := wantRefusal(t, err, c.category); !strings.Contains(e.Found, c.found) || c.line > 0 && e.Line != c.line {
				t.Errorf("got %v, want %q on line %d", err, c.found, c.line)
			}
		})
	}
}

func TestJSONCellOverTheBoundIsRefused(t *testing.T) {
	for _, text := range []string{
		`[{"a":"` + strings.Repeat("x", 1<<20) + `"}]`,
		`[{"a":` + strings.Repeat("[", 1<<20),
		`{"data":[{"a":1}],"b":"` + strings.Repeat("x", 1<<20) + `"}`,
	} {
		s, err := openBytes(t, "t.json", []byte(text), Options{MaxCell: 1 << 10})
		if err == nil {
			_, err = readAll(s.Tables()[0])
		}
		if e := (*Error)(nil); !errors.As(err, &e) {
			t.Errorf("%.20s...: got %v", text, err)
		}
	}
}

func TestJSONWithTooManyKeysIsRefused(t *testing.T) {
	var text bytes.Buffer
	text.WriteString("[")
	for i := range maxColumns + 1 {
		fmt.Fprintf(&text, "{\"k%d\":1},\n", i)
	}
	text.WriteString("{}]")
	s := mustOpen(t, "t.json", text.Bytes(), Options{})
	_, err := readAll(s.Tables()[0])
	if e := wantRefusal(t, err, ErrFormat); e.Line != maxColumns+1 {
		t.Errorf("got %v", err)
	}
}

// scanJSON reads text with the table alone, from readers of our choice.
func scanJSON(open func() io.Reader) ([]record, error) {
	l, err := layoutOf("t.json", func() io.ReadCloser { return io.NopCloser(open()) }, 1<<20, "")
	if err != nil {
		return nil, err
	}
	again := func(bool) io.ReadCloser { return io.NopCloser(open()) }
	switch l.shape {
	case shapeArrays, shapeValues, shapeLeaves:
		return readAll(&jsonList{file: "t.json", open: again, layout: l, maxCell: 1 << 20})
	}
	return readAll(&jsonTable{file: "t.json", open: again, layout: l, maxCell: 1 << 20})
}

func TestJSONBufferEndsMakeNoDifference(t *testing.T) {
	var text bytes.Buffer
	text.WriteString(`{"meta":{"x":[1,{"y":"]"}]},"data":[`)
	for i := range 5_000 {
		if i > 0 {
			text.WriteString(",\n")
		}
		fmt.Fprintf(&text, ` {"k%d": "甘\"肃\\%d", "n": {"a": [1, "}"]}, "v": -%d.5e1}`, i%3, i, i)
	}
	text.WriteString("\n], \"more\": [1, 2]}\n")
	want, err := scanJSON(func() io.Reader { return bytes.NewReader(text.Bytes()) })
	if err != nil || len(want) != 5_001 || want[5_000].line != 5_000 {
		t.Fatalf("%d rows, %v", len(want), err)
	}
	got, err := scanJSON(func() io.Reader { return iotest.OneByteReader(bytes.NewReader(text.Bytes())) })
	if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("byte by byte: other rows, %v", err)
	}
}

// FuzzJSON holds the reader to encoding/json: what it reads is JSON, with the
// same strings, numbers as written, and a row for each record.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{
		`[{"a":1,"b":"x\u00e9"},{"c":null}]`, `{"data":[{"a":[1,{"b":2}]}]}`, "{\"a\":1}\n{\"a\":2}", `[{"a":"`, `[]`,
		`{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"a":1}}]}`,
		`[{"n":"a","children":[{"n":"b","children":[{"n":"c"},null,"d"]}]},{"n":"e"}]`, `{"n":1,"k":[{"n":2,"k":[]}]}`, `[{"children":[{"n":2}],"n":1,"level":3}]`,
		`{"a":{"x":1},"b":{"x":"2","y":[]},"c":{"x":null}}`, `{"data":{"a":{"x":1},"b":{"x":2},"c":{"key":2,"x":1}},"m":0}`,
		`{"a":{"b":["x","y"],"c":[]},"d":{"e":[1]}}`, `{"a":{"b":"1"},"c":{"d":"2"},"e":{}}`, `[["a","b"],[1,[2]],[]]`, `[[1],["x",null]]`, `["a",1.50,null,{"x":1}]`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		text = bytes.ToValidUTF8(text, []byte("\uFFFD")) // as the decoder of the character set leaves it
		open := func() io.Reader { return bytes.NewReader(text) }
		got, err := scanJSON(open)
		if e := (*Error)(nil); err != nil && !errors.As(err, &e) {
			t.Fatalf("not an *Error: %v", err)
		}
		for i := 1; i < len(got); i++ {
			if got[i].line < got[i-1].line || len(got[i].cells) > max(len(got[0].cells), 1) {
				t.Fatalf("row %d is %+v after %+v", i, got[i], got[i-1])
			}
		}
		valid, want := decodeJSON(text)
		l, layoutErr := layoutOf("t.json", func() io.ReadCloser { return io.NopCloser(open()) }, 1<<20, "")
		if layoutErr != nil {
			if array, ok := want.([]any); valid && ok && len(array) > 0 {
				t.Fatalf("refused %q: %v", text, layoutErr)
			}
			return
		}
		if _, ok := want.([]any); ok || l.shape == shapeLeaves || l.root {
			if !valid && err == nil {
				t.Fatalf("accepted %q, which is no JSON", text)
			}
		}
		if !valid || l.lines && !l.root || l.inside {
			return
		}
		array, _ := want.([]any)
		rows := len(array)
		switch l.shape {
		case shapeObjects:
			for _, o := range array {
				if _, ok := o.(map[string]any); !ok && err == nil {
					t.Fatalf("accepted %T among objects in %q", o, text)
				} else if !ok {
					return
				}
			}
		case shapeArrays:
			if len(got) > 0 && len(array[0].([]any)) > 0 {
				if _, ok := array[0].([]any)[0].(string); ok && got[0].cells[0] == array[0].([]any)[0] {
					rows-- // the header stands in the array, or seems to
				}
			}
			if rows != len(array) && len(got) == len(array)+1 {
				rows = len(array)
			}
		case shapeTree:
			if l.root {
				array = []any{want}
			}
			depth := 0
			if rows, depth = nodes(array, l.children, 1); depth > maxTreeDepth || rows < 0 {
				return
			}
		case shapeKeyed, shapeLeaves:
			return // a key given twice is two rows
		}
		if e := (*Error)(nil); errors.As(err, &e) && (errors.Is(err, ErrEmpty) || strings.Contains(e.Found, "other than an array")) {
			return
		}
		if err != nil || len(got) != rows+1 {
			t.Fatalf("%d rows for %d records in %q: %v", len(got)-1, rows, text, err)
		}
		if l.shape == shapeObjects {
			wantObjects(t, text, got, array)
		}
	})
}

// decodeJSON reads text with encoding/json and reports whether it is one value.
func decodeJSON(text []byte) (bool, any) {
	var want any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&want); err != nil {
		if trimmed := bytes.TrimLeft(text, " \t\r\n"); len(trimmed) > 0 && trimmed[0] == '[' {
			return false, []any{}
		}
		return false, nil
	}
	_, more := d.Token()
	return more == io.EOF, want
}

// nodes counts the nodes of a tree and its levels; -1 where an array stands
// among them.
func nodes(of []any, children string, level int) (n, depth int) {
	depth = level
	for _, node := range of {
		switch node := node.(type) {
		case nil:
		case []any:
			return -1, depth
		case map[string]any:
			n++
			if below, ok := node[children].([]any); ok && len(below) > 0 {
				k, d := nodes(below, children, level+1)
				if k < 0 {
					return -1, d
				}
				n, depth = n+k, max(depth, d)
			}
		default:
			if level == 1 {
				return -1, depth
			}
			n++
		}
	}
	return n, depth
}

// wantObjects compares rows with objects cell by cell.
func wantObjects(t *testing.T, text []byte, got []record, want []any) {
	for i, o := range want {
		for k, name := range got[0].cells {
			cell := got[i+1].cells[k]
			switch v := o.(map[string]any)[name].(type) {
			case nil:
				if cell != "" {
					t.Fatalf("%q is %q, want nothing, in %q", name, cell, text)
				}
			case string:
				if cell != v {
					t.Fatalf("%q is %q, want %q, in %q", name, cell, v, text)
				}
			case json.Number:
				if cell != v.String() {
					t.Fatalf("%q is %q, want %s, in %q", name, cell, v, text)
				}
			}
		}
	}
}
