package query

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
)

// cgroups are the control groups in which workers are held to their memory, one
// for each, below a group that was given to the server. Both versions of the
// kernel's interface will do.
type cgroups struct {
	dir string
	// limit and oom are files of a group: what holds the memory, and the counts in
	// which oom_kill says that it was held.
	limit, oom string
	// others are set to 0 where they are there, so that nobody swaps instead.
	others string
	made   atomic.Int64
}

const cgroupPrefix = "govdata-worker-"

// openCgroups prepares dir and takes away what a server that was killed has left.
func openCgroups(dir string) (*cgroups, error) {
	g := &cgroups{dir: dir, limit: "memory.max", oom: "memory.events", others: "memory.swap.max"}
	if controllers, err := os.ReadFile(filepath.Join(dir, "cgroup.controllers")); err == nil {
		if !bytes.Contains(controllers, []byte("memory")) {
			return nil, fmt.Errorf("cgroup %s: the memory controller was not given to it, only %q", dir, strings.TrimSpace(string(controllers)))
		}
		if err := write(dir, "cgroup.subtree_control", "+memory"); err != nil {
			return nil, fmt.Errorf("cgroup: %w (no process may be in %s itself)", err, dir)
		}
	} else if _, err := os.Stat(filepath.Join(dir, "memory.limit_in_bytes")); err == nil {
		g.limit, g.oom, g.others = "memory.limit_in_bytes", "memory.oom_control", "memory.swappiness"
	} else {
		return nil, fmt.Errorf("cgroup %s: this is no control group with memory", dir)
	}
	left, err := filepath.Glob(filepath.Join(dir, cgroupPrefix+"*"))
	if err != nil {
		return nil, fmt.Errorf("cgroup: %w", err)
	}
	for _, group := range left {
		_ = os.Remove(group) // fails where somebody is in it, and should
	}
	return g, nil
}

func write(dir, file, text string) error {
	// No O_CREATE: what is not there is no setting.
	f, err := os.OpenFile(filepath.Join(dir, file), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

// add holds a process to so many bytes, all that is charged to it included.
func (g *cgroups) add(pid int, bytes int64) (*cgroup, error) {
	if g == nil {
		return nil, nil
	}
	group := &cgroup{filepath.Join(g.dir, fmt.Sprintf("%s%d-%d", cgroupPrefix, os.Getpid(), g.made.Add(1))), g.oom}
	if err := os.Mkdir(group.dir, 0o755); err != nil {
		return nil, fmt.Errorf("cgroup: %w", err)
	}
	err := write(group.dir, g.limit, strconv.FormatInt(bytes, 10))
	if swap := write(group.dir, g.others, "0"); swap != nil && !errors.Is(swap, os.ErrNotExist) {
		err = errors.Join(err, swap)
	}
	err = errors.Join(err, write(group.dir, "cgroup.procs", strconv.Itoa(pid)))
	if err != nil {
		group.remove()
		return nil, fmt.Errorf("cgroup: %w", err)
	}
	return group, nil
}

// cgroup holds one process.
type cgroup struct{ dir, oom string }

// exceeded reports whether the kernel ended a process of the group because it
// wanted more memory.
func (g *cgroup) exceeded() bool {
	if g == nil {
		return false
	}
	text, err := os.ReadFile(filepath.Join(g.dir, g.oom))
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(text)) {
		if name, n, _ := strings.Cut(strings.TrimSpace(line), " "); name == "oom_kill" {
			return n != "0"
		}
	}
	return false
}

// remove takes the group away once its process has gone.
func (g *cgroup) remove() {
	if g != nil {
		_ = os.Remove(g.dir)
	}
}
