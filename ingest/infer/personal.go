package infer

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"govdata/ingest/normalise"
)

//go:embed personal.tsv
var personalTable string

// personalHeader is a line of personal.tsv.
type personalHeader struct {
	kind  normalise.PersonalKind
	not   bool // takes kind back, or all
	all   bool
	where string
	named bool
	words []string
}

var personalHeaders = func() (all []personalHeader) {
	for line := range strings.Lines(personalTable) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		f := strings.Split(line, "\t")
		var kind string
		h := personalHeader{where: f[1], named: f[2] == "named", words: strings.Split(f[3], "|")}
		if kind, h.not = strings.CutPrefix(f[0], "not"); strings.TrimSpace(kind) == "" {
			h.all = true
		} else {
			var ok bool
			if h.kind, ok = kindOfHeader(strings.TrimSpace(kind)); !ok {
				panic(fmt.Sprintf("personal.tsv: no kind %q", kind))
			}
		}
		all = append(all, h)
	}
	return all
}()

func kindOfHeader(s string) (normalise.PersonalKind, bool) {
	switch s {
	case "identity":
		return normalise.PersonIdentity, true
	case "bank":
		return normalise.PersonBank, true
	case "plate":
		return normalise.PersonPlate, true
	case "social":
		return normalise.PersonSocial, true
	}
	return normalise.ParsePersonalKind(s)
}

func (h *personalHeader) matches(key string) bool {
	return slices.ContainsFunc(h.words, func(w string) bool {
		switch h.where {
		case "exact":
			return key == w
		case "end":
			return strings.HasSuffix(key, w)
		}
		return strings.Contains(key, w)
	})
}

// told is a kind of personal data that a header names.
type told struct {
	kind  normalise.PersonalKind
	named bool // only in a table that names persons
	cells int64
	// organisations are values under a header of names that are none of persons.
	organisations int64
	// examples are masked.
	examples []string
}

// toldBy returns what a header says of its column, by kind.
func toldBy(header string) []told {
	title := header
	if t, _, _, ok := normalise.Unit(header); ok && t != "" {
		title = t
	}
	var all []told
	for _, title := range headerParts(title) {
		all = append(all, toldByOne(title)...)
	}
	slices.SortStableFunc(all, func(a, b told) int { return int(a.kind) - int(b.kind) })
	return slices.CompactFunc(all, func(a, b told) bool { return a.kind == b.kind && (a.named == b.named || !a.named) })
}

// headerParts are a header, and what stands in its brackets and beside its marks.
func headerParts(title string) []string {
	title = normalise.Fold(title)
	parts := []string{title}
	if i := strings.IndexAny(title, "(（"); i > 0 {
		parts = append(parts, title[:i])
	}
	if strings.ContainsAny(title, "及和、/与") {
		parts = append(parts, strings.FieldsFunc(title, func(r rune) bool { return strings.ContainsRune("及和、/与", r) })...)
	}
	return parts
}

func toldByOne(title string) []told {
	key := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), r == '_', r == '-', r == '*', r == '.', r == ':', r == '：', r == '’', r == '\'':
			return -1
		}
		return unicode.ToLower(r)
	}, title)
	if key == "" {
		return nil
	}
	var all []told
	for i := range personalHeaders {
		h := &personalHeaders[i]
		if !h.matches(key) {
			continue
		}
		if h.not && !h.all {
			all = slices.DeleteFunc(all, func(t told) bool { return t.kind == h.kind })
			continue
		}
		if h.not {
			if birth := slices.IndexFunc(all, func(t told) bool { return t.kind == normalise.PersonBirth }); birth >= 0 {
				return all[birth : birth+1]
			}
			return nil
		}
		if !slices.ContainsFunc(all, func(t told) bool { return t.kind == h.kind }) {
			all = append(all, told{kind: h.kind, named: h.named})
		}
	}
	return all
}

// add counts a value that is what the header says.
func (t *told) add(s string) {
	if !plausible(t.kind, s) {
		if t.kind == normalise.PersonName && len(s) > 12 && normalise.MaskParty(s) == s {
			t.organisations++
		}
		return
	}
	t.cells++
	if len(t.examples) < 3 {
		if e := normalise.PersonalShape(t.kind, s); !slices.Contains(t.examples, e) {
			t.examples = append(t.examples, e)
		}
	}
}

func (t *told) merge(other *told) {
	t.cells += other.cells
	t.organisations += other.organisations
	for _, e := range other.examples {
		if len(t.examples) < 3 && !slices.Contains(t.examples, e) {
			t.examples = append(t.examples, e)
		}
	}
}

