package synthetic

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync"
	"time"

	"govdata/ingest/calendar"
)

// reportedOn is the day on which these samples were sent.
const reportedOn = "2026-11-24"

// lastFeedback is the day until which opinions were collected and reported.
const lastFeedback = "2026-11-06"

// matter is a decision on its way: drafted, shown to the public, taken, made
// known in a document, evaluated. What has not happened yet is empty.
type matter struct {
	region
	topic
	kind, title        string
	department         string
	consultation       string // number
	opens, closes      string
	decision           string // number
	decided, announced string
	document           string // number
}

var decisionKinds = []string{"重大政策措施", "重要改革方案", "发展重点规划", "重点工程项目"}

// agenda holds the matters and the normative documents of all governments.
type agenda struct {
	matters   []matter
	documents []document
	numbers   map[string]int
}

var theAgenda = sync.OnceValue(func() *agenda {
	a := &agenda{numbers: map[string]int{}}
	m := newMaker(Options{Rows: 1, Seed: 714}, nil, nil, nil)
	for i := range 150 {
		offset := i * 7
		if i > 110 { // more of late
			offset = 770 + (i-110)*3
		}
		opens := m.workday(later("2024-06-10", offset), later("2024-06-14", offset))
		x := matter{region: m.government(), topic: pick(m, topics), kind: decisionKinds[m.weighted(len(decisionKinds))], opens: opens}
		x.department = departmentOf(x.line, x.code, x.full).name
		x.title = x.named(i)
		x.consultation = a.number("ZQ-"+x.code+"-"+opens[:4]+"-", "")
		x.closes = later(opens, 30+m.rng.IntN(12))
		if i%8 == 3 {
			x.closes = later(opens, 6+m.rng.IntN(12)) // in a hurry
		}
		x.decided = known(m.workday(later(x.closes, 25), later(x.closes, 70)))
		if x.decided != "" {
			x.decision = a.number("JC-"+x.code+"-"+x.decided[:4]+"-", "")
			x.announced = m.announcement(x.decided, 20, 10)
		}
		a.matters = append(a.matters, x)
	}
	a.addDocuments(m)
	return a
})

// named composes the title of a matter.
func (x *matter) named(i int) string {
	switch x.kind {
	case "发展重点规划":
		return x.full + "“十五五”" + x.name + "规划"
	case "重要改革方案":
		return x.full + x.name + "改革实施方案"
	case "重点工程项目":
		return x.full + x.project
	}
	return x.full + x.name + []string{"管理办法", "若干措施", "实施细则", "工作规范"}[i%4]
}

// number counts on within a prefix; some numbers go to other papers.
func (a *agenda) number(prefix, suffix string) string {
	a.numbers[prefix]++
	if suffix == "" {
		return fmt.Sprintf("%s%03d", prefix, a.numbers[prefix])
	}
	return prefix + strconv.Itoa(3*a.numbers[prefix]+len(prefix)%5) + suffix
}

var province = region{code: "620000", full: "甘肃省", city: "甘肃", short: "甘"}

// government picks the province, a prefecture or a county.
func (m *maker) government() region {
	switch p := m.rng.IntN(10); {
	case p < 3:
		return province
	case p < 7:
		c := pick(m, m.world.cities)
		if c.code == "623000" {
			c.short = "州" // 甘 is the province
		}
		return c
	}
	return pick(m, m.world.regions)
}

func dayOf(s string) time.Time {
	t, _ := time.Parse(time.DateOnly, s)
	return t
}

func later(day string, days int) string { return dayOf(day).AddDate(0, 0, days).Format(time.DateOnly) }

// workingDaysLater is empty where the calendar does not reach.
func workingDaysLater(day string, n int) string {
	if due, ok := calendar.Default().Add(dayOf(day), n); ok {
		return due.Format(time.DateOnly)
	}
	return ""
}

// workday picks a working day of a period, or the next one after it.
func (m *maker) workday(from, to string) string {
	span := int(dayOf(to).Sub(dayOf(from)).Hours()/24) + 1
	return workingDaysLater(later(from, m.rng.IntN(max(span, 1))-1), 1)
}

