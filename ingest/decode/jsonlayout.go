package decode

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

const (
	// maxColumns bounds the keys of a JSON table, as XLSX bounds its columns.
	maxColumns = 16384
	// maxJSONDepth is how deep a table may stand inside a JSON document.
	maxJSONDepth = 4
	// maxKeyedDepth is how deep records keyed by an id may stand.
	maxKeyedDepth = 2
	// maxLevels bounds the levels of objects in objects without records.
	maxLevels = 16
	// maxTables is how many tables of a document are told apart.
	maxTables = 1000
)

// tableKeys are what a table is usually called where a document holds several.
var tableKeys = []string{"data", "records", "rows", "results", "result", "items", "list", "features", "value"}

// shape is how the rows of a JSON text are written.
type shape int

const (
	shapeObjects shape = iota // an array of objects, or one object after the other
	shapeTree                 // the same, each holding objects of its own kind
	shapeKeyed                // an object whose members are the rows
	shapeArrays               // an array of arrays
	shapeValues               // an array of values that hold none
	shapeLeaves               // objects in objects, down to values
	shapeCells                // objects that hold an array of cells, as of Google Visualization
)

// layout is where the rows of a JSON text are and how they are written.
type layout struct {
	shape    shape
	lines    bool   // one object after the other, not in an array
	root     bool   // the text is one object, the root of a tree
	inside   bool   // the table is part of a document, which was walked to its end
	path     string // keys down to the table, joined by dots
	offset   int64  // in the decoded text, behind the table's bracket
	line     int64
	features bool   // GeoJSON: the columns are inside "properties"
	children string // the key under which a node of a tree holds others
	others   []string
	header   []string // the names of the columns, where they stand beside rows that are arrays
	bindings bool     // results of SPARQL: a value is an object that also says its type
}

func (l *layout) format() string {
	if l.lines && !l.root {
		return "jsonl"
	}
	return "json"
}

// notes says in a sentence each what was decided about the rows.
func (l *layout) notes() []string {
	var notes []string
	say := func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }
	switch {
	case l.shape == shapeKeyed && l.path != "":
		say("the rows are the members of %q, their names are the first column", l.path)
	case l.shape == shapeKeyed:
		say("the rows are the members of the document, their names are the first column")
	case l.inside:
		say("the rows are the objects under %q", l.path)
	}
	switch l.shape {
	case shapeTree:
		say("the objects are a tree: those under %q are rows below the row they belong to, with their level and path", l.children)
	case shapeCells:
		say("the rows are those of a table of Google Visualization")
	case shapeArrays:
		if l.header != nil {
			say("the rows are the arrays under %q, and their columns are named beside them", l.path)
			break
		}
		say("the rows are arrays: the first is the header if it holds strings alone, else the columns are c1, c2 and so on")
	case shapeValues:
		say("the rows are the values of one array, in the column \"value\"")
	case shapeLeaves:
		say("the document holds objects in objects and no records: a row is a value with the keys that lead to it, in the columns level_1, level_2 and so on")
	}
	if n := len(l.others); n > 0 {
		left := strings.Join(l.others[:min(n, 20)], ", ")
		if n > 20 {
			left += fmt.Sprintf(" and %d more", n-20)
		}
		say("left out of the document: %s", left)
	}
	return notes
}

// layoutOf reads a JSON text to find its table: once if it is an object, the
// beginning alone if it is an array. open begins the text anew.
func layoutOf(file string, open func() io.ReadCloser, maxCell int, want string) (layout, error) {
	w, l, err := findTable(file, open, maxCell, want)
	if err != nil || l.shape != shapeObjects || l.features {
		return l, err
	}
	key, keys := findChildren(file, open, maxCell, l)
	if key == "" {
		return l, nil
	}
	l.shape, l.children = shapeTree, key
	if w != nil && l.path == key && sharesMost(w.topKeys, keys, key) {
		// {"name":"中国","children":[...]}: the document is itself a node.
		return layout{shape: shapeTree, children: key, lines: true, root: true, line: 1}, nil
	}
	return l, nil
}

