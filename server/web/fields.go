package web

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"govdata/catalog"
)

// fieldRow is a field, what its values mean and how they are spread.
type fieldRow struct {
	catalog.Field
	// Column is its profile, nil where the release has none that the reader may have.
	Column *catalog.ColumnProfile
	Filled float64
	// Spread are the bins of its histogram, Top its frequent values.
	Spread *spread
	Top    []barRow
	// TopOf is of how many values the frequent ones are.
	TopOf int64
	Marks []choice
}

// spread is a histogram.
type spread struct {
	From, To, Summary string
	// Bars draws one bar a bin, as the d of a path.
	Bars string
}

// topShown are the frequent values shown of a field.
const topShown = 3

const (
	sparkWidth  = 160.0
	sparkHeight = 40.0
)

func (v *datasetPage) fieldRows() []fieldRow {
	profile := map[string]*catalog.ColumnProfile{}
	if v.Profile != nil {
		for i := range v.Profile.Columns {
			profile[v.Profile.Columns[i].Name] = &v.Profile.Columns[i]
		}
	}
	var rows []fieldRow
	for _, f := range v.Release.Dataset.Public() {
		row := fieldRow{Field: f, Column: profile[f.Name]}
		if c := row.Column; c != nil && v.Profile.Rows > 0 {
			row.Filled = 1 - float64(c.Nulls)/float64(v.Profile.Rows)
			row.Spread = v.spread(&f, c)
			if row.Spread == nil {
				row.Top, row.TopOf = v.top(&f, c), c.Distinct
			}
			row.Marks = v.marks(&f, c)
		}
		rows = append(rows, row)
	}
	return rows
}

// spread draws the histogram of a column, nil where it has none.
func (v *datasetPage) spread(f *catalog.Field, c *catalog.ColumnProfile) *spread {
	if len(c.Histogram) < 2 {
		return nil
	}
	most, at := int64(1), c.Histogram[0]
	for _, b := range c.Histogram {
		if b.Count > most {
			most, at = b.Count, b
		}
	}
	s := &spread{From: v.Value(f, c.Min), To: v.Value(f, c.Max)}
	s.Summary = v.T("spread_summary", "Field", v.In(f.Title), "From", s.From, "To", s.To, "Count", at.Count, "Low", v.Value(f, at.From), "High", v.Value(f, at.To))
	each := sparkWidth / float64(len(c.Histogram))
	var bars strings.Builder
	for i, b := range c.Histogram {
		if b.Count == 0 {
			continue
		}
		height := math.Max(1, sparkHeight*float64(b.Count)/float64(most))
		fmt.Fprintf(&bars, "M%s %sv-%sh%sv%s", px(each*float64(i)), px(sparkHeight), px(height), px(math.Max(1, each-1)), px(height))
	}
	s.Bars = bars.String()
	return s
}

// top are the frequent values of a column. Each leads to its rows.
func (v *datasetPage) top(f *catalog.Field, c *catalog.ColumnProfile) []barRow {
	if len(c.Top) == 0 || c.Top[0].Count < 2 && c.Distinct > topShown {
		return nil // every value is another one, or nearly
	}
	var rows []barRow
	for _, one := range c.Top[:min(topShown, len(c.Top))] {
		rows = append(rows, barRow{Label: v.Value(f, one.Value), Text: v.Number(one.Count), Href: v.To("", "is."+f.Name, one.Value) + "#data",
			Share: px(100 * float64(one.Count) / float64(v.Profile.Rows))})
		if f.Semantic == catalog.Region {
			rows[len(rows)-1].Label = v.regionName(one.Value)
		}
		if f.Type == catalog.TypeInteger || strings.HasPrefix(string(f.Type), "decimal") || f.Type == catalog.TypeTimestamp {
			rows[len(rows)-1].Href = ""
		}
	}
	return rows
}

// marks are figures of a column in words.
func (v *datasetPage) marks(f *catalog.Field, c *catalog.ColumnProfile) []choice {
	var marks []choice
	add := func(label, value string) {
		if value != "" {
			marks = append(marks, choice{Label: label, Value: value})
		}
	}
	distinct := v.Number(c.Distinct)
	if !c.DistinctExact {
		distinct = v.T("about", "N", distinct)
	}
	add(v.T("distinct"), distinct)
	if c.Mean != nil {
		for _, q := range c.Quantiles {
			if q.P == .5 {
				add(v.T("median"), v.Value(f, q.Value))
			}
		}
		add(v.T("mean"), v.Amount(math.Round(*c.Mean*100)/100))
		if _, _, decimal := f.Type.Decimal(); decimal {
			add(v.T("sum"), v.Value(f, c.Sum))
		}
	}
	if c.ShortestText != nil && c.LongestText != nil && *c.LongestText > 0 {
		lengths := strconv.FormatInt(*c.ShortestText, 10)
		if *c.ShortestText != *c.LongestText {
			lengths += "–" + strconv.FormatInt(*c.LongestText, 10)
		}
		add(v.T("length"), lengths)
	}
	return marks
}

// Masking says what happened to a column's values before they became public.
func (v *view) Masking(p catalog.Privacy) string {
	switch p {
	case catalog.PrivacyName:
		return v.T("masking_name")
	case catalog.PrivacyID:
		return v.T("masking_id")
	case catalog.PrivacyPhone:
		return v.T("masking_phone")
	case catalog.PrivacyBank:
		return v.T("masking_bank")
	case catalog.PrivacyAddress:
		return v.T("masking_address")
	case catalog.PrivacyParty:
		return v.T("masking_party")
	case catalog.PrivacyFree:
		return v.T("masking_free")
	case catalog.PrivacyContact:
		return v.T("masking_contact")
	case catalog.PrivacyHidden:
		return v.T("masking_hidden")
	}
	return ""
}

// TypeName is what people call a type.
func (v *view) TypeName(t catalog.Type) string {
	switch t {
	case catalog.TypeText:
		return v.T("type_text")
	case catalog.TypeInteger:
		return v.T("type_integer")
	case catalog.TypeDate:
		return v.T("type_date")
	case catalog.TypeTimestamp:
		return v.T("type_timestamp")
	case catalog.TypeBoolean:
		return v.T("type_boolean")
	}
	if _, scale, ok := t.Decimal(); ok {
		return v.T("type_decimal", "Scale", scale)
	}
	return string(t)
}
