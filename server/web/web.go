// Package web is the portal: server-rendered pages that read and work without
// JavaScript, in Chinese and English.
package web

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"govdata/catalog"
	"govdata/server/query"
)

//go:embed templates/*.html locales/*.json assets/*
var files embed.FS

// Deps is what the pages need from the rest.
type Deps struct {
	Catalog *catalog.Catalog
	Site    *catalog.Site
	// Query runs public SQL through the same gate and worker as the API and
	// returns at most max rows.
	Query func(ctx context.Context, sql string, max int) (*Table, error)
	// Preview returns the first max rows of a release.
	Preview func(ctx context.Context, r *catalog.Release, max int) (*Table, error)
	Log     *slog.Logger
}

// Table is a small result, as text.
type Table struct {
	Columns   []Column
	Rows      [][]Cell
	Truncated bool
	// Total is the number of all rows, -1 where it is not known.
	Total   int64
	Elapsed time.Duration
}

// Column is a column of a Table. Type is DuckDB's name of it.
type Column struct {
	Name, Type, Title string
}

// Numeric reports whether the column is set flush right.
func (c Column) Numeric() bool {
	for _, p := range []string{"BIGINT", "INTEGER", "DECIMAL", "DOUBLE", "SMALLINT", "HUGEINT"} {
		if strings.HasPrefix(c.Type, p) {
			return true
		}
	}
	return false
}

// Cell is one value of a Table.
type Cell struct {
	Text string
	Null bool
}

const (
	previewRows = 20
	sampleRows  = 10 // of what is open on a condition
	resultRows  = 500
)

// policy lets pages load nothing from elsewhere and run no script but ours.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// Portal is the pages, mounted.
type Portal struct {
	Deps
	pages  map[string]*template.Template
	bundle *i18n.Bundle
}

// Register mounts the pages and their assets.
func Register(r gin.IRouter, d Deps) (*Portal, error) {
	p := &Portal{Deps: d, pages: map[string]*template.Template{}, bundle: i18n.NewBundle(language.Chinese)}
	p.bundle.RegisterUnmarshalFunc("json", json.Unmarshal)
	for _, name := range []string{"locales/zh.json", "locales/en.json"} {
		if _, err := p.bundle.LoadMessageFileFS(files, name); err != nil {
			return nil, fmt.Errorf("web: %w", err)
		}
	}
	for _, page := range []string{"home", "list", "dataset", "sql", "about", "error"} {
		t, err := template.New("layout.html").Funcs(template.FuncMap{"lower": strings.ToLower}).ParseFS(files, "templates/layout.html", "templates/"+page+".html")
		if err != nil {
			return nil, fmt.Errorf("web: %w", err)
		}
		p.pages[page] = t
	}
	assets, err := fs.Sub(files, "assets")
	if err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	server := http.StripPrefix("/assets/", http.FileServerFS(assets))
	serve := func(c *gin.Context) {
		c.Header("Cache-Control", "public, max-age=3600")
		server.ServeHTTP(c.Writer, c.Request)
	}
	r.GET("/assets/*file", serve)
	r.HEAD("/assets/*file", serve)
	for path, h := range map[string]func(*gin.Context) error{
		"/": p.home, "/datasets": p.list, "/datasets/:id": p.dataset, "/sql": p.sql, "/about": p.about,
	} {
		handler := func(c *gin.Context) {
			if err := h(c); err != nil {
				p.fail(c, err)
			}
		}
		r.GET(path, handler)
		r.HEAD(path, handler)
	}
	return p, nil
}

// NotFound shows the page for addresses that mean nothing.
func (p *Portal) NotFound(c *gin.Context) {
	p.fail(c, fmt.Errorf("%s: %w", c.Request.URL.Path, catalog.ErrNotFound))
}

// view is what every template gets.
type view struct {
	p    *Portal
	c    *gin.Context
	say  *i18n.Localizer
	tell *message.Printer
	Lang string
	Site *catalog.Site
	// Nav is the section of the page.
	Nav, Title, Description string

	Themes   []theme
	Datasets []*catalog.Release
	Newest   []*catalog.Release
	Rows     int64
	Q, Theme string

	Release  *catalog.Release
	Releases []*catalog.Release
	Table    *Table

	SQL      string
	Examples []example
	Problem  *query.SQLError
	Failure  string
	Status   int
}

type theme struct {
	Name  string
	Count int
}

type example struct{ Title, SQL string }

func (p *Portal) view(c *gin.Context, nav string) *view {
	lang := c.Query("lang")
	if lang != "zh" && lang != "en" {
		_, i := language.MatchStrings(language.NewMatcher([]language.Tag{language.Chinese, language.English}), c.GetHeader("Accept-Language"))
		lang = []string{"zh", "en"}[i]
	}
	return &view{p: p, c: c, Lang: lang, Site: p.Site, Nav: nav, say: i18n.NewLocalizer(p.bundle, lang), tell: message.NewPrinter(language.Make(lang))}
}

