package query

import (
	"encoding/binary"
	"math"
	"slices"
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
	// gatherBytes are enough for a batch of fewer rows.
	gatherBytes = 1 << 20
	// slabKept is how large memory may be that is kept for another batch.
	slabKept = 8 << 20
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

// plainForms are those of types that are what they are called, and what Arrow calls
// them.
var plainForms = map[duckdb.Type]struct {
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
}

// decimalWidths are those of decimals that are narrower than Arrow's.
var decimalWidths = map[duckdb.Type]int{duckdb.TypeSmallInt: 2, duckdb.TypeInteger: 4, duckdb.TypeBigInt: 8}

// formsOf returns the forms of columns of these types, nil where DuckDB itself
// has to turn one of them into Arrow.
func formsOf(types []duckdb.LogicalType, schema *arrow.Schema) []form {
	forms := make([]form, len(types))
	for i, t := range types {
		id, to := duckdb.GetTypeId(t), schema.Field(i).Type
		if id == duckdb.TypeDecimal {
			id = duckdb.DecimalInternalType(t)
			if width, ok := decimalWidths[id]; ok && to.ID() == arrow.DECIMAL128 {
				forms[i] = form{formDecimal, width}
				continue
			}
			if id == duckdb.TypeHugeInt && to.ID() == arrow.DECIMAL128 {
				forms[i] = form{formFixed, arrow.Decimal128SizeBytes}
				continue
			}
			return nil
		}
		known, ok := plainForms[id]
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

// slab is the memory of one batch: its columns as they grow. It goes to another
// batch when the last buffer in it is released.
type slab struct {
	columns []slabColumn
	rows    int
	users   atomic.Int64
}

type slabColumn struct {
	// valid has a bit for each row, and is empty as long as no value is missing.
	valid   []byte
	missing int
	// data are the values; of texts the bytes, up to offsets, of which there is one
	// more than rows.
	data    []byte
	offsets []byte
}

var _ memory.Allocator = (*slab)(nil)

var slabs = sync.Pool{New: func() any { return new(slab) }}

// newSlab has no rows, and one user.
func newSlab(columns int) *slab {
	a := slabs.Get().(*slab)
	if cap(a.columns) < columns {
		a.columns = make([]slabColumn, columns)
	}
	a.columns, a.rows = a.columns[:columns], 0
	for i := range a.columns {
		c := &a.columns[i]
		c.valid, c.missing, c.data, c.offsets = c.valid[:0], 0, c.data[:0], c.offsets[:0]
	}
	a.users.Store(1)
	return a
}

// add copies the rows of a chunk behind those that are there, and returns how
// many bytes there are now. It fails where the texts of a column are too many for
// one batch.
func (a *slab) add(forms []form, chunk duckdb.DataChunk) (bytes int, err error) {
	rows := int(duckdb.DataChunkGetSize(chunk))
	for i, f := range forms {
		v := duckdb.DataChunkGetVector(chunk, duckdb.IdxT(i))
		values := duckdb.VectorGetData(v)
		c := &a.columns[i]
		var valid []byte
		if mask := duckdb.VectorGetValidity(v); mask != nil {
			valid = unsafe.Slice((*byte)(mask), (rows+7)/8)
		}
		valid = c.validate(valid, a.rows, rows)
		switch f.kind {
		case formText:
			if err := c.addTexts(values, valid, rows); err != nil {
				return 0, err
			}
		case formBoolean:
			c.data = lengthen(c.data, (a.rows+rows+7)/8)
			for row, v := range unsafe.Slice((*byte)(values), rows) {
				bitutil.SetBitTo(c.data, a.rows+row, v != 0)
			}
		case formDecimal:
			c.addDecimals(values, rows, f.width)
		case formFixed:
			c.data = append(c.data, unsafe.Slice((*byte)(values), rows*f.width)...)
		}
		bytes += len(c.data)
	}
	a.rows += rows
	return bytes, nil
}

// lengthen makes b so long, with zeros at its end.
func lengthen(b []byte, size int) []byte {
	from := len(b)
	b = slices.Grow(b, size-from)[:size]
	clear(b[from:])
	return b
}

// validate notes which of the next rows are missing, of which valid has no bit set.
// It returns valid, or nil where none is missing.
func (c *slabColumn) validate(valid []byte, before, rows int) []byte {
	missing := 0
	if valid != nil {
		missing = rows - bitutil.CountSetBits(valid, 0, rows)
	}
	if missing == 0 {
		valid = nil
	}
	if missing == 0 && c.missing == 0 {
		return nil
	}
	if c.missing == 0 {
		c.valid = lengthen(c.valid, (before+7)/8)
		bitutil.SetBitsTo(c.valid, 0, int64(before), true)
	}
	c.missing += missing
	c.valid = lengthen(c.valid, (before+rows+7)/8)
	if valid == nil {
		bitutil.SetBitsTo(c.valid, int64(before), int64(rows), true)
	} else {
		bitutil.CopyBitmap(valid, 0, rows, c.valid, before)
	}
	return valid
}

// addTexts adds the texts of a vector; those of missing values are empty.
func (c *slabColumn) addTexts(values unsafe.Pointer, valid []byte, rows int) error {
	if len(c.offsets) == 0 {
		c.offsets = lengthen(c.offsets, 4)
	}
	total := len(c.data)
	for row := range rows {
		if valid == nil || bitutil.BitIsSet(valid, row) {
			total += int(*(*uint32)(unsafe.Add(values, row*textWidth)))
		}
	}
	if total > math.MaxInt32 {
		return &duckError{Type: "Invalid Input", Message: "the texts of one column, in a few thousand rows, have more than 2 GiB"}
	}
	data, offsets := slices.Grow(c.data, total-len(c.data)), slices.Grow(c.offsets, rows*4)
	for row := range rows {
		if valid == nil || bitutil.BitIsSet(valid, row) {
			text := unsafe.Add(values, row*textWidth)
			size := int(*(*uint32)(text))
			from := unsafe.Add(text, 4)
			if size > textInline {
				from = *(*unsafe.Pointer)(unsafe.Add(text, 8))
			}
			data = append(data, unsafe.Slice((*byte)(from), size)...)
		}
		offsets = binary.NativeEndian.AppendUint32(offsets, uint32(len(data)))
	}
	c.data, c.offsets = data, offsets
	return nil
}

// addDecimals adds numbers of so many bytes, as 16 each.
func (c *slabColumn) addDecimals(values unsafe.Pointer, rows, width int) {
	data := slices.Grow(c.data, rows*arrow.Decimal128SizeBytes)
	for row := range rows {
		var n int64
		switch width {
		case 2:
			n = int64(*(*int16)(unsafe.Add(values, row*2)))
		case 4:
			n = int64(*(*int32)(unsafe.Add(values, row*4)))
		case 8:
			n = *(*int64)(unsafe.Add(values, row*8))
		}
		data = binary.LittleEndian.AppendUint64(data, uint64(n))
		data = binary.LittleEndian.AppendUint64(data, uint64(n>>63))
	}
	c.data = data
}

// batch is what was added.
func (a *slab) batch(schema *arrow.Schema, forms []form) arrow.RecordBatch {
	arrays := make([]arrow.Array, len(forms))
	for i, f := range forms {
		c := &a.columns[i]
		buffers := make([]*memory.Buffer, 0, 3)
		if c.missing == 0 {
			buffers = append(buffers, nil)
		} else {
			buffers = append(buffers, a.buffer(c.valid))
		}
		if f.kind == formText {
			buffers = append(buffers, a.buffer(c.offsets))
		}
		buffers = append(buffers, a.buffer(c.data))
		column := array.NewData(schema.Field(i).Type, a.rows, buffers, nil, c.missing, 0)
		for _, b := range buffers {
			if b != nil {
				b.Release() // the column holds it
			}
		}
		arrays[i] = array.MakeFromData(column)
		column.Release()
	}
	batch := array.NewRecordBatch(schema, arrays, int64(a.rows))
	for _, column := range arrays {
		column.Release() // the batch holds it
	}
	return batch
}

func (a *slab) buffer(part []byte) *memory.Buffer {
	a.users.Add(1)
	return memory.NewBufferWithAllocator(part, a)
}

// Free is told that one user has gone.
func (a *slab) Free([]byte) {
	if a.users.Add(-1) > 0 {
		return
	}
	size := 0
	for _, c := range a.columns {
		size += cap(c.valid) + cap(c.data) + cap(c.offsets)
	}
	if size <= slabKept {
		slabs.Put(a)
	}
}

// Allocate is there for memory.Allocator; buffers of a slab do not grow.
func (a *slab) Allocate(size int) []byte { return make([]byte, size) }

// Reallocate is there for memory.Allocator.
func (a *slab) Reallocate(size int, b []byte) []byte {
	return append(make([]byte, 0, size), b...)[:size]
}
