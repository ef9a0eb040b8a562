package ckan

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"govdata/catalog"
)

// Filters of datastore_search become conditions in SQL in which names are those
// of the table's fields and values are bound, never written.

// conditions reads filters, q and full_text into the condition of s. It returns
// the columns that say how well a row answers to a text.
func (s *search) conditions(p params) (ranks []dataField, err error) {
	var where []string
	if v := p["filters"]; v != nil && v != "" {
		filters, ok := object(v)
		if !ok {
			return nil, bad("filters", "Cannot parse JSON: want an object")
		}
		where, err = s.filters(filters)
		if err != nil {
			return nil, err
		}
	}
	plain := p.boolean("plain", true)
	if text := p.text("full_text"); text != "" {
		condition, rank, err := s.text(text, plain, s.table.fields[1:])
		if err != nil {
			return nil, err
		}
		where, ranks = append(where, condition...), append(ranks, rankField("rank", rank))
	}
	if v := p["q"]; v != nil && v != "" {
		if byField, ok := object(v); ok {
			for _, name := range slices.Sorted(maps.Keys(byField)) {
				f := s.table.field(name)
				if f == nil {
					return nil, bad("q", "invalid value %q", name)
				}
				condition, rank, err := s.text(textOf(byField[name]), plain, []dataField{*f})
				if err != nil {
					return nil, err
				}
				where, ranks = append(where, condition...), append(ranks, rankField("rank "+name, rank))
			}
		} else if len(ranks) == 0 {
			condition, rank, err := s.text(textOf(v), plain, s.table.fields[1:])
			if err != nil {
				return nil, err
			}
			where, ranks = append(where, condition...), append(ranks, rankField("rank", rank))
		}
	}
	s.request.Where = strings.Join(where, " AND ")
	return ranks, nil
}

func rankField(name, expression string) dataField {
	return dataField{ID: name, Type: "float", expression: expression}
}

// bind binds a value and returns its parameter.
func (s *search) bind(v string) string {
	name := "v" + strconv.Itoa(len(s.named)+1)
	s.named[name] = v
	return "$" + name
}

// filters reads {"field": value}, {"field": [values]} and {"field": {"gt": value}},
// all of which must hold, and $and and $or over lists of such objects.
func (s *search) filters(filters map[string]any) ([]string, error) {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(filters)) {
		if name == "$and" || name == "$or" {
			list, ok := filters[name].([]any)
			if !ok {
				return nil, bad("filters", "%s: want a list of objects", name)
			}
			var parts []string
			for _, item := range list {
				one, ok := item.(map[string]any)
				if !ok {
					return nil, bad("filters", "%s: want a list of objects", name)
				}
				conditions, err := s.filters(one)
				if err != nil {
					return nil, err
				}
				if len(conditions) == 0 {
					conditions = []string{"true"}
				}
				parts = append(parts, "("+strings.Join(conditions, " AND ")+")")
			}
			switch {
			case len(parts) > 0:
				all = append(all, "("+strings.Join(parts, map[string]string{"$and": " AND ", "$or": " OR "}[name])+")")
			case name == "$or":
				all = append(all, "false")
			}
			continue
		}
		f := s.table.field(name)
		if f == nil {
			return nil, bad("filters", "invalid value %q", name)
		}
		conditions, err := s.filter(f, filters[name])
		if err != nil {
			return nil, err
		}
		all = append(all, conditions...)
	}
	return all, nil
}