// findTable returns the table and, where the text is one object, the walk that
// found it.
func findTable(file string, open func() io.ReadCloser, maxCell int, want string) (*jsonWalk, layout, error) {
	src := open()
	defer src.Close()
	s := newJSONScanner(file, src, maxCell)
	c, err := s.space()
	if err != nil {
		return nil, layout{}, s.ended(err)
	}
	switch c {
	case '[':
		l, err := arrayLayout(s)
		return nil, l, err
	case '{':
	default:
		return nil, layout{}, s.unexpected(c, "an array of objects, or one object a line")
	}
	w := &jsonWalk{scanner: s, want: want}
	if err := w.object("", 0, nil); err != nil {
		return nil, layout{}, err
	}
	switch c, err = s.space(); {
	case err == nil && c == '{':
		return nil, layout{lines: true, line: 1}, nil
	case err == nil:
		return nil, layout{}, s.unexpected(c, "the end of the text or another object")
	case !errors.Is(err, errJSONEnd):
		return nil, layout{}, err
	}
	l, err := w.choose(file)
	return w, l, err
}

// arrayLayout tells the shape of an array by its first element; the scanner
// stands at its bracket.
func arrayLayout(s *jsonScanner) (layout, error) {
	s.pos++
	l := layout{line: s.line, offset: s.offset()}
	c, err := s.space()
	if err != nil {
		return layout{}, s.ended(err)
	}
	switch c {
	case '{':
	case '[':
		l.shape = shapeArrays
	case ']':
		return layout{}, &Error{File: s.file, Line: s.line, Found: "an empty JSON array", Want: "an array of objects",
			Do: "send the file with its rows", Err: ErrEmpty}
	default:
		// An array a line is a table, one alone is a list of values.
		l.shape = shapeValues
		if err := s.skip(1); err != nil {
			return layout{}, err
		}
		if c, err := s.space(); err == nil && c == '[' {
			return layout{shape: shapeArrays, lines: true, line: 1}, nil
		} else if err != nil && !errors.Is(err, errJSONEnd) {
			return layout{}, err
		}
	}
	return l, nil
}

// jsonWalk looks for tables inside an object: arrays of objects, records keyed
// by an id, and objects in objects down to values.
type jsonWalk struct {
	scanner   *jsonScanner
	want      string
	wanted    *layout
	found     []layout // arrays of objects
	arrays    []layout // arrays of arrays, and of rows of Google Visualization
	blank     []layout // arrays without anything in them, called as tables are
	heads     []jsonHead
	more      int // beyond maxTables
	keyed     []layout
	nested    bool // there are values that are objects or arrays
	geo       bool // the top object says that it is a FeatureCollection
	topKeys   map[string]bool
	leaves    leafEvidence
	headBytes int // that are kept of names
}

// leafEvidence is what speaks for objects in objects down to values.
type leafEvidence struct {
	top      int  // members of the top object
	topLevel bool // of these, some are values
	elements int  // values in arrays
	members  int  // values that are members of objects
	other    bool // arrays of anything else, or too many levels
}

// holds reports whether the values stand either all in arrays, or all as
// members of objects of which there are several: {"status":{"code":0}} is an
// answer of some service and no table.
func (e *leafEvidence) holds() bool {
	switch {
	case e.other || e.topLevel:
		return false
	case e.members == 0:
		return e.elements > 0
	}
	return e.elements == 0 && e.top >= minKeyed
}

// minKeyed is how many records keyed by an id make a table.
const minKeyed = 3

// container is the evidence that an object's members are records.
type container struct {
	objects int
	keys    map[string]int // of the members' members: in how many objects
	total   int            // of these, counted as often as they stand there
	many    bool           // more keys than a table may have
	others  []string       // members that are no objects
	rest    int            // of these, beyond maxTables
}

func (c *container) note(key string) {
	if c.keys == nil {
		c.keys = map[string]int{}
	}
	c.total++
	if _, ok := c.keys[key]; ok || len(c.keys) < maxColumns {
		c.keys[key]++
	} else {
		c.many = true
	}
}

// holdsRecords reports whether nearly all members are objects and share most
// of their keys: a key that half of them have is shared.
func (c *container) holdsRecords() bool {
	if c.many || c.objects < minKeyed || (len(c.others)+c.rest)*10 > c.objects {
		return false
	}
	shared := 0
	for _, n := range c.keys {
		if 2*n >= c.objects {
			shared += n
		}
	}
	return shared > 0 && 2*shared > c.total
}

