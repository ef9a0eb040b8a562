package server

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/gin-gonic/gin"

	"govdata/catalog"
	"govdata/export"
	"govdata/server/query"
)

// answerExts are the suffixes of rows and sql, by which a format is chosen.
func answerExts() []string {
	return []string{".json", ".jsonl", ".csv", ".xlsx", ".parquet", ".arrow"}
}

// answerFormat is the format of an answer: by the path's suffix, ?format= or
// Accept, in this order; else JSON.
func answerFormat(c *gin.Context, ext, asked string) (catalog.Format, error) {
	if name := strings.TrimPrefix(ext, "."); name != "" {
		if asked != "" && asked != name {
			return catalog.Format{}, badParam("format", "found %q, but the path ends in .%s", asked, name)
		}
		f, _ := catalog.FormatOf(name)
		return f, nil
	}
	if asked != "" {
		f, ok := catalog.FormatOf(asked)
		if !ok || !slices.Contains(answerExts(), "."+asked) {
			return f, badParam("format", "found %q, want json, jsonl, csv, xlsx, parquet or arrow", asked)
		}
		return f, nil
	}
	for part := range strings.SplitSeq(c.GetHeader("Accept"), ",") {
		media, _, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		for _, f := range catalog.Formats {
			want, _, _ := mime.ParseMediaType(f.MediaType)
			if media == want && slices.Contains(answerExts(), "."+f.Ext) {
				return f, nil
			}
		}
	}
	f, _ := catalog.FormatOf("json")
	return f, nil
}

// question is what one request asks of the engine.
type question struct {
	request query.Request
	format  catalog.Format
	shape   string
	export  export.Options
	// names are the releases that the question turned out to use.
	names *Names
	// cursor makes the cursor of the next page, nil for SQL.
	cursor func(after []any) string
	// meta of the file, for formats that have a place for it.
	meta export.Meta
}

// sql answers /api/v1/sql.
func (s *Server) sql(ext string) func(*gin.Context) error {
	return func(c *gin.Context) error {
		q, err := s.sqlQuestion(c, ext)
		if err != nil {
			return err
		}
		return s.answer(c, q)
	}
}

const maxBody = 1 << 20

func (s *Server) sqlQuestion(c *gin.Context, ext string) (*question, error) {
	params := []string{"q", "format", "shape", "limit", "bom", "excel_safe"}
	for name := range c.Request.URL.Query() {
		if isBound(name) {
			params = append(params, name)
		}
	}
	if err := allow(c, params...); err != nil {
		return nil, err
	}
	values := c.Request.URL.Query()
	r := query.Request{SQL: values.Get("q")}
	if c.Request.Method == http.MethodPost {
		body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, maxBody))
		if err != nil {
			return nil, fmt.Errorf("the body is larger than %d bytes: %w", maxBody, catalog.ErrTooLarge)
		}
		if err := readBody(c.GetHeader("Content-Type"), body, &r, values); err != nil {
			return nil, err
		}
	}
	if r.SQL == "" {
		return nil, badParam("q", "there is no query; send q=SELECT ...")
	}
	for name, given := range values {
		if isBound(name) {
			if r.Named == nil {
				r.Named = map[string]any{}
			}
			r.Named[strings.TrimPrefix(name, "p.")] = given[0]
		}
	}
	if err := positional(&r); err != nil {
		return nil, err
	}
	f, err := answerFormat(c, ext, values.Get("format"))
	if err != nil {
		return nil, err
	}
	q := &question{request: r, format: f, meta: export.Meta{Query: r.SQL, Rows: -1, Lang: langOf(c), Software: s.o.Software}}
	return q, s.finishQuestion(c, q, values.Get("shape"), values.Get("limit"), values.Get("bom"), values.Get("excel_safe"))
}

// isBound recognises the parameters that are bound to the query: p1, p2, ...
// by place, and p.name by name.
func isBound(name string) bool {
	if rest, ok := strings.CutPrefix(name, "p."); ok {
		return rest != ""
	}
	rest, ok := strings.CutPrefix(name, "p")
	n, err := strconv.Atoi(rest)
	return ok && err == nil && n > 0 && n <= 100
}

