// Package ckan is the platform as CKAN's clients know one: the Action API of
// CKAN 2.10 and 2.11 for reading, its DataStore, and the DataStore's dumps.
//
// What clients see are CKAN's terms: a dataset is a package, each of its download
// files a resource, its publisher an organization, its theme a group, and the
// licence, the rows and the fields are those of the current release.
package ckan

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"govdata/catalog"
	"govdata/server/problem"
	"govdata/server/query"
)

// Deps is what the face needs from the rest.
type Deps struct {
	Catalog *catalog.Catalog
	Site    *catalog.Site
	Limits  query.Limits
	// Ask puts a question of a request to the engine, see Server.Ask.
	Ask func(*gin.Context, query.Request) (query.Result, error)
	// Stream sends what write writes while a client takes it, see Server.stream.
	Stream func(c *gin.Context, cancel func(), write func(io.Writer) error) error
	// Base is the public address of the site without a trailing slash.
	Base func(*gin.Context) string
	// Lang is the reader's language, of what is said about failures.
	Lang func(*gin.Context) string
	Log  *slog.Logger
}

// Face answers as CKAN does.
type Face struct {
	Deps
	directory *directory
	described described
}

// version is the release of CKAN that clients are told: the newest whose answers
// these are. They choose by it what they ask.
const version = "2.11.3"

// Register mounts the face.
func Register(r gin.IRouter, d Deps) *Face {
	f := &Face{Deps: d, directory: newDirectory(d.Catalog, d.Site)}
	// With a slash at the end and without: CKAN's clients follow no redirect.
	for _, slash := range []string{"", "/"} {
		for _, prefix := range []string{"/api/action/:action", "/api/3/action/:action"} {
			r.GET(prefix+slash, f.act)
			r.POST(prefix+slash, f.act)
		}
		r.GET("/api/3"+slash, func(c *gin.Context) { c.JSON(http.StatusOK, gin.H{"version": 3}) })
		r.GET("/datastore/dump/:resource"+slash, f.dump)
		// Clients and harvesters make these addresses themselves, out of names.
		r.GET("/dataset/:package"+slash, f.page)
		r.GET("/dataset/:package/resource/:resource"+slash, f.page)
		r.GET("/dataset/:package/resource/:resource/download"+slash, f.file)
		r.GET("/dataset/:package/resource/:resource/download/:file"+slash, f.file)
	}
	return f
}

// Owns reports whether an address is one of CKAN's, and so its failures too.
func Owns(path string) bool {
	return strings.HasPrefix(path, "/api/action/") || strings.HasPrefix(path, "/api/3/") || strings.HasPrefix(path, "/datastore/")
}

// call is one use of an action.
type call struct {
	*Face
	c      *gin.Context
	params params
}

// action is what clients can call by its name.
type action struct {
	// help is what help_show says of it.
	help string
	run  func(*call) (any, error)
}

// streamed is a result that is written as JSON while it comes out of a worker.
type streamed struct {
	write func(io.Writer) error
	close func()
}

