package ckan

import (
	"encoding/json"
	"errors"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"govdata/catalog"
)

// stamp is a time as CKAN writes it: in UTC, without saying so.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000") }

func isMissing(err error) bool {
	return errors.Is(err, catalog.ErrNotFound) && !errors.Is(err, catalog.ErrGone)
}

type pair struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// organizationDict is an organization or a group.
type organizationDict struct {
	ID             string  `json:"id"`
	Name           string  `json:"name"`
	Title          string  `json:"title"`
	DisplayName    string  `json:"display_name"`
	Description    string  `json:"description"`
	ImageURL       string  `json:"image_url"`
	ImageDisplay   string  `json:"image_display_url"`
	Created        string  `json:"created"`
	Type           string  `json:"type"`
	IsOrganization bool    `json:"is_organization"`
	State          string  `json:"state"`
	ApprovalStatus string  `json:"approval_status"`
	PackageCount   *int    `json:"package_count,omitempty"`
	NumFollowers   *int    `json:"num_followers,omitempty"`
	Packages       any     `json:"packages,omitempty"`
	Users          []any   `json:"users,omitempty"`
	Extras         *[]pair `json:"extras,omitempty"`
	Groups         *[]any  `json:"groups,omitempty"`
	Tags           *[]any  `json:"tags,omitempty"`
}

type tagDict struct {
	ID           string  `json:"id"`
	Name         string  `json:"name"`
	DisplayName  string  `json:"display_name"`
	State        string  `json:"state,omitempty"`
	VocabularyID *string `json:"vocabulary_id"`
	Packages     any     `json:"packages,omitempty"`
}

type groupRef struct {
	ID           string `json:"id"`
	Name         string `json:"name"`
	Title        string `json:"title"`
	DisplayName  string `json:"display_name"`
	Description  string `json:"description"`
	ImageDisplay string `json:"image_display_url"`
}

// packageDict is a dataset.
type packageDict struct {
	ID                string           `json:"id"`
	Name              string           `json:"name"`
	Title             string           `json:"title"`
	TitleTranslated   catalog.Text     `json:"title_translated"`
	Notes             string           `json:"notes"`
	NotesTranslated   catalog.Text     `json:"notes_translated"`
	Type              string           `json:"type"`
	State             string           `json:"state"`
	Private           bool             `json:"private"`
	IsOpen            bool             `json:"isopen"`
	URL               string           `json:"url"`
	Version           string           `json:"version"`
	Author            string           `json:"author"`
	AuthorEmail       string           `json:"author_email"`
	Maintainer        string           `json:"maintainer"`
	MaintainerEmail   string           `json:"maintainer_email"`
	CreatorUserID     *string          `json:"creator_user_id"`
	LicenseID         string           `json:"license_id"`
	LicenseTitle      string           `json:"license_title"`
	LicenseURL        string           `json:"license_url,omitempty"`
	MetadataCreated   string           `json:"metadata_created"`
	MetadataModified  string           `json:"metadata_modified"`
	OwnerOrg          string           `json:"owner_org"`
	Organization      organizationDict `json:"organization"`
	NumResources      int              `json:"num_resources"`
	NumTags           int              `json:"num_tags"`
	Extras            []pair           `json:"extras"`
	Groups            []groupRef       `json:"groups"`
	Tags              []tagDict        `json:"tags"`
	Resources         []resourceDict   `json:"resources"`
	RelationsSubject  []any            `json:"relationships_as_subject"`
	RelationsAsObject []any            `json:"relationships_as_object"`
}

// resourceDict is a download file.
type resourceDict struct {
	ID                string  `json:"id"`
	PackageID         string  `json:"package_id"`
	Name              string  `json:"name"`
	Description       string  `json:"description"`
	Format            string  `json:"format"`
	Mimetype          string  `json:"mimetype"`
	MimetypeInner     *string `json:"mimetype_inner"`
	URL               string  `json:"url"`
	URLType           *string `json:"url_type"`
	Size              *int64  `json:"size"`
	Hash              string  `json:"hash"`
	Created           string  `json:"created"`
	LastModified      string  `json:"last_modified"`
	MetadataModified  string  `json:"metadata_modified"`
	ResourceType      *string `json:"resource_type"`
	CacheURL          *string `json:"cache_url"`
	CacheLastUpdated  *string `json:"cache_last_updated"`
	State             string  `json:"state"`
	Position          int     `json:"position"`
	DatastoreActive   bool    `json:"datastore_active"`
	DatastoreComplete *bool   `json:"datastore_contains_all_records_of_source_file,omitempty"`
	Schema            string  `json:"schema,omitempty"`
}

