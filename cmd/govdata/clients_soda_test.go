package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"govdata/catalog"
	"govdata/server/soda"
)

// sodapy speaks https alone, so it gets it.
func TestClientSodapy(t *testing.T) {
	s := demo(t)
	site, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	tls := httptest.NewTLSServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(site)
		r.Out.Host = r.In.Host
		r.SetXForwarded()
	}})
	defer tls.Close()
	certificate := write(t, "certificate.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: tls.Certificate().Raw}))
	out, err := python(t, "soda.py", tls.Listener.Addr().String(), certificate, s.url)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var datasets, values int
	if _, err := fmt.Sscanf(out, "%d datasets, %d values", &datasets, &values); err != nil || datasets < 50 || values < 200_000 {
		t.Errorf("sodapy compared %s", out)
	}
	t.Log(out)
}

// records reads CSV as R's read.csv does, without its guesses of types.
func records(t *testing.T, body []byte) [][]string {
	t.Helper()
	all, err := csv.NewReader(bytes.NewReader(body)).ReadAll()
	if err != nil {
		t.Fatalf("%v\n%.500s", err, body)
	}
	return all
}

// rsocrata asks as read.socrata of RSocrata 1.8 does: the address becomes one of
// /resource, an order by :id is added where there is none, the first answer comes
// without a limit, and the next ones 50,000 rows at a time until one has no rows.
func rsocrata(t *testing.T, s site, address string, query url.Values) (header []string, rows [][]string, types map[string]string) {
	t.Helper()
	address = strings.TrimSuffix(strings.TrimSuffix(address, "/"), "/data")
	if strings.HasSuffix(address, "/rows.csv") || strings.HasSuffix(address, "/rows.json") {
		address = address[len("/api/views/") : len("/api/views/")+9]
	}
	if !strings.HasPrefix(address, "/resource/") {
		short := address[strings.LastIndexByte(address, '/')+1:]
		if len(short) != 9 || !regexp.MustCompile(`^[[:alnum:]]{4}-[[:alnum:]]{4}`).MatchString(short) {
			t.Fatalf("%s is not a valid Socrata dataset unique identifier", short)
		}
		address = "/resource/" + short + ".csv"
	}
	limited := query.Has("$limit") || query.Has("$LIMIT")
	valid := address + "?" + query.Encode()
	if !query.Has("$order") && !strings.Contains(query.Encode(), "count") {
		valid += "&$order=:id"
	}
	fetch := func(path string) [][]string {
		r, body := s.do(t, "GET", path, nil, "User-Agent", "RSocrata/1.8.0 (Linux; R/4.4.0)")
		if r.StatusCode != 200 || !strings.HasPrefix(r.Header.Get("Content-Type"), "text/csv") {
			t.Fatalf("%s: %d %s", path, r.StatusCode, body)
		}
		if types == nil {
			var fields, kinds []string
			if json.Unmarshal([]byte(r.Header.Get("x-soda2-fields")), &fields) != nil || json.Unmarshal([]byte(r.Header.Get("x-soda2-types")), &kinds) != nil || len(fields) != len(kinds) {
				t.Fatalf("%s: %v", path, r.Header)
			}
			types = map[string]string{}
			for i, f := range fields {
				types[f] = kinds[i]
			}
		}
		all := records(t, body)
		header = all[0]
		return all[1:]
	}
	page := fetch(valid)
	rows = page
	for len(page) > 0 && !limited {
		page = fetch(fmt.Sprintf("%s&$limit=50000&$offset=%d", valid, len(rows)))
		rows = append(rows, page...)
	}
	return header, rows, types
}

