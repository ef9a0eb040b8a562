package synthetic

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// institution is a kind of enterprise or public institution that serves the
// public, with what it offers.
type institution struct {
	sector, line, code, name string // code: the first two characters of its credit code
	facility                 string // what is not for everybody to know
	offers                   []offer
}

// offer is a service; minutes are those until somebody comes, price is in yuan.
type offer struct {
	name, rule, conditions, procedure, materials, promise string
	days, minutes                                         int
	fee, pricing                                          string
	price                                                 float64
	unit                                                  string
	complaint                                             string
}

const (
	statePrice = "政府定价"
	free       = "免费"
)

var institutions = []institution{
	{"供水", "住建", "91", "供水有限公司", "取水口位于水厂东侧二百米，夜间值守两人，备用钥匙存调度室", []offer{
		{"用水报装", "用水报装管理办法", "位于供水管网覆盖范围", "申请—现场勘查—签订合同—装表通水", "报装申请；身份证或者营业执照；房屋权属证明", "资料齐全的即时受理，按期装表通水", 4, 0, "报装费", free, 0, "", "报装后超过承诺时间仍未通水"},
		{"居民用水缴费", "水费收缴管理办法", "已开户", "抄表—账单推送—缴费—开具发票", "户号", "每月抄表，账单有误的两日内核实", 2, 0, "居民生活用水水费", statePrice, 2.6, "立方米", "水费账单与实际用量不符"},
		{"供水故障抢修", "供水应急抢修制度", "供水设施故障", "报修—派单—到场—修复—回访", "报修地址", "接报后到场，管道爆裂二十四小时内修复", 0, 60, "抢修费", free, 0, "", "报修后抢修人员未按时到场"},
	}},
	{"供电", "发展改革", "91", "供电有限公司", "变电站安防密码每月更换，值班室设在主控楼一层", []offer{
		{"低压居民用电报装", "用电业务办理规定", "位于供电营业区", "申请—勘查—装表接电", "身份证；房屋权属证明", "资料齐全的按期装表接电", 3, 0, "报装费", free, 0, "", "装表接电时间超出承诺"},
		{"居民电费缴纳", "电费抄核收管理办法", "已立户", "抄表—核算—缴费", "户号", "阶梯电价按国家规定执行", 1, 0, "居民生活用电电费", statePrice, 0.51, "千瓦时", "阶梯电价分档计算有疑问"},
		{"电力故障抢修", "故障报修服务规定", "供电设施故障", "报修—到场—修复—回访", "报修地址", "城区四十五分钟内到场", 0, 45, "抢修费", free, 0, "", "停电未提前通知"},
	}},
	{"供气", "住建", "91", "天然气有限公司", "门站位于环城路南侧，围墙周界报警主机在门卫室", []offer{
		{"燃气报装", "燃气用户报装规定", "位于燃气管网覆盖范围", "申请—勘查—签约—施工—点火", "申请书；身份证；房屋权属证明", "外线工程除外，按期通气", 5, 0, "报装费", free, 0, "", "缴费后迟迟不施工"},
		{"居民燃气缴费", "燃气销售管理办法", "已开户", "购气—充值—开具发票", "用户卡号", "营业厅和网上均可充值", 1, 0, "居民生活用气价格", statePrice, 1.98, "立方米", "更换智能表后用气量明显增加"},
		{"入户安全检查", "燃气安全检查制度", "燃气用户", "预约—入户检查—告知隐患—复查", "用户卡号", "每年至少入户检查一次", 10, 0, "安检费", free, 0, "", "入户安检人员推销灶具"},
	}},
	{"供热", "住建", "91", "热力有限公司", "换热首站控制系统登录口令由值长保管", []offer{
		{"居民供热", "供热用热管理办法", "位于供热范围并已接入", "缴费—供热—测温—退费", "户号", "采暖期室内温度不低于18℃", 3, 120, "居民采暖费", statePrice, 25, "平方米·采暖季", "室内温度不达标"},
		{"停止用热申请", "报停管理规定", "不影响相邻用户；十月一日前提出", "申请—现场核实—签订协议", "停热申请；房屋权属证明", "按期办结", 5, 0, "热能损失补偿费", guidedPrice, 5, "平方米·采暖季", "报停申请未被受理且未说明理由"},
	}},
	{"教育", "教育", "12", "小学", "校园监控室与消防控制室合设，安保人员排班表见附件", []offer{
		{"义务教育阶段新生入学", "招生工作实施办法", "年满六周岁；在学校服务区内居住", "登记—审核—公示—发放通知书", "户口簿；房屋权属证明；预防接种证", "招生结果公示后三日内答复异议", 5, 0, "学杂费", free, 0, "", "服务区划分公布不及时"},
		{"课后服务", "课后服务管理办法", "本校在读学生，自愿参加", "申请—编班—服务—评价", "申请表", "每周五天，每天不少于两课时", 3, 0, "课后服务费", guidedPrice, 2, "课时", "课后服务内容单一"},
		{"转学办理", "学籍管理实施细则", "家庭住址变化；转入学校有学位", "申请—转入校同意—转出校同意—核准", "转学申请表；户口簿或者居住证明", "按期办结", 10, 0, "转学手续费", free, 0, "", "转学手续往返多次"},
	}},
	{"卫生健康", "卫生健康", "12", "医院", "麻醉药品库位于药剂科地下一层，双人双锁", []offer{
		{"门诊诊疗", "门诊工作制度", "凭有效身份证件或者医保电子凭证", "挂号—就诊—检查—取药", "身份证或者医保电子凭证", "当日挂号当日就诊", 0, 30, "普通门诊诊查费", guidedPrice, 10, "次", "候诊时间过长"},
		{"病历复印", "病历管理规定", "患者本人或者其代理人", "申请—核验—复印—领取", "身份证；授权委托书", "当场办理或者邮寄", 3, 0, "复印工本费", guidedPrice, 0.5, "页", "复印窗口周末不办公"},
		{"出院结算", "住院费用结算制度", "医嘱出院", "审核—结算—报销—开票", "住院证；医保电子凭证", "医保报销一站式结算", 1, 0, "结算手续费", free, 0, "", "住院费用清单项目看不懂"},
	}},
	{"环境保护", "生态环境", "91", "环境服务有限公司", "污水处理厂加药间和氯库位置图", []offer{
		{"污水接入排水管网", "排水接入管理办法", "取得排水许可；水质符合标准", "申请—勘查—接入—验收", "接入申请；排水许可证", "按期完成接入", 7, 0, "接入服务费", free, 0, "", "接入申请长时间无人勘查"},
		{"生活垃圾处理", "垃圾收运处理制度", "服务范围内的居民和单位", "分类投放—收集—运输—处理", "户号", "日产日清", 1, 240, "生活垃圾处理费", statePrice, 5, "户·月", "垃圾收集点清运不及时有异味"},
	}},
	{"公共交通", "交通", "91", "公交有限公司", "停车场充电桩配电室位置和巡查时间表", []offer{
		{"公交出行", "公共汽电车运营服务规范", "遵守乘车规则", "候车—乘车—投诉建议", "公交卡或者乘车码", "首末班车准点发车", 0, 15, "公交票价", statePrice, 1, "次", "末班车提前发车"},
		{"优待乘车卡办理", "优待卡管理办法", "老年人、残疾人、现役军人等优待对象", "申请—审核—制卡—领卡", "身份证；优待证件；照片", "资料齐全的按期发卡", 3, 0, "制卡费", free, 0, "", "优待卡年审需本人到场"},
	}},
}

