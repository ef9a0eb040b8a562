package server

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/gin-gonic/gin"

	"govdata/catalog"
	"govdata/export"
	"govdata/server/problem"
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
			return catalog.Format{}, problem.BadParam("format", "是 %q，而路径以 .%s 结尾", "found %q, but the path ends in .%s", asked, name)
		}
		f, _ := catalog.FormatOf(name)
		return f, nil
	}
	if asked != "" {
		f, ok := catalog.FormatOf(asked)
		if !ok || !slices.Contains(answerExts(), "."+asked) {
			return f, problem.BadParam("format", "是 %q，只能是 json、jsonl、csv、xlsx、parquet 或 arrow", "found %q, want json, jsonl, csv, xlsx, parquet or arrow", asked)
		}
		return f, nil
	}
	chosen, _ := catalog.FormatOf("json")
	best := 0.0
	for part := range strings.SplitSeq(c.GetHeader("Accept"), ",") {
		media, params, err := mime.ParseMediaType(part)
		weight := 1.0
		if q, ok := params["q"]; ok && err == nil {
			weight, err = strconv.ParseFloat(q, 64)
		}
		if err != nil || weight <= best {
			continue
		}
		for _, f := range catalog.Formats {
			want, _, _ := mime.ParseMediaType(f.MediaType)
			if media == want && slices.Contains(answerExts(), "."+f.Ext) {
				chosen, best = f, weight
				break
			}
		}
	}
	return chosen, nil
}

// question is what one request asks of the engine.
type question struct {
	request query.Request
	format  catalog.Format
	shape   string
	// columnsOnly asks for no rows (limit=0).
	columnsOnly bool
	// cite asks for a citation beside the rows.
	cite   bool
	export export.Options
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
		q, err := s.sqlQuestion(c, ext, "")
		if err != nil {
			return err
		}
		return s.answer(c, q)
	}
}

const maxBody = 1 << 20

// sqlQuestion reads the question of a request. Where otherwise is set, it is the
// format of one that asks for none.
func (s *Server) sqlQuestion(c *gin.Context, ext, otherwise string) (*question, error) {
	values := c.Request.URL.Query()
	if err := allow(c, sqlParams(values)...); err != nil {
		return nil, err
	}
	var r query.Request
	if c.Request.Method == http.MethodPost {
		body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, maxBody))
		if large := (*http.MaxBytesError)(nil); errors.As(err, &large) {
			return nil, fmt.Errorf("the body is larger than %d bytes: %w", maxBody, catalog.ErrTooLarge)
		} else if err != nil {
			return nil, fmt.Errorf("the body broke off: %v: %w", err, catalog.ErrInvalid)
		}
		if err := readBody(c.GetHeader("Content-Type"), body, &r, values); err != nil {
			return nil, err
		}
	}
	if r.SQL = values.Get("q"); strings.TrimSpace(r.SQL) == "" {
		return nil, problem.BadParam("q", "缺失；请给出 q=SELECT ...", "there is no query; send q=SELECT ...")
	}
	if err := bind(values, &r); err != nil {
		return nil, err
	}
	asked := values.Get("format")
	if asked == "" {
		asked = otherwise
	}
	f, err := answerFormat(c, ext, asked)
	if err != nil {
		return nil, err
	}
	for name, v := range map[string]string{"estimate": values.Get("estimate"), "cite": values.Get("cite")} {
		if v != "" && v != "0" && v != "1" {
			return nil, problem.BadParam(name, "是 %q，只能是 0 或 1", "found %q, want 0 or 1", v)
		}
	}
	r.Estimate = values.Get("estimate") == "1"
	q := &question{request: r, format: f, cite: values.Get("cite") == "1", meta: export.Meta{Query: r.SQL, Rows: -1, Lang: langOf(c), Software: s.o.Software}}
	if q.cite && f.Ext != "json" {
		return nil, problem.BadParam("cite", "只用于 JSON", "it goes with JSON alone")
	}
	return q, s.finishQuestion(c, q, values.Get("shape"), values.Get("limit"), values.Get("bom"), values.Get("excel_safe"))
}

// bound are the parameters that are bound to the query: p1, p2, ... by place,
// and p.name by name.
var bound = regexp.MustCompile(`^p(\.[A-Za-z_][A-Za-z0-9_]*|[1-9][0-9]?)$`)

// sqlParams names what can be given beside a query, in an address or a form.
func sqlParams(values url.Values) []string {
	names := []string{"q", "format", "shape", "limit", "bom", "excel_safe", "estimate", "cite"}
	for name := range values {
		if bound.MatchString(name) {
			names = append(names, name)
		}
	}
	return names
}

