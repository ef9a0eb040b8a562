package synthetic

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// purchase is a service that departments buy: for the public, or for their
// own work.
type purchase struct {
	line, category, class, name, supplier, people string
	median                                        float64
}

const (
	forPublic = "公共服务"
	forOffice = "政府履职辅助性服务"
)

var purchases = []purchase{
	{"民政", forPublic, "社会保障服务", "居家和社区养老服务", "社会组织", "老年人", 1.6e6},
	{"民政", forPublic, "社会治理服务", "乡镇（街道）社会工作服务站运营", "社会组织", "社区居民", 4.2e5},
	{"民政", forPublic, "社会保障服务", "农村互助养老设施运行管理", "基层群众性自治组织", "农村老年人", 9e4},
	{"教育", forPublic, "教育公共服务", "义务教育质量监测", "事业单位", "中小学生", 2.8e5},
	{"卫生健康", forPublic, "卫生健康公共服务", "六十五岁以上老年人健康体检", "事业单位", "老年人", 8.6e5},
	{"人社", forPublic, "就业公共服务", "重点群体职业技能培训", "企业", "培训学员", 5.4e5},
	{"人社", forPublic, "就业公共服务", "就业创业指导", "个人", "高校毕业生", 4.8e4},
	{"生态环境", forPublic, "生态保护和环境治理服务", "环境空气自动监测站运行维护", "企业", "居民", 9.2e5},
	{"生态环境", forPublic, "生态保护和环境治理服务", "入河排污口监测", "企业", "沿河居民", 3.6e5},
	{"水利", forPublic, "农业、林业和水利公共服务", "农村供水工程水质检测", "企业", "农村居民", 2.7e5},
	{"农业农村", forPublic, "农业、林业和水利公共服务", "小麦条锈病统防统治", "农村集体经济组织", "种植户", 2.2e5},
	{"农业农村", forPublic, "农业、林业和水利公共服务", "农产品质量安全定量检测", "企业", "消费者", 4.4e5},
	{"交通", forPublic, "交通运输公共服务", "农村公路日常养护", "企业", "沿线群众", 1.3e6},
	{"文旅", forPublic, "文化公共服务", "戏曲进乡村演出", "企业", "农村群众", 3.2e5},
	{"住建", forPublic, "城乡维护服务", "城镇生活垃圾收运", "企业", "居民", 2.4e6},
	{"应急", forPublic, "灾害防治及应急管理服务", "安全生产专家指导服务", "企业", "企业职工", 3.8e5},
	{"市场监管", forPublic, "技术性公共服务", "食品安全监督抽检", "企业", "消费者", 1.4e6},
	{"财政", forOffice, "评审、评估和评价服务", "预算绩效第三方评价", "企业", "", 3e5},
	{"审计", forOffice, "会计审计服务", "政府投资项目造价审核", "企业", "", 4.6e5},
	{"发展改革", forOffice, "课题研究和社会调查服务", "“十五五”规划专题研究", "事业单位", "", 2.6e5},
	{"司法", forOffice, "法律服务", "政府法律顾问", "个人", "", 6e4},
	{"政务", forOffice, "信息化服务", "政务服务平台运行维护", "企业", "", 1.8e6},
	{"自然资源", forOffice, "信息化服务", "不动产登记档案数字化", "企业", "", 7.5e5},
}

// ofVillage reports whether only a village or a quarter of a town has such a
// provider.
func ofVillage(kind string) bool {
	return kind == "基层群众性自治组织" || kind == "农村集体经济组织"
}

