package normalise

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"govdata/catalog"
)

func TestMasks(t *testing.T) {
	for _, c := range []struct {
		class      catalog.Privacy
		cell, want string
	}{
		{catalog.PrivacyName, "张三", "张*"}, {catalog.PrivacyName, "王会军", "王**"}, {catalog.PrivacyName, "欧阳修文", "欧***"}, {catalog.PrivacyName, "买买提·吐尔逊", "买******"}, {catalog.PrivacyName, "John Smith", "J*********"}, {catalog.PrivacyName, "张三、李四", "张*、李*"}, {catalog.PrivacyName, "张", "张"}, {catalog.PrivacyName, "", ""},
		{catalog.PrivacyID, "11010519491231002X", "110105********002X"}, {catalog.PrivacyID, "E12345678", "E12****78"}, {catalog.PrivacyID, "1234", "1**4"}, {catalog.PrivacyID, "", ""},
		{catalog.PrivacyPhone, "13800138000", "138****8000"}, {catalog.PrivacyPhone, "0931-8412345", "093*****2345"}, {catalog.PrivacyPhone, "12345", "*****"},
		{catalog.PrivacyBank, "6222021234567890128", "***************0128"}, {catalog.PrivacyBank, "123", "***"},
		{catalog.PrivacyNone, "张三", "张三"},
	} {
		if got := Mask(c.class, c.cell); got != c.want {
			t.Errorf("%s %q: found %q, want %q", c.class, c.cell, got, c.want)
		}
	}
}

func TestAddressesAreCutAfterTheTownship(t *testing.T) {
	for cell, want := range map[string]string{
		"甘肃省兰州市城关区雁滩乡张苏滩123号":   "甘肃省兰州市城关区雁滩乡***",
		"甘肃省庆阳市镇原县城关镇东大街5号":     "甘肃省庆阳市镇原县城关镇***",
		"甘肃省临夏回族自治州东乡族自治县锁南镇1号": "甘肃省临夏回族自治州东乡族自治县锁南镇***",
		"甘肃省天水市张家川回族自治县张家川镇西关村": "甘肃省天水市张家川回族自治县张家川镇***",
		"兰州市七里河区西园街道建兰路12号3单元":  "兰州市七里河区西园街道***",
		"兰州市城关区南关什字1号楼502室":     "兰州市城关区***",
		"兰州市天庆花园小区3号楼":          "兰州市***",
		"酒泉市敦煌市沙州镇阳关中路":         "酒泉市敦煌市沙州镇***",
		"敦煌市沙州镇古城小区5号":          "敦煌市沙州镇***",
		"济宁市市中区阜桥街道1号":          "济宁市市中区阜桥街道***",
		"新疆维吾尔自治区乌鲁木齐市天山区1号":    "新疆维吾尔自治区乌鲁木齐市天山区***",
		"内蒙古自治区阿拉善盟额济纳旗达来呼布镇1号": "内蒙古自治区阿拉善盟额济纳旗达来呼布镇***",
		"江西省景德镇市珠山区1号":          "江西省景德镇市珠山区***",
		"甘肃省平凉市华亭市东华镇":          "甘肃省平凉市华亭市东华镇",
		"雁滩路123号北门市场":           "***",
		"12 Nanguan Road":       "***",
		"":                      "",
		"假地址***":                "***",
	} {
		if got := MaskAddress(cell); got != want {
			t.Errorf("%q: found %q, want %q", cell, got, want)
		}
	}
}

func TestPartiesThatArePersonsAreMasked(t *testing.T) {
	for cell, want := range map[string]string{
		"张三": "张*", "王会军": "王**", "李新村": "李**", "庄文": "庄*", "王行": "王*", "欧阳修文": "欧***", "马阿卜杜拉": "马****", "买买提·吐尔逊江": "买*******", "扎西•才让": "扎****",
		"张三、李四": "张*、李*", "张三 李四 王五": "张* 李* 王*", "张三等3人": "张**3人", "张三（个体工商户）": "张*（个体工商户）", "张三(620102198001011234)": "张*(620102198001011234)", "张三13800138000": "张*138****8000",
		"JOHN SMITH": "J*********", "张*": "张*", "张某某": "张**",
		"城关区张三面馆（张三）": "城关区张三面馆（张*）", "城关区张三面馆（经营者：马阿卜杜拉）": "城关区张三面馆（经营者：马****）", "张三面馆(负责人 李四)": "张三面馆(负责人 李*)",
		"李四，兰州某某商贸有限公司": "李*，兰州某某商贸有限公司",
	} {
		if got := MaskParty(cell); got != want {
			t.Errorf("%q: found %q, want %q", cell, got, want)
		}
	}
}

