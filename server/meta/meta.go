// Package meta answers with the catalog in other people's vocabularies: DCAT-AP,
// DCAT-US, schema.org, Croissant, Data Package, the Chinese norm, Atom, and with
// what tells machines how to use the site: sitemap, robots.txt, OpenAPI.
package meta

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"govdata/catalog"
	"govdata/catalog/croissant"
	"govdata/catalog/datapackage"
	"govdata/catalog/dcat"
	"govdata/catalog/dcatus"
	"govdata/catalog/feed"
	"govdata/catalog/schemaorg"
	"govdata/catalog/zhcatalog"
	"govdata/export"
	"govdata/server/openapi"
	"govdata/server/problem"
)

// Deps is what the face needs from the rest.
type Deps struct {
	Catalog *catalog.Catalog
	Site    *catalog.Site
	// Base is the public address of the site, without a slash at its end.
	Base func(*gin.Context) string
	// Lang is the reader's language, zh or en.
	Lang func(*gin.Context) string
	// Allow refuses parameters that are not among the names.
	Allow func(c *gin.Context, names ...string) error
	// Handle turns the error of a handler into its answer.
	Handle func(func(*gin.Context) error) gin.HandlerFunc
	// Docs shows the API's description as a page.
	Docs     func(*gin.Context, *openapi.Document) error
	Software string
}

type face struct{ Deps }

// Register mounts the routes.
func Register(r gin.IRouter, d Deps) error {
	if _, err := openapi.Load(); err != nil {
		return fmt.Errorf("meta: %w", err)
	}
	f := face{d}
	for path, h := range map[string]func(*gin.Context) error{
		"/catalog.jsonld":                f.dcat,
		"/catalog.ttl":                   f.dcat,
		"/data.json":                     f.dcatUS,
		"/catalog.zh.json":               f.zhCatalog,
		"/datasets/:id/schema.jsonld":    f.schemaOrg,
		"/datasets/:id/croissant.json":   f.croissant,
		"/datasets/:id/datapackage.json": f.dataPackage,
		"/datasets/:id/catalog.zh.json":  f.zhDataset,
		"/datasets/:id/feed.atom":        f.datasetFeed,
		"/feed.atom":                     f.siteFeed,
		"/sitemap.xml":                   f.sitemap,
		"/robots.txt":                    f.robots,
		"/openapi.json":                  f.openAPI,
		"/docs":                          f.docs,
	} {
		handler := d.Handle(h)
		r.GET(path, handler)
		r.HEAD(path, handler)
	}
	return nil
}

// dcat answers /catalog.jsonld and /catalog.ttl.
func (f face) dcat(c *gin.Context) error {
	if err := f.Allow(c, "page"); err != nil {
		return err
	}
	all, err := f.Catalog.Histories()
	if err != nil {
		return err
	}
	page := dcat.Page{Path: c.Request.URL.Path}
	if page.Number, err = number(c, page.Pages(all)); err != nil {
		return err
	}
	graph := dcat.Catalog(f.Site, f.Base(c), all, page)
	if page.Path == "/catalog.ttl" {
		return write(c, "text/turtle; charset=utf-8", graph.Turtle(), newest(all))
	}
	body, err := graph.JSONLD()
	if err != nil {
		return err
	}
	return write(c, "application/ld+json; charset=utf-8", body, newest(all))
}

// number is the page that is asked for, of as many as there are.
func number(c *gin.Context, pages int) (int, error) {
	given, ok := c.GetQuery("page")
	if !ok {
		return 1, nil
	}
	n, err := strconv.Atoi(given)
	if errors.Is(err, strconv.ErrRange) && n > 0 {
		err = nil // a page far past the last one is that, and no less a number
	}
	if err != nil || n < 1 {
		return 0, problem.BadParam("page", "是 %q，应为不小于 1 的整数", "found %q, want a number from 1", given)
	}
	if n > pages {
		return 0, fmt.Errorf("page %d of %d: %w", n, pages, catalog.ErrNotFound)
	}
	return n, nil
}

// newest is when something of the catalog last changed.
func newest(all []catalog.History) time.Time {
	var t time.Time
	for _, h := range all {
		for _, e := range h.Events {
			if e.At.After(t) {
				t = e.At
			}
		}
	}
	return t
}

// write answers with a document: with an ETag of its content and, where that is
// known, when it last changed.
func write(c *gin.Context, mediaType string, body []byte, modified time.Time) error {
	h := c.Writer.Header()
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "public, no-cache")
	}
	h.Set("Content-Type", mediaType)
	h.Set("ETag", fmt.Sprintf(`"%x"`, sha256.Sum256(body)))
	http.ServeContent(c.Writer, c.Request, "", modified, bytes.NewReader(body))
	return nil
}

func writeJSON(c *gin.Context, body any, modified time.Time) error {
	b, err := json.MarshalIndent(body, "", " ")
	if err != nil {
		return err
	}
	return write(c, "application/json; charset=utf-8", append(b, '\n'), modified)
}

func (f face) dcatUS(c *gin.Context) error {
	if err := f.Allow(c); err != nil {
		return err
	}
	all, err := f.Catalog.Histories()
	if err != nil {
		return err
	}
	body, err := dcatus.Catalog(f.Site, f.Base(c), all)
	if err != nil {
		return err
	}
	return write(c, "application/json; charset=utf-8", body, newest(all))
}

