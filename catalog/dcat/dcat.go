// Package dcat describes the catalog in DCAT-AP 3, the application profile of
// the W3C's DCAT 3 by which European portals harvest each other: a series a
// dataset, with its releases as members, each with its files.
package dcat

import (
	"crypto/sha256"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"govdata/catalog"
	"govdata/catalog/rdf"
)

const (
	dcat   rdf.IRI = "http://www.w3.org/ns/dcat#"
	dct    rdf.IRI = "http://purl.org/dc/terms/"
	foaf   rdf.IRI = "http://xmlns.com/foaf/0.1/"
	vcard  rdf.IRI = "http://www.w3.org/2006/vcard/ns#"
	skos   rdf.IRI = "http://www.w3.org/2004/02/skos/core#"
	spdx   rdf.IRI = "http://spdx.org/rdf/terms#"
	adms   rdf.IRI = "http://www.w3.org/ns/adms#"
	dcatap rdf.IRI = "http://data.europa.eu/r5r/"
	rdfs   rdf.IRI = "http://www.w3.org/2000/01/rdf-schema#"
	hydra  rdf.IRI = "http://www.w3.org/ns/hydra/core#"
	xsd    rdf.IRI = "http://www.w3.org/2001/XMLSchema#"

	// authority holds the controlled vocabularies of the EU's Publications Office.
	authority rdf.IRI = "http://publications.europa.eu/resource/authority/"
	iana      rdf.IRI = "https://www.iana.org/assignments/media-types/"
)

var prefixes = []rdf.Prefix{
	{Name: "dcat", Namespace: string(dcat)}, {Name: "dct", Namespace: string(dct)}, {Name: "foaf", Namespace: string(foaf)},
	{Name: "vcard", Namespace: string(vcard)}, {Name: "skos", Namespace: string(skos)}, {Name: "spdx", Namespace: string(spdx)},
	{Name: "adms", Namespace: string(adms)}, {Name: "dcatap", Namespace: string(dcatap)}, {Name: "rdfs", Namespace: string(rdfs)},
	{Name: "hydra", Namespace: string(hydra)}, {Name: "xsd", Namespace: string(xsd)},
}

// PageReleases is how many releases stand on a page of the catalog.
const PageReleases = 50

// Page is the part of the catalog that one document holds.
type Page struct {
	// Number counts from 1.
	Number int
	// Releases a page, 0: PageReleases.
	Releases int
	// Path of the document, such as /catalog.ttl, to link the pages.
	Path string
}

// Pages is how many pages the catalog has, at least one.
func (p Page) Pages(all []catalog.History) int {
	n := 0
	for _, h := range all {
		n += len(h.Releases)
	}
	return max(1, (n+p.size()-1)/p.size())
}

func (p Page) size() int {
	if p.Releases > 0 {
		return p.Releases
	}
	return PageReleases
}

// frequencies are the EU's names of the keys of catalog.Frequencies.
var frequencies = map[string]string{"daily": "DAILY", "weekly": "WEEKLY", "monthly": "MONTHLY", "quarterly": "QUARTERLY", "yearly": "ANNUAL", "irregular": "IRREG"}

// themes are the EU's data themes that come nearest to catalog.Themes.
var themes = map[string]struct {
	code  string
	label catalog.Text
	en    string
}{
	"民生保障": {"SOCI", catalog.Text{Zh: "人口与社会", En: "Population and society"}, "People's livelihood"},
	"公共服务": {"GOVE", catalog.Text{Zh: "政府与公共部门", En: "Government and public sector"}, "Public services"},
	"市场监管": {"ECON", catalog.Text{Zh: "经济与金融", En: "Economy and finance"}, "Market regulation"},
	"其他":   {"GOVE", catalog.Text{Zh: "政府与公共部门", En: "Government and public sector"}, "Other"},
}

// rights are the EU's access rights by open attribute.
var rights = map[string]struct {
	code  string
	label catalog.Text
}{
	catalog.OpenUnconditional: {"PUBLIC", catalog.Text{Zh: "公开", En: "public"}},
	catalog.OpenConditional:   {"RESTRICTED", catalog.Text{Zh: "受限", En: "restricted"}},
	catalog.OpenNot:           {"NON_PUBLIC", catalog.Text{Zh: "不公开", En: "non-public"}},
}

