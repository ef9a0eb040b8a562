package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/unicode/norm"

	"govdata/catalog"
	"govdata/ingest/normalise"
)

// person makes values of one kind of personal data.
type person struct {
	kind, header string
	value        func(i int) string
	// telling says that only a header tells: no cell of such a column looks
	// like more than a word or a number.
	telling bool
	// words says that the value is no number, and is not disguised as one.
	words bool
}

func identityNumber(i int) string {
	body := fmt.Sprintf("6201%02d19%02d%02d%02d%03d", i%5+2, 50+i*7%50, i%12+1, i*3%28+1, 101+i*37%800)
	return body + string(normalise.IDCardCheck(body))
}

// cardNumber is a number of n digits that passes Luhn's rule.
func cardNumber(prefix string, n, i int) string {
	body := prefix + fmt.Sprintf("%0*d", n-1-len(prefix), 1234567+i*7654321)
	for last := '0'; ; last++ {
		if _, err := normalise.BankCard(body + string(last)); err == nil {
			return body + string(last)
		}
	}
}

var persons = []person{
	{kind: "identity", header: "身份证号", value: identityNumber},
	{kind: "old identity", header: "证件号码", value: func(i int) string { n := identityNumber(i); return n[:6] + n[8:17] }},
	{kind: "mobile", header: "手机号", value: func(i int) string { return fmt.Sprintf("139%08d", 19001234+i*1357) }},
	{kind: "mobile +86", header: "移动电话", value: func(i int) string { return fmt.Sprintf("+86137%08d", 29001234+i*1357) }},
	{kind: "mobile 0086", header: "联系人电话", value: func(i int) string { return fmt.Sprintf("0086138%08d", 39001234+i*1357) }},
	{kind: "bank card", header: "银行卡号", value: func(i int) string { return cardNumber("622202", 19, i) }},
	{kind: "credit card", header: "信用卡卡号", value: func(i int) string { return cardNumber("6259", 16, i) }},
	{kind: "account", header: "收款账号", value: func(i int) string { return fmt.Sprintf("2703%013d", 1000123456+i*91) }, telling: true},
	{kind: "landline", header: "家庭电话", value: func(i int) string { return fmt.Sprintf("0931%07d", 8412345+i*13) }, telling: true},
	{kind: "passport", header: "护照号", value: func(i int) string { return fmt.Sprintf("E%08d", 12345670+i) }, telling: true},
	{kind: "permit", header: "港澳居民来往内地通行证号", value: func(i int) string { return fmt.Sprintf("H%08d", 34567890+i*3) }, telling: true},
	{kind: "social", header: "社保号", value: func(i int) string { return fmt.Sprintf("62010%09d", 765432100+i*7) }, telling: true},
	{kind: "e-mail", header: "电子邮箱", value: func(i int) string { return fmt.Sprintf("wangxiuying%04d@qq.com", 7000+i) }, words: true},
	{kind: "plate", header: "车牌号", value: func(i int) string { return fmt.Sprintf("甘A%05d", 23456+i*11) }, words: true},
	{kind: "WeChat", header: "微信号", value: func(i int) string { return fmt.Sprintf("wxid_k%07d", 1234560+i) }, telling: true, words: true},
	{kind: "name", header: "姓名", value: func(i int) string { return "王秀" + string([]rune("英兰芳珍梅桂")[i%6]) }, telling: true, words: true},
	{kind: "householder", header: "户主", value: func(i int) string { return "赵国" + string([]rune("强栋梁华庆军")[i%6]) }, telling: true, words: true},
	{kind: "address", header: "家庭住址", value: func(i int) string { return fmt.Sprintf("兰州市城关区天水中路%d号3单元%d02室", 18+i, 3+i) }, telling: true, words: true},
}

// disguise is a way in which a value comes in a cell.
type disguise struct {
	name string
	of   func(v string, i int, p *person) string
	// numbers only: it parts digits.
	digits bool
	// free says that words stand around the value.
	free bool
}

