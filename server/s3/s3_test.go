package s3

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"govdata/catalog"
)

// publish makes a release of a dataset whose one file is text.
func publish(t testing.TB, c *catalog.Catalog, id catalog.ID, openness, text string) *catalog.Release {
	t.Helper()
	st, err := c.Stage(id)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Discard()
	m := catalog.Manifest{Dataset: catalog.Dataset{ID: id, Openness: catalog.Openness{Attribute: openness}}, PublishedAt: st.Now(), Rows: 1, Counts: catalog.Counts{In: 1, Published: 1}}
	for _, name := range []string{catalog.StoreName, string(id) + ".csv"} {
		path := filepath.Join(st.Dir(), name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		sum, size, err := catalog.HashFile(path)
		if err != nil {
			t.Fatal(err)
		}
		a := catalog.Artefact{Format: "csv", File: name, MediaType: "text/csv", SHA256: sum, Bytes: size, Rows: 1}
		if m.Content = sum; name == catalog.StoreName {
			m.Store = a
		} else {
			m.Artefacts = []catalog.Artefact{a}
		}
	}
	m.Release = catalog.NewReleaseID(m.PublishedAt, m.Content)
	r, err := st.Publish(context.Background(), m)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// noted is metadata of two small objects in every dataset, and one that is not
// listed.
type noted struct{}

func (noted) Objects(id catalog.ID) ([]Object, error) {
	var list []Object
	for _, name := range []string{"b.json", "a.txt"} {
		list = append(list, Object{Name: name, MediaType: "text/plain", Modified: time.Unix(1e9, 0), Bytes: func() ([]byte, error) { return []byte(string(id) + " " + name), nil }})
	}
	return list, nil
}

func (n noted) Object(id catalog.ID, name string) (Object, error) {
	list, _ := n.Objects(id)
	list = append(list, Object{Name: "hidden", Bytes: func() ([]byte, error) { return nil, nil }})
	if i := slices.IndexFunc(list, func(o Object) bool { return o.Name == name }); i >= 0 {
		return list[i], nil
	}
	return Object{}, catalog.ErrNotFound
}

// site is a catalog with a few datasets behind the face.
func site(t testing.TB) (*catalog.Catalog, http.Handler) {
	t.Helper()
	gin.SetMode(gin.ReleaseMode)
	c, err := catalog.Open(t.TempDir(), catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	g := gin.New()
	g.UseRawPath = false
	err = Register(g, Deps{Catalog: c, Metadata: noted{}, Log: slog.New(slog.DiscardHandler),
		Send: func(c *gin.Context, r *catalog.Release, a catalog.Artefact, header map[string]string) error {
			f, err := os.Open(r.Path(a))
			if err != nil {
				return err
			}
			defer f.Close()
			for name, value := range header {
				c.Header(name, value)
			}
			c.Header("ETag", `"`+a.SHA256+`"`)
			http.ServeContent(c.Writer, c.Request, "", r.PublishedAt, f)
			return nil
		}})
	if err != nil {
		t.Fatal(err)
	}
	return c, g
}

func ask(h http.Handler, method, path string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://x"+path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func codeOf(t testing.TB, w *httptest.ResponseRecorder) string {
	t.Helper()
	var e errorResult
	if err := xml.Unmarshal(w.Body.Bytes(), &e); err != nil {
		t.Fatalf("%v: %s", err, w.Body)
	}
	return e.Code
}

// An answer that has no object, or a part of one, has no checksum: clients compare
// it with the body that they got. 304 has no body, an error has one of its own.
func TestOnlyAWholeObjectHasAChecksum(t *testing.T) {
	c, h := site(t)
	r := publish(t, c, "things", catalog.OpenUnconditional, "0123456789")
	tag := `"` + r.Artefacts[0].SHA256 + `"`
	before, after := r.PublishedAt.Add(-time.Hour).UTC().Format(http.TimeFormat), r.PublishedAt.Add(time.Hour).UTC().Format(http.TimeFormat)
	at := r.PublishedAt.UTC().Format(http.TimeFormat)
	tried := 0
	for _, q := range []struct {
		headers []string
		status  int
		code    string
	}{
		{nil, 200, ""},
		{[]string{"If-None-Match", tag}, 304, ""},
		{[]string{"If-None-Match", "W/" + tag}, 304, ""},
		{[]string{"If-None-Match", "*"}, 304, ""},
		{[]string{"If-None-Match", `"other", ` + tag}, 304, ""},
		{[]string{"If-None-Match", `"other"`}, 200, ""},
		{[]string{"If-Match", tag}, 200, ""},
		{[]string{"If-Match", "*"}, 200, ""},
		{[]string{"If-Match", `"other"`}, 412, "PreconditionFailed"},
		{[]string{"If-Match", "W/" + tag}, 412, "PreconditionFailed"},
		{[]string{"If-Modified-Since", at}, 304, ""},
		{[]string{"If-Modified-Since", after}, 304, ""},
		{[]string{"If-Modified-Since", before}, 200, ""},
		{[]string{"If-Modified-Since", "yesterday"}, 200, ""},
		{[]string{"If-Unmodified-Since", before}, 412, "PreconditionFailed"},
		{[]string{"If-Unmodified-Since", after}, 200, ""},
		{[]string{"If-Match", `"other"`, "If-None-Match", tag}, 412, "PreconditionFailed"},
		{[]string{"If-Match", tag, "If-Unmodified-Since", before}, 200, ""},
		{[]string{"If-None-Match", `"other"`, "If-Modified-Since", after}, 200, ""},
		{[]string{"If-None-Match", tag, "Range", "bytes=0-3"}, 304, ""},
		{[]string{"If-Match", `"other"`, "Range", "bytes=99-"}, 412, "PreconditionFailed"},
		{[]string{"Range", "bytes=0-3"}, 206, ""},
		{[]string{"Range", "bytes=0-3", "If-Range", tag}, 206, ""},
		{[]string{"Range", "bytes=0-3", "If-Range", `"other"`}, 200, ""},
		{[]string{"Range", "bytes=99-"}, 416, "InvalidRange"},
		{[]string{"Range", "bytes=-0"}, 416, "InvalidRange"},
	} {
		for _, key := range []string{FileKey(r, r.Artefacts[0]), string(r.Dataset.ID) + "/" + string(r.Release) + "/nothing.csv"} {
			for _, method := range []string{"GET", "HEAD"} {
				tried++
				w := ask(h, method, "/govdata/"+key, append([]string{"X-Amz-Checksum-Mode", "ENABLED"}, q.headers...)...)
				status, code := q.status, q.code
				if strings.HasSuffix(key, "nothing.csv") {
					status, code = 404, "NoSuchKey"
				}
				if w.Code != status {
					t.Errorf("%s %s %v: status %d, want %d", method, key, q.headers, w.Code, status)
				}
				head := w.Result().Header
				if sum := head.Get("X-Amz-Checksum-Sha256"); (sum != "") != (status == 200 && !slices.Contains(q.headers, "If-Range")) {
					t.Errorf("%s %s %v: status %d, checksum %q", method, key, q.headers, w.Code, sum)
				}
				if (head.Get("X-Amz-Checksum-Sha256") == "") != (head.Get("X-Amz-Checksum-Type") == "") {
					t.Errorf("%s %s %v: %v", method, key, q.headers, head)
				}
				body := w.Body.String()
				switch {
				case (method == "HEAD" || status == 304) && body != "":
					t.Errorf("%s %s %v: status %d has the body %q", method, key, q.headers, w.Code, body)
				case method == "GET" && status >= 400 && (codeOf(t, w) != code || head.Get("ETag") != "" || head.Get("Content-Type") != "application/xml"):
					t.Errorf("%s %s %v: %v %s", method, key, q.headers, head, body)
				case status == 304 && (head.Get("ETag") != tag || head.Get("Content-Type") != "" || head.Get("Content-Length") != ""):
					t.Errorf("%s %s %v: %v", method, key, q.headers, head)
				}
			}
		}
	}
	if tried < 100 {
		t.Errorf("only %d requests", tried)
	}
}

func TestAnObjectIsGivenWholeAndInRanges(t *testing.T) {
	c, h := site(t)
	r := publish(t, c, "things", catalog.OpenUnconditional, "0123456789")
	path := "/govdata/" + FileKey(r, r.Artefacts[0])
	for _, q := range []struct{ rang, want, part string }{
		{"", "0123456789", ""},
		{"bytes=2-4", "234", "bytes 2-4/10"},
		{"bytes=7-", "789", "bytes 7-9/10"},
		{"bytes=-2", "89", "bytes 8-9/10"},
		{"bytes=8-99", "89", "bytes 8-9/10"},
		{"bytes=0-1,4-5", "0123456789", ""}, // of several ranges S3 takes none
		{"lines=1-2", "0123456789", ""},
		{"bytes=5-2", "0123456789", ""},
		{"bytes=x-", "0123456789", ""},
	} {
		w := ask(h, "GET", path, "Range", q.rang)
		want := 200
		if q.part != "" {
			want = 206
		}
		if w.Code != want || w.Body.String() != q.want || w.Header().Get("Content-Range") != q.part || w.Header().Get("ETag") != `"`+r.Artefacts[0].SHA256+`"` {
			t.Errorf("%q: status %d, %q, %v", q.rang, w.Code, w.Body, w.Header())
		}
	}
	w := ask(h, "HEAD", path)
	if w.Code != 200 || w.Body.Len() != 0 || w.Header().Get("Content-Length") != "10" || w.Header().Get("Last-Modified") == "" || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
		t.Errorf("HEAD: status %d, %v", w.Code, w.Header())
	}
	for _, rang := range []string{"bytes=10-", "bytes=99-100", "bytes=-0"} {
		if w := ask(h, "GET", path, "Range", rang); w.Code != 416 || codeOf(t, w) != "InvalidRange" {
			t.Errorf("%s: status %d, %s", rang, w.Code, w.Body)
		}
	}
	if w := ask(h, "GET", path, "If-None-Match", `"`+r.Artefacts[0].SHA256+`"`); w.Code != 304 {
		t.Errorf("If-None-Match: status %d", w.Code)
	}
	// Clients compare this one with what they got.
	raw := sha256.Sum256([]byte("0123456789"))
	if sum := ask(h, "GET", path, "X-Amz-Checksum-Mode", "ENABLED").Header().Get("X-Amz-Checksum-Sha256"); sum != base64.StdEncoding.EncodeToString(raw[:]) {
		t.Errorf("checksum %q", sum)
	}
	if sum := ask(h, "GET", path, "X-Amz-Checksum-Mode", "ENABLED", "Range", "bytes=0-1").Header().Get("X-Amz-Checksum-Sha256"); sum != "" {
		t.Errorf("a part has the checksum %q of the whole", sum)
	}
	// Signed with whatever key, or presigned: it is public.
	for _, w := range []*httptest.ResponseRecorder{
		ask(h, "GET", path, "Authorization", "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=00"),
		ask(h, "GET", path+"?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=00&x-id=GetObject"),
		ask(h, "GET", path, "Authorization", "Bearer None"),
	} {
		if w.Code != 200 || w.Body.Len() != 10 {
			t.Errorf("status %d, %s", w.Code, w.Body)
		}
	}
	manifest, err := os.ReadFile(r.ManifestPath())
	if err != nil {
		t.Fatal(err)
	}
	if w := ask(h, "GET", "/govdata/things/"+string(r.Release)+"/manifest.json"); w.Body.String() != string(manifest) || w.Header().Get("ETag") != `"`+r.ManifestHash()+`"` {
		t.Errorf("manifest: status %d, %v", w.Code, w.Header())
	}
	for name, want := range map[string]string{"a.txt": "things a.txt", "b.json": "things b.json", "hidden": ""} {
		if w := ask(h, "GET", "/govdata/things/metadata/"+name); w.Code != 200 || w.Body.String() != want {
			t.Errorf("%s: status %d, %q", name, w.Code, w.Body)
		}
	}
}

func TestOnlyWhatAManifestListsCanBeHad(t *testing.T) {
	c, h := site(t)
	r := publish(t, c, "things", catalog.OpenUnconditional, "public")
	closed := publish(t, c, "secrets", catalog.OpenConditional, "secret")
	if err := os.WriteFile(filepath.Join(c.PrivateDir(), "a.csv"), []byte("private"), 0o600); err != nil {
		t.Fatal(err)
	}
	in := "/govdata/things/" + string(r.Release) + "/"
	for path, want := range map[string]string{
		in + "data.duckdb":                                 "404 NoSuchKey",
		in + "things.xlsx":                                 "404 NoSuchKey",
		in + "":                                            "404 NoSuchKey",
		in + "../pointer.json":                             "404 NoSuchKey",
		in + "..%2f..%2fpointer.json":                      "404 NoSuchKey",
		in + "%2e%2e/%2e%2e/%2e%2e/private/a.csv":          "404 NoSuchKey",
		in + "things.csv%00":                               "404 NoSuchKey",
		in + "things.csv/":                                 "404 NoSuchKey",
		"/govdata//things/":                                "404 NoSuchKey",
		"/govdata/things/pointer.json":                     "404 NoSuchKey",
		"/govdata/things":                                  "404 NoSuchKey",
		"/govdata/THINGS/x/y":                              "404 NoSuchKey",
		"/govdata/../private/a.csv":                        "404 NoSuchKey",
		"/govdata/things/metadata/c":                       "404 NoSuchKey",
		"/govdata/things/20200101-000000000000/things.csv": "404 NoSuchKey",
		"/govdata/" + FileKey(closed, closed.Artefacts[0]): "403 AccessDenied",
		"/govdata/secrets/" + string(closed.Release) + "/manifest.json": "403 AccessDenied",
		"/govdata/secrets/metadata/a.txt":                               "403 AccessDenied",
		"/govdata?acl":                                                  "501 NotImplemented",
		"/govdata?versions":                                             "501 NotImplemented",
		in + "things.csv?tagging":                                       "501 NotImplemented",
		"/govdata?max-keys=x":                                           "400 InvalidArgument",
		"/govdata?max-keys=-1":                                          "400 InvalidArgument",
		"/govdata?encoding-type=json":                                   "400 InvalidArgument",
		"/govdata?list-type=2&continuation-token=%21":                   "400 InvalidArgument",
	} {
		w := ask(h, "GET", path)
		if got := fmt.Sprint(w.Code, " ", codeOf(t, w)); got != want {
			t.Errorf("%s: %s, want %s: %s", path, got, want, w.Body)
		}
		if w.Header().Get("ETag") != "" {
			t.Errorf("%s: %v %s", path, w.Header(), w.Body)
		}
		if strings.HasPrefix(path, "/govdata?") {
			continue // HEAD asks whether there is the bucket
		}
		if head := ask(h, "HEAD", path); head.Code != w.Code || head.Body.Len() != 0 {
			t.Errorf("HEAD %s: status %d, %q", path, head.Code, head.Body)
		}
	}
	if w := ask(h, "GET", in+"things.csv"); w.Body.String() != "public" {
		t.Errorf("status %d, %s", w.Code, w.Body)
	}
}

func TestTheBucketCannotBeWritten(t *testing.T) {
	c, h := site(t)
	r := publish(t, c, "things", catalog.OpenUnconditional, "public")
	for _, path := range []string{"/govdata", "/govdata?delete", "/govdata/" + FileKey(r, r.Artefacts[0]), "/govdata/things/metadata/new?uploads", "/govdata/"} {
		for _, method := range []string{"PUT", "POST", "DELETE", "PATCH"} {
			if w := ask(h, method, path); w.Code != 405 || codeOf(t, w) != "MethodNotAllowed" || w.Header().Get("Allow") != "GET, HEAD" {
				t.Errorf("%s %s: status %d, %s", method, path, w.Code, w.Body)
			}
		}
	}
}

func TestBucketsSayWhereTheyAre(t *testing.T) {
	_, h := site(t)
	for path, want := range map[string]string{
		"/govdata?location":    "LocationConstraint",
		"/govdata/?location":   "LocationConstraint",
		"/govdata?versioning":  "VersioningConfiguration",
		"/govdata?list-type=2": "<KeyCount>0</KeyCount>",
	} {
		if w := ask(h, "GET", path); w.Code != 200 || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: status %d, %s", path, w.Code, w.Body)
		}
	}
	if w := ask(h, "GET", "/", "Authorization", "AWS4-HMAC-SHA256 Credential=a/b"); w.Code != 200 || !strings.Contains(w.Body.String(), "<Name>govdata</Name>") {
		t.Errorf("status %d, %s", w.Code, w.Body)
	}
	for _, method := range []string{"PUT", "POST"} {
		if w := ask(h, method, "/", "Authorization", "AWS4-HMAC-SHA256 Credential=a/b"); w.Code != 405 {
			t.Errorf("%s: status %d", method, w.Code)
		}
	}
	if w := ask(h, "GET", "/"); w.Code != 404 {
		t.Errorf("the first page: status %d, %s", w.Code, w.Body)
	}
	if w := ask(h, "HEAD", "/govdata"); w.Code != 200 || w.Header().Get("X-Amz-Bucket-Region") != Region {
		t.Errorf("status %d, %v", w.Code, w.Header())
	}
}

// listed is what a ListObjects answer says.
type listed struct {
	Contents              []listedObject
	CommonPrefixes        []listedPrefix
	IsTruncated           bool
	KeyCount              int
	NextContinuationToken string
	NextMarker            string
}

// want finds with plain loops what a listing has to hold.
func want(keys []string, prefix, delimiter, after string) (names []string) {
	for _, key := range keys {
		if !strings.HasPrefix(key, prefix) || key <= after {
			continue
		}
		if delimiter != "" {
			if i := strings.Index(key[len(prefix):], delimiter); i >= 0 {
				key = key[:len(prefix)+i+len(delimiter)]
			}
		}
		if !slices.Contains(names, key) {
			names = append(names, key)
		}
	}
	slices.Sort(names)
	return names
}

// Pages together hold every name once and in order, whatever their size, the
// prefix and the delimiter, in both versions of the protocol.
func TestPagesHoldEveryNameOnce(t *testing.T) {
	c, h := site(t)
	for _, id := range []catalog.ID{"ab", "ab_c", "ab1", "zz"} {
		publish(t, c, id, catalog.OpenUnconditional, "1 of "+string(id))
		publish(t, c, id, catalog.OpenUnconditional, "2 of "+string(id))
	}
	publish(t, c, "ac_closed", catalog.OpenConditional, "closed")
	f := &face{Deps{Catalog: c, Metadata: noted{}}}
	var keys []string
	for _, id := range []catalog.ID{"ab", "ab1", "ab_c", "zz"} {
		objects, err := f.objects(id)
		if err != nil || len(objects) != 8 {
			t.Fatalf("%s: %d objects, %v", id, len(objects), err)
		}
		for _, o := range objects {
			keys = append(keys, o.key)
		}
	}
	if !slices.IsSorted(keys) {
		t.Fatalf("keys %v", keys)
	}
	asked := 0
	for _, prefix := range []string{"", "a", "ab", "ab/", "ab1/2", "ab/metadata/", "ab/metadata/a", "zz/", "zzz", keys[3], "ac_closed/"} {
		for _, delimiter := range []string{"", "/", "a", ".", "meta"} {
			for _, size := range []int{1, 2, 3, 7, 1000} {
				for _, version := range []string{"1", "2"} {
					for _, after := range []string{"", "ab", "ab/", keys[4], "ab1", "zz/", "zz/zz"} {
						var names []string
						query := fmt.Sprintf("/govdata?list-type=%s&prefix=%s&delimiter=%s&max-keys=%d", version, prefix, delimiter, size)
						next := "&start-after=" + after
						if version == "1" {
							if after != "" {
								continue // a marker may be a common prefix of another page
							}
							next = "&marker="
						}
						for {
							w := ask(h, "GET", query+next)
							var l listed
							if err := xml.Unmarshal(w.Body.Bytes(), &l); err != nil || w.Code != 200 {
								t.Fatalf("%s: status %d, %v", query+next, w.Code, err)
							}
							asked++
							var page []string
							for _, o := range l.Contents {
								page = append(page, o.Key)
							}
							for _, p := range l.CommonPrefixes {
								page = append(page, p.Prefix)
							}
							slices.Sort(page)
							if names = append(names, page...); len(page) > size || version == "2" && l.KeyCount != len(page) || l.IsTruncated && len(page) < size {
								t.Fatalf("%s: %+v", query+next, l)
							}
							if !l.IsTruncated {
								break
							}
							if next = "&continuation-token=" + l.NextContinuationToken; version == "1" {
								next = "&marker=" + l.NextMarker
							}
						}
						if w := want(keys, prefix, delimiter, after); !slices.Equal(names, w) {
							t.Errorf("%s after %q: found %v, want %v", query, after, names, w)
						}
					}
				}
			}
		}
	}
	t.Logf("%d pages", asked)
	if w := ask(h, "GET", "/govdata?list-type=2&max-keys=0"); !strings.Contains(w.Body.String(), "<IsTruncated>false") || strings.Contains(w.Body.String(), "<Key>") {
		t.Errorf("%s", w.Body)
	}
	if w := ask(h, "GET", "/govdata?list-type=2&encoding-type=url&prefix=a%20b%2F%E5%90%8D"); !strings.Contains(w.Body.String(), "<Prefix>a+b/%E5%90%8D</Prefix>") {
		t.Errorf("%s", w.Body)
	}
}

func FuzzKeysLeadNowhereElse(f *testing.F) {
	for _, s := range []string{"", "things", "things/", "things/metadata/v1.metadata.json", "things/20261125-ff677305eb40/things.csv.gz", "things/20261125-ff677305eb40/../x", "../things/metadata/a",
		"things/metadata/..", "things/metadata/.hidden", "things//a", "things/20261125-ff677305eb40/a/b", "things/metadata/a\x00", "things/metadata/名", "/things/metadata/a", `things\metadata\a`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		k, ok := parseKey(s)
		if !ok {
			return
		}
		if k.String() != s {
			t.Errorf("%q was read as %q", s, k)
		}
		if clean := filepath.Clean("/" + s); clean != "/"+s || strings.Count(s, "/") != 2 || strings.Contains(s, "..") && filepath.Base(s) == ".." {
			t.Errorf("%q leads to %q", s, clean)
		}
	})
}

