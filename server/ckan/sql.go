package ckan

import (
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"govdata/server/query"
)

// datastoreSearchSQL is datastore_search_sql.
func datastoreSearchSQL(k *call) (any, error) {
	sql, err := k.params.needed("sql")
	if err != nil {
		return nil, err
	}
	if unknown := k.params.unknown("sql"); len(unknown) > 0 {
		return nil, bad(unknown[0], "invalid value %q", k.params.text(unknown[0]))
	}
	if err := checkPostgres(sql); err != nil {
		return nil, err
	}
	result, err := k.Ask(k.c, query.Request{SQL: sql, Postgres: true, Numbered: rowNumber, Alias: k.alias, MaxRows: rowsMax})
	if err != nil {
		return nil, err
	}
	schema, err := postgresNames(result.Schema())
	if err != nil {
		result.Close()
		return nil, err
	}
	fields := []dataField{}
	for _, f := range schema.Fields() {
		fields = append(fields, dataField{ID: f.Name, Type: postgresType(f.Type)})
	}
	head, err := marshal(map[string]any{"sql": sql, "fields": fields})
	if err != nil {
		result.Close()
		return nil, err
	}
	return streamed{close: func() { result.Close() }, write: func(w io.Writer) error {
		if _, err := fmt.Fprintf(w, `%s,"records":`, head[:len(head)-1]); err != nil {
			return err
		}
		if err := writeJSON(w, result, schema, false, ",\n"); err != nil {
			return err
		}
		if result.Truncated() {
			if _, err := io.WriteString(w, `,"records_truncated":true`); err != nil {
				return err
			}
		}
		_, err := io.WriteString(w, "}")
		return err
	}}, nil
}

var (
	callName     = regexp.MustCompile(`^([a-z_][a-z0-9_]*)\(.*\)$`)
	castName     = regexp.MustCompile(`^CAST\(([a-z_][a-z0-9_]*) AS [^()]*(?:\([0-9, ]*\))?\)$`)
	constantName = regexp.MustCompile(`^(-?[0-9.]+|'.*')$`)
)

// postgresNames calls the columns that have no name of their own as PostgreSQL
// does, count(*) count and a + b ?column?, where that leaves each a name of its
// own. Two columns of one name are an error, for one would hide the other.
func postgresNames(schema *arrow.Schema) (*arrow.Schema, error) {
	fields := schema.Fields()
	names := make([]string, len(fields))
	times := map[string]int{}
	for i, f := range fields {
		names[i] = f.Name
		switch m := callName.FindStringSubmatch(f.Name); {
		case f.Name == "count_star()":
			names[i] = "count"
		case m != nil:
			names[i] = m[1]
		case strings.HasPrefix(f.Name, "(") && strings.HasSuffix(f.Name, ")"), constantName.MatchString(f.Name):
			names[i] = "?column?"
		default:
			if m := castName.FindStringSubmatch(f.Name); m != nil {
				names[i] = m[1]
			}
		}
		times[names[i]]++
	}
	seen := map[string]bool{}
	for i := range fields {
		if times[names[i]] > 1 {
			names[i] = fields[i].Name
		}
		if seen[names[i]] {
			return nil, bad("query", "column %q specified more than once; give each its own name with AS", names[i])
		}
		seen[names[i]] = true
		fields[i].Name = names[i]
	}
	return arrow.NewSchema(fields, nil), nil
}

// postgresType is PostgreSQL's name of the type of a result's column.
func postgresType(t arrow.DataType) string {
	switch t.ID() {
	case arrow.BOOL:
		return "bool"
	case arrow.INT8, arrow.UINT8, arrow.INT16:
		return "int2"
	case arrow.UINT16, arrow.INT32:
		return "int4"
	case arrow.UINT32, arrow.INT64:
		return "int8"
	case arrow.UINT64, arrow.DECIMAL32, arrow.DECIMAL64, arrow.DECIMAL128, arrow.DECIMAL256:
		return "numeric"
	case arrow.FLOAT32:
		return "float4"
	case arrow.FLOAT64:
		return "float8"
	case arrow.DATE32:
		return "date"
	case arrow.TIME64:
		return "time"
	case arrow.TIMESTAMP:
		if t.(*arrow.TimestampType).TimeZone != "" {
			return "timestamptz"
		}
		return "timestamp"
	case arrow.LIST, arrow.LARGE_LIST, arrow.FIXED_SIZE_LIST:
		return "_" + postgresType(t.(arrow.NestedType).Fields()[0].Type)
	case arrow.STRUCT, arrow.MAP:
		return "json"
	}
	return "text"
}

