package export

import (
	"bytes"
	"context"
	"io"
	"unicode"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// writeCSV writes RFC 4180 text in UTF-8 with a header of field names and \n
// line ends. A missing value is nothing at all, an empty text is "". (In a
// table of one column a missing value is "" too, for readers skip empty lines.)
func writeCSV(ctx context.Context, w io.Writer, rows array.RecordReader, o Options) (int64, error) {
	var head []byte
	if o.BOM {
		head = append(head, "\uFEFF"...)
	}
	for i, f := range rows.Schema().Fields() {
		if i > 0 {
			head = append(head, ',')
		}
		head = appendCSV(head, []byte(f.Name), o.ExcelSafe)
	}
	if _, err := w.Write(append(head, '\n')); err != nil {
		return 0, err
	}
	return inOrderBytes(ctx, w, rows, func(batch arrow.RecordBatch, buf []byte) []byte { return csvBatch(batch, buf, o) })
}

func csvBatch(batch arrow.RecordBatch, buf []byte, o Options) []byte {
	columns := make([]csvColumn, batch.NumCols())
	for j, a := range batch.Columns() {
		columns[j] = csvColumnOf(a, o)
	}
	for i := range int(batch.NumRows()) {
		for j := range columns {
			c := &columns[j]
			if j > 0 {
				buf = append(buf, ',')
			}
			switch {
			case !c.whole && c.cells.IsNull(i):
				if len(columns) == 1 {
					buf = append(buf, '"', '"')
				}
			case c.ends == nil:
				buf = c.cell(buf, i)
			case c.ends[i] == c.ends[i+1]:
				buf = append(buf, '"', '"')
			default:
				buf = append(buf, c.texts[c.ends[i]-c.ends[0]:c.ends[i+1]-c.ends[0]]...)
			}
		}
		buf = append(buf, '\n')
	}
	return buf
}

// csvColumn writes the cells of a column, with quotes where its type can need them.
type csvColumn struct {
	cells arrow.Array
	// whole is true where no cell is missing.
	whole bool
	cell  appender
	// texts that need no quotes lie behind one another, up to their ends.
	texts []byte
	ends  []int32
}

func csvColumnOf(a arrow.Array, o Options) csvColumn {
	c := csvColumn{cells: a, whole: a.NullN() == 0, cell: textOf(a)}
	switch kindOf(a.DataType()) {
	case kindInteger, kindDecimal, kindFloat, kindBoolean, kindDate, kindTimestamp:
		return c
	}
	if s, ok := a.(*array.String); ok {
		if !o.ExcelSafe && !anyQuoted(s.ValueBytes()) {
			c.texts, c.ends = s.ValueBytes(), s.ValueOffsets()
		}
		c.cell = func(dst []byte, i int) []byte { return appendCSV(dst, []byte(s.Value(i)), o.ExcelSafe) }
		return c
	}
	text := c.cell
	c.cell = func(dst []byte, i int) []byte { return appendCSV(dst, text(nil, i), o.ExcelSafe) }
	return c
}

// quoted marks the bytes that make quotes necessary.
var quoted = [256]bool{',': true, '"': true, '\n': true, '\r': true}

// quotedSafe marks besides what parts cells in the spreadsheets of other countries.
var quotedSafe = [256]bool{',': true, '"': true, '\n': true, '\r': true, '\t': true, ';': true, '|': true}

// formulaLike reports whether a spreadsheet could take a cell for a formula. It
// may drop blanks, control characters and characters without width in front, and
// East Asian versions read the wide forms of the signs too.
func formulaLike(s []byte) bool {
	if len(s) == 0 {
		return false
	}
	if s[0] == '\t' || s[0] == '\r' || s[0] == '\n' {
		return true
	}
	rest := bytes.TrimLeftFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) })
	switch r, _ := utf8.DecodeRune(rest); r {
	case '=', '+', '-', '@', '＝', '＋', '－', '＠':
		return true
	}
	return false
}

// anyQuoted tells of all texts of a column at once whether one may need quotes.
func anyQuoted(texts []byte) bool {
	for _, c := range []byte{',', '"', '\n', '\r'} {
		if bytes.IndexByte(texts, c) >= 0 {
			return true
		}
	}
	return false
}

func appendCSV(dst, s []byte, excelSafe bool) []byte {
	need := &quoted
	if excelSafe {
		if need = &quotedSafe; formulaLike(s) {
			s = append([]byte{'\''}, s...)
		}
	}
	plain := len(s) > 0
	for _, c := range s {
		if need[c] {
			plain = false
			break
		}
	}
	if plain {
		return append(dst, s...)
	}
	dst = append(dst, '"')
	for _, c := range s {
		if c == '"' {
			dst = append(dst, '"')
		}
		dst = append(dst, c)
	}
	return append(dst, '"')
}
