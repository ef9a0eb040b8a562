package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"govdata/catalog"
	"govdata/export"
)

// The verbs that look at what the catalog holds, or move its pointers.

func (a *app) list() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the datasets that are published", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cat, err := a.open()
			if err != nil {
				return err
			}
			all, err := cat.All()
			if err != nil {
				return err
			}
			w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "DATASET\tROWS\tRELEASE\tPUBLISHED\tTITLE")
			for _, r := range all {
				fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%s\n", r.Dataset.ID, r.Rows, r.Release, r.PublishedAt.Format("2006-01-02 15:04"), r.Dataset.Title.Zh)
			}
			damaged, err := cat.Damaged()
			if err != nil {
				return err
			}
			for _, d := range damaged {
				fmt.Fprintf(w, "%s\t-\t%s\t-\t%s\n", d.Ref.Dataset, cmp.Or(string(d.Ref.Release), "-"), d)
			}
			if err := w.Flush(); err != nil {
				return err
			}
			return sayWithoutCurrent(a.stdout, cat)
		},
	}
}

// sayWithoutCurrent lists the datasets that have no current release because it
// was withdrawn.
func sayWithoutCurrent(w io.Writer, cat *catalog.Catalog) error {
	ids, err := cat.EveryID()
	if err != nil {
		return err
	}
	for _, id := range ids {
		if gone := (*catalog.Withdrawn)(nil); errors.As(currentError(cat, id), &gone) {
			if _, err := fmt.Fprintf(w, "%s: none is current, %s\n", id, gone); err != nil {
				return err
			}
		}
	}
	return nil
}

func currentError(cat *catalog.Catalog, id catalog.ID) error {
	_, err := cat.Current(id)
	return err
}

func (a *app) show() *cobra.Command {
	return &cobra.Command{
		Use: "show DATASET[@RELEASE]", Short: "Print the manifest of a release, or the tombstone of one that was withdrawn", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			r, err := a.resolve(args[0])
			if gone := (*catalog.Withdrawn)(nil); errors.As(err, &gone) {
				return a.showTombstone(gone.Ref)
			} else if err != nil {
				return err
			}
			data, err := json.MarshalIndent(r.Whole(), "", "  ")
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(a.stdout, string(data))
			return err
		},
	}
}

func (a *app) showTombstone(ref catalog.Ref) error {
	cat, err := a.open()
	if err != nil {
		return err
	}
	path, _ := cat.TombstonePaths(ref)
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	_, err = a.stdout.Write(data)
	return err
}

func (a *app) resolve(name string) (*catalog.Release, error) {
	ref, err := catalog.ParseRef(name)
	if err != nil {
		return nil, usageError{err}
	}
	cat, err := a.open()
	if err != nil {
		return nil, err
	}
	return cat.Resolve(ref)
}

func (a *app) releases() *cobra.Command {
	return &cobra.Command{
		Use: "releases DATASET", Short: "List the releases of a dataset, newest first", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			cat, err := a.open()
			if err != nil {
				return err
			}
			id, err := catalog.ParseID(args[0])
			if err != nil {
				return usageError{err}
			}
			all, err := cat.Releases(id)
			if err != nil {
				return err
			}
			current := catalog.ReleaseID("")
			if r, err := cat.Current(id); err == nil {
				current = r.Release
			} else if !errors.As(err, new(*catalog.Withdrawn)) {
				return err
			}
			w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "RELEASE\tPUBLISHED\tROWS\tIN\tREJECTED\tMODE\tFILES")
			for _, r := range all {
				mark := ""
				if r.Release == current {
					mark = " (current)"
				}
				var names []string
				for _, s := range r.Sources {
					if s.Release == "" {
						names = append(names, s.Name)
					}
				}
				fmt.Fprintf(w, "%s%s\t%s\t%d\t%d\t%d\t%s\t%s\n", r.Release, mark, r.PublishedAt.Format("2006-01-02 15:04:05"),
					r.Rows, r.Counts.In, r.Counts.Rejected, r.Mode, strings.Join(names, ", "))
			}
			if err := w.Flush(); err != nil {
				return err
			}
			return sayWithdrawn(a.stdout, cat, id)
		},
	}
}

