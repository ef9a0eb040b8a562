package query

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"govdata/catalog"
)

// statement is what the gate learnt about a SELECT that it let through.
type statement struct {
	// tables maps each table name that is used, in lower case, to the byte
	// offset of its first use.
	tables map[string]int
	// uses is how often a table is named.
	uses int
	// volatile is true where the same data can give another answer.
	volatile bool
	// tree is the statement, with given names in the place of tables, text what
	// DuckDB prints of it, and places where its nodes stand in what the author wrote,
	// by where they stand in the text.
	tree   *tree
	text   string
	places map[int]int
	// unnamed are the columns whose names have to be given.
	unnamed []unnamedItem
	// aggregates is true where an aggregate stands outside of subqueries,
	// unnests where one row becomes many.
	aggregates, unnests bool
	// reorders is true where rows may come out in another order than they
	// went in: subqueries become joins, windows are sorted.
	reorders bool
	// stars is true where an expression stands for all columns, single are the
	// names in lower case that stand alone: one can be a table's and mean its row.
	stars  bool
	single map[string]bool
}

// unnamedItem is a column that has no name of its own, as it is and as it was.
type unnamedItem struct{ node, before map[string]any }

// judge is the gate for a whole statement.
func (d *duck) judge(sql string, l Limits, n *names) (*statement, error) {
	s, err := d.check(sql, l, n)
	if err != nil {
		return nil, err
	}
	return s, d.render(s, n)
}

// check judges a statement.
func (d *duck) check(sql string, l Limits, n *names) (*statement, error) {
	if err := checkText(sql, l); err != nil {
		return nil, err
	}
	read, err := d.parse(sql)
	if err != nil {
		return nil, err
	}
	return checkTree(sql, read, l, n)
}

// render makes the text of a statement that was judged, the only one that may run.
func (d *duck) render(s *statement, n *names) error {
	canonical(s.tree.Node)
	for _, item := range s.unnamed {
		text, err := d.deserialize(selectTree(item.before, map[string]any{"type": "EMPTY", "alias": "", "sample": nil}))
		if err != nil {
			return err
		}
		item.node["alias"] = strings.TrimPrefix(text, "SELECT ")
	}
	var err error
	s.text, s.places, err = d.print(s.tree, n)
	if odd := (*unprintable)(nil); errors.As(err, &odd) {
		return &SQLError{Message: "this form of " + odd.kind + " is not available", Hint: "write it in another way"}
	}
	return err
}

// checkTree judges what DuckDB's parser made of sql. It passes what it knows and
// refuses the rest, and gives what stands in the place of a table a name of n.
func checkTree(sql string, s *serialized, l Limits, n *names) (*statement, error) {
	if s.Error {
		if strings.HasPrefix(s.Message, "Only SELECT statements") {
			return nil, &SQLError{Message: "only a SELECT is allowed"}
		}
		return nil, errorAt(sql, position(s.Position), s.Message, "")
	}
	switch len(s.Statements) {
	case 1:
	case 0:
		return nil, &SQLError{Message: "there is no statement", Hint: "try SELECT * FROM <dataset> LIMIT 10"}
	default:
		return nil, &SQLError{Message: fmt.Sprintf("these are %d statements; exactly one SELECT is allowed", len(s.Statements))}
	}
	w := &walker{sql: sql, names: n, statement: &statement{tables: map[string]int{}, tree: s.Statements[0]}}
	if err := w.walk(w.statement.tree.Node, nil); err != nil {
		return nil, err
	}
	if n := len(w.statement.tables); n > l.Tables {
		return nil, &SQLError{Message: fmt.Sprintf("the statement names %d tables; at most %d are allowed", n, l.Tables)}
	}
	return w.statement, nil
}

// walker goes through a parse tree.
type walker struct {
	sql        string
	names      *names
	statement  *statement
	subqueries int
}

// scope holds the common table expressions that can be seen, the innermost first.
type scope struct {
	name, given string
	// recursive is that of the right side of a recursive one, which also sees
	// recurring.name.
	recursive bool
	outer     *scope
}