func TestClientRSocrataReadsWholeDatasets(t *testing.T) {
	s := demo(t)
	// One of the two forms that RSocrata makes dates of.
	date := regexp.MustCompile(`^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}.\d{3}$`)
	compared := 0
	for id, address := range map[string]string{
		"admin_penalties": "/Market/Penalties/%s", "working_days": "/resource/%s.csv", "budgets": "/api/views/%s/rows.csv", "environment_quality": "/d/%s/data", "regions": "/d/%s",
	} {
		body, _ := s.get(t, 200, "/d/"+id+".csv")
		want := records(t, body)
		header, rows, types := rsocrata(t, s, fmt.Sprintf(address, short(id)), url.Values{"$$app_token": {"any"}})
		if !slices.Equal(header, want[0]) || len(rows) != len(want)-1 {
			t.Fatalf("%s: %d rows of %v, want %d of %v", id, len(rows), header, len(want)-1, want[0])
		}
		for i, row := range rows {
			for j, v := range row {
				if types[header[j]] == "floating_timestamp" && v != "" {
					if !date.MatchString(v) {
						t.Fatalf("%s: row %d: RSocrata cannot read the date %q", id, i, v)
					}
					v = strings.TrimSuffix(v, "T00:00:00.000")
				}
				if v != want[i+1][j] {
					t.Fatalf("%s: row %d: %s is %q, want %q", id, i, header[j], v, want[i+1][j])
				}
				compared++
			}
		}
	}
	if compared < 50_000 {
		t.Errorf("%d values compared", compared)
	}
	if _, rows, _ := rsocrata(t, s, "/resource/"+short("admin_penalties")+".csv", url.Values{"$limit": {"10"}, "$where": {"fine > 100"}}); len(rows) != 10 {
		t.Errorf("with a limit: %d rows", len(rows))
	}
	if header, rows, types := rsocrata(t, s, "/resource/"+short("regions")+".csv", url.Values{"$select": {"count(*)"}, "$limit": {"1"}}); len(rows) != 1 || rows[0][0] != "102" || header[0] != "count" || types["count"] != "number" {
		t.Errorf("counting: %v %v", rows, types)
	}
}

func short(id string) string { return soda.FourByFour(parsed(id)) }

func parsed(id string) catalog.ID {
	ref, err := catalog.ParseID(id)
	if err != nil {
		panic(err)
	}
	return ref
}

