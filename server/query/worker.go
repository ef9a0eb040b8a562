package query

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	duckdb "github.com/duckdb/duckdb-go-bindings"

	"govdata/catalog"
	"govdata/catalog/store"
	"govdata/export"
)

// WorkerMain is the life of a worker: it opens an empty DuckDB, gives up
// every right that it does not need, says so on out, answers the one question
// that comes on in, and returns. Questions that are refused before a file was
// opened for them do not count. It must run in a process of its own, whose stdout
// is out.
//
// An error means that the worker could not do its part; a question that fails
// is answered and is none.
func WorkerMain(ctx context.Context, in io.Reader, out io.Writer) error {
	var h hello
	if err := readMessage(in, frameHello, &h); err != nil {
		if errors.Is(err, io.EOF) {
			return errors.New("worker: this command is for the server; it talks to it over stdin and stdout")
		}
		return fmt.Errorf("worker: %w", err)
	}
	runtime.GOMAXPROCS(max(2, h.Threads))
	// What it allocates in Go are batches on their way, and text; it does not live
	// long. Most of its memory is for DuckDB.
	debug.SetGCPercent(800)
	debug.SetMemoryLimit(int64(h.MemoryMB) << 20 / 5)
	w := &worker{hello: h, in: in, out: bufio.NewWriterSize(out, 256<<10)}
	if err := w.prepare(); err != nil {
		return fmt.Errorf("worker: %w", err)
	}
	for again := true; again; {
		var j job
		if err := readMessage(in, frameJob, &j); err != nil {
			if errors.Is(err, io.EOF) {
				return nil // not needed any more
			}
			return fmt.Errorf("worker: %w", err)
		}
		var err error
		if again, err = w.serve(ctx, &j); err != nil {
			return fmt.Errorf("worker: %w", err)
		}
	}
	return nil
}

type worker struct {
	hello hello
	in    io.Reader
	out   *bufio.Writer
	duck  *duck
	// secrets are texts that no answer may hold.
	secrets []string
	// touched is true once anything was opened for a question, or the processor
	// time of the process is limited.
	touched, limited bool
}

// prepare does all that can be done before the question is known. The order
// matters: DuckDB reads the machine's files when it opens and aborts the
// process if it may not, and threads that existed before landlock would be
// free of it, so it begins with one.
func (w *worker) prepare() error {
	h := w.hello
	// DuckDB is told of no absolute path.
	if err := os.Chdir(h.TempDir); err != nil {
		return err
	}
	var err error
	w.duck, err = openDuck(map[string]string{
		"threads":                      "1",
		"memory_limit":                 fmt.Sprintf("%dMB", h.MemoryMB*9/10),
		"max_temp_directory_size":      fmt.Sprintf("%dMB", h.TempMB),
		"temp_directory":               ownDir,
		"autoinstall_known_extensions": "false",
		"autoload_known_extensions":    "false",
		"allow_community_extensions":   "false",
		"preserve_insertion_order":     "true",
		// Serialized trees are those of this DuckDB, and leave nothing out.
		"storage_compatibility_version": "latest",
	})
	if err != nil {
		return err
	}
	// What waits to be sent is counted by its rows, but a chunk of a few rows takes
	// as much memory as one of 2,048: with 40 columns of text 350 times what is
	// counted. The default of 1 MB let 340 MB wait.
	for _, setting := range []string{"TimeZone = 'UTC'", "streaming_buffer_size = '256KB'"} {
		if err := w.duck.exec("SET " + setting); err != nil {
			return err
		}
	}
	// The first use of the parser, and of a query, pays for page faults; now
	// nobody waits for them.
	if _, err := w.duck.judge("SELECT 1", DefaultLimits, newNames()); err != nil {
		return err
	}
	held, err := confine(h)
	if err != nil {
		return err
	}
	return w.send(frameReady, held)
}

func (w *worker) send(kind frameKind, v any) error {
	if err := writeMessage(w.out, kind, v); err != nil {
		return err
	}
	return w.out.Flush()
}

