package query

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"govdata/catalog"
)

const (
	// halfLife is how fast it is forgotten that somebody has used the workers, when
	// it is decided whose turn it is; burst, when it is decided who asks little.
	halfLife = 30 * time.Second
	burst    = time.Second / 2
	// short is how long a question takes of which others need not know: who
	// usually asks such ones may have the place that is kept for short visits.
	// What takes longer gives way.
	short = 250 * time.Millisecond
	// glance is how often visits are looked after.
	glance = short / 10
	// pittance is how many seconds of the workers anybody may have used lately who
	// still counts as a newcomer.
	pittance = 0.2
	// acquaintance is how long ago a known user's first question came: long enough
	// to see who asks much.
	acquaintance = time.Second
)

// turns decides whose question runs next: weighted fair queueing over users.
// Nobody holds a worker that others want more than whoever has used the workers
// least, so the question of a newcomer passes the hundred that one user has
// waiting. Three rules keep workers from being taken for long:
//
//   - all but one place may be taken by long questions, and half of the places
//     by long questions of one user;
//   - one place beyond the workers is for users who ask little: who run nothing,
//     whose questions are short as a rule, and who have used the workers less
//     than others do on average. A question that is not short, for once, moves
//     on after a while, or when somebody comes who has used less, beyond all
//     places, and the place is free again;
//   - a full queue loses the last question of the user with the longest line,
//     not the newcomer's.
type turns struct {
	// places for all and, beyond them, for short visits.
	places, light int
	// queue bounds the questions that wait, each those of one user.
	queue, each int

	mu    sync.Mutex
	users map[string]*user
	// running questions have a place, visitors that for short visits, and moved
	// ones none.
	running, moved int
	visitors       []*turn
	long           int
	waiting        int
	came           int64
	// epoch makes times numbers that can be summed up.
	epoch time.Time
}

// user is somebody who runs a question, waits with one, or did of late.
type user struct {
	weight  float64
	line    []*turn
	running int
	long    int
	// used is the worker time of finished questions, as it was at seen, and lately
	// the same with a shorter memory.
	used, lately time.Duration
	seen         time.Time
	// met is when the first question came that is remembered.
	met time.Time
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
	told chan error
	// begun is when the turn came or, once there is one, its worker.
	begun time.Time
	// seldom is true where, when the turn came, the user asked little, even half of
	// what others do; yields where it was not little and others ask too; known where
	// the user did not come just now for the first time.
	seldom, yields, known bool
	place                 place
	// move sees after a visit.
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
		u = &user{seen: time.Now(), met: time.Now()}
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
			q.end(t, 0)
		}
	default:
		q.drop(t, nil)
	}
	return nil, err
}

// begin says that the question has its worker: the wait for it is nothing that
// its user has used.
func (q *turns) begin(t *turn) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	t.user.since += now.Sub(t.begun)
	t.begun = now
	if t.place == visiting {
		t.move.Reset(glance)
	}
}

// done gives the turn back. What it took beside its own time, such as the start
// of a worker, is charged too.
func (q *turns) done(t *turn, charge time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.end(t, charge)
}

