package layout_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"govdata/catalog"
	"govdata/ingest/decode"
	"govdata/ingest/layout"
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

// block is what a test expects of one table.
type block struct {
	header  []int64
	columns int
	rows    int64
	names   map[int]string // header texts by column, from 1
	units   map[int]string
	skipped []string // line[-line] reason
}

// read returns the plans of all tables of a file, with what they hold.
func read(t *testing.T, path string, o layout.Options) ([]*layout.Plan, [][][]string, error) {
	t.Helper()
	return readSheet(t, path, "", o)
}

func readSheet(t *testing.T, path, name string, o layout.Options) ([]*layout.Plan, [][][]string, error) {
	t.Helper()
	s, err := decode.Open(path, filepath.Base(path), decode.Options{Sheet: name, TempDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	info := s.Info()
	o.Headed = info.Headed()
	o.File = filepath.Base(path)
	var plans []*layout.Plan
	var rows [][][]string
	for _, table := range s.Tables() {
		sheet := layout.Open(table, o)
		for {
			b, err := sheet.Next()
			if errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return plans, rows, err
			}
			var all [][]string
			for {
				_, cells, err := b.Next()
				if errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					t.Fatal(err)
				}
				row := make([]string, len(cells))
				for i, c := range cells {
					row[i] = string(c)
				}
				all = append(all, row)
			}
			plans, rows = append(plans, b.Plan()), append(rows, all)
		}
	}
	return plans, rows, nil
}

func skipsOf(p *layout.Plan) []string {
	var all []string
	for _, s := range p.Skipped {
		where := fmt.Sprint(s.Line)
		if s.To > s.Line {
			where = fmt.Sprintf("%d-%d", s.Line, s.To)
		}
		all = append(all, where+" "+s.Why)
	}
	return all
}

func (want *block) check(t *testing.T, p *layout.Plan, rows [][]string) {
	t.Helper()
	if !slices.Equal(p.Header, want.header) {
		t.Errorf("the header is on lines %v, want %v", p.Header, want.header)
	}
	if len(p.Columns) != want.columns || p.Rows != want.rows || int(p.Rows) != len(rows) {
		t.Errorf("%d columns and %d rows, want %d and %d", len(p.Columns), p.Rows, want.columns, want.rows)
	}
	for i, name := range want.names {
		if i > len(p.Columns) || p.Columns[i-1].Header != name {
			t.Errorf("column %d is not %q in %+v", i, name, p.Columns)
		}
	}
	for i, unit := range want.units {
		if c := p.Columns[i-1]; fmt.Sprintf("%s %d", c.Unit, c.Shift) != unit {
			t.Errorf("column %d is in %s %d, want %s", i, c.Unit, c.Shift, unit)
		}
	}
	if got := skipsOf(p); !slices.Equal(got, want.skipped) {
		t.Errorf("skipped %q, want %q", got, want.skipped)
	}
}