func chunks(v, mark string) string {
	sizes := map[int][]int{18: {6, 8, 4}, 15: {6, 6, 3}, 11: {3, 4, 4}, 16: {4, 4, 4, 4}, 19: {4, 4, 4, 4, 3}}[len(v)]
	if strings.HasPrefix(v, "+86") {
		return "+86" + mark + chunks(v[3:], mark)
	}
	if strings.HasPrefix(v, "0086") {
		return "0086" + mark + chunks(v[4:], mark)
	}
	var parts []string
	for _, n := range sizes {
		parts = append(parts, v[:n])
		v = v[n:]
	}
	if v != "" {
		parts = append(parts, v)
	}
	return strings.Join(parts, mark)
}

func eachRune(v string, f func(r rune) string) string {
	var b strings.Builder
	for _, r := range v {
		b.WriteString(f(r))
	}
	return b.String()
}

func onlyDigits(f func(r rune) string) func(string, int, *person) string {
	return func(v string, _ int, _ *person) string {
		return eachRune(v, func(r rune) string {
			if r >= '0' && r <= '9' {
				return f(r)
			}
			return string(r)
		})
	}
}

var disguises = []disguise{
	{name: "plain", of: func(v string, _ int, _ *person) string { return v }},
	{name: "blanks around", of: func(v string, _ int, _ *person) string { return " \t" + v + "\u3000" }},
	{name: `="..."`, of: func(v string, _ int, _ *person) string { return `="` + v + `"` }},
	{name: "apostrophe", of: func(v string, _ int, _ *person) string { return "'" + v }},
	{name: "quotes", of: func(v string, _ int, _ *person) string { return `"` + v + `"` }},
	{name: "in blanks", of: func(v string, _ int, _ *person) string { return chunks(v, " ") }, digits: true},
	{name: "in hyphens", of: func(v string, _ int, _ *person) string { return chunks(v, "-") }, digits: true},
	{name: "in no-break blanks", of: func(v string, _ int, _ *person) string { return chunks(v, "\u00a0") }, digits: true},
	{name: "in HTML blanks", of: func(v string, _ int, _ *person) string { return chunks(v, "&nbsp;") }, digits: true},
	{name: "in dashes", of: func(v string, _ int, _ *person) string { return chunks(v, "–") }, digits: true},
	{name: "full-width", of: onlyDigits(func(r rune) string { return string(r + 0xFEE0) })},
	{name: "HTML digits", of: onlyDigits(func(r rune) string { return fmt.Sprintf("&#%d;", r) }), digits: true},
	{name: "HTML hexadecimal", of: onlyDigits(func(r rune) string { return fmt.Sprintf("&#x%x;", r) }), digits: true},
	{name: "HTML twice", of: onlyDigits(func(r rune) string { return fmt.Sprintf("&amp;#%d;", r) }), digits: true},
	{name: "JSON escapes", of: onlyDigits(func(r rune) string { return fmt.Sprintf(`\u%04x`, r) }), digits: true},
	{name: "zero width", of: onlyDigits(func(r rune) string { return string(r) + "\u200b" })},
	{name: "joiners", of: onlyDigits(func(r rune) string { return string(r) + "\u200d" }), digits: true},
	{name: "soft hyphens", of: onlyDigits(func(r rune) string { return string(r) + "\u00ad" }), digits: true},
	{name: "in text", of: func(v string, _ int, _ *person) string { return "经查，" + v + "已登记。" }, free: true},
	{name: "in English", of: func(v string, _ int, _ *person) string { return "no. " + v + " was found" }, free: true},
	{name: "in HTML", of: func(v string, _ int, _ *person) string { return "<td>" + v + "</td>" }, free: true},
	{name: "in JSON", of: func(v string, _ int, _ *person) string { return `{"n":"` + v + `"}` }, free: true},
	{name: "in brackets", of: func(v string, _ int, _ *person) string { return "（" + v + "）" }, free: true},
	{name: "two", of: func(v string, i int, p *person) string { return v + ";" + p.value(i+1) }},
	{name: "two in a list", of: func(v string, i int, p *person) string { return v + "、" + p.value(i+1) }},
	{name: "two in lines", of: func(v string, i int, p *person) string { return v + "\n" + p.value(i+1) }},
	{name: "suffix", of: func(v string, _ int, _ *person) string { return v + "（已注销）" }, free: true},
	{name: "prefix", of: func(v string, _ int, _ *person) string { return "号码：" + v }, free: true},
}

