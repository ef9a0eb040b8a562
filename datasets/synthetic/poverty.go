package synthetic

import (
	"fmt"
	"slices"
	"strconv"
	"sync"
)

// poorCounties are counties of Gansu that once were poor ones.
func poorCounties() []region {
	return places("620422", "620525", "620622", "620623", "620825", "620826", "621022", "621027", "621121", "621125", "621126",
		"621202", "621222", "621223", "621225", "621226", "622921", "622922", "622924", "622926", "622927", "623021", "623023")
}

var (
	townships = []string{"城关镇", "新城镇", "河西乡", "南山乡", "双桥镇", "高崖镇", "柳树乡", "石峡镇", "白塔乡", "清水镇"}
	villages  = []string{"前川村", "上庄村", "下湾村", "阳坡村", "新民村", "红崖村", "牛家沟村", "石磨村", "梁上村", "东坪村", "西岔村", "杏树湾村"}
)

// policies on poverty relief: what they are about, for whom, how much.
var povertyTopics = []struct{ kind, name, targets, standard, apply, line string }{
	{"综合", "健全防止返贫致贫动态监测和帮扶机制工作方案", "脱贫不稳定户；边缘易致贫户；突发严重困难户", "按风险类型落实帮扶措施", "农户自主申报、村级核实、乡镇审核、县级确定", "乡村振兴"},
	{"产业", "脱贫地区特色产业可持续发展实施意见", "脱贫户；监测对象；新型农业经营主体", "到户产业奖补每户不超过5000元", "农户申请、村级公示、乡镇验收后兑付", "农业农村"},
	{"就业", "脱贫人口务工交通补助实施办法", "脱贫人口；监测对象", "跨省务工每人每年不超过800元", "凭务工证明向村委会申请", "人社"},
	{"就业", "乡村公益性岗位规范管理办法", "脱贫人口；监测对象", "每岗每月不低于500元", "村民申请、民主评议、公示、聘用", "人社"},
	{"教育", "雨露计划职业教育补助实施细则", "脱贫家庭学生；监测对象家庭学生", "每生每学年3000元", "学籍比对后由县级直接发放", "教育"},
	{"健康", "巩固拓展基本医疗有保障成果实施方案", "脱贫人口；特困人员；低保对象", "参保分类资助、住院先诊疗后付费", "身份比对后自动享受", "医保"},
	{"住房", "农村低收入群体等重点对象住房安全保障实施办法", "低保户；监测对象；特困人员", "按危房等级分类补助", "农户申请、鉴定、公示、审批", "住建"},
	{"饮水", "农村供水保障巩固提升实施意见", "农村居民", "水量、水质、用水方便程度和供水保证率达标", "农户报修、24小时响应", "水利"},
	{"金融", "脱贫人口小额信贷工作规程", "脱贫户；监测对象", "5万元以下、3年期以内、免担保免抵押", "农户申请、村级评议、银行放款", "乡村振兴"},
	{"兜底", "农村低收入人口常态化救助帮扶办法", "低保对象；特困人员；低保边缘家庭", "按类别和档次发放", "农户申请、乡镇核对、县级确认", "民政"},
	{"易地搬迁", "易地搬迁后续扶持若干措施", "易地搬迁脱贫户", "安置区产业和就业项目优先安排", "由安置点统一申报", "发展改革"},
	{"资金项目", "衔接推进乡村振兴补助资金管理实施办法", "县级人民政府；项目实施单位", "用于产业发展的比例逐年提高", "项目入库、审批、公告公示、验收", "财政"},
}

type povertyPolicy struct {
	region
	no, issued, line string
	topic            int
}

// thePolicies are those of the province, and of the prefectures after it.
var thePolicies = sync.OnceValue(func() []povertyPolicy {
	m := dice(610)
	var all []povertyPolicy
	for year := 2022; year <= 2026; year++ {
		for i := range povertyTopics {
			for _, r := range append([]region{province}, places("622900", "621200", "621100")...) {
				if (i+year+int(r.code[3]))%3 == 0 {
					issued := known(m.workday(fmt.Sprintf("%d-01-15", year), fmt.Sprintf("%d-11-10", year)))
					no := fmt.Sprintf("%s巩固衔接示〔%d〕%d号", r.short, year, 3*len(all)%97+i+1)
					all = append(all, povertyPolicy{r, no, issued, povertyTopics[i].line, i})
				}
			}
		}
	}
	return all
})

func povertyPolicies(provincial bool) []record {
	m := dice(611)
	var records []record
	for _, p := range thePolicies() {
		if (p.region == province) != provincial {
			continue
		}
		t := povertyTopics[p.topic]
		r := record{
			"document_no": p.no, "title": p.full + t.name, "kind": t.kind, "department": p.office(p.line).name, "region_code": p.code, "targets": t.targets, "standard": t.standard, "apply": t.apply,
			"summary":   "围绕" + t.kind + "帮扶，明确" + t.standard + "，程序为" + t.apply + "。",
			"issued_on": p.issued, "announced_on": m.announcement(p.issued, 15, 10), "valid_from": later(p.issued, 30), "valid_to": later(p.issued, 365*pick(m, []int{2, 3, 5})),
			"contact_phone": "12345", "url": page(p.code, "gongu", p.no), "remark": m.hint(6),
		}
		if p.issued < "2023-09-01" && m.chance(20) {
			r["repealed_on"] = m.workday("2025-02-10", "2026-08-31")
		}
		records = append(records, r)
	}
	return records
}

