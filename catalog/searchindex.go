package catalog

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// place is where in a definition a text stands.
type place uint8

const (
	inTitle place = iota
	inID
	inKeyword
	inField
	inName
	inAlias
	inTheme
	inPublisher
	inItem
	inValue
	inDescription
)

// places are the names of the places in answers, and what finding a word there
// weighs. The titles and keywords of a dataset say what it is, its fields what
// it has; a description mentions much.
var places = [...]struct {
	name   string
	weight float32
}{
	inTitle: {"title", 12}, inID: {"id", 7}, inKeyword: {"keyword", 7}, inField: {"field", 4}, inName: {"field_name", 4}, inAlias: {"field_alias", 4},
	inTheme: {"theme", 3}, inPublisher: {"publisher", 3}, inItem: {"item", 3}, inValue: {"value", 2}, inDescription: {"description", 2},
}

// short reports whether texts there are names, for which pinyin and misspelt
// words are looked up too.
func (p place) short() bool { return p != inDescription }

// index answers searches over one state of the catalog. It does not change
// once it is made.
type index struct {
	releases []*Release
	order    []string // by release: what its Chinese title sorts by
	passages []passage
	// pairs and chars lead from two Chinese characters, and from one, to the
	// passages with them; of chars only to short ones.
	pairs map[[2]rune][]int32
	chars map[rune][]int32
	// words are sorted; stems leads to those with that stem.
	words []word
	stems map[string][]int32
	// spoken leads from a syllable, and lettered from the first letters of two
	// characters that stand together, to where they do in short passages.
	spoken   map[string][]spot
	lettered map[[2]byte][]spot
	// terms are names, or parts of names, in pinyin, for those who misspell it.
	terms []term
	sound map[rune][]string
	// whole are the titles, keywords and ids by release, folded, for queries
	// that are one.
	whole [][]string
}

// passage is a text that definitions hold; texts that are the same are one.
type passage struct {
	text string
	folded
	uses []use
	// size is the number of its runes that are letters, digits or Chinese.
	size int
}

// use is where a passage stands. Field is the field's number among the public
// ones; -1 where it is of no field.
type use struct {
	release int32
	place   place
	field   int16
}

type spot struct {
	passage  int32
	from, to int32
}

type word struct {
	text    string
	letters uint64
	spots   []spot
}

type term struct {
	spelt   string
	letters uint64
	spots   []spot
}

func newIndex(releases []*Release) *index {
	x := &index{
		releases: releases, pairs: map[[2]rune][]int32{}, chars: map[rune][]int32{}, stems: map[string][]int32{},
		spoken: map[string][]spot{}, lettered: map[[2]byte][]spot{}, sound: map[rune][]string{},
	}
	byText := map[string]int32{}
	words, terms := map[string][]spot{}, map[string][]spot{}
	for i, r := range releases {
		for _, t := range textsOf(&r.Dataset) {
			if t.text == "" {
				continue
			}
			n, ok := byText[t.text]
			if !ok {
				n = int32(len(x.passages))
				byText[t.text] = n
				x.passages = append(x.passages, passage{text: t.text, folded: fold(t.text)})
			}
			p := &x.passages[n]
			p.uses = append(p.uses, use{int32(i), t.place, t.field})
		}
		x.order = append(x.order, x.collated(r.Dataset.Title.In("zh")))
		x.whole = append(x.whole, wholes(&r.Dataset))
	}
	for n := range x.passages {
		x.add(int32(n), words, terms)
	}
	for text, spots := range words {
		x.words = append(x.words, word{text, letters(text), spots})
	}
	slices.SortFunc(x.words, func(a, b word) int { return strings.Compare(a.text, b.text) })
	for i, w := range x.words {
		s := stem(w.text)
		x.stems[s] = append(x.stems[s], int32(i))
	}
	for spelt, spots := range terms {
		x.terms = append(x.terms, term{spelt, letters(spelt), spots})
	}
	slices.SortFunc(x.terms, func(a, b term) int { return strings.Compare(a.spelt, b.spelt) })
	return x
}

type textAt struct {
	text  string
	place place
	field int16
}

// textsOf are the texts of a definition by which it is found. Fields that never
// leave the private area are not among them.
func textsOf(d *Dataset) []textAt {
	var all []textAt
	add := func(p place, field int, texts ...string) {
		for _, t := range texts {
			all = append(all, textAt{t, p, int16(field)})
		}
	}
	add(inTitle, -1, d.Title.Zh, d.Title.En)
	add(inID, -1, string(d.ID))
	add(inKeyword, -1, d.Keywords...)
	add(inTheme, -1, d.Theme, ThemeTitles[d.Theme].En, d.Openness.Attribute)
	add(inPublisher, -1, d.Publisher.Zh, d.Publisher.En)
	if d.Item != "" {
		add(inItem, -1, d.Item, "第"+d.Item+"项", "第（"+d.Item+"）项")
		if n := slices.Index(numerals, d.Item); n >= 0 {
			add(inItem, -1, "item "+strconv.Itoa(n))
		}
	}
	add(inDescription, -1, d.Description.Zh, d.Description.En, d.LegalBasis.Zh, d.LegalBasis.En, d.Openness.Condition.Zh, d.Openness.Condition.En)
	for i, f := range d.Public() {
		add(inField, i, f.Title.Zh, f.Title.En)
		add(inName, i, f.Name)
		add(inAlias, i, f.Aliases...)
		add(inValue, i, f.Enum...)
		add(inDescription, i, f.Description.Zh, f.Description.En)
	}
	return all
}

