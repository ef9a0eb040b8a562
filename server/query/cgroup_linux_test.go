package query

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// group makes a control group with memory below that of the test.
func group(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		t.Skip("SKIPPED: no control groups here")
	}
	var dir string
	for line := range strings.Lines(string(text)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		switch {
		case len(parts) == 3 && strings.Contains(","+parts[1]+",", ",memory,"):
			dir = filepath.Join("/sys/fs/cgroup/memory", parts[2])
		case len(parts) == 3 && parts[0] == "0" && dir == "":
			dir = filepath.Join("/sys/fs/cgroup", parts[2])
		}
	}
	dir = filepath.Join(dir, fmt.Sprintf("govdata-test-%d", os.Getpid()))
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Skipf("SKIPPED: no control group can be made here: %v", err)
	}
	t.Cleanup(func() {
		for end := time.Now().Add(5 * time.Second); ; time.Sleep(10 * time.Millisecond) {
			if err := os.Remove(dir); err == nil {
				return
			} else if time.Now().After(end) {
				t.Errorf("%s stays behind: %v", dir, err)
				return
			}
		}
	})
	return dir
}

func TestAGroupHoldsTheMemoryOfAProcess(t *testing.T) {
	groups, err := openCgroups(group(t))
	if err != nil {
		t.Skipf("SKIPPED: %v", err)
	}
	// The shell waits until it is held, then wants 300 MB of which 64 are there.
	c := exec.Command("/bin/sh", "-c", "read go; head -c 300000000 /dev/zero | tail -c 300000000 | wc -c")
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	c.Stdout = &out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	held, err := groups.add(c.Process.Pid, 64<<20)
	if err != nil {
		t.Fatal(err)
	}
	in.Write([]byte("go\n"))
	c.Wait()
	if !held.exceeded() || strings.TrimSpace(out.String()) == "300000000" {
		t.Errorf("it had the memory: %q", out.String())
	}
	held.remove()
	if left, _ := filepath.Glob(filepath.Join(groups.dir, cgroupPrefix+"*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestEveryWorkerIsInAGroupOfItsOwn(t *testing.T) {
	dir := group(t)
	if _, err := openCgroups(dir); err != nil {
		t.Skipf("SKIPPED: %v", err)
	}
	p, err := NewPool(PoolOptions{Workers: 2, Cgroup: dir, Limits: DefaultLimits, PublicDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(p.Sandbox(), ", memory cgroup") {
		t.Error(p.Sandbox())
	}
	groups, _ := filepath.Glob(filepath.Join(dir, cgroupPrefix+"*"))
	for _, g := range groups {
		procs, err := os.ReadFile(filepath.Join(g, "cgroup.procs"))
		if err != nil || strings.Count(string(procs), "\n") != 1 {
			t.Errorf("%s: %q %v", g, procs, err)
		}
	}
	if len(groups) < 2 {
		t.Errorf("two workers wait in %v", groups)
	}
	p.Close()
	if left, _ := filepath.Glob(filepath.Join(dir, cgroupPrefix+"*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestWhatIsNoGroupIsRefused(t *testing.T) {
	if _, err := openCgroups(t.TempDir()); err == nil {
		t.Error("a plain folder was taken for a control group")
	}
	dir := t.TempDir()
	os.WriteFile(filepath.Join(dir, "cgroup.controllers"), []byte("cpu pids\n"), 0o644)
	if _, err := openCgroups(dir); err == nil || !strings.Contains(err.Error(), "memory controller") {
		t.Errorf("without memory: %v", err)
	}
}

// The newer interface, as far as files go.
func TestTheSecondVersionOfGroups(t *testing.T) {
	dir := t.TempDir()
	os.WriteFile(filepath.Join(dir, "cgroup.controllers"), []byte("cpu memory pids\n"), 0o644)
	os.WriteFile(filepath.Join(dir, "cgroup.subtree_control"), nil, 0o644)
	g, err := openCgroups(dir)
	if err != nil {
		t.Fatal(err)
	}
	if enabled, _ := os.ReadFile(filepath.Join(dir, "cgroup.subtree_control")); string(enabled) != "+memory" || g.limit != "memory.max" {
		t.Errorf("%q, %+v", enabled, g)
	}
	one := &cgroup{dir, g.oom}
	os.WriteFile(filepath.Join(dir, "memory.events"), []byte("low 0\nmax 3\noom 1\noom_kill 0\n"), 0o644)
	if one.exceeded() {
		t.Error("nobody was ended")
	}
	os.WriteFile(filepath.Join(dir, "memory.events"), []byte("low 0\nmax 3\noom 1\noom_kill 1\n"), 0o644)
	if !one.exceeded() {
		t.Error("somebody was ended")
	}
}
