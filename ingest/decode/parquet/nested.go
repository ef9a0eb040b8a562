package parquet

import (
	"fmt"
	"strings"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/schema"
)

// shape is what a node of the schema becomes in JSON.
type shape uint8

const (
	valueShape shape = iota
	objectShape
	listShape
	mapShape // an object with the keys of the rows
)

// node is a node of the schema, as what it becomes.
type node struct {
	shape    shape
	name     []byte // quoted, with a colon
	optional bool
	def      int16   // at which it is there
	fields   []*node // of an object; of a list what it lists; of a map key and value
	itemDef  int16   // of a list or map, at which it has an item
	itemRep  int16   // at which it goes on
	leaves   []*leaf // below it
	bare     bool    // a value without quotes
}

// tree makes the nodes of a schema; leaves are taken in the order of the
// columns.
type tree struct{ leaves []*leaf }

// field makes the node of a field.
func (t *tree) field(n schema.Node, def, rep int16) *node {
	switch n.RepetitionType() {
	case parquet.Repetitions.Repeated: // a list without a group around it
		list := &node{shape: listShape, name: nameOf(n), def: def, itemDef: def + 1, itemRep: rep + 1}
		list.add(t.item(n, def+1, rep+1))
		return list
	case parquet.Repetitions.Optional:
		made := t.item(n, def+1, rep)
		made.optional = true
		return made
	}
	return t.item(n, def, rep)
}

// item makes a node that is there at the levels given, whatever repetition its
// own says.
func (t *tree) item(n schema.Node, def, rep int16) *node {
	made := &node{name: nameOf(n), def: def}
	group, ok := n.(*schema.GroupNode)
	if !ok {
		made.leaves = t.leaves[:1:1]
		made.bare = bare(made.leaves[0].column)
		t.leaves = t.leaves[1:]
		return made
	}
	if inner, ok := repeatedOf(group); ok {
		made.shape, made.itemDef, made.itemRep = listShape, def+1, rep+1
		g, isGroup := inner.(*schema.GroupNode)
		switch {
		case isGroup && isMap(group) && g.NumFields() == 2:
			made.shape = mapShape
			made.add(t.field(g.Field(0), def+1, rep+1))
			made.add(t.field(g.Field(1), def+1, rep+1))
		case isGroup && g.NumFields() == 1 && !itself(group, g):
			made.add(t.field(g.Field(0), def+1, rep+1))
		default:
			made.add(t.item(inner, def+1, rep+1))
		}
		return made
	}
	made.shape = objectShape
	for i := range group.NumFields() {
		made.add(t.field(group.Field(i), def, rep))
	}
	return made
}

func (n *node) add(field *node) {
	n.fields = append(n.fields, field)
	n.leaves = append(n.leaves, field.leaves...)
}

func nameOf(n schema.Node) []byte {
	return append(appendQuoted(nil, []byte(strings.ToValidUTF8(n.Name(), "\uFFFD"))), ':')
}

// repeatedOf returns the repeated field of a group that stands for a list or a
// map (LogicalTypes.md, Nested Types).
func repeatedOf(g *schema.GroupNode) (schema.Node, bool) {
	if !isMap(g) && g.ConvertedType() != schema.ConvertedTypes.List || g.NumFields() != 1 {
		return nil, false
	}
	inner := g.Field(0)
	return inner, inner.RepetitionType() == parquet.Repetitions.Repeated
}

func isMap(g *schema.GroupNode) bool {
	return g.ConvertedType() == schema.ConvertedTypes.Map || g.ConvertedType() == schema.ConvertedTypes.MapKeyValue
}

// itself reports whether the repeated group of a list is what is listed, and
// not what holds it: the rules for older files.
func itself(list, inner *schema.GroupNode) bool {
	return inner.Name() == "array" || inner.Name() == list.Name()+"_tuple" || inner.Field(0).RepetitionType() == parquet.Repetitions.Repeated
}

// appendJSON appends the node's part of the row.
func (r *Rows) appendJSON(dst []byte, n *node) ([]byte, error) {
	lead := n.leaves[0]
	if err := r.want(lead); err != nil {
		return dst, err
	}
	if n.optional && lead.def() < n.def {
		return append(dst, "null"...), r.pass(n)
	}
	switch n.shape {
	case objectShape:
		return r.appendObject(dst, n)
	case listShape:
		return r.appendItems(dst, n, '[', ']', func(dst []byte) ([]byte, error) { return r.appendJSON(dst, n.fields[0]) })
	case mapShape:
		return r.appendItems(dst, n, '{', '}', func(dst []byte) ([]byte, error) { return r.appendEntry(dst, n) })
	}
	return r.appendValue(dst, n)
}

func (r *Rows) appendValue(dst []byte, n *node) ([]byte, error) {
	l := n.leaves[0]
	i, err := l.next()
	if err != nil || i < 0 {
		return append(dst, "null"...), err
	}
	if r.text, err = l.values.append(r.text[:0], i); err != nil {
		return dst, err
	}
	if n.bare && !infinite(r.text) {
		return append(dst, r.text...), nil
	}
	return appendQuoted(dst, r.text), nil
}

// infinite reports whether the text of a number is none of JSON's.
func infinite(text []byte) bool {
	last := text[len(text)-1]
	return last == 'y' || last == 'N' // Infinity, NaN
}

func (r *Rows) appendObject(dst []byte, n *node) ([]byte, error) {
	dst = append(dst, '{')
	for i, f := range n.fields {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = r.appendJSON(append(dst, f.name...), f); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

// appendItems appends a list or map that is there, perhaps without items.
func (r *Rows) appendItems(dst []byte, n *node, begin, end byte, item func([]byte) ([]byte, error)) ([]byte, error) {
	dst = append(dst, begin)
	lead := n.leaves[0]
	if lead.def() < n.itemDef {
		return append(dst, end), r.pass(n)
	}
	for {
		var err error
		if dst, err = item(dst); err != nil {
			return dst, err
		}
		if len(dst)-r.begin > r.file.options.MaxCell {
			return dst, r.tooLong()
		}
		if err := lead.load(r.batch); err != nil {
			return dst, err
		}
		if lead.rep() < n.itemRep {
			return append(dst, end), nil
		}
		dst = append(dst, ',')
	}
}

// appendEntry appends an entry of a map. A key is text in JSON, whatever it is.
func (r *Rows) appendEntry(dst []byte, n *node) ([]byte, error) {
	from := len(dst)
	dst, err := r.appendJSON(dst, n.fields[0])
	if err != nil {
		return dst, err
	}
	if dst[from] != '"' {
		key := append([]byte(nil), dst[from:]...)
		dst = appendQuoted(dst[:from], key)
	}
	return r.appendJSON(append(dst, ':'), n.fields[1])
}

// pass goes past the one place that each leaf of a node has for what is not
// there.
func (r *Rows) pass(n *node) error {
	for _, l := range n.leaves {
		if err := r.want(l); err != nil {
			return err
		}
		if _, err := l.next(); err != nil {
			return err
		}
	}
	return nil
}

// want sees to it that a leaf has a value next.
func (r *Rows) want(l *leaf) error {
	if err := l.load(r.batch); err != nil {
		return err
	}
	if l.ended {
		return l.wrong(fmt.Errorf("fewer values than rows"))
	}
	return nil
}
