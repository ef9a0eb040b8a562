package decode

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
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

// TestRealFilesReadAsTheyStand holds what one sees in each file with an editor.
// rows and columns count everything, preambles and footnotes included; columns
// is the width of the widest row.
func TestRealFilesReadAsTheyStand(t *testing.T) {
	type at struct {
		row, col int // from 0
		text     string
	}
	for _, c := range []struct {
		file             string
		charset, delim   string
		rows, columns    int
		firstLine, after int64 // physical lines of the first and the last row
		cells            []at
	}{
		{"cn/stats_gov_cn_gdp_by_province_gb18030.csv", "gb18030", ",", 37, 20, 1, 37,
			[]at{{0, 0, "数据库：分省年度数据"}, {1, 0, "指标：地区生产总值(亿元)"}, {3, 1, "2024年"}, {4, 0, "北京市"}, {4, 1, "49670.2"}, {36, 0, "数据来源：国家统计局"}}},
		{"cn/stats_gov_cn_population_sample_gb18030.csv", "gb18030", ",", 38, 21, 1, 38,
			[]at{{4, 1, ""}, {4, 2, "22470"}, {36, 0, "　　　2.由于采用加权汇总的方法，全国人口抽样调查样本数据合计与各分项或分组相加略有误差。"}}},
		{"cn/stats_gov_cn_urban_employment_gb18030.csv", "gb18030", ",", 39, 21, 1, 39,
			[]at{{37, 0, "　　　3.2012年行业采用新的分类标准，与前期不可比。"}}},
		{"cn/stats_gov_cn_investment_growth_gb18030.csv", "gb18030", ",", 36, 21, 1, 36,
			[]at{{4, 2, "-4.7"}, {35, 0, "数据来源：国家统计局"}}},
		{"cn/province_panel_integrated_utf8bom.csv", "utf-8", ",", 621, 23, 1, 621,
			[]at{{0, 0, "地区"}, {0, 4, "GDP指数_上年=100"}, {1, 6, "235351.0"}, {620, 0, "黑龙江"}}},
		{"cn/taipei_solar_schools_big5.csv", "big5", ",", 122, 7, 1, 122,
			[]at{{0, 6, "裝置容量-瓩"}, {1, 1, "臺北市溪山國民小學"}, {1, 6, "2.1"}}},
		{"cn/taipei_incineration_biogas_big5.csv", "big5", ",", 15, 6, 1, 15,
			[]at{{1, 1, "臺北市北投垃圾焚化廠"}, {1, 5, "48,000"}}},
		{"cn/taipei_hydro_big5.csv", "big5", ",", 14, 6, 1, 14,
			[]at{{1, 1, "台北翡翠水庫發電廠"}, {1, 5, "70,000kW"}, {2, 5, ""}}},
		{"cn/taipei_rain_daily_utf8bom.csv", "utf-8", ",", 8811, 33, 1, 8811, []at{{0, 0, "站名"}, {1, 1, "200007"}, {8810, 0, "雙溪"}}},
		{"cn/taipei_rain_stations_utf8bom.csv", "utf-8", ",", 43, 5, 1, 43, []at{{0, 0, "TOWN"}, {1, 1, "'001'"}}},
		{"cn/taipei_dangerous_buildings.csv", "utf-8", ",", 118, 4, 1, 118, []at{{1, 1, "大安區 "}, {1, 3, "[121.530517, 25.0254441]"}}},
		{"cn/tw_roads_two_header_rows_utf8bom.csv", "utf-8", ",", 34203, 3, 1, 34203, []at{{0, 0, "city"}, {1, 0, "縣市名稱"}, {34202, 2, "羅馬路"}}},
		{"cn/tw_zip5.csv", "utf-8", ",", 61461, 5, 1, 61461, []at{{1, 3, "八德路１段"}, {61460, 0, "98342"}}},
		{"cn/township_streets.csv", "utf-8", ",", 41353, 5, 1, 41353, []at{{1, 0, "110101001"}, {1, 1, "东华门街道"}, {41352, 1, "一六五团"}}},
		{"cn/area_level3_utf8bom.csv", "utf-8", ",", 3640, 8, 1, 3640, []at{{0, 0, "id"}, {1, 3, "北京"}, {1, 6, "110000000000"}}},
		{"world/ks_1033_data.csv", "utf-8", ",", 1576, 14, 1, 1576, []at{{1, 3, "1005-00-073-9421"}, {1, 4, "RIFLE,5.56 MILLIMETER"}}},
		{"world/va_education_fy10.csv", "utf-8", ",", 58, 9, 1, 58,
			[]at{{0, 0, ""}, {1, 0, "Number of Beneficaries (Students) Who Recieved VA Education Benefit By State During FY 2010"}}},
		{"world/va_education_fy09.csv", "utf-8", ",", 54, 10, 1, 54, []at{{1, 2, "01"}, {1, 3, "6,718"}, {53, 9, ""}}},
		{"world/uk_nhs_mha_inpatients_utf16.csv", "utf-16le", ",", 328, 19, 1, 328,
			[]at{{0, 0, "Organisation_code"}, {1, 1, "Enfield PCT"}, {1, 2, "NHS Facilities                                    "}, {327, 18, "0"}}},
		{"world/uk_spend_over_25k_utf8bom.csv", "utf-8", ",", 190, 8, 1, 190, []at{{0, 0, "Department"}, {0, 7, " Amount in Sterling "}, {1, 7, " 27,275.25 "}}},
		{"world/uk_fco_spend.csv", "utf-8", ",", 5, 8, 1, 5, []at{{1, 7, "47,072.02"}, {4, 2, "27-May-11"}, {4, 7, "78,389.21"}}},
		{"world/uk_referrers_39k.csv", "utf-8", ",", 39628, 3, 1, 39628, []at{{0, 0, "#"}, {1, 2, "9,508,234"}, {39627, 1, "http://www.esc.ac.uk"}}},
		{"world/uk_phosphate_rivers_preamble.csv", "utf-8", ",", 27, 11, 1, 27, []at{{0, 0, "Title:"}, {1, 1, "1995-2008"}, {26, 2, "62.1"}}},
		{"world/nyc_capital_projects.csv", "utf-8", ",", 12588, 7, 1, 12588, []at{{1, 0, "038LBCENPH3"}, {1, 4, "2800000"}}},
		{"world/italy_opencoesione_semicolon.csv", "utf-8", ";", 11, 199, 1, 11, []at{{1, 0, "1AGCOE1627"}, {10, 1, "B67H15000920006"}}},
		// Two cells with line breaks before row 2, many after it.
		{"world/japan_plants_multiline.csv", "utf-8", ",", 63, 26, 1, 148, []at{{0, 0, "番号"}, {1, 1, "マダガスカルジャスミン"}, {62, 7, "キジカクシ科（クサスギカズラ科）"}}},
		{"world/faa_birdstrikes.csv", "utf-8", ",", 10001, 14, 1, 10001, []at{{1, 0, "BARKSDALE AIR FORCE BASE ARPT"}, {10000, 13, "140"}}},
		{"world/us_zipcodes_42k.csv", "utf-8", ",", 42050, 6, 1, 42050, []at{{1, 0, "00501"}, {42049, 3, "Ketchikan"}}},
		{"world/openflights_airports_noheader.dat", "utf-8", ",", 7698, 14, 1, 7698,
			[]at{{0, 1, "Goroka Airport"}, {7697, 4, `\N`}, {328, 1, `Magdeburg "City" Airport`}, {3847, 2, `Port O\'Connor`}}},
		{"world/openflights_routes_noheader.dat", "utf-8", ",", 67663, 9, 1, 67663, []at{{0, 0, "2B"}, {67662, 8, "734"}}},
		{"world/drug_use_by_age.csv", "utf-8", ",", 18, 28, 1, 18, []at{{1, 9, "-"}, {17, 0, "65+"}}},
		// Valid GB18030 too, where Année would be Ann閑.
		{"world/brussels_hotels_latin1_semicolon.csv", "windows-1252", ";", 639, 8, 1, 639, []at{{0, 3, "Année"}, {1, 4, "0,611553068"}}},
		// A quote without partner in line 35 and cells of text and quotes: no line is lost.
		{"world/italy_fuel_stations_semicolon.csv", "utf-8", ";", 21693, 11, 1, 21693,
			[]at{{34, 1, `"MEGA SERVICE S.A.S. DI TERMINI MICHELE &C .`}, {34, 2, "Q8"}, {102, 1, "F.LLI LA MARCA S.A.S. DI LA MARCA GIROLAMO E CALOGERO & C."},
				{454, 1, `SHABANI ENVER DISTRIBUTORE DI CARBURANTI E LUBRIFICANTI "API"`}, {21692, 9, "15.981813411045096"}}},
		{"world/italy_municipalities_multiline_header_latin1.csv", "windows-1252", ";", 7905, 26, 1, 7907,
			[]at{{0, 1, "Codice dell'Unità territoriale sovracomunale \n(valida a fini statistici)"}, {1, 5, "Agliè"}, {1, 0, "01"}}},
		{"torture/brazil_school_census.csv", "utf-8", ",", 11, 95, 1, 11, []at{{1, 0, "01/01/1996 12:00:00 AM"}, {1, 2, "ALTA FLORESTA D'OESTE"}}},
		{"torture/mixed_quotes.csv", "utf-8", ",", 3, 20, 1, 63, []at{{0, 19, "Learn more (URL)"}, {1, 0, "DDSSHHESW"}, {2, 2, "High"}}},
		{"torture/quotes_and_newlines.csv", "utf-8", ",", 3, 2, 1, 5, []at{{1, 1, "ha \n\"ha\" \nha"}, {2, 0, "3"}}},
		{"world/ssa_names_1880_1959_noheader.csv.gz", "utf-8", ",", 572369, 3, 1, 572369, []at{{0, 0, "Mary"}, {0, 2, "7065"}}},
	} {
		t.Run(c.file, func(t *testing.T) {
			s, err := Open(realdata(t, c.file), filepath.Base(c.file), Options{TempDir: t.TempDir()})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if i := s.Info(); i.Format != "csv" || i.Charset != c.charset || i.Delimiter != c.delim || i.Evidence == "" || i.Undecodable != 0 {
				t.Errorf("found to be %+v, want %s with %q", i, c.charset, c.delim)
			}
			rows := rowsOf(t, s)
			width := 0
			for _, r := range rows {
				width = max(width, len(r.cells))
			}
			if len(rows) != c.rows || width != c.columns {
				t.Fatalf("%d rows of %d columns, want %d of %d", len(rows), width, c.rows, c.columns)
			}
			if first, last := rows[0].line, rows[len(rows)-1].line; first != c.firstLine || last != c.after {
				t.Errorf("lines %d to %d, want %d to %d", first, last, c.firstLine, c.after)
			}
			for _, cell := range c.cells {
				got := ""
				if row := rows[cell.row].cells; cell.col < len(row) {
					got = row[cell.col]
				}
				if got != cell.text {
					t.Errorf("row %d column %d is %q, want %q", cell.row, cell.col, got, cell.text)
				}
			}
		})
	}
}

