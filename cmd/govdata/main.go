// Command govdata takes what departments have and gives it to the public:
// `govdata ingest` brings a file in, `govdata serve` hands the data out.
package main

import (
	"context"
	"os"

	_ "time/tzdata" // release ids carry the site's day; a bare machine has no zone files
)

func main() { os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr)) }