// A combination stands in a column of its own.
type combination struct {
	person   *person
	disguise *disguise
	header   string
	cells    []string
}

const combinationRows = 6

func combinations() []combination {
	var all []combination
	for i := range persons {
		p := &persons[i]
		for j := range disguises {
			d := &disguises[j]
			if d.digits && p.words {
				continue
			}
			for _, telling := range []bool{true, false} {
				if p.telling && !telling {
					continue
				}
				c := combination{person: p, disguise: d, header: fmt.Sprintf("栏%d", len(all))}
				if telling {
					c.header = fmt.Sprintf("%s（%d）", p.header, len(all))
				}
				for row := range combinationRows {
					c.cells = append(c.cells, d.of(p.value(row), row, p))
				}
				all = append(all, c)
			}
		}
	}
	return all
}

// bare is what is left of a text without whatever disguises a value.
func bare(s string) string {
	s = strings.NewReplacer("&amp;", "&").Replace(s)
	for _, form := range []string{"&#%d;", "&#x%x;", `\u%04x`} {
		for d := '0'; d <= '9'; d++ {
			s = strings.ReplaceAll(s, fmt.Sprintf(form, d), string(d))
		}
	}
	s = strings.ReplaceAll(s, "&nbsp;", "")
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || r == '*' || r == '@' {
			return r
		}
		return -1
	}, norm.NFKC.String(s))
}

// secret is the part of a value that may not be read anywhere.
func (p *person) secret(v string) string {
	switch {
	case p.kind == "name" || p.kind == "householder":
		return v
	case p.kind == "address":
		return v[strings.Index(v, "天水"):]
	case p.kind == "e-mail":
		return strings.TrimSuffix(v, "@qq.com")
	case p.kind == "passport" || p.kind == "permit" || p.kind == "plate" || p.kind == "WeChat":
		return bare(v)[2:]
	case len(v) > 8:
		return v[len(v)-8:]
	}
	return v
}

