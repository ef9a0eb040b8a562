package query

import (
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// lower gives every thread of a process less of the processor than others get.
// On Linux a thread has a priority of its own, and new ones inherit it. What
// cannot be lowered runs on as it was.
func lower(pid int) {
	tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		return // it has ended
	}
	for _, task := range tasks {
		if tid, err := strconv.Atoi(task.Name()); err == nil {
			_ = unix.Setpriority(unix.PRIO_PROCESS, tid, 10)
		}
	}
}
