package synthetic

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

var areaSamples = map[string]sampler{
	"public_resource_trading/trades_province.xlsx":     tradesWorkbook,
	"public_resource_trading/trades_local_gb18030.csv": tradesText,
	"social_assistance/assistance_linxia.xlsx":         assistanceWorkbook,
	"social_assistance/assistance_dingxi_gb18030.csv":  assistanceText,
	"employment/employment_2026.xlsx":                  employmentWorkbook,
	"employment/employment_2025_utf16.txt":             employmentText,
	"environment_quality/air_lanzhou_2026.xlsx":        airWorkbook,
	"environment_quality/air_hexi.jsonl":               airLines,
	"education_health/schools_tianshui.xlsx":           schoolsWorkbook,
	"education_health/health_zhangye_utf8bom.csv":      healthText,
	"housing_renovation/houses_qingyang.xlsx":          housesWorkbook,
	"housing_renovation/shanties_baiyin_gb18030.csv":   shantiesText,
	"major_projects/projects_province.xlsx":            projectsWorkbook,
	"major_projects/projects_local.json":               projectsJSON,
	"grassroots_affairs/villages_longnan.xlsx":         villagesWorkbook,
	"grassroots_affairs/villages_wuwei_gb18030.csv":    villagesText,
}

// deal is a kind of trade: who offers what, how, and for how much.
type deal struct {
	kind, line, what string
	methods          []string
	median           float64
	upwards          bool // the price rises over what it starts from
}

var deals = []deal{
	{"工程建设项目招标投标", "住建", "市政道路改造工程施工", []string{"公开招标", "邀请招标"}, 2.4e7, false},
	{"工程建设项目招标投标", "水利", "灌区续建配套与节水改造工程", []string{"公开招标"}, 1.8e7, false},
	{"工程建设项目招标投标", "交通", "农村公路提升改造工程", []string{"公开招标"}, 1.5e7, false},
	{"政府采购", "教育", "义务教育学校教学设备采购", []string{"公开招标", "竞争性磋商", "询价"}, 1.6e6, false},
	{"政府采购", "卫生健康", "医疗设备采购", []string{"公开招标", "竞争性谈判", "单一来源"}, 3.2e6, false},
	{"国有土地使用权出让", "自然资源", "国有建设用地使用权", []string{"拍卖", "挂牌"}, 4.5e7, true},
	{"矿业权出让", "自然资源", "建筑用石料矿采矿权", []string{"挂牌", "拍卖"}, 6.0e6, true},
	{"国有产权交易", "国资", "国有企业闲置资产转让", []string{"挂牌", "拍卖"}, 2.2e6, true},
}

func trades(seed int64, regions []region, rows int) []record {
	m := dice(seed)
	var records []record
	for n := range rows {
		r, d := pick(m, regions), pick(m, deals)
		winner, uscc := m.company(r)
		start := m.yuan(d.median)
		price := start * (0.84 + 0.15*m.rng.Float64())
		if d.upwards {
			price = start * (1 + 0.5*m.rng.Float64())
		}
		method := pick(m, d.methods)
		competitors := 3 + m.rng.IntN(9)
		if method == "单一来源" {
			competitors = 1
		}
		x := record{
			"trade_no": fmt.Sprintf("JY-%s-%d-%04d", r.code, 2025+m.rng.IntN(2), n+1), "project": r.full + d.what + "（" + strconv.Itoa(n+1) + "）", "kind": d.kind, "method": method, "owner": r.office(d.line).name,
			"agent": r.city + pick(m, tradeNames) + "招标代理有限公司", "contact": m.person(), "contact_phone": m.mobile(), "competitors": strconv.Itoa(competitors), "ceiling": money(start), "price": money(math.Round(price/100) * 100),
			"winner": winner, "winner_uscc": uscc, "department": r.office("公共资源").name, "region_code": r.code, "trade_secret": "否", "objections": "0", "url": page(r.code, "ggzy", strconv.Itoa(n+1)), "remark": m.hint(6),
		}
		x["announced_on"] = m.workday("2025-02-10", "2026-08-31")
		x["opened_on"] = workingDaysLater(x["announced_on"], 15+m.rng.IntN(6))
		x["notice_from"] = workingDaysLater(x["opened_on"], 1+m.rng.IntN(3))
		x["notice_to"] = later(x["notice_from"], 2+m.rng.IntN(4))
		if m.chance(8) {
			x["notice_to"] = later(x["notice_from"], 1)
		}
		x["awarded_on"] = workingDaysLater(x["notice_to"], 1+m.rng.IntN(3))
		if m.chance(6) {
			x["objections"] = strconv.Itoa(1 + m.rng.IntN(3))
		}
		if m.chance(3) {
			x["trade_secret"] = "是"
		}
		records = append(records, x)
	}
	return records
}

