package web

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"govdata/catalog"
	"govdata/catalog/store"
	"govdata/server/query"
)

// selection is what a reader chose to see of a dataset's rows. It is written in
// the address of the page, and nowhere else:
//
//	is.FIELD=VALUE     equal; of a field with several values in a cell, one of them
//	has.FIELD=TEXT     contains, in upper or lower case
//	min.FIELD, max.FIELD   from and to, both included
//	in.FIELD=CODE      a region and what lies in it
//	col=FIELD ...      columns; none: all of them
//	sort=FIELD, sort=-FIELD
//	after=CURSOR       the rows behind those of a page
type selection struct {
	dataset *catalog.Dataset
	fields  []catalog.Field
	Filters []filter
	Columns []string
	Sort    string
	Desc    bool
	after   []any
	// Wrong says what cannot be meant, by parameter.
	Wrong map[string]wrong
}

// filter is one condition on a field.
type filter struct {
	Op    string
	Field catalog.Field
	Value string
}

func (f filter) param() string { return f.Op + "." + f.Field.Name }

// wrong is why a value cannot be meant.
type wrong int

const (
	notAField wrong = iota
	notANumber
	notADate
	notABoolean
	notARegion
	notACursor
)

// operators of a filter.
var operators = []string{"is", "has", "min", "max", "in"}

func parseSelection(d *catalog.Dataset, values url.Values) *selection {
	s := &selection{dataset: d, fields: d.Public(), Wrong: map[string]wrong{}}
	for i := range s.fields {
		for _, op := range operators {
			f := filter{op, s.fields[i], strings.TrimSpace(values.Get(op + "." + s.fields[i].Name))}
			if f.Value != "" {
				s.Filters = append(s.Filters, f)
				if _, problem := f.sql(); problem != nil {
					s.Wrong[f.param()] = *problem
				}
			}
		}
	}
	for name := range values {
		op, field, ok := strings.Cut(name, ".")
		if ok && slices.Contains(operators, op) && s.field(field) == nil {
			s.Wrong[name] = notAField
		}
	}
	for _, name := range values["col"] {
		if s.field(name) == nil {
			s.Wrong["col"] = notAField
		}
	}
	for _, f := range s.fields {
		if slices.Contains(values["col"], f.Name) {
			s.Columns = append(s.Columns, f.Name)
		}
	}
	if len(s.Columns) == len(s.fields) {
		s.Columns = nil
	}
	s.Sort, s.Desc = strings.CutPrefix(values.Get("sort"), "-")
	if s.Sort != "" && s.field(s.Sort) == nil {
		s.Wrong["sort"] = notAField
	}
	if given := values.Get("after"); given != "" {
		b, err := base64.RawURLEncoding.DecodeString(given)
		if err != nil || json.Unmarshal(b, &s.after) != nil || len(s.after) == 0 {
			s.Wrong["after"] = notACursor
		}
	}
	return s
}

func (s *selection) field(name string) *catalog.Field {
	i := slices.IndexFunc(s.fields, func(f catalog.Field) bool { return f.Name == name })
	if i < 0 {
		return nil
	}
	return &s.fields[i]
}

// value is what the reader gave for a parameter of a filter.
func (s *selection) value(param string) string {
	for _, f := range s.Filters {
		if f.param() == param {
			return f.Value
		}
	}
	return ""
}

// where is the condition on rows as SQL, "" for all rows. It is made of quoted
// names of fields and of literals, and of nothing that the reader wrote.
func (s *selection) where() string {
	var parts []string
	for _, f := range s.Filters {
		if sql, problem := f.sql(); problem == nil {
			parts = append(parts, sql)
		}
	}
	return strings.Join(parts, " AND ")
}

var (
	numberPattern = regexp.MustCompile(`^-?[0-9]{1,38}(\.[0-9]{1,38})?$`)
	regionPattern = regexp.MustCompile(`^[0-9]{6}$`)
)

