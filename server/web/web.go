// Package web is the portal: server-rendered pages that read and work without
// JavaScript, in Chinese and English.
package web

import (
	"compress/gzip"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/gin-gonic/gin"
	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"

	"govdata/catalog"
	"govdata/server/problem"
	"govdata/server/query"
)

//go:embed templates/*.html locales/*.json assets/*
var files embed.FS

// Deps is what the pages need from the rest.
type Deps struct {
	Catalog *catalog.Catalog
	Site    *catalog.Site
	// Ask puts a question to the engine as the user of the request.
	Ask func(*gin.Context, query.Request) (query.Result, error)
	// Query answers a reader's SQL with its first rows, and says what was read.
	Query func(c *gin.Context, sql string, max int) (*Table, Citation, error)
	// Sample returns the first rows of a release that is open on a condition,
	// whoever asks.
	Sample func(c *gin.Context, r *catalog.Release, max int) (*Table, error)
	// Opens refuses the rows of a release to a request that may not have them.
	Opens func(*gin.Context, *catalog.Release) error
	// Base is the public address of the site, without a slash at its end.
	Base func(*gin.Context) string
	// TypeName is DuckDB's name of the type of a result's column.
	TypeName func(arrow.DataType) string
	// JSONLD describes a release for search engines (schema.org); may be nil.
	JSONLD func(r *catalog.Release, base string) template.JS
	Log    *slog.Logger
}

// policy lets pages load nothing from elsewhere and run no script but ours. A
// block of JSON-LD is data and not run.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// schemeCookie remembers the colour scheme that a reader chose.
const schemeCookie = "scheme"

// Portal is the pages, mounted.
type Portal struct {
	Deps
	pages    map[string]*template.Template
	bundle   *i18n.Bundle
	assets   *assets
	location *time.Location
	answers  answers
	// routed tells whether the site answers at a path, as routes are written.
	routed func(path string) bool
	// scripted are the ids of texts that the SQL page's script says, living the
	// tables of the schema catalog.
	scripted []string
	living   func() ([]namedDataset, error)
}

// Register mounts the pages and their assets.
func Register(r gin.IRouter, d Deps) (*Portal, error) {
	p := &Portal{Deps: d, pages: map[string]*template.Template{}, bundle: i18n.NewBundle(language.Chinese), location: time.UTC, routed: func(string) bool { return false }}
	if location, err := d.Site.Location(); err == nil {
		p.location = location
	}
	if engine, ok := r.(*gin.Engine); ok {
		p.routed = func(path string) bool {
			for _, route := range engine.Routes() {
				if route.Path == path {
					return true
				}
			}
			return false
		}
	}
	p.bundle.RegisterUnmarshalFunc("json", json.Unmarshal)
	locales, err := fs.Glob(files, "locales/*.json")
	if err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	for _, name := range locales {
		if _, err := p.bundle.LoadMessageFileFS(files, name); err != nil {
			return nil, fmt.Errorf("web: %w", err)
		}
	}
	if p.scripted, err = scriptedTexts(); err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	p.living = sync.OnceValues(func() ([]namedDataset, error) { return livingTables(p.Catalog) })
	dir, err := fs.Sub(files, "assets")
	if err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	if p.assets, err = loadAssets(dir); err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	if err := p.parse(); err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	r.GET("/assets/*file", p.assets.serve(p))
	r.HEAD("/assets/*file", p.assets.serve(p))
	for path, h := range map[string]func(*gin.Context) error{
		"/": p.home, "/datasets": p.list, "/datasets/:id": p.dataset, "/datasets/:id/releases/:release": p.release, "/datasets/:id/diff": p.diff,
		"/scorecard": p.scorecard, "/sql": p.sql, "/sql/names.json": p.names, "/developers": p.developers, "/about": p.about,
	} {
		handler := func(c *gin.Context) {
			if p.switchScheme(c) {
				return
			}
			if err := h(c); err != nil {
				p.fail(c, err)
			}
		}
		r.GET(path, handler)
		r.HEAD(path, handler)
	}
	return p, nil
}

