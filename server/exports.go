package server

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"

	"govdata/catalog"
	"govdata/export"
	"govdata/server/exports"
	"govdata/server/problem"
	"govdata/server/query"
)

// exportBytes is how much the files of all exports may have.
const exportBytes = 32 << 30

// exportsRunner runs the exports, one at a time.
type exportsRunner struct {
	store *exports.Store
	// wake says that there may be a job.
	wake chan struct{}

	mu      sync.Mutex
	running *runningExport
}

// runningExport is the job that runs.
type runningExport struct {
	id     string
	bytes  atomic.Int64
	cancel context.CancelFunc
}

// createExport answers POST /api/v1/exports: the question is judged and
// estimated at once, and waits for its turn.
func (s *Server) createExport(c *gin.Context) error {
	r := s.exports
	if r == nil {
		return fmt.Errorf("this server runs no exports: %w", catalog.ErrNotFound)
	}
	q, err := s.sqlQuestion(c, "", "csv")
	if err != nil {
		return err
	}
	switch {
	case q.shape != "" || q.cite || q.request.Estimate:
		return problem.BadParam("shape", "导出不接受 shape、cite 和 estimate", "an export takes no shape, cite and estimate")
	case q.columnsOnly:
		return problem.BadParam("limit", "须大于 0", "want more than 0")
	case q.format.Ext == "json":
		return problem.BadParam("format", "导出不提供 json；请用 jsonl、csv、xlsx、parquet 或 arrow", "an export is no json; ask for jsonl, csv, xlsx, parquet or arrow")
	}
	held, err := r.store.Held(c.Request.Context())
	if err != nil {
		return err
	}
	if held >= exportBytes {
		return fmt.Errorf("the exports of the last day have taken all the room there is for them: %w", catalog.ErrBusy)
	}
	job := &exports.Job{Format: q.format.Ext, SQL: q.request.SQL, Limit: q.request.MaxRows, BOM: q.export.BOM, ExcelSafe: q.export.ExcelSafe, Lang: langOf(c)}
	if err := s.estimateExport(c, q, job); err != nil {
		return err
	}
	if err := r.store.Add(c.Request.Context(), job); err != nil {
		return err
	}
	select {
	case r.wake <- struct{}{}:
	default:
	}
	c.Header("Location", "/api/v1/exports/"+job.ID)
	c.Header("Retry-After", "2")
	c.Header("Cache-Control", "no-store")
	c.JSON(http.StatusAccepted, s.exportView(c, job))
	return nil
}

// estimateExport asks what the question would cost, which also finds what is
// wrong with it, and pins its releases.
func (s *Server) estimateExport(c *gin.Context, q *question, job *exports.Job) error {
	ctx := c.Request.Context()
	r := q.request
	r.Estimate, r.MaxRows, r.Deadline = true, 0, s.o.Limits.Interactive
	result, err := s.ask(ctx, r)
	s.metrics.queries.WithLabelValues(outcome(err)).Inc()
	if err != nil {
		return err
	}
	defer result.Close()
	for result.Next() {
		batch, cells := result.RecordBatch(), export.Texts(result.RecordBatch())
		for i := range int(batch.NumRows()) {
			rows, _ := cells(i, 0)
			bytes, _ := cells(i, 2)
			fmt.Sscan(rows+" "+bytes, &job.EstimatedRows, &job.EstimatedBytes)
		}
	}
	if err := result.Err(); err != nil {
		return err
	}
	if pinned := result.Pinned(); pinned != "" {
		job.SQL = pinned
	}
	u, _ := ctx.Value(userKey{}).(user)
	job.User, job.Private = u.name, q.names.private()
	if key := accessOf(c).key; key != nil {
		job.Key = key.ID
	}
	if r.Params != nil {
		job.Params, err = json.Marshal(r.Params)
	} else if r.Named != nil {
		job.Params, err = json.Marshal(r.Named)
	}
	return err
}

// exportOf finds the job that a request names. A private one is there for its
// key alone.
func (s *Server) exportOf(c *gin.Context) (*exports.Job, error) {
	if err := allow(c); err != nil {
		return nil, err
	}
	if s.exports == nil {
		return nil, fmt.Errorf("this server runs no exports: %w", catalog.ErrNotFound)
	}
	job, err := s.exports.store.Get(c.Request.Context(), c.Param("job"))
	if err != nil {
		return nil, err
	}
	c.Header("Cache-Control", "no-store")
	if job.Private {
		private(c)
		if key := accessOf(c).key; key == nil || key.ID != job.Key {
			return nil, fmt.Errorf("export %s is for the key that asked for it: %w", job.ID, catalog.ErrForbidden)
		}
	}
	return job, nil
}

func (s *Server) showExport(c *gin.Context) error {
	job, err := s.exportOf(c)
	if err != nil {
		return err
	}
	if err := s.stillOpen(c, job); err != nil {
		return err
	}
	if !job.Ended() {
		c.Header("Retry-After", "2")
	}
	c.JSON(http.StatusOK, s.exportView(c, job))
	return nil
}

