package ole_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"runtime"
	"testing"
	"time"

	"govdata/ingest/decode/ole"
	"govdata/ingest/decode/ole/oletest"
)

func open(data []byte) (*ole.File, error) {
	return ole.Open(bytes.NewReader(data), int64(len(data)))
}

func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i ^ i>>8 ^ i>>16)
	}
	return b
}

func TestStreamsOfAnySizeReadAsWritten(t *testing.T) {
	for _, size := range []int{0, 1, 63, 64, 65, 4095, 4096, 4097, 512 * 130, 8 << 20} { // of the last the header has no room for the FAT
		want := pattern(size)
		f, err := open(oletest.File(oletest.Stream{Name: "\x05Summary", Data: pattern(100)}, oletest.Stream{Name: "Workbook", Data: want}, oletest.Stream{Name: "Other", Data: pattern(5000)}))
		if err != nil {
			t.Fatal(err)
		}
		s, err := f.Stream("workbook")
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(s)
		if err != nil || !bytes.Equal(got, want) || s.Size != int64(size) {
			t.Errorf("%d bytes: read %d, %v", size, len(got), err)
		}
		for _, at := range []int{0, size / 3, size - 1} {
			if at < 0 || size == 0 {
				continue
			}
			again, err := f.Stream("Workbook")
			if err == nil {
				err = again.To(int64(at))
			}
			got, _ := io.ReadAll(again)
			if err != nil || !bytes.Equal(got, want[at:]) {
				t.Errorf("%d bytes from %d: read %d, %v", size, at, len(got), err)
			}
		}
		if err := s.To(int64(size) + 1); !errors.Is(err, ole.ErrCorrupt) {
			t.Errorf("a place behind the end: %v", err)
		}
	}
}

func TestOnlyStreamsInNoStorageAreFound(t *testing.T) {
	f, err := open(oletest.File(oletest.Stream{Name: "WordDocument", Data: pattern(9)}, oletest.Stream{Name: "ObjectPool/Workbook", Data: pattern(9)}))
	if err != nil {
		t.Fatal(err)
	}
	if !f.Has("WordDocument") || f.Has("Workbook") || f.Has("ObjectPool") || f.Has("Root Entry") {
		t.Error("found other streams")
	}
	if _, err := f.Stream("Workbook"); !errors.Is(err, ole.ErrCorrupt) {
		t.Errorf("found %v", err)
	}
}

// entries makes a file of storages, one in the other or side by side.
func entries(n int, nested bool) []byte {
	sectors := (n + 3) / 4
	fats := sectors/127 + 1
	b := make([]byte, 512*(1+sectors+fats))
	copy(b, oletest.File())
	le := binary.LittleEndian
	for i := range sectors {
		next := uint32(i + 1)
		if i == sectors-1 {
			next = 0xFFFFFFFE
		}
		le.PutUint32(b[512*(1+sectors)+4*i:], next)
	}
	le.PutUint32(b[44:], uint32(fats))
	le.PutUint32(b[48:], 0)
	for i := range min(fats, 109) {
		le.PutUint32(b[76+4*i:], uint32(sectors+i))
	}
	for i := range n {
		e := b[512+128*i:][:128]
		copy(e, "a\x00b\x00")
		e[64], e[66] = 6, 1
		le.PutUint32(e[68:], 0xFFFFFFFF)
		le.PutUint32(e[72:], 0xFFFFFFFF)
		le.PutUint32(e[76:], 0xFFFFFFFF)
		if i+1 < n {
			at := 72
			if nested {
				at = 76
			}
			le.PutUint32(e[at:], uint32(i+1))
		}
	}
	return b
}

func TestDirectoriesAreReadInBoundedMemory(t *testing.T) {
	for _, c := range []struct {
		n      int
		nested bool
		err    error
	}{{2000, false, nil}, {2000, true, nil}, {50_000, false, ole.ErrLimit}, {50_000, true, ole.ErrLimit}} {
		data := entries(c.n, c.nested)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := open(data)
		runtime.ReadMemStats(&after)
		if !errors.Is(err, c.err) {
			t.Errorf("%d entries, nested %t: %v", c.n, c.nested, err)
		}
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 64<<20 {
			t.Errorf("%d entries, nested %t: %d bytes allocated", c.n, c.nested, grown)
		}
	}
}