// positional turns p1, p2, ... into a list.
func positional(r *query.Request) error {
	n := 0
	for {
		name := "p" + strconv.Itoa(n+1)
		v, ok := r.Named[name]
		if !ok {
			break
		}
		r.Params = append(r.Params, v)
		delete(r.Named, name)
		n++
	}
	if len(r.Params) > 0 && len(r.Named) > 0 {
		return badParam("p1", "parameters by place and by name do not go together")
	}
	if len(r.Named) == 0 {
		r.Named = nil
	}
	return nil
}

// readBody reads the three forms of a POST: JSON {"q","params"}, a form, or
// the text itself.
func readBody(contentType string, body []byte, r *query.Request, values map[string][]string) error {
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil && contentType != "" {
		return fmt.Errorf("Content-Type %q: %w", contentType, catalog.ErrInvalid)
	}
	switch media {
	case "application/json":
		var in struct {
			Q      string          `json:"q"`
			Params json.RawMessage `json:"params"`
			Format string          `json:"format"`
			Limit  json.Number     `json:"limit"`
			Shape  string          `json:"shape"`
		}
		d := json.NewDecoder(bytes.NewReader(body))
		d.DisallowUnknownFields()
		d.UseNumber()
		if err := d.Decode(&in); err != nil {
			return fmt.Errorf("the body is no JSON object {\"q\", \"params\", \"format\", \"limit\", \"shape\"}: %v: %w", err, catalog.ErrInvalid)
		}
		r.SQL = in.Q
		for name, v := range map[string]string{"format": in.Format, "limit": string(in.Limit), "shape": in.Shape} {
			if v != "" {
				values[name] = []string{v}
			}
		}
		if len(in.Params) == 0 || string(in.Params) == "null" {
			return nil
		}
		p := json.NewDecoder(bytes.NewReader(in.Params))
		p.UseNumber()
		if in.Params[0] == '[' {
			err = p.Decode(&r.Params)
		} else {
			err = p.Decode(&r.Named)
		}
		if err != nil {
			return fmt.Errorf("params: want an array or an object: %w", catalog.ErrInvalid)
		}
	case "application/x-www-form-urlencoded":
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return fmt.Errorf("the form is malformed: %w", catalog.ErrInvalid)
		}
		for name, v := range form {
			if name != "q" && name != "format" && name != "shape" && name != "limit" && name != "bom" && name != "excel_safe" && name != "lang" && !isBound(name) {
				return badParam(name, "unknown parameter")
			}
			values[name] = v
		}
		r.SQL = form.Get("q")
	case "application/sql", "text/plain", "":
		r.SQL = string(body)
	default:
		return fmt.Errorf("Content-Type %q: want application/json, application/sql or a form: %w", media, catalog.ErrInvalid)
	}
	return nil
}

// rows answers /api/v1/datasets/{id}/rows.
func (s *Server) rows(ext string) func(*gin.Context) error {
	return func(c *gin.Context) error {
		if err := allow(c, "select", "where", "group_by", "order", "limit", "cursor", "release", "format", "shape", "bom", "excel_safe"); err != nil {
			return err
		}
		name := c.Param("id")
		if release := c.Query("release"); release != "" {
			name += "@" + release
		}
		ref, err := catalog.ParseRef(name)
		if err != nil {
			return err
		}
		r, err := s.o.Catalog.Resolve(ref)
		if err != nil {
			return err
		}
		f, err := answerFormat(c, ext, c.Query("format"))
		if err != nil {
			return err
		}
		q, err := s.rowsQuestion(c, r, f)
		if err != nil {
			return err
		}
		if cursor := c.Query("cursor"); cursor != "" {
			// A cursor goes on in the release in which it began.
			if err := q.resume(s, c, r, cursor); err != nil {
				return err
			}
		}
		if err := s.finishQuestion(c, q, c.Query("shape"), c.Query("limit"), c.Query("bom"), c.Query("excel_safe")); err != nil {
			return err
		}
		return s.answer(c, q)
	}
}

