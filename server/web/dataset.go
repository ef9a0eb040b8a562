package web

import (
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"govdata/catalog"
	"govdata/server/problem"
)

const (
	pageRows   = 15
	sampleRows = 10 // of what is open on a condition
)

type datasetPage struct {
	*view
	Release  *catalog.Release
	Releases []releaseRow
	Promise  promise
	Quality  quality
	// Opens is true where the reader may have the rows.
	Opens     bool
	Selection *selection
	Controls  []control
	Table     *Table
	// Failure says why there is no table, and ChartFailure why there are no charts.
	Failure, ChartFailure string
	Profile               *catalog.Profile
	Fields                []fieldRow
	Charts                *charts
	Snippets              []snippet
	JSONLD                template.JS
	regions               []region
}

// datasetID reads the dataset of an address. What cannot be one means nothing.
func datasetID(c *gin.Context) (catalog.ID, error) {
	id, err := catalog.ParseID(c.Param("id"))
	if err != nil {
		return "", fmt.Errorf("%v: %w", err, catalog.ErrNotFound)
	}
	return id, nil
}

func (p *Portal) dataset(c *gin.Context) error {
	if ref, err := catalog.ParseRef(c.Param("id")); err == nil && ref.Release != "" {
		c.Redirect(http.StatusMovedPermanently, fmt.Sprintf("/datasets/%s/releases/%s", ref.Dataset, ref.Release))
		return nil
	}
	v := &datasetPage{view: p.view(c, "datasets")}
	id, err := datasetID(c)
	if err != nil {
		return err
	}
	if v.Release, err = p.Catalog.Current(id); err != nil {
		return err
	}
	releases, err := p.Catalog.Releases(id)
	if err != nil {
		return err
	}
	d := &v.Release.Dataset
	v.Selection = parseSelection(d, c.Request.URL.Query())
	if tidy := v.tidy(); tidy != "" {
		c.Redirect(http.StatusSeeOther, tidy)
		return nil
	}
	v.Title, v.Description = v.In(d.Title), v.In(d.Description)
	v.Releases = v.releaseRows(releases)
	v.Promise = promiseOf(d, releases, p.Catalog.Now())
	v.Quality = qualityOf(v.Release)
	v.Opens = p.Opens(c, v.Release) == nil
	if p.JSONLD != nil {
		v.JSONLD = p.JSONLD(v.Release, v.Base())
	}
	if v.regions, err = p.regions(c); err != nil {
		p.Log.Warn("no names of regions", "error", err)
	}
	status := http.StatusOK
	switch {
	case v.Opens:
		if v.Profile, err = v.Release.ReadProfile(); err != nil && !errors.Is(err, catalog.ErrNotFound) {
			p.Log.Warn("no profile", "release", v.Release.Ref(), "error", err)
		}
		v.Controls = v.controls()
		if len(v.Selection.Wrong) > 0 {
			status, v.Failure = http.StatusBadRequest, v.T("selection_wrong")
			break
		}
		if v.Table, err = p.kept(c, v.Release, v.Selection.rows(v.Release.Ref().String(), pageRows)); err != nil {
			status, v.Failure = v.failure(err, v.T("preview_failed"))
		}
		if v.Charts, err = p.charts(c, v); err != nil {
			_, v.ChartFailure = v.failure(err, v.T("charts_failed"))
		}
	case d.Openness.Attribute == catalog.OpenConditional:
		if v.Table, err = p.Sample(c, v.Release, sampleRows); err != nil {
			_, v.Failure = v.failure(err, v.T("preview_failed"))
		}
	}
	if v.Table != nil {
		shown := *v.Table // the kept one is everybody's
		shown.Columns = slices.Clone(shown.Columns)
		for i := range shown.Columns {
			if f := v.Selection.field(shown.Columns[i].Name); f != nil {
				shown.Columns[i].Title, shown.Columns[i].Unit = v.In(f.Title), v.Unit(f.Unit)
			}
		}
		v.Table = &shown
	}
	v.Fields = v.fieldRows()
	if d.Queryable() {
		v.Snippets = snippets(v.view, v.Release)
	}
	return p.render(c, status, "dataset", v)
}

