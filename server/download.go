package server

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"govdata/catalog"
)

const (
	immutable  = "public, max-age=31536000, immutable"
	revalidate = "public, no-cache"
)

// filters are the parameters that make a file on the fly.
var filters = []string{"select", "where", "order", "limit"}

// download answers /d/{id}.{ext}, /d/{id}@{release}.{ext} and
// /d/{id}@{release}.manifest.json.
func (s *Server) download(c *gin.Context) error {
	name := c.Param("file")
	if ref, ok := strings.CutSuffix(name, ".manifest.json"); ok {
		return s.manifest(c, ref)
	}
	name, format, ok := catalog.SplitExt(name)
	if !ok || format.Ext == "json" {
		return fmt.Errorf("%q is no file of a dataset; the endings are %s: %w", c.Param("file"), strings.Join(formats(), ", "), catalog.ErrNotFound)
	}
	ref, err := catalog.ParseRef(name)
	if err != nil {
		return err
	}
	r, err := s.o.Catalog.Resolve(ref)
	if err != nil {
		return err
	}
	if err := open(r, langOf(c)); err != nil {
		return err
	}
	allowed := filters
	if strings.HasPrefix(format.Ext, "csv") {
		allowed = append([]string{"bom", "excel_safe"}, filters...)
	}
	if err := allow(c, allowed...); err != nil {
		return err
	}
	s.releaseHeaders(c, r, ref, format.Ext)
	artefact, static := r.Artefact(format.Ext)
	for _, f := range allowed {
		static = static && !c.Request.URL.Query().Has(f)
	}
	if !static {
		return s.filtered(c, r, format)
	}
	f, err := os.Open(r.Path(artefact))
	if err != nil {
		return err
	}
	defer f.Close()
	w := rawWriter(c)
	h := w.Header()
	h.Set("Content-Type", format.MediaType)
	h.Set("ETag", `"`+artefact.SHA256+`"`)
	h.Set("X-Total-Rows", strconv.FormatInt(r.Rows, 10))
	h.Set("X-Truncated", "false")
	http.ServeContent(&streamWriter{w}, c.Request, "", r.PublishedAt, f)
	return nil
}

// streamWriter copies a file to the client with sendfile, in pieces that each
// have a deadline of their own.
type streamWriter struct{ *writer }

const piece = 8 << 20

// ReadFrom implements io.ReaderFrom.
func (w *streamWriter) ReadFrom(r io.Reader) (total int64, err error) {
	to, ok := w.ResponseWriter.(io.ReaderFrom)
	if !ok {
		return io.Copy(struct{ io.Writer }{w.writer}, r)
	}
	limited, rest := r.(*io.LimitedReader)
	left := int64(1) << 62
	if rest {
		r, left = limited.R, limited.N
	}
	for left > 0 {
		w.extend()
		n, err := to.ReadFrom(io.LimitReader(r, min(piece, left)))
		w.bytes += n
		total, left = total+n, left-n
		if rest {
			limited.N = left
		}
		if err != nil {
			return total, err
		}
		if n == 0 {
			break
		}
	}
	return total, nil
}

// open refuses the rows of a dataset that is not open to everyone.
func open(r *catalog.Release, lang string) error {
	d := &r.Dataset
	if d.Queryable() {
		return nil
	}
	return fmt.Errorf("%s: %s %s%s: %w", d.Title.In(lang), d.Openness.Attribute, d.Openness.Condition.In(lang), d.Openness.Basis.In(lang), catalog.ErrForbidden)
}

// releaseHeaders say which release an answer is of, and how long it may be kept.
func (s *Server) releaseHeaders(c *gin.Context, r *catalog.Release, ref catalog.Ref, ext string) {
	h := c.Writer.Header()
	h.Set("X-Release", string(r.Release))
	h.Set("Last-Modified", r.PublishedAt.UTC().Format(http.TimeFormat))
	h.Set("Cache-Control", revalidate)
	if ref.Release != "" {
		h.Set("Cache-Control", immutable)
	}
	h.Set("Link", fmt.Sprintf(`</d/%s.%s>; rel="canonical", </api/v1/datasets/%s/releases>; rel="version-history", </d/%s.manifest.json>; rel="describedby"`,
		r.Ref(), ext, r.Dataset.ID, r.Ref()))
	h.Set("Content-Disposition", disposition(fmt.Sprintf("%s-%s.%s", r.Dataset.ID, r.Release, ext),
		fmt.Sprintf("%s-%s.%s", r.Dataset.Title.In(langOf(c)), r.Release, ext)))
}

// disposition names a file for saving (RFC 6266): plainly for old clients, and
// in UTF-8.
func disposition(plain, title string) string {
	title = strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`/\:*?"<>|`, r) {
			return '-'
		}
		return r
	}, title)
	return fmt.Sprintf(`attachment; filename="%s"; filename*=UTF-8''%s`, plain, strings.ReplaceAll(url.QueryEscape(title), "+", "%20"))
}

// manifest gives a release's manifest, byte for byte as it lies on disk, but
// without what only matters to ingest.
func (s *Server) manifest(c *gin.Context, name string) error {
	if err := allow(c); err != nil {
		return err
	}
	ref, err := catalog.ParseRef(name)
	if err != nil {
		return err
	}
	if ref.Release == "" {
		return fmt.Errorf("a manifest is of one release: /d/%s@RELEASE.manifest.json: %w", ref.Dataset, catalog.ErrNotFound)
	}
	r, err := s.o.Catalog.Resolve(ref)
	if err != nil {
		return err
	}
	body, err := json.MarshalIndent(r.Manifest, "", "  ")
	if err != nil {
		return err
	}
	h := c.Writer.Header()
	h.Set("Cache-Control", immutable)
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("ETag", `"`+r.Content+`"`)
	http.ServeContent(rawWriter(c), c.Request, "", r.PublishedAt, bytes.NewReader(append(body, '\n')))
	return nil
}