var numerals = []string{"零", "一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二", "十三", "十四", "十五", "十六", "十七", "十八", "十九", "二十"}

// wholes are the names of a dataset as joined makes them.
func wholes(d *Dataset) []string {
	var all []string
	for _, t := range append([]string{d.Title.Zh, d.Title.En, string(d.ID)}, d.Keywords...) {
		if s := joined(fold(t).runes); s != "" {
			all = append(all, s)
		}
	}
	return all
}

// joined is a folded text with one space between its words, and none beside
// Chinese.
func joined(s []rune) string {
	var b strings.Builder
	last := true
	for _, r := range runs(s) {
		if !last && !r.han {
			b.WriteByte(' ')
		}
		b.WriteString(string(s[r.from:r.to]))
		last = r.han
	}
	return strings.ReplaceAll(b.String(), "_", " ")
}

// add puts a passage into the index.
func (x *index) add(n int32, words, terms map[string][]spot) {
	p := &x.passages[n]
	short, named := false, false
	for _, u := range p.uses {
		short = short || u.place.short()
		named = named || u.place == inTitle || u.place == inKeyword || u.place == inTheme
	}
	for _, r := range runs(p.runes) {
		p.size += r.to - r.from
		if !r.han {
			x.addWord(n, r, words)
			continue
		}
		s := p.runes[r.from:r.to]
		for i, c := range s {
			if short {
				x.chars[c] = appendNew(x.chars[c], n)
			}
			if i+1 < len(s) {
				k := [2]rune{c, s[i+1]}
				x.pairs[k] = appendNew(x.pairs[k], n)
			}
			if short {
				x.addSound(n, int32(r.from+i), s[i:])
			}
			if named {
				x.addTerms(n, int32(r.from+i), s[i:], terms)
			}
		}
	}
}

func appendNew(to []int32, n int32) []int32 {
	if len(to) > 0 && to[len(to)-1] == n {
		return to
	}
	return append(to, n)
}

// addWord adds a word and, where it is made of parts, those: CF_XDR_MC, xdr.
func (x *index) addWord(n int32, r run, words map[string][]spot) {
	s := x.passages[n].runes
	whole := string(s[r.from:r.to])
	words[whole] = append(words[whole], spot{n, int32(r.from), int32(r.to)})
	if !strings.Contains(whole, "_") {
		return
	}
	for i := r.from; i < r.to; {
		j := i
		for j < r.to && s[j] != '_' {
			j++
		}
		if j > i {
			part := string(s[i:j])
			words[part] = append(words[part], spot{n, int32(i), int32(j)})
		}
		i = j + 1
	}
}

func (x *index) addSound(n, at int32, s []rune) {
	here := spot{n, at, at + 1}
	for _, syllable := range x.of(s[0]) {
		x.spoken[syllable] = append(x.spoken[syllable], here)
	}
	if len(s) < 2 {
		return
	}
	seen := map[[2]byte]bool{}
	for _, a := range x.of(s[0]) {
		for _, b := range x.of(s[1]) {
			if k := [2]byte{a[0], b[0]}; !seen[k] {
				seen[k] = true
				x.lettered[k] = append(x.lettered[k], here)
			}
		}
	}
}

// maxTerm is the length, in characters, of the longest term but for whole names.
const maxTerm = 4

func (x *index) addTerms(n, at int32, s []rune, terms map[string][]spot) {
	spelt := ""
	for i, c := range s {
		of := x.of(c)
		if len(of) == 0 {
			return
		}
		spelt += of[0]
		if i > 0 && (i < maxTerm || i == len(s)-1) && len(spelt) >= minSpeltTypo-1 && len(spelt) <= maxSpelt {
			terms[spelt] = append(terms[spelt], spot{n, at, at + int32(i) + 1})
		}
	}
}

// of is readings, remembered while the index is made.
func (x *index) of(r rune) []string {
	s, ok := x.sound[r]
	if !ok {
		s = readings(r)
		x.sound[r] = s
	}
	return s
}

// heard is readings for searches, which leave the index as it is.
func (x *index) heard(r rune) []string {
	if s, ok := x.sound[r]; ok {
		return s
	}
	return readings(r)
}

// collated is what a Chinese title is sorted by: its pinyin.
func (x *index) collated(title string) string {
	var b strings.Builder
	for _, r := range fold(title).runes {
		if of := x.of(r); len(of) > 0 {
			b.WriteString(of[0])
		} else {
			b.WriteRune(r)
		}
		b.WriteByte(' ')
	}
	return b.String()
}

// withPrefix are the words that begin with s, as a range of x.words.
func (x *index) withPrefix(s string) (from, to int) {
	from, _ = slices.BinarySearchFunc(x.words, s, func(w word, s string) int { return strings.Compare(w.text, s) })
	to = from
	for to < len(x.words) && strings.HasPrefix(x.words[to].text, s) {
		to++
	}
	return from, to
}

// best sorts hits: the higher score first; equal ones stay as they are.
func best(hits []Hit) {
	slices.SortStableFunc(hits, func(a, b Hit) int { return cmp.Compare(b.Score, a.Score) })
}