func povertyPoliciesWorkbook() ([]byte, error) {
	records := also(povertyPolicies(true), record{"document_no": "甘示〔2026〕901号", "kind": "其他"}, record{"document_no": "甘示〔2026〕902号", "valid_from": "2026年2月29日"})
	f := form{
		sheet: "政策", title: "甘肃省扶贫和乡村振兴衔接政策汇总表（示例数据）",
		columns: []column{
			{"序号", "", nil}, {"文件_名称", "title", nil}, {"文件_文号", "document_no", nil}, {"政策类别", "kind", nil}, {"制定机关", "department", nil}, {"行政区划代码", "region_code", nil}, {"主要内容", "summary", nil},
			{"扶持对象", "targets", commas}, {"扶持标准", "standard", nil}, {"申请程序", "apply", nil}, {"日期_印发", "issued_on", dateCells}, {"日期_公开", "announced_on", dateCells},
			{"有效期_起", "valid_from", dateCells}, {"有效期_止", "valid_to", dateCells}, {"废止日期", "repealed_on", or("/", dateCells)}, {"咨询电话", "contact_phone", nil}, {"链接", "url", nil}, {"备注", "remark", nil},
		},
		note: "注：示例数据，文件、文号与标准均为虚构。",
	}
	return f.xlsx(records)
}

func povertyPoliciesJSON() ([]byte, error) {
	records := also(povertyPolicies(false), record{"document_no": "示〔2026〕903号", "title": ""})
	f := form{title: "示例数据", columns: []column{
		{"文件名称", "title", nil}, {"文号", "document_no", nil}, {"类别", "kind", nil}, {"发文单位", "department", nil}, {"区划代码", "region_code", nil}, {"内容摘要", "summary", nil}, {"适用对象", "targets", commas}, {"补助标准", "standard", nil},
		{"办理流程", "apply", nil}, {"印发日期", "issued_on", manyDates}, {"公开日期", "announced_on", nil}, {"施行日期", "valid_from", manyDates}, {"有效期至", "valid_to", nil}, {"废止日期", "repealed_on", nil},
		{"咨询电话", "contact_phone", nil}, {"网址", "url", nil}, {"备注", "remark", nil},
	}}
	return f.json(records)
}

// bankCard makes a number that Luhn's rule takes, of a bank that does not exist.
func (m *maker) bankCard() string {
	s := fmt.Sprintf("629999%012d", m.rng.Int64N(1e12))
	sum := 0
	for i, c := range s {
		n := int(c - '0')
		if i%2 == 1 { // the check digit makes nineteen
			if n *= 2; n > 9 {
				n -= 9
			}
		}
		sum += n
	}
	return s + strconv.Itoa((10-sum%10)%10)
}

var helpMeasures = []string{"产业帮扶", "就业帮扶", "公益性岗位", "金融帮扶", "教育资助", "住房安全保障", "饮水安全保障", "综合保障", "社会帮扶"}

// households are those that are watched lest they fall back into poverty.
func households(seed int64, regions []region, rows int) []record {
	m := dice(seed)
	var records []record
	for n := range rows {
		r := pick(m, regions)
		town := pick(m, townships)
		members := 1 + m.rng.IntN(6)
		x := record{
			"household_no": fmt.Sprintf("JC-%s-%05d", r.code, int(seed%10)*10000+n+1), "region_code": r.code, "township": town, "address": r.full + town + pick(m, villages) + strconv.Itoa(1+m.rng.IntN(9)) + "社" + strconv.Itoa(1+m.rng.IntN(60)) + "号",
			"head": m.person(), "head_id": m.identity(), "phone": m.mobile(), "bank_account": m.bankCard(), "head_minor": "false", "members": strconv.Itoa(members), "workers": strconv.Itoa(m.rng.IntN(members + 1)),
			"kind": pick(m, []string{"脱贫不稳定户", "边缘易致贫户", "突发严重困难户", "脱贫户"}), "risk": pick(m, []string{"刚性支出较大", "收入大幅缩减", "就业不稳", "产业失败", "自然灾害", "缺劳动力"}),
			"measures": m.some(helpMeasures...), "income": money(6000 + float64(m.rng.IntN(9000))), "identified_on": m.workday("2023-03-01", "2026-09-30"), "status": "风险未消除",
			"department": r.office("乡村振兴").name, "helper": m.person(), "helper_unit": r.office(pick(m, []string{"财政", "教育", "水利", "交通", "自然资源"})).name, "remark": "示例数据",
		}
		x["notice_from"] = m.workday(later(x["identified_on"], -20), later(x["identified_on"], -12))
		x["notice_to"] = later(x["notice_from"], 6+m.rng.IntN(4))
		if m.chance(70) {
			x["subsidy"], x["subsidy_on"] = money(m.yuan(3200)), known(m.workday(later(x["identified_on"], 15), later(x["identified_on"], 90)))
			x["subsidy_kind"] = pick(m, []string{"产业奖补", "务工交通补助", "公益性岗位补贴", "临时救助", "教育资助"})
		}
		if m.chance(45) {
			x["illness"] = pick(m, []string{"慢性肾功能不全", "脑梗死后遗症", "恶性肿瘤术后", "糖尿病", "先天性心脏病"})
			x["situation"] = "户内一人患" + x["illness"] + "，医疗支出较大。"
		}
		if m.chance(18) {
			x["disability"] = pick(m, []string{"肢体二级", "视力一级", "听力三级", "精神二级"})
			x["situation"] += "户内一人持" + x["disability"] + "残疾人证。"
		}
		if x["identified_on"] < "2026-01-01" && m.chance(60) {
			x["status"], x["removed_on"] = "风险已消除", m.workday("2026-01-05", "2026-10-30")
		}
		switch {
		case m.chance(8):
			x["remark"] = "示例数据；补贴打入本人卡" + x["bank_account"] + "，电话" + m.mobile()
		case m.chance(6):
			x["remark"] = "示例数据；家庭成员身份证号" + m.identity()
		case m.chance(4):
			x["head_minor"], x["remark"] = "true", "示例数据；由亲属监护"
		}
		records = append(records, x)
	}
	return records
}

