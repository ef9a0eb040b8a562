package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"govdata/catalog"
	"govdata/catalog/store"
)

// BenchmarkManyDatasets: from the start of a server over 500 datasets until it
// is ready and has answered a question over two of them, and what it holds.
func BenchmarkManyDatasets(b *testing.B) {
	const datasets = 500
	data := b.TempDir()
	cat, err := catalog.Open(data, catalog.Options{})
	if err != nil {
		b.Fatal(err)
	}
	seed := filepath.Join(b.TempDir(), "seed.duckdb")
	duckFile(b, seed, "CREATE TABLE "+store.Table+" AS SELECT i AS id, 'row ' || i AS name FROM range(1000) t(i)")
	for i := range datasets {
		publishCopy(b, cat, catalog.ID(fmt.Sprintf("many_%03d", i)), seed)
	}
	for range b.N {
		began := time.Now()
		s, err := start(data)
		if err != nil {
			b.Fatal(err)
		}
		for {
			r, err := http.Get(s.url + "/readyz")
			if err == nil {
				body, _ := io.ReadAll(r.Body)
				r.Body.Close()
				if r.StatusCode == 200 && string(body) == fmt.Sprintf(`{"datasets":%d,"status":"ready"}`, datasets) {
					break
				}
			}
			if time.Since(began) > time.Minute {
				b.Fatal("not ready")
			}
			time.Sleep(time.Millisecond)
		}
		ready := time.Since(began)
		peak := peakMB(s.pid, func() {
			for _, path := range []string{"/api/v1/datasets?limit=1000", "/", "/datasets", "/api/v1/sql?q=SELECT+count(*)+FROM+many_001+JOIN+many_499+USING+(id)"} {
				r, err := http.Get(s.url + path)
				if err != nil || r.StatusCode != 200 {
					b.Fatal(path, err, r.StatusCode)
				}
				io.Copy(io.Discard, r.Body)
				r.Body.Close()
			}
		})
		s.stop()
		fmt.Printf("%-42s ready after %.2f s  resident memory at most %d MiB  (target <= 1 s, <= 256 MiB)\n", "A server over 500 datasets", ready.Seconds(), peak)
		b.ReportMetric(ready.Seconds(), "s-ready")
	}
}

// publishCopy makes a release of id whose rows are those of a DuckDB file.
func publishCopy(b testing.TB, cat *catalog.Catalog, id catalog.ID, seed string) {
	b.Helper()
	st, err := cat.Stage(id)
	if err != nil {
		b.Fatal(err)
	}
	bytes, err := os.ReadFile(seed)
	if err != nil {
		b.Fatal(err)
	}
	path := filepath.Join(st.Dir(), catalog.StoreName)
	if err := os.WriteFile(path, bytes, 0o644); err != nil {
		b.Fatal(err)
	}
	sum, size, err := catalog.HashFile(path)
	if err != nil {
		b.Fatal(err)
	}
	const rows = 1000
	m := catalog.Manifest{PublishedAt: st.Now(), Rows: rows, Counts: catalog.Counts{In: rows, Published: rows}, Content: sum,
		Store: catalog.Artefact{Format: "duckdb", File: catalog.StoreName, Bytes: size, SHA256: sum, Rows: rows},
		Dataset: catalog.Dataset{ID: id, Title: catalog.Text{Zh: "许多之一", En: "One of many"}, Theme: "其他", Openness: catalog.Openness{Attribute: catalog.OpenUnconditional},
			Fields: []catalog.Field{{Name: "id", Type: catalog.TypeInteger}, {Name: "name", Type: catalog.TypeText}}}}
	m.Release = catalog.NewReleaseID(m.PublishedAt, m.Content)
	if _, err := st.Publish(context.Background(), m); err != nil {
		b.Fatal(err)
	}
}
