package web

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"govdata/catalog"
	"govdata/server/openapi"
)

// docsView is what the page of the API's description gets.
type docsView struct {
	*view
	Doc *openapi.Document
}

// Say gives the reader's language of two texts.
func (v *docsView) Say(zh, en string) string { return catalog.Text{Zh: zh, En: en}.In(v.Lang) }

// Paragraphs are the lines of a description; those of a table stand for
// themselves.
func (v *docsView) Paragraphs(s string) []string {
	var list []string
	for line := range strings.SplitSeq(s, "\n") {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "|---") {
			list = append(list, strings.Trim(strings.ReplaceAll(line, " | ", " — "), "| "))
		}
	}
	return list
}

// Try is the address of an example, with its parameters escaped.
func (v *docsView) Try(example string) string {
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

// Join writes a list in one line.
func (v *docsView) Join(list []string) string { return strings.Join(list, ", ") }

// APIDocs shows the API's description.
func (p *Portal) APIDocs(c *gin.Context, doc *openapi.Document) error {
	if p.switchScheme(c) {
		return nil
	}
	v := &docsView{p.view(c, "developers"), doc}
	v.Title = v.Say("接口文档", "API documentation")
	return p.render(c, http.StatusOK, "apidocs", v)
}
