package query

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"govdata/catalog/store"
)

// rowsPlan is a RowsRequest on its way to SQL.
type rowsPlan struct {
	request *RowsRequest
	// tables that the expressions of the request use, beside its own.
	tables map[string]int
	// grouped requests have no row of the file behind a row of the result;
	// their pages count from the first row.
	grouped bool
	// reorders: the order of the file has to be asked for.
	reorders bool
	// volatile: the same rows can give another answer.
	volatile bool
	// where is the condition as DuckDB's parser gave it, and within what is known
	// of the place of the rows that pass it (worker.narrow).
	where  any
	within string
	// rows: an expression stands for all columns.
	rows bool
}

// planRows judges every expression of r. parse is DuckDB's parser.
func planRows(r *RowsRequest, l Limits, parse func(sql string) ([]byte, error)) (*rowsPlan, error) {
	p := &rowsPlan{request: r, tables: map[string]int{strings.ToLower(r.Table): -1}, grouped: len(r.GroupBy) > 0}
	name, _, _ := strings.Cut(strings.ToLower(r.Table), "@")
	check := func(parameter, text string) (*statement, error) {
		s, err := checkExpression(text, l, parse)
		if err != nil {
			if e, ok := err.(*SQLError); ok {
				e.Message = parameter + ": " + e.Message
			}
			return nil, err
		}
		for name := range s.tables {
			p.tables[name] = -1
		}
		if s.unnests {
			// Pages could begin in the middle of a row.
			return nil, &SQLError{Message: parameter + ": unnest is not available here", Hint: "use SQL"}
		}
		if s.aggregates && parameter == "select" {
			p.grouped = true
		}
		p.reorders = p.reorders || s.reorders
		p.volatile = p.volatile || s.volatile
		p.rows = p.rows || s.stars || s.single[name]
		return s, nil
	}
	for _, item := range r.Select {
		if _, err := check("select", item); err != nil {
			return nil, err
		}
	}
	if r.Where != "" {
		s, err := check("where", r.Where)
		if err != nil {
			return nil, err
		}
		if s.aggregates || s.item()["alias"] != "" {
			return nil, &SQLError{Message: "where: want a condition on single rows"}
		}
		p.where = s.item()
	}
	for _, field := range r.GroupBy {
		if err := checkTerm(check, "group_by", field); err != nil {
			return nil, err
		}
	}
	for _, o := range r.Order {
		if err := checkTerm(check, "order", o.Field); err != nil {
			return nil, err
		}
	}
	if len(p.tables) > l.Tables {
		return nil, &SQLError{Message: fmt.Sprintf("the request names %d tables; at most %d are allowed", len(p.tables), l.Tables)}
	}
	return p, nil
}

// checkTerm checks a term of an order or a grouping. A number there would
// mean a column by its position, which changes from page to page.
func checkTerm(check func(parameter, text string) (*statement, error), parameter, text string) error {
	s, err := check(parameter, text)
	if err != nil {
		return err
	}
	item := s.item()
	if class := item["class"]; class == "CONSTANT" || class == "STAR" || class == "PARAMETER" || item["alias"] != "" {
		return &SQLError{Message: parameter + ": want the name of a field or an expression"}
	}
	return nil
}

