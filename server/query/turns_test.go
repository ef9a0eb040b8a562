package query

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"govdata/catalog"
)

// visit has a user ask one question that takes so long.
func visit(t *testing.T, q *turns, name string, weight float64, long bool, took time.Duration) (waited time.Duration, err error) {
	began := time.Now()
	turn, err := q.take(t.Context(), name, weight, long, time.Minute)
	if err != nil {
		return 0, err
	}
	waited = time.Since(began)
	time.Sleep(took)
	q.done(turn, 0)
	return waited, nil
}

func TestOneHeavyUserStarvesNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newTurns(2, 1, 200, 100)
		var heavy sync.WaitGroup
		defer heavy.Wait()
		for range 90 {
			heavy.Go(func() { visit(t, q, "heavy", 1, false, 10*time.Second) })
		}
		time.Sleep(25 * time.Second)
		var waits []time.Duration
		for range 50 {
			waited, err := visit(t, q, "light", 1, false, 20*time.Millisecond)
			if err != nil {
				t.Fatal(err)
			}
			waits = append(waits, waited)
			time.Sleep(300 * time.Millisecond)
		}
		if worst := slices.Max(waits); worst != 0 {
			t.Errorf("somebody who asks little waited %v behind 90 questions of 10 s", worst)
		}
	})
}

// Four who ask hostile things at once leave the place for short visits to
// somebody who asks much, but briefly.
func TestShortVisitsPassManyHeavyUsers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newTurns(2, 1, 200, 100)
		ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
		defer stop()
		for _, name := range []string{"a", "b", "c", "d"} {
			go func() {
				for ctx.Err() == nil {
					visit(t, q, name, 1, false, 1250*time.Millisecond)
				}
			}()
		}
		var waits []time.Duration
		for ctx.Err() == nil {
			waited, err := visit(t, q, "brief", 1, false, 15*time.Millisecond)
			if err != nil {
				t.Fatal(err)
			}
			waits = append(waits, waited)
			time.Sleep(20 * time.Millisecond)
		}
		slices.Sort(waits)
		if p99, worst := waits[len(waits)*99/100], waits[len(waits)-1]; p99 > 0 || worst > 2*short {
			t.Errorf("of %d visits one in a hundred waited %v, and the worst %v", len(waits), p99, worst)
		}
		time.Sleep(time.Minute)
	})
}

// Four who ask in a flood what is refused at once cost no more than a start of a
// worker each time, but that they cost: somebody who asks now and then goes
// before them, and gets a spare worker.
func TestAFloodOfRefusalsLeavesTheSpareWorkers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newTurns(2, 1, 200, 100)
		ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
		defer stop()
		var spared, yielded, asked atomic.Int64
		for _, name := range []string{"a", "b", "c", "d"} {
			go func() {
				for ctx.Err() == nil {
					turn, err := q.take(ctx, name, 1, false, time.Minute)
					if err != nil {
						return
					}
					asked.Add(1)
					if turn.seldom {
						spared.Add(1)
					}
					if turn.yields {
						yielded.Add(1)
					}
					time.Sleep(30 * time.Millisecond) // a worker starts
					q.begin(turn)
					time.Sleep(8 * time.Millisecond)
					q.done(turn, startCost)
				}
			}()
		}
		time.Sleep(2 * time.Second)
		var late, common int
		for range 100 {
			began := time.Now()
			turn, err := q.take(ctx, "now and then", 1, false, time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			if time.Since(began) > 0 {
				late++
			}
			if !turn.seldom || turn.yields {
				common++
			}
			q.begin(turn)
			time.Sleep(8 * time.Millisecond)
			q.done(turn, startCost)
			time.Sleep(150 * time.Millisecond)
		}
		stop()
		time.Sleep(time.Minute)
		if late > 3 || common > 1 {
			t.Errorf("of 100 questions that come now and then %d waited and %d got no spare worker", late, common)
		}
		if n := asked.Load(); spared.Load() > n/4 || yielded.Load() < n/2 {
			t.Errorf("of %d in the flood %d got spare workers, and %d gave way", n, spared.Load(), yielded.Load())
		}
	})
}

// Whoever asks alone gives way to nobody.
func TestALoneUserYieldsToNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newTurns(2, 1, 200, 100)
		for range 20 {
			turn, err := q.take(t.Context(), "alone", 1, false, time.Minute)
			if err != nil || turn.yields {
				t.Fatal(err, turn)
			}
			time.Sleep(3 * time.Second)
			q.done(turn, 0)
		}
	})
}

func TestSpareWorkersStartFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStarts(1)
		s.enter(false)
		var order []string
		var mu sync.Mutex
		var all sync.WaitGroup
		begin := func(name string, first bool) {
			all.Go(func() {
				s.enter(first)
				mu.Lock()
				order = append(order, name)
				mu.Unlock()
				time.Sleep(time.Second)
				s.leave()
			})
			synctest.Wait()
		}
		begin("ready", false)
		begin("spare", true)
		begin("spare", true)
		s.leave()
		all.Wait()
		if !slices.Equal(order, []string{"spare", "spare", "ready"}) {
			t.Errorf("they started in the order %v", order)
		}
	})
}

