package synthetic

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"govdata/ingest/calendar"
)

// sampler makes one sample file.
type sampler func() ([]byte, error)

var coreSamples = map[string]sampler{
	"admin_penalties/penalties_2018_codes_gb18030.csv": func() ([]byte, error) {
		var b bytes.Buffer
		_, err := Generate(context.Background(), &b, "admin_penalties", Options{Rows: 400, Seed: 2018, Charset: "gb18030", Broken: 0.02})
		return b.Bytes(), err
	},
	"admin_penalties/penalties_lanzhou.xlsx":           lanzhou,
	"admin_permits/permits_dingxi_gb18030.csv":         dingxi,
	"admin_permits/permits_export.json":                permitsJSON,
	"budgets/budgets_2025.xlsx":                        budgetsWorkbook,
	"budgets/budgets_2024_utf16.txt":                   budgetsText,
	"departments/departments_2026.csv":                 departmentsText,
	"disclosure_negative_list/negative_list_2026.xlsx": negativeList,
	"fee_catalog/fee_catalog_2026.xlsx":                fees,
	"working_days/working_days_2007_2026.json":         workingDays,
}

// Samples makes the bundled sample files by path, all but that of regions,
// which is not made but collected. Each is as untidy as the real ones.
func Samples() (map[string][]byte, error) {
	samples := map[string][]byte{}
	for _, group := range []map[string]sampler{coreSamples, decisionSamples, managementSamples, serviceSamples, areaSamples} {
		for name, write := range group {
			data, err := write()
			if err != nil {
				return nil, fmt.Errorf("synthetic: %s: %w", name, err)
			}
			samples[name] = data
		}
	}
	return samples, nil
}

// WriteSamples writes the samples into the datasets folder dir.
func WriteSamples(dir string) error {
	samples, err := Samples()
	if err != nil {
		return err
	}
	for name, data := range samples {
		if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(name)), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// book builds a small workbook row by row.
type book struct {
	f     *excelize.File
	sheet string
	row   int
	err   error
}

func newBook(sheet string) *book {
	f := excelize.NewFile()
	err := f.SetSheetName("Sheet1", sheet)
	return &book{f: f, sheet: sheet, err: err}
}

func (b *book) add(cells ...any) {
	b.row++
	for i, c := range cells {
		if c == nil || c == "" {
			continue
		}
		b.do(b.f.SetCellValue(b.sheet, cell(i+1, b.row), c))
	}
}

func (b *book) merge(col, row, col2, row2 int) {
	b.do(b.f.MergeCell(b.sheet, cell(col, row), cell(col2, row2)))
}

func (b *book) do(err error) {
	if b.err == nil {
		b.err = err
	}
}

func (b *book) bytes() ([]byte, error) {
	if b.err != nil {
		return nil, b.err
	}
	var out bytes.Buffer
	err := b.f.Write(&out)
	return out.Bytes(), err
}

func cell(col, row int) string {
	name, _ := excelize.CoordinatesToCellName(col, row)
	return name
}

// lanzhou is a city's report: a title, a line of who and when, two header rows
// with merged cells, amounts in 万元, real date cells, totals and a footnote.
func lanzhou() ([]byte, error) {
	m := newMaker(Options{Rows: 120, Seed: 6201, Broken: 0.025}, penaltyHeader, (*maker).penalty,
		[]string{"bad_check_digit", "no_such_day", "not_in_list"})
	b := newBook("行政处罚")
	b.add("兰州市2026年行政处罚信息公示表（示例数据）")
	b.merge(1, 1, 12, 1)
	b.add("填报单位：兰州市司法局", "", "", "", "", "", "", "", "单位：万元")
	b.add("序号", "当事人", "", "", "", "处罚决定", "", "", "", "违法事实", "处罚金额", "", "处罚机关", "行政区划代码", "公示日期")
	b.add("", "名称", "类别", "统一社会信用代码", "法定代表人", "文号", "种类", "内容", "日期", "", "罚款", "没收", "", "", "")
	for _, r := range [][4]int{{1, 3, 1, 4}, {2, 3, 5, 3}, {6, 3, 9, 3}, {10, 3, 10, 4}, {11, 3, 12, 3}, {13, 3, 13, 4}, {14, 3, 14, 4}, {15, 3, 15, 4}} {
		b.merge(r[0], r[1], r[2], r[3])
	}
	dates, err := b.f.NewStyle(&excelize.Style{NumFmt: 14})
	b.do(err)
	m.world = &world{days: theWorld().days, codes: map[string]string{}}
	for _, r := range theWorld().regions {
		if strings.HasPrefix(r.code, "6201") {
			m.world.regions = append(m.world.regions, r)
		}
	}
	var fines, taken float64
	for i := range 120 {
		r := m.next()
		var day any = r[12]
		if t, err := time.Parse(time.DateOnly, r[12]); err == nil && i%2 == 0 {
			day = t
		}
		b.add(i+1, r[0], r[1], r[2], r[3], "兰"+r[4], r[8], r[9], day, r[6], amount(r[10], &fines), amount(r[11], &taken), r[14], r[16], r[19])
		if _, ok := day.(time.Time); ok {
			b.do(b.f.SetCellStyle(b.sheet, cell(9, b.row), cell(9, b.row), dates))
		}
	}
	b.add("合计", "", "", "", "", "", "", "", "", "", round4(fines), round4(taken))
	b.add("注：1. 本表为示例数据，内容均为虚构；2. 金额单位为万元。")
	return b.bytes()
}

func round4(v float64) float64 { return math.Round(v*1e4) / 1e4 }

func amount(s string, sum *float64) any {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return s
	}
	*sum += v
	return v
}

