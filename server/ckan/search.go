package ckan

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"govdata/catalog"
)

// found is a dataset as searches see it.
type found struct {
	site    *site
	release *catalog.Release
	dict    packageDict
	// all is every text of it in lower case, made when it is first asked for.
	all string
	// score says how well it answers.
	score float32
}

func (f *found) mentions(text string) bool {
	if f.all == "" {
		values, _ := f.values("text")
		f.all = strings.ToLower(values[0])
	}
	return strings.Contains(f.all, text)
}

func (f *found) values(field string) ([]string, valueKind) {
	p := &f.dict
	o := f.site.byDataset[f.release.Dataset.ID]
	switch field {
	case "id", "index_id":
		return []string{p.ID}, exactValue
	case "name":
		return []string{p.Name}, exactValue
	case "name_ngram":
		return []string{p.Name}, textValue
	case "title", "title_ngram":
		return []string{p.Title, p.TitleTranslated.En}, textValue
	case "title_string":
		return []string{p.Title}, exactValue
	case "notes":
		return []string{p.Notes, p.NotesTranslated.En}, textValue
	case "author", "maintainer":
		return []string{p.Author, o.title.En}, textValue
	case "author_email", "maintainer_email":
		return []string{p.MaintainerEmail}, textValue
	case "organization":
		return []string{o.name, o.id, o.title.Zh, o.title.En}, exactValue
	case "owner_org":
		return []string{o.id}, exactValue
	case "groups":
		var names []string
		for _, g := range p.Groups {
			names = append(names, g.Name, g.ID, g.Title)
		}
		return names, exactValue
	case "tags":
		return f.release.Dataset.Keywords, exactValue
	case "license_id", "license":
		return []string{p.LicenseID, p.LicenseTitle}, exactValue
	case "isopen":
		return []string{strconv.FormatBool(p.IsOpen)}, exactValue
	case "private":
		return []string{"false"}, exactValue
	case "capacity":
		return []string{"public"}, exactValue
	case "state":
		return []string{p.State}, exactValue
	case "type", "dataset_type":
		return []string{p.Type}, exactValue
	case "entity_type":
		return []string{"package"}, exactValue
	case "site_id":
		return []string{"default"}, exactValue
	case "url", "version":
		return []string{map[string]string{"url": p.URL, "version": p.Version}[field]}, exactValue
	case "metadata_created":
		return []string{p.MetadataCreated}, timeValue
	case "metadata_modified":
		return []string{p.MetadataModified}, timeValue
	case "num_resources":
		return []string{strconv.Itoa(p.NumResources)}, numberValue
	case "num_tags":
		return []string{strconv.Itoa(p.NumTags)}, numberValue
	case "res_format", "res_name", "res_description", "res_url":
		var values []string
		for _, r := range p.Resources {
			values = append(values, map[string]string{"res_format": r.Format, "res_name": r.Name, "res_description": r.Description, "res_url": r.URL}[field])
		}
		return values, map[bool]valueKind{true: exactValue, false: textValue}[field == "res_format" || field == "res_url"]
	case "text":
		d := &f.release.Dataset
		texts := []string{p.ID, p.Name, p.Title, p.TitleTranslated.En, p.Notes, p.NotesTranslated.En, p.LicenseID, p.LicenseTitle, o.name, o.title.Zh, o.title.En}
		for _, g := range p.Groups {
			texts = append(texts, g.Name, g.Title, g.Description)
		}
		for _, e := range p.Extras {
			texts = append(texts, e.Value)
		}
		for _, r := range p.Resources {
			texts = append(texts, r.Format, r.Name)
		}
		for _, field := range d.Public() {
			texts = append(texts, field.Name, field.Title.Zh, field.Title.En)
		}
		return []string{strings.Join(append(texts, d.Keywords...), "\n")}, textValue
	}
	// Solr takes any other name for a field that nothing has.
	for _, e := range p.Extras {
		if e.Key == strings.TrimPrefix(field, "extras_") {
			return []string{e.Value}, textValue
		}
	}
	return nil, exactValue
}

// searchParams are those of package_search. The ones behind fl weigh how Solr
// ranks; they are taken, and the ranking here is the platform's own.
var searchParams = []string{"q", "fq", "fq_list", "rows", "start", "sort", "facet", "facet.field", "facet.limit", "facet.mincount", "fl",
	"include_drafts", "include_private", "include_deleted", "use_default_schema", "extras", "qf", "wt", "bf", "boost", "tie", "defType", "mm", "df"}

