package ingest

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"

	"govdata/catalog"
)

// arrowType is the type in which a field's values land.
func arrowType(t catalog.Type) arrow.DataType {
	if precision, scale, ok := t.Decimal(); ok {
		return &arrow.Decimal128Type{Precision: int32(precision), Scale: int32(scale)}
	}
	switch t {
	case catalog.TypeInteger:
		return arrow.PrimitiveTypes.Int64
	case catalog.TypeDate:
		return arrow.FixedWidthTypes.Date32
	case catalog.TypeTimestamp:
		return &arrow.TimestampType{Unit: arrow.Microsecond}
	case catalog.TypeBoolean:
		return arrow.FixedWidthTypes.Boolean
	}
	return arrow.BinaryTypes.String
}

// typed appends the canonical text of a field's values to a column. Text that
// is not canonical is a mistake in package normalise.
type typed struct {
	array.Builder
	add  func(value string) error
	text *array.StringBuilder
	held int // bytes of text in the batch before
}

func newTyped(f *catalog.Field, builder array.Builder) *typed {
	c := &typed{Builder: builder}
	switch b := builder.(type) {
	case *array.Decimal128Builder:
		_, scale, _ := f.Type.Decimal()
		c.add = func(v string) error {
			n, err := parseDecimal(v, scale)
			b.Append(n)
			return err
		}
	case *array.Int64Builder:
		c.add = func(v string) error {
			n, err := strconv.ParseInt(v, 10, 64)
			b.Append(n)
			return err
		}
	case *array.Date32Builder:
		c.add = func(v string) error {
			d, err := parseDay(v)
			b.Append(d)
			return err
		}
	case *array.TimestampBuilder:
		c.add = func(v string) error {
			t, err := time.Parse("2006-01-02 15:04:05.999999", v)
			b.Append(arrow.Timestamp(t.UnixMicro()))
			return err
		}
	case *array.BooleanBuilder:
		c.add = func(v string) error {
			b.Append(v == "true")
			if v != "true" && v != "false" {
				return strconv.ErrSyntax
			}
			return nil
		}
	case *array.StringBuilder:
		c.text = b
		c.add = func(v string) error { b.Append(v); return nil }
	}
	return c
}

// reserve makes room for the rows of a batch, which is mostly as large as the
// one before.
func (c *typed) reserve(rows int) {
	c.Reserve(rows)
	if c.text != nil {
		c.text.ReserveData(c.held + c.held/8)
	}
}

// done is called before the record is built.
func (c *typed) done() {
	if c.text != nil {
		c.held = c.text.DataLen()
	}
}

// parseDecimal reads plain decimal notation with at most scale decimals.
func parseDecimal(s string, scale int) (decimal128.Num, error) {
	digits, minus := strings.CutPrefix(s, "-")
	var n uint64
	decimals := -1
	if len(digits) > 19 { // with the point, 18 digits
		return parseLongDecimal(s, scale)
	}
	for i := range len(digits) {
		switch c := digits[i]; {
		case c == '.' && decimals < 0:
			decimals = 0
		case c >= '0' && c <= '9':
			n = n*10 + uint64(c-'0')
			if decimals >= 0 {
				decimals++
			}
		default:
			return decimal128.Num{}, strconv.ErrSyntax
		}
	}
	missing := scale - max(decimals, 0)
	if missing < 0 || len(digits)+missing > 18 {
		return parseLongDecimal(s, scale)
	}
	for range missing {
		n *= 10
	}
	if minus {
		return decimal128.FromI64(-int64(n)), nil
	}
	return decimal128.FromU64(n), nil
}

func parseLongDecimal(s string, scale int) (decimal128.Num, error) {
	whole, fraction, _ := strings.Cut(s, ".")
	if len(fraction) > scale {
		return decimal128.Num{}, strconv.ErrRange
	}
	n, ok := new(big.Int).SetString(whole+fraction+strings.Repeat("0", scale-len(fraction)), 10)
	if !ok || n.BitLen() > 127 {
		return decimal128.Num{}, strconv.ErrSyntax
	}
	return decimal128.FromBigInt(n), nil
}

// parseDay reads YYYY-MM-DD.
func parseDay(s string) (arrow.Date32, error) {
	if len(s) != 10 || s[4] != '-' || s[7] != '-' {
		return 0, strconv.ErrSyntax
	}
	part := func(from, to int) (n int) {
		for _, c := range []byte(s[from:to]) {
			n = n*10 + int(c-'0')
		}
		return n
	}
	return arrow.Date32(daysFromCivil(part(0, 4), part(5, 7), part(8, 10))), nil
}

// daysFromCivil counts days from 1970-01-01 in the Gregorian calendar. Years
// begin in March here, so that the leap day is the last one.
func daysFromCivil(y, m, d int) int {
	if m <= 2 {
		y--
	}
	m = (m + 9) % 12
	return 365*y + y/4 - y/100 + y/400 + (153*m+2)/5 + d - 1 - 719468
}

// notCanonical is the error for a text that its type does not read.
func notCanonical(f *catalog.Field, value string, err error) error {
	return fmt.Errorf("field %s: %q is not in the form of a %s: %w", f.Name, value, f.Type, err)
}
