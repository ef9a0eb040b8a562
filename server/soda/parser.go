package soda

import (
	"strconv"
	"strings"
)

// parser reads tokens by recursive descent; operators by their precedence.
type parser struct {
	text   string
	tokens []token
	next   int
	depth  int
}

// maxDepth is how deep expressions may nest.
const maxDepth = 64

// reserved words begin or part clauses, and so are names only between back quotes.
var reserved = map[string]bool{
	"select": true, "distinct": true, "as": true, "from": true, "join": true, "where": true, "group": true, "having": true, "order": true,
	"search": true, "limit": true, "offset": true, "and": true, "or": true, "not": true, "in": true, "between": true, "like": true, "is": true,
	"null": true, "true": true, "false": true, "asc": true, "desc": true, "union": true, "intersect": true, "minus": true, "by": true,
}

func newParser(text string) (*parser, error) {
	tokens, err := lex(text)
	return &parser{text: text, tokens: tokens}, err
}

// parse reads the whole of text with one production.
func parse[T any](text string, production func(*parser) (T, error)) (T, error) {
	p, err := newParser(text)
	var v T
	if err == nil {
		v, err = production(p)
	}
	if err == nil && p.peek().kind != tokenEnd {
		err = p.unexpected("the end of the text")
	}
	return v, err
}

func (p *parser) peek() token { return p.tokens[p.next] }

// ahead is the token n places behind the next one.
func (p *parser) ahead(n int) token { return p.tokens[min(p.next+n, len(p.tokens)-1)] }

func (p *parser) take() token {
	t := p.tokens[p.next]
	if t.kind != tokenEnd {
		p.next++
	}
	return t
}

// skip takes the next token if it is the keyword or sign.
func (p *parser) skip(s string) bool {
	if !p.peek().is(s) {
		return false
	}
	p.take()
	return true
}

func (p *parser) want(s string) error {
	if !p.skip(s) {
		return p.unexpected("`" + strings.ToUpper(s) + "`")
	}
	return nil
}

func (p *parser) unexpected(wanted string) error {
	t := p.peek()
	found := "the end"
	if t.kind != tokenEnd {
		found = "`" + clip(p.text[t.at:t.end]) + "`"
	}
	return malformed(p.text, t.at, "Expected %s, but got %s", wanted, found)
}

// chain reads SELECT ... |> SELECT ...
func (p *parser) chain() ([]*statement, error) {
	var chain []*statement
	for {
		s, err := p.statement()
		if err != nil {
			return nil, err
		}
		chain = append(chain, s)
		if !p.skip("|>") {
			break
		}
	}
	for _, word := range []string{"union", "intersect", "minus"} {
		if p.peek().is(word) {
			return nil, unsupported(p.text, p.peek().at, strings.ToUpper(word))
		}
	}
	return chain, nil
}

func (p *parser) statement() (s *statement, err error) {
	s = &statement{source: sources{p.text, p.text, p.text, p.text, p.text}}
	if err := p.want("select"); err != nil {
		return nil, err
	}
	s.distinct = p.skip("distinct")
	if s.selection, err = p.selection(); err != nil {
		return nil, err
	}
	if t := p.peek(); t.is("from") {
		// One's own rows may be named; others are other datasets.
		if this := p.ahead(1); this.kind != tokenTable || !strings.EqualFold(this.text, "this") {
			return nil, unsupported(p.text, t.at, "FROM")
		}
		p.take()
		p.take()
	}
	if t := p.peek(); t.is("join") || p.ahead(1).is("join") || p.ahead(1).is("outer") {
		return nil, unsupported(p.text, t.at, "JOIN")
	}
	if p.skip("where") {
		if s.where, err = p.expression(); err != nil {
			return nil, err
		}
	}
	if p.skip("group") {
		if err := p.want("by"); err != nil {
			return nil, err
		}
		if s.group, err = p.list(); err != nil {
			return nil, err
		}
	}
	if p.skip("having") {
		if s.having, err = p.expression(); err != nil {
			return nil, err
		}
	}
	return s, p.tail(s)
}

