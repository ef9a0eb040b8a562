// Package infer finds the schema of a column from every one of its cells,
// never from a sample: what it says of a column, each cell of that column
// keeps under normalise.RuleOf.
//
// A cell is counted under exactly one kind (digits, number, day, ...) when it
// is added, and what a kind needs to know of its cells is a sum, a bound or a
// first place. So columns that were gathered apart can be merged, and nothing
// is decided before Finding.
//
// Rules: DOMAIN.md, section 4.
package infer

import (
	"unsafe"

	"govdata/catalog"
	"govdata/ingest/normalise"
)

// Options are what is known of a column besides its header and its cells.
type Options struct {
	// Unit is the unit that a line above the table names, such as 单位：万元. It
	// holds for money and amounts whose header and cells name none.
	Unit string
}

// Column is what the cells of one column have in common so far. The zero value
// is of no use; see New.
type Column struct {
	header header
	cells  int64
	empty  int64
	marks  [markForms]int64
	kinds  [kindCount]evidence

	// Digits alone, by what else they could be.
	digits                                   span
	compactDays, compactRecent, compactTimes int64
	compact                                  dating
	compactMonths, pointMonths               int64

	shared  amounts    // numbers without a point or comma
	reading [2]amounts // numbers with one, as read with a decimal point and a decimal comma

	dates  [3]dating // without a year at their end, and with one: day first, month first
	worded [2]int64  // days with an English month: day first, month first
	halves int64     // days that only a column with an order may hold
	brief  briefYears

	words  [wordCount]int64
	months bounds
	fiscal int64 // months that may be financial years, as 2010-11

	could   meanings // that every cell has had so far
	twins   twins
	damaged evidence // numbers that lost digits in a spreadsheet
	ids     int64    // cells that are numbers of identity cards, and of mobiles
	mobiles int64
	watch   Watch

	distinct  sketch
	examples  []example
	maxLength int // of what is no null mark, in runes
}

// example is one of the first distinct cells, cut to maxExample runes.
type example struct {
	hash uint64
	text string
}

const (
	maxExamples = 5
	maxExample  = 200
	maxSample   = 40
	// maxTyped is the longest cell, in bytes, that may be more than text.
	maxTyped = 128
)

// evidence is how many cells are of a kind, and which was the first.
type evidence struct {
	n     int64
	first int64 // counted from 1
	cell  string
}

func (e *evidence) add(place int64, cell string) {
	if e.n++; e.n == 1 {
		e.first, e.cell = place, clip(cell, maxSample)
	}
}

// merge adds evidence from cells that come after places others.
func (e *evidence) merge(other evidence, places int64) {
	if e.n == 0 && other.n > 0 {
		e.first, e.cell = other.first+places, other.cell
	}
	e.n += other.n
}

// clip copies the first n characters of s.
func clip(s string, n int) string {
	if len(s) > n {
		for i := range s {
			if n--; n < 0 {
				s = s[:i]
				break
			}
		}
	}
	return string([]byte(s))
}

// kind is what a cell looks like, apart from what its column turns out to be.
type kind uint8

const (
	kindDigits   kind = iota // at most 15, without a zero in front
	kindZeros                // digits with one
	kindLong                 // more than 15
	kindNumber               // any other number
	kindDay                  // a date that needs no order
	kindYearLast             // 5/6/2007
	kindMonth                // 2016-03
	kindClock                // 15:04
	kindWord                 // of booleans
	kindForever              // 长期, among dates
	kindText
	kindCount
)

// meanings are the identifiers that all cells of a column may be.
type meanings uint8

const (
	couldUSCC meanings = 1 << iota
	couldOrg
	couldURL
	couldRegion
	couldPhone
)

// New begins a column. header is its name as read, with its unit: 罚款金额（万元）.
func New(header string, o Options) *Column {
	c := &Column{header: readHeader(header, o), could: couldUSCC | couldOrg | couldURL, watch: NewWatch(header)}
	if c.header.region {
		c.could |= couldRegion
	}
	if c.header.phone {
		c.could |= couldPhone
	}
	return c
}

