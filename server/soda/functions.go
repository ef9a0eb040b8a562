package soda

import (
	"fmt"
	"slices"
	"strings"

	"govdata/server/query"
)

// function is one that is called with arguments of fixed types. The SQL takes
// them as %[1]s, %[2]s, ...; needs is how many there must be.
type function struct {
	args      []kind
	needs     int
	result    kind
	sql       string
	aggregate bool
	whole     bool
}

func plain(sql string, result kind, args ...kind) function {
	return function{args: args, needs: len(args), result: result, sql: sql}
}

func whole(sql string, args ...kind) function {
	return function{args: args, needs: len(args), result: kindNumber, sql: sql, whole: true}
}

func aggregate(sql string, result kind, args ...kind) function {
	return function{args: args, needs: len(args), result: result, sql: sql, aggregate: true}
}

func part(name string) function {
	return whole("date_part('"+name+"', CAST(%[1]s AS TIMESTAMP))", kindFloating)
}

// functions are those with one signature for each number of arguments; the
// README lists them.
var functions = map[string][]function{
	"lower":         {plain("lower(%[1]s)", kindText, kindText)},
	"upper":         {plain("upper(%[1]s)", kindText, kindText)},
	"length":        {whole("length(%[1]s)", kindText)},
	"len":           {whole("length(%[1]s)", kindText)},
	"contains":      {plain("contains(%[1]s, %[2]s)", kindBoolean, kindText, kindText)},
	"starts_with":   {plain("starts_with(%[1]s, %[2]s)", kindBoolean, kindText, kindText)},
	"substring":     {plain("substring(%[1]s, CAST(%[2]s AS BIGINT))", kindText, kindText, kindNumber), plain("substring(%[1]s, CAST(%[2]s AS BIGINT), CAST(%[3]s AS BIGINT))", kindText, kindText, kindNumber, kindNumber)},
	"split_part":    {plain("split_part(%[1]s, %[2]s, CAST(%[3]s AS BIGINT))", kindText, kindText, kindText, kindNumber)},
	"replace":       {plain("replace(%[1]s, %[2]s, %[3]s)", kindText, kindText, kindText, kindText)},
	"trim":          {plain("trim(%[1]s)", kindText, kindText)},
	"trim_leading":  {plain("ltrim(%[1]s)", kindText, kindText)},
	"trim_trailing": {plain("rtrim(%[1]s)", kindText, kindText)},
	"left_pad":      {plain("lpad(%[1]s, CAST(%[2]s AS INTEGER), %[3]s)", kindText, kindText, kindNumber, kindText)},
	"right_pad":     {plain("rpad(%[1]s, CAST(%[2]s AS INTEGER), %[3]s)", kindText, kindText, kindNumber, kindText)},
	"chr":           {plain("chr(CAST(%[1]s AS INTEGER))", kindText, kindNumber)},
	"unaccent":      {plain("strip_accents(%[1]s)", kindText, kindText)},

	"caseless_eq":          {plain("(lower(%[1]s) = lower(%[2]s))", kindBoolean, kindText, kindText)},
	"caseless_ne":          {plain("(lower(%[1]s) <> lower(%[2]s))", kindBoolean, kindText, kindText)},
	"caseless_contains":    {plain("contains(lower(%[1]s), lower(%[2]s))", kindBoolean, kindText, kindText)},
	"caseless_starts_with": {plain("starts_with(lower(%[1]s), lower(%[2]s))", kindBoolean, kindText, kindText)},

	"ln": {plain("ln(%[1]s)", kindNumber, kindNumber)},

	"date_trunc_y":       {plain("date_trunc('year', %[1]s)", kindFloating, kindFloating)},
	"date_trunc_ym":      {plain("date_trunc('month', %[1]s)", kindFloating, kindFloating)},
	"date_trunc_ymd":     {plain("date_trunc('day', %[1]s)", kindFloating, kindFloating)},
	"datez_trunc_y":      {plain("date_trunc('year', %[1]s)", kindFixed, kindFixed)},
	"datez_trunc_ym":     {plain("date_trunc('month', %[1]s)", kindFixed, kindFixed)},
	"datez_trunc_ymd":    {plain("date_trunc('day', %[1]s)", kindFixed, kindFixed)},
	"date_extract_y":     {part("year")},
	"date_extract_m":     {part("month")},
	"date_extract_d":     {part("day")},
	"date_extract_hh":    {part("hour")},
	"date_extract_mm":    {part("minute")},
	"date_extract_ss":    {part("second")},
	"date_extract_dow":   {part("dow")},
	"date_extract_woy":   {part("week")},
	"date_extract_iso_y": {part("isoyear")},
	"epoch_seconds":      {plain("epoch(%[1]s)", kindNumber, kindFixed)},

	"bool_and":       {aggregate("bool_and(%[1]s)", kindBoolean, kindBoolean)},
	"bool_or":        {aggregate("bool_or(%[1]s)", kindBoolean, kindBoolean)},
	"sum":            {aggregate("sum(%[1]s)", kindNumber, kindNumber)},
	"avg":            {aggregate("avg(%[1]s)", kindNumber, kindNumber)},
	"stddev_pop":     {aggregate("stddev_pop(%[1]s)", kindNumber, kindNumber)},
	"stddev_samp":    {aggregate("stddev_samp(%[1]s)", kindNumber, kindNumber)},
	"var_pop":        {aggregate("var_pop(%[1]s)", kindNumber, kindNumber)},
	"var_samp":       {aggregate("var_samp(%[1]s)", kindNumber, kindNumber)},
	"regr_slope":     {aggregate("nullif(regr_slope(%[1]s, %[2]s), CAST('NaN' AS DOUBLE))", kindNumber, kindNumber, kindNumber)},
	"regr_intercept": {aggregate("nullif(regr_intercept(%[1]s, %[2]s), CAST('NaN' AS DOUBLE))", kindNumber, kindNumber, kindNumber)},
	"regr_r2":        {aggregate("nullif(regr_r2(%[1]s, %[2]s), CAST('NaN' AS DOUBLE))", kindNumber, kindNumber, kindNumber)},

	"+": {plain("(%[1]s + %[2]s)", kindNumber, kindNumber, kindNumber)},
	"-": {plain("(%[1]s - %[2]s)", kindNumber, kindNumber, kindNumber)},
	"*": {plain("(%[1]s * %[2]s)", kindNumber, kindNumber, kindNumber)},
	"/": {plain("(%[1]s / nullif(%[2]s, 0))", kindNumber, kindNumber, kindNumber)},
	"%": {plain("(%[1]s %% %[2]s)", kindNumber, kindNumber, kindNumber)},
	"^": {plain("(%[1]s ^ %[2]s)", kindNumber, kindNumber, kindNumber)},

	opUnary + "-": {plain("(- %[1]s)", kindNumber, kindNumber)},
	opUnary + "+": {plain("%[1]s", kindNumber, kindNumber)},
	opAnd:         {plain("(%[1]s AND %[2]s)", kindBoolean, kindBoolean, kindBoolean)},
	opOr:          {plain("(%[1]s OR %[2]s)", kindBoolean, kindBoolean, kindBoolean)},
	opNot:         {plain("(NOT %[1]s)", kindBoolean, kindBoolean)},
}

