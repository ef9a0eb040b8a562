package ckan

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"govdata/catalog"
	"govdata/catalog/store"
	"govdata/export"
	"govdata/server/query"
)

// rowNumber is the column that CKAN has before the fields of every table: the
// number of the row, from 1 in the order of the release. It is the same as long
// as the release is.
const rowNumber = "_id"

// tableMetadata is CKAN's table of all tables.
const tableMetadata = "_table_metadata"

// Limits of the DataStore, those of CKAN.
const (
	rowsDefault = 100
	rowsMax     = 32000
)

// table is what a question to the DataStore is about.
type table struct {
	// id is that of the resource, name what the engine calls it.
	id, name string
	// release is nil for tableMetadata.
	release *catalog.Release
	fields  []dataField
	// number is the expression of rowNumber, and row what it counts from 0; row is
	// what the engine can look up.
	number, row string
}

// dataField is a column as CKAN describes it.
type dataField struct {
	ID     string       `json:"id"`
	Type   string       `json:"type"`
	Info   *fieldInfo   `json:"info,omitempty"`
	Schema *fieldSchema `json:"schema,omitempty"`

	sql catalog.Type
	// expression is what it is computed by; "": it is a column.
	expression string
}

type fieldInfo struct {
	Label string `json:"label"`
	Notes string `json:"notes"`
	Unit  string `json:"unit,omitempty"`
}

type fieldSchema struct {
	NativeType string  `json:"native_type"`
	NotNull    bool    `json:"notnull"`
	IsIndex    bool    `json:"is_index"`
	IndexName  *string `json:"index_name"`
	UniqueKey  bool    `json:"uniquekey"`
}

// column is the field in SQL.
func (f *dataField) column() string {
	if f.expression != "" {
		return f.expression
	}
	return store.Ident(f.ID)
}

// selected is the field as a column of a result.
func (f *dataField) selected() string {
	if f.expression != "" {
		return f.expression + " AS " + store.Ident(f.ID)
	}
	return store.Ident(f.ID)
}

// typeOf is how CKAN calls the type of a field.
func typeOf(t catalog.Type) string {
	switch t {
	case catalog.TypeText, catalog.TypeDate, catalog.TypeTimestamp:
		return string(t)
	case catalog.TypeInteger:
		return "int"
	case catalog.TypeBoolean:
		return "bool"
	}
	return "numeric"
}

// table finds what resource_id means: the id of a file or of a dataset, or the
// name of a dataset, with @release behind it if need be.
func (f *Face) table(name string) (*table, error) {
	if name == tableMetadata {
		return &table{id: name, name: name, number: store.Ident(rowNumber), row: store.Ident(rowNumber) + " - 1", fields: []dataField{
			{ID: rowNumber, Type: "int", sql: catalog.TypeInteger, expression: store.Ident(rowNumber)},
			{ID: "name", Type: "text", sql: catalog.TypeText}, {ID: "oid", Type: "int", sql: catalog.TypeInteger}, {ID: "alias_of", Type: "text", sql: catalog.TypeText},
		}}, nil
	}
	found, ok, err := f.directory.lookUp(name)
	if err != nil {
		return nil, err
	}
	t := &table{number: "rowid + 1", row: "rowid"}
	ref := catalog.Ref{Dataset: found.dataset}
	if !ok {
		if ref, err = catalog.ParseRef(name); err != nil {
			return nil, missing("Resource %q was not found.", name)
		}
	}
	if t.release, err = f.Catalog.Resolve(ref); err != nil {
		if isMissing(err) {
			return nil, missing("Resource %q was not found.", name)
		}
		return nil, err
	}
	if t.id = f.directory.resourceID(ref.Dataset, "csv"); found.format.Ext != "" {
		t.id = strings.ToLower(name)
	}
	t.name = t.release.Ref().String()
	t.fields = []dataField{{ID: rowNumber, Type: "int", sql: catalog.TypeInteger, expression: t.number}}
	for _, field := range t.release.Dataset.Public() {
		t.fields = append(t.fields, dataField{ID: field.Name, Type: typeOf(field.Type), sql: field.Type,
			Info: &fieldInfo{Label: field.Title.In("zh"), Notes: field.Description.In("zh"), Unit: field.Unit}})
	}
	return t, nil
}

