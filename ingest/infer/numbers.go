package infer

import (
	"slices"
	"strconv"
	"strings"

	"govdata/ingest/normalise"
)

// span is how many whole numbers there are, and their bounds.
type span struct {
	n         int64
	low, high int64
}

func (s *span) add(v int64) {
	if s.n++; s.n == 1 {
		s.low, s.high = v, v
		return
	}
	s.low, s.high = min(s.low, v), max(s.high, v)
}

func (s *span) merge(other span) {
	switch {
	case other.n == 0:
	case s.n == 0:
		*s = other
	default:
		s.n += other.n
		s.low, s.high = min(s.low, other.low), max(s.high, other.high)
	}
}

// maxScale is the most decimals of a number of at most 18 digits.
const maxScale = 18

// amounts are numbers under one reading of their decimal mark.
type amounts struct {
	// plain are numbers of at most 18 digits without a unit, by their decimals
	// as written: 12.50 is 1250 in the third.
	plain scales
	// percent are the same with a percent sign.
	percent scales
	// needed are the most decimals of a plain number, zeros at its end left out.
	needed  int
	tallies []tally // the other ones, by unit
	bad     evidence
}

// tally are numbers with the same unit.
type tally struct {
	key
	n int64
	// frac are the most decimals as written, needed those without zeros at
	// their end.
	frac, needed int
	low, high    string // in this unit
	bracketed    int64
	seen         evidence
}

// key is how a number names its unit.
type key struct {
	unit            string
	money, absolute bool
}

// scales are spans by decimals.
type scales [maxScale + 1]span

func (a *amounts) addPlain(v int64, scale int, percent bool) {
	if percent {
		a.percent[scale].add(v)
	} else {
		a.plain[scale].add(v)
	}
	if scale > a.needed {
		frac := scale
		for ; frac > a.needed && v%10 == 0; frac-- {
			v /= 10
		}
		a.needed = frac
	}
}

// maxUnits bounds the tallies; a column of so many units is text.
const maxUnits = 16

func (a *amounts) add(q normalise.Quantity, place int64, cell string) {
	text := q.String()
	_, frac, _ := strings.Cut(text, ".")
	t := tally{key: key{strings.Clone(q.Unit), q.Money, q.Absolute}, n: 1, frac: max(0, len(q.Frac)-q.Exponent), needed: len(frac), low: text, high: text}
	t.seen.add(place, cell)
	if q.Bracketed {
		t.bracketed = 1
	}
	a.put(t, 0)
}

// put merges t, from cells that come after places others.
func (a *amounts) put(t tally, places int64) {
	i := slices.IndexFunc(a.tallies, func(have tally) bool { return have.key == t.key })
	if i < 0 {
		if len(a.tallies) == maxUnits {
			a.bad.merge(t.seen, places)
			return
		}
		t.seen.first += places
		a.tallies = append(a.tallies, t)
		return
	}
	have := &a.tallies[i]
	have.n += t.n
	have.frac, have.needed = max(have.frac, t.frac), max(have.needed, t.needed)
	if normalise.CompareNumbers(t.low, have.low) < 0 {
		have.low = t.low
	}
	if normalise.CompareNumbers(t.high, have.high) > 0 {
		have.high = t.high
	}
	have.bracketed += t.bracketed
	have.seen.merge(t.seen, places)
}

func (a *amounts) merge(other *amounts, places int64) {
	for i := range other.plain {
		a.plain[i].merge(other.plain[i])
		a.percent[i].merge(other.percent[i])
	}
	a.needed = max(a.needed, other.needed)
	for _, t := range other.tallies {
		a.put(t, places)
	}
	a.bad.merge(other.bad, places)
}

// all returns the tallies with the plain numbers among them.
func (a *amounts) all() []tally {
	list := amounts{tallies: slices.Clone(a.tallies)}
	for i, spans := range []*scales{&a.plain, &a.percent} {
		for scale, s := range spans {
			if s.n > 0 {
				list.put(tally{key: key{unit: []string{"", "%"}[i]}, n: s.n, frac: scale, needed: min(scale, a.needed), low: scaled(s.low, scale), high: scaled(s.high, scale)}, 0)
			}
		}
	}
	return list.tallies
}