// Add takes in one cell, as decoded. The bytes are not kept.
func (c *Column) Add(cell []byte) {
	c.cells++
	for len(cell) > 0 && cell[0] <= ' ' {
		cell = cell[1:]
	}
	for len(cell) > 0 && cell[len(cell)-1] <= ' ' {
		cell = cell[:len(cell)-1]
	}
	runes, wide, suspect := scan(cell)
	if suspect {
		if text := unsafe.String(unsafe.SliceData(cell), len(cell)); normalise.Clean(text) != text {
			cell = []byte(normalise.Clean(text))
			runes, wide, _ = scan(cell)
		}
	}
	if len(cell) > 1 && (cell[0] == '=' || cell[0] == '\'') {
		if text := string(cell); normalise.Literal(text) != text {
			cell = []byte(normalise.Clean(normalise.Literal(text)))
			runes, wide, _ = scan(cell)
		}
	}
	if len(cell) == 0 {
		c.empty++
		return
	}
	// Nothing below keeps the string: what stays is copied.
	s := unsafe.String(unsafe.SliceData(cell), len(cell))
	if len(s) <= marks.longest && marks.first[s[0]] {
		if m, ok := marks.index[s]; ok {
			c.marks[m]++
			return
		}
	}
	if h := hash(cell); c.distinct.add(h) && len(c.examples) < maxExamples {
		c.examples = append(c.examples, example{h, clip(s, maxExample)})
	}
	c.maxLength = max(c.maxLength, runes)
	c.watch.Add(s)
	if c.could != 0 {
		c.narrow(s)
	}
	switch len(s) {
	case 11:
		if s[0] == '1' && s[1] >= '3' && allDigits(s) {
			c.mobiles++
		}
	case 15, 18:
		if allDigits(s[:14]) {
			if _, err := normalise.IDCard(s); err == nil {
				c.ids++
			}
		}
	}
	if normalise.Damaged(s) {
		c.damaged.add(c.cells, s)
	}
	k := kindText
	if len(s) <= maxTyped {
		k = c.classify(s, wide)
	}
	c.kinds[k].add(c.cells, s)
}

// narrow drops the meanings that s has not.
func (c *Column) narrow(s string) {
	for _, m := range []struct {
		meaning  meanings
		shortest int
		check    func(string) (string, error)
	}{{couldUSCC, 18, normalise.USCC}, {couldOrg, 9, normalise.OrgCode}, {couldURL, 8, normalise.URL}, {couldRegion, 6, normalise.RegionCode}, {couldPhone, 5, normalise.Phone}} {
		if c.could&m.meaning == 0 {
			continue
		}
		if len(s) >= m.shortest {
			if _, err := m.check(s); err == nil {
				continue
			}
		}
		c.could &^= m.meaning
	}
}

// Merge takes in the cells of other as if they had been added one after
// another. other is a column of the same header and must not be used again.
func (c *Column) Merge(other *Column) {
	places := c.cells
	c.cells += other.cells
	c.empty += other.empty
	for i, n := range other.marks {
		c.marks[i] += n
	}
	for i, e := range other.kinds {
		c.kinds[i].merge(e, places)
	}
	c.digits.merge(other.digits)
	c.compactDays += other.compactDays
	c.compactRecent += other.compactRecent
	c.compactTimes += other.compactTimes
	c.compact.merge(other.compact, places)
	c.compactMonths += other.compactMonths
	c.pointMonths += other.pointMonths
	c.shared.merge(&other.shared, places)
	for i := range other.reading {
		c.reading[i].merge(&other.reading[i], places)
	}
	for i := range other.dates {
		c.dates[i].merge(other.dates[i], places)
	}
	for i, n := range other.worded {
		c.worded[i] += n
	}
	c.halves += other.halves
	c.brief.merge(other.brief)
	for i, n := range other.words {
		c.words[i] += n
	}
	c.months.merge(other.months)
	c.fiscal += other.fiscal
	c.could &= other.could
	c.ids += other.ids
	c.mobiles += other.mobiles
	c.twins.merge(&other.twins)
	c.damaged.merge(other.damaged, places)
	c.watch.Merge(&other.watch)
	c.distinct.merge(&other.distinct)
	for _, e := range other.examples {
		if len(c.examples) < maxExamples && !c.knows(e.hash) {
			c.examples = append(c.examples, e)
		}
	}
	c.maxLength = max(c.maxLength, other.maxLength)
}

func (c *Column) knows(hash uint64) bool {
	for _, e := range c.examples {
		if e.hash == hash {
			return true
		}
	}
	return false
}

// Finding is what a column was found to be.
type Finding struct {
	// Field is the field without its name and title. Every cell that was added
	// passes normalise.RuleOf(&Field, Shift), unless it is no text at all.
	Field catalog.Field
	// Shift is the power of ten of the unit that the column was sent in.
	Shift int
	// Why is the evidence in one sentence.
	Why catalog.Text
	// Nulls counts the cells without a value by their mark, "" among them.
	Nulls map[string]int64
	// Cells counts all, Distinct the different ones that have a value, as
	// written: exactly up to 1,000, with an error of some 3 % above.
	Cells, Distinct int64
	// Min and Max are the bounds of numbers, dates and times, as published.
	Min, Max string
	// Examples are the first five distinct cells.
	Examples []string
	// Personal is the personal data in the column, Chance what some cells only
	// have the form of.
	Personal []Personal
	Chance   []normalise.PersonalKind
	// Damaged counts the numbers that lost digits in a spreadsheet.
	Damaged int64
	// MaxLength is the longest value as it was sent, in characters.
	MaxLength int
}