func (f face) zhCatalog(c *gin.Context) error {
	if err := f.Allow(c); err != nil {
		return err
	}
	all, err := f.Catalog.Histories()
	if err != nil {
		return err
	}
	items := []zhcatalog.Item{}
	for _, h := range all {
		items = append(items, zhcatalog.Dataset(f.Site, f.Base(c), h))
	}
	return writeJSON(c, struct {
		Norm  string           `json:"编制依据"`
		Title string           `json:"目录名称"`
		Count int              `json:"信息资源数量"`
		Items []zhcatalog.Item `json:"信息资源"`
	}{zhcatalog.Norm, f.Site.Title.Zh, len(items), items}, newest(all))
}

// history is the dataset that a path names.
func (f face) history(c *gin.Context) (catalog.History, error) {
	if err := f.Allow(c); err != nil {
		return catalog.History{}, err
	}
	return f.named(c)
}

func (f face) named(c *gin.Context) (catalog.History, error) {
	id, err := catalog.ParseID(c.Param("id"))
	if err != nil {
		return catalog.History{}, err
	}
	return f.Catalog.History(id)
}

func (f face) zhDataset(c *gin.Context) error {
	h, err := f.history(c)
	if err != nil {
		return err
	}
	return writeJSON(c, zhcatalog.Dataset(f.Site, f.Base(c), h), newest([]catalog.History{h}))
}

func (f face) schemaOrg(c *gin.Context) error {
	h, err := f.history(c)
	if err != nil {
		return err
	}
	c.Writer.Header().Add("Vary", "Accept-Language")
	body, err := schemaorg.Dataset(f.Site, f.Base(c), f.Lang(c), h)
	if err != nil {
		return err
	}
	return write(c, "application/ld+json; charset=utf-8", body, time.Time{})
}

func (f face) croissant(c *gin.Context) error {
	h, err := f.history(c)
	if err != nil {
		return err
	}
	var dictionary bytes.Buffer
	if err := export.Dictionary(&dictionary, h.Current, "zh"); err != nil {
		return err
	}
	body, err := croissant.Dataset(f.Base(c), h, dictionary.Bytes())
	if err != nil {
		return err
	}
	return write(c, "application/ld+json; charset=utf-8", body, newest([]catalog.History{h}))
}

func (f face) dataPackage(c *gin.Context) error {
	h, err := f.history(c)
	if err != nil {
		return err
	}
	c.Writer.Header().Add("Vary", "Accept-Language")
	body, err := datapackage.Dataset(f.Base(c), f.Lang(c), h, f.Catalog.Resolve)
	if err != nil {
		return err
	}
	return write(c, "application/json; charset=utf-8", body, time.Time{})
}

func (f face) siteFeed(c *gin.Context) error {
	if err := f.Allow(c, "page"); err != nil {
		return err
	}
	all, err := f.Catalog.Histories()
	if err != nil {
		return err
	}
	return f.atom(c, all, feed.Page{})
}

func (f face) datasetFeed(c *gin.Context) error {
	if err := f.Allow(c, "page"); err != nil {
		return err
	}
	h, err := f.named(c)
	if err != nil {
		return err
	}
	d := &h.Current.Dataset
	return f.atom(c, []catalog.History{h}, feed.Page{ID: d.ID, Title: d.Title})
}

func (f face) atom(c *gin.Context, all []catalog.History, page feed.Page) (err error) {
	page.Path, page.Lang, page.Software = c.Request.URL.Path, f.Lang(c), f.Software
	if page.Number, err = number(c, feed.Pages(all)); err != nil {
		return err
	}
	body, modified, err := feed.Atom(f.Site, f.Base(c), all, page)
	if err != nil {
		return err
	}
	c.Writer.Header().Add("Vary", "Accept-Language")
	return write(c, "application/atom+xml; charset=utf-8", body, modified)
}

func (f face) sitemap(c *gin.Context) error {
	if err := f.Allow(c); err != nil {
		return err
	}
	all, err := f.Catalog.Histories()
	if err != nil {
		return err
	}
	body, modified, err := feed.Sitemap(f.Base(c), all)
	if err != nil {
		return err
	}
	return write(c, "application/xml; charset=utf-8", body, modified)
}

// robots keeps crawlers from asking questions; pages, metadata and files are
// free to all.
func (f face) robots(c *gin.Context) error {
	if err := f.Allow(c); err != nil {
		return err
	}
	return write(c, "text/plain; charset=utf-8", []byte("User-agent: *\nDisallow: /api/v1/sql\nDisallow: /sql?\n\nSitemap: "+f.Base(c)+"/sitemap.xml\n"), time.Time{})
}

func (f face) openAPI(c *gin.Context) error {
	if err := f.Allow(c); err != nil {
		return err
	}
	doc, err := openapi.Load()
	if err != nil {
		return err
	}
	body, err := doc.JSON(f.Base(c), f.Site.Title.In("en"), f.Software)
	if err != nil {
		return err
	}
	return write(c, "application/json; charset=utf-8", body, time.Time{})
}

func (f face) docs(c *gin.Context) error {
	if err := f.Allow(c); err != nil {
		return err
	}
	doc, err := openapi.Load()
	if err != nil {
		return err
	}
	return f.Docs(c, doc)
}
