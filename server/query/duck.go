package query

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	duckdb "github.com/duckdb/duckdb-go-bindings"
)

// duck is a DuckDB instance with its one connection, by the C interface: the
// database/sql driver materialises every result, and a worker must be able to
// begin a result that does not fit anywhere.
type duck struct {
	db   duckdb.Database
	conn duckdb.Connection
}

// openDuck opens an in-memory instance. It never closes: its process exits.
func openDuck(settings map[string]string) (*duck, error) {
	var config duckdb.Config
	if duckdb.CreateConfig(&config) == duckdb.StateError {
		return nil, errors.New("duckdb: no configuration")
	}
	defer duckdb.DestroyConfig(&config)
	for name, value := range settings {
		if duckdb.SetConfig(config, name, value) == duckdb.StateError {
			return nil, fmt.Errorf("duckdb: setting %s=%s refused", name, value)
		}
	}
	d := &duck{}
	var message string
	if duckdb.OpenExt(":memory:", &d.db, config, &message) == duckdb.StateError {
		return nil, fmt.Errorf("duckdb: %s", message)
	}
	if duckdb.Connect(d.db, &d.conn) == duckdb.StateError {
		return nil, errors.New("duckdb: no connection")
	}
	// Errors come as JSON, with their kind, place and candidates.
	return d, d.exec("SET errors_as_json = true")
}

// exec runs trusted SQL.
func (d *duck) exec(sql string) error {
	var r duckdb.Result
	defer duckdb.DestroyResult(&r)
	if duckdb.Query(d.conn, sql, &r) == duckdb.StateError {
		return parseDuckError(duckdb.ResultError(&r))
	}
	return nil
}

// prepare compiles sql and binds values to its parameters by name; positional
// ones are named "1", "2", ... .
func (d *duck) prepare(sql string, values map[string]any) (duckdb.PreparedStatement, error) {
	var p duckdb.PreparedStatement
	if duckdb.Prepare(d.conn, sql, &p) == duckdb.StateError {
		err := parseDuckError(duckdb.PrepareError(p))
		duckdb.DestroyPrepare(&p)
		return p, err
	}
	used := map[string]bool{}
	for i := duckdb.IdxT(1); i <= duckdb.NParams(p); i++ {
		name := duckdb.ParameterName(p, i)
		value, ok := values[name]
		if !ok {
			duckdb.DestroyPrepare(&p)
			return p, &SQLError{Message: fmt.Sprintf("the parameter $%s has no value", name)}
		}
		used[name] = true
		if err := bind(p, i, name, value); err != nil {
			duckdb.DestroyPrepare(&p)
			return p, err
		}
	}
	for name := range values {
		if !used[name] {
			duckdb.DestroyPrepare(&p)
			return p, &SQLError{Message: fmt.Sprintf("the statement has no parameter $%s", clip(name))}
		}
	}
	return p, nil
}

func bind(p duckdb.PreparedStatement, i duckdb.IdxT, name string, value any) error {
	state := duckdb.StateError
	switch v := value.(type) {
	case nil:
		state = duckdb.BindNull(p, i)
	case bool:
		state = duckdb.BindBoolean(p, i, v)
	case string:
		state = duckdb.BindVarchar(p, i, v)
	case json.Number:
		if n, err := v.Int64(); err == nil {
			state = duckdb.BindInt64(p, i, n)
		} else if !strings.ContainsAny(v.String(), ".eE") {
			// A whole number beyond 64 bits: as text it keeps its digits.
			state = duckdb.BindVarchar(p, i, v.String())
		} else if f, err := v.Float64(); err == nil {
			state = duckdb.BindDouble(p, i, f)
		}
	}
	if state == duckdb.StateError {
		return &SQLError{Message: fmt.Sprintf("the value of parameter $%s is not null, true, false, a number or a text", clip(name))}
	}
	return nil
}

// cursor reads a result as Arrow. DuckDB produces it while it is read, so that
// its size does not matter.
type cursor struct {
	statement duckdb.PreparedStatement
	pending   duckdb.PendingResult
	result    duckdb.Result
	options   duckdb.ArrowOptions
	schema    *arrow.Schema
	// forms of the columns, nil where DuckDB makes the batches.
	forms []form
	ended bool
}

