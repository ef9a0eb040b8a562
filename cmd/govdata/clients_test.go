package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// python runs a script of testdata with the Python that has other people's
// clients (.ci/python). It may talk to this machine alone.
func python(t *testing.T, script string, args ...string) (string, error) {
	t.Helper()
	interpreter := os.Getenv("GOVDATA_TEST_PYTHON")
	optional(t, "GOVDATA_TEST_PYTHON, a Python with what .ci/python.txt lists,", interpreter != "")
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, interpreter, append([]string{filepath.Join("testdata", script)}, args...)...)
	c.Env = append(os.Environ(), "NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1", "PYTHONDONTWRITEBYTECODE=1")
	out, err := c.CombinedOutput()
	return string(out), err
}