// Each expression of SoQL and what it is in SQL give the same over every row, or
// over all rows where it is an aggregate.
func TestSoQLAgreesWithSQL(t *testing.T) {
	s := demo(t)
	const stamp = `'%Y-%m-%dT%H:%M:%S.%g'`
	for _, pair := range [][2]string{
		{"upper(agency_uscc)", ""}, {"lower(party_uscc)", ""}, {"length(party)", ""}, {"len(party)", "length(party)"}, {"trim(party)", ""}, {"replace(party, '有限', 'x')", ""},
		{"contains(party, '物流')", ""}, {"starts_with(party, '临夏')", ""}, {"substring(party, 2, 3)", ""}, {"substring(party, 3)", ""}, {"split_part(basis, '第', 2)", ""},
		{"caseless_contains(agency_uscc, 'yya')", "contains(lower(agency_uscc), 'yya')"}, {"caseless_one_of(kinds, '罚款', 'X')", "kinds IN ('罚款')"},
		{"left_pad(region_code, 8, '0')", "lpad(region_code, 8, '0')"}, {"unaccent('é')", "'e'"}, {"chr(65)", "'A'"}, {"trim_leading('  a')", "'a'"},
		{"party || '/' || fine", "party || '/' || fine::VARCHAR"}, {"decided_on || ''", "strftime(decided_on::TIMESTAMP, " + stamp + ")"},
		{"fine + 1.10", ""}, {"fine - confiscated", ""}, {"fine * 2", ""}, {"fine / 3", ""}, {"fine / 0", "NULL"}, {"fine % 7", ""}, {"2 ^ working_days_late", ""}, {"-fine", ""}, {"- -fine", "fine"}, {"abs(working_days_late)", ""},
		{"ceil(fine / 3)", ""}, {"floor(fine / 3)", ""}, {"floor(working_days_late)", "working_days_late"}, {"round(fine / 3, 1)", ""}, {"round(fine)", "round(fine, 0)"}, {"ln(fine)", ""},
		{"greatest(fine, confiscated, 5)", ""}, {"least(fine, confiscated)", ""}, {"coalesce(confiscated, fine, 0)", ""}, {"nullif(timeliness, '按时')", ""},
		{"case when fine > 20000 then 'a' when fine > 5000 then 'b' end", ""}, {"case(fine > 20000, 'a', true, 'b')", "case when fine > 20000 then 'a' else 'b' end"}, {"iif(fine > 20000, 1, 0)", "if(fine > 20000, 1, 0)"},
		{"fine > 1000 and not kinds = '罚款' or party is null", ""}, {"fine between 1000 and '5000'", "fine between 1000 and 5000"}, {"fine not between 1000 and 5000", ""}, {"kinds in ('罚款', '警告')", ""}, {"kinds not in ('罚款')", ""},
		{"party like '%公司'", ""}, {"party not like '临_%'", ""}, {"decided_on >= '2025-01-01'", ""}, {"decided_on < '2025-03-04T12:00:00'", ""}, {"fine is null", ""}, {"confiscated is not null", ""}, {"fine <> 4600", ""}, {"fine == '4600.0'", "fine = 4600"}, {"fine != 4600", ""},
		{"date_trunc_y(decided_on)", "strftime(date_trunc('year', decided_on), " + stamp + ")"}, {"date_trunc_ym(decided_on)", "strftime(date_trunc('month', decided_on), " + stamp + ")"}, {"date_trunc_ymd(decided_on)", "strftime(date_trunc('day', decided_on), " + stamp + ")"},
		{"date_extract_y(decided_on)", "year(decided_on)"}, {"date_extract_m(decided_on)", "month(decided_on)"}, {"date_extract_d(decided_on)", "day(decided_on)"}, {"date_extract_hh(decided_on)", "0"}, {"date_extract_mm(decided_on)", "0"}, {"date_extract_ss(decided_on)", "0"},
		{"date_extract_dow(decided_on)", "dayofweek(decided_on)"}, {"date_extract_woy(decided_on)", "week(decided_on)"}, {"date_extract_iso_y(decided_on)", "isoyear(decided_on)"}, {"date_diff_d(announced_on, decided_on)", "announced_on - decided_on"},
		{"region_code::number", "region_code::BIGINT"}, {"fine::text", "fine::VARCHAR"}, {"'2026-01-02'::floating_timestamp", "'2026-01-02T00:00:00.000'"}, {"party::number", "NULL"}, {"('1' || '.50')::number", "'1.5'"}, {"'2026-01-02T03:04:05+08:00'::fixed_timestamp", "'2026-01-01T19:04:05.000Z'"},
		{"('2026-01-02T03:04:05+08:00' || '')::fixed_timestamp", "'2026-01-01T19:04:05.000Z'"}, {"('tr' || 'ue')::boolean", "true"}, {"(fine > 1)::text", "(fine > 1)::VARCHAR"}, {"('2026-01-02' || '')::floating_timestamp", "'2026-01-02T00:00:00.000'"},
		{"decided_on", "strftime(decided_on::TIMESTAMP, " + stamp + ")"}, {"epoch_seconds('1970-01-02T00:00:00Z')", "'86400'"}, {"datez_trunc_ym('2026-03-04T05:06:07Z')", "'2026-03-01T00:00:00.000Z'"}, {"null", ""}, {"12345678901234567890.12", "'12345678901234567890.12'"},
		// Aggregates.
		{"count(*)", ""}, {"count(confiscated)", ""}, {"count(distinct party)", ""}, {"count_distinct(kinds)", "count(distinct kinds)"}, {"sum(fine)", ""}, {"sum(working_days_late)", ""}, {"avg(fine)", ""}, {"min(fine)", ""}, {"max(party)", ""},
		{"min(decided_on)", "strftime(min(decided_on)::TIMESTAMP, " + stamp + ")"}, {"median(fine)", ""}, {"median(kinds)", "quantile_disc(kinds, 0.5)"}, {"stddev_pop(fine)", ""}, {"stddev_samp(fine)", ""}, {"var_pop(fine)", ""}, {"var_samp(fine)", ""},
		{"bool_and(fine > 1)", ""}, {"bool_or(fine > 1)", ""}, {"regr_slope(fine, working_days_late)", ""}, {"regr_intercept(fine, working_days_late)", ""}, {"regr_r2(fine, working_days_late)", ""}, {"regr_slope(fine, 1)", "max(NULL)"}, {"sum(fine) / count(*)", ""}, {"max(fine) - min(fine) > 5", ""},
	} {
		expression, native := pair[0], pair[1]
		if native == "" {
			native = expression
		}
		got, _ := s.get(t, 200, "/resource/admin_penalties.csv", "$select", expression+" as v", "$limit", "1000")
		want, _ := s.get(t, 200, "/api/v1/sql.csv", "q", "SELECT "+native+" AS v FROM admin_penalties")
		if g, w := records(t, got), records(t, want); !slices.EqualFunc(g, w, slices.Equal) {
			t.Errorf("%s: found %v, want %v", expression, g[:min(4, len(g))], w[:min(4, len(w))])
		} else if len(g) != 2 && len(g) != 510 {
			t.Errorf("%s: %d rows", expression, len(g))
		}
	}
}

