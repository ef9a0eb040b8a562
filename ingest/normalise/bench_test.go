package normalise

import (
	"testing"

	"govdata/catalog"
)

func BenchmarkCells(b *testing.B) {
	yuan := Number{Precision: 18, Scale: 2, Unit: "元"}
	wan := Number{Precision: 18, Scale: 2, Unit: "元", Shift: 4}
	party := catalog.Field{Type: catalog.TypeText, Required: true, MaxLength: 200}
	rule := RuleOf(&party, 0)
	for _, c := range []struct {
		name string
		f    func() error
	}{
		{"Clean/chinese", func() error {
			Clean("经查，当事人建设项目环境保护设施未经验收即投入生产（示例）")
			return nil
		}},
		{"Clean/ascii", func() error { Clean("91350100M000100Y43"); return nil }},
		{"Clean/folded", func() error { Clean("　〔２０１６〕１２号"); return nil }},
		{"USCC", func() error { _, err := USCC("91350100M000100Y43"); return err }},
		{"IDCard", func() error { _, err := IDCard("11010519491231002X"); return err }},
		{"Date/iso", func() error { _, _, err := Date("2016-03-31"); return err }},
		{"Date/chinese", func() error { _, _, err := Date("2016年3月31日"); return err }},
		{"Date/slash", func() error { _, _, err := Date("2016/3/31"); return err }},
		{"Decimal/plain", func() error { _, err := Decimal("12400.50", yuan); return err }},
		{"Decimal/shifted", func() error { _, err := Decimal("4.54", wan); return err }},
		{"Decimal/grouped", func() error { _, err := Decimal("1,234,567.80元", yuan); return err }},
		{"Decimal/numerals", func() error { _, err := Decimal("壹佰贰拾叁万元整", yuan); return err }},
		{"MaskParty/company", func() error { MaskParty("兰州金桥瑞祥机械设备有限公司"); return nil }},
		{"MaskParty/person", func() error { MaskParty("张三"); return nil }},
		{"MaskFreeText/none", func() error {
			MaskFreeText("经查，当事人未如实记录从业人员安全生产教育和培训情况，处以罚款45400元")
			return nil
		}},
		{"MaskFreeText/phone", func() error { MaskFreeText("联系电话138-0013-8000"); return nil }},
		{"MaskAddress", func() error { MaskAddress("甘肃省兰州市城关区雁滩乡张苏滩123号"); return nil }},
		{"Rule/text", func() error { _, _, err := rule("兰州金桥瑞祥机械设备有限公司"); return err }},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := c.f(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
