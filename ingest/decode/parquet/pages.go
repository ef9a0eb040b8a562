package parquet

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/schema"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
)

const (
	// maxPage bounds a page, unpacked. Writers aim at 1 MiB; DuckDB goes up to 100 MB.
	maxPage = 256 << 20
	// maxHeld bounds the pages and dictionaries that are open at once.
	maxHeld = 1 << 30
	// maxHeader bounds the head of a page; it may hold two long values as statistics.
	maxHeader = 4 << 20
	// valueSize is what a value of a dictionary of texts takes, beside the text.
	valueSize = 24
)

// unpacker is what the columns of a stream of rows share.
type unpacker struct {
	r      io.ReaderAt
	head   []byte // of a page
	packed []byte
	zstd   *zstd.Decoder
	held   int64 // bytes of pages and dictionaries
	read   int64 // bytes of pages
}

// pages reads the pages of one column chunk. It is a file.PageReader.
type pages struct {
	*unpacker
	column *schema.Column
	codec  compress.Compression
	pos    int64 // of the next page
	end    int64 // of the pages of the file
	values int64 // that are to come
	number int   // of the page, for errors

	page file.Page
	// clip is how many values may be decoded at once, 0 if any number may.
	clip       int64
	data       []byte // of the page, unpacked
	plain      []byte // of a page whose values the library does not decode
	dictionary int64  // bytes held for it, 0 if there is none
	err        error
}

func (p *pages) Page() file.Page { return p.page }
func (p *pages) Err() error      { return p.err }
func (p *pages) Close() error    { return nil }

// The dictionary comes first among the pages; nothing is sought, and each chunk
// has pages of its own.
func (p *pages) GetDictionaryPage() (*file.DictionaryPage, error) { return nil, nil }
func (p *pages) SetMaxPageHeaderSize(int)                         {}
func (p *pages) SeekToPageWithRow(int64) error                    { return errors.ErrUnsupported }
func (p *pages) Reset(parquet.BufferedReader, int64, compress.Compression, *file.CryptoContext) {
	p.err = errors.ErrUnsupported
}

// Next moves to the next page that holds a dictionary or values.
func (p *pages) Next() bool {
	p.page, p.clip = nil, 0
	for p.values > 0 && p.err == nil && p.page == nil {
		if p.err = p.next(); p.err != nil {
			p.err = fmt.Errorf("page %d, at byte %d: %w", p.number, p.pos, p.err)
		}
		p.number++
	}
	return p.page != nil && p.err == nil
}

// Kinds of pages (PageType in parquet.thrift).
const (
	dataPage       = 0
	dictionaryPage = 2
	dataPageV2     = 3
)

// header is a PageHeader (parquet.thrift), with the fields of the one header
// within it that its type calls for.
type header struct {
	kind, size, packed int64
	crc                uint32
	checked            bool // it has a checksum
	values             int64
	encoding           int64
	defEncoding        int64 // version 1
	repEncoding        int64
	nulls, rows        int64 // version 2
	defSize, repSize   int64
	stored             bool // the values are not compressed
}

func (p *pages) next() error {
	h, n, err := p.readHeader()
	if err != nil {
		return err
	}
	at := p.pos + n
	switch {
	case h.size < 0 || h.packed < 0 || h.values < 0 || h.packed > p.end-at:
		return fmt.Errorf("%w: %d bytes, %d unpacked, of %d values", ErrCorrupt, h.packed, h.size, h.values)
	case h.size > maxPage || h.packed > maxPage:
		return fmt.Errorf("%w: a page of %d bytes, %d unpacked", ErrLimit, h.packed, h.size)
	}
	switch h.kind {
	case dataPage, dataPageV2, dictionaryPage:
		if err := p.readPage(h, at); err != nil {
			return err
		}
	}
	p.read += at + h.packed - p.pos
	p.pos = at + h.packed
	return nil
}

