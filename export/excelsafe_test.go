package export

import (
	"encoding/csv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// excelSafeCell is how a cell is written for spreadsheets.
func excelSafeCell(t *testing.T, cell string) string {
	t.Helper()
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.BinaryTypes.String}, {Name: "b", Type: arrow.BinaryTypes.String}}, nil))
	defer b.Release()
	b.Field(0).(*array.StringBuilder).Append(cell)
	b.Field(1).(*array.StringBuilder).Append("z")
	batch := b.NewRecordBatch()
	defer batch.Release()
	return string(csvBatch(batch, nil, Options{ExcelSafe: true}))
}

// formula reports whether a spreadsheet could take a cell for a formula: what it
// drops in front of one comes first.
func formula(cell string) bool {
	rest := strings.TrimLeft(cell, "\t\n\v\f\r \x00\u0085\u00a0\u200b\u200c\u200d\u2060\u3000\ufeff")
	r, _ := utf8.DecodeRuneInString(rest)
	return strings.ContainsRune("=+-@＝＋－＠", r) && rest != ""
}

func TestNoCellForSpreadsheetsBeginsAFormula(t *testing.T) {
	before := []string{"", "\t", "\n", "\r", "\r\n", " ", "\v", "\f", "\u00a0", "\u3000", "\ufeff", "\u200b", "\x00", "\u0085"}
	n := 0
	for _, a := range before {
		for _, b := range before {
			for _, sign := range []string{"=", "+", "-", "@", "＝", "＋", "－", "＠"} {
				n++
				cell := a + b + sign + "1+cmd|' /C calc'!A0"
				line := excelSafeCell(t, cell)
				read, err := csv.NewReader(strings.NewReader(line)).ReadAll()
				if err != nil || len(read) != 1 || len(read[0]) != 2 {
					t.Fatalf("%q: written as %q: %v", cell, line, err)
				}
				// Go's reader makes \n of \r\n inside quotes.
				if got, want := read[0][0], "'"+strings.ReplaceAll(cell, "\r\n", "\n"); got != want {
					t.Errorf("%q: found %q, want %q", cell, got, want)
				}
			}
		}
	}
	t.Logf("%d beginnings", n)
	for _, cell := range []string{"a=1", "兰州市", "x y", "'=1", "a", "1", " 甘肃", "\t"} {
		if formula(cell) {
			t.Fatalf("%q is no formula", cell)
		}
		read, err := csv.NewReader(strings.NewReader(excelSafeCell(t, cell))).ReadAll()
		if err != nil || read[0][0] != cell && cell != "\t" {
			t.Errorf("%q: found %q, %v", cell, read, err)
		}
	}
}

// Spreadsheets of other countries part cells at semicolons and tabs: a cell with
// one of these is quoted, so that what is behind it begins no cell.
func TestACellForSpreadsheetsIsNotPartedElsewhere(t *testing.T) {
	for _, cell := range []string{"a;=1+1", "a\t=1+1", "a|=1+1"} {
		if line := excelSafeCell(t, cell); line != `"`+cell+"\",z\n" {
			t.Errorf("%q is written as %q", cell, line)
		}
	}
}

func FuzzExcelSafe(f *testing.F) {
	for _, seed := range []string{"=1", "\t=1", "\n=1", "a,b", "\"", "", "-", "甘肃\r\n=1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, cell string) {
		if !utf8.ValidString(cell) {
			return
		}
		read, err := csv.NewReader(strings.NewReader(excelSafeCell(t, cell))).ReadAll()
		if err != nil || len(read) != 1 || len(read[0]) != 2 || read[0][1] != "z" {
			t.Fatalf("%q: %q, %v", cell, read, err)
		}
		if formula(read[0][0]) {
			t.Errorf("%q: %q begins a formula", cell, read[0][0])
		}
		if got := strings.TrimPrefix(read[0][0], "'"); got != strings.ReplaceAll(cell, "\r\n", "\n") && read[0][0] != strings.ReplaceAll(cell, "\r\n", "\n") {
			t.Errorf("%q became %q", cell, read[0][0])
		}
	})
}