// checkExpression lets text through if it is one expression and nothing else.
func checkExpression(text string, l Limits, parse func(sql string) ([]byte, error)) (*statement, error) {
	const before = "SELECT "
	notOne := &SQLError{Message: fmt.Sprintf("%q is not one expression", clip(text))}
	if strings.TrimSpace(text) == "" {
		return nil, notOne
	}
	if err := checkText(text, l); err != nil {
		return nil, err
	}
	sql := before + text + "\n"
	tree, err := parse(sql)
	if err != nil {
		return nil, err
	}
	s, err := checkTree(sql, tree, l)
	if e, ok := err.(*SQLError); ok && e.Line == 1 {
		// Places are told in the text that the caller wrote.
		e.Col = max(1, e.Col-len(before))
	}
	if err != nil {
		return nil, err
	}
	items, _ := s.node["select_list"].([]any)
	from, _ := s.node["from_table"].(map[string]any)
	if s.node["type"] != "SELECT_NODE" || len(items) != 1 || from["type"] != "EMPTY" || s.node["aggregate_handling"] != "STANDARD_HANDLING" {
		return nil, notOne
	}
	ctes, _ := s.node["cte_map"].(map[string]any)
	for _, clause := range []any{
		s.node["where_clause"], s.node["having"], s.node["qualify"], s.node["sample"],
		s.node["modifiers"], s.node["group_expressions"], s.node["group_sets"], ctes["map"],
	} {
		if list, isList := clause.([]any); clause != nil && (!isList || len(list) > 0) {
			return nil, notOne
		}
	}
	return s, nil
}

// item is the one expression of a statement that checkExpression passed.
func (s *statement) item() map[string]any {
	items, _ := s.node["select_list"].([]any)
	item, _ := items[0].(map[string]any)
	return item
}

// rowsSQL is a plan as SQL over one attached table.
type rowsSQL struct {
	// query returns hidden columns first, then what was asked for.
	query  string
	hidden int
	count  string
	limit  int64
	// offset of the page among all rows or groups.
	offset int64
}

// sql composes the statement. table is the quoted name of the attached table;
// types gives the SQL types of a query's columns.
func (p *rowsPlan) sql(table string, limit int64, types func(query string) ([]string, error)) (*rowsSQL, error) {
	r := p.request
	name, _, _ := strings.Cut(r.Table, "@")
	from := fmt.Sprintf(" FROM %s AS %s", table, store.Ident(name))
	everything := "*"
	if p.within != "" {
		from = fmt.Sprintf(" FROM (SELECT rowid, * FROM %s%s) AS %s", table, p.within, store.Ident(name))
		everything = "* EXCLUDE (rowid)"
	}
	var where []string
	if r.Where != "" {
		where = append(where, "("+r.Where+"\n)")
	}
	if r.Offset < 0 || r.Offset > 0 && len(r.After) > 0 {
		return nil, &SQLError{Message: "offset: want a number that is not negative, and no cursor beside it"}
	}
	s := &rowsSQL{limit: limit, offset: r.Offset}
	if p.grouped {
		return s, p.groupedSQL(s, from, where)
	}
	s.count = "SELECT count(*)" + from + clause(" WHERE ", where, " AND ")
	rowid := store.Ident(name) + ".rowid"
	var columns, order []string
	for _, o := range r.Order {
		term := "(" + o.Field + "\n)"
		order = append(order, fmt.Sprintf("%d%s", len(columns)+1, direction(o)))
		columns = append(columns, term, "CAST("+term+" AS VARCHAR)")
	}
	columns = append(columns, rowid)
	s.hidden = len(columns)
	if len(order) > 0 || p.reorders {
		order = append(order, strconv.Itoa(s.hidden))
	}
	if len(r.After) > 0 {
		after, err := p.after(rowid, from, types)
		if err != nil {
			return nil, err
		}
		where = append(where, after)
	}
	if s.offset > 0 && len(where) == 0 && len(order) == 0 {
		// The rows before are not even read.
		where = append(where, fmt.Sprintf("%s >= %d", rowid, s.offset))
		s.offset = 0
	}
	if len(r.Select) == 0 {
		columns = append(columns, everything)
	}
	for _, item := range r.Select {
		columns = append(columns, item+"\n")
	}
	s.query = "SELECT " + strings.Join(columns, ", ") + from + clause(" WHERE ", where, " AND ") + clause(" ORDER BY ", order, ", ") + s.page()
	return s, nil
}

