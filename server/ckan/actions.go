package ckan

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"govdata/catalog"
)

// actions are those that can be called, by name; made by init, for help_show
// looks into them.
var actions map[string]action

func init() {
	actions = map[string]action{
		"package_list": {"Names of all datasets, sorted. limit, offset.", func(k *call) (any, error) {
			offset, limit, err := k.params.page(0)
			if err != nil {
				return nil, err
			}
			ids, err := k.Catalog.IDs()
			return cut(ids, offset, limit), err
		}},
		"current_package_list_with_resources": {"All datasets with their resources, the last that changed first. limit, offset, page.", currentPackages},
		"package_show":                        {"A dataset with its resources. id: its id or its name.", packageShow},
		"package_search": {"Search datasets. q, fq, fq_list: queries in Solr's syntax; sort: fields with asc or desc; rows (10; at most 1000), start; " +
			"facet.field: a JSON list of fields to count by, facet.limit (50, -1 for all), facet.mincount (1); fl: fields to return.", packageSearch},
		"package_autocomplete":      {"Datasets whose name or title holds a text. q, limit (10).", packageAutocomplete},
		"resource_show":             {"A download file. id.", resourceShow},
		"resource_search":           {"Search download files. query: field:term, one or a list of them; order_by, offset, limit.", resourceSearch},
		"resource_view_list":        {"The views of a resource: there are none. id.", resourceViewList},
		"resource_view_show":        {"A view of a resource: there is none. id.", noneOfThem},
		"format_autocomplete":       {"Formats of download files that hold a text. q, limit (5).", formatAutocomplete},
		"organization_list":         {"Publishers by name. sort (title asc), limit, offset, organizations, q, all_fields.", organizationList},
		"organization_show":         {"A publisher. id: its id or its name; include_datasets.", organizationShow},
		"organization_autocomplete": {"Publishers whose name or title holds a text. q, limit (20).", organizationAutocomplete},
		"organization_list_for_user": {"Publishers that the user may edit: none.", func(*call) (any, error) {
			return []any{}, nil
		}},
		"group_list":         {"Themes by name. sort (title asc), limit, offset, groups, q, all_fields.", groupList},
		"group_show":         {"A theme. id: its id or its name; include_datasets.", groupShow},
		"group_autocomplete": {"Themes whose name or title holds a text. q, limit (20).", groupAutocomplete},
		"group_package_show": {"The datasets of a theme. id, limit.", groupPackages},
		"group_list_authz": {"Themes that the user may edit: none.", func(*call) (any, error) {
			return []any{}, nil
		}},
		"member_list":                 {"The datasets of a publisher or a theme. id, object_type, capacity.", memberList},
		"tag_list":                    {"Tags by name. query, all_fields, vocabulary_id.", tagList},
		"tag_show":                    {"A tag. id: its id or its name; include_datasets.", tagShow},
		"tag_search":                  {"Tags that hold a text. query, offset, limit.", tagSearch},
		"tag_autocomplete":            {"Names of tags that hold a text. query, offset, limit.", tagAutocomplete},
		"license_list":                {"The licences of the site's datasets, and those that it knows.", licenseList},
		"vocabulary_list":             {"Vocabularies of tags: there are none.", func(*call) (any, error) { return []any{}, nil }},
		"vocabulary_show":             {"A vocabulary of tags: there is none. id.", noneOfThem},
		"package_relationships_list":  {"Relationships between datasets: there are none. id.", packageRelationships},
		"dataset_follower_count":      {"How many follow a dataset: nobody can. id.", zero},
		"group_follower_count":        {"How many follow a theme: nobody can. id.", zero},
		"organization_follower_count": {"How many follow a publisher: nobody can. id.", zero},
		"status_show":                 {"What the site is, and which version of CKAN it answers as.", statusShow},
		"site_read":                   {"Whether the site may be read: it may.", func(*call) (any, error) { return true, nil }},
		"help_show":                   {"What an action is for and what it takes. name.", helpShow},
		"datastore_search": {"Rows of a dataset. resource_id: the id of a resource or of its dataset, or the dataset's name; filters: an object with a value, a list of values, or " +
			"{gt, gte, lt, lte, eq, in} for each field; q: a text, or an object with one for each field; full_text; plain; distinct; fields; sort; limit (100; at most 32000), offset; " +
			"include_total; records_format: objects, lists, csv or tsv; include_next_page.", datastoreSearch},
		"datastore_search_sql": {"Rows by one SELECT. sql: tables are resource ids in double quotes, or names of datasets; at most 32000 rows.", datastoreSearchSQL},
		"datastore_info":       {"The fields and the size of a dataset's table. resource_id (or id).", datastoreInfo},
	}
}

