// Package feed tells of new releases in Atom (RFC 4287), in pages (RFC 5005), and
// lists a site's pages for search engines.
package feed

import (
	"crypto/sha1"
	"encoding/xml"
	"fmt"
	"mime"
	"slices"
	"strconv"
	"time"

	"govdata/catalog"
)

// PageEntries is how many entries stand on a page of a feed.
const PageEntries = 50

type feed struct {
	XMLName   xml.Name `xml:"http://www.w3.org/2005/Atom feed"`
	Lang      string   `xml:"xml:lang,attr"`
	ID        string   `xml:"id"`
	Title     string   `xml:"title"`
	Subtitle  string   `xml:"subtitle,omitempty"`
	Updated   string   `xml:"updated"`
	Author    author   `xml:"author"`
	Generator string   `xml:"generator"`
	Links     []link   `xml:"link"`
	Entries   []entry  `xml:"entry"`
}

type author struct {
	Name string `xml:"name"`
	URI  string `xml:"uri,omitempty"`
}

type link struct {
	Rel    string `xml:"rel,attr"`
	Type   string `xml:"type,attr,omitempty"`
	Href   string `xml:"href,attr"`
	Title  string `xml:"title,attr,omitempty"`
	Length int64  `xml:"length,attr,omitempty"`
}

type entry struct {
	ID         string     `xml:"id"`
	Title      string     `xml:"title"`
	Updated    string     `xml:"updated"`
	Published  string     `xml:"published"`
	Author     author     `xml:"author"`
	Categories []category `xml:"category"`
	Links      []link     `xml:"link"`
	Rights     string     `xml:"rights,omitempty"`
	Summary    string     `xml:"summary"`
}

type category struct {
	Term string `xml:"term,attr"`
}

// Page is the part of a feed that one document holds.
type Page struct {
	// Number counts from 1.
	Number int
	// Path of the feed, such as /feed.atom.
	Path string
	// ID and Title of the feed; Title is empty for that of the whole site.
	ID    catalog.ID
	Title catalog.Text
	Lang  string
	// Software wrote the feed.
	Software string
}

// event is one that the feed tells of.
type event struct {
	catalog.Event
	history catalog.History
	release *catalog.Release
}

