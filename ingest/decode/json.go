package decode

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"strconv"
	"unicode/utf8"
)

// jsonTable reads the objects of a JSON text as rows. The first row is the
// header: every key of every object, in order of first appearance. A value is
// its text: numbers as they are written, strings without quotes, null as an
// empty cell, objects and arrays as compact JSON. Of a key that an object
// holds twice the last value counts, as in other JSON readers.
//
// Records keyed by an id have their key as the first column; the nodes of a
// tree have their level and the path to them as the last two.
type jsonTable struct {
	file    string
	open    func(report bool) io.ReadCloser
	layout  layout
	maxCell int

	src     io.ReadCloser
	scan    *jsonScanner
	columns jsonColumns
	tree    jsonTree
	cells   [][]byte
	jsonCells
	first bool
	err   error
}

// jsonRecord is an object that becomes a row.
type jsonRecord struct {
	line int64
	raw  []byte
	key  string // the name of a member that is a record
	at   int    // of a node: where raw stands in the tree's root
}

func (t *jsonTable) Name() string    { return t.layout.path }
func (t *jsonTable) Merges() []Range { return nil }

func (t *jsonTable) close() error {
	if t.src == nil {
		return nil
	}
	return t.src.Close()
}

func (t *jsonTable) Next() (Row, error) {
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

func (t *jsonTable) next() (Row, error) {
	if t.scan == nil {
		return t.header()
	}
	r, err := t.record()
	if err != nil {
		return Row{}, err
	}
	clear(t.cells)
	t.reset()
	err = t.members(r, func(column int, value []byte) error {
		if t.layout.bindings && value[0] == '{' {
			value = boundValue(value)
		}
		cell, err := t.cell(value, t.maxCell)
		t.cells[column] = cell
		return err
	})
	if err != nil {
		return Row{}, err
	}
	switch t.layout.shape {
	case shapeKeyed:
		t.cells[0] = []byte(r.key)
	case shapeTree:
		level, path := &t.cells[len(t.cells)-2], &t.cells[len(t.cells)-1]
		*level = strconv.AppendInt(nil, int64(len(t.tree.above)+1), 10)
		if *path = t.tree.path(); len(*path) > t.maxCell {
			return Row{}, t.refuse(r.line, fmt.Sprintf("a path of %d bytes", len(*path)))
		}
		var name []byte
		if t.columns.naming >= 0 {
			name = t.cells[t.columns.naming]
		}
		if err := t.descend(r.line, name); err != nil {
			return Row{}, err
		}
	}
	return Row{Line: r.line, Cells: t.cells}, nil
}

// header opens the text for its rows and returns the names of the columns.
func (t *jsonTable) header() (Row, error) {
	if err := t.collect(); err != nil {
		return Row{}, err
	}
	if err := t.start(true); err != nil {
		return Row{}, err
	}
	t.cells = make([][]byte, len(t.columns.names))
	for i, name := range t.columns.names {
		t.cells[i] = []byte(name)
	}
	return Row{Line: t.layout.line, Cells: t.cells}, nil
}

// collect reads the whole text for its keys.
func (t *jsonTable) collect() error {
	if err := t.start(false); err != nil {
		return err
	}
	defer t.src.Close()
	t.columns = newJSONColumns()
	if t.layout.shape == shapeKeyed {
		t.columns.names = []string{""} // named when all keys are known
	}
	for {
		r, err := t.record()
		if err == io.EOF {
			return t.columns.finish(t.layout.shape)
		} else if err != nil {
			return err
		}
		if err := t.members(r, nil); err != nil {
			return err
		}
		if t.layout.shape == shapeTree {
			if err := t.descend(r.line, nil); err != nil {
				return err
			}
		}
	}
}

// start opens the text at its first object.
func (t *jsonTable) start(report bool) error {
	t.src = t.open(report)
	if _, err := io.CopyN(io.Discard, t.src, t.layout.offset); err != nil {
		return fmt.Errorf("decode %s: %w", t.file, err)
	}
	t.scan = newJSONScanner(t.file, t.src, t.maxCell)
	t.scan.line = t.layout.line
	t.first, t.tree = true, jsonTree{}
	return nil
}

// record returns the next row's object, io.EOF after the last one.
func (t *jsonTable) record() (jsonRecord, error) {
	switch t.layout.shape {
	case shapeKeyed:
		return t.keyed()
	case shapeTree:
		return t.node()
	}
	line, raw, err := t.object()
	return jsonRecord{line: line, raw: raw}, err
}

// keyed returns the next member that is an object.
func (t *jsonTable) keyed() (jsonRecord, error) {
	for {
		key, done, err := t.scan.key(t.first)
		if err != nil {
			return jsonRecord{}, err
		} else if done {
			return jsonRecord{}, io.EOF
		}
		t.first = false
		c, err := t.scan.space()
		if err != nil {
			return jsonRecord{}, t.scan.ended(err)
		}
		line := t.scan.line
		if len(key) > t.maxCell {
			return jsonRecord{}, t.refuse(line, fmt.Sprintf("a key of %d bytes", len(key)))
		}
		raw, err := t.scan.value()
		if err != nil {
			return jsonRecord{}, err
		} else if c == '{' {
			return jsonRecord{line: line, raw: raw, key: key}, nil
		}
	}
}

// object returns the next object's text and line, io.EOF after the last one.
func (t *jsonTable) object() (int64, []byte, error) {
	if !t.layout.lines {
		line, raw, err := t.scan.element(t.first)
		t.first = false
		switch {
		case err == io.EOF && !t.layout.inside:
			return 0, nil, t.scan.finished()
		case err != nil:
			return 0, nil, err
		case raw[0] != '{':
			t.scan.line = line
			return 0, nil, t.scan.unexpected(raw[0], "an object")
		}
		return line, raw, nil
	}
	c, err := t.scan.space()
	switch {
	case errors.Is(err, errJSONEnd):
		return 0, nil, io.EOF
	case err != nil:
		return 0, nil, err
	case c != '{':
		return 0, nil, t.scan.unexpected(c, "an object")
	}
	line := t.scan.line
	raw, err := t.scan.value()
	return line, raw, err
}

// members calls member with the column and the text of each value of an
// object, or, where member is nil, collects the columns.
func (t *jsonTable) members(r jsonRecord, member func(column int, value []byte) error) error {
	t.tree.below = stretch{}
	if r.raw[0] != '{' { // a node that is a value alone
		return t.member(0, []byte("value"), r.raw, member)
	}
	p := jsonParser{b: r.raw, checked: r.at > 0}
	err := p.object(func(key, value []byte) error {
		if t.layout.shape == shapeTree && string(key) == t.layout.children && t.hold(r.at+p.pos-len(value), value) {
			return nil
		}
		if !t.layout.features || string(key) != "properties" || value[0] != '{' {
			if t.layout.features && string(key) == "type" {
				return nil // always "Feature"
			}
			if t.layout.features && string(key) == "geometry" {
				if err := t.point(value, member); err != nil {
					return err
				}
			}
			return t.member(0, key, value, member)
		}
		q := jsonParser{b: value, base: p.pos - len(value)}
		err := q.object(func(key, value []byte) error { return t.member(1, key, value, member) })
		p.fail = max(p.fail, q.base+q.pos)
		return err
	})
	if err == nil {
		return nil
	}
	at := r.raw[:min(max(p.pos, p.fail), len(r.raw))]
	e := t.refuse(r.line+int64(bytes.Count(at, []byte{'\n'})), err.Error())
	if i := bytes.LastIndexByte(at, '\n'); i >= 0 {
		e.Col = utf8.RuneCount(at[i+1:]) + 1
	}
	return e
}

// point gives the coordinates of a GeoJSON point as columns of their own: degrees
// as lon and lat, others as x and y.
func (t *jsonTable) point(geometry []byte, member func(int, []byte) error) error {
	members, err := keysOf(geometry, 16)
	if geometry[0] != '{' || err != nil {
		return nil
	}
	var coordinates [][]byte
	is := false
	for _, m := range members {
		switch m.key {
		case "type":
			is = string(m.value) == `"Point"`
		case "coordinates":
			p := jsonParser{b: m.value}
			if m.value[0] != '[' || p.array(func(v []byte) error { coordinates = append(coordinates, v); return nil }) != nil {
				return nil
			}
		}
	}
	if !is || len(coordinates) < 2 || len(coordinates) > 4 {
		return nil
	}
	for i, name := range []string{"lon", "lat"} {
		v, err := strconv.ParseFloat(string(coordinates[i]), 64)
		if err != nil {
			return nil
		}
		t.columns.projected = t.columns.projected || math.Abs(v) > []float64{180, 90}[i]
		if err := t.member(2, []byte(name), coordinates[i], member); err != nil {
			return err
		}
	}
	return nil
}

// boundValue is the value in a binding of SPARQL results.
func boundValue(binding []byte) []byte {
	members, err := keysOf(binding, 16)
	if err != nil {
		return binding
	}
	for _, m := range members {
		if m.key == "value" {
			return m.value
		}
	}
	return binding
}

func (t *jsonTable) refuse(line int64, found string) *Error {
	return &Error{File: t.file, Line: line, Found: found, Want: "a JSON object", Do: "correct the object", Err: ErrFormat}
}

func (t *jsonTable) member(level int, key, value []byte, member func(int, []byte) error) error {
	if member == nil {
		return t.columns.add(level, key)
	}
	column, ok := t.columns.levels[level][string(key)]
	if !ok {
		return errors.New("a key that was not there a moment ago")
	}
	return member(column, value)
}

// jsonCells are the texts of the values of one row.
type jsonCells struct {
	scratch []byte       // unescaped strings
	compact bytes.Buffer // nested values
}

// reset makes room for another row.
func (c *jsonCells) reset() {
	c.scratch = c.scratch[:0]
	c.compact.Reset()
}

// cell returns a value's text, of at most limit bytes.
func (c *jsonCells) cell(value []byte, limit int) ([]byte, error) {
	cell, err := c.text(value)
	if err == nil && len(cell) > limit {
		err = fmt.Errorf("a cell of %d bytes", len(cell))
	}
	return cell, err
}

func (c *jsonCells) text(value []byte) ([]byte, error) {
	switch value[0] {
	case 'n':
		return nil, nil
	case '"':
		if bytes.IndexByte(value, '\\') < 0 {
			return value[1 : len(value)-1 : len(value)-1], nil
		}
		begin := len(c.scratch)
		c.scratch = appendUnescaped(c.scratch, value[1:len(value)-1])
		return c.scratch[begin:len(c.scratch):len(c.scratch)], nil
	case '{', '[':
		begin := c.compact.Len()
		if err := json.Compact(&c.compact, value); err != nil {
			return nil, errors.New("a nested value that is no JSON")
		}
		b := c.compact.Bytes()
		return b[begin:len(b):len(b)], nil
	}
	if bytes.ContainsAny(value, "eE") && value[0] != 't' && value[0] != 'f' {
		return withoutExponent(value), nil
	}
	return value, nil
}

// withoutExponent writes a number in full: 1e3 is how some programs write 1000.
// One that would be longer than any cell of a table stays.
func withoutExponent(value []byte) []byte {
	at := bytes.IndexAny(value, "eE")
	exponent, err := strconv.Atoi(string(bytes.TrimPrefix(value[at+1:], []byte("+"))))
	r, ok := new(big.Rat).SetString(string(value[:at]))
	if err != nil || !ok || exponent > 40 || exponent < -40 {
		return value
	}
	decimals := 0
	if point := bytes.IndexByte(value[:at], '.'); point >= 0 {
		decimals = at - point - 1
	}
	ten := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(exponent, -exponent))), nil))
	if exponent < 0 {
		r.Quo(r, ten)
	} else {
		r.Mul(r, ten)
	}
	return []byte(r.FloatString(max(0, decimals-exponent)))
}

