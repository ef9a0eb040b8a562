package ingest_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"maps"
	"math/big"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"govdata/catalog"
	"govdata/catalog/store"
	"govdata/datasets"
	"govdata/ingest"
	"govdata/ingest/decode"
	"govdata/ingest/layout"
)

// A mutation test of the way from a file to a published table. Real and bundled
// tables are written anew in plain form, then dropped from, split, merged,
// shifted, retyped, stacked and re-encoded. Each variant knows the table that a
// person would read in it. What is published has to be that table; or nothing is
// published; or the report names what is missing before anything else. A variant
// that is published otherwise without a word fails the test.

// grid is a table as a person reads it: a title for each column, and rows of texts.
type grid struct {
	name   string
	titles []string
	rows   [][]string
}

func (g *grid) clone() *grid {
	c := &grid{name: g.name, titles: slices.Clone(g.titles)}
	for _, r := range g.rows {
		c.rows = append(c.rows, slices.Clone(r))
	}
	return c
}

// lines is the table as rows of cells, the header first.
func (g *grid) lines() [][]string { return append([][]string{g.titles}, g.rows...) }

// variant is a file made of a table.
type variant struct {
	kind string
	file string
	data []byte
	want *grid
	// exact: nothing is lost or in doubt, so that it has to be published as it is.
	exact bool
	// refuse: it must not be published unless somebody decides.
	refuse bool
	// others are the rows of another table, which have to be said to be left out.
	others int64
}

// outcome is what became of a file.
type outcome struct {
	refused string
	titles  []string
	types   []catalog.Type
	rows    [][]string
	// said is the number of rows that the report says are not published.
	said int64
	// uneven is the number of rows of which it says that they are short.
	uneven int64
	report string
}

// bench holds what the runs share.
type mutations struct {
	*testing.T
	cat *catalog.Catalog
	dir string
	n   int
}

