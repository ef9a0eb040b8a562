package server

import (
	"bytes"
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"
)

// spool lies between a query and its reader: what is written waits in memory,
// and beyond spoolMemory in a temporary file without a name, until it is read.
// So a worker is free as soon as its query has ended, however slowly the client
// takes the answer. Write waits for the reader only where all spools together
// hold as much on disk as they may.
type spool struct {
	mu      sync.Mutex
	changed sync.Cond
	memory  []*[]byte // before what is in the file
	held    int       // bytes in memory
	file    *os.File
	// read and written are offsets in the file.
	read, written int64
	disk          *spoolDisk
	ended         bool
	err           error // why it ended, nil for a good end
}

// spoolDisk counts what the spools of a server have on disk.
type spoolDisk struct {
	limit int64
	used  atomic.Int64
	// memory is what they hold in memory: of spoolsMemory each may have spoolMemory.
	memory atomic.Int64
}

// remember takes n bytes of memory, if there are any left.
func (d *spoolDisk) remember(n int) bool {
	if d.memory.Add(int64(n)) <= spoolsMemory {
		return true
	}
	d.memory.Add(-int64(n))
	return false
}

const (
	spoolMemory = 4 << 20
	// spoolsMemory is that of all spools of a server.
	spoolsMemory = 64 << 20
	// spoolFirst is how much has to be there before the answer begins: a query
	// that fails earlier is answered with its error.
	spoolFirst = 64 << 10
	// spoolChunk is how much ReadFrom asks for at a time.
	spoolChunk = 256 << 10
)

// chunks are what spools keep in memory, used again and again.
var chunks = sync.Pool{New: func() any { b := make([]byte, 0, spoolChunk); return &b }}

func recycle(chunk *[]byte) {
	if cap(*chunk) >= spoolChunk {
		chunks.Put(chunk)
	}
}

var errSpoolAborted = errors.New("the client is gone")

func newSpool(disk *spoolDisk) *spool {
	s := &spool{disk: disk}
	s.changed.L = &s.mu
	return s
}

// Write implements io.Writer.
func (s *spool) Write(p []byte) (int, error) {
	if len(p) < spoolChunk/4 { // little is kept in as little
		own := bytes.Clone(p)
		return s.put(&own)
	}
	chunk := chunks.Get().(*[]byte)
	*chunk = append((*chunk)[:0], p...)
	return s.put(chunk)
}

// ReadFrom implements io.ReaderFrom, without a copy of its own.
func (s *spool) ReadFrom(r io.Reader) (int64, error) {
	var total int64
	for {
		chunk := chunks.Get().(*[]byte)
		*chunk = (*chunk)[:0]
		var err error
		for n := 0; err == nil && len(*chunk) < spoolChunk; {
			n, err = r.Read((*chunk)[len(*chunk):spoolChunk])
			*chunk = (*chunk)[:len(*chunk)+n]
		}
		if len(*chunk) > 0 {
			n, failure := s.put(chunk)
			if total += int64(n); failure != nil {
				return total, failure
			}
		}
		if err == io.EOF {
			return total, nil
		} else if err != nil {
			return total, err
		}
	}
}

// put takes over a chunk.
func (s *spool) put(chunk *[]byte) (int, error) {
	p := *chunk
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		if s.ended {
			return 0, s.err
		}
		if s.written == 0 && s.held < spoolMemory && s.disk.remember(len(p)) {
			s.memory = append(s.memory, chunk)
			s.held += len(p)
			s.changed.Broadcast()
			return len(p), nil
		}
		if s.disk.used.Add(int64(len(p))) <= s.disk.limit {
			break
		}
		s.disk.used.Add(-int64(len(p)))
		s.changed.Wait()
	}
	n, err := s.spill(p)
	recycle(chunk)
	s.disk.used.Add(int64(n - len(p)))
	s.changed.Broadcast()
	return n, err
}

func (s *spool) spill(p []byte) (int, error) {
	if s.file == nil {
		f, err := os.CreateTemp("", "govdata-spool-")
		if err != nil {
			return 0, err
		}
		os.Remove(f.Name()) // the bytes go when the file is closed, or the process ends
		s.file = f
	}
	n, err := s.file.WriteAt(p, s.written)
	s.written += int64(n)
	return n, err
}

// end says that nothing more is written; with an error, that it is not whole.
func (s *spool) end(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ended {
		s.ended, s.err = true, err
	}
	s.changed.Broadcast()
}

// begin waits until the answer may begin. whole is true where all of it is
// there already. The error is that of end, where it came first.
func (s *spool) begin() (whole bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for !s.ended && s.held < spoolFirst {
		s.changed.Wait()
	}
	if s.ended && s.written == 0 && s.held < spoolFirst {
		return true, s.err
	}
	return s.ended && s.err == nil, nil
}

// bytes returns a copy of a text that is whole and none of which was read.
func (s *spool) bytes() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := make([]byte, 0, s.held)
	for _, chunk := range s.memory {
		b = append(b, *chunk...)
	}
	return b
}

// WriteTo implements io.WriterTo: it sends all that is written, until the end.
func (s *spool) WriteTo(w io.Writer) (int64, error) {
	var total int64
	for {
		chunk, err := s.take()
		if err == io.EOF {
			return total, nil
		} else if err != nil {
			return total, err
		}
		n, err := w.Write(*chunk)
		recycle(chunk)
		if total += int64(n); err != nil {
			return total, err
		}
	}
}

// take waits for the next bytes and gives them to the caller; behind the last
// comes the error of end.
func (s *spool) take() (*[]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.memory) == 0 && s.read == s.written && !s.ended {
		s.changed.Wait()
	}
	if len(s.memory) > 0 {
		first := s.memory[0]
		s.memory = s.memory[1:]
		s.held -= len(*first)
		s.disk.memory.Add(int64(-len(*first)))
		s.changed.Broadcast()
		return first, nil
	}
	if s.read < s.written {
		chunk := chunks.Get().(*[]byte)
		n, err := s.file.ReadAt((*chunk)[:min(spoolChunk, s.written-s.read)], s.read)
		*chunk = (*chunk)[:n]
		s.read += int64(n)
		if s.read == s.written { // memory is enough again
			err = errors.Join(err, s.drop())
		}
		s.changed.Broadcast()
		return chunk, err
	}
	if s.err != nil {
		return nil, s.err
	}
	return nil, io.EOF
}

// drop forgets what the file holds.
func (s *spool) drop() error {
	s.disk.used.Add(-s.written)
	s.read, s.written = 0, 0
	return s.file.Truncate(0)
}

// close gives back what the spool holds. Writes fail from then on.
func (s *spool) close() {
	s.end(errSpoolAborted)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.disk.memory.Add(int64(-s.held))
	s.memory, s.held = nil, 0
	if s.file != nil {
		s.disk.used.Add(-s.written)
		s.read, s.written = 0, 0
		s.file.Close()
		s.file = nil
	}
}
