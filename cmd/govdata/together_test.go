package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"govdata/catalog"
	"govdata/server/exports"
)

// feesFile writes a small table with rows of its own.
func feesFile(t testing.TB, dir, name string, rows ...string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte("代码,名称,金额\n"+manyFees(40)+strings.Join(rows, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Whoever is refused finds his own report, however many are refused at once.
func TestEverySenderFindsHisOwnReport(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	must(t, exitDone, "add", feesFile(t, dir, "a.csv", "001,甲,1.5"), "--id", "fees", "--data", data)
	var senders sync.WaitGroup
	said := make([]string, 6)
	for i := range said {
		bad := strings.Repeat(fmt.Sprintf("00%d,甲,abc\n", i), 45)
		name := fmt.Sprintf("sender%d.csv", i/2) // two send the same file
		if i%2 == 0 {
			feesFile(t, dir, name, bad)
		}
		senders.Go(func() {
			_, stderr, code := govdata(t, "ingest", "fees", filepath.Join(dir, name), "--data", data)
			if code != exitFailed {
				t.Errorf("exit code %d: %s", code, stderr)
			}
			said[i] = stderr
		})
	}
	senders.Wait()
	place := regexp.MustCompile(`reports? are in (\S+)|report are in (\S+)`)
	seen := map[string]bool{}
	for i, text := range said {
		m := place.FindStringSubmatch(text)
		if m == nil {
			t.Fatalf("sender %d is told no place: %s", i, text)
		}
		records := m[1] + m[2]
		if seen[records] {
			t.Errorf("two senders are told of %s", records)
		}
		seen[records] = true
		report, err := os.ReadFile(filepath.Join(records, "report.json"))
		if err != nil || !strings.Contains(string(report), fmt.Sprintf("sender%d.csv", i/2)) {
			t.Errorf("the report in %s is not of sender%d.csv: %v", records, i/2, err)
		}
	}
}

// The report on the rows of an earlier release stays when another one
// sends them again.
func TestAReportIsNotReplaced(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	first, second := feesFile(t, dir, "first.csv", "001,甲,1.5"), feesFile(t, dir, "second.csv", "001,甲,2.5")
	must(t, exitDone, "add", first, "--id", "fees", "--data", data)
	must(t, exitDone, "ingest", "fees", second, "--data", data)
	text, err := os.ReadFile(first)
	if err != nil {
		t.Fatal(err)
	}
	again := filepath.Join(dir, "again.csv")
	if err := os.WriteFile(again, append(text, '\n'), 0o600); err != nil {
		t.Fatal(err)
	}
	must(t, exitDone, "ingest", "fees", again, "--data", data)
	reports, _ := filepath.Glob(filepath.Join(data, "private", "records", "fees", "*", "report.json"))
	var all strings.Builder
	for _, path := range reports {
		report, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(report)
	}
	for _, name := range []string{"first.csv", "second.csv", "again.csv"} {
		if !strings.Contains(all.String(), name) {
			t.Errorf("there is no report of %s in %v", name, reports)
		}
	}
}

// jobOf asks a server for an export and returns its address.
func jobOf(t *testing.T, s site, sql string) string {
	t.Helper()
	r, err := http.PostForm(s.url+"/api/v1/exports", url.Values{"q": {sql}, "format": {"csv"}})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	text, _ := io.ReadAll(r.Body)
	if r.StatusCode != http.StatusAccepted {
		t.Fatalf("%d %s", r.StatusCode, text)
	}
	return filepath.Base(r.Header.Get("Location"))
}

// jobUntil waits for a job to be as wanted.
func jobUntil(t *testing.T, store *exports.Store, id string, want exports.Status) *exports.Job {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		j, err := store.Get(t.Context(), id)
		if err == nil && j.Status == want {
			return j
		}
		if time.Now().After(end) {
			t.Fatalf("job %s is %+v %v, want %s", id, j, err, want)
		}
	}
}

// Of two servers on one data directory one runs the exports, each of them once, and
// the other takes over where it is killed.
func TestTwoServersRunAnExportOnce(t *testing.T) {
	data := t.TempDir()
	t.Setenv("TMPDIR", t.TempDir())
	must(t, exitDone, "add", feesFile(t, t.TempDir(), "a.csv", "001,甲,1.5"), "--id", "fees", "--data", data)
	first, err := start(data, "--workers", "1", "--address-rate", "0")
	if err != nil {
		t.Fatal(err)
	}
	defer first.stop()
	slow := jobOf(t, first, "SELECT count(*) FROM range(100000000000) a")
	store, err := exports.Open(filepath.Join(data, "private", "exports"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	jobUntil(t, store, slow, exports.Running)
	second, err := start(data, "--workers", "1", "--address-rate", "0")
	if err != nil {
		t.Fatal(err)
	}
	defer second.stop()
	quick := jobOf(t, second, "SELECT count(*) AS n FROM fees")
	time.Sleep(500 * time.Millisecond)
	if j := jobUntil(t, store, slow, exports.Running); j.Attempts != 1 {
		t.Errorf("the running job was begun %d times", j.Attempts)
	}
	// What was asked of one is cancelled at the other.
	r, err := http.NewRequest(http.MethodDelete, second.url+"/api/v1/exports/"+slow, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatal(answer, err)
	}
	answer.Body.Close()
	if j := jobUntil(t, store, quick, exports.Done); j.Attempts != 1 || j.Rows != 1 {
		t.Errorf("%+v", j)
	}
	slow = jobOf(t, first, "SELECT count(*) FROM range(100000000001) a")
	jobUntil(t, store, slow, exports.Running)
	if err := syscall.Kill(first.pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if j, err := store.Get(t.Context(), slow); err == nil && j.Status == exports.Running && j.Attempts == 2 {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the other server does not take the job over")
		}
	}
	if _, err := store.Cancel(t.Context(), slow); err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join(data, "private", "exports", "*.csv"))
	if len(files) != 1 || !strings.Contains(files[0], quick) {
		t.Errorf("files of exports: %v, want that of %s", files, quick)
	}
}

// workersOf counts the living worker processes below a folder of temporary files.
func workerFolders(dir string) []string {
	found, _ := filepath.Glob(filepath.Join(dir, "*", "govdata-worker-*"))
	return found
}

// Workers end with their server, and what it left behind is removed by the next one,
// which leaves alone what is of a living one.
func TestAKilledServerLeavesNothing(t *testing.T) {
	data, temp := t.TempDir(), t.TempDir()
	t.Setenv("TMPDIR", temp)
	must(t, exitDone, "add", feesFile(t, t.TempDir(), "a.csv", "001,甲,1.5"), "--id", "fees", "--data", data)
	living, err := start(data, "--workers", "1", "--address-rate", "0")
	if err != nil {
		t.Fatal(err)
	}
	defer living.stop()
	dying, err := start(data, "--workers", "1", "--address-rate", "0")
	if err != nil {
		t.Fatal(err)
	}
	before, _ := filepath.Glob(filepath.Join(temp, "*"))
	if len(before) != 2 {
		t.Fatalf("two servers have %v", before)
	}
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", dying.pid))
	if err != nil {
		t.Fatal(err)
	}
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", dying.pid))
	for _, path := range tasks {
		more, _ := os.ReadFile(path)
		children = append(append(children, ' '), more...)
	}
	workers := strings.Fields(string(children))
	if len(workers) == 0 {
		t.Fatal("the server has no workers")
	}
	if err := syscall.Kill(dying.pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	dying.stop()
	for _, text := range workers {
		pid, _ := strconv.Atoi(text)
		for end := time.Now().Add(20 * time.Second); syscall.Kill(pid, 0) == nil; time.Sleep(10 * time.Millisecond) {
			if state, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); strings.Contains(string(state), ") Z ") {
				break // dead, and not waited for yet
			}
			if time.Now().After(end) {
				t.Errorf("worker %d outlives its server", pid)
				break
			}
		}
	}
	next, err := start(data, "--workers", "1", "--address-rate", "0")
	if err != nil {
		t.Fatal(err)
	}
	if after, _ := filepath.Glob(filepath.Join(temp, "*")); len(after) != 2 {
		t.Errorf("beside two living servers there is %v", after)
	}
	if len(workerFolders(temp)) == 0 {
		t.Error("the folders of living workers are gone")
	}
	living.get(t, http.StatusOK, "/api/v1/sql", "q", "SELECT count(*) FROM fees")
	next.get(t, http.StatusOK, "/api/v1/sql", "q", "SELECT count(*) FROM fees")
	next.stop()
	living.stop()
	if after, _ := filepath.Glob(filepath.Join(temp, "*")); len(after) != 0 {
		t.Errorf("behind servers that stopped there is %v", after)
	}
}

// serveAs starts a server by a command of its own.
func serveAs(t *testing.T, c *exec.Cmd) (site, func() string) {
	t.Helper()
	stderr, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var said strings.Builder
	found := make(chan string, 1)
	go func() {
		defer close(found)
		lines := bufio.NewScanner(stderr)
		for lines.Scan() {
			mu.Lock()
			said.WriteString(lines.Text() + "\n")
			mu.Unlock()
			if m := listening.FindStringSubmatch(lines.Text()); m != nil {
				found <- m[1]
			}
		}
	}()
	text := func() string { mu.Lock(); defer mu.Unlock(); return said.String() }
	t.Cleanup(func() { c.Process.Signal(syscall.SIGTERM); c.Wait() })
	select {
	case address, ok := <-found:
		if !ok {
			t.Fatalf("it does not serve: %s", text())
		}
		return site{url: "http://" + address, pid: c.Process.Pid}, text
	case <-time.After(time.Minute):
		t.Fatalf("it does not serve: %s", text())
	}
	return site{}, nil
}

// With 64 open files a server takes fewer workers and says so; with too few it says
// how many it needs.
func TestServeWithFewOpenFiles(t *testing.T) {
	data := t.TempDir()
	must(t, exitDone, "add", feesFile(t, t.TempDir(), "a.csv", "001,甲,1.5"), "--id", "fees", "--data", data)
	limited := func(files string) *exec.Cmd {
		c := command(context.Background(), "serve", "--data", data, "--addr", "127.0.0.1:0", "--workers", "8", "--address-rate", "0")
		env := c.Env
		c = exec.Command("sh", append([]string{"-c", "ulimit -n " + files + "; exec \"$@\"", "sh"}, c.Args...)...)
		c.Env = env
		return c
	}
	s, said := serveAs(t, limited("64"))
	var asking sync.WaitGroup
	for range 6 {
		asking.Go(func() {
			for range 3 {
				s.get(t, http.StatusOK, "/api/v1/sql", "q", "SELECT count(*) FROM fees")
				s.get(t, http.StatusOK, "/d/fees.csv")
			}
		})
	}
	asking.Wait()
	if !strings.Contains(said(), "few files may be open") {
		t.Errorf("it does not say that it has fewer workers: %s", said())
	}
	out, err := limited("40").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "ulimit -n") {
		t.Errorf("with 40 files: %v %s", err, out)
	}
}

// asNobody has a command run as a user that cannot write what does not belong to it,
// where the tests run as root.
func asNobody(t *testing.T, c *exec.Cmd) {
	t.Helper()
	if os.Getuid() != 0 {
		return
	}
	// Where everybody may run it.
	dir, err := os.MkdirTemp("", "govdata-nobody-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	binary := filepath.Join(dir, "govdata")
	in, err := os.Open(c.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := os.OpenFile(binary, os.O_CREATE|os.O_WRONLY, 0o755)
	if err == nil {
		_, err = io.Copy(out, in)
	}
	if err := errors.Join(err, out.Close(), os.Chmod(dir, 0o755)); err != nil {
		t.Fatal(err)
	}
	c.Path, c.Args[0], c.Dir = binary, binary, "/"
	c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
}

// A copy on a directory that cannot be written is served, and what is off is said.
func TestServeOnAReadOnlyDirectory(t *testing.T) {
	data := t.TempDir()
	must(t, exitDone, "add", feesFile(t, t.TempDir(), "a.csv", "001,甲,1.5"), "--id", "fees", "--data", data)
	must(t, exitDone, "keys", "create", "ppp_projects", "--holder", "x", "--data", data)
	mode := func(dir, file os.FileMode) {
		filepath.WalkDir(data, func(path string, e os.DirEntry, _ error) error {
			if e.IsDir() {
				os.Chmod(path, dir)
			} else {
				os.Chmod(path, file)
			}
			return nil
		})
	}
	mode(0o555, 0o444)
	t.Cleanup(func() { mode(0o755, 0o644) })
	for parent := filepath.Dir(data); os.Getuid() == 0 && parent != os.TempDir() && parent != "/"; parent = filepath.Dir(parent) {
		if err := os.Chmod(parent, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	c := command(context.Background(), "serve", "--data", data, "--addr", "127.0.0.1:0", "--workers", "1")
	asNobody(t, c)
	s, said := serveAs(t, c)
	s.get(t, http.StatusOK, "/d/fees.csv")
	s.get(t, http.StatusOK, "/api/v1/sql", "q", "SELECT count(*) FROM fees")
	s.get(t, http.StatusOK, "/readyz")
	r, err := http.PostForm(s.url+"/api/v1/exports", url.Values{"q": {"SELECT 1"}})
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	if r.StatusCode != http.StatusNotFound {
		t.Errorf("an export on a directory that cannot be written: status %d", r.StatusCode)
	}
	if !strings.Contains(said(), "cannot be written") {
		t.Errorf("it does not say what is off: %s", said())
	}
}

// Without HOME, with other masks, a symbolic link and no folder for temporary files
// everything works as ever.
func TestOddSurroundings(t *testing.T) {
	for name, set := range map[string]func(t *testing.T, dir string, c *exec.Cmd){
		"no HOME": func(_ *testing.T, _ string, c *exec.Cmd) {
			c.Env = slices.DeleteFunc(c.Env, func(e string) bool { return strings.HasPrefix(e, "HOME=") })
		},
		"no TMPDIR": func(_ *testing.T, dir string, c *exec.Cmd) {
			c.Env = append(c.Env, "TMPDIR="+filepath.Join(dir, "missing"))
		},
		"umask 077": func(_ *testing.T, _ string, c *exec.Cmd) {
			c.Args = append([]string{"sh", "-c", `umask 077; exec "$@"`, "sh"}, c.Args...)
			c.Path = "/bin/sh"
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.Mkdir(filepath.Join(dir, "real"), 0o755); err != nil {
				t.Fatal(err)
			}
			data := filepath.Join(dir, "link")
			if err := os.Symlink(filepath.Join(dir, "real"), data); err != nil {
				t.Fatal(err)
			}
			for _, args := range [][]string{
				{"add", feesFile(t, dir, "a.csv", "001,甲,1.5"), "--id", "fees"}, {"ingest", "fees", feesFile(t, dir, "b.csv", "001,甲,2.5")},
				{"query", "SELECT count(*) FROM fees"}, {"verify", "--deep"}, {"gc", "--keep", "1"}, {"verify"}, {"inspect", filepath.Join(dir, "a.csv")},
			} {
				c := command(t.Context(), append(args, "--data", data)...)
				set(t, dir, c)
				if out, err := c.CombinedOutput(); err != nil {
					t.Fatalf("%v: %v %s", args, err, out)
				}
			}
		})
	}
}

// Whatever two commands run at once on a data directory, both do what they do alone,
// nothing is found damaged and nothing is left behind.
func TestTwoAtOnce(t *testing.T) {
	pairs, seed := 12, uint64(19)
	if text := os.Getenv("GOVDATA_PAIRS"); text != "" {
		var err error
		if pairs, err = strconv.Atoi(text); err != nil {
			t.Fatalf("GOVDATA_PAIRS=%q: %v", text, err)
		}
		seed = uint64(time.Now().UnixNano())
	} else if testing.Short() {
		pairs = 3
	}
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	var files []string
	for i := range 3 {
		files = append(files, feesFile(t, dir, fmt.Sprintf("%d.csv", i), fmt.Sprintf("001,甲,%d.5", i)))
	}
	must(t, exitDone, "add", files[0], "--id", "fees", "--key", "dai_ma", "--data", data)
	must(t, exitDone, "add", files[0], "--id", "other", "--data", data)
	cat, err := catalog.Open(data, catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	release := func() string {
		events, err := cat.Events("fees")
		if err != nil || len(events) == 0 {
			t.Fatal(events, err)
		}
		return string(events[rng.IntN(len(events))].Release)
	}
	commands := []func() []string{
		func() []string { return []string{"ingest", "fees", files[rng.IntN(3)]} },
		func() []string { return []string{"ingest", "fees", files[rng.IntN(3)], "--mode", "upsert"} },
		func() []string { return []string{"ingest", "other", files[rng.IntN(3)]} },
		func() []string { return []string{"add", files[rng.IntN(3)], "--id", "fees", "--key", "dai_ma"} },
		func() []string {
			return []string{"add", files[rng.IntN(3)], "--id", fmt.Sprintf("new%d", rng.IntN(1000))}
		},
		func() []string { return []string{"gc", "--keep", "1"} },
		func() []string { return []string{"rollback", "fees", release()} },
		func() []string { return []string{"withdraw", "fees@" + release(), "--reason", "x"} },
		func() []string { return []string{"refresh"} },
		func() []string { return []string{"verify"} },
		func() []string { return []string{"list"} },
		func() []string { return []string{"query", "SELECT count(*) FROM fees"} },
		func() []string { return []string{"keys", "create", "ppp_projects", "--holder", "x"} },
		func() []string { return []string{"hooks", "add", "https://hooks.example/x"} },
	}
	// Who comes behind a collection or a withdrawal is told so.
	expected := regexp.MustCompile(`was collected|was withdrawn`)
	for n := range pairs {
		var both sync.WaitGroup
		two := [2][]string{commands[rng.IntN(len(commands))](), commands[rng.IntN(len(commands))]()}
		if n%3 == 0 { // what reads all, beside what changes
			two[0] = []string{"verify"}
		}
		for _, args := range two {
			both.Go(func() {
				_, stderr, code := govdata(t, append(args, "--data", data)...)
				if code != exitDone && !(code == exitFailed && args[0] != "verify" && expected.MatchString(stderr)) {
					t.Errorf("pair %d: %v beside %v: exit code %d: %s", n, args, two, code, stderr)
				}
			})
		}
		both.Wait()
		if out, stderr, code := govdata(t, "verify", "--data", data); code != exitDone {
			t.Fatalf("pair %d: after %v: %s%s", n, two, out, stderr)
		}
		if left, _ := filepath.Glob(filepath.Join(data, "private", "staging", "*")); len(left) > 0 {
			t.Errorf("pair %d: after %v there is %v", n, two, left)
		}
		if t.Failed() {
			break
		}
	}
	for _, half := range []string{"public", "restricted"} {
		left, _ := filepath.Glob(filepath.Join(data, half, "*", "*.new"))
		more, _ := filepath.Glob(filepath.Join(data, half, "*", "*.collected"))
		if len(left)+len(more) > 0 {
			t.Errorf("left behind: %v %v", left, more)
		}
	}
	t.Logf("%d pairs", pairs)
}