// maker compiles a call whose arguments may be of several types.
type maker func(*stage, *call, []value) (value, error)

// makers are the functions and operators that have one.
func makers() map[string]maker {
	return map[string]maker{
		"=": compared("="), "<>": compared("<>"), "<": compared("<"), "<=": compared("<="), ">": compared(">"), ">=": compared(">="),
		"||":   (*stage).concatenated,
		opIn:   listed("IN", false),
		opLike: liked("LIKE"), opNotLike: liked("NOT LIKE"),
		opNotIn:   listed("NOT IN", false),
		opBetween: between("BETWEEN"), opNotBetween: between("NOT BETWEEN"),
		opIsNull: nullTest("IS NULL"), opIsNotNull: nullTest("IS NOT NULL"),
		opCase: (*stage).cases, "case": (*stage).cases, "iif": (*stage).cases,
		"caseless_one_of": listed("IN", true), "caseless_not_one_of": listed("NOT IN", true),
		"least": oneOf("least", 1), "greatest": oneOf("greatest", 1), "coalesce": oneOf("coalesce", 1), "nullif": oneOf("nullif", 2),
		"count": (*stage).count, "count_distinct": (*stage).count,
		"min": extreme("min"), "max": extreme("max"), "median": (*stage).median,
		"abs": rounded("abs(%s)"), "ceil": rounded("ceil(%s)"), "floor": rounded("floor(%s)"), "round": (*stage).round,
		"date_diff_d": (*stage).days, "get_utc_date": (*stage).now,
	}
}

