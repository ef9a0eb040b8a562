package query

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
)

// generator writes statements that nobody would: DuckDB's own functions with
// arguments at the edge of what their types can hold, in every place that SQL
// has for an expression. A statement follows from its seed and its number alone.
type generator struct {
	*rand.Rand
	tables []generatedTable
	// scope are the columns that can be named at this place.
	scope []generatedColumn
	// bytes is about how much has been written; deep statements end soon.
	bytes int
	names int
}

type generatedTable struct {
	name    string
	columns []generatedColumn
}

type generatedColumn struct{ name, kind string }

// signature is one form of a function.
type signature struct {
	name, kind string
	parameters []string
	variadic   string
	returns    string
}

// signatures are those of the functions that public SQL may call, and refused
// the names of some that it may not.
var signatures = sync.OnceValues(func() (map[string][]signature, []string) {
	rows, err := parser().rows(`SELECT DISTINCT function_name, function_type, array_to_string(CASE WHEN function_type LIKE '%macro' THEN list_transform(parameters, lambda p: 'ANY') ELSE parameter_types END, chr(31)), coalesce(varargs, ''), coalesce(return_type, '')
		FROM duckdb_functions() WHERE function_type IN ('scalar', 'aggregate', 'table', 'macro', 'table_macro') ORDER BY ALL`, nil)
	if err != nil {
		panic(err)
	}
	byKind, refused := map[string][]signature{}, []string(nil)
	for _, row := range rows {
		s := signature{name: row[0], kind: row[1], variadic: row[3], returns: row[4]}
		if row[2] != "" && row[2] != "(null)" {
			s.parameters = strings.Split(row[2], "\x1f")
		}
		name := strings.ToLower(s.name)
		switch {
		case s.kind == "table" && tableFunctions[name], s.kind == "aggregate" && aggregates[name], (s.kind == "scalar" || s.kind == "macro") && scalars[name]:
			byKind[s.kind] = append(byKind[s.kind], s)
		default:
			refused = append(refused, s.name)
		}
	}
	return byKind, slices.Compact(refused)
})

// generate writes statement n of a seed.
func generate(seed, n uint64, tables []generatedTable) string {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, n)), tables: tables}
	sql := g.query(0)
	if g.once(40) {
		sql = g.mangled(sql)
	}
	if g.once(40) {
		sql = pick(g, "DESCRIBE ", "SUMMARIZE ") + sql
	}
	return fmt.Sprintf("/* question-%d-%d */ %s", seed, n, sql)
}

func pick(g *generator, of ...string) string { return of[g.IntN(len(of))] }

// choose is pick where only what is chosen may be written.
func choose(g *generator, of ...func() string) string { return of[g.IntN(len(of))]() }

// once is true once in n times.
func (g *generator) once(n int) bool { return g.IntN(n) == 0 }

func (g *generator) fresh(prefix string) string {
	g.names++
	return fmt.Sprintf("%s%d", prefix, g.names)
}

// mangled is a statement with a few of its words lost, doubled or moved.
func (g *generator) mangled(sql string) string {
	words := strings.Fields(sql)
	for range 1 + g.IntN(3) {
		i, j := g.IntN(len(words)), g.IntN(len(words))
		switch g.IntN(3) {
		case 0:
			words[i] = ""
		case 1:
			words[i], words[j] = words[j], words[i]
		default:
			words[i] += " " + words[i]
		}
	}
	return strings.Join(words, " ")
}

// full reports whether a statement has grown enough.
func (g *generator) full(depth int) bool { return depth > 5 || g.bytes > 6000 }

