package ingest

import (
	"fmt"
	"io"
	"strings"

	"govdata/catalog"
	"govdata/ingest/decode"
	"govdata/ingest/layout"
)

// Describe tells a clerk in words what became of the files: enough to mend
// them without asking anyone. lang is zh or en.
func (r *Report) Describe(w io.Writer, lang string) {
	p := &printer{w: w, lang: lang}
	p.line(0, "%s：%s", "%s: %s", r.Dataset, p.outcome(r))
	p.line(0, "文件共 %d 行：发布 %d，退回 %d，不予公开 %d；保留原有 %d（%s，%.1f 秒）", "%d rows in the files: %d published, %d rejected, %d withheld; %d kept from before (%s, %.1f s)",
		r.In, r.Published, r.Rejected, r.Withheld, r.Kept, r.Mode, r.Seconds)
	for i := range r.Files {
		r.describeLeft(p, &r.Files[i])
	}
	p.decisions(1, r.Decisions)
	for i := range r.Files {
		r.describeFile(p, &r.Files[i])
	}
	p.skips(1, r.Skipped)
	r.describeRelations(p)
	if len(r.Changes) > 0 {
		p.line(1, "与上一版本的差异：", "against the release before:")
	}
	for _, c := range r.Changes {
		mark := map[bool]catalog.Text{true: {Zh: "（破坏性变化，需确认）", En: " (breaking, to be accepted)"}}[c.Breaking].In(lang)
		p.line(2, "%s：%s%s", "%s: %s%s", c.Name, c.Detail.In(lang), mark)
	}
	r.describeRejects(p)
}

// describeRelations tells what other datasets had to say of the rows.
func (r *Report) describeRelations(p *printer) {
	for _, c := range r.References {
		fields := strings.Join(c.Fields, ", ")
		switch {
		case c.Release == "":
			p.line(1, "%s 未核对：数据集 %s 尚无版本", "%s not looked up: dataset %s has no release yet", fields, c.To)
		case c.Missing > 0:
			p.line(1, "%s：%d 行在 %s@%s 中找不到对应记录", "%s: %d rows refer to nothing in %s@%s", fields, c.Missing, c.To, c.Release)
		default:
			p.line(1, "%s 全部见于 %s@%s", "%s: all found in %s@%s", fields, c.To, c.Release)
		}
	}
	for _, w := range r.KeptBack {
		if w.Field != "" {
			p.line(1, "字段 %s 不予公开：%s", "field %s is withheld: %s", w.Field, w.Basis.In(p.lang))
		} else if w.Rows > 0 {
			p.line(1, "%d 行不予公开：%s", "%d rows are withheld: %s", w.Rows, w.Basis.In(p.lang))
		}
	}
}

func (p *printer) outcome(r *Report) string {
	switch {
	case r.Refused != "":
		return p.in("未发布：", "not published: ") + r.Refused
	case r.Release != "":
		return p.in("已发布版本 ", "published as release ") + string(r.Release)
	}
	return p.in("已处理", "processed")
}

// describeLeft tells what of a file is not published, before anything else.
func (r *Report) describeLeft(p *printer, f *FileReport) {
	for _, t := range f.Tables {
		name := t.Name
		if name == "" {
			name = f.Name
		}
		if t.Left != "" {
			p.line(1, "未发布：表“%s”，%d 行（%s）；可用 --sheet 或 --table 单独读取", "not published: table %q with %d rows (%s); take it on its own with --sheet or --table", name, t.Rows, t.Left)
			continue
		}
		p.leftOut(1, &t.Plan, p.in("表“"+name+"”：", fmt.Sprintf("table %q: ", name)))
	}
}

// leftOut counts what is no row of a table, and the rows that do not fit.
func (p *printer) leftOut(depth int, plan *layout.Plan, table string) {
	counts, order := map[string]int64{}, []string{}
	for _, s := range plan.Skipped {
		if s.Why == "blank" {
			continue
		}
		if counts[s.Why] == 0 {
			order = append(order, s.Why)
		}
		counts[s.Why] += s.To - s.Line + 1
	}
	var parts []string
	for _, why := range order {
		parts = append(parts, fmt.Sprintf(p.in("%s %d 行", "%[2]d %[1]s"), layout.Reasons[why].In(p.lang), counts[why]))
	}
	if len(parts) > 0 {
		p.line(depth, "%s略去的行：%s", "%slines left out: %s", table, strings.Join(parts, p.in("，", ", ")))
	}
	for _, u := range []struct {
		layout.Uneven
		zh, en string
	}{
		{plan.Longer, "%s%d 行的单元格多于列数，首见于第 %d 行", "%s%d rows have more cells than there are columns, first on line %d"},
		{plan.Shorter, "%s%d 行的单元格少于列数，首见于第 %d 行", "%s%d rows have fewer cells than there are columns, first on line %d"},
		{plan.Slipped, "%s%d 行的单元格错位，已退回，首见于第 %d 行", "%s%d rows are shifted and rejected, first on line %d"},
	} {
		if u.Rows > 0 {
			p.line(depth, u.zh, u.en, table, u.Rows, u.Line)
		}
	}
	if n := len(plan.Sections); n > 1 {
		p.line(depth, "%s表头重复出现，其上有 %d 个不同标题：%s", "%sthe header comes again under %d headings: %s", table, n, layout.Quote(plan.Sections))
	}
}