func newMutations(t *testing.T) *mutations {
	t.Helper()
	cat, err := catalog.Open(t.TempDir(), catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return &mutations{T: t, cat: cat, dir: t.TempDir()}
}

// add takes a file in as govdata add does, up to the release file.
func (m *mutations) add(name string, data []byte) (*catalog.Dataset, *outcome) {
	m.Helper()
	return m.decided(name, data, nil)
}

// decided is add with what was decided about columns with personal data.
func (m *mutations) decided(name string, data []byte, personal map[string]catalog.Decision) (*catalog.Dataset, *outcome) {
	m.Helper()
	file := m.write(name, data)
	defer os.Remove(file)
	in, err := ingest.Inspect(context.Background(), file, name, catalog.Layout{}, m.dir)
	if err != nil {
		return nil, m.refused(err)
	}
	if len(in.Tables) == 0 {
		return nil, &outcome{refused: "no table"}
	}
	d, o, err := in.Define(context.Background(), ingest.Definition{ID: "mutated", Personal: ingest.Decisions{Columns: personal}})
	if err != nil {
		return nil, m.refused(err)
	}
	return d, m.run(d, file, name, o)
}

// ingest takes a file into a dataset that is there already.
func (m *mutations) ingest(d *catalog.Dataset, name string, data []byte) *outcome {
	m.Helper()
	file := m.write(name, data)
	defer os.Remove(file)
	return m.run(d, file, name, ingest.Options{})
}

func (m *mutations) write(name string, data []byte) string {
	m.n++
	file := filepath.Join(m.dir, fmt.Sprintf("%d-%s", m.n, name))
	if err := os.WriteFile(file, data, 0o600); err != nil {
		m.Fatal(err)
	}
	return file
}

// refused is an error that a person may cause; any other fails the test.
func (m *mutations) refused(err error) *outcome {
	m.Helper()
	e := (*decode.Error)(nil)
	if !errors.As(err, &e) && !errors.Is(err, catalog.ErrInvalid) {
		m.Fatalf("not a refusal: %v", err)
	}
	return &outcome{refused: err.Error()}
}

func (m *mutations) run(d *catalog.Dataset, file, name string, o ingest.Options) *outcome {
	m.Helper()
	st, err := m.cat.Stage(d.ID)
	if err != nil {
		m.Fatal(err)
	}
	defer st.Discard()
	built, err := ingest.Run(context.Background(), m.cat, st, d, []ingest.File{{Path: file, Name: name}}, o)
	if err != nil {
		return m.refused(err)
	}
	out := &outcome{said: built.Report.Rejected + built.Report.LeftOut()}
	for _, f := range built.Report.Files {
		for _, t := range f.Tables {
			out.uneven += t.Shorter.Rows
		}
	}
	for _, f := range d.Public() {
		out.titles, out.types = append(out.titles, f.Title.Zh), append(out.types, f.Type)
	}
	var b strings.Builder
	built.Report.Describe(&b, "en")
	out.report = b.String()
	out.rows = m.read(built.Path, d.Public())
	return out
}

func (m *mutations) read(path string, fields []catalog.Field) [][]string {
	m.Helper()
	f, err := store.Open(path, store.Options{})
	if err != nil {
		m.Fatal(err)
	}
	defer f.Close()
	records, release, err := f.Read(context.Background())
	if err != nil {
		m.Fatal(err)
	}
	defer release()
	rows := [][]string{}
	for records.Next() {
		batch := records.RecordBatch()
		for i := range int(batch.NumRows()) {
			row := make([]string, len(fields))
			for j := range fields {
				if c := batch.Column(j); !c.IsNull(i) {
					row[j] = strings.Clone(c.ValueStr(i))
				}
			}
			rows = append(rows, row)
		}
	}
	return rows
}

// judge says what became of a variant: right, refused, said, or what is wrong.
func (v *variant) judge(o *outcome, base *outcome) (verdict, problem string) {
	if o.refused != "" {
		if v.exact {
			return "", "refused, though nothing is in doubt: " + o.refused
		}
		return "refused", ""
	}
	if v.refuse {
		return "", "published, though a person has to decide"
	}
	if o.said < v.others {
		return "", fmt.Sprintf("%d rows are said to be left out, and another table has %d", o.said, v.others)
	}
	at := make([]int, len(v.want.titles))
	extra := len(o.titles)
	for i := range o.titles { // a column that this file does not have
		if !slices.ContainsFunc(o.rows, func(r []string) bool { return r[i] != "" }) {
			extra--
		}
	}
	for i, title := range v.want.titles {
		at[i] = slices.IndexFunc(o.titles, func(got string) bool { return layout.Key(got) == layout.Key(title) })
		if at[i] < 0 {
			return "", fmt.Sprintf("no column %q among %q", title, o.titles)
		}
		extra--
	}
	if extra > 0 && !slices.ContainsFunc(o.titles, func(t string) bool { return strings.HasPrefix(t, ingest.OriginTitle) }) {
		return "", fmt.Sprintf("columns %q, want %q", o.titles, v.want.titles)
	}
	left := slices.Clone(v.want.rows)
	uneven, slipped := o.uneven, int64(0)
	for _, got := range o.rows {
		i := slices.IndexFunc(left, func(want []string) bool {
			for j, w := range want {
				if !same(w, got[at[j]], o.types[at[j]]) {
					return false
				}
			}
			return true
		})
		if i < 0 && uneven > 0 && !v.exact {
			uneven--
			slipped++
			continue
		}
		if i < 0 {
			return "", fmt.Sprintf("a row %q that is not in the table %q", got, v.want.rows[:min(3, len(v.want.rows))])
		}
		left = slices.Delete(left, i, i+1)
	}
	switch n := int64(len(left)) - slipped; {
	case n == 0 && slipped > 0:
		return "said", ""
	case n == 0:
		return "right", ""
	case n <= o.said && !v.exact:
		return "said", ""
	default:
		return "", fmt.Sprintf("%d rows are missing, as %q, and %d are said to be left out", n, left[0], o.said)
	}
}

// same reports whether a published value is what a cell says: the same text, or
// in a column of another type the same number or day.
func same(cell, published string, t catalog.Type) bool {
	cell = strings.TrimSpace(cell)
	if cell == published {
		return true
	}
	if slices.Contains(catalog.DefaultNullMarks, cell) && published == "" {
		return true
	}
	if strings.HasPrefix(string(t), "decimal") || t == "integer" {
		text := strings.NewReplacer(",", "", " ", "").Replace(cell)
		a, ok := new(big.Rat).SetString(text)
		b, ok2 := new(big.Rat).SetString(published)
		return ok && ok2 && a.Cmp(b) == 0
	}
	if t == "boolean" {
		return strings.EqualFold(cell, published) || published == map[string]string{"是": "true", "否": "false"}[cell]
	}
	if t == "date" || t == "timestamp" {
		return dayOf(cell) != "" && dayOf(cell) == dayOf(published)
	}
	return strings.Join(strings.Fields(cell), "") == strings.Join(strings.Fields(published), "")
}

// dayOf is the digits of a day, year first, with two each for month and day.
func dayOf(s string) string {
	parts := strings.FieldsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
	if len(parts) == 1 && len(parts[0]) == 8 {
		return parts[0]
	}
	if len(parts) < 3 || len(parts[0]) != 4 {
		return ""
	}
	day := parts[0]
	for _, p := range parts[1:3] {
		day += fmt.Sprintf("%02s", p)
	}
	return day
}

// csvOf writes lines as CSV.
func csvOf(lines [][]string) []byte { return delimited(lines, ',') }

func delimited(lines [][]string, comma rune) []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.Comma = comma
	for _, l := range lines {
		if len(l) == 0 || len(l) == 1 && l[0] == "" {
			w.Flush()
			b.WriteString("\n")
			continue
		}
		w.Write(l)
	}
	w.Flush()
	return b.Bytes()
}

