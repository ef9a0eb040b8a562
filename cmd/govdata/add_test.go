package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"govdata/catalog"
)

// realFiles are the real public files of the tests, which are not part of the
// repository.
func realFiles(t *testing.T) string {
	t.Helper()
	dir := filepath.Join("..", "..", "..", "shared", "realdata")
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("GOVDATA_TEST_SHARED") == "required" {
			t.Fatalf("the real files are not here: %v", err)
		}
		t.Skipf("SKIPPED: the real files are not here: %v", err)
	}
	return dir
}

// One command makes a served dataset of each good file, with the rows that a
// person counts in it; the others are refused with the reason.
func TestAddMakesADatasetOfEveryGoodRealFile(t *testing.T) {
	dir, data := realFiles(t), t.TempDir()
	types := func(pairs ...string) map[string]catalog.Type {
		m := map[string]catalog.Type{}
		for i := 0; i < len(pairs); i += 2 {
			m[pairs[i]] = catalog.Type(pairs[i+1])
		}
		return m
	}
	seen := map[string]bool{}
	// The columns of these files in which there are persons. In no other column
	// of them, and in no other file, is anything taken for personal data.
	personal := map[string][]string{"torture/bogus_dimension_1048576x16384.xlsx": {"Contact Name"}}
	for _, c := range []struct {
		file           string
		rows, rejected int64
		fields         int
		types          map[string]catalog.Type // some of them
	}{
		{"cn/area_code_2024_nested.json.gz", 3706, 0, 6, types("code", "text")},
		{"cn/area_level3_utf8bom.csv", 3639, 0, 8, types("ext_id", "integer", "deep", "integer")},
		{"cn/area_summary_formulas.xlsx", 31, 0, 6, types("code", "text", "sheng", "text")},
		{"cn/epidemic_national_snapshots.json", 1029, 0, 18, types("confirmed_count", "integer")},
		{"cn/fiscal_expenditure_by_province.xls", 62, 0, 23, types("column_2", "text", "y2005", "decimal(6,2)", "y2024", "decimal(7,2)")},
		{"cn/hk_mo_tw_nested.json", 383, 0, 3, nil},
		{"cn/pca_code_nested.json", 3429, 0, 4, types("code", "text", "level", "integer")},
		{"cn/province_panel_integrated_utf8bom.csv", 620, 0, 23, types("di_qu", "text", "nian_fen", "integer")},
		{"cn/stats_gov_cn_gdp_by_province_gb18030.csv", 31, 0, 20, types("di_qu", "text", "y2024", "decimal(14,0)")},
		{"cn/stats_gov_cn_population_sample_gb18030.csv", 31, 0, 21, types("y2024", "integer", "y2025", "text")},
		{"cn/stats_gov_cn_urban_employment_gb18030.csv", 31, 0, 21, nil},
		{"cn/stats_gov_cn_investment_growth_gb18030.csv", 31, 0, 21, types("y2024", "decimal(3,1)")},
		{"cn/taipei_dangerous_buildings.csv", 117, 0, 4, nil},
		{"cn/taipei_hydro_big5.csv", 1, 0, 6, nil},
		{"cn/taipei_incineration_biogas_big5.csv", 5, 0, 6, nil},
		{"cn/taipei_rain_daily_utf8bom.csv", 8810, 0, 33, types("nian_yue", "text")},
		{"cn/taipei_rain_stations_utf8bom.csv", 42, 0, 5, types("stationid", "text")},
		{"cn/taipei_solar_schools_big5.csv", 119, 0, 7, nil},
		{"cn/township_streets.csv", 41352, 0, 5, types("code", "text", "area_code", "text")},
		{"cn/tw_post_offices.xlsx", 1298, 0, 4, nil},
		{"cn/tw_roads_two_header_rows_utf8bom.csv", 34201, 0, 3, types("city", "text", "site_id", "text")},
		{"cn/tw_zip5.csv", 61460, 0, 5, types("zip5", "text")},
		{"torture/alltypes_plain.parquet", 8, 0, 11, types("id", "integer", "timestamp_col", "timestamp", "bool_col", "boolean")},
		{"torture/biff5.xls", 3, 0, 4, types("column_4", "text")},
		{"torture/hidden_sheets.xls", 4, 0, 2, types("column_1", "text", "column_2", "integer")},
		{"torture/bogus_dimension_1048576x16384.xlsx", 1, 0, 11, nil},
		{"torture/brazil_school_census.csv", 10, 0, 95, nil},
		{"torture/epoch_1904.xlsx", 2, 0, 2, types("date", "date")},
		{"torture/error_cells.xls", 13, 0, 10, types("error", "text", "err_type", "integer", "iserr", "boolean")},
		{"torture/mixed_quotes.csv", 2, 0, 20, nil},
		{"torture/multiline_merged_header.xlsx", 1, 0, 4, nil},
		{"torture/quotes_and_newlines.csv", 2, 0, 2, types("a", "integer", "b", "text")},
		{"world/brussels_hotels_latin1_semicolon.csv", 638, 0, 8, types("annee", "integer")},
		{"world/drug_use_by_age.csv", 17, 0, 28, types("age", "text", "n", "integer", "crack_frequency", "decimal(3,1)")},
		{"world/faa_birdstrikes.csv", 10000, 0, 14, types("flight_date", "date")},
		{"world/italy_fuel_stations_semicolon.csv", 21691, 1, 10, nil},
		{"world/italy_municipalities_multiline_header_latin1.csv", 7904, 0, 26, types("codice_regione", "text")},
		{"world/italy_opencoesione_semicolon.csv", 10, 0, 199, types("cup", "text")},
		{"world/japan_plants_multiline.csv", 62, 0, 26, nil},
		{"world/ks_1033_data.csv", 1575, 0, 14, types("ship_date", "date", "nsn", "text", "quantity", "integer")},
		{"world/ne_1033_data.xlsx", 1036, 0, 14, types("nsn", "text")},
		{"world/nyc311_5.parquet", 5, 0, -1, nil},
		{"world/nyc_capital_projects.csv", 12587, 0, 7, nil},
		{"world/openflights_airports_noheader.dat", 7698, 0, 14, types("column_2", "text", "column_14", "text")},
		{"world/openflights_routes_noheader.dat", 67663, 0, 9, nil},
		{"world/ssa_names_1880_1959_noheader.csv.gz", 572369, 0, 3, types("column_1", "text", "column_3", "integer")},
		{"world/uk_fco_spend.csv", 4, 0, 8, types("payment_date", "date", "amount_excluding_vat", "decimal(7,2)")},
		{"world/uk_nhs_mha_inpatients_utf16.csv", 327, 0, 19, types("organisation_code", "text")},
		{"world/uk_referrers_39k.csv", 39627, 0, 3, types("referrals", "integer")},
		{"world/uk_spend_over_25k_utf8bom.csv", 189, 0, 8, types("date_of_payment", "date")},
		{"world/us_zipcodes_42k.csv", 42049, 0, 6, types("zip_code", "text")},
		{"world/usgs_earthquakes.json", 1707, 0, 30, nil},
		{"world/va_education_fy09.csv", 52, 0, 9, types("code", "text", "total", "integer")},
		{"world/va_education_fy10.csv", 53, 0, 9, types("total", "integer")},
	} {
		seen[c.file] = true
		t.Run(c.file, func(t *testing.T) {
			code := exitDone
			if c.rejected > 0 {
				code = exitRejected
			}
			id := catalog.ID("x_" + strings.ToLower(strings.NewReplacer("/", "_", ".", "_", "-", "_").Replace(c.file)))
			if len(id) > 60 {
				id = id[:60]
			}
			args := []string{"add", filepath.Join(dir, filepath.FromSlash(c.file)), "--id", string(id), "--data", data}
			for _, column := range personal[c.file] {
				args = append(args, "--personal", column+"=keep")
			}
			if len(personal[c.file]) > 0 { // nothing goes out before someone has decided
				must(t, exitFailed, args[:6]...)
			}
			must(t, code, args...)
			cat, err := catalog.Open(data, catalog.Options{})
			if err != nil {
				t.Fatal(err)
			}
			r, err := cat.Current(id)
			if err != nil {
				t.Fatal(err)
			}
			if r.Rows != c.rows || r.Counts.Rejected != c.rejected || c.fields >= 0 && len(r.Dataset.Fields) != c.fields {
				t.Errorf("%d rows, %d rejected, %d fields; want %d, %d, %d", r.Rows, r.Counts.Rejected, len(r.Dataset.Fields), c.rows, c.rejected, c.fields)
			}
			for name, want := range c.types {
				if f := r.Dataset.Field(name); f == nil || f.Type != want {
					t.Errorf("%s is %+v, want %s", name, f, want)
				}
			}
		})
	}
	for file, why := range map[string]string{
		"world/uk_phosphate_rivers_preamble.csv": "--header",
		"world/census2000_fixed_width.txt":       "fixed width",
		"torture/password.xlsx":                  "password",
		"torture/merged_cells.xls":               "--header",
		"torture/corrupt_checksum.parquet":       "checksum",
	} {
		seen[file] = true
		if _, stderr, code := govdata(t, "add", filepath.Join(dir, filepath.FromSlash(file)), "--id", "refused", "--data", data); code != exitFailed || !strings.Contains(stderr, why) {
			t.Errorf("%s: exit code %d, %s; want %q in it", file, code, stderr, why)
		}
	}
	for _, folder := range []string{"cn", "world", "torture"} {
		files, err := os.ReadDir(filepath.Join(dir, folder))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if name := folder + "/" + f.Name(); !seen[name] {
				t.Errorf("nothing is expected of %s", name)
			}
		}
	}
}

