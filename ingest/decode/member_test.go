package decode

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// tarred packs headers and data as they are given.
func tarred(t testing.TB, members ...member) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, m := range members {
		h := &tar.Header{Name: m.name, Size: int64(len(m.data)), Mode: 0o600, Typeflag: tar.TypeReg}
		switch {
		case strings.HasSuffix(m.name, "/"):
			h.Typeflag = tar.TypeDir
		case strings.HasSuffix(m.name, ".link"):
			h.Typeflag, h.Linkname, h.Size = tar.TypeSymlink, "/etc/passwd", 0
		case strings.HasSuffix(m.name, ".dev"):
			h.Typeflag, h.Size = tar.TypeBlock, 0
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if h.Typeflag == tar.TypeReg {
			if _, err := w.Write(m.data); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// oldTar takes the magic of POSIX out of a tar archive's headers.
func oldTar(b []byte, headers ...int) []byte {
	b = bytes.Clone(b)
	for _, at := range headers {
		h := b[at : at+512]
		clear(h[257:512])
		checksum(h)
	}
	return b
}

func checksum(header []byte) {
	copy(header[148:156], "        ")
	sum := 0
	for _, c := range header {
		sum += int(c)
	}
	copy(header[148:156], fmt.Sprintf("%06o\x00 ", sum))
}

// sparseTar is one member of 4 bytes that claims to be 8 GiB with its holes.
func sparseTar(t *testing.T) []byte {
	b := tarred(t, member{"t.csv", []byte("a\n1\n")})
	h := b[:512]
	h[156] = tar.TypeGNUSparse
	clear(h[257:512])
	copy(h[257:], "ustar  \x00")
	copy(h[386:], "77777777773\x0000000000004\x00") // the one piece, at its end
	copy(h[483:], "77777777777\x00")
	checksum(h)
	return b
}

func TestTarArchivesAreReadAsZipOnesAre(t *testing.T) {
	text := []byte("名称,值\n兰州,1\n天水,2\n")
	want := []record{{1, []string{"名称", "值"}}, {2, []string{"兰州", "1"}}, {3, []string{"天水", "2"}}}
	plain := tarred(t, member{"./data/", nil}, member{"./data/t.csv", text}, member{"说明.txt", []byte("see t.csv")}, member{"x.link", nil}, member{"sda.dev", nil})
	for _, c := range []struct {
		name      string
		data      []byte
		container []string
	}{
		{"tar", plain, []string{"tar"}},
		{"tar.gz", gzipped(t, plain), []string{"gz", "tar"}},
		{"tar.zst", zstded(t, plain), []string{"zst", "tar"}},
		{"tar before POSIX", oldTar(tarred(t, member{"t.csv", text}), 0), []string{"tar"}},
		{"tar.gz of gz", gzipped(t, tarred(t, member{"t.csv.gz", gzipped(t, text)})), []string{"gz", "tar", "gz"}},
		{"zip of tar.gz", zipped(t, member{"t.tar.gz", gzipped(t, plain)}), []string{"zip", "gz", "tar"}},
		{"in GB18030", tarred(t, member{string(encode(t, simplifiedchinese.GB18030, "许可.csv")), encode(t, simplifiedchinese.GB18030, string(text))}), []string{"tar"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := mustOpen(t, "t.bin", c.data, Options{})
			if i := s.Info(); i.Format != "csv" || !slices.Equal(i.Container, c.container) {
				t.Errorf("found to be %+v", i)
			}
			wantRows(t, rowsOf(t, s), want)
		})
	}
	notes := strings.Join(mustOpen(t, "t.tar", plain, Options{}).Info().Notes, "; ")
	if !strings.Contains(notes, "2 links, devices") || !strings.Contains(notes, `left out of the archive: "说明.txt"`) || !strings.Contains(notes, `read member "data/t.csv"`) {
		t.Errorf("the notes are %q", notes)
	}
}

func TestBrokenTarArchivesAreNamedAsSuch(t *testing.T) {
	whole := tarred(t, member{"a.csv", []byte("a\n1\n")}, member{"b.csv", bytes.Repeat([]byte("b,2\n"), 1000)})
	absurd := oldTar(whole) // a size of 8 GiB in the second header
	copy(absurd[1024+124:], "77777777777\x00")
	absurd = oldTar(absurd, 1024)
	huge := oldTar(whole) // and one of 2^62 in base 256
	copy(huge[1024+124:], []byte{0x80, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0})
	huge = oldTar(huge, 1024)
	for _, c := range []struct {
		name     string
		data     []byte
		category error
	}{
		{"cut off in a member", whole[:2000], ErrCorrupt},
		{"cut off in a header", whole[:1100], ErrCorrupt},
		{"a size past the end", absurd, ErrCorrupt},
		{"a size past any end", huge, ErrCorrupt},
		{"tar of links", tarred(t, member{"a.link", nil}), ErrEmpty},
		{"tar of a file with holes", sparseTar(t), ErrEmpty},
		{"tar of an empty file", tarred(t, member{"a.csv", nil}), ErrEmpty},
		{"tar.gz of a tar.gz of gz", gzipped(t, tarred(t, member{"a.gz", gzipped(t, tarred(t, member{"a.gz", gzipped(t, whole)}))})), ErrFormat},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := openBytes(t, "t.tar", c.data, Options{Sheet: "a.csv"})
			wantRefusal(t, err, c.category)
		})
	}
}

// tables gives each table's name and the last row's first cell.
func tables(t *testing.T, s *Source) []string {
	t.Helper()
	var got []string
	for _, table := range s.Tables() {
		rows, err := readAll(table)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, table.Name()+"="+rows[len(rows)-1].cells[0])
	}
	return got
}

