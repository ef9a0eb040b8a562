package query

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"govdata/catalog"
)

// grace is how long after the deadline a worker may still say that it was too
// slow before it is killed.
const grace = 250 * time.Millisecond

// startCost is what the start of a worker takes of a processor, about.
const startCost = 25 * time.Millisecond

// A worker takes four files of the server while it lives, three pipes and its
// process; of what Workers counts there are up to seven processes and a bit. The
// rest of the server has some files open as well.
const (
	workerFiles   = 32
	reservedFiles = 28
)

// PoolOptions tune NewPool. The zero value is what a server wants.
type PoolOptions struct {
	// Workers is how many questions run at once, besides one more of somebody
	// who asks little, and as many that moved on from there. Three processes for
	// each wait ready. 0: as many as there are cores.
	Workers int
	// Queue is how many may wait; 0: 16 per worker. Of one user at most UserQueue
	// wait; 0: 16. One that waits longer than QueueWait is refused; 0: as long as
	// an interactive question may take, but at least 5 s.
	Queue, UserQueue int
	QueueWait        time.Duration
	// Threads of each worker, so that a lone question uses the machine. 0: as
	// many as there are cores, at most 4.
	Threads int
	// Limits of every question. Zero: DefaultLimits.
	Limits Limits
	// PublicDir and RestrictedDir hold all release files.
	PublicDir, RestrictedDir string
	// TempDir takes what does not fit in a worker's memory. "": the system's.
	TempDir string
	// Cgroup is a control group that was given to the server, in which each worker
	// gets one of its own. "": rlimits alone hold their memory.
	Cgroup string
	// Command starts a worker. Empty: this executable with the argument "worker".
	Command []string
	Log     *slog.Logger
}

// Pool is the Engine of one machine: worker processes that wait, started and
// confined, for a question each.
type Pool struct {
	o PoolOptions

	turns *turns
	// background are the turns of Request.Background.
	background *turns
	// memory holds workers to their memory; nil: only their rlimits do.
	memory *cgroups
	// ready workers are anybody's, spare ones wait for those who ask seldom.
	ready, spare chan *process
	kept         kept
	starts       *starts
	started      atomic.Int64
	killed       atomic.Int64
	crashed      atomic.Int64
	refused      atomic.Int64

	// temp has the temporary files of the workers; release removes it.
	temp    string
	release func()

	held atomic.Pointer[ready]
	// life ends with Close.
	life context.Context
	end  context.CancelFunc
	wait sync.WaitGroup
	// alive counts the processes that are there.
	alive sync.WaitGroup
}

var _ Engine = (*Pool)(nil)