// hostile is a file with words of its header, or of its FAT, changed.
func hostile(header map[int]uint32, fat map[int]uint32) []byte {
	b := oletest.File(oletest.Stream{Name: "Workbook", Data: pattern(20_000)}, oletest.Stream{Name: "Small", Data: pattern(300)})
	at := 512 * (1 + int(binary.LittleEndian.Uint32(b[76:])))
	for i, v := range fat {
		binary.LittleEndian.PutUint32(b[at+4*i:], v)
	}
	for i, v := range header {
		binary.LittleEndian.PutUint32(b[i:], v)
	}
	return b
}

func TestHostileFilesEndInErrors(t *testing.T) {
	for what, data := range map[string][]byte{
		"nothing":                  {},
		"a header alone":           hostile(nil, nil)[:512],
		"another file":             bytes.Repeat([]byte("text"), 500),
		"4 billion FAT sectors":    hostile(map[int]uint32{44: 0xFFFFFFFF}, nil),
		"4 billion mini sectors":   hostile(map[int]uint32{64: 0xFFFFFFFF}, nil),
		"4 billion DIFAT sectors":  hostile(map[int]uint32{72: 0xFFFFFFFF}, nil),
		"a directory of 4 billion": hostile(map[int]uint32{40: 0xFFFFFFFF}, nil),
		"a directory out of place": hostile(map[int]uint32{48: 0x00FFFFFF}, nil),
		"a directory in a circle":  hostile(nil, map[int]uint32{42: 42}),
		"a FAT out of place":       hostile(map[int]uint32{76: 0x00FFFFFF}, nil),
		"sectors of 1 byte":        hostile(map[int]uint32{28: 0xFFFE}, nil),
		"a stream of four sectors": hostile(nil, map[int]uint32{3: 0xFFFFFFFE}),
	} {
		begin := time.Now()
		f, err := open(data)
		if err == nil {
			var s *ole.Stream
			if s, err = f.Stream("Workbook"); err == nil {
				_, err = io.Copy(io.Discard, s)
			}
		}
		if !errors.Is(err, ole.ErrCorrupt) && !errors.Is(err, ole.ErrLimit) {
			t.Errorf("%s: %v", what, err)
		}
		if took := time.Since(begin); took > time.Second {
			t.Errorf("%s: took %v", what, took)
		}
	}
}

// A chain of sectors in a circle ends where the stream says that it does.
func TestAStreamInACircleIsNoLongerThanTheFile(t *testing.T) {
	f, err := open(hostile(nil, map[int]uint32{5: 2}))
	if err != nil {
		t.Fatal(err)
	}
	s, err := f.Stream("Workbook")
	if err != nil {
		t.Fatal(err)
	}
	if n, _ := io.Copy(io.Discard, s); n > 20_000 {
		t.Errorf("%d bytes", n)
	}
	data := hostile(nil, map[int]uint32{5: 2})
	at := bytes.Index(data, []byte("W\x00o\x00r\x00k\x00"))
	binary.LittleEndian.PutUint32(data[at+120:], 1<<31)
	if f, err = open(data); err == nil {
		_, err = f.Stream("Workbook")
	}
	if !errors.Is(err, ole.ErrCorrupt) {
		t.Errorf("a stream of 2 GiB in %d bytes: %v", len(data), err)
	}
}

func TestATruncatedFileIsAnErrorOrReadsAsTheWholeOne(t *testing.T) {
	whole := oletest.File(oletest.Stream{Name: "Workbook", Data: pattern(6000)})
	for n := range whole {
		f, err := open(whole[:n])
		var got []byte
		if err == nil {
			var s *ole.Stream
			if s, err = f.Stream("Workbook"); err == nil {
				got, err = io.ReadAll(s)
			}
		}
		if err == nil && !bytes.Equal(got, pattern(6000)) || err != nil && !errors.Is(err, ole.ErrCorrupt) {
			t.Fatalf("%d of %d bytes: read %d, %v", n, len(whole), len(got), err)
		}
	}
}

func FuzzOpen(f *testing.F) {
	f.Add(oletest.File(oletest.Stream{Name: "Workbook", Data: pattern(5000)}, oletest.Stream{Name: "S/Book", Data: pattern(50)}))
	f.Add(entries(40, true))
	f.Add(hostile(nil, map[int]uint32{5: 2}))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := open(data)
		if err != nil {
			if !errors.Is(err, ole.ErrCorrupt) && !errors.Is(err, ole.ErrLimit) {
				t.Fatal(err)
			}
			return
		}
		for _, name := range []string{"Workbook", "Book", "Small"} {
			s, err := file.Stream(name)
			if err != nil {
				continue
			}
			n, err := io.Copy(io.Discard, s)
			if n > int64(len(data)) {
				t.Fatal(fmt.Sprint(n, " bytes of ", len(data)), err)
			}
			s.To(int64(len(data) / 2))
		}
	})
}
