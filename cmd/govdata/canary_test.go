package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"govdata/catalog"
	"govdata/catalog/store"
	"govdata/export"
)

const canaryRows = 40

// canaries are the cells of a dataset: none of them is anywhere else.
type canaries struct {
	csv   string
	cells [][]string // by row
}

// canariesOf makes rows whose every value tells the dataset, the version and the row.
func canariesOf(number, version int) canaries {
	var c canaries
	var b strings.Builder
	b.WriteString("no,name,pay,share,born,seen\n")
	for row := range canaryRows {
		n := number*10_000 + version*1000 + row
		day := time.Date(1801+number*8+version*2, 3, 1, 4, 5, 6, 0, time.UTC).AddDate(0, 0, row*7)
		cells := []string{fmt.Sprint(771_000_000 + n), fmt.Sprintf("canary%06dcell", n), fmt.Sprint(553_000_000 + n), fmt.Sprintf("%d.%02d", 331_000_000+n, row%90+10),
			day.Format(time.DateOnly), day.AddDate(0, 0, 3).Format("2006-01-02 15:04:05")}
		fmt.Fprintln(&b, strings.Join(cells, ","))
		cells[3], cells[5] = cells[3][:9], cells[5][:10] // however the rest is written
		c.cells = append(c.cells, cells)
	}
	c.csv = b.String()
	return c
}

func canaryDataset(id catalog.ID, attribute string) *catalog.Dataset {
	return &catalog.Dataset{ID: id, Openness: catalog.Openness{Attribute: attribute}, Key: []string{"no"}, Fields: []catalog.Field{
		{Name: "no", Type: "integer", Required: true}, {Name: "name", Type: "text"}, {Name: "pay", Type: "integer"}, {Name: "share", Type: "decimal(18,2)"}, {Name: "born", Type: "date"}, {Name: "seen", Type: "timestamp"}}}
}

// crawler visits what an anonymous reader can, and looks for canaries.
type crawler struct {
	t    *testing.T
	site site
	// secret says of a canary where it belongs; it may be seen nowhere.
	secret map[string]string

	mu     sync.Mutex
	seen   map[string]bool
	visits int
	status map[int]int
	open   int // canaries of the dataset that is open
	opened map[string]bool
	leaks  map[string]string
}

// canaryPattern finds what may be a cell of one of these datasets.
var canaryPattern = regexp.MustCompile(`canary\d{6}cell|\d{9}|18\d\d-\d\d-\d\d`)

// look notes the canaries in a text. What the question itself says is no news.
func (c *crawler) look(where, text, asked string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, found := range canaryPattern.FindAllString(text, -1) {
		if of := c.secret[found]; of != "" && !strings.Contains(asked, found) {
			c.leaks[where] = found + " of " + of
		}
		if c.opened[found] {
			c.open++
		}
	}
}

// ask makes one request and looks at what it answers, headers too.
func (c *crawler) ask(method, path, body string, header ...string) string {
	status, text, h := fetched(c.t, method, c.site.url+path, body, header...)
	c.mu.Lock()
	c.visits++
	c.status[status]++
	c.mu.Unlock()
	c.look(method+" "+path+" "+body, text+fmt.Sprint(h), path+body)
	return text
}

var addressPattern = regexp.MustCompile(`(?:https?://127\.0\.0\.1:\d+)?/[A-Za-z0-9_@./%~-]+(?:\?[^\s"'<>\\)]*)?`)