// parse reads the templates: layout.html and parts.html belong to every page.
func (p *Portal) parse() error {
	functions := template.FuncMap{"lower": strings.ToLower, "join": strings.Join, "asset": p.assets.of, "add": func(a, b int) int { return a + b }, "dict": dict}
	common, err := template.New("layout.html").Funcs(functions).ParseFS(files, "templates/layout.html", "templates/parts.html")
	if err != nil {
		return err
	}
	names, err := fs.Glob(files, "templates/*.html")
	if err != nil {
		return err
	}
	for _, name := range names {
		page := strings.TrimSuffix(path.Base(name), ".html")
		if page == "layout" || page == "parts" {
			continue
		}
		t, err := common.Clone()
		if err == nil {
			t, err = t.ParseFS(files, name)
		}
		if err != nil {
			return err
		}
		p.pages[page] = t
	}
	return nil
}

// dict makes a map of names and values in turn, for templates that take several.
func dict(pairs ...any) (map[string]any, error) {
	m := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("dict: %v is no name", pairs[i])
		}
		m[name] = pairs[i+1]
	}
	return m, nil
}

// switchScheme keeps the colour scheme that ?scheme= asks for, and leads back
// to the page. So the switch works without a script, and no page flashes.
func (p *Portal) switchScheme(c *gin.Context) bool {
	scheme := c.Query("scheme")
	if scheme != "light" && scheme != "dark" {
		return false
	}
	q := c.Request.URL.Query()
	q.Del("scheme")
	to := c.Request.URL.EscapedPath()
	if len(q) > 0 {
		to += "?" + q.Encode()
	}
	http.SetCookie(c.Writer, &http.Cookie{Name: schemeCookie, Value: scheme, Path: "/", MaxAge: 365 * 24 * 3600, SameSite: http.SameSiteLaxMode})
	c.Header("Cache-Control", "no-store")
	c.Redirect(http.StatusSeeOther, to)
	return true
}

// NotFound shows the page for addresses that mean nothing.
func (p *Portal) NotFound(c *gin.Context) {
	p.fail(c, fmt.Errorf("%s: %w", c.Request.URL.Path, catalog.ErrNotFound))
}

func (p *Portal) render(c *gin.Context, status int, name string, shown page) error {
	return p.renderPart(c, status, name, "layout.html", shown)
}

// renderPart answers with one template of a page, for the scripts that replace
// a part of it.
func (p *Portal) renderPart(c *gin.Context, status int, name, part string, shown page) error {
	var b strings.Builder
	if err := p.pages[name].ExecuteTemplate(&b, part, shown); err != nil {
		return fmt.Errorf("page %s: %w", name, err)
	}
	h := c.Writer.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", shown.shown().Lang)
	h.Set("Vary", "Accept-Encoding, Accept-Language, Authorization, Cookie, X-API-Key")
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-cache")
	}
	body := []byte(b.String())
	if len(body) > 1024 && acceptsGzip(c.Request) {
		small, err := squeeze(body, gzip.DefaultCompression)
		if err != nil {
			return fmt.Errorf("page %s: %w", name, err)
		}
		h.Set("Content-Encoding", "gzip")
		body = small
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	c.Status(status)
	_, err := c.Writer.Write(body)
	return err
}

type errorPage struct {
	*view
	Status int
	// Detail says more, where it is for people to read.
	Detail string
}

func (p *Portal) fail(c *gin.Context, err error) {
	told := problem.Of(err)
	v := &errorPage{view: p.view(c, ""), Status: told.Status}
	c.Writer.Header().Del("Cache-Control")
	switch told.Status {
	case http.StatusNotFound:
		v.Title = v.T("error_not_found")
	case http.StatusBadRequest:
		v.Title, v.Detail = v.T("error_invalid"), told.Detail.In(v.Lang)
	case http.StatusGone:
		if v.Title = v.T("error_gone"); told.Withdrawn != nil {
			v.Title, v.Detail = told.Title.In(v.Lang), told.Detail.In(v.Lang)
		}
	case http.StatusForbidden, http.StatusUnauthorized:
		v.Title, v.Detail = v.T("error_forbidden"), told.Detail.In(v.Lang)
	case http.StatusServiceUnavailable, http.StatusTooManyRequests, http.StatusGatewayTimeout:
		v.Title = v.T("error_busy")
	default:
		v.Title = v.T("error_internal")
		p.Log.Error("page failed", "path", c.Request.URL.Path, "error", err)
	}
	if told.RetryAfter > 0 {
		c.Header("Retry-After", strconv.Itoa(told.RetryAfter))
	}
	if err := p.render(c, v.Status, "error", v); err != nil {
		p.Log.Error("error page failed", "error", err)
	}
}
