package decode

import (
	"fmt"
	"strings"
	"testing"
)

// The forms in which JSON carries a table that is no list of objects.
func TestJSONThatNamesItsColumnsApartIsRead(t *testing.T) {
	ab := []record{{1, []string{"代码", "值"}}, {1, []string{"001", "1"}}, {1, []string{"002", "2"}}}
	for _, c := range []struct {
		name, text string
		want       []record
	}{
		{"cols and rows", `{"cols": ["代码", "值"], "rows": [["001", 1], ["002", 2]]}`, ab},
		{"rows and cols", `{"rows": [["001", 1], ["002", 2]], "total": 2, "cols": ["代码", "值"]}`, ab},
		{"pandas split", `{"columns":["代码","值"],"index":[0,1],"data":[["001",1],["002",2]]}`, ab},
		{"columns with types", `{"fields":[{"id":"代码","type":"text"},{"id":"值","type":"numeric"}],"records":[["001",1],["002",2]]}`, ab},
		{"in an answer", `{"code":0,"data":{"header":["代码","值"],"list":[["001",1],["002",2]]}}`, ab},
		{"objects called columns", `{"columns":[{"name":"代码","width":80},{"name":"值","width":90}],"rows":[["001",1],["002",2]]}`, ab},
		{"fewer names than cells", `{"cols":["代码"],"rows":[["001",1],["002",2,3]]}`, []record{{1, []string{"代码", "c2", "c3"}}, {1, []string{"001", "1"}}, {1, []string{"002", "2", "3"}}}},
		{"no rows", `{"cols":["代码","值"],"rows":[]}`, nil},
		{"arrays alone in a document", `{"status":"ok","data":[["代码","值"],["001",1],["002",2]]}`, nil},
		{"Google Visualization", `{"cols":[{"id":"A","label":"代码","type":"string"},{"id":"B","label":"值","type":"number"}],"rows":[{"c":[{"v":"001"},{"v":1,"f":"1.00"}]},{"c":[{"v":"002"},{"v":2}]}]}`, ab},
		{"dates of Google Visualization", `{"table":{"cols":[{"label":"d"},{"label":"t"}],"rows":[{"c":[{"v":"Date(2024,0,31)","f":"1/31"},{"v":"Date(2024,11,1,8,5,0)"}]},{"c":[null,{"v":null}]}]}}`,
			[]record{{1, []string{"d", "t"}}, {1, []string{"2024-01-31", "2024-12-01 08:05:00"}}, {1, []string{"", ""}}}},
		{"SPARQL results", `{"head":{"vars":["代码","值"]},"results":{"bindings":[{"代码":{"type":"literal","value":"001"},"值":{"type":"literal","datatype":"http://www.w3.org/2001/XMLSchema#integer","value":"1"}},{"代码":{"type":"uri","value":"002"},"值":{"value":"2"}}]}}`, ab},
		{"arrays a line", "[\"代码\", \"值\"]\n[\"001\", 1]\n\n[\"002\", 2]\n", []record{{1, []string{"代码", "值"}}, {2, []string{"001", "1"}}, {4, []string{"002", "2"}}}},
		{"points", `{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"n":"甲"},"geometry":{"type":"Point","coordinates":[103.8,36.1]}},{"type":"Feature","properties":{"n":"乙"},"geometry":{"type":"LineString","coordinates":[[1,2],[3,4]]}},{"type":"Feature","properties":{"n":"丙"},"geometry":null}]}`,
			[]record{{1, []string{"n", "lon", "lat", "geometry"}}, {1, []string{"甲", "103.8", "36.1", `{"type":"Point","coordinates":[103.8,36.1]}`}}, {1, []string{"乙", "", "", `{"type":"LineString","coordinates":[[1,2],[3,4]]}`}}, {1, []string{"丙", "", "", ""}}}},
		{"points that are no degrees", `{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"x":"甲"},"geometry":{"type":"Point","coordinates":[11554000.5,4312000,12]}}]}`,
			[]record{{1, []string{"x", "_x", "y", "geometry"}}, {1, []string{"甲", "11554000.5", "4312000", `{"type":"Point","coordinates":[11554000.5,4312000,12]}`}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := mustOpen(t, "t.json", []byte(c.text), Options{})
			got := rowsOf(t, s)
			switch c.name {
			case "no rows":
				wantRows(t, got, ab[:1])
			case "arrays alone in a document":
				wantRows(t, got, ab)
			default:
				wantRows(t, got, c.want)
			}
			if !strings.HasPrefix(s.Info().Format, "json") {
				t.Errorf("found to be %+v", s.Info())
			}
		})
	}
}

func TestJSONOfSeveralArraysOfArraysIsChosenByName(t *testing.T) {
	text := `{"a":{"cols":["x"],"rows":[[1]]},"b":{"cols":["y"],"rows":[[2]]}}`
	if _, err := openBytes(t, "t.json", []byte(text), Options{}); err == nil {
		t.Error("one of two tables is read")
	} else if e := wantRefusal(t, err, ErrFormat); !strings.Contains(e.Found, "a.rows, b.rows") {
		t.Errorf("got %v", err)
	}
	wantRows(t, rowsOf(t, mustOpen(t, "t.json", []byte(text), Options{Sheet: "b.rows"})), []record{{1, []string{"y"}}, {1, []string{"2"}}})
	// What else is there is named.
	s := mustOpen(t, "t.json", []byte(`{"cols":["x"],"rows":[[1]],"notes":[{"t":"甲"}]}`), Options{})
	if got := fmt.Sprint(s.Info().Notes); !strings.Contains(got, "left out of the document: notes") {
		t.Errorf("notes %s", got)
	}
}

func TestJSONInAScriptIsRefusedByName(t *testing.T) {
	for _, text := range []string{`callback({"a":1})`, "/*O_o*/\ngoogle.visualization.Query.setResponse({\"version\":\"0.6\"});", `jQuery123_4([{"a":1}])`} {
		_, err := openBytes(t, "t.js", []byte(text), Options{})
		if e := wantRefusal(t, err, ErrFormat); !strings.Contains(e.Found, "JSONP") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func FuzzJSONForms(f *testing.F) {
	for _, seed := range []string{`{"cols":["a"],"rows":[[1]]}`, `{"cols":[{"label":"a"}],"rows":[{"c":[{"v":"Date(1,2,3)"}]}]}`, `{"head":{"vars":["a"]},"results":{"bindings":[{"a":{"value":1}}]}}`,
		"[\"a\"]\n[1]", `{"type":"FeatureCollection","features":[{"geometry":{"type":"Point","coordinates":[1,2]}}]}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := openBytes(t, "t.json", text, Options{MaxCell: 1 << 12, MaxBytes: 1 << 20})
		if err != nil {
			return
		}
		for _, table := range s.Tables() {
			readAll(table)
		}
	})
}
