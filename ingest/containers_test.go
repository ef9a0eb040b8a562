package ingest_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"

	"govdata/catalog/store"
	"govdata/ingest"
)

// The same rows come out of every character set and format, alone and in every
// container.
func TestEveryFormatInEveryContainerGivesTheSameRows(t *testing.T) {
	names := []string{"臺北市政府環境保護局", "新北市立圖書館中和分館", "高雄市公共腳踏車租賃站", "桃園區公所社會課", "嘉義縣衛生局食品藥物管理科"}
	var csv, jsonl strings.Builder
	var objects []string
	book := excelize.NewFile()
	defer book.Close()
	csv.WriteString("no,name,amount\n")
	book.SetSheetRow("Sheet1", "A1", &[]any{"no", "name", "amount"})
	for i := range 60 {
		no, name, amount := fmt.Sprintf("A%03d", i), names[i%len(names)], fmt.Sprintf("%d.25", i*1000)
		fmt.Fprintf(&csv, "%s,%s,%s\n", no, name, amount)
		objects = append(objects, fmt.Sprintf(`{"no": %q, "name": %q, "amount": %s}`, no, name, amount))
		book.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+2), &[]any{no, name, float64(i*1000) + 0.25})
	}
	jsonl.WriteString(strings.Join(objects, "\n"))
	var xlsx bytes.Buffer
	if err := book.Write(&xlsx); err != nil {
		t.Fatal(err)
	}
	in := func(e encoding.Encoding) []byte {
		b, err := e.NewEncoder().Bytes([]byte(csv.String()))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	forms := map[string][]byte{
		"utf-8.csv": []byte(csv.String()), "bom.csv": []byte("\uFEFF" + csv.String()), "gb18030.csv": in(simplifiedchinese.GB18030), "big5.csv": in(traditionalchinese.Big5),
		"utf-16le.csv": in(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)), "utf-16be.csv": in(unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)),
		"crlf.csv": []byte(strings.ReplaceAll(csv.String(), "\n", "\r\n")), "tabs.txt": []byte(strings.ReplaceAll(csv.String(), ",", "\t")),
		"array.json": []byte("[" + strings.Join(objects, ",\n") + "]"), "nested.json": []byte(`{"code":0,"data":[` + strings.Join(objects, ",") + `]}`),
		"lines.jsonl": []byte(jsonl.String()), "book.xlsx": xlsx.Bytes(),
	}
	first := ""
	for name, data := range forms {
		for container, wrapped := range map[string][]byte{"": data, ".gz": gz(data), ".zst": zst(data), ".zip": zipped(name, data)} {
			file := filepath.Join(t.TempDir(), name+container)
			if err := os.WriteFile(file, wrapped, 0o600); err != nil {
				t.Fatal(err)
			}
			built, err := tryRun(t, moneyDataset(), file, ingest.Options{})
			if err != nil {
				t.Errorf("%s%s: %v", name, container, err)
				continue
			}
			if built.Manifest.Rows != 60 || built.Manifest.Counts.Rejected != 0 {
				t.Errorf("%s%s: %+v, %v", name, container, built.Manifest.Counts, built.Report.Rejects)
			}
			if rows := rowsOf(t, built); first == "" {
				first = rows
			} else if rows != first {
				t.Errorf("%s%s: found\n%.300s\nwant\n%.300s", name, container, rows, first)
			}
		}
	}
}

// rowsOf reads the rows of a built release file.
func rowsOf(t *testing.T, built *ingest.Built) string {
	t.Helper()
	f, err := store.Open(built.Path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, release, err := f.Read(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	var b strings.Builder
	for rows.Next() {
		fmt.Fprintln(&b, rows.RecordBatch())
	}
	return b.String()
}

func gz(data []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(data)
	w.Close()
	return b.Bytes()
}

func zst(data []byte) []byte {
	w, _ := zstd.NewWriter(nil)
	defer w.Close()
	return w.EncodeAll(data, nil)
}

func zipped(name string, data []byte) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, _ := z.Create(name)
	w.Write(data)
	z.Close()
	return b.Bytes()
}
