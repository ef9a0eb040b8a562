package decode

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

// member is a file to be packed.
type member struct {
	name string
	data []byte
}

func zipped(t testing.TB, members ...member) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, m := range members {
		w, err := z.CreateHeader(&zip.FileHeader{Name: m.name, Method: zip.Deflate, NonUTF8: true})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(m.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func gzipped(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zstded(t testing.TB, data []byte, o ...zstd.EOption) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil, o...)
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll(data, nil)
}

func TestArchivesAreUnpackedOneWithinAnother(t *testing.T) {
	text := []byte("名称,值\n兰州,1\n天水,2\n")
	want := []record{{1, []string{"名称", "值"}}, {2, []string{"兰州", "1"}}, {3, []string{"天水", "2"}}}
	for _, c := range []struct {
		name      string
		data      []byte
		container []string
	}{
		{"gz", gzipped(t, text), []string{"gz"}},
		{"gz of two streams", append(gzipped(t, text[:10]), gzipped(t, text[10:])...), []string{"gz"}},
		{"zst", zstded(t, text), []string{"zst"}},
		{"zip", zipped(t, member{"t.csv", text}), []string{"zip"}},
		{"zip with a folder and a Macintosh's leavings", zipped(t, member{"data/", nil}, member{"data/t.csv", text}, member{"__MACOSX/data/._t.csv", []byte("x")}, member{"data/.DS_Store", []byte("x")}), []string{"zip"}},
		{"zip with a note", zipped(t, member{"说明.txt", []byte("see t.csv")}, member{"t.csv", text}, member{"licence.pdf", []byte("%PDF-1.4")}), []string{"zip"}},
		{"zip of a file without a known ending", zipped(t, member{"download", text}), []string{"zip"}},
		{"zip of gz", zipped(t, member{"t.csv.gz", gzipped(t, text)}), []string{"zip", "gz"}},
		{"gz of zip", gzipped(t, zipped(t, member{"t.csv", text})), []string{"gz", "zip"}},
		{"zst of gz", zstded(t, gzipped(t, text)), []string{"zst", "gz"}},
		{"in GB18030", zipped(t, member{"t.csv", encode(t, simplifiedchinese.GB18030, string(text))}), []string{"zip"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := mustOpen(t, "t.bin", c.data, Options{})
			if i := s.Info(); i.Format != "csv" || !slices.Equal(i.Container, c.container) {
				t.Errorf("found to be %+v", i)
			}
			wantRows(t, rowsOf(t, s), want)
		})
	}
}

func TestMembersLeftOutAreNoted(t *testing.T) {
	s := mustOpen(t, "t.zip", zipped(t, member{"说明.txt", []byte("x")}, member{"t.csv", []byte("a\n1\n")}), Options{})
	notes := strings.Join(s.Info().Notes, "; ")
	if !strings.Contains(notes, `read member "t.csv"`) || !strings.Contains(notes, `left out of the archive: "说明.txt"`) {
		t.Errorf("the notes are %q", notes)
	}
}

func TestOneOfSeveralTablesInAnArchiveIsNamed(t *testing.T) {
	data := zipped(t, member{"2025/许可.csv", []byte("a\n1\n")}, member{"2025/处罚.csv", []byte("b\n2\n")})
	_, err := openBytes(t, "t.zip", data, Options{})
	if e := wantRefusal(t, err, ErrFormat); !strings.Contains(e.Found, "许可.csv") || !strings.Contains(e.Found, "处罚.csv") {
		t.Errorf("got %v", err)
	}
	for _, name := range []string{"处罚.csv", "2025/处罚.csv"} {
		s := mustOpen(t, "t.zip", data, Options{Sheet: name})
		wantRows(t, rowsOf(t, s), []record{{1, []string{"b"}}, {2, []string{"2"}}})
	}
}

// Chinese archivers write names in the code page of their machine and say nothing.
func TestMemberNamesAreDecoded(t *testing.T) {
	for _, c := range []struct {
		name string
		raw  []byte
	}{
		{"行政许可信息.csv", encode(t, simplifiedchinese.GB18030, "行政许可信息.csv")},
		{"臺北市學校名稱.csv", encode(t, traditionalchinese.Big5, "臺北市學校名稱.csv")},
		{"行政许可信息.csv", []byte("行政许可信息.csv")},
	} {
		s := mustOpen(t, "t.zip", zipped(t, member{string(c.raw), []byte("a\n1\n")}), Options{Sheet: c.name})
		if got := s.Tables()[0].Name(); got != c.name {
			t.Errorf("the table is called %q, want %q", got, c.name)
		}
	}
}

func TestArchiveBombsAreStopped(t *testing.T) {
	zeros := make([]byte, bombFloor+1)
	for name, data := range map[string][]byte{"zip": zipped(t, member{"t.csv", zeros}), "gz": gzipped(t, zeros), "zst": zstded(t, zeros)} {
		_, err := openBytes(t, "t."+name, data, Options{})
		if e := wantRefusal(t, err, ErrBomb); !strings.Contains(e.Found, "times its size") {
			t.Errorf("%s: %v", name, err)
		}
	}
	incompressible := make([]byte, 1<<20)
	for i, r := 0, rand.New(rand.NewPCG(1, 2)); i < len(incompressible); i++ {
		incompressible[i] = byte(r.Uint32())
	}
	_, err := openBytes(t, "t.gz", gzipped(t, incompressible), Options{MaxBytes: 1 << 19})
	wantRefusal(t, err, ErrBomb)
	// The bound is on all that a file unpacks to, not on each layer.
	_, err = openBytes(t, "t.zip", zipped(t, member{"t.csv.gz", gzipped(t, incompressible)}), Options{MaxBytes: 3 << 19})
	wantRefusal(t, err, ErrBomb)
	// 2 GiB of history for a file of a few bytes.
	frame := []byte{0x28, 0xB5, 0x2F, 0xFD, 0x00, 21 << 3, 0x01, 0x00, 0x00}
	_, err = openBytes(t, "t.zst", frame, Options{})
	wantRefusal(t, err, ErrBomb)
}

func TestBrokenArchivesAreNamedAsSuch(t *testing.T) {
	var text bytes.Buffer
	for i, r := 0, rand.New(rand.NewPCG(1, 2)); i < 20_000; i++ {
		text.Write(binary.AppendUvarint([]byte("x,"), uint64(r.Uint32())&0x3F3F3F3F))
		text.WriteByte('\n')
	}
	gz, zst, z := gzipped(t, text.Bytes()), zstded(t, text.Bytes()), zipped(t, member{"t.csv", text.Bytes()})
	flipped := func(b []byte) []byte { b = bytes.Clone(b); b[len(b)/2] ^= 0x55; return b }
	encrypted := bytes.Clone(z)
	encrypted[6] |= 1
	encrypted[bytes.Index(encrypted, []byte("PK\x01\x02"))+8] |= 1
	for _, c := range []struct {
		name     string
		data     []byte
		category error
	}{
		{"gz cut off", gz[:len(gz)/2], ErrCorrupt},
		{"gz of two bytes", gz[:2], ErrCorrupt},
		{"gz with a flipped byte", flipped(gz), ErrCorrupt},
		{"zst cut off", zst[:len(zst)/2], ErrCorrupt},
		{"zst with a flipped byte", flipped(zst), ErrCorrupt},
		{"zip cut off", z[:len(z)/2], ErrCorrupt},
		{"zip with a flipped byte", flipped(z), ErrCorrupt},
		{"xlsx cut off", zipped(t, member{"[Content_Types].xml", text.Bytes()})[:5000], ErrCorrupt},
		{"zip with a password", encrypted, ErrEncrypted},
		{"zip without members", zipped(t), ErrEmpty},
		{"zip of an empty file", zipped(t, member{"t.csv", nil}), ErrEmpty},
		{"gz of nothing", gzipped(t, nil), ErrEmpty},
		{"zst of nothing", zstded(t, []byte{}), ErrEmpty},
		{"gz in gz in gz", gzipped(t, gzipped(t, gzipped(t, text.Bytes()))), ErrFormat},
		{"gz of a PDF", gzipped(t, []byte("%PDF-1.7\n")), ErrFormat},
		{"zip of documents alone", zipped(t, member{"a.pdf", []byte("%PDF-")}, member{"b.docx", []byte("PK")}), ErrFormat},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := openBytes(t, "t.bin", c.data, Options{})
			wantRefusal(t, err, c.category)
		})
	}
}

