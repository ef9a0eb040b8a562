package decode

import (
	"bytes"
	"errors"
	"fmt"
)

// maxTreeDepth bounds the levels of a tree.
const maxTreeDepth = 64

// nodeNames are the keys that name a node in the paths of those below it, the
// likelier first.
var nodeNames = []string{"name", "title", "label", "名称", "code", "id"}

// jsonTree walks the tree below one object, depth first. The object is whole in
// memory; of the way down to a node only the names and the places are kept.
type jsonTree struct {
	root  []byte
	line  int64    // of root[at]
	at    int      // how far lines were counted
	above []branch // of the node in hand, the root's first
	below stretch  // the children of the node in hand
}

// branch is a node whose children are being read.
type branch struct {
	name     []byte
	pos, end int // of what was not read of its array
}

// stretch is a stretch of a tree's root.
type stretch struct{ pos, end int }

// path returns the names of the nodes above the one in hand.
func (t *jsonTree) path() []byte {
	var path []byte
	for i, b := range t.above {
		if i > 0 {
			path = append(path, '/')
		}
		path = append(path, b.name...)
	}
	return path
}

// hold takes the children of the node in hand, an array at pos in the root. It
// reports false for a value that is to be a column, and true for no children.
func (t *jsonTable) hold(pos int, value []byte) bool {
	switch value[0] {
	case '[':
		t.tree.below = stretch{pos + 1, pos + len(value) - 1}
		return true
	case 'n':
		t.tree.below = stretch{}
		return true
	}
	return false
}

// descend goes down to the children of the node in hand, which bears name.
func (t *jsonTable) descend(line int64, name []byte) error {
	below := t.tree.below
	if below.end <= below.pos {
		return nil
	}
	if len(t.tree.above)+1 == maxTreeDepth {
		if len(bytes.TrimSpace(t.tree.root[below.pos:below.end])) == 0 {
			return nil
		}
		return t.refuse(line, fmt.Sprintf("a tree of more than %d levels", maxTreeDepth))
	}
	t.tree.above = append(t.tree.above, branch{bytes.Clone(name), below.pos, below.end})
	return nil
}

// node returns the next node, io.EOF after the last one.
func (t *jsonTable) node() (jsonRecord, error) {
	w := &t.tree
	for len(w.above) > 0 {
		b := &w.above[len(w.above)-1]
		p := jsonParser{b: w.root[:b.end], pos: b.pos, checked: true}
		if p.space() == ',' {
			p.pos++
			p.space()
		}
		begin := p.pos
		if begin >= b.end {
			w.above = w.above[:len(w.above)-1]
			continue
		}
		value, err := p.value()
		w.line += int64(bytes.Count(w.root[w.at:begin], []byte{'\n'}))
		w.at = begin
		if err == nil && value[0] == '[' {
			err = errors.New("an array among the nodes of a tree")
		}
		if err != nil {
			return jsonRecord{}, t.refuse(w.line, err.Error())
		}
		if b.pos = p.pos; value[0] != 'n' {
			return jsonRecord{line: w.line, raw: value, at: begin}, nil
		}
	}
	line, raw, err := t.object()
	if err != nil {
		return jsonRecord{}, err
	}
	w.root, w.line, w.at = raw, line, 0
	return jsonRecord{line: line, raw: raw}, nil
}
