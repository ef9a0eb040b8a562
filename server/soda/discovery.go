package soda

import (
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"govdata/catalog"
)

// discoveryLimit is how many results a page has that asks for no number.
const discoveryLimit = 100

// discoveryParams are the parameters of /api/catalog/v1 that mean something here.
var discoveryParams = []string{"ids", "domains", "search_context", "names", "categories", "tags", "only", "types", "attribution", "license", "column_names", "q", "min_should_match",
	"provenance", "visibility", "public", "published", "derived", "explicitly_hidden", "approval_status", "order", "limit", "offset", "scroll_id", "show_visibility"}

// discover answers /api/catalog/v1, the Discovery API.
func (f *face) discover(c *gin.Context) error {
	began := time.Now()
	values, err := allow(c, discoveryParams...)
	if err != nil {
		return err
	}

	if domains := values["domains"]; len(domains) > 0 && !slices.ContainsFunc(domains, func(d string) bool { return f.isDomain(c, d) }) {
		return &Fault{http.StatusNotFound, "not-found", "Domain not found: " + clip(strings.Join(domains, ", ")), map[string]any{}}
	}
	limit, err := pageNumber(values, "limit", discoveryLimit)
	if err != nil {
		return err
	}
	offset, err := pageNumber(values, "offset", 0)
	if err != nil {
		return err
	}
	answer, err := f.Catalog.Search(catalog.Query{Text: values.Get("q"), Lang: f.Lang(c)})
	if err != nil {
		return err
	}
	var found []*catalog.Release
	for _, h := range answer.Hits {
		if matches(h.Release, values) {
			found = append(found, h.Release)
		}
	}
	if err := f.sort(found, values.Get("order"), f.Lang(c)); err != nil {
		return err
	}
	scrolled := values.Get("scroll_id")
	if scrolled != "" {
		i := slices.IndexFunc(found, func(r *catalog.Release) bool { return FourByFour(r.Dataset.ID) == scrolled })
		found = found[i+1:]
	}
	results := []gin.H{}
	for i := offset; i < min(offset+limit, int64(len(found))); i++ {
		results = append(results, f.result(c, found[i]))
	}
	took := time.Since(began).Milliseconds()
	return metadata(c, gin.H{"results": results, "resultSetSize": len(found), "timings": gin.H{"serviceMillis": took, "searchMillis": []int64{took}}, "warnings": []string{}})
}

func pageNumber(values url.Values, name string, otherwise int64) (int64, error) {
	if !values.Has(name) {
		return otherwise, nil
	}
	n, err := strconv.ParseInt(values.Get(name), 10, 32)
	if err != nil || n < 0 || n > 10_000 {
		return 0, badParameter(name, "found %q, want a number from 0 to 10000", clip(values.Get(name)))
	}
	return n, nil
}

// isDomain reports whether a domain is this site, by the name under which it was
// asked or its public address.
func (f *face) isDomain(c *gin.Context, domain string) bool {
	names := []string{c.Request.Host}
	if u, err := url.Parse(f.Base(c)); err == nil {
		names = append(names, u.Host)
	}
	for _, part := range strings.Split(domain, ",") {
		for _, name := range names {
			host, _, err := net.SplitHostPort(name)
			if strings.EqualFold(part, name) || err == nil && strings.EqualFold(part, host) {
				return true
			}
		}
	}
	return false
}

// matches tells whether a dataset is what the parameters ask for. Values of one
// parameter are alternatives.
func matches(r *catalog.Release, values url.Values) bool {
	d := &r.Dataset
	is := func(name string, has ...string) bool {
		given := values[name]
		if len(given) == 0 {
			return true
		}
		for _, v := range given {
			for part := range strings.SplitSeq(v, ",") {
				if slices.ContainsFunc(has, func(h string) bool { return h != "" && strings.EqualFold(h, strings.TrimSpace(part)) }) {
					return true
				}
			}
		}
		return false
	}
	var fields []string
	for _, f := range d.Public() {
		fields = append(fields, f.Name, f.Title.Zh, f.Title.En)
	}
	kinds := []string{"dataset", "datasets", "api"}
	return is("ids", FourByFour(d.ID), string(d.ID)) && is("names", d.Title.Zh, d.Title.En) && is("categories", d.Theme) && is("tags", d.Keywords...) &&
		is("only", kinds...) && is("types", kinds...) && is("attribution", d.Publisher.Zh, d.Publisher.En) && is("license", d.Licence) &&
		is("column_names", fields...) && is("provenance", "official") && is("visibility", "open") && is("public", "true") && is("published", "true") &&
		is("derived", "false") && is("explicitly_hidden", "false") && is("approval_status", "approved")
}

