package store

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"govdata/catalog"
)

const (
	// topValues is how many frequent values a profile lists.
	topValues = 20
	// countedValues is up to how many different values each is counted. Beyond,
	// the frequent ones are found by a sketch (Filtered Space-Saving) of bounded
	// size and then counted.
	countedValues = 200_000
	// histogramBins is about how many bars a histogram of numbers has.
	histogramBins = 20
)

var quantiles = []float64{0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99}

// batchFields is of how many fields one statement tells. Every expression of a
// statement has vectors of its own, some 50 KB for an approximate quantile: for
// hundreds of fields at once they would take all memory.
const batchFields = 64

// wideFrom is how many fields a table has whose batches are copied before they
// are profiled. DuckDB binds all columns of a table for each statement, which for
// thousands costs more than the statement.
const wideFrom = 256

// batchCells is about how many cells such a copy has.
const batchCells = 4 << 20

// Profile says how the values of d's public fields are spread, over all rows of
// the file. Memory grows neither with rows nor with fields.
func (f *File) Profile(ctx context.Context, d *catalog.Dataset) (*catalog.Profile, error) {
	p, err := f.profile(ctx, d.Public())
	if err != nil {
		return nil, fmt.Errorf("store: profile: %w", err)
	}
	return p, nil
}

func (f *File) profile(ctx context.Context, fields []catalog.Field) (*catalog.Profile, error) {
	rows, err := f.Count(ctx)
	if err != nil {
		return nil, err
	}
	p := &catalog.Profile{Version: 1, Rows: rows, Columns: []catalog.ColumnProfile{}}
	// One connection, for a temporary table is seen by its own alone.
	conn, err := f.db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	size := batchFields
	if len(fields) > wideFrom {
		size = max(1, min(size, int(batchCells/max(1, rows))))
	}
	for batch := range slices.Chunk(fields, size) {
		t := &profiled{conn: conn, table: Table, rows: rows}
		if len(fields) > wideFrom {
			t.table = "profiled"
			var names []string
			for i := range batch {
				names = append(names, Ident(batch[i].Name))
			}
			if _, err := conn.ExecContext(ctx, "CREATE OR REPLACE TEMP TABLE "+t.table+" AS SELECT "+strings.Join(names, ", ")+" FROM "+Table); err != nil {
				return nil, err
			}
		}
		columns, err := t.columns(ctx, batch)
		if err != nil {
			return nil, err
		}
		p.Columns = append(p.Columns, columns...)
	}
	if len(fields) > wideFrom {
		_, err = conn.ExecContext(ctx, "DROP TABLE IF EXISTS profiled")
	}
	return p, err
}

// profiled is a table of which some fields are profiled.
type profiled struct {
	conn  *sql.Conn
	table string
	rows  int64
}

func (t *profiled) columns(ctx context.Context, fields []catalog.Field) ([]catalog.ColumnProfile, error) {
	outlines, err := t.outlines(ctx, fields)
	if err != nil {
		return nil, err
	}
	var columns []catalog.ColumnProfile
	for i := range fields {
		field, o := &fields[i], &outlines[i]
		c := o.profile(field, t.rows)
		if err := t.top(ctx, field, &c); err != nil {
			return nil, fmt.Errorf("%s: %w", field.Name, err)
		}
		if err := t.histogram(ctx, field, o, &c); err != nil {
			return nil, fmt.Errorf("%s: %w", field.Name, err)
		}
		columns = append(columns, c)
	}
	return columns, nil
}

// outline is what one scan tells of a field.
type outline struct {
	count, distinct     int64
	min, max, sum, mean sql.NullString
	shortest, longest   sql.NullInt64
	// quantiles as numbers: of dates days, of times microseconds since 1970. None
	// where there are no values.
	quantiles []float64
}

