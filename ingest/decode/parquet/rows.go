package parquet

import (
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
)

// Rows streams the rows of a file.
type Rows struct {
	file  *File
	nodes []*node // a cell each
	all   []*leaf
	batch int
	unpacker

	group int   // the next row group
	left  int64 // rows of the one being read
	row   int64 // the number given last
	given int64 // bytes of text and cells
	err   error

	spans []span
	arena []byte
	cells [][]byte
	begin int    // of the cell being read, in the arena
	text  []byte // on its way into JSON
}

// span is where in the arena the text of a cell lies; null is no text.
type span struct {
	from, to int
	null     bool
}

// Rows begins a stream. The caller closes it.
func (f *File) Rows() (r *Rows, err error) {
	defer recovered(&err)
	columns, most := f.meta.Schema.NumColumns(), int64(0)
	for _, g := range f.meta.RowGroups {
		most = max(most, g.NumRows)
	}
	batch := max(64, min(batchSize, maxBatch/columns, int(most)))
	r = &Rows{file: f, batch: batch, unpacker: unpacker{r: f.r}}
	for i := range columns {
		l, err := newLeaf(f.meta.Schema.Column(i), r.batch)
		if err != nil {
			return nil, err
		}
		r.all = append(r.all, l)
	}
	t := tree{leaves: r.all}
	for i, root := 0, f.meta.Schema.Root(); i < root.NumFields(); i++ {
		r.nodes = append(r.nodes, t.field(root.Field(i), 0, 0))
	}
	return r, nil
}

// Read returns how many bytes of pages have been read.
func (r *Rows) Read() int64 { return r.read }

// Close ends the stream.
func (r *Rows) Close() error {
	if r.zstd != nil {
		r.zstd.Close()
	}
	r.err = io.ErrClosedPipe
	return nil
}

// Next returns the next row: its number and its cells as text. The first, with
// number 1, is the header, and the rows of the file follow from 2 on, as the
// lines of the same table would in CSV. A null is nil, an empty text is empty
// but not nil. Lists, structures and maps are JSON. The cells are valid until
// the next call and must not be changed. After the last row the error is
// io.EOF.
func (r *Rows) Next() (number int64, cells [][]byte, err error) {
	if r.err == nil {
		if r.err = r.next(); r.err == nil {
			r.row++
			return r.row, r.cells, nil
		}
		if !errors.Is(r.err, io.EOF) {
			r.err = fmt.Errorf("row %d: %w", r.row+1, r.err)
		}
	}
	return 0, nil, r.err
}

func (r *Rows) next() (err error) {
	defer recovered(&err)
	if r.row == 0 {
		for _, name := range r.file.columns {
			r.cells = append(r.cells, []byte(name))
		}
		return nil
	}
	for r.left == 0 {
		if err := r.nextGroup(); err != nil {
			return err
		}
	}
	r.left--
	r.spans, r.arena = r.spans[:0], r.arena[:0]
	for _, n := range r.nodes {
		if err := r.readCell(n); err != nil {
			return err
		}
	}
	r.cut()
	if r.given += int64(len(r.arena) + len(r.spans)); r.given > r.file.options.MaxBytes {
		return fmt.Errorf("%w: rows of more than %d bytes", ErrBomb, r.file.options.MaxBytes)
	}
	return nil
}

// readCell appends the cell that a field of the top level is in the row.
func (r *Rows) readCell(n *node) error {
	r.begin = len(r.arena)
	lead := n.leaves[0]
	if lead.pos == lead.n || lead.reps != nil {
		if err := r.want(lead); err != nil {
			return err
		}
		if lead.rep() != 0 {
			return lead.wrong(fmt.Errorf("a row that begins within a list"))
		}
	}
	null := n.optional && lead.def() < n.def
	var err error
	switch {
	case null:
		err = r.pass(n)
	case n.shape == valueShape:
		var i int
		if i, err = lead.next(); err == nil && i >= 0 {
			r.arena, err = lead.values.append(r.arena, i)
		}
	default:
		r.arena, err = r.appendJSON(r.arena, n)
	}
	switch limit := r.file.options.MaxCell; {
	case err != nil:
		return err
	case len(r.arena)-r.begin > limit:
		return r.tooLong()
	case len(r.arena) > 4*limit:
		return fmt.Errorf("%w: a row of more than %d bytes", ErrLimit, 4*limit)
	}
	r.spans = append(r.spans, span{r.begin, len(r.arena), null})
	return nil
}

func (r *Rows) tooLong() error {
	return fmt.Errorf("%w: a cell of more than %d bytes", ErrLimit, r.file.options.MaxCell)
}

// cut cuts the row into cells.
func (r *Rows) cut() {
	r.cells = r.cells[:0]
	if r.arena == nil {
		r.arena = []byte{}
	}
	for _, s := range r.spans {
		if s.null {
			r.cells = append(r.cells, nil)
			continue
		}
		r.cells = append(r.cells, r.arena[s.from:s.to:s.to])
	}
}

// nextGroup moves to the next row group.
func (r *Rows) nextGroup() error {
	if r.group > 0 {
		if err := r.endGroup(); err != nil {
			return err
		}
	}
	if r.group == len(r.file.meta.RowGroups) {
		return io.EOF
	}
	group := r.file.meta.RowGroup(r.group)
	r.group++
	r.left = group.NumRows()
	for i, l := range r.all {
		chunk, err := group.ColumnChunk(i)
		if err != nil {
			return l.wrong(err)
		}
		l.pages = &pages{unpacker: &r.unpacker, column: l.column, codec: chunk.Compression(), pos: startOf(chunk), end: r.file.end, values: chunk.NumValues(), data: l.data, plain: l.plain}
		//lint:ignore SA1019 There is no other way to hand it pages of one's own.
		// What makes it unsafe, pages that break its rules, is what pages does not do.
		l.reader = file.NewColumnReader(l.column, l.pages, memory.DefaultAllocator, new(sync.Pool))
		if l.reader == nil || !l.values.bind(l.reader) {
			return l.wrong(fmt.Errorf("values of another type"))
		}
		l.n, l.pos, l.have, l.used, l.ended = 0, 0, 0, 0, false
	}
	return nil
}

// endGroup checks that no column goes on after the last row, and lets go of its
// dictionaries.
func (r *Rows) endGroup() error {
	for _, l := range r.all {
		if err := l.load(r.batch); err != nil {
			return err
		}
		if !l.ended {
			return l.wrong(fmt.Errorf("more values than rows"))
		}
		l.data, l.plain = l.pages.data, l.pages.plain
		r.held -= l.pages.dictionary
	}
	return nil
}

// wrong makes an error one about the file, unless it is one already.
func wrong(err error) error {
	for _, known := range []error{ErrCorrupt, ErrLimit, ErrUnsupported} {
		if errors.Is(err, known) {
			return err
		}
	}
	return fmt.Errorf("%w: %w", ErrCorrupt, err)
}