func (t *table) field(id string) *dataField {
	i := slices.IndexFunc(t.fields, func(f dataField) bool { return f.ID == id })
	if i < 0 {
		return nil
	}
	return &t.fields[i]
}

// alias is query.Request.Alias: it knows ids, and the table of all tables.
func (f *Face) alias(name string) (string, arrow.RecordBatch) {
	if name != tableMetadata {
		return f.directory.table(name), nil
	}
	all, err := f.Catalog.All()
	if err != nil {
		return name, nil
	}
	return name, f.tableMetadata(all)
}

// tableMetadata lists the table of each dataset by the id of its CSV file, and
// under it the dataset's name as an alias.
func (f *Face) tableMetadata(all []*catalog.Release) arrow.RecordBatch {
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema([]arrow.Field{
		{Name: rowNumber, Type: arrow.PrimitiveTypes.Int64}, {Name: "name", Type: arrow.BinaryTypes.String},
		{Name: "oid", Type: arrow.PrimitiveTypes.Int64}, {Name: "alias_of", Type: arrow.BinaryTypes.String, Nullable: true},
	}, nil))
	defer b.Release()
	n := int64(0)
	add := func(name, of string) {
		n++
		b.Field(0).(*array.Int64Builder).Append(n)
		b.Field(1).(*array.StringBuilder).Append(name)
		b.Field(2).(*array.Int64Builder).Append(n)
		if of == "" {
			b.Field(3).AppendNull()
		} else {
			b.Field(3).(*array.StringBuilder).Append(of)
		}
	}
	for _, r := range all {
		if r.Dataset.Openness.Attribute != catalog.OpenNot {
			id := f.directory.resourceID(r.Dataset.ID, "csv")
			add(id, "")
			add(string(r.Dataset.ID), id)
		}
	}
	return b.NewRecordBatch()
}

// search is a question to the DataStore that was understood.
type search struct {
	table   *table
	fields  []dataField
	request query.RowsRequest
	named   map[string]any
	limit   int64
	offset  int64
	total   bool
	format  string
	// next is gt or lt where pages can go on behind the last rowNumber.
	next string
	// said are the parameters that the answer repeats.
	said map[string]any
}

var formats = []string{"objects", "lists", "csv", "tsv"}

// conditionParams are those of datastore_search that dumps have too.
var conditionParams = []string{"filters", "q", "full_text", "distinct", "plain", "language", "fields", "sort"}

// ask reads which rows of t are asked for.
func (t *table) ask(p params) (*search, error) {
	s := &search{table: t, named: map[string]any{}, said: map[string]any{}, request: query.RowsRequest{Table: t.name}}
	for _, name := range []string{"filters", "q", "full_text", "distinct", "plain", "language", "sort"} {
		if v, given := p[name]; given && v != nil {
			s.said[name] = v
		}
	}
	fields, err := p.list("fields")
	if err != nil {
		return nil, err
	}
	ranks, err := s.conditions(p)
	if err != nil {
		return nil, err
	}
	for _, v := range s.named {
		if strings.Contains(v.(string), "\x00") {
			return nil, bad("query", "a value holds a NUL character")
		}
	}
	known := append(slices.Clone(t.fields), ranks...)
	if len(fields) == 0 {
		s.fields = known
	}
	for _, name := range fields {
		name = strings.Trim(name, `"`)
		i := slices.IndexFunc(known, func(f dataField) bool { return f.ID == name })
		if i < 0 {
			return nil, bad("fields", "invalid value %q", name)
		}
		if !slices.ContainsFunc(s.fields, func(f dataField) bool { return f.ID == name }) {
			s.fields = append(s.fields, known[i])
		}
	}
	distinct := p.boolean("distinct", false) && !slices.ContainsFunc(s.fields, func(f dataField) bool { return f.ID == rowNumber })
	for i := range s.fields {
		s.request.Select = append(s.request.Select, s.fields[i].selected())
		if distinct {
			s.request.GroupBy = append(s.request.GroupBy, s.fields[i].column())
		}
	}
	order, err := p.list("sort")
	if err != nil {
		return nil, err
	}
	if s.next = "gt"; distinct {
		s.next = ""
	}
	if len(order) == 0 && !distinct {
		for i := range ranks {
			s.request.Order, s.next = append(s.request.Order, query.OrderBy{Field: ranks[i].column(), Desc: true}), ""
		}
	}
	return s, s.sort(order, known, distinct)
}

