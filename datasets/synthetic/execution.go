package synthetic

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// percentage is a share of 0 to 100 with at most one decimal.
func percentage(v float64) string {
	return strconv.FormatFloat(math.Round(min(max(v, 0), 100)*10)/10, 'f', -1, 64)
}

// elapsed is the share of a period that is over at the end of a month.
func elapsed(from, to, month string) float64 {
	end := dayOf(month+"-01").AddDate(0, 1, -1)
	return end.Sub(dayOf(from)).Hours() / dayOf(to).Sub(dayOf(from)).Hours()
}

// state is what a progress in percent means at a time when so much of the
// period is over.
func state(progress string, over float64) string {
	switch p, _ := strconv.ParseFloat(progress, 64); {
	case p >= 100:
		return "已完成"
	case p == 0:
		return "未启动"
	case p < 100*over-15:
		return "滞后"
	}
	return "正常推进"
}

// partners are other departments of the same government.
func (m *maker) partners(x region, not string) string {
	var names []string
	for range 1 + m.rng.IntN(3) {
		if line := pick(m, topics).line; line != not {
			names = append(names, departmentOf(line, x.code, x.full).name)
		}
	}
	return strings.Join(names, "；")
}

// execution are the tasks that follow from documents, as they stand at the end
// of each month.
func execution(provincial bool, seed int64, months ...string) []record {
	m := newMaker(Options{Rows: 1, Seed: seed}, nil, nil, nil)
	numbers := map[string]int{}
	var records []record
	for i, d := range theAgenda().documents {
		if !d.recent() || (d.code == province.code) != provincial || d.issued > "2026-08-31" || i%2 == 1 && !provincial {
			continue
		}
		started := m.workday(later(d.issued, 10), later(d.issued, 40))
		finish := []string{"2026-06-30", "2026-12-31", "2027-06-30", "2027-12-31"}[m.rng.IntN(4)]
		if finish < later(started, 180) {
			finish = "2027-12-31"
		}
		speed, planned, partners := 0.75+0.5*m.rng.Float64(), m.yuan(1.2e7), m.partners(d.region, d.line)
		prefix := "RW-" + d.code + "-" + d.issued[:4] + "-"
		numbers[prefix]++
		internal := i%16 == 7 // not yet for the public
		for _, month := range months {
			over := elapsed(started, finish, month)
			if over < 0 {
				continue
			}
			progress := percentage(100 * over * speed)
			r := record{
				"task_no": fmt.Sprintf("%s%03d", prefix, numbers[prefix]), "period": month, "task": "落实《" + d.title + "》", "kind": "重要政策", "policy": d.title, "document_no": d.number,
				"measures": strings.Join(d.measures[:], "；"), "steps": started[:7] + "动员部署；" + "2026年上半年全面实施；" + finish[:7] + "总结评估", "department": d.department, "partners": partners,
				"supervision": m.some("专项督查", "社会监督", "人大监督", "审计监督", "绩效考核"), "region_code": d.code, "started_on": started, "finish_by": finish,
				"progress": progress, "status": state(progress, over), "results": d.indicator + plain(math.Round(d.target*min(1, over*speed))) + d.unit + "，" + d.measures[0] + "取得进展。",
				"next": "下一步重点" + d.measures[2] + "，" + d.remedy + "。", "funds_planned": money(planned), "funds_spent": money(math.Round(planned * min(1, over*speed*0.9))),
				"opinions": strconv.Itoa(m.rng.IntN(30)), "disclosure": "主动公开", "remark": "示例数据",
			}
			if strings.Contains(d.title, "改革") {
				r["kind"] = "改革任务"
			}
			if i%13 == 5 { // from above the province, and so in no list of ours
				r["kind"], r["policy"], r["document_no"] = "重要政策", "国家有关部门"+d.name+"工作要点", fmt.Sprintf("示例发〔%s〕%d号", d.issued[:4], i)
				r["task"] = "落实" + r["policy"]
			}
			if internal {
				r["disclosure"] = "不予公开"
			}
			if m.chance(8) {
				r["next"] += "意见请反馈至手机" + m.mobile() + "。"
			}
			records = append(records, r)
		}
	}
	return records
}

