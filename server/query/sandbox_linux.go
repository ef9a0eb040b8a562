package query

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"time"

	"github.com/elastic/go-seccomp-bpf"
	"github.com/elastic/go-seccomp-bpf/arch"
	"github.com/landlock-lsm/go-landlock/landlock"
	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"
	"golang.org/x/sys/unix"
)

// confine gives up, for good and for every thread of the process, what a
// worker does not need. Old kernels lack parts of it; what holds is returned.
func confine(h hello) (ready, error) {
	var held ready
	if err := limit(h); err != nil {
		return held, fmt.Errorf("rlimits: %w", err)
	}
	held.Rlimits = true
	if abi, err := ll.LandlockGetABIVersion(); err == nil && abi > 0 {
		if err := restrict(landlock.RODirs(h.PublicDir).IgnoreIfMissing(), landlock.RWDirs(h.TempDir)); err != nil {
			return held, fmt.Errorf("landlock: %w", err)
		}
		held.Landlock = abi
	}
	if seccomp.Supported() {
		if err := filterSyscalls(); err != nil {
			return held, fmt.Errorf("seccomp: %w", err)
		}
		held.Seccomp = true
	}
	return held, nil
}

// confineToFiles narrows what confine left to exactly these files, read-only,
// and the worker's own folder for what does not fit in memory.
func confineToFiles(files []string, tempDir string) error {
	if abi, err := ll.LandlockGetABIVersion(); err != nil || abi == 0 {
		return nil
	}
	if err := restrict(landlock.ROFiles(files...), landlock.RWDirs(tempDir)); err != nil {
		return fmt.Errorf("landlock: %w", err)
	}
	if !seccomp.Supported() {
		return nil
	}
	// Nothing is left to confine.
	last := seccomp.SyscallGroup{Action: seccomp.ActionErrno, Names: confining}
	if err := load(seccomp.Policy{DefaultAction: seccomp.ActionAllow, Syscalls: []seccomp.SyscallGroup{last}}); err != nil {
		return fmt.Errorf("seccomp: %w", err)
	}
	return nil
}

// restrict applies a landlock ruleset, which also shuts out TCP, signals to
// other processes and abstract sockets where the kernel knows how. The library
// lists /proc/self/task to reach every thread, so that list stays readable;
// the files in it do not.
func restrict(rules ...landlock.Rule) error {
	tasks := landlock.PathAccess(ll.AccessFSReadDir, "/proc/self/task")
	return landlock.V7.BestEffort().Restrict(append(rules, tasks)...)
}

// limit sets the resource limits. RLIMIT_DATA counts what is mapped, used or
// not; the fifth above the limit is for the stacks and arenas of Go and C,
// which stay mostly untouched, so that the resident size stays below 1.25
// times the limit.
func limit(h hello) error {
	for _, l := range []struct {
		resource int
		value    uint64
	}{
		{unix.RLIMIT_DATA, uint64(h.MemoryMB) << 20 * 6 / 5},
		{unix.RLIMIT_FSIZE, uint64(h.TempMB) << 20},
		{unix.RLIMIT_CORE, 0},
		{unix.RLIMIT_NOFILE, 256},
		{unix.RLIMIT_MEMLOCK, 0},
	} {
		if err := unix.Setrlimit(l.resource, &unix.Rlimit{Cur: l.value, Max: l.value}); err != nil {
			return err
		}
	}
	return nil
}

// limitCPU is the last resort against a worker that outlives its server:
// the processor time that a question of that deadline can use at all.
func limitCPU(deadline time.Duration, threads int) {
	seconds := uint64(math.Ceil(deadline.Seconds()*float64(max(1, threads)))) + 2
	// Failing to lower an own limit leaves the server's kill in place.
	_ = unix.Setrlimit(unix.RLIMIT_CPU, &unix.Rlimit{Cur: seconds, Max: seconds})
}

