package ingest_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"govdata/catalog"
	"govdata/ingest"
)

// moneyDataset has a text, a key and an amount.
func moneyDataset() *catalog.Dataset {
	text := func(zh, en string) catalog.Text { return catalog.Text{Zh: zh, En: en} }
	return &catalog.Dataset{ID: "money", Key: []string{"no"}, Mode: catalog.Replace, RejectLimit: 1, Fields: []catalog.Field{
		{Name: "no", Title: text("编号", "Number"), Type: "text", Required: true},
		{Name: "name", Title: text("名称", "Name"), Type: "text", Aliases: []string{"单位_名称"}},
		{Name: "amount", Title: text("金额", "Amount"), Type: "decimal(18,2)", Unit: "元", Semantic: catalog.Money},
	}}
}

func ingestText(t *testing.T, d *catalog.Dataset, text string) (*ingest.Built, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "file.csv")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return tryRun(t, d, file, ingest.Options{})
}

func TestHeadersAreFoundInTheMess(t *testing.T) {
	for what, c := range map[string]struct {
		text           string
		rows, rejected int64
		unit           string
		skipped        []string
	}{
		"plain":                          {"编号,名称,金额\nA1,甲,1\nA2,乙,2\n", 2, 0, "", nil},
		"English names in another order": {"amount,no\n1,A1\n", 1, 0, "", nil},
		"unit in the header":             {"编号,金额（万元）\nA1,1.5\n", 1, 0, "万元", nil},
		"unit in a line above":           {"某市收费表\n,,单位：万元\n编号,名称,金额\nA1,甲,1.5\n", 1, 0, "万元", []string{"above the header", "above the header"}},
		"unit after a title":             {"表一 单位：万元,,\n编号,名称,金额\nA1,甲,1.5\n", 1, 0, "万元", []string{"above the header"}},
		"two rows, blanks to the right":  {"编号,单位,\n,名称,金额\nA1,甲,1\n", 1, 0, "", nil},
		"codes under titles":             {"编号,名称,金额\nno,name,amount\nA1,甲,1\n", 1, 0, "", nil},
		"totals and footnotes":           {"编号,名称,金额\nA1,甲,1\n,小计,1\n合 计,,1\n注：以上为示例,,\n", 1, 0, "", []string{"total", "total", "footnote"}},
		"a data row that begins so":      {"编号,名称,金额\n合计1,合计,5\n", 1, 0, "", nil},
		"header again at a page break":   {"编号,名称,金额\nA1,甲,1\n编号,名称,金额\nA2,乙,2\n", 2, 0, "", []string{"header repeated"}},
		"commas at the end":              {"编号,名称,金额,,\nA1,甲,1,,\n,,,,\n", 1, 0, "", []string{"blank"}},
		"one cell too many":              {"编号,名称,金额\nA1,甲,1,000\nA2,乙,2\n", 2, 1, "", nil},
		"stars, spaces and width":        {"＊编 号＊, 名称 ,金额:\nA1,甲,１，２３４\n", 1, 0, "", nil},
	} {
		t.Run(what, func(t *testing.T) {
			built, err := ingestText(t, moneyDataset(), c.text)
			if err != nil {
				t.Fatal(err)
			}
			counts := built.Manifest.Counts
			var why []string
			for _, s := range built.Report.Skipped {
				why = append(why, s.Why)
			}
			unit := ""
			for _, col := range built.Report.Files[0].Tables[0].Columns {
				if col.Field == "amount" {
					unit = col.Unit
				}
			}
			if counts.In != c.rows || counts.Rejected != c.rejected || unit != c.unit || fmt.Sprint(why) != fmt.Sprint(c.skipped) {
				t.Errorf("%d rows, %d rejected, unit %q, skipped %q; want %d, %d, %q, %q", counts.In, counts.Rejected, unit, why, c.rows, c.rejected, c.unit, c.skipped)
			}
		})
	}
}

func TestHeadersThatCannotBeMeantAreRefused(t *testing.T) {
	for what, c := range map[string]struct{ text, want string }{
		"a missing key":  {"名称,金额\n甲,1\n", "编号 (no)"},
		"a misspelt key": {"编码号,名称,金额\nA1,甲,1\n", "编号 (no)"},
		"two of one":     {"编号,名称,Name\nA1,甲,乙\n", "both mean 名称 (name)"},
		"another unit":   {"编号,金额（公顷）\nA1,1\n", "金额 (amount) in 元"},
		"nothing of it":  {"a,b\n1,2\n", "no known column in the first 2 rows"},
	} {
		_, err := ingestText(t, moneyDataset(), c.text)
		if !errors.Is(err, catalog.ErrInvalid) || !strings.Contains(fmt.Sprint(err), c.want) {
			t.Errorf("%s: found %v, want an error with %q", what, err, c.want)
		}
	}
}
