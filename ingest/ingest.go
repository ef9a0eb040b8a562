// Package ingest turns the files that a department sent into one release,
// ready to publish:
//
//	archive -> decode -> land -> normalise, validate, mask -> reject -> build
//
// Run is that line. It changes nothing that anyone can see; package catalog
// publishes what it returns.
package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	"govdata/catalog"
	"govdata/ingest/decode"
	"govdata/ingest/layout"
)

// File is one file of a department. Name is how the sender called it.
type File struct{ Path, Name string }

// Options are what an operator may settle for one ingest.
type Options struct {
	// Mode overrides the definition's.
	Mode catalog.Mode
	// Layout settles what the definition's layout leaves open, and overrides it.
	Layout catalog.Layout
	// Accept names the breaking changes that are wanted; see catalog.Change.
	Accept []string
	// MemoryMB bounds DuckDB; what does not fit is spilled. 0: what store.Memory says.
	MemoryMB int
	// AcceptWithdrawn takes in files again that a withdrawn release was made of.
	AcceptWithdrawn bool
	// Software is recorded in the manifest.
	Software string
	// Inferred says that the definition was made by Define: a column that now
	// holds personal data of which it says nothing refuses the files.
	Inferred bool
	// Progress, where set, is told how many of total bytes have been read.
	Progress func(done, total int64)
	// Tables, where set, are the only ones to take of each file, by name, as they
	// were read before; see Inspection.Define.
	Tables map[string]*layout.Plan
	// Decisions are repeated in the report.
	Decisions []Decision
}

// Built is a release that lacks only its download files and its name.
type Built struct {
	// Manifest has everything but Release, Content and Artefacts.
	Manifest catalog.Manifest
	// Path is where its DuckDB file lies until it is published.
	Path   string
	Report *Report
}

// Refused is a file that was read and may not become a release: too many of
// its rows break rules, or it betrays the release before it. The current
// release stays; the report and the rejects say what is wrong.
type Refused struct{ Why string }

func (e *Refused) Error() string { return "refused: " + e.Why }

// Unwrap makes a refusal an ErrInvalid.
func (e *Refused) Unwrap() error { return catalog.ErrInvalid }

// Run makes a release of dataset d from files and builds its DuckDB file in
// the staging area. All files make one release together, so that a key may
// occur once in all of them. It returns an error that wraps
// catalog.ErrUnchanged where the current release was made of the same files,
// a *decode.Error for a file that cannot be read, and a *Refused for one that
// may not be published.
func Run(ctx context.Context, cat *catalog.Catalog, st *catalog.Staging, d *catalog.Dataset, files []File, o Options) (*Built, error) {
	began := time.Now()
	if o.Mode == "" {
		o.Mode = d.Mode
	}
	if o.Mode == catalog.Upsert && len(d.Key) == 0 {
		return nil, fmt.Errorf("ingest %s: upsert needs a key, and the dataset has none: %w", d.ID, catalog.ErrInvalid)
	}
	previous, err := cat.Current(d.ID)
	if err != nil && !errors.Is(err, catalog.ErrNotFound) {
		return nil, fmt.Errorf("ingest: %w", err)
	}
	r := &run{ctx: ctx, began: began, cat: cat, staging: st, dataset: d, previous: previous, options: o, report: &Report{
		Dataset: d.ID, Mode: o.Mode, Skipped: []layout.Skip{}, Faults: []FaultCount{}, Rejects: []Reject{}, Decisions: o.Decisions, Changes: []catalog.Change{}, RejectFiles: []string{}, definition: d,
	}}
	m, err := r.run(files)
	err = hideError(err)
	hideSkips(r.report.Skipped)
	r.report.Seconds = time.Since(began).Seconds()
	if refused := (*Refused)(nil); errors.As(err, &refused) {
		refused.Why = hideText(refused.Why)
		r.report.Refused = refused.Why
		err = errors.Join(err, r.report.Write(st.RecordsDir()))
	}
	if err != nil {
		return nil, fmt.Errorf("ingest %s: %w", d.ID, err)
	}
	return &Built{Manifest: *m, Path: filepath.Join(st.Dir(), catalog.StoreName), Report: r.report}, nil
}

type run struct {
	ctx      context.Context
	began    time.Time
	cat      *catalog.Catalog
	staging  *catalog.Staging
	dataset  *catalog.Dataset
	previous *catalog.Release // nil: none
	options  Options
	archived []File
	layout   catalog.Layout
	known    names
	report   *Report
	tables   []*table
	left     []leftTable
	fields   int // of the table that has the most
}

