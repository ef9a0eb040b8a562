package synthetic

import (
	"fmt"
	"math"
	"strconv"
)

// facility is a kind of school or of health institution, with how large one
// is in the middle.
type facility struct {
	sector, kind, name string
	size               int
	rate               string
}

var facilities = []facility{
	{"教育", "幼儿园", "幼儿园", 240, "保教费每生每月260元"}, {"教育", "小学", "小学", 860, "免收学杂费；作业本费每生每学期12元"}, {"教育", "初中", "初级中学", 1100, "免收学杂费；作业本费每生每学期18元"},
	{"教育", "普通高中", "高级中学", 2200, "学费每生每学期700元；住宿费每生每学期200元"}, {"教育", "中等职业学校", "职业技术学校", 1500, "免学费；住宿费每生每学期250元"},
	{"卫生", "综合医院", "人民医院", 420, "按甘肃省医疗服务价格项目执行"}, {"卫生", "中医医院", "中医医院", 260, "按甘肃省医疗服务价格项目执行"}, {"卫生", "乡镇卫生院", "中心卫生院", 45, "一般诊疗费每人次9元"}, {"卫生", "社区卫生服务中心", "社区卫生服务中心", 30, "一般诊疗费每人次9元"},
}

func facilitiesOf(seed int64, sector string, regions []region, each int, years ...int) []record {
	m := dice(seed)
	var records []record
	for n := range each {
		r := regions[n%len(regions)]
		i := pick(m, facilities)
		for i.sector != sector {
			i = pick(m, facilities)
		}
		prefix := map[string]string{"教育": "JY", "卫生": "WS"}[sector]
		size := float64(i.size) * math.Exp(0.4*m.rng.NormFloat64())
		name := r.full + pick(m, tradeNames) + i.name + "（示例）"
		for _, year := range years {
			size *= 0.97 + 0.06*m.rng.Float64()
			x := record{
				"institution_code": fmt.Sprintf("%s%s%04d", prefix, r.code, n+1), "institution": name, "sector": sector, "kind": i.kind, "ownership": "公办", "year": strconv.Itoa(year), "head": m.person(), "head_phone": m.mobile(), "phone": "0930-12345" + strconv.Itoa(10+n%90),
				"address": r.full + pick(m, townships) + pick(m, []string{"中街", "南路", "文化路"}) + strconv.Itoa(1+m.rng.IntN(90)) + "号", "fee_rate": i.rate, "complaints": strconv.Itoa(m.rng.IntN(9)), "region_code": r.code, "remark": m.hint(5),
				"budget": money(math.Round(size*1.6e4/100) * 100), "fees": money(math.Round(size*900/100) * 100), "department": r.office(map[string]string{"教育": "教育", "卫生": "卫生健康"}[sector]).name,
			}
			if i.kind == "幼儿园" && m.chance(50) {
				x["ownership"] = "民办"
			}
			staff := size / 12
			if sector == "教育" {
				x["students"], x["intake"] = strconv.Itoa(int(size)), strconv.Itoa(int(size/3))
			} else {
				staff = size * 1.7
				x["beds"], x["visits"] = strconv.Itoa(int(size)), strconv.Itoa(int(size*620))
			}
			x["staff"], x["professionals"] = strconv.Itoa(int(staff)+3), strconv.Itoa(int(staff*0.8)+1)
			records = append(records, x)
		}
	}
	return records
}