func TestRealJSONReadsAsTheFirstRowOfKeysThenObjects(t *testing.T) {
	for _, c := range []struct {
		file   string
		notes  string
		rows   int
		header []string // its beginning
		last   map[string]string
	}{
		{"cn/epidemic_national_snapshots.json", `the rows are the objects under "results"`, 1029,
			[]string{"infectSource", "passWay", "dailyPic", "summary", "countRemark", "confirmedCount"},
			map[string]string{"confirmedCount": "68584", "updateTime": "1581814491872", "summary": "", "remark3": "宿主：野生动物，可能为中华菊头蝠"}},
		{"world/usgs_earthquakes.json", `the rows are the objects under "features"`, 1707,
			[]string{"mag", "place", "time", "updated", "tz"},
			map[string]string{"mag": "0.31", "felt": "", "id": "uw61345682", "geometry": `{"type":"Point","coordinates":[-122.197,46.2035,3.28]}`, "time": "1517363399650"}},
		{"cn/pca_code_nested.json", `those under "children"`, 3429, []string{"code", "name", "level", "path"},
			map[string]string{"code": "659012", "name": "白杨市", "level": "3", "path": "新疆维吾尔自治区/自治区直辖县级行政区划"}},
		{"cn/area_code_2024_nested.json.gz", `those under "children"`, 3706, []string{"code", "name", "level", "pcode", "_level", "path"},
			map[string]string{"code": "659012000000", "level": "3", "pcode": "659000000000", "_level": "3"}},
		{"cn/hk_mo_tw_nested.json", "level_1, level_2", 383, []string{"level_1", "level_2", "level_3"},
			map[string]string{"level_1": "台湾省", "level_2": "澎湖县", "level_3": "七美乡"}},
	} {
		t.Run(c.file, func(t *testing.T) {
			s, err := Open(realdata(t, c.file), filepath.Base(c.file), Options{TempDir: t.TempDir()})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			i := s.Info()
			if i.Format != "json" || i.Charset != "utf-8" || !strings.Contains(strings.Join(i.Notes, "; "), c.notes) {
				t.Errorf("found to be %+v", i)
			}
			rows := rowsOf(t, s)
			if len(rows) != c.rows+1 {
				t.Fatalf("%d rows, want a header and %d", len(rows), c.rows)
			}
			header := rows[0].cells
			if len(header) < len(c.header) || !slices.Equal(header[:len(c.header)], c.header) {
				t.Errorf("the header is %q", header)
			}
			for key, want := range c.last {
				if col := slices.Index(header, key); col < 0 || rows[c.rows].cells[col] != want {
					t.Errorf("%s of the last row is not %q", key, want)
				}
			}
		})
	}
}