func (q *turns) end(t *turn, charge time.Duration) {
	now, u := time.Now(), t.user
	took := now.Sub(t.begun)
	u.lately = faded(u.lately, now.Sub(u.seen), burst) + took + charge
	u.used = faded(u.used, now.Sub(u.seen), halfLife) + took + charge
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
			if by > 0 {
				q.visitors = append(q.visitors, t)
			} else {
				q.visitors = slices.DeleteFunc(q.visitors, func(other *turn) bool { return other == t })
			}
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

// look sees after a visit: one that is not short moves on, and a shorter one may
// have to yield by now. As many questions run beyond all places as have one;
// where there are more, the visit goes on.
func (q *turns) look(t *turn) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if t.place != visiting {
		return
	}
	if time.Since(t.begun) >= short {
		if q.running < q.places {
			q.put(t, among)
		} else if q.moved < q.places {
			q.put(t, moved)
		}
	}
	q.dispatch()
	if t.place == visiting {
		t.move.Reset(glance)
	}
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
	for q.waiting > 0 {
		now := time.Now()
		average, several := q.average(now)
		full := q.running >= q.places
		var next *turn
		var least claim
		for _, u := range q.users {
			if len(u.line) == 0 {
				continue
			}
			c := q.claim(u, full, now)
			lately := q.lately(u, now)
			little := lately <= max(average, pittance) && u.running == 0 && u.typical <= short
			t := q.first(u, full, little, c, now)
			if t == nil {
				continue
			}
			t.seldom, t.yields, t.known = little && lately <= max(average/2, pittance), !little && several, now.Sub(u.met) > acquaintance
			if next == nil || c.before(least) || c == least && t.came < next.came {
				next, least = t, c
			}
		}
		if next == nil {
			return
		}
		u := next.user
		if full && len(q.visitors) >= q.light {
			q.put(q.yielding(least, now), moved)
		}
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
			next.move = time.AfterFunc(glance, func() { q.look(next) })
		}
		next.told <- nil
	}
}

// first is the turn of u that could have a place now, nil where none could.
func (q *turns) first(u *user, full, little bool, c claim, now time.Time) *turn {
	if full && (!little || len(q.visitors) >= q.light && q.yielding(c, now) == nil) {
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

// yielding is the visit that ends for somebody with claim c, nil for none.
func (q *turns) yielding(c claim, now time.Time) *turn {
	if q.moved >= q.places {
		return nil
	}
	var yields *turn
	for _, t := range q.visitors {
		theirs := q.claim(t.user, true, now)
		theirs.takes = max(theirs.takes, now.Sub(t.begun))
		if c.before(theirs) {
			c, yields = theirs, t
		}
	}
	return yields
}

// claim is how much somebody has used of the workers by weight, in seconds, and
// how long the next visit may take. The less, the better the claim.
type claim struct {
	used  float64
	takes time.Duration
}

func (c claim) before(other claim) bool {
	return c.used < other.used || c.used == other.used && c.takes < other.takes
}

// claim to the place of visits, or to one of those for all.
func (q *turns) claim(u *user, visit bool, now time.Time) claim {
	if !visit {
		return claim{q.use(u, now).Seconds() / u.weight, 0}
	}
	c := claim{max(0, q.lately(u, now)-pittance), u.typical}
	if u.asked == 0 {
		c.takes = short
	}
	return c
}

// average is what users have used in the last seconds; several is true where
// more than one has used anything.
func (q *turns) average(now time.Time) (seconds float64, several bool) {
	var sum, n float64
	for _, u := range q.users {
		if used := q.lately(u, now); used > 0.001 {
			sum, n = sum+used, n+1
		}
	}
	return sum / max(1, n), n > 1
}

// use is the recent use of the workers, with what runs now.
func (q *turns) use(u *user, now time.Time) time.Duration {
	return faded(u.used, now.Sub(u.seen), halfLife) + q.present(u, now)
}

// lately is what u has used in the last seconds, by weight.
func (q *turns) lately(u *user, now time.Time) float64 {
	return (faded(u.lately, now.Sub(u.seen), burst) + q.present(u, now)).Seconds() / u.weight
}

// present is how long what runs now has run.
func (q *turns) present(u *user, now time.Time) time.Duration {
	return time.Duration(u.running)*now.Sub(q.epoch) - u.since
}

// faded is what remains of a use after a while.
func faded(used, after, halfLife time.Duration) time.Duration {
	return time.Duration(float64(used) * math.Exp2(-after.Seconds()/halfLife.Seconds()))
}

// forget drops users of whom nothing is left, when there are many.
func (q *turns) forget() {
	if len(q.users) < 1024 {
		return
	}
	now := time.Now()
	for name, u := range q.users {
		if u.running == 0 && len(u.line) == 0 && faded(u.used, now.Sub(u.seen), halfLife) < short/10 {
			delete(q.users, name)
		}
	}
}

// counts are the questions that run and those that wait.
func (q *turns) counts() (running, waiting int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.running + len(q.visitors) + q.moved, q.waiting
}
