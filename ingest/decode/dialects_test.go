package decode

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
)

func TestDialectsThatAreNotUsual(t *testing.T) {
	for _, c := range []struct {
		name, text, delim string
		want              []record
	}{
		{"a stray semicolon in one column", "c0\nv0\na;b\n", ",", []record{{1, []string{"c0"}}, {2, []string{"v0"}}, {3, []string{"a;b"}}}},
		{"a stray bar in one column", "名称\n甲\n乙\n丙|丁\n戊\n", ",", []record{{1, []string{"名称"}}, {2, []string{"甲"}}, {3, []string{"乙"}}, {4, []string{"丙|丁"}}, {5, []string{"戊"}}}},
		{"a bar in every value and none in the header", "项目名称\n项目0|子项0\n项目1|子项1\n项目2|子项2\n", ",", []record{{1, []string{"项目名称"}}, {2, []string{"项目0|子项0"}}, {3, []string{"项目1|子项1"}}, {4, []string{"项目2|子项2"}}}},
		{"a title above a table of semicolons", "收费表\n代码;名称\n001;甲\n002;乙\n", ";", []record{{1, []string{"收费表"}}, {2, []string{"代码", "名称"}}, {3, []string{"001", "甲"}}, {4, []string{"002", "乙"}}}},
		{"a title above numbers", "数据\n1;2\n3;4\n5;6\n", ";", []record{{1, []string{"数据"}}, {2, []string{"1", "2"}}, {3, []string{"3", "4"}}, {4, []string{"5", "6"}}}},
		{"a named delimiter and quotes", "sep=;\na; \"b;c\"\n\"1\"; \"2\"\n", ";", []record{{2, []string{"a", "b;c"}}, {3, []string{"1", "2"}}}},
		{"prose above a table of semicolons", strings.Repeat("说明文字\n", 12) + "a;b;c\n1;2;3\n4;5;6\n", ";", nil},
		{"blanks before quotes", "a, b, c\n1, \"x, y\", 2\n3, \"z \"\"q\"\"\" , 4\n", ",", []record{{1, []string{"a", " b", " c"}}, {2, []string{"1", "x, y", " 2"}}, {3, []string{"3", `z "q"`, " 4"}}}},
		{"apostrophes", "'a','b'\n'x,y','it''s'\n'l1\nl2','O'Brien'\n", ",", []record{{1, []string{"a", "b"}}, {2, []string{"x,y", "it's"}}, {3, []string{"l1\nl2", "O'Brien"}}}},
		{"apostrophes that are text", "'001,甲\n'002,乙\n", ",", []record{{1, []string{"'001", "甲"}}, {2, []string{"'002", "乙"}}}},
		{"blanks", "代码  名称 金额\n001 甲   1.5\n002   乙 2 \n", " ", []record{{1, []string{"代码", "名称", "金额"}}, {2, []string{"001", "甲", "1.5"}}, {3, []string{"002", "乙", "2"}}}},
		{"blanks in names", "name\nJohn Smith\nMary Jones\nAnn Lee\n", ",", []record{{1, []string{"name"}}, {2, []string{"John Smith"}}, {3, []string{"Mary Jones"}}, {4, []string{"Ann Lee"}}}},
		{"times in one column", "event time\n2024-01-02 10:11:12\n2024-01-03 10:11:12\n2024-01-04 10:11:12\n", ",", []record{{1, []string{"event time"}}, {2, []string{"2024-01-02 10:11:12"}}, {3, []string{"2024-01-03 10:11:12"}}, {4, []string{"2024-01-04 10:11:12"}}}},
		{"full-width commas", "代码，名称，数量\n001，甲，1\n002，乙，2\n", "，", []record{{1, []string{"代码", "名称", "数量"}}, {2, []string{"001", "甲", "1"}}, {3, []string{"002", "乙", "2"}}}},
		{"full-width commas in prose", "意见\n同意，但须补充材料\n不同意\n原则同意，下次再议，谢谢\n", ",", []record{{1, []string{"意见"}}, {2, []string{"同意，但须补充材料"}}, {3, []string{"不同意"}}, {4, []string{"原则同意，下次再议，谢谢"}}}},
		{"a named delimiter", "sep=^\r\na^b\r\n1^2\r\n", "^", []record{{2, []string{"a", "b"}}, {3, []string{"1", "2"}}}},
		{"a named delimiter in quotes", "\"SEP=|\"\na|b\n1|2\n", "|", []record{{2, []string{"a", "b"}}, {3, []string{"1", "2"}}}},
		{"a named full-width comma", "sep=，\na，b\n1，2\n", "，", []record{{2, []string{"a", "b"}}, {3, []string{"1", "2"}}}},
		{"a carriage return alone", "代码,值\n001,1\n002,2\r003,3\r\n004,4\n", ",", []record{{1, []string{"代码", "值"}}, {2, []string{"001", "1"}}, {3, []string{"002", "2"}}, {4, []string{"003", "3"}}, {5, []string{"004", "4"}}}},
		{"a carriage return behind a quote", "a,b\n1,\"x\"\r2,\"y\"\n3,z\n", ",", []record{{1, []string{"a", "b"}}, {2, []string{"1", "x"}}, {3, []string{"2", "y"}}, {4, []string{"3", "z"}}}},
		{"a carriage return within quotes", "a,b\n1,\"x\ry\"\n2,z\n", ",", []record{{1, []string{"a", "b"}}, {2, []string{"1", "x\ry"}}, {4, []string{"2", "z"}}}},
		{"two carriage returns before a line feed", "a,b\r\r\n1,2\r\r\n", ",", nil},
		{"a line feed among carriage returns", "a,b\r1,2\r" + strings.Repeat("3,4\r", 3) + "5,6\r7,\"8\"\r", ",", nil},
		{"quotes doubled wrongly", "id,n\n1,\"he said \"hi\" ok\"\n2,b\n", ",", []record{{1, []string{"id", "n"}}, {2, []string{"1", `he said "hi" ok`}}, {3, []string{"2", "b"}}}},
		{"two quoted words", "id,n\n1,\"API\" or \"GUI\"\n2,b\n", ",", []record{{1, []string{"id", "n"}}, {2, []string{"1", `"API" or "GUI"`}}, {3, []string{"2", "b"}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := mustOpen(t, "t.csv", []byte(c.text), Options{})
			if s.Info().Delimiter != c.delim {
				t.Errorf("parted by %q, want %q", s.Info().Delimiter, c.delim)
			}
			if c.want != nil {
				wantRows(t, rowsOf(t, s), c.want)
			}
		})
	}
}

func TestTheFullWidthCommaAskedForIsUsed(t *testing.T) {
	for _, d := range []string{"，", "、", "||", "<>", "\u00a6"} {
		text := strings.ReplaceAll("代码@名称\n001@甲,乙\n002@\"x@y\"\n", "@", d)
		for name, data := range map[string][]byte{"utf-8": []byte(text), "gb18030": encode(t, simplifiedchinese.GB18030, text)} {
			s := mustOpen(t, "t.csv", data, Options{Delimiter: d})
			if s.Info().Delimiter != d {
				t.Errorf("%s: parted by %q", name, s.Info().Delimiter)
			}
			wantRows(t, rowsOf(t, s), []record{{1, []string{"代码", "名称"}}, {2, []string{"001", "甲,乙"}}, {3, []string{"002", "x" + d + "y"}}})
		}
	}
}

// A quote that is never closed costs its line, which is told, and no other.
func TestAnUnclosedQuoteCostsItsLine(t *testing.T) {
	for _, text := range []string{"a,b\n1,2\n3,\"six\n7,8\n9,10\n", "\"a\", \"b\"\n\"1\", \"2\"\n3, \"six\n7, 8\n9, 10\n", "a，b\n1，2\n3，\"six\n7，8\n9，10\n", "a,b\r\n1,2\r\n3,\"six\r\n7,8\r\n9,10"} {
		table := mustOpen(t, "t.csv", []byte(text), Options{}).Tables()[0]
		var faults, lines []int64
		for {
			row, err := table.Next()
			if err == io.EOF {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			if lines = append(lines, row.Line); row.Fault != "" {
				faults = append(faults, row.Line)
			} else if len(row.Cells) != 2 {
				t.Errorf("line %d: %q", row.Line, row.Cells)
			}
		}
		if fmt.Sprint(faults, lines) != "[3] [1 2 3 4 5]" {
			t.Errorf("%q: faults on %v of %v", text, faults, lines)
		}
	}
	// Also where what comes behind it is long.
	text := "a,b\n1,\"x\n" + strings.Repeat("2,y\n", 400_000)
	table := mustOpen(t, "t.csv", []byte(text), Options{MaxCell: 1 << 16}).Tables()[0]
	rows, faults := 0, 0
	for {
		row, err := table.Next()
		if err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if rows++; row.Fault != "" {
			faults++
		}
	}
	if rows != 400_002 || faults != 1 {
		t.Errorf("%d rows and %d faults", rows, faults)
	}
}

// Tables that are known, written in every dialect, are read as they are, or refused.
func TestWhateverTheDialectTheTableIsTheSame(t *testing.T) {
	r := rand.New(rand.NewPCG(20, 6))
	words := []string{"甲", "兰州市城关区", "a", "Gansu", "x y", "0.5", "001", "2024-01-02", "-12.50", "", "第三项（暂行）", "备注", "N/A", "O'Brien", "1 2"}
	right, refused := 0, 0
	wrong := map[string]int{}
	for n := range 6000 {
		delim := []string{",", "\t", ";", "|", "，"}[r.IntN(5)]
		quoting := []string{"none", "needed", "all", "padded", "single"}[r.IntN(5)]
		end := []string{"\n", "\r\n", "\r", "mixed"}[r.IntN(4)]
		charset := []string{"utf-8", "bom", "gb18030", "utf-16le"}[r.IntN(4)]
		columns, count := 2+r.IntN(5), 3+r.IntN(30)
		table := make([][]string, count+1)
		for c := range columns {
			table[0] = append(table[0], []string{"代码", "名称", "金额", "日期", "备注", "地址", "code", "name"}[c])
		}
		for i := 1; i <= count; i++ {
			for range columns {
				w := words[r.IntN(len(words))]
				if quoting != "none" && r.IntN(12) == 0 {
					w += delim + "z"
				}
				if quoting != "none" && quoting != "padded" && quoting != "single" && r.IntN(20) == 0 {
					w += ` "q" ` + "e"
				}
				if quoting == "all" && r.IntN(20) == 0 {
					w = "一\n二" + w
				}
				table[i] = append(table[i], w)
			}
		}
		var b strings.Builder
		for i, row := range table {
			for c, cell := range row {
				if c > 0 {
					if b.WriteString(delim); quoting == "padded" {
						b.WriteByte(' ')
					}
				}
				switch {
				case quoting == "single":
					b.WriteString("'" + strings.ReplaceAll(cell, "'", "''") + "'")
				case quoting == "all", quoting == "padded" && (c > 0 || strings.Contains(cell, delim)), quoting == "needed" && strings.ContainsAny(cell, delim+"\"\n"):
					b.WriteString(`"` + strings.ReplaceAll(cell, `"`, `""`) + `"`)
				default:
					b.WriteString(cell)
				}
			}
			if end == "mixed" {
				b.WriteString([]string{"\n", "\r\n", "\r"}[(i+n)%3])
			} else {
				b.WriteString(end)
			}
		}
		data := []byte(b.String())
		switch charset {
		case "bom":
			data = append([]byte("\xEF\xBB\xBF"), data...)
		case "gb18030":
			data = encode(t, simplifiedchinese.GB18030, b.String())
		case "utf-16le":
			data = append([]byte{0xFF, 0xFE}, encode(t, unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), b.String())...)
		}
		key := strings.Join([]string{fmt.Sprintf("%q", delim), quoting, fmt.Sprintf("%q", end), charset}, " ")
		s, err := openBytes(t, "t.csv", data, Options{})
		if err != nil {
			refused++
			continue
		}
		var got [][]string
		flagged := false
		for {
			row, err := s.Tables()[0].Next()
			if err == io.EOF {
				break
			} else if err != nil || row.Fault != "" {
				flagged = true
				break
			}
			if len(row.Cells) > 0 {
				cells := make([]string, 0, columns)
				for _, c := range row.Cells {
					cells = append(cells, string(bytes.Trim(c, " ")))
				}
				got = append(got, cells)
			}
		}
		s.Close()
		same := len(got) == len(table)
		for i := range min(len(got), len(table)) {
			want := slices.Clone(table[i])
			for c := range want {
				want[c] = strings.Trim(want[c], " ")
			}
			same = same && slices.Equal(got[i], want)
		}
		switch {
		case flagged:
			refused++
		case same:
			right++
		default:
			if wrong[key]++; len(wrong) <= 5 && wrong[key] == 1 {
				t.Logf("%s: %q\ngot  %q\nwant %q", key, b.String(), got, table)
			}
		}
	}
	t.Logf("%d right, %d refused or told, %d kinds wrong: %v", right, refused, len(wrong), wrong)
	if len(wrong) > 0 || right < 5500 {
		t.Errorf("%d right, %d refused, wrong: %v", right, refused, wrong)
	}
}
