package catalog

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Reference says that the values of fields, together, must be those of a row
// of another dataset. Rows with a null among them are not checked.
type Reference struct {
	Fields []string `json:"fields" yaml:"fields"`
	To     ID       `json:"to" yaml:"to"`
	// Key names the fields of To, in the order of Fields.
	Key []string `json:"key" yaml:"key"`
	// Keep publishes a row whose reference leads nowhere and counts it in the
	// report. Otherwise such a row is rejected.
	Keep bool `json:"keep,omitempty" yaml:"keep"`
}

// Deadline says by when a row has to be published: Days working days after
// the date in From, counted from the next day.
type Deadline struct {
	Days int `json:"days" yaml:"days"`
	// From is a required field of type date.
	From string `json:"from" yaml:"from"`
	// Published is a field with the date on which the department itself
	// published; it counts where it is earlier than the first release with the row.
	Published string `json:"published,omitempty" yaml:"published"`
	Basis     Text   `json:"basis" yaml:"basis"`
}

// Notice is a period of public notice (公示期): the dates in From and To, of
// which the document or the law asks at least Days days, both included.
type Notice struct {
	From string `json:"from" yaml:"from"`
	To   string `json:"to" yaml:"to"`
	Days int    `json:"days" yaml:"days"`
	// Working counts working days, not calendar days.
	Working bool `json:"working,omitempty" yaml:"working"`
	Basis   Text `json:"basis" yaml:"basis"`
}

// Validity names the fields with the dates between which a row is in force,
// and those on which it was repealed or changed, where there are such fields.
type Validity struct {
	From     string `json:"from" yaml:"from"`
	To       string `json:"to" yaml:"to"`
	Repealed string `json:"repealed,omitempty" yaml:"repealed"`
	Amended  string `json:"amended,omitempty" yaml:"amended"`
}

// Withhold keeps back fields, or the rows that meet a condition, under an
// entry of the negative list (dataset disclosure_negative_list).
type Withhold struct {
	// Entry is the entry's number, as in FM-003.
	Entry string `json:"entry" yaml:"entry"`
	// Fields never leave the private area. Each has privacy: drop.
	Fields []string `json:"fields,omitempty" yaml:"fields"`
	// Rows is an SQL condition over the fields, dropped ones too.
	Rows string `json:"rows,omitempty" yaml:"rows"`
}

// Derivation computes the rows of a dataset from other datasets. It is run
// again when one of them changes.
type Derivation struct {
	Inputs []ID `json:"inputs,omitempty" yaml:"inputs"`
	// Optional are those inputs that may be missing while another one is there:
	// they are empty tables then. Nothing is computed without the others, since
	// what is not there yet would be told as nothing.
	Optional []ID `json:"optional,omitempty" yaml:"optional"`
	// Catalog lets the query read the tables of schema catalog, which change
	// with every release.
	Catalog bool `json:"catalog,omitempty" yaml:"catalog"`
	// Daily runs the query also when the day changes, which it may ask as_of().
	Daily bool `json:"daily,omitempty" yaml:"daily"`
	// Discloses lists the inputs whose openness does not hold for what is computed
	// from them: somebody decided that it tells nothing that is kept. The openness
	// of all others does, where it is stricter.
	Discloses []Disclosed `json:"discloses,omitempty" yaml:"discloses"`
	// SQL is one SELECT over the inputs, called as their ids, that gives the
	// dataset's fields by name.
	SQL string `json:"sql" yaml:"sql"`
}

// Disclosed is the decision that rows computed from an input that is not open to
// everyone may be open all the same, and on which ground.
type Disclosed struct {
	Input ID   `json:"input" yaml:"input"`
	Basis Text `json:"basis" yaml:"basis"`
}

// NegativeList is the dataset whose entries are the only ground for
// withholding anything.
const NegativeList ID = "disclosure_negative_list"

// Needs returns the datasets that must be there before this one is ingested.
func (d *Dataset) Needs() []ID {
	var ids []ID
	for _, r := range d.References {
		ids = append(ids, r.To)
	}
	if len(d.Withhold) > 0 {
		ids = append(ids, NegativeList)
	}
	if d.Derived != nil {
		ids = append(ids, d.Derived.Inputs...)
	}
	return ids
}

// The fields that the platform computes for a dataset with a deadline.
const (
	DueOn           = "due_on"
	PublishedOn     = "published_on"
	Timeliness      = "timeliness"
	WorkingDaysLate = "working_days_late"
)

