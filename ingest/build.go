package ingest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
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
	// withheld says that there is a table of that name, with the landed rows
	// that must not become public.
	withheld bool
}

// inMemory runs work with a DuckDB instance of its own.
func (r *run) inMemory(work func(l *loader) error) error {
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
	columns := len(r.dataset.Fields)
	if err := store.Configure(r.ctx, conn, store.Options{MemoryMB: r.options.MemoryMB, TempDir: r.staging.WorkDir(), Columns: columns}); err != nil {
		return err
	}
	l := &loader{ctx: r.ctx, conn: conn, dataset: r.dataset}
	if columns >= store.WideFrom {
		// In memory every column of a table has at least two blocks of 256 KB.
		work := filepath.Join(r.staging.WorkDir(), "landed.duckdb")
		if err := l.exec("ATTACH " + store.Literal(work) + " AS work" + store.AttachOptions(columns)); err != nil {
			return err
		}
		if err := l.exec("USE work"); err != nil {
			return err
		}
	}
	// The release is sorted by name, so that rows may land as they come.
	if err := l.exec("SET preserve_insertion_order = false"); err != nil {
		return err
	}
	return work(l)
}

// load lands the tables, applies the rules that need more than one cell, and
// builds the release's DuckDB file. It fills in m's counts and store.
func (r *run) load(l *loader, m *catalog.Manifest) error {
	rejects, err := newRejectWriter(r.staging.RecordsDir(), r.dataset)
	if err != nil {
		return err
	}
	err = r.land(l, rejects, m)
	if err = errors.Join(err, rejects.close()); err != nil {
		return err
	}
	r.report.SecondsLanded = time.Since(r.began).Seconds()
	r.report.Counts, r.report.Faults = m.Counts, rejects.faults()
	r.report.References, r.report.KeptBack = m.References, m.Withheld
	r.report.Rejects = append(r.report.Rejects, rejects.first...)
	r.report.RejectFiles = append(r.report.RejectFiles, rejects.files...)
	if err := r.undecided(); err != nil {
		return err
	}
	switch c := m.Counts; {
	case c.In == 0:
		return &Refused{Why: "there is a header and no data row under it"}
	case float64(c.Rejected) > r.dataset.RejectLimit*float64(c.In):
		return &Refused{Why: fmt.Sprintf("%d of %d rows break a rule, more than the dataset's limit of %g %%; %s",
			c.Rejected, c.In, r.dataset.RejectLimit*100, summary(r.report))}
	}
	if m.Contributions, err = l.contributions(rejects); err != nil {
		return err
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
	for _, left := range r.left {
		if err := left.block.Drain(); err != nil {
			return err
		}
		left.report.Plan = *left.block.Plan()
	}
	for _, t := range r.tables {
		m.Counts.In += t.rows
		r.report.Skipped = append(r.report.Skipped, t.block.Plan().Skipped...)
		t.describe()
	}
	if err := r.unique(l, rejects); err != nil {
		return err
	}
	if err := r.refer(l, rejects, m); err != nil {
		return err
	}
	m.Counts.Rejected = rejects.count
	if err := r.withhold(l, m); err != nil {
		return err
	}
	if m.Counts.Published, err = l.count("landed"); err != nil {
		return err
	}
	if !m.Counts.Balanced() {
		return fmt.Errorf("%d rows in, %d published, %d rejected, %d withheld: a row was lost", m.Counts.In, m.Counts.Published, m.Counts.Rejected, m.Counts.Withheld)
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

func (l *loader) attach(previous *catalog.Release) error {
	return l.exec("ATTACH IF NOT EXISTS " + store.Literal(previous.StorePath()) + " AS previous (READ_ONLY)")
}

// build writes the sorted release file.
func (l *loader) build(r *run, m *catalog.Manifest) error {
	fresh, kept, err := l.rows(r, m.Mode)
	if err != nil {
		return err
	}
	if err := l.calendar(); err != nil {
		return err
	}
	var names []string
	for _, f := range l.dataset.Public() {
		names = append(names, f.Name)
	}
	order := orderOf(l.dataset)
	by := "_new, _row"
	if len(order) > 0 {
		by = idents(order) + ", " + by
	}
	path := filepath.Join(r.staging.Dir(), catalog.StoreName)
	if err := l.exec("ATTACH " + store.Literal(path) + " AS release" + store.AttachOptions(len(names))); err != nil {
		return err
	}
	sorted := func(rows string) string {
		return "SELECT " + idents(names) + " FROM (" + l.computed(r, rows) + ") ORDER BY " + by
	}
	into := func(rows string) string { return "INSERT INTO release." + store.Table + " " + sorted(rows) }
	if kept == "" && len(names) < store.WideFrom {
		err = l.exec("CREATE TABLE release." + store.Table + " AS " + sorted(fresh))
	} else if kept == "" {
		if err = l.exec("CREATE TABLE release." + store.Table + " AS " + sorted(fresh) + " LIMIT 0"); err == nil {
			err = l.arrange(order, fresh, into)
		}
	} else if err = l.exec("CREATE TABLE release." + store.Table + " AS " + sorted(kept+" UNION ALL BY NAME "+fresh) + " LIMIT 0"); err == nil {
		err = l.merge(r, order, fresh, kept, into)
	}
	if err != nil {
		return err
	}
	if m.Rows, err = l.count("release." + store.Table); err != nil {
		return err
	}
	if m.Rows >= store.PlacesFrom && len(order) > 0 && l.dataset.Field(order[0]).Type.SQL() == "VARCHAR" {
		if err := l.exec(store.PlacesSQL("release", order[0])); err != nil {
			return err
		}
	}
	if m.Stats, err = l.stats(m.Rows); err != nil {
		return err
	}
	if m.Timeliness, err = l.timeliness(); err != nil {
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

// rows selects the landed rows and, unless they replace all, those of the
// previous release that stay: the fields that were sent, _new, _row for their
// order, and _first, the day on which a row was first published, null for
// those that are new.
func (l *loader) rows(r *run, mode catalog.Mode) (fresh, kept string, err error) {
	var names []string
	for _, f := range l.dataset.Sent() {
		names = append(names, "l."+store.Ident(f.Name))
	}
	columns := strings.Join(names, ", ")
	if r.previous == nil {
		return "SELECT " + columns + ", 1 AS _new, l._row, NULL::DATE AS _first FROM landed l", "", nil
	}
	if err := l.attach(r.previous); err != nil {
		return "", "", err
	}
	first, from := firstPublished(r.previous), "landed l"
	if l.dataset.Deadline != nil && sameKey(l.dataset, &r.previous.Dataset) {
		from += " LEFT JOIN previous." + store.Table + " p ON " + equal(l.dataset.Key, "l", "p")
	} else {
		first = "NULL::DATE"
	}
	fresh = "SELECT " + columns + ", 1 AS _new, l._row, " + first + " AS _first FROM " + from
	if mode == catalog.Replace {
		return fresh, "", nil
	}
	kept, err = l.kept(r, mode)
	return fresh, kept, err
}

// equal compares the fields of a key between two tables.
func equal(key []string, a, b string) string {
	same := make([]string, len(key))
	for i, k := range key {
		same[i] = a + "." + store.Ident(k) + " = " + b + "." + store.Ident(k)
	}
	return strings.Join(same, " AND ")
}

// sameKey reports whether rows of the two definitions can be told to be the same.
func sameKey(now, before *catalog.Dataset) bool {
	for _, k := range now.Key {
		if f := before.Field(k); f == nil || f.Privacy != catalog.PrivacyNone || f.Type != now.Field(k).Type {
			return false
		}
	}
	return len(now.Key) > 0 && slices.Equal(now.Key, before.Key)
}

// kept selects the rows of the previous release that stay, in the fields that
// the definition has now.
func (l *loader) kept(r *run, mode catalog.Mode) (string, error) {
	var columns []string
	fields := map[string]*catalog.Field{}
	for i := range l.dataset.Fields {
		fields[l.dataset.Fields[i].Name] = &l.dataset.Fields[i]
	}
	for _, f := range r.previous.Dataset.Sent() {
		now := fields[f.Name]
		switch {
		case now == nil || now.Privacy == catalog.PrivacyDrop:
			continue
		case now.Type != f.Type || now.Privacy != f.Privacy || now.Unit != f.Unit:
			return "", fmt.Errorf("field %s is not what it was in release %s, so its rows cannot be kept; ingest the whole with --mode replace: %w",
				f.Name, r.previous.Release, catalog.ErrConflict)
		}
		columns = append(columns, "p."+store.Ident(f.Name))
	}
	conditions := l.stillOpen(columns)
	if mode == catalog.Upsert {
		conditions = append(conditions, "NOT EXISTS (SELECT 1 FROM landed l WHERE "+equal(l.dataset.Key, "l", "p")+")")
		if l.withheld {
			conditions = append(conditions, "NOT EXISTS (SELECT 1 FROM withheld w WHERE "+equal(l.dataset.Key, "w", "p")+")")
		}
	}
	query := "SELECT " + strings.Join(columns, ", ") + ", 0 AS _new, p._row, " + firstPublished(r.previous) + " AS _first FROM (SELECT *, rowid AS _row FROM previous." + store.Table + ") p"
	if len(conditions) > 0 {
		query += " WHERE " + strings.Join(conditions, " AND ")
	}
	return query, nil
}

// batchFields is of how many fields one statement tells: every expression has
// vectors of its own.
const batchFields = 256

// stats are figures over all values of every public field.
func (l *loader) stats(rows int64) (map[string]catalog.FieldStats, error) {
	stats := map[string]catalog.FieldStats{}
	for fields := range slices.Chunk(l.dataset.Public(), batchFields) {
		if err := l.statsOf(fields, rows, stats); err != nil {
			return nil, err
		}
	}
	return stats, nil
}

func (l *loader) statsOf(fields []catalog.Field, rows int64, stats map[string]catalog.FieldStats) error {
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
		return err
	}
	for i, f := range fields {
		v := &values[i]
		s := catalog.FieldStats{Nulls: rows - v.count, Min: v.min.String, Max: v.max.String}
		if v.median.Valid {
			s.Median = &v.median.Float64
		}
		stats[f.Name] = s
	}
	return nil
}
