package synthetic

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// results are what governments promised for 2026 and what they reached by the
// end of each month.
func results(provincial bool, items int, seed int64, months ...string) []record {
	m := newMaker(Options{Rows: 1, Seed: seed}, nil, nil, nil)
	numbers := map[string]int{}
	decided := map[string]string{}
	for _, x := range theAgenda().matters {
		if x.decided != "" && x.decided < "2026-06-01" {
			decided[x.code+x.name] = x.decision
		}
	}
	var records []record
	for i := range items {
		t, where := topics[i%len(topics)], province
		if !provincial {
			where = pick(m, m.world.cities)
		}
		prefix := "LS-" + where.code + "-2026-"
		numbers[prefix]++
		category := []string{"为民办实事", "发展目标", "改革任务"}[m.rng.IntN(3)]
		item := map[string]string{"为民办实事": "为" + t.people + "办实事：" + t.project, "发展目标": t.indicator + plain(t.target) + t.unit, "改革任务": t.measures[i%3]}[category]
		target, planned := math.Round(t.target*(0.2+m.rng.Float64())), m.yuan(2.4e7)
		if provincial {
			target *= 10
		}
		speed := 0.75 + 0.5*m.rng.Float64()
		origin := pick(m, []string{"政府工作报告", "政府工作报告", "发展规划", "上级决策部署"})
		decision := decided[where.code+t.name]
		if decision != "" {
			origin = "政府决定事项"
		}
		for _, month := range months {
			over := elapsed("2026-01-01", "2026-12-31", month)
			reached := math.Round(target * min(1.1, over*speed))
			completion := percentage(100 * reached / max(target, 1))
			r := record{
				"item_no": fmt.Sprintf("%s%03d", prefix, numbers[prefix]), "period": month, "category": category, "item": item, "origin": origin, "decision_no": decision,
				"department": departmentOf(t.line, where.code, where.full).name, "region_code": where.code, "indicator": t.indicator, "indicator_unit": t.unit, "target": money(target), "reached": money(reached),
				"completion": completion, "funds_planned": money(planned), "funds_spent": money(math.Round(planned * min(1, over*speed*0.95))), "finish_by": "2026-12-31", "status": state(completion, over),
				"summary":    "截至" + plain(chineseMonth(1, month)) + "底，" + t.indicator + money(reached) + t.unit + "，完成年度目标的" + completion + "%；" + t.measures[1] + "有序推进。",
				"disclosure": "主动公开", "remark": "示例数据",
			}
			if m.chance(7) {
				r["summary"] += "监督电话" + m.mobile() + "。"
			}
			if i%19 == 12 {
				r["disclosure"] = "不予公开"
			}
			records = append(records, r)
		}
	}
	return records
}

func resultsWorkbook() ([]byte, error) {
	records := results(true, 40, 111, "2026-06", "2026-10")
	spoil(records, map[int]record{9: {"target": "待定"}, 52: {"status": "顺利"}})
	f := form{
		sheet: "落实情况", title: "2026年省政府重点工作和为民办实事落实情况表（示例数据）", under: []any{"填报单位：甘肃省人民政府办公厅", "", "", "", "", "", "", "", "", "", "", "", "单位：万元"},
		columns: []column{
			{"序号", "", nil}, {"编号", "item_no", nil}, {"统计月份", "period", chineseMonth}, {"事项_类别", "category", nil}, {"事项_名称", "item", nil}, {"事项_来源", "origin", nil}, {"决策编号", "decision_no", or("/", nil)},
			{"责任单位", "department", nil}, {"行政区划代码", "region_code", nil}, {"指标_名称", "indicator", nil}, {"指标_计量单位", "indicator_unit", nil}, {"指标_目标值", "target", number},
			{"指标_完成值", "reached", number}, {"指标_完成率", "completion", percent}, {"资金_计划投资", "funds_planned", inTenThousands}, {"资金_完成投资", "funds_spent", inTenThousands},
			{"完成时限", "finish_by", dateCells}, {"落实状态", "status", nil}, {"落实情况", "summary", nil}, {"公开属性", "disclosure", nil},
		},
		page: 40, totals: []string{"funds_planned", "funds_spent"}, note: "注：本表为示例数据，各指标计量单位不同，不作合计。",
	}
	return f.xlsx(records)
}

