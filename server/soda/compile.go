package soda

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"govdata/catalog"
	"govdata/catalog/store"
	"govdata/server/query"
)

// Table is what a chain of SoQL statements is asked of.
type Table struct {
	// Name in SQL: a dataset, or one release of it.
	Name   string
	Fields []catalog.Field
	// Published is the value of :created_at and :updated_at.
	Published time.Time
	// Now is what get_utc_date() gives.
	Now time.Time
}

// Output is one column of an answer.
type Output struct {
	Name string
	Kind kind
}

// Compiled is SoQL as one SELECT. Whatever the author wrote as a constant is
// bound; names in it are those of the table or our own.
type Compiled struct {
	SQL     string
	Params  []any
	Columns []Output
	// Volatile answers depend on the time.
	Volatile bool
}

// value is an expression on its way to SQL.
type value struct {
	sql  string
	kind kind
	// pending is a string whose type is still open: it becomes what its place
	// wants. It has no sql yet.
	pending *literal
	// date marks SQL's DATE among the floating timestamps, whole an integer type
	// among the numbers.
	date, whole bool
	// aggregate is true where it holds an aggregate; loose is a column in it that
	// stands outside of aggregates and is no group.
	aggregate bool
	loose     *loose
}

// loose is a column, and the text that its offset is in.
type loose struct {
	*column
	text string
}

// source is a column that expressions can name.
type source struct {
	name string
	value
}

// compiler turns statements into SQL.
type compiler struct {
	table Table
	// text is what the offsets of the present clause are in.
	text   string
	params []any
	bound  map[string]string
	makers map[string]maker
	// numbered is set where the number of a row is asked for.
	numbered bool
	volatile bool
}

// maxSQL bounds what becomes of a statement; the gate would refuse more.
const maxSQL = 16 << 10

// Compile turns a chain into SQL.
func Compile(chain []*statement, table Table) (*Compiled, error) {
	c := &compiler{table: table, bound: map[string]string{}, makers: makers()}
	scope := c.fields()
	from := ""
	for i, s := range chain {
		var err error
		if from, scope, err = c.statement(i, s, from, scope); err != nil {
			return nil, err
		}
		if len(from) > maxSQL {
			return nil, &Fault{Status: 400, Code: "query.compiler.malformed", Message: fmt.Sprintf("the query becomes more than %d bytes of SQL", maxSQL)}
		}
	}
	out := &Compiled{SQL: from, Params: c.params, Volatile: c.volatile}
	for _, s := range scope {
		k := s.kind
		if k == kindNull {
			k = kindText
		}
		out.Columns = append(out.Columns, Output{s.name, k})
	}
	return out, nil
}

// rowNumber is the SQL name of the number of a row; no field can have it.
const rowNumber = `"#id"`

// fields is what the first statement can name.
func (c *compiler) fields() []source {
	scope := []source{
		{":id", value{sql: rowNumber, kind: kindRow, whole: true}},
		{":created_at", value{kind: kindFixed}},
		{":updated_at", value{kind: kindFixed}},
	}
	for _, f := range c.table.Fields {
		scope = append(scope, source{f.Name, value{sql: store.Ident(f.Name), kind: kindOf(f.Type), date: f.Type == catalog.TypeDate, whole: f.Type == catalog.TypeInteger}})
	}
	return scope
}

// fold makes names equal that SoQL takes for equal.
func fold(name string) string { return strings.ReplaceAll(strings.ToLower(name), "-", "_") }

func find(scope []source, name string) *source {
	i := slices.IndexFunc(scope, func(s source) bool { return fold(s.name) == fold(name) })
	if i < 0 {
		return nil
	}
	return &scope[i]
}

// stage is one statement in the making.
type stage struct {
	*compiler
	number int
	scope  []source
	// selected are the columns of the answer; names finds them by alias.
	selected []*selected
	names    map[string]*selected
	// groups are the SQL of the expressions that rows are grouped by.
	groups map[string]bool
	source sources
}

// selected is an expression of the selection.
type selected struct {
	name string
	expr expr
	// plain columns that are named as they are; their name means the column.
	plain   bool
	value   *value
	pending bool // being compiled
}

