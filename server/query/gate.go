package query

import (
	"bytes"
	"encoding/json"
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
	// refs are all places where one is named.
	refs []tableRef
	// volatile is true where the same data can give another answer.
	volatile bool
	// node is the query node, as DuckDB's parser gave it.
	node map[string]any
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

// serialized is what DuckDB's json_serialize_sql returns.
type serialized struct {
	Error      bool        `json:"error"`
	Message    string      `json:"error_message"`
	Position   json.Number `json:"position"`
	Statements []struct {
		Node map[string]any `json:"node"`
	} `json:"statements"`
}

// checkTree judges the parse tree of sql, in the form of DuckDB's
// json_serialize_sql. It passes what it knows and refuses the rest.
func checkTree(sql string, tree []byte, l Limits) (*statement, error) {
	var s serialized
	d := json.NewDecoder(bytes.NewReader(tree))
	d.UseNumber()
	if err := d.Decode(&s); err != nil {
		// encoding/json stops at 10,000 levels.
		return nil, &SQLError{Message: "the statement is too deeply nested"}
	}
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
	w := &walker{sql: sql, statement: &statement{tables: map[string]int{}, node: s.Statements[0].Node}}
	if err := w.walk(s.Statements[0].Node, nil); err != nil {
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
	statement  *statement
	subqueries int
}

// scope holds the names of the common table expressions that can be seen.
type scope struct {
	name  string
	outer *scope
}

func (s *scope) has(name string) bool {
	for ; s != nil; s = s.outer {
		if strings.EqualFold(s.name, name) {
			return true
		}
	}
	return false
}

// The kinds of node that may occur, beside table references and functions,
// which are judged one by one.
var (
	queryNodes  = set(`SELECT_NODE SET_OPERATION_NODE RECURSIVE_CTE_NODE`)
	tableRefs   = set(`SUBQUERY JOIN EMPTY EXPRESSION_LIST PIVOT`)
	modifiers   = set(`ORDER_MODIFIER LIMIT_MODIFIER LIMIT_PERCENT_MODIFIER DISTINCT_MODIFIER`)
	orders      = set(`ORDER_DEFAULT ASCENDING DESCENDING`)
	expressions = set(`CONSTANT COLUMN_REF FUNCTION WINDOW OPERATOR COMPARISON CONJUNCTION CAST CASE BETWEEN SUBQUERY STAR
		LAMBDA LAMBDA_REF PARAMETER COLLATE POSITIONAL_REFERENCE`)
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
		if id, _ := o["id"].(string); id == "VARIANT" {
			return w.refuse(o, "the type VARIANT is not available")
		}
		return w.children(o, visible)
	case kind == "BASE_TABLE":
		return w.table(o, visible)
	case kind == "TABLE_FUNCTION":
		return w.tableFunction(o, visible)
	case kind == "SHOW_REF":
		if show, _ := o["show_type"].(string); o["query"] == nil || (show != "DESCRIBE" && show != "SUMMARY") {
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
// before it, a recursive one itself too, and the rest sees all.
func (w *walker) query(o map[string]any, visible *scope) error {
	if name, ok := o["cte_name"].(string); ok {
		visible = &scope{name, visible}
	}
	ctes, _ := o["cte_map"].(map[string]any)
	entries, _ := ctes["map"].([]any)
	for _, e := range entries {
		entry, _ := e.(map[string]any)
		name, _ := entry["key"].(string)
		if err := w.walk(entry["value"], visible); err != nil {
			return err
		}
		visible = &scope{name, visible}
	}
	for _, k := range slices.Sorted(maps.Keys(o)) {
		if k == "cte_map" {
			continue
		}
		if err := w.walk(o[k], visible); err != nil {
			return err
		}
	}
	return nil
}

func (w *walker) table(o map[string]any, visible *scope) error {
	database, _ := o["catalog_name"].(string)
	schema, _ := o["schema_name"].(string)
	name, _ := o["table_name"].(string)
	if o["at_clause"] != nil {
		return w.refuse(o, `AT (...) is not supported; name the release: "`+name+`@<release>"`)
	}
	if database == "" && schema == "" && visible.has(name) {
		return w.children(o, visible)
	}
	switch {
	case database == "" && strings.EqualFold(schema, "catalog"):
		name = "catalog." + name
	case database != "" || schema != "":
		return &SQLError{
			Message:  fmt.Sprintf("no table %q", strings.TrimLeft(database+"."+schema+"."+name, ".")),
			Hint:     "datasets are named without a schema; the schema catalog lists them",
			Category: catalog.ErrNotFound,
		}
	}
	name = strings.ToLower(name)
	at := position(o["query_location"])
	if _, seen := w.statement.tables[name]; !seen {
		w.statement.tables[name] = at
	}
	w.statement.refs = append(w.statement.refs, tableRef{at, name})
	return w.children(o, visible)
}

func (w *walker) tableFunction(o map[string]any, visible *scope) error {
	f, _ := o["function"].(map[string]any)
	name, _ := f["function_name"].(string)
	if class, _ := f["class"].(string); class != "FUNCTION" || !tableFunctions[strings.ToLower(name)] {
		hint := ""
		if scalars[strings.ToLower(name)] {
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
	name, called := o["function_name"].(string)
	if called {
		f := strings.ToLower(name)
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
		f = strings.ToLower(f)
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
