package synthetic

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
)

// record is one row by field: days as 2026-03-05, money in yuan, true or
// false; what has no value is absent or empty.
type record map[string]string

// column is a column of a form: its header, 上级_下级 where it stands in two
// rows, the field that fills it (none: the row's number), and how its values
// are written (nil: as they are).
type column struct {
	head, field string
	write       writer
}

// writer writes the value of the i-th row, counted from 0. What it cannot
// read, such as a day that does not exist, it leaves as it is.
type writer func(i int, value string) any

// form is the way in which a department writes its rows down.
type form struct {
	sheet, title string
	under        []any // the line under the title: who fills it in, the unit
	columns      []column
	page         int      // rows on a page, each of which begins with the header; 0: one page
	totals       []string // fields that are summed up at the end
	note         string
}

// cells of the i-th row. Here and there something has blanks behind it.
func (f *form) cells(i int, r record) []any {
	row := make([]any, len(f.columns))
	for j, c := range f.columns {
		switch v := r[c.field]; {
		case c.field == "":
			row[j] = i + 1
		case c.write != nil:
			row[j] = c.write(i, v)
		default:
			row[j] = v
		}
		if s, ok := row[j].(string); ok && s != "" && (i*7+j*3)%53 == 5 {
			row[j] = s + []string{" ", "\u3000"}[j%2]
		}
	}
	return row
}

// header is one row, or two where a column has a heading above it.
func (f *form) header() [][]any {
	var top, bottom []any
	above, two := "", false
	for _, c := range f.columns {
		group, own, grouped := strings.Cut(c.head, "_")
		two = two || grouped
		switch {
		case !grouped:
			top, bottom, above = append(top, c.head), append(bottom, ""), ""
		case group == above:
			top, bottom = append(top, ""), append(bottom, own)
		default:
			top, bottom, above = append(top, group), append(bottom, own), group
		}
	}
	if !two {
		return [][]any{top}
	}
	return [][]any{top, bottom}
}

func (f *form) xlsx(records []record) ([]byte, error) {
	b := newBook(f.sheet)
	b.add(f.title)
	b.merge(1, 1, len(f.columns), 1)
	if len(f.under) > 0 {
		b.add(f.under...)
	}
	dates, err := b.f.NewStyle(&excelize.Style{NumFmt: 14})
	b.do(err)
	sums := make([]any, len(f.columns))
	for i, r := range records {
		if i == 0 || f.page > 0 && i%f.page == 0 {
			f.addHeader(b)
		}
		row := f.cells(i, r)
		b.add(row...)
		for j, v := range row {
			switch v := v.(type) {
			case time.Time:
				b.do(b.f.SetCellStyle(b.sheet, cell(j+1, b.row), cell(j+1, b.row), dates))
			case float64:
				if slices.Contains(f.totals, f.columns[j].field) {
					sum, _ := sums[j].(float64)
					sums[j] = round4(sum + v)
				}
			}
		}
	}
	if len(f.totals) > 0 {
		sums[0] = "合计"
		b.add(sums...)
	}
	if f.note != "" {
		b.add(f.note)
	}
	return b.bytes()
}

func (f *form) addHeader(b *book) {
	rows := f.header()
	for _, row := range rows {
		b.add(row...)
	}
	if len(rows) == 1 {
		return
	}
	top, bottom := rows[0], rows[1]
	for j := 0; j < len(top); j++ {
		if bottom[j] == "" {
			b.merge(j+1, b.row-1, j+1, b.row)
			continue
		}
		last := j
		for last+1 < len(top) && top[last+1] == "" {
			last++
		}
		if last > j {
			b.merge(j+1, b.row-1, last+1, b.row-1)
		}
		j = last
	}
}

// lines are the title, the header and the rows as text.
func (f *form) lines(records []record) [][]string {
	var lines [][]string
	add := func(row []any) {
		texts := make([]string, len(row))
		for j, v := range row {
			texts[j] = plain(v)
		}
		lines = append(lines, texts)
	}
	if f.title != "" {
		add([]any{f.title})
	}
	if len(f.under) > 0 {
		add(f.under)
	}
	for _, row := range f.header() {
		add(row)
	}
	for i, r := range records {
		add(f.cells(i, r))
	}
	if f.note != "" {
		add([]any{f.note})
	}
	return lines
}

func (f *form) csv(records []record) []byte {
	var buf []byte
	for _, line := range f.lines(records) {
		buf = appendRecord(buf, line)
	}
	return buf
}

func (f *form) gb18030(records []record) ([]byte, error) {
	return simplifiedchinese.GB18030.NewEncoder().Bytes(f.csv(records))
}

func (f *form) utf8BOM(records []record) ([]byte, error) {
	return append([]byte("\uFEFF"), f.csv(records)...), nil
}

// utf16Tabs is what Excel saves as "Unicode text".
func (f *form) utf16Tabs(records []record) ([]byte, error) {
	var b strings.Builder
	for _, line := range f.lines(records) {
		b.WriteString(strings.Join(line, "\t") + "\r\n")
	}
	return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().Bytes([]byte(b.String()))
}

