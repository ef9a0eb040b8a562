package ingest

import (
	"context"
	"errors"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/arrow/memory/mallocator"

	"govdata/catalog"
	"govdata/ingest/normalise"
)

// batchRows rows go through the rules and into DuckDB together.
const batchRows = 8192

// batch is a run of rows of one table on their way. The decoder fills cells,
// a worker makes a record of it, and the reader hands that to DuckDB in order.
type batch struct {
	table *table
	// first is the number of the first row among all of the ingest, from 0.
	first int64
	lines []int64
	// cells holds the text of the rows' cells; ends says where each one ends,
	// and rows how many of them there are up to the end of each row.
	cells []byte
	ends  []int
	rows  []int
	// slipped are the numbers of rows here whose cells stand in wrong columns.
	slipped []int

	record  arrow.RecordBatch
	rejects []rejected
	done    chan struct{}
}

func (b *batch) add(line int64, row [][]byte) {
	b.lines = append(b.lines, line)
	for _, c := range row {
		b.cells = append(b.cells, c...)
		b.ends = append(b.ends, len(b.cells))
	}
	b.rows = append(b.rows, len(b.ends))
}

// batchRow is one row of a batch. The cells borrow the batch's bytes.
type batchRow struct {
	text string
	ends []int
	from int // where the first cell begins
}

func (b *batch) row(text string, i int) batchRow {
	begin := 0
	if i > 0 {
		begin = b.rows[i-1]
	}
	r := batchRow{text: text, ends: b.ends[begin:b.rows[i]]}
	if begin > 0 {
		r.from = b.ends[begin-1]
	}
	return r
}

// cell returns the cell of a column, empty where the row has none.
func (r *batchRow) cell(col int) string {
	switch {
	case col < 0 || col >= len(r.ends):
		return ""
	case col == 0:
		return r.text[r.from:r.ends[0]]
	}
	return r.text[r.ends[col-1]:r.ends[col]]
}

// all copies the cells.
func (r *batchRow) all() []string {
	cells := make([]string, len(r.ends))
	for i := range cells {
		cells[i] = strings.Clone(r.cell(i))
	}
	return cells
}

// beyond is the text behind the header's last column.
func (r *batchRow) beyond(width int) string {
	var parts []string
	for i := width; i < len(r.ends); i++ {
		if c := strings.TrimSpace(r.cell(i)); c != "" {
			parts = append(parts, c)
		}
	}
	return strings.Join(parts, " ")
}

// landing streams the rows of tables as typed values that keep every rule of a
// single cell, in columns _table, _line, _row and one per public field: decoded by one
// goroutine, checked by as many as there are cores, read in file order by
// DuckDB. Rows that break a rule go to rejects instead. It implements
// array.RecordReader; after the last record, Err and the tables' rows, cells
// and plans are complete.
type landing struct {
	ctx     context.Context
	cancel  context.CancelCauseFunc
	dataset *catalog.Dataset
	schema  *arrow.Schema
	memory  memory.Allocator // C memory, because DuckDB reads it
	rejects *rejectWriter

	queue   chan *batch // in file order
	work    chan *batch
	free    sync.Pool
	workers sync.WaitGroup
	merge   sync.Mutex // guards the tables' cells
	current arrow.RecordBatch
	err     error
	refs    atomic.Int64
}

func newLanding(ctx context.Context, d *catalog.Dataset, walk walk, rejects *rejectWriter) *landing {
	fields := []arrow.Field{{Name: "_table", Type: arrow.PrimitiveTypes.Int32}, {Name: "_line", Type: arrow.PrimitiveTypes.Int64}, {Name: "_row", Type: arrow.PrimitiveTypes.Int64}}
	for _, f := range landed(d) {
		fields = append(fields, arrow.Field{Name: f.Name, Type: arrowType(f.Type), Nullable: true})
	}
	n := runtime.GOMAXPROCS(0)
	l := &landing{
		memory:  mallocator.NewMallocator(),
		dataset: d, rejects: rejects,
		schema: arrow.NewSchema(fields, nil), queue: make(chan *batch, 2*n), work: make(chan *batch, 2*n),
	}
	l.refs.Store(1)
	l.ctx, l.cancel = context.WithCancelCause(ctx)
	l.free.New = func() any { return new(batch) }
	for range n {
		l.workers.Go(l.check)
	}
	go l.decode(walk)
	return l
}