// The values of Timeliness. A row is neither on time nor late where the
// calendar does not reach.
const (
	OnTime  = "按时"
	Late    = "逾期"
	Unknown = "未知"
)

// NoticeDays is the field that the platform computes for a dataset with a
// notice period: its length, in the days that the rule counts.
const NoticeDays = "notice_days"

// Computed returns the fields that follow from the dataset's rules.
func (d *Dataset) Computed() []Field {
	var fields []Field
	if d.Deadline != nil {
		fields = append(fields,
			Field{Name: DueOn, Title: Text{Zh: "公开期限", En: "Due on"}, Type: TypeDate, Description: Text{
				Zh: fmt.Sprintf("平台计算：自%s次日起第%d个工作日", d.title(d.Deadline.From).Zh, d.Deadline.Days),
				En: fmt.Sprintf("Computed: %d working days after the field %s", d.Deadline.Days, d.Deadline.From)}},
			Field{Name: PublishedOn, Title: Text{Zh: "首次公开日期", En: "First published on"}, Type: TypeDate, Description: Text{
				Zh: "平台计算：首个包含该记录的版本的发布日期；部门自行公开更早的，以部门日期为准",
				En: "Computed: the day of the first release with the row, or the earlier day on which the department published it"}},
			Field{Name: Timeliness, Title: Text{Zh: "公开时效", En: "Timeliness"}, Type: TypeText, Enum: []string{OnTime, Late, Unknown}, Description: Text{
				Zh: "平台计算：按时、逾期，或因超出工作日历范围而未知",
				En: "Computed: on time (按时), late (逾期), or unknown (未知) where the official calendar does not reach"}},
			Field{Name: WorkingDaysLate, Title: Text{Zh: "逾期工作日数", En: "Working days late"}, Type: TypeInteger, Unit: "个工作日", Description: Text{
				Zh: "平台计算：超过公开期限的工作日数，按时为0",
				En: "Computed: working days after the deadline, 0 when on time"}})
	}
	if d.Notice != nil {
		unit := "天"
		if d.Notice.Working {
			unit = "个工作日"
		}
		fields = append(fields, Field{Name: NoticeDays, Title: Text{Zh: "公示天数", En: "Days of notice"}, Type: TypeInteger, Unit: unit, Description: Text{
			Zh: fmt.Sprintf("平台计算：公示期天数（含首尾），要求不少于%d%s", d.Notice.Days, unit),
			En: fmt.Sprintf("Computed: days of public notice, both ends included; at least %d are asked for", d.Notice.Days)}})
	}
	return fields
}

// title is that of a field.
func (d *Dataset) title(name string) Text {
	if f := d.Field(name); f != nil {
		return f.Title
	}
	return Text{Zh: name, En: name}
}

// Items are the numbers of the document's items that ask for data.
var Items = []string{"三", "四", "五", "六", "七", "八", "九", "十", "十一"}

var entryPattern = regexp.MustCompile(`^FM-\d{3}$`)

