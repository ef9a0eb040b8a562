package decode

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// endless is a text of size bytes that begins with head and goes on with fill;
// it is nowhere kept. heap is the most that was allocated while it was read.
type endless struct {
	head []byte
	fill []byte
	size int64
	heap uint64
}

func (e *endless) ReadAt(b []byte, off int64) (int, error) {
	n := int(min(int64(len(b)), e.size-off))
	for i := 0; i < n; {
		i += copy(b[i:n], e.fill)
	}
	if off < int64(len(e.head)) {
		copy(b[:n], e.head[off:])
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	e.heap = max(e.heap, m.HeapInuse)
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func TestACellOfHalfAGigabyteIsRefusedInLittleMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 2 GB")
	}
	for _, c := range []struct {
		name, head string
		line       int64
		found      string
	}{
		{"plain", "a,b\n1,", 2, "no end within 33554432 bytes"},
		{"quoted", "a,b\n1,2\n3,\"", 3, "no end within 33554432 bytes"},
		{"a JSON string", "[{\"a\":1},\n{\"a\":\"", 2, "more than 67108864 bytes"},
		{"a JSON string under a key", "{\"m\":1,\n\"data\":[{\"a\":\"", 2, "end of the text"},
	} {
		t.Run(c.name, func(t *testing.T) {
			runtime.GC()
			var before runtime.MemStats
			runtime.ReadMemStats(&before)
			text := &endless{head: []byte(c.head), fill: bytes.Repeat([]byte("x"), 64<<10), size: 500 << 20}
			s := &Source{options: Options{MaxBytes: DefaultMaxBytes, MaxCell: DefaultMaxCell}, spool: new(spool)}
			defer s.Close()
			err := s.open(&content{name: "t", r: text, size: text.size})
			if err == nil {
				_, err = readAll(s.Tables()[0])
			}
			if e := (*Error)(nil); !errors.As(err, &e) || e.Line != c.line || !strings.Contains(e.Found, c.found) {
				t.Errorf("got %v, want line %d, %q", err, c.line, c.found)
			}
			t.Logf("%d MiB", (int64(text.heap)-int64(before.HeapInuse))>>20)
			// The largest cell is 64 MiB, and a buffer that grows to it leaves two
			// smaller ones behind, which may not be collected yet.
			if grown := int64(text.heap) - int64(before.HeapInuse); grown > 256<<20 {
				t.Errorf("%d MiB in use", grown>>20)
			}
		})
	}
}

func TestTenThousandColumnsAreRead(t *testing.T) {
	const n = 10_000
	var csv, objects, keyed, arrays bytes.Buffer
	objects.WriteString("[")
	keyed.WriteString("{")
	arrays.WriteString("[")
	for row := range 4 {
		if row > 0 {
			objects.WriteString("},\n")
			keyed.WriteString("},\n")
			arrays.WriteString("],\n")
		}
		objects.WriteString("{")
		fmt.Fprintf(&keyed, "\"id%d\":{", row)
		arrays.WriteString("[")
		for i := range n {
			sep := ","
			if i == 0 {
				sep = ""
			}
			fmt.Fprintf(&csv, "%s列%d", sep, i+row)
			fmt.Fprintf(&objects, "%s\"列%d\":%d", sep, i, row)
			fmt.Fprintf(&keyed, "%s\"列%d\":%d", sep, i, row)
			fmt.Fprintf(&arrays, "%s%d", sep, row)
		}
		csv.WriteString("\n")
	}
	objects.WriteString("}]")
	keyed.WriteString("}}")
	arrays.WriteString("]]")
	for _, c := range []struct {
		name          string
		text          []byte
		rows, columns int
	}{{"csv", csv.Bytes(), 4, n}, {"objects", objects.Bytes(), 5, n}, {"keyed", keyed.Bytes(), 5, n + 1}, {"arrays", arrays.Bytes(), 5, n}} {
		rows := rowsOf(t, mustOpen(t, "t", c.text, Options{}))
		if len(rows) != c.rows || len(rows[0].cells) != c.columns || len(rows[c.rows-1].cells) != c.columns {
			t.Errorf("%s: %d rows of %d columns", c.name, len(rows), len(rows[0].cells))
		}
	}
}

// Text that is nothing but one character is a table or a refusal, soon.
func TestTextOfOneCharacterAloneIsSettledSoon(t *testing.T) {
	for _, fill := range []string{"\"", "\\\"", "\"\\", "\"\n", "\",", ",", "\n", "\r", "[", "{", "]", "{\"a\":", "{\"a\":[", "[{\"children\":", "[\"", "[1,", "-", "\\", "PK\x03\x04", "\x1A"} {
		for _, n := range []int{1, 2, 3, 100_000, 300_001} {
			begin := time.Now()
			s, err := openBytes(t, "t", bytes.Repeat([]byte(fill), n), Options{All: true})
			if err == nil {
				_, err = readAll(s.Tables()[0])
			}
			if e := (*Error)(nil); err != nil && !errors.As(err, &e) {
				t.Errorf("%d of %q: %v", n, fill, err)
			}
			if took := time.Since(begin); took > 10*time.Second {
				t.Errorf("%d of %q take %v", n, fill, took)
			}
		}
	}
}

func TestDeepJSONIsRefusedOrText(t *testing.T) {
	const n = 100_000
	for name, text := range map[string]string{
		"arrays":          strings.Repeat("[", n) + strings.Repeat("]", n),
		"objects":         strings.Repeat(`{"a":`, n) + "1" + strings.Repeat("}", n),
		"arrays in a row": `[{"a":` + strings.Repeat("[", n) + strings.Repeat("]", n) + "}]",
		"a tree":          strings.Repeat(`[{"n":1,"children":`, n) + "[]" + strings.Repeat("}]", n),
		"a tree's leaf":   `[{"n":1,"children":[{"n":2,"children":[],"x":` + strings.Repeat("[", n) + strings.Repeat("]", n) + "}]}]",
		"keyed":           `{"a":{"x":1,"y":` + strings.Repeat("[", n) + strings.Repeat("]", n) + `},"b":{"x":1},"c":{"x":1}}`,
	} {
		s, err := openBytes(t, "t.json", []byte(text), Options{})
		if err == nil {
			_, err = readAll(s.Tables()[0])
		}
		if e := (*Error)(nil); !errors.As(err, &e) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// A zero byte here and there is part of a cell; it makes no UTF-16.
func TestZeroBytesInTextAreText(t *testing.T) {
	for name, c := range map[string]struct {
		data    []byte
		charset string
	}{
		"ASCII":   {[]byte("a,b\n1,\x00x\n" + strings.Repeat("2,3\n", 50)), "utf-8"},
		"UTF-8":   {[]byte("名称,b\n1,\x00x\n" + strings.Repeat("兰州,3\n", 50)), "utf-8"},
		"GB18030": {encode(t, simplifiedchinese.GB18030, "名称,b\n1,\x00x\n"+strings.Repeat("兰州市,3\n", 12)), "gb18030"},
	} {
		for _, pad := range []string{"", "1"} { // on either side of a pair
			s := mustOpen(t, "t.csv", append([]byte(pad), c.data...), Options{})
			rows := rowsOf(t, s)
			if s.Info().Charset != c.charset || len(rows) < 10 || rows[1].cells[1] != "\x00x" {
				t.Errorf("%s: read as %s (%s): %q", name, s.Info().Charset, s.Info().Evidence, rows[1].cells)
			}
		}
	}
	_, err := openBytes(t, "t.csv", make([]byte, 1000), Options{})
	wantRefusal(t, err, ErrFormat)
}
