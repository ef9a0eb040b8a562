package soda

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"govdata/catalog"
	"govdata/server/problem"
)

// Fault is an error as SODA gives it to clients.
type Fault struct {
	Status  int
	Code    string
	Message string
	// Data tells programs more: the column, the function, the position.
	Data map[string]any
}

func (f *Fault) Error() string { return f.Message }

// Unwrap gives the catalog's category.
func (f *Fault) Unwrap() error {
	if f.Status == http.StatusNotFound {
		return catalog.ErrNotFound
	}
	return catalog.ErrInvalid
}

// clip bounds how much of a text is repeated in a message.
func clip(s string) string {
	const limit = 200
	if utf8.RuneCountInString(s) > limit {
		return string([]rune(s)[:limit]) + "…"
	}
	return s
}

// place tells the line and the character of a byte offset, from 1.
func place(text string, at int) (line, character int) {
	before := text[:min(max(at, 0), len(text))]
	return strings.Count(before, "\n") + 1, utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1
}

func position(text string, at int) map[string]any {
	line, character := place(text, at)
	whole := strings.Split(text, "\n")[line-1]
	return map[string]any{"row": line, "column": character, "line": clip(whole)}
}

// malformed is the fault of a text that is not SoQL.
func malformed(text string, at int, format string, args ...any) error {
	line, character := place(text, at)
	return &Fault{http.StatusBadRequest, "query.compiler.malformed",
		fmt.Sprintf("Could not parse SoQL query \"%s\" at line %d character %d: %s", clip(text), line, character, fmt.Sprintf(format, args...)),
		map[string]any{"query": clip(text), "position": position(text, at)}}
}

// unsupported is the fault of SoQL that this site does not answer.
func unsupported(text string, at int, what string) error {
	line, character := place(text, at)
	return &Fault{http.StatusBadRequest, "query.soql.not-supported",
		fmt.Sprintf("%s is not supported here (line %d character %d); /api/v1/sql answers SQL over all datasets", what, line, character),
		map[string]any{"query": clip(text), "position": position(text, at)}}
}

// wrong is the fault of SoQL that can be read but not meant. slug ends the code.
func wrong(text string, at int, slug string, data map[string]any, format string, args ...any) error {
	line, character := place(text, at)
	if data == nil {
		data = map[string]any{}
	}
	data["position"] = position(text, at)
	return &Fault{http.StatusBadRequest, "query.soql." + slug,
		fmt.Sprintf("query.soql.%s; %s; position: line %d character %d of %q", slug, fmt.Sprintf(format, args...), line, character, clip(text)), data}
}

// faultOf finds out what err is to a client.
func faultOf(err error) *Fault {
	var f *Fault
	if errors.As(err, &f) {
		return f
	}
	p := problem.Of(err)
	f = &Fault{Status: p.Status, Message: p.Detail.En, Data: map[string]any{}}
	switch p.Status {
	case http.StatusNotFound, http.StatusGone:
		f.Code = "dataset.missing"
		if w := p.Withdrawn; w != nil {
			f.Data["reason"], f.Data["withdrawnAt"] = w.Reason, w.At.Format(time.RFC3339)
		}
	case http.StatusForbidden:
		f.Code = "permission_denied"
	case http.StatusUnauthorized:
		f.Code = "authentication_required"
	case http.StatusGatewayTimeout:
		f.Status, f.Code = http.StatusRequestTimeout, "query.execution.timeout"
	case http.StatusRequestEntityTooLarge:
		f.Code = "query.execution.too-large"
	case http.StatusServiceUnavailable:
		f.Code = "service-unavailable"
	case http.StatusTooManyRequests:
		f.Code = "too-many-requests"
	case http.StatusInternalServerError:
		f.Code = "internal-error"
	default:
		f.Code = "query.execution.invalid"
	}
	if p.RetryAfter > 0 {
		f.Data["retryAfter"] = p.RetryAfter
	}
	return f
}
