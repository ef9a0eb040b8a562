package infer

import (
	"cmp"
	"fmt"
	"strings"
	"unicode/utf8"

	"govdata/catalog"
	"govdata/ingest/normalise"
)

// Finding decides what the column is. It may be asked at any time.
func (c *Column) Finding() Finding {
	f := Finding{Cells: c.cells, Nulls: map[string]int64{}, MaxLength: c.maxLength}
	for _, e := range c.examples {
		f.Examples = append(f.Examples, e.text)
	}
	values := c.cells - c.empty
	for _, n := range c.marks {
		values -= n
	}
	v := verdict{Column: c, values: values}
	typed := v.decide()
	f.Field, f.Shift, f.Why, f.Min, f.Max = v.field, v.shift, v.why, v.low, v.high
	f.Field.NullMarks = []string{}
	if c.empty > 0 {
		f.Nulls[""] = c.empty
	}
	f.Damaged = c.damaged.n
	f.Personal, f.Chance = c.watch.Found(values, c.header.own != (unit{}) || c.header.inherited != (unit{}))
	f.Distinct = c.distinct.count()
	for i, text := range markTexts {
		forms := c.marks[2*i : 2*i+2]
		switch {
		case forms[0]+forms[1] == 0:
		case typed || text == `\N`: // which no program writes for anything else
			f.Nulls[text] = forms[0] + forms[1]
			f.Field.NullMarks = append(f.Field.NullMarks, text)
		default:
			f.Distinct += min(forms[0], 1) + min(forms[1], 1)
			f.MaxLength = max(f.MaxLength, utf8.RuneCountInString(text))
		}
	}
	return f
}

// verdict is a decision in the making.
type verdict struct {
	*Column
	values    int64 // cells that are neither empty nor a mark
	field     catalog.Field
	shift     int
	why       catalog.Text
	low, high string
}

func (v *verdict) say(zh, en string, args ...any) {
	v.why = catalog.Text{Zh: fmt.Sprintf(zh, args...), En: fmt.Sprintf(en, args...)}
}

// decide sets field, shift and why; typed is false for text, in which no mark
// but the empty one means that there is no value.
func (v *verdict) decide() (typed bool) {
	if v.values == 0 {
		v.field.Type = catalog.TypeText
		v.say("文本：%d个单元格均无值", "text: none of %d cells has a value", v.cells)
		return false
	}
	if v.identifier() || v.boolean() {
		return v.field.Type != catalog.TypeText
	}
	digits := v.kinds[kindDigits].n
	switch {
	case v.header.code && digits == v.values, v.codes():
		v.text("文本：表头表明是代码", "text: the header says that these are codes")
		return false
	case v.header.own == (unit{}) && v.header.inherited == (unit{}) && !v.header.amount && v.twins.found() && digits+v.kinds[kindNumber].n == v.values:
		v.text("文本：%[1]q 与 %[2]q 不同，作为数字会相等", "text: %[1]q and %[2]q differ, and would be equal as numbers", v.twins.example+"0", v.twins.example)
		return false
	case v.calendar(), v.number():
		return true
	case v.month(), v.timeOfDay():
		return false
	}
	v.explain()
	v.suggest()
	return false
}

func (v *verdict) text(zh, en string, args ...any) {
	v.field.Type = catalog.TypeText
	if v.why == (catalog.Text{}) {
		v.say(zh, en, args...)
	}
	v.suggest()
}

// marked reports whether null marks stand in the column, which are values of a text.
func (v *verdict) marked() bool {
	for _, n := range v.marks {
		if n > 0 {
			return true
		}
	}
	return false
}

// codes reports whether the header says that what looks like numbers with
// decimals, months or days is a code, as in 1.10, 2024-1 or 6.20102E+17.
func (v *verdict) codes() bool {
	k := &v.kinds
	if v.header.month && !v.header.code && v.twins.short > 0 && k[kindNumber].n+k[kindDigits].n == v.values {
		return true // 2024.1 may be October
	}
	if !v.header.code && !v.header.serial || v.header.date || v.header.month || v.header.own != (unit{}) {
		return false
	}
	if k[kindMonth].n > 0 || k[kindDay].n > 0 || k[kindYearLast].n > 0 || v.damaged.n > 0 {
		return true
	}
	return v.reading[0].needed > 0
}

