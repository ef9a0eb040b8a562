package soda

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/gin-gonic/gin"

	"govdata/catalog"
	"govdata/server/query"
)

const (
	// defaultLimit is how many rows an answer has that asks for no number.
	defaultLimit = 1000
	// longLimit is from how many rows on an answer has the time of an export.
	longLimit = 10_000
	// headerLimit is how long X-SODA2-Fields and -Types may be together; longer ones
	// are left out, as Socrata does.
	headerLimit = 5000
	// maxQuery bounds the SoQL of one request.
	maxQuery = 16 << 10
)

// formats are the endings of /resource, and the media types that mean them.
var formats = []struct {
	ext, mediaType string
	accept         []string
}{
	{"json", "application/json; charset=utf-8", []string{"application/json", "*/*", "application/*"}},
	{"csv", "text/csv; charset=utf-8", []string{"text/csv", "text/*"}},
	{"geojson", "application/vnd.geo+json; charset=utf-8", []string{"application/vnd.geo+json", "application/geo+json"}},
}

// formatOf splits the format off a name; without an ending Accept decides.
func formatOf(name, accept string) (rest, ext, mediaType string, err error) {
	for _, f := range formats {
		if rest, ok := strings.CutSuffix(name, "."+f.ext); ok {
			return rest, f.ext, f.mediaType, nil
		}
	}
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		return "", "", "", &Fault{http.StatusNotAcceptable, "not-acceptable", fmt.Sprintf("there is no format %q; the formats are json, csv and geojson", clip(name[i+1:])), map[string]any{}}
	}
	best, chosen := 0.0, formats[0]
	for part := range strings.SplitSeq(accept, ",") {
		media, params, err := mime.ParseMediaType(part)
		weight := 1.0
		if q, ok := params["q"]; ok && err == nil {
			weight, err = strconv.ParseFloat(q, 64)
		}
		if err != nil || weight <= best {
			continue
		}
		for _, f := range formats {
			if slices.Contains(f.accept, media) {
				best, chosen = weight, f
				break
			}
		}
	}
	return name, chosen.ext, chosen.mediaType, nil
}

// resource answers /resource/{id}.
func (f *face) resource(c *gin.Context) error {
	name, ext, mediaType, err := formatOf(c.Param("id"), c.GetHeader("Accept"))
	if err != nil {
		return err
	}
	r, err := f.release(name)
	if err != nil {
		return err
	}
	values, err := url.ParseQuery(c.Request.URL.RawQuery)
	if err != nil {
		return &Fault{http.StatusBadRequest, "req.bad-parameter", "the query string is malformed: " + err.Error(), map[string]any{}}
	}
	chain, err := chainOf(values, r.Dataset.Public())
	if err != nil {
		return err
	}
	q, err := Compile(chain, f.table(r))
	if err != nil {
		return err
	}
	return f.answer(c, r, q, answer{ext: ext, mediaType: mediaType, limit: *chain[len(chain)-1].limit, soda: ext != "geojson"})
}

func (f *face) table(r *catalog.Release) Table {
	return Table{Name: r.Ref().String(), Fields: r.Dataset.Public(), Published: r.PublishedAt, Now: time.Now()}
}

