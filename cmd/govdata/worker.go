package main

import (
	"os"

	"github.com/spf13/cobra"

	"govdata/server/query"
)

// worker is started by the server, never by hand: it runs one public query in
// a sandbox and ends.
func (a *app) worker() *cobra.Command {
	return &cobra.Command{
		Use: "worker", Hidden: true, Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return query.WorkerMain(c.Context(), os.Stdin, os.Stdout)
		},
	}
}