func resultsText() ([]byte, error) {
	records := results(false, 90, 112, "2026-10")
	spoil(records, map[int]record{14: {"region_code": "620"}, 60: {"item": ""}})
	f := form{title: "市（州）重点工作落实情况（示例数据）", columns: []column{
		{"编号", "item_no", nil}, {"截止月份", "period", nil}, {"类别", "category", nil}, {"实事名称", "item", nil}, {"来源", "origin", nil}, {"议定事项编号", "decision_no", or("无", nil)}, {"承办单位", "department", nil},
		{"区划代码", "region_code", nil}, {"考核指标", "indicator", nil}, {"计量单位", "indicator_unit", nil}, {"年度目标", "target", grouped}, {"累计完成", "reached", grouped}, {"完成率（%）", "completion", wideDigits},
		{"安排资金（万元）", "funds_planned", inTenThousands}, {"支出资金（万元）", "funds_spent", inTenThousands}, {"计划完成日期", "finish_by", manyDates}, {"进展状态", "status", nil}, {"进展情况", "summary", nil},
		{"公开方式", "disclosure", nil}, {"备注", "remark", nil},
	}}
	return f.utf16Tabs(records)
}

// proposalThemes are the headings under which suggestions are filed, by line
// of work.
var proposalThemes = map[string]string{
	"教育": "科教文卫", "文旅": "科教文卫", "卫生健康": "科教文卫", "民政": "社会保障", "人社": "社会保障", "医保": "社会保障", "应急": "社会保障", "自然资源": "资源环境", "生态环境": "资源环境",
	"住建": "城乡建设", "交通": "工业交通", "水利": "农林水利", "农业农村": "农林水利", "乡村振兴": "农林水利", "商务": "财贸金融", "市场监管": "财贸金融", "财政": "财贸金融", "发展改革": "财贸金融", "公安": "政治法律",
}

// proposals are suggestions of deputies and proposals of CPPCC members to the
// sessions of 2025 and 2026, with their answers.
func proposals(provincial bool, rows int, seed int64) []record {
	m := newMaker(Options{Rows: 1, Seed: seed}, nil, nil, nil)
	numbers := map[string]int{}
	var records []record
	for range rows {
		t, where, name := pick(m, topics), province, "省"
		if !provincial {
			where = pick(m, m.world.cities)
			name = where.full
		}
		year := 2025 + m.rng.IntN(2)
		r := record{"kind": "人大代表建议", "session": name + "十四届人大" + []string{"三", "四"}[year-2025] + "次会议", "proposer": m.person(), "proposer_kind": "代表", "phone": m.mobile(), "remark": "示例数据"}
		if m.chance(50) {
			r["kind"], r["session"], r["proposer_kind"] = "政协提案", name+"政协十三届"+[]string{"三", "四"}[year-2025]+"次会议", "委员"
			if m.chance(25) {
				r["proposer_kind"] = pick(m, []string{"界别", "工商联", "民主党派"})
				r["proposer"], r["phone"] = map[string]string{"界别": "教育界", "工商联": where.full + "工商业联合会", "民主党派": "民盟" + where.full + "委员会"}[r["proposer_kind"]], ""
			}
		}
		numbers[r["kind"]+r["session"]] += 1 + m.rng.IntN(6)
		department := departmentOf(t.line, where.code, where.full).name
		assigned := m.workday(fmt.Sprintf("%d-03-03", year), fmt.Sprintf("%d-04-10", year))
		months := 3
		if m.chance(30) {
			months = 6
		}
		by := dayOf(assigned).AddDate(0, months, 0).Format(time.DateOnly)
		replied := m.workday(later(assigned, 35), later(by, 12))
		result, satisfied := pick(m, []string{"A", "A", "A", "B", "B", "C", "D"}), pick(m, []string{"满意", "满意", "满意", "满意", "基本满意", "未反馈"})
		if result > "B" && m.chance(25) {
			satisfied = "不满意"
		}
		answer := record{
			"proposal_no": fmt.Sprintf("%04d", numbers[r["kind"]+r["session"]]), "subject": "关于进一步加强" + where.full + t.name + "工作的" + map[string]string{"人大代表建议": "建议", "政协提案": "提案"}[r["kind"]],
			"theme": proposalThemes[t.line], "cosigners": strconv.Itoa(m.weighted(20)), "department": department, "partners": m.partners(where, t.line), "region_code": where.code, "assigned_on": assigned,
			"reply_by": by, "replied_on": known(replied), "reply_no": fmt.Sprintf("%s%s函〔%d〕%d号", where.short, lineShorts[t.line], year, 10+m.rng.IntN(300)), "result": result, "satisfaction": satisfied,
			"reply":      "您提出的“" + t.request + "”收悉。我单位" + t.remedy + "，" + map[string]string{"A": "相关事项已经解决", "B": "已列入工作计划", "C": "因资金和规划条件限制，待条件成熟后研究解决", "D": "有关建议留作工作参考"}[result] + "。",
			"disclosure": pick(m, []string{"全文公开", "全文公开", "全文公开", "摘要公开"}), "announced_on": known(workingDaysLater(replied, 3+m.rng.IntN(20))),
		}
		if m.chance(6) {
			answer["disclosure"], answer["announced_on"] = "不予公开", ""
		}
		if m.chance(10) {
			answer["reply"] += "可与经办人联系，手机" + m.mobile() + "。"
		}
		maps.Copy(r, answer)
		records = append(records, r)
	}
	return records
}