// writing are the actions of CKAN that write, or that are about users. They are
// refused as CKAN refuses them to somebody without an account.
var writing = func() map[string]bool {
	names := map[string]bool{}
	for _, thing := range strings.Fields("package resource resource_view group organization member vocabulary tag user api_token package_relationship package_collaborator " +
		"group_member organization_member task_status term_translation rating activity job dataset") {
		for _, verb := range strings.Fields("create update patch delete purge") {
			names[thing+"_"+verb] = true
		}
	}
	for _, name := range strings.Fields(`api_token_list api_token_revoke bulk_update_delete bulk_update_private bulk_update_public config_option_list config_option_show config_option_update
		dashboard_activity_list dashboard_mark_activities_old dashboard_new_activities_count datastore_analyze datastore_create datastore_delete datastore_function_create datastore_function_delete
		datastore_records_delete datastore_run_triggers datastore_upsert follow_dataset follow_group follow_user get_site_user job_cancel job_clear job_list job_show member_roles_list package_collaborator_list
		package_collaborator_list_for_user package_create_default_resource_views package_owner_org_update package_resource_reorder package_revise resource_create_default_resource_views resource_view_clear
		resource_view_reorder send_email_notifications task_status_show task_status_update_many term_translation_show term_translation_update_many unfollow_dataset unfollow_group unfollow_user
		user_autocomplete user_invite user_list user_show`) {
		names[name] = true
	}
	return names
}()

// readsUsers tells which of writing only read, so that they may be asked by GET.
func readsUsers(name string) bool {
	for _, end := range []string{"_list", "_show", "_autocomplete", "_count", "_for_user"} {
		if strings.HasSuffix(name, end) {
			return true
		}
	}
	return name == "get_site_user"
}

func packageShow(k *call) (any, error) {
	name := k.params.text("id")
	if name == "" {
		var err error
		if name, err = k.params.needed("name_or_id"); err != nil {
			return nil, err
		}
	}
	r, err := k.directory.dataset(name)
	if err != nil {
		return nil, err
	}
	s, err := k.site()
	if err != nil {
		return nil, err
	}
	return s.packageDict(r), nil
}

func currentPackages(k *call) (any, error) {
	offset, limit, err := k.params.page(searchRowsMax)
	if err != nil {
		return nil, err
	}
	if page, err := k.params.natural("page", 0); err != nil {
		return nil, err
	} else if page > 0 && k.params.text("offset") == "" {
		offset = (page - 1) * limit
	}
	s, err := k.site()
	if err != nil {
		return nil, err
	}
	all, _, err := s.search(params{"sort": "metadata_modified desc"})
	if err != nil {
		return nil, err
	}
	return dicts(cut(all, offset, limit)), nil
}

func dicts(all []*found) []packageDict {
	list := []packageDict{}
	for _, f := range all {
		list = append(list, f.dict)
	}
	return list
}

func packageAutocomplete(k *call) (any, error) {
	q, err := k.params.needed("q")
	if err != nil {
		return nil, err
	}
	limit, err := k.params.natural("limit", 10)
	if err != nil {
		return nil, err
	}
	s, err := k.site()
	if err != nil {
		return nil, err
	}
	type match struct {
		Name      string `json:"name"`
		Title     string `json:"title"`
		Field     string `json:"match_field"`
		Displayed string `json:"match_displayed"`
	}
	list := []match{}
	q = strings.ToLower(q)
	for _, r := range s.all {
		name, title := string(r.Dataset.ID), r.Dataset.Title
		switch {
		case int64(len(list)) == limit:
		case strings.Contains(name, q):
			list = append(list, match{name, title.In("zh"), "name", name})
		case strings.Contains(strings.ToLower(title.Zh), q) || strings.Contains(strings.ToLower(title.En), q):
			list = append(list, match{name, title.In("zh"), "title", title.In("zh") + " (" + name + ")"})
		}
	}
	return list, nil
}