// open begins the execution of sql. The caller closes the cursor.
func (d *duck) open(sql string, values map[string]any) (_ *cursor, err error) {
	statement, err := d.prepare(sql, values)
	if err != nil {
		return nil, err
	}
	c := &cursor{statement: statement}
	defer func() {
		if err != nil {
			c.close()
		}
	}()
	if duckdb.PendingPreparedStreaming(c.statement, &c.pending) == duckdb.StateError {
		return nil, parseDuckError(duckdb.PendingError(c.pending))
	}
	if duckdb.ExecutePending(c.pending, &c.result) == duckdb.StateError {
		return nil, parseDuckError(duckdb.ResultError(&c.result))
	}
	c.options = duckdb.ResultGetArrowOptions(&c.result)
	n := duckdb.ColumnCount(&c.result)
	names := make([]string, n)
	types := make([]duckdb.LogicalType, n)
	for i := range n {
		names[i] = duckdb.ColumnName(&c.result, i)
		types[i] = duckdb.ColumnLogicalType(&c.result, i)
	}
	defer func() {
		for i := range types {
			duckdb.DestroyLogicalType(&types[i])
		}
	}()
	for i := range types {
		if kind := unspoken(types[i]); kind != "" {
			return nil, &SQLError{Message: fmt.Sprintf("the column %q is a %s, which no format of answers can hold", clip(names[i]), kind), Hint: "CAST it to VARCHAR"}
		}
	}
	schema, failed := duckdb.NewArrowSchema(c.options, types, names)
	if err := dataError(&failed); err != nil {
		return nil, err
	}
	c.schema, c.forms = schema, formsOf(types, schema)
	return c, nil
}

// unspoken names the type, t or one inside it, of which Arrow would only carry
// DuckDB's own bytes, or a part of the value; "" where there is none.
func unspoken(t duckdb.LogicalType) string {
	inside := func(part duckdb.LogicalType) string {
		defer duckdb.DestroyLogicalType(&part)
		return unspoken(part)
	}
	switch duckdb.GetTypeId(t) {
	case duckdb.TypeBit:
		return "BIT"
	case duckdb.TypeTimeTZ:
		return "TIMETZ"
	case duckdb.TypeBigNum:
		return "BIGNUM"
	case duckdb.TypeGeometry:
		return "GEOMETRY"
	case duckdb.TypeVariant: // which JSON functions can name
		return "VARIANT"
	case duckdb.TypeUnion:
		return "UNION"
	case duckdb.TypeList:
		return inside(duckdb.ListTypeChildType(t))
	case duckdb.TypeArray:
		return inside(duckdb.ArrayTypeChildType(t))
	case duckdb.TypeMap:
		return cmp.Or(inside(duckdb.MapTypeKeyType(t)), inside(duckdb.MapTypeValueType(t)))
	case duckdb.TypeStruct:
		for i := range duckdb.StructTypeChildCount(t) {
			if kind := inside(duckdb.StructTypeChildType(t, i)); kind != "" {
				return kind
			}
		}
	}
	return ""
}

// next returns the next rows, or nil at the end: what DuckDB makes at once, at
// most 2048, and more of them where these are few, until there are most. The
// caller releases them.
func (c *cursor) next(most int64) (arrow.RecordBatch, error) {
	if c.forms == nil {
		chunk, err := c.fetch()
		if chunk.Ptr == nil || err != nil {
			return nil, err
		}
		defer duckdb.DestroyDataChunk(&chunk)
		batch, failed := duckdb.DataChunkToArrowArray(c.options, c.schema, chunk)
		return batch, dataError(&failed)
	}
	a := newSlab(len(c.forms))
	defer a.Free(nil)
	for bytes := 0; a.rows == 0 || a.rows < int(min(gatherRows, most)) && bytes < gatherBytes; {
		chunk, err := c.fetch()
		if err != nil {
			return nil, err
		}
		if chunk.Ptr == nil {
			break
		}
		bytes, err = a.add(c.forms, chunk)
		duckdb.DestroyDataChunk(&chunk) // a chunk of few rows takes as much memory as one of many
		if err != nil {
			return nil, err
		}
	}
	if a.rows == 0 {
		return nil, nil
	}
	return a.batch(c.schema, c.forms), nil
}

// fetch returns DuckDB's next chunk, a nil one at the end and behind it.
func (c *cursor) fetch() (duckdb.DataChunk, error) {
	if c.ended {
		return duckdb.DataChunk{}, nil
	}
	chunk := duckdb.FetchChunk(c.result)
	if chunk.Ptr == nil {
		c.ended = true
		if message := duckdb.ResultError(&c.result); message != "" {
			return chunk, parseDuckError(message)
		}
	}
	return chunk, nil
}

func (c *cursor) close() {
	duckdb.DestroyArrowOptions(&c.options)
	duckdb.DestroyResult(&c.result)
	duckdb.DestroyPending(&c.pending)
	duckdb.DestroyPrepare(&c.statement)
}

// rows returns the whole result of a query as text; only for small results of
// the worker's own.
func (d *duck) rows(sql string, values map[string]any) ([][]string, error) {
	c, err := d.open(sql, values)
	if err != nil {
		return nil, err
	}
	defer c.close()
	var rows [][]string
	for {
		batch, err := c.next(math.MaxInt64)
		if batch == nil || err != nil {
			return rows, err
		}
		for i := range int(batch.NumRows()) {
			row := make([]string, batch.NumCols())
			for j, column := range batch.Columns() {
				row[j] = strings.Clone(column.ValueStr(i)) // the memory of the batch is used again
			}
			rows = append(rows, row)
		}
		batch.Release()
	}
}

