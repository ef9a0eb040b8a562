package query

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"govdata/catalog"
	"govdata/server/query/hostile"
)

func TestHostileStatementsAreHarmless(t *testing.T) {
	if raceDetector {
		t.Skip("what a worker may use says nothing where it carries the race detector")
	}
	const deadline = time.Second
	s := newSite(t, func(o *PoolOptions) { o.Queue, o.QueueWait = 10_000, time.Minute })
	before, _, err := catalog.HashFile(s.file)
	if err != nil {
		t.Fatal(err)
	}
	secrets := []string{s.file, s.private, "/public", "govdata-worker", "/tmp", "11010519491231002X", "release1", "root:"}
	peak := watchWorkers(t)
	t.Run("corpus", func(t *testing.T) {
		for statement, want := range hostile.Corpus("penalties", s.file, s.private) {
			t.Run(clip(statement), func(t *testing.T) {
				t.Parallel()
				r := s.request(statement)
				r.Deadline = deadline
				r.MaxBytes = 64 << 20
				q, err := s.pool.Query(t.Context(), r)
				var answer [][]string
				if err == nil {
					answer, err = all(q)
					if took := q.(*workerResult).elapsed; took > deadline+grace+250*time.Millisecond {
						t.Errorf("the worker was gone after %v", took)
					}
					q.Close()
				}
				var fault *SQLError
				switch isFault := errors.As(err, &fault); want {
				case hostile.Refused:
					if !isFault {
						t.Errorf("got %v, want a refusal", err)
					}
				case hostile.Stopped:
					if !errors.Is(err, catalog.ErrTimeout) && !errors.Is(err, catalog.ErrTooLarge) {
						t.Errorf("got %v, want a limit", err)
					}
				case hostile.Either:
					if err != nil && !isFault && !errors.Is(err, catalog.ErrTimeout) && !errors.Is(err, catalog.ErrTooLarge) {
						t.Errorf("got %v", err)
					}
				}
				told := fmt.Sprint(err, answer)
				for _, secret := range secrets {
					// What the author wrote may be repeated to him.
					if strings.Contains(told, secret) && !strings.Contains(r.SQL, secret) {
						t.Errorf("the answer tells %q: %.300s", secret, told)
					}
				}
			})
		}
	})
	if after, _, err := catalog.HashFile(s.file); err != nil || after != before {
		t.Errorf("the release changed: %v", err)
	}
	rows, err := s.ask(t.Context(), s.request("SELECT count(*) FROM penalties"))
	if err != nil || rows[0][0] != "1000" {
		t.Errorf("the next query: %v %v", rows, err)
	}
	time.Sleep(100 * time.Millisecond) // the last worker is being taken apart
	stats := s.pool.Stats()
	t.Logf("%+v, peak %d MiB", stats, peak()>>20)
	if limit := int64(s.pool.Limits().MemoryMB) << 20 * 5 / 4; peak() > limit {
		t.Errorf("a worker had %d bytes; at most %d are allowed", peak(), limit)
	}
	if stats.Running != 0 || stats.Waiting != 0 {
		t.Errorf("workers are still taken: %+v", stats)
	}
}
