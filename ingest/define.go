package ingest

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/mozillazg/go-pinyin"
	"golang.org/x/text/unicode/norm"

	"govdata/catalog"
	"govdata/ingest/normalise"
)

// Define makes a definition of a table from what its columns hold. name is what
// the file is called, as Inspection has it.
func (t *InspectedTable) Define(name string, l catalog.Layout, o Definition) (*catalog.Dataset, error) {
	id, title := o.ID, o.Title
	base, _, _ := strings.Cut(name, ".")
	if id == "" {
		if strings.Contains(name, "**") { // Inspect masked it
			return nil, fmt.Errorf("the name of the file has personal data in it: give the dataset an --id and a --title: %w", catalog.ErrInvalid)
		}
		var err error
		if id, err = catalog.ParseID(identifierOf(base, "dataset")); err != nil {
			return nil, fmt.Errorf("an id for %s: %w", name, err)
		}
	}
	if title == "" {
		title = base
	}
	d := &catalog.Dataset{
		ID: id, Title: catalog.Text{Zh: title, En: title},
		Description: catalog.Text{
			Zh: fmt.Sprintf("由文件 %s 建立，字段由整列数据推断。", name),
			En: fmt.Sprintf("Made of the file %s; its fields were inferred from whole columns.", name)},
		Publisher: catalog.Text{Zh: "未说明", En: "not stated"}, Theme: "其他", LegalBasis: catalog.Text{Zh: "未说明", En: "not stated"},
		Openness: catalog.Openness{Attribute: catalog.OpenUnconditional}, UpdateFrequency: "irregular", Licence: cmp.Or(o.Licence, catalog.NoLicence),
		Source: catalog.Text{Zh: "文件 " + name, En: "the file " + name}, Mode: catalog.Replace, RejectLimit: 0.05, Layout: l,
	}
	if len(t.Header) == 0 {
		d.Layout.Header = catalog.Lines{None: true}
		d.Layout.Columns = nil
	}
	taken := map[string]bool{}
	var columns []*InspectedColumn
	for i := range t.Columns {
		c := &t.Columns[i]
		if len(t.Header) == 0 {
			d.Layout.Columns = append(d.Layout.Columns, c.Header)
		}
		if c.Header == "" || c.Index {
			continue
		}
		if slices.ContainsFunc(normalise.FindPersonal(c.Header), func(s normalise.PersonalSpan) bool {
			return s.Kind == normalise.PersonIdentity || s.Kind == normalise.PersonMobile
		}) {
			return nil, fmt.Errorf("%s: the header of column %d is personal data, as %s: the line is a row of data, name the columns by --header none --columns: %w", name, c.Column.Column, hideText(c.Header), catalog.ErrInvalid)
		}
		f := c.finding.Field
		f.Name, f.Title = c.name(taken)
		if f.Title.Zh != c.Header {
			f.Aliases = []string{c.Header}
		}
		d.Fields, columns = append(d.Fields, f), append(columns, c)
	}
	if err := o.Personal.apply(d, columns, name); err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(d.Fields, func(f catalog.Field) bool { return f.Privacy != catalog.PrivacyDrop }) {
		return nil, fmt.Errorf("%s: no column has a name and may be public: %w", name, catalog.ErrInvalid)
	}
	return d, nil
}

