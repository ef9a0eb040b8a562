package web

import (
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/gin-gonic/gin"

	"govdata/catalog"
	"govdata/server/openapi"
)

// apiDocs is the page of the API's description.
var apiDocs = sync.OnceValues(func() (*template.Template, error) {
	return template.New("layout.html").Funcs(template.FuncMap{"lower": strings.ToLower, "join": strings.Join}).ParseFS(files, "templates/layout.html", "templates/apidocs.html")
})

// docsView is what the page of the API's description gets.
type docsView struct {
	*view
	Doc *openapi.Document
}

// Say gives the reader's language of two texts.
func (v docsView) Say(zh, en string) string { return catalog.Text{Zh: zh, En: en}.In(v.Lang) }

// Paragraphs are the lines of a description; those of a table stand for
// themselves.
func (v docsView) Paragraphs(s string) []string {
	var list []string
	for line := range strings.SplitSeq(s, "\n") {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "|---") {
			list = append(list, strings.Trim(strings.ReplaceAll(line, " | ", " — "), "| "))
		}
	}
	return list
}

// Try is the address of an example, with its parameters escaped.
func (v docsView) Try(example string) string {
	path, query, ok := strings.Cut(example, "?")
	if !ok {
		return path
	}
	values := url.Values{}
	for part := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(part, "=")
		values.Set(name, value)
	}
	return path + "?" + values.Encode()
}

// APIDocs shows the API's description.
func (p *Portal) APIDocs(c *gin.Context, doc *openapi.Document) error {
	page, err := apiDocs()
	if err != nil {
		return fmt.Errorf("web: %w", err)
	}
	v := docsView{p.view(c, "docs"), doc}
	v.Title = v.Say("接口文档", "API documentation")
	var b strings.Builder
	if err := page.Execute(&b, v); err != nil {
		return fmt.Errorf("page apidocs: %w", err)
	}
	h := c.Writer.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", v.Lang)
	h.Set("Vary", "Accept-Language")
	h.Set("Cache-Control", "no-cache")
	c.Status(http.StatusOK)
	_, err = c.Writer.WriteString(b.String())
	return err
}