// provider makes who is contracted: name, credit code, and for a person the
// identity number and the account.
func (m *maker) provider(r region, kind string) (name, uscc, identity, account string) {
	if ofVillage(kind) {
		r = m.home(r)
	}
	switch kind {
	case "社会组织":
		return r.full + pick(m, tradeNames) + pick(m, []string{"社会工作服务中心", "养老服务中心", "公益服务中心"}), m.uscc("52", r.code), "", ""
	case "事业单位":
		return r.full + pick(m, []string{"教育质量监测中心", "中医医院", "经济信息中心", "社区卫生服务中心"}), m.uscc("12", r.code), "", ""
	case "基层群众性自治组织":
		return r.full + pick(m, []string{"城关镇东街社区居民委员会", "新城镇前川村村民委员会", "河口镇上庄村村民委员会"}), m.uscc("54", r.code), "", ""
	case "农村集体经济组织":
		return r.full + pick(m, []string{"前川村", "上庄村", "新城镇西坪村"}) + "股份经济合作社", m.uscc("N2", r.code), "", ""
	case "个人":
		return m.person(), "", m.identity(), m.bankCard()
	}
	name, uscc = m.company(r)
	return name, uscc, "", ""
}

// secrecy is what a contract holds of trade secrets.
func (m *maker) secrecy(percent int) string {
	if !m.chance(percent) {
		return "不涉及商业秘密"
	}
	return pick(m, []string{"涉及商业秘密，权利人同意公开", "涉及商业秘密，权利人不同意公开"})
}

// bought are contracts of 2024 to 2026.
func bought(seed int64, where func(m *maker) region, rows int) []record {
	m := dice(seed)
	numbers := map[string]int{}
	var records []record
	for range rows {
		r, p := where(m), pick(m, purchases)
		for r == province && ofVillage(p.supplier) {
			p = pick(m, purchases)
		}
		median := p.median
		if r == province {
			median *= 2
		}
		budget := math.Round(m.yuan(median)/1000) * 1000
		if p.supplier == "个人" {
			budget = min(budget, 120000)
		}
		amount := math.Round(budget * (0.84 + 0.16*m.rng.Float64()))
		method, asked := methodFor(m, budget), m.workday("2024-02-01", "2026-09-10")
		awarded := m.workday(later(asked, 8), later(asked, 20))
		if method == "公开招标" || method == "邀请招标" {
			awarded = m.workday(later(asked, 21), later(asked, 35))
		}
		signed := m.workday(later(awarded, 2), later(awarded, 29))
		from := later(signed, 1+m.rng.IntN(14))
		to := dayOf(from).AddDate([]int{1, 1, 1, 2, 3}[m.rng.IntN(5)], 0, -1).Format("2006-01-02")
		prefix := "GM-" + r.code + "-" + signed[:4] + "-"
		numbers[prefix]++
		over := min(1, max(0, dayOf(reportedOn).Sub(dayOf(from)).Hours()/dayOf(to).Sub(dayOf(from)).Hours()))
		x := record{
			"contract_no": fmt.Sprintf("%s%04d", prefix, numbers[prefix]), "project": r.full + p.name + "项目", "category": p.category, "class": p.class, "department": r.office(p.line).name, "region_code": r.code,
			"content": "提供" + p.name + "，按月报送服务台账，接受采购人监督检查和绩效评价。", "method": method, "funds": pick(m, []string{"一般公共预算", "一般公共预算", "一般公共预算", "政府性基金预算", "上级专项转移支付"}),
			"budget": money(budget), "amount": money(amount), "paid": money(math.Round(amount*math.Floor(over*4)/4*100) / 100), "supplier_kind": p.supplier, "bidders": strconv.Itoa(3 + m.weighted(9)),
			"asked_on": asked, "awarded_on": awarded, "signed_on": signed, "from": from, "to": to, "announced_on": m.announcement(signed, 2, 22), "acceptance": "未到验收期", "secrecy": m.secrecy(7),
			"supplier_contact": m.person(), "supplier_phone": m.mobile(), "url": page(r.code, "zfgm", prefix+strconv.Itoa(numbers[prefix])), "remark": m.hint(4),
		}
		x["supplier"], x["supplier_uscc"], x["identity"], x["account"] = m.provider(r, p.supplier)
		if p.supplier == "个人" {
			x["supplier_contact"] = x["supplier"]
		}
		if method == "单一来源采购" || method == "限额以下自行采购" {
			x["bidders"] = "1"
		}
		if p.people != "" {
			x["beneficiaries"] = strconv.Itoa(20 + int(amount/(80+400*m.rng.Float64())))
			x["content"] = "面向" + p.people + x["content"]
		}
		if to < later(reportedOn, -20) {
			x["acceptance"], x["performance"] = pick(m, []string{"合格", "合格", "合格", "合格", "整改后合格", "不合格"}), pick(m, []string{"优", "良", "良", "良", "中"})
			if x["acceptance"] == "不合格" {
				x["performance"], x["paid"] = "差", money(math.Round(amount*0.5))
			}
		}
		if m.chance(9) {
			x["content"] += "承接方联系人" + x["supplier_contact"] + "，手机" + x["supplier_phone"] + "。"
		}
		records = append(records, x)
	}
	return records
}