// fileTypes are the EU's names of formats, where it has one.
var fileTypes = map[string]string{"csv": "CSV", "xlsx": "XLSX", "parquet": "PARQUET"}

// standards are those that values of a field keep, by its semantic type.
var standards = map[catalog.Semantic]string{
	catalog.USCC: "GB 32100-2015", catalog.OrgCode: "GB 11714-1997", catalog.IDCard: "GB 11643-1999", catalog.Region: "GB/T 2260",
}

// Catalog describes one page of the catalog of a site whose public address is
// base: series, releases, files, publishers, and the service that answers SQL.
func Catalog(site *catalog.Site, base string, all []catalog.History, page Page) *rdf.Graph {
	w := &writer{Graph: rdf.New(prefixes...), site: site, base: base}
	c := w.at("/#catalog")
	pages := page.Pages(all)
	w.catalog(c, all)
	w.paging(c, all, page, pages)
	service := w.service(c)
	skip, take := (page.Number-1)*page.size(), page.size()
	for _, h := range all {
		members := h.Releases[min(skip, len(h.Releases)):]
		skip -= len(h.Releases) - len(members)
		members = members[:min(take, len(members))]
		take -= len(members)
		if len(members) == 0 {
			continue
		}
		w.series(c, h)
		for _, r := range members {
			w.release(c, service, h, r)
		}
	}
	return w.Graph
}

type writer struct {
	*rdf.Graph
	site *catalog.Site
	base string
}

func (w *writer) at(path string) rdf.IRI { return rdf.IRI(w.base + path) }

// texts are both languages of a text.
func texts(t catalog.Text) []rdf.Term {
	return []rdf.Term{rdf.Literal{Value: t.Zh, Lang: "zh"}, rdf.Literal{Value: t.En, Lang: "en"}}
}

func moment(t time.Time) rdf.Term {
	return rdf.Literal{Value: t.Format(time.RFC3339), Type: xsd + "dateTime"}
}

func (w *writer) catalog(c rdf.IRI, all []catalog.History) {
	w.Add(c, rdf.Type, dcat+"Catalog")
	w.Add(c, dct+"title", texts(w.site.Title)...)
	w.Add(c, dct+"description", texts(orElse(w.site.About, orElse(w.site.Subtitle, w.site.Title)))...)
	w.Add(c, dct+"publisher", w.agent(w.site.Title))
	w.Add(c, dct+"language", w.language("ZHO", "中文", "Chinese"), w.language("ENG", "英文", "English"))
	w.Add(c, foaf+"homepage", w.document("/"))
	w.Add(c, dct+"license", w.licence(w.site.MetadataLicence))
	w.Add(c, dct+"spatial", w.region())
	w.Add(c, dcat+"themeTaxonomy", w.scheme(), w.vocabulary(authority+"data-theme"))
	var first, last time.Time
	for _, h := range all {
		if first.IsZero() || h.First.Before(first) {
			first = h.First
		}
		for _, r := range h.Releases {
			if r.PublishedAt.After(last) {
				last = r.PublishedAt
			}
		}
	}
	if !first.IsZero() {
		w.Add(c, dct+"issued", moment(first))
		w.Add(c, dct+"modified", moment(last))
	}
}

func orElse(t, otherwise catalog.Text) catalog.Text {
	if t == (catalog.Text{}) {
		return otherwise
	}
	return t
}