func executionWorkbook() ([]byte, error) {
	records := execution(true, 81, "2026-07", "2026-10")
	spoil(records, map[int]record{11: {"progress": "108"}, 26: {"finish_by": "2026-09-31"}})
	f := form{
		sheet: "执行情况", title: "省级重要改革和政策执行情况调度表（示例数据）",
		under: []any{"填报单位：甘肃省人民政府办公厅", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "单位：万元"},
		columns: []column{
			{"序号", "", nil}, {"统计月份", "period", nil}, {"任务_编号", "task_no", nil}, {"任务_名称", "task", nil}, {"任务_类别", "kind", nil}, {"任务_政策文件", "policy", nil}, {"任务_文号", "document_no", nil},
			{"执行措施", "measures", nil}, {"实施步骤", "steps", nil}, {"责任分工_牵头单位", "department", nil}, {"责任分工_配合单位", "partners", commas}, {"监督方式", "supervision", commas},
			{"行政区划代码", "region_code", nil}, {"时间_启动", "started_on", dateCells}, {"时间_完成时限", "finish_by", dateCells}, {"进展_进度", "progress", percent}, {"进展_状态", "status", nil},
			{"进展_阶段性成效", "results", nil}, {"进展_后续举措", "next", nil}, {"资金_安排", "funds_planned", inTenThousands}, {"资金_支出", "funds_spent", inTenThousands}, {"公众意见数", "opinions", number},
			{"公开属性", "disclosure", nil},
		},
		page: 40, totals: []string{"funds_planned", "funds_spent", "opinions"}, note: "注：本表为示例数据，进度为截至统计月末的累计进度。",
	}
	return f.xlsx(records)
}

func executionText() ([]byte, error) {
	records := execution(false, 82, "2026-10")
	spoil(records, map[int]record{5: {"status": "基本完成"}, 17: {"department": ""}})
	f := form{title: "市县政策执行情况（示例数据）", columns: []column{
		{"编号", "task_no", nil}, {"报告期", "period", chineseMonth}, {"重点任务", "task", nil}, {"类别", "kind", nil}, {"文件名称", "policy", nil}, {"文号", "document_no", wideDigits}, {"落实措施", "measures", nil},
		{"步骤安排", "steps", nil}, {"责任单位", "department", nil}, {"协同单位", "partners", commas}, {"监督措施", "supervision", commas}, {"区划代码", "region_code", nil}, {"开始日期", "started_on", manyDates},
		{"计划完成日期", "finish_by", manyDates}, {"进度（%）", "progress", nil}, {"推进状态", "status", nil}, {"取得成效", "results", nil}, {"下一步工作", "next", nil},
		{"计划资金（元）", "funds_planned", grouped}, {"已支出（元）", "funds_spent", grouped}, {"意见数", "opinions", nil}, {"公开方式", "disclosure", nil}, {"备注", "remark", nil},
	}}
	return f.utf16Tabs(records)
}

// chineseMonth writes 2026-10 as 2026年10月.
func chineseMonth(i int, v string) any {
	if year, month, ok := strings.Cut(v, "-"); ok && i%3 > 0 {
		return year + "年" + strings.TrimPrefix(month, "0") + "月"
	}
	return v
}

