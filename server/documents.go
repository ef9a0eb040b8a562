package server

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"
)

// kindsOfDocuments are the addresses of documents that depend on nothing but the
// catalog, the language and the address of the site. They are made once for each
// catalog, kept, and sent from there, with the address put in. Those without a
// query are few, and kept apart, so that nobody who thinks of queries drives them
// out; the others are kept among the results. A name with a slash at its end
// stands for all below it.
var kindsOfDocuments = []string{"/catalog.jsonld", "/catalog.ttl", "/data.json", "/catalog.zh.json", "/feed.atom", "/sitemap.xml", "/openapi.json", "/robots.txt", "/d/catalog.json", "/d/files.txt", "/d/SHA256SUMS",
	"/api/v1/datasets", "/api/catalog/v1", "/api/3/action/package_list", "/api/3/action/package_search", "/api/3/action/current_package_list_with_resources", "/api/3/action/group_list",
	"/api/3/action/organization_list", "/api/3/action/tag_list", "/api/action/package_list", "/api/action/package_search", "/govdata", "/iceberg/v1/"}

const (
	// documentName is the longest address, with its query, that is kept.
	documentName = 1 << 10
	// documentBytes of documents without a query are kept, each of oneDocument at most.
	documentBytes = 96 << 20
	oneDocument   = 24 << 20
)

func kindOfDocument(path string) bool {
	for _, kind := range kindsOfDocuments {
		if path == kind || strings.HasSuffix(kind, "/") && strings.HasPrefix(path, kind) {
			return true
		}
	}
	return strings.HasPrefix(path, "/datasets/") && (strings.HasSuffix(path, ".json") || strings.HasSuffix(path, ".jsonld") || strings.HasSuffix(path, ".atom"))
}

// hold is what every request passes before its route: a document that is kept is
// sent from there, and what is made is made in its turn and then sent, with
// nothing held up by a reader who takes his time.
func (s *Server) hold(c *gin.Context) {
	raw := rawWriter(c)
	r := c.Request
	reads := r.Method == http.MethodGet || r.Method == http.MethodHead
	key, base := "", s.base(c)
	shelf, most := &s.results, oneResult
	place := r.URL.RawQuery == "" && s.placed(c)
	if reads && kindOfDocument(r.URL.Path) && secretOf(r.Header) == "" && len(r.RequestURI) <= documentName && len(r.Host) < 256 {
		parts := []string{"document", s.o.Catalog.Version(), langOf(c)}
		switch {
		case r.URL.RawQuery != "":
			key = strings.Join(append(parts, r.URL.RequestURI(), base), "\n")
		case place || s.o.Site.BaseURL != "":
			key = strings.Join(append(parts, r.URL.Path), "\n")
			shelf, most = &s.documents, oneDocument
			shelf.renew(parts[1])
		}
	}
	mine := false
	for try := 0; key != "" && !mine && try < 3; try++ {
		if k := shelf.find(key); k != nil {
			s.sendDocument(raw, r, k, base)
			c.Abort()
			return
		}
		// One makes it, the others wait for that.
		var made <-chan struct{}
		if made, mine = s.lead(key); mine {
			defer s.follow(key)
			break
		}
		select {
		case <-made:
		case <-r.Context().Done():
			panic(http.ErrAbortHandler)
		}
	}
	h := raw.held
	defer h.drop()
	give, err := s.take(c)
	if err != nil {
		s.fail(c, err)
		c.Writer.WriteHeaderNow()
		s.sendHeld(r, h)
		return
	}
	defer give()
	if key != "" {
		// The whole of it is made, whatever part or condition was asked for.
		whole := c.Request.Clone(c.Request.Context())
		whole.Method = http.MethodGet
		for _, name := range []string{"Range", "If-Range", "If-None-Match", "If-Match", "If-Modified-Since", "If-Unmodified-Since"} {
			whole.Header.Del(name)
		}
		if c.Request = whole; place {
			c.Request = withPlace(whole)
		}
	}
	c.Next()
	c.Writer.WriteHeaderNow()
	give()
	if h.through || raw.status != 0 {
		return // it was sent as it was made
	}
	if key != "" && h.size <= int64(most) && (place || h.status == http.StatusOK) {
		k, err := documentOf(key, h)
		if err != nil {
			s.o.Log.Error("a document could not be read back", "path", r.URL.Path, "error", err)
			panic(http.ErrAbortHandler)
		}
		if k.status == http.StatusOK {
			shelf.keep(k)
		}
		if mine {
			s.follow(key)
		}
		h.drop()
		s.sendDocument(raw, r, k, base)
		return
	}
	if key != "" && place {
		// Too large to be kept: the address is put in on its way.
		h.put = &filler{w: raw, base: base}
		raw.Header().Del("Content-Length")
		if etag := raw.Header().Get("ETag"); etag != "" {
			raw.Header().Set("ETag", etagAt(etag, base))
		}
	}
	s.sendHeld(r, h)
}

