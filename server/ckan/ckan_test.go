package ckan_test

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	_ "github.com/duckdb/duckdb-go/v2"

	"govdata/catalog"
	"govdata/catalog/store"
	"govdata/server"
	"govdata/server/keys"
	"govdata/server/query"
)

// The test binary is its own query worker.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "worker" {
		if err := query.WorkerMain(context.Background(), os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// thing is a row of the dataset things; nil is a missing value.
type thing struct {
	code, name, note *string
	n                *int64
	amount           *string
	flag             bool
}

func text(s string) *string { return &s }

// things are rows whose values are hard on formats and statements.
func things() []thing {
	notes := []*string{nil, text(""), text("plain"), text(`"quoted", 'single'`), text("two\nlines\r\n"), text("a\ttab"), text("'; DROP TABLE data; --"), text("<b>&amp;</b> ]]>"), text(`back\slash`), text("财政 预算 😀")}
	var all []thing
	for i := range int64(250) {
		t := thing{code: text(fmt.Sprintf("%04d", i%100)), name: text("thing " + strconv.FormatInt(i%7, 10)), note: notes[i%int64(len(notes))], n: &i, flag: i%3 == 0}
		if i%11 == 0 {
			t.n = nil
		}
		if i%5 != 0 {
			t.amount = text(fmt.Sprintf("%d.%02d", 9007199254740993+i%20, i%100))
		}
		all = append(all, t)
	}
	return all
}

type portal struct {
	url  string
	keys *keys.Store
}

func newPortal(t *testing.T, tune func(*server.Options)) *portal {
	t.Helper()
	cat, err := catalog.Open(t.TempDir(), catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	publish(t, cat, "things", catalog.Openness{Attribute: catalog.OpenUnconditional})
	publish(t, cat, "secrets", catalog.Openness{Attribute: catalog.OpenConditional, Condition: catalog.Text{Zh: "仅供科研", En: "for research only"}})
	publish(t, cat, "closed", catalog.Openness{Attribute: catalog.OpenNot, Basis: catalog.Text{Zh: "依据", En: "a basis"}})
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	pool, err := query.NewPool(query.PoolOptions{Workers: 2, PublicDir: cat.PublicDir(), RestrictedDir: cat.RestrictedDir(), Limits: query.DefaultLimits, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	p := &portal{}
	if p.keys, err = keys.Open(filepath.Join(t.TempDir(), "keys.sqlite")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.keys.Close() })
	o := server.Options{Catalog: cat, Keys: p.keys, Engine: pool, Limits: query.DefaultLimits, Site: &catalog.Site{Timezone: "UTC", Region: "620000"}, Log: log, Rate: server.Rate{KeyWeight: 1}}
	if tune != nil {
		tune(&o)
	}
	s, err := server.New(o)
	if err != nil {
		t.Fatal(err)
	}
	h := httptest.NewServer(s.Handler())
	t.Cleanup(h.Close)
	p.url = h.URL
	return p
}

func publish(t *testing.T, cat *catalog.Catalog, id catalog.ID, open catalog.Openness) {
	t.Helper()
	st, err := cat.Stage(id)
	if err != nil {
		t.Fatal(err)
	}
	data, file := filepath.Join(st.Dir(), catalog.StoreName), filepath.Join(st.Dir(), string(id)+".csv")
	db, err := sql.Open("duckdb", data)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("CREATE TABLE " + store.Table + " (code VARCHAR, name VARCHAR, note VARCHAR, n BIGINT, amount DECIMAL(24,2), flag BOOLEAN, seen TIMESTAMP)"); err != nil {
		t.Fatal(err)
	}
	all := things()
	for _, r := range all {
		if _, err := db.Exec("INSERT INTO "+store.Table+" VALUES (?, ?, ?, ?, CAST(? AS DECIMAL(24,2)), ?, TIMESTAMP '2026-03-05 10:20:30')", r.code, r.name, r.note, r.n, r.amount, r.flag); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.Exec(fmt.Sprintf("COPY %s TO %s (FORMAT csv)", store.Table, store.Literal(file))); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	rows := int64(len(all))
	m := catalog.Manifest{PublishedAt: st.Now(), Rows: rows, Counts: catalog.Counts{In: rows, Published: rows},
		Dataset: catalog.Dataset{ID: id, Title: catalog.Text{Zh: "某些东西", En: "Some things"}, Publisher: catalog.Text{Zh: "某部门", En: "Some Department"}, Theme: "其他", Openness: open, Licence: "CC-BY-4.0",
			UpdateFrequency: "daily", Keywords: []string{"东西"}, Fields: []catalog.Field{{Name: "code", Type: catalog.TypeText}, {Name: "name", Type: catalog.TypeText}, {Name: "note", Type: catalog.TypeText}, {Name: "n", Type: catalog.TypeInteger},
				{Name: "amount", Type: "decimal(24,2)"}, {Name: "flag", Type: catalog.TypeBoolean}, {Name: "seen", Type: catalog.TypeTimestamp}}}}
	for path, a := range map[string]*catalog.Artefact{data: &m.Store, file: {Format: "csv", MediaType: "text/csv; charset=utf-8"}} {
		a.File, a.Rows = filepath.Base(path), rows
		if a.SHA256, a.Bytes, err = catalog.HashFile(path); err != nil {
			t.Fatal(err)
		}
		if path == file {
			m.Artefacts, m.Content = []catalog.Artefact{*a}, a.SHA256
		}
	}
	m.Release = catalog.NewReleaseID(m.PublishedAt, m.Content)
	if _, err := st.Publish(context.Background(), m); err != nil {
		t.Fatal(err)
	}
}

// do sends a request with headers given in turn; redirects are not followed.
func (p *portal) do(t *testing.T, method, path, body string, headers ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequest(method, p.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	c := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(b)
}

type object = map[string]any

// call calls an action by POST and returns its result, or the error of CKAN's.
func (p *portal) call(t *testing.T, action string, params object, headers ...string) (result any, failure object) {
	t.Helper()
	b, err := json.Marshal(params)
	if err != nil {
		t.Fatal(err)
	}
	r, body := p.do(t, "POST", "/api/3/action/"+action, string(b), append([]string{"Content-Type", "application/json"}, headers...)...)
	var envelope struct {
		Help    string
		Success bool
		Result  any
		Error   object
	}
	d := json.NewDecoder(strings.NewReader(body))
	d.UseNumber()
	if err := d.Decode(&envelope); err != nil {
		t.Fatalf("%s %v: %d %s", action, params, r.StatusCode, body)
	}
	if envelope.Success != (r.StatusCode == 200) || envelope.Success == (envelope.Error != nil) || envelope.Help != p.url+"/api/3/action/help_show?name="+action {
		t.Fatalf("%s %v: %d %s", action, params, r.StatusCode, body)
	}
	if envelope.Error != nil {
		envelope.Error["status"] = r.StatusCode
	}
	return envelope.Result, envelope.Error
}

// search calls datastore_search on things.
func (p *portal) search(t *testing.T, params object) object {
	t.Helper()
	with := object{"resource_id": "things"}
	for k, v := range params {
		with[k] = v
	}
	result, failure := p.call(t, "datastore_search", with)
	if failure != nil {
		t.Fatalf("%v: %v", params, failure)
	}
	return result.(object)
}

// row is a thing as its JSON has it.
func row(i int, r thing) object {
	o := object{"_id": json.Number(strconv.Itoa(i + 1)), "code": nil, "name": nil, "note": nil, "n": nil, "amount": nil, "flag": r.flag, "seen": "2026-03-05T10:20:30"}
	for name, v := range map[string]*string{"code": r.code, "name": r.name, "note": r.note} {
		if v != nil {
			o[name] = *v
		}
	}
	if r.n != nil {
		o["n"] = json.Number(strconv.FormatInt(*r.n, 10))
	}
	if r.amount != nil {
		o["amount"] = json.Number(*r.amount)
	}
	return o
}

func TestPagesGiveEveryRowOnce(t *testing.T) {
	p := newPortal(t, nil)
	all := things()
	for name, c := range map[string]struct {
		params object
		has    func(thing) bool
		less   func(a, b thing) int
	}{
		"the order of the release": {object{}, func(thing) bool { return true }, nil},
		"a filter":                 {object{"filters": object{"flag": true, "name": []string{"thing 1", "thing 2"}}}, func(r thing) bool { return r.flag && (*r.name == "thing 1" || *r.name == "thing 2") }, nil},
		"a range":                  {object{"filters": object{"n": object{"gte": 20, "lt": "100"}}}, func(r thing) bool { return r.n != nil && *r.n >= 20 && *r.n < 100 }, nil},
		"a missing value":          {object{"filters": object{"note": nil}}, func(r thing) bool { return r.note == nil }, nil},
		"an empty text":            {object{"filters": object{"note": ""}}, func(r thing) bool { return r.note != nil && *r.note == "" }, nil},
		"$or":                      {object{"filters": object{"$or": []object{{"n": 5}, {"code": "0007", "flag": false}}}}, func(r thing) bool { return r.n != nil && *r.n == 5 || *r.code == "0007" && !r.flag }, nil},
		"a text":                   {object{"q": "DROP table"}, func(r thing) bool { return r.note != nil && strings.Contains(*r.note, "DROP TABLE") }, func(a, b thing) int { return 0 }},
		"missing values last":      {object{"sort": "n desc nulls last"}, func(thing) bool { return true }, func(a, b thing) int { return byNumber(a, b, true, true) }},
		"missing values first":     {object{"sort": "n desc"}, func(thing) bool { return true }, func(a, b thing) int { return byNumber(a, b, true, false) }},
		"two fields": {object{"sort": "name desc, n"}, func(thing) bool { return true }, func(a, b thing) int {
			return cmp.Or(strings.Compare(*b.name, *a.name), byNumber(a, b, false, true))
		}},
	} {
		var want []object
		order := make([]int, 0, len(all))
		for i, r := range all {
			if c.has(r) {
				order = append(order, i)
			}
		}
		if c.less != nil {
			slices.SortStableFunc(order, func(a, b int) int { return c.less(all[a], all[b]) })
		}
		for _, i := range order {
			want = append(want, row(i, all[i]))
		}
		var got []object
		for offset := 0; ; offset += 37 {
			with := object{"limit": 37, "offset": offset}
			for k, v := range c.params {
				with[k] = v
			}
			page := p.search(t, with)
			if page["total"] != json.Number(strconv.Itoa(len(want))) {
				t.Fatalf("%s: total %v, want %d", name, page["total"], len(want))
			}
			records := page["records"].([]any)
			if len(records) == 0 {
				break
			}
			for _, r := range records {
				r := r.(object)
				delete(r, "rank")
				got = append(got, r)
			}
		}
		if len(want) == 0 || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %d rows, want %d", name, len(got), len(want))
			for i := range min(len(got), len(want)) {
				if !reflect.DeepEqual(got[i], want[i]) {
					t.Errorf("row %d: found %v, want %v", i, got[i], want[i])
					break
				}
			}
		}
	}
}

// byNumber compares by n, up or down, with missing values last or first.
func byNumber(a, b thing, down, last bool) int {
	switch {
	case a.n == nil && b.n == nil:
		return 0
	case a.n == nil || b.n == nil:
		if (a.n == nil) == last {
			return 1
		}
		return -1
	case down:
		return cmp.Compare(*b.n, *a.n)
	}
	return cmp.Compare(*a.n, *b.n)
}

func TestNextPagesFollowTheRowNumber(t *testing.T) {
	p := newPortal(t, nil)
	for _, order := range []string{"_id", "_id desc"} {
		seen := map[string]bool{}
		filters := any(object{})
		for range 20 {
			page := p.search(t, object{"sort": order, "limit": 60, "include_next_page": true, "filters": filters, "fields": "code,_id"})
			for _, r := range page["records"].([]any) {
				seen[string(r.(object)["_id"].(json.Number))] = true
			}
			next, more := page["next_page"]
			if !more {
				break
			}
			filters = next
		}
		if len(seen) != len(things()) {
			t.Errorf("%s: %d rows", order, len(seen))
		}
	}
}

func TestDistinctGivesEachRowOfTheFieldsOnce(t *testing.T) {
	p := newPortal(t, nil)
	result := p.search(t, object{"fields": []string{"flag", "name"}, "distinct": true, "sort": "name desc, flag", "limit": 3, "offset": 2})
	if got := fmt.Sprint(result["records"], result["total"]); got != "[map[flag:false name:thing 5] map[flag:true name:thing 5] map[flag:false name:thing 4]]14" {
		t.Errorf("found %s", got)
	}
}

// The same rows come in every format, hard values too.
func TestTheFormatsOfRecordsAgree(t *testing.T) {
	p := newPortal(t, nil)
	names := []string{"_id", "code", "name", "note", "n", "amount", "flag", "seen"}
	var want [][]string
	for i, r := range things() {
		cells := make([]string, len(names))
		for j, name := range names {
			switch v := row(i, r)[name].(type) {
			case string:
				cells[j] = v
			case json.Number:
				cells[j] = v.String()
			case bool:
				cells[j] = strconv.FormatBool(v)
			}
		}
		want = append(want, cells)
	}
	same := func(what string, got [][]string) {
		t.Helper()
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: found %.300q", what, got)
		}
	}
	separated := func(text string, between rune) [][]string {
		r := csv.NewReader(strings.NewReader(strings.ReplaceAll(text, "\r\n", "\r\r\n"))) // Go's reader drops a \r before \n
		r.Comma = between
		rows, err := r.ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		return rows
	}
	lists := func(records []any) (rows [][]string) {
		for _, r := range records {
			var cells []string
			for _, v := range r.([]any) {
				if v == nil {
					v = ""
				}
				cells = append(cells, fmt.Sprint(v))
			}
			rows = append(rows, cells)
		}
		return rows
	}
	same("csv", separated(p.search(t, object{"limit": 1000, "records_format": "csv"})["records"].(string), ','))
	same("tsv", separated(p.search(t, object{"limit": 1000, "records_format": "tsv"})["records"].(string), '\t'))
	same("lists", lists(p.search(t, object{"limit": 1000, "records_format": "lists"})["records"].([]any)))
	_, body := p.do(t, "GET", "/datastore/dump/things", "")
	same("dump", separated(body, ',')[1:])
	_, body = p.do(t, "GET", "/datastore/dump/things?format=tsv", "")
	same("dump as TSV", separated(body, '\t')[1:])
	_, body = p.do(t, "GET", "/datastore/dump/things?format=json", "")
	var dump struct {
		Fields  []struct{ ID, Type string }
		Records []any
	}
	d := json.NewDecoder(strings.NewReader(body))
	d.UseNumber()
	if err := d.Decode(&dump); err != nil {
		t.Fatal(err)
	}
	same("dump as JSON", lists(dump.Records))
	if got := fmt.Sprint(dump.Fields); got != "[{_id int} {code text} {name text} {note text} {n int} {amount numeric} {flag bool} {seen timestamp}]" {
		t.Errorf("fields: %s", got)
	}
	_, body = p.do(t, "GET", "/datastore/dump/things?format=xml", "")
	var data struct {
		Rows []struct {
			ID    string `xml:"_id,attr"`
			Cells []struct {
				Nil  string `xml:"nil,attr"`
				Text string `xml:",chardata"`
			} `xml:",any"`
		} `xml:"row"`
	}
	if err := xml.Unmarshal([]byte(body), &data); err != nil {
		t.Fatal(err)
	}
	var rows [][]string
	missing := 0
	for _, r := range data.Rows {
		cells := []string{r.ID}
		for _, c := range r.Cells {
			if c.Nil == "true" {
				missing++
			}
			cells = append(cells, c.Text)
		}
		rows = append(rows, cells)
	}
	same("dump as XML", rows)
	if missing != 25+23+50 {
		t.Errorf("%d missing values in XML", missing)
	}
}

// A filter is a value, whatever it looks like, and names are those of fields.
func TestHostileFiltersFindWhatTheySay(t *testing.T) {
	p := newPortal(t, nil)
	for _, value := range []string{"'; DROP TABLE data; --", `"quoted", 'single'`, `back\slash`, "two\nlines\r\n"} {
		result := p.search(t, object{"filters": object{"note": value}, "limit": 1})
		if result["total"] != json.Number("25") || result["records"].([]any)[0].(object)["note"] != value {
			t.Errorf("%q: found %v", value, result["total"])
		}
	}
	if result := p.search(t, object{"filters": object{"amount": "9007199254740994.01"}}); len(result["records"].([]any)) != 3 {
		t.Errorf("a decimal with every digit: found %v", result["records"])
	}
	for field, params := range map[string]object{
		"filters": {"filters": object{`n" OR 1=1 --`: 1}}, "fields": {"fields": "n FROM data --"}, "sort": {"sort": "(SELECT 1)"}, "q": {"q": object{"1=1": "x"}}, "no": {"no": "x"}, "limit": {"limit": "1; --"}, "offset": {"offset": -1},
		"records_format": {"records_format": "x"}, "query": {"filters": object{"seen": "yesterday"}}, "resource_id": {"resource_id": ""},
	} {
		with := object{"resource_id": "things"}
		for k, v := range params {
			with[k] = v
		}
		_, failure := p.call(t, "datastore_search", with)
		if list, ok := failure[field].([]any); !ok || len(list) == 0 || failure["__type"] != "Validation Error" || failure["status"] != 409 {
			t.Errorf("%v: found %v", params, failure)
		}
	}
}

func TestSQLMeansWhatItMeansToPostgreSQL(t *testing.T) {
	p := newPortal(t, nil)
	result, _ := p.call(t, "package_show", object{"id": "things"})
	id := result.(object)["resources"].([]any)[0].(object)["id"].(string)
	for sql, want := range map[string]string{
		fmt.Sprintf(`SELECT count(*), max(_id) FROM "%s"`, id):                             "[map[count:250 max:250]]",
		"SELECT Code AS The_Code FROM Things WHERE _id = 8":                                "[map[the_code:0007]]",
		"SELECT 7/2 AS q, -7/2 AS r, 7/2.0 AS s":                                           "[map[q:3 r:-3 s:3.5]]",
		"SELECT n FROM things ORDER BY n DESC LIMIT 1":                                     "[map[n:<nil>]]",
		"SELECT n FROM things ORDER BY n LIMIT 1":                                          "[map[n:1]]",
		"SELECT n FROM things ORDER BY n DESC NULLS LAST LIMIT 1 OFFSET 1":                 "[map[n:248]]",
		"SELECT amount::text AS a, n::int4 FROM things WHERE name ILIKE 'THING 1' LIMIT 1": "[map[a:9007199254740994.01 n:1]]",
		"SELECT amount FROM things WHERE _id = 2;":                                         "[map[amount:9007199254740994.01]]",
		"SELECT date_trunc('month', seen)::date AS m FROM things LIMIT 1":                  "[map[m:2026-03-01]]",
		`SELECT name FROM "_table_metadata" WHERE alias_of IS NOT NULL ORDER BY 1`:         "[map[name:secrets] map[name:things]]",
	} {
		result, failure := p.call(t, "datastore_search_sql", object{"sql": sql})
		if failure != nil {
			t.Errorf("%s: %v", sql, failure)
		} else if got := fmt.Sprint(result.(object)["records"]); got != want {
			t.Errorf("%s: found %s", sql, got)
		}
	}
	// Settings of one question are not those of another.
	_, body := p.do(t, "GET", "/api/v1/sql.csv?q="+url.QueryEscape("SELECT 7/2 AS Half"), "")
	if body != "Half\n3.5\n" {
		t.Errorf("the native API: %q", body)
	}
	for sql, want := range map[string]string{
		"SELECT * FROM nothing": "there is no table", "SELECT x FROM things": "there is no column", "DROP TABLE things": "only a SELECT", "SELECT 1; SELECT 2": "exactly one SELECT", "": "Missing value",
		"SELECT * FROM read_csv('/etc/passwd')": "not available", "SELECT a.n, b.n FROM things a, things b": "more than once", "SELECT name ~ 'x' FROM things": "the operator ~",
	} {
		_, failure := p.call(t, "datastore_search_sql", object{"sql": sql})
		if failure["status"] != 409 || !strings.Contains(fmt.Sprint(failure), want) {
			t.Errorf("%s: found %v", sql, failure)
		}
	}
	result, _ = p.call(t, "datastore_search_sql", object{"sql": "SELECT a._id AS a, b._id AS b FROM things a, things b"})
	if got := result.(object); len(got["records"].([]any)) != 32000 || got["records_truncated"] != true {
		t.Errorf("%d rows, truncated %v", len(got["records"].([]any)), got["records_truncated"])
	}
}

// The rows of a dataset on a condition are for the holder of a key, who shows it
// in any way that CKAN's clients have. Its description is for everyone.
func TestADatasetOnAConditionNeedsItsKey(t *testing.T) {
	p := newPortal(t, nil)
	secret, _, err := p.keys.Create(context.Background(), "somebody", []catalog.ID{"secrets"}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	result, _ := p.call(t, "package_show", object{"id": "secrets"})
	resource := result.(object)["resources"].([]any)[0].(object)
	if resource["datastore_active"] != true || resource["url"] != p.url+"/d/secrets.csv" {
		t.Errorf("found %v", resource)
	}
	id := resource["id"].(string)
	requests := map[string]string{"/datastore/dump/" + id: "_id,code", "/api/3/action/datastore_search?limit=0&resource_id=secrets": `"total":250`, "/api/3/action/datastore_search?resource_id=" + id: `"total":250`,
		"/api/action/datastore_search_sql?sql=" + url.QueryEscape(`SELECT count(*) FROM "`+id+`"`): `"count":250`}
	for path, want := range requests {
		r, body := p.do(t, "GET", path, "")
		if r.StatusCode != 403 || !strings.Contains(body, `"Authorization Error"`) || !strings.Contains(body, "仅供科研") || strings.Contains(body, "thing") {
			t.Errorf("%s: %d %s", path, r.StatusCode, body)
		}
		for _, header := range [][]string{{"Authorization", secret}, {"Authorization", "Bearer " + secret}, {"X-CKAN-API-Key", secret}, {"X-API-Key", secret}, {"Authorization", " " + secret, "X-CKAN-API-Key", secret}} {
			r, body := p.do(t, "GET", path, "", header...)
			if r.StatusCode != 200 || !strings.Contains(body, want) || r.Header.Get("Cache-Control") != "private, no-store" {
				t.Errorf("%s with %v: %d %.200s %v", path, header, r.StatusCode, body, r.Header)
			}
		}
	}
	for _, header := range [][]string{{"Authorization", "gd_other"}, {"X-CKAN-API-Key", "x"}} {
		if _, failure := p.call(t, "package_list", object{}, header...); failure["__type"] != "Authorization Error" || failure["status"] != 403 {
			t.Errorf("%v: %v", header, failure)
		}
	}
	if _, failure := p.call(t, "package_list", object{}, "Authorization", ""); failure != nil {
		t.Errorf("an empty key: %v", failure)
	}
	if _, failure := p.call(t, "datastore_search", object{"resource_id": "closed"}, "Authorization", secret); failure["status"] != 403 {
		t.Errorf("a closed dataset: %v", failure)
	}
	if result, _ := p.call(t, "package_show", object{"id": "closed"}); len(result.(object)["resources"].([]any)) != 0 {
		t.Errorf("a closed dataset has files: %v", result)
	}
}

func TestIDsAndNamesMeanTheSame(t *testing.T) {
	p := newPortal(t, nil)
	byName, _ := p.call(t, "package_show", object{"id": "things"})
	id := byName.(object)["id"].(string)
	// The ids of a site's datasets never change.
	if want := "ebedb3df-7684-5372-b6e1-7f8e9f21953b"; id != want {
		t.Errorf("found %s, want %s", id, want)
	}
	resource := byName.(object)["resources"].([]any)[0].(object)
	if want := "3d361ded-0bbc-5329-9564-4a78780b3e94"; resource["id"] != want {
		t.Errorf("found %s, want %s", resource["id"], want)
	}
	for _, name := range []string{id, strings.ToUpper(id)} {
		if byID, _ := p.call(t, "package_show", object{"id": name}); !reflect.DeepEqual(byID, byName) {
			t.Errorf("%s: found %v", name, byID)
		}
	}
	if shown, _ := p.call(t, "resource_show", object{"id": resource["id"]}); !reflect.DeepEqual(shown, any(resource)) {
		t.Errorf("found %v", shown)
	}
	version := byName.(object)["version"].(string)
	for _, name := range []string{"things", id, resource["id"].(string), "things@" + version} {
		if result := p.search(t, object{"resource_id": name, "limit": 1}); result["resource_id"] != resource["id"] || result["total"] != json.Number("250") {
			t.Errorf("%s: found %v", name, result)
		}
	}
	org := byName.(object)["organization"].(object)
	if org["name"] != "some-department" || org["title"] != "某部门" {
		t.Errorf("found %v", org)
	}
	other := newPortal(t, func(o *server.Options) { o.Site = &catalog.Site{Timezone: "UTC", Region: "110000"} })
	if elsewhere, _ := other.call(t, "package_show", object{"id": "things"}); elsewhere.(object)["id"] == id {
		t.Error("the datasets of two sites have one id")
	}
	for path, want := range map[string]string{"/dataset/things": "/datasets/things", "/dataset/" + id: "/datasets/things", "/dataset/things/resource/" + resource["id"].(string): "/datasets/things", "/dataset/nothing": "/datasets/nothing",
		"/dataset/things/resource/" + resource["id"].(string) + "/download/x.csv": "/d/things.csv"} {
		if r, _ := p.do(t, "GET", path, ""); r.StatusCode != 302 || r.Header.Get("Location") != want {
			t.Errorf("%s: %d %s", path, r.StatusCode, r.Header.Get("Location"))
		}
	}
}

func TestNoAnswerIsARedirect(t *testing.T) {
	p := newPortal(t, nil)
	for _, path := range []string{"/api/3/action/package_list", "/api/action/package_list", "/api/3", "/datastore/dump/things"} {
		for _, slash := range []string{"", "/"} {
			if r, body := p.do(t, "GET", path+slash, ""); r.StatusCode != 200 {
				t.Errorf("%s%s: %d %s", path, slash, r.StatusCode, body)
			}
		}
	}
}

func TestWhatIsNoActionIsABadRequest(t *testing.T) {
	p := newPortal(t, nil)
	for _, c := range []struct {
		method, path, body, want string
		status                   int
	}{
		{"GET", "/api/3/action/nothing", "", `"Bad request - Action name not known: nothing"`, 400},
		{"POST", "/api/action/package_show", "{", `"Bad request - JSON Error: `, 400},
		{"GET", "/api/action/package_create", "", `"Bad request - JSON Error: Invalid request. Please use POST method`, 400},
		{"POST", "/api/action/package_create", "{}", `"Authorization Error"`, 403},
		{"GET", "/api/action/user_list", "", `"Authorization Error"`, 403},
		{"GET", "/api/action/package_list?callback=a()%3Bb", "", `"Bad request - callback`, 400},
		{"GET", "/api/action/package_list?callback=a.b", "", `a.b({"help":`, 200},
		{"GET", "/api/action/datastore_search?resource_id=things&limit=1&callback=f", "", `f({"help":`, 200},
		{"POST", "/api/action/package_show", "{}", `"name_or_id":["Missing value"]`, 409},
		{"GET", "/api/action/package_show?id=nothing", "", `"message":"Not found"`, 404},
		{"GET", "/api/action/help_show?name=nothing", "", `Not found: Action function not found`, 404},
		{"GET", "/datastore/dump/nothing", "", `"Not Found Error"`, 404},
		{"GET", "/datastore/dump/things?format=doc", "", `"Validation Error"`, 409},
		{"GET", "/datastore/dump/things?no=1", "", `"Validation Error"`, 409},
		{"GET", "/datastore/dump/things?limit=0&format=tsv", "", "_id\tcode\tname\tnote\tn\tamount\tflag\tseen\n", 200},
		{"GET", "/datastore/dump/things?limit=0&bom=1", "", "\uFEFF_id,code,", 200},
		{"GET", "/datastore/dump/things?limit=1&bom=1&format=json", "", "\uFEFF{", 200},
		{"GET", "/datastore/dump/things?limit=0&format=xml", "", "</data>", 200},
	} {
		r, body := p.do(t, c.method, c.path, c.body)
		if r.StatusCode != c.status || !strings.Contains(body, c.want) {
			t.Errorf("%s %s: %d %s", c.method, c.path, r.StatusCode, body)
		}
		if strings.Contains(c.path, "callback=f") && !strings.HasSuffix(body, "}]}});\n") {
			t.Errorf("%s: %s", c.path, body)
		}
	}
}

func TestWhoAsksTooOftenIsToldWhen(t *testing.T) {
	p := newPortal(t, func(o *server.Options) { o.Rate = server.Rate{Address: 0.01, Key: 1, Burst: 100, KeyWeight: 1} })
	if r, body := p.do(t, "GET", "/api/3/action/datastore_search?resource_id=things&limit=1", ""); r.StatusCode != 200 {
		t.Fatal(body)
	}
	r, body := p.do(t, "GET", "/api/3/action/datastore_search?resource_id=things&limit=1", "")
	if n, err := strconv.Atoi(r.Header.Get("Retry-After")); r.StatusCode != 429 || err != nil || n < 1 || !strings.Contains(body, `"success":false`) {
		t.Errorf("%d %v %s", r.StatusCode, r.Header, body)
	}
	if r, body := p.do(t, "GET", "/api/3/action/package_show?id=things", ""); r.StatusCode != 200 {
		t.Errorf("descriptions are not free: %s", body)
	}
}

func TestEveryActionSaysWhatItIsFor(t *testing.T) {
	p := newPortal(t, nil)
	for _, name := range strings.Fields(`package_list current_package_list_with_resources package_show package_search package_autocomplete resource_show resource_search resource_view_list organization_list organization_show
		organization_autocomplete group_list group_show tag_list tag_show license_list vocabulary_list status_show site_read help_show datastore_search datastore_search_sql datastore_info`) {
		if help, failure := p.call(t, "help_show", object{"name": name}); failure != nil || len(help.(string)) < 20 {
			t.Errorf("%s: %v %v", name, help, failure)
		}
	}
}
