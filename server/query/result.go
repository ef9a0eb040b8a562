package query

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"

	"govdata/catalog"
)

// workerResult is the answer to a question, as it comes out of the worker; for
// one goroutine. After Next returned false and Err returned nil, or Read io.EOF,
// the result was whole, up to the row limit.
type workerResult struct {
	ctx     context.Context
	pool    *Pool
	worker  *process
	request Request
	free    func()

	// heard is true once the worker has said anything, shot where a SIGKILL ended
	// it that was not the server's.
	heard bool
	shot  bool
	// died is true where a fault in the C++ code ended it.
	died bool
	// again is true where the worker waits for another question, opened once it was
	// told of a file or has said more than a refusal: then it gets none.
	again  bool
	opened bool
	frames frameReader
	reader *ipc.Reader
	schema *arrow.Schema
	// ahead is true while the first rows have been read but not asked for.
	ahead bool
	err   error
	found found

	begun time.Time
	// elapsed is the time from when a worker was free until the end.
	elapsed time.Duration
	refs    atomic.Int64
	once    sync.Once
}

var _ Result = (*workerResult)(nil)

// begin sends the question, has its tables resolved and reads up to the first
// rows.
func (q *workerResult) begin() error {
	r := q.request
	err := writeMessage(q.worker.in, frameJob, job{
		SQL: r.SQL, Params: r.Params, Named: r.Named, Rows: r.Rows, Text: r.Text, Postgres: r.Postgres, Numbered: r.Numbered, Estimate: r.Estimate, MaxRows: r.MaxRows, Deadline: r.Deadline, Limits: q.pool.o.Limits,
	})
	if err != nil {
		return q.fault(err)
	}
	kind, n, err := readHead(q.worker.out)
	q.heard = err == nil
	if err == nil && q.worker.refused > 0 && kind != frameNames && kind != frameFailure {
		return errPassed
	}
	if err == nil && kind == frameNames {
		if err := q.resolve(n); err != nil {
			q.giveUp(err)
			return err
		}
		kind, n, err = readHead(q.worker.out)
	}
	q.opened = q.opened || kind != frameFailure
	if err == nil && kind == frameFound {
		if err := readPayload(q.worker.out, n, &q.found); err != nil {
			return q.fault(err)
		}
		kind, n, err = readHead(q.worker.out)
	}
	q.frames = frameReader{r: q.worker.out, limit: q.request.MaxBytes}
	if err == nil {
		err = q.frames.enter(kind, n)
	}
	if r.Text != nil {
		switch {
		case err == io.EOF && q.frames.done != nil:
			return q.ended(nil)
		case err != nil:
			return q.fault(err)
		}
		return nil
	}
	if err == nil {
		q.reader, err = ipc.NewReader(&q.frames)
	}
	if err != nil {
		return q.fault(err)
	}
	q.schema = q.reader.Schema()
	q.ahead = q.next()
	return q.err
}

// resolve reads the names that the statement uses and sends what they mean.
func (q *workerResult) resolve(n int) error {
	var uses []tableUse
	if err := readPayload(q.worker.out, n, &uses); err != nil {
		return q.fault(err)
	}
	named := make([]namedSource, 0, len(uses))
	for _, use := range uses {
		s, err := q.request.Resolve(q.ctx, use.Name)
		switch {
		case errors.Is(err, catalog.ErrNotFound), errors.Is(err, catalog.ErrInvalid):
			e := &SQLError{Line: use.Line, Col: use.Col, Message: fmt.Sprintf("there is no table %q", clip(use.Name)), Category: catalog.ErrNotFound}
			if q.request.Tables != nil {
				e.Hint = didYouMean(use.Name, q.request.Tables())
			}
			return e
		case err != nil:
			return fmt.Errorf("query: table %q: %w", clip(use.Name), err)
		}
		source := namedSource{Name: use.Name, Path: s.Path, Pinned: s.Pinned}
		if s.Inline != nil {
			var b bytes.Buffer
			w := ipc.NewWriter(&b, ipc.WithSchema(s.Inline.Schema()))
			if err := errors.Join(w.Write(s.Inline), w.Close()); err != nil {
				return fmt.Errorf("query: table %q: %w", use.Name, err)
			}
			source.Inline = b.Bytes()
		}
		named = append(named, source)
	}
	if q.worker.refused > 0 {
		return errPassed
	}
	q.opened = true
	if err := writeMessage(q.worker.in, frameSources, sources{Named: named}); err != nil {
		return q.fault(err)
	}
	return nil
}

// giveUp tells the worker that its question names what there is not, and learns
// whether it can have another one.
func (q *workerResult) giveUp(why error) {
	var refused *SQLError
	if !errors.As(why, &refused) || writeMessage(q.worker.in, frameSources, sources{Refused: true}) != nil {
		return
	}
	defer time.AfterFunc(grace, q.worker.kill).Stop()
	var f failure
	if readMessage(q.worker.out, frameFailure, &f) == nil {
		q.may(f)
	}
}

