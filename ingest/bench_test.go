package ingest_test

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	_ "github.com/duckdb/duckdb-go/v2"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"

	"govdata/catalog"
	"govdata/ingest"
	"govdata/ingest/normalise"
)

// benchDataset has 12 columns of every kind that departments send.
func benchDataset() *catalog.Dataset {
	field := func(name string, t catalog.Type, semantic catalog.Semantic) catalog.Field {
		return catalog.Field{Name: name, Title: catalog.Text{Zh: "列" + name, En: name}, Type: t, Semantic: semantic}
	}
	d := &catalog.Dataset{ID: "bench", Key: []string{"no"}, Mode: catalog.Replace, RejectLimit: 0.05, Fields: []catalog.Field{
		field("no", "text", ""), field("name", "text", ""), field("uscc", "text", catalog.USCC), field("region", "text", catalog.Region),
		field("kind", "text", ""), field("decided", "date", ""), field("until", "date", ""), field("amount", "decimal(18,2)", ""),
		field("count", "integer", ""), field("agency", "text", ""), field("flag", "boolean", ""), field("remark", "text", ""),
	}}
	d.Fields[0].Required = true
	d.Fields[4].Enum = []string{"警告", "罚款", "没收违法所得", "其他"}
	return d
}

// benchRow is row i; one in a hundred breaks a rule.
func benchRow(rng *rand.Rand, i int) []string {
	body := fmt.Sprintf("91620102YY%06d", i%1000000)
	body += string(normalise.OrgCodeCheck(body[8:16]))
	row := []string{fmt.Sprintf("兰罚〔2026〕%07d号", i), "兰州示例商贸有限公司", body + string(normalise.USCCCheck(body)), "620102", "罚款",
		fmt.Sprintf("2026-%02d-%02d", 1+i%12, 1+i%28), "2029-12-31", strconv.FormatFloat(float64(rng.IntN(10000000))/100, 'f', -1, 64),
		strconv.Itoa(rng.IntN(100000)), "兰州市城关区市场监督管理局", "true", "示例数据"}
	if i%100 == 50 {
		row[5] = "2026-02-30"
	}
	return row
}

func benchRows() int {
	if n, err := strconv.Atoi(os.Getenv("GOVDATA_BENCH_ROWS")); err == nil {
		return n
	}
	return 100_000
}