// serve answers j, and says whether the worker is as if it had not. Only a broken
// connection is an error.
func (w *worker) serve(ctx context.Context, j *job) (again bool, err error) {
	if !w.limited {
		endWithoutMemory()
		limitCPU(j.Deadline, 2*w.hello.Threads) // as many read as write
		w.limited = true
	}
	stop := time.AfterFunc(j.Deadline, func() { duckdb.Interrupt(w.duck.conn) })
	defer stop.Stop()
	defer context.AfterFunc(ctx, func() { duckdb.Interrupt(w.duck.conn) })()

	q := &asked{job: j, names: newNames(j.texts()...)}
	d, err := w.answer(ctx, q)
	var broken *brokenPipe
	switch {
	case errors.As(err, &broken):
		return false, broken.error
	case err != nil:
		f := toFailure(err, j.SQL, q.places, q.names, w.secrets)
		f.Again = !w.touched && (f.Kind == failSQL || errors.Is(err, errRefused)) && stop.Stop() && processorTime() < keepBusy
		return f.Again, w.send(frameFailure, f)
	}
	return false, w.send(frameDone, d)
}

// errRefused is the end of a question that names what there is not.
var errRefused = errors.New("the question names what there is not")

// brokenPipe is a failure to talk with the server.
type brokenPipe struct{ error }

// asked is a question at work.
type asked struct {
	*job
	names *names
	// places is what of the author's statement stands where in what DuckDB runs.
	places map[int]int
}

// texts are all that the author of a question wrote.
func (j *job) texts() []string {
	if j.Rows != nil {
		return j.Rows.texts()
	}
	return []string{j.SQL}
}

func (w *worker) answer(ctx context.Context, q *asked) (*done, error) {
	// confineToFiles binds this thread, and no other may work on the question.
	runtime.LockOSThread()
	var plan *rowsPlan
	var tables map[string]int
	var judged *statement
	learnt := found{}
	if q.Rows != nil {
		p, err := w.duck.planRows(q.Rows, q.Limits, q.names)
		if err != nil {
			return nil, err
		}
		plan, tables, learnt.Volatile = p, p.tables, p.volatile
	} else {
		sql := q.SQL
		if q.Postgres {
			sql = foldNames(sql)
		}
		s, err := w.duck.judge(sql, q.Limits, q.names)
		if err != nil {
			return nil, err
		}
		judged, tables, learnt.Volatile = s, s.tables, s.volatile
	}
	values := map[string]any{}
	for i, v := range q.Params {
		values[strconv.Itoa(i+1)] = v
	}
	for name, v := range q.Named {
		values[name] = v
	}
	var within []bound
	if judged != nil && !q.Estimate {
		within = bounds(judged.alone(), values)
	}
	attached, pinned, err := w.attach(q, tables, within)
	if err != nil {
		return nil, err
	}
	if plan == nil && !q.Postgres && q.Numbered == "" {
		if learnt.Pinned = q.names.pinned(judged.text, tables, pinned); checkText(learnt.Pinned, q.Limits) != nil {
			learnt.Pinned = "" // it could not be asked
		}
	}
	if err := writeMessage(w.out, frameFound, learnt); err != nil {
		return nil, &brokenPipe{err}
	}
	if plan != nil {
		return w.rows(ctx, q.job, plan, attached[folded(q.Rows.Table)], values)
	}
	q.places = judged.places
	text, s := judged.text, &stream{text: q.Text, limit: q.MaxRows}
	if q.Estimate {
		text, err = w.estimate(judged, values)
		if err != nil {
			return nil, err
		}
		values = nil
	}
	if err := w.run(ctx, text, values, s); err != nil {
		return nil, err
	}
	return &done{Truncated: s.more, Rows: s.rows}, nil
}