func TestRealFilesThatAreNoTablesAreRefusedByName(t *testing.T) {
	for _, c := range []struct {
		file     string
		category error
		found    string
	}{
		{"torture/password.xlsx", ErrEncrypted, "password"},
		{"world/census2000_fixed_width.txt", ErrFormat, "fixed width"},
	} {
		t.Run(c.file, func(t *testing.T) {
			_, err := Open(realdata(t, c.file), filepath.Base(c.file), Options{})
			if e := wantRefusal(t, err, c.category); !strings.Contains(e.Found, c.found) {
				t.Errorf("refused with %q, want %q in it", e, c.found)
			}
		})
	}
}

func TestRealFixedWidthTextIsReadWithItsWidths(t *testing.T) {
	s, err := Open(realdata(t, "world/census2000_fixed_width.txt"), "VROUTFSJ.TXt", Options{Widths: []int{13, 12, 9, 9, 9, 9, 9, 9, 5, 5, 2, 90, 2, 90, 29}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	rows := rowsOf(t, s)
	if len(rows) != 1555 {
		t.Fatalf("%d rows", len(rows))
	}
	for _, c := range []struct {
		row, col int
		text     string
	}{{0, 1, "281421905"}, {0, 11, "U.S."}, {0, 14, "TOTAL PERSONS"}, {1554, 0, "8800022400004"}, {1554, 10, "P"}, {1554, 13, "Tetlin TDSA"}, {1554, 14, "OTHER ALASKA NATIVE GROUP"}} {
		if got := strings.TrimSpace(rows[c.row].cells[c.col]); len(rows[c.row].cells) != 15 || got != c.text {
			t.Errorf("row %d column %d is %q, want %q", c.row, c.col, got, c.text)
		}
	}
}

// A workbook that claims 1,048,576 x 16,384 cells costs what it holds.
func TestRealWorkbooksGiveTheirVisibleSheets(t *testing.T) {
	for _, c := range []struct {
		file   string
		sheets []string
		last   []int64 // the number of each sheet's last row
	}{
		{"cn/tw_post_offices.xlsx", []string{"POBoxZip33_10904"}, []int64{1299}},
		{"cn/area_summary_formulas.xlsx", []string{"总统计", "分省统计"}, []int64{12, 33}},
		{"world/ne_1033_data.xlsx", []string{"NE data"}, []int64{1037}},
		{"torture/multiline_merged_header.xlsx", []string{"Лист1"}, []int64{6}},
		{"torture/bogus_dimension_1048576x16384.xlsx", []string{"Sheet1"}, []int64{1048576}},
		{"torture/epoch_1904.xlsx", []string{"Dates1904"}, []int64{3}},
	} {
		t.Run(c.file, func(t *testing.T) {
			s, err := Open(realdata(t, c.file), filepath.Base(c.file), Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if !slices.Equal(s.Info().Sheets, c.sheets) || s.Info().Format != "xlsx" {
				t.Errorf("found to be %+v", s.Info())
			}
			for i, table := range s.Tables() {
				rows, err := readAll(table)
				if err != nil || table.Name() != c.sheets[i] || rows[len(rows)-1].line != c.last[i] {
					t.Errorf("sheet %q ends at row %d, %v", table.Name(), rows[len(rows)-1].line, err)
				}
			}
		})
	}
}

// As xlrd reads them, but for dates, which come as ISO text.
func TestRealLegacyWorkbooksGiveTheirVisibleSheets(t *testing.T) {
	type table struct {
		name    string
		rows    []string // line, then cells; none for any
		last    int64    // line
		columns int
		merges  []Range
	}
	for _, c := range []struct {
		file   string
		notes  string
		sheets []string
		tables []table
	}{
		{"cn/fiscal_expenditure_by_province.xls", "", []string{"Sheet1", "Sheet2", "Sheet3"}, []table{
			{"Sheet1", []string{
				"1|||||2005|2006|2007|2008|2009|2010|2011|2012|2013|2014|2015|2016|2017|2018|2019|2020|2021|2022|2023|2024",
				"2|1|一般公共预算支出（亿元）i||北京|||1649.5|1959.29|2319.37|2717.32|3245.23|3685.31|4173.66|4524.67|5737.7|6406.77|6824.53|7471.43|7408.19|7116.18|7205.12|7469.15|7971.25|8396.49",
				"33|32|财政支出（亿元）i||北京|1058.31|1296.84", "63|62||财政支出（亿元）i|新疆|519.02|678.47",
			}, 63, 24, []Range{{2, 2, 32, 2}, {33, 2, 63, 2}}},
			{name: "Sheet2"}, {name: "Sheet3"},
		}},
		{"torture/biff5.xls", "", []string{"SheetJS"}, []table{
			{"SheetJS", []string{"1|1|2|3", "2|TRUE|FALSE||sheetjs", "3|foo|bar|2014-02-19T14:30:00|0.3", "4|baz||qux"}, 4, 4, nil},
		}},
		{"torture/merged_cells.xls", "", []string{"Лист1"}, []table{{"Лист1", []string{"1|data", "2", "3"}, 3, 1, []Range{{1, 1, 3, 2}}}}},
		{"torture/hidden_sheets.xls", `sheet "Hidden" is hidden and left out; sheet "VeryHidden" is hidden and left out`, []string{"Visible", "Hidden", "VeryHidden"}, []table{
			{"Visible", []string{"1|1|2", "2|3|4", "3|5|6", "5|This workbook contains 4 sheets: Visible, Hidden, VeryHidden and Chart"}, 5, 2, nil},
		}},
		{"torture/error_cells.xls", "", []string{"RawErrors"}, []table{
			{"RawErrors", []string{
				"1|Error|Bang|Que|Non|Val|ErrType|Type|ISERR|ISNA|ErrTypeIsErr", "3|||#DIV/0?|#DIV/0|2|2|16|TRUE|FALSE|FALSE",
				"8||#N/A!|#N/A?||7|7|16|FALSE|TRUE|FALSE", "12|2014-10-11|10/11/14!|10/11/14?|2014-10-11|2014-10-11||1|FALSE|FALSE|FALSE",
				"14|array|array!|array?|array|array||64|FALSE|FALSE|FALSE",
			}, 14, 10, nil},
		}},
	} {
		t.Run(c.file, func(t *testing.T) {
			s, err := Open(realdata(t, c.file), filepath.Base(c.file), Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if i := s.Info(); !slices.Equal(i.Sheets, c.sheets) || i.Format != "xls" || strings.Join(i.Notes, "; ") != c.notes {
				t.Errorf("found to be %+v", i)
			}
			if len(s.Tables()) != len(c.tables) {
				t.Fatalf("%d tables", len(s.Tables()))
			}
			for i, want := range c.tables {
				table := s.Tables()[i]
				rows, err := readAll(table)
				if err != nil || table.Name() != want.name || !slices.Equal(table.Merges(), want.merges) {
					t.Errorf("sheet %q, %v, merged %v", table.Name(), err, table.Merges())
				}
				last, columns := int64(0), 0
				var texts []string
				for _, r := range rows {
					last, columns = r.line, max(columns, len(r.cells))
					texts = append(texts, strings.Join(append([]string{strconv.FormatInt(r.line, 10)}, r.cells...), "|"))
				}
				if last != want.last || columns != want.columns {
					t.Errorf("%d rows of %d columns, want %d of %d", last, columns, want.last, want.columns)
				}
				for _, row := range want.rows {
					if !slices.Contains(texts, row) {
						t.Errorf("no row %q", row)
					}
				}
			}
		})
	}
}

// The bytes of the third file were changed behind its checksums' back.
func TestRealParquetFilesReadWithTheirChecksums(t *testing.T) {
	for _, c := range []struct {
		file string
		rows int
		name string // of the first column
	}{{"world/nyc311_5.parquet", 5, "Unique Key"}, {"torture/alltypes_plain.parquet", 8, "id"}, {"torture/corrupt_checksum.parquet", 0, "a"}} {
		t.Run(c.file, func(t *testing.T) {
			s, err := Open(realdata(t, c.file), filepath.Base(c.file), Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if i := s.Info(); i.Format != "parquet" || !i.Headed() {
				t.Errorf("found to be %+v", i)
			}
			rows, err := readAll(s.Tables()[0])
			if c.rows == 0 {
				wantRefusal(t, err, ErrCorrupt)
				return
			}
			if err != nil || len(rows) != c.rows+1 || rows[0].cells[0] != c.name {
				t.Errorf("%d rows under %q, %v; want %d under %q", len(rows)-1, rows[0].cells, err, c.rows, c.name)
			}
		})
	}
}
