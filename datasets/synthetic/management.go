package synthetic

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
)

var managementSamples = map[string]sampler{
	"power_list/powers_province_2026.xlsx":                    powersWorkbook,
	"power_list/powers_local_gb18030.csv":                     powersText,
	"responsibility_list/duties_province.xlsx":                dutiesWorkbook,
	"responsibility_list/duties_chengguan.json":               dutiesJSON,
	"market_access_negative_list/access_2025.xlsx":            accessWorkbook,
	"market_access_negative_list/access_2022_utf16.txt":       accessText,
	"enforcement_disclosure/enforcement_platform.jsonl":       enforcementLines,
	"enforcement_disclosure/enforcement_wudu.xlsx":            enforcementWorkbook,
	"regulatory_oversight/oversight_cities.xlsx":              oversightWorkbook,
	"regulatory_oversight/oversight_province_gb18030.csv":     oversightText,
	"livelihood_funds/funds_2025.xlsx":                        livelihoodWorkbook,
	"livelihood_funds/funds_2026.json":                        livelihoodJSON,
	"government_fund_catalog/funds_2025_utf8bom.csv":          governmentFundsText,
	"government_fund_catalog/funds_2026.xlsx":                 governmentFundsWorkbook,
	"illegal_fee_cases/cases_province_2025.xlsx":              feeCasesWorkbook,
	"illegal_fee_cases/cases_local_gb18030.csv":               feeCasesText,
	"fee_site_notices/notices_cities.xlsx":                    feeNoticesWorkbook,
	"fee_site_notices/notices_counties_utf16.txt":             feeNoticesText,
	"poverty_policies/policies_province.xlsx":                 povertyPoliciesWorkbook,
	"poverty_policies/policies_cities.json":                   povertyPoliciesJSON,
	"poverty_beneficiaries/households_linxia.xlsx":            householdsWorkbook,
	"poverty_beneficiaries/households_longnan_gb18030.csv":    householdsText,
	"poverty_performance/performance_2025.xlsx":               performanceWorkbook,
	"poverty_performance/performance_2024_utf8bom.csv":        performanceText,
	"poverty_exits/exits_monitoring_2026.xlsx":                exitsWorkbook,
	"poverty_exits/exits_2019_2020_gb18030.csv":               exitsText,
	"poverty_fund_allocation/allocation_province.xlsx":        allocationWorkbook,
	"poverty_fund_allocation/allocation_counties_utf8bom.csv": allocationText,
	"poverty_fund_use/projects_2024_2025.xlsx":                fundUseWorkbook,
	"poverty_fund_use/projects_2026.jsonl":                    fundUseLines,
	"poverty_donations/donations_foundations.json":            donationsJSON,
	"poverty_donations/donations_counties.xlsx":               donationsWorkbook,
}

func dice(seed int64) *maker { return newMaker(Options{Rows: 1, Seed: seed}, nil, nil, nil) }

// also adds copies of rows with values of their own, wrong on purpose: no other
// dataset refers to them. They stand between the others.
func also(records []record, wrong ...record) []record {
	n := len(records)
	for i, changes := range wrong {
		r := maps.Clone(records[(i*37+n/3)%n])
		maps.Copy(r, changes)
		records = slices.Insert(records, (i+1)*n/(len(wrong)+1)+i, r)
	}
	return records
}

// place finds a region of any level by its code.
func place(code string) region {
	all := slices.Concat([]region{province}, theWorld().cities, theWorld().regions)
	i := slices.IndexFunc(all, func(r region) bool { return r.code == code })
	return all[i]
}

func places(codes ...string) []region {
	var all []region
	for _, c := range codes {
		all = append(all, place(c))
	}
	return all
}

// office is the department of a line of work in a region.
func (r region) office(line string) department { return departmentOf(line, r.code, r.full) }

// division is what departments of a level call their parts.
func (d department) division() string {
	return map[string]string{"省": "处", "市": "科", "县": "股"}[d.level]
}

// company makes the name of a company and its credit code.
func (m *maker) company(r region) (name, uscc string) {
	return r.city + pick(m, tradeNames) + pick(m, tradeNames) + pick(m, industries) + "有限公司", m.uscc("91", r.code)
}

