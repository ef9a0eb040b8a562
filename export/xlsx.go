package export

import (
	"archive/zip"
	"bytes"
	"cmp"
	"context"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/klauspost/compress/flate"

	"govdata/catalog"
)

// The limits of the format (ECMA-376 says nothing; Excel's specifications do).
const (
	maxSheetRows = 1 << 20
	maxCellText  = 32767
)

// Cell styles, by their index in styles.xml; decimals with s places follow.
const (
	styleNone = iota
	styleHeader
	styleDate
	styleTimestamp
	styleText
	styleInteger
	styleDecimal
)

// writeXLSX writes a workbook: the rows (over as many sheets as they need), a
// data dictionary and a provenance sheet. Codes stay text; a number that a
// double cannot hold exactly is written as text; a missing value is no cell,
// an empty text an empty one. The sheets' XML is made and deflated batch by
// batch on all cores, so that memory does not grow with rows.
func writeXLSX(ctx context.Context, w io.Writer, rows array.RecordReader, meta Meta) (int64, error) {
	x := &workbook{meta: &meta, zip: zip.NewWriter(w), fields: rows.Schema().Fields(), known: meta.fields()}
	if n := len(x.fields); n > catalog.MaxFields {
		return 0, fmt.Errorf("%d columns, and a sheet of Excel has at most %d: choose fewer, or another format: %w", n, catalog.MaxFields, catalog.ErrInvalid)
	}
	n, err := inOrder(ctx, rows, x.pack, x.add)
	if err != nil {
		return n, err
	}
	return n, x.close(n)
}

type workbook struct {
	meta   *Meta
	zip    *zip.Writer
	fields []arrow.Field
	known  map[string]*catalog.Field // definitions of the columns
	sheets []string

	// The data sheet that is open.
	entry *zip.FileHeader
	out   io.Writer
	rows  int // in it, the header among them
	crc   uint32
	size  uint64
	gone  uint64 // deflated bytes written

	mu  sync.Mutex
	cut int64 // cells that were longer than a cell may be
}

var deflaters = sync.Pool{New: func() any {
	z, _ := flate.NewWriter(nil, 1)
	return z
}}

// deflate compresses b to blocks that end at a byte, and so can be joined to
// others.
func deflate(b []byte) []byte {
	z := deflaters.Get().(*flate.Writer)
	defer deflaters.Put(z)
	var out bytes.Buffer
	out.Grow(len(b) / 6)
	z.Reset(&out)
	z.Write(b)
	z.Flush()
	return out.Bytes()
}

// packed is one batch as rows of a sheet. Rows and cells carry no references,
// because the row at which a batch begins is not known while it is made (they
// may be left out, 18.3.1.4 and 18.3.1.73 of ECMA-376-1); a missing cell is
// written as an empty one instead.
type packed struct {
	size     uint64 // of the XML
	crc      uint32 // of the XML
	deflated []byte
}

func (x *workbook) pack(batch arrow.RecordBatch) packed {
	xml := make([]byte, 0, int(batch.NumRows())*len(x.fields)*40)
	cells := make([]appender, len(x.fields))
	for j := range cells {
		cells[j] = x.cell(batch.Column(j), x.fields[j].Name)
	}
	for i := range int(batch.NumRows()) {
		xml = append(xml, "<row>"...)
		for j := range cells {
			if batch.Column(j).IsNull(i) {
				xml = append(xml, "<c/>"...)
			} else {
				xml = cells[j](xml, i)
			}
		}
		xml = append(xml, "</row>"...)
	}
	return packXML(xml)
}

func packXML(xml []byte) packed {
	return packed{size: uint64(len(xml)), crc: crc32.ChecksumIEEE(xml), deflated: deflate(xml)}
}

