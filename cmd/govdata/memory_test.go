package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"govdata/catalog"
	"govdata/catalog/store"
	"govdata/datasets"
	"govdata/server"
	"govdata/server/exports"
	"govdata/server/query"
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
// parameters filled with what is there, and those of other protocols. All of them
// have to answer.
func everyGet(t testing.TB, s site) []string {
	t.Helper()
	var doc struct {
		Paths map[string]map[string]json.RawMessage
	}
	read := func(path string, into any) {
		t.Helper()
		body, _ := s.get(t, 200, path)
		if err := json.Unmarshal(body, into); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
	}
	read("/openapi.json", &doc)
	// The first dataset that is open, and the largest that may be asked for rows.
	var found struct {
		Datasets []struct {
			ID, Release, Openness string
			Rows                  int64
		}
	}
	read("/api/v1/datasets?limit=1000&sort=rows", &found)
	var open []string
	release := map[string]string{}
	for _, d := range found.Datasets {
		if d.Openness == catalog.OpenUnconditional && d.Rows > 0 {
			open = append(open, d.ID)
			release[d.ID] = d.Release
		}
	}
	if len(open) == 0 {
		t.Fatal("no dataset is open")
	}
	small, large := open[len(open)-1], open[0]
	if release["regions"] != "" {
		small = "regions"
	}
	first := func(id string) string { // the oldest that there is
		said, _ := s.get(t, 200, "/api/v1/datasets/"+id+"/releases")
		all := regexp.MustCompile(`\d{8}-[0-9a-f]{12}`).FindAllString(string(said), -1)
		slices.Sort(all)
		return all[0]
	}
	var view struct {
		Results []struct{ Resource struct{ ID string } }
	}
	read("/api/catalog/v1?limit=1", &view)
	var pack struct {
		Result struct {
			Resources []struct {
				ID     string
				Active bool `json:"datastore_active"`
			}
		}
	}
	read("/api/3/action/package_show?id="+small, &pack)
	resource := ""
	for _, r := range pack.Result.Resources {
		if r.Active {
			resource = r.ID
		}
	}
	var signed struct {
		SignedBy string `json:"signed_by"`
	}
	read("/d/"+small+"@"+release[small]+".manifest.json", &signed)
	// An export that is done.
	status, text, h := fetched(t, "POST", s.url+"/api/v1/exports", "q=SELECT+*+FROM+"+small, "Content-Type", "application/x-www-form-urlencoded")
	job := h.Get("Location")
	if status != http.StatusAccepted || job == "" {
		t.Fatalf("export: %d %s", status, text)
	}
	var export struct{ Status, URL string }
	for range 300 {
		if read(job, &export); export.Status == "done" {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	file := strings.TrimPrefix(export.URL, s.url)
	if file == "" {
		t.Fatalf("no file of the export: %+v", export)
	}
	keys := regexp.MustCompile(`<Key>([^<]+)</Key>`)
	listing, _ := s.get(t, 200, "/govdata?list-type=2&prefix="+small+"/")
	var list []string
	for _, key := range keys.FindAllSubmatch(listing, -1) {
		list = append(list, "/govdata/"+string(key[1]))
	}
	if len(list) < 3 {
		t.Fatalf("the bucket holds too little: %.500s", listing)
	}
	question := url.QueryEscape("SELECT * FROM " + large)
	for path, methods := range doc.Paths {
		switch _, ok := methods["get"]; {
		case !ok || path == "/mcp" || path == "/api/v1/exports":
		case path == "/api/v1/exports/{job}":
			list = append(list, job)
		case path == "/api/v1/exports/{job}/{file}":
			list = append(list, file)
		case path == "/d/{file}":
			for _, ext := range []string{".csv", ".csv.gz", ".csv.zst", ".xlsx", ".parquet", ".jsonl", ".jsonl.gz", ".arrow", ".dictionary.csv"} {
				list = append(list, "/d/"+small+ext, "/d/"+large+"@"+release[large]+ext)
			}
			list = append(list, "/d/"+small+"@"+release[small]+".manifest.json", "/d/"+small+"@"+release[small]+".manifest.sig", "/d/"+large+".csv?limit=100000", "/d/"+large+".xlsx?limit=100000")
		case path == "/d/signing-keys/{key}":
			list = append(list, "/d/signing-keys/"+signed.SignedBy+".pem")
		case strings.HasPrefix(path, "/api/v1/sql"):
			list = append(list, path+"?q="+question)
		case strings.Contains(path, "/diff"):
			list = append(list, fmt.Sprintf("%s?from=%s&to=%s", strings.ReplaceAll(path, "{id}", small), first(small), release[small]))
		case strings.HasSuffix(path, "/{release}"):
			list = append(list, strings.NewReplacer("{id}", small, "{release}", release[small]).Replace(path))
		default:
			filled := strings.ReplaceAll(path, "{id}", small)
			if strings.Contains(filled, "{") {
				t.Errorf("%s is not loaded: nobody says what to fill in", path)
				continue
			}
			list = append(list, filled)
			if filled != path {
				list = append(list, strings.ReplaceAll(path, "{id}", large))
			}
		}
	}
	for _, action := range []string{"package_list", "package_search?rows=1000", "current_package_list_with_resources?limit=1000", "package_show?id=" + large, "resource_show?id=" + resource, "datastore_search?resource_id=" + resource, "datastore_info?id=" + resource,
		"status_show", "group_list?all_fields=true", "tag_list", "organization_list?all_fields=true", "datastore_search_sql?sql=" + url.QueryEscape(`SELECT * FROM "`+resource+`"`)} {
		list = append(list, "/api/3/action/"+action)
	}
	list = append(list, "/datastore/dump/"+resource, "/resource/"+small+".json", "/resource/"+small+".csv", "/api/views/"+small, "/api/catalog/v1", "/api/catalog/v1?limit=1000")
	if len(view.Results) > 0 {
		id := view.Results[0].Resource.ID
		list = append(list, "/api/views/"+id, "/resource/"+id+".json")
	}
	list = append(list, "/iceberg/v1/config", "/iceberg/v1/namespaces", "/iceberg/v1/namespaces/govdata", "/iceberg/v1/namespaces/govdata/tables", "/iceberg/v1/namespaces/govdata/tables/"+small, "/iceberg/v1/namespaces/govdata/tables/"+large,
		"/govdata", "/govdata?list-type=2", "/govdata?list-type=2&delimiter=/", "/govdata?location")
	list = append(list, "/", "/datasets", "/datasets/"+small, "/datasets/"+large, "/datasets?q="+small, "/datasets/"+small+"/releases/"+release[small], "/scorecard", "/developers", "/about", "/docs", "/sql", "/sql?q="+question,
		"/api/v1/datasets?limit=1000", "/api/v1/datasets?q="+small, "/api/v1/datasets/"+large+"/rows?limit=100000")
	slices.Sort(list)
	return slices.Compact(list)
}

// loadData is the data directory of the demonstration; GOVDATA_TEST_LOAD_DATASETS
// says how many datasets it has, by small ones beside its own.
func loadData(t *testing.T) string {
	data := demo(t).data
	want, _ := strconv.Atoi(os.Getenv("GOVDATA_TEST_LOAD_DATASETS"))
	if want == 0 {
		return data
	}
	copied := filepath.Join(t.TempDir(), "data")
	if err := os.CopyFS(copied, os.DirFS(data)); err != nil {
		t.Fatal(err)
	}
	cat, err := catalog.Open(copied, catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	all, err := cat.All()
	if err != nil {
		t.Fatal(err)
	}
	seed := filepath.Join(t.TempDir(), "seed.duckdb")
	duckFile(t, seed, "CREATE TABLE "+store.Table+" AS SELECT i AS id, 'row ' || i AS name FROM range(1000) t(i)")
	for i := range want - len(all) {
		publishCopy(t, cat, catalog.ID(fmt.Sprintf("many_%04d", i)), seed)
	}
	return copied
}

// nowhere takes an answer and counts it.
type nowhere struct {
	header http.Header
	status int
	bytes  int64
}

func (n *nowhere) Header() http.Header { return n.header }

func (n *nowhere) WriteHeader(status int) { n.status = status }

func (n *nowhere) Write(p []byte) (int, error) {
	n.bytes += int64(len(p))
	return len(p), nil
}

// requestBytes is how much a request may allocate, the second time it is made.
const requestBytes = 4 << 20

// What a request allocates has a bound on every route, over the data of loadData.
func TestWhatARequestAllocatesHasABound(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector allocates itself")
	}
	data := loadData(t)
	a := &app{data: data, stdout: io.Discard, stderr: io.Discard, log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	cat, err := a.open()
	if err != nil {
		t.Fatal(err)
	}
	pool, err := a.pool(cat, query.PoolOptions{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	jobs, err := exports.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer jobs.Close()
	place, err := datasets.LoadSite(datasets.Site)
	if err != nil {
		t.Fatal(err)
	}
	served, err := server.New(server.Options{Catalog: cat, Engine: pool, Exports: jobs, Site: place, Limits: pool.Limits(), Rate: server.Rate{Burst: 1}, Log: a.log})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- served.Serve(ctx, l) }()
	defer func() { stop(); <-ended }()
	type cost struct {
		address      string
		bytes, alloc int64
	}
	var costs []cost
	for _, address := range everyGet(t, site{url: "http://" + l.Addr().String()}) {
		one := cost{address: address}
		for range 3 { // the least of them: others allocate beside it
			r := httptest.NewRequest("GET", address, nil)
			r.Host = l.Addr().String()
			w := &nowhere{header: http.Header{}}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			served.Handler().ServeHTTP(w, r)
			runtime.ReadMemStats(&after)
			if w.status >= 400 {
				t.Errorf("%s answers %d", address, w.status)
			}
			if n := int64(after.TotalAlloc - before.TotalAlloc); one.alloc == 0 || n < one.alloc {
				one.bytes, one.alloc = w.bytes, n
			}
		}
		costs = append(costs, one)
		if one.alloc > requestBytes {
			t.Errorf("%s allocates %d KiB, at most %d are allowed", address, one.alloc>>10, requestBytes>>10)
		}
	}
	slices.SortFunc(costs, func(a, b cost) int { return cmp.Compare(b.alloc, a.alloc) })
	for _, c := range costs[:25] {
		t.Logf("%9d KiB allocated for %9d KiB: %s", c.alloc>>10, c.bytes>>10, c.address)
	}
}

// The memory of the server does not grow with its clients. GOVDATA_TEST_LOAD says
// for how long, and for over what data see loadData; the bound is 512 MiB, and 1
// GiB from 1,000 datasets on.
func TestMemoryHasABoundWhoeverAsks(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector has memory of its own")
	}
	lasting, bound := 10*time.Second, int64(512<<20)
	if d, err := time.ParseDuration(os.Getenv("GOVDATA_TEST_LOAD")); err == nil {
		lasting = d
	}
	data := loadData(t)
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
				if r.StatusCode >= 400 && r.StatusCode != http.StatusTooManyRequests && r.StatusCode != http.StatusServiceUnavailable {
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