// statement compiles one statement over the rows of from, "" for the table.
func (c *compiler) statement(number int, s *statement, from string, scope []source) (string, []source, error) {
	st := &stage{compiler: c, number: number, scope: scope, names: map[string]*selected{}, groups: map[string]bool{}, source: s.source}
	if err := st.name(s); err != nil {
		return "", nil, err
	}
	where, err := st.conditions(s)
	if err != nil {
		return "", nil, err
	}
	groups, err := st.group(s)
	if err != nil {
		return "", nil, err
	}
	var having value
	c.text = s.source.having
	if s.having != nil {
		if having, err = st.condition(s.having, "HAVING"); err != nil {
			return "", nil, err
		}
	}
	grouped := len(groups) > 0 || having.aggregate
	columns, out, err := st.columns(s, &grouped)
	if err != nil {
		return "", nil, err
	}
	if s.having != nil && !grouped {
		return "", nil, wrong(s.source.having, s.having.offset(), "aggregate-in-ungrouped-context", map[string]any{"clause": "HAVING"}, "HAVING is a condition on groups, and there are none")
	}
	if having.loose != nil {
		return "", nil, st.ungrouped(having.loose)
	}
	if grouped {
		// The first aggregate may have come behind the first plain column.
		for _, x := range st.selected {
			if x.value.loose != nil {
				return "", nil, st.ungrouped(x.value.loose)
			}
		}
	}
	order, byRow, err := st.order(s, grouped)
	if err != nil {
		return "", nil, err
	}
	if s.search != "" {
		where = append(where, st.search(s.search)...)
	}

	var b strings.Builder
	if s.distinct {
		fmt.Fprintf(&b, "SELECT * FROM (SELECT DISTINCT %s", strings.Join(columns, ", "))
	} else {
		fmt.Fprintf(&b, "SELECT %s", strings.Join(columns, ", "))
	}
	// Whatever the order, equal terms keep the order of the rows, so that pages
	// never overlap.
	tie := !grouped && !s.distinct && (number > 0 || len(order) > 0 && !byRow)
	clause := func(keyword string, parts []string, between string) {
		if len(parts) > 0 {
			b.WriteString(keyword + strings.Join(parts, between))
		}
	}
	b.WriteString(st.rows(from, where, tie))
	switch {
	case tie:
		order = append(order, rowNumber)
	case s.distinct:
		for i := range out {
			order = append(order, out[i].sql+" ASC NULLS LAST")
		}
	case grouped:
		for _, g := range groups {
			order = append(order, g+" ASC NULLS LAST")
		}
	}
	clause(" GROUP BY ", groups, ", ")
	if having.sql != "" {
		b.WriteString(" HAVING " + having.sql)
	}
	if s.distinct {
		b.WriteString(") AS t")
	}
	clause(" ORDER BY ", order, ", ")
	if s.limit != nil {
		fmt.Fprintf(&b, " LIMIT %d", *s.limit)
	}
	if s.offset != nil && *s.offset > 0 {
		fmt.Fprintf(&b, " OFFSET %d", *s.offset)
	}
	return b.String(), out, nil
}

// rows is FROM and WHERE: of the table or the statement before, with the numbers
// of the rows where they are shown or compared, or part equal rows of an order.
func (st *stage) rows(from string, where []string, tie bool) string {
	table, condition := store.Ident(st.table.Name), ""
	if len(where) > 0 {
		condition = " WHERE " + strings.Join(where, " AND ")
	}
	const numbered = " FROM (SELECT row_number() OVER () AS " + rowNumber + ", * FROM "
	switch {
	case st.number > 0:
		return numbered + "(" + from + ")) AS t" + condition
	case st.numbered:
		return numbered + table + ") AS t" + condition
	case tie:
		// The numbers need not be those of the table: fewer rows are numbered so.
		return numbered + table + " AS t" + condition + ") AS t"
	}
	return " FROM " + table + " AS t" + condition
}

