package web

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"govdata/catalog"
	"govdata/catalog/tables"
	"govdata/server/problem"
	"govdata/server/query"
)

// The SQL workbench. Without JavaScript the page is a form, and the server
// renders the first rows of the answer; with it, assets/sql.js makes an editor
// of the form and asks the API for the rest.

// resultRows are rendered by the server.
const resultRows = 500

type sqlPage struct {
	*view
	SQL      string
	Examples []example
	Datasets []*catalog.Release
	Table    *Table
	// Cited is the question with every dataset pinned to the release that was
	// read, and what was read in words; both may be empty.
	Cited   Citation
	Problem *problem.Problem
	// Failure says in the words of this page what ended a question.
	Failure string
}

// Citation says what an answer was made from.
type Citation struct {
	// Pinned is the question with every dataset pinned to the release that was
	// read, "" where its answer does not last.
	Pinned string
	// Text is for footnotes. "" where no release was read.
	Text string
}

type example struct{ Title, SQL string }

// resultExts are the formats in which a result can be taken, in order of
// how many people open them.
var resultExts = []string{"csv", "xlsx", "parquet", "json", "jsonl", "arrow"}

// ResultExts lists the formats of a result.
func (v *sqlPage) ResultExts() []string { return resultExts }

// SQLLink is the address of a question's whole result. JSON has as many rows as
// it can have.
func (v *sqlPage) SQLLink(ext string) string {
	link := "/api/v1/sql." + ext + "?q=" + url.QueryEscape(v.SQL)
	if ext == "json" {
		link += "&limit=100000"
	}
	return link
}

// Sample is the question that shows what a dataset holds.
func (v *sqlPage) Sample(id catalog.ID) string {
	return fmt.Sprintf("SELECT *\nFROM %s\nLIMIT 100", id)
}

// Said is what is wrong with the question, in the reader's language.
func (v *sqlPage) Said() string { return v.Problem.Detail.In(v.Lang) }

// Hinted is what could be meant, in the reader's language.
func (v *sqlPage) Hinted() string { return v.Problem.HintIn(v.Lang) }

// Texts are those that the page's script says: all texts under sql_ui_.
func (v *sqlPage) Texts() map[string]string {
	texts := map[string]string{}
	for _, id := range v.p.scripted {
		texts[strings.TrimPrefix(id, scripted)] = v.T(id)
	}
	return texts
}

// scripted begins the ids of the texts that the page's script says.
const scripted = "sql_ui_"

// scriptedTexts lists their ids.
func scriptedTexts() ([]string, error) {
	data, err := files.ReadFile("locales/sql.zh.json")
	if err != nil {
		return nil, err
	}
	var all map[string]string
	if err := json.Unmarshal(data, &all); err != nil {
		return nil, err
	}
	var ids []string
	for id := range all {
		if strings.HasPrefix(id, scripted) {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

func (p *Portal) sql(c *gin.Context) error {
	v := &sqlPage{view: p.view(c, "sql")}
	v.Title, v.Wide, v.SQL = v.T("sql_title"), true, strings.TrimSpace(c.Query("q"))
	v.Examples = p.examples(v.view)
	all, err := p.Catalog.All()
	if err != nil {
		return err
	}
	v.Datasets = all
	status := http.StatusOK
	if v.SQL != "" {
		if v.Table, v.Cited, err = p.Query(c, v.SQL, resultRows); err != nil {
			said := problem.Of(err)
			if said.Status == http.StatusInternalServerError {
				return err
			}
			v.Problem, status = &said, said.Status
			switch {
			case errors.Is(err, catalog.ErrTimeout):
				v.Failure = v.T("sql_timeout")
			case errors.Is(err, catalog.ErrBusy), errors.Is(err, catalog.ErrTooMany):
				v.Failure = v.T("sql_busy")
			case errors.Is(err, catalog.ErrTooLarge):
				v.Failure = v.T("sql_too_large")
			}
			if said.RetryAfter > 0 {
				c.Header("Retry-After", strconv.Itoa(said.RetryAfter))
			}
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

// names are what a statement can name.
type names struct {
	Datasets  []namedDataset   `json:"datasets"`
	Functions []query.Function `json:"functions"`
}

type namedDataset struct {
	ID     string       `json:"id"`
	Zh     string       `json:"zh"`
	En     string       `json:"en"`
	Fields []namedField `json:"fields"`
}

type namedField struct {
	Name string   `json:"name"`
	Zh   string   `json:"zh"`
	En   string   `json:"en"`
	Type string   `json:"type"`
	Unit string   `json:"unit,omitempty"`
	Enum []string `json:"enum,omitempty"`
}

// livingTables are the tables of the schema catalog, whose fields stay the same.
func livingTables(c *catalog.Catalog) ([]namedDataset, error) {
	var list []namedDataset
	for _, name := range tables.Names {
		batch, err := tables.Make(c, name)
		if err != nil {
			return nil, err
		}
		one := namedDataset{ID: "catalog." + name}
		for _, f := range batch.Schema().Fields() {
			one.Fields = append(one.Fields, namedField{Name: f.Name})
		}
		batch.Release()
		list = append(list, one)
	}
	return list, nil
}

// names answers /sql/names.json: what the editor completes, with titles in both
// languages, since both are typed.
func (p *Portal) names(c *gin.Context) error {
	all, err := p.Catalog.All()
	if err != nil {
		return err
	}
	n := names{Functions: query.Functions()}
	for _, r := range all {
		d := &r.Dataset
		if !d.Queryable() {
			continue
		}
		one := namedDataset{ID: string(d.ID), Zh: d.Title.Zh, En: d.Title.En}
		for _, f := range d.Public() {
			one.Fields = append(one.Fields, namedField{f.Name, f.Title.Zh, f.Title.En, f.Type.SQL(), f.Unit, f.Enum})
		}
		n.Datasets = append(n.Datasets, one)
	}
	living, err := p.living()
	if err != nil {
		return err
	}
	n.Datasets = append(n.Datasets, living...)
	body, err := json.Marshal(n)
	if err != nil {
		return err
	}
	sum := fnv.New64a()
	sum.Write(body)
	etag := `W/"` + strconv.FormatUint(sum.Sum64(), 36) + `"`
	h := c.Writer.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	h.Set("Vary", "Accept-Encoding")
	h.Set("ETag", etag)
	if c.GetHeader("If-None-Match") == etag {
		c.Status(http.StatusNotModified)
		return nil
	}
	if acceptsGzip(c.Request) {
		if body, err = squeeze(body, gzip.DefaultCompression); err != nil {
			return err
		}
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	c.Status(http.StatusOK)
	_, err = c.Writer.Write(body)
	return err
}