// announcement is a day within so many working days, or after them in some
// cases of a hundred; empty where it is still to come.
func (m *maker) announcement(day string, within, lateOnes int) string {
	n := 1 + m.rng.IntN(within)
	if m.rng.IntN(100) < lateOnes {
		n = within + 1 + m.rng.IntN(within+5)
	}
	return known(workingDaysLater(day, n))
}

// known is a day that has come.
func known(day string) string {
	if day > reportedOn {
		return ""
	}
	return day
}

func (m *maker) person() string { return pick(m, surnames) + pick(m, givenNames) }

// mobile makes a number out of two blocks that examples use.
func (m *maker) mobile() string {
	if m.rng.IntN(2) == 0 {
		return fmt.Sprintf("138001380%02d", m.rng.IntN(100))
	}
	return fmt.Sprintf("1390000%04d", m.rng.IntN(10000))
}

// chance is true in so many of a hundred cases.
func (m *maker) chance(percent int) bool { return m.rng.IntN(100) < percent }

// yuan is a log-normal amount in steps of 100 yuan around a median.
func (m *maker) yuan(median float64) float64 {
	return math.Max(100, math.Round(median*math.Exp(0.8*m.rng.NormFloat64())/100)*100)
}

func money(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// some picks at least one of the values, in their order.
func (m *maker) some(values ...string) string {
	var picked []string
	for _, v := range values {
		if m.chance(45) {
			picked = append(picked, v)
		}
	}
	if len(picked) == 0 {
		picked = append(picked, pick(m, values))
	}
	return strings.Join(picked, "；")
}

func page(code, kind, number string) string {
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, number)
	return "https://zwgk.example.com/" + code + "/" + kind + "/" + digits + ".html"
}

var decisionSamples = map[string]sampler{
	"decision_consultations/consultations_province_2026.xlsx": consultationsWorkbook,
	"decision_consultations/consultations_local_gb18030.csv":  consultationsText,
	"consultation_feedback/feedback_platform.jsonl":           feedbackLines,
	"consultation_feedback/feedback_hearings.xlsx":            feedbackWorkbook,
	"decision_outcomes/outcomes_province.json":                outcomesJSON,
	"decision_outcomes/outcomes_local_utf8bom.csv":            outcomesText,
	"normative_documents/documents_province.xlsx":             documentsWorkbook,
	"normative_documents/documents_local_gb18030.csv":         documentsText,
	"policy_interpretations/interpretations_province.json":    interpretationsJSON,
	"policy_interpretations/interpretations_local.xlsx":       interpretationsWorkbook,
	"policy_execution/execution_province.xlsx":                executionWorkbook,
	"policy_execution/execution_local_utf16.txt":              executionText,
	"inspection_findings/findings_province.xlsx":              findingsWorkbook,
	"inspection_findings/findings_cities_utf8bom.csv":         findingsText,
	"audit_results/audit_province.xlsx":                       auditWorkbook,
	"audit_results/audit_cities_gb18030.csv":                  auditText,
	"implementation_results/results_province.xlsx":            resultsWorkbook,
	"implementation_results/results_cities_utf16.txt":         resultsText,
	"proposal_outcomes/proposals_province_gb18030.csv":        proposalsText,
	"proposal_outcomes/proposals_cities.xlsx":                 proposalsWorkbook,
	"decision_evaluations/evaluations_export.json":            evaluationsJSON,
	"decision_evaluations/evaluations_local.xlsx":             evaluationsWorkbook,
}

