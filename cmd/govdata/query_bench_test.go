package main

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"govdata/catalog"
)

var asked atomic.Int64

// unkept makes a question that was not asked before, so that the server has no
// answer to it kept.
func unkept(sql string) string { return fmt.Sprintf("%s -- %d\n", sql, asked.Add(1)) }

// hello is the yardstick of small requests: net/http with nothing behind it, in
// a process of its own. It ends when its standard input does.
func hello() int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 1
	}
	fmt.Println(l.Addr())
	go http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello, world\n") }))
	io.Copy(io.Discard, os.Stdin)
	return 0
}

// BenchmarkAnswers: look-ups, groupings and metadata over HTTP, each against
// the least that could do it: a prepared query on the same file in this process,
// and a server that says hello.
func BenchmarkAnswers(b *testing.B) {
	data := b.TempDir()
	cat, err := catalog.Open(data, catalog.Options{})
	if err != nil {
		b.Fatal(err)
	}
	r, _, _ := benchRelease(b, cat, benchCSV(b))
	s, err := start(data, "--address-rate", "0")
	if err != nil {
		b.Fatal(err)
	}
	defer s.stop()
	db, err := sql.Open("duckdb", r.StorePath()+"?access_mode=read_only")
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	client := &http.Client{Transport: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 16}}
	get := func(address string) string {
		answer, err := client.Get(address)
		if err != nil {
			b.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != 200 {
			b.Fatal(answer.StatusCode, err, string(body))
		}
		return string(body)
	}
	// times runs work so often, after a few times to warm up, and returns its
	// median and its 99th percentile.
	times := func(n int, work func(i int)) (median, p99 time.Duration) {
		took := make([]time.Duration, 0, n)
		for i := range n + 10 {
			began := time.Now()
			work(i)
			if i >= 10 {
				took = append(took, time.Since(began))
			}
			time.Sleep(50 * time.Millisecond) // latency is measured, not throughput: the next worker has time to start
		}
		slices.Sort(took)
		return took[n/2], took[n*99/100]
	}
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1e3 }
	for range b.N {
		key := func(i int) string { return fmt.Sprintf("兰罚〔2026〕%08d号", i*7919%benchRows()) }
		lookup, err := db.Prepare("SELECT * FROM data WHERE no = ?")
		if err != nil {
			b.Fatal(err)
		}
		one := func(q *sql.Stmt, args ...any) {
			rows, err := q.Query(args...)
			if err != nil {
				b.Fatal(err)
			}
			defer rows.Close()
			for rows.Next() {
			}
		}
		median, p99 := times(500, func(i int) { one(lookup, key(i)) })
		ourMedian, ourP99 := times(500, func(i int) {
			body := get(s.url + "/api/v1/datasets/bench/rows?limit=5&where=" + url.QueryEscape("no = '"+key(i)+"'"))
			if !strings.Contains(body, `"returned":1,`) {
				b.Fatal(body)
			}
		})
		lookup.Close()
		fmt.Printf("%-42s %8d rows  ours p50 %.1f p99 %.1f ms  yardstick p50 %.1f p99 %.1f ms  p99 %.1f ms more  (target <= 10.0)\n", "Point look-up over HTTP / prepared query", benchRows(), ms(ourMedian), ms(ourP99), ms(median), ms(p99), ms(ourP99-p99))
		b.ReportMetric(ms(ourP99-p99), "lookup-ms-more")

		const grouping = `SELECT region, kind, count(*) AS n, sum(amount) AS total FROM %s GROUP BY region, kind ORDER BY region, kind`
		group, err := db.Prepare(fmt.Sprintf(grouping, "data"))
		if err != nil {
			b.Fatal(err)
		}
		median, _ = times(20, func(int) { one(group) })
		ourMedian, _ = times(20, func(int) {
			get(s.url + "/api/v1/sql?q=" + url.QueryEscape(unkept(fmt.Sprintf(grouping, "bench"))))
		})
		group.Close()
		fmt.Printf("%-42s %8d rows  ours %.1f ms  yardstick %.1f ms  ratio %.2f, or 1.2x and %.1f ms  (target <= 1.2x + 25 ms)\n", "Group-by over HTTP / prepared query", benchRows(), ms(ourMedian), ms(median), ms(ourMedian)/ms(median), ms(ourMedian)-1.2*ms(median))
		kept := fmt.Sprintf(grouping, "bench")
		ourMedian, _ = times(50, func(int) { get(s.url + "/api/v1/sql?q=" + url.QueryEscape(kept)) })
		fmt.Printf("%-42s %8d rows  ours %.1f ms\n", "The same, kept from the time before", benchRows(), ms(ourMedian))

		address, stop := greeter(b)
		rate := func(address string) float64 {
			var n atomic.Int64
			ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
			defer cancel()
			var clients sync.WaitGroup
			for range 8 {
				clients.Go(func() {
					for ctx.Err() == nil {
						get(address)
						n.Add(1)
					}
				})
			}
			clients.Wait()
			return float64(n.Load()) / 3
		}
		yardstick, ours := rate("http://"+address), rate(s.url+"/api/v1/datasets/bench/releases")
		stop()
		fmt.Printf("%-42s ours %.0f/s  yardstick %.0f/s  ratio %.2f  (target >= 0.50)\n", "Small metadata / net/http hello", ours, yardstick, ours/yardstick)
		b.ReportMetric(ours/yardstick, "metadata-ratio")
	}
}

// greeter starts hello.
func greeter(b *testing.B) (address string, stop func()) {
	out, stop := itself(b, "hello")
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return strings.TrimSpace(line), stop
}
