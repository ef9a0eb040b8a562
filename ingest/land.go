package ingest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/arrow/memory/mallocator"

	"govdata/catalog"
	"govdata/ingest/decode"
)

// table is one table of one file, with what it was found to hold.
type table struct {
	file   string // as the sender called it
	table  decode.Table
	layout *layout
	source int // index in Report.Files
}

func (t *table) name() string { return t.table.Name() }

// batchRows rows go through the rules and into DuckDB together.
const batchRows = 8192

// batch is a run of rows of one table on their way. The decoder fills cells,
// a worker makes a record of it, and the reader hands that to DuckDB in order.
type batch struct {
	table *table
	index int // of the table
	lines []int64
	// cells holds the text of the wanted columns, row by row; ends says where
	// each one ends.
	cells []byte
	ends  []int
	// extra lists the rows that have text beyond the header's last column.
	extra map[int]string

	record  arrow.RecordBatch
	rejects []Reject
	done    chan struct{}
}

func (b *batch) add(line int64, row [][]byte, columns []int) {
	b.lines = append(b.lines, line)
	for _, col := range columns {
		if col >= 0 && col < len(row) {
			b.cells = append(b.cells, row[col]...)
		}
		b.ends = append(b.ends, len(b.cells))
	}
}

// landing streams the rows of tables as text that keeps every rule of a single
// cell, in columns _table, _line and one per public field: decoded by one
// goroutine, checked by as many as there are cores, read in file order by
// DuckDB. Rows that break a rule go to rejects instead. It implements
// array.RecordReader; after the last record, Err, rows and the layouts' skips
// are complete.
type landing struct {
	ctx     context.Context
	cancel  context.CancelCauseFunc
	dataset *catalog.Dataset
	tables  []*table
	schema  *arrow.Schema
	memory  memory.Allocator // C memory, because DuckDB reads it
	rejects *rejectWriter
	rows    []int64 // by table; complete when the stream is

	queue   chan *batch // in file order
	work    chan *batch
	free    sync.Pool
	workers sync.WaitGroup
	current arrow.RecordBatch
	err     error
	refs    atomic.Int64
}

func newLanding(ctx context.Context, d *catalog.Dataset, tables []*table, rejects *rejectWriter) *landing {
	fields := []arrow.Field{{Name: "_table", Type: arrow.PrimitiveTypes.Int32}, {Name: "_line", Type: arrow.PrimitiveTypes.Int64}}
	for _, f := range d.Public() {
		fields = append(fields, arrow.Field{Name: f.Name, Type: arrow.BinaryTypes.String, Nullable: true})
	}
	n := runtime.GOMAXPROCS(0)
	l := &landing{
		memory:  mallocator.NewMallocator(),
		dataset: d, tables: tables, rejects: rejects, rows: make([]int64, len(tables)),
		schema: arrow.NewSchema(fields, nil), queue: make(chan *batch, 2*n), work: make(chan *batch, 2*n),
	}
	l.refs.Store(1)
	l.ctx, l.cancel = context.WithCancelCause(ctx)
	l.free.New = func() any { return new(batch) }
	for range n {
		l.workers.Go(l.check)
	}
	go l.decode()
	return l
}

// decode reads the tables one after the other and cuts them into batches.
func (l *landing) decode() {
	defer close(l.queue)
	defer close(l.work)
	for i, t := range l.tables {
		if err := l.decodeTable(i, t); err != nil {
			l.cancel(err)
			return
		}
	}
}

func (l *landing) decodeTable(index int, t *table) error {
	var required []int
	for i := range l.dataset.Fields {
		if l.dataset.Fields[i].Required {
			required = append(required, t.layout.source[i])
		}
	}
	b := l.batch(index, t)
	for {
		line, cells, err := t.next()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
		if why := t.layout.classify(cells, required); why != "" {
			t.layout.skip(t.name(), line, why, texts(cells))
			continue
		}
		if len(cells) > t.layout.width {
			if beyond := bytes.TrimSpace(bytes.Join(cells[t.layout.width:], []byte(" "))); len(beyond) > 0 {
				if b.extra == nil {
					b.extra = map[int]string{}
				}
				b.extra[len(b.lines)] = string(beyond)
			}
		}
		b.add(line, cells, t.layout.source)
		if len(b.lines) == batchRows || len(b.cells) > 8<<20 {
			if err := l.send(b); err != nil {
				return err
			}
			b = l.batch(index, t)
		}
	}
	return l.send(b)
}

// next returns the rows that detect read ahead, then the table's own.
func (t *table) next() (int64, [][]byte, error) {
	if len(t.layout.ahead) > 0 {
		r := t.layout.ahead[0]
		t.layout.ahead = t.layout.ahead[1:]
		cells := make([][]byte, len(r.cells))
		for i, c := range r.cells {
			cells[i] = []byte(c)
		}
		return r.line, cells, nil
	}
	r, err := t.table.Next()
	return r.Line, r.Cells, err
}