// manyDistinct is how many different cells rule out that a check was passed by chance.
const manyDistinct = 3

// manyWhole is how many different whole numbers written as 3.0 are no chance.
const manyWhole = 12

// identifier finds the codes that can be checked.
func (v *verdict) identifier() bool {
	if v.marked() {
		return false
	}
	distinct := v.distinct.count()
	digits := v.kinds[kindDigits].n == v.values
	var meaning catalog.Semantic
	switch {
	case v.ids == v.values && (!digits || v.header.identity || distinct >= manyDistinct):
		meaning, v.field.Privacy = catalog.IDCard, catalog.PrivacyID
	case v.could&couldUSCC != 0:
		meaning = catalog.USCC
	case v.could&couldRegion != 0:
		meaning = catalog.Region
	case v.could&couldPhone != 0, v.mobiles == v.values && distinct >= manyDistinct && v.header.own == (unit{}) && v.header.inherited == (unit{}):
		meaning, v.field.Privacy = catalog.Phone, catalog.PrivacyPhone
	case v.could&couldOrg != 0 && (v.header.org || distinct >= 5*manyDistinct):
		meaning = catalog.OrgCode
	case v.could&couldURL != 0:
		meaning = catalog.URL
	default:
		return false
	}
	v.field.Type, v.field.Semantic = catalog.TypeText, meaning
	v.say("文本：%[1]d个值均通过 %[2]s 校验", "text: all %[1]d values pass the check of %[2]s", v.values, meaning)
	return true
}

// suggest names the privacy class of a text that may be about persons.
func (v *verdict) suggest() {
	f := &v.field
	switch {
	case f.Semantic != "":
	case v.header.identity || 2*v.ids > v.values:
		f.Privacy = catalog.PrivacyID
	case 2*v.mobiles > v.values || v.header.phone:
		f.Privacy = catalog.PrivacyPhone
	case v.header.person:
		f.Semantic, f.Privacy = catalog.PersonName, catalog.PrivacyName
	case v.ids > 0:
		f.Privacy = catalog.PrivacyFree
	}
}

// nullWords counts the null marks that are words. Where there are as many as
// values, they are names: Null, None and True.
func (v *verdict) nullWords() (n int64) {
	for i, text := range markTexts {
		if c := text[0] | 0x20; c >= 'a' && c <= 'z' {
			n += v.marks[2*i] + v.marks[2*i+1]
		}
	}
	return n
}

func (v *verdict) boolean() bool {
	if v.kinds[kindWord].n != v.values || v.nullWords() >= v.values {
		return false
	}
	for i := 0; i < wordCount; i += 2 {
		yes, no := v.words[i], v.words[i+1]
		if yes+no != v.values {
			continue
		}
		if i == wordIndex["t"] && (yes == 0 || no == 0) {
			v.text("文本：只有 T 或 F 之一，可能是等级或性别", "text: T or F alone, which may be a grade or a sex")
			return true
		}
		v.field.Type = catalog.TypeBoolean
		v.say("布尔：%d个为真，%d个为假", "boolean: %d true and %d false", yes, no)
		return true
	}
	return false
}