// apply settles the fields of d by the decisions. columns are those of the fields.
func (o Decisions) apply(d *catalog.Dataset, columns []*InspectedColumn, file string) error {
	chosen, err := o.choose(len(columns), func(i int) []string {
		f := &d.Fields[i]
		return []string{columns[i].Header, f.Title.Zh, f.Title.En, f.Name}
	})
	if err != nil {
		return err
	}
	undecided := &Undecided{File: file}
	for i, c := range columns {
		f := &d.Fields[i]
		decision := chosen[i]
		if decision == "" && len(c.Personal) > 0 {
			decision = o.Columns["all"]
		}
		switch {
		case decision != "":
			o.decide(f, decision, c.Personal)
			if decision == catalog.DecideDrop {
				d.Withhold = withheld(d.Withhold, entryOf(c.Personal), f.Name)
			}
		case len(c.Personal) > 0:
			undecided.Columns = append(undecided.Columns, PersonalColumn{Column: c.Column.Column, Header: c.Header, Field: f.Name, Values: c.values(), Found: c.Personal, Damaged: c.Damaged})
		default:
			f.Privacy = catalog.PrivacyNone
			if f.Semantic == catalog.IDCard || f.Semantic == catalog.PersonName {
				f.Semantic = ""
			}
			if len(c.finding.Chance) > 0 {
				f.Personal = &catalog.PersonalDecision{Decision: catalog.DecideChance, On: o.On}
				for _, k := range c.finding.Chance {
					f.Personal.Kinds = append(f.Personal.Kinds, k.String())
				}
			}
		}
	}
	if len(undecided.Columns) > 0 {
		return undecided
	}
	return nil
}

// withheld adds a field to what is withheld under an entry.
func withheld(all []catalog.Withhold, entry, field string) []catalog.Withhold {
	for i := range all {
		if all[i].Entry == entry && all[i].Rows == "" {
			all[i].Fields = append(all[i].Fields, field)
			return all
		}
	}
	return append(all, catalog.Withhold{Entry: entry, Fields: []string{field}})
}

// name gives the field its name and titles. Two header rows that name each
// column twice give both.
func (c *InspectedColumn) name(taken map[string]bool) (string, catalog.Text) {
	zh := c.Header
	if title, _, _, ok := normalise.Unit(zh); ok && title != "" && !taken["title "+title] {
		zh = title
	}
	en := zh
	name := identifierOf(zh, fmt.Sprintf("column_%d", c.Column.Column))
	if p := c.Parts; len(p) == 2 && p[0] != "" && ascii(p[0]) && !ascii(p[1]) {
		zh, en, name = p[1], p[0], identifierOf(p[0], name)
	}
	for base, n := name, 2; taken[name]; n++ {
		name = fmt.Sprintf("%.60s_%d", base, n)
	}
	for base, n := zh, 2; taken["title "+zh]; n++ {
		zh = fmt.Sprintf("%s %d", base, n)
	}
	if taken["title "+en] {
		en = zh
	}
	taken[name], taken["title "+zh], taken["title "+en] = true, true, true
	return name, catalog.Text{Zh: zh, En: en}
}

func ascii(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII })
}

var (
	notName  = regexp.MustCompile(`[^a-z0-9]+`)
	yearName = regexp.MustCompile(`^(1[6-9]|20|21)[0-9]{2}(年.?)?$`)
	camel    = regexp.MustCompile(`([a-z0-9])([A-Z])`)
)

// identifierOf makes a name of a title: pinyin for Chinese characters, letters
// without their accents, English snake_case; or otherwise where none is left.
func identifierOf(title, otherwise string) string {
	if yearName.MatchString(title) {
		return "y" + title[:4]
	}
	var b strings.Builder
	args := pinyin.NewArgs()
	for _, r := range norm.NFKD.String(camel.ReplaceAllString(title, "${1}_$2")) {
		switch {
		case unicode.Is(unicode.Han, r):
			if p := pinyin.SinglePinyin(r, args); len(p) > 0 {
				b.WriteString("_" + p[0] + "_")
			}
		case unicode.Is(unicode.Mn, r):
		default:
			b.WriteRune(unicode.ToLower(r))
		}
	}
	name := strings.Trim(notName.ReplaceAllString(b.String(), "_"), "_")
	if len(name) > 60 {
		name = strings.TrimRight(name[:60], "_")
	}
	switch {
	case name == "":
		return otherwise
	case name[0] >= '0' && name[0] <= '9':
		return "c_" + name
	}
	return name
}
