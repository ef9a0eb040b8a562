package synthetic

import (
	"fmt"
	"slices"
	"strconv"
)

// intermediary is a service that an applicant or the department needs from
// somebody else before a permit can be given.
type intermediary struct {
	line, approval, name, basis, level string
	qualification, result              string
	days                               int
	pricing                            string
	low, high                          float64
	department                         bool // orders and pays for it
}

const (
	marketPrice = "市场调节价"
	guidedPrice = "政府指导价"
)

var intermediaries = []intermediary{
	{"自然资源", "建设用地规划许可", "建设用地勘测定界", "《中华人民共和国土地管理法实施条例》", "行政法规", "测绘资质单位", "勘测定界技术报告", 15, marketPrice, 8000, 60000, false},
	{"自然资源", "建设用地规划许可", "地质灾害危险性评估", "《地质灾害防治条例》第二十一条", "行政法规", "地质灾害评估资质单位", "危险性评估报告", 20, marketPrice, 20000, 120000, false},
	{"自然资源", "采矿权新立登记", "矿产资源储量核实", "《矿产资源开采登记管理办法》", "行政法规", "地质勘查单位", "储量核实报告", 30, marketPrice, 60000, 400000, false},
	{"生态环境", "建设项目环境影响评价审批", "环境影响报告书（表）编制", "《中华人民共和国环境影响评价法》第二十条", "法律", "环境影响评价技术单位", "环境影响报告书（表）", 30, marketPrice, 15000, 180000, false},
	{"生态环境", "建设项目环境影响评价审批", "环境影响报告书技术评估", "《建设项目环境保护管理条例》第九条", "行政法规", "环境技术评估机构", "技术评估意见", 15, marketPrice, 10000, 50000, true},
	{"生态环境", "排污许可", "排污许可自行监测", "《排污许可管理条例》", "行政法规", "检验检测机构", "监测报告", 10, marketPrice, 5000, 40000, false},
	{"住建", "建筑工程施工许可", "施工图设计文件审查", "《建设工程质量管理条例》第十一条", "行政法规", "施工图审查机构", "审查合格书", 15, guidedPrice, 20000, 150000, true},
	{"住建", "建筑工程施工许可", "建筑工程消防设计技术审查", "《建设工程消防设计审查验收管理暂行规定》", "部门规章", "具备能力的技术服务机构", "技术审查意见", 10, marketPrice, 10000, 80000, true},
	{"水利", "取水许可", "水资源论证报告书编制", "《取水许可和水资源费征收管理条例》第十一条", "行政法规", "水资源论证单位", "水资源论证报告书", 30, marketPrice, 30000, 200000, false},
	{"水利", "生产建设项目水土保持方案审批", "水土保持方案编制", "《中华人民共和国水土保持法》第二十五条", "法律", "水土保持方案编制单位", "水土保持方案报告书", 25, marketPrice, 20000, 150000, false},
	{"水利", "洪水影响评价审批", "洪水影响评价报告编制", "《中华人民共和国防洪法》第三十三条", "法律", "水利行业咨询设计单位", "洪水影响评价报告", 25, marketPrice, 30000, 160000, false},
	{"交通", "道路货物运输经营许可", "营运车辆综合性能检测", "《中华人民共和国道路运输条例》", "行政法规", "机动车检验检测机构", "车辆技术等级证明", 1, guidedPrice, 150, 400, false},
	{"交通", "涉路施工许可", "涉路施工安全技术评价", "《公路安全保护条例》第二十八条", "行政法规", "公路行业设计咨询单位", "安全技术评价报告", 20, marketPrice, 30000, 120000, false},
	{"应急", "非煤矿矿山企业安全生产许可", "安全现状评价", "《安全生产许可证条例》第六条", "行政法规", "安全评价机构", "安全评价报告", 20, marketPrice, 20000, 100000, false},
	{"应急", "危险化学品建设项目安全条件审查", "安全条件评价", "《危险化学品安全管理条例》第十二条", "行政法规", "安全评价机构", "安全评价报告", 20, marketPrice, 30000, 160000, false},
	{"卫生健康", "公共场所卫生许可", "公共场所卫生检测评价", "《公共场所卫生管理条例》", "行政法规", "检验检测机构", "卫生检测报告", 7, marketPrice, 800, 6000, false},
	{"卫生健康", "放射诊疗许可", "放射诊疗建设项目职业病危害评价", "《中华人民共和国职业病防治法》", "法律", "放射卫生技术服务机构", "职业病危害评价报告", 20, marketPrice, 8000, 50000, false},
	{"民政", "社会团体成立、变更、注销登记", "验资报告", "《社会团体登记管理条例》第十一条", "行政法规", "会计师事务所", "验资报告", 3, marketPrice, 1000, 5000, false},
	{"教育", "民办学校设立、变更和终止审批", "财务清算审计", "《中华人民共和国民办教育促进法》第五十八条", "法律", "会计师事务所", "清算审计报告", 15, marketPrice, 5000, 40000, false},
	{"发展改革", "固定资产投资项目节能审查", "节能报告编制", "《中华人民共和国节约能源法》第十五条", "法律", "工程咨询单位", "节能报告", 20, marketPrice, 30000, 150000, false},
	{"发展改革", "固定资产投资项目节能审查", "节能报告评审", "《固定资产投资项目节能审查和碳排放评价办法》", "部门规章", "节能评审机构", "评审意见", 10, marketPrice, 10000, 40000, true},
	{"文旅", "建设工程文物保护审批", "考古调查、勘探", "《中华人民共和国文物保护法》", "法律", "考古发掘资质单位", "考古勘探报告", 40, guidedPrice, 20000, 300000, true},
}

