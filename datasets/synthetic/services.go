package synthetic

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

var serviceSamples = map[string]sampler{
	"service_items/items_province_2026.xlsx":                        guidesWorkbook,
	"service_items/items_local_gb18030.csv":                         guidesText,
	"intermediary_services/list_province_2026.xlsx":                 intermediariesWorkbook,
	"intermediary_services/list_local_utf16.txt":                    intermediariesText,
	"government_purchases/purchases_province.xlsx":                  purchasesWorkbook,
	"government_purchases/purchases_platform.jsonl":                 purchasesLines,
	"ppp_projects/projects_existing.xlsx":                           venturesWorkbook,
	"ppp_projects/concessions_2026.json":                            venturesJSON,
	"public_institution_services/utilities_cities.xlsx":             institutionsWorkbook,
	"public_institution_services/institutions_counties_utf8bom.csv": institutionsText,
}

// guide is what a guide to a service says. One without a kind is a power of
// the power list, which has the rest of it; legal is 0 where no law sets a time.
type guide struct {
	line, kind, name, basis, party string
	legal, promised                int
	at                             string // 省 or 地方, where it is not a matter of both
	conditions, materials, result  string
	fee                            string // as the fee catalogue calls it
}

var guides = []guide{
	{line: "教育", name: "民办学校设立、变更和终止审批", conditions: "有合格的举办者和章程；有必要的办学资金和符合安全标准的校舍；有合格的教师", materials: "申办报告；举办者资质证明；资产来源及验资证明；学校章程；拟任校长及教师资格证明", result: "民办学校办学许可证"},
	{line: "教育", name: "教师资格认定", conditions: "具备规定学历；通过国家教师资格考试；普通话水平达到规定等级", materials: "身份证；学历证书；教师资格考试合格证明；普通话水平测试等级证书；体检合格证明", result: "教师资格证书"},
	{line: "教育", name: "家庭经济困难学生资助", at: "地方", conditions: "在校学生；经认定家庭经济困难", materials: "资助申请表；户口簿；困难情况说明", result: "资助资金"},
	{line: "公安", name: "旅馆业特种行业许可", conditions: "建筑和消防设备符合规定；配备治安管理信息系统；从业人员符合要求", materials: "申请登记表；营业执照；房屋权属证明；平面示意图；治安管理制度", result: "特种行业许可证"},
	{line: "民政", name: "最低生活保障金给付", at: "地方", conditions: "本地户籍；家庭人均收入低于当地低保标准；家庭财产状况符合规定", materials: "申请书；户口簿；家庭经济状况核对授权书", result: "低保金"},
	{line: "民政", name: "社会团体成立、变更、注销登记", conditions: "有规范的名称和组织机构；有固定的住所；有合法的资产和经费来源", materials: "登记申请书；业务主管单位批准文件；验资报告；章程草案；住所使用权证明", result: "社会团体法人登记证书"},
	{line: "人社", name: "人力资源服务许可", conditions: "有明确的章程和管理制度；有开展业务必备的固定场所；有三名以上专职工作人员", materials: "许可申请书；营业执照；场所证明；专职工作人员名册", result: "人力资源服务许可证"},
	{line: "自然资源", name: "建设用地规划许可", conditions: "项目已批准、核准或者备案；取得土地使用权", materials: "申请书；项目批准文件；国有土地使用权出让合同；建设用地红线图", result: "建设用地规划许可证"},
	{line: "生态环境", name: "排污许可", conditions: "依法取得环境影响评价批准文件或者已办理备案；污染物排放符合标准", materials: "排污许可证申请表；自行监测方案；守法承诺书；排污口规范化说明", result: "排污许可证"},
	{line: "住建", name: "建筑工程施工许可", conditions: "已办理用地批准手续；施工场地具备条件；已确定施工企业；有保证工程质量和安全的措施", materials: "施工许可申请表；建设工程规划许可证；施工合同；施工图审查合格书；质量安全措施", result: "建筑工程施工许可证"},
	{line: "交通", name: "道路货物运输经营许可", conditions: "有经检测合格的车辆；有符合规定条件的驾驶人员；有健全的安全生产管理制度", materials: "经营申请表；身份证或者营业执照；车辆技术等级证明；驾驶人员从业资格证；安全生产管理制度", result: "道路运输经营许可证"},
	{line: "水利", name: "取水许可", conditions: "符合水资源综合规划；取水量在用水总量控制指标以内；计量设施符合要求", materials: "取水许可申请书；水资源论证报告；与第三者利害关系说明", result: "取水许可证"},
	{line: "农业农村", name: "农作物种子生产经营许可", conditions: "有与品种相适应的生产基地；有检验、加工和储藏设施；有专业技术人员", materials: "申请表；营业执照；种子检验和加工设施清单；品种权授权书", result: "农作物种子生产经营许可证"},
	{line: "文旅", name: "旅行社设立许可", conditions: "有固定的经营场所和必要的营业设施；有规定的注册资本；有经营管理人员和导游", materials: "设立申请书；营业执照；经营场所证明；章程；导游劳动合同", result: "旅行社业务经营许可证"},
	{line: "卫生健康", name: "公共场所卫生许可", conditions: "场所布局和卫生设施符合规定；空气、水质检测合格；从业人员健康检查合格", materials: "许可申请表；场所平面图；卫生检测报告；卫生管理制度", result: "公共场所卫生许可证"},
	{line: "市场监管", name: "食品经营许可", conditions: "有与经营品种相适应的场所和设备；有食品安全管理人员和制度；布局和操作流程合理", materials: "许可申请书；营业执照；设备布局和操作流程；食品安全规章制度", result: "食品经营许可证"},
	{"市场监管", "行政确认", "企业设立登记", "《中华人民共和国市场主体登记管理条例》第十九条", "自然人；法人", 3, 1, "", "名称和经营范围符合规定；有符合规定的住所；出资人具备资格", "设立登记申请书；章程；住所使用证明；主体资格证明", "营业执照", ""},
	{"市场监管", "其他行政权力", "特种设备使用登记", "《中华人民共和国特种设备安全法》第三十三条", "法人；其他组织", 15, 5, "地方", "设备经检验合格；配备作业人员和管理制度", "使用登记表；产品合格证；监督检验证明；作业人员证", "特种设备使用登记证", "特种设备检验检测费"},
	{"自然资源", "行政确认", "不动产首次登记", "《不动产登记暂行条例》", "自然人；法人；其他组织", 30, 5, "地方", "权属来源清楚；界址清楚、面积准确；税费已缴纳", "登记申请书；身份证明；权属来源材料；权籍调查成果；完税凭证", "不动产权证书", "不动产登记费"},
	{"公安", "公共服务", "户口迁移", "《中华人民共和国户口登记条例》", "自然人", 0, 3, "地方", "符合迁入地落户条件；材料齐全", "迁移申请；居民身份证；户口簿；合法稳定住所证明", "准予迁入证明", ""},
	{"公安", "其他行政权力", "机动车号牌和行驶证补领", "《中华人民共和国道路交通安全法》", "自然人；法人", 15, 1, "地方", "机动车已经登记；号牌或者行驶证灭失、丢失", "补领申请表；机动车所有人身份证明", "号牌和行驶证", "机动车号牌工本费"},
	{"民政", "公共服务", "高龄津贴申领", "《中华人民共和国老年人权益保障法》", "自然人", 0, 15, "地方", "本地户籍；年满八十周岁", "申请表；居民身份证；户口簿", "高龄津贴", ""},
	{"人社", "公共服务", "就业困难人员认定", "《中华人民共和国就业促进法》第五十二条", "自然人", 0, 3, "地方", "在法定劳动年龄内；有就业意愿；因身体状况、技能水平、家庭因素等难以实现就业", "认定申请表；居民身份证；失业登记证明", "就业创业证标注", ""},
	{"人社", "公共服务", "失业保险金申领", "《失业保险条例》", "自然人", 10, 3, "", "已办理失业登记并有求职要求；非因本人意愿中断就业；缴费满一年", "申领表；居民身份证", "失业保险金", ""},
	{"医保", "公共服务", "异地就医备案", "《中华人民共和国社会保险法》第二十九条", "自然人", 0, 0, "", "已参加基本医疗保险；需在参保地以外就医", "医保电子凭证；备案表", "备案登记", ""},
	{"医保", "公共服务", "城乡居民基本医疗保险参保登记", "《中华人民共和国社会保险法》第二十五条", "自然人", 0, 0, "地方", "未参加职工基本医疗保险的城乡居民", "居民身份证；户口簿或者居住证", "参保登记", ""},
	{"卫生健康", "公共服务", "生育登记", "《中华人民共和国人口与计划生育法》", "自然人", 0, 0, "地方", "怀孕或者已生育子女的居民", "居民身份证", "生育登记服务单", ""},
	{"卫生健康", "行政许可", "医师执业注册", "《中华人民共和国医师法》第十三条", "自然人", 20, 7, "", "取得医师资格；受聘于医疗卫生机构", "注册申请表；医师资格证书；聘用证明；体检证明", "医师执业证书", ""},
	{"农业农村", "行政给付", "农机购置与应用补贴申领", "《中华人民共和国农业机械化促进法》第二十七条", "自然人；法人；其他组织", 0, 15, "地方", "购置列入补贴范围的机具；一年内提出申请", "补贴申请表；购机发票；居民身份证；惠民惠农一卡通账号", "补贴资金", ""},
	{"水利", "行政许可", "生产建设项目水土保持方案审批", "《中华人民共和国水土保持法》第二十五条", "法人；其他组织", 10, 5, "", "可能造成水土流失；水土流失防治措施符合标准", "审批申请；水土保持方案报告书", "准予许可决定书", "水土保持补偿费"},
	{"财政", "行政许可", "会计师事务所执业许可", "《中华人民共和国注册会计师法》", "法人；其他组织", 20, 10, "省", "有规定人数的合伙人或者股东；有注册会计师和固定的办公场所；有内部管理制度", "执业许可申请表；合伙协议或者章程；注册会计师情况汇总表；办公场所证明", "会计师事务所执业证书", ""},
	{"应急", "行政许可", "非煤矿矿山企业安全生产许可", "《安全生产许可证条例》第七条", "法人", 45, 20, "省", "安全投入符合要求；设置安全生产管理机构；主要负责人和安全生产管理人员考核合格；依法参加工伤保险", "许可证申请书；安全生产责任制文件；人员考核合格证明；工伤保险缴费证明；安全评价报告", "安全生产许可证", ""},
	{"文旅", "行政许可", "导游证核发", "《中华人民共和国旅游法》第三十七条", "自然人", 10, 3, "", "取得导游人员资格证；与旅行社订立劳动合同或者在旅游行业组织注册", "核发申请；身份证；劳动合同或者注册证明", "导游证", ""},
	{"商务", "行政许可", "从事拍卖业务许可", "《中华人民共和国拍卖法》第十一条", "法人", 20, 8, "省", "有规定的注册资本；有自己的名称、组织机构、住所和章程；有与从事拍卖业务相适应的拍卖师", "许可申请；公司章程和拍卖业务规则；拍卖师执业资格证书；住所证明", "拍卖经营批准证书", ""},
	{"城管", "行政许可", "临时占用城市道路审批", "《城市道路管理条例》第三十一条", "自然人；法人；其他组织", 20, 4, "地方", "占用确有必要；不影响交通安全；有恢复措施", "占道申请书；占道平面图；占道期间安全保障措施", "临时占用道路许可证", "城市道路占用挖掘修复费"},
}

