package datasets

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"govdata/catalog"
)

var update = flag.Bool("update", false, "write the table of datasets into the README files")

const (
	tableBegins = "<!-- datasets: generated, see datasets/readme_test.go -->\n"
	tableEnds   = "<!-- end of datasets -->\n"
)

// The README lists item of the document, dataset, rows and rules as the
// definitions have them.
func TestTheReadmeListsEveryDataset(t *testing.T) {
	all, err := Load(Bundled())
	if err != nil {
		t.Fatal(err)
	}
	for file, lang := range map[string]string{"../README.md": "en", "../README.zh-CN.md": "zh"} {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		before, rest, begins := strings.Cut(string(data), tableBegins)
		_, after, ends := strings.Cut(rest, tableEnds)
		if !begins || !ends {
			t.Fatalf("%s has no place for the table", file)
		}
		want := before + tableBegins + tableOf(all, lang) + tableEnds + after
		switch {
		case want == string(data):
		case *update:
			if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		default:
			t.Errorf("%s lists other datasets than there are; run make golden", file)
		}
	}
}

func tableOf(all []*catalog.Dataset, lang string) string {
	var b strings.Builder
	b.WriteString(catalog.Text{Zh: "| 条目 | 数据集 | 名称 | 示例行数 | 规则 |\n", En: "| item | dataset | title | rows in the samples | rules |\n"}.In(lang) + "|---|---|---|---|---|\n")
	sorted := slices.Clone(all)
	slices.SortStableFunc(sorted, func(a, b *catalog.Dataset) int {
		return cmp.Or(cmp.Compare(order(a), order(b)), cmp.Compare(a.ID, b.ID))
	})
	for _, d := range sorted {
		rows := int64(0)
		for _, s := range d.Samples {
			rows += s.Rows
		}
		sent := fmt.Sprint(rows)
		if d.Derived != nil {
			sent = catalog.Text{Zh: "计算得出", En: "computed"}.In(lang)
		}
		fmt.Fprintf(&b, "| %s | `%s` | %s | %s | %s |\n", cmp.Or(d.Item, "-"), d.ID, d.Title.In(lang), sent, strings.Join(rulesOf(d, lang), "; "))
	}
	return b.String()
}

// order is that of the document; reference tables come last.
func order(d *catalog.Dataset) int {
	if i := slices.Index(catalog.Items, d.Item); i >= 0 {
		return i
	}
	return len(catalog.Items)
}

func rulesOf(d *catalog.Dataset, lang string) []string {
	var rules []string
	add := func(zh, en string, args ...any) {
		rules = append(rules, fmt.Sprintf(catalog.Text{Zh: zh, En: en}.In(lang), args...))
	}
	if d.Deadline != nil {
		add("%d个工作日内公开", "public within %d working days", d.Deadline.Days)
	}
	if d.Notice != nil {
		unit := catalog.Text{Zh: "天", En: " days"}
		if d.Notice.Working {
			unit = catalog.Text{Zh: "个工作日", En: " working days"}
		}
		add("公示不少于%d%s", "shown for at least %d%s", d.Notice.Days, unit.In(lang))
	}
	if d.Validity != nil {
		add("有效期", "period of validity")
	}
	if d.Openness.Attribute != catalog.OpenUnconditional {
		add("%s", "%s", map[string]catalog.Text{catalog.OpenConditional: {Zh: "有条件开放", En: "open on a condition"}, catalog.OpenNot: {Zh: "不予开放", En: "not open"}}[d.Openness.Attribute].In(lang))
	}
	var entries, to []string
	for _, w := range d.Withhold {
		if !slices.Contains(entries, w.Entry) {
			entries = append(entries, w.Entry)
		}
	}
	if len(entries) > 0 {
		add("按负面清单 %s 保留", "withheld under %s", strings.Join(entries, ", "))
	}
	masked := 0
	for _, f := range d.Fields {
		if f.Privacy != catalog.PrivacyNone && f.Privacy != catalog.PrivacyDrop {
			masked++
		}
	}
	if masked > 0 {
		add("脱敏字段%d个", "masked fields: %d", masked)
	}
	for _, r := range d.References {
		if !slices.Contains(to, string(r.To)) {
			to = append(to, string(r.To))
		}
	}
	if len(to) > 0 {
		add("关联 %s", "refers to %s", strings.Join(to, ", "))
	}
	if d.Derived != nil && d.Derived.Daily {
		add("每日计算", "computed every day")
	}
	return rules
}
