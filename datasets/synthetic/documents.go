package synthetic

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// document is a normative document with what became of it.
type document struct {
	region
	topic
	number, registration, title string
	issuer, department          string
	issued, announced           string
	effective, until            string
	repealed, amended           string
	review, reviewed, reviewNo  string
}

// lineShorts are the names of lines of work in document numbers.
var lineShorts = map[string]string{
	"政务": "政办", "发展改革": "发改", "教育": "教", "公安": "公", "民政": "民", "财政": "财", "人社": "人社", "自然资源": "自然资", "生态环境": "环", "住建": "建", "交通": "交",
	"水利": "水", "农业农村": "农", "商务": "商", "文旅": "文旅", "卫生健康": "卫健", "应急": "应急", "审计": "审", "市场监管": "市监", "医保": "医保", "乡村振兴": "乡振",
}

// addDocuments makes the documents of the decisions, and older ones that have
// expired, will expire within 90 days, or were repealed or amended.
func (a *agenda) addDocuments(m *maker) {
	for i := range a.matters {
		x := &a.matters[i]
		if x.decided == "" || x.decided > "2026-10-20" || x.kind != "重大政策措施" && x.kind != "重要改革方案" {
			continue
		}
		d := document{region: x.region, topic: x.topic, department: x.department, issuer: x.full + "人民政府", title: x.title}
		d.issued = m.workday(later(x.decided, 2), later(x.decided, 18))
		d.number = a.number(x.short+"政规〔"+d.issued[:4]+"〕", "号")
		d.valid(m, later(d.issued, 30), 5)
		x.document = d.number
		a.add(d, m)
	}
	for i := range 84 {
		t := pick(m, topics)
		d := document{region: m.government(), topic: t}
		d.department = departmentOf(t.line, d.code, d.full).name
		d.issuer = d.department
		d.title = d.full + t.name + []string{"管理办法", "实施细则", "资金管理办法", "工作规程", "考核办法"}[i%5]
		years := 5
		if i%4 == 1 {
			d.title, years = d.title+"（试行）", 2
		}
		until := m.between("2027-03-01", later("2026-09-30", years*365))
		switch i % 7 {
		case 0, 1: // expired
			until = m.between("2024-06-01", "2026-11-20")
		case 2: // soon
			until = m.between("2026-11-26", "2027-02-20")
		}
		d.valid(m, dayOf(until).AddDate(-years, 0, 1).Format(time.DateOnly), years)
		if i%7 == 6 && i%5 == 0 {
			d.until = "2099-12-31"
		}
		d.number = a.number(d.short+lineShorts[t.line]+"规〔"+d.issued[:4]+"〕", "号")
		d.reviewedAs(i, m)
		a.add(d, m)
	}
}

// valid sets the day from which a document is in force, for so many years, and
// the days before that on which it was issued and announced.
func (d *document) valid(m *maker, effective string, years int) {
	d.effective = effective
	d.until = dayOf(effective).AddDate(years, 0, -1).Format(time.DateOnly)
	d.issued = workingDaysLater(later(effective, -31), 1)
	d.announced = m.announcement(d.issued, 14, 0)
	if m.chance(9) {
		d.announced = known(workingDaysLater(d.issued, 21+m.rng.IntN(10)))
	}
}

// reviewedAs says what a clean-up of documents did with it.
func (d *document) reviewedAs(i int, m *maker) {
	cleanUp := func(result string) {
		d.review, d.reviewed = result, "2025-12-19"
		if d.issued > "2025-06-30" {
			d.reviewed = "2026-09-18"
		}
		d.reviewNo = d.short + "政发〔" + d.reviewed[:4] + "〕" + strconv.Itoa(40+len(d.full)) + "号"
	}
	switch {
	case i%7 == 3 && d.issued < "2026-06-01":
		cleanUp("废止")
		d.repealed = later(d.reviewed, 12)
	case i%7 == 4 && d.issued < "2026-06-01":
		cleanUp("修改")
		d.amended = later(d.reviewed, 12)
	case d.until < "2025-12-01":
		cleanUp("宣布失效")
	case d.issued < "2025-06-01":
		cleanUp("继续有效")
	}
}

func (a *agenda) add(d document, m *maker) {
	d.registration = a.number("GF-"+d.code+"-"+d.issued[:4]+"-", "")
	a.documents = append(a.documents, d)
}

// recent are the documents that are interpreted and carried out.
func (d *document) recent() bool { return d.issued >= "2024-06-01" && d.announced != "" }

