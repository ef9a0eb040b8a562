package server

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"

	"github.com/gin-gonic/gin"
)

// stream sends what write writes, for the faces beside the native API. It lies in
// a spool until the client takes it, so that a worker is free once its answer is
// written. An error means that nothing was sent; what fails later breaks the
// connection. cancel frees what write may wait for, when nobody reads any more.
func (s *Server) stream(c *gin.Context, cancel func(), write func(io.Writer) error) error {
	out := newSpool(&s.spools)
	written := make(chan struct{})
	go func() {
		defer close(written)
		out.end(guarded(func() error { return write(out) }))
	}()
	defer func() { cancel(); out.close(); <-written }()
	if _, err := out.begin(); err != nil {
		return err
	}
	_, err := out.WriteTo(rawWriter(c))
	if err == nil {
		return nil
	}
	if c.Request.Context().Err() == nil && !errors.Is(err, errSpoolAborted) {
		s.o.Log.Warn("answer broken off", "path", c.Request.URL.Path, "error", err)
	}
	panic(http.ErrAbortHandler)
}

// guarded makes an error of a panic in work that nobody else would catch, because
// it goes on beside a request: it would end the server.
func guarded(work func() error) (err error) {
	defer func() {
		if failure := recover(); failure != nil {
			err = fmt.Errorf("panic: %v\n%s", failure, debug.Stack())
		}
	}()
	return work()
}