// leftTable is a table that is not taken. Its plan is complete when the sheet
// has been read.
type leftTable struct {
	report *TableReport
	block  *layout.Block
}

func (r *run) run(files []File) (*catalog.Manifest, error) {
	if err := r.archive(files); err != nil {
		return nil, err
	}
	m := &catalog.Manifest{Mode: r.options.Mode, Dataset: *r.dataset, Software: r.options.Software, Withheld: []catalog.Withholding{}}
	if err := r.mayComeBack(); err != nil {
		return nil, err
	}
	if r.unchanged(m) {
		return nil, fmt.Errorf("release %s was made of this: %w", r.previous.Ref(), catalog.ErrUnchanged)
	}
	sources, err := r.decode(r.archived)
	defer func() {
		for _, s := range sources {
			s.Close()
		}
	}()
	if err != nil {
		return nil, err
	}
	if err := r.inMemory(func(l *loader) error { return r.load(l, m) }); err != nil {
		return nil, err
	}
	r.lineage(m, sources)
	if err := r.newPersonal(); err != nil {
		return nil, err
	}
	return m, r.mayFollow(m)
}

// mayComeBack refuses files that a release was made of which is withdrawn, and
// leaves none of them in the archive.
func (r *run) mayComeBack() error {
	if r.options.AcceptWithdrawn {
		return nil
	}
	names := map[string]string{}
	for i, f := range r.report.Files {
		names[f.SHA256] = r.archived[i].Name
	}
	err := r.cat.MayComeBack(r.dataset.ID, "", names)
	if err != nil {
		for sum := range names {
			err = errors.Join(err, r.cat.Unarchive(sum))
		}
	}
	return err
}

// archive keeps the raw files, whatever becomes of them.
func (r *run) archive(files []File) error {
	for _, file := range files {
		f, err := os.Open(file.Path)
		if err != nil {
			return fmt.Errorf("%w: %w", catalog.ErrInvalid, err)
		}
		a, err := r.staging.Archive(f)
		f.Close()
		if err != nil {
			return err
		}
		for i, other := range r.report.Files {
			if other.SHA256 == a.SHA256 {
				return fmt.Errorf("%s and %s are the same file; name it once: %w", files[i].Name, file.Name, catalog.ErrInvalid)
			}
		}
		r.archived = append(r.archived, File{Path: a.Path, Name: hideText(file.Name)})
		r.report.Files = append(r.report.Files, FileReport{Name: hideText(file.Name), SHA256: a.SHA256, Bytes: a.Bytes, Tables: []*TableReport{}})
	}
	return nil
}

// unchanged reports whether the same files were the last that the current
// release took in (or, for append, are in it at all), by the same definition
// and the same software.
func (r *run) unchanged(m *catalog.Manifest) bool {
	p := r.previous
	if p == nil {
		return false
	}
	said := p.Whole()
	var had, now []string
	for _, s := range said.Sources {
		if !slices.Contains(had, s.SHA256) {
			had = append(had, s.SHA256)
		}
	}
	for _, f := range r.report.Files {
		now = append(now, f.SHA256)
	}
	if m.Mode == catalog.Append {
		return !slices.ContainsFunc(now, func(s string) bool { return !slices.Contains(had, s) })
	}
	if p.Software != m.Software || p.Mode != m.Mode || !reflect.DeepEqual(withoutSamples(said.Dataset), withoutSamples(m.Dataset)) {
		return false
	}
	if m.Mode == catalog.Replace {
		return slices.Equal(had, now)
	}
	return len(had) >= len(now) && slices.Equal(had[len(had)-len(now):], now)
}

// withoutSamples is the definition as manifests hold it.
func withoutSamples(d catalog.Dataset) catalog.Dataset {
	d.Samples = nil
	d.Fields = slices.Clone(d.Fields)
	for i := range d.Fields {
		if p := d.Fields[i].Personal; p != nil {
			public := *p
			public.By = ""
			d.Fields[i].Personal = &public
		}
	}
	return d
}

// decode opens the files and finds the tables in them that hold this dataset.
func (r *run) decode(files []File) ([]*decode.Source, error) {
	var total, before int64
	for _, f := range r.report.Files {
		total += f.Bytes
	}
	r.known = namesOf(r.dataset)
	r.layout = r.dataset.Layout.Override(r.options.Layout)
	var sources []*decode.Source
	for i, file := range files {
		o := decodeOptions(r.layout)
		o.TempDir = r.staging.WorkDir()
		if progress := r.options.Progress; progress != nil {
			done := before
			o.Progress = func(read int64) { progress(done+read, total) }
		}
		before += r.report.Files[i].Bytes
		s, err := open(file.Path, file.Name, o)
		if err != nil {
			return sources, err
		}
		sources = append(sources, s)
		if err := r.detect(i, file.Name, s); err != nil {
			return sources, err
		}
	}
	return sources, r.undecided()
}

