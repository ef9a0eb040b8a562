package catalog

import (
	"mime"
	"strings"
	"time"
)

// History is a dataset with its releases. It is what descriptions of the
// catalog in other people's vocabularies are made from.
type History struct {
	Current *Release
	// Releases are those that can be had, newest first.
	Releases []*Release
	// First is when the dataset was first published, also where that release
	// cannot be had any more.
	First  time.Time
	Events []Event
}

// History returns the history of a dataset, or ErrNotFound.
func (c *Catalog) History(id ID) (History, error) {
	current, err := c.Current(id)
	if err != nil {
		return History{}, err
	}
	h := History{Current: current, First: current.PublishedAt}
	if h.Releases, err = c.Releases(id); err != nil {
		return History{}, err
	}
	if h.Events, err = c.Events(id); err != nil {
		return History{}, err
	}
	for _, e := range h.Events {
		if e.Kind == "publish" && e.At.Before(h.First) {
			h.First = e.At
		}
	}
	return h, nil
}

// Histories returns the history of every dataset, in the order of All.
func (c *Catalog) Histories() ([]History, error) {
	all, err := c.All()
	if err != nil {
		return nil, err
	}
	histories := make([]History, len(all))
	for i, r := range all {
		if histories[i], err = c.History(r.Dataset.ID); err != nil {
			return nil, err
		}
	}
	return histories, nil
}

// Release returns the release with that id, or nil.
func (h History) Release(id ReleaseID) *Release {
	for _, r := range h.Releases {
		if r.Release == id {
			return r
		}
	}
	return nil
}

// Changes says in a sentence how a release differs from the one before it.
func (h History) Changes(r *Release) Text {
	before := h.Release(r.Previous)
	switch {
	case r.Previous == "":
		return Text{Zh: "首个版本", En: "The first release"}
	case before == nil || before == r:
		return Text{Zh: "上一版本已不在", En: "The release before it is not there any more"}
	}
	var zh, en []string
	for _, c := range r.Follows(&before.Manifest) {
		if c.Name == "rows" || c.Name == "key" {
			zh, en = append(zh, c.Detail.Zh), append(en, c.Detail.En)
			continue
		}
		zh, en = append(zh, c.Name+"："+c.Detail.Zh), append(en, c.Name+": "+c.Detail.En)
	}
	if len(zh) == 0 {
		return Text{Zh: "字段与行数未变", En: "Fields and number of rows as before"}
	}
	return Text{Zh: strings.Join(zh, "；"), En: strings.Join(en, "; ")}
}

// licences are the addresses of those that the definitions name.
var licences = map[string]string{
	"CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/",
	"CC0-1.0":   "https://creativecommons.org/publicdomain/zero/1.0/",
}

// LicenceURL is the address of a licence, an SPDX identifier: where its text
// is, or else the identifier's page.
func LicenceURL(id string) string {
	if url := licences[id]; url != "" {
		return url
	}
	return "https://spdx.org/licenses/" + id + ".html"
}

// Content says what a file of the format holds once it is unpacked, as a media
// type without parameters, and the media type of what it is packed with, "" if
// it is not.
func (f Format) Content() (mediaType, packed string) {
	inner, ext, _ := strings.Cut(f.Ext, ".")
	plain, _ := FormatOf(inner)
	mediaType, _, _ = mime.ParseMediaType(plain.MediaType)
	if ext != "" {
		packed = f.MediaType
	}
	return mediaType, packed
}

// Period is the span of time that the rows of a release speak of, from the first
// to the last day, month or year: that of the date from which a deadline, a notice
// or a validity counts, or else of the first required date, month or year. Both are
// "" where there is none, or where the rows are not open to everyone.
func (r *Release) Period() (from, to string) {
	d := &r.Dataset
	if !d.Queryable() {
		return "", ""
	}
	name := ""
	switch {
	case d.Deadline != nil:
		name = d.Deadline.From
	case d.Notice != nil:
		name = d.Notice.From
	case d.Validity != nil:
		name = d.Validity.From
	}
	for _, counts := range []func(Field) bool{
		func(f Field) bool { return f.Type == TypeDate },
		func(f Field) bool { return f.Semantic == Month },
		func(f Field) bool { return f.Type == TypeInteger && f.Name == "year" },
	} {
		for _, f := range d.Sent() {
			if name == "" && f.Required && counts(f) {
				name = f.Name
			}
		}
	}
	s := r.Stats[name]
	return s.Min, s.Max
}

// Email is the address in a contact, "" where it names none.
func Email(contact string) string {
	for _, word := range strings.FieldsFunc(contact, func(r rune) bool { return strings.ContainsRune(" ,;<>()，；（）、", r) }) {
		word = strings.TrimPrefix(word, "mailto:")
		if name, host, ok := strings.Cut(word, "@"); ok && name != "" && strings.Contains(host, ".") && !strings.Contains(host, "@") && ascii(word) {
			return word
		}
	}
	return ""
}

func ascii(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) < 0
}
