package ods

import (
	"bytes"
	"math"
	"regexp"
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
	percent    bool
	isError    bool
	formula    bool
	typed      bool // its type is said
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
		case "value-type": // calc's own says error where ODF has no type for it
			switch string(value) {
			case "error":
				c.isError = true
			case "percentage":
				c.percent = true
				fallthrough
			default:
				if !c.isError {
					c.kind = kindOf(value)
				}
			}
			c.typed = true
		case "formula":
			c.formula = true
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

// errorText is what a formula shows that failed, where its type does not say so.
var errorText = regexp.MustCompile(`^(#(NULL!|DIV/0!|VALUE!|REF!|NAME\?|NUM!|N/A)|Err:[0-9]{3})$`)

var (
	shownMonth = regexp.MustCompile(`^(\d{4}\s*[-年./]\s*\d{1,2}\s*月?|\p{L}{3,9}\.?[- ]\d{2,4}|[〇零一二三四五六七八九]{4}年[一二三四五六七八九十]{1,2}月)$`)
	shownYear  = regexp.MustCompile(`^\d{4}\s*年?$`)
	shownCode  = regexp.MustCompile(`^-?0[0-9]+$`)
	shownPart  = regexp.MustCompile(`^(-?[0-9][0-9,]*)(?:\.([0-9]+))? ?((?:百万|百萬|千万|千萬|十万|十萬|万亿|萬億|万|萬|亿|億|千)\p{Han}{0,2}|[%％])?$`)
)

// asShown returns the value of a cell as the text means it that it shows: a date
// without the day that it does not show, a code with its zeros, a number in 万
// where said names them.
func (c *cell) asShown(value, shown []byte, said numfmt.Said) ([]byte, numfmt.Shown) {
	shown = bytes.TrimSpace(shown)
	switch {
	case len(value) == 0 || len(shown) == 0:
	case c.kind == dateCell && len(value) == len(time.DateOnly) && shownMonth.Match(shown):
		return value[:len("2006-01")], numfmt.AsStored
	case c.kind == dateCell && len(value) == len(time.DateOnly) && shownYear.Match(shown):
		return value[:len("2006")], numfmt.AsStored
	case c.kind != numberCell || c.percent:
	case shownCode.Match(shown) && bytes.Equal(bytes.TrimLeft(bytes.TrimPrefix(shown, []byte("-")), "0"), bytes.TrimLeft(bytes.TrimPrefix(value, []byte("-")), "0")):
		return shown, numfmt.Padded
	default:
		m := shownPart.FindSubmatch(shown)
		if m == nil {
			break
		}
		return scaled(value, m[1], m[2], m[3], said)
	}
	return value, numfmt.AsStored
}

// scaled tells from what a number shows whether it is shown in another magnitude.
func scaled(value, whole, fraction, suffix []byte, said numfmt.Said) ([]byte, numfmt.Shown) {
	v, err := strconv.ParseFloat(string(value), 64)
	d, err2 := strconv.ParseFloat(string(bytes.ReplaceAll(whole, []byte(","), nil))+"."+string(fraction), 64)
	if err != nil || err2 != nil {
		return value, numfmt.AsStored
	}
	near := 0.5000001 * math.Pow10(-len(fraction))
	for _, by := range []int{0, 3, 4, 6, 8, 9, 12} {
		if math.Abs(v/math.Pow10(by)-d) > near || by > 0 && d == 0 {
			continue
		}
		return numfmt.AppendShown(nil, value, by, string(suffix), said)
	}
	return value, numfmt.AsStored
}