// geometric functions are known, and refused: the datasets hold no geometry.
var geometric = map[string]bool{
	"within_circle": true, "within_box": true, "within_polygon": true, "intersects": true, "distance_in_meters": true, "extent": true,
	"convex_hull": true, "concave_hull": true, "num_points": true, "simplify": true, "simplify_preserve_topology": true, "snap_to_grid": true,
	"snap_for_zoom": true, "reduce_precision": true, "visible_at": true, "area": true, "is_empty": true, "point": true, "location": true, "human_address": true,
	"crosses": true, "overlaps": true, "buffer": true, "region": true, "curated_region_test": true, "polygonlabel": true, "geo_make_valid": true, "union_agg": true,
}

// call compiles a function or an operator.
func (st *stage) call(c *call) (value, error) {
	shown := strings.TrimPrefix(strings.TrimPrefix(c.name, opUnary), "#")
	if c.star && c.name != "count" {
		return value{}, wrong(st.text, c.at, "no-such-function", map[string]any{"function": c.name}, "No such function: %s(*)", clip(shown))
	}
	list, simple := functions[c.name]
	compile, known := st.makers[c.name]
	target, cast := strings.CutPrefix(c.name, opCast)
	if geometric[c.name] {
		return value{}, unsupported(st.text, c.at, shown+"(...), for the datasets hold no geometry,")
	}
	if !simple && !known && !cast {
		hint := ""
		if best := query.Nearest(c.name, functionNames()); best != "" {
			hint = " (did you mean " + best + "?)"
		}
		return value{}, wrong(st.text, c.at, "no-such-function", map[string]any{"function": c.name}, "No such function: %s%s", clip(shown), hint)
	}
	args := []value{}
	out := value{}
	for _, e := range c.args {
		v, err := st.expr(e)
		if err != nil {
			return v, err
		}
		out.aggregate = out.aggregate || v.aggregate
		if out.loose == nil {
			out.loose = v.loose
		}
		args = append(args, v)
	}
	var v value
	var err error
	aggregates := false
	switch {
	case cast:
		v, err = st.cast(c, target, args[0])
	case known:
		v, err = compile(st, c, args)
		aggregates = slices.Contains([]string{"count", "count_distinct", "min", "max", "median"}, c.name)
	default:
		n := slices.IndexFunc(list, func(f function) bool { return f.needs == len(args) })
		if n < 0 {
			return v, st.arity(c)
		}
		f := list[n]
		in := []any{}
		for i := range args {
			a, err := st.as(args[i], f.args[i], c.args[i], shown)
			if err != nil {
				return a, err
			}
			in = append(in, a.sql)
		}
		aggregates = f.aggregate
		v = value{sql: fmt.Sprintf(f.sql, in...), kind: f.result, whole: f.whole}
	}
	if err != nil {
		return v, err
	}
	if aggregates {
		if out.aggregate {
			return v, wrong(st.text, c.at, "aggregate-in-ungrouped-context", map[string]any{"function": c.name}, "%s holds another aggregate", shown)
		}
		v.aggregate, v.loose = true, nil
		return v, nil
	}
	v.aggregate, v.loose = out.aggregate, out.loose
	return v, nil
}