// jsonColumns are the columns of a JSON table. Keys of the object, of a GeoJSON
// feature's properties and of its coordinates are counted apart.
type jsonColumns struct {
	names  []string
	levels [3]map[string]int
	naming int // the column that names the nodes of a tree; -1: none does
	// projected says that some coordinates are no degrees.
	projected bool
}

func newJSONColumns() jsonColumns {
	return jsonColumns{levels: [3]map[string]int{{}, {}, {}}, naming: -1}
}

// finish names the columns that are no keys of the objects.
func (c *jsonColumns) finish(s shape) error {
	for key, i := range c.levels[2] {
		name := key
		if c.projected {
			name = map[string]string{"lon": "x", "lat": "y"}[key]
		}
		for c.has(name) {
			name = "_" + name
		}
		c.names[i] = name
	}
	switch s {
	case shapeKeyed:
		c.names[0] = c.free("key")
	case shapeTree:
		if len(c.names)+2 > maxColumns {
			return fmt.Errorf("more than %d different keys", maxColumns-2)
		}
		for _, name := range nodeNames {
			if i, ok := c.levels[0][name]; ok {
				c.naming = i
				break
			}
		}
		c.names = append(c.names, c.free("level"), c.free("path"))
	}
	return nil
}

// has reports whether a key of the objects or of their properties is called so.
func (c *jsonColumns) has(name string) bool {
	_, outside := c.levels[0][name]
	_, within := c.levels[1][name]
	return outside || within
}

// free returns the name with as many underscores before it as keys make needful.
func (c *jsonColumns) free(name string) string {
	for {
		if _, taken := c.levels[0][name]; !taken {
			return name
		}
		name = "_" + name
	}
}

func (c *jsonColumns) add(level int, key []byte) error {
	if _, ok := c.levels[level][string(key)]; ok {
		return nil
	}
	if len(c.names) == maxColumns {
		return fmt.Errorf("more than %d different keys", maxColumns)
	}
	c.levels[level][string(key)] = len(c.names)
	c.names = append(c.names, string(key))
	return nil
}
