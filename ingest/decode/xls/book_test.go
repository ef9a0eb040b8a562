package xls

import (
	"bytes"
	"encoding/binary"
	"math"
	"unicode/utf16"

	"govdata/ingest/decode/ole/oletest"
)

var le = binary.LittleEndian

// join appends parts: bytes and strings as they are, numbers in their size.
func join(parts ...any) []byte {
	var b []byte
	for _, p := range parts {
		switch p := p.(type) {
		case []byte:
			b = append(b, p...)
		case string:
			b = append(b, p...)
		case byte:
			b = append(b, p)
		case int: // the usual field
			b = le.AppendUint16(b, uint16(p))
		case uint32:
			b = le.AppendUint32(b, p)
		case float64:
			b = le.AppendUint64(b, math.Float64bits(p))
		}
	}
	return b
}

// rec makes a record.
func rec(id int, parts ...any) []byte {
	data := join(parts...)
	return append(join(id, len(data)), data...)
}

func concat(records ...[]byte) []byte { return bytes.Join(records, nil) }

// wide is text as two bytes a character, without its length and flags.
func wide(s string) []byte {
	var b []byte
	for _, c := range utf16.Encode([]rune(s)) {
		b = le.AppendUint16(b, c)
	}
	return b
}

// text8 is text of BIFF8 behind its length.
func text8(s string) []byte {
	w := wide(s)
	return join(len(w)/2, byte(flagWide), w)
}

// sst makes the record of shared strings, which must fit into one.
func sst(texts ...string) []byte {
	body := join(uint32(len(texts)), uint32(len(texts)))
	for _, s := range texts {
		body = append(body, text8(s)...)
	}
	return rec(recSST, body)
}

func xf(format int) []byte { return rec(recXF, 0, format, make([]byte, 16)) }

func format8(id int, code string) []byte { return rec(recFormat, id, text8(code)) }

var (
	bof8   = rec(recBOF, biff8, substreamGlobals, 0, 0, uint32(0), uint32(0))
	bof5   = rec(recBOF, biff5, substreamGlobals, 0, 0)
	eof    = rec(recEOF)
	sheet8 = rec(recBOF, biff8, 0x10, 0, 0, uint32(0), uint32(0))
	sheet5 = rec(recBOF, biff5, 0x10, 0, 0)
	chart8 = rec(recBOF, biff8, 0x20, 0, 0, uint32(0), uint32(0))
)

// bound is what the workbook says of a sheet.
type bound struct {
	name        string // ASCII
	state, kind byte
	records     []byte // behind the first, up to the end
}

// stream8 makes the stream of a BIFF8 workbook.
func stream8(globals []byte, sheets ...bound) []byte {
	return streamOf(bof8, sheet8, true, globals, sheets)
}

func stream5(globals []byte, sheets ...bound) []byte {
	return streamOf(bof5, sheet5, false, globals, sheets)
}

func streamOf(bof, begin []byte, flags bool, globals []byte, sheets []bound) []byte {
	head := func(offsets []int) []byte {
		b := append(bytes.Clone(bof), globals...)
		for i, s := range sheets {
			name := join(byte(len(s.name)))
			if flags {
				name = append(name, 0)
			}
			b = append(b, rec(recBoundSheet, uint32(offsets[i]), s.state, s.kind, name, s.name)...)
		}
		return append(b, eof...)
	}
	offsets := make([]int, len(sheets))
	at := len(head(offsets))
	var body []byte
	for i, s := range sheets {
		offsets[i] = at + len(body)
		body = append(append(append(body, begin...), s.records...), eof...)
	}
	return append(head(offsets), body...)
}

// file8 is a BIFF8 workbook of one sheet.
func file8(globals []byte, records ...[]byte) []byte {
	return fileOf("Workbook", stream8(globals, bound{name: "1", records: concat(records...)}))
}

func file5(globals []byte, records ...[]byte) []byte {
	return fileOf("Book", stream5(globals, bound{name: "1", records: concat(records...)}))
}

func fileOf(name string, stream []byte) []byte {
	return oletest.File(oletest.Stream{Name: name, Data: stream}, oletest.Stream{Name: "\x05SummaryInformation", Data: make([]byte, 200)})
}

func number(row, col, xf int, v float64) []byte { return rec(recNumber, row, col, xf, v) }

func label(row, col, sst int) []byte { return rec(recLabelSST, row, col, 0, uint32(sst)) }

// whole is a whole number in the four bytes of an RK.
func whole(n int) uint32 { return uint32(int32(n)<<2 | 2) }

// formula makes one with a value of eight bytes.
func formula(row, col int, value []byte) []byte {
	return rec(recFormula, row, col, 0, value, 0, uint32(0), 3, byte(0x1E), 1)
}

var textResult = []byte{0, 0, 0, 0, 0, 0, 0xFF, 0xFF}