// events are those of releases that can still be had, newest first. Of two in the
// same second, the one that came later stands before the other.
func events(all []catalog.History) []event {
	var list []event
	for _, h := range all {
		for _, e := range slices.Backward(h.Events) {
			if r := h.Release(e.Release); r != nil && (e.Kind == "publish" || e.Kind == "rollback") {
				list = append(list, event{e, h, r})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b event) int { return b.At.Compare(a.At) })
	return list
}

// Pages is how many pages the feed has, at least one.
func Pages(all []catalog.History) int {
	return max(1, (len(events(all))+PageEntries-1)/PageEntries)
}

// Atom writes one page of a feed, and says when the newest of all its entries
// was made.
func Atom(site *catalog.Site, base string, all []catalog.History, page Page) ([]byte, time.Time, error) {
	list, pages := events(all), Pages(all)
	say := func(zh, en string) string { return catalog.Text{Zh: zh, En: en}.In(page.Lang) }
	var newest time.Time
	if len(list) > 0 {
		newest = list[0].At
	}
	at := func(n int) string { return base + page.Path + "?lang=" + page.Lang + "&page=" + strconv.Itoa(n) }
	f := feed{Lang: map[string]string{"zh": "zh-CN"}[page.Lang], ID: uuid("feed " + string(page.ID)), Title: site.Title.In(page.Lang) + say("：新发布", ": new releases"),
		Subtitle: site.Subtitle.In(page.Lang), Updated: newest.Format(time.RFC3339), Author: author{site.Title.In(page.Lang), base + "/"}, Generator: page.Software,
		Links: []link{{Rel: "self", Type: "application/atom+xml", Href: at(page.Number)}, {Rel: "alternate", Type: "text/html", Href: base + "/datasets"},
			{Rel: "first", Href: at(1)}, {Rel: "last", Href: at(pages)}}}
	if f.Lang == "" {
		f.Lang = page.Lang
	}
	if page.Title != (catalog.Text{}) {
		f.Title, f.Subtitle = page.Title.In(page.Lang)+say("：新发布", ": new releases"), ""
		f.Links[1].Href = base + "/datasets/" + string(page.ID)
	}
	if page.Number > 1 {
		f.Links = append(f.Links, link{Rel: "previous", Href: at(page.Number - 1)})
	}
	if page.Number < pages {
		f.Links = append(f.Links, link{Rel: "next", Href: at(page.Number + 1)})
	}
	for _, e := range list[min((page.Number-1)*PageEntries, len(list)):min(page.Number*PageEntries, len(list))] {
		f.Entries = append(f.Entries, entryOf(base, page.Lang, e))
	}
	body, err := xml.MarshalIndent(f, "", " ")
	return append([]byte(xml.Header), append(body, '\n')...), newest, err
}

func entryOf(base, lang string, e event) entry {
	r := e.release
	d := &r.Dataset
	ref := r.Ref().String()
	// The release's name is the same wherever it is served from; so is the entry's.
	one := entry{ID: uuid(e.Kind + " " + ref + " " + e.At.UTC().Format(time.RFC3339)), Title: d.Title.In(lang), Updated: e.At.Format(time.RFC3339), Published: e.At.Format(time.RFC3339),
		Author: author{Name: d.Publisher.In(lang)}, Categories: []category{{d.Theme}}, Rights: d.Licence, Summary: summary(lang, e),
		Links: []link{{Rel: "alternate", Type: "text/html", Href: fmt.Sprintf("%s/datasets/%s/releases/%s", base, d.ID, r.Release)}}}
	if e.Kind == "rollback" {
		one.Title += catalog.Text{Zh: "（恢复到较早版本）", En: " (back to an earlier release)"}.In(lang)
	}
	if !d.Queryable() {
		return one
	}
	one.Links = append(one.Links, link{Rel: "related", Type: "application/json", Href: base + "/d/" + ref + ".manifest.json"})
	if before := e.history.Release(r.Previous); before != nil && before != r {
		one.Links = append(one.Links, link{Rel: "related", Type: "text/csv", Href: fmt.Sprintf("%s/d/%s@%s..%s.diff.csv", base, d.ID, before.Release, r.Release), Title: catalog.Text{Zh: "变更", En: "Changes"}.In(lang)})
	}
	for _, ext := range []string{"csv", "xlsx", "parquet"} {
		if a, ok := r.Artefact(ext); ok {
			media, _, _ := mime.ParseMediaType(a.MediaType)
			one.Links = append(one.Links, link{Rel: "enclosure", Type: media, Href: base + "/d/" + ref + "." + ext, Length: a.Bytes})
		}
	}
	return one
}

// summary says what the release brought.
func summary(lang string, e event) string {
	r, c := e.release, e.release.Counts
	changes := e.history.Changes(r)
	if e.Kind == "rollback" {
		changes = catalog.Text{Zh: "重新成为当前版本", En: "current again"}
	}
	return catalog.Text{
		Zh: fmt.Sprintf("版本 %s，共 %d 行。%s。收到 %d 行，发布 %d，退回 %d，不予公开 %d。", r.Release, r.Rows, changes.Zh, c.In, c.Published, c.Rejected, c.Withheld),
		En: fmt.Sprintf("Release %s of %d rows. %s. Rows received: %d, published: %d, rejected: %d, withheld: %d.", r.Release, r.Rows, changes.En, c.In, c.Published, c.Rejected, c.Withheld),
	}.In(lang)
}

// uuid is a name that never changes (RFC 9562, version 5), of a name in a space
// of ours.
func uuid(name string) string {
	space := [16]byte{0x5c, 0x1f, 0x0e, 0x8a, 0x3b, 0x6d, 0x4c, 0x52, 0x9e, 0x77, 0x21, 0xd4, 0x60, 0xaf, 0x93, 0x18}
	sum := sha1.Sum(append(space[:], name...))
	u := sum[:16]
	u[6], u[8] = u[6]&0x0f|0x50, u[8]&0x3f|0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}

type urlset struct {
	XMLName xml.Name `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 urlset"`
	XHTML   string   `xml:"xmlns:xhtml,attr"`
	URLs    []page   `xml:"url"`
}

type page struct {
	Loc        string      `xml:"loc"`
	Modified   string      `xml:"lastmod,omitempty"`
	Frequency  string      `xml:"changefreq,omitempty"`
	Alternates []alternate `xml:"xhtml:link"`
}

type alternate struct {
	Rel  string `xml:"rel,attr"`
	Lang string `xml:"hreflang,attr"`
	Href string `xml:"href,attr"`
}

// frequencies are those that the protocol knows.
var frequencies = map[string]string{"daily": "daily", "weekly": "weekly", "monthly": "monthly", "quarterly": "monthly", "yearly": "yearly"}

// Sitemap lists the pages of the site, those of datasets among them, each in both
// languages (sitemaps.org 0.9). It says when the last of them changed.
func Sitemap(base string, all []catalog.History) ([]byte, time.Time, error) {
	var newest time.Time
	for _, h := range all {
		if t := changed(h); t.After(newest) {
			newest = t
		}
	}
	set := urlset{XHTML: "http://www.w3.org/1999/xhtml"}
	add := func(path string, modified time.Time, frequency string) {
		p := page{Loc: base + path, Frequency: frequency, Alternates: []alternate{
			{"alternate", "zh", base + path + "?lang=zh"}, {"alternate", "en", base + path + "?lang=en"}, {"alternate", "x-default", base + path}}}
		if !modified.IsZero() {
			p.Modified = modified.Format(time.RFC3339)
		}
		set.URLs = append(set.URLs, p)
	}
	add("/", newest, "daily")
	add("/datasets", newest, "daily")
	for _, path := range []string{"/scorecard", "/sql", "/developers", "/docs", "/about"} {
		add(path, time.Time{}, "")
	}
	for _, h := range all {
		add("/datasets/"+string(h.Current.Dataset.ID), changed(h), frequencies[h.Current.Dataset.UpdateFrequency])
	}
	body, err := xml.MarshalIndent(set, "", " ")
	return append([]byte(xml.Header), append(body, '\n')...), newest, err
}

// changed is when another release became current.
func changed(h catalog.History) time.Time {
	t := h.First
	for _, e := range h.Events {
		if e.At.After(t) {
			t = e.At
		}
	}
	return t
}