// cell returns the appender for the cells of one column.
func (x *workbook) cell(a arrow.Array, name string) appender {
	text := textOf(a)
	number := func(dst []byte, v []byte, style int) []byte {
		dst = append(dst, `<c s="`...)
		dst = strconv.AppendInt(dst, int64(style), 10)
		dst = append(dst, `"><v>`...)
		dst = append(dst, v...)
		return append(dst, "</v></c>"...)
	}
	switch k := kindOf(a.DataType()); k {
	case kindInteger, kindDecimal, kindFloat:
		style := styleInteger
		if d, ok := a.DataType().(arrow.DecimalType); ok {
			style = styleDecimal + int(d.GetScale())
		} else if k == kindFloat {
			style = styleNone
		}
		return func(dst []byte, i int) []byte {
			var buf [64]byte
			v := text(buf[:0], i)
			if c := v[len(v)-1]; c < '0' || c > '9' || k != kindFloat && !exactInDouble(v) {
				return x.text(dst, v)
			}
			return number(dst, v, style)
		}
	case kindBoolean:
		return func(dst []byte, i int) []byte {
			if text(nil, i)[0] == 't' {
				return append(dst, `<c t="b"><v>1</v></c>`...)
			}
			return append(dst, `<c t="b"><v>0</v></c>`...)
		}
	case kindDate:
		days := a.(*array.Date32)
		return func(dst []byte, i int) []byte {
			serial := int64(days.Value(i)) + epoch1900
			if serial < firstSafeSerial || serial > lastSerial {
				return x.text(dst, text(nil, i))
			}
			return number(dst, strconv.AppendInt(nil, serial, 10), styleDate)
		}
	case kindTimestamp:
		stamps := a.(*array.Timestamp)
		unit := a.DataType().(*arrow.TimestampType).Unit
		return func(dst []byte, i int) []byte {
			t := stamps.Value(i).ToTime(unit)
			serial := float64(t.UnixMilli())/86400e3 + epoch1900
			if serial < firstSafeSerial || serial >= lastSerial+1 || t.Nanosecond()%1e6 != 0 {
				return x.text(dst, text(nil, i))
			}
			return number(dst, strconv.AppendFloat(nil, math.Round(serial*1e9)/1e9, 'f', -1, 64), styleTimestamp)
		}
	}
	if s, ok := a.(*array.String); ok {
		return func(dst []byte, i int) []byte { return x.text(dst, []byte(s.Value(i))) }
	}
	return func(dst []byte, i int) []byte { return x.text(dst, text(nil, i)) }
}

const (
	epoch1900       = 25569   // 1970-01-01 as a serial
	firstSafeSerial = 61      // 1900-03-01; before it, Excel counts a day that never was
	lastSerial      = 2958465 // 9999-12-31
)

// text writes a text cell; one longer than a cell may be is cut, and counted.
func (x *workbook) text(dst, s []byte) []byte {
	if len(s) > maxCellText && utf16Length(s) > maxCellText {
		s = cutUTF16(s, maxCellText-1)
		s = append(s, "…"...)
		x.mu.Lock()
		x.cut++
		x.mu.Unlock()
	}
	// Space at either end, and line breaks, count only where that is said; said
	// for every cell it would be a fifth of the sheet.
	if n := len(s); n > 0 && (s[0] <= ' ' || s[n-1] <= ' ' || bytes.IndexByte(s, '\n') >= 0) {
		dst = append(dst, `<c s="4" t="inlineStr"><is><t xml:space="preserve">`...)
	} else {
		dst = append(dst, `<c s="4" t="inlineStr"><is><t>`...)
	}
	dst = appendXML(dst, s)
	return append(dst, "</t></is></c>"...)
}

func utf16Length(s []byte) (n int) {
	for _, r := range string(s) {
		n++
		if r > 0xFFFF {
			n++
		}
	}
	return n
}

func cutUTF16(s []byte, most int) []byte {
	n := 0
	for i, r := range string(s) {
		if n++; r > 0xFFFF {
			n++
		}
		if n > most {
			return append([]byte(nil), s[:i]...)
		}
	}
	return s
}

// special marks the bytes that XML text cannot hold as they are.
var special = func() (t [256]bool) {
	for c := range 0x20 {
		t[c] = true
	}
	t['\n'], t['\t'] = false, false
	t['<'], t['>'], t['&'], t['_'] = true, true, true, true
	for c := utf8.RuneSelf; c < 256; c++ {
		t[c] = c == 0xED || c == 0xEF || c < 0xC2 || c > 0xF4 // where U+FFFE, U+FFFF and broken text begin
	}
	for c := 0x80; c < 0xC2; c++ {
		t[c] = false // continuation bytes
	}
	return t
}()

// appendXML writes s as the text of a cell. Control characters take the form
// _xHHHH_ (ST_Xstring, 22.9.2.19), and so does an underscore that would begin
// that form.
func appendXML(dst, s []byte) []byte {
	start := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !special[c] {
			continue
		}
		var with string
		size := 1
		switch {
		case c == '<':
			with = "&lt;"
		case c == '>':
			with = "&gt;"
		case c == '&':
			with = "&amp;"
		case c == '_':
			if !escaped(s[i:]) {
				continue
			}
			with = "_x005F_"
		case c < 0x20:
			with = fmt.Sprintf("_x%04X_", c)
		default:
			r, n := utf8.DecodeRune(s[i:])
			if r != 0xFFFE && r != 0xFFFF && (r != utf8.RuneError || n > 1) {
				i += n - 1
				continue
			}
			with, size = "\uFFFD", n
		}
		dst = append(dst, s[start:i]...)
		dst = append(dst, with...)
		i += size - 1
		start = i + 1
	}
	return append(dst, s[start:]...)
}

