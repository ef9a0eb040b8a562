package enginetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"govdata/catalog"
	"govdata/export"
	"govdata/server/query"
)

// A script is blocks with an empty line between them; lines that begin with #
// are remarks. A table and its rows, parted by tabs, NULL being no value:
//
//	table things
//	id:integer	name:text	amount:decimal(18,2)
//	1	甲	2.50
//
// A question: its title, settings, the statement, and what comes of it: the
// columns with their Arrow types, then the rows. A last line beginning with =
// tells what holds for the whole.
//
//	ask an exact sum
//	with params [1]
//	SELECT sum(amount) AS total FROM things WHERE id >= ?
//	----
//	total:decimal(38, 2)
//	2.50
//	= truncated
//
// Settings are params (a JSON array or object), max (rows), rows (a JSON
// query.RowsRequest, instead of a statement), pages (the same; all pages are
// asked for, and their rows come together), estimate, and text (a format;
// the answer is a text then). One that fails tells its category and perhaps the
// place and an expression that the message matches:
//
//	ask an unknown column
//	SELECT nope FROM things
//	----
//	! invalid 1:8 no column
type script struct {
	tables []Table
	cases  []*question
}

type question struct {
	title   string
	request query.Request
	pages   bool
	// What has to come of it.
	columns []string
	rows    []string
	text    string
	whole   []string
	fails   *fault
}

type fault struct {
	category  string
	line, col int
	message   *regexp.Regexp
}

var categories = map[string]error{"invalid": catalog.ErrInvalid, "not-found": catalog.ErrNotFound, "too-large": catalog.ErrTooLarge, "timeout": catalog.ErrTimeout}

func parse(name, text string) (*script, error) {
	s := &script{}
	line := 1
	for block := range strings.SplitSeq(text, "\n\n") {
		at := line
		line += strings.Count(block, "\n") + 2
		var lines []string
		for l := range strings.SplitSeq(strings.Trim(block, "\n"), "\n") {
			if !strings.HasPrefix(l, "#") {
				lines = append(lines, l)
			}
		}
		if len(lines) == 0 || len(lines) == 1 && lines[0] == "" {
			continue
		}
		var err error
		kind, title, _ := strings.Cut(lines[0], " ")
		switch kind {
		case "table":
			err = s.table(title, lines[1:])
		case "ask":
			err = s.question(title, lines[1:])
		default:
			err = fmt.Errorf("%q is neither a table nor a question", lines[0])
		}
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, at, err)
		}
	}
	return s, nil
}

func (s *script) table(name string, lines []string) error {
	if len(lines) == 0 {
		return errors.New("a table needs columns")
	}
	t := Table{Name: name}
	for column := range strings.SplitSeq(lines[0], "\t") {
		name, kind, ok := strings.Cut(column, ":")
		if !ok {
			return fmt.Errorf("column %q: want name:type", column)
		}
		t.Columns = append(t.Columns, Column{name, catalog.Type(kind)})
	}
	for _, line := range lines[1:] {
		var row []*string
		for cell := range strings.SplitSeq(line, "\t") {
			if cell == "NULL" {
				row = append(row, nil)
				continue
			}
			cell, err := unescape(cell)
			if err != nil {
				return err
			}
			row = append(row, &cell)
		}
		if len(row) != len(t.Columns) {
			return fmt.Errorf("%d cells in %q, want %d", len(row), line, len(t.Columns))
		}
		t.Rows = append(t.Rows, row)
	}
	s.tables = append(s.tables, t)
	return nil
}