// dingxi is a city's export with Chinese titles, dates of three forms, and
// lines of commas at its end.
func dingxi() ([]byte, error) {
	titles := []string{"序号", "行政相对人名称", "行政相对人类别", "行政相对人代码_1（统一社会信用代码）", "法定代表人", "法定代表人身份证号", "行政许可决定文书名称", "行政许可决定文书号",
		"许可类别", "许可证书名称", "许可编号", "许可内容", "许可决定日期", "有效期自", "有效期至", "许可机关", "许可机关统一社会信用代码", "行政区划代码", "当前状态", "备注", "公示日期"}
	m := newMaker(Options{Rows: 240, Seed: 6211, Broken: 5.0 / 240}, permitHeader, (*maker).permit,
		[]string{"bad_check_digit", "no_such_day", "missing", "not_in_list", "duplicate_key"})
	buf := appendRecord(nil, titles)
	for i := range 240 {
		r := append([]string{strconv.Itoa(i + 1)}, m.next()...)
		if day, err := time.Parse(time.DateOnly, r[12]); err == nil {
			switch i % 3 {
			case 1:
				r[12] = fmt.Sprintf("%d年%d月%d日", day.Year(), day.Month(), day.Day())
			case 2:
				r[12] = day.Format("2006/1/2")
			}
		}
		buf = appendRecord(buf, r)
	}
	for range 3 {
		buf = appendRecord(buf, make([]string, len(titles)))
	}
	return simplifiedchinese.GB18030.NewEncoder().Bytes(buf)
}