const (
	searchRows    = 10
	searchRowsMax = 1000
	// facetFieldsMax bounds by how many fields one search counts.
	facetFieldsMax = 50
)

// packageSearch is package_search.
func packageSearch(k *call) (any, error) {
	var unknown []string
	for _, name := range k.params.unknown(searchParams...) {
		if !strings.HasPrefix(name, "ext_") {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) > 0 {
		return nil, queryError(fmt.Sprintf("\"Invalid search parameters: ['%s']\"", strings.Join(unknown, "', '")))
	}
	rows, err := k.params.natural("rows", searchRows)
	if err != nil {
		return nil, err
	}
	start, err := k.params.natural("start", 0)
	if err != nil {
		return nil, err
	}
	fields, err := k.facetFields()
	if err != nil {
		return nil, err
	}
	limit, err := k.params.integer("facet.limit", 50)
	if err != nil {
		return nil, err
	}
	least, err := k.params.natural("facet.mincount", 1)
	if err != nil {
		return nil, err
	}
	fl, err := k.params.list("fl")
	if err != nil {
		return nil, err
	}
	if len(fl) == 1 {
		fl = strings.Fields(fl[0])
	}
	s, err := k.site()
	if err != nil {
		return nil, err
	}
	all, order, err := s.search(k.params)
	if err != nil {
		return nil, err
	}
	counts, described := map[string]map[string]int{}, map[string]any{}
	if k.params.boolean("facet", true) {
		for _, field := range fields {
			counts[field], described[field] = s.facet(all, field, limit, least)
		}
	}
	results := []any{}
	if rows = min(rows, searchRowsMax); rows > 0 {
		for _, f := range cut(all, start, rows) {
			one, err := pick(f.dict, fl)
			if err != nil {
				return nil, err
			}
			results = append(results, one)
		}
	}
	return map[string]any{"count": len(all), "results": results, "sort": order, "facets": counts, "search_facets": described}, nil
}

// search finds the datasets that q, fq and fq_list mean, in the order of sort,
// which it returns.
func (s *site) search(p params) (all []*found, order string, err error) {
	q := strings.TrimSpace(p.text("q"))
	filters, err := p.list("fq_list")
	if err != nil {
		return nil, "", err
	}
	filter, err := parseQueries(append([]string{p.text("fq")}, filters...)...)
	if err != nil {
		return nil, "", err
	}
	var asked condition = everything{}
	switch {
	case q == "" || q == `""` || q == "''":
	case strings.Contains(q, ":") || strings.ContainsAny(q, `*?"(`):
		if asked, err = parseQueries(q); err != nil && !strings.Contains(q, ":") {
			asked, err = wordsOf(q), nil
		}
	default:
		asked = wordsOf(q)
	}
	if err != nil {
		return nil, "", err
	}
	// What the conditions let through is ranked as the catalog's own search does;
	// what that does not know as words (a field, a pattern) has no rank.
	scores := map[catalog.ID]float32{}
	if answer, err := s.Catalog.Search(catalog.Query{Text: q}); err == nil {
		for _, h := range answer.Hits {
			scores[h.Release.Dataset.ID] = h.Score
		}
	}
	for _, r := range s.all {
		f := &found{site: s, release: r, dict: s.packageDict(r)}
		if filter.holds(f) && asked.holds(f) {
			f.score = scores[r.Dataset.ID]
			all = append(all, f)
		}
	}
	if order = strings.TrimSpace(p.text("sort")); order == "" || order == "rank" {
		order = "score desc, metadata_modified desc"
	}
	return all, order, sortFound(all, order)
}

// sortFound sorts by fields with asc or desc behind each, then by name.
func sortFound(all []*found, order string) error {
	var by []func(a, b *found) int
	for term := range strings.SplitSeq(order, ",") {
		words := strings.Fields(term)
		if len(words) != 2 || words[1] != "asc" && words[1] != "desc" {
			return queryError("'Invalid \"sort\" parameter'")
		}
		compare, err := orderOf(words[0])
		if err != nil {
			return err
		}
		if words[1] == "desc" {
			asc := compare
			compare = func(a, b *found) int { return asc(b, a) }
		}
		by = append(by, compare)
	}
	slices.SortStableFunc(all, func(a, b *found) int {
		for _, compare := range by {
			if n := compare(a, b); n != 0 {
				return n
			}
		}
		return cmp.Compare(a.dict.Name, b.dict.Name)
	})
	return nil
}

func orderOf(field string) (func(a, b *found) int, error) {
	switch field {
	case "score":
		return func(a, b *found) int { return cmp.Compare(a.score, b.score) }, nil
	case "views_total", "views_recent":
		// Nobody is counted here, so that all have been seen as often.
		return func(a, b *found) int { return 0 }, nil
	case "num_resources":
		return func(a, b *found) int { return cmp.Compare(a.dict.NumResources, b.dict.NumResources) }, nil
	case "id", "name", "title", "title_string", "metadata_created", "metadata_modified", "organization", "license_id", "author", "notes", "version", "state", "type", "url", "owner_org":
		return func(a, b *found) int {
			x, _ := a.values(field)
			y, _ := b.values(field)
			return strings.Compare(x[0], y[0])
		}, nil
	}
	return nil, queryError("'Invalid \"sort\" parameter'")
}

// facetFields reads facet.field, which is a list or the JSON text of one.
func (k *call) facetFields() ([]string, error) {
	v := k.params["facet.field"]
	if text, ok := v.(string); ok {
		if text == "" {
			return nil, nil
		}
		var list []any
		if json.Unmarshal([]byte(text), &list) != nil {
			return nil, bad("facet.field", "Could not parse as valid JSON")
		}
		v = list
	}
	fields, err := params{"facet.field": v}.list("facet.field")
	if err == nil && len(fields) > facetFieldsMax {
		err = bad("facet.field", "at most %d fields", facetFieldsMax)
	}
	return fields, err
}

// facet counts all by the values of a field, as Solr does and as CKAN gives it.
func (s *site) facet(all []*found, field string, limit, least int64) (map[string]int, any) {
	counts := map[string]int{}
	for _, f := range all {
		for _, v := range f.facetValues(field) {
			counts[v]++
		}
	}
	type item struct {
		Name    string `json:"name"`
		Display string `json:"display_name"`
		Count   int    `json:"count"`
	}
	items := []item{}
	for name, n := range counts {
		if int64(n) < least {
			delete(counts, name)
			continue
		}
		items = append(items, item{name, s.displayName(field, name), n})
	}
	slices.SortFunc(items, func(a, b item) int { return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Name, b.Name)) })
	if limit >= 0 && int64(len(items)) > limit {
		for _, left := range items[limit:] {
			delete(counts, left.Name)
		}
		items = items[:limit]
	}
	slices.SortFunc(items, func(a, b item) int { return cmp.Or(cmp.Compare(b.Display, a.Display), cmp.Compare(a.Name, b.Name)) })
	return counts, map[string]any{"title": field, "items": items}
}

