// Package croissant describes a dataset in Croissant 1.1, MLCommons' format, by
// which machine learning tools load it.
package croissant

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"govdata/catalog"
)

// context is that of the specification, version 1.1.
var context = json.RawMessage(`{
  "@language": "en", "@vocab": "https://schema.org/", "arrayShape": "cr:arrayShape", "citeAs": "cr:citeAs", "column": "cr:column",
  "conformsTo": "dct:conformsTo", "containedIn": "cr:containedIn", "cr": "http://mlcommons.org/croissant/",
  "data": {"@id": "cr:data", "@type": "@json"}, "dataType": {"@id": "cr:dataType", "@type": "@vocab"}, "dct": "http://purl.org/dc/terms/",
  "description": {"@container": "@language"}, "equivalentProperty": "cr:equivalentProperty", "examples": {"@id": "cr:examples", "@type": "@json"},
  "extract": "cr:extract", "field": "cr:field", "fileObject": "cr:fileObject", "fileProperty": "cr:fileProperty", "fileSet": "cr:fileSet",
  "format": "cr:format", "includes": "cr:includes", "isArray": "cr:isArray", "isLiveDataset": "cr:isLiveDataset", "jsonPath": "cr:jsonPath",
  "key": "cr:key", "md5": "cr:md5", "name": {"@container": "@language"}, "parentField": "cr:parentField", "path": "cr:path",
  "rai": "http://mlcommons.org/croissant/RAI/", "recordSet": "cr:recordSet", "references": "cr:references", "regex": "cr:regex",
  "repeated": "cr:repeated", "replace": "cr:replace", "samplingRate": "cr:samplingRate", "sc": "https://schema.org/", "separator": "cr:separator",
  "source": "cr:source", "subField": "cr:subField", "transform": "cr:transform"
}`)

type document struct {
	Context      json.RawMessage   `json:"@context"`
	Type         string            `json:"@type"`
	Name         map[string]string `json:"name"`
	Description  map[string]string `json:"description"`
	ConformsTo   string            `json:"conformsTo"`
	CiteAs       string            `json:"citeAs"`
	URL          string            `json:"url"`
	License      string            `json:"license"`
	Version      string            `json:"version"`
	Keywords     []string          `json:"keywords,omitempty"`
	Language     []string          `json:"inLanguage"`
	Created      string            `json:"dateCreated"`
	Published    string            `json:"datePublished"`
	Modified     string            `json:"dateModified"`
	Creator      organization      `json:"creator"`
	Publisher    organization      `json:"publisher"`
	Distribution []fileObject      `json:"distribution"`
	RecordSet    []recordSet       `json:"recordSet,omitempty"`
}

type organization struct {
	Type string            `json:"@type"`
	Name map[string]string `json:"name"`
	URL  string            `json:"url"`
}

type fileObject struct {
	Type        string            `json:"@type"`
	ID          string            `json:"@id"`
	Name        string            `json:"name"`
	Description map[string]string `json:"description,omitempty"`
	ContentURL  string            `json:"contentUrl"`
	Encoding    any               `json:"encodingFormat"`
	Size        string            `json:"contentSize,omitempty"`
	SHA256      string            `json:"sha256"`
}

type recordSet struct {
	Type        string            `json:"@type"`
	ID          string            `json:"@id"`
	Name        string            `json:"name"`
	Description map[string]string `json:"description"`
	Key         []reference       `json:"key,omitempty"`
	Field       []field           `json:"field"`
}

type reference struct {
	ID string `json:"@id"`
}

type field struct {
	Type        string            `json:"@type"`
	ID          string            `json:"@id"`
	Name        string            `json:"name"`
	Description map[string]string `json:"description"`
	DataType    string            `json:"dataType"`
	Source      source            `json:"source"`
}

type source struct {
	FileObject reference `json:"fileObject"`
	Extract    extract   `json:"extract"`
}

type extract struct {
	Column string `json:"column"`
}

func both(t catalog.Text) map[string]string {
	m := map[string]string{}
	if t.Zh != "" {
		m["zh"] = t.Zh
	}
	if t.En != "" {
		m["en"] = t.En
	}
	return m
}

