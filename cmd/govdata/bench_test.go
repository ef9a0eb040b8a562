package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "github.com/duckdb/duckdb-go/v2"

	"govdata/catalog"
	"govdata/catalog/store"
	"govdata/ingest"
)

func benchRows() int {
	if n, err := strconv.Atoi(os.Getenv("GOVDATA_BENCH_ROWS")); err == nil {
		return n
	}
	return 100_000
}

// benchCSV makes a file of 12 columns of every kind.
func benchCSV(b *testing.B) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "bench.csv")
	duck(b, "", fmt.Sprintf(`COPY (SELECT printf('兰罚〔2026〕%%08d号', i) AS "no", '兰州示例商贸有限公司' || (i %% 5000) AS name,
		printf('A%%08d', i * 7919 %% 100000000) AS code, (ARRAY['620102','620103','620104','620105','620111','621200'])[1 + i %% 6] AS region,
		(ARRAY['警告','罚款','没收违法所得','其他'])[1 + (i * 31 %% 4)] AS kind, DATE '2020-01-01' + (i * 17 %% 2400)::INTEGER AS decided,
		DATE '2029-12-31' - (i %% 900)::INTEGER AS until, ((i * 7919 %% 10000000) / 100)::DECIMAL(18,2) AS amount,
		(i * 104729 %% 100000) AS "count", '兰州市城关区市场监督管理局' AS agency, i %% 3 = 0 AS flag, '示例数据 ' || i AS remark FROM range(%d) t(i)) TO %s (FORMAT csv)`,
		benchRows(), store.Literal(path)))
	return path
}

func benchDataset() *catalog.Dataset {
	d := &catalog.Dataset{ID: "bench", Title: catalog.Text{Zh: "基准（生成数据）", En: "Benchmark (generated)"}, Key: []string{"no"}, Mode: catalog.Replace, RejectLimit: 0.05, Synthetic: true}
	d.Openness.Attribute = catalog.OpenUnconditional
	for _, f := range [][2]string{{"no", "text"}, {"name", "text"}, {"code", "text"}, {"region", "text"}, {"kind", "text"}, {"decided", "date"}, {"until", "date"},
		{"amount", "decimal(18,2)"}, {"count", "integer"}, {"agency", "text"}, {"flag", "boolean"}, {"remark", "text"}} {
		d.Fields = append(d.Fields, catalog.Field{Name: f[0], Title: catalog.Text{Zh: f[0], En: f[0]}, Type: catalog.Type(f[1])})
	}
	return d
}

// duck runs statements in a DuckDB of its own, on a file or in memory, and
// returns how long they took.
func duck(b *testing.B, path string, statements ...string) time.Duration {
	b.Helper()
	if path != "" {
		path += "?access_mode=read_only"
	}
	return duckFile(b, path, statements...)
}

// duckFile runs statements on a file that they may change.
func duckFile(b testing.TB, path string, statements ...string) time.Duration {
	b.Helper()
	db, err := sql.Open("duckdb", path)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	began := time.Now()
	for _, q := range statements {
		if _, err := db.Exec(q); err != nil {
			b.Fatal(err, q)
		}
	}
	return time.Since(began)
}

func benchReport(b *testing.B, what string, ours, yardstick time.Duration, target string) {
	b.Helper()
	ratio := ours.Seconds() / yardstick.Seconds()
	fmt.Printf("%-42s %8d rows  ours %6.2f s  yardstick %6.2f s  ratio %.2f  (target %s)\n", what, benchRows(), ours.Seconds(), yardstick.Seconds(), ratio, target)
	b.ReportMetric(ratio, "ratio")
}

// benchRelease publishes the file in this process and returns its release, the
// time of the publish behind the built release file, and that of the whole.
func benchRelease(b *testing.B, cat *catalog.Catalog, file string) (r *catalog.Release, published, whole time.Duration) {
	b.Helper()
	collectSeldom(400) // as every command does
	ctx := context.Background()
	st, err := cat.Stage("bench")
	if err != nil {
		b.Fatal(err)
	}
	defer st.Discard()
	began := time.Now()
	built, err := ingest.Run(ctx, cat, st, benchDataset(), []ingest.File{{Path: file, Name: "bench.csv"}}, ingest.Options{})
	if err != nil {
		b.Fatal(err)
	}
	behind := time.Now()
	if r, err = publishBuilt(ctx, cat, st, built, newProgress(io.Discard, "bench")); err != nil {
		b.Fatal(err)
	}
	return r, time.Since(behind), time.Since(began)
}

// residentMB is what a process holds in memory now.
func residentMB(pid int) int64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	n, _ := strconv.ParseInt(strings.Fields(rest + " 0")[0], 10, 64)
	return n >> 10
}

// peakMB samples a process while work runs.
func peakMB(pid int, work func()) int64 {
	var peak atomic.Int64
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			peak.Store(max(peak.Load(), residentMB(pid)))
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	work()
	close(stop)
	<-stopped
	return peak.Load()
}

// BenchmarkPublish: all download files of a release, made, hashed, counted
// again and published, against DuckDB's COPY to CSV and Parquet and one pass of
// gzip over the CSV file.
func BenchmarkPublish(b *testing.B) {
	file := benchCSV(b)
	for range b.N {
		cat, err := catalog.Open(b.TempDir(), catalog.Options{})
		if err != nil {
			b.Fatal(err)
		}
		var r *catalog.Release
		var published, whole time.Duration
		peak := peakMB(os.Getpid(), func() { r, published, whole = benchRelease(b, cat, file) })
		dir := b.TempDir()
		csv := filepath.Join(dir, "y.csv")
		yardstick := duck(b, r.StorePath(), "COPY data TO "+store.Literal(csv)+" (FORMAT csv)", "COPY data TO "+store.Literal(filepath.Join(dir, "y.parquet"))+" (FORMAT parquet, COMPRESSION zstd)")
		began := time.Now()
		if err := exec.Command("gzip", csv).Run(); err != nil {
			b.Fatal(err)
		}
		yardstick += time.Since(began)
		benchReport(b, "Publish all formats / 2 COPY + gzip", published, yardstick, "<= 1.50")
		benchReport(b, "The same with the ingest before it", whole, yardstick, "none")
		fmt.Printf("%-42s %8d rows  %d MiB\n", "Publish, resident memory at most", benchRows(), peak)
	}
}