// may notes whether the worker can have another question. It says so itself, but
// what it was told and has said counts more.
func (q *workerResult) may(f failure) {
	q.again = f.Again && !q.opened && q.worker.out.Buffered() == 0
}

// Volatile reports whether the same question over the same releases can have
// another answer: it asks for the time, for chance, or for a sample.
func (q *workerResult) Volatile() bool { return q.found.Volatile }

// Pinned is the statement with every table named by its release, so that it
// means the same at any time. "" where there is none: for rows, and where a table
// cannot be pinned.
func (q *workerResult) Pinned() string { return q.found.Pinned }

// next moves to the next rows. At the end it learns whether the end is a good
// one.
func (q *workerResult) next() bool {
	if q.err != nil || q.frames.done != nil {
		return false
	}
	if q.reader.Next() {
		return true
	}
	err := q.reader.Err()
	if err == nil {
		// The Arrow stream is over; the worker's last word is behind it.
		_, err = io.Copy(io.Discard, &q.frames)
	}
	q.ended(err)
	return false
}

// ended notes how the result ended: well, by io.EOF or nothing, or with err.
func (q *workerResult) ended(err error) error {
	q.elapsed = time.Since(q.begun)
	if err != nil {
		q.err = q.fault(err)
	}
	q.stop()
	return q.err
}

// Read reads the result of a Request with Text. io.EOF says that it was whole,
// up to the row limit.
func (q *workerResult) Read(p []byte) (int, error) {
	switch {
	case q.err != nil:
		return 0, q.err
	case q.frames.done != nil:
		return 0, io.EOF
	}
	n, err := q.frames.Read(p)
	if err == io.EOF {
		q.ended(nil)
	} else if err != nil {
		err = q.ended(err)
	}
	return n, err
}

// fault finds out why the talk with the worker broke off.
func (q *workerResult) fault(err error) error {
	if f := q.frames.failure; f != nil {
		q.may(*f)
		return q.failed(f)
	}
	if errors.Is(err, errResultSize) {
		q.pool.killed.Add(1)
		return fmt.Errorf("the result is larger than %d MiB; ask for fewer rows or columns: %w", q.request.MaxBytes>>20, catalog.ErrTooLarge)
	}
	if q.ctx.Err() == nil {
		// It ended by itself, or talks nonsense and has to.
		select {
		case <-q.worker.exited:
		case <-time.After(grace):
		}
	}
	if cause := context.Cause(q.ctx); errors.Is(cause, errDeadline) {
		q.pool.killed.Add(1)
		return q.failed(&failure{Kind: failTimeout})
	} else if cause != nil {
		q.pool.killed.Add(1)
		return fmt.Errorf("query: %w", cause)
	}
	if q.pool.life.Err() != nil {
		return errStopping
	}
	q.worker.kill()
	<-q.worker.exited
	state, stderr := q.worker.cmd.ProcessState, q.worker.stderr.String()
	switch {
	case cpuExceeded(state):
		q.pool.killed.Add(1)
		return q.failed(&failure{Kind: failTimeout})
	case q.worker.starved, slices.ContainsFunc(lastWordsOfMemory, func(s string) bool { return strings.Contains(stderr, s) }):
		return q.failed(&failure{Kind: failMemory})
	}
	ended, known := state.Sys().(syscall.WaitStatus)
	q.shot = known && ended.Signaled() && ended.Signal() == syscall.SIGKILL
	q.died = known && diedOf(ended, stderr)
	q.pool.crashed.Add(1)
	q.pool.o.Log.Error("a query worker broke off", "error", err, "state", state.String(), "stderr", stderr)
	if q.died && q.heard {
		return errDuckDB()
	}
	return fmt.Errorf("query: %w (%s)", errBrokenOff, state)
}

// deadly are the signals by which C++ code ends that does what it must not, and how
// the Go runtime begins to report them where its own code did not.
var deadly = map[syscall.Signal]string{
	syscall.SIGSEGV: "SIGSEGV: ", syscall.SIGBUS: "SIGBUS: ", syscall.SIGFPE: "SIGFPE: ", syscall.SIGILL: "SIGILL: ", syscall.SIGABRT: "SIGABRT: ", syscall.SIGTRAP: "SIGTRAP: ",
}

// diedOf tells whether a worker ended by a fault outside of Go.
func diedOf(ended syscall.WaitStatus, stderr string) bool {
	for signal, report := range deadly {
		if ended.Signaled() && ended.Signal() == signal || ended.Exited() && (strings.HasPrefix(stderr, report) || strings.Contains(stderr, "\n"+report)) {
			return true
		}
	}
	return false
}

// errDuckDB is what the author of a statement is told that DuckDB fails over.
func errDuckDB() error {
	return &SQLError{Message: "DuckDB cannot run this statement: it meets a fault of its own", Hint: "write it in another way"}
}

var errBrokenOff = errors.New("the worker broke off")

// lastWordsOfMemory are what C++ and Go die with where the system gives them no
// more memory.
var lastWordsOfMemory = []string{"bad_alloc", "allocate memory", "out of memory", "new OS thread", "pthread_create failed", "cannot map pages"}

