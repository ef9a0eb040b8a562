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
	sent := d.Sent()
	for _, table := range tables {
		first := true
		// A sum of a thousand terms is deeper than DuckDB lets an expression be.
		for fields := range slices.Chunk(sent, batchFields) {
			var filled []string
			for i := range fields {
				filled = append(filled, "count("+store.Ident(fields[i].Name)+")")
			}
			err := l.each(fmt.Sprintf("SELECT %s, count(*), %s FROM %s GROUP BY 1", department, strings.Join(filled, " + "), table), func(name string, count, values int64) {
				c := of(name)
				switch {
				case table == "withheld":
					if first {
						c.Withheld += count
					}
					return
				case first:
					c.Published += count
					c.Cells += count * int64(len(sent))
				}
				c.Filled += values
			})
			if err != nil {
				return nil, err
			}
			first = false
		}
	}
	var all []catalog.Contribution
	for _, name := range slices.Sorted(maps.Keys(by)) {
		all = append(all, *by[name])
	}
	return all, nil
}

// each calls row with what a query of a text and two numbers gives.
func (l *loader) each(query string, row func(text string, a, b int64)) error {
	rows, err := l.conn.QueryContext(l.ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		var a, b int64
		if err := rows.Scan(&text, &a, &b); err != nil {
			return err
		}
		row(text, a, b)
	}
	return rows.Err()
}