func consultations(provincial bool, seed int64) []record {
	m := newMaker(Options{Rows: 1, Seed: seed}, nil, nil, nil)
	var records []record
	for _, x := range theAgenda().matters {
		if (x.code == province.code) != provincial {
			continue
		}
		r := record{
			"consultation_no": x.consultation, "title": x.title, "kind": x.kind, "listed": strconv.FormatBool(m.chance(85)),
			"draft": x.title + "（征求意见稿）", "draft_url": page(x.code, "zqyj", x.consultation), "basis": "《重大行政决策程序暂行条例》；" + x.basis,
			"summary":    "为做好" + x.name + "工作，拟" + strings.Join(x.measures[:], "，") + "，主要涉及" + x.people + "。",
			"department": x.department, "decided_by": x.full + "人民政府", "region_code": x.code, "opens_on": x.opens, "closes_on": x.closes,
			"channels": m.some("网络", "信函", "电子邮件", "电话", "现场"), "media": m.some("政府网站", "报纸", "广播", "电视", "政务新媒体"),
			"methods": m.some("听证座谈", "调查研究", "咨询协商", "媒体沟通"), "contact": m.person(), "contact_phone": m.mobile(),
			"email": "yjzj" + x.code + "@gov.example.com", "remark": "示例数据",
		}
		if later(x.opens, 29) > x.closes {
			r["shortened_reason"] = pick(m, []string{"汛期临近，需尽快实施", "上级政策已明确施行日期", "资金须在本年度内下达"})
		}
		if m.chance(10) {
			r["remark"] = "示例数据；书面意见请寄" + x.full + "，联系人" + r["contact"] + "，手机" + r["contact_phone"]
		}
		records = append(records, r)
	}
	return records
}

// undecided reports whether nothing else refers to a consultation yet.
func undecided(consultation record) bool { return consultation["closes_on"] > lastFeedback }

func consultationsWorkbook() ([]byte, error) {
	records := consultations(true, 15)
	open := rowsThat(undecided, records)
	spoil(records, map[int]record{open[0]: {"closes_on": "2026-11-31"}, open[1]: {"kind": "重大活动"}})
	f := form{
		sheet: "预公开", title: "甘肃省重大行政决策预公开情况汇总表（示例数据）",
		under: []any{"填报单位：甘肃省人民政府办公厅", "", "", "", "", "填报日期：2026年11月24日"},
		columns: []column{
			{"序号", "", nil}, {"征集编号", "consultation_no", nil}, {"决策事项_名称", "title", nil}, {"决策事项_类别", "kind", nil}, {"决策事项_是否列入目录", "listed", yesNo},
			{"决策草案_名称", "draft", nil}, {"决策草案_链接", "draft_url", nil}, {"决策依据", "basis", nil}, {"主要内容", "summary", nil},
			{"承办单位", "department", nil}, {"决策机关", "decided_by", nil}, {"行政区划代码", "region_code", nil},
			{"征求意见期限_开始", "opens_on", dateCells}, {"征求意见期限_截止", "closes_on", dateCells}, {"征求意见期限_缩短理由", "shortened_reason", or("—", nil)},
			{"反馈意见方式", "channels", commas}, {"公布媒体", "media", commas}, {"听取意见方式", "methods", commas},
			{"联系方式_联系人", "contact", nil}, {"联系方式_手机", "contact_phone", nil}, {"联系方式_邮箱", "email", nil}, {"备注", "remark", nil},
		},
		page: 25, note: "注：1. 本表为示例数据，内容均为虚构；2. 征求意见期限一般不少于30日，少于30日的须说明理由。",
	}
	return f.xlsx(records)
}

func consultationsText() ([]byte, error) {
	records := consultations(false, 16)
	open := rowsThat(undecided, records)
	spoil(records, map[int]record{open[0]: {"opens_on": "待定"}, open[1]: {"consultation_no": ""}, open[2]: {"region_code": "62010"}})
	f := form{columns: []column{
		{"征集编号", "consultation_no", wideDigits}, {"事项名称", "title", nil}, {"事项类别", "kind", nil}, {"是否目录事项", "listed", yesNo}, {"草案名称", "draft", nil},
		{"草案链接", "draft_url", nil}, {"制定依据", "basis", nil}, {"起草说明", "summary", nil}, {"起草单位", "department", nil}, {"决策机关", "decided_by", nil},
		{"区划代码", "region_code", nil}, {"公开日期", "opens_on", manyDates}, {"反馈截止日期", "closes_on", manyDates}, {"缩短期限理由", "shortened_reason", or("/", nil)},
		{"意见反馈渠道", "channels", commas}, {"公开渠道", "media", commas}, {"听取意见方式", "methods", commas}, {"联系人", "contact", nil}, {"联系电话", "contact_phone", nil},
		{"电子邮箱", "email", nil}, {"备注", "remark", nil},
	}}
	return f.gb18030(records)
}

