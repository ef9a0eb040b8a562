package web

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"govdata/catalog"
	"govdata/catalog/store"
	"govdata/server/query"
)

const (
	// groupsShown and regionsShown are bars of a chart; what is not shown is said.
	groupsShown  = 15
	regionsShown = 20
	// monthsShown at most; longer times are shown by year.
	monthsShown = 72
)

// charts are the selection's rows by a field, by region and over time.
type charts struct {
	// By, Over and Measure are what was chosen; Over is a date or month field.
	By, Over, Measure string
	Bys, Overs        []choice
	Measures          []choice
	Unit              string
	Groups            *bars
	Regions           *bars
	Time              *series
}

// bars are a ranked list with a bar each.
type bars struct {
	Title, Label, Measure string
	Rows                  []barRow
	// More is how many groups there are beside those shown.
	More int64
	// Stacked says that a row can count in several groups.
	Stacked bool
}

type barRow struct {
	Label, Href, Text string
	// Share of the longest bar, in per cent.
	Share string
	value float64
}

// series is a chart over time: a column for every period.
type series struct {
	Title, Label, Measure string
	Width, Height         int
	Columns               []column
	Ticks                 []tick
	Rules                 []tick
	Summary               string
}

type column struct {
	Label, Text         string
	X, Y, Width, Height string
	value               float64
}

// tick is a label of an axis.
type tick struct {
	X, Y, Text string
}

func px(f float64) string { return strings.TrimSuffix(strconv.FormatFloat(f, 'f', 1, 64), ".0") }

// chartChoices finds what the selection can be grouped by, and what was asked for.
func (v *datasetPage) chartChoices() *charts {
	ch := &charts{}
	d := &v.Release.Dataset
	profile := map[string]catalog.ColumnProfile{}
	if v.Profile != nil {
		for _, c := range v.Profile.Columns {
			profile[c.Name] = c
		}
	}
	groupable := func(f catalog.Field) bool {
		if f.Type != catalog.TypeText && f.Type != catalog.TypeBoolean && f.Type != catalog.TypeInteger || f.Semantic == catalog.Month {
			return false
		}
		c, known := profile[f.Name]
		switch {
		case len(f.Enum) > 0 || f.Type == catalog.TypeBoolean || f.Name == d.Department:
			return true
		case !known || f.Semantic == catalog.Region:
			return f.Semantic == catalog.Region
		case f.Type == catalog.TypeInteger:
			return c.Distinct > 1 && c.Distinct <= 40
		}
		return c.Distinct > 1 && c.Distinct <= 300 && len(c.Top) > 0 && (c.LongestText == nil || *c.LongestText <= 60)
	}
	var best []string // the first is what is shown unasked
	for _, f := range d.Public() {
		if groupable(f) {
			ch.Bys = append(ch.Bys, choice{Label: v.In(f.Title), Value: f.Name})
			if len(f.Enum) > 1 && f.Required {
				best = append(best, f.Name)
			}
		}
		if f.Type == catalog.TypeDate || f.Type == catalog.TypeTimestamp || f.Semantic == catalog.Month {
			ch.Overs = append(ch.Overs, choice{Label: v.In(f.Title), Value: f.Name})
		}
		if _, _, decimal := f.Type.Decimal(); decimal || f.Type == catalog.TypeInteger && f.Unit != "" && f.Unit != "年" {
			ch.Measures = append(ch.Measures,
				choice{Label: v.T("sum_of", "Field", v.In(f.Title)), Value: "sum." + f.Name}, choice{Label: v.T("average_of", "Field", v.In(f.Title)), Value: "avg." + f.Name})
		}
	}
	ch.Measures = append([]choice{{Label: v.T("row_count"), Value: ""}}, ch.Measures...)
	for _, f := range d.Public() {
		if len(f.Enum) > 1 && f.Name != catalog.Timeliness {
			best = append(best, f.Name)
		}
	}
	if d.Department != "" {
		best = append(best, d.Department)
	}
	for _, c := range ch.Bys {
		best = append(best, c.Value)
	}
	over := ""
	if d.Deadline != nil {
		over = d.Deadline.From
	} else {
		for _, required := range []bool{true, false} {
			for _, f := range d.Sent() {
				if over == "" && f.Required == required && slices.ContainsFunc(ch.Overs, func(c choice) bool { return c.Value == f.Name }) && v.Release.Stats[f.Name].Max != "" {
					over = f.Name
				}
			}
		}
	}
	pick := func(param string, list []choice, otherwise string) string {
		asked := v.c.Query(param)
		value := otherwise
		for i := range list {
			if list[i].Value == asked && v.c.Request.URL.Query().Has(param) {
				value = asked
			}
		}
		for i := range list {
			list[i].Chosen = list[i].Value == value
		}
		return value
	}
	first := ""
	if len(best) > 0 {
		first = best[0]
	}
	ch.By, ch.Over, ch.Measure = pick("by", ch.Bys, first), pick("over", ch.Overs, over), pick("measure", ch.Measures, "")
	return ch
}

