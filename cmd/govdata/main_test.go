package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestMain lets the test binary stand in for the real one: as the worker that
// the server starts, and as govdata itself where GOVDATA_TEST_BINARY does not
// name a built one.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && (os.Args[1] == "worker" || os.Getenv("GOVDATA_TEST_MAIN") == "1") {
		os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
	}
	if len(os.Args) > 1 && os.Args[1] == "hello" {
		os.Exit(hello())
	}
	if len(os.Args) > 2 && os.Args[1] == "look" {
		os.Exit(look(os.Args[2]))
	}
	if len(os.Args) > 2 && os.Args[1] == "jobs" {
		os.Exit(jobs(os.Args[2]))
	}
	code := m.Run()
	if shared.stop != nil {
		shared.stop()
	}
	os.Exit(code)
}

// itself starts the test binary as one of the helpers of TestMain, which end when
// their standard input does.
func itself(t testing.TB, args ...string) (stdout io.Reader, stop func()) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(self, args...)
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	// A pipe of our own: reading it may go on while the process is waited for.
	out, theirs, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { out.Close() })
	c.Stdout = theirs
	err = c.Start()
	theirs.Close()
	if err != nil {
		t.Fatal(err)
	}
	return out, func() { in.Close(); c.Wait() }
}

// command prepares a govdata process.
func command(ctx context.Context, args ...string) *exec.Cmd {
	binary := os.Getenv("GOVDATA_TEST_BINARY")
	env := os.Environ()
	if binary == "" {
		binary, _ = os.Executable()
		env = append(env, "GOVDATA_TEST_MAIN=1")
	}
	c := exec.CommandContext(ctx, binary, args...)
	c.Env = env
	return c
}

// govdata runs one command to its end.
func govdata(t testing.TB, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	c := command(ctx, args...)
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	err := c.Run()
	if err != nil && c.ProcessState == nil {
		t.Fatal(err)
	}
	return out.String(), errs.String(), c.ProcessState.ExitCode()
}

// must runs a command that has to end with code.
func must(t testing.TB, code int, args ...string) string {
	t.Helper()
	stdout, stderr, got := govdata(t, args...)
	if got != code {
		t.Fatalf("govdata %s: exit code %d, want %d\n%s%s", strings.Join(args, " "), got, code, stdout, stderr)
	}
	return stdout
}

// site is a running server.
type site struct {
	url, data string
	pid       int
	stop      func()
}

var (
	shared     site
	sharedOnce sync.Once
	sharedErr  error
)

// demo is a server over the bundled samples, shared by the tests that only read.
func demo(t testing.TB) site {
	t.Helper()
	sharedOnce.Do(func() {
		dir, err := os.MkdirTemp("", "govdata-test-")
		if err != nil {
			sharedErr = err
			return
		}
		if out, err := command(context.Background(), "demo", "--data", dir).CombinedOutput(); err != nil {
			sharedErr = fmt.Errorf("demo: %w\n%s", err, out)
			return
		}
		shared, sharedErr = start(dir, "--address-rate", "0") // the tests are one address
		stop := shared.stop
		shared.stop = func() {
			if stop != nil {
				stop()
			}
			os.RemoveAll(dir)
		}
	})
	if sharedErr != nil {
		t.Fatal(sharedErr)
	}
	return shared
}

var listening = regexp.MustCompile(`address=(127\.0\.0\.1:\d+)`)

// start serves a data directory on a free port of the loopback.
func start(data string, flags ...string) (site, error) {
	c := command(context.Background(), append([]string{"serve", "--data", data, "--addr", "127.0.0.1:0"}, flags...)...)
	stderr, err := c.StderrPipe()
	if err != nil {
		return site{}, err
	}
	if err := c.Start(); err != nil {
		return site{}, err
	}
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		if m := listening.FindStringSubmatch(lines.Text()); m != nil {
			go io.Copy(io.Discard, stderr)
			stop := func() {
				c.Process.Signal(syscall.SIGTERM)
				done := make(chan struct{})
				go func() { c.Wait(); close(done) }()
				select {
				case <-done:
				case <-time.After(20 * time.Second):
					c.Process.Kill()
				}
			}
			return site{url: "http://" + m[1], data: data, pid: c.Process.Pid, stop: stop}, nil
		}
	}
	c.Process.Kill()
	return site{}, fmt.Errorf("the server said no address: %v", c.Wait())
}

// plain asks for files as they are; Go's own default is gzip, unseen.
var plain = &http.Transport{DisableCompression: true}

// get fetches an address that has to answer with status.
func (s site) get(t testing.TB, status int, path string, query ...string) ([]byte, http.Header) {
	t.Helper()
	if len(query) > 0 {
		v := url.Values{}
		for i := 0; i < len(query); i += 2 {
			v.Set(query[i], query[i+1])
		}
		path += "?" + v.Encode()
	}
	client := http.Client{Timeout: time.Minute, Transport: plain}
	r, err := client.Get(s.url + path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	if r.StatusCode != status {
		t.Fatalf("GET %s: status %d, want %d\n%.2000s", path, r.StatusCode, status, body)
	}
	return body, r.Header
}

// optional says loudly that a tool is missing; in CI that is a failure.
func optional(t testing.TB, tool string, present bool) {
	t.Helper()
	if present {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is missing, and in CI nothing may be skipped", tool)
	}
	t.Skipf("SKIPPED: %s is not on this machine", tool)
}

// write makes a file for a test.
func write(t testing.TB, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// sample returns a bundled sample file.
func sample(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../../datasets", path))
	if err != nil {
		t.Fatal(err)
	}
	return data
}
