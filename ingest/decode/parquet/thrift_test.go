package parquet

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
)

// thrift is a structure to be written in the compact protocol: its fields by
// number, of int32, int64, bool, string, []any or thrift.
type thrift map[int]any

func (t thrift) append(b []byte) []byte {
	last := 0
	for id := 1; id < 64; id++ {
		v, ok := t[id]
		if !ok {
			continue
		}
		kind := kindOf(v)
		if v == false {
			kind = tFalse
		}
		b = append(b, byte(id-last)<<4|kind)
		last = id
		if kind != tTrue && kind != tFalse {
			b = appendThrift(b, v)
		}
	}
	return append(b, tStop)
}

func kindOf(v any) byte {
	switch v.(type) {
	case bool:
		return tTrue
	case int32:
		return tI32
	case int64:
		return tI64
	case string:
		return tBinary
	case []any:
		return tList
	}
	return tStructure
}

func appendThrift(b []byte, v any) []byte {
	switch v := v.(type) {
	case int32:
		return binary.AppendVarint(b, int64(v))
	case int64:
		return binary.AppendVarint(b, v)
	case string:
		return append(binary.AppendUvarint(b, uint64(len(v))), v...)
	case []any:
		kind := byte(tI32)
		if len(v) > 0 {
			kind = kindOf(v[0])
		}
		b = binary.AppendUvarint(append(b, 0xF0|kind), uint64(len(v)))
		for _, e := range v {
			b = appendThrift(b, e)
		}
		return b
	case thrift:
		return v.append(b)
	}
	panic("a kind that tests do not write")
}

// made is a file of one column "a", written by hand.
type made struct {
	element thrift // of the schema, besides the name
	codec   int32
	rows    int64
	values  int64 // if not as many as rows
	pages   []thrift
	bodies  [][]byte
	chunk   thrift // replaces fields of ColumnMetaData
	footer  thrift // replaces fields of FileMetaData
}

// page adds a page; its sizes are those of the body if they are not given.
func (m *made) page(header thrift, body []byte) {
	for id, v := range map[int]any{2: int32(len(body)), 3: int32(len(body))} {
		if _, ok := header[id]; !ok {
			header[id] = v
		}
	}
	m.pages, m.bodies = append(m.pages, header), append(m.bodies, body)
}

func (m *made) bytes() []byte {
	b := []byte(magic)
	for i, p := range m.pages {
		b = append(p.append(b), m.bodies[i]...)
	}
	element := thrift{4: "a"}
	for id, v := range m.element {
		element[id] = v
	}
	values := m.values
	if values == 0 {
		values = m.rows
	}
	chunk := thrift{1: element[1], 2: []any{int32(0)}, 3: []any{"a"}, 4: m.codec, 5: values, 6: int64(len(b)), 7: int64(len(b) - len(magic)), 9: int64(len(magic))}
	for id, v := range m.chunk {
		chunk[id] = v
	}
	footer := thrift{1: int32(1), 2: []any{thrift{4: "root", 5: int32(1)}, element}, 3: m.rows,
		4: []any{thrift{1: []any{thrift{2: int64(4), 3: chunk}}, 2: int64(len(b)), 3: m.rows}}}
	for id, v := range m.footer {
		footer[id] = v
	}
	return withFooter(b, footer.append(nil))
}

func withFooter(pages, footer []byte) []byte {
	b := append(bytes.Clone(pages), footer...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(footer)))
	return append(b, magic...)
}

// v1 is the header of a page of version 1.
func v1(values, encoding int32) thrift {
	return thrift{1: int32(dataPage), 5: thrift{1: values, 2: encoding, 3: int32(3), 4: int32(3)}}
}

// dictionary is the header of a page with one.
func dictionary(values int32) thrift {
	return thrift{1: int32(dictionaryPage), 7: thrift{1: values, 2: int32(0)}}
}

func checksum(body []byte) int32 { return int32(crc32.ChecksumIEEE(body)) }

// texts are plain values of an array of bytes.
func texts(v ...string) []byte {
	var b []byte
	for _, s := range v {
		b = append(binary.LittleEndian.AppendUint32(b, uint32(len(s))), s...)
	}
	return b
}