func householdsWorkbook() ([]byte, error) {
	records := also(households(901, places("622921", "622922", "622924", "622926", "622927"), 150),
		record{"household_no": "JC-622926-99901", "kind": "五保户"},
		record{"household_no": "JC-622926-99902", "members": "0"},
		record{"household_no": "JC-622926-99903", "identified_on": ""})
	f := form{
		sheet: "监测对象", title: "临夏州防止返贫监测对象花名册（示例数据）", under: []any{"填报单位：临夏回族自治州乡村振兴局", "", "", "", "", "", "单位：元"},
		columns: []column{
			{"序号", "", nil}, {"户编号", "household_no", nil}, {"户主_姓名", "head", nil}, {"户主_身份证号", "head_id", nil}, {"户主_联系电话", "phone", nil}, {"户主_是否未成年", "head_minor", yesNo},
			{"住址_区划代码", "region_code", nil}, {"住址_乡镇", "township", nil}, {"住址_详细地址", "address", nil}, {"家庭_人口数", "members", number}, {"家庭_劳动力", "workers", number}, {"家庭_类型", "kind", nil},
			{"家庭_风险类型", "risk", nil}, {"家庭_患病情况", "illness", or("无", nil)}, {"家庭_残疾情况", "disability", or("无", nil)}, {"家庭_情况说明", "situation", or("/", nil)}, {"人均纯收入", "income", number},
			{"帮扶_措施", "measures", commas}, {"帮扶_责任人", "helper", nil}, {"帮扶_单位", "helper_unit", nil}, {"补贴_项目", "subsidy_kind", or("—", nil)}, {"补贴_金额", "subsidy", or("—", number)}, {"补贴_发放日期", "subsidy_on", or("—", dateCells)},
			{"补贴_一卡通账号", "bank_account", nil}, {"公示_起", "notice_from", dateCells}, {"公示_止", "notice_to", dateCells}, {"识别日期", "identified_on", dateCells}, {"风险消除日期", "removed_on", or("/", dateCells)}, {"监测状态", "status", nil},
			{"主管部门", "department", nil}, {"备注", "remark", nil},
		},
		page: 50, totals: []string{"subsidy"}, note: "注：示例数据，人员、证件号码、账号与病情均为虚构，仅供平台脱敏测试。",
	}
	return f.xlsx(records)
}

func householdsText() ([]byte, error) {
	records := also(households(902, places("621202", "621222", "621223", "621225", "621226"), 110),
		record{"household_no": "JC-621202-99901", "identified_on": "2026年6月31日"},
		record{"household_no": "JC6212029990A"})
	f := form{columns: []column{
		{"编号", "household_no", nil}, {"区划代码", "region_code", nil}, {"乡镇", "township", nil}, {"家庭住址", "address", nil}, {"户主姓名", "head", nil}, {"身份证号码", "head_id", nil}, {"电话", "phone", nil}, {"未成年户主", "head_minor", yesNo},
		{"家庭人口", "members", wideDigits}, {"劳动力人数", "workers", nil}, {"对象类别", "kind", nil}, {"风险类别", "risk", nil}, {"患病", "illness", or("无", nil)}, {"残疾", "disability", or("无", nil)}, {"家庭情况", "situation", nil},
		{"人均年收入（元）", "income", grouped}, {"帮扶措施", "measures", commas}, {"帮扶人", "helper", nil}, {"帮扶单位", "helper_unit", nil}, {"补贴名称", "subsidy_kind", or("无", nil)}, {"补贴金额", "subsidy", or("无", withUnit)}, {"发放日期", "subsidy_on", or("/", manyDates)},
		{"银行卡号", "bank_account", nil}, {"公示开始", "notice_from", manyDates}, {"公示结束", "notice_to", manyDates}, {"纳入日期", "identified_on", manyDates}, {"消除日期", "removed_on", or("/", manyDates)}, {"状态", "status", nil}, {"县级主管部门", "department", nil}, {"备注", "remark", nil},
	}}
	return f.gb18030(records)
}

// povertyFund is money that was shared out to a county, and povertyProject what
// was done with it.
type povertyFund struct {
	region
	no, source, fund, task, document, policy, issued string
	year                                             int
	amount                                           float64
}

type povertyProject struct {
	povertyFund
	projectKind
	no, name, village, department string
	started, finished             string
	planned, arrived, paid        float64
	households, people, satisfied int
	progress                      int // percent
	objectives, achieved          int
}

// projectKind is what a project is for, the line of work in charge, and the
// objective by which it is judged.
type projectKind struct {
	kind, line string
	names      []string
	objective  string
	target     int
}

var (
	fundTasks = []string{"巩固拓展脱贫攻坚成果和乡村振兴任务", "巩固拓展脱贫攻坚成果和乡村振兴任务", "以工代赈任务", "少数民族发展任务", "三西农业建设任务", "欠发达国有林场巩固提升任务"}

	projectKinds = []projectKind{
		{"产业发展", "农业农村", []string{"牛羊养殖圈舍建设项目", "中药材种植加工项目", "马铃薯良种繁育项目", "日光温室蔬菜基地项目", "苹果提质增效项目"}, "带动农户", 120},
		{"就业项目", "人社", []string{"乡村公益性岗位项目", "务工交通补助项目", "帮扶车间奖补项目"}, "稳定就业", 90},
		{"乡村建设行动", "乡村振兴", []string{"村组道路硬化项目", "人居环境整治项目", "农村污水治理项目", "产业路建设项目"}, "受益农户", 260},
		{"乡村建设行动", "水利", []string{"农村供水管网改造项目", "小型灌溉渠系配套项目"}, "受益农户", 320},
		{"易地搬迁后扶", "发展改革", []string{"安置区产业配套项目", "安置点公共服务提升项目"}, "受益搬迁户", 150},
		{"巩固三保障成果", "教育", []string{"雨露计划补助项目"}, "资助学生", 210},
		{"项目管理费", "乡村振兴", []string{"项目管理费"}, "完成项目前期", 12},
	}
)

type povertyMoney struct {
	funds    []povertyFund
	projects []povertyProject
}

