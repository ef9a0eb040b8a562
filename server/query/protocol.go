package query

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// The server and a worker talk in frames over the worker's stdin and stdout:
// a kind, the length of the payload (4 bytes, big endian), the payload.
// Everything but data is JSON.
//
//	server                          worker
//	hello: limits and folders  ->
//	                           <-   ready: what holds this process
//	job: the question          ->
//	                           <-   names: which tables it uses
//	sources: what they are,    ->
//	  or that there are none
//	                           <-   found: what the gate found out
//	                           <-   data ... (an Arrow IPC stream or a text, in pieces)
//	                           <-   done, or failure at any time; where the
//	                                question was refused before a file was
//	                                opened, another one may follow
type frameKind byte

const (
	frameHello   frameKind = 'h'
	frameReady   frameKind = 'r'
	frameJob     frameKind = 'j'
	frameNames   frameKind = 'n'
	frameSources frameKind = 's'
	frameFound   frameKind = 'p'
	frameData    frameKind = 'd'
	frameDone    frameKind = 'z'
	frameTotal   frameKind = 't' // worker: how many rows match, before the first of them
	frameFailure frameKind = 'f'
)

// maxFrame bounds what one side makes the other hold in memory.
const maxFrame = 32 << 20

type hello struct {
	MemoryMB      int
	TempMB        int
	TempDir       string
	PublicDir     string
	RestrictedDir string
	Threads       int
}

// ready tells what the kernel holds a worker to.
type ready struct {
	// Landlock is the ABI version in force, 0 for none.
	Landlock int
	Seccomp  bool
	Rlimits  bool
}

type job struct {
	SQL      string
	Params   []any
	Named    map[string]any
	Rows     *RowsRequest
	Text     *Text
	Postgres bool
	Numbered string
	Estimate bool
	MaxRows  int64
	Deadline time.Duration
	Limits   Limits
}

// sources is what the names of a question mean. A question is refused where one
// means nothing.
type sources struct {
	Refused bool
	Named   []namedSource
}

type namedSource struct {
	Name   string
	Path   string
	Pinned string
	// Inline is a table as an Arrow IPC stream.
	Inline []byte
}

type tableUse struct {
	Name string
	// Line and Col of its first use; 0 where unknown.
	Line, Col int
}

// found is what the gate found out about a question.
type found struct {
	Volatile bool
	Pinned   string
}

// failure is an error on its way from the worker.
type failure struct {
	// Kind is one of the fail constants; the rest is for failSQL.
	Kind          string
	Line, Col     int
	Message, Hint string
	NotFound      bool
	// Again is true where the worker waits for another question.
	Again bool
}

const (
	failSQL     = "sql"
	failMemory  = "memory"
	failTimeout = "timeout"
	// failFault is a fault of DuckDB's own that a statement ran into. It carries
	// text for the log.
	failFault = "fault"
	// failInternal carries text for the log, never for the public.
	failInternal = "internal"
)

type done struct {
	Truncated bool
	Rows      int64
	NextAfter []any
}

// frameHead is the length of what stands before a payload.
const frameHead = 5

func putHead(head []byte, kind frameKind, payload int) {
	head[0] = byte(kind)
	binary.BigEndian.PutUint32(head[1:], uint32(payload))
}

func writeFrame(w io.Writer, kind frameKind, payload []byte) error {
	var head [frameHead]byte
	putHead(head[:], kind, len(payload))
	if _, err := w.Write(head[:]); err != nil {
		return err
	}
	_, err := w.Write(payload)
	return err
}

func writeMessage(w io.Writer, kind frameKind, v any) error {
	payload, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if len(payload) > maxFrame {
		return fmt.Errorf("frame %q of %d bytes", kind, len(payload))
	}
	return writeFrame(w, kind, payload)
}

// readHead reads the beginning of a frame; n bytes of payload follow.
func readHead(r io.Reader) (kind frameKind, n int, err error) {
	var head [frameHead]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, 0, err
	}
	size := binary.BigEndian.Uint32(head[1:])
	if size > maxFrame {
		return 0, 0, fmt.Errorf("frame %q of %d bytes", head[0], size)
	}
	return frameKind(head[0]), int(size), nil
}

// readMessage reads a frame of that kind into v.
func readMessage(r io.Reader, want frameKind, v any) error {
	kind, n, err := readHead(r)
	if err != nil {
		return err
	}
	if kind != want {
		return fmt.Errorf("frame %q where %q belongs", kind, want)
	}
	return readPayload(r, n, v)
}

func readPayload(r io.Reader, n int, v any) error {
	payload := make([]byte, n)
	if _, err := io.ReadFull(r, payload); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(payload))
	d.UseNumber()
	return d.Decode(v)
}
