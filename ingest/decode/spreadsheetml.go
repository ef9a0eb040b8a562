package decode

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"govdata/ingest/decode/numfmt"
)

// openSpreadsheetML opens a workbook in one XML file, as Excel 2003 and many
// programs write it ("XML Spreadsheet 2003").
func (s *Source) openSpreadsheetML(c *content, t *text) error {
	book, err := surveySpreadsheetML(c.name, t, s.options.MaxCell)
	if err != nil {
		return err
	}
	s.info.Format = "spreadsheetml"
	var sheets []sheet
	for i := range book.sheets {
		own := &book.sheets[i]
		sheets = append(sheets, sheet{name: own.name, hidden: own.hidden,
			rows:   func() (sheetRows, error) { return newMLRows(c.name, t, s.options.MaxCell, book, i), nil },
			merges: func() ([]Range, error) { return own.merges, nil }})
	}
	if len(sheets) == 0 {
		return refuse(c, "a workbook without a sheet", "send the file again")
	}
	return s.openSheets(c, sheets)
}

// mlBook is what a first reading finds out about a workbook.
type mlBook struct {
	sheets  []mlSheet
	formats map[string]numfmt.Kind // of the styles that show numbers as dates, by their ids
}

type mlSheet struct {
	name   string
	hidden bool
	merges []Range
}

const maxMLStyles = 1 << 16

func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