func schoolsWorkbook() ([]byte, error) {
	records := also(facilitiesOf(1201, "教育", places("620502", "620503", "620521", "620522", "620523"), 40, 2024, 2025), record{"year": "2023", "kind": "培训机构"}, record{"year": "2022", "staff": ""})
	f := form{
		sheet: "学校", title: "天水市学校办学情况公开表（示例数据）", under: []any{"填报单位：天水市教育局", "", "", "", "单位：万元"},
		columns: []column{
			{"序号", "", nil}, {"标识码", "institution_code", nil}, {"单位名称", "institution", nil}, {"行业", "sector", nil}, {"类别", "kind", nil}, {"办学性质", "ownership", nil}, {"年度", "year", number}, {"负责人姓名", "head", nil}, {"负责人联系电话", "head_phone", nil}, {"咨询电话", "phone", nil},
			{"机构地址", "address", nil}, {"人员_总数", "staff", number}, {"人员_专业技术", "professionals", number}, {"学生_在校", "students", number}, {"学生_招生", "intake", number}, {"收费_标准", "fee_rate", nil}, {"收费_总额", "fees", inTenThousands}, {"预算", "budget", inTenThousands},
			{"投诉件数", "complaints", number}, {"主管部门", "department", nil}, {"行政区划代码", "region_code", nil}, {"备注", "remark", nil},
		},
		page: 41, totals: []string{"fees", "budget"}, note: "注：示例数据，学校与数值均为虚构。",
	}
	return f.xlsx(records)
}

func healthText() ([]byte, error) {
	records := also(facilitiesOf(1202, "卫生", places("620702", "620721", "620722", "620723"), 30, 2024, 2025), record{"institution_code": "WS-62070299"}, record{"year": "上年"})
	f := form{columns: []column{
		{"机构标识码", "institution_code", nil}, {"机构名称", "institution", nil}, {"所属行业", "sector", nil}, {"机构类别", "kind", nil}, {"举办主体", "ownership", nil}, {"年度", "year", wideDigits}, {"校长或院长", "head", nil}, {"负责人电话", "head_phone", nil}, {"服务电话", "phone", nil}, {"地址", "address", nil},
		{"教职工或卫生人员", "staff", nil}, {"专任教师或执业医师", "professionals", nil}, {"编制床位", "beds", nil}, {"年诊疗人次", "visits", nil}, {"收费标准", "fee_rate", nil}, {"年收费总额", "fees", withUnit}, {"年度预算", "budget", grouped}, {"受理投诉", "complaints", or("无", nil)},
		{"填报部门", "department", nil}, {"区划代码", "region_code", nil}, {"备注", "remark", nil},
	}}
	return f.utf8BOM(records)
}

func houses(seed int64, shanties bool, regions []region, rows int) []record {
	m := dice(seed)
	var records []record
	for n := range rows {
		r, town := pick(m, regions), pick(m, townships)
		x := record{
			"case_no": fmt.Sprintf("FW-%s-%05d", r.code, n+1), "head": m.person(), "head_id": m.identity(), "phone": m.mobile(), "bank_account": m.bankCard(), "township": town, "address": r.full + town + pick(m, villages) + strconv.Itoa(1+m.rng.IntN(90)) + "号",
			"plan_year": strconv.Itoa(2024 + m.rng.IntN(3)), "department": r.office("住建").name, "region_code": r.code, "area": strconv.Itoa(40 + m.rng.IntN(90)), "status": "已审批", "remark": "示例数据",
		}
		x["contractor"], _ = m.company(r)
		if shanties {
			x["programme"], x["household"], x["method"] = "棚户区改造", "城镇居民", pick(m, []string{"货币补偿", "产权调换"})
			x["subsidy"] = money(amountOf(x["area"]) * float64(3800+100*m.rng.IntN(20)))
		} else {
			x["programme"], x["grade"] = pick(m, []string{"农村危房改造", "农村危房改造", "农村危窑改造"}), pick(m, []string{"C级", "D级"})
			x["household"] = pick(m, []string{"低保户", "分散供养特困户", "低保边缘户", "防止返贫监测对象", "一般农户"})
			x["method"], x["subsidy"] = "修缮加固", "12000"
			if x["grade"] == "D级" {
				x["method"], x["subsidy"], x["own_funds"] = pick(m, []string{"原址重建", "异地新建"}), "30000", money(m.yuan(42000))
			}
			if m.chance(30) {
				x["contractor"] = m.person() // a craftsman of the village
			}
		}
		x["approved_on"] = m.workday(x["plan_year"]+"-02-10", x["plan_year"]+"-06-30")
		for _, step := range []struct {
			field, status string
			days          int
		}{{"started_on", "在建", 30}, {"finished_on", "竣工", 90}, {"accepted_on", "已验收", 40}} {
			last := x["approved_on"]
			for _, f := range []string{"started_on", "finished_on"} {
				if x[f] != "" {
					last = x[f]
				}
			}
			day := known(later(last, step.days+m.rng.IntN(30)))
			if day == "" || m.chance(12) {
				break
			}
			x[step.field], x["status"] = day, step.status
		}
		if m.chance(7) {
			x["remark"] = "示例数据；联系人" + x["head"] + "，电话" + x["phone"]
		}
		records = append(records, x)
	}
	return records
}

