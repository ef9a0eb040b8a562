package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"govdata/catalog"
	"govdata/server/exports"
)

func (a *app) withdraw() *cobra.Command {
	var o catalog.Withdrawal
	var derived bool
	c := &cobra.Command{
		Use: "withdraw DATASET[@RELEASE]", Short: "Take a release, or a dataset with all its releases, out of the public's reach", Args: cobra.ExactArgs(1),
		Long: `Take a release, or a dataset with all its releases, out of the public's reach at
once, also on servers that run. A signed tombstone says what was withdrawn, when
and why; every address of it answers 410 with that. Its files, the uploads that
no other release is made of, its rejects and reports, and the files of exports
that read it are deleted.

Where the current release is withdrawn, the dataset has no current release until
the next ingest or rollback, unless --rollback makes the newest other release
current. What is computed from it is computed anew without it, or withdrawn too
where that cannot be. Interrupted, the next command does what is left.`,
		RunE: func(c *cobra.Command, args []string) error {
			ref, err := catalog.ParseRef(args[0])
			if err != nil {
				return usageError{err}
			}
			if strings.TrimSpace(o.Reason) == "" {
				return usageError{errors.New("--reason: say why; the tombstone tells it to everyone")}
			}
			cat, err := a.open()
			if err != nil {
				return err
			}
			return a.withdrawAll(c.Context(), cat, ref, o, derived)
		},
	}
	c.Flags().StringVar(&o.Reason, "reason", "", "why; the tombstone tells it to everyone")
	c.Flags().StringVar(&o.By, "by", "", "who decided it; the tombstone tells it to everyone")
	c.Flags().BoolVar(&o.Rollback, "rollback", false, "make the newest other release current where the current one is withdrawn")
	c.Flags().BoolVar(&o.KeepUploads, "keep-uploads", false, "leave its uploads, rejects and reports in the private half")
	c.Flags().BoolVar(&derived, "derived", false, "withdraw the older releases that were computed from it as well")
	return c
}

func (a *app) withdrawAll(ctx context.Context, cat *catalog.Catalog, ref catalog.Ref, o catalog.Withdrawal, derived bool) error {
	gone, err := a.withdrawOne(ctx, cat, ref, o)
	if err != nil {
		return err
	}
	a.follow(ctx, cat, a.stdout)
	// What was computed from it, and from that again.
	var said []catalog.Ref
	for len(gone) > 0 {
		next, err := computedFrom(cat, gone)
		if err != nil {
			return err
		}
		gone = nil
		for _, one := range next {
			if !one.current && !derived {
				if !slices.Contains(said, one.ref) {
					said = append(said, one.ref)
					fmt.Fprintf(a.stdout, "%s: computed from %s, and there still; withdraw it too if it tells what must not be told (--derived)\n", one.ref, one.from)
				}
				continue
			}
			if one.current {
				same, err := a.sameWithout(ctx, cat, one.ref.Dataset)
				if err != nil {
					return err
				}
				if same {
					fmt.Fprintf(a.stdout, "%s: computed from %s, and the same without it; it stays\n", one.ref, one.from)
					continue
				}
			}
			because := o
			because.Reason, because.Rollback = fmt.Sprintf("computed from %s, which was withdrawn: %s", one.from, o.Reason), false
			more, err := a.withdrawOne(ctx, cat, one.ref, because)
			if err != nil {
				return err
			}
			gone = append(gone, more...)
		}
	}
	return a.sayInherited(cat, ref.Dataset)
}

// sameWithout reports whether a computed dataset has the same rows without what is
// withdrawn.
func (a *app) sameWithout(ctx context.Context, cat *catalog.Catalog, id catalog.ID) (bool, error) {
	all, err := a.definitions(cat)
	if err != nil {
		return false, err
	}
	i := slices.IndexFunc(all, func(d *catalog.Dataset) bool { return d.ID == id && d.Derived != nil })
	if i < 0 {
		return false, nil
	}
	inputs, missing, err := inputsOf(cat, all[i], all)
	if _, ok := computable(all[i], missing); err != nil || !ok {
		return false, err
	}
	_, err = derive(ctx, cat, all[i], inputs, len(missing) > 0, newProgress(nil, string(id)))
	return errors.Is(err, catalog.ErrUnchanged), ctx.Err()
}

