package xls

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"

	"govdata/ingest/decode/ole/oletest"
)

func openFile(t testing.TB, data []byte) (*Book, error) {
	t.Helper()
	return Open(bytes.NewReader(data), int64(len(data)), Options{})
}

// numbered is a row and its number.
type numbered struct {
	number int64
	cells  []string
}

// all reads a sheet.
func all(s *Sheet) ([]numbered, error) {
	rows, err := s.Rows()
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var read []numbered
	for {
		n, cells, err := rows.Next()
		if errors.Is(err, io.EOF) {
			return read, nil
		} else if err != nil {
			return read, err
		}
		row := numbered{number: n}
		for _, c := range cells {
			row.cells = append(row.cells, string(c))
		}
		read = append(read, row)
	}
}

// show writes rows as tests write them down.
func show(rows []numbered) string {
	var s []string
	for _, r := range rows {
		s = append(s, fmt.Sprintf("%d:[%s]", r.number, strings.Join(r.cells, "|")))
	}
	return strings.Join(s, " ")
}

func wantSheet(t *testing.T, what string, data []byte, want string) {
	t.Helper()
	b, err := openFile(t, data)
	if err != nil {
		t.Errorf("%s: %v", what, err)
		return
	}
	rows, err := all(b.Sheets()[0])
	if got := show(rows); err != nil || got != want {
		t.Errorf("%s: found %s, %v, want %s", what, got, err, want)
	}
}