func (g *generator) query(depth int) string {
	outer := g.scope
	defer func() { g.scope = outer }()
	switch n := g.IntN(20); {
	case g.full(depth) || n < 10:
		return g.selected(depth)
	case n < 12:
		op := pick(g, "UNION", "UNION ALL", "UNION BY NAME", "UNION ALL BY NAME", "EXCEPT", "EXCEPT ALL", "INTERSECT", "INTERSECT ALL")
		kind := pick(g, "VARCHAR", "BIGINT", "DOUBLE", "", "ANY[]", "TIMESTAMP")
		return "(" + g.single(kind, depth+1) + ") " + op + " (" + g.single(kind, depth+1) + ")" + g.tail(depth)
	case n < 15:
		return g.common(depth)
	case n < 16:
		k := 1 + g.IntN(4)
		var rows []string
		for range 1 + g.IntN(4) {
			rows = append(rows, "("+g.list(k, func() string { return g.expr("", depth+2) })+")")
		}
		return "SELECT * FROM (VALUES " + strings.Join(rows, ", ") + ") AS " + g.fresh("v")
	case n < 18:
		t := g.tables[g.IntN(len(g.tables))]
		g.scope = append(slices.Clone(outer), t.columns...)
		c := t.columns[g.IntN(len(t.columns))].name
		if g.once(2) {
			return fmt.Sprintf("SELECT * FROM (PIVOT %s ON %s IN (%s) USING %s)", t.name, c, g.list(1+g.IntN(5), func() string { return pick(g, "1", "'a'", "NULL", "'620101'", "DATE '2026-01-01'") }), g.call("aggregate", "", 6))
		}
		return fmt.Sprintf("SELECT * FROM (UNPIVOT %s ON %s INTO NAME n VALUE v)", t.name, pick(g, c, c, "COLUMNS(*)::VARCHAR", "COLUMNS('i.*')"))
	default:
		return g.selected(depth)
	}
}

// common is a query with common table expressions, recursive or not.
func (g *generator) common(depth int) string {
	name := g.fresh("c")
	if g.once(2) {
		return fmt.Sprintf("WITH %s AS %s(%s) SELECT %s FROM %s a, %s b%s", name, pick(g, "", "MATERIALIZED ", "NOT MATERIALIZED "), g.query(depth+1), pick(g, "*", "count(*)"), name, name, g.tail(depth))
	}
	end := ""
	if g.once(2) {
		end = fmt.Sprintf(" WHERE i < %s", pick(g, "10", "1000", "100000", "9223372036854775807"))
	}
	step := pick(g, "i + 1", "i * 2", "hash(i)", "-i")
	more := ""
	if g.once(4) {
		more = ", " + g.from(depth+3)
	}
	grown := pick(g, "x", "x || x", "repeat(x, 2)", "concat(x, i)", "[x, x]::VARCHAR", g.expr("VARCHAR", depth+2))
	return fmt.Sprintf("WITH RECURSIVE %s(i, x) %sAS (SELECT 1::HUGEINT, %s::VARCHAR %s SELECT %s, %s FROM %s%s%s) SELECT %s FROM %s%s", name, pick(g, "", "", "USING KEY (i) "), g.expr("VARCHAR", depth+2),
		pick(g, "UNION ALL", "UNION"), step, grown, name, more, end, pick(g, "count(*)", "*", "max(x)", "i"), name, g.tail(depth))
}

// single is a query with one column.
func (g *generator) single(kind string, depth int) string {
	outer := g.scope
	defer func() { g.scope = outer }()
	from := ""
	if g.IntN(4) > 0 {
		from = " FROM " + g.from(depth+1)
	}
	if g.once(3) {
		return "SELECT " + g.call("aggregate", kind, depth+1) + from
	}
	return "SELECT " + g.expr(kind, depth+1) + from
}