// paging links the pages as Hydra does, in its present words and in those that
// harvesters have read for longer.
func (w *writer) paging(c rdf.IRI, all []catalog.History, page Page, pages int) {
	if pages == 1 {
		return
	}
	at := func(n int) rdf.IRI { return w.at(page.Path + "?page=" + strconv.Itoa(n)) }
	this, total := at(page.Number), 0
	for _, h := range all {
		total += len(h.Releases)
	}
	w.Add(this, rdf.Type, hydra+"PartialCollectionView", hydra+"PagedCollection")
	w.Add(this, hydra+"totalItems", rdf.Literal{Value: strconv.Itoa(total), Type: xsd + "integer"})
	w.Add(this, hydra+"itemsPerPage", rdf.Literal{Value: strconv.Itoa(page.size()), Type: xsd + "integer"})
	w.Add(this, hydra+"first", at(1))
	w.Add(this, hydra+"firstPage", at(1))
	w.Add(this, hydra+"last", at(pages))
	w.Add(this, hydra+"lastPage", at(pages))
	if page.Number > 1 {
		w.Add(this, hydra+"previous", at(page.Number-1))
		w.Add(this, hydra+"previousPage", at(page.Number-1))
	}
	if page.Number < pages {
		w.Add(this, hydra+"next", at(page.Number+1))
		w.Add(this, hydra+"nextPage", at(page.Number+1))
	}
	w.Add(c, hydra+"view", this)
}

// service is the SQL interface.
func (w *writer) service(c rdf.IRI) rdf.IRI {
	s := w.at("/api/v1/sql#service")
	w.Add(c, dcat+"service", s)
	w.Add(s, rdf.Type, dcat+"DataService")
	w.Add(s, dct+"title", texts(catalog.Text{Zh: "SQL 查询接口", En: "SQL API"})...)
	w.Add(s, dct+"description", texts(catalog.Text{
		Zh: "对任意数据集执行一条 SELECT，结果以 JSON、JSON Lines、CSV、XLSX、Parquet 或 Arrow 返回",
		En: "One SELECT over any datasets, answered as JSON, JSON Lines, CSV, XLSX, Parquet or Arrow"})...)
	w.Add(s, dcat+"endpointURL", w.at("/api/v1/sql"))
	w.Add(s, dcat+"endpointDescription", w.at("/openapi.json"))
	w.Add(s, dct+"conformsTo", w.standard("https://spec.openapis.org/oas/v3.1.0", "OpenAPI 3.1"))
	w.Add(s, dcat+"landingPage", w.document("/docs"))
	w.Add(s, dct+"publisher", w.agent(w.site.Title))
	w.Add(s, dcat+"contactPoint", w.contact(w.site.Title, ""))
	w.Add(s, dct+"accessRights", w.access(catalog.OpenUnconditional))
	w.Add(s, dct+"license", w.licence(w.site.MetadataLicence))
	w.Add(s, dcat+"keyword", rdf.Literal{Value: "SQL", Lang: "en"}, rdf.Literal{Value: "查询", Lang: "zh"})
	w.Add(s, dcat+"theme", w.theme("公共服务")...)
	return s
}

func (w *writer) member(r *catalog.Release) rdf.IRI {
	return w.at("/datasets/" + string(r.Dataset.ID) + "/releases/" + string(r.Release))
}

func (w *writer) series(c rdf.IRI, h catalog.History) {
	d := &h.Current.Dataset
	s := w.at("/datasets/" + string(d.ID) + "#series")
	w.Add(c, dcat+"resource", s)
	w.Add(s, rdf.Type, dcat+"DatasetSeries")
	w.Add(s, dct+"title", texts(d.Title)...)
	w.Add(s, dct+"description", texts(d.Description)...)
	w.Add(s, dct+"identifier", rdf.Literal{Value: string(d.ID)})
	w.Add(s, dct+"publisher", w.agent(d.Publisher))
	w.Add(s, dcat+"contactPoint", w.contact(d.Publisher, d.Contact))
	w.Add(s, dct+"accrualPeriodicity", w.frequency(d))
	w.Add(s, dct+"spatial", w.region())
	w.Add(s, dct+"issued", moment(h.First))
	w.Add(s, dct+"modified", moment(h.Current.PublishedAt))
	w.Add(s, dct+"temporal", w.period(h.Current))
	w.Add(s, dcat+"landingPage", w.document("/datasets/"+string(d.ID)))
	w.Add(s, dcat+"last", w.member(h.Current))
	w.Add(s, dcat+"first", w.member(h.Releases[len(h.Releases)-1]))
}

