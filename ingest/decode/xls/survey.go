package xls

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
)

// survey is what a pass over a sheet tells before its rows are given.
type survey struct {
	merges []Range
	// ordered is whether the rows stand in their order, which the format asks
	// for ([MS-XLS] 2.1.7.20.6) and not every writer keeps.
	ordered bool
	runs    int   // stretches of cells of one row
	bytes   int64 // of the records of cells, and of their text
}

// look makes the pass over the sheet, once.
func (s *Sheet) look() (*survey, error) {
	if s.survey != nil {
		return s.survey, nil
	}
	r, err := s.records()
	if err != nil {
		return nil, err
	}
	v := &survey{ordered: true}
	for at, last := (place{row: -1}), -1; ; {
		if err := r.next(); errors.Is(err, io.EOF) {
			s.survey = v
			return v, nil
		} else if err != nil {
			return nil, fmt.Errorf("sheet %q, stream %s, before byte %d: %w", s.Name, s.book.stream, r.at, err)
		}
		if r.id == recMergedCells {
			s.book.merges += v.merge(r.data, maxMerges-s.book.merges)
		}
		begins, kept := at.of(r.records)
		if begins {
			v.runs++
			v.ordered = v.ordered && at.row > last
			last = at.row
		}
		if kept {
			v.bytes += int64(len(r.data)) + recordHeader
		}
	}
}

// place is where among the cells of a sheet a record stands.
type place struct {
	row  int // -1 before the first
	kept bool
}

// of reports whether a record begins another row, and whether it holds cells,
// or text of theirs.
func (p *place) of(r *records) (begins, kept bool) {
	switch {
	case isCell(r.id) && len(r.data) >= 2:
		row := int(binary.LittleEndian.Uint16(r.data))
		begins = row != p.row
		p.row, p.kept = row, true
	case r.id == recString:
		p.kept = p.row >= 0
	case r.id != recContinue: // which is what the record before it is
		p.kept = false
	}
	return begins, p.kept
}

// merge keeps the ranges of a record of them ([MS-XLS] 2.4.168), at most so
// many, and returns how many they are.
func (v *survey) merge(data []byte, most int) int {
	before := len(v.merges)
	for data = data[min(2, len(data)):]; len(data) >= 8 && len(v.merges)-before < most; data = data[8:] {
		at := func(i int) int { return int(binary.LittleEndian.Uint16(data[2*i:])) + 1 }
		m := Range{Row: at(0), Row2: at(1), Col: at(2), Col2: at(3)}
		if m.Row2 >= m.Row && m.Col2 >= m.Col && (m.Row2 > m.Row || m.Col2 > m.Col) {
			v.merges = append(v.merges, m)
		}
	}
	return len(v.merges) - before
}

// covered returns the rows that merged cells cover, in their order. They are
// rows of the table even where nothing stands in them. Cells merged down to the
// end of the sheet are whole columns, and say nothing of its rows.
func (v *survey) covered() []int64 {
	var change [maxRows + 2]int32 // in how many ranges cover a row
	for _, m := range v.merges {
		if m.Row2 < maxRows {
			change[m.Row]++
			change[m.Row2+1]--
		}
	}
	var rows []int64
	for row, n := 1, int32(0); row <= maxRows; row++ {
		if n += change[row]; n > 0 {
			rows = append(rows, int64(row))
		}
	}
	return rows
}

// isCell reports whether a record holds cells. They all begin with the row.
func isCell(id uint16) bool {
	switch id {
	case recFormula, recFormula3, recFormula4, recMulRK, recMulBlank, recRString, recLabelSST, recBlank, recNumber, recLabel, recBoolErr, recRK:
		return true
	}
	return false
}

// sheetRecords are the records of a sheet, without those of the charts in it.
type sheetRecords struct{ *records }

// records begins to read a sheet behind the record that it begins with.
func (s *Sheet) records() (*sheetRecords, error) {
	r, err := s.book.records(s.offset)
	if err != nil {
		return nil, fmt.Errorf("sheet %q: %w", s.Name, err)
	}
	if err := r.next(); err != nil || r.id != recBOF || len(r.data) < 4 || binary.LittleEndian.Uint16(r.data[2:]) == substreamGlobals {
		return nil, fmt.Errorf("%w: sheet %q: no sheet begins at byte %d of stream %s", ErrCorrupt, s.Name, s.offset, s.book.stream)
	}
	return &sheetRecords{r}, nil
}

// next moves to the next record, io.EOF at the end of the sheet.
func (r *sheetRecords) next() error {
	for depth := 0; ; {
		if err := r.records.next(); errors.Is(err, io.EOF) {
			return fmt.Errorf("%w: the sheet has no end", ErrCorrupt)
		} else if err != nil {
			return err
		}
		switch {
		case r.id == recBOF:
			depth++
		case r.id == recEOF && depth == 0:
			return io.EOF
		case r.id == recEOF:
			depth--
		case depth == 0:
			return nil
		}
	}
}

// sorted is the records of a sheet with its rows in their order, in memory.
type sorted struct {
	// data has the records of cells in stretches of one row, each behind its
	// length.
	data []byte
	// runs are the rows and where in data they begin, 16 bits and 48.
	runs []uint64
	left []byte // of the run that is being read
}

const runHeader = 4

// sort reads the cells of a sheet into memory, by row; those of one row stay as
// they stand.
func (s *Sheet) sort(v *survey) (*sorted, error) {
	size := v.bytes + runHeader*int64(v.runs)
	if size > maxUnordered {
		return nil, fmt.Errorf("%w: sheet %q: rows out of order and more than %d bytes", ErrLimit, s.Name, maxUnordered)
	}
	r, err := s.records()
	if err != nil {
		return nil, err
	}
	o := &sorted{data: make([]byte, 0, size), runs: make([]uint64, 0, v.runs)}
	begin := -1
	closeRun := func() {
		if begin >= 0 {
			binary.LittleEndian.PutUint32(o.data[begin:], uint32(len(o.data)-begin-runHeader))
		}
	}
	for at := (place{row: -1}); ; {
		if err := r.next(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("sheet %q, stream %s, before byte %d: %w", s.Name, s.book.stream, r.at, err)
		}
		begins, kept := at.of(r.records)
		if begins {
			closeRun()
			begin = len(o.data)
			o.runs = append(o.runs, uint64(at.row)<<48|uint64(begin))
			o.data = append(o.data, make([]byte, runHeader)...)
		}
		if kept {
			o.data = binary.LittleEndian.AppendUint16(o.data, r.id)
			o.data = binary.LittleEndian.AppendUint16(o.data, uint16(len(r.data)))
			o.data = append(o.data, r.data...)
		}
	}
	closeRun()
	slices.Sort(o.runs)
	return o, nil
}

// end is the record that ends a sheet.
var end = []byte{recEOF, 0, 0, 0}

// Read reads on in the order of the rows.
func (o *sorted) Read(p []byte) (int, error) {
	if len(o.left) == 0 {
		switch {
		case o.data == nil:
			return 0, io.EOF
		case len(o.runs) == 0:
			o.left, o.data = end, nil
		default:
			begin := o.runs[0] & (1<<48 - 1)
			size := binary.LittleEndian.Uint32(o.data[begin:])
			o.left = o.data[begin+runHeader:][:size]
			o.runs = o.runs[1:]
		}
	}
	n := copy(p, o.left)
	o.left = o.left[n:]
	return n, nil
}