// bind adds the bound parameters among values to r.
func bind(values url.Values, r *query.Request) error {
	var places []any
	named := map[string]any{}
	for name, given := range values {
		if rest, ok := strings.CutPrefix(name, "p."); ok {
			named[rest] = given[0]
		} else if bound.MatchString(name) {
			places = append(places, nil)
		}
	}
	for i := range places {
		name := "p" + strconv.Itoa(i+1)
		if !values.Has(name) {
			return problem.BadParam(name, "缺失；按位置的参数须从 p1 起连续", "it is missing; parameters by place go on from p1 without a gap")
		}
		places[i] = values.Get(name)
	}
	if given := len(places) + len(named); given == 0 {
		return nil
	} else if len(r.Params)+len(r.Named) > 0 || len(places) > 0 && len(named) > 0 {
		return problem.BadParam("p", "只能用一种方式给出：p1、p2……，p.名称，或正文中的 params", "give parameters in one way: p1, p2, ..., p.name, or params in the body")
	}
	r.Params, r.Named = places, named
	return nil
}

// readBody reads the three forms of a POST into r and values: JSON
// {"q","params"}, a form, or the text itself.
func readBody(contentType string, body []byte, r *query.Request, values url.Values) error {
	if contentType == "" {
		contentType = "application/sql"
	}
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return fmt.Errorf("Content-Type %q: %w", contentType, catalog.ErrInvalid)
	}
	given := url.Values{} // what the body says beside params
	switch media {
	case "application/json":
		err = readJSON(body, r, given)
	case "application/x-www-form-urlencoded":
		if given, err = url.ParseQuery(string(body)); err != nil {
			return fmt.Errorf("the form is malformed: %v: %w", err, catalog.ErrInvalid)
		}
		err = known(given, sqlParams(given))
	case "application/sql", "text/plain":
		if len(body) > 0 {
			given.Set("q", string(body))
		}
	default:
		err = fmt.Errorf("Content-Type %q: want application/json, application/sql or a form: %w", media, catalog.ErrInvalid)
	}
	if err != nil {
		return err
	}
	for name, v := range given {
		if values.Has(name) {
			return problem.BadParam(name, "在地址和正文中各出现一次", "given in the address and in the body")
		}
		values[name] = v
	}
	return nil
}