// failure says what became of a part of the page. The page is worth having
// without it: its status is 200, unless the reader asked for what cannot be.
func (v *view) failure(err error, otherwise string) (int, string) {
	told := problem.Of(err)
	switch told.Status {
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		return http.StatusOK, v.T("error_busy")
	case http.StatusBadRequest:
		return told.Status, told.Detail.In(v.Lang)
	}
	v.p.Log.Warn("part of a page failed", "path", v.c.Request.URL.Path, "error", err)
	return http.StatusOK, otherwise
}

// tidy is the address of the page without parameters that say nothing, "" where
// it has none: a form without a script sends every one of its fields.
func (v *datasetPage) tidy() string {
	q := v.c.Request.URL.Query()
	said := false
	for name, values := range q {
		if len(values) == 1 && values[0] == "" {
			q.Del(name)
			said = true
		}
	}
	if len(q["col"]) > 0 && len(v.Selection.Columns) == 0 && len(v.Selection.Wrong) == 0 {
		q.Del("col")
		said = true
	}
	if !said {
		return ""
	}
	if len(q) == 0 {
		return v.c.Request.URL.Path
	}
	return v.c.Request.URL.Path + "?" + q.Encode()
}

// Unit is the reader's name of a unit.
func (v *view) Unit(unit string) string {
	if v.Lang == "en" {
		switch unit {
		case "元":
			return "CNY"
		case "个工作日":
			return "working days"
		case "天":
			return "days"
		case "年":
			return "years"
		case "人":
			return "persons"
		case "户":
			return "households"
		case "分":
			return "points"
		}
	}
	return unit
}

// regionName is the name of a region, with its code where it has none.
func (v *datasetPage) regionName(code string) string {
	for _, r := range v.regions {
		if r.Code == code {
			return r.Name
		}
	}
	return code
}

// Value writes a value of a field for people.
func (v *datasetPage) Value(f *catalog.Field, text string) string {
	switch {
	case f == nil:
		return text
	case f.Type == catalog.TypeBoolean:
		if text == "true" {
			return v.T("yes")
		}
		return v.T("no")
	case f.Name == catalog.Timeliness:
		return v.Label(text)
	}
	if _, _, decimal := f.Type.Decimal(); decimal || f.Type == catalog.TypeInteger && f.Unit != "" && f.Unit != "年" {
		return groupDigits(text)
	}
	return text
}

// shownCell is a cell of the preview.
type shownCell struct {
	Text, Note, Href string
	Null, Num, Long  bool
}

// Cells are a row of the preview, each value as people read it.
func (v *datasetPage) Cells(row []Cell) []shownCell {
	cells := make([]shownCell, len(row))
	for i, cell := range row {
		f := v.Selection.field(v.Table.Columns[i].Name)
		one := shownCell{Text: v.Value(f, cell.Text), Null: cell.Null, Num: v.Table.Columns[i].Numeric(), Long: len(cell.Text) > 90}
		if f != nil && !cell.Null {
			switch f.Semantic {
			case catalog.Region:
				if name := v.regionName(cell.Text); name != cell.Text {
					one.Note = name
				}
			case catalog.URL:
				one.Href = cell.Text
			}
		}
		cells[i] = one
	}
	return cells
}

// Head is a column's head: how it sorts now, and the address that sorts it next.
type head struct {
	Column
	Aria, Href string
}

// Heads are the heads of the preview.
func (v *datasetPage) Heads() []head {
	var heads []head
	for _, column := range v.Table.Columns {
		h := head{Column: column}
		next := column.Name
		if v.Selection.Sort == column.Name {
			h.Aria, next = "ascending", "-"+column.Name
			if v.Selection.Desc {
				h.Aria, next = "descending", ""
			}
		}
		h.Href = v.Here("sort", next, "after", "") + "#data"
		heads = append(heads, h)
	}
	return heads
}

