package ingest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"govdata/catalog"
	"govdata/ingest/infer"
	"govdata/ingest/normalise"
)

// errPersonal refuses a value without repeating it.
var errPersonal = &normalise.Fault{Code: "personal_data", Want: catalog.Text{
	Zh: "不含公民身份号码等个人信息的值（本列没有脱敏规则）",
	En: "a value without the number of a person (the column has no mask)",
}}

// guard watches a field without a mask: numbers of persons do not get through.
type guard struct {
	kind   guardKind
	watch  infer.Watch
	values int64
}

type guardKind uint8

const (
	unguarded   guardKind = iota
	guardMask             // numbers are masked in the text
	guardRefuse           // a row with one is rejected: keys, codes and numbers cannot be masked
	guardCount            // numbers that have the form by chance pass
)

var codeTitle = regexp.MustCompile(`代码|编码|编号|文号|单号|号码|序号|证号|(?i)\bcode\b|\bid\b|number`)

// guardsOf returns the guards of the fields of one table.
func guardsOf(d *catalog.Dataset, t *table) []guard {
	guards := make([]guard, len(d.Fields))
	for i := range d.Fields {
		f := &d.Fields[i]
		if f.Privacy != catalog.PrivacyNone || t.source[i] < 0 {
			continue
		}
		g := &guards[i]
		_, _, decimal := f.Type.Decimal()
		switch {
		case f.Personal != nil && f.Personal.Decision == catalog.DecideKeep:
			continue
		case f.Personal != nil && f.Personal.Decision == catalog.DecideChance:
			g.kind = guardCount
		case f.Type == catalog.TypeInteger || decimal:
			g.kind = guardRefuse
		case f.Type != catalog.TypeText || len(f.Enum) > 0 || f.Pattern != "":
			continue
		case f.Semantic != "":
			continue
		case slices.Contains(d.Key, f.Name) || slices.ContainsFunc(d.References, func(r catalog.Reference) bool { return slices.Contains(r.Fields, f.Name) }) || codeTitle.MatchString(f.Title.Zh):
			g.kind = guardRefuse
		default:
			g.kind = guardMask
		}
		g.watch = infer.NewWatch(t.columns[t.source[i]].Header)
	}
	return guards
}

func (g *guard) merge(other *guard) {
	g.values += other.values
	g.watch.Merge(&other.watch)
}

// pass lets a value through, masks the numbers of persons in it, or refuses it.
func (g *guard) pass(value string) (kept string, found bool, err error) {
	g.values++
	if len(value) < 11 {
		g.watch.Add(value)
		return value, false, nil
	}
	masked := value
	if g.kind != guardCount {
		masked = normalise.MaskNumbers(value)
	}
	if masked == value {
		g.watch.Add(value)
		return value, false, nil
	}
	if g.kind == guardRefuse {
		return "", true, errPersonal
	}
	g.watch.Add(masked)
	return masked, true, nil
}

// newPersonal refuses files in which a column without a mask turns out to hold
// personal data.
func (r *run) newPersonal() error {
	d := r.dataset
	total := make([]guard, len(d.Fields))
	from := make([]Column, len(d.Fields))
	for _, t := range r.tables {
		for i := range t.guards {
			if t.guards[i].kind == unguarded {
				continue
			}
			if total[i].kind == unguarded {
				total[i].kind, total[i].watch = t.guards[i].kind, infer.NewWatch(t.columns[t.source[i]].Header)
				from[i] = t.columns[t.source[i]]
			}
			total[i].values += t.guards[i].values
			total[i].watch.MergeCells(&t.guards[i].watch)
		}
	}
	named := slices.ContainsFunc(d.Fields, func(f catalog.Field) bool {
		return f.Privacy == catalog.PrivacyName || f.Privacy == catalog.PrivacyID || f.Semantic == catalog.PersonName ||
			f.Personal != nil && (slices.Contains(f.Personal.Kinds, normalise.PersonName.String()) || slices.Contains(f.Personal.Kinds, normalise.PersonIdentity.String()))
	})
	organisations := slices.ContainsFunc(r.tables, func(t *table) bool {
		return slices.ContainsFunc(t.columns, func(c Column) bool { return namesOrganisations(c.Header) })
	})
	var lines []string
	for i := range total {
		g := &total[i]
		if g.kind == unguarded {
			continue
		}
		found, _ := g.watch.Found(g.values, d.Fields[i].Unit != "")
		found = slices.DeleteFunc(found, func(p infer.Personal) bool {
			if r.options.Inferred {
				return !counts(&p, named, organisations)
			}
			// A definition that people wrote says itself what is public; only
			// numbers that fill a column are no oversight of one row.
			return p.Header || !p.Pure || p.Kind != normalise.PersonIdentity && p.Kind != normalise.PersonMobile && p.Kind != normalise.PersonBank
		})
		if len(found) == 0 {
			continue
		}
		c := PersonalColumn{Column: from[i].Column, Header: hideText(from[i].Header), Field: d.Fields[i].Name, Values: g.values, Found: found}
		r.report.Personal = append(r.report.Personal, c)
		lines = append(lines, fmt.Sprintf("column %d %q (%s): %s", c.Column, c.Header, c.Field, c.describe("en")))
	}
	if len(lines) == 0 {
		return nil
	}
	return &Refused{Why: fmt.Sprintf("personal data in columns of which the definition says nothing: %s; decide with --personal %s=mask, =drop or =keep",
		strings.Join(lines, "; "), r.report.Personal[0].Field)}
}
