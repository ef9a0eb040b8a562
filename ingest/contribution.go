package ingest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"govdata/catalog"
	"govdata/catalog/store"
)

// contributions counts the rows that came in by department: the one that each
// row names, or the publisher. A rejected row whose department cannot be read
// counts for the publisher too.
func (l *loader) contributions(rejects *rejectWriter) ([]catalog.Contribution, error) {
	d := l.dataset
	by := map[string]*catalog.Contribution{}
	of := func(name string) *catalog.Contribution {
		if name == "" {
			name = d.Publisher.Zh
		}
		if by[name] == nil {
			by[name] = &catalog.Contribution{Department: name}
		}
		return by[name]
	}
	for name, n := range rejects.departments {
		of(name).Rejected += n
	}
	tables := []string{"landed"}
	if l.withheld {
		tables = append(tables, "withheld")
	}
	department := "''"
	if f := d.Field(d.Department); f != nil && f.Privacy == catalog.PrivacyNone {
		department = "coalesce(" + store.Ident(f.Name) + ", '')"
	}
	var filled []string
	for _, f := range d.Sent() {
		filled = append(filled, "count("+store.Ident(f.Name)+")")
	}
	for _, table := range tables {
		rows, err := l.conn.QueryContext(l.ctx, fmt.Sprintf("SELECT %s, count(*), %s FROM %s GROUP BY 1", department, strings.Join(filled, " + "), table))
		if err != nil {
			return nil, err
		}
		defer rows.Close()
		for rows.Next() {
			var name string
			var count, values int64
			if err := rows.Scan(&name, &count, &values); err != nil {
				return nil, err
			}
			c := of(name)
			if table == "withheld" {
				c.Withheld += count
				continue
			}
			c.Published += count
			c.Cells += count * int64(len(filled))
			c.Filled += values
		}
		if err := rows.Err(); err != nil {
			return nil, err
		}
	}
	var all []catalog.Contribution
	for _, name := range slices.Sorted(maps.Keys(by)) {
		all = append(all, *by[name])
	}
	return all, nil
}
