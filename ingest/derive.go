package ingest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/duckdb/duckdb-go/v2"

	"govdata/catalog"
	"govdata/catalog/store"
	"govdata/catalog/tables"
	"govdata/ingest/layout"
)

// Derive computes a release of a dataset from the current releases of others,
// by the query in its definition, and builds its DuckDB file in the staging
// area. inputs are the definitions of the datasets that it reads: one without a
// release is an empty table. The error wraps catalog.ErrUnchanged where the
// current release was computed of the same.
func Derive(ctx context.Context, cat *catalog.Catalog, st *catalog.Staging, d *catalog.Dataset, inputs []*catalog.Dataset, o Options) (*Built, error) {
	began := time.Now()
	previous, err := cat.Current(d.ID)
	if err != nil && !errors.Is(err, catalog.ErrNotFound) {
		return nil, fmt.Errorf("derive: %w", err)
	}
	o.Mode = catalog.Replace
	r := &run{ctx: ctx, began: began, cat: cat, staging: st, dataset: d, previous: previous, options: o, report: &Report{
		Dataset: d.ID, Mode: o.Mode, Files: []FileReport{}, Skipped: []layout.Skip{}, Faults: []FaultCount{}, Rejects: []Reject{}, Changes: []catalog.Change{}, RejectFiles: []string{}, definition: d,
	}}
	m := &catalog.Manifest{Mode: o.Mode, Dataset: withoutSamples(*d), Software: o.Software, Withheld: []catalog.Withholding{}}
	if err := r.derive(m, inputs); err != nil {
		return nil, fmt.Errorf("derive %s: %w", d.ID, err)
	}
	r.report.Counts, r.report.Seconds = m.Counts, time.Since(began).Seconds()
	return &Built{Manifest: *m, Path: filepath.Join(st.Dir(), catalog.StoreName), Report: r.report}, nil
}

func (r *run) derive(m *catalog.Manifest, inputs []*catalog.Dataset) error {
	if r.dataset.Derived.Daily {
		m.AsOf = r.staging.Now().Format(time.DateOnly)
	}
	releases, err := r.inputs(m, inputs)
	if err != nil {
		return err
	}
	if r.previous != nil {
		if p := r.previous.Whole(); p.Software == m.Software && p.AsOf == m.AsOf && reflect.DeepEqual(p.Sources, m.Sources) && reflect.DeepEqual(withoutSamples(p.Dataset), m.Dataset) {
			return fmt.Errorf("release %s was computed of this: %w", r.previous.Ref(), catalog.ErrUnchanged)
		}
	}
	// What is computed of damaged bytes would be wrong without a word.
	for _, release := range releases {
		if err := r.cat.Check(r.ctx, release, release.Store); err != nil {
			return err
		}
	}
	return r.inMemory(func(l *loader) error {
		if err := l.open(r, inputs, releases); err != nil {
			return err
		}
		if err := l.derive(r); err != nil {
			return err
		}
		if m.Counts.In, err = l.count("landed"); err != nil {
			return err
		}
		m.Counts.Published = m.Counts.In
		if err := l.build(r, m); err != nil {
			return err
		}
		if r.previous != nil { // nothing to accept here: the inputs have been
			r.report.Changes = append(r.report.Changes, m.Follows(r.previous.Whole())...)
		}
		return nil
	})
}

// inputs finds the current releases and records them as the sources.
func (r *run) inputs(m *catalog.Manifest, inputs []*catalog.Dataset) (map[catalog.ID]*catalog.Release, error) {
	releases := map[catalog.ID]*catalog.Release{}
	for _, d := range inputs {
		release, err := r.cat.Current(d.ID)
		if errors.Is(err, catalog.ErrNotFound) {
			continue
		} else if err != nil {
			return nil, err
		}
		releases[d.ID] = release
		source := catalog.Source{Name: release.Ref().String(), SHA256: release.Store.SHA256, Bytes: release.Store.Bytes, Format: "release", Rows: release.Rows}
		if !release.Dataset.Queryable() {
			source.SHA256, source.Bytes = release.Content, 0 // what is computed may be open where its input is not
		}
		m.Sources = append(m.Sources, source)
	}
	if !r.dataset.Derived.Catalog {
		return releases, nil
	}
	all, err := r.cat.All()
	if err != nil {
		return nil, err
	}
	if damaged, err := r.cat.Damaged(); err != nil {
		return nil, err
	} else if len(damaged) > 0 {
		return nil, damaged[0] // of a catalog that is not whole
	}
	h := sha256.New()
	n := int64(0)
	for _, release := range all {
		if release.Dataset.Derived == nil { // else two of them would never come to rest
			fmt.Fprintln(h, release.Ref())
			n++
		}
	}
	m.Sources = append(m.Sources, catalog.Source{Name: "catalog", SHA256: hex.EncodeToString(h.Sum(nil)), Format: "catalog", Rows: n})
	return releases, nil
}