// unescape reads \n, \t and \\ in a cell; an empty text is written as "".
func unescape(s string) (string, error) {
	if s == `""` {
		return "", nil
	}
	if !strings.Contains(s, `\`) {
		return s, nil
	}
	return strconv.Unquote(`"` + strings.ReplaceAll(s, `"`, `\"`) + `"`)
}

func escape(s string) string {
	if s == "" {
		return `""`
	}
	return strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\t", `\t`, "\r", `\r`).Replace(s)
}

func (s *script) question(title string, lines []string) error {
	q := &question{title: title}
	for len(lines) > 0 && strings.HasPrefix(lines[0], "with ") {
		if err := q.setting(strings.TrimPrefix(lines[0], "with ")); err != nil {
			return fmt.Errorf("%q: %w", lines[0], err)
		}
		lines = lines[1:]
	}
	i := slices.Index(lines, "----")
	if i < 0 {
		return fmt.Errorf("question %q has no answer", title)
	}
	q.request.SQL = strings.Join(lines[:i], "\n")
	answer := lines[i+1:]
	for len(answer) > 0 && strings.HasPrefix(answer[len(answer)-1], "= ") {
		q.whole = append(q.whole, strings.TrimPrefix(answer[len(answer)-1], "= "))
		answer = answer[:len(answer)-1]
	}
	switch {
	case len(answer) == 0:
		return fmt.Errorf("question %q has no answer", title)
	case strings.HasPrefix(answer[0], "! "):
		var err error
		q.fails, err = parseFault(strings.TrimPrefix(answer[0], "! "))
		if err != nil {
			return err
		}
	case q.request.Text != nil:
		q.text = strings.Join(answer, "\n") + "\n"
	default:
		q.columns, q.rows = strings.Split(answer[0], "\t"), answer[1:]
	}
	s.cases = append(s.cases, q)
	return nil
}

func (q *question) setting(text string) error {
	name, value, _ := strings.Cut(text, " ")
	d := json.NewDecoder(strings.NewReader(value))
	d.UseNumber()
	switch name {
	case "params":
		if strings.HasPrefix(value, "{") {
			return d.Decode(&q.request.Named)
		}
		return d.Decode(&q.request.Params)
	case "max":
		return d.Decode(&q.request.MaxRows)
	case "rows", "pages":
		q.pages = name == "pages"
		d.DisallowUnknownFields()
		return d.Decode(&q.request.Rows)
	case "estimate":
		q.request.Estimate = true
		return nil
	case "text":
		q.request.Text = &query.Text{Format: value}
		return nil
	}
	return errors.New("no such setting")
}

var place = regexp.MustCompile(`^(\d+):(\d+)( |$)`)

func parseFault(text string) (*fault, error) {
	category, rest, _ := strings.Cut(text, " ")
	f := &fault{category: category}
	if categories[category] == nil {
		return nil, fmt.Errorf("category %q is unknown", category)
	}
	if at := place.FindStringSubmatch(rest); at != nil {
		f.line, _ = strconv.Atoi(at[1])
		f.col, _ = strconv.Atoi(at[2])
		rest = rest[len(at[0]):]
	}
	var err error
	f.message, err = regexp.Compile(rest)
	return f, err
}

// run asks the question and compares.
func (q *question) run(t *testing.T, e query.Engine, resolve func(context.Context, string) (query.Source, error), tables []Table) {
	r := q.request
	r.Resolve = resolve
	r.Tables = func() []string {
		var names []string
		for _, table := range tables {
			names = append(names, table.Name)
		}
		return names
	}
	got, err := q.answers(t.Context(), e, r)
	if q.fails != nil {
		q.fails.compare(t, err)
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if q.request.Text != nil {
		if got.text != q.text {
			t.Errorf("got\n%s\nwant\n%s", got.text, q.text)
		}
	} else if !slices.Equal(got.columns, q.columns) || !slices.Equal(got.rows, q.rows) {
		t.Errorf("got\n%s\n%s\nwant\n%s\n%s", strings.Join(got.columns, "\t"), strings.Join(got.rows, "\n"), strings.Join(q.columns, "\t"), strings.Join(q.rows, "\n"))
	}
	for _, holds := range q.whole {
		if !slices.Contains(got.whole, holds) {
			t.Errorf("= %s does not hold; what does: %q", holds, got.whole)
		}
	}
}

func (f *fault) compare(t *testing.T, err error) {
	if !errors.Is(err, categories[f.category]) {
		t.Fatalf("got %v, want a fault that is %s", err, f.category)
	}
	if !f.message.MatchString(err.Error()) {
		t.Errorf("%v does not match %v", err, f.message)
	}
	var at *query.SQLError
	if f.line > 0 && (!errors.As(err, &at) || at.Line != f.line || at.Col != f.col) {
		t.Errorf("%v is not at %d:%d", err, f.line, f.col)
	}
}

// came is what came of a question.
type came struct {
	columns, rows, whole []string
	text                 string
}

// answers asks until there is no next page.
func (q *question) answers(ctx context.Context, e query.Engine, r query.Request) (*came, error) {
	all := &came{}
	if r.Rows != nil {
		rows := *r.Rows
		r.Rows = &rows
	}
	for {
		next, err := all.ask(ctx, e, r)
		if err != nil || !q.pages || next == nil {
			return all, err
		}
		r.Rows.After = next
	}
}

func (a *came) ask(ctx context.Context, e query.Engine, r query.Request) (next []any, err error) {
	result, err := e.Query(ctx, r)
	if err != nil {
		return nil, err
	}
	defer result.Close()
	if r.Text != nil {
		text, err := io.ReadAll(result)
		if err != nil {
			return nil, err
		}
		a.text = string(text)
	} else {
		a.columns = nil
		for _, f := range result.Schema().Fields() {
			a.columns = append(a.columns, f.Name+":"+f.Type.String())
		}
		for result.Next() {
			batch := result.RecordBatch()
			texts := export.Texts(batch)
			for i := range int(batch.NumRows()) {
				cells := make([]string, batch.NumCols())
				for j := range cells {
					if text, null := texts(i, j); null {
						cells[j] = "NULL"
					} else {
						cells[j] = escape(text)
					}
				}
				a.rows = append(a.rows, strings.Join(cells, "\t"))
			}
		}
		if err := result.Err(); err != nil {
			return nil, err
		}
	}
	a.whole = []string{fmt.Sprintf("rows %d", result.Rows())}
	say := func(name string, holds bool) {
		if !holds {
			name = "not " + name
		}
		a.whole = append(a.whole, name)
	}
	say("truncated", result.Truncated())
	say("volatile", result.Volatile())
	say("paged", result.NextAfter() != nil)
	if total := result.Total(); total != nil {
		a.whole = append(a.whole, fmt.Sprintf("total %d", *total))
	}
	if pinned := result.Pinned(); pinned != "" {
		a.whole = append(a.whole, "pinned "+pinned)
	}
	return result.NextAfter(), nil
}