// site is the catalog at one moment, as one request sees it.
type site struct {
	*Face
	base          string
	all           []*catalog.Release
	organizations []*organization
	groups        []*organization
	byDataset     map[catalog.ID]*organization
	// spans and published are computed when they are first asked for.
	spans     map[catalog.ID]span
	published map[*organization]organizationDict
}

// span is when a dataset first became public, and when what is current became so.
type span struct{ created, modified time.Time }

func (k *call) site() (*site, error) {
	all, err := k.Catalog.All()
	if err != nil {
		return nil, err
	}
	s := &site{Face: k.Face, base: k.Base(k.c), all: all, organizations: k.directory.organizations(all), groups: k.directory.groups(all), byDataset: map[catalog.ID]*organization{}, spans: map[catalog.ID]span{}, published: map[*organization]organizationDict{}}
	for _, o := range s.organizations {
		for _, r := range o.published {
			s.byDataset[r.Dataset.ID] = o
		}
	}
	return s, nil
}

func (s *site) span(r *catalog.Release) span {
	at, known := s.spans[r.Dataset.ID]
	if known {
		return at
	}
	at = span{r.PublishedAt, r.PublishedAt}
	if events, err := s.Catalog.Events(r.Dataset.ID); err == nil && len(events) > 0 {
		at.created = events[0].At
		for _, e := range events {
			if e.Kind != "collect" {
				at.modified = e.At
			}
		}
	}
	s.spans[r.Dataset.ID] = at
	return at
}

func (s *site) organizationDict(o *organization, isOrganization bool) organizationDict {
	if d, known := s.published[o]; known {
		return d
	}
	kind := "group"
	if isOrganization {
		kind = "organization"
	}
	d := organizationDict{ID: o.id, Name: o.name, Title: o.title.In("zh"), DisplayName: o.title.In("zh"), Description: o.title.In("en"), Type: kind,
		IsOrganization: isOrganization, State: "active", ApprovalStatus: "approved"}
	for _, r := range o.published {
		if created := stamp(s.span(r).created); d.Created == "" || created < d.Created {
			d.Created = created
		}
	}
	s.published[o] = d
	return d
}

var mailPattern = regexp.MustCompile(`^[^@\s]+@[^@\s]+\.[^@\s]+$`)

func (s *site) packageDict(r *catalog.Release) packageDict {
	d := &r.Dataset
	o := s.byDataset[d.ID]
	at := s.span(r)
	licence := licenceOf(d.Licence)
	p := packageDict{ID: s.directory.packageID(d.ID), Name: string(d.ID), Title: d.Title.In("zh"), TitleTranslated: d.Title, Notes: d.Description.In("zh"), NotesTranslated: d.Description,
		Type: "dataset", State: "active", IsOpen: licence.isOpen() && d.Queryable(), URL: s.base + "/datasets/" + string(d.ID), Version: string(r.Release),
		Author: d.Publisher.In("zh"), Maintainer: d.Publisher.In("zh"), LicenseID: licence.ID, LicenseTitle: licence.Title, LicenseURL: licence.URL,
		MetadataCreated: stamp(at.created), MetadataModified: stamp(at.modified), OwnerOrg: o.id, Organization: s.organizationDict(o, true),
		Groups: []groupRef{}, Tags: []tagDict{}, RelationsSubject: []any{}, RelationsAsObject: []any{}}
	if mailPattern.MatchString(d.Contact) {
		p.MaintainerEmail = d.Contact
	}
	for _, g := range s.groups {
		if g.title.Zh == d.Theme {
			p.Groups = append(p.Groups, groupRef{ID: g.id, Name: g.name, Title: g.title.Zh, DisplayName: g.title.Zh, Description: g.title.En})
		}
	}
	parts := s.describe(r)
	p.Extras, p.Tags, p.Resources = parts.extras, parts.tags, parts.resources
	p.NumResources, p.NumTags = len(p.Resources), len(p.Tags)
	return p
}