// of is the given name of the common table expression with that name, "" where
// there is none.
func (s *scope) of(name string, recurring bool) string {
	for ; s != nil; s = s.outer {
		if folded(s.name) == folded(name) && (s.recursive || !recurring) {
			return s.given
		}
	}
	return ""
}

// The kinds of node that may occur, beside table references and functions,
// which are judged one by one.
var (
	queryNodes  = set(`SELECT_NODE SET_OPERATION_NODE`)
	tableRefs   = set(`SUBQUERY JOIN EMPTY EXPRESSION_LIST PIVOT`)
	modifiers   = set(`ORDER_MODIFIER LIMIT_MODIFIER LIMIT_PERCENT_MODIFIER DISTINCT_MODIFIER`)
	orders      = set(`ORDER_DEFAULT ASCENDING DESCENDING`)
	expressions = set(`CONSTANT COLUMN_REF FUNCTION WINDOW OPERATOR COMPARISON CONJUNCTION CAST CASE BETWEEN SUBQUERY STAR
		LAMBDA LAMBDA_REF PARAMETER COLLATE POSITIONAL_REFERENCE TYPE`)
)

func (w *walker) walk(v any, visible *scope) error {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			if err := w.walk(e, visible); err != nil {
				return err
			}
		}
	case map[string]any:
		return w.object(v, visible)
	}
	return nil
}

func (w *walker) object(o map[string]any, visible *scope) error {
	w.statement.volatile = w.statement.volatile || o["sample"] != nil
	kind, _ := o["type"].(string)
	class, isExpression := o["class"].(string)
	switch {
	case isExpression:
		return w.expression(class, o, visible)
	case kind == "" || strings.HasSuffix(kind, "_TYPE_INFO"):
		// Lists, statements, constants and types hold no choice of their own, but
		// for one type: sorting a VARIANT writes beyond its memory.
		if o["id"] == "VARIANT" {
			return w.refuse(o, "the type VARIANT is not available")
		}
		return w.children(o, visible)
	case kind == "BASE_TABLE":
		return w.table(o, visible)
	case kind == "TABLE_FUNCTION":
		return w.tableFunction(o, visible)
	case kind == "SHOW_REF":
		if show := o["show_type"]; o["query"] == nil || o["table_name"] != "" || o["schema_name"] != "" || o["catalog_name"] != "" || (show != "DESCRIBE" && show != "SUMMARY") {
			return w.refuse(o, "only a SELECT is allowed, and DESCRIBE or SUMMARIZE of a table")
		}
		return w.children(o, visible)
	case queryNodes[kind]:
		return w.query(o, visible)
	case tableRefs[kind], modifiers[kind], orders[kind]:
		return w.children(o, visible)
	}
	return w.refuse(o, fmt.Sprintf("%s is not allowed here", plain(kind)))
}

// children walks in the order of keys, so that of two faults always the same
// one is reported.
func (w *walker) children(o map[string]any, visible *scope) error {
	for _, k := range slices.Sorted(maps.Keys(o)) {
		if err := w.walk(o[k], visible); err != nil {
			return err
		}
	}
	return nil
}

// query walks a query node: each of its common table expressions sees those
// before it, and the rest sees all.
func (w *walker) query(o map[string]any, visible *scope) error {
	visible, err := w.commons(o, visible)
	if err != nil {
		return err
	}
	w.unnamed(o)
	return w.children(without(o, "cte_map"), visible)
}

// commons walks the common table expressions of a query node.
func (w *walker) commons(o map[string]any, visible *scope) (*scope, error) {
	ctes, _ := o["cte_map"].(map[string]any)
	entries, _ := ctes["map"].([]any)
	for _, e := range entries {
		entry, _ := e.(map[string]any)
		name, _ := entry["key"].(string)
		given := w.names.next(given{original: name})
		entry["key"] = given
		info, _ := entry["value"].(map[string]any)
		body, _ := info["query"].(map[string]any)
		node, _ := body["node"].(map[string]any)
		var err error
		if node["type"] == "RECURSIVE_CTE_NODE" {
			node["cte_name"] = given
			if err = w.children(without(info, "query"), visible); err == nil {
				err = w.recursive(node, &scope{name, given, true, nil}, visible)
			}
		} else {
			// Its own name means what it means outside.
			err = w.walk(info, visible)
		}
		if err != nil {
			return nil, err
		}
		visible = &scope{name, given, false, visible}
	}
	return visible, nil
}

