package ods

import (
	"bytes"
	"math"
	"strconv"
	"time"

	"govdata/ingest/decode/numfmt"
)

// cellKind is what office:value-type says (ODF 1.3-3, 19.387).
type cellKind uint8

const (
	textCell   cellKind = iota // also without a type
	numberCell                 // float, percentage, currency
	dateCell
	timeCell
	boolCell
)

// cell is what the attributes of a cell say. Values are as written.
type cell struct {
	kind       cellKind
	value      []byte // of its type
	text       []byte // office:string-value
	times      int64
	rows, cols int64 // that it spans
}

func cellOf(attrs []byte) cell {
	c := cell{times: 1, rows: 1, cols: 1}
	var number, date, clock, truth []byte
	for {
		name, value, rest := nextAttribute(attrs)
		if name == nil {
			break
		}
		attrs = rest
		switch string(local(name)) {
		case "value-type":
			c.kind = kindOf(value)
		case "value":
			number = value
		case "date-value":
			date = value
		case "time-value":
			clock = value
		case "boolean-value":
			truth = value
		case "string-value":
			c.text = value
		case "number-columns-repeated":
			c.times = count(value)
		case "number-columns-spanned":
			c.cols = count(value)
		case "number-rows-spanned":
			c.rows = count(value)
		}
	}
	c.value = [...][]byte{numberCell: number, dateCell: date, timeCell: clock, boolCell: truth}[c.kind]
	return c
}

func kindOf(t []byte) cellKind {
	switch string(t) {
	case "float", "percentage", "currency":
		return numberCell
	case "date":
		return dateCell
	case "time":
		return timeCell
	case "boolean":
		return boolCell
	}
	return textCell
}

// appendValue appends the value that the attributes hold; nothing for text,
// which stands in the cell.
func (c cell) appendValue(dst []byte) []byte {
	if len(c.value) == 0 {
		return dst
	}
	switch c.kind {
	case numberCell:
		return appendNumber(dst, c.value)
	case dateCell:
		return appendDate(dst, c.value)
	case timeCell:
		return appendDuration(dst, c.value)
	case boolCell:
		if string(c.value) == "true" {
			return append(dst, "TRUE"...)
		}
		return append(dst, "FALSE"...)
	}
	return dst
}

// appendNumber appends a number in plain notation, to the 15 digits that a
// spreadsheet shows. What is no number stays as it is.
func appendNumber(dst, raw []byte) []byte {
	if numfmt.Plain(raw) {
		return append(dst, raw...)
	}
	return numfmt.AppendNumber(dst, raw)
}

// appendDate appends a date with or without a time, to a thousandth of a
// second and without a midnight that says nothing. What is neither stays as it
// is, such as a date before the year 0.
func appendDate(dst, raw []byte) []byte {
	t, err := time.Parse("2006-01-02T15:04:05", string(raw))
	if err != nil {
		if t, err = time.Parse("2006-01-02T15:04", string(raw)); err != nil {
			return append(dst, raw...)
		}
	}
	t = t.Round(time.Millisecond)
	dst = t.AppendFormat(dst, time.DateOnly)
	h, m, s := t.Clock()
	if millis := int64(h*3600+m*60+s)*1000 + int64(t.Nanosecond()/1e6); millis > 0 {
		dst = numfmt.AppendClock(append(dst, 'T'), millis)
	}
	return dst
}

// appendDuration appends a duration such as PT15H04M05S (XML Schema 2, 3.2.6)
// as a clock shows it: 15:04:05, or 36:00:00. What is none, or counts months,
// stays as it is.
func appendDuration(dst, raw []byte) []byte {
	rest, negative := bytes.CutPrefix(raw, []byte("-"))
	rest, ok := bytes.CutPrefix(rest, []byte("P"))
	seconds := 0.0
	units := map[byte]float64{'D': 86400}
	for ok && len(rest) > 0 {
		if rest[0] == 'T' {
			units, rest = map[byte]float64{'H': 3600, 'M': 60, 'S': 1}, rest[1:]
			continue
		}
		n := 0
		for n < len(rest) && (rest[n] >= '0' && rest[n] <= '9' || rest[n] == '.') {
			n++
		}
		v, err := strconv.ParseFloat(string(rest[:n]), 64)
		if ok = err == nil && n < len(rest) && units[rest[n]] > 0; ok {
			seconds += v * units[rest[n]]
			rest = rest[n+1:]
		}
	}
	const tooMuch = 1e11 // three thousand years
	if !ok || len(raw) < 3 || seconds > tooMuch {
		return append(dst, raw...)
	}
	millis := int64(math.Round(seconds * 1000))
	if negative && millis > 0 {
		dst = append(dst, '-')
	}
	return numfmt.AppendClock(dst, millis)
}
