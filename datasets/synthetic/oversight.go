package synthetic

import (
	"fmt"
	"strconv"
)

// access is an entry of the market access list with its local measure.
type access struct{ category, industry, matter, measure, basis, line string }

var accessEntries = []access{
	{"禁止准入类", "综合", "法律、法规、国务院决定明确设立的与市场准入相关的禁止性规定", "不得进入法律法规明令禁止的行业、领域和业务", "《中华人民共和国行政许可法》", "发展改革"},
	{"禁止准入类", "综合", "国家产业政策明令淘汰和限制的产品、技术、工艺、设备及行为", "禁止投资淘汰类项目，限制类项目不得新建", "《产业结构调整指导目录》", "发展改革"},
	{"禁止准入类", "综合", "不符合主体功能区建设要求的各类开发活动", "祁连山等重点生态功能区禁止不符合管控要求的开发建设", "《全国主体功能区规划》", "自然资源"},
	{"禁止准入类", "金融业", "违规开展金融相关经营活动", "非金融机构的名称和经营范围不得使用金融业务字样", "《中华人民共和国银行业监督管理法》", "市场监管"},
	{"禁止准入类", "信息传输、软件和信息技术服务业", "违规开展互联网相关经营活动", "不得从事法律法规禁止的互联网经营活动", "《中华人民共和国网络安全法》", "市场监管"},
	{"禁止准入类", "文化、体育和娱乐业", "违规开展新闻传媒相关业务", "非公有资本不得从事新闻采编播发业务", "《广播电视管理条例》", "文旅"},
	{"许可准入类", "农、林、牧、渔业", "种子、种苗的生产经营", "取得种子生产经营许可后方可从事", "《中华人民共和国种子法》", "农业农村"},
	{"许可准入类", "农、林、牧、渔业", "动物饲养、屠宰和经营", "取得动物防疫条件合格证、定点屠宰资格", "《中华人民共和国动物防疫法》", "农业农村"},
	{"许可准入类", "农、林、牧、渔业", "兽药、饲料生产经营", "取得兽药经营许可、饲料生产许可", "《兽药管理条例》", "农业农村"},
	{"许可准入类", "采矿业", "矿产资源勘查开采", "取得探矿权、采矿权并办理登记", "《中华人民共和国矿产资源法》", "自然资源"},
	{"许可准入类", "采矿业", "矿山安全设施及生产", "取得安全生产许可，安全设施设计经审查", "《安全生产许可证条例》", "应急"},
	{"许可准入类", "制造业", "食品生产经营", "取得食品生产许可、食品经营许可", "《中华人民共和国食品安全法》", "市场监管"},
	{"许可准入类", "制造业", "药品、医疗器械生产经营", "取得相应生产、经营许可或者备案", "《中华人民共和国药品管理法》", "市场监管"},
	{"许可准入类", "制造业", "特种设备设计、制造、安装", "取得特种设备生产许可", "《中华人民共和国特种设备安全法》", "市场监管"},
	{"许可准入类", "制造业", "危险化学品生产经营", "取得安全生产许可、经营许可", "《危险化学品安全管理条例》", "应急"},
	{"许可准入类", "电力、热力、燃气及水生产和供应业", "燃气经营", "取得燃气经营许可", "《城镇燃气管理条例》", "住建"},
	{"许可准入类", "电力、热力、燃气及水生产和供应业", "取用水资源", "取得取水许可，不得擅自取用地下水", "《取水许可和水资源费征收管理条例》", "水利"},
	{"许可准入类", "建筑业", "建筑业企业经营和工程施工", "取得相应等级资质和施工许可", "《中华人民共和国建筑法》", "住建"},
	{"许可准入类", "批发和零售业", "烟花爆竹经营", "取得烟花爆竹经营许可", "《烟花爆竹安全管理条例》", "应急"},
	{"许可准入类", "批发和零售业", "成品油零售经营", "具备规定条件并取得经营资格", "《国务院对确需保留的行政审批项目设定行政许可的决定》", "商务"},
	{"许可准入类", "交通运输、仓储和邮政业", "道路旅客、货物运输经营", "取得道路运输经营许可", "《中华人民共和国道路运输条例》", "交通"},
	{"许可准入类", "交通运输、仓储和邮政业", "出租汽车经营", "取得巡游或者网络预约出租汽车经营许可", "《网络预约出租汽车经营服务管理暂行办法》", "交通"},
	{"许可准入类", "住宿和餐饮业", "旅馆业经营", "取得特种行业许可和公共场所卫生许可", "《旅馆业治安管理办法》", "公安"},
	{"许可准入类", "租赁和商务服务业", "人力资源服务、劳务派遣", "取得人力资源服务许可、劳务派遣经营许可", "《人力资源市场暂行条例》", "人社"},
	{"许可准入类", "租赁和商务服务业", "旅行社经营", "取得旅行社业务经营许可", "《中华人民共和国旅游法》", "文旅"},
	{"许可准入类", "租赁和商务服务业", "保安服务经营", "取得保安服务许可", "《保安服务管理条例》", "公安"},
	{"许可准入类", "水利、环境和公共设施管理业", "固体废物收集、贮存、处置", "取得危险废物经营许可", "《中华人民共和国固体废物污染环境防治法》", "生态环境"},
	{"许可准入类", "水利、环境和公共设施管理业", "排放污染物", "取得排污许可后方可排放", "《排污许可管理条例》", "生态环境"},
	{"许可准入类", "教育", "民办学校和民办培训机构举办", "取得办学许可", "《中华人民共和国民办教育促进法》", "教育"},
	{"许可准入类", "卫生和社会工作", "医疗机构设置", "取得设置批准和执业登记或者备案", "《医疗机构管理条例》", "卫生健康"},
	{"许可准入类", "卫生和社会工作", "公共场所经营", "取得公共场所卫生许可", "《公共场所卫生管理条例》", "卫生健康"},
	{"许可准入类", "文化、体育和娱乐业", "互联网上网服务、娱乐场所经营", "取得文化经营许可", "《娱乐场所管理条例》", "文旅"},
	{"许可准入类", "教育", "中外合作办学", "经批准并取得许可", "《中华人民共和国中外合作办学条例》", "教育"},
	{"许可准入类", "卫生和社会工作", "公墓、殡葬服务设施建设", "经批准方可建设", "《殡葬管理条例》", "民政"},
}

