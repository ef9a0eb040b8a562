package soda

import (
	"bufio"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"govdata/catalog"
	"govdata/server/query"
)

// viewColumn is a column in metadata.
type viewColumn struct {
	ID          int64          `json:"id"`
	Name        string         `json:"name"`
	DataType    string         `json:"dataTypeName"`
	Description string         `json:"description,omitempty"`
	Field       string         `json:"fieldName"`
	Position    int            `json:"position"`
	RenderType  string         `json:"renderTypeName"`
	TableColumn int64          `json:"tableColumnId,omitempty"`
	Format      map[string]any `json:"format"`
	Contents    map[string]any `json:"cachedContents,omitempty"`
	Flags       []string       `json:"flags,omitempty"`
}

func numberFor(text string) int64 {
	h := fnv.New32a()
	h.Write([]byte(text))
	return int64(h.Sum32()>>1) + 1
}

// columnsOf describes the fields of a release.
func columnsOf(r *catalog.Release, lang string) []viewColumn {
	columns := []viewColumn{}
	for i, f := range r.Dataset.Public() {
		name, _ := kindOf(f.Type).viewName()
		id := numberFor(string(r.Dataset.ID) + "." + f.Name)
		column := viewColumn{ID: id, TableColumn: id, Name: f.Title.In(lang), DataType: name, RenderType: name, Description: f.Description.In(lang),
			Field: f.Name, Position: i + 1, Format: map[string]any{}}
		if column.Name == "" {
			column.Name = f.Name
		}
		switch f.Type {
		case catalog.TypeDate:
			column.Format["view"] = "date"
		case catalog.TypeTimestamp:
			column.Format["view"] = "date_time"
		}
		if f.Unit != "" {
			column.Format["unit"] = f.Unit
		}
		if s, ok := r.Stats[f.Name]; ok {
			column.Contents = map[string]any{"count": strconv.FormatInt(r.Rows, 10), "null": strconv.FormatInt(s.Nulls, 10), "non_null": strconv.FormatInt(r.Rows-s.Nulls, 10)}
			for key, v := range map[string]string{"smallest": s.Min, "largest": s.Max} {
				if v != "" && r.Dataset.Queryable() {
					column.Contents[key] = v
				}
			}
		}
		columns = append(columns, column)
	}
	return columns
}

// created is when the dataset was first published.
func (f *face) created(r *catalog.Release) time.Time {
	events, err := f.Catalog.Events(r.Dataset.ID)
	if err != nil || len(events) == 0 {
		return r.PublishedAt
	}
	return events[0].At
}

// viewOf is the metadata of a release in the form of /api/views.
func (f *face) viewOf(c *gin.Context, r *catalog.Release) gin.H {
	d, lang := &r.Dataset, f.Lang(c)
	created, updated := f.created(r).Unix(), r.PublishedAt.Unix()
	base := f.Base(c)
	owner := gin.H{"id": FourByFour(d.ID), "displayName": d.Publisher.In(lang), "screenName": d.Publisher.In(lang), "type": "interactive"}
	custom := gin.H{"dataset": gin.H{
		"id": d.ID, "release": r.Release, "rows": strconv.FormatInt(r.Rows, 10), "openness": d.Openness.Attribute, "legal_basis": d.LegalBasis.In(lang),
		"update_frequency": catalog.Frequencies[d.UpdateFrequency].In(lang), "synthetic": strconv.FormatBool(d.Synthetic), "source": d.Source.In(lang),
		"native_api": base + "/api/v1/datasets/" + string(d.ID), "page": base + "/datasets/" + string(d.ID),
	}}
	return gin.H{
		"id": FourByFour(d.ID), "name": d.Title.In(lang), "description": d.Description.In(lang), "assetType": "dataset", "attribution": d.Publisher.In(lang),
		"category": d.Theme, "tags": list(d.Keywords), "license": gin.H{"name": d.Licence}, "licenseId": d.Licence, "resourceName": d.ID,
		"createdAt": created, "publicationDate": created, "rowsUpdatedAt": updated, "viewLastModified": updated, "indexUpdatedAt": updated,
		"displayType": "table", "viewType": "tabular", "newBackend": true, "provenance": "official", "publicationStage": "published", "publicationAppendEnabled": false,
		"hideFromCatalog": false, "hideFromDataJson": false, "rowClass": "", "columns": columnsOf(r, lang),
		"metadata": gin.H{"availableDisplayTypes": []string{"table"}, "custom_fields": custom, "attachments": []any{}, "renderTypeConfig": gin.H{"visible": gin.H{"table": true}}},
		"owner":    owner, "tableAuthor": owner, "query": gin.H{}, "rights": []string{"read"}, "flags": []string{"default"},
	}
}

