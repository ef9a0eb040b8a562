// Package exports keeps the questions that are too long to wait for: who asked
// what, how far it is, and for a day the file that came of it.
package exports

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	_ "modernc.org/sqlite"

	"govdata/catalog"
)

// Status is how far a job is.
type Status string

// A job waits, runs, and ends in one of three ways.
const (
	Queued    Status = "queued"
	Running   Status = "running"
	Done      Status = "done"
	Failed    Status = "failed"
	Cancelled Status = "cancelled"
)

const (
	// Kept is for how long a job and its file stay after its end.
	Kept = 24 * time.Hour
	// PerUser is how many jobs of one user may wait or run, and Waiting how many
	// of all.
	PerUser, Waiting = 4, 200
	// attempts is how often a job is begun: again where the server stopped
	// meanwhile, but a job that stops the server is not begun for ever.
	attempts = 3
)

// Job is a question and what became of it. It is named by an id that cannot be
// guessed.
type Job struct {
	ID     string `json:"id"`
	Status Status `json:"status"`
	// Format is csv, jsonl, xlsx, parquet or arrow.
	Format string `json:"format"`
	// SQL has the releases in it that were current when it was asked.
	SQL       string          `json:"sql"`
	Params    json.RawMessage `json:"params,omitempty"`
	Limit     int64           `json:"limit,omitempty"`
	BOM       bool            `json:"bom,omitempty"`
	ExcelSafe bool            `json:"excel_safe,omitempty"`
	Lang      string          `json:"lang"`
	// User asked, with this key if any. Private: only the key may have the file.
	User    string `json:"user"`
	Key     string `json:"key,omitempty"`
	Private bool   `json:"private,omitempty"`
	// EstimatedRows and EstimatedBytes of the result, by the planner.
	EstimatedRows  int64 `json:"estimated_rows"`
	EstimatedBytes int64 `json:"estimated_bytes"`

	Created  time.Time `json:"created_at"`
	Started  time.Time `json:"started_at,omitzero"`
	Finished time.Time `json:"finished_at,omitzero"`
	Attempts int       `json:"attempts"`

	// What came of it.
	Rows      int64             `json:"rows"`
	Bytes     int64             `json:"bytes"`
	SHA256    string            `json:"sha256,omitempty"`
	Truncated bool              `json:"truncated,omitempty"`
	Releases  map[string]string `json:"releases,omitempty"`
	// Failure says why there is no file.
	Failure *Failure `json:"failure,omitempty"`
}

// Failure is an error as it is told, in both languages.
type Failure struct {
	Status int          `json:"status"`
	Slug   string       `json:"slug"`
	Title  catalog.Text `json:"title"`
	Detail catalog.Text `json:"detail"`
	Hint   string       `json:"hint,omitempty"`
	Line   int          `json:"line,omitempty"`
	Column int          `json:"column,omitempty"`
}

// Ended reports whether nothing more becomes of the job.
func (j *Job) Ended() bool { return j.Status != Queued && j.Status != Running }

// Expires is when the job and its file go, zero before its end.
func (j *Job) Expires() time.Time {
	if j.Finished.IsZero() {
		return time.Time{}
	}
	return j.Finished.Add(Kept)
}

// Store is a folder with the files and a SQLite file that lists the jobs.
type Store struct {
	db  *sql.DB
	dir string
}

// Open opens the store in dir, and makes it where there is none. Jobs that ran
// when the server stopped wait again.
func Open(dir string) (*Store, error) {
	s, err := OpenBeside(dir)
	if err != nil {
		return nil, err
	}
	if err := s.requeue(context.Background()); err != nil {
		return nil, fmt.Errorf("exports: %w", errors.Join(err, s.Close()))
	}
	return s, nil
}