func housesWorkbook() ([]byte, error) {
	records := also(houses(1203, false, places("621002", "621021", "621022", "621023", "621027"), 90), record{"case_no": "FW-621002-99901", "grade": "E级"}, record{"case_no": "FW-621002-99902", "approved_on": "2025-02-29"})
	f := form{
		sheet: "危房改造", title: "庆阳市农村危房危窑改造台账（示例数据）", under: []any{"填报单位：庆阳市住房和城乡建设局", "", "", "", "单位：元"},
		columns: []column{
			{"序号", "", nil}, {"户编号", "case_no", nil}, {"类别", "programme", nil}, {"户主_姓名", "head", nil}, {"户主_身份证号", "head_id", nil}, {"户主_电话", "phone", nil}, {"户主_类型", "household", nil}, {"房屋_地址", "address", nil}, {"房屋_乡镇", "township", nil}, {"房屋_等级", "grade", nil}, {"房屋_面积", "area", number},
			{"方式", "method", nil}, {"资金_补助", "subsidy", number}, {"资金_自筹", "own_funds", or("/", number)}, {"资金_账号", "bank_account", nil}, {"进度_审批", "approved_on", dateCells}, {"进度_开工", "started_on", or("—", dateCells)}, {"进度_竣工", "finished_on", or("—", dateCells)}, {"进度_验收", "accepted_on", or("—", dateCells)},
			{"进度_状态", "status", nil}, {"年度", "plan_year", number}, {"施工方", "contractor", nil}, {"主管部门", "department", nil}, {"行政区划代码", "region_code", nil}, {"备注", "remark", nil},
		},
		page: 46, totals: []string{"subsidy"}, note: "注：示例数据，人员、住址与账号均为虚构。",
	}
	return f.xlsx(records)
}

func shantiesText() ([]byte, error) {
	records := also(houses(1204, true, places("620402", "620403", "620421"), 60), record{"case_no": "FW-620402-99901", "subsidy": "待定"}, record{"case_no": "FW-620402-99902", "head": ""})
	f := form{columns: []column{
		{"改造编号", "case_no", nil}, {"改造类别", "programme", nil}, {"被征收人", "head", nil}, {"身份证号", "head_id", nil}, {"联系电话", "phone", nil}, {"户类型", "household", nil}, {"地址", "address", nil}, {"乡镇街道", "township", nil}, {"改造方式", "method", nil}, {"改造面积", "area", wideDigits},
		{"补助资金", "subsidy", withUnit}, {"补助账号", "bank_account", nil}, {"审批日期", "approved_on", manyDates}, {"开工日期", "started_on", or("/", manyDates)}, {"竣工日期", "finished_on", or("/", manyDates)}, {"验收日期", "accepted_on", or("/", manyDates)}, {"进度", "status", nil}, {"计划年度", "plan_year", nil},
		{"施工单位", "contractor", nil}, {"责任单位", "department", nil}, {"区划代码", "region_code", nil}, {"备注", "remark", nil},
	}}
	return f.gb18030(records)
}

// work is a major project of a field.
var works = []struct{ field, line, name string }{
	{"交通", "交通", "高速公路联络线工程"}, {"交通", "交通", "国道改扩建工程"}, {"水利", "水利", "供水保障工程"}, {"水利", "水利", "中型灌区现代化改造工程"}, {"市政", "住建", "城市地下管网更新工程"}, {"教育", "教育", "职业教育产教融合基地"}, {"卫生", "卫生健康", "区域医疗中心"}, {"生态", "自然资源", "山水林田湖草沙一体化保护修复工程"},
}