// institutionServices are what the institutions of regions offer, with the
// figures of a year.
func institutionServices(seed int64, regions []region, sectors string) []record {
	m := dice(seed)
	var records []record
	for _, r := range regions {
		for i, s := range institutions {
			if !strings.Contains(sectors, s.sector) {
				continue
			}
			name, uscc := r.full+pick(m, tradeNames)+s.name, m.uscc(s.code, r.code)
			for j, o := range s.offers {
				x := record{
					"service_no": fmt.Sprintf("GS-%s-%02d%02d", r.code, i+1, j+1), "institution": name, "institution_uscc": uscc, "sector": s.sector, "department": r.office(s.line).name, "region_code": r.code, "service": o.name,
					"rule": "《" + o.rule + "》", "conditions": o.conditions, "procedure": o.procedure, "materials": o.materials, "promise": o.promise, "promised_days": strconv.Itoa(o.days), "fee": o.fee, "pricing": o.pricing,
					"hotline": pick(m, []string{"12345", "营业厅服务台", "24小时服务热线"}), "supervision": m.some("监督电话", "意见箱", "网站和新媒体", "现场窗口", "第三方测评"), "complaint_phone": "12345", "facility": s.facility, "year": "2025",
					"valid_from": m.workday("2021-03-01", "2024-12-20"), "updated_on": m.workday("2025-01-06", "2026-10-30"), "url": page(r.code, "gqsy", fmt.Sprintf("%02d%02d", i+1, j+1)), "remark": m.hint(3),
				}
				if o.minutes > 0 {
					x["minutes"] = strconv.Itoa(o.minutes)
				}
				if o.pricing != free {
					x["price"] = strconv.FormatFloat(math.Round(o.price*(0.85+0.3*m.rng.Float64())*100)/100, 'f', -1, 64)
					x["price_unit"], x["price_document"] = o.unit, fmt.Sprintf("示例价〔20%d〕%d号", 18+m.rng.IntN(7), 10+m.rng.IntN(290))
					x["valid_to"] = dayOf(x["valid_from"]).AddDate(5, 0, -1).Format("2006-01-02")
				}
				m.complaints(x, o)
				records = append(records, x)
			}
		}
	}
	return records
}

