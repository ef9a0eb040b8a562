package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"govdata/catalog"
	"govdata/catalog/store"
	"govdata/server/query"
)

// The computed datasets that the score card shows.
const (
	scorecardID  catalog.ID = "department_scorecard"
	timelinessID catalog.ID = "disclosure_timeliness"
)

// scoreTables are the releases that one page of the score card is made of.
type scoreTables struct {
	card, timeliness *catalog.Release
}

// scoreTables returns nil where the two datasets are not published.
func (p *Portal) scoreTables() (*scoreTables, error) {
	card, err := p.Catalog.Current(scorecardID)
	if err == nil {
		var timeliness *catalog.Release
		if timeliness, err = p.Catalog.Current(timelinessID); err == nil {
			return &scoreTables{card, timeliness}, nil
		}
	}
	if errors.Is(err, catalog.ErrNotFound) {
		return nil, nil
	}
	return nil, err
}

// sql puts the tables' pinned names in the place of {card} and {timeliness}.
func (t *scoreTables) sql(text string) string {
	return strings.NewReplacer("{card}", store.Ident(t.card.Ref().String()), "{timeliness}", store.Ident(t.timeliness.Ref().String())).Replace(text)
}

// unpinned is the same question for people to go on from.
func (t *scoreTables) unpinned(text string) string {
	return strings.NewReplacer("{card}", string(scorecardID), "{timeliness}", string(timelinessID)).Replace(text)
}

func (p *Portal) ask(c *gin.Context, t *scoreTables, text string, max int64) (*Table, error) {
	return p.kept(c, t.card, query.Request{SQL: t.sql(text), MaxRows: max})
}

// rate is a share of rows on time.
type rate struct {
	OnTime, Late, Unknown int64
	Average               float64
	Longest               int64
}

// Share of what is on time among what is known, 0 to 1, and Known whether any is.
func (r rate) Share() float64 {
	if !r.Known() {
		return 0
	}
	return float64(r.OnTime) / float64(r.OnTime+r.Late)
}

func (r rate) Known() bool { return r.OnTime+r.Late > 0 }

// rateColumns are read by rateOf.
const rateColumns = "sum(on_time)::BIGINT AS on_time, sum(late)::BIGINT AS late, sum(unknown)::BIGINT AS unknown, (sum(average_delay * late) / nullif(sum(late), 0))::DOUBLE AS average_delay, max(longest_delay) AS longest_delay"

func rateOf(cells []Cell) rate {
	return rate{whole(cells[0]), whole(cells[1]), whole(cells[2]), number(cells[3]), whole(cells[4])}
}

func whole(c Cell) int64 {
	n, _ := strconv.ParseInt(c.Text, 10, 64)
	return n
}

func number(c Cell) float64 {
	n, _ := strconv.ParseFloat(c.Text, 64)
	return n
}

// scoreExcerpt is what the home page shows of the score card.
type scoreExcerpt struct {
	*view
	Release *catalog.Release
	All     rate
	Latest  []lateDepartment
}

type lateDepartment struct {
	Name string
	rate
	Bar string
}

func (p *Portal) scoreExcerpt(c *gin.Context, v *view) (*scoreExcerpt, error) {
	t, err := p.scoreTables()
	if t == nil || err != nil {
		return nil, err
	}
	table, err := p.ask(c, t, "SELECT department, "+rateColumns+", grouping(department) AS whole FROM {timeliness} GROUP BY GROUPING SETS ((department), ()) ORDER BY whole DESC, late DESC, department LIMIT 6", 6)
	if err != nil {
		return nil, err
	}
	s := &scoreExcerpt{view: v, Release: t.card}
	for i, row := range table.Rows {
		r := rateOf(row[1:])
		if i == 0 {
			s.All = r
			continue
		}
		if r.Late > 0 {
			s.Latest = append(s.Latest, lateDepartment{row[0].Text, r, px(100 * float64(r.Late) / float64(whole(table.Rows[1][2])))})
		}
	}
	return s, nil
}

// DepartmentPage is the address of a department's page.
func (v *view) DepartmentPage(name string) string { return v.To("/scorecard", "department", name) }