// feedback are the opinions on drafts whose period is over.
func feedback(hearings bool, seed int64) []record {
	m := newMaker(Options{Rows: 1, Seed: seed}, nil, nil, nil)
	var records []record
	for i, x := range theAgenda().matters {
		if x.closes > lastFeedback || (i%4 == 0) != hearings {
			continue
		}
		first := 1
		if hearings {
			first = 51 // those on the platform are numbered from 1
		}
		for n := range 1 + m.rng.IntN(3) {
			records = append(records, m.opinion(x, fmt.Sprintf("YJ-%s-%02d", strings.TrimPrefix(x.consultation, "ZQ-"), first+n), hearings))
		}
	}
	return records
}

// opinion is what one person or organisation says of a draft, with numbers in
// the text that nobody else should read.
func (m *maker) opinion(x matter, number string, hearing bool) record {
	r := record{"feedback_no": number, "consultation_no": x.consultation, "draft": x.title, "method": pick(m, []string{"网上征集", "网上征集", "书面来信", "媒体沟通"}),
		"received_on": m.between(later(x.opens, 1), x.closes), "department": x.department, "region_code": x.code, "supporters": strconv.Itoa(1 + m.weighted(40)), "remark": "示例数据"}
	if hearing {
		r["method"] = pick(m, []string{"听证座谈", "调查研究", "咨询协商"})
	}
	town := pick(m, []string{"城关镇", "东街街道", "河口镇", "南川乡", "西津街道", "新城镇"})
	switch p := m.rng.IntN(100); {
	case p < 55:
		name := m.person()
		r["author_kind"], r["author"], r["phone"] = "自然人", name, m.mobile()
		r["address"] = m.home(x.region).full + town + strconv.Itoa(1+m.rng.IntN(90)) + "号"
		if hearing || m.chance(40) {
			r["identity_no"] = m.identity()
		}
	case p < 80:
		r["author_kind"], r["author"] = "企业", x.city+pick(m, tradeNames)+pick(m, industries)+"有限公司"
	case p < 90:
		r["author_kind"], r["author"] = "专家学者", m.person()
	default:
		r["author_kind"], r["author"] = pick(m, []string{"社会组织", "人大代表", "政协委员"}), m.person()
		if r["author_kind"] == "社会组织" {
			r["author"] = x.full + pick(m, []string{"志愿服务协会", "消费者协会", "物业管理行业协会"})
		}
	}
	measure := pick(m, x.measures[:])
	r["opinion"] = pick(m, []string{x.request, "草案提出“" + measure + "”，建议明确牵头单位和完成时限", "关于“" + measure + "”的条款偏原则，" + x.request,
		"建议在草案中增加监督渠道，" + x.request, "赞成草案，" + x.request + "，并每半年公布一次进展"}) + "。"
	switch {
	case r["author_kind"] == "自然人" && m.chance(20):
		r["opinion"] += "本人" + r["author"] + "，电话" + m.mobile() + "，请回复。"
	case m.chance(6):
		r["opinion"] += "（身份证号" + m.identity() + "）"
	}
	r["result"] = pick(m, []string{"采纳", "采纳", "部分采纳", "未采纳", "已作解释说明"})
	r["reason"] = map[string]string{
		"采纳": "已在“" + measure + "”部分修改完善", "部分采纳": "采纳关于“" + measure + "”的建议，其余内容将在配套文件中研究",
		"未采纳": pick(m, []string{"与上位法规定不一致", "超出现阶段财政承受能力", "属于其他部门职责，已转有关单位研究"}), "已作解释说明": "现行政策已有规定，已向意见人说明",
	}[r["result"]]
	r["replied_on"] = known(m.workday(later(x.closes, 1), later(x.closes, 20)))
	return r
}

