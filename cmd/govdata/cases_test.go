package main

import (
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"govdata/catalog"
)

// Each line of testdata/cases/cases.tsv is one file of testdata/cases and what
// the command line has to make of it. To add a case, put its file there and add a line:
//
//	file     of testdata/cases
//	command  "add" or "ingest DATASET", with flags; a flag's value with a blank in it cannot be given
//	exit     the exit code: 0 done, 1 refused, 3 done with rejected rows
//	says     texts that the output or the message has to have, joined by " && "; "!text" is one that it must not have
//	columns  titles of the published fields, joined by " | "; "title: type" or "title: type, unit" checks these too; empty: any
//	rows     the published rows as a JSON list of lists of texts, in any order, a missing value as ""; empty: any
//	note     what the case stands for, for the reader
//
// A line that begins with # is a case that is not right yet.
func TestCasesHaveTheirRightValues(t *testing.T) {
	dir := filepath.Join("testdata", "cases")
	for _, c := range readCases(t, filepath.Join(dir, "cases.tsv")) {
		t.Run(strings.ReplaceAll(c.file+" "+c.command, " ", "_"), func(t *testing.T) { c.run(t, dir) })
	}
}

type fileCase struct {
	file, command string
	exit          string
	says          []string
	columns       []string
	rows          [][]string
}

func readCases(t *testing.T, path string) []fileCase {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var cases []fileCase
	for i, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		cells := strings.Split(line, "\t")
		if i == 0 || strings.HasPrefix(line, "#") {
			continue
		}
		if len(cells) != 7 {
			t.Fatalf("%s:%d: %d cells, want 7", path, i+1, len(cells))
		}
		c := fileCase{file: cells[0], command: cells[1], exit: cells[2]}
		if cells[3] != "" {
			c.says = strings.Split(cells[3], " && ")
		}
		if cells[4] != "" {
			c.columns = strings.Split(cells[4], " | ")
		}
		if cells[5] != "" {
			if err := json.Unmarshal([]byte(cells[5]), &c.rows); err != nil {
				t.Fatalf("%s:%d: %v", path, i+1, err)
			}
		}
		if c.says == nil && c.columns == nil && c.rows == nil {
			t.Fatalf("%s:%d: nothing is expected", path, i+1)
		}
		cases = append(cases, c)
	}
	return cases
}

func (c *fileCase) run(t *testing.T, dir string) {
	data := t.TempDir()
	words := strings.Fields(c.command)
	id := "the_case"
	args := []string{"add", filepath.Join(dir, c.file), "--id", id}
	rest := words[1:]
	if words[0] == "ingest" {
		id, rest = words[1], words[2:]
		args = []string{"ingest", id, filepath.Join(dir, c.file)}
	}
	stdout, stderr, code := govdata(t, append(append(args, rest...), "--data", data)...)
	said := stdout + stderr
	if fmt.Sprint(code) != c.exit {
		t.Fatalf("exit code %d, want %s: %s", code, c.exit, said)
	}
	for _, want := range c.says {
		if not, ok := strings.CutPrefix(want, "!"); ok && strings.Contains(said, not) {
			t.Errorf("it says %q: %s", not, said)
		} else if !ok && !strings.Contains(said, want) {
			t.Errorf("it does not say %q: %s", want, said)
		}
	}
	if code != exitDone && code != exitRejected {
		return
	}
	cat, err := catalog.Open(data, catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := cat.Current(catalog.ID(id))
	if err != nil {
		t.Fatal(err)
	}
	if c.columns != nil {
		c.checkColumns(t, r.Dataset.Public())
	}
	if c.rows != nil {
		c.checkRows(t, must(t, exitDone, "export", id, "--format", "csv", "--data", data))
	}
}

func (c *fileCase) checkColumns(t *testing.T, fields []catalog.Field) {
	t.Helper()
	var got []string
	for i, f := range fields {
		text := f.Title.Zh
		if i < len(c.columns) {
			_, rest, typed := strings.Cut(c.columns[i], ": ")
			if typed {
				text += ": " + string(f.Type)
			}
			if strings.Contains(rest, ", ") {
				text += ", " + f.Unit
			}
		}
		got = append(got, text)
	}
	if !slices.Equal(got, c.columns) {
		t.Errorf("the columns are %q, want %q", got, c.columns)
	}
}

func (c *fileCase) checkRows(t *testing.T, text string) {
	t.Helper()
	got, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(text, "\uFEFF"))).ReadAll()
	if err != nil || len(got) == 0 {
		t.Fatalf("the export is %q, %v", text, err)
	}
	order := func(rows [][]string) [][]string {
		return slices.SortedFunc(slices.Values(rows), func(a, b []string) int { return cmp.Compare(strings.Join(a, "\x00"), strings.Join(b, "\x00")) })
	}
	if got, want := order(got[1:]), order(c.rows); !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("the rows are %q, want %q", got, want)
	}
}
