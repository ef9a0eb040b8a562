package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
)

// assets are the files that pages load: scripts, styles and the icon. Each has
// an address with the hash of its content, under which it never changes, and
// answers under its own name too.
type assets struct {
	byName map[string]*asset
	// address by name, name by address.
	address, name map[string]string
}

type asset struct {
	body, gzip []byte
	mediaType  string
	etag       string
}

func loadAssets(dir fs.FS) (*assets, error) {
	a := &assets{map[string]*asset{}, map[string]string{}, map[string]string{}}
	err := fs.WalkDir(dir, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		body, err := fs.ReadFile(dir, name)
		if err != nil {
			return err
		}
		one := &asset{body: body, etag: fmt.Sprintf("%x", sha256.Sum256(body))[:16], mediaType: mediaTypeOf(name)}
		if one.gzip, err = squeeze(body, gzip.BestCompression); err != nil {
			return err
		}
		ext := path.Ext(name)
		hashed := strings.TrimSuffix(name, ext) + "." + one.etag[:10] + ext
		a.byName[name], a.address[name], a.name[hashed] = one, "/assets/"+hashed, name
		return nil
	})
	return a, err
}

// mediaTypeOf does not ask the machine, whose tables differ.
func mediaTypeOf(name string) string {
	switch ext := path.Ext(name); ext {
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	default:
		if t := mime.TypeByExtension(ext); t != "" {
			return t
		}
		return "application/octet-stream"
	}
}

func squeeze(b []byte, level int) ([]byte, error) {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, level)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(b); err != nil {
		return nil, err
	}
	err = w.Close()
	return out.Bytes(), err
}

// of is the template function asset: the address at which a file stays as it is.
func (a *assets) of(name string) (string, error) {
	if address := a.address[name]; address != "" {
		return address, nil
	}
	return "", fmt.Errorf("there is no asset %q", name)
}

// serve answers /assets/*file.
func (a *assets) serve(p *Portal) gin.HandlerFunc {
	return func(c *gin.Context) {
		asked := strings.TrimPrefix(c.Param("file"), "/")
		name, pinned := a.name[asked]
		if !pinned {
			name = asked
		}
		one := a.byName[name]
		if one == nil {
			p.NotFound(c)
			return
		}
		h := c.Writer.Header()
		h.Set("Cache-Control", "public, no-cache")
		if pinned {
			h.Set("Cache-Control", "public, max-age=31536000, immutable")
		}
		body, etag := one.body, one.etag
		h.Add("Vary", "Accept-Encoding")
		if len(one.gzip) < len(body) && acceptsGzip(c.Request) {
			h.Set("Content-Encoding", "gzip")
			body, etag = one.gzip, etag+"-gzip"
		}
		h.Set("Content-Type", one.mediaType)
		h.Set("ETag", `"`+etag+`"`)
		http.ServeContent(c.Writer, c.Request, "", time.Time{}, bytes.NewReader(body))
	}
}

// acceptsGzip reports whether the client takes gzip. Who gives it the weight 0
// does not.
func acceptsGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(strings.Join(r.Header.Values("Accept-Encoding"), ","), ",") {
		name, params, _ := strings.Cut(part, ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			weight := strings.ReplaceAll(params, " ", "")
			return !strings.HasPrefix(weight, "q=0") || strings.Trim(weight, "q=0.") != ""
		}
	}
	return false
}
