package normalise

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"govdata/catalog"
)

// PersonalTally counts what the cells of one column hold of persons. The zero
// value is ready. A number that has only the form of personal data counts as
// such where more than half of the numbers of that length in the column have
// it: one order number in ten passes Luhn's rule by chance, and one code in
// eleven that begins with a region and a day passes as an identity number.
type PersonalTally struct {
	kinds [PersonalKinds]personalCount
	// Values that are numbers and nothing else.
	numbers int64
	// shaped are whole values of 18 digits with the province and date of an
	// identity number, passed those of them whose check character is right.
	// rounded those that a spreadsheet may have rounded.
	shaped, passed, rounded int64
	lengths                 [personalLengths]int64 // cells with a number of that many digits
	grouped                 int64                  // cells with eleven digits or more in groups
	examples                []personalExample
}

// personalCount counts cells; whole are those with little else in them.
type personalCount struct{ sure, likely, whole int64 }

// personalExample is what was found in a cell, masked, with a hash of it in clear.
type personalExample struct {
	kind PersonalKind
	hash uint64
	text string
}

const (
	personalLengths  = 23
	personalExamples = 3
)

// Add counts one value.
func (t *PersonalTally) Add(s string) {
	if len(s) < 4 {
		return
	}
	if s[0] <= '9' && plainNumber(s) {
		t.numbers++
		if len(s) < 11 {
			return
		}
		if len(s) == 11 && mobile(s) {
			t.lengths[11]++
			t.kinds[PersonMobile].likely++
			t.kinds[PersonMobile].whole++
			t.example(PersonMobile, s)
			return
		}
	}
	hint := personalHints(s)
	if hint == 0 && !announcesName(s) {
		return
	}
	t.look(s, hint)
}

func plainNumber(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && c != '.' && c != ',' && c != '-' && c != '+' {
			return false
		}
	}
	return true
}

func (t *PersonalTally) look(s string, hint hints) {
	s = Clean(s)
	if len(s) == 18 && digits(s[:17]) {
		_, err := IDCard(s)
		if mayBeIdentity(s) && validDay(number(s[6:10]), number(s[10:12]), number(s[12:14])) {
			t.shaped++
			if err == nil {
				t.passed++
				t.kinds[PersonIdentity].whole++
				t.example(PersonIdentity, s)
				return
			}
			if roundedIdentity(s) {
				t.rounded++
				t.kinds[PersonIdentity].whole++
				t.example(PersonIdentity, s)
				return
			}
		}
	}
	if e, ok := expanded(s); ok {
		s = e
	}
	if hint&hintNumber != 0 {
		t.countLengths(s)
	}
	var seen [PersonalKinds]uint8
	var covered [PersonalKinds]int
	for _, span := range FindPersonal(s) {
		seen[span.Kind] |= 1
		if span.Sure {
			seen[span.Kind] |= 2
		}
		covered[span.Kind] += span.To - span.From
		t.example(span.Kind, s[span.From:span.To])
	}
	for k, v := range seen {
		switch {
		case v&2 != 0:
			t.kinds[k].sure++
		case v != 0:
			t.kinds[k].likely++
		}
		if v != 0 && covered[k]+8 >= len(s) {
			t.kinds[k].whole++
		}
	}
	if announcesName(s) {
		if masked := maskAnnounced(s); masked != s {
			t.kinds[PersonName].sure++
			t.example(PersonName, firstDifference(s, masked))
		}
	}
}

// expanded writes out what a spreadsheet made of a long number: 6.20102199003071E+17.
func expanded(s string) (string, bool) {
	i := strings.IndexAny(s, "eE")
	if i < 2 || s[1] != '.' || len(s) > 24 {
		return s, false
	}
	mantissa, exponent := strings.ReplaceAll(s[:i], ".", ""), strings.TrimLeft(s[i+1:], "+0")
	if !digits(mantissa) || !digits(exponent) || len(exponent) > 2 || len(mantissa) < 11 || number(exponent) > 20 || len(mantissa) > number(exponent)+1 {
		return s, false
	}
	return mantissa + strings.Repeat("0", number(exponent)+1-len(mantissa)), true
}

// firstDifference is the character before the first mask and the mask.
func firstDifference(s, masked string) string {
	r, m := []rune(s), []rune(masked)
	for i := range m {
		if i < len(r) && m[i] != r[i] {
			end := i
			for end < len(m) && m[end] != r[end] {
				end++
			}
			return string(r[max(0, i-1):end])
		}
	}
	return ""
}

func (t *PersonalTally) countLengths(s string) {
	run, joined, groups := 0, 0, 0
	grouped := false
	var seen [personalLengths]bool
	for i := 0; i <= len(s); {
		r, n := rune(0), 1
		if i < len(s) {
			r, n = utf8.DecodeRuneInString(s[i:])
			r = halfWidth(r)
		}
		if isDigit(r) {
			run++
		} else {
			if run > 0 {
				joined, groups = joined+run, groups+1
				grouped = grouped || joined >= 11 && groups > 1
				if run < personalLengths {
					seen[run] = true
				}
			}
			if run = 0; r != ' ' {
				joined, groups = 0, 0
			}
		}
		i += n
	}
	if grouped {
		t.grouped++
	}
	for n, found := range seen {
		if found {
			t.lengths[n]++
		}
	}
}

