package query

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// attempts is what probe tries after it was confined like a worker: each
// must fail, as if somebody had taken over the process.
type attempts struct {
	Public, Private string
	Temp            string
	Server          int
}

// probe confines itself, then tries everything a worker must not be able to
// do, and prints what succeeded.
func probe(args []string) {
	var a attempts
	if err := json.Unmarshal([]byte(args[0]), &a); err != nil {
		panic(err)
	}
	public := filepath.Dir(a.Public)
	if _, err := confine(hello{MemoryMB: workerMB, TempMB: 16, TempDir: a.Temp, PublicDir: public}); err != nil {
		fmt.Println("confine:", err)
		return
	}
	try := func(stage, what string, f func() error) {
		if err := f(); err == nil {
			fmt.Printf("%s: %s\n", stage, what)
		}
	}
	other := filepath.Join(public, "other.duckdb")
	stage := func(stage string) {
		try(stage, "reads a private file", func() error { _, err := os.ReadFile(a.Private); return err })
		try(stage, "reads /etc/passwd", func() error { _, err := os.ReadFile("/etc/passwd"); return err })
		try(stage, "reads its own memory map", func() error {
			_, err := os.ReadFile("/proc/self/task/" + strconv.Itoa(unix.Gettid()) + "/maps")
			return err
		})
		try(stage, "lists /", func() error { _, err := os.ReadDir("/"); return err })
		try(stage, "writes a release", func() error { f, err := os.OpenFile(a.Public, os.O_WRONLY, 0); f.Close(); return err })
		try(stage, "truncates a release", func() error { return os.Truncate(a.Public, 0) })
		try(stage, "makes a public file", func() error { return os.WriteFile(filepath.Join(public, "new"), nil, 0o644) })
		try(stage, "removes a release", func() error { return os.Remove(a.Public) })
		try(stage, "renames a release", func() error { return os.Rename(a.Public, filepath.Join(a.Temp, "x")) })
		try(stage, "listens", func() error { _, err := net.Listen("tcp", "127.0.0.1:0"); return err })
		try(stage, "opens a socket", func() error { _, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0); return err })
		try(stage, "runs a program", func() error { return exec.Command("/bin/true").Run() })
		try(stage, "forks", func() error {
			_, _, e := unix.RawSyscall(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0)
			if e != 0 {
				return e
			}
			return nil
		})
		try(stage, "signals the server", func() error { return unix.Kill(a.Server, 0) })
		try(stage, "signals a thread of the server", func() error { return unix.Tgkill(a.Server, a.Server, 0) })
		try(stage, "signals any thread", func() error {
			_, _, e := unix.Syscall(unix.SYS_TKILL, uintptr(a.Server), 0, 0)
			if e != 0 {
				return e
			}
			return nil
		})
		try(stage, "traces", func() error { return unix.PtraceAttach(a.Server) })
		try(stage, "reads the server's memory", func() error {
			_, err := unix.ProcessVMReadv(a.Server, []unix.Iovec{{}}, []unix.RemoteIovec{{}}, 0)
			return err
		})
		try(stage, "mounts", func() error { return unix.Mount("none", a.Temp, "tmpfs", 0, "") })
		try(stage, "leaves its namespace", func() error { return unix.Unshare(unix.CLONE_NEWNS) })
		try(stage, "uses io_uring", func() error {
			_, _, e := unix.Syscall(unix.SYS_IO_URING_SETUP, 1, 0, 0)
			if e == unix.EFAULT || e == 0 {
				return nil
			}
			return e
		})
		try(stage, "raises a limit", func() error {
			return unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 1 << 20, Max: 1 << 20})
		})
		try(stage, "becomes another user", func() error { return syscall.Setuid(1) })
	}
	stage("waiting")
	if _, err := os.ReadFile(other); err != nil {
		fmt.Println("cannot read a public file before the question:", err)
	}
	runtime.LockOSThread()
	if err := confineToFiles([]string{a.Public}, a.Temp); err != nil {
		fmt.Println("confineToFiles:", err)
		return
	}
	stage("working")
	try("working", "reads another release", func() error { _, err := os.ReadFile(other); return err })
	if _, err := os.ReadFile(a.Public); err != nil {
		fmt.Println("cannot read its release:", err)
	}
	if err := os.WriteFile(filepath.Join(a.Temp, "spill"), []byte("x"), 0o600); err != nil {
		fmt.Println("cannot write its temporary file:", err)
	}
	fmt.Println("done")
}

