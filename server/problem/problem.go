// Package problem turns the catalog's error categories into what HTTP clients
// are told: one table for the native API and every other face.
package problem

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"time"

	"govdata/catalog"
	"govdata/server/query"
)

// Problem is an error as RFC 9457 gives it to clients.
type Problem struct {
	Status int
	// Slug ends the type's address and is stable.
	Slug   string
	Title  catalog.Text
	Detail catalog.Text
	// Hint, Line and Column are those of a fault in a statement.
	Hint         string
	Line, Column int
	hintZh       string
	// Params are the parameters that cannot be meant.
	Params []Param
	// Withdrawn is what was withdrawn, and why, where that is the matter.
	Withdrawn *catalog.Withdrawn
	// RetryAfter is when to ask again, in seconds; 0: no sooner helps.
	RetryAfter int
}

// HintIn is the hint in a reader's language.
func (p Problem) HintIn(lang string) string {
	if lang == "zh" && p.hintZh != "" {
		return p.hintZh
	}
	return p.Hint
}

// Param is a parameter that cannot be meant, and why.
type Param struct {
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
	{catalog.ErrCorrupt, http.StatusServiceUnavailable, "damaged", text("暂时不可用", "Temporarily unavailable"), ""},
	{catalog.ErrBusy, http.StatusServiceUnavailable, "busy", text("繁忙", "Busy"), "当前请求过多，请稍后再试："},
	{catalog.ErrTooMany, http.StatusTooManyRequests, "too-many-requests", text("请求过于频繁", "Too many requests"), "您的请求过于频繁，请放慢："},
	{catalog.ErrConflict, http.StatusConflict, "conflict", text("冲突", "Conflict"), "与正在进行的操作冲突："},
	{catalog.ErrInvalid, http.StatusBadRequest, "invalid", text("请求有误", "Invalid request"), "请求不符合要求："},
}

// Of finds out what err is to a client. What is in no category is a failure of
// ours, of which nothing is told.
func Of(err error) Problem {
	p := Problem{Status: http.StatusInternalServerError, Slug: "internal", Title: text("服务器内部错误", "Internal Server Error"), Detail: text("服务器内部错误", "something went wrong on our side")}
	for _, category := range categories {
		if errors.Is(err, category.err) {
			p.Status, p.Slug, p.Title, p.Detail = category.status, category.slug, category.title, text(category.zh+err.Error(), err.Error())
			break
		}
	}
	if errors.As(err, &p.Withdrawn) && errors.Is(err, catalog.ErrGone) {
		w := p.Withdrawn
		what := "版本 " + w.Ref.String()
		if w.Ref.Release == "" {
			what = "数据集 " + w.Ref.String()
		}
		p.Status, p.Slug, p.Title = http.StatusGone, "withdrawn", text("已撤回", "Withdrawn")
		p.Detail = text(fmt.Sprintf("%s已于%s撤回：%s", what, w.At.Format("2006年1月2日"), w.Reason), err.Error())
	}
	if p.Slug == "damaged" {
		p.Detail = text("数据文件与发布时不符，暂时不可用；管理人员已收到提示", "the file is not as it was published and is temporarily unavailable; the operators are told")
		if damage := (*catalog.Damage)(nil); errors.As(err, &damage) {
			p.Detail = damage.Why()
		}
	}
	var sql *query.SQLError
	if errors.As(err, &sql) {
		zh, hint := sql.Chinese()
		p.Detail, p.Hint, p.hintZh, p.Line, p.Column = text(zh, sql.Message), sql.Hint, hint, sql.Line, sql.Col
	}
	var params *ParamError
	if errors.As(err, &params) {
		p.Detail, p.Params = params.text(), params.Params
	}
	switch p.Status {
	case http.StatusServiceUnavailable:
		if p.RetryAfter = 2; p.Slug == "damaged" {
			p.RetryAfter = 60
		}
	case http.StatusTooManyRequests:
		p.RetryAfter = 2
		if slow := (*SlowDown)(nil); errors.As(err, &slow) {
			p.RetryAfter = max(1, int(math.Ceil(slow.After.Seconds())))
		}
	}
	return p
}

// Slug labels the category of err; "" where it is in none.
func Slug(err error) string {
	if errors.Is(err, catalog.ErrGone) {
		return "gone"
	}
	for _, category := range categories {
		if errors.Is(err, category.err) {
			return category.slug
		}
	}
	return ""
}

// SlowDown is the error of a user who asks more than Rate questions a second.
type SlowDown struct {
	Rate  float64
	After time.Duration
}

func (e *SlowDown) Error() string {
	return fmt.Sprintf("more than %g questions a second: %v", e.Rate, catalog.ErrTooMany)
}

func (e *SlowDown) Unwrap() error { return catalog.ErrTooMany }

// ParamError is the error of parameters that cannot be meant. It wraps
// catalog.ErrInvalid.
type ParamError struct{ Params []Param }

func (e *ParamError) Error() string {
	var parts []string
	for _, p := range e.Params {
		parts = append(parts, p.Name+": "+p.Reason.En)
	}
	return strings.Join(parts, "; ")
}

func (e *ParamError) text() catalog.Text {
	var parts []string
	for _, p := range e.Params {
		parts = append(parts, "参数 "+p.Name+" "+p.Reason.Zh)
	}
	return text(strings.Join(parts, "；"), e.Error())
}

func (e *ParamError) Unwrap() error { return catalog.ErrInvalid }

// BadParam says what is wrong with a parameter; both formats take args.
func BadParam(name, zh, en string, args ...any) error {
	return &ParamError{[]Param{{name, text(fmt.Sprintf(zh, args...), fmt.Sprintf(en, args...))}}}
}