// permitsJSON is the export of an approval system.
func permitsJSON() ([]byte, error) {
	m := newMaker(Options{Rows: 160, Seed: 2026, Broken: 3.0 / 160}, permitHeader, (*maker).permit,
		[]string{"bad_check_digit", "no_such_day", "not_in_list"})
	rows := make([]map[string]any, 0, 160)
	for range 160 {
		row := map[string]any{}
		for i, cell := range m.next() {
			row[permitHeader[i]] = cell
			if cell == "" {
				row[permitHeader[i]] = nil
			}
		}
		row["XK_WSH"] = "政务" + fmt.Sprint(row["XK_WSH"])
		rows = append(rows, row)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	err := e.Encode(map[string]any{"code": 0, "message": "示例数据", "total": len(rows), "data": rows})
	return b.Bytes(), err
}

// functions are 类, 款 and 项 of the expenditure classification.
var functions = []struct{ code, name string }{
	{"201", "一般公共服务支出"}, {"20101", "人大事务"}, {"2010101", "行政运行"}, {"204", "公共安全支出"}, {"20402", "公安"},
	{"205", "教育支出"}, {"20502", "普通教育"}, {"2050202", "小学教育"}, {"2050203", "初中教育"}, {"206", "科学技术支出"},
	{"208", "社会保障和就业支出"}, {"20805", "行政事业单位养老支出"}, {"210", "卫生健康支出"}, {"211", "节能环保支出"}, {"213", "农林水支出"},
}

// budgetRows makes year x region x function; amounts in 万元.
func budgetRows(year, regions int, each func(row []string)) {
	m := newMaker(Options{Rows: 1, Seed: int64(year)}, nil, nil, nil)
	n := 0
	for i, r := range []struct{ code, name string }{{"620000", "甘肃省"}, {"620100", "兰州市"}, {"620200", "嘉峪关市"}, {"620300", "金昌市"}, {"620400", "白银市"},
		{"620500", "天水市"}, {"620600", "武威市"}, {"620700", "张掖市"}, {"620800", "平凉市"}, {"620900", "酒泉市"}} {
		if i >= regions {
			break
		}
		for _, f := range functions {
			n++
			budgeted := math.Round(math.Exp(11-0.8*float64(len(f.code)/3)+0.6*m.rng.NormFloat64())*100) / 100
			row := []string{strconv.Itoa(year), r.code, r.name, f.code, f.name, fmt.Sprintf("%.2f", budgeted), fmt.Sprintf("%.2f", budgeted*(0.88+0.14*m.rng.Float64()))}
			switch { // wrong on purpose
			case n == 40:
				row[5] = "待核"
			case n == 95:
				row[3] = "2O5" // the letter O
			}
			each(row)
		}
	}
}

func budgetsWorkbook() ([]byte, error) {
	b := newBook("功能分类")
	b.add("甘肃省2025年一般公共预算支出执行情况表（示例数据）")
	b.merge(1, 1, 7, 1)
	b.add("", "", "", "", "", "", "单位：万元")
	b.add("年度", "地区", "", "功能分类科目", "", "金额", "")
	b.add("", "代码", "名称", "编码", "名称", "预算数", "执行数")
	for _, r := range [][4]int{{1, 3, 1, 4}, {2, 3, 3, 3}, {4, 3, 5, 3}, {6, 3, 7, 3}} {
		b.merge(r[0], r[1], r[2], r[3])
	}
	var sum [2]float64
	budgetRows(2025, 10, func(r []string) {
		b.add(r[0], r[1], r[2], r[3], r[4], amount(r[5], &sum[0]), amount(r[6], &sum[1]))
	})
	b.add("合计", "", "", "", "", round4(sum[0]), round4(sum[1]))
	b.add("数据来源：示例数据，金额均为虚构。")
	return b.bytes()
}

// budgetsText is what Excel saves as "Unicode text": UTF-16 with tabs, and
// thousands separators in quotes.
func budgetsText() ([]byte, error) {
	var b strings.Builder
	b.WriteString("2024年一般公共预算支出（示例数据）\r\n")
	b.WriteString("年度\t区划代码\t地区\t科目编码\t科目名称\t预算数（万元）\t执行数（万元）\r\n")
	budgetRows(2024, 6, func(r []string) {
		for _, i := range []int{5, 6} {
			r[i] = thousands(r[i])
		}
		b.WriteString(strings.Join(r, "\t") + "\r\n")
	})
	return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().Bytes([]byte(b.String()))
}

func thousands(s string) string {
	whole, frac, _ := strings.Cut(s, ".")
	if frac == "" {
		return s // no amount
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	return whole + "." + frac
}

func workingDays() ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("{\"source\": \"国务院办公厅节假日安排通知，据 NateScarlet/holiday-cn（MIT）\",\n\"data\": [\n")
	first := true
	for d := range calendar.Default().Days() {
		if !first {
			b.WriteString(",\n")
		}
		first = false
		weekday := int(d.Date.Weekday())
		if weekday == 0 {
			weekday = 7
		}
		holiday := "null"
		if d.Name != "" {
			holiday = strconv.Quote(d.Name)
		}
		fmt.Fprintf(&b, `{"date": "%s", "weekday": %d, "is_working_day": %t, "holiday": %s}`, d.Date.Format(time.DateOnly), weekday, d.Working, holiday)
	}
	b.WriteString("\n]}\n")
	return b.Bytes(), nil
}
