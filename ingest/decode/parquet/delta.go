package parquet

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"

	"github.com/apache/arrow-go/v18/parquet"
)

// Encodings that lengths and differences are in.
var deltas = []parquet.Encoding{parquet.Encodings.DeltaBinaryPacked, parquet.Encodings.DeltaLengthByteArray, parquet.Encodings.DeltaByteArray}

const (
	// maxBlock bounds a block of differences; the standard's is 128, and the
	// library makes room for what it is told.
	maxBlock = 1 << 16
	// maxLengths bounds the values of a page whose lengths are read at once.
	maxLengths = 1 << 24
	// maxPrefixed bounds the texts that are put together at once.
	maxPrefixed = 16 << 20
)

// checkEncoding looks into the pages of differences, whose heads the library
// trusts. It returns the page, with values that the library does not decode
// made plain ones.
func (p *pages) checkEncoding(h *header, data []byte) ([]byte, error) {
	encoding := parquet.Encoding(h.encoding)
	if !slices.Contains(deltas, encoding) {
		return data, nil
	}
	if encoding != parquet.Encodings.DeltaBinaryPacked && h.values > maxLengths {
		return nil, fmt.Errorf("%w: a page of %d values", ErrLimit, h.values)
	}
	values, err := p.withoutLevels(h, data)
	if err != nil {
		return nil, err
	}
	switch {
	case encoding != parquet.Encodings.DeltaByteArray:
		_, err = passDeltas(values, nil)
	case p.column.PhysicalType() == parquet.Types.FixedLenByteArray:
		h.encoding = int64(parquet.Encodings.Plain)
		data, err = p.unprefix(data[:len(data)-len(values)], values)
	default:
		// A value is at most as long as all that stands before it.
		p.clip = max(1, maxPrefixed/(h.size+1))
		if values, err = passDeltas(values, func(int64) {}); err == nil {
			_, err = passDeltas(values, nil)
		}
	}
	if err != nil {
		return nil, wrong(fmt.Errorf("%s: %w", encoding, err))
	}
	return data, nil
}

// unprefix makes a page of values that are the beginning of the one before and
// the rest, both with lengths in front (Encodings.md, DELTA_BYTE_ARRAY), one of
// plain values of the column's size.
func (p *pages) unprefix(levels, data []byte) ([]byte, error) {
	var prefixes, suffixes []int64
	data, err := passDeltas(data, func(n int64) { prefixes = append(prefixes, n) })
	if err != nil {
		return nil, err
	}
	if data, err = passDeltas(data, func(n int64) { suffixes = append(suffixes, n) }); err != nil {
		return nil, err
	}
	size := int64(p.column.TypeLength())
	if len(prefixes) != len(suffixes) || size*int64(len(prefixes)) > maxPage {
		return nil, fmt.Errorf("%d and %d lengths of values of %d bytes", len(prefixes), len(suffixes), size)
	}
	page, err := p.grown(&p.plain, int64(len(levels))+size*int64(len(prefixes)))
	if err != nil {
		return nil, err
	}
	at := copy(page, levels)
	last := make([]byte, size) // before the first, of which nothing is taken
	for i, n := range prefixes {
		if n < 0 || n > size || suffixes[i] != size-n || suffixes[i] > int64(len(data)) || i == 0 && n > 0 {
			return nil, fmt.Errorf("a value of %d and %d bytes where there are %d", n, suffixes[i], size)
		}
		value := page[at : at+int(size)]
		copy(value, last[:n])
		copy(value[n:], data)
		data, last, at = data[suffixes[i]:], value, at+int(size)
	}
	return page, nil
}

// withoutLevels returns the values of a page.
func (p *pages) withoutLevels(h *header, data []byte) ([]byte, error) {
	if h.kind == dataPageV2 {
		return data[h.repSize+h.defSize:], nil
	}
	for _, l := range []struct {
		most     int16
		encoding int64
	}{{p.column.MaxRepetitionLevel(), h.repEncoding}, {p.column.MaxDefinitionLevel(), h.defEncoding}} {
		if l.most == 0 {
			continue
		}
		n := (h.values*int64(bits.Len16(uint16(l.most))) + 7) / 8
		if parquet.Encoding(l.encoding) == parquet.Encodings.RLE {
			if len(data) < 4 {
				return nil, fmt.Errorf("%w: levels without length", ErrCorrupt)
			}
			n = int64(binary.LittleEndian.Uint32(data)) + 4
		}
		if n > int64(len(data)) {
			return nil, fmt.Errorf("%w: levels of %d bytes in %d", ErrCorrupt, n, len(data))
		}
		data = data[n:]
	}
	return data, nil
}

// passDeltas checks the head of a run of differences (Encodings.md,
// DELTA_BINARY_PACKED). If there is a function it is given the numbers, of 32
// bits, and the rest behind them is returned.
func passDeltas(data []byte, each func(int64)) (rest []byte, err error) {
	c := &compact{b: data}
	block, minis, left, value := c.uvarint(), c.uvarint(), c.uvarint(), c.varint()
	switch {
	case c.err != nil:
		return nil, c.err
	case block > maxBlock || minis == 0 || block%minis != 0 || block/minis%32 != 0 || left > maxLengths && each != nil:
		return nil, fmt.Errorf("%d values in blocks of %d, cut in %d", left, block, minis)
	case each == nil:
		return nil, nil
	}
	if left > 0 {
		each(value)
		left--
	}
	for size := block / minis; left > 0 && c.err == nil; {
		least := c.varint()
		widths := c.b[c.pos:]
		c.advance(minis)
		for i := uint64(0); i < minis && left > 0 && c.err == nil; i++ {
			width := uint64(widths[i])
			from := c.pos
			if c.advance(width * size / 8); c.err != nil || width > 32 {
				return nil, fmt.Errorf("numbers of %d bits", width)
			}
			packed := c.b[from:c.pos]
			for j := range min(left, size) {
				value = int64(int32(value + least + bitsAt(packed, j*width, width)))
				each(value)
			}
			left -= min(left, size)
		}
	}
	return c.b[c.pos:], c.err
}

// bitsAt returns the number of at most 32 bits that begins at a bit.
func bitsAt(b []byte, at, width uint64) int64 {
	if width == 0 {
		return 0
	}
	var word [8]byte
	copy(word[:], b[at/8:])
	return int64(binary.LittleEndian.Uint64(word[:]) >> (at % 8) & (1<<width - 1))
}
