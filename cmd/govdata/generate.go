package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"govdata/catalog"
	"govdata/datasets/synthetic"
)

func (a *app) generate() *cobra.Command {
	var o synthetic.Options
	var out string
	c := &cobra.Command{
		Use:   "generate DATASET",
		Short: "Write a synthetic file as a department would send it",
		Long: `Write a made-up file as a department would send it, the same for the same
seed. The rows are synthetic (示例数据) and say so.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			id, err := catalog.ParseID(args[0])
			if err != nil {
				return usageError{err}
			}
			if o.Rows < 1 {
				return usageError{errors.New("--rows: want at least 1")}
			}
			if o.Broken < 0 || o.Broken > 1 {
				return usageError{errors.New("--broken: want a share from 0 to 1")}
			}
			w, done, err := a.output(out)
			if err != nil {
				return err
			}
			summary, err := synthetic.Generate(c.Context(), w, id, o)
			if err = done(err); err != nil {
				return fmt.Errorf("generate: %w", err)
			}
			fmt.Fprintf(a.stderr, "%d rows of synthetic %s (示例数据)", summary.Rows, id)
			for why, n := range summary.Broken {
				fmt.Fprintf(a.stderr, "; %d broken: %s", n, why)
			}
			fmt.Fprintln(a.stderr)
			return nil
		},
	}
	c.Flags().Int64Var(&o.Rows, "rows", 1000, "rows to write")
	c.Flags().Int64Var(&o.Seed, "seed", 1, "the same seed gives the same file")
	c.Flags().StringVar(&o.Charset, "charset", "utf-8", "utf-8 or gb18030")
	c.Flags().StringVar(&o.Format, "format", "csv", "csv or xlsx")
	c.Flags().Float64Var(&o.Broken, "broken", 0, "share of rows that break a rule, 0 to 1")
	c.Flags().StringVarP(&out, "output", "o", "", "file to write; empty: standard output")
	return c
}
