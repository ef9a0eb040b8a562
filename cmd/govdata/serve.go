package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"govdata/catalog"
	"govdata/export"
	"govdata/server"
	"govdata/server/exports"
	"govdata/server/hooks"
	"govdata/server/keys"
	"govdata/server/query"
)

// pool starts the workers that run public SQL.
func (a *app) pool(cat *catalog.Catalog, o query.PoolOptions) (*query.Pool, error) {
	o.PublicDir, o.RestrictedDir, o.Log = cat.PublicDir(), cat.RestrictedDir(), a.log
	if o.Limits == (query.Limits{}) {
		o.Limits = query.DefaultLimits
	}
	return query.NewPool(o)
}

func (a *app) serve() *cobra.Command {
	var addr string
	workers := query.PoolOptions{Limits: query.DefaultLimits}
	limits := &workers.Limits
	var proxies, origins []string
	rate := server.DefaultRate
	var checkRate float64
	var memory, connections int
	c := &cobra.Command{
		Use: "serve", Short: "Serve what is published; new releases appear by themselves", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			site, err := a.loadSite()
			if err != nil {
				return err
			}
			cat, err := a.open()
			if err != nil {
				return err
			}
			readOnly := cat.Writable()
			if readOnly != nil {
				a.log.Warn("the data directory cannot be written: it is served, without exports that nobody waits for, webhooks and refresh, and keys stay as they are", "error", readOnly)
			} else if err := cat.SecurePrivate(); err != nil {
				a.log.Warn("others on this machine may read private files", "error", err)
			}
			pool, err := a.pool(cat, workers)
			if err != nil {
				return err
			}
			defer pool.Close()
			state, err := a.openState(cat, readOnly != nil)
			if err != nil {
				return err
			}
			defer state.close()
			s, err := server.New(server.Options{Catalog: cat, Keys: state.keys, Exports: state.jobs, Engine: pool, Site: site, Limits: pool.Limits(), Sandbox: pool.Sandbox(), Rate: rate, TrustedProxies: proxies, Origins: origins, Connections: connections, CheckBytes: int64(checkRate * (1 << 20)), Log: a.log, Software: "govdata " + version()})
			if err != nil {
				return err
			}
			l, err := net.Listen("tcp", addr)
			if err != nil {
				return fmt.Errorf("serve: %w; choose another address with --addr", err)
			}
			// A copy of another site has that site's key, and needs none of its own.
			if _, err := cat.PublicKey(""); errors.Is(err, catalog.ErrNotFound) {
				if _, err := cat.SigningKey(); err != nil && readOnly == nil {
					return fmt.Errorf("serve: %w", err)
				}
			}
			// The heap is small and turns over with every batch of a download. With
			// Go's default a sixth of a filtered file's time went into collecting it.
			collectSeldom(800)
			if os.Getenv("GOMEMLIMIT") == "" {
				debug.SetMemoryLimit(int64(memory) << 20)
			}
			if readOnly == nil {
				go a.refreshDaily(c.Context(), cat)
				told := make(chan struct{})
				telling, stop := context.WithCancel(c.Context())
				go func() {
					defer close(told)
					a.deliverer(state.hooks, cat, site).Run(telling)
				}()
				defer func() { stop(); <-told }()
			}
			a.log.Info("serving", "address", l.Addr().String(), "data", a.data, "sandbox", pool.Sandbox())
			return s.Serve(c.Context(), l)
		},
	}
	c.Flags().StringVar(&addr, "addr", ":8080", "address to listen on")
	c.Flags().IntVar(&workers.Workers, "workers", 0, "queries that run at once; 0: as many as there are cores")
	c.Flags().Float64Var(&rate.Address, "address-rate", rate.Address, "questions a second of one address; 0: unbounded")
	c.Flags().Float64Var(&rate.Key, "key-rate", rate.Key, "questions a second of one key; 0: unbounded")
	c.Flags().IntVar(&connections, "connections", server.DefaultConnections, "connections at once; the one that has said nothing for the longest makes room for the next")
	c.Flags().IntVar(&memory, "memory", 256, "MB of Go's heap at which garbage is collected more often; GOMEMLIMIT goes before it")
	c.Flags().Float64Var(&checkRate, "check-rate", 8, "MB a second that are read to hash the published files again and again; 0: do not")
	c.Flags().IntVar(&workers.Queue, "queue", 0, "questions that may wait for a worker; 0: 16 per worker")
	c.Flags().DurationVar(&limits.Interactive, "query-time", limits.Interactive, "time for a question that somebody waits for")
	c.Flags().DurationVar(&limits.Export, "file-time", limits.Export, "time to make a file on the fly")
	c.Flags().DurationVar(&limits.Job, "job-time", limits.Job, "time for an export that nobody waits for")
	c.Flags().IntVar(&limits.QueryBytes, "query-bytes", limits.QueryBytes, "length of a question's text")
	c.Flags().IntVar(&limits.MemoryMB, "worker-memory", limits.MemoryMB, "memory of a worker, in MB")
	c.Flags().IntVar(&limits.TempMB, "worker-temp", limits.TempMB, "disk for what does not fit into a worker's memory, in MB")
	c.Flags().Int64Var(&limits.ResponseBytes, "response-bytes", limits.ResponseBytes, "bytes of an answer")
	c.Flags().Int64Var(&limits.JobBytes, "job-bytes", limits.JobBytes, "bytes of an export's file")
	c.Flags().StringVar(&workers.Cgroup, "cgroup", "", "control group that was delegated to the server, to hold each worker's memory")
	c.Flags().StringSliceVar(&proxies, "trusted-proxies", nil, "networks whose X-Forwarded-For and X-Forwarded-Proto are believed; empty: this machine alone")
	c.Flags().StringSliceVar(&origins, "mcp-origins", nil, "web sites whose pages may use /mcp, as https://chat.example, or *; empty: this site alone")
	return c
}