func (w *writer) release(c, service rdf.IRI, h catalog.History, r *catalog.Release) {
	d := &r.Dataset
	s := w.member(r)
	w.Add(c, dcat+"dataset", s)
	w.Add(s, rdf.Type, dcat+"Dataset")
	w.Add(s, dct+"title", texts(d.Title)...)
	w.Add(s, dct+"description", texts(d.Description)...)
	w.Add(s, dct+"identifier", rdf.Literal{Value: r.Ref().String()})
	w.Add(s, dcat+"version", rdf.Literal{Value: string(r.Release)})
	w.Add(s, adms+"versionNotes", texts(h.Changes(r))...)
	w.Add(s, dcat+"inSeries", w.at("/datasets/"+string(d.ID)+"#series"))
	if before := h.Release(r.Previous); before != nil && before != r {
		w.Add(s, dcat+"prev", w.member(before))
	}
	w.Add(s, dct+"issued", moment(r.PublishedAt))
	w.Add(s, dct+"modified", moment(r.PublishedAt))
	w.Add(s, dct+"publisher", w.agent(d.Publisher))
	w.Add(s, dcat+"contactPoint", w.contact(d.Publisher, d.Contact))
	w.Add(s, dct+"accrualPeriodicity", w.frequency(d))
	w.Add(s, dcat+"theme", w.theme(d.Theme)...)
	w.Add(s, dcat+"keyword", keywords(d)...)
	w.Add(s, dct+"spatial", w.region())
	w.Add(s, dct+"temporal", w.period(r))
	w.Add(s, dct+"language", w.language("ZHO", "中文", "Chinese"))
	w.Add(s, dct+"accessRights", w.access(d.Openness.Attribute))
	w.Add(s, dcat+"landingPage", w.document("/datasets/"+string(d.ID)))
	w.Add(s, foaf+"page", w.document("/d/"+r.Ref().String()+".dictionary.csv"))
	if d.Queryable() {
		w.Add(s, foaf+"page", w.document("/d/"+r.Ref().String()+".manifest.json"))
	}
	if d.Source != (catalog.Text{}) {
		p := s + "#provenance"
		w.Add(s, dct+"provenance", p)
		w.Add(p, rdf.Type, dct+"ProvenanceStatement")
		w.Add(p, rdfs+"label", texts(d.Source)...)
	}
	for _, f := range d.Public() {
		if name := standards[f.Semantic]; name != "" {
			w.Add(s, dct+"conformsTo", w.standard(w.at("/#"+strings.ToLower(strings.NewReplacer(" ", "-", "/", "-").Replace(name))), name))
		}
	}
	if d.Queryable() {
		for _, f := range catalog.Formats {
			if a, ok := r.Artefact(f.Ext); ok {
				w.file(s, r, f, &a)
			} else if f.Ext == "arrow" {
				w.file(s, r, f, nil)
			}
		}
		w.Add(service, dcat+"servesDataset", s)
		return
	}
	w.onCondition(s, r)
}

// keywords of a dataset; those with a letter of another script than Latin are
// Chinese.
func keywords(d *catalog.Dataset) []rdf.Term {
	var list []rdf.Term
	for _, k := range d.Keywords {
		lang := "en"
		if strings.IndexFunc(k, func(r rune) bool { return r > 0x2E80 }) >= 0 {
			lang = "zh"
		}
		list = append(list, rdf.Literal{Value: k, Lang: lang})
	}
	return list
}