func proposalsText() ([]byte, error) {
	records := proposals(true, 130, 121)
	spoil(records, map[int]record{22: {"assigned_on": "2026-02-30"}, 58: {"result": "E"}, 101: {"proposal_no": ""}})
	f := form{columns: []column{
		{"序号", "", nil}, {"建议提案类别", "kind", nil}, {"会议届次", "session", nil}, {"编号", "proposal_no", wideDigits}, {"案由", "subject", nil}, {"分类", "theme", nil}, {"领衔人", "proposer", nil},
		{"提出人类别", "proposer_kind", nil}, {"联名人数", "cosigners", nil}, {"领衔人电话", "phone", nil}, {"承办单位", "department", nil}, {"协办单位", "partners", commas}, {"区划代码", "region_code", nil},
		{"交办日期", "assigned_on", manyDates}, {"答复期限", "reply_by", manyDates}, {"复函日期", "replied_on", manyDates}, {"答复文号", "reply_no", nil}, {"答复内容", "reply", nil}, {"办理结果分类", "result", wideLetters},
		{"满意度", "satisfaction", nil}, {"公开方式", "disclosure", nil}, {"公开日期", "announced_on", or("/", manyDates)}, {"备注", "remark", nil},
	}}
	return f.gb18030(records)
}

// wideLetters writes A as Ａ in every fourth row.
func wideLetters(i int, v string) any {
	if i%4 == 2 && len(v) == 1 {
		return string(rune(v[0]) + 0xFEE0)
	}
	return v
}

func proposalsWorkbook() ([]byte, error) {
	records := proposals(false, 80, 122)
	spoil(records, map[int]record{48: {"disclosure": "酌情公开"}})
	f := form{
		sheet: "建议提案办理", title: "市（州）人大建议政协提案办理结果公开情况表（示例数据）",
		columns: []column{
			{"序号", "", nil}, {"类别", "kind", nil}, {"届次", "session", nil}, {"建议（提案）编号", "proposal_no", nil}, {"案由", "subject", nil}, {"内容分类", "theme", nil}, {"提出人", "proposer", nil},
			{"提案人类别", "proposer_kind", nil}, {"附议人数", "cosigners", number}, {"手机", "phone", or("—", nil)}, {"行政区划代码", "region_code", nil}, {"办理_主办单位", "department", nil}, {"办理_会办单位", "partners", or("无", commas)},
			{"办理_交办日期", "assigned_on", dateCells}, {"办理_时限", "reply_by", dateCells}, {"办理_答复日期", "replied_on", dateCells}, {"办理_复函文号", "reply_no", nil}, {"办理_答复摘要", "reply", nil}, {"办理_结果", "result", nil},
			{"办理_满意度", "satisfaction", nil}, {"是否公开", "disclosure", nil}, {"公布日期", "announced_on", dateCells},
		},
		page: 30, note: "说明：1. 本表为示例数据；2. 办理结果：A已解决，B正在解决或列入计划，C待以后解决，D留作参考。",
	}
	return f.xlsx(records)
}