func tradesWorkbook() ([]byte, error) {
	records := also(trades(1101, []region{province, place("620100"), place("620500"), place("620900")}, 90),
		record{"trade_no": "JY-620000-2026-9901", "method": "抽签"},
		record{"trade_no": "JY-620000-2026-9902", "awarded_on": "2026-02-30"})
	f := form{
		sheet: "交易结果", title: "甘肃省公共资源交易结果汇总表（示例数据）", under: []any{"填报单位：甘肃省公共资源交易局", "", "", "", "", "", "", "单位：万元"},
		columns: []column{
			{"序号", "", nil}, {"交易_编号", "trade_no", nil}, {"交易_项目名称", "project", nil}, {"交易_类别", "kind", nil}, {"交易_方式", "method", nil}, {"委托方", "owner", nil}, {"代理机构_名称", "agent", nil}, {"代理机构_联系人", "contact", nil}, {"代理机构_联系电话", "contact_phone", nil},
			{"竞争者数", "competitors", number}, {"价格_控制价", "ceiling", inTenThousands}, {"价格_成交价", "price", inTenThousands}, {"成交_名称", "winner", nil}, {"成交_统一社会信用代码", "winner_uscc", nil},
			{"日期_公告", "announced_on", dateCells}, {"日期_开标", "opened_on", dateCells}, {"日期_成交", "awarded_on", dateCells}, {"公示_起", "notice_from", dateCells}, {"公示_止", "notice_to", dateCells},
			{"异议数", "objections", number}, {"涉商业秘密", "trade_secret", nil}, {"主管部门", "department", nil}, {"行政区划代码", "region_code", nil}, {"网址", "url", nil}, {"备注", "remark", nil},
		},
		page: 40, totals: []string{"price"}, note: "注：示例数据，项目、单位与金额均为虚构。",
	}
	return f.xlsx(records)
}

func tradesText() ([]byte, error) {
	records := also(trades(1102, places("620102", "620802", "621002", "622901", "620602"), 60),
		record{"trade_no": "JY-6201-2026-9901"},
		record{"trade_no": "JY-620102-2026-9902", "price": "面议"})
	f := form{columns: []column{
		{"项目编号", "trade_no", nil}, {"标的名称", "project", nil}, {"交易类别", "kind", nil}, {"交易方式", "method", nil}, {"招标人", "owner", nil}, {"招标代理机构", "agent", nil}, {"联系人", "contact", nil}, {"联系电话", "contact_phone", nil}, {"投标人数", "competitors", wideDigits},
		{"预算金额", "ceiling", grouped}, {"中标金额", "price", withUnit}, {"中标人", "winner", nil}, {"中标人代码", "winner_uscc", nil}, {"公告日期", "announced_on", manyDates}, {"开标或竞价日期", "opened_on", manyDates}, {"中标日期", "awarded_on", manyDates},
		{"公示开始日期", "notice_from", nil}, {"公示结束日期", "notice_to", nil}, {"异议和投诉件数", "objections", or("无", nil)}, {"是否涉及商业秘密", "trade_secret", nil}, {"主管部门", "department", nil}, {"区划代码", "region_code", nil}, {"公告链接", "url", or("/", nil)}, {"备注", "remark", nil},
	}}
	return f.gb18030(records)
}

