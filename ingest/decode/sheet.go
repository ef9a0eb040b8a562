package decode

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"govdata/ingest/decode/ods"
	"govdata/ingest/decode/parquet"
	"govdata/ingest/decode/xls"
	"govdata/ingest/decode/xlsx"
)

// sheet is what the readers of the binary formats have in common.
type sheet struct {
	name   string
	hidden bool
	rows   func() (sheetRows, error)
	// merges are the merged ranges; nil where the format has none.
	merges func() ([]Range, error)
}

type sheetRows interface {
	// Next returns the number of a row and its cells, io.EOF behind the last.
	Next() (number int64, cells [][]byte, err error)
	// Read tells how much of the file has been read.
	Read() int64
	Close() error
}

// reading hides which reader rows are of.
func reading[R sheetRows](open func() (R, error)) func() (sheetRows, error) {
	return func() (sheetRows, error) {
		rows, err := open()
		if err != nil {
			return nil, err
		}
		return rows, nil
	}
}

func rangesOf[R ~struct{ Row, Col, Row2, Col2 int }](merges func() ([]R, error)) func() ([]Range, error) {
	return func() ([]Range, error) {
		all, err := merges()
		ranges := make([]Range, len(all))
		for i, m := range all {
			ranges[i] = Range(m)
		}
		return ranges, err
	}
}

func (s *Source) openXLSX(c *content) error {
	book, err := xlsx.Open(c.r, c.size, xlsx.Options{MaxBytes: s.options.MaxBytes - s.unpacked, MaxCell: s.options.MaxCell})
	if err != nil {
		return s.formatError(c.name, 0, err)
	}
	var sheets []sheet
	for _, sh := range book.Sheets() {
		sheets = append(sheets, sheet{sh.Name, sh.Hidden, reading(sh.Rows), rangesOf(sh.Merges)})
	}
	return s.openSheets(c, sheets)
}

func (s *Source) openXLS(c *content) error {
	book, err := xls.Open(c.r, c.size, xls.Options{MaxBytes: s.options.MaxBytes - s.unpacked, MaxCell: s.options.MaxCell})
	if err != nil {
		return s.formatError(c.name, 0, err)
	}
	var sheets []sheet
	for _, sh := range book.Sheets() {
		sheets = append(sheets, sheet{sh.Name, sh.Hidden, reading(sh.Rows), rangesOf(sh.Merges)})
	}
	return s.openSheets(c, sheets)
}

func (s *Source) openODS(c *content) error {
	book, err := ods.Open(c.r, c.size, ods.Options{MaxBytes: s.options.MaxBytes - s.unpacked, MaxCell: s.options.MaxCell})
	if err != nil {
		return s.formatError(c.name, 0, err)
	}
	var sheets []sheet
	for _, sh := range book.Sheets() {
		sheets = append(sheets, sheet{sh.Name, sh.Hidden, reading(sh.Rows), rangesOf(sh.Merges)})
	}
	return s.openSheets(c, sheets)
}

// openParquet opens the one table of a Parquet file.
func (s *Source) openParquet(c *content) error {
	file, err := parquet.Open(c.r, c.size, parquet.Options{MaxBytes: s.options.MaxBytes - s.unpacked, MaxCell: s.options.MaxCell})
	if err != nil {
		return s.formatError(c.name, 0, err)
	}
	s.add(c, sheet{name: s.member, rows: reading(file.Rows)})
	return nil
}

func (s *Source) add(c *content, sh sheet) {
	t := &sheetTable{source: s, file: c.name, sheet: sh, progress: s.progress(c.size)}
	s.tables = append(s.tables, t)
	s.closers = append(s.closers, t.close)
}

