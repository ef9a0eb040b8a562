package datasets

import (
	"strings"
	"testing"

	"govdata/catalog"
)

func TestAComputedDatasetIsNotMoreOpenThanItsInputsUnlessSomebodyDecidedSo(t *testing.T) {
	of := func(id catalog.ID, attribute string, derived *catalog.Derivation) *catalog.Dataset {
		return &catalog.Dataset{ID: id, Openness: catalog.Openness{Attribute: attribute}, Derived: derived}
	}
	for _, input := range []string{catalog.OpenUnconditional, catalog.OpenConditional, catalog.OpenNot} {
		for _, output := range []string{catalog.OpenUnconditional, catalog.OpenConditional, catalog.OpenNot} {
			order := map[string]int{catalog.OpenUnconditional: 0, catalog.OpenConditional: 1, catalog.OpenNot: 2}
			pay := of("pay", input, nil)
			err := CheckOpenness([]*catalog.Dataset{pay, of("sums", output, &catalog.Derivation{Inputs: []catalog.ID{"pay", "not_there"}})})
			if wrong := order[output] < order[input]; (err != nil) != wrong || wrong && !strings.Contains(err.Error(), "derived.discloses") {
				t.Errorf("%s computed from %s: %v", output, input, err)
			}
			decided := of("sums", output, &catalog.Derivation{Inputs: []catalog.ID{"pay"}, Discloses: []catalog.Disclosed{{Input: "pay"}}})
			if err := CheckOpenness([]*catalog.Dataset{decided, pay}); err != nil {
				t.Errorf("%s computed from %s, as decided: %v", output, input, err)
			}
		}
	}
}