func TestCellsAsText(t *testing.T) {
	globals := concat(rec(recCodePage, 1200), format8(164, `yyyy"年"m"月"d"日"`), format8(165, "[h]:mm"), format8(166, "0.00%"), format8(14, "m/d/yy"),
		xf(0), xf(14), xf(164), xf(21), xf(165), xf(166), xf(46), xf(9), sst("兰州市", "a\nb", "", "\U0001F600"))
	for _, c := range []struct {
		what    string
		records []byte
		want    string
	}{
		{"shared text", concat(label(0, 0, 0), label(0, 1, 1), label(0, 2, 2), label(0, 3, 3)), "1:[兰州市|a\nb||\U0001F600]"},
		{"text in the cell", concat(rec(recLabel, 0, 0, 0, text8("许可")), rec(recLabel, 0, 1, 0, 3, byte(0), "caf"), rec(recLabel, 0, 2, 0, 1, byte(0), "\xE9"), rec(recRString, 0, 3, 0, text8("粗"), byte(1), byte(0), byte(2))), "1:[许可|caf|é|粗]"},
		{"text with the runs of its fonts announced", rec(recLabel, 0, 0, 0, 1, byte(flagRich|flagPhonetic), 1, uint32(5), "x", uint32(0), "phone"), "1:[x]"},
		{"text without flags for there is none", rec(recLabel, 0, 1, 0, 0), "1:[]"},
		{"numbers", concat(number(0, 0, 0, 0.1+0.2), number(0, 1, 0, -12), number(0, 2, 0, 1e18), number(0, 3, 0, 1e-7), number(0, 4, 0, 620102001001000)), "1:[0.3|-12|1000000000000000000|0.0000001|620102001001000]"},
		{"numbers of four bytes", concat(rec(recRK, 0, 0, 0, whole(-5)), rec(recRK, 0, 1, 0, whole(12345)|1), rec(recRK, 0, 2, 0, uint32(math.Float64bits(1.5)>>32)), rec(recRK, 0, 3, 0, uint32(math.Float64bits(250)>>32)|1)), "1:[-5|123.45|1.5|2.5]"},
		{"numbers side by side", rec(recMulRK, 2, 1, 0, whole(1), 1, whole(45992), 5, whole(7)|1, 3), "3:[|1|2025-12-01|7%]"},
		{"dates and times", concat(number(0, 0, 1, 45992), number(0, 1, 2, 45992.5), number(0, 2, 3, 0.75), number(0, 3, 4, 1.5), number(0, 4, 6, 1.5), number(0, 5, 1, -1)), "1:[2025-12-01|2025-12-01T12:00:00|18:00:00|36:00:00|36:00:00|-1]"},
		{"percentages", concat(number(0, 0, 5, 0.125), number(0, 1, 7, 0.5)), "1:[12.5%|50%]"},
		{"a style that is not there", number(0, 0, 99, 45992), "1:[45992]"},
		{"numbers that are none", concat(number(0, 0, 0, math.NaN()), number(0, 1, 0, math.Inf(1))), "1:[]"},
		{"truth and errors", concat(rec(recBoolErr, 0, 0, 0, byte(1), byte(0)), rec(recBoolErr, 0, 1, 0, byte(0), byte(0)), rec(recBoolErr, 0, 2, 0, byte(7), byte(1)), rec(recBoolErr, 0, 3, 0, byte(0x2A), byte(1)), rec(recBoolErr, 0, 4, 0, byte(0xEE), byte(1))), "1:[TRUE|FALSE]"},
		{"formulas by their values", concat(formula(0, 0, join(2.5)), formula(0, 1, []byte{1, 0, 1, 0, 0, 0, 0xFF, 0xFF}), formula(0, 2, []byte{2, 0, 0x17, 0, 0, 0, 0xFF, 0xFF}), formula(0, 3, []byte{3, 0, 0, 0, 0, 0, 0xFF, 0xFF}), number(0, 4, 0, 1)), "1:[2.5|TRUE|||1]"},
		{"text of a formula", concat(formula(0, 0, textResult), rec(recString, text8("合计")), number(0, 1, 0, 3)), "1:[合计|3]"},
		{"text behind a shared formula, an array, a table", concat(formula(0, 0, textResult), rec(0x04BC, make([]byte, 20)), rec(recString, text8("a")), formula(0, 1, textResult), rec(0x0221, make([]byte, 20)), rec(recString, text8("b")), formula(1, 0, textResult), rec(0x0236, make([]byte, 16)), rec(recString, text8("c"))), "1:[a|b] 2:[c]"},
		{"text of a formula that goes on", concat(formula(0, 0, textResult), rec(recString, 4, byte(0), "ab"), rec(recContinue, byte(1), wide("兰州"))), "1:[ab兰州]"},
		{"text that is missing, text of no formula", concat(formula(0, 0, textResult), number(0, 1, 0, 1), rec(recString, text8("x")), formula(1, 0, textResult)), "1:[|1] 2:[]"},
		{"formulas of older records", concat(rec(recFormula3, 0, 0, 0, 1.0, 0, 0), rec(recFormula4, 0, 1, 0, 2.0, 0, 0)), "1:[1|2]"},
		{"blank cells", concat(rec(recBlank, 0, 0, 0), number(0, 1, 0, 1), rec(recMulBlank, 0, 2, 0, 0, 3), rec(recBlank, 4, 0, 0)), "1:[|1] 5:[]"},
		{"cells out of order in a row", concat(number(0, 2, 0, 3), number(0, 0, 0, 1), number(0, 1, 0, 2)), "1:[1|2|3]"},
		{"a cell twice: the last counts", concat(number(0, 0, 0, 1), label(0, 0, 0), number(0, 0, 0, 2)), "1:[2]"},
		{"rows of a sheet to its end", concat(number(0, 0, 0, 1), number(65535, 255, 0, 2)), "1:[1] 65536:[" + strings.Repeat("|", 255) + "2]"},
		{"a chart within the sheet", concat(number(0, 0, 0, 1), chart8, number(0, 0, 0, 99), rec(recString, text8("x")), eof, number(1, 0, 0, 2)), "1:[1] 2:[2]"},
		{"records of other kinds", concat(rec(0x020B, make([]byte, 16)), rec(0x0200, uint32(0), uint32(0xFFFFFFFF), 0, 0xFFFF, 0), rec(0x0208, 0, 0, 9, 0, 0, 0, uint32(0)), number(0, 0, 0, 1), rec(0x00D7, make([]byte, 8)), rec(0xFFFF, make([]byte, 65535)), number(0, 1, 0, 2)), "1:[1|2]"},
		{"no cells", nil, ""},
	} {
		wantSheet(t, c.what, file8(globals, c.records), c.want)
	}
}

func TestDatesOfThe1904System(t *testing.T) {
	wantSheet(t, "1904", file8(concat(rec(recDateMode, 1), xf(14)), number(0, 0, 0, 45992-1462), number(0, 1, 0, 0)), "1:[2025-12-01|1904-01-01]")
	wantSheet(t, "1900", file8(concat(rec(recDateMode, 0), xf(14)), number(0, 0, 0, 45992), number(0, 1, 0, 60)), "1:[2025-12-01|1900-02-29]")
}

func TestFormatsOfExcel95ShowDates(t *testing.T) {
	gbk, err := simplifiedchinese.GBK.NewEncoder().String(`yyyy"年"m"月"`)
	if err != nil {
		t.Fatal(err)
	}
	globals := concat(rec(recCodePage, 936), rec(recFormat, 164, byte(len(gbk)), gbk), rec(recXF, 0, 164, make([]byte, 12)), rec(recXF, 0, 0, make([]byte, 12)))
	wantSheet(t, "a format in GBK", file5(globals, number(0, 0, 0, 45992), number(0, 1, 1, 45992)), "1:[2025-12|45992]")
}

