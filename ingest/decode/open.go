package decode

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode/utf8"
)

// Source is an open file and its tables. It belongs to one goroutine.
type Source struct {
	options  Options
	info     Info
	tables   []Table
	closers  []func() error
	member   string // of the archive, the tables' name
	named    bool   // Options.Sheet has named the member
	spool    *spool // what archives unpack to
	part     bool   // a member of an archive, whose spool it is
	unpacked int64  // bytes so far
	size     int64  // of the file as it was sent
}

// Open looks at the file at path and returns its tables. name is what the
// sender called it: it stands in messages, and its ending is a hint at most,
// for the bytes decide. What cannot be read is an *Error; only a failing disk
// gives another.
func Open(path, name string, o Options) (_ *Source, err error) {
	if o.MaxBytes == 0 {
		o.MaxBytes = DefaultMaxBytes
	}
	if o.MaxCell == 0 {
		o.MaxCell = DefaultMaxCell
	}
	if err := o.check(name); err != nil {
		return nil, err
	}
	s := &Source{options: o, spool: new(spool)}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("decode %s: %w", name, err)
	}
	s.closers = append(s.closers, f.Close)
	stat, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("decode %s: %w", name, err)
	} else if !stat.Mode().IsRegular() {
		return nil, &Error{File: name, Found: "something that is no file", Want: readable, Do: "name a file", Err: ErrFormat}
	}
	s.size = stat.Size()
	if err := s.open(&content{name: name, r: f, size: stat.Size()}); err != nil {
		return nil, err
	}
	return s, nil
}

// open unwraps archives, one within another at most, down to the tables.
func (s *Source) open(c *content) error {
	for {
		k, err := sniff(c)
		if err != nil {
			return err
		}
		switch k {
		case kindXLSX:
			s.info.Format = "xlsx"
			return s.openXLSX(c)
		case kindXLS:
			s.info.Format = "xls"
			return s.openXLS(c)
		case kindODS:
			s.info.Format = "ods"
			return s.openODS(c)
		case kindParquet:
			s.info.Format = "parquet"
			return s.openParquet(c)
		case kindText:
			return s.openText(c)
		case kindEncrypted:
			if c, err = s.decrypt(c); err != nil {
				return err
			}
			continue
		}
		if layers(append(slices.Clone(s.info.Container), label[k])) > 2 {
			return refuse(c, "an archive in an archive in an archive", "send the file unpacked")
		}
		switch k {
		case kindZip, kindTar:
			c, err = s.openArchive(c, k)
		case kindGzip:
			c, err = s.unpackGzip(c)
		case kindZstd:
			c, err = s.unpackZstd(c)
		}
		if err != nil || c == nil {
			return err
		}
	}
}

// label names the containers in Info.
var label = map[kind]string{kindZip: "zip", kindTar: "tar", kindGzip: "gz", kindZstd: "zst"}

// layers counts containers, a .tar.gz as one.
func layers(container []string) int {
	n := len(container)
	for i := 1; i < len(container); i++ {
		if container[i] == "tar" && (container[i-1] == "gz" || container[i-1] == "zst") {
			n--
		}
	}
	return n
}

// Info says what the file was found to be. Notes on cells are complete behind
// the last row of every table.
func (s *Source) Info() Info {
	info := s.info
	info.Notes = slices.Clone(info.Notes)
	for _, t := range s.tables {
		if t, ok := t.(noting); ok {
			info.Notes = append(info.Notes, t.notes()...)
		}
	}
	return info
}

// noting is a table that tells of the cells that it read.
type noting interface{ notes() []string }

// Tables returns the tables in file order: the visible sheets of a workbook,
// else one table; of an archive's members, where all were asked for, each one's.
func (s *Source) Tables() []Table { return s.tables }

// Close ends all reading and removes what was unpacked.
func (s *Source) Close() error {
	var errs []error
	for i := len(s.closers) - 1; i >= 0; i-- {
		errs = append(errs, s.closers[i]())
	}
	s.closers = nil
	if !s.part {
		errs = append(errs, s.spool.close())
	}
	return errors.Join(errs...)
}

// openText opens a file of delimited text or JSON.
func (s *Source) openText(c *content) error {
	if c.size <= 64<<10 { // a blank file has no evidence to decide on
		b := make([]byte, c.size)
		if n, err := c.r.ReadAt(b, 0); n < len(b) {
			return fmt.Errorf("decode %s: %w", c.name, err)
		}
		if _, mark := byteOrderMark(b); len(bytes.TrimSpace(b[mark:])) == 0 {
			return &Error{File: c.name, Found: "white space alone", Want: readable, Do: "send the file again", Err: ErrEmpty}
		}
	}
	d, err := s.decide(c)
	if err != nil {
		return s.wrap(c, err)
	}
	t := &text{r: c.r, from: d.from, size: c.size, charset: d.charset, progress: s.progress(c.size)}
	_, isUTF8 := d.charset.(utf8Text)
	t.plain = isUTF8 && d.fit.bad == 0
	s.info.Charset, s.info.Evidence = d.charset.name(), d.evidence
	if d.note != "" {
		s.info.Notes = append(s.info.Notes, d.note)
	}
	if d.fit.bad > 0 {
		s.info.Undecodable = d.fit.bad
		if s.info.UndecodableAt, err = locate(c.r, d.charset, d.from, d.fit.at); err != nil {
			return fmt.Errorf("decode %s: %w", c.name, err)
		}
	}
	head, whole, err := t.head(sampleSize)
	if err != nil {
		return s.wrap(c, err)
	}
	kind, err := sniffText(c, head, s.options.Delimiter)
	if err != nil {
		return err
	}
	switch kind {
	case textJSON:
		return s.openJSON(c, t)
	case textHTML:
		return s.openHTML(c, t)
	case textXML:
		return s.openXML(c, t)
	}
	return s.openDelimited(c, t, head, whole)
}