// findings are what the inspectors of a government found in its departments,
// and in those below.
func findings(provincial bool, rows int, seed int64) []record {
	m := newMaker(Options{Rows: 1, Seed: seed}, nil, nil, nil)
	numbers := map[string]int{}
	var records []record
	for range rows {
		t, where := pick(m, topics), pick(m, m.world.regions)
		by := m.world.cityOf(where.code)
		if provincial {
			by, where = province, m.world.cityOf(where.code)
		}
		day := m.workday("2025-01-06", "2026-10-30")
		prefix := "DC-" + by.code + "-" + day[:4] + "-"
		numbers[prefix]++
		due := later(day, []int{30, 60, 90}[m.rng.IntN(3)])
		r := record{
			"finding_no": fmt.Sprintf("%s%03d", prefix, numbers[prefix]), "inspection": by.full + t.name + pick(m, []string{"专项督查", "落实情况督查", "“回头看”督查"}),
			"kind": pick(m, []string{"综合督查", "专项督查", "专项督查", "事件调查", "日常督办", "线索核查"}), "inspector": departmentOf("督查", by.code, by.full).name, "inspected_on": day,
			"department": departmentOf(t.line, where.code, where.full).name, "region_code": where.code, "origin": pick(m, []string{"实地督查", "实地督查", "互联网+督查", "群众投诉", "媒体反映", "部门移送"}),
			"category": pick(m, []string{"不作为", "慢作为", "慢作为", "乱作为", "政策落实不到位", "政策落实不到位", "资金使用不规范", "其他"}),
			"finding":  where.full + t.weakness + "，涉及" + t.people + strconv.Itoa(1+m.weighted(60)) + "人（户）。", "measures": t.remedy + "，并在" + where.full + "范围内举一反三。",
			"rectify_by": due, "status": "已完成整改", "remark": "示例数据",
		}
		if r["origin"] == "群众投诉" || r["origin"] == "互联网+督查" {
			r["complainant"], r["complainant_phone"] = m.person(), m.mobile()
			if m.chance(35) {
				r["finding"] += "投诉人" + r["complainant"] + "，电话" + r["complainant_phone"] + "。"
			}
		}
		if r["category"] == "资金使用不规范" || m.chance(15) {
			r["amount"] = money(m.yuan(260000))
		}
		switch p := m.rng.IntN(100); {
		case due > reportedOn && p < 60:
			r["status"] = "正在整改"
		case p < 8:
			r["status"], r["measures"] = "正在核查", ""
		case due < reportedOn && p < 16:
			r["status"] = "逾期未整改"
		default:
			r["rectified_on"] = min(m.between(later(day, 5), later(due, 8)), reportedOn)
			r["announced_on"] = known(workingDaysLater(r["rectified_on"], 5))
		}
		if r["status"] != "正在核查" && (strings.HasSuffix(r["category"], "作为") && m.chance(60) || m.chance(10)) {
			var names []string
			for range 1 + m.rng.IntN(3) {
				names = append(names, m.person())
			}
			r["accountability"], r["accountable_persons"], r["accountable_names"] = m.some("批评教育", "约谈", "通报批评", "责令书面检查", "诫勉", "调整岗位", "移送纪检监察机关"), strconv.Itoa(len(names)), strings.Join(names, "、")
		}
		records = append(records, r)
	}
	return records
}

func findingsWorkbook() ([]byte, error) {
	records := findings(true, 70, 91)
	spoil(records, map[int]record{33: {"category": "推诿扯皮"}})
	f := form{
		sheet: "督查台账", title: "省政府督查发现问题及整改问责台账（示例数据）", under: []any{"填报单位：甘肃省人民政府督查室", "", "", "", "", "", "", "", "", "", "", "单位：万元"},
		columns: []column{
			{"序号", "", nil}, {"问题_编号", "finding_no", nil}, {"督查_名称", "inspection", nil}, {"督查_类型", "kind", nil}, {"督查_单位", "inspector", nil}, {"督查_日期", "inspected_on", dateCells},
			{"被督查单位", "department", nil}, {"行政区划代码", "region_code", nil}, {"线索来源", "origin", nil}, {"投诉人_姓名", "complainant", or("/", nil)}, {"投诉人_电话", "complainant_phone", or("/", nil)},
			{"问题_类别", "category", nil}, {"问题_内容", "finding", nil}, {"问题_涉及金额", "amount", or("—", inTenThousands)}, {"整改_措施", "measures", nil}, {"整改_时限", "rectify_by", dateCells},
			{"整改_完成日期", "rectified_on", or("", dateCells)}, {"整改_状态", "status", nil}, {"问责_方式", "accountability", or("无", commas)}, {"问责_人数", "accountable_persons", or("0", number)},
			{"问责_对象", "accountable_names", or("无", nil)}, {"公开日期", "announced_on", dateCells},
		},
		totals: []string{"amount", "accountable_persons"}, note: "说明：本台账为示例数据，单位问题与人员均为虚构。",
	}
	return f.xlsx(records)
}