func resourceShow(k *call) (any, error) {
	id, err := k.params.needed("id")
	if err != nil {
		return nil, err
	}
	r, _, err := k.directory.resource(id)
	if err != nil {
		return nil, err
	}
	s, err := k.site()
	if err != nil {
		return nil, err
	}
	for _, f := range s.describe(r).resources {
		if strings.EqualFold(f.ID, id) {
			return f, nil
		}
	}
	return nil, missing("")
}

func resourceSearch(k *call) (any, error) {
	var pairs []string
	switch v := k.params["query"].(type) {
	case string:
		pairs = []string{v} // commas may be part of it
	default:
		var err error
		if pairs, err = k.params.list("query"); err != nil {
			return nil, err
		}
	}
	if len(pairs) == 0 {
		return nil, invalid{"query": "Missing value"}
	}
	offset, limit, err := k.params.page(0)
	if err != nil {
		return nil, err
	}
	s, err := k.site()
	if err != nil {
		return nil, err
	}
	type entry struct {
		dict   resourceDict
		values map[string]any
	}
	var all []entry
	for _, r := range s.all {
		for _, f := range s.describe(r).resources {
			b, err := marshal(f)
			if err != nil {
				return nil, err
			}
			e := entry{dict: f}
			if err := json.Unmarshal(b, &e.values); err != nil {
				return nil, err
			}
			all = append(all, e)
		}
	}
	for _, p := range pairs {
		field, term, ok := strings.Cut(p, ":")
		if !ok {
			return nil, invalid{"query": "Must be <field>:<value> pair(s)"}
		}
		if len(all) > 0 {
			if _, known := all[0].values[field]; !known {
				return nil, invalid{"query": "Field \"" + field + "\" not recognised in resource_search."}
			}
		}
		term = strings.ToLower(term)
		all = slices.DeleteFunc(all, func(e entry) bool {
			have := strings.ToLower(textOf(e.values[field]))
			switch e.values[field].(type) {
			case string:
				if field == "hash" {
					return !strings.HasPrefix(have, term) && !strings.HasPrefix(strings.TrimPrefix(have, "sha256:"), term)
				}
				return !strings.Contains(have, term)
			}
			return have != term
		})
	}
	if by := k.params.text("order_by"); by != "" {
		slices.SortStableFunc(all, func(a, b entry) int { return cmp.Compare(textOf(a.values[by]), textOf(b.values[by])) })
	}
	results := []resourceDict{}
	for _, e := range cut(all, offset, limit) {
		results = append(results, e.dict)
	}
	return map[string]any{"count": len(all), "results": results}, nil
}

func resourceViewList(k *call) (any, error) {
	id, err := k.params.needed("id")
	if err != nil {
		return nil, err
	}
	_, _, err = k.directory.resource(id)
	return []any{}, err
}

func noneOfThem(k *call) (any, error) {
	if _, err := k.params.needed("id"); err != nil {
		return nil, err
	}
	return nil, missing("")
}

func packageRelationships(k *call) (any, error) {
	id, err := k.params.needed("id")
	if err != nil {
		return nil, err
	}
	_, err = k.directory.dataset(id)
	return []any{}, err
}

func zero(k *call) (any, error) {
	_, err := k.params.needed("id")
	return 0, err
}

