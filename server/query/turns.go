package query

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"govdata/catalog"
)

const (
	// halfLife is how fast it is forgotten that somebody has used the workers.
	halfLife = 30 * time.Second
	// short is how long a question takes of which others need not know: who
	// usually asks such ones may have the place that is kept for short visits.
	// What takes longer gives way.
	short = 250 * time.Millisecond
)

// turns decides whose question runs next: weighted fair queueing over users.
// Nobody holds a worker that others want more than whoever has used the workers
// least, so the question of a newcomer passes the hundred that one user has
// waiting. Three rules keep workers from being taken for long:
//
//   - all but one place may be taken by long questions, and half of the places
//     by long questions of one user;
//   - one place beyond the workers is for users who run nothing and whose
//     questions are short as a rule. One that is not, for once, moves on after
//     a while, beyond all places, and the place is free again;
//   - a full queue loses the last question of the user with the longest line,
//     not the newcomer's.
type turns struct {
	// places for all and, beyond them, for short visits.
	places, light int
	// queue bounds the questions that wait, each those of one user.
	queue, each int

	mu    sync.Mutex
	users map[string]*user
	// running questions have a place, visiting ones that for short visits, and
	// moved ones none.
	running, visiting, moved int
	long                     int
	waiting                  int
	came                     int64
	// epoch makes times numbers that can be summed up.
	epoch time.Time
}

// user is somebody who runs a question, waits with one, or did of late.
type user struct {
	weight  float64
	line    []*turn
	running int
	long    int
	// used is the worker time of finished questions, as it was at seen.
	used time.Duration
	seen time.Time
	// typical is how long a question takes that is not long by its kind, an
	// average of late. asked is how many there were.
	typical time.Duration
	asked   int
	// since are the beginnings of those that run, summed up: n questions that
	// run have taken n*now - since.
	since time.Duration
}

// turn is one question's.
type turn struct {
	user *user
	long bool
	came int64
	// told gets nil when the turn has come, and an error when it is refused.
	told  chan error
	begun time.Time
	place place
	// move ends the visit of a question that is not short.
	move *time.Timer
}

// place is where a question runs.
type place int

const (
	nowhere place = iota
	among
	visiting
	moved
)

func newTurns(places, light, queue, each int) *turns {
	return &turns{places: places, light: light, queue: queue, each: each, users: map[string]*user{}, epoch: time.Now()}
}

// take waits for a turn, at most for wait. The errors are catalog.ErrBusy where
// all wait and catalog.ErrTooMany where this user asks too much at once. The
// turn is given back with done.
func (q *turns) take(ctx context.Context, name string, weight float64, long bool, wait time.Duration) (*turn, error) {
	t := &turn{long: long, told: make(chan error, 1)}
	q.mu.Lock()
	u := q.users[name]
	if u == nil {
		q.forget()
		u = &user{seen: time.Now()}
		q.users[name] = u
	}
	if u.weight = weight; weight <= 0 {
		u.weight = 1
	}
	if len(u.line) >= q.each {
		q.mu.Unlock()
		return nil, fmt.Errorf("query: %d of your questions are waiting already: %w", q.each, catalog.ErrTooMany)
	}
	q.came++
	t.user, t.came = u, q.came
	u.line = append(u.line, t)
	q.waiting++
	q.dispatch()
	if q.waiting > q.queue {
		q.drop(q.longest(), fmt.Errorf("query: all workers are taken and the queue is full: %w", catalog.ErrBusy))
	}
	q.mu.Unlock()

	timer := time.NewTimer(wait)
	defer timer.Stop()
	var err error
	select {
	case err = <-t.told:
		if err != nil {
			return nil, err
		}
		return t, nil
	case <-timer.C:
		err = fmt.Errorf("query: no worker became free within %v: %w", wait, catalog.ErrBusy)
	case <-ctx.Done():
		err = fmt.Errorf("query: %w", context.Cause(ctx))
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	select {
	case came := <-t.told: // it came or was refused just now
		if came == nil {
			q.end(t)
		}
	default:
		q.drop(t, nil)
	}
	return nil, err
}

// done gives the turn back.
func (q *turns) done(t *turn) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.end(t)
}