// T gives the text of a key in the reader's language.
func (v *view) T(id string) string {
	return v.say.MustLocalize(&i18n.LocalizeConfig{MessageID: id})
}

// In gives the reader's language of a text.
func (v *view) In(t catalog.Text) string { return t.In(v.Lang) }

// Number writes n with separators.
func (v *view) Number(n any) string { return v.tell.Sprintf("%d", n) }

// Size writes a number of bytes for people.
func (v *view) Size(n int64) string {
	const unit = 1024.0
	f, units := float64(n), []string{"B", "KB", "MB", "GB", "TB"}
	i := 0
	for f >= unit && i < len(units)-1 {
		f /= unit
		i++
	}
	if i == 0 {
		return strconv.FormatInt(n, 10) + " B"
	}
	return strconv.FormatFloat(f, 'f', 1, 64) + " " + units[i]
}

// Date writes the day and minute of t.
func (v *view) Date(t time.Time) string {
	location, err := v.Site.Location()
	if err == nil {
		t = t.In(location)
	}
	return t.Format("2006-01-02 15:04")
}

// Millis writes a duration in milliseconds.
func (v *view) Millis(d time.Duration) int64 { return d.Milliseconds() }

// Frequency gives the label of an update frequency.
func (v *view) Frequency(key string) string { return catalog.Frequencies[key].In(v.Lang) }

// Place says where in a query something is.
func (v *view) Place(line, col int) string {
	if v.Lang == "zh" {
		return fmt.Sprintf("第%d行第%d列", line, col)
	}
	return fmt.Sprintf("line %d, column %d", line, col)
}

// Openness gives the label of an open attribute.
func (v *view) Openness(attribute string) string {
	labels := map[string]string{catalog.OpenUnconditional: "Open to everyone", catalog.OpenConditional: "Open on a condition", catalog.OpenNot: "Not open"}
	if v.Lang == "en" && labels[attribute] != "" {
		return labels[attribute]
	}
	return attribute
}

// ThemeName gives the label of a theme.
func (v *view) ThemeName(name string) string {
	labels := map[string]string{"民生保障": "People's livelihood", "公共服务": "Public services", "市场监管": "Market regulation", "其他": "Other"}
	if v.Lang == "en" && labels[name] != "" {
		return labels[name]
	}
	return name
}

// With gives the address of this page in another language.
func (v *view) With(lang string) string {
	q := v.c.Request.URL.Query()
	q.Set("lang", lang)
	return v.c.Request.URL.Path + "?" + q.Encode()
}

// Chosen is the language that the reader chose explicitly, or "".
func (v *view) Chosen() string {
	if v.c.Query("lang") != v.Lang {
		return ""
	}
	return v.Lang
}

// Link keeps an explicit choice of language on the way to another page.
func (v *view) Link(path string) string {
	if v.Chosen() == "" {
		return path
	}
	join := "?"
	if strings.Contains(path, "?") {
		join = "&"
	}
	return path + join + "lang=" + v.Lang
}

// SQLLink is the address of a question's result.
func (v *view) SQLLink(ext string) string {
	return "/api/v1/sql." + ext + "?q=" + url.QueryEscape(v.SQL)
}

// Ask is the address of the SQL page with a question.
func (v *view) Ask(sql string) string { return v.Link("/sql?q=" + url.QueryEscape(sql)) }

// Base is the site's public address.
func (v *view) Base() string {
	if v.Site.BaseURL != "" {
		return v.Site.BaseURL
	}
	return "http://" + v.c.Request.Host
}

// Downloads lists the files of the shown release in the order of formats.
func (v *view) Downloads() []catalog.Artefact {
	if !v.Release.Dataset.Queryable() {
		return nil
	}
	return v.Release.Artefacts
}

// FieldTitle gives the title of a column where the shown release knows it.
func (v *view) FieldTitle(name string) string {
	if v.Release != nil {
		if f := v.Release.Dataset.Field(name); f != nil {
			return f.Title.In(v.Lang)
		}
	}
	return name
}

// Item is an entry of a list of datasets, for its template.
func (v *view) Item(r *catalog.Release) any {
	return struct {
		View    *view
		Release *catalog.Release
	}{v, r}
}

func (p *Portal) render(c *gin.Context, status int, page string, v *view) error {
	h := c.Writer.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", v.Lang)
	h.Set("Vary", "Accept-Language")
	h.Set("Cache-Control", "no-cache")
	var b strings.Builder
	if err := p.pages[page].Execute(&b, v); err != nil {
		return fmt.Errorf("page %s: %w", page, err)
	}
	c.Status(status)
	_, err := c.Writer.WriteString(b.String())
	return err
}

