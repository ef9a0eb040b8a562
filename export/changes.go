package export

import (
	"fmt"
	"slices"
	"strings"

	"govdata/catalog"
	"govdata/catalog/store"
)

// ChangeColumn is the first column of what Changes selects.
const ChangeColumn = "_change"

// Changes writes the SELECT that tells what changed between two releases of a
// dataset, out of the tables that from and to name. Its first column says how:
// added, removed, or, for a row whose key is in both, changed_from with the old
// values and, under it, changed_to with the new ones. Then come the fields of
// to, and those that only from had; a field that a release does not have is
// missing in its rows, and one whose type changed is text. Who deletes the rows
// removed and changed_from from one release and adds the others has the other
// release.
//
// Where rows cannot be told apart by a key that both releases publish, equal
// rows are paired off, and there are only rows added and removed.
func Changes(from, to *catalog.Release) string {
	before, after := from.Dataset.Public(), to.Dataset.Public()
	find := func(fields []catalog.Field, name string) *catalog.Field {
		if i := slices.IndexFunc(fields, func(f catalog.Field) bool { return f.Name == name }); i >= 0 {
			return &fields[i]
		}
		return nil
	}
	var names, old, now []string
	add := func(f, was, is *catalog.Field) {
		name := store.Ident(f.Name)
		names = append(names, name)
		column := func(here, there *catalog.Field) string {
			switch {
			case here == nil:
				return "NULL::" + there.Type.SQL() + " AS " + name
			case there != nil && here.Type.SQL() != there.Type.SQL():
				return name + "::VARCHAR AS " + name
			}
			return name
		}
		old, now = append(old, column(was, is)), append(now, column(is, was))
	}
	for i := range after {
		add(&after[i], find(before, after[i].Name), &after[i])
	}
	for i := range before {
		if find(after, before[i].Name) == nil {
			add(&before[i], &before[i], nil)
		}
	}
	b := "SELECT " + strings.Join(old, ", ") + " FROM " + store.Ident(from.Ref().String())
	a := "SELECT " + strings.Join(now, ", ") + " FROM " + store.Ident(to.Ref().String())
	if !keyed(&from.Dataset, &to.Dataset) {
		return fmt.Sprintf("SELECT * FROM (SELECT 'removed' AS %[1]s, * FROM (%[2]s EXCEPT ALL %[3]s) UNION ALL SELECT 'added', * FROM (%[3]s EXCEPT ALL %[2]s)) ORDER BY ALL",
			ChangeColumn, b, a)
	}
	var same, order, columns []string
	for _, k := range to.Dataset.Key {
		same = append(same, "a."+store.Ident(k)+" IS NOT DISTINCT FROM b."+store.Ident(k))
		order = append(order, "s.r."+store.Ident(k))
	}
	for _, name := range names {
		columns = append(columns, "s.r."+name+" AS "+name)
	}
	// An alias alone is the whole row as one value.
	return fmt.Sprintf(`SELECT s.c AS %s, %s FROM (SELECT unnest(CASE
WHEN b._there IS NULL THEN [{'c': 'added', 'r': a}] WHEN a._there IS NULL THEN [{'c': 'removed', 'r': b}]
ELSE [{'c': 'changed_from', 'r': b}, {'c': 'changed_to', 'r': a}] END) AS s
FROM (SELECT *, true AS _there FROM (%s)) b FULL JOIN (SELECT *, true AS _there FROM (%s)) a ON %s
WHERE a IS DISTINCT FROM b) ORDER BY %s, s.c`, ChangeColumn, strings.Join(columns, ", "), b, a, strings.Join(same, " AND "), strings.Join(order, ", "))
}

// keyed reports whether the rows of two definitions are paired by a key.
func keyed(from, to *catalog.Dataset) bool {
	for _, k := range to.Key {
		f, was := to.Field(k), from.Field(k)
		if f == nil || was == nil || f.Privacy != catalog.PrivacyNone || was.Privacy != catalog.PrivacyNone || f.Type != was.Type {
			return false
		}
	}
	return len(to.Key) > 0 && slices.Equal(from.Key, to.Key)
}