var sortPattern = regexp.MustCompile(`(?i)^("[^"]+"|[^"]+?)(?:\s+(asc|desc))?(?:\s+nulls\s+(first|last))?$`)

// sort reads "a", "a desc" and "a desc nulls last". As in PostgreSQL, what is
// missing comes last in ascending and first in descending order.
func (s *search) sort(order []string, known []dataField, distinct bool) error {
	for i, term := range order {
		m := sortPattern.FindStringSubmatch(strings.TrimSpace(term))
		if m == nil {
			return bad("sort", "invalid value %q", term)
		}
		name := strings.Trim(m[1], `"`)
		at := slices.IndexFunc(known, func(f dataField) bool { return f.ID == name })
		if at < 0 {
			return bad("sort", "invalid value %q", term)
		}
		if distinct && !slices.ContainsFunc(s.fields, func(f dataField) bool { return f.ID == name }) {
			return bad("sort", "with distinct, %q has to be among the fields", name)
		}
		desc := strings.EqualFold(m[2], "desc")
		if name == rowNumber {
			if s.next = ""; len(order) == 1 {
				s.next = map[bool]string{false: "gt", true: "lt"}[desc]
			}
			if !desc && s.table.row == "rowid" && i == len(order)-1 {
				continue // rows that are equal so far stand in this order anyway
			}
			s.request.Order = append(s.request.Order, query.OrderBy{Field: s.table.number, Desc: desc})
			continue
		}
		s.next = ""
		column := known[at].column()
		if first := strings.EqualFold(m[3], "first"); first || desc && m[3] == "" {
			s.request.Order = append(s.request.Order, query.OrderBy{Field: column + " IS NOT NULL"})
		}
		s.request.Order = append(s.request.Order, query.OrderBy{Field: column, Desc: desc})
	}
	return nil
}

// datastoreSearch is datastore_search.
func datastoreSearch(k *call) (any, error) {
	p := k.params
	if p.text("resource_id") == "" && p.text("id") != "" {
		p["resource_id"] = p["id"]
	}
	id, err := p.needed("resource_id")
	if err != nil {
		return nil, err
	}
	known := append([]string{"resource_id", "id", "limit", "offset", "include_total", "records_format", "include_next_page", "total_estimation_threshold"}, conditionParams...)
	if unknown := p.unknown(known...); len(unknown) > 0 {
		return nil, bad(unknown[0], "invalid value %q", p.text(unknown[0]))
	}
	t, err := k.table(id)
	if err != nil {
		return nil, err
	}
	limit, err := p.natural("limit", rowsDefault)
	if err != nil {
		return nil, err
	}
	offset, err := p.natural("offset", 0)
	if err != nil {
		return nil, err
	}
	format := p.text("records_format")
	if format == "" {
		format = "objects"
	}
	if !slices.Contains(formats, format) {
		return nil, bad("records_format", "Value must be one of ['%s']", strings.Join(formats, "', '"))
	}
	s, err := t.ask(p)
	if err != nil {
		return nil, err
	}
	s.limit, s.offset, s.format, s.total = min(limit, rowsMax), offset, format, p.boolean("include_total", true)
	if !p.boolean("include_next_page", false) {
		s.next = ""
	}
	if p.text("offset") != "" {
		s.said["offset"] = offset
	}
	return k.answer(s)
}