// scalar is the field as a number, "" where it is none.
func scalar(field *catalog.Field) string {
	name := Ident(field.Name)
	_, _, isDecimal := field.Type.Decimal()
	switch {
	case isDecimal, field.Type == catalog.TypeInteger:
		return name + "::DOUBLE"
	case field.Type == catalog.TypeDate:
		return "(" + name + " - DATE '1970-01-01')::DOUBLE"
	case field.Type == catalog.TypeTimestamp:
		return "epoch_us(" + name + ")::DOUBLE"
	}
	return ""
}

func isNumber(field *catalog.Field) bool {
	_, _, isDecimal := field.Type.Decimal()
	return isDecimal || field.Type == catalog.TypeInteger
}

// doubles scans a list of doubles, or NULL.
type doubles []float64

// Scan implements sql.Scanner.
func (d *doubles) Scan(v any) error {
	list, ok := v.([]any)
	if !ok && v != nil {
		return fmt.Errorf("%T is no list", v)
	}
	for _, e := range list {
		f, ok := e.(float64)
		if !ok {
			return fmt.Errorf("%T is no double", e)
		}
		*d = append(*d, f)
	}
	return nil
}

func (t *profiled) outlines(ctx context.Context, fields []catalog.Field) ([]outline, error) {
	outlines := make([]outline, len(fields))
	shares := strings.ReplaceAll(fmt.Sprint(quantiles), " ", ", ")
	var columns []string
	var into []any
	add := func(expression string, to any) {
		columns, into = append(columns, expression), append(into, to)
	}
	for i := range fields {
		field, o, name := &fields[i], &outlines[i], Ident(fields[i].Name)
		add("count("+name+")", &o.count)
		add("approx_count_distinct("+name+")", &o.distinct)
		if field.Type != catalog.TypeBoolean {
			add("min("+name+")::VARCHAR", &o.min)
			add("max("+name+")::VARCHAR", &o.max)
		}
		if isNumber(field) {
			add("sum("+name+")::VARCHAR", &o.sum)
			add("avg("+name+"::DOUBLE)::VARCHAR", &o.mean)
		}
		if field.Type == catalog.TypeText {
			add("min(length("+name+"))", &o.shortest)
			add("max(length("+name+"))", &o.longest)
		}
		if number := scalar(field); number != "" {
			add("approx_quantile("+number+", "+shares+")", (*doubles)(&o.quantiles))
		}
	}
	err := t.conn.QueryRowContext(ctx, "SELECT "+strings.Join(columns, ", ")+" FROM "+t.table).Scan(into...)
	return outlines, err
}

func (o *outline) profile(field *catalog.Field, rows int64) catalog.ColumnProfile {
	c := catalog.ColumnProfile{Name: field.Name, Type: field.Type, Nulls: rows - o.count, Distinct: min(o.distinct, o.count), Min: o.min.String, Max: o.max.String, Sum: o.sum.String}
	if mean, err := strconv.ParseFloat(o.mean.String, 64); err == nil && !math.IsInf(mean, 0) {
		c.Mean = &mean
	}
	if o.shortest.Valid {
		c.ShortestText, c.LongestText = &o.shortest.Int64, &o.longest.Int64
	}
	for i, v := range o.quantiles {
		c.Quantiles = append(c.Quantiles, catalog.Quantile{P: quantiles[i], Value: notation(field, v)})
	}
	return c
}

// notation writes a number that scalar made of the field's values as the CSV
// file writes them.
func notation(field *catalog.Field, v float64) string {
	switch field.Type {
	case catalog.TypeDate:
		return time.Unix(int64(math.Round(v))*86400, 0).UTC().Format(time.DateOnly)
	case catalog.TypeTimestamp:
		return time.UnixMicro(int64(v)).UTC().Truncate(time.Second).Format("2006-01-02 15:04:05")
	case catalog.TypeInteger:
		return strconv.FormatFloat(math.Round(v), 'f', -1, 64)
	}
	_, scale, _ := field.Type.Decimal()
	return strconv.FormatFloat(v, 'f', scale, 64)
}

