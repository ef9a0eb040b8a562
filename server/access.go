package server

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"govdata/catalog"
	"govdata/server/exports"
	"govdata/server/keys"
)

// access is what somebody may have besides what is open to everyone.
type access struct {
	key *keys.Key
	// sample is the one release of which the first rows may be shown.
	sample *catalog.Release
}

// opens refuses the rows of a dataset that is open neither to everyone nor to
// the key. The error wraps catalog.ErrForbidden and says on which condition,
// or on which basis, the dataset is kept.
func (a access) opens(r *catalog.Release, lang string) error {
	d := &r.Dataset
	if d.Queryable() || d.Openness.Attribute == catalog.OpenConditional && a.key.Opens(d.ID) || a.sample != nil && a.sample.Ref() == r.Ref() {
		return nil
	}
	return fmt.Errorf("%s: %s %s%s: %w", d.Title.In(lang), d.Openness.Attribute, d.Openness.Condition.In(lang), d.Openness.Basis.In(lang), catalog.ErrForbidden)
}

const accessKey = "govdata.access"

// secretOf is the secret that a request shows: as X-API-Key, as Authorization:
// Bearer, or, as CKAN's clients do, alone in Authorization or X-CKAN-API-Key.
func secretOf(h http.Header) string {
	if secret := h.Get("X-API-Key"); secret != "" {
		return secret
	}
	scheme, token, more := strings.Cut(strings.TrimSpace(h.Get("Authorization")), " ")
	switch {
	case !more && scheme != "":
		return scheme
	case strings.EqualFold(scheme, "Bearer"):
		return strings.TrimSpace(token)
	}
	return h.Get("X-CKAN-API-Key")
}

// authenticate finds the key that a request shows. One that is no good is
// refused even where none is needed: its holder should know.
func (s *Server) authenticate(c *gin.Context) {
	secret := secretOf(c.Request.Header)
	if secret == "" || s.o.Keys == nil {
		return
	}
	key, err := s.o.Keys.Find(c.Request.Context(), secret)
	if err != nil {
		c.Header("WWW-Authenticate", "Bearer")
		s.fail(c, err)
		c.Abort()
		return
	}
	c.Set(accessKey, access{key: key})
}

func accessOf(c *gin.Context) access {
	a, _ := c.Get(accessKey)
	granted, _ := a.(access)
	return granted
}

// open refuses the rows of a release to a request that may not have them. What
// a key opens is not for caches that others read from.
func open(c *gin.Context, r *catalog.Release) error {
	if err := accessOf(c).opens(r, langOf(c)); err != nil {
		return err
	}
	if !r.Dataset.Queryable() {
		private(c)
	}
	return nil
}

// releaseNamed finds the release that a name in a question stood for: a dataset,
// perhaps with @ and a release behind it, and the release that it was.
func (s *Server) releaseNamed(name string, release catalog.ReleaseID) (*catalog.Release, error) {
	id, _, _ := strings.Cut(name, "@")
	ref, err := catalog.ParseRef(id + "@" + string(release))
	if err != nil {
		return nil, err
	}
	r, err := s.o.Catalog.Resolve(ref)
	if errors.Is(err, catalog.ErrGone) && !errors.As(err, new(*catalog.Withdrawn)) {
		return s.o.Catalog.Current(ref.Dataset) // it was collected; the dataset says how open it was
	}
	return r, err
}

// stands reports whether what was read of a release may be kept.
func (s *Server) stands(name string, release catalog.ReleaseID) bool {
	_, err := s.releaseNamed(name, release)
	return !errors.As(err, new(*catalog.Withdrawn))
}

// stillOpen refuses the file of an export to a request that may not have today
// what it was made of.
func (s *Server) stillOpen(c *gin.Context, job *exports.Job) error {
	for name, release := range job.Releases {
		r, err := s.releaseNamed(name, catalog.ReleaseID(release))
		if err != nil {
			return err
		}
		if err := open(c, r); err != nil {
			return err
		}
	}
	return nil
}

// withdrawnFrom is the failure of a job that read what is withdrawn; nil of others.
func (s *Server) withdrawnFrom(job *exports.Job) *exports.Failure {
	for name, release := range job.Releases {
		_, err := s.releaseNamed(name, catalog.ReleaseID(release))
		if errors.As(err, new(*catalog.Withdrawn)) {
			return exports.Gone(err)
		}
	}
	return nil
}

func private(c *gin.Context) {
	c.Header("Cache-Control", "private, no-store")
	c.Writer.Header().Add("Vary", "Authorization, X-API-Key, X-CKAN-API-Key")
}

// sampleRows are shown of a dataset that is open on a condition.
const sampleRows = 10

// sample answers /api/v1/datasets/{id}/sample: the first rows of a dataset,
// also of one that is open on a condition alone.
func (s *Server) sample(c *gin.Context) error {
	if err := allow(c); err != nil {
		return err
	}
	id, err := catalog.ParseID(c.Param("id"))
	if err != nil {
		return err
	}
	r, err := s.o.Catalog.Current(id)
	if err != nil {
		return err
	}
	if r.Dataset.Openness.Attribute == catalog.OpenNot {
		return access{}.opens(r, langOf(c))
	}
	t, err := s.sampleOf(c, r, sampleRows)
	if err != nil {
		return err
	}
	rows := make([]map[string]any, len(t.Rows))
	for i, cells := range t.Rows {
		rows[i] = map[string]any{}
		for j, cell := range cells {
			if rows[i][t.Columns[j].Name] = any(cell.Text); cell.Null {
				rows[i][t.Columns[j].Name] = nil
			}
		}
	}
	columns := make([]gin.H, len(t.Columns))
	for i, column := range t.Columns {
		columns[i] = gin.H{"name": column.Name, "type": column.Type}
	}
	return tell(c, gin.H{"release": releaseOf(r), "columns": columns, "rows": rows, "returned": len(rows), "total": r.Rows, "truncated": r.Rows > int64(len(rows)),
		"note": text("样例：全部以文本给出", "a sample; every value as text").In(langOf(c))})
}
