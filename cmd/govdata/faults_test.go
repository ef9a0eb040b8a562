package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"govdata/catalog"
	"govdata/server/exports"
	"govdata/server/keys"
)

// The fault campaign: docs/faults.md says how it works and what it holds.

// faultScene is a command that changes a data directory, and what runs behind it.
type faultScene struct {
	name string
	// base makes the data directory that the command finds.
	base [][]string
	// args is the command. {data} is the data directory, {files} the folder of the
	// files that are ingested.
	args []string
	// next are the commands that have to work afterwards, with their
	// exit codes; done may be with rejected rows.
	next []faultNext
}

type faultNext struct {
	args []string
	code int
}

// faultCalls are the system calls that fail, and what with.
var faultCalls = map[string][]string{
	"write": {"ENOSPC", "EIO", "EDQUOT", "short", "full", "kill"}, "pwrite64": {"ENOSPC", "EIO", "short", "full", "kill"},
	"fsync": {"EIO", "ENOSPC", "kill"}, "fdatasync": {"EIO", "ENOSPC", "kill"},
	"rename": {"EIO", "ENOSPC", "EACCES", "kill"}, "renameat": {"EIO", "ENOSPC", "EACCES", "kill"}, "renameat2": {"EIO", "ENOSPC", "EACCES", "kill"},
	"link": {"EIO", "ENOSPC", "kill"}, "linkat": {"EIO", "ENOSPC", "kill"},
	"unlink": {"EIO", "EACCES", "kill"}, "unlinkat": {"EIO", "EACCES", "kill"}, "rmdir": {"EIO", "EACCES", "kill"},
	"open": {"ENOSPC", "EIO", "EACCES", "EMFILE", "kill"}, "openat": {"ENOSPC", "EIO", "EACCES", "EMFILE", "kill"},
	"ftruncate": {"EIO", "ENOSPC", "kill"}, "mkdir": {"ENOSPC", "EIO", "EACCES", "kill"}, "mkdirat": {"ENOSPC", "EIO", "EACCES", "kill"},
	"close": {"EIO", "ENOSPC", "kill"}, "copy_file_range": {"EIO", "ENOSPC", "kill"}, "sendfile": {"EIO", "kill"},
}

// fault is one failure: the call-th call of a kind that a thread makes on a path.
type fault struct {
	scene   *faultScene
	syscall string
	path    string // below the data directory
	call    int
	failure string
}

func (f fault) String() string {
	return fmt.Sprintf("%s: %s %d on %s: %s", f.scene.name, f.syscall, f.call, f.path, f.failure)
}

// inject is the fault as strace wants it.
func (f fault) inject() string {
	when := fmt.Sprintf(":when=%d", f.call)
	switch f.failure {
	case "kill":
		return f.syscall + ":signal=SIGKILL" + when
	case "short":
		return f.syscall + ":retval=1" + when
	case "full": // and it stays full
		return f.syscall + ":error=ENOSPC" + when + "+"
	}
	return f.syscall + ":error=" + f.failure + when
}

// cleaning tells that what fails is the clearing away, which the next command
// takes up again.
func (f fault) cleaning() bool {
	if f.syscall == "openat" && (f.scene.args[0] == "gc" || f.scene.args[0] == "withdraw") { // of a folder, to be removed
		return true
	}
	staging := f.syscall == "openat" && (f.path == "/private/staging" || filepath.Dir(f.path) == "/private/staging") // a folder, to be removed
	return staging || f.failure == "kill" || strings.HasPrefix(f.syscall, "unlink") || f.syscall == "rmdir"
}

// faultErrors are words by which a message tells what failed.
var faultErrors = regexp.MustCompile(`(?i)no space left|disk is full|input/output error|i/o error|permission denied|access denied|too many open files|quota|unable to open|unexpected|not as it was written|failed!|readonly|read-only|corrupt|short write|checksum|sha-256|hash`)

var (
	straceCall = regexp.MustCompile(`^(\d+) +(\w+)\((.*)`)
	straceFD   = regexp.MustCompile(`^\d+<([^>]*)>`)
	stracePath = regexp.MustCompile(`^(?:(?:AT_FDCWD|\d+)<([^>]*)>, )?"([^"]*)"`)
)

