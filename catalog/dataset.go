// Package catalog holds what the platform knows of its datasets: their
// definitions, their releases, and which release is current.
//
// It knows nothing of how a release is made (package ingest), written in a
// format (package export) or served (package server).
package catalog

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Text is a label or a sentence in the two languages of the platform.
type Text struct {
	Zh string `json:"zh" yaml:"zh"`
	En string `json:"en" yaml:"en"`
}

// In returns the text in lang ("zh" or "en"), or in the other language where
// lang has none.
func (t Text) In(lang string) string {
	if (lang == "en" && t.En != "") || t.Zh == "" {
		return t.En
	}
	return t.Zh
}

// Dataset is the definition of a dataset: what it is, whose it is, and which
// rules its rows keep. It is written by people as datasets/<id>/dataset.yaml
// and copied into the manifest of every release.
type Dataset struct {
	ID          ID     `json:"id" yaml:"id"`
	Title       Text   `json:"title" yaml:"title"`
	Description Text   `json:"description" yaml:"description"`
	Publisher   Text   `json:"publisher" yaml:"publisher"`
	Contact     string `json:"contact,omitempty" yaml:"contact"`
	// Theme is one of Themes.
	Theme string `json:"theme" yaml:"theme"`
	// Disclosure lists which of the five kinds of disclosure (五公开) the
	// dataset serves; see Disclosures. Reference tables serve none.
	Disclosure []string `json:"disclosure,omitempty" yaml:"disclosure"`
	// LegalBasis names the item of the document, or the law, that asks for
	// the dataset.
	LegalBasis Text `json:"legal_basis" yaml:"legal_basis"`
	// Item is the number of the document's item, 三 to 十一; empty for
	// reference tables.
	Item     string   `json:"item,omitempty" yaml:"item"`
	Openness Openness `json:"openness" yaml:"openness"`
	// UpdateFrequency is one of the keys of Frequencies.
	UpdateFrequency string   `json:"update_frequency" yaml:"update_frequency"`
	Licence         string   `json:"licence" yaml:"licence"`
	Keywords        []string `json:"keywords,omitempty" yaml:"keywords"`
	// Synthetic is true where the bundled rows were made up; every page and
	// file that shows them says so (示例数据).
	Synthetic bool `json:"synthetic" yaml:"synthetic"`
	// Source says where real rows come from, or how synthetic ones were made.
	Source Text `json:"source" yaml:"source"`

	Fields []Field `json:"fields" yaml:"fields"`
	// Key names the fields that together identify a row. Empty: rows have
	// no identity, and the update mode can only be replace or append.
	Key []string `json:"key,omitempty" yaml:"key"`
	// Sort names the fields that a release is ordered by. Empty: the key.
	Sort []string `json:"sort,omitempty" yaml:"sort"`
	Mode Mode     `json:"mode" yaml:"mode"`
	// RejectLimit is the share of rows, 0 to 1, that may be rejected before
	// the whole file is refused.
	RejectLimit float64 `json:"reject_limit" yaml:"reject_limit"`
	// Department names the field with the name of the department that answers
	// for a row. Empty: the publisher answers for all of them.
	Department string `json:"department,omitempty" yaml:"department"`
	// References are the datasets in which values must be found.
	References []Reference `json:"references,omitempty" yaml:"references"`
	// Deadline is the rule by which rows count as published on time.
	Deadline *Deadline `json:"deadline,omitempty" yaml:"deadline"`
	// Notice is the period for which a matter must be shown to the public.
	Notice *Notice `json:"notice,omitempty" yaml:"notice"`
	// Validity says from when to when a row is in force.
	Validity *Validity `json:"validity,omitempty" yaml:"validity"`
	// Withhold lists what is kept back, each under its entry of the negative list.
	Withhold []Withhold `json:"withhold,omitempty" yaml:"withhold"`
	// Derived is set where the platform computes the rows.
	Derived *Derivation `json:"derived,omitempty" yaml:"derived"`
	// Layout settles how its files are laid out, where that is needed.
	Layout Layout `json:"layout,omitzero" yaml:"layout"`
	// Samples are the bundled files, in the order in which they are ingested.
	Samples []Sample `json:"-" yaml:"samples"`
}