// facetValues are the names by which a dataset is counted, each once.
func (f *found) facetValues(field string) []string {
	values, _ := f.values(field)
	switch field {
	case "organization", "license_id", "title":
		values = values[:1]
	case "groups":
		values = nil
		for _, g := range f.dict.Groups {
			values = append(values, g.Name)
		}
	}
	values = slices.Clone(values)
	slices.Sort(values)
	return slices.Compact(values)
}

func (s *site) displayName(field, name string) string {
	switch field {
	case "organization":
		if o, err := one(s.organizations, name); err == nil {
			return o.title.In("zh")
		}
	case "groups":
		if g, err := one(s.groups, name); err == nil {
			return g.title.In("zh")
		}
	case "license_id":
		return licenceOf(name).Title
	}
	return name
}

// pick leaves of a dataset the fields that fl names; all where it names none.
func pick(p packageDict, fl []string) (any, error) {
	if len(fl) == 0 || slices.Contains(fl, "*") {
		return p, nil
	}
	b, err := marshal(p)
	if err != nil {
		return nil, err
	}
	whole := map[string]json.RawMessage{}
	if err := json.Unmarshal(b, &whole); err != nil {
		return nil, fmt.Errorf("ckan: %w", err)
	}
	for _, e := range p.Extras {
		value, err := marshal(e.Value)
		if err != nil {
			return nil, err
		}
		whole["extras_"+e.Key], whole[e.Key] = value, value
	}
	some := map[string]json.RawMessage{}
	for _, name := range fl {
		if v, ok := whole[name]; ok {
			some[name] = v
		}
	}
	return some, nil
}
