package catalog

import (
	"math"
	"math/bits"
	"slices"
	"strings"
	"unicode"
)

// how says in which way a part of a query was found.
type how uint8

const (
	asWhole how = iota // it is the whole text
	asStart            // the text begins with it
	asWord
	asPart   // a word begins with it
	asPinyin // it spells or sounds like what was found
	asTypo
)

func (h how) String() string {
	return [...]string{"exact", "prefix", "word", "part", "pinyin", "typo"}[h]
}

// certainty is how much it counts where a part of the query is found in another
// way than as it was typed.
var (
	ofStem   = float32(0.95)
	ofPart   = float32(0.7)
	ofPinyin = map[spelling]float32{syllables: 0.5, begun: 0.42, initials: 0.38}
	ofSound  = float32(0.34) // other characters that are read the same
	ofTypo   = float32(0.25)
	ofAside  = float32(0.3) // words that say little
)

// match is a place where a part of the query, from at to end, was found.
type match struct {
	passage  int32
	from, to int32
	at, end  int32
	score    float32
	how      how
	sounds   bool
	use      use
}

// runeSet is a set of places in a query.
type runeSet [(MaxQuery + 63) / 64]uint64

func (s *runeSet) add(from, to int32) {
	for i := from; i < to; i++ {
		s[i/64] |= 1 << (i % 64)
	}
}

func (s *runeSet) has(i int) bool { return s[i/64]&(1<<(i%64)) != 0 }

func (s runeSet) and(t runeSet) (both runeSet, n int) {
	for i := range s {
		both[i] = s[i] & t[i]
		n += bits.OnesCount64(both[i])
	}
	return both, n
}

// Words that say little of what is looked for: found, they count a little; not
// found, nothing is missing.
var (
	asides = setOf("a", "an", "the", "of", "in", "on", "to", "and", "or", "for", "by", "from", "with", "is", "are", "what", "which", "who", "how", "where", "much", "many",
		"all", "list", "data", "dataset", "datasets", "information", "show", "find", "get", "download", "me")
	chineseAsides = []string{"数据集", "数据", "信息", "情况", "资料", "查询", "查找", "下载", "哪些", "什么", "怎么", "怎样", "如何", "多少", "哪里", "有关", "关于", "相关", "所有", "全部",
		"的", "了", "和", "与", "及", "或", "在", "是", "有", "为", "对", "从", "到", "查", "找", "看", "问", "请", "我", "要", "想", "吗", "呢", "被", "把", "年", "月", "日"}
)

func setOf(words ...string) map[string]bool {
	set := map[string]bool{}
	for _, w := range words {
		set[w] = true
	}
	return set
}

// asking is one search on its way.
type asking struct {
	x    *index
	text folded
	// original is the text as it was typed.
	original []rune
	// aside are the places of words that say little, required those that a hit
	// should answer.
	aside, required runeSet
	need            int
	found           [][]match // by release
	// scratch holds the best match of each release for one word, 1 + its place.
	scratch []int32
	batch   []match
	spots   map[spot]bool
}

func (x *index) ask(original string, text folded, parts []run, found *Found) []Hit {
	a := &asking{x: x, text: text, original: []rune(original), found: make([][]match, len(x.releases)), scratch: make([]int32, len(x.releases)), spots: map[spot]bool{}}
	a.require(parts)
	for _, r := range parts {
		if r.han {
			a.chinese(r)
		} else {
			a.word(r)
		}
	}
	a.spacedPinyin(parts)
	hits, missing := a.hits(parts)
	found.Missing = missing
	if len(hits) > 0 {
		top := slices.MaxFunc(hits, func(a, b Hit) int {
			if a.Score > b.Score || a.Score == b.Score && a.number < b.number {
				return 1
			}
			return -1
		})
		found.DidYouMean = a.corrected(top.matches)
	} else {
		found.DidYouMean = a.nearest(parts)
	}
	return hits
}

// require marks which places of the text a hit should answer.
func (a *asking) require(parts []run) {
	var all runeSet
	for _, r := range parts {
		all.add(int32(r.from), int32(r.to))
		s := string(a.text.runes[r.from:r.to])
		if !r.han {
			if asides[s] {
				a.aside.add(int32(r.from), int32(r.to))
			}
			continue
		}
		for _, w := range chineseAsides {
			for i, byBytes := 0, 0; ; {
				n := strings.Index(s[byBytes:], w)
				if n < 0 {
					break
				}
				i += len([]rune(s[byBytes : byBytes+n]))
				size := len([]rune(w))
				a.aside.add(int32(r.from+i), int32(r.from+i+size))
				i, byBytes = i+size, byBytes+n+len(w)
			}
		}
	}
	for i := range all {
		a.required[i] = all[i] &^ a.aside[i]
	}
	if _, a.need = a.required.and(a.required); a.need == 0 {
		a.required, a.aside = all, runeSet{}
		_, a.need = all.and(all)
	}
}