// Sample is a file that comes with a definition, in the form that a
// department would send.
type Sample struct {
	File string `yaml:"file"`
	Mode Mode   `yaml:"mode"`
	// Charset, where set, overrides the detection, as an operator would.
	Charset string `yaml:"charset"`
	// What the ingest of this file must give; the data lint holds it.
	Rows     int64 `yaml:"rows"`
	Rejected int64 `yaml:"rejected"`
}

// Openness says who may have the data: 无条件开放, 有条件开放 with its
// condition, or 不予开放 with its basis.
type Openness struct {
	Attribute string `json:"attribute" yaml:"attribute"`
	Condition Text   `json:"condition,omitzero" yaml:"condition"`
	Basis     Text   `json:"basis,omitzero" yaml:"basis"`
}

// NoLicence is the licence of a dataset of which none was stated.
const NoLicence = "NOASSERTION"

// The three open attributes.
const (
	OpenUnconditional = "无条件开放"
	OpenConditional   = "有条件开放"
	OpenNot           = "不予开放"
)

// Queryable reports whether anyone may query and download the rows.
func (d *Dataset) Queryable() bool { return d.Openness.Attribute == OpenUnconditional }

// Mode says what a new file does to the rows of the current release.
type Mode string

// The update modes. Replace: the file is the whole dataset. Append: its rows
// are added. Upsert: a row whose key exists replaces that row.
const (
	Replace Mode = "replace"
	Append  Mode = "append"
	Upsert  Mode = "upsert"
)

// ParseMode reads the name of an update mode.
func ParseMode(s string) (Mode, error) {
	switch m := Mode(s); m {
	case Replace, Append, Upsert:
		return m, nil
	}
	return "", fmt.Errorf("mode %q: want replace, append or upsert: %w", s, ErrInvalid)
}

// Field is one column of a dataset.
type Field struct {
	Name        string `json:"name" yaml:"name"`
	Title       Text   `json:"title" yaml:"title"`
	Description Text   `json:"description,omitzero" yaml:"description"`
	Type        Type   `json:"type" yaml:"type"`
	// Unit is the unit that values are stored in (money always in 元).
	Unit     string   `json:"unit,omitempty" yaml:"unit"`
	Semantic Semantic `json:"semantic,omitempty" yaml:"semantic"`
	Required bool     `json:"required,omitempty" yaml:"required"`
	// Enum lists the only values allowed; with Separator, each part must be one.
	Enum []string `json:"enum,omitempty" yaml:"enum"`
	// Separator marks a cell that holds several values. Departments write
	// them with ; or ；or 、: all are stored as this one.
	Separator string `json:"separator,omitempty" yaml:"separator"`
	// Pattern is an RE2 expression that the whole text must match.
	Pattern string `json:"pattern,omitempty" yaml:"pattern"`
	// Min and Max bound numbers and dates, both inclusive, in the field's own notation.
	Min string `json:"min,omitempty" yaml:"min"`
	Max string `json:"max,omitempty" yaml:"max"`
	// MaxLength bounds text, in characters.
	MaxLength int `json:"max_length,omitempty" yaml:"max_length"`
	// Aliases are further header texts under which departments send the column.
	Aliases []string `json:"aliases,omitempty" yaml:"aliases"`
	// NullMarks are the texts that mean "no value" in this column. Nil:
	// DefaultNullMarks; empty but not nil: the empty text alone.
	NullMarks []string `json:"null_marks,omitzero" yaml:"null_marks"`
	// DateOrder lets dates and times also be sent with the year last, and says
	// how their numbers stand then: dmy or mdy. Empty: year, month, day alone.
	DateOrder DateOrder `json:"date_order,omitempty" yaml:"date_order"`
	// DecimalMark parts the decimals of the numbers that are sent: "." (also
	// where it is empty) or ",", with the other one between thousands.
	DecimalMark string  `json:"decimal_mark,omitempty" yaml:"decimal_mark"`
	Privacy     Privacy `json:"privacy,omitempty" yaml:"privacy"`
	// Personal is what someone decided of a column in which personal data was found.
	Personal *PersonalDecision `json:"personal,omitempty" yaml:"personal"`
}