// rows answers a request for rows.
func (w *worker) rows(ctx context.Context, j *job, plan *rowsPlan, table string, values map[string]any) (*done, error) {
	limit := j.Rows.Limit
	if limit <= 0 || (j.MaxRows > 0 && j.MaxRows < limit) {
		limit = j.MaxRows
	}
	if plan.where != nil && !plan.rows {
		plan.within = w.narrow(strings.TrimSuffix(table, ".main."+store.Table), bounds(plan.where, values))
	}
	q, err := plan.sql(table, limit, w.types)
	if err != nil {
		return nil, err
	}
	d := &done{}
	s := &stream{text: j.Text, limit: limit, hidden: q.hidden}
	count := func() (int64, error) {
		counted, err := w.duck.rows(q.count, values)
		if err != nil {
			return 0, err
		}
		return strconv.ParseInt(counted[0][0], 10, 64)
	}
	switch {
	case !j.Rows.Total:
	case limit > 0 && limit <= heldRows && len(j.Rows.After) == 0 && j.Rows.Offset == 0:
		// A first page that holds all rows needs no second look at the table.
		s.total = count
	default:
		total, err := count()
		if err != nil {
			return nil, err
		}
		if err := writeMessage(w.out, frameTotal, total); err != nil {
			return nil, err
		}
	}
	if err := w.run(ctx, q.query, values, s); err != nil {
		return nil, err
	}
	d.Truncated, d.Rows = s.more, s.rows
	switch {
	case !s.more:
	case plan.grouped:
		d.NextAfter = []any{strconv.FormatInt(q.offset+s.rows, 10)}
	default:
		d.NextAfter = s.last
	}
	return d, nil
}

// types returns the SQL types of a query's columns.
func (w *worker) types(sql string) ([]string, error) {
	described, err := w.duck.rows("DESCRIBE "+sql, nil)
	if err != nil {
		return nil, err
	}
	types := make([]string, len(described))
	for i, row := range described {
		types[i] = row[1]
	}
	return types, nil
}

// attach learns from the server what the names mean, gives up everything else
// on disk, and makes the names tables, of which a statement reads the rows that
// keep within. It returns the quoted name of the table behind each name, and the
// name that pins its release.
func (w *worker) attach(q *asked, tables map[string]int, within []bound) (attached, pinned map[string]string, err error) {
	uses := make([]tableUse, 0, len(tables))
	for name, pos := range tables {
		use := tableUse{Name: name}
		if pos >= 0 {
			at := errorAt(q.SQL, pos, "", "")
			use.Line, use.Col = at.Line, at.Col
		}
		uses = append(uses, use)
	}
	if err := w.send(frameNames, uses); err != nil {
		return nil, nil, &brokenPipe{err}
	}
	var sources sources
	if err := readMessage(w.in, frameSources, &sources); err != nil {
		return nil, nil, &brokenPipe{err}
	}
	if sources.Refused {
		return nil, nil, errRefused
	}
	w.touched = true
	var files []string
	for _, s := range sources.Named {
		if s.Path != "" {
			files = append(files, s.Path)
			w.secrets = append(w.secrets, s.Path, filepath.Dir(s.Path))
		}
	}
	for _, dir := range []string{w.hello.TempDir, w.hello.PublicDir, w.hello.RestrictedDir} {
		if dir != "" {
			w.secrets = append(w.secrets, dir)
		}
	}
	if err := confineToFiles(files, w.hello.TempDir); err != nil {
		return nil, nil, err
	}
	attached, pinned = map[string]string{}, map[string]string{}
	databases := map[string]string{}
	run := func(sql string) error {
		if err := w.duck.exec(sql); err != nil {
			return fmt.Errorf("%s: %w", sql, hidden(err))
		}
		return nil
	}
	for _, s := range sources.Named {
		if s.Path == "" {
			continue
		}
		db, ok := databases[s.Path]
		if !ok {
			db = "release" + strconv.Itoa(len(databases)+1)
			databases[s.Path] = db
			path, err := openFor(s.Path)
			if err != nil {
				return nil, nil, err
			}
			if err := run(fmt.Sprintf("ATTACH %s AS %s (READ_ONLY)", store.Literal(path), db)); err != nil {
				return nil, nil, err
			}
		}
		attached[s.Name], pinned[s.Name] = db+".main."+store.Table, s.Pinned
		columns := "*"
		if q.Numbered != "" {
			columns = "rowid + 1 AS " + store.Ident(q.Numbered) + ", *"
		}
		if _, named := q.names.tables[s.Name]; !named {
			continue // the table of a request for rows is read by itself
		}
		if err := run(fmt.Sprintf("CREATE VIEW %s AS SELECT %s FROM %s%s", q.names.table(s.Name).sql(), columns, attached[s.Name], w.narrow(db, within))); err != nil {
			return nil, nil, err
		}
	}
	for _, s := range sources.Named {
		if s.Path != "" {
			continue
		}
		at := q.names.table(s.Name)
		attached[s.Name] = at.sql()
		if err := w.load(s, at); err != nil {
			return nil, nil, fmt.Errorf("table %s: %w", s.Name, hidden(err))
		}
	}
	settings := []string{fmt.Sprintf("SET threads = %d", max(1, w.hello.Threads)), "SET enable_external_access = false"}
	if q.Postgres {
		settings = append(settings, "SET integer_division = true", "SET default_null_order = 'nulls_last_on_asc_first_on_desc'")
	}
	for _, q := range append(settings, "SET lock_configuration = true") {
		if err := run(q); err != nil {
			return nil, nil, err
		}
	}
	return attached, pinned, nil
}

