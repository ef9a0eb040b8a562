package query

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// serialized is what DuckDB's json_serialize_sql returns.
type serialized struct {
	Error      bool        `json:"error"`
	Message    string      `json:"error_message"`
	Position   json.Number `json:"position"`
	Statements []*tree     `json:"statements"`
}

// tree is one statement as DuckDB's parser sees it.
type tree struct {
	Node   map[string]any `json:"node"`
	Params []any          `json:"named_param_map"`
}

// parse reads sql with DuckDB's parser.
func (d *duck) parse(sql string) (*serialized, error) {
	rows, err := d.rows("SELECT json_serialize_sql(CAST($1 AS VARCHAR))", map[string]any{"1": sql})
	if err != nil {
		return nil, err
	}
	return decodeTree([]byte(rows[0][0]))
}

func decodeTree(text []byte) (*serialized, error) {
	s := &serialized{}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(s); err != nil {
		// encoding/json stops at 10,000 levels.
		return nil, &SQLError{Message: "the statement is too deeply nested"}
	}
	return s, nil
}

// deserialize has DuckDB write a tree as SQL.
func (d *duck) deserialize(t *tree) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(map[string]any{"error": false, "statements": []*tree{t}}); err != nil {
		return "", err
	}
	rows, err := d.rows("SELECT json_deserialize_sql(CAST($1 AS JSON))", map[string]any{"1": b.String()})
	if err != nil {
		return "", err
	}
	return rows[0][0], nil
}

// unprintable is a tree that DuckDB prints as something else.
type unprintable struct{ kind string }

func (u *unprintable) Error() string { return "DuckDB prints " + u.kind + " as something else" }

// print has DuckDB write a canonical tree as SQL, and reads that again: the text
// means the tree, or there is none. places are where the nodes stand in what the
// author wrote, by where they stand in the text.
func (d *duck) print(t *tree, n *names) (text string, places map[int]int, err error) {
	h := &holes{names: n}
	h.walk(t.Node)
	text, err = d.deserialize(t)
	for i := 0; err == nil && i < len(h.all); i++ {
		if hole := &h.all[i]; hole.text == "" {
			hole.text, err = d.deserialize(hole.tree())
			hole.text = "(" + strings.TrimPrefix(hole.text, hole.before()) + ")"
		}
	}
	h.restore()
	if err != nil {
		return "", nil, err
	}
	text = h.fill(text)
	again, err := d.parse(text)
	if err != nil {
		return "", nil, err
	}
	if again.Error || len(again.Statements) != 1 {
		return "", nil, &unprintable{"the statement"}
	}
	canonical(again.Statements[0].Node)
	c := comparison{places: map[int]int{}, kind: "the statement"}
	if !c.same(t.Node, again.Statements[0].Node) || !c.same(t.Params, again.Statements[0].Params) {
		return "", nil, &unprintable{c.kind}
	}
	return text, c.places, nil
}

// comparison of two trees, in all but the places of their nodes.
type comparison struct {
	// places collects where the nodes of the second are in the first.
	places map[int]int
	// kind is that of the innermost node in which they differ.
	kind  string
	found bool
}

func (c *comparison) same(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok {
			return false
		}
		for k, v := range a {
			w, ok := b[k]
			if k == "query_location" {
				if from, to := position(w), position(v); from >= 0 && to >= 0 {
					c.places[from] = to
				}
			} else if !ok || !c.same(v, w) {
				return c.differ(a)
			}
		}
		for k := range b {
			if _, ok := a[k]; !ok && k != "query_location" {
				return c.differ(a)
			}
		}
		return true
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, c.same)
	}
	return a == b // json.Number among them
}

func (c *comparison) differ(node map[string]any) bool {
	if kind, ok := node["type"].(string); ok && !c.found {
		c.kind, c.found = plain(kind), true
	}
	return false
}

// canonical gives one form to what DuckDB's parser reads alike and keeps apart:
// what it makes of one way to write a thing, and what it makes of the way in which
// it prints that. The meaning is the same in each case.
func canonical(v any) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			canonical(e)
		}
	case map[string]any:
		for _, e := range v {
			canonical(e)
		}
		switch {
		case v["id"] == "UNBOUND":
			canonicalType(v)
		case v["class"] == "TYPE" && v["type_name"] == "BIT" && len(listOf(v["children"])) == 0:
			v["type_name"] = "BITSTRING" // BIT is read as BIT(1)
		case v["class"] == "CAST":
			canonicalBoolean(v)
		case v["class"] == "STAR":
			sorted(v["exclude_list"])
			sorted(v["qualified_exclude_list"])
		case v["type"] == "JOIN":
			v["alias"] = "" // it is no name of anything
		case v["type"] == "SUBQUERY" && v["subquery"] != nil && v["class"] == nil:
			canonicalValues(v)
		case v["type"] == "SELECT_NODE":
			canonicalGroups(v)
		}
	}
}