// PersonalDecision records who decided what of a column with personal data.
type PersonalDecision struct {
	Decision Decision `json:"decision" yaml:"decision"`
	// Kinds are what was found, as normalise.PersonalKind names it.
	Kinds []string `json:"kinds,omitempty" yaml:"kinds"`
	// By is the operator, who is not named in public; On the day, as 2026-12-01.
	By string `json:"-" yaml:"by"`
	On string `json:"on,omitempty" yaml:"on"`
}

// Decision is what is done with a column in which personal data was found.
type Decision string

// The decisions. Chance is not one of a person: numbers of the column have the
// form of personal data by chance, as far as all of its cells told.
const (
	DecideMask   Decision = "mask"
	DecideDrop   Decision = "drop"
	DecideKeep   Decision = "keep"
	DecideChance Decision = "chance"
)

// DateOrder is the order of day and month before a year.
type DateOrder string

// The date orders. The zero value reads no date that has its year last, unless
// the month is a word.
const (
	DayFirst   DateOrder = "dmy"
	MonthFirst DateOrder = "mdy"
)

// DefaultNullMarks are the texts that mean "no value" in a column that does
// not list its own (DOMAIN.md, section 4; 无 means something in some columns).
var DefaultNullMarks = []string{"无", "/", "—", "——", "-", "--", "不详", "暂无", "N/A", "n/a", "NA", "null", "NULL"}

// Nulls returns the marks in force for the field. The empty text is always one.
func (f *Field) Nulls() []string {
	if f.NullMarks == nil {
		return DefaultNullMarks
	}
	return f.NullMarks
}

// Type is the type of a field: text, integer, decimal(P,S), date, timestamp or boolean.
type Type string

// The plain types. Decimals are written decimal(P,S), 1 <= P <= 38, 0 <= S <= P.
const (
	TypeText      Type = "text"
	TypeInteger   Type = "integer"
	TypeDate      Type = "date"
	TypeTimestamp Type = "timestamp"
	TypeBoolean   Type = "boolean"
)

var decimalPattern = regexp.MustCompile(`^decimal\((\d{1,2}),(\d{1,2})\)$`)

// Decimal returns precision and scale of a decimal type, and whether it is one.
func (t Type) Decimal() (precision, scale int, ok bool) {
	m := decimalPattern.FindStringSubmatch(string(t))
	if m == nil {
		return 0, 0, false
	}
	precision, _ = strconv.Atoi(m[1])
	scale, _ = strconv.Atoi(m[2])
	return precision, scale, precision >= 1 && precision <= 38 && scale <= precision
}

// SQL returns the type's name in DuckDB.
func (t Type) SQL() string {
	switch t {
	case TypeText:
		return "VARCHAR"
	case TypeInteger:
		return "BIGINT"
	case TypeDate:
		return "DATE"
	case TypeTimestamp:
		return "TIMESTAMP"
	case TypeBoolean:
		return "BOOLEAN"
	}
	return strings.ToUpper(string(t))
}

func (t Type) valid() bool {
	switch t {
	case TypeText, TypeInteger, TypeDate, TypeTimestamp, TypeBoolean:
		return true
	}
	_, _, ok := t.Decimal()
	return ok
}

// Semantic says what a text or a number means, and so which rule checks it.
type Semantic string