// weigh says what it counts that the runes from to to of a passage were found
// at its use u.
func (a *asking) weigh(p *passage, u use, from, to int32) (float32, how) {
	score, h := places[u.place].weight, asWord
	n := float32(to - from)
	switch {
	case int(to-from) >= p.size:
		score, h = score*2.2, asWhole
	case from == 0:
		score, h = score*1.6, asStart
	default:
		score *= 1.2
	}
	return score * (0.85 + 0.15*min(1, n/float32(max(1, p.size)))), h
}

// offer keeps a match for the word at r where no better one is there. only, where
// it is not nil, says at which uses it counts.
func (a *asking) offer(s spot, at, end int, certainty float32, as how, only func(use) bool) {
	p := &a.x.passages[s.passage]
	for _, u := range p.uses {
		if only != nil && !only(u) {
			continue
		}
		score, h := a.weigh(p, u, s.from, s.to)
		if as > asWord {
			h = as
		}
		m := match{passage: s.passage, from: s.from, to: s.to, at: int32(at), end: int32(end), score: score * certainty, how: h, use: u}
		if n := a.scratch[u.release]; n == 0 {
			a.batch = append(a.batch, m)
			a.scratch[u.release] = int32(len(a.batch))
		} else if a.batch[n-1].score < m.score {
			a.batch[n-1] = m
		}
	}
}

// collect takes the batch of one word, and makes place for the next.
func (a *asking) collect() []match {
	batch := a.batch
	for _, m := range batch {
		a.scratch[m.use.release] = 0
	}
	a.batch = nil
	return batch
}

func (a *asking) word(r run) {
	w := string(a.text.runes[r.from:r.to])
	known := false
	certainty := float32(1)
	isAside := a.aside.has(r.from)
	if isAside {
		certainty = ofAside
	}
	from, to := a.x.withPrefix(w)
	if from < to && a.x.words[from].text == w {
		known = true
		for _, s := range a.x.words[from].spots {
			a.offer(s, r.from, r.to, certainty, asWord, nil)
		}
	}
	for _, n := range a.x.stems[stem(w)] {
		if a.x.words[n].text != w {
			known = true
			for _, s := range a.x.words[n].spots {
				a.offer(s, r.from, r.to, certainty*ofStem, asWord, nil)
			}
		}
	}
	if r.to-r.from > 1 && !isAside {
		for ; from < to; from++ {
			if a.x.words[from].text != w {
				for _, s := range a.x.words[from].spots {
					s.to = s.from + int32(r.to-r.from)
					a.offer(s, r.from, r.to, ofPart, asPart, nil)
				}
			}
		}
		if !known {
			a.pinyin(w, r.from, r.to)
		}
		if len(a.batch) == 0 {
			a.typo(w, r.from, r.to)
		}
	}
	for _, m := range a.collect() {
		a.found[m.use.release] = append(a.found[m.use.release], m)
	}
}

func isSpelling(w string) bool {
	return w != "" && !strings.ContainsFunc(w, func(r rune) bool { return r < 'a' || r > 'z' })
}

// names are the places where one syllable, or two first letters, are enough.
func names(u use) bool { return u.place == inTitle || u.place == inKeyword || u.place == inTheme }

// pinyin offers what w spells.
func (a *asking) pinyin(w string, at, end int) {
	if !isSpelling(w) || len(w) < 2 || len(w) > maxSpelt {
		return
	}
	clear(a.spots)
	try := func(spots []spot) {
		for _, s := range spots {
			if a.spots[s] {
				continue
			}
			a.spots[s] = true
			p := &a.x.passages[s.passage]
			chars, how := spells(w, p.runes[s.from:], a.x.heard)
			if how == notSpelt {
				continue
			}
			s.to = s.from + int32(chars)
			var only func(use) bool
			switch {
			case how == initials && chars < 3:
				if s.from > 0 {
					continue
				}
				only = names
			case chars == 1:
				only = names
			}
			a.offer(s, at, end, ofPinyin[how], asPinyin, only)
		}
	}
	for n := 1; n <= min(6, len(w)); n++ {
		try(a.x.spoken[w[:n]])
		if u := strings.IndexByte(w[:n], 'u'); u == 1 {
			try(a.x.spoken[w[:1]+"v"+w[2:n]])
		}
	}
	if len(w) < 6 {
		for syllable, spots := range a.x.spoken {
			if len(syllable) > len(w) && sounds(w, syllable) == len(w) {
				try(spots)
			}
		}
	}
	try(a.x.lettered[[2]byte{w[0], w[1]}])
	if len(w) > 2 && w[1] == 'h' {
		try(a.x.lettered[[2]byte{w[0], w[2]}])
	}
}

