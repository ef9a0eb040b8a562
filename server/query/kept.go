package query

import (
	"sync"
	"time"
)

const (
	// keepFor is how long a worker whose question was refused waits for the next one
	// of the same user.
	keepFor = 5 * time.Second
	// keepBusy is how much processor time a worker may have taken that is kept.
	keepBusy = 500 * time.Millisecond
)

// kept are workers whose question was refused before anything was opened for
// it. Each waits a little for the next question of the same user, and of nobody
// else: a flood of refusals, or somebody who is still looking for the right word,
// starts one worker and not one for each attempt.
type kept struct {
	mu sync.Mutex
	// room is how many are kept at most.
	room int
	// workers are in the order in which they came.
	workers []*keptWorker
}

type keptWorker struct {
	*process
	user    string
	expires *time.Timer
}

// put keeps w for user. Where there is no room, the one that has waited longest
// ends.
func (k *kept) put(w *process, user string) {
	one := &keptWorker{process: w, user: user}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.room == 0 {
		w.end()
		return
	}
	if len(k.workers) >= k.room {
		k.drop(0)
	}
	k.workers = append(k.workers, one)
	one.expires = time.AfterFunc(keepFor, func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		for i, other := range k.workers {
			if other == one {
				k.drop(i)
				return
			}
		}
	})
}

// drop ends the worker with that index.
func (k *kept) drop(i int) {
	k.workers[i].expires.Stop()
	k.workers[i].end()
	k.workers = append(k.workers[:i], k.workers[i+1:]...)
}

// take returns a worker that user left behind, nil where there is none. It has
// no more time than it was given at first; prompt leaves those that give way.
func (k *kept) take(user string, deadline time.Duration, prompt bool) *process {
	k.mu.Lock()
	defer k.mu.Unlock()
	for i := len(k.workers) - 1; i >= 0; i-- {
		w := k.workers[i]
		if w.user != user || w.deadline < deadline || prompt && w.low.Load() {
			continue
		}
		w.expires.Stop()
		k.workers = append(k.workers[:i], k.workers[i+1:]...)
		return w.process
	}
	return nil
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