// The semantic types.
const (
	USCC       Semantic = "uscc"        // 统一社会信用代码, GB 32100-2015
	OrgCode    Semantic = "org_code"    // 组织机构代码, GB 11714-1997
	IDCard     Semantic = "id_card"     // 居民身份证号, GB 11643-1999
	Region     Semantic = "region"      // 行政区划代码, GB/T 2260
	Phone      Semantic = "phone"       // mainland mobile or fixed number
	Money      Semantic = "money"       // decimal in 元
	URL        Semantic = "url"         // absolute http(s) URL
	PersonName Semantic = "person_name" // name of a natural person
	Month      Semantic = "month"       // text 2016-03
	TimeOfDay  Semantic = "time_of_day" // text 15:04:05 or 15:04
	Latitude   Semantic = "latitude"    // decimal in degrees, -90 to 90
	Longitude  Semantic = "longitude"   // decimal in degrees, -180 to 180
)

var semantics = []Semantic{USCC, OrgCode, IDCard, Region, Phone, Money, URL, PersonName, Month, TimeOfDay, Latitude, Longitude}

// Privacy says what happens to a column's values before they become public.
type Privacy string

// The privacy classes, after DOMAIN.md section 3. The zero value publishes
// the column as it is.
const (
	PrivacyNone    Privacy = ""
	PrivacyName    Privacy = "name"     // first character kept
	PrivacyID      Privacy = "id"       // ID card: first 6 and last 4 kept
	PrivacyPhone   Privacy = "phone"    // 138****8000
	PrivacyBank    Privacy = "bank"     // last 4 kept
	PrivacyAddress Privacy = "address"  // cut after the township
	PrivacyParty   Privacy = "party"    // organisations stay; a natural person's name keeps its first character
	PrivacyFree    Privacy = "freetext" // ID, phone and card numbers inside the text are masked
	PrivacyContact Privacy = "contact"  // names, telephones and addresses of a contact, mixed in one cell
	PrivacyHidden  Privacy = "hidden"   // *** in place of every value
	PrivacyDrop    Privacy = "drop"     // the column never leaves the private area
)

var privacies = []Privacy{PrivacyNone, PrivacyName, PrivacyID, PrivacyPhone, PrivacyBank, PrivacyAddress, PrivacyParty, PrivacyFree, PrivacyContact, PrivacyHidden, PrivacyDrop}

// Themes are the values of Dataset.Theme; the first three are the document's
// priority and come first in every list (item 十).
var Themes = []string{"民生保障", "公共服务", "市场监管", "其他"}

// ThemeTitles are the labels of Themes.
var ThemeTitles = map[string]Text{
	"民生保障": {Zh: "民生保障", En: "People's livelihood"},
	"公共服务": {Zh: "公共服务", En: "Public services"},
	"市场监管": {Zh: "市场监管", En: "Market regulation"},
	"其他":   {Zh: "其他", En: "Other"},
}

// Disclosures are the five kinds of disclosure (五公开) of the document.
var Disclosures = []string{"决策", "执行", "管理", "服务", "结果"}

// Frequencies are the values of Dataset.UpdateFrequency with their labels.
var Frequencies = map[string]Text{
	"daily":     {Zh: "每日", En: "daily"},
	"weekly":    {Zh: "每周", En: "weekly"},
	"monthly":   {Zh: "每月", En: "monthly"},
	"quarterly": {Zh: "每季度", En: "quarterly"},
	"yearly":    {Zh: "每年", En: "yearly"},
	"irregular": {Zh: "不定期", En: "irregular"},
}

// Public returns the fields that releases carry: those that are sent and not
// dropped, and behind them those that the platform computes.
func (d *Dataset) Public() []Field { return append(d.Sent(), d.Computed()...) }

// Sent returns the fields that departments send and that become public.
func (d *Dataset) Sent() []Field {
	return slices.DeleteFunc(slices.Clone(d.Fields), func(f Field) bool { return f.Privacy == PrivacyDrop })
}

// Field returns the field with that name, or nil.
func (d *Dataset) Field(name string) *Field {
	for i := range d.Fields {
		if d.Fields[i].Name == name {
			return &d.Fields[i]
		}
	}
	return nil
}

