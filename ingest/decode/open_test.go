package decode

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"

	"govdata/ingest/decode/ole/oletest"
)

func TestFilesThatAreNoTablesAreRefusedByTheirBytes(t *testing.T) {
	binary := make([]byte, 4096)
	for i := range binary {
		binary[i] = byte(i * 7 % 32)
	}
	badTar := make([]byte, 1024)
	copy(badTar, "t.csv")
	copy(badTar[257:], "ustar\x0000")
	stream := func(names ...string) []byte {
		var streams []oletest.Stream
		for _, name := range names {
			streams = append(streams, oletest.Stream{Name: name, Data: make([]byte, 5000)})
		}
		return oletest.File(streams...)
	}
	for _, c := range []struct {
		name     string
		data     []byte
		category error
		found    string
	}{
		{"t.csv", nil, ErrEmpty, "no bytes"},
		{"t.csv", []byte("\xEF\xBB\xBF"), ErrEmpty, "white space alone"},
		{"t.csv", []byte(" \r\n\t\n"), ErrEmpty, "white space alone"},
		{"t.csv", []byte("\xFF\xFE\n\x00"), ErrEmpty, "white space alone"},
		{"t.xlsx", []byte("PAR1\x15\x04\x15\x10"), ErrCorrupt, "Parquet"},
		{"t.csv", []byte("%PDF-1.7\n"), ErrFormat, "PDF"},
		{"t.csv", []byte("\x89PNG\r\n\x1A\n"), ErrFormat, "PNG"},
		{"t.csv", []byte("\xFF\xD8\xFF\xE0\x00\x10JFIF"), ErrFormat, "JPEG"},
		{"t.csv", []byte("Rar!\x1A\x07\x01\x00"), ErrFormat, "RAR"},
		{"t.csv", []byte("7z\xBC\xAF\x27\x1C\x00\x04"), ErrFormat, "7z"},
		{"t.csv", []byte("BZh91AY&SY\x00\x00"), ErrFormat, "bzip2"},
		{"t.csv", badTar, ErrCorrupt, "corrupt tar archive"},
		{"t.xls", []byte("<html><p>1</p></html>"), ErrFormat, "HTML"},
		{"t.csv", []byte("<!DOCTYPE HTML PUBLIC>\n<title>404</title>"), ErrFormat, "HTML"},
		{"t.xls", []byte("<?xml version=\"1.0\"?>\n<Workbook/>"), ErrFormat, "without a sheet"},
		{"t.csv", binary, ErrFormat, "binary data"},
		{"t.xls", stream("Workbook"), ErrCorrupt, "corrupt workbook"},
		{"t.xls", stream("Book"), ErrCorrupt, "corrupt workbook"},
		{"t.xlsx", stream("EncryptedPackage", "EncryptionInfo"), ErrEncrypted, "password"},
		{"t.doc", stream("WordDocument", "1Table", "ObjectPool/Workbook"), ErrFormat, "Word"},
		{"t.ppt", stream("PowerPoint Document"), ErrFormat, "presentation"},
		{"t.msg", stream("__properties_version1.0", "attachment/Workbook"), ErrFormat, "Outlook"},
		{"t.xls", stream("Other", "Storage/Workbook"), ErrFormat, "OLE"},
		{"t.xls", stream("Workbook")[:3000], ErrCorrupt, ".xls"},
		{"t.xls", []byte("\x09\x00\x04\x00\x02\x00\x10\x00"), ErrFormat, "BIFF2"},
		{"t.xls", []byte("\x09\x02\x06\x00\x00\x00\x10\x00\x00\x00"), ErrFormat, "BIFF3"},
		{"t.xls", []byte("\x09\x04\x06\x00\x00\x00\x10\x00\x00\x00"), ErrFormat, "BIFF4"},
		{"t.xls", []byte("\x09\x08\x08\x00\x00\x05\x10\x00\x00\x00\x00\x00"), ErrFormat, "without the OLE file"},
		{"t.docx", zipped(t, member{"word/document.xml", nil}), ErrFormat, "Word"},
		{"t.ods", zipped(t, member{"mimetype", nil}, member{"content.xml", nil}), ErrFormat, "OpenDocument"},
		{"t.xlsb", zipped(t, member{"xl/workbook.bin", nil}), ErrFormat, "xlsb"},
		{"t.xlsx", []byte("PK\x03\x04 cut off"), ErrCorrupt, "workbook"},
		{"t.zip", []byte("PK\x03\x04 cut off"), ErrCorrupt, "zip"},
		{"t.zip", []byte("PK\x05\x06" + strings.Repeat("\x00", 18)), ErrEmpty, "no file in it"},
	} {
		t.Run(c.name+" "+c.found, func(t *testing.T) {
			_, err := openBytes(t, c.name, c.data, Options{})
			if e := wantRefusal(t, err, c.category); !strings.Contains(e.Found, c.found) || e.File != c.name {
				t.Errorf("got %v, want %q", err, c.found)
			}
		})
	}
}