// act answers /api/3/action/{name}.
func (f *Face) act(c *gin.Context) {
	name := c.Param("action")
	found, known := actions[name]
	if !known && !writing[name] {
		f.reply(c, http.StatusBadRequest, "Bad request - Action name not known: "+name)
		return
	}
	if !known && !readsUsers(name) && c.Request.Method == http.MethodGet {
		f.reply(c, http.StatusBadRequest, "Bad request - JSON Error: Invalid request. Please use POST method for your request")
		return
	}
	given, err := readParams(c.Request)
	if err != nil {
		if large := (*http.MaxBytesError)(nil); errors.As(err, &large) {
			f.Fail(c, fmt.Errorf("the body is larger than %d bytes: %w", maxBody, catalog.ErrTooLarge))
			return
		}
		f.reply(c, http.StatusBadRequest, "Bad request - JSON Error: "+err.Error())
		return
	}
	callback := ""
	if c.Request.Method == http.MethodGet {
		callback = c.Query("callback")
	}
	if callback != "" && !callbackPattern.MatchString(callback) {
		f.reply(c, http.StatusBadRequest, "Bad request - callback: want the name of a function")
		return
	}
	delete(given, "callback")
	if !known {
		f.Fail(c, refused(nothingIsWritten))
		return
	}
	// The question ends with its request, also where the client is gone.
	ctx, cancel := context.WithCancel(c.Request.Context())
	defer cancel()
	c.Request = c.Request.WithContext(ctx)
	result, err := found.run(&call{f, c, given})
	if err != nil {
		f.Fail(c, err)
		return
	}
	help, _ := json.Marshal(f.help(c, name))
	open, shut := fmt.Sprintf(`{"help":%s,"success":true,"result":`, help), "}\n"
	contentType := "application/json;charset=utf-8"
	if callback != "" {
		open, shut, contentType = callback+"("+open, "});\n", "application/javascript;charset=utf-8"
	}
	h := c.Writer.Header()
	h.Set("Content-Type", contentType)
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "public, no-cache")
	}
	stream, ok := result.(streamed)
	if !ok {
		body, err := marshal(result)
		if err != nil {
			f.Fail(c, err)
			return
		}
		c.Status(http.StatusOK)
		fmt.Fprint(c.Writer, open, string(body), shut)
		return
	}
	defer stream.close()
	err = f.send(c, cancel, func(w io.Writer) error {
		if _, err := io.WriteString(w, open); err != nil {
			return err
		}
		if err := stream.write(w); err != nil {
			return err
		}
		_, err := io.WriteString(w, shut)
		return err
	})
	if err != nil {
		f.Fail(c, err)
	}
}

// send sends what write writes in pieces that are worth sending.
func (f *Face) send(c *gin.Context, cancel func(), write func(io.Writer) error) error {
	return f.Stream(c, cancel, func(to io.Writer) error {
		w := bufio.NewWriterSize(to, 64<<10)
		if err := write(w); err != nil {
			return err
		}
		return w.Flush()
	})
}

var callbackPattern = regexp.MustCompile(`^[A-Za-z_$][A-Za-z0-9_$.\[\]]{0,99}$`)

// help is the address of what help_show says of an action.
func (f *Face) help(c *gin.Context, name string) string {
	return f.Base(c) + "/api/3/action/help_show?name=" + url.QueryEscape(name)
}

// marshal writes v as JSON, with <, > and & as they are.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("ckan: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

func (f *Face) reply(c *gin.Context, status int, v any) {
	body, err := marshal(v)
	if err != nil {
		f.Log.Error("request failed", "path", c.Request.URL.Path, "error", err)
		status, body = http.StatusInternalServerError, []byte(`"Internal Server Error"`)
	}
	c.Data(status, "application/json;charset=utf-8", append(body, '\n'))
}

// invalid is the error of parameters that cannot be meant: what is wrong with
// each, by its name.
type invalid map[string]any

func (e invalid) Error() string {
	b, _ := json.Marshal(map[string]any(e))
	return string(b)
}

func (e invalid) Unwrap() error { return catalog.ErrInvalid }

// bad says what is wrong with one parameter.
func bad(name, format string, args ...any) error {
	return invalid{name: []string{fmt.Sprintf(format, args...)}}
}

// queryError is a search that cannot be meant, CKAN's Search Query Error.
type queryError string

func (e queryError) Error() string { return string(e) }

func (e queryError) Unwrap() error { return catalog.ErrInvalid }

// searchError is a query that the search engine does not understand, CKAN's
// Search Error.
type searchError string

func (e searchError) Error() string { return string(e) }

func (e searchError) Unwrap() error { return catalog.ErrInvalid }

// missing is the error of something that is not there. CKAN says so in as many
// words as what.
func missing(what string, args ...any) error {
	return notFound(fmt.Sprintf(what, args...))
}

type notFound string

func (e notFound) Error() string { return string(e) }

func (e notFound) Unwrap() error { return catalog.ErrNotFound }

