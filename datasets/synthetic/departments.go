package synthetic

import (
	"strconv"
	"strings"

	"govdata/ingest/normalise"
)

// department is one row of the departments table.
type department struct {
	name, uscc, region, level, line, parent string
}

// lines of work by what departments are called: at the province 厅 or 局, below 局.
var lines = []struct{ line, province, local string }{
	{"政务", "人民政府办公厅", "人民政府办公室"}, {"发展改革", "发展和改革委员会", "发展和改革局"}, {"教育", "教育厅", "教育局"}, {"公安", "公安厅", "公安局"},
	{"民政", "民政厅", "民政局"}, {"财政", "财政厅", "财政局"}, {"人社", "人力资源和社会保障厅", "人力资源和社会保障局"}, {"自然资源", "自然资源厅", "自然资源局"},
	{"生态环境", "生态环境厅", "生态环境局"}, {"住建", "住房和城乡建设厅", "住房和城乡建设局"}, {"交通", "交通运输厅", "交通运输局"}, {"水利", "水利厅", "水务局"},
	{"农业农村", "农业农村厅", "农业农村局"}, {"商务", "商务厅", "商务局"}, {"文旅", "文化和旅游厅", "文化和旅游局"}, {"卫生健康", "卫生健康委员会", "卫生健康局"},
	{"应急", "应急管理厅", "应急管理局"}, {"审计", "审计厅", "审计局"}, {"国资", "人民政府国有资产监督管理委员会", "国有资产监督管理局"},
	{"市场监管", "市场监督管理局", "市场监督管理局"}, {"医保", "医疗保障局", "医疗保障局"}, {"乡村振兴", "乡村振兴局", "乡村振兴局"}, {"城管", "", "城市管理综合执法局"},
	{"公共资源", "公共资源交易局", "公共资源交易中心"}, {"督查", "人民政府督查室", "人民政府督查室"}, {"司法", "司法厅", "司法局"}, {"编制", "机构编制委员会办公室", "机构编制委员会办公室"},
}

// department returns that of a line of work in a region of any level; the name
// of the region is as in 兰州市城关区.
func departmentOf(line, code, region string) department {
	for i, l := range lines {
		if l.line != line {
			continue
		}
		d := department{region: code, line: line, level: "县", name: region + l.local}
		switch {
		case code == "620000":
			d.level, d.name = "省", region+l.province
		case strings.HasSuffix(code, "00"):
			d.level = "市"
		}
		number := string(rune('A'+i/10)) + string(rune('0'+i%10))
		for j, a := range agencies {
			if a.name == l.local {
				number = "0" + string(rune('1'+j)) // as admin_penalties has it
			}
		}
		d.uscc = credit("11", code, "YYA000"+number)
		return d
	}
	panic("synthetic: no line of work " + line)
}

// departments are those of every line in every region of Gansu.
func departments() []department {
	var all []department
	add := func(code, region, above, aboveCode string) {
		for _, l := range lines {
			if code == "620000" && l.province == "" {
				continue
			}
			d := departmentOf(l.line, code, region)
			if above != "" && (aboveCode != "620000" || l.province != "") {
				d.parent = departmentOf(l.line, aboveCode, above).name
			}
			all = append(all, d)
		}
	}
	add("620000", "甘肃省", "", "")
	for _, c := range theWorld().cities {
		add(c.code, c.full, "甘肃省", "620000")
	}
	for _, r := range theWorld().regions {
		city := theWorld().cityOf(r.code)
		add(r.code, r.full, city.full, city.code)
	}
	return all
}

func departmentsText() ([]byte, error) {
	buf := []byte("\uFEFF")
	buf = appendRecord(buf, []string{"序号", "单位名称", "统一社会信用代码", "行政区划代码", "级别", "系统", "主管部门"})
	for i, d := range departments() {
		if _, err := normalise.USCC(d.uscc); err != nil {
			return nil, err
		}
		buf = appendRecord(buf, []string{strconv.Itoa(i + 1), d.name, d.uscc, d.region, d.level, d.line, d.parent})
	}
	return buf, nil
}