func accessOf(edition int, from, to string, skip int) []record {
	m := dice(int64(edition))
	var records []record
	n := map[string]int{}
	for i, a := range accessEntries {
		if skip > 0 && i%skip == skip-1 {
			continue
		}
		n[a.category]++
		d := province.office(a.line)
		r := record{
			"edition": strconv.Itoa(edition), "item_no": fmt.Sprintf("%s%02d", map[string]string{"禁止准入类": "JZ", "许可准入类": "XK"}[a.category], n[a.category]),
			"category": a.category, "industry": a.industry, "matter": a.matter, "measure": a.measure, "basis": a.basis, "department": d.name, "region_code": province.code,
			"scope": "全省", "valid_from": from, "valid_to": to, "updated_on": m.workday(from, later(from, 40)), "remark": m.hint(3),
		}
		if a.category == "许可准入类" {
			r["permit"] = pick(m, []string{"行政许可", "行政许可", "备案", "资质认定"})
			r["levels"] = m.some("省级", "市级", "县级")
			r["foreign"] = strconv.FormatBool(m.chance(70))
		}
		if a.line == "自然资源" && m.chance(60) {
			r["scope"] = "祁连山国家公园甘肃片区等重点生态功能区"
		}
		records = append(records, r)
	}
	return records
}

func accessWorkbook() ([]byte, error) {
	records := also(accessOf(2025, "2025-04-16", "", 0),
		record{"item_no": "XK99", "category": "鼓励类"},
		record{"item_no": "XK98", "basis": ""})
	f := form{
		sheet: "市场准入负面清单", title: "甘肃省市场准入负面清单事项与管理措施对照表（2025年版，示例数据）",
		under: []any{"填报单位：甘肃省发展和改革委员会"},
		columns: []column{
			{"版本年份", "edition", number}, {"项目号", "item_no", wideDigits}, {"事项_类别", "category", nil}, {"事项_所属行业", "industry", nil}, {"事项_描述", "matter", nil},
			{"准入措施_描述", "measure", nil}, {"准入措施_管理方式", "permit", or("—", nil)}, {"准入措施_实施层级", "levels", or("—", commas)}, {"设定依据", "basis", nil}, {"主管部门", "department", nil},
			{"适用地域_代码", "region_code", nil}, {"适用地域_范围", "scope", nil}, {"内外资一致", "foreign", yesNo}, {"生效日期", "valid_from", dateCells}, {"失效日期", "valid_to", or("长期", dateCells)},
			{"更新日期", "updated_on", dateCells}, {"备注", "remark", nil},
		},
		note: "注：本表为示例数据，事项为归纳表述，以国家公布的清单为准。",
	}
	return f.xlsx(records)
}