// seeded makes the same choices for the same table and mutation on every run.
func seeded(parts ...any) *rand.Rand {
	h := fnv.New64a()
	fmt.Fprint(h, parts...)
	return rand.New(rand.NewPCG(h.Sum64(), 20))
}

// tables are the plain forms of the bundled samples and of the real files.
func (m *mutations) tables(perFile int) []*grid {
	m.Helper()
	var all []*grid
	defs, err := datasets.Load(datasets.Bundled())
	if err != nil {
		m.Fatal(err)
	}
	for _, d := range defs {
		for _, s := range d.Samples {
			data, err := fs.ReadFile(datasets.Bundled(), path.Join(string(d.ID), s.File))
			if err != nil {
				m.Fatal(err)
			}
			file := m.write(s.File, data)
			all = append(all, m.grids(path.Join(string(d.ID), s.File), file, s.Charset, perFile)...)
			os.Remove(file)
		}
	}
	dir := filepath.Join("..", "..", "shared", "realdata")
	for _, folder := range []string{"cn", "world", "torture"} {
		files, err := os.ReadDir(filepath.Join(dir, folder))
		if err != nil {
			if os.Getenv("GOVDATA_TEST_SHARED") == "required" {
				m.Fatal(err)
			}
			continue
		}
		for _, f := range files {
			all = append(all, m.grids(path.Join(folder, f.Name()), filepath.Join(dir, folder, f.Name()), "", perFile)...)
		}
	}
	return all
}

const gridColumns, gridRows = 10, 30

// grids cuts plain tables out of a file: of its first table with titles, some
// whole rows and the first columns.
func (m *mutations) grids(name, file, charset string, most int) []*grid {
	s, err := decode.Open(file, filepath.Base(name), decode.Options{Charset: charset, TempDir: m.dir})
	if err != nil {
		return nil
	}
	defer s.Close()
	if len(s.Tables()) == 0 {
		return nil
	}
	info := s.Info()
	block, err := layout.Open(s.Tables()[0], layout.Options{File: name, Headed: info.Headed()}).Next()
	if err != nil || len(block.Plan().Header) != 1 || block.Plan().Beside > 1 {
		return nil
	}
	var columns []int
	g := &grid{name: name}
	seen := map[string]bool{}
	for i, c := range block.Plan().Columns {
		if c.Header == "" || c.Unnamed || seen[layout.Key(c.Header)] || len(columns) == gridColumns {
			continue
		}
		seen[layout.Key(c.Header)] = true
		columns = append(columns, i)
		g.titles = append(g.titles, c.Header)
	}
	if len(columns) < 2 {
		return nil
	}
	var all []*grid
	for len(all) < most {
		_, cells, err := block.Next()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil
		}
		row, filled := make([]string, len(columns)), 0
		for i, c := range columns {
			if c < len(cells) {
				row[i] = strings.Join(strings.Fields(string(cells[c])), " ")
			}
			if row[i] != "" {
				filled++
			}
		}
		if filled*2 > len(columns) && filled > 1 && row[0] != "" && row[len(row)-1] != "" {
			g.rows = append(g.rows, row)
		}
		if len(g.rows) == gridRows {
			all = append(all, g)
			g = &grid{name: fmt.Sprintf("%s:%d", name, len(all)), titles: g.titles}
		}
	}
	if len(g.rows) >= 4 && len(all) < most {
		all = append(all, g)
	}
	return all
}

// plain publishes the plain form of a table. Columns that are masked or kept
// back are dropped from the table, so that what is published can be compared.
func (m *mutations) plain(g *grid) (*grid, *catalog.Dataset, *outcome) {
	for {
		d, o := m.decided("plain.csv", csvOf(g.lines()), map[string]catalog.Decision{"all": catalog.DecideMask})
		if o.refused != "" {
			m.Errorf("%s: the plain table is refused: %s", g.name, o.refused)
			return nil, nil, nil
		}
		drop := -1
		for i, title := range g.titles {
			at := slices.IndexFunc(d.Fields, func(f catalog.Field) bool {
				return f.Title.Zh == title || slices.Contains(f.Aliases, title)
			})
			if at < 0 || d.Fields[at].Privacy != catalog.PrivacyNone || d.Fields[at].Unit != "" || !g.asWritten(i, o) {
				drop = i
				break
			}
		}
		if drop < 0 {
			return g, d, o
		}
		g = g.clone()
		g.titles = slices.Delete(g.titles, drop, drop+1)
		for i := range g.rows {
			g.rows[i] = slices.Delete(g.rows[i], drop, drop+1)
		}
		g.rows = slices.DeleteFunc(g.rows, func(r []string) bool { return r[0] == "" || r[len(r)-1] == "" || count(r) < 2 })
		if len(g.titles) < 2 || len(g.rows) < 4 {
			return nil, nil, nil
		}
	}
}

