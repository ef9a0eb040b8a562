package decode

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Bounds of XML files.
const (
	maxXMLDepth = 64
	maxXMLPaths = 1 << 14 // different paths of elements, and columns of records
)

// xmlReader reads the tokens of an XML text of which no one is larger than a
// cell may be. It knows no document types, and no entities but XML's own.
type xmlReader struct {
	file  string
	d     *xml.Decoder
	left  *leash
	depth int
	max   int
}

// leash lets through so many bytes and then fails.
type leash struct {
	r    io.Reader
	left int
}

var errLeash = errors.New("too long")

func (l *leash) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, errLeash
	}
	n, err := l.r.Read(p[:min(len(p), l.left)])
	l.left -= n
	return n, err
}

func newXMLReader(file string, r io.Reader, maxCell int) *xmlReader {
	left := &leash{r: r}
	d := xml.NewDecoder(left)
	// The text is UTF-8 by now, whatever it declares.
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	return &xmlReader{file: file, d: d, left: left, max: maxCell + 64<<10}
}

func (x *xmlReader) line() int64 {
	line, _ := x.d.InputPos()
	return int64(line)
}

func (x *xmlReader) refuse(err error, found, want, do string) error {
	return &Error{File: x.file, Line: x.line(), Found: found, Want: want, Do: do, Err: err}
}

// next returns the next start or end of an element, or text; io.EOF behind the
// end of the root. It is valid until the next call.
func (x *xmlReader) next() (xml.Token, error) {
	for {
		x.left.left = x.max
		t, err := x.d.Token()
		var syntax *xml.SyntaxError
		switch {
		case errors.Is(err, errLeash):
			return nil, x.refuse(ErrFormat, fmt.Sprintf("a tag or a text of more than %d bytes", x.max), "less", "split the file")
		case errors.As(err, &syntax):
			return nil, x.refuse(ErrCorrupt, "XML that is not well-formed ("+syntax.Msg+")", "a whole file", "export it again")
		case err == io.EOF && x.depth > 0:
			return nil, x.refuse(ErrCorrupt, "the end of the text within an element", "a whole file", "send the file again")
		case err == io.EOF:
			return nil, io.EOF
		case err != nil:
			return nil, fmt.Errorf("decode %s: %w", x.file, err)
		}
		switch t := t.(type) {
		case xml.Directive:
			if bytes.HasPrefix(bytes.ToUpper(bytes.TrimSpace(t)), []byte("DOCTYPE")) {
				return nil, x.refuse(ErrFormat, "an XML file with a document type", "one without", "export it without a DOCTYPE, or as CSV; entities that a file declares are not read")
			}
		case xml.StartElement:
			if x.depth++; x.depth > maxXMLDepth {
				return nil, x.refuse(ErrFormat, fmt.Sprintf("more than %d elements within each other", maxXMLDepth), "fewer", "export it as CSV")
			}
			return t, nil
		case xml.EndElement:
			x.depth--
			return t, nil
		case xml.CharData:
			return t, nil
		}
	}
}

// skip passes the rest of the element that began last.
func (x *xmlReader) skip() error {
	for depth := x.depth - 1; x.depth > depth; {
		if _, err := x.next(); err != nil {
			return err
		}
	}
	return nil
}

const (
	officeSpreadsheet = "urn:schemas-microsoft-com:office:spreadsheet"
	otherDocuments    = "http://schemas.microsoft.com/office/word/2003/wordml http://schemas.microsoft.com/office/2006/xmlPackage urn:oasis:names:tc:opendocument:xmlns:office:1.0 http://www.w3.org/2000/svg"
)

// openXML opens a workbook in XML (SpreadsheetML 2003), a page in XHTML, or the
// records of any other XML file.
func (s *Source) openXML(c *content, t *text) error {
	src := t.open(false)
	x := newXMLReader(c.name, src, s.options.MaxCell)
	var root xml.Name
	for root.Local == "" {
		token, err := x.next()
		if err == io.EOF {
			err = refuse(c, "XML without an element", "send the file again")
		}
		if err != nil {
			src.Close()
			return err
		}
		if start, ok := token.(xml.StartElement); ok {
			root = start.Name
		}
	}
	src.Close()
	switch {
	case strings.EqualFold(root.Local, "html"):
		return s.openHTML(c, t)
	case root.Local == "Workbook" && (root.Space == officeSpreadsheet || root.Space == ""):
		return s.openSpreadsheetML(c, t)
	case root.Space != "" && slices.Contains(strings.Fields(otherDocuments), root.Space):
		return refuse(c, fmt.Sprintf("an XML document of another kind (%s)", root.Local), "save the table itself as .xlsx or CSV")
	}
	return s.openRecords(c, t)
}

