package ingest

import (
	"govdata/catalog"
	"govdata/ingest/normalise"
)

// rule brings a cell into the form in which it becomes public, or says which
// rule it breaks.
type rule = normalise.Rule

// rulesOf compiles the rules of every field for the columns of one table, the
// last of which is the mask: an unmasked value never reaches the store.
func rulesOf(d *catalog.Dataset, columns []Column, source []int) []rule {
	rules := make([]rule, len(d.Fields))
	for i := range d.Fields {
		f := &d.Fields[i]
		shift := 0
		if col := source[i]; col >= 0 {
			shift = columns[col].shift
		}
		check := normalise.RuleOf(f, shift)
		if f.Privacy == catalog.PrivacyNone || f.Privacy == catalog.PrivacyDrop {
			rules[i] = check
			continue
		}
		rules[i] = func(cell string) (string, bool, error) {
			v, null, err := check(cell)
			if err == nil && !null {
				v = normalise.Mask(f.Privacy, v)
			}
			return v, null, err
		}
	}
	return rules
}