// methodFor is how a service of such a price is bought.
func methodFor(m *maker, budget float64) string {
	switch {
	case m.chance(5):
		return "单一来源采购"
	case budget < 5e5:
		return pick(m, []string{"限额以下自行采购", "限额以下自行采购", "框架协议采购", "询价"})
	case budget < 2e6:
		return pick(m, []string{"竞争性磋商", "竞争性磋商", "竞争性谈判", "公开招标"})
	}
	return pick(m, []string{"公开招标", "公开招标", "公开招标", "邀请招标"})
}

func purchasesWorkbook() ([]byte, error) {
	records := also(bought(75, func(*maker) region { return province }, 80),
		record{"contract_no": "GM-620000-2026-9001", "method": "直接委托"},
		record{"contract_no": "GM-620000-2026-9002", "signed_on": "2026-04-31"})
	f := form{
		sheet: "购买服务合同", title: "省级政府购买服务合同公开汇总表（示例数据）", under: []any{"填报单位：甘肃省财政厅", "", "", "", "", "", "", "", "", "", "单位：万元"},
		columns: []column{
			{"序号", "", nil}, {"合同编号", "contract_no", nil}, {"项目_名称", "project", nil}, {"项目_类别", "category", nil}, {"项目_目录类目", "class", nil}, {"项目_购买内容", "content", nil}, {"购买主体", "department", nil}, {"行政区划代码", "region_code", nil},
			{"采购_方式", "method", nil}, {"采购_参与供应商数", "bidders", number}, {"采购_公告日期", "asked_on", dateCells}, {"采购_成交日期", "awarded_on", dateCells}, {"资金_来源", "funds", nil}, {"资金_预算金额", "budget", inTenThousands},
			{"资金_合同金额", "amount", inTenThousands}, {"资金_已支付", "paid", inTenThousands}, {"承接主体_名称", "supplier", nil}, {"承接主体_类型", "supplier_kind", nil}, {"承接主体_统一社会信用代码", "supplier_uscc", or("/", nil)},
			{"承接主体_身份证号", "identity", or("/", nil)}, {"承接主体_收款账号", "account", or("/", nil)}, {"承接主体_联系人", "supplier_contact", nil}, {"承接主体_联系电话", "supplier_phone", nil}, {"合同_签订日期", "signed_on", dateCells},
			{"合同_公告日期", "announced_on", or("", dateCells)}, {"服务期限_开始", "from", dateCells}, {"服务期限_结束", "to", dateCells}, {"受益人数", "beneficiaries", or("—", number)}, {"履约_验收结果", "acceptance", nil},
			{"履约_绩效评价", "performance", or("—", nil)}, {"商业秘密情况", "secrecy", nil}, {"合同链接", "url", nil}, {"备注", "remark", nil},
		},
		page: 40, totals: []string{"budget", "amount", "paid"}, note: "注：本表为示例数据，金额单位为万元；合同自签订之日起2个工作日内公告。",
	}
	return f.xlsx(records)
}

