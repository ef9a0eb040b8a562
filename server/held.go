package server

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/sync/semaphore"

	"govdata/catalog"
	"govdata/server/s3"
)

// Memory does not grow with the number of clients: what a document costs to make
// is bounded by how many are made at once, and what is made waits for its reader
// in memory only as long as all of them together stay below heldBytes, else on
// disk. Documents of the whole catalog are made once and kept, see documents.go.
const (
	// heldBytes of answers may wait in memory for their readers.
	heldBytes = 64 << 20
	// heldPiece is the unit in which they are kept.
	heldPiece = 32 << 10
	// makingQueue is how many requests may wait for their turn, and makingWait for
	// how long.
	makingQueue = 1024
	makingWait  = 20 * time.Second
)

// makers lets a few documents be made at once, in the order in which they were
// asked for.
type makers struct {
	turns   *semaphore.Weighted
	waiting atomic.Int64
}

func newMakers(atOnce int) *makers {
	return &makers{turns: semaphore.NewWeighted(int64(atOnce))}
}

// acquire waits for a turn. The error wraps catalog.ErrBusy where too many wait.
func (m *makers) acquire(ctx context.Context) error {
	if m.turns.TryAcquire(1) {
		return nil
	}
	if m.waiting.Add(1) > makingQueue {
		m.waiting.Add(-1)
		return fmt.Errorf("%d requests are waiting already: %w", makingQueue, catalog.ErrBusy)
	}
	defer m.waiting.Add(-1)
	limited, cancel := context.WithTimeout(ctx, makingWait)
	defer cancel()
	if err := m.turns.Acquire(limited, 1); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("no turn within %v: %w", makingWait, catalog.ErrBusy)
	}
	return nil
}

func (m *makers) release() { m.turns.Release(1) }

// turn is that of one request: it gives it up while it waits for others.
type turn struct {
	makers *makers
	held   bool
}

type turnKey struct{}

// aside does work that waits, such as that of a query, without the request's turn.
func aside(ctx context.Context, work func() error) error {
	t, _ := ctx.Value(turnKey{}).(*turn)
	if t == nil || !t.held {
		return work()
	}
	t.makers.release()
	t.held = false
	err := work()
	if again := t.makers.acquire(ctx); again == nil {
		t.held = true
	} else if err == nil {
		err = again
	}
	return err
}

// heldMemory counts what answers of a server hold in memory.
type heldMemory struct{ used atomic.Int64 }

var heldPieces = sync.Pool{New: func() any { b := make([]byte, 0, heldPiece); return &b }}

// held is an answer that is made before any of it is sent, so that a slow reader
// keeps nobody else waiting. What flushes, streams: it is sent as it comes.
type held struct {
	*writer
	memory  *heldMemory
	status  int
	pieces  []*[]byte
	file    *os.File
	size    int64
	through bool
	// put, if any, is what the answer passes on its way to the reader.
	put io.WriteCloser
}

func (h *held) WriteHeader(status int) {
	if h.through {
		h.writer.WriteHeader(status)
	} else if h.status == 0 {
		h.status = status
	}
}

func (h *held) Write(p []byte) (int, error) {
	if h.through {
		return h.writer.Write(p)
	}
	if h.status == 0 {
		h.status = http.StatusOK
	}
	total := len(p)
	for len(p) > 0 && h.file == nil {
		if n := len(h.pieces); n > 0 {
			last := h.pieces[n-1]
			if room := cap(*last) - len(*last); room > 0 {
				k := min(room, len(p))
				*last = append(*last, p[:k]...)
				p, h.size = p[k:], h.size+int64(k)
				continue
			}
		}
		if h.memory.used.Add(heldPiece) > heldBytes {
			h.memory.used.Add(-heldPiece)
			f, err := os.CreateTemp("", "govdata-spool-")
			if err != nil {
				return total - len(p), err
			}
			os.Remove(f.Name()) // the bytes go when the file is closed
			h.file = f
			break
		}
		piece := heldPieces.Get().(*[]byte)
		*piece = (*piece)[:0]
		h.pieces = append(h.pieces, piece)
	}
	if len(p) > 0 {
		n, err := h.file.Write(p)
		h.size += int64(n)
		if err != nil {
			return total - len(p) + n, err
		}
	}
	return total, nil
}

