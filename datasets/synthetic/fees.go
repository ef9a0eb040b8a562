package synthetic

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// fee is an entry of the fee catalogue.
type fee struct {
	code, department, item, rate string
	low, high                    float64
	basis, method, level         string
	enterprise                   bool
}

var feeDepartments = []struct {
	name  string
	items []string
}{
	{"自然资源", []string{"不动产登记费", "耕地开垦费", "土地复垦费"}}, {"住房城乡建设", []string{"城镇垃圾处理费", "城市道路占用挖掘修复费", "污水处理费"}},
	{"交通运输", []string{"车辆通行费", "船舶登记检验费"}}, {"水利", []string{"水资源费", "水土保持补偿费"}}, {"卫生健康", []string{"预防接种服务费", "鉴定费"}},
	{"公安", []string{"证照费", "机动车号牌工本费"}}, {"教育", []string{"学历考试考务费", "公办幼儿园保教费", "普通高中学费"}}, {"市场监管", []string{"特种设备检验检测费"}},
}

// theFees are the entries of the catalogue; the two that the catalogue has
// wrong on purpose, and that are therefore not in it, are at feeMistakes.
var theFees = sync.OnceValue(func() []fee {
	m := dice(6)
	var all []fee
	for n := range 72 {
		d := feeDepartments[n%len(feeDepartments)]
		item := d.items[n/len(feeDepartments)%len(d.items)]
		low := float64(5 * (1 + m.rng.IntN(20)))
		high := low * float64(1+m.rng.IntN(4))
		f := fee{
			code: fmt.Sprintf("%02d%04d", n%len(feeDepartments)+1, n+1), department: d.name, item: fmt.Sprintf("%s（第%d档）", item, n/24+1),
			rate: fmt.Sprintf("每件（次）%g—%g元", low, high), low: low, high: high, enterprise: n%3 == 0,
		}
		f.method = pick(m, []string{"缴入国库", "缴入财政专户"})
		f.basis = fmt.Sprintf("示例文〔20%02d〕%d号", 10+m.rng.IntN(16), 1+m.rng.IntN(300))
		f.level = pick(m, []string{"中央", "省级"})
		all = append(all, f)
	}
	return all
})

var feeMistakes = []int{30, 50}

// listedFees are those that are in the catalogue once it is ingested.
func listedFees() []fee {
	var listed []fee
	for i, f := range theFees() {
		if !slices.Contains(feeMistakes, i) {
			listed = append(listed, f)
		}
	}
	return listed
}

// fees is a printed catalogue: its header comes again on every page.
func fees() ([]byte, error) {
	b := newBook("收费目录")
	b.add("甘肃省行政事业性收费目录清单（2026年）（示例数据）")
	b.merge(1, 1, 10, 1)
	header := func() {
		b.add("项目编码", "执收部门", "收费项目", "收费标准", "", "", "设立依据", "征收方式", "设立层级", "是否涉企")
		b.add("", "", "项目名称", "标准说明", "下限", "上限", "", "", "", "")
		for _, col := range []int{1, 2, 7, 8, 9, 10} {
			b.merge(col, b.row-1, col, b.row)
		}
		b.merge(4, b.row-1, 6, b.row-1)
	}
	for n, f := range theFees() {
		if n%24 == 0 {
			header()
		}
		switch n {
		case feeMistakes[0]:
			f.code = "3-31"
		case feeMistakes[1]:
			f.method = "现金"
		}
		b.add(f.code, f.department, f.item, f.rate, f.low, f.high, f.basis, f.method, f.level, yesNo(n, strconv.FormatBool(f.enterprise)))
	}
	b.add("说明：本清单为示例数据，项目标准与文号均为虚构。")
	return b.bytes()
}

// collector is the line of work of a department as the fee catalogue calls it.
var collector = map[string]string{"自然资源": "自然资源", "住房城乡建设": "住建", "交通运输": "交通", "水利": "水利", "卫生健康": "卫生健康", "公安": "公安", "教育": "教育", "市场监管": "市场监管"}

// chargers are institutions below a department that charge for it.
var chargers = map[string][]string{
	"自然资源": {"不动产登记中心", "土地整治中心"}, "住房城乡建设": {"市政设施管理所", "房屋安全鉴定中心"}, "交通运输": {"公路养护中心", "道路运输服务中心"}, "水利": {"水土保持站", "供水服务中心"},
	"卫生健康": {"疾病预防控制中心", "妇幼保健院"}, "公安": {"车辆管理所", "户政服务中心"}, "教育": {"第一高级中学", "实验幼儿园", "教育考试中心"}, "市场监管": {"特种设备检验所", "计量检定所"},
}