// OpenBeside opens the store beside the server that may own it, and touches no job.
func OpenBeside(dir string) (*Store, error) {
	path := filepath.Join(dir, "jobs.sqlite")
	if err := catalog.PrivateFile(path); err != nil {
		return nil, fmt.Errorf("exports: %w", err)
	}
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)")
	if err != nil {
		return nil, fmt.Errorf("exports: %w", err)
	}
	// One writer at a time, and the jobs are few.
	db.SetMaxOpenConns(1)
	_, err = db.Exec(`CREATE TABLE IF NOT EXISTS jobs (id TEXT PRIMARY KEY, status TEXT NOT NULL, user TEXT NOT NULL,
		created INTEGER NOT NULL, started INTEGER NOT NULL, finished INTEGER NOT NULL, bytes INTEGER NOT NULL, job TEXT NOT NULL);
		CREATE INDEX IF NOT EXISTS jobs_status ON jobs (status)`)
	if err != nil {
		db.Close()
		return nil, fmt.Errorf("exports: %w", err)
	}
	return &Store{db, dir}, nil
}

// Gone is the failure of a job that read what was withdrawn, as err says.
func Gone(err error) *Failure {
	return &Failure{Status: 410, Slug: "withdrawn", Title: catalog.Text{Zh: "已撤回", En: "Withdrawn"}, Detail: catalog.Text{Zh: "所读取的数据已撤回：" + err.Error(), En: err.Error()}}
}

// Discard takes the files away, and ends the jobs, for which gone returns a
// failure: what they read was withdrawn. It may run beside the server that owns
// the store, and returns the files that are gone.
func (s *Store) Discard(ctx context.Context, gone func(*Job) *Failure) (files []string, err error) {
	jobs, err := s.list(ctx, "")
	if err != nil {
		return nil, err
	}
	for _, j := range jobs {
		if j.Status == Failed || j.Status == Cancelled {
			continue
		}
		failure := gone(&j)
		if failure == nil {
			continue
		}
		if _, err := os.Stat(s.Path(&j)); err == nil {
			files = append(files, s.Path(&j))
		}
		// One that runs stays cancelled when it ends, see Finish.
		j.Status, j.Finished, j.Failure, j.Bytes, j.Rows, j.SHA256 = Cancelled, time.Now(), failure, 0, 0, ""
		if err := errors.Join(s.put(ctx, &j), s.discard(&j)); err != nil {
			return files, err
		}
	}
	return files, nil
}

// Close closes the store.
func (s *Store) Close() error { return s.db.Close() }

// requeue lets what was running wait again, and gives up what was begun too often.
func (s *Store) requeue(ctx context.Context) error {
	running, err := s.list(ctx, "WHERE status = ?", Running)
	if err != nil {
		return err
	}
	for _, j := range running {
		if j.Status = Queued; j.Attempts >= attempts {
			j.Status, j.Finished = Failed, time.Now()
			j.Failure = &Failure{Status: 500, Slug: "interrupted", Title: catalog.Text{Zh: "多次中断", En: "Interrupted"},
				Detail: catalog.Text{Zh: fmt.Sprintf("服务在执行期间停止了 %d 次", j.Attempts), En: fmt.Sprintf("the server stopped %d times while it ran", j.Attempts)}}
		}
		if err := s.put(ctx, &j); err != nil {
			return err
		}
	}
	return nil
}

// Add lets a job wait and gives it its id. The error wraps catalog.ErrTooMany
// where its user has too many, catalog.ErrBusy where all have.
func (s *Store) Add(ctx context.Context, j *Job) error {
	var own, all int
	err := s.db.QueryRowContext(ctx, "SELECT count(*) FILTER (WHERE user = ?), count(*) FROM jobs WHERE status IN (?, ?)", j.User, Queued, Running).Scan(&own, &all)
	switch {
	case err != nil:
		return fmt.Errorf("exports: %w", err)
	case own >= PerUser:
		return fmt.Errorf("%d of your exports are waiting or running already: %w", own, catalog.ErrTooMany)
	case all >= Waiting:
		return fmt.Errorf("%d exports are waiting already: %w", all, catalog.ErrBusy)
	}
	random := make([]byte, 20)
	rand.Read(random) // never fails
	j.ID = strings.ToLower(base32.StdEncoding.EncodeToString(random))
	j.Status, j.Created = Queued, time.Now()
	return s.put(ctx, j)
}

// Get returns a job, or catalog.ErrNotFound.
func (s *Store) Get(ctx context.Context, id string) (*Job, error) {
	jobs, err := s.list(ctx, "WHERE id = ?", id)
	if err != nil {
		return nil, err
	}
	if len(jobs) == 0 {
		return nil, fmt.Errorf("export %q: there is none; they are kept for %v: %w", id, Kept, catalog.ErrNotFound)
	}
	return &jobs[0], nil
}