// escaped reports whether s begins with _xHHHH_.
func escaped(s []byte) bool {
	if len(s) < 7 || s[1] != 'x' || s[6] != '_' {
		return false
	}
	_, err := strconv.ParseUint(string(s[2:6]), 16, 16)
	return err == nil
}

// add appends a batch to the open data sheet, or begins the next one where it
// would not fit.
func (x *workbook) add(rows int64, p packed) error {
	if x.out == nil || x.rows+int(rows) > maxSheetRows {
		if err := x.begin(); err != nil {
			return err
		}
	}
	x.rows += int(rows)
	return x.write(p)
}

func (x *workbook) write(p packed) error {
	x.crc = crcJoin(x.crc, p.crc, p.size)
	x.size += p.size
	x.gone += uint64(len(p.deflated))
	_, err := x.out.Write(p.deflated)
	return err
}

// begin ends the open data sheet and opens the next.
func (x *workbook) begin() error {
	if err := x.end(); err != nil {
		return err
	}
	title := x.title()
	if n := len(x.sheets); n > 0 {
		title = fmt.Sprintf("%s %d", cutName(title, 27), n+1)
	}
	x.sheets = append(x.sheets, title)
	x.entry = &zip.FileHeader{Name: fmt.Sprintf("xl/worksheets/sheet%d.xml", len(x.sheets)), Method: zip.Deflate, Flags: 0x8, Modified: x.modified()}
	var err error
	if x.out, err = x.zip.CreateRaw(x.entry); err != nil {
		return err
	}
	x.rows, x.crc, x.size, x.gone = 1, 0, 0, 0
	var b strings.Builder
	b.WriteString(xmlHead + `<worksheet xmlns="` + mainNS + `"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><cols>`)
	for i, f := range x.fields {
		fmt.Fprintf(&b, `<col min="%d" max="%d" width="%d" customWidth="1"/>`, i+1, i+1, x.width(f))
	}
	b.WriteString(`</cols><sheetData><row>`)
	for _, f := range x.fields {
		fmt.Fprintf(&b, `<c s="%d" t="inlineStr"><is><t xml:space="preserve">%s</t></is></c>`, styleHeader, appendXML(nil, []byte(x.heading(f.Name))))
	}
	b.WriteString(`</row>`)
	return x.write(packXML([]byte(b.String())))
}

// end finishes the open data sheet.
func (x *workbook) end() error {
	if x.out == nil {
		return nil
	}
	tail := fmt.Sprintf(`</sheetData><autoFilter ref="A1:%s%d"/></worksheet>`, columnName(len(x.fields)), x.rows)
	if err := x.write(packXML([]byte(tail))); err != nil {
		return err
	}
	last := []byte{1, 0, 0, 0xff, 0xff} // an empty final block
	x.gone += uint64(len(last))
	if _, err := x.out.Write(last); err != nil {
		return err
	}
	x.entry.CRC32, x.entry.UncompressedSize64, x.entry.CompressedSize64 = x.crc, x.size, x.gone
	//lint:ignore SA1019 the data descriptor of a raw entry takes these two
	x.entry.UncompressedSize, x.entry.CompressedSize = uint32(min(x.size, math.MaxUint32)), uint32(min(x.gone, math.MaxUint32))
	x.out = nil
	return nil
}

// crcJoin is the CRC-32 of two texts joined, from those of each and the length
// of the second (zlib's crc32_combine).
func crcJoin(first, second uint32, size uint64) uint32 {
	if size == 0 {
		return first
	}
	var even, odd [32]uint32
	odd[0] = crc32.IEEE
	for n := 1; n < 32; n++ {
		odd[n] = 1 << (n - 1)
	}
	square(&even, &odd)
	square(&odd, &even)
	for m, other := &even, &odd; ; m, other = other, m {
		square(m, other)
		if size&1 != 0 {
			first = times(m, first)
		}
		if size >>= 1; size == 0 {
			return first ^ second
		}
	}
}

func times(m *[32]uint32, v uint32) (sum uint32) {
	for i := 0; v != 0; i, v = i+1, v>>1 {
		if v&1 != 0 {
			sum ^= m[i]
		}
	}
	return sum
}

func square(to, m *[32]uint32) {
	for n := range m {
		to[n] = times(m, m[n])
	}
}

