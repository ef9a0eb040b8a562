// Package mcp lets assistants use the platform by the Model Context Protocol,
// over streamable HTTP at /mcp: they search the catalog, read what a dataset
// means, look at rows and profiles, ask SQL, and hand out links to whole files.
//
// It keeps no sessions, so that a restart, or another node behind the same
// address, makes no difference to a client. Answers are small unless more is
// asked for, and each says whether it is whole.
package mcp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"govdata/catalog"
	"govdata/server/query"
)

// Deps is what the tools need from the rest.
type Deps struct {
	Catalog *catalog.Catalog
	Site    *catalog.Site
	// Ask puts a question to the engine, as the user of the request from which
	// ctx descends and with what its key opens. Of sample, if any, the rows may
	// be read besides. The caller closes the answer.
	Ask func(ctx context.Context, from From, r query.Request, sample *catalog.Release) (*Answer, error)
	// Opens refuses the rows of a release to that user with the reason.
	Opens func(ctx context.Context, lang string, r *catalog.Release) error
	// Split and Order read lists of fields as the API does.
	Split func(string) []string
	Order func(string) ([]query.OrderBy, error)
	// Base is the public address of the site, Lang the reader's language.
	Base func(*gin.Context) string
	Lang func(*gin.Context) string
	// Origins are other web sites whose pages may use the tools; "*": all.
	Origins  []string
	Log      *slog.Logger
	Software string
}

// Answer is the beginning of a result, and what it was answered from.
type Answer struct {
	query.Result
	Columns []Column
	// Releases are those that were read, by the name in the question.
	Releases map[string]catalog.ReleaseID
	// Private answers hold rows that are not for everybody.
	Private bool
	// Permalink is the address at which the same question has the same answer at
	// any time, as a file of that format and so many rows at most (0: all). "" where
	// there is none.
	Permalink func(ext string, rows int64) string
}

// Column is a column of an answer.
type Column struct {
	Name string `json:"name"`
	Type string `json:"type" jsonschema:"DuckDB's type"`
	JSON string `json:"json" jsonschema:"how values stand in rows: decimals, and integers beyond 2^53, are strings so that they stay exact"`
}

// From is what a tool knows of the HTTP request that called it.
type From struct {
	Base, Lang string
	request    context.Context
}

type fromKey struct{}

func fromOf(ctx context.Context) From {
	from, _ := ctx.Value(fromKey{}).(From)
	return from
}

// face is the tools, mounted.
type face struct{ Deps }

// maxBody bounds a request. A statement has 16 KB at most.
const maxBody = 1 << 20

const instructions = `Open data of a government: about fifty datasets, most with Chinese titles and values, many with English titles.
Begin with search, then read describe before writing SQL: it gives the fields with their meaning, units and allowed values.
sql takes one SELECT in DuckDB's dialect; a table is called as its dataset, and "dataset@release" (quoted) pins a release. Money is in yuan (元), decimals come as strings and are exact.
Every answer says returned, total and truncated: what is truncated is not the whole, so count and sum in SQL, never over the rows that you were shown. For a whole table or result give the address from export_link.
Cite the release and, where there is one, the permalink. Datasets marked synthetic hold made-up sample rows (示例数据): say so.
A dataset that is open on a condition (有条件开放) answers only to a key in the request's Authorization header.`

// Register mounts the tools at /mcp.
func Register(r gin.IRouter, d Deps) error {
	f := &face{d}
	for _, origin := range d.Origins {
		if u, err := url.Parse(origin); origin != "*" && (err != nil || u.Scheme == "" || u.Host == "" || strings.Trim(u.Path, "/") != "") {
			return fmt.Errorf("mcp: origin %q: want one as https://chat.example, or *: %w", origin, catalog.ErrInvalid)
		}
	}
	server := sdk.NewServer(&sdk.Implementation{Name: "govdata", Title: d.Site.Title.In("en"), Version: d.Software, WebsiteURL: d.Site.BaseURL}, &sdk.ServerOptions{
		Instructions: instructions,
		Capabilities: &sdk.ServerCapabilities{Tools: &sdk.ToolCapabilities{}, Resources: &sdk.ResourceCapabilities{}},
		Logger:       slog.New(slog.DiscardHandler),
	})
	server.AddReceivingMiddleware(f.guard)
	if err := f.addTools(server); err != nil {
		return fmt.Errorf("mcp: %w", err)
	}
	server.AddResourceTemplate(&sdk.ResourceTemplate{
		Name: "dataset", Title: "Dataset", URITemplate: resourcePrefix + "{+dataset}", MIMEType: "application/json",
		Description: "What the tool describe says of a dataset, or of one release of it (dataset@release)",
	}, f.readDataset)
	handler := sdk.NewStreamableHTTPHandler(func(*http.Request) *sdk.Server { return server }, &sdk.StreamableHTTPOptions{
		Stateless: true, JSONResponse: true, MaxRequestBodyBytes: maxBody, PropagateRequestCancellation: true,
		// A proxy on this machine connects by the loopback with the site's own name.
		// What protects against rebinding is admit.
		DisableLocalhostProtection: true,
		Logger:                     slog.New(slog.DiscardHandler),
	})
	r.POST("/mcp", func(c *gin.Context) {
		if err := f.admit(c.Request); err != nil {
			c.JSON(http.StatusForbidden, gin.H{"jsonrpc": "2.0", "id": nil, "error": gin.H{"code": jsonrpc.CodeInvalidRequest, "message": err.Error()}})
			return
		}
		ctx := context.WithValue(c.Request.Context(), fromKey{}, From{Base: d.Base(c), Lang: d.Lang(c), request: c.Request.Context()})
		handler.ServeHTTP(c.Writer, c.Request.WithContext(ctx))
	})
	return nil
}

