package export

import (
	"context"
	"io"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// writeJSONL writes one object a line. Numbers are exact: decimals and
// integers of any size stand as JSON numbers with all their digits.
func writeJSONL(ctx context.Context, w io.Writer, rows array.RecordReader) (int64, error) {
	return inOrderBytes(ctx, w, rows, func(batch arrow.RecordBatch, buf []byte) []byte {
		j := NewJSONRows(batch, JSONOptions{})
		for i := range int(batch.NumRows()) {
			buf = append(j.Append(buf, i), '\n')
		}
		return buf
	})
}

// JSONOptions change how rows are written as JSON.
type JSONOptions struct {
	// Arrays writes a row as an array of its values, not as an object.
	Arrays bool
	// Strings writes decimals, and integers beyond 2^53, as strings, for
	// readers whose numbers are doubles.
	Strings bool
}

// JSONRows writes the rows of one batch as JSON.
type JSONRows struct {
	names  [][]byte // with the punctuation before the value
	values []appender
	nulls  []arrow.Array
	whole  []bool // no value of the column is missing
	arrays bool
}

// NewJSONRows prepares the rows of batch.
func NewJSONRows(batch arrow.RecordBatch, o JSONOptions) *JSONRows {
	j := &JSONRows{nulls: batch.Columns(), arrays: o.Arrays}
	for i, f := range batch.Schema().Fields() {
		name := []byte{','}
		if i == 0 {
			name[0] = '{'
			if o.Arrays {
				name[0] = '['
			}
		}
		if !o.Arrays {
			name = append(appendJSONString(name, []byte(f.Name)), ':')
		}
		j.names = append(j.names, name)
		j.values = append(j.values, jsonValue(batch.Column(i), o))
		j.whole = append(j.whole, batch.Column(i).NullN() == 0)
	}
	return j
}

// Append writes row i to dst.
func (j *JSONRows) Append(dst []byte, i int) []byte {
	for c, name := range j.names {
		dst = append(dst, name...)
		if !j.whole[c] && j.nulls[c].IsNull(i) {
			dst = append(dst, "null"...)
		} else {
			dst = j.values[c](dst, i)
		}
	}
	if j.arrays {
		return append(dst, ']')
	}
	return append(dst, '}')
}

func jsonValue(a arrow.Array, o JSONOptions) appender {
	text := textOf(a)
	asString := func(dst []byte, i int) []byte { return appendJSONString(dst, text(nil, i)) }
	switch kindOf(a.DataType()) {
	case kindBoolean, kindNested:
		return text
	case kindDecimal:
		if !o.Strings {
			return text
		}
		return asString
	case kindInteger:
		if v, ok := a.(*array.Int64); ok && o.Strings {
			return func(dst []byte, i int) []byte {
				if n := v.Value(i); n > 1<<53 || n < -1<<53 {
					return asString(dst, i)
				}
				return text(dst, i)
			}
		}
		if _, ok := a.(*array.Uint64); ok && o.Strings {
			return asString
		}
		return text
	case kindFloat:
		return func(dst []byte, i int) []byte {
			from := len(dst)
			dst = text(dst, i)
			if c := dst[len(dst)-1]; c < '0' || c > '9' { // NaN, Infinity
				return appendJSONString(dst[:from], append([]byte(nil), dst[from:]...))
			}
			return dst
		}
	}
	if s, ok := a.(*array.String); ok {
		if plainJSON(s.ValueBytes()) {
			return func(dst []byte, i int) []byte {
				dst = append(dst, '"')
				dst = append(dst, s.Value(i)...)
				return append(dst, '"')
			}
		}
		return func(dst []byte, i int) []byte { return appendJSONString(dst, []byte(s.Value(i))) }
	}
	return asString
}

// plainJSON tells of all texts of a column at once whether none needs escapes.
func plainJSON(texts []byte) bool {
	for _, c := range texts {
		if escapedJSON[c] {
			return false
		}
	}
	return utf8.Valid(texts)
}

// escapedJSON marks the bytes that stand in a JSON string only behind a backslash.
var escapedJSON = func() (marks [256]bool) {
	for c := range 0x20 {
		marks[c] = true
	}
	marks['"'], marks['\\'] = true, true
	return marks
}()

// exactInDouble reports whether every digit of a decimal text survives in a
// double: at most 15 significant ones.
func exactInDouble(text []byte) bool {
	n, leading := 0, true
	for _, c := range text {
		if c < '0' || c > '9' {
			continue
		}
		if c != '0' {
			leading = false
		}
		if !leading {
			n++
		}
	}
	return n <= 15
}