func (a *app) diff() *cobra.Command {
	var format, out string
	c := &cobra.Command{
		Use: "diff DATASET FROM TO", Short: "Tell what changed between two releases", Args: cobra.ExactArgs(3),
		Long: `Tell what changed between two releases: rows added and removed, and rows whose
values changed, old (changed_from) above new (changed_to).`,
		RunE: func(c *cobra.Command, args []string) error {
			from, err := a.resolve(args[0] + "@" + args[1])
			if err != nil {
				return err
			}
			to, err := a.resolve(args[0] + "@" + args[2])
			if err != nil {
				return err
			}
			cat, err := a.open()
			if err != nil {
				return err
			}
			return a.ask(c.Context(), cat, export.Changes(from, to), export.Meta{Dataset: &to.Dataset, Release: to.Release, PublishedAt: to.PublishedAt, Query: from.Ref().String() + ".." + args[2]}, format, out)
		},
	}
	c.Flags().StringVar(&format, "format", "table", "table, json, or one of "+formats())
	c.Flags().StringVarP(&out, "output", "o", "", "file to write; empty: standard output")
	return c
}

func (a *app) rollback() *cobra.Command {
	return &cobra.Command{
		Use: "rollback DATASET RELEASE", Short: "Make an earlier release current again", Args: cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			ref, err := catalog.ParseRef(args[0] + "@" + args[1])
			if err != nil {
				return usageError{err}
			}
			cat, err := a.open()
			if err != nil {
				return err
			}
			r, err := cat.Rollback(ref.Dataset, ref.Release)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.stdout, "%s: %s is current, %d rows\n", r.Dataset.ID, r.Release, r.Rows)
			a.follow(c.Context(), cat, a.stdout)
			return err
		},
	}
}

func (a *app) gc() *cobra.Command {
	var keep int
	var dryRun bool
	c := &cobra.Command{
		Use: "gc", Short: "Remove old releases and what interrupted publishes left", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cat, err := a.open()
			if err != nil {
				return err
			}
			if keep < 1 {
				return usageError{errors.New("--keep: want at least 1")}
			}
			removed, err := cat.GC(keep, dryRun)
			var bytes int64
			for _, r := range removed {
				bytes += r.Bytes
				fmt.Fprintf(a.stdout, "%s\t%d bytes\t%s\n", r.Ref, r.Bytes, r.Why)
			}
			verb := "removed"
			if dryRun {
				verb = "would be removed"
			}
			fmt.Fprintf(a.stdout, "%d releases %s, %d bytes\n", len(removed), verb, bytes)
			return err
		},
	}
	c.Flags().IntVar(&keep, "keep", 10, "releases to keep of each dataset, besides the current one")
	c.Flags().BoolVar(&dryRun, "dry-run", false, "only list")
	return c
}

func (a *app) export() *cobra.Command {
	var format, out string
	c := &cobra.Command{
		Use: "export DATASET[@RELEASE]", Short: "Write a release as a file", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			f, ok := catalog.FormatOf(format)
			if !ok || f.Ext == "json" {
				return usageError{fmt.Errorf("--format %q: want one of %s", format, formats())}
			}
			r, err := a.resolve(args[0])
			if err != nil {
				return err
			}
			w, done, err := a.output(out)
			if err != nil {
				return err
			}
			return done(writeRelease(c.Context(), w, r, f))
		},
	}
	c.Flags().StringVar(&format, "format", "csv", "one of "+formats())
	c.Flags().StringVarP(&out, "output", "o", "", "file to write; empty: standard output")
	return c
}

func formats() string {
	var names []string
	for _, f := range catalog.Formats {
		if f.Ext != "json" {
			names = append(names, f.Ext)
		}
	}
	return strings.Join(names, ", ")
}