// scorePage is the score card: of all departments, or of one.
type scorePage struct {
	*view
	Release  *catalog.Release
	Failure  string
	Missing  bool
	All      rate
	Datasets []datasetRate
	Months   []monthRate
	Time     *series
	// Of all departments.
	Query                     string
	Month, Level, Line, Sort  string
	MonthChoices              []choice
	Levels, Lines             []choice
	Departments               []departmentRow
	Total, Page, Pages, First int
	SQL                       string
	// Of one.
	Department string
	Row        *departmentRow
	Records    []lateRecord
	LateShown  int
	Updates    []updateRow
}

type datasetRate struct {
	Release *catalog.Release
	rate
	Href string
}

type monthRate struct {
	Month string
	rate
	Row departmentRow
}

// departmentRow are the five figures of a department; a figure is nil where
// there is nothing to measure.
type departmentRow struct {
	Name, Line, Level string
	rate
	Coverage, Completeness, Punctuality, Rejected *float64
}

type lateRecord struct {
	Dataset                   *catalog.Release
	Record, Since, Due, Shown string
	Late                      int64
	Href                      string
}

type updateRow struct {
	Release *catalog.Release
	Last    string
	Days    int64
	Allowed int
}

// Late reports whether the dataset should have been sent again by now.
func (u updateRow) Late() bool { return u.Allowed > 0 && u.Days > int64(u.Allowed) }