// recursive walks the body of a recursive common table expression, which only the
// right side of its UNION sees.
func (w *walker) recursive(node map[string]any, self, visible *scope) error {
	visible, err := w.commons(node, visible)
	if err != nil {
		return err
	}
	if err := w.children(without(node, "type", "cte_map", "right"), visible); err != nil {
		return err
	}
	self.outer = visible
	return w.walk(node["right"], self)
}

// unnamed notes the columns of a SELECT to which DuckDB gives the text of an
// expression for a name, where that text changes.
func (w *walker) unnamed(o map[string]any) {
	items, _ := o["select_list"].([]any)
	for _, i := range items {
		item, _ := i.(map[string]any)
		if item["alias"] == "" && item["class"] != "COLUMN_REF" && holds(item, changes) && !holds(item, isStar) {
			w.statement.unnamed = append(w.statement.unnamed, unnamedItem{item, clone(item)})
		}
	}
}

// changes tells of a node whose text is another one after it was printed and read.
func changes(o map[string]any) bool {
	value, _ := o["value"].(map[string]any)
	kind, _ := value["type"].(map[string]any)
	cast, _ := o["cast_type"].(map[string]any)
	return o["class"] == "SUBQUERY" || o["class"] == "CONSTANT" && kind["id"] == "BOOLEAN" || o["class"] == "CAST" && cast["id"] != "UNBOUND"
}

func isStar(o map[string]any) bool { return o["class"] == "STAR" }

// holds tells whether a node of v, outside of its subqueries, is one.
func holds(v any, is func(map[string]any) bool) bool {
	switch v := v.(type) {
	case []any:
		return slices.ContainsFunc(v, func(e any) bool { return holds(e, is) })
	case map[string]any:
		if is(v) {
			return true
		}
		for k, e := range v {
			if k != "subquery" && holds(e, is) {
				return true
			}
		}
	}
	return false
}

// clone is a deep copy of a node.
func clone[T any](v T) T {
	switch v := any(v).(type) {
	case []any:
		list := make([]any, len(v))
		for i, e := range v {
			list[i] = clone(e)
		}
		return any(list).(T)
	case map[string]any:
		o := make(map[string]any, len(v))
		for k, e := range v {
			o[k] = clone(e)
		}
		return any(o).(T)
	}
	return v
}

func (w *walker) table(o map[string]any, visible *scope) error {
	database, _ := o["catalog_name"].(string)
	schema, _ := o["schema_name"].(string)
	name, _ := o["table_name"].(string)
	if o["at_clause"] != nil {
		return w.refuse(o, `AT (...) is not supported; name the release: "`+name+`@<release>"`)
	}
	if o["alias"] == "" {
		// Columns are still found under the name of their table.
		o["alias"] = name
	}
	recurring := folded(schema) == "recurring"
	if given := visible.of(name, recurring); given != "" && database == "" && (schema == "" || recurring) {
		o["table_name"] = given
		return w.children(o, visible)
	}
	switch {
	case database == "" && folded(schema) == "catalog":
		name = "catalog." + name
		if o["alias"] == o["table_name"] {
			o["alias"] = "" // catalog.datasets.id is one, too
		}
	case database != "" || schema != "":
		return &SQLError{
			Message:  fmt.Sprintf("no table %q", strings.TrimLeft(database+"."+schema+"."+name, ".")),
			Hint:     "datasets are named without a schema; the schema catalog lists them",
			Category: catalog.ErrNotFound,
		}
	}
	name = folded(name)
	if _, seen := w.statement.tables[name]; !seen {
		w.statement.tables[name] = position(o["query_location"])
	}
	w.statement.uses++
	at := w.names.table(name)
	o["catalog_name"], o["schema_name"], o["table_name"] = ownDatabase, at.schema, at.table
	return w.children(o, visible)
}