func purchasesLines() ([]byte, error) {
	records := also(bought(76, func(m *maker) region {
		if m.chance(50) {
			return pick(m, m.world.cities)
		}
		return pick(m, m.world.regions)
	}, 130),
		record{"contract_no": "GM-620500-2026-9003", "amount": "面议"},
		record{"contract_no": "GM-620102-2025-9004", "supplier": ""},
		record{"contract_no": "GM-2026-9005"})
	f := form{columns: []column{
		{"合同号", "contract_no", nil}, {"采购项目", "project", nil}, {"服务类别", "category", nil}, {"服务类目", "class", nil}, {"服务内容", "content", nil}, {"采购人", "department", nil}, {"区划代码", "region_code", nil}, {"采购方式", "method", nil},
		{"投标供应商数", "bidders", number}, {"采购公告日期", "asked_on", manyDates}, {"中标成交日期", "awarded_on", manyDates}, {"资金来源", "funds", nil}, {"预算金额", "budget", withUnit}, {"合同价", "amount", withUnit}, {"累计支付", "paid", withUnit},
		{"供应商", "supplier", nil}, {"供应商类型", "supplier_kind", nil}, {"供应商代码", "supplier_uscc", nil}, {"供应商证件号", "identity", nil}, {"收款账号", "account", nil}, {"供应商联系人", "supplier_contact", nil}, {"供应商电话", "supplier_phone", nil},
		{"签订时间", "signed_on", manyDates}, {"公告时间", "announced_on", manyDates}, {"服务开始", "from", nil}, {"服务结束", "to", nil}, {"服务人数", "beneficiaries", number}, {"验收情况", "acceptance", nil}, {"绩效等次", "performance", nil},
		{"保密情况", "secrecy", nil}, {"公告链接", "url", nil}, {"备注", "remark", nil},
	}}
	return f.jsonLines(records)
}

// venture is a kind of project between a government and an investor.
type venture struct {
	industry, line, name, mode, payment string
	median                              float64 // investment
	years                               int
}

var ventures = []venture{
	{"市政工程", "住建", "生活垃圾焚烧发电", "BOT", "可行性缺口补助", 5.2e8, 30},
	{"市政工程", "住建", "污水处理厂提标改造", "ROT", "政府付费", 1.6e8, 25},
	{"市政工程", "住建", "集中供热管网", "BOT", "使用者付费", 3.4e8, 30},
	{"市政工程", "住建", "城区停车设施", "BOO", "使用者付费", 9e7, 20},
	{"交通运输", "交通", "一级公路", "BOT", "可行性缺口补助", 1.8e9, 30},
	{"交通运输", "交通", "综合客运枢纽", "BOT", "可行性缺口补助", 4.1e8, 25},
	{"水利建设", "水利", "城乡供水一体化", "TOT+BOT", "可行性缺口补助", 6.3e8, 30},
	{"生态建设和环境保护", "生态环境", "河道综合治理", "BOT", "政府付费", 4.6e8, 15},
	{"医疗卫生", "卫生健康", "人民医院新区分院", "BOT", "可行性缺口补助", 5.8e8, 20},
	{"养老", "民政", "康养中心", "BOO", "使用者付费", 1.2e8, 30},
	{"教育", "教育", "职业教育园区", "BOT", "政府付费", 7.2e8, 20},
	{"体育", "文旅", "全民健身中心", "BOT", "可行性缺口补助", 2.1e8, 15},
	{"旅游", "文旅", "石窟景区游客服务设施", "BOT", "使用者付费", 1.9e8, 25},
	{"能源", "发展改革", "城镇燃气管网", "BOO", "使用者付费", 2.3e8, 30},
	{"农业", "农业农村", "畜禽粪污资源化利用", "BOT", "可行性缺口补助", 1.1e8, 20},
}

