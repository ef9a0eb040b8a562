package decode

import (
	"archive/tar"
	"archive/zip"
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/klauspost/compress/flate"
)

const (
	// maxDirectory bounds what a zip archive's directory may take; it is read
	// whole. 65,535 members with names of 200 bytes take 16 MiB.
	maxDirectory = 24 << 20
	// maxEntries bounds the members of a tar archive.
	maxEntries = 1 << 16
	// maxMembers bounds the tables of an archive that are read together.
	maxMembers = 1000
)

// entry is a file in an archive.
type entry struct {
	name string
	size int64 // in the archive, that is compressed
	open func() (*content, error)
}

// openArchive returns the member of an archive that is to be read, or opens all
// of them where that was asked for.
func (s *Source) openArchive(c *content, k kind) (*content, error) {
	list := s.listZip
	if k == kindTar {
		list = s.listTar
	}
	entries, err := list(c)
	if err != nil {
		return nil, err
	}
	chosen, left, err := s.choose(c, entries)
	if err != nil {
		return nil, err
	}
	if slices.Sort(left); len(left) > 0 {
		s.info.Notes = append(s.info.Notes, "left out of the archive: "+listed(entries, left))
	}
	if len(chosen) > 1 || s.options.All && !s.named {
		return nil, s.openAll(c, entries, chosen)
	}
	e := entries[chosen[0]]
	s.info.Notes = append(s.info.Notes, fmt.Sprintf("read member %q of the archive", e.name))
	s.member = e.name
	return e.open()
}

// listZip lists the members of a zip archive.
func (s *Source) listZip(c *content) ([]entry, error) {
	s.info.Container = append(s.info.Container, "zip")
	z, err := openZip(c)
	if err != nil {
		return nil, fmt.Errorf("decode %s: %w", c.name, err) // sniffZip has read it
	}
	z.RegisterDecompressor(zip.Deflate, func(r io.Reader) io.ReadCloser { return flate.NewReader(r) })
	if a, b, ok := overlap(z.File); ok {
		return nil, &Error{File: c.name, Found: fmt.Sprintf("members %q and %q on the same bytes of the archive", a, b), Want: "each member on its own",
			Do: "pack it anew", Err: ErrBomb}
	}
	var raw []string
	for _, f := range z.File {
		raw = append(raw, f.Name)
	}
	var entries []entry
	for i, name := range decodeNames(raw) {
		if f := z.File[i]; !strings.HasSuffix(name, "/") {
			packed := int64(min(f.CompressedSize64, uint64(c.size)))
			entries = append(entries, entry{name, packed, func() (*content, error) { return s.unpackMember(c, f, name, packed) }})
		}
	}
	return entries, nil
}

func (s *Source) unpackMember(c *content, f *zip.File, name string, packed int64) (*content, error) {
	if f.Flags&1 != 0 {
		return nil, &Error{File: c.name, Found: fmt.Sprintf("member %q with a password", name), Want: "an archive without",
			Do: "pack it without a password", Err: ErrEncrypted}
	}
	if f.Method != zip.Store && f.Method != zip.Deflate {
		return nil, refuse(c, fmt.Sprintf("member %q in compression method %d", name, f.Method), "pack it with ordinary zip compression")
	}
	return s.unpack(c.name+"/"+name, packed, f.Open)
}

// errManyMembers is a zip archive whose directory is past maxDirectory.
var errManyMembers = errors.New("too many members")

// openZip reads the directory of a zip archive, of which neither the size nor
// the number of members that it claims is to be believed.
func openZip(c *content) (*zip.Reader, error) {
	r := &bounded{r: c.r, left: maxDirectory}
	z, err := zip.NewReader(r, c.size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, err
	}
	r.left = math.MaxInt64
	return z, nil
}

// bounded reads so much and no more.
type bounded struct {
	r    io.ReaderAt
	left int64
}

func (b *bounded) ReadAt(p []byte, off int64) (int, error) {
	if b.left < int64(len(p)) {
		return 0, errManyMembers
	}
	b.left -= int64(len(p))
	return b.r.ReadAt(p, off)
}

// overlap finds two members that share bytes of the archive, as those of a bomb
// do that unpacks the same bytes again and again. A member whose header cannot
// be read is found out when it is unpacked.
func overlap(files []*zip.File) (string, string, bool) {
	type span struct {
		name       string
		begin, end int64
	}
	var spans []span
	for _, f := range files {
		begin, err := f.DataOffset()
		if err == nil && f.CompressedSize64 > 0 && f.CompressedSize64 < math.MaxInt64/2 {
			spans = append(spans, span{f.Name, begin, begin + int64(f.CompressedSize64)})
		}
	}
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.begin, b.begin) })
	for i := 1; i < len(spans); i++ {
		if a, b := spans[i-1], spans[i]; b.begin < a.end {
			return a.name, b.name, true
		}
	}
	return "", "", false
}

