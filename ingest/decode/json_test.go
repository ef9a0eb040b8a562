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
		{"numbers keep their text", `[{"a":1.50,"b":620102199001011234567,"c":-0,"d":1E+2,"e":0.10000000000000000001}]`, "json", "",
			[]record{{1, []string{"a", "b", "c", "d", "e"}}, {1, []string{"1.50", "620102199001011234567", "-0", "1E+2", "0.10000000000000000001"}}}},
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
			[]record{{1, []string{"name", "geometry"}}, {1, []string{"兰州", `{"type":"Point","coordinates":[103.8,36.1]}`}}}},
		{"JSON Lines", "{\"a\":1}\n{\"a\":2,\"b\":3}\n", "jsonl", "", []record{{1, []string{"a", "b"}}, {1, []string{"1", ""}}, {2, []string{"2", "3"}}}},
		{"JSON Lines with blank lines and CRLF", "{\"a\":1}\r\n\r\n{\"a\":2}", "jsonl", "", []record{{1, []string{"a"}}, {1, []string{"1"}}, {3, []string{"2"}}}},
		{"JSON Lines with nested arrays", "{\"a\":[{\"x\":1}]}\n{\"a\":[]}\n", "jsonl", "", []record{{1, []string{"a"}}, {1, []string{`[{"x":1}]`}}, {2, []string{"[]"}}}},
		{"one object is one row", `{"a":1,"b":2}`, "jsonl", "", []record{{1, []string{"a", "b"}}, {1, []string{"1", "2"}}}},
		{"of a key given twice the last counts", `[{"a":1,"a":2}]`, "json", "", []record{{1, []string{"a"}}, {1, []string{"2"}}}},
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
		{"array of arrays", "[\n[1,2]]", ErrFormat, "array of something else", 2},
		{"object without rows", `{"a":{"b":["x","y"]}}`, ErrFormat, "without an array of objects", 0},
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
	l, err := layoutOf("t.json", open(), 1<<20, "")
	if err != nil {
		return nil, err
	}
	return readAll(&jsonTable{file: "t.json", open: func(bool) io.ReadCloser { return io.NopCloser(open()) }, layout: l, maxCell: 1 << 20})
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

// FuzzJSON holds the reader to encoding/json: what it reads as an array of
// objects is one, with the same strings, numbers as written, and rows.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{`[{"a":1,"b":"x\u00e9"},{"c":null}]`, `{"data":[{"a":[1,{"b":2}]}]}`, "{\"a\":1}\n{\"a\":2}", `[{"a":"`, `[]`, `{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"a":1}}]}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		text = bytes.ToValidUTF8(text, []byte("\uFFFD")) // as the decoder of the character set leaves it
		got, err := scanJSON(func() io.Reader { return bytes.NewReader(text) })
		if e := (*Error)(nil); err != nil && !errors.As(err, &e) {
			t.Fatalf("not an *Error: %v", err)
		}
		var want []map[string]any
		d := json.NewDecoder(bytes.NewReader(text))
		d.UseNumber()
		wantErr := d.Decode(&want)
		if wantErr == nil {
			if _, more := d.Token(); more != io.EOF {
				wantErr = errors.New("more text")
			}
		}
		if bytes.Contains(text, []byte("null")) && bytes.IndexByte(text, '[') >= 0 && wantErr == nil {
			for _, o := range want {
				if o == nil { // a null among the objects, which is no row
					return
				}
			}
		}
		trimmed := bytes.TrimLeft(text, " \t\r\n")
		if len(trimmed) == 0 || trimmed[0] != '[' {
			return
		}
		if wantErr != nil && err == nil {
			t.Fatalf("accepted %q, which encoding/json refuses: %v", text, wantErr)
		}
		if err != nil {
			if wantErr == nil && len(want) > 0 {
				t.Fatalf("refused %q: %v", text, err)
			}
			return
		}
		if len(got) != len(want)+1 {
			t.Fatalf("%d rows of %d objects in %q", len(got)-1, len(want), text)
		}
		for i, o := range want {
			for k, name := range got[0].cells {
				cell := got[i+1].cells[k]
				switch v := o[name].(type) {
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
	})
}