func TestTextOfExcel95IsReadInItsCodePage(t *testing.T) {
	for _, c := range []struct {
		page int
		e    encoding.Encoding
		text string
	}{
		{936, simplifiedchinese.GBK, "兰州市€"}, {950, traditionalchinese.Big5, "臺北市"}, {932, japanese.ShiftJIS, "東京ｶﾅ"}, {949, korean.EUCKR, "서울"}, {1252, charmap.Windows1252, "Année €"},
		{10000, charmap.Macintosh, "Année"}, {32768, charmap.Macintosh, "Année"}, {1251, charmap.Windows1251, "Москва"}, {10007, charmap.MacintoshCyrillic, "Москва"}, {866, charmap.CodePage866, "Москва"},
		{437, charmap.CodePage437, "café"}, {54936, simplifiedchinese.GB18030, "兰州䶮"}, {10008, simplifiedchinese.GBK, "兰州"},
	} {
		raw, err := c.e.NewEncoder().String(c.text)
		if err != nil {
			t.Fatal(err)
		}
		wantSheet(t, fmt.Sprint(c.page), file5(rec(recCodePage, c.page), rec(recLabel, 0, 0, 0, len(raw), raw), rec(recRString, 0, 1, 0, len(raw), raw, byte(1), byte(0), byte(0)),
			formula(0, 2, textResult), rec(recString, len(raw), raw), rec(recLabel, 0, 3, 0, 5, "ASCII")), "1:["+c.text+"|"+c.text+"|"+c.text+"|ASCII]")
	}
	wantSheet(t, "no code page", file5(nil, rec(recLabel, 0, 0, 0, 5, "Ann\xE9e")), "1:[Année]")
	wantSheet(t, "a page that is not known, not needed", file5(rec(recCodePage, 9999), rec(recLabel, 0, 0, 0, 5, "ASCII")), "1:[ASCII]")
	for what, c := range map[string]struct {
		data []byte
		err  error
	}{
		"a page that is not known": {file5(rec(recCodePage, 9999), rec(recLabel, 0, 0, 0, 2, "\xC0\xBC")), ErrUnsupported},
		"bytes that are no GBK":    {file5(rec(recCodePage, 936), rec(recLabel, 0, 0, 0, 2, "\xC0\xFF")), ErrCorrupt},
	} {
		b, err := openFile(t, c.data)
		if err == nil {
			_, err = all(b.Sheets()[0])
		}
		if !errors.Is(err, c.err) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestSheetsAreTheWorksheetsAlone(t *testing.T) {
	b, err := openFile(t, fileOf("Workbook", stream8(nil, bound{name: "Visible"}, bound{name: "Hidden", state: 1}, bound{name: "VeryHidden", state: 2}, bound{name: "Macro", kind: 1}, bound{name: "Chart", kind: 2}, bound{name: "Module", kind: 6}, bound{name: "Last"})))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range b.Sheets() {
		got = append(got, fmt.Sprint(s.Name, " ", s.Hidden))
	}
	if want := []string{"Visible false", "Hidden true", "VeryHidden true", "Last false"}; !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
}

// A workbook for both Excel 95 and 97 has a stream for each.
func TestTheNewerOfTwoStreamsIsRead(t *testing.T) {
	wantSheet(t, "both", oletest.File(
		oletest.Stream{Name: "Book", Data: stream5(nil, bound{name: "1", records: number(0, 0, 0, 5)})},
		oletest.Stream{Name: "Workbook", Data: stream8(nil, bound{name: "1", records: number(0, 0, 0, 8)})},
		oletest.Stream{Name: "Embedded/Workbook", Data: stream8(nil, bound{name: "1", records: number(0, 0, 0, 9)})}), "1:[8]")
}

// pieces are the parts of shared strings that writers may cut: characters, of
// one or two bytes, or bytes without meaning.
type piece struct {
	data []byte
	size int // of a character; 0: not one
}

// cut splits the body of a record before byte at, as a writer does: within
// characters the flags come again. Where a character would be cut, it reports
// false.
func cut(pieces []piece, at int) ([]byte, []byte, bool) {
	var head, tail []byte
	for pos := 0; len(pieces) > 0; pieces = pieces[1:] {
		p := pieces[0]
		switch before := at - pos; {
		case before > len(p.data):
			head = append(head, p.data...)
		case before < 0 || before == 0 && tail != nil:
			tail = append(tail, p.data...)
		default: // here, or at its end
			if p.size > 0 && before%p.size != 0 {
				return nil, nil, false
			}
			head = append(head, p.data[:before]...)
			if p.size > 0 && before < len(p.data) {
				tail = append(tail, byte(p.size-1))
			}
			if before < len(p.data) {
				tail = append(tail, p.data[before:]...)
			}
		}
		pos += len(p.data)
	}
	return head, tail, true
}

func TestSharedStringsMayBeCutAnywhere(t *testing.T) {
	plain := func(n int, flags byte) piece { return piece{join(n, flags), 0} }
	pieces := []piece{
		{join(uint32(9), uint32(5)), 0},
		plain(5, 0), {[]byte("ASCII"), 1},
		plain(4, flagWide), {wide("兰州\U0001F600"), 2},
		{join(2, byte(flagWide|flagRich|flagPhonetic), 2, uint32(7)), 0}, {wide("注音"), 2}, {join(0, 1, 1, 2, "phoneti"), 0},
		plain(0, 0),
		plain(3, 0), {[]byte("d\xE9j"), 1},
	}
	want := []string{"ASCII", "兰州\U0001F600", "注音", "", "déj"}
	size := 0
	for _, p := range pieces {
		size += len(p.data)
	}
	cuts := 0
	for at := 8; at <= size; at++ {
		head, tail, ok := cut(pieces, at)
		if !ok {
			continue
		}
		cuts++
		records := concat(rec(recSST, head), rec(recContinue, tail))
		if at%3 == 0 { // a record without anything says nothing
			records = concat(rec(recSST, head), rec(recContinue, tail), rec(recContinue))
		}
		b, err := openFile(t, file8(records, label(0, 0, 0), label(0, 1, 1), label(0, 2, 2), label(0, 3, 3), label(0, 4, 4)))
		if err != nil {
			t.Errorf("cut at %d: %v", at, err)
			continue
		}
		rows, err := all(b.Sheets()[0])
		if err != nil || len(rows) != 1 || !slices.Equal(rows[0].cells, want) {
			t.Errorf("cut at %d: %s, %v", at, show(rows), err)
		}
	}
	if cuts < 50 {
		t.Errorf("%d cuts", cuts)
	}
}

func TestASharedStringMayChangeItsWidthWhereItIsCut(t *testing.T) {
	records := concat(rec(recSST, uint32(1), uint32(1), 6, byte(flagWide), wide("兰ÿ")), rec(recContinue, byte(0), "ab"), rec(recContinue, byte(1), wide("州市")))
	wantSheet(t, "two cuts", file8(records, label(0, 0, 0)), "1:[兰ÿab州市]")
	wantSheet(t, "half a pair", file8(rec(recSST, uint32(2), uint32(2), 2, byte(1), 0xD83D, 0x61, 1, byte(1), 0xDE00), label(0, 0, 0), label(0, 1, 1)), "1:[\uFFFDa|\uFFFD]")
	wantSheet(t, "half a pair before narrow text", file8(concat(rec(recSST, uint32(1), uint32(1), 2, byte(1), 0xD83D), rec(recContinue, byte(0), "a")), label(0, 0, 0)), "1:[\uFFFDa]")
}

func TestRowsComeInTheirOrderHoweverTheyStand(t *testing.T) {
	const rows, cols = 200, 7
	type at struct{ row, col int }
	var cells []at
	for r := range rows {
		for c := range cols {
			cells = append(cells, at{3 * r, c})
		}
	}
	var want []numbered
	for r := range rows {
		n := numbered{number: int64(3*r + 1)}
		for c := range cols {
			n.cells = append(n.cells, fmt.Sprintf("%d-%d", 3*r, c))
		}
		want = append(want, n)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for what, order := range map[string]func(){
		"in order":         func() {},
		"column by column": func() { slices.SortFunc(cells, func(a, b at) int { return (a.col-b.col)*1000 + a.row - b.row }) },
		"from the end":     func() { slices.SortFunc(cells, func(a, b at) int { return b.row - a.row }) },
		"at random":        func() { random.Shuffle(len(cells), func(i, j int) { cells[i], cells[j] = cells[j], cells[i] }) },
	} {
		order()
		var records []byte
		for i, c := range cells {
			text := fmt.Sprintf("%d-%d", c.row, c.col)
			switch {
			case c.col%2 == 0:
				records = append(records, rec(recLabel, c.row, c.col, 0, text8(text))...)
			default: // a formula, its text in two records
				records = append(records, concat(formula(c.row, c.col, textResult), rec(0x04BC, make([]byte, 9)), rec(recString, len(text), byte(0), text[:2]), rec(recContinue, byte(0), text[2:]))...)
			}
			if i%5 == 0 {
				records = append(records, concat(rec(0x005D, make([]byte, 30)), rec(recContinue, make([]byte, 30)), chart8, number(c.row, 0, 0, 7), eof)...)
			}
		}
		b, err := openFile(t, file8(nil, records))
		if err != nil {
			t.Fatal(err)
		}
		got, err := all(b.Sheets()[0])
		if err != nil || show(got) != show(want) {
			t.Errorf("%s: %d rows, %v: %.300s", what, len(got), err, show(got))
		}
	}
	wantSheet(t, "a cell twice, out of order", file8(nil, number(1, 0, 0, 1), number(0, 0, 0, 2), number(1, 0, 0, 3)), "1:[2] 2:[3]")
}

func TestMergedCells(t *testing.T) {
	merged := rec(recMergedCells, 5, 0, 0, 0, 2, 1, 3, 0, 0, 6, 7, 1, 1, 3, 2, 0, 0, 0, 65535, 5, 5)
	b, err := openFile(t, file8(nil, merged, number(1, 0, 0, 1), number(4, 0, 0, 5), rec(recMergedCells, 1, 2, 2, 2, 2), rec(recMergedCells, byte(1))))
	if err != nil {
		t.Fatal(err)
	}
	merges, err := b.Sheets()[0].Merges()
	if want := []Range{{1, 1, 1, 3}, {2, 1, 4, 1}, {7, 2, 8, 2}, {1, 6, 65536, 6}}; err != nil || !slices.Equal(merges, want) {
		t.Errorf("found %v, %v, want %v", merges, err, want)
	}
	// Rows that merged cells alone cover are rows; whole columns make none.
	rows, err := all(b.Sheets()[0])
	if got, want := show(rows), "1:[] 2:[1] 3:[] 4:[] 5:[5] 7:[] 8:[]"; err != nil || got != want {
		t.Errorf("found %s, %v, want %s", got, err, want)
	}
}

func TestWhatIsNoWorkbookIsRefusedByWhatItIs(t *testing.T) {
	sheet := bound{name: "1", records: number(0, 0, 0, 1)}
	patch := func(b []byte, at int, v byte) []byte {
		b = bytes.Clone(b)
		b[at] = v
		return b
	}
	for _, c := range []struct {
		what string
		data []byte
		err  error
		text string
	}{
		{"nothing", nil, ErrCorrupt, "0 bytes"},
		{"another file", bytes.Repeat([]byte("a,b\n"), 999), ErrCorrupt, "no OLE header"},
		{"another OLE file", oletest.File(oletest.Stream{Name: "WordDocument", Data: []byte("x")}), ErrCorrupt, "without a stream"},
		{"an encrypted package", oletest.File(oletest.Stream{Name: "EncryptedPackage", Data: []byte("x")}), ErrEncrypted, ""},
		{"a password", file8(rec(recFilePass, make([]byte, 54)), number(0, 0, 0, 1)), ErrEncrypted, "password"},
		{"a password of Excel 95", file5(rec(recFilePass, 1, 2), number(0, 0, 0, 1)), ErrEncrypted, ""},
		{"BIFF2", fileOf("Book", rec(recBOF2, 2, 0x10)), ErrUnsupported, "BIFF2"},
		{"BIFF3", fileOf("Book", rec(recBOF3, 0, 0x10, 0)), ErrUnsupported, "BIFF3"},
		{"BIFF4", fileOf("Book", rec(recBOF4, 0, 0x100, 0)), ErrUnsupported, "BIFF4"},
		{"a version to come", fileOf("Workbook", rec(recBOF, 0x0700, 5)), ErrUnsupported, "0x0700"},
		{"a sheet alone", fileOf("Workbook", append(sheet8, eof...)), ErrCorrupt, "0x0010"},
		{"no beginning", fileOf("Workbook", number(0, 0, 0, 1)), ErrCorrupt, "0x0203"},
		{"no end", fileOf("Workbook", bof8), ErrCorrupt, "no end"},
		{"no stream", fileOf("Workbook", nil), ErrCorrupt, ""},
		{"no sheet", fileOf("Workbook", stream8(nil)), ErrCorrupt, "no worksheet"},
		{"charts alone", fileOf("Workbook", stream8(nil, bound{name: "1", kind: 2})), ErrCorrupt, "no worksheet"},
		{"too many sheets", fileOf("Workbook", stream8(nil, slices.Repeat([]bound{sheet}, maxSheets+1)...)), ErrLimit, "4096 sheets"},
		{"a sheet behind the end", fileOf("Workbook", patch(stream8(nil, sheet), len(bof8)+7, 0x7F)), ErrCorrupt, "byte"},
		{"a sheet in the midst", fileOf("Workbook", patch(stream8(nil, sheet), len(bof8)+4, 0)), ErrCorrupt, ""},
		{"shared strings that are not there", file8(sst("a"), label(0, 0, 1)), ErrCorrupt, "shared string 1 of 1"},
		{"4 billion shared strings", file8(rec(recSST, uint32(0xFFFFFFFF), uint32(0xFFFFFFFF), text8("a")), label(0, 0, 1)), ErrCorrupt, "shared string 1 of 1"},
		{"a shared string that breaks off", file8(rec(recSST, uint32(1), uint32(1), 9, byte(1), wide("a"))), ErrCorrupt, "shared string 0"},
		{"half a character", file8(concat(rec(recSST, uint32(1), uint32(1), 2, byte(1), "abc"), rec(recContinue, byte(1), "de"))), ErrCorrupt, "half"},
		{"a short record of shared strings", file8(rec(recSST, 1)), ErrCorrupt, "0x00fc"},
		{"a short record of a style", file8(rec(recXF, 1)), ErrCorrupt, "0x00e0"},
		{"a short format", file8(rec(recFormat, 1, 9, byte(0), "x")), ErrCorrupt, ""},
		{"a short number", file8(nil, rec(recNumber, 0, 0, 0, 1)), ErrCorrupt, "0x0203"},
		{"a short cell", file8(nil, rec(recBlank, byte(0))), ErrCorrupt, "0x0201"},
		{"a text longer than its record", file8(nil, rec(recLabel, 0, 0, 0, 50, byte(0), "short")), ErrCorrupt, ""},
		{"a column too far", file8(nil, number(0, 256, 0, 1)), ErrLimit, "column 257"},
		{"columns too far", file8(nil, rec(recMulRK, 0, 255, 0, whole(1), 0, whole(1), 256)), ErrLimit, "column 257"},
	} {
		b, err := openFile(t, c.data)
		if err == nil {
			for _, s := range b.Sheets() {
				if _, err = all(s); err != nil {
					break
				}
			}
		}
		if !errors.Is(err, c.err) || !strings.Contains(fmt.Sprint(err), c.text) {
			t.Errorf("%s: found %v, want %v with %q", c.what, err, c.err, c.text)
		}
	}
}

// hostile is a small workbook with all that is read in it.
func hostileBook() []byte {
	globals := concat(rec(recCodePage, 1200), rec(recDateMode, 0), format8(164, "yyyy-mm-dd"), xf(0), xf(164), concat(rec(recSST, uint32(2), uint32(2), 4, byte(flagWide|flagRich|flagPhonetic), 1, uint32(3), wide("兰州")), rec(recContinue, byte(1), wide("城关"), 0, 0, "pho", text8("b"))))
	return stream8(globals, bound{name: "A", records: concat(label(1, 0, 0), label(1, 1, 1), rec(recMulRK, 0, 0, 0, whole(1), 1, whole(45992), 1), formula(2, 0, textResult), rec(recString, 2, byte(0), "x"), rec(recContinue, byte(1), wide("州")),
		rec(recMergedCells, 1, 0, 3, 0, 0))}, bound{name: "B", state: 1, records: concat(chart8, eof, number(0, 0, 1, 45992.5), rec(recRString, 0, 1, 0, text8("r"), byte(0)))})
}

// readWhole reads all that can be read of a file, and reports its first fault.
func readWhole(data []byte, o Options) error {
	b, err := Open(bytes.NewReader(data), int64(len(data)), o)
	if err != nil {
		return err
	}
	for _, s := range b.Sheets() {
		if _, err := s.Merges(); err != nil {
			return err
		}
		if _, err := all(s); err != nil {
			return err
		}
	}
	return nil
}

func known(err error) bool {
	for _, e := range []error{ErrCorrupt, ErrEncrypted, ErrBomb, ErrLimit, ErrUnsupported} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

func TestATruncatedWorkbookIsAnErrorAtEveryByte(t *testing.T) {
	stream := hostileBook()
	if err := readWhole(fileOf("Workbook", stream), Options{}); err != nil {
		t.Fatal(err)
	}
	for n := range stream {
		if err := readWhole(fileOf("Workbook", stream[:n]), Options{}); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%d of %d bytes of the stream: %v", n, len(stream), err)
		}
	}
	file := fileOf("Workbook", append(stream, make([]byte, 5000)...))
	for n := range file {
		if err := readWhole(file[:n], Options{}); err != nil && !errors.Is(err, ErrCorrupt) {
			t.Errorf("%d of %d bytes of the file: %v", n, len(file), err)
		} else if err == nil && n < len(file)/2 {
			t.Errorf("%d of %d bytes of the file read as the whole one", n, len(file))
		}
	}
}

func TestBytesThatAreChangedGiveRowsOrAnError(t *testing.T) {
	stream := hostileBook()
	for i := range stream {
		for _, v := range []byte{0, 1, 0x7F, 0xFF, stream[i] ^ 0x10} {
			b := bytes.Clone(stream)
			b[i] = v
			if err := readWhole(fileOf("Workbook", b), Options{}); err != nil && !known(err) {
				t.Errorf("byte %d as %#02x: %v", i, v, err)
			}
		}
	}
}

func TestLimitsHold(t *testing.T) {
	long := strings.Repeat("a", 5000)
	text := rec(recLabel, 0, 0, 0, len(long), byte(0), long)
	var cells []byte
	for i := range 10_000 {
		cells = append(cells, label(i/100, i%100, 0)...)
	}
	for _, c := range []struct {
		what    string
		data    []byte
		options Options
		err     error
	}{
		{"a stream larger than it may be", file8(nil, text), Options{MaxBytes: 4000}, ErrBomb},
		{"a text larger than it may be", file8(nil, text), Options{MaxCell: 4000}, ErrLimit},
		{"a shared string larger than it may be", file8(sst(long[:4001])), Options{MaxCell: 4000}, ErrLimit},
		{"a name larger than it may be", file8(nil), Options{MaxCell: -1}, ErrLimit},
		{"a row larger than it may be", file8(nil, text, text, text, text), Options{MaxCell: 4999}, ErrLimit},
		{"one text in ten thousand cells", file8(sst(long[:4000]), cells), Options{MaxBytes: 10 << 20}, ErrBomb},
		{"the same, allowed", file8(sst(long[:4000]), cells), Options{MaxBytes: 40 << 20}, nil},
	} {
		if err := readWhole(c.data, c.options); !errors.Is(err, c.err) {
			t.Errorf("%s: %v, want %v", c.what, err, c.err)
		}
	}
}

// allocated runs f and returns how much it allocated, all told.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestLargeNumbersInSmallFilesCostNothing(t *testing.T) {
	merges := slices.Repeat([]byte{0, 0, 0xFE, 0xFF, 0, 0, 0xFF, 0}, 8000)
	for what, data := range map[string][]byte{
		"shared strings":          file8(rec(recSST, uint32(0xFFFFFFFF), uint32(0xFFFFFFFF))),
		"runs of fonts":           file8(rec(recSST, uint32(1), uint32(1), 1, byte(flagRich|flagPhonetic), 0xFFFF, uint32(0xFFFFFFFF), "a")),
		"merged cells over all":   file8(nil, number(0, 0, 0, 1), rec(recMergedCells, 0xFFFF, merges)),
		"dimensions not as large": file8(nil, rec(0x0200, uint32(0), uint32(65536), 0, 256, 0)),
	} {
		begin := time.Now()
		grown := allocated(func() {
			if err := readWhole(data, Options{}); err != nil && !known(err) {
				t.Errorf("%s: %v", what, err)
			}
		})
		if took := time.Since(begin); took > 5*time.Second || grown > 16<<20 {
			t.Errorf("%s: %v, %d bytes", what, took, grown)
		}
	}
}

func TestRowsOutOfOrderAreSortedInBoundedMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 150 MB")
	}
	long := rec(recLabel, 1, 0, 0, 60_000, byte(0), bytes.Repeat([]byte("a"), 60_000))
	for n, want := range map[int]error{1000: nil, 2500: ErrLimit} {
		data := file8(nil, bytes.Repeat(long, n), number(0, 0, 0, 1))
		if err := readWhole(data, Options{}); !errors.Is(err, want) {
			t.Errorf("%d MB: %v, want %v", n*60/1000, err, want)
		}
	}
}