// Next begins the next job: of those that wait, the oldest of the user whose
// last one was begun longest ago. Nil where none waits.
func (s *Store) Next(ctx context.Context) (*Job, error) {
	jobs, err := s.list(ctx, `WHERE status = ? ORDER BY (SELECT max(b.started) FROM jobs b WHERE b.user = jobs.user), created, id LIMIT 1`, Queued)
	if err != nil || len(jobs) == 0 {
		return nil, err
	}
	j := &jobs[0]
	j.Status, j.Started, j.Attempts = Running, time.Now(), j.Attempts+1
	return j, s.put(ctx, j)
}

// Finish ends a job with its status and what came of it. One that was cancelled
// meanwhile stays cancelled, and its file goes.
func (s *Store) Finish(ctx context.Context, j *Job) error {
	now, err := s.Get(ctx, j.ID)
	if err != nil || now.Status == Cancelled {
		return errors.Join(err, s.discard(j))
	}
	j.Finished = time.Now()
	if j.Status != Done {
		err = s.discard(j)
	}
	return errors.Join(err, s.put(ctx, j))
}

// Again lets a running job wait again: the server stops.
func (s *Store) Again(ctx context.Context, j *Job) error {
	j.Status, j.Attempts = Queued, j.Attempts-1
	return s.put(ctx, j)
}

// Cancel ends a job that waits or runs, and forgets the file of one that is done.
func (s *Store) Cancel(ctx context.Context, id string) (*Job, error) {
	j, err := s.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	if j.Status == Failed || j.Status == Cancelled {
		return j, nil
	}
	j.Status, j.Finished, j.Bytes = Cancelled, time.Now(), 0
	return j, errors.Join(s.put(ctx, j), s.discard(j))
}

// Sweep forgets what has expired.
func (s *Store) Sweep(ctx context.Context) error {
	old, err := s.list(ctx, "WHERE finished > 0 AND finished < ?", time.Now().Add(-Kept).Unix())
	if err != nil {
		return err
	}
	for _, j := range old {
		if err := s.discard(&j); err != nil {
			return err
		}
		if _, err := s.db.ExecContext(ctx, "DELETE FROM jobs WHERE id = ?", j.ID); err != nil {
			return fmt.Errorf("exports: %w", err)
		}
	}
	return nil
}

// Held is how many bytes the files of all jobs have.
func (s *Store) Held(ctx context.Context) (bytes int64, err error) {
	err = s.db.QueryRowContext(ctx, "SELECT coalesce(sum(bytes), 0) FROM jobs").Scan(&bytes)
	return bytes, err
}

// Path is where the file of a job lies.
func (s *Store) Path(j *Job) string { return filepath.Join(s.dir, j.ID+"."+j.Format) }

func (s *Store) discard(j *Job) error {
	if err := os.Remove(s.Path(j)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("exports: %w", err)
	}
	return nil
}

func (s *Store) put(ctx context.Context, j *Job) error {
	text, err := json.Marshal(j)
	if err != nil {
		return fmt.Errorf("exports: %w", err)
	}
	_, err = s.db.ExecContext(ctx, "INSERT OR REPLACE INTO jobs VALUES (?, ?, ?, ?, ?, ?, ?, ?)", j.ID, j.Status, j.User, j.Created.UnixMicro(), unix(j.Started), unix(j.Finished), j.Bytes, text)
	if err != nil {
		return fmt.Errorf("exports: %w", err)
	}
	return nil
}

func unix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

func (s *Store) list(ctx context.Context, where string, args ...any) ([]Job, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT job FROM jobs "+where, args...)
	if err != nil {
		return nil, fmt.Errorf("exports: %w", err)
	}
	defer rows.Close()
	var all []Job
	for rows.Next() {
		var text []byte
		if err := rows.Scan(&text); err != nil {
			return nil, fmt.Errorf("exports: %w", err)
		}
		var j Job
		if err := json.Unmarshal(text, &j); err != nil {
			return nil, fmt.Errorf("exports: %w", err)
		}
		all = append(all, j)
	}
	return all, rows.Err()
}