func accessText() ([]byte, error) {
	records := also(accessOf(2022, "2022-03-12", "2025-04-15", 5), record{"item_no": "XK97", "valid_from": "2022年13月1日"})
	f := form{title: "甘肃省市场准入负面清单（2022年版，示例数据）", columns: []column{
		{"清单版本", "edition", nil}, {"事项编码", "item_no", nil}, {"清单类别", "category", nil}, {"行业门类", "industry", nil}, {"禁止或许可事项", "matter", nil}, {"管理措施", "measure", nil},
		{"准入方式", "permit", or("无", nil)}, {"审批层级", "levels", or("无", commas)}, {"法律依据", "basis", nil}, {"责任部门", "department", nil}, {"区划代码", "region_code", nil}, {"适用范围", "scope", nil},
		{"实施日期", "valid_from", manyDates}, {"废止日期", "valid_to", manyDates}, {"公布日期", "updated_on", manyDates}, {"备注", "remark", nil},
	}}
	return f.utf16Tabs(records)
}

// discretion are the levels of a benchmark and what follows from each.
var discretion = [][2]string{{"轻微", "首次发生且及时改正、没有造成危害后果的，不予处理并进行教育"}, {"一般", "限期改正，逾期未改正的依法从一般档次处理"}, {"严重", "造成危害后果或者拒不改正的，依法从重处理并移送"}}

// enforcement are decisions of checking, compelling and collecting by
// departments whose power lists are published.
func enforcement(seed int64, regions []region, rows int) []record {
	m := dice(seed)
	var of []int
	for i, p := range powers {
		if p.kind == "行政检查" || p.kind == "行政强制" || p.kind == "行政征收" {
			of = append(of, i)
		}
	}
	var records []record
	for n := range rows {
		i, r := pick(m, of), pick(m, regions)
		p, d := powers[i], r.office(powers[i].line)
		name, kind, uscc, _, _ := m.party(r, "")
		level := discretion[m.weighted(len(discretion))]
		x := record{
			"record_no": fmt.Sprintf("ZF-%s-%04d", r.code, int(seed%10)*1000+n+1), "matter": p.name, "kind": p.kind, "power_code": p.code(i), "department": d.name, "region_code": r.code,
			"duties": "负责本行政区域内" + p.name + "，依法履行监督管理职责", "basis": p.basis, "benchmark_level": level[0], "benchmark": level[1],
			"procedure": pick(m, []string{"表明身份—告知事项—现场检查—制作笔录—告知结果", "抽取对象—选派人员—实施检查—录入结果—公开", "立案—调查取证—审核—决定—送达—执行"}),
			"party":     name, "party_kind": kind, "party_uscc": uscc, "decided_on": m.workday("2025-01-06", "2026-11-10"),
			"officers": m.person() + "、" + m.person(), "remedy": "可在六十日内申请行政复议，或者在六个月内提起行政诉讼",
			"case_file": fmt.Sprintf("执法案卷第%d卷：当事人联系电话%s", 100+n, m.mobile()), "remark": m.hint(6),
		}
		switch p.kind {
		case "行政检查":
			x["outcome"] = pick(m, []string{"未发现问题", "未发现问题", "责令改正", "移送处理"})
		case "行政强制":
			x["outcome"] = pick(m, []string{"实施强制", "解除强制"})
		case "行政征收":
			x["outcome"], x["amount"] = "征收入库", money(m.yuan(26000))
		}
		x["result"] = map[string]string{
			"未发现问题": "经检查，未发现违法违规问题。", "责令改正": "发现台账不健全等问题，责令十五日内改正。", "移送处理": "发现涉嫌违法线索，移送主管机关处理。",
			"实施强制": "依法查封涉案设施设备，期限三十日。", "解除强制": "查封事由消除，解除强制措施。", "征收入库": "依法核定并足额征收，已缴入国库。",
		}[x["outcome"]]
		if m.chance(8) {
			x["result"] += "复查联系人手机" + m.mobile() + "。"
		}
		x["announced_on"] = m.announcement(x["decided_on"], 20, 12)
		records = append(records, x)
	}
	return records
}