// complaints adds how many asked for a service, how many complained, and what
// one of them said.
func (m *maker) complaints(x record, o offer) {
	handled := 300 + int(m.yuan(620000)/100)
	late := 0.06 * m.rng.Float64()
	if m.chance(12) {
		late += 0.15
	}
	complaints := int(float64(handled) * (0.001 + late*0.12))
	x["handled"], x["on_time"], x["complaints"] = strconv.Itoa(handled), percentage(100*(1-late)), strconv.Itoa(complaints)
	x["resolved"] = strconv.Itoa(complaints - int(float64(complaints)*0.2*m.rng.Float64()))
	x["satisfaction"] = percentage(98.5 - 60*late - math.Abs(m.rng.NormFloat64()))
	if complaints == 0 || m.chance(40) {
		return
	}
	x["complainant"], x["complainant_phone"] = m.person(), m.mobile()
	x["complaint"] = "反映" + o.complaint + "，已核实并回复。"
	if m.chance(30) {
		x["complaint"] = x["complainant"] + "（电话" + x["complainant_phone"] + "）" + x["complaint"]
	}
}

func institutionsWorkbook() ([]byte, error) {
	records := also(institutionServices(79, places("620100", "620400", "620700", "621000"), "供水 供电 供气 供热 环境保护 公共交通"),
		record{"service_no": "GS-620100-9001", "sector": "殡葬"},
		record{"service_no": "GS-620400-9002", "satisfaction": "101.5"})
	f := form{
		sheet: "办事公开目录", title: "市（州）公用事业单位办事公开目录（示例数据）", under: []any{"填报单位：甘肃省住房和城乡建设厅", "", "", "", "", "统计年度：2025年"},
		columns: []column{
			{"序号", "", nil}, {"服务编号", "service_no", nil}, {"单位_名称", "institution", nil}, {"单位_统一社会信用代码", "institution_uscc", nil}, {"单位_行业领域", "sector", nil}, {"行业主管部门", "department", nil}, {"行政区划代码", "region_code", nil},
			{"服务_事项", "service", nil}, {"服务_办事制度", "rule", nil}, {"服务_办理条件", "conditions", nil}, {"服务_办理程序", "procedure", nil}, {"服务_所需材料", "materials", commas}, {"承诺_内容", "promise", nil}, {"承诺_办结时限（工作日）", "promised_days", number},
			{"承诺_到场时限（分钟）", "minutes", or("/", number)}, {"收费_项目", "fee", nil}, {"收费_定价方式", "pricing", nil}, {"收费_价格（元）", "price", or("—", number)}, {"收费_计价单位", "price_unit", or("—", nil)}, {"收费_定价文件", "price_document", or("—", nil)},
			{"监督_服务热线", "hotline", nil}, {"监督_渠道", "supervision", commas}, {"监督_投诉电话", "complaint_phone", nil}, {"年度情况_年度", "year", number}, {"年度情况_办理件数", "handled", number}, {"年度情况_按期办结率", "on_time", percent},
			{"年度情况_投诉件数", "complaints", number}, {"年度情况_办结投诉", "resolved", number}, {"年度情况_满意率", "satisfaction", percent}, {"典型投诉_投诉人", "complainant", or("/", nil)}, {"典型投诉_电话", "complainant_phone", or("/", nil)},
			{"典型投诉_内容", "complaint", or("/", nil)}, {"关键设施说明", "facility", nil}, {"生效日期", "valid_from", dateCells}, {"价格有效期至", "valid_to", or("长期", dateCells)}, {"更新日期", "updated_on", dateCells}, {"链接", "url", nil}, {"备注", "remark", nil},
		},
		page: 25, totals: []string{"handled", "complaints", "resolved"}, note: "注：本表为示例数据，单位名称与价格均为虚构。",
	}
	return f.xlsx(records)
}

