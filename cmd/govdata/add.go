package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"govdata/catalog"
	"govdata/datasets"
	"govdata/ingest"
)

func (a *app) inspect() *cobra.Command {
	var flags layoutFlags
	var asJSON bool
	c := &cobra.Command{
		Use:   "inspect FILE",
		Short: "Say how a file would be read, and publish nothing",
		Long: `Say what a file is, where its tables stand, which lines are no data and why,
and what each column holds, told from all of its cells. What is wrong there is
corrected by the flags, which ingest and add take as well, or by a layout: block
in the dataset's definition.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			in, err := inspectFile(c, args[0], &flags)
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(a.stdout, in)
			}
			in.Describe(a.stdout, language())
			return nil
		},
	}
	flags.add(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print the plan as one JSON object")
	return c
}

func inspectFile(c *cobra.Command, path string, flags *layoutFlags) (*ingest.Inspection, error) {
	l, err := flags.parse()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "govdata-inspect-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	return ingest.Inspect(c.Context(), path, filepath.Base(path), l, dir)
}

// addFlags are what a command line says of a new dataset.
type addFlags struct {
	layout             layoutFlags
	id, title, licence string
	key, accept        []string
	personal           []string
	table, memory      int
	asJSON, dryRun     bool
}

func (a *app) add() *cobra.Command {
	var f addFlags
	c := &cobra.Command{
		Use:   "add FILE",
		Short: "Make a dataset of any tabular file",
		Long: `Make a dataset of a file: its fields are inferred from whole columns, its
definition is kept in the data directory, to be edited there, and its rows are
published. Later files of the same kind go in with govdata ingest.

Every cell is looked at for personal data: identity numbers, names, telephones,
bank cards, addresses and the like. Where a column holds some, nothing is
published, and the exit code is 1, until --personal says for each such column
whether it is masked, dropped or kept. The definition records the decision.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return a.addFile(c, args[0], &f) },
	}
	f.layout.add(c)
	c.Flags().StringVar(&f.id, "id", "", "id of the dataset; empty: from the file's name")
	c.Flags().StringVar(&f.title, "title", "", "title of the dataset; empty: the file's name")
	c.Flags().StringVar(&f.licence, "licence", "", "licence of the data, an SPDX identifier as in CC-BY-4.0; empty: none is stated")
	c.Flags().StringSliceVar(&f.key, "key", nil, "fields that identify a row")
	c.Flags().IntVar(&f.table, "table", 0, "which table of the file, as inspect counts them; 0: the only one, or those of the same columns that have the most rows")
	c.Flags().StringSliceVar(&f.accept, "accept-change", nil, "breaking change against the current release that is wanted: a field's name, rows or key")
	personalFlag(c, &f.personal)
	c.Flags().IntVar(&f.memory, "memory", 0, "megabytes that DuckDB may use before it spills to disk; 0: 512, and 1 more for every 8 columns beyond 4,096")
	c.Flags().BoolVar(&f.asJSON, "json", false, "print the report as one JSON object")
	c.Flags().BoolVar(&f.dryRun, "dry-run", false, "check every row and say what would be published; change nothing")
	return c
}

// personalFlag decides what becomes of columns with personal data.
func personalFlag(c *cobra.Command, list *[]string) {
	c.Flags().StringArrayVar(list, "personal", nil, "what is done with a column that holds personal data: COLUMN=mask, COLUMN=drop or COLUMN=keep; all=mask or all=drop for those not named")
}

// decisions reads --personal.
func decisions(list []string) (ingest.Decisions, error) {
	d := ingest.Decisions{On: time.Now().Format("2006-01-02")}
	var err error
	if d.Columns, err = ingest.ParseDecisions(list); err != nil {
		return d, usageError{err}
	}
	if u, err := user.Current(); err == nil {
		d.By = u.Username
	}
	return d, nil
}

var licencePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.+-]*$`)

func (a *app) addFile(c *cobra.Command, path string, f *addFlags) error {
	if f.licence != "" && !licencePattern.MatchString(f.licence) {
		return usageError{fmt.Errorf("--licence %q: want an SPDX identifier, as in CC-BY-4.0", f.licence)}
	}
	personal, err := decisions(f.personal)
	if err != nil {
		return err
	}
	in, err := inspectFile(c, path, &f.layout)
	if err != nil {
		return err
	}
	d, o, err := f.define(c.Context(), in, personal)
	if undecided := (*ingest.Undecided)(nil); errors.As(err, &undecided) {
		if f.asJSON {
			if err := writeJSON(a.stdout, undecided); err != nil {
				return err
			}
		} else {
			undecided.Describe(a.stdout, language())
		}
		return err
	} else if err != nil {
		return err
	}
	o.Accept, o.MemoryMB = f.accept, f.memory
	return a.publishAdded(c, d, path, o, f)
}

// define chooses the tables and makes their definition, with the options to
// read them by.
func (f *addFlags) define(ctx context.Context, in *ingest.Inspection, personal ingest.Decisions) (*catalog.Dataset, ingest.Options, error) {
	if f.table > len(in.Tables) || f.table < 0 {
		return nil, ingest.Options{}, usageError{fmt.Errorf("--table %d: %s has %d tables", f.table, in.Name, len(in.Tables))}
	}
	settled := ingest.Definition{Title: f.title, Licence: f.licence, Personal: personal, Table: f.table}
	if f.id != "" {
		var err error
		if settled.ID, err = catalog.ParseID(f.id); err != nil {
			return nil, ingest.Options{}, usageError{err}
		}
	}
	d, o, err := in.Define(ctx, settled)
	if err != nil {
		return nil, o, err
	}
	if d.Key = f.key; len(f.key) > 0 {
		for i := range d.Fields {
			d.Fields[i].Required = d.Fields[i].Required || slices.Contains(f.key, d.Fields[i].Name)
		}
	}
	if there, _, err := bundled(d.ID); err != nil {
		return nil, o, err
	} else if there != nil {
		return nil, o, usageError{fmt.Errorf("dataset %q comes with the program: give another --id, or use govdata ingest %s", d.ID, d.ID)}
	}
	return d, o, nil
}

// publishAdded publishes the rows and keeps the definition.
func (a *app) publishAdded(c *cobra.Command, d *catalog.Dataset, path string, o ingest.Options, f *addFlags) error {
	text, err := datasets.Format(d)
	if err != nil {
		return err
	}
	files := []ingest.File{{Path: path, Name: filepath.Base(path)}}
	if f.dryRun {
		return a.tryAdded(c, d, text, files, o, f.asJSON)
	}
	cat, err := a.open()
	if err != nil {
		return err
	}
	file := cat.DefinitionPath(d.ID)
	// Read back, so that a later ingest sees the same definition.
	if d, err = datasets.Parse(filepath.Base(file), text); err != nil {
		return err
	}
	p := newProgress(a.stderr, string(d.ID))
	r, report, err := publish(c.Context(), cat, d, text, files, o, p)
	p.end()
	if errors.Is(err, catalog.ErrUnchanged) {
		return a.sayUnchanged(cat, d.ID, err, f.asJSON)
	} else if err != nil {
		return err
	}
	computed := a.stdout
	if f.asJSON {
		err, computed = writeJSON(a.stdout, report), io.Discard
	} else {
		report.Describe(a.stdout, language())
		_, err = fmt.Fprintf(a.stdout, "  %s\n  %s\n", file, cat.RecordsDir(r.Ref()))
	}
	a.follow(c.Context(), cat, computed)
	if err == nil && report.Rejected > 0 {
		return errRejected
	}
	return err
}

// tryAdded takes the rows as far as a release that could be published, in a
// directory that is removed again.
func (a *app) tryAdded(c *cobra.Command, d *catalog.Dataset, text []byte, files []ingest.File, o ingest.Options, asJSON bool) error {
	dir, err := os.MkdirTemp("", "govdata-try-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	cat, err := catalog.Open(dir, catalog.Options{})
	if err != nil {
		return err
	}
	if d, err = datasets.Parse(filepath.Base(cat.DefinitionPath(d.ID)), text); err != nil {
		return err
	}
	st, err := cat.Stage(d.ID)
	if err != nil {
		return err
	}
	defer st.Discard()
	p := newProgress(a.stderr, string(d.ID))
	o.Progress, o.Software = p.bytes, "govdata "+version()
	built, err := ingest.Run(c.Context(), cat, st, d, files, o)
	p.end()
	if err != nil {
		return err
	}
	if asJSON {
		return writeJSON(a.stdout, struct {
			*ingest.Report
			DryRun     bool             `json:"dry_run"`
			Definition *catalog.Dataset `json:"definition"`
		}{built.Report, true, d})
	}
	built.Report.Describe(a.stdout, language())
	_, err = fmt.Fprintf(a.stdout, "nothing was published (--dry-run); the definition would be:\n%s", text)
	if err == nil && built.Report.Rejected > 0 {
		return errRejected
	}
	return err
}