func TestResourcesKeepTheContractOfSODA(t *testing.T) {
	s := demo(t)
	path := "/resource/" + short("admin_penalties") + ".json"
	r, body := s.do(t, "GET", path+"?$select=decision_no,fine,decided_on&$limit=2", nil)
	if r.Header.Get("X-SODA2-Fields") != `["decision_no","fine","decided_on"]` || r.Header.Get("X-SODA2-Types") != `["text","number","floating_timestamp"]` {
		t.Errorf("fields %s, types %s", r.Header.Get("X-SODA2-Fields"), r.Header.Get("X-SODA2-Types"))
	}
	if !strings.HasPrefix(string(body), "[{") || strings.Count(string(body), "\n,{") != 1 || !strings.HasSuffix(string(body), "}]\n") || r.Header.Get("Last-Modified") != r.Header.Get("X-SODA2-Truth-Last-Modified") {
		t.Errorf("%v %s", r.Header, body)
	}
	if r, body := s.do(t, "GET", path+"?$select=decision_no,fine,decided_on&$limit=2", nil, "If-None-Match", r.Header.Get("ETag")); r.StatusCode != 304 || len(body) > 0 {
		t.Errorf("If-None-Match: %d", r.StatusCode)
	}
	if other, _ := s.do(t, "GET", path+"?$select=decision_no,fine,decided_on&$limit=3", nil, "If-None-Match", r.Header.Get("ETag")); other.StatusCode != 200 {
		t.Errorf("If-None-Match of another question: %d", other.StatusCode)
	}
	if r, _ := s.do(t, "GET", path, nil, "If-Modified-Since", r.Header.Get("Last-Modified")); r.StatusCode != 304 {
		t.Errorf("If-Modified-Since: %d", r.StatusCode)
	}
	if head, none := s.do(t, "HEAD", path+"?$select=decision_no,fine,decided_on&$limit=2", nil); head.StatusCode != 200 || len(none) > 0 || head.Header.Get("X-SODA2-Types") != r.Header.Get("X-SODA2-Types") || head.Header.Get("ETag") != r.Header.Get("ETag") {
		t.Errorf("HEAD: %d %v", head.StatusCode, head.Header)
	}
	if r, body := s.do(t, "GET", strings.TrimSuffix(path, ".json")+"?$limit=1&$select=party", nil, "Accept", "text/csv"); !strings.HasPrefix(r.Header.Get("Content-Type"), "text/csv") || !strings.HasPrefix(string(body), "\"party\"\n\"") {
		t.Errorf("Accept: %s", body)
	}
	if body, _ := s.get(t, 200, path, "$offset", "509"); string(body) != "[]\n" {
		t.Errorf("behind the end: %s", body)
	}
	if body, _ := s.get(t, 200, path, "$limit", "0"); string(body) != "[]\n" {
		t.Errorf("no rows: %s", body)
	}
	// The default page is a thousand rows, and a longer one is never cut.
	for limit, want := range map[string]int{"": 1000, "7000": 7000, "1000000": 7305} {
		query := []string{"$select", "date"}
		if limit != "" {
			query = append(query, "$limit", limit)
		}
		var rows []struct{ Date string }
		body, _ := s.get(t, 200, "/resource/working_days.json", query...)
		if err := json.Unmarshal(body, &rows); err != nil || len(rows) != want {
			t.Errorf("limit %q: %d rows, %v", limit, len(rows), err)
		}
	}
	var features struct {
		Type     string
		Features []struct {
			Type       string
			Geometry   any
			Properties map[string]any
		}
	}
	body, _ = s.get(t, 200, "/resource/regions.geojson", "$limit", "3")
	if err := json.Unmarshal(body, &features); err != nil || features.Type != "FeatureCollection" || len(features.Features) != 3 || features.Features[1].Properties["name"] != "兰州市" || features.Features[0].Geometry != nil {
		t.Errorf("%v %s", err, body)
	}
	// A release can be pinned, by either name.
	body, h := s.get(t, 200, "/resource/regions.json", "$select", "count(*)")
	pinned, _ := s.get(t, 200, "/resource/"+short("regions")+"@"+h.Get("X-Release")+".json", "$select", "count(*)")
	if string(body) != string(pinned) {
		t.Errorf("pinned: %s", pinned)
	}
	s.get(t, 404, "/resource/regions@20200101-000000000000.json")
	for _, query := range []string{"$limit=x", "$where=fine", "$query=select+1+2", "$$version=2.0", "$select=a%00b", "$order=fine&$order=party", "$group=kinds&$select=party"} {
		if r, body := s.do(t, "GET", path+"?"+query, nil); r.StatusCode != 400 || !strings.Contains(string(body), `"error":true`) || r.Header.Get("ETag") != "" || r.Header.Get("X-SODA2-Fields") != "" {
			t.Errorf("%s: %d %s", query, r.StatusCode, body)
		}
	}
	// What DuckDB alone finds out is the author's fault as well.
	if r, body := s.do(t, "GET", path+"?$select=sum(12345678901234567890123456789012345678*fine)", nil); r.StatusCode != 400 || !strings.Contains(string(body), `"error":true`) {
		t.Errorf("overflow: %d %s", r.StatusCode, body)
	}
	for _, method := range []string{"POST", "PUT", "DELETE"} {
		if r, body := s.do(t, method, path, strings.NewReader("[]")); r.StatusCode != 405 || r.Header.Get("Allow") == "" || !strings.Contains(string(body), "read only") {
			t.Errorf("%s: %d %s", method, r.StatusCode, body)
		}
	}
}