// xmlPath counts an element of a document by the way to it.
type xmlPath struct {
	path    []string
	count   int64
	most    int64 // within one parent
	nested  bool  // it has elements or attributes
	depth   int
	ordinal int
}

// surveyXML counts the elements of a document by their paths.
func surveyXML(file string, t *text, maxCell int) ([]*xmlPath, error) {
	src := t.open(false)
	defer src.Close()
	x := newXMLReader(file, src, maxCell)
	type level struct {
		name   string
		path   *xmlPath
		counts map[*xmlPath]int64
	}
	var stack []level
	known := map[string]*xmlPath{}
	var all []*xmlPath
	for {
		token, err := x.next()
		if err == io.EOF {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		switch token := token.(type) {
		case xml.StartElement:
			names := make([]string, 0, len(stack)+1)
			for _, l := range stack {
				names = append(names, l.name)
			}
			names = append(names, token.Name.Local)
			key := strings.Join(names, "/")
			p := known[key]
			if p == nil {
				if len(all) == maxXMLPaths {
					return nil, x.refuse(ErrFormat, fmt.Sprintf("more than %d kinds of elements", maxXMLPaths), "fewer", "export it as CSV")
				}
				p = &xmlPath{path: names, depth: len(names), ordinal: len(all)}
				known[key], all = p, append(all, p)
			}
			p.count++
			if len(attributesOf(token)) > 0 {
				p.nested = true
			}
			if n := len(stack); n > 0 {
				stack[n-1].path.nested = true
				if stack[n-1].counts == nil {
					stack[n-1].counts = map[*xmlPath]int64{}
				}
				stack[n-1].counts[p]++
				p.most = max(p.most, stack[n-1].counts[p])
			}
			stack = append(stack, level{name: token.Name.Local, path: p})
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		}
	}
}

// attributesOf leaves out those that declare namespaces and schemas.
func attributesOf(e xml.StartElement) []xml.Attr {
	return slices.DeleteFunc(slices.Clone(e.Attr), func(a xml.Attr) bool {
		return a.Name.Space == "xmlns" || a.Name.Local == "xmlns" || a.Name.Space == "http://www.w3.org/2001/XMLSchema-instance"
	})
}

// openRecords opens the records of an XML file: the elements of one name, with
// their attributes and the elements within them as columns.
func (s *Source) openRecords(c *content, t *text) error {
	all, err := surveyXML(c.name, t, s.options.MaxCell)
	if err != nil {
		return err
	}
	chosen, others, err := s.recordPath(c, all)
	if err != nil {
		return err
	}
	s.info.Format = "xml"
	path := strings.Join(chosen.path, "/")
	s.info.Notes = append(s.info.Notes, fmt.Sprintf("the rows are the %d elements %s", chosen.count, path))
	if len(others) > 0 {
		s.info.Notes = append(s.info.Notes, "left out of the document: "+strings.Join(others, ", "))
	}
	table := &recordTable{file: c.name, name: s.member, text: t, path: chosen.path, maxCell: s.options.MaxCell}
	s.tables, s.closers = append(s.tables, table), append(s.closers, table.close)
	return nil
}

// recordPath chooses the elements that are the rows: those asked for, or those
// that alone are several within one other and hold something of their own.
func (s *Source) recordPath(c *content, all []*xmlPath) (*xmlPath, []string, error) {
	say := func(list []*xmlPath) string {
		var names []string
		for _, p := range list[:min(len(list), 20)] {
			names = append(names, fmt.Sprintf("%s (%d)", strings.Join(p.path, "/"), p.count))
		}
		if len(list) > 20 {
			names = append(names, fmt.Sprintf("and %d more", len(list)-20))
		}
		return strings.Join(names, ", ")
	}
	var found []*xmlPath
	if want := s.options.Record; want != "" {
		for _, p := range all {
			if p.path[len(p.path)-1] == want || strings.Join(p.path, "/") == strings.Trim(want, "/") {
				found = append(found, p)
			}
		}
		switch len(found) {
		case 0:
			return nil, nil, &Error{File: c.name, Found: "the elements " + say(all), Want: fmt.Sprintf("elements %q", want), Do: "name one of them with --record", Err: ErrFormat}
		case 1:
			return found[0], otherPaths(all, found[0]), nil
		}
		return nil, nil, &Error{File: c.name, Found: "several kinds of elements of that name: " + say(found), Want: "one", Do: "name one of them by its whole path with --record", Err: ErrFormat}
	}
	inside := func(p *xmlPath) bool {
		return slices.ContainsFunc(found, func(outer *xmlPath) bool {
			return len(outer.path) < len(p.path) && slices.Equal(outer.path, p.path[:len(outer.path)])
		})
	}
	for _, p := range all { // outer elements come before those within them
		if p.most > 1 && p.nested && !inside(p) {
			found = append(found, p)
		}
	}
	if len(found) == 0 { // a list of one: the root, a list, one record of several plain elements
		for _, p := range all {
			if p.most > 1 && !inside(p) {
				found = append(found, p)
			}
		}
	}
	switch len(found) {
	case 0:
		return nil, nil, &Error{File: c.name, Found: "an XML file in which no element is repeated: " + say(all), Want: "a list of records", Do: "name the element that is a row with --record", Err: ErrFormat}
	case 1:
		return found[0], otherPaths(all, found[0]), nil
	}
	return nil, nil, &Error{File: c.name, Found: "several lists in one XML file: " + say(found), Want: "one", Do: "name the element that is a row with --record", Err: ErrFormat}
}

// otherPaths are the elements beside the records that hold something.
func otherPaths(all []*xmlPath, chosen *xmlPath) []string {
	var names []string
	for _, p := range all {
		n := min(len(p.path), len(chosen.path))
		if p == chosen || slices.Equal(p.path[:n], chosen.path[:n]) {
			continue
		}
		if len(names) == 20 {
			return append(names, "and more")
		}
		names = append(names, strings.Join(p.path, "/"))
	}
	return names
}

// recordTable reads records as rows. The first row is the header: the ways from
// the record to each of its texts, parted by slashes, in order of appearance. Of
// several texts at one place the cell holds a JSON array.
type recordTable struct {
	file, name string
	text       *text
	path       []string
	maxCell    int

	src     io.ReadCloser
	x       *xmlReader
	columns []string
	index   map[string]int
	cells   [][]byte
	err     error
}

func (t *recordTable) Name() string    { return t.name }
func (t *recordTable) Merges() []Range { return nil }

func (t *recordTable) close() error {
	if t.src == nil {
		return nil
	}
	return t.src.Close()
}

func (t *recordTable) Next() (Row, error) {
	if t.err != nil {
		return Row{}, t.err
	}
	row, err := t.next()
	t.err = err
	return row, err
}

func (t *recordTable) next() (Row, error) {
	if t.x == nil {
		if err := t.collect(); err != nil {
			return Row{}, err
		}
		t.src = t.text.open(true)
		t.x = newXMLReader(t.file, t.src, t.maxCell)
		header := make([][]byte, len(t.columns))
		for i, name := range t.columns {
			header[i] = []byte(t.shown(name))
		}
		return Row{Line: 1, Cells: header}, nil
	}
	line, values, err := t.record(t.x)
	if err != nil {
		return Row{}, err
	}
	t.cells = slices.Grow(t.cells[:0], len(t.columns))[:len(t.columns)]
	clear(t.cells)
	for _, v := range values {
		i, ok := t.index[v.key]
		if !ok {
			return Row{}, t.x.refuse(ErrCorrupt, "an element that was not there a moment ago", "a file that stays as it is", "send it again")
		}
		if len(v.texts) == 1 {
			t.cells[i] = []byte(v.texts[0])
			continue
		}
		b, err := json.Marshal(v.texts)
		if err != nil {
			return Row{}, err
		}
		if len(b) > t.maxCell {
			return Row{}, t.x.refuse(ErrFormat, fmt.Sprintf("a cell of %d bytes", len(b)), "less", "split the file")
		}
		t.cells[i] = b
	}
	return Row{Line: line, Cells: t.cells}, nil
}

// shown is the name of a column: that of an attribute without its mark where no
// element is called so.
func (t *recordTable) shown(key string) string {
	if key == "" {
		if _, taken := t.index["value"]; !taken {
			return "value"
		}
		return "text()"
	}
	plain := strings.Replace(key, "@", "", 1)
	if _, taken := t.index[plain]; taken {
		return key
	}
	return plain
}

// collect reads the whole text for its columns.
func (t *recordTable) collect() error {
	src := t.text.open(false)
	defer src.Close()
	x := newXMLReader(t.file, src, t.maxCell)
	t.index = map[string]int{}
	for {
		_, values, err := t.record(x)
		if err == io.EOF {
			break
		} else if err != nil {
			return err
		}
		for _, v := range values {
			if _, ok := t.index[v.key]; !ok {
				if len(t.columns) == maxColumns {
					return x.refuse(ErrFormat, fmt.Sprintf("records with more than %d different places for a text", maxColumns), "fewer", "export it as CSV")
				}
				t.index[v.key] = len(t.columns)
				t.columns = append(t.columns, v.key)
			}
		}
	}
	if len(t.columns) == 0 {
		return &Error{File: t.file, Found: "records without a text in them", Want: "values", Do: "export it again", Err: ErrEmpty}
	}
	return nil
}

// recordValue is what stands at one place of a record. Several may stand there.
type recordValue struct {
	key   string
	texts []string
}

// record reads the next record; io.EOF behind the last one.
func (t *recordTable) record(x *xmlReader) (int64, []recordValue, error) {
	for {
		token, err := x.next()
		if err != nil {
			return 0, nil, err
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		// Only the elements on the way down to the records are entered.
		if at := x.depth; at > len(t.path) || start.Name.Local != t.path[at-1] {
			if err := x.skip(); err != nil {
				return 0, nil, err
			}
			continue
		} else if at < len(t.path) {
			continue
		}
		line := x.line()
		values, err := t.values(x, start)
		return line, values, err
	}
}

// values reads the record that began last to its end.
func (t *recordTable) values(x *xmlReader, start xml.StartElement) ([]recordValue, error) {
	var values []recordValue
	index := map[string]int{}
	size := 0
	add := func(key, text string, always bool) error {
		i, there := index[key]
		if text == "" && !always && !there {
			return nil
		}
		if size += len(key) + len(text) + 32; size > 4*t.maxCell {
			return x.refuse(ErrFormat, fmt.Sprintf("a record of more than %d bytes", 4*t.maxCell), "less", "split the file")
		}
		if !there {
			if len(values) == maxColumns {
				return x.refuse(ErrFormat, fmt.Sprintf("a record with more than %d values", maxColumns), "fewer", "export it as CSV")
			}
			index[key], i, values = len(values), len(values), append(values, recordValue{key: key})
		}
		values[i].texts = append(values[i].texts, text)
		return nil
	}
	type level struct {
		key    string
		text   []byte
		nested bool
	}
	stack := []level{{}}
	attributes := func(key string, e xml.StartElement) error {
		for _, a := range attributesOf(e) {
			at := "@" + a.Name.Local
			if key != "" {
				at = key + "/" + at
			}
			if err := add(at, strings.TrimSpace(a.Value), true); err != nil {
				return err
			}
		}
		return nil
	}
	if err := attributes("", start); err != nil {
		return nil, err
	}
	for {
		token, err := x.next()
		if err != nil {
			return nil, err
		}
		top := &stack[len(stack)-1]
		switch token := token.(type) {
		case xml.CharData:
			if top.text = append(top.text, token...); len(top.text) > t.maxCell {
				return nil, x.refuse(ErrFormat, fmt.Sprintf("a cell of more than %d bytes", t.maxCell), "less", "split the file")
			}
		case xml.StartElement:
			top.nested = true
			key := token.Name.Local
			if top.key != "" {
				key = top.key + "/" + key
			}
			stack = append(stack, level{key: key})
			if err := attributes(key, token); err != nil {
				return nil, err
			}
		case xml.EndElement:
			text := string(bytes.TrimSpace(top.text))
			if err := add(top.key, text, !top.nested && top.key != ""); err != nil {
				return nil, err
			}
			if stack = stack[:len(stack)-1]; len(stack) == 0 {
				return values, nil
			}
		}
	}
}