func normativeDocuments(provincial bool, seed int64) []record {
	m := newMaker(Options{Rows: 1, Seed: seed}, nil, nil, nil)
	var records []record
	for _, d := range theAgenda().documents {
		if (d.code == province.code) != provincial {
			continue
		}
		r := record{
			"document_no": d.number, "registration_no": d.registration, "title": d.title, "issuer": d.issuer, "department": d.department, "region_code": d.code, "theme": d.theme,
			"level": level(d.code), "issued_on": d.issued, "announced_on": d.announced, "effective_on": d.effective, "valid_to": d.until,
			"legality_reviewed": "true", "filed_on": known(workingDaysLater(d.issued, 15)), "enterprise_related": strconv.FormatBool(d.line == "商务" || d.line == "发展改革" || d.line == "市场监管" || m.chance(15)),
			"summary": "规定" + strings.Join(d.measures[:], "、") + "等内容，适用于" + d.full + "行政区域内的" + d.people + "。", "basis": d.basis,
			"review_result": d.review, "reviewed_on": d.reviewed, "review_document_no": d.reviewNo, "repealed_on": d.repealed, "amended_on": d.amended,
			"url": page(d.code, "gfxwj", d.registration), "remark": "示例数据",
		}
		if m.chance(12) {
			r["joint_issuers"] = departmentOf("财政", d.code, d.full).name + "；" + departmentOf("发展改革", d.code, d.full).name
		}
		records = append(records, r)
	}
	return records
}

func level(code string) string {
	switch {
	case code == province.code:
		return "省级"
	case strings.HasSuffix(code, "00"):
		return "市级"
	}
	return "县级"
}

// unused reports whether nothing else refers to a document.
func unused(document record) bool { return document["issued_on"] < "2024-01-01" }

func documentsWorkbook() ([]byte, error) {
	records := normativeDocuments(true, 61)
	old := rowsThat(unused, records)
	spoil(records, map[int]record{old[2]: {"document_no": "甘发改规2021年第7号"}, old[5]: {"effective_on": ""}})
	f := form{
		sheet: "规范性文件", title: "甘肃省现行及已清理行政规范性文件目录（示例数据）", under: []any{"填报单位：甘肃省司法厅", "", "", "", "", "", "截至2026年11月24日"},
		columns: []column{
			{"序号", "", nil}, {"文件_名称", "title", nil}, {"文件_文号", "document_no", nil}, {"文件_登记编号", "registration_no", nil}, {"制定机关", "issuer", nil}, {"联合发文单位", "joint_issuers", commas},
			{"起草单位", "department", nil}, {"行政区划代码", "region_code", nil}, {"层级", "level", nil}, {"主题分类", "theme", nil}, {"制定依据", "basis", nil}, {"内容摘要", "summary", nil},
			{"是否涉企", "enterprise_related", yesNo}, {"合法性审核", "legality_reviewed", yesNo}, {"日期_成文", "issued_on", dateCells}, {"日期_公布", "announced_on", dateCells},
			{"日期_施行", "effective_on", dateCells}, {"日期_有效期至", "valid_to", longTerm(dateCells)}, {"清理_结果", "review_result", or("/", nil)}, {"清理_日期", "reviewed_on", or("/", dateCells)},
			{"清理_决定文号", "review_document_no", or("/", nil)}, {"清理_废止日期", "repealed_on", or("/", dateCells)}, {"清理_修改日期", "amended_on", or("/", dateCells)}, {"文件链接", "url", nil},
		},
		page: 20, note: "注：1. 本目录为示例数据，文件均为虚构；2. 有效期届满未续期的文件自动失效。",
	}
	return f.xlsx(records)
}

func documentsText() ([]byte, error) {
	records := normativeDocuments(false, 62)
	old := rowsThat(unused, records)
	spoil(records, map[int]record{old[1]: {"effective_on": "2022-02-30"}, old[4]: {"review_result": "暂缓清理"}, old[7]: {"department": ""}})
	f := form{columns: []column{
		{"序号", "", nil}, {"标题", "title", nil}, {"发文字号", "document_no", wideDigits}, {"登记号", "registration_no", nil}, {"发文机关", "issuer", nil}, {"联合发文单位", "joint_issuers", commas},
		{"实施单位", "department", nil}, {"区划代码", "region_code", nil}, {"效力层级", "level", nil}, {"主题", "theme", nil}, {"依据", "basis", nil}, {"主要内容", "summary", nil},
		{"涉企文件", "enterprise_related", yesNo}, {"合法性审核", "legality_reviewed", yesNo}, {"报备日期", "filed_on", manyDates}, {"发文日期", "issued_on", manyDates}, {"发布日期", "announced_on", manyDates},
		{"生效日期", "effective_on", manyDates}, {"失效日期", "valid_to", longTerm(manyDates)}, {"清理意见", "review_result", or("—", nil)}, {"清理日期", "reviewed_on", manyDates},
		{"清理决定文号", "review_document_no", nil}, {"废止日期", "repealed_on", or("—", manyDates)}, {"修订日期", "amended_on", or("—", manyDates)}, {"网址", "url", nil}, {"备注", "remark", nil},
	}}
	return f.gb18030(records)
}

// longTerm writes 长期 for the date that stands for it.
func longTerm(write writer) writer {
	return func(i int, v string) any {
		if v == "2099-12-31" {
			return "长期"
		}
		return write(i, v)
	}
}