func findingsText() ([]byte, error) {
	records := findings(false, 110, 92)
	spoil(records, map[int]record{40: {"inspected_on": "2026-06-31"}, 77: {"finding_no": records[12]["finding_no"]}})
	f := form{columns: []column{
		{"编号", "finding_no", nil}, {"督查事项", "inspection", nil}, {"督查方式", "kind", nil}, {"督查机构", "inspector", nil}, {"发现日期", "inspected_on", manyDates}, {"整改责任单位", "department", nil},
		{"区划代码", "region_code", nil}, {"问题来源", "origin", nil}, {"举报人", "complainant", nil}, {"举报人电话", "complainant_phone", nil}, {"问题类型", "category", nil}, {"存在问题", "finding", nil},
		{"涉及资金", "amount", or("/", withUnit)}, {"整改措施", "measures", or("暂无", nil)}, {"整改期限", "rectify_by", manyDates}, {"销号日期", "rectified_on", manyDates}, {"整改情况", "status", nil},
		{"问责方式", "accountability", commas}, {"问责人数", "accountable_persons", wideDigits}, {"问责对象", "accountable_names", nil}, {"通报日期", "announced_on", manyDates}, {"备注", "remark", nil},
	}}
	return f.utf8BOM(records)
}

// auditProblems are what audits find, by kind, with what is asked then.
var auditProblems = []struct {
	kind, problem, opinion, measure string
	median                          float64
}{
	{"预算编制不完整", "上年结转资金未编入部门预算", "将结转资金全部编入预算", "修订预算编制内部办法，补编结转资金", 3.2e6},
	{"预算执行率低", "项目预算执行率低于50%", "加快支出进度，统筹盘活", "按月通报执行进度，收回无法执行的资金", 4.5e6},
	{"资金闲置", "专项资金滞留两年以上未使用", "及时收回并统筹使用", "清理存量资金并上缴国库", 2.6e6},
	{"超标准支出", "超标准列支会议费、培训费", "追回超标准支出", "追回资金并修订经费管理办法", 4.8e4},
	{"违规发放津补贴", "无依据发放值班补助", "限期清退", "全部清退并开展警示教育", 7.2e4},
	{"项目管理不规范", "项目未按合同约定工期建成", "加强项目调度和验收管理", "建立项目台账，逐项明确完工时间", 5.4e6},
	{"政府采购不规范", "应公开招标的服务项目直接委托", "规范采购程序", "完善采购内控制度并组织培训", 8.6e5},
	{"会计核算不实", "往来款项长期挂账未清理", "清理核销往来款", "清理挂账并调整账务", 1.1e6},
	{"政策落实不到位", "补助对象审核不严，重复发放补助", "追回重复发放资金", "追回资金并与相关部门比对数据", 1.6e5},
}

// audits are the problems of announcements, several for each.
func audits(provincial bool, announcements int, seed int64) []record {
	m := newMaker(Options{Rows: 1, Seed: seed}, nil, nil, nil)
	numbers := map[string]int{}
	var records []record
	for range announcements {
		by := province
		if !provincial {
			by = pick(m, m.world.cities)
		}
		t := pick(m, topics)
		day := m.workday("2024-06-03", "2026-10-30")
		number := by.full + "审计公告〔" + day[:4] + "〕"
		numbers[number]++
		year, _ := strconv.Atoi(day[:4])
		audited := departmentOf(t.line, by.code, by.full).name
		kind := pick(m, []string{"预算执行审计", "预算执行审计", "其他财政收支审计", "专项审计调查", "固定资产投资审计", "政策落实跟踪审计"})
		for n := range 2 + m.rng.IntN(4) {
			p := pick(m, auditProblems)
			amount := m.yuan(p.median)
			r := record{
				"announcement_no": number + strconv.Itoa(numbers[number]) + "号", "announcement": fmt.Sprintf("%s%d年度%s结果", audited, year-1, kind), "kind": kind,
				"auditor": departmentOf("审计", by.code, by.full).name, "department": audited, "region_code": by.code, "year": strconv.Itoa(year - 1), "announced_on": day, "problem_no": strconv.Itoa(n + 1),
				"problem_kind": p.kind, "problem": t.name + "有关资金中，" + p.problem + "，涉及金额" + plain(round4(amount/1e4)) + "万元。", "amount": money(amount), "opinion": p.opinion,
				"transfer": "不涉及移送", "measures": p.measure + "。", "status": "已整改", "amount_rectified": money(amount), "systems": strconv.Itoa(m.rng.IntN(3)), "remark": "示例数据",
			}
			switch q := m.rng.IntN(100); {
			case day > "2026-08-01" && q < 70:
				r["status"], r["amount_rectified"] = "正在整改", "0"
			case q < 6:
				r["status"], r["amount_rectified"], r["transfer"] = "正在整改", "0", "已移送待查处"
			case q < 24:
				r["status"], r["amount_rectified"] = "部分整改", money(math.Round(amount*(0.3+0.6*m.rng.Float64())/100)*100)
			case q < 28:
				r["status"], r["amount_rectified"], r["measures"] = "未整改", "0", ""
			case q < 32:
				r["transfer"] = "移送事项已办结"
			}
			if r["status"] == "已整改" {
				r["rectified_on"] = min(m.between(later(day, 20), later(day, 120)), reportedOn)
				r["rectification_announced_on"] = known(workingDaysLater(r["rectified_on"], 1+m.rng.IntN(20)))
			}
			if m.chance(6) {
				r["measures"] += "经办人已退款（身份证号" + m.identity() + "）。"
			}
			records = append(records, r)
		}
	}
	return records
}

