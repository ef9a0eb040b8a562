package decode

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"golang.org/x/text/encoding/simplifiedchinese"
)

func TestDelimitedTextIsReadAfterRFC4180(t *testing.T) {
	for _, c := range []struct {
		name, text string
		delim      string
		want       []record
	}{
		{"plain", "a,b\n1,2\n", ",", []record{{1, []string{"a", "b"}}, {2, []string{"1", "2"}}}},
		{"no line end at the end", "a,b\n1,2", ",", []record{{1, []string{"a", "b"}}, {2, []string{"1", "2"}}}},
		{"CRLF", "a,b\r\n1,2\r\n", ",", []record{{1, []string{"a", "b"}}, {2, []string{"1", "2"}}}},
		{"CR alone", "a,b\r1,2\r", ",", []record{{1, []string{"a", "b"}}, {2, []string{"1", "2"}}}},
		{"blank lines are rows", "a,b\n\n1,2\n\n", ",", []record{{1, []string{"a", "b"}}, {2, nil}, {3, []string{"1", "2"}}, {4, nil}}},
		{"blank lines with CRLF", "a,b\r\n\r\n1,2\r\n", ",", []record{{1, []string{"a", "b"}}, {2, nil}, {3, []string{"1", "2"}}}},
		{"one column", "a\nb\nc\n", ",", []record{{1, []string{"a"}}, {2, []string{"b"}}, {3, []string{"c"}}}},
		{"trailing delimiter", "a,\n,\n", ",", []record{{1, []string{"a", ""}}, {2, []string{"", ""}}}},
		{"quotes", "\"a\",\"b,c\"\n\"d\"\"e\",\"\"\n", ",", []record{{1, []string{"a", "b,c"}}, {2, []string{`d"e`, ""}}}},
		{"doubled quotes alone", "a,\"\"\"\"\nb,\"\"\"\"\"\"\n", ",", []record{{1, []string{"a", `"`}}, {2, []string{"b", `""`}}}},
		{"line ends in a cell", "a,b\n\"x\ny\",1\nz,2\n", ",", []record{{1, []string{"a", "b"}}, {2, []string{"x\ny", "1"}}, {4, []string{"z", "2"}}}},
		{"CRLF in a cell", "a,b\r\n\"x\r\ny\",1\r\nz,2\r\n", ",", []record{{1, []string{"a", "b"}}, {2, []string{"x\r\ny", "1"}}, {4, []string{"z", "2"}}}},
		{"CR in a cell of a CR text", "a,b\r\"x\ry\",1\rz,2\r", ",", []record{{1, []string{"a", "b"}}, {2, []string{"x\ry", "1"}}, {4, []string{"z", "2"}}}},
		{"a quote in a cell is text", "a,b\n5\" nail,1\n", ",", []record{{1, []string{"a", "b"}}, {2, []string{`5" nail`, "1"}}}},
		{"a quoted word at the start of a cell is text", "a,b\n\"API\" station,1\n", ",", []record{{1, []string{"a", "b"}}, {2, []string{`"API" station`, "1"}}}},
		{"a quote without partner before a cell's end is text", "a;b;c\n\"x;1;2\ny;\"z\";3\n", ";",
			[]record{{1, []string{"a", "b", "c"}}, {2, []string{`"x`, "1", "2"}}, {3, []string{"y", "z", "3"}}}},
		{"blanks behind a quote", "a,b\n\"x\" ,1\n", ",", []record{{1, []string{"a", "b"}}, {2, []string{"x", "1"}}}},
		{"blanks before a quote are text", "a,b\n \"x\",1\n", ",", []record{{1, []string{"a", "b"}}, {2, []string{` "x"`, "1"}}}},
		{"ragged rows", "a,b,c\n1\n1,2\n1,2,3,4\n", ",",
			[]record{{1, []string{"a", "b", "c"}}, {2, []string{"1"}}, {3, []string{"1", "2"}}, {4, []string{"1", "2", "3", "4"}}}},
		{"tabs", "a\tb\n1,5\t2\n", "\t", []record{{1, []string{"a", "b"}}, {2, []string{"1,5", "2"}}}},
		{"bars", "a|b\n1|2\n", "|", []record{{1, []string{"a", "b"}}, {2, []string{"1", "2"}}}},
		{"semicolons and decimal commas", "a;b;c\n1,5;2,5;3,5\n1,25;2;3\n", ";",
			[]record{{1, []string{"a", "b", "c"}}, {2, []string{"1,5", "2,5", "3,5"}}, {3, []string{"1,25", "2", "3"}}}},
		{"a delimiter in quotes does not count", "a;b\n\"x,y,z\";1\n\"x,y,z\";2\n", ";",
			[]record{{1, []string{"a", "b"}}, {2, []string{"x,y,z", "1"}}, {3, []string{"x,y,z", "2"}}}},
		{"a preamble without delimiters", "数据库：分省年度数据\n时间：最近20年\n地区;值\n甘肃;1\n兰州;2\n", ";",
			[]record{{1, []string{"数据库：分省年度数据"}}, {2, []string{"时间：最近20年"}}, {3, []string{"地区", "值"}}, {4, []string{"甘肃", "1"}}, {5, []string{"兰州", "2"}}}},
		{"Excel's line that names the delimiter", "sep=;\r\na;b\r\n1;2\r\n", ";", []record{{2, []string{"a", "b"}}, {3, []string{"1", "2"}}}},
		{"long cells pass the words of eight", "abcdefgh,ijklmnop,q\n,,,,,,,,,\n", ",",
			[]record{{1, []string{"abcdefgh", "ijklmnop", "q"}}, {2, make([]string, 10)}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := mustOpen(t, "table.csv", []byte(c.text), Options{})
			if i := s.Info(); i.Format != "csv" || i.Delimiter != c.delim {
				t.Errorf("found to be %s with %q, want %q", i.Format, i.Delimiter, c.delim)
			}
			wantRows(t, rowsOf(t, s), c.want)
		})
	}
}

