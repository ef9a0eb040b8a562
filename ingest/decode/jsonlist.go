package decode

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// jsonList reads the rows of a JSON text that have no keys: arrays, values, or
// values in objects in objects. The first row is the header.
type jsonList struct {
	file    string
	open    func(report bool) io.ReadCloser
	layout  layout
	maxCell int

	src   io.ReadCloser
	scan  *jsonScanner
	width int  // cells of the widest row
	named bool // the first array holds strings alone
	cells [][]byte
	jsonCells
	first bool // the next value is its array's or object's first
	leaf  leafWalk
	err   error
}

// leafWalk stands somewhere in objects in objects.
type leafWalk struct {
	keys    [][]byte // down to the value in hand
	empty   []bool   // the objects that are open: nothing was in them so far
	inArray bool
}

func (t *jsonList) Name() string    { return t.layout.path }
func (t *jsonList) Merges() []Range { return nil }

func (t *jsonList) close() error {
	if t.src == nil {
		return nil
	}
	return t.src.Close()
}

func (t *jsonList) Next() (Row, error) {
	if t.err != nil {
		return Row{}, t.err
	}
	row, err := t.next()
	if err != nil {
		t.err = err
		return Row{}, err
	}
	return row, nil
}

func (t *jsonList) next() (Row, error) {
	if t.scan == nil {
		if err := t.measure(); err != nil {
			return Row{}, err
		}
		if err := t.start(true); err != nil {
			return Row{}, err
		}
		if t.layout.header != nil {
			for _, name := range t.layout.header {
				t.cells = append(t.cells, []byte(name))
			}
			return Row{Line: t.layout.line, Cells: append(t.cells, t.names(len(t.cells))...)}, nil
		}
		if !t.named {
			return Row{Line: t.layout.line, Cells: t.names(0)}, nil
		}
		line, err := t.record()
		if err != nil {
			return Row{}, err
		}
		return Row{Line: line, Cells: append(t.cells, t.names(len(t.cells))...)}, nil
	}
	line, err := t.record()
	if err != nil {
		return Row{}, err
	}
	return Row{Line: line, Cells: t.cells}, nil
}

// names returns the names of the columns from one on that have none.
func (t *jsonList) names(from int) [][]byte {
	var names [][]byte
	for i := from; i < t.width; i++ {
		switch t.layout.shape {
		case shapeArrays, shapeCells:
			names = append(names, strconv.AppendInt([]byte("c"), int64(i+1), 10))
		case shapeValues:
			names = append(names, []byte("value"))
		case shapeLeaves:
			names = append(names, strconv.AppendInt([]byte("level_"), int64(i+1), 10))
		}
	}
	return names
}

// measure reads the whole text for the number of its columns.
func (t *jsonList) measure() error {
	if err := t.start(false); err != nil {
		return err
	}
	defer t.src.Close()
	for first := true; ; first = false {
		strings := first && t.layout.shape == shapeArrays && t.layout.header == nil
		_, err := t.row(func(value []byte) { strings = strings && value[0] == '"' })
		if err == io.EOF {
			break
		} else if err != nil {
			return err
		}
		if t.width = max(t.width, len(t.cells)); first {
			t.named = strings && len(t.cells) > 0
		}
	}
	if t.width == 0 && t.layout.header == nil {
		return &Error{File: t.file, Line: t.layout.line, Found: "an array of empty arrays", Want: "rows", Do: "send the file with its rows", Err: ErrEmpty}
	}
	return nil
}

func (t *jsonList) start(report bool) error {
	t.src = t.open(report)
	if _, err := io.CopyN(io.Discard, t.src, t.layout.offset); err != nil {
		return fmt.Errorf("decode %s: %w", t.file, err)
	}
	t.scan = newJSONScanner(t.file, t.src, t.maxCell)
	t.scan.line = t.layout.line
	t.first, t.leaf = true, leafWalk{}
	return nil
}

// record puts the next row into t.cells and returns its line.
func (t *jsonList) record() (int64, error) { return t.row(func([]byte) {}) }

// row is record, with each value told to value.
func (t *jsonList) row(value func([]byte)) (int64, error) {
	t.cells = t.cells[:0]
	t.reset()
	if t.layout.shape == shapeLeaves {
		return t.nextLeaf()
	}
	line, raw, err := t.element()
	if err != nil {
		return 0, err
	}
	p := jsonParser{b: raw}
	if t.layout.shape == shapeCells {
		return line, t.cellsOf(line, raw)
	}
	if t.layout.shape == shapeArrays {
		if raw[0] != '[' {
			return 0, t.refuse(line, "something other than an array among arrays")
		}
		err = p.array(func(v []byte) error {
			value(v)
			return t.add(v)
		})
	} else if raw, err = p.value(); err == nil {
		err = t.add(raw)
	}
	if err != nil {
		return 0, t.refuse(line, err.Error())
	}
	return line, nil
}