// parts are what of a dataset is the same as long as its release is current.
type parts struct {
	extras    []pair
	tags      []tagDict
	resources []resourceDict
}

// described keeps parts, for the addresses by which the site was asked.
type described struct {
	mu    sync.Mutex
	parts map[describedKey]parts
}

type describedKey struct {
	base     string
	ref      catalog.Ref
	modified time.Time
}

// describedMax and describedBase bound what is kept: who asks can choose the
// address.
const (
	describedMax  = 2048
	describedBase = 100
)

func (s *site) describe(r *catalog.Release) parts {
	key := describedKey{s.base, r.Ref(), s.span(r).modified}
	k := &s.Face.described
	k.mu.Lock()
	p, known := k.parts[key]
	k.mu.Unlock()
	if known {
		return p
	}
	p = parts{tags: []tagDict{}, resources: s.resources(r)}
	p.extras = s.extras(r, p.resources)
	for _, name := range r.Dataset.Keywords {
		p.tags = append(p.tags, s.tagDict(name))
	}
	if len(s.base) > describedBase {
		return p
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.parts == nil || len(k.parts) >= describedMax {
		k.parts = map[describedKey]parts{}
	}
	k.parts[key] = p
	return p
}

func (f *Face) tagDict(name string) tagDict {
	return tagDict{ID: f.directory.id("tag", name), Name: name, DisplayName: name, State: "active"}
}

// extras are the labels of Chinese catalogs (数据集名称, 开放属性, ...) that CKAN has
// no field for, those that it has under its name as well.
func (s *site) extras(r *catalog.Release, resources []resourceDict) []pair {
	d := &r.Dataset
	var all []pair
	add := func(key, value string) {
		if value != "" {
			all = append(all, pair{key, value})
		}
	}
	day := func(t time.Time) string {
		location, err := s.Site.Location()
		if err != nil {
			location = time.UTC
		}
		return t.In(location).Format(time.DateOnly)
	}
	var formats []string
	for _, f := range resources {
		formats = append(formats, f.Name[strings.Index(f.Name, ".")+1:])
	}
	var fields []string
	for _, f := range d.Public() {
		fields = append(fields, f.Title.In("zh")+"（"+f.Name+"）")
	}
	add("信息资源标识符", string(d.ID))
	add("数据集名称", d.Title.Zh)
	add("英文名称", d.Title.En)
	add("领域", d.Theme)
	add("主题分类", strings.Join(d.Disclosure, "、"))
	add("数据提供方", d.Publisher.In("zh"))
	add("开放属性", d.Openness.Attribute)
	add("开放条件", d.Openness.Condition.In("zh"))
	add("不予开放依据", d.Openness.Basis.In("zh"))
	add("更新频率", catalog.Frequencies[d.UpdateFrequency].Zh)
	add("首次发布日期", day(s.span(r).created))
	add("更新日期", day(s.span(r).modified))
	add("数据格式", strings.Join(formats, "、"))
	add("数据量", strconv.FormatInt(r.Rows, 10))
	add("数据项", strings.Join(fields, "；"))
	add("法律依据", d.LegalBasis.In("zh"))
	add("数据来源", d.Source.In("zh"))
	add("联系方式", d.Contact)
	if d.Synthetic {
		add("示例数据", "是")
	}
	return all
}

// formatName is how CKAN's users call a format. A compressed file has that of what
// is in it; its mimetype says how it is packed.
func formatName(ext string) string {
	name, _, _ := strings.Cut(ext, ".")
	switch name {
	case "parquet":
		return "Parquet"
	case "arrow":
		return "Arrow"
	}
	return strings.ToUpper(name)
}

// resources are the files of a release; none where nobody may have them.
func (s *site) resources(r *catalog.Release) []resourceDict {
	list := []resourceDict{}
	d := &r.Dataset
	if d.Openness.Attribute == catalog.OpenNot {
		return list
	}
	at, schema := s.span(r), tableSchema(d)
	for _, format := range files() {
		a, static := r.Artefact(format.Ext)
		if format.Bulk && !static {
			continue
		}
		mimetype, _, _ := strings.Cut(format.MediaType, ";")
		name := string(d.ID) + "." + format.Ext
		f := resourceDict{ID: s.directory.resourceID(d.ID, format.Ext), PackageID: s.directory.packageID(d.ID), Name: name, Description: d.Title.In("zh"),
			Format: formatName(format.Ext), Mimetype: mimetype, URL: s.base + "/d/" + name, Created: stamp(at.created), LastModified: stamp(at.modified),
			MetadataModified: stamp(at.modified), State: "active", Position: len(list)}
		if inner, ok := catalog.FormatOf(strings.TrimSuffix(strings.TrimSuffix(format.Ext, ".gz"), ".zst")); ok && inner.Ext != format.Ext {
			media, _, _ := strings.Cut(inner.MediaType, ";")
			f.MimetypeInner = &media
		}
		if static && d.Queryable() { // a hash tells which rows a small table may have
			f.Size, f.Hash = &a.Bytes, "sha256:"+a.SHA256
		}
		if format.Ext == "csv" {
			whole := true
			f.DatastoreActive, f.DatastoreComplete = true, &whole
		}
		if strings.HasPrefix(format.Ext, "csv") {
			f.Schema = schema
		}
		list = append(list, f)
	}
	return list
}

// tableSchema is the Table Schema of a dataset's CSV as text, where ckanext-validation
// and Frictionless look for it, so that codes stay text and decimals decimals.
func tableSchema(d *catalog.Dataset) string {
	type field struct {
		Name        string `json:"name"`
		Type        string `json:"type"`
		Title       string `json:"title"`
		Description string `json:"description,omitempty"`
	}
	fields := []field{}
	for _, f := range d.Public() {
		kind := map[catalog.Type]string{catalog.TypeText: "string", catalog.TypeInteger: "integer", catalog.TypeDate: "date", catalog.TypeTimestamp: "datetime", catalog.TypeBoolean: "boolean"}[f.Type]
		if kind == "" {
			kind = "number"
		}
		fields = append(fields, field{f.Name, kind, f.Title.In("zh"), f.Description.In("zh")})
	}
	b, err := json.Marshal(map[string]any{"fields": fields, "missingValues": []string{""}})
	if err != nil {
		return ""
	}
	return string(b)
}

// licence is one of license_list.
type licence struct {
	ID             string `json:"id"`
	Title          string `json:"title"`
	URL            string `json:"url"`
	Status         string `json:"status"`
	Family         string `json:"family"`
	Maintainer     string `json:"maintainer"`
	OpenDefinition string `json:"od_conformance"`
	OSDefinition   string `json:"osd_conformance"`
	DomainContent  bool   `json:"domain_content"`
	DomainData     bool   `json:"domain_data"`
	DomainSoftware bool   `json:"domain_software"`
	IsGeneric      bool   `json:"is_generic"`
}

func (l licence) isOpen() bool { return l.OpenDefinition == "approved" }

// licences are those that have a page of their own. Their ids are those of SPDX.
var licences = map[string]struct{ title, url string }{
	"CC-BY-4.0":    {"Creative Commons Attribution 4.0 International", "https://creativecommons.org/licenses/by/4.0/"},
	"CC-BY-SA-4.0": {"Creative Commons Attribution Share Alike 4.0 International", "https://creativecommons.org/licenses/by-sa/4.0/"},
	"CC0-1.0":      {"Creative Commons Zero 1.0 Universal", "https://creativecommons.org/publicdomain/zero/1.0/"},
	"ODbL-1.0":     {"Open Data Commons Open Database License 1.0", "https://opendatacommons.org/licenses/odbl/1-0/"},
	"PDDL-1.0":     {"Open Data Commons Public Domain Dedication and License 1.0", "https://opendatacommons.org/licenses/pddl/1-0/"},
}

func licenceOf(id string) licence {
	l := licence{ID: id, Title: id, Status: "active", OpenDefinition: "not reviewed", OSDefinition: "not reviewed", DomainContent: true, DomainData: true}
	if known, ok := licences[id]; ok {
		l.Title, l.URL, l.OpenDefinition = known.title, known.url, "approved"
	}
	return l
}
