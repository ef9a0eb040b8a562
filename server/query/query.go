// Package query answers the public's questions: one SELECT over published
// releases, run where it can do no harm.
//
// A question passes three doors. The gate bounds the text, has DuckDB's own
// parser turn it into a tree, lets through only what is on its lists, and has the
// tree printed with names of its own in the place of tables; only that text runs.
// The server says which release file each table name stands for. Then a worker, a
// process that serves this one question and exits, opens exactly those files
// read-only under the kernel's restrictions (landlock, seccomp, rlimits) and
// streams the result back as Arrow. Whatever happens to the worker costs one
// question and nothing else.
package query

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"govdata/catalog"
	"govdata/export"
)

// Engine answers questions. The sandboxed DuckDB pool is its first
// implementation; one that spreads work over machines can stand beside it.
type Engine interface {
	// Query runs r and returns the beginning of its result. The caller closes
	// the result. Cancelling ctx frees whatever works on the question at once.
	Query(ctx context.Context, r Request) (Result, error)
}

// Result is the answer to a question: a stream of records or, where
// Request.Text asks for it, of text. Errors in its middle are those of Err and Read. A
// closed result frees whatever works on it; the records read so far stay valid as
// long as they are retained.
type Result interface {
	array.RecordReader
	// Read reads a result as text. io.EOF says that it was whole, up to the row
	// limit.
	io.Reader
	io.Closer
	// Total is the number of rows on all pages, where RowsRequest.Total asked for
	// it; else nil.
	Total() *int64
	// Truncated tells, after the end, whether there were rows beyond the limit,
	// and Rows how many there were up to it.
	Truncated() bool
	Rows() int64
	// NextAfter is, after the end of a page of a RowsRequest, where the next page
	// begins: for RowsRequest.After. Nil: this was the last.
	NextAfter() []any
	// Volatile reports whether the same question over the same releases can have
	// another answer: it asks for the time, for chance, or for a sample.
	Volatile() bool
	// Pinned is the statement with every table named by its release, so that it
	// means the same at any time. "" where there is none: for rows, and where a
	// table cannot be pinned.
	Pinned() string
}

// Source is what a table name stands for: a release file or a small table
// given inline. Exactly one of the two is set.
type Source struct {
	// Path of a release file, whose table store.Table is meant.
	Path string
	// Pinned is the name by which this very release can be asked for at any
	// time, "" where there is none.
	Pinned string
	// Inline is a table of booleans, integers, floats, texts, dates and
	// timestamps. The engine only reads it while it resolves names.
	Inline arrow.RecordBatch
}

// Request is one question.
type Request struct {
	// SQL is one SELECT. Empty where Rows is given.
	SQL string
	// Params are bound to $1, $2, ... (or ?), Named to $name. A value is nil,
	// a bool, an int, an int64, a float64, a json.Number or a string; a string
	// takes the type that its place in the statement wants.
	Params []any
	Named  map[string]any
	// Rows asks for rows of one table without writing SQL.
	Rows *RowsRequest
	// Text asks for the result as a text that the engine writes itself, to be
	// read with Result.Read. Nil: as records.
	Text *Text

	// Postgres has the statement mean what it means to PostgreSQL where a setting
	// decides: integers divide to integers, NULL comes last in ascending and first
	// in descending order, and names without quotes are lower case.
	Postgres bool
	// Numbered is the name of a column that every release has before its fields in
	// SQL: the number of the row, from 1 in the order of the release. "": there is
	// none.
	Numbered string

	// Estimate asks, instead of the rows, what the question would cost, by the
	// planner's guess: one row with the fields rows, rows_read (of all tables),
	// bytes (of the result) and cost (light, medium or heavy).
	Estimate bool

	// Resolve says what a table name stands for: "admin_penalties",
	// "admin_penalties@20261123-3fa9c2d1e0b4", "catalog.datasets". Names come
	// in lower case. It fails with one of the catalog's errors.
	Resolve func(ctx context.Context, name string) (Source, error)
	// Alias says what a name stands for that is none of the catalog's: another
	// name, or a table given inline. What it does not know it gives back. It is
	// Server.Ask that heeds it. May be nil.
	Alias func(name string) (string, arrow.RecordBatch)
	// Tables lists the names that can be asked for, for suggestions. May be nil.
	Tables func() []string

	// User asks. Workers are shared fairly among users, each by its Weight;
	// 0: 1. All without a name are one user.
	User   string
	Weight float64

	// Background questions are those that nobody waits for: they run one at a
	// time, beside the workers of the others and with less of the processor.
	Background bool

	// MaxRows ends the result after so many rows and marks it truncated.
	// 0: no limit.
	MaxRows int64
	// MaxBytes of the result, as Arrow or as text; more is an error, catalog.ErrTooLarge.
	// 0: Limits.ResponseBytes.
	MaxBytes int64
	// Deadline from the moment that a worker is free until the last row was
	// read. 0: Limits.Interactive.
	Deadline time.Duration
}

