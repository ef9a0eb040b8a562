package main

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// CKAN's clients work unchanged: ckanapi with its command line, Frictionless, and
// the requests that ckanr and a CKAN harvester make. All of them get the rows of
// the CSV files, of every dataset.
func TestClientsOfCKANReadEveryRow(t *testing.T) {
	s := demo(t)
	key := regexp.MustCompile(`gd_[a-z0-9]+`).FindString(must(t, exitDone, "keys", "create", "ppp_projects", "--holder", "test", "--data", s.data))
	out, err := python(t, "ckan.py", s.url, key)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	counts := map[string]int{}
	for _, m := range regexp.MustCompile(`(\w+)=(\d+)`).FindAllStringSubmatch(out[strings.LastIndex(out, "ok "):], -1) {
		counts[m[1]], _ = strconv.Atoi(m[2])
	}
	t.Log(strings.TrimSpace(out))
	body, _ := s.get(t, 200, "/api/v1/datasets", "limit", "1000")
	var site struct {
		Datasets []struct{ Rows int }
		Total    int
	}
	if err := json.Unmarshal(body, &site); err != nil {
		t.Fatal(err)
	}
	datasets, rows := site.Total, 0
	for _, d := range site.Datasets {
		rows += d.Rows
	}
	// Each row was compared eleven times and more.
	if counts["datasets"] != datasets || counts["rows"] < 11*rows {
		t.Errorf("%v, and the site has %d datasets of %d rows", counts, datasets, rows)
	}
	if counts["refusals"] < 20 || counts["commands"] < 6 || counts["ckanr"] < 20 || counts["harvested"] < 3*datasets {
		t.Errorf("%v", counts)
	}
}