// benchFile writes the rows as CSV or XLSX.
func benchFile(b *testing.B, path string, gb bool) {
	b.Helper()
	rng := rand.New(rand.NewPCG(1, 2))
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	encode := simplifiedchinese.GB18030.NewEncoder()
	var header []string
	for _, f := range benchDataset().Fields {
		header = append(header, f.Name)
	}
	if filepath.Ext(path) == ".xlsx" {
		x := excelize.NewFile()
		defer x.Close()
		s, err := x.NewStreamWriter("Sheet1")
		if err != nil {
			b.Fatal(err)
		}
		for i := -1; i < min(benchRows(), 1_048_575); i++ {
			row := header
			if i >= 0 {
				row = benchRow(rng, i)
			}
			cells := make([]any, len(row))
			for j, c := range row {
				cells[j] = c
				if v, err := strconv.ParseFloat(c, 64); err == nil && (j == 7 || j == 8) {
					cells[j] = v
				}
			}
			if err := s.SetRow("A"+strconv.Itoa(i+2), cells); err != nil {
				b.Fatal(err)
			}
		}
		if err := s.Flush(); err != nil {
			b.Fatal(err)
		}
		if err := x.Write(w); err != nil {
			b.Fatal(err)
		}
	} else {
		for i := -1; i < benchRows(); i++ {
			row := header
			if i >= 0 {
				row = benchRow(rng, i)
			}
			line := ""
			for j, c := range row {
				if j > 0 {
					line += ","
				}
				line += c
			}
			line += "\n"
			if gb {
				line, _ = encode.String(line)
			}
			w.WriteString(line)
		}
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	// What is measured shall not wait for the disk to take this file.
	if err := f.Sync(); err != nil {
		b.Fatal(err)
	}
}

// benchIngest returns how long it took up to the landed table, with every rule
// checked and the rejects written, and up to the sorted release file.
func benchIngest(b *testing.B, file string) (landed, built time.Duration) {
	b.Helper()
	cat, err := catalog.Open(b.TempDir(), catalog.Options{})
	if err != nil {
		b.Fatal(err)
	}
	st, err := cat.Stage("bench")
	if err != nil {
		b.Fatal(err)
	}
	defer st.Discard()
	began := time.Now()
	release, err := ingest.Run(context.Background(), cat, st, benchDataset(), []ingest.File{{Path: file, Name: filepath.Base(file)}}, ingest.Options{})
	if err != nil {
		b.Fatal(err)
	}
	if c := release.Manifest.Counts; c.Rejected != c.In/100 {
		b.Fatalf("counts %+v", c)
	}
	return time.Duration(release.Report.SecondsLanded * float64(time.Second)), time.Since(began)
}

func report(b *testing.B, what string, ours, yardstick time.Duration, target string) {
	b.Helper()
	ratio := ours.Seconds() / yardstick.Seconds()
	fmt.Printf("%-42s %8d rows  ours %6.2f s  yardstick %6.2f s  ratio %.2f  (target %s)\n", what, benchRows(), ours.Seconds(), yardstick.Seconds(), ratio, target)
	b.ReportMetric(ratio, "ratio")
}

// BenchmarkCSV: CSV ingest against DuckDB's own reader and the same casts, up
// to the table in memory, and up to a file in order of its key.
func BenchmarkCSV(b *testing.B) {
	file := filepath.Join(b.TempDir(), "bench.csv")
	benchFile(b, file, false)
	load := `SELECT "no", name, uscc, region, kind, TRY_CAST(decided AS DATE) AS decided, TRY_CAST(until AS DATE) AS until,
		TRY_CAST(amount AS DECIMAL(18,2)) AS amount, TRY_CAST("count" AS BIGINT) AS "count", agency, TRY_CAST(flag AS BOOLEAN) AS flag, remark
		FROM read_csv('` + file + `', all_varchar = true, header = true)`
	b.ResetTimer()
	for range b.N {
		landed, built := benchIngest(b, file)
		report(b, "CSV ingest / DuckDB read_csv + casts", landed, benchDuckDB(b, "CREATE TABLE t AS "+load), "<= 1.25")
		report(b, "CSV to sorted file / the same by DuckDB", built, benchDuckDB(b,
			"ATTACH '"+filepath.Join(b.TempDir(), "sorted.duckdb")+"' AS f", "CREATE TABLE f.t AS "+load+` ORDER BY "no"`, "DETACH f"), "none")
	}
}

func benchDuckDB(b *testing.B, statements ...string) time.Duration {
	b.Helper()
	db, err := sql.Open("duckdb", "")
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	began := time.Now()
	for _, q := range statements {
		if _, err := db.Exec(q); err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(began)
}

// BenchmarkGB18030: the same rows in GB18030 against UTF-8.
func BenchmarkGB18030(b *testing.B) {
	gb, utf := filepath.Join(b.TempDir(), "gb.csv"), filepath.Join(b.TempDir(), "utf.csv")
	benchFile(b, gb, true)
	benchFile(b, utf, false)
	b.ResetTimer()
	for range b.N {
		_, ours := benchIngest(b, gb)
		_, yardstick := benchIngest(b, utf)
		report(b, "GB18030 CSV ingest / the same in UTF-8", ours, yardstick, "<= 1.30")
	}
}

// BenchmarkXLSX: workbook ingest against only reading it with excelize.
func BenchmarkXLSX(b *testing.B) {
	file := filepath.Join(b.TempDir(), "bench.xlsx")
	benchFile(b, file, false)
	b.ResetTimer()
	for range b.N {
		_, ours := benchIngest(b, file)
		f, err := excelize.OpenFile(file)
		if err != nil {
			b.Fatal(err)
		}
		began := time.Now()
		rows, err := f.Rows("Sheet1")
		if err != nil {
			b.Fatal(err)
		}
		for rows.Next() {
			if _, err := rows.Columns(); err != nil {
				b.Fatal(err)
			}
		}
		yardstick := time.Since(began)
		f.Close()
		report(b, "XLSX ingest / excelize Rows()", ours, yardstick, "<= 0.20")
	}
}