// stages are what becomes public of a project, in the order of its life.
var stages = []struct{ name, matter, result string }{
	{"招投标", "施工总承包招标，评标结果公示", "确定中标单位"}, {"施工管理", "施工组织设计和专项方案审查", "同意实施"}, {"合同履约", "季度合同履约评价", "良好"}, {"施工设计变更", "桩基础形式调整", "批准变更"}, {"重大设计变更", "线位局部调整，原审批部门重新审批", "批复同意"},
	{"质量安全检查", "质量安全综合检查，发现模板支撑不牢等问题", "责令限期整改，已整改"}, {"资金管理", "工程进度款支付", "已支付"}, {"验收", "单位工程竣工验收", "合格"},
}

func projects(seed int64, regions []region, number int) []record {
	m := dice(seed)
	var records []record
	for n := range number {
		r, w := pick(m, regions), pick(m, works)
		owner, uscc := r.city+pick(m, tradeNames)+"建设投资有限公司", m.uscc("91", r.code)
		contractor, _ := m.company(r)
		investment, day, manager := m.yuan(3.2e8), m.workday("2024-03-01", "2025-06-30"), m.person()
		code := fmt.Sprintf("%s-%s-%02d-01-%06d", day[:4], r.code, 48+m.rng.IntN(40), 100000+m.rng.IntN(800000))
		no := 0
		for i, s := range stages {
			if i > 0 && m.chance(20) {
				continue
			}
			if day = known(workingDaysLater(day, 10+m.rng.IntN(60))); day == "" {
				break
			}
			no++
			x := record{
				"project_code": code, "project": r.full + w.name + "（" + strconv.Itoa(n+1) + "期）", "event_no": strconv.Itoa(no), "stage": s.name, "matter": s.matter, "result": s.result, "happened_on": day, "announced_on": known(workingDaysLater(day, 1+m.rng.IntN(15))),
				"field": w.field, "owner": owner, "owner_uscc": uscc, "contractor": contractor, "manager": manager, "manager_phone": m.mobile(), "investment": money(investment), "progress": strconv.Itoa(min(100, 12*i+m.rng.IntN(8))), "trade_secret": "false",
				"supervisor": r.office("发展改革").name, "department": r.office(w.line).name, "region_code": r.code, "remark": m.hint(4),
			}
			switch s.name {
			case "招投标", "资金管理", "施工设计变更", "重大设计变更":
				x["amount"] = money(math.Round(investment*(0.02+0.1*m.rng.Float64())/100) * 100)
			case "质量安全检查":
				x["matter"] += "；现场负责人：" + manager
				x["site"] = fmt.Sprintf("%.4f,%.4f", 100+8*m.rng.Float64(), 33+6*m.rng.Float64())
			}
			if m.chance(2) {
				x["trade_secret"] = "true"
			}
			records = append(records, x)
		}
	}
	return records
}

func projectsWorkbook() ([]byte, error) {
	records := projects(1205, []region{province, place("620100"), place("620600"), place("621100")}, 24)[:100]
	records = also(records, record{"event_no": "91", "stage": "立项"}, record{"project_code": "2025-620000-48-01", "event_no": "92"})
	f := form{
		sheet: "重大项目", title: "重大建设项目信息公开表（示例数据）", under: []any{"填报单位：甘肃省发展和改革委员会", "", "", "", "", "单位：万元"},
		columns: []column{
			{"序号", "", nil}, {"项目_统一代码", "project_code", nil}, {"项目_名称", "project", nil}, {"项目_行业", "field", nil}, {"环节_序号", "event_no", number}, {"环节_名称", "stage", nil}, {"环节_内容", "matter", nil}, {"环节_结果", "result", nil}, {"环节_日期", "happened_on", dateCells}, {"环节_公开日期", "announced_on", dateCells},
			{"建设单位", "owner", nil}, {"建设单位代码", "owner_uscc", nil}, {"施工单位", "contractor", nil}, {"负责人", "manager", nil}, {"负责人联系电话", "manager_phone", nil}, {"设施坐标", "site", or("/", nil)}, {"资金_总投资", "investment", inTenThousands}, {"资金_本次金额", "amount", or("—", inTenThousands)},
			{"进度", "progress", number}, {"涉商业秘密", "trade_secret", yesNo}, {"监督单位", "supervisor", nil}, {"主管部门", "department", nil}, {"行政区划代码", "region_code", nil}, {"备注", "remark", nil},
		},
		page: 51, totals: []string{"amount"}, note: "注：示例数据，项目、单位与金额均为虚构。",
	}
	return f.xlsx(records)
}