// hint is a remark, with a number in it in some cases that nobody else should read.
func (m *maker) hint(percent int) string {
	switch {
	case !m.chance(percent):
		return "示例数据"
	case m.chance(50):
		return "示例数据；联系手机" + m.mobile()
	}
	return "示例数据；经办人身份证号" + m.identity()
}

// power is a matter of the power list.
type power struct{ line, kind, name, basis, party string }

var powerKinds = []string{"行政许可", "行政处罚", "行政强制", "行政征收", "行政给付", "行政检查", "行政确认", "行政奖励", "行政裁决", "其他行政权力"}

var powers = []power{
	{"教育", "行政许可", "民办学校设立、变更和终止审批", "《中华人民共和国民办教育促进法》", "法人"},
	{"教育", "行政确认", "教师资格认定", "《中华人民共和国教师法》", "自然人"},
	{"教育", "行政给付", "家庭经济困难学生资助", "《中华人民共和国义务教育法》第四十四条", "自然人"},
	{"公安", "行政许可", "旅馆业特种行业许可", "《旅馆业治安管理办法》", "法人；其他组织"},
	{"民政", "行政给付", "最低生活保障金给付", "《社会救助暂行办法》", "自然人"},
	{"民政", "行政许可", "社会团体成立、变更、注销登记", "《社会团体登记管理条例》", "其他组织"},
	{"财政", "行政检查", "会计信息质量检查", "《中华人民共和国会计法》", "法人；其他组织"},
	{"人社", "行政许可", "人力资源服务许可", "《人力资源市场暂行条例》", "法人"},
	{"人社", "行政检查", "用人单位遵守劳动保障法律法规情况检查", "《劳动保障监察条例》", "法人；其他组织"},
	{"自然资源", "行政裁决", "土地所有权和使用权争议裁决", "《中华人民共和国土地管理法》第十四条", "自然人；法人；其他组织"},
	{"自然资源", "行政征收", "耕地开垦费征收", "《中华人民共和国土地管理法》第三十条", "法人；其他组织"},
	{"自然资源", "行政许可", "建设用地规划许可", "《中华人民共和国城乡规划法》", "法人；其他组织"},
	{"生态环境", "行政许可", "排污许可", "《排污许可管理条例》", "法人；其他组织"},
	{"生态环境", "行政处罚", "对超过排放标准排放大气污染物的处罚", "《中华人民共和国大气污染防治法》第九十九条", "法人；其他组织"},
	{"生态环境", "行政强制", "查封、扣押造成严重污染的设施设备", "《中华人民共和国环境保护法》第二十五条", "法人；其他组织"},
	{"住建", "行政许可", "建筑工程施工许可", "《中华人民共和国建筑法》第七条", "法人"},
	{"住建", "行政检查", "建设工程质量安全监督检查", "《建设工程质量管理条例》", "法人"},
	{"交通", "行政许可", "道路货物运输经营许可", "《中华人民共和国道路运输条例》", "自然人；法人"},
	{"交通", "行政处罚", "对车辆超限运输的处罚", "《公路安全保护条例》第六十四条", "自然人；法人"},
	{"水利", "行政许可", "取水许可", "《取水许可和水资源费征收管理条例》", "自然人；法人；其他组织"},
	{"水利", "行政征收", "水土保持补偿费征收", "《中华人民共和国水土保持法》第三十二条", "法人；其他组织"},
	{"农业农村", "行政许可", "农作物种子生产经营许可", "《中华人民共和国种子法》", "法人"},
	{"农业农村", "行政检查", "农产品质量安全监督抽查", "《中华人民共和国农产品质量安全法》", "自然人；法人；其他组织"},
	{"文旅", "行政许可", "旅行社设立许可", "《中华人民共和国旅游法》第二十八条", "法人"},
	{"卫生健康", "行政许可", "公共场所卫生许可", "《公共场所卫生管理条例》", "法人；其他组织"},
	{"卫生健康", "行政奖励", "无偿献血先进表彰", "《中华人民共和国献血法》", "自然人；法人；其他组织"},
	{"应急", "行政处罚", "对未如实记录安全生产教育和培训情况的处罚", "《中华人民共和国安全生产法》第九十七条", "法人；其他组织"},
	{"应急", "行政强制", "查封、扣押不符合保障安全生产标准的设施设备", "《中华人民共和国安全生产法》", "法人；其他组织"},
	{"市场监管", "行政许可", "食品经营许可", "《中华人民共和国食品安全法》第三十五条", "自然人；法人；其他组织"},
	{"市场监管", "行政强制", "查封、扣押涉嫌质量违法的产品", "《中华人民共和国产品质量法》第十八条", "自然人；法人；其他组织"},
	{"市场监管", "行政检查", "特种设备使用安全监督检查", "《中华人民共和国特种设备安全法》", "法人；其他组织"},
	{"医保", "行政检查", "医疗保障基金使用监督检查", "《医疗保障基金使用监督管理条例》", "法人"},
	{"医保", "其他行政权力", "定点医药机构协议管理监督", "《医疗保障基金使用监督管理条例》", "法人"},
	{"城管", "行政处罚", "对擅自倾倒、抛撒建筑垃圾的处罚", "《城市建筑垃圾管理规定》", "自然人；法人；其他组织"},
}