// calendar finds dates and timestamps.
func (v *verdict) calendar() bool {
	compact := v.compactDays == v.kinds[kindDigits].n
	digits, days, last := v.kinds[kindDigits].n, v.kinds[kindDay].n, v.kinds[kindYearLast].n
	forever := v.kinds[kindForever].n
	if digits+days+last+forever != v.values || forever == v.values || digits > 0 && !compact {
		return false
	}
	if digits > 0 && days+last == 0 && !v.header.date && (v.compactRecent != digits || v.distinct.count() < manyDistinct || v.compactTimes > 0) {
		return false
	}
	order := catalog.DateOrder("")
	all := v.dates[0]
	all.merge(v.compact, 0)
	switch {
	case last > 0:
		i := v.order()
		if i == 0 {
			return false
		}
		order = orders[i]
		all.merge(v.dates[i], 0)
	case v.worded[0] > 0 && v.worded[0] >= v.worded[1]:
		order = catalog.DayFirst
	case v.worded[1] > 0 || v.halves > 0:
		order = catalog.MonthFirst
	}
	f := &v.field
	f.DateOrder = order
	switch {
	case all.clocked.n == 0:
		f.Type = catalog.TypeDate
		v.low, v.high = all.days.low.day(), all.days.high.day()
		if forever > 0 {
			v.high = "2099-12-31"
		}
	case all.untimed.n == 0 && forever == 0:
		f.Type = catalog.TypeTimestamp
		v.low, v.high = all.times.low.time(), all.times.high.time()
	default:
		f.DateOrder = ""
		return false
	}
	if last == 0 {
		v.say("%[1]s：%[2]d个值均为日历中的日期", "%[1]s: all %[2]d values are days of the calendar", f.Type, v.values)
		return true
	}
	other := v.dates[1].absent
	if order == catalog.DayFirst {
		other = v.dates[2].absent
	}
	v.say("%[1]s：日月顺序为 %[2]s，因为第%[3]d格是 %[4]q", "%[1]s: in the order %[2]s, because cell %[3]d is %[4]q", f.Type, order, other.first, other.cell)
	return true
}

// order is the index of the only order in which all dates exist, or 0.
func (v *verdict) order() int {
	dayFirst, monthFirst := v.dates[1].absent, v.dates[2].absent
	switch {
	case dayFirst.n > 0 && monthFirst.n > 0:
		v.text("文本：日期既有 %[1]q 又有 %[2]q，没有统一的日月顺序", "text: the dates have no one order: cell %[3]d is %[1]q, cell %[4]d %[2]q", dayFirst.cell, monthFirst.cell, dayFirst.first, monthFirst.first)
	case dayFirst.n == 0 && monthFirst.n == 0:
		v.text("文本：日期的日月顺序不明，%[1]d个值没有一个能分辨", "text: the order of day and month is ambiguous: none of %[1]d values tells", v.values)
	case v.brief.unclear():
		v.text("文本：日期可能以两位年份开头，含义不明，如第%d格", "text: the dates are ambiguous, they may begin with a year of two digits, as cell %d", v.kinds[kindYearLast].first)
	case dayFirst.n == 0:
		return 1
	default:
		return 2
	}
	return 0
}

// month finds texts that are months throughout.
func (v *verdict) month() bool {
	months := v.kinds[kindMonth].n
	if v.header.month {
		if v.compactMonths == v.kinds[kindDigits].n {
			months += v.compactMonths
		}
		if v.pointMonths == v.kinds[kindNumber].n {
			months += v.pointMonths
		}
	}
	if months != v.values || v.marked() {
		return false
	}
	if v.fiscal == v.values {
		v.text("文本：%q 之类可能是月份，也可能是跨年度", "text: %q may be a month or a financial year", v.kinds[kindMonth].cell)
		return true
	}
	v.field.Type, v.field.Semantic = catalog.TypeText, catalog.Month
	v.low, v.high = v.months.low.month(), v.months.high.month()
	v.say("文本：%d个值均为年月", "text: all %d values are months", v.values)
	return true
}

func (v *verdict) timeOfDay() bool {
	if v.kinds[kindClock].n != v.values || v.marked() {
		return false
	}
	v.field.Type, v.field.Semantic = catalog.TypeText, catalog.TimeOfDay
	v.say("文本：%d个值均为时刻", "text: all %d values are times of day", v.values)
	return true
}