var monthPattern = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}$`)

const departmentsShown = 50

func (p *Portal) scorecard(c *gin.Context) error {
	v := &scorePage{view: p.view(c, "scorecard"), Department: c.Query("department")}
	v.Title, v.Description = v.T("nav_scorecard"), v.T("score_lead")
	t, err := p.scoreTables()
	if err != nil {
		return err
	}
	if t == nil {
		v.Missing = true
		return p.render(c, http.StatusOK, "scorecard", v)
	}
	v.Release = t.card
	if v.Department != "" {
		err = p.scoreOfOne(c, v, t)
	} else {
		err = p.scoreOfAll(c, v, t)
	}
	status := http.StatusOK
	if err != nil {
		if errors.Is(err, catalog.ErrNotFound) {
			return err
		}
		status, v.Failure = v.failure(err, v.T("charts_failed"))
	}
	return p.render(c, status, "scorecard", v)
}

// figures are the columns of a department's figures, the newest of each.
const figures = `any_value(line) AS line, any_value(level) AS level,
  (arg_max(coverage, month) FILTER (coverage IS NOT NULL))::DOUBLE AS coverage, (arg_max(completeness, month) FILTER (completeness IS NOT NULL))::DOUBLE AS completeness,
  (arg_max(update_punctuality, month) FILTER (update_punctuality IS NOT NULL))::DOUBLE AS update_punctuality,
  (100 * sum(rows_rejected) / nullif(sum(rows_published) + sum(rows_rejected), 0))::DOUBLE AS reject_rate`

// departmentColumns are read by departmentOf.
const departmentColumns = "c.department, c.line, c.level, c.coverage, c.completeness, c.update_punctuality, c.reject_rate, t.on_time, t.late, t.unknown, t.average_delay, t.longest_delay"

func departmentOf(cells []Cell) departmentRow {
	r := departmentRow{Name: cells[0].Text, Line: cells[1].Text, Level: cells[2].Text, rate: rateOf(cells[7:])}
	for i, to := range []**float64{&r.Coverage, &r.Completeness, &r.Punctuality, &r.Rejected} {
		if !cells[3+i].Null {
			share := number(cells[3+i]) / 100
			*to = &share
		}
	}
	return r
}

var departmentOrders = map[string]string{
	"": "t.late DESC NULLS LAST, t.longest_delay DESC NULLS LAST, c.department", "department": "c.department",
	"on_time_rate": "t.on_time / nullif(t.on_time + t.late, 0) NULLS LAST, t.late DESC, c.department", "coverage": "c.coverage NULLS LAST, c.department",
	"completeness": "c.completeness NULLS LAST, c.department", "update_punctuality": "c.update_punctuality NULLS LAST, c.department", "reject_rate": "c.reject_rate DESC NULLS LAST, c.department",
}

// conditions are those of the list of departments.
func (v *scorePage) conditions() (card, timeliness string) {
	var where []string
	if v.Level != "" {
		where = append(where, "level = "+store.Literal(v.Level))
	}
	if v.Line != "" {
		where = append(where, "line = "+store.Literal(v.Line))
	}
	if v.Query != "" {
		where = append(where, "contains(department, "+store.Literal(v.Query)+")")
	}
	if v.Month != "" {
		month := "month = " + store.Literal(v.Month)
		where, timeliness = append(where, month), " WHERE "+month
	}
	if len(where) > 0 {
		card = " WHERE " + strings.Join(where, " AND ")
	}
	return card, timeliness
}

func (p *Portal) scoreOfAll(c *gin.Context, v *scorePage, t *scoreTables) error {
	v.Query, v.Level, v.Line, v.Sort = strings.TrimSpace(c.Query("q")), c.Query("level"), c.Query("line"), c.Query("sort")
	if month := c.Query("month"); monthPattern.MatchString(month) {
		v.Month = month
	}
	if departmentOrders[v.Sort] == "" {
		v.Sort = ""
	}
	v.Page, _ = strconv.Atoi(c.DefaultQuery("page", "1"))
	v.Page = max(1, v.Page)
	choices, err := p.ask(c, t, "SELECT 'month' AS what, month AS value FROM {card} GROUP BY ALL UNION ALL SELECT 'line', line FROM {card} WHERE line IS NOT NULL GROUP BY ALL UNION ALL SELECT 'level', level FROM {card} WHERE level IS NOT NULL GROUP BY ALL ORDER BY what, value", 1000)
	if err != nil {
		return err
	}
	for _, row := range choices.Rows {
		value := row[1].Text
		switch row[0].Text {
		case "month":
			v.MonthChoices = append(v.MonthChoices, choice{Label: v.MonthName(value), Value: value, Chosen: value == v.Month})
		case "line":
			v.Lines = append(v.Lines, choice{Label: value, Value: value, Chosen: value == v.Line})
		case "level":
			v.Levels = append(v.Levels, choice{Label: v.Label(value), Value: value, Chosen: value == v.Level})
		}
	}
	slices.Reverse(v.MonthChoices)
	card, timeliness := v.conditions()
	if err := p.scoreByDataset(c, v, t, timeliness); err != nil {
		return err
	}
	if err := p.scoreByMonth(c, v, t, ""); err != nil {
		return err
	}
	from := "WITH c AS (\n  SELECT department, " + figures + "\n  FROM {card}" + card + " GROUP BY department\n), t AS (\n  SELECT department, " + rateColumns + "\n  FROM {timeliness}" + timeliness + " GROUP BY department\n)\nSELECT "
	order := " FROM c LEFT JOIN t USING (department)\nORDER BY " + departmentOrders[v.Sort]
	v.SQL = t.unpinned(from + strings.Replace(departmentColumns, "t.unknown, ", "", 1) + order)
	table, err := p.ask(c, t, from+departmentColumns+", count(*) OVER () AS departments"+order+fmt.Sprintf(" LIMIT %d OFFSET %d", departmentsShown, (v.Page-1)*departmentsShown), departmentsShown)
	if err != nil {
		return err
	}
	for _, row := range table.Rows {
		v.Departments = append(v.Departments, departmentOf(row))
		v.Total = int(whole(row[12]))
	}
	v.Pages, v.First = (v.Total+departmentsShown-1)/departmentsShown, (v.Page-1)*departmentsShown+1
	return nil
}

// scoreByDataset sums up by dataset, those of the priority themes first.
func (p *Portal) scoreByDataset(c *gin.Context, v *scorePage, t *scoreTables, where string) error {
	table, err := p.ask(c, t, "SELECT dataset, "+rateColumns+" FROM {timeliness}"+where+" GROUP BY dataset ORDER BY dataset", 200)
	if err != nil {
		return err
	}
	all, err := p.Catalog.All()
	if err != nil {
		return err
	}
	for _, r := range all {
		for _, row := range table.Rows {
			if row[0].Text != string(r.Dataset.ID) {
				continue
			}
			one := datasetRate{Release: r, rate: rateOf(row[1:])}
			pairs := []any{"is." + catalog.Timeliness, catalog.Late, "sort", "-" + catalog.WorkingDaysLate}
			if v.Department != "" && r.Dataset.Department != "" {
				pairs = append(pairs, "is."+r.Dataset.Department, v.Department)
			}
			one.Href = v.To("/datasets/"+string(r.Dataset.ID), pairs...) + "#data"
			v.Datasets = append(v.Datasets, one)
			v.All.OnTime, v.All.Late, v.All.Unknown, v.All.Longest = v.All.OnTime+one.OnTime, v.All.Late+one.Late, v.All.Unknown+one.Unknown, max(v.All.Longest, one.Longest)
		}
	}
	return nil
}

// chartMonths are the newest months with rows that the chart shows; the table
// has all.
const chartMonths = 36

func (p *Portal) scoreByMonth(c *gin.Context, v *scorePage, t *scoreTables, where string) error {
	table, err := p.ask(c, t, "SELECT month, "+rateColumns+" FROM {timeliness}"+where+" GROUP BY month ORDER BY month", 1000)
	if err != nil {
		return err
	}
	late := &series{Title: v.T("late_by_month"), Label: v.T("month"), Measure: v.T("row_count")}
	for _, row := range table.Rows {
		r := rateOf(row[1:])
		v.Months = append(v.Months, monthRate{Month: row[0].Text, rate: r})
		late.Columns = append(late.Columns, column{Label: row[0].Text, value: float64(r.Late), Text: v.Number(r.Late)})
	}
	if late.Columns = late.Columns[max(0, len(late.Columns)-chartMonths):]; len(late.Columns) > 1 {
		late.draw(v.view, false, true)
		v.Time = late
	}
	slices.Reverse(v.Months)
	return nil
}

func (p *Portal) scoreOfOne(c *gin.Context, v *scorePage, t *scoreTables) error {
	name := store.Literal(v.Department)
	v.Title = v.T("score_of", "Department", v.Department)
	table, err := p.ask(c, t, "WITH c AS (SELECT department, "+figures+" FROM {card} WHERE department = "+name+" GROUP BY department), t AS (SELECT department, "+rateColumns+" FROM {timeliness} WHERE department = "+name+" GROUP BY department) SELECT "+departmentColumns+" FROM c LEFT JOIN t USING (department)", 1)
	if err != nil {
		return err
	}
	if len(table.Rows) == 0 {
		return fmt.Errorf("department %q: %w", v.Department, catalog.ErrNotFound)
	}
	row := departmentOf(table.Rows[0])
	v.Row = &row
	where := " WHERE department = " + name
	if err := p.scoreByDataset(c, v, t, where); err != nil {
		return err
	}
	if err := p.scoreByMonth(c, v, t, where); err != nil {
		return err
	}
	months, err := p.ask(c, t, "SELECT month, coverage::DOUBLE, completeness::DOUBLE, update_punctuality::DOUBLE, reject_rate::DOUBLE FROM {card}"+where, 1000)
	if err != nil {
		return err
	}
	for _, row := range months.Rows {
		i := slices.IndexFunc(v.Months, func(m monthRate) bool { return m.Month == row[0].Text })
		if i < 0 {
			v.Months = append(v.Months, monthRate{Month: row[0].Text})
			i = len(v.Months) - 1
		}
		for j, to := range []**float64{&v.Months[i].Row.Coverage, &v.Months[i].Row.Completeness, &v.Months[i].Row.Punctuality, &v.Months[i].Row.Rejected} {
			if !row[1+j].Null {
				share := number(row[1+j]) / 100
				*to = &share
			}
		}
	}
	slices.SortFunc(v.Months, func(a, b monthRate) int { return strings.Compare(b.Month, a.Month) })
	if err := p.lateRecords(c, v); err != nil {
		return err
	}
	return p.updates(c, v)
}

// lateShown are the late records that a department's page lists.
const lateShown = 100

// lateRecords lists what a department published late, the latest first, out of
// every dataset with a deadline.
func (p *Portal) lateRecords(c *gin.Context, v *scorePage) error {
	var parts []string
	byID := map[string]datasetRate{}
	for _, one := range v.Datasets {
		d := &one.Release.Dataset
		if one.Late == 0 || d.Deadline == nil || !d.Queryable() {
			continue
		}
		byID[string(d.ID)] = one
		var key []string
		for _, k := range d.Key {
			if k != d.Department {
				key = append(key, store.Ident(k)+"::VARCHAR")
			}
		}
		whose := "true"
		if d.Department != "" {
			whose = store.Ident(d.Department) + " = " + store.Literal(v.Department)
		}
		parts = append(parts, fmt.Sprintf("SELECT %s AS dataset, concat_ws(' · ', %s) AS record, %s::VARCHAR AS since, due_on::VARCHAR AS due_on, published_on::VARCHAR AS published_on, working_days_late FROM %s WHERE %s AND timeliness = %s",
			store.Literal(string(d.ID)), strings.Join(append(key, "NULL"), ", "), store.Ident(d.Deadline.From), store.Ident(one.Release.Ref().String()), whose, store.Literal(catalog.Late)))
	}
	if len(parts) == 0 {
		return nil
	}
	table, err := p.kept(c, v.Release, query.Request{SQL: "SELECT * FROM (" + strings.Join(parts, " UNION ALL ") + fmt.Sprintf(") ORDER BY working_days_late DESC, since, record LIMIT %d", lateShown), MaxRows: lateShown})
	if err != nil {
		return err
	}
	for _, row := range table.Rows {
		one := byID[row[0].Text]
		d := &one.Release.Dataset
		record := lateRecord{Dataset: one.Release, Record: row[1].Text, Since: row[2].Text, Due: row[3].Text, Shown: row[4].Text, Late: whole(row[5]), Href: one.Href}
		// A record leads to itself where one text tells it.
		if i := slices.IndexFunc(d.Key, func(k string) bool { return k != d.Department }); i >= 0 && !strings.Contains(record.Record, " · ") {
			if f := d.Field(d.Key[i]); f != nil && f.Type == catalog.TypeText {
				record.Href = v.To("/datasets/"+string(d.ID), "is."+f.Name, record.Record, "is."+d.Department, v.Department) + "#data"
			}
		}
		v.Records = append(v.Records, record)
	}
	v.LateShown = len(v.Records)
	return nil
}

// updates lists the datasets that a department sends, and when it last did.
func (p *Portal) updates(c *gin.Context, v *scorePage) error {
	table, err := p.table(c, query.Request{SQL: "SELECT dataset, max(published_at)::DATE::VARCHAR AS last, date_diff('day', max(published_at)::DATE, DATE " + store.Literal(p.Catalog.Now().Format("2006-01-02")) + ") AS days FROM catalog.contributions WHERE department = " + store.Literal(v.Department) + " GROUP BY dataset ORDER BY days DESC, dataset", MaxRows: 500})
	if err != nil {
		return err
	}
	for _, row := range table.Rows {
		r, err := p.Catalog.Current(catalog.ID(row[0].Text))
		if err != nil {
			return err
		}
		v.Updates = append(v.Updates, updateRow{r, row[1].Text, whole(row[2]), allowance[r.Dataset.UpdateFrequency]})
	}
	return nil
}

// SortedBy is the address of the list of departments in another order.
func (v *scorePage) SortedBy(order string) string {
	return v.Here("sort", order, "page", "") + "#departments"
}

// PageAt is the address of another page of the list.
func (v *scorePage) PageAt(n int) string { return v.Here("page", strconv.Itoa(n)) + "#departments" }

// Last is the number of the last department on the page.
func (v *scorePage) Last() int { return v.First + len(v.Departments) - 1 }

// File is the list of departments as a file.
func (v *scorePage) File(ext string) string {
	return "/api/v1/sql." + ext + "?q=" + url.QueryEscape(v.SQL)
}

// Figure writes a share, or a dash where there is none.
func (v *view) Figure(share *float64) string {
	if share == nil {
		return "–"
	}
	return v.Percent(*share)
}

// Bar is the width of a share's bar, "" where there is none.
func (v *view) Bar(share *float64) string {
	if share == nil {
		return ""
	}
	return px(100 * *share)
}
