package layout_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"govdata/ingest/decode"
	"govdata/ingest/layout"
)

// sheetOf84 is what a department sends: a title, a unit line, two header rows, 80
// rows of twelve columns, a total and a note.
func sheetOf84() []byte {
	var b strings.Builder
	b.WriteString("某市各县区主要指标,,,,,,,,,,,\n,,,,,,,,,,,单位：万元\n地区,代码,2023年,,,2024年,,,负责单位,联系人,填报日期,备注\n,,数量,金额,同比,数量,金额,同比,,,,\n")
	for i := range 78 {
		fmt.Fprintf(&b, "第%d县,%06d,%d,%d.5,%d.1%%,%d,%d.25,%d.2%%,第%d县统计局,张某,2024-%02d-%02d,见附表%d\n", i, 620100+i, i*7, i*31, i%9, i*8, i*33, i%7, i, i%12+1, i%28+1, i)
	}
	b.WriteString("合计,,3003,1,,3432,1,,,,,\n注：本表为初步统计数。,,,,,,,,,,,\n")
	return []byte(b.String())
}

// readAll reads a file's tables, with or without looking for the header.
func readAll(b testing.TB, path string, laidOut bool) (rows int) {
	s, err := decode.Open(path, "t.csv", decode.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	table := s.Tables()[0]
	if !laidOut {
		for {
			if _, err := table.Next(); errors.Is(err, io.EOF) {
				return rows
			} else if err != nil {
				b.Fatal(err)
			}
			rows++
		}
	}
	block, err := layout.Open(table, layout.Options{File: "t.csv"}).Next()
	if err != nil {
		b.Fatal(err)
	}
	for {
		if _, _, err := block.Next(); errors.Is(err, io.EOF) {
			return rows
		} else if err != nil {
			b.Fatal(err)
		}
		rows++
	}
}

// BenchmarkLayout finds the header of a file of 84 lines, against reading it
// without: the ratio has to stay below 20, and was some hundreds once.
func BenchmarkLayout(b *testing.B) {
	path := filepath.Join(b.TempDir(), "t.csv")
	if err := os.WriteFile(path, sheetOf84(), 0o600); err != nil {
		b.Fatal(err)
	}
	var took [2]time.Duration
	for range b.N {
		for way := range took {
			fastest := time.Hour
			for range 20 {
				begin := time.Now()
				if rows := readAll(b, path, way == 1); way == 1 && rows != 78 {
					b.Fatalf("%d rows", rows)
				}
				fastest = min(fastest, time.Since(begin))
			}
			took[way] = fastest
		}
	}
	ratio := float64(took[1]) / float64(took[0])
	b.ReportMetric(float64(took[0].Microseconds()), "us-decode")
	b.ReportMetric(float64(took[1].Microseconds()), "us-layout")
	b.ReportMetric(ratio, "ratio")
	if ratio > 20 {
		b.Errorf("layout takes %.0f times what decoding does, at most 20", ratio)
	}
}