// file describes a download; a is nil where it is made on demand.
func (w *writer) file(s rdf.IRI, r *catalog.Release, f catalog.Format, a *catalog.Artefact) {
	d := w.distribution(s, r, f.Ext)
	address := w.at("/d/" + r.Ref().String() + "." + f.Ext)
	w.Add(d, dct+"title", rdf.Literal{Value: string(r.Dataset.ID) + "." + f.Ext})
	w.Add(d, dcat+"accessURL", w.member(r))
	w.Add(d, dcat+"downloadURL", address)
	rows := strconv.FormatInt(r.Rows, 10)
	w.Add(d, dct+"description", texts(catalog.Text{Zh: strings.ToUpper(f.Ext) + " 文件，" + rows + " 行", En: strings.ToUpper(f.Ext) + " file of " + rows + " rows"})...)
	mediaType, packed := f.Content()
	w.Add(d, dcat+"mediaType", w.mediaType(mediaType))
	if packed != "" {
		w.Add(d, dcat+"compressFormat", w.mediaType(packed))
	}
	inner, _, _ := strings.Cut(f.Ext, ".")
	format := w.mediaType(mediaType)
	if code := fileTypes[inner]; code != "" {
		format = w.term("file-type", code)
	}
	w.Add(format, rdf.Type, dct+"MediaTypeOrExtent")
	w.Add(d, dct+"format", format)
	if inner == "csv" {
		w.Add(d, dct+"conformsTo", w.standard("https://www.rfc-editor.org/rfc/rfc4180", "RFC 4180"))
	}
	if a == nil {
		return
	}
	w.Add(d, dcat+"byteSize", rdf.Literal{Value: strconv.FormatInt(a.Bytes, 10), Type: xsd + "nonNegativeInteger"})
	sum := d + "-checksum"
	w.Add(d, spdx+"checksum", sum)
	w.Add(sum, rdf.Type, spdx+"Checksum")
	w.Add(sum, spdx+"algorithm", spdx+"checksumAlgorithm_sha256")
	w.Add(spdx+"checksumAlgorithm_sha256", rdf.Type, spdx+"ChecksumAlgorithm")
	w.Add(sum, spdx+"checksumValue", rdf.Literal{Value: a.SHA256, Type: xsd + "hexBinary"})
}

// onCondition describes how to come by rows that are not open to everyone: no
// address that would answer 403, but the page that says what to do, and a sample.
func (w *writer) onCondition(s rdf.IRI, r *catalog.Release) {
	d := &r.Dataset
	page := w.at("/datasets/" + string(d.ID))
	on := w.distribution(s, r, "on-condition")
	w.Add(on, dct+"title", texts(catalog.Text{Zh: d.Openness.Attribute, En: "Not open to everyone"})...)
	w.Add(on, dct+"description", texts(orElse(d.Openness.Condition, d.Openness.Basis))...)
	w.Add(on, dcat+"accessURL", page)
	format := w.mediaType("text/csv")
	w.Add(format, rdf.Type, dct+"MediaTypeOrExtent")
	w.Add(on, dct+"format", format)
	statement := on + "-rights"
	w.Add(on, dct+"rights", statement)
	w.Add(statement, rdf.Type, dct+"RightsStatement")
	w.Add(statement, rdfs+"label", texts(orElse(d.Openness.Condition, d.Openness.Basis))...)
	if d.Openness.Attribute != catalog.OpenConditional {
		return
	}
	sample := page + "#sample"
	w.Add(s, adms+"sample", sample)
	w.Add(sample, rdf.Type, dcat+"Distribution")
	w.Add(sample, dct+"title", texts(catalog.Text{Zh: "样例", En: "Sample"})...)
	w.Add(sample, dct+"description", texts(catalog.Text{Zh: "当前版本的前10行", En: "The first ten rows of the current release"})...)
	w.Add(sample, dcat+"accessURL", page)
	w.Add(sample, dcat+"downloadURL", w.at("/api/v1/datasets/"+string(d.ID)+"/sample"))
	w.Add(sample, dcat+"mediaType", w.mediaType("application/json"))
	json := w.term("file-type", "JSON")
	w.Add(json, rdf.Type, dct+"MediaTypeOrExtent")
	w.Add(sample, dct+"format", json)
	w.Add(sample, dct+"license", w.licence(d.Licence))
	w.Add(sample, dcatap+"availability", w.concept(w.term("planned-availability", "STABLE"), catalog.Text{Zh: "稳定", En: "stable"}))
}

// distribution begins one of a release.
func (w *writer) distribution(s rdf.IRI, r *catalog.Release, name string) rdf.IRI {
	d := s + "#" + rdf.IRI(name)
	w.Add(s, dcat+"distribution", d)
	w.Add(d, rdf.Type, dcat+"Distribution")
	w.Add(d, dct+"issued", moment(r.PublishedAt))
	w.Add(d, dct+"modified", moment(r.PublishedAt))
	w.Add(d, dct+"license", w.licence(r.Dataset.Licence))
	w.Add(d, dct+"language", w.language("ZHO", "中文", "Chinese"))
	w.Add(d, dcatap+"availability", w.concept(w.term("planned-availability", "STABLE"), catalog.Text{Zh: "稳定", En: "stable"}))
	return d
}