// name finds out what the columns of the answer are called.
func (st *stage) name(s *statement) error {
	st.text = s.source.selected
	add := func(x *selected, at int) error {
		if st.names[fold(x.name)] != nil {
			return wrong(st.text, at, "duplicate-alias", map[string]any{"name": x.name}, "Duplicate alias: %s", x.name)
		}
		st.names[fold(x.name)] = x
		st.selected = append(st.selected, x)
		return nil
	}
	for _, stars := range []struct {
		*star
		system bool
	}{{s.selection.system, true}, {s.selection.fields, false}} {
		if stars.star == nil {
			continue
		}
		left := map[string]bool{}
		for _, e := range stars.except {
			if find(st.scope, e.name) == nil {
				return st.noColumn(e)
			}
			left[fold(e.name)] = true
		}
		for _, f := range st.scope {
			if strings.HasPrefix(f.name, ":") != stars.system || left[fold(f.name)] {
				continue
			}
			if err := add(&selected{name: f.name, expr: &column{f.name, stars.at}, plain: true}, stars.at); err != nil {
				return err
			}
		}
	}
	var unnamed []*selected
	for _, i := range s.selection.items {
		x := &selected{name: i.alias, expr: i.expr}
		at := i.at
		if c, ok := i.expr.(*column); ok && i.alias == "" {
			x.name, x.plain, at = c.name, true, c.at
			if f := find(st.scope, c.name); f != nil {
				x.name = f.name
			}
		}
		if x.name == "" {
			unnamed = append(unnamed, x)
			st.selected = append(st.selected, x)
			continue
		}
		if err := add(x, at); err != nil {
			return err
		}
	}
	for _, x := range unnamed {
		base := impliedName(x.expr)
		x.name = base
		for n := 1; st.names[fold(x.name)] != nil || find(st.scope, x.name) != nil; n++ {
			x.name = strings.TrimSuffix(base, "_") + "_" + strconv.Itoa(n)
		}
		st.names[fold(x.name)] = x
	}
	if len(st.selected) == 0 {
		return malformed(st.text, 0, "nothing is selected")
	}
	return nil
}

// impliedName is what an expression without an alias is called: its names and
// constants, parted by underscores.
func impliedName(e expr) string {
	var b strings.Builder
	gap := false
	for _, part := range words(e) {
		for _, r := range strings.ToLower(part) {
			if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
				if gap && b.Len() > 0 || b.Len() == 0 && r <= '9' {
					b.WriteByte('_')
				}
				b.WriteRune(r)
				gap = false
			} else {
				gap = true
			}
		}
		gap = true
		if b.Len() > 100 {
			break
		}
	}
	if b.Len() == 0 {
		return "_"
	}
	return b.String()
}

func words(e expr) []string {
	switch e := e.(type) {
	case *column:
		return []string{e.name}
	case *literal:
		if e.kind == literalNull {
			return []string{"null"}
		}
		return []string{e.text}
	case *call:
		name := strings.TrimPrefix(e.name, "#")
		var list []string
		if typ, ok := strings.CutPrefix(e.name, opCast); ok {
			return append(words(e.args[0]), typ)
		}
		switch e.name {
		case opIsNull, opIsNotNull:
			return append(words(e.args[0]), name)
		case opBetween, opNotBetween, opAnd, opOr:
			list = append(words(e.args[0]), name)
			for _, a := range e.args[1:] {
				list = append(list, words(a)...)
			}
			return list
		}
		if !strings.HasPrefix(e.name, "#") || e.name == opNot || e.name == opCase || e.name == opIn || e.name == opLike {
			list = []string{name}
		}
		for _, a := range e.args {
			list = append(list, words(a)...)
		}
		return list
	}
	return nil
}

// columns compiles the selection: as SQL, and as what the next statement can name.
func (st *stage) columns(s *statement, grouped *bool) ([]string, []source, error) {
	st.text = s.source.selected
	var list []string
	var out []source
	for i, x := range st.selected {
		v, err := st.alias(x)
		if err != nil {
			return nil, nil, err
		}
		*grouped = *grouped || v.aggregate
		name := store.Ident(fmt.Sprintf("#%d.%d", st.number+1, i+1))
		list = append(list, v.sql+" AS "+name)
		out = append(out, source{x.name, value{sql: name, kind: v.kind, date: v.date, whole: v.whole}})
	}
	return list, out, nil
}