func functionNames() []string {
	var names []string
	for name := range functions {
		names = append(names, name)
	}
	for name := range makers() {
		names = append(names, name)
	}
	names = slices.DeleteFunc(names, func(s string) bool { return !isLetter(rune(s[0])) })
	slices.Sort(names)
	return names
}

func (st *stage) arity(c *call) error {
	return wrong(st.text, c.at, "no-such-function", map[string]any{"function": c.name}, "No such function: %s with %d arguments", strings.TrimPrefix(c.name, "#"), len(c.args))
}

func (st *stage) mismatch(e expr, name string, k kind) error {
	return wrong(st.text, e.offset(), "type-mismatch", map[string]any{"function": name, "type": string(k)}, "Type mismatch for %s, is %s", name, k)
}

// as gives v the type k; a string becomes what it can be read as.
func (st *stage) as(v value, k kind, e expr, name string) (value, error) {
	return st.asDate(v, k, false, e, name)
}

// asDate is as; a time at midnight becomes SQL's DATE where date is true.
func (st *stage) asDate(v value, k kind, date bool, e expr, name string) (value, error) {
	if v.pending == nil {
		if v.kind != k && v.kind != kindNull {
			return v, st.mismatch(e, name, v.kind)
		}
		return v, nil
	}
	text := v.pending.text
	switch k {
	case kindText:
		return st.settled(v), nil
	case kindNumber:
		if n, sqlType, ok := numberOf(text); ok {
			return value{sql: st.compiler.cast(n, sqlType), kind: k, whole: sqlType == "BIGINT"}, nil
		}
	case kindBoolean:
		if t := strings.ToLower(text); t == "true" || t == "false" {
			return value{sql: st.compiler.cast(t, "BOOLEAN"), kind: k}, nil
		}
	case kindFloating:
		t, ok := floatingOf(text)
		if ok && date && midnight(t) {
			return value{sql: st.compiler.cast(t.Format("2006-01-02"), "DATE"), kind: k, date: true}, nil
		} else if ok {
			return value{sql: st.compiler.cast(t.Format(sqlStamp), "TIMESTAMP"), kind: k}, nil
		}
	case kindFixed:
		if t, ok := fixedOf(text); ok {
			return value{sql: st.compiler.cast(t.Format(sqlStamp), "TIMESTAMP"), kind: k}, nil
		}
	case kindRow:
		if n, ok := rowOf(text); ok {
			return value{sql: st.compiler.cast(n, "BIGINT"), kind: k}, nil
		}
	}
	return v, wrong(st.text, e.offset(), "type-mismatch", map[string]any{"function": name, "type": string(kindText)}, "Type mismatch for %s, is text: '%s' is no %s", name, clip(text), k)
}

// same gives all values one type, which is that of those that are no strings
// that stand for themselves.
func (st *stage) same(c *call, exprs []expr, args []value, allowed ...kind) ([]value, kind, error) {
	name := strings.TrimPrefix(c.name, "#")
	k, date, whole := kindNull, true, true
	for i, v := range args {
		if v.pending != nil || v.kind == kindNull {
			continue
		}
		if k == kindNull {
			k = v.kind
		} else if v.kind != k {
			return nil, k, st.mismatch(exprs[i], name, v.kind)
		}
		date, whole = date && v.date, whole && v.whole
	}
	if k == kindNull && slices.ContainsFunc(args, func(v value) bool { return v.pending != nil }) {
		k = kindText
	}
	if k != kindNull && len(allowed) > 0 && !slices.Contains(allowed, k) {
		return nil, k, st.mismatch(exprs[0], name, k)
	}
	out := slices.Clone(args)
	// Beside a text, a constant needs no type of its own: lists stay short.
	beside := k == kindText && comparisons[c.name] && slices.ContainsFunc(args, func(v value) bool { return v.pending == nil && v.kind == kindText })
	for i := range out {
		var err error
		if out[i].pending != nil && beside {
			out[i] = value{sql: st.bind(out[i].pending.text, "VARCHAR"), kind: kindText}
		} else if out[i], err = st.asDate(out[i], k, date, exprs[i], name); err != nil {
			return nil, k, err
		}
	}
	return out, k, nil
}