func (p *rowsPlan) groupedSQL(s *rowsSQL, from string, where []string) error {
	r := p.request
	if len(r.After) > 0 {
		offset, err := strconv.ParseInt(text(r.After[0]), 10, 64)
		if err != nil || offset < 0 || len(r.After) != 1 {
			return errCursor()
		}
		s.offset = offset
	}
	var groups, order, columns []string
	for _, g := range r.GroupBy {
		groups = append(groups, "("+g+"\n)")
	}
	for _, o := range r.Order {
		// Without brackets, so that it can name a column of the result.
		order = append(order, o.Field+"\n"+direction(o))
	}
	// The groups themselves come last, so that every page has the same order.
	order = append(order, groups...)
	for _, item := range r.Select {
		columns = append(columns, item+"\n")
	}
	if len(columns) == 0 {
		for _, g := range r.GroupBy {
			columns = append(columns, g+"\n")
		}
		columns = append(columns, "count(*) AS count")
	}
	body := "SELECT " + strings.Join(columns, ", ") + from + clause(" WHERE ", where, " AND ") + clause(" GROUP BY ", groups, ", ")
	s.count = "SELECT count(*) FROM (" + body + ")"
	s.query = body + clause(" ORDER BY ", order, ", ") + s.page()
	return nil
}

// after is the condition that a row comes behind the last one of a page:
// equal in the first terms of the order and behind in the next one, or equal
// in all of them and later in the file. NULLs come last and are equal.
func (p *rowsPlan) after(rowid, from string, types func(query string) ([]string, error)) (string, error) {
	r := p.request
	if len(r.After) != len(r.Order)+1 {
		return "", errCursor()
	}
	id, err := strconv.ParseInt(text(r.After[len(r.Order)]), 10, 64)
	if err != nil {
		return "", errCursor()
	}
	if len(r.Order) == 0 {
		return fmt.Sprintf("%s > %d", rowid, id), nil
	}
	terms := make([]string, len(r.Order))
	for i, o := range r.Order {
		terms[i] = "(" + o.Field + "\n)"
	}
	kinds, err := types("SELECT " + strings.Join(terms, ", ") + from)
	if err != nil {
		return "", err
	}
	if len(kinds) != len(terms) {
		return "", errCursor()
	}
	var equal, or []string
	for i, o := range r.Order {
		if value := r.After[i]; value == nil {
			equal = append(equal, terms[i]+" IS NULL")
			continue
		}
		value := fmt.Sprintf("CAST(%s AS %s)", store.Literal(text(r.After[i])), kinds[i])
		sign := ">"
		if o.Desc {
			sign = "<"
		}
		behind := fmt.Sprintf("(%s %s %s OR %s IS NULL)", terms[i], sign, value, terms[i])
		or = append(or, strings.Join(append(equal[:len(equal):len(equal)], behind), " AND "))
		equal = append(equal, terms[i]+" = "+value)
	}
	or = append(or, strings.Join(append(equal, fmt.Sprintf("%s > %d", rowid, id)), " AND "))
	return "(" + strings.Join(or, " OR ") + ")", nil
}

// page asks for one row more than the page has, which tells whether there is
// another page.
func (s *rowsSQL) page() string {
	var b strings.Builder
	if s.limit > 0 {
		fmt.Fprintf(&b, " LIMIT %d", s.limit+1)
	}
	if s.offset > 0 {
		fmt.Fprintf(&b, " OFFSET %d", s.offset)
	}
	return b.String()
}

func direction(o OrderBy) string {
	if o.Desc {
		return " DESC NULLS LAST"
	}
	return " ASC NULLS LAST"
}

// clause is the keyword and the parts, or nothing without parts.
func clause(keyword string, parts []string, between string) string {
	if len(parts) == 0 {
		return ""
	}
	return keyword + strings.Join(parts, between)
}

// text is a cursor value as it was given out.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case nil:
		return ""
	}
	return fmt.Sprint(v)
}

func errCursor() *SQLError {
	return &SQLError{Message: "the cursor does not belong to this request", Hint: "start again without one"}
}
