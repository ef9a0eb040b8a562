package query

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// checkText bounds a statement before any parser sees it: its size, that it
// is UTF-8 without NUL, and how deep brackets nest outside of strings, quoted
// names and comments. DuckDB's parser takes seconds for 900 nested brackets
// and cannot be interrupted, so this comes first.
func checkText(sql string, l Limits) error {
	if len(sql) > l.QueryBytes {
		return &SQLError{Message: fmt.Sprintf("the statement has %d bytes; at most %d are allowed", len(sql), l.QueryBytes)}
	}
	if strings.TrimSpace(sql) == "" {
		return &SQLError{Message: "the statement is empty", Hint: "try SELECT * FROM <dataset> LIMIT 10"}
	}
	if !utf8.ValidString(sql) {
		return &SQLError{Message: "the statement is not valid UTF-8"}
	}
	if i := strings.IndexByte(sql, 0); i >= 0 {
		return errorAt(sql, i, "the statement holds a NUL character", "")
	}
	depth := 0
	for i := 0; i < len(sql); {
		switch c := sql[i]; c {
		case '(', '[', '{':
			if depth++; depth > l.Nesting {
				return errorAt(sql, i, fmt.Sprintf("brackets nest more than %d deep", l.Nesting), "")
			}
			i++
		case ')', ']', '}':
			if depth--; depth < 0 {
				return errorAt(sql, i, fmt.Sprintf("%q without its opening bracket", c), "")
			}
			i++
		default:
			i += tokenLen(sql[i:])
		}
	}
	if depth > 0 {
		return errorAt(sql, len(sql), "a bracket is not closed", "")
	}
	return nil
}

// tokenLen is the length of the string, quoted name or comment at the start
// of s, or 1 where there is none. An unclosed one reaches to the end.
func tokenLen(s string) int {
	switch {
	case s[0] == '\'' || s[0] == '"':
		return quotedLen(s, 0, false)
	case (s[0] == 'e' || s[0] == 'E') && len(s) > 1 && s[1] == '\'':
		return quotedLen(s, 1, true)
	case strings.HasPrefix(s, "--"):
		if i := strings.IndexByte(s, '\n'); i >= 0 {
			return i + 1
		}
		return len(s)
	case strings.HasPrefix(s, "/*"):
		return commentLen(s)
	case s[0] == '$':
		return dollarLen(s)
	case isWord(s[0]):
		// A whole word at once, so that the e of "name'" begins no E-string.
		n := 1
		for n < len(s) && (isWord(s[n]) || s[n] == '$') {
			n++
		}
		return n
	}
	return 1
}

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || c >= 0x80
}

// quotedLen is the length of a string whose opening quote is s[open]; a
// doubled quote, and with escapes a backslash, hides the next one.
func quotedLen(s string, open int, escapes bool) int {
	for i := open + 1; i < len(s); i++ {
		switch {
		case escapes && s[i] == '\\':
			i++
		case s[i] == s[open]:
			if i+1 < len(s) && s[i+1] == s[open] {
				i++
				continue
			}
			return i + 1
		}
	}
	return len(s)
}

// commentLen is the length of a /* comment */, which may hold others.
func commentLen(s string) int {
	depth := 0
	for i := 0; i+1 < len(s); i++ {
		switch s[i : i+2] {
		case "/*":
			depth++
			i++
		case "*/":
			depth--
			i++
			if depth == 0 {
				return i + 1
			}
		}
	}
	return len(s)
}

// dollarLen is the length of a $tag$ quoted $tag$ string, or 1 for a
// parameter such as $1.
func dollarLen(s string) int {
	n := 1
	for n < len(s) && isWord(s[n]) {
		n++
	}
	if n == len(s) || s[n] != '$' || (n > 1 && s[1] >= '0' && s[1] <= '9') {
		return n
	}
	tag := s[:n+1]
	if i := strings.Index(s[len(tag):], tag); i >= 0 {
		return len(tag) + i + len(tag)
	}
	return len(s)
}

// errorAt is an error at the byte offset pos of sql.
func errorAt(sql string, pos int, message, hint string) *SQLError {
	e := &SQLError{Message: message, Hint: hint}
	if pos >= 0 && pos <= len(sql) {
		before := sql[:pos]
		e.Line = strings.Count(before, "\n") + 1
		e.Col = utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1
	}
	return e
}

// Nearest returns the candidate that s is most likely a misspelling of, or "".
func Nearest(s string, candidates []string) string {
	if len(s) > 64 {
		return ""
	}
	best, limit := "", len([]rune(s))/3+1
	for _, c := range candidates {
		if d := editDistance(s, c); d <= limit {
			best, limit = c, d-1
		}
	}
	return best
}

// editDistance is Levenshtein's.
func editDistance(a, b string) int {
	x, y := []rune(a), []rune(b)
	row := make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i := range x {
		diagonal := row[0]
		row[0] = i + 1
		for j := range y {
			cost := diagonal
			if x[i] != y[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(y)]
}

// didYouMean is the hint for a misspelt name, or "".
func didYouMean(s string, candidates []string) string {
	if n := Nearest(s, candidates); n != "" {
		return fmt.Sprintf("did you mean %q?", n)
	}
	return ""
}