// chartParts are the charts' questions, each a SELECT of part, label, n and how
// many labels there are.
func (v *datasetPage) chartParts(ch *charts, regions bool) (sql string, yearly bool) {
	table := store.Ident(v.Release.Ref().String())
	where := ""
	if w := v.Selection.where(); w != "" {
		where = " WHERE " + w
	}
	measure := "count(*)::DOUBLE"
	if op, field, ok := strings.Cut(ch.Measure, "."); ok {
		measure = op + "(" + store.Ident(field) + ")::DOUBLE"
	}
	part := func(name, label, from string, limit int) string {
		order := "n DESC NULLS LAST, label"
		if name == "time" {
			order = "label DESC"
		}
		return fmt.Sprintf("(SELECT '%s' AS part, label::VARCHAR AS label, n, count(*) OVER () AS labels FROM (SELECT %s AS label, %s AS n FROM %s GROUP BY 1) ORDER BY %s LIMIT %d)",
			name, label, measure, from, order, limit)
	}
	var parts []string
	if f := v.Selection.field(ch.By); f != nil {
		name, from := store.Ident(f.Name), table+where
		if f.Separator != "" {
			columns := fmt.Sprintf("unnest(string_split(%s, %s)) AS %[1]s", name, store.Literal(f.Separator))
			if _, field, ok := strings.Cut(ch.Measure, "."); ok {
				columns += ", " + store.Ident(field)
			}
			from = "(SELECT " + columns + " FROM " + table + where + ")"
		}
		parts = append(parts, part("by", name, from, groupsShown))
	}
	if f := v.regionField(); f != nil && regions {
		// Prefectures, or the counties of one where it was chosen.
		name := "left(" + store.Ident(f.Name) + ", 4) || '00'"
		if len(regionPrefix(v.Selection.value("in."+f.Name))) >= 4 {
			name = store.Ident(f.Name)
		}
		parts = append(parts, part("region", name, table+where, regionsShown))
	}
	if f := v.Selection.field(ch.Over); f != nil {
		least, most := v.Release.Stats[f.Name].Min, v.Release.Stats[f.Name].Max
		if given := v.Selection.value("min." + f.Name); given > least {
			least = given
		}
		if given := v.Selection.value("max." + f.Name); given != "" && given < most {
			most = given
		}
		yearly = monthsBetween(least, most) > monthsShown
		length := 7
		if yearly {
			length = 4
		}
		condition := store.Ident(f.Name) + " IS NOT NULL"
		if where != "" {
			condition = strings.TrimPrefix(where, " WHERE ") + " AND " + condition
		}
		parts = append(parts, part("time", fmt.Sprintf("left(%s::VARCHAR, %d)", store.Ident(f.Name), length), table+" WHERE "+condition, 2*monthsShown))
	}
	return strings.Join(parts, "\nUNION ALL\n"), yearly
}

// monthsBetween is how many months lie between two days or months.
func monthsBetween(from, to string) int {
	month := func(s string) (int, bool) {
		if len(s) < 7 {
			return 0, false
		}
		t, err := time.Parse("2006-01", s[:7])
		return t.Year()*12 + int(t.Month()), err == nil
	}
	a, ok := month(from)
	b, too := month(to)
	if !ok || !too {
		return 0
	}
	return b - a
}

// regionField is the first field with a region code.
func (v *datasetPage) regionField() *catalog.Field {
	for i := range v.Selection.fields {
		if v.Selection.fields[i].Semantic == catalog.Region && v.Release.Dataset.ID != "regions" {
			return &v.Selection.fields[i]
		}
	}
	return nil
}

