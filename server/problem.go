package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"
	"golang.org/x/text/language"

	"govdata/catalog"
	"govdata/server/query"
)

// problem is an error as RFC 9457 gives it to clients.
type problem struct {
	Status int
	// Slug ends the type's address and is stable.
	Slug          string
	Detail        catalog.Text
	Hint          string
	Line, Column  int
	InvalidParams []invalidParam
}

type invalidParam struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

func text(zh, en string) catalog.Text { return catalog.Text{Zh: zh, En: en} }

// categories maps what can fail to what clients are told. The order matters:
// the first match counts.
var categories = []struct {
	err    error
	status int
	slug   string
	title  catalog.Text
}{
	{catalog.ErrNotFound, http.StatusNotFound, "not-found", text("未找到", "Not found")},
	{catalog.ErrGone, http.StatusGone, "gone", text("已清除", "Gone")},
	{catalog.ErrForbidden, http.StatusForbidden, "forbidden", text("不开放", "Not open")},
	{catalog.ErrTooLarge, http.StatusRequestEntityTooLarge, "too-large", text("超出限制", "Too large")},
	{catalog.ErrTimeout, http.StatusGatewayTimeout, "timeout", text("超时", "Timed out")},
	{catalog.ErrBusy, http.StatusServiceUnavailable, "busy", text("繁忙", "Busy")},
	{catalog.ErrConflict, http.StatusConflict, "conflict", text("冲突", "Conflict")},
	{catalog.ErrInvalid, http.StatusBadRequest, "invalid", text("请求有误", "Invalid request")},
}

// paramError is a query parameter that cannot be meant.
type paramError struct{ params []invalidParam }

func (e *paramError) Error() string {
	var parts []string
	for _, p := range e.params {
		parts = append(parts, p.Name+": "+p.Reason)
	}
	return strings.Join(parts, "; ")
}

func (e *paramError) Unwrap() error { return catalog.ErrInvalid }

func badParam(name, format string, args ...any) error {
	return &paramError{[]invalidParam{{name, fmt.Sprintf(format, args...)}}}
}

// allow refuses query parameters that the route does not know, by name.
func allow(c *gin.Context, names ...string) error {
	values, err := url.ParseQuery(c.Request.URL.RawQuery)
	if err != nil {
		return badParam("?", "the query string is malformed: %v", err)
	}
	names = append(names, "lang")
	var bad []invalidParam
	for name, given := range values {
		switch {
		case !slices.Contains(names, name):
			bad = append(bad, invalidParam{name, "unknown parameter; known here are " + strings.Join(names, ", ")})
		case name == "lang" && given[0] != "zh" && given[0] != "en":
			bad = append(bad, invalidParam{name, "want zh or en"})
		case len(given) > 1:
			bad = append(bad, invalidParam{name, "given more than once"})
		}
	}
	if len(bad) == 0 {
		return nil
	}
	slices.SortFunc(bad, func(a, b invalidParam) int { return strings.Compare(a.Name, b.Name) })
	return &paramError{bad}
}

// fail answers with the problem that err is.
func (s *Server) fail(c *gin.Context, err error) {
	if c.Request.Context().Err() != nil && errors.Is(err, context.Canceled) {
		panic(http.ErrAbortHandler) // nobody is there to be told
	}
	p := problem{Status: http.StatusInternalServerError, Slug: "internal", Detail: text("服务器内部错误", "something went wrong on our side")}
	for _, category := range categories {
		if errors.Is(err, category.err) {
			p.Status, p.Slug, p.Detail = category.status, category.slug, text(err.Error(), err.Error())
			break
		}
	}
	if p.Status == http.StatusInternalServerError {
		s.o.Log.Error("request failed", "path", c.Request.URL.Path, "error", err)
	}
	var sql *query.SQLError
	if errors.As(err, &sql) {
		p.Detail, p.Hint, p.Line, p.Column = text(sql.Message, sql.Message), sql.Hint, sql.Line, sql.Col
	}
	var params *paramError
	if errors.As(err, &params) {
		p.InvalidParams = params.params
	}
	if errors.Is(err, catalog.ErrBusy) {
		c.Header("Retry-After", "2")
	}
	s.problem(c, p)
}

func (s *Server) problem(c *gin.Context, p problem) {
	lang := langOf(c)
	title := http.StatusText(p.Status)
	for _, category := range categories {
		if category.slug == p.Slug {
			title = category.title.In(lang)
		}
	}
	body := gin.H{"type": "/problems/" + p.Slug, "title": title, "status": p.Status, "detail": p.Detail.In(lang), "instance": c.Request.URL.Path}
	if p.Hint != "" {
		body["hint"] = p.Hint
	}
	if p.Line > 0 {
		body["line"], body["column"] = p.Line, p.Column
	}
	if len(p.InvalidParams) > 0 {
		body["invalid_params"] = p.InvalidParams
	}
	h := c.Writer.Header()
	for _, name := range []string{"Content-Disposition", "ETag", "Last-Modified", "X-Total-Rows", "X-Truncated"} {
		h.Del(name)
	}
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Language", lang)
	h.Set("Content-Type", "application/problem+json; charset=utf-8")
	c.Abort()
	c.JSON(p.Status, body)
}

// notFound answers for addresses that mean nothing: machines get a problem,
// people a page.
func (s *Server) notFound(c *gin.Context) {
	path := c.Request.URL.Path
	if strings.HasPrefix(path, "/api/") || strings.HasPrefix(path, "/d/") || !strings.Contains(c.GetHeader("Accept"), "text/html") {
		s.problem(c, problem{Status: http.StatusNotFound, Slug: "not-found", Detail: text("没有这个地址："+path, "there is nothing at "+path)})
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
	case strings.HasPrefix(path, "/api/v1/sql"):
		return "sql"
	case strings.HasPrefix(path, "/api/v1/") && strings.Contains(path, "/rows"):
		return "rows"
	case strings.HasPrefix(path, "/api/"):
		return "metadata"
	case strings.HasPrefix(path, "/d/"):
		return "download"
	case path == "/healthz" || path == "/readyz" || path == "/metrics":
		return "operations"
	}
	return "pages"
}
