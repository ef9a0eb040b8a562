package ingest_test

import (
	"context"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"testing"

	"govdata/catalog"
	"govdata/datasets"
	"govdata/ingest"
)

// Every bundled sample gives the rows and the rejects that its definition
// says, with the datasets that it refers to there.
func TestSamplesGiveWhatTheirDefinitionsSay(t *testing.T) {
	all, err := datasets.Load(datasets.Bundled())
	if err != nil {
		t.Fatal(err)
	}
	shelf := newShelf(t)
	for _, d := range all {
		for _, s := range d.Samples {
			t.Run(path.Join(string(d.ID), s.File), func(t *testing.T) {
				shelf.T = t
				data, err := fs.ReadFile(datasets.Bundled(), path.Join(string(d.ID), s.File))
				if err != nil {
					t.Fatal(err)
				}
				file := filepath.Join(t.TempDir(), s.File)
				if err := os.WriteFile(file, data, 0o600); err != nil {
					t.Fatal(err)
				}
				release, report, err := shelf.file(d, file, ingest.Options{Mode: s.Mode, Layout: catalog.Layout{Charset: s.Charset}})
				if err != nil {
					t.Fatal(err)
				}
				c := release.Counts
				if c.In != s.Rows || c.Rejected != s.Rejected || !c.Balanced() || c.Published+c.Kept != release.Rows {
					t.Errorf("counts %+v, want %d rows in and %d rejected", c, s.Rows, s.Rejected)
				}
				for _, check := range release.References {
					if check.Release == "" {
						t.Errorf("%s was not looked up in %s: it has no sample before this one", check.Fields, check.To)
					}
				}
				for _, r := range report.Rejects {
					t.Logf("%s:%d column %d %q: %s %q", r.File, r.Line, r.Column, r.Header, r.Code, r.Value)
				}
				for _, skip := range report.Skipped {
					t.Logf("skipped %d-%d %s %q", skip.Line, skip.To, skip.Why, skip.Text)
				}
				for _, f := range report.Files {
					t.Logf("%+v", f.Info)
					for _, table := range f.Tables {
						for _, col := range table.Columns {
							if col.Field == "" || col.Unit != "" {
								t.Logf("column %+v", col)
							}
						}
					}
				}
			})
		}
	}
}

// tryRun ingests one file into a catalog of its own.
func tryRun(t *testing.T, d *catalog.Dataset, file string, o ingest.Options) (*ingest.Built, error) {
	t.Helper()
	built, _, err := stage(t, d, file, o)
	return built, err
}

// stage ingests one file, and returns the staging area with its records too.
func stage(t *testing.T, d *catalog.Dataset, file string, o ingest.Options) (*ingest.Built, *catalog.Staging, error) {
	t.Helper()
	cat, err := catalog.Open(t.TempDir(), catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	st, err := cat.Stage(d.ID)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Discard() })
	built, err := ingest.Run(context.Background(), cat, st, d, []ingest.File{{Path: file, Name: filepath.Base(file)}}, o)
	return built, st, err
}