// outsideFees are charged although no catalogue has them: with a code that is
// not given to any fee, or with none.
var outsideFees = []struct{ code, department, item, rate string }{
	{"020901", "住房城乡建设", "房屋安全鉴定加急费", "每宗300元"}, {"", "住房城乡建设", "小区停车位备案工本费", "每证20元"},
	{"060902", "公安", "户籍证明打印费", "每份5元"}, {"", "教育", "普通高中自主选课材料费", "每生每学期120元"},
	{"", "教育", "公办幼儿园兴趣活动费", "每生每月80元"}, {"070903", "教育", "学籍转接手续费", "每人次50元"},
	{"080904", "市场监管", "营业执照副本加印费", "每份30元"}, {"", "卫生健康", "健康证明快速办理费", "每证40元"},
	{"010905", "自然资源", "不动产登记档案查询费", "每次20元"}, {"", "交通运输", "从业资格证考前辅导费", "每人260元"},
}

// cancelledFees were in catalogues of earlier years.
var cancelledFees = []struct{ code, department, item string }{
	{"020801", "住房城乡建设", "房屋转让手续费"}, {"030802", "交通运输", "船舶港务费"}, {"040803", "水利", "河道采砂管理费"}, {"050804", "卫生健康", "卫生检测费"},
	{"060805", "公安", "机动车抵押登记费"}, {"080806", "市场监管", "企业注册登记费"},
}

// feeNotices are what hangs on the wall where fees are paid.
func feeNotices(seed int64, regions []region, rows int) []record {
	m := dice(seed)
	listed := listedFees()
	var records []record
	for n := range rows {
		r := pick(m, regions)
		x := record{
			"notice_no": fmt.Sprintf("SF-%s-%04d", r.code, int(seed%10)*1000+n+1), "region_code": r.code, "posted_by": pick(m, []string{"公示栏", "公示栏", "电子显示屏", "公示牌", "服务指南"}),
			"posted_on": m.workday("2025-01-06", "2026-06-30"), "complaint_phone": "12345", "remark": m.hint(4), "waivers": pick(m, []string{"", "", "小微企业按规定减免", "低保对象免收", "残疾人减半"}),
		}
		x["checked_on"] = m.workday(later(x["posted_on"], 30), "2026-11-20")
		department := ""
		if n%11 == 7 {
			f := outsideFees[(n/11+int(seed))%len(outsideFees)]
			department = f.department
			x["fee_code"], x["fee"], x["rate"], x["document"], x["compliant"] = f.code, f.item, f.rate, pick(m, []string{"", "内部通知", "办公会议纪要"}), "false"
		} else {
			f := pick(m, listed)
			department = f.department
			high := f.high
			x["compliant"] = "true"
			if m.chance(6) { // more than the catalogue allows
				high, x["compliant"] = 2*f.high, "false"
			}
			x["fee_code"], x["fee"], x["document"] = f.code, f.item, f.basis
			x["rate"] = fmt.Sprintf("每件（次）%g—%g元", f.low, high)
			x["lowest"], x["highest"] = money(f.low), money(high)
		}
		d := r.office(collector[department])
		x["department"], x["collected_by"] = d.name, d.name
		site := pick(m, []string{"政务服务大厅", "办事窗口", "服务站"})
		switch department {
		case "教育":
			school := r.full + pick(m, []string{"第一", "第二", "实验", "东街", "育才"}) + map[bool]string{true: "幼儿园", false: "高级中学"}[strings.Contains(x["fee"], "幼儿园")]
			x["collected_by"], x["site"] = school, school+"收费室"
			x["payers"], x["scope"] = "在校学生", "本校"
		case "卫生健康":
			x["collected_by"] = r.full + "疾病预防控制中心"
			x["site"], x["payers"], x["scope"] = x["collected_by"]+"门诊大厅", "服务对象", "本行政区域"
		default:
			x["site"], x["payers"], x["scope"] = r.full+site, pick(m, []string{"申请人", "企业和个人", "用地单位"}), "本行政区域"
		}
		records = append(records, x)
	}
	return records
}

