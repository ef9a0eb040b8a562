package synthetic

// negativeEntries are the matters of the negative list: number, matter, scope,
// kind, reason, basis, who proposes.
var negativeEntries = [][7]string{
	{"FM-001", "自然人的居民身份证号码及其他证件号码", "*", "字段", "公开会损害个人信息权益，且不为公开目的所必需", "《中华人民共和国个人信息保护法》第二十八条；《政府信息公开条例》第十五条", "公安"},
	{"FM-002", "自然人的银行账号", "*", "字段", "公开会危及个人财产安全", "《中华人民共和国个人信息保护法》第二十八条", "财政"},
	{"FM-003", "自然人的联系电话", "*", "字段", "公开会侵扰私人生活安宁", "《中华人民共和国民法典》第一千零三十三条", "政务"},
	{"FM-004", "涉及未成年人的记录", "admin_penalties；social_assistance；grassroots_affairs；poverty_beneficiaries", "记录", "未成年人信息应予特殊保护", "《中华人民共和国未成年人保护法》第一百零三条", "民政"},
	{"FM-005", "依法确定为国家秘密的事项", "*", "记录", "公开会危害国家安全", "《政府信息公开条例》第十四条", "政务"},
	{"FM-006", "涉及商业秘密且权利人不同意公开的内容", "admin_permits；government_purchases；ppp_projects；public_resource_trading；major_projects", "记录", "公开会损害第三方合法权益", "《政府信息公开条例》第十五条", "市场监管"},
	{"FM-007", "自然人的健康、残疾状况", "poverty_beneficiaries；social_assistance；grassroots_affairs；housing_renovation", "字段", "敏感个人信息", "《中华人民共和国个人信息保护法》第二十八条", "卫生健康"},
	{"FM-008", "举报人、投诉人的身份信息", "inspection_findings；regulatory_oversight；illegal_fee_cases；public_institution_services", "字段", "保护举报人、投诉人", "《政府信息公开条例》第十五条", "督查"},
	{"FM-009", "行政执法案卷信息", "enforcement_disclosure；regulatory_oversight", "字段", "法律、法规、规章未规定公开", "《政府信息公开条例》第十六条", "司法"},
	{"FM-010", "人事管理、内部工作流程等内部事务信息", "decision_consultations；decision_outcomes；policy_execution；proposal_outcomes；implementation_results", "记录", "行政机关内部事务", "《政府信息公开条例》第十六条", "政务"},
	{"FM-011", "要求匿名的捐赠人姓名", "poverty_donations", "字段", "捐赠人不同意公开", "《中华人民共和国慈善法》第七十六条", "民政"},
	{"FM-012", "自然人的详细住址", "*", "字段", "公开会侵扰私人生活安宁", "《中华人民共和国个人信息保护法》第二十八条", "公安"},
	{"FM-013", "正在调查处理、公开可能影响调查的事项", "audit_results；inspection_findings；regulatory_oversight；illegal_fee_cases", "记录", "公开会影响执法和调查", "《政府信息公开条例》第十六条", "审计"},
	{"FM-014", "重要基础设施的精确位置和安保细节", "major_projects；environment_quality；public_institution_services", "字段", "公开会危及公共安全", "《政府信息公开条例》第十四条", "应急"},
}

func negativeList() ([]byte, error) {
	b := newBook("负面清单")
	b.add("甘肃省政务公开负面清单（2026年版，示例数据）")
	b.merge(1, 1, 11, 1)
	b.add("条目编号", "不予公开事项", "适用数据集", "保留方式", "理由", "法律依据", "提出单位", "审定单位", "最近复审日期", "生效日期", "失效日期")
	for _, e := range negativeEntries {
		b.add(e[0], e[1], e[2], e[3], e[4], e[5], departmentOf(e[6], "620000", "甘肃省").name, departmentOf("政务", "620000", "甘肃省").name,
			"2026年3月20日", "2020-01-01", "2027年12月31日")
	}
	b.add("说明：1. 本清单为示例数据；2. “*”表示适用于全部数据集；3. 平台仅按有效条目保留字段或记录。")
	return b.bytes()
}
