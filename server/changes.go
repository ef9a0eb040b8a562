package server

import (
	"fmt"
	"strings"

	"github.com/gin-gonic/gin"

	"govdata/catalog"
	"govdata/export"
	"govdata/server/query"
)

// diff answers /api/v1/datasets/{id}/diff: what changed between two releases,
// without from= since the one before, without to= up to the current one.
func (s *Server) diff(ext string) func(*gin.Context) error {
	return func(c *gin.Context) error {
		if err := allow(c, "from", "to", "limit", "format", "shape", "bom", "excel_safe"); err != nil {
			return err
		}
		id, err := catalog.ParseID(c.Param("id"))
		if err != nil {
			return err
		}
		f, err := answerFormat(c, ext, c.Query("format"))
		if err != nil {
			return err
		}
		from, to, err := s.between(c, id, c.Query("from"), c.Query("to"))
		if err != nil {
			return err
		}
		return s.changes(c, from, to, f)
	}
}

// changesFile answers /d/{id}@{from}..{to}.diff.{ext}, which never changes.
func (s *Server) changesFile(c *gin.Context, name string, f catalog.Format) error {
	allowed := []string{"limit"}
	if strings.HasPrefix(f.Ext, "csv") {
		allowed = append(allowed, "bom", "excel_safe")
	}
	if err := allow(c, allowed...); err != nil {
		return err
	}
	dataset, releases, _ := strings.Cut(name, "@")
	from, to, pinned := strings.Cut(releases, "..")
	if !pinned {
		return fmt.Errorf("%q: changes are called /d/ID@FROM..TO.diff.%s: %w", name, f.Ext, catalog.ErrNotFound)
	}
	id, err := catalog.ParseID(dataset)
	if err != nil {
		return err
	}
	was, is, err := s.between(c, id, from, to)
	if err != nil {
		return err
	}
	if was.Dataset.Queryable() && is.Dataset.Queryable() {
		c.Header("Cache-Control", immutable)
	}
	return s.changes(c, was, is, f)
}

// between resolves the releases of a comparison.
func (s *Server) between(c *gin.Context, id catalog.ID, from, to string) (was, is *catalog.Release, err error) {
	resolve := func(release string) (*catalog.Release, error) {
		ref := catalog.Ref{Dataset: id}
		if release != "" {
			if ref, err = catalog.ParseRef(string(id) + "@" + release); err != nil {
				return nil, err
			}
		}
		r, err := s.o.Catalog.Resolve(ref)
		if err != nil {
			return nil, err
		}
		return r, open(c, r)
	}
	if is, err = resolve(to); err != nil {
		return nil, nil, err
	}
	if from == "" {
		if from = string(is.Previous); from == "" {
			return nil, nil, fmt.Errorf("release %s is the first of its dataset; there is nothing before it: %w", is.Ref(), catalog.ErrNotFound)
		}
	}
	was, err = resolve(from)
	return was, is, err
}

func (s *Server) changes(c *gin.Context, from, to *catalog.Release, f catalog.Format) error {
	q := &question{request: query.Request{SQL: export.Changes(from, to)}, format: f,
		meta: export.Meta{Dataset: &to.Dataset, Release: to.Release, PublishedAt: to.PublishedAt, Rows: -1, Lang: langOf(c), Software: s.o.Software,
			Query: fmt.Sprintf("%s..%s", from.Ref(), to.Release), URL: s.base(c) + c.Request.URL.RequestURI()}}
	if err := s.finishQuestion(c, q, c.Query("shape"), c.Query("limit"), c.Query("bom"), c.Query("excel_safe")); err != nil {
		return err
	}
	c.Header("X-Release", string(to.Release))
	if f.Ext != "json" {
		c.Header("Content-Disposition", disposition(&to.Dataset, fmt.Sprintf("%s..%s.diff.%s", from.Release, to.Release, f.Ext), langOf(c)))
	}
	return s.answer(c, q)
}
