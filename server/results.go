package server

import (
	linked "container/list"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"govdata/catalog"
	"govdata/server/query"
)

// results keeps answers of late, up to resultBytes of them. An answer is good
// for as long as every name in its question stands for the same release, so a
// new release needs nobody to clear anything.
type results struct {
	mu     sync.Mutex
	byKey  map[string]*linked.Element
	recent linked.List // of *kept, the latest used first
	bytes  int
	// limit of bytes; 0: resultBytes.
	limit int
	// version is of the catalog of which all are, where that is told by renew.
	version string
}

const (
	resultBytes = 64 << 20
	// oneResult is the largest answer that is kept: what a spool holds in memory.
	oneResult = spoolMemory
)

// kept is an answer to a question.
type kept struct {
	key string
	// releases are those that the names of the question stood for.
	releases map[string]catalog.ReleaseID
	// status is that of a document.
	status int
	header http.Header
	body   []byte
	// holes are where the address of the site belongs in the body.
	holes []hole
}

// size is what keeping it costs: the question may be longer than the answer.
func (k *kept) size() int {
	n := 512 + len(k.key) + len(k.body) + 16*len(k.holes)
	for name, values := range k.header {
		n += 64 + len(name)
		for _, v := range values {
			n += 16 + len(v)
		}
	}
	for name, release := range k.releases {
		n += 64 + len(name) + len(release)
	}
	return n
}

// renew drops everything where the catalog is another one.
func (r *results) renew(version string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.version != version {
		r.version, r.byKey, r.bytes = version, nil, 0
		r.recent.Init()
	}
}

func (r *results) find(key string) *kept {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.byKey[key]
	if e == nil {
		return nil
	}
	r.recent.MoveToFront(e)
	return e.Value.(*kept)
}

func (r *results) keep(k *kept) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e := r.byKey[k.key]; e != nil {
		r.drop(e)
	}
	if r.byKey == nil {
		r.byKey = map[string]*linked.Element{}
	}
	r.byKey[k.key] = r.recent.PushFront(k)
	limit := r.limit
	if limit == 0 {
		limit = resultBytes
	}
	for r.bytes += k.size(); r.bytes > limit; {
		r.drop(r.recent.Back())
	}
}

// sweep drops the answers that read a release for which stands is false.
func (r *results) sweep(stands func(name string, release catalog.ReleaseID) bool) {
	r.mu.Lock()
	var all []*kept
	for _, e := range r.byKey {
		all = append(all, e.Value.(*kept))
	}
	r.mu.Unlock()
	for _, k := range all {
		for name, release := range k.releases {
			if stands(name, release) {
				continue
			}
			r.mu.Lock()
			if e := r.byKey[k.key]; e != nil && e.Value == any(k) {
				r.drop(e)
			}
			r.mu.Unlock()
			break
		}
	}
}

func (r *results) drop(e *linked.Element) {
	k := r.recent.Remove(e).(*kept)
	delete(r.byKey, k.key)
	r.bytes -= k.size()
}

// resultHeaders are kept with an answer.
var resultHeaders = []string{"Content-Type", "Content-Disposition", "Cache-Control", "ETag", "Link", "Vary", "X-Release", "X-Total-Rows", "X-Truncated"}

// key tells one question from another: all that its answer depends on but the
// releases.
func (q *question) key(c *gin.Context, base string) (string, error) {
	r := q.request
	if r.Rows != nil {
		rows := *r.Rows
		rows.Total = false // that is for the engine, the answer tells it anyway
		r.Rows = &rows
	}
	b, err := json.Marshal([]any{strings.TrimRight(strings.TrimSpace(r.SQL), "; \t\r\n"), r.Rows, r.Params, r.Named, r.Estimate, r.MaxRows, q.format.Ext, q.shape, q.columnsOnly, q.export, q.cite,
		langOf(c), base, c.Writer.Header().Get("Content-Disposition")})
	return string(b), err
}

// recall answers with an answer that is kept, if it still holds and its reader
// may have it. It is false where there is none.
func (s *Server) recall(c *gin.Context, q *question, key string) bool {
	k := s.results.find(key)
	if k == nil {
		return false
	}
	for name, release := range k.releases {
		if _, err := q.names.Resolve(c.Request.Context(), name); err != nil {
			return false
		}
		if now, _ := q.names.pins(); now[name] != release {
			return false
		}
	}
	h := c.Writer.Header()
	for name, values := range k.header {
		h[name] = values
	}
	h.Set("X-Cache", "HIT")
	if matches(c.GetHeader("If-None-Match"), h.Get("ETag")) {
		dropContent(h)
		c.Status(http.StatusNotModified)
		return true
	}
	h.Set("Content-Length", strconv.Itoa(len(k.body)))
	c.Status(http.StatusOK)
	rawWriter(c).Write(k.body) // a client that has gone needs no answer
	return true
}

// remember keeps an answer, all of which is in out and none of it sent.
func (s *Server) remember(q *question, key string, h http.Header, out *spool) {
	k := &kept{key: key, header: http.Header{}, body: out.bytes()}
	if len(k.body) > oneResult {
		return
	}
	k.releases, _ = q.names.pins()
	for _, name := range resultHeaders {
		if values := h.Values(name); len(values) > 0 {
			k.header[http.CanonicalHeaderKey(name)] = slices.Clone(values)
		}
	}
	s.results.keep(k)
}

// matches reports whether a weak ETag is among those of If-None-Match.
func matches(given, etag string) bool {
	for one := range strings.SplitSeq(given, ",") {
		if one = strings.TrimSpace(one); one == "*" || one != "" && strings.TrimPrefix(one, "W/") == strings.TrimPrefix(etag, "W/") {
			return true
		}
	}
	return false
}

