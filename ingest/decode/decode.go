// Package decode turns one file, in whatever form a department sent it, into
// tables of text cells with the line that each row began on.
//
// It decides the container (zip, tar, gz, zst), the format (CSV, XLSX, XLS, ODS,
// Parquet, JSON, JSON Lines) and the character set from the bytes, says what it decided and why,
// and changes no text. Finding the header among the rows is package ingest's
// business, because it needs to know which columns are wanted.
package decode

import (
	"errors"
	"fmt"
)

// Row is one record of a table. Cells are valid until the next call of Next;
// an absent cell is empty. Line is the 1-based line of the file on which the
// record began, or the sheet's row number.
type Row struct {
	Line  int64
	Cells [][]byte
	// Fault says why the record cannot be read as it was meant; its cells are what
	// the line would hold without quotes. Empty: it can.
	Fault string
}

// Table is one table of a file: a CSV file, a sheet, an array of JSON objects.
type Table interface {
	// Name is the sheet's or archive member's name, or both ("member/sheet")
	// where all members are read; empty for a plain file.
	Name() string
	// Next returns the next record, io.EOF after the last one, or an *Error.
	// Blank records are returned too (Cells empty), so that lines add up.
	Next() (Row, error)
	// Merges returns the merged ranges among the first rows of a sheet.
	Merges() []Range
}

// Range is a merged range of a sheet, rows and columns 1-based and inclusive.
type Range struct{ Row, Col, Row2, Col2 int }

// Options are what an operator or a definition may settle beforehand.
type Options struct {
	// Charset settles the character set of a text file (a WHATWG label such
	// as "gb18030", "big5", "utf-8", "utf-16le"). Empty: decided from the bytes.
	Charset string
	// Sheet picks a sheet of a workbook, a table of a JSON document by its path,
	// or a member of an archive, by name; "member/sheet" a sheet in a member.
	Sheet string
	// All reads every member of an archive that is a table, in its order. Their
	// tables are named "member", those of workbooks "member/sheet".
	All bool
	// Delimiter settles what stands between the cells of delimited text: up to eight
	// bytes without a quote or a line end. Empty: decided from the text.
	Delimiter string
	// Widths are the columns of text without delimiters, in characters. What
	// stands behind them in a line is one more cell.
	Widths []int
	// Record names the elements of an XML file that are its rows, by their name
	// or by the whole path (list/item). Empty: those that alone are repeated.
	Record string
	// MaxBytes bounds what a file may unpack to. 0: DefaultMaxBytes.
	MaxBytes int64
	// MaxCell bounds one cell, in bytes. 0: DefaultMaxCell.
	MaxCell int
	// TempDir takes what an archive unpacks to. Empty: os.TempDir().
	TempDir string
	// Progress, where set, is told how many bytes of the file have been read.
	Progress func(read int64)
}

// Bounds that hold unless Options say otherwise.
const (
	DefaultMaxBytes = 64 << 30
	DefaultMaxCell  = 16 << 20
	// MaxRatio is how far an archive member larger than 64 MiB may expand
	// before it is taken for a bomb; deflate cannot exceed 1032.
	MaxRatio = 300
)

// Info says what a file was found to be.
type Info struct {
	Format    string   `json:"format"`              // csv, fixed, xlsx, xls, ods, parquet, json, jsonl, html, spreadsheetml, xml
	Container []string `json:"container,omitempty"` // outermost first: zip, tar, gz, zst
	Charset   string   `json:"charset,omitempty"`
	// Evidence says in one sentence why this character set.
	Evidence string `json:"evidence,omitempty"`
	// Undecodable counts the places that are no text in Charset. They were
	// read as U+FFFD; UndecodableAt names the first hundred.
	Undecodable   int64    `json:"undecodable,omitempty"`
	UndecodableAt []Place  `json:"undecodable_at,omitempty"`
	Delimiter     string   `json:"delimiter,omitempty"`
	Sheets        []string `json:"sheets,omitempty"`
	// Notes are things that an operator should know: hidden sheets, members left out.
	Notes []string `json:"notes,omitempty"`
	// Members says it of each member of an archive that was read whole. Format
	// and Charset above then have all that there are, joined by plus signs.
	Members []Info `json:"members,omitempty"`
	// Member is the name of the one this is about.
	Member string `json:"member,omitempty"`
}

// Headed reports whether the format names its columns, so that the first row
// of every table is its header.
func (i *Info) Headed() bool {
	return i.Format == "json" || i.Format == "jsonl" || i.Format == "parquet" || i.Format == "xml"
}

// Place is a spot in a file whose bytes are no text: the line and the character
// in it, both from 1, and the bytes in hexadecimal.
type Place struct {
	Line  int64  `json:"line"`
	Col   int    `json:"col"`
	Bytes string `json:"bytes"`
}

// Error is a file that cannot be read, or not further than Line. It says
// what was found, what was expected and what to do.
type Error struct {
	File string
	Line int64 // 0: the whole file
	Col  int   // in characters from 1; 0: the whole line
	// Found, Want and Do are clauses of one sentence.
	Found, Want, Do string
	Err             error
}

func (e *Error) Error() string {
	at := e.File
	if e.Line > 0 {
		at += fmt.Sprintf(":%d", e.Line)
		if e.Col > 0 {
			at += fmt.Sprintf(":%d", e.Col)
		}
	}
	s := at + ": found " + e.Found
	if e.Want != "" {
		s += ", expected " + e.Want
	}
	if e.Do != "" {
		s += "; " + e.Do
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// Why a file was refused.
var (
	ErrEmpty     = errors.New("empty file")
	ErrCorrupt   = errors.New("corrupt or truncated file")
	ErrEncrypted = errors.New("encrypted file")
	ErrBomb      = errors.New("file unpacks to too much")
	ErrCharset   = errors.New("undecodable text")
	ErrFormat    = errors.New("unknown format")
	// ErrSeveral is an archive with several tables of which none was named.
	ErrSeveral = fmt.Errorf("several tables: %w", ErrFormat)
)