func feeNoticesWorkbook() ([]byte, error) {
	records := also(feeNotices(431, theWorld().cities, 88),
		record{"notice_no": "SF-620100-9001", "highest": "面议"},
		record{"notice_no": "SF-620100-9002", "site": ""})
	f := form{
		sheet: "收费公示", title: "市（州）收费场所公示情况登记表（示例数据）", under: []any{"填报单位：甘肃省财政厅", "", "", "", "", "单位：元"},
		columns: []column{
			{"序号", "", nil}, {"公示编号", "notice_no", nil}, {"收费场所_名称", "site", nil}, {"收费场所_区划代码", "region_code", nil}, {"收费主体_执收单位", "collected_by", nil}, {"收费主体_主管部门", "department", nil},
			{"收费项目_编码", "fee_code", or("/", wideDigits)}, {"收费项目_名称", "fee", nil}, {"收费标准_公示内容", "rate", nil}, {"收费标准_下限", "lowest", or("—", number)}, {"收费标准_上限", "highest", or("—", number)},
			{"文件依据", "document", or("无", nil)}, {"收费范围", "scope", nil}, {"收费对象", "payers", nil}, {"减免规定", "waivers", or("无", nil)}, {"公示_方式", "posted_by", nil}, {"公示_日期", "posted_on", dateCells},
			{"检查_日期", "checked_on", dateCells}, {"检查_是否与目录一致", "compliant", yesNo}, {"投诉电话", "complaint_phone", nil}, {"备注", "remark", nil},
		},
		page: 30, note: "注：示例数据。目录清单之外的收费，缴费人有权拒绝。",
	}
	return f.xlsx(records)
}

func feeNoticesText() ([]byte, error) {
	records := also(feeNotices(432, theWorld().regions, 66),
		record{"notice_no": "SF-620102-9001", "posted_on": "2026-02-30"},
		record{"notice_no": "SF-620102-9002", "posted_by": "口头告知"})
	f := form{title: "县（市、区）收费公示登记（示例数据）", columns: []column{
		{"编号", "notice_no", nil}, {"公示地点", "site", nil}, {"区划代码", "region_code", nil}, {"收费单位", "collected_by", nil}, {"主管部门", "department", nil}, {"项目编码", "fee_code", or("无", nil)}, {"收费项目", "fee", nil},
		{"收费标准", "rate", nil}, {"最低标准（元）", "lowest", or("/", grouped)}, {"最高标准（元）", "highest", or("/", grouped)}, {"收费依据", "document", or("无", nil)}, {"适用范围", "scope", nil}, {"缴费对象", "payers", nil},
		{"减免政策", "waivers", or("无", nil)}, {"公示方式", "posted_by", nil}, {"公示时间", "posted_on", manyDates}, {"检查时间", "checked_on", manyDates}, {"是否合规", "compliant", yesNo}, {"监督电话", "complaint_phone", nil}, {"备注", "remark", nil},
	}}
	return f.utf16Tabs(records)
}

// feeViolations are kinds of illegal charging and what is done against each.
var feeViolations = []struct{ kind, facts, result string }{
	{"无依据收费", "在目录清单之外自立项目收费", "责令立即停止收费，退还多收费用，并在公示栏更正"},
	{"超标准收费", "按高于规定上限的标准收取", "责令退还超标准部分，没收无法退还的款项"},
	{"超范围收费", "向不属于收费范围的对象收取", "责令改正并退还已收费用"},
	{"重复收费", "对同一事项分两次收取", "责令退还重复收取部分"},
	{"强制摊派", "要求辖区企业和农户出资赞助活动", "责令退还摊派款项，对责任人员给予处分"},
	{"已取消项目继续收费", "收费项目取消后继续收取", "没收违法所得并处罚款"},
	{"未按规定公示", "收费场所未公示项目和标准", "责令限期公示"},
}