// listedPowers are the powers in force that the power list has, by code and
// department.
func listedPowers() map[string]record {
	listed := map[string]record{}
	for _, r := range slices.Concat(powersOf(621, powerPlaces()[:1]), powersOf(622, powerPlaces()[1:])) {
		if r["status"] == "有效" {
			listed[r["basic_code"]+r["department"]] = r
		}
	}
	return listed
}

// complete fills in what the power list says of a power, and makes a code for
// what is none. It reports whether the department offers the service.
func (g *guide) complete(i int, d department, powersInForce map[string]record) (code string, ok bool) {
	if g.kind != "" {
		line := slices.IndexFunc(lines, func(l struct{ line, province, local string }) bool { return l.line == g.line })
		return fmt.Sprintf("62%03d20%03d00", line+1, i+1), true
	}
	at := slices.IndexFunc(powers, func(p power) bool { return p.name == g.name })
	code = powers[at].code(at)
	p, ok := powersInForce[code+d.name]
	if ok {
		g.kind, g.basis, g.party = p["kind"], p["basis"], p["party_kinds"]
		g.legal, _ = strconv.Atoi(p["legal_days"])
		g.promised, _ = strconv.Atoi(p["promised_days"])
	}
	return code, ok
}

// the depth of service online, from telling to handing out the result.
var onlineDepths = []string{"互联网咨询", "互联网预审", "互联网受理", "互联网办理", "互联网办理结果信息反馈"}