// asWritten reports whether the values of a column are published as same
// understands them; other forms of numbers and days are tested elsewhere.
func (g *grid) asWritten(col int, o *outcome) bool {
	at := slices.IndexFunc(o.titles, func(t string) bool { return layout.Key(t) == layout.Key(g.titles[col]) })
	if at < 0 {
		return false
	}
	values := map[string]bool{}
	for _, r := range o.rows {
		values[r[at]] = true
	}
	return !slices.ContainsFunc(g.rows, func(r []string) bool {
		for v := range values {
			if same(r[col], v, o.types[at]) {
				return false
			}
		}
		return true
	})
}

func count(row []string) int {
	n := 0
	for _, c := range row {
		if c != "" {
			n++
		}
	}
	return n
}

// mutation makes variants of a table; nil where it cannot be applied.
type mutation struct {
	kind    string
	addOnly bool // its columns are others than those of the dataset
	make    func(g *grid, r *rand.Rand) *variant
}

// TestMutatedTablesAreNeverSilentlyDifferent runs some hundred variants, or with
// GOVDATA_TEST_LONG=0/1 all of them, and says how they ended. The last counts, and
// what is known to be wrong, are
// in docs/ingest-mutations.md. GOVDATA_TEST_MUTATION=header runs those of a kind.
func TestMutatedTablesAreNeverSilentlyDifferent(t *testing.T) {
	m := newMutations(t)
	perFile, each, share, nth := 1, 1, 6, 3
	part := 0
	if long := os.Getenv("GOVDATA_TEST_LONG"); long != "" {
		perFile, each, share, nth = 1, 1, 1, 1
		fmt.Sscanf(long, "%d/%d", &part, &nth) // 0/2 and 1/2 are the halves
	}
	only := os.Getenv("GOVDATA_TEST_MUTATION")
	counts := map[string]map[string]int{}
	tables := m.tables(perFile)
	variants := 0
	for n, g := range tables {
		if n%nth != part {
			continue
		}
		plain, d, base := m.plain(g)
		if plain == nil {
			continue
		}
		v := variant{kind: "plain", want: plain, exact: true}
		if _, problem := v.judge(base, base); problem != "" {
			t.Errorf("%s: the plain table: %s", g.name, problem)
			continue
		}
		for k, mu := range allMutations {
			if only != "" && !strings.Contains(mu.kind, only) {
				continue
			}
			for i := range each {
				if (n/nth+k+i)%share != 0 {
					continue
				}
				v := mu.make(plain.clone(), seeded(g.name, mu.kind, i))
				if v == nil {
					continue
				}
				v.kind = mu.kind
				for _, way := range []string{"add", "ingest"} {
					if way == "ingest" && mu.addOnly {
						continue
					}
					var o *outcome
					if way == "add" {
						_, o = m.add(v.file, v.data)
					} else {
						o = m.ingest(d, v.file, v.data)
					}
					variants++
					verdict, problem := v.judge(o, base)
					if problem != "" {
						verdict = "wrong"
						t.Errorf("%s, %s, %d, %s: %s\n%s%s", g.name, v.kind, i, way, problem, excerpt(v.data), o.report)
					}
					key := mu.kind + "\t" + way
					if counts[key] == nil {
						counts[key] = map[string]int{}
					}
					counts[key][verdict]++
				}
			}
		}
	}
	var b strings.Builder
	for _, key := range slices.SortedFunc(maps.Keys(counts), cmp.Compare[string]) {
		c := counts[key]
		fmt.Fprintf(&b, "%s\t%d\t%d\t%d\t%d\n", key, c["right"], c["refused"], c["said"], c["wrong"])
	}
	t.Logf("%d tables, %d variants: right, refused, said, wrong\n%s", len(tables), variants, b.String())
	if only == "" && variants < 200 {
		t.Errorf("%d variants are too few to tell", variants)
	}
}

func excerpt(data []byte) string {
	text := strconv.QuoteToGraphic(string(data[:min(700, len(data))]))
	return strings.ReplaceAll(text[1:len(text)-1], `\n`, "\n") + "\n"
}
