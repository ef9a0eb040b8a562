package server

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"
	"golang.org/x/text/language"

	"govdata/catalog"
	"govdata/server/ckan"
	"govdata/server/iceberg"
	"govdata/server/problem"
	"govdata/server/s3"
)

func text(zh, en string) catalog.Text { return catalog.Text{Zh: zh, En: en} }

// allow refuses query parameters that the route does not know, by name.
func allow(c *gin.Context, names ...string) error {
	values, err := url.ParseQuery(c.Request.URL.RawQuery)
	if err != nil {
		return problem.BadParam("?", "查询串格式错误：%v", "the query string is malformed: %v", err)
	}
	return known(values, append(names, "lang"))
}

// known refuses values under other names than those, and names given twice.
func known(values url.Values, names []string) error {
	var bad []problem.Param
	for name, given := range values {
		switch {
		case !slices.Contains(names, name):
			bad = append(bad, problem.Param{Name: name, Reason: text("未知；此处可用的参数有 "+strings.Join(names, "、"), "unknown parameter; known here are "+strings.Join(names, ", "))})
		case name == "lang" && given[0] != "zh" && given[0] != "en":
			bad = append(bad, problem.Param{Name: name, Reason: text("只能是 zh 或 en", "want zh or en")})
		case len(given) > 1:
			bad = append(bad, problem.Param{Name: name, Reason: text("出现了不止一次", "given more than once")})
		}
	}
	if len(bad) == 0 {
		return nil
	}
	slices.SortFunc(bad, func(a, b problem.Param) int { return strings.Compare(a.Name, b.Name) })
	return &problem.ParamError{Params: bad}
}

// fail answers with the problem that err is.
func (s *Server) fail(c *gin.Context, err error) {
	if c.Request.Context().Err() != nil && errors.Is(err, context.Canceled) {
		panic(http.ErrAbortHandler) // nobody is there to be told
	}
	if s.ckan != nil && ckan.Owns(c.Request.URL.Path) {
		s.ckan.Fail(c, err)
		return
	}
	p := problem.Of(err)
	if p.Status == http.StatusInternalServerError {
		s.o.Log.Error("request failed", "path", c.Request.URL.Path, "error", err)
	}
	s.problem(c, p)
}

func (s *Server) problem(c *gin.Context, p problem.Problem) {
	lang := langOf(c)
	body := gin.H{"type": "/problems/" + p.Slug, "title": p.Title.In(lang), "status": p.Status, "detail": p.Detail.In(lang), "instance": c.Request.URL.Path}
	if hint := p.HintIn(lang); hint != "" {
		body["hint"] = hint
	}
	if p.Line > 0 {
		body["line"], body["column"] = p.Line, p.Column
	}
	if len(p.Params) > 0 {
		list := []gin.H{}
		for _, bad := range p.Params {
			list = append(list, gin.H{"name": bad.Name, "reason": bad.Reason.In(lang)})
		}
		body["invalid_params"] = list
	}
	if w := p.Withdrawn; w != nil {
		body["dataset"], body["reason"], body["withdrawn_at"] = w.Ref.Dataset, w.Reason, w.At
		body["tombstone"] = s.base(c) + "/d/" + w.Ref.String() + ".tombstone.json"
		if w.Ref.Release != "" {
			body["release"] = w.Ref.Release
		}
		if w.By != "" {
			body["withdrawn_by"] = w.By
		}
	}
	h := c.Writer.Header()
	dropContent(h)
	if p.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(p.RetryAfter))
	}
	h.Set("Cache-Control", "no-store")
	h.Set("Vary", "Accept, Accept-Language")
	h.Set("Content-Language", lang)
	h.Set("Content-Type", "application/problem+json; charset=utf-8")
	c.Abort()
	c.JSON(p.Status, body)
}

// dropContent takes back what headers said of an answer that is not given.
func dropContent(h http.Header) {
	for _, name := range []string{"Cache-Control", "Content-Disposition", "Content-Length", "ETag", "Last-Modified", "Link", "X-Release", "X-Total-Rows", "X-Truncated"} {
		h.Del(name)
	}
}

// notFound answers for addresses that mean nothing: machines get a problem,
// people a page.
func (s *Server) notFound(c *gin.Context) {
	path := c.Request.URL.Path
	if strings.HasPrefix(path, "/api/") || strings.HasPrefix(path, "/d/") || !strings.Contains(c.GetHeader("Accept"), "text/html") {
		s.problem(c, problem.Problem{Status: http.StatusNotFound, Slug: "not-found", Title: text("未找到", "Not found"), Detail: text("没有这个地址："+path, "there is nothing at "+path)})
		return
	}
	s.portal.NotFound(c)
}

var languages = language.NewMatcher([]language.Tag{language.Chinese, language.English})

// langOf is the reader's language: ?lang, else Accept-Language, else Chinese.
func langOf(c *gin.Context) string {
	switch lang := c.Query("lang"); lang {
	case "zh", "en":
		return lang
	}
	_, i := language.MatchStrings(languages, c.GetHeader("Accept-Language"))
	return []string{"zh", "en"}[i]
}

// areaOf names the part of the site that a path belongs to, for metrics.
func areaOf(path string) string {
	switch {
	case ckan.Owns(path):
		return "ckan"
	case strings.HasPrefix(path, "/api/v1/sql"):
		return "sql"
	case strings.HasPrefix(path, "/resource/"):
		return "soda"
	case strings.HasPrefix(path, "/api/v1/") && strings.Contains(path, "/rows"):
		return "rows"
	case strings.HasPrefix(path, "/api/"):
		return "metadata"
	case strings.HasPrefix(path, "/d/"):
		return "download"
	case path == iceberg.Path || strings.HasPrefix(path, iceberg.Path+"/"):
		return "iceberg"
	case path == s3.Path || strings.HasPrefix(path, s3.Path+"/"):
		return "s3"
	case path == "/mcp":
		return "mcp"
	case path == "/healthz" || path == "/readyz" || path == "/metrics":
		return "operations"
	}
	return "pages"
}