// The bytes decide, whatever the file is called and however it begins.
func TestTextThatBeginsLikeAnotherFormatIsRead(t *testing.T) {
	for _, text := range []string{"PAR1,PAR2\n1,2\n", "BZh9,x\n1,2\n", "GIF8,x\n1,2\n", "[a],b\n1,2\n", "{x},b\n1,2\n", "<5,>5\n1,2\n", "PK,b\n1,2\n"} {
		s := mustOpen(t, "t.xlsx", []byte(text), Options{})
		if rows := rowsOf(t, s); s.Info().Format != "csv" || len(rows) != 2 || len(rows[0].cells) != 2 {
			t.Errorf("%q reads as %+v", text, rows)
		}
	}
}

func TestAnErrorSaysWhatIsWrongAndWhatToDoInOneSentence(t *testing.T) {
	_, err := openBytes(t, "许可.csv", []byte("%PDF-1.7\n"), Options{})
	want := "许可.csv: found a PDF document, expected " + readable + "; send the table itself as CSV or XLSX"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	e := &Error{File: "t.csv", Line: 3, Col: 7, Found: "bytes C3", Err: ErrCharset}
	if e.Error() != "t.csv:3:7: found bytes C3" || !errors.Is(e, ErrCharset) {
		t.Errorf("got %v", e)
	}
}