func (p *Portal) charts(c *gin.Context, v *datasetPage) (*charts, error) {
	ch := v.chartChoices()
	sql, yearly := v.chartParts(ch, true)
	if sql == "" {
		return nil, nil
	}
	t, err := p.kept(c, v.Release, query.Request{SQL: sql, MaxRows: groupsShown + regionsShown + 2*monthsShown})
	if err != nil {
		return ch, err
	}
	measure := v.T("row_count")
	for _, m := range ch.Measures {
		if m.Chosen {
			measure = m.Label
		}
	}
	if _, field, ok := strings.Cut(ch.Measure, "."); ok {
		ch.Unit = v.Unit(v.Selection.field(field).Unit)
		if ch.Unit != "" {
			measure = v.T("with_unit", "Name", measure, "Unit", ch.Unit)
		}
	}
	groups, regions, over := &bars{Measure: measure}, &bars{Measure: measure}, &series{Measure: measure}
	for _, row := range t.Rows {
		b := barRow{Label: row[1].Text, Text: "–"} // a sum or an average of no values
		if !row[2].Null {
			b.value, _ = strconv.ParseFloat(row[2].Text, 64)
			b.Text = v.Amount(b.value)
		}
		labels, _ := strconv.ParseInt(row[3].Text, 10, 64)
		switch row[0].Text {
		case "by":
			if f := v.Selection.field(ch.By); row[1].Null || b.Label == "" {
				b.Label = v.T("no_value")
			} else if f.Semantic == catalog.Region {
				b.Href, b.Label = v.Here("in."+f.Name, b.Label, "after", "")+"#data", v.regionName(b.Label)
			} else {
				b.Href, b.Label = v.Here("is."+f.Name, b.Label, "after", "")+"#data", v.Value(f, b.Label)
			}
			groups.Rows, groups.More = append(groups.Rows, b), labels
		case "region":
			if f := v.regionField(); row[1].Null {
				b.Label = v.T("no_value")
			} else {
				b.Href, b.Label = v.Here("in."+f.Name, b.Label, "after", "")+"#charts", v.regionName(b.Label)
			}
			regions.Rows, regions.More = append(regions.Rows, b), labels
		case "time":
			over.Columns = append(over.Columns, column{Label: row[1].Text, value: b.value, Text: b.Text})
		}
	}
	if f := v.Selection.field(ch.By); f != nil && len(groups.Rows) > 0 {
		groups.Title, groups.Label, groups.Stacked = v.T("chart_by", "Field", v.In(f.Title)), v.In(f.Title), f.Separator != ""
		ch.Groups = groups.finish()
	}
	if f := v.regionField(); f != nil && len(regions.Rows) > 1 && (f.Name != ch.By || len(v.Selection.Filters) > 0) {
		regions.Title, regions.Label = v.T("chart_regions"), v.T("region")
		ch.Regions = regions.finish()
	}
	if f := v.Selection.field(ch.Over); f != nil && len(over.Columns) > 1 {
		over.Title = v.T("chart_months", "Field", v.In(f.Title))
		over.Label = v.T("month")
		if yearly {
			over.Title, over.Label = v.T("chart_years", "Field", v.In(f.Title)), v.T("year")
		}
		additive := !strings.HasPrefix(ch.Measure, "avg")
		over.draw(v.view, yearly, additive)
		ch.Time = over
	}
	return ch, nil
}

// finish ranks the bars and gives them their lengths.
func (b *bars) finish() *bars {
	b.More = max(0, b.More-int64(len(b.Rows)))
	slices.SortStableFunc(b.Rows, func(a, c barRow) int { return cmp.Compare(c.value, a.value) })
	most := 0.0
	for _, r := range b.Rows {
		most = math.Max(most, math.Abs(r.value))
	}
	for i := range b.Rows {
		b.Rows[i].Share = "0"
		if most > 0 {
			b.Rows[i].Share = px(100 * math.Max(0, b.Rows[i].value) / most)
		}
	}
	return b
}