// failed turns what the worker reported into the error for the caller.
func (q *workerResult) failed(f *failure) error {
	switch f.Kind {
	case failSQL:
		e := &SQLError{Line: f.Line, Col: f.Col, Message: f.Message, Hint: f.Hint}
		if f.NotFound {
			e.Category = catalog.ErrNotFound
		}
		return e
	case failMemory:
		return fmt.Errorf("the query needs more than %s of memory: %w", mebibytes(q.pool.o.Limits.MemoryMB), catalog.ErrTooLarge)
	case failTimeout:
		return fmt.Errorf("the query did not end within %s: %w", q.request.Deadline, catalog.ErrTimeout)
	}
	q.pool.o.Log.Error("a query worker failed", "error", f.Message)
	if f.Kind == failFault {
		return errDuckDB()
	}
	return errors.New("query: the worker failed; the log says why")
}

func mebibytes(mb int) string {
	if mb%1024 == 0 {
		return fmt.Sprintf("%d GiB", mb/1024)
	}
	return fmt.Sprintf("%d MiB", mb)
}

// stop frees the worker.
func (q *workerResult) stop() { q.once.Do(q.free) }

// Close frees the worker at once, whatever it does. The records already read
// stay valid as long as they are retained.
func (q *workerResult) Close() error {
	q.stop()
	q.ahead = false
	if q.reader != nil {
		q.reader.Release()
		q.reader = nil
	}
	if q.err == nil && q.frames.done == nil {
		q.err = errors.New("query: the result was closed before its end")
	}
	return nil
}

// Retain and Release count the owners of the result; the last one closes it.
func (q *workerResult) Retain() { q.refs.Add(1) }

// Release is the counterpart of Retain.
func (q *workerResult) Release() {
	if q.refs.Add(-1) == 0 {
		q.Close()
	}
}

// Schema returns the columns of the result.
func (q *workerResult) Schema() *arrow.Schema { return q.schema }

// Next moves to the next rows; false at the end or on an error.
func (q *workerResult) Next() bool {
	if q.ahead {
		q.ahead = false
		return true
	}
	return q.next()
}

// RecordBatch returns the present rows, valid until the next Next.
func (q *workerResult) RecordBatch() arrow.RecordBatch { return q.reader.RecordBatch() }

// Record is the old name of RecordBatch.
func (q *workerResult) Record() arrow.RecordBatch { return q.reader.RecordBatch() }

// Err tells why Next returned false: nil at the end of the result.
func (q *workerResult) Err() error { return q.err }

// Truncated tells, after the end, whether there were rows beyond the limit.
func (q *workerResult) Truncated() bool { return q.frames.done != nil && q.frames.done.Truncated }

// Rows returns, after the end, how many rows there were.
func (q *workerResult) Rows() int64 {
	if q.frames.done == nil {
		return 0
	}
	return q.frames.done.Rows
}

// NextAfter returns, after the end of a page of a RowsRequest, where the next
// page begins: texts and nils, for RowsRequest.After. Nil: this was the last.
func (q *workerResult) NextAfter() []any {
	if q.frames.done == nil {
		return nil
	}
	return q.frames.done.NextAfter
}

// Total returns how many rows match on all pages; nil where it was not asked for.
func (q *workerResult) Total() *int64 { return q.frames.matches }

// frameReader reads the Arrow stream out of the worker's data frames.
type frameReader struct {
	r     *bufio.Reader
	limit int64
	left  int // of the present data frame
	total int64
	// matches is what Result.Total gives.
	matches *int64

	// How it ended.
	done    *done
	failure *failure
}

var (
	errResultSize = errors.New("result too large")
	errFailed     = errors.New("the worker reported a failure")
)

// enter goes into a frame whose head was read.
func (f *frameReader) enter(kind frameKind, n int) error {
	switch kind {
	case frameData:
		f.left = n
		if f.total += int64(n); f.total > f.limit {
			return errResultSize
		}
		return nil
	case frameTotal:
		return readPayload(f.r, n, &f.matches)
	case frameFailure:
		f.failure = &failure{}
		if err := readPayload(f.r, n, f.failure); err != nil {
			f.failure = nil
			return err
		}
		return errFailed
	case frameDone:
		f.done = &done{}
		if err := readPayload(f.r, n, f.done); err != nil {
			f.done = nil
			return err
		}
		return io.EOF
	}
	return fmt.Errorf("frame %q in a result", kind)
}

func (f *frameReader) Read(p []byte) (int, error) {
	for f.left == 0 {
		kind, n, err := readHead(f.r)
		if err != nil {
			return 0, cutShort(err)
		}
		if err := f.enter(kind, n); err != nil {
			return 0, err
		}
	}
	n, err := f.r.Read(p[:min(len(p), f.left)])
	f.left -= n
	return n, cutShort(err)
}

// cutShort is the error of a pipe that ended between frames or within one: only
// done ends a result.
func cutShort(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
