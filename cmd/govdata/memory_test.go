package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// peak is the most memory that a process had resident so far, in bytes.
func peak(t testing.TB, pid int) int64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`VmHWM:\s*(\d+) kB`).FindSubmatch(text)
	if m == nil {
		t.Fatalf("no VmHWM in %s", text)
	}
	n, err := strconv.ParseInt(string(m[1]), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n << 10
}

// everyGet lists an address for every GET of the OpenAPI document, with its
// parameters filled, and those of other protocols.
func everyGet(t testing.TB, s site) []string {
	t.Helper()
	body, _ := s.get(t, 200, "/openapi.json")
	var doc struct {
		Paths map[string]map[string]json.RawMessage
	}
	if err := json.Unmarshal(body, &doc); err != nil {
		t.Fatal(err)
	}
	_, h := s.get(t, 200, "/d/regions.csv")
	release := h.Get("X-Release")
	fill := strings.NewReplacer("{id}", "regions", "{dataset}", "regions", "{release}", release, "{ext}", "csv", "{format}", "csv", "{table}", "regions", "{namespace}", "govdata", "{action}", "package_list",
		"{from}", release, "{to}", release, "{file}", "regions.parquet", "{resource}", "regions", "{view}", "regions", "{name}", "package_list", "{key}", "regions/"+release+"/regions.parquet")
	var list []string
	for path, methods := range doc.Paths {
		if _, ok := methods["get"]; ok && !strings.Contains(path, "exports") {
			list = append(list, fill.Replace(path))
		}
	}
	list = append(list, "/", "/datasets", "/datasets/regions", "/datasets?q=penalties", "/scorecard", "/developers", "/about", "/docs", "/sql", "/catalog.jsonld", "/catalog.ttl", "/data.json", "/catalog.zh.json", "/feed.atom", "/sitemap.xml",
		"/d/catalog.json", "/d/files.txt", "/d/SHA256SUMS", "/govdata?list-type=2", "/govdata?list-type=2&delimiter=/", "/openapi.json", "/api/3/action/package_search?rows=1000", "/api/3/action/current_package_list_with_resources?limit=1000",
		"/api/catalog/v1", "/iceberg/v1/namespaces/govdata/tables", "/iceberg/v1/namespaces/govdata/tables/regions", "/api/v1/datasets?limit=1000", "/api/v1/datasets/admin_penalties/profile", "/d/admin_penalties.csv", "/d/admin_penalties.arrow",
		"/api/v1/datasets/admin_penalties/rows?limit=100000", "/api/v1/sql?q=SELECT+*+FROM+admin_penalties", "/api/3/action/datastore_search?resource_id=regions", "/resource/regions.json", "/metrics", "/readyz")
	slices.Sort(list)
	return slices.Compact(list)
}

// The memory of the server does not grow with its clients. GOVDATA_TEST_LOAD says
// for how long, GOVDATA_TEST_LOAD_DATA over which data directory; the bound is 512
// MiB, and 1 GiB from 1,000 datasets on.
func TestMemoryHasABoundWhoeverAsks(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector has memory of its own")
	}
	lasting, bound := 10*time.Second, int64(512<<20)
	if d, err := time.ParseDuration(os.Getenv("GOVDATA_TEST_LOAD")); err == nil {
		lasting = d
	}
	data := os.Getenv("GOVDATA_TEST_LOAD_DATA")
	if data == "" {
		data = demo(t).data
	}
	s, err := start(data, "--address-rate", "0")
	if err != nil {
		t.Fatal(err)
	}
	defer s.stop()
	var ready struct{ Datasets int }
	body, _ := s.get(t, 200, "/readyz")
	if err := json.Unmarshal(body, &ready); err != nil {
		t.Fatal(err)
	}
	if ready.Datasets >= 1000 {
		bound = 1 << 30
	}
	addresses := everyGet(t, s)
	idle := peak(t, s.pid)
	const clients = 300
	var mu sync.Mutex
	statuses := map[int]int{}
	bad := map[string]int{}
	var all sync.WaitGroup
	end := time.Now().Add(lasting)
	transport := &http.Transport{MaxIdleConnsPerHost: clients, DisableCompression: true}
	defer transport.CloseIdleConnections()
	for n := range clients {
		all.Go(func() {
			client := http.Client{Transport: transport, Timeout: 2 * time.Minute}
			for i := n; time.Now().Before(end); i++ {
				// Two in three ask for the same document at the same time.
				address := addresses[i%len(addresses)]
				if n%3 > 0 {
					address = addresses[int(time.Until(end)/time.Second+1)*7%len(addresses)]
				}
				r, err := client.Get(s.url + address)
				if err != nil {
					mu.Lock()
					bad[address+": "+err.Error()]++
					mu.Unlock()
					continue
				}
				if n%10 == 0 { // takes its time
					for time.Now().Before(end) {
						if _, err := io.CopyN(io.Discard, r.Body, 16<<10); err != nil {
							break
						}
						time.Sleep(100 * time.Millisecond)
					}
				} else {
					io.Copy(io.Discard, r.Body)
				}
				r.Body.Close()
				mu.Lock()
				statuses[r.StatusCode]++
				if r.StatusCode >= 500 && r.StatusCode != http.StatusServiceUnavailable {
					bad[fmt.Sprintf("%s: %d", address, r.StatusCode)]++
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	most := peak(t, s.pid)
	t.Logf("%d datasets, %d addresses, %d clients for %v: %d MiB at most, %d before; answers %v", ready.Datasets, len(addresses), clients, lasting, most>>20, idle>>20, statuses)
	if most > bound {
		t.Errorf("the server had %d MiB, at most %d are allowed", most>>20, bound>>20)
	}
	for what, n := range bad {
		t.Errorf("%s, %d times", what, n)
	}
	if statuses[200] == 0 {
		t.Error("nothing was answered")
	}
}