// chainOf reads the parameters of an address.
func chainOf(values url.Values, fields []catalog.Field) ([]*statement, error) {
	given := map[string]string{}
	filters := map[string]string{}
	var unknown []string
	size := 0
	// In one order, so that of two faults always the same one is told.
	for _, name := range slices.Sorted(maps.Keys(values)) {
		key, list := strings.ToLower(name), values[name]
		switch key {
		case "$select", "$where", "$group", "$having", "$order", "$limit", "$offset", "$q", "$query", "$$exclude_system_fields":
			if _, twice := given[key]; twice || len(list) > 1 {
				return nil, badParameter(name, "it is given more than once")
			}
			given[key] = list[0]
			size += len(list[0])
		case "$$app_token", "$$read_from_nbe":
			// Tokens are for Socrata's own throttling, and there is one backend.
		case "$$version":
			if list[0] != "2.1" {
				return nil, badParameter(name, "this is version 2.1")
			}
		default:
			known := strings.HasPrefix(key, ":") && slices.Contains([]string{":id", ":created_at", ":updated_at"}, key) ||
				slices.ContainsFunc(fields, func(f catalog.Field) bool { return f.Name == fold(key) })
			if !known {
				unknown = append(unknown, name)
				continue
			}
			if _, twice := filters[fold(key)]; twice || len(list) > 1 {
				return nil, badParameter(name, "it is given more than once; write $where=%s IN (...)", name)
			}
			filters[fold(key)] = list[0]
		}
	}
	if len(unknown) > 0 {
		slices.Sort(unknown)
		return nil, &Fault{http.StatusBadRequest, "", fmt.Sprintf("Unrecognized arguments [%s]", clip(strings.Join(unknown, ", "))), map[string]any{"arguments": unknown}}
	}
	if size > maxQuery {
		return nil, &Fault{http.StatusBadRequest, "query.compiler.malformed", fmt.Sprintf("the query has %d bytes; at most %d are allowed", size, maxQuery), map[string]any{}}
	}
	limit, err := count(given, "$limit")
	if err != nil {
		return nil, err
	}
	offset, err := count(given, "$offset")
	if err != nil {
		return nil, err
	}
	var chain []*statement
	if text, ok := given["$query"]; ok {
		for _, other := range []string{"$select", "$where", "$group", "$having", "$order", "$q"} {
			if _, both := given[other]; both {
				return nil, badParameter(other, "it cannot be given beside $query")
			}
		}
		if len(filters) > 0 {
			return nil, badParameter("$query", "conditions on fields cannot be given beside it")
		}
		if chain, err = parse(text, (*parser).chain); err != nil {
			return nil, err
		}
	} else {
		s, err := statementOf(given, filters)
		if err != nil {
			return nil, err
		}
		chain = []*statement{s}
	}
	// What an address says of pages is over what its query says.
	last := chain[len(chain)-1]
	if (limit != nil || offset != nil) && (last.limit != nil || last.offset != nil) {
		last = &statement{selection: selection{system: &star{}, fields: &star{}}}
		chain = append(chain, last)
	}
	if limit != nil {
		last.limit = limit
	}
	if offset != nil {
		last.offset = offset
	}
	if last.limit == nil {
		n := int64(defaultLimit)
		last.limit = &n
	}
	return chain, nil
}