// faultPath is the path below data that a call touches, as -P matches it.
func faultPath(data, arguments string) (string, bool) {
	path := ""
	if m := stracePath.FindStringSubmatch(arguments); m != nil {
		path = m[2]
		if !filepath.IsAbs(path) {
			path = m[1]
		}
	} else if m := straceFD.FindStringSubmatch(arguments); m != nil {
		path = m[1]
	}
	below, ok := strings.CutPrefix(path, data)
	return below, ok && (below == "" || below[0] == '/')
}

// faultSlot is a place where one fault runs at a time. Its paths stay the same,
// since strace matches them.
type faultSlot struct {
	dir, data, temp string
	files           string
	base            map[string]string // scene to its data directory
}

func (s *faultSlot) expand(args []string) []string {
	var all []string
	for _, a := range args {
		all = append(all, strings.NewReplacer("{data}", s.data, "{files}", s.files).Replace(a))
	}
	return append(all, "--data", s.data)
}

// run executes one command, under strace where flags are given.
func (s *faultSlot) run(args []string, strace ...string) (stdout, stderr string, code int, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	c := command(ctx, s.expand(args)...)
	if args[0] == "jobs" { // a scene of the export jobs, which have no command
		self, _ := os.Executable()
		c = exec.CommandContext(ctx, self, "jobs", s.data)
		c.Env = os.Environ()
	}
	if len(strace) > 0 {
		env := c.Env
		if !slices.ContainsFunc(strace, func(a string) bool { return strings.Contains(a, "signal=SIGKILL") }) {
			strace = append([]string{"--seccomp-bpf"}, strace...) // faster, but no signal arrives by it
		}
		c = exec.CommandContext(ctx, "strace", slices.Concat([]string{"-f", "-qq", "-y", "-s", "0", "-e", "signal=none"}, strace, c.Args)...)
		c.Env = env
	}
	c.Env = append(c.Env, "TMPDIR="+s.temp, "LC_ALL=C.UTF-8")
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
	c.WaitDelay = 10 * time.Second
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	err = c.Run()
	if ctx.Err() != nil {
		return out.String(), errs.String(), -1, fmt.Errorf("it did not end within 2 minutes: %w", ctx.Err())
	}
	if err != nil && !errors.As(err, new(*exec.ExitError)) {
		return out.String(), errs.String(), -1, err
	}
	code = c.ProcessState.ExitCode()
	if status, ok := c.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		code = 128 + int(status.Signal())
	}
	return out.String(), errs.String(), code, nil
}

// restore puts the data directory as the scene finds it.
func (s *faultSlot) restore(scene *faultScene) error {
	for _, dir := range []string{s.data, s.temp} {
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	return errors.Join(os.CopyFS(s.data, os.DirFS(s.base[scene.name])), os.Mkdir(s.temp, 0o700))
}

var (
	refusedAt = regexp.MustCompile(`refused-[^/]*`)
	madeKey   = regexp.MustCompile(`[0-9a-f]{16}\.pem`)
	madeJob   = regexp.MustCompile(`[a-z2-7]{32}\.csv`)
)

// listing is every path below a folder, without the times and keys in names.
func listing(dir string) (map[string]bool, error) {
	all := map[string]bool{}
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		name := strings.TrimPrefix(path, dir)
		name = madeJob.ReplaceAllString(name, "JOB.csv")
		name = madeKey.ReplaceAllString(refusedAt.ReplaceAllString(name, "refused-TIME"), "KEY.pem")
		all[name] = true
		return err
	})
	return all, err
}

// staysAnyway is what a command that fails may leave: uploads, keys, and folders
// that are made once.
var staysAnyway = regexp.MustCompile(`^/private/(archive|locks)(/|$)|signing-key|content-key|^/(public|restricted|private)$|^/private/(staging|definitions|records(/\w+)?|exports)$|^/private/withdrawn(/|$)|\.sqlite|runner\.lock`)