// decode cuts the tables into batches.
func (l *landing) decode(walk walk) {
	defer close(l.queue)
	defer close(l.work)
	if err := walk(l.decodeTable); err != nil {
		l.cancel(err)
	}
}

func (l *landing) decodeTable(t *table, row int64) error {
	b := l.batch(t, row)
	for {
		line, cells, err := t.block.Next()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
		if t.block.Slipped() {
			b.slipped = append(b.slipped, len(b.lines))
		}
		b.add(line, cells)
		t.rows++
		if len(b.lines) == batchRows || len(b.cells) > 8<<20 {
			if err := l.send(b); err != nil {
				return err
			}
			b = l.batch(t, row+t.rows)
		}
	}
	return l.send(b)
}

func (l *landing) batch(t *table, first int64) *batch {
	b := l.free.Get().(*batch)
	*b = batch{table: t, first: first, lines: b.lines[:0], cells: b.cells[:0], ends: b.ends[:0], rows: b.rows[:0], slipped: b.slipped[:0], done: make(chan struct{})}
	return b
}

func (l *landing) send(b *batch) error {
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
	columns := columnsOf(l.dataset, builder)
	checkers := map[*table]*checker{}
	for b := range l.work {
		if l.ctx.Err() == nil {
			if checkers[b.table] == nil {
				checkers[b.table] = newChecker(l.dataset, b.table)
			}
			if err := checkers[b.table].check(b, builder, columns); err != nil {
				l.cancel(err)
			}
		}
		close(b.done)
	}
	l.merge.Lock()
	defer l.merge.Unlock()
	for t, c := range checkers {
		for i := range c.cells {
			t.cells[i].add(&c.cells[i])
			if c.guards[i].kind != unguarded {
				t.guards[i].merge(&c.guards[i])
			}
		}
	}
}

// checker applies the rules of a dataset to the rows of one table.
type checker struct {
	dataset *catalog.Dataset
	table   *table
	rules   []rule
	cells   []CellReport // by field
	width   int
	row     []checked
	// names are the fields with names of persons, prose those with free text
	// in which these names may stand as well.
	names, prose []int
	guards       []guard // by field
}

type checked struct {
	value string
	null  bool
}

func newChecker(d *catalog.Dataset, t *table) *checker {
	c := &checker{dataset: d, table: t, rules: rulesOf(d, t.columns, t.source), cells: make([]CellReport, len(d.Fields)),
		width: t.block.Width(), row: make([]checked, len(d.Fields)), guards: guardsOf(d, t)}
	for i, f := range d.Fields {
		switch {
		case f.Privacy == catalog.PrivacyName, f.Privacy == catalog.PrivacyParty, f.Semantic == catalog.PersonName:
			c.names = append(c.names, i)
		case f.Privacy == catalog.PrivacyFree:
			c.prose = append(c.prose, i)
		}
	}
	return c
}

// landed returns the fields that land. One that is dropped does so only where
// a condition may ask for it; it goes no further than the private area.
func landed(d *catalog.Dataset) []catalog.Field {
	if slices.ContainsFunc(d.Withhold, func(w catalog.Withhold) bool { return w.Rows != "" }) {
		return d.Fields
	}
	return d.Sent()
}

// columnsOf returns the columns of a record by field; nil for those that do not land.
func columnsOf(d *catalog.Dataset, builder *array.RecordBuilder) []*typed {
	columns := make([]*typed, len(d.Fields))
	at := 3
	lands := landed(d)
	for i := range d.Fields {
		if f := &d.Fields[i]; at-3 < len(lands) && lands[at-3].Name == f.Name {
			columns[i] = newTyped(f, builder.Field(at))
			at++
		}
	}
	return columns
}