// partnerships are the projects of regions as they stood at the end of
// October: those from before 2023, or the concessions of the new mechanism.
func partnerships(seed int64, concessions bool, rows int) []record {
	m, phases := dice(seed), map[string]int{}
	var records []record
	for n := range rows {
		r, v := m.government(), ventures[n%len(ventures)]
		phases[r.code+v.name]++
		name := r.full + v.name + "项目" + []string{"", "（二期）", "（三期）"}[min(phases[r.code+v.name], 3)-1]
		if concessions {
			v.payment = "使用者付费" // the new mechanism has no other
			v.years = min(40, v.years+5+m.rng.IntN(6))
		}
		since, until := "2015-03-02", "2022-10-31"
		if concessions {
			since, until = "2024-02-01", "2026-06-30"
		}
		approved := m.workday(since, until)
		investment := math.Round(m.yuan(v.median)/1e4) * 1e4
		capital := math.Round(investment*(0.2+0.1*m.rng.Float64())/1e4) * 1e4
		x := record{
			"project_code": fmt.Sprintf("%s-%s-%02d-%02d-%06d", approved[2:4]+approved[5:7], r.code, 40+m.rng.IntN(50), 1+m.rng.IntN(5), 100000+m.rng.IntN(899999)), "project": name, "mechanism": "存量PPP项目", "industry": v.industry,
			"mode": v.mode, "payment": v.payment, "department": r.office(v.line).name, "region_code": r.code, "approved_on": approved, "stage": "执行阶段", "years": strconv.Itoa(v.years), "investment": money(investment),
			"capital": money(capital), "government_share": strconv.Itoa([]int{0, 5, 10, 10, 20, 30, 49}[m.rng.IntN(7)]), "procurement": pick(m, []string{"公开招标", "公开招标", "竞争性磋商", "邀请招标"}), "subsidy_due": "0", "subsidy_paid": "0",
			"value_for_money": "通过", "affordability": "通过", "secrecy": m.secrecy(9), "summary": v.mode + "方式实施，由社会资本方负责投资、建设和运营维护，合作期满" + map[bool]string{true: "由项目公司继续持有", false: "无偿移交"}[v.mode == "BOO"] + "。",
			"url": page(r.code, "ppp", approved+strconv.Itoa(n)), "remark": m.hint(8),
		}
		if concessions {
			x["mechanism"], x["value_for_money"], x["affordability"] = "特许经营新机制", "不适用", "不适用"
		}
		m.investor(x, r, concessions)
		m.progressOf(x, investment, concessions)
		records = append(records, x)
	}
	return records
}

// investor adds who was chosen, and the company that runs the project.
func (m *maker) investor(x record, r region, concessions bool) {
	chosen := m.workday(later(x["approved_on"], 120), later(x["approved_on"], 300))
	signed := m.workday(later(chosen, 15), later(chosen, 60))
	if known(signed) == "" {
		x["stage"], x["secrecy"] = pick(m, []string{"准备阶段", "采购阶段"}), "不涉及商业秘密"
		x["government_share"], x["summary"] = "", strings.Replace(x["summary"], "由社会资本方", "拟由社会资本方", 1)
		return
	}
	x["chosen_on"], x["signed_on"] = chosen, signed
	x["investor_kind"] = pick(m, []string{"民营企业", "民营企业", "地方国有企业", "中央企业", "外商投资企业"})
	if concessions && m.chance(60) {
		x["investor_kind"] = "民营企业"
	}
	x["investor"] = map[string]string{"民营企业": "甘肃", "地方国有企业": "甘肃", "中央企业": "中", "外商投资企业": "香港"}[x["investor_kind"]] + pick(m, tradeNames) +
		pick(m, []string{"建设投资集团", "环境水务集团", "基础设施投资", "路桥建设集团"}) + "有限公司"
	x["investor_uscc"] = m.uscc("91", province.code)
	x["company"], x["company_uscc"] = r.city+pick(m, tradeNames)+pick(m, tradeNames)+"项目管理有限公司", m.uscc("91", r.code)
	x["representative"], x["identity"], x["phone"] = m.person(), m.identity(), m.mobile()
	if m.chance(12) {
		x["summary"] += "项目公司负责人" + x["representative"] + "，电话" + x["phone"] + "。"
	}
}