// comparisons give no value of the type that they compare.
var comparisons = map[string]bool{"=": true, "<>": true, "<": true, "<=": true, ">": true, ">=": true, opIn: true, opNotIn: true, opBetween: true, opNotBetween: true}

func compared(sign string) maker {
	return func(st *stage, c *call, args []value) (value, error) {
		args, _, err := st.same(c, c.args, args)
		if err != nil {
			return value{}, err
		}
		return value{sql: "(" + args[0].sql + " " + sign + " " + args[1].sql + ")", kind: kindBoolean}, nil
	}
}

// listed compiles IN and NOT IN.
func listed(keyword string, caseless bool) maker {
	return func(st *stage, c *call, args []value) (value, error) {
		if len(args) < 2 {
			return value{}, st.arity(c)
		}
		var allowed []kind
		if caseless {
			allowed = []kind{kindText}
		}
		args, _, err := st.same(c, c.args, args, allowed...)
		if err != nil {
			return value{}, err
		}
		list := make([]string, len(args))
		for i, v := range args {
			if list[i] = v.sql; caseless {
				list[i] = "lower(" + v.sql + ")"
			}
		}
		return value{sql: "(" + list[0] + " " + keyword + " (" + strings.Join(list[1:], ", ") + "))", kind: kindBoolean}, nil
	}
}

func between(keyword string) maker {
	return func(st *stage, c *call, args []value) (value, error) {
		args, _, err := st.same(c, c.args, args)
		if err != nil {
			return value{}, err
		}
		return value{sql: "(" + args[0].sql + " " + keyword + " " + args[1].sql + " AND " + args[2].sql + ")", kind: kindBoolean}, nil
	}
}