func TestAllTablesOfAnArchiveAreReadInItsOrder(t *testing.T) {
	members := []member{
		{"2025/许可.csv", encode(t, simplifiedchinese.GB18030, "名称\n甘肃省兰州市城关区某某公司\n")}, {"说明.txt", []byte("x")}, {"2025/", nil},
		{"book.xlsx", workbook(t)}, {"a.json", []byte(`{"data":[{"x":1}]}`)}, {"none.csv", nil}, {"z.csv.gz", gzipped(t, []byte("a\nz\n"))},
	}
	want := []string{"2025/许可.csv=甘肃省兰州市城关区某某公司", "book.xlsx/许可=兰州", "book.xlsx/处罚=处罚", "a.json=1", "z.csv.gz=z"}
	for name, data := range map[string][]byte{"zip": zipped(t, members...), "tar": tarred(t, members...), "tar.gz": gzipped(t, tarred(t, members...))} {
		t.Run(name, func(t *testing.T) {
			last := int64(0)
			s := mustOpen(t, "t.bin", data, Options{All: true, Progress: func(read int64) {
				if read < last {
					t.Errorf("%d after %d", read, last)
				}
				last = read
			}})
			if got := tables(t, s); !slices.Equal(got, want) {
				t.Errorf("got %q", got)
			}
			i := s.Info()
			notes := strings.Join(i.Notes, "; ")
			for _, part := range []string{`left out of the archive: "说明.txt"`, `"none.csv", for it is empty`, `book.xlsx: sheet "隐藏" is hidden`, `a.json: the rows are the objects under "data"`} {
				if !strings.Contains(notes, part) {
					t.Errorf("the notes are %q, without %q", notes, part)
				}
			}
			if i.Format != "csv+xlsx+json" || i.Charset != "gb18030+utf-8" || len(i.Members) != 4 || i.Members[0].Member != "2025/许可.csv" || i.Members[0].Charset != "gb18030" {
				t.Errorf("found to be %+v", i)
			}
		})
	}
}

func TestAMemberOrItsSheetIsPickedByName(t *testing.T) {
	data := zipped(t, member{"2025/许可.csv", []byte("a\n1\n")}, member{"2025/book.xlsx", workbook(t)})
	for _, all := range []bool{false, true} {
		for sheet, want := range map[string]string{
			"许可.csv": "2025/许可.csv=1", "2025/许可.csv": "2025/许可.csv=1", "book.xlsx/处罚": "处罚=处罚", "2025/book.xlsx/隐藏": "隐藏=隐藏",
		} {
			if got := tables(t, mustOpen(t, "t.zip", data, Options{Sheet: sheet, All: all})); !slices.Equal(got, []string{want}) {
				t.Errorf("%s: got %q", sheet, got)
			}
		}
		_, err := openBytes(t, "t.zip", data, Options{Sheet: "book.xlsx/none", All: all})
		if e := wantRefusal(t, err, ErrFormat); !strings.Contains(e.Found, "许可") {
			t.Errorf("got %v", err)
		}
	}
	_, err := openBytes(t, "t.zip", data, Options{Sheet: "none.csv", All: true})
	if e := wantRefusal(t, err, ErrFormat); !strings.Contains(e.Want, "none.csv") {
		t.Errorf("got %v", err)
	}
	// A file that is no archive has no members.
	if got := tables(t, mustOpen(t, "t.csv", []byte("a\n1\n"), Options{All: true})); !slices.Equal(got, []string{"=1"}) {
		t.Errorf("got %q", got)
	}
}

