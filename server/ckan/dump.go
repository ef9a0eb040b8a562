package ckan

import (
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"govdata/export"
	"govdata/server/query"
)

// dumpTypes are the formats of a dump.
var dumpTypes = map[string]string{
	"csv": "text/csv; charset=utf-8", "tsv": "text/tab-separated-values; charset=utf-8", "json": "application/json; charset=utf-8", "xml": "text/xml; charset=utf-8",
}

// dump answers /datastore/dump/{resource}: all rows of a table, or those that the
// parameters of datastore_search mean.
func (f *Face) dump(c *gin.Context) {
	if err := f.writeDump(c); err != nil {
		f.Fail(c, err)
	}
}

func (f *Face) writeDump(c *gin.Context) error {
	values, err := url.ParseQuery(c.Request.URL.RawQuery)
	if err != nil {
		return bad("?", "the query string is malformed: %v", err)
	}
	p := mixed(values)
	if unknown := p.unknown(append([]string{"format", "bom", "limit", "offset"}, conditionParams...)...); len(unknown) > 0 {
		return bad(unknown[0], "unknown parameter")
	}
	format := p.text("format")
	if format == "" {
		format = "csv"
	}
	contentType, ok := dumpTypes[format]
	if !ok {
		return bad("format", "Value must be one of ['csv', 'tsv', 'json', 'xml']")
	}
	offset, limit, err := p.page(0)
	if err != nil {
		return err
	}
	t, err := f.table(c.Param("resource"))
	if err != nil {
		return err
	}
	s, err := t.ask(p)
	if err != nil {
		return err
	}
	none := p.text("limit") != "" && limit == 0
	s.limit, s.offset = limit, offset
	bom := p.boolean("bom", false)
	r := s.question()
	r.Alias, r.Deadline, r.Rows.Limit = f.alias, f.Limits.Export, limit
	if none {
		r.Rows.Limit = 1
	} else if format == "csv" {
		r.Text = &query.Text{Format: "csv", Options: export.Options{BOM: bom}}
	}
	ctx, cancel := context.WithCancel(c.Request.Context())
	defer cancel()
	c.Request = c.Request.WithContext(ctx)
	result, err := f.Ask(c, r)
	if err != nil {
		return err
	}
	defer result.Close()
	h := c.Writer.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s.%s"`, strings.ReplaceAll(c.Param("resource"), `"`, ""), format))
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "public, no-cache")
	}
	return f.send(c, cancel, func(w io.Writer) error {
		if r.Text != nil {
			_, err := io.Copy(w, result)
			return err
		}
		if bom {
			if _, err := io.WriteString(w, "\uFEFF"); err != nil {
				return err
			}
		}
		return s.dumpRows(w, format, result, none)
	})
}

// dumpRows writes the rows in any format but CSV, whose rows are the worker's to
// write. none: the fields alone are wanted.
func (s *search) dumpRows(w io.Writer, format string, result query.Result, none bool) error {
	var names []string
	for _, f := range s.fields {
		names = append(names, f.ID)
	}
	between := map[string]string{"csv": ",", "tsv": "\t"}[format]
	switch {
	case between != "":
		if _, err := io.WriteString(w, strings.Join(names, between)+"\n"); err != nil || none {
			return err
		}
		return writeTSV(w, result)
	case format == "xml":
		return writeXML(w, names, result, none)
	}
	fields, err := marshal(s.fields)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, "{\n  \"fields\": %s,\n  \"records\": ", fields); err != nil {
		return err
	}
	if none {
		_, err = io.WriteString(w, "[]")
	} else {
		err = writeJSON(w, result, result.Schema(), true, ",\n    ")
	}
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, "}\n")
	return err
}

// writeXML writes <data> of <row>s, each with an element for every field; one that
// is missing has xsi:nil.
func writeXML(w io.Writer, names []string, result query.Result, none bool) error {
	if _, err := io.WriteString(w, "<data xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\n"); err != nil {
		return err
	}
	elements := slices.Clone(names)
	for i := range elements { // a rank of a field has a space in its name
		elements[i] = strings.ReplaceAll(elements[i], " ", "_")
	}
	var b strings.Builder
	for !none && result.Next() {
		batch := result.RecordBatch()
		cells := export.Texts(batch)
		b.Reset()
		for i := range int(batch.NumRows()) {
			b.WriteString("<row")
			from := 0
			if names[0] == rowNumber {
				id, _ := cells(i, 0)
				from = 1
				b.WriteString(` _id="` + id + `"`)
			}
			b.WriteByte('>')
			for j := from; j < len(names); j++ {
				text, null := cells(i, j)
				if null {
					b.WriteString("<" + elements[j] + ` xsi:nil="true" />`)
					continue
				}
				b.WriteString("<" + elements[j] + ">")
				if err := xml.EscapeText(&b, []byte(text)); err != nil {
					return err
				}
				b.WriteString("</" + elements[j] + ">")
			}
			b.WriteString("</row>\n")
		}
		if _, err := io.WriteString(w, b.String()); err != nil {
			return err
		}
	}
	if err := result.Err(); err != nil {
		return err
	}
	_, err := io.WriteString(w, "</data>\n")
	return err
}

// page leads from the address that CKAN would have for a dataset, or for one of
// its files, to the dataset's page.
func (f *Face) page(c *gin.Context) {
	name := c.Param("package")
	if r, err := f.directory.dataset(name); err == nil {
		name = string(r.Dataset.ID)
	}
	c.Redirect(http.StatusFound, "/datasets/"+url.PathEscape(name))
}

// file leads from the address that CKAN would have for a file to the file.
func (f *Face) file(c *gin.Context) {
	r, format, err := f.directory.resource(c.Param("resource"))
	if err != nil {
		f.Fail(c, err)
		return
	}
	c.Redirect(http.StatusFound, "/d/"+string(r.Dataset.ID)+"."+format.Ext)
}