func FuzzRangesAreAnsweredOrRefused(f *testing.F) {
	for _, s := range []string{"bytes=0-1", "bytes=-1", "bytes=9-", "bytes=10-", "bytes=-0", "bytes=--1", "bytes=1--1", "bytes=0-99999999999999999999", "bytes=+1-2", "bytes= 1-2", "bytes=,", "bytes=0-0,", "", "bytes=-99999999999999999999"} {
		f.Add(s)
	}
	const text = "0123456789"
	f.Fuzz(func(t *testing.T, rang string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Range", rang)
		if err := oneRange(r, int64(len(text))); err != nil {
			return
		}
		w := httptest.NewRecorder()
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(text))
		switch body, _ := io.ReadAll(w.Body); {
		case w.Code == 200 && string(body) == text:
		case w.Code == 206 && strings.Contains(text, string(body)) && len(body) > 0 && !strings.Contains(w.Header().Get("Content-Type"), "multipart"):
		default:
			t.Errorf("%q: status %d, %q", rang, w.Code, body)
		}
	})
}

// Five hundred datasets are listed as folders, and a page of their files.
func BenchmarkFiveHundredDatasets(b *testing.B) {
	c, h := site(b)
	for i := range 500 {
		publish(b, c, catalog.ID(fmt.Sprintf("things_%d", i)), catalog.OpenUnconditional, fmt.Sprint(i))
	}
	for name, path := range map[string]string{"folders": "/govdata?list-type=2&delimiter=/", "files": "/govdata?list-type=2", "one": "/govdata?list-type=2&prefix=things_7/"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if w := ask(h, "GET", path); w.Code != 200 {
					b.Fatal(w.Code)
				}
			}
		})
	}
}