// tooMuch names what is in got and in none of the others.
func tooMuch(got map[string]bool, others ...map[string]bool) (names []string) {
	for name := range got {
		if !slices.ContainsFunc(others, func(o map[string]bool) bool { return o[name] }) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// holdings is what a data directory holds, by name: what is current of each
// dataset, and the counts of the state stores.
func (s *faultSlot) holdings() (map[string]string, error) {
	ctx := context.Background()
	held := map[string]string{}
	cat, err := catalog.Open(s.data, catalog.Options{})
	if err != nil {
		return nil, err
	}
	ids, err := cat.EveryID()
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		all, damaged, err := cat.Published(id)
		if err != nil {
			return nil, err
		}
		if len(damaged) > 0 {
			return nil, damaged[0]
		}
		r, err := cat.Current(id)
		switch {
		case err == nil:
			held[string(id)] = string(r.Release)
		case errors.Is(err, catalog.ErrGone):
			held[string(id)] = "withdrawn"
		case !errors.Is(err, catalog.ErrNotFound):
			return nil, err
		}
		for _, r := range all {
			mismatches, err := r.Verify(ctx, nil)
			if err != nil {
				return nil, err
			}
			if len(mismatches) > 0 {
				return nil, fmt.Errorf("verify: %s", mismatches[0])
			}
		}
	}
	there := func(name string) bool {
		_, err := os.Stat(filepath.Join(cat.PrivateDir(), name))
		return err == nil
	}
	if there("keys.sqlite") {
		store, err := openKeys(cat)
		if err != nil {
			return nil, err
		}
		defer store.Close()
		all, err := store.List(ctx)
		if err != nil {
			return nil, err
		}
		revoked := len(slices.DeleteFunc(slices.Clone(all), func(k keys.Key) bool { return k.Revoked.IsZero() }))
		held["keys"] = fmt.Sprintf("%d, %d revoked", len(all), revoked)
	}
	if there("hooks.sqlite") {
		store, err := openHooks(cat)
		if err != nil {
			return nil, err
		}
		defer store.Close()
		all, err := store.List(ctx)
		if err != nil {
			return nil, err
		}
		held["hooks"] = fmt.Sprint(len(all))
	}
	if there("exports/jobs.sqlite") {
		store, err := exports.Open(filepath.Join(cat.PrivateDir(), "exports"))
		if err != nil {
			return nil, err
		}
		defer store.Close()
		if held["jobs"], err = jobsHeld(ctx, store); err != nil {
			return nil, err
		}
	}
	return held, nil
}

// faultPlan is what a scene does where nothing fails.
type faultPlan struct {
	scene         *faultScene
	code          int
	before, after map[string]string
	// What lies in the data directory before, behind the command, and behind the
	// next ones.
	listed, done, settled map[string]bool
	end                   map[string]string
	faults                []fault
}

// plan runs a scene once and lists its calls.
func (s *faultSlot) plan(scene *faultScene) (*faultPlan, error) {
	p := &faultPlan{scene: scene}
	if err := s.restore(scene); err != nil {
		return nil, err
	}
	var err error
	if p.listed, err = listing(s.data); err != nil {
		return nil, err
	}
	if p.before, err = s.holdings(); err != nil {
		return nil, err
	}
	if err := s.restore(scene); err != nil {
		return nil, err
	}
	log := filepath.Join(s.dir, "calls")
	_, stderr, code, err := s.run(scene.args, "-o", log, "-e", "trace="+strings.Join(slices.Sorted(maps.Keys(faultCalls)), ","))
	if err != nil {
		return nil, err
	}
	if p.code = code; code == exitUsage || code > exitRejected {
		return nil, fmt.Errorf("%s: exit code %d: %s", scene.name, code, stderr)
	}
	if p.done, err = listing(s.data); err != nil {
		return nil, err
	}
	if p.after, err = s.holdings(); err != nil {
		return nil, err
	}
	if err := s.follow(scene); err != nil {
		return nil, err
	}
	if p.settled, err = listing(s.data); err != nil {
		return nil, err
	}
	if p.end, err = s.holdings(); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(log)
	if err != nil {
		return nil, err
	}
	// strace counts the calls of each thread for itself.
	threads, counts := map[[3]string]int{}, map[[2]string]int{}
	for line := range strings.Lines(string(text)) {
		if m := straceCall.FindStringSubmatch(line); m != nil {
			if path, ok := faultPath(s.data, m[3]); ok {
				threads[[3]string{m[2], path, m[1]}]++
				counts[[2]string{m[2], path}] = max(counts[[2]string{m[2], path}], threads[[3]string{m[2], path, m[1]}])
			}
		}
	}
	for _, key := range slices.SortedFunc(maps.Keys(counts), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }) {
		for call := range counts[key] {
			for _, failure := range faultCalls[key[0]] {
				// strace says that a part was written, and nothing was. SQLite believes it;
				// what is published is read back.
				if failure == "short" && strings.Contains(key[1], ".sqlite") {
					continue
				}
				p.faults = append(p.faults, fault{scene, key[0], key[1], call + 1, failure})
			}
		}
	}
	return p, nil
}