func columnName(n int) (name string) {
	for ; n > 0; n = (n - 1) / 26 {
		name = string(rune('A'+(n-1)%26)) + name
	}
	return name
}

func (x *workbook) title() string {
	if x.meta.Dataset == nil {
		return x.say("查询结果", "Result")
	}
	return cutName(x.meta.Dataset.Title.In(x.meta.Lang), 31)
}

// cutName makes a text fit to name a sheet: 31 characters, none of []:*?/\.
func cutName(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if strings.ContainsRune(`[]:*?/\`, r) {
			return ' '
		}
		return r
	}, s)
	r := []rune(strings.Trim(s, "' "))
	return cmp.Or(string(r[:min(len(r), most)]), "Sheet")
}

func (x *workbook) heading(name string) string {
	if f := x.known[name]; f != nil {
		title := f.Title.In(x.meta.Lang)
		if f.Unit != "" {
			title += "（" + f.Unit + "）"
		}
		return title
	}
	return name
}

func (x *workbook) width(f arrow.Field) int {
	least := 2*utf8.RuneCountInString(x.heading(f.Name)) + 4
	switch kindOf(f.Type) {
	case kindDate:
		return max(12, least)
	case kindTimestamp:
		return max(20, least)
	case kindText, kindNested:
		return max(22, least)
	}
	return max(14, least)
}

func (x *workbook) say(zh, en string) string { return catalog.Text{Zh: zh, En: en}.In(x.meta.Lang) }

// modified dates the parts: the same release gives the same bytes.
func (x *workbook) modified() time.Time {
	if x.meta.PublishedAt.IsZero() {
		return time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return x.meta.PublishedAt
}

// close writes the other sheets and the parts that hold the workbook together.
func (x *workbook) close(rows int64) error {
	if x.out == nil && len(x.sheets) == 0 {
		if err := x.begin(); err != nil {
			return err
		}
	}
	if err := x.end(); err != nil {
		return err
	}
	data := len(x.sheets)
	notes := [][][]string{x.dictionary(), x.provenance(rows)}
	x.sheets = append(x.sheets, x.say("数据字典", "Data dictionary"), x.say("来源说明", "Provenance"))
	for i, cells := range notes {
		if err := x.part(fmt.Sprintf("xl/worksheets/sheet%d.xml", data+i+1), x.sheet(cells)); err != nil {
			return err
		}
	}
	var types, book, rels strings.Builder
	for i, name := range x.sheets {
		n := i + 1
		fmt.Fprintf(&types, `<Override PartName="/xl/worksheets/sheet%d.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>`, n)
		fmt.Fprintf(&book, `<sheet name="%s" sheetId="%d" r:id="rId%d"/>`, strings.ReplaceAll(string(appendXML(nil, []byte(name))), `"`, "&quot;"), n, n)
		fmt.Fprintf(&rels, `<Relationship Id="rId%d" Type="%s/worksheet" Target="worksheets/sheet%d.xml"/>`, n, relNS, n)
	}
	for _, part := range [][2]string{
		{"[Content_Types].xml", `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/>` + types.String() + `</Types>`},
		{"_rels/.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="` + relNS + `/officeDocument" Target="xl/workbook.xml"/></Relationships>`},
		{"xl/workbook.xml", `<workbook xmlns="` + mainNS + `" xmlns:r="` + relNS + `"><sheets>` + book.String() + `</sheets></workbook>`},
		{"xl/_rels/workbook.xml.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` + rels.String() + fmt.Sprintf(`<Relationship Id="rId%d" Type="%s/styles" Target="styles.xml"/>`, len(x.sheets)+1, relNS) + `</Relationships>`},
		{"xl/styles.xml", styles()},
	} {
		if err := x.part(part[0], part[1]); err != nil {
			return err
		}
	}
	return x.zip.Close()
}

const (
	xmlHead = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	mainNS  = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
	relNS   = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	// maxScale is the largest scale that a decimal column may have.
	maxScale = 38
)

func (x *workbook) part(name, xml string) error {
	w, err := x.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: x.modified()})
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, xmlHead+xml)
	return err
}