func feeCases(seed int64, regions []region, rows int) []record {
	m := dice(seed)
	listed := listedFees()
	var records []record
	for n := range rows {
		r, v := pick(m, regions), feeViolations[m.weighted(len(feeViolations))]
		x := record{
			"case_no": fmt.Sprintf("LSF-%s-%04d", r.code, int(seed%10)*1000+n+1), "violation": v.kind, "department": r.office("市场监管").name, "region_code": r.code, "result": v.result, "status": "已办结",
			"source": pick(m, []string{"投诉举报", "监督检查", "监督检查", "审计移送", "上级交办"}), "found_on": m.workday("2025-01-06", "2026-10-30"), "remark": m.hint(4),
			"basis": pick(m, []string{"《价格违法行为行政处罚规定》", "《中华人民共和国价格法》"}), "payers": strconv.Itoa(1 + m.weighted(400)),
		}
		department := ""
		switch v.kind {
		case "无依据收费":
			f := pick(m, outsideFees)
			department, x["fee"], x["fee_code"] = f.department, f.item, f.code
		case "已取消项目继续收费":
			f := pick(m, cancelledFees)
			department, x["fee"], x["fee_code"] = f.department, f.item, f.code
		case "强制摊派":
			department, x["fee"] = "住房城乡建设", pick(m, []string{"节庆活动赞助费", "环境整治摊派款", "协会入会费"})
		default:
			f := pick(m, listed)
			department, x["fee"], x["fee_code"] = f.department, f.item, f.code
		}
		d := r.office(collector[department])
		x["charged_by"], x["charged_by_uscc"] = d.name, d.uscc
		if m.chance(45) {
			x["charged_by"] = r.full + pick(m, chargers[department])
			x["charged_by_uscc"] = m.uscc("12", r.code)
		}
		x["facts"] = "经查，该单位" + v.facts + "“" + x["fee"] + "”，涉及缴费人" + x["payers"] + "人（户）。"
		if m.chance(12) {
			x["facts"] += "缴费人代表身份证号" + m.identity() + "，电话" + m.mobile() + "。"
		}
		if v.kind != "未按规定公示" {
			amount := m.yuan(18000)
			refunded := float64(int(amount * (0.5 + 0.5*m.rng.Float64())))
			x["amount"], x["refunded"], x["confiscated"] = money(amount), money(refunded), money(amount-refunded)
			if m.chance(30) {
				x["fined"] = money(m.yuan(9000))
			}
		}
		if x["source"] == "投诉举报" {
			x["complainant"], x["complainant_phone"] = m.person(), m.mobile()
		}
		if m.chance(25) {
			x["accountable"], x["accountability"] = m.person(), pick(m, []string{"批评教育", "诫勉谈话", "警告处分"})
		}
		if x["decided_on"] = known(m.workday(later(x["found_on"], 10), later(x["found_on"], 60))); x["decided_on"] == "" || n%17 == 9 && x["found_on"] > "2026-05-01" {
			x["status"], x["decided_on"], x["result"] = "调查中", "", ""
		} else {
			x["announced_on"] = m.announcement(x["decided_on"], 15, 15)
		}
		records = append(records, x)
	}
	return records
}

func feeCasesWorkbook() ([]byte, error) {
	records := also(feeCases(441, theWorld().cities, 64),
		record{"case_no": "LSF-620100-9001", "violation": "服务态度差"},
		record{"case_no": "LSF-620100-9002", "amount": "约五万"})
	f := form{
		sheet: "查处情况", title: "涉企和涉民违规收费查处情况表（示例数据）", under: []any{"填报单位：甘肃省市场监督管理局", "", "", "", "", "", "单位：万元"},
		columns: []column{
			{"序号", "", nil}, {"案件编号", "case_no", nil}, {"收费主体_名称", "charged_by", nil}, {"收费主体_统一社会信用代码", "charged_by_uscc", nil}, {"收费项目_名称", "fee", nil}, {"收费项目_目录编码", "fee_code", or("无", nil)},
			{"违规_类型", "violation", nil}, {"违规_事实", "facts", nil}, {"违规_涉及人数", "payers", number}, {"处理金额_违规金额", "amount", or("—", inTenThousands)}, {"处理金额_退还", "refunded", or("—", inTenThousands)},
			{"处理金额_没收", "confiscated", or("—", inTenThousands)}, {"处理金额_罚款", "fined", or("—", inTenThousands)}, {"查处依据", "basis", nil}, {"处理结果", "result", nil}, {"责任人员_姓名", "accountable", or("/", nil)},
			{"责任人员_处理", "accountability", or("/", nil)}, {"查处机关", "department", nil}, {"行政区划代码", "region_code", nil}, {"线索来源", "source", nil}, {"举报人", "complainant", or("/", nil)}, {"举报人电话", "complainant_phone", or("/", nil)},
			{"发现日期", "found_on", dateCells}, {"处理日期", "decided_on", or("—", dateCells)}, {"公开日期", "announced_on", or("—", dateCells)}, {"状态", "status", nil}, {"备注", "remark", nil},
		},
		totals: []string{"amount", "refunded", "confiscated", "fined"}, note: "注：示例数据，调查中的案件办结后公布。",
	}
	return f.xlsx(records)
}

