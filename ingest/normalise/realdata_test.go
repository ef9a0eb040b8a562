package normalise

import (
	"bytes"
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// realColumns returns the columns of a real public file by header, trimmed.
func realColumns(t *testing.T, name string) map[string][]string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "realdata", filepath.FromSlash(name)))
	if err != nil {
		if os.Getenv("GOVDATA_TEST_SHARED") == "required" {
			t.Fatalf("the real files are not here: %v", err)
		}
		t.Skipf("the real files are not here: %v", err)
	}
	rows, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\ufeff")))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	columns := map[string][]string{}
	for _, row := range rows[1:] {
		for i, cell := range row {
			header := strings.TrimSpace(rows[0][i])
			columns[header] = append(columns[header], cell)
		}
	}
	return columns
}

func TestRealCellsAreRead(t *testing.T) {
	money := func(s string) (string, error) { return Decimal(s, Number{Precision: 18, Scale: 2}) }
	date := func(s string) (string, error) { v, _, err := Date(s); return v, err }
	for _, c := range []struct {
		file, column string
		rule         func(string) (string, error)
		cells        int
		first        string
	}{
		{"world/uk_spend_over_25k_utf8bom.csv", "Amount in Sterling", money, 189, "27275.25"},
		{"world/uk_spend_over_25k_utf8bom.csv", "Date of Payment", date, 189, "2011-09-23"},
		{"cn/area_level3_utf8bom.csv", "ext_id", RegionCode, 3639, "110000"},
		{"cn/township_streets.csv", "code", RegionCode, 41352, "110101001"},
	} {
		cells := realColumns(t, c.file)[c.column]
		for i, cell := range cells {
			if cell == "0" { // a place abroad
				continue
			}
			got, err := c.rule(cell)
			if err != nil || i == 0 && got != c.first {
				t.Errorf("%s, row %d, %s %q: found %q, %v", c.file, i+1, c.column, cell, got, err)
			}
		}
		if len(cells) != c.cells {
			t.Errorf("%s has %d cells in %s, want %d", c.file, len(cells), c.column, c.cells)
		}
	}
}

// An address in any township of the country is cut after it, and nearly always
// keeps it: many names of counties and townships look like another level.
func TestRealAddressesAreCutAfterTheTownship(t *testing.T) {
	areas := realColumns(t, "cn/area_level3_utf8bom.csv")
	name, parent := map[string]string{}, map[string]string{}
	for i, id := range areas["id"] {
		name[id], parent[id] = areas["ext_name"][i], areas["pid"][i]
	}
	streets := realColumns(t, "cn/township_streets.csv")
	total, short := 0, 0
	for i, street := range streets["name"] {
		county := streets["areaCode"][i]
		if name[county] == "" || !strings.HasSuffix(street, "街道") && !strings.HasSuffix(street, "镇") && !strings.HasSuffix(street, "乡") {
			continue
		}
		city := parent[county]
		for _, above := range []string{name[parent[city]] + name[city] + name[county], name[county], ""} {
			for _, below := range []string{"彩虹桥头88号3单元401室", "步行街北区商铺"} {
				total++
				cell, want := above+street+below, above+street+"***"
				switch got := MaskAddress(cell); {
				case len(got) > len(want):
					t.Errorf("%s became %s", cell, got)
				case got != want:
					short++ // 花乡街道 reads as 花乡
				}
			}
		}
	}
	if total < 38000*6 || short*50 > total {
		t.Errorf("%d of %d addresses are cut before their township", short, total)
	}
}
