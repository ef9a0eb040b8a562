package export

import (
	"encoding/json"
	"math"
	"strconv"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// appender writes the value at row i, which is not null, as plain text.
type appender func(dst []byte, i int) []byte

// kind says how a value stands in formats that tell numbers from text.
type kind int

const (
	kindText kind = iota
	kindInteger
	kindDecimal
	kindFloat
	kindBoolean
	kindDate
	kindTimestamp
	kindNested // JSON text
)

func kindOf(t arrow.DataType) kind {
	switch t.ID() {
	case arrow.INT8, arrow.INT16, arrow.INT32, arrow.INT64, arrow.UINT8, arrow.UINT16, arrow.UINT32, arrow.UINT64:
		return kindInteger
	case arrow.DECIMAL32, arrow.DECIMAL64, arrow.DECIMAL128, arrow.DECIMAL256:
		return kindDecimal
	case arrow.FLOAT16, arrow.FLOAT32, arrow.FLOAT64:
		return kindFloat
	case arrow.BOOL:
		return kindBoolean
	case arrow.DATE32:
		return kindDate
	case arrow.TIMESTAMP:
		return kindTimestamp
	case arrow.LIST, arrow.LARGE_LIST, arrow.FIXED_SIZE_LIST, arrow.STRUCT, arrow.MAP:
		return kindNested
	}
	return kindText
}

// textOf returns the appender for a column of one batch.
func textOf(a arrow.Array) appender {
	switch a := a.(type) {
	case *array.String:
		return func(dst []byte, i int) []byte { return append(dst, a.Value(i)...) }
	case *array.Int64:
		v := a.Int64Values()
		return func(dst []byte, i int) []byte { return strconv.AppendInt(dst, v[i], 10) }
	case *array.Int32:
		return func(dst []byte, i int) []byte { return strconv.AppendInt(dst, int64(a.Value(i)), 10) }
	case *array.Int16:
		return func(dst []byte, i int) []byte { return strconv.AppendInt(dst, int64(a.Value(i)), 10) }
	case *array.Int8:
		return func(dst []byte, i int) []byte { return strconv.AppendInt(dst, int64(a.Value(i)), 10) }
	case *array.Uint64:
		return func(dst []byte, i int) []byte { return strconv.AppendUint(dst, a.Value(i), 10) }
	case *array.Uint32:
		return func(dst []byte, i int) []byte { return strconv.AppendUint(dst, uint64(a.Value(i)), 10) }
	case *array.Decimal128:
		scale := int(a.DataType().(*arrow.Decimal128Type).Scale)
		return func(dst []byte, i int) []byte {
			v := a.Value(i)
			if lo := int64(v.LowBits()); v.HighBits() == lo>>63 && lo != math.MinInt64 {
				return appendScaled(dst, lo, scale)
			}
			return append(dst, v.ToString(int32(scale))...)
		}
	case *array.Float64:
		return func(dst []byte, i int) []byte { return appendFloat(dst, a.Value(i), 64) }
	case *array.Float32:
		return func(dst []byte, i int) []byte { return appendFloat(dst, float64(a.Value(i)), 32) }
	case *array.Boolean:
		return func(dst []byte, i int) []byte { return strconv.AppendBool(dst, a.Value(i)) }
	case *array.Date32:
		return func(dst []byte, i int) []byte { return appendDate(dst, int64(a.Value(i))) }
	case *array.Timestamp:
		unit := a.DataType().(*arrow.TimestampType)
		zone := unit.TimeZone != ""
		return func(dst []byte, i int) []byte {
			return appendTimestamp(dst, a.Value(i).ToTime(unit.Unit), zone)
		}
	case *array.Time64:
		unit := a.DataType().(*arrow.Time64Type).Unit
		return func(dst []byte, i int) []byte {
			return a.Value(i).ToTime(unit).AppendFormat(dst, "15:04:05.999999")
		}
	case *array.Dictionary:
		values := textOf(a.Dictionary())
		return func(dst []byte, i int) []byte { return values(dst, a.GetValueIndex(i)) }
	case *array.Binary:
		const digits = "0123456789abcdef"
		return func(dst []byte, i int) []byte {
			for _, b := range a.Value(i) {
				dst = append(dst, digits[b>>4], digits[b&15])
			}
			return dst
		}
	}
	if kindOf(a.DataType()) == kindNested {
		return func(dst []byte, i int) []byte { return appendNested(dst, a, i) }
	}
	return func(dst []byte, i int) []byte { return append(dst, a.ValueStr(i)...) }
}

// appendNested writes a list, struct or map as JSON.
func appendNested(dst []byte, a arrow.Array, i int) []byte {
	b, err := json.Marshal(a.GetOneForMarshal(i))
	if err != nil { // NaN inside
		return append(dst, a.ValueStr(i)...)
	}
	return append(dst, b...)
}

func appendScaled(dst []byte, v int64, scale int) []byte {
	if v < 0 {
		dst, v = append(dst, '-'), -v
	}
	if scale == 0 {
		return strconv.AppendInt(dst, v, 10)
	}
	var buf [40]byte
	d := strconv.AppendInt(buf[:0], v, 10)
	for len(d) <= scale { // one digit stands before the point
		d = append(d, 0)
		copy(d[1:], d)
		d[0] = '0'
	}
	dst = append(dst, d[:len(d)-scale]...)
	dst = append(dst, '.')
	return append(dst, d[len(d)-scale:]...)
}

// appendFloat writes the shortest text that reads back as the same number.
func appendFloat(dst []byte, v float64, bits int) []byte {
	switch {
	case math.IsNaN(v):
		return append(dst, "NaN"...)
	case math.IsInf(v, 1):
		return append(dst, "Infinity"...)
	case math.IsInf(v, -1):
		return append(dst, "-Infinity"...)
	}
	format := byte('f')
	if abs := math.Abs(v); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(dst, v, format, -1, bits)
}

// The dates that nearly every row has, 1950 to 2069, ready to be copied.
const (
	firstReady, lastReady = -7305, 36524
	dateLength            = len(time.DateOnly)
)

var readyDates = sync.OnceValue(func() []byte {
	all := make([]byte, 0, (lastReady-firstReady+1)*dateLength)
	for d := int64(firstReady); d <= lastReady; d++ {
		all = appendAnyDate(all, d)
	}
	return all
})

// appendDate writes days since 1970-01-01 as a date of the proleptic Gregorian
// calendar.
func appendDate(dst []byte, days int64) []byte {
	if days < firstReady || days > lastReady {
		return appendAnyDate(dst, days)
	}
	at := int(days-firstReady) * dateLength
	return append(dst, readyDates()[at:at+dateLength]...)
}

func appendAnyDate(dst []byte, days int64) []byte {
	// The civil-from-days algorithm, with years that begin in March.
	z := days + 719468
	era := z / 146097
	if z < 0 {
		era = (z - 146096) / 146097
	}
	doe := z - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	y := yoe + era*400
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	d := doy - (153*mp+2)/5 + 1
	m := mp + 3
	if m > 12 {
		m -= 12
		y++
	}
	if y < 0 || y > 9999 {
		return time.Unix(days*86400, 0).UTC().AppendFormat(dst, time.DateOnly)
	}
	return append(dst, byte('0'+y/1000), byte('0'+y/100%10), byte('0'+y/10%10), byte('0'+y%10), '-',
		byte('0'+m/10), byte('0'+m%10), '-', byte('0'+d/10), byte('0'+d%10))
}

func appendTimestamp(dst []byte, t time.Time, zone bool) []byte {
	dst = t.UTC().AppendFormat(dst, "2006-01-02T15:04:05.999999999")
	if zone {
		dst = append(dst, 'Z')
	}
	return dst
}

// appendJSONString writes s as a JSON string. What is no UTF-8 becomes U+FFFD.
func appendJSONString(dst []byte, s []byte) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= 0x20 && c < utf8.RuneSelf && c != '"' && c != '\\' {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRune(s[i:])
			if r != utf8.RuneError || size > 1 {
				i += size
				continue
			}
			dst = append(dst, s[start:i]...)
			dst = append(dst, "\uFFFD"...)
			i++
			start = i
			continue
		}
		dst = append(dst, s[start:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		i++
		start = i
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}

// Texts gives the cells of a batch as plain text, the same as in CSV, and
// whether they are missing.
func Texts(batch arrow.RecordBatch) func(row, column int) (text string, null bool) {
	columns := make([]appender, batch.NumCols())
	for j := range columns {
		columns[j] = textOf(batch.Column(j))
	}
	return func(i, j int) (string, bool) {
		if batch.Column(j).IsNull(i) {
			return "", true
		}
		return string(columns[j](nil, i)), false
	}
}
