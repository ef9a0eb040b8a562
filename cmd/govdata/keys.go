package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"govdata/catalog"
	"govdata/server/keys"
)

func keysPath(cat *catalog.Catalog) string { return filepath.Join(cat.PrivateDir(), "keys.sqlite") }

func openKeys(cat *catalog.Catalog) (*keys.Store, error) { return keys.Open(keysPath(cat)) }

func (a *app) keys() *cobra.Command {
	c := &cobra.Command{
		Use: "keys", Short: "Keys for datasets that are open on a condition: create, list, revoke",
		Args: func(c *cobra.Command, args []string) error {
			return usageError{fmt.Errorf("keys: want create, list or revoke")}
		},
		RunE: func(*cobra.Command, []string) error { return nil },
	}
	c.AddCommand(a.keysCreate(), a.keysList(), a.keysRevoke())
	return c
}

func (a *app) keysCreate() *cobra.Command {
	var holder, expires string
	c := &cobra.Command{
		Use: "create DATASET...", Short: "Grant a holder datasets that are open on a condition", Args: cobra.MinimumNArgs(1),
		Long: `Grant a holder datasets that are open on a condition. The key is printed once
and kept as a hash alone. Its holder sends it as "Authorization: Bearer KEY" or
"X-API-Key: KEY".`,
		RunE: func(c *cobra.Command, args []string) error {
			cat, err := a.open()
			if err != nil {
				return err
			}
			var ids []catalog.ID
			for _, name := range args {
				d, err := a.definition(cat, name)
				if err != nil {
					return err
				}
				if d.Openness.Attribute != catalog.OpenConditional {
					return usageError{fmt.Errorf("%s is %s: a key opens only what is %s", d.ID, d.Openness.Attribute, catalog.OpenConditional)}
				}
				ids = append(ids, d.ID)
			}
			var end time.Time
			if expires != "" {
				if end, err = time.ParseInLocation(time.DateOnly, expires, cat.Now().Location()); err != nil || !end.After(cat.Now()) {
					return usageError{fmt.Errorf("--expires %q: want a day to come, as 2027-12-31", expires)}
				}
				end = end.AddDate(0, 0, 1) // the day itself is in it
			}
			store, err := openKeys(cat)
			if err != nil {
				return err
			}
			defer store.Close()
			secret, k, err := store.Create(c.Context(), holder, ids, end)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.stdout, "key %s for %s: %s\n", k.ID, k.Holder, secret)
			return err
		},
	}
	c.Flags().StringVar(&holder, "holder", "", "who gets the key")
	c.Flags().StringVar(&expires, "expires", "", "last day on which it opens anything, as 2027-12-31; empty: no end")
	return c
}

func (a *app) keysList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the keys", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cat, err := a.open()
			if err != nil {
				return err
			}
			store, err := openKeys(cat)
			if err != nil {
				return err
			}
			defer store.Close()
			all, err := store.List(c.Context())
			if err != nil {
				return err
			}
			t := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
			fmt.Fprintln(t, "key\tholder\tdatasets\tcreated\texpires\trevoked")
			for _, k := range all {
				var ids []string
				for _, id := range k.Datasets {
					ids = append(ids, string(id))
				}
				fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", k.ID, k.Holder, strings.Join(ids, ","), day(k.Created), day(k.Expires), day(k.Revoked))
			}
			return t.Flush()
		},
	}
}

func day(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Format(time.DateOnly)
}

func (a *app) keysRevoke() *cobra.Command {
	return &cobra.Command{
		Use: "revoke KEY", Short: "End a key by its id", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			cat, err := a.open()
			if err != nil {
				return err
			}
			store, err := openKeys(cat)
			if err != nil {
				return err
			}
			defer store.Close()
			if err := store.Revoke(c.Context(), args[0]); err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.stdout, "key %s is revoked\n", args[0])
			return err
		},
	}
}