// hidden keeps an error of the worker's own SQL out of what the author of a
// question is told, but for memory and time.
func hidden(err error) error {
	var e *duckError
	if errors.As(err, &e) && publicTypes[e.Type] {
		return errors.New(e.Error())
	}
	return err
}

// load makes an inline table at a place.
func (w *worker) load(s namedSource, at tablePlace) error {
	r, err := ipc.NewReader(bytes.NewReader(s.Inline))
	if err != nil {
		return err
	}
	defer r.Release()
	columns := make([]string, r.Schema().NumFields())
	for i, f := range r.Schema().Fields() {
		kind, err := sqlType(f.Type)
		if err != nil {
			return err
		}
		columns[i] = store.Ident(f.Name) + " " + kind
	}
	if err := w.duck.exec("CREATE SCHEMA IF NOT EXISTS " + ownDatabase + "." + at.schema); err != nil {
		return err
	}
	if err := w.duck.exec("CREATE TABLE " + at.sql() + " (" + strings.Join(columns, ", ") + ")"); err != nil {
		return err
	}
	schema, failed := duckdb.SchemaFromArrow(w.duck.conn, r.Schema())
	if err := dataError(&failed); err != nil {
		return err
	}
	defer duckdb.DestroyArrowConvertedSchema(&schema)
	var a duckdb.Appender
	if duckdb.AppenderCreate(w.duck.conn, at.schema, at.table, &a) == duckdb.StateError {
		return errors.New("no appender")
	}
	defer duckdb.AppenderDestroy(&a)
	for r.Next() {
		batch := r.RecordBatch()
		// DuckDB's chunks hold 2048 rows.
		for from := int64(0); from < batch.NumRows(); from += 2048 {
			part := batch.NewSlice(from, min(from+2048, batch.NumRows()))
			chunk, failed := duckdb.DataChunkFromArrow(w.duck.conn, part, schema)
			part.Release()
			if err := dataError(&failed); err != nil {
				return err
			}
			state := duckdb.AppendDataChunk(a, chunk)
			duckdb.DestroyDataChunk(&chunk)
			if state == duckdb.StateError {
				failed := duckdb.AppenderErrorData(a)
				return dataError(&failed)
			}
		}
	}
	if r.Err() != nil {
		return r.Err()
	}
	if duckdb.AppenderFlush(a) == duckdb.StateError {
		failed := duckdb.AppenderErrorData(a)
		return dataError(&failed)
	}
	return nil
}