// follow runs what comes behind the command of a scene.
func (s *faultSlot) follow(scene *faultScene) error {
	for _, n := range scene.next {
		stdout, stderr, code, err := s.run(n.args)
		if err != nil {
			return err
		}
		if code != n.code && !(n.code == exitDone && code == exitRejected) {
			return fmt.Errorf("the next command, %s, ends with %d, want %d: %s%s", strings.Join(n.args, " "), code, n.code, stdout, stderr)
		}
	}
	return nil
}

// outcome of a fault that held.
const (
	unreached = "unreached" // the call did not come, in this order of threads
	before    = "before"
	after     = "after"
)

// try runs a fault and returns what came of it; an error says what did not hold.
func (s *faultSlot) try(p *faultPlan, f fault) (outcome string, err error) {
	if err := s.restore(f.scene); err != nil {
		return "", err
	}
	log := filepath.Join(s.dir, "log")
	stdout, stderr, code, err := s.run(f.scene.args, "-o", log, "-P", s.data+f.path, "-e", "trace="+f.syscall, "-e", "inject="+f.inject())
	if err != nil {
		return "", err
	}
	said, err := os.ReadFile(log)
	if err != nil {
		return "", err
	}
	killed := code == 128+int(syscall.SIGKILL)
	if f.failure == "kill" && !killed || f.failure != "kill" && !bytes.Contains(said, []byte("(INJECTED)")) {
		if code != p.code {
			return "", fmt.Errorf("nothing failed, and the exit code is %d: %s", code, stderr)
		}
		return unreached, nil
	}
	complain := func(format string, args ...any) error {
		return fmt.Errorf("%s\n%s\nexit code %d\n%s%s%s", f, fmt.Sprintf(format, args...), code, stdout, stderr, said)
	}
	left, err := listing(s.data)
	if err != nil {
		return "", err
	}
	temporary, err := listing(s.temp)
	if err != nil {
		return "", err
	}
	held, err := s.holdings()
	if err != nil {
		return "", complain("%v", err)
	}
	outcome = after
	for name := range maps.Keys(union(p.before, p.after, held)) {
		switch held[name] {
		case p.after[name]:
		case p.before[name]:
			outcome = before
		default:
			return "", complain("%s is %q, want %q or %q", name, held[name], p.before[name], p.after[name])
		}
	}
	switch {
	case killed:
	case code == exitDone || code == exitRejected || code == p.code && maps.Equal(held, p.after) && len(tooMuch(p.done, left)) == 0:
		if code != p.code {
			return "", complain("want exit code %d", p.code)
		}
		// A refresh goes on beside an input that cannot be read, and names it.
		if outcome != after && !strings.Contains(stdout, "not computed: ") {
			return "", complain("success is told, and it is as before")
		}
		if missing := tooMuch(p.done, left); outcome == after && len(missing) > 0 {
			return "", complain("success is told, and there is no %s", missing)
		}
	case code != exitFailed || !strings.Contains(stderr, "govdata: ") && f.scene.args[0] != "jobs" || strings.Contains(stderr, "goroutine ") || f.failure != "short" && !faultErrors.MatchString(stderr):
		return "", complain("want exit code 1 and a message that tells what failed")
	case outcome == after && len(p.before) > 0 && !maps.Equal(p.before, p.after) && !strings.Contains(stderr, "current") && f.scene.args[0] != "jobs" && f.scene.args[0] != "keys" && f.scene.args[0] != "hooks" && f.scene.args[0] != "gc" && f.scene.args[0] != "withdraw":
		return "", complain("failure is told, and not that the new release is current")
	}
	if !f.cleaning() {
		may := p.done
		if outcome == before && !maps.Equal(p.before, p.after) { // nothing of the new release
			may = map[string]bool{}
			for name := range p.done {
				may[name] = staysAnyway.MatchString(name)
			}
		}
		more := slices.DeleteFunc(tooMuch(left, p.listed, may), func(name string) bool { // SQLite's own, of a close that failed
			return strings.HasSuffix(name, ".sqlite-wal") || strings.HasSuffix(name, ".sqlite-shm")
		})
		if len(more) > 0 {
			return "", complain("left behind: %s", more)
		}
		if len(temporary) > 1 {
			return "", complain("left behind in TMPDIR: %v", temporary)
		}
	}
	if err := s.follow(f.scene); err != nil {
		return "", complain("%v", err)
	}
	if left, err = listing(s.data); err != nil {
		return "", err
	}
	if more := tooMuch(left, p.settled); len(more) > 0 {
		return "", complain("left behind by the next commands: %s", more)
	}
	if missing := tooMuch(p.settled, left); len(missing) > 0 {
		return "", complain("after the next commands there is no %s", missing)
	}
	if held, err = s.holdings(); err != nil {
		return "", complain("after the next commands: %v", err)
	}
	for _, counted := range []string{"keys", "hooks", "jobs"} { // what was added before the failure stays
		delete(held, counted)
	}
	for name, is := range held {
		if is != p.end[name] {
			return "", complain("after the next commands %s is %q, want %q", name, is, p.end[name])
		}
	}
	return outcome, nil
}