// token is a piece of SQL that means something: a word, a quoted name, a text, a
// number, or a run of operator signs.
type token struct {
	text string
	at   int
}

// tokens cuts SQL into its tokens; comments and spaces are left out. It is for
// looking at a statement, not for trusting it: that is the gate's part.
func tokens(sql string) []token {
	var all []token
	for at := 0; at < len(sql); {
		n := tokenLength(sql[at:])
		text := sql[at : at+n]
		if strings.TrimSpace(text) != "" && !strings.HasPrefix(text, "--") && !strings.HasPrefix(text, "/*") {
			all = append(all, token{text, at})
		}
		at += n
	}
	return all
}

const operatorSigns = "+-*/<>=~!@#%^&|?"

func tokenLength(s string) int {
	until := func(from int, closing string) int {
		if i := strings.Index(s[from:], closing); i >= 0 {
			return from + i + len(closing)
		}
		return len(s)
	}
	switch c := s[0]; {
	case c == '\'' || c == '"':
		return until(1, string(c)) // a doubled quote begins the next piece of the same text
	case strings.HasPrefix(s, "--"):
		return until(2, "\n")
	case strings.HasPrefix(s, "/*"):
		return until(2, "*/")
	case strings.HasPrefix(s, "::"):
		return 2
	case strings.IndexByte(operatorSigns, c) >= 0:
		n := 1
		for n < len(s) && strings.IndexByte(operatorSigns, s[n]) >= 0 && !strings.HasPrefix(s[n:], "--") && !strings.HasPrefix(s[n:], "/*") {
			n++
		}
		return n
	case c == '$':
		if m := dollarPattern.FindString(s); m != "" {
			return until(len(m), m)
		}
	case isWord(c):
		n := 1
		for n < len(s) && isWord(s[n]) {
			n++
		}
		return n
	}
	return 1
}

var dollarPattern = regexp.MustCompile(`^\$[A-Za-z_]*\$`)

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || c >= 0x80
}

// checkPostgres refuses what means one thing to PostgreSQL and another here, so
// that nobody gets an answer to a question that was not asked.
func checkPostgres(sql string) error {
	all := tokens(sql)
	at := func(i int) string {
		if i < 0 || i >= len(all) {
			return ""
		}
		return strings.ToLower(all[i].text)
	}
	wrong := func(i int, message, hint string) error {
		before := sql[:all[i].at]
		line := strings.Count(before, "\n") + 1
		column := len([]rune(before[strings.LastIndexByte(before, '\n')+1:])) + 1
		return &query.SQLError{Line: line, Col: column, Message: message, Hint: hint}
	}
	for i := range all {
		switch word := at(i); word {
		case "~", "!~", "~*", "!~*":
			if i > 0 && word == "~" && strings.Contains("(,", at(i-1)) {
				continue // of bits
			}
			return wrong(i, "the operator "+word+" is not available", "write regexp_matches(text, 'pattern'), with 'i' behind it for any case")
		case "numeric", "decimal":
			bare := at(i+1) != "("
			cast := at(i-1) == "::" || at(i-1) == "as" && at(i+1) == ")"
			if bare && cast {
				return wrong(i, word+" without a precision would keep three decimals alone", "write "+word+"(38,10), or float8")
			}
		case "similar":
			if at(i+1) == "to" {
				return wrong(i, "SIMILAR TO is not available", "write regexp_matches(text, 'pattern')")
			}
		case "like", "ilike":
			if pattern := at(i + 1); strings.HasPrefix(pattern, "'") && strings.Contains(pattern, `\`) && at(i+2) != "escape" {
				return wrong(i+1, `\ is a character like any other in a pattern here`, `write ESCAPE '\' behind it`)
			}
		case "@@":
			return wrong(i, "the operator @@ is not available", "write name ILIKE '%word%'")
		}
	}
	return nil
}