// top finds the most frequent values of a field, of cells with several values
// each of them.
func (t *profiled) top(ctx context.Context, field *catalog.Field, c *catalog.ColumnProfile) error {
	if c.Nulls == 0 && c.Distinct == 0 {
		c.DistinctExact = true
		return nil
	}
	name, from := Ident(field.Name), t.table
	if field.Separator != "" {
		from = fmt.Sprintf("(SELECT unnest(string_split(%s, %s)) AS %s FROM %s)", name, Literal(field.Separator), name, t.table)
	}
	ranked := "SELECT CAST(" + name + " AS VARCHAR), count(*) AS n FROM " + from + " WHERE " + name + " IS NOT NULL"
	if c.Distinct > countedValues {
		found := fmt.Sprintf("(SELECT unnest(approx_top_k(%s, %d)) FROM %s)", name, topValues, from)
		ranked += " AND " + name + " IN " + found
	}
	ranked += " GROUP BY " + name
	list, err := t.conn.QueryContext(ctx, ranked+fmt.Sprintf(" ORDER BY n DESC, %s LIMIT %d", name, topValues))
	if err != nil {
		return err
	}
	defer list.Close()
	for list.Next() {
		var v catalog.ValueCount
		if err := list.Scan(&v.Value, &v.Count); err != nil {
			return err
		}
		c.Top = append(c.Top, v)
	}
	if err := list.Err(); err != nil {
		return err
	}
	if len(c.Top) > 1 && c.Top[0].Count == 1 {
		c.Top = nil // every value is another one
	}
	if c.Distinct > countedValues {
		return nil
	}
	c.DistinctExact = true
	return t.conn.QueryRowContext(ctx, "SELECT count(DISTINCT "+name+") FROM "+Table).Scan(&c.Distinct)
}

// histogram counts the values of numbers, dates and times in bins.
func (t *profiled) histogram(ctx context.Context, field *catalog.Field, o *outline, c *catalog.ColumnProfile) error {
	switch {
	case scalar(field) == "" || o.count == 0 || c.Min == c.Max:
		return nil
	case isNumber(field):
		return t.numberBins(ctx, field, o, c)
	}
	return t.timeBins(ctx, field, c)
}

// numberBins are as wide as a round number, about histogramBins of them from
// the 1st to the 99th percentile. The first and the last reach to Min and Max.
func (t *profiled) numberBins(ctx context.Context, field *catalog.Field, o *outline, c *catalog.ColumnProfile) error {
	least, errLeast := strconv.ParseFloat(c.Min, 64)
	most, errMost := strconv.ParseFloat(c.Max, 64)
	if errLeast != nil || errMost != nil {
		return fmt.Errorf("numbers from %q to %q", c.Min, c.Max)
	}
	low, high := least, most
	if a, b := o.quantiles[0], o.quantiles[len(o.quantiles)-1]; b > a && most-least > 4*(b-a) {
		low, high = a, b
	}
	width := roundWidth((high - low) / histogramBins)
	_, scale, _ := field.Type.Decimal()
	if smallest := math.Pow10(-scale); width < smallest {
		width = smallest
	}
	first, last := math.Floor(low/width), math.Floor(high/width)
	// How many values lie below each bound between two bins, compared exactly.
	var below []string
	for bin := first + 1; bin <= last; bin++ {
		below = append(below, fmt.Sprintf("count(*) FILTER (%s < %s::%s)", Ident(field.Name), edge(bin*width, width), field.Type.SQL()))
	}
	counts := make([]int64, len(below)+2) // none, below each bound, all
	counts[len(below)+1] = o.count
	if len(below) > 0 {
		into := make([]any, len(below))
		for i := range into {
			into[i] = &counts[i+1]
		}
		if err := t.conn.QueryRowContext(ctx, "SELECT "+strings.Join(below, ", ")+" FROM "+t.table).Scan(into...); err != nil {
			return err
		}
	}
	for i := range len(counts) - 1 {
		bin := first + float64(i)
		c.Histogram = append(c.Histogram, catalog.Bin{From: edge(bin*width, width), To: edge((bin+1)*width, width), Count: counts[i+1] - counts[i]})
	}
	if least < first*width {
		c.Histogram[0].From = c.Min
	}
	if most >= (last+1)*width {
		c.Histogram[len(c.Histogram)-1].To = c.Max
	}
	return nil
}