// open makes the inputs readable under their names.
func (l *loader) open(r *run, inputs []*catalog.Dataset, releases map[catalog.ID]*catalog.Release) error {
	statements := []string{"CREATE SCHEMA catalog", "CREATE MACRO as_of() AS DATE " + store.Literal(r.staging.Now().Format(time.DateOnly))}
	for i, d := range inputs {
		if release := releases[d.ID]; release != nil {
			name := fmt.Sprintf("input_%d", i)
			statements = append(statements, "ATTACH "+store.Literal(release.StorePath())+" AS "+name+" (READ_ONLY)",
				"CREATE VIEW "+store.Ident(string(d.ID))+" AS SELECT * FROM "+name+"."+store.Table)
			continue
		}
		var columns []string
		for _, f := range d.Public() {
			columns = append(columns, store.Ident(f.Name)+" "+f.Type.SQL())
		}
		statements = append(statements, "CREATE TABLE "+store.Ident(string(d.ID))+" ("+strings.Join(columns, ", ")+")")
	}
	for _, s := range statements {
		if err := l.exec(s); err != nil {
			return err
		}
	}
	if !r.dataset.Derived.Catalog {
		return nil
	}
	for _, name := range tables.Names {
		batch, err := tables.Make(r.cat, name)
		if err != nil {
			return err
		}
		if err := l.create("catalog."+name, batch); err != nil {
			return err
		}
	}
	return nil
}

// create makes a table of a batch.
func (l *loader) create(name string, batch arrow.RecordBatch) error {
	reader, err := array.NewRecordReader(batch.Schema(), []arrow.RecordBatch{batch})
	if err != nil {
		return err
	}
	defer reader.Release()
	return l.conn.Raw(func(c any) error {
		conn := c.(*duckdb.Conn)
		from, err := duckdb.NewArrowFromConn(conn)
		if err != nil {
			return err
		}
		release, err := from.RegisterView(reader, "batch")
		if err != nil {
			return err
		}
		defer release()
		if _, err = conn.ExecContext(l.ctx, "CREATE TABLE "+name+" AS SELECT * FROM batch", nil); err != nil {
			return err
		}
		_, err = conn.ExecContext(l.ctx, "DROP VIEW batch", nil)
		return err
	})
}

// derive lands what the query gives, as the types of the fields. What a
// definition promises of its rows is an error here, not a reject: nobody sent
// them.
func (l *loader) derive(r *run) error {
	d := l.dataset
	var columns, required []string
	for _, f := range d.Sent() {
		columns = append(columns, "CAST("+store.Ident(f.Name)+" AS "+f.Type.SQL()+") AS "+store.Ident(f.Name))
		if f.Required {
			required = append(required, store.Ident(f.Name)+" IS NULL")
		}
	}
	query := strings.TrimSuffix(strings.TrimSpace(d.Derived.SQL), ";")
	landing := "CREATE TABLE landed AS SELECT 0 AS _table, 0::BIGINT AS _line, row_number() OVER () AS _row, " + strings.Join(columns, ", ") + " FROM (" + query + "\n)"
	if _, err := l.conn.ExecContext(l.ctx, landing); err != nil {
		return fmt.Errorf("its query: %w: %w", err, catalog.ErrInvalid)
	}
	if len(required) > 0 {
		var n int64
		if err := l.conn.QueryRowContext(l.ctx, "SELECT count(*) FROM landed WHERE "+strings.Join(required, " OR ")).Scan(&n); err != nil {
			return err
		} else if n > 0 {
			return fmt.Errorf("%d rows lack a required field: %w", n, catalog.ErrInvalid)
		}
	}
	var total, distinct int64
	if err := l.conn.QueryRowContext(l.ctx, "SELECT count(*), (SELECT count(*) FROM (SELECT DISTINCT "+l.key()+" FROM landed)) FROM landed").Scan(&total, &distinct); err != nil {
		return err
	}
	if total != distinct {
		return fmt.Errorf("%d rows have %d keys: %w", total, distinct, catalog.ErrInvalid)
	}
	return nil
}
