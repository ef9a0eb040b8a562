// Package schemaorg describes a dataset in the vocabulary of schema.org, which
// search engines read from its page.
package schemaorg

import (
	"encoding/json"
	"mime"
	"strconv"
	"time"

	"govdata/catalog"
)

type dataset struct {
	Context      string         `json:"@context"`
	Type         string         `json:"@type"`
	ID           string         `json:"@id"`
	URL          string         `json:"url"`
	Name         string         `json:"name"`
	Alternate    string         `json:"alternateName,omitempty"`
	Description  string         `json:"description"`
	Identifier   []string       `json:"identifier"`
	Version      string         `json:"version"`
	Keywords     []string       `json:"keywords,omitempty"`
	Language     []string       `json:"inLanguage"`
	License      string         `json:"license"`
	Free         bool           `json:"isAccessibleForFree"`
	Conditions   string         `json:"conditionsOfAccess,omitempty"`
	Publisher    organization   `json:"publisher"`
	Creator      organization   `json:"creator"`
	Issued       string         `json:"datePublished"`
	Modified     string         `json:"dateModified"`
	Temporal     string         `json:"temporalCoverage,omitempty"`
	Spatial      *place         `json:"spatialCoverage,omitempty"`
	Catalog      dataCatalog    `json:"includedInDataCatalog"`
	Variables    []variable     `json:"variableMeasured"`
	Size         string         `json:"size"`
	Credit       string         `json:"creditText"`
	Distribution []dataDownload `json:"distribution,omitempty"`
}

type organization struct {
	Type string `json:"@type"`
	Name string `json:"name"`
	URL  string `json:"url,omitempty"`
}

type dataCatalog struct {
	Type string `json:"@type"`
	Name string `json:"name"`
	URL  string `json:"url"`
}

type place struct {
	Type       string   `json:"@type"`
	Name       string   `json:"name"`
	Identifier property `json:"identifier"`
}

type property struct {
	Type  string `json:"@type"`
	ID    string `json:"propertyID"`
	Value string `json:"value"`
}

type variable struct {
	Type        string `json:"@type"`
	Name        string `json:"name"`
	ID          string `json:"propertyID"`
	Description string `json:"description,omitempty"`
	Unit        string `json:"unitText,omitempty"`
}

type dataDownload struct {
	Type     string `json:"@type"`
	Name     string `json:"name"`
	URL      string `json:"contentUrl"`
	Encoding string `json:"encodingFormat"`
	Size     string `json:"contentSize"`
	SHA256   string `json:"sha256"`
	Uploaded string `json:"uploadDate"`
}

// shortest is what search engines take for a description; longest is what they
// take of it.
const shortest, longest = 50, 5000

// Dataset describes the current release of a dataset in lang, as JSON-LD: for a
// page's <script type="application/ld+json">, where it is safe as it is, for <, >
// and & are escaped in it.
func Dataset(site *catalog.Site, base, lang string, h catalog.History) ([]byte, error) {
	r := h.Current
	d := &r.Dataset
	page := base + "/datasets/" + string(d.ID)
	other := map[string]string{"zh": "en", "en": "zh"}[lang]
	by := organization{"Organization", d.Publisher.In(lang), ""}
	one := dataset{
		Context: "https://schema.org/", Type: "Dataset", ID: page + "#dataset", URL: page, Name: d.Title.In(lang), Description: description(d, lang),
		Identifier: []string{page, r.Ref().String()}, Version: string(r.Release), Keywords: d.Keywords, Language: []string{"zh-CN"},
		License: catalog.LicenceURL(d.Licence), Free: d.Openness.Attribute != catalog.OpenNot, Publisher: by, Creator: by,
		Issued: h.First.Format(time.RFC3339), Modified: r.PublishedAt.Format(time.RFC3339),
		Catalog: dataCatalog{"DataCatalog", site.Title.In(lang), base + "/"},
		Size:    strconv.FormatInt(r.Rows, 10) + catalog.Text{Zh: " 行", En: " rows"}.In(lang), Credit: d.Source.In(lang),
	}
	if alternate := d.Title.In(other); alternate != one.Name {
		one.Alternate = alternate
	}
	if from, to := r.Period(); from != "" {
		one.Temporal = from + "/" + to
	}
	if site.Region != "" {
		name := site.RegionName.In(lang)
		if name == "" {
			name = site.Region
		}
		one.Spatial = &place{"Place", name, property{"PropertyValue", "GB/T 2260", site.Region}}
	}
	for _, f := range d.Public() {
		one.Variables = append(one.Variables, variable{"PropertyValue", f.Title.In(lang), f.Name, f.Description.In(lang), f.Unit})
	}
	if !d.Queryable() {
		one.Conditions = d.Openness.Condition.In(lang) + d.Openness.Basis.In(lang)
		return json.MarshalIndent(one, "", " ")
	}
	for _, f := range catalog.Formats {
		if a, ok := r.Artefact(f.Ext); ok {
			media, _, _ := mime.ParseMediaType(a.MediaType)
			one.Distribution = append(one.Distribution, dataDownload{"DataDownload", string(d.ID) + "." + f.Ext, base + "/d/" + r.Ref().String() + "." + f.Ext,
				media, strconv.FormatInt(a.Bytes, 10) + " B", a.SHA256, r.PublishedAt.Format(time.RFC3339)})
		}
	}
	return json.MarshalIndent(one, "", " ")
}

// description is the dataset's, with what it holds where that is too short.
func description(d *catalog.Dataset, lang string) string {
	text := d.Description.In(lang)
	if len([]rune(text)) < shortest {
		names := catalog.Text{Zh: " 数据项：", En: " Fields: "}.In(lang)
		for i, f := range d.Public() {
			if i > 0 {
				names += catalog.Text{Zh: "、", En: ", "}.In(lang)
			}
			names += f.Title.In(lang)
		}
		text += names
	}
	if r := []rune(text); len(r) > longest {
		text = string(r[:longest-1]) + "…"
	}
	return text
}
