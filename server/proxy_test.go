package server

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestAStrangerDoesNotChooseTheAddressesOfTheSite(t *testing.T) {
	get := func(address, path string, header map[string]string) string {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range header {
			r.Header.Set(name, value)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != http.StatusOK {
			t.Fatalf("%s: %d, %v", path, answer.StatusCode, err)
		}
		return string(body)
	}
	stranger := serveFile(t, 10, Options{Engine: &noting{asked: map[string]int{}}, TrustedProxies: []string{"192.0.2.0/24"}})
	known := serveFile(t, 10, Options{Engine: &noting{asked: map[string]int{}}, TrustedProxies: []string{"192.0.2.7", "127.0.0.1"}})
	n := 0
	for _, path := range []string{"/api/v1/datasets", "/api/v1/datasets/things", "/catalog.jsonld", "/catalog.ttl", "/data.json", "/feed.atom", "/sitemap.xml", "/robots.txt", "/openapi.json",
		"/d/catalog.json", "/d/files.txt", "/iceberg/v1/config", "/api/3/action/package_show?id=things", "/datasets/things/schema.jsonld", "/datasets/things"} {
		for _, header := range []map[string]string{{"X-Forwarded-Proto": "https"}, {"X-Forwarded-Host": "evil.example"}, {"Forwarded": "proto=https;host=evil.example"}, {"X-Forwarded-Scheme": "https"}, {"X-Forwarded-Ssl": "on"},
			{"X-Original-Host": "evil.example"}, {"X-Forwarded-Server": "evil.example"}, {"X-Forwarded-Port": "444"}, {"X-Rewrite-URL": "/evil.example"}} {
			n++
			body := get(stranger, path, header)
			if strings.Contains(body, "https://"+stranger) || strings.Contains(body, "evil.example") || strings.Contains(body, ":444/") {
				t.Errorf("%s with %v believes a stranger", path, header)
			}
		}
	}
	t.Logf("%d requests of a stranger", n)
	if body := get(known, "/robots.txt", map[string]string{"X-Forwarded-Proto": "https"}); !strings.Contains(body, "https://"+known+"/sitemap.xml") {
		t.Errorf("a trusted proxy is not believed: %s", body)
	}
}

func TestARangeInAnUnknownUnitIsIgnored(t *testing.T) {
	address := serveFile(t, 1000, Options{Engine: stuck{}})
	for _, path := range []string{"/d/things.csv", "/d/catalog.json", "/catalog.jsonld", "/d/signing-key.pem"} {
		for given, want := range map[string]int{"rows=0-1": 200, "items=1-2,4-5": 200, "x": 200, "bytes": 200, "=0-1": 200, "kilobytes=0-1": 200, "bytes=0-9": 206, "Bytes=0-9": 206, "bytes=99999999-": 416} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Range", given)
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(answer.Body)
			answer.Body.Close()
			if answer.StatusCode != want || err != nil || want == 206 && len(body) != 10 {
				t.Errorf("%s, Range %s: %d and %d bytes, %v; want %d", path, given, answer.StatusCode, len(body), err, want)
			}
		}
	}
}
