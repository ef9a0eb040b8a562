package decode

import (
	"io"
	"runtime"
	"unicode/utf8"
)

// text is a text file whose character set is known.
type text struct {
	r       io.ReaderAt
	from    int64 // after the byte order mark
	size    int64
	charset charset
	// plain is UTF-8 without a fault: its bytes are the text.
	plain bool
	// progress is told how many bytes were read; nil: nobody.
	progress func(int64)
}

// open returns the text in valid UTF-8, without byte order mark. With report
// set, progress is told of this reading.
func (t *text) open(report bool) io.ReadCloser {
	progress := t.progress
	if !report {
		progress = nil
	}
	if t.plain {
		return &plainReader{r: io.NewSectionReader(t.r, t.from, t.size-t.from), read: t.from, progress: progress}
	}
	d := &transcoder{progress: progress, free: make(chan []byte, runtime.GOMAXPROCS(0))}
	d.pipe = startPipeline(t.r, t.from, t.size, t.charset.cut, func(c chunk) transcoded {
		var dst []byte
		select {
		case dst = <-d.free:
		default:
		}
		// Three bytes are the most that one byte can become (U+FFFD); the
		// decoders write eight at a time.
		if need := 3*len(c.data) + 16; cap(dst) < need {
			dst = make([]byte, 0, need)
		}
		return transcoded{data: t.charset.decode(dst[:0], c.data), read: c.off + int64(len(c.data))}
	})
	return d
}

type plainReader struct {
	r        io.Reader
	read     int64
	progress func(int64)
}

func (p *plainReader) Read(b []byte) (int, error) {
	n, err := p.r.Read(b)
	p.read += int64(n)
	if p.progress != nil && n > 0 {
		p.progress(p.read)
	}
	return n, err
}

func (p *plainReader) Close() error { return nil }

type transcoded struct {
	data []byte
	read int64 // offset in the file behind this chunk
}

type transcoder struct {
	pipe     *pipeline[transcoded]
	whole    []byte      // the chunk in hand
	rest     []byte      // what was not read of it
	free     chan []byte // chunks that were read, to be written again
	progress func(int64)
}

func (t *transcoder) Read(b []byte) (int, error) {
	for len(t.rest) == 0 {
		c, err := t.pipe.next()
		if err != nil {
			return 0, err
		}
		if t.whole != nil {
			select {
			case t.free <- t.whole:
			default:
			}
		}
		t.whole, t.rest = c.data, c.data
		if t.progress != nil {
			t.progress(c.read)
		}
	}
	n := copy(b, t.rest)
	t.rest = t.rest[n:]
	return n, nil
}

func (t *transcoder) Close() error { t.pipe.close(); return nil }

// head returns up to n bytes of the text, cut between characters, and whether
// that is all of it.
func (t *text) head(n int) ([]byte, bool, error) {
	r := t.open(false)
	defer r.Close()
	b := make([]byte, n+1)
	k, err := io.ReadFull(r, b)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return b[:k], true, nil
	} else if err != nil {
		return nil, false, err
	}
	for n > 0 && !utf8.RuneStart(b[n]) {
		n--
	}
	return b[:n], false, nil
}