// object walks an object; the scanner stands at its brace. Its keys are told
// to outer, which holds it; nil: nobody asks.
func (w *jsonWalk) object(path string, depth int, outer *container) error {
	s := w.scanner
	s.pos++
	begin := layout{shape: shapeKeyed, inside: true, path: path, line: s.line, offset: s.offset()}
	var own *container
	if depth <= maxKeyedDepth {
		own = new(container)
	}
	found, more, keyed := len(w.found), w.more, len(w.keyed)
	for first := true; ; first = false {
		key, done, err := s.key(first)
		if err != nil {
			return err
		} else if done {
			break
		}
		if outer != nil {
			outer.note(key)
		}
		if depth == 0 {
			w.note(key)
		}
		at := key
		if path != "" {
			at = path + "." + key
		}
		if err := w.member(at, key, depth, own); err != nil {
			return err
		}
	}
	if own == nil || !own.holdsRecords() {
		return nil
	}
	// What was found within the records is a column of theirs.
	w.found, w.more, w.keyed = w.found[:found], more, w.keyed[:keyed]
	if begin.others = own.others; len(w.keyed) < maxTables {
		w.keyed = append(w.keyed, begin)
	}
	if w.want != "" && path == w.want {
		w.wanted = &begin
	}
	return nil
}

func (w *jsonWalk) note(key string) {
	w.leaves.top++
	if w.topKeys == nil {
		w.topKeys = map[string]bool{}
	}
	if len(w.topKeys) < maxTables {
		w.topKeys[key] = true
	}
}

// member walks the value of a member; the scanner stands before it.
func (w *jsonWalk) member(at, key string, depth int, own *container) error {
	s := w.scanner
	c, err := s.space()
	if err != nil {
		return s.ended(err)
	}
	if own != nil && c != '{' {
		if len(own.others) < maxTables {
			own.others = append(own.others, at)
		} else {
			own.rest++
		}
	}
	switch c {
	case '[':
		w.nested = true
		return w.array(at, depth)
	case '{':
		w.nested = true
		if own != nil {
			own.objects++
		}
		if depth >= maxLevels {
			w.leaves.other = true
			return s.skip(0)
		}
		return w.object(at, depth+1, own)
	}
	raw, err := s.value()
	if err != nil {
		return err
	}
	w.leaves.members++
	if depth == 0 {
		w.leaves.topLevel = true
		w.geo = w.geo || key == "type" && string(raw) == `"FeatureCollection"`
	}
	return nil
}

// headKeys are what the names of columns are called, where they stand beside
// rows that are arrays.
var headKeys = []string{"cols", "columns", "fields", "header", "headers", "head", "names", "vars", "columnnames", "column_names", "titles", "labels", "表头", "列名", "字段"}

// labelKeys name a column that is described by an object, the likelier first.
var labelKeys = []string{"label", "title", "name", "field", "id", "key"}

// maxHeadBytes bounds the names that are kept of a document.
const maxHeadBytes = 1 << 20

// jsonHead is an array that may be the names of columns.
type jsonHead struct {
	path  string
	names []string
}

// columnName returns the name of a column: a string, or a text of an object.
func columnName(raw []byte) (string, bool) {
	if raw[0] == '"' {
		return jsonKey(raw)
	} else if raw[0] != '{' {
		return "", false
	}
	members, err := keysOf(raw, 64)
	if err != nil {
		return "", false
	}
	for _, key := range labelKeys {
		for _, m := range members {
			if m.key == key && m.value[0] == '"' && len(m.value) > 2 {
				return jsonKey(m.value)
			}
		}
	}
	return "", false
}

// holdsCells reports whether an object is a row of Google Visualization.
func holdsCells(raw []byte) bool {
	members, err := keysOf(raw, 3)
	return err == nil && len(members) < 3 && slices.ContainsFunc(members, func(m jsonMember) bool { return m.key == "c" && m.value[0] == '[' })
}

// lastKey and parentOf cut a path in two.
func lastKey(path string) string  { return path[strings.LastIndexByte(path, '.')+1:] }
func parentOf(path string) string { return path[:max(0, strings.LastIndexByte(path, '.'))] }