// roundWidth is the least of 1, 2, 5, 10, 20, ... (and their tenths) that is
// not below w.
func roundWidth(w float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(w)))
	for _, step := range []float64{1, 2, 5, 10} {
		if step*power >= w*(1-1e-9) {
			return step * power
		}
	}
	return 10 * power
}

// edge writes a bound between bins, without the noise of binary fractions.
func edge(v, width float64) string {
	digits := 0
	if width < 1 {
		digits = int(math.Ceil(-math.Log10(width) - 1e-9))
	}
	if v == 0 {
		v = 0 // not -0
	}
	return strconv.FormatFloat(v, 'f', digits, 64)
}

// timeUnits are what bins of dates can be, by the longest span for which they
// are used.
var timeUnits = []struct {
	days int
	name string
	next func(time.Time) time.Time
}{
	{3, "hour", func(t time.Time) time.Time { return t.Add(time.Hour) }},
	{62, "day", func(t time.Time) time.Time { return t.AddDate(0, 0, 1) }},
	{366 * 4, "month", func(t time.Time) time.Time { return t.AddDate(0, 1, 0) }},
	{366 * 60, "year", func(t time.Time) time.Time { return t.AddDate(1, 0, 0) }},
	{366 * 600, "decade", func(t time.Time) time.Time { return t.AddDate(10, 0, 0) }},
	{math.MaxInt, "millennium", func(t time.Time) time.Time { return t.AddDate(1000, 0, 0) }},
}

// timeBins are hours, days, months, years or more, whatever gives up to some
// sixty bars.
func (t *profiled) timeBins(ctx context.Context, field *catalog.Field, c *catalog.ColumnProfile) error {
	form := time.DateOnly
	if field.Type == catalog.TypeTimestamp {
		form = "2006-01-02 15:04:05"
	}
	span, err := t.days(ctx, field)
	if err != nil {
		return err
	}
	unit := timeUnits[0]
	for i := range timeUnits {
		unit = timeUnits[i]
		if span <= unit.days && !(unit.name == "hour" && field.Type == catalog.TypeDate) {
			break
		}
	}
	name := Ident(field.Name)
	list, err := t.conn.QueryContext(ctx, fmt.Sprintf("SELECT date_trunc('%s', %s)::TIMESTAMP AS bin, count(*) FROM %s WHERE %s IS NOT NULL GROUP BY bin ORDER BY bin", unit.name, name, t.table, name))
	if err != nil {
		return err
	}
	defer list.Close()
	var at time.Time
	for list.Next() {
		var bin time.Time
		var n int64
		if err := list.Scan(&bin, &n); err != nil {
			return err
		}
		for !at.IsZero() && at.Before(bin) { // nothing in between
			c.Histogram = append(c.Histogram, catalog.Bin{From: at.Format(form), To: unit.next(at).Format(form)})
			at = unit.next(at)
		}
		at = unit.next(bin)
		c.Histogram = append(c.Histogram, catalog.Bin{From: bin.Format(form), To: at.Format(form), Count: n})
	}
	return list.Err()
}

// days is the number of days between the first and the last value.
func (t *profiled) days(ctx context.Context, field *catalog.Field) (int, error) {
	var days int
	name := Ident(field.Name)
	err := t.conn.QueryRowContext(ctx, fmt.Sprintf("SELECT date_diff('day', min(%s), max(%s)) FROM %s", name, name, t.table)).Scan(&days)
	return days, err
}
