package decode

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"govdata/ingest/decode/ole"
)

// kind is what a file is by its first bytes.
type kind int

const (
	kindText kind = iota
	kindZip
	kindGzip
	kindZstd
	kindTar
	kindXLSX
	kindXLS
	kindODS
	kindParquet
	kindEncrypted // a workbook, if it opens with the password that Excel uses by itself
)

// refused are formats that are known by their first bytes and not read. Of
// magic that is printable there is as much as no header of a text begins with.
var refused = []struct{ magic, found, do string }{
	{"%PDF-", "a PDF document", "send the table itself as CSV or XLSX"},
	{"\x89PNG", "a PNG image", "send the table itself as CSV or XLSX"},
	{"\xFF\xD8\xFF", "a JPEG image", "send the table itself as CSV or XLSX"},
	{"GIF87a", "a GIF image", "send the table itself as CSV or XLSX"},
	{"GIF89a", "a GIF image", "send the table itself as CSV or XLSX"},
	{"II*\x00", "a TIFF image", "send the table itself as CSV or XLSX"},
	{"MM\x00*", "a TIFF image", "send the table itself as CSV or XLSX"},
	{"{\\rtf", "an RTF document", "send the table itself as CSV or XLSX"},
	{"Rar!\x1A\x07", "a RAR archive", "pack it as .zip, or send it unpacked"},
	{"7z\xBC\xAF\x27\x1C", "a 7z archive", "pack it as .zip, or send it unpacked"},
	{"\xFD7zXZ\x00", "an xz file", "pack it as .zip, .gz or .zst, or send it unpacked"},
	{"ARROW1\x00\x00", "an Arrow file", "export it as CSV or XLSX"},
	{"SQLite format 3\x00", "an SQLite database", "export the table as CSV or XLSX"},
	{"\x09\x00\x04\x00", "a workbook of Excel 2 (BIFF2)", "save it as .xlsx"},
	{"\x09\x02\x06\x00", "a workbook of Excel 3 (BIFF3)", "save it as .xlsx"},
	{"\x09\x04\x06\x00", "a workbook of Excel 4 (BIFF4)", "save it as .xlsx"},
	{"\x09\x08\x08\x00", "an Excel stream (BIFF) without the OLE file around it", "save it as .xlsx"},
	{"\x09\x08\x10\x00", "an Excel stream (BIFF) without the OLE file around it", "save it as .xlsx"},
	{"\x00\x01\x00\x00Standard ", "an Access database", "export the table as CSV or XLSX"},
}

// readable names what Open reads, for messages.
const readable = "CSV, XLSX, XLS, ODS, Parquet, JSON, JSON Lines, XML or an HTML table, alone or in .zip, .tar, .gz or .zst"

// sniff tells what c is by its bytes, or refuses it.
func sniff(c *content) (kind, error) {
	if c.size == 0 {
		return 0, &Error{File: c.name, Found: "no bytes", Want: readable, Do: "send the file again", Err: ErrEmpty}
	}
	head := make([]byte, min(c.size, 512))
	if n, err := c.r.ReadAt(head, 0); n < len(head) {
		return 0, fmt.Errorf("decode %s: %w", c.name, err)
	}
	has := func(magic string) bool { return bytes.HasPrefix(head, []byte(magic)) }
	switch {
	case has("PK\x03\x04"), has("PK\x05\x06"), has("PK\x07\x08PK\x03\x04"):
		return sniffZip(c, head)
	case has("\x1F\x8B"):
		return kindGzip, nil
	case has("\x28\xB5\x2F\xFD"):
		return kindZstd, nil
	case has("PAR1\x15"):
		return kindParquet, nil
	case has(ole.Magic):
		return sniffOLE(c)
	case isTar(head):
		return kindTar, nil
	case has("BZh") && len(head) > 10 && string(head[4:10]) == "1AY&SY":
		return 0, refuse(c, "a bzip2 file", "pack it as .zip, .gz or .zst, or send it unpacked")
	}
	for _, f := range refused {
		if has(f.magic) {
			return 0, refuse(c, f.found, f.do)
		}
	}
	return kindText, nil
}

// isTar reports whether a file begins with a tar header: the magic of POSIX, or
// the checksum that older archives have too, the sum of the header's 512 bytes
// with blanks in its place.
func isTar(head []byte) bool {
	if len(head) < 512 || head[0] == 0 {
		return false
	}
	if string(head[257:262]) == "ustar" {
		return true
	}
	sum := int64(8 * ' ')
	for i, b := range head[:512] {
		if i < 148 || i >= 156 {
			sum += int64(b)
		}
	}
	stored, err := strconv.ParseInt(strings.Trim(string(head[148:156]), " \x00"), 8, 64)
	return err == nil && stored == sum
}

