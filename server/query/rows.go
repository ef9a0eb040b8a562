package query

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"govdata/catalog/store"
)

// rowsPlan is a RowsRequest on its way to SQL.
type rowsPlan struct {
	request *RowsRequest
	// selects, condition, groups and terms are the request's expressions as they are
	// run.
	selects   []string
	condition string
	groups    []string
	terms     []string
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

// texts are all that the author of a request wrote.
func (r *RowsRequest) texts() []string {
	texts := slices.Concat(r.Select, []string{r.Where}, r.GroupBy)
	for _, o := range r.Order {
		texts = append(texts, o.Field)
	}
	return texts
}

// planRows judges every expression of r.
func (d *duck) planRows(r *RowsRequest, l Limits, n *names) (*rowsPlan, error) {
	p := &rowsPlan{request: r, tables: map[string]int{folded(r.Table): -1}, grouped: len(r.GroupBy) > 0}
	name, _, _ := strings.Cut(folded(r.Table), "@")
	check := func(parameter, text string) (*statement, error) {
		s, err := d.checkExpression(text, l, n)
		if err == nil && parameter != "select" {
			s.unnamed = nil
		}
		if err == nil {
			err = d.render(s, n)
		}
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
		s, err := check("select", item)
		if err != nil {
			return nil, err
		}
		p.selects = append(p.selects, s.expression())
	}
	if r.Where != "" {
		s, err := check("where", r.Where)
		if err != nil {
			return nil, err
		}
		if s.aggregates || s.item()["alias"] != "" {
			return nil, &SQLError{Message: "where: want a condition on single rows"}
		}
		p.where, p.condition = s.item(), s.expression()
	}
	for _, field := range r.GroupBy {
		term, err := checkTerm(check, "group_by", field)
		if err != nil {
			return nil, err
		}
		p.groups = append(p.groups, term)
	}
	for _, o := range r.Order {
		term, err := checkTerm(check, "order", o.Field)
		if err != nil {
			return nil, err
		}
		p.terms = append(p.terms, term)
	}
	if len(p.tables) > l.Tables {
		return nil, &SQLError{Message: fmt.Sprintf("the request names %d tables; at most %d are allowed", len(p.tables), l.Tables)}
	}
	return p, nil
}

// checkTerm checks a term of an order or a grouping, and gives it as it is run. A
// number there would mean a column by its position, which changes from page to page.
func checkTerm(check func(parameter, text string) (*statement, error), parameter, text string) (string, error) {
	s, err := check(parameter, text)
	if err != nil {
		return "", err
	}
	item := s.item()
	if class := item["class"]; class == "CONSTANT" || class == "STAR" || class == "PARAMETER" || item["alias"] != "" {
		return "", &SQLError{Message: parameter + ": want the name of a field or an expression"}
	}
	return s.expression(), nil
}

// checkExpression lets text through if it is one expression and nothing else.
func (d *duck) checkExpression(text string, l Limits, n *names) (*statement, error) {
	const before = "SELECT "
	notOne := &SQLError{Message: fmt.Sprintf("%q is not one expression", clip(text))}
	if strings.TrimSpace(text) == "" {
		return nil, notOne
	}
	if err := checkText(text, l); err != nil {
		return nil, err
	}
	sql := before + text + "\n"
	read, err := d.parse(sql)
	if err != nil {
		return nil, err
	}
	s, err := checkTree(sql, read, l, n)
	if e, ok := err.(*SQLError); ok && e.Line == 1 {
		// Places are told in the text that the caller wrote.
		e.Col = max(1, e.Col-len(before))
	}
	if err != nil {
		return nil, err
	}
	node := s.tree.Node
	items, _ := node["select_list"].([]any)
	from, _ := node["from_table"].(map[string]any)
	if node["type"] != "SELECT_NODE" || len(items) != 1 || from["type"] != "EMPTY" || node["aggregate_handling"] != "STANDARD_HANDLING" {
		return nil, notOne
	}
	ctes, _ := node["cte_map"].(map[string]any)
	for _, clause := range []any{
		node["where_clause"], node["having"], node["qualify"], node["sample"],
		node["modifiers"], node["group_expressions"], node["group_sets"], ctes["map"],
	} {
		if list, isList := clause.([]any); clause != nil && (!isList || len(list) > 0) {
			return nil, notOne
		}
	}
	return s, nil
}

// item is the one expression of a statement that checkExpression passed.
func (s *statement) item() map[string]any {
	items, _ := s.tree.Node["select_list"].([]any)
	item, _ := items[0].(map[string]any)
	return item
}

// expression is that as it is run.
func (s *statement) expression() string { return strings.TrimPrefix(s.text, "SELECT ") }

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
	if p.condition != "" {
		where = append(where, "("+p.condition+")")
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
	for i, o := range r.Order {
		term := "(" + p.terms[i] + ")"
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
	columns = append(columns, p.selects...)
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
	for _, g := range p.groups {
		groups = append(groups, "("+g+")")
	}
	for i, o := range r.Order {
		// Without brackets, so that it can name a column of the result.
		order = append(order, p.terms[i]+direction(o))
	}
	// The groups themselves come last, so that every page has the same order.
	order = append(order, groups...)
	columns = append(columns, p.selects...)
	if len(columns) == 0 {
		columns = append(append(columns, p.groups...), "count(*) AS count")
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
	for i, term := range p.terms {
		terms[i] = "(" + term + ")"
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
