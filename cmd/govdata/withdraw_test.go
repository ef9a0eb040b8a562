package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"govdata/catalog"
	"govdata/datasets"
)

// define keeps a definition in a data directory, as `govdata add` does.
func defined(t testing.TB, data string, d *catalog.Dataset) {
	t.Helper()
	both := func(s string) catalog.Text { return catalog.Text{Zh: s, En: s} }
	d.Title, d.Description, d.Publisher, d.LegalBasis, d.Source = both("Title of "+string(d.ID)), both("Text."), both("Office"), both("Law"), both("Office")
	d.Theme, d.UpdateFrequency, d.Licence, d.RejectLimit = "其他", "irregular", "CC0-1.0", 1
	if d.Mode == "" {
		d.Mode = catalog.Replace
	}
	if d.Openness.Attribute != catalog.OpenUnconditional {
		d.Openness.Condition, d.Openness.Basis = both("on application"), both("by law")
	}
	for i := range d.Fields {
		d.Fields[i].Title = both("Field " + d.Fields[i].Name)
	}
	text, err := datasets.Format(d)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(data, "private", "definitions", string(d.ID)+".yaml")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// ingested makes a release and returns its id.
func ingested(t testing.TB, data string, id catalog.ID, csv string, flags ...string) string {
	t.Helper()
	out := must(t, exitDone, append([]string{"ingest", string(id), write(t, string(id)+".csv", []byte(csv)), "--json", "--data", data}, flags...)...)
	var said struct{ Release string }
	if err := json.Unmarshal([]byte(out), &said); err != nil || said.Release == "" {
		t.Fatal(err, out)
	}
	return said.Release
}

// fetched is what an address answers, whatever it is.
func fetched(t testing.TB, method, address, body string, header ...string) (int, string, http.Header) {
	t.Helper()
	r, err := http.NewRequest(method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	client := http.Client{Timeout: 30 * time.Second, Transport: plain, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(b), answer.Header
}

func wards(attribute string) *catalog.Dataset {
	return &catalog.Dataset{ID: "wards", Openness: catalog.Openness{Attribute: attribute}, Key: []string{"no"},
		Fields: []catalog.Field{{Name: "no", Type: "integer", Required: true}, {Name: "name", Type: "text"}}}
}

// holding lists the files under root that hold text.
func holding(t testing.TB, root, text string) (paths []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if bytes.Contains(b, []byte(text)) {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// A withdrawn release is gone from every face of a server that runs, with its
// reason; its bytes are gone from the disk; and nothing brings it back unseen.
func TestAWithdrawalReachesEveryFaceOfARunningServer(t *testing.T) {
	data := t.TempDir()
	defined(t, data, wards(catalog.OpenUnconditional))
	defined(t, data, &catalog.Dataset{ID: "ward_counts", Openness: catalog.Openness{Attribute: catalog.OpenUnconditional}, Key: []string{"n"},
		Fields:  []catalog.Field{{Name: "n", Type: "integer", Required: true}, {Name: "last", Type: "text"}},
		Derived: &catalog.Derivation{Inputs: []catalog.ID{"wards", "towns"}, Optional: []catalog.ID{"wards"}, SQL: "SELECT count(*) AS n, max(name) AS last FROM wards"}})
	defined(t, data, &catalog.Dataset{ID: "ward_names", Openness: catalog.Openness{Attribute: catalog.OpenUnconditional}, Key: []string{"name"},
		Fields: []catalog.Field{{Name: "name", Type: "text", Required: true}}, Derived: &catalog.Derivation{Inputs: []catalog.ID{"wards"}, SQL: "SELECT DISTINCT name FROM wards"}})
	towns := wards(catalog.OpenUnconditional)
	towns.ID = "towns"
	defined(t, data, towns)
	ingested(t, data, "towns", "no,name\n1,town\n")
	first := ingested(t, data, "wards", "no,name\n1,alpha\n")
	second := ingested(t, data, "wards", "no,name\n1,alpha\n2,zzsecretzz\n")
	s, err := start(data, "--address-rate", "0")
	if err != nil {
		t.Fatal(err)
	}
	defer s.stop()
	resource := func() string {
		_, body, _ := fetched(t, "GET", s.url+"/api/3/action/package_show?id=wards", "")
		var said struct {
			Result struct{ Resources []struct{ ID string } }
		}
		if err := json.Unmarshal([]byte(body), &said); err != nil || len(said.Result.Resources) == 0 {
			t.Fatal(err, body)
		}
		return said.Result.Resources[0].ID
	}()
	_, body, _ := fetched(t, "GET", s.url+"/api/catalog/v1?q=wards", "")
	var found struct {
		Results []struct{ Resource struct{ ID, Name string } }
	}
	if err := json.Unmarshal([]byte(body), &found); err != nil {
		t.Fatal(err, body)
	}
	four := ""
	for _, r := range found.Results {
		if r.Resource.Name == "Title of wards" {
			four = r.Resource.ID
		}
	}
	pinned := "wards@" + second
	sql := "/api/v1/sql?q=" + strings.ReplaceAll(`SELECT * FROM "`+pinned+`"`, " ", "%20")
	job := func(path string) (view map[string]any) {
		_, body, _ := fetched(t, "GET", path, "")
		if err := json.Unmarshal([]byte(body), &view); err != nil {
			t.Fatal(err, body)
		}
		return view
	}
	status, body, header := fetched(t, "POST", s.url+"/api/v1/exports", "q=SELECT+*+FROM+wards", "Content-Type", "application/x-www-form-urlencoded")
	if status != 202 {
		t.Fatal(status, body)
	}
	export := s.url + header.Get("Location")
	for range 100 {
		if view := job(export); view["status"] == "done" {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	// Of a release, by every name it has; the last ones of the dataset, which has
	// no other current one.
	addresses := []string{
		"/d/" + pinned + ".csv", "/d/" + pinned + ".csv?where=no%3D2", "/d/" + pinned + ".parquet", "/d/" + pinned + ".manifest.json", "/d/" + pinned + ".manifest.sig", "/d/" + pinned + ".dictionary.csv",
		"/d/wards@" + first + ".." + second + ".diff.csv", "/api/v1/datasets/wards/releases/" + second, "/api/v1/datasets/wards/profile?release=" + second, "/api/v1/datasets/wards/rows?release=" + second,
		"/api/v1/datasets/wards/diff?from=" + first + "&to=" + second, sql, "/datasets/wards/releases/" + second, "/datasets/wards/diff?from=" + first + "&to=" + second,
		"/govdata/wards/" + second + "/wards.csv", "/govdata/wards/" + second + "/manifest.json", "/resource/wards@" + second + ".json", "/api/3/action/datastore_search?resource_id=" + pinned,
		"/d/wards.csv", "/d/wards.dictionary.csv", "/api/v1/datasets/wards", "/api/v1/datasets/wards/sample", "/api/v1/datasets/wards/profile", "/api/v1/datasets/wards/rows", "/api/v1/datasets/wards/releases",
		"/api/v1/sql?q=SELECT%20*%20FROM%20wards", "/datasets/wards", "/resource/wards.json", "/resource/" + four + ".json", "/api/views/" + four + ".json", "/api/3/action/package_show?id=wards",
		"/api/3/action/resource_show?id=" + resource, "/api/3/action/datastore_search?resource_id=" + resource, "/datastore/dump/" + resource, "/iceberg/v1/namespaces/govdata/tables/wards",
		"/datasets/wards/croissant.json", "/datasets/wards/datapackage.json", "/datasets/wards/schema.jsonld", "/datasets/wards/feed.atom",
	}
	for _, address := range addresses {
		if status, body, _ := fetched(t, "GET", s.url+address, ""); status != 200 {
			t.Errorf("before: %s: %d %.200s", address, status, body)
		}
	}
	out := must(t, exitDone, "withdraw", pinned, "--reason", "it names a person", "--by", "the office", "--data", data)
	for _, want := range []string{pinned + ": withdrawn", "deleted", "tombstone", "wards: has no current release"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in %s", want, out)
		}
	}
	for _, address := range addresses {
		status, body, header := fetched(t, "GET", s.url+address, "")
		sqlOfCKAN := status == http.StatusConflict && strings.Contains(address, "datastore_search_sql")
		if status != http.StatusGone && !sqlOfCKAN || !strings.Contains(body, "it names a person") || !strings.Contains(body, "2026") && !strings.Contains(body, fmt.Sprint(time.Now().Year())) || strings.Contains(body, "zzsecretzz") {
			t.Errorf("after: %s: %d %s %.300s", address, status, header.Get("Content-Type"), body)
		}
		if strings.HasPrefix(address, "/d/") || strings.HasPrefix(address, "/api/v1/") {
			var p struct {
				Reason, Tombstone, Type string
				At                      time.Time `json:"withdrawn_at"`
			}
			if err := json.Unmarshal([]byte(body), &p); err != nil || p.Reason != "it names a person" || p.At.IsZero() || p.Type != "/problems/withdrawn" || header.Get("Content-Type") != "application/problem+json; charset=utf-8" {
				t.Errorf("after: %s: %v %s", address, err, body)
			}
		}
	}
	for _, address := range []string{export, export + "/result.csv"} {
		if status, body, _ := fetched(t, "GET", address, ""); status == 200 && !strings.Contains(body, "cancelled") || strings.Contains(body, "zzsecretzz") {
			t.Errorf("%s: %d %s", address, status, body)
		}
	}
	for _, address := range []string{"/", "/datasets", "/api/v1/datasets", "/d/catalog.json", "/d/files.txt", "/feed.atom", "/catalog.ttl", "/data.json", "/sitemap.xml", "/govdata?list-type=2", "/iceberg/v1/namespaces/govdata/tables", "/api/3/action/package_list", "/readyz"} {
		status, body, _ := fetched(t, "GET", s.url+address, "")
		if status != 200 || strings.Contains(body, second) {
			t.Errorf("%s: %d, it names the release: %v", address, status, strings.Contains(body, second))
		}
	}
	// What was computed from it is computed anew; the release before that is named.
	if _, body, _ := fetched(t, "GET", s.url+"/d/ward_counts.csv", ""); strings.Contains(body, "zzsecretzz") || !strings.Contains(body, "0,") {
		t.Errorf("what is computed from it: %s", body)
	}
	if !strings.Contains(out, "computed from "+pinned+", and there still") {
		t.Errorf("%s", out)
	}
	// What could not be computed without it went with it.
	if status, body, _ := fetched(t, "GET", s.url+"/d/ward_names.csv", ""); status != http.StatusGone || !strings.Contains(body, "computed from "+pinned) {
		t.Errorf("what is computed from it alone: %d %s", status, body)
	}
	// The first release stands, and its tombstone can be checked by anyone.
	if status, body, _ := fetched(t, "GET", s.url+"/d/wards@"+first+".csv", ""); status != 200 || !strings.Contains(body, "alpha") {
		t.Errorf("the other release: %d %s", status, body)
	}
	_, tombstone, _ := fetched(t, "GET", s.url+"/d/"+pinned+".tombstone.json", "")
	_, signature, _ := fetched(t, "GET", s.url+"/d/"+pinned+".tombstone.sig", "")
	_, pem, _ := fetched(t, "GET", s.url+"/d/signing-key.pem", "")
	key, err := catalog.ParsePublicKey([]byte(pem))
	if err != nil {
		t.Fatal(err)
	}
	if err := catalog.CheckSignature(key, []byte(tombstone), []byte(signature)); err != nil || !strings.Contains(tombstone, `"the office"`) {
		t.Errorf("%v %s", err, tombstone)
	}
	// Every bit of it is gone but in what was computed from it.
	for _, path := range holding(t, data, "zzsecretzz") {
		if !strings.Contains(path, "ward_counts") {
			t.Errorf("%s still holds it", path)
		}
	}
	if out := must(t, exitDone, "withdraw", pinned, "--reason", "it names a person", "--derived", "--data", data); !strings.Contains(out, "was withdrawn already") || !strings.Contains(out, "ward_counts@") {
		t.Errorf("once more: %s", out)
	}
	if paths := holding(t, data, "zzsecretzz"); len(paths) > 0 {
		t.Errorf("%v still hold it", paths)
	}
	for args, want := range map[string]string{"list": "none is current", "releases wards": "it names a person", "show " + pinned: `"withdrawn_by": "the office"`, "verify --deep": "0 mismatches", "gc": "removed", "refresh": ""} {
		if out := must(t, exitDone, append(strings.Fields(args), "--data", data)...); !strings.Contains(out, want) {
			t.Errorf("%s: %s", args, out)
		}
	}
	if _, stderr, code := govdata(t, "rollback", "wards", second, "--data", data); code != exitFailed || !strings.Contains(stderr, "it names a person") {
		t.Errorf("rollback: %d %s", code, stderr)
	}
	again := write(t, "again.csv", []byte("no,name\n1,alpha\n2,zzsecretzz\n"))
	if _, stderr, code := govdata(t, "ingest", "wards", again, "--data", data); code != exitFailed || !strings.Contains(stderr, "--accept-withdrawn") {
		t.Errorf("the same file: %d %s", code, stderr)
	}
	if paths := holding(t, data, "zzsecretzz"); len(paths) > 0 {
		t.Errorf("what was refused left %v", paths)
	}
	must(t, exitDone, "ingest", "wards", write(t, "other.csv", []byte("no,name\n1,alpha\n2,beta\n")), "--data", data)
	if status, body, _ := fetched(t, "GET", s.url+"/d/wards.csv", ""); status != 200 || !strings.Contains(body, "beta") {
		t.Errorf("a new release: %d %s", status, body)
	}
	must(t, exitDone, "ingest", "wards", again, "--accept-withdrawn", "--data", data)
	if status, body, _ := fetched(t, "GET", s.url+"/d/wards.csv", ""); status != 200 || !strings.Contains(body, "zzsecretzz") {
		t.Errorf("as was wanted: %d %s", status, body)
	}
	must(t, exitDone, "withdraw", "wards", "--reason", "all of it", "--data", data)
	for _, address := range []string{"/d/wards.csv", "/d/wards@" + first + ".csv", "/d/" + pinned + ".csv", "/datasets/wards"} {
		if status, body, _ := fetched(t, "GET", s.url+address, ""); status != http.StatusGone {
			t.Errorf("the whole: %s: %d %.200s", address, status, body)
		}
	}
	if status, body, _ := fetched(t, "GET", s.url+"/d/wards.tombstone.json", ""); status != 200 || !strings.Contains(body, "all of it") {
		t.Errorf("%d %s", status, body)
	}
	must(t, exitDone, "verify", "--data", data)
	must(t, exitUsage, "withdraw", "wards", "--data", data)
}
