package ingest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/duckdb/duckdb-go/v2"

	"govdata/catalog"
	"govdata/catalog/store"
)

// loader is the DuckDB instance in which one release is made: landed rows and
// unfinished work live in its memory and in the staging's work folder.
type loader struct {
	ctx     context.Context
	conn    *sql.Conn
	dataset *catalog.Dataset
}

// load lands the tables, applies the rules that need more than one cell, and
// builds the release's DuckDB file. It fills in m's counts and store.
func (r *run) load(m *catalog.Manifest) error {
	connector, err := duckdb.NewConnector("", nil)
	if err != nil {
		return err
	}
	db := sql.OpenDB(connector)
	defer db.Close()
	conn, err := db.Conn(r.ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := store.Configure(r.ctx, conn, store.Options{MemoryMB: r.options.MemoryMB, TempDir: r.staging.WorkDir()}); err != nil {
		return err
	}
	l := &loader{ctx: r.ctx, conn: conn, dataset: r.dataset}
	// The release is sorted by name, so that rows may land as they come.
	if err := l.exec("SET preserve_insertion_order = false"); err != nil {
		return err
	}

	rejects, err := newRejectWriter(r.staging.RecordsDir())
	if err != nil {
		return err
	}
	err = r.land(l, rejects, m)
	if err = errors.Join(err, rejects.close()); err != nil {
		return err
	}
	r.report.SecondsLanded = time.Since(r.began).Seconds()
	r.report.Counts, r.report.Faults = m.Counts, rejects.faults()
	r.report.Rejects = append(r.report.Rejects, rejects.first...)
	r.report.RejectFiles = append(r.report.RejectFiles, rejects.files...)
	switch c := m.Counts; {
	case c.In == 0:
		return &Refused{Why: "there is a header and no data row under it"}
	case float64(c.Rejected) > r.dataset.RejectLimit*float64(c.In):
		return &Refused{Why: fmt.Sprintf("%d of %d rows break a rule, more than the dataset's limit of %g %%; %s",
			c.Rejected, c.In, r.dataset.RejectLimit*100, summary(r.report))}
	}
	return l.build(r, m)
}

func summary(report *Report) string {
	var parts []string
	for _, f := range report.Faults[:min(3, len(report.Faults))] {
		parts = append(parts, fmt.Sprintf("%d x %s in %s", f.Cells, f.Code, f.Field))
	}
	if len(report.Rejects) == 0 {
		return strings.Join(parts, ", ")
	}
	first := report.Rejects[0]
	return fmt.Sprintf("%s; the first: %s:%d %s: found %.60q, expected %s", strings.Join(parts, ", "),
		first.File, first.Line, first.Header, first.Value, first.Reason.In("en"))
}

// land streams the tables into DuckDB as typed rows.
func (r *run) land(l *loader, rejects *rejectWriter, m *catalog.Manifest) error {
	stream := newLanding(r.ctx, r.dataset, r.walk, rejects)
	err := l.land(stream)
	stream.Release()
	if stream.Err() != nil {
		return stream.Err() // says more than what DuckDB makes of it
	} else if err != nil {
		return err
	}
	for _, t := range r.tables {
		m.Counts.In += t.rows
		r.report.Skipped = append(r.report.Skipped, t.block.Plan().Skipped...)
		t.describe()
	}
	if err := r.unique(l, rejects); err != nil {
		return err
	}
	m.Counts.Rejected = rejects.count
	if m.Counts.Published, err = l.count("landed"); err != nil {
		return err
	}
	if !m.Counts.Balanced() {
		return fmt.Errorf("%d rows in, %d published, %d rejected: a row was lost", m.Counts.In, m.Counts.Published, m.Counts.Rejected)
	}
	for _, f := range r.dataset.Fields {
		if f.Privacy == catalog.PrivacyDrop {
			m.Withheld = append(m.Withheld, catalog.Withholding{Field: f.Name, Basis: catalog.Text{
				Zh: "个人信息，不属于无条件开放范围", En: "personal data, never part of unconditionally open data"}})
		}
	}
	return nil
}

// land makes a table of the stream.
func (l *loader) land(stream *landing) error {
	return l.conn.Raw(func(c any) error {
		conn := c.(*duckdb.Conn)
		arrow, err := duckdb.NewArrowFromConn(conn)
		if err != nil {
			return err
		}
		release, err := arrow.RegisterView(stream, "landing")
		if err != nil {
			return err
		}
		defer release()
		_, err = conn.ExecContext(l.ctx, "CREATE TABLE landed AS SELECT * FROM landing", nil)
		return err
	})
}

func (l *loader) exec(query string) error {
	if _, err := l.conn.ExecContext(l.ctx, query); err != nil {
		return fmt.Errorf("%w in %s", err, query)
	}
	return nil
}

func (l *loader) count(table string) (n int64, err error) {
	err = l.conn.QueryRowContext(l.ctx, "SELECT count(*) FROM "+table).Scan(&n)
	return n, err
}

func (l *loader) key() string { return idents(l.dataset.Key) }

func idents(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = store.Ident(n)
	}
	return strings.Join(quoted, ", ")
}

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