// NewPool starts the workers and returns when the first one is ready.
func NewPool(o PoolOptions) (*Pool, error) {
	if o.Workers <= 0 {
		o.Workers = runtime.NumCPU()
	}
	if o.Queue <= 0 {
		o.Queue = 16 * o.Workers
	}
	if o.UserQueue <= 0 {
		o.UserQueue = 16
	}
	if o.Threads <= 0 {
		o.Threads = min(4, runtime.NumCPU())
	}
	if o.Limits == (Limits{}) {
		o.Limits = DefaultLimits
	}
	if o.QueueWait <= 0 {
		o.QueueWait = max(5*time.Second, o.Limits.Interactive)
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if len(o.Command) == 0 {
		self, err := os.Executable()
		if err != nil {
			return nil, fmt.Errorf("query: %w", err)
		}
		o.Command = []string{self, "worker"}
	}
	if fit := (openFiles() - reservedFiles) / workerFiles; fit < 1 {
		return nil, fmt.Errorf("query: %d files may be open, and %d are needed at least: raise the limit (ulimit -n): %w", openFiles(), reservedFiles+workerFiles, catalog.ErrInvalid)
	} else if fit < o.Workers {
		o.Log.Warn("few files may be open: fewer questions run at once", "open_files", openFiles(), "workers", fit, "wanted", o.Workers)
		o.Workers = fit
	}
	p := &Pool{o: o, turns: newTurns(o.Workers, 1, o.Queue, o.UserQueue), background: newTurns(1, 0, 1, 1), ready: make(chan *process), spare: make(chan *process), starts: newStarts(o.Workers)}
	p.kept.room = 2 * o.Workers
	p.life, p.end = context.WithCancel(context.Background())
	if o.Cgroup != "" {
		var err error
		if p.memory, err = openCgroups(o.Cgroup); err != nil {
			return nil, fmt.Errorf("query: %w", err)
		}
	}
	var err error
	if p.temp, p.release, err = openTemp(o.TempDir); err != nil {
		return nil, fmt.Errorf("query: %w", err)
	}
	first := make(chan error, 3*o.Workers)
	for range 2 * o.Workers {
		p.wait.Go(func() { p.keepReady(p.spare, true, first) })
	}
	for range o.Workers {
		p.wait.Go(func() { p.keepReady(p.ready, false, first) })
	}
	if err := <-first; err != nil {
		p.Close()
		return nil, fmt.Errorf("query: no worker starts: %w", err)
	}
	if p.held.Load().Landlock == 0 {
		o.Log.Warn("public SQL runs without landlock: a fault in DuckDB would reach the files of this machine", "sandbox", p.Sandbox())
	}
	return p, nil
}

// keepReady keeps one worker ready for whoever receives from to. The thread
// stays the same for as long as the pool lives: the kernel kills a worker when
// the thread that started it ends, which is how no worker outlives the server.
func (p *Pool) keepReady(to chan<- *process, spare bool, told chan<- error) {
	runtime.LockOSThread()
	for {
		p.starts.enter(spare)
		if p.life.Err() != nil {
			p.starts.leave()
			return
		}
		w, err := p.start(!spare)
		p.starts.leave()
		select {
		case told <- err:
		default:
		}
		if err != nil {
			p.o.Log.Error("a query worker does not start", "error", err)
			select {
			case <-time.After(time.Second):
				continue
			case <-p.life.Done():
				return
			}
		}
		p.starts.count(spare, 1, 0)
		select {
		case to <- w:
			p.starts.count(spare, -1, 1)
		case <-w.exited:
			p.starts.count(spare, -1, 0)
			w.pipe.Close()
			p.o.Log.Warn("an idle query worker ended", "state", w.cmd.ProcessState.String(), "stderr", w.stderr.String())
		case <-p.life.Done():
			w.kill()
			<-w.exited
			w.pipe.Close()
			return
		}
	}
}

// Close kills all workers, those at work too.
func (p *Pool) Close() {
	p.end()
	p.kept.close()
	p.wait.Wait()
	p.alive.Wait()
	p.release()
}

// Fairness is how the pool shares its workers among users.
type Fairness struct {
	// Workers run questions of anybody, and one more those of users who ask little.
	Workers int `json:"workers"`
	// Queue bounds the questions that wait, UserQueue those of one user, and
	// WaitSeconds how long.
	Queue       int     `json:"queue"`
	UserQueue   int     `json:"queue_per_user"`
	WaitSeconds float64 `json:"queue_seconds"`
}

// Fairness says how the pool shares its workers.
func (p *Pool) Fairness() Fairness {
	return Fairness{Workers: p.o.Workers, Queue: p.o.Queue, UserQueue: p.o.UserQueue, WaitSeconds: p.o.QueueWait.Seconds()}
}

// Limits are what the pool holds every question to.
func (p *Pool) Limits() Limits { return p.o.Limits }

// Stats are counts of workers and questions.
type Stats struct {
	// Workers can run at once; Running do; Waiting questions are queued.
	// Background questions run beside them.
	Workers, Running, Waiting, Background int
	// Since the start: workers started, killed at a deadline, a limit or by
	// their client's leaving, and ended by themselves where they should not;
	// questions refused because the queue was full or slow.
	Started, Killed, Crashed, Refused int64
}

// Stats returns the present counts.
func (p *Pool) Stats() Stats {
	running, waiting := p.turns.counts()
	background, _ := p.background.counts()
	return Stats{
		Workers: p.o.Workers, Running: running, Background: background, Waiting: waiting,
		Started: p.started.Load(), Killed: p.killed.Load(), Crashed: p.crashed.Load(), Refused: p.refused.Load(),
	}
}

// Sandbox says in words what holds the workers on this machine.
func (p *Pool) Sandbox() string {
	held := p.held.Load()
	if held == nil {
		return "no worker has started"
	}
	parts := []string{"one process per query"}
	say := func(ok bool, yes, no string) {
		if ok {
			parts = append(parts, yes)
		} else {
			parts = append(parts, no)
		}
	}
	say(held.Landlock > 0, fmt.Sprintf("landlock ABI %d", held.Landlock), "NO landlock")
	say(held.Seccomp, "seccomp", "NO seccomp")
	say(held.Rlimits, "rlimits", "NO rlimits")
	say(p.memory != nil, "memory cgroup", "no memory cgroup (rlimits hold)")
	return strings.Join(parts, ", ")
}

// Query runs r in a worker. It returns when the first rows are there, or the
// result is known to be empty, so that most faults are errors of Query and
// not of the stream.
func (p *Pool) Query(ctx context.Context, r Request) (Result, error) {
	l := p.o.Limits
	if r.Deadline <= 0 {
		r.Deadline = l.Interactive
	}
	if r.MaxBytes <= 0 {
		r.MaxBytes = l.ResponseBytes
	}
	if err := checkRequest(r, l); err != nil {
		return nil, err
	}
	q, err := p.attempt(ctx, r, r.keeps())
	if errors.Is(err, errPassed) {
		q, err = p.attempt(ctx, r, false)
	}
	// A worker that somebody killed while it waited for work has not looked at the
	// question, and another one can have it; all that waited may be gone. One that
	// ended by itself may have read the question: that is tried once more.
	for again := 0; again <= 3*p.o.Workers; again++ {
		if err == nil || q == nil || q.heard || again > 0 && !q.shot || ctx.Err() != nil || !errors.Is(err, errBrokenOff) {
			break
		}
		q, err = p.attempt(ctx, r, false)
	}
	if errors.Is(err, errBrokenOff) && q.died {
		err = errDuckDB() // twice, while it read the statement
	}
	if err != nil {
		return nil, err
	}
	return q, nil
}

// keeps tells whether the user may have, and leave, a worker that was kept.
func (r *Request) keeps() bool { return r.User != "" && !r.Background }

// attempt runs r in one worker: in one that was kept, if it may be, which only
// refuses or fails with errPassed. On error the result, if any, is closed.
func (p *Pool) attempt(ctx context.Context, r Request, kept bool) (*workerResult, error) {
	w, t, err := p.acquire(ctx, r, kept)
	if err != nil {
		return nil, err
	}
	begun := time.Now()
	ctx, cancel := context.WithTimeoutCause(ctx, r.Deadline+grace, errDeadline)
	stop := context.AfterFunc(ctx, w.kill)
	stay := context.AfterFunc(p.life, w.kill)
	q := &workerResult{ctx: ctx, pool: p, worker: w, request: r, begun: begun}
	q.refs.Store(1)
	patience := short
	if r.Background || t.yields {
		patience = 0
	}
	slow := time.AfterFunc(patience, func() { w.giveWay() })
	q.free = func() {
		slow.Stop()
		alive := stop()
		alive = stay() && alive
		cancel()
		p.starts.count(false, 0, -1)
		if q.again && alive && r.keeps() {
			var charge time.Duration
			if p.kept.put(w, r.User) {
				charge = startCost
			}
			p.turnsOf(r).done(t, charge)
			return
		}
		w.kill() // a worker answers one question, whatever it still does
		// Taking a large process apart takes the kernel a while; the next
		// question waits for that, this one does not.
		go func() {
			<-w.exited
			w.pipe.Close()
			p.turnsOf(r).done(t, startCost)
		}()
	}
	if err := q.begin(); err != nil {
		q.Close()
		return q, err
	}
	return q, nil
}

var (
	errDeadline = errors.New("the deadline and its grace have passed")
	errPassed   = errors.New("the question passes the gate of a worker that has seen others")
	errStopping = fmt.Errorf("query: the server is stopping: %w", catalog.ErrBusy)
)

// checkRequest refuses what needs no worker to be refused.
func checkRequest(r Request, l Limits) error {
	size := len(r.SQL)
	if r.Rows != nil {
		size = len(r.Rows.Table) + len(r.Rows.Where)
		for _, s := range slices.Concat(r.Rows.Select, r.Rows.GroupBy) {
			size += len(s)
		}
		for _, o := range r.Rows.Order {
			size += len(o.Field)
		}
	} else if err := checkText(r.SQL, l); err != nil {
		return err
	}
	for _, v := range slices.Concat(r.Params, slices.Collect(maps.Values(r.Named))) {
		if s, ok := v.(string); ok {
			size += len(s)
		}
	}
	if size > l.QueryBytes {
		return &SQLError{Message: fmt.Sprintf("the request and its parameters have %d bytes; at most %d are allowed", size, l.QueryBytes)}
	}
	return nil
}

func (p *Pool) turnsOf(r Request) *turns {
	if r.Background {
		return p.background
	}
	return p.turns
}

// acquire waits for a turn and a worker, one that was kept for the user if there
// is one and it may be. The turn is given back when the worker is gone.
func (p *Pool) acquire(ctx context.Context, r Request, kept bool) (w *process, t *turn, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(p.life, func() { cancel(errStopping) })()
	defer func() {
		if errors.Is(err, catalog.ErrBusy) || errors.Is(err, catalog.ErrTooMany) {
			p.refused.Add(1)
		}
	}()
	t, err = p.turnsOf(r).take(ctx, r.User, r.Weight, r.Deadline > p.o.Limits.Interactive, p.o.QueueWait)
	if err != nil {
		return nil, nil, err
	}
	timer := time.NewTimer(p.o.QueueWait)
	defer timer.Stop()
	// Newcomers, whom nobody knows, leave half of the spare workers to others for a
	// while.
	var spare chan *process
	var leave <-chan time.Time
	if t.seldom && (t.known || p.starts.readyNow(true) > p.o.Workers) {
		spare = p.spare
	} else if t.seldom {
		leave = time.After(lull)
	}
	idle := func() (*process, error) {
		if kept {
			if w := p.kept.take(r.User); w != nil {
				p.starts.count(false, 0, 1)
				return w, nil
			}
		}
		select {
		case w := <-spare:
			return w, nil
		default:
		}
		for {
			select {
			case w := <-p.ready:
				return w, nil
			case w := <-spare:
				return w, nil
			case <-leave:
				spare = p.spare
			case <-timer.C:
				return nil, fmt.Errorf("query: no worker started within %v: %w", p.o.QueueWait, catalog.ErrBusy)
			case <-ctx.Done():
				return nil, fmt.Errorf("query: %w", context.Cause(ctx))
			}
		}
	}
	for {
		if w, err = idle(); err != nil {
			p.turnsOf(r).done(t, 0)
			return nil, nil, err
		}
		select {
		case <-w.exited: // somebody killed it while it waited
			p.starts.count(false, 0, -1)
			w.pipe.Close()
		default:
			p.turnsOf(r).begin(t)
			return w, t, nil
		}
	}
}

// starts decides when workers start, for that takes processor time from those
// that run. So many start at once, spare ones first; and where enough are ready,
// the next one waits until nothing runs, but not for long.
type starts struct {
	mu      sync.Mutex
	changed *sync.Cond
	room    int
	// pressing are the spare ones that wait to start; they go first where too few
	// are ready.
	pressing int
	// ready workers wait for anybody's question, spare ones for those of who asks
	// seldom; enough is how many of each are. busy ones have a question.
	ready, enough map[bool]int
	busy          int
}

// lull is how long a start waits at most until nothing runs.
const lull = 250 * time.Millisecond

func newStarts(atOnce int) *starts {
	s := &starts{room: atOnce, ready: map[bool]int{}, enough: map[bool]int{false: max(1, atOnce/2), true: atOnce}}
	s.changed = sync.NewCond(&s.mu)
	return s
}

func (s *starts) enter(spare bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if spare {
		s.pressing++
	}
	until := time.Now().Add(lull)
	defer time.AfterFunc(lull, func() { s.count(spare, 0, 0) }).Stop()
	for s.room == 0 || !spare && s.pressing > 0 && s.ready[true] < s.enough[true] || s.ready[spare] >= s.enough[spare] && s.busy > 0 && time.Now().Before(until) {
		s.changed.Wait()
	}
	s.room--
	if spare {
		s.pressing--
		s.changed.Broadcast()
	}
}

func (s *starts) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.room++
	s.changed.Broadcast()
}

