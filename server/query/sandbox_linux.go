package query

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"slices"
	"strconv"
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
		// This also shuts out TCP, signals to other processes and abstract
		// sockets where the kernel knows how.
		readable := []string{h.PublicDir}
		if h.RestrictedDir != "" {
			readable = append(readable, h.RestrictedDir)
		}
		err := landlock.V7.BestEffort().Restrict(landlock.RODirs(readable...).IgnoreIfMissing(), landlock.RWDirs(h.TempDir))
		if err != nil {
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
//
// It binds the calling thread and those that come from it: the caller keeps
// its thread (runtime.LockOSThread) and runs DuckDB on it alone, whose other
// threads do not exist yet. The remaining threads of the Go runtime stay with
// what confine left, which is no more than what is published; reaching them as well takes
// go-landlock a signal to each, and every question 5 ms.
func confineToFiles(files []string, tempDir string) error {
	if abi, err := ll.LandlockGetABIVersion(); err != nil || abi == 0 {
		return nil
	}
	// Every right of ABI 1; confine has dealt with the later ones.
	const all = 1<<13 - 1
	ruleset, err := ll.LandlockCreateRuleset(&ll.RulesetAttr{HandledAccessFS: all}, 0)
	if err != nil {
		return fmt.Errorf("landlock: %w", err)
	}
	defer unix.Close(ruleset)
	allow := func(path string, rights uint64) error {
		fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		return ll.LandlockAddPathBeneathRule(ruleset, &ll.PathBeneathAttr{ParentFd: fd, AllowedAccess: rights}, 0)
	}
	for _, f := range files {
		if err := allow(f, ll.AccessFSReadFile); err != nil {
			return fmt.Errorf("landlock: %w", err)
		}
	}
	if err := allow(tempDir, all); err != nil {
		return fmt.Errorf("landlock: %w", err)
	}
	if err := ll.LandlockRestrictSelf(ruleset, 0); err != nil {
		return fmt.Errorf("landlock: %w", err)
	}
	return nil
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
		// Who started the server may have set a lower one, which stays.
		var was unix.Rlimit
		if err := unix.Getrlimit(l.resource, &was); err != nil {
			return err
		}
		value := min(l.value, was.Max)
		if err := unix.Setrlimit(l.resource, &unix.Rlimit{Cur: value, Max: value}); err != nil {
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

// processorTime is what this process has taken of the processors so far.
func processorTime() time.Duration {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return math.MaxInt64
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// syscalls are what Go, C and DuckDB use to compute, to read files that
// landlock allows and to write temporary ones. No sockets, no exec, no new
// processes, no signals to others, no io_uring, no ptrace, no mounts, no keys.
var syscalls = []string{
	"read", "readv", "pread64", "preadv", "write", "writev", "pwrite64", "pwritev", "close", "lseek",
	"open", "openat", "creat", "stat", "lstat", "fstat", "newfstatat", "fstatat", "statx", "statfs", "fstatfs",
	"access", "faccessat", "faccessat2", "getdents64", "fcntl", "flock", "dup", "dup2", "dup3",
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
	"landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self",
}

// ownDir is a name of the working folder that tells nothing of where it lies.
const ownDir = "/proc/self/cwd"

// openFor opens a file, for as long as the process lives, and gives a name for it
// that tells nothing of where it lies.
func openFor(file string) (string, error) {
	fd, err := unix.Open(file, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", err
	}
	return "/proc/self/fd/" + strconv.Itoa(fd), nil
}

// filterSyscalls installs a filter on all threads that lets through what is
// listed; the rest fails with EPERM.
func filterSyscalls() error {
	info, err := arch.GetInfo("")
	if err != nil {
		return err
	}
	known := func(name string) bool { _, ok := info.SyscallNames[name]; return ok }
	var names []string
	for _, name := range syscalls {
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
	return seccomp.LoadFilter(seccomp.Filter{
		NoNewPrivs: true,
		Flag:       seccomp.FilterFlagTSync,
		Policy: seccomp.Policy{
			DefaultAction: seccomp.ActionErrno, // EPERM
			Syscalls: []seccomp.SyscallGroup{
				// The C library falls back to clone, whose flags a filter can see.
				{Action: seccomp.ActionErrno | seccomp.Action(unix.ENOSYS), Names: []string{"clone3"}},
				// Nothing is a symbolic link, so DuckDB keeps the names that it is given (openFor).
				{Action: seccomp.ActionErrno | seccomp.Action(unix.EINVAL), Names: slices.DeleteFunc([]string{"readlink", "readlinkat"}, func(name string) bool { return !known(name) })},
				{Action: seccomp.ActionAllow, Names: names, NamesWithCondtions: conditional},
			},
		},
	})
}

// isolate makes a worker die with its server, and keeps the terminal's Ctrl-C
// to the server alone.
func isolate(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// openFiles is how many files this process may have open. Go has raised the soft
// limit to the hard one.
func openFiles() int {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil || limit.Cur > 1<<20 {
		return 1 << 20
	}
	return int(limit.Cur)
}

// ours tells whether a file belongs to the user of this process.
func ours(info os.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Getuid()
}

// widen lets a pipe hold 1 MiB, as much as anyone may ask for, so that worker and
// server wait for each other less often. Where that is refused it stays as it is.
func widen(pipe *os.File) {
	if raw, err := pipe.SyscallConn(); err == nil {
		raw.Control(func(fd uintptr) { unix.FcntlInt(fd, unix.F_SETPIPE_SZ, 1<<20) })
	}
}

// cpuExceeded tells whether a worker ended by its limit of processor time.
func cpuExceeded(s *os.ProcessState) bool {
	status, ok := s.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGXCPU
}