// answer puts the question and gives the answer as it will be written.
func (k *call) answer(s *search) (any, error) {
	r := s.question()
	r.Alias = k.alias
	if s.limit > 0 && s.format == "csv" {
		r.Text = &query.Text{Format: "csv"}
	}
	result, err := k.Ask(k.c, r)
	if err != nil {
		return nil, err
	}
	head := s.said
	head["resource_id"], head["limit"], head["fields"], head["records_format"], head["include_total"] = s.table.id, s.limit, s.fields, s.format, s.total
	head["total_estimation_threshold"], head["_links"] = nil, k.links(s)
	if total := result.Total(); total != nil {
		head["total"], head["total_was_estimated"] = *total, false
	}
	b, err := marshal(head)
	if err != nil {
		result.Close()
		return nil, err
	}
	return streamed{close: func() { result.Close() }, write: func(w io.Writer) error {
		if _, err := fmt.Fprintf(w, `%s,"records":`, b[:len(b)-1]); err != nil {
			return err
		}
		if err := s.writeRecords(w, result); err != nil {
			return err
		}
		if after := result.NextAfter(); s.next != "" && len(after) > 0 {
			if last, ok := after[len(after)-1].(string); ok {
				fmt.Fprintf(w, `,"next_page":{"_id":{"%s":%s}}`, s.next, rowAfter(last))
			}
		}
		_, err := io.WriteString(w, "}")
		return err
	}}, nil
}

// question is s for the engine.
func (s *search) question() query.Request {
	rows := s.request
	rows.Limit, rows.Offset, rows.Total = s.limit, s.offset, s.total
	if s.limit == 0 {
		rows.Limit = 1 // the fields are wanted, and whether the rows may be had
	}
	return query.Request{Rows: &rows, Named: s.named}
}

// links are the addresses of the first page and of those beside this one.
func (k *call) links(s *search) map[string]string {
	at := func(offset int64) string {
		u := *k.c.Request.URL
		q := u.Query()
		if q.Del("offset"); offset > 0 {
			q.Set("offset", fmt.Sprint(offset))
		}
		u.RawQuery = q.Encode()
		return u.RequestURI()
	}
	links := map[string]string{"start": at(0), "next": at(s.offset + s.limit)}
	if s.offset > s.limit {
		links["prev"] = at(s.offset - s.limit)
	}
	return links
}

// writeRecords writes the rows in the format that was asked for.
func (s *search) writeRecords(w io.Writer, result query.Result) error {
	switch {
	case s.limit == 0:
		if s.format == "csv" || s.format == "tsv" {
			_, err := io.WriteString(w, `""`)
			return err
		}
		_, err := io.WriteString(w, "[]")
		return err
	case s.format == "csv":
		return quoted(w, func(w io.Writer) error {
			_, err := io.Copy(&withoutHeader{w: w}, result)
			return err
		})
	case s.format == "tsv":
		return quoted(w, func(w io.Writer) error { return writeTSV(w, result) })
	}
	return writeJSON(w, result, result.Schema(), s.format == "lists", ",\n")
}

// writeJSON writes rows as a JSON array, with the names that schema has for the
// columns. Numbers have all their digits.
func writeJSON(w io.Writer, result query.Result, schema *arrow.Schema, lists bool, between string) error {
	var buf []byte
	first := true
	if _, err := io.WriteString(w, "["); err != nil {
		return err
	}
	for result.Next() {
		batch := result.RecordBatch()
		named := array.NewRecordBatch(schema, batch.Columns(), batch.NumRows())
		rows := export.NewJSONRows(named, export.JSONOptions{Arrays: lists})
		buf = buf[:0]
		for i := range int(batch.NumRows()) {
			if !first {
				buf = append(buf, between...)
			}
			first = false
			buf = rows.Append(buf, i)
		}
		named.Release()
		if _, err := w.Write(buf); err != nil {
			return err
		}
	}
	if err := result.Err(); err != nil {
		return err
	}
	_, err := io.WriteString(w, "]")
	return err
}