func (c *checker) check(b *batch, builder *array.RecordBuilder, columns []*typed) error {
	tables, lines, rows := builder.Field(0).(*array.Int32Builder), builder.Field(1).(*array.Int64Builder), builder.Field(2).(*array.Int64Builder)
	builder.Reserve(len(b.lines))
	for _, column := range columns {
		if column != nil {
			column.reserve(len(b.lines))
		}
	}
	// The cells stay as they are until the record is built, and the builders
	// copy what they are given, so that strings may borrow the bytes.
	text := unsafe.String(unsafe.SliceData(b.cells), len(b.cells))
	for n, line := range b.lines {
		row := b.row(text, n)
		rejects := c.checkRow(&row, line, b.first+int64(n))
		if len(b.slipped) > 0 && slices.Contains(b.slipped, n) {
			rejects = append(rejects, c.table.reject(line, b.first+int64(n), c.dataset, -1, row.beyond(0), errSlipped))
		}
		if len(rejects) > 0 {
			b.rejects = append(b.rejects, rejected{table: c.table, number: b.first + int64(n), cells: row.all(), why: rejects})
			continue
		}
		tables.Append(int32(c.table.number))
		lines.Append(line)
		rows.Append(b.first + int64(n))
		for i, cell := range c.row {
			switch column := columns[i]; {
			case column == nil:
			case cell.null:
				column.AppendNull()
			default:
				if err := column.add(cell.value); err != nil {
					return notCanonical(&c.dataset.Fields[i], cell.value, err)
				}
			}
		}
	}
	for _, column := range columns {
		if column != nil {
			column.done()
		}
	}
	b.record = builder.NewRecordBatch()
	return nil
}

// checkRow fills c.row and returns why the row cannot be published, if so.
func (c *checker) checkRow(row *batchRow, line, number int64) (rejects []Reject) {
	for i, rule := range c.rules {
		cell := row.cell(c.table.source[i])
		value, null, err := rule(cell)
		if normalise.Damaged(cell) {
			c.cells[i].Damaged++
		}
		secret := c.dataset.Fields[i].Privacy != catalog.PrivacyNone
		if g := &c.guards[i]; g.kind != unguarded && err == nil && !null {
			var found bool
			if value, found, err = g.pass(value); found {
				secret = true
				c.cells[i].Personal++
			}
		}
		c.row[i] = checked{value, null}
		if err != nil {
			rejects = append(rejects, c.table.reject(line, number, c.dataset, i, cell, err))
		} else if value != cell {
			c.cells[i].note(cell, value, null, secret)
		}
	}
	if len(c.prose) > 0 {
		c.hideNames(row)
	}
	if len(row.ends) > c.width {
		if beyond := row.beyond(c.width); beyond != "" {
			rejects = append(rejects, c.table.reject(line, number, c.dataset, -1, beyond, errTooManyCells))
		}
	}
	return rejects
}

// hideNames masks in a row's free text the names of persons that stand in its
// other fields.
func (c *checker) hideNames(row *batchRow) {
	for _, i := range c.names {
		cell := row.cell(c.table.source[i])
		if kept := cell == c.row[i].value && c.dataset.Fields[i].Privacy != catalog.PrivacyDrop; cell == "" || c.row[i].null || kept {
			continue
		}
		for _, name := range normalise.PersonNames(cell) {
			for _, j := range c.prose {
				if text := &c.row[j]; !text.null && strings.Contains(text.value, name) {
					text.value = strings.ReplaceAll(text.value, name, normalise.MaskName(name))
				}
			}
		}
	}
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
func (t *table) reject(line, number int64, d *catalog.Dataset, field int, value string, err error) Reject {
	r := Reject{File: t.file, Table: t.name(), Line: line, Row: number + 1, Value: strings.Clone(value)}
	if field >= 0 {
		r.Field = d.Fields[field].Name
		if col := t.source[field]; col >= 0 {
			r.Column, r.Header = col+1, t.columns[col].Header
		}
	}
	r.explain(err)
	return r
}

// fields are those that the table has a column for.
func (t *table) fields() []string {
	var names []string
	for _, c := range t.columns {
		if c.Field != "" {
			names = append(names, c.Field)
		}
	}
	slices.Sort(names)
	return names
}