func auditWorkbook() ([]byte, error) {
	records := audits(true, 22, 101)
	spoil(records, map[int]record{19: {"amount": "约三百万"}, 40: {"problem_kind": "其他违规"}})
	f := form{
		sheet: "审计结果", title: "省级审计结果公告问题及整改情况表（示例数据）", under: []any{"填报单位：甘肃省审计厅", "", "", "", "", "", "", "", "", "", "", "单位：万元"},
		columns: []column{
			{"序号", "", nil}, {"公告_编号", "announcement_no", nil}, {"公告_名称", "announcement", nil}, {"公告_类型", "kind", nil}, {"公告_日期", "announced_on", dateCells}, {"审计机关", "auditor", nil},
			{"被审计单位", "department", nil}, {"行政区划代码", "region_code", nil}, {"审计所属年度", "year", number}, {"问题_序号", "problem_no", number}, {"问题_类型", "problem_kind", nil}, {"问题_内容", "problem", nil},
			{"金额_问题金额", "amount", inTenThousands}, {"金额_已整改金额", "amount_rectified", inTenThousands}, {"处理意见", "opinion", nil}, {"移送情况", "transfer", nil}, {"整改_措施", "measures", or("/", nil)},
			{"整改_完成日期", "rectified_on", or("—", dateCells)}, {"整改_状态", "status", nil}, {"整改_公开日期", "rectification_announced_on", or("—", dateCells)}, {"整改_完善制度", "systems", number},
		},
		page: 30, totals: []string{"amount", "amount_rectified", "systems"}, note: "注：1. 本表为示例数据；2. 移送事项查处后另行公告。",
	}
	return f.xlsx(records)
}

func auditText() ([]byte, error) {
	records := audits(false, 32, 102)
	spoil(records, map[int]record{24: {"announced_on": "2026-13-05"}, 66: {"problem": ""}})
	f := form{columns: []column{
		{"审计公告文号", "announcement_no", wideDigits}, {"审计项目", "announcement", nil}, {"审计类别", "kind", nil}, {"审计单位", "auditor", nil}, {"被审单位", "department", nil}, {"区划代码", "region_code", nil},
		{"所属年度", "year", nil}, {"公告日期", "announced_on", manyDates}, {"问题序号", "problem_no", wideDigits}, {"问题类别", "problem_kind", nil}, {"主要问题", "problem", nil}, {"涉及金额", "amount", withUnit},
		{"审计意见", "opinion", nil}, {"移送", "transfer", nil}, {"整改措施", "measures", or("——", nil)}, {"整改金额", "amount_rectified", withUnit}, {"整改完成日期", "rectified_on", manyDates}, {"整改结果", "status", nil},
		{"整改情况公开日期", "rectification_announced_on", or("/", manyDates)}, {"建章立制数", "systems", nil}, {"备注", "remark", nil},
	}}
	return f.gb18030(records)
}