func surveySpreadsheetML(file string, t *text, maxCell int) (*mlBook, error) {
	src := t.open(false)
	defer src.Close()
	x := newXMLReader(file, src, maxCell)
	book := &mlBook{formats: map[string]numfmt.Kind{}}
	style := ""
	var walk *mlWalk
	for {
		token, err := x.next()
		if err == io.EOF {
			return book, nil
		} else if err != nil {
			return nil, err
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch start.Name.Local {
		case "Style":
			style = attr(start, "ID")
		case "NumberFormat":
			if kind := mlKind(attr(start, "Format")); kind != numfmt.Number && len(book.formats) < maxMLStyles {
				book.formats[style] = kind
			}
		case "Worksheet":
			if len(book.sheets) == maxTables {
				return nil, x.refuse(ErrFormat, fmt.Sprintf("more than %d sheets", maxTables), "fewer", "split the file")
			}
			name := attr(start, "Name")
			for n := 2; slices.ContainsFunc(book.sheets, func(s mlSheet) bool { return s.name == name }); n++ {
				name = fmt.Sprintf("%s (%d)", attr(start, "Name"), n)
			}
			book.sheets = append(book.sheets, mlSheet{name: name})
			walk = &mlWalk{}
		case "Visible":
			token, err := x.next()
			if err != nil {
				return nil, err
			}
			if text, ok := token.(xml.CharData); ok && len(book.sheets) > 0 && strings.HasPrefix(strings.TrimSpace(string(text)), "SheetHidden") {
				book.sheets[len(book.sheets)-1].hidden = true
			} else if ok && len(book.sheets) > 0 && strings.HasPrefix(strings.TrimSpace(string(text)), "SheetVeryHidden") {
				book.sheets[len(book.sheets)-1].hidden = true
			}
		case "Row", "Cell":
			if walk == nil {
				continue
			}
			down, across, err := walk.place(x, start)
			if err != nil {
				return nil, err
			}
			s := &book.sheets[len(book.sheets)-1]
			if (down > 0 || across > 0) && len(s.merges) < maxHTMLMerges {
				s.merges = append(s.merges, Range{int(walk.row), walk.col, int(walk.row) + down, walk.col + across})
			}
		}
	}
}

// mlKind is what a number format makes of a number. Those with a name of their
// own stand in the documentation of the format.
func mlKind(format string) numfmt.Kind {
	switch format {
	case "General Date", "Long Date", "Medium Date", "Short Date":
		return numfmt.Date
	case "Long Time", "Medium Time", "Short Time":
		return numfmt.Clock
	case "", "General", "General Number", "Currency", "Euro Currency", "Fixed", "Standard", "Percent", "Scientific", "Yes/No", "True/False", "On/Off":
		return numfmt.Number
	}
	return numfmt.KindOf(format)
}

// mlWalk counts rows and cells, which stand one behind the other unless they say
// where they stand.
type mlWalk struct {
	row      int64
	col      int
	next     int
	rowsLeft int64 // that a Span covers
}

const maxMLRows = 1 << 24

// place moves to a row or cell and returns how far a cell reaches.
func (w *mlWalk) place(x *xmlReader, start xml.StartElement) (down, across int, err error) {
	index, err := mlNumber(x, start, "Index", maxMLRows)
	if err != nil {
		return 0, 0, err
	}
	if start.Name.Local == "Row" {
		// A row may stand for several that are empty like it.
		span, err := mlNumber(x, start, "Span", maxMLRows)
		if err != nil {
			return 0, 0, err
		}
		w.row += 1 + w.rowsLeft
		w.rowsLeft = int64(span)
		if index > 0 {
			if int64(index) < w.row {
				return 0, 0, x.refuse(ErrCorrupt, fmt.Sprintf("row %d behind row %d", index, w.row-1), "rows in their order", "save it again")
			}
			w.row = int64(index)
		}
		if w.row > maxMLRows {
			return 0, 0, x.refuse(ErrFormat, fmt.Sprintf("more than %d rows", maxMLRows), "fewer", "split the file")
		}
		w.next = 1
		return 0, 0, nil
	}
	if w.next == 0 { // a cell outside of a row
		return 0, 0, x.refuse(ErrCorrupt, "a cell outside of a row", "a workbook", "save it again")
	}
	if across, err = mlNumber(x, start, "MergeAcross", maxColumns); err != nil {
		return 0, 0, err
	}
	if down, err = mlNumber(x, start, "MergeDown", maxMLRows); err != nil {
		return 0, 0, err
	}
	if index > 0 {
		if index < w.next {
			return 0, 0, x.refuse(ErrCorrupt, fmt.Sprintf("cell %d behind cell %d", index, w.next-1), "cells in their order", "save it again")
		}
		w.next = index
	}
	w.col = w.next
	if w.next += 1 + across; w.col > maxColumns || w.next > maxColumns+1 {
		return 0, 0, x.refuse(ErrFormat, fmt.Sprintf("a row of more than %d cells", maxColumns), "fewer", "split the sheet")
	}
	return down, across, nil
}

func mlNumber(x *xmlReader, e xml.StartElement, name string, most int) (int, error) {
	given := attr(e, name)
	if given == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(strings.TrimSpace(given))
	if err != nil || n < 0 || n > most {
		return 0, x.refuse(ErrCorrupt, fmt.Sprintf("%s=%q", name, given), fmt.Sprintf("a number up to %d", most), "save it again")
	}
	return n, nil
}

// mlRows are the rows of one sheet.
type mlRows struct {
	src    io.Closer
	x      *xmlReader
	walk   mlWalk
	book   *mlBook
	sheet  int // that is wanted
	inside bool
	rowAt  string // the style of the row
	cells  [][]byte
}

func newMLRows(file string, t *text, maxCell int, book *mlBook, sheet int) *mlRows {
	src := t.open(true)
	return &mlRows{src: src, x: newXMLReader(file, src, maxCell), book: book, sheet: sheet}
}

func (r *mlRows) Read() int64  { return 0 } // the text tells
func (r *mlRows) Close() error { return r.src.Close() }

func (r *mlRows) Next() (int64, [][]byte, error) {
	begun := false
	for {
		token, err := r.x.next()
		if err != nil {
			return 0, nil, err
		}
		switch token := token.(type) {
		case xml.StartElement:
			switch token.Name.Local {
			case "Worksheet":
				if r.sheet--; r.sheet >= 0 {
					if err := r.x.skip(); err != nil {
						return 0, nil, err
					}
				} else if r.sheet < -1 {
					return 0, nil, io.EOF
				} else {
					r.inside = true
				}
			case "Row":
				if !r.inside {
					continue
				}
				if _, _, err := r.walk.place(r.x, token); err != nil {
					return 0, nil, err
				}
				r.cells, begun = r.cells[:0], true
			case "Cell":
				if !begun {
					continue
				}
				if _, _, err := r.walk.place(r.x, token); err != nil {
					return 0, nil, err
				}
				text, err := r.cell(token)
				if err != nil {
					return 0, nil, err
				}
				if len(text) > 0 {
					for len(r.cells) < r.walk.col-1 {
						r.cells = append(r.cells, nil)
					}
					r.cells = append(r.cells, text)
				}
			case "Styles", "WorksheetOptions", "Names":
				if err := r.x.skip(); err != nil {
					return 0, nil, err
				}
			}
		case xml.EndElement:
			if token.Name.Local == "Row" && begun {
				return r.walk.row, r.cells, nil
			}
		}
	}
}

// cell reads the cell that began last to its end.
func (r *mlRows) cell(start xml.StartElement) ([]byte, error) {
	outside := r.x.depth - 1
	var text []byte
	kind := ""
	data := 0 // the depth of the element with the value
	for r.x.depth > outside {
		token, err := r.x.next()
		if err != nil {
			return nil, err
		}
		switch token := token.(type) {
		case xml.StartElement:
			switch name := token.Name.Local; {
			case name == "Data" && data == 0:
				kind, data = attr(token, "Type"), r.x.depth
			case data > 0 && r.x.depth > data && strings.EqualFold(name, "br"):
				text = append(text, '\n')
			case data == 0: // a comment, a name
				if err := r.x.skip(); err != nil {
					return nil, err
				}
			}
		case xml.EndElement:
			if r.x.depth < data {
				data = -1
			}
		case xml.CharData:
			if data > 0 {
				if text = append(text, token...); len(text) > r.x.max {
					return nil, r.x.refuse(ErrFormat, fmt.Sprintf("a cell of more than %d bytes", r.x.max), "less", "split the file")
				}
			}
		}
	}
	return r.value(kind, attr(start, "StyleID"), text), nil
}

// value is the text of a value as the other readers of workbooks give it.
func (r *mlRows) value(kind, style string, raw []byte) []byte {
	switch kind {
	case "Boolean":
		switch string(bytes.TrimSpace(raw)) {
		case "1":
			return []byte("true")
		case "0":
			return []byte("false")
		}
	case "DateTime":
		if t, err := time.Parse("2006-01-02T15:04:05.999", string(bytes.TrimSpace(raw))); err == nil {
			switch format := r.book.formats[style]; {
			case t.Year() == 1899 && t.Month() == time.December && t.Day() == 31, format == numfmt.Clock && t.Year() < 1900:
				return []byte(t.Format("15:04:05"))
			case t.Hour() == 0 && t.Minute() == 0 && t.Second() == 0 && t.Nanosecond() == 0:
				return []byte(t.Format(time.DateOnly))
			}
			return []byte(t.Format("2006-01-02 15:04:05"))
		}
	case "Number":
		raw = bytes.TrimSpace(raw)
		if format := r.book.formats[style]; format != numfmt.Number {
			if v, err := strconv.ParseFloat(string(raw), 64); err == nil {
				if out, ok := numfmt.AppendDate(nil, v, 0, format); ok {
					return out
				}
			}
		}
		if !numfmt.Plain(raw) {
			return numfmt.AppendNumber(nil, raw)
		}
	}
	return raw
}
