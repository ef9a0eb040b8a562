package ingest

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"govdata/catalog"
	"govdata/ingest/decode"
	"govdata/ingest/infer"
	"govdata/ingest/layout"
	"govdata/ingest/normalise"
)

// PersonalColumn is a column in which personal data was found.
type PersonalColumn struct {
	// Column counts from 1.
	Column int    `json:"column"`
	Header string `json:"header"`
	Field  string `json:"field"`
	// Values counts the cells that have one.
	Values int64            `json:"values"`
	Found  []infer.Personal `json:"found"`
	// Damaged counts the long numbers that a spreadsheet had rounded.
	Damaged int64 `json:"damaged,omitempty"`
}

// Undecided is a table with personal data of which nobody has decided. Nothing
// of it is published.
type Undecided struct {
	File    string           `json:"file"`
	Columns []PersonalColumn `json:"personal"`
}

func (e *Undecided) Error() string {
	var names []string
	for i := range e.Columns {
		names = append(names, fmt.Sprintf("%d %q", e.Columns[i].Column, hideText(e.Columns[i].Header)))
	}
	return fmt.Sprintf("%s: personal data in the columns %s, and nothing is published; decide for each, as in --personal %s=mask, =drop or =keep, or with --personal all=mask",
		e.File, strings.Join(names, ", "), hideText(e.Columns[0].Header))
}

// Unwrap makes it an ErrInvalid.
func (e *Undecided) Unwrap() error { return catalog.ErrInvalid }

// kindTitles are what people call the kinds.
var kindTitles = map[normalise.PersonalKind]catalog.Text{
	normalise.PersonIdentity:  {Zh: "身份证件号码", En: "identity numbers"},
	normalise.PersonName:      {Zh: "自然人姓名", En: "names of persons"},
	normalise.PersonMobile:    {Zh: "手机号码", En: "mobile numbers"},
	normalise.PersonLandline:  {Zh: "联系电话", En: "telephone numbers"},
	normalise.PersonBank:      {Zh: "银行账号", En: "bank cards or accounts"},
	normalise.PersonAddress:   {Zh: "住址", En: "addresses"},
	normalise.PersonEmail:     {Zh: "电子邮箱", En: "e-mail addresses"},
	normalise.PersonPassport:  {Zh: "护照或通行证号码", En: "passports or travel permits"},
	normalise.PersonPlate:     {Zh: "车牌号码", En: "licence plates"},
	normalise.PersonAccount:   {Zh: "微信号或QQ号", En: "WeChat or QQ accounts"},
	normalise.PersonSocial:    {Zh: "社会保障等证件号码", En: "social security or other personal numbers"},
	normalise.PersonBirth:     {Zh: "出生日期", En: "dates of birth"},
	normalise.PersonSensitive: {Zh: "健康、困难状况", En: "health or hardship of named persons"},
}

func (c *PersonalColumn) describe(lang string) string {
	var parts []string
	for _, p := range c.Found {
		text := fmt.Sprintf(catalog.Text{Zh: "%[2]d 个值中有 %[1]d 个含%[3]s", En: "%[3]s in %[1]d of %[2]d values"}.In(lang), p.Cells, c.Values, kindTitles[p.Kind].In(lang))
		if len(p.Examples) > 0 {
			text += catalog.Text{Zh: "，如 ", En: ", as "}.In(lang) + strings.Join(p.Examples, ", ")
		}
		parts = append(parts, text)
	}
	if c.Damaged > 0 {
		parts = append(parts, fmt.Sprintf(catalog.Text{Zh: "%d 个长数字已被电子表格舍去尾数", En: "%d long numbers had lost digits in a spreadsheet"}.In(lang), c.Damaged))
	}
	return strings.Join(parts, catalog.Text{Zh: "；", En: "; "}.In(lang))
}

var (
	organisationHeader = regexp.MustCompile(`企业|单位|公司|机构|學校|学校|医院|商户|店铺|信用代码|组织|部门|單位|機構|(?i)company|organi[sz]ation|institution|agency|school|hospital`)
	workplaceHeader    = regexp.MustCompile(`^(?:工作|所在|就职|就读|任职|毕业)`)
)

// settlePersonal decides which of the findings count, now that all columns are
// known: a date of birth or an illness is personal where the table names
// persons, and an address or a telephone where it is not about organisations.
func (t *InspectedTable) settlePersonal() {
	named, organisations := false, false
	for i := range t.Columns {
		c := &t.Columns[i]
		organisations = organisations || namesOrganisations(c.Header)
		for _, p := range c.finding.Personal {
			named = named || !p.Named && (p.Kind == normalise.PersonName || p.Kind == normalise.PersonIdentity)
		}
	}
	for i := range t.Columns {
		c := &t.Columns[i]
		for _, p := range c.finding.Personal {
			if !counts(&p, named, organisations) {
				continue
			}
			c.Personal = append(c.Personal, p)
		}
		c.hide()
	}
}

