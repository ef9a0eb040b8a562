package server

import (
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
	taken   int       // of the first of these
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
}

const (
	spoolMemory = 4 << 20
	// spoolFirst is how much has to be there before the answer begins: a query
	// that fails earlier is answered with its error.
	spoolFirst = 64 << 10
)

// chunks are what spools keep in memory, used again and again.
var chunks = sync.Pool{New: func() any { return new([]byte) }}

var errSpoolAborted = errors.New("the client is gone")

func newSpool(disk *spoolDisk) *spool {
	s := &spool{disk: disk}
	s.changed.L = &s.mu
	return s
}

// Write implements io.Writer.
func (s *spool) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		if s.ended {
			return 0, s.err
		}
		if s.written == 0 && s.held < spoolMemory {
			chunk := chunks.Get().(*[]byte)
			*chunk = append((*chunk)[:0], p...)
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

// Read implements io.Reader; behind the last byte it returns the error of end.
func (s *spool) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.memory) == 0 && s.read == s.written && !s.ended {
		s.changed.Wait()
	}
	if len(s.memory) > 0 {
		first := s.memory[0]
		n := copy(p, (*first)[s.taken:])
		if s.taken += n; s.taken == len(*first) {
			chunks.Put(first)
			s.memory, s.taken = s.memory[1:], 0
		}
		s.held -= n
		s.changed.Broadcast()
		return n, nil
	}
	if s.read < s.written {
		n, err := s.file.ReadAt(p[:min(int64(len(p)), s.written-s.read)], s.read)
		s.read += int64(n)
		if s.read == s.written { // memory is enough again
			err = errors.Join(err, s.drop())
		}
		s.changed.Broadcast()
		return n, err
	}
	if s.err != nil {
		return 0, s.err
	}
	return 0, io.EOF
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
	s.memory, s.held = nil, 0
	if s.file != nil {
		s.disk.used.Add(-s.written)
		s.read, s.written = 0, 0
		s.file.Close()
		s.file = nil
	}
}