// Text is a form of result that is a stream of text, row by row.
type Text struct {
	// Format is csv or jsonl.
	Format  string
	Options export.Options
}

// RowsRequest asks for rows of one table.
type RowsRequest struct {
	// Table is the name to resolve: a dataset, or one release of it.
	Table string
	// Select lists fields or expressions, each with "AS name" if wanted.
	// Empty: all fields, or the groups and their count.
	Select []string
	// Where is a boolean expression over the fields. Empty: all rows.
	Where string
	// GroupBy lists fields or expressions.
	GroupBy []string
	// Order of the rows. Empty: the order of the release file. NULL comes
	// last in either direction.
	Order []OrderBy
	// Limit is the size of a page. 0: Request.MaxRows.
	Limit int64
	// Offset is how many rows, or groups, to leave out before the page.
	Offset int64
	// After continues behind the page whose Result.NextAfter it is. It does not go
	// with Offset.
	After []any
	// Total asks for the number of rows, or groups, that match on all pages.
	Total bool
}

// OrderBy is one term of an order.
type OrderBy struct {
	// Field is a field name or an expression.
	Field string
	Desc  bool
}

// Limits are what a question may use.
type Limits struct {
	// QueryBytes bounds the text of a statement, with its parameters.
	QueryBytes int `json:"query_bytes"`
	// Nesting bounds how deep (, [ and { may nest.
	Nesting int `json:"nesting"`
	// Tables bounds how many different tables a statement may name.
	Tables int `json:"tables"`
	// Interactive is the deadline of a question that somebody waits for,
	// Export of one that fills a file.
	Interactive time.Duration `json:"-"`
	Export      time.Duration `json:"-"`
	// Job is the deadline of one that nobody waits for, and JobBytes bounds its result.
	Job      time.Duration `json:"-"`
	JobBytes int64         `json:"job_bytes"`
	// MemoryMB of a worker, and TempMB of disk for what does not fit.
	MemoryMB int `json:"memory_mb"`
	TempMB   int `json:"temp_mb"`
	// ResponseBytes bounds a result.
	ResponseBytes int64 `json:"response_bytes"`
}

// DefaultLimits are those of the public API. A statement is always exactly one
// SELECT; that is no setting.
var DefaultLimits = Limits{
	QueryBytes:    16 << 10,
	Nesting:       64,
	Tables:        64,
	Interactive:   10 * time.Second,
	Export:        60 * time.Second,
	Job:           15 * time.Minute,
	JobBytes:      8 << 30,
	MemoryMB:      1024,
	TempMB:        2048,
	ResponseBytes: 2 << 30,
}

// SQLError is a fault in a statement that its author can mend. Nothing in it
// tells of the machine or of other questions.
type SQLError struct {
	// Line and Col of the fault, in characters from 1; 0 where unknown.
	Line, Col int
	// Message says what is wrong, Hint what could be meant. Hint may be empty.
	Message, Hint string
	// Category is the catalog error that it wraps; nil: ErrInvalid.
	Category error
}

func (e *SQLError) Error() string {
	s := e.Message
	if e.Line > 0 {
		s = fmt.Sprintf("line %d, column %d: %s", e.Line, e.Col, s)
	}
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

func (e *SQLError) Unwrap() error {
	if e.Category == nil {
		return catalog.ErrInvalid
	}
	return e.Category
}
