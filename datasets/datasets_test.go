package datasets

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"govdata/catalog"
)

func TestEveryDefinitionIsSound(t *testing.T) {
	all, err := Load(Bundled())
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 8 || all[0].ID != "regions" || all[1].ID != "departments" || all[2].ID != "working_days" {
		t.Errorf("want the reference tables first, then the others; have %d datasets", len(all))
	}
	seen := map[catalog.ID]*catalog.Dataset{}
	for _, d := range all {
		for _, id := range d.Needs() {
			if seen[id] == nil {
				t.Errorf("%s needs %s, which does not come before it", d.ID, id)
			}
		}
		for _, r := range d.References {
			for _, k := range r.Key {
				if seen[r.To] != nil && seen[r.To].Field(k) == nil {
					t.Errorf("%s refers to %s.%s, which is not there", d.ID, r.To, k)
				}
			}
		}
		seen[d.ID] = d
		if (len(d.Samples) == 0) != (d.Derived != nil) {
			t.Errorf("%s: every dataset has either a sample or a query", d.ID)
		}
		if d.Synthetic != strings.Contains(d.Source.Zh, "示例数据") {
			t.Errorf("%s: synthetic is %v, and its source says %q", d.ID, d.Synthetic, d.Source.Zh)
		}
	}
	// What has a deadline counts in the figures that departments are held to.
	for _, d := range all {
		if timeliness := seen["disclosure_timeliness"]; d.Deadline != nil && !slices.Contains(timeliness.Derived.Inputs, d.ID) {
			t.Errorf("%s has a deadline and is not in %s", d.ID, timeliness.ID)
		}
		if checks := seen["notice_checks"]; d.Notice != nil && !slices.Contains(checks.Derived.Inputs, d.ID) {
			t.Errorf("%s has a notice period and is not in %s", d.ID, checks.ID)
		}
	}
	if _, err := LoadSite(Site); err != nil {
		t.Error(err)
	}
}

func TestMistakesAreReportedWithTheirPlace(t *testing.T) {
	good, err := bundled.ReadFile("regions/dataset.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ replace, with, want string }{
		{"type: date}", "type: dat}", "dataset.yaml:30:65:"},
		{"key: [code, name]", "key: [code, nam]", `"nam" is not a field`},
		{"licence:", "license:", "license"},
		{"theme: 公共服务", "theme: 教育", "dataset.yaml:10:8:"},
		{"mode: replace\n", "mode: replace\nmode: upsert\n", "mode"},
	} {
		_, err := Parse("dataset.yaml", []byte(strings.Replace(string(good), c.replace, c.with, 1)))
		if err == nil || !errors.Is(err, catalog.ErrInvalid) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: found error %v, want one that names %s", c.with, err, c.want)
		}
	}
}