func (w *writer) document(path string) rdf.IRI {
	w.Add(w.at(path), rdf.Type, foaf+"Document")
	return w.at(path)
}

// agent is an organisation, by its name.
func (w *writer) agent(name catalog.Text) rdf.IRI {
	a := w.at("/#agent-" + short(name.Zh+name.En))
	if !w.Has(a) {
		w.Add(a, rdf.Type, foaf+"Agent", foaf+"Organization")
		w.Add(a, foaf+"name", texts(name)...)
		w.Add(a, dct+"type", w.adms("publishertype", "RegionalAuthority", catalog.Text{Zh: "地方机关", En: "Regional authority"}))
	}
	return a
}

func short(s string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(s)))[:12] }

// contact is where to turn to: what is given, else the site's, and always a page.
func (w *writer) contact(name catalog.Text, contact string) rdf.IRI {
	if contact == "" {
		contact = w.site.Contact
	}
	v := w.at("/#contact-" + short(name.Zh+name.En+contact))
	if !w.Has(v) {
		w.Add(v, rdf.Type, vcard+"Kind", vcard+"Organization")
		w.Add(v, vcard+"fn", texts(name)...)
		if email := catalog.Email(contact); email != "" {
			w.Add(v, vcard+"hasEmail", rdf.IRI("mailto:"+email))
		} else {
			w.Add(v, vcard+"note", rdf.Literal{Value: contact})
		}
		w.Add(v, vcard+"hasURL", w.at("/about"))
	}
	return v
}

func (w *writer) concept(c rdf.IRI, label catalog.Text) rdf.IRI {
	w.Add(c, rdf.Type, skos+"Concept")
	w.Add(c, skos+"prefLabel", texts(label)...)
	return c
}

// term is one of a controlled vocabulary of the EU's Publications Office.
func (w *writer) term(vocabulary, code string) rdf.IRI {
	scheme := authority + rdf.IRI(vocabulary)
	c := scheme + rdf.IRI("/"+code)
	w.Add(c, skos+"inScheme", w.vocabulary(scheme))
	return c
}

// adms is a term of the vocabularies of ADMS.
func (w *writer) adms(vocabulary, name string, label catalog.Text) rdf.IRI {
	scheme := rdf.IRI("http://purl.org/adms/" + vocabulary)
	c := w.concept(scheme+rdf.IRI("/"+name), label)
	w.Add(c, skos+"inScheme", w.vocabulary(scheme+"/1.0"))
	return c
}

// vocabulary says what a term's scheme is, for those who do not have it at hand.
func (w *writer) vocabulary(scheme rdf.IRI) rdf.IRI {
	name, _ := strings.CutSuffix(string(scheme), "/1.0")
	w.Add(scheme, rdf.Type, skos+"ConceptScheme")
	w.Add(scheme, dct+"title", rdf.Literal{Value: name[strings.LastIndexByte(name, '/')+1:], Lang: "en"})
	return scheme
}

// scheme is that of our own themes.
func (w *writer) scheme() rdf.IRI {
	s := w.at("/#themes")
	w.Add(s, rdf.Type, skos+"ConceptScheme")
	w.Add(s, dct+"title", texts(catalog.Text{Zh: "主题分类", En: "Themes"})...)
	return s
}

// theme gives the EU's theme and ours.
func (w *writer) theme(name string) []rdf.Term {
	t := themes[name]
	own := w.concept(w.at("/datasets?theme="+url.QueryEscape(name)), catalog.Text{Zh: name, En: t.en})
	w.Add(own, skos+"inScheme", w.scheme())
	if t.code == "" {
		return []rdf.Term{own}
	}
	return []rdf.Term{w.concept(w.term("data-theme", t.code), t.label), own}
}