var thePovertyMoney = sync.OnceValue(func() povertyMoney {
	m := dice(2021)
	var all povertyMoney
	for _, r := range poorCounties() {
		for year := 2024; year <= 2026; year++ {
			for n, source := range []string{"中央", "省级", "市级", "县级"} {
				if n > 0 && !m.chance(60-15*n) {
					continue
				}
				f := povertyFund{region: r, year: year, source: source, no: fmt.Sprintf("FP-%s-%d-%02d", r.code, year, n+1), fund: source + "财政衔接推进乡村振兴补助资金", amount: m.yuan([]float64{8.6e7, 3.1e7, 4e6, 6e6}[n])}
				f.task = fundTasks[0]
				if source == "中央" && m.chance(45) {
					f.task = pick(m, fundTasks)
				}
				f.issued = m.workday(fmt.Sprintf("%d-01-20", year), fmt.Sprintf("%d-05-30", year))
				f.document = fmt.Sprintf("%s财农示〔%d〕%d号", map[bool]string{true: "甘", false: r.short}[n < 2], year, 5+m.rng.IntN(90))
				for _, p := range thePolicies() {
					if p.region == province && (p.line == "财政" || p.line == "乡村振兴") && p.issued < f.issued {
						f.policy = p.no
					}
				}
				if m.chance(5) {
					f.policy = "甘财农示〔2021〕7号" // not published here: kept
				}
				all.funds = append(all.funds, f)
				all.spend(m, f)
			}
		}
	}
	return all
})

// spend splits a fund into projects.
func (all *povertyMoney) spend(m *maker, f povertyFund) {
	left := f.amount
	for n, last := 0, m.rng.IntN(3); n <= last; n++ {
		k := pick(m, projectKinds)
		if f.source == "中央" && n == 0 {
			k = projectKinds[0] // most of the central money goes into industries
		}
		p := povertyProject{povertyFund: f, projectKind: k, village: pick(m, villages), department: f.office(k.line).name}
		p.no = fmt.Sprintf("XM-%s-%d-%03d", f.code, f.year, len(all.projects)%1000)
		p.name = fmt.Sprintf("%s%s%d年%s", f.full, pick(m, townships), f.year, pick(m, k.names))
		share := 0.35 + 0.3*m.rng.Float64()
		switch {
		case k.kind == "项目管理费":
			share = 0.01 * f.amount / left
		case n == last:
			share = 1 - 0.06*m.rng.Float64()
		}
		p.planned = float64(int(left*share/100) * 100)
		left -= p.planned
		p.progress = 100
		if f.year == 2026 {
			p.progress = 20 + m.rng.IntN(81)
		}
		p.arrived = float64(int(p.planned*min(1, 0.8+0.5*m.rng.Float64())/100) * 100)
		p.paid = float64(int(p.arrived*float64(p.progress)/100*(0.7+0.3*m.rng.Float64())*100)) / 100
		p.started = m.workday(later(f.issued, 20), later(f.issued, 75))
		if p.progress == 100 {
			p.finished = known(m.workday(later(p.started, 60), later(p.started, 170)))
		}
		p.people = 60 + m.weighted(2400)
		p.households = p.people/4 + 1
		p.objectives = k.target * (1 + m.rng.IntN(5))
		p.achieved = p.objectives * (55 + m.rng.IntN(52)) / 100 * max(p.progress, 50) / 100
		p.satisfied = 68 + m.rng.IntN(32)
		all.projects = append(all.projects, p)
	}
}

func allocations(central bool) []record {
	m := dice(2022)
	var records []record
	for _, f := range thePovertyMoney().funds {
		if (f.source == "中央" || f.source == "省级") != central {
			continue
		}
		department := f.office("财政")
		if central {
			department = province.office("财政")
		}
		r := record{
			"allocation_no": f.no, "year": strconv.Itoa(f.year), "region_code": f.code, "region": f.full, "source": f.source, "fund": f.fund, "task": f.task, "method": pick(m, []string{"因素法", "因素法", "项目法"}),
			"factors": "巩固成果人口、相关人群收入、政策因素和绩效评价结果", "amount": money(f.amount), "industry": money(float64(int(f.amount * (0.5 + 0.2*m.rng.Float64())))), "document_no": f.document, "policy_no": f.policy,
			"allocated_on": f.issued, "department": department.name, "received_by": f.office("乡村振兴").name, "channel": pick(m, []string{"政府门户网站", "政府门户网站；村务公开栏", "村务公开栏；政务新媒体"}), "remark": m.hint(4),
		}
		r["notice_from"] = m.workday(later(f.issued, 3), later(f.issued, 12))
		r["notice_to"] = later(r["notice_from"], 9+m.rng.IntN(4))
		if m.chance(8) {
			r["notice_to"] = later(r["notice_from"], 4+m.rng.IntN(4)) // too short
		}
		records = append(records, r)
	}
	return records
}

func allocationWorkbook() ([]byte, error) {
	records := also(allocations(true), record{"allocation_no": "FP-620422-2026-91", "source": "社会"}, record{"allocation_no": "FP-620422-2026-92", "amount": "3，000，0O0"})
	f := form{
		sheet: "资金分配", title: "甘肃省财政衔接推进乡村振兴补助资金分配表（2024—2026年，示例数据）", under: []any{"填报单位：甘肃省财政厅", "", "", "", "", "", "单位：万元"},
		columns: []column{
			{"序号", "", nil}, {"分配编号", "allocation_no", nil}, {"年度", "year", number}, {"县（市、区）_代码", "region_code", nil}, {"县（市、区）_名称", "region", nil}, {"资金_级次", "source", nil}, {"资金_名称", "fund", nil},
			{"资金_任务方向", "task", nil}, {"分配_方法", "method", nil}, {"分配_因素", "factors", nil}, {"分配_金额", "amount", inTenThousands}, {"分配_用于产业", "industry", inTenThousands}, {"下达_文号", "document_no", nil}, {"下达_日期", "allocated_on", dateCells},
			{"政策依据文号", "policy_no", or("/", nil)}, {"分配单位", "department", nil}, {"接收单位", "received_by", nil}, {"公示_开始", "notice_from", dateCells}, {"公示_结束", "notice_to", dateCells}, {"公示_渠道", "channel", commas}, {"备注", "remark", nil},
		},
		page: 40, totals: []string{"amount", "industry"}, note: "注：示例数据，金额均为虚构。",
	}
	return f.xlsx(records)
}