// powerCode is the basic code of a power; those that the power list does not
// have are numbered behind it.
func powerCode(line, name string, i int) string {
	if at := slices.IndexFunc(powers, func(p power) bool { return p.name == name }); at >= 0 {
		return powers[at].code(at)
	}
	return power{line: line, kind: powerKinds[0]}.code(len(powers) + i)
}

// intermediaryList is the list of regions, with what the services took and
// cost in 2025.
func intermediaryList(seed int64, regions []region) []record {
	m := dice(seed)
	var records []record
	for _, r := range regions {
		for i, s := range intermediaries {
			if r != province && m.chance(25) {
				continue
			}
			days := float64(s.days) * (0.6 + 0.5*m.rng.Float64())
			x := record{
				"service_no": fmt.Sprintf("ZJ-%s-%03d", r.code, i+1), "name": s.name, "approval": s.approval, "approval_code": powerCode(s.line, s.approval, i), "department": r.office(s.line).name, "region_code": r.code,
				"basis": s.basis, "basis_level": s.level, "qualification": s.qualification, "ordered_by": "申请人", "paid_by": "申请人", "service_days": strconv.Itoa(s.days), "result": s.result, "pricing": s.pricing,
				"rate": fmt.Sprintf("%s，每件%g—%g元", s.pricing, s.low, s.high), "lowest": money(s.low), "highest": money(s.high), "chosen_by": pick(m, []string{"网上中介服务超市", "网上中介服务超市", "申请人自主选择"}),
				"agencies": strconv.Itoa(1 + m.weighted(30)), "orders": strconv.Itoa(1 + m.weighted(260)), "average_days": strconv.FormatFloat(days, 'f', 1, 64),
				"average_price": money(min(s.high, max(s.low, m.yuan((s.low+s.high)/3)))), "status": "保留", "valid_from": m.workday("2019-03-01", "2024-11-29"), "complaint_phone": "12345",
				"contact": m.person(), "contact_phone": m.mobile(), "remark": m.hint(6),
			}
			if s.department {
				x["ordered_by"], x["paid_by"], x["chosen_by"] = "审批部门", "审批部门", "政府采购"
			}
			x["updated_on"] = x["valid_from"]
			switch p := m.rng.IntN(100); {
			case p < 7:
				x["status"], x["updated_on"], x["adjustment"] = "取消", m.workday("2025-03-03", "2026-09-30"), "不再作为受理条件，由审批部门完善标准、加强事中事后监管"
				x["valid_to"] = x["updated_on"]
			case p < 12 && !s.department:
				x["status"], x["updated_on"], x["adjustment"] = "转为部门委托", m.workday("2025-03-03", "2026-09-30"), "改由审批部门委托有关机构开展技术性服务，费用纳入部门预算"
				x["ordered_by"], x["paid_by"], x["chosen_by"] = "审批部门", "审批部门", "政府采购"
			case p < 20:
				x["updated_on"], x["adjustment"] = m.workday("2025-03-03", "2026-09-30"), "压缩服务时限"
			case p < 24: // from before the clearing up
				x["basis"], x["basis_level"], x["remark"] = "部门内部文件", "其他文件", "示例数据；设置依据层级不足，拟取消，联系人"+x["contact"]+x["contact_phone"]
			}
			records = append(records, x)
		}
	}
	return records
}