// spacedPinyin finds pinyin with spaces between its syllables, or some of them.
func (a *asking) spacedPinyin(parts []run) {
	for i := range parts {
		joined := ""
		for j := i; j < min(len(parts), i+10); j++ {
			w := string(a.text.runes[parts[j].from:parts[j].to])
			if parts[j].han || !isSpelling(w) || len(joined)+len(w) > maxSpelt {
				break
			}
			joined += w
			if j == i {
				continue
			}
			at, end := parts[i].from, parts[j].to
			a.pinyin(joined, at, end)
			for _, m := range a.collect() {
				a.prefer(m, float32(j-i+1))
			}
		}
	}
}

// prefer puts a match of several words in the place of those of each, where it
// answers more of them or better. As one of words it counts as that many.
func (a *asking) prefer(m match, words float32) {
	m.score *= words
	var sum float32
	var covered runeSet
	within := func(o match) bool { return o.at >= m.at && o.end <= m.end }
	for _, o := range a.found[m.use.release] {
		if within(o) {
			sum += o.score
			covered.add(o.at, o.end)
		}
	}
	var want runeSet
	want.add(m.at, m.end)
	want, all := want.and(a.required)
	if _, n := covered.and(want); n < all || sum < m.score {
		a.found[m.use.release] = append(slices.DeleteFunc(a.found[m.use.release], within), m)
	}
}

// minSpeltTypo is the length of the shortest pinyin in which mistakes are made
// good.
const minSpeltTypo = 6

// allowed is the number of mistakes that are made good in a word of n letters.
func allowed(n int) int {
	switch {
	case n < 4:
		return 0
	case n < 8:
		return 1
	}
	return 2
}

// typo offers the words, and the names in pinyin, that w is misspelt of: those
// at the least distance.
func (a *asking) typo(w string, at, end int) {
	for _, s := range a.x.near(w, allowed(len(w))) {
		a.offer(s, at, end, ofTypo, asTypo, nil)
	}
}

// near are the places of the words and spellings at the least distance from w
// that is not over limit.
func (x *index) near(w string, limit int) []spot {
	if limit == 0 || !strings.ContainsFunc(w, unicode.IsLetter) {
		return nil
	}
	var spots []spot
	set := letters(w)
	consider := func(other string, theirs uint64, at []spot) {
		if bits.OnesCount64(set^theirs) > 2*limit {
			return
		}
		switch d := distance(w, other, limit); {
		case d > limit:
		case d < limit:
			limit = d
			spots = append(spots[:0:0], at...)
		default:
			spots = append(spots, at...)
		}
	}
	for i := range x.words {
		if o := &x.words[i]; len(o.text) > 3 && strings.ContainsFunc(o.text, unicode.IsLetter) {
			consider(o.text, o.letters, o.spots)
		}
	}
	if isSpelling(w) && len(w) >= minSpeltTypo {
		for i := range x.terms {
			consider(x.terms[i].spelt, x.terms[i].letters, x.terms[i].spots)
		}
	}
	return spots
}

// chinese finds a run of Chinese characters, which has no spaces between its
// words: each release answers with the longest pieces of it that its texts have.
func (a *asking) chinese(r run) {
	s := a.text.runes[r.from:r.to]
	if len(s) == 1 {
		for _, n := range a.x.chars[s[0]] {
			p := &a.x.passages[n]
			i := int32(slices.Index(p.runes, s[0]))
			a.offer(spot{n, i, i + 1}, r.from, r.to, 1, asWord, nil)
		}
		for _, m := range a.collect() {
			a.found[m.use.release] = append(a.found[m.use.release], m)
		}
		return
	}
	pieces := make([][]match, len(a.x.releases))
	a.literal(r, pieces)
	if a.take(r, pieces, true) {
		return
	}
	// No release has all of it. It may be written with other characters that are
	// read the same, by mistake or in the traditional script.
	a.alike(r, pieces)
	if a.take(r, pieces, true) {
		return
	}
	for i := range pieces {
		pieces[i] = slices.DeleteFunc(pieces[i], func(m match) bool { return m.sounds && m.end-m.at < 3 })
	}
	a.take(r, pieces, false)
}