// isSpreadsheet reads the kind of an OpenDocument file, which stands in a
// member of its own (OpenDocument 1.2, part 3, section 3.3).
func isSpreadsheet(z *zip.Reader) bool {
	f, err := z.Open("mimetype")
	if err != nil {
		return true // it may be left out
	}
	defer f.Close()
	var b [64]byte
	n, _ := io.ReadFull(f, b[:])
	return strings.HasPrefix(string(b[:n]), "application/vnd.oasis.opendocument.spreadsheet")
}

func refuse(c *content, found, do string) *Error {
	return &Error{File: c.name, Found: found, Want: readable, Do: do, Err: ErrFormat}
}

// sniffZip tells a workbook from other zip files.
func sniffZip(c *content, head []byte) (kind, error) {
	z, err := openZip(c)
	if errors.Is(err, errManyMembers) {
		return 0, refuse(c, fmt.Sprintf("a zip archive with a directory of more than %d MiB", maxDirectory>>20), "pack the tables alone")
	} else if err != nil {
		found := "a truncated or corrupt zip archive"
		if len(head) > 30 && looksOOXML(head[30:]) || strings.EqualFold(path.Ext(c.name), ".xlsx") {
			found = "a truncated or corrupt workbook"
		}
		return 0, &Error{File: c.name, Found: found, Want: "a whole file", Do: "send the file again", Err: ErrCorrupt}
	}
	for _, f := range z.File {
		switch strings.ToLower(strings.ReplaceAll(f.Name, `\`, "/")) {
		case "xl/workbook.xml":
			return kindXLSX, nil
		case "xl/workbook.bin":
			return 0, refuse(c, "a binary workbook (.xlsb)", "save it as .xlsx")
		case "word/document.xml":
			return 0, refuse(c, "a Word document", "send the table itself as CSV or XLSX")
		case "ppt/presentation.xml":
			return 0, refuse(c, "a presentation", "send the table itself as CSV or XLSX")
		case "content.xml":
			if !isSpreadsheet(z) {
				return 0, refuse(c, "an OpenDocument file that is no spreadsheet", "send the table itself as CSV or XLSX")
			}
			return kindODS, nil
		case "index/document.iwa":
			return 0, refuse(c, "a Numbers document", "save it as .xlsx")
		}
	}
	return kindZip, nil
}

// looksOOXML reports whether a zip's first member is one that workbooks begin with.
func looksOOXML(name []byte) bool {
	for _, p := range []string{"[Content_Types].xml", "_rels/", "xl/", "docProps/"} {
		if bytes.HasPrefix(name, []byte(p)) {
			return true
		}
	}
	return false
}

// sniffOLE tells what an OLE compound file holds by the names of its streams. A
// file that is embedded in it has its own in a storage.
func sniffOLE(c *content) (kind, error) {
	f, err := ole.Open(c.r, c.size)
	if errors.Is(err, ole.ErrLimit) {
		return 0, &Error{File: c.name, Found: err.Error(), Want: "less", Do: "save it as .xlsx", Err: ErrFormat}
	} else if err != nil {
		return 0, &Error{File: c.name, Found: fmt.Sprintf("an OLE file, such as a legacy .xls, that cannot be read (%v)", err), Want: "a whole file", Do: "send the file again", Err: ErrCorrupt}
	}
	const do = "send the table itself as CSV or XLSX"
	for _, other := range []struct{ stream, found string }{
		{"WordDocument", "a legacy Word document"},
		{"PowerPoint Document", "a legacy presentation"},
		{"__properties_version1.0", "an Outlook message"},
	} {
		if f.Has(other.stream) {
			return 0, refuse(c, other.found, do)
		}
	}
	switch {
	case f.Has("EncryptedPackage"):
		return kindEncrypted, nil
	case f.Has("Workbook"), f.Has("Book"):
		return kindXLS, nil
	}
	return 0, refuse(c, "an OLE file that is no workbook", do)
}

// textKind is what a text is by how it begins.
type textKind int

const (
	textDelimited textKind = iota
	textJSON
	textHTML
	textXML
)

// sniffText tells what a text is, and refuses what is none. A control character
// may be the delimiter that was asked for.
func sniffText(c *content, head []byte, delimiter string) (textKind, error) {
	text := bytes.TrimLeft(head, " \t\r\n")
	if len(text) == 0 {
		return 0, &Error{File: c.name, Found: "white space alone", Want: readable, Do: "send the file again", Err: ErrEmpty}
	}
	controls := 0
	for _, b := range head {
		if b < 0x20 && b != '\t' && b != '\n' && b != '\r' && b != '\f' && b != 0x1A && string(b) != delimiter {
			controls++
		}
	}
	if controls*50 > len(head) {
		return 0, refuse(c, "binary data of no known format", "send the table itself as CSV or XLSX")
	}
	if text[0] == '<' {
		if kind := markup(text); kind != textDelimited {
			return kind, nil
		}
	}
	if bytes.HasPrefix(bytes.ToLower(text[:min(len(text), 64)]), []byte("mime-version:")) {
		return 0, refuse(c, "a web archive (MHTML)", "open it and save it as .xlsx or CSV")
	}
	if callback.Match(text[:min(len(text), 512)]) {
		return 0, refuse(c, "JSON in a call of a function (JSONP)", "send what stands between its brackets")
	}
	next := byte(0)
	if rest := bytes.TrimLeft(text[1:], " \t\r\n"); len(rest) > 0 {
		next = rest[0]
	}
	switch text[0] {
	case '{':
		if next == '"' || next == '}' || next == 0 {
			return textJSON, nil
		}
	case '[':
		if next == '{' || next == '[' || next == ']' || next == 0 || valuesOnly(text) {
			return textJSON, nil
		}
	}
	return textDelimited, nil
}

// htmlTags are those that a page or a part of one begins with.
var htmlTags = []string{"html", "head", "body", "table", "meta", "style", "title", "div", "center", "font", "script", "p", "br", "span", "h1", "h2", "h3", "h4", "form", "link", "thead", "tbody", "tr", "td"}

// markup tells HTML and XML by the first tag behind declarations and comments.
func markup(text []byte) textKind {
	declared := false
	for {
		text = bytes.TrimLeft(text, " \t\r\n")
		lower := bytes.ToLower(text[:min(len(text), 64)])
		end := ""
		switch {
		case bytes.HasPrefix(lower, []byte("<!doctype html")):
			return textHTML
		case bytes.HasPrefix(lower, []byte("<?xml")):
			declared, end = true, "?>"
		case bytes.HasPrefix(lower, []byte("<?")):
			end = "?>"
		case bytes.HasPrefix(lower, []byte("<!--")):
			end = "-->"
		case bytes.HasPrefix(lower, []byte("<!doctype")):
			return textXML // which refuses it by name
		}
		if end != "" {
			i := bytes.Index(text, []byte(end))
			if i < 0 {
				break
			}
			text = text[i+len(end):]
			continue
		}
		n := 1
		for n < len(lower) && (lower[n] >= 'a' && lower[n] <= 'z' || n > 1 && (lower[n] >= '0' && lower[n] <= '9' || lower[n] == ':' || lower[n] == '-' || lower[n] == '_' || lower[n] == '.') || lower[n] >= 0x80) {
			n++
		}
		if len(lower) == 0 || lower[0] != '<' || n == 1 || n == len(lower) {
			break
		}
		if slices.Contains(htmlTags, string(lower[1:n])) {
			return textHTML
		}
		if declared || (lower[n] == '>' || lower[n] == ' ' || lower[n] == '/' || lower[n] == '\n' || lower[n] == '\r' || lower[n] == '\t') && (bytes.Contains(text, []byte("</")) || bytes.Contains(text, []byte("/>"))) {
			return textXML
		}
		break
	}
	if declared {
		return textXML
	}
	return textDelimited
}

// declaration finds the character set that HTML or XML declares in its first bytes.
var declaration = regexp.MustCompile(`(?i)^\s*<\?xml[^>]*\sencoding\s*=\s*["']([a-z0-9_:.-]+)["']|<meta[^>]*charset\s*=\s*["']?\s*([a-z0-9_:.-]+)`)

// declaredCharset returns the character set that a page or an XML file declares,
// "" where it declares none or one that its first bytes contradict.
func declaredCharset(c *content) (string, error) {
	head := make([]byte, min(c.size, 4096))
	if n, err := c.r.ReadAt(head, 0); n < len(head) {
		return "", fmt.Errorf("decode %s: %w", c.name, err)
	}
	if mark, _ := byteOrderMark(head); mark != nil || !bytes.HasPrefix(bytes.TrimLeft(head, " \t\r\n"), []byte("<")) {
		return "", nil
	}
	m := declaration.FindSubmatch(head)
	if m == nil {
		return "", nil
	}
	label := strings.ToLower(string(append(m[1], m[2]...)))
	if strings.HasPrefix(label, "utf-16") || strings.HasPrefix(label, "ucs-2") {
		return "", nil // read as bytes of one kind, it is none
	}
	return label, nil
}

// valuesOnly reports whether a text is an array of strings and numbers, as far
// as it goes. A table whose first heading is in brackets goes on behind them.
func valuesOnly(text []byte) bool {
	s := newJSONScanner("", bytes.NewReader(text), len(text))
	if _, err := s.space(); err != nil {
		return false
	}
	s.pos++
	for first := true; ; first = false {
		_, raw, err := s.element(first)
		if err == io.EOF {
			c, err := s.space() // another one may follow on a line of its own
			return errors.Is(err, errJSONEnd) || err == nil && c == '['
		} else if err != nil {
			return errors.Is(err, ErrCorrupt) // the sample ends
		}
		p := jsonParser{b: raw}
		if _, err := p.value(); err != nil && (s.pos < s.end || bytes.IndexByte([]byte("-0123456789"), raw[0]) < 0) {
			return false
		}
	}
}

// callback is how JSON begins that a web page loads as a script.
var callback = regexp.MustCompile(`^(/\*[^*]*\*/\s*)?[A-Za-z_$][A-Za-z0-9_.$]*\(\s*(\{\s*"|\[\s*[{\["])`)
