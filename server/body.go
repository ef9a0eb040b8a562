package server

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/gin-gonic/gin"

	"govdata/catalog"
)

// errBodyBroke stands for what the connection says, which names addresses.
var errBodyBroke = errors.New("less of it arrived than was announced")

// receive waits for the body of a request before anything is done for it, so that
// a client who sends slowly keeps no turn from others. What has arrived waits in
// the same memory as answers do, then on disk. A body that is too large is left
// for its route to refuse.
func (s *Server) receive(c *gin.Context) {
	r := c.Request
	if r.Method == http.MethodGet || r.Method == http.MethodHead || r.Body == nil || r.Body == http.NoBody {
		return
	}
	b := &held{memory: &s.held}
	defer b.drop()
	buf := make([]byte, 4<<10) // as small as a connection's own, since there may be thousands
	var rest io.Reader = r.Body
	for b.size <= maxBody {
		n, err := r.Body.Read(buf)
		if _, failed := b.Write(buf[:n]); failed != nil {
			s.o.Log.Warn("a body cannot be kept", "error", failed)
			s.fail(c, fmt.Errorf("the body cannot be kept for now: %w", catalog.ErrBusy))
			c.Abort()
			c.Writer.WriteHeaderNow()
			s.sendHeld(r, rawWriter(c).held)
			return
		}
		if err == io.EOF {
			rest = bytes.NewReader(nil)
			break
		}
		if err != nil {
			rest = brokenOff{}
			break
		}
	}
	whole := *r
	whole.Body = io.NopCloser(io.MultiReader(b.reader(), rest))
	c.Request = &whole
	c.Next()
}

type brokenOff struct{}

func (brokenOff) Read([]byte) (int, error) { return 0, errBodyBroke }