// sql writes one condition, or says why it cannot be meant.
func (f filter) sql() (string, *wrong) {
	name := store.Ident(f.Field.Name)
	bad := func(w wrong) (string, *wrong) { return "", &w }
	switch f.Op {
	case "has":
		return "contains(lower(" + name + "::VARCHAR), lower(" + store.Literal(f.Value) + "))", nil
	case "in":
		switch {
		case f.Field.Semantic != catalog.Region || !regionPattern.MatchString(f.Value):
			return bad(notARegion)
		case strings.HasSuffix(f.Value, "00"):
			return "starts_with(" + name + ", " + store.Literal(regionPrefix(f.Value)) + ")", nil
		}
		return name + " = " + store.Literal(f.Value), nil
	}
	sign := map[string]string{"is": "=", "min": ">=", "max": "<="}[f.Op]
	if f.Field.Separator != "" && f.Op == "is" {
		return "list_contains(string_split(" + name + ", " + store.Literal(f.Field.Separator) + "), " + store.Literal(f.Value) + ")", nil
	}
	switch f.Field.Type {
	case catalog.TypeText:
		return name + " " + sign + " " + store.Literal(f.Value), nil
	case catalog.TypeBoolean:
		if f.Value != "true" && f.Value != "false" {
			return bad(notABoolean)
		}
		return name + " " + sign + " " + f.Value, nil
	case catalog.TypeDate, catalog.TypeTimestamp:
		if _, err := time.Parse(time.DateOnly, f.Value); err != nil {
			return bad(notADate)
		}
		if f.Field.Type == catalog.TypeTimestamp {
			name += "::DATE"
		}
		return name + " " + sign + " DATE " + store.Literal(f.Value), nil
	}
	number := strings.ReplaceAll(f.Value, ",", "")
	if !numberPattern.MatchString(number) {
		return bad(notANumber)
	}
	return name + " " + sign + " " + number, nil
}

// regionPrefix is what the codes of a region and of all in it begin with
// (GB/T 2260: province, prefecture and county have two digits each).
func regionPrefix(code string) string {
	for len(code) > 2 && strings.HasSuffix(code, "00") {
		code = code[:len(code)-2]
	}
	return code
}

// rows asks for a page of the selection.
func (s *selection) rows(table string, limit int64) query.Request {
	r := &query.RowsRequest{Table: table, Where: s.where(), Limit: limit, After: s.after, Total: true}
	for _, name := range s.Columns {
		r.Select = append(r.Select, store.Ident(name))
	}
	if s.Sort != "" {
		r.Order = []query.OrderBy{{Field: store.Ident(s.Sort), Desc: s.Desc}}
	}
	return query.Request{Rows: r, MaxRows: limit}
}

// sql writes the selection as a SELECT to go on from.
func (s *selection) sql() string {
	columns := "*"
	if len(s.Columns) > 0 {
		columns = strings.Join(s.Columns, ", ")
	}
	text := "SELECT " + columns + "\nFROM " + string(s.dataset.ID)
	if where := s.where(); where != "" {
		text += "\nWHERE " + strings.ReplaceAll(where, " AND ", "\n  AND ")
	}
	if s.Sort != "" {
		text += "\nORDER BY " + store.Ident(s.Sort)
		if s.Desc {
			text += " DESC"
		}
		text += " NULLS LAST"
	}
	return text + "\nLIMIT 1000"
}

// file is the address of the selection as a file.
func (s *selection) file(ext string) string {
	q := url.Values{}
	if len(s.Columns) > 0 {
		q.Set("select", strings.Join(s.Columns, ","))
	}
	if where := s.where(); where != "" {
		q.Set("where", where)
	}
	if s.Sort != "" {
		q.Set("order", s.Sort)
		if s.Desc {
			q.Set("order", s.Sort+" desc")
		}
	}
	address := "/d/" + string(s.dataset.ID) + "." + ext
	if len(q) > 0 {
		address += "?" + strings.ReplaceAll(q.Encode(), "+", "%20")
	}
	return address
}

func cursor(after []any) string {
	b, err := json.Marshal(after)
	if after == nil || err != nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(b)
}