// count says that more or fewer workers are ready, or spare, or busy.
func (s *starts) count(spare bool, ready, busy int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ready[spare] += ready
	s.busy += busy
	s.changed.Broadcast()
}

// readyNow is how many workers are ready, or spare.
func (s *starts) readyNow(spare bool) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ready[spare]
}

// process is a worker seen from the server.
type process struct {
	cmd *exec.Cmd
	in  *os.File
	// out reads from pipe.
	out    *bufio.Reader
	pipe   *os.File
	stderr *lastWords
	// memory holds it; starved is true, after its end, where that ended it.
	memory  *cgroup
	starved bool
	// refused is how many questions it has refused, the first at refusedFirst.
	refused      int
	refusedFirst time.Time
	// exited is closed when the process is gone and reaped.
	exited chan struct{}
}

// kill fails only where the process has gone.
func (w *process) kill() { _ = w.cmd.Process.Kill() }

// end kills a worker that has no question, and sees to what is left of it.
func (w *process) end() {
	w.kill()
	go func() {
		<-w.exited
		w.pipe.Close()
	}()
}

// giveWay lets a worker that has taken long run behind those that have not.
func (w *process) giveWay() {
	select {
	case <-w.exited:
	default:
		lower(w.cmd.Process.Pid)
	}
}

