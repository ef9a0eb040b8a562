package ingest_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"

	"govdata/catalog"
	"govdata/ingest"
)

// Of the decisions that are less sure more are wrong: tables of which the right
// reading is known are cut short, written in every character set and with every
// delimiter, with and without their header, and inspected.
func TestLessSureDecisionsAreWrongMoreOften(t *testing.T) {
	m := newMutations(t)
	nth := 4
	if os.Getenv("GOVDATA_TEST_LONG") != "" {
		nth = 1
	}
	type bucket struct{ n, wrong int }
	all := map[string]*[3]bucket{}
	note := func(d *ingest.Decision, right bool) {
		at := 0
		if d.Sure >= 0.5 {
			at = 1
		}
		if d.Sure >= 0.8 {
			at = 2
		}
		for _, key := range []string{d.What, "all"} {
			if all[key] == nil {
				all[key] = &[3]bucket{}
			}
			all[key][at].n++
			if !right {
				all[key][at].wrong++
			}
		}
	}
	inspect := func(name string, data []byte) *ingest.Inspection {
		file := m.write(name, data)
		defer os.Remove(file)
		in, err := ingest.Inspect(context.Background(), file, name, catalog.Layout{}, m.dir)
		if err != nil {
			return nil // somebody is asked
		}
		return in
	}
	for n, g := range m.tables(1) {
		if n%nth != 0 {
			continue
		}
		whole := inspect("whole.csv", csvOf(g.lines()))
		if whole == nil || len(whole.Tables) != 1 {
			continue
		}
		types := map[string]string{}
		for _, c := range whole.Tables[0].Columns {
			types[c.Header] = family(c.Type)
		}
		for _, k := range []int{1, 2, 3, 5, 10, 30} {
			part := g.clone()
			part.rows = part.rows[:min(k, len(part.rows))]
			for _, form := range []struct {
				charset, delimiter, header string
				data                       []byte
			}{
				{"utf-8", ",", "1", csvOf(part.lines())},
				{"utf-8", ",", "none", csvOf(part.rows)},
				{"utf-8", ";", "1", delimited(part.lines(), ';')},
				{"utf-8", "\t", "1", delimited(part.lines(), '\t')},
				{"utf-8", "|", "1", delimited(part.lines(), '|')},
				{"gb18030", ",", "1", inCharset(simplifiedchinese.GB18030.NewEncoder().Bytes(csvOf(part.lines())))},
				{"big5", ",", "1", inCharset(traditionalchinese.Big5.NewEncoder().Bytes(csvOf(part.lines())))},
			} {
				if form.data == nil {
					continue
				}
				in := inspect("part.csv", form.data)
				if in == nil {
					continue
				}
				for i := range in.Decided {
					switch d := &in.Decided[i]; d.What {
					case "charset":
						note(d, d.Chosen == form.charset || ascii(form.data))
					case "delimiter":
						note(d, d.Chosen == form.delimiter)
					case "header":
						note(d, d.Chosen == form.header)
					case "type":
						if want := types[d.Column]; want != "" && form.charset == "utf-8" {
							note(d, family(catalog.Type(d.Chosen)) == want)
						}
					}
				}
			}
			if in := inspect("two.xlsx", book(sheetOf("甲", part.lines()), sheetOf("乙", other))); in != nil {
				for i := range in.Decided {
					if d := &in.Decided[i]; d.What == "table" {
						note(d, strings.Contains(d.Chosen, "1"))
					}
				}
			}
		}
	}
	rate := func(b bucket) float64 { return float64(b.wrong) / float64(max(1, b.n)) }
	for _, key := range slices.Sorted(maps.Keys(all)) {
		b := all[key]
		var parts []string
		for i, name := range []string{"below 50 %", "50 to 80 %", "from 80 %"} {
			parts = append(parts, fmt.Sprintf("%s: %d of %d wrong (%.1f %%)", name, b[i].wrong, b[i].n, 100*rate(b[i])))
		}
		t.Logf("%-9s %s", key, strings.Join(parts, "; "))
		last := -1
		for i := range b {
			if b[i].n < 30 {
				continue
			}
			if last >= 0 && rate(b[i]) > rate(b[last]) {
				t.Errorf("%s: the surer decisions are wrong more often: %s", key, strings.Join(parts, "; "))
			}
			last = i
		}
		if key == "all" && (b[0].n < 100 || b[0].wrong == 0 || rate(b[2]) > 0.03) {
			t.Errorf("too few or too many wrong decisions to tell: %s", strings.Join(parts, "; "))
		}
	}
}

// family is what a type is one of.
func family(t catalog.Type) string {
	if strings.HasPrefix(string(t), "decimal") {
		return "integer"
	}
	return string(t)
}

func inCharset(data []byte, err error) []byte {
	if err != nil {
		return nil
	}
	return data
}

func ascii(data []byte) bool {
	return !slices.ContainsFunc(data, func(b byte) bool { return b >= 0x80 })
}