// Next is the address of the next page of rows, "" behind the last one.
func (v *datasetPage) Next() string {
	if v.Table == nil || !v.Table.Truncated || v.Table.Next == nil {
		return ""
	}
	return v.Here("after", cursor(v.Table.Next)) + "#data"
}

// First is the address of the first page of rows, "" on it.
func (v *datasetPage) First() string {
	if v.Selection.after == nil {
		return ""
	}
	return v.Here("after", "") + "#data"
}

// Clear is the address of the page without any choice.
func (v *datasetPage) Clear() string { return v.Link(v.c.Request.URL.Path) + "#data" }

// ActiveFilters says each condition in words, with the address without it.
func (v *datasetPage) ActiveFilters() []choice {
	var list []choice
	for _, f := range v.Selection.Filters {
		label := v.Value(&f.Field, f.Value)
		switch f.Op {
		case "has":
			label = v.T("says_has", "Value", label)
		case "min":
			label = "≥ " + label
		case "max":
			label = "≤ " + label
		case "in":
			label = v.regionName(f.Value)
		}
		list = append(list, choice{Facet: v.In(f.Field.Title), Label: label, Href: v.Here(f.param(), "", "after", "") + "#data"})
	}
	return list
}

// File is the address of the selection as a file, in the reader's language
// where the address of the page says so.
func (v *datasetPage) File(ext string) string { return v.Link(v.Selection.file(ext)) }

// AskSelection is the selection as a question of the SQL page.
func (v *datasetPage) AskSelection() string { return v.Ask(v.Selection.sql()) }

// Downloads are the files of the release, and what is made on demand.
func (v *datasetPage) Downloads() []catalog.Artefact { return v.Release.Artefacts }

// FormatName is what people call a format.
func (v *view) FormatName(ext string) string { return formatName(ext) }

// Artefact is the file of the release in a format.
func (v *datasetPage) Artefact(ext string) *catalog.Artefact {
	if a, ok := v.Release.Artefact(ext); ok {
		return &a
	}
	return nil
}

// control is what a form has for a field.
type control struct {
	Field   catalog.Field
	Kind    string // choice, text, number, date, month or region
	Options []choice
	// Value of is, has or in; From and To of a range.
	Value, From, To string
	Error           string
}

// controls are the fields of the form, in the order of the dataset.
func (v *datasetPage) controls() []control {
	top := map[string][]string{}
	if v.Profile != nil {
		for _, c := range v.Profile.Columns {
			if c.DistinctExact && int64(len(c.Top)) == c.Distinct && (c.LongestText == nil || *c.LongestText <= 40) {
				for _, one := range c.Top {
					top[c.Name] = append(top[c.Name], one.Value)
				}
			}
		}
	}
	var list []control
	for _, f := range v.Selection.fields {
		c := control{Field: f, Kind: "text", Value: v.Selection.value("has." + f.Name)}
		values := f.Enum
		if f.Type == catalog.TypeBoolean {
			values = []string{"true", "false"}
		} else if len(values) == 0 && f.Type == catalog.TypeText {
			values = top[f.Name]
		}
		is := v.Selection.value("is." + f.Name)
		switch _, _, decimal := f.Type.Decimal(); {
		case f.Semantic == catalog.Region && len(v.regions) > 0:
			c.Kind, c.Value = "region", v.Selection.value("in."+f.Name)
			for _, r := range v.regions {
				one := choice{Label: r.Name, Value: r.Code, Chosen: r.Code == c.Value}
				if r.Level == "县" {
					one.Label = "\u3000" + one.Label
				}
				c.Options = append(c.Options, one)
			}
		case len(values) > 0 || is != "":
			c.Kind, c.Value = "choice", is
			if is != "" && !slices.Contains(values, is) {
				values = append(slices.Clone(values), is)
			}
			for _, value := range values {
				c.Options = append(c.Options, choice{Label: v.Value(&f, value), Value: value, Chosen: value == is})
			}
		case decimal || f.Type == catalog.TypeInteger:
			c.Kind = "number"
		case f.Type == catalog.TypeDate || f.Type == catalog.TypeTimestamp:
			c.Kind = "date"
		case f.Semantic == catalog.Month:
			c.Kind = "month"
		}
		c.From, c.To = v.Selection.value("min."+f.Name), v.Selection.value("max."+f.Name)
		for _, op := range operators {
			if w, bad := v.Selection.Wrong[op+"."+f.Name]; bad {
				c.Error = v.wrong(w)
			}
		}
		list = append(list, c)
	}
	return list
}