func allocationText() ([]byte, error) {
	records := also(allocations(false), record{"allocation_no": "FP-620422-2026-93", "allocated_on": "2026-13-05"}, record{"allocation_no": "FP-620422-2026-94", "region_code": ""})
	f := form{columns: []column{
		{"编号", "allocation_no", nil}, {"预算年度", "year", nil}, {"区划代码", "region_code", nil}, {"县区", "region", nil}, {"资金来源", "source", nil}, {"资金名称", "fund", nil}, {"支出方向", "task", nil}, {"分配方式", "method", nil},
		{"分配因素", "factors", nil}, {"分配金额（元）", "amount", grouped}, {"其中产业（元）", "industry", grouped}, {"下达文号", "document_no", nil}, {"下达日期", "allocated_on", manyDates}, {"政策文号", "policy_no", or("无", nil)}, {"下达单位", "department", nil},
		{"使用单位", "received_by", nil}, {"公示开始日期", "notice_from", manyDates}, {"公示结束日期", "notice_to", manyDates}, {"公示方式", "channel", commas}, {"备注", "remark", nil},
	}}
	return f.utf8BOM(records)
}

func fundUses(is func(year int) bool) []record {
	m := dice(2023)
	var records []record
	for n, p := range thePovertyMoney().projects {
		if !is(p.year) {
			continue
		}
		r := record{
			"project_no": p.no, "allocation_no": p.povertyFund.no, "year": strconv.Itoa(p.year), "region_code": p.code, "region": p.full, "village": p.village, "project": p.name, "kind": p.kind,
			"content": "实施" + p.name + "，建设地点" + p.village + "，受益" + strconv.Itoa(p.households) + "户。", "planned": money(p.planned), "arrived": money(p.arrived), "paid": money(p.paid), "progress": strconv.Itoa(p.progress),
			"started_on": p.started, "finished_on": p.finished, "department": p.department, "contact": m.person(), "contact_phone": m.mobile(), "households": strconv.Itoa(p.households), "people": strconv.Itoa(p.people), "remark": m.hint(6),
			"mechanism": pick(m, []string{"劳务带动", "土地流转", "分红收益", "订单收购", "直接补助"}),
		}
		r["contractor"], r["contractor_uscc"] = m.company(p.region)
		switch {
		case p.finished == "":
			r["status"] = "在建"
		case m.chance(75):
			r["status"] = "已验收"
			r["accepted_on"] = known(m.workday(later(p.finished, 10), later(p.finished, 45)))
		default:
			r["status"] = "完工"
		}
		if r["accepted_on"] == "" && r["status"] == "已验收" {
			r["status"] = "完工"
		}
		r["notice_from"] = m.workday(later(p.issued, 5), later(p.issued, 18))
		r["notice_to"] = later(r["notice_from"], 9+m.rng.IntN(5))
		if n%15 == 8 {
			r["notice_to"] = later(r["notice_from"], 5+n%4) // too short
		}
		if n%90 == 40 {
			r["allocation_no"], r["remark"] = fmt.Sprintf("FP-%s-2023-01", p.code), "示例数据；使用上年结转资金" // kept
		}
		records = append(records, r)
	}
	return records
}

func fundUseWorkbook() ([]byte, error) {
	records := also(fundUses(func(year int) bool { return year < 2026 }),
		record{"project_no": "XM-620422-2025-991", "paid": "部分支付"},
		record{"project_no": "XM-620422-2025-992", "kind": "办公用房建设"},
		record{})
	f := form{
		sheet: "资金使用", title: "2024—2025年衔接资金项目实施和资金使用情况表（示例数据）", under: []any{"填报单位：甘肃省乡村振兴局", "", "", "", "", "", "", "单位：万元"},
		columns: []column{
			{"序号", "", nil}, {"项目_编号", "project_no", nil}, {"项目_名称", "project", nil}, {"项目_类型", "kind", nil}, {"项目_建设内容", "content", nil}, {"年度", "year", number}, {"地点_区划代码", "region_code", nil}, {"地点_县区", "region", nil}, {"地点_村", "village", nil},
			{"资金分配编号", "allocation_no", nil}, {"资金_计划", "planned", inTenThousands}, {"资金_到位", "arrived", inTenThousands}, {"资金_支出", "paid", inTenThousands}, {"进度", "progress", percent},
			{"受益_户数", "households", number}, {"受益_人数", "people", number}, {"联农带农机制", "mechanism", nil}, {"实施单位_主管部门", "department", nil}, {"实施单位_施工单位", "contractor", nil}, {"实施单位_施工单位代码", "contractor_uscc", nil},
			{"实施单位_负责人", "contact", nil}, {"实施单位_负责人电话", "contact_phone", nil}, {"开工日期", "started_on", dateCells}, {"完工日期", "finished_on", or("/", dateCells)}, {"验收日期", "accepted_on", or("/", dateCells)}, {"状态", "status", nil},
			{"公示_起", "notice_from", dateCells}, {"公示_止", "notice_to", dateCells}, {"备注", "remark", nil},
		},
		page: 60, totals: []string{"planned", "arrived", "paid"}, note: "注：示例数据，项目与金额均为虚构。",
	}
	return f.xlsx(records)
}

func fundUseLines() ([]byte, error) {
	records := also(fundUses(func(year int) bool { return year == 2026 }),
		record{"project_no": "XM-620422-2026-991", "region_code": "62O422"},
		record{"project_no": "XM-620422-2026-992", "started_on": "2026-04-31"})
	f := form{columns: []column{
		{"项目编码", "project_no", nil}, {"项目名称", "project", nil}, {"项目类别", "kind", nil}, {"建设内容", "content", nil}, {"年度", "year", number}, {"区划代码", "region_code", nil}, {"县区", "region", nil}, {"实施村", "village", nil}, {"分配编号", "allocation_no", nil},
		{"计划投资", "planned", withUnit}, {"到位资金", "arrived", withUnit}, {"支出金额", "paid", grouped}, {"项目进度", "progress", percent}, {"受益户数", "households", number}, {"受益人数", "people", number}, {"利益联结机制", "mechanism", nil},
		{"主管部门", "department", nil}, {"施工单位", "contractor", nil}, {"施工单位代码", "contractor_uscc", nil}, {"联系人", "contact", nil}, {"联系电话", "contact_phone", nil}, {"开工日期", "started_on", manyDates}, {"完工日期", "finished_on", nil}, {"验收日期", "accepted_on", nil},
		{"项目状态", "status", nil}, {"公示开始日期", "notice_from", nil}, {"公示结束日期", "notice_to", nil}, {"备注", "remark", nil},
	}}
	return f.jsonLines(records)
}

