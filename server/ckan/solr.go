package ckan

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// A query in the syntax of Solr's standard parser, as far as CKAN's clients write
// it: words, "phrases", field:value, field:(a OR b), ranges [a TO b} with * and
// NOW-7DAYS, wildcards * and ?, + - ! NOT AND OR && ||, brackets, \ before any
// character, and boosts, which are read and count for nothing. What stands side
// by side must all be met. OR binds closer than standing side by side, so that
// "organization:a OR organization:b res_format:CSV" means what harvesters that
// write it mean.

// document is what a query is asked of.
type document interface {
	// values are those of a field; one of them must match.
	values(field string) (values []string, kind valueKind)
	// mentions reports whether a text in lower case occurs anywhere.
	mentions(text string) bool
}

// valueKind says how values compare.
type valueKind int

const (
	// exactValue is matched as a whole, without regard to case.
	exactValue valueKind = iota
	// textValue is matched by any part of it.
	textValue
	timeValue
	numberValue
)

// condition is a query that was understood.
type condition interface{ holds(document) bool }

type (
	allOf   []condition
	anyOf   []condition
	noneOf  struct{ condition }
	matches struct {
		// field is "" for a word that stands alone.
		field, text string
		// glob is set where text has wildcards.
		glob *regexp.Regexp
	}
	between struct {
		field, low, high string
		// openLow and openHigh leave out the bound itself.
		openLow, openHigh bool
	}
	everything struct{}
)

func (a allOf) holds(d document) bool {
	for _, c := range a {
		if !c.holds(d) {
			return false
		}
	}
	return true
}

func (a anyOf) holds(d document) bool {
	for _, c := range a {
		if c.holds(d) {
			return true
		}
	}
	return false
}

func (n noneOf) holds(d document) bool   { return !n.condition.holds(d) }
func (everything) holds(d document) bool { return true }

func (m matches) holds(d document) bool {
	if m.field == "" || m.field == "text" {
		if m.glob != nil {
			values, _ := d.values("text")
			for _, v := range values {
				if m.glob.MatchString(v) {
					return true
				}
			}
			return false
		}
		return m.text != "" && d.mentions(strings.ToLower(m.text))
	}
	values, kind := d.values(m.field)
	for _, v := range values {
		switch {
		case m.glob != nil:
			// (A text is matched by a part of it.)
			at := m.glob.FindStringIndex(v)
			if at != nil && (kind == textValue || at[0] == 0 && at[1] == len(v)) {
				return true
			}
		case m.text == "":
		case kind == textValue:
			if strings.Contains(strings.ToLower(v), strings.ToLower(m.text)) {
				return true
			}
		case kind == timeValue:
			want, ok := parseMoment(m.text)
			if have, _ := parseMoment(v); ok && want.Equal(have.Truncate(time.Second)) || ok && want.Equal(have) {
				return true
			}
		case strings.EqualFold(v, m.text):
			return true
		}
	}
	return false
}

func (b between) holds(d document) bool {
	values, kind := d.values(b.field)
	for _, v := range values {
		if b.has(v, kind) {
			return true
		}
	}
	return false
}

func (b between) has(v string, kind valueKind) bool {
	compare := func(bound string) (int, bool) { return strings.Compare(v, bound), true }
	switch kind {
	case timeValue:
		have, ok := parseMoment(v)
		if !ok {
			return false
		}
		compare = func(bound string) (int, bool) {
			t, ok := parseMoment(bound)
			return have.Compare(t), ok
		}
	case numberValue:
		have, err := strconv.ParseFloat(v, 64)
		if err != nil {
			return false
		}
		compare = func(bound string) (int, bool) {
			n, err := strconv.ParseFloat(bound, 64)
			switch {
			case have < n:
				return -1, err == nil
			case have > n:
				return 1, err == nil
			}
			return 0, err == nil
		}
	}
	if b.low != "*" {
		if n, ok := compare(b.low); !ok || n < 0 || n == 0 && b.openLow {
			return false
		}
	}
	if b.high != "*" {
		if n, ok := compare(b.high); !ok || n > 0 || n == 0 && b.openHigh {
			return false
		}
	}
	return true
}

// now is the time that NOW means.
var now = time.Now