func (r *Report) describeFile(p *printer, f *FileReport) {
	p.file(1, f.Name, &f.Info)
	for _, t := range f.Tables {
		r.describeTable(p, t)
	}
}

func (r *Report) describeTable(p *printer, t *TableReport) {
	if t.Left != "" {
		p.line(2, "表“%s”未读取：%s", "table %q left out: %s", t.Name, t.Left)
		return
	}
	if t.Name != "" {
		p.line(2, "表“%s”", "table %q", t.Name)
	}
	p.plan(2, &t.Plan)
	for i := range t.Columns {
		r.describeColumn(p, &t.Columns[i])
	}
}

func (r *Report) describeColumn(p *printer, c *Column) {
	if c.Field == "" {
		if c.Header == "" {
			return
		}
		near := ""
		if len(c.Nearest) > 0 {
			near = p.in("；近似：", "; like ") + strings.Join(c.Nearest, ", ")
		}
		p.line(3, "第 %d 列“%s”：定义中没有，未发布%s", "column %d %q: not in the definition, not published%s", c.Column, hideText(c.Header), near)
		return
	}
	rules := ""
	if f := r.definition.Field(c.Field); f != nil {
		rules = rulesText(f, c, p.lang)
	}
	p.line(3, "第 %d 列“%s” → %s（%s）", "column %d %q -> %s (%s)", c.Column, c.Header, c.Field, rules)
	if c.Cells != nil && c.Cells.Damaged > 0 {
		p.line(4, "%d 个长数字在报送前已被电子表格舍去尾数（如 6.20102E+17，或18位数字以000结尾），请以文本格式重新导出", "%d long numbers had lost digits in a spreadsheet before they were sent (as 6.20102E+17, or 18 digits that end in 000); export the column as text", c.Cells.Damaged)
	}
	if c.Cells == nil || c.Cells.Changed+c.Cells.Nulls == 0 {
		return
	}
	if c.Cells.Personal > 0 {
		p.line(4, "%d 个单元格含个人信息，已脱敏；本列在定义中没有脱敏规则", "%d cells held personal data, which is masked; the definition has no mask for this column", c.Cells.Personal)
	}
	p.line(4, "%d 个单元格已改写，%d 个视为空值%s", "%d cells changed, %d read as no value%s", c.Cells.Changed, c.Cells.Nulls, examples(c.Cells.Examples))
}

func examples(all []Example) string {
	var b strings.Builder
	for i, e := range all {
		fmt.Fprintf(&b, "%s%.40q -> %.40q", []string{": ", ", "}[min(i, 1)], e.Sent, e.Published)
	}
	return b.String()
}

// rulesText names the rules that a column's cells keep.
func rulesText(f *catalog.Field, c *Column, lang string) string {
	parts := []string{string(f.Type)}
	add := func(zh, en string) { parts = append(parts, catalog.Text{Zh: zh, En: en}.In(lang)) }
	if f.Semantic != "" {
		parts = append(parts, string(f.Semantic))
	}
	switch {
	case f.Unit != "" && c.Unit != "" && c.Unit != f.Unit:
		add(c.Unit+" 换算为 "+f.Unit, "in "+c.Unit+", stored in "+f.Unit)
	case f.Unit != "":
		add("单位 "+f.Unit, "in "+f.Unit)
	}
	if f.Required {
		add("必填", "required")
	}
	if len(f.Enum) > 0 {
		add(fmt.Sprintf("限 %d 个取值", len(f.Enum)), fmt.Sprintf("one of %d values", len(f.Enum)))
	}
	if f.Pattern != "" {
		add("格式 "+f.Pattern, "of the form "+f.Pattern)
	}
	switch {
	case f.Min != "" && f.Max != "":
		add("范围 "+f.Min+"…"+f.Max, "from "+f.Min+" to "+f.Max)
	case f.Min != "":
		add("不小于 "+f.Min, "at least "+f.Min)
	case f.Max != "":
		add("不大于 "+f.Max, "at most "+f.Max)
	}
	if f.Privacy != catalog.PrivacyNone {
		add("脱敏 "+string(f.Privacy), "masked as "+string(f.Privacy))
	}
	return strings.Join(parts, ", ")
}