// progressOf adds how far a project is: built, running, what the government
// owes for 2025.
func (m *maker) progressOf(x record, investment float64, concessions bool) {
	if x["signed_on"] == "" {
		x["done"] = "0"
		return
	}
	running := later(x["signed_on"], 500+m.rng.IntN(500))
	years, _ := strconv.Atoi(x["years"])
	x["ends_on"] = dayOf(x["signed_on"]).AddDate(years, 0, -1).Format("2006-01-02")
	if running > "2026-10-30" {
		x["operation"] = "在建"
		x["done"] = money(math.Round(investment*(0.1+0.6*m.rng.Float64())/1e4) * 1e4)
		return
	}
	x["operation"], x["operated_from"], x["done"] = "运营", running, money(investment)
	full := running < "2025-01-01" // so that there are figures of the whole year
	if full {
		x["performance"] = strconv.FormatFloat(68+30*m.rng.Float64(), 'f', 1, 64)
	}
	switch {
	case !concessions && m.chance(7):
		x["stage"], x["operation"], x["performance"] = "提前终止", "停运", ""
	case full && x["payment"] != "使用者付费":
		due := math.Round(investment*(0.03+0.05*m.rng.Float64())/1e4) * 1e4
		x["subsidy_due"], x["subsidy_paid"] = money(due), money(due)
		if m.chance(35) {
			x["subsidy_paid"] = money(math.Round(due*(0.3+0.5*m.rng.Float64())/1e4) * 1e4)
		}
		x["budget_share"] = strconv.FormatFloat(0.4+7*m.rng.Float64(), 'f', 2, 64)
	case full:
		x["revenue"] = money(math.Round(investment*(0.05+0.07*m.rng.Float64())/1e4) * 1e4)
	}
}

// inHundredMillions writes yuan as 亿元.
func inHundredMillions(_ int, v string) any {
	yuan, err := strconv.ParseFloat(v, 64)
	if err != nil {
		return v
	}
	return round4(yuan / 1e8)
}

