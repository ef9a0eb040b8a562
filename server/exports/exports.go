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
	"slices"
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

// Open opens the store in dir, and makes it where there is none.
func Open(dir string) (*Store, error) {
	path := filepath.Join(dir, "jobs.sqlite")
	if err := catalog.PrivateFile(path); err != nil {
		return nil, fmt.Errorf("exports: %w", err)
	}
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_txlock=immediate")
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
// failure: what they read was withdrawn. It may run beside the server that runs
// them, and returns the files that are gone.
func (s *Store) Discard(ctx context.Context, gone func(*Job) *Failure) (files []string, err error) {
	jobs, err := s.list(ctx, "")
	if err != nil {
		return nil, err
	}
	for i := range jobs {
		j := &jobs[i]
		for j.Status != Failed && j.Status != Cancelled {
			failure := gone(j)
			if failure == nil {
				break
			}
			if _, err := os.Stat(s.Path(j)); err == nil && !slices.Contains(files, s.Path(j)) {
				files = append(files, s.Path(j))
			}
			// One that runs stays cancelled when it ends, see Finish.
			was := j.Status
			j.Status, j.Finished, j.Failure, j.Bytes, j.Rows, j.SHA256 = Cancelled, time.Now(), failure, 0, 0, ""
			ok, err := put(ctx, s.db, j, was)
			if err := errors.Join(err, s.discard(j)); err != nil {
				return files, err
			}
			if ok {
				break
			}
			if j, err = s.Get(ctx, j.ID); errors.Is(err, catalog.ErrNotFound) { // it ended meanwhile
				break
			} else if err != nil {
				return files, err
			}
		}
	}
	return files, nil
}

// Close closes the store.
func (s *Store) Close() error { return s.db.Close() }

// Claim makes the caller the one that runs the jobs: one process at a time does, of
// all that have the store open, and the kernel gives the claim back when it dies.
// Jobs that ran when the last one stopped wait again, and files that no job has are
// removed. ok is false where another one has the claim.
func (s *Store) Claim(ctx context.Context) (release func(), ok bool, err error) {
	release, ok, err = catalog.TryLock(filepath.Join(s.dir, "runner.lock"))
	if err != nil {
		return nil, false, fmt.Errorf("exports: %w", err)
	} else if !ok {
		return nil, false, nil
	}
	if err := errors.Join(s.requeue(ctx), s.clear(ctx)); err != nil {
		release()
		return nil, false, err
	}
	return release, true, nil
}

// clear removes the files of jobs that are not there, or did not end well.
func (s *Store) clear(ctx context.Context) error {
	done, err := s.list(ctx, "WHERE status = ?", Done)
	if err != nil {
		return err
	}
	kept := map[string]bool{}
	for _, j := range done {
		kept[filepath.Base(s.Path(&j))] = true
	}
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return fmt.Errorf("exports: %w", err)
	}
	for _, e := range entries {
		id, _, _ := strings.Cut(e.Name(), ".")
		if len(id) != idLength || kept[e.Name()] {
			continue
		}
		if err := os.Remove(filepath.Join(s.dir, e.Name())); err != nil {
			return fmt.Errorf("exports: %w", err)
		}
	}
	return nil
}

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
		if _, err := put(ctx, s.db, &j, Running); err != nil {
			return err
		}
	}
	return nil
}

// Add lets a job wait and gives it its id. The error wraps catalog.ErrTooMany
// where its user has too many, catalog.ErrBusy where all have.
func (s *Store) Add(ctx context.Context, j *Job) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("exports: %w", err)
	}
	defer tx.Rollback()
	var own, all int
	err = tx.QueryRowContext(ctx, "SELECT count(*) FILTER (WHERE user = ?), count(*) FROM jobs WHERE status IN (?, ?)", j.User, Queued, Running).Scan(&own, &all)
	switch {
	case err != nil:
		return fmt.Errorf("exports: %w", err)
	case own >= PerUser:
		return fmt.Errorf("%d of your exports are waiting or running already: %w", own, catalog.ErrTooMany)
	case all >= Waiting:
		return fmt.Errorf("%d exports are waiting already: %w", all, catalog.ErrBusy)
	}
	random := make([]byte, idLength*5/8)
	rand.Read(random) // never fails
	j.ID = strings.ToLower(base32.StdEncoding.EncodeToString(random))
	j.Status, j.Created = Queued, time.Now()
	if _, err := put(ctx, tx, j, ""); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("exports: %w", err)
	}
	return nil
}

// idLength is how long the id of a job is: 100 random bits in base32.
const idLength = 32

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
	if ok, err := put(ctx, s.db, j, Queued); err != nil || !ok { // it was cancelled
		return nil, err
	}
	return j, nil
}

// Finish ends a job with its status and what came of it. One that was cancelled
// meanwhile stays cancelled, and its file goes.
func (s *Store) Finish(ctx context.Context, j *Job) error {
	j.Finished = time.Now()
	var err error
	if j.Status != Done {
		err = s.discard(j)
	}
	ok, failed := put(ctx, s.db, j, Running)
	if failed != nil || !ok {
		return errors.Join(err, failed, s.discard(j))
	}
	return err
}

// Again lets a running job wait again: the server stops.
func (s *Store) Again(ctx context.Context, j *Job) error {
	j.Status, j.Attempts = Queued, j.Attempts-1
	_, err := put(ctx, s.db, j, Running)
	return errors.Join(err, s.discard(j))
}

// Cancel ends a job that waits or runs, and forgets the file of one that is done.
func (s *Store) Cancel(ctx context.Context, id string) (*Job, error) {
	for {
		j, err := s.Get(ctx, id)
		if err != nil {
			return nil, err
		}
		if j.Status == Failed || j.Status == Cancelled {
			return j, nil
		}
		was := j.Status
		j.Status, j.Finished, j.Bytes = Cancelled, time.Now(), 0
		ok, err := put(ctx, s.db, j, was)
		if err != nil {
			return nil, err
		}
		if ok {
			return j, s.discard(j)
		}
	}
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

// database is a database or a transaction of it.
type database interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// put writes a job: a new one where was is empty, else one that still has that
// status; ok is false where it has another one.
func put(ctx context.Context, db database, j *Job, was Status) (ok bool, err error) {
	text, err := json.Marshal(j)
	if err != nil {
		return false, fmt.Errorf("exports: %w", err)
	}
	var r sql.Result
	if was == "" {
		r, err = db.ExecContext(ctx, "INSERT INTO jobs VALUES (?, ?, ?, ?, ?, ?, ?, ?)", j.ID, j.Status, j.User, j.Created.UnixMicro(), unix(j.Started), unix(j.Finished), j.Bytes, text)
	} else {
		r, err = db.ExecContext(ctx, "UPDATE jobs SET status = ?, started = ?, finished = ?, bytes = ?, job = ? WHERE id = ? AND status = ?", j.Status, unix(j.Started), unix(j.Finished), j.Bytes, text, j.ID, was)
	}
	if err != nil {
		return false, fmt.Errorf("exports: %w", err)
	}
	n, err := r.RowsAffected()
	if err != nil {
		return false, fmt.Errorf("exports: %w", err)
	}
	return n > 0, nil
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