// wrong says why a value cannot be meant.
func (v *view) wrong(w wrong) string {
	switch w {
	case notANumber:
		return v.T("wrong_number")
	case notADate:
		return v.T("wrong_date")
	case notABoolean:
		return v.T("wrong_boolean")
	case notARegion:
		return v.T("wrong_region")
	case notACursor:
		return v.T("wrong_cursor")
	}
	return v.T("wrong_field")
}

// Faults are the parameters that cannot be meant, and why.
func (v *datasetPage) Faults() []choice {
	var list []choice
	for param, w := range v.Selection.Wrong {
		list = append(list, choice{Label: v.wrong(w), Value: param})
	}
	slices.SortFunc(list, func(a, b choice) int { return strings.Compare(a.Value, b.Value) })
	return list
}

// promise is how often a dataset is to be updated, and what happened.
type promise struct {
	// Days within which an update is in time; 0: nothing was promised.
	Days int
	// Last update, and its age in days.
	Last time.Time
	Age  int
	// Kept and All count the periods between updates, the present one too.
	Kept, All int
}

// OnTime reports whether the present period is kept so far.
func (p promise) OnTime() bool { return p.Age <= p.Days }

// Late is by how many days.
func (p promise) Late() int { return p.Age - p.Days }

// allowance are the days after which an update is late, as department_scorecard
// counts them: the period, and some for weekends and holidays.
var allowance = map[string]int{"daily": 3, "weekly": 10, "monthly": 45, "quarterly": 110, "yearly": 400}

func promiseOf(d *catalog.Dataset, newestFirst []*catalog.Release, now time.Time) promise {
	p := promise{Days: allowance[d.UpdateFrequency]}
	later := now
	for i, r := range newestFirst {
		days := int(later.Sub(r.PublishedAt).Hours() / 24)
		if i == 0 {
			p.Last, p.Age = r.PublishedAt, days
		}
		if p.All++; days <= p.Days {
			p.Kept++
		}
		later = r.PublishedAt
	}
	return p
}

// quality is what became of the rows that came in, and how full they are.
type quality struct {
	catalog.Counts
	// Rejected, of the rows that came in, and Filled, of all cells: 0 to 1.
	RejectedShare, Filled float64
	Measured              bool
	Missing               int64
	Timeliness            *catalog.TimelinessCounts
	OnTime                float64
}

func qualityOf(r *catalog.Release) quality {
	q := quality{Counts: r.Counts, Timeliness: r.Timeliness}
	if r.Counts.In > 0 {
		q.RejectedShare = float64(r.Counts.Rejected) / float64(r.Counts.In)
	}
	nulls := int64(0)
	for _, s := range r.Stats {
		nulls += s.Nulls
	}
	if cells := r.Rows * int64(len(r.Dataset.Public())); cells > 0 && len(r.Stats) > 0 {
		q.Filled, q.Measured = 1-float64(nulls)/float64(cells), true
	}
	for _, check := range r.References {
		q.Missing += check.Missing
	}
	if t := r.Timeliness; t != nil && t.OnTime+t.Late > 0 {
		q.OnTime = float64(t.OnTime) / float64(t.OnTime+t.Late)
	}
	return q
}

// Width is a share as the width of a bar.
func (v *view) Width(share float64) string { return px(100 * share) }

// Showing reports whether a column is among those shown.
func (v *datasetPage) Showing(name string) bool {
	return len(v.Selection.Columns) == 0 || slices.Contains(v.Selection.Columns, name)
}
