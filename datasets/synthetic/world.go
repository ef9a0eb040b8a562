package synthetic

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"govdata/datasets"
	"govdata/ingest/calendar"
	"govdata/ingest/normalise"
)

// world is what made-up rows are about: the counties of Gansu and the working
// days of 2024 to October 2026.
type world struct {
	cities  []region
	regions []region // counties
	days    []string

	mu    sync.Mutex
	codes map[string]string // credit codes of agencies
}

type region struct {
	code  string
	full  string // 兰州市城关区
	city  string // 兰州
	short string // 兰城, for document numbers
}

var theWorld = sync.OnceValue(func() *world {
	data, err := datasets.Bundled().Open("regions/regions_gansu_utf8bom.csv")
	if err != nil {
		panic(err) // embedded
	}
	defer data.Close()
	var b bytes.Buffer
	b.ReadFrom(data)
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(b.String(), "\uFEFF"))).ReadAll()
	if err != nil {
		panic(err)
	}
	cities := map[string][]string{}
	w := &world{codes: map[string]string{}}
	for _, r := range rows[1:] {
		switch code, name, short, level := r[0], r[1], r[2], r[3]; {
		case level == "市":
			cities[code] = r
			w.cities = append(w.cities, region{code: code, full: name, city: short, short: string([]rune(short)[:1])})
		case level == "县" && r[7] == "": // still valid
			city := cities[r[4]]
			w.regions = append(w.regions, region{code: code, full: city[1] + name, city: city[2],
				short: string([]rune(city[2])[:1]) + string([]rune(short)[:1])})
		}
	}
	for d := range calendar.Default().Days() {
		if d.Working && d.Date.Year() >= 2024 && d.Date.Before(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)) {
			w.days = append(w.days, d.Date.Format(time.DateOnly))
		}
	}
	return w
})

// cityOf returns the prefecture in which a county lies.
func (w *world) cityOf(county string) region {
	i := slices.IndexFunc(w.cities, func(c region) bool { return c.code == county[:4]+"00" })
	return w.cities[i]
}

const usccLetters = "0123456789ABCDEFGHJKLMNPQRTUWXY"

// uscc makes a valid credit code that no organisation has.
func (m *maker) uscc(kind, region string) string {
	body := []byte("YY000000")
	for i := 2; i < len(body); i++ {
		body[i] = usccLetters[m.rng.IntN(len(usccLetters))]
	}
	return credit(kind, region, string(body))
}

func credit(kind, region, body string) string {
	s := kind + region + body + string(normalise.OrgCodeCheck(body))
	return s + string(normalise.USCCCheck(s))
}

// agencyCode gives every agency of every region one code.
func (m *maker) agencyCode(r region, a agency) string {
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	key := r.code + a.code
	if m.world.codes[key] == "" {
		m.world.codes[key] = credit("11", r.code, "YYA0000"+a.code)
	}
	return m.world.codes[key]
}

// identity makes an identity number with a right check digit, of a county that
// does not exist.
func (m *maker) identity() string {
	s := fmt.Sprintf("629999%d%02d%02d%03d", 1960+m.rng.IntN(40), 1+m.rng.IntN(12), 1+m.rng.IntN(28), m.rng.IntN(1000))
	return s + string(normalise.IDCardCheck(s))
}

type agency struct {
	name, short, code string
	violations        []violation
}

type violation struct{ kind, facts, basis string }

