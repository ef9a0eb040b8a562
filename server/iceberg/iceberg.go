// Package iceberg is a read-only Iceberg REST catalog over the published
// Parquet files: one address attaches the whole platform to PyIceberg, Trino,
// Spark or DuckDB. A dataset is a table and a release a snapshot. Data and
// metadata files are read from the object store of package s3.
package iceberg

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"govdata/catalog"
	"govdata/server/problem"
	"govdata/server/s3"
)

// Path is where the catalog is on the site.
const Path = "/iceberg"

// Namespace is the one that holds all tables.
const Namespace = "govdata"

// Deps is what the face needs from the rest.
type Deps struct {
	Catalog *catalog.Catalog
	Site    *catalog.Site
	Tables  *Tables
	// Base is the site's address as the client sees it.
	Base func(*gin.Context) string
	Log  *slog.Logger
}

type face struct{ Deps }

// Register mounts the face.
func Register(r gin.IRouter, d Deps) error {
	f := &face{d}
	r.Any(Path, f.handle)
	r.Any(Path+"/*path", f.handle)
	return nil
}

// endpoints are those that answer, as /v1/config tells clients.
var endpoints = []string{
	"GET /v1/{prefix}/namespaces",
	"GET /v1/{prefix}/namespaces/{namespace}",
	"HEAD /v1/{prefix}/namespaces/{namespace}",
	"GET /v1/{prefix}/namespaces/{namespace}/tables",
	"GET /v1/{prefix}/namespaces/{namespace}/tables/{table}",
	"HEAD /v1/{prefix}/namespaces/{namespace}/tables/{table}",
	"GET /v1/{prefix}/namespaces/{namespace}/views",
	"HEAD /v1/{prefix}/namespaces/{namespace}/views/{view}",
}

// fault is an error with the name that this protocol has for it.
type fault struct {
	status        int
	kind, message string
}

func (e *fault) Error() string { return e.message }

func missing(kind, format string, args ...any) error {
	return &fault{http.StatusNotFound, kind, fmt.Sprintf(format, args...)}
}

func (f *face) handle(c *gin.Context) {
	if err := f.answer(c, strings.Split(strings.TrimPrefix(c.Param("path"), "/"), "/")); err != nil {
		f.fail(c, err)
	}
}

// answer finds what a path means. The paths of a catalog that could be written
// are known, so that who writes learns that it is not.
func (f *face) answer(c *gin.Context, path []string) error {
	nothing := &fault{http.StatusNotFound, "NotFoundException", "there is nothing at " + c.Request.URL.Path + "; the catalog's address is " + f.Base(c) + Path}
	if len(path) < 2 || path[0] != "v1" {
		return nothing
	}
	switch path[1] {
	case "config", "namespaces":
	case "tables", "views", "transactions", "oauth":
		return f.readOnly(c, http.MethodPost)
	default:
		return nothing
	}
	if c.Request.Method != http.MethodGet && c.Request.Method != http.MethodHead {
		return f.readOnly(c, "GET, HEAD")
	}
	path = path[1:]
	switch {
	case path[0] == "config" && len(path) == 1:
		return f.document(c, f.config(c))
	case path[0] == "config":
		return nothing
	case len(path) == 1:
		return f.namespaces(c)
	case path[1] != Namespace && len(path) == 4 && path[2] == "tables":
		// Clients ask for the table snapshots of the namespace govdata.fees before they
		// make it themselves from the table fees; they go on after this error alone.
		return missing("NoSuchTableException", "there is no table %q in the namespace %q; all are in %q", path[3], levels(path[1]), Namespace)
	case path[1] != Namespace && len(path) == 4 && path[2] == "views":
		return missing("NoSuchViewException", "there are no views")
	case path[1] != Namespace:
		return missing("NoSuchNamespaceException", "there is no namespace %q, only %q", levels(path[1]), Namespace)
	case len(path) == 2 && c.Request.Method == http.MethodHead:
		c.Status(http.StatusNoContent)
		return nil
	case len(path) == 2:
		return f.document(c, gin.H{"namespace": []string{Namespace}, "properties": f.properties()})
	}
	switch {
	case path[2] == "tables" && len(path) == 3:
		return f.tables(c)
	case path[2] == "tables" && len(path) == 4:
		return f.table(c, path[3])
	case path[2] == "views" && len(path) == 3:
		return f.document(c, gin.H{"identifiers": []string{}})
	case path[2] == "views" && len(path) == 4:
		return missing("NoSuchViewException", "there are no views")
	}
	return nothing
}

// levels is a namespace as people write it; in a path the unit separator parts
// its levels.
func levels(namespace string) string { return strings.ReplaceAll(namespace, "\x1f", ".") }

func (f *face) readOnly(c *gin.Context, allowed string) error {
	if allowed == http.MethodPost && c.Request.Method != http.MethodPost {
		return &fault{http.StatusNotFound, "NotFoundException", "there is nothing at " + c.Request.URL.Path}
	}
	c.Header("Allow", "GET, HEAD")
	return &fault{http.StatusMethodNotAllowed, "UnsupportedOperationException", "the catalog can be read, not written; what it says is what was published"}
}

// storage tells clients where the object store of the site is. The keys open
// nothing: there are clients that cannot do without.
func (f *face) storage(c *gin.Context) map[string]string {
	return map[string]string{
		"s3.endpoint":               f.Base(c),
		"s3.path-style-access":      "true",
		"s3.region":                 s3.Region,
		"client.region":             s3.Region,
		"s3.access-key-id":          "public",
		"s3.secret-access-key":      "public",
		"s3.remote-signing-enabled": "false",
	}
}

