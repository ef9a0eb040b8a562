package query

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Above how many rows that pass its operators a question is of medium cost, and
// heavy: one core passes some 50 M rows a second through simple operators.
const (
	mediumRows = 2e7
	heavyRows  = 5e8
)

// operator is a node of DuckDB's EXPLAIN (FORMAT json).
type operator struct {
	Name     string                     `json:"name"`
	Children []operator                 `json:"children"`
	Info     map[string]json.RawMessage `json:"extra_info"`
}

// estimate turns a question into one that tells what it would cost.
//
// The numbers are written out, so the new question has no parameters.
func (w *worker) estimate(s *statement, values map[string]any) (string, error) {
	const explain = "EXPLAIN (FORMAT json) "
	plan, err := w.duck.rows(explain+s.text, values)
	if err != nil {
		if e := (*duckError)(nil); errors.As(err, &e) {
			if at := position(e.Position); at >= len(explain) {
				e.Position = json.Number(strconv.Itoa(at - len(explain)))
			}
		}
		return "", err
	}
	var roots []operator
	if len(plan) == 0 || len(plan[0]) < 2 || json.Unmarshal([]byte(plan[0][1]), &roots) != nil || len(roots) == 0 {
		return "", fmt.Errorf("EXPLAIN gives no plan: %v", plan)
	}
	columns, err := w.duck.rows("DESCRIBE "+s.text, values)
	if err != nil {
		return "", err
	}
	width := 0.0
	for _, column := range columns {
		width += widthOf(column[1])
	}
	rows, read, passed := roots[0].cardinalities()
	rows = min(rows, s.limit())
	cost := "light"
	switch {
	case passed > heavyRows:
		cost = "heavy"
	case passed > mediumRows:
		cost = "medium"
	}
	whole := func(f float64) string { return strconv.FormatInt(int64(min(f, 1<<53)), 10) }
	return fmt.Sprintf("SELECT %s::BIGINT AS rows, %s::BIGINT AS rows_read, %s::BIGINT AS bytes, '%s' AS cost", whole(rows), whole(read), whole(rows*width), cost), nil
}

// limit is the constant of the statement's own LIMIT, else infinity.
func (s *statement) limit() float64 {
	modifiers, _ := s.tree.Node["modifiers"].([]any)
	for _, m := range modifiers {
		modifier, _ := m.(map[string]any)
		at, _ := modifier["limit"].(map[string]any)
		value, _ := at["value"].(map[string]any)
		if n, ok := value["value"].(json.Number); ok && modifier["type"] == "LIMIT_MODIFIER" {
			if f, err := n.Float64(); err == nil {
				return f
			}
		}
	}
	return math.Inf(1)
}

// widthOf is about how many bytes a value of an SQL type takes in a result.
func widthOf(kind string) float64 {
	switch kind {
	case "BOOLEAN", "TINYINT", "UTINYINT":
		return 1
	case "SMALLINT", "USMALLINT", "INTEGER", "UINTEGER", "DATE", "FLOAT":
		return 4
	case "BIGINT", "UBIGINT", "DOUBLE", "TIMESTAMP", "TIME":
		return 8
	}
	return 24 // a decimal, a short text
}

// cardinalities are guesses of the rows that an operator gives, of those read
// from tables beneath it that pass their filters, and of those that it and all beneath it pass on.
// An operator without a guess of its own gives what it is given.
func (o *operator) cardinalities() (rows, read, passed float64) {
	product := 1.0
	for i := range o.Children {
		r, s, p := o.Children[i].cardinalities()
		rows, read, passed, product = max(rows, r), read+s, passed+p, product*r
	}
	if o.Name == "CROSS_PRODUCT" {
		rows = product
	}
	var text string
	if json.Unmarshal(o.Info["Estimated Cardinality"], &text) == nil {
		if n, err := strconv.ParseFloat(text, 64); err == nil && (n > 0 || len(o.Children) == 0) { // 0 is no guess, as above a sort
			rows = n
		}
	}
	if len(o.Children) == 0 && strings.Contains(o.Name, "SCAN") {
		read += rows
	}
	return rows, read, passed + rows
}