// interpretations explain the documents of the last years: most of them within
// three working days, some later, one or two for each.
func interpretations(provincial bool, seed int64) []record {
	m := newMaker(Options{Rows: 1, Seed: seed}, nil, nil, nil)
	numbers := map[string]int{}
	var records []record
	for _, d := range theAgenda().documents {
		if !d.recent() || (d.code == province.code) != provincial || m.chance(8) { // some have none
			continue
		}
		for n := range 1 + m.rng.IntN(2) {
			after := m.rng.IntN(4)
			if m.chance(16) {
				after = 4 + m.rng.IntN(12)
			}
			prefix := "JD-" + d.code + "-" + d.announced[:4] + "-"
			numbers[prefix]++
			how, kind := pick(m, []string{"文字解读", "图表图解", "文字解读；图表图解", "音频视频"}), "起草部门"
			if n > 0 {
				how = pick(m, []string{"新闻发布会", "政策吹风会", "接受访谈", "发表文章", "数字化解读"})
				kind = pick(m, []string{"主要负责人", "分管负责人", "专家学者", "新闻媒体"})
			}
			r := record{
				"interpretation_no": fmt.Sprintf("%s%03d", prefix, numbers[prefix]), "document_no": d.number, "document": d.title, "document_published_on": d.announced,
				"title": "《" + d.title + "》" + []string{"政策解读", "解读"}[n], "form": how, "interpreter_kind": kind,
				"background": "为落实" + d.basis + "，解决" + d.name + "中" + d.weakness + "等问题，制定本文件。", "goals": "力争" + d.indicator + plain(d.target) + d.unit + "，惠及" + d.people + "。",
				"points":         "一是" + d.measures[0] + "；二是" + d.measures[1] + "；三是" + d.measures[2] + "。",
				"interpreted_on": known(workingDaysLater(d.announced, after)), "channels": "政府网站；" + m.some("微信", "微博", "移动客户端", "报纸", "广播电视"), "readers": strconv.Itoa(200 + int(m.yuan(2000))),
				"department": d.department, "region_code": d.code, "remark": "示例数据",
			}
			if after == 0 {
				r["interpreted_on"] = d.announced
			}
			if kind != "起草部门" && kind != "新闻媒体" {
				r["interpreter"] = m.person()
			}
			if r["interpreter"] != "" && m.chance(30) {
				r["points"] += "咨询请联系" + r["interpreter"] + "，手机" + m.mobile() + "。"
			}
			r["url"] = page(d.code, "zcjd", r["interpretation_no"])
			records = append(records, r)
		}
	}
	return records
}

func interpretationsJSON() ([]byte, error) {
	records := interpretations(true, 71)
	spoil(records, map[int]record{8: {"form": "知识竞赛"}, 20: {"document_published_on": ""}})
	f := form{title: "示例数据", columns: []column{
		{"interpretation_no", "interpretation_no", nil}, {"document_no", "document_no", nil}, {"document", "document", nil}, {"document_published_on", "document_published_on", nil},
		{"title", "title", nil}, {"form", "form", nil}, {"interpreter_kind", "interpreter_kind", nil}, {"interpreter", "interpreter", nil}, {"background", "background", nil}, {"goals", "goals", nil},
		{"points", "points", nil}, {"interpreted_on", "interpreted_on", nil}, {"channels", "channels", nil}, {"url", "url", nil}, {"readers", "readers", number},
		{"department", "department", nil}, {"region_code", "region_code", nil}, {"remark", "remark", nil},
	}}
	return f.json(records)
}

func interpretationsWorkbook() ([]byte, error) {
	records := interpretations(false, 72)
	spoil(records, map[int]record{15: {"interpreted_on": "公开当日"}, 31: {"interpretation_no": records[30]["interpretation_no"]}})
	f := form{
		sheet: "政策解读台账", title: "市县政策解读工作台账（示例数据）",
		columns: []column{
			{"序号", "", nil}, {"解读编号", "interpretation_no", nil}, {"文件_名称", "document", nil}, {"文件_文号", "document_no", wideDigits}, {"文件_公开日期", "document_published_on", dateCells},
			{"解读_标题", "title", nil}, {"解读_形式", "form", commas}, {"解读_主体", "interpreter_kind", nil}, {"解读_解读人", "interpreter", or("/", nil)}, {"解读_发布日期", "interpreted_on", dateCells},
			{"解读_发布渠道", "channels", commas}, {"内容_背景", "background", nil}, {"内容_目标", "goals", nil}, {"内容_要点", "points", nil}, {"阅读量", "readers", number}, {"解读链接", "url", nil},
			{"起草单位", "department", nil}, {"行政区划代码", "region_code", nil},
		},
		page: 30, totals: []string{"readers"}, note: "注：本台账为示例数据；解读材料应于文件公开后3个工作日内发布。",
	}
	return f.xlsx(records)
}
