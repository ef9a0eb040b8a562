// Package zhcatalog describes a dataset with the metadata items of the national
// catalog of government information resources, after 政务信息资源目录编制指南（试行）
// (发改高技〔2017〕1272号), and with the labels that Chinese open data platforms show
// besides.
//
// The codes of the norm (信息资源代码, 提供方代码) are given out by the authority that
// keeps a region's catalog. Where a dataset has none, its id stands for the first
// and an empty text for the second. Visits and downloads (浏览量, 下载量) are not counted.
package zhcatalog

import (
	"slices"
	"strings"
	"time"

	"govdata/catalog"
)

// Norm names what the items follow.
const Norm = "政务信息资源目录编制指南（试行）（发改高技〔2017〕1272号）"

// Item is a dataset in the catalog.
type Item struct {
	Class        string     `json:"信息资源分类"`
	Name         string     `json:"信息资源名称"`
	Code         string     `json:"信息资源代码"`
	Provider     string     `json:"信息资源提供方"`
	ProviderCode string     `json:"信息资源提供方代码"`
	Summary      string     `json:"信息资源摘要"`
	Formats      []string   `json:"信息资源格式"`
	Fields       []field    `json:"信息项信息"`
	Sharing      *sharing   `json:"共享属性"`
	Openness     openness   `json:"开放属性"`
	Frequency    string     `json:"更新周期"`
	Published    string     `json:"发布日期"`
	Related      []string   `json:"关联资源代码"`
	Labels       labels     `json:"平台目录项"`
	Downloads    []download `json:"下载"`
}

type field struct {
	Name      string `json:"信息项名称"`
	English   string `json:"信息项英文名称"`
	Type      string `json:"数据类型"`
	Length    int    `json:"数据长度,omitempty"`
	Unit      string `json:"计量单位,omitempty"`
	Required  bool   `json:"是否必填"`
	Key       bool   `json:"是否主键"`
	Masked    bool   `json:"是否脱敏"`
	Described string `json:"说明,omitempty"`
}

type sharing struct {
	Kind      string `json:"共享类型"`
	Condition string `json:"共享条件"`
	Way       string `json:"共享方式"`
}

type openness struct {
	Open      bool   `json:"是否向社会开放"`
	Kind      string `json:"开放类型"`
	Condition string `json:"开放条件"`
}

type labels struct {
	Tags      []string `json:"标签"`
	Domain    string   `json:"领域"`
	Theme     string   `json:"主题分类"`
	First     string   `json:"首次发布日期"`
	Updated   string   `json:"更新日期"`
	Contact   string   `json:"联系方式"`
	Rows      int64    `json:"数据量"`
	Licence   string   `json:"许可协议"`
	Basis     string   `json:"公开依据"`
	Release   string   `json:"当前版本"`
	Page      string   `json:"访问地址"`
	Synthetic bool     `json:"示例数据"`
}

type download struct {
	Format string `json:"格式"`
	URL    string `json:"地址"`
	Bytes  int64  `json:"字节数"`
	SHA256 string `json:"校验值SHA256"`
}

// types are the data types of the norm.
var types = map[catalog.Type]string{catalog.TypeText: "字符型C", catalog.TypeInteger: "数值型N", catalog.TypeDate: "日期型D", catalog.TypeTimestamp: "日期时间型T", catalog.TypeBoolean: "逻辑型L"}

// Dataset describes the current release of a dataset. Downloads are listed where
// anyone may take them.
func Dataset(site *catalog.Site, base string, h catalog.History) Item {
	r := h.Current
	d := &r.Dataset
	page := base + "/datasets/" + string(d.ID)
	item := Item{
		Class: "主题信息资源目录/" + d.Theme, Name: d.Title.Zh, Code: string(d.ID), Provider: d.Publisher.Zh, Summary: d.Description.Zh,
		Formats: []string{}, Fields: []field{}, Sharing: sharingOf(d), Frequency: catalog.Frequencies[d.UpdateFrequency].Zh,
		Openness:  openness{d.Openness.Attribute != catalog.OpenNot, d.Openness.Attribute, d.Openness.Condition.Zh},
		Published: r.PublishedAt.Format(time.DateOnly), Related: []string{}, Downloads: []download{},
		Labels: labels{Tags: append([]string{}, d.Keywords...), Domain: d.Theme, Theme: strings.Join(d.Disclosure, "、"), First: h.First.Format(time.DateOnly), Updated: r.PublishedAt.Format(time.DateOnly),
			Contact: d.Contact, Rows: r.Rows, Licence: d.Licence, Basis: d.LegalBasis.Zh, Release: string(r.Release), Page: page, Synthetic: d.Synthetic},
	}
	if item.Labels.Contact == "" {
		item.Labels.Contact = site.Contact
	}
	for _, f := range d.Public() {
		one := field{Name: f.Title.Zh, English: f.Name, Type: types[f.Type], Length: f.MaxLength, Unit: f.Unit, Required: f.Required,
			Key: slices.Contains(d.Key, f.Name), Masked: f.Privacy != catalog.PrivacyNone, Described: f.Description.Zh}
		if one.Type == "" {
			one.Type = "数值型N"
		}
		item.Fields = append(item.Fields, one)
	}
	for _, id := range related(d) {
		item.Related = append(item.Related, string(id))
	}
	if !d.Queryable() {
		return item
	}
	for _, f := range catalog.Formats {
		if a, ok := r.Artefact(f.Ext); ok {
			item.Formats = append(item.Formats, f.Ext)
			item.Downloads = append(item.Downloads, download{f.Ext, base + "/d/" + r.Ref().String() + "." + f.Ext, a.Bytes, a.SHA256})
		}
	}
	return item
}

// sharingOf follows from the open attribute: what is open to everyone may be
// shared between departments as well. Of what is not open nothing is known here.
func sharingOf(d *catalog.Dataset) *sharing {
	switch d.Openness.Attribute {
	case catalog.OpenUnconditional:
		return &sharing{"无条件共享", "", "数据下载、接口查询"}
	case catalog.OpenConditional:
		return &sharing{"有条件共享", d.Openness.Condition.Zh, "凭密钥下载、接口查询"}
	}
	return nil
}

// related are the datasets that a dataset refers to or is computed from.
func related(d *catalog.Dataset) []catalog.ID {
	var ids []catalog.ID
	add := func(id catalog.ID) {
		if id != d.ID && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	for _, r := range d.References {
		add(r.To)
	}
	if d.Derived != nil {
		for _, id := range d.Derived.Inputs {
			add(id)
		}
	}
	return ids
}