func union(all ...map[string]string) map[string]string {
	u := map[string]string{}
	for _, m := range all {
		maps.Copy(u, m)
	}
	return u
}

// faultScenes are the commands that change a data directory.
func faultScenes() []*faultScene {
	ingest := func(name string) []string { return []string{"ingest", "fees", "{files}/" + name} }
	added := []string{"add", "{files}/a.csv", "--id", "fees", "--key", "dai_ma"}
	again := []string{"add", "{files}/d.csv", "--id", "fees", "--key", "ming_cheng,dai_ma", "--accept-change", "key"}
	withdraw, withdrawAll := []string{"withdraw", "fees@{first}", "--reason", "x"}, []string{"withdraw", "fees", "--reason", "x"}
	two := [][]string{added, ingest("b.csv")}
	works := func(args ...[]string) (all []faultNext) {
		for _, a := range args {
			all = append(all, faultNext{a, exitDone})
		}
		return all
	}
	key := []string{"keys", "create", "ppp_projects", "--holder", "x"}
	hook := []string{"hooks", "add", "https://hooks.example/x"}
	return []*faultScene{
		{name: "ingest", base: two, args: ingest("c.csv"), next: works(ingest("c.csv"))},
		{name: "first add", args: added, next: works(added)},
		{name: "add again", base: two, args: again, next: works(again)},
		{name: "upsert", base: two, args: append(ingest("d.csv"), "--mode", "upsert"), next: works(append(ingest("d.csv"), "--mode", "upsert"))},
		{name: "refused", base: two, args: ingest("bad.csv"), next: []faultNext{{ingest("bad.csv"), exitFailed}, {ingest("d.csv"), exitDone}}},
		{name: "unchanged", base: two, args: ingest("b.csv"), next: works(ingest("b.csv"), ingest("d.csv"))},
		{name: "rollback", base: two, args: []string{"rollback", "fees", "{first}"}, next: works([]string{"rollback", "fees", "{first}"}, ingest("d.csv"))},
		{name: "gc", base: append(two[:2:2], ingest("d.csv")), args: []string{"gc", "--keep", "1"}, next: works([]string{"gc", "--keep", "1"}, ingest("c.csv"))},
		{name: "withdraw", base: append(two[:2:2], ingest("d.csv")), args: withdraw, next: works(withdraw, ingest("c.csv"))},
		{name: "withdraw all", base: two, args: withdrawAll, next: works(withdrawAll)},
		{name: "refresh", base: [][]string{{"ingest", "fee_catalog", "{files}/fee_catalog.xlsx"}, {"ingest", "fee_site_notices", "{files}/fee_site_notices.xlsx"}, {"ingest", "illegal_fee_cases", "{files}/illegal_fee_cases.xlsx"}, {"forget"}},
			args: []string{"refresh"}, next: works([]string{"refresh"})},
		{name: "keys create", base: append(two[:1:1], key), args: key, next: works(key, []string{"keys", "list"})},
		{name: "hooks add", base: append(two[:1:1], hook), args: hook, next: works(hook, []string{"hooks", "list"})},
		{name: "jobs", base: append(two[:1:1], []string{"jobs"}), args: []string{"jobs"}, next: works([]string{"jobs"})},
	}
}