var comparisons = map[string]string{"eq": "=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}

func (s *search) filter(f *dataField, v any) ([]string, error) {
	switch v := v.(type) {
	case []any:
		c, err := s.oneOf(f, v)
		return []string{c}, err
	case map[string]any:
		var all []string
		for _, op := range slices.Sorted(maps.Keys(v)) {
			if op == "in" {
				list, ok := v[op].([]any)
				if !ok {
					return nil, bad("filters", "%s: in: want a list", f.ID)
				}
				c, err := s.oneOf(f, list)
				if err != nil {
					return nil, err
				}
				all = append(all, c)
				continue
			}
			sign, ok := comparisons[op]
			if !ok {
				return nil, bad("filters", "Unknown filter operation: %s", op)
			}
			c, err := s.compare(f, sign, v[op])
			if err != nil {
				return nil, err
			}
			all = append(all, c)
		}
		return all, nil
	}
	c, err := s.compare(f, "=", v)
	return []string{c}, err
}

func (s *search) oneOf(f *dataField, values []any) (string, error) {
	if len(values) == 0 {
		return "false", nil
	}
	var any []string
	for _, v := range values {
		c, err := s.compare(f, "=", v)
		if err != nil {
			return "", err
		}
		any = append(any, c)
	}
	return "(" + strings.Join(any, " OR ") + ")", nil
}

// compare is one comparison. null is equal to what is missing.
func (s *search) compare(f *dataField, sign string, v any) (string, error) {
	switch v.(type) {
	case nil:
		if sign == "=" {
			return f.column() + " IS NULL", nil
		}
		return "false", nil
	case []any, map[string]any:
		return "", bad("filters", "%s: invalid value %q", f.ID, textOf(v))
	}
	kind, ok := castOf(f.sql, textOf(v))
	if !ok {
		return "", bad("filters", "%s: invalid value %q: want a number", f.ID, textOf(v))
	}
	value := fmt.Sprintf("CAST(%s AS %s)", s.bind(textOf(v)), kind)
	if f.ID == rowNumber {
		// (Where a row stands can be looked up.)
		return fmt.Sprintf("%s %s %s - 1", s.table.row, sign, value), nil
	}
	return fmt.Sprintf("%s %s %s", f.column(), sign, value), nil
}

var numberPattern = regexp.MustCompile(`^\s*[+-]?(\d*)(?:\.(\d*))?\s*$`)

// castOf is the SQL type in which a value can be compared with a field so that no
// digit of it is lost. ok is false for what is no number where there must be one.
func castOf(t catalog.Type, value string) (kind string, ok bool) {
	precision, scale, isDecimal := t.Decimal()
	if !isDecimal {
		if precision = 18; t != catalog.TypeInteger {
			return t.SQL(), true
		}
	}
	m := numberPattern.FindStringSubmatch(value)
	if m == nil || m[1]+m[2] == "" {
		_, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
		return "DOUBLE", err == nil
	}
	whole, fraction := len(strings.TrimLeft(m[1], "0")), len(strings.TrimRight(m[2], "0"))
	switch {
	case fraction <= scale && whole+scale <= precision && (isDecimal || m[2] == ""):
		return t.SQL(), true
	case whole+max(scale, fraction) > 38:
		return "DOUBLE", true
	}
	return fmt.Sprintf("DECIMAL(38,%d)", max(scale, fraction)), true
}

// text is the condition that a text occurs in fields, and an expression that is the
// larger the more often it does. Every word must occur, anywhere and as a part of
// other words too, without regard to case; if not plain, words are joined as
// PostgreSQL's to_tsquery takes them: a & (b | !c), 'two words', prefix:*.
func (s *search) text(text string, plain bool, fields []dataField) (where []string, rank string, err error) {
	var columns []string
	for i := range fields {
		column := fields[i].column()
		if fields[i].sql != catalog.TypeText {
			column = "CAST(" + column + " AS VARCHAR)"
		}
		columns = append(columns, column)
	}
	searched := "lower(" + columns[0] + ")"
	if len(columns) > 1 {
		searched = "lower(concat_ws(chr(31), " + strings.Join(columns, ", ") + "))"
	}
	q := &wordQuery{search: s, searched: searched}
	if plain {
		for word := range strings.FieldsSeq(text) {
			where = append(where, q.contains(word))
		}
		if len(where) == 0 { // nothing but spaces answers to nothing
			return []string{"false"}, "0.0", nil
		}
	} else {
		q.rest = text
		condition, err := q.either(0)
		if q.space(); err == nil && q.rest != "" {
			err = q.wrong()
		}
		if err != nil {
			return nil, "", err
		}
		where = []string{"coalesce(" + condition + ", false)"}
	}
	counts := []string{"0"}
	for _, word := range q.found {
		counts = append(counts, fmt.Sprintf("coalesce(len(string_split(%s, %s)) - 1, 0)", searched, word))
	}
	sum := strings.Join(counts, " + ")
	return where, fmt.Sprintf("CAST(round((%s) / ((%s) + 1.0), 6) AS DOUBLE)", sum, sum), nil
}

// wordQuery reads what to_tsquery takes.
type wordQuery struct {
	search   *search
	searched string
	rest     string
	not      bool
	// found are the parameters of the words that have to occur.
	found []string
}

func (q *wordQuery) contains(word string) string {
	parameter := q.search.bind(strings.ToLower(word))
	if !q.not {
		q.found = append(q.found, parameter)
	}
	return "contains(" + q.searched + ", " + parameter + ")"
}

func (q *wordQuery) space() { q.rest = strings.TrimLeftFunc(q.rest, unicode.IsSpace) }

func (q *wordQuery) wrong() error {
	return invalid{"q": []string{fmt.Sprintf("syntax error in tsquery at %q", clip(q.rest))}}
}

func clip(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

func (q *wordQuery) take(sign string) bool {
	q.space()
	rest, ok := strings.CutPrefix(q.rest, sign)
	q.rest = rest
	return ok
}

func (q *wordQuery) joined(sign, word string, depth int, part func(int) (string, error)) (string, error) {
	c, err := part(depth)
	if err != nil {
		return "", err
	}
	parts := []string{c}
	for q.take(sign) {
		if c, err = part(depth); err != nil {
			return "", err
		}
		parts = append(parts, c)
	}
	if len(parts) == 1 {
		return c, nil
	}
	return "(" + strings.Join(parts, word) + ")", nil
}

func (q *wordQuery) either(depth int) (string, error) { return q.joined("|", " OR ", depth, q.both) }

func (q *wordQuery) both(depth int) (string, error) { return q.joined("&", " AND ", depth, q.word) }

func (q *wordQuery) word(depth int) (string, error) {
	if depth > queryDepth {
		return "", q.wrong()
	}
	q.space()
	switch {
	case q.take("!"):
		q.not = !q.not
		c, err := q.word(depth + 1)
		q.not = !q.not
		return "NOT " + c, err
	case q.take("("):
		c, err := q.either(depth + 1)
		if err == nil && !q.take(")") {
			err = q.wrong()
		}
		return "(" + c + ")", err
	}
	var word string
	if rest, ok := strings.CutPrefix(q.rest, "'"); ok {
		end := strings.IndexByte(rest, '\'')
		if end < 0 {
			return "", q.wrong()
		}
		word, q.rest = rest[:end], rest[end+1:]
	} else {
		end := strings.IndexFunc(q.rest, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("&|!():'<>", r) })
		if end < 0 {
			end = len(q.rest)
		}
		word, q.rest = q.rest[:end], q.rest[end:]
	}
	if word == "" {
		return "", q.wrong()
	}
	if rest, ok := strings.CutPrefix(q.rest, ":"); ok { // weights, and * for a prefix
		q.rest = strings.TrimLeft(rest, "*ABCDabcd")
	}
	return q.contains(word), nil
}

// rowAfter is rowNumber of the row that a cursor gives as text.
func rowAfter(row string) json.Number {
	n, err := strconv.ParseInt(row, 10, 64)
	if err != nil {
		return "0"
	}
	return json.Number(strconv.FormatInt(n+1, 10))
}