// home is the county that somebody is from who has to do with a government.
func (m *maker) home(of region) region {
	prefix := strings.TrimSuffix(strings.TrimSuffix(of.code, "00"), "00")
	var counties []region
	for _, r := range m.world.regions {
		if strings.HasPrefix(r.code, prefix) {
			counties = append(counties, r)
		}
	}
	if len(counties) == 0 { // 嘉峪关
		return of
	}
	return pick(m, counties)
}

// between picks any day of a period.
func (m *maker) between(from, to string) string {
	return later(from, m.rng.IntN(max(1, int(dayOf(to).Sub(dayOf(from)).Hours()/24)+1)))
}

func feedbackLines() ([]byte, error) {
	records := feedback(false, 41)
	spoil(records, map[int]record{30: {"received_on": "2025-02-29"}, 75: {"result": "酌情处理"}, 120: {"opinion": ""}})
	f := form{columns: []column{
		{"feedback_no", "feedback_no", nil}, {"consultation_no", "consultation_no", nil}, {"draft", "draft", nil}, {"method", "method", nil}, {"received_on", "received_on", manyDates},
		{"author_kind", "author_kind", nil}, {"author", "author", nil}, {"identity_no", "identity_no", nil}, {"phone", "phone", nil}, {"address", "address", nil},
		{"opinion", "opinion", nil}, {"supporters", "supporters", number}, {"result", "result", nil}, {"reason", "reason", nil}, {"replied_on", "replied_on", nil},
		{"department", "department", nil}, {"region_code", "region_code", nil}, {"remark", "remark", nil},
	}}
	return f.jsonLines(records)
}

func feedbackWorkbook() ([]byte, error) {
	records := feedback(true, 42)
	spoil(records, map[int]record{20: {"feedback_no": records[19]["feedback_no"]}})
	f := form{
		sheet: "听证座谈记录", title: "重大决策听证座谈意见收集和采纳情况表（示例数据）",
		columns: []column{
			{"序号", "", nil}, {"意见编号", "feedback_no", nil}, {"征集编号", "consultation_no", nil}, {"征求意见事项", "draft", nil},
			{"意见人_类别", "author_kind", nil}, {"意见人_姓名或名称", "author", nil}, {"意见人_身份证号", "identity_no", nil}, {"意见人_电话", "phone", nil}, {"意见人_住址", "address", or("/", nil)},
			{"意见_收集方式", "method", nil}, {"意见_收到日期", "received_on", dateCells}, {"意见_内容", "opinion", nil}, {"意见_同类条数", "supporters", number},
			{"处理_采纳情况", "result", nil}, {"处理_理由", "reason", nil}, {"处理_反馈日期", "replied_on", dateCells}, {"承办单位", "department", nil}, {"行政区划代码", "region_code", nil},
		},
		totals: []string{"supporters"}, note: "说明：本表为示例数据，人员与内容均为虚构。",
	}
	return f.xlsx(records)
}