func namesOrganisations(header string) bool {
	return organisationHeader.MatchString(header) && !workplaceHeader.MatchString(header)
}

// counts reports whether a finding counts in a table that names persons, or
// organisations.
func counts(p *infer.Personal, named, organisations bool) bool {
	intimate := p.Kind == normalise.PersonBirth || p.Kind == normalise.PersonSensitive
	return !p.Named || named && (intimate || !organisations)
}

// hide leaves no clear value of a column with personal data in what inspect
// says.
func (c *InspectedColumn) hide() {
	if len(c.Personal) == 0 {
		c.Why = catalog.Text{Zh: normalise.MaskFreeText(c.Why.Zh), En: normalise.MaskFreeText(c.Why.En)}
		c.Examples = slices.Clone(c.Examples)
		for i, e := range c.Examples {
			c.Examples[i] = normalise.MaskFreeText(e)
		}
		return
	}
	c.Min, c.Max, c.Examples = "", "", []string{}
	for _, p := range c.Personal {
		c.Examples = append(c.Examples, p.Examples...)
	}
	column := PersonalColumn{Values: c.values(), Found: c.Personal}
	c.Why = catalog.Text{Zh: "含个人信息：" + column.describe("zh"), En: "personal data: " + column.describe("en")}
}

func (c *InspectedColumn) values() int64 {
	n := c.Cells
	for _, empty := range c.Nulls {
		n -= empty
	}
	return n
}

// Decisions are what is done with the columns that hold personal data, by
// title, field name or header; "all" decides those that are not named.
type Decisions struct {
	Columns map[string]catalog.Decision
	// By is who decided, On the day.
	By, On string
}

// ParseDecisions reads COLUMN=mask|drop|keep.
func ParseDecisions(list []string) (map[string]catalog.Decision, error) {
	all := map[string]catalog.Decision{}
	for _, s := range list {
		i := strings.LastIndexByte(s, '=')
		if i < 1 {
			return nil, fmt.Errorf("--personal %q: want COLUMN=mask, COLUMN=drop or COLUMN=keep: %w", normalise.MaskFreeText(s), catalog.ErrInvalid)
		}
		column, d := strings.TrimSpace(s[:i]), catalog.Decision(strings.TrimSpace(s[i+1:]))
		switch {
		case d != catalog.DecideMask && d != catalog.DecideDrop && d != catalog.DecideKeep:
			return nil, fmt.Errorf("--personal %s: found %q, want mask, drop or keep: %w", column, d, catalog.ErrInvalid)
		case column == "all" && d == catalog.DecideKeep:
			return nil, fmt.Errorf("--personal all=keep: what is published in clear is named column by column: %w", catalog.ErrInvalid)
		case all[column] != "" && all[column] != d:
			return nil, fmt.Errorf("--personal %s: decided as %s and as %s: %w", column, all[column], d, catalog.ErrInvalid)
		}
		all[column] = d
	}
	return all, nil
}

// choose returns the decision for each of n columns, called by names(i), and an
// error that lists the columns where a decision is for none of them.
func (d Decisions) choose(n int, names func(i int) []string) ([]catalog.Decision, error) {
	chosen := make([]catalog.Decision, n)
	for column, decision := range d.Columns {
		if column == "all" {
			continue
		}
		found := false
		for _, same := range []func(a, b string) bool{func(a, b string) bool { return a == b }, func(a, b string) bool { return headerKey(a) == headerKey(b) }} {
			for i := range n {
				if slices.ContainsFunc(names(i), func(name string) bool { return name != "" && same(name, column) }) {
					chosen[i], found = decision, true
				}
			}
			if found {
				break
			}
		}
		if !found {
			var all []string
			for i := range n {
				if list := names(i); len(list) > 0 && list[0] != "" {
					all = append(all, normalise.MaskFreeText(list[0]))
				}
			}
			return nil, fmt.Errorf("--personal %s: there is no such column; there are %s: %w", normalise.MaskFreeText(column), strings.Join(all, ", "), catalog.ErrInvalid)
		}
	}
	return chosen, nil
}

// Settle applies the decisions to a definition that is there already. What its
// columns hold is told by their titles alone.
func (d Decisions) Settle(dataset *catalog.Dataset) error {
	fields := slices.Clone(dataset.Fields)
	chosen, err := d.choose(len(fields), func(i int) []string {
		f := &fields[i]
		return append([]string{f.Title.Zh, f.Title.En, f.Name}, f.Aliases...)
	})
	if err != nil {
		return err
	}
	if d.Columns["all"] != "" {
		return fmt.Errorf("--personal all: a dataset that is there already is decided by column: %w", catalog.ErrInvalid)
	}
	for i, decision := range chosen {
		if decision == "" {
			continue
		}
		found := infer.Told(fields[i].Title.Zh)
		d.decide(&fields[i], decision, found)
		if decision == catalog.DecideMask && len(found) == 0 {
			fields[i].Privacy = catalog.PrivacyFree
		}
		if decision == catalog.DecideDrop {
			dataset.Withhold = withheld(slices.Clone(dataset.Withhold), entryOf(found), fields[i].Name)
		}
	}
	dataset.Fields = fields
	return nil
}