// prepare makes what the scenes begin with.
func (s *faultSlot) prepare(scenes []*faultScene) error {
	s.data, s.temp, s.files = filepath.Join(s.dir, "data"), filepath.Join(s.dir, "tmp"), filepath.Join(s.dir, "files")
	s.base = map[string]string{}
	if err := os.MkdirAll(s.files, 0o700); err != nil {
		return err
	}
	header := "代码,名称,金额\n" + manyFees(40)
	for name, rows := range map[string]string{
		"a.csv": "001,甲,1.5\n002,乙,2\n", "b.csv": "001,甲,1.5\n002,乙,2\n003,丙,3\n", "c.csv": "001,甲,1.5\n002,乙,2\n003,丙,3.5\n004,丁,4\n999,戊,四\n",
		"d.csv": "001,甲,1.5\n002,乙,2\n003,丙,3\n005,己,5\n", "bad.csv": strings.Repeat("001,甲,一\n", 40),
	} {
		if err := os.WriteFile(filepath.Join(s.files, name), []byte(header+rows), 0o600); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(s.temp, 0o700); err != nil {
		return err
	}
	samples := os.DirFS("../../datasets")
	for _, id := range []string{"fee_catalog", "fee_site_notices", "illegal_fee_cases"} {
		found, err := fs.Glob(samples, id+"/*.xlsx")
		if err != nil || len(found) == 0 {
			return fmt.Errorf("%s has no sample: %v", id, err)
		}
		data, err := fs.ReadFile(samples, found[0])
		if err == nil {
			err = os.WriteFile(filepath.Join(s.files, id+".xlsx"), data, 0o600)
		}
		if err != nil {
			return err
		}
	}
	for i, scene := range scenes {
		if err := errors.Join(os.RemoveAll(s.data), os.MkdirAll(s.data, 0o755)); err != nil {
			return err
		}
		for _, args := range scene.base {
			if args[0] == "forget" { // as if the computed datasets had never been
				for _, half := range []string{"public", "private/records"} {
					if err := os.RemoveAll(filepath.Join(s.data, half, "fees_outside_catalog")); err != nil {
						return err
					}
				}
				continue
			}
			if _, stderr, code, err := s.run(args); err != nil || code != exitDone && code != exitRejected {
				return fmt.Errorf("%s: %v: %d %s %w", scene.name, args, code, stderr, err)
			}
		}
		s.base[scene.name] = filepath.Join(s.dir, "base", strconv.Itoa(i))
		if err := os.CopyFS(s.base[scene.name], os.DirFS(s.data)); err != nil {
			return err
		}
	}
	return nil
}

func manyFees(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%d,甲,1.5\n", 100+i)
	}
	return b.String()
}