func sqlType(t arrow.DataType) (string, error) {
	switch t.ID() {
	case arrow.BOOL:
		return "BOOLEAN", nil
	case arrow.INT32:
		return "INTEGER", nil
	case arrow.INT64:
		return "BIGINT", nil
	case arrow.FLOAT64:
		return "DOUBLE", nil
	case arrow.STRING, arrow.LARGE_STRING:
		return "VARCHAR", nil
	case arrow.DATE32:
		return "DATE", nil
	case arrow.TIMESTAMP:
		if t.(*arrow.TimestampType).TimeZone != "" {
			return "TIMESTAMPTZ", nil
		}
		return "TIMESTAMP", nil
	}
	return "", fmt.Errorf("an inline table cannot hold %s", t)
}

// stream is what becomes of a result on its way out.
type stream struct {
	// text is the form of the result, nil for Arrow.
	text *Text
	// limit of rows, 0 for none; hidden columns stay here.
	limit  int64
	hidden int

	rows int64
	// more is true where there were rows beyond the limit.
	more bool
	// last is the place of the last row that was sent: every second hidden
	// column, its order values as text, and then its rowid.
	last []any
	// total counts all rows where there are more. If it is set, the rows are held
	// until it is known, for it goes before them.
	total func() (int64, error)
}

// heldRows is how large a page may be to be held until its total is known.
const heldRows = 10_000