// large is a workbook of all the rows that the format has, 12 cells in each.
func large() []byte {
	var texts [][]byte
	for i := range 100 {
		texts = append(texts, text8(fmt.Sprintf("兰州市城关区第%d号", i)))
	}
	globals := rec(recSST, uint32(100), uint32(100), bytes.Join(texts, nil))
	var b []byte
	for i := range maxRows {
		for j := range 12 {
			switch j % 3 {
			case 0:
				b = append(b, label(i, j, (i+j)%100)...)
			case 1:
				b = append(b, number(i, j, 0, float64(i)*1.25)...)
			default:
				b = append(b, rec(recRK, i, j, 0, whole(i+j))...)
			}
		}
	}
	return file8(globals, b)
}

func TestMemoryDoesNotGrowWithRows(t *testing.T) {
	data := large()
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	before, peak := m.HeapAlloc, uint64(0)
	b, err := openFile(t, data)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := b.Sheets()[0].Rows()
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	read := 0
	for ; ; read++ {
		number, cells, err := rows.Next()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil || number != int64(read+1) || len(cells) != 12 {
			t.Fatal(number, len(cells), err)
		}
		if read%1000 == 0 { // without a collection: garbage counts too
			runtime.ReadMemStats(&m)
			peak = max(peak, m.HeapAlloc)
		}
	}
	if read != maxRows {
		t.Errorf("%d rows", read)
	}
	if at := rows.Read(); at < int64(len(data))*9/10 || at > int64(len(data)) {
		t.Errorf("%d of %d bytes read", at, len(data))
	}
	if grown := int64(peak) - int64(before); grown > 16<<20 {
		t.Errorf("%d bytes more on the heap", grown)
	} else {
		t.Logf("%d rows of %d MB, %d KiB more on the heap at the peak", read, len(data)>>20, grown>>10)
	}
}