func enforcementLines() ([]byte, error) {
	records := also(enforcement(1181, places("620000", "620500", "620102", "621027"), 120),
		record{"record_no": "ZF-620102-9001", "power_code": "629999990100", "remark": "示例数据；该执法事项未列入权力清单"}, // kept
		record{"record_no": "ZF-620102-9002", "kind": "行政处罚"},
		record{"record_no": "ZF-620102-9003", "decided_on": ""})
	f := form{columns: []column{
		{"recordNo", "record_no", nil}, {"执法事项", "matter", nil}, {"执法类别", "kind", nil}, {"权力编码", "power_code", nil}, {"执法主体", "department", nil}, {"行政区划代码", "region_code", nil},
		{"职责权限", "duties", nil}, {"执法依据", "basis", nil}, {"裁量档次", "benchmark_level", nil}, {"裁量基准", "benchmark", nil}, {"执法流程", "procedure", nil}, {"行政相对人", "party", nil},
		{"相对人类别", "party_kind", nil}, {"统一社会信用代码", "party_uscc", nil}, {"执法人员", "officers", nil}, {"决定日期", "decided_on", manyDates}, {"执法结论", "outcome", nil}, {"执法结果", "result", nil},
		{"金额（元）", "amount", number}, {"救济途径", "remedy", nil}, {"公示日期", "announced_on", nil}, {"案卷信息", "case_file", nil}, {"备注", "remark", nil},
	}}
	return f.jsonLines(records)
}

func enforcementWorkbook() ([]byte, error) {
	records := also(enforcement(1182, places("621202"), 45), record{"record_no": "ZF-621202-9001", "department": "武都区执法大队"}) // no such department
	f := form{
		sheet: "执法公示", title: "陇南市武都区行政执法信息公示表（示例数据）", under: []any{"填报单位：陇南市武都区司法局", "", "", "", "", "", "", "单位：万元"},
		columns: []column{
			{"序号", "", nil}, {"公示编号", "record_no", nil}, {"事前公开_执法事项", "matter", nil}, {"事前公开_类别", "kind", nil}, {"事前公开_权力编码", "power_code", nil}, {"事前公开_职责权限", "duties", nil},
			{"事前公开_执法依据", "basis", nil}, {"事前公开_裁量档次", "benchmark_level", nil}, {"事前公开_裁量基准", "benchmark", nil}, {"事前公开_执法流程", "procedure", nil}, {"事前公开_救济途径", "remedy", nil},
			{"事后公开_执法主体", "department", nil}, {"事后公开_执法对象", "party", nil}, {"事后公开_对象代码", "party_uscc", or("/", nil)}, {"事后公开_执法人员", "officers", nil}, {"事后公开_决定日期", "decided_on", dateCells},
			{"事后公开_结论", "outcome", nil}, {"事后公开_结果", "result", nil}, {"事后公开_金额", "amount", or("—", inTenThousands)}, {"公示日期", "announced_on", dateCells}, {"区划代码", "region_code", nil}, {"备注", "remark", nil},
		},
		page: 20, totals: []string{"amount"}, note: "注：示例数据，行政许可和行政处罚结果另行公示。",
	}
	return f.xlsx(records)
}

// oversight is one of the twelve areas of the document.
type oversight struct {
	area, line, basis, content, standard string
	retail                               bool     // many of those that are checked are small
	subjects                             []string // how the others are called
	problems                             [3]string
}