// decide decides the character set of a text. One that the text declares counts
// where all of it can be read so, unless it is plainly UTF-8.
func (s *Source) decide(c *content) (decision, error) {
	if s.options.Charset == "" {
		label, err := declaredCharset(c)
		if err != nil {
			return decision{}, err
		}
		if label != "" {
			found, err := decide(c.r, c.size, c.name, "")
			if err == nil && found.charset == (utf8Text{}) && found.fit.bad == 0 {
				return found, nil
			}
			if d, err := decide(c.r, c.size, c.name, label); err == nil && d.fit.bad == 0 {
				d.evidence, d.note = "the file declares it, and all of it is text in it", ""
				return d, nil
			}
		}
	}
	return decide(c.r, c.size, c.name, s.options.Charset)
}

// wrap adds the file to an error that does not know it.
func (s *Source) wrap(c *content, err error) error {
	if e := (*Error)(nil); errors.As(err, &e) {
		return err
	}
	return fmt.Errorf("decode %s: %w", c.name, err)
}

// progress scales reading of a text of size bytes to the file that was sent.
func (s *Source) progress(size int64) func(int64) {
	report := s.options.Progress
	if report == nil || size == s.size {
		return report
	}
	scale := float64(s.size) / float64(size)
	return func(read int64) { report(int64(float64(read) * scale)) }
}

// maxDelimiter bounds a delimiter, in bytes.
const maxDelimiter = 8

// check refuses options that no file can be read with.
func (o *Options) check(name string) error {
	refuse := func(found, want string) error {
		return &Error{File: name, Found: found, Want: want, Do: "correct it or leave it out", Err: ErrFormat}
	}
	if d := o.Delimiter; len(d) > maxDelimiter || strings.ContainsAny(d, "\"\r\n\x00") || !utf8.ValidString(d) {
		return refuse(fmt.Sprintf("the delimiter %q asked for", d), fmt.Sprintf("up to %d bytes without a quote or a line end", maxDelimiter))
	}
	if o.Delimiter != "" && len(o.Widths) > 0 {
		return refuse("both a delimiter and the widths of columns asked for", "one of them")
	}
	for _, w := range o.Widths {
		if w < 1 {
			return refuse(fmt.Sprintf("a column of width %d asked for", w), "widths of at least one character")
		}
	}
	if len(o.Widths) >= maxColumns {
		return refuse(fmt.Sprintf("the widths of %d columns asked for", len(o.Widths)), fmt.Sprintf("fewer than %d", maxColumns))
	}
	return nil
}

func (s *Source) openDelimited(c *content, t *text, head []byte, whole bool) error {
	var d dialect
	switch o := s.options; {
	case len(o.Widths) > 0:
		d = dialect{eol: lineEnd(head), widths: o.Widths}
		s.info.Format = "fixed"
	default:
		if d = dialectOf(head, whole, o.Delimiter); o.Delimiter == "" && fixedWidth(head, d) {
			return refuse(c, "columns of fixed width, padded with blanks", "give the widths of the columns (3,3,10), or export the table as CSV or XLSX")
		}
		s.info.Format, s.info.Delimiter = "csv", d.name()
	}
	if d.skip > 0 {
		s.info.Notes = append(s.info.Notes, "line 1 names the delimiter")
	}
	for _, odd := range []struct {
		is   bool
		note string
	}{{d.single, "cells are quoted with apostrophes"}, {d.padded, "blanks stand before the quotes of cells"}, {d.blanks, "blanks part the cells, any number of them"}} {
		if odd.is {
			s.info.Notes = append(s.info.Notes, odd.note)
		}
	}
	if d.escapes {
		s.info.Notes = append(s.info.Notes, `quotes inside quoted cells are written \"`)
	}
	table := newCSVTable(c.name, s.member, t.open, d, s.options.MaxCell)
	table.expect(c.size)
	s.tables = []Table{table}
	s.closers = append(s.closers, table.close)
	return nil
}

func (s *Source) openJSON(c *content, t *text) error {
	l, err := layoutOf(c.name, func() io.ReadCloser { return t.open(false) }, s.options.MaxCell, s.options.Sheet)
	if err != nil {
		return err
	}
	s.info.Format = l.format()
	s.info.Notes = append(s.info.Notes, l.notes()...)
	switch l.shape {
	case shapeArrays, shapeValues, shapeLeaves, shapeCells:
		table := &jsonList{file: c.name, open: t.open, layout: l, maxCell: s.options.MaxCell}
		s.tables, s.closers = []Table{table}, append(s.closers, table.close)
	default:
		table := &jsonTable{file: c.name, open: t.open, layout: l, maxCell: s.options.MaxCell}
		s.tables, s.closers = []Table{table}, append(s.closers, table.close)
	}
	return nil
}
