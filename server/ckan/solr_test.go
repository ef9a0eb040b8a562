package ckan

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"govdata/catalog"
)

// doc is a document of fields; text is all of them.
type doc map[string]string

func (d doc) values(field string) ([]string, valueKind) {
	if field == "text" {
		var all []string
		for _, v := range d {
			all = append(all, v)
		}
		slices.Sort(all)
		return []string{strings.Join(all, "\n")}, textValue
	}
	v, ok := d[field]
	if !ok {
		return nil, exactValue
	}
	kind := map[string]valueKind{"title": textValue, "metadata_modified": timeValue, "num_resources": numberValue}[field]
	return strings.Split(v, "|"), kind
}

func (d doc) mentions(text string) bool {
	all, _ := d.values("text")
	return strings.Contains(strings.ToLower(all[0]), text)
}

var budgets = doc{"name": "budgets", "title": "财政预决算 Budgets of Gansu", "organization": "finance", "tags": "预算|public money", "res_format": "CSV|XLSX",
	"metadata_modified": "2026-03-05T10:20:30.000000", "num_resources": "8", "odd:name": "a(b)"}

func TestAQueryMeansWhatSolrMeans(t *testing.T) {
	now = func() time.Time { return time.Date(2026, 3, 7, 12, 0, 0, 0, time.UTC) }
	defer func() { now = time.Now }()
	for query, want := range map[string]bool{
		"":                                    true,
		"*:*":                                 true,
		"*":                                   true,
		"budgets":                             true,
		"BUDGETS gansu":                       true,
		"budgets nothing":                     false,
		"预决算":                                 true,
		`"of Gansu"`:                          true,
		`"Gansu of"`:                          false,
		"name:budgets":                        true,
		"name:budget":                         false,
		"name:budget*":                        true,
		"name:b?dgets":                        true,
		"name:b?gets":                         false,
		"name:*":                              true,
		"nothing:*":                           false,
		"-nothing:*":                          true,
		"nothing:x":                           false,
		"title:gansu":                         true,
		`title:"of gansu"`:                    true,
		"title:bud*gansu":                     true,
		`tags:"public money"`:                 true,
		`tags:public\ money`:                  true,
		"tags:public":                         false,
		`tags:("预算" OR "nothing")`:            true,
		"tags:(预算 AND nothing)":               false,
		"res_format:(CSV XLSX)":               true,
		"res_format:csv":                      true,
		"res_format:PDF OR res_format:CSV":    true,
		"res_format:PDF || res_format:CSV":    true,
		"res_format:CSV && -res_format:PDF":   true,
		"+organization:finance +name:budgets": true,
		"-organization:finance":               false,
		"!organization:finance":               false,
		"NOT organization:finance":            false,
		"NOT (organization:education OR organization:health)":        true,
		"organization:finance OR organization:health res_format:PDF": false,
		"organization:finance OR organization:health res_format:CSV": true,
		"organization:health OR organization:finance AND name:other": false,
		"(organization:health OR organization:finance) AND name:b*":  true,
		"title:budgets^2 name:budgets^0.5":                           true,
		"metadata_modified:[2026-03-01T00:00:00Z TO *]":              true,
		"metadata_modified:[2026-03-05T10:20:30.000001Z TO *]":       false,
		"metadata_modified:[* TO 2026-03-05T10:20:30Z}":              false,
		"metadata_modified:[* TO 2026-03-05T10:20:30Z]":              true,
		"metadata_modified:[NOW-7DAYS TO NOW]":                       true,
		"metadata_modified:[NOW/DAY TO NOW]":                         false,
		"metadata_modified:[NOW/MONTH-1YEAR TO NOW/YEAR+1YEAR]":      true,
		`metadata_modified:["2026-03-05T10:20:30Z" TO "2026-03-06"]`: true,
		"metadata_modified:[yesterday TO *]":                         false,
		`metadata_modified:"2026-03-05T10:20:30Z"`:                   true,
		"num_resources:[7 TO 10]":                                    true,
		"num_resources:{8 TO 10]":                                    false,
		"num_resources:8":                                            true,
		"name:[a TO c]":                                              true,
		`odd\:name:a\(b\)`:                                           true,
		"ORganization":                                               false,
		"name:OR":                                                    false,
		`tags:""`:                                                    false,
	} {
		c, err := parseQueries(query)
		if err != nil {
			t.Errorf("%s: %v", query, err)
		} else if got := c.holds(budgets); got != want {
			t.Errorf("%s: found %v", query, got)
		}
	}
}

func TestAQueryThatIsNoneSaysWhere(t *testing.T) {
	for query, want := range map[string]string{
		"title:(":                         "at character 8",
		"(a":                              "a bracket is not closed",
		"a)":                              `found ")", which closes nothing`,
		"a OR":                            "ends where a term should stand",
		"财政 AND":                          "at character 7",
		`"a`:                              "a quotation is not closed",
		"name:":                           "the field name has no value",
		"name: x":                         "the field name has no value",
		"[a TO b]":                        "a range needs its field",
		"name:[a b]":                      "a range is [low TO high]",
		"name:[a TO b":                    "a range is not closed",
		"name:[a TO ]":                    "a range is [low TO high]",
		"a~2":                             "~ is not supported",
		"a^x":                             "a boost is a number",
		`a\`:                              `\ stands before nothing`,
		":a":                              "where a term should stand",
		"\xff":                            "not valid UTF-8",
		strings.Repeat("(", 40):           "nest more than 32 deep",
		strings.Repeat("-", 40) + "a":     "more than 32 signs",
		strings.Repeat("a ", 300):         "more than 256 terms",
		strings.Repeat("a?", 20):          "more than 16 wildcards",
		strings.Repeat("a", queryBytes+1): "more than 16384 bytes",
	} {
		_, err := parseQueries(query)
		var failed searchError
		if !errors.As(err, &failed) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: found %v, want %s", query, err, want)
		}
	}
	if _, err := parseQueries("name:a*b*c*d*e*f*g*h*i*", "name:a*b*c*d*e*f*g*h*i*"); err == nil {
		t.Error("wildcards are bounded for each query alone")
	}
}

func TestWordsNeedNoSyntax(t *testing.T) {
	for text, want := range map[string]bool{"budgets (gansu": true, `"budgets`: true, "-nothing gansu": true, "-gansu": false, "gansu nothing": false, " ": true} {
		if got := wordsOf(text).holds(budgets); got != want {
			t.Errorf("%s: found %v", text, got)
		}
	}
}

// Whatever is sent as a query is understood or refused, and what is understood
// can be asked.
func FuzzQuery(f *testing.F) {
	for _, seed := range []string{"", "*:*", `tags:("a b" OR c*) -d^2`, "x:[NOW-1DAY TO *}", `a\:b:\"`, "+((", "a&&!b||c", "\xff", "组织:财政", "x:{a TO \"b\"]", `\`, "a:*:b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		c, err := parseQueries(query)
		if err != nil {
			if !errors.Is(err, catalog.ErrInvalid) {
				t.Fatalf("%q: %v", query, err)
			}
			return
		}
		holds := c.holds(budgets)
		without, err := parseQueries("-(" + query + ")")
		if err == nil && strings.TrimSpace(query) != "" && without.holds(budgets) == holds {
			t.Errorf("%q holds as its opposite does: %v", query, holds)
		}
		wordsOf(query).holds(budgets)
		parseMoment(query)
	})
}