// MaxFields is how many fields a dataset may have: as many as a sheet of Excel
// has columns, so that every release has all of its forms.
const MaxFields = 16384

// SortKey returns the fields that a release is ordered by.
func (d *Dataset) SortKey() []string {
	if len(d.Sort) > 0 {
		return d.Sort
	}
	return d.Key
}

// Problem is one thing wrong in a definition. Path locates it in the YAML
// document, as in "$.fields[3].type".
type Problem struct {
	Path    string
	Message string
}

var fieldPattern = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)

// Validate returns everything that is wrong with the definition, in the
// order of the document.
func (d *Dataset) Validate() []Problem {
	var ps []Problem
	bad := func(path, format string, args ...any) {
		ps = append(ps, Problem{Path: path, Message: fmt.Sprintf(format, args...)})
	}
	if _, err := ParseID(string(d.ID)); err != nil {
		bad("$.id", "%v", err)
	}
	for _, t := range []struct {
		path string
		text Text
	}{{"$.title", d.Title}, {"$.description", d.Description}, {"$.publisher", d.Publisher}, {"$.legal_basis", d.LegalBasis}, {"$.source", d.Source}} {
		if t.text.Zh == "" || t.text.En == "" {
			bad(t.path, "want a text in both zh and en")
		}
	}
	if !slices.Contains(Themes, d.Theme) {
		bad("$.theme", "found %q, want one of %s", d.Theme, strings.Join(Themes, ", "))
	}
	for i, k := range d.Disclosure {
		if !slices.Contains(Disclosures, k) {
			bad(fmt.Sprintf("$.disclosure[%d]", i), "found %q, want one of %s", k, strings.Join(Disclosures, ", "))
		}
	}
	switch d.Openness.Attribute {
	case OpenUnconditional:
	case OpenConditional:
		if d.Openness.Condition.Zh == "" {
			bad("$.openness.condition", "有条件开放 needs its condition")
		}
	case OpenNot:
		if d.Openness.Basis.Zh == "" {
			bad("$.openness.basis", "不予开放 needs its basis")
		}
	default:
		bad("$.openness.attribute", "found %q, want %s, %s or %s", d.Openness.Attribute, OpenUnconditional, OpenConditional, OpenNot)
	}
	if _, ok := Frequencies[d.UpdateFrequency]; !ok {
		bad("$.update_frequency", "found %q, want daily, weekly, monthly, quarterly, yearly or irregular", d.UpdateFrequency)
	}
	if d.Licence == "" {
		bad("$.licence", "want a licence, as an SPDX identifier where there is one")
	}
	if _, err := ParseMode(string(d.Mode)); err != nil {
		bad("$.mode", "%v", err)
	}
	if d.Mode == Upsert && len(d.Key) == 0 {
		bad("$.mode", "upsert needs a key")
	}
	d.validateRules(bad)
	d.Layout.problems(bad)
	if d.RejectLimit < 0 || d.RejectLimit > 1 {
		bad("$.reject_limit", "found %v, want a share from 0 to 1", d.RejectLimit)
	}
	if n := len(d.Fields); n == 0 {
		bad("$.fields", "want at least one field")
	} else if n > MaxFields {
		bad("$.fields", "found %d fields, want at most %d", n, MaxFields)
	}
	seen := map[string]int{}
	headers := map[string]string{}
	for i := range d.Fields {
		f := &d.Fields[i]
		path := fmt.Sprintf("$.fields[%d]", i)
		if !fieldPattern.MatchString(f.Name) {
			bad(path+".name", "found %q, want a-z, 0-9 and _, starting with a letter", f.Name)
		}
		if j, dup := seen[f.Name]; dup {
			bad(path+".name", "%q is field %d already", f.Name, j)
		}
		seen[f.Name] = i
		for _, h := range append([]string{f.Name, f.Title.Zh, f.Title.En}, f.Aliases...) {
			if other, dup := headers[h]; dup && other != f.Name && h != "" {
				bad(path, "header %q already means field %s", h, other)
			}
			headers[h] = f.Name
		}
		f.validate(path, bad)
	}
	for _, list := range []struct {
		path  string
		names []string
	}{{"$.key", d.Key}, {"$.sort", d.Sort}} {
		for i, name := range list.names {
			at := fmt.Sprintf("%s[%d]", list.path, i)
			f := d.Field(name)
			switch {
			case f == nil:
				bad(at, "%q is not a field", name)
			case f.Privacy != PrivacyNone:
				bad(at, "%q is masked or dropped, and so cannot be compared between releases", name)
			case list.path == "$.key" && !f.Required:
				bad(at, "key field %q must be required", name)
			}
		}
	}
	return ps
}