// literal collects the pieces of the run, of two characters and more, by release.
func (a *asking) literal(r run, pieces [][]match) {
	s := a.text.runes[r.from:r.to]
	reach := map[int32]int{} // by passage: the end of the last piece in it
	for k := 0; k+1 < len(s); k++ {
		for _, n := range a.x.pairs[[2]rune{s[k], s[k+1]}] {
			if reach[n] >= k+2 {
				continue
			}
			p := &a.x.passages[n]
			from, length := 0, 0
			for i := range p.runes {
				if p.runes[i] != s[k] {
					continue
				}
				l := 1
				for i+l < len(p.runes) && k+l < len(s) && p.runes[i+l] == s[k+l] {
					l++
				}
				if l > length {
					from, length = i, l
				}
			}
			if length < 2 {
				continue
			}
			reach[n] = k + length
			a.piece(r, k, spot{n, int32(from), int32(from + length)}, false, pieces)
		}
	}
}

// alike collects the pieces of the run that are read like texts, in short ones.
func (a *asking) alike(r run, pieces [][]match) {
	s := a.text.runes[r.from:r.to]
	of := make([][]string, len(s))
	for i, c := range s {
		of[i] = a.x.heard(c)
	}
	reach := map[int32]int{}
	for k := 0; k+1 < len(s); k++ {
		for _, syllable := range of[k] {
			for _, spot := range a.x.spoken[syllable] {
				if reach[spot.passage] >= k+2 {
					continue
				}
				p := &a.x.passages[spot.passage]
				if !a.like(of[k], p.runes[spot.from]) {
					continue
				}
				l := 1
				for i := int(spot.from) + 1; i < len(p.runes) && k+l < len(s) && a.like(of[k+l], p.runes[i]); i++ {
					l++
				}
				if l < 2 || slices.Equal(p.runes[spot.from:int(spot.from)+l], s[k:k+l]) {
					continue
				}
				spot.to = spot.from + int32(l)
				reach[spot.passage] = k + l
				a.piece(r, k, spot, true, pieces)
			}
		}
	}
}

// like reports whether a character of a text is usually read in one of the ways
// of reading another.
func (a *asking) like(readings []string, r rune) bool {
	of := a.x.heard(r)
	return len(of) > 0 && slices.Contains(readings, of[0])
}

// piece notes for every use of a passage that it has the piece of the run at k.
func (a *asking) piece(r run, k int, s spot, sounds bool, pieces [][]match) {
	p := &a.x.passages[s.passage]
	for _, u := range p.uses {
		m := match{passage: s.passage, from: s.from, to: s.to, at: int32(r.from + k), end: int32(r.from+k) + s.to - s.from, sounds: sounds, use: u}
		a.score(&m, r)
		pieces[u.release] = append(pieces[u.release], m)
	}
}

// score says what a piece of a run counts: a long one more than two short ones.
func (a *asking) score(m *match, r run) {
	m.score, m.how = a.weigh(&a.x.passages[m.passage], m.use, m.from, m.to)
	m.score *= float32(math.Pow(float64(m.end-m.at)/float64(r.to-r.from), 1.3))
	if m.sounds {
		m.score, m.how = m.score*ofSound, asPinyin
	}
	for i := m.at; i < m.end; i++ {
		if !a.aside.has(int(i)) {
			return
		}
	}
	m.score *= ofAside
}

// take chooses among the pieces of each release those that answer the run best,
// and reports whether any release answers all of it. With all, releases are left
// alone where none does.
func (a *asking) take(r run, pieces [][]match, all bool) bool {
	var want runeSet
	want.add(int32(r.from), int32(r.to))
	want, need := want.and(a.required)
	chosen := make([][]match, len(pieces))
	whole := false
	for i := range pieces {
		if len(pieces[i]) == 0 {
			continue
		}
		var covered runeSet
		left := slices.Clone(pieces[i])
		for len(left) > 0 {
			top := 0
			for j := range left {
				if left[j].score > left[top].score {
					top = j
				}
			}
			m := left[top]
			chosen[i] = append(chosen[i], m)
			covered.add(m.at, m.end)
			left = a.without(left, m, r)
		}
		if _, n := covered.and(want); n == need {
			whole = true
		}
	}
	if !whole && all {
		return false
	}
	for i, ms := range chosen {
		a.found[i] = append(a.found[i], ms...)
	}
	return whole
}