// performances are how projects did by the objectives that were set for them.
func performances(year int) []record {
	m := dice(int64(year) + 35)
	var records []record
	for _, p := range thePovertyMoney().projects {
		if p.year != year || !m.chance(75) {
			continue
		}
		k := p.projectKind
		rate := float64(p.achieved) / float64(p.objectives)
		score := min(100, 40*min(1, rate)+35*p.paid/p.planned+25*float64(p.satisfied)/100)
		r := record{
			"performance_no": "JX" + p.no[2:], "project_no": p.no, "year": strconv.Itoa(year), "region_code": p.code, "project": p.name, "department": p.department, "fund": money(p.planned), "spent": money(p.paid),
			"objective": k.objective, "indicator_kind": pick(m, []string{"产出指标", "效益指标", "产出指标"}), "unit": map[bool]string{true: "人", false: "户"}[k.kind == "就业项目" || k.kind == "巩固三保障成果"],
			"target": strconv.Itoa(p.objectives), "actual": strconv.Itoa(p.achieved), "satisfaction": strconv.Itoa(p.satisfied), "score": strconv.FormatFloat(score, 'f', 1, 64),
			"evaluator": pick(m, []string{"县级财政部门", "第三方机构", "项目主管部门自评"}), "evaluated_on": m.workday(fmt.Sprintf("%d-01-10", year+1), fmt.Sprintf("%d-04-20", year+1)), "remark": m.hint(5),
		}
		r["grade"] = "不合格"
		for _, g := range []struct {
			from float64
			name string
		}{{60, "合格"}, {80, "良好"}, {90, "优秀"}} {
			if score >= g.from {
				r["grade"] = g.name
			}
		}
		if rate < 0.9 {
			r["problems"] = pick(m, []string{"项目建成后利用率偏低", "绩效目标设置偏高", "资金支付进度滞后", "联农带农机制不够紧密"})
			r["rectification"] = pick(m, []string{"明确管护主体并签订协议", "下年度调整绩效目标", "按月调度支付进度", "补签带动协议并按季兑现收益"})
			r["application"] = "与下年度资金安排挂钩"
		}
		if m.chance(6) && r["problems"] != "" {
			r["problems"] += "（反映人电话" + m.mobile() + "）"
		}
		records = append(records, r)
	}
	return records
}

func performanceWorkbook() ([]byte, error) {
	records := also(performances(2025), record{"performance_no": "JX-620422-2025-991", "score": "105"}, record{"performance_no": "JX-620422-2025-992", "grade": "甲"})
	f := form{
		sheet: "绩效评价", title: "2025年度衔接资金项目绩效评价结果表（示例数据）", under: []any{"填报单位：甘肃省财政厅", "", "", "", "", "单位：万元"},
		columns: []column{
			{"序号", "", nil}, {"评价编号", "performance_no", nil}, {"项目_编号", "project_no", nil}, {"项目_名称", "project", nil}, {"年度", "year", number}, {"行政区划代码", "region_code", nil}, {"主管部门", "department", nil}, {"资金_安排", "fund", inTenThousands}, {"资金_支出", "spent", inTenThousands},
			{"绩效指标_名称", "objective", nil}, {"绩效指标_类型", "indicator_kind", nil}, {"绩效指标_计量单位", "unit", nil}, {"绩效指标_目标值", "target", number}, {"绩效指标_完成值", "actual", number}, {"满意度", "satisfaction", percent},
			{"评价_得分", "score", number}, {"评价_等级", "grade", nil}, {"评价_主体", "evaluator", nil}, {"评价_日期", "evaluated_on", dateCells}, {"存在问题", "problems", or("无", nil)}, {"整改措施", "rectification", or("无", nil)}, {"结果应用", "application", or("/", nil)}, {"备注", "remark", nil},
		},
		page: 50, totals: []string{"fund", "spent"}, note: "数据来源：示例数据。",
	}
	return f.xlsx(records)
}

func performanceText() ([]byte, error) {
	records := also(performances(2024), record{"performance_no": "JX-620422-2024-991", "evaluated_on": "2025/2/30"}, record{"performance_no": "JX-620422-2024-992", "target": "若干"})
	f := form{title: "2024年度扶贫项目资金绩效（示例数据）", columns: []column{
		{"绩效编号", "performance_no", nil}, {"项目编码", "project_no", nil}, {"项目名称", "project", nil}, {"评价年度", "year", nil}, {"区划代码", "region_code", nil}, {"实施单位", "department", nil}, {"资金总额（元）", "fund", grouped}, {"已支出（元）", "spent", grouped},
		{"指标名称", "objective", nil}, {"指标类型", "indicator_kind", nil}, {"指标单位", "unit", nil}, {"目标值", "target", wideDigits}, {"实际完成值", "actual", nil}, {"服务对象满意度", "satisfaction", percent}, {"绩效得分", "score", nil}, {"绩效等级", "grade", nil},
		{"评价主体", "evaluator", nil}, {"评价日期", "evaluated_on", manyDates}, {"问题", "problems", or("无", nil)}, {"改进措施", "rectification", or("无", nil)}, {"评价结果应用", "application", or("无", nil)}, {"备注", "remark", nil},
	}}
	return f.utf8BOM(records)
}

