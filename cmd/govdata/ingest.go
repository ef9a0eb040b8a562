package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"govdata/catalog"
	"govdata/datasets"
	"govdata/ingest"
)

func (a *app) ingest() *cobra.Command {
	var mode string
	var o ingest.Options
	var flags layoutFlags
	var asJSON bool
	var personal []string
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
			cat, err := a.open()
			if err != nil {
				return err
			}
			d, err := a.definition(cat, args[0])
			if err != nil {
				return err
			}
			if o.Layout, err = flags.parse(); err != nil {
				return err
			}
			if mode != "" {
				if o.Mode, err = catalog.ParseMode(mode); err != nil {
					return usageError{err}
				}
			}
			var files []ingest.File
			for _, path := range args[1:] {
				files = append(files, ingest.File{Path: path, Name: filepath.Base(path)})
			}
			definition, err := a.decide(cat, &d, personal)
			if err != nil {
				return err
			}
			there, _, err := bundled(d.ID)
			if err != nil {
				return err
			}
			o.Inferred = there == nil
			p := newProgress(a.stderr, string(d.ID))
			r, report, err := publish(c.Context(), cat, d, definition, files, o, p)
			p.end()
			if errors.Is(err, catalog.ErrUnchanged) {
				return a.sayUnchanged(cat, d.ID, err, asJSON)
			} else if err != nil {
				return err
			}
			computed := a.stdout
			if asJSON {
				err, computed = writeJSON(a.stdout, report), io.Discard
			} else {
				report.Describe(a.stdout, language())
				_, err = fmt.Fprintf(a.stdout, "  %s\n", cat.RecordsDir(r.Ref()))
			}
			a.follow(c.Context(), cat, computed)
			if err == nil && report.Rejected > 0 {
				return errRejected
			}
			return err
		},
	}
	c.Flags().StringVar(&mode, "mode", "", "replace, append or upsert; empty: the definition's")
	flags.add(c)
	c.Flags().StringSliceVar(&o.Accept, "accept-change", nil, "breaking change against the current release that is wanted: a field's name, rows or key")
	c.Flags().BoolVar(&o.AcceptWithdrawn, "accept-withdrawn", false, "publish again what was withdrawn")
	c.Flags().IntVar(&o.MemoryMB, "memory", 0, "megabytes that DuckDB may use before it spills to disk; 0: 512, and 1 more for every 8 columns beyond 4,096")
	personalFlag(c, &personal)
	c.Flags().BoolVar(&asJSON, "json", false, "print the report as one JSON object")
	return c
}

// decide applies --personal to the definition. It returns the text of that of an
// added dataset, which keeps the decisions; nil where there is nothing to keep.
func (a *app) decide(cat *catalog.Catalog, d **catalog.Dataset, list []string) ([]byte, error) {
	if len(list) == 0 {
		return nil, nil
	}
	choice, err := decisions(list)
	if err != nil {
		return nil, err
	}
	if err := choice.Settle(*d); err != nil {
		return nil, usageError{err}
	}
	text, err := datasets.Format(*d)
	if err != nil {
		return nil, err
	}
	file := cat.DefinitionPath((*d).ID)
	parsed, err := datasets.Parse(filepath.Base(file), text)
	if err != nil {
		return nil, err
	}
	parsed.Samples = (*d).Samples
	*d = parsed
	if there, _, err := bundled(parsed.ID); err != nil {
		return nil, err
	} else if there != nil {
		fmt.Fprintf(a.stderr, "%s: the decisions hold for this release alone; to keep them, write them into its dataset.yaml\n", parsed.ID)
		return nil, nil
	}
	return text, nil
}

// unchanged is what --json prints where there was nothing to publish.
type unchanged struct {
	Dataset   catalog.ID        `json:"dataset"`
	Release   catalog.ReleaseID `json:"release"`
	Unchanged bool              `json:"unchanged"`
	Rejected  int64             `json:"rows_rejected"`
	Records   string            `json:"records,omitempty"`
	// Openness is set where the definition says another one than before.
	Openness string `json:"openness,omitempty"`
}

// sayUnchanged tells of a file that brought nothing new, and of the rows in it
// that break a rule.
func (a *app) sayUnchanged(cat *catalog.Catalog, id catalog.ID, why error, asJSON bool) error {
	r, err := cat.Current(id)
	if err != nil {
		return err
	}
	u := unchanged{Dataset: id, Release: r.Release, Unchanged: true}
	var other *reopened
	if errors.As(why, &other) {
		u.Openness = other.openness.Attribute
	}
	var rejects *unpublishedRejects
	if errors.As(why, &rejects) {
		u.Rejected, u.Records = rejects.Rows, rejects.Records
	}
	if asJSON {
		err = writeJSON(a.stdout, u)
	} else {
		fmt.Fprintf(a.stdout, "%s: nothing new, release %s stays current\n", id, r.Release)
		if u.Openness != "" {
			fmt.Fprintf(a.stdout, "  the dataset is %s now, with all its releases\n", u.Openness)
		}
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