// crawl visits paths and what they lead to, up to limit.
func (c *crawler) crawl(paths []string, limit int) {
	for round := 0; len(paths) > 0 && round < 4; round++ {
		var fresh []string
		for _, path := range paths {
			if len(c.seen) < limit && !c.seen[path] {
				c.seen[path] = true
				fresh = append(fresh, path)
			}
		}
		found := make([][]string, len(fresh))
		work := make(chan int)
		var workers sync.WaitGroup
		for range 6 {
			workers.Go(func() {
				for i := range work {
					text := c.ask("GET", fresh[i], "")
					if strings.Contains(fresh[i], "/assets/") || len(text) > 1<<20 || !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
						continue
					}
					for _, address := range addressPattern.FindAllString(strings.ReplaceAll(text, "&amp;", "&"), -1) {
						path := strings.TrimPrefix(address, c.site.url)
						if strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "//") && leads(path) {
							found[i] = append(found[i], path)
						}
					}
				}
			})
		}
		for i := range fresh {
			work <- i
		}
		close(work)
		workers.Wait()
		paths = slices.Concat(found...)
	}
}

// leads reports whether an address is one of the site's, and not one of a
// thousand ways to show the same list.
func leads(path string) bool {
	for _, prefix := range []string{"/api/", "/d/", "/datasets", "/resource/", "/govdata", "/iceberg", "/catalog", "/data.json", "/feed.atom", "/sitemap.xml", "/datastore/", "/scorecard", "/sql", "/docs", "/about", "/developers"} {
		if strings.HasPrefix(path, prefix) {
			return strings.Count(path, "&") < 3 && !strings.Contains(path, "lang=") && !strings.Contains(path, "scheme=") && !strings.Contains(path, "?is.") && !strings.Contains(path, "#")
		}
	}
	return path == "/"
}