func TestOrganisationsKeepTheirNames(t *testing.T) {
	for _, s := range []string{
		"兰州金桥瑞祥机械设备有限公司", "甘肃（兰州）商贸有限公司", "甘肃某某有限公司（张掖）", "庆阳市华池县天和便利店", "兰州市城关区张三面馆", "兴盛店", "张三店", "老王烧烤店", "宏发修理厂", "民生大药房", "某某律师事务所（普通合伙）", "兰州银行", "工商银行",
		"林业局", "兰州大学", "第一小学", "某某村村民委员会", "定西市安定区农民专业合作社", "红星煤矿", "加油站", "甘肃省人民医院", "兰州市第一幼儿园", "中国移动通信集团甘肃有限公司", "IBM (China) Co., Ltd.", "Gansu Trading Company", "ABC", "", "-", "兰州新区石化产业投资集团有限公司",
	} {
		if got := MaskParty(s); got != s {
			t.Errorf("%q became %q", s, got)
		}
	}
}

func TestNumbersOfPersonsInFreeTextAreMasked(t *testing.T) {
	for cell, want := range map[string]string{
		"联系电话13800138000。":            "联系电话138****8000。",
		"电话：138-0013-8000，传真":         "电话：138-****-8000，传真",
		"电话138 0013 8000":             "电话138 **** 8000",
		"电话１３８００１３８０００":               "电话１３８****８０００",
		"138－0013－8000":               "138－****－8000",
		"+86 13800138000":             "+86 138****8000",
		"8613800138000":               "86138****8000",
		"tel13800138000":              "tel138****8000",
		"13800138000/13900139000":     "138****8000/139****9000",
		"13800138000 13900139000":     "138****8000 139****9000",
		"138 0013 8000 139 0013 9000": "138 **** 8000 139 **** 9000",
		"2016-03-05 138-0013-8000":    "2016-03-05 138-****-8000",
		"身份证号11010519491231002X":      "身份证号******************",
		"身份证11010519491231002x，男":     "身份证******************，男",
		"110105 19491231 002X":        "****** ******** ****",
		"１１０１０５１９４９１２３１００２Ｘ":          "******************",
		"旧证110105491231002":           "旧证***************",
		"卡号6222021234567890128":       "卡号***************0128",
		"卡号6222 0212 3456 7890 128":   "卡号**** **** **** ***0 128",
		"13800138000X先生":              "138****8000X先生",
		"4111111111111111":            "************1111",
	} {
		if got := MaskFreeText(cell); got != want {
			t.Errorf("%q: found %q, want %q", cell, got, want)
		}
	}
}

func TestOtherNumbersInFreeTextStay(t *testing.T) {
	for _, s := range []string{
		"91350100M000100Y43", "统一社会信用代码91230500MA1B3N1N2M", "11230500001755309F", "91620100MA13800138", "兰市监罚〔2016〕12号", "2016-03-05 09:30:00", "1980-01-01 100元", "罚款13800138000元", "共13800138000.50元", "￥13800138000", "1,380,013,800,012",
		"0931-8412345", "项目代码2016-620102-48-01-012345", "许可证JY16201020012345", "110105194912310021", "12800138000", "138001380001", "1949-10-01 至 2016-10-01", "", "第一百二十四条", "20160305093015123",
		"91620100123456788F", "A13800138000B1", "9787101003048",
	} {
		if got := MaskFreeText(s); got != s {
			t.Errorf("%q became %q", s, got)
		}
	}
}

var messyText = rapid.StringOfN(rapid.SampledFrom([]rune("0123456789０１８Xx -－*张三、，（）()公司店省市县区镇乡街道路号·Aa.元\u3000")), 0, 60, -1)