// listTar lists the regular files of a tar archive, which stand in it as they
// are. Links, devices and sparse files are left out.
func (s *Source) listTar(c *content) ([]entry, error) {
	s.info.Container = append(s.info.Container, "tar")
	corrupt := func(what string) error {
		return &Error{File: c.name, Found: "a truncated or corrupt tar archive (" + what + ")", Want: "a whole file", Do: "send the file again", Err: ErrCorrupt}
	}
	section := io.NewSectionReader(c.r, 0, c.size)
	t := tar.NewReader(section)
	var raw []string
	var entries []entry
	for others := 0; ; {
		h, err := t.Next()
		if err == io.EOF {
			if others > 0 {
				s.info.Notes = append(s.info.Notes, fmt.Sprintf("left out of the archive: %d links, devices or sparse files", others))
			}
			break
		} else if err != nil && !errors.Is(err, tar.ErrInsecurePath) {
			return nil, corrupt(err.Error())
		}
		if !regular(h) {
			if h.Typeflag != tar.TypeDir && h.Typeflag != tar.TypeXGlobalHeader {
				others++
			}
			continue
		}
		begin, err := section.Seek(0, io.SeekCurrent)
		if err != nil {
			return nil, fmt.Errorf("decode %s: %w", c.name, err)
		}
		if h.Size > c.size-begin {
			return nil, corrupt(fmt.Sprintf("member %q of %d bytes", h.Name, h.Size))
		}
		if len(entries) == maxEntries {
			return nil, refuse(c, fmt.Sprintf("a tar archive of more than %d members", maxEntries), "pack the tables alone")
		}
		raw = append(raw, h.Name)
		entries = append(entries, entry{size: h.Size, open: func() (*content, error) {
			return &content{r: io.NewSectionReader(c.r, begin, h.Size), size: h.Size}, nil
		}})
	}
	for i, name := range decodeNames(raw) {
		e, open := &entries[i], entries[i].open
		e.name = strings.TrimPrefix(name, "./")
		e.open = func() (*content, error) {
			m, err := open()
			m.name = c.name + "/" + e.name
			return m, err
		}
	}
	return entries, nil
}

// regular reports whether a member is a file with all its bytes in the archive.
func regular(h *tar.Header) bool {
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return false
		}
	}
	return h.Typeflag == tar.TypeReg
}

// choose returns the members to be read, and those that are left out: the one
// that Options.Sheet names, or those that are tables by their names, of which
// there may be several only where all were asked for.
func (s *Source) choose(c *content, entries []entry) (chosen, left []int, err error) {
	if i, ok := s.byName(entries); ok {
		s.named = true
		return []int{i}, nil, nil
	}
	var tables, texts, rest []int
	for i, e := range entries {
		base := path.Base(e.name)
		if strings.HasPrefix(e.name, "__MACOSX/") || strings.HasPrefix(base, ".") || base == "Thumbs.db" {
			continue
		}
		switch strings.ToLower(path.Ext(base)) {
		case ".csv", ".tsv", ".xlsx", ".xlsm", ".xls", ".ods", ".parquet", ".json", ".jsonl", ".ndjson", ".geojson", ".gz", ".zst":
			tables = append(tables, i)
		case ".txt", ".dat", ".tab", "":
			texts = append(texts, i)
		default:
			rest = append(rest, i)
		}
	}
	chosen, left = tables, append(texts, rest...)
	if len(tables) == 0 && len(texts) > 0 {
		chosen, left = texts, rest
	} else if len(tables) == 0 {
		chosen, left = rest, nil
	}
	refuse := func(found, want, do string) error {
		return &Error{File: c.name, Found: found, Want: want, Do: do, Err: ErrFormat}
	}
	switch n := len(chosen); {
	case n == 0:
		return nil, nil, &Error{File: c.name, Found: "an archive with no file in it", Want: "one table", Do: "send the file again", Err: ErrEmpty}
	case s.options.All && s.options.Sheet != "":
		return nil, nil, refuse(fmt.Sprintf("the members %s", listed(entries, chosen)), fmt.Sprintf("a member %q", s.options.Sheet), "name one of them, or none to read all")
	case s.options.All && n > maxMembers:
		return nil, nil, refuse(fmt.Sprintf("%d tables in the archive", n), fmt.Sprintf("at most %d", maxMembers), "send them in several archives")
	case !s.options.All && n > 1:
		return nil, nil, &Error{File: c.name, Found: fmt.Sprintf("%d tables in the archive: %s", n, listed(entries, chosen)), Want: "one",
			Do: "name the one to read, or send them one by one", Err: ErrSeveral}
	}
	return chosen, left, nil
}

