package ingest

import (
	"fmt"
	"slices"
	"strings"

	"govdata/catalog/store"
)

// partFields is how many columns of a wide table are sorted at once.
const partFields = 128

// arrange fills the empty table release.data with the landed rows of a wide
// table. DuckDB cannot sort rows of a thousand columns in little memory: their
// places are told from the fields of the order alone, then the columns are brought
// into that order part by part, and put together again window by window. fresh
// selects the landed rows; into makes the statement that adds the rows of a query.
func (l *loader) arrange(order []string, fresh string, into func(rows string) string) error {
	by := "_row"
	if len(order) > 0 {
		by = idents(order) + ", _row"
	}
	if err := l.exec("CREATE TABLE place AS SELECT row_number() OVER (ORDER BY " + by + ") - 1 AS _place, _row FROM landed"); err != nil {
		return err
	}
	rows, err := l.count("place")
	if err != nil {
		return err
	}
	var inOrder bool
	if err := l.conn.QueryRowContext(l.ctx, "SELECT coalesce(bool_and(_row > last), true) FROM (SELECT _row, lag(_row) OVER (ORDER BY _place) AS last FROM place)").Scan(&inOrder); err != nil {
		return err
	}
	size := store.WindowRows(len(l.dataset.Fields))
	if inOrder {
		var last int64
		if err := l.conn.QueryRowContext(l.ctx, "SELECT coalesce(max(_row), -1) FROM landed").Scan(&last); err != nil {
			return err
		}
		for from := int64(0); from <= last; from += size {
			if err := l.exec(into(fmt.Sprintf("SELECT * FROM (%s) WHERE _row >= %d AND _row < %d", fresh, from, from+size))); err != nil {
				return err
			}
		}
		return nil
	}
	var names []string
	for _, f := range l.dataset.Sent() {
		names = append(names, f.Name)
	}
	parts := 0
	for part := range slices.Chunk(names, partFields) {
		columns := idents(part)
		if parts == 0 {
			columns += ", _new, _row, _first"
		}
		err := l.exec(fmt.Sprintf("CREATE TABLE part_%d AS SELECT %s FROM (%s) JOIN place USING (_row) ORDER BY _place", parts, columns, fresh))
		if err != nil {
			return err
		}
		parts++
	}
	for from := int64(0); from < rows; from += size {
		var windows []string
		for i := range parts {
			windows = append(windows, fmt.Sprintf("(SELECT * FROM part_%d WHERE rowid >= %d AND rowid < %d)", i, from, from+size))
		}
		if err := l.exec(into("SELECT * FROM " + strings.Join(windows, " POSITIONAL JOIN "))); err != nil {
			return err
		}
	}
	return nil
}
