package server

import (
	linked "container/list"
	"net"
	"net/http"
	"sync"
	"time"
)

// DefaultConnections is how many connections a server has at once.
const DefaultConnections = 2000

// Bounds of a connection. A request's body is small: a question, or a form.
const (
	headerTime  = 10 * time.Second
	requestTime = 30 * time.Second
	idleTime    = 120 * time.Second
	headerBytes = 64 << 10
)

// connections bounds those of a server. Where there are as many as there may be,
// the one that has said nothing for the longest makes room for the next: who
// opens many and sends half a request keeps nobody out. A connection whose request
// is being answered is never cut off for that; then the next one waits.
type connections struct {
	net.Listener
	most int

	mu      sync.Mutex
	changed sync.Cond
	open    map[net.Conn]*linked.Element // nil where a request is being answered
	silent  linked.List                  // of net.Conn, the longest silent first
	cut     map[net.Conn]bool            // told to close, and not closed yet
	ended   bool
}

func newConnections(l net.Listener, most int) *connections {
	c := &connections{Listener: l, most: most, open: map[net.Conn]*linked.Element{}, cut: map[net.Conn]bool{}}
	c.changed.L = &c.mu
	return c
}

// Accept implements net.Listener.
func (c *connections) Accept() (net.Conn, error) {
	next, err := c.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.open) >= c.most && !c.ended {
		if first := c.silent.Front(); first != nil && len(c.cut) == 0 {
			conn := c.silent.Remove(first).(net.Conn)
			c.open[conn], c.cut[conn] = nil, true
			conn.Close()
		}
		c.changed.Wait()
	}
	if c.ended {
		next.Close()
		return nil, net.ErrClosed
	}
	return next, nil
}

// Close implements net.Listener.
func (c *connections) Close() error {
	c.mu.Lock()
	c.ended = true
	c.changed.Broadcast()
	c.mu.Unlock()
	return c.Listener.Close()
}

// state is told by http.Server of every connection; of a new one before the next
// is accepted.
func (c *connections) state(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.open[conn]; e != nil {
		c.silent.Remove(e)
	}
	switch {
	case state == http.StateClosed || state == http.StateHijacked:
		delete(c.open, conn)
		delete(c.cut, conn)
	case state == http.StateActive || c.cut[conn]:
		c.open[conn] = nil
	default:
		c.open[conn] = c.silent.PushBack(conn)
	}
	c.changed.Broadcast()
}