// rejectKeys takes the rows that query finds out of landed.
func (r *run) rejectKeys(l *loader, rejects *rejectWriter, query string) error {
	if err := l.exec("CREATE OR REPLACE TEMP TABLE repeated AS " + query); err != nil {
		return err
	}
	rows, err := l.conn.QueryContext(l.ctx, "SELECT _table, _line, _row, other_table, other_line, value FROM repeated ORDER BY _row")
	if err != nil {
		return err
	}
	defer rows.Close()
	field := slices.IndexFunc(r.dataset.Fields, func(f catalog.Field) bool { return f.Name == r.dataset.Key[0] })
	var all []rejected
	for rows.Next() {
		var index, other int
		var line, number, otherLine int64
		var value string
		if err := rows.Scan(&index, &line, &number, &other, &otherLine, &value); err != nil {
			return err
		}
		var fault error
		if other >= 0 {
			fault = errDuplicate(r.tables[other].file, r.tables[other].name(), otherLine)
		} else {
			fault = errExists(r.previous.Release)
		}
		t := r.tables[index]
		all = append(all, rejected{table: t, number: number, why: []Reject{t.reject(line, number, r.dataset, field, value, fault)}})
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if err := r.originals(all); err != nil {
		return err
	}
	if err := rejects.write(all); err != nil {
		return err
	}
	return l.exec("DELETE FROM landed USING repeated WHERE landed._row = repeated._row")
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

func (l *loader) attach(previous *catalog.Release) error {
	return l.exec("ATTACH IF NOT EXISTS " + store.Literal(previous.StorePath()) + " AS previous (READ_ONLY)")
}

// build writes the sorted release file.
func (l *loader) build(r *run, m *catalog.Manifest) error {
	var names []string
	for _, f := range l.dataset.Public() {
		names = append(names, f.Name)
	}
	rows := "SELECT " + idents(names) + ", 1 AS _new, _row FROM landed"
	if r.previous != nil && m.Mode != catalog.Replace {
		if err := l.attach(r.previous); err != nil {
			return err
		}
		kept, err := l.kept(r.previous, m.Mode)
		if err != nil {
			return err
		}
		rows += " UNION ALL BY NAME " + kept
	}
	order := slices.Compact(append(slices.Clone(l.dataset.SortKey()), l.dataset.Key...))
	by := "_new, _row"
	if len(order) > 0 {
		by = idents(order) + ", " + by
	}
	path := filepath.Join(r.staging.Dir(), catalog.StoreName)
	for _, query := range []string{
		"ATTACH " + store.Literal(path) + " AS release",
		"CREATE TABLE release." + store.Table + " AS SELECT " + idents(names) + " FROM (" + rows + ") ORDER BY " + by,
	} {
		if err := l.exec(query); err != nil {
			return err
		}
	}
	var err error
	if m.Rows, err = l.count("release." + store.Table); err != nil {
		return err
	}
	if m.Stats, err = l.stats(m.Rows); err != nil {
		return err
	}
	m.Counts.Kept = m.Rows - m.Counts.Published
	r.report.Counts = m.Counts
	if err := l.exec("DETACH release"); err != nil {
		return err
	}
	sum, size, err := catalog.HashFile(path)
	m.Store = catalog.Artefact{Format: "duckdb", File: catalog.StoreName, MediaType: "application/vnd.duckdb", Bytes: size, SHA256: sum, Rows: m.Rows}
	return err
}

// kept selects the rows of the previous release that stay, in the fields that
// the definition has now.
func (l *loader) kept(previous *catalog.Release, mode catalog.Mode) (string, error) {
	var columns []string
	for _, f := range previous.Dataset.Public() {
		now := l.dataset.Field(f.Name)
		switch {
		case now == nil || now.Privacy == catalog.PrivacyDrop:
			continue
		case now.Type != f.Type || now.Privacy != f.Privacy || now.Unit != f.Unit:
			return "", fmt.Errorf("field %s is not what it was in release %s, so its rows cannot be kept; ingest the whole with --mode replace: %w",
				f.Name, previous.Release, catalog.ErrConflict)
		}
		columns = append(columns, "p."+store.Ident(f.Name))
	}
	query := "SELECT " + strings.Join(columns, ", ") + ", 0 AS _new, p.rowid AS _row FROM previous." + store.Table + " p"
	if mode != catalog.Upsert {
		return query, nil
	}
	var same []string
	for _, k := range l.dataset.Key {
		same = append(same, fmt.Sprintf("l.%[1]s = p.%[1]s", store.Ident(k)))
	}
	return query + " WHERE NOT EXISTS (SELECT 1 FROM landed l WHERE " + strings.Join(same, " AND ") + ")", nil
}

// stats are figures over all values of every public field, in one scan.
func (l *loader) stats(rows int64) (map[string]catalog.FieldStats, error) {
	fields := l.dataset.Public()
	var columns []string
	for _, f := range fields {
		name := store.Ident(f.Name)
		least, most, median := "min("+name+")::VARCHAR", "max("+name+")::VARCHAR", "NULL::DOUBLE"
		_, _, isDecimal := f.Type.Decimal()
		switch {
		case f.Type == catalog.TypeBoolean, f.Type == catalog.TypeText:
			least, most = "NULL::VARCHAR", "NULL::VARCHAR"
		case isDecimal, f.Type == catalog.TypeInteger:
			median = "approx_quantile(" + name + "::DOUBLE, 0.5)"
		}
		columns = append(columns, "count("+name+")", least, most, median)
	}
	values := make([]struct {
		count    int64
		min, max sql.NullString
		median   sql.NullFloat64
	}, len(fields))
	var into []any
	for i := range values {
		v := &values[i]
		into = append(into, &v.count, &v.min, &v.max, &v.median)
	}
	if err := l.conn.QueryRowContext(l.ctx, "SELECT "+strings.Join(columns, ", ")+" FROM release."+store.Table).Scan(into...); err != nil {
		return nil, err
	}
	stats := map[string]catalog.FieldStats{}
	for i, f := range fields {
		v := &values[i]
		s := catalog.FieldStats{Nulls: rows - v.count, Min: v.min.String, Max: v.max.String}
		if v.median.Valid {
			s.Median = &v.median.Float64
		}
		stats[f.Name] = s
	}
	return stats, nil
}