// Whether a backslash escapes a quote is decided on the whole sample, and never
// where quotes are doubled.
func TestBackslashesBeforeQuotesAreReadByEvidence(t *testing.T) {
	for _, c := range []struct {
		name, text string
		escapes    bool
		want       []record
	}{
		{"escaped quotes", "a,b\n\"x \\\"y\\\", z\",1\n\"C:\\\\\",\"\\N\"\n", true,
			[]record{{1, []string{"a", "b"}}, {2, []string{`x "y", z`, "1"}}, {3, []string{`C:\`, `\N`}}}},
		{"an escaped quote at the end of a cell", "a,b\n\"x \\\"y\\\"\",1\n\"z\",2\n", true,
			[]record{{1, []string{"a", "b"}}, {2, []string{`x "y"`, "1"}}, {3, []string{"z", "2"}}}},
		{"an escaped quote and a line end", "a,b\n\"x\\\"\ny\",1\n", true, []record{{1, []string{"a", "b"}}, {2, []string{"x\"\ny", "1"}}}},
		{"one column", "a\n\"x \\\"y\\\" z\"\n", true, []record{{1, []string{"a"}}, {2, []string{`x "y" z`}}}},
		{"tabs", "a\tb\n\"x \\\"y\\\"\tz\"\t1\n", true, []record{{1, []string{"a", "b"}}, {2, []string{"x \"y\"\tz", "1"}}}},
		{"doubled quotes are used", "a,b\n\"x \"\"y\"\"\",1\n\"C:\\\",2\n", false, []record{{1, []string{"a", "b"}}, {2, []string{`x "y"`, "1"}}, {3, []string{`C:\`, "2"}}}},
		{"folders that end in a backslash", "a,b\n\"C:\\x\\\",\"y\"\n\"D:\\\",\"z\"\n", false, []record{{1, []string{"a", "b"}}, {2, []string{`C:\x\`, "y"}}, {3, []string{`D:\`, "z"}}}},
		{"other backslashes are text", "a,b\n\"O\\'Connor\",\\N\n", false, []record{{1, []string{"a", "b"}}, {2, []string{`O\'Connor`, `\N`}}}},
		{"outside of quotes they are text", "a,b\n5\\\" nail,1\n", false, []record{{1, []string{"a", "b"}}, {2, []string{`5\" nail`, "1"}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := mustOpen(t, "t.csv", []byte(c.text), Options{})
			if said := strings.Contains(strings.Join(s.Info().Notes, ";"), `written \"`); said != c.escapes {
				t.Errorf("the notes are %q", s.Info().Notes)
			}
			wantRows(t, rowsOf(t, s), c.want)
		})
	}
}

func TestTheDelimiterAskedForIsUsed(t *testing.T) {
	for _, c := range []struct{ delimiter, text string }{
		{"^", "a,1^b\n\"x^\"^y\n"}, {":", "a,1:b\n\"x:\":y\n"}, {"\x01", "a,1\x01b\n\"x\x01\"\x01y\n"}, {";", "a,1;b\n\"x;\";y\n"}, {" ", "a,1 b\n\"x \" y\n"},
	} {
		s := mustOpen(t, "t.csv", []byte(c.text), Options{Delimiter: c.delimiter})
		if s.Info().Delimiter != c.delimiter {
			t.Errorf("found to be %+v", s.Info())
		}
		wantRows(t, rowsOf(t, s), []record{{1, []string{"a,1", "b"}}, {2, []string{"x" + c.delimiter, "y"}}})
	}
	// Left to itself no text is cut at such characters.
	wantRows(t, rowsOf(t, mustOpen(t, "t.csv", []byte("12:30^x\n13:45^y\n"), Options{})), []record{{1, []string{"12:30^x"}}, {2, []string{"13:45^y"}}})
	for _, o := range []Options{{Delimiter: "a\"b"}, {Delimiter: "123456789"}, {Delimiter: "\xff"}, {Delimiter: "\""}, {Delimiter: "\n"}, {Delimiter: "\x00"}, {Delimiter: ",", Widths: []int{1}}, {Widths: []int{3, 0}}, {Widths: make([]int, maxColumns)}} {
		_, err := openBytes(t, "t.csv", []byte("a,b\n"), o)
		wantRefusal(t, err, ErrFormat)
	}
}

func TestFixedWidthTextIsCutAtTheWidthsAskedFor(t *testing.T) {
	text := "001兰州市  12.5\r\n\r\n002天水  \"x, y\"   \r\n03\r\n004甘南州  7    end\r\n"
	want := []record{{1, []string{"001", "兰州市  ", "12.5"}}, {2, nil}, {3, []string{"002", "天水  \"", "x, y\" "}}, {4, []string{"03"}}, {5, []string{"004", "甘南州  ", "7    e", "nd"}}}
	for name, data := range map[string][]byte{"utf-8": []byte(text), "gb18030": encode(t, simplifiedchinese.GB18030, text), "carriage returns": []byte(strings.ReplaceAll(text, "\r\n", "\r"))} {
		t.Run(name, func(t *testing.T) {
			s := mustOpen(t, "t.txt", data, Options{Widths: []int{3, 5, 6}})
			if i := s.Info(); i.Format != "fixed" || i.Delimiter != "" {
				t.Errorf("found to be %+v", i)
			}
			wantRows(t, rowsOf(t, s), want)
		})
	}
}

func TestFixedWidthTextWithoutWidthsIsRefusedByName(t *testing.T) {
	_, err := openBytes(t, "t.txt", []byte(strings.Repeat("001   lanzhou    gansu     12\n", 10)), Options{})
	if e := wantRefusal(t, err, ErrFormat); !strings.Contains(e.Found, "fixed width") || !strings.Contains(e.Do, "give the widths") {
		t.Errorf("got %v", err)
	}
}

func TestCellOverTheBoundIsRefused(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	for name, text := range map[string]string{
		"plain":                 "a,b\n1," + long + "\n",
		"quoted":                "a,b\n1,\"" + long + "\"\n",
		"no delimiter, no line": long,
	} {
		s := mustOpen(t, "t.csv", []byte(text), Options{MaxCell: 1 << 10})
		_, err := readAll(s.Tables()[0])
		if e := wantRefusal(t, err, ErrFormat); e.Line == 0 {
			t.Errorf("%s: no line in %v", name, e)
		}
	}
}

// A record with many cells may be longer than one cell may be.
func TestLongRecordsOfShortCellsAreRead(t *testing.T) {
	row := strings.Repeat("0123456789,", 200_000)
	s := mustOpen(t, "t.csv", []byte("a,b\n"+row+"\n1,2\n"), Options{MaxCell: 1 << 20})
	rows := rowsOf(t, s)
	if len(rows) != 3 || len(rows[1].cells) != 200_001 || rows[2].line != 3 {
		t.Errorf("%d rows, the second of %d cells", len(rows), len(rows[1].cells))
	}
}

// scanCSV reads text with the scanner alone, from a reader of our choice.
func scanCSV(r io.Reader, d dialect) ([]record, error) {
	table := newCSVTable("t.csv", "", func(bool) io.ReadCloser { return io.NopCloser(r) }, d, DefaultMaxCell)
	return readAll(table)
}

func TestBufferEndsMakeNoDifference(t *testing.T) {
	var text bytes.Buffer
	for i := range 20_000 {
		fmt.Fprintf(&text, "%d,\"a \"\"%d\"\"\r\n, b\",兰州%d,,\"x\"\r\n", i, i, i)
	}
	d := dialect{delim: ',', eol: '\n'}
	want, err := scanCSV(bytes.NewReader(text.Bytes()), d)
	if err != nil || len(want) != 20_000 || want[19_999].line != 39_999 {
		t.Fatalf("%d rows, %v", len(want), err)
	}
	if cells := want[7].cells; !slices.Equal(cells, []string{"7", "a \"7\"\r\n, b", "兰州7", "", "x"}) {
		t.Fatalf("row 7 is %q", cells)
	}
	for name, r := range map[string]io.Reader{
		"halves":        iotest.HalfReader(bytes.NewReader(text.Bytes())),
		"bytes":         iotest.OneByteReader(bytes.NewReader(text.Bytes())),
		"EOF with data": iotest.DataErrReader(bytes.NewReader(text.Bytes())),
	} {
		got, err := scanCSV(r, d)
		if err != nil || !slices.EqualFunc(got, want, func(a, b record) bool { return a.line == b.line && slices.Equal(a.cells, b.cells) }) {
			t.Errorf("%s: other rows, %v", name, err)
		}
	}
}

// FuzzCSV holds the scanner to encoding/csv wherever that accepts the text, and
// to its own promises everywhere: every byte of the text is in some row, lines
// rise, and nothing hangs.
func FuzzCSV(f *testing.F) {
	for _, s := range []string{"a,b\n1,2\n", "\"a\"\"b\",\"c\nd\"\r\n\r\nx", "a;\"b\";c\n", "\"", "\"\"\"", "a,\"b\" ,c\n", "a\rb\r\n", "sep=;\na;b", "\"x\";y\n\"z;1\n", "\"a\\\"b\\\\\",c\n\"\\"} {
		f.Add([]byte(s), byte(','))
	}
	f.Fuzz(func(t *testing.T, text []byte, delim byte) {
		if bytes.IndexByte(delimiters, delim) < 0 {
			delim = ','
		}
		d := dialect{delim: delim, eol: '\n'}
		got, err := scanCSV(bytes.NewReader(text), d)
		if e := (*Error)(nil); err != nil && !errors.As(err, &e) {
			t.Fatalf("not an *Error: %v", err)
		}
		for i := 1; i < len(got); i++ {
			if got[i].line <= got[i-1].line {
				t.Fatalf("line %d after %d", got[i].line, got[i-1].line)
			}
		}
		if halves, err2 := scanCSV(iotest.OneByteReader(bytes.NewReader(text)), d); fmt.Sprint(halves, err2) != fmt.Sprint(got, err) {
			t.Fatalf("byte by byte: %+v, %v\nat once: %+v, %v", halves, err2, got, err)
		}
		dialectOf(text, true, "")
		for _, d := range []dialect{{delim: delim, eol: '\n', escapes: true}, {delim: delim, eol: '\r', escapes: true}, {eol: '\n', widths: []int{1, int(delim)}}} {
			at, err := scanCSV(bytes.NewReader(text), d)
			if bytewise, err2 := scanCSV(iotest.OneByteReader(bytes.NewReader(text)), d); fmt.Sprint(bytewise, err2) != fmt.Sprint(at, err) {
				t.Fatalf("%+v byte by byte: %+v, %v\nat once: %+v, %v", d, bytewise, err2, at, err)
			}
		}
		r := csv.NewReader(bytes.NewReader(text))
		r.Comma, r.FieldsPerRecord = rune(delim), -1
		want, wantErr := r.ReadAll()
		// encoding/csv drops blank lines and makes CRLF in a cell LF.
		if wantErr != nil || err != nil || bytes.IndexByte(text, '\r') >= 0 {
			return
		}
		got = slices.DeleteFunc(got, func(r record) bool { return len(r.cells) == 0 })
		if !slices.EqualFunc(got, want, func(a record, b []string) bool { return slices.Equal(a.cells, b) }) {
			t.Fatalf("got  %+v\nwant %q", got, want)
		}
	})
}