// refused is what nobody may do here.
type refused string

const nothingIsWritten = "this site is filled by its departments; nothing is written through the API, and there are no users"

func (e refused) Error() string { return string(e) }

func (e refused) Unwrap() error { return catalog.ErrForbidden }

// Fail answers with what CKAN makes of an error.
func (f *Face) Fail(c *gin.Context, err error) {
	if c.Request.Context().Err() != nil && errors.Is(err, context.Canceled) {
		panic(http.ErrAbortHandler) // nobody is there to be told
	}
	p := problem.Of(err)
	if p.Status == http.StatusInternalServerError {
		f.Log.Error("request failed", "path", c.Request.URL.Path, "error", err)
	}
	status, failure := failureOf(err, p, f.Lang(c))
	h := c.Writer.Header()
	for _, name := range []string{"Content-Disposition", "Content-Length"} {
		h.Del(name)
	}
	if p.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(p.RetryAfter))
	}
	h.Set("Cache-Control", "no-store")
	c.Abort()
	said := gin.H{"success": false, "error": failure}
	if name := c.Param("action"); name != "" {
		said["help"] = f.help(c, name)
	}
	f.reply(c, status, said)
}

// failureOf is the status and the error of CKAN's envelope for err, which is p.
func failureOf(err error, p problem.Problem, lang string) (int, map[string]any) {
	told := func(kind, message string) map[string]any {
		return map[string]any{"__type": kind, "message": message}
	}
	var fields invalid
	var badQuery queryError
	var badSearch searchError
	var none notFound
	var never refused
	var sql *query.SQLError
	detail := p.Detail.In(lang)
	switch {
	case errors.As(err, &fields):
		failure := map[string]any{"__type": "Validation Error"}
		for name, what := range fields {
			failure[name] = what
		}
		return http.StatusConflict, failure
	case errors.As(err, &badQuery):
		return http.StatusBadRequest, told("Search Query Error", "Search Query is invalid: "+string(badQuery))
	case errors.As(err, &badSearch):
		return http.StatusConflict, told("Search Error", "Search error: "+string(badSearch))
	case errors.As(err, &none):
		message := "Not found"
		if none != "" {
			message += ": " + string(none)
		}
		return http.StatusNotFound, told("Not Found Error", message)
	case errors.As(err, &never):
		return http.StatusForbidden, told("Authorization Error", "Access denied: "+string(never))
	case p.Withdrawn != nil:
		// Clients go by the type, which has no name of its own for this.
		return http.StatusGone, told("Not Found Error", "Not found: "+detail)
	case errors.As(err, &sql):
		// Whatever is wrong with a statement is a Validation Error to CKAN, a table
		// that does not exist too.
		failure := map[string]any{"__type": "Validation Error", "query": []string{sql.Error()}}
		if sql.Line > 0 {
			failure["info"] = map[string]any{"orig": []string{sql.Message}, "line": []int{sql.Line}, "column": []int{sql.Col}}
		}
		return http.StatusConflict, failure
	}
	switch p.Status {
	case http.StatusNotFound, http.StatusGone:
		return http.StatusNotFound, told("Not Found Error", "Not found: "+detail)
	case http.StatusUnauthorized, http.StatusForbidden:
		return http.StatusForbidden, told("Authorization Error", "Access denied: "+detail)
	case http.StatusGatewayTimeout:
		return http.StatusConflict, map[string]any{"__type": "Validation Error", "query": []string{"Query took too long: " + detail}}
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge:
		return http.StatusConflict, map[string]any{"__type": "Validation Error", "query": []string{detail}}
	case http.StatusTooManyRequests:
		return p.Status, told("Too Many Requests Error", detail)
	case http.StatusServiceUnavailable:
		return p.Status, told("Service Unavailable Error", detail)
	case http.StatusInternalServerError:
		return p.Status, told("Internal Server Error", "Internal Server Error")
	}
	return p.Status, told(p.Title.En, detail)
}