func listOf(v any) []any {
	list, _ := v.([]any)
	return list
}

// builtIn are types that the parser writes by themselves where it makes a cast,
// and by name where it read one.
var builtIn = set(`BOOLEAN INTEGER BIGINT DOUBLE VARCHAR DATE TIME TIMESTAMP INTERVAL`)

func canonicalType(v map[string]any) {
	info, _ := v["type_info"].(map[string]any)
	e, _ := info["expr"].(map[string]any)
	if name, _ := e["type_name"].(string); e["class"] == "TYPE" && builtIn[name] && len(listOf(e["children"])) == 0 && e["catalog"] == "" && e["schema"] == "" {
		v["id"], v["type_info"] = name, nil
	}
}

// canonicalBoolean: true is read as CAST('t' AS BOOLEAN), and IS TRUE is made with
// a constant.
func canonicalBoolean(v map[string]any) {
	kind, _ := v["cast_type"].(map[string]any)
	child, _ := v["child"].(map[string]any)
	if text, isText := textValue(child, nil); isText && child["class"] == "CONSTANT" && kind["id"] == "BOOLEAN" && v["try_cast"] == false && (text == "t" || text == "f") {
		alias := v["alias"]
		clear(v)
		maps.Copy(v, map[string]any{"class": "CONSTANT", "type": "VALUE_CONSTANT", "alias": alias,
			"value": map[string]any{"type": map[string]any{"id": "BOOLEAN", "type_info": nil}, "is_null": false, "value": text == "t"}})
	}
}

// canonicalValues: (VALUES ...) AS v is read as a selection of all from a list.
func canonicalValues(v map[string]any) {
	statement, _ := v["subquery"].(map[string]any)
	node, _ := statement["node"].(map[string]any)
	from, _ := node["from_table"].(map[string]any)
	names, _ := from["expected_names"].([]any)
	if from["type"] != "EXPRESSION_LIST" || from["alias"] != "valueslist" || from["sample"] != nil || len(names) > 0 || !isAll(node) {
		return
	}
	list := maps.Clone(from)
	list["alias"], list["sample"], list["expected_names"] = v["alias"], v["sample"], v["column_name_alias"]
	clear(v)
	maps.Copy(v, list)
}

// isAll tells whether a query node is SELECT * and nothing more.
func isAll(node map[string]any) bool {
	items, _ := node["select_list"].([]any)
	if node["type"] != "SELECT_NODE" || len(items) != 1 || node["aggregate_handling"] != "STANDARD_HANDLING" {
		return false
	}
	item, _ := items[0].(map[string]any)
	ctes, _ := node["cte_map"].(map[string]any)
	if item["class"] != "STAR" || item["alias"] != "" || item["relation_name"] != "" || item["columns"] != false {
		return false
	}
	for _, part := range []any{item["expr"], item["exclude_list"], item["replace_list"], item["qualified_exclude_list"], item["rename_list"], ctes["map"],
		node["modifiers"], node["where_clause"], node["group_expressions"], node["group_sets"], node["having"], node["sample"], node["qualify"]} {
		if list, isList := part.([]any); part != nil && (!isList || len(list) > 0) {
			return false
		}
	}
	return true
}

// canonicalGroups numbers the expressions of a GROUP BY in the order in which its
// sets name them, which is how they are printed and read.
func canonicalGroups(v map[string]any) {
	expressions, _ := v["group_expressions"].([]any)
	sets, _ := v["group_sets"].([]any)
	if len(expressions) < 2 {
		return
	}
	number := map[string]int{} // by the old one
	var ordered []any
	renumbered := make([]any, len(sets))
	for i, s := range sets {
		old, _ := s.([]any)
		var of []int
		for _, o := range old {
			j := position(o)
			if j < 0 || j >= len(expressions) {
				return
			}
			key := fmt.Sprint(j)
			if _, ok := number[key]; !ok {
				number[key] = len(ordered)
				ordered = append(ordered, expressions[j])
			}
			of = append(of, number[key])
		}
		slices.Sort(of)
		set := make([]any, len(of))
		for k, j := range of {
			set[k] = json.Number(fmt.Sprint(j))
		}
		renumbered[i] = set
	}
	if len(ordered) == len(expressions) {
		v["group_expressions"], v["group_sets"] = ordered, renumbered
	}
}