// What one member may not unpack to, all together may not.
func TestTheBoundIsOnAllMembersTogether(t *testing.T) {
	noise := make([]byte, 1<<18)
	for i, r := 0, rand.New(rand.NewPCG(1, 2)); i < len(noise); i++ {
		noise[i] = 'a' + byte(r.Uint32()%26)
	}
	data := zipped(t, member{"a.csv", noise}, member{"b.csv", noise}, member{"c.csv", noise})
	_, err := openBytes(t, "t.zip", data, Options{All: true, MaxBytes: 5 << 17})
	wantRefusal(t, err, ErrBomb)
	var many []member
	for i := range maxMembers + 1 {
		many = append(many, member{fmt.Sprintf("%d.csv", i), []byte("a\n1\n")})
	}
	_, err = openBytes(t, "t.zip", zipped(t, many...), Options{All: true})
	wantRefusal(t, err, ErrFormat)
	s := mustOpen(t, "t.tar", tarred(t, many[:maxMembers]...), Options{All: true})
	if got := tables(t, s); len(got) != maxMembers || got[999] != "999.csv=1" {
		t.Errorf("%d tables", len(got))
	}
}

// fields are places in a zip archive's directory entry (APPNOTE 4.3.12).
const (
	directorySum    = 16
	directoryPacked = 20
	directorySize   = 24
	directoryOffset = 42
)

// patch sets a field of every directory entry of a zip archive.
func patch(z []byte, field int, value uint32) []byte {
	z = bytes.Clone(z)
	for at := 0; ; {
		k := bytes.Index(z[at:], []byte("PK\x01\x02"))
		if k < 0 {
			return z
		}
		at += k
		binary.LittleEndian.PutUint32(z[at+field:], value)
		at += 46
	}
}

func TestADirectoryThatLiesIsNotBelieved(t *testing.T) {
	text := bytes.Repeat([]byte("some text,1234567890\n"), 10_000)
	z := zipped(t, member{"t.csv", text})
	for name, data := range map[string][]byte{
		"too small a size":       patch(z, directorySize, 10),
		"too large a size":       patch(z, directorySize, 1<<31),
		"too small a packed one": patch(z, directoryPacked, 10),
		"too large a packed one": patch(z, directoryPacked, 1<<31),
		"another checksum":       patch(z, directorySum, 1),
		"a place past the end":   patch(z, directoryOffset, 1<<31),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := openBytes(t, "t.zip", data, Options{})
			wantRefusal(t, err, ErrCorrupt)
		})
	}
}

// stored is a zip archive of members without compression whose directory says
// that they all begin where the first does.
func stored(t *testing.T, n int) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := range n {
		text := []byte("a\n1\n")
		w, err := z.CreateRaw(&zip.FileHeader{Name: fmt.Sprintf("%05d.csv", i), CRC32: crc32.ChecksumIEEE(text), CompressedSize64: 4, UncompressedSize64: 4})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(text); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestMembersOnTheSameBytesAreRefused(t *testing.T) {
	_, err := openBytes(t, "t.zip", patch(stored(t, 3), directoryOffset, 0), Options{All: true})
	wantRefusal(t, err, ErrBomb)
}

func TestAnArchiveOfManyMembersIsRead(t *testing.T) {
	data := stored(t, 65_535)
	_, err := openBytes(t, "t.zip", data, Options{})
	if e := wantRefusal(t, err, ErrFormat); !strings.Contains(e.Found, "65535 tables") || len(e.Found) > 1000 {
		t.Errorf("got %v", err)
	}
	s := mustOpen(t, "t.zip", data, Options{Sheet: "65534.csv"})
	wantRows(t, rowsOf(t, s), []record{{1, []string{"a"}}, {2, []string{"1"}}})
}

// A directory of 24 MiB is past believing; what it would take is never taken.
func TestADirectoryPastTheBoundIsRefused(t *testing.T) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := range 1200 {
		if _, err := z.CreateHeader(&zip.FileHeader{Name: fmt.Sprintf("%d.csv", i), Comment: strings.Repeat("x", 30_000)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := openBytes(t, "t.zip", b.Bytes(), Options{})
	if e := wantRefusal(t, err, ErrFormat); !strings.Contains(e.Found, "directory of more than") {
		t.Errorf("got %v", err)
	}
}
