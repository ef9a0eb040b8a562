package ingest

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"

	"govdata/catalog"
	"govdata/ingest/decode"
)

// Decision is something that was told from the bytes and could be otherwise.
type Decision struct {
	// What is charset, delimiter, header, table or type.
	What string `json:"what"`
	// Table and Column say where, as inspect counts tables; 0 and empty: the file.
	Table  int    `json:"table,omitempty"`
	Column string `json:"column,omitempty"`
	Chosen string `json:"chosen"`
	// Sure is from 0 to 1. Of decisions that are less sure more are wrong; it is
	// no probability.
	Sure float64 `json:"sure"`
	// Instead are the other choices, the likeliest first, and Flag settles it.
	Instead []string `json:"instead,omitempty"`
	Flag    string   `json:"flag,omitempty"`
}

// undecidedBytes bounds how large a file is read again for what else it could be.
const undecidedBytes = 1 << 20

// Decisions lists what was decided of the file, its tables and columns, the
// least sure first.
func (in *Inspection) Decisions() []Decision {
	var all []Decision
	if stat, err := os.Stat(in.path); err == nil && stat.Size() <= undecidedBytes && len(in.Info.Container) == 0 {
		if in.Info.Charset != "" {
			all = append(all, in.charset())
		}
		if in.Info.Format == "csv" && in.Info.Delimiter != "" {
			all = append(all, in.delimiter())
		}
	}
	for i, t := range in.Tables {
		if t.Unreadable != "" {
			continue
		}
		header := "none"
		if n := len(t.Header); n > 0 {
			header = catalog.Lines{First: t.Header[0], Last: t.Header[n-1]}.String()
		}
		if !in.Info.Headed() {
			all = append(all, Decision{What: "header", Table: i + 1, Chosen: header, Sure: t.Sure, Instead: t.Instead, Flag: "--header"})
		}
		for j := range t.Columns {
			if c := &t.Columns[j]; c.Header != "" && !c.Index {
				all = append(all, c.decision(i+1))
			}
		}
	}
	if d, ok := in.table(); ok {
		all = append(all, d)
	}
	slices.SortStableFunc(all, func(a, b Decision) int {
		switch {
		case a.Sure < b.Sure:
			return -1
		case a.Sure > b.Sure:
			return 1
		}
		return 0
	})
	return all
}

// table is the choice among several tables.
func (in *Inspection) table() (Decision, bool) {
	chosen, err := in.choose(0)
	if err != nil || len(in.Tables) < 2 {
		return Decision{}, false
	}
	d := Decision{What: "table", Flag: "--table"}
	rows, most := int64(0), int64(0)
	var names []string
	for i, t := range in.Tables {
		if slices.Contains(chosen, t) {
			rows += t.Rows
			names = append(names, fmt.Sprint(i+1))
		} else if t.Rows > 0 {
			most = max(most, t.Rows)
			d.Instead = append(d.Instead, fmt.Sprint(i+1))
		}
	}
	d.Chosen, d.Sure = strings.Join(names, "+"), float64(rows-most)/float64(rows+most+2)
	return d, true
}

// decision is that of a column's type: few values say little.
func (c *InspectedColumn) decision(table int) Decision {
	values := c.values()
	d := Decision{What: "type", Table: table, Column: c.Header, Chosen: string(c.Type), Sure: float64(values) / float64(values+3)}
	if c.Type != catalog.TypeText {
		d.Instead = []string{string(catalog.TypeText)}
	} else if c.numbers > 0 && c.numbers < values {
		d.Sure *= 0.3 + 0.7*float64(values-c.numbers)/float64(values)
		d.Instead = []string{"a number, with remarks"}
	}
	return d
}

