package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sync/errgroup"

	"govdata/catalog"
	"govdata/catalog/store"
	"govdata/export"
	"govdata/ingest"
)

// publish takes the files of one department the whole way: ingest builds the
// release, export renders its download files, catalog makes it current and keeps
// the definition, if any, with it. On any error the current release stays as it is.
func publish(ctx context.Context, cat *catalog.Catalog, d *catalog.Dataset, definition []byte, files []ingest.File, o ingest.Options, p *progress) (*catalog.Release, *ingest.Report, error) {
	st, err := cat.Stage(d.ID)
	if err != nil {
		return nil, nil, err
	}
	defer st.Discard()
	st.Define(definition)
	p.stage("reading")
	o.Progress = p.bytes
	o.Software = "govdata " + version()
	st.AcceptWithdrawn = o.AcceptWithdrawn
	built, err := ingest.Run(ctx, cat, st, d, files, o)
	if errors.Is(err, catalog.ErrUnchanged) {
		return nil, nil, reclassified(st, d, err)
	}
	if errors.As(err, new(*ingest.Refused)) {
		records, keepErr := st.Refuse()
		return nil, nil, errors.Join(fmt.Errorf("%w; rejects and report are in %s", err, records), keepErr)
	} else if err != nil {
		return nil, nil, err
	}
	r, err := publishBuilt(ctx, cat, st, built, p)
	if errors.Is(err, catalog.ErrUnchanged) {
		err = reclassified(st, d, err)
	} else if err != nil {
		return nil, nil, err
	}
	return r, built.Report, err
}

// reclassified makes a dataset as open as its definition says where the rows are
// those that are current already, as unchanged tells. The error is that one, with
// the new openness in it.
func reclassified(st *catalog.Staging, d *catalog.Dataset, unchanged error) error {
	err := st.KeepDefinition()
	changed := false
	if err == nil {
		changed, err = st.Reclassify(d)
	}
	if err != nil {
		return err
	}
	if changed {
		return &reopened{d.Openness, unchanged}
	}
	return unchanged
}

// reopened is a file that brought no new rows to a dataset whose definition says
// another openness than before.
type reopened struct {
	openness catalog.Openness
	err      error
}

func (e *reopened) Error() string {
	return "the dataset is " + e.openness.Attribute + " now; " + e.err.Error()
}
func (e *reopened) Unwrap() error { return e.err }

// errNothingYet is a computed dataset that would begin without a row while some of
// what it is computed from is missing.
var errNothingYet = errors.New("nothing to compute yet")

// derive computes a release of a dataset that follows from others, some of which
// may be missing.
func derive(ctx context.Context, cat *catalog.Catalog, d *catalog.Dataset, inputs []*catalog.Dataset, missing bool, p *progress) (*catalog.Release, error) {
	st, err := cat.Stage(d.ID)
	if err != nil {
		return nil, err
	}
	defer st.Discard()
	p.stage("computing")
	built, err := ingest.Derive(ctx, cat, st, d, inputs, ingest.Options{Software: "govdata " + version()})
	if errors.Is(err, catalog.ErrUnchanged) {
		return nil, reclassified(st, d, err)
	} else if err != nil {
		return nil, err
	}
	if missing && built.Manifest.Rows == 0 {
		if _, err := cat.Current(d.ID); errors.Is(err, catalog.ErrNotFound) {
			return nil, errNothingYet
		}
	}
	r, err := publishBuilt(ctx, cat, st, built, p)
	if errors.Is(err, catalog.ErrUnchanged) {
		err = reclassified(st, d, err)
	}
	return r, err
}

// publishBuilt renders the download files of a release and makes it current.
func publishBuilt(ctx context.Context, cat *catalog.Catalog, st *catalog.Staging, built *ingest.Built, p *progress) (*catalog.Release, error) {
	m := built.Manifest
	if err := render(ctx, cat, st, built.Path, &m, p); err != nil {
		err = fmt.Errorf("ingest %s: %w", m.Dataset.ID, err)
		if errors.Is(err, catalog.ErrUnchanged) && m.Counts.Rejected > 0 {
			built.Report.Refused = err.Error()
			keepErr := built.Report.Write(st.RecordsDir())
			records, refuseErr := st.Refuse()
			keepErr = errors.Join(keepErr, refuseErr)
			err = errors.Join(&unpublishedRejects{Rows: m.Counts.Rejected, Records: records, err: err}, keepErr)
		}
		return nil, err
	}
	p.stage("publishing")
	built.Report.Release = m.Release
	if err := built.Report.Write(st.RecordsDir()); err != nil {
		return nil, err
	}
	return st.Publish(ctx, m)
}

// unpublishedRejects is a file that changes nothing in the dataset and has
// rows that break a rule all the same.
type unpublishedRejects struct {
	Rows    int64
	Records string
	err     error
}

func (e *unpublishedRejects) Error() string { return e.err.Error() }
func (e *unpublishedRejects) Unwrap() error { return e.err }

