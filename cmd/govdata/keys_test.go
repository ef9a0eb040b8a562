package main

import (
	"strings"
	"testing"
)

func TestKeysAreForDatasetsOnACondition(t *testing.T) {
	data := t.TempDir()
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"keys", "create", "admin_penalties", "--holder", "x"}, "无条件开放"},
		{[]string{"keys", "create", "nothing", "--holder", "x"}, "not defined"},
		{[]string{"keys", "create"}, "requires at least 1 arg"},
		{[]string{"keys"}, "create, list or revoke"},
		{[]string{"keys", "turn"}, "create, list or revoke"},
	} {
		if _, stderr, code := govdata(t, append(c.args, "--data", data)...); code != exitUsage || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: exit code %d, %s", c.args, code, stderr)
		}
	}
	if _, stderr, code := govdata(t, "keys", "revoke", "abc", "--data", data); code != exitFailed || !strings.Contains(stderr, "not found") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	if out := must(t, exitDone, "keys", "list", "--data", data); !strings.HasPrefix(out, "key") {
		t.Errorf("found %q", out)
	}
}
