package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"govdata/catalog"
	"govdata/datasets"
	"govdata/ingest"
)

func (a *app) demo() *cobra.Command {
	return &cobra.Command{
		Use: "demo", Short: "Ingest the sample files that come with the definitions", Args: cobra.NoArgs,
		Long: `Ingest the sample files that come with the definitions. Those of the business
datasets are synthetic (示例数据) and have rows that are wrong on purpose; the
reference tables are real. What is in already is left alone.`,
		RunE: func(c *cobra.Command, _ []string) error {
			cat, err := a.open()
			if err != nil {
				return err
			}
			all, err := datasets.Load(datasets.Bundled())
			if err != nil {
				return err
			}
			if err := a.ingestAllSamples(c.Context(), cat, all); err != nil {
				return fmt.Errorf("demo: %w", err)
			}
			return a.refreshDerived(c.Context(), cat, a.stdout)
		},
	}
}

// ingestAllSamples ingests the samples of all datasets, as many at once as there
// are cores, each behind those that it needs.
func (a *app) ingestAllSamples(ctx context.Context, cat *catalog.Catalog, all []*catalog.Dataset) error {
	group, ctx := errgroup.WithContext(ctx)
	cores := make(chan struct{}, runtime.GOMAXPROCS(0))
	done := map[catalog.ID]chan struct{}{}
	var printing sync.Mutex
	for _, d := range all { // in an order in which everything needed comes first
		var needed []chan struct{}
		for _, id := range d.Needs() {
			if ready, ok := done[id]; ok {
				needed = append(needed, ready)
			}
		}
		ready := make(chan struct{})
		done[d.ID] = ready
		group.Go(func() error {
			for _, other := range needed {
				select {
				case <-other:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			cores <- struct{}{}
			defer func() { <-cores }()
			var said strings.Builder
			err := a.ingestSamples(ctx, cat, d, &said)
			printing.Lock()
			io.WriteString(a.stdout, said.String())
			printing.Unlock()
			if err == nil {
				close(ready)
			}
			return err
		})
	}
	return group.Wait()
}

// ingestSamples ingests the samples of a dataset one after the other, unless
// the current release was made of them by the same definition, and says so in w.
func (a *app) ingestSamples(ctx context.Context, cat *catalog.Catalog, d *catalog.Dataset, w io.Writer) error {
	dir, err := os.MkdirTemp("", "govdata-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var files []ingest.File
	var sums []string
	for _, s := range d.Samples {
		data, err := fs.ReadFile(datasets.Bundled(), path.Join(string(d.ID), s.File))
		if err != nil {
			return err
		}
		file := ingest.File{Path: filepath.Join(dir, s.File), Name: s.File}
		if err := os.WriteFile(file.Path, data, 0o600); err != nil {
			return err
		}
		sum := sha256.Sum256(data)
		files, sums = append(files, file), append(sums, hex.EncodeToString(sum[:]))
	}
	if current, err := cat.Current(d.ID); err == nil && madeOf(current, d, sums) {
		fmt.Fprintf(w, "%s: release %s has the samples already\n", d.ID, current.Release)
		return nil
	} else if err != nil && !errors.Is(err, catalog.ErrNotFound) {
		return err
	}
	for i, s := range d.Samples {
		p := newProgress(nil, string(d.ID))
		r, report, err := publish(ctx, cat, d, nil, files[i:i+1], ingest.Options{Mode: s.Mode, Layout: catalog.Layout{Charset: s.Charset}}, p)
		if errors.Is(err, catalog.ErrUnchanged) {
			continue
		} else if back := (*catalog.ComingBack)(nil); errors.As(err, &back) {
			fmt.Fprintf(w, "%s: %s: left out: %v\n", d.ID, s.File, back.Withdrawn)
			continue
		} else if err != nil {
			return err
		}
		fmt.Fprintf(w, "%s: %s: release %s, %d rows, %d rejected\n", d.ID, s.File, r.Release, r.Rows, report.Rejected)
	}
	return nil
}

func madeOf(r *catalog.Release, d *catalog.Dataset, sums []string) bool {
	definition := *d
	definition.Samples = nil
	said := r.Whole()
	if !reflect.DeepEqual(said.Dataset, definition) || r.Dataset.Openness.Attribute != definition.Openness.Attribute {
		return false
	}
	return !slices.ContainsFunc(sums, func(sum string) bool {
		return !slices.ContainsFunc(said.Sources, func(s catalog.Source) bool { return s.SHA256 == sum })
	})
}
