package catalog

import (
	"fmt"
	"slices"
)

// Change is a difference between two releases that their users would notice.
type Change struct {
	// Name is what an operator accepts it by: a field's name, "rows" or "key".
	Name   string `json:"name"`
	Detail string `json:"detail"`
	// Breaking changes stop a publish until they are accepted by name.
	Breaking bool `json:"breaking"`
}

// Follows lists how m differs from the release that it is to replace. A field
// that vanished, changed its type or its unit, another key, or the loss of
// more than half of the rows is breaking.
func (m *Manifest) Follows(previous *Manifest) []Change {
	var changes []Change
	before, after := previous.Dataset.Public(), m.Dataset.Public()
	find := func(fields []Field, name string) *Field {
		if i := slices.IndexFunc(fields, func(f Field) bool { return f.Name == name }); i >= 0 {
			return &fields[i]
		}
		return nil
	}
	for _, f := range before {
		switch now := find(after, f.Name); {
		case now == nil:
			changes = append(changes, Change{f.Name, "field vanished", true})
		case now.Type != f.Type:
			changes = append(changes, Change{f.Name, fmt.Sprintf("type %s became %s", f.Type, now.Type), true})
		case now.Unit != f.Unit:
			changes = append(changes, Change{f.Name, fmt.Sprintf("unit %q became %q", f.Unit, now.Unit), true})
		}
	}
	for _, f := range after {
		if find(before, f.Name) == nil {
			changes = append(changes, Change{f.Name, "field is new", false})
		}
	}
	if !slices.Equal(previous.Dataset.Key, m.Dataset.Key) {
		changes = append(changes, Change{"key", fmt.Sprintf("key %v became %v", previous.Dataset.Key, m.Dataset.Key), true})
	}
	if m.Rows != previous.Rows {
		changes = append(changes, Change{"rows", fmt.Sprintf("%d rows became %d", previous.Rows, m.Rows), m.Rows*2 < previous.Rows})
	}
	return changes
}