func (w *writer) frequency(d *catalog.Dataset) rdf.IRI {
	code := frequencies[d.UpdateFrequency]
	if code == "" {
		return ""
	}
	f := w.term("frequency", code)
	w.Add(f, rdf.Type, dct+"Frequency")
	return f
}

func (w *writer) access(attribute string) rdf.IRI {
	a := w.term("access-right", rights[attribute].code)
	w.Add(a, rdf.Type, dct+"RightsStatement")
	w.Add(a, skos+"prefLabel", texts(rights[attribute].label)...)
	return a
}

func (w *writer) language(code, zh, en string) rdf.IRI {
	l := w.term("language", code)
	w.Add(l, rdf.Type, dct+"LinguisticSystem")
	w.Add(l, skos+"prefLabel", texts(catalog.Text{Zh: zh, En: en})...)
	return l
}

func (w *writer) licence(id string) rdf.IRI {
	if id == "" {
		return ""
	}
	l := rdf.IRI(catalog.LicenceURL(id))
	w.Add(l, rdf.Type, dct+"LicenseDocument")
	w.Add(l, dct+"title", rdf.Literal{Value: id})
	switch id {
	case "CC-BY-4.0":
		w.Add(l, dct+"type", w.adms("licencetype", "Attribution", catalog.Text{Zh: "署名", En: "Attribution"}))
		w.Add(l, skos+"exactMatch", authority+"licence/CC_BY_4_0")
	case "CC0-1.0":
		w.Add(l, dct+"type", w.adms("licencetype", "PublicDomain", catalog.Text{Zh: "公有领域", En: "Public domain"}))
		w.Add(l, skos+"exactMatch", authority+"licence/CC0")
	}
	return l
}

func (w *writer) standard(s rdf.IRI, title string) rdf.IRI {
	w.Add(s, rdf.Type, dct+"Standard")
	w.Add(s, dct+"title", rdf.Literal{Value: title})
	return s
}

// mediaType is IANA's name of a type, or ours where it has not registered it.
func (w *writer) mediaType(name string) rdf.IRI {
	m := iana + rdf.IRI(name)
	if strings.Contains(name, "/x-") {
		m = w.at("/#media-type-" + strings.ReplaceAll(name, "/", "-"))
	}
	w.Add(m, rdf.Type, dct+"MediaType")
	w.Add(m, rdfs+"label", rdf.Literal{Value: name})
	return m
}

// region is the area of the site, a code of GB/T 2260.
func (w *writer) region() rdf.IRI {
	if w.site.Region == "" {
		return ""
	}
	l := w.at("/#region-" + w.site.Region)
	if !w.Has(l) {
		w.Add(l, rdf.Type, dct+"Location", skos+"Concept")
		w.Add(l, skos+"notation", rdf.Literal{Value: w.site.Region})
		w.Add(l, skos+"prefLabel", texts(orElse(w.site.RegionName, catalog.Text{Zh: w.site.Region, En: w.site.Region}))...)
		gb := w.at("/#gb-t-2260")
		w.Add(l, skos+"inScheme", gb)
		w.Add(gb, rdf.Type, skos+"ConceptScheme")
		w.Add(gb, dct+"title", texts(catalog.Text{Zh: "GB/T 2260 中华人民共和国行政区划代码", En: "GB/T 2260, codes for the administrative divisions of China"})...)
	}
	return l
}

// period is the span of time of a release's rows.
func (w *writer) period(r *catalog.Release) rdf.IRI {
	from, to := r.Period()
	kind := precision(from)
	if kind == "" || kind != precision(to) {
		return ""
	}
	p := w.member(r) + "#period"
	w.Add(p, rdf.Type, dct+"PeriodOfTime")
	w.Add(p, dcat+"startDate", rdf.Literal{Value: from, Type: kind})
	w.Add(p, dcat+"endDate", rdf.Literal{Value: to, Type: kind})
	return p
}

// precision is the type of a day, a month or a year; "" where it is none of them.
func precision(s string) rdf.IRI {
	for layout, kind := range map[string]rdf.IRI{time.DateOnly: "date", "2006-01": "gYearMonth", "2006": "gYear"} {
		if _, err := time.Parse(layout, s); err == nil {
			return xsd + kind
		}
	}
	return ""
}