func TestWhatIsNoFileIsRefused(t *testing.T) {
	if _, err := Open(t.TempDir(), "folder", Options{}); !errors.Is(err, ErrFormat) {
		t.Errorf("a folder: %v", err)
	}
	if _, err := Open(filepath.Join(t.TempDir(), "none"), "none", Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

// workbook has a visible sheet with merged cells, a hidden one and another.
func workbook(t testing.TB) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	steps := []error{
		f.SetSheetName("Sheet1", "许可"),
		f.SetSheetRow("许可", "A1", &[]any{"名称", "金额"}),
		f.SetSheetRow("许可", "A3", &[]any{"兰州", 12.5}),
		f.MergeCell("许可", "A1", "A2"),
	}
	for _, name := range []string{"隐藏", "处罚"} {
		_, err := f.NewSheet(name)
		steps = append(steps, err, f.SetSheetRow(name, "A1", &[]any{name}))
	}
	steps = append(steps, f.SetSheetVisible("隐藏", false))
	var b bytes.Buffer
	if err := errors.Join(append(steps, f.Write(&b))...); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// legacyWorkbook is the same, made by LibreOffice.
func legacyWorkbook(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "workbook.xls"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestWorkbookGivesItsVisibleSheets(t *testing.T) {
	book, legacy := workbook(t), legacyWorkbook(t)
	for name, file := range map[string]struct {
		format string
		data   []byte
	}{
		"alone": {"xlsx", book}, "in gz": {"xlsx", gzipped(t, book)}, "in zip": {"xlsx", zipped(t, member{"t.xlsx", book})},
		"legacy": {"xls", legacy}, "legacy in gz": {"xls", gzipped(t, legacy)}, "legacy in zip": {"xls", zipped(t, member{"t.xls", legacy}, member{"a.txt", nil})},
	} {
		t.Run(name, func(t *testing.T) {
			s := mustOpen(t, "t.xlsx", file.data, Options{})
			i := s.Info()
			if i.Format != file.format || !slices.Equal(i.Sheets, []string{"许可", "隐藏", "处罚"}) || !strings.Contains(strings.Join(i.Notes, "; "), `sheet "隐藏" is hidden and left out`) {
				t.Errorf("found to be %+v", i)
			}
			tables := s.Tables()
			if len(tables) != 2 || tables[0].Name() != "许可" || tables[1].Name() != "处罚" {
				t.Fatalf("%d tables", len(tables))
			}
			rows, err := readAll(tables[0])
			if err != nil {
				t.Fatal(err)
			}
			if first, last := rows[0], rows[len(rows)-1]; first.line != 1 || last.line != 3 || !slices.Equal(last.cells, []string{"兰州", "12.5"}) {
				t.Errorf("rows %+v", rows)
			}
			if m := tables[0].Merges(); !slices.Equal(m, []Range{{1, 1, 2, 1}}) {
				t.Errorf("merges %v", m)
			}
		})
	}
}

func TestSheetIsPickedByNameEvenIfHidden(t *testing.T) {
	for _, book := range [][]byte{workbook(t), legacyWorkbook(t)} {
		s := mustOpen(t, "t.xlsx", book, Options{Sheet: "隐藏"})
		if rows := rowsOf(t, s); rows[0].cells[0] != "隐藏" {
			t.Errorf("rows %v", rows)
		}
		_, err := openBytes(t, "t.xlsx", book, Options{Sheet: "no such"})
		if e := wantRefusal(t, err, ErrFormat); !strings.Contains(e.Found, "许可") {
			t.Errorf("got %v", err)
		}
	}
}

func TestTruncatedWorkbookIsNamedAsSuch(t *testing.T) {
	book := workbook(t)
	_, err := openBytes(t, "t.xlsx", book[:len(book)*3/4], Options{})
	if e := wantRefusal(t, err, ErrCorrupt); !strings.Contains(e.Found, "truncated or corrupt workbook") {
		t.Errorf("got %v", err)
	}
}

// Between row 50,000 and row 450,000 some 25 MB go by; what lives is buffers.
func TestMemoryDoesNotGrowWithRows(t *testing.T) {
	if testing.Short() {
		t.Skip("40 MB a format")
	}
	var csv, json, keyed, tree bytes.Buffer
	for i := range 500_000 {
		if i == 0 {
			keyed.WriteString("{")
			tree.WriteString("[")
		} else {
			keyed.WriteString(",\n")
		}
		fmt.Fprintf(&keyed, "\"6201%07d\":{\"文号\":\"甘许〔2025〕%07d号\",\"n\":[1]}", i, i)
		if i%10 == 0 {
			fmt.Fprintf(&tree, "%s{\"name\":\"兰州%d\",\"children\":[", strings.Repeat("]},", min(i, 1)), i)
		} else {
			fmt.Fprintf(&tree, "%s{\"name\":\"甘许〔2025〕%07d号\"}", strings.Repeat(",", min(i%10-1, 1)), i)
		}
		fmt.Fprintf(&csv, "甘许〔2025〕%07d号,\"兰州\"\"%d\"\"食品有限公司\",9162010\n", i, i)
		fmt.Fprintf(&json, "{\"文号\":\"甘许〔2025〕%07d号\",\"相对人\":\"兰州\\n%d公司\",\"n\":{\"a\": [1]}}\n", i, i)
	}
	keyed.WriteString("}")
	tree.WriteString("]}]")
	for name, data := range map[string][]byte{
		"keyed": keyed.Bytes(), "tree": tree.Bytes(),
		"csv": csv.Bytes(), "csv in GB18030": encode(t, simplifiedchinese.GB18030, csv.String()), "csv in gz": gzipped(t, csv.Bytes()), "jsonl": json.Bytes(),
	} {
		path := filepath.Join(t.TempDir(), "t")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := Open(path, "t", Options{TempDir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		rows, early := 0, int64(0)
		for ; ; rows++ {
			if _, err := s.Tables()[0].Next(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			switch rows {
			case 50_000:
				early = liveBytes()
			case 450_000:
				if grown := liveBytes() - early; grown > 10<<20 {
					t.Errorf("%s: %d bytes more live than 400,000 rows before", name, grown)
				}
			}
		}
		if rows < 500_000 {
			t.Errorf("%s: %d rows", name, rows)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func liveBytes() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// FuzzOpen feeds any bytes under any name: the file is read to its end or
// refused with an *Error; nothing hangs, and nothing is left behind.
func FuzzOpen(f *testing.F) {
	text := []byte("名称,值\n兰州,\"1\n2\"\n")
	for name, data := range map[string][]byte{
		"t.csv": text, "gb.csv": encode(f, simplifiedchinese.GB18030, string(text)), "t.json": []byte(`{"data":[{"a":1},{"b":null}]}`), "t.jsonl": []byte("{\"a\":1}\n{\"a\":2}\n"),
		"t.gz": gzipped(f, text), "t.zst": zstded(f, text), "t.zip": zipped(f, member{"t.csv", text}), "t.csv.zip": zipped(f, member{"a.gz", gzipped(f, text)}),
		"t.tar": tarred(f, member{"a.csv", text}, member{"b.link", nil}), "all.tar": tarred(f, member{"a.csv", text}, member{"b.json", []byte(`[[1]]`)}),
		"all.zip": zipped(f, member{"a.csv", text}, member{"b.csv", nil}, member{"c.tsv", text}),
		"t.xlsx":  workbook(f), "t.xls": legacyWorkbook(f), "part.xls": legacyWorkbook(f)[:5000], "16.csv": []byte("\xFF\xFEa\x00,\x00b\x00\n\x00"), "latin.csv": []byte("Ann\xE9e;x\n"),
	} {
		f.Add(name, data, "")
	}
	f.Add("t.csv", text, "gb18030")
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, name string, data []byte, charset string) {
		file, err := os.CreateTemp(dir, "input")
		if err != nil {
			t.Fatal(err)
		}
		defer os.Remove(file.Name())
		if _, err := file.Write(data); err != nil {
			t.Fatal(err)
		}
		file.Close()
		temp := t.TempDir()
		s, err := Open(file.Name(), name, Options{Charset: charset, TempDir: temp, MaxBytes: 1 << 20, MaxCell: 1 << 16, All: strings.HasPrefix(name, "all")})
		if e := (*Error)(nil); err != nil && !errors.As(err, &e) {
			t.Fatalf("not an *Error: %v", err)
		} else if err == nil {
			for _, table := range s.Tables() {
				var last int64
				for {
					row, err := table.Next()
					if errors.Is(err, io.EOF) {
						break
					} else if err != nil {
						if !errors.As(err, &e) {
							t.Fatalf("not an *Error: %v", err)
						}
						break
					}
					if row.Line < last || row.Line < 1 {
						t.Fatalf("line %d after %d", row.Line, last)
					}
					last = row.Line
				}
				table.Merges()
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
			t.Fatalf("left %v, %v", left, err)
		}
	})
}