// without takes from pieces what m answers already; of a piece around it, what
// is before and what is behind it stay.
func (a *asking) without(pieces []match, m match, r run) []match {
	var left []match
	for _, o := range pieces {
		if o.end <= m.at || o.at >= m.end {
			left = append(left, o)
			continue
		}
		if before := o; o.at < m.at {
			before.to -= o.end - m.at
			before.end = m.at
			a.score(&before, r)
			left = append(left, before)
		}
		if behind := o; o.end > m.end {
			behind.from += m.end - o.at
			behind.at = m.end
			a.score(&behind, r)
			left = append(left, behind)
		}
	}
	return left
}

// enough is the share of a text that a hit answers where none answers all.
const enough = 0.3

// hits are the releases that answer all of the text; where there are none, those
// that answer the most, and missing what none of them does.
func (a *asking) hits(parts []run) (hits []Hit, missing []string) {
	most := max(1, int(math.Ceil(float64(a.need)*enough)))
	covered := make([]runeSet, len(a.found))
	counts := make([]int, len(a.found))
	for i, ms := range a.found {
		for _, m := range ms {
			covered[i].add(m.at, m.end)
		}
		covered[i], counts[i] = covered[i].and(a.required)
		most = max(most, counts[i])
	}
	phrase := ""
	if len(parts) > 1 {
		phrase = joined(a.text.runes)
	}
	var answered runeSet
	for i, ms := range a.found {
		if counts[i] < most {
			continue
		}
		h := Hit{Release: a.x.releases[i], matches: ms, number: i}
		for _, m := range ms {
			h.Score += m.score
		}
		h.Score += phraseScore(phrase, a.x.whole[i])
		hits = append(hits, h)
		for j := range answered {
			answered[j] |= covered[i][j]
		}
	}
	for _, r := range parts {
		for i := r.from; i < r.to; {
			j := i
			for j < r.to && a.required.has(j) && !answered.has(j) {
				j++
			}
			if j > i {
				at := a.text.chars(i, j)
				missing = append(missing, string(a.original[at[0]:at[1]]))
			}
			i = max(j, i+1)
		}
	}
	return hits, missing
}

// phraseScore is for a text of several words that stands like that in a name.
func phraseScore(phrase string, names []string) float32 {
	var most float32
	if phrase == "" {
		return 0
	}
	for _, name := range names {
		switch {
		case name == phrase:
			most = max(most, 25)
		case strings.HasPrefix(name, phrase):
			most = max(most, 8)
		case strings.Contains(name, phrase):
			most = max(most, 5)
		}
	}
	return most
}

// corrected is the text with what hit answers in the place of what was mistyped;
// "" where nothing was.
func (a *asking) corrected(hit []match) string {
	hit = slices.DeleteFunc(slices.Clone(hit), func(m match) bool { return m.how != asTypo && !m.sounds })
	return a.replaced(hit)
}

// replaced is the text with the passages of the matches in it.
func (a *asking) replaced(with []match) string {
	if len(with) == 0 {
		return ""
	}
	slices.SortFunc(with, func(a, b match) int { return int(a.at - b.at) })
	var b strings.Builder
	at := 0
	for _, m := range with {
		p := &a.x.passages[m.passage]
		typed, meant := a.text.chars(int(m.at), int(m.end)), p.chars(int(m.from), int(m.to))
		if typed[0] < at {
			continue
		}
		b.WriteString(string(a.original[at:typed[0]]))
		b.WriteString(strings.ToLower(string([]rune(p.text)[meant[0]:meant[1]])))
		at = typed[1]
	}
	b.WriteString(string(a.original[at:]))
	return strings.TrimSpace(b.String())
}

// nearest is the text with the nearest words that are known in the place of
// those that are not; "" where none is near.
func (a *asking) nearest(parts []run) string {
	var with []match
	for _, r := range parts {
		w := string(a.text.runes[r.from:r.to])
		if spots := a.x.near(w, min(4, len(w)/3)); !r.han && len(spots) > 0 {
			s := spots[0]
			with = append(with, match{passage: s.passage, from: s.from, to: s.to, at: int32(r.from), end: int32(r.to)})
		}
	}
	return a.replaced(with)
}