func TestViewsAreDownloadedWhole(t *testing.T) {
	s := demo(t)
	address := "/api/views/" + short("working_days")
	plain, _ := s.get(t, 200, "/d/working_days.csv")
	want := records(t, plain)
	body, h := s.get(t, 200, address+"/rows.csv", "accessType", "DOWNLOAD", "lang", "en")
	rows := records(t, body)
	if len(rows) != len(want) || rows[0][0] == "date" || !strings.Contains(h.Get("Content-Disposition"), "attachment") {
		t.Fatalf("%d rows of %v, %v", len(rows), rows[0], h)
	}
	for i, row := range rows[1:] {
		d := strings.Split(row[0], "/")
		if got := []string{d[2] + "-" + d[0] + "-" + d[1], row[1], row[2], row[3]}; !slices.Equal(got, want[i+1]) {
			t.Fatalf("row %d: %v, want %v", i, got, want[i+1])
		}
	}
	var table struct {
		Meta struct {
			View struct {
				Columns []struct{ FieldName string }
			}
		}
		Data [][]any
	}
	body, _ = s.get(t, 200, address+"/rows.json", "accessType", "DOWNLOAD")
	if err := json.Unmarshal(body, &table); err != nil || len(table.Data) != len(want)-1 || len(table.Data[0]) != len(table.Meta.View.Columns) {
		t.Fatalf("%v: %d rows", err, len(table.Data))
	}
	for i, row := range table.Data {
		for j, column := range table.Meta.View.Columns[8:] {
			v := ""
			if row[8+j] != nil {
				v = strings.TrimSuffix(fmt.Sprint(row[8+j]), "T00:00:00")
			}
			if v != want[i+1][j] {
				t.Fatalf("row %d: %s is %v, want %s", i, column.FieldName, row[8+j], want[i+1][j])
			}
		}
	}
	var columns []struct{ FieldName, DataTypeName string }
	body, _ = s.get(t, 200, address+"/columns.json")
	if err := json.Unmarshal(body, &columns); err != nil || len(columns) != 4 || columns[0].DataTypeName != "calendar_date" || columns[2].DataTypeName != "checkbox" || columns[1].DataTypeName != "number" {
		t.Errorf("%v %s", err, body)
	}
	for _, path := range []string{"/api/views/regions.json?x=1", "/api/catalog/v1?x=1", "/api/catalog/v1?limit=-1", "/api/catalog/v1?order=size", "/api/views/regions/rows.csv?delimiter=x"} {
		if r, body := s.do(t, "GET", path, nil); r.StatusCode != 400 || !strings.Contains(string(body), `"error":true`) {
			t.Errorf("%s: %d %s", path, r.StatusCode, body)
		}
	}
	if r, body := s.do(t, "GET", "/api/catalog/v1?domains=data.example.org", nil); r.StatusCode != 404 {
		t.Errorf("another domain: %d %s", r.StatusCode, body)
	}
	s.get(t, 404, "/api/views/regions/rows.docx")
}

