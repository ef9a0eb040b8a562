package export

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/array"
	_ "github.com/duckdb/duckdb-go/v2"
	"github.com/xuri/excelize/v2"

	"govdata/catalog"
	"govdata/catalog/store"
)

// benchRows is the size of the tables: GOVDATA_BENCH_ROWS, or enough to see
// that the benchmarks work.
func benchRows(most int) int {
	n, err := strconv.Atoi(os.Getenv("GOVDATA_BENCH_ROWS"))
	if err != nil {
		n = 100_000
	}
	return min(n, most)
}

// benchStore makes a release file of 12 columns of every kind.
func benchStore(b *testing.B, rows int) *store.File {
	b.Helper()
	path := filepath.Join(b.TempDir(), catalog.StoreName)
	db, err := sql.Open("duckdb", path)
	if err != nil {
		b.Fatal(err)
	}
	for _, q := range []string{fmt.Sprintf(`CREATE TABLE %s AS SELECT printf('兰罚〔2026〕%%07d号', i) AS "no", '兰州示例商贸有限公司' || (i %% 5000) AS name,
		printf('91620102YY%%08d', i * 7919 %% 100000000) AS uscc, (ARRAY['620102','620103','620104','620105','620111','621200'])[1 + i %% 6] AS region,
		(ARRAY['警告','罚款','没收违法所得','其他'])[1 + (i * 31 %% 4)] AS kind, DATE '2020-01-01' + (i * 17 %% 2400)::INTEGER AS decided,
		CASE WHEN i %% 7 > 0 THEN DATE '2029-12-31' - (i %% 900)::INTEGER END AS until, ((i * 7919 %% 10000000) / 100)::DECIMAL(18,2) AS amount,
		(i * 104729 %% 100000) AS "count", '兰州市城关区市场监督管理局' AS agency, i %% 3 = 0 AS flag,
		CASE WHEN i %% 5 = 0 THEN '示例数据, "说明" ' || i END AS remark FROM range(%d) t(i) ORDER BY i`, store.Table, rows), "CHECKPOINT"} {
		if _, err := db.Exec(q); err != nil {
			b.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		b.Fatal(err)
	}
	f, err := store.Open(path, store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { f.Close() })
	return f
}

func benchReport(b *testing.B, what string, rows int, ours, yardstick time.Duration, target string) {
	b.Helper()
	ratio := ours.Seconds() / yardstick.Seconds()
	fmt.Printf("%-42s %8d rows  ours %6.2f s  yardstick %6.2f s  ratio %.2f  (target %s)\n", what, rows, ours.Seconds(), yardstick.Seconds(), ratio, target)
	b.ReportMetric(ratio, "ratio")
}

// peakHeap samples what Go holds from the system while work runs, in MiB over
// what it held before.
func peakHeap(work func()) int64 {
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var peak atomic.Int64
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
				runtime.ReadMemStats(&now)
				peak.Store(max(peak.Load(), int64(now.HeapInuse-min(now.HeapInuse, before.HeapInuse))>>20))
			}
		}
	}()
	work()
	close(stop)
	<-stopped
	return peak.Load()
}

// BenchmarkXLSX: a workbook of one full sheet against excelize's StreamWriter,
// both from the same rows.
func BenchmarkXLSX(b *testing.B) {
	rows := benchRows(maxSheetRows - 1)
	src := benchStore(b, rows)
	ctx := context.Background()
	read := func() (array.RecordReader, func()) {
		r, release, err := src.Read(ctx)
		if err != nil {
			b.Fatal(err)
		}
		return r, release
	}
	b.ResetTimer()
	for range b.N {
		// The source stream alone, for what the writer holds over it.
		base := peakHeap(func() {
			r, release := read()
			defer release()
			for r.Next() {
			}
		})
		var ours time.Duration
		held := peakHeap(func() {
			r, release := read()
			defer release()
			began := time.Now()
			if _, err := writeXLSX(ctx, io.Discard, r, Meta{Lang: "zh", Rows: int64(rows)}); err != nil {
				b.Fatal(err)
			}
			ours = time.Since(began)
		})
		var yardstick time.Duration
		theirs := peakHeap(func() {
			r, release := read()
			defer release()
			began := time.Now()
			excelizeStream(b, r)
			yardstick = time.Since(began)
		})
		benchReport(b, "XLSX / excelize StreamWriter", rows, ours, yardstick, "<= 0.20")
		fmt.Printf("%-42s ours %d MiB over the source stream (%d MiB), excelize %d MiB (target <= 64)\n", "XLSX, Go heap at most", held-base, base, theirs-base)
		b.ReportMetric(float64(held-base), "MiB")
	}
}