func texts(cells [][]byte) []string {
	s := make([]string, len(cells))
	for i, c := range cells {
		s[i] = string(c)
	}
	return s
}

func (l *landing) batch(index int, t *table) *batch {
	b := l.free.Get().(*batch)
	*b = batch{table: t, index: index, lines: b.lines[:0], cells: b.cells[:0], ends: b.ends[:0], done: make(chan struct{})}
	return b
}

func (l *landing) send(b *batch) error {
	l.rows[b.index] += int64(len(b.lines))
	if len(b.lines) == 0 {
		return nil
	}
	select {
	case l.queue <- b:
	case <-l.ctx.Done():
		return context.Cause(l.ctx)
	}
	l.work <- b // never blocks for long: every queued batch is worked on
	return nil
}

// check turns batches into records until there are no more.
func (l *landing) check() {
	builder := array.NewRecordBuilder(l.memory, l.schema)
	defer builder.Release()
	rules := map[*table][]rule{}
	for b := range l.work {
		if l.ctx.Err() == nil {
			if rules[b.table] == nil {
				rules[b.table] = rulesOf(l.dataset, b.table.layout)
			}
			b.check(l.dataset, rules[b.table], builder)
		}
		close(b.done)
	}
}

func (b *batch) check(d *catalog.Dataset, rules []rule, builder *array.RecordBuilder) {
	type cell struct {
		value string
		null  bool
	}
	row := make([]cell, len(rules))
	tables, lines := builder.Field(0).(*array.Int32Builder), builder.Field(1).(*array.Int64Builder)
	columns := make([]*array.StringBuilder, len(rules))
	at := 2
	for i := range rules {
		if d.Fields[i].Privacy == catalog.PrivacyDrop {
			continue
		}
		columns[i] = builder.Field(at).(*array.StringBuilder)
		columns[i].Reserve(len(b.lines))
		at++
	}
	start, end := 0, 0
	// The cells stay as they are until the record is built, and the builders
	// copy what they are given, so that strings may borrow the bytes.
	text := unsafe.String(unsafe.SliceData(b.cells), len(b.cells))
	for r, line := range b.lines {
		good := true
		for i := range rules {
			start, end = end, b.ends[r*len(rules)+i]
			value, null, err := rules[i](text[start:end])
			row[i] = cell{value, null}
			if err != nil {
				good = false
				b.rejects = append(b.rejects, b.table.reject(line, d, i, text[start:end], err))
			}
		}
		if beyond, ok := b.extra[r]; ok {
			good = false
			b.rejects = append(b.rejects, b.table.reject(line, d, -1, beyond, errTooManyCells))
		}
		if !good {
			continue
		}
		tables.Append(int32(b.index))
		lines.Append(line)
		for i, c := range row {
			switch {
			case columns[i] == nil:
			case c.null:
				columns[i].AppendNull()
			default:
				columns[i].Append(c.value)
			}
		}
	}
	b.record = builder.NewRecordBatch()
}

// Schema implements array.RecordReader.
func (l *landing) Schema() *arrow.Schema { return l.schema }

// Next implements array.RecordReader: it moves to the next batch in file order.
func (l *landing) Next() bool {
	if l.current != nil {
		l.current.Release()
		l.current = nil
	}
	if l.err != nil {
		return false
	}
	b, ok := <-l.queue
	if ok {
		<-b.done
		if err := l.rejects.write(b.rejects); err != nil {
			l.cancel(err)
		}
	}
	if l.ctx.Err() != nil {
		l.err = context.Cause(l.ctx)
		if ok && b.record != nil {
			b.record.Release()
		}
		return false
	}
	if !ok {
		return false
	}
	l.current, b.record = b.record, nil
	l.free.Put(b)
	return true
}

// RecordBatch implements array.RecordReader.
func (l *landing) RecordBatch() arrow.RecordBatch { return l.current }

// Record implements array.RecordReader.
func (l *landing) Record() arrow.RecordBatch { return l.current }

// Err implements array.RecordReader.
func (l *landing) Err() error { return l.err }

// Retain implements array.RecordReader.
func (l *landing) Retain() { l.refs.Add(1) }

// Release implements array.RecordReader. It ends all work on the stream.
func (l *landing) Release() {
	if l.refs.Add(-1) > 0 {
		return
	}
	if l.current != nil {
		l.current.Release()
		l.current = nil
	}
	l.cancel(errors.New("landing was given up"))
	for b := range l.queue {
		<-b.done
		if b.record != nil {
			b.record.Release()
		}
	}
	l.workers.Wait()
}

// reject says what is wrong with the value of a field (or, where field is
// negative, with the whole row) on a line of t.
func (t *table) reject(line int64, d *catalog.Dataset, field int, value string, err error) Reject {
	r := Reject{File: t.file, Table: t.name(), Line: line, Value: strings.Clone(value)}
	if field >= 0 {
		r.Field = d.Fields[field].Name
		if col := t.layout.source[field]; col >= 0 {
			r.Column, r.Header = col+1, t.layout.columns[col].Header
		}
	}
	r.explain(err)
	return r
}