// scaled writes v times ten to the power of -scale.
func scaled(v int64, scale int) string {
	q := normalise.Quantity{Whole: strconv.FormatInt(v, 10), Exponent: -scale}
	q.Whole, q.Negative = strings.TrimPrefix(q.Whole, "-"), v < 0
	return q.String()
}

// shifted multiplies a number in plain notation with a power of ten.
func shifted(text string, power int) string {
	if power == 0 {
		return text
	}
	q, err := normalise.ParseQuantity(text, false)
	if err != nil {
		return text
	}
	q.Exponent += power
	return q.String()
}

// wholeDigits counts the digits before the point.
func wholeDigits(text string) int {
	whole, _, _ := strings.Cut(strings.TrimPrefix(text, "-"), ".")
	if whole == "0" {
		return 0
	}
	return len(whole)
}

// plainNumber is what can be read of a number at a glance: [-]digits with
// commas and points, 18 digits at most.
type plainNumber struct {
	value         int64
	digits        int
	point, comma  int // digits after the first of each; -1 for none
	signed, zeros bool
	simple        bool // the point is the only mark
}

// glance reads a plain number; ok is false for anything else.
func glance(s string) (p plainNumber, ok bool) {
	i := 0
	if s[0] == '-' {
		p.signed = true
		i = 1
	}
	p.point, p.comma = -1, -1
	start := i
	for ; i < len(s); i++ {
		c := s[i] - '0'
		if c > 9 {
			break
		}
		p.value = p.value*10 + int64(c)
	}
	p.digits = i - start
	if p.digits == 0 || p.digits > maxScale {
		return p, false
	}
	p.zeros = s[start] == '0' && p.digits > 1
	if i == len(s) {
		if p.signed {
			p.value = -p.value
		}
		return p, true
	}
	if s[i] == '.' && i+1 < len(s) {
		if simple, ok := p.decimals(s[i+1:]); ok {
			return simple, true
		}
	}
	if s[i] != '.' && s[i] != ',' {
		return p, false
	}
	return p.afterMark(s[start:], i-start)
}

// decimals reads the digits behind the only mark, a point.
func (p plainNumber) decimals(s string) (plainNumber, bool) {
	for i := range len(s) {
		c := s[i] - '0'
		if c > 9 {
			return p, false
		}
		p.value = p.value*10 + int64(c)
	}
	p.point, p.simple = len(s), true
	p.digits += len(s)
	if p.signed {
		p.value = -p.value
	}
	return p, p.digits <= maxScale
}

// afterMark goes on behind the digits of s[:at]. Commas all stand before
// points or all behind them, or there is no reading.
func (p plainNumber) afterMark(s string, at int) (plainNumber, bool) {
	whole := at
	for i := at; i < len(s); i++ {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			p.value = p.value*10 + int64(c-'0')
			p.digits++
			if p.point >= 0 {
				p.point++
			}
			if p.comma >= 0 {
				p.comma++
			}
		case c == '.' && p.point < 0:
			p.point = 0
		case c == ',' && p.comma < 0:
			p.comma = 0
		case c == '.' || c == ',':
			if s[whole] != c || p.point >= 0 && p.comma >= 0 {
				return p, false
			}
		default:
			return p, false
		}
	}
	last := s[len(s)-1]
	if p.digits > maxScale || last == '.' || last == ',' {
		return p, false
	}
	if p.signed {
		p.value = -p.value
	}
	return p, true
}

// groups reports whether the marks c in s part thousands, up to end.
func groups(s string, c byte, end int) bool {
	s = strings.TrimPrefix(s[:end], "-")
	first := strings.IndexByte(s, c)
	if first < 0 {
		return true
	}
	if first == 0 || first > 3 || s[0] == '0' {
		return false
	}
	for s = s[first:]; s != ""; s = s[4:] {
		if len(s) < 4 || s[0] != c || strings.IndexByte(s[1:4], c) >= 0 {
			return false
		}
	}
	return true
}