// outcomes are the decisions taken, with the steps of the procedure.
func outcomes(provincial bool, seed int64) []record {
	m := newMaker(Options{Rows: 1, Seed: seed}, nil, nil, nil)
	var records []record
	for i, x := range theAgenda().matters {
		if x.decided == "" || (x.code == province.code) != provincial {
			continue
		}
		r := record{
			"decision_no": x.decision, "title": x.title, "kind": x.kind, "decided_by": x.full + "人民政府", "decided_on": x.decided, "department": x.department, "region_code": x.code,
			"consultation_no": x.consultation, "participation": "公开征求意见；" + m.some("座谈会", "听证会", "实地走访", "问卷调查"),
			"expert_review": pick(m, []string{"已论证", "已论证", "已论证", "不涉及"}), "risk_assessment": pick(m, []string{"低风险", "低风险", "低风险", "中风险", "不涉及"}),
			"legality_review": pick(m, []string{"通过", "通过", "修改后通过"}), "legality_reviewed_on": m.workday(later(x.decided, -20), later(x.decided, -4)), "deliberation": "常务会议",
			"result": "同意", "disclosure": "主动公开", "announced_on": x.announced, "remark": "示例数据",
			"resolution": "会议审议《" + x.title + "》，要求" + strings.Join(x.measures[:], "，") + "，由" + x.department + "会同有关部门抓好落实。",
		}
		r["meeting"] = fmt.Sprintf("%s人民政府第%d次常务会议", x.full, 20+i/3)
		if m.chance(10) {
			r["deliberation"], r["meeting"] = "全体会议", x.full+"人民政府全体会议"
		}
		switch {
		case x.document != "":
			r["document"], r["document_no"] = x.title, x.document
		case m.chance(35):
			r["result"] = "原则同意"
		}
		if x.kind == "重点工程项目" || x.kind == "发展重点规划" {
			r["funds"] = money(m.yuan(3.2e7))
		}
		if x.decided > "2026-07-01" && m.chance(25) { // nothing follows from these yet
			r["disclosure"], r["document"], r["document_no"], r["announced_on"] = "不予公开", "", "", ""
			r["remark"] = "示例数据；涉及内部工作安排，待研究后另行印发"
		}
		records = append(records, r)
	}
	return records
}

func outcomesJSON() ([]byte, error) {
	records := outcomes(true, 51)
	spoil(records, map[int]record{len(records) - 1: {"legality_review": "待审"}})
	f := form{title: "示例数据", columns: []column{
		{"议定事项编号", "decision_no", nil}, {"议定事项", "title", nil}, {"事项类别", "kind", nil}, {"议定内容", "resolution", nil}, {"决策机关", "decided_by", nil}, {"会议名称", "meeting", nil},
		{"议定日期", "decided_on", nil}, {"承办单位", "department", nil}, {"行政区划代码", "region_code", nil}, {"征集编号", "consultation_no", nil}, {"公众参与", "participation", commas},
		{"专家论证", "expert_review", nil}, {"风险评估", "risk_assessment", nil}, {"合法性审查", "legality_review", nil}, {"合法性审查日期", "legality_reviewed_on", nil},
		{"集体讨论决定", "deliberation", nil}, {"议定结果", "result", nil}, {"相关文件", "document", nil}, {"文号", "document_no", nil}, {"涉及资金（元）", "funds", number},
		{"公开属性", "disclosure", nil}, {"公布日期", "announced_on", nil}, {"备注", "remark", nil},
	}}
	return f.json(records)
}

func outcomesText() ([]byte, error) {
	records := outcomes(false, 52)
	n := len(records)
	spoil(records, map[int]record{n - 1: {"decided_on": "2026年11月"}, n - 2: {"title": ""}})
	f := form{columns: []column{
		{"决策编号", "decision_no", nil}, {"议题", "title", nil}, {"决策类别", "kind", nil}, {"决定内容", "resolution", nil}, {"决策主体", "decided_by", nil}, {"议定会议", "meeting", nil},
		{"会议日期", "decided_on", manyDates}, {"落实单位", "department", nil}, {"区划代码", "region_code", nil}, {"征求意见编号", "consultation_no", nil}, {"公众参与", "participation", commas},
		{"专家论证", "expert_review", nil}, {"风险等级", "risk_assessment", nil}, {"审查意见", "legality_review", nil}, {"合法性审查日期", "legality_reviewed_on", manyDates},
		{"集体讨论形式", "deliberation", nil}, {"审议结果", "result", nil}, {"印发文件", "document", or("无", nil)}, {"文号", "document_no", or("无", nil)}, {"投资额（万元）", "funds", or("—", inTenThousands)},
		{"公开方式", "disclosure", nil}, {"公开日期", "announced_on", manyDates}, {"备注", "remark", nil},
	}}
	return f.utf8BOM(records)
}
