package main

import (
	"encoding/csv"
	"encoding/json"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"testing"

	"govdata/catalog"
)

// The profile of every sample agrees with what its CSV file holds, counted here
// once more.
func TestProfilesAgreeWithTheFiles(t *testing.T) {
	s := demo(t)
	var list struct {
		Datasets []struct {
			ID       catalog.ID
			Openness string
		}
	}
	body, _ := s.get(t, 200, "/api/v1/datasets", "limit", "1000")
	if err := json.Unmarshal(body, &list); err != nil {
		t.Fatal(err)
	}
	columns := 0
	for _, d := range list.Datasets {
		path := "/api/v1/datasets/" + string(d.ID) + "/profile"
		if d.Openness != catalog.OpenUnconditional {
			s.get(t, 403, path)
			continue
		}
		var p catalog.Profile
		body, _ := s.get(t, 200, path)
		if err := json.Unmarshal(body, &p); err != nil {
			t.Fatal(err)
		}
		text, _ := s.get(t, 200, "/d/"+string(d.ID)+".csv")
		rows, err := csv.NewReader(strings.NewReader(string(text))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		definition, _ := s.get(t, 200, "/api/v1/datasets/"+string(d.ID))
		var fields struct {
			Fields []struct{ Name, Separator string }
		}
		if err := json.Unmarshal(definition, &fields); err != nil {
			t.Fatal(err)
		}
		if len(p.Columns) != len(rows[0]) || p.Rows != int64(len(rows)-1) {
			t.Fatalf("%s: profile of %d rows and %d columns, file of %d and %d", d.ID, p.Rows, len(p.Columns), len(rows)-1, len(rows[0]))
		}
		for i, c := range p.Columns {
			columns++
			values := make([]string, 0, len(rows))
			for _, row := range rows[1:] {
				if row[i] != "" { // an empty text would be one too; the samples have none
					values = append(values, row[i])
				}
			}
			checkProfile(t, string(d.ID)+"."+c.Name, c, values, fields.Fields[i].Separator, len(rows)-1)
		}
	}
	if columns < 500 {
		t.Errorf("only %d columns were compared", columns)
	}
}

func checkProfile(t *testing.T, name string, c catalog.ColumnProfile, values []string, separator string, rows int) {
	t.Helper()
	_, _, isDecimal := c.Type.Decimal()
	isNumber := isDecimal || c.Type == catalog.TypeInteger
	compare := strings.Compare
	if isNumber {
		compare = func(a, b string) int { return rational(t, a).Cmp(rational(t, b)) }
	}
	if want := int64(rows - len(values)); c.Nulls != want {
		t.Errorf("%s: %d nulls, want %d", name, c.Nulls, want)
	}
	sorted := slices.Clone(values)
	slices.SortFunc(sorted, compare)
	distinct := slices.Compact(slices.Clone(sorted))
	if !c.DistinctExact || c.Distinct != int64(len(distinct)) {
		t.Errorf("%s: %d distinct values (exact %v), want %d", name, c.Distinct, c.DistinctExact, len(distinct))
	}
	if len(sorted) > 0 && c.Type != catalog.TypeBoolean && (compare(c.Min, sorted[0]) != 0 || compare(c.Max, sorted[len(sorted)-1]) != 0) {
		t.Errorf("%s: from %q to %q, want %q to %q", name, c.Min, c.Max, sorted[0], sorted[len(sorted)-1])
	}
	if isNumber && len(sorted) > 0 {
		sum := new(big.Rat)
		for _, v := range values {
			sum.Add(sum, rational(t, v))
		}
		if sum.Cmp(rational(t, c.Sum)) != 0 {
			t.Errorf("%s: sum %s, want %s", name, c.Sum, sum.FloatString(6))
		}
	}
	counts := map[string]int64{}
	for _, v := range values {
		parts := []string{v}
		if separator != "" {
			parts = strings.Split(v, separator)
		}
		for _, part := range parts {
			counts[part]++
		}
	}
	most := int64(0)
	for _, n := range counts {
		most = max(most, n)
	}
	if most > 1 && (len(c.Top) != min(20, len(counts)) || c.Top[0].Count != most) {
		t.Errorf("%s: %d top values, the first of %v; want %d and %d", name, len(c.Top), c.Top, min(20, len(counts)), most)
	}
	for i, top := range c.Top {
		if counts[top.Value] != top.Count || i > 0 && c.Top[i-1].Count < top.Count {
			t.Errorf("%s: %q %d times, want %d", name, top.Value, top.Count, counts[top.Value])
		}
	}
	for i, q := range c.Quantiles {
		if compare(q.Value, c.Min) < 0 && !isDecimal || compare(q.Value, c.Max) > 0 && !isDecimal || i > 0 && compare(c.Quantiles[i-1].Value, q.Value) > 0 {
			t.Errorf("%s: quantiles %v between %s and %s", name, c.Quantiles, c.Min, c.Max)
		}
	}
	if (isNumber || c.Type == catalog.TypeDate || c.Type == catalog.TypeTimestamp) && len(distinct) > 1 && len(c.Histogram) == 0 {
		t.Errorf("%s: no histogram", name)
	}
	for i, bin := range c.Histogram {
		last := i == len(c.Histogram)-1
		n := int64(0)
		for _, v := range values {
			if compare(v, bin.From) >= 0 && (compare(v, bin.To) < 0 || last && compare(v, bin.To) == 0) {
				n++
			}
		}
		if n != bin.Count || i > 0 && c.Histogram[i-1].To != bin.From {
			t.Errorf("%s: bin %d %v holds %d values", name, i, bin, n)
		}
	}
}

func rational(t *testing.T, s string) *big.Rat {
	t.Helper()
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		t.Fatalf("%q is no number", s)
	}
	return r
}

// Of more different values than are counted one by one, the frequent ones are
// still found, with their exact counts.
func TestFrequentValuesAmongMany(t *testing.T) {
	var text strings.Builder
	text.WriteString("代码,值\n")
	for i := range 400_000 {
		text.WriteString(strconv.Itoa(i) + ",")
		switch {
		case i%10 == 0:
			text.WriteString("甲\n")
		case i%40 == 1:
			text.WriteString("乙\n")
		default:
			text.WriteString("v" + strconv.Itoa(i) + "\n")
		}
	}
	data := t.TempDir()
	must(t, exitDone, "add", write(t, "many.csv", []byte(text.String())), "--id", "many", "--data", data)
	s, err := start(data)
	if err != nil {
		t.Fatal(err)
	}
	defer s.stop()
	var p catalog.Profile
	body, _ := s.get(t, 200, "/api/v1/datasets/many/profile")
	if err := json.Unmarshal(body, &p); err != nil {
		t.Fatal(err)
	}
	c := p.Columns[1]
	if c.DistinctExact || c.Distinct < 300_000 || c.Distinct > 400_000 || len(c.Top) < 2 || c.Top[0] != (catalog.ValueCount{Value: "甲", Count: 40_000}) || c.Top[1] != (catalog.ValueCount{Value: "乙", Count: 10_000}) {
		t.Errorf("%d distinct (exact %v), top %v", c.Distinct, c.DistinctExact, c.Top)
	}
}