// styles has one number format for each scale.
func styles() string {
	var formats, xfs strings.Builder
	formats.WriteString(`<numFmt numFmtId="164" formatCode="yyyy\-mm\-dd"/><numFmt numFmtId="165" formatCode="yyyy\-mm\-dd hh:mm:ss"/>`)
	for scale := range maxScale + 1 {
		code := "0"
		if scale > 0 {
			code = "0." + strings.Repeat("0", scale)
		}
		fmt.Fprintf(&formats, `<numFmt numFmtId="%d" formatCode="%s"/>`, 170+scale, code)
		fmt.Fprintf(&xfs, `<xf numFmtId="%d" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>`, 170+scale)
	}
	xf := func(format, font int) string {
		return fmt.Sprintf(`<xf numFmtId="%d" fontId="%d" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1"/>`, format, font)
	}
	return `<styleSheet xmlns="` + mainNS + `"><numFmts count="` + strconv.Itoa(maxScale+3) + `">` + formats.String() + `</numFmts>` +
		`<fonts count="2"><font><sz val="11"/><name val="等线"/></font><font><b/><sz val="11"/><name val="等线"/></font></fonts>` +
		`<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>` +
		`<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>` +
		`<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>` +
		`<cellXfs count="` + strconv.Itoa(styleDecimal+maxScale+1) + `">` + xf(0, 0) + xf(49, 1) + xf(164, 0) + xf(165, 0) + xf(49, 0) + xf(1, 0) + xfs.String() + `</cellXfs>` +
		`<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>`
}

// sheet writes a small sheet of texts with a header.
func (x *workbook) sheet(cells [][]string) string {
	var b []byte
	b = append(b, `<worksheet xmlns="`+mainNS+`"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><cols><col min="1" max="16" width="24" customWidth="1"/></cols><sheetData>`...)
	for i, row := range cells {
		style := styleText
		if i == 0 {
			style = styleHeader
		}
		b = append(b, "<row>"...)
		for _, c := range row {
			b = fmt.Appendf(b, `<c s="%d" t="inlineStr"><is><t xml:space="preserve">%s</t></is></c>`, style, appendXML(nil, []byte(c)))
		}
		b = append(b, "</row>"...)
	}
	return string(append(b, "</sheetData></worksheet>"...))
}

// dictionary says what the columns mean.
func (x *workbook) dictionary() [][]string {
	rows := [][]string{{x.say("列", "column"), x.say("字段名", "field"), "标题", "title", x.say("类型", "type"), x.say("单位", "unit"),
		x.say("必填", "required"), x.say("取值范围", "allowed values"), x.say("脱敏", "masking"), x.say("说明", "description")}}
	for i, f := range x.fields {
		d := x.known[f.Name]
		if d == nil {
			rows = append(rows, []string{columnName(i + 1), f.Name, f.Name, f.Name, f.Type.String(), "", "", "", "", ""})
			continue
		}
		required := ""
		if d.Required {
			required = x.say("是", "yes")
		}
		rows = append(rows, []string{columnName(i + 1), d.Name, d.Title.Zh, d.Title.En, string(d.Type), d.Unit, required,
			strings.Join(d.Enum, "；"), string(d.Privacy), d.Description.In(x.meta.Lang)})
	}
	return rows
}

// provenance says where the rows come from.
func (x *workbook) provenance(n int64) [][]string {
	rows := [][]string{{x.say("项目", "item"), x.say("内容", "value")}}
	add := func(zh, en, value string) {
		if value != "" {
			rows = append(rows, []string{x.say(zh, en), value})
		}
	}
	if d := x.meta.Dataset; d != nil {
		add("数据集", "dataset", d.Title.In(x.meta.Lang)+" ("+string(d.ID)+")")
		if d.Synthetic {
			add("示例数据", "synthetic data", x.say("本文件各行均为虚构的示例数据，不反映真实情况", "every row of this file is made up and reflects nothing real"))
		}
		add("版本", "release", string(x.meta.Release))
		add("发布单位", "publisher", d.Publisher.In(x.meta.Lang))
		add("许可", "licence", d.Licence)
		add("数据来源", "source", d.Source.In(x.meta.Lang))
	}
	if !x.meta.PublishedAt.IsZero() {
		add("发布时间", "published", x.meta.PublishedAt.Format(time.RFC3339))
	}
	add("查询", "query", x.meta.Query)
	add("网址", "address", x.meta.URL)
	add("行数", "rows", strconv.FormatInt(n, 10))
	add("空值", "missing values", x.say("空单元格表示无值；内容为空文本的单元格表示空字符串", "an empty cell is a missing value; a cell with an empty text is an empty text"))
	if x.cut > 0 {
		add("截断", "cut", fmt.Sprintf(x.say("%d 个单元格超过 Excel 的 32767 字上限而被截断；完整内容见 CSV 或 Parquet", "%d cells were longer than the 32,767 characters that Excel allows and are cut; CSV and Parquet have them whole"), x.cut))
	}
	add("生成软件", "software", x.meta.Software)
	return rows
}