func (g *generator) selected(depth int) string {
	outer := g.scope
	defer func() { g.scope = outer }()
	from := ""
	if g.IntN(6) > 0 {
		from = " FROM " + g.from(depth)
	}
	where, group := "", ""
	if from != "" && g.once(3) {
		where = " WHERE " + g.expr("BOOLEAN", depth+1)
	}
	var items []string
	item := func() string { return g.expr("", depth+1) }
	switch g.IntN(8) {
	case 0:
		if from != "" {
			items = append(items, pick(g, "*", "* EXCLUDE (id)", "* REPLACE (1 AS id)", "COLUMNS('(a|aa)+$|.*')", "COLUMNS(c -> c LIKE '%d%')", "COLUMNS(*)::VARCHAR", "min(COLUMNS(*))", "* RENAME (id AS x)", "count(*)"))
		}
	case 1, 2:
		items = append(items, g.call("aggregate", "", depth+1))
		if from != "" && g.once(2) {
			key := g.expr("", depth+2)
			items = append(items, key)
			group = " GROUP BY " + pick(g, key, "ALL", "ROLLUP ("+key+", 1)", "CUBE ("+key+")", "GROUPING SETS ((), ("+key+"))", "CUBE ("+g.list(1+g.IntN(12), func() string { return g.column("") })+")")
			if g.once(3) {
				group += " HAVING " + g.expr("BOOLEAN", depth+2)
			}
		}
	case 3:
		items = append(items, g.window(depth))
	}
	for range g.IntN(3) {
		items = append(items, item())
	}
	if len(items) == 0 {
		items = append(items, item())
	}
	distinct := ""
	if g.once(10) {
		distinct = pick(g, "DISTINCT ", "DISTINCT ON ("+g.expr("", depth+2)+") ")
	}
	sql := "SELECT " + distinct + strings.Join(items, ", ") + from + where + group
	if from != "" && g.once(25) {
		sql += " QUALIFY " + g.window(depth) + " IS NOT NULL"
	}
	if from != "" && g.once(20) {
		sql += " USING SAMPLE " + pick(g, "10", "50%", "99999999", "10% (bernoulli)", "10 ROWS (reservoir, 42)", "0.0001% (system)")
	}
	return sql + g.tail(depth)
}

// tail is what may end a query.
func (g *generator) tail(depth int) string {
	s := ""
	if g.once(4) {
		s += " ORDER BY " + pick(g, "ALL", "1", "1 DESC NULLS FIRST", "#1", g.expr("", depth+2), g.expr("", depth+2)+" COLLATE NOCASE")
	}
	if g.once(5) {
		s += " LIMIT " + pick(g, "0", "1", "10", "50%", "9223372036854775807", "NULL", "1000", "(SELECT "+g.literal("BIGINT")+")", "99.999%")
		if g.once(3) {
			s += " OFFSET " + pick(g, "0", "9223372036854775807", "1", "1000000")
		}
	}
	return s
}

// from is a source of rows, whose columns it brings into scope.
func (g *generator) from(depth int) string {
	switch n := g.IntN(16); {
	case n < 6 || g.full(depth):
		t := g.tables[g.IntN(len(g.tables))]
		alias := g.fresh("t")
		for _, c := range t.columns {
			g.scope = append(g.scope, generatedColumn{alias + "." + c.name, c.kind})
		}
		return t.name + " " + alias
	case n < 9:
		alias := g.fresh("f")
		var f, kind string
		switch g.IntN(6) {
		case 0, 1:
			f, kind = pick(g, "range", "generate_series")+"("+g.list(1+g.IntN(3), func() string { return g.literal("BIGINT") })+")", "BIGINT"
		case 2:
			f, kind = fmt.Sprintf("%s(%s, %s, %s)", pick(g, "range", "generate_series"), g.literal("TIMESTAMP"), g.literal("TIMESTAMP"), g.literal("INTERVAL")), "TIMESTAMP"
		case 3:
			f, kind = "unnest("+g.expr("ANY[]", depth+2)+pick(g, "", "", ", recursive := true")+")", ""
		case 4:
			f = pick(g, "json_each", "json_tree") + "(" + g.expr("JSON", depth+2) + pick(g, "", ", '$.a'", ", '$'", ", "+g.literal("VARCHAR")) + ")"
			g.scope = append(g.scope, generatedColumn{alias + ".value", "JSON"})
			return f + " " + alias
		default:
			f, kind = "range("+pick(g, "10", "1000", "100000", "10000000", "1000000000000")+")", "BIGINT"
		}
		g.scope = append(g.scope, generatedColumn{alias + ".x", kind})
		return f + " " + alias + "(x)"
	case n < 14:
		left := g.from(depth + 1)
		right := g.from(depth + 1)
		switch join := pick(g, ",", "CROSS JOIN", "POSITIONAL JOIN", "JOIN", "LEFT JOIN", "FULL JOIN", "RIGHT JOIN", "SEMI JOIN", "ANTI JOIN", "ASOF JOIN", "ASOF LEFT JOIN", "NATURAL JOIN", "LATERAL"); join {
		case ",", "CROSS JOIN", "POSITIONAL JOIN", "NATURAL JOIN":
			return left + " " + join + " " + right
		case "LATERAL":
			return left + ", LATERAL (" + g.query(depth+2) + ") " + g.fresh("l")
		case "ASOF JOIN", "ASOF LEFT JOIN":
			return fmt.Sprintf("%s %s %s ON %s = %s AND %s %s %s", left, join, right, g.column(""), g.column(""), g.column(""), pick(g, ">=", "<", ">", "<="), g.column(""))
		default:
			on := g.column("") + " " + pick(g, "=", "<", "<>", ">=", "IS NOT DISTINCT FROM") + " " + g.column("")
			if g.once(2) {
				on += pick(g, " AND ", " OR ") + g.expr("BOOLEAN", depth+2)
			}
			return left + " " + join + " " + right + " ON " + on
		}
	default:
		alias := g.fresh("s")
		sql := "(" + g.query(depth+1) + ") " + alias
		if g.once(8) {
			sql += " TABLESAMPLE " + pick(g, "reservoir(99999999)", "bernoulli(1%)", "system(100%)")
		}
		return sql
	}
}