// json is the answer of an interface: the rows in an envelope.
func (f *form) json(records []record) ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "{\"code\": 200, \"message\": %q, \"data\": {\"total\": %d, \"records\": [\n", f.title, len(records))
	for i, r := range records {
		if i > 0 {
			b.WriteString(",\n")
		}
		if err := f.object(&b, i, r); err != nil {
			return nil, err
		}
	}
	b.WriteString("\n]}}\n")
	return b.Bytes(), nil
}

// jsonLines is the dump of a collection: an object a line.
func (f *form) jsonLines(records []record) ([]byte, error) {
	var b bytes.Buffer
	for i, r := range records {
		if err := f.object(&b, i, r); err != nil {
			return nil, err
		}
		b.WriteByte('\n')
	}
	return b.Bytes(), nil
}

func (f *form) object(b *bytes.Buffer, i int, r record) error {
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	b.WriteByte('{')
	for j, v := range f.cells(i, r) {
		if j > 0 {
			b.WriteString(", ")
		}
		if v == "" {
			v = nil
		}
		for _, part := range []any{f.columns[j].head, v} {
			if err := e.Encode(part); err != nil {
				return err
			}
			b.Truncate(b.Len() - 1) // the line end
			if part == any(f.columns[j].head) {
				b.WriteString(": ")
			}
		}
	}
	b.WriteByte('}')
	return nil
}

func plain(v any) string {
	switch v := v.(type) {
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case time.Time:
		return v.Format(time.DateOnly)
	}
	return fmt.Sprint(v)
}

// manyDates writes days in the forms that are met with.
func manyDates(i int, v string) any {
	t, err := time.Parse(time.DateOnly, v)
	if err != nil {
		return v
	}
	switch i % 7 {
	case 1:
		return t.Format("2006年1月2日")
	case 2:
		return t.Format("2006/1/2")
	case 3:
		return t.Format("2006.01.02")
	case 4:
		return t.Format("20060102")
	case 5:
		return wide(t.Format(time.DateOnly))
	case 6:
		return inNumerals(t)
	}
	return v
}

var numerals = []rune("〇一二三四五六七八九")

// inNumerals writes 二〇二六年十一月二十四日.
func inNumerals(t time.Time) string {
	year := strings.Map(func(r rune) rune { return numerals[r-'0'] }, strconv.Itoa(t.Year()))
	small := func(n int) string {
		text := ""
		if n >= 20 {
			text = string(numerals[n/10])
		}
		if n >= 10 {
			text += "十"
		}
		if n%10 > 0 {
			text += string(numerals[n%10])
		}
		return text
	}
	return year + "年" + small(int(t.Month())) + "月" + small(t.Day()) + "日"
}

// dateCells writes days as a workbook stores them, and some as text.
func dateCells(i int, v string) any {
	t, err := time.Parse(time.DateOnly, v)
	switch {
	case err != nil:
		return v
	case i%4 == 3:
		return t.Format("2006年1月2日")
	}
	return t
}

// inTenThousands writes yuan as 万元.
func inTenThousands(_ int, v string) any {
	yuan, err := strconv.ParseFloat(v, 64)
	if err != nil {
		return v
	}
	return round4(yuan / 1e4)
}

// grouped writes an amount with separators between thousands.
func grouped(_ int, v string) any {
	if yuan, err := strconv.ParseFloat(v, 64); err == nil {
		return thousands(strconv.FormatFloat(yuan, 'f', 2, 64))
	}
	return v
}

// withUnit writes an amount with its unit, in 万元 where it is large.
func withUnit(_ int, v string) any {
	yuan, err := strconv.ParseFloat(v, 64)
	switch {
	case err != nil:
		return v
	case yuan >= 1e4:
		return plain(round4(yuan/1e4)) + "万元"
	}
	return plain(yuan) + "元"
}

// number writes a number as one.
func number(_ int, v string) any {
	if n, err := strconv.ParseFloat(v, 64); err == nil {
		return n
	}
	return v
}

// percent writes 85.5 as 85.5%.
func percent(_ int, v string) any {
	if v == "" {
		return v
	}
	return v + "%"
}

// yesNo writes 是 and 否.
func yesNo(_ int, v string) any {
	switch v {
	case "true":
		return "是"
	case "false":
		return "否"
	}
	return v
}

// commas parts the values of a list with another mark than the platform does.
func commas(i int, v string) any {
	return strings.ReplaceAll(v, "；", []string{"、", "；", ";", "，"}[i%4])
}

// wideDigits writes the digits of every fifth row in full width.
func wideDigits(i int, v string) any {
	if i%5 == 4 {
		return wide(v)
	}
	return v
}

// or writes the mark where there is no value.
func or(mark string, write writer) writer {
	return func(i int, v string) any {
		switch {
		case v == "":
			return mark
		case write == nil:
			return v
		}
		return write(i, v)
	}
}

// wide makes digits full-width.
func wide(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r + 0xFEE0
		}
		return r
	}, s)
}

// rowsThat finds rows by what they hold.
func rowsThat(hold func(record) bool, records []record) []int {
	var at []int
	for i, r := range records {
		if hold(r) {
			at = append(at, i)
		}
	}
	return at
}

// spoil puts wrong values into rows, on purpose.
func spoil(records []record, wrong map[int]record) []record {
	for i, r := range wrong {
		for field, v := range r {
			records[i][field] = v
		}
	}
	return records
}