// serviceGuides are the guides of regions, with what came of the promises in
// the year before.
func serviceGuides(seed int64, regions []region) []record {
	m, inForce := dice(seed), listedPowers()
	var records []record
	for _, r := range regions {
		for i, g := range guides {
			d, listed := r.office(g.line), g.kind == ""
			code, ok := g.complete(i, d, inForce)
			if !ok || g.at == "省" && r != province || g.at == "地方" && r == province {
				continue
			}
			x := record{
				"item_code": d.uscc + "4" + code, "name": g.name, "kind": g.kind, "department": d.name, "level": d.level + "级", "region_code": r.code, "service_object": g.party,
				"handling": "承诺件", "basis": g.basis, "conditions": g.conditions, "materials": g.materials, "materials_count": strconv.Itoa(1 + strings.Count(g.materials, "；")),
				"procedure": pick(m, []string{"申请—受理—审查—决定—送达", "申请—受理—审核—公示—发放", "网上申报—受理—审查—决定—邮寄送达"}), "promised_days": strconv.Itoa(g.promised), "result": g.result,
				"online_depth": onlineDepths[2+m.rng.IntN(3)], "visits": strconv.Itoa(m.rng.IntN(2)), "fee": "false", "place": r.full + "政务服务中心" + strconv.Itoa(1+m.rng.IntN(3)) + "楼" + strconv.Itoa(1+m.rng.IntN(40)) + "号窗口",
				"hours": "工作日9:00—12:00，14:30—17:30", "phone": "12345", "contact": m.person(), "contact_phone": m.mobile(), "url": page(r.code, "bszn", code), "status": "在用",
				"valid_from": m.workday("2021-01-04", "2024-12-20"), "remark": m.hint(5),
			}
			if listed {
				x["basic_code"] = code
			}
			if g.legal > 0 {
				x["legal_days"] = strconv.Itoa(g.legal)
			}
			if g.kind == "行政给付" {
				x["procedure"] = "申请—受理—审核—公示—发放"
			}
			if g.fee != "" {
				at := slices.IndexFunc(listedFees(), func(f fee) bool { return strings.HasPrefix(f.item, g.fee) })
				f := listedFees()[at]
				x["fee"], x["fee_code"], x["fee_item"], x["fee_rate"], x["fee_highest"] = "true", f.code, f.item, f.rate, money(f.high)
			}
			m.served(x, g)
			records = append(records, x)
		}
	}
	return records
}

