package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"govdata/catalog"
	"govdata/datasets"
)

// Exit codes.
const (
	exitDone     = 0
	exitFailed   = 1
	exitUsage    = 2
	exitRejected = 3 // done, with rejected rows
)

// errRejected ends a command that is done but had to reject rows; what there
// is to say has been said.
var errRejected = errors.New("done with rejected rows")

// errSaid ends a command that failed and has said so already.
var errSaid = errors.New("failed")

// usageError marks a command line that cannot be meant.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// app is what every verb needs.
type app struct {
	data, site string
	stdout     io.Writer
	stderr     io.Writer
	log        *slog.Logger
}

// run executes one command line and returns its exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	a := &app{stdout: stdout, stderr: stderr, log: slog.New(slog.NewTextHandler(stderr, nil))}
	root := a.root()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errRejected):
		return exitRejected
	case errors.Is(err, errSaid):
		return exitFailed
	case errors.As(err, new(usageError)):
		fmt.Fprintf(stderr, "govdata: %v\nRun 'govdata help' for usage.\n", err)
		return exitUsage
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		fmt.Fprintln(stderr, "govdata: interrupted; nothing was published")
		return exitFailed
	}
	fmt.Fprintf(stderr, "govdata: %v\n", err)
	if damage := (*catalog.Damage)(nil); errors.As(err, &damage) && damage.Cause != nil {
		fmt.Fprintf(stderr, "  %v; govdata verify lists all that is damaged\n", damage.Cause)
	}
	return exitFailed
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "govdata",
		Short:         "Take what departments have and give it to the public, whole",
		Version:       version(),
		SilenceUsage:  true,
		SilenceErrors: true,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError{fmt.Errorf("unknown command %q", args[0])}
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
		PersistentPreRunE: func(c *cobra.Command, _ []string) error {
			collectSeldom(400)
			if err := fromEnvironment(c.Flags()); err != nil {
				return err
			}
			if c.Name() != "worker" {
				a.needTemp()
			}
			return nil
		},
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	root.PersistentFlags().StringVar(&a.data, "data", "./data", "data directory")
	root.PersistentFlags().StringVar(&a.site, "site", "", "site file (title, region, time zone); empty: the bundled one")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(
		a.serve(), a.demo(), a.inspect(), a.add(), a.ingest(), a.list(), a.show(), a.releases(), a.rollback(), a.withdraw(), a.diff(), a.refresh(),
		a.query(), a.export(), a.verify(), a.gc(), a.generate(), a.keys(), a.hooks(), a.worker(),
	)
	argumentsAreUsage(root)
	return root
}

// needTemp sees to a folder for temporary files: where the system's is not there or
// cannot be written, one in the private half of the data directory. Where that
// fails, the step that needs a temporary file reports it.
func (a *app) needTemp() {
	f, err := os.CreateTemp("", "govdata-")
	if err == nil {
		f.Close()
		os.Remove(f.Name())
		return
	}
	dir, err := filepath.Abs(filepath.Join(a.data, "private", "tmp"))
	if err == nil {
		if err = os.MkdirAll(dir, 0o700); err == nil {
			os.Setenv("TMPDIR", dir)
		}
	}
}

// collectSeldom has Go collect garbage less often than by its default of 100,
// unless GOGC says how often. What is allocated here are batches on their way: a
// twentieth of the time of a publish went into collecting them, and some tens of
// megabytes are saved by it.
func collectSeldom(percent int) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
	}
}

// argumentsAreUsage makes wrong arguments of every verb an error of usage.
func argumentsAreUsage(parent *cobra.Command) {
	for _, c := range parent.Commands() {
		argumentsAreUsage(c)
		args := c.Args
		if args == nil {
			continue
		}
		c.Args = func(c *cobra.Command, given []string) error {
			if err := args(c, given); err != nil {
				return usageError{fmt.Errorf("%s: %w", c.UseLine(), err)}
			}
			return nil
		}
	}
}

// fromEnvironment sets every flag that the command line did not from its
// variable: --max-rows from GOVDATA_MAX_ROWS.
func fromEnvironment(flags *pflag.FlagSet) error {
	var errs []error
	flags.VisitAll(func(f *pflag.Flag) {
		name := "GOVDATA_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		value, ok := os.LookupEnv(name)
		if !ok || f.Changed || f.Name == "help" || f.Name == "version" {
			return
		}
		if err := flags.Set(f.Name, value); err != nil {
			errs = append(errs, usageError{fmt.Errorf("%s=%q: %w", name, value, err)})
		}
	})
	return errors.Join(errs...)
}

// version is the module's version, or the commit it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return s.Value[:12]
		}
	}
	return strings.Trim(info.Main.Version, "()")
}

func (a *app) loadSite() (*catalog.Site, error) {
	if a.site == "" {
		return datasets.LoadSite(datasets.Site)
	}
	data, err := os.ReadFile(a.site)
	if err != nil {
		return nil, usageError{err}
	}
	site, err := datasets.LoadSite(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", a.site, err)
	}
	return site, nil
}

func (a *app) open() (*catalog.Catalog, error) {
	site, err := a.loadSite()
	if err != nil {
		return nil, err
	}
	location, err := site.Location()
	if err != nil {
		return nil, fmt.Errorf("site: timezone: %w", err)
	}
	cat, err := catalog.Open(a.data, catalog.Options{Location: location})
	if err != nil {
		return nil, err
	}
	if err := cat.Recover(); err != nil {
		a.log.Warn("the data directory is not in order", "error", err)
	}
	return cat, nil
}

// definition returns the definition of a dataset by its id: one that comes with
// the program, or one that `govdata add` made.
func (a *app) definition(cat *catalog.Catalog, name string) (*catalog.Dataset, error) {
	id, err := catalog.ParseID(name)
	if err != nil {
		return nil, usageError{err}
	}
	d, ids, err := bundled(id)
	if d != nil || err != nil {
		return d, err
	}
	path := cat.DefinitionPath(id)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, usageError{fmt.Errorf("dataset %q is not defined; there are %s; `govdata add FILE` makes one of a file", id, strings.Join(ids, ", "))}
	} else if err != nil {
		return nil, err
	}
	return datasets.Parse(path, data)
}

// bundled returns the definition that comes with the program, or nil and the
// ids that there are.
func bundled(id catalog.ID) (*catalog.Dataset, []string, error) {
	all, err := datasets.Load(datasets.Bundled())
	if err != nil {
		return nil, nil, err
	}
	var ids []string
	for _, d := range all {
		if d.ID == id {
			return d, nil, nil
		}
		ids = append(ids, string(d.ID))
	}
	return nil, ids, nil
}

// output opens the file that -o names, or standard output.
func (a *app) output(path string) (io.Writer, func(error) error, error) {
	if path == "" || path == "-" {
		return a.stdout, func(err error) error { return err }, nil
	}
	// Written beside its place and renamed, so that a file that is there is whole.
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".part-")
	if err != nil {
		return nil, nil, usageError{err}
	}
	return f, func(err error) error {
		if err = errors.Join(err, f.Chmod(0o644), f.Close()); err != nil {
			return errors.Join(err, os.Remove(f.Name()))
		}
		return os.Rename(f.Name(), path)
	}, nil
}
