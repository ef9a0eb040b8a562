package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"govdata/catalog"
	"govdata/ingest"
)

func (a *app) ingest() *cobra.Command {
	var mode string
	var o ingest.Options
	var asJSON bool
	c := &cobra.Command{
		Use:   "ingest DATASET FILE...",
		Short: "Make a release of a department's files",
		Long: `Make one release of a dataset from one or more files: CSV in any Chinese or
Western encoding, XLSX, JSON or JSON Lines, each also inside zip, gz or zst.

Rows that break a rule are listed with their line, column, value and the
reason, and are not published; the exit code is 3 then. A file that cannot be
read, or breaks too many rules, changes nothing, and the exit code is 1.`,
		Args: cobra.MinimumNArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			d, err := definition(args[0])
			if err != nil {
				return err
			}
			if mode != "" {
				if o.Mode, err = catalog.ParseMode(mode); err != nil {
					return usageError{err}
				}
			}
			cat, err := a.open()
			if err != nil {
				return err
			}
			var files []ingest.File
			for _, path := range args[1:] {
				files = append(files, ingest.File{Path: path, Name: filepath.Base(path)})
			}
			p := newProgress(a.stderr, string(d.ID))
			r, report, err := publish(c.Context(), cat, d, files, o, p)
			p.end()
			if errors.Is(err, catalog.ErrUnchanged) {
				return a.sayUnchanged(cat, d.ID, err, asJSON)
			} else if err != nil {
				return err
			}
			if asJSON {
				err = writeJSON(a.stdout, report)
			} else {
				err = describe(a.stdout, cat, r, report)
			}
			if err == nil && report.Rejected > 0 {
				return errRejected
			}
			return err
		},
	}
	c.Flags().StringVar(&mode, "mode", "", "replace, append or upsert; empty: the definition's")
	c.Flags().StringVar(&o.Charset, "charset", "", "character set of the file, as in gb18030; empty: decided from its bytes")
	c.Flags().StringVar(&o.Sheet, "sheet", "", "sheet of the workbook, or member of the archive; empty: all that hold the dataset")
	c.Flags().StringSliceVar(&o.Accept, "accept-change", nil, "breaking change against the current release that is wanted: a field's name, rows or key")
	c.Flags().IntVar(&o.MemoryMB, "memory", 2048, "megabytes that DuckDB may use before it spills to disk")
	c.Flags().BoolVar(&asJSON, "json", false, "print the report as one JSON object")
	return c
}

// unchanged is what --json prints where there was nothing to publish.
type unchanged struct {
	Dataset   catalog.ID        `json:"dataset"`
	Release   catalog.ReleaseID `json:"release"`
	Unchanged bool              `json:"unchanged"`
	Rejected  int64             `json:"rows_rejected"`
	Records   string            `json:"records,omitempty"`
}

// sayUnchanged tells of a file that brought nothing new, and of the rows in it
// that break a rule.
func (a *app) sayUnchanged(cat *catalog.Catalog, id catalog.ID, why error, asJSON bool) error {
	r, err := cat.Current(id)
	if err != nil {
		return err
	}
	u := unchanged{Dataset: id, Release: r.Release, Unchanged: true}
	var rejects *unpublishedRejects
	if errors.As(why, &rejects) {
		u.Rejected, u.Records = rejects.Rows, rejects.Records
	}
	if asJSON {
		err = writeJSON(a.stdout, u)
	} else {
		fmt.Fprintf(a.stdout, "%s: nothing new, release %s stays current\n", id, r.Release)
		if u.Rejected > 0 {
			fmt.Fprintf(a.stdout, "  %d rows rejected: %s\n", u.Rejected, filepath.Join(u.Records, "rejects.csv"))
		}
	}
	if err == nil && u.Rejected > 0 {
		return errRejected
	}
	return err
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// describe tells a clerk what became of the file.
func describe(w io.Writer, cat *catalog.Catalog, r *catalog.Release, report *ingest.Report) error {
	c := report.Counts
	fmt.Fprintf(w, "%s: release %s, %d rows (%d in the file: %d published, %d rejected, %d withheld; %d kept from before), %.1f s\n",
		report.Dataset, r.Release, r.Rows, c.In, c.Published, c.Rejected, c.Withheld, c.Kept, report.Seconds)
	for _, f := range report.Files {
		fmt.Fprintf(w, "  %s: %s", f.Name, f.Info.Format)
		if f.Info.Charset != "" {
			fmt.Fprintf(w, ", %s (%s)", f.Info.Charset, f.Info.Evidence)
		}
		fmt.Fprintln(w)
		for _, t := range f.Tables {
			if t.Left != "" {
				fmt.Fprintf(w, "    sheet %q left out: %s\n", t.Table, t.Left)
				continue
			}
			for _, col := range t.Columns {
				if col.Field == "" && col.Header != "" {
					fmt.Fprintf(w, "    column %d %q is not in the definition and not published", col.Column, col.Header)
					if len(col.Nearest) > 0 {
						fmt.Fprintf(w, "; like %q", col.Nearest)
					}
					fmt.Fprintln(w)
				}
				if col.Unit != "" {
					fmt.Fprintf(w, "    column %d %q is in %s\n", col.Column, col.Header, col.Unit)
				}
			}
		}
	}
	for _, s := range report.Skipped {
		if s.To > s.Line {
			fmt.Fprintf(w, "  skipped lines %d-%d: %s\n", s.Line, s.To, s.Why)
		} else {
			fmt.Fprintf(w, "  skipped line %d: %s %.60q\n", s.Line, s.Why, s.Text)
		}
	}
	for _, change := range report.Changes {
		fmt.Fprintf(w, "  changed against the release before: %s: %s\n", change.Name, change.Detail)
	}
	for _, f := range report.Faults {
		fmt.Fprintf(w, "  rejected: %d x %s in %s\n", f.Cells, f.Code, f.Field)
	}
	for _, reject := range report.Rejects[:min(5, len(report.Rejects))] {
		fmt.Fprintf(w, "    %s:%d, column %d %s: found %.60q, expected %s\n", reject.File, reject.Line, reject.Column, reject.Header, reject.Value, reject.Reason.Zh)
	}
	if report.Rejected > 0 {
		fmt.Fprintf(w, "  all rejects: %s\n", filepath.Join(cat.RecordsDir(r.Ref()), "rejects.csv"))
	}
	return nil
}
