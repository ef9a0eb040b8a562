// Package datapackage describes a dataset as a Data Package, version 2, with a
// Table Schema: the files, and what their columns hold, so that programs can
// check the one against the other.
package datapackage

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"

	"govdata/catalog"
)

type descriptor struct {
	Schema       string        `json:"$schema"`
	Name         string        `json:"name"`
	ID           string        `json:"id"`
	Title        string        `json:"title"`
	Description  string        `json:"description"`
	Homepage     string        `json:"homepage"`
	Version      string        `json:"version"`
	Created      string        `json:"created"`
	Keywords     []string      `json:"keywords,omitempty"`
	Licenses     []licence     `json:"licenses"`
	Contributors []contributor `json:"contributors"`
	Sources      []source      `json:"sources,omitempty"`
	Resources    []resource    `json:"resources"`
}

type licence struct {
	Name string `json:"name"`
	Path string `json:"path"`
}

type contributor struct {
	Title string   `json:"title"`
	Roles []string `json:"roles"`
}

type source struct {
	Title string `json:"title"`
}

type resource struct {
	Schema      string       `json:"$schema"`
	Name        string       `json:"name"`
	Type        string       `json:"type,omitempty"`
	Title       string       `json:"title"`
	Description string       `json:"description,omitempty"`
	Path        string       `json:"path"`
	Format      string       `json:"format"`
	MediaType   string       `json:"mediatype"`
	Encoding    string       `json:"encoding,omitempty"`
	Bytes       int64        `json:"bytes,omitempty"`
	Hash        string       `json:"hash,omitempty"`
	Dialect     *dialect     `json:"dialect,omitempty"`
	Table       *tableSchema `json:"schema,omitempty"`
	Licenses    []licence    `json:"licenses"`
}

type dialect struct {
	Schema         string `json:"$schema"`
	Header         bool   `json:"header"`
	Delimiter      string `json:"delimiter"`
	QuoteChar      string `json:"quoteChar"`
	DoubleQuote    bool   `json:"doubleQuote"`
	LineTerminator string `json:"lineTerminator"`
}

type tableSchema struct {
	Schema      string       `json:"$schema"`
	Fields      []field      `json:"fields"`
	FieldsMatch string       `json:"fieldsMatch"`
	Missing     []string     `json:"missingValues"`
	PrimaryKey  []string     `json:"primaryKey,omitempty"`
	ForeignKeys []foreignKey `json:"foreignKeys,omitempty"`
}

type field struct {
	Name        string       `json:"name"`
	Type        string       `json:"type"`
	Format      string       `json:"format,omitempty"`
	Title       string       `json:"title"`
	Description string       `json:"description,omitempty"`
	Unit        string       `json:"unit,omitempty"`
	RDFType     string       `json:"rdfType,omitempty"`
	DecimalChar string       `json:"decimalChar,omitempty"`
	BareNumber  *bool        `json:"bareNumber,omitempty"`
	TrueValues  []string     `json:"trueValues,omitempty"`
	FalseValues []string     `json:"falseValues,omitempty"`
	Constraints *constraints `json:"constraints,omitempty"`
}

type constraints struct {
	Required  bool     `json:"required,omitempty"`
	Unique    bool     `json:"unique,omitempty"`
	Enum      []string `json:"enum,omitempty"`
	Pattern   string   `json:"pattern,omitempty"`
	MaxLength int      `json:"maxLength,omitempty"`
	Minimum   any      `json:"minimum,omitempty"`
	Maximum   any      `json:"maximum,omitempty"`
}

type foreignKey struct {
	Fields    []string  `json:"fields"`
	Reference reference `json:"reference"`
}

type reference struct {
	Resource string   `json:"resource"`
	Fields   []string `json:"fields"`
}

const (
	packageProfile  = "https://datapackage.org/profiles/2.0/datapackage.json"
	resourceProfile = "https://datapackage.org/profiles/2.0/dataresource.json"
	dialectProfile  = "https://datapackage.org/profiles/2.0/tabledialect.json"
	schemaProfile   = "https://datapackage.org/profiles/2.0/tableschema.json"
)

// Dataset describes the current release of a dataset. The tables that its rows
// refer to stand beside it, in the release in which they were looked up, found
// with resolve: so the package holds what its foreign keys lead to. A reference
// that may lead nowhere is no foreign key.
//
// The files in other formats are left out: their readers guess types again, and
// would find other ones than the schema's. A dataset that is not open to everyone
// has its data dictionary alone. Texts are those of lang.
func Dataset(base, lang string, h catalog.History, resolve func(catalog.Ref) (*catalog.Release, error)) ([]byte, error) {
	r := h.Current
	d := &r.Dataset
	doc := descriptor{
		Schema: packageProfile, Name: string(d.ID), ID: base + "/datasets/" + string(d.ID) + "/releases/" + string(r.Release), Title: d.Title.In(lang), Description: d.Description.In(lang),
		Homepage: base + "/datasets/" + string(d.ID), Version: string(r.Release), Created: r.PublishedAt.Format(time.RFC3339), Keywords: d.Keywords,
		Licenses: licencesOf(d), Contributors: []contributor{{d.Publisher.In(lang), []string{"publisher"}}},
	}
	if d.Source != (catalog.Text{}) {
		doc.Sources = []source{{d.Source.In(lang)}}
	}
	if !d.Queryable() {
		doc.Resources = []resource{{Schema: resourceProfile, Name: string(d.ID) + "-dictionary", Title: catalog.Text{Zh: "数据字典", En: "Data dictionary"}.In(lang),
			Description: d.Openness.Condition.In(lang) + d.Openness.Basis.In(lang), Path: base + "/d/" + r.Ref().String() + ".dictionary.csv?lang=" + lang,
			Format: "csv", MediaType: "text/csv", Encoding: "utf-8", Licenses: doc.Licenses}}
		return json.MarshalIndent(doc, "", " ")
	}
	table := csv(base, lang, r)
	others := map[catalog.ID]*catalog.Release{}
	for _, ref := range d.References {
		if ref.Keep || ref.To == d.ID || slices.ContainsFunc(ref.Fields, func(name string) bool { return !public(d, name) }) {
			continue
		}
		other := others[ref.To]
		if other == nil {
			var err error
			if other, err = resolve(catalog.Ref{Dataset: ref.To, Release: looked(r, ref)}); err != nil || !other.Dataset.Queryable() {
				continue // it has been collected, or is not for everyone
			}
			others[ref.To] = other
		}
		table.Table.ForeignKeys = append(table.Table.ForeignKeys, foreignKey{ref.Fields, reference{string(ref.To), ref.Key}})
	}
	doc.Resources = []resource{table}
	for _, ref := range d.References {
		if other := others[ref.To]; other != nil {
			doc.Resources = append(doc.Resources, csv(base, lang, other))
			delete(others, ref.To)
		}
	}
	return json.MarshalIndent(doc, "", " ")
}