// syscalls are what Go, C and DuckDB use to compute, to read files that
// landlock allows and to write temporary ones. No sockets, no exec, no new
// processes, no signals to others, no io_uring, no ptrace, no mounts, no keys.
var syscalls = []string{
	"read", "readv", "pread64", "preadv", "write", "writev", "pwrite64", "pwritev", "close", "lseek",
	"open", "openat", "creat", "stat", "lstat", "fstat", "newfstatat", "fstatat", "statx", "statfs", "fstatfs",
	"access", "faccessat", "faccessat2", "readlink", "readlinkat", "getcwd", "getdents64", "fcntl", "flock", "dup", "dup2", "dup3",
	"fsync", "fdatasync", "ftruncate", "fallocate", "fadvise64", "unlink", "unlinkat", "mkdir", "mkdirat", "rmdir",
	"rename", "renameat", "renameat2",
	"mmap", "munmap", "mprotect", "mremap", "madvise", "brk", "mincore", "msync", "membarrier",
	"futex", "sched_yield", "sched_getaffinity", "sched_getparam", "sched_getscheduler", "set_robust_list", "get_robust_list",
	"rseq", "set_tid_address", "getcpu", "arch_prctl",
	"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigtimedwait", "sigaltstack", "restart_syscall", "pause",
	"nanosleep", "clock_nanosleep", "clock_gettime", "clock_getres", "gettimeofday", "time",
	"timer_create", "timer_settime", "timer_delete", "setitimer", "getitimer",
	"epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2", "eventfd2", "pipe2", "poll", "ppoll", "select", "pselect6",
	"getpid", "getppid", "gettid", "getuid", "geteuid", "getgid", "getegid", "getrlimit", "setrlimit", "getrusage", "times", "sysinfo", "uname",
	"getrandom", "exit", "exit_group",
}

// confining are the system calls by which confineToFiles reaches all threads;
// it forbids them as its last act.
var confining = []string{"landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self", "tkill", "seccomp"}

// filterSyscalls lets through what is listed; the rest fails with EPERM.
func filterSyscalls() error {
	info, err := arch.GetInfo("")
	if err != nil {
		return err
	}
	known := func(name string) bool { _, ok := info.SyscallNames[name]; return ok }
	var names []string
	for _, name := range slices.Concat(syscalls, confining) {
		if known(name) { // older ones do not exist on arm64
			names = append(names, name)
		}
	}
	argument := func(i uint32, v uint64) seccomp.ArgumentConditions {
		return seccomp.ArgumentConditions{{Argument: i, Operation: seccomp.Equal, Value: v}}
	}
	own := uint64(os.Getpid())
	conditional := []seccomp.NameWithConditions{
		// Threads, but no processes.
		{Name: "clone", Conditions: seccomp.ArgumentConditions{{Operation: seccomp.BitsSet, Value: unix.CLONE_THREAD}}},
		// Signals to itself: the Go scheduler, abort, landlock on all threads.
		{Name: "tgkill", Conditions: argument(0, own)},
		{Name: "prlimit64", Conditions: argument(0, 0)},
		{Name: "prctl", Conditions: argument(0, unix.PR_SET_NO_NEW_PRIVS)},
		{Name: "prctl", Conditions: argument(0, unix.PR_SET_NAME)},
		{Name: "prctl", Conditions: argument(0, unix.PR_SET_VMA)},
	}
	return load(seccomp.Policy{
		DefaultAction: seccomp.ActionErrno, // EPERM
		Syscalls: []seccomp.SyscallGroup{
			// The C library falls back to clone, whose flags a filter can see.
			{Action: seccomp.ActionErrno | seccomp.Action(unix.ENOSYS), Names: []string{"clone3"}},
			{Action: seccomp.ActionAllow, Names: names, NamesWithCondtions: conditional},
		},
	})
}

// load installs a filter on all threads.
func load(p seccomp.Policy) error {
	return seccomp.LoadFilter(seccomp.Filter{NoNewPrivs: true, Flag: seccomp.FilterFlagTSync, Policy: p})
}

// isolate makes a worker die with its server, and keeps the terminal's Ctrl-C
// to the server alone.
func isolate(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// cpuExceeded tells whether a worker ended by its limit of processor time.
func cpuExceeded(s *os.ProcessState) bool {
	status, ok := s.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGXCPU
}
