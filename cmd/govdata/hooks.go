package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"govdata/catalog"
	"govdata/server/hooks"
)

func openHooks(cat *catalog.Catalog) (*hooks.Store, error) {
	return hooks.Open(filepath.Join(cat.PrivateDir(), "hooks.sqlite"))
}

func (a *app) deliverer(store *hooks.Store, cat *catalog.Catalog, site *catalog.Site) *hooks.Deliverer {
	return hooks.NewDeliverer(store, hooks.DelivererOptions{Catalog: cat, Base: site.BaseURL, Software: "govdata " + version(), Log: a.log})
}

func (a *app) hooks() *cobra.Command {
	c := &cobra.Command{
		Use: "hooks", Short: "Addresses that are told of new releases: add, list, remove, test, log",
		Args: func(c *cobra.Command, args []string) error {
			return usageError{fmt.Errorf("hooks: want add, list, remove, test or log")}
		},
		RunE: func(*cobra.Command, []string) error { return nil },
	}
	c.AddCommand(a.hooksAdd(), a.hooksList(), a.hooksRemove(), a.hooksTest(), a.hooksLog())
	return c
}

// withHooks opens the catalog and its hooks for work.
func (a *app) withHooks(work func(*catalog.Catalog, *hooks.Store) error) error {
	cat, err := a.open()
	if err != nil {
		return err
	}
	store, err := openHooks(cat)
	if err != nil {
		return err
	}
	defer store.Close()
	return work(cat, store)
}

func (a *app) hooksAdd() *cobra.Command {
	var datasets []string
	var secretFile string
	var private bool
	c := &cobra.Command{
		Use: "add URL", Short: "Tell an address of every release from now on", Args: cobra.ExactArgs(1),
		Long: `Tell an address of every release from now on, by a signed POST (Standard
Webhooks). "govdata serve" sends it, and again over some three days until it is
taken with a status of 2xx. Without --secret-file a secret is made and printed
once; it stays in the private half of the data directory.`,
		RunE: func(c *cobra.Command, args []string) error {
			return a.withHooks(func(cat *catalog.Catalog, store *hooks.Store) error {
				h := hooks.Hook{URL: args[0], Private: private}
				for _, name := range datasets {
					d, err := a.definition(cat, name)
					if err != nil {
						return err
					}
					h.Datasets = append(h.Datasets, d.ID)
				}
				secret, made := hooks.NewSecret(), true
				if secretFile != "" {
					text, err := os.ReadFile(secretFile)
					if err != nil {
						return usageError{err}
					}
					secret, made = strings.TrimSpace(string(text)), false
				}
				h, err := store.Add(c.Context(), cat, h, secret)
				if err != nil {
					return err
				}
				if made {
					_, err = fmt.Fprintf(a.stdout, "hook %s: %s\nsecret: %s\n", h.ID, h.URL, secret)
				} else {
					_, err = fmt.Fprintf(a.stdout, "hook %s: %s\n", h.ID, h.URL)
				}
				return err
			})
		},
	}
	c.Flags().StringSliceVar(&datasets, "dataset", nil, "tell of this dataset alone; can be repeated")
	c.Flags().StringVar(&secretFile, "secret-file", "", "file with the secret, whsec_ and 24 to 64 bytes in base64; empty: one is made")
	c.Flags().BoolVar(&private, "allow-private", false, "the address may lie in a private network, and be http")
	return c
}

func (a *app) hooksList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the addresses", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.withHooks(func(_ *catalog.Catalog, store *hooks.Store) error {
				all, err := store.List(c.Context())
				if err != nil {
					return err
				}
				t := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
				fmt.Fprintln(t, "hook\turl\tdatasets\tcreated\tended")
				for _, h := range all {
					ids := "all"
					if len(h.Datasets) > 0 {
						ids = strings.Trim(strings.Join(strings.Fields(fmt.Sprint(h.Datasets)), ","), "[]")
					}
					fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", h.ID, h.URL, ids, day(h.Created), day(h.Ended))
				}
				return t.Flush()
			})
		},
	}
}

func (a *app) hooksRemove() *cobra.Command {
	return &cobra.Command{
		Use: "remove HOOK", Short: "Forget an address by its id, with what it has not taken yet", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withHooks(func(_ *catalog.Catalog, store *hooks.Store) error {
				if err := store.Remove(c.Context(), args[0]); err != nil {
					return err
				}
				_, err := fmt.Fprintf(a.stdout, "hook %s is removed\n", args[0])
				return err
			})
		},
	}
}

func (a *app) hooksTest() *cobra.Command {
	return &cobra.Command{
		Use: "test HOOK", Short: "Send a test message to an address now", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withHooks(func(cat *catalog.Catalog, store *hooks.Store) error {
				site, err := a.loadSite()
				if err != nil {
					return err
				}
				h, err := store.Find(c.Context(), args[0])
				if err != nil {
					return err
				}
				said, err := a.deliverer(store, cat, site).Try(c.Context(), h)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(a.stdout, "hook %s: %s\n", h.ID, said)
				return err
			})
		},
	}
}

func (a *app) hooksLog() *cobra.Command {
	var limit int
	c := &cobra.Command{
		Use: "log [HOOK]", Short: "What was sent to the addresses of late, and what came of it", Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withHooks(func(cat *catalog.Catalog, store *hooks.Store) error {
				id := ""
				if len(args) > 0 {
					h, err := store.Find(c.Context(), args[0])
					if err != nil {
						return err
					}
					id = h.ID
				}
				all, err := store.Log(c.Context(), id, limit)
				if err != nil {
					return err
				}
				t := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
				fmt.Fprintln(t, "noticed\thook\trelease\tmessage\tstate\tattempts\tnext\tanswer")
				minute := func(at time.Time) string {
					if at.IsZero() {
						return "-"
					}
					return at.In(cat.Now().Location()).Format("2006-01-02 15:04:05")
				}
				for _, d := range all {
					fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%d\t%s\t%s\n", minute(d.Created), d.Hook, catalog.Ref{Dataset: d.Dataset, Release: d.Release}, d.ID, d.State, d.Attempts, minute(d.Next), strings.ReplaceAll(d.Answer, "\t", " "))
				}
				return t.Flush()
			})
		},
	}
	c.Flags().IntVar(&limit, "limit", 50, "how many messages, the latest first")
	return c
}
