package decode

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// sampleCSV is what departments send: twelve columns, a third of the bytes Chinese.
func sampleCSV(rows int) []byte {
	var b bytes.Buffer
	b.WriteString("决定书文号,设定依据,项目名称,相对人名称,统一社会信用代码,审批部门,许可日期,有效期自,有效期至,金额,地区,状态\n")
	for i := range rows {
		fmt.Fprintf(&b, "甘许〔2025〕%07d号,食品安全法第三十五条,食品经营许可,兰州%d食品有限公司,9162010%011d,兰州市市场监督管理局,2025-%02d-%02d,2025-01-01,2099-12-31,%d.50,620102,1\n",
			i, i, i, i%12+1, i%28+1, i*37%99991)
	}
	return b.Bytes()
}

func benchmarkFile(b *testing.B, data []byte) {
	path := filepath.Join(b.TempDir(), "sample.csv")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		s, err := Open(path, "sample.csv", Options{})
		if err != nil {
			b.Fatal(err)
		}
		cells := 0
		for {
			row, err := s.Tables()[0].Next()
			if err == io.EOF {
				break
			} else if err != nil {
				b.Fatal(err)
			}
			cells += len(row.Cells)
		}
		s.Close()
		if cells != 12*200_001 {
			b.Fatalf("%d cells", cells)
		}
	}
}

// BenchmarkCSV scans 200,000 rows of 12 columns from memory, in one goroutine.
func BenchmarkCSV(b *testing.B) {
	data := sampleCSV(200_000)
	quoted := bytes.ReplaceAll(data, []byte(","), []byte(`","`))
	quoted = append([]byte{'"'}, bytes.ReplaceAll(quoted, []byte("\n"), []byte("\"\n\""))...)
	quoted = quoted[:len(quoted)-1]
	for _, form := range []struct {
		name string
		data []byte
	}{{"plain", data}, {"quoted", quoted}} {
		b.Run(form.name, func(b *testing.B) {
			b.SetBytes(int64(len(form.data)))
			for b.Loop() {
				t := newCSVTable("", "", func(bool) io.ReadCloser { return io.NopCloser(bytes.NewReader(form.data)) },
					dialect{delim: ',', eol: '\n'}, DefaultMaxCell)
				for {
					if _, err := t.Next(); err == io.EOF {
						break
					} else if err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

// BenchmarkOpen reads the same rows from files, character set decided:
// GB18030 is to cost at most 1.3 times what UTF-8 does.
func BenchmarkOpen(b *testing.B) {
	data := sampleCSV(200_000)
	gb, err := simplifiedchinese.GB18030.NewEncoder().Bytes(data)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("utf-8", func(b *testing.B) { benchmarkFile(b, data) })
	b.Run("gb18030", func(b *testing.B) { benchmarkFile(b, gb) })
}

// BenchmarkDecide is the pass over the whole file that settles its character set.
func BenchmarkDecide(b *testing.B) {
	data := sampleCSV(200_000)
	gb, err := simplifiedchinese.GB18030.NewEncoder().Bytes(data)
	if err != nil {
		b.Fatal(err)
	}
	for _, form := range []struct {
		name string
		data []byte
	}{{"utf-8", data}, {"gb18030", gb}} {
		b.Run(form.name, func(b *testing.B) {
			b.SetBytes(int64(len(form.data)))
			for b.Loop() {
				if d, err := decide(bytes.NewReader(form.data), int64(len(form.data)), "", ""); err != nil || d.charset.name() != form.name {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkJSON reads 100,000 objects of twelve members, both passes.
func BenchmarkJSON(b *testing.B) {
	var doc bytes.Buffer
	doc.WriteString("[")
	for i := range 100_000 {
		if i > 0 {
			doc.WriteString(",\n")
		}
		fmt.Fprintf(&doc, `{"决定书文号":"甘许〔2025〕%07d号","项目名称":"食品经营许可","相对人名称":"兰州%d食品有限公司","代码":"9162010%011d","日期":"2025-%02d-01","金额":%d.50,"地区":"620102","状态":1,"a":null,"b":true,"c":"","d":"x"}`,
			i, i, i, i%12+1, i)
	}
	doc.WriteString("]")
	b.SetBytes(int64(doc.Len()))
	for b.Loop() {
		t := &jsonTable{open: func(bool) io.ReadCloser { return io.NopCloser(bytes.NewReader(doc.Bytes())) }, maxCell: DefaultMaxCell}
		var err error
		if t.layout, err = layoutOf("", func() io.ReadCloser { return io.NopCloser(bytes.NewReader(doc.Bytes())) }, DefaultMaxCell, ""); err != nil {
			b.Fatal(err)
		}
		for {
			if _, err := t.Next(); err == io.EOF {
				break
			} else if err != nil {
				b.Fatal(err)
			}
		}
	}
}