// list is s, and [] in JSON where s is nil.
func list[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// allow refuses parameters that the route does not know, as Socrata does.
func allow(c *gin.Context, names ...string) (url.Values, error) {
	values, err := url.ParseQuery(c.Request.URL.RawQuery)
	if err != nil {
		return nil, badParameter("?", "the query string is malformed: %v", err)
	}
	var unknown []string
	for name := range values {
		if !slices.Contains(names, name) && name != "lang" && !strings.EqualFold(name, "$$app_token") {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) > 0 {
		slices.Sort(unknown)
		return nil, &Fault{http.StatusBadRequest, "", fmt.Sprintf("Unrecognized arguments [%s]", clip(strings.Join(unknown, ", "))), map[string]any{"arguments": unknown}}
	}
	return values, nil
}

// metadata sends JSON in the reader's language.
func metadata(c *gin.Context, body any) error {
	c.Writer.Header().Add("Vary", "Accept-Language")
	c.Header("Cache-Control", "public, no-cache")
	c.JSON(http.StatusOK, body)
	return nil
}

// views answers /api/views: all datasets.
func (f *face) views(c *gin.Context) error {
	if _, err := allow(c); err != nil {
		return err
	}
	all, err := f.Catalog.All()
	if err != nil {
		return err
	}
	views := []gin.H{}
	for _, r := range all {
		views = append(views, f.viewOf(c, r))
	}
	return metadata(c, views)
}

// view answers /api/views/{id} and /api/views/{id}.json.
func (f *face) view(c *gin.Context) error {
	if _, err := allow(c); err != nil {
		return err
	}
	r, err := f.release(strings.TrimSuffix(c.Param("id"), ".json"))
	if err != nil {
		return err
	}
	c.Header("Last-Modified", r.PublishedAt.UTC().Format(http.TimeFormat))
	return metadata(c, f.viewOf(c, r))
}

// viewPart answers /api/views/{id}/columns.json, and rows.csv and rows.json, the
// whole dataset as people read it.
func (f *face) viewPart(c *gin.Context) error {
	part := c.Param("part")
	r, err := f.release(c.Param("id"))
	if err != nil {
		return err
	}
	switch part {
	case "columns", "columns.json":
		if _, err := allow(c); err != nil {
			return err
		}
		return metadata(c, columnsOf(r, f.Lang(c)))
	case "rows.csv", "rows.json":
		return f.download(c, r, strings.TrimPrefix(part, "rows."))
	}
	return &Fault{http.StatusNotFound, "not-found", fmt.Sprintf("there is no %q of a view; there are columns.json, rows.csv and rows.json", clip(part)), map[string]any{}}
}

func (f *face) download(c *gin.Context, r *catalog.Release, ext string) error {
	values, err := allow(c, "accessType", "bom", "delimiter", "format", "api_foundry", "cacheBust", "date", "fourfour", "sorting", "max_rows")
	if err != nil {
		return err
	}
	s := &statement{selection: selection{fields: &star{}}}
	a := answer{ext: "rows." + ext, limit: longLimit + 1}
	if values.Has("max_rows") {
		if s.limit, err = count(map[string]string{"max_rows": values.Get("max_rows")}, "max_rows"); err != nil {
			return err
		}
		a.limit = *s.limit
	}
	lang := f.Lang(c)
	switch ext {
	case "csv":
		delimiter := byte(',')
		switch values.Get("delimiter") {
		case "", ",":
		case ";":
			delimiter = ';'
		default:
			return badParameter("delimiter", "want , or ;")
		}
		bom := values.Get("bom") == "true"
		a.mediaType = "text/csv; charset=utf-8"
		a.rows = func(w *bufio.Writer, q *Compiled, result query.Result) error {
			return writeSheet(w, q, result, columnsOf(r, lang), delimiter, bom)
		}
	default:
		s.selection.system = &star{except: []*column{{":created_at", 0}, {":updated_at", 0}}}
		view, err := json.Marshal(f.meta(c, r))
		if err != nil {
			return err
		}
		a.mediaType = "application/json; charset=utf-8"
		a.rows = func(w *bufio.Writer, q *Compiled, result query.Result) error {
			return writeTable(w, q, result, view, r.PublishedAt)
		}
	}
	q, err := Compile([]*statement{s}, f.table(r))
	if err != nil {
		return err
	}
	if strings.EqualFold(values.Get("accessType"), "DOWNLOAD") {
		name := strings.NewReplacer("/", "-", `\`, "-", `"`, "-").Replace(r.Dataset.Title.In(lang)) + "-" + string(r.Release) + "." + ext
		c.Header("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	}
	c.Writer.Header().Add("Vary", "Accept-Language")
	a.ext += "." + lang + values.Get("delimiter") + values.Get("bom") // each has a tag of its own
	return f.answer(c, r, q, a)
}

// writeSheet writes CSV as people read it: titles above the columns, quotes where
// they are needed, dates as 01/31/2026, times as 01/31/2026 03:04:05 PM.
func writeSheet(w *bufio.Writer, q *Compiled, result query.Result, columns []viewColumn, delimiter byte, bom bool) error {
	var buf []byte
	if bom {
		buf = append(buf, "\uFEFF"...)
	}
	special := string(delimiter) + "\"\r\n"
	quote := func(buf []byte, s string) []byte {
		if s == "" || strings.ContainsAny(s, special) {
			return appendQuoted(buf, s)
		}
		return append(buf, s...)
	}
	for j, column := range columns {
		if j > 0 {
			buf = append(buf, delimiter)
		}
		buf = quote(buf, column.Name)
	}
	if _, err := w.Write(append(buf, '\n')); err != nil {
		return err
	}
	for result.Next() {
		batch := result.RecordBatch()
		cell := cells(q.Columns, batch)
		for i := range int(batch.NumRows()) {
			buf = buf[:0]
			for j, column := range columns {
				if j > 0 {
					buf = append(buf, delimiter)
				}
				v, null := cell(i, j)
				if null && len(columns) > 1 {
					continue
				}
				if column.Format["view"] != nil {
					v = americanDate(v, column.Format["view"] == "date")
				}
				buf = quote(buf, v)
			}
			if _, err := w.Write(append(buf, '\n')); err != nil {
				return err
			}
		}
	}
	return nil
}

// americanDate writes a time in the form of Socrata's spreadsheets; one that is
// outside of its years stays as it is.
func americanDate(v string, dateOnly bool) string {
	t, err := time.Parse("2006-01-02T15:04:05.999999", v)
	switch {
	case err != nil:
		return v
	case dateOnly:
		return t.Format("01/02/2006")
	}
	return t.Format("01/02/2006 03:04:05 PM")
}

// hidden are the columns before the fields in rows.json.
var hidden = []string{":sid", ":id", ":position", ":created_at", ":created_meta", ":updated_at", ":updated_meta", ":meta"}

func (f *face) meta(c *gin.Context, r *catalog.Release) gin.H {
	view := f.viewOf(c, r)
	var columns []viewColumn
	for _, name := range hidden {
		columns = append(columns, viewColumn{ID: -1, Name: strings.TrimPrefix(name, ":"), Field: name, DataType: "meta_data", RenderType: "meta_data", Format: map[string]any{}, Flags: []string{"hidden"}})
	}
	view["columns"] = append(columns, columnsOf(r, f.Lang(c))...)
	return view
}

// writeTable writes {"meta": ..., "data": [[...], ...]}.
func writeTable(w *bufio.Writer, q *Compiled, result query.Result, view []byte, published time.Time) error {
	w.WriteString(`{"meta":{"view":`)
	w.Write(view)
	w.WriteString("},\"data\":[")
	var buf []byte
	first := true
	at := strconv.FormatInt(published.Unix(), 10)
	for result.Next() {
		batch := result.RecordBatch()
		cell := cells(q.Columns, batch)
		for i := range int(batch.NumRows()) {
			if buf = buf[:0]; !first {
				buf = append(buf, "\n,"...)
			}
			first = false
			id, _ := cell(i, 0)
			buf = append(buf, '[')
			buf = appendString(append(appendString(buf, id), ','), id)
			buf = append(buf, ",0,"+at+",null,"+at+`,null,"{ }"`...)
			for j := 1; j < len(q.Columns); j++ {
				buf = append(buf, ',')
				switch v, null := cell(i, j); {
				case null:
					buf = append(buf, "null"...)
				case q.Columns[j].Kind == kindBoolean:
					buf = append(buf, v...)
				case q.Columns[j].Kind == kindFloating:
					buf = appendString(buf, strings.TrimSuffix(v, ".000"))
				default:
					buf = appendString(buf, v)
				}
			}
			buf = append(buf, ']')
			if _, err := w.Write(buf); err != nil {
				return err
			}
		}
	}
	_, err := w.WriteString("]}\n")
	return err
}