// openSheets opens the sheets of a workbook: the visible ones, or the one that
// Options.Sheet names.
func (s *Source) openSheets(c *content, sheets []sheet) error {
	var names []string
	for _, sh := range sheets {
		s.info.Sheets = append(s.info.Sheets, sh.name)
		names = append(names, fmt.Sprintf("%q", sh.name))
		switch {
		case s.options.Sheet != "" && sh.name != s.options.Sheet:
			continue
		case s.options.Sheet == "" && sh.hidden:
			s.info.Notes = append(s.info.Notes, fmt.Sprintf("sheet %q is hidden and left out", sh.name))
			continue
		}
		s.add(c, sh)
	}
	switch {
	case len(s.tables) > 0:
		return nil
	case s.options.Sheet != "":
		return &Error{File: c.name, Found: "the sheets " + strings.Join(names, ", "), Want: fmt.Sprintf("a sheet %q", s.options.Sheet), Do: "name one of them", Err: ErrFormat}
	}
	return &Error{File: c.name, Found: "hidden sheets alone", Want: "a visible one", Do: "show the sheet with the data, or name it", Err: ErrEmpty}
}

// formatError says what an error of one of the readers means for the sender.
func (s *Source) formatError(file string, row int64, err error) error {
	is := func(targets ...error) bool {
		for _, t := range targets {
			if errors.Is(err, t) {
				return true
			}
		}
		return false
	}
	e := &Error{File: file, Line: row, Found: err.Error(), Want: "a whole file", Do: "open it, save it anew and send it again", Err: ErrCorrupt}
	switch {
	case is(xlsx.ErrEncrypted, xls.ErrEncrypted, ods.ErrEncrypted, parquet.ErrEncrypted):
		e.Want, e.Do, e.Err = "one without a password", "remove the password and save it again", ErrEncrypted
	case is(xlsx.ErrBomb, xls.ErrBomb, ods.ErrBomb, parquet.ErrBomb):
		e.Want, e.Do, e.Err = "less", "split the file", ErrBomb
	case is(xlsx.ErrLimit, xls.ErrLimit, ods.ErrLimit, parquet.ErrLimit):
		e.Want, e.Do, e.Err = "less", "split the file", ErrFormat
	case is(xls.ErrUnsupported):
		e.Want, e.Do, e.Err = "one of Excel 5 or later", "save it as .xlsx", ErrFormat
	case is(parquet.ErrUnsupported):
		e.Want, e.Do, e.Err = "a usual form", "write it with zstd or snappy compression", ErrFormat
	case !is(xlsx.ErrCorrupt, xls.ErrCorrupt, ods.ErrCorrupt, parquet.ErrCorrupt):
		return fmt.Errorf("decode %s: %w", file, err)
	}
	return e
}

// sheetTable is one sheet as a Table.
type sheetTable struct {
	source   *Source
	file     string
	sheet    sheet
	rows     sheetRows
	last     int64
	progress func(int64)
}

func (t *sheetTable) Name() string { return t.sheet.name }

func (t *sheetTable) Next() (Row, error) {
	if t.rows == nil {
		rows, err := t.sheet.rows()
		if err != nil {
			return Row{}, t.source.formatError(t.file, 0, err)
		}
		t.rows = rows
	}
	number, cells, err := t.rows.Next()
	if errors.Is(err, io.EOF) {
		return Row{}, io.EOF
	} else if err != nil {
		return Row{}, t.source.formatError(t.file, t.last, err)
	}
	t.last = number
	if t.progress != nil && number%4096 == 0 {
		t.progress(t.rows.Read())
	}
	return Row{Line: number, Cells: cells}, nil
}

// Merges returns the merged ranges; a sheet too large to be read twice, or one
// whose end is broken (Next will say so), has none.
func (t *sheetTable) Merges() []Range {
	if t.sheet.merges == nil {
		return nil
	}
	merges, err := t.sheet.merges()
	if err != nil {
		return nil
	}
	return merges
}

// notes says what an operator should know of the rows that were read.
func (t *sheetTable) notes() []string {
	rows, ok := t.rows.(interface{ Notes() []string })
	if !ok {
		return nil
	}
	var notes []string
	for _, note := range rows.Notes() {
		if t.sheet.name != "" {
			note = fmt.Sprintf("sheet %q: %s", t.sheet.name, note)
		}
		notes = append(notes, note)
	}
	return notes
}

func (t *sheetTable) close() error {
	if t.rows == nil {
		return nil
	}
	return t.rows.Close()
}
