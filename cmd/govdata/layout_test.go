package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Imports run one way: catalog knows none of the others; ingest and export
// know catalog, never each other; server knows catalog and export; cmd knows
// all. Gin stays under server, DuckDB where the store, the ingest and the
// worker need it.
func TestImportsRunOneWay(t *testing.T) {
	allowed := map[string][]string{
		"catalog":  {"catalog"},
		"export":   {"export", "catalog"},
		"ingest":   {"ingest", "catalog"},
		"datasets": {"datasets", "catalog", "ingest/calendar", "ingest/normalise"},
		"server":   {"server", "catalog", "export"},
		"cmd":      {"catalog", "export", "ingest", "datasets", "server"},
	}
	only := map[string][]string{
		"github.com/gin-gonic/gin": {"server"},
		"github.com/duckdb/":       {"catalog/store", "ingest", "server/query"},
		"github.com/spf13/cobra":   {"cmd"},
	}
	root := "../.."
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() && strings.HasPrefix(e.Name(), ".") && path != root {
			if e != nil && e.IsDir() {
				return filepath.SkipDir
			}
			return err
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		rel, _ := filepath.Rel(root, path)
		pkg := filepath.ToSlash(filepath.Dir(rel))
		top, _, _ := strings.Cut(pkg, "/")
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		within := func(p, of string) bool { return p == of || strings.HasPrefix(p, of+"/") }
		for _, i := range f.Imports {
			imported, _ := strconv.Unquote(i.Path.Value)
			if own, ok := strings.CutPrefix(imported, "govdata/"); ok {
				good := false
				for _, a := range allowed[top] {
					good = good || within(own, a)
				}
				if !good {
					t.Errorf("%s imports %s", rel, imported)
				}
			}
			for prefix, places := range only {
				if !strings.HasPrefix(imported, prefix) {
					continue
				}
				good := false
				for _, p := range places {
					good = good || (p == "ingest" && pkg == p) || (p != "ingest" && within(pkg, p))
				}
				if !good {
					t.Errorf("%s imports %s; only %v may", rel, imported, places)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// The README names every command and every flag.
func TestTheReadmeNamesEveryFlag(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	a := &app{stdout: os.Stdout, stderr: os.Stderr}
	for _, c := range a.root().Commands() {
		if c.Hidden || c.Name() == "help" || c.Name() == "completion" {
			continue
		}
		if !strings.Contains(string(text), "govdata "+c.Name()) {
			t.Errorf("README.md does not name govdata %s", c.Name())
		}
		for line := range strings.Lines(c.LocalFlags().FlagUsages()) {
			if i := strings.Index(line, "--"); i >= 0 {
				flag := strings.Fields(line[i:])[0]
				if !strings.Contains(string(text), flag) {
					t.Errorf("README.md does not name %s of govdata %s", flag, c.Name())
				}
			}
		}
	}
}