func (f *Field) validate(path string, bad func(path, format string, args ...any)) {
	if f.Title.Zh == "" || f.Title.En == "" {
		bad(path+".title", "want a text in both zh and en")
	}
	if !f.Type.valid() {
		bad(path+".type", "found %q, want text, integer, decimal(P,S), date, timestamp or boolean", f.Type)
	}
	if f.Semantic != "" && !slices.Contains(semantics, f.Semantic) {
		bad(path+".semantic", "found %q, want one of %v", f.Semantic, semantics)
	}
	_, _, isDecimal := f.Type.Decimal()
	if f.Semantic == Money && (!isDecimal || f.Unit != "元") {
		bad(path+".semantic", "money is a decimal with unit 元")
	}
	switch f.Semantic {
	case "", Money:
	case Latitude, Longitude:
		if !isDecimal {
			bad(path+".semantic", "a %s is a decimal", f.Semantic)
		}
	default:
		if f.Type != TypeText {
			bad(path+".semantic", "%s is a text", f.Semantic)
		}
	}
	switch f.DateOrder {
	case "":
	case DayFirst, MonthFirst:
		if f.Type != TypeDate && f.Type != TypeTimestamp {
			bad(path+".date_order", "applies to dates and timestamps")
		}
	default:
		bad(path+".date_order", "found %q, want %s or %s", f.DateOrder, DayFirst, MonthFirst)
	}
	switch f.DecimalMark {
	case "":
	case ".", ",":
		if !isDecimal && f.Type != TypeInteger {
			bad(path+".decimal_mark", "applies to numbers")
		}
	default:
		bad(path+".decimal_mark", "found %q, want . or ,", f.DecimalMark)
	}
	if !slices.Contains(privacies, f.Privacy) {
		bad(path+".privacy", "found %q, want one of %v", f.Privacy, privacies[1:])
	}
	if f.Privacy != PrivacyNone && f.Privacy != PrivacyDrop && f.Type != TypeText {
		bad(path+".privacy", "only a text can be masked")
	}
	if p := f.Personal; p != nil {
		switch p.Decision {
		case DecideMask, DecideDrop, DecideKeep, DecideChance:
		default:
			bad(path+".personal.decision", "found %q, want mask, drop, keep or chance", p.Decision)
		}
		if drops := f.Privacy == PrivacyDrop; (p.Decision == DecideDrop) != drops || p.Decision == DecideMask && f.Privacy == PrivacyNone {
			bad(path+".personal.decision", "found %q, and privacy is %q", p.Decision, f.Privacy)
		}
	}
	if (f.Semantic == IDCard || f.Semantic == PersonName) && f.Privacy == PrivacyNone {
		bad(path+".privacy", "a %s must be masked or dropped", f.Semantic)
	}
	if f.Type != TypeText && (len(f.Enum) > 0 || f.Pattern != "" || f.MaxLength != 0 || f.Separator != "") {
		bad(path, "enum, separator, pattern and max_length apply to text")
	}
	if f.Type == TypeText && (f.Min != "" || f.Max != "") {
		bad(path, "min and max apply to numbers and dates")
	}
	if f.Pattern != "" {
		if _, err := regexp.Compile(f.Pattern); err != nil {
			bad(path+".pattern", "%v", err)
		}
	}
}