func (f *face) config(c *gin.Context) any {
	return gin.H{"defaults": f.storage(c), "overrides": gin.H{}, "endpoints": endpoints}
}

func (f *face) properties() map[string]string {
	p := map[string]string{"location": s3.Address("")}
	for name, value := range map[string]string{"title": f.Site.Title.Zh, "title.en": f.Site.Title.En, "notice": f.Site.Notice.Zh, "notice.en": f.Site.Notice.En, "region": f.Site.Region} {
		if value != "" {
			p[name] = value
		}
	}
	return p
}

// namespaces lists the one there is. Below it there are none.
func (f *face) namespaces(c *gin.Context) error {
	list := [][]string{{Namespace}}
	switch parent := c.Query("parent"); parent {
	case "":
	case Namespace:
		list = [][]string{}
	default:
		return missing("NoSuchNamespaceException", "there is no namespace %q, only %q", levels(parent), Namespace)
	}
	return f.document(c, gin.H{"namespaces": list})
}

// tables lists the datasets that are open to everyone: all of them, or in
// pages where the client knows pages.
func (f *face) tables(c *gin.Context) error {
	type identifier struct {
		Namespace []string `json:"namespace"`
		Name      string   `json:"name"`
	}
	page := struct {
		Identifiers []identifier `json:"identifiers"`
		Next        *string      `json:"next-page-token"`
	}{Identifiers: []identifier{}}
	size := -1
	if given := c.Query("pageSize"); given != "" {
		n, err := strconv.Atoi(given)
		if err != nil || n < 1 {
			return &fault{http.StatusBadRequest, "BadRequestException", fmt.Sprintf("pageSize %q: want a number from 1", given)}
		}
		size = n
	}
	after := c.Query("pageToken")
	if after != "" {
		if _, err := catalog.ParseID(after); err != nil {
			return &fault{http.StatusBadRequest, "BadRequestException", fmt.Sprintf("pageToken %q is none that was given out here", after)}
		}
	}
	ids, err := f.Catalog.IDs()
	if err != nil {
		return err
	}
	for _, id := range ids {
		if string(id) <= after {
			continue
		}
		r, err := f.Catalog.Current(id)
		if errors.Is(err, catalog.ErrCorrupt) {
			continue // set aside since ids were listed
		} else if err != nil {
			return err
		}
		if _, ok := r.Artefact("parquet"); !ok || !r.Dataset.Queryable() {
			continue
		}
		if len(page.Identifiers) == size {
			last := page.Identifiers[size-1].Name
			page.Next = &last
			break
		}
		page.Identifiers = append(page.Identifiers, identifier{[]string{Namespace}, string(id)})
	}
	return f.document(c, page)
}

// table answers loadTable and tableExists.
func (f *face) table(c *gin.Context, name string) error {
	id, err := catalog.ParseID(name)
	if err != nil {
		return missing("NoSuchTableException", "there is no table %q", name)
	}
	if snapshots := c.Query("snapshots"); !slices.Contains([]string{"", "all", "refs"}, snapshots) {
		return &fault{http.StatusBadRequest, "BadRequestException", fmt.Sprintf("snapshots %q: want all or refs", snapshots)}
	}
	t, err := f.Tables.table(id)
	if withdrawn := (*catalog.Withdrawn)(nil); errors.As(err, &withdrawn) {
		return &fault{http.StatusGone, "NoSuchTableException", withdrawn.Error()}
	} else if errors.Is(err, catalog.ErrNotFound) {
		return missing("NoSuchTableException", "there is no table %q", name)
	} else if err != nil {
		return err
	}
	if c.Request.Method == http.MethodHead {
		c.Status(http.StatusNoContent)
		return nil
	}
	// Every snapshot has a tag, so that refs and all are the same.
	return f.document(c, struct {
		Location string            `json:"metadata-location"`
		Metadata json.RawMessage   `json:"metadata"`
		Config   map[string]string `json:"config"`
	}{t.location(), t.metadata, f.storage(c)})
}

// document answers with v, or with nothing where the client has it already.
func (f *face) document(c *gin.Context, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	tag := fmt.Sprintf(`"%x"`, sha256.Sum256(b))
	c.Header("ETag", tag)
	c.Header("Cache-Control", "no-cache")
	if strings.Contains(c.GetHeader("If-None-Match"), tag) {
		c.Status(http.StatusNotModified)
		return nil
	}
	c.Data(http.StatusOK, jsonType, b)
	return nil
}

// kinds are the names of errors by their status.
var kinds = map[int]string{
	http.StatusBadRequest: "BadRequestException", http.StatusForbidden: "ForbiddenException", http.StatusNotFound: "NotFoundException",
	http.StatusGone: "NotFoundException", http.StatusServiceUnavailable: "ServiceUnavailableException", http.StatusTooManyRequests: "TooManyRequestsException",
}

// fail answers with an error in the form of this protocol.
func (f *face) fail(c *gin.Context, err error) {
	e := (*fault)(nil)
	if !errors.As(err, &e) {
		p := problem.Of(err)
		e = &fault{p.Status, kinds[p.Status], p.Detail.En}
		if e.kind == "" {
			e.kind = "InternalServerError"
			f.Log.Error("request failed", "path", c.Request.URL.Path, "error", err)
		}
		if p.RetryAfter > 0 {
			c.Header("Retry-After", strconv.Itoa(p.RetryAfter))
		}
	}
	c.Header("Cache-Control", "no-store")
	c.Abort()
	c.JSON(e.status, gin.H{"error": gin.H{"message": e.message, "type": e.kind, "code": e.status}})
}