// array walks an array; the scanner stands at its bracket.
func (w *jsonWalk) array(at string, depth int) error {
	s := w.scanner
	s.pos++
	l := layout{inside: true, path: at, line: s.line, offset: s.offset()}
	c, err := s.space()
	if err != nil {
		return s.ended(err)
	}
	near := depth <= maxJSONDepth
	note := func(list []layout) []layout {
		if w.want != "" && at == w.want {
			w.wanted = &l
		}
		if len(list) < maxTables {
			return append(list, l)
		}
		w.more++
		return list
	}
	head := near && slices.Contains(headKeys, strings.ToLower(lastKey(at)))
	var names []string
	for first := true; ; first = false {
		if first && c == '[' { // nothing in it is a value
			if l.shape = shapeArrays; near {
				w.arrays = note(w.arrays)
			}
			w.leaves.other = true
			return s.skip(1)
		}
		if first && c == '{' && !head && lastKey(at) != "rows" {
			if near {
				w.found = note(w.found)
			}
			w.leaves.other = true
			return s.skip(1)
		}
		_, raw, err := s.element(first)
		if err == io.EOF {
			if l.shape = shapeArrays; first && near && slices.Contains(tableKeys, lastKey(at)) && len(w.blank) < maxTables {
				w.blank = append(w.blank, l)
			}
			if head && len(names) > 0 && len(w.heads) < maxTables {
				w.heads = append(w.heads, jsonHead{at, names})
			}
			return nil
		} else if err != nil {
			return err
		}
		if raw[0] == '{' || raw[0] == '[' {
			w.leaves.other = true
			switch {
			case first && near && holdsCells(raw):
				l.shape, head = shapeCells, false
				w.arrays = note(w.arrays)
			case first && near:
				w.found = note(w.found)
			}
			if !head {
				return s.skip(1)
			}
		} else {
			w.leaves.elements++
		}
		if !head {
			continue
		}
		name, ok := columnName(raw)
		if w.headBytes += len(name); !ok || len(names) == maxColumns || w.headBytes > maxHeadBytes {
			if head, names = false, nil; c == '{' {
				return s.skip(1)
			}
			continue
		}
		names = append(names, name)
	}
}

// headed returns the rows that are arrays and whose columns are named beside
// them, or those that stand in a document without any other table.
func (w *jsonWalk) headed() (layout, bool) {
	var found []layout
	for _, list := range [][]layout{w.arrays, w.blank} {
		for _, l := range list {
			if i := slices.IndexFunc(w.heads, func(h jsonHead) bool { return parentOf(h.path) == parentOf(l.path) }); i >= 0 && len(found) < 2 {
				l.header = w.heads[i].names
				found = append(found, l)
			}
		}
		if len(found) > 0 || len(w.found) > 0 {
			break
		}
	}
	if len(found) == 0 && len(w.found) == 0 && len(w.keyed) == 0 {
		found = w.arrays
	}
	if len(found) != 1 {
		return layout{}, false
	}
	return found[0], true
}

// choose picks the table of a document that is one object. Arrays of objects
// come before keyed records, and those before values without records.
func (w *jsonWalk) choose(file string) (layout, error) {
	if w.wanted != nil {
		for _, h := range w.heads {
			if (w.wanted.shape == shapeArrays || w.wanted.shape == shapeCells) && parentOf(h.path) == parentOf(w.wanted.path) {
				w.wanted.header = h.names
			}
		}
		return w.pick(*w.wanted), nil
	}
	if l, ok := w.headed(); ok {
		return w.pick(l), nil
	}
	tables, count := w.found, len(w.found)+w.more
	if count == 0 {
		tables, count = w.keyed, len(w.keyed)
	}
	if count == 0 && len(w.arrays) > 1 {
		tables, count = w.arrays, len(w.arrays)
	}
	switch {
	case count == 1:
		return w.pick(tables[0]), nil
	case count > 1:
		usual := slices.DeleteFunc(slices.Clone(tables), func(l layout) bool {
			return !slices.Contains(tableKeys, l.path[strings.LastIndexByte(l.path, '.')+1:])
		})
		if len(usual) == 1 && w.more == 0 {
			return w.pick(usual[0]), nil
		}
		var paths []string
		for _, l := range tables[:min(len(tables), 20)] {
			paths = append(paths, l.path)
		}
		if count > 20 {
			paths = append(paths, fmt.Sprintf("and %d more", count-20))
		}
		return layout{}, &Error{File: file, Found: fmt.Sprintf("%d tables in one JSON document: %s", count, strings.Join(paths, ", ")),
			Want: "one", Do: "name the one to read", Err: ErrFormat}
	case !w.nested:
		return layout{lines: true, line: 1}, nil
	case w.leaves.holds():
		return layout{shape: shapeLeaves, line: 1}, nil
	}
	return layout{}, &Error{File: file, Found: "a JSON object without an array of objects in it",
		Want: "an array of objects, or one object a line", Do: "write each row as {\"column\": value, ...}", Err: ErrFormat}
}

