// Package oletest makes OLE compound files ([MS-CFB]) for tests.
package oletest

import (
	"encoding/binary"
	"strings"
	"unicode/utf16"
)

// Stream is a stream of a file to be made. A name with a slash is that of a
// storage and of a stream in it.
type Stream struct {
	Name string
	Data []byte
}

const (
	sector     = 512
	miniSector = 64
	cutoff     = 4096 // streams of less lie in the mini stream
	perSector  = sector / 4

	difatSector = 0xFFFFFFFC
	fatSector   = 0xFFFFFFFD
	chainEnd    = 0xFFFFFFFE
	none        = 0xFFFFFFFF
)

type entry struct {
	name        string
	kind        byte // 1 storage, 2 stream, 5 root
	right       uint32
	child       uint32
	start, size uint32
}

type file struct {
	entries       []entry
	mini, miniFAT []byte
	body          []byte // sectors behind the header
	fat           []uint32
}

// File makes a compound file of version 3.
func File(streams ...Stream) []byte {
	f := &file{entries: []entry{{name: "Root Entry", kind: 5, right: none, child: none, start: chainEnd}}}
	for _, s := range streams {
		f.add(s)
	}
	header := make([]byte, sector)
	put := func(at int, v uint32) { binary.LittleEndian.PutUint32(header[at:], v) }
	copy(header, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1")
	copy(header[24:], []byte{0x3E, 0, 3, 0, 0xFE, 0xFF, 9, 0, 6, 0})
	put(56, cutoff)
	f.entries[0].start, f.entries[0].size = f.write(f.mini), uint32(len(f.mini))
	put(60, f.write(f.miniFAT))
	put(64, uint32((len(f.miniFAT)+sector-1)/sector))
	put(48, f.write(f.directory()))
	fats, difats := f.tables()
	put(44, uint32(len(fats)))
	put(68, chainEnd)
	put(72, uint32(len(difats)))
	for i := range 109 {
		put(76+4*i, none)
	}
	for i, at := range fats[:min(len(fats), 109)] {
		put(76+4*i, at)
	}
	if len(difats) > 0 {
		put(68, difats[0])
	}
	return append(header, f.body...)
}

// add writes a stream and its entry.
func (f *file) add(s Stream) {
	parent, name := uint32(0), s.Name
	if storage, inner, ok := strings.Cut(s.Name, "/"); ok {
		parent, name = f.storage(storage), inner
	}
	e := entry{name: name, kind: 2, child: none, size: uint32(len(s.Data))}
	if len(s.Data) >= cutoff {
		e.start = f.write(s.Data)
	} else {
		e.start = f.writeMini(s.Data)
	}
	f.link(parent, e)
}

func (f *file) storage(name string) uint32 {
	for i, e := range f.entries {
		if e.kind == 1 && e.name == name {
			return uint32(i)
		}
	}
	return f.link(0, entry{name: name, kind: 1, child: none})
}

// link puts an entry before the others of its parent.
func (f *file) link(parent uint32, e entry) uint32 {
	at := uint32(len(f.entries))
	e.right = f.entries[parent].child
	f.entries[parent].child = at
	f.entries = append(f.entries, e)
	return at
}

// write appends sectors and chains them.
func (f *file) write(data []byte) uint32 {
	if len(data) == 0 {
		return chainEnd
	}
	start := uint32(len(f.fat))
	for i := 0; i < len(data); i += sector {
		f.fat = append(f.fat, uint32(len(f.fat)+1))
	}
	f.fat[len(f.fat)-1] = chainEnd
	f.body = append(f.body, data...)
	f.body = append(f.body, make([]byte, len(f.fat)*sector-len(f.body))...)
	return start
}

func (f *file) writeMini(data []byte) uint32 {
	if len(data) == 0 {
		return chainEnd
	}
	start := uint32(len(f.mini) / miniSector)
	for i := 0; i < len(data); i += miniSector {
		next := uint32(len(f.miniFAT)/4 + 1)
		if i+miniSector >= len(data) {
			next = chainEnd
		}
		f.miniFAT = binary.LittleEndian.AppendUint32(f.miniFAT, next)
	}
	f.mini = append(f.mini, data...)
	f.mini = append(f.mini, make([]byte, len(f.miniFAT)/4*miniSector-len(f.mini))...)
	return start
}

func (f *file) directory() []byte {
	var all []byte
	for _, e := range f.entries {
		b := make([]byte, 128)
		name := utf16.Encode([]rune(e.name + "\x00"))
		for i, c := range name {
			binary.LittleEndian.PutUint16(b[2*i:], c)
		}
		binary.LittleEndian.PutUint16(b[64:], uint16(2*len(name)))
		b[66], b[67] = e.kind, 1
		for i, v := range []uint32{none, e.right, e.child} {
			binary.LittleEndian.PutUint32(b[68+4*i:], v)
		}
		binary.LittleEndian.PutUint32(b[116:], e.start)
		binary.LittleEndian.PutUint32(b[120:], e.size)
		all = append(all, b...)
	}
	return all
}

// tables appends the FAT, and the DIFAT where the header has no room for it, and
// returns where their sectors are.
func (f *file) tables() (fats, difats []uint32) {
	nFAT, nDIFAT := 0, 0
	for nFAT*perSector < len(f.fat)+nFAT+nDIFAT {
		nFAT++
		nDIFAT = (max(nFAT-109, 0) + perSector - 2) / (perSector - 1)
	}
	for range nFAT {
		fats = append(fats, uint32(len(f.fat)))
		f.fat = append(f.fat, fatSector)
	}
	for range nDIFAT {
		difats = append(difats, uint32(len(f.fat)))
		f.fat = append(f.fat, difatSector)
	}
	words := f.fat
	for len(words) < nFAT*perSector {
		words = append(words, none)
	}
	for i := range nDIFAT {
		for j := range perSector - 1 {
			if k := 109 + i*(perSector-1) + j; k < nFAT {
				words = append(words, fats[k])
			} else {
				words = append(words, none)
			}
		}
		next := uint32(chainEnd)
		if i+1 < nDIFAT {
			next = difats[i+1]
		}
		words = append(words, next)
	}
	for _, w := range words {
		f.body = binary.LittleEndian.AppendUint32(f.body, w)
	}
	return fats, difats
}