func (r *Report) describeRejects(p *printer) {
	if r.Rejected == 0 {
		return
	}
	p.line(1, "退回 %d 行：", "%d rows rejected:", r.Rejected)
	for _, f := range r.Faults {
		p.line(2, "%s：%s，%d 个单元格", "%s: %s, %d cells", f.Field, f.Code, f.Cells)
	}
	for _, reject := range r.Rejects {
		at := fmt.Sprintf("%s:%d", reject.File, reject.Line)
		if reject.Table != "" {
			at = fmt.Sprintf("%s, %s:%d", reject.File, reject.Table, reject.Line)
		}
		p.line(2, "%s，第 %d 列“%s”：是 %q，应为%s", "%s, column %d %q: found %q, expected %s", at, reject.Column, reject.Header, shorten(reject.Value), reject.Reason.In(p.lang))
	}
	p.line(1, "全部原因见 %s；原样退回的行见 %s，改正后可再次报送", "every reason is in %s; the rows as they were sent are in %s, to be mended there and sent again", rejectList, strings.Join(r.RejectFiles, ", "))
}

func shorten(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}

// printer writes indented lines in one of the two languages.
type printer struct {
	w    io.Writer
	lang string
}

func (p *printer) in(zh, en string) string { return catalog.Text{Zh: zh, En: en}.In(p.lang) }

func (p *printer) line(depth int, zh, en string, args ...any) {
	// Titles, headers and names of sheets are repeated as they stand in the file.
	fmt.Fprintln(p.w, hideText(fmt.Sprintf(strings.Repeat("  ", depth)+p.in(zh, en), args...)))
}

// file tells what a file was found to be.
func (p *printer) file(depth int, name string, info *decode.Info) {
	charset := ""
	if info.Charset != "" {
		charset = fmt.Sprintf(", %s (%s)", info.Charset, info.Evidence)
	}
	p.line(depth, "文件 %s：%s%s", "file %s: %s%s", name, strings.Join(append(append([]string{}, info.Container...), info.Format), " > "), charset)
	for _, note := range info.Notes {
		p.line(depth+1, "%s", "%s", note)
	}
	if info.Undecodable > 0 {
		p.line(depth+1, "%d 处字节不属于该字符集，所在行已退回：", "%d places are no text in this character set; their rows are rejected:", info.Undecodable)
		for _, at := range info.UndecodableAt[:min(5, len(info.UndecodableAt))] {
			p.line(depth+2, "第 %d 行第 %d 字：%s", "line %d, character %d: %s", at.Line, at.Col, at.Bytes)
		}
	}
}

// plan tells where the table stands.
func (p *printer) plan(depth int, plan *layout.Plan) {
	switch n := len(plan.Header); {
	case n == 0:
		p.line(depth, "没有表头（%s）", "no header (%s)", plan.Evidence.In(p.lang))
	case n == 1:
		p.line(depth, "表头在第 %d 行（%s）", "header on line %d (%s)", plan.Header[0], plan.Evidence.In(p.lang))
	default:
		p.line(depth, "表头在第 %d 至 %d 行（%s）", "header on lines %d to %d (%s)", plan.Header[0], plan.Header[n-1], plan.Evidence.In(p.lang))
	}
	if len(plan.Instead) > 0 {
		p.line(depth+1, "把握 %.0f%%；也可能是：--header %s", "%.0f %% sure; it could also be --header %s", plan.Sure*100, strings.Join(plan.Instead, ", --header "))
	}
	if plan.Beside > 1 {
		p.line(depth, "同样的列并排出现 %d 次，已上下合并", "the same columns stand side by side %d times and are read one below the other", plan.Beside)
	}
}

// skips lists the lines that are no data.
func (p *printer) skips(depth int, skips []layout.Skip) {
	const most = 200
	for _, s := range skips[:min(most, len(skips))] {
		where := fmt.Sprint(s.Line)
		if s.To > s.Line {
			where = fmt.Sprintf("%d-%d", s.Line, s.To)
		}
		if s.Table != "" {
			where = s.Table + ":" + where
		}
		p.line(depth, "略过 %s：%s %s", "skipped %s: %s %s", where, layout.Reasons[s.Why].In(p.lang), s.Text)
	}
	if len(skips) > most {
		p.line(depth, "另有 %d 处，见 report.json", "and %d more, see report.json", len(skips)-most)
	}
}
