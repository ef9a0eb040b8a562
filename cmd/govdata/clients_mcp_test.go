package main

import (
	"fmt"
	"regexp"
	"testing"
)

// The official Python client of the Model Context Protocol lists and calls every
// tool, by the handshake of old and by the newest version without one, and
// finds the values of the files.
func TestClientMCP(t *testing.T) {
	s := demo(t)
	secret := regexp.MustCompile(`gd_\w+`).FindString(must(t, exitDone, "keys", "create", "ppp_projects", "--holder", "an assistant", "--data", s.data))
	out, err := python(t, "mcp_client.py", s.url, secret)
	var checked int
	var versions [2]string
	if _, scanErr := fmt.Sscanf(out, "ok %d %s %s", &checked, &versions[0], &versions[1]); err != nil || scanErr != nil || checked < 280 || versions != [2]string{"2025-11-25", "2026-07-28"} {
		t.Errorf("%d checks by versions %v: %v %v\n%s", checked, versions, err, scanErr, out)
	}
}