func (g *generator) window(depth int) string {
	call := ""
	switch g.IntN(3) {
	case 0:
		call = pick(g, "row_number()", "rank()", "dense_rank()", "percent_rank()", "cume_dist()", "ntile("+g.literal("BIGINT")+")", "lag("+g.column("")+", "+g.literal("BIGINT")+", "+g.column("")+")",
			"lead("+g.column("")+", "+g.literal("INTEGER")+" IGNORE NULLS)", "nth_value("+g.column("")+", "+g.literal("BIGINT")+")", "first_value("+g.column("")+" IGNORE NULLS)", "fill("+g.column("")+")")
	default:
		call = g.call("aggregate", "", depth+2)
	}
	frame := ""
	if g.once(2) {
		edge := func() string {
			return pick(g, "UNBOUNDED PRECEDING", "CURRENT ROW", "UNBOUNDED FOLLOWING", g.literal("BIGINT")+" PRECEDING", g.literal("BIGINT")+" FOLLOWING", g.literal("INTERVAL")+" PRECEDING", g.column("")+" FOLLOWING", "100 PRECEDING", "100 FOLLOWING")
		}
		begin, end := edge(), edge()
		if g.IntN(4) > 0 {
			begin, end = pick(g, "UNBOUNDED PRECEDING", "CURRENT ROW", g.literal("BIGINT")+" PRECEDING"), pick(g, "UNBOUNDED FOLLOWING", g.literal("BIGINT")+" FOLLOWING")
		}
		frame = " " + pick(g, "ROWS", "ROWS", "RANGE", "GROUPS") + " BETWEEN " + begin + " AND " + end + pick(g, "", " EXCLUDE CURRENT ROW", " EXCLUDE GROUP", " EXCLUDE TIES")
	}
	partition := ""
	if g.once(2) {
		partition = "PARTITION BY " + g.column("") + " "
	}
	return call + " OVER (" + partition + "ORDER BY " + g.column("") + frame + ")"
}

func (g *generator) list(n int, of func() string) string {
	items := make([]string, n)
	for i := range items {
		items[i] = of()
	}
	return strings.Join(items, ", ")
}

// column names a column in scope, of the kind where there is one.
func (g *generator) column(kind string) string {
	var fit []string
	for _, c := range g.scope {
		if kind == "" || c.kind == kind {
			fit = append(fit, c.name)
		}
	}
	if len(fit) == 0 {
		return g.literal(kind)
	}
	return fit[g.IntN(len(fit))]
}