// plausible reports whether a value may be what its header says, and is not
// masked already.
func plausible(kind normalise.PersonalKind, s string) bool {
	if strings.ContainsAny(s, "*＊") || strings.Contains(s, "某") {
		return false
	}
	numbers, letters := 0, 0
	for _, r := range s {
		switch {
		case unicode.IsDigit(r):
			numbers++
		case unicode.IsLetter(r):
			letters++
		}
	}
	switch kind {
	case normalise.PersonName:
		return letters >= 2 && isPerson(s)
	case normalise.PersonIdentity:
		return numbers >= 6 && (numbers >= 14 || !normalise.Damaged(s)) // 6.20102E+17 tells the region alone
	case normalise.PersonMobile, normalise.PersonLandline:
		return numbers >= 7
	case normalise.PersonBank:
		return numbers >= 8
	case normalise.PersonAddress:
		return letters >= 3 && normalise.MaskAddress(s) != s
	case normalise.PersonEmail:
		return strings.ContainsAny(s, "@＠")
	case normalise.PersonPassport, normalise.PersonSocial:
		return numbers >= 5
	case normalise.PersonPlate:
		return numbers+letters >= 6 && numbers >= 2
	case normalise.PersonAccount:
		return longestWord(s) >= 5
	case normalise.PersonBirth:
		return numbers >= 4
	}
	return strings.TrimSpace(s) != ""
}

func isASCIIWord(r rune) bool {
	return r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_')
}

// longestWord is the length of the longest run of Latin letters and digits.
func longestWord(s string) (longest int) {
	n := 0
	for _, r := range normalise.Fold(s) {
		if n++; !isASCIIWord(r) {
			n = 0
		}
		longest = max(longest, n)
	}
	return longest
}

// isPerson reports whether a value under a header of names names a person.
func isPerson(s string) bool {
	if normalise.MaskParty(s) != s {
		return true
	}
	r, _ := utf8.DecodeRuneInString(s)
	return !unicode.Is(unicode.Han, r) && unicode.IsLetter(r) && len(s) <= 60 && !strings.ContainsAny(s, "0123456789") && strings.Contains(strings.TrimSpace(s), " ") && latinPerson(s)
}

// latinPerson reports whether the words of a name begin with capitals, as the
// names of persons do.
func latinPerson(s string) bool {
	words := strings.Fields(s)
	return len(words) <= 4 && !slices.ContainsFunc(words, func(w string) bool {
		r, _ := utf8.DecodeRuneInString(w)
		return !unicode.IsUpper(r)
	})
}

// Personal is personal data that was found in a column.
type Personal struct {
	Kind normalise.PersonalKind `json:"kind"`
	// Cells holds how many cells have it, Header whether the header says so.
	Cells  int64 `json:"cells"`
	Header bool  `json:"header,omitempty"`
	// Examples are masked.
	Examples []string `json:"examples"`
	// Pure says that the column holds little else, by its header or its cells.
	Pure bool `json:"pure,omitempty"`
	// Organisations counts the values under a header of names that name none.
	Organisations int64 `json:"-"`
	// Named data counts only in a table that names persons.
	Named bool `json:"-"`
}

// Watch looks for personal data in the cells of one column.
type Watch struct {
	people normalise.PersonalTally
	told   []told // by the header
}

// NewWatch begins to watch a column. header is its name as read.
func NewWatch(header string) Watch { return Watch{told: toldBy(header)} }

// Add takes in a value, tidied. It is not kept.
func (w *Watch) Add(s string) {
	w.people.Add(s)
	for i := range w.told {
		w.told[i].add(s)
	}
}

// Merge takes in what other, a watch on a column of the same header, has seen.
func (w *Watch) Merge(other *Watch) {
	w.people.Merge(&other.people)
	for i := range w.told {
		w.told[i].merge(&other.told[i])
	}
}

// MergeCells is Merge for a column that may have another header.
func (w *Watch) MergeCells(other *Watch) {
	w.people.Merge(&other.people)
	for i := range w.told {
		for j := range other.told {
			if w.told[i].kind == other.told[j].kind {
				w.told[i].merge(&other.told[j])
			}
		}
	}
}

// Told are the kinds of personal data that a header names, as they would be found.
func Told(header string) (all []Personal) {
	for _, t := range toldBy(header) {
		if !t.named {
			all = append(all, Personal{Kind: t.kind, Header: true, Pure: true})
		}
	}
	return all
}

// Found returns what the cells and the header say of a column of so many
// values; amounts says that its numbers have a unit. chance lists what some
// cells only have the form of.
func (w *Watch) Found(values int64, amounts bool) (found []Personal, chance []normalise.PersonalKind) {
	for kind := range normalise.PersonalKinds {
		i := slices.IndexFunc(w.told, func(t told) bool { return t.kind == kind })
		p := Personal{Kind: kind, Pure: i >= 0 || 2*w.people.Whole(kind) > values}
		var byChance bool
		p.Cells, byChance = w.people.Cells(kind, i >= 0)
		p.Examples = w.people.Examples(kind)
		if i < 0 && amounts && (kind == normalise.PersonMobile || kind == normalise.PersonBank) && w.people.OnlyLikely(kind) {
			p.Cells, byChance = 0, false
		}
		if i >= 0 {
			p.Organisations = w.told[i].organisations
			p.Named = w.told[i].named && w.people.OnlyLikely(kind)
			if w.told[i].cells > p.Cells {
				p.Cells, p.Header, p.Examples = w.told[i].cells, true, w.told[i].examples
			}
		}
		switch {
		case p.Cells > 0:
			found = append(found, p)
		case byChance:
			chance = append(chance, kind)
		}
	}
	return found, chance
}