// relief is a kind of assistance and what a person gets of it in a month.
var reliefs = []struct {
	kind     string
	standard int
}{{"城市低保", 812}, {"农村低保", 528}, {"农村低保", 528}, {"特困人员供养", 1056}, {"临时救助", 0}, {"医疗救助", 0}, {"受灾人员救助", 0}}

func assistance(seed int64, regions []region, rows int) []record {
	m := dice(seed)
	var records []record
	for n := range rows {
		r, relief := pick(m, regions), pick(m, reliefs)
		town, persons := pick(m, townships), 1+m.rng.IntN(5)
		x := record{
			"household_no": fmt.Sprintf("JZ-%s-%05d", r.code, n+1), "month": fmt.Sprintf("2026-%02d", 1+m.rng.IntN(10)), "kind": relief.kind, "head": m.person(), "head_id": m.identity(), "phone": m.mobile(), "head_minor": "false",
			"persons": strconv.Itoa(persons), "bank_account": m.bankCard(), "township": town, "address": r.full + town + pick(m, villages) + strconv.Itoa(1+m.rng.IntN(90)) + "号", "department": r.office("民政").name, "region_code": r.code, "remark": "示例数据",
			"approved_on": m.workday("2023-03-01", "2025-12-20"), "health": pick(m, []string{"", "", "慢性病", "重病", "肢体残疾二级"}),
		}
		x["amount"] = money(m.yuan(1800))
		if relief.standard > 0 {
			x["standard"], x["amount"] = strconv.Itoa(relief.standard), money(float64(relief.standard*persons)*(0.5+0.5*m.rng.Float64()))
			x["amount"] = money(math.Round(amountOf(x["amount"])))
		}
		x["paid_on"] = m.workday(x["month"]+"-08", x["month"]+"-18")
		x["notice_to"] = later(x["approved_on"], -3)
		x["notice_from"] = later(x["notice_to"], -6-m.rng.IntN(3))
		if m.chance(7) {
			x["notice_from"] = later(x["notice_to"], -2)
		}
		switch {
		case m.chance(6):
			x["remark"] = "示例数据；发至本人卡" + x["bank_account"]
		case m.chance(5):
			x["remark"] = "示例数据；代领人" + x["head"] + "，身份证号" + x["head_id"]
		case m.chance(4):
			x["head_minor"], x["remark"] = "true", "示例数据；孤儿，由祖父母监护"
		}
		records = append(records, x)
	}
	return records
}

// amountOf reads a number.
func amountOf(s string) float64 { v, _ := strconv.ParseFloat(s, 64); return v }

func assistanceWorkbook() ([]byte, error) {
	records := also(assistance(1103, places("622901", "622921", "622922", "622924", "622926"), 110),
		record{"household_no": "JZ-622921-99901", "kind": "住房救助"},
		record{"household_no": "JZ-622921-99902", "amount": ""})
	f := form{
		sheet: "发放表", title: "临夏州社会救助资金发放花名册（示例数据）", under: []any{"填报单位：临夏回族自治州民政局", "", "", "", "单位：元"},
		columns: []column{
			{"序号", "", nil}, {"家庭_编号", "household_no", nil}, {"户主_姓名", "head", nil}, {"户主_身份证号", "head_id", nil}, {"户主_电话", "phone", nil}, {"户主_未成年", "head_minor", yesNo}, {"家庭_保障人数", "persons", number}, {"家庭_健康状况", "health", or("良好", nil)},
			{"住址_乡镇", "township", nil}, {"住址_详细", "address", nil}, {"救助_类别", "kind", nil}, {"救助_标准", "standard", or("—", number)}, {"救助_金额", "amount", number}, {"发放_账号", "bank_account", nil}, {"月份", "month", nil}, {"发放_日期", "paid_on", dateCells},
			{"确认日期", "approved_on", dateCells}, {"公示_起", "notice_from", dateCells}, {"公示_止", "notice_to", dateCells}, {"主管部门", "department", nil}, {"行政区划代码", "region_code", nil}, {"备注", "remark", nil},
		},
		page: 45, totals: []string{"amount"}, note: "注：示例数据，人员、证件号码与账号均为虚构。",
	}
	return f.xlsx(records)
}

