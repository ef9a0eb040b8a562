package query

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"

	"govdata/catalog/store"
)

// tableRef is a place in a statement where a table is named.
type tableRef struct {
	// pos is the byte offset of the name, -1 where the parser gave none.
	pos int
	// name is the table in lower case.
	name string
}

// volatile functions give another answer tomorrow, though the data is the same.
var volatile = set(`
ago current_date current_localtime current_localtimestamp current_time current_timestamp gen_random_uuid get_current_time get_current_timestamp localtime localtimestamp now
random reservoir_quantile today transaction_timestamp uuid uuidv4 uuidv7
`)

// pin rewrites sql so that it names each table as pinned says (by name in
// lower case), without a change anywhere else. It gives "" where that cannot be
// done so that the statement surely means the same: DuckDB's parser has to
// find the same tree in both.
func pin(sql string, refs []tableRef, pinned map[string]string, parse func(string) ([]byte, error)) string {
	for _, aliased := range []bool{true, false} {
		text, ok := replaceNames(sql, refs, pinned, aliased)
		if !ok {
			return ""
		}
		if text == sql {
			return sql
		}
		before, err := parse(sql)
		if err != nil {
			return ""
		}
		after, err := parse(text)
		if err != nil {
			continue // DESCRIBE takes no alias
		}
		if a, b := pinnedTree(before, refs, pinned, aliased), pinnedTree(after, nil, nil, false); a != nil && reflect.DeepEqual(a, b) {
			return text
		}
	}
	return ""
}

// replaceNames puts the pinned names into sql. With aliased, a table is still
// called by its own name in the rest of the statement.
func replaceNames(sql string, refs []tableRef, pinned map[string]string, aliased bool) (string, bool) {
	refs = slices.Clone(refs)
	slices.SortFunc(refs, func(a, b tableRef) int { return b.pos - a.pos })
	for _, ref := range refs {
		to := pinned[ref.name]
		if to == ref.name {
			continue
		}
		if to == "" || ref.pos < 0 || ref.pos >= len(sql) {
			return "", false
		}
		length := nameLength(sql[ref.pos:])
		written := sql[ref.pos : ref.pos+length]
		if strings.ToLower(strings.Trim(written, `"`)) != ref.name {
			return "", false
		}
		text := store.Ident(to)
		if aliased && !hasAlias(sql[ref.pos+length:]) {
			text += " AS " + written
		}
		sql = sql[:ref.pos] + text + sql[ref.pos+length:]
	}
	return sql, true
}

// nameLength is the length of the name, quoted or not, that sql begins with.
func nameLength(sql string) int {
	if sql[0] == '"' {
		if end := strings.IndexByte(sql[1:], '"'); end >= 0 {
			return end + 2
		}
		return len(sql)
	}
	for i := range len(sql) {
		if !isWord(sql[i]) && sql[i] != '$' {
			return i
		}
	}
	return len(sql)
}

// hasAlias guesses whether an alias follows a table name. Where it is wrong,
// the trees differ or the text does not parse.
func hasAlias(rest string) bool {
	rest = strings.TrimLeft(rest, " \t\r\n\f\v")
	if rest == "" {
		return false
	}
	if rest[0] == '"' {
		return true
	}
	word := strings.ToLower(rest[:nameLength(rest)])
	return word != "" && !clauses[word]
}

// clauses are the words that may follow a table without being its alias.
var clauses = set(`
where group order limit offset having window qualify union intersect except join inner left right full cross natural asof
positional anti semi on using tablesample sample pivot unpivot fetch for select
`)

// pinnedTree is a parse tree without the places of its nodes and, for refs,
// with pinned names and the aliases that replaceNames gives.
func pinnedTree(tree []byte, refs []tableRef, pinned map[string]string, aliased bool) any {
	places := map[int]bool{}
	for _, ref := range refs {
		places[ref.pos] = pinned[ref.name] != ref.name
	}
	var v any
	d := json.NewDecoder(bytes.NewReader(tree))
	d.UseNumber()
	if d.Decode(&v) != nil {
		return nil
	}
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				walk(e)
			}
		case map[string]any:
			if v["type"] == "BASE_TABLE" && places[position(v["query_location"])] {
				name, _ := v["table_name"].(string)
				v["table_name"] = pinned[strings.ToLower(name)]
				if v["alias"] == "" && aliased {
					v["alias"] = name
				}
			}
			delete(v, "query_location")
			for _, e := range v {
				walk(e)
			}
		}
	}
	walk(v)
	return v
}
