package web

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"govdata/catalog"
	"govdata/catalog/store"
	"govdata/export"
	"govdata/server/query"
)

// releaseRow is a release in the list of a dataset's.
type releaseRow struct {
	*catalog.Release
	Current bool
	// Before is the release that this one can be compared with, "" for the first.
	Before catalog.ReleaseID
	// Days since the release before, and whether that is within what was promised.
	Days   int
	InTime bool
}

// releaseRows are a dataset's releases, newest first.
func (v *datasetPage) releaseRows(newestFirst []*catalog.Release) []releaseRow {
	days := allowance[v.Release.Dataset.UpdateFrequency]
	var rows []releaseRow
	for i, r := range newestFirst {
		row := releaseRow{Release: r, Current: r.Release == v.Release.Release}
		if i+1 < len(newestFirst) {
			before := newestFirst[i+1]
			row.Before = before.Release
			row.Days = int(r.PublishedAt.Sub(before.PublishedAt) / (24 * time.Hour))
			row.InTime = days > 0 && row.Days <= days
		}
		rows = append(rows, row)
	}
	return rows
}

// releasePage is one release: what it was made of, what is in it, and how to
// prove it.
type releasePage struct {
	*view
	Release *catalog.Release
	Current bool
	// Before and After are its neighbours, nil where there are none.
	Before, After *catalog.Release
	Quality       quality
	Opens         bool
	Signed        bool
}

func (p *Portal) release(c *gin.Context) error {
	v := &releasePage{view: p.view(c, "datasets")}
	id, err := datasetID(c)
	if err != nil {
		return err
	}
	release, err := catalog.ParseReleaseID(c.Param("release"))
	if err != nil {
		return fmt.Errorf("%v: %w", err, catalog.ErrNotFound)
	}
	if v.Release, err = p.Catalog.Resolve(catalog.Ref{Dataset: id, Release: release}); err != nil {
		return err
	}
	all, err := p.Catalog.Releases(id)
	if err != nil {
		return err
	}
	current, err := p.Catalog.Current(id)
	if err != nil {
		return err
	}
	v.Current = current.Release == release
	if i := slices.IndexFunc(all, func(r *catalog.Release) bool { return r.Release == release }); i >= 0 {
		if i+1 < len(all) {
			v.Before = all[i+1]
		}
		if i > 0 {
			v.After = all[i-1]
		}
	}
	v.Title = v.T("release_of", "Title", v.In(v.Release.Dataset.Title), "Day", v.Date(v.Release.PublishedAt))
	v.Description = v.In(v.Release.Dataset.Description)
	v.Quality = qualityOf(v.Release)
	v.Opens = p.Opens(c, v.Release) == nil
	v.Signed = v.Release.SignedBy != ""
	return p.render(c, http.StatusOK, "release", v)
}

// diffPage is what changed between two releases.
type diffPage struct {
	*view
	Dataset  *catalog.Dataset
	Releases []*catalog.Release
	From, To *catalog.Release
	Failure  string
	// Added, Removed and Changed count rows.
	Added, Removed, Changed int64
	Fields                  []fieldChange
	Columns                 []Column
	Rows                    []changedRow
	// Shown rows are not all where More.
	More bool
}

// fieldChange is a field that one of the two releases has not, or has otherwise.
type fieldChange struct{ Field, Was, Is string }

// changedRow is a row of one release that is not one of the other.
type changedRow struct {
	Kind  string // added, removed or changed
	Cells []changedCell
}

type changedCell struct {
	Was, Is Cell
	Changed bool
	Num     bool
}

// changesShown are the changes that the page shows; the file has all.
const changesShown = 200

func (p *Portal) diff(c *gin.Context) error {
	v := &diffPage{view: p.view(c, "datasets")}
	id, err := datasetID(c)
	if err != nil {
		return err
	}
	current, err := p.Catalog.Current(id)
	if err != nil {
		return err
	}
	if v.Releases, err = p.Catalog.Releases(id); err != nil {
		return err
	}
	v.Dataset = &current.Dataset
	v.Title = v.T("diff_of", "Title", v.In(v.Dataset.Title))
	resolve := func(param string, otherwise catalog.ReleaseID) (*catalog.Release, error) {
		release := catalog.ReleaseID(c.DefaultQuery(param, string(otherwise)))
		if release == "" {
			return nil, nil
		}
		if release, err = catalog.ParseReleaseID(string(release)); err != nil {
			return nil, err
		}
		return p.Catalog.Resolve(catalog.Ref{Dataset: id, Release: release})
	}
	if v.To, err = resolve("to", current.Release); err != nil {
		return err
	}
	before := v.To.Previous
	if i := slices.IndexFunc(v.Releases, func(r *catalog.Release) bool { return r.Release == v.To.Release }); i >= 0 && i+1 < len(v.Releases) {
		before = v.Releases[i+1].Release // the one before may have been collected
	}
	if v.From, err = resolve("from", before); err != nil {
		return err
	}
	status := http.StatusOK
	if v.From != nil {
		for _, r := range []*catalog.Release{v.From, v.To} {
			if err := p.Opens(c, r); err != nil {
				return err
			}
		}
		v.Fields = v.fieldChanges()
		if err := p.changes(c, v); err != nil {
			status, v.Failure = v.failure(err, v.T("diff_failed"))
		}
	}
	return p.render(c, status, "diff", v)
}

