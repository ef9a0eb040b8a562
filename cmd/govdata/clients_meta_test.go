package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"
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

// A client that is generated from the OpenAPI document finds, pages, asks and
// downloads the values of the files, and no answer has what the document does not
// describe.
func TestClientsGeneratedFromTheOpenAPIDocument(t *testing.T) {
	s := demo(t)
	out, err := python(t, "openapi_client.py", s.url, t.TempDir())
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	m := regexp.MustCompile(`(\d+) datasets (\d+) values (\d+) answers (\d+) routes`).FindStringSubmatch(out)
	if m == nil {
		t.Fatal(out)
	}
	for i, least := range []int{54, 50_000, 1000, 49} {
		if n, _ := strconv.Atoi(m[i+1]); n < least {
			t.Errorf("%s: want at least %d", m[0], least)
		}
	}
	t.Log(out)
}

// The linter of OpenAPI finds nothing, and a typed client is generated that the
// TypeScript compiler accepts and that reads from the server.
func TestClientOfTypeScriptFromTheOpenAPIDocument(t *testing.T) {
	modules := os.Getenv("GOVDATA_TEST_NODE_MODULES")
	optional(t, "GOVDATA_TEST_NODE_MODULES, a folder with what .ci/node.txt lists,", modules != "")
	s := demo(t)
	dir := t.TempDir()
	_, document := s.do(t, "GET", "/openapi.json", nil)
	use, err := os.ReadFile(filepath.Join("testdata", "openapi_client.ts"))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{
		"openapi.json": document, "redocly.yaml": []byte("extends: [recommended]\n"), "use.ts": use, "package.json": []byte(`{"type": "module"}`),
		"tsconfig.json": []byte(`{"compilerOptions": {"target": "es2022", "module": "es2022", "moduleResolution": "bundler", "strict": true, "lib": ["es2022", "dom", "dom.iterable"], "types": [], "outDir": "made"}, "files": ["use.ts"]}`),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run := func(name string, args ...string) string {
		t.Helper()
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
		defer cancel()
		c := exec.CommandContext(ctx, name, args...)
		c.Dir, c.Env = dir, append(os.Environ(), "NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1", "REDOCLY_TELEMETRY=off", "REDOCLY_SUPPRESS_UPDATE_NOTICE=true")
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("%s %v: %v\n%s", name, args, err, out)
		}
		return string(out)
	}
	tool := func(name string) string { return filepath.Join(modules, ".bin", name) }
	run(tool("redocly"), "lint", "--config", "redocly.yaml", "--max-problems", "50", "openapi.json")
	if out := run(tool("redocly"), "lint", "--config", "redocly.yaml", "--format", "json", "openapi.json"); !regexp.MustCompile(`"problems": \[\]`).MatchString(out) {
		t.Errorf("the linter says\n%s", out)
	}
	run(tool("openapi-ts"), "-i", "openapi.json", "-o", "client")
	run(tool("tsc"), "-p", ".")
	run(tool("esbuild"), "use.ts", "--bundle", "--format=esm", "--outfile=use.mjs")
	out := run("node", "use.mjs", s.url)
	m := regexp.MustCompile(`(\d+) datasets (\d+) values`).FindStringSubmatch(out)
	if m == nil {
		t.Fatal(out)
	}
	if datasets, _ := strconv.Atoi(m[1]); datasets < 54 {
		t.Error(out)
	}
	if values, _ := strconv.Atoi(m[2]); values < 10_000 {
		t.Error(out)
	}
}
