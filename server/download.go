package server

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"govdata/catalog"
	"govdata/export"
)

const (
	immutable  = "public, max-age=31536000, immutable"
	revalidate = "public, no-cache"
)

// filters are the parameters that make a file on the fly.
var filters = []string{"select", "where", "order", "limit"}

// download answers /d/{id}.{ext}, /d/{id}@{release}.{ext},
// /d/{id}@{release}.manifest.json, its signature, .manifest.sig, the data
// dictionary, /d/{id}.dictionary.csv, and of what was withdrawn the tombstone,
// /d/{id}[@{release}].tombstone.json, and its signature, .tombstone.sig.
func (s *Server) download(c *gin.Context) error {
	name := c.Param("file")
	if ref, ok := strings.CutSuffix(name, ".manifest.json"); ok {
		return s.manifest(c, ref, s.o.Catalog.ReadManifest, "application/json; charset=utf-8")
	}
	if ref, ok := strings.CutSuffix(name, ".manifest.sig"); ok {
		return s.manifest(c, ref, signatureOf, "application/octet-stream")
	}
	for _, ending := range []string{".tombstone.json", ".tombstone.sig"} {
		if ref, ok := strings.CutSuffix(name, ending); ok {
			return s.tombstone(c, ref, ending == ".tombstone.sig")
		}
	}
	if ref, ok := strings.CutSuffix(name, ".dictionary.csv"); ok {
		return s.dictionary(c, ref)
	}
	name, format, ok := catalog.SplitExt(name)
	if !ok || format.Ext == "json" {
		return fmt.Errorf("%q is no file of a dataset; the endings are %s: %w", c.Param("file"), strings.Join(catalog.Extensions(), ", "), catalog.ErrNotFound)
	}
	if name, ok := strings.CutSuffix(name, ".diff"); ok {
		return s.changesFile(c, name, format)
	}
	ref, err := catalog.ParseRef(name)
	if err != nil {
		return err
	}
	r, err := s.o.Catalog.Resolve(ref)
	if err != nil {
		return err
	}
	if err := open(c, r); err != nil {
		return err
	}
	allowed := filters
	if strings.HasPrefix(format.Ext, "csv") {
		allowed = append([]string{"bom", "excel_safe"}, filters...)
	}
	if err := allow(c, allowed...); err != nil {
		return err
	}
	values := c.Request.URL.Query()
	values.Del("lang")
	artefact, static := r.Artefact(format.Ext)
	s.releaseHeaders(c, r, format.Ext, values)
	if !static || len(values) > 0 {
		return s.filtered(c, r, format)
	}
	artefact, coding := encoded(c.Request, r, artefact)
	header := map[string]string{"Content-Type": format.MediaType, "X-Total-Rows": strconv.FormatInt(r.Rows, 10), "X-Truncated": "false"}
	if len(codings[format.Ext]) > 0 {
		c.Writer.Header().Add("Vary", "Accept-Encoding")
	}
	if coding != "" {
		header["Content-Encoding"] = coding
	}
	if ref.Release != "" && r.Dataset.Queryable() {
		header["Cache-Control"] = immutable
	}
	return s.send(c, r, artefact, header)
}

// send answers with a file of a release: with sendfile, ranges, conditions and
// an ETag, and with these headers. On error nothing has been written.
func (s *Server) send(c *gin.Context, r *catalog.Release, a catalog.Artefact, header map[string]string) error {
	f, err := s.openArtefact(c, r, a)
	if err != nil {
		return err
	}
	defer f.Close()
	w := rawWriter(c)
	h := w.Header()
	for name, value := range header {
		h.Set(name, value)
	}
	h.Set("ETag", `"`+a.SHA256+`"`)
	http.ServeContent(&streamWriter{w, a.Bytes}, c.Request, "", r.PublishedAt, f)
	return nil
}

// codings are the files that a release has of a format compressed, by content
// coding, the best first.
var codings = map[string][]struct{ coding, format string }{
	"csv":   {{"zstd", "csv.zst"}, {"gzip", "csv.gz"}},
	"jsonl": {{"gzip", "jsonl.gz"}},
}

// encoded chooses the file that answers for plain: a compressed one where the
// client accepts its coding (RFC 9110, 12.5.3). A range is one of the plain
// file, for so mean clients that fetch a file in parts, unless the request
// names the compressed one by its ETag.
func encoded(r *http.Request, release *catalog.Release, plain catalog.Artefact) (catalog.Artefact, string) {
	ranged := r.Header.Get("Range") != ""
	condition := r.Header.Get("If-Range") + r.Header.Get("If-Match")
	best, chosen, coding := 0.0, plain, ""
	for _, choice := range codings[plain.Format] {
		a, ok := release.Artefact(choice.format)
		q := accepts(r.Header.Values("Accept-Encoding"), choice.coding)
		if !ok || q <= best || ranged && !strings.Contains(condition, a.SHA256) {
			continue
		}
		best, chosen, coding = q, a, choice.coding
	}
	return chosen, coding
}

// accepts is the weight that Accept-Encoding gives to a coding, 0 where it is
// not named. (* says nothing of codings that a client knows.)
func accepts(headers []string, coding string) float64 {
	for part := range strings.SplitSeq(strings.Join(headers, ","), ",") {
		name, params, _ := strings.Cut(part, ";")
		if !strings.EqualFold(strings.TrimSpace(name), coding) {
			continue
		}
		q, weighted := strings.CutPrefix(strings.ToLower(strings.TrimSpace(params)), "q=")
		if !weighted {
			return 1
		}
		weight, err := strconv.ParseFloat(strings.TrimSpace(q), 64)
		if err != nil || weight < 0 || weight > 1 {
			return 0
		}
		return weight
	}
	return 0
}