func seeds(f *testing.F) [][]byte {
	streams := [][]byte{
		hostileBook(),
		stream5(concat(rec(recCodePage, 936), rec(recFormat, 164, byte(2), "yy"), rec(recXF, 0, 164, make([]byte, 12))), bound{name: "1", records: concat(rec(recLabel, 0, 0, 0, 4, "\xC0\xBC\xD6\xDD"), number(0, 1, 0, 45992), formula(1, 0, textResult), rec(recString, 1, "x"))}),
		stream8(rec(recFilePass, 0), bound{name: "1"}),
		stream8(nil, bound{name: "1", records: concat(rec(recBoolErr, 5, 0, 0, byte(7), byte(1)), number(1, 0, 0, 1), formula(0, 0, textResult), rec(0x0236, make([]byte, 16)), rec(recString, text8("c")), rec(recMulBlank, 0, 2, 0, 0, 3))}),
	}
	names, err := filepath.Glob(filepath.Join("..", "testdata", "*.xls"))
	if err != nil || len(names) == 0 {
		f.Fatal("no workbooks", err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		b, err := openFile(f, data)
		if err != nil {
			f.Fatal(err)
		}
		s, err := b.file.Stream(b.stream)
		if err != nil {
			f.Fatal(err)
		}
		stream, err := io.ReadAll(s)
		if err != nil {
			f.Fatal(err)
		}
		streams = append(streams, stream)
	}
	return streams
}

// FuzzXLS feeds any bytes as the stream of a workbook: it is read to its end or
// refused, and no more comes out of it than the limits allow.
func FuzzXLS(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		data := fileOf("Workbook", stream)
		b, err := Open(bytes.NewReader(data), int64(len(data)), Options{MaxBytes: 1 << 20, MaxCell: 1 << 16})
		if err != nil {
			if !known(err) {
				t.Fatal(err)
			}
			return
		}
		for _, s := range b.Sheets()[:min(len(b.Sheets()), 8)] {
			if _, err := s.Merges(); err != nil && !known(err) {
				t.Fatal(err)
			}
			rows, err := all(s)
			if err != nil && !known(err) {
				t.Fatal(err)
			}
			for i, r := range rows {
				if r.number < 1 || r.number > maxRows || i > 0 && r.number <= rows[i-1].number || len(r.cells) > maxColumns {
					t.Fatalf("row %d of %d cells behind %d", r.number, len(r.cells), rows[max(i-1, 0)].number)
				}
			}
		}
	})
}

// FuzzOpen feeds any bytes as a file.
func FuzzOpen(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add(fileOf("Workbook", s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := readWhole(data, Options{MaxBytes: 1 << 20, MaxCell: 1 << 16}); err != nil && !known(err) {
			t.Fatal(err)
		}
	})
}

func BenchmarkRows(b *testing.B) {
	data := large()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		book, err := openFile(b, data)
		if err != nil {
			b.Fatal(err)
		}
		rows, err := book.Sheets()[0].Rows()
		if err != nil {
			b.Fatal(err)
		}
		for {
			if _, _, err := rows.Next(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.N)*maxRows/b.Elapsed().Seconds(), "rows/s")
}