// expr is an expression, of about that kind; "" is any.
func (g *generator) expr(kind string, depth int) string {
	if g.full(depth) {
		return g.column(kind)
	}
	s := ""
	switch n := g.IntN(24); {
	case n < 5:
		s = g.literal(kind)
	case n < 8:
		s = g.column(kind)
	case n < 16:
		s = g.call("scalar", kind, depth+1)
	case n < 17:
		s = fmt.Sprintf("%s(%s AS %s)", pick(g, "TRY_CAST", "TRY_CAST", "CAST"), g.expr("", depth+1), g.typeName())
	case n < 18:
		s = fmt.Sprintf("CASE WHEN %s THEN %s ELSE %s END", g.expr("BOOLEAN", depth+1), g.expr(kind, depth+1), g.expr(kind, depth+1))
	case n < 19:
		k := kind
		var op string
		switch k {
		case "VARCHAR":
			op = pick(g, "||", "=", "<", "LIKE", "ILIKE", "SIMILAR TO", "GLOB", "~", "^@", "NOT LIKE", "IS DISTINCT FROM")
		case "BOOLEAN":
			k = pick(g, "VARCHAR", "BIGINT", "DATE", "TIMESTAMP", "DECIMAL", "DOUBLE", "BOOLEAN")
			op = pick(g, "=", "<", ">=", "<>", "IS DISTINCT FROM", "IS NOT DISTINCT FROM")
			if k == "BOOLEAN" {
				op = pick(g, "AND", "OR")
			}
		case "JSON":
			op = pick(g, "->", "->>")
			s = fmt.Sprintf("(%s %s %s)", g.expr(k, depth+1), op, pick(g, "0", "'$.a'", g.literal("VARCHAR")))
		case "ANY[]":
			op = pick(g, "||", "@>", "<@", "&&", "=", "<")
		default:
			op = pick(g, "+", "-", "*", "/", "//", "%", "**", "<<", ">>", "&", "|", "=", "<", "||")
		}
		if s == "" {
			s = fmt.Sprintf("(%s %s %s)", g.expr(k, depth+1), op, g.expr(k, depth+1))
		}
	case n < 20:
		s = choose(g,
			func() string { return "(" + g.single(kind, depth+2) + " LIMIT 1)" },
			func() string { return "ARRAY(" + g.single(kind, depth+2) + ")" },
			func() string { return "EXISTS (" + g.query(depth+2) + ")" },
			func() string { return g.expr(kind, depth+1) + " IN (" + g.single(kind, depth+2) + ")" },
			func() string {
				return g.expr(kind, depth+1) + pick(g, " = ANY (", " > ALL (") + g.single(kind, depth+2) + ")"
			})
	case n < 21:
		s = fmt.Sprintf("(%s)[%s:%s%s]", g.expr(pick(g, "ANY[]", "VARCHAR"), depth+1), g.literal("BIGINT"), g.literal("BIGINT"), pick(g, "", "", ":"+g.literal("BIGINT")))
	case n < 22:
		s = fmt.Sprintf("[%s for x in %s%s]", pick(g, "x", "x || x", "[x, x]", "y", g.expr("", depth+2)), g.expr("ANY[]", depth+1), pick(g, "", " if x IS NOT NULL"))
	case n < 23:
		s = choose(g,
			func() string { return "{'a': " + g.expr("", depth+1) + ", 'b': " + g.expr("", depth+1) + "}" },
			func() string { return "[" + g.list(g.IntN(5), func() string { return g.expr(kind, depth+2) }) + "]" },
			func() string { return "MAP {" + g.expr("", depth+1) + ": " + g.expr("", depth+1) + "}" },
			func() string {
				return "extract(" + pick(g, "century", "epoch", "timezone", "julian", "isoyear") + " FROM " + g.literal("TIMESTAMP") + ")"
			},
			func() string {
				return g.literal("TIMESTAMP") + " AT TIME ZONE " + pick(g, "'Asia/Shanghai'", "'Etc/GMT+14'", g.literal("VARCHAR"))
			},
			func() string {
				return "(" + g.literal("VARCHAR") + " COLLATE " + pick(g, "NOCASE", "NFC", "zh", "de", "NOCASE.NOACCENT") + ")"
			})
	default:
		_, refused := signatures()
		s = refused[g.IntN(len(refused))] + "(" + g.literal("") + ")"
		if g.IntN(20) > 0 { // one such call refuses the whole statement
			s = g.literal(kind)
		}
	}
	g.bytes += len(s)
	return s
}

