package decode

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
)

func encode(t testing.TB, e encoding.Encoding, text string) []byte {
	t.Helper()
	b, err := e.NewEncoder().Bytes([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var (
	utf16LE       = unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	utf16BE       = unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	utf16LEMarked = unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	utf16BEMarked = unicode.UTF16(unicode.BigEndian, unicode.UseBOM)
)

const (
	simplified  = "行政相对人名称,统一社会信用代码,处罚金额\n兰州某某食品有限公司,91620100MA71AAAA1X,12000\n天水市秦州区某商店,92620502MA71BBBB2Y,500\n"
	traditional = "類別,名稱,地址,裝置容量\n學校,臺北市溪山國民小學,臺北市士林區至善路三段,2.1\n學校,臺北市興雅國民小學,臺北市信義區基隆路,3.15\n"
	kana        = "番号,植物名,説明\n1,バナナ,草に分類されます。\n2,マンゴー,果物の女王とも\n"
	accented    = "Année;Région;Opérateur\n2013;Île-de-France;Société générale\n2014;Provence-Alpes-Côte d'Azur;Électricité\n"
)

func TestCharacterSetIsDecidedByEvidence(t *testing.T) {
	for _, c := range []struct {
		name     string
		data     []byte
		charset  string
		evidence string
		text     string
	}{
		{"ASCII", []byte("a,b\n1,2\n"), "utf-8", "all 8 bytes are valid UTF-8", "a,b\n1,2\n"},
		{"UTF-8", []byte(simplified), "utf-8", "valid UTF-8", simplified},
		{"UTF-8 with mark", []byte("\uFEFF" + simplified), "utf-8", "byte order mark", simplified},
		{"GB18030", encode(t, simplifiedchinese.GB18030, simplified), "gb18030", "common ones", simplified},
		{"GBK", encode(t, simplifiedchinese.GBK, simplified), "gb18030", "common ones", simplified},
		{"GB18030 with four-byte characters", encode(t, simplifiedchinese.GB18030, "姓名,村\n王㐂,𠮷家村\n李小龙,甘肃省兰州市\n"), "gb18030", "common ones", "姓名,村\n王㐂,𠮷家村\n李小龙,甘肃省兰州市\n"},
		{"GB18030 with mark", encode(t, simplifiedchinese.GB18030, "\uFEFF"+simplified), "gb18030", "byte order mark", simplified},
		{"one Chinese cell among figures", encode(t, simplifiedchinese.GB18030, "id,v,n\n1,2,合计\n"+strings.Repeat("3,4,\n", 50_000)), "gb18030", "common ones",
			"id,v,n\n1,2,合计\n" + strings.Repeat("3,4,\n", 50_000)},
		{"Chinese after a megabyte of ASCII", append(bytes.Repeat([]byte("12345,67890\n"), 100_000), encode(t, simplifiedchinese.GB18030, "数据来源：国家统计局,\n")...), "gb18030", "common ones",
			strings.Repeat("12345,67890\n", 100_000) + "数据来源：国家统计局,\n"},
		{"Big5", encode(t, traditionalchinese.Big5, traditional), "big5", "common ones", traditional},
		{"UTF-16LE with mark", encode(t, utf16LEMarked, simplified), "utf-16le", "byte order mark", simplified},
		{"UTF-16BE with mark", encode(t, utf16BEMarked, simplified), "utf-16be", "byte order mark", simplified},
		{"UTF-16LE", encode(t, utf16LE, simplified), "utf-16le", "zero bytes", simplified},
		{"UTF-16BE", encode(t, utf16BE, simplified+"𠮷,1,2\n"), "utf-16be", "zero bytes", simplified + "𠮷,1,2\n"},
		{"Latin-1", encode(t, charmap.ISO8859_1, accented), "windows-1252", "no Chinese", accented},
		{"Windows-1252", encode(t, charmap.Windows1252, "Betrag;Währung\n100;€\n200;“Gulden” – alt\n"), "windows-1252", "no Chinese", "Betrag;Währung\n100;€\n200;“Gulden” – alt\n"},
		{"Latin-1 that would be common Chinese", encode(t, charmap.ISO8859_1, "ORGAO,N\nEDUCAÇÃO,1\nAVIAÇÃO,2\n"), "windows-1252", "no Chinese", "ORGAO,N\nEDUCAÇÃO,1\nAVIAÇÃO,2\n"},
		{"Shift_JIS", encode(t, japanese.ShiftJIS, kana), "shift_jis", "14 of 30 double-byte characters are kana", kana},
		{"Shift_JIS with half-width katakana", encode(t, japanese.ShiftJIS, "ﾎﾂｶｲﾄﾞｳ,ｻﾂﾎﾟﾛｼ\n"+kana), "shift_jis", "kana", "ﾎﾂｶｲﾄﾞｳ,ｻﾂﾎﾟﾛｼ\n" + kana},
		{"four characters that are UTF-8 too", encode(t, simplifiedchinese.GB18030, "目前为全\n"), "utf-8", "a guess on so little text, for in gb18030 they are 4 common characters", "Ŀǰ\u03aaȫ\n"},
		{"a single sign in GB18030", encode(t, simplifiedchinese.GB18030, "t,u\n20,℃\n"), "gb18030", "legal", "t,u\n20,℃\n"},
		{"rare names in GB18030", encode(t, simplifiedchinese.GB18030, "no,n\n1,王囍喆\n2,鑫淼\n"), "gb18030", "legal", "no,n\n1,王囍喆\n2,鑫淼\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := mustOpen(t, "t.csv", c.data, Options{})
			i := s.Info()
			if i.Charset != c.charset || !strings.Contains(i.Evidence, c.evidence) || i.Undecodable != 0 {
				t.Errorf("read as %s (%s), want %s", i.Charset, i.Evidence, c.charset)
			}
			var got strings.Builder
			for _, r := range rowsOf(t, s) {
				got.WriteString(strings.Join(r.cells, i.Delimiter) + "\n")
			}
			if got.String() != c.text {
				t.Errorf("got %.200q", got.String())
			}
		})
	}
}

func TestExplicitCharacterSetWins(t *testing.T) {
	data := encode(t, simplifiedchinese.GB18030, simplified)
	for _, label := range []string{"gb18030", "GBK", " gb2312 "} {
		if i := mustOpen(t, "t.csv", data, Options{Charset: label}).Info(); i.Charset != "gb18030" || i.Evidence != "set by the sender" {
			t.Errorf("%s: read as %s (%s)", label, i.Charset, i.Evidence)
		}
	}
	// 兰州市某 is twelve bytes of UTF-8, six legal characters of GB18030.
	i := mustOpen(t, "t.csv", []byte("id,n\n1,兰州市某\n"), Options{Charset: "gb18030"}).Info()
	if i.Charset != "gb18030" || !strings.Contains(strings.Join(i.Notes, "; "), "would be read as utf-8") {
		t.Errorf("UTF-8 set to be GB18030: %+v", i)
	}
	text := "都道府県,人口\n北海道,5224614\nアイヌ,1\n"
	s := mustOpen(t, "t.csv", encode(t, japanese.ShiftJIS, text), Options{Charset: "shift_jis"})
	if rows := rowsOf(t, s); rows[2].cells[0] != "アイヌ" {
		t.Errorf("Shift_JIS reads as %q", rows[2].cells)
	}
	s = mustOpen(t, "t.csv", []byte("\uFEFFa,b\n1,2\n"), Options{Charset: "utf-8"})
	if rows := rowsOf(t, s); rows[0].cells[0] != "a" {
		t.Errorf("the byte order mark stays in %q", rows[0].cells)
	}
}

// The message says what is wrong, where, and what to do.
func TestExplicitCharacterSetThatDoesNotFitIsRefused(t *testing.T) {
	gb := encode(t, simplifiedchinese.GB18030, "id,名称\n"+strings.Repeat("1,甘肃省兰州市城关区酒泉路街道,\n", 100))
	for _, c := range []struct {
		label     string
		data      []byte
		line      int64
		col       int
		found, do string
	}{
		{"utf-8", gb, 1, 4, "bytes C3", "it reads as gb18030"},
		{"utf-8", append([]byte("id,n\n1,2\n"), gb...), 3, 4, "bytes C3", "it reads as gb18030"},
		{"big5", gb, 0, 0, "undecodable places", "it reads as gb18030"},
		{"gb18030", []byte(simplified), 0, 0, "undecodable places", "it reads as utf-8"},
		{"big5", []byte(simplified), 0, 0, "undecodable places", "it reads as utf-8"},
		{"utf-8", encode(t, utf16LEMarked, simplified), 1, 1, "bytes FF", "it reads as utf-16le"},
		{"no-such", gb, -1, -1, `"no-such"`, "correct it"},
	} {
		_, err := openBytes(t, "t.csv", c.data, Options{Charset: c.label})
		e := wantRefusal(t, err, ErrCharset)
		if c.line > 0 && (e.Line != c.line || e.Col != c.col) || c.line == 0 && e.Line == 0 ||
			!strings.Contains(e.Found, c.found) || !strings.Contains(e.Do, c.do) {
			t.Errorf("%s: got %v (%d:%d)", c.label, err, e.Line, e.Col)
		}
	}
}

// A few undecodable bytes are told, not a reason to refuse or to guess anew.
func TestAFewUndecodableBytesAreNamed(t *testing.T) {
	var text strings.Builder
	for i := range 200 {
		fmt.Fprintf(&text, "%d,甘肃省兰州市城关区,正常\n", i)
	}
	for _, c := range []struct {
		charset string
		enc     encoding.Encoding
		fault   string
		bytes   string
	}{
		{"utf-8", encoding.Nop, "\xE7\x94", "E7"},
		{"gb18030", simplifiedchinese.GB18030, "\xB8", "B8"},
		{"big5", traditionalchinese.Big5, "\xA5", "A5"},
	} {
		t.Run(c.charset, func(t *testing.T) {
			sample := text.String()
			if c.charset == "big5" {
				sample = strings.ReplaceAll(sample, "甘肃省兰州市城关区,正常", "臺北市信義區基隆路國民小學,正常")
			}
			data := encode(t, c.enc, sample)
			at := bytes.Index(data, []byte("\n17,")) + len("\n17,")
			data = append(data[:at:at], append([]byte(c.fault+","), data[at:]...)...)
			s := mustOpen(t, "t.csv", data, Options{})
			i := s.Info()
			if i.Charset != c.charset || i.Undecodable < 1 || len(i.UndecodableAt) < 1 ||
				i.UndecodableAt[0].Line != 18 || i.UndecodableAt[0].Col != 4 || i.UndecodableAt[0].Bytes != c.bytes {
				t.Errorf("got %s, %d places, %+v", i.Charset, i.Undecodable, i.UndecodableAt)
			}
			rows := rowsOf(t, s)
			if cells := rows[17].cells; len(rows) != 200 || len(cells) != 4 || !strings.Contains(cells[1], "\uFFFD") {
				t.Errorf("%d rows, the one with the fault is %q", len(rows), rows[17].cells)
			}
		})
	}
}

func TestTextInNoKnownCharacterSetIsRefused(t *testing.T) {
	for name, data := range map[string][]byte{
		"Shift_JIS":    encode(t, japanese.ShiftJIS, strings.Repeat("都道府県,人口,ソート\n北海道,5224614,ア\n", 30)),
		"UTF-32":       []byte("\xFF\xFE\x00\x00a\x00\x00\x00"),
		"random bytes": []byte("\x8D\xFF\x81\x90\xFF\xFF\xA0\x9D\xFE\xFF\x80\xFF\x81,\xFF\xFF"),
	} {
		_, err := openBytes(t, "t.csv", data, Options{})
		if e := (*Error)(nil); !errors.As(err, &e) || !errors.Is(err, ErrCharset) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// The tables decode as golang.org/x/text does, whatever the chunks.
func TestTranscodingEqualsTheReference(t *testing.T) {
	var text strings.Builder
	for i := range 60_000 {
		fmt.Fprintf(&text, "%d,甘肃省%c㐂兰州，市%d€,𠮷\r\n", i, rune(0x4E00+i%20000), i)
	}
	data := encode(t, simplifiedchinese.GB18030, text.String())
	if len(data) < 4*chunkSize {
		t.Fatal("the sample has too few chunks")
	}
	s := mustOpen(t, "t.csv", data, Options{})
	rows := rowsOf(t, s)
	var got strings.Builder
	for _, r := range rows {
		got.WriteString(strings.Join(r.cells, ",") + "\r\n")
	}
	if got.String() != text.String() {
		t.Error("another text")
	}
	if last := rows[len(rows)-1].line; last != 60_000 {
		t.Errorf("ends on line %d", last)
	}
}

// realText is the text of real files.
func realText(t testing.TB, names ...string) string {
	t.Helper()
	var text strings.Builder
	for _, name := range names {
		s, err := Open(realdata(t, name), name, Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rowsOf(t, s) {
			text.WriteString(strings.Join(r.cells, ",") + "\n")
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return text.String()
}

var (
	realSimplified  = []string{"cn/township_streets.csv", "cn/epidemic_national_snapshots.json", "cn/area_level3_utf8bom.csv", "cn/stats_gov_cn_population_sample_gb18030.csv"}
	realTraditional = []string{"cn/tw_roads_two_header_rows_utf8bom.csv", "cn/tw_zip5.csv", "cn/taipei_dangerous_buildings.csv", "cn/taipei_solar_schools_big5.csv"}
)

// windows calls each with stretches of a text of about size bytes in an
// encoding, at most most of them.
func windows(t testing.TB, text string, e encoding.Encoding, size, most int, each func(part string, b []byte)) {
	t.Helper()
	step := max(1, len(text)/most)
	for from := 0; from < len(text); from += step {
		for from < len(text) && !utf8.RuneStart(text[from]) {
			from++
		}
		to, bytes := from, 0
		for to < len(text) && bytes < size {
			r, n := utf8.DecodeRuneInString(text[to:])
			if bytes++; r >= utf8.RuneSelf {
				bytes++
			}
			to += n
		}
		if bytes < size {
			return
		}
		b, err := encoding.ReplaceUnsupported(e.NewEncoder()).Bytes([]byte(text[from:to]))
		if err != nil {
			t.Fatal(err)
		}
		each(text[from:to], b)
	}
}

// A third of the file is addresses of web pages: some stretches of 200 bytes
// have no twelve Japanese characters.
func TestJapaneseTextIsReadFromTwoHundredBytesOn(t *testing.T) {
	text := realText(t, "world/japan_plants_multiline.csv")
	for _, size := range []int{200, 400, 2000} {
		windows(t, text, japanese.ShiftJIS, size, 500, func(part string, b []byte) {
			if f := lookJapanese(b); f.characters() < 2*minJapanese {
				return
			}
			d, err := decide(bytes.NewReader(b), int64(len(b)), "t", "")
			if err != nil || d.charset.name() != "shift_jis" {
				t.Fatalf("%v, %v: %q", d.evidence, err, part)
			}
			if got := d.charset.decode(make([]byte, 0, 3*len(b)+16), b); size == 2000 && string(got) != part {
				if want, _ := japanese.ShiftJIS.NewDecoder().Bytes(b); !bytes.Equal(got, want) {
					t.Fatalf("got %q", got)
				}
			}
		})
	}
}

func TestNoOtherTextIsTakenForJapanese(t *testing.T) {
	western := realText(t, "world/brussels_hotels_latin1_semicolon.csv", "world/italy_municipalities_multiline_header_latin1.csv", "world/openflights_airports_noheader.dat")
	const russian = "Наименование показателя,Единица измерения,Значение\nЧисленность постоянного населения,тыс. человек,146804\nУровень безработицы по методологии МОТ,процентов,5.2\n"
	const greek = "Όνομα δήμου,Περιφέρεια,Πληθυσμός\nΑθηναίων,Αττικής,664046\nΘεσσαλονίκης,Κεντρικής Μακεδονίας,325182\nΠατρέων,Δυτικής Ελλάδας,213984\n"
	const hangul = "시도명,시군구명,행정동명,인구수\n서울특별시,종로구,청운효자동,13272\n부산광역시,해운대구,우제1동,39284\n대한민국의 행정구역은 특별시와 광역시로 나눈다\n"
	for _, c := range []struct {
		text      string
		encodings []encoding.Encoding
	}{
		{realText(t, realSimplified...), []encoding.Encoding{simplifiedchinese.GB18030}},
		{realText(t, realTraditional...), []encoding.Encoding{traditionalchinese.Big5, simplifiedchinese.GB18030}},
		{western, []encoding.Encoding{charmap.Windows1252, charmap.CodePage850, charmap.CodePage437, charmap.Macintosh}},
		{russian, []encoding.Encoding{charmap.Windows1251, charmap.KOI8R, charmap.CodePage866, charmap.ISO8859_5}},
		{greek, []encoding.Encoding{charmap.Windows1253, charmap.ISO8859_7}},
		{hangul, []encoding.Encoding{korean.EUCKR}},
	} {
		for _, e := range c.encodings {
			for _, size := range []int{40, 100, 200, 5000} {
				windows(t, c.text, e, size, 3000, func(part string, b []byte) {
					if s := look(chunk{data: b}); s.japanese() {
						t.Fatalf("%v: %s: %q", e, s.shiftJIS.evidence(), part)
					}
				})
			}
		}
	}
}

// One line of ten Chinese characters is read rightly, or the evidence says that
// it is a guess.
func TestTenCharactersAreEnough(t *testing.T) {
	for _, c := range []struct {
		files   []string
		enc     encoding.Encoding
		charset string
	}{{realSimplified, simplifiedchinese.GB18030, "gb18030"}, {realTraditional, traditionalchinese.Big5, "big5"}} {
		var han strings.Builder
		for _, r := range realText(t, c.files...) {
			if r >= 0x4E00 && r < 0xA000 {
				han.WriteRune(r)
			}
		}
		windows(t, han.String(), c.enc, 20, 5000, func(part string, b []byte) {
			b = append(b, '\n')
			d, err := decide(bytes.NewReader(b), int64(len(b)), "t", "")
			if err != nil || d.charset.name() != c.charset && !strings.Contains(d.evidence, "a guess") {
				t.Errorf("%s is read as %v: %v", part, d, err)
			}
		})
	}
}

// FuzzCharset feeds any bytes to every reader of a character set: the result is
// valid UTF-8, equal to the reference where that finds no fault, and examine and
// decode agree on what is a fault.
func FuzzCharset(f *testing.F) {
	f.Add(encode(f, japanese.ShiftJIS, kana))
	for _, e := range []encoding.Encoding{encoding.Nop, simplifiedchinese.GB18030, traditionalchinese.Big5, utf16LE, utf16BE} {
		b, _ := encoding.ReplaceUnsupported(e.NewEncoder()).Bytes([]byte("甘肃,臺北,𠮷,€\na,\"b\"\r\n"))
		f.Add(b)
	}
	f.Add([]byte("\x81\x30\x81\x30\xFF\x80\xB8,\xB8"))
	f.Add([]byte("Ann\xE9e;R\xE9gion\n"))
	references := map[string]encoding.Encoding{"gb18030": simplifiedchinese.GB18030, "big5": traditionalchinese.Big5, "utf-16le": utf16LE, "utf-16be": utf16BE,
		"shift_jis": japanese.ShiftJIS}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, label := range []string{"utf-8", "gb18030", "big5", "utf-16le", "utf-16be", "windows-1252", "shift_jis", "euc-jp", "euc-kr"} {
			c, err := lookup(label)
			if err != nil {
				t.Fatal(err)
			}
			text := c.decode(make([]byte, 0, 3*len(data)+16), data)
			if !utf8.Valid(text) {
				t.Fatalf("%s: not UTF-8: %q", label, text)
			}
			fits := c.examine(data, 0)
			faults := bytes.Count(text, []byte("\uFFFD"))
			if fits.bad > 0 != (faults > 0) && !bytes.Contains(data, []byte("\uFFFD")) && label != "gb18030" && !strings.HasPrefix(label, "utf-16") {
				t.Fatalf("%s: %d faults examined, %d decoded in %q", label, fits.bad, faults, text)
			}
			if e := references[label]; e != nil && faults == 0 {
				want, err := e.NewDecoder().Bytes(data)
				if err != nil || !bytes.Equal(text, want) {
					t.Fatalf("%s: got %q, want %q", label, text, want)
				}
			}
			// Cut anywhere that cut allows, the text is the same.
			if k := c.cut(data[:len(data)/2]); k > 0 {
				parts := c.decode(make([]byte, 0, 3*k+16), data[:k])
				rest := c.decode(make([]byte, 0, 3*len(data)+16), data[k:])
				if fits.bad == 0 && !bytes.Equal(append(parts, rest...), text) {
					t.Fatalf("%s: cut at %d reads otherwise", label, k)
				}
			}
		}
		d, err := decide(bytes.NewReader(data), int64(len(data)), "f", "")
		if e := (*Error)(nil); err != nil && !errors.As(err, &e) {
			t.Fatalf("not an *Error: %v", err)
		} else if err == nil && utf8.Valid(data) && !bytes.ContainsRune(data, 0) && d.charset.name() != "utf-8" && !bytes.HasPrefix(data, []byte{0xFE, 0xFF}) {
			t.Fatalf("valid UTF-8 read as %s", d.charset.name())
		}
	})
}
