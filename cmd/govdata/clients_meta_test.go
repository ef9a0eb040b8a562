package main

import (
	"regexp"
	"strconv"
	"testing"
)

// Every description of the catalog is read by tools that were made for it, and
// what they find are the facts of the files.
func TestClientsReadTheMetadata(t *testing.T) {
	s := demo(t)
	out, err := python(t, "meta.py", s.url)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, check := range []struct {
		pattern string
		least   int
	}{
		{`dcat: (\d+) releases with \d+ checksums`, 80},
		{`dcat: \d+ releases with (\d+) checksums`, 500},
		{`dcat_us: (\d+) datasets`, 54},
		{`schema_org: (\d+) datasets`, 54},
		{`croissant: (\d+) records of \d+ datasets equal`, 15_000},
		{`data_package: (\d+) rows of \d+ packages`, 15_000},
		{`data_package: .* with (\d+) foreign keys`, 50},
		{`chinese: (\d+) items`, 54},
		{`feeds: (\d+) entries`, 80},
		{`pages: (\d+) pages`, 59},
	} {
		m := regexp.MustCompile(check.pattern).FindStringSubmatch(out)
		if m == nil {
			t.Fatalf("no %q in\n%s", check.pattern, out)
		}
		if n, _ := strconv.Atoi(m[1]); n < check.least {
			t.Errorf("%s: %d, want at least %d", check.pattern, n, check.least)
		}
	}
	t.Log(out)
}

// A fuzzer that knows the OpenAPI document finds no answer that the document
// does not describe.
func TestClientSchemathesisFindsNoSurprise(t *testing.T) {
	s := demo(t)
	out, err := python(t, "openapi.py", s.url)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	m := regexp.MustCompile(`(\d+) operations, (\d+) cases passed`).FindStringSubmatch(out)
	if m == nil {
		t.Fatal(out)
	}
	operations, _ := strconv.Atoi(m[1])
	cases, _ := strconv.Atoi(m[2])
	if operations < 61 || cases < 1000 {
		t.Errorf("%d operations and %d cases, want 61 and 1,000 at least", operations, cases)
	}
	t.Log(out)
}