// pick completes the layout of the table picked.
func (w *jsonWalk) pick(l layout) layout {
	l.features = w.geo && l.path == "features"
	l.bindings = l.path == "results.bindings" && slices.ContainsFunc(w.heads, func(h jsonHead) bool { return h.path == "head.vars" })
	for _, other := range slices.Concat(w.found, w.arrays) {
		if other.path != l.path && (l.header == nil || parentOf(other.path) != parentOf(l.path) || !slices.Contains(headKeys, strings.ToLower(lastKey(other.path)))) {
			l.others = append(l.others, other.path)
		}
	}
	return l
}

// A tree is looked for among the first objects of a table.
const (
	treeSampleObjects  = 256
	treeSampleBytes    = 1 << 20
	treeSampleChildren = 16
)

// treeKeys are what nodes usually call the nodes below them.
var treeKeys = []string{"children", "child", "nodes", "subs", "districts", "下级"}

// findChildren returns the key under which the objects of l hold objects of
// their own kind, and the keys that such objects have; "" where there is none.
// A fault in the text is left to whoever reads the rows.
func findChildren(file string, open func() io.ReadCloser, maxCell int, l layout) (string, map[string]bool) {
	t := &jsonTable{file: file, open: func(bool) io.ReadCloser { return open() }, layout: l, maxCell: maxCell}
	if t.start(false) != nil {
		return "", nil
	}
	defer t.src.Close()
	votes, keys := map[string]int{}, map[string]bool{}
	for n, read := 0, 0; n < treeSampleObjects && read < treeSampleBytes; n++ {
		_, raw, err := t.object()
		if err != nil {
			break
		}
		read += len(raw)
		node, err := keysOf(raw, maxColumns)
		if err != nil {
			break
		}
		own := map[string]bool{}
		for _, m := range node {
			own[m.key], keys[m.key] = true, true
		}
		for _, m := range node {
			switch kind := holdsItsKind(m, own); {
			case kind > 0:
				votes[m.key]++
			case kind < 0:
				votes[m.key]--
			}
		}
	}
	best := ""
	for key, n := range votes {
		if n > 0 && (best == "" || cmp.Or(cmp.Compare(n, votes[best]), strings.Compare(best, key)) > 0) {
			best = key
		}
	}
	return best, keys
}

// jsonMember is a key of an object with its value's bytes.
type jsonMember struct {
	key   string
	value []byte
}

// keysOf returns up to limit members of an object that is whole in memory.
func keysOf(raw []byte, limit int) ([]jsonMember, error) {
	var members []jsonMember
	p := jsonParser{b: raw}
	err := p.object(func(key, value []byte) error {
		if len(members) < limit {
			members = append(members, jsonMember{string(key), value})
		}
		return nil
	})
	return members, err
}

// holdsItsKind is 1 where a member of an object with the given keys is an array
// of objects that have the same key with an array in it, or the same other keys;
// -1 where its objects are of another kind; 0 where it holds none.
func holdsItsKind(m jsonMember, keys map[string]bool) int {
	if m.value[0] != '[' || len(keys) < 2 {
		return 0
	}
	kind, left := 0, treeSampleChildren
	errEnough := errors.New("enough")
	p := jsonParser{b: m.value, checked: true}
	_ = p.array(func(value []byte) error { // the value is known to be JSON
		if value[0] != '{' {
			return nil
		}
		if left--; left < 0 {
			return errEnough
		}
		child, err := keysOf(value, maxColumns)
		if err != nil {
			return err
		}
		if kind = -1; sameKind(child, keys, m.key) {
			kind = 1
			return errEnough
		}
		return nil
	})
	return kind
}

// sameKind reports whether child is a node like one that has the given keys, of
// which one holds the children.
func sameKind(child []jsonMember, keys map[string]bool, children string) bool {
	n, shared := 0, 0
	for _, m := range child {
		if m.key == children {
			if m.value[0] == '[' {
				return true
			}
			continue
		}
		n++
		if keys[m.key] {
			shared++
		}
	}
	if slices.Contains(treeKeys, children) { // the name tells half of it
		return 2*shared >= n && shared > 0
	}
	return shared == n && n == len(keys)-1
}

// sharesMost reports whether an object with the keys top is a node like those
// with the given keys, as half of theirs says.
func sharesMost(top, keys map[string]bool, children string) bool {
	shared := 0
	for key := range keys {
		if key != children && top[key] {
			shared++
		}
	}
	return shared > 0 && 2*shared >= len(keys)-1
}