// served adds the figures of 2025: how many applied, how long it took, and who
// waited longer than was promised. Some promise more time than the law has.
func (m *maker) served(x record, g guide) {
	cases := 12 + int(m.yuan(48000)/100)
	days, late := float64(g.promised)*(0.45+0.5*m.rng.Float64()), 0.0
	switch {
	case g.promised == 0:
		x["handling"], x["visits"], x["online_depth"], days = "即办件", "0", "互联网办理结果信息反馈", 0
	case g.legal > 0 && m.chance(4):
		x["promised_days"] = strconv.Itoa(g.legal + 5)
	case m.chance(15):
		days, late = float64(g.promised)*(1.05+0.4*m.rng.Float64()), 0.1+0.3*m.rng.Float64()
	case m.chance(40):
		late = 0.03 * m.rng.Float64()
	}
	x["cases"], x["average_days"], x["overdue"] = strconv.Itoa(cases), strconv.FormatFloat(days, 'f', 1, 64), strconv.Itoa(int(late*float64(cases)))
	x["satisfaction"] = percentage(99.8 - 22*late - 2*math.Abs(m.rng.NormFloat64()))
	switch {
	case m.chance(4):
		x["status"], x["valid_to"] = "暂停", m.workday("2026-05-06", "2026-10-30")
	case m.chance(10):
		x["remark"] = "示例数据；窗口咨询" + x["contact"] + "，手机" + x["contact_phone"]
	}
}