// validateRules checks the parts of a definition that speak of several rows
// or of other datasets.
func (d *Dataset) validateRules(bad func(path, format string, args ...any)) {
	if d.Item != "" && !slices.Contains(Items, d.Item) {
		bad("$.item", "found %q, want one of %v", d.Item, Items)
	}
	named := func(path, name string, want Type) {
		f := d.Field(name)
		switch {
		case f == nil:
			bad(path, "%q is not a field", name)
		case f.Type != want:
			bad(path, "%q is a %s, want a %s", name, f.Type, want)
		}
	}
	basis := func(path string, basis Text) {
		if basis.Zh == "" || basis.En == "" {
			bad(path+".basis", "want the basis of the rule in both zh and en")
		}
	}
	if d.Department != "" {
		named("$.department", d.Department, TypeText)
	}
	for i, r := range d.References {
		path := fmt.Sprintf("$.references[%d]", i)
		if len(r.Fields) == 0 || len(r.Fields) != len(r.Key) {
			bad(path, "want as many fields as there are in key, and at least one")
		}
		for j, name := range r.Fields {
			if f := d.Field(name); f == nil {
				bad(fmt.Sprintf("%s.fields[%d]", path, j), "%q is not a field", name)
			} else if f.Privacy != PrivacyNone {
				bad(fmt.Sprintf("%s.fields[%d]", path, j), "%q is masked or dropped, and so cannot be compared", name)
			}
		}
		if _, err := ParseID(string(r.To)); err != nil {
			bad(path+".to", "%v", err)
		}
	}
	if l := d.Deadline; l != nil {
		if l.Days < 1 || l.Days > 365 {
			bad("$.deadline.days", "found %d, want 1 to 365", l.Days)
		}
		if len(d.Key) == 0 {
			bad("$.deadline", "without a key nobody can say when a row was published first")
		}
		named("$.deadline.from", l.From, TypeDate)
		if f := d.Field(l.From); f != nil && !f.Required {
			bad("$.deadline.from", "field %q must be required", l.From)
		}
		if l.Published != "" {
			named("$.deadline.published", l.Published, TypeDate)
		}
		basis("$.deadline", l.Basis)
	}
	if n := d.Notice; n != nil {
		if n.Days < 1 || n.Days > 365 {
			bad("$.notice.days", "found %d, want 1 to 365", n.Days)
		}
		named("$.notice.from", n.From, TypeDate)
		named("$.notice.to", n.To, TypeDate)
		basis("$.notice", n.Basis)
	}
	if v := d.Validity; v != nil {
		named("$.validity.from", v.From, TypeDate)
		named("$.validity.to", v.To, TypeDate)
		if v.Repealed != "" {
			named("$.validity.repealed", v.Repealed, TypeDate)
		}
		if v.Amended != "" {
			named("$.validity.amended", v.Amended, TypeDate)
		}
	}
	if c := d.Derived; c != nil {
		if strings.TrimSpace(c.SQL) == "" {
			bad("$.derived.sql", "want the SELECT that computes the rows")
		}
		if len(c.Inputs) == 0 && !c.Catalog {
			bad("$.derived.inputs", "want the datasets that it is computed from, or catalog: true")
		}
		for i, id := range c.Optional {
			if !slices.Contains(c.Inputs, id) {
				bad(fmt.Sprintf("$.derived.optional[%d]", i), "%q is not among the inputs", id)
			}
		}
		for i, x := range c.Discloses {
			path := fmt.Sprintf("$.derived.discloses[%d]", i)
			if !slices.Contains(c.Inputs, x.Input) {
				bad(path+".input", "%q is not among the inputs", x.Input)
			}
			basis(path, x.Basis)
		}
		if d.Mode != Replace {
			bad("$.mode", "a computed dataset is replaced")
		}
		if len(d.Key) == 0 {
			bad("$.key", "a computed dataset needs a key")
		}
		if d.Deadline != nil || len(d.Withhold) > 0 || len(d.Samples) > 0 {
			bad("$.derived", "a computed dataset has no deadline, withholds nothing and has no samples")
		}
	}
	var dropped []string
	for i, w := range d.Withhold {
		path := fmt.Sprintf("$.withhold[%d]", i)
		if !entryPattern.MatchString(w.Entry) {
			bad(path+".entry", "found %q, want the number of an entry of disclosure_negative_list, as FM-003", w.Entry)
		}
		if (len(w.Fields) == 0) == (w.Rows == "") {
			bad(path, "want either fields or rows")
		}
		for j, name := range w.Fields {
			if f := d.Field(name); f == nil || f.Privacy != PrivacyDrop {
				bad(fmt.Sprintf("%s.fields[%d]", path, j), "%q is not a field with privacy: drop", name)
			}
		}
		dropped = append(dropped, w.Fields...)
	}
	for i, f := range d.Fields {
		if f.Privacy == PrivacyID && d.Openness.Attribute == OpenUnconditional {
			bad(fmt.Sprintf("$.fields[%d].privacy", i), "what is 无条件开放 carries no identity numbers: drop the field under FM-001")
		}
		if f.Privacy == PrivacyDrop && !slices.Contains(dropped, f.Name) {
			bad(fmt.Sprintf("$.fields[%d].privacy", i), "a field is dropped only under an entry of the negative list: name it under withhold")
		}
	}
	for _, c := range d.Computed() {
		for i := range d.Fields {
			f := &d.Fields[i]
			if slices.Contains(append([]string{f.Name, f.Title.Zh, f.Title.En}, f.Aliases...), c.Name) || f.Title.Zh == c.Title.Zh || f.Title.En == c.Title.En {
				bad(fmt.Sprintf("$.fields[%d].name", i), "%s (%s) is computed by the platform", c.Name, c.Title.Zh)
			}
		}
	}
}
