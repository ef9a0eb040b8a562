package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"govdata/catalog"
	"govdata/datasets"
)

func (a *app) refresh() *cobra.Command {
	return &cobra.Command{
		Use: "refresh", Short: "Compute anew the datasets that follow from others, where those have changed", Args: cobra.NoArgs,
		Long: `Compute anew the datasets that follow from others: timeliness, score card,
validity of documents, checks. ingest and demo do so by themselves, and serve
when the day changes.`,
		RunE: func(c *cobra.Command, _ []string) error {
			cat, err := a.open()
			if err != nil {
				return err
			}
			return a.refreshDerived(c.Context(), cat, a.stdout)
		},
	}
}

// definitions returns those that come with the program and those that
// `govdata add` made, each behind the datasets that it needs.
func (a *app) definitions(cat *catalog.Catalog) ([]*catalog.Dataset, error) {
	all, err := datasets.Load(datasets.Bundled())
	if err != nil {
		return nil, err
	}
	files, err := filepath.Glob(cat.DefinitionPath("*"))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		if _, err := catalog.ParseID(strings.TrimSuffix(filepath.Base(file), ".yaml")); err != nil {
			continue
		}
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		d, err := datasets.Parse(file, data)
		if err != nil {
			return nil, err
		}
		all = append(all, d)
	}
	return all, nil
}

// follow refreshes what follows from a release that has just become current.
// That release stays current where this fails.
func (a *app) follow(ctx context.Context, cat *catalog.Catalog, w io.Writer) {
	if err := a.refreshDerived(ctx, cat, w); err != nil {
		fmt.Fprintf(a.stderr, "govdata: the release is current; what is computed from it is not up to date (govdata refresh): %v\n", err)
	}
}

// refreshDerived computes what follows from datasets that have changed, and
// says so in w. A dataset is left out of whose inputs none is there, or one that is
// not optional is missing. One that fails does not keep the others from being
// computed.
func (a *app) refreshDerived(ctx context.Context, cat *catalog.Catalog, w io.Writer) error {
	all, err := a.definitions(cat)
	if err != nil {
		return err
	}
	var errs []error
	for _, d := range all {
		if d.Derived == nil {
			continue
		}
		inputs, missing, err := inputsOf(cat, d, all)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if lacks, ok := computable(d, missing); !ok {
			if current, err := cat.Current(d.ID); err == nil {
				fmt.Fprintf(w, "%s: not computed, there is no %s; release %s stays current\n", d.ID, lacks, current.Release)
			}
			continue
		}
		r, err := derive(ctx, cat, d, inputs, len(missing) > 0, newProgress(nil, string(d.ID)))
		damage, back := (*catalog.Damage)(nil), (*catalog.ComingBack)(nil)
		if errors.As(err, &damage) {
			fmt.Fprintf(w, "%s: not computed: %v\n", d.ID, damage)
		} else if errors.As(err, &back) {
			fmt.Fprintf(w, "%s: not computed: %v\n", d.ID, back.Withdrawn)
		} else if err != nil && !errors.Is(err, catalog.ErrUnchanged) && !errors.Is(err, errNothingYet) {
			errs = append(errs, err)
		} else if err == nil {
			fmt.Fprintf(w, "%s: computed, release %s, %d rows\n", d.ID, r.Release, r.Rows)
		}
	}
	return errors.Join(errs...)
}

// inputsOf returns the definitions of what a dataset is computed from, and which of
// these have no release. A dataset without inputs reads the catalog; where that is
// empty, it is itself what is missing.
func inputsOf(cat *catalog.Catalog, d *catalog.Dataset, all []*catalog.Dataset) (inputs []*catalog.Dataset, missing []catalog.ID, err error) {
	for _, id := range d.Derived.Inputs {
		i := slices.IndexFunc(all, func(o *catalog.Dataset) bool { return o.ID == id })
		if i < 0 {
			return nil, nil, fmt.Errorf("%s is computed from %s, which is not defined: %w", d.ID, id, catalog.ErrInvalid)
		}
		inputs = append(inputs, all[i])
		switch _, err := cat.Current(id); {
		case err == nil:
		case errors.Is(err, catalog.ErrNotFound) || errors.Is(err, catalog.ErrGone):
			missing = append(missing, id)
		case !errors.Is(err, catalog.ErrCorrupt): // which derive names
			return nil, nil, err
		}
	}
	if len(d.Derived.Inputs) == 0 {
		ids, err := cat.IDs()
		if err != nil || len(ids) > 0 {
			return nil, nil, err
		}
		missing = append(missing, d.ID)
	}
	return inputs, missing, nil
}

// computable tells whether a dataset can be computed without what is missing, and
// if not, what it lacks.
func computable(d *catalog.Dataset, missing []catalog.ID) (lacks catalog.ID, ok bool) {
	if len(missing) > 0 && len(missing) >= len(d.Derived.Inputs) {
		return missing[0], false
	}
	for _, id := range missing {
		if !slices.Contains(d.Derived.Optional, id) {
			return id, false
		}
	}
	return "", true
}

// refreshDaily computes what depends on the day when a new one begins in the
// site's time zone, and once at the start, until ctx ends.
func (a *app) refreshDaily(ctx context.Context, cat *catalog.Catalog) {
	for {
		if err := a.refreshDerived(ctx, cat, io.Discard); err != nil && ctx.Err() == nil {
			a.log.Error("computed datasets are not up to date", "error", err)
		}
		now := cat.Now()
		y, m, d := now.Date()
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Date(y, m, d+1, 0, 0, 5, 0, now.Location()).Sub(now)):
		}
	}
}