// evaluations look at decisions half a year or more after they were taken.
func evaluations(provincial bool, seed int64) []record {
	m := newMaker(Options{Rows: 1, Seed: seed}, nil, nil, nil)
	numbers := map[string]int{}
	var records []record
	for _, x := range theAgenda().matters {
		if x.decided == "" || x.decided > "2026-03-31" || (x.code == province.code) != provincial {
			continue
		}
		started := m.workday(later(x.decided, 150), later(x.decided, 220))
		finished := m.workday(later(started, 30), later(started, 75))
		if finished == "" || finished > reportedOn {
			continue
		}
		prefix := "PG-" + x.code + "-" + finished[:4] + "-"
		numbers[prefix]++
		score := 68 + 28*m.rng.Float64()
		grade, conclusion := "优秀", "继续执行"
		switch {
		case score < 72:
			grade, conclusion = "较差", pick(m, []string{"暂缓执行", "停止执行", "调整完善"})
		case score < 80:
			grade, conclusion = "一般", "调整完善"
		case score < 90:
			grade, conclusion = "良好", pick(m, []string{"继续执行", "调整完善"})
		}
		r := record{
			"evaluation_no": fmt.Sprintf("%s%03d", prefix, numbers[prefix]), "decision_no": x.decision, "decision": x.title, "method": pick(m, []string{"第三方评估", "第三方评估", "专业机构鉴定", "社情民意调查", "自评估"}),
			"department": x.department, "region_code": x.code, "started_on": started, "finished_on": finished, "score": percentage(score), "grade": grade, "conclusion": conclusion,
			"problems": "评估发现" + x.weakness + "，" + x.people + "知晓率有待提高。", "advice": "建议" + x.remedy + "，" + x.request + "。", "announced_on": known(workingDaysLater(finished, 2+m.rng.IntN(20))), "remark": "示例数据",
		}
		if r["method"] == "自评估" {
			r["evaluator"] = x.department
		} else {
			r["evaluator"] = pick(m, []string{"甘肃", "兰州", x.city}) + pick(m, tradeNames) + pick(m, []string{"社会评价研究院", "工程咨询有限公司", "市场调查有限公司", "会计师事务所有限公司"})
			r["evaluator_uscc"], r["cost"] = m.uscc("91", "620102"), money(m.yuan(120000))
			experts := []string{m.person(), m.person(), m.person()}
			slices.Sort(experts)
			r["experts"] = strings.Join(slices.Compact(experts), "、")
		}
		if r["method"] != "专业机构鉴定" {
			r["sample"], r["satisfaction"] = strconv.Itoa(150+m.rng.IntN(2600)), percentage(score+3*m.rng.NormFloat64())
		}
		if expert, _, some := strings.Cut(r["experts"], "、"); some && m.chance(20) {
			r["problems"] += "专家" + expert + "（" + m.mobile() + "）提供了补充材料。"
		}
		r["report_url"] = page(x.code, "jcpg", r["evaluation_no"])
		records = append(records, r)
	}
	return records
}

func evaluationsJSON() ([]byte, error) {
	records := evaluations(true, 131)
	spoil(records, map[int]record{3: {"score": "126"}, 12: {"conclusion": ""}})
	f := form{title: "示例数据", columns: []column{
		{"evaluation_no", "evaluation_no", nil}, {"decision_no", "decision_no", nil}, {"decision", "decision", nil}, {"method", "method", nil}, {"department", "department", nil}, {"evaluator", "evaluator", nil},
		{"evaluator_uscc", "evaluator_uscc", nil}, {"experts", "experts", nil}, {"region_code", "region_code", nil}, {"started_on", "started_on", nil}, {"finished_on", "finished_on", nil}, {"sample", "sample", number},
		{"satisfaction", "satisfaction", number}, {"score", "score", number}, {"grade", "grade", nil}, {"conclusion", "conclusion", nil}, {"problems", "problems", nil}, {"advice", "advice", nil}, {"cost", "cost", number},
		{"announced_on", "announced_on", nil}, {"report_url", "report_url", nil}, {"remark", "remark", nil},
	}}
	return f.json(records)
}

func evaluationsWorkbook() ([]byte, error) {
	records := evaluations(false, 132)
	spoil(records, map[int]record{8: {"finished_on": "2026年4月31日"}})
	f := form{
		sheet: "决策评估", title: "市县重大决策跟踪评估情况汇总表（示例数据）",
		columns: []column{
			{"序号", "", nil}, {"评估_编号", "evaluation_no", nil}, {"决策_编号", "decision_no", nil}, {"决策_名称", "decision", nil}, {"评估_方式", "method", nil}, {"评估_机构", "evaluator", nil}, {"评估_机构代码", "evaluator_uscc", or("/", nil)},
			{"评估_专家", "experts", or("/", nil)}, {"组织单位", "department", nil}, {"行政区划代码", "region_code", nil}, {"时间_开始", "started_on", dateCells}, {"时间_完成", "finished_on", dateCells},
			{"结果_样本量", "sample", number}, {"结果_满意度", "satisfaction", percent}, {"结果_得分", "score", number}, {"结果_等次", "grade", nil}, {"结果_结论", "conclusion", nil}, {"存在问题", "problems", nil}, {"改进建议", "advice", nil},
			{"评估费用（万元）", "cost", or("—", inTenThousands)}, {"公开日期", "announced_on", dateCells}, {"网址", "report_url", nil},
		},
		totals: []string{"sample", "cost"}, note: "说明：本表为示例数据，机构与专家均为虚构。",
	}
	return f.xlsx(records)
}
