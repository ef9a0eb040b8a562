package ingest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"govdata/catalog"
	"govdata/catalog/store"
)

// A release that keeps rows of the one before it is merged of two sorted parts,
// range by range: the kept rows stand in order already. One ORDER BY over both
// would have to spill, and DuckDB's sort decides to spill only before the first
// input of a UNION ALL has ended: where each input alone fits in memory and both
// do not, it runs out of memory.

// cut is a place in the merged order: the kept rows from rowid at, and the landed
// ones from the sort key and the _row in table cuts under number n, come behind it.
type cut struct {
	n, at int64
}

// sortKey is the SQL expression of the value by which rows of a table are
// ordered, with the table's name before each field.
func sortKey(order []string, table string) string {
	if len(order) == 0 {
		return "''::BLOB"
	}
	parts := make([]string, len(order))
	for i, name := range order {
		parts[i] = table + "." + store.Ident(name) + ", 'ASC NULLS LAST'"
	}
	return "create_sort_key(" + strings.Join(parts, ", ") + ")::BLOB"
}

// sameOrder reports whether the rows of a release stand in the order that the
// definition has now.
func sameOrder(order []string, now, before *catalog.Dataset) bool {
	if !slices.Equal(order, orderOf(before)) {
		return false
	}
	for _, name := range order {
		f, was := now.Field(name), before.Field(name)
		if f == nil || was == nil || f.Type != was.Type || f.Privacy != was.Privacy || f.Privacy == catalog.PrivacyDrop {
			return false
		}
	}
	return true
}

// orderOf are the fields by which the rows of a release are ordered.
func orderOf(d *catalog.Dataset) []string {
	return slices.Compact(append(slices.Clone(d.SortKey()), d.Key...))
}

// merge fills the empty table release.data with the landed rows and those that
// are kept. into makes the statement that adds the rows of a query.
func (l *loader) merge(r *run, order []string, fresh, kept string, into func(rows string) string) error {
	cuts, err := l.cuts(r, order)
	if err != nil {
		return err
	}
	if cuts == nil {
		// The kept rows stand in another order: all go through one sort, which
		// has one input.
		for _, query := range []string{"CREATE TABLE merged AS " + kept, "INSERT INTO merged BY NAME " + fresh} {
			if err := l.exec(query); err != nil {
				return err
			}
		}
		return l.exec(into("SELECT * FROM merged"))
	}
	key := sortKey(order, "s")
	for i := range len(cuts) + 1 {
		var ofKept, ofFresh []string
		if i > 0 {
			c := cuts[i-1]
			ofKept = append(ofKept, fmt.Sprintf("s._row >= %d", c.at))
			ofFresh = append(ofFresh, "NOT "+before(key, c))
		}
		if i < len(cuts) {
			c := cuts[i]
			ofKept = append(ofKept, fmt.Sprintf("s._row < %d", c.at))
			ofFresh = append(ofFresh, before(key, c))
		}
		if err := l.exec(into(filtered(kept, ofKept) + " UNION ALL BY NAME " + filtered(fresh, ofFresh))); err != nil {
			return err
		}
	}
	return nil
}

func filtered(rows string, conditions []string) string {
	if len(conditions) == 0 {
		return rows
	}
	return "SELECT * FROM (" + rows + ") s WHERE " + strings.Join(conditions, " AND ")
}

// before is the condition that a landed row comes before a cut.
func before(key string, c cut) string {
	value := func(column string) string { return fmt.Sprintf("(SELECT %s FROM cuts WHERE n = %d)", column, c.n) }
	return fmt.Sprintf("(%[1]s < %[2]s OR %[1]s = %[2]s AND s._row < %[3]s)", key, value("k"), value("_row"))
}

// cuts divides the merged order so that a range has at most about mergeRows rows
// of either side. It returns nil where the kept rows do not stand in that order.
func (l *loader) cuts(r *run, order []string) ([]cut, error) {
	if !sameOrder(order, l.dataset, &r.previous.Dataset) {
		return nil, nil
	}
	rows := r.mergeRows()
	// A landed row with the key of a kept one comes behind it.
	err := l.exec(fmt.Sprintf("CREATE TEMP TABLE cuts AS SELECT row_number() OVER (ORDER BY p.rowid) AS n, %s AS k, -1::BIGINT AS _row, p.rowid AS kept FROM previous.%s p WHERE p.rowid > 0 AND p.rowid %% %d = 0",
		sortKey(order, "p"), store.Table, rows))
	if err != nil {
		return nil, err
	}
	var falling bool
	if err := l.conn.QueryRowContext(l.ctx, "SELECT coalesce(bool_or(k < last), false) FROM (SELECT k, lag(k) OVER (ORDER BY n) AS last FROM cuts)").Scan(&falling); err != nil || falling {
		return nil, err
	}
	landed, err := l.count("landed")
	if err != nil {
		return nil, err
	}
	if landed > rows {
		// Every step-th row as a sample, and of the sample in order every 64th.
		step := max(1, rows/64)
		err := l.exec(fmt.Sprintf(`INSERT INTO cuts SELECT %d + n, k, _row, NULL FROM (SELECT row_number() OVER (ORDER BY k, _row) AS n, k, _row
			FROM (SELECT %s AS k, s._row FROM landed s WHERE s._row %% %d = 0)) WHERE n %% 64 = 0`, int64(1)<<32, sortKey(order, "s"), step))
		if err != nil {
			return nil, err
		}
	}
	return l.readCuts(r, order)
}

// readCuts reads the cuts and finds where those that were taken of landed rows
// stand among the kept ones.
func (l *loader) readCuts(r *run, order []string) ([]cut, error) {
	found, err := l.conn.QueryContext(l.ctx, "SELECT n, coalesce(kept, -1) FROM cuts ORDER BY k, _row, n")
	if err != nil {
		return nil, err
	}
	defer found.Close()
	cuts := []cut{}
	for found.Next() {
		var c cut
		if err := found.Scan(&c.n, &c.at); err != nil {
			return nil, err
		}
		cuts = append(cuts, c)
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	for i := range cuts {
		if cuts[i].at >= 0 {
			continue
		}
		from, to := int64(0), r.previous.Rows
		for from < to {
			middle := (from + to) / 2
			var behind bool
			query := fmt.Sprintf("SELECT %s <= (SELECT k FROM cuts WHERE n = %d) FROM previous.%s p WHERE p.rowid = %d", sortKey(order, "p"), cuts[i].n, store.Table, middle)
			if err := l.conn.QueryRowContext(l.ctx, query).Scan(&behind); err != nil {
				return nil, err
			}
			if behind {
				from = middle + 1
			} else {
				to = middle
			}
		}
		cuts[i].at = from
	}
	slices.SortStableFunc(cuts, func(a, b cut) int { return cmp.Compare(a.at, b.at) })
	return cuts, nil
}

// mergeRows is how many rows of either side are merged at once: as many as take
// about a quarter of DuckDB's memory.
func (r *run) mergeRows() int64 {
	if testMergeRows > 0 {
		return testMergeRows
	}
	columns := int64(len(r.dataset.Fields))
	row := 16*columns + 64
	if csv, ok := r.previous.Artefact("csv"); ok && r.previous.Rows > 0 {
		row += csv.Bytes / r.previous.Rows
	} else {
		row += 16 * columns
	}
	memory := int64(cmp.Or(r.options.MemoryMB, store.Memory(len(r.dataset.Fields)))) << 20
	return max(2048, memory/4/row)
}

// testMergeRows is set by tests.
var testMergeRows int64