// Masking what is masked changes nothing, and no mask adds to what can be read.
func TestMasksAreIdempotent(t *testing.T) {
	classes := []catalog.Privacy{catalog.PrivacyName, catalog.PrivacyID, catalog.PrivacyPhone, catalog.PrivacyBank, catalog.PrivacyAddress, catalog.PrivacyParty, catalog.PrivacyFree}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(messyText, rapid.String()).Draw(t, "cell")
		for _, class := range classes {
			once := Mask(class, s)
			if twice := Mask(class, once); twice != once {
				t.Fatalf("%s %q: first %q, then %q", class, s, once, twice)
			}
		}
	})
}

// Whatever stands around it, a mobile number or an identity number does not
// get through.
func TestNoNumberOfAPersonGetsThrough(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		phone := rapid.StringMatching(`1[3-9][0-9]{9}`).Draw(t, "phone")
		id := rapid.StringMatching(`62[0-9]{4}19[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|1[0-9]|2[0-8])[0-9]{3}`).Draw(t, "id")
		id += string(IDCardCheck(id))
		around := rapid.SampledFrom([]string{"，", "电话", "(", "）", " ", "\n", "/", "：", "tel:", "。", "日"})
		s := around.Draw(t, "a") + phone + around.Draw(t, "b") + id + around.Draw(t, "c") + phone[:3] + "-" + phone[3:7] + "-" + phone[7:] + around.Draw(t, "d")
		if got := MaskFreeText(s); strings.Contains(got, phone) || strings.Contains(got, id) || strings.Contains(got, phone[3:7]+"-") {
			t.Fatalf("%q became %q", s, got)
		}
	})
}

func FuzzMaskFreeText(f *testing.F) {
	for _, s := range []string{"电话138-0013-8000，身份证11010519491231002X", "卡号6222 0212 3456 7890 128", "138****8000 13900139000", "１３８００１３８０００"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once := MaskFreeText(s)
		if twice := MaskFreeText(once); twice != once {
			t.Errorf("%q: first %q, then %q", s, once, twice)
		}
		if utf8.ValidString(s) && utf8.RuneCountInString(once) != utf8.RuneCountInString(s) {
			t.Errorf("%q became %q, of another length", s, once)
		}
		if party := MaskParty(s); MaskParty(party) != party {
			t.Errorf("%q: first %q, then %q", s, party, MaskParty(party))
		}
	})
}

func TestNamesOfPersonsAreToldFromOrganisations(t *testing.T) {
	for cell, want := range map[string]string{
		"张三": "张三", " 张三、李四光 ": "张三 李四光", "兰州金桥商贸有限公司": "", "欧阳修文": "欧阳修文", "": "", "王": "", "兰州市城关区张三面馆": "", "张*": "",
		"兰州金桥商贸有限公司，王秀英": "王秀英", "买买提·艾力": "买买提·艾力",
	} {
		if got := strings.Join(PersonNames(cell), " "); got != want {
			t.Errorf("%q: found %q, want %q", cell, got, want)
		}
	}
}

func TestNamesThatAreAnnouncedAreMasked(t *testing.T) {
	for text, want := range map[string]string{
		"经办人蒋雪梅已退款": "经办人蒋**已退款", "联系人：王伟，电话另附": "联系人：王*，电话另附", "投诉人李敏称未收到": "投诉人李*称未收到", "姓名: 欧阳子涵": "姓名: 欧***",
		"当事人陈列过期食品": "当事人陈列过期食品", "当事人：陈磊": "当事人：陈*", "负责人高度重视": "负责人高度重视", "联系人为两名": "联系人为两名", "联系人": "联系人", "户主王": "户主王",
		"联系人张三、联系人李四": "联系人张*、联系人李*", "举报人赵建国（13800138000）": "举报人赵**（138****8000）", "申请人：兰州大学": "申请人：兰州大学", "经办人蒋**已退款": "经办人蒋**已退款",
	} {
		if got := MaskFreeText(text); got != want || MaskFreeText(got) != got {
			t.Errorf("%q: found %q, want %q", text, got, want)
		}
	}
}