func assistanceText() ([]byte, error) {
	records := also(assistance(1104, places("621102", "621121", "621122", "621124"), 70),
		record{"household_no": "JZ-621102-99901", "paid_on": "2026-04-31"},
		record{"household_no": "JZ-621102-99902", "persons": "若干"})
	f := form{title: "定西市社会救助发放明细（示例数据）", columns: []column{
		{"救助编号", "household_no", nil}, {"月份", "month", nil}, {"类别", "kind", nil}, {"姓名", "head", nil}, {"身份证号码", "head_id", nil}, {"电话", "phone", nil}, {"未成年", "head_minor", yesNo}, {"人数", "persons", wideDigits}, {"健康状况", "health", or("无", nil)},
		{"保障标准（元）", "standard", or("/", nil)}, {"金额（元）", "amount", grouped}, {"一卡通账号", "bank_account", nil}, {"乡镇街道", "township", nil}, {"住址", "address", nil}, {"审核确认日期", "approved_on", manyDates}, {"发放日期", "paid_on", manyDates},
		{"公示开始日期", "notice_from", manyDates}, {"公示结束日期", "notice_to", manyDates}, {"填报部门", "department", nil}, {"区划代码", "region_code", nil}, {"备注", "remark", nil},
	}}
	return f.gb18030(records)
}

func employmentOf(seed int64, regions []region, months []string) []record {
	m := dice(seed)
	var records []record
	for _, month := range months {
		for _, r := range regions {
			base := 120 + m.rng.IntN(900)
			seekers := base*2 + m.rng.IntN(500)
			vacancies := int(float64(seekers) * (0.8 + 0.6*m.rng.Float64()))
			share := func(p int) string { return strconv.Itoa(base * (p + m.rng.IntN(8)) / 100) }
			loans := 2 + m.rng.IntN(40)
			records = append(records, record{
				"region_code": r.code, "region": r.full, "month": month, "new_jobs": strconv.Itoa(base), "reemployed": share(30), "hardship": share(10), "graduates": share(15), "rural": strconv.Itoa(base * 3), "seekers": strconv.Itoa(seekers), "vacancies": strconv.Itoa(vacancies),
				"ratio": strconv.FormatFloat(float64(vacancies)/float64(seekers), 'f', 2, 64), "unemployment": strconv.FormatFloat(2.6+1.4*m.rng.Float64(), 'f', 2, 64), "trained": share(60), "startups": strconv.Itoa(loans),
				"loans": money(float64(loans) * 1.5e5), "subsidies": money(m.yuan(9e5)), "department": r.office("人社").name, "remark": "示例数据",
			})
		}
	}
	return records
}

func monthsOf(year, from, to int) []string {
	var months []string
	for m := from; m <= to; m++ {
		months = append(months, fmt.Sprintf("%d-%02d", year, m))
	}
	return months
}

func employmentWorkbook() ([]byte, error) {
	records := employmentOf(1105, append(slices.Clone(theWorld().cities[:10]), place("620102")), monthsOf(2026, 1, 9))
	records = also(records, record{"month": "2026-13"}, record{"month": "2026-10", "new_jobs": "约500"})
	f := form{
		sheet: "就业", title: "2026年1—9月全省就业创业情况（示例数据）", under: []any{"填报单位：甘肃省人力资源和社会保障厅", "", "", "", "", "单位：人、万元"},
		columns: []column{
			{"地区_区划代码", "region_code", nil}, {"地区_名称", "region", nil}, {"统计月份", "month", nil}, {"就业_城镇新增", "new_jobs", number}, {"就业_失业人员再就业", "reemployed", number}, {"就业_困难人员", "hardship", number}, {"就业_高校毕业生", "graduates", number}, {"就业_农村劳动力转移", "rural", number},
			{"求职_登记人数", "seekers", number}, {"求职_岗位数", "vacancies", number}, {"求职_求人倍率", "ratio", number}, {"失业率", "unemployment", number}, {"培训_人次", "trained", number}, {"创业_贷款笔数", "startups", number}, {"创业_贷款金额（元）", "loans", number}, {"资金_补助支出（元）", "subsidies", number},
			{"填报部门", "department", nil}, {"备注", "remark", nil},
		},
		page: 33, note: "数据来源：示例数据，数值均为虚构。",
	}
	return f.xlsx(records)
}