// alias compiles a selected expression, once.
func (st *stage) alias(x *selected) (value, error) {
	if x.value == nil {
		x.pending = true
		defer func(text string) { x.pending, st.text = false, text }(st.text)
		st.text = st.source.selected
		v, err := st.expr(x.expr)
		if err != nil {
			return v, err
		}
		v = st.settled(v)
		x.value = &v
	}
	return *x.value, nil
}

// conditions compiles WHERE.
func (st *stage) conditions(s *statement) ([]string, error) {
	var all []string
	for _, f := range append(s.filters, filter{s.where, s.source.where}) {
		if f.condition == nil {
			continue
		}
		st.text = f.source
		v, err := st.condition(f.condition, "WHERE")
		if err != nil {
			return nil, err
		}
		if v.aggregate {
			return nil, st.misplaced(f.condition, "WHERE")
		}
		all = append(all, v.sql)
	}
	return all, nil
}

func (st *stage) condition(e expr, clause string) (value, error) {
	v, err := st.expr(e)
	if err != nil {
		return v, err
	}
	return st.as(v, kindBoolean, e, clause)
}

func (st *stage) misplaced(e expr, clause string) error {
	return wrong(st.text, e.offset(), "aggregate-in-ungrouped-context", map[string]any{"clause": clause}, "%s holds an aggregate", clause)
}

func (st *stage) ungrouped(c *loose) error {
	return wrong(c.text, c.at, "column-not-in-group-bys", map[string]any{"column": c.name}, "Column not in group bys: %s", c.name)
}

func (st *stage) group(s *statement) ([]string, error) {
	st.text = s.source.group
	var list []string
	for _, e := range s.group {
		v, err := st.expr(e)
		if err != nil {
			return nil, err
		}
		if v.aggregate {
			return nil, st.misplaced(e, "GROUP BY")
		}
		v = st.settled(v)
		if !st.groups[v.sql] {
			st.groups[v.sql] = true
			list = append(list, v.sql)
		}
	}
	// What was compiled before the groups were known has to be judged anew.
	for _, x := range st.selected {
		x.value = nil
	}
	return list, nil
}

// order compiles ORDER BY. byRow is true where it is the order of the rows and
// nothing else.
func (st *stage) order(s *statement, grouped bool) (list []string, byRow bool, err error) {
	st.text = s.source.order
	for _, o := range s.order {
		if c, ok := o.expr.(*column); ok && st.number == 0 && len(s.order) == 1 && !o.desc && fold(c.name) == ":id" && !grouped && !s.distinct {
			return nil, true, nil // so they come anyhow
		}
		v, err := st.expr(o.expr)
		if err != nil {
			return nil, false, err
		}
		v = st.settled(v)
		if v.aggregate && !grouped {
			return nil, false, st.misplaced(o.expr, "ORDER BY")
		}
		if grouped && v.loose != nil {
			return nil, false, st.ungrouped(v.loose)
		}
		if s.distinct {
			n := slices.IndexFunc(st.selected, func(x *selected) bool { return x.value.sql == v.sql })
			if n < 0 {
				return nil, false, wrong(st.text, o.expr.offset(), "distinct-order-by", nil, "with DISTINCT an order is by what is selected")
			}
			v.sql = store.Ident(fmt.Sprintf("#%d.%d", st.number+1, n+1))
		}
		direction := " ASC"
		if o.desc {
			direction = " DESC"
		}
		if o.nullsFirst {
			direction += " NULLS FIRST"
		} else {
			direction += " NULLS LAST"
		}
		list = append(list, v.sql+direction)
	}
	return list, false, nil
}