// liked compiles LIKE, in whose pattern a backslash takes the next character as
// it is.
func liked(keyword string) maker {
	return func(st *stage, c *call, args []value) (value, error) {
		escape := ` ESCAPE '\'`
		if p := args[1].pending; p != nil {
			if !strings.Contains(p.text, `\`) {
				escape = ""
			} else if n := len(p.text) - len(strings.TrimRight(p.text, `\`)); n%2 == 1 {
				return value{}, malformed(st.text, p.at, "a pattern cannot end with a single backslash")
			}
		}
		for i := range args {
			var err error
			if args[i], err = st.as(args[i], kindText, c.args[i], keyword); err != nil {
				return value{}, err
			}
		}
		return value{sql: "(" + args[0].sql + " " + keyword + " " + args[1].sql + escape + ")", kind: kindBoolean}, nil
	}
}

func nullTest(keyword string) maker {
	return func(st *stage, c *call, args []value) (value, error) {
		return value{sql: "(" + st.settled(args[0]).sql + " " + keyword + ")", kind: kindBoolean}, nil
	}
}

// textOf is the SQL of a value as text, as answers show it.
func (st *stage) textOf(v value) string {
	v = st.settled(v)
	switch v.kind {
	case kindNumber, kindBoolean, kindNull:
		return "CAST(" + v.sql + " AS VARCHAR)"
	case kindFloating:
		return "strftime(CAST(" + v.sql + " AS TIMESTAMP), '%Y-%m-%dT%H:%M:%S.%g')"
	case kindFixed:
		return "strftime(" + v.sql + ", '%Y-%m-%dT%H:%M:%S.%gZ')"
	case kindRow:
		return fmt.Sprintf("concat('%s', lpad(CAST(%s AS VARCHAR), %d, '0'))", rowPrefix, v.sql, rowDigits)
	}
	return v.sql
}

func (st *stage) concatenated(c *call, args []value) (value, error) {
	return value{sql: "(" + st.textOf(args[0]) + " || " + st.textOf(args[1]) + ")", kind: kindText}, nil
}

// cases compiles CASE WHEN, case(condition, value, ...) and iif(condition, yes, no).
func (st *stage) cases(c *call, args []value) (value, error) {
	if c.name == "iif" && len(args) != 3 || c.name == "case" && len(args)%2 != 0 || len(args) < 2 {
		return value{}, st.arity(c)
	}
	var exprs []expr
	var values []value
	for i := range args {
		if i%2 == 0 && i+1 < len(args) {
			var err error
			if args[i], err = st.as(args[i], kindBoolean, c.args[i], "case"); err != nil {
				return value{}, err
			}
			continue
		}
		exprs, values = append(exprs, c.args[i]), append(values, args[i])
	}
	values, k, err := st.same(c, exprs, values)
	if err != nil {
		return value{}, err
	}
	var b strings.Builder
	b.WriteString("CASE")
	out := value{kind: k, date: true, whole: true}
	for i, v := range values {
		out.date, out.whole = out.date && v.date, out.whole && v.whole
		if 2*i+1 < len(args) {
			fmt.Fprintf(&b, " WHEN %s THEN %s", args[2*i].sql, v.sql)
		} else {
			fmt.Fprintf(&b, " ELSE %s", v.sql)
		}
	}
	out.sql = b.String() + " END"
	return out, nil
}

// oneOf compiles functions whose arguments and result have one type.
func oneOf(name string, least int) maker {
	return func(st *stage, c *call, args []value) (value, error) {
		if len(args) < least || name == "nullif" && len(args) > 2 {
			return value{}, st.arity(c)
		}
		args, k, err := st.same(c, c.args, args)
		if err != nil {
			return value{}, err
		}
		out := value{kind: k, date: true, whole: true}
		list := make([]string, len(args))
		for i, v := range args {
			list[i] = v.sql
			out.date, out.whole = out.date && v.date, out.whole && v.whole
		}
		out.sql = name + "(" + strings.Join(list, ", ") + ")"
		return out, nil
	}
}

func (st *stage) count(c *call, args []value) (value, error) {
	out := value{sql: "count(*)", kind: kindNumber, whole: true}
	if c.star {
		return out, nil
	}
	if len(args) != 1 {
		return out, st.arity(c)
	}
	what := st.settled(args[0]).sql
	if c.name == "count_distinct" {
		what = "DISTINCT " + what
	}
	out.sql = "count(" + what + ")"
	return out, nil
}

func extreme(name string) maker {
	return func(st *stage, c *call, args []value) (value, error) {
		if len(args) != 1 {
			return value{}, st.arity(c)
		}
		v := st.settled(args[0])
		if v.kind == kindBoolean {
			return v, st.mismatch(c.args[0], name, v.kind)
		}
		return value{sql: name + "(" + v.sql + ")", kind: v.kind, date: v.date, whole: v.whole}, nil
	}
}

// median is the middle one, of numbers the mean of the two middle ones.
func (st *stage) median(c *call, args []value) (value, error) {
	if len(args) != 1 {
		return value{}, st.arity(c)
	}
	switch v := st.settled(args[0]); v.kind {
	case kindNumber:
		return value{sql: "median(" + v.sql + ")", kind: kindNumber}, nil
	case kindText, kindFloating, kindFixed:
		return value{sql: "quantile_disc(" + v.sql + ", 0.5)", kind: v.kind, date: v.date}, nil
	default:
		return v, st.mismatch(c.args[0], "median", v.kind)
	}
}

// rounded compiles a function of a number that leaves integers integers.
func rounded(sql string) maker {
	return func(st *stage, c *call, args []value) (value, error) {
		if len(args) != 1 {
			return value{}, st.arity(c)
		}
		v, err := st.as(args[0], kindNumber, c.args[0], c.name)
		if err != nil {
			return v, err
		}
		if v.whole && c.name != "abs" {
			return v, nil // DuckDB would make a double of it
		}
		return value{sql: fmt.Sprintf(sql, v.sql), kind: kindNumber, whole: v.whole}, nil
	}
}

func (st *stage) round(c *call, args []value) (value, error) {
	if len(args) != 1 && len(args) != 2 {
		return value{}, st.arity(c)
	}
	for i := range args {
		var err error
		if args[i], err = st.as(args[i], kindNumber, c.args[i], "round"); err != nil {
			return value{}, err
		}
	}
	digits := "0"
	if len(args) == 2 {
		digits = "CAST(" + args[1].sql + " AS INTEGER)"
	}
	return value{sql: "round(" + args[0].sql + ", " + digits + ")", kind: kindNumber}, nil
}

// days is how many whole days the first time is after the second.
func (st *stage) days(c *call, args []value) (value, error) {
	if len(args) != 2 {
		return value{}, st.arity(c)
	}
	if args[0].pending != nil && args[1].pending != nil {
		for i := range args {
			var err error
			if args[i], err = st.as(args[i], kindFloating, c.args[i], c.name); err != nil {
				return value{}, err
			}
		}
	}
	args, _, err := st.same(c, c.args, args, kindFloating, kindFixed)
	if err != nil {
		return value{}, err
	}
	return value{sql: "date_sub('day', CAST(" + args[1].sql + " AS TIMESTAMP), CAST(" + args[0].sql + " AS TIMESTAMP))", kind: kindNumber, whole: true}, nil
}

func (st *stage) now(c *call, args []value) (value, error) {
	if len(args) != 0 {
		return value{}, st.arity(c)
	}
	st.volatile = true
	return value{sql: st.compiler.cast(st.table.Now.UTC().Format(sqlStamp), "TIMESTAMP"), kind: kindFixed}, nil
}

// cast compiles value::type. A text that cannot be read as the type is NULL.
func (st *stage) cast(c *call, target string, v value) (value, error) {
	k, ok := castNames[target]
	if !ok {
		return v, wrong(st.text, c.at, "no-such-function", map[string]any{"function": "::" + target}, "No such type: %s; the types are text, number, boolean, floating_timestamp and fixed_timestamp", clip(target))
	}
	if v.pending != nil && k != kindText {
		return st.as(v, k, c.args[0], "::"+target)
	}
	v = st.settled(v)
	out := value{kind: k}
	switch {
	case v.kind == k:
		return v, nil
	case v.kind == kindNull:
		out.sql = "NULL"
	case k == kindText:
		out.sql = st.textOf(v)
	case v.kind == kindText && k == kindNumber:
		out.sql = "TRY_CAST(" + v.sql + " AS DECIMAL(38,10))"
	case v.kind == kindText && k == kindBoolean:
		out.sql = "TRY_CAST(" + v.sql + " AS BOOLEAN)"
	case v.kind == kindText && k == kindFloating:
		out.sql = "TRY_CAST(" + v.sql + " AS TIMESTAMP)"
	case v.kind == kindText && k == kindFixed:
		out.sql = "CASE WHEN regexp_matches(" + v.sql + ", ':[0-9.]+(Z|[+-][0-9:]{2,6})$') THEN timezone('UTC', TRY_CAST(" + v.sql + " AS TIMESTAMPTZ)) ELSE TRY_CAST(" + v.sql + " AS TIMESTAMP) END"
	case v.kind == kindFixed && k == kindFloating:
		out.sql = v.sql
	default:
		return v, st.mismatch(c.args[0], "::"+target, v.kind)
	}
	return out, nil
}