// publicText is all that the public half of a data directory says, unpacked.
func publicText(t *testing.T, data string, id catalog.ID) string {
	t.Helper()
	cat, err := catalog.Open(data, catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := cat.Current(id)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, a := range r.Artefacts {
		if a.Format != "parquet" {
			b.WriteString(plainText(t, r.Path(a), a.Format))
		}
	}
	err = filepath.WalkDir(filepath.Join(data, "public"), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		b.Write(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	b.WriteString(must(t, exitDone, "query", `SELECT * FROM "`+string(id)+`"`, "--format", "jsonl", "--data", data))
	return digest.ReplaceAllString(b.String(), "")
}

// Every kind of personal data in every disguise, under a header that tells and
// one that does not: add stops, says so without a clear value, and what is
// masked then is clear nowhere in public.
func TestNoDisguisedPersonIsPublished(t *testing.T) {
	all := combinations()
	t.Logf("%d combinations", len(all))
	table := [][]string{nil}
	for _, c := range all {
		table[0] = append(table[0], c.header)
	}
	for row := range combinationRows {
		var cells []string
		for _, c := range all {
			cells = append(cells, c.cells[row])
		}
		table = append(table, cells)
	}
	for _, format := range []string{"csv", "xlsx", "json"} {
		t.Run(format, func(t *testing.T) {
			data := t.TempDir()
			file := write(t, "table."+format, encoded(t, format, table))
			stdout, stderr, code := govdata(t, "add", file, "--id", "people", "--data", data, "--json")
			if code != exitFailed {
				t.Fatalf("exit code %d\n%.500s", code, stderr)
			}
			if _, err := os.Stat(filepath.Join(data, "public", "people")); err == nil {
				t.Error("something is published before anyone decided")
			}
			var found struct {
				Personal []struct{ Header string }
			}
			if err := json.Unmarshal([]byte(stdout), &found); err != nil {
				t.Fatal(err)
			}
			said := bare(stdout + stderr + must(t, exitDone, "inspect", file) + must(t, exitDone, "inspect", file, "--json"))
			for _, c := range all {
				if !slices.ContainsFunc(found.Personal, func(p struct{ Header string }) bool { return p.Header == c.header }) {
					t.Errorf("%s, %s under %q is not found: %q", c.person.kind, c.disguise.name, c.header, c.cells[0])
				}
				c.hidden(t, "said", said)
			}
		})
	}
	for part := 0; part < len(all); part += 60 { // a publish of so many columns is quick
		to := min(len(all), part+60)
		data := t.TempDir()
		format := []string{"csv", "xlsx", "json"}[part/60%3]
		var columns [][]string
		for _, row := range table {
			columns = append(columns, append([]string{"行"}, row[part:to]...))
		}
		for i := range columns[1:] {
			columns[i+1][0] = fmt.Sprintf("第%d行", i)
		}
		file := write(t, "table."+format, encoded(t, format, columns))
		out := must(t, exitDone, "add", file, "--id", "people", "--data", data, "--personal", "all=mask", "--json")
		text := bare(publicText(t, data, "people") + out)
		for _, c := range all[part:to] {
			c.hidden(t, "public", text)
		}
	}
}

// hidden reports the values of a combination that can be read in a text.
func (c *combination) hidden(t *testing.T, where, text string) {
	t.Helper()
	for row := range combinationRows {
		if secret := c.person.secret(c.person.value(row)); strings.Contains(text, secret) {
			t.Errorf("%s, %s under %q: %q is %s", c.person.kind, c.disguise.name, c.header, secret, where)
		}
	}
}

// encoded writes a table in a format.
func encoded(t *testing.T, format string, table [][]string) []byte {
	t.Helper()
	var b bytes.Buffer
	switch format {
	case "csv":
		for _, row := range table {
			for i, cell := range row {
				if i > 0 {
					b.WriteByte(',')
				}
				b.WriteString(`"` + strings.ReplaceAll(cell, `"`, `""`) + `"`)
			}
			b.WriteByte('\n')
		}
	case "json":
		var rows []json.RawMessage
		for _, row := range table[1:] {
			var o bytes.Buffer
			o.WriteByte('{')
			for i, cell := range row {
				if i > 0 {
					o.WriteByte(',')
				}
				key, _ := json.Marshal(table[0][i])
				value, _ := json.Marshal(cell)
				fmt.Fprintf(&o, "%s:%s", key, value)
			}
			o.WriteByte('}')
			rows = append(rows, o.Bytes())
		}
		if err := json.NewEncoder(&b).Encode(rows); err != nil {
			t.Fatal(err)
		}
	case "xlsx":
		f := excelize.NewFile()
		defer f.Close()
		for i, row := range table {
			for j, cell := range row {
				at, _ := excelize.CoordinatesToCellName(j+1, i+1)
				if err := f.SetCellStr("Sheet1", at, cell); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := f.Write(&b); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

// A department puts an identity number into an ordinary column of a bundled
// dataset: it is masked in a text, and its row is rejected in a key; no report
// repeats it.
func TestIngestPublishesNoIdentityNumberInAnOrdinaryColumn(t *testing.T) {
	data, number := t.TempDir(), identityNumber(3)
	lines := strings.Split(string(sample(t, "departments/departments_2026.csv")), "\n")
	with := func(column int) string {
		changed := slices.Clone(lines)
		cells := strings.Split(changed[3], ",")
		cells[column] += "（" + number + "）"
		changed[3] = strings.Join(cells, ",")
		return write(t, fmt.Sprintf("departments_%d.csv", column), []byte(strings.Join(changed, "\n")))
	}
	stdout, stderr, code := govdata(t, "ingest", "departments", with(5), "--data", data, "--json")
	if code != exitDone || strings.Contains(stdout+stderr, number) {
		t.Fatalf("in a text: exit code %d, %.2000s%s", code, stdout, stderr)
	}
	if text := publicText(t, data, "departments"); strings.Contains(text, number) || !strings.Contains(text, "教育（******************）") {
		t.Error("in a text it is public, or not masked")
	}
	stdout, stderr, code = govdata(t, "ingest", "departments", with(1), "--data", data, "--json", "--accept-change", "rows")
	if code == exitDone || strings.Contains(stdout+stderr, number) || code == exitRejected && !strings.Contains(stdout, "personal_data") {
		t.Errorf("in a key: exit code %d, %.2000s%s", code, stdout, stderr)
	}
	if strings.Contains(publicText(t, data, "departments"), number) {
		t.Error("in a key it is public")
	}
}

// The decisions stand in the definition, and later files go by them; what is
// newly personal in a later file stops it.
func TestDecisionsStand(t *testing.T) {
	data := t.TempDir()
	head := "项目,姓名,单位手机,说明\n"
	row := func(i int, note string) string {
		return fmt.Sprintf("项目%d,王秀%s,1390000%04d,%s\n", i, string([]rune("英兰芳珍梅桂")[i%6]), i, note)
	}
	text := head
	for i := range 8 {
		text += row(i, "无异常")
	}
	first := write(t, "first.csv", []byte(text))
	_, stderr, _ := govdata(t, "add", first, "--id", "projects", "--data", data, "--personal", "电话=keep")
	if !strings.Contains(stderr, "there is no such column") || !strings.Contains(stderr, "单位手机") {
		t.Errorf("an unknown column: %s", stderr)
	}
	for _, wrong := range []string{"all=keep", "姓名=hide", "姓名", "=mask"} {
		must(t, exitUsage, "add", first, "--id", "projects", "--data", data, "--personal", wrong)
	}
	if _, err := os.Stat(filepath.Join(data, "public", "projects")); err == nil {
		t.Error("a refused add leaves a dataset")
	}
	must(t, exitDone, "add", first, "--id", "projects", "--data", data, "--personal", "姓名=mask", "--personal", "dan_wei_shou_ji=keep", "--dry-run")
	if _, err := os.Stat(filepath.Join(data, "public", "projects")); err == nil {
		t.Error("--dry-run publishes")
	}
	must(t, exitDone, "add", first, "--id", "projects", "--data", data, "--personal", "姓名=mask", "--personal", "dan_wei_shou_ji=keep", "--licence", "CC-BY-4.0")
	definition, err := os.ReadFile(filepath.Join(data, "private", "definitions", "projects.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"decision: keep", "decision: mask", "on: ", "by: ", "licence: CC-BY-4.0", "- mobile"} {
		if !strings.Contains(string(definition), want) {
			t.Errorf("the definition says no %q:\n%s", want, definition)
		}
	}
	csv := must(t, exitDone, "export", "projects", "--format", "csv", "--data", data)
	if !strings.Contains(csv, "王**") || strings.Contains(csv, "王秀") || !strings.Contains(csv, "13900000003") {
		t.Errorf("published is %s", csv)
	}
	number := identityNumber(1)
	out := must(t, exitDone, "ingest", "projects", write(t, "one.csv", []byte(text+row(9, "经查"+number+"居民"))), "--data", data)
	if text := publicText(t, data, "projects"); strings.Contains(text, number) || strings.Contains(out, number) || !strings.Contains(out, "personal data") {
		t.Errorf("an identity number in a later file: %s", out)
	}
	text = head
	for i := range 20 {
		text += row(i, fmt.Sprintf("1370000%04d", i*7))
	}
	later := write(t, "later.csv", []byte(text))
	stdout, stderr, code := govdata(t, "ingest", "projects", later, "--data", data)
	if code != exitFailed || !strings.Contains(stderr, "--personal") || strings.Contains(stdout+stderr, "13700000") {
		t.Errorf("a column that is newly personal: exit code %d, %s", code, stderr)
	}
	must(t, exitDone, "ingest", "projects", later, "--data", data, "--personal", "说明=mask")
	if text := publicText(t, data, "projects"); strings.Contains(text, "13700000007") {
		t.Error("it is public after it was masked")
	}
}
