package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// progress shows how far long work has come: a bar on a terminal, one plain
// line for each stage elsewhere.
type progress struct {
	w        io.Writer
	terminal bool
	label    string
	began    time.Time
	bar      *progressbar.ProgressBar
	done     atomic.Int64
}

// newProgress shows progress on w, with label before every line. A nil w shows nothing.
func newProgress(w io.Writer, label string) *progress {
	f, ok := w.(*os.File)
	return &progress{w: w, terminal: ok && term.IsTerminal(int(f.Fd())), label: label}
}

// stage ends the stage before and names the next.
func (p *progress) stage(name string) {
	p.end()
	p.began = time.Now()
	if p.w == nil {
		return
	}
	if !p.terminal {
		fmt.Fprintf(p.w, "%s: %s\n", p.label, name)
		return
	}
	p.bar = progressbar.NewOptions64(-1,
		progressbar.OptionSetWriter(p.w),
		progressbar.OptionSetDescription(fmt.Sprintf("%s: %-12s", p.label, name)),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionFullWidth(),
		progressbar.OptionClearOnFinish(),
	)
}

// bytes is the ingest's progress function.
func (p *progress) bytes(done, total int64) { p.set(done, total) }

// rows returns a function that is told of rows as they are written.
func (p *progress) rows(total int64) func(int64) {
	p.done.Store(0)
	return func(n int64) { p.set(p.done.Add(n), total) }
}

func (p *progress) set(done, total int64) {
	if p.bar == nil || total <= 0 {
		return
	}
	if p.bar.GetMax64() != total {
		p.bar.ChangeMax64(total)
	}
	p.bar.Set64(min(done, total))
}

// end clears the bar of the last stage.
func (p *progress) end() {
	if p.bar != nil {
		p.bar.Finish()
		p.bar = nil
	}
}

func join(names []string) string { return strings.Join(names, ", ") }