func guidesWorkbook() ([]byte, error) {
	records := also(serviceGuides(71, powerPlaces()[:1]),
		record{"item_code": "11620000YYA00099904620999990100", "kind": "行政备案"},
		record{"item_code": "11620000YYA0009990462099998010", "name": "示例事项（编码缺一位）"})
	f := form{
		sheet: "办事指南", title: "甘肃省省级政务服务事项办事指南汇总表（2026年版，示例数据）", under: []any{"填报单位：甘肃省人民政府办公厅", "", "", "", "", "统计年度：2025年"},
		columns: []column{
			{"序号", "", nil}, {"事项_实施编码", "item_code", nil}, {"事项_基本编码", "basic_code", or("/", nil)}, {"事项_名称", "name", nil}, {"事项_类型", "kind", nil}, {"实施主体", "department", nil}, {"行使层级", "level", nil},
			{"行政区划代码", "region_code", nil}, {"服务对象", "service_object", commas}, {"办件类型", "handling", nil}, {"设定依据", "basis", nil}, {"受理条件", "conditions", nil}, {"申请材料_清单", "materials", nil},
			{"申请材料_数量", "materials_count", number}, {"办理流程", "procedure", nil}, {"办理时限（工作日）_法定", "legal_days", or("无", number)}, {"办理时限（工作日）_承诺", "promised_days", number},
			{"收费_是否收费", "fee", yesNo}, {"收费_项目编码", "fee_code", or("/", nil)}, {"收费_项目", "fee_item", or("/", nil)}, {"收费_标准", "fee_rate", or("/", nil)}, {"收费_最高（元）", "fee_highest", or("/", number)},
			{"办理结果", "result", nil}, {"网办深度", "online_depth", nil}, {"到现场次数", "visits", number}, {"办理_地点", "place", nil}, {"办理_时间", "hours", nil}, {"咨询_电话", "phone", nil}, {"咨询_窗口人员", "contact", nil},
			{"咨询_手机", "contact_phone", nil}, {"办件情况_办件量", "cases", number}, {"办件情况_平均用时", "average_days", number}, {"办件情况_超期件数", "overdue", number}, {"办件情况_满意率", "satisfaction", percent},
			{"事项状态", "status", nil}, {"生效日期", "valid_from", dateCells}, {"失效日期", "valid_to", or("长期", dateCells)}, {"在线办理链接", "url", nil}, {"备注", "remark", nil},
		},
		page: 12, totals: []string{"cases", "overdue"}, note: "注：1. 本表为示例数据；2. 时限均为工作日；3. 即办件承诺时限为0。",
	}
	return f.xlsx(records)
}

func guidesText() ([]byte, error) {
	records := also(serviceGuides(72, powerPlaces()[1:]),
		record{"item_code": "11620500YYA00099904620999970100", "conditions": ""},
		record{"item_code": "11620500YYA00099904620999960100", "promised_days": "尽快办理"},
		record{})
	f := form{columns: []column{
		{"事项编码", "item_code", nil}, {"权力编码", "basic_code", nil}, {"服务事项", "name", nil}, {"事项类别", "kind", nil}, {"实施机关", "department", nil}, {"实施层级", "level", nil}, {"区划代码", "region_code", nil},
		{"办理对象", "service_object", commas}, {"办件类别", "handling", nil}, {"法律依据", "basis", nil}, {"办理条件", "conditions", nil}, {"所需材料", "materials", commas}, {"材料份数", "materials_count", wideDigits},
		{"办事流程", "procedure", nil}, {"法定时限", "legal_days", or("无法定时限", inWorkingDays)}, {"承诺时限", "promised_days", inWorkingDays}, {"收费与否", "fee", yesNo}, {"收费编码", "fee_code", or("—", nil)},
		{"收费项目", "fee_item", or("—", nil)}, {"收费标准", "fee_rate", or("不收费", nil)}, {"最高收费", "fee_highest", or("—", withUnit)}, {"结果名称", "result", nil}, {"网上办理深度", "online_depth", nil},
		{"跑动次数", "visits", nil}, {"办理地点", "place", nil}, {"办公时间", "hours", nil}, {"咨询电话", "phone", nil}, {"联系人", "contact", nil}, {"联系人手机", "contact_phone", nil}, {"上年办件量", "cases", grouped0},
		{"平均办结用时", "average_days", nil}, {"超期办结数", "overdue", nil}, {"好差评满意率（%）", "satisfaction", nil}, {"状态", "status", nil}, {"实施日期", "valid_from", manyDates}, {"停用日期", "valid_to", or("长期", manyDates)},
		{"链接", "url", nil}, {"备注", "remark", nil},
	}}
	return f.gb18030(records)
}

// inWorkingDays names the unit in every second cell.
func inWorkingDays(i int, v string) any {
	if _, err := strconv.Atoi(v); err == nil && i%2 == 1 {
		return v + "工作日"
	}
	return v
}

// grouped0 writes a whole number with separators between thousands.
func grouped0(_ int, v string) any {
	if _, err := strconv.Atoi(v); err == nil {
		return strings.TrimSuffix(thousands(v+".00"), ".00")
	}
	return v
}
