package ods

import (
	"bytes"
	"fmt"
	"strconv"
)

// readContent reads what lies in a cell and appends its paragraphs to the
// arena, joined by line ends. Of a cell that has its value in its attributes they
// are how a program showed it. Annotations, shapes and tables in the cell are
// passed.
func (r *Rows) readContent(from int) error {
	outside := r.sc.depth - 1
	for first := true; ; {
		if err := r.tag(); err != nil {
			return err
		}
		if r.sc.close {
			if r.sc.depth <= outside {
				return nil
			}
			continue
		}
		switch name := string(r.sc.name); {
		case name == "p" || name == "h":
			if !first {
				r.arena = append(r.arena, '\n')
			}
			first = false
			if err := r.readParagraph(from); err != nil {
				return err
			}
			if limit := r.sheet.book.options.MaxCell; len(r.arena)-from > limit {
				return fmt.Errorf("%w: a cell of more than %d bytes", ErrLimit, limit)
			}
		case name == "list" || name == "list-item":
		default:
			if err := r.sc.skip(); err != nil {
				return err
			}
		}
	}
}

// readParagraph appends the text of a paragraph: white space as ODF 1.3-3,
// 6.1.2 has it, but for a blank at the end, which LibreOffice writes and means.
func (r *Rows) readParagraph(from int) error {
	sc, limit := r.sc, r.sheet.book.options.MaxCell
	if sc.empty {
		return nil
	}
	outside := sc.depth - 1
	for blank := true; ; {
		if err := r.tag(); err != nil {
			return err
		}
		r.raw = sc.appendText(r.raw[:0])
		r.arena, blank = collapse(r.arena, r.raw, blank)
		if len(r.arena)-from > limit {
			return fmt.Errorf("%w: a cell of more than %d bytes", ErrLimit, limit)
		}
		if sc.close {
			if sc.depth <= outside {
				return nil
			}
			continue
		}
		switch string(sc.name) {
		case "s":
			n, err := strconv.Atoi(string(attribute(sc.attrs, "c")))
			if err != nil || n < 0 {
				n = 1
			}
			if n > limit {
				return fmt.Errorf("%w: a cell of more than %d bytes", ErrLimit, limit)
			}
			r.arena, blank = append(r.arena, bytes.Repeat([]byte(" "), n)...), false
		case "tab":
			r.arena, blank = append(r.arena, '\t'), false
		case "line-break":
			r.arena, blank = append(r.arena, '\n'), false
		default:
			if !hidden(sc) {
				continue
			}
			if err := sc.skip(); err != nil {
				return err
			}
		}
	}
}

// hidden reports whether the element of the tag holds what is no text of the
// paragraph it stands in.
func hidden(sc *scanner) bool {
	switch string(sc.name) {
	case "annotation", "note", "ruby-text", "tracked-changes", "script", "event-listeners":
		return true
	}
	return string(sc.prefix) == "draw:"
}

// collapse appends text with each run of white space as one blank, or as none
// after a blank. It reports whether dst ends in one now.
func collapse(dst, text []byte, blank bool) ([]byte, bool) {
	for _, c := range text {
		if space(c) {
			if !blank {
				dst = append(dst, ' ')
			}
			blank = true
			continue
		}
		dst, blank = append(dst, c), false
	}
	return dst, blank
}