// exits of households in monitoring since 2024, and of villages in the last two
// years of the campaign, when these counties were among those that left.
func exits(seed int64, kind string, regions []region, rows int, from, to string) []record {
	m := dice(seed)
	var records []record
	for n := range rows {
		r := pick(m, regions)
		decided := m.workday(from, to)
		households := 3 + m.weighted(60)
		x := record{
			"exit_no": fmt.Sprintf("TC-%s-%s-%03d", r.code, decided[:4], n+1), "kind": kind, "region_code": r.code, "region": r.full, "township": pick(m, townships), "village": pick(m, villages),
			"households": strconv.Itoa(households), "people": strconv.Itoa(households*3 + m.rng.IntN(2*households)), "income": money(7600 + float64(m.rng.IntN(6200))), "housing": "true", "education": "true", "medical": "true", "water": "true",
			"procedure": "村级评议、乡镇审核、县级审定", "decided_on": decided, "department": r.office("乡村振兴").name, "approved_by": r.full + "人民政府", "objections": "0", "contact": m.person(), "contact_phone": m.mobile(), "remark": m.hint(5),
		}
		if kind != "监测对象风险消除" {
			x["poverty_rate"] = strconv.FormatFloat(0.2+1.6*m.rng.Float64(), 'f', 2, 64)
			x["income"] = money(3800 + float64(m.rng.IntN(3600)))
			x["procedure"] = "村级申请、乡镇核查、县级审定"
		}
		x["notice_to"] = m.workday(later(decided, -9), later(decided, -3))
		x["notice_from"] = m.workday(later(x["notice_to"], -14), later(x["notice_to"], -9))
		if n%14 == 6 {
			x["notice_from"] = m.workday(later(x["notice_to"], -2), later(x["notice_to"], -1)) // too short
		}
		if m.chance(8) {
			x["objections"], x["remark"] = "1", "示例数据；有一户提出异议，经复核予以采纳，联系手机"+m.mobile()
		}
		records = append(records, x)
	}
	return records
}

func exitsWorkbook() ([]byte, error) {
	records := also(exits(161, "监测对象风险消除", poorCounties(), 118, "2024-03-01", "2026-10-30"),
		record{"exit_no": "TC-620422-2026-991", "decided_on": "2026年9月31日"},
		record{"exit_no": "TC-620422-2026-992", "kind": "主动退出"})
	f := form{
		sheet: "退出公示", title: "防止返贫监测对象风险消除和退出公示情况表（示例数据）", under: []any{"填报单位：甘肃省乡村振兴局"},
		columns: []column{
			{"序号", "", nil}, {"退出编号", "exit_no", nil}, {"退出类型", "kind", nil}, {"地点_区划代码", "region_code", nil}, {"地点_县区", "region", nil}, {"地点_乡镇", "township", nil}, {"地点_村", "village", nil}, {"退出规模_户数", "households", number}, {"退出规模_人数", "people", number},
			{"人均纯收入（元）", "income", grouped}, {"退出标准_住房安全", "housing", yesNo}, {"退出标准_义务教育", "education", yesNo}, {"退出标准_基本医疗", "medical", yesNo}, {"退出标准_饮水安全", "water", yesNo},
			{"退出程序", "procedure", nil}, {"公示_开始日期", "notice_from", dateCells}, {"公示_结束日期", "notice_to", dateCells}, {"公示_异议数", "objections", number}, {"审定_机关", "approved_by", nil}, {"审定_日期", "decided_on", dateCells},
			{"主管部门", "department", nil}, {"联系人", "contact", nil}, {"联系人电话", "contact_phone", nil}, {"备注", "remark", nil},
		},
		page: 40, totals: []string{"households", "people"}, note: "注：示例数据，户数与人数均为虚构。",
	}
	return f.xlsx(records)
}

func exitsText() ([]byte, error) {
	records := exits(162, "贫困村退出", places("620422", "620525", "620622", "620623", "620825", "620826", "621022", "621202", "621222", "622922", "622924", "622927", "623021", "623023"), 46, "2019-11-15", "2020-02-20")
	records = slices.Concat(records, exits(163, "贫困村退出", places("621027", "621121", "621126", "621223", "621225", "621226", "622921", "622926"), 24, "2020-10-20", "2020-11-20"))
	for i, r := range records[46:] {
		r["exit_no"] = fmt.Sprintf("TC-%s-2020-%03d", r["region_code"], 501+i)
	}
	records = also(records, record{"exit_no": "TC-621027-2020-991", "households": "二三十"}, record{"exit_no": "TC-621027-2020-992", "village": ""})
	f := form{columns: []column{
		{"编号", "exit_no", nil}, {"类型", "kind", nil}, {"区划代码", "region_code", nil}, {"县（区）", "region", nil}, {"乡镇", "township", nil}, {"行政村", "village", nil}, {"脱贫户数", "households", wideDigits}, {"脱贫人数", "people", nil}, {"贫困发生率", "poverty_rate", percent},
		{"农民人均可支配收入", "income", withUnit}, {"住房安全", "housing", yesNo}, {"义务教育", "education", yesNo}, {"基本医疗", "medical", yesNo}, {"安全饮水", "water", yesNo}, {"认定程序", "procedure", nil}, {"公示开始", "notice_from", manyDates},
		{"公示结束", "notice_to", manyDates}, {"异议数", "objections", nil}, {"批准机关", "approved_by", nil}, {"批准日期", "decided_on", manyDates}, {"主管单位", "department", nil}, {"负责人", "contact", nil}, {"联系电话", "contact_phone", nil}, {"备注", "remark", nil},
	}}
	return f.gb18030(records)
}

var donationPurposes = []struct{ purpose, project string }{
	{"产业帮扶", "牛羊养殖合作社扶持"}, {"教育帮扶", "乡村小学图书室建设"}, {"就业帮扶", "帮扶车间设备购置"}, {"基础设施", "村组道路和路灯建设"}, {"消费帮扶", "农特产品冷链仓储"}, {"救灾恢复", "受灾村民住房恢复"},
}

