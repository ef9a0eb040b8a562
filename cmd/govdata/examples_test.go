package main

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"govdata/datasets"
)

// Every question that the SQL page offers has an answer over HTTP.
func TestEveryExampleAnswers(t *testing.T) {
	s := demo(t)
	site, err := datasets.LoadSite(datasets.Site)
	if err != nil {
		t.Fatal(err)
	}
	if len(site.Examples) < 7 {
		t.Errorf("there are %d examples", len(site.Examples))
	}
	for _, e := range site.Examples {
		r, err := http.Post(s.url+"/api/v1/sql.csv", "application/sql", strings.NewReader(e.SQL))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r.Body)
		r.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if lines := strings.Count(string(body), "\n"); r.StatusCode != 200 || lines < 2 {
			t.Errorf("%s: status %d, %d lines: %.300s", e.Title.En, r.StatusCode, lines, body)
		}
		t.Logf("%s: %.200s", e.Title.En, body)
	}
}
