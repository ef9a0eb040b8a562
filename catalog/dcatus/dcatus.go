// Package dcatus describes the catalog in DCAT-US 1.1, the metadata schema of
// Project Open Data, which data.gov and its tools harvest as /data.json.
package dcatus

import (
	"encoding/json"
	"mime"
	"time"

	"govdata/catalog"
)

type document struct {
	Context     string    `json:"@context"`
	ID          string    `json:"@id"`
	Type        string    `json:"@type"`
	ConformsTo  string    `json:"conformsTo"`
	DescribedBy string    `json:"describedBy"`
	Dataset     []dataset `json:"dataset"`
}

type dataset struct {
	Type            string         `json:"@type"`
	Identifier      string         `json:"identifier"`
	Title           string         `json:"title"`
	Description     string         `json:"description"`
	Keyword         []string       `json:"keyword"`
	Modified        string         `json:"modified"`
	Issued          string         `json:"issued"`
	Publisher       organization   `json:"publisher"`
	ContactPoint    contact        `json:"contactPoint"`
	AccessLevel     string         `json:"accessLevel"`
	Rights          string         `json:"rights,omitempty"`
	BureauCode      []string       `json:"bureauCode"`
	ProgramCode     []string       `json:"programCode"`
	License         string         `json:"license"`
	Accrual         string         `json:"accrualPeriodicity"`
	Spatial         string         `json:"spatial,omitempty"`
	Temporal        string         `json:"temporal,omitempty"`
	Theme           []string       `json:"theme"`
	Language        []string       `json:"language"`
	LandingPage     string         `json:"landingPage"`
	DescribedBy     string         `json:"describedBy"`
	DescribedByType string         `json:"describedByType"`
	Distribution    []distribution `json:"distribution,omitempty"`
}

type organization struct {
	Type string `json:"@type"`
	Name string `json:"name"`
}

type contact struct {
	Type     string `json:"@type"`
	Name     string `json:"fn"`
	HasEmail string `json:"hasEmail"`
}

type distribution struct {
	Type        string `json:"@type"`
	Title       string `json:"title"`
	DownloadURL string `json:"downloadURL,omitempty"`
	MediaType   string `json:"mediaType,omitempty"`
	AccessURL   string `json:"accessURL,omitempty"`
	Format      string `json:"format"`
	DescribedBy string `json:"describedBy,omitempty"`
	DescribedAs string `json:"describedByType,omitempty"`
}

// frequencies are ISO 8601 repetitions, as the schema wants them.
var frequencies = map[string]string{"daily": "R/P1D", "weekly": "R/P1W", "monthly": "R/P1M", "quarterly": "R/P3M", "yearly": "R/P1Y", "irregular": "irregular"}

var levels = map[string]string{catalog.OpenUnconditional: "public", catalog.OpenConditional: "restricted public", catalog.OpenNot: "non-public"}

// NoContact stands where neither a dataset nor its site names an address: the
// schema asks for one, and this one can belong to nobody (RFC 2606).
const NoContact = "mailto:nobody@contact.invalid"

// Catalog describes the current releases, in English where there is English.
// The bureau and program codes are those of the US government, which the schema
// asks for; 000 is none of them.
func Catalog(site *catalog.Site, base string, all []catalog.History) ([]byte, error) {
	doc := document{
		Context: "https://project-open-data.cio.gov/v1.1/schema/catalog.jsonld", ID: base + "/data.json", Type: "dcat:Catalog",
		ConformsTo: "https://project-open-data.cio.gov/v1.1/schema", DescribedBy: "https://project-open-data.cio.gov/v1.1/schema/catalog.json",
		Dataset: []dataset{},
	}
	for _, h := range all {
		doc.Dataset = append(doc.Dataset, datasetOf(site, base, h))
	}
	return json.MarshalIndent(doc, "", " ")
}

func datasetOf(site *catalog.Site, base string, h catalog.History) dataset {
	r := h.Current
	d := &r.Dataset
	page := base + "/datasets/" + string(d.ID)
	one := dataset{
		Type: "dcat:Dataset", Identifier: page, Title: d.Title.In("en"), Description: d.Description.In("en"), Keyword: d.Keywords,
		Modified: r.PublishedAt.Format(time.RFC3339), Issued: h.First.Format(time.RFC3339),
		Publisher:    organization{"org:Organization", d.Publisher.In("en")},
		ContactPoint: contact{"vcard:Contact", d.Publisher.In("en"), NoContact},
		AccessLevel:  levels[d.Openness.Attribute], BureauCode: []string{"000:00"}, ProgramCode: []string{"000:000"},
		License: catalog.LicenceURL(d.Licence), Accrual: frequencies[d.UpdateFrequency], Theme: []string{d.Theme}, Language: []string{"zh-CN"},
		LandingPage: page, DescribedBy: base + "/d/" + string(d.ID) + ".dictionary.csv", DescribedByType: "text/csv",
	}
	if len(one.Keyword) == 0 {
		one.Keyword = []string{string(d.ID)}
	}
	for _, c := range []string{d.Contact, site.Contact} {
		if email := catalog.Email(c); email != "" {
			one.ContactPoint.HasEmail = "mailto:" + email
			break
		}
	}
	if one.Spatial = site.RegionName.In("en"); one.Spatial == "" {
		one.Spatial = site.Region
	}
	if from, to := r.Period(); from != "" {
		one.Temporal = from + "/" + to
	}
	if !d.Queryable() {
		one.Rights = cut(d.Openness.Condition.In("en")+d.Openness.Basis.In("en"), 255)
		one.Distribution = []distribution{{Type: "dcat:Distribution", Title: "How to come by the data", AccessURL: page, Format: "HTML"}}
		return one
	}
	for _, f := range catalog.Formats {
		a, ok := r.Artefact(f.Ext)
		if !ok {
			continue
		}
		media, _, _ := mime.ParseMediaType(a.MediaType)
		one.Distribution = append(one.Distribution, distribution{Type: "dcat:Distribution", Title: string(d.ID) + "." + f.Ext,
			DownloadURL: base + "/d/" + string(d.ID) + "." + f.Ext, MediaType: media, Format: f.Ext, DescribedBy: base + "/datasets/" + string(d.ID) + "/datapackage.json", DescribedAs: "application/json"})
	}
	return one
}

// cut shortens a text to n characters, and says so.
func cut(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}
