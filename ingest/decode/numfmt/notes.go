package numfmt

import (
	"fmt"
	"maps"
	"slices"
)

// Notes counts the cells of a sheet of which something else was read than what
// is stored.
type Notes struct {
	shown    [Unscaled + 1]int64
	errors   map[string]int64
	formulas int64
	long     int64
}

// Shown counts a number that a format means otherwise.
func (n *Notes) Shown(s Shown) { n.shown[s]++ }

// Error counts a cell with an error such as #N/A.
func (n *Notes) Error(text string) {
	if n.errors == nil {
		n.errors = map[string]int64{}
	}
	if len(text) > 20 || len(n.errors) == 100 {
		text = "with an error"
	}
	n.errors[text]++
}

// Formula counts a formula whose value was not saved.
func (n *Notes) Formula() { n.formulas++ }

// Number counts a number in plain notation if it has more than the 15 digits
// that a spreadsheet keeps.
func (n *Notes) Number(plain []byte) {
	digits := 0
	for _, c := range plain {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case c != '-':
			return
		}
	}
	if digits > 15 {
		n.long++
	}
}

// Lines says in a sentence each what was counted.
func (n *Notes) Lines() []string {
	var lines []string
	say := func(count int64, format string) {
		if count > 0 {
			lines = append(lines, fmt.Sprintf(format, count))
		}
	}
	for _, text := range slices.Sorted(maps.Keys(n.errors)) {
		lines = append(lines, fmt.Sprintf("%d cells %s read as missing", n.errors[text], text))
	}
	say(n.formulas, "%d formulas without a saved value read as missing; open the file in a spreadsheet program and save it to have their values")
	say(n.shown[Percent], "%d cells read as the per cents that they show, such as 12.5%% for 0.125")
	say(n.shown[Padded], "%d numbers read with the leading zeros that they show, such as 000001 for 1")
	say(n.shown[Scaled], "%d numbers read in the magnitude that they show, such as 1.5 under 万元 for 15000")
	say(n.shown[Unscaled], "%d numbers are shown in thousands, 万 or the like and read as stored, since no text above them says so")
	say(n.long, "%d numbers have more than the 15 digits that a spreadsheet keeps: their last digits are lost; enter codes as text")
	return lines
}