func feeCasesText() ([]byte, error) {
	records := also(feeCases(442, theWorld().regions, 48),
		record{"case_no": "LSF-620102-9001", "charged_by": ""},
		record{"case_no": "LSF-620102-9002", "decided_on": "2026年9月31日"})
	f := form{columns: []column{
		{"编号", "case_no", nil}, {"被查处单位", "charged_by", nil}, {"单位代码", "charged_by_uscc", nil}, {"收费项目", "fee", nil}, {"项目编码", "fee_code", or("无", nil)}, {"违规类型", "violation", nil}, {"违法事实", "facts", nil},
		{"缴费人数", "payers", wideDigits}, {"违规收费金额（元）", "amount", grouped}, {"退还金额（元）", "refunded", grouped}, {"没收金额（元）", "confiscated", grouped}, {"罚款金额（元）", "fined", or("/", grouped)}, {"处理依据", "basis", nil},
		{"处理情况", "result", nil}, {"被问责人员", "accountable", or("无", nil)}, {"问责方式", "accountability", or("无", nil)}, {"办案单位", "department", nil}, {"区划代码", "region_code", nil}, {"案件来源", "source", nil},
		{"投诉人", "complainant", or("无", nil)}, {"投诉人电话", "complainant_phone", or("无", nil)}, {"立案时间", "found_on", manyDates}, {"处理时间", "decided_on", or("/", manyDates)}, {"公布日期", "announced_on", manyDates}, {"办理状态", "status", nil}, {"备注", "remark", nil},
	}}
	return f.gb18030(records)
}

// governmentFund is an entry of the catalogue of government funds.
type governmentFund struct{ name, payers, rate, basis, method, line string }

var governmentFunds = []governmentFund{
	{"铁路建设基金", "铁路货物运输托运人", "按铁路货物周转量计征", "国务院批准文件", "缴入中央国库", "财政"},
	{"民航发展基金", "航空旅客和航空公司", "按出境和国内航班、航线类别定额计征", "财政部规章制度", "缴入中央国库", "财政"},
	{"国家重大水利工程建设基金", "电力用户", "按扣除规定电量后的销售电量计征", "财政部、国家发展改革委、水利部文件", "缴入中央国库", "水利"},
	{"水利建设基金", "缴纳增值税、消费税的单位和个人", "按销售收入的一定比例计征", "财政部、国家发展改革委、水利部文件", "缴入地方国库", "水利"},
	{"城市基础设施配套费", "城市规划区内新建、改建、扩建项目的建设单位", "按建筑面积计征", "国务院文件；省政府规定", "缴入地方国库", "住建"},
	{"农网还贷资金", "电力用户", "按社会用电量计征", "财政部文件", "缴入中央和地方国库", "财政"},
	{"教育费附加", "缴纳增值税、消费税的单位和个人", "按实际缴纳两税税额的3%计征", "《征收教育费附加的暂行规定》", "缴入中央和地方国库", "教育"},
	{"地方教育附加", "缴纳增值税、消费税的单位和个人", "按实际缴纳两税税额的2%计征", "《中华人民共和国教育法》", "缴入地方国库", "教育"},
	{"文化事业建设费", "广告、娱乐服务单位和个人", "按计费收入的3%计征", "国务院文件", "缴入中央和地方国库", "文旅"},
	{"国家电影事业发展专项资金", "办理工商登记的经营性电影放映单位", "按电影票房收入的5%计征", "《中华人民共和国电影产业促进法》；《电影管理条例》", "缴入中央和地方国库", "文旅"},
	{"旅游发展基金", "出境旅客", "从民航发展基金中提取", "财政部文件", "缴入中央国库", "文旅"},
	{"中央水库移民扶持基金", "电力用户", "按扣除规定电量后的销售电量计征", "《大中型水利水电工程建设征地补偿和移民安置条例》", "缴入中央国库", "水利"},
	{"地方水库移民扶持基金", "大中型水库发电企业和电力用户", "按实际上网销售电量计征", "《大中型水利水电工程建设征地补偿和移民安置条例》", "缴入地方国库", "水利"},
	{"残疾人就业保障金", "未按规定比例安排残疾人就业的用人单位", "按差额人数和本单位在职职工年平均工资计征", "《残疾人就业条例》", "缴入地方国库", "财政"},
	{"森林植被恢复费", "占用征收林地的单位和个人", "按林地类型和面积计征", "《中华人民共和国森林法》", "缴入中央和地方国库", "自然资源"},
	{"可再生能源发展基金", "电力用户", "按扣除规定电量后的销售电量计征", "《中华人民共和国可再生能源法》", "缴入中央国库", "发展改革"},
	{"船舶油污损害赔偿基金", "接收海上运输持久性油类物质的货物所有人或者代理人", "按接收油类数量计征", "《中华人民共和国海洋环境保护法》", "缴入中央国库", "交通"},
	{"核电站乏燃料处理处置基金", "拥有核电站的企业", "按实际上网销售电量计征", "国务院批准文件", "缴入中央国库", "发展改革"},
	{"港口建设费", "经对外开放口岸港口的货物托运人", "已取消征收", "财政部公告", "缴入中央和地方国库", "交通"},
	{"新型墙体材料专项基金", "未使用新型墙体材料的建设单位", "已取消征收", "财政部文件", "缴入地方国库", "住建"},
}