// lasting sets the headers of an answer that is the same for everybody until a
// release changes: an ETag and, where the question names every release, that it
// never changes. It is false for other answers.
func (s *Server) lasting(c *gin.Context, q *question, key string, result query.Result) bool {
	releases, all := q.names.pins()
	if result.Volatile() || !all || q.names.private() {
		return false
	}
	h := c.Writer.Header()
	sum := sha256.New()
	fmt.Fprintf(sum, "%s\n%s\n", s.o.Software, key)
	for _, name := range slices.Sorted(maps.Keys(releases)) {
		fmt.Fprintf(sum, "%s=%s\n", name, releases[name])
	}
	h.Set("ETag", `W/"`+hex.EncodeToString(sum.Sum(nil)[:16])+`"`)
	if q.request.Rows == nil && result.Pinned() == q.request.SQL && !q.request.Estimate {
		h.Set("Cache-Control", immutable)
	}
	return true
}

// permalink is the address at which an SQL answer stays as it is, "" where it
// does not stay.
func (q *question) permalink(base string, result query.Result) string {
	if q.request.Rows != nil || q.request.Estimate || result.Pinned() == "" || result.Volatile() || q.names.private() {
		return ""
	}
	values := url.Values{"q": {result.Pinned()}}
	for i, v := range q.request.Params {
		values.Set("p"+strconv.Itoa(i+1), fmt.Sprint(v))
		if v == nil {
			return "" // an address has no way to say NULL
		}
	}
	for name, v := range q.request.Named {
		values.Set("p."+name, fmt.Sprint(v))
		if v == nil {
			return ""
		}
	}
	if q.shape != "" {
		values.Set("shape", q.shape)
	}
	switch {
	case q.columnsOnly:
		values.Set("limit", "0")
	case q.request.MaxRows > 0 && (q.format.Ext != "json" || q.request.MaxRows != defaultRows):
		values.Set("limit", strconv.FormatInt(q.request.MaxRows, 10))
	}
	ext := ""
	if q.format.Ext != "json" {
		ext = "." + q.format.Ext
		for name, set := range map[string]bool{"bom": q.export.BOM, "excel_safe": q.export.ExcelSafe} {
			if set {
				values.Set(name, "1")
			}
		}
	}
	return base + "/api/v1/sql" + ext + "?" + values.Encode()
}

// citation says in words and in fields what an answer was made from.
type citation struct {
	Text      string         `json:"text"`
	Datasets  []citedDataset `json:"datasets"`
	Query     string         `json:"query,omitempty"`
	Permalink string         `json:"permalink,omitempty"`
	At        time.Time      `json:"answered_at"`
}

// citedDataset is one release that was read. SHA256 is of its content, as in
// its manifest.
type citedDataset struct {
	ID          catalog.ID        `json:"id"`
	Title       string            `json:"title"`
	Publisher   string            `json:"publisher"`
	Licence     string            `json:"licence"`
	Synthetic   bool              `json:"synthetic"`
	Release     catalog.ReleaseID `json:"release"`
	PublishedAt time.Time         `json:"published_at"`
	SHA256      string            `json:"content_sha256"`
	Manifest    string            `json:"manifest"`
}

func (q *question) citation(base, permalink, lang string, at time.Time, result query.Result) *citation {
	m := &citation{Datasets: []citedDataset{}, Query: result.Pinned(), Permalink: permalink, At: at.UTC().Truncate(time.Second)}
	var parts []string
	for _, r := range q.names.distinct() {
		d := &r.Dataset
		one := citedDataset{ID: d.ID, Title: d.Title.In(lang), Publisher: d.Publisher.In(lang), Licence: d.Licence, Synthetic: d.Synthetic, Release: r.Release,
			PublishedAt: r.PublishedAt, SHA256: r.Content, Manifest: base + "/d/" + r.Ref().String() + ".manifest.json"}
		m.Datasets = append(m.Datasets, one)
		made := text("", "")
		if d.Synthetic {
			made = text("（合成数据）", " (synthetic data)")
		}
		parts = append(parts, text(
			fmt.Sprintf("%s：《%s》%s，版本 %s（%s），许可 %s，SHA-256 %s，%s", one.Publisher, one.Title, made.Zh, one.Release, one.PublishedAt.Format(time.DateOnly), one.Licence, one.SHA256, one.Manifest),
			fmt.Sprintf("%s: %s%s, release %s (%s), licence %s, SHA-256 %s, %s", one.Publisher, one.Title, made.En, one.Release, one.PublishedAt.Format(time.DateOnly), one.Licence, one.SHA256, one.Manifest)).In(lang))
	}
	when := m.At.Format(time.RFC3339)
	parts = append(parts, text("查询于 "+when, "asked at "+when).In(lang))
	if permalink != "" {
		parts = append(parts, permalink)
	}
	m.Text = strings.Join(parts, text("；", "; ").In(lang))
	return m
}

// pins are the releases that names stood for. all is false where one is no
// release, and so changes without a trace.
func (n *Names) pins() (releases map[string]catalog.ReleaseID, all bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	releases = map[string]catalog.ReleaseID{}
	for name, r := range n.releases {
		releases[name] = r.Release
	}
	return releases, !n.living
}

// distinct are the releases of the question, each once, by dataset.
func (n *Names) distinct() []*catalog.Release {
	n.mu.Lock()
	defer n.mu.Unlock()
	byRef := map[string]*catalog.Release{}
	for _, r := range n.releases {
		byRef[r.Ref().String()] = r
	}
	var all []*catalog.Release
	for _, ref := range slices.Sorted(maps.Keys(byRef)) {
		all = append(all, byRef[ref])
	}
	return all
}