// call calls a function of that kind that gives about what is wanted.
func (g *generator) call(kind, wanted string, depth int) string {
	byKind, _ := signatures()
	if kind == "scalar" && g.once(10) && len(byKind["macro"]) > 0 {
		kind = "macro"
	}
	all := byKind[kind]
	s := all[g.IntN(len(all))]
	if wanted != "" {
		for range 30 {
			if s.returns == wanted || strings.HasSuffix(wanted, "[]") && strings.HasSuffix(s.returns, "[]") {
				break
			}
			s = all[g.IntN(len(all))]
		}
	}
	var args []string
	for _, p := range s.parameters {
		args = append(args, g.argument(s, p, depth))
	}
	if s.variadic != "" {
		for range g.IntN(4) {
			args = append(args, g.argument(s, s.variadic, depth))
		}
	}
	if strings.HasPrefix(strings.ToLower(s.name), "list_") && kind == "macro" && len(args) > 0 {
		args[0] = g.expr("ANY[]", depth+1)
	}
	name := strings.ToLower(s.name)
	if !isWord(name[0]) {
		switch len(args) {
		case 1:
			if name == "!__postfix" {
				return "(" + args[0] + " !)"
			}
			return "(" + name + " " + args[0] + ")"
		case 2:
			return "(" + args[0] + " " + name + " " + args[1] + ")"
		}
		return g.literal(wanted)
	}
	if g.once(40) && len(args) > 0 {
		switch g.IntN(3) {
		case 0:
			args = append(args, args[0])
		case 1:
			args = args[1:]
		default:
			g.Shuffle(len(args), func(i, j int) { args[i], args[j] = args[j], args[i] })
		}
	}
	inner := strings.Join(args, ", ")
	if kind == "aggregate" {
		if len(args) > 0 && g.once(6) {
			inner = "DISTINCT " + inner
		}
		if g.once(6) {
			inner += " ORDER BY " + g.column("") + pick(g, "", " DESC NULLS LAST")
		}
		if name == "count" && inner == "" {
			inner = "*"
		}
		s := name + "(" + inner + ")"
		if g.once(10) {
			s += " FILTER (" + g.expr("BOOLEAN", depth+2) + ")"
		}
		return s
	}
	return name + "(" + inner + ")"
}

func (g *generator) argument(s signature, kind string, depth int) string {
	switch {
	case strings.Contains(kind, "LAMBDA"):
		return pick(g, "lambda x: x", "lambda x, i: i", "lambda x: x || x", "lambda x: [x, x]", "lambda x, y: x + y", "lambda x: repeat(x::VARCHAR, 1000)", "lambda x: x IS NULL", "lambda x, y: x || y", "lambda x: NULL", "lambda x: list_transform([x], lambda y: [x, y])",
			"lambda x: "+g.expr("", depth+2))
	case g.once(4):
		return g.expr(kind, depth+1)
	case g.once(4):
		return g.column(kind)
	case g.once(40):
		return g.literal("")
	}
	return g.literal(kind)
}

// typeName is a type to cast to.
func (g *generator) typeName() string {
	t := pick(g, "VARCHAR", "BIGINT", "INTEGER", "TINYINT", "UBIGINT", "HUGEINT", "UHUGEINT", "DOUBLE", "FLOAT", "DECIMAL(38,37)", "DECIMAL(18,2)", "DECIMAL(4,4)", "DATE", "TIMESTAMP", "TIMESTAMPTZ", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIME", "TIMETZ",
		"TIME_NS", "INTERVAL", "BOOLEAN", "BLOB", "BIT", "UUID", "JSON", "BIGNUM", "VARIANT", "GEOMETRY", "ENUM('a', 'b')", "STRUCT(a INTEGER, b VARCHAR)", "MAP(VARCHAR, INTEGER)", "UNION(a INTEGER, b VARCHAR)", "INTEGER[3]", "FLOAT[100000]", "NULL")
	for g.once(5) {
		t += pick(g, "[]", "[]", "[1]", "[2]")
	}
	return t
}