// code is the basic code of the matter that is the i-th of powers.
func (p power) code(i int) string {
	line := slices.IndexFunc(lines, func(l struct{ line, province, local string }) bool { return l.line == p.line })
	return fmt.Sprintf("62%03d%02d%03d00", line+1, slices.Index(powerKinds, p.kind)+1, i+1)
}

// powerPlaces are the regions whose departments sent their power lists.
func powerPlaces() []region { return places("620000", "620500", "621202", "620102", "621027") }

func powersOf(seed int64, regions []region) []record {
	m := dice(seed)
	var records []record
	for _, r := range regions {
		for i, p := range powers {
			if r == province && p.line == "城管" {
				continue
			}
			d := r.office(p.line)
			x := record{
				"basic_code": p.code(i), "name": p.name, "kind": p.kind, "department": d.name, "department_uscc": d.uscc, "division": "政策法规" + d.division(), "level": d.level + "级",
				"region_code": r.code, "party_kinds": p.party, "basis": p.basis, "fee": "false", "status": "有效", "valid_from": m.workday("2020-01-02", "2024-12-20"),
				"complaint_phone": "12345", "url": page(r.code, "qlqd", p.code(i)), "remark": m.hint(5),
			}
			switch p.kind {
			case "行政许可", "行政确认", "行政给付":
				x["division"] = "行政审批服务" + d.division()
				legal := pick(m, []int{20, 20, 30, 45})
				x["legal_days"], x["promised_days"] = strconv.Itoa(legal), strconv.Itoa(1+m.rng.IntN(legal/2))
			case "行政征收":
				x["fee"] = "true"
			case "行政检查":
				x["division"] = "综合监督" + d.division()
			}
			x["updated_on"] = x["valid_from"]
			switch n := m.rng.IntN(100); {
			case n < 6:
				x["status"], x["updated_on"] = "取消", m.workday("2025-02-10", "2026-09-30")
				x["valid_to"], x["adjustment"] = x["updated_on"], "依据法律法规修订予以取消"
			case n < 10 && r == province:
				x["status"], x["updated_on"] = "下放", m.workday("2025-02-10", "2026-09-30")
				x["valid_to"], x["adjustment"] = x["updated_on"], "下放至市州实施"
			case n < 16:
				x["updated_on"] = m.workday("2025-02-10", "2026-09-30")
				x["adjustment"] = "承诺办结时限和承办机构调整"
			}
			records = append(records, x)
		}
	}
	return records
}