func employmentText() ([]byte, error) {
	records := also(employmentOf(1106, places("620800", "620823", "620825", "621000", "621022", "621200", "621221"), monthsOf(2025, 3, 12))[:69],
		record{"month": ""}, record{"month": "2025-02", "unemployment": "130"})
	f := form{title: "2025年就业情况月报（示例数据）", columns: []column{
		{"区划代码", "region_code", nil}, {"地区", "region", nil}, {"月份", "month", nil}, {"城镇新增就业", "new_jobs", wideDigits}, {"失业人员再就业", "reemployed", nil}, {"就业困难人员就业", "hardship", nil}, {"高校毕业生就业", "graduates", or("—", nil)}, {"农村劳动力转移就业", "rural", nil},
		{"登记求职人数", "seekers", nil}, {"登记岗位数", "vacancies", nil}, {"求人倍率", "ratio", nil}, {"城镇登记失业率", "unemployment", percent}, {"职业技能培训人次", "trained", nil}, {"创业担保贷款笔数", "startups", nil}, {"创业担保贷款金额", "loans", withUnit}, {"就业补助资金支出", "subsidies", grouped},
		{"责任单位", "department", nil}, {"备注", "remark", nil},
	}}
	return f.utf16Tabs(records)
}

// breakpoints are the daily limits of HJ 633-2012, table 1, of each pollutant
// for the indices 0, 50, 100, 150, 200, 300, 400 and 500.
var breakpoints = []struct {
	field, name string
	limits      [8]float64
}{
	{"so2", "SO2", [8]float64{0, 50, 150, 475, 800, 1600, 2100, 2620}}, {"no2", "NO2", [8]float64{0, 40, 80, 180, 280, 565, 750, 940}}, {"pm10", "PM10", [8]float64{0, 50, 150, 250, 350, 420, 500, 600}},
	{"co", "CO", [8]float64{0, 2, 4, 14, 24, 36, 48, 60}}, {"o3", "O3", [8]float64{0, 100, 160, 215, 265, 800, 1000, 1200}}, {"pm25", "PM2.5", [8]float64{0, 35, 75, 115, 150, 250, 350, 500}},
}

var indices = [8]float64{0, 50, 100, 150, 200, 300, 400, 500}

// airQuality is the index, the level and the primary pollutants of a day.
func airQuality(x record) (aqi int, level, primary string) {
	var names []string
	for _, b := range breakpoints {
		v, i := amountOf(x[b.field]), 1
		for i < 7 && v > b.limits[i] {
			i++
		}
		index := int(math.Ceil(indices[i-1] + (indices[i]-indices[i-1])*(math.Min(v, b.limits[7])-b.limits[i-1])/(b.limits[i]-b.limits[i-1])))
		switch {
		case index > aqi:
			aqi, names = index, []string{b.name}
		case index == aqi:
			names = append(names, b.name)
		}
	}
	if aqi > 50 {
		primary = strings.Join(names, "；")
	}
	for i, name := range []string{"优", "良", "轻度污染", "中度污染", "重度污染"} {
		if float64(aqi) <= indices[i+1] {
			return aqi, name, primary
		}
	}
	return aqi, "严重污染", primary
}