var oversights = []oversight{
	{"安全生产", "应急", "《中华人民共和国安全生产法》", "安全生产责任制、教育培训和隐患排查治理情况", "企业安全生产标准化基本规范", false, []string{"矿业有限公司", "化工有限公司"}, [3]string{"隐患排查台账不完整", "特种作业人员证书过期", "应急预案未按期演练"}},
	{"生态环境", "生态环境", "《中华人民共和国环境保护法》", "污染防治设施运行和排污许可执行情况", "排污许可证载明的排放限值", false, []string{"水泥有限公司", "造纸有限公司"}, [3]string{"自行监测频次不足", "危险废物贮存间标识不规范", "治污设施运行记录缺失"}},
	{"卫生防疫", "卫生健康", "《中华人民共和国传染病防治法》", "传染病防控和公共场所卫生管理情况", "公共场所卫生指标及限值要求", true, []string{"宾馆有限公司", "健身服务有限公司"}, [3]string{"消毒记录填写不全", "从业人员健康证明过期", "空气质量检测未按期开展"}},
	{"食品药品", "市场监管", "《中华人民共和国食品安全法》；《中华人民共和国药品管理法》", "食品药品生产经营过程控制和产品质量", "食品安全国家标准、药品经营质量管理规范", true, []string{"食品有限公司", "大药房有限公司"}, [3]string{"进货查验记录不完整", "处方药销售登记不规范", "抽检一批次水分项目不合格"}},
	{"保障性住房", "住建", "《公共租赁住房管理办法》", "保障性住房建设质量、分配和运营管理情况", "住宅工程质量验收规范", false, []string{"保障房运营有限公司", "建设投资有限公司"}, [3]string{"部分房源空置超过六个月", "轮候信息公示不及时", "维修响应超过规定时限"}},
	{"质量价格", "市场监管", "《中华人民共和国产品质量法》；《中华人民共和国价格法》", "产品质量和明码标价情况", "产品质量监督抽查实施细则、明码标价和禁止价格欺诈规定", true, []string{"建材有限公司", "商贸有限公司"}, [3]string{"未按规定明码标价", "标签标注内容不完整", "一批次产品强度不合格"}},
	{"国土资源", "自然资源", "《中华人民共和国土地管理法》", "用地批准、土地利用和矿产开发情况", "建设用地批准文件和出让合同", false, []string{"置业有限公司", "矿业开发有限公司"}, [3]string{"超出批准范围占用土地", "动工开发逾期", "矿山地质环境恢复进度滞后"}},
	{"社会信用", "发展改革", "《企业信息公示暂行条例》", "信用信息报送和信用承诺履行情况", "公共信用信息目录", false, []string{"信用服务有限公司", "物流有限公司"}, [3]string{"信用承诺未按期履行", "公示信息与实际不符", "信用修复材料不全"}},
	{"交通运输", "交通", "《中华人民共和国道路运输条例》", "道路运输企业安全管理和车辆动态监控情况", "道路运输车辆动态监督管理规定", true, []string{"客运有限公司", "运输有限公司"}, [3]string{"动态监控报警未处置", "驾驶员安全学习记录缺失", "车辆未按期维护"}},
	{"旅游市场", "文旅", "《中华人民共和国旅游法》", "旅行社合同签订和服务质量情况", "旅行社条例及等级景区标准", false, []string{"国际旅行社有限公司", "景区管理有限公司"}, [3]string{"旅游合同要素不全", "景区最大承载量未公示", "未按约定安排导游"}},
	{"国有企业运营", "国资", "《中华人民共和国企业国有资产法》", "国有资产保值增值、投资决策和信息公开情况", "国有企业投资监督管理办法", false, []string{"投资控股集团有限公司", "城市发展集团有限公司"}, [3]string{"投资项目后评价未开展", "重大事项报告不及时", "资产出租未公开招租"}},
	{"公共资源交易", "公共资源", "《中华人民共和国招标投标法》", "招标投标、政府采购等交易活动组织情况", "公共资源交易平台服务标准", false, []string{"招标代理有限公司", "工程咨询有限公司"}, [3]string{"中标结果公示期不足", "评标专家抽取记录不全", "保证金退还超期"}},
}