// Dataset describes the current release of a dataset. Its addresses are pinned
// to the release, so that they always have the SHA-256 that is named. dictionary
// is the release's data dictionary in Chinese.
//
// Records are read from the Parquet file: a CSV file has no types, and the
// reference implementation guesses them, so that codes would lose their leading
// zeros. A dataset that is not open to everyone has its data dictionary alone.
func Dataset(base string, h catalog.History, dictionary []byte) ([]byte, error) {
	r := h.Current
	d := &r.Dataset
	by := organization{"Organization", both(d.Publisher), base + "/"}
	doc := document{
		Context: context, Type: "sc:Dataset", Name: both(d.Title), Description: both(d.Description), ConformsTo: "http://mlcommons.org/croissant/1.1",
		CiteAs: citation(base, h), URL: base + "/datasets/" + string(d.ID), License: catalog.LicenceURL(d.Licence), Version: Version(r.Release),
		Keywords: d.Keywords, Language: []string{"zh"}, Created: day(h.First), Published: day(h.First), Modified: day(r.PublishedAt), Creator: by, Publisher: by,
		Distribution: []fileObject{{Type: "cr:FileObject", ID: "dictionary.csv", Name: "dictionary.csv", Description: both(catalog.Text{Zh: "数据字典", En: "Data dictionary"}),
			ContentURL: base + "/d/" + r.Ref().String() + ".dictionary.csv?lang=zh", Encoding: "text/csv", Size: strconv.Itoa(len(dictionary)) + " B", SHA256: fmt.Sprintf("%x", sha256.Sum256(dictionary))}},
	}
	if !d.Queryable() {
		return json.MarshalIndent(doc, "", " ")
	}
	for _, f := range catalog.Formats {
		a, ok := r.Artefact(f.Ext)
		if !ok {
			continue
		}
		media, packed := f.Content()
		var encoding any = media
		switch {
		case packed != "":
			encoding = packed
		case f.Ext == "parquet": // the registered name, and the one that readers knew before
			encoding = []string{media, "application/x-parquet"}
		}
		doc.Distribution = append(doc.Distribution, fileObject{Type: "cr:FileObject", ID: f.Ext, Name: string(d.ID) + "." + f.Ext,
			ContentURL: base + "/d/" + r.Ref().String() + "." + f.Ext, Encoding: encoding, Size: strconv.FormatInt(a.Bytes, 10) + " B", SHA256: a.SHA256})
	}
	rows := recordSet{Type: "cr:RecordSet", ID: string(d.ID), Name: string(d.ID), Description: both(d.Description)}
	for _, name := range d.Key {
		rows.Key = append(rows.Key, reference{string(d.ID) + "/" + name})
	}
	for _, f := range d.Public() {
		rows.Field = append(rows.Field, field{"cr:Field", string(d.ID) + "/" + f.Name, f.Name, both(label(f)), dataType(f), source{reference{"parquet"}, extract{f.Name}}})
	}
	doc.RecordSet = []recordSet{rows}
	return json.MarshalIndent(doc, "", " ")
}

func label(f catalog.Field) catalog.Text {
	t := f.Title
	if f.Unit != "" {
		t.Zh, t.En = t.Zh+"（"+f.Unit+"）", t.En+" ("+f.Unit+")"
	}
	if f.Description != (catalog.Text{}) {
		t.Zh, t.En = t.Zh+"："+f.Description.In("zh"), t.En+": "+f.Description.In("en")
	}
	return t
}

// dataType is schema.org's name of a field's type.
func dataType(f catalog.Field) string {
	switch f.Type {
	case catalog.TypeInteger:
		return "cr:Int64"
	case catalog.TypeDate:
		return "sc:Date"
	case catalog.TypeTimestamp:
		return "sc:DateTime"
	case catalog.TypeBoolean:
		return "sc:Boolean"
	case catalog.TypeText:
		return "sc:Text"
	}
	return "sc:Float"
}

// Version writes a release as a semantic version, which the format asks for: the
// day is the major version, the content's hash stands as build metadata.
func Version(id catalog.ReleaseID) string {
	day, hash := string(id)[:8], string(id)[9:]
	return day + ".0.0+" + hash
}

func day(t time.Time) string { return t.Format(time.DateOnly) }

func citation(base string, h catalog.History) string {
	d := &h.Current.Dataset
	return fmt.Sprintf("@misc{%s, title = {%s}, author = {{%s}}, year = {%d}, version = {%s}, url = {%s}}",
		d.ID, d.Title.In("en"), d.Publisher.In("en"), h.Current.PublishedAt.Year(), h.Current.Release, fmt.Sprintf("%s/datasets/%s/releases/%s", base, d.ID, h.Current.Release))
}