// open opens a file; of an archive with several tables all of them.
func open(path, name string, o decode.Options) (*decode.Source, error) {
	s, err := decode.Open(path, name, o)
	if errors.Is(err, decode.ErrSeveral) && o.Sheet == "" && !o.All {
		o.All = true
		return decode.Open(path, name, o)
	}
	return s, err
}

// layoutOptions are how the tables of a source are looked at.
func layoutOptions(name string, l catalog.Layout, info *decode.Info) layout.Options {
	headed := info.Headed()
	return layout.Options{File: name, Layout: l, Headed: headed, Grid: headed || info.Format != "csv" && info.Format != "fixed"}
}

// undecided refuses what only a person can decide: guesses that leave out or
// change what may be data.
func (r *run) undecided() error {
	var all []string
	for _, t := range r.tables {
		all = append(all, doubts(t.file, t.block.Plan())...)
	}
	if len(all) == 0 {
		return nil
	}
	return &Refused{Why: strings.Join(all, ". ")}
}

// doubts are the messages of what a person has to decide.
func doubts(file string, plan *layout.Plan) (all []string) {
	for _, d := range plan.Doubts {
		all = append(all, fmt.Sprintf("%s:%s%s: %s; %s", file, catalog.Lines{First: d.Line, Last: d.To}, place(plan), d.Found.En, d.Do.En))
	}
	return all
}

func place(p *layout.Plan) string {
	if name := nameOf(p); name != "" {
		return ", " + name
	}
	return ""
}

func decodeOptions(l catalog.Layout) decode.Options {
	return decode.Options{Charset: l.Charset, Sheet: l.Sheet, Delimiter: l.Delimiter, Record: l.Record, Widths: l.Widths, All: l.All}
}

// detect keeps those tables of a file whose header is this dataset's. If none
// has one, the error is that of the first.
func (r *run) detect(index int, name string, s *decode.Source) error {
	var first error
	found := false
	info := s.Info()
	for _, from := range s.Tables() {
		o := layoutOptions(name, r.layout, &info)
		o.Names, o.Found = r.known, r.options.Tables[from.Name()]
		sheet := layout.Open(from, o)
		for more := true; more; {
			var t *table
			var err error
			t, more, err = r.nextTable(index, name, sheet)
			switch {
			case err == nil && t != nil:
				found, more = true, false // those below come in turn
			case err == nil, errors.Is(err, io.EOF):
			case leftOut(err):
				first = errors.Join(first, err)
			default:
				return err
			}
		}
	}
	r.report.Files[index].Info = s.Info()
	if found {
		return r.leaveUnlike(index)
	}
	if info.Charset != "" && first != nil {
		return fmt.Errorf("%w (read as %s: %s)", first, info.Charset, info.Evidence)
	}
	return first
}

// leaveUnlike leaves out the tables of a file that have less than half of the
// fields that another one of it has: they happen to share a column.
func (r *run) leaveUnlike(index int) error {
	for _, t := range r.tables {
		if t.index == index {
			r.fields = max(r.fields, len(t.fields()))
		}
	}
	var kept, dropped []*table
	for _, t := range r.tables {
		if t.index == index && r.unlike(t) {
			dropped = append(dropped, t)
			continue
		}
		t.number = len(kept)
		kept = append(kept, t)
	}
	r.tables = kept
	for _, t := range dropped { // a table of this dataset may stand below it
		if _, err := r.below(t); err != nil {
			return err
		}
	}
	return nil
}

// unlike leaves a table out where it has too few of the fields.
func (r *run) unlike(t *table) bool {
	if n := len(t.fields()); n*2 >= r.fields {
		return false
	}
	t.report.Left, t.report.Columns = "it has few of the columns of this dataset", []Column{}
	r.left = append(r.left, leftTable{t.report, t.block})
	return true
}