// charset compares the character set with the others in which the bytes are text.
func (in *Inspection) charset() Decision {
	d := Decision{What: "charset", Chosen: in.Info.Charset, Sure: 1, Flag: "--charset"}
	if in.layout.Charset != "" {
		return d
	}
	data, err := os.ReadFile(in.path)
	if err != nil {
		return d
	}
	high := 0
	for _, b := range data {
		if b >= 0x80 {
			high++
		}
	}
	if high == 0 || strings.HasPrefix(in.Info.Evidence, "byte order mark") {
		return d // every one reads it alike, or the file says so itself
	}
	for _, other := range []string{"utf-8", "gb18030", "big5", "shift_jis", "windows-1252"} {
		if other == in.Info.Charset {
			continue
		}
		s, err := decode.Open(in.path, in.Name, decode.Options{Charset: other})
		if err != nil {
			continue
		}
		if info := s.Info(); info.Undecodable == 0 && info.Charset == other {
			d.Instead = append(d.Instead, other)
		}
		s.Close()
	}
	n := float64(high)
	switch {
	case in.Info.Undecodable > 0:
		d.Sure = 0.5
	case in.Info.Charset == "utf-8":
		d.Sure = 1 - math.Pow(0.5, n/3) // chance text is hardly ever UTF-8
	case len(d.Instead) > 0:
		d.Sure = n / (n + 60)
	default:
		d.Sure = n / (n + 12)
	}
	return d
}

// delimiter compares the delimiter with the others that part the first rows.
func (in *Inspection) delimiter() Decision {
	d := Decision{What: "delimiter", Chosen: in.Info.Delimiter, Sure: 1, Flag: "--delimiter"}
	if in.layout.Delimiter != "" {
		return d
	}
	chosen, rows := in.parts(in.Info.Delimiter)
	best := 0.0
	for _, other := range []string{",", ";", "\t", "|"} {
		if other == in.Info.Delimiter {
			continue
		}
		if share, _ := in.parts(other); share > 0.3 {
			d.Instead = append(d.Instead, other)
			best = max(best, share)
		}
	}
	n := float64(rows)
	d.Sure = n / (n + 1) * chosen / (chosen + best + 0.01)
	return d
}

// parts is the share of the first rows with the most frequent number of cells,
// where that is more than one, and how many rows were looked at.
func (in *Inspection) parts(delimiter string) (share float64, rows int) {
	s, err := decode.Open(in.path, in.Name, decode.Options{Charset: in.Info.Charset, Delimiter: delimiter})
	if err != nil || len(s.Tables()) == 0 {
		return 0, 0
	}
	defer s.Close()
	counts, most := map[int]int{}, 0
	for rows < 200 {
		r, err := s.Tables()[0].Next()
		if errors.Is(err, io.EOF) || err != nil {
			break
		}
		rows++
		if n := len(r.Cells); n > 1 {
			counts[n]++
			most = max(most, counts[n])
		}
	}
	return float64(most) / float64(max(1, rows)), rows
}

// decisions tells the less sure ones in words.
func (p *printer) decisions(depth int, all []Decision) {
	const most = 10
	n := 0
	for _, d := range all {
		few := d.What == "type" && d.Chosen != string(catalog.TypeText)        // few values alone are no news
		if d.Sure >= 0.9 || len(d.Instead) == 0 || few || d.What == "header" { // which stands with its table
			continue
		}
		if n++; n > most {
			break
		}
		what := decisionNames[d.What].In(p.lang)
		if d.Column != "" {
			what = p.in("列“"+d.Column+"”的", fmt.Sprintf("column %q: ", d.Column)) + what
		}
		flag := ""
		if d.Flag != "" {
			flag = p.in("；可用 "+d.Flag+" 指定", "; "+d.Flag+" settles it")
		}
		p.line(depth, "%s：%q，把握 %.0f%%；也可能是 %s%s", "%s %q, %.0f %% sure; it could also be %s%s", what, d.Chosen, d.Sure*100, quoteAll(d.Instead), flag)
	}
}

func quoteAll(texts []string) string {
	var parts []string
	for _, t := range texts {
		parts = append(parts, fmt.Sprintf("%q", t))
	}
	return strings.Join(parts, ", ")
}

var decisionNames = map[string]catalog.Text{
	"charset":   {Zh: "字符集", En: "character set"},
	"delimiter": {Zh: "分隔符", En: "delimiter"},
	"header":    {Zh: "表头", En: "header"},
	"table":     {Zh: "表", En: "table"},
	"type":      {Zh: "类型", En: "type"},
}