func (w *walker) tableFunction(o map[string]any, visible *scope) error {
	f, _ := o["function"].(map[string]any)
	name, _ := f["function_name"].(string)
	if class, _ := f["class"].(string); class != "FUNCTION" || !tableFunctions[folded(name)] {
		hint := ""
		if scalars[folded(name)] {
			hint = "write SELECT " + name + "(...)"
		}
		e := w.refuse(f, fmt.Sprintf("the table function %s is not available", clip(name)))
		e.Hint = hint
		return e
	}
	for _, k := range slices.Sorted(maps.Keys(o)) {
		child := o[k]
		if k == "function" {
			// Its name has been judged by the other list.
			child = without(f, "class", "type")
		}
		if err := w.walk(child, visible); err != nil {
			return err
		}
	}
	return nil
}

func (w *walker) expression(class string, o map[string]any, visible *scope) error {
	if !expressions[class] {
		return w.refuse(o, fmt.Sprintf("%s is not allowed here", plain(class)))
	}
	if kind, _ := o["type_name"].(string); class == "TYPE" && folded(kind) == "variant" {
		return w.refuse(o, "the type VARIANT is not available")
	}
	name, called := o["function_name"].(string)
	if called {
		f := folded(name)
		if !scalars[f] && !aggregates[f] {
			e := w.refuse(o, fmt.Sprintf("the function %s is not available", clip(name)))
			e.Hint = didYouMean(f, functionNames)
			return e
		}
		w.statement.volatile = w.statement.volatile || volatile[f]
		if w.subqueries == 0 {
			w.statement.aggregates = w.statement.aggregates || (class == "FUNCTION" && aggregates[f])
			w.statement.unnests = w.statement.unnests || f == "unnest" || f == "generate_subscripts"
		}
	} else if names, _ := o["column_names"].([]any); class == "COLUMN_REF" && len(names) == 1 {
		// DuckDB takes such a name for a function where no column has it.
		f, _ := names[0].(string)
		f = folded(f)
		w.statement.volatile = w.statement.volatile || volatile[f]
		if w.statement.single == nil {
			w.statement.single = map[string]bool{}
		}
		w.statement.single[f] = true
	} else if class == "FUNCTION" {
		return w.refuse(o, "this call is not allowed")
	}
	w.statement.stars = w.statement.stars || class == "STAR"
	if class == "SUBQUERY" || class == "WINDOW" {
		w.statement.reorders = true
	}
	if class == "SUBQUERY" {
		w.subqueries++
		defer func() { w.subqueries-- }()
	}
	return w.children(o, visible)
}

// functionNames are those that can be suggested.
var functionNames = slices.Sorted(func(yield func(string) bool) {
	for _, s := range []map[string]bool{scalars, aggregates, tableFunctions} {
		for name := range s {
			if isWord(name[0]) && !yield(name) {
				return
			}
		}
	}
})

// refuse is an error at the place of a node.
func (w *walker) refuse(o map[string]any, message string) *SQLError {
	return errorAt(w.sql, position(o["query_location"]), message, "")
}

// position reads a byte offset; -1 where the parser gave none.
func position(v any) int {
	n, ok := v.(json.Number)
	if !ok {
		return -1
	}
	i, err := n.Int64()
	if err != nil { // 2^64-1 stands for none
		return -1
	}
	return int(i)
}

// plain turns a name of the parser's into words.
func plain(kind string) string {
	return strings.ReplaceAll(strings.TrimSuffix(clip(kind), "_NODE"), "_", " ")
}

// clip bounds how much of a statement is repeated in a message.
func clip(s string) string {
	const limit = 80
	if r := []rune(s); len(r) > limit {
		return string(r[:limit]) + "…"
	}
	return s
}

func without(o map[string]any, keys ...string) map[string]any {
	o = maps.Clone(o)
	for _, k := range keys {
		delete(o, k)
	}
	return o
}