// nextTable finds the next table on a sheet and adds it to the ingest, or to
// those that are left out. more tells whether another one may follow. It returns
// io.EOF behind the last one.
func (r *run) nextTable(index int, name string, sheet *layout.Sheet) (t *table, more bool, err error) {
	report := &r.report.Files[index]
	block, err := sheet.Next()
	if errors.Is(err, io.EOF) {
		return nil, false, io.EOF
	} else if err != nil {
		if err = noHeader(err, r.dataset); leftOut(err) {
			rows, readErr := sheet.Count()
			if readErr != nil && !leftOut(readErr) {
				return nil, false, readErr
			}
			plan := layout.Plan{Table: sheet.Name(), Header: []int64{}, Skipped: []layout.Skip{}, Rows: rows}
			report.Tables = append(report.Tables, &TableReport{Plan: plan, Name: sheet.Name(), Left: err.Error(), Columns: []Column{}})
		}
		return nil, false, err
	}
	leave := func(why string) {
		left := &TableReport{Plan: *block.Plan(), Name: nameOf(block.Plan()), Left: why, Columns: []Column{}}
		report.Tables = append(report.Tables, left)
		r.left = append(r.left, leftTable{left, block})
	}
	if _, wanted := r.options.Tables[nameOf(block.Plan())]; !wanted && r.options.Tables != nil {
		leave("its columns are others")
		return nil, true, nil
	}
	t, err = mapped(name, sheet, block, r.dataset, r.known)
	if err != nil {
		leave(err.Error())
		return nil, true, err
	}
	t.index, t.number = index, len(r.tables)
	r.tables = append(r.tables, t)
	t.report = &TableReport{Plan: *block.Plan(), Name: t.name(), Columns: t.columns}
	report.Tables = append(report.Tables, t.report)
	return t, true, nil
}

// walk reads the tables of an ingest one after the other. read gets the number
// of the table's first row and returns behind its last.
type walk func(read func(t *table, first int64) error) error

// walk goes through the tables that were found, and those below each of them
// on its sheet.
func (r *run) walk(read func(t *table, first int64) error) error {
	first := int64(0)
	for _, t := range slices.Clone(r.tables) {
		for t != nil {
			if err := read(t, first); err != nil {
				return err
			}
			first += t.rows
			var err error
			if t, err = r.below(t); err != nil {
				return err
			}
		}
	}
	return nil
}

// below returns the next table of this dataset on the sheet of t, or nil.
func (r *run) below(t *table) (*table, error) {
	for {
		next, more, err := r.nextTable(t.index, t.file, t.sheet)
		switch {
		case next != nil && !r.unlike(next):
			return next, nil
		case next != nil:
			r.tables = r.tables[:len(r.tables)-1]
		case err != nil && !errors.Is(err, io.EOF) && !leftOut(err):
			return nil, err
		case !more:
			return nil, nil
		}
	}
}

// leftOut reports whether an error is of one table, which others can do without.
func leftOut(err error) bool {
	e := (*decode.Error)(nil)
	return errors.As(err, &e) && (errors.Is(err, catalog.ErrInvalid) || errors.Is(err, decode.ErrEmpty))
}

// lineage records which files the release is made of.
func (r *run) lineage(m *catalog.Manifest, sources []*decode.Source) {
	if r.previous != nil && m.Mode != catalog.Replace {
		for _, s := range r.previous.Whole().Sources {
			if s.Release == "" {
				s.Release = r.previous.Release
			}
			m.Sources = append(m.Sources, s)
		}
	}
	for i, s := range sources { // with what the rows told
		r.report.Files[i].Info = s.Info()
	}
	for _, t := range r.tables {
		f := r.report.Files[t.index]
		info := sources[t.index].Info()
		m.Sources = append(m.Sources, catalog.Source{
			Name: f.Name, SHA256: f.SHA256, Bytes: f.Bytes, Table: hideText(t.name()), Rows: t.rows, Fields: t.fields(),
			Format: strings.Join(append(slices.Clone(info.Container), info.Format), "+"), Charset: info.Charset,
		})
	}
}

// mayFollow refuses a release that breaks what users of the last one rely on.
func (r *run) mayFollow(m *catalog.Manifest) error {
	if r.previous == nil {
		return nil
	}
	if changes := m.Follows(r.previous.Whole()); len(changes) > 0 {
		r.report.Changes = changes
	}
	var breaking []string
	for _, c := range r.report.Changes {
		if c.Breaking && !slices.Contains(r.options.Accept, c.Name) {
			breaking = append(breaking, fmt.Sprintf("%s: %s (--accept-change %s)", c.Name, c.Detail.En, c.Name))
		}
	}
	if len(breaking) > 0 {
		return &Refused{Why: fmt.Sprintf("against release %s: %s", r.previous.Release, strings.Join(breaking, "; "))}
	}
	return nil
}
