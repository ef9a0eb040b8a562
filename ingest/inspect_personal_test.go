package ingest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"govdata/catalog"
)

// Whoever looks at a file does not see the numbers of persons in it, wherever they
// stand: in a title, a header, the name of a sheet or a cell.
func TestInspectTellsNoPersonalNumber(t *testing.T) {
	const mobile, identity = "13412346329", "11010519491231002X"
	for name, text := range map[string]string{
		"title.csv":  "补贴表（联系电话" + mobile + "）,,\n序号,单位,金额\n1,甲,5\n2,乙,6\n3,丙,7\n",
		"header.csv": "序号,单位,金额（" + identity + "）\n1,甲,5\n2,乙,6\n3,丙,7\n",
		"cell.csv":   "序号,单位,备注\n1,甲,电" + mobile + "\n2,乙,无\n3,丙,无\n",
		"foot.csv":   "序号,单位,金额\n1,甲,5\n2,乙,6\n3,丙,7\n联系人：" + identity + ",,\n",
		"key.json":   `[{"单位":"甲","` + identity + `":1},{"单位":"乙","` + identity + `":2}]`,
		"sheet.xls": `<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet ss:Name="张三` + mobile + `"><Table>` +
			strings.Repeat(`<Row><Cell><Data ss:Type="String">单位</Data></Cell><Cell><Data ss:Type="Number">5</Data></Cell></Row>`, 3) + `</Table></Worksheet></Workbook>`,
	} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		in, err := Inspect(t.Context(), path, name, catalog.Layout{}, t.TempDir())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		encoded, err := json.Marshal(in)
		if err != nil || !json.Valid(encoded) {
			t.Errorf("%s: %v", name, err)
		}
		var said strings.Builder
		in.Describe(&said, "zh")
		for _, secret := range []string{mobile, identity} {
			if strings.Contains(string(encoded), secret) || strings.Contains(said.String(), secret) {
				t.Errorf("%s tells %s:\n%s\n%s", name, secret, encoded, said.String())
			}
		}
	}
}
