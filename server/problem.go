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
	Name   string
	Reason catalog.Text
}

func text(zh, en string) catalog.Text { return catalog.Text{Zh: zh, En: en} }

// categories maps what can fail to what clients are told. The order matters:
// the first match counts. Errors are in English; for Chinese readers a sentence
// goes before them.
var categories = []struct {
	err    error
	status int
	slug   string
	title  catalog.Text
	zh     string
}{
	{catalog.ErrNotFound, http.StatusNotFound, "not-found", text("未找到", "Not found"), "没有所请求的内容："},
	{catalog.ErrGone, http.StatusGone, "gone", text("已清除", "Gone"), "该版本已被清除："},
	{catalog.ErrUnauthorized, http.StatusUnauthorized, "unauthorized", text("密钥无效", "Unauthorized"), "所提供的密钥无效："},
	{catalog.ErrForbidden, http.StatusForbidden, "forbidden", text("不开放", "Not open"), "该数据不对所有人开放："},
	{catalog.ErrTooLarge, http.StatusRequestEntityTooLarge, "too-large", text("超出限制", "Too large"), "超出了规定的限制："},
	{catalog.ErrTimeout, http.StatusGatewayTimeout, "timeout", text("超时", "Timed out"), "未能在时限内完成："},
	{catalog.ErrBusy, http.StatusServiceUnavailable, "busy", text("繁忙", "Busy"), "当前请求过多，请稍后再试："},
	{catalog.ErrConflict, http.StatusConflict, "conflict", text("冲突", "Conflict"), "与正在进行的操作冲突："},
	{catalog.ErrInvalid, http.StatusBadRequest, "invalid", text("请求有误", "Invalid request"), "请求不符合要求："},
}

// paramError is a query parameter that cannot be meant.
type paramError struct{ params []invalidParam }

func (e *paramError) Error() string {
	var parts []string
	for _, p := range e.params {
		parts = append(parts, p.Name+": "+p.Reason.En)
	}
	return strings.Join(parts, "; ")
}

func (e *paramError) text() catalog.Text {
	var parts []string
	for _, p := range e.params {
		parts = append(parts, "参数 "+p.Name+" "+p.Reason.Zh)
	}
	return text(strings.Join(parts, "；"), e.Error())
}

func (e *paramError) Unwrap() error { return catalog.ErrInvalid }

// badParam says what is wrong with a parameter; both formats take args.
func badParam(name, zh, en string, args ...any) error {
	return &paramError{[]invalidParam{{name, text(fmt.Sprintf(zh, args...), fmt.Sprintf(en, args...))}}}
}

// allow refuses query parameters that the route does not know, by name.
func allow(c *gin.Context, names ...string) error {
	values, err := url.ParseQuery(c.Request.URL.RawQuery)
	if err != nil {
		return badParam("?", "查询串格式错误：%v", "the query string is malformed: %v", err)
	}
	return known(values, append(names, "lang"))
}

// known refuses values under other names than those, and names given twice.
func known(values url.Values, names []string) error {
	var bad []invalidParam
	for name, given := range values {
		switch {
		case !slices.Contains(names, name):
			bad = append(bad, invalidParam{name, text("未知；此处可用的参数有 "+strings.Join(names, "、"), "unknown parameter; known here are "+strings.Join(names, ", "))})
		case name == "lang" && given[0] != "zh" && given[0] != "en":
			bad = append(bad, invalidParam{name, text("只能是 zh 或 en", "want zh or en")})
		case len(given) > 1:
			bad = append(bad, invalidParam{name, text("出现了不止一次", "given more than once")})
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
			p.Status, p.Slug, p.Detail = category.status, category.slug, text(category.zh+err.Error(), err.Error())
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
		p.Detail, p.InvalidParams = params.text(), params.params
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
		list := []gin.H{}
		for _, bad := range p.InvalidParams {
			list = append(list, gin.H{"name": bad.Name, "reason": bad.Reason.In(lang)})
		}
		body["invalid_params"] = list
	}
	h := c.Writer.Header()
	dropContent(h)
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