func (q *turns) end(t *turn) {
	now, u := time.Now(), t.user
	took := now.Sub(t.begun)
	u.used = q.finished(u, now) + took
	u.seen = now
	u.since -= t.begun.Sub(q.epoch)
	u.running--
	q.put(t, nowhere)
	if t.long {
		u.long--
		q.long--
	} else if u.asked++; u.asked == 1 {
		u.typical = took
	} else {
		u.typical += (took - u.typical) / 4
	}
	q.dispatch()
}

// put moves a turn from one place to another.
func (q *turns) put(t *turn, to place) {
	count := func(p place, by int) {
		switch p {
		case among:
			q.running += by
		case visiting:
			q.visiting += by
		case moved:
			q.moved += by
		}
	}
	if t.place == visiting {
		t.move.Stop()
	}
	count(t.place, -1)
	count(to, 1)
	t.place = to
}

// moveOn ends a visit that is not short. As many questions run beyond all
// places as have one; where there are more, the visit goes on.
func (q *turns) moveOn(t *turn) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case t.place != visiting:
		return
	case q.running < q.places:
		q.put(t, among)
	case q.moved < q.places:
		q.put(t, moved)
	}
	q.dispatch()
}

// drop takes a waiting turn out of its line and tells it why, if it is to be told.
func (q *turns) drop(t *turn, why error) {
	for i, other := range t.user.line {
		if other == t {
			t.user.line = append(t.user.line[:i], t.user.line[i+1:]...)
			q.waiting--
			if why != nil {
				t.told <- why
			}
			return
		}
	}
}

// longest is the last turn of the user with the longest line, weighed; between
// equals the one that came last.
func (q *turns) longest() *turn {
	var worst *turn
	var length float64
	for _, u := range q.users {
		if len(u.line) == 0 {
			continue
		}
		last, n := u.line[len(u.line)-1], float64(len(u.line))/u.weight
		if worst == nil || n > length || n == length && last.came > worst.came {
			worst, length = last, n
		}
	}
	return worst
}

// dispatch gives free places to those who wait.
func (q *turns) dispatch() {
	for q.waiting > 0 && (q.running < q.places || q.visiting < q.light) {
		now := time.Now()
		var next *turn
		var least float64
		for _, u := range q.users {
			t := q.first(u)
			if t == nil {
				continue
			}
			if use := q.use(u, now).Seconds() / u.weight; next == nil || use < least || use == least && t.came < next.came {
				next, least = t, use
			}
		}
		if next == nil {
			return
		}
		u := next.user
		q.drop(next, nil)
		u.running++
		if next.long {
			u.long++
			q.long++
		}
		next.begun = now
		u.since += now.Sub(q.epoch)
		if q.running < q.places {
			q.put(next, among)
		} else {
			q.put(next, visiting)
			next.move = time.AfterFunc(short, func() { q.moveOn(next) })
		}
		next.told <- nil
	}
}

// first is the turn of u that could have a place now, nil where none could.
func (q *turns) first(u *user) *turn {
	full := q.running >= q.places
	if full && (q.visiting >= q.light || u.running > 0 || u.typical > short) {
		return nil
	}
	for _, t := range u.line {
		if !t.long {
			return t
		}
		if !full && q.long < max(1, q.places-1) && u.long < max(1, q.places/2) {
			return t
		}
	}
	return nil
}

// use is the recent use of the workers, with what runs now.
func (q *turns) use(u *user, now time.Time) time.Duration {
	return q.finished(u, now) + time.Duration(u.running)*now.Sub(q.epoch) - u.since
}

// finished is what remains of the use of finished questions.
func (q *turns) finished(u *user, now time.Time) time.Duration {
	return time.Duration(float64(u.used) * math.Exp2(-now.Sub(u.seen).Seconds()/halfLife.Seconds()))
}

// forget drops users of whom nothing is left, when there are many.
func (q *turns) forget() {
	if len(q.users) < 1024 {
		return
	}
	now := time.Now()
	for name, u := range q.users {
		if u.running == 0 && len(u.line) == 0 && q.finished(u, now) < short/10 {
			delete(q.users, name)
		}
	}
}

// counts are the questions that run and those that wait.
func (q *turns) counts() (running, waiting int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.running + q.visiting + q.moved, q.waiting
}