// withdrawOne withdraws a release or a dataset, deletes the files of exports that
// read it, and says so. It returns the releases that are withdrawn by it, now or
// before.
func (a *app) withdrawOne(ctx context.Context, cat *catalog.Catalog, ref catalog.Ref, o catalog.Withdrawal) ([]catalog.Ref, error) {
	r, err := cat.Withdraw(ref, o)
	if err != nil {
		return nil, err
	}
	var gone []catalog.Ref
	for _, release := range append(slices.Clone(r.Withdrawn), r.Already...) {
		gone = append(gone, catalog.Ref{Dataset: ref.Dataset, Release: release})
	}
	for _, release := range r.Withdrawn {
		fmt.Fprintf(a.stdout, "%s@%s: withdrawn\n", ref.Dataset, release)
	}
	for _, release := range r.Already {
		fmt.Fprintf(a.stdout, "%s@%s: was withdrawn already\n", ref.Dataset, release)
	}
	files, err := discardExports(ctx, cat, gone)
	for _, path := range append(r.Deleted, files...) {
		fmt.Fprintf(a.stdout, "  deleted %s\n", path)
	}
	for _, path := range r.Kept {
		fmt.Fprintf(a.stdout, "  kept %s, which another release is made of\n", path)
	}
	if o.KeepUploads {
		fmt.Fprintf(a.stdout, "  uploads, rejects and reports stay in %s\n", cat.PrivateDir())
	}
	text, _ := cat.TombstonePaths(ref)
	fmt.Fprintf(a.stdout, "  tombstone %s\n", text)
	if r.Current == "" {
		fmt.Fprintf(a.stdout, "%s: has no current release; ingest a new one, or make an earlier one current with govdata rollback\n", ref.Dataset)
	} else {
		fmt.Fprintf(a.stdout, "%s: %s is current\n", ref.Dataset, r.Current)
	}
	return gone, err
}

// discardExports deletes the files of exports that read one of the releases, and
// ends those that are reading one.
func discardExports(ctx context.Context, cat *catalog.Catalog, gone []catalog.Ref) ([]string, error) {
	dir := filepath.Join(cat.PrivateDir(), "exports")
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	jobs, err := exports.Open(dir)
	if err != nil {
		return nil, err
	}
	defer jobs.Close()
	return jobs.Discard(ctx, func(j *exports.Job) *exports.Failure {
		for _, ref := range gone {
			read := !j.Ended() && strings.Contains(j.SQL, ref.String())
			for name, release := range j.Releases {
				id, _, _ := strings.Cut(name, "@")
				read = read || id == string(ref.Dataset) && release == string(ref.Release)
			}
			if read {
				_, err := cat.Resolve(ref)
				return exports.Gone(err)
			}
		}
		return nil
	})
}

// computed is a release that was computed from another one.
type computed struct {
	ref, from catalog.Ref
	current   bool
}

// computedFrom finds the releases that were computed from one of these.
func computedFrom(cat *catalog.Catalog, gone []catalog.Ref) ([]computed, error) {
	ids, err := cat.EveryID()
	if err != nil {
		return nil, err
	}
	var all []computed
	for _, id := range ids {
		releases, err := cat.Releases(id)
		if err != nil {
			return nil, err
		}
		current, _ := cat.Current(id)
		for _, r := range releases {
			for _, s := range r.Sources {
				if i := slices.IndexFunc(gone, func(ref catalog.Ref) bool { return s.Format == "release" && s.Name == ref.String() }); i >= 0 {
					all = append(all, computed{r.Ref(), gone[i], current != nil && current.Release == r.Release})
					break
				}
			}
		}
	}
	return all, nil
}

// sayInherited names the releases of a dataset that kept rows which came in with
// a release that is withdrawn.
func (a *app) sayInherited(cat *catalog.Catalog, id catalog.ID) error {
	releases, err := cat.Releases(id)
	if err != nil {
		return err
	}
	for _, r := range releases {
		for _, s := range r.Sources {
			ref := catalog.Ref{Dataset: id, Release: s.Release}
			if s.Release == "" {
				continue
			}
			if _, err := cat.Resolve(ref); errors.As(err, new(*catalog.Withdrawn)) {
				fmt.Fprintf(a.stdout, "%s: may still have rows of %s, which %s brought in; look, and withdraw it too if they must not be told\n", r.Ref(), s.Name, ref)
				break
			}
		}
	}
	return nil
}

// sayWithdrawn lists what of a dataset was withdrawn.
func sayWithdrawn(w io.Writer, cat *catalog.Catalog, id catalog.ID) error {
	tombstones, err := cat.Tombstones(id)
	if err != nil {
		return err
	}
	for _, t := range tombstones {
		by := ""
		if t.By != "" {
			by = " by " + t.By
		}
		fmt.Fprintf(w, "%s: withdrawn on %s%s: %s\n", t.Ref(), t.At.Format("2006-01-02"), by, t.Reason)
	}
	return nil
}
