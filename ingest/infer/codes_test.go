package infer

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"govdata/catalog"
	"govdata/ingest/normalise"
)

// Texts that look like numbers, months or days stay what they are where a
// number would make two of them one, or the header names a code.
func TestTextsThatLookLikeNumbersStayTexts(t *testing.T) {
	months := strings.Fields("2024.1 2024.2 2024.3 2024.4 2024.5 2024.6 2024.7 2024.8 2024.9 2024.10 2024.11 2024.12")
	for _, c := range []struct {
		header string
		cells  []string
		want   string
	}{
		{"月份", []string{"2024.9", "2024.10", "2024.11"}, "text"},
		{"月份", months, "text"},
		{"月份", []string{"2024.09", "2024.10"}, "text month"},
		{"n", months, "text"},
		{"版本", []string{"1.9", "1.10", "1.11"}, "text"},
		{"序号", []string{"1.1", "1.2", "1.10", "1.11"}, "text"},
		{"编号", []string{"1.1", "1.2", "1.10"}, "text"},
		{"n", []string{"1.1", "1.10", "1.2"}, "text"},
		{"Version", []string{"2.0", "2.1", "2.5"}, "text"},
		{"clause no", []string{"3.1", "3.2"}, "text"},
		{"编号", []string{"2024-1", "2024-2", "2024-12"}, "text"},
		{"批次", []string{"2024-1", "2024-2", "2024-12"}, "text"},
		{"批次", []string{"2024-1-12", "2024-2-3"}, "text"},
		{"证件编号", []string{"6.20102E+17", "6.20102E+17", "6.20103E+17"}, "text"},
		{"代码", []string{`="001"`, `="002"`}, "text"},
		{"代码", []string{"'001", "'002"}, "text"},
		{"n", []string{`="0001234"`, `="0001235"`}, "text"},
		{"姓氏", []string{"NA", "None", "Null", "True"}, "text"},
		{"备注", []string{"无", "—", "有", "/"}, "text"},
		{"备注", []string{`\N`, "甲", "乙"}, `text null\N`},
		// and what is a number stays one
		{"n", []string{"1.1", "1.2", "1.3"}, "decimal(2,1)"},
		{"单价", []string{"1.1", "1.10", "1.25"}, "decimal(3,2) "},
		{"金额（元）", []string{"1.1", "1.10"}, "decimal(3,2) money 元"},
		{"Amount", []string{"2.5", "2.50"}, "decimal(3,2)"},
		{"序号", []string{"1", "2", "3"}, "integer"},
		{"序号", []string{"1.0", "2.0", "3.0"}, "decimal(2,1)"},
		{"日期", []string{"2024-1-12", "2024-2-3"}, "date"},
		{"n", []string{"true", "false", "NA"}, "boolean nullNA"},
		{"n", []string{`="5"`, "7"}, "integer"},
		{"n", []string{"£1,200.50", "£3"}, "decimal(6,2) 英镑"},
		{"n", []string{"€5", "€ 7.25"}, "decimal(3,2) 欧元"},
		{"n", []string{"$1,200", "-$3"}, "integer 美元"},
		{"n", []string{"$5万"}, "integer 万美元"},
		{"n", []string{"$5", "£6"}, "text"},
	} {
		f := gather(c.header, Options{}, c.cells).Finding()
		if got := brief(f); got != strings.TrimSpace(c.want) {
			t.Errorf("%s %q: found %s, want %s (%s)", c.header, c.cells, got, c.want, f.Why.En)
		}
		holds(t, c.header, c.cells, f)
	}
}

// Numbers that a spreadsheet rounded are named, others are not.
func TestRoundedNumbersAreNamed(t *testing.T) {
	for cell, want := range map[string]int64{
		"6.20102E+17": 1, "6.2010219900307E+17": 1, "620102199003071000": 1, "6222021234567890000": 1,
		"620102199003071205": 0, "1.5E+07": 0, "1.25E+02": 0, "1000000": 0, "2000000000000000": 0, "6.2E-17": 0, "620102": 0, "CODE000": 0,
	} {
		if got := gather("n", Options{}, []string{cell}).Finding().Damaged; got != want {
			t.Errorf("%s: %d, want %d", cell, got, want)
		}
	}
}

// No two clauses of a random document become one, whatever their header.
func TestDifferentClausesStayDifferent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		chapter, last := rapid.IntRange(1, 99).Draw(t, "chapter"), rapid.IntRange(10, 40).Draw(t, "last")
		header := rapid.SampledFrom([]string{"n", "序号", "版本", "条款", "编号", "clause", "名称", "a"}).Draw(t, "header")
		var cells []string
		for i := 1; i <= last; i++ {
			cells = append(cells, fmt.Sprintf("%d.%d", chapter, i))
		}
		cells = rapid.Permutation(cells).Draw(t, "cells")
		f := gather(header, Options{}, cells).Finding()
		rule, seen := normalise.RuleOf(&f.Field, f.Shift), map[string]string{}
		for _, cell := range cells {
			v, _, err := rule(cell)
			if err != nil || f.Field.Type != catalog.TypeText || seen[v] != "" {
				t.Fatalf("%s %q: %s became %q as %s did, %v", header, cells, cell, v, seen[v], err)
			}
			seen[v] = cell
		}
	})
}
