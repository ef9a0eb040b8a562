package query

import (
	"encoding/binary"
	"math"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
	"github.com/apache/arrow-go/v18/arrow/memory"
	duckdb "github.com/duckdb/duckdb-go-bindings"
)

const (
	// gatherRows is how many rows a batch has at least that is put together from
	// several chunks, where so many come.
	gatherRows = 4096
	// gatherBytes of text are enough for a batch of fewer rows.
	gatherBytes = 1 << 20
)

// form says how a column's values lie in DuckDB's vectors, and so how they
// become Arrow's.
type form struct {
	kind formKind
	// width of a value in a vector, in bytes.
	width int
}

type formKind int

const (
	formFixed   formKind = iota // as in Arrow
	formBoolean                 // a byte each, in Arrow a bit
	formDecimal                 // narrower than Arrow's 16 bytes
	formText
)

// formsOf returns the forms of columns of these types, nil where DuckDB itself
// has to turn one of them into Arrow.
func formsOf(types []duckdb.LogicalType, schema *arrow.Schema) []form {
	forms := make([]form, len(types))
	for i, t := range types {
		id, to := duckdb.GetTypeId(t), schema.Field(i).Type
		if id == duckdb.TypeDecimal {
			id = duckdb.DecimalInternalType(t)
			widths := map[duckdb.Type]int{duckdb.TypeSmallInt: 2, duckdb.TypeInteger: 4, duckdb.TypeBigInt: 8}
			if width, ok := widths[id]; ok && to.ID() == arrow.DECIMAL128 {
				forms[i] = form{formDecimal, width}
				continue
			}
			if id == duckdb.TypeHugeInt && to.ID() == arrow.DECIMAL128 {
				forms[i] = form{formFixed, arrow.Decimal128SizeBytes}
				continue
			}
			return nil
		}
		known, ok := map[duckdb.Type]struct {
			to   arrow.Type
			form form
		}{
			duckdb.TypeBoolean:     {arrow.BOOL, form{formBoolean, 1}},
			duckdb.TypeTinyInt:     {arrow.INT8, form{formFixed, 1}},
			duckdb.TypeSmallInt:    {arrow.INT16, form{formFixed, 2}},
			duckdb.TypeInteger:     {arrow.INT32, form{formFixed, 4}},
			duckdb.TypeBigInt:      {arrow.INT64, form{formFixed, 8}},
			duckdb.TypeUTinyInt:    {arrow.UINT8, form{formFixed, 1}},
			duckdb.TypeUSmallInt:   {arrow.UINT16, form{formFixed, 2}},
			duckdb.TypeUInteger:    {arrow.UINT32, form{formFixed, 4}},
			duckdb.TypeUBigInt:     {arrow.UINT64, form{formFixed, 8}},
			duckdb.TypeHugeInt:     {arrow.DECIMAL128, form{formFixed, arrow.Decimal128SizeBytes}},
			duckdb.TypeFloat:       {arrow.FLOAT32, form{formFixed, 4}},
			duckdb.TypeDouble:      {arrow.FLOAT64, form{formFixed, 8}},
			duckdb.TypeDate:        {arrow.DATE32, form{formFixed, 4}},
			duckdb.TypeTimestamp:   {arrow.TIMESTAMP, form{formFixed, 8}},
			duckdb.TypeTimestampTZ: {arrow.TIMESTAMP, form{formFixed, 8}},
			duckdb.TypeVarchar:     {arrow.STRING, form{formText, textWidth}},
		}[id]
		if !ok || known.to != to.ID() {
			return nil
		}
		forms[i] = known.form
	}
	return forms
}

// A text in a vector: its length, and behind it the bytes themselves where they
// are few, else four of them and where all are.
const (
	textWidth  = 16
	textInline = 12
)

// chunk is one of DuckDB's, with what gather wants to know of it.
type chunk struct {
	duckdb.DataChunk
	rows    int
	columns []vector
}

type vector struct {
	data unsafe.Pointer
	// valid has a bit for each row, nil where no value is missing.
	valid []byte
	// bytes of all texts.
	bytes int
}

func (c *chunk) close() { duckdb.DestroyDataChunk(&c.DataChunk) }

// measure looks at the columns of a chunk, and returns the bytes of its texts.
func (c *chunk) measure(forms []form) (texts int) {
	c.rows = int(duckdb.DataChunkGetSize(c.DataChunk))
	c.columns = make([]vector, len(forms))
	for i, f := range forms {
		v := duckdb.DataChunkGetVector(c.DataChunk, duckdb.IdxT(i))
		column := vector{data: duckdb.VectorGetData(v)}
		if mask := duckdb.VectorGetValidity(v); mask != nil {
			column.valid = unsafe.Slice((*byte)(mask), (c.rows+7)/8)
			if bitutil.CountSetBits(column.valid, 0, c.rows) == c.rows {
				column.valid = nil
			}
		}
		if f.kind == formText {
			for row := range c.rows {
				if column.valid == nil || bitutil.BitIsSet(column.valid, row) {
					column.bytes += int(*(*uint32)(unsafe.Add(column.data, row*textWidth)))
				}
			}
			texts += column.bytes
		}
		c.columns[i] = column
	}
	return texts
}

