package parquet

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow/float16"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/schema"
)

// bare reports whether the values of a column stand without quotes in JSON:
// numbers and truth values, but for floats that JSON does not have.
func bare(c *schema.Column) bool {
	switch c.LogicalType().(type) {
	case schema.DecimalLogicalType, schema.IntLogicalType, schema.Float16LogicalType:
		return true
	case schema.NoLogicalType, nil:
		switch c.PhysicalType() {
		case parquet.Types.Boolean, parquet.Types.Int32, parquet.Types.Int64, parquet.Types.Float, parquet.Types.Double:
			return true
		}
	}
	return false
}

func boolText(dst []byte, v bool) ([]byte, error) { return strconv.AppendBool(dst, v), nil }

func floatText(dst []byte, v float32) ([]byte, error) { return appendFloat(dst, float64(v), 32), nil }

func doubleText(dst []byte, v float64) ([]byte, error) { return appendFloat(dst, v, 64), nil }

// appendFloat appends the shortest digits that give the value again, without
// an exponent.
func appendFloat(dst []byte, v float64, size int) []byte {
	switch {
	case math.IsInf(v, 1):
		return append(dst, "Infinity"...)
	case math.IsInf(v, -1):
		return append(dst, "-Infinity"...)
	}
	return strconv.AppendFloat(dst, v, 'f', -1, size)
}

// Values of 32 bits, by their logical type (LogicalTypes.md).
func int32Text(c *schema.Column) func([]byte, int32) ([]byte, error) {
	switch t := c.LogicalType().(type) {
	case schema.DateLogicalType:
		return func(dst []byte, v int32) ([]byte, error) {
			return time.Unix(int64(v)*86400, 0).UTC().AppendFormat(dst, time.DateOnly), nil
		}
	case schema.TimeLogicalType:
		return func(dst []byte, v int32) ([]byte, error) { return appendClock(dst, int64(v), time.Millisecond), nil }
	case schema.DecimalLogicalType:
		scale := int(t.Scale())
		return func(dst []byte, v int32) ([]byte, error) { return appendDecimal(dst, int64(v), scale), nil }
	case schema.IntLogicalType:
		if !t.IsSigned() {
			return func(dst []byte, v int32) ([]byte, error) { return strconv.AppendUint(dst, uint64(uint32(v)), 10), nil }
		}
	}
	return func(dst []byte, v int32) ([]byte, error) { return strconv.AppendInt(dst, int64(v), 10), nil }
}

func int64Text(c *schema.Column) func([]byte, int64) ([]byte, error) {
	switch t := c.LogicalType().(type) {
	case schema.TimestampLogicalType:
		unit := unitOf(t.TimeUnit())
		// The older TIMESTAMP_MILLIS says nothing of UTC, whatever the library
		// makes of it: writers kept local times in it too.
		layout := "2006-01-02T15:04:05.999999999"
		if t.IsAdjustedToUTC() && !t.IsFromConvertedType() {
			layout += "Z"
		}
		return func(dst []byte, v int64) ([]byte, error) {
			second := int64(time.Second / unit)
			// Toward the past: a negative remainder is one that Unix takes.
			return time.Unix(v/second, v%second*int64(unit)).UTC().AppendFormat(dst, layout), nil
		}
	case schema.TimeLogicalType:
		unit := unitOf(t.TimeUnit())
		return func(dst []byte, v int64) ([]byte, error) { return appendClock(dst, v, unit), nil }
	case schema.DecimalLogicalType:
		scale := int(t.Scale())
		return func(dst []byte, v int64) ([]byte, error) { return appendDecimal(dst, v, scale), nil }
	case schema.IntLogicalType:
		if !t.IsSigned() {
			return func(dst []byte, v int64) ([]byte, error) { return strconv.AppendUint(dst, uint64(v), 10), nil }
		}
	}
	return func(dst []byte, v int64) ([]byte, error) { return strconv.AppendInt(dst, v, 10), nil }
}

func unitOf(u schema.TimeUnitType) time.Duration {
	switch u {
	case schema.TimeUnitMillis:
		return time.Millisecond
	case schema.TimeUnitMicros:
		return time.Microsecond
	}
	return time.Nanosecond
}

// appendClock appends a time of the day; what is none stays the number it is.
func appendClock(dst []byte, v int64, unit time.Duration) []byte {
	if v < 0 || v >= int64(24*time.Hour/unit) {
		return strconv.AppendInt(dst, v, 10)
	}
	return time.Unix(0, v*int64(unit)).UTC().AppendFormat(dst, "15:04:05.999999999")
}

// int96Text is a point in time as Impala and Spark wrote it: nanoseconds of a
// day, and the number of the day from the year -4712 on. It says nothing of UTC.
func int96Text(dst []byte, v parquet.Int96) ([]byte, error) {
	const unixEpoch = 2440588
	nanos := int64(binary.LittleEndian.Uint64(v[:8]))
	days := int64(binary.LittleEndian.Uint32(v[8:])) - unixEpoch
	return time.Unix(days*86400, nanos).UTC().AppendFormat(dst, "2006-01-02T15:04:05.999999999"), nil
}

