package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

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

func (a *app) add() *cobra.Command {
	var flags layoutFlags
	var id, title string
	var key, accept []string
	var table int
	c := &cobra.Command{
		Use:   "add FILE",
		Short: "Make a dataset of any tabular file",
		Long: `Make a dataset of a file: its fields are inferred from whole columns, its
definition is kept in the data directory, to be edited there, and its rows are
published. Columns that look personal are masked. Later files of the same kind
go in with govdata ingest.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			in, err := inspectFile(c, args[0], &flags)
			if err != nil {
				return err
			}
			d, o, err := define(c.Context(), in, table, id, title, key)
			if err != nil {
				return err
			}
			o.Accept = accept
			return a.publishAdded(c, d, args[0], o)
		},
	}
	flags.add(c)
	c.Flags().StringVar(&id, "id", "", "id of the dataset; empty: from the file's name")
	c.Flags().StringVar(&title, "title", "", "title of the dataset; empty: the file's name")
	c.Flags().StringSliceVar(&key, "key", nil, "fields that identify a row")
	c.Flags().IntVar(&table, "table", 0, "which table of the file, as inspect counts them; 0: the only one, or those of the same columns that have the most rows")
	c.Flags().StringSliceVar(&accept, "accept-change", nil, "breaking change against the current release that is wanted: a field's name, rows or key")
	return c
}

// define chooses the tables and makes their definition, with the options to
// read them by.
func define(ctx context.Context, in *ingest.Inspection, table int, id, title string, key []string) (*catalog.Dataset, ingest.Options, error) {
	if table > len(in.Tables) || table < 0 {
		return nil, ingest.Options{}, usageError{fmt.Errorf("--table %d: %s has %d tables", table, in.Name, len(in.Tables))}
	}
	var parsed catalog.ID
	if id != "" {
		var err error
		if parsed, err = catalog.ParseID(id); err != nil {
			return nil, ingest.Options{}, usageError{err}
		}
	}
	d, o, err := in.Define(ctx, ingest.Definition{ID: parsed, Title: title, Table: table})
	if err != nil {
		return nil, o, err
	}
	if d.Key = key; len(key) > 0 {
		for i := range d.Fields {
			d.Fields[i].Required = d.Fields[i].Required || slices.Contains(key, d.Fields[i].Name)
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
func (a *app) publishAdded(c *cobra.Command, d *catalog.Dataset, path string, o ingest.Options) error {
	text, err := datasets.Format(d)
	if err != nil {
		return err
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
	r, report, err := publish(c.Context(), cat, d, text, []ingest.File{{Path: path, Name: filepath.Base(path)}}, o, p)
	p.end()
	if errors.Is(err, catalog.ErrUnchanged) {
		return a.sayUnchanged(cat, d.ID, err, false)
	} else if err != nil {
		return err
	}
	report.Describe(a.stdout, language())
	fmt.Fprintf(a.stdout, "  %s\n  %s\n", file, cat.RecordsDir(r.Ref()))
	a.follow(c.Context(), cat, a.stdout)
	if report.Rejected > 0 {
		return errRejected
	}
	return nil
}
