package ingest

import (
	"errors"
	"io"
	"slices"

	"govdata/catalog"
	"govdata/catalog/store"
)

// unique moves rows whose key stands earlier in the files, or for append in
// the release before, from landed to the rejects.
func (r *run) unique(l *loader, rejects *rejectWriter) error {
	if len(r.dataset.Key) == 0 {
		return nil
	}
	// Equal keys have equal hashes: mostly this shows that there are none.
	var repeated bool
	if err := l.conn.QueryRowContext(l.ctx, "SELECT count(*) > count(DISTINCT hash("+l.key()+")) FROM landed").Scan(&repeated); err != nil {
		return err
	}
	if repeated {
		err := r.rejectKeys(l, rejects, `SELECT _table, _line, _row, first._table AS other_table, first._line AS other_line, `+keyText(r.dataset)+` AS value
			FROM (SELECT *, row_number() OVER w AS n, first_value({_table: _table, _line: _line}) OVER w AS first
				FROM landed WHERE hash(`+l.key()+`) IN (SELECT h FROM (SELECT hash(`+l.key()+`) AS h FROM landed) GROUP BY h HAVING count(*) > 1)
				WINDOW w AS (PARTITION BY `+l.key()+` ORDER BY _row))
			WHERE n > 1`)
		if err != nil {
			return err
		}
	}
	if r.options.Mode != catalog.Append || r.previous == nil {
		return nil
	}
	if err := l.attach(r.previous); err != nil {
		return err
	}
	return r.rejectKeys(l, rejects, "SELECT _table, _line, _row, -1 AS other_table, 0::BIGINT AS other_line, "+keyText(r.dataset)+
		" AS value FROM landed SEMI JOIN previous."+store.Table+" USING ("+l.key()+")")
}

func keyText(d *catalog.Dataset) string { return "concat_ws(' | ', " + idents(d.Key) + ")" }

// rejectKeys takes the rows that query finds out of landed, because their key
// is there already.
func (r *run) rejectKeys(l *loader, rejects *rejectWriter, query string) error {
	return r.rejectFound(l, rejects, query, fieldIndex(r.dataset, r.dataset.Key[0]), func(other int, line int64, _ string) error {
		if other < 0 {
			return errExists(r.previous.Release)
		}
		return errDuplicate(r.tables[other].file, r.tables[other].name(), line)
	})
}

// rejectFound takes the rows that query finds out of landed. The query gives
// _table, _line, _row, other_table, other_line and value; explain says of the
// last three what is wrong with the value of field.
func (r *run) rejectFound(l *loader, rejects *rejectWriter, query string, field int, explain func(other int, line int64, value string) error) error {
	if err := l.exec("CREATE OR REPLACE TEMP TABLE found AS " + query); err != nil {
		return err
	}
	rows, err := l.conn.QueryContext(l.ctx, "SELECT _table, _line, _row, other_table, other_line, value FROM found ORDER BY _row")
	if err != nil {
		return err
	}
	defer rows.Close()
	var all []rejected
	for rows.Next() {
		var index, other int
		var line, number, otherLine int64
		var value string
		if err := rows.Scan(&index, &line, &number, &other, &otherLine, &value); err != nil {
			return err
		}
		t := r.tables[index]
		all = append(all, rejected{table: t, number: number, why: []Reject{t.reject(line, number, r.dataset, field, value, explain(other, otherLine, value))}})
	}
	if err := rows.Err(); err != nil || len(all) == 0 {
		return err
	}
	if err := r.originals(all); err != nil {
		return err
	}
	if err := rejects.write(all); err != nil {
		return err
	}
	return l.exec("DELETE FROM landed USING found WHERE landed._row = found._row")
}

// originals reads the cells of rows once more as they were sent: landed holds
// what the rules made of them. The rows are in file order.
func (r *run) originals(rows []rejected) error {
	if len(rows) == 0 {
		return nil
	}
	again := &run{ctx: r.ctx, staging: r.staging, dataset: r.dataset, options: r.options, report: &Report{Files: slices.Clone(r.report.Files)}}
	again.options.Progress = nil
	for i := range again.report.Files {
		again.report.Files[i].Tables = nil
	}
	sources, err := again.decode(r.archived)
	defer func() {
		for _, s := range sources {
			s.Close()
		}
	}()
	if err != nil {
		return err
	}
	return again.walk(func(t *table, first int64) error {
		for {
			_, cells, err := t.block.Next()
			if errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return err
			}
			if len(rows) > 0 && rows[0].number == first+t.rows {
				for _, c := range cells {
					rows[0].cells = append(rows[0].cells, string(c))
				}
				rows = rows[1:]
			}
			t.rows++
		}
	})
}
