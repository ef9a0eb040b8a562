package iceberg

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"govdata/catalog"
)

// Every number in a table's metadata follows from what it names, and from
// nothing that goes away when an old release is collected: who kept the
// metadata of yesterday reads the manifests of today under the same ids.

// long is a positive id that follows from parts; of 53 bits, so that readers
// whose numbers are floating-point have it exactly.
func long(parts ...string) int64 {
	return int64(catalog.Hash(parts...)>>11) | 1
}

// column is a field of a table (Iceberg's spec, appendix C).
type column struct {
	ID       int    `json:"id"`
	Name     string `json:"name"`
	Required bool   `json:"required"`
	Type     string `json:"type"`
	Doc      string `json:"doc,omitempty"`
}

// schema is that of a release.
type schema struct {
	Type        string   `json:"type"`
	ID          int      `json:"schema-id"`
	Identifiers []int    `json:"identifier-field-ids,omitempty"`
	Fields      []column `json:"fields"`
}

// field returns the column with that name, or nil.
func (s *schema) field(name string) *column {
	i := slices.IndexFunc(s.Fields, func(c column) bool { return c.Name == name })
	if i < 0 {
		return nil
	}
	return &s.Fields[i]
}

// schemaOf is the schema of a release's Parquet file. A column is required
// where the definition says so and the rows keep it.
func schemaOf(r *catalog.Release) (*schema, error) {
	s := &schema{Type: "struct"}
	ids := r.Dataset.FieldIDs()
	for _, f := range r.Dataset.Public() {
		t, err := typeOf(f.Type)
		if err != nil {
			return nil, fmt.Errorf("%s: field %s: %w", r.Ref(), f.Name, err)
		}
		stats, counted := r.Stats[f.Name]
		s.Fields = append(s.Fields, column{ids[f.Name], f.Name, f.Required && counted && stats.Nulls == 0, t, doc(&f)})
	}
	for _, name := range r.Dataset.Key {
		c := s.field(name)
		if c == nil || !c.Required {
			s.Identifiers = nil
			break
		}
		s.Identifiers = append(s.Identifiers, c.ID)
	}
	described, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	s.ID = catalog.Number("schema", string(described))
	return s, nil
}

// doc is what a column says of itself, in both languages.
func doc(f *catalog.Field) string {
	parts := []string{f.Title.Zh, f.Title.En}
	if f.Unit != "" {
		parts = append(parts, "单位："+f.Unit)
	}
	parts = append(parts, f.Description.Zh, f.Description.En)
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), " / ")
}

// typeOf is the type of the column that DuckDB writes for a field.
func typeOf(t catalog.Type) (string, error) {
	switch t {
	case catalog.TypeText:
		return "string", nil
	case catalog.TypeInteger:
		return "long", nil
	case catalog.TypeDate, catalog.TypeTimestamp, catalog.TypeBoolean:
		return string(t), nil
	}
	if p, s, ok := t.Decimal(); ok {
		return fmt.Sprintf("decimal(%d, %d)", p, s), nil
	}
	return "", fmt.Errorf("type %q: %w", t, catalog.ErrInvalid)
}

// follows reports whether a column may have had type before and have type now
// within one table: the same, or a decimal that only grew.
func follows(before, now catalog.Type) bool {
	p, s, ok := before.Decimal()
	q, t, both := now.Decimal()
	return before == now || ok && both && s == t && p <= q
}

// nameMapping leads from the columns of files that were written before they had
// field ids to those of the schemas.
func nameMapping(schemas []*schema) (string, error) {
	type mapped struct {
		ID    int      `json:"field-id"`
		Names []string `json:"names"`
	}
	list := []mapped{}
	seen := map[string]bool{}
	for _, s := range slices.Backward(schemas) {
		for _, c := range s.Fields {
			if !seen[c.Name] {
				seen[c.Name] = true
				list = append(list, mapped{c.ID, []string{c.Name}})
			}
		}
	}
	b, err := json.Marshal(list)
	return string(b), err
}

// sortField is a field of a sort order.
type sortField struct {
	Transform string `json:"transform"`
	Source    int    `json:"source-id"`
	Direction string `json:"direction"`
	Nulls     string `json:"null-order"`
}

// sortOrder is the order of the rows in a release's files.
type sortOrder struct {
	ID     int         `json:"order-id"`
	Fields []sortField `json:"fields"`
}

func sortOrderOf(r *catalog.Release, s *schema) sortOrder {
	o := sortOrder{Fields: []sortField{}}
	var names []string
	for _, name := range r.Dataset.SortKey() {
		c := s.field(name)
		if c == nil {
			break
		}
		// DuckDB puts nulls last.
		o.Fields, names = append(o.Fields, sortField{"identity", c.ID, "asc", "nulls-last"}), append(names, name)
	}
	if len(names) > 0 {
		o.ID = catalog.Number(append([]string{"order"}, names...)...)
	}
	return o
}