func institutionsText() ([]byte, error) {
	records := also(institutionServices(80, places("620102", "620103", "620503", "620702", "620902", "621002", "621202"), "供水 供热 教育 卫生健康 公共交通"),
		record{"service_no": "GS-620102-9003", "service": ""},
		record{"service_no": "GS-620503-9004", "valid_from": "2024年6月31日"},
		record{"service_no": "GS-620702-9005", "department": "张掖市甘州区公用事业局"})
	f := form{title: "县（区）公共企事业单位办事公开信息（示例数据）", columns: []column{
		{"编号", "service_no", wideDigits}, {"单位名称", "institution", nil}, {"单位代码", "institution_uscc", nil}, {"行业", "sector", nil}, {"主管部门", "department", nil}, {"区划代码", "region_code", nil}, {"服务事项", "service", nil}, {"制度依据", "rule", nil},
		{"办理条件", "conditions", nil}, {"办事流程", "procedure", nil}, {"申请材料", "materials", commas}, {"服务承诺", "promise", nil}, {"承诺时限", "promised_days", inWorkingDays}, {"响应时限", "minutes", or("—", inMinutes)}, {"收费项目", "fee", nil},
		{"定价形式", "pricing", nil}, {"收费标准", "price", or("免费", yuanEach)}, {"计价单位", "price_unit", nil}, {"价格文件", "price_document", nil}, {"咨询电话", "hotline", nil}, {"监督渠道", "supervision", commas}, {"投诉电话", "complaint_phone", nil},
		{"统计年度", "year", nil}, {"办件量", "handled", grouped0}, {"按时办结率（%）", "on_time", nil}, {"投诉数", "complaints", nil}, {"投诉办结数", "resolved", nil}, {"群众满意率（%）", "satisfaction", nil}, {"投诉人", "complainant", nil},
		{"投诉人电话", "complainant_phone", nil}, {"投诉内容", "complaint", or("无", nil)}, {"重点部位", "facility", nil}, {"执行日期", "valid_from", manyDates}, {"有效期至", "valid_to", or("长期", manyDates)}, {"修订日期", "updated_on", manyDates},
		{"网址", "url", nil}, {"备注", "remark", nil},
	}}
	return f.utf8BOM(records)
}

// inMinutes names the unit in every third cell.
func inMinutes(i int, v string) any {
	if i%3 == 0 {
		return v + "分钟"
	}
	return v
}

// yuanEach names the unit in every second cell.
func yuanEach(i int, v string) any {
	if i%2 == 0 {
		return v + "元"
	}
	return v
}