// rowsQuestion asks for rows of one release after the request's parameters.
func (s *Server) rowsQuestion(c *gin.Context, r *catalog.Release, f catalog.Format) (*question, error) {
	if err := open(r, langOf(c)); err != nil {
		return nil, err
	}
	order, err := orderOf(c.Query("order"))
	if err != nil {
		return nil, err
	}
	rows := &query.RowsRequest{Table: r.Ref().String(), Select: split(c.Query("select")), Where: c.Query("where"), GroupBy: split(c.Query("group_by")), Order: order, Total: true}
	q := &question{request: query.Request{Rows: rows}, format: f,
		meta: export.Meta{Dataset: &r.Dataset, Release: r.Release, PublishedAt: r.PublishedAt, Rows: -1, Lang: langOf(c), Software: s.o.Software, URL: s.base(c) + c.Request.URL.RequestURI()}}
	q.cursor = func(after []any) string { return cursorOf(r, fingerprint(c), after) }
	return q, nil
}

// split cuts a list at the commas that stand outside brackets and quotes.
func split(list string) []string {
	var items []string
	depth, start := 0, 0
	var quote byte
	for i := 0; i <= len(list); i++ {
		if i == len(list) || list[i] == ',' && depth == 0 && quote == 0 {
			if item := strings.TrimSpace(list[start:i]); item != "" {
				items = append(items, item)
			}
			start = i + 1
			continue
		}
		switch ch := list[i]; {
		case quote != 0:
			if ch == quote {
				quote = 0
			}
		case ch == '\'' || ch == '"':
			quote = ch
		case ch == '(' || ch == '[' || ch == '{':
			depth++
		case ch == ')' || ch == ']' || ch == '}':
			depth--
		}
	}
	return items
}

// orderOf reads "field, other desc" or "field,-other".
func orderOf(list string) ([]query.OrderBy, error) {
	var order []query.OrderBy
	for _, item := range split(list) {
		o := query.OrderBy{Field: item}
		if rest, ok := strings.CutPrefix(item, "-"); ok {
			o.Field, o.Desc = rest, true
		}
		if i := strings.LastIndexByte(o.Field, ' '); i > 0 {
			switch strings.ToLower(o.Field[i+1:]) {
			case "asc":
				o.Field = strings.TrimSpace(o.Field[:i])
			case "desc":
				o.Field, o.Desc = strings.TrimSpace(o.Field[:i]), true
			}
		}
		if o.Field == "" {
			return nil, badParam("order", "found %q, want field or field desc", item)
		}
		order = append(order, o)
	}
	return order, nil
}

// fingerprint tells the parameters of one list of rows from those of another.
func fingerprint(c *gin.Context) string {
	h := fnv.New64a()
	for _, p := range []string{"select", "where", "group_by", "order"} {
		fmt.Fprintf(h, "%s=%q;", p, c.Query(p))
	}
	return strconv.FormatUint(h.Sum64(), 36)
}

type cursor struct {
	Release catalog.ReleaseID `json:"r"`
	Params  string            `json:"p"`
	After   []any             `json:"a"`
}