// readJSON reads {"q", "params", "format", "limit", "shape"}.
func readJSON(body []byte, r *query.Request, given url.Values) error {
	var in struct {
		Q      string          `json:"q"`
		Params json.RawMessage `json:"params"`
		Format string          `json:"format"`
		Limit  json.Number     `json:"limit"`
		Shape  string          `json:"shape"`
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	err := d.Decode(&in)
	if err == nil && d.More() {
		err = errors.New("there is more behind it")
	}
	if err != nil {
		return fmt.Errorf("the body is no JSON object {\"q\", \"params\", \"format\", \"limit\", \"shape\"}: %v: %w", err, catalog.ErrInvalid)
	}
	for name, v := range map[string]string{"q": in.Q, "format": in.Format, "limit": in.Limit.String(), "shape": in.Shape} {
		if v != "" {
			given.Set(name, v)
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
		c.Header("X-Release", string(q.meta.Release))
		if f.Ext != "json" {
			c.Header("Content-Disposition", disposition(q.meta.Dataset, string(q.meta.Release)+"-rows."+f.Ext, langOf(c)))
		}
		return s.answer(c, q)
	}
}

// rowsQuestion asks for rows of one release after the request's parameters.
func (s *Server) rowsQuestion(c *gin.Context, r *catalog.Release, f catalog.Format) (*question, error) {
	if err := open(c, r); err != nil {
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
			return nil, problem.BadParam("order", "含 %q，应为“字段”或“字段 desc”", "found %q, want field or field desc", item)
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

func parseCursor(given string) (cursor, error) {
	var at cursor
	b, err := base64.RawURLEncoding.DecodeString(given)
	if err == nil {
		d := json.NewDecoder(bytes.NewReader(b))
		d.UseNumber()
		err = d.Decode(&at)
	}
	if err != nil || len(at.After) == 0 || at.Release == "" {
		return cursor{}, problem.BadParam("cursor", "不是本站给出的", "it is none that was given out here")
	}
	return at, nil
}

// resume continues behind a cursor.
func (q *question) resume(s *Server, c *gin.Context, r *catalog.Release, given string) error {
	at, err := parseCursor(given)
	if err != nil {
		return err
	}
	if at.Params != fingerprint(c) {
		return problem.BadParam("cursor", "属于另一组参数；翻页时不要改动 select、where、group_by 和 order", "it belongs to other parameters; change none of select, where, group_by and order between pages")
	}
	if release := c.Query("release"); release != "" && release != string(at.Release) {
		return problem.BadParam("cursor", "属于版本 %s", "it belongs to release %s", at.Release)
	}
	then, err := s.o.Catalog.Resolve(catalog.Ref{Dataset: r.Dataset.ID, Release: at.Release})
	if err != nil {
		return err
	}
	if err := open(c, then); err != nil {
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
		return problem.BadParam("shape", "是 %q，只能是 objects 或 arrays", "found %q, want objects or arrays", shape)
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
		case err != nil || n < 0 || n > mostRows:
			return problem.BadParam("limit", "是 %q，应为 0 到 %d 之间的整数", "found %q, want a number from 0 to %d", limit, mostRows)
		case q.format.Ext == "json" && n > maxRows:
			return problem.BadParam("limit", "是 %d，而 JSON 一次最多 %d 行；请用游标翻页或改用其他格式", "found %d; JSON gives at most %d rows at a time: use the cursor, or another format", n, maxRows)
		}
		// One row tells whether there is any.
		q.columnsOnly, q.request.MaxRows = n == 0, max(n, 1)
	}
	for name, v := range map[string]string{"bom": bom, "excel_safe": safe} {
		if v != "" && v != "0" && v != "1" {
			return problem.BadParam(name, "是 %q，只能是 0 或 1", "found %q, want 0 or 1", v)
		}
		if v != "" && !strings.HasPrefix(q.format.Ext, "csv") {
			return problem.BadParam(name, "只用于 CSV", "it goes with CSV alone")
		}
	}
	q.export = export.Options{BOM: bom == "1", ExcelSafe: safe == "1"}
	q.names = newNames(s.o.Catalog, langOf(c), accessOf(c))
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
func (s *Server) answer(c *gin.Context, q *question) (err error) {
	began := time.Now()
	defer func() { s.metrics.queries.WithLabelValues(outcome(err)).Inc() }()
	// Who gets every row gets their number behind the last one; finding it out
	// beforehand would be a scan of its own.
	counted := q.request.MaxRows == 0 && q.format.Ext != "json" && c.Request.Method != http.MethodHead
	if q.request.Rows != nil {
		q.request.Rows.Limit = q.request.MaxRows
		q.request.Rows.Total = !counted
	}
	if ext := q.format.Ext; (ext == "csv" || ext == "jsonl") && !q.columnsOnly && c.Request.Method != http.MethodHead {
		q.request.Text = &query.Text{Format: ext, Options: q.export}
	}
	base := s.base(c)
	key, err := q.key(c, base)
	if err != nil {
		return err
	}
	if c.Request.Method != http.MethodHead && s.recall(c, q, key) {
		return nil
	}
	ctx, cancel := context.WithCancel(c.Request.Context())
	defer cancel()
	result, err := s.ask(ctx, q.request)
	if err != nil {
		return err
	}
	defer result.Close()
	a := &answer{question: q, rows: result, total: result.Total(), truncated: result.Truncated, began: began}
	if q.columnsOnly {
		if err := a.dropRows(); err != nil {
			return err
		}
	}
	h := c.Writer.Header()
	if q.names.private() {
		private(c)
	} else if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", revalidate)
	}
	lasts := s.lasting(c, q, key, result)
	if a.permalink = q.permalink(base, result); a.permalink != "" {
		h.Set("Link", "<"+a.permalink+`>; rel="canonical"`)
	}
	if q.cite {
		a.citation = q.citation(base, a.permalink, langOf(c), began, result)
	}
	h.Add("Vary", "Accept, Accept-Language")
	h.Set("Content-Type", q.format.MediaType)
	if h.Get("Content-Disposition") == "" && q.format.Ext != "json" {
		h.Set("Content-Disposition", `attachment; filename="result.`+q.format.Ext+`"`)
	}
	whole, sure := a.whole()
	if a.total != nil {
		h.Set("X-Total-Rows", strconv.FormatInt(*a.total, 10))
	}
	if sure {
		h.Set("X-Truncated", strconv.FormatBool(!whole))
	}
	if c.Request.Method == http.MethodHead {
		if !sure && q.format.Ext != "json" {
			for result.Next() {
			}
			h.Set("X-Truncated", strconv.FormatBool(result.Truncated()))
		}
		if err := result.Err(); err != nil {
			return err
		}
		c.Status(http.StatusOK)
		return nil
	}

	out := newSpool(&s.spools)
	written := make(chan struct{})
	go func() {
		defer close(written)
		out.end(guarded(func() error { return a.write(ctx, out, result) }))
	}()
	// The result is closed by who asked for it, when nobody reads it any more.
	defer func() { cancel(); out.close(); <-written }()
	whole, err = out.begin()
	if err != nil {
		return err
	}
	// What is known behind the last row alone stands in the header where all rows
	// are there before the first is sent, and else in the trailer.
	var late []string
	if counted {
		late = append(late, "X-Total-Rows")
	}
	if !sure && q.format.Ext != "json" {
		late = append(late, "X-Truncated")
	}
	tell := func() {
		for _, name := range late {
			h.Set(name, map[string]string{"X-Total-Rows": strconv.FormatInt(a.written, 10), "X-Truncated": strconv.FormatBool(result.Truncated())}[name])
		}
	}
	if whole {
		tell()
		if lasts {
			s.remember(q, key, h, out)
		}
	} else if len(late) > 0 {
		h.Set("Trailer", strings.Join(late, ", "))
	}
	if _, err := out.WriteTo(rawWriter(c)); err != nil {
		return err
	}
	if !whole {
		tell()
	}
	return nil
}

// write writes the answer's body to the end of its rows.
func (a *answer) write(ctx context.Context, out *spool, result query.Result) error {
	if a.request.Text != nil {
		_, err := out.ReadFrom(result)
		a.written = result.Rows()
		return err
	}
	w := bufio.NewWriterSize(out, 64<<10)
	var err error
	if a.format.Ext == "json" {
		err = a.writeJSON(w, result)
	} else {
		a.written, err = export.Write(ctx, w, a.format, a.rows, a.meta, a.export)
	}
	if failed := result.Err(); failed != nil {
		return failed // why the writing failed
	}
	if err != nil {
		return err
	}
	return w.Flush()
}

// outcome labels how a query ended, for metrics.
func outcome(err error) string {
	if slug := problem.Slug(err); slug != "" {
		return slug
	}
	switch {
	case errors.Is(err, context.Canceled):
		return "abandoned"
	case err != nil:
		return "failed"
	}
	return "ok"
}

// answer is the result of a question on its way out.
type answer struct {
	*question
	rows array.RecordReader
	// total is the number of all matching rows, nil where it is not known.
	total *int64
	// truncated tells, behind the last row, whether there would be more.
	truncated func() bool
	began     time.Time
	// written is the number of rows in a file, once it is whole.
	written   int64
	permalink string
	citation  *citation
}

// dropRows keeps the columns alone.
func (a *answer) dropRows() error {
	some := false
	for !some && a.rows.Next() {
		some = a.rows.RecordBatch().NumRows() > 0
	}
	if err := a.rows.Err(); err != nil {
		return err
	}
	a.truncated = func() bool { return some }
	var err error
	a.rows, err = array.NewRecordReader(a.rows.Schema(), nil)
	return err
}

// whole tells whether no rows are left behind the answer, and whether that is
// certain before the last of its own.
func (a *answer) whole() (whole, sure bool) {
	switch {
	case a.columnsOnly:
		return !a.truncated(), true
	case a.request.MaxRows == 0:
		return true, true
	case a.total != nil && a.request.Rows.After == nil:
		return *a.total <= a.request.MaxRows, true
	}
	return false, false
}

// writeJSON writes the envelope of API.md. Whether the rows are all is known
// after the last one, and so stands behind them.
func (a *answer) writeJSON(w *bufio.Writer, result query.Result) error {
	columns, err := json.Marshal(columnsOf(result.Schema()))
	if err != nil {
		return err
	}
	fmt.Fprintf(w, `{"columns":%s,"rows":[`, columns)
	var returned int64
	var buf []byte
	for a.rows.Next() {
		batch := a.rows.RecordBatch()
		rows := export.NewJSONRows(batch, export.JSONOptions{Arrays: a.shape == "arrays", Strings: true})
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
	if err := a.rows.Err(); err != nil {
		return err
	}
	truncated := a.truncated()
	total := a.total
	if total == nil && !truncated {
		total = &returned
	}
	var next *string
	if after := result.NextAfter(); after != nil && a.cursor != nil && truncated && !a.columnsOnly {
		text := a.cursor(after)
		next = &text
	}
	tail, err := json.Marshal(struct {
		Returned  int64                        `json:"returned"`
		Total     *int64                       `json:"total"`
		Truncated bool                         `json:"truncated"`
		Release   map[string]catalog.ReleaseID `json:"release"`
		Elapsed   int64                        `json:"elapsed_ms"`
		Next      *string                      `json:"next_cursor"`
		Permalink string                       `json:"permalink,omitempty"`
		Citation  *citation                    `json:"citation,omitempty"`
	}{returned, total, truncated, a.names.used(), time.Since(a.began).Milliseconds(), next, a.permalink, a.citation})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "],%s\n", tail[1:])
	return err
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
