package xls

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// The records that are read ([MS-XLS] 2.3.2, and the older ones of BIFF5).
const (
	recFormula     = 0x0006
	recEOF         = 0x000A
	recDateMode    = 0x0022
	recFilePass    = 0x002F
	recContinue    = 0x003C
	recCodePage    = 0x0042
	recBoundSheet  = 0x0085
	recMulRK       = 0x00BD
	recMulBlank    = 0x00BE
	recRString     = 0x00D6
	recXF          = 0x00E0
	recMergedCells = 0x00E5
	recSST         = 0x00FC
	recLabelSST    = 0x00FD
	recBlank       = 0x0201
	recNumber      = 0x0203
	recLabel       = 0x0204
	recBoolErr     = 0x0205
	recFormula3    = 0x0206 // of BIFF3, which other writers use
	recString      = 0x0207
	recRK          = 0x027E
	recFormula4    = 0x0406
	recFormat      = 0x041E
	recBOF2        = 0x0009
	recBOF3        = 0x0209
	recBOF4        = 0x0409
	recBOF         = 0x0809

	biff5 = 0x0500
	biff8 = 0x0600

	substreamGlobals = 0x0005
)

const (
	recordHeader = 4
	maxRecord    = 1<<16 - 1 // what two bytes count to; Excel holds to 8,224
)

// records reads one record after the other.
type records struct {
	r    *bufio.Reader
	at   int64 // in the stream, behind the record
	id   uint16
	data []byte // what has not been taken of the record; valid until the next one
	rest int    // bytes of the record that the reader is still before
	raw  []byte
}

func newRecords(r io.Reader, offset int64) *records {
	return &records{r: bufio.NewReaderSize(r, maxRecord+recordHeader), at: offset}
}

// next moves to the next record, io.EOF behind the last.
func (r *records) next() error {
	id, size, err := r.peek()
	if err != nil {
		return err
	}
	if _, err := r.r.Discard(recordHeader); err != nil {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	r.id, r.at = id, r.at+recordHeader+int64(size)
	if r.data, err = r.r.Peek(size); err != nil {
		return fmt.Errorf("%w: record %#04x of %d bytes has %d: %w", ErrCorrupt, id, size, len(r.data), err)
	}
	r.rest = size
	return nil
}

// peek looks at the header of the next record.
func (r *records) peek() (id uint16, size int, err error) {
	r.data = nil
	if _, err := r.r.Discard(r.rest); err != nil {
		return 0, 0, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	r.rest = 0
	switch h, err := r.r.Peek(recordHeader); {
	case err == nil:
		return binary.LittleEndian.Uint16(h), int(binary.LittleEndian.Uint16(h[2:])), nil
	case len(h) == 0 && errors.Is(err, io.EOF):
		return 0, 0, io.EOF
	default:
		return 0, 0, fmt.Errorf("%w: the header of a record: %w", ErrCorrupt, err)
	}
}

// more moves to the next record if it continues this one, of which nothing is
// left to take.
func (r *records) more() (bool, error) {
	id, _, err := r.peek()
	if errors.Is(err, io.EOF) {
		return false, nil
	} else if err != nil || id != recContinue {
		return false, err
	}
	return true, r.next()
}

// fill has something of the record left to take, or reports that it and those
// that continue it are at their end.
func (r *records) fill() (bool, error) {
	for len(r.data) == 0 {
		if ok, err := r.more(); !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

// take returns the next n bytes of the record and those that continue it,
// valid until the next call.
func (r *records) take(n int) ([]byte, error) {
	if n <= len(r.data) {
		b := r.data[:n]
		r.data = r.data[n:]
		return b, nil
	}
	r.raw = r.raw[:0]
	for n > 0 {
		if ok, err := r.fill(); err != nil {
			return nil, err
		} else if !ok {
			return nil, fmt.Errorf("%w: %d bytes missing at the end of a record", ErrCorrupt, n)
		}
		part := min(n, len(r.data))
		r.raw = append(r.raw, r.data[:part]...)
		r.data = r.data[part:]
		n -= part
	}
	return r.raw, nil
}

func (r *records) uint8() (uint8, error) {
	b, err := r.take(1)
	if err != nil {
		return 0, err
	}
	return b[0], nil
}

func (r *records) uint16() (uint16, error) {
	b, err := r.take(2)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint16(b), nil
}

func (r *records) uint32() (uint32, error) {
	b, err := r.take(4)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint32(b), nil
}

// skip passes n bytes, or what there is of them.
func (r *records) skip(n int64) error {
	for n > 0 {
		if ok, err := r.fill(); !ok || err != nil {
			return err
		}
		part := min(n, int64(len(r.data)))
		r.data = r.data[part:]
		n -= part
	}
	return nil
}