// openArtefact opens a file of a release. What is served under a hash is what
// was hashed: a file of another size is not, nor one that was written to since.
func (s *Server) openArtefact(c *gin.Context, r *catalog.Release, a catalog.Artefact) (*os.File, error) {
	if err := s.o.Catalog.Usable(c.Request.Context(), r, a); err != nil {
		return nil, err
	}
	f, err := os.Open(r.Path(a))
	if errors.Is(err, fs.ErrNotExist) {
		// It may have been collected since it was looked up.
		if _, gone := s.o.Catalog.Resolve(r.Ref()); gone != nil {
			return nil, gone
		}
	}
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && info.Size() != a.Bytes {
		err = &catalog.Damage{Ref: r.Ref(), Code: catalog.DamageFile, File: a.File, Cause: fmt.Errorf("%d bytes, its manifest says %d", info.Size(), a.Bytes)}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// streamWriter copies a file to the client with sendfile, in pieces that each
// have a deadline of their own.
type streamWriter struct {
	*writer
	// size of the whole file.
	size int64
}

const piece = 8 << 20

// WriteHeader says how long a compressed file is; http.ServeContent leaves that
// out, because it cannot know who compressed it.
func (w *streamWriter) WriteHeader(status int) {
	if h := w.Header(); status == http.StatusOK && h.Get("Content-Encoding") != "" {
		h.Set("Content-Length", strconv.FormatInt(w.size, 10))
	}
	w.writer.WriteHeader(status)
}

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

// releaseHeaders say which release a file is of, where it stays, and how it is
// called. filter is what makes it a part of the release.
func (s *Server) releaseHeaders(c *gin.Context, r *catalog.Release, ext string, filter url.Values) {
	h := c.Writer.Header()
	part, query := "", ""
	if len(filter) > 0 {
		part, query = "-rows", "?"+filter.Encode()
	}
	h.Set("X-Release", string(r.Release))
	if r.Dataset.Queryable() {
		h.Set("Cache-Control", revalidate)
	}
	h.Add("Vary", "Accept-Language") // the title in the name, the headers of a workbook
	h.Set("Link", fmt.Sprintf(`</d/%s.%s%s>; rel="canonical", </api/v1/datasets/%s/releases>; rel="version-history", </d/%s.manifest.json>; rel="describedby"`,
		r.Ref(), ext, query, r.Dataset.ID, r.Ref()))
	h.Set("Content-Disposition", disposition(&r.Dataset, string(r.Release)+part+"."+ext, langOf(c)))
}

// disposition names a file of a dataset for saving (RFC 6266): by its id for
// old clients, and by its title in UTF-8.
func disposition(d *catalog.Dataset, rest, lang string) string {
	title := strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`/\:*?"<>|`, r) {
			return '-'
		}
		return r
	}, d.Title.In(lang)+"-"+rest)
	return fmt.Sprintf(`attachment; filename="%s-%s"; filename*=UTF-8''%s`, d.ID, rest, strings.ReplaceAll(url.QueryEscape(title), "+", "%20"))
}

// dictionary says what the columns of a release mean; also of one whose rows
// are not open to everyone.
func (s *Server) dictionary(c *gin.Context, name string) error {
	if err := allow(c); err != nil {
		return err
	}
	ref, err := catalog.ParseRef(name)
	if err != nil {
		return err
	}
	r, err := s.o.Catalog.Resolve(ref)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := export.Dictionary(&b, r, langOf(c)); err != nil {
		return err
	}
	h := c.Writer.Header()
	h.Add("Vary", "Accept-Language")
	h.Set("X-Release", string(r.Release))
	h.Set("Content-Disposition", disposition(&r.Dataset, string(r.Release)+".dictionary.csv", langOf(c)))
	return s.document(c, "text/csv; charset=utf-8", b.Bytes())
}

// tombstone gives the tombstone of a release or a dataset that was withdrawn, or
// its signature, as it lies on disk.
func (s *Server) tombstone(c *gin.Context, name string, signature bool) error {
	if err := allow(c); err != nil {
		return err
	}
	ref, err := catalog.ParseRef(name)
	if err != nil {
		return err
	}
	path, sig := s.o.Catalog.TombstonePaths(ref)
	mediaType := "application/json; charset=utf-8"
	if signature {
		path, mediaType = sig, "application/octet-stream"
	}
	body, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s was not withdrawn: %w", ref, catalog.ErrNotFound)
	} else if err != nil {
		return err
	}
	return s.document(c, mediaType, body)
}

func signatureOf(r *catalog.Release) ([]byte, error) { return r.Signature(), nil }

// manifest gives a release's manifest or its signature, byte for byte as it
// lies on disk. It tells the hashes of all files, and so goes to those alone who
// may have these.
func (s *Server) manifest(c *gin.Context, name string, read func(*catalog.Release) ([]byte, error), mediaType string) error {
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
	if err := open(c, r); err != nil {
		return err
	}
	body, err := read(r)
	if err != nil {
		return err
	}
	h := c.Writer.Header()
	if r.Dataset.Queryable() {
		h.Set("Cache-Control", immutable)
	}
	h.Set("Content-Type", mediaType)
	h.Set("ETag", fmt.Sprintf(`"%x"`, sha256.Sum256(body)))
	http.ServeContent(rawWriter(c), c.Request, "", r.PublishedAt, bytes.NewReader(body))
	return nil
}