var (
	momentLayouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", time.DateOnly}
	mathPattern   = regexp.MustCompile(`^(?:([+-])(\d{1,6})|(/))(YEAR|MONTH|DAY|DATE|HOUR|MINUTE|SECOND)S?`)
)

// parseMoment reads a time as Solr does: 2016-01-02T15:04:05Z, NOW, and sums with
// them such as NOW/DAY-7DAYS. A day alone is its beginning.
func parseMoment(s string) (time.Time, bool) {
	s = strings.TrimSpace(s)
	var t time.Time
	rest, isNow := strings.CutPrefix(s, "NOW")
	if isNow {
		t = now().UTC()
	} else {
		if rest = ""; strings.Contains(s, "Z") {
			i := strings.IndexByte(s, 'Z')
			s, rest = s[:i+1], s[i+1:]
		}
		ok := false
		for _, layout := range momentLayouts {
			if parsed, err := time.Parse(layout, s); err == nil {
				t, ok = parsed.UTC(), true
				break
			}
		}
		if !ok {
			return t, false
		}
	}
	for rest != "" {
		m := mathPattern.FindStringSubmatch(rest)
		if m == nil {
			return t, false
		}
		rest = rest[len(m[0]):]
		n, _ := strconv.Atoi(m[1] + m[2])
		if m[3] == "/" {
			t = startOf(t, m[4])
			continue
		}
		switch m[4] {
		case "YEAR":
			t = t.AddDate(n, 0, 0)
		case "MONTH":
			t = t.AddDate(0, n, 0)
		case "DAY", "DATE":
			t = t.AddDate(0, 0, n)
		case "HOUR":
			t = t.Add(time.Duration(n) * time.Hour)
		case "MINUTE":
			t = t.Add(time.Duration(n) * time.Minute)
		case "SECOND":
			t = t.Add(time.Duration(n) * time.Second)
		}
	}
	return t, true
}