func appendDecimal(dst []byte, v int64, scale int) []byte {
	magnitude := uint64(v)
	if v < 0 {
		dst, magnitude = append(dst, '-'), -magnitude
	}
	var b [20]byte
	return appendScaled(dst, strconv.AppendUint(b[:0], magnitude, 10), scale)
}

// appendScaled appends digits, with a point before the last `scale` of them.
func appendScaled(dst, digits []byte, scale int) []byte {
	if scale == 0 {
		return append(dst, digits...)
	}
	point := len(digits) - scale
	if point <= 0 {
		dst = append(dst, '0', '.')
		for range -point {
			dst = append(dst, '0')
		}
		return append(dst, digits...)
	}
	return append(append(append(dst, digits[:point]...), '.'), digits[point:]...)
}

const (
	// maxDecimal bounds a decimal, in bytes; the most that is known to be
	// written is 32, for 76 digits.
	maxDecimal = 64
	// maxScale is what the digits of that many bytes can need.
	maxScale = 154
)

// Texts, and what else is an array of bytes.
func bytesText(c *schema.Column) func([]byte, []byte) ([]byte, error) {
	switch t := c.LogicalType().(type) {
	case schema.DecimalLogicalType:
		scale := int(t.Scale())
		return func(dst, v []byte) ([]byte, error) { return appendBig(dst, v, scale) }
	case schema.StringLogicalType, schema.EnumLogicalType, schema.JSONLogicalType:
		return func(dst, v []byte) ([]byte, error) {
			if !utf8.Valid(v) {
				return dst, wrong(fmt.Errorf("column %q: text that is not UTF-8: %.20q", c.Path(), v))
			}
			return append(dst, v...), nil
		}
	case schema.UUIDLogicalType:
		return appendUUID
	case schema.IntervalLogicalType:
		return appendInterval
	case schema.Float16LogicalType:
		return func(dst, v []byte) ([]byte, error) {
			if len(v) != 2 {
				return hex.AppendEncode(dst, v), nil
			}
			return appendFloat(dst, float64(float16.FromLEBytes(v).Float32()), 32), nil
		}
	}
	return func(dst, v []byte) ([]byte, error) {
		if utf8.Valid(v) {
			return append(dst, v...), nil
		}
		return hex.AppendEncode(dst, v), nil
	}
}

// appendBig appends a decimal from its bytes, the highest first, in two's
// complement.
func appendBig(dst, v []byte, scale int) ([]byte, error) {
	if len(v) > maxDecimal || scale > maxScale {
		return dst, wrong(fmt.Errorf("%w: a decimal of %d bytes and %d places", ErrLimit, len(v), scale))
	}
	if len(v) <= 8 {
		n := int64(0)
		if len(v) > 0 && v[0] >= 0x80 {
			n = -1
		}
		for _, b := range v {
			n = n<<8 | int64(b)
		}
		return appendDecimal(dst, n, scale), nil
	}
	n := new(big.Int).SetBytes(v)
	if v[0] >= 0x80 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(v))))
		dst, n = append(dst, '-'), n.Neg(n)
	}
	var b [160]byte
	return appendScaled(dst, n.Append(b[:0], 10), scale), nil
}

func appendUUID(dst, v []byte) ([]byte, error) {
	if len(v) != 16 {
		return hex.AppendEncode(dst, v), nil
	}
	for i, part := range [][]byte{v[:4], v[4:6], v[6:8], v[8:10], v[10:]} {
		if i > 0 {
			dst = append(dst, '-')
		}
		dst = hex.AppendEncode(dst, part)
	}
	return dst, nil
}

// appendInterval appends months, days and milliseconds as ISO 8601 has them.
func appendInterval(dst, v []byte) ([]byte, error) {
	if len(v) != 12 {
		return hex.AppendEncode(dst, v), nil
	}
	number := func(i int) uint64 { return uint64(binary.LittleEndian.Uint32(v[i:])) }
	dst = strconv.AppendUint(append(dst, 'P'), number(0), 10)
	dst = strconv.AppendUint(append(dst, 'M'), number(4), 10)
	dst = append(dst, 'D', 'T')
	dst = appendFloat(dst, float64(number(8))/1000, 64)
	return append(dst, 'S'), nil
}

// appendQuoted appends text as a string of JSON (RFC 8259, 7).
func appendQuoted(dst, text []byte) []byte {
	const digits = "0123456789abcdef"
	short := [0x20]byte{'\b': 'b', '\t': 't', '\n': 'n', '\f': 'f', '\r': 'r'}
	dst = append(dst, '"')
	for _, c := range text {
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c < 0x20 && short[c] != 0:
			dst = append(dst, '\\', short[c])
		case c < 0x20:
			dst = append(dst, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}