func powersWorkbook() ([]byte, error) {
	records := also(powersOf(621, powerPlaces()[:1]),
		record{"basic_code": "621199990100", "kind": "行政指导"},
		record{"basic_code": "62-1188", "name": "示例事项（编码有误）"})
	f := form{
		sheet: "权力清单", title: "甘肃省省级政府工作部门权力清单（2026年版，示例数据）",
		under: []any{"填报单位：甘肃省机构编制委员会办公室", "", "", "", "", "公布日期：2026年10月30日"},
		columns: []column{
			{"序号", "", nil}, {"事项_基本编码", "basic_code", wideDigits}, {"事项_名称", "name", nil}, {"事项_类别", "kind", nil}, {"实施主体_名称", "department", nil},
			{"实施主体_统一社会信用代码", "department_uscc", nil}, {"实施主体_承办机构", "division", nil}, {"行使层级", "level", nil}, {"行政区划代码", "region_code", nil},
			{"行政相对人类别", "party_kinds", commas}, {"设定依据", "basis", nil}, {"办理时限（工作日）_法定", "legal_days", or("/", number)}, {"办理时限（工作日）_承诺", "promised_days", or("/", number)},
			{"是否收费", "fee", yesNo}, {"状态", "status", nil}, {"生效日期", "valid_from", dateCells}, {"失效日期", "valid_to", or("长期", dateCells)},
			{"调整_日期", "updated_on", dateCells}, {"调整_说明", "adjustment", or("—", nil)}, {"监督电话", "complaint_phone", nil}, {"办事链接", "url", nil}, {"备注", "remark", nil},
		},
		page: 18, note: "说明：1. 本清单为示例数据，编码、时限与日期均为虚构；2. “长期”表示未设失效日期。",
	}
	return f.xlsx(records)
}

func powersText() ([]byte, error) {
	records := also(powersOf(622, powerPlaces()[1:]),
		record{"basic_code": "621199980100", "valid_from": "2025年2月30日"},
		record{"basic_code": "621199970100", "department": ""},
		record{})
	f := form{columns: []column{
		{"事项编码", "basic_code", nil}, {"职权名称", "name", nil}, {"职权类别", "kind", nil}, {"实施主体", "department", nil}, {"实施主体代码", "department_uscc", nil}, {"承办机构", "division", nil},
		{"行使层级", "level", nil}, {"区划代码", "region_code", nil}, {"服务对象", "party_kinds", commas}, {"法律依据", "basis", nil}, {"法定时限（工作日）", "legal_days", or("无", nil)},
		{"承诺时限（工作日）", "promised_days", or("无", wideDigits)}, {"收费与否", "fee", yesNo}, {"事项状态", "status", nil}, {"实施日期", "valid_from", manyDates}, {"停止实施日期", "valid_to", or("长期", manyDates)},
		{"更新日期", "updated_on", manyDates}, {"调整情况", "adjustment", or("无", nil)}, {"投诉电话", "complaint_phone", nil}, {"链接", "url", nil}, {"备注", "remark", nil},
	}}
	return f.gb18030(records)
}

// steps are the stages of exercising a power, and what is owed in each.
var steps = map[string][][2]string{
	"apply": {{"受理", "公示办理条件和应当提交的材料，一次性告知补正材料，依法受理或不予受理"}, {"审查", "对申请材料进行审查，需要现场核查的指派两名以上人员核查"},
		{"决定", "作出准予或者不予决定，不予决定的说明理由并告知救济权利"}, {"送达", "在法定期限内制作并送达决定文书，依法公开"}, {"事后监管", "开展后续监督检查，发现不再符合条件的依法处理"}},
	"punish": {{"立案", "发现或者接到举报线索后予以审查，决定是否立案"}, {"调查", "指定专人调查取证，出示执法证件，保守商业秘密和个人隐私"}, {"审查", "审查事实、证据、程序和裁量，重大决定进行法制审核"},
		{"告知", "告知拟作决定的事实、理由、依据和陈述申辩、听证权利"}, {"决定", "制作决定书，载明事实、依据、内容和救济途径"}, {"送达", "在七日内依法送达当事人"}, {"执行", "监督当事人履行，逾期不履行的依法强制执行或者申请人民法院强制执行"}},
	"check": {{"制定方案", "制定年度检查计划和抽查事项清单并向社会公布"}, {"实施检查", "随机抽取检查对象、随机选派检查人员，如实记录检查情况"}, {"处理", "对发现的问题责令整改，违法行为移送立案查处"}, {"公开", "检查结果在规定期限内向社会公开"}},
}

