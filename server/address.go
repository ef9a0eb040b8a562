package server

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"

	"github.com/gin-gonic/gin"
)

// Where no public address of the site is set, each client names it by the Host
// that he chose. An answer that is kept is made once for all of them: it has
// siteAddress in the place of the address, which is put in when it is sent.
const (
	siteHost    = "site-address.govdata.invalid"
	siteAddress = "http://" + siteHost
)

// plainHost is a host that reads the same in JSON, XML, Turtle and HTML.
var plainHost = regexp.MustCompile(`^[A-Za-z0-9._:\[\]-]{1,255}$`)

type placeKey struct{}

// withPlace is a request whose answer has siteAddress for the address of the site.
func withPlace(r *http.Request) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), placeKey{}, true))
}

// placed reports whether what is made for a request may have siteAddress in it.
func (s *Server) placed(c *gin.Context) bool {
	return s.o.Site.BaseURL == "" && plainHost.MatchString(c.Request.Host)
}

// hole is where the address of the site belongs in a body: that of its host alone,
// or with the scheme.
type hole struct {
	at    int
	whole bool
}

// holesOf finds the places for the address in a body.
func holesOf(body []byte) []hole {
	var list []hole
	for at := 0; ; {
		i := bytes.Index(body[at:], []byte(siteHost))
		if i < 0 {
			return list
		}
		h := hole{at: at + i}
		if scheme := len(siteAddress) - len(siteHost); h.at-scheme >= at && string(body[h.at-scheme:h.at+len(siteHost)]) == siteAddress {
			h = hole{h.at - scheme, true}
		}
		list = append(list, h)
		at += i + len(siteHost)
	}
}

// addressed is a body with an address put in. It copies nothing.
type addressed struct {
	body       []byte
	holes      []hole
	base, host string
	size, at   int64
}

func newAddressed(body []byte, holes []hole, base string) *addressed {
	a := &addressed{body: body, holes: holes, base: base, size: int64(len(body))}
	if u, err := url.Parse(base); err == nil {
		a.host = u.Host
	}
	for _, h := range holes {
		old, with := a.of(h)
		a.size += int64(len(with) - old)
	}
	return a
}

// of is how many bytes of the body a hole takes, and what stands there instead.
func (a *addressed) of(h hole) (old int, with string) {
	if h.whole {
		return len(siteAddress), a.base
	}
	return len(siteHost), a.host
}

// Read implements io.Reader.
func (a *addressed) Read(p []byte) (n int, err error) {
	if a.at >= a.size {
		return 0, io.EOF
	}
	skip := a.at // bytes until what is to be read next
	put := func(k int, from func(skip int) int) bool {
		if skip >= int64(k) {
			skip -= int64(k)
			return true
		}
		copied := from(int(skip))
		n, skip = n+copied, 0
		return n < len(p)
	}
	begin := 0
	for _, h := range a.holes {
		old, with := a.of(h)
		piece := a.body[begin:h.at]
		if !put(len(piece), func(skip int) int { return copy(p[n:], piece[skip:]) }) || !put(len(with), func(skip int) int { return copy(p[n:], with[skip:]) }) {
			a.at += int64(n)
			return n, nil
		}
		begin = h.at + old
	}
	rest := a.body[begin:]
	put(len(rest), func(skip int) int { return copy(p[n:], rest[skip:]) })
	a.at += int64(n)
	return n, nil
}

// Seek implements io.Seeker.
func (a *addressed) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += a.at
	case io.SeekEnd:
		offset += a.size
	}
	if offset < 0 {
		return 0, errors.New("a place before the beginning")
	}
	a.at = offset
	return offset, nil
}

// etagAt is the ETag of a body with an address put in.
func etagAt(etag, base string) string {
	sum := sha256.Sum256([]byte(etag + "\n" + base))
	return `"` + hex.EncodeToString(sum[:16]) + `"`
}

// filler puts an address into what is written through it.
type filler struct {
	w    io.Writer
	base string
	rest []byte // the end of what was written, where a place for the address may begin
}

// Write implements io.Writer.
func (f *filler) Write(p []byte) (int, error) {
	f.rest = append(f.rest, p...)
	// What stays is as long as a place, and where it cuts one, the whole of that.
	keep := min(len(f.rest), len(siteAddress))
	ready := len(f.rest) - keep
	for _, h := range holesOf(f.rest) {
		if old, _ := (&addressed{}).of(h); h.at < ready && h.at+old > ready {
			ready = h.at
		}
	}
	return len(p), f.send(ready)
}

func (f *filler) send(n int) error {
	body := f.rest[:n]
	if _, err := io.Copy(f.w, newAddressed(body, holesOf(body), f.base)); err != nil {
		return err
	}
	f.rest = append(f.rest[:0], f.rest[n:]...)
	return nil
}

// Close sends what is left.
func (f *filler) Close() error { return f.send(len(f.rest)) }