func (p *pages) readPage(h header, at int64) error {
	dictionary := h.kind == dictionaryPage
	switch {
	case dictionary && p.dictionary > 0:
		return fmt.Errorf("%w: a second dictionary", ErrCorrupt)
	case dictionary:
		if h.values > h.size {
			return fmt.Errorf("%w: a dictionary of %d values in %d bytes", ErrCorrupt, h.values, h.size)
		}
		// Behind values it would be read over the ones given out.
		p.dictionary = 1 + h.size + h.values*valueSize
		if err := p.hold(p.dictionary); err != nil {
			return err
		}
	case h.values > p.values:
		return fmt.Errorf("%w: %d values where %d are missing", ErrCorrupt, h.values, p.values)
	case h.values == 0:
		return nil
	case h.kind == dataPageV2 && (h.defSize < 0 || h.repSize < 0 || h.defSize+h.repSize > min(h.size, h.packed)):
		return fmt.Errorf("%w: levels of %d and %d bytes in a page of %d", ErrCorrupt, h.defSize, h.repSize, h.size)
	}
	data, err := p.unpack(h, at, dictionary)
	if err != nil {
		return err
	}
	if !dictionary {
		if data, err = p.checkEncoding(&h, data); err != nil {
			return err
		}
	}
	buffer, size, values := memory.NewBufferBytes(data), int32(len(data)), int32(h.values)
	switch h.kind {
	case dictionaryPage:
		p.page = file.NewDictionaryPage(buffer, values, parquet.Encoding(h.encoding))
		return nil
	case dataPageV2:
		p.page = file.NewDataPageV2(buffer, values, int32(h.nulls), int32(h.rows), parquet.Encoding(h.encoding), int32(h.defSize), int32(h.repSize), size, false)
	default:
		p.page = file.NewDataPageV1(buffer, values, parquet.Encoding(h.encoding), parquet.Encoding(h.defEncoding), parquet.Encoding(h.repEncoding), size)
	}
	p.values -= h.values
	return nil
}

// hold counts bytes that stay in memory.
func (u *unpacker) hold(n int64) error {
	if u.held += n; u.held > maxHeld {
		return fmt.Errorf("%w: pages of more than %d bytes at once", ErrLimit, maxHeld)
	}
	return nil
}

// unpack reads the body of a page and checks its checksum, which is over all
// of it as it is in the file.
func (p *pages) unpack(h header, at int64, keep bool) ([]byte, error) {
	levels := int64(0)
	if h.kind == dataPageV2 { // they are in front, not compressed
		levels = h.repSize + h.defSize
	}
	h.stored = h.stored || p.codec == compress.Codecs.Uncompressed
	switch {
	case h.stored && h.packed != h.size:
		return nil, fmt.Errorf("%w: %d bytes, not compressed, that should be %d", ErrCorrupt, h.packed, h.size)
	case int64(cap(p.packed)) < h.packed:
		p.packed = make([]byte, h.packed)
	}
	packed := p.packed[:h.packed]
	if err := readAt(p.r, packed, at); err != nil {
		return nil, err
	}
	if h.checked && crc32.ChecksumIEEE(packed) != h.crc {
		return nil, fmt.Errorf("%w: the checksum is not %08x", ErrCorrupt, h.crc)
	}
	// A page of nulls may leave out even what stands for nothing, and Brotli's
	// reader does not take it where it is there.
	h.stored = h.stored || h.size == levels
	if err := p.checkSize(h, packed[levels:], h.size-levels); err != nil {
		return nil, err
	}
	data, err := p.room(h.size, keep)
	if err != nil {
		return nil, err
	}
	copy(data, packed[:levels])
	if h.stored {
		copy(data[levels:], packed[levels:])
		return data, nil
	}
	return data, p.decompress(data[levels:], packed[levels:])
}

// room returns a place for the page, or one of its own for a dictionary.
func (p *pages) room(size int64, keep bool) ([]byte, error) {
	if keep {
		return make([]byte, size), nil // held already
	}
	return p.grown(&p.data, size)
}

// grown returns the first bytes of a buffer, which it replaces if it is too small.
func (u *unpacker) grown(buffer *[]byte, size int64) ([]byte, error) {
	if have := int64(cap(*buffer)); have < size {
		if err := u.hold(size - have); err != nil {
			return nil, err
		}
		*buffer = make([]byte, size)
	}
	return (*buffer)[:size], nil
}