// number finds integers and decimals.
func (v *verdict) number() bool {
	if v.kinds[kindDigits].n+v.kinds[kindNumber].n != v.values {
		return false
	}
	if v.header.month && v.months.high != 0 && v.compactMonths+v.pointMonths == v.values {
		return false
	}
	mark := 0
	if v.reading[0].bad.n > 0 {
		mark = 1
	}
	if bad := v.reading[mark].bad; bad.n > 0 {
		v.text("文本：小数点与千分位的用法不一，如第%d格 %q", "text: points and commas are not used in one way, as in cell %d, %q", bad.first, bad.cell)
		return false
	}
	var sum amounts
	if d := v.digits; d.n > 0 {
		sum.plain[0] = d
	}
	sum.merge(&v.shared, 0)
	sum.merge(&v.reading[mark], 0)
	tallies := sum.all()
	bracketed := int64(0)
	for _, t := range tallies {
		bracketed += t.bracketed
	}
	if bracketed == v.values {
		v.text("文本：%d个值均在括号内，可能是序号", "text: all %d values are in brackets, and may be ordinals", v.values)
		return false
	}
	if len(tallies) >= maxUnits || !v.unit(tallies) {
		e := cmp.Or(firstUnit(tallies), v.kinds[kindNumber])
		v.text("文本：数字的单位不一，如第%d格 %q", "text: the numbers have several units, as in cell %d, %q", e.first, e.cell)
		return false
	}
	if mark == 1 {
		v.field.DecimalMark = ","
	}
	if !v.size(tallies) {
		v.field.Unit, v.field.Semantic, v.field.DecimalMark, v.shift = "", "", "", 0
		return false
	}
	return true
}

// firstUnit is the first cell with a unit other than a percent sign.
func firstUnit(tallies []tally) evidence {
	var e evidence
	for _, t := range tallies {
		if t.unit != "" && t.seen.n > 0 && (e.n == 0 || t.seen.first < e.first) {
			e = t.seen
		}
	}
	return e
}

// unit settles the unit, and reports whether all numbers can be brought to it.
func (v *verdict) unit(tallies []tally) bool {
	h := v.header.own
	if h == (unit{}) && v.header.inherited != (unit{}) && v.resolves(tallies, v.header.inherited) {
		h = v.header.inherited
	}
	if h != (unit{}) {
		return v.adopt(tallies, h)
	}
	var found []string
	bare, money := false, false
	for _, t := range tallies {
		money = money || t.money
		switch {
		case t.unit == "" && !t.money || isMagnitude(t.unit):
			bare = true
		case t.unit != "":
			found = append(found, t.unit)
		}
	}
	yuan := unit{name: "元"}
	switch {
	case len(found) == 0 && !money:
		return v.adopt(tallies, unit{})
	case bare:
		return false
	case v.resolves(tallies, yuan):
		return v.adopt(tallies, yuan)
	}
	for _, name := range found[1:] {
		if name != found[0] {
			return false
		}
	}
	return v.adopt(tallies, unit{name: found[0]})
}

// isMagnitude reports whether text multiplies without being a unit: 万.
func isMagnitude(text string) bool {
	shift, err := (normalise.Number{}).ShiftOf(normalise.Quantity{Unit: text})
	return text != "" && err == nil && shift > 0
}

func (v *verdict) resolves(tallies []tally, u unit) bool {
	for _, t := range tallies {
		if _, err := t.shift(u); err != nil {
			return false
		}
	}
	return true
}

// shift is the power of ten from the tally's unit to u.
func (t *tally) shift(u unit) (int, error) {
	return normalise.Number{Unit: u.name, Shift: u.shift}.ShiftOf(normalise.Quantity{Unit: t.unit, Money: t.money, Absolute: t.absolute})
}

func (v *verdict) adopt(tallies []tally, u unit) bool {
	if !v.resolves(tallies, u) {
		return false
	}
	v.field.Unit, v.shift = u.name, u.shift
	if u.name == "元" {
		v.field.Semantic = catalog.Money
	}
	return true
}