func excelizeStream(b *testing.B, rows array.RecordReader) {
	x := excelize.NewFile()
	defer x.Close()
	s, err := x.NewStreamWriter("Sheet1")
	if err != nil {
		b.Fatal(err)
	}
	line := 0
	cells := make([]any, rows.Schema().NumFields())
	for rows.Next() {
		batch := rows.RecordBatch()
		text := Texts(batch)
		for i := range int(batch.NumRows()) {
			for j := range cells {
				cells[j] = nil
				if v, null := text(i, j); !null {
					cells[j] = v
				}
			}
			line++
			if err := s.SetRow("A"+strconv.Itoa(line), cells); err != nil {
				b.Fatal(err)
			}
		}
	}
	if err := s.Flush(); err != nil {
		b.Fatal(err)
	}
	if err := x.Write(io.Discard); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkParquet: the Parquet file of a release, hashed, against DuckDB's own
// COPY of the same table.
func BenchmarkParquet(b *testing.B) {
	rows := benchRows(1 << 30)
	src := benchStore(b, rows)
	ctx := context.Background()
	meta := Meta{Dataset: &catalog.Dataset{ID: "bench"}, Rows: int64(rows), Lang: "zh"}
	b.ResetTimer()
	for range b.N {
		dir := b.TempDir()
		began := time.Now()
		if err := src.Exec(ctx, "COPY "+store.Table+" TO "+store.Literal(filepath.Join(dir, "yardstick.parquet"))+" (FORMAT parquet, COMPRESSION zstd)"); err != nil {
			b.Fatal(err)
		}
		yardstick := time.Since(began)
		began = time.Now()
		made, err := Render(ctx, src, dir, []string{"parquet"}, meta, nil)
		if err != nil {
			b.Fatal(err)
		}
		ours := time.Since(began)
		benchReport(b, "Parquet artefact / DuckDB COPY", rows, ours, yardstick, "<= 1.05")
		info, err := os.Stat(filepath.Join(dir, "yardstick.parquet"))
		if err != nil {
			b.Fatal(err)
		}
		fmt.Printf("%-42s ours %.1f MB, DuckDB %.1f MB\n", "Parquet, size", float64(made[0].Bytes)/1e6, float64(info.Size())/1e6)
	}
}

// BenchmarkFormats: every download file by itself, in rows a second.
func BenchmarkFormats(b *testing.B) {
	rows := benchRows(1 << 30)
	src := benchStore(b, rows)
	meta := Meta{Dataset: &catalog.Dataset{ID: "bench"}, Rows: int64(rows), Lang: "zh"}
	b.ResetTimer()
	for range b.N {
		dir := b.TempDir()
		for _, f := range catalog.Formats {
			if !f.Bulk {
				continue
			}
			began := time.Now()
			made, err := Render(context.Background(), src, dir, []string{f.Ext}, meta, nil)
			if err != nil {
				b.Fatal(err)
			}
			took := time.Since(began).Seconds()
			fmt.Printf("%-42s %8d rows  %6.2f s  %.2f M rows/s  %.1f MB\n", "Render "+f.Ext, rows, took, float64(rows)/took/1e6, float64(made[0].Bytes)/1e6)
		}
	}
}