// Where enough workers are ready, the next one starts when nothing runs, or soon.
func TestAStartWaitsForALull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		took := func(s *starts) time.Duration {
			began := time.Now()
			s.enter(true)
			defer s.leave()
			return time.Since(began)
		}
		s := newStarts(2)
		s.count(true, 1, 1)
		s.count(false, 2, 0)
		if d := took(s); d != 0 {
			t.Errorf("with one spare a second waited %v", d)
		}
		s.count(true, 1, 0)
		go took(s) // a third spare one
		s.count(false, -2, 0)
		synctest.Wait()
		began := time.Now()
		s.enter(false)
		s.leave()
		if d := time.Since(began); d != 0 {
			t.Errorf("with none ready for all one waited %v for a third spare one", d)
		}
		time.Sleep(time.Second)
		if d := took(s); d != lull {
			t.Errorf("with two spare a third waited %v beside a question", d)
		}
		time.AfterFunc(10*time.Millisecond, func() { s.count(true, 0, -1) })
		if d := took(s); d != 10*time.Millisecond {
			t.Errorf("a start waited %v for a question of 10 ms", d)
		}
		s.count(true, 0, 1)
		time.AfterFunc(20*time.Millisecond, func() { s.count(true, -1, 1) })
		if d := took(s); d != 20*time.Millisecond {
			t.Errorf("a start waited %v although a spare worker was taken after 20 ms", d)
		}
	})
}

func TestUsersGetTimeByTheirWeight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newTurns(2, 1, 1000, 1000)
		var mu sync.Mutex // got and random
		got := map[string]time.Duration{}
		ctx, stop := context.WithTimeout(t.Context(), 5*time.Minute)
		defer stop()
		random := rand.New(rand.NewPCG(1, 2))
		ask := func(name string, weight float64, took func() time.Duration) {
			for ctx.Err() == nil {
				turn, err := q.take(ctx, name, weight, false, time.Hour)
				if err != nil {
					return
				}
				mu.Lock()
				d := took()
				mu.Unlock()
				time.Sleep(d)
				mu.Lock()
				got[name] += d
				mu.Unlock()
				q.done(turn, 0)
			}
		}
		for range 10 {
			go ask("many short", 1, func() time.Duration { return 2 * short })
			go ask("few long", 1, func() time.Duration { return 5 * time.Second })
			go ask("key", 4, func() time.Duration { return time.Duration(random.IntN(2000)) * time.Millisecond })
		}
		<-ctx.Done()
		time.Sleep(time.Minute)
		synctest.Wait()
		one := (got["many short"] + got["few long"]) / 2
		for name, want := range map[string]float64{"many short": 1, "few long": 1, "key": 4} {
			if share := got[name].Seconds() / one.Seconds() / want; share < 0.8 || share > 1.25 {
				t.Errorf("%s got %.2f of its share", name, share)
			}
		}
	})
}

func TestLongQuestionsLeaveAPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newTurns(4, 1, 100, 100)
		var long sync.WaitGroup
		defer long.Wait()
		for _, name := range []string{"a", "b", "c", "d", "a", "b"} {
			long.Go(func() { visit(t, q, name, 1, true, time.Minute/2) })
		}
		synctest.Wait()
		if running, waiting := q.counts(); running != 3 || waiting != 3 {
			t.Errorf("%d long questions run and %d wait; want 3 of 4 places taken", running, waiting)
		}
		for range 20 {
			if waited, err := visit(t, q, "busy", 1, false, time.Second); err != nil || waited > 0 {
				t.Fatalf("waited %v: %v", waited, err)
			}
		}
	})
}

func TestAFullQueueDropsWhoeverWaitsMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newTurns(1, 1, 4, 3)
		hold := func(name string, lot chan error) {
			_, err := visit(t, q, name, 1, false, 10*time.Second)
			lot <- err
		}
		heavy, light := make(chan error, 10), make(chan error, 10)
		for range 5 { // one runs, three wait, the fifth is too much of one user
			go hold("heavy", heavy)
			synctest.Wait()
		}
		if err := <-heavy; !errors.Is(err, catalog.ErrTooMany) {
			t.Errorf("got %v, want ErrTooMany", err)
		}
		for _, name := range []string{"x", "y", "z", "v"} { // x visits and moves on, then y, whose visit goes on
			go hold(name, light)
			time.Sleep(2 * short)
		}
		if err := <-heavy; !errors.Is(err, catalog.ErrBusy) {
			t.Errorf("got %v, want ErrBusy for the one that waits most", err)
		}
		for range 4 {
			if err := <-light; err != nil {
				t.Error(err)
			}
		}
		for range 3 {
			if err := <-heavy; err != nil {
				t.Error(err)
			}
		}
		if running, waiting := q.counts(); running != 0 || waiting != 0 {
			t.Errorf("%d run and %d wait at the end", running, waiting)
		}
	})
}

// Whoever leaves, is refused or is served at the very same moment leaves no
// place taken behind.
func TestNoTurnIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newTurns(2, 1, 8, 4)
		random := rand.New(rand.NewPCG(3, 4))
		for range 3000 {
			name := string(rune('a' + random.IntN(5)))
			patience := time.Duration(random.IntN(30)) * time.Millisecond
			wait := time.Duration(random.IntN(30)) * time.Millisecond
			took := time.Duration(random.IntN(10)) * time.Millisecond
			long := random.IntN(3) == 0
			go func() {
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				turn, err := q.take(ctx, name, 1, long, wait)
				if err != nil {
					return
				}
				time.Sleep(took)
				q.done(turn, 0)
			}()
			time.Sleep(time.Duration(random.IntN(4)) * time.Millisecond)
		}
		time.Sleep(time.Second)
		if running, waiting := q.counts(); running != 0 || waiting != 0 || q.long != 0 || q.running != 0 || len(q.visitors) != 0 || q.moved != 0 {
			t.Errorf("%d run, %d long, and %d wait at the end", running, q.long, waiting)
		}
		for name, u := range q.users {
			if u.running != 0 || u.long != 0 || len(u.line) != 0 || u.since != 0 || q.use(u, time.Now()) < 0 {
				t.Errorf("%s: %+v", name, u)
			}
		}
	})
}
