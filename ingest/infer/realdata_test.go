package infer

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"govdata/catalog"
	"govdata/ingest/decode"
	"govdata/ingest/normalise"
)

// realdata returns the path of a real public file. They are not part of the
// repository; its README there says what is nasty about each.
func realdata(t testing.TB, name string) string {
	t.Helper()
	dir := filepath.Join("..", "..", "..", "shared", "realdata")
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("GOVDATA_TEST_SHARED") == "required" {
			t.Fatalf("the real files are not here: %v", err)
		}
		t.Skipf("the real files are not here: %v", err)
	}
	return filepath.Join(dir, filepath.FromSlash(name))
}

// columns reads the first table of a file. headerRows are what stands above the
// data; the last one names the columns, where there is one.
func columns(t testing.TB, name string, headerRows int) (headers []string, cells [][]string) {
	t.Helper()
	src, err := decode.Open(realdata(t, name), filepath.Base(name), decode.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	for n := 0; ; n++ {
		row, err := src.Tables()[0].Next()
		if errors.Is(err, io.EOF) {
			return headers, cells
		} else if err != nil {
			t.Fatal(err)
		}
		for len(cells) < len(row.Cells) {
			headers, cells = append(headers, ""), append(cells, nil)
		}
		for i := range cells {
			cell := ""
			if i < len(row.Cells) {
				cell = string(row.Cells[i])
			}
			if n >= headerRows {
				cells[i] = append(cells[i], cell)
			} else {
				headers[i] = cell
			}
		}
	}
}

// TestRealColumnsHaveTheTypesThatTheyShow holds what one sees in the files, by
// counting their cells with another tool (Python's csv, openpyxl). Every
// column is stated; a number before a type repeats it.
func TestRealColumnsHaveTheTypesThatTheyShow(t *testing.T) {
	repeat := func(n int, s string) []string { return slices.Repeat([]string{s}, n) }
	text := "text"
	for _, c := range []struct {
		file       string
		headerRows int
		want       [][]string
	}{
		{"cn/township_streets.csv", 1, [][]string{{text, text, "text region", text, text}}},
		{"cn/area_level3_utf8bom.csv", 1, [][]string{repeat(3, "integer"), repeat(3, text), {"integer", text}}},
		{"cn/taipei_rain_daily_utf8bom.csv", 1, [][]string{{text, "text month"}, repeat(11, "decimal(4,1)"), repeat(2, "decimal(5,1)"), repeat(18, "decimal(4,1)")}},
		{"cn/taipei_solar_schools_big5.csv", 1, [][]string{repeat(4, text), {"decimal(10,7) longitude", "decimal(10,8) latitude", "decimal(6,3) 瓩"}}},
		{"cn/taipei_hydro_big5.csv", 1, [][]string{repeat(3, text), {"decimal(7,4) longitude", "decimal(6,4) latitude", "integer kW"}}},
		{"cn/province_panel_integrated_utf8bom.csv", 1, [][]string{{text, "integer", "decimal(14,0) money 元 10^8", "decimal(14,0) money 元 10^8", "decimal(17,14)", "decimal(4,2) %"},
			{"integer 人", "integer 人", "decimal(8,2) 人", "integer 人", "decimal(4,2) %"}, repeat(4, "integer 人 10^4"), {"decimal(13,0) money 元 10^8", "decimal(3,1) %"},
			{"decimal(13,0) money 元 10^8", "decimal(20,7) 美元 10^4", "decimal(13,0) money 元 10^8"}, {"integer 件", "integer 人", "integer 人"}}},
		{"cn/tw_zip5.csv", 1, [][]string{repeat(5, text)}},
		{"world/ks_1033_data.csv", 1, [][]string{repeat(5, text), {"integer", text, "decimal(8,2)", "decimal(8,2)", "date mdy", "integer", text, "integer", text}}},
		{"world/ne_1033_data.xlsx", 1, [][]string{repeat(5, text), {"integer", text, "decimal(8,2)", "decimal(8,2)", "date", "integer", text, "integer", text}}},
		{"world/va_education_fy09.csv", 1, [][]string{repeat(3, text), repeat(6, "integer"), {text}}},
		{"world/uk_spend_over_25k_utf8bom.csv", 1, [][]string{{text, text, "date dmy"}, repeat(4, text), {"decimal(10,2)"}}},
		{"world/uk_fco_spend.csv", 1, [][]string{{text, text, "date dmy", text, "integer", text, text, "decimal(7,2)"}}},
		{"world/uk_nhs_mha_inpatients_utf16.csv", 1, [][]string{repeat(4, text), repeat(15, "integer")}},
		{"world/nyc_capital_projects.csv", 1, [][]string{repeat(4, text), {"integer", "decimal(12,2)", "decimal(12,2)"}}},
		{"world/brussels_hotels_latin1_semicolon.csv", 1, [][]string{repeat(3, text), {"integer", "decimal(10,9) mark,", "decimal(11,8) mark,", "decimal(11,8) mark,", text}}},
		{"world/faa_birdstrikes.csv", 1, [][]string{repeat(3, text), {"date"}, repeat(6, text), repeat(4, "integer")}},
		{"world/us_zipcodes_42k.csv", 1, [][]string{{text, "decimal(8,6) latitude", "decimal(9,6) longitude", text, text, text}}},
		{"world/openflights_airports_noheader.dat", 0, [][]string{{"integer"}, repeat(3, text), repeat(2, `text null\N`), {"decimal(19,17)", "decimal(21,18)", "integer", `decimal(4,2) null\N`}, repeat(2, `text null\N`), repeat(2, text)}},
		{"world/drug_use_by_age.csv", 1, [][]string{{text, "integer"}, repeat(4, "decimal(3,1)"), {"decimal(2,1)", "decimal(3,1) null-", "decimal(2,1)", "decimal(3,1) null-", "decimal(2,1)", "decimal(4,1) null-", "decimal(2,1)", "decimal(3,1)"},
			{"decimal(2,1)", "decimal(3,1) null-", "decimal(3,1)", "decimal(3,1)", "decimal(2,1)", "decimal(3,1) null-", "decimal(2,1)", "decimal(3,1)"}, {"decimal(2,1)", "decimal(4,1)", "decimal(2,1)", "decimal(4,1) null-", "decimal(2,1)", "decimal(4,1)"}}},
		// The row of station 23777 has a semicolon in its address, and so AG as its latitude.
		{"world/italy_fuel_stations_semicolon.csv", 1, [][]string{{"integer"}, repeat(8, text), {"decimal(31,29) longitude nullNULL", "decimal(15,13)"}}},
		{"world/italy_municipalities_multiline_header_latin1.csv", 1, [][]string{repeat(12, text), {"integer", "integer"}, repeat(12, text)}},
		{"torture/brazil_school_census.csv", 1, [][]string{{text, "integer", text, text, text}, repeat(22, "integer"), {"decimal(10,9)", "decimal(10,9)", "decimal(9,8)", "decimal(10,9)", "decimal(10,9)", "decimal(9,8)", "integer", "decimal(10,9)", "decimal(11,10)", "decimal(9,8)", "decimal(9,8)", "decimal(17,15)"},
			{text, text}, repeat(7, "decimal(17,15)"), {"decimal(15,14)"}, repeat(6, "decimal(17,15)"), {"decimal(18,15)", "decimal(17,15)"}, repeat(4, text), repeat(8, "decimal(17,15)"), {"decimal(15,14)"}, repeat(6, "decimal(17,15)"), {"decimal(18,15)", "decimal(17,15)"}, repeat(3, text), {"integer", text}, repeat(4, "decimal(17,15)"), repeat(8, text)}},
		{"torture/epoch_1904.xlsx", 1, [][]string{{text, "date"}}},
	} {
		t.Run(c.file, func(t *testing.T) {
			headers, cells := columns(t, c.file, c.headerRows)
			want := slices.Concat(c.want...)
			if len(want) != len(cells) {
				t.Fatalf("found %d columns, want %d", len(cells), len(want))
			}
			for i, column := range cells {
				f := gather(headers[i], Options{}, column).Finding()
				if got := brief(f); got != want[i] {
					t.Errorf("column %d, %q: found %s, want %s (%s)", i+1, headers[i], got, want[i], f.Why.En)
				}
				holds(t, headers[i], column, f)
			}
		})
	}
}

// What is stored can be written back: cells that are plain already stay what
// they are, to the last digit.
func TestRealDecimalsLoseNoDigit(t *testing.T) {
	for file, headerRows := range map[string]int{"world/openflights_airports_noheader.dat": 0, "torture/brazil_school_census.csv": 1, "world/nyc_capital_projects.csv": 1} {
		headers, cells := columns(t, file, headerRows)
		for i, column := range cells {
			f := gather(headers[i], Options{}, column).Finding()
			if _, _, ok := f.Field.Type.Decimal(); !ok && f.Field.Type != catalog.TypeInteger {
				continue
			}
			rule := normalise.RuleOf(&f.Field, f.Shift)
			for _, cell := range column {
				value, null, err := rule(cell)
				if strings.Contains(cell, ".") {
					cell = strings.TrimSuffix(strings.TrimRight(cell, "0"), ".")
				}
				if err != nil || !null && value != cell {
					t.Fatalf("%s, column %d: %q became %q, %v", file, i+1, cell, value, err)
				}
			}
		}
	}
}