// decide settles a field by a decision, for what was found in its column.
func (d Decisions) decide(f *catalog.Field, decision catalog.Decision, found []infer.Personal) {
	f.Personal = &catalog.PersonalDecision{Decision: decision, By: d.By, On: d.On}
	for _, p := range found {
		f.Personal.Kinds = append(f.Personal.Kinds, p.Kind.String())
	}
	switch decision {
	case catalog.DecideKeep:
		if f.Semantic == catalog.IDCard || f.Semantic == catalog.PersonName {
			f.Semantic = ""
		}
		f.Privacy = catalog.PrivacyNone
		return
	case catalog.DecideDrop:
		f.Privacy = catalog.PrivacyDrop
	case catalog.DecideMask:
		f.Privacy = maskFor(found)
	}
	f.Type, f.Semantic, f.Unit, f.DateOrder, f.DecimalMark, f.Required = catalog.TypeText, "", "", "", "", false
	f.Enum, f.Separator, f.Pattern, f.Min, f.Max, f.MaxLength = nil, "", "", "", "", 0
}

// maskFor is the privacy class that hides what was found.
func maskFor(found []infer.Personal) catalog.Privacy {
	pure := func(kinds ...normalise.PersonalKind) bool {
		return len(found) > 0 && !slices.ContainsFunc(found, func(p infer.Personal) bool { return !slices.Contains(kinds, p.Kind) })
	}
	named := func(kind normalise.PersonalKind) *infer.Personal {
		for i := range found {
			if found[i].Kind == kind && found[i].Pure {
				return &found[i]
			}
		}
		return nil
	}
	for _, kind := range []normalise.PersonalKind{normalise.PersonIdentity, normalise.PersonPassport, normalise.PersonPlate, normalise.PersonAccount,
		normalise.PersonSocial, normalise.PersonEmail, normalise.PersonBirth, normalise.PersonSensitive} {
		if named(kind) != nil {
			return catalog.PrivacyHidden
		}
	}
	name := named(normalise.PersonName)
	switch {
	case len(found) == 0:
		return catalog.PrivacyHidden // decided by someone who knows what no cell told
	case named(normalise.PersonBank) != nil:
		if pure(normalise.PersonBank, normalise.PersonMobile) {
			return catalog.PrivacyBank
		}
		return catalog.PrivacyHidden
	case named(normalise.PersonAddress) != nil:
		return catalog.PrivacyAddress
	case name != nil && len(found) == 1 && name.Organisations == 0:
		return catalog.PrivacyName
	case name != nil && len(found) == 1:
		return catalog.PrivacyParty
	case name != nil:
		return catalog.PrivacyContact
	case pure(normalise.PersonMobile, normalise.PersonLandline) && (named(normalise.PersonMobile) != nil || named(normalise.PersonLandline) != nil):
		return catalog.PrivacyPhone
	}
	return catalog.PrivacyFree
}

// entryOf is the entry of the negative list under which a dropped column stays back.
func entryOf(found []infer.Personal) string {
	if len(found) == 0 {
		return normalise.PersonIdentity.Entry()
	}
	return found[0].Kind.Entry()
}

// hideText masks what an error or a report repeats of a file.
func hideText(s string) string { return normalise.MaskFreeText(s) }

// hideError masks the cells that an error repeats.
func hideError(err error) error {
	if e := (*decode.Error)(nil); errors.As(err, &e) {
		e.Found, e.Want = hideText(e.Found), hideText(e.Want)
	}
	return err
}

// hideSkips masks the lines that a report repeats.
func hideSkips(skips []layout.Skip) {
	for i := range skips {
		skips[i].Text = hideText(skips[i].Text)
	}
}

// describePersonal lists the columns with personal data.
func (p *printer) describePersonal(columns []PersonalColumn) {
	for i := range columns {
		c := &columns[i]
		p.line(2, "第 %d 列“%s”含个人信息：%s", "column %d %q has personal data: %s", c.Column, c.Header, c.describe(p.lang))
	}
}

// Describe tells what was found, and how to decide.
func (e *Undecided) Describe(w io.Writer, lang string) {
	p := &printer{w: w, lang: lang}
	p.line(0, "%s：%d 列含个人信息，逐列确定之前不发布任何内容：", "%s: personal data in %d columns, and nothing is published before each is decided:", e.File, len(e.Columns))
	p.describePersonal(e.Columns)
}
