package query

import (
	"slices"
	"sync"
	"time"
)

const (
	// keepFor is how long a worker whose question was refused waits for the next one
	// of the same user.
	keepFor = 5 * time.Second
	// keepUses and keepLong bound how many questions it may refuse, and for how long.
	keepUses = 1000
	keepLong = time.Minute
	// keepBusy is how much processor time it may have taken. It says so itself.
	keepBusy = 500 * time.Millisecond
)

// kept are workers whose question was refused before anything was opened for
// it. Each waits a little for the next question of the same user, and of nobody
// else, but only to refuse that too: the first question that passes its gate
// ends it, and is answered by a worker that has seen no other. So a flood of
// refusals, or somebody who is still looking for the right word, starts one
// worker and not one for each attempt, and what a worker may have become by
// reading one statement never answers another.
type kept struct {
	mu sync.Mutex
	// room is how many are kept at most, one of each user.
	room int
	// workers are in the order in which they came.
	workers []*keptWorker
}

type keptWorker struct {
	*process
	user    string
	expires *time.Timer
}

// put keeps w for user. Where that cannot be, or another one has to make room, it
// says that one has ended: the user's older one, or else whoever has waited longest.
func (k *kept) put(w *process, user string) (ended bool) {
	one := &keptWorker{process: w, user: user}
	k.mu.Lock()
	defer k.mu.Unlock()
	if w.refused == 0 {
		w.refusedFirst = time.Now()
	}
	w.refused++
	if k.room == 0 || w.refused > keepUses || time.Since(w.refusedFirst) > keepLong {
		w.end()
		return true
	}
	if i := k.of(user); i >= 0 {
		k.drop(i)
		ended = true
	} else if len(k.workers) >= k.room {
		k.drop(0)
		ended = true
	}
	k.workers = append(k.workers, one)
	one.expires = time.AfterFunc(keepFor, func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		if i := slices.Index(k.workers, one); i >= 0 {
			k.drop(i)
		}
	})
	return ended
}

// of is the index of the user's worker, -1 where there is none.
func (k *kept) of(user string) int {
	return slices.IndexFunc(k.workers, func(w *keptWorker) bool { return w.user == user })
}

// drop ends the worker with that index.
func (k *kept) drop(i int) {
	k.workers[i].expires.Stop()
	k.workers[i].end()
	k.workers = slices.Delete(k.workers, i, i+1)
}

// take returns the worker that user left behind, nil where there is none.
func (k *kept) take(user string) *process {
	k.mu.Lock()
	defer k.mu.Unlock()
	i := k.of(user)
	if i < 0 {
		return nil
	}
	w := k.workers[i]
	w.expires.Stop()
	k.workers = slices.Delete(k.workers, i, i+1)
	return w.process
}

// close ends all, and those that would come.
func (k *kept) close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.room = 0
	for len(k.workers) > 0 {
		k.drop(0)
	}
}