// element returns the next row's line and text.
func (t *jsonList) element() (int64, []byte, error) {
	if t.layout.lines {
		c, err := t.scan.space()
		switch {
		case errors.Is(err, errJSONEnd):
			return 0, nil, io.EOF
		case err != nil:
			return 0, nil, err
		case c != '[':
			return 0, nil, t.scan.unexpected(c, "an array")
		}
		line := t.scan.line
		raw, err := t.scan.value()
		return line, raw, err
	}
	line, raw, err := t.scan.element(t.first)
	if err == io.EOF && !t.layout.inside {
		err = t.scan.finished()
	}
	t.first = false
	return line, raw, err
}

// cellsOf puts the cells of a row of Google Visualization into t.cells: what a
// cell shows where its value is a date, else its value.
func (t *jsonList) cellsOf(line int64, raw []byte) error {
	row, err := keysOf(raw, maxColumns)
	if err != nil {
		return t.refuse(line, err.Error())
	}
	for _, m := range row {
		if m.key != "c" {
			continue
		}
		p := jsonParser{b: m.value}
		err = p.array(func(cell []byte) error {
			value, shown := []byte("null"), []byte(nil)
			if cell[0] == '{' {
				members, err := keysOf(cell, maxColumns)
				if err != nil {
					return err
				}
				for _, m := range members {
					switch m.key {
					case "v":
						value = m.value
					case "f":
						shown = m.value
					}
				}
			}
			if bytes.HasPrefix(value, []byte(`"Date(`)) {
				if date, ok := vizDate(string(value[len(`"Date(`):])); ok {
					value = []byte(`"` + date + `"`)
				} else if shown != nil {
					value = shown
				}
			}
			return t.add(value)
		})
		if err != nil {
			return t.refuse(line, err.Error())
		}
	}
	return nil
}

// vizDate reads Date(2024,0,31) and Date(2024,0,31,10,11,12), in which the months
// count from 0.
func vizDate(s string) (string, bool) {
	s, ok := strings.CutSuffix(s, `)"`)
	var n [6]int
	parts := strings.Split(s, ",")
	if !ok || len(parts) < 3 || len(parts) > 7 {
		return "", false
	}
	for i, part := range parts[:min(len(parts), 6)] {
		v, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || v < 0 || v > 9999 {
			return "", false
		}
		n[i] = v
	}
	at := time.Date(n[0], time.Month(n[1]+1), n[2], n[3], n[4], n[5], 0, time.UTC)
	if len(parts) == 3 {
		return at.Format(time.DateOnly), true
	}
	return at.Format(time.DateTime), true
}

func (t *jsonList) refuse(line int64, found string) *Error {
	return &Error{File: t.file, Line: line, Found: found, Want: "rows alike", Do: "correct the JSON text", Err: ErrFormat}
}

// add appends a value's text to the row.
func (t *jsonList) add(value []byte) error {
	if len(t.cells) == maxColumns {
		return fmt.Errorf("more than %d values in a row", maxColumns)
	}
	cell, err := t.cell(value, t.maxCell)
	t.cells = append(t.cells, cell)
	return err
}

// nextLeaf puts the next value and the keys that lead to it into t.cells. An
// object or array without anything in it is a row of its keys.
func (t *jsonList) nextLeaf() (int64, error) {
	w := &t.leaf
	if w.empty == nil { // at the brace of the document
		if _, err := t.scan.space(); err != nil {
			return 0, t.scan.ended(err)
		}
		t.scan.pos++
		w.empty = []bool{true}
	}
	for len(w.empty) > 0 {
		if w.inArray {
			line, raw, err := t.scan.element(t.first)
			empty := t.first
			switch t.first = false; {
			case err == io.EOF:
				if w.inArray = false; empty {
					return t.emit(t.scan.line, nil)
				}
				continue
			case err != nil:
				return 0, err
			}
			return t.emit(line, raw)
		}
		top := len(w.empty) - 1
		key, done, err := t.scan.key(w.empty[top])
		if err != nil {
			return 0, err
		} else if done {
			empty := w.empty[top]
			w.empty, w.keys = w.empty[:top], w.keys[:min(top, len(w.keys))]
			if empty && top > 0 {
				return t.emit(t.scan.line, nil)
			}
			continue
		}
		w.empty[top] = false
		w.keys = append(w.keys[:top], []byte(key))
		c, err := t.scan.space()
		if err != nil {
			return 0, t.scan.ended(err)
		}
		switch c {
		case '[':
			t.scan.pos++
			w.inArray, t.first = true, true
		case '{':
			t.scan.pos++
			w.empty = append(w.empty, true)
		default:
			line := t.scan.line
			raw, err := t.scan.value()
			if err != nil {
				return 0, err
			}
			return t.emit(line, raw)
		}
	}
	return 0, io.EOF
}

// emit makes a row of the keys and a value; nil: of the keys alone.
func (t *jsonList) emit(line int64, raw []byte) (int64, error) {
	for _, key := range t.leaf.keys {
		if len(key) > t.maxCell {
			return 0, t.refuse(line, fmt.Sprintf("a key of %d bytes", len(key)))
		}
	}
	t.cells = append(t.cells, t.leaf.keys...)
	if raw == nil {
		return line, nil
	}
	p := jsonParser{b: raw}
	value, err := p.value()
	if err == nil {
		err = t.add(value)
	}
	if err != nil {
		return 0, t.refuse(line, err.Error())
	}
	return line, nil
}