// The definition that add keeps takes the next file of the same kind.
func TestAnAddedDatasetTakesTheNextFile(t *testing.T) {
	data := t.TempDir()
	first := write(t, "收费.csv", []byte("收费统计表,,\n,,单位：万元\n代码,名称,金额\n001,甲,1.5\n002,乙,2\n合计,,3.5\n注：示例,,\n"))
	stdout := must(t, exitDone, "inspect", first, "--json")
	var in struct {
		Tables []struct {
			Header  []int64 `json:"header_lines"`
			Columns []struct{ Header, Type string }
		}
	}
	if err := json.Unmarshal([]byte(stdout), &in); err != nil || len(in.Tables) != 1 || in.Tables[0].Header[0] != 3 || in.Tables[0].Columns[0].Type != "text" {
		t.Fatalf("inspected as %s, %v", stdout, err)
	}
	must(t, exitDone, "add", first, "--id", "fees", "--title", "收费", "--key", "dai_ma", "--data", data)
	stdout = must(t, exitDone, "query", `SELECT sum(jin_e) AS s, min(dai_ma) AS c FROM fees`, "--format", "csv", "--data", data)
	if stdout != "s,c\n35000.00,001\n" && stdout != "s,c\n35000,001\n" {
		t.Errorf("the sum in yuan and the code are %q", stdout)
	}
	second := write(t, "next.csv", []byte("代码,名称,金额（元）\n001,甲,15000\n002,乙,20000\n003,丙,1\nx,丁,abc\n"))
	_, stderr, code := govdata(t, "ingest", "fees", second, "--data", data)
	if code != exitFailed || !strings.Contains(stderr, "1 of 4 rows") {
		t.Errorf("a quarter of the rows broken: exit code %d, %s", code, stderr)
	}
}

// Open data carries no identity numbers: what is masked of them is hidden
// whole, what is dropped is kept back under the negative list.
func TestAddKeepsIdentityNumbersBack(t *testing.T) {
	data := t.TempDir()
	text := "姓名,身份证号,电话,金额\n"
	for i := range 30 {
		text += fmt.Sprintf("王秀英,11010519491231002X,1380013%04d,%d\n", 8000+i, i)
	}
	file := write(t, "people.csv", []byte(text))
	must(t, exitFailed, "add", file, "--id", "people", "--data", data)
	out := must(t, exitDone, "add", file, "--id", "people", "--data", data, "--personal", "身份证号=drop", "--personal", "all=mask")
	if !strings.Contains(out, "FM-001") {
		t.Errorf("nobody is told that a field is withheld: %s", out)
	}
	csv := must(t, exitDone, "export", "people", "--format", "csv", "--data", data)
	if strings.Contains(csv, "110105") || strings.Contains(csv, "秀英") || strings.Contains(csv, "13800138") || !strings.Contains(csv, "王**") {
		t.Errorf("published is %.300s", csv)
	}
	must(t, exitDone, "ingest", "people", write(t, "more.csv", []byte(text+"李敏,11010519491231002X,13900000001,5\n")), "--data", data)
}
