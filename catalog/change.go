package catalog

import (
	"fmt"
	"math"
	"slices"
)

// Change is a difference between two releases that their users would notice.
type Change struct {
	// Name is what an operator accepts it by: a field's name, "rows" or "key".
	Name   string `json:"name"`
	Detail Text   `json:"detail"`
	// Breaking changes stop a publish until they are accepted by name.
	Breaking bool `json:"breaking"`
}

// FieldStats are figures over all values of a field of a release.
type FieldStats struct {
	Nulls int64 `json:"nulls"`
	// Min and Max are in the notation of the CSV file; none for booleans and
	// where there are no values.
	Min string `json:"min,omitempty"`
	Max string `json:"max,omitempty"`
	// Median of numbers, approximate.
	Median *float64 `json:"median,omitempty"`
}

// What counts as drift. A share of empty cells that moves by nullShift is
// worth a look. A median that moves by unitShift is rather another unit (元 for
// 万元) than another year, in columns of at least enoughRows values.
const (
	nullShift  = 0.2
	unitShift  = 100
	enoughRows = 20
)

// Follows lists how m differs from the release that it is to replace. A field
// that vanished, changed its type or its unit, lost all its values or has
// values of another magnitude, a column that the files no longer have, another
// key, or the loss of more than half of the rows is breaking.
func (m *Manifest) Follows(previous *Manifest) []Change {
	var changes []Change
	add := func(name string, breaking bool, zh, en string, args ...any) {
		changes = append(changes, Change{name, Text{Zh: fmt.Sprintf(zh, args...), En: fmt.Sprintf(en, args...)}, breaking})
	}
	before, after := previous.Dataset.Public(), m.Dataset.Public()
	was, is := byName(before), byName(after)
	had, has := previous.sent(), m.sent()
	for _, f := range before {
		switch now := is[f.Name]; {
		case now == nil:
			add(f.Name, true, "字段消失", "field vanished")
		case now.Type != f.Type:
			add(f.Name, true, "类型由 %s 变为 %s", "type %s became %s", f.Type, now.Type)
		case now.Unit != f.Unit:
			add(f.Name, true, "单位由“%s”变为“%s”", "unit %q became %q", f.Unit, now.Unit)
		default:
			m.driftOf(now, previous, had[f.Name], has[f.Name], add)
		}
	}
	for _, f := range after {
		if was[f.Name] == nil {
			add(f.Name, false, "新增字段", "field is new")
		}
	}
	if !slices.Equal(previous.Dataset.Key, m.Dataset.Key) {
		add("key", true, "主键由 %v 变为 %v", "key %v became %v", previous.Dataset.Key, m.Dataset.Key)
	}
	if m.Rows != previous.Rows {
		add("rows", m.Rows*2 < previous.Rows, "由 %d 行变为 %d 行", "%d rows became %d", previous.Rows, m.Rows)
	}
	return changes
}

func byName(fields []Field) map[string]*Field {
	named := make(map[string]*Field, len(fields))
	for i := range fields {
		named[fields[i].Name] = &fields[i]
	}
	return named
}

// driftOf compares the values of a field that is defined as it was. had and has
// say whether the files of either release had a column for it.
func (m *Manifest) driftOf(f *Field, previous *Manifest, had, has bool, add func(name string, breaking bool, zh, en string, args ...any)) {
	name := f.Name
	if had && !has {
		add(name, m.Mode == Replace, "文件中不再有此列", "the files no longer have this column")
		return
	} else if has && !had && len(previous.Stats) > 0 {
		add(name, false, "文件中新出现此列", "the files have this column now")
	}
	was, ok := previous.Stats[name]
	is, ok2 := m.Stats[name]
	if !ok || !ok2 || m.Rows == 0 || previous.Rows == 0 {
		return
	}
	shareWas, shareIs := float64(was.Nulls)/float64(previous.Rows), float64(is.Nulls)/float64(m.Rows)
	if is.Nulls == m.Rows && was.Nulls < previous.Rows {
		add(name, true, "全部变为空值", "all values are gone")
		return
	}
	if math.Abs(shareIs-shareWas) >= nullShift {
		add(name, false, "空值比例由 %.0f%% 变为 %.0f%%", "empty cells went from %.0f %% to %.0f %%", shareWas*100, shareIs*100)
	}
	if was.Median != nil && is.Median != nil && min(m.Rows-is.Nulls, previous.Rows-was.Nulls) >= enoughRows {
		if a, b := math.Abs(*was.Median), math.Abs(*is.Median); a > 0 && b > 0 && max(a/b, b/a) >= unitShift {
			add(name, true, "中位数由 %g 变为 %g，可能是单位不同", "the median went from %g to %g: is it another unit?", *was.Median, *is.Median)
		}
	}
	if (f.Type == TypeDate || f.Type == TypeTimestamp) && is.Max < was.Max && is.Max != "" {
		add(name, false, "最晚日期由 %s 提前到 %s", "the latest went back from %s to %s", was.Max, is.Max)
	}
}

// sent names the fields that the files which a release brought in had a column
// for. Manifests without Stats do not tell.
func (m *Manifest) sent() map[string]bool {
	names := map[string]bool{}
	for _, s := range m.Sources {
		if s.Release != "" {
			continue
		}
		for _, name := range s.Fields {
			names[name] = true
		}
	}
	return names
}