// sort orders what was found: as it was found, the best first, or as asked.
func (f *face) sort(found []*catalog.Release, order, lang string) error {
	key, direction, _ := strings.Cut(strings.TrimSpace(order), " ")
	descending := strings.EqualFold(strings.TrimSpace(direction), "desc")
	if direction != "" && !descending && !strings.EqualFold(strings.TrimSpace(direction), "asc") {
		return badParameter("order", "found %q, want ASC or DESC behind it", clip(order))
	}
	var by func(a, b *catalog.Release) int
	switch key {
	case "", "relevance":
		return nil
	case "name":
		by = func(a, b *catalog.Release) int {
			return strings.Compare(a.Dataset.Title.In(lang), b.Dataset.Title.In(lang))
		}
	case "dataset_id":
		by = func(a, b *catalog.Release) int {
			return strings.Compare(FourByFour(a.Dataset.ID), FourByFour(b.Dataset.ID))
		}
	case "createdAt":
		by = func(a, b *catalog.Release) int { return f.created(a).Compare(f.created(b)) }
	case "updatedAt", "data_updated_at", "metadata_updated_at":
		by = func(a, b *catalog.Release) int { return a.PublishedAt.Compare(b.PublishedAt) }
	default:
		return badParameter("order", "found %q, want relevance, name, dataset_id, createdAt or updatedAt", clip(key))
	}
	slices.SortStableFunc(found, func(a, b *catalog.Release) int {
		if descending {
			return by(b, a)
		}
		return by(a, b)
	})
	return nil
}

// result is a dataset in the form of the Discovery API.
func (f *face) result(c *gin.Context, r *catalog.Release) gin.H {
	d, lang, base := &r.Dataset, f.Lang(c), f.Base(c)
	var names, fields, types, descriptions []string
	var forms []map[string]any
	for i, column := range columnsOf(r, lang) {
		_, label := kindOf(d.Public()[i].Type).viewName()
		names, fields, types = append(names, column.Name), append(fields, column.Field), append(types, label)
		descriptions, forms = append(descriptions, column.Description), append(forms, column.Format)
	}
	stamp := func(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
	domain := c.Request.Host
	if u, err := url.Parse(base); err == nil && u.Host != "" {
		domain = u.Host
	}
	owner := gin.H{"id": FourByFour(d.ID), "user_type": "interactive", "display_name": d.Publisher.In(lang)}
	link := base + "/datasets/" + string(d.ID)
	return gin.H{
		"resource": gin.H{
			"name": d.Title.In(lang), "id": FourByFour(d.ID), "resource_name": d.ID, "parent_fxf": []string{}, "description": d.Description.In(lang), "attribution": d.Publisher.In(lang),
			"attribution_link": nil, "contact_email": d.Contact, "type": "dataset", "createdAt": stamp(f.created(r)), "updatedAt": stamp(r.PublishedAt),
			"metadata_updated_at": stamp(r.PublishedAt), "data_updated_at": stamp(r.PublishedAt), "publication_date": stamp(f.created(r)),
			"columns_name": list(names), "columns_field_name": list(fields), "columns_datatype": list(types), "columns_description": list(descriptions), "columns_format": list(forms),
			"provenance": "official", "lens_view_type": "tabular", "lens_display_type": "table", "blob_mime_type": nil, "hide_from_data_json": false, "locked": false, "license": d.Licence,
		},
		"classification": gin.H{"categories": []string{}, "tags": []string{}, "domain_category": d.Theme, "domain_tags": list(d.Keywords), "domain_metadata": []gin.H{
			{"key": "Dataset_Release", "value": r.Release}, {"key": "Dataset_Rows", "value": strconv.FormatInt(r.Rows, 10)}, {"key": "Dataset_Openness", "value": d.Openness.Attribute},
		}},
		"metadata": gin.H{"domain": domain}, "permalink": link, "link": link, "owner": owner, "creator": owner,
	}
}