func venturesWorkbook() ([]byte, error) {
	records := also(partnerships(77, false, 58),
		record{"project_code": "1903-620102-78-03-900001", "stage": "论证中"},
		record{"project_code": "1805-620000-48-01", "project": "示例项目（代码不完整）"},
		record{"project_code": "2004-620700-44-01-900003", "investment": "约5亿"})
	f := form{
		sheet: "存量PPP项目", title: "甘肃省政府和社会资本合作（PPP）存量项目信息表（示例数据）", under: []any{"填报单位：甘肃省财政厅", "", "", "", "", "", "", "数据截止：2026年10月31日", "", "", "", "", "单位：万元"},
		columns: []column{
			{"序号", "", nil}, {"项目_代码", "project_code", nil}, {"项目_名称", "project", nil}, {"项目_实施机制", "mechanism", nil}, {"项目_所属行业", "industry", nil}, {"项目_运作方式", "mode", nil}, {"项目_回报机制", "payment", nil},
			{"项目_概况", "summary", nil}, {"实施机构", "department", nil}, {"行政区划代码", "region_code", nil}, {"审批日期", "approved_on", dateCells}, {"所处阶段", "stage", nil}, {"论证_物有所值", "value_for_money", nil}, {"论证_财政承受能力", "affordability", nil},
			{"合作期限（年）", "years", number}, {"总投资（亿元）", "investment", inHundredMillions}, {"资本金", "capital", inTenThousands}, {"政府出资比例", "government_share", percent}, {"完成投资", "done", inTenThousands},
			{"社会资本_采购方式", "procurement", nil}, {"社会资本_中选日期", "chosen_on", or("/", dateCells)}, {"社会资本_名称", "investor", or("/", nil)}, {"社会资本_性质", "investor_kind", or("/", nil)}, {"社会资本_统一社会信用代码", "investor_uscc", or("/", nil)},
			{"合同签订日期", "signed_on", or("/", dateCells)}, {"项目公司_名称", "company", or("/", nil)}, {"项目公司_统一社会信用代码", "company_uscc", or("/", nil)}, {"项目公司_法定代表人", "representative", or("/", nil)},
			{"项目公司_法定代表人身份证号", "identity", or("/", nil)}, {"项目公司_联系电话", "phone", or("/", nil)}, {"运营_状态", "operation", or("—", nil)}, {"运营_开始日期", "operated_from", or("—", dateCells)}, {"运营_绩效得分", "performance", or("—", number)},
			{"运营_使用者付费收入", "revenue", or("—", inTenThousands)}, {"政府支出_应付", "subsidy_due", inTenThousands}, {"政府支出_已付", "subsidy_paid", inTenThousands}, {"政府支出_占一般公共预算支出比例", "budget_share", or("—", percent)},
			{"合作期满日期", "ends_on", or("/", dateCells)}, {"商业秘密情况", "secrecy", nil}, {"信息公开链接", "url", nil}, {"备注", "remark", nil},
		},
		page: 30, totals: []string{"capital", "done", "subsidy_due", "subsidy_paid"}, note: "注：1. 本表为示例数据；2. 政府支出为2025年度数。",
	}
	return f.xlsx(records)
}

func venturesJSON() ([]byte, error) {
	records := also(partnerships(78, true, 34),
		record{"project_code": "2501-620900-04-01-900004", "department": "敦煌市特许经营办公室"},
		record{"project_code": "2503-621000-04-01-900005", "years": "45"})
	f := form{title: "示例数据", columns: []column{
		{"项目代码", "project_code", nil}, {"项目名称", "project", nil}, {"项目类型", "mechanism", nil}, {"行业", "industry", nil}, {"运作方式", "mode", nil}, {"回报机制", "payment", nil}, {"项目概况", "summary", nil},
		{"实施单位", "department", nil}, {"区划代码", "region_code", nil}, {"核准日期", "approved_on", nil}, {"项目阶段", "stage", nil}, {"物有所值评价", "value_for_money", nil}, {"财政承受能力论证", "affordability", nil}, {"特许经营期限", "years", number},
		{"投资总额", "investment", withUnit}, {"项目资本金", "capital", withUnit}, {"政府持股比例（%）", "government_share", nil}, {"累计完成投资", "done", withUnit}, {"选择方式", "procurement", nil}, {"中选日期", "chosen_on", manyDates},
		{"特许经营者", "investor", nil}, {"企业性质", "investor_kind", nil}, {"特许经营者代码", "investor_uscc", nil}, {"协议签订日期", "signed_on", manyDates}, {"项目公司", "company", nil}, {"项目公司代码", "company_uscc", nil},
		{"法定代表人", "representative", nil}, {"法定代表人证件号", "identity", nil}, {"法定代表人电话", "phone", nil}, {"运营状态", "operation", nil}, {"运营开始日期", "operated_from", nil}, {"绩效得分", "performance", number}, {"年度收入", "revenue", withUnit},
		{"年度应付补助", "subsidy_due", nil}, {"年度已付补助", "subsidy_paid", nil}, {"占预算支出比例（%）", "budget_share", nil}, {"期满日期", "ends_on", nil}, {"保密情况", "secrecy", nil}, {"链接", "url", nil}, {"备注", "remark", nil},
	}}
	return f.json(records)
}