func (p *Portal) fail(c *gin.Context, err error) {
	v := p.view(c, "")
	v.Status = http.StatusInternalServerError
	v.Title = v.T("error_internal")
	switch {
	case errors.Is(err, catalog.ErrNotFound), errors.Is(err, catalog.ErrInvalid):
		v.Status, v.Title = http.StatusNotFound, v.T("error_not_found")
	case errors.Is(err, catalog.ErrGone):
		v.Status, v.Title = http.StatusGone, v.T("error_gone")
	default:
		p.Log.Error("page failed", "path", c.Request.URL.Path, "error", err)
	}
	if err := p.render(c, v.Status, "error", v); err != nil {
		p.Log.Error("error page failed", "error", err)
	}
}

func (p *Portal) home(c *gin.Context) error {
	v := p.view(c, "home")
	all, err := p.Catalog.All()
	if err != nil {
		return err
	}
	v.Title, v.Description = v.In(p.Site.Title), v.In(p.Site.Subtitle)
	v.Datasets = all
	v.Themes = themes(all)
	for _, r := range all {
		v.Rows += r.Rows
	}
	v.Newest = slices.Clone(all)
	slices.SortStableFunc(v.Newest, func(a, b *catalog.Release) int { return b.PublishedAt.Compare(a.PublishedAt) })
	v.Newest = v.Newest[:min(6, len(v.Newest))]
	return p.render(c, http.StatusOK, "home", v)
}

func themes(all []*catalog.Release) []theme {
	var list []theme
	for _, name := range catalog.Themes {
		n := 0
		for _, r := range all {
			if r.Dataset.Theme == name {
				n++
			}
		}
		if n > 0 {
			list = append(list, theme{name, n})
		}
	}
	return list
}

func (p *Portal) list(c *gin.Context) error {
	v := p.view(c, "datasets")
	all, err := p.Catalog.All()
	if err != nil {
		return err
	}
	v.Title = v.T("nav_datasets")
	v.Q, v.Theme = strings.TrimSpace(c.Query("q")), c.Query("theme")
	v.Themes = themes(all)
	found, err := p.Catalog.Search(catalog.Query{Text: v.Q, Theme: v.Theme, Lang: v.Lang})
	if err != nil {
		return err
	}
	for _, h := range found.Hits {
		v.Datasets = append(v.Datasets, h.Release)
	}
	return p.render(c, http.StatusOK, "list", v)
}

func (p *Portal) dataset(c *gin.Context) error {
	v := p.view(c, "datasets")
	ref, err := catalog.ParseRef(c.Param("id"))
	if err != nil {
		return err
	}
	if v.Release, err = p.Catalog.Resolve(ref); err != nil {
		return err
	}
	if v.Releases, err = p.Catalog.Releases(ref.Dataset); err != nil {
		return err
	}
	d := &v.Release.Dataset
	v.Title, v.Description = v.In(d.Title), v.In(d.Description)
	if d.Openness.Attribute != catalog.OpenNot {
		rows := previewRows
		if !d.Queryable() {
			rows = sampleRows
		}
		v.Table, err = p.Preview(c.Request.Context(), v.Release, rows)
		if err != nil {
			// The page is worth having without its preview.
			p.Log.Warn("no preview", "release", v.Release.Ref(), "error", err)
			v.Failure = v.T("preview_failed")
		}
	}
	if v.Table != nil {
		for i := range v.Table.Columns {
			v.Table.Columns[i].Title = v.FieldTitle(v.Table.Columns[i].Name)
		}
	}
	return p.render(c, http.StatusOK, "dataset", v)
}

func (p *Portal) sql(c *gin.Context) error {
	v := p.view(c, "sql")
	v.Title, v.SQL = v.T("nav_sql"), strings.TrimSpace(c.Query("q"))
	v.Examples = p.examples(v)
	all, err := p.Catalog.All()
	if err != nil {
		return err
	}
	v.Datasets = all
	status := http.StatusOK
	if v.SQL != "" {
		v.Table, err = p.Query(c.Request.Context(), v.SQL, resultRows)
		switch {
		case err == nil:
		case errors.As(err, &v.Problem):
			status = http.StatusBadRequest
		case errors.Is(err, catalog.ErrTimeout):
			status, v.Failure = http.StatusGatewayTimeout, v.T("sql_timeout")
		case errors.Is(err, catalog.ErrBusy):
			status, v.Failure = http.StatusServiceUnavailable, v.T("sql_busy")
		case errors.Is(err, catalog.ErrTooLarge):
			status, v.Failure = http.StatusRequestEntityTooLarge, v.T("sql_too_large")
		default:
			return err
		}
	}
	return p.render(c, status, "sql", v)
}

// examples are the site's questions over datasets that are published.
func (p *Portal) examples(v *view) []example {
	var list []example
	for _, e := range p.Site.Examples {
		if !slices.ContainsFunc(e.Needs, func(id catalog.ID) bool { _, err := p.Catalog.Current(id); return err != nil }) {
			list = append(list, example{v.In(e.Title), strings.TrimSpace(e.SQL)})
		}
	}
	return list
}

func (p *Portal) about(c *gin.Context) error {
	v := p.view(c, "about")
	v.Title = v.T("nav_about")
	return p.render(c, http.StatusOK, "about", v)
}
