package soda

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// tokenKind tells tokens of SoQL apart.
type tokenKind int

const (
	tokenEnd    tokenKind = iota
	tokenName             // a name or a keyword; quoted ones are never keywords
	tokenSystem           // :id
	tokenTable            // @name
	tokenString
	tokenInteger
	tokenNumber
	tokenSign // punctuation and operators
)

// token is one word of SoQL. text is what it means: the content of a string, a
// name without its quotes.
type token struct {
	kind   tokenKind
	text   string
	quoted bool
	// at is the byte offset where it begins, end where it ended.
	at, end int
}

// is reports whether t is the keyword or the sign s, which is in lower case.
func (t token) is(s string) bool {
	switch t.kind {
	case tokenName:
		return !t.quoted && strings.EqualFold(t.text, s)
	case tokenSign:
		return t.text == s
	}
	return false
}

// signs are the operators and the punctuation, the longer ones first.
var signs = []string{"|>", "||", "::", ":*", "<=", "<>", ">=", "==", "!=", "+", "-", "*", "/", "^", "%", "(", ")", "<", "=", ">", ",", ".", "[", "]"}

// lex cuts a text into its tokens; the last is tokenEnd.
func lex(text string) ([]token, error) {
	if !utf8.ValidString(text) {
		return nil, malformed(text, 0, "the text is not valid UTF-8")
	}
	var tokens []token
	for i := 0; i < len(text); {
		c, size := utf8.DecodeRuneInString(text[i:])
		rest := text[i:]
		switch {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			i += size
		case strings.HasPrefix(rest, "--"):
			if n := strings.IndexByte(rest, '\n'); n >= 0 {
				i += n
			} else {
				i = len(text)
			}
		case strings.HasPrefix(rest, "/*"):
			n := strings.Index(rest[2:], "*/")
			if n < 0 {
				return nil, malformed(text, i, "the comment has no end")
			}
			i += n + 4
		default:
			t, err := word(text, i, c)
			if err != nil {
				return nil, err
			}
			tokens = append(tokens, t)
			i = t.end
		}
	}
	return append(tokens, token{kind: tokenEnd, at: len(text), end: len(text)}), nil
}

// word reads the token at i, which begins with c.
func word(text string, i int, c rune) (token, error) {
	switch {
	case c >= '0' && c <= '9':
		return number(text, i), nil
	case c == '\'':
		return single(text, i)
	case c == '"':
		return double(text, i)
	case c == '`':
		return backquoted(text, i)
	case isLetter(c):
		end := span(text, i, isLetterOrDigit)
		return token{kind: tokenName, text: text[i:end], at: i, end: end}, nil
	case c == '@':
		if end := span(text, i+1, isDashed); end > i+1 {
			return token{kind: tokenTable, text: text[i+1 : end], at: i, end: end}, nil
		}
	case c == ':':
		from := i + 1
		if strings.HasPrefix(text[from:], "@") {
			from++
		}
		if end := span(text, from, isLetterOrDigit); end > from {
			return token{kind: tokenSystem, text: text[i:end], at: i, end: end}, nil
		}
	}
	for _, s := range signs {
		if strings.HasPrefix(text[i:], s) {
			return token{kind: tokenSign, text: s, at: i, end: i + len(s)}, nil
		}
	}
	return token{}, malformed(text, i, "the character %q means nothing here", c)
}

func isLetter(c rune) bool        { return c == '_' || c == '$' || unicode.IsLetter(c) }
func isLetterOrDigit(c rune) bool { return isLetter(c) || unicode.IsDigit(c) }
func isDashed(c rune) bool        { return c == '-' || isLetterOrDigit(c) }

// span is the end of the characters from i on that are in the class.
func span(text string, i int, class func(rune) bool) int {
	for i < len(text) {
		c, size := utf8.DecodeRuneInString(text[i:])
		if !class(c) {
			break
		}
		i += size
	}
	return i
}

func number(text string, i int) token {
	digits := func(j int) int { return span(text, j, func(c rune) bool { return c >= '0' && c <= '9' }) }
	t := token{kind: tokenInteger, at: i, end: digits(i)}
	if t.end < len(text) && text[t.end] == '.' {
		t.kind, t.end = tokenNumber, digits(t.end+1)
	}
	if t.end < len(text) && text[t.end]|0x20 == 'e' {
		from := t.end + 1
		if from < len(text) && (text[from] == '+' || text[from] == '-') {
			from++
		}
		if end := digits(from); end > from {
			t.kind, t.end = tokenNumber, end
		}
	}
	t.text = text[i:t.end]
	return t
}

// single reads a 'string', in which a quote is doubled.
func single(text string, i int) (token, error) {
	var b strings.Builder
	for j := i + 1; j < len(text); j++ {
		if text[j] != '\'' {
			b.WriteByte(text[j])
			continue
		}
		if j+1 < len(text) && text[j+1] == '\'' {
			b.WriteByte('\'')
			j++
			continue
		}
		return token{kind: tokenString, text: b.String(), at: i, end: j + 1}, nil
	}
	return token{}, malformed(text, i, "the string has no end")
}

// escapes are those of a "string".
var escapes = map[byte]byte{'/': '/', 'n': '\n', 't': '\t', 'b': '\b', 'f': '\f', 'r': '\r', '"': '"', '\\': '\\'}

// double reads a "string" with backslash escapes: those of JSON, and \U with six
// hexadecimal digits.
func double(text string, i int) (token, error) {
	var b strings.Builder
	for j := i + 1; j < len(text); j++ {
		switch c := text[j]; c {
		case '"':
			if !utf8.ValidString(b.String()) {
				return token{}, malformed(text, i, "the string is not valid Unicode")
			}
			return token{kind: tokenString, text: b.String(), at: i, end: j + 1}, nil
		case '\n':
			return token{}, malformed(text, i, "the string has no end on its line")
		case '\\':
			j++
			if j == len(text) {
				return token{}, malformed(text, i, "the string has no end")
			}
			if plain, ok := escapes[text[j]]; ok {
				b.WriteByte(plain)
				continue
			}
			digits := map[byte]int{'u': 4, 'U': 6}[text[j]]
			if digits == 0 {
				return token{}, malformed(text, j, "\\%c is no escape", text[j])
			}
			r, ok := hexadecimal(text, j+1, digits)
			if !ok {
				return token{}, malformed(text, j, "\\%c wants %d hexadecimal digits of a character", text[j], digits)
			}
			b.WriteRune(r)
			j += digits
		default:
			b.WriteByte(c)
		}
	}
	return token{}, malformed(text, i, "the string has no end")
}

func hexadecimal(text string, from, digits int) (rune, bool) {
	if from+digits > len(text) {
		return 0, false
	}
	var r rune
	for _, c := range []byte(text[from : from+digits]) {
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return r, utf8.ValidRune(r)
}

// backquoted reads a `name`, which may hold dashes.
func backquoted(text string, i int) (token, error) {
	kind, from := tokenName, i+1
	if strings.HasPrefix(text[from:], ":") {
		kind, from = tokenSystem, from+1
		if strings.HasPrefix(text[from:], "@") {
			from++
		}
	}
	end := span(text, from, isDashed)
	if end == from || end == len(text) || text[end] != '`' {
		return token{}, malformed(text, i, "want a name between back quotes")
	}
	return token{kind: kind, text: text[i+1 : end], quoted: true, at: i, end: end + 1}, nil
}
