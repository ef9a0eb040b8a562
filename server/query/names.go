package query

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"govdata/catalog/store"
)

// names are those that the gate gives to what stands in the place of a table in
// one question, so that nothing of the author's own choice is left there.
type names struct {
	// prefix begins each of them and occurs nowhere in the question.
	prefix string
	given  []given
	// tables are indexes in given, by the names that are resolved.
	tables map[string]int
}

// given is what a name stands for.
type given struct {
	// original is the author's name of a common table expression, or the name of a
	// table as it is resolved.
	original string
	isTable  bool
}

// newNames finds a prefix that none of the texts holds.
func newNames(texts ...string) *names {
	n := &names{prefix: "q_", tables: map[string]int{}}
	holds := func(s string) bool { return strings.Contains(folded(s), n.prefix) }
	for i := 1; slices.ContainsFunc(texts, holds); i++ {
		n.prefix = "q" + strconv.Itoa(i) + "_"
	}
	return n
}

func (n *names) name(i int) string { return n.prefix + strconv.Itoa(i) + "_" }

// next gives another name.
func (n *names) next(g given) string {
	n.given = append(n.given, g)
	return n.name(len(n.given) - 1)
}

// ownDatabase is the worker's own one, which lies in memory.
const ownDatabase = "memory"

// tablePlace is where a table lies in the worker's own database.
type tablePlace struct{ schema, table string }

func (p tablePlace) sql() string { return ownDatabase + "." + p.schema + "." + store.Ident(p.table) }

// table is the place of the table with that resolved name. Those of the schema
// catalog keep their names, of which there are a few and all ours.
func (n *names) table(resolved string) tablePlace {
	if table, ok := strings.CutPrefix(resolved, "catalog."); ok {
		return tablePlace{"catalog", table}
	}
	i, ok := n.tables[resolved]
	if !ok {
		i = len(n.given)
		n.tables[resolved] = i
		n.next(given{resolved, true})
	}
	return tablePlace{"main", n.name(i)}
}

// replace puts what with returns for each given name in text, tables with their
// database and schema.
func (n *names) replace(text string, with func(g given, name string) string) string {
	if !strings.Contains(text, n.prefix) {
		return text
	}
	name := regexp.MustCompile(`(?:` + ownDatabase + `\.main\.)?"?` + n.prefix + `([0-9]+)_"?`)
	return name.ReplaceAllStringFunc(text, func(s string) string {
		i, err := strconv.Atoi(name.FindStringSubmatch(s)[1])
		if err != nil || i >= len(n.given) {
			return s
		}
		return with(n.given[i], n.name(i))
	})
}

// original puts the author's names into a text of DuckDB's.
func (n *names) original(text string) string {
	return n.replace(text, func(g given, _ string) string { return g.original })
}

// pinned is text with each table named as pins say, by its resolved name, and
// each common table expression as its author did, unless that is such a name. It
// is "" where one of the tables has none.
func (n *names) pinned(text string, tables map[string]int, pins map[string]string) string {
	taken := map[string]bool{}
	for table := range tables {
		if pins[table] == "" {
			return ""
		}
		taken[folded(pins[table])] = true
	}
	return n.replace(text, func(g given, name string) string {
		switch {
		case g.isTable:
			name = pins[g.original]
		case !taken[folded(g.original)]:
			name = g.original
		}
		return store.Ident(name)
	})
}

// folded is a name as DuckDB compares it: without regard to the case of ASCII
// letters, and of no others. To Go, ſ is an s and the K of Kelvin a k as well.
func folded(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, s)
}

// foldNames is sql with what stands outside of quotes and comments in lower case,
// as PostgreSQL reads it. No place changes.
func foldNames(sql string) string {
	b := []byte(sql)
	for i := 0; i < len(sql); {
		n := tokenLen(sql[i:])
		if isWord(sql[i]) && !strings.HasSuffix(sql[i:i+n], "'") {
			copy(b[i:], folded(sql[i:i+n]))
		}
		i += n
	}
	return string(b)
}