// WriteString implements io.StringWriter.
func (h *held) WriteString(s string) (int, error) { return h.Write([]byte(s)) }

// Flush implements http.Flusher: from here on the answer is sent as it is written.
func (h *held) Flush() {
	if !h.through {
		if h.send() != nil {
			return
		}
	}
	h.writer.Flush()
}

// Hijack implements http.Hijacker.
func (h *held) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return nil, nil, errors.New("an answer that is held cannot be hijacked")
}

// begun reports whether something was written.
func (h *held) begun() bool { return h.through || h.size > 0 }

// send sends what is held.
func (h *held) send() error {
	h.through = true
	defer h.drop()
	if h.status == 0 {
		return nil // another writer answered, or nobody
	}
	h.writer.WriteHeader(h.status)
	var to io.Writer = h.writer
	if h.put != nil {
		to = h.put
	}
	for _, piece := range h.pieces {
		if _, err := to.Write(*piece); err != nil {
			return err
		}
	}
	if h.file != nil {
		if _, err := h.file.Seek(0, io.SeekStart); err != nil {
			return err
		}
		buf := make([]byte, heldPiece)
		if _, err := io.CopyBuffer(struct{ io.Writer }{to}, struct{ io.Reader }{h.file}, buf); err != nil {
			return err
		}
	}
	if h.put != nil {
		return h.put.Close()
	}
	return nil
}

// drop gives back what the answer holds.
func (h *held) drop() {
	for _, piece := range h.pieces {
		heldPieces.Put(piece)
		h.memory.used.Add(-heldPiece)
	}
	h.pieces = nil
	if h.file != nil {
		h.file.Close()
		h.file = nil
	}
}

// reader reads what is held, until it is dropped.
func (h *held) reader() io.Reader {
	var parts []io.Reader
	for _, piece := range h.pieces {
		parts = append(parts, bytes.NewReader(*piece))
	}
	if h.file != nil {
		parts = append(parts, io.NewSectionReader(h.file, 0, h.size))
	}
	return io.MultiReader(parts...)
}

// body is a copy of what is held.
func (h *held) body() ([]byte, error) {
	var b bytes.Buffer
	b.Grow(int(h.size))
	if _, err := io.Copy(&b, h.reader()); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// made says of which addresses the answer takes a turn to make: documents and
// pages. Files of releases and questions have bounds of their own.
func made(path string) bool {
	switch areaOf(path) {
	case "pages", "iceberg":
		return !strings.HasPrefix(path, "/assets/")
	case "s3":
		return strings.Trim(path, "/") == s3.Bucket // a listing
	case "ckan":
		return !strings.Contains(path, "datastore")
	case "metadata":
		return path != "/api/v1/limits" && !strings.HasPrefix(path, "/api/v1/exports")
	case "download":
		return path == "/d/catalog.json" || path == "/d/files.txt" || path == "/d/SHA256SUMS" || strings.HasSuffix(path, ".dictionary.csv")
	}
	return false
}

// take takes the request's turn, where its answer needs one.
func (s *Server) take(c *gin.Context) (give func(), err error) {
	if !made(c.Request.URL.Path) {
		return func() {}, nil
	}
	if err := s.makers.acquire(c.Request.Context()); err != nil {
		return nil, err
	}
	t := &turn{s.makers, true}
	c.Request = c.Request.WithContext(context.WithValue(c.Request.Context(), turnKey{}, t))
	return func() {
		if t.held {
			t.held = false
			t.makers.release()
		}
	}, nil
}
