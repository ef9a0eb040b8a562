package decode

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"
)

const (
	// chunkSize is how much of a text is examined or transcoded at a time.
	chunkSize = 512 << 10
	// maxChunk bounds a chunk that has no safe place to be cut at.
	maxChunk = 16 << 20
)

// chunk is a stretch of a text that begins and ends between characters.
type chunk struct {
	off  int64
	data []byte
}

// pipeline cuts a text into chunks, works on them on several goroutines and
// hands out the results in the order of the text.
type pipeline[T any] struct {
	results chan chan T
	err     error // set before results is closed
	stop    chan struct{}
	once    sync.Once
}

// startPipeline works on the bytes of r from one offset to another. cut returns
// how much of a chunk may be taken without splitting a character; 0 asks for more.
// The chunk is only valid during the call of work.
func startPipeline[T any](r io.ReaderAt, from, to int64, cut func([]byte) int, work func(chunk) T) *pipeline[T] {
	p := &pipeline[T]{
		results: make(chan chan T, max(2, runtime.GOMAXPROCS(0))),
		stop:    make(chan struct{}),
	}
	buffers := sync.Pool{New: func() any { b := make([]byte, chunkSize); return &b }}
	go func() {
		defer close(p.results)
		for off := from; off < to; {
			buf := buffers.Get().(*[]byte)
			data, err := readChunk(r, off, to, cut, buf)
			if err != nil {
				p.err = err
				return
			}
			result := make(chan T, 1)
			select {
			case p.results <- result:
			case <-p.stop:
				return
			}
			c := chunk{off: off, data: data}
			go func() {
				result <- work(c)
				buffers.Put(buf)
			}()
			off += int64(len(data))
		}
	}()
	return p
}

// readChunk reads from off into buf, which grows where nothing can be cut.
func readChunk(r io.ReaderAt, off, to int64, cut func([]byte) int, buf *[]byte) ([]byte, error) {
	for {
		data := (*buf)[:min(int64(len(*buf)), to-off)]
		n, err := r.ReadAt(data, off)
		if n < len(data) {
			if err == nil || errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF // the file shrank while it was read
			}
			return nil, fmt.Errorf("read at byte %d: %w", off, err)
		}
		if off+int64(n) == to {
			return data, nil
		}
		if k := cut(data); k > 0 {
			return data[:k], nil
		}
		if len(*buf) >= maxChunk {
			return data, nil
		}
		*buf = make([]byte, 2*len(*buf))
	}
}

// next returns the next result, io.EOF after the last one.
func (p *pipeline[T]) next() (T, error) {
	result, ok := <-p.results
	if !ok {
		var none T
		if p.err != nil {
			return none, p.err
		}
		return none, io.EOF
	}
	return <-result, nil
}

// close stops the work; results not yet taken are dropped.
func (p *pipeline[T]) close() { p.once.Do(func() { close(p.stop) }) }