// state is what a server keeps besides what is published: keys, exports and hooks.
// On a directory that cannot be written there are no exports and hooks, and the keys
// only where there were any.
type state struct {
	keys  *keys.Store
	jobs  *exports.Store
	hooks *hooks.Store
}

func (a *app) openState(cat *catalog.Catalog, readOnly bool) (s state, err error) {
	if readOnly {
		path := keysPath(cat)
		if _, err := os.Stat(path); err == nil {
			if s.keys, err = keys.OpenReadOnly(path); err != nil {
				a.log.Warn("the keys cannot be read: what is open on a condition stays closed", "error", err)
			}
		}
		return s, nil
	}
	if s.keys, err = openKeys(cat); err != nil {
		return s, err
	}
	if s.jobs, err = exports.Open(filepath.Join(cat.PrivateDir(), "exports")); err == nil {
		s.hooks, err = openHooks(cat)
	}
	if err != nil {
		s.close()
	}
	return s, err
}

func (s state) close() {
	if s.keys != nil {
		s.keys.Close()
	}
	if s.jobs != nil {
		s.jobs.Close()
	}
	if s.hooks != nil {
		s.hooks.Close()
	}
}

func (a *app) query() *cobra.Command {
	var format, out string
	c := &cobra.Command{
		Use: "query SQL", Short: "Run one SELECT as the public would", Args: cobra.ExactArgs(1),
		Long: `Run one SELECT over the published datasets, in the same sandbox as the server.
A table is called as its dataset; "dataset@release" pins a release.`,
		RunE: func(c *cobra.Command, args []string) error {
			cat, err := a.open()
			if err != nil {
				return err
			}
			return a.ask(c.Context(), cat, args[0], export.Meta{Query: args[0]}, format, out)
		},
	}
	c.Flags().StringVar(&format, "format", "table", "table, json, or one of "+formats())
	c.Flags().StringVarP(&out, "output", "o", "", "file to write; empty: standard output")
	return c
}

// ask runs one SELECT in the sandbox and writes its result.
func (a *app) ask(ctx context.Context, cat *catalog.Catalog, sql string, meta export.Meta, format, out string) error {
	f, ok := catalog.FormatOf(format)
	if !ok && format != "table" {
		return usageError{fmt.Errorf("--format %q: want table, json, or one of %s", format, formats())}
	}
	pool, err := a.pool(cat, query.PoolOptions{Workers: 1})
	if err != nil {
		return err
	}
	defer pool.Close()
	names := server.NewNames(cat, "zh")
	result, err := pool.Query(ctx, query.Request{SQL: sql, Resolve: names.Resolve, Tables: names.Known, Deadline: query.DefaultLimits.Export})
	if err != nil {
		return err
	}
	defer result.Close()
	w, done, err := a.output(out)
	if err != nil {
		return err
	}
	switch format {
	case "table":
		err = printTable(w, result)
	case "json":
		err = printJSON(w, result)
	default:
		meta.Rows, meta.Lang, meta.Software = -1, "zh", "govdata "+version()
		_, err = export.Write(ctx, w, f, result, meta, export.Options{})
	}
	return done(errors.Join(err, result.Err()))
}

func printTable(w io.Writer, result query.Result) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	var names []string
	for _, f := range result.Schema().Fields() {
		names = append(names, f.Name)
	}
	fmt.Fprintln(t, strings.Join(names, "\t"))
	for result.Next() {
		batch := result.RecordBatch()
		cells := export.Texts(batch)
		for i := range int(batch.NumRows()) {
			for j := range names {
				if j > 0 {
					fmt.Fprint(t, "\t")
				}
				value, null := cells(i, j)
				if null {
					value = "NULL"
				}
				fmt.Fprint(t, strings.NewReplacer("\t", " ", "\n", " ").Replace(value))
			}
			fmt.Fprintln(t)
		}
	}
	return t.Flush()
}

// printJSON writes one array of objects.
func printJSON(w io.Writer, result query.Result) error {
	buf := []byte("[")
	first := true
	for result.Next() {
		rows := export.NewJSONRows(result.RecordBatch(), export.JSONOptions{})
		for i := range int(result.RecordBatch().NumRows()) {
			if !first {
				buf = append(buf, ',')
			}
			first = false
			buf = rows.Append(append(buf, '\n'), i)
		}
		if _, err := w.Write(buf); err != nil {
			return err
		}
		buf = buf[:0]
	}
	_, err := w.Write(append(buf, "\n]\n"...))
	return err
}