func cursorOf(r *catalog.Release, params string, after []any) string {
	b, err := json.Marshal(cursor{r.Release, params, after})
	if err != nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// resume continues behind a cursor.
func (q *question) resume(s *Server, c *gin.Context, r *catalog.Release, given string) error {
	b, err := base64.RawURLEncoding.DecodeString(given)
	var at cursor
	if err == nil {
		d := json.NewDecoder(bytes.NewReader(b))
		d.UseNumber()
		err = d.Decode(&at)
	}
	if err != nil || len(at.After) == 0 {
		return badParam("cursor", "it is none that was given out here")
	}
	if at.Params != fingerprint(c) {
		return badParam("cursor", "it belongs to other parameters; change none of select, where, group_by and order between pages")
	}
	if release := c.Query("release"); release != "" && release != string(at.Release) {
		return badParam("cursor", "it belongs to release %s", at.Release)
	}
	then, err := s.o.Catalog.Resolve(catalog.Ref{Dataset: r.Dataset.ID, Release: at.Release})
	if err != nil {
		return err
	}
	if err := open(then, langOf(c)); err != nil {
		return err
	}
	q.request.Rows.Table, q.request.Rows.After = then.Ref().String(), at.After
	q.cursor = func(after []any) string { return cursorOf(then, fingerprint(c), after) }
	q.meta.Dataset, q.meta.Release, q.meta.PublishedAt = &then.Dataset, then.Release, then.PublishedAt
	return nil
}

// finishQuestion reads the parameters that rows and sql share.
func (s *Server) finishQuestion(c *gin.Context, q *question, shape, limit, bom, safe string) error {
	if shape != "" && shape != "objects" && shape != "arrays" {
		return badParam("shape", "found %q, want objects or arrays", shape)
	}
	q.shape = shape
	q.request.MaxRows = defaultRows
	q.request.Deadline = s.o.Limits.Interactive
	if q.format.Ext != "json" {
		// Files are whole unless a limit is asked for.
		q.request.MaxRows = 0
		q.request.Deadline = s.o.Limits.Export
	}
	if limit != "" {
		n, err := strconv.ParseInt(limit, 10, 64)
		switch {
		case err != nil || n < 0:
			return badParam("limit", "found %q, want a number", limit)
		case q.format.Ext == "json" && n > maxRows:
			return badParam("limit", "found %d; JSON gives at most %d rows at a time: use the cursor, or another format", n, maxRows)
		case n == 0:
			n = -1 // no rows, only the columns
		}
		q.request.MaxRows = n
	}
	for name, v := range map[string]string{"bom": bom, "excel_safe": safe} {
		if v != "" && v != "0" && v != "1" {
			return badParam(name, "found %q, want 0 or 1", v)
		}
		if v != "" && !strings.HasPrefix(q.format.Ext, "csv") {
			return badParam(name, "it goes with CSV alone")
		}
	}
	q.export = export.Options{BOM: bom == "1", ExcelSafe: safe == "1"}
	q.names = NewNames(s.o.Catalog, langOf(c))
	q.request.Resolve = q.names.Resolve
	q.request.Tables = q.names.Known
	return nil
}

// filtered makes a file on the fly, for /d/{id}.{ext} with filters.
func (s *Server) filtered(c *gin.Context, r *catalog.Release, f catalog.Format) error {
	q, err := s.rowsQuestion(c, r, f)
	if err != nil {
		return err
	}
	if err := s.finishQuestion(c, q, "", c.Query("limit"), c.Query("bom"), c.Query("excel_safe")); err != nil {
		return err
	}
	return s.answer(c, q)
}

// answer runs the question and writes its result.
func (s *Server) answer(c *gin.Context, q *question) error {
	began := time.Now()
	columnsOnly := q.request.MaxRows < 0
	if columnsOnly {
		q.request.MaxRows = 1
	}
	if q.request.Rows != nil {
		q.request.Rows.Limit = q.request.MaxRows
	}
	result, err := s.o.Engine.Query(c.Request.Context(), q.request)
	s.metrics.queries.WithLabelValues(outcome(err)).Inc()
	if err != nil {
		return err
	}
	defer result.Close()
	if c.Writer.Header().Get("Cache-Control") == "" {
		c.Header("Cache-Control", "no-cache")
	}
	if total := result.Total(); total != nil {
		c.Header("X-Total-Rows", strconv.FormatInt(*total, 10))
		// A page that all rows fit on is whole; so much is known beforehand.
		whole := (q.request.MaxRows == 0 || *total <= q.request.MaxRows) && q.request.Rows.After == nil
		c.Header("X-Truncated", strconv.FormatBool(!whole))
	} else if q.format.Ext != "json" && q.request.MaxRows == 0 {
		c.Header("X-Truncated", "false")
	} else if q.format.Ext != "json" {
		c.Header("Trailer", "X-Truncated")
	}
	if c.Writer.Header().Get("Content-Disposition") == "" && q.format.Ext != "json" {
		name := "result." + q.format.Ext
		if q.meta.Dataset != nil {
			name = string(q.meta.Dataset.ID) + "-" + string(q.meta.Release) + "-rows." + q.format.Ext
		}
		c.Header("Content-Disposition", disposition(name, name))
	}
	c.Header("Content-Type", q.format.MediaType)
	if c.Request.Method == http.MethodHead {
		c.Status(http.StatusOK)
		return nil
	}
	w := bufio.NewWriterSize(rawWriter(c), 64<<10)
	if q.format.Ext == "json" {
		err = s.writeJSON(w, q, result, columnsOnly, began)
	} else {
		_, err = export.Write(c.Request.Context(), w, q.format, result, q.meta, q.export)
	}
	if err = errors.Join(err, result.Err()); err != nil {
		return err
	}
	if c.Writer.Header().Get("Trailer") != "" {
		c.Writer.Header().Set("X-Truncated", strconv.FormatBool(result.Truncated()))
	}
	return w.Flush()
}

// outcome labels how a query began, for metrics.
func outcome(err error) string {
	for _, category := range categories {
		if errors.Is(err, category.err) {
			return category.slug
		}
	}
	if err != nil {
		return "failed"
	}
	return "ok"
}

// writeJSON writes the envelope of API.md. Whether the rows are all is known
// after the last one, and so stands behind them.
func (s *Server) writeJSON(w *bufio.Writer, q *question, result *query.Result, columnsOnly bool, began time.Time) error {
	columns, err := json.Marshal(columnsOf(result.Schema()))
	if err != nil {
		return err
	}
	fmt.Fprintf(w, `{"columns":%s,"rows":[`, columns)
	var returned int64
	var buf []byte
	for result.Next() {
		if columnsOnly {
			continue
		}
		batch := result.RecordBatch()
		rows := export.NewJSONRows(batch, export.JSONOptions{Arrays: q.shape == "arrays", Strings: true})
		for i := range int(batch.NumRows()) {
			buf = buf[:0]
			if returned > 0 {
				buf = append(buf, ',')
			}
			buf = append(rows.Append(buf, i), '\n')
			if _, err := w.Write(buf); err != nil {
				return err
			}
			returned++
		}
	}
	if err := result.Err(); err != nil {
		return err
	}
	var next *string
	if after := result.NextAfter(); after != nil && q.cursor != nil && result.Truncated() && !columnsOnly {
		text := q.cursor(after)
		next = &text
	}
	tail, err := json.Marshal(struct {
		Returned  int64             `json:"returned"`
		Total     *int64            `json:"total"`
		Truncated bool              `json:"truncated"`
		Release   map[string]string `json:"release"`
		Elapsed   int64             `json:"elapsed_ms"`
		Next      *string           `json:"next_cursor"`
	}{returned, totalOf(result, returned, columnsOnly), result.Truncated(), q.names.used(), time.Since(began).Milliseconds(), next})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "],%s\n", tail[1:])
	return err
}