// statementOf reads $select, $where and the others, each a text of its own.
func statementOf(given, filters map[string]string) (*statement, error) {
	s := &statement{source: sources{given["$select"], given["$where"], given["$group"], given["$having"], given["$order"]}, search: given["$q"]}
	s.selection.fields = &star{}
	if v, ok := given["$$exclude_system_fields"]; ok {
		exclude, err := strconv.ParseBool(strings.ToLower(v))
		if err != nil {
			return nil, badParameter("$$exclude_system_fields", "want true or false")
		}
		if !exclude {
			s.selection.system = &star{}
		}
	}
	var err error
	read := func(name string, production func(*parser) error) {
		text := strings.TrimSpace(given[name])
		if text == "" || err != nil {
			return
		}
		_, err = parse(given[name], func(p *parser) (struct{}, error) { return struct{}{}, production(p) })
	}
	read("$select", func(p *parser) (err error) {
		s.distinct = p.skip("distinct")
		s.selection, err = p.selection()
		return err
	})
	read("$where", func(p *parser) (err error) { s.where, err = p.expression(); return err })
	read("$group", func(p *parser) (err error) { s.group, err = p.list(); return err })
	read("$having", func(p *parser) (err error) { s.having, err = p.expression(); return err })
	read("$order", func(p *parser) (err error) { s.order, err = p.orderings(); return err })
	if err != nil {
		return nil, err
	}
	if _, selected := given["$select"]; !selected && len(s.group) > 0 {
		// Of groups there is nothing else that could be shown.
		s.selection = selection{}
		s.source.selected = s.source.group
		for _, g := range s.group {
			s.selection.items = append(s.selection.items, item{expr: g})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(filters)) {
		s.filters = append(s.filters, filter{&call{name: "=", args: []expr{&column{name, 0}, &literal{literalString, filters[name], 0}}}, name + "=" + filters[name]})
	}
	return s, nil
}

func badParameter(name, format string, args ...any) error {
	return &Fault{http.StatusBadRequest, "req.bad-parameter", "Bad parameter " + clip(name) + ": " + fmt.Sprintf(format, args...), map[string]any{"parameter": clip(name)}}
}

func count(given map[string]string, name string) (*int64, error) {
	text, ok := given[name]
	if !ok {
		return nil, nil
	}
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil || n < 0 {
		return nil, badParameter(name, "found %q, want a number from 0", clip(text))
	}
	return &n, nil
}

// answer is how a question is answered.
type answer struct {
	ext, mediaType string
	limit          int64
	// soda adds the headers that tell fields and types.
	soda bool
	// rows writes the body; nil: by ext.
	rows func(w *bufio.Writer, q *Compiled, result query.Result) error
}

// answer asks q of a release and sends what comes.
func (f *face) answer(c *gin.Context, r *catalog.Release, q *Compiled, a answer) error {
	h := c.Writer.Header()
	h.Set("Content-Type", a.mediaType)
	h.Add("Vary", "Accept")
	h.Add("Access-Control-Expose-Headers", "X-SODA2-Fields, X-SODA2-Types, X-SODA2-Warning, X-SODA2-Truth-Last-Modified, X-SODA2-Secondary-Last-Modified, X-SODA2-Data-Out-Of-Date")
	if a.soda {
		fields, types := names(q)
		if len(fields)+len(types) < headerLimit {
			h.Set("X-SODA2-Fields", fields)
			h.Set("X-SODA2-Types", types)
		} else {
			h.Set("X-SODA2-Warning", "X-SODA2-Fields and X-SODA2-Types would be too long, see /api/views/"+FourByFour(r.Dataset.ID)+".json")
		}
	}
	published := r.PublishedAt.UTC().Format(http.TimeFormat)
	for _, name := range []string{"Last-Modified", "X-SODA2-Truth-Last-Modified", "X-SODA2-Secondary-Last-Modified"} {
		h.Set(name, published)
	}
	h.Set("X-SODA2-Data-Out-Of-Date", "false")
	h.Set("X-Release", string(r.Release))
	if r.Dataset.Queryable() && !q.Volatile {
		h.Set("Cache-Control", "public, no-cache")
		tag := tagOf(r, q, a.ext)
		h.Set("ETag", tag)
		if fresh(c.Request, tag, r.PublishedAt) {
			c.Status(http.StatusNotModified)
			return nil
		}
	}
	if c.Request.Method == http.MethodHead && r.Dataset.Queryable() {
		c.Status(http.StatusOK)
		return nil
	}
	ctx, cancel := context.WithCancel(c.Request.Context())
	defer cancel()
	c.Request = c.Request.WithContext(ctx)
	request := query.Request{SQL: q.SQL, Params: q.Params, Deadline: f.Limits.Interactive}
	if a.limit > longLimit {
		request.Deadline = f.Limits.Export
	}
	result, err := f.Ask(c, request)
	if err != nil {
		return err
	}
	defer result.Close()
	if c.Request.Method == http.MethodHead {
		c.Status(http.StatusOK)
		return nil
	}
	write := a.rows
	if write == nil {
		write = writers[a.ext]
	}
	return f.Stream(c, cancel, func(out io.Writer) error {
		w := bufio.NewWriterSize(out, 64<<10)
		if err := write(w, q, result); err != nil {
			return err
		}
		if err := result.Err(); err != nil {
			return err
		}
		return w.Flush()
	})
}

// names are the values of X-SODA2-Fields and X-SODA2-Types, in ASCII.
func names(q *Compiled) (fields, types string) {
	var f, t []byte
	for i, column := range q.Columns {
		if i > 0 {
			f, t = append(f, ','), append(t, ',')
		}
		f, t = appendString(f, column.Name), appendString(t, string(column.Kind))
	}
	return "[" + ascii(string(f)) + "]", "[" + string(t) + "]"
}

// ascii escapes the other characters of JSON.
func ascii(text string) string {
	var b strings.Builder
	for _, r := range text {
		if r < 0x80 {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&b, "\\u%04x", unit)
		}
	}
	return b.String()
}

// tagOf names the answer to q over a release, which never changes. It is weak:
// sums of doubles may differ in their last digit.
func tagOf(r *catalog.Release, q *Compiled, ext string) string {
	sum := sha256.New()
	fmt.Fprintf(sum, "%s\x00%s\x00%s\x00%q\x00%q", r.Ref(), ext, q.SQL, q.Params, q.Columns)
	return `W/"` + hex.EncodeToString(sum.Sum(nil)[:16]) + `"`
}

// fresh reports whether the client has that answer (RFC 9110, 13.1).
func fresh(r *http.Request, tag string, modified time.Time) bool {
	if match := r.Header.Get("If-None-Match"); match != "" {
		for part := range strings.SplitSeq(match, ",") {
			if part = strings.TrimSpace(part); part == "*" || strings.TrimPrefix(part, "W/") == strings.TrimPrefix(tag, "W/") {
				return true
			}
		}
		return false
	}
	since, err := http.ParseTime(r.Header.Get("If-Modified-Since"))
	return err == nil && !modified.Truncate(time.Second).After(since)
}
