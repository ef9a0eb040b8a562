// Package soda lets the clients of Socrata's SODA 2.1 read the platform:
// /resource/{id} with SoQL, and the metadata of /api/views and /api/catalog/v1.
//
// SoQL becomes one SELECT of ours (Compile) with every constant bound, and takes
// the way of every other question from there. README.md lists what it knows.
package soda

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"govdata/catalog"
	"govdata/server/query"
)

// Deps is what the face needs from the server.
type Deps struct {
	Catalog *catalog.Catalog
	// Ask puts a question to the engine with the rights of the request.
	Ask func(*gin.Context, query.Request) (query.Result, error)
	// Stream sends what write writes, however slowly the client takes it. An error
	// means that nothing was sent. cancel frees what write may wait for.
	Stream func(c *gin.Context, cancel func(), write func(io.Writer) error) error
	// Base is the public address of the site, Lang the reader's language.
	Base, Lang func(*gin.Context) string
	Limits     query.Limits
	Log        *slog.Logger
}

type face struct{ Deps }

// Register mounts the routes.
func Register(r gin.IRouter, d Deps) error {
	f := &face{d}
	for path, h := range map[string]func(*gin.Context) error{
		"/resource/:id": f.resource, "/api/views": f.views, "/api/views.json": f.views, "/api/views/:id": f.view, "/api/views/:id/:part": f.viewPart,
		"/api/catalog/v1": f.discover,
	} {
		handler := f.handle(h)
		r.GET(path, handler)
		r.HEAD(path, handler)
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
			r.Handle(method, path, f.handle(refuse))
		}
	}
	if twice, err := f.collisions(); err != nil {
		return fmt.Errorf("soda: %w", err)
	} else if len(twice) > 0 {
		d.Log.Error("datasets share a 4x4 and are found by their own ids alone", "datasets", twice)
	}
	return nil
}

// refuse answers to writing.
func refuse(c *gin.Context) error {
	c.Header("Allow", "GET, HEAD, OPTIONS")
	return &Fault{http.StatusMethodNotAllowed, "method-not-allowed", c.Request.Method + " is not answered: this site is read only; queries go by GET", map[string]any{}}
}

// handle turns an error into its answer.
func (f *face) handle(h func(*gin.Context) error) gin.HandlerFunc {
	return func(c *gin.Context) {
		err := h(c)
		if err == nil {
			return
		}
		if c.Request.Context().Err() != nil && errors.Is(err, context.Canceled) {
			panic(http.ErrAbortHandler) // nobody is there to be told
		}
		fault := faultOf(err)
		if fault.Status == http.StatusInternalServerError {
			f.Log.Error("request failed", "path", c.Request.URL.Path, "error", err)
		}
		header := c.Writer.Header()
		for _, name := range []string{"Cache-Control", "Content-Disposition", "Content-Length", "ETag", "Last-Modified", "Link", "X-Release",
			"X-SODA2-Fields", "X-SODA2-Types", "X-SODA2-Warning", "X-SODA2-Truth-Last-Modified", "X-SODA2-Secondary-Last-Modified", "X-SODA2-Data-Out-Of-Date"} {
			header.Del(name)
		}
		header.Set("Cache-Control", "no-store")
		if after, ok := fault.Data["retryAfter"].(int); ok {
			header.Set("Retry-After", strconv.Itoa(after))
		}
		body := gin.H{"code": fault.Code, "error": true, "message": fault.Message}
		if fault.Code == "" {
			delete(body, "code")
		}
		if len(fault.Data) > 0 {
			body["data"] = fault.Data
		}
		if strings.HasPrefix(fault.Code, "query.soql.") {
			body["errorCode"] = fault.Code // under which name newer clients look
		}
		c.Abort()
		c.JSON(fault.Status, body)
	}
}

// alphabet of the 4x4 leaves out what is easily misread.
const alphabet = "23456789abcdefghijkmnpqrstuvwxyz"

var fourByFour = regexp.MustCompile(`^[2-9a-z]{4}-[2-9a-z]{4}$`)

// FourByFour is the name of a dataset in Socrata's form, xxxx-xxxx: the first 40
// bits of the SHA-256 of its id.
func FourByFour(id catalog.ID) string {
	sum := sha256.Sum256([]byte(id))
	bits := uint64(sum[0])<<32 | uint64(sum[1])<<24 | uint64(sum[2])<<16 | uint64(sum[3])<<8 | uint64(sum[4])
	b := make([]byte, 0, 9)
	for i := range 8 {
		if i == 4 {
			b = append(b, '-')
		}
		b = append(b, alphabet[bits>>(35-5*i)&31])
	}
	return string(b)
}

// collisions lists the datasets that share their 4x4 with another.
func (f *face) collisions() ([]catalog.ID, error) {
	ids, err := f.Catalog.IDs()
	return colliding(ids, FourByFour), err
}

func colliding(ids []catalog.ID, short func(catalog.ID) string) []catalog.ID {
	by := map[string][]catalog.ID{}
	for _, id := range ids {
		by[short(id)] = append(by[short(id)], id)
	}
	var twice []catalog.ID
	for _, same := range by {
		if len(same) > 1 {
			twice = append(twice, same...)
		}
	}
	slices.Sort(twice)
	return twice
}

// release finds the release behind a name: a 4x4 or a dataset id, and with
// @release one that is not the current one. A 4x4 that two datasets share names
// neither.
func (f *face) release(name string) (*catalog.Release, error) {
	missing := &Fault{http.StatusNotFound, "dataset.missing", "Not found", map[string]any{"id": clip(name)}}
	short, release, pinned := strings.Cut(name, "@")
	if short = strings.ToLower(short); fourByFour.MatchString(short) {
		ids, err := f.Catalog.EveryID()
		if err != nil {
			return nil, err
		}
		id, err := among(ids, short, FourByFour)
		if err != nil {
			return nil, err
		} else if id == "" {
			return nil, missing
		}
		if name = string(id); pinned {
			name += "@" + release
		}
	}
	ref, err := catalog.ParseRef(name)
	if err != nil {
		return nil, missing
	}
	r, err := f.Catalog.Resolve(ref)
	if errors.Is(err, catalog.ErrNotFound) && !errors.Is(err, catalog.ErrGone) && !pinned {
		return nil, missing
	}
	return r, err
}

// among finds the one dataset with that short name; "" where there is none.
func among(ids []catalog.ID, name string, short func(catalog.ID) string) (catalog.ID, error) {
	var found []catalog.ID
	for _, id := range ids {
		if short(id) == name {
			found = append(found, id)
		}
	}
	switch len(found) {
	case 0:
		return "", nil
	case 1:
		return found[0], nil
	}
	return "", &Fault{http.StatusConflict, "dataset.ambiguous", fmt.Sprintf("%s stands for several datasets: ask for one by its id, %v", name, found), map[string]any{"ids": found}}
}