// totalOf is the number of all rows: what was counted, or what was returned
// where that was all.
func totalOf(result *query.Result, returned int64, columnsOnly bool) *int64 {
	if total := result.Total(); total != nil {
		return total
	}
	if result.Truncated() || columnsOnly {
		return nil
	}
	return &returned
}

type column struct {
	Name string `json:"name"`
	Type string `json:"type"`
	// JSON says how values stand in rows: decimals as strings, integers as
	// numbers up to 2^53 and as strings beyond.
	JSON string `json:"json"`
}

func columnsOf(schema *arrow.Schema) []column {
	columns := []column{}
	for _, f := range schema.Fields() {
		columns = append(columns, column{f.Name, typeName(f.Type), jsonForm(f.Type)})
	}
	return columns
}

func typeName(t arrow.DataType) string {
	switch t := t.(type) {
	case *arrow.StringType:
		return "VARCHAR"
	case *arrow.Int64Type:
		return "BIGINT"
	case *arrow.Int32Type:
		return "INTEGER"
	case *arrow.Float64Type:
		return "DOUBLE"
	case *arrow.BooleanType:
		return "BOOLEAN"
	case *arrow.Date32Type:
		return "DATE"
	case *arrow.TimestampType:
		if t.TimeZone != "" {
			return "TIMESTAMP WITH TIME ZONE"
		}
		return "TIMESTAMP"
	case *arrow.Decimal128Type:
		return fmt.Sprintf("DECIMAL(%d,%d)", t.Precision, t.Scale)
	}
	return strings.ToUpper(t.String())
}

func jsonForm(t arrow.DataType) string {
	switch t.ID() {
	case arrow.BOOL:
		return "boolean"
	case arrow.DECIMAL128, arrow.DECIMAL256, arrow.UINT64:
		return "string"
	case arrow.INT64:
		return "number, string beyond 2^53"
	case arrow.INT8, arrow.INT16, arrow.INT32, arrow.UINT8, arrow.UINT16, arrow.UINT32, arrow.FLOAT32, arrow.FLOAT64:
		return "number"
	case arrow.LIST, arrow.STRUCT, arrow.MAP, arrow.LARGE_LIST, arrow.FIXED_SIZE_LIST:
		return "nested"
	}
	return "string"
}