// withoutHeader leaves out the first line.
type withoutHeader struct {
	w      io.Writer
	behind bool
}

func (h *withoutHeader) Write(p []byte) (int, error) {
	n := len(p)
	if !h.behind {
		i := slices.Index(p, '\n')
		if i < 0 {
			return n, nil
		}
		h.behind, p = true, p[i+1:]
	}
	if _, err := h.w.Write(p); err != nil {
		return 0, err
	}
	return n, nil
}

// quoted writes what write writes as one JSON string.
func quoted(w io.Writer, write func(io.Writer) error) error {
	if _, err := io.WriteString(w, `"`); err != nil {
		return err
	}
	if err := write(escaping{w}); err != nil {
		return err
	}
	_, err := io.WriteString(w, `"`)
	return err
}

// escaping writes UTF-8 as the inside of a JSON string.
type escaping struct{ w io.Writer }

func (e escaping) Write(p []byte) (int, error) {
	const hex = "0123456789abcdef"
	b := make([]byte, 0, len(p)+len(p)/8)
	for _, c := range p {
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c == '\n':
			b = append(b, '\\', 'n')
		case c < ' ':
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			b = append(b, c)
		}
	}
	if _, err := e.w.Write(b); err != nil {
		return 0, err
	}
	return len(p), nil
}

// writeTSV writes rows with tabs between the cells. As in CSV, a missing value is
// nothing and an empty text is "".
func writeTSV(w io.Writer, result query.Result) error {
	var b strings.Builder
	for result.Next() {
		batch := result.RecordBatch()
		cells := export.Texts(batch)
		b.Reset()
		for i := range int(batch.NumRows()) {
			for j := range int(batch.NumCols()) {
				if j > 0 {
					b.WriteByte('\t')
				}
				text, null := cells(i, j)
				switch {
				case null && batch.NumCols() > 1:
				case text == "" || strings.ContainsAny(text, "\t\"\r\n"):
					b.WriteString(`"` + strings.ReplaceAll(text, `"`, `""`) + `"`)
				default:
					b.WriteString(text)
				}
			}
			b.WriteByte('\n')
		}
		if _, err := io.WriteString(w, b.String()); err != nil {
			return err
		}
	}
	return result.Err()
}

// datastoreInfo is datastore_info.
func datastoreInfo(k *call) (any, error) {
	id := k.params.text("resource_id")
	if id == "" {
		id = k.params.text("id")
	}
	if id == "" {
		return nil, bad("resource_id", "Missing value")
	}
	t, err := k.table(id)
	if err != nil {
		return nil, err
	}
	if t.release == nil {
		return nil, missing("Resource %q was not found.", id)
	}
	d := &t.release.Dataset
	fields := slices.Clone(t.fields[1:])
	info := map[string]any{}
	if k.params.boolean("include_meta", true) {
		info["meta"] = map[string]any{"id": t.id, "count": t.release.Rows, "table_type": "BASE TABLE", "size": t.release.Store.Bytes, "db_size": t.release.Store.Bytes, "idx_size": 0, "aliases": []string{string(d.ID)}}
	}
	if k.params.boolean("include_fields_schema", true) {
		for i := range fields {
			required := false
			if f := d.Field(fields[i].ID); f != nil {
				required = f.Required
			}
			fields[i].Schema = &fieldSchema{NativeType: nativeType(fields[i].sql), NotNull: required, UniqueKey: len(d.Key) == 1 && d.Key[0] == fields[i].ID}
		}
	}
	info["fields"] = fields
	return info, nil
}

// nativeType is the type as PostgreSQL calls it.
func nativeType(t catalog.Type) string {
	switch t {
	case catalog.TypeInteger:
		return "bigint"
	case catalog.TypeTimestamp:
		return "timestamp without time zone"
	case catalog.TypeText, catalog.TypeDate, catalog.TypeBoolean:
		return string(t)
	}
	return strings.Replace(string(t), "decimal", "numeric", 1)
}