func oversightOf(seed int64, regions []region, rows int) []record {
	m := dice(seed)
	var records []record
	for n := range rows {
		o, r := oversights[n%len(oversights)], pick(m, regions)
		name, kind, uscc := r.city+pick(m, tradeNames)+pick(m, o.subjects), "法人及非法人组织", m.uscc("91", r.code)
		if o.retail && m.chance(60) {
			name, kind, uscc, _, _ = m.party(r, "")
		}
		x := record{
			"oversight_no": fmt.Sprintf("JG-%s-%04d", r.code, int(seed%10)*1000+n+1), "area": o.area, "department": r.office(o.line).name, "region_code": r.code, "party": name, "party_kind": kind, "party_uscc": uscc,
			"basis": o.basis, "content": o.content, "standard": o.standard, "mode": pick(m, []string{"双随机抽查", "双随机抽查", "专项检查", "日常巡查", "监督抽检", "投诉举报核查"}),
			"procedure": "抽取对象、选派人员、现场检查、结果录入、依法公开", "inspected_on": m.workday("2025-01-06", "2026-11-06"), "inspectors": m.person() + "、" + m.person(), "status": "已办结", "remark": m.hint(5),
			"case_file": "检查笔录第" + strconv.Itoa(300+n) + "号",
		}
		if x["mode"] == "投诉举报核查" {
			x["complainant"], x["complainant_phone"] = m.person(), m.mobile()
		}
		switch {
		case m.chance(50):
			x["result"] = "合格"
		case m.chance(70):
			x["result"], x["problems"] = "责令整改", pick(m, o.problems[:])
			x["rectify_by"] = later(x["inspected_on"], 15+15*m.rng.IntN(3))
			if done := known(m.workday(later(x["inspected_on"], 7), later(x["rectify_by"], 6))); done != "" {
				x["rectified_on"] = done
			} else {
				x["status"] = "整改中"
			}
		default:
			x["result"], x["problems"] = "立案查处", pick(m, o.problems[:])+"，涉嫌违法"
			if x["inspected_on"] > "2026-08-01" {
				x["status"] = "调查中"
			}
		}
		if x["problems"] != "" && m.chance(15) {
			x["problems"] += "（现场负责人电话" + m.mobile() + "）"
		}
		if x["status"] != "调查中" {
			x["announced_on"] = m.announcement(x["inspected_on"], 20, 10)
		}
		records = append(records, x)
	}
	return records
}

func oversightWorkbook() ([]byte, error) {
	records := also(oversightOf(125, theWorld().cities, 132),
		record{"oversight_no": "JG-620100-9001", "area": "网络安全"},
		record{"oversight_no": "JG-620100-9002", "party_uscc": "91620100YY00000000"})
	f := form{
		sheet: "监管信息", title: "各市（州）监管执法信息公开汇总表（示例数据）", under: []any{"填报单位：甘肃省人民政府办公厅", "", "", "", "", "填报日期：2026年11月20日"},
		columns: []column{
			{"序号", "", nil}, {"监管编号", "oversight_no", nil}, {"监管领域", "area", nil}, {"监管部门", "department", nil}, {"行政区划代码", "region_code", nil},
			{"监管对象_名称", "party", nil}, {"监管对象_类别", "party_kind", nil}, {"监管对象_统一社会信用代码", "party_uscc", or("/", nil)},
			{"监管事项_依据", "basis", nil}, {"监管事项_内容", "content", nil}, {"监管事项_标准", "standard", nil}, {"监管事项_程序", "procedure", nil}, {"监管事项_方式", "mode", nil},
			{"检查_日期", "inspected_on", dateCells}, {"检查_人员", "inspectors", nil}, {"检查_结果", "result", nil}, {"检查_发现问题", "problems", or("无", nil)},
			{"整改_期限", "rectify_by", or("—", dateCells)}, {"整改_完成日期", "rectified_on", or("—", dateCells)}, {"办理状态", "status", nil}, {"公开日期", "announced_on", dateCells},
			{"举报_人", "complainant", or("无", nil)}, {"举报_电话", "complainant_phone", or("无", nil)}, {"案卷", "case_file", nil}, {"备注", "remark", nil},
		},
		page: 33, note: "注：示例数据。调查中的事项办结后公开。",
	}
	return f.xlsx(records)
}

