package catalog

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// Layout settles how the files of a dataset are laid out where finding it out
// by itself would go wrong. The zero value settles nothing.
type Layout struct {
	// Sheet is the sheet of a workbook or the member of an archive to read.
	Sheet string `json:"sheet,omitempty" yaml:"sheet,omitempty"`
	// All reads every member of an archive, and not the one that is a table.
	All bool `json:"all,omitempty" yaml:"all,omitempty"`
	// Charset is a WHATWG label such as gb18030.
	Charset string `json:"charset,omitempty" yaml:"charset,omitempty"`
	// Delimiter parts the cells of a text file.
	Delimiter string `json:"delimiter,omitempty" yaml:"delimiter,omitempty"`
	// Widths are the columns of a fixed-width text file, in characters.
	Widths []int `json:"widths,omitempty" yaml:"widths,omitempty"`
	// Record names the elements of an XML file that are its rows.
	Record string `json:"record,omitempty" yaml:"record,omitempty"`
	// Header says where the header stands.
	Header Lines `json:"header,omitzero" yaml:"header,omitempty"`
	// Columns names the columns where the file does not.
	Columns []string `json:"columns,omitempty" yaml:"columns,omitempty"`
	// Skip are lines to leave out.
	Skip []Lines `json:"skip,omitempty" yaml:"skip,omitempty"`
	// FillDown names the columns whose blank cells repeat the cell above, as
	// sheets print it; cells that are merged in the file are repeated anyway.
	FillDown []string `json:"fill_down,omitempty" yaml:"fill_down,omitempty"`
	// Origin names a column that says which sheet or member, and which heading on
	// it, a row stands under. Empty: there is none.
	Origin string `json:"origin,omitempty" yaml:"origin,omitempty"`
}

// Lines is a run of lines of a file, both inclusive: 3, 3-4, or 40- for all
// from there; or none.
type Lines struct {
	First, Last int64
	None        bool
}

const lastLine = 1<<62 - 1

// ParseLines reads 3, 3-4, 40- or none.
func ParseLines(s string) (Lines, error) {
	wrong := fmt.Errorf("lines %q: want a line (3), a run of lines (3-4, 40-) or none: %w", s, ErrInvalid)
	if s == "none" {
		return Lines{None: true}, nil
	}
	first, last, ranged := strings.Cut(s, "-")
	l := Lines{}
	var err error
	if l.First, err = strconv.ParseInt(first, 10, 64); err != nil || l.First < 1 {
		return Lines{}, wrong
	}
	switch {
	case !ranged:
		l.Last = l.First
	case last == "":
		l.Last = lastLine
	default:
		if l.Last, err = strconv.ParseInt(last, 10, 64); err != nil || l.Last < l.First {
			return Lines{}, wrong
		}
	}
	return l, nil
}

func (l Lines) String() string {
	switch {
	case l.None:
		return "none"
	case l.First == 0:
		return ""
	case l.Last == l.First:
		return strconv.FormatInt(l.First, 10)
	case l.Last == lastLine:
		return fmt.Sprintf("%d-", l.First)
	}
	return fmt.Sprintf("%d-%d", l.First, l.Last)
}

// MarshalText implements encoding.TextMarshaler.
func (l Lines) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (l *Lines) UnmarshalText(b []byte) (err error) {
	*l = Lines{}
	if len(b) > 0 {
		*l, err = ParseLines(string(b))
	}
	return err
}

// IsZero reports whether nothing is settled.
func (l Lines) IsZero() bool { return l == Lines{} }

// Skips reports whether a line is to be left out.
func (l *Layout) Skips(line int64) bool {
	for _, s := range l.Skip {
		if line >= s.First && line <= s.Last {
			return true
		}
	}
	return false
}

// Override returns the layout with what o settles instead.
func (l Layout) Override(o Layout) Layout {
	l.Sheet, l.Charset, l.Delimiter = cmp.Or(o.Sheet, l.Sheet), cmp.Or(o.Charset, l.Charset), cmp.Or(o.Delimiter, l.Delimiter)
	l.All, l.Record = l.All || o.All, cmp.Or(o.Record, l.Record)
	l.Origin = cmp.Or(o.Origin, l.Origin)
	if !o.Header.IsZero() {
		l.Header = o.Header
	}
	if len(o.Widths) > 0 {
		l.Widths = o.Widths
	}
	if len(o.Columns) > 0 {
		l.Columns = o.Columns
	}
	if len(o.Skip) > 0 {
		l.Skip = o.Skip
	}
	if len(o.FillDown) > 0 {
		l.FillDown = o.FillDown
	}
	return l
}

func (l *Layout) problems(bad func(path, format string, args ...any)) {
	if l.Header.None && l.Header.First > 0 {
		bad("$.layout.header", "want lines or none")
	}
	for i, w := range l.Widths {
		if w < 1 {
			bad(fmt.Sprintf("$.layout.widths[%d]", i), "found %d, want a number of characters", w)
		}
	}
	for i, s := range l.Skip {
		if s.None || s.First == 0 {
			bad(fmt.Sprintf("$.layout.skip[%d]", i), "want a line or a run of lines")
		}
	}
	if len(l.Delimiter) > 8 {
		bad("$.layout.delimiter", "found %q, want up to eight bytes", l.Delimiter)
	}
}
