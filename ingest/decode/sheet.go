package decode

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"govdata/ingest/decode/xlsx"
)

// openWorkbook opens the sheets of a workbook: the visible ones, or the one
// that Options.Sheet names.
func (s *Source) openWorkbook(c *content) error {
	s.info.Format = "xlsx"
	book, err := xlsx.Open(c.r, c.size, xlsx.Options{MaxBytes: s.options.MaxBytes - s.unpacked, MaxCell: s.options.MaxCell})
	if err != nil {
		return workbookError(c.name, 0, err)
	}
	var names []string
	for _, sheet := range book.Sheets() {
		s.info.Sheets = append(s.info.Sheets, sheet.Name)
		names = append(names, fmt.Sprintf("%q", sheet.Name))
		switch {
		case s.options.Sheet != "" && sheet.Name != s.options.Sheet:
			continue
		case s.options.Sheet == "" && sheet.Hidden:
			s.info.Notes = append(s.info.Notes, fmt.Sprintf("sheet %q is hidden and left out", sheet.Name))
			continue
		}
		t := &sheetTable{file: c.name, sheet: sheet, progress: s.progress(c.size)}
		s.tables = append(s.tables, t)
		s.closers = append(s.closers, t.close)
	}
	switch {
	case len(s.tables) > 0:
		return nil
	case s.options.Sheet != "":
		return &Error{File: c.name, Found: "the sheets " + strings.Join(names, ", "), Want: fmt.Sprintf("a sheet %q", s.options.Sheet), Do: "name one of them", Err: ErrFormat}
	}
	return &Error{File: c.name, Found: "hidden sheets alone", Want: "a visible one", Do: "show the sheet with the data, or name it", Err: ErrEmpty}
}

func workbookError(file string, row int64, err error) error {
	e := &Error{File: file, Line: row, Found: err.Error(), Want: "a whole workbook", Do: "open it, save it as .xlsx and send it again", Err: ErrCorrupt}
	switch {
	case errors.Is(err, xlsx.ErrEncrypted):
		e.Want, e.Do, e.Err = "one without a password", "remove the password and save it as .xlsx", ErrEncrypted
	case errors.Is(err, xlsx.ErrBomb):
		e.Want, e.Do, e.Err = "less", "split the workbook", ErrBomb
	case errors.Is(err, xlsx.ErrLimit):
		e.Want, e.Do, e.Err = "less", "split the workbook", ErrFormat
	case !errors.Is(err, xlsx.ErrCorrupt):
		return fmt.Errorf("decode %s: %w", file, err)
	}
	return e
}

// sheetTable is one sheet as a Table.
type sheetTable struct {
	file     string
	sheet    *xlsx.Sheet
	rows     *xlsx.Rows
	last     int64
	progress func(int64)
}

func (t *sheetTable) Name() string { return t.sheet.Name }

func (t *sheetTable) Next() (Row, error) {
	if t.rows == nil {
		rows, err := t.sheet.Rows()
		if err != nil {
			return Row{}, workbookError(t.file, 0, err)
		}
		t.rows = rows
	}
	number, cells, err := t.rows.Next()
	if errors.Is(err, io.EOF) {
		return Row{}, io.EOF
	} else if err != nil {
		return Row{}, workbookError(t.file, t.last, err)
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
	merges, err := t.sheet.Merges()
	if err != nil {
		return nil
	}
	ranges := make([]Range, len(merges))
	for i, m := range merges {
		ranges[i] = Range(m)
	}
	return ranges
}

func (t *sheetTable) close() error {
	if t.rows == nil {
		return nil
	}
	return t.rows.Close()
}