var agencies = []agency{
	{"市场监督管理局", "市监", "1", []violation{
		{"经营超过保质期的食品", "经营的三种预包装食品超过保质期，货值金额较小", "《中华人民共和国食品安全法》第一百二十四条第一款第五项"},
		{"未明码标价", "销售商品未按规定明码标价，责令改正后仍有遗漏", "《中华人民共和国价格法》第四十二条"},
		{"发布虚假广告", "在店铺网页发布与实际不符的功效宣传", "《中华人民共和国广告法》第五十五条第一款"},
		{"无证经营食品", "未取得食品经营许可从事餐饮服务", "《中华人民共和国食品安全法》第一百二十二条第一款"},
		{"使用不合格计量器具", "使用未经检定的电子秤用于贸易结算", "《中华人民共和国计量法》第二十五条"},
	}},
	{"交通运输局", "交", "2", []violation{
		{"超限运输", "货运车辆车货总质量超过限定标准行驶公路", "《公路安全保护条例》第六十四条"},
		{"未取得道路运输经营许可", "未取得道路运输经营许可擅自从事道路货物运输", "《中华人民共和国道路运输条例》第六十三条"},
	}},
	{"城市管理综合执法局", "城管", "3", []violation{
		{"占道经营", "在人行道上摆设摊点经营，影响通行", "《城市道路管理条例》第四十二条"},
		{"擅自倾倒建筑垃圾", "将装修垃圾倾倒于路边绿地", "《城市建筑垃圾管理规定》第二十五条"},
	}},
	{"生态环境局", "环", "4", []violation{
		{"未验先投", "建设项目环境保护设施未经验收即投入生产", "《建设项目环境保护管理条例》第二十三条第一款"},
		{"超标排放", "废气排放口颗粒物浓度超过排放标准", "《中华人民共和国大气污染防治法》第九十九条第二项"},
	}},
	{"应急管理局", "应急", "5", []violation{
		{"未开展安全生产教育培训", "未如实记录从业人员安全生产教育和培训情况", "《中华人民共和国安全生产法》第九十七条第四项"},
		{"特种作业人员无证上岗", "电焊作业人员未取得特种作业操作证上岗作业", "《中华人民共和国安全生产法》第九十七条第七项"},
	}},
	{"卫生健康局", "卫", "6", []violation{
		{"未取得健康证明", "安排未取得健康证明的人员从事直接为顾客服务的工作", "《公共场所卫生管理条例实施细则》第三十八条"},
	}},
	{"住房和城乡建设局", "住建", "7", []violation{
		{"未取得施工许可", "未取得施工许可证擅自施工", "《建设工程质量管理条例》第五十七条"},
	}},
	{"农业农村局", "农", "8", []violation{
		{"经营假劣种子", "经营的玉米种子发芽率低于标签标注值", "《中华人民共和国种子法》第七十五条"},
	}},
}

type permitKind struct {
	agency, short, item, kind, certificate string
	years                                  int
	code                                   string
}

func agency0(p permitKind) agency { return agency{code: p.code} }

var permits = []permitKind{
	{"市场监督管理局", "市监", "食品经营许可（餐饮服务）", "普通", "食品经营许可证", 5, "1"},
	{"市场监督管理局", "市监", "企业设立登记", "登记", "营业执照", 0, "1"},
	{"卫生健康局", "卫", "公共场所卫生许可", "普通", "公共场所卫生许可证", 4, "6"},
	{"交通运输局", "交", "道路货物运输经营许可", "普通", "道路运输经营许可证", 4, "2"},
	{"城市管理综合执法局", "城管", "设置大型户外广告审批", "普通", "户外广告设置许可证", 1, "3"},
	{"住房和城乡建设局", "住建", "建筑工程施工许可", "核准", "建筑工程施工许可证", 2, "7"},
	{"生态环境局", "环", "排污许可", "普通", "排污许可证", 5, "4"},
	{"农业农村局", "农", "种子生产经营许可", "认可", "种子生产经营许可证", 5, "8"},
	{"应急管理局", "应急", "烟花爆竹经营（零售）许可", "特许", "烟花爆竹经营许可证", 1, "5"},
}

var (
	surnames   = strings.Fields("王 李 张 刘 陈 杨 赵 黄 周 吴 徐 孙 马 朱 胡 郭 何 高 林 罗 郑 梁 谢 宋 唐 许 邓 韩 冯 曹 彭 曾 肖 田 董 潘 袁 蔡 蒋 余 欧阳 司马")
	givenNames = strings.Fields("伟 芳 娜 敏 静 丽 强 磊 军 洋 勇 艳 杰 娟 涛 明 超 秀英 建国 建华 志强 海燕 玉兰 文博 晓东 雪梅 国庆 红霞 永刚 淑珍 子涵 雨桐")
	tradeNames = strings.Fields("陇原 金桥 瑞祥 恒通 鑫源 黄河 兴盛 天和 华泰 明达 宏远 丰茂 德信 永昌 祥云 百合 皋兰 嘉禾 众诚 新航")
	industries = strings.Fields("商贸 餐饮管理 建筑工程 物流 农业科技 生物科技 环保科技 装饰工程 信息技术 食品 医疗器械 机械设备")
	shops      = strings.Fields("牛肉面馆 便利店 超市 五金经营部 烟酒商行 理发店 药店 水果店 汽修店 小吃店")
)

// Names returns the family names and the given names of the persons in the samples.
func Names() (family, given []string) { return slices.Clone(surnames), slices.Clone(givenNames) }