// donations come from organisations and persons; some of these do not want to
// be named.
func donations(seed int64, regions []region, rows int) []record {
	m := dice(seed)
	var records []record
	for n := range rows {
		r, p := pick(m, regions), pick(m, donationPurposes)
		received := m.workday("2024-01-08", "2026-10-30")
		x := record{
			"donation_no": fmt.Sprintf("JZ-%s-%s-%03d", r.code, received[:4], int(seed%10)*200+n+1), "anonymous": "false", "kind": "资金", "received_on": received, "region_code": r.code, "region": r.full,
			"received_by": r.full + pick(m, []string{"慈善协会", "红十字会", "乡村发展基金会"}), "purpose": p.purpose, "project": r.full + pick(m, townships) + p.project, "receipt_no": fmt.Sprintf("甘慈示%08d", m.rng.IntN(1e8)),
			"department": r.office(pick(m, []string{"民政", "乡村振兴"})).name, "beneficiaries": strconv.Itoa(20 + m.weighted(900)), "remark": m.hint(5),
		}
		amount := m.yuan(120000)
		switch k := m.rng.IntN(100); {
		case k < 45:
			x["donor_kind"] = "企业"
			x["donor"], x["donor_uscc"] = m.company(pick(m, regions))
		case k < 60:
			x["donor_kind"], x["donor"] = "东西部协作", pick(m, []string{"天津市", "山东省"})+pick(m, []string{"对口支援工作组", "帮扶协作办公室", "工商业联合会"})
			amount *= 6
		case k < 72:
			x["donor_kind"], x["donor"] = "社会组织", r.city+pick(m, []string{"青年志愿者协会", "商会", "校友会", "公益慈善促进会"})
		default:
			x["donor_kind"] = "个人"
			x["donor_id"], x["donor_phone"], amount = m.identity(), m.mobile(), m.yuan(1500)
			if name := m.person(); m.chance(40) {
				x["anonymous"], x["anonymous_donor"] = "true", name
			} else {
				x["donor"] = name
			}
		}
		if m.chance(25) && x["donor_kind"] != "个人" {
			x["kind"], x["goods"] = "物资", pick(m, []string{"笔记本电脑30台", "化肥20吨", "校服400套", "路灯80盏", "种羊60只"})
		}
		x["amount"] = money(amount)
		if m.chance(80) {
			used := float64(int(amount * (0.4 + 0.6*m.rng.Float64())))
			if m.chance(55) {
				used = amount
			}
			if day := known(m.workday(later(received, 20), later(received, 200))); day != "" {
				x["used"], x["used_on"] = money(used), day
			}
		}
		x["announced_on"] = m.announcement(received, 15, 12)
		records = append(records, x)
	}
	return records
}

func donationsJSON() ([]byte, error) {
	records := also(donations(761, places("622900", "621200", "621100", "623000"), 90),
		record{"donation_no": "JZ-622900-2026-991", "amount": "-500"},
		record{"donation_no": "JZ-622900-2026-992", "kind": "口头承诺"})
	f := form{title: "示例数据", columns: []column{
		{"捐赠编号", "donation_no", nil}, {"捐赠人", "donor", or("匿名", nil)}, {"捐赠人类别", "donor_kind", nil}, {"捐赠人代码", "donor_uscc", nil}, {"是否匿名", "anonymous", yesNo}, {"匿名捐赠人真实姓名", "anonymous_donor", nil}, {"捐赠人身份证号", "donor_id", nil},
		{"捐赠人电话", "donor_phone", nil}, {"捐赠形式", "kind", nil}, {"捐赠金额", "amount", withUnit}, {"物资名称", "goods", nil}, {"接收日期", "received_on", manyDates}, {"接收单位", "received_by", nil}, {"区划代码", "region_code", nil}, {"地区", "region", nil},
		{"捐赠用途", "purpose", nil}, {"使用项目", "project", nil}, {"已使用金额", "used", grouped}, {"使用日期", "used_on", nil}, {"受益人数", "beneficiaries", number}, {"票据号", "receipt_no", nil}, {"主管部门", "department", nil}, {"公开日期", "announced_on", nil}, {"备注", "remark", nil},
	}}
	return f.json(records)
}

func donationsWorkbook() ([]byte, error) {
	records := also(donations(762, poorCounties(), 70), record{"donation_no": "JZ-620422-2026-991", "received_on": "2026年2月30日"}, record{})
	f := form{
		sheet: "捐赠", title: "县（区）扶贫捐赠接收和使用公示表（示例数据）", under: []any{"填报单位：甘肃省民政厅", "", "", "", "", "", "单位：万元"},
		columns: []column{
			{"序号", "", nil}, {"捐赠_编号", "donation_no", nil}, {"捐赠方_名称", "donor", or("匿名", nil)}, {"捐赠方_类别", "donor_kind", nil}, {"捐赠方_统一社会信用代码", "donor_uscc", or("/", nil)}, {"捐赠方_要求匿名", "anonymous", yesNo}, {"捐赠方_真实姓名", "anonymous_donor", or("/", nil)},
			{"捐赠方_身份证号", "donor_id", or("/", nil)}, {"捐赠方_手机", "donor_phone", or("/", nil)}, {"捐赠_形式", "kind", nil}, {"捐赠_金额（折价）", "amount", inTenThousands}, {"捐赠_物资", "goods", or("—", nil)}, {"捐赠_日期", "received_on", dateCells},
			{"受赠单位", "received_by", nil}, {"行政区划代码", "region_code", nil}, {"县区", "region", nil}, {"使用_用途", "purpose", nil}, {"使用_项目", "project", nil}, {"使用_金额", "used", or("—", inTenThousands)}, {"使用_日期", "used_on", or("—", dateCells)},
			{"受益人数", "beneficiaries", number}, {"票据编号", "receipt_no", nil}, {"主管部门", "department", nil}, {"公示日期", "announced_on", dateCells}, {"备注", "remark", nil},
		},
		totals: []string{"amount", "used"}, note: "注：示例数据，捐赠人与金额均为虚构。",
	}
	return f.xlsx(records)
}