func projectsJSON() ([]byte, error) {
	records := also(projects(1206, places("620302", "620402", "620821", "621002", "622901"), 20)[:80], record{"event_no": "91", "happened_on": "2025-06-31"}, record{"event_no": "92", "investment": ""})
	f := form{title: "示例数据", columns: []column{
		{"项目代码", "project_code", nil}, {"项目名称", "project", nil}, {"所属行业", "field", nil}, {"公开序号", "event_no", number}, {"环节", "stage", nil}, {"内容", "matter", nil}, {"结果", "result", nil}, {"日期", "happened_on", manyDates}, {"公开日期", "announced_on", nil}, {"项目法人", "owner", nil}, {"项目法人统一社会信用代码", "owner_uscc", nil},
		{"参建单位", "contractor", nil}, {"项目负责人", "manager", nil}, {"负责人电话", "manager_phone", nil}, {"重要设施坐标", "site", nil}, {"总投资", "investment", withUnit}, {"本环节金额", "amount", withUnit}, {"形象进度", "progress", percent}, {"是否涉及商业秘密", "trade_secret", yesNo},
		{"监督部门", "supervisor", nil}, {"主管部门", "department", nil}, {"区划代码", "region_code", nil}, {"备注", "remark", nil},
	}}
	return f.json(records)
}

// villageMatters are the thirteen kinds of item 九, with what is paid for what.
var villageMatters = []struct {
	kind, matter, measure, line, basis string
	standard                           float64
	household                          bool
}{
	{"涉农政策落实", "耕地地力保护补贴面积核定", "亩", "农业农村", "《耕地建设与利用资金管理办法》", 0, true}, {"农业和农村公共事业投入", "村道硬化与路灯安装", "笔", "农业农村", "村民委员会一事一议决议", 0, false},
	{"征地补偿", "集体土地征收青苗补偿", "亩", "自然资源", "《中华人民共和国土地管理法》第四十八条", 1800, true}, {"土地流转", "承包地经营权流转租金", "亩", "农业农村", "《农村土地经营权流转管理办法》", 420, true},
	{"最低生活保障资金发放", "农村最低生活保障金", "人", "民政", "《社会救助暂行办法》", 528, true}, {"涉农补贴", "地膜覆盖和良种补贴", "亩", "农业农村", "年度涉农补贴实施方案", 60, true},
	{"救灾救济款物发放", "冬春救助款和面粉", "袋", "应急", "《自然灾害救助条例》", 110, true}, {"专项资金使用", "衔接推进乡村振兴补助资金项目支出", "笔", "乡村振兴", "《衔接推进乡村振兴补助资金管理办法》", 0, false},
	{"财务收支", "村集体经营性资产租金和办公支出", "笔", "农业农村", "《农村集体经济组织财务制度》", 0, false}, {"土地征用补偿及分配", "土地补偿费分配到户", "人", "自然资源", "村民会议分配方案", 6200, true},
	{"新型农村合作医疗", "城乡居民医保参保财政资助", "人", "医保", "《社会救助暂行办法》", 160, true}, {"种粮直接补贴", "实际种粮农民补贴", "亩", "农业农村", "年度种粮补贴实施方案", 12, true}, {"退耕还林还草款物兑付", "新一轮退耕还林还草补助", "亩", "自然资源", "《退耕还林条例》", 300, true},
}