// Each system call of a command that changes the data directory fails in turn, is
// cut short, or is the last one of its process: what is served is the release before
// or after, whole; success is told where it is one; the next commands work and
// nothing is left behind.
func TestFaults(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: -short")
	}
	_, err := exec.LookPath("strace")
	optional(t, "strace", err == nil)
	wanted, seed := 30, uint64(1)
	if text := os.Getenv("GOVDATA_FAULTS"); text != "" {
		if wanted, err = strconv.Atoi(text); err != nil {
			t.Fatalf("GOVDATA_FAULTS=%q: %v", text, err)
		}
	}
	if text := os.Getenv("GOVDATA_FAULTS_SEED"); text != "" {
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("GOVDATA_FAULTS_SEED=%q: %v", text, err)
		}
	}
	only := regexp.MustCompile(os.Getenv("GOVDATA_FAULTS_ONLY"))
	scenes := faultScenes()
	slots := make([]*faultSlot, runtime.NumCPU())
	if text := os.Getenv("GOVDATA_FAULTS_AT_ONCE"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			t.Fatalf("GOVDATA_FAULTS_AT_ONCE=%q: want a number", text)
		}
		slots = make([]*faultSlot, n)
	}
	root := t.TempDir()
	for i := range slots {
		slots[i] = &faultSlot{dir: filepath.Join(root, strconv.Itoa(i))}
	}
	first := slots[0]
	if err := first.prepare(scenes); err != nil {
		t.Fatal(err)
	}
	for _, s := range slots[1:] {
		s.data, s.temp, s.files, s.base = filepath.Join(s.dir, "data"), filepath.Join(s.dir, "tmp"), first.files, first.base
		if err := os.Mkdir(s.dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, scene := range scenes {
		if err := first.name(scene); err != nil {
			t.Fatal(err)
		}
	}
	plans := map[*faultScene]*faultPlan{}
	var all [][]fault // by scene, call and failure: the sample is even over these
	for _, scene := range scenes {
		p, err := first.plan(scene)
		if err != nil {
			t.Fatalf("%s: %v", scene.name, err)
		}
		plans[scene] = p
		groups := map[[2]string][]fault{}
		for _, f := range p.faults {
			if only.MatchString(f.String()) {
				key := [2]string{f.syscall, f.failure}
				groups[key] = append(groups[key], f)
			}
		}
		for _, key := range slices.SortedFunc(maps.Keys(groups), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }) {
			all = append(all, groups[key])
		}
		t.Logf("%s: %d faults", scene.name, len(p.faults))
	}
	rng := rand.New(rand.NewPCG(seed, 0))
	for _, group := range all {
		rng.Shuffle(len(group), func(i, j int) { group[i], group[j] = group[j], group[i] })
	}
	var mu sync.Mutex
	turn, taken, done, failed := 0, make([]int, len(all)), 0, 0
	tally := map[string]int{}
	// Small groups come round again where all was had.
	next := func() (fault, bool) {
		mu.Lock()
		defer mu.Unlock()
		total := 0
		for _, group := range all {
			total += len(group)
		}
		if done >= wanted || failed >= 20 || total == 0 || turn > 4*wanted+4*total {
			return fault{}, false
		}
		for {
			g := turn % len(all)
			turn++
			if taken[g] < len(all[g]) || turn > 2*total {
				f := all[g][taken[g]%len(all[g])]
				taken[g]++
				return f, true
			}
		}
	}
	var running sync.WaitGroup
	for _, s := range slots {
		running.Go(func() {
			for {
				f, ok := next()
				if !ok {
					return
				}
				outcome, err := s.try(plans[f.scene], f)
				mu.Lock()
				if err != nil {
					failed++
					outcome = "FAILED"
					t.Error(err)
				}
				if outcome != unreached {
					done++
				}
				tally[fmt.Sprintf("%-12s %-16s %-8s %s", f.scene.name, f.syscall, f.failure, outcome)]++
				if done%500 == 0 && outcome != unreached {
					fmt.Fprintf(os.Stderr, "%s: %d faults, %d failed\n", time.Now().Format(time.TimeOnly), done, failed)
				}
				mu.Unlock()
			}
		})
	}
	running.Wait()
	for _, key := range slices.Sorted(maps.Keys(tally)) {
		t.Logf("%s %d", key, tally[key])
	}
	t.Logf("%d faults with seed %d, %d failed", done, seed, failed)
	if done < wanted && only.String() == "" && failed == 0 {
		t.Errorf("%d faults were reached, want %d", done, wanted)
	}
}

// name puts the release that a rollback goes to into its arguments.
func (s *faultSlot) name(scene *faultScene) error {
	cat, err := catalog.Open(s.base[scene.name], catalog.Options{})
	if err != nil {
		return err
	}
	events, err := cat.Events("fees")
	if errors.Is(err, catalog.ErrNotFound) {
		return nil
	} else if err != nil {
		return err
	}
	fill := func(args []string) {
		for i := range args {
			args[i] = strings.ReplaceAll(args[i], "{first}", string(events[0].Release))
		}
	}
	fill(scene.args)
	for _, n := range scene.next {
		fill(n.args)
	}
	return nil
}

// jobs is a scene of the fault campaign: an export is asked for, runs and ends.
func jobs(data string) int {
	err := func() error {
		ctx := context.Background()
		store, err := exports.Open(filepath.Join(data, "private", "exports"))
		if err != nil {
			return err
		}
		defer store.Close()
		release, ok, err := store.Claim(ctx)
		if err != nil || !ok {
			return fmt.Errorf("claim: %v, %w", ok, err)
		}
		defer release()
		if err := store.Add(ctx, &exports.Job{Format: "csv", SQL: "SELECT 1", User: "x"}); err != nil {
			return err
		}
		job, err := store.Next(ctx)
		if err != nil || job == nil {
			return fmt.Errorf("next: %v, %w", job, err)
		}
		if err := os.WriteFile(store.Path(job), []byte("a\n1\n"), 0o600); err != nil {
			return err
		}
		job.Status, job.Bytes = exports.Done, 4
		return store.Finish(ctx, job)
	}()
	if err != nil {
		fmt.Fprintf(os.Stderr, "govdata: %v\n", err)
		return exitFailed
	}
	return exitDone
}

func jobsHeld(ctx context.Context, store *exports.Store) (string, error) {
	bytes, err := store.Held(ctx)
	return fmt.Sprint(bytes), err
}