var nasty = map[string][]string{
	"VARCHAR": {"''", "'a'", "NULL::VARCHAR", "'甘肃省'", "repeat('a', 1000)", "repeat('a', 100000)", "repeat('行政', 10000)", "repeat('a', 10000000)", "repeat('a', 2000000000)", "'%2000000000d'", "'%s%s%s%n%*d'", "'{:2000000000d}'", "'{}{}{:>999999999}'",
		"'(a|aa)+$'", "'((((a*)*)*)*)*b'", "'(.*)(.*)(.*)(.*)(.*)(.*)x'", "'[[:alpha:]'", `'\'`, `'(?:a{1000}){1000}'`, "'(?i)^.*$'", "chr(0)", "chr(65279)", "'🏳️‍🌈'", "repeat('e'||chr(769), 50000)", "chr(1114111)",
		"'9999-12-31'", "'infinity'", "'-infinity'", "'epoch'", "'294247-01-10 04:00:54'", "'1e400'", "'-0'", "'NaN'", "'0x7fffffffffffffff'", "'%Y-%m-%d %H:%M:%S.%f %z %Z'", "'%%%'", "'%-d%j%U%W%c%x%X%g'", "'Asia/Shanghai'", "'Etc/GMT+14'", "'UTC+99'",
		"'year'", "'millennium'", "'quarter'", "'nanosecond'", "'{\"a\":[1,{\"b\":null}]}'", "repeat('[', 10000)", "repeat('{\"a\":', 5000)", "repeat('[', 500) || repeat(']', 500)", "'$.a[0].b'", "'$..*'", "'$[#-1]'", "'/a/0'", "'sum'", "'histogram'", "'quantile'",
		"'string_agg'", "'approx_top_k'", "'NFD'", "'g'", "'gims'", "'c'", "'DESC'", "'NULLS FIRST'", "'101010'", "'../../etc/passwd'", "'POINT (1 2)'", "'00000000-0000-0000-0000-000000000000'", "'{\"a\":\"INTEGER\"}'", "'[\"BIGINT\"]'", "',,,,,'", "'1,2,3'", "'=='", "'AAAA'", "'ff'", "'KiB'"},
	"BIGINT":  {"0", "1", "-1", "2", "7", "63", "64", "-64", "100", "65536", "1000000", "100000000", "2147483647", "-2147483648", "2147483648", "9223372036854775807", "-9223372036854775808", "NULL::BIGINT"},
	"DOUBLE":  {"'NaN'::DOUBLE", "'inf'::DOUBLE", "'-inf'::DOUBLE", "1e308", "-1e308", "4.9e-324", "-0.0::DOUBLE", "0.5", "NULL::DOUBLE", "3.141592653589793", "1e19"},
	"DECIMAL": {"99999999999999999999999999999999999999::DECIMAL(38,0)", "0.00000000000000000000000000000000000001::DECIMAL(38,38)", "-99.99", "1.5::DECIMAL(4,1)", "NULL::DECIMAL(18,2)"},
	"HUGEINT": {"170141183460469231731687303715884105727", "-170141183460469231731687303715884105728", "1::HUGEINT", "340282366920938463463374607431768211455::UHUGEINT", "NULL::HUGEINT"},
	"DATE":    {"DATE '2026-02-28'", "DATE '5881580-07-10'", "DATE '5877642-06-25 (BC)'", "'infinity'::DATE", "'-infinity'::DATE", "DATE '0001-01-01'", "NULL::DATE", "DATE '1582-10-10'"},
	"TIMESTAMP": {"TIMESTAMP '2026-01-01 00:00:00'", "TIMESTAMP '294247-01-10 04:00:54.775806'", "TIMESTAMP '290309-12-22 (BC) 00:00:00'", "'infinity'::TIMESTAMP", "TIMESTAMP '1900-01-01 00:00:00.000001'", "TIMESTAMP_NS '2262-04-11 23:47:16.854775806'",
		"TIMESTAMPTZ '2026-03-29 02:30:00 Europe/Berlin'", "TIMESTAMP_S '290309-12-22 (BC) 00:00:00'", "NULL::TIMESTAMP", "'-infinity'::TIMESTAMPTZ"},
	"TIME":     {"TIME '00:00:00'", "TIME '24:00:00'", "TIME '23:59:59.999999'", "'12:00:00+15:59:59'::TIMETZ", "NULL::TIME"},
	"INTERVAL": {"INTERVAL 1 DAY", "INTERVAL 0 SECOND", "INTERVAL (-1) DAY", "INTERVAL 2147483647 MONTH", "INTERVAL 2147483647 DAY", "INTERVAL 9223372036854775 MILLISECOND", "INTERVAL 1 MICROSECOND", "to_microseconds(-9223372036854775808)", "to_years(178956970)", "NULL::INTERVAL", "INTERVAL '1 month -30 days'"},
	"BOOLEAN":  {"true", "false", "NULL::BOOLEAN", "1=1"},
	"BLOB":     {`'\x00'::BLOB`, `''::BLOB`, `'\xFF\xFE'::BLOB`, "encode(repeat('a', 1000000))", "NULL::BLOB", `'abc'::BLOB`},
	"BIT":      {"'1'::BIT", "'10101010101'::BIT", "bitstring('1', 1000000)", "repeat('10', 100000)::BIT", "NULL::BIT"},
	"UUID":     {"'ffffffff-ffff-ffff-ffff-ffffffffffff'::UUID", "uuid()", "NULL::UUID"},
	"ANY[]": {"[]", "[NULL]", "[1, 2, NULL]", "['a', '']", "range(1000)", "range(100000)", "range(100000000)", "[[1], NULL, []]", "[[[[[[[[1]]]]]]]]", "[{'a': 1}, NULL]", "[repeat('a', 1000000)]", "repeat([1], 1000000)", "list_value()", "NULL::INTEGER[]", "['NaN'::DOUBLE, 1.0]",
		"[1, 2, 3]::INTEGER[3]", "['a', 'b', 'a']", "[0.1, 0.9]", "[MAP {1: 2}]", "array_value(1.0::FLOAT, 2.0::FLOAT)", "[9223372036854775807, -9223372036854775808]", "[DATE '2026-01-01', 'infinity'::DATE]", "string_split(repeat('a,', 10000), ',')"},
	"STRUCT": {"{'a': 1}", "{'a': {'b': [1, NULL]}}", "row(1, 'a')", "NULL::STRUCT(a INTEGER)", "{'a': NULL}", "struct_pack(x := repeat('a', 100000))"},
	"MAP":    {"MAP {}", "MAP {1: 'a'}", "MAP {'a': [1]}", "map(range(10000), range(10000))", "NULL::MAP(VARCHAR, INTEGER)", "MAP {{'a': 1}: NULL}"},
	"JSON": {"'{}'::JSON", "'[]'::JSON", "'null'::JSON", "'{\"a\":{\"b\":[1,2,{\"c\":\"d\"}]}}'::JSON", "to_json(range(10000))", "(repeat('[', 1000) || repeat(']', 1000))::JSON", "'1e999'::JSON", "'\"\\u0000\"'::JSON", "NULL::JSON",
		"(repeat('{\"a\":', 900) || '1' || repeat('}', 900))::JSON", "'[{\"a\":1},{\"a\":\"x\"}]'::JSON"},
	"OTHER": {"union_value(a := 1)", "'a'::ENUM('a', 'b')", "'99999999999999999999999999999999999999999999'::BIGNUM", "'POINT (1 2)'::GEOMETRY", "NULL", "1::TINYINT", "255::UTINYINT", "18446744073709551615::UBIGINT", "1.5::FLOAT"},
}