func oversightText() ([]byte, error) {
	records := also(oversightOf(126, []region{province}, 60),
		record{"oversight_no": "JG-620000-9001", "inspected_on": "2026-04-31"},
		record{"oversight_no": "JG-620000-9002", "result": ""})
	f := form{columns: []column{
		{"编号", "oversight_no", nil}, {"领域", "area", nil}, {"监管主体", "department", nil}, {"区划代码", "region_code", nil}, {"被检查单位", "party", nil}, {"单位类别", "party_kind", nil}, {"社会信用代码", "party_uscc", nil},
		{"监管依据", "basis", commas}, {"监管内容", "content", nil}, {"监管标准", "standard", nil}, {"监管程序", "procedure", nil}, {"检查方式", "mode", nil}, {"检查时间", "inspected_on", manyDates}, {"检查人员", "inspectors", nil},
		{"监管结果", "result", nil}, {"存在问题", "problems", or("无", nil)}, {"整改期限", "rectify_by", or("/", manyDates)}, {"整改完成时间", "rectified_on", or("/", manyDates)}, {"状态", "status", nil}, {"公示日期", "announced_on", manyDates},
		{"投诉举报人", "complainant", or("/", nil)}, {"投诉举报人电话", "complainant_phone", or("/", nil)}, {"案卷信息", "case_file", nil}, {"备注", "remark", nil},
	}}
	return f.gb18030(records)
}

// livelihood is a fund for people's livelihood: how much for a county in a year,
// and for each person or household.
type livelihood struct {
	area, line, name, purpose, standard, payment string
	county                                       float64
	heads                                        int
}

var livelihoods = []livelihood{
	{"教育", "教育", "农村义务教育学生营养改善计划补助资金", "学生膳食补助", "每生每天按国家规定标准", "学校供餐", 2.1e7, 18000},
	{"教育", "教育", "义务教育家庭经济困难学生生活补助", "寄宿生和非寄宿生生活补助", "按学段和学期分档", "惠民一卡通", 6.4e6, 6200},
	{"教育", "教育", "普通高中国家助学金", "家庭经济困难学生资助", "每生每年按平均标准分档", "惠民一卡通", 2.8e6, 1300},
	{"就业", "人社", "就业补助资金", "公益性岗位补贴和技能培训补贴", "按岗位和培训工种", "社会保障卡", 8.5e6, 1900},
	{"就业", "人社", "创业担保贷款贴息资金", "创业担保贷款贴息", "按贷款额度和期限", "银行转账", 1.2e6, 140},
	{"医疗卫生", "医保", "城乡居民基本医疗保险财政补助", "参保缴费补助", "按参保人数和年度人均标准", "拨付基金专户", 1.5e8, 230000},
	{"医疗卫生", "卫生健康", "基本公共卫生服务补助资金", "居民健康档案和重点人群健康管理", "按常住人口和年度人均标准", "拨付医疗卫生机构", 2.2e7, 240000},
	{"社会保障", "民政", "困难群众救助补助资金", "低保、特困和临时救助", "按类别和档次", "惠民一卡通", 6.8e7, 15000},
	{"社会保障", "民政", "残疾人两项补贴", "困难残疾人生活补贴和重度残疾人护理补贴", "按月定额", "惠民一卡通", 6.2e6, 4300},
	{"社会保障", "人社", "城乡居民基本养老保险补助", "基础养老金", "按月定额", "社会保障卡", 5.9e7, 41000},
	{"住房保障", "住建", "农村危房改造补助资金", "农村低收入群体危房改造", "按危房等级和改造方式分类", "惠民一卡通", 3.6e6, 160},
	{"住房保障", "住建", "公共租赁住房租赁补贴", "城镇住房困难家庭租赁补贴", "按人口和面积", "惠民一卡通", 2.4e6, 820},
	{"涉农补贴", "农业农村", "耕地地力保护补贴", "耕地地力保护", "按确权面积每亩定额", "惠民一卡通", 3.3e7, 52000},
	{"涉农补贴", "农业农村", "农机购置与应用补贴", "农机购置", "按机具分档定额", "银行转账", 4.1e6, 610},
	{"涉农补贴", "农业农村", "草原生态保护补助奖励", "禁牧补助和草畜平衡奖励", "按面积定额", "惠民一卡通", 9.7e6, 7800},
	{"扶贫", "乡村振兴", "脱贫人口小额信贷贴息", "脱贫人口和监测对象小额信贷贴息", "按贷款额度和期限", "银行转账", 5.2e6, 3400},
	{"扶贫", "乡村振兴", "雨露计划职业教育补助", "脱贫家庭学生职业教育补助", "每生每学年定额", "惠民一卡通", 3.1e6, 1050},
}

