package infer

import (
	"regexp"
	"strings"
	"unicode"

	"govdata/ingest/normalise"
)

// header is what the name of a column says of its cells.
type header struct {
	code, phone, region, org, identity, person bool
	date, month, latitude, longitude           bool
	// serial is a column of ordinals, versions or clauses; amount one of measures.
	serial, amount bool
	// own is the unit in the header, inherited the one of the preamble.
	own, inherited unit
}

// unit is a unit without its magnitude, and the power of ten of that.
type unit struct {
	name  string
	shift int
}

func readHeader(text string, o Options) header {
	var h header
	title := normalise.Fold(text)
	if t, name, shift, ok := normalise.Unit(text); ok {
		title, h.own = normalise.Fold(t), unit{name, shift}
	}
	words := " " + strings.Join(wordsOf(title), " ") + " "
	has := func(zh *regexp.Regexp, en *regexp.Regexp) bool {
		return zh.MatchString(title) || en != nil && en.MatchString(words)
	}
	h.phone = has(phoneZh, phoneEn)
	h.identity = has(identityZh, identityEn)
	h.org = has(orgZh, orgEn)
	h.region = has(regionZh, regionEn)
	h.code = h.phone || h.identity || h.org || h.region || has(codeZh, codeEn)
	h.serial = has(serialZh, serialEn)
	h.amount = has(amountZh, amountEn)
	h.person = personZh.MatchString(title)
	h.date = has(dateZh, dateEn)
	h.month = has(monthZh, monthEn)
	h.latitude = has(latitudeZh, latitudeEn)
	h.longitude = has(longitudeZh, longitudeEn)
	if h.own == (unit{}) && o.Unit != "" && !has(noUnitZh, noUnitEn) && !h.code && !h.date && !h.month && !h.latitude && !h.longitude {
		for _, form := range []string{o.Unit, "（" + o.Unit + "）"} {
			if _, name, shift, ok := normalise.Unit(form); ok {
				h.inherited = unit{name, shift}
				break
			}
		}
	}
	return h
}

// wordsOf splits a Latin header into lower-case words: areaCode, zip_code, Zip5
// and Date of Payment all have theirs.
func wordsOf(s string) []string {
	var words []string
	var word []rune
	end := func() {
		if len(word) > 0 {
			words = append(words, strings.ToLower(string(word)))
		}
		word = word[:0]
	}
	lower := false
	for _, r := range s {
		if !unicode.IsLetter(r) || unicode.IsUpper(r) && lower {
			end()
		}
		if unicode.IsLetter(r) {
			word = append(word, r)
		}
		lower = unicode.IsLower(r)
	}
	end()
	return words
}

func english(words string) *regexp.Regexp { return regexp.MustCompile(` (?:` + words + `) `) }

// The words of headers, simplified, traditional and English.
var (
	codeZh      = regexp.MustCompile(`代码|代碼|编码|編碼|编号|編號|文号|文號|邮编|邮政编|郵遞區號|证号|證號|证件号|号码|號碼`)
	codeEn      = english(`code|codes|codice|codigo|código|zip|zipcode|postcode|postal|fips|nsn|isbn|issn|id card|id number`)
	serialZh    = regexp.MustCompile(`序号|序號|版本|批次|条款|條款|条目|章节|章節|条号|款号|期号|编次|层级号|项号`)
	serialEn    = english(`version|versions|clause|section|chapter|article|release|revision|rev|batch|paragraph`)
	amountZh    = regexp.MustCompile(`金额|金額|价|價|费|費|额|額|率|比|占|面积|面積|长度|宽|高度|重量|质量|温|湿|浓度|量|值|分数|得分|均|指数|系数|距离|速度|产|收入|支出|预算|决算|余|合计|总`)
	amountEn    = english(`amount|price|cost|fee|rate|ratio|percent|area|length|width|height|weight|mass|temperature|score|value|mean|average|total|sum|index|distance|speed|rain|rainfall|magnitude|depth|lat|lon|latitude|longitude`)
	phoneZh     = regexp.MustCompile(`(?:电话|電話|手机|手機|热线|传真|联系方式)(?:号码?|號碼?)?$`)
	phoneEn     = english(`phone|telephone|tel|mobile|cell phone|fax|hotline`)
	identityZh  = regexp.MustCompile(`(?:身份证|身份證)$|身份证(?:件)?号|身份證字號|公民身份号|身份号码|证件号码`)
	identityEn  = english(`id card|id card number|identity card|identity number`)
	orgZh       = regexp.MustCompile(`组织机构代码|机构代码`)
	orgEn       = english(`org code|organisation code|organization code`)
	regionZh    = regexp.MustCompile(`区划|地区代码|地区编码|行政区`)
	regionEn    = english(`region code|area code|division code|adcode`)
	personZh    = regexp.MustCompile(`(?:姓名|法定代表人|法人代表|联系人|负责人|经办人|经营者|责任人)$`)
	dateZh      = regexp.MustCompile(`日期|时间|時間|日$`)
	dateEn      = english(`date|day|datetime|time|timestamp`)
	monthZh     = regexp.MustCompile(`年月|月份|月度|月$`)
	monthEn     = english(`month|yearmonth|yyyymm`)
	latitudeZh  = regexp.MustCompile(`纬度|緯度`)
	latitudeEn  = english(`lat|latitude|latitudine|latitud`)
	longitudeZh = regexp.MustCompile(`经度|經度`)
	longitudeEn = english(`lng|lon|long|longitude|longitudine|longitud`)
	// noUnit are columns that a unit above the table does not reach.
	noUnitZh = regexp.MustCompile(`年份|年度|^年$|序号|序號|排名|名次|行次|增长|增速|增幅|比重|占比|比例|率|指数|人数|户数|个数|家数|次数|件数|数量|面积|人口`)
	noUnitEn = english(`year|rank|id|no|index|rate|ratio|share|percent|percentage|count|number|quantity|area|population`)
)