var nastyKinds = func() []string {
	var kinds []string
	for k := range nasty {
		kinds = append(kinds, k)
	}
	slices.Sort(kinds)
	return kinds
}()

// literal is a value at the edge of a kind; kinds that are not known are any.
func (g *generator) literal(kind string) string {
	kind = strings.ToUpper(kind)
	switch {
	case strings.HasSuffix(kind, "]"):
		kind = "ANY[]"
	case strings.Contains(kind, "INT") && kind != "HUGEINT" && !strings.HasPrefix(kind, "INTERVAL"):
		kind = "BIGINT"
	case strings.HasPrefix(kind, "DECIMAL"):
		kind = "DECIMAL"
	case strings.HasPrefix(kind, "TIMESTAMP"):
		kind = "TIMESTAMP"
	case strings.HasPrefix(kind, "TIME"):
		kind = "TIME"
	case kind == "FLOAT":
		kind = "DOUBLE"
	case strings.HasPrefix(kind, "STRUCT"):
		kind = "STRUCT"
	case strings.HasPrefix(kind, "MAP"):
		kind = "MAP"
	}
	values, ok := nasty[kind]
	if !ok {
		values = nasty[nastyKinds[g.IntN(len(nastyKinds))]]
	}
	s := values[g.IntN(len(values))]
	g.bytes += len(s)
	return s
}