func formatAutocomplete(k *call) (any, error) {
	limit, err := k.params.natural("limit", 5)
	if err != nil {
		return nil, err
	}
	names := []string{}
	for _, f := range files() {
		name := strings.ToLower(formatName(f.Ext))
		if strings.Contains(name, strings.ToLower(k.params.text("q"))) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return cut(names, 0, max(limit, 1)), nil
}

func organizationList(k *call) (any, error) {
	s, err := k.site()
	if err != nil {
		return nil, err
	}
	return s.listOrganizations(k.params, s.organizations, true)
}

func groupList(k *call) (any, error) {
	s, err := k.site()
	if err != nil {
		return nil, err
	}
	return s.listOrganizations(k.params, s.groups, false)
}

func (s *site) listOrganizations(p params, list []*organization, isOrganization bool) (any, error) {
	offset, limit, err := p.page(0)
	if err != nil {
		return nil, err
	}
	order := cmp.Or(p.text("sort"), p.text("order_by"), "title asc")
	if err := sortOrganizations(list, order); err != nil {
		return nil, err
	}
	for _, param := range []string{"groups", "organizations"} {
		names, err := p.list(param)
		if err != nil {
			return nil, err
		}
		if len(names) > 0 {
			list = slices.DeleteFunc(list, func(o *organization) bool { return !slices.Contains(names, o.name) && !slices.Contains(names, o.id) })
		}
	}
	if q := p.text("q"); q != "" {
		list = slices.DeleteFunc(list, func(o *organization) bool { return !o.mentions(q) })
	}
	list = cut(list, offset, limit)
	if !p.boolean("all_fields", false) {
		names := []string{}
		for _, o := range list {
			names = append(names, o.name)
		}
		return names, nil
	}
	all := []organizationDict{}
	for _, o := range list {
		d := s.organizationDict(o, isOrganization)
		n, none := len(o.published), 0
		d.PackageCount, d.NumFollowers = &n, &none
		all = append(all, d)
	}
	return all, nil
}

func (o *organization) mentions(q string) bool {
	q = strings.ToLower(strings.TrimSpace(q))
	return strings.Contains(o.name, q) || strings.Contains(strings.ToLower(o.title.Zh), q) || strings.Contains(strings.ToLower(o.title.En), q)
}

func organizationShow(k *call) (any, error) {
	return k.showOrganization(func(s *site) []*organization { return s.organizations }, true)
}

func groupShow(k *call) (any, error) {
	return k.showOrganization(func(s *site) []*organization { return s.groups }, false)
}

func (k *call) showOrganization(of func(*site) []*organization, isOrganization bool) (any, error) {
	id, err := k.params.needed("id")
	if err != nil {
		return nil, err
	}
	s, err := k.site()
	if err != nil {
		return nil, err
	}
	o, err := one(of(s), id)
	if err != nil {
		return nil, err
	}
	d := s.organizationDict(o, isOrganization)
	n, none := len(o.published), 0
	d.PackageCount, d.NumFollowers, d.Extras, d.Groups, d.Tags = &n, &none, &[]pair{}, &[]any{}, &[]any{}
	if k.params.boolean("include_datasets", false) {
		d.Packages = s.packagesOf(o)
	}
	return d, nil
}

func (s *site) packagesOf(o *organization) []packageDict {
	list := []packageDict{}
	for _, r := range o.published[:min(len(o.published), searchRowsMax)] {
		list = append(list, s.packageDict(r))
	}
	return list
}

func groupPackages(k *call) (any, error) {
	id, err := k.params.needed("id")
	if err != nil {
		return nil, err
	}
	limit, err := k.params.natural("limit", 0)
	if err != nil {
		return nil, err
	}
	s, err := k.site()
	if err != nil {
		return nil, err
	}
	g, err := one(s.groups, id)
	if err != nil {
		return nil, err
	}
	return cut(s.packagesOf(g), 0, limit), nil
}

func memberList(k *call) (any, error) {
	id, err := k.params.needed("id")
	if err != nil {
		return nil, err
	}
	s, err := k.site()
	if err != nil {
		return nil, err
	}
	o, err := one(append(slices.Clone(s.organizations), s.groups...), id)
	if err != nil {
		return nil, err
	}
	members := [][]string{}
	kind, capacity := k.params.text("object_type"), k.params.text("capacity")
	if (kind == "" || kind == "package") && (capacity == "" || capacity == "public") {
		for _, r := range o.published {
			members = append(members, []string{k.directory.packageID(r.Dataset.ID), "package", "public"})
		}
	}
	return members, nil
}

func organizationAutocomplete(k *call) (any, error) {
	return k.completeOrganization(func(s *site) []*organization { return s.organizations })
}

func groupAutocomplete(k *call) (any, error) {
	return k.completeOrganization(func(s *site) []*organization { return s.groups })
}

func (k *call) completeOrganization(of func(*site) []*organization) (any, error) {
	q, err := k.params.needed("q")
	if err != nil {
		return nil, err
	}
	limit, err := k.params.natural("limit", 20)
	if err != nil {
		return nil, err
	}
	s, err := k.site()
	if err != nil {
		return nil, err
	}
	type match struct {
		ID    string `json:"id"`
		Name  string `json:"name"`
		Title string `json:"title"`
	}
	list := []match{}
	for _, o := range of(s) {
		if o.mentions(q) && int64(len(list)) < limit {
			list = append(list, match{o.id, o.name, o.title.In("zh")})
		}
	}
	return list, nil
}

// tags are the keywords of all datasets that hold every one of words, sorted.
func (k *call) tags(words []string) (names []string, datasets map[string][]*catalog.Release, err error) {
	all, err := k.Catalog.All()
	if err != nil {
		return nil, nil, err
	}
	datasets = map[string][]*catalog.Release{}
	for _, r := range all {
		for _, name := range r.Dataset.Keywords {
			datasets[name] = append(datasets[name], r)
		}
	}
	names = []string{}
	for name := range datasets {
		if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(strings.ToLower(name), w) }) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, datasets, nil
}