// workerEnv is all of a worker's environment, nothing of the server's. No garbage is
// collected while the worker starts. glibc is told to keep what a batch of rows
// gives back, for the next one, instead of asking the system anew.
var workerEnv = []string{"GOGC=off", "MALLOC_TRIM_THRESHOLD_=134217728", "MALLOC_MMAP_THRESHOLD_=16777216", "MALLOC_TOP_PAD_=4194304"}

// start starts a worker and waits until it is confined and ready.
func (p *Pool) start(yields bool) (*process, error) {
	temp, err := os.MkdirTemp(p.temp, "govdata-worker-")
	if err != nil {
		return nil, err
	}
	childIn, in, err := os.Pipe()
	if err != nil {
		os.RemoveAll(temp)
		return nil, err
	}
	out, childOut, err := os.Pipe()
	if err != nil {
		os.RemoveAll(temp)
		childIn.Close()
		in.Close()
		return nil, err
	}
	widen(out)
	w := &process{in: in, out: bufio.NewReaderSize(out, 64<<10), pipe: out, stderr: &lastWords{}, exited: make(chan struct{})}
	w.cmd = exec.Command(p.o.Command[0], p.o.Command[1:]...)
	w.cmd.Env = workerEnv
	w.cmd.Dir = "/"
	w.cmd.Stdin, w.cmd.Stdout, w.cmd.Stderr = childIn, childOut, w.stderr
	isolate(w.cmd)
	err = w.cmd.Start()
	childIn.Close()
	childOut.Close()
	if err != nil {
		in.Close()
		out.Close()
		os.RemoveAll(temp)
		return nil, err
	}
	p.started.Add(1)
	if yields {
		lower(w.cmd.Process.Pid)
	}
	// What counts is all that is charged to the worker, the cache of what it reads
	// among it; its rlimits are narrower.
	w.memory, err = p.memory.add(w.cmd.Process.Pid, int64(p.o.Limits.MemoryMB)<<20*5/4)
	p.alive.Go(func() {
		w.cmd.Wait() // how it ended is read from ProcessState
		w.starved = w.memory.exceeded()
		w.memory.remove()
		os.RemoveAll(temp)
		close(w.exited)
		in.Close()
	})
	if err != nil {
		w.kill()
		<-w.exited
		out.Close()
		return nil, err
	}
	late := time.AfterFunc(10*time.Second, w.kill)
	defer late.Stop()
	var held ready
	err = writeMessage(in, frameHello, hello{
		MemoryMB: p.o.Limits.MemoryMB, TempMB: p.o.Limits.TempMB, TempDir: temp, PublicDir: p.o.PublicDir, RestrictedDir: p.o.RestrictedDir, Threads: p.o.Threads,
	})
	if err == nil {
		err = readMessage(w.out, frameReady, &held)
	}
	if err != nil {
		w.kill()
		<-w.exited
		out.Close()
		return nil, fmt.Errorf("%w: %s: %s", err, w.cmd.ProcessState, w.stderr)
	}
	p.held.Store(&held)
	return w, nil
}

// lastWords keeps the beginning of what a worker writes to stderr, for the
// log: a crash says first why.
type lastWords struct {
	mu  sync.Mutex
	buf []byte
}

func (t *lastWords) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, p[:min(len(p), 8<<10-len(t.buf))]...)
	return len(p), nil
}

func (t *lastWords) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.buf))
}