// render writes the download files of the staged release, names it after its
// content, and counts the rows of every file again. It returns an error that
// wraps catalog.ErrUnchanged where the current release has the same content.
func render(ctx context.Context, cat *catalog.Catalog, st *catalog.Staging, path string, m *catalog.Manifest, p *progress) error {
	// The rows are read from one end to the other, again and again: what DuckDB
	// would keep of them is in the system's page cache.
	memory := 128
	if columns := len(m.Dataset.Public()); columns >= store.WideFrom {
		memory = store.Memory(columns)
	}
	src, err := store.Open(path, store.Options{TempDir: st.WorkDir(), MemoryMB: memory, Columns: len(m.Dataset.Public())})
	if err != nil {
		return err
	}
	defer src.Close()
	m.PublishedAt = st.Now()
	meta := export.Meta{Dataset: &m.Dataset, PublishedAt: m.PublishedAt, Rows: m.Rows, Lang: "zh", Software: m.Software}

	p.stage("writing csv")
	// The name of the release, which other files tell, depends on the rows.
	var first []catalog.Artefact
	group, groupCtx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		first, err = export.Render(groupCtx, src, st.Dir(), []string{"csv"}, meta, counted(st.Dir(), m.Rows, p.rows(m.Rows)))
		return err
	})
	group.Go(func() error {
		profile, err := src.Profile(groupCtx, &m.Dataset)
		if err == nil {
			m.Profile, err = profile.Write(st.Dir())
		}
		return err
	})
	if err := group.Wait(); err != nil {
		return err
	}
	if m.Content, err = contentHash(&m.Dataset, first[0]); err == nil && cat.InForce(&m.Dataset).Attribute != catalog.OpenUnconditional {
		m.Content, err = cat.KeyedContent(m.Content)
	}
	if err != nil {
		return err
	}
	current, err := cat.Current(m.Dataset.ID)
	if err == nil && current.Content == m.Content {
		return fmt.Errorf("release %s has the same content: %w", current.Ref(), catalog.ErrUnchanged)
	} else if err != nil && !errors.Is(err, catalog.ErrNotFound) {
		return err
	}
	if !st.AcceptWithdrawn {
		if err := cat.MayComeBack(m.Dataset.ID, m.Content, nil); err != nil {
			return err
		}
	}
	m.Release = catalog.NewReleaseID(m.PublishedAt, m.Content)
	meta.Release = m.Release
	var rest []string
	for _, f := range catalog.Formats {
		if f.Bulk && f.Ext != "csv" {
			rest = append(rest, f.Ext)
		}
	}
	p.stage("writing " + join(rest))
	more, err := export.Render(ctx, src, st.Dir(), rest, meta, counted(st.Dir(), m.Rows, p.rows(m.Rows*int64(len(rest)))))
	if err != nil {
		return err
	}
	m.Artefacts = append(first, more...)
	slices.SortFunc(m.Artefacts, func(a, b catalog.Artefact) int { return formatOrder(a) - formatOrder(b) })
	return nil
}

func formatOrder(a catalog.Artefact) int {
	return slices.IndexFunc(catalog.Formats, func(f catalog.Format) bool { return f.Ext == a.Format })
}

// counted counts the rows of each file again, as they stand on disk.
func counted(dir string, want int64, progress func(rows int64)) func(context.Context, catalog.Artefact) error {
	return func(ctx context.Context, a catalog.Artefact) error {
		rows, err := export.Count(ctx, filepath.Join(dir, a.File), a.Format)
		if err != nil {
			return fmt.Errorf("count %s: %w", a.File, err)
		}
		if rows != want {
			return fmt.Errorf("%s holds %d rows, and the release %d: %w", a.File, rows, want, catalog.ErrCorrupt)
		}
		progress(rows)
		return nil
	}
}

// contentHash is the SHA-256 of what a release says: its definition and its
// rows in order.
func contentHash(d *catalog.Dataset, csv catalog.Artefact) (string, error) {
	definition, err := json.Marshal(d)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%s\n", definition, csv.SHA256)
	return hex.EncodeToString(h.Sum(nil)), nil
}

// count counts the rows of a file of a release.
func count(ctx context.Context, path, format string) (int64, error) {
	if format != "duckdb" {
		return export.Count(ctx, path, format)
	}
	f, err := store.Open(path, store.Options{})
	if err != nil {
		return 0, err
	}
	defer f.Close()
	return f.Count(ctx)
}

// writeRelease writes a release to w: the file that was rendered when it was
// published, or for the other formats the rows anew.
func writeRelease(ctx context.Context, w io.Writer, r *catalog.Release, format catalog.Format) error {
	if artefact, ok := r.Artefact(format.Ext); ok {
		f, err := os.Open(r.Path(artefact))
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = io.Copy(w, f)
		return err
	}
	src, err := store.Open(r.StorePath(), store.Options{})
	if err != nil {
		return err
	}
	defer src.Close()
	rows, release, err := src.Read(ctx)
	if err != nil {
		return err
	}
	defer release()
	meta := export.Meta{Dataset: &r.Dataset, Release: r.Release, PublishedAt: r.PublishedAt, Rows: r.Rows, Lang: "zh", Software: r.Software}
	_, err = export.Write(ctx, w, format, rows, meta, export.Options{})
	return err
}