// queryWords are what tags are searched for, as query or as q.
func (k *call) queryWords() ([]string, error) {
	var words []string
	for _, param := range []string{"query", "q"} {
		given, err := k.params.list(param)
		if err != nil {
			return nil, err
		}
		for _, w := range given {
			if w != "" {
				words = append(words, strings.ToLower(w))
			}
		}
		if len(words) > 0 {
			break
		}
	}
	return words, nil
}

func tagList(k *call) (any, error) {
	words, err := k.queryWords()
	if err != nil {
		return nil, err
	}
	names, _, err := k.tags(words)
	if err != nil {
		return nil, err
	}
	if k.params.text("vocabulary_id") != "" {
		return nil, missing("could not find vocabulary %q", k.params.text("vocabulary_id"))
	}
	if !k.params.boolean("all_fields", false) {
		return names, nil
	}
	return k.tagDicts(names), nil
}

func (k *call) tagDicts(names []string) []tagDict {
	list := []tagDict{}
	for _, name := range names {
		list = append(list, k.tagDict(name))
	}
	return list
}

func tagShow(k *call) (any, error) {
	id, err := k.params.needed("id")
	if err != nil {
		return nil, err
	}
	names, datasets, err := k.tags(nil)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if name != id && k.directory.id("tag", name) != id {
			continue
		}
		tag := k.tagDict(name)
		if k.params.boolean("include_datasets", false) {
			s, err := k.site()
			if err != nil {
				return nil, err
			}
			tag.Packages = s.packagesOf(&organization{published: datasets[name]})
		}
		return tag, nil
	}
	return nil, missing("")
}

func (k *call) searchTags() (names []string, count int, err error) {
	words, err := k.queryWords()
	if err != nil {
		return nil, 0, err
	}
	offset, limit, err := k.params.page(0)
	if err != nil || len(words) == 0 || k.params.text("vocabulary_id") != "" {
		return []string{}, 0, err
	}
	if names, _, err = k.tags(words); err != nil {
		return nil, 0, err
	}
	return cut(names, offset, limit), len(names), nil
}

func tagSearch(k *call) (any, error) {
	names, count, err := k.searchTags()
	return map[string]any{"count": count, "results": k.tagDicts(names)}, err
}

func tagAutocomplete(k *call) (any, error) {
	names, _, err := k.searchTags()
	return names, err
}

func licenseList(k *call) (any, error) {
	all, err := k.Catalog.All()
	if err != nil {
		return nil, err
	}
	ids := map[string]bool{}
	for id := range licences {
		ids[id] = true
	}
	for _, r := range all {
		ids[r.Dataset.Licence] = true
	}
	list := []licence{}
	for id := range ids {
		list = append(list, licenceOf(id))
	}
	slices.SortFunc(list, func(a, b licence) int { return cmp.Compare(a.ID, b.ID) })
	return list, nil
}

func statusShow(k *call) (any, error) {
	return map[string]any{"ckan_version": version, "site_title": k.Site.Title.In("zh"), "site_description": k.Site.Subtitle.In("zh"), "site_url": k.Base(k.c),
		"error_emails_to": nil, "locale_default": "zh_Hans_CN", "extensions": []string{"datastore"}}, nil
}

func helpShow(k *call) (any, error) {
	name, err := k.params.needed("name")
	if err != nil {
		return nil, err
	}
	if known, ok := actions[name]; ok {
		return known.help, nil
	}
	if writing[name] {
		return "Not here: " + nothingIsWritten + ".", nil
	}
	return nil, missing("Action function not found")
}