func TestProgressCountsBytesOfTheFileThatWasSent(t *testing.T) {
	text := bytes.Repeat([]byte("some text,1234567890\n"), 100_000)
	for _, c := range []struct {
		name string
		data []byte
	}{{"t.csv", text}, {"t.csv.gz", gzipped(t, text)}, {"gb.csv", append(bytes.Clone(text), encode(t, simplifiedchinese.GB18030, "数据来源：国家统计局,1\n")...)}} {
		var last int64
		calls := 0
		s := mustOpen(t, c.name, c.data, Options{Progress: func(read int64) {
			if read < last {
				t.Errorf("%s: %d after %d", c.name, read, last)
			}
			last = read
			calls++
		}})
		rowsOf(t, s)
		if last != int64(len(c.data)) || calls < 2 {
			t.Errorf("%s: ends at %d of %d after %d calls", c.name, last, len(c.data), calls)
		}
	}
}

// A reader that goes away early leaves no goroutine that reads on and no file.
func TestCloseInTheMiddleEndsAllReading(t *testing.T) {
	text := encode(t, simplifiedchinese.GB18030, strings.Repeat("甘肃省兰州市,1\n", 500_000))
	dir := t.TempDir()
	path := filepath.Join(dir, "t.csv.gz")
	if err := os.WriteFile(path, gzipped(t, text), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Open(path, "t.csv.gz", Options{TempDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Tables()[0].Next(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("closing again: %v", err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 {
		t.Errorf("left: %v, %v", left, err)
	}
}