// dataError reads and frees DuckDB's error structure.
func dataError(d *duckdb.ErrorData) error {
	defer duckdb.DestroyErrorData(d)
	if d.Ptr == nil || !duckdb.ErrorDataHasError(*d) {
		return nil
	}
	return parseDuckError(duckdb.ErrorDataMessage(*d))
}

// duckError is what DuckDB says of a failure (setting errors_as_json).
type duckError struct {
	Type       string      `json:"exception_type"`
	Message    string      `json:"exception_message"`
	Position   json.Number `json:"position"`
	Subtype    string      `json:"error_subtype"`
	Name       string      `json:"name"`
	Candidates string      `json:"candidates"`
}

func (e *duckError) Error() string { return e.Type + ": " + e.Message }

// parseDuckError reads an error text; some begin with their kind before the
// JSON, and a few are not JSON at all.
func parseDuckError(text string) *duckError {
	e := &duckError{}
	if i := strings.IndexByte(text, '{'); i >= 0 && json.Unmarshal([]byte(text[i:]), e) == nil && e.Type != "" {
		return e
	}
	kind, message, ok := strings.Cut(text, " Error: ")
	if !ok {
		return &duckError{Type: "Unknown", Message: text}
	}
	return &duckError{Type: kind, Message: message}
}

// publicTypes are the kinds of DuckDB error whose text speaks of the
// statement and its values alone.
var publicTypes = map[string]bool{
	"Binder": true, "Catalog": true, "Conversion": true, "Decimal": true, "Divide by Zero": true, "Expression": true,
	"Invalid Input": true, "Invalid type": true, "Mismatch Type": true, "Not implemented": true, "Out of Range": true,
	"Parameter Not Allowed": true, "Parameter Not Resolved": true, "Parser": true, "Syntax": true, "Sequence": true,
}

// toFailure puts an error in the words that may leave the worker. at finds the
// place in sql, the author's statement, of what DuckDB names by its place in what
// it was given.
func toFailure(err error, sql string, at map[int]int, n *names, secrets []string) failure {
	var written *SQLError
	if errors.As(err, &written) {
		return failure{Kind: failSQL, Line: written.Line, Col: written.Col, Message: written.Message, Hint: written.Hint,
			NotFound: written.Category != nil}
	}
	var e *duckError
	if !errors.As(err, &e) {
		return failure{Kind: failInternal, Message: err.Error()}
	}
	switch {
	case e.Type == "Out of Memory":
		return failure{Kind: failMemory}
	case strings.EqualFold(e.Type, "interrupt"):
		return failure{Kind: failTimeout}
	case strings.EqualFold(e.Type, "internal"), e.Type == "Invalid": // what is no exception of DuckDB's own, vector::_M_default_append
		return failure{Kind: failFault, Message: e.Error()}
	case !publicTypes[e.Type]:
		return failure{Kind: failInternal, Message: e.Error()}
	}
	message, hint := e.words()
	message, hint = n.original(message), n.original(hint)
	for _, s := range secrets {
		if strings.Contains(message, s) || strings.Contains(hint, s) {
			return failure{Kind: failInternal, Message: e.Error()}
		}
	}
	f := failure{Kind: failSQL, Message: message, Hint: hint}
	if place, ok := at[position(e.Position)]; ok {
		told := errorAt(sql, place, "", "")
		f.Line, f.Col = told.Line, told.Col
	}
	return f
}

// words says what DuckDB said in a sentence, and what could be meant.
func (e *duckError) words() (message, hint string) {
	candidate, _, _ := strings.Cut(e.Candidates, ",")
	if i := strings.LastIndexByte(candidate, '.'); i >= 0 && e.Subtype != "NO_MATCHING_FUNCTION" {
		candidate = candidate[i+1:]
	}
	candidate = strings.Trim(candidate, `"`)
	if candidate != "" {
		hint = fmt.Sprintf("did you mean %q?", candidate)
	}
	switch e.Subtype {
	case "COLUMN_NOT_FOUND":
		return fmt.Sprintf("there is no column %q", clip(e.Name)), hint
	case "NO_MATCHING_FUNCTION":
		message, _, _ = strings.Cut(e.Message, "\n")
		return message, "one form that exists: " + candidate
	}
	message, _, _ = strings.Cut(e.Message, "\n\n")
	message, _, _ = strings.Cut(message, "\nDid you mean")
	message, _, _ = strings.Cut(message, "\nCandidate")
	const limit = 500
	if r := []rune(message); len(r) > limit {
		message = string(r[:limit]) + "…"
	}
	return message, hint
}