func (s *Server) cancelExport(c *gin.Context) error {
	job, err := s.exportOf(c)
	if err != nil {
		return err
	}
	if job, err = s.exports.store.Cancel(c.Request.Context(), job.ID); err != nil {
		return err
	}
	if running := s.exports.now(job.ID); running != nil {
		running.cancel()
	}
	c.JSON(http.StatusOK, s.exportView(c, job))
	return nil
}

// exportFile answers /api/v1/exports/{job}/result.{ext}: as any file, with
// ranges.
func (s *Server) exportFile(c *gin.Context) error {
	job, err := s.exportOf(c)
	if err != nil {
		return err
	}
	if name := c.Param("file"); job.Status != exports.Done || name != "result."+job.Format {
		return fmt.Errorf("export %s is %s and has no file %q: %w", job.ID, job.Status, name, catalog.ErrNotFound)
	}
	if err := s.stillOpen(c, job); err != nil {
		return err
	}
	f, err := os.Open(s.exports.store.Path(job))
	if err != nil {
		return err
	}
	defer f.Close()
	format, _ := catalog.FormatOf(job.Format)
	h := c.Writer.Header()
	if !job.Private {
		h.Set("Cache-Control", fmt.Sprintf("private, max-age=%d, immutable", int(time.Until(job.Expires()).Seconds())))
	}
	h.Set("Content-Type", format.MediaType)
	h.Set("ETag", `"`+job.SHA256+`"`)
	h.Set("X-Truncated", fmt.Sprint(job.Truncated))
	h.Set("X-Total-Rows", fmt.Sprint(job.Rows))
	h.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="export-%s.%s"`, job.ID[:8], job.Format))
	http.ServeContent(&streamWriter{writer: rawWriter(c), size: job.Bytes}, c.Request, "", job.Finished, f)
	return nil
}

// exportView is a job as its asker sees it.
func (s *Server) exportView(c *gin.Context, j *exports.Job) gin.H {
	address := s.base(c) + "/api/v1/exports/" + j.ID
	view := gin.H{"id": j.ID, "status": j.Status, "format": j.Format, "q": j.SQL, "created_at": j.Created.UTC().Truncate(time.Second), "self": address,
		"estimate": gin.H{"rows": j.EstimatedRows, "bytes": j.EstimatedBytes}}
	bytes := j.Bytes
	if running := s.exports.now(j.ID); running != nil && j.Status == exports.Running {
		bytes = running.bytes.Load()
	}
	view["bytes"] = bytes
	if !j.Started.IsZero() {
		end := j.Finished
		if end.IsZero() {
			end = time.Now()
		}
		view["started_at"], view["elapsed_ms"] = j.Started.UTC().Truncate(time.Second), end.Sub(j.Started).Milliseconds()
	}
	if j.Ended() {
		view["finished_at"], view["expires_at"] = j.Finished.UTC().Truncate(time.Second), j.Expires().UTC().Truncate(time.Second)
	}
	if j.Status == exports.Done {
		view["rows"], view["sha256"], view["truncated"], view["release"] = j.Rows, j.SHA256, j.Truncated, j.Releases
		view["url"] = address + "/result." + j.Format
	}
	if f := j.Failure; f != nil {
		lang := langOf(c)
		failure := gin.H{"type": "/problems/" + f.Slug, "status": f.Status, "title": f.Title.In(lang), "detail": f.Detail.In(lang)}
		if f.Hint != "" {
			failure["hint"] = f.Hint
		}
		if f.Line > 0 {
			failure["line"], failure["column"] = f.Line, f.Column
		}
		view["error"] = failure
	}
	return view
}

func (r *exportsRunner) now(id string) *runningExport {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.running != nil && r.running.id == id {
		return r.running
	}
	return nil
}

// otherRunner is how often a server that does not run the exports looks whether
// the one that does has gone, and one that does for those that came in elsewhere.
const otherRunner = 2 * time.Second

// runExports runs the jobs that wait, one after another, and forgets old ones,
// until ctx ends. Of all servers of a data directory one does.
func (s *Server) runExports(ctx context.Context) {
	tick := time.NewTicker(otherRunner)
	defer tick.Stop()
	for ctx.Err() == nil {
		release, ok, err := s.exports.store.Claim(ctx)
		if err != nil && ctx.Err() == nil {
			s.o.Log.Error("exports", "error", err)
		}
		if ok {
			defer release()
			break
		}
		s.results.sweep(s.stands)
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
	for ctx.Err() == nil {
		if _, err := s.exports.store.Discard(ctx, s.withdrawnFrom); err != nil && ctx.Err() == nil {
			s.o.Log.Error("exports", "error", err)
		}
		s.results.sweep(s.stands)
		if err := s.exports.store.Sweep(ctx); err != nil && ctx.Err() == nil {
			s.o.Log.Error("exports", "error", err)
		}
		job, err := s.exports.store.Next(ctx)
		if err != nil && ctx.Err() == nil {
			s.o.Log.Error("exports", "error", err)
		}
		if job == nil {
			select {
			case <-ctx.Done():
			case <-s.exports.wake:
			case <-tick.C:
			}
			continue
		}
		if err := s.runExport(ctx, job); err != nil {
			s.o.Log.Error("exports", "job", job.ID, "error", err)
		}
	}
}

// runExport runs one job and notes what came of it. The error is that of the
// noting.
func (s *Server) runExport(ctx context.Context, job *exports.Job) error {
	jobCtx, cancel := context.WithCancel(ctx)
	defer cancel()
	running := &runningExport{id: job.ID, cancel: cancel}
	set := func(to *runningExport) {
		s.exports.mu.Lock()
		defer s.exports.mu.Unlock()
		s.exports.running = to
	}
	set(running)
	defer set(nil)
	go s.watchExport(jobCtx, job.ID, cancel)
	err := guarded(func() error { return s.export(jobCtx, job, running) })
	s.metrics.queries.WithLabelValues(outcome(err)).Inc()
	note := context.WithoutCancel(ctx)
	if ctx.Err() != nil {
		return s.exports.store.Again(note, job)
	}
	job.Status = exports.Done
	if err != nil {
		p := problem.Of(err)
		if p.Status == http.StatusInternalServerError && jobCtx.Err() == nil {
			s.o.Log.Error("export failed", "job", job.ID, "error", err)
		}
		job.Status, job.Bytes = exports.Failed, 0
		job.Failure = &exports.Failure{Status: p.Status, Slug: p.Slug, Title: p.Title, Detail: p.Detail, Hint: p.Hint, Line: p.Line, Column: p.Column}
	}
	return s.exports.store.Finish(note, job)
}

// watchExport breaks off a job that was cancelled at another server.
func (s *Server) watchExport(ctx context.Context, id string, cancel context.CancelFunc) {
	tick := time.NewTicker(otherRunner)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if job, err := s.exports.store.Get(ctx, id); err == nil && job.Status == exports.Cancelled {
				cancel()
			}
		}
	}
}

// export writes the file of a job.
func (s *Server) export(ctx context.Context, job *exports.Job, progress *runningExport) (err error) {
	granted := access{}
	if job.Key != "" {
		if granted.key, err = s.o.Keys.Get(ctx, job.Key); err != nil {
			return err
		}
	}
	format, _ := catalog.FormatOf(job.Format)
	names := newNames(s.o.Catalog, job.Lang, granted)
	options := export.Options{BOM: job.BOM, ExcelSafe: job.ExcelSafe}
	r := query.Request{SQL: job.SQL, Resolve: names.Resolve, Tables: names.Known, User: job.User, Background: true,
		MaxRows: job.Limit, MaxBytes: s.o.Limits.JobBytes, Deadline: s.o.Limits.Job}
	if len(job.Params) > 0 {
		into := any(&r.Named)
		if job.Params[0] == '[' {
			into = &r.Params
		}
		d := json.NewDecoder(strings.NewReader(string(job.Params)))
		d.UseNumber()
		if err := d.Decode(into); err != nil {
			return err
		}
	}
	text := job.Format == "csv" || job.Format == "jsonl"
	if text {
		r.Text = &query.Text{Format: job.Format, Options: options}
	}
	result, err := s.o.Engine.Query(ctx, r)
	if err != nil {
		return err
	}
	defer result.Close()
	f, err := os.OpenFile(s.exports.store.Path(job), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	out := &hashed{w: f, sum: sha256.New(), n: &progress.bytes}
	w := bufio.NewWriterSize(out, 1<<20)
	if text {
		_, err = io.Copy(w, struct{ io.Reader }{result})
		job.Rows = result.Rows()
	} else {
		meta := export.Meta{Query: job.SQL, Rows: -1, Lang: job.Lang, Software: s.o.Software}
		job.Rows, err = export.Write(ctx, w, format, result, meta, options)
	}
	if failed := result.Err(); failed != nil {
		return failed // why the writing failed
	}
	if err != nil {
		return err
	}
	if err := errors.Join(w.Flush(), f.Sync()); err != nil {
		return err
	}
	job.Bytes, job.SHA256, job.Truncated, job.Releases = progress.bytes.Load(), hex.EncodeToString(out.sum.Sum(nil)), result.Truncated(), map[string]string{}
	for name, release := range names.used() {
		job.Releases[name] = string(release)
	}
	return nil
}

// hashed hashes and counts what passes.
type hashed struct {
	w   io.Writer
	sum hash.Hash
	n   *atomic.Int64
}

func (h *hashed) Write(p []byte) (int, error) {
	n, err := h.w.Write(p)
	h.sum.Write(p[:n])
	h.n.Add(int64(n))
	return n, err
}
