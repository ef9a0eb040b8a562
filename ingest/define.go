package ingest

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"github.com/mozillazg/go-pinyin"
	"golang.org/x/text/unicode/norm"

	"govdata/catalog"
	"govdata/ingest/normalise"
)

// identityEntry is the entry of the negative list for identity numbers.
const identityEntry = "FM-001"

// Define makes a definition of a table from what its columns hold. name is
// what the file is called; id and title may be empty. Columns that look
// personal are masked, identity numbers kept back: whoever knows better edits
// the definition.
func (t *InspectedTable) Define(name string, id catalog.ID, title string, l catalog.Layout) (*catalog.Dataset, error) {
	base, _, _ := strings.Cut(name, ".")
	if id == "" {
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
		Openness: catalog.Openness{Attribute: catalog.OpenUnconditional}, UpdateFrequency: "irregular", Licence: "NOASSERTION",
		Source: catalog.Text{Zh: "文件 " + name, En: "the file " + name}, Mode: catalog.Replace, RejectLimit: 0.05, Layout: l,
	}
	if len(t.Header) == 0 {
		d.Layout.Header = catalog.Lines{None: true}
		d.Layout.Columns = nil
	}
	taken := map[string]bool{}
	var identities []string
	for i := range t.Columns {
		c := &t.Columns[i]
		if len(t.Header) == 0 {
			d.Layout.Columns = append(d.Layout.Columns, c.Header)
		}
		if c.Header == "" || c.Index {
			continue
		}
		f := c.finding.Field
		f.Name, f.Title = c.name(taken)
		if f.Title.Zh != c.Header {
			f.Aliases = []string{c.Header}
		}
		if f.Privacy == catalog.PrivacyID { // which open data does not carry, not even masked
			f.Privacy = catalog.PrivacyDrop
			identities = append(identities, f.Name)
		}
		d.Fields = append(d.Fields, f)
	}
	if len(identities) > 0 {
		d.Withhold = []catalog.Withhold{{Entry: identityEntry, Fields: identities}}
	}
	if len(d.Fields) == len(identities) {
		return nil, fmt.Errorf("%s: no column has a name and may be public: %w", name, catalog.ErrInvalid)
	}
	return d, nil
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