func stepsOf(kind string) [][2]string {
	switch kind {
	case "行政处罚", "行政强制":
		return steps["punish"]
	case "行政检查", "其他行政权力":
		return steps["check"]
	}
	return steps["apply"]
}

func dutiesOf(seed int64, r region, rest int) []record {
	m := dice(seed)
	var records []record
	for i, p := range powers {
		if i%2 != rest || r == province && p.line == "城管" {
			continue
		}
		d := r.office(p.line)
		for n, step := range stepsOf(p.kind) {
			records = append(records, record{
				"duty_no": fmt.Sprintf("ZR-%s-%s-%02d", r.code, p.code(i), n+1), "power_code": p.code(i), "power_name": p.name, "power_kind": p.kind, "department": d.name, "region_code": r.code,
				"stage": step[0], "duty": step[0] + "责任：" + step[1] + "。", "duty_basis": p.basis, "responsible": pick(m, []string{"分管负责人", "承办机构负责人", "具体经办人员"}),
				"accountability":       pick(m, []string{"应当" + step[0] + "而未在规定期限内办理的", "不履行或者不正确履行" + step[0] + "职责造成后果的", "在" + step[0] + "环节滥用职权、徇私舞弊的", "违反法定程序实施的"}),
				"accountability_basis": pick(m, []string{"《中华人民共和国公职人员政务处分法》", "《行政机关公务员处分条例》", "《中华人民共和国行政许可法》", "《中华人民共和国公务员法》"}),
				"remedy":               pick(m, []string{"行政复议；行政诉讼", "行政复议；行政诉讼；申诉"}), "complaint_phone": "12345", "updated_on": m.workday("2025-01-06", "2026-10-20"), "remark": m.hint(4),
			})
		}
	}
	return records
}

func dutiesWorkbook() ([]byte, error) {
	records := also(dutiesOf(623, province, 0),
		record{"duty_no": "ZR-620000-629999990100-01", "power_code": "629999990100"}, // no such power
		record{"duty_no": "ZR-620000-000000000000-02", "stage": "研究"})
	f := form{
		sheet: "责任清单", title: "甘肃省省级政府工作部门责任清单（2026年版，示例数据）",
		columns: []column{
			{"序号", "", nil}, {"责任事项编号", "duty_no", nil}, {"对应权力事项_编码", "power_code", nil}, {"对应权力事项_名称", "power_name", nil}, {"对应权力事项_类别", "power_kind", nil},
			{"责任主体", "department", nil}, {"行政区划代码", "region_code", nil}, {"责任事项_环节", "stage", nil}, {"责任事项_内容", "duty", nil}, {"责任事项_依据", "duty_basis", nil}, {"责任人员", "responsible", nil},
			{"追责_情形", "accountability", nil}, {"追责_依据", "accountability_basis", nil}, {"救济途径", "remedy", commas}, {"监督电话", "complaint_phone", nil}, {"更新日期", "updated_on", dateCells}, {"备注", "remark", or("/", nil)},
		},
		page: 40, note: "注：本清单为示例数据，追责情形为归纳表述。",
	}
	return f.xlsx(records)
}

func dutiesJSON() ([]byte, error) {
	records := also(dutiesOf(624, place("620102"), 1),
		record{"duty_no": "ZR-620102-000000000000-01", "duty": ""},
		record{"duty_no": "ZR-620102-000000000000-02", "updated_on": "2026-06-31"})
	f := form{title: "示例数据", columns: []column{
		{"duty_no", "duty_no", nil}, {"power_code", "power_code", nil}, {"power_name", "power_name", nil}, {"power_kind", "power_kind", nil}, {"department", "department", nil}, {"region_code", "region_code", nil},
		{"stage", "stage", nil}, {"duty", "duty", nil}, {"duty_basis", "duty_basis", nil}, {"responsible", "responsible", nil}, {"accountability", "accountability", nil},
		{"accountability_basis", "accountability_basis", nil}, {"remedy", "remedy", commas}, {"complaint_phone", "complaint_phone", nil}, {"updated_on", "updated_on", manyDates}, {"remark", "remark", nil},
	}}
	return f.json(records)
}