// number counts s, a number with point or comma and without its percent sign,
// under both readings, and reports whether it has one.
func (c *Column) number(s string, p plainNumber, percent bool) bool {
	if p.simple {
		if !percent && !p.signed {
			c.twins.add(s, p.point)
		}
		c.reading[0].addPlain(p.value, p.point, percent)
		whole := p.digits - p.point
		if p.point == 3 && whole <= 3 && s[len(s)-whole-4] != '0' { // 1.234 may have thousands
			c.reading[1].addPlain(p.value, 0, percent)
		} else {
			c.reading[1].bad.add(c.cells, s)
		}
		return true
	}
	withPoint := decimalsOf(s, '.', ',', p.point)
	withComma := decimalsOf(s, ',', '.', p.comma)
	if withPoint < 0 && withComma < 0 {
		return false
	}
	for i, scale := range [2]int{withPoint, withComma} {
		if scale < 0 {
			c.reading[i].bad.add(c.cells, s)
		} else {
			c.reading[i].addPlain(p.value, scale, percent)
		}
	}
	return true
}

// decimalsOf returns how many decimals s has after mark, which has the digits
// behind it or is absent (-1), with other parting thousands; -1 where s cannot
// be read so.
func decimalsOf(s string, mark, other byte, behind int) int {
	end := len(s)
	if behind >= 0 {
		end -= behind + 1
		if s[end] != mark || !allDigits(s[end+1:]) || strings.IndexByte(s[:end], mark) >= 0 {
			return -1
		}
	}
	if !groups(s, other, end) {
		return -1
	}
	return max(0, behind)
}

// quantity reads any other number, with a unit, an exponent, brackets or in
// Chinese, by the rules that are stricter than those of a column known to be
// one of numbers. zeros says that it is a code that begins with one.
func quantity(s string, comma bool) (q normalise.Quantity, zeros, ok bool) {
	q, err := normalise.ParseQuantity(s, comma)
	if err != nil || q.Unit != "" && q.Unit != "元整" && !normalise.CellUnit(q.Unit) || q.Exponent > 40 || q.Exponent < -40 || len(q.Whole)+len(q.Frac) > 60 {
		return q, false, false
	}
	if q.Unit == "元整" {
		q.Unit = "元"
	}
	text := normalise.Fold(s)
	if q.Scientific { // as spreadsheets write it; 1E5 may be a code
		i := strings.IndexAny(text, "eE")
		if i+1 >= len(text) || text[i+1] != '+' && text[i+1] != '-' || len(q.Whole) != 1 {
			return q, false, false
		}
	}
	point, separator := ".", ","
	if comma {
		point, separator = separator, point
	}
	zeros = len(q.Whole) > 1 && q.Whole[0] == '0' && !q.Absolute
	switch {
	case zeros && (q.Frac == "" || strings.Contains(text, separator)): // 0,123 has no thousands
		return q, true, false
	case q.Frac == "" && strings.Contains(text, point): // 1. counts
		return q, false, false
	case text[0] == '+' && len(q.Whole) > 6: // a telephone
		return q, false, false
	}
	return q, false, true
}

// odd counts a number that is not plain, and returns its kind.
func (c *Column) odd(s string) kind {
	if !strings.ContainsAny(s, ".,．，") {
		q, zeros, ok := quantity(s, false)
		switch {
		case zeros:
			return kindZeros
		case !ok:
			return kindText
		}
		c.shared.add(q, c.cells, s)
		return kindNumber
	}
	var readings [2]normalise.Quantity
	var ok [2]bool
	for i, comma := range []bool{false, true} {
		readings[i], _, ok[i] = quantity(s, comma)
	}
	if !ok[0] && !ok[1] {
		return kindText
	}
	for i := range readings {
		if ok[i] {
			c.reading[i].add(readings[i], c.cells, s)
		} else {
			c.reading[i].bad.add(c.cells, s)
		}
	}
	return kindNumber
}

// fitsInteger reports whether a number in plain notation is a BIGINT.
func fitsInteger(text string) bool {
	_, err := strconv.ParseInt(text, 10, 64)
	return err == nil
}
