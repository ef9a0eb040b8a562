package query

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"govdata/catalog"
)

// keptFor is the worker that user left behind, nil for none.
func (p *Pool) keptFor(user string) *process {
	p.kept.mu.Lock()
	defer p.kept.mu.Unlock()
	for _, w := range p.kept.workers {
		if w.user == user {
			return w.process
		}
	}
	return nil
}

// spared waits until a spare worker is ready, which is what a newcomer gets.
func (s *site) spared(t *testing.T) {
	t.Helper()
	for range 500 {
		if s.pool.starts.readyNow(true) > s.pool.o.Workers {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("no spare worker is ready")
}

// Whoever is refused many times at once is charged for the workers that this
// starts, all but the one that is kept.
func TestOneWorkerIsKeptOfEachUser(t *testing.T) {
	s := newSite(t, nil)
	workers := make([]*process, 4)
	for i := range workers {
		workers[i] = <-s.pool.spare
	}
	for i, user := range []string{"a", "a", "b", "a"} {
		if ended, want := s.pool.kept.put(workers[i], user), i == 1 || i == 3; ended != want {
			t.Errorf("keeping number %d, of %s, ended one: %v, want %v", i, user, ended, want)
		}
	}
	if s.pool.keptFor("a") != workers[3] || s.pool.keptFor("b") != workers[2] {
		t.Error("the last worker of each user is not the one that is kept")
	}
	for _, w := range workers[:2] {
		select {
		case <-w.exited:
		case <-time.After(2 * time.Second):
			t.Error("a worker that made room did not end")
		}
	}
}

// Whoever is refused before anything was opened keeps the worker for the next
// attempt; nobody else gets it, and a question for which a file was opened ends it.
func TestARefusedQuestionLeavesItsWorkerToItsUser(t *testing.T) {
	s := newSite(t, func(o *PoolOptions) { o.Workers = 1 })
	ask := func(user, sql string) error {
		r := s.request(sql)
		r.User = user
		_, err := s.ask(t.Context(), r)
		return err
	}
	refused := func(user, sql string) *process {
		t.Helper()
		if err := ask(user, sql); !errors.As(err, new(*SQLError)) {
			t.Errorf("%s: %v", sql, err)
		}
		return s.pool.keptFor(user)
	}
	s.spared(t)
	first := refused("a", "SELEC 1")
	if first == nil {
		t.Fatal("no worker was kept")
	}
	for _, sql := range []string{
		"SELEC 1", "SELECT 1; SELECT 2", "DROP TABLE penalties", "SELECT * FROM read_csv('/etc/passwd')",
		"SELECT * FROM nowhere", "SELECT getenv('HOME')", "SELECT * FROM penalties, nowhere", "SELECT (1",
	} {
		if refused("a", sql) != first {
			t.Errorf("%s: the worker was not used again", sql)
		}
	}
	s.spared(t)
	if other := refused("b", "SELEC 1"); other == first || other == nil {
		t.Error("the worker of one user went to another, or none was kept")
	}
	if s.pool.keptFor("a") != first {
		t.Error("the worker of one user went when another was refused")
	}
	if w := refused("", "SELEC 1"); w != nil {
		t.Error("a worker was kept for nobody")
	}
	for user, sql := range map[string]string{"a": "SELECT count(*) FROM penalties", "b": "SELECT nothing FROM penalties"} {
		w := s.pool.keptFor(user)
		if err := ask(user, sql); (err == nil) != (user == "a") {
			t.Errorf("%s: %v", sql, err)
		}
		if s.pool.keptFor(user) != nil {
			t.Errorf("%s: its worker was kept", sql)
		}
		select {
		case <-w.exited:
		case <-time.After(2 * time.Second):
			t.Errorf("%s: the worker that was kept did not end", sql)
		}
	}
	for i := range 4 {
		s.spared(t)
		refused(fmt.Sprint("user ", i), "SELEC 1")
	}
	if n := len(s.pool.kept.workers); n != 2 {
		t.Errorf("%d workers are kept, want 2", n)
	}
}

// Users who are refused at once, again and again, are answered each from workers
// of their own, and the question of one is told to no other.
func TestAFloodOfRefusalsStartsFewWorkers(t *testing.T) {
	s := newSite(t, nil)
	before := s.pool.Stats().Started
	var wait sync.WaitGroup
	for _, user := range []string{"a", "b", "c"} {
		wait.Go(func() {
			for i := range 200 {
				r := s.request(fmt.Sprintf("SELECT * FROM nowhere_%s_%d", user, i))
				if i%2 == 0 {
					r.SQL = fmt.Sprintf("SELECT 'of %s %d' FORM 1", user, i)
				}
				r.User = user
				_, err := s.ask(t.Context(), r)
				var refused *SQLError
				if !errors.As(err, &refused) {
					t.Errorf("%s: %v", r.SQL, err)
					return
				}
				if i%2 == 1 && !strings.Contains(refused.Message, fmt.Sprintf("nowhere_%s_%d", user, i)) {
					t.Errorf("%s was answered %q", r.SQL, refused.Message)
				}
			}
		})
	}
	wait.Wait()
	// Each starts one, and another one when that has refused its share.
	if n := s.pool.Stats().Started - before; n > 30 {
		t.Errorf("600 refusals started %d workers", n)
	}
}

func TestAKeptWorkerIsNotMissed(t *testing.T) {
	s := newSite(t, func(o *PoolOptions) { o.Workers = 1 })
	r := s.request("SELEC 1")
	r.User = "a"
	refuse := func() *process {
		t.Helper()
		s.spared(t)
		if _, err := s.ask(t.Context(), r); err == nil {
			t.Fatal("not refused")
		}
		w := s.pool.keptFor("a")
		if w == nil {
			t.Fatal("no worker was kept")
		}
		return w
	}
	good := r
	good.SQL = "SELECT 1"

	// Somebody kills it.
	w := refuse()
	w.kill()
	<-w.exited
	if rows, err := s.ask(t.Context(), good); err != nil || len(rows) != 1 {
		t.Errorf("after its death: %v", err)
	}
	// A question that passes ends it, and is answered by another one.
	w = refuse()
	if rows, err := s.ask(t.Context(), good); err != nil || len(rows) != 1 {
		t.Errorf("a good question: %v", err)
	}
	select {
	case <-w.exited:
	case <-time.After(2 * time.Second):
		t.Error("a worker that has seen others was kept for a question that passed")
	}
	w = refuse()
	// Nobody comes.
	select {
	case <-w.exited:
	case <-time.After(keepFor + 2*time.Second):
		t.Error("a worker was kept for too long")
	}
	// Nothing is kept of a pool that is closed.
	w = refuse()
	s.pool.Close()
	select {
	case <-w.exited:
	case <-time.After(2 * time.Second):
		t.Error("a kept worker outlives its pool")
	}
	if _, err := s.ask(t.Context(), good); !errors.Is(err, catalog.ErrBusy) {
		t.Errorf("a closed pool: %v", err)
	}
}

// lie is a worker that somebody has taken over: it says that it can have another
// question when it has opened files for one, or has begun to answer; or it
// answers when it was kept.
func lie(how string) {
	var h hello
	var j job
	var told sources
	_ = readMessage(os.Stdin, frameHello, &h)
	_ = writeMessage(os.Stdout, frameReady, ready{})
	for n := 0; readMessage(os.Stdin, frameJob, &j) == nil; n++ {
		switch how {
		case "opened":
			_ = writeMessage(os.Stdout, frameNames, []tableUse{{Name: "penalties"}})
			_ = readMessage(os.Stdin, frameSources, &told)
		case "answered":
			_ = writeMessage(os.Stdout, frameFound, found{})
		case "answers":
			if n > 0 {
				_ = writeMessage(os.Stdout, frameFound, found{})
				_ = writeMessage(os.Stdout, frameDone, done{Rows: 1})
			}
		}
		_ = writeMessage(os.Stdout, frameFailure, failure{Kind: failSQL, Message: "no", Again: true})
	}
}

func TestAWorkerThatWasTakenOverIsNotKept(t *testing.T) {
	for _, how := range []string{"opened", "answered", "answers"} {
		s := newSite(t, func(o *PoolOptions) {
			self, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			o.Command = []string{self, "liar", how}
		})
		r := s.request("SELECT * FROM penalties")
		r.User, r.Text = "a", &Text{Format: "csv"}
		for range 4 {
			q, err := s.pool.Query(t.Context(), r)
			if err == nil {
				q.Close()
				t.Errorf("%s: a worker that was kept has answered", how)
			}
			if s.pool.keptFor("a") != nil && how != "answers" {
				t.Errorf("%s: the worker was kept", how)
			}
		}
	}
}