func livelihoodOf(seed int64, year int, counties []region, share float64) []record {
	m := dice(seed)
	var records []record
	for _, r := range counties {
		for i, f := range livelihoods {
			allocated := m.yuan(f.county)
			central := float64(int(allocated*(0.55+0.3*m.rng.Float64())/100) * 100)
			provincial := float64(int((allocated-central)*(0.5+0.3*m.rng.Float64())/100) * 100)
			used := float64(int(allocated*min(1, share+0.2*m.rng.Float64())*100)) / 100
			x := record{
				"fund_no": fmt.Sprintf("MS-%s-%d-%02d", r.code, year, i+1), "year": strconv.Itoa(year), "region_code": r.code, "region": r.full, "area": f.area, "fund": f.name, "purpose": f.purpose,
				"standard": f.standard, "payment": f.payment, "allocated": money(allocated), "central": money(central), "provincial": money(provincial), "local": money(allocated - central - provincial), "used": money(used),
				"beneficiaries": strconv.Itoa(1 + int(float64(f.heads)*allocated/f.county)), "document_no": fmt.Sprintf("%s财示〔%d〕%d号", r.short, year, 10+m.rng.IntN(180)),
				"allocated_on": m.workday(fmt.Sprintf("%d-02-10", year), fmt.Sprintf("%d-06-20", year)), "department": r.office(f.line).name, "remark": m.hint(3),
			}
			if !m.chance(90) {
				x["unused_reason"] = pick(m, []string{"人员信息核对未完成，暂缓发放", "项目招标延期，结转下年使用", "账户信息有误，已退回待补发"})
			}
			records = append(records, x)
		}
	}
	return records
}

func livelihoodWorkbook() ([]byte, error) {
	records := also(livelihoodOf(2025, 2025, places("620102", "620422", "620622", "621121", "622921", "623021", "621202"), 0.85),
		record{"fund_no": "MS-620102-2025-91", "area": "文化体育"},
		record{"fund_no": "MS-620102-2025-92", "allocated": "待下达"})
	f := form{
		sheet: "民生资金", title: "2025年度民生资金分配使用情况表（示例数据）", under: []any{"填报单位：甘肃省财政厅", "", "", "", "", "", "", "", "", "单位：万元"},
		columns: []column{
			{"资金编号", "fund_no", nil}, {"年度", "year", number}, {"地区_代码", "region_code", nil}, {"地区_名称", "region", nil}, {"资金_类别", "area", nil}, {"资金_名称", "fund", nil}, {"资金_用途", "purpose", nil},
			{"补助标准", "standard", nil}, {"分配_合计", "allocated", inTenThousands}, {"分配_中央", "central", inTenThousands}, {"分配_省级", "provincial", inTenThousands}, {"分配_市县", "local", inTenThousands},
			{"使用_支出数", "used", inTenThousands}, {"使用_受益人数", "beneficiaries", number}, {"使用_未支出原因", "unused_reason", or("/", nil)}, {"发放方式", "payment", nil}, {"下达文号", "document_no", nil},
			{"下达日期", "allocated_on", dateCells}, {"主管部门", "department", nil}, {"备注", "remark", nil},
		},
		page: 45, totals: []string{"allocated", "central", "provincial", "local", "used"}, note: "数据来源：示例数据，金额均为虚构。",
	}
	return f.xlsx(records)
}

func livelihoodJSON() ([]byte, error) {
	records := also(livelihoodOf(2026, 2026, places("620102", "621121", "622921"), 0.5),
		record{"fund_no": "MS-620102-2026-91", "used": "-1200"},
		record{"fund_no": "MS-620102-2026-92", "region_code": "620199"})
	f := form{title: "示例数据", columns: []column{
		{"资金编号", "fund_no", nil}, {"年度", "year", number}, {"区划代码", "region_code", nil}, {"地区名称", "region", nil}, {"民生领域", "area", nil}, {"资金名称", "fund", nil}, {"资金用途", "purpose", nil}, {"补助标准", "standard", nil},
		{"分配金额", "allocated", withUnit}, {"中央资金", "central", withUnit}, {"省级资金", "provincial", withUnit}, {"市县资金", "local", withUnit}, {"使用金额", "used", grouped}, {"受益人数", "beneficiaries", number},
		{"未使用原因", "unused_reason", nil}, {"发放方式", "payment", nil}, {"文号", "document_no", nil}, {"下达日期", "allocated_on", manyDates}, {"业务主管部门", "department", nil}, {"备注", "remark", nil},
	}}
	return f.json(records)
}