func TestAWorkerTakenOverCanDoNothing(t *testing.T) {
	dir := t.TempDir()
	a := attempts{
		Public: filepath.Join(dir, "public", "data.duckdb"), Private: filepath.Join(dir, "private", "secret"),
		Temp: filepath.Join(dir, "temp"), Server: os.Getpid(),
	}
	for _, f := range []string{a.Public, filepath.Join(dir, "public", "other.duckdb"), a.Private, filepath.Join(a.Temp, "x")} {
		if err := os.MkdirAll(filepath.Dir(f), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(f, []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	arg, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(os.Args[0], "probe", string(arg)).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if !bytes.HasSuffix(out, []byte("done\n")) {
		t.Fatalf("the probe did not end:\n%s", out)
	}
	for line := range strings.Lines(strings.TrimSuffix(string(out), "done\n")) {
		t.Error(strings.TrimSpace(line))
	}
}

// watchWorkers looks every few milliseconds how much memory the children of
// this process have had at most. (The kernel's account of an ended process
// begins with the size of the process that started it.)
func watchWorkers(t testing.TB) (peak func() int64) {
	var most atomic.Int64
	watch := time.NewTicker(5 * time.Millisecond)
	t.Cleanup(watch.Stop)
	parent := fmt.Sprintf("\nPPid:\t%d\n", os.Getpid())
	go func() {
		for range watch.C {
			if t.Context().Err() != nil {
				return
			}
			files, _ := filepath.Glob("/proc/[0-9]*/status")
			for _, f := range files {
				status, err := os.ReadFile(f)
				if err != nil || !bytes.Contains(status, []byte(parent)) {
					continue
				}
				// Before it runs its own program it shares our memory.
				if line, err := os.ReadFile(filepath.Join(filepath.Dir(f), "cmdline")); err != nil || !bytes.HasSuffix(line, []byte("\x00worker\x00")) {
					continue
				}
				_, after, _ := strings.Cut(string(status), "VmHWM:")
				var kb int64
				if _, err := fmt.Sscan(after, &kb); err == nil {
					most.Store(max(most.Load(), kb<<10))
				}
			}
		}
	}()
	return most.Load
}

// pastTheGate is a worker whose gate lets everything through: it opens the release
// of the message, asks DuckDB for all that it tells of itself, and prints that.
func pastTheGate(message string) error {
	var a attempts
	if err := json.Unmarshal([]byte(message), &a); err != nil {
		return err
	}
	var in bytes.Buffer
	if err := writeMessage(&in, frameSources, sources{Named: []namedSource{{Name: "penalties", Path: a.Public}}}); err != nil {
		return err
	}
	w := &worker{hello: hello{MemoryMB: workerMB, TempMB: 16, TempDir: a.Temp, PublicDir: filepath.Dir(a.Public), Threads: 2}, in: &in, out: bufio.NewWriter(io.Discard)}
	if err := w.prepare(); err != nil {
		return err
	}
	runtime.LockOSThread()
	q := &asked{job: &job{}, names: newNames()}
	q.names.table("penalties")
	if _, _, err := w.attach(q, map[string]int{"penalties": 0}, nil); err != nil {
		return err
	}
	made, err := w.duck.rows(`SELECT 'FROM system.' || schema_name || '.' || view_name FROM duckdb_views() WHERE internal
		UNION SELECT 'FROM ' || function_name || '()' FROM duckdb_functions() WHERE function_type LIKE 'table%' AND len(parameters) = 0
		UNION SELECT 'SELECT current_setting(''' || name || ''')' FROM duckdb_settings()`, nil)
	if err != nil {
		return err
	}
	statements := []string{
		"SELECT getenv('PATH'), getenv('HOME'), current_query(), version()", "FROM glob('*')", "FROM glob('/**')", "FROM glob('/proc/self/fd/*')", "SELECT * FROM read_text('/proc/self/maps')",
		"SELECT * FROM read_text('/proc/self/cmdline')", "SELECT * FROM read_blob('/proc/self/environ')", "SELECT * FROM '" + a.Private + "'", "SELECT * FROM read_text('" + a.Private + "')", "ATTACH '" + a.Private + "' AS x", "ATTACH 'x.duckdb' AS x",
		"COPY (SELECT 1) TO 'x.csv'", "COPY (SELECT 1) TO '" + ownDir + "/spill'", "SET enable_external_access = true", "SET temp_directory = '/tmp'", "PRAGMA database_list", "PRAGMA database_size", "CALL enable_logging()", "SELECT * FROM release1.main.nothing", "SELECT * FROM release1.nothing.data",
		"FROM read_duckdb('/proc/self/fd/7')", "EXPLAIN ANALYZE SELECT count(*) FROM release1.main.data", "FROM pragma_storage_info('release1.main.data')",
	}
	for _, row := range made {
		statements = append(statements, row[0])
	}
	for _, sql := range statements {
		rows, err := w.duck.rows(sql, nil)
		fmt.Printf("%s\n\t%v %v\n", strings.ReplaceAll(sql, a.Private, "PRIVATE"), rows, strings.ReplaceAll(fmt.Sprint(err), a.Private, "PRIVATE"))
	}
	fmt.Println("done", len(statements))
	return nil
}

// Even who got past the gate would find in DuckDB no path, no setting and no log
// that tells of the server.
func TestPastTheGateDuckDBTellsNothing(t *testing.T) {
	s := newSite(t, nil)
	temp := t.TempDir()
	message, err := json.Marshal(attempts{Public: s.file, Private: s.private, Temp: temp})
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(os.Args[0], "past", string(message))
	command.Env = workerEnv
	out, err := command.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("\ndone ")) {
		t.Fatalf("%v: %.2000s", err, out)
	}
	for _, secret := range []string{filepath.Dir(s.file), s.private, temp, "govdata-worker", "11010519491231002X", "root:", os.TempDir()} {
		for at := range strings.SplitSeq(string(out), "\n") {
			if strings.Contains(at, secret) && !strings.HasPrefix(at, "SET ") { // what was asked
				t.Errorf("%q is told: %.500s", secret, at)
			}
		}
	}
	for _, known := range []string{"FROM duckdb_databases()\n\t[[release1", "release1 /proc/self/fd/", "FROM duckdb_settings()\n\t[["} {
		if !strings.Contains(string(out), known) {
			t.Errorf("it says nothing of %q: %.2000s", known, out)
		}
	}
	if _, err := os.Stat(filepath.Join(temp, "spill")); err != nil {
		t.Errorf("what does not fit in memory finds no place: %v", err)
	}
	t.Logf("%d statements", bytes.Count(out, []byte("\n\t")))
}