// search is the condition of a full-text search: every word occurs in some text,
// or is the value of some number.
func (st *stage) search(text string) []string {
	var all []string
	for _, w := range strings.Fields(text) {
		var places []string
		value, sqlType, number := numberOf(w)
		for _, f := range st.scope {
			switch {
			case strings.HasPrefix(f.name, ":"):
			case f.kind == kindText:
				places = append(places, fmt.Sprintf("contains(lower(%s), lower(%s))", f.sql, st.bind(w, "VARCHAR")))
			case f.kind == kindNumber && number:
				places = append(places, fmt.Sprintf("%s = CAST(%s AS %s)", f.sql, st.bind(value, sqlType), sqlType))
			}
		}
		if len(places) == 0 {
			places = []string{"false"}
		}
		all = append(all, "("+strings.Join(places, " OR ")+")")
	}
	return all
}

// bind gives the parameter of a constant; the same constant has one parameter, so
// that equal expressions are equal SQL.
func (c *compiler) bind(v, sqlType string) string {
	key := sqlType + "\x00" + v
	p, ok := c.bound[key]
	if !ok {
		c.params = append(c.params, v)
		p = "$" + strconv.Itoa(len(c.params))
		c.bound[key] = p
	}
	return p
}

func (c *compiler) cast(v, sqlType string) string {
	return "CAST(" + c.bind(v, sqlType) + " AS " + sqlType + ")"
}

// settled gives a pending string the type text.
func (c *compiler) settled(v value) value {
	if v.pending != nil {
		v = value{sql: c.cast(v.pending.text, "VARCHAR"), kind: kindText}
	}
	return v
}

func (st *stage) noColumn(c *column) error {
	hint := ""
	var names []string
	for _, f := range st.scope {
		names = append(names, f.name)
	}
	if best := query.Nearest(fold(c.name), names); best != "" {
		hint = " (did you mean " + best + "?)"
	}
	return wrong(st.text, c.at, "no-such-column", map[string]any{"column": c.name, "dataset": st.table.Name}, "No such column: %s%s", clip(c.name), hint)
}

// expr compiles an expression.
func (st *stage) expr(e expr) (value, error) {
	switch e := e.(type) {
	case *literal:
		return st.literal(e)
	case *column:
		return st.column(e)
	}
	c := e.(*call)
	v, err := st.call(c)
	if err != nil {
		return v, err
	}
	if len(v.sql) > maxSQL {
		return v, malformed(st.text, c.at, "the expression becomes too long")
	}
	if st.groups[v.sql] {
		v.loose = nil
	}
	return v, nil
}

func (st *stage) literal(l *literal) (value, error) {
	switch l.kind {
	case literalString:
		return value{kind: kindText, pending: l}, nil
	case literalNumber:
		text, sqlType, ok := numberOf(l.text)
		if !ok {
			return value{}, malformed(st.text, l.at, "%s is no number that can be held", clip(l.text))
		}
		return value{sql: st.compiler.cast(text, sqlType), kind: kindNumber, whole: sqlType == "BIGINT"}, nil
	case literalBoolean:
		return value{sql: st.compiler.cast(l.text, "BOOLEAN"), kind: kindBoolean}, nil
	}
	return value{sql: "NULL", kind: kindNull}, nil
}

// column finds what a name means: a selected expression, unless it stands in its
// own definition, or a column.
func (st *stage) column(c *column) (value, error) {
	if x := st.names[fold(c.name)]; x != nil && !x.plain {
		if !x.pending {
			return st.alias(x)
		}
		if find(st.scope, c.name) == nil {
			return value{}, wrong(st.text, c.at, "circular-alias-definition", map[string]any{"name": c.name}, "Circular alias definition: %s", clip(c.name))
		}
	}
	f := find(st.scope, c.name)
	if f == nil {
		return value{}, st.noColumn(c)
	}
	v := f.value
	if st.number == 0 {
		switch f.name {
		case ":id":
			st.numbered = true
		case ":created_at", ":updated_at":
			v.sql = st.compiler.cast(st.table.Published.UTC().Format(sqlStamp), "TIMESTAMP")
			return v, nil // the same for all rows, and so for every group
		}
	}
	if !st.groups[v.sql] {
		v.loose = &loose{c, st.text}
	}
	return v, nil
}