func intermediariesWorkbook() ([]byte, error) {
	records := also(intermediaryList(73, powerPlaces()[:1]),
		record{"service_no": "ZJ-620000-901", "basis_level": "口头要求"},
		record{"service_no": "ZJ-620000-902", "service_days": "视情况而定"})
	f := form{
		sheet: "中介服务清单", title: "甘肃省省级行政审批中介服务事项清单（2026年版，示例数据）", under: []any{"填报单位：甘肃省人民政府办公厅", "", "", "", "", "公布日期：2026年9月30日"},
		columns: []column{
			{"序号", "", nil}, {"编号", "service_no", wideDigits}, {"中介服务_项目名称", "name", nil}, {"审批事项_名称", "approval", nil}, {"审批事项_基本编码", "approval_code", nil}, {"审批部门", "department", nil}, {"行政区划代码", "region_code", nil},
			{"设置依据_名称", "basis", nil}, {"设置依据_层级", "basis_level", nil}, {"中介机构资质", "qualification", nil}, {"委托主体", "ordered_by", nil}, {"付费主体", "paid_by", nil}, {"服务时限（工作日）", "service_days", number}, {"服务成果", "result", nil},
			{"收费_方式", "pricing", nil}, {"收费_标准", "rate", nil}, {"收费_下限（元）", "lowest", number}, {"收费_上限（元）", "highest", grouped}, {"选取方式", "chosen_by", nil},
			{"上年情况_可选机构数", "agencies", number}, {"上年情况_委托件数", "orders", number}, {"上年情况_平均用时（工作日）", "average_days", number}, {"上年情况_平均费用（元）", "average_price", grouped},
			{"状态", "status", nil}, {"生效日期", "valid_from", dateCells}, {"失效日期", "valid_to", or("长期", dateCells)}, {"调整_日期", "updated_on", dateCells}, {"调整_说明", "adjustment", or("—", nil)},
			{"监督电话", "complaint_phone", nil}, {"业务联系人", "contact", nil}, {"业务联系人手机", "contact_phone", nil}, {"备注", "remark", nil},
		},
		page: 14, totals: []string{"orders"}, note: "说明：本清单为示例数据，时限与费用均为虚构；未列入清单的中介服务不得作为受理条件。",
	}
	return f.xlsx(records)
}

func intermediariesText() ([]byte, error) {
	records := also(intermediaryList(74, places("620500", "621202", "620102", "621027", "620700", "620922")),
		record{"service_no": "ZJ-620500-903", "basis": ""},
		record{"service_no": "ZJ-620102-904", "department": "兰州市城关区行政审批服务局"},
		record{"service_no": "ZJ-621202-905", "valid_from": "2024-11-31"})
	f := form{title: "市县行政审批中介服务清单（示例数据）", columns: []column{
		{"清单编号", "service_no", nil}, {"服务名称", "name", nil}, {"涉及审批事项", "approval", nil}, {"事项编码", "approval_code", wideDigits}, {"实施部门", "department", nil}, {"区划代码", "region_code", nil}, {"法律依据", "basis", nil},
		{"依据层级", "basis_level", nil}, {"机构条件", "qualification", nil}, {"委托方", "ordered_by", nil}, {"付费方", "paid_by", nil}, {"办理时限", "service_days", inWorkingDays}, {"结果文件", "result", nil}, {"定价方式", "pricing", nil},
		{"收费标准", "rate", nil}, {"最低收费", "lowest", withUnit}, {"最高收费", "highest", withUnit}, {"中介选取方式", "chosen_by", nil}, {"机构数", "agencies", nil}, {"委托量", "orders", nil}, {"实际用时", "average_days", nil},
		{"实际均价", "average_price", withUnit}, {"清单状态", "status", nil}, {"公布日期", "valid_from", manyDates}, {"停止日期", "valid_to", or("长期", manyDates)}, {"更新日期", "updated_on", manyDates}, {"调整情况", "adjustment", or("/", nil)},
		{"投诉电话", "complaint_phone", nil}, {"联系人", "contact", nil}, {"联系手机", "contact_phone", nil}, {"备注", "remark", nil},
	}}
	return f.utf16Tabs(records)
}