// checkSize holds a page to the size that it declares before there is any room
// made for it: what packs a number of times worse than it says is a lie.
func (p *pages) checkSize(h header, packed []byte, size int64) error {
	if h.stored {
		return nil
	}
	declared, ratio := size, int64(0)
	switch p.codec {
	case compress.Codecs.Snappy:
		n, err := snappy.DecodedLen(packed)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrCorrupt, err)
		}
		declared = int64(n)
	case compress.Codecs.Zstd:
		var frame zstd.Header
		if err := frame.Decode(packed); err == nil && frame.HasFCS && frame.FrameContentSize > uint64(size) {
			return fmt.Errorf("%w: a frame of %d bytes in a page of %d", ErrCorrupt, frame.FrameContentSize, size)
		}
	case compress.Codecs.Gzip:
		ratio = 1032 // of deflate at best
	case compress.Codecs.Lz4Raw:
		ratio = 255
	}
	if declared != size || ratio > 0 && size > (int64(len(packed))+1)*ratio {
		return fmt.Errorf("%w: %d bytes cannot be %d unpacked", ErrCorrupt, len(packed), size)
	}
	return nil
}

// decompress fills data, and never makes more room. The library's own codecs
// for Snappy and Zstandard do, for what a page says it holds.
func (p *pages) decompress(data, packed []byte) error {
	var out []byte
	var err error
	switch p.codec {
	case compress.Codecs.Snappy:
		out, err = snappy.Decode(data, packed)
	case compress.Codecs.Zstd:
		if p.zstd == nil {
			if p.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecodeAllCapLimit(true)); err != nil {
				return err
			}
		}
		out, err = p.zstd.DecodeAll(packed, data[:0:len(data)])
	default:
		var codec compress.Codec
		if codec, err = compress.GetCodec(p.codec); err == nil {
			out, err = compress.Decode(codec, data, packed)
		}
	}
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	case len(out) != len(data):
		return fmt.Errorf("%w: %d bytes where %d were declared", ErrCorrupt, len(out), len(data))
	}
	return nil
}

// readHeader reads the head of the page at pos and returns how long it is.
func (p *pages) readHeader() (header, int64, error) {
	for size := int64(256); ; size *= 16 {
		size = min(size, maxHeader, p.end-p.pos)
		if int64(len(p.head)) < size {
			p.head = make([]byte, size)
		}
		b := p.head[:max(size, 0)]
		if err := readAt(p.r, b, p.pos); err != nil {
			return header{}, 0, err
		}
		c := &compact{b: b, elements: len(b)}
		h := c.header()
		switch {
		case c.err == nil:
			return h, int64(c.pos), nil
		case !errors.Is(c.err, io.ErrUnexpectedEOF) || size == p.end-p.pos || size == maxHeader:
			return header{}, 0, fmt.Errorf("%w: its head: %w", ErrCorrupt, c.err)
		}
	}
}

func (c *compact) header() header {
	h := header{kind: -1, size: -1, packed: -1}
	c.structure(0, func(id int64, kind byte) bool {
		inner := kind == tStructure
		switch {
		case id == 1 && kind == tI32:
			h.kind = c.varint()
		case id == 2 && kind == tI32:
			h.size = c.varint()
		case id == 3 && kind == tI32:
			h.packed = c.varint()
		case id == 4 && kind == tI32:
			h.crc, h.checked = uint32(c.varint()), true
		case id == 5 && inner && h.kind == dataPage:
			c.numbers(&h.values, &h.encoding, &h.defEncoding, &h.repEncoding)
		case id == 7 && inner && h.kind == dictionaryPage:
			c.numbers(&h.values, &h.encoding)
		case id == 8 && inner && h.kind == dataPageV2:
			h.stored = c.numbers(&h.values, &h.nulls, &h.rows, &h.encoding, &h.defSize, &h.repSize)
		default:
			return false
		}
		return true
	})
	return h
}

// numbers reads the first fields of a structure as 32-bit numbers, and reports
// whether the one after them is false, which of DataPageHeaderV2 is
// is_compressed. Values out of range become -1, which no field may be.
func (c *compact) numbers(fields ...*int64) (no bool) {
	c.structure(1, func(id int64, kind byte) bool {
		if id == int64(len(fields))+1 && kind == tFalse {
			no = true
		}
		if id < 1 || id > int64(len(fields)) || kind != tI32 {
			return false
		}
		v := c.varint()
		if v != int64(int32(v)) {
			v = -1
		}
		*fields[id-1] = v
		return true
	})
	return no
}