// run executes a statement that the gate let through and sends its result. This
// thread alone reads it (confineToFiles); others turn it into bytes meanwhile.
func (w *worker) run(ctx context.Context, sql string, values map[string]any, s *stream) error {
	c, err := w.duck.open(sql, values)
	if err != nil {
		return err
	}
	defer c.close()
	schema := arrow.NewSchema(c.schema.Fields()[s.hidden:], nil)
	var held []arrow.RecordBatch
	if s.total != nil {
		defer func() {
			for _, batch := range held {
				batch.Release()
			}
		}()
		err := s.read(c, schema, func(batch arrow.RecordBatch) error {
			held = append(held, batch)
			return ctx.Err()
		})
		if err != nil {
			return err
		}
		n := s.rows
		if s.more {
			if n, err = s.total(); err != nil {
				return err
			}
		}
		if err := writeMessage(w.out, frameTotal, n); err != nil {
			return &brokenPipe{err}
		}
	}
	format, options := catalog.Format{Ext: "arrow"}, export.Options{}
	if s.text != nil {
		format.Ext, options = s.text.Format, s.text.Options
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	rows := &handover{schema: schema, batches: make(chan arrow.RecordBatch, 4)}
	frames := newFrameWriter(w.out)
	written := make(chan error, 1)
	go func() {
		defer cancel()
		_, err := export.Write(ctx, frames, format, rows, export.Meta{}, options)
		written <- err
	}()
	send := func(batch arrow.RecordBatch) error {
		select {
		case rows.batches <- batch:
			return nil
		case <-ctx.Done():
			batch.Release()
			return ctx.Err()
		}
	}
	for len(held) > 0 && rows.err == nil {
		batch := held[0]
		held = held[1:]
		rows.err = send(batch)
	}
	if s.total == nil {
		rows.err = s.read(c, schema, send)
	}
	close(rows.batches)
	err = <-written
	switch {
	case frames.err != nil:
		return &brokenPipe{frames.err}
	case rows.err != nil:
		return rows.err
	case err != nil:
		return err
	}
	if err := frames.Flush(); err != nil {
		return &brokenPipe{err}
	}
	return nil
}

// read sends the rows of c, without hidden columns and rows beyond the limit,
// until they end or send fails. What is sent is the receiver's to release.
func (s *stream) read(c *cursor, schema *arrow.Schema, send func(arrow.RecordBatch) error) error {
	for !s.more {
		most := int64(math.MaxInt64)
		if s.limit > 0 {
			most = s.limit - s.rows + 1 // one more shows that there are more
		}
		batch, err := c.next(most)
		if err != nil {
			return err
		}
		if batch == nil {
			return nil
		}
		part := s.cut(batch, schema)
		batch.Release()
		if part == nil {
			continue
		}
		if err := send(part); err != nil {
			return err
		}
	}
	return nil
}

// cut returns what of a batch is to be sent, nil for nothing. The caller
// releases it.
func (s *stream) cut(batch arrow.RecordBatch, schema *arrow.Schema) arrow.RecordBatch {
	rows := batch.NumRows()
	if s.limit > 0 && s.rows+rows > s.limit {
		rows, s.more = s.limit-s.rows, true
	}
	if rows == 0 {
		return nil
	}
	if s.hidden > 0 {
		s.last = s.last[:0]
		for i := 1; i < s.hidden-1; i += 2 {
			if c := batch.Column(i); c.IsNull(int(rows - 1)) {
				s.last = append(s.last, nil)
			} else {
				s.last = append(s.last, strings.Clone(c.ValueStr(int(rows-1))))
			}
		}
		s.last = append(s.last, strings.Clone(batch.Column(s.hidden-1).ValueStr(int(rows-1))))
	}
	s.rows += rows
	shown := array.NewRecordBatch(schema, batch.Columns()[s.hidden:], batch.NumRows())
	defer shown.Release()
	return shown.NewSlice(0, rows)
}

// handover is a record reader over batches that another goroutine sends.
type handover struct {
	schema  *arrow.Schema
	batches chan arrow.RecordBatch
	present arrow.RecordBatch
	// err is set before batches is closed.
	err error
}

var _ array.RecordReader = (*handover)(nil)

func (h *handover) Retain()                        {}
func (h *handover) Release()                       {}
func (h *handover) Schema() *arrow.Schema          { return h.schema }
func (h *handover) RecordBatch() arrow.RecordBatch { return h.present }
func (h *handover) Record() arrow.RecordBatch      { return h.present }
func (h *handover) Err() error                     { return h.err }

func (h *handover) Next() bool {
	if h.present != nil {
		h.present.Release()
	}
	var ok bool
	h.present, ok = <-h.batches
	return ok
}

// frameWriter sends what is written to it as data frames. Nothing leaves before
// a frame is full or flushed, so that a question which fails early is answered
// with its failure alone.
type frameWriter struct {
	w *bufio.Writer
	// frame begins with room for its head.
	frame []byte
	// began is true once something has left.
	began bool
	err   error
}

const frameSize = 256 << 10

func newFrameWriter(w *bufio.Writer) *frameWriter {
	return &frameWriter{w: w, frame: make([]byte, frameHead, frameSize)}
}

func (f *frameWriter) Write(p []byte) (int, error) {
	written := len(p)
	if len(p) >= frameSize/4 && f.began {
		return written, f.send(p)
	}
	for len(p) > 0 {
		if len(f.frame) == cap(f.frame) {
			if err := f.Flush(); err != nil {
				return 0, err
			}
		}
		n := min(len(p), cap(f.frame)-len(f.frame))
		f.frame, p = append(f.frame, p[:n]...), p[n:]
	}
	return written, nil
}

// send makes a frame of p, behind the one that has been begun, without a copy.
func (f *frameWriter) send(p []byte) error {
	if err := f.Flush(); err != nil {
		return err
	}
	for len(p) > 0 && f.err == nil {
		n := min(len(p), maxFrame)
		var head [frameHead]byte
		putHead(head[:], frameData, n)
		f.w.Write(head[:])
		if f.err = f.w.Flush(); f.err == nil { // what is buffered by now would be copied with p
			_, f.err = f.w.Write(p[:n])
		}
		p = p[n:]
	}
	return f.err
}

// Flush sends the frame that has been begun.
func (f *frameWriter) Flush() error {
	if len(f.frame) > frameHead && f.err == nil {
		putHead(f.frame, frameData, len(f.frame)-frameHead)
		_, f.err = f.w.Write(f.frame)
		f.began = true
		f.frame = f.frame[:frameHead]
	}
	return f.err
}
