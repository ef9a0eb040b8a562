package soda

import (
	"bufio"
	"strings"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"

	"govdata/export"
	"govdata/server/query"
)

// writers write the rows of an answer.
var writers = map[string]func(*bufio.Writer, *Compiled, query.Result) error{"json": writeJSON, "csv": writeCSV, "geojson": writeGeoJSON}

// cells gives the values of a batch as SODA writes them, and whether they are
// missing.
func cells(columns []Output, batch arrow.RecordBatch) func(row, column int) (string, bool) {
	text := export.Texts(batch)
	forms := make([]func(string) string, len(columns))
	for i, column := range columns {
		forms[i] = form(column.Kind, batch.Column(i).DataType())
	}
	return func(i, j int) (string, bool) {
		v, null := text(i, j)
		if null || forms[j] == nil {
			return v, null
		}
		return forms[j](v), false
	}
}

// form turns the text of a value into SODA's, nil where it is that already.
func form(k kind, t arrow.DataType) func(string) string {
	switch k {
	case kindRow:
		return func(v string) string { return rowPrefix + strings.Repeat("0", max(0, rowDigits-len(v))) + v }
	case kindFloating, kindFixed:
		zone := ""
		if k == kindFixed {
			zone = "Z"
		}
		if t.ID() == arrow.DATE32 {
			return func(v string) string { return v + "T00:00:00.000" + zone }
		}
		return func(v string) string { return milliseconds(strings.TrimSuffix(v, "Z")) + zone }
	case kindNumber:
		// A text that became a number has more decimals than were written.
		if d, ok := t.(arrow.DecimalType); ok && d.GetScale() >= 10 {
			return func(v string) string { return strings.TrimSuffix(strings.TrimRight(v, "0"), ".") }
		}
	}
	return nil
}

// milliseconds gives a time at least three decimals; finer ones stay.
func milliseconds(v string) string {
	_, fraction, _ := strings.Cut(v, ".")
	switch len(fraction) {
	case 0:
		return v + ".000"
	case 1, 2:
		return v + "00"[:3-len(fraction)]
	}
	return v
}

// writeJSON writes an array of objects without the missing values. Numbers are
// strings, with all their digits.
func writeJSON(w *bufio.Writer, q *Compiled, result query.Result) error {
	keys := keysAsJSON(q)
	w.WriteByte('[')
	var buf []byte
	first := true
	for result.Next() {
		batch := result.RecordBatch()
		cell := cells(q.Columns, batch)
		for i := range int(batch.NumRows()) {
			if buf = buf[:0]; !first {
				buf = append(buf, "\n,"...)
			}
			first = false
			buf = appendObject(buf, q, keys, cell, i, false)
			if _, err := w.Write(buf); err != nil {
				return err
			}
		}
	}
	_, err := w.WriteString("]\n")
	return err
}

func keysAsJSON(q *Compiled) [][]byte {
	keys := make([][]byte, len(q.Columns))
	for i, column := range q.Columns {
		keys[i] = append(appendString(nil, column.Name), ':')
	}
	return keys
}

func appendObject(buf []byte, q *Compiled, keys [][]byte, cell func(row, column int) (string, bool), i int, nulls bool) []byte {
	buf = append(buf, '{')
	some := false
	for j, column := range q.Columns {
		v, null := cell(i, j)
		if null && !nulls {
			continue
		}
		if some {
			buf = append(buf, ',')
		}
		some = true
		buf = append(buf, keys[j]...)
		switch {
		case null:
			buf = append(buf, "null"...)
		case column.Kind == kindBoolean:
			buf = append(buf, v...)
		default:
			buf = appendString(buf, v)
		}
	}
	return append(buf, '}')
}

// writeGeoJSON writes features. No field is a geometry, so none has one.
func writeGeoJSON(w *bufio.Writer, q *Compiled, result query.Result) error {
	keys := keysAsJSON(q)
	w.WriteString(`{"type":"FeatureCollection","features":[`)
	var buf []byte
	first := true
	for result.Next() {
		batch := result.RecordBatch()
		cell := cells(q.Columns, batch)
		for i := range int(batch.NumRows()) {
			if buf = buf[:0]; !first {
				buf = append(buf, "\n,"...)
			}
			first = false
			buf = append(buf, `{"type":"Feature","geometry":null,"properties":`...)
			buf = append(appendObject(buf, q, keys, cell, i, true), '}')
			if _, err := w.Write(buf); err != nil {
				return err
			}
		}
	}
	_, err := w.WriteString(`],"crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:OGC:1.3:CRS84"}}}` + "\n")
	return err
}

// writeCSV writes a header of field names and every value in quotes; a missing
// one is nothing at all, and "" where it is the only one of its line, for readers
// skip empty lines.
func writeCSV(w *bufio.Writer, q *Compiled, result query.Result) error {
	var buf []byte
	for j, column := range q.Columns {
		if j > 0 {
			buf = append(buf, ',')
		}
		buf = appendQuoted(buf, column.Name)
	}
	if _, err := w.Write(append(buf, '\n')); err != nil {
		return err
	}
	for result.Next() {
		batch := result.RecordBatch()
		cell := cells(q.Columns, batch)
		for i := range int(batch.NumRows()) {
			buf = buf[:0]
			for j := range q.Columns {
				if j > 0 {
					buf = append(buf, ',')
				}
				if v, null := cell(i, j); !null || len(q.Columns) == 1 {
					buf = appendQuoted(buf, v)
				}
			}
			if _, err := w.Write(append(buf, '\n')); err != nil {
				return err
			}
		}
	}
	return nil
}

func appendQuoted(buf []byte, s string) []byte {
	buf = append(buf, '"')
	for i := range len(s) {
		if s[i] == '"' {
			buf = append(buf, '"')
		}
		buf = append(buf, s[i])
	}
	return append(buf, '"')
}

// appendString writes a JSON string. What is no UTF-8 becomes U+FFFD.
func appendString(buf []byte, s string) []byte {
	const digits = "0123456789abcdef"
	buf = append(buf, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			buf = append(buf, '\\', byte(r))
		case r == '\n':
			buf = append(buf, '\\', 'n')
		case r == '\r':
			buf = append(buf, '\\', 'r')
		case r == '\t':
			buf = append(buf, '\\', 't')
		case r < 0x20:
			buf = append(buf, '\\', 'u', '0', '0', digits[r>>4], digits[r&15])
		default:
			buf = utf8.AppendRune(buf, r)
		}
	}
	return append(buf, '"')
}
