package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Types of Thrift's compact protocol.
const (
	tStop, tTrue, tFalse, tByte, tI16, tI32, tI64   = 0, 1, 2, 3, 4, 5, 6
	tDouble, tBinary, tList, tSet, tMap, tStructure = 7, 8, 9, 10, 11, 12
)

// compact reads Thrift's compact protocol. It allocates nothing, whatever the
// bytes say; after err is set it reads zeros.
type compact struct {
	b   []byte
	pos int
	err error
	// elements is how many elements lists may hold, all together.
	elements int
}

func (c *compact) fail(err error) {
	if c.err == nil {
		c.err = err
	}
	c.pos = len(c.b)
}

func (c *compact) byte() byte {
	if c.pos >= len(c.b) {
		c.fail(io.ErrUnexpectedEOF)
		return 0
	}
	c.pos++
	return c.b[c.pos-1]
}

func (c *compact) uvarint() uint64 {
	v, n := binary.Uvarint(c.b[c.pos:])
	switch {
	case n == 0:
		c.fail(io.ErrUnexpectedEOF)
		return 0
	case n < 0:
		c.fail(errors.New("a number of more than 64 bits"))
		return 0
	}
	c.pos += n
	return v
}

func (c *compact) varint() int64 {
	v := c.uvarint()
	return int64(v>>1) ^ -int64(v&1)
}

func (c *compact) advance(n uint64) {
	if n > uint64(len(c.b)-c.pos) {
		c.fail(io.ErrUnexpectedEOF)
		return
	}
	c.pos += int(n)
}

// maxThrift bounds how deep structures lie in each other; Parquet's own need 6.
const maxThrift = 32

// structure reads the fields of a structure. The function is given each; it
// reads it and returns true, or leaves it.
func (c *compact) structure(depth int, field func(id int64, kind byte) bool) {
	if depth > maxThrift {
		c.fail(fmt.Errorf("more than %d structures within each other", maxThrift))
	}
	for id := int64(0); c.err == nil; {
		head := c.byte()
		kind := head & 0x0F
		if kind == tStop {
			return
		}
		if delta := head >> 4; delta != 0 {
			id += int64(delta)
		} else {
			id = c.varint()
		}
		if c.err == nil && !field(id, kind) {
			c.skip(kind, depth)
		}
	}
}

// list reads the head of a list. An element has at least one byte.
func (c *compact) list() (n int, kind byte) {
	head := c.byte()
	size := uint64(head >> 4)
	if size == 15 {
		size = c.uvarint()
	}
	return c.sized(size), head & 0x0F
}

func (c *compact) sized(n uint64) int {
	switch {
	case n > uint64(len(c.b)-c.pos):
		c.fail(io.ErrUnexpectedEOF)
		return 0
	case n > uint64(c.elements):
		c.fail(fmt.Errorf("%w: lists of too many elements", ErrLimit))
		return 0
	}
	c.elements -= int(n)
	return int(n)
}

func (c *compact) skip(kind byte, depth int) {
	switch kind {
	case tTrue, tFalse:
	case tByte:
		c.byte()
	case tI16, tI32, tI64:
		c.uvarint()
	case tDouble:
		c.advance(8)
	case tBinary:
		c.advance(c.uvarint())
	case tList, tSet:
		n, kind := c.list()
		for range n {
			c.element(kind, depth)
		}
	case tMap:
		n := c.sized(c.uvarint())
		if n == 0 {
			return
		}
		kinds := c.byte()
		for range n {
			c.element(kinds>>4, depth)
			c.element(kinds&0x0F, depth)
		}
	case tStructure:
		c.structure(depth+1, func(int64, byte) bool { return false })
	default:
		c.fail(fmt.Errorf("a field of type %d", kind))
	}
}

// element skips an element of a list, where truth values have a byte.
func (c *compact) element(kind byte, depth int) {
	if c.err != nil {
		return
	}
	if kind == tTrue || kind == tFalse {
		kind = tByte
	}
	if depth++; depth > maxThrift {
		c.fail(fmt.Errorf("more than %d lists within each other", maxThrift))
		return
	}
	c.skip(kind, depth)
}

const (
	// maxElements bounds the lists of a footer; a column chunk has about eight.
	maxElements = 8 << 20
	maxSchema   = 1 << 16 // elements
	maxDepth    = 64      // of the schema
)

// checkFooter goes through a footer (FileMetaData in parquet.thrift) before it
// is read into memory: what lists declare must be there, and the schema must
// not be a tree that exhausts the stack.
func checkFooter(footer []byte) error {
	c := &compact{b: footer, elements: maxElements}
	chunks := 0
	c.structure(0, func(id int64, kind byte) bool {
		switch {
		case id == 2 && kind == tList:
			c.schema()
		case id == 4 && kind == tList:
			n, kind := c.list()
			for range n {
				if kind != tStructure || c.err != nil {
					c.fail(errors.New("row groups that are none"))
					return true
				}
				chunks += c.rowGroup()
				if chunks > maxChunks {
					c.fail(fmt.Errorf("%w: more than %d pieces of columns", ErrLimit, maxChunks))
				}
			}
		default:
			return false
		}
		return true
	})
	switch {
	case errors.Is(c.err, ErrLimit):
		return c.err
	case c.err != nil:
		return fmt.Errorf("%w: footer: %w", ErrCorrupt, c.err)
	}
	return nil
}

// rowGroup reads a RowGroup and returns how many column chunks it has.
func (c *compact) rowGroup() (chunks int) {
	c.structure(1, func(id int64, kind byte) bool {
		if id != 1 || kind != tList {
			return false
		}
		n, kind := c.list()
		for range n {
			c.element(kind, 1)
		}
		chunks += n
		return true
	})
	return chunks
}

// schema reads a list of SchemaElement, the nodes of a tree in depth-first
// order, and checks that it is one and not deep.
func (c *compact) schema() {
	n, kind := c.list()
	if n > maxSchema {
		c.fail(fmt.Errorf("%w: a schema of %d elements", ErrLimit, n))
	}
	var open []int64 // how many children are to come, of the groups around
	for left := n; left > 0 && c.err == nil; left-- {
		if kind != tStructure || left < n && len(open) == 0 {
			c.fail(errors.New("a schema that is no tree"))
			return
		}
		children := int64(0)
		c.structure(1, func(id int64, kind byte) bool {
			if id != 5 || kind != tI32 {
				return false
			}
			children = c.varint()
			return true
		})
		if children < 0 || children >= int64(left) && children > 0 {
			c.fail(fmt.Errorf("a schema element with %d children", children))
			return
		}
		if len(open) > 0 {
			open[len(open)-1]--
		}
		if open = append(open, children); len(open) > maxDepth {
			c.fail(fmt.Errorf("%w: a schema more than %d deep", ErrLimit, maxDepth))
			return
		}
		for len(open) > 0 && open[len(open)-1] == 0 {
			open = open[:len(open)-1]
		}
	}
}