// draw lays the columns out. Periods without rows are gaps of a sum, not of an
// average.
func (s *series) draw(v *view, yearly, additive bool) {
	slices.SortFunc(s.Columns, func(a, b column) int { return strings.Compare(a.Label, b.Label) })
	layout := "2006-01"
	if yearly {
		layout = "2006"
	}
	found := map[string]column{}
	for _, c := range s.Columns {
		found[c.Label] = c
	}
	first, err := time.Parse(layout, s.Columns[0].Label)
	last, err2 := time.Parse(layout, s.Columns[len(s.Columns)-1].Label)
	if err == nil && err2 == nil {
		s.Columns = nil
		for t := first; !t.After(last) && len(s.Columns) < 4*monthsShown; {
			c, there := found[t.Format(layout)]
			if !there {
				c = column{Label: t.Format(layout), Text: "–"}
				if additive {
					c.Text = "0"
				}
			}
			s.Columns = append(s.Columns, c)
			if yearly {
				t = t.AddDate(1, 0, 0)
			} else {
				t = t.AddDate(0, 1, 0)
			}
		}
	}
	most, least, whole := 0.0, 0.0, true
	top := s.Columns[0]
	for _, c := range s.Columns {
		whole = whole && c.value == math.Trunc(c.value)
		if c.value > top.value {
			top = c
		}
		most, least = math.Max(most, c.value), math.Min(least, c.value)
	}
	const left, right, above, height, below = 64.0, 8.0, 12.0, 180.0, 26.0
	const width = 720.0
	s.Width, s.Height = int(width), int(above+height+below)
	step := niceStep((most - least) / 4)
	if whole {
		step = math.Max(1, step)
	}
	high, low := math.Ceil(most/step)*step, math.Floor(least/step)*step
	if high == low {
		high = low + 1
	}
	y := func(n float64) float64 { return above + height*(high-n)/(high-low) }
	for n := low; n <= high+step/2; n += step {
		s.Rules = append(s.Rules, tick{px(left - 8), px(y(n)), v.Amount(n)})
	}
	each := (width - left - right) / float64(len(s.Columns))
	every := max(1, len(s.Columns)/8)
	if !yearly {
		for _, n := range []int{1, 2, 3, 6, 12, 24} {
			if every = n; len(s.Columns)/n <= 9 {
				break
			}
		}
	}
	for i := range s.Columns {
		c := &s.Columns[i]
		top, bottom := y(math.Max(c.value, 0)), y(math.Min(c.value, 0))
		c.X, c.Y, c.Width, c.Height = px(left+each*float64(i)+each*.1), px(top), px(math.Max(1, each*.8)), px(bottom-top)
		place := i
		if !yearly && len(c.Label) == 7 {
			place, _ = strconv.Atoi(c.Label[5:])
			place-- // January has a label wherever any month has one
		}
		if place%every == 0 {
			s.Ticks = append(s.Ticks, tick{px(left + each*(float64(i)+.5)), px(above + height + 18), c.Label})
		}
	}
	name := func(label string) string {
		if yearly {
			return label
		}
		return v.MonthName(label)
	}
	s.Summary = v.T("series_summary", "From", name(s.Columns[0].Label), "To", name(s.Columns[len(s.Columns)-1].Label), "Most", top.Text, "When", name(top.Label))
	for i := range s.Columns {
		s.Columns[i].Label = name(s.Columns[i].Label)
	}
}

// niceStep is the least of 1, 2 and 5 times a power of ten that is not below n.
func niceStep(n float64) float64 {
	if n <= 0 {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(n)))
	for _, m := range []float64{1, 2, 5, 10} {
		if m*power >= n {
			return m * power
		}
	}
	return 10 * power
}

// Amount writes a number of a chart: whole where it is large or whole.
func (v *view) Amount(n float64) string {
	if n == math.Trunc(n) || math.Abs(n) >= 1000 {
		return groupDigits(strconv.FormatFloat(n, 'f', 0, 64))
	}
	return groupDigits(strings.TrimSuffix(strconv.FormatFloat(n, 'f', 2, 64), "0"))
}

// groupDigits sets separators between thousands: 1,234.50. Readers of both
// languages write them so.
func groupDigits(number string) string {
	sign, digits := "", number
	if rest, ok := strings.CutPrefix(number, "-"); ok {
		sign, digits = "−", rest
	}
	whole, fraction, decimal := strings.Cut(digits, ".")
	if strings.Trim(whole, "0123456789") != "" {
		return number
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if decimal {
		whole += "." + fraction
	}
	return sign + whole
}