// BenchmarkDownload: a filtered CSV file over HTTP against DuckDB's COPY of the
// same SELECT to /dev/null; and a static file against nginx.
func BenchmarkDownload(b *testing.B) {
	data := b.TempDir()
	cat, err := catalog.Open(data, catalog.Options{})
	if err != nil {
		b.Fatal(err)
	}
	r, _, _ := benchRelease(b, cat, benchCSV(b))
	s, err := start(data)
	if err != nil {
		b.Fatal(err)
	}
	defer s.stop()
	// race runs both in turn, so that both meet the same moods of the machine, and
	// returns the best of each.
	race := func(times int, run, against func() (time.Duration, int64)) (ours, yardstick time.Duration, bytes int64) {
		for i := range times {
			// The worker of the download before is taken apart, and the next one starts.
			time.Sleep(200 * time.Millisecond)
			took, n := run()
			other, _ := against()
			if bytes = n; i == 0 {
				ours, yardstick = took, other
			}
			ours, yardstick = min(ours, took), min(yardstick, other)
		}
		return ours, yardstick, bytes
	}
	b.ResetTimer()
	for range b.N {
		for _, where := range []string{"amount >= 1000", "kind = '罚款'", "true"} {
			var ours, yardstick time.Duration
			var bytes int64
			before := residentMB(s.pid)
			peak := peakMB(s.pid, func() {
				ours, yardstick, bytes = race(7, func() (time.Duration, int64) {
					return curl(b, s.url+"/d/bench.csv?where="+url.QueryEscape(unkept(where)))
				}, func() (time.Duration, int64) {
					return duck(b, r.StorePath(), "COPY (SELECT * FROM data WHERE "+where+") TO '/dev/null' (FORMAT csv)"), 0
				})
			})
			benchReport(b, "Filtered CSV over HTTP / COPY, "+where, ours, yardstick, "<= 1.43")
			fmt.Printf("%-42s %8d rows  %.0f MB at %.0f MB/s; server %d MiB before, %d MiB at most\n", "Filtered CSV, bytes and memory", benchRows(), float64(bytes)/1e6, float64(bytes)/1e6/ours.Seconds(), before, peak)
		}
		address, stop := nginx(b, filepath.Dir(r.StorePath()))
		for _, ext := range []string{"csv", "parquet"} {
			ours, yardstick, bytes := race(15, func() (time.Duration, int64) { return curl(b, s.url+"/d/"+r.Ref().String()+"."+ext) },
				func() (time.Duration, int64) { return curl(b, address+"/bench."+ext) })
			benchReport(b, "Static "+ext+" / nginx", ours, yardstick, "<= 1.11")
			fmt.Printf("%-42s %.0f MB at %.0f MB/s, nginx %.0f MB/s\n", "Static "+ext, float64(bytes)/1e6, float64(bytes)/1e6/ours.Seconds(), float64(bytes)/1e6/yardstick.Seconds())
		}
		stop()
	}
}

// curl fetches an address, because Go's client takes more of the processors that
// it shares with the server, and returns curl's own time from the first to the
// last byte it waited for.
func curl(b *testing.B, address string) (time.Duration, int64) {
	b.Helper()
	out, err := exec.Command("curl", "-sf", "--noproxy", "*", "-o", "/dev/null", "-w", "%{time_total} %{size_download}", address).Output()
	if err != nil {
		b.Fatal(err)
	}
	var seconds float64
	var bytes int64
	if _, err := fmt.Sscan(string(out), &seconds, &bytes); err != nil {
		b.Fatal(err)
	}
	return time.Duration(seconds * float64(time.Second)), bytes
}

// nginx serves a folder on the loopback, as it does by default: with sendfile.
func nginx(b *testing.B, root string) (address string, stop func()) {
	b.Helper()
	if _, err := exec.LookPath("nginx"); err != nil {
		b.Skip("SKIPPED: nginx is not on this machine")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	address = l.Addr().String()
	l.Close()
	dir := b.TempDir()
	for p := dir; p != "/" && p != os.TempDir(); p = filepath.Dir(p) {
		os.Chmod(p, 0o755)
	}
	config := filepath.Join(dir, "nginx.conf")
	text := fmt.Sprintf(`daemon off; pid %[1]s/pid; error_log %[1]s/errors; worker_processes 2; user root;
events { worker_connections 256; }
http { access_log off; sendfile on; tcp_nopush on; client_body_temp_path %[1]s/a; proxy_temp_path %[1]s/b; fastcgi_temp_path %[1]s/c; uwsgi_temp_path %[1]s/d; scgi_temp_path %[1]s/e;
server { listen %[2]s; root %[3]s; } }
`, dir, address, root)
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		b.Fatal(err)
	}
	c := exec.Command("nginx", "-c", config)
	if err := c.Start(); err != nil {
		b.Fatal(err)
	}
	for range 100 {
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close()
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	return "http://" + address, func() {
		c.Process.Signal(syscall.SIGQUIT)
		c.Wait()
	}
}