// admit refuses requests of web pages from elsewhere, as the protocol asks: with
// DNS rebinding a page can reach a server that only its reader's machine can.
// Programs send no Origin. A page of this site has the site's own origin; where
// no public address is set, it counts only under a name that nobody can rebind: an
// IP address or localhost.
func (f *face) admit(r *http.Request) error {
	origin := r.Header.Get("Origin")
	if origin == "" || slices.Contains(f.Origins, "*") {
		return nil
	}
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" {
		return fmt.Errorf("origin %q may not use this server", origin)
	}
	for _, allowed := range append(slices.Clone(f.Origins), f.Site.BaseURL) {
		if a, err := url.Parse(allowed); err == nil && a.Host != "" && strings.EqualFold(a.Scheme, u.Scheme) && strings.EqualFold(a.Host, u.Host) {
			return nil
		}
	}
	if strings.EqualFold(u.Host, r.Host) && fixedName(u.Hostname()) {
		return nil
	}
	return fmt.Errorf("origin %q may not use this server; its operator can allow it by --mcp-origins", origin)
}

func fixedName(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil || host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// guard is around every call: it ends with its request, a panic in it is an
// error (it would end the process: calls have goroutines of their own), and the
// error of a tool says what RFC 9457 would.
func (f *face) guard(next sdk.MethodHandler) sdk.MethodHandler {
	return func(ctx context.Context, method string, r sdk.Request) (result sdk.Result, err error) {
		defer func() {
			if failure := recover(); failure != nil {
				f.Log.Error("panic", "method", method, "panic", failure, "stack", string(debug.Stack()))
				result, err = nil, &jsonrpc.Error{Code: jsonrpc.CodeInternalError, Message: "something went wrong on our side"}
			}
		}()
		if from := fromOf(ctx); from.request != nil {
			var cancel context.CancelFunc
			ctx, cancel = context.WithCancel(ctx)
			defer cancel()
			defer context.AfterFunc(from.request, cancel)()
		}
		switch method {
		case "resources/list":
			return f.listDatasets(ctx, method, r, next)
		case "subscriptions/listen":
			// Nothing is ever announced, and a connection would stay open for it.
			return nil, &jsonrpc.Error{Code: jsonrpc.CodeMethodNotFound, Message: "method not found"}
		}
		result, err = next(ctx, method, r)
		if call, ok := result.(*sdk.CallToolResult); ok && err == nil {
			var told *toolError
			if errors.As(call.GetError(), &told) {
				call.Meta = sdk.Meta{"problem": told.fields()}
			}
		}
		return result, err
	}
}

const (
	resourcePrefix = "govdata://datasets/"
	resourcePage   = 500
)

// listDatasets lists the datasets as resources: those of this moment. next makes
// the frame of the answer.
func (f *face) listDatasets(ctx context.Context, method string, r sdk.Request, next sdk.MethodHandler) (sdk.Result, error) {
	all, err := f.Catalog.All()
	if err != nil {
		f.Log.Error("resources", "error", err)
		return nil, &jsonrpc.Error{Code: jsonrpc.CodeInternalError, Message: "something went wrong on our side"}
	}
	from := 0
	if p, ok := r.GetParams().(*sdk.ListResourcesParams); ok && p != nil && p.Cursor != "" {
		if from, err = strconv.Atoi(p.Cursor); err != nil || from < 0 || from > len(all) {
			return nil, &jsonrpc.Error{Code: jsonrpc.CodeInvalidParams, Message: "the cursor was not given out here"}
		}
		p.Cursor = ""
	}
	result, err := next(ctx, method, r)
	list, ok := result.(*sdk.ListResourcesResult)
	if err != nil || !ok {
		return result, err
	}
	for _, release := range all[from:min(len(all), from+resourcePage)] {
		d := &release.Dataset
		list.Resources = append(list.Resources, &sdk.Resource{
			URI: resourcePrefix + string(d.ID), Name: string(d.ID), Title: strings.TrimSpace(d.Title.Zh + " " + d.Title.En), MIMEType: "application/json",
			Description: d.Description.In("en"), Annotations: &sdk.Annotations{LastModified: release.PublishedAt.UTC().Format("2006-01-02T15:04:05Z")},
		})
	}
	if from += resourcePage; from < len(all) {
		list.NextCursor = strconv.Itoa(from)
	}
	return list, nil
}

func (f *face) readDataset(ctx context.Context, r *sdk.ReadResourceRequest) (*sdk.ReadResourceResult, error) {
	_, described, err := f.describe(ctx, nil, describeIn{Dataset: strings.TrimPrefix(r.Params.URI, resourcePrefix)})
	if err != nil {
		return nil, sdk.ResourceNotFoundError(r.Params.URI)
	}
	text, err := marshal(described)
	if err != nil {
		return nil, err
	}
	// Whether it can be queried depends on the key.
	scope := "public"
	if described.Openness != catalog.OpenUnconditional {
		scope = "private"
	}
	return &sdk.ReadResourceResult{Cacheable: sdk.Cacheable{CacheScope: scope}, Contents: []*sdk.ResourceContents{{URI: r.Params.URI, MIMEType: "application/json", Text: text}}}, nil
}