func governmentFundsOf(year int) []record {
	m := dice(int64(year) + 12)
	var records []record
	for i, g := range governmentFunds {
		r := record{
			"year": strconv.Itoa(year), "code": fmt.Sprintf("JJ%03d", i+1), "fund": g.name, "payers": g.payers, "rate": g.rate, "basis": g.basis, "document_no": fmt.Sprintf("示例文〔20%02d〕%d号", 10+m.rng.IntN(14), 1+m.rng.IntN(200)),
			"method": g.method, "department": province.office(g.line).name, "region_code": province.code, "level": "中央", "enterprise_related": "true", "status": "征收", "valid_from": fmt.Sprintf("%d-01-01", year),
			"valid_to": fmt.Sprintf("%d-12-31", year), "remark": m.hint(0), "waivers": pick(m, []string{"", "", "小微企业按规定减免", "月销售额不超过规定标准的免征"}),
		}
		if g.name == "旅游发展基金" || g.name == "民航发展基金" {
			r["enterprise_related"] = "false"
		}
		switch {
		case strings.HasPrefix(g.rate, "已取消"):
			r["status"] = "取消"
		default:
			r["revenue"] = money(m.yuan(9e7))
		}
		records = append(records, r)
	}
	return records
}

func governmentFundsText() ([]byte, error) {
	records := also(governmentFundsOf(2025), record{"code": "JJ9O1"}) // the letter O
	f := form{columns: []column{
		{"清单年度", "year", nil}, {"序号编码", "code", nil}, {"项目名称", "fund", nil}, {"征收对象", "payers", nil}, {"征收标准", "rate", nil}, {"政策依据", "basis", nil}, {"文号", "document_no", nil}, {"资金管理方式", "method", nil},
		{"执收部门", "department", nil}, {"区划代码", "region_code", nil}, {"设立层级", "level", nil}, {"是否涉企", "enterprise_related", yesNo}, {"减免政策", "waivers", or("无", nil)}, {"上年征收额（元）", "revenue", or("/", grouped)},
		{"状态", "status", nil}, {"执行起始日期", "valid_from", manyDates}, {"执行截止日期", "valid_to", manyDates}, {"备注", "remark", nil},
	}}
	return f.utf8BOM(records)
}

func governmentFundsWorkbook() ([]byte, error) {
	records := also(governmentFundsOf(2026), record{"code": "JJ902", "status": "缓征"})
	f := form{
		sheet: "政府性基金", title: "甘肃省政府性基金目录清单（2026年，示例数据）", under: []any{"填报单位：甘肃省财政厅", "", "", "", "", "", "单位：万元"},
		columns: []column{
			{"年度", "year", number}, {"编码", "code", nil}, {"基金_名称", "fund", nil}, {"基金_征收对象", "payers", nil}, {"基金_征收标准", "rate", nil}, {"设立依据_名称", "basis", commas}, {"设立依据_文号", "document_no", nil},
			{"征收方式", "method", nil}, {"征收部门", "department", nil}, {"行政区划代码", "region_code", nil}, {"立项级别", "level", nil}, {"涉企", "enterprise_related", yesNo}, {"减免规定", "waivers", or("—", nil)},
			{"上年征收额", "revenue", or("—", inTenThousands)}, {"征收状态", "status", nil}, {"有效期_自", "valid_from", dateCells}, {"有效期_至", "valid_to", dateCells}, {"备注", "remark", nil},
		},
		totals: []string{"revenue"}, note: "说明：示例数据，金额和文号均为虚构，以财政部门公布的目录清单为准。",
	}
	return f.xlsx(records)
}