func TestSODAKeepsConditionalDatasetsClosed(t *testing.T) {
	s := demo(t)
	id := short("ppp_projects")
	paths := []string{"/resource/" + id + ".json", "/resource/ppp_projects.csv?$select=count(*)", "/resource/" + id + ".geojson", "/api/views/" + id + "/rows.csv", "/api/views/" + id + "/rows.json"}
	for _, path := range paths {
		for _, headers := range [][]string{nil, {"X-App-Token", "any"}, {"If-Modified-Since", "Fri, 01 Jan 2100 00:00:00 GMT"}} {
			if r, body := s.do(t, "GET", path, nil, headers...); r.StatusCode != 403 || !strings.Contains(string(body), "permission_denied") || r.Header.Get("ETag") != "" {
				t.Errorf("%s with %v: %d %.200s", path, headers, r.StatusCode, body)
			}
		}
		if r, _ := s.do(t, "HEAD", path, nil); r.StatusCode != 403 {
			t.Errorf("HEAD %s: %d", path, r.StatusCode)
		}
	}
	s.get(t, 200, "/api/views/"+id+".json")
	out := must(t, exitDone, "keys", "create", "ppp_projects", "--holder", "soda", "--data", s.data)
	key := regexp.MustCompile(`gd_[A-Za-z0-9_-]+|[A-Za-z0-9_-]{32,}`).FindString(out)
	if key == "" {
		t.Fatalf("no key in %s", out)
	}
	for _, path := range paths {
		for _, headers := range [][]string{{"X-API-Key", key}, {"Authorization", "Bearer " + key}} {
			if r, body := s.do(t, "GET", path, nil, headers...); r.StatusCode != 200 || len(body) < 10 || !strings.Contains(r.Header.Get("Cache-Control"), "private") {
				t.Errorf("%s with a key: %d %v %.200s", path, r.StatusCode, r.Header, body)
			}
		}
	}
}