// sendHeld sends an answer that was made.
func (s *Server) sendHeld(r *http.Request, h *held) {
	header := h.writer.Header()
	if h.size > 0 && header.Get("Content-Length") == "" && h.put == nil {
		header.Set("Content-Length", strconv.FormatInt(h.size, 10))
	}
	if r.Method == http.MethodHead {
		h.drop()
	}
	if err := h.send(); err != nil {
		panic(http.ErrAbortHandler)
	}
}

// documentOf is a document that is to be kept.
func documentOf(key string, h *held) (*kept, error) {
	body, err := h.body()
	if err != nil {
		return nil, err
	}
	k := &kept{key: key, status: h.status, header: http.Header{}, body: body, holes: holesOf(body)}
	maps.Copy(k.header, h.writer.Header())
	k.header.Del("Content-Length")
	if k.header.Get("ETag") == "" && h.status == http.StatusOK {
		sum := sha256.Sum256(body)
		k.header.Set("ETag", `"`+hex.EncodeToString(sum[:16])+`"`)
	}
	return k, nil
}

// sendDocument answers with a document that is kept: its bytes are those of all
// its readers, but for the address of the site.
func (s *Server) sendDocument(w *writer, r *http.Request, k *kept, base string) {
	h := w.Header()
	for name, values := range k.header {
		h[name] = values
		for i, v := range values {
			if strings.Contains(v, siteHost) {
				text, _ := io.ReadAll(newAddressed([]byte(v), holesOf([]byte(v)), base))
				h[name] = slices.Clone(h[name])
				h[name][i] = string(text)
			}
		}
	}
	if len(k.holes) > 0 && h.Get("ETag") != "" {
		h.Set("ETag", etagAt(h.Get("ETag"), base))
	}
	body := newAddressed(k.body, k.holes, base)
	if k.status != http.StatusOK {
		h.Set("Content-Length", strconv.FormatInt(body.size, 10))
		w.WriteHeader(k.status)
		if r.Method != http.MethodHead {
			io.Copy(w, body) // a client that has gone needs no answer
		}
		return
	}
	modified, _ := http.ParseTime(h.Get("Last-Modified"))
	http.ServeContent(w, r, "", modified, body)
}

// lead tells whether the caller is the one who makes a document; the others get a
// channel that is closed once it is made.
func (s *Server) lead(key string) (made <-chan struct{}, mine bool) {
	s.making.Lock()
	defer s.making.Unlock()
	if made, ok := s.leads[key]; ok {
		return made, false
	}
	if s.leads == nil {
		s.leads = map[string]chan struct{}{}
	}
	s.leads[key] = make(chan struct{})
	return nil, true
}

func (s *Server) follow(key string) {
	s.making.Lock()
	defer s.making.Unlock()
	if made, ok := s.leads[key]; ok {
		close(made)
		delete(s.leads, key)
	}
}