// sorted gives an order to what DuckDB keeps as a set.
func sorted(v any) {
	list, _ := v.([]any)
	slices.SortFunc(list, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
}

// holes are the parts of a tree that DuckDB would print so that they are read as
// something else where they stand. A name holds the place of each until its text
// is put there.
type holes struct {
	names *names
	all   []hole
}

type hole struct {
	// node is where the name stands, and part what stood there.
	node, part map[string]any
	isTable    bool
	name       string
	// text of the part, "" until it is printed.
	text string
}

// before is what tree is printed with before the part itself.
func (h *hole) before() string {
	if h.isTable {
		return "SELECT * FROM "
	}
	return "SELECT "
}

// tree is a statement of the part alone.
func (h *hole) tree() *tree {
	item := map[string]any{"class": "STAR", "type": "STAR", "alias": "", "relation_name": "", "exclude_list": []any{}, "replace_list": []any{},
		"columns": false, "expr": nil, "qualified_exclude_list": []any{}, "rename_list": []any{}}
	from := h.part
	if !h.isTable {
		item, from = without(h.part, "alias"), map[string]any{"type": "EMPTY", "alias": "", "sample": nil}
		item["alias"] = ""
	}
	return selectTree(item, from)
}

func selectTree(item, from map[string]any) *tree {
	return &tree{Params: []any{}, Node: map[string]any{
		"type": "SELECT_NODE", "modifiers": []any{}, "cte_map": map[string]any{"map": []any{}}, "select_list": []any{item}, "from_table": from, "where_clause": nil,
		"group_expressions": []any{}, "group_sets": []any{}, "aggregate_handling": "STANDARD_HANDLING", "having": nil, "sample": nil, "qualify": nil,
	}}
}

// walk makes the holes in v, inner ones first.
func (h *holes) walk(v any) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			h.walk(e)
		}
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			h.walk(v[k])
		}
		switch {
		case v["class"] == "CONSTANT":
			if text := literalOf(v); text != "" {
				h.dig(v, false, text)
			}
		case v["class"] == "BETWEEN":
			// Of input BETWEEN a COLLATE x AND b only brackets make sense.
			for _, side := range []string{"input", "lower", "upper"} {
				if operand, _ := v[side].(map[string]any); operand["class"] == "COLLATE" {
					h.dig(operand, false, "")
				}
			}
		case v["class"] == "FUNCTION" && v["is_operator"] == true && prefixes[fmt.Sprint(v["function_name"])] && len(listOf(v["children"])) == 1:
			// @(a) - b is read as @(a - b).
			h.dig(v, false, "")
		case v["class"] == "OPERATOR" && (v["type"] == "ARRAY_EXTRACT" || v["type"] == "ARRAY_SLICE" || v["type"] == "STRUCT_EXTRACT"):
			// EXISTS (...)[1] is none.
			if of := listOf(v["children"]); len(of) > 0 {
				if operand, _ := of[0].(map[string]any); operand["class"] == "SUBQUERY" {
					h.dig(operand, false, "")
				}
			}
		case v["type"] == "JOIN" && v["is_implicit"] != true:
			// a NATURAL JOIN (b NATURAL JOIN c) is printed without its brackets.
			if right, _ := v["right"].(map[string]any); right["type"] == "JOIN" {
				h.dig(right, true, "")
			}
		}
	}
}

// prefixes are operators in front of one operand that bind less than those
// between two.
var prefixes = set(`@ ~ ! !__prefix`)

func (h *holes) dig(node map[string]any, isTable bool, text string) {
	name := h.names.next(given{})
	h.all = append(h.all, hole{node, maps.Clone(node), isTable, name, text})
	alias := node["alias"]
	clear(node)
	if isTable {
		maps.Copy(node, map[string]any{"type": "BASE_TABLE", "alias": "", "sample": nil, "schema_name": "", "table_name": name, "column_name_alias": []any{}, "catalog_name": "", "at_clause": nil})
		return
	}
	maps.Copy(node, map[string]any{"class": "COLUMN_REF", "type": "COLUMN_REF", "alias": alias, "column_names": []any{name}})
}

// restore puts the parts back, outer ones first.
func (h *holes) restore() {
	for _, hole := range slices.Backward(h.all) {
		clear(hole.node)
		maps.Copy(hole.node, hole.part)
	}
}

// fill puts the texts of the parts into text, outer ones first.
func (h *holes) fill(text string) string {
	for _, hole := range slices.Backward(h.all) {
		text = strings.Replace(text, hole.name, hole.text, 1)
	}
	return text
}

// literalOf is a constant as it has to be written to be read as its type, "" where
// DuckDB prints it so.
func literalOf(constant map[string]any) string {
	value, _ := constant["value"].(map[string]any)
	kind, _ := value["type"].(map[string]any)
	n, isNumber := value["value"].(json.Number)
	if !isNumber {
		return ""
	}
	switch kind["id"] {
	case "DOUBLE":
		if !strings.ContainsAny(n.String(), "eE") {
			return n.String() + "e0"
		}
	case "DECIMAL":
		info, _ := kind["type_info"].(map[string]any)
		if fmt.Sprint(info["scale"]) == "0" {
			return n.String() + "."
		}
	}
	return ""
}