// byName finds the member that Options.Sheet names, as "member" or as
// "member/sheet", of which the sheet is left to be found.
func (s *Source) byName(entries []entry) (int, bool) {
	want := s.options.Sheet
	if want == "" {
		return 0, false
	}
	best, rest := -1, want
	for i, e := range entries {
		for _, name := range []string{e.name, path.Base(e.name)} {
			after, ok := strings.CutPrefix(want, name)
			if !ok || after != "" && after[0] != '/' {
				continue
			}
			if after = strings.TrimPrefix(after, "/"); best < 0 || len(after) < len(rest) {
				best, rest = i, after
			}
		}
	}
	if best >= 0 {
		s.options.Sheet = rest
	}
	return best, best >= 0
}

// listed quotes the names of members, of many the first twenty.
func listed(entries []entry, which []int) string {
	var quoted []string
	for _, i := range which[:min(len(which), 20)] {
		quoted = append(quoted, fmt.Sprintf("%q", entries[i].name))
	}
	if len(which) > 20 {
		quoted = append(quoted, fmt.Sprintf("and %d more", len(which)-20))
	}
	return strings.Join(quoted, ", ")
}

// openAll opens the chosen members of an archive, in its order.
func (s *Source) openAll(c *content, entries []entry, chosen []int) error {
	read := 0
	var before int64
	for _, i := range chosen {
		e := entries[i]
		m := &Source{options: s.options, spool: s.spool, unpacked: s.unpacked, size: e.size, part: true}
		m.info.Container = slices.Clone(s.info.Container)
		if report := s.options.Progress; report != nil {
			done := before
			m.options.Progress = func(read int64) { report(done + read) }
		}
		before += e.size
		content, err := e.open()
		if err == nil {
			s.closers = append(s.closers, m.Close)
			m.unpacked = s.unpacked // of a zip, the member itself
			err = m.open(content)
			s.unpacked = m.unpacked
		}
		if errors.Is(err, ErrEmpty) {
			s.info.Notes = append(s.info.Notes, fmt.Sprintf("left out of the archive: %q, for it is empty", e.name))
			continue
		} else if err != nil {
			return err
		}
		read++
		s.take(e.name, m)
	}
	if read == 0 {
		return &Error{File: c.name, Found: "an archive of empty files", Want: "a table", Do: "send the file again", Err: ErrEmpty}
	}
	return nil
}

// take makes the tables of a member, and what it was found to be, those of s.
func (s *Source) take(name string, m *Source) {
	for _, t := range m.tables {
		within := name
		if len(m.info.Sheets) > 0 || len(m.info.Members) > 0 {
			within = name + "/" + t.Name()
		}
		s.tables = append(s.tables, memberTable{t, within})
	}
	s.info.Undecodable += m.info.Undecodable
	for _, note := range m.info.Notes {
		s.info.Notes = append(s.info.Notes, fmt.Sprintf("%s: %s", name, note))
	}
	s.info.Format = joined(s.info.Format, m.info.Format)
	s.info.Charset = joined(s.info.Charset, m.info.Charset)
	m.info.Member, m.info.Notes = name, nil
	s.info.Members = append(s.info.Members, m.info)
}

func (t memberTable) notes() []string {
	inner, ok := t.Table.(noting)
	if !ok {
		return nil
	}
	notes := inner.notes()
	for i := range notes {
		notes[i] = t.name + ": " + notes[i]
	}
	return notes
}

// joined adds what a list joined by plus signs does not have.
func joined(list, more string) string {
	for _, one := range strings.Split(more, "+") {
		switch {
		case one == "" || slices.Contains(strings.Split(list, "+"), one):
		case list == "":
			list = one
		default:
			list += "+" + one
		}
	}
	return list
}

// memberTable is a table of an archive's member.
type memberTable struct {
	Table
	name string
}

func (t memberTable) Name() string { return t.name }

// decodeNames decodes the names of an archive's members. Chinese archivers
// write them in GB18030 (or Big5) without saying so.
func decodeNames(raw []string) []string {
	var all []byte
	for _, name := range raw {
		if !utf8.ValidString(name) {
			all = append(append(all, name...), '\n')
		}
	}
	if len(all) == 0 {
		return raw
	}
	c := charset(gb18030())
	if gb, b5 := gb18030().examine(all, 0), big5().examine(all, 0); b5.score() > gb.score() {
		c = big5()
	}
	names := slices.Clone(raw)
	for i, name := range names {
		if !utf8.ValidString(name) {
			names[i] = string(c.decode(make([]byte, 0, 3*len(name)+16), []byte(name)))
		}
	}
	return names
}