// size settles the type, by the digits of the numbers in their unit.
func (v *verdict) size(tallies []tally) bool {
	u := unit{v.field.Unit, v.shift}
	whole, frac, needed := 0, 0, 0
	low, high := "", ""
	for _, t := range tallies {
		shift, _ := t.shift(u)
		a, b := shifted(t.low, shift), shifted(t.high, shift)
		whole = max(whole, wholeDigits(a), wholeDigits(b))
		frac, needed = max(frac, t.frac-shift), max(needed, t.needed-shift)
		if low == "" || normalise.CompareNumbers(a, low) < 0 {
			low = a
		}
		if high == "" || normalise.CompareNumbers(b, high) > 0 {
			high = b
		}
	}
	// 31001.0 throughout is how software writes whole numbers that were read as
	// floats. A few like 3.0 may be a measure that happens to be whole.
	if needed == 0 && frac <= 1 && (whole >= 4 || v.distinct.count() >= manyWhole) {
		frac = 0
	}
	decimal := v.field.Semantic == catalog.Money || u.name == "%" || u.name == "‰" || frac > 0
	place := v.place(low, high)
	switch {
	case decimal || place != "" || !fitsInteger(low) || !fitsInteger(high):
		if whole+frac > 38 {
			v.text("文本：数字超过38位", "text: the numbers have more than 38 digits")
			return false
		}
		v.field.Type = catalog.Type(fmt.Sprintf("decimal(%d,%d)", min(38, max(whole, 1)+frac), frac))
		v.field.Semantic = cmp.Or(v.field.Semantic, place)
	case v.header.code && u.name == "":
		v.text("文本：表头表明是代码", "text: the header says that these are codes")
		return false
	default:
		v.field.Type = catalog.TypeInteger
	}
	v.low, v.high = low, high
	v.say("%[1]s：%[2]d个值均为数字，从 %[3]s 到 %[4]s", "%[1]s: all %[2]d values are numbers, from %[3]s to %[4]s", v.field.Type, v.values, low, high)
	if v.shift != 0 {
		v.why.Zh += fmt.Sprintf("，原单位为10的%d次方%s", v.shift, u.name)
		v.why.En += fmt.Sprintf(", sent in 10^%d %s", v.shift, u.name)
	}
	return true
}

// place says whether the numbers are coordinates, by header and bounds.
func (v *verdict) place(low, high string) catalog.Semantic {
	within := func(bound string) bool {
		return v.field.Unit == "" && normalise.CompareNumbers(low, "-"+bound) >= 0 && normalise.CompareNumbers(high, bound) <= 0
	}
	switch {
	case v.header.latitude && !v.header.longitude && within("90"):
		return catalog.Latitude
	case v.header.longitude && !v.header.latitude && within("180"):
		return catalog.Longitude
	}
	return ""
}

// explain says why a column is text, by the first cell that is the reason.
func (v *verdict) explain() {
	k := &v.kinds
	v.field.Type = catalog.TypeText
	numbers := k[kindDigits].n + k[kindNumber].n
	dates := k[kindDay].n + k[kindYearLast].n
	switch e := k[kindText]; {
	case v.why != (catalog.Text{}):
	case e.n == v.values:
		v.say("文本：%d个值都不是数字或日期", "text: none of %d values is a number or a date", v.values)
	case e.n > 0:
		v.say("文本：%[2]d个值中有%[1]d个不是数字或日期（第%[3]d格：%[4]q）", "text: %[1]d of %[2]d values are neither number nor date (cell %[3]d: %[4]q)", e.n, v.values, e.first, e.cell)
	case k[kindZeros].n > 0:
		e := k[kindZeros]
		v.say("文本：%[2]d个值中有%[1]d个以0开头（第%[3]d格：%[4]q）", "text: %[1]d of %[2]d values begin with 0 (cell %[3]d: %[4]q)", e.n, v.values, e.first, e.cell)
	case k[kindLong].n > 0:
		e := k[kindLong]
		v.say("文本：%[2]d个值中有%[1]d个超过15位（第%[3]d格：%[4]q）", "text: %[1]d of %[2]d values have more than 15 digits (cell %[3]d: %[4]q)", e.n, v.values, e.first, e.cell)
	case numbers == 0 && dates+k[kindMonth].n == v.values || dates+k[kindMonth].n > 0 && dates+k[kindMonth].n+k[kindDigits].n == v.values:
		v.say("文本：日期精度不一：%d个到日，%d个到月，%d个到年", "text: the dates differ in precision: %d to the day, %d to the month, %d to the year", dates, k[kindMonth].n, k[kindDigits].n)
	default:
		var cells []string
		for _, e := range k {
			if e.n > 0 {
				cells = append(cells, fmt.Sprintf("%q", e.cell))
			}
		}
		list := strings.Join(cells, ", ")
		v.say("文本：%d个值不属于同一类型，如 %s", "text: %d values are not of one type, as in %s", v.values, list)
	}
}