// A closed dataset, one that is open on a condition, and those that were open
// before: no value of theirs, and nothing computed from it, reaches a reader who
// has no key, whatever the address, and none lies in the public half.
func TestNoFaceTellsOfWhatIsNotOpen(t *testing.T) {
	data := t.TempDir()
	attribute := map[catalog.ID][]string{
		"kept_pay": {catalog.OpenNot}, "asked_pay": {catalog.OpenConditional}, "open_pay": {catalog.OpenUnconditional},
		"shut_pay": {catalog.OpenUnconditional, catalog.OpenUnconditional, catalog.OpenNot}, "narrowed_pay": {catalog.OpenUnconditional, catalog.OpenConditional}, "back_pay": {catalog.OpenUnconditional, catalog.OpenNot},
	}
	ids := []catalog.ID{"kept_pay", "asked_pay", "open_pay", "shut_pay", "narrowed_pay", "back_pay"}
	releases := map[catalog.ID][]string{}
	rows := map[catalog.ID][]canaries{}
	publish := func(id catalog.ID, version int) {
		c := canariesOf(slices.Index(ids, id), version)
		defined(t, data, canaryDataset(id, attribute[id][version]))
		releases[id] = append(releases[id], ingested(t, data, id, c.csv, "--mode", "replace", "--accept-change", "rows,key,no,name,pay,share,born,seen"))
		rows[id] = append(rows[id], c)
	}
	for _, id := range ids {
		publish(id, 0)
	}
	publish("shut_pay", 1)
	// What is computed from them, of which nobody decided that it may be told.
	for _, of := range []struct{ id, input catalog.ID }{{"kept_sum", "kept_pay"}, {"shut_sum", "shut_pay"}} {
		d := canaryDataset(of.id, catalog.OpenUnconditional)
		d.Derived = &catalog.Derivation{Inputs: []catalog.ID{of.input}, SQL: "SELECT * FROM " + string(of.input)}
		defined(t, data, d)
	}
	must(t, exitDone, "refresh", "--data", data)
	s, err := start(data, "--address-rate", "0", "--queue", "400", "--workers", "4")
	if err != nil {
		t.Fatal(err)
	}
	defer s.stop()
	c := &crawler{t: t, site: s, secret: map[string]string{}, seen: map[string]bool{}, status: map[int]int{}, opened: map[string]bool{}, leaks: map[string]string{}}
	for _, row := range rows["open_pay"][0].cells {
		for _, cell := range row {
			c.opened[cell] = true
		}
	}
	all := append(slices.Clone(ids), "kept_sum", "shut_sum")
	var jobs []string
	// While they are open: answers that are kept, exports, permalinks, ids.
	var before []string
	for _, id := range all {
		for _, path := range []string{"/api/v1/datasets/" + string(id), "/api/v1/datasets/" + string(id) + "/profile", "/d/" + string(id) + ".csv?where=pay%3E0", "/datasets/" + string(id), "/api/v1/sql?q=SELECT+*+FROM+" + string(id), "/api/v1/sql.csv?q=SELECT+max(pay)+FROM+" + string(id),
			"/api/3/action/package_show?id=" + string(id), "/resource/" + string(id) + ".json", "/iceberg/v1/namespaces/govdata/tables/" + string(id), "/govdata?list-type=2&prefix=" + string(id) + "/", "/datasets/" + string(id) + "/croissant.json"} {
			status, body, h := fetched(t, "GET", s.url+path, "")
			before = append(before, path)
			if link := regexp.MustCompile(`<https?://[^/]+([^>]+)>; rel="canonical"`).FindStringSubmatch(h.Get("Link")); link != nil {
				before = append(before, link[1])
			}
			if status == 200 {
				for _, address := range addressPattern.FindAllString(body, -1) {
					if path := strings.TrimPrefix(address, s.url); leads(path) && len(path) < 300 {
						before = append(before, path)
					}
				}
				for _, id := range regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`).FindAllString(body, -1) {
					before = append(before, "/datastore/dump/"+id, "/api/3/action/datastore_search?resource_id="+id, "/api/3/action/resource_show?id="+id, "/api/3/action/datastore_info?id="+id)
				}
				for _, key := range regexp.MustCompile(`<Key>([^<]+)</Key>`).FindAllStringSubmatch(body, -1) {
					before = append(before, "/govdata/"+key[1])
				}
			}
		}
		status, _, h := fetched(t, "POST", s.url+"/api/v1/exports", "q=SELECT+*+FROM+"+string(id), "Content-Type", "application/x-www-form-urlencoded", "X-Forwarded-For", fmt.Sprintf("10.0.0.%d", len(jobs)+1))
		if status == 202 {
			jobs = append(jobs, h.Get("Location"))
		}
	}
	if len(jobs) != 5 {
		t.Errorf("%d exports were begun, of five datasets that were open", len(jobs))
	}
	for _, job := range jobs {
		for range 100 {
			if _, body, _ := fetched(t, "GET", s.url+job, ""); strings.Contains(body, `"done"`) {
				break
			}
			time.Sleep(50 * time.Millisecond)
		}
		before = append(before, job, job+"/result.csv")
	}
	publish("shut_pay", 2)
	publish("narrowed_pay", 1)
	publish("back_pay", 1)
	must(t, exitDone, "rollback", "back_pay", releases["back_pay"][0], "--data", data)

	for _, id := range ids {
		for version, v := range rows[id] {
			for row, cells := range v.cells {
				// The first ten rows of what is open on a condition are its sample.
				sampled := row < 10 && version == len(rows[id])-1 && slices.Contains([]catalog.ID{"asked_pay", "narrowed_pay"}, id)
				for _, cell := range cells {
					if id != "open_pay" && !sampled {
						c.secret[cell] = fmt.Sprintf("%s@%s row %d", id, releases[id][version], row+1)
					}
				}
			}
		}
	}

	paths, routes := c.routes(all, releases, jobs)
	began := time.Now()
	slices.Sort(paths)
	paths = slices.Compact(paths)
	filled := len(paths)
	c.crawl(append(append([]string{"/"}, paths...), before...), filled+400)
	c.mistakes(all, releases)
	c.assistant(all, releases)
	t.Logf("%d answers of %d addresses (%d filled in) on %d routes in %v: %v; %d values of what is open", c.visits, len(c.seen), filled, routes, time.Since(began).Round(time.Millisecond), c.status, c.open)
	if c.visits < 1400 || c.status[200] < 250 || c.status[403] < 300 || c.open < 5_000 || routes < 40 {
		t.Errorf("the crawler saw too little to say anything")
	}
	for status := range c.status {
		if status >= 500 && status != http.StatusServiceUnavailable {
			t.Errorf("%d answers with status %d", c.status[status], status)
		}
	}
	c.publicFiles(data, all)
	n := 0
	for where, what := range c.leaks {
		if n++; n <= 30 {
			t.Errorf("%s tells %s", where, what)
		}
	}
	if n > 30 {
		t.Errorf("and %d more", n-30)
	}
	if out := must(t, exitDone, "verify", "--data", data); !strings.Contains(out, "0 mismatches") {
		t.Error(out)
	}
}

// routes fills every route of the OpenAPI document with what is known.
func (c *crawler) routes(ids []catalog.ID, releases map[catalog.ID][]string, jobs []string) (paths []string, routes int) {
	_, text, _ := fetched(c.t, "GET", c.site.url+"/openapi.json", "")
	var document struct {
		Paths map[string]map[string]json.RawMessage
	}
	if err := json.Unmarshal([]byte(text), &document); err != nil {
		c.t.Fatal(err)
	}
	exts := []string{".csv", ".csv.gz", ".csv.zst", ".xlsx", ".parquet", ".jsonl", ".jsonl.gz", ".arrow", ".dictionary.csv", ".manifest.json", ".manifest.sig"}
	short := func(path string) bool { return strings.Contains(path, "/sql") || strings.Contains(path, "/rows") }
	for path, methods := range document.Paths {
		if methods["get"] == nil || path == "/mcp" {
			continue
		}
		routes++
		// Of an answer in another format it is enough to see that it is closed as well.
		again := short(path) && strings.Contains(path, ".") || strings.Contains(path, "/diff.")
		if !strings.Contains(path, "{") {
			paths = append(paths, path)
			if short(path) {
				for _, id := range ids {
					if again {
						paths = append(paths, path+"?q="+url.QueryEscape("SELECT * FROM "+string(id)))
						continue
					}
					for _, sql := range []string{"SELECT * FROM " + string(id), "SELECT max(pay), min(name), median(pay) FROM " + string(id), "SELECT * FROM catalog.fields f JOIN catalog.releases r ON f.dataset = r.dataset", "SELECT * FROM catalog.contributions", "SUMMARIZE " + string(id)} {
						paths = append(paths, path+"?q="+url.QueryEscape(sql))
					}
					for _, release := range releases[id] {
						paths = append(paths, path+"?q="+url.QueryEscape(fmt.Sprintf(`SELECT * FROM "%s@%s"`, id, release)))
					}
				}
			}
			continue
		}
		for _, id := range ids {
			filled := strings.NewReplacer("{id}", string(id), "{dataset}", string(id), "{table}", string(id), "{resource}", string(id), "{name}", string(id), "{view}", string(id)).Replace(path)
			switch {
			case strings.Contains(filled, "{file}") && strings.HasPrefix(filled, "/d/"):
				for _, ext := range exts {
					paths = append(paths, "/d/"+string(id)+ext)
					for i, release := range releases[id] {
						paths = append(paths, "/d/"+string(id)+"@"+release+ext)
						if i > 0 {
							paths = append(paths, fmt.Sprintf("/d/%s@%s..%s.diff.csv", id, releases[id][i-1], release))
						}
					}
				}
			case strings.Contains(filled, "{release}"):
				for _, release := range releases[id] {
					paths = append(paths, strings.ReplaceAll(filled, "{release}", release))
				}
			case strings.Contains(filled, "{job}"):
				for _, job := range jobs {
					paths = append(paths, strings.NewReplacer("{job}", filepath.Base(job), "{file}", "result.csv", "{ext}", "csv").Replace(path))
				}
			case strings.Contains(filled, "{action}"):
				for _, action := range []string{"package_list", "package_search?rows=1000", "current_package_list_with_resources", "package_show?id=" + string(id), "datastore_search?resource_id=" + string(id), "datastore_info?id=" + string(id), "status_show", "group_list?all_fields=true", "tag_list", "organization_list?all_fields=true",
					"datastore_search_sql?sql=" + url.QueryEscape(`SELECT * FROM "`+string(id)+`"`)} {
					paths = append(paths, strings.ReplaceAll(filled, "{action}", action))
				}
			case strings.Contains(filled, "{"):
				paths = append(paths, filled)
			default:
				paths = append(paths, filled)
				if again {
					continue
				}
				for _, release := range releases[id] {
					paths = append(paths, filled+"?release="+release, filled+"@"+release)
				}
				if strings.HasSuffix(filled, "/diff") && len(releases[id]) > 1 {
					paths = append(paths, fmt.Sprintf("%s?from=%s&to=%s", filled, releases[id][0], releases[id][1]))
				}
			}
		}
	}
	for _, id := range ids {
		paths = append(paths, "/datasets/"+string(id), "/datasets/"+string(id)+"/feed.atom", "/resource/"+string(id)+".csv", "/api/views/"+string(id)+".json", "/iceberg/v1/namespaces/govdata/tables/"+string(id), "/govdata/"+string(id)+"/metadata/version-hint.text", "/govdata/"+string(id)+"/metadata/v1.metadata.json",
			"/govdata?list-type=2&prefix="+string(id))
		for _, release := range releases[id] {
			for _, file := range []string{string(id) + ".csv", string(id) + ".parquet", "data.duckdb", "profile.json", "manifest.json", "manifest.sig"} {
				paths = append(paths, "/govdata/"+string(id)+"/"+release+"/"+file)
			}
			paths = append(paths, "/datasets/"+string(id)+"/releases/"+release, "/govdata/"+string(id)+"/metadata/"+release+".avro", "/govdata/"+string(id)+"/metadata/snap-"+release+".avro")
		}
	}
	return paths, routes
}

// mistakes asks what cannot be answered: an error tells no value either.
func (c *crawler) mistakes(ids []catalog.ID, releases map[catalog.ID][]string) {
	for _, id := range ids {
		table := `"` + string(id) + "@" + append(releases[id], "20200101-000000000000")[0] + `"`
		for _, sql := range []string{"SELECT CAST(name AS INTEGER) FROM " + string(id), "SELECT name::DATE FROM " + table, "SELECT nmae FROM " + string(id), "SELECT error(name) FROM " + table, "SELECT * FROM " + string(id) + "x", "SELECT 1/0 FROM " + string(id) + " WHERE error(name)", "WITH x AS (SELECT * FROM " + string(id) + ") SELECT * FROM open_pay, x"} {
			c.ask("GET", "/api/v1/sql?q="+url.QueryEscape(sql), "")
			c.ask("POST", "/api/v1/sql", `{"q":`+fmt.Sprintf("%q", sql)+`,"params":[]}`, "Content-Type", "application/json")
			c.ask("POST", "/api/v1/exports", sql, "Content-Type", "application/sql", "X-Forwarded-For", "10.9.9.9")
			c.ask("GET", "/api/3/action/datastore_search_sql?sql="+url.QueryEscape(sql), "")
		}
		for _, path := range []string{"/rows?where=name%20LIKE%20'canary%25'", "/rows?where=error(name)", "/rows?select=CAST(name%20AS%20DATE)", "/rows?order=nope", "/rows?cursor=x", "/diff", "/profile?release=20200101-000000000000"} {
			c.ask("GET", "/api/v1/datasets/"+string(id)+path, "")
		}
		for _, path := range []string{".json?$where=name%20like%20'canary%25'", ".json?$select=max(pay)", ".json?name=x", ".geojson", ".json?$q=canary"} {
			c.ask("GET", "/resource/"+string(id)+path, "")
		}
	}
	for _, q := range []string{"canary", "canary000000cell", "771000000", "pay", "kept"} {
		c.ask("GET", "/api/v1/datasets?q="+q, "")
		c.ask("GET", "/datasets?q="+q, "")
		c.ask("GET", "/api/3/action/package_search?q="+q, "")
		c.ask("GET", "/api/catalog/v1?q="+q, "")
		c.ask("GET", "/api/v1/search?q="+q, "")
	}
}

// assistant calls every tool with every dataset.
func (c *crawler) assistant(ids []catalog.ID, releases map[catalog.ID][]string) {
	call := func(method string, params any) {
		body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
		if err != nil {
			c.t.Fatal(err)
		}
		text := c.ask("POST", "/mcp", string(body), "Content-Type", "application/json", "Accept", "application/json, text/event-stream", "Mcp-Protocol-Version", "2025-11-25")
		if !strings.Contains(text, `"result"`) {
			c.t.Errorf("%s: %.300s", body, text)
		}
	}
	call("tools/list", map[string]any{})
	for _, id := range ids {
		names := []string{string(id)}
		for _, release := range releases[id] {
			names = append(names, string(id)+"@"+release)
		}
		for _, name := range names {
			for tool, arguments := range map[string]any{"search": map[string]any{"query": "pay"}, "describe": map[string]any{"dataset": name}, "sample": map[string]any{"dataset": name, "rows": 40}, "profile": map[string]any{"dataset": name},
				"sql": map[string]any{"query": `SELECT * FROM "` + name + `"`}, "export_link": map[string]any{"dataset": name}} {
				call("tools/call", map[string]any{"name": tool, "arguments": arguments})
			}
			call("resources/read", map[string]any{"uri": "govdata://datasets/" + name})
		}
	}
}

// publicFiles looks into every file of the public half, opened and as it lies there.
func (c *crawler) publicFiles(data string, ids []catalog.ID) {
	open, files := 0, 0
	err := filepath.WalkDir(filepath.Join(data, "public"), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		before := c.open
		c.look(path, string(raw), "")
		name := e.Name()
		switch _, ext, _ := strings.Cut(name, "."); ext {
		case "csv", "csv.gz", "csv.zst", "jsonl", "jsonl.gz", "xlsx":
			c.look(path, plainText(c.t, path, ext), "")
		case "duckdb", "parquet":
			c.look(path, tableText(c.t, path, ext), "")
		default:
			return nil
		}
		if c.open == before {
			c.t.Errorf("%s: nothing was found in it, and it is open", path)
		}
		open++
		return nil
	})
	if err != nil {
		c.t.Fatal(err)
	}
	if open < 8 || files < 12 {
		c.t.Errorf("%d files, %d of them with rows: too few to say anything", files, open)
	}
	for _, id := range ids {
		_, err := os.Stat(filepath.Join(data, "public", string(id)))
		if _, there := os.Stat(filepath.Join(data, "restricted", string(id))); (err == nil) != (id == "open_pay") || (there == nil) == (err == nil) {
			c.t.Errorf("%s: in public: %v, in restricted: %v", id, err, there)
		}
	}
	for _, half := range []string{"restricted", "private"} {
		if info, err := os.Stat(filepath.Join(data, half)); err != nil || info.Mode().Perm() != 0o700 {
			c.t.Errorf("%s: %v %v", half, info, err)
		}
	}
}

// tableText is the text of all cells of a DuckDB or Parquet file.
func tableText(t *testing.T, path, ext string) string {
	t.Helper()
	from := store.Table
	if ext == "parquet" {
		from = "read_parquet(" + store.Literal(path) + ")"
		path = filepath.Join(filepath.Dir(path), catalog.StoreName)
	}
	f, err := store.Open(path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, release, err := f.Query(context.Background(), "SELECT COLUMNS(*)::VARCHAR FROM "+from)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	var b strings.Builder
	for rows.Next() {
		cells := export.Texts(rows.RecordBatch())
		for i := range int(rows.RecordBatch().NumRows()) {
			for j := range int(rows.RecordBatch().NumCols()) {
				value, _ := cells(i, j)
				b.WriteString(value + "\n")
			}
		}
	}
	return b.String()
}
