package query

import (
	"fmt"
	"strconv"
	"strings"

	"govdata/catalog/store"
)

// bound is a condition on one column that all rows of a result keep.
type bound struct {
	column string
	// sign is =, <, <=, > or >=.
	sign  string
	value string
}

var signs = map[string]string{
	"COMPARE_EQUAL": "=", "COMPARE_LESSTHAN": "<", "COMPARE_LESSTHANOREQUALTO": "<=",
	"COMPARE_GREATERTHAN": ">", "COMPARE_GREATERTHANOREQUALTO": ">=",
}

// turned are the signs with their sides exchanged.
var turned = map[string]string{"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}

// bounds are the comparisons of a column with a text that every row has to
// pass for where to be true. values are those of parameters.
func bounds(where any, values map[string]any) []bound {
	e, _ := where.(map[string]any)
	switch {
	case e["class"] == "CONJUNCTION" && e["type"] == "CONJUNCTION_AND":
		var all []bound
		children, _ := e["children"].([]any)
		for _, child := range children {
			all = append(all, bounds(child, values)...)
		}
		return all
	case e["class"] == "BETWEEN" && e["type"] == "COMPARE_BETWEEN":
		column := columnName(e["input"])
		lower, isText := textValue(e["lower"], values)
		upper, areTexts := textValue(e["upper"], values)
		if column != "" && isText && areTexts {
			return []bound{{column, ">=", lower}, {column, "<=", upper}}
		}
	case e["class"] == "COMPARISON":
		sign := signs[fmt.Sprint(e["type"])]
		if sign == "" {
			return nil
		}
		if value, isText := textValue(e["right"], values); isText {
			if column := columnName(e["left"]); column != "" {
				return []bound{{column, sign, value}}
			}
		}
		if value, isText := textValue(e["left"], values); isText {
			if column := columnName(e["right"]); column != "" {
				return []bound{{column, turned[sign], value}}
			}
		}
	}
	return nil
}

// columnName is the last name of a reference to a column, "" for anything else.
func columnName(e any) string {
	ref, _ := e.(map[string]any)
	names, _ := ref["column_names"].([]any)
	if ref["class"] != "COLUMN_REF" || len(names) == 0 || len(names) > 2 {
		return ""
	}
	name, _ := names[len(names)-1].(string)
	return name
}

// textValue is the value of a constant or a parameter that is a text.
func textValue(e any, values map[string]any) (string, bool) {
	node, _ := e.(map[string]any)
	switch node["class"] {
	case "CONSTANT":
		value, _ := node["value"].(map[string]any)
		kind, _ := value["type"].(map[string]any)
		text, isText := value["value"].(string)
		return text, isText && kind["id"] == "VARCHAR" && value["is_null"] == false
	case "PARAMETER":
		text, isText := values[fmt.Sprint(node["identifier"])].(string)
		return text, isText
	}
	return "", false
}

// alone gives the condition of a statement that reads one table, once, and
// nothing but its rows that pass that condition; nil for any other.
func (s *statement) alone() any {
	node := s.tree.Node
	from, _ := node["from_table"].(map[string]any)
	ctes, _ := node["cte_map"].(map[string]any)
	shared, _ := ctes["map"].([]any)
	if node["type"] != "SELECT_NODE" || s.uses != 1 || len(shared) > 0 || from["type"] != "BASE_TABLE" || from["sample"] != nil || node["sample"] != nil {
		return nil
	}
	return node["where_clause"]
}

// narrow finds between which rows of a release file, from the first and before
// the second, all lie that keep the bounds. It is "" where that is not known, or
// would be no help. DuckDB 1.5 leaves out the rest of a file only where nothing
// but rowid is compared, so other conditions are held off by an OFFSET 0.
func (w *worker) narrow(database string, all []bound) string {
	lower, upper := []string{"0"}, []string{}
	column := ""
	for _, b := range all {
		if column == "" {
			column = b.column
		}
		if folded(b.column) != folded(column) {
			continue
		}
		name, value := store.Ident(b.column), store.Literal(b.value)
		if b.sign != "<" && b.sign != "<=" {
			lower = append(lower, fmt.Sprintf("max(_row) FILTER (WHERE %s < %s)", name, value))
		}
		if b.sign != ">" && b.sign != ">=" {
			upper = append(upper, fmt.Sprintf("min(_row) FILTER (WHERE %s > %s)", name, value))
		}
	}
	if column == "" {
		return ""
	}
	upper = append(upper, "last")
	rows, err := w.duck.rows(fmt.Sprintf("SELECT greatest(%s), least(%s), last FROM %s.main.%s, (SELECT max(_row) + %d AS last FROM %[3]s.main.%[4]s) GROUP BY last",
		strings.Join(lower, ", "), strings.Join(upper, ", "), database, store.Places, store.PlaceStep), nil)
	if err != nil || len(rows) != 1 {
		return "" // it has no places, or those of another column
	}
	from, err1 := strconv.ParseInt(rows[0][0], 10, 64)
	to, err2 := strconv.ParseInt(rows[0][1], 10, 64)
	last, err3 := strconv.ParseInt(rows[0][2], 10, 64)
	if err1 != nil || err2 != nil || err3 != nil || to-from > last/4 {
		return ""
	}
	return fmt.Sprintf(" WHERE rowid >= %d AND rowid < %d OFFSET 0", from, to)
}