func villageAffairs(seed int64, regions []region, rows int) []record {
	m := dice(seed)
	var records []record
	for n := range rows {
		r, v := pick(m, regions), villageMatters[n%len(villageMatters)]
		day := m.workday("2025-11-03", "2026-10-30")
		x := record{
			"record_no": fmt.Sprintf("JC-%s-%s-%04d", r.code, day[:4], n+1), "kind": v.kind, "matter": v.matter, "basis": v.basis, "township": pick(m, townships), "village": pick(m, villages), "measure": v.measure, "happened_on": day, "direction": "支出",
			"funding": pick(m, []string{"中央财政", "省级财政", "县级财政", "村集体"}), "published_at": m.some("政务服务网", "村务公开栏", "微信群", "广播"), "department": r.office(v.line).name, "region_code": r.code, "remark": m.hint(5), "quantity": "1", "amount": money(m.yuan(26000)),
		}
		if v.household {
			x["recipient"], x["recipient_id"], x["phone"], x["bank_account"] = m.person(), m.identity(), m.mobile(), m.bankCard()
			x["quantity"] = strconv.Itoa(1 + m.rng.IntN(9))
			if m.chance(10) {
				x["matter"] += "（" + x["recipient"] + "户）"
			}
		} else if m.chance(30) {
			x["recipient"], _ = m.company(r)
		}
		if v.standard > 0 {
			x["standard"] = money(v.standard)
			x["amount"] = money(v.standard * amountOf(x["quantity"]))
		}
		if v.kind == "财务收支" && m.chance(50) {
			x["direction"] = "收入"
		}
		records = append(records, x)
	}
	return records
}

func villagesWorkbook() ([]byte, error) {
	records := also(villageAffairs(1207, places("621202", "621221", "621222", "621223", "621226"), 130), record{"record_no": "JC-621202-2026-9901", "kind": "其他事项"}, record{"record_no": "JC-621202-2026-9902", "happened_on": "2026-02-30"})
	f := form{
		sheet: "公开台账", title: "陇南市基层政务公开台账（示例数据）", under: []any{"填报单位：陇南市农业农村局", "", "", "", "单位：元"},
		columns: []column{
			{"序号", "", nil}, {"事项_编号", "record_no", nil}, {"事项_类别", "kind", nil}, {"事项_名称", "matter", nil}, {"事项_依据", "basis", nil}, {"地点_区划代码", "region_code", nil}, {"地点_乡镇", "township", nil}, {"地点_村", "village", nil}, {"对象_姓名", "recipient", or("/", nil)}, {"对象_身份证号", "recipient_id", or("/", nil)}, {"对象_电话", "phone", or("/", nil)}, {"对象_账号", "bank_account", or("/", nil)},
			{"数量_数值", "quantity", number}, {"数量_单位", "measure", nil}, {"资金_标准", "standard", or("—", number)}, {"资金_金额", "amount", number}, {"资金_来源", "funding", nil}, {"收支", "direction", nil}, {"日期", "happened_on", dateCells}, {"公开渠道", "published_at", commas}, {"主管部门", "department", nil}, {"备注", "remark", nil},
		},
		page: 44, totals: []string{"amount"}, note: "注：示例数据，人员、证件号码与账号均为虚构。",
	}
	return f.xlsx(records)
}

func villagesText() ([]byte, error) {
	records := also(villageAffairs(1208, places("620602", "620621", "620622", "620623"), 90), record{"record_no": "JC-620602-26-9901"}, record{"record_no": "JC-620602-2026-9902", "amount": ""})
	f := form{title: "武威市村务公开明细（示例数据）", columns: []column{
		{"公开编号", "record_no", nil}, {"类别", "kind", nil}, {"事项", "matter", nil}, {"政策依据", "basis", nil}, {"区划代码", "region_code", nil}, {"乡镇", "township", nil}, {"村", "village", nil}, {"对象姓名", "recipient", nil}, {"对象身份证号", "recipient_id", nil}, {"联系电话", "phone", nil}, {"一卡通账号", "bank_account", nil}, {"面积", "quantity", wideDigits}, {"计量单位", "measure", nil},
		{"标准（元）", "standard", or("/", nil)}, {"金额（元）", "amount", grouped}, {"资金来源", "funding", nil}, {"收支方向", "direction", nil}, {"发放或发生日期", "happened_on", manyDates}, {"公开方式", "published_at", commas}, {"责任单位", "department", nil}, {"备注", "remark", nil},
	}}
	return f.gb18030(records)
}