// changes counts the rows that changed, and reads the first of them.
func (p *Portal) changes(c *gin.Context, v *diffPage) error {
	sql := export.Changes(v.From, v.To)
	counts, err := p.kept(c, v.To, query.Request{SQL: "SELECT " + export.ChangeColumn + ", count(*) FROM (" + sql + ") GROUP BY 1", MaxRows: 10})
	if err != nil {
		return err
	}
	for _, row := range counts.Rows {
		n, _ := strconv.ParseInt(row[1].Text, 10, 64)
		switch row[0].Text {
		case "added":
			v.Added = n
		case "removed":
			v.Removed = n
		case "changed_to":
			v.Changed = n
		}
	}
	t, err := p.kept(c, v.To, query.Request{SQL: sql, MaxRows: changesShown})
	if err != nil {
		return err
	}
	v.More = t.Truncated
	titles := map[string]catalog.Field{}
	for _, r := range []*catalog.Release{v.From, v.To} {
		for _, f := range r.Dataset.Public() {
			titles[f.Name] = f
		}
	}
	for _, column := range t.Columns[1:] {
		f := titles[column.Name]
		column.Title, column.Unit = v.In(f.Title), v.Unit(f.Unit)
		v.Columns = append(v.Columns, column)
	}
	for i := 0; i < len(t.Rows); i++ {
		row := changedRow{Kind: t.Rows[i][0].Text}
		is := t.Rows[i][1:]
		was := is
		if row.Kind == "changed_from" {
			if i+1 == len(t.Rows) {
				break // its other half is beyond what is shown
			}
			i++
			row.Kind, is = "changed", t.Rows[i][1:]
		}
		for j := range is {
			row.Cells = append(row.Cells, changedCell{was[j], is[j], was[j] != is[j], v.Columns[j].Numeric()})
		}
		v.Rows = append(v.Rows, row)
	}
	v.order()
	return nil
}

// order leaves out columns in which nothing happened and that tell no rows
// apart, where only some changed.
func (v *diffPage) order() {
	keep := make([]bool, len(v.Columns))
	for i, column := range v.Columns {
		keep[i] = slices.Contains(v.Dataset.Key, column.Name)
		for _, row := range v.Rows {
			keep[i] = keep[i] || row.Kind != "changed" || row.Cells[i].Changed
		}
	}
	some := func(i int) bool { return keep[i] }
	v.Columns = filterBy(v.Columns, some)
	for i := range v.Rows {
		v.Rows[i].Cells = filterBy(v.Rows[i].Cells, some)
	}
}

func filterBy[T any](list []T, keep func(int) bool) []T {
	var kept []T
	for i := range list {
		if keep(i) {
			kept = append(kept, list[i])
		}
	}
	return kept
}

// fieldChanges are the differences between the fields of the two releases.
func (v *diffPage) fieldChanges() []fieldChange {
	say := func(f *catalog.Field) string {
		if f == nil {
			return ""
		}
		text := v.TypeName(f.Type)
		if f.Unit != "" {
			text += " · " + v.Unit(f.Unit)
		}
		return text
	}
	find := func(fields []catalog.Field, name string) *catalog.Field {
		for i := range fields {
			if fields[i].Name == name {
				return &fields[i]
			}
		}
		return nil
	}
	was, is := v.From.Dataset.Public(), v.To.Dataset.Public()
	var list []fieldChange
	for i := range is {
		if before := find(was, is[i].Name); before == nil || before.Type != is[i].Type || before.Unit != is[i].Unit {
			list = append(list, fieldChange{is[i].Name, say(before), say(&is[i])})
		}
	}
	for i := range was {
		if find(is, was[i].Name) == nil {
			list = append(list, fieldChange{was[i].Name, say(&was[i]), ""})
		}
	}
	return list
}

// File is the address of all changes as a file.
func (v *diffPage) File(ext string) string {
	return fmt.Sprintf("/d/%s@%s..%s.diff.%s", v.Dataset.ID, v.From.Release, v.To.Release, ext)
}

// AskBoth is a question over both releases to go on from.
func (v *diffPage) AskBoth() string {
	return v.Ask(fmt.Sprintf("SELECT * FROM %s\nEXCEPT\nSELECT * FROM %s\nLIMIT 100", store.Ident(v.To.Ref().String()), store.Ident(v.From.Ref().String())))
}

// Mode says what the files did to the rows that were there.
func (v *view) Mode(m catalog.Mode) string {
	switch m {
	case catalog.Append:
		return v.T("mode_append")
	case catalog.Upsert:
		return v.T("mode_upsert")
	}
	return v.T("mode_replace")
}