// example keeps the first few different ones, masked.
func (t *PersonalTally) example(kind PersonalKind, clear string) {
	h, n := fnv(clear), 0
	for i := range t.examples {
		if t.examples[i].kind == kind {
			if n++; t.examples[i].hash == h || n == personalExamples {
				return
			}
		}
	}
	t.examples = append(t.examples, personalExample{kind, h, PersonalShape(kind, clear)})
}

// fnv is the hash FNV-1a.
func fnv(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}

// PersonalShape shows what a value looks like and tells nobody what it is: a
// third of it at most, and no digit but the first two.
func PersonalShape(kind PersonalKind, clear string) string {
	r := []rune(Clean(clear))
	keep := min(2, len(r)/3)
	if kind == PersonName || kind == PersonAccount || kind == PersonEmail || kind == PersonSensitive || kind == PersonBirth {
		keep = min(1, len(r)-1)
	}
	if kind == PersonAddress {
		keep = min(3, len(r)/3)
	}
	for i := max(0, keep); i < len(r); i++ {
		if unicode.IsLetter(r[i]) || unicode.IsNumber(r[i]) {
			r[i] = '*'
		}
	}
	if len(r) > 24 {
		r = append(r[:24], '…')
	}
	return string(r)
}

// Merge takes in the counts of other.
func (t *PersonalTally) Merge(other *PersonalTally) {
	for k := range t.kinds {
		t.kinds[k].sure += other.kinds[k].sure
		t.kinds[k].likely += other.kinds[k].likely
		t.kinds[k].whole += other.kinds[k].whole
	}
	t.numbers += other.numbers
	t.shaped += other.shaped
	t.passed += other.passed
	t.rounded += other.rounded
	t.grouped += other.grouped
	for n := range t.lengths {
		t.lengths[n] += other.lengths[n]
	}
	for _, e := range other.examples {
		n := 0
		known := slices.ContainsFunc(t.examples, func(have personalExample) bool {
			if have.kind == e.kind {
				n++
			}
			return have.kind == e.kind && (have.hash == e.hash || n == personalExamples)
		})
		if !known {
			t.examples = append(t.examples, e)
		}
	}
}

// Cells returns in how many cells a kind was found. told says that something
// besides the cells, as a header, says that the column holds such data. chance
// says that some cells have the form, and too few of them to mean it.
func (t *PersonalTally) Cells(kind PersonalKind, told bool) (n int64, chance bool) {
	c := t.kinds[kind]
	n = c.sure
	if kind == PersonIdentity && t.passed > 0 {
		if told || t.shaped < 10 || 4*t.passed > t.shaped {
			n += t.passed
		} else {
			chance = true
		}
	}
	if kind == PersonIdentity && t.rounded > 0 {
		if told || t.shaped < 10 || 2*(t.rounded+t.passed) > t.shaped {
			n += t.rounded
		} else {
			chance = true
		}
	}
	if c.likely == 0 {
		return n, chance
	}
	trials := max(t.numbers, t.grouped)
	switch kind {
	case PersonMobile:
		trials = max(trials, t.lengths[11]+t.lengths[12]+t.lengths[13])
	case PersonIdentity:
		trials = max(trials, t.lengths[15])
	case PersonBank:
		trials = max(trials, t.lengths[16]+t.lengths[17]+t.lengths[19])
	}
	if told || 2*c.likely > trials {
		return n + c.likely, chance
	}
	return n, true
}

// Whole returns how many cells hold a kind and little else.
func (t *PersonalTally) Whole(kind PersonalKind) int64 { return t.kinds[kind].whole }

// Examples are a few of what was found of a kind, masked.
func (t *PersonalTally) Examples(kind PersonalKind) []string {
	var all []string
	for _, e := range t.examples {
		if e.kind == kind && !slices.Contains(all, e.text) {
			all = append(all, e.text)
		}
	}
	return all
}

// MaskOf is the privacy class that hides a kind in a column that holds nothing
// else. What has no class of its own is hidden whole.
func (k PersonalKind) MaskOf() catalog.Privacy {
	switch k {
	case PersonName:
		return catalog.PrivacyParty
	case PersonMobile, PersonLandline:
		return catalog.PrivacyPhone
	case PersonBank:
		return catalog.PrivacyBank
	case PersonAddress:
		return catalog.PrivacyAddress
	}
	return catalog.PrivacyHidden
}

// Entry is the entry of the negative list under which a column of a kind is
// left out.
func (k PersonalKind) Entry() string {
	switch k {
	case PersonBank:
		return "FM-002"
	case PersonMobile, PersonLandline, PersonEmail:
		return "FM-003"
	case PersonAddress:
		return "FM-012"
	}
	return "FM-001"
}

// OnlyLikely reports whether no cell leaves no doubt that a kind is in it.
func (t *PersonalTally) OnlyLikely(kind PersonalKind) bool {
	return t.kinds[kind].sure == 0 && (kind != PersonIdentity || t.passed+t.rounded == 0)
}