func startOf(t time.Time, unit string) time.Time {
	year, month, day := t.Date()
	switch unit {
	case "YEAR":
		return time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
	case "MONTH":
		return time.Date(year, month, 1, 0, 0, 0, 0, time.UTC)
	case "HOUR":
		return t.Truncate(time.Hour)
	case "MINUTE":
		return t.Truncate(time.Minute)
	case "SECOND":
		return t.Truncate(time.Second)
	}
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// What the queries of one search may be, all together but for the depth.
const (
	queryBytes     = 16 << 10
	queryDepth     = 32
	queryTerms     = 256
	queryWildcards = 16
)

// parseQueries reads queries that must all be met. The error is a searchError
// that says what is wrong where.
func parseQueries(texts ...string) (condition, error) {
	all := allOf{}
	p := &solrParser{}
	bytes := 0
	for _, text := range texts {
		if bytes += len(text); bytes > queryBytes {
			return nil, searchError(fmt.Sprintf("the query has more than %d bytes", queryBytes))
		}
		if !utf8.ValidString(text) {
			return nil, searchError("the query is not valid UTF-8")
		}
		p.text, p.at = text, 0
		c, err := p.query("", 0)
		if err == nil && p.at < len(text) {
			err = p.wrong("found %q, which closes nothing", text[p.at:p.at+1])
		}
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

// wordsOf reads any text as words, for what people type: those with - before them
// must not occur, all others must. It is what CKAN's dismax does of a query without
// a colon.
func wordsOf(text string) condition {
	all := allOf{}
	for _, word := range strings.Fields(text) {
		without := strings.HasPrefix(word, "-") && len(word) > 1
		word = strings.Trim(word, `+-"()*`)
		if word == "" {
			continue
		}
		if m := (matches{text: word}); without {
			all = append(all, noneOf{m})
		} else {
			all = append(all, m)
		}
	}
	return all
}

type solrParser struct {
	text string
	at   int
	// terms and wildcards are how many there were so far.
	terms, wildcards int
}

func (p *solrParser) wrong(format string, args ...any) error {
	return searchError(fmt.Sprintf("%s, at character %d of the query", fmt.Sprintf(format, args...), utf8.RuneCountInString(p.text[:p.at])+1))
}

func (p *solrParser) space() {
	for p.at < len(p.text) {
		r, n := utf8.DecodeRuneInString(p.text[p.at:])
		if !unicode.IsSpace(r) {
			return
		}
		p.at += n
	}
}

// word takes an operator that is a word, or a sign.
func (p *solrParser) word(words ...string) bool {
	p.space()
	rest := p.text[p.at:]
	for _, w := range words {
		if !strings.HasPrefix(rest, w) {
			continue
		}
		if after, _ := utf8.DecodeRuneInString(rest[len(w):]); unicode.IsLetter(rune(w[0])) && len(rest) > len(w) && !unicode.IsSpace(after) && after != '(' {
			continue
		}
		p.at += len(w)
		return true
	}
	return false
}

// query reads up to the end or a closing bracket.
func (p *solrParser) query(field string, depth int) (condition, error) {
	if depth > queryDepth {
		return nil, p.wrong("brackets nest more than %d deep", queryDepth)
	}
	all := allOf{}
	for {
		p.space()
		if p.at == len(p.text) || p.text[p.at] == ')' {
			break
		}
		c, err := p.either(field, depth)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	if len(all) == 1 {
		return all[0], nil
	}
	return all, nil
}

func (p *solrParser) either(field string, depth int) (condition, error) {
	c, err := p.both(field, depth)
	if err != nil {
		return nil, err
	}
	any := anyOf{c}
	for p.word("OR", "||") {
		if c, err = p.both(field, depth); err != nil {
			return nil, err
		}
		any = append(any, c)
	}
	if len(any) == 1 {
		return any[0], nil
	}
	return any, nil
}

func (p *solrParser) both(field string, depth int) (condition, error) {
	c, err := p.signed(field, depth)
	if err != nil {
		return nil, err
	}
	all := allOf{c}
	for p.word("AND", "&&") {
		if c, err = p.signed(field, depth); err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	if len(all) == 1 {
		return all[0], nil
	}
	return all, nil
}

func (p *solrParser) signed(field string, depth int) (condition, error) {
	not := false
	for signs := 0; ; signs++ {
		if signs > queryDepth {
			return nil, p.wrong("more than %d signs before one term", queryDepth)
		}
		if p.word("-", "!", "NOT") {
			not = !not
		} else if !p.word("+") {
			break
		}
	}
	c, err := p.clause(field, depth)
	if err == nil && not {
		c = noneOf{c}
	}
	return c, err
}

// clause reads a term, a phrase, a range or brackets, with its field if it has one.
func (p *solrParser) clause(field string, depth int) (condition, error) {
	p.space()
	if p.at == len(p.text) {
		return nil, p.wrong("the query ends where a term should stand")
	}
	if p.terms++; p.terms > queryTerms {
		return nil, p.wrong("there are more than %d terms", queryTerms)
	}
	begin := p.at
	if c := p.text[p.at]; c != '"' && c != '(' && c != '[' && c != '{' {
		name, wild, err := p.term()
		if err != nil {
			return nil, err
		}
		if p.at < len(p.text) && p.text[p.at] == ':' {
			p.at++
			if name == "*" && wild {
				field = "*"
			} else {
				field = name
			}
			if p.at == len(p.text) || unicode.IsSpace(rune(p.text[p.at])) {
				return nil, p.wrong("the field %s has no value", name)
			}
			return p.value(field, depth)
		}
		p.at = begin
	}
	return p.value(field, depth)
}

func (p *solrParser) value(field string, depth int) (condition, error) {
	var c condition
	switch p.text[p.at] {
	case '(':
		p.at++
		inner, err := p.query(field, depth+1)
		if err != nil {
			return nil, err
		}
		if p.at == len(p.text) {
			return nil, p.wrong("a bracket is not closed")
		}
		p.at++
		c = inner
	case '[', '{':
		inner, err := p.between(field)
		if err != nil {
			return nil, err
		}
		c = inner
	case '"':
		text, err := p.phrase()
		if err != nil {
			return nil, err
		}
		c = matches{field: fieldOf(field), text: text}
	default:
		begin := p.at
		text, wild, err := p.term()
		if err != nil {
			return nil, err
		}
		switch {
		case wild && strings.Trim(text, "*") == "" && (field == "" || field == "*"):
			c = everything{}
		case wild:
			glob, wildcards := globOf(p.text[begin:p.at])
			if p.wildcards += wildcards; p.wildcards > queryWildcards {
				return nil, p.wrong("there are more than %d wildcards", queryWildcards)
			}
			c = matches{field: fieldOf(field), text: text, glob: glob}
		default:
			c = matches{field: fieldOf(field), text: text}
		}
	}
	return c, p.tail()
}

// fieldOf is the field of *:value, which means any.
func fieldOf(field string) string {
	if field == "*" {
		return ""
	}
	return field
}

// tail reads a boost. Near misses (term~) are not to be had here.
func (p *solrParser) tail() error {
	if p.at < len(p.text) && p.text[p.at] == '~' {
		return p.wrong("~ is not supported")
	}
	if p.at < len(p.text) && p.text[p.at] == '^' {
		p.at++
		begin := p.at
		for p.at < len(p.text) && (p.text[p.at] >= '0' && p.text[p.at] <= '9' || p.text[p.at] == '.' || p.text[p.at] == '=') {
			p.at++
		}
		if begin == p.at {
			return p.wrong("a boost is a number")
		}
	}
	return nil
}

// term reads a word without its escapes. wild is true where it has wildcards.
func (p *solrParser) term() (text string, wild bool, err error) {
	var b strings.Builder
	for p.at < len(p.text) {
		r, n := utf8.DecodeRuneInString(p.text[p.at:])
		if unicode.IsSpace(r) || strings.ContainsRune(`():"[]{}^~`, r) {
			break
		}
		p.at += n
		if r == '\\' {
			if p.at == len(p.text) {
				return "", false, p.wrong(`\ stands before nothing`)
			}
			if r, n = utf8.DecodeRuneInString(p.text[p.at:]); r != utf8.RuneError {
				p.at += n
			}
		} else if r == '*' || r == '?' {
			wild = true
		}
		b.WriteRune(r)
	}
	if b.Len() == 0 {
		return "", false, p.wrong("found %q where a term should stand", p.text[p.at:min(p.at+1, len(p.text))])
	}
	return b.String(), wild, nil
}

// globOf turns a term as it is written into an expression, and counts its
// wildcards.
func globOf(written string) (glob *regexp.Regexp, wildcards int) {
	var b strings.Builder
	b.WriteString("(?is)")
	escaped, before := false, ' '
	for _, r := range written {
		star := !escaped && r == '*'
		switch {
		case !escaped && r == '\\':
			escaped = true
			continue
		case star && before == '*':
		case star:
			b.WriteString(".*")
			wildcards++
		case !escaped && r == '?':
			b.WriteString(".")
			wildcards++
		default:
			b.WriteString(regexp.QuoteMeta(string(r)))
		}
		if before, escaped = ' ', false; star {
			before = '*'
		}
	}
	return regexp.MustCompile(b.String()), wildcards
}

func (p *solrParser) phrase() (string, error) {
	var b strings.Builder
	for i := p.at + 1; i < len(p.text); i++ {
		switch c := p.text[i]; {
		case c == '\\' && i+1 < len(p.text):
			i++
			b.WriteByte(p.text[i])
		case c == '"':
			p.at = i + 1
			return b.String(), nil
		default:
			b.WriteByte(c)
		}
	}
	return "", p.wrong("a quotation is not closed")
}

// between reads [low TO high], with { and } for bounds that are left out.
func (p *solrParser) between(field string) (condition, error) {
	if field == "" || field == "*" {
		return nil, p.wrong("a range needs its field")
	}
	b := between{field: field, openLow: p.text[p.at] == '{'}
	p.at++
	bound := func() (string, error) {
		p.space()
		if p.at < len(p.text) && p.text[p.at] == '"' {
			return p.phrase()
		}
		begin := p.at
		for p.at < len(p.text) && !unicode.IsSpace(rune(p.text[p.at])) && p.text[p.at] != ']' && p.text[p.at] != '}' {
			p.at++
		}
		if begin == p.at {
			return "", p.wrong("a range is [low TO high]")
		}
		return strings.ReplaceAll(p.text[begin:p.at], `\`, ""), nil
	}
	var err error
	if b.low, err = bound(); err != nil {
		return nil, err
	}
	if !p.word("TO") {
		return nil, p.wrong("a range is [low TO high]")
	}
	if b.high, err = bound(); err != nil {
		return nil, err
	}
	p.space()
	if p.at == len(p.text) || p.text[p.at] != ']' && p.text[p.at] != '}' {
		return nil, p.wrong("a range is not closed")
	}
	b.openHigh = p.text[p.at] == '}'
	p.at++
	return b, nil
}
