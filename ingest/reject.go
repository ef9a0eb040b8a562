package ingest

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"strconv"

	"govdata/catalog"
	"govdata/ingest/normalise"
)

// Reject is one reason why a row was not published. A row may have several.
type Reject struct {
	File  string `json:"file"`
	Table string `json:"table,omitempty"`
	Line  int64  `json:"line"`
	// Column counts from 1; 0 where the whole row is meant.
	Column int    `json:"column,omitempty"`
	Header string `json:"header,omitempty"`
	Field  string `json:"field,omitempty"`
	Value  string `json:"value"`
	// Code is stable, as in bad_check_digit.
	Code   string       `json:"code"`
	Reason catalog.Text `json:"reason"`
}

func (r *Reject) explain(err error) {
	var fault *normalise.Fault
	if errors.As(err, &fault) {
		r.Code, r.Reason = fault.Code, fault.Want
		return
	}
	r.Code, r.Reason = "invalid", catalog.Text{Zh: err.Error(), En: err.Error()}
}

// The rules that need more than one cell.
var errTooManyCells = &normalise.Fault{Code: "too_many_cells", Want: catalog.Text{
	Zh: "单元格不应多于表头的列数；请检查是否有未加引号的分隔符",
	En: "no more cells than the header has columns; check for a delimiter that is not quoted",
}}

func errDuplicate(file, table string, line int64) error {
	at := fmt.Sprintf("%s:%d", file, line)
	if table != "" {
		at = fmt.Sprintf("%s, %s:%d", file, table, line)
	}
	return &normalise.Fault{Code: "duplicate_key", Want: catalog.Text{
		Zh: "主键应唯一；首次出现于 " + at,
		En: "a key that occurs once; it stands first at " + at,
	}}
}

func errExists(release catalog.ReleaseID) error {
	return &normalise.Fault{Code: "key_exists", Want: catalog.Text{
		Zh: "追加的主键不应已存在；已见于版本 " + string(release),
		En: "a key that is not there yet; release " + string(release) + " has it already",
	}}
}

// rejectWriter lists rejects in a CSV file, and counts.
type rejectWriter struct {
	f      *os.File
	b      *bufio.Writer
	w      *csv.Writer
	rows   int64
	counts map[[2]string]int64 // by field and code
	first  []Reject
	last   struct {
		file, table string
		line        int64
	}
}

// firstRejects are repeated in the report and on the terminal.
const firstRejects = 20

func newRejectWriter(path string) (*rejectWriter, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	b := bufio.NewWriterSize(f, 1<<16)
	w := &rejectWriter{f: f, b: b, w: csv.NewWriter(b), counts: map[[2]string]int64{}}
	// The mark makes Excel and WPS read UTF-8.
	b.WriteString("\uFEFF")
	return w, w.w.Write([]string{"file", "table", "line", "column", "header", "field", "value", "code", "reason", "reason_en"})
}

// write adds the rejects of whole rows: reasons of the same row stand together.
func (w *rejectWriter) write(rs []Reject) error {
	for _, r := range rs {
		if r.File != w.last.file || r.Table != w.last.table || r.Line != w.last.line {
			w.rows++
			w.last.file, w.last.table, w.last.line = r.File, r.Table, r.Line
		}
		w.counts[[2]string{r.Field, r.Code}]++
		if len(w.first) < firstRejects {
			w.first = append(w.first, r)
		}
		column := ""
		if r.Column > 0 {
			column = strconv.Itoa(r.Column)
		}
		if err := w.w.Write([]string{r.File, r.Table, strconv.FormatInt(r.Line, 10), column, r.Header, r.Field, r.Value, r.Code, r.Reason.Zh, r.Reason.En}); err != nil {
			return fmt.Errorf("rejects: %w", err)
		}
	}
	return nil
}

func (w *rejectWriter) close() error {
	w.w.Flush()
	return errors.Join(w.w.Error(), w.b.Flush(), w.f.Close())
}
