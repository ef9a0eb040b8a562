package ingest

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"govdata/catalog"
	"govdata/ingest/normalise"
)

// Reject is one reason why a row was not published. A row may have several.
type Reject struct {
	File  string `json:"file"`
	Table string `json:"table,omitempty"`
	Line  int64  `json:"line"`
	// Row counts the data rows of all files from 1; several rows of JSON may
	// stand on one line.
	Row int64 `json:"row"`
	// Column counts from 1; 0 where the whole row is meant.
	Column int    `json:"column,omitempty"`
	Header string `json:"header,omitempty"`
	Field  string `json:"field,omitempty"`
	Value  string `json:"value"`
	// Code is stable, as in bad_check_digit.
	Code   string       `json:"code"`
	Reason catalog.Text `json:"reason"`
}

// rejected is a row that is not published, as it was sent.
type rejected struct {
	table  *table
	number int64 // among all rows, from 0
	cells  []string
	why    []Reject
}

// value is what was sent for a field, tidied; empty where it was not sent.
func (r *rejected) value(field int) string {
	if field < 0 {
		return ""
	}
	if col := r.table.source[field]; col >= 0 && col < len(r.cells) {
		return normalise.Clean(r.cells[col])
	}
	return ""
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

var errSlipped = &normalise.Fault{Code: "shifted", Want: catalog.Text{
	Zh: "每个单元格对应自己的列；本行缺少或多出一个单元格，其后各格像是相邻列的内容",
	En: "every cell in its own column; one is missing here or one too many, and the others look like those of the columns beside",
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

// rejectWriter lists rejects in rejects.csv, one reason a line, and the rows
// themselves as they were sent, with line and reasons behind, in a file for
// each table: a department mends them there and sends that file again.
type rejectWriter struct {
	dir    string
	list   *csvFile
	rows   map[*table]*csvFile
	files  []string
	count  int64
	counts map[[2]string]int64 // by field and code
	// departments counts rows by the name of the department as it was sent.
	departments map[string]int64
	department  int // its field, or -1
	dataset     *catalog.Dataset
	first       []Reject // their values are masked
}

// csvFile is a CSV file that Excel and WPS open as UTF-8.
type csvFile struct {
	f *os.File
	b *bufio.Writer
	*csv.Writer
}

func createCSV(path string, header []string) (*csvFile, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	b := bufio.NewWriterSize(f, 1<<16)
	b.WriteString("\uFEFF")
	c := &csvFile{f, b, csv.NewWriter(b)}
	return c, c.Write(header)
}

func (c *csvFile) close() error {
	c.Flush()
	return errors.Join(c.Error(), c.b.Flush(), c.f.Close())
}

// firstRejects are repeated in the report and on the terminal.
const firstRejects = 20

// The files of rejects beside the report.
const (
	rejectList = "rejects.csv"
	rejectRows = "rejected_rows"
)

func newRejectWriter(dir string, d *catalog.Dataset) (*rejectWriter, error) {
	list, err := createCSV(filepath.Join(dir, rejectList), []string{"file", "table", "line", "row", "column", "header", "field", "value", "code", "reason", "reason_en"})
	return &rejectWriter{dir: dir, list: list, rows: map[*table]*csvFile{}, counts: map[[2]string]int64{},
		departments: map[string]int64{}, department: fieldIndex(d, d.Department), dataset: d}, err
}

// write adds rows and the reasons against each.
func (w *rejectWriter) write(rows []rejected) error {
	for i := range rows {
		if err := w.writeRow(&rows[i]); err != nil {
			return fmt.Errorf("rejects: %w", err)
		}
	}
	return nil
}

// hidden is a rejected value as a report may repeat it.
func (w *rejectWriter) hidden(field, value string) string {
	class := catalog.PrivacyNone
	if f := w.dataset.Field(field); f != nil {
		class = f.Privacy
	}
	switch class {
	case catalog.PrivacyNone:
		return hideText(value)
	case catalog.PrivacyName, catalog.PrivacyParty, catalog.PrivacyFree, catalog.PrivacyContact, catalog.PrivacyAddress:
		return normalise.Mask(class, value)
	}
	return normalise.PersonalShape(normalise.PersonIdentity, value)
}

func (w *rejectWriter) writeRow(row *rejected) error {
	w.count++
	w.departments[row.value(w.department)]++
	var reasons []string
	for _, r := range row.why {
		w.counts[[2]string{r.Field, r.Code}]++
		if len(w.first) < firstRejects {
			shown := r
			shown.Value, shown.Header = w.hidden(r.Field, r.Value), hideText(r.Header)
			w.first = append(w.first, shown)
		}
		column := ""
		if r.Column > 0 {
			column = strconv.Itoa(r.Column)
		}
		if err := w.list.Write([]string{r.File, r.Table, strconv.FormatInt(r.Line, 10), strconv.FormatInt(r.Row, 10), column,
			r.Header, r.Field, r.Value, r.Code, r.Reason.Zh, r.Reason.En}); err != nil {
			return err
		}
		reason := r.Reason.Zh
		if r.Header != "" {
			reason = r.Header + "：" + reason
		}
		reasons = append(reasons, reason)
	}
	return w.writeOriginal(row, strings.Join(reasons, "；"))
}

// writeOriginal writes the row as it was sent.
func (w *rejectWriter) writeOriginal(row *rejected, reasons string) error {
	width := len(row.table.columns)
	f := w.rows[row.table]
	if f == nil {
		name := rejectRows + ".csv"
		if n := len(w.rows); n > 0 {
			name = fmt.Sprintf("%s_%d.csv", rejectRows, n+1)
		}
		header := make([]string, width, width+2)
		for i := range header {
			c := row.table.columns[i]
			if header[i] = c.Header; c.above {
				header[i] += "（" + c.Unit + "）" // here no line above says so
			}
		}
		var err error
		if f, err = createCSV(filepath.Join(w.dir, name), append(header, "_line", "_reason")); err != nil {
			return err
		}
		w.rows[row.table] = f
		w.files = append(w.files, name)
	}
	cells := make([]string, width, max(width, len(row.cells))+2)
	copy(cells, row.cells)
	cells = append(cells, strconv.FormatInt(row.why[0].Line, 10), reasons)
	if len(row.cells) > width {
		cells = append(cells, row.cells[width:]...)
	}
	return f.Write(cells)
}

func (w *rejectWriter) close() error {
	err := w.list.close()
	for _, f := range w.rows {
		err = errors.Join(err, f.close())
	}
	return err
}