// What one sees in each file with an editor, without a definition's help.
func TestRealFilesAreLaidOutAsAPersonSeesThem(t *testing.T) {
	one := func(columns int, rows int64, names map[int]string, skipped ...string) []block {
		return []block{{header: []int64{1}, columns: columns, rows: rows, names: names, skipped: skipped}}
	}
	above := func(n int) (skipped []string) {
		for i := range n {
			skipped = append(skipped, fmt.Sprint(i+1)+" above the header")
		}
		return skipped
	}
	for file, want := range map[string][]block{
		"cn/stats_gov_cn_gdp_by_province_gb18030.csv": {{[]int64{4}, 20 + 1 - 1, 31, map[int]string{1: "地区", 2: "2024年", 20: "2006年"}, map[int]string{2: "元 8", 20: "元 8"},
			append(above(3), "36 footnote", "37 footnote")}},
		"cn/stats_gov_cn_population_sample_gb18030.csv": {{[]int64{4}, 21, 31, map[int]string{2: "2025年"}, map[int]string{2: "人 0"}, append(above(3), "36 footnote", "37 footnote", "38 footnote")}},
		"cn/stats_gov_cn_urban_employment_gb18030.csv":  {{[]int64{4}, 21, 31, nil, map[int]string{21: "人 4"}, append(above(3), "36 footnote", "37 footnote", "38 footnote", "39 footnote")}},
		"cn/stats_gov_cn_investment_growth_gb18030.csv": {{[]int64{4}, 21, 31, nil, nil, append(above(3), "36 footnote")}},
		"cn/province_panel_integrated_utf8bom.csv":      one(23, 620, map[int]string{3: "GDP_亿元", 5: "GDP指数_上年=100"}),
		"cn/taipei_solar_schools_big5.csv":              one(7, 119, map[int]string{7: "裝置容量-瓩"}, "121-122 blank"),
		"cn/taipei_incineration_biogas_big5.csv":        one(6, 5, map[int]string{6: "裝置容量-kW"}, "7-15 blank"),
		"cn/taipei_hydro_big5.csv":                      one(6, 1, map[int]string{1: "類別"}, "3-14 blank"),
		"cn/taipei_rain_daily_utf8bom.csv":              one(33, 8810, map[int]string{2: "年月", 3: "1日雨量", 33: "31日雨量"}),
		"cn/taipei_rain_stations_utf8bom.csv":           one(5, 42, map[int]string{2: "STATIONID"}),
		"cn/taipei_dangerous_buildings.csv":             one(4, 117, map[int]string{4: "latlng"}),
		"cn/tw_roads_two_header_rows_utf8bom.csv":       {{header: []int64{1, 2}, columns: 3, rows: 34201, names: map[int]string{1: "city_縣市名稱", 3: "road_路名"}}},
		"cn/tw_zip5.csv":                                one(5, 61460, map[int]string{1: "Zip5"}),
		"cn/township_streets.csv":                       one(5, 41352, map[int]string{3: "areaCode"}),
		"cn/area_level3_utf8bom.csv":                    one(8, 3639, map[int]string{7: "ext_id"}),
		"cn/tw_post_offices.xlsx":                       one(4, 1298, map[int]string{3: "郵遞區號"}),
		"cn/area_summary_formulas.xlsx": {
			{header: []int64{1, 2}, columns: 15, rows: 5, names: map[int]string{1: "级别", 3: "2023_数量", 4: "2023_同比去年"}, skipped: []string{"8 total", "9-12 blank"}},
			{header: []int64{1}, columns: 6, rows: 31, names: map[int]string{1: "code", 6: "社区/村"}, skipped: []string{"33 total"}},
		},
		"cn/epidemic_national_snapshots.json": one(18, 1029, map[int]string{1: "infectSource", 6: "confirmedCount"}),
		"world/usgs_earthquakes.json":         one(30, 1707, map[int]string{1: "mag", 3: "time"}),
		"world/ks_1033_data.csv":              one(14, 1575, map[int]string{4: "nsn"}),
		"world/ne_1033_data.xlsx":             one(14, 1036, map[int]string{3: "fips"}),
		"world/va_education_fy10.csv": {{header: []int64{3}, columns: 9, rows: 53, names: map[int]string{1: "State Name", 9: "TOTAL"},
			skipped: []string{"1 above the header", "2 above the header", "57 footnote", "58 footnote"}}},
		"world/va_education_fy09.csv":                            one(9, 52, map[int]string{3: "Code"}, "54 blank"),
		"world/uk_nhs_mha_inpatients_utf16.csv":                  one(19, 327, map[int]string{1: "Organisation_code"}),
		"world/uk_spend_over_25k_utf8bom.csv":                    one(8, 189, map[int]string{8: "Amount in Sterling"}),
		"world/uk_fco_spend.csv":                                 one(8, 4, map[int]string{3: "Payment Date"}),
		"world/uk_referrers_39k.csv":                             one(3, 39627, map[int]string{1: "#"}),
		"world/nyc_capital_projects.csv":                         one(7, 12587, nil),
		"world/italy_opencoesione_semicolon.csv":                 one(199, 10, map[int]string{2: "CUP"}),
		"world/japan_plants_multiline.csv":                       {{header: []int64{1}, columns: 26, rows: 62, names: map[int]string{1: "番号", 2: "植物名"}}},
		"world/faa_birdstrikes.csv":                              one(14, 10000, nil),
		"world/us_zipcodes_42k.csv":                              one(6, 42049, map[int]string{1: "zip_code"}),
		"world/openflights_airports_noheader.dat":                {{header: []int64{}, columns: 14, rows: 7698, names: map[int]string{1: "column_1", 14: "column_14"}}},
		"world/openflights_routes_noheader.dat":                  {{header: []int64{}, columns: 9, rows: 67663}},
		"world/ssa_names_1880_1959_noheader.csv.gz":              {{header: []int64{}, columns: 3, rows: 572369}},
		"world/drug_use_by_age.csv":                              one(28, 17, nil),
		"world/brussels_hotels_latin1_semicolon.csv":             one(8, 638, map[int]string{4: "Année"}),
		"world/italy_fuel_stations_semicolon.csv":                one(10, 21692, map[int]string{9: "Latitudine"}),
		"world/italy_municipalities_multiline_header_latin1.csv": one(26, 7904, map[int]string{2: "Codice dell'Unità territoriale sovracomunale (valida a fini statistici)"}),
		"torture/brazil_school_census.csv":                       one(95, 10, map[int]string{1: "NU_ANO_CENSO"}),
		"torture/mixed_quotes.csv":                               one(20, 2, map[int]string{20: "Learn more (URL)"}),
		"torture/quotes_and_newlines.csv":                        one(2, 2, map[int]string{1: "a", 2: "b"}),
		"torture/multiline_merged_header.xlsx": {{header: []int64{1, 2, 3, 4, 5}, columns: 4, rows: 1,
			names: map[int]string{1: "Region", 2: "Caloric contribution (%)", 3: "Cumulative impact of changes on cost of food basket_from previous quarter", 4: "Cumulative impact of changes on cost of food basket_from baseline (%)"}}},
		"torture/bogus_dimension_1048576x16384.xlsx": one(11, 1, map[int]string{1: "Your Ref #"}, "1048574-1048576 blank"),
		"torture/epoch_1904.xlsx":                    one(2, 2, map[int]string{2: "date"}),
		"torture/error_cells.xls":                    one(10, 13, map[int]string{1: "Error", 10: "ErrTypeIsErr"}),
	} {
		t.Run(file, func(t *testing.T) {
			plans, rows, err := read(t, realdata(t, file), layout.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if len(plans) != len(want) {
				t.Fatalf("%d tables, want %d", len(plans), len(want))
			}
			for i := range want {
				want[i].check(t, plans[i], rows[i])
			}
		})
	}
}

// Two tables of the same columns one below the other: the title of each is
// merged over its rows, and the header has years alone.
func TestStackedTablesKeepTheTitleThatIsMergedOverThem(t *testing.T) {
	plans, rows, err := readSheet(t, realdata(t, "cn/fiscal_expenditure_by_province.xls"), "Sheet1", layout.Options{})
	if err != nil || len(plans) != 1 {
		t.Fatalf("%d tables, %v", len(plans), err)
	}
	want := block{header: []int64{1}, columns: 24, rows: 62, names: map[int]string{1: "column_1", 4: "column_4", 5: "2005", 24: "2024"}}
	want.check(t, plans[0], rows[0])
	for i, title := range map[int]string{0: "一般公共预算支出（亿元）i", 1: "一般公共预算支出（亿元）i", 30: "一般公共预算支出（亿元）i", 31: "财政支出（亿元）i", 61: "财政支出（亿元）i"} {
		if r := rows[0][i]; r[0] != fmt.Sprint(i+1) || r[1] != title {
			t.Errorf("row %d is %q, want it under %s", i+1, r[:4], title)
		}
	}
	if r := rows[0][61]; r[3] != "新疆" || r[4] != "519.02" {
		t.Errorf("the last row is %q", r)
	}
}

func TestALegacyWorkbookWithoutHeader(t *testing.T) {
	plans, rows, err := read(t, realdata(t, "torture/biff5.xls"), layout.Options{Layout: catalog.Layout{Header: catalog.Lines{None: true}}})
	if err != nil || len(plans) != 1 {
		t.Fatalf("%d tables, %v", len(plans), err)
	}
	want := block{header: []int64{}, columns: 4, rows: 4}
	want.check(t, plans[0], rows[0])
	if got := rows[0][2]; !slices.Equal(got, []string{"foo", "bar", "2014-02-19T14:30:00", "0.3"}) {
		t.Errorf("the third row is %q", got)
	}
}

// The years of this file stand a row lower than their names, between the
// numbers: nobody can tell its header, and so it is asked for.
func TestAHeaderThatCannotBeToldIsAskedFor(t *testing.T) {
	file := realdata(t, "world/uk_phosphate_rivers_preamble.csv")
	_, _, err := read(t, file, layout.Options{})
	if !errors.Is(err, catalog.ErrInvalid) || !strings.Contains(err.Error(), "--header") {
		t.Errorf("found %v, want to be asked for the header", err)
	}
	plans, rows, err := read(t, file, layout.Options{Layout: catalog.Layout{Header: catalog.Lines{First: 16, Last: 16}}})
	if err != nil || len(plans) != 1 || len(rows[0]) != 11 || rows[0][0][0] != "Thames" {
		t.Errorf("with --header 16: %v, %v", plans, err)
	}
}
