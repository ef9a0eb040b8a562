package infer

import (
	"slices"
	"strings"
)

// twins finds numbers such as 1.1 and 1.10, which as texts differ: clauses,
// versions and months that are written with a point.
type twins struct {
	// short are those with a single decimal that is no zero, padded those with
	// two that end in one, by the text without that zero.
	shorts, padded []string
	short          int64
	many           bool // too many different ones for codes
	example        string
}

// maxTwins bounds the different texts that are kept.
const maxTwins = 512

func (t *twins) add(s string, decimals int) {
	if t.many || decimals > 2 || len(s) > 7 {
		return
	}
	last := s[len(s)-1]
	switch {
	case decimals == 1 && last != '0':
		t.short++
		t.keep(&t.shorts, s)
	case decimals == 2 && last == '0' && s[len(s)-2] != '0':
		t.keep(&t.padded, s[:len(s)-1])
	}
}

func (t *twins) keep(list *[]string, s string) {
	at, found := slices.BinarySearch(*list, s)
	if found {
		return
	}
	if len(*list) == maxTwins {
		*t = twins{many: true}
		return
	}
	*list = slices.Insert(*list, at, strings.Clone(s))
}

func (t *twins) merge(other *twins) {
	if t.many || other.many {
		*t = twins{many: true}
		return
	}
	t.short += other.short
	for _, s := range other.shorts {
		t.keep(&t.shorts, s)
	}
	for _, s := range other.padded {
		t.keep(&t.padded, s)
	}
}

// found reports whether there is a pair, and keeps its shorter text as example.
func (t *twins) found() bool {
	for _, s := range t.padded {
		if _, ok := slices.BinarySearch(t.shorts, s); ok {
			t.example = s
			return true
		}
	}
	return false
}