// gather makes one batch of the rows of chunks, whose memory is not used
// afterwards. It fails where the texts of a column are too many for one.
func gather(schema *arrow.Schema, forms []form, chunks []chunk) (arrow.RecordBatch, error) {
	rows := 0
	for _, c := range chunks {
		rows += c.rows
	}
	// Where everything lies in one piece of memory.
	type layout struct{ valid, offsets, data, size, missing int }
	layouts := make([]layout, len(forms))
	total := 0
	room := func(bytes int) (at int) {
		at = total
		total += (bytes + 63) &^ 63
		return at
	}
	for i, f := range forms {
		l := &layouts[i]
		l.valid = -1
		for _, c := range chunks {
			if v := c.columns[i].valid; v != nil {
				l.missing += c.rows - bitutil.CountSetBits(v, 0, c.rows)
			}
			l.size += c.columns[i].bytes
		}
		if l.missing > 0 {
			l.valid = room((rows + 7) / 8)
		}
		switch f.kind {
		case formText:
			if l.size > math.MaxInt32 {
				return nil, &duckError{Type: "Invalid Input", Message: "the texts of one column, in a few thousand rows, have more than 2 GiB"}
			}
			l.offsets = room((rows + 1) * 4)
		case formBoolean:
			l.size = (rows + 7) / 8
		case formDecimal:
			l.size = rows * arrow.Decimal128SizeBytes
		case formFixed:
			l.size = rows * f.width
		}
		l.data = room(l.size)
	}
	a := newSlab(total)
	defer a.Free(nil)
	arrays := make([]arrow.Array, len(forms))
	for i, f := range forms {
		l := layouts[i]
		buffers := make([]*memory.Buffer, 0, 3)
		if l.valid < 0 {
			buffers = append(buffers, nil)
		} else {
			bits := a.bytes[l.valid : l.valid+(rows+7)/8]
			clear(bits)
			at := 0
			for _, c := range chunks {
				if v := c.columns[i].valid; v != nil {
					bitutil.CopyBitmap(v, 0, c.rows, bits, at)
				} else {
					bitutil.SetBitsTo(bits, int64(at), int64(c.rows), true)
				}
				at += c.rows
			}
			buffers = append(buffers, a.buffer(bits))
		}
		data := a.bytes[l.data : l.data+l.size]
		switch f.kind {
		case formText:
			offsets := a.bytes[l.offsets : l.offsets+(rows+1)*4]
			copyTexts(chunks, i, offsets, data)
			buffers = append(buffers, a.buffer(offsets))
		case formBoolean:
			clear(data)
			at := 0
			for _, c := range chunks {
				for _, v := range unsafe.Slice((*byte)(c.columns[i].data), c.rows) {
					bitutil.SetBitTo(data, at, v != 0)
					at++
				}
			}
		case formDecimal:
			widen128(chunks, i, f.width, data)
		case formFixed:
			at := 0
			for _, c := range chunks {
				at += copy(data[at:], unsafe.Slice((*byte)(c.columns[i].data), c.rows*f.width))
			}
		}
		buffers = append(buffers, a.buffer(data))
		column := array.NewData(schema.Field(i).Type, rows, buffers, nil, l.missing, 0)
		for _, b := range buffers {
			if b != nil {
				b.Release() // the column holds it
			}
		}
		arrays[i] = array.MakeFromData(column)
		column.Release()
	}
	batch := array.NewRecordBatch(schema, arrays, int64(rows))
	for _, column := range arrays {
		column.Release() // the batch holds it
	}
	return batch, nil
}

// copyTexts puts the texts of column i behind one another.
func copyTexts(chunks []chunk, i int, offsets, data []byte) {
	at, row := 0, 0
	for _, c := range chunks {
		v := c.columns[i]
		for n := range c.rows {
			binary.NativeEndian.PutUint32(offsets[row*4:], uint32(at))
			row++
			if v.valid != nil && !bitutil.BitIsSet(v.valid, n) {
				continue
			}
			text := unsafe.Add(v.data, n*textWidth)
			size := int(*(*uint32)(text))
			from := unsafe.Add(text, 4)
			if size > textInline {
				from = *(*unsafe.Pointer)(unsafe.Add(text, 8))
			}
			at += copy(data[at:], unsafe.Slice((*byte)(from), size))
		}
	}
	binary.NativeEndian.PutUint32(offsets[row*4:], uint32(at))
}

// widen128 makes 16 bytes of each value of column i.
func widen128(chunks []chunk, i, width int, data []byte) {
	at := 0
	for _, c := range chunks {
		v := c.columns[i].data
		for row := range c.rows {
			var n int64
			switch width {
			case 2:
				n = int64(*(*int16)(unsafe.Add(v, row*2)))
			case 4:
				n = int64(*(*int32)(unsafe.Add(v, row*4)))
			case 8:
				n = *(*int64)(unsafe.Add(v, row*8))
			}
			binary.LittleEndian.PutUint64(data[at:], uint64(n))
			binary.LittleEndian.PutUint64(data[at+8:], uint64(n>>63))
			at += arrow.Decimal128SizeBytes
		}
	}
}

// slab is the memory of one batch, which goes to the next one when the last
// buffer in it is released.
type slab struct {
	bytes []byte
	users atomic.Int64
}

var _ memory.Allocator = (*slab)(nil)

var slabs = sync.Pool{New: func() any { return new(slab) }}

// newSlab has one user. What its bytes are is not known.
func newSlab(size int) *slab {
	a := slabs.Get().(*slab)
	if cap(a.bytes) < size {
		a.bytes = make([]byte, size+size/4)
	}
	a.bytes = a.bytes[:size]
	a.users.Store(1)
	return a
}

func (a *slab) buffer(part []byte) *memory.Buffer {
	a.users.Add(1)
	return memory.NewBufferWithAllocator(part, a)
}

// Free is told that one user has gone.
func (a *slab) Free([]byte) {
	if a.users.Add(-1) == 0 {
		slabs.Put(a)
	}
}

// Allocate is there for memory.Allocator; buffers of a slab do not grow.
func (a *slab) Allocate(size int) []byte { return make([]byte, size) }

// Reallocate is there for memory.Allocator.
func (a *slab) Reallocate(size int, b []byte) []byte {
	return append(make([]byte, 0, size), b...)[:size]
}