func licencesOf(d *catalog.Dataset) []licence {
	return []licence{{d.Licence, catalog.LicenceURL(d.Licence)}}
}

func public(d *catalog.Dataset, name string) bool {
	return slices.ContainsFunc(d.Public(), func(f catalog.Field) bool { return f.Name == name })
}

// looked is the release in which a reference was looked up.
func looked(r *catalog.Release, ref catalog.Reference) catalog.ReleaseID {
	for _, c := range r.References {
		if c.To == ref.To && slices.Equal(c.Fields, ref.Fields) {
			return c.Release
		}
	}
	return ""
}

// csv is the CSV file of a release, with its schema.
func csv(base, lang string, r *catalog.Release) resource {
	d := &r.Dataset
	a, _ := r.Artefact("csv")
	return resource{Schema: resourceProfile, Name: string(d.ID), Type: "table", Title: d.Title.In(lang), Description: d.Description.In(lang),
		Path: base + "/d/" + r.Ref().String() + ".csv", Format: "csv", MediaType: "text/csv", Encoding: "utf-8", Bytes: a.Bytes, Hash: "sha256:" + a.SHA256,
		Dialect: &dialect{dialectProfile, true, ",", `"`, true, "\n"}, Table: schema(d, lang), Licenses: licencesOf(d)}
}

func schema(d *catalog.Dataset, lang string) *tableSchema {
	s := &tableSchema{Schema: schemaProfile, FieldsMatch: "exact", Missing: []string{""}, PrimaryKey: d.Key}
	for _, f := range d.Public() {
		s.Fields = append(s.Fields, fieldOf(d, f, lang))
	}
	return s
}

func fieldOf(d *catalog.Dataset, f catalog.Field, lang string) field {
	one := field{Name: f.Name, Title: f.Title.In(lang), Description: f.Description.In(lang), Unit: f.Unit}
	c := constraints{Required: f.Required, Unique: slices.Equal(d.Key, []string{f.Name})}
	bare := true
	switch f.Type {
	case catalog.TypeText:
		one.Type = "string"
		if f.Semantic == catalog.URL && f.Privacy == catalog.PrivacyNone {
			one.RDFType = "http://www.w3.org/2001/XMLSchema#anyURI"
		}
		if f.Privacy == catalog.PrivacyNone { // what is masked has another form
			texts(f, &c)
		}
	case catalog.TypeInteger:
		one.Type, one.BareNumber = "integer", &bare
		c.Minimum, c.Maximum = number(f.Min), number(f.Max)
	case catalog.TypeDate, catalog.TypeTimestamp:
		one.Type, one.Format = "date", "%Y-%m-%d"
		if f.Type == catalog.TypeTimestamp {
			one.Type, one.Format = "datetime", "any" // fractions of a second stand where there are any
		}
		if f.Min != "" {
			c.Minimum = f.Min
		}
		if f.Max != "" {
			c.Maximum = f.Max
		}
	case catalog.TypeBoolean:
		one.Type, one.TrueValues, one.FalseValues = "boolean", []string{"true"}, []string{"false"}
	default:
		one.Type, one.DecimalChar, one.BareNumber = "number", ".", &bare
		c.Minimum, c.Maximum = number(f.Min), number(f.Max)
	}
	if !c.empty() {
		one.Constraints = &c
	}
	return one
}

func (c *constraints) empty() bool {
	return !c.Required && !c.Unique && c.Enum == nil && c.Pattern == "" && c.MaxLength == 0 && c.Minimum == nil && c.Maximum == nil
}

// number keeps a bound as it is written; nil where there is none.
func number(s string) any {
	if s == "" {
		return nil
	}
	return json.Number(s)
}

// texts adds the constraints of a text. Where a cell holds several values, each
// is one of the list: the pattern says so.
func texts(f catalog.Field, c *constraints) {
	c.MaxLength = f.MaxLength
	switch {
	case f.Separator != "" && len(f.Enum) > 0:
		var parts []string
		for _, v := range f.Enum {
			parts = append(parts, regexp.QuoteMeta(v))
		}
		one := "(" + strings.Join(parts, "|") + ")"
		c.Pattern = one + "(" + regexp.QuoteMeta(f.Separator) + one + ")*"
	case len(f.Enum) > 0:
		c.Enum = f.Enum
	}
	if c.Pattern == "" {
		c.Pattern = f.Pattern
	}
}