// stations are made up; they stand somewhere in their cities.
var stations = []struct {
	code, name, region  string
	longitude, latitude float64
}{
	{"620102A01", "城关一号（示例）", "620102", 103.84, 36.06}, {"620103A02", "七里河二号（示例）", "620103", 103.78, 36.06}, {"620104A03", "西固三号（示例）", "620104", 103.62, 36.09},
	{"620702A01", "甘州一号（示例）", "620702", 100.45, 38.93}, {"620902A02", "肃州二号（示例）", "620902", 98.51, 39.74},
}

func airOf(seed int64, at []int, from string, days int) []record {
	m := dice(seed)
	var records []record
	for d := range days {
		day := later(from, d)
		dust := 1.0
		if m.chance(9) {
			dust = 2.5 + 3*m.rng.Float64() // a day of sand
		}
		for _, i := range at {
			s := stations[i]
			v := func(median, spread float64) string {
				return strconv.FormatFloat(math.Round(median*math.Exp(spread*m.rng.NormFloat64())), 'f', -1, 64)
			}
			x := record{"station_code": s.code, "station": s.name, "region_code": s.region, "longitude": strconv.FormatFloat(s.longitude, 'f', -1, 64), "latitude": strconv.FormatFloat(s.latitude, 'f', -1, 64), "date": day, "remark": "示例数据",
				"pm25": v(34*math.Sqrt(dust), 0.35), "pm10": v(78*dust, 0.35), "so2": v(14, 0.4), "no2": v(36, 0.35), "co": strconv.FormatFloat(math.Round(8*math.Exp(0.3*m.rng.NormFloat64()))/10, 'f', -1, 64), "o3": v(92, 0.3),
				"department": place(s.region).office("生态环境").name}
			aqi, level, primary := airQuality(x)
			x["aqi"], x["level"], x["primary"] = strconv.Itoa(aqi), level, primary
			records = append(records, x)
		}
	}
	return records
}

func airWorkbook() ([]byte, error) {
	records := also(airOf(1107, []int{0, 1, 2}, "2026-09-01", 60), record{"date": "2026-09-31"}, record{"date": "2026-11-02", "level": "一般"})
	f := form{
		sheet: "空气质量", title: "兰州市环境空气质量日报（示例数据）", under: []any{"填报单位：兰州市生态环境局", "", "", "", "", "CO为mg/m³，其余为μg/m³"},
		columns: []column{
			{"日期", "date", dateCells}, {"点位_编码", "station_code", nil}, {"点位_名称", "station", nil}, {"点位_经度", "longitude", number}, {"点位_纬度", "latitude", number}, {"区划代码", "region_code", nil},
			{"指数_AQI", "aqi", number}, {"指数_级别", "level", nil}, {"指数_首要污染物", "primary", or("—", commas)}, {"浓度_PM2.5", "pm25", number}, {"浓度_PM10", "pm10", number}, {"浓度_SO2", "so2", number}, {"浓度_NO2", "no2", number}, {"浓度_CO", "co", number}, {"浓度_O3", "o3", number},
			{"发布单位", "department", nil}, {"备注", "remark", nil},
		},
		page: 60, note: "注：示例数据，点位与数值均为虚构；指数按HJ 633-2012计算。",
	}
	return f.xlsx(records)
}

func airLines() ([]byte, error) {
	records := also(airOf(1108, []int{3, 4}, "2026-03-01", 60), record{"station_code": "A02"}, record{"date": "2026-05-02", "pm25": "仪器故障"})
	f := form{columns: []column{
		{"station_code", "station_code", nil}, {"station", "station", nil}, {"region_code", "region_code", nil}, {"longitude", "longitude", number}, {"latitude", "latitude", number}, {"date", "date", manyDates}, {"aqi", "aqi", number}, {"level", "level", nil}, {"primary", "primary", commas},
		{"pm25", "pm25", number}, {"pm10", "pm10", number}, {"so2", "so2", number}, {"no2", "no2", number}, {"co", "co", number}, {"o3", "o3", number}, {"department", "department", nil}, {"remark", "remark", nil},
	}}
	return f.jsonLines(records)
}