// tail reads ORDER BY and SEARCH, and LIMIT and OFFSET, each pair in any order.
func (p *parser) tail(s *statement) (err error) {
	for range 2 {
		switch {
		case s.order == nil && p.skip("order"):
			if err := p.want("by"); err != nil {
				return err
			}
			if s.order, err = p.orderings(); err != nil {
				return err
			}
		case s.search == "" && p.skip("search"):
			t := p.peek()
			if t.kind != tokenString {
				return p.unexpected("a string")
			}
			p.take()
			s.search = t.text
		}
	}
	for range 2 {
		switch {
		case s.limit == nil && p.skip("limit"):
			if s.limit, err = p.count(); err != nil {
				return err
			}
		case s.offset == nil && p.skip("offset"):
			if s.offset, err = p.count(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *parser) count() (*int64, error) {
	t := p.peek()
	if t.kind != tokenInteger {
		return nil, p.unexpected("an integer")
	}
	n, err := strconv.ParseInt(t.text, 10, 64)
	if err != nil {
		return nil, malformed(p.text, t.at, "%s is too large", clip(t.text))
	}
	p.take()
	return &n, nil
}

// selection reads :*, *, expressions with their aliases.
func (p *parser) selection() (s selection, err error) {
	for {
		t := p.peek()
		switch {
		case t.is(":*") && s.system == nil && s.fields == nil && s.items == nil:
			if s.system, err = p.star(tokenSystem); err != nil {
				return s, err
			}
		case t.is("*") && s.fields == nil && s.items == nil:
			if s.fields, err = p.star(tokenName); err != nil {
				return s, err
			}
		case t.is("*") || t.is(":*"):
			return s, malformed(p.text, t.at, "`:*` and `*` come once, and before all expressions")
		default:
			i := item{}
			if i.expr, err = p.expression(); err != nil {
				return s, err
			}
			if p.skip("as") {
				if i.alias, i.at, err = p.alias(i.expr); err != nil {
					return s, err
				}
			}
			s.items = append(s.items, i)
		}
		if !p.skip(",") {
			return s, nil
		}
	}
}

func (p *parser) alias(of expr) (string, int, error) {
	t := p.peek()
	if c, ok := of.(*column); t.kind == tokenSystem && ok && strings.EqualFold(c.name, t.text) {
		p.take()
		return t.text, t.at, nil
	}
	if t.kind != tokenName || !t.quoted && reserved[strings.ToLower(t.text)] {
		return "", 0, p.unexpected("an identifier")
	}
	p.take()
	return t.text, t.at, nil
}

// star reads * or :* with what (EXCEPT a, b) leaves out.
func (p *parser) star(kind tokenKind) (*star, error) {
	s := &star{at: p.take().at}
	if !p.peek().is("(") || !p.ahead(1).is("except") {
		return s, nil
	}
	p.take()
	p.take()
	for {
		t := p.peek()
		if t.kind != kind {
			return nil, p.unexpected("an identifier")
		}
		p.take()
		s.except = append(s.except, &column{t.text, t.at})
		if !p.skip(",") {
			return s, p.want(")")
		}
	}
}

func (p *parser) list() ([]expr, error) {
	var list []expr
	for {
		e, err := p.expression()
		if err != nil {
			return nil, err
		}
		list = append(list, e)
		if !p.skip(",") {
			return list, nil
		}
	}
}

// orderings reads terms, each with ASC or DESC and NULL FIRST or NULL LAST. By
// default NULL is last in ascending and first in descending order.
func (p *parser) orderings() ([]ordering, error) {
	var list []ordering
	for {
		e, err := p.expression()
		if err != nil {
			return nil, err
		}
		o := ordering{expr: e}
		if !p.skip("asc") {
			o.desc = p.skip("desc")
		}
		o.nullsFirst = o.desc
		if p.skip("null") || p.skip("nulls") {
			switch {
			case p.skip("first"):
				o.nullsFirst = true
			case p.skip("last"):
				o.nullsFirst = false
			default:
				return nil, p.unexpected("`FIRST` or `LAST`")
			}
		}
		list = append(list, o)
		if !p.skip(",") {
			return list, nil
		}
	}
}

// levels are the binary operators, from the loosest to the tightest. NOT and
// IS, LIKE, IN and BETWEEN have their places between.
var levels = [][]string{
	{"or"}, {"and"}, {"not"}, {"is"},
	{"=", "==", "<>", "!=", "<", "<=", ">", ">="},
	{"+", "-", "||"},
	{"*", "/", "%"},
	{"^"},
}

func (p *parser) expression() (expr, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, malformed(p.text, p.peek().at, "expressions nest more than %d deep", maxDepth)
	}
	defer func() { p.depth-- }()
	return p.level(0)
}

// level reads operators of that level and those that bind more tightly.
func (p *parser) level(n int) (expr, error) {
	if n == len(levels) {
		return p.unary()
	}
	switch levels[n][0] {
	case "not":
		return p.not(n)
	case "is":
		return p.predicate(n)
	}
	left, err := p.level(n + 1)
	if err != nil {
		return nil, err
	}
	for {
		t := p.peek()
		sign := ""
		for _, s := range levels[n] {
			if t.is(s) {
				sign = s
			}
		}
		if sign == "" {
			return left, nil
		}
		p.take()
		deeper := n + 1
		if sign == "^" {
			deeper = n // 2 ^ 3 ^ 2 is 2 ^ (3 ^ 2)
			if p.depth++; p.depth > maxDepth {
				return nil, malformed(p.text, t.at, "expressions nest more than %d deep", maxDepth)
			}
		}
		right, err := p.level(deeper)
		if sign == "^" {
			p.depth--
		}
		if err != nil {
			return nil, err
		}
		switch sign {
		case "and":
			sign = opAnd
		case "or":
			sign = opOr
		case "==":
			sign = "="
		case "!=":
			sign = "<>"
		}
		left = &call{name: sign, args: []expr{left, right}, at: t.at}
	}
}

func (p *parser) not(n int) (expr, error) {
	t := p.peek()
	if !p.skip("not") {
		return p.level(n + 1)
	}
	if p.depth++; p.depth > maxDepth {
		return nil, malformed(p.text, t.at, "expressions nest more than %d deep", maxDepth)
	}
	defer func() { p.depth-- }()
	e, err := p.not(n)
	if err != nil {
		return nil, err
	}
	return &call{name: opNot, args: []expr{e}, at: t.at}, nil
}

// predicate reads IS NULL, LIKE, IN, BETWEEN and their negations behind an
// expression.
func (p *parser) predicate(n int) (expr, error) {
	e, err := p.level(n + 1)
	if err != nil {
		return nil, err
	}
	for {
		t := p.peek()
		negated := false
		if t.is("not") {
			if next := p.ahead(1); !next.is("like") && !next.is("in") && !next.is("between") {
				p.take()
				return nil, p.unexpected("`BETWEEN`, `IN` or `LIKE`")
			}
			p.take()
			negated = true
		}
		choose := func(yes, no string) string {
			if negated {
				return no
			}
			return yes
		}
		switch {
		case p.skip("is"):
			name := opIsNull
			if p.skip("not") {
				name = opIsNotNull
			}
			if err := p.want("null"); err != nil {
				return nil, err
			}
			e = &call{name: name, args: []expr{e}, at: t.at}
		case p.skip("like"):
			pattern, err := p.level(n + 1)
			if err != nil {
				return nil, err
			}
			e = &call{name: choose(opLike, opNotLike), args: []expr{e, pattern}, at: t.at}
		case p.skip("between"):
			low, err := p.level(n + 1)
			if err != nil {
				return nil, err
			}
			if err := p.want("and"); err != nil {
				return nil, err
			}
			high, err := p.level(n + 1)
			if err != nil {
				return nil, err
			}
			e = &call{name: choose(opBetween, opNotBetween), args: []expr{e, low, high}, at: t.at}
		case p.skip("in"):
			if err := p.want("("); err != nil {
				return nil, err
			}
			list, err := p.list()
			if err != nil {
				return nil, err
			}
			if err := p.want(")"); err != nil {
				return nil, err
			}
			e = &call{name: choose(opIn, opNotIn), args: append([]expr{e}, list...), at: t.at}
		default:
			return e, nil
		}
	}
}

// unary reads signs, which bind less tightly than casts.
func (p *parser) unary() (expr, error) {
	t := p.peek()
	if !t.is("-") && !t.is("+") {
		return p.cast()
	}
	if p.depth++; p.depth > maxDepth {
		return nil, malformed(p.text, t.at, "expressions nest more than %d deep", maxDepth)
	}
	defer func() { p.depth-- }()
	p.take()
	e, err := p.unary()
	if err != nil {
		return nil, err
	}
	if l, ok := e.(*literal); ok && l.kind == literalNumber && t.text == "-" && !strings.HasPrefix(l.text, "-") {
		return &literal{literalNumber, "-" + l.text, t.at}, nil
	}
	return &call{name: opUnary + t.text, args: []expr{e}, at: t.at}, nil
}

func (p *parser) cast() (expr, error) {
	e, err := p.atom()
	if err != nil {
		return nil, err
	}
	for p.peek().is("::") {
		p.take()
		t := p.peek()
		if t.kind != tokenName {
			return nil, p.unexpected("a type")
		}
		p.take()
		e = &call{name: opCast + strings.ToLower(t.text), args: []expr{e}, at: t.at}
	}
	if t := p.peek(); t.is(".") || t.is("[") {
		return nil, unsupported(p.text, t.at, "a part of a value")
	}
	return e, nil
}

func (p *parser) atom() (expr, error) {
	t := p.peek()
	switch t.kind {
	case tokenString:
		p.take()
		return &literal{literalString, t.text, t.at}, nil
	case tokenInteger, tokenNumber:
		p.take()
		return &literal{literalNumber, t.text, t.at}, nil
	case tokenSystem:
		p.take()
		return &column{t.text, t.at}, nil
	case tokenTable:
		return nil, unsupported(p.text, t.at, "another dataset")
	case tokenSign:
		if t.text != "(" {
			return nil, p.unexpected("an expression")
		}
		p.take()
		e, err := p.expression()
		if err != nil {
			return nil, err
		}
		return e, p.want(")")
	case tokenName:
		switch {
		case t.is("null"):
			p.take()
			return &literal{literalNull, "", t.at}, nil
		case t.is("true"), t.is("false"):
			p.take()
			return &literal{literalBoolean, strings.ToLower(t.text), t.at}, nil
		case t.is("case") && p.ahead(1).is("when"):
			return p.cases()
		case !t.quoted && reserved[strings.ToLower(t.text)]:
			return nil, p.unexpected("an expression")
		}
		p.take()
		if p.peek().is("(") {
			return p.call(t)
		}
		return &column{t.text, t.at}, nil
	}
	return nil, p.unexpected("an expression")
}

// call reads the arguments of a function.
func (p *parser) call(name token) (expr, error) {
	c := &call{name: strings.ToLower(name.text), at: name.at}
	p.take()
	switch {
	case p.peek().is("*") && p.ahead(1).is(")"):
		p.take()
		c.star = true
	case p.skip("distinct"):
		e, err := p.expression()
		if err != nil {
			return nil, err
		}
		c.name, c.args = c.name+"_distinct", []expr{e}
	case !p.peek().is(")"):
		var err error
		if c.args, err = p.list(); err != nil {
			return nil, err
		}
	}
	if err := p.want(")"); err != nil {
		return nil, err
	}
	if t := p.peek(); p.ahead(1).is("(") && (t.is("filter") || t.is("over")) {
		return nil, unsupported(p.text, t.at, strings.ToUpper(t.text))
	}
	return c, nil
}

// cases reads CASE WHEN condition THEN value ... [ELSE value] END.
func (p *parser) cases() (expr, error) {
	c := &call{name: opCase, at: p.take().at}
	for p.skip("when") {
		when, err := p.expression()
		if err != nil {
			return nil, err
		}
		if err := p.want("then"); err != nil {
			return nil, err
		}
		then, err := p.expression()
		if err != nil {
			return nil, err
		}
		c.args = append(c.args, when, then)
	}
	if p.skip("else") {
		otherwise, err := p.expression()
		if err != nil {
			return nil, err
		}
		c.args = append(c.args, otherwise)
	}
	return c, p.want("end")
}
