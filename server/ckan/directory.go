package ckan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/google/uuid"

	"govdata/catalog"
)

// directory finds datasets and their files by what CKAN calls them. Its ids are
// UUIDs of version 5 (RFC 9562), made from the site's region and the dataset's id:
// the same as long as there is the dataset, and others than those of the dataset
// of this name at another site, so that one portal can harvest both.
type directory struct {
	catalog *catalog.Catalog
	region  string

	mu        sync.Mutex
	packages  map[string]catalog.ID
	resources map[string]file
}

// file is a download file of a dataset's current release.
type file struct {
	dataset catalog.ID
	format  catalog.Format
}

func newDirectory(c *catalog.Catalog, site *catalog.Site) *directory {
	return &directory{catalog: c, region: site.Region, packages: map[string]catalog.ID{}, resources: map[string]file{}}
}

// space is the namespace of all ids here.
var space = uuid.MustParse("6f1f6d6e-0f0b-5c1e-9d54-3c0a86f2f3b7")

// id is the UUID of what has a name of its kind.
func (d *directory) id(kind, name string) string {
	return uuid.NewSHA1(space, []byte(d.region+"/"+kind+"/"+name)).String()
}

func (d *directory) packageID(id catalog.ID) string { return d.id("package", string(id)) }

func (d *directory) resourceID(id catalog.ID, format string) string {
	return d.id("resource", string(id)+"."+format)
}

// files are the formats that datasets can be downloaded in.
func files() []catalog.Format {
	return slices.DeleteFunc(slices.Clone(catalog.Formats), func(f catalog.Format) bool { return f.Ext == "json" })
}

// refresh learns the ids of datasets that were published meanwhile.
func (d *directory) refresh() error {
	ids, err := d.catalog.EveryID() // an id outlives what was withdrawn or set aside
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, id := range ids {
		name := d.packageID(id)
		if _, known := d.packages[name]; known {
			continue
		}
		d.packages[name] = id
		for _, format := range files() {
			d.resources[d.resourceID(id, format.Ext)] = file{id, format}
		}
	}
	return nil
}

// lookUp finds a UUID; ok is false where it is no dataset's and no file's. A file
// without a format is the dataset itself.
func (d *directory) lookUp(id string) (found file, ok bool, err error) {
	id = strings.ToLower(id)
	if len(id) != 36 {
		return file{}, false, nil
	}
	for try := range 2 {
		d.mu.Lock()
		dataset, isPackage := d.packages[id]
		found, ok = d.resources[id]
		d.mu.Unlock()
		if isPackage {
			return file{dataset: dataset}, true, nil
		}
		if ok || try == 1 {
			return found, ok, nil
		}
		if err := d.refresh(); err != nil {
			return file{}, false, err
		}
	}
	return file{}, false, nil
}

// dataset is the current release of the dataset with that name or id.
func (d *directory) dataset(name string) (*catalog.Release, error) {
	found, ok, err := d.lookUp(name)
	switch {
	case err != nil:
		return nil, err
	case ok && found.format.Ext == "":
		return d.catalog.Current(found.dataset)
	}
	id, err := catalog.ParseID(name)
	if err != nil {
		return nil, missing("")
	}
	r, err := d.catalog.Current(id)
	if err != nil {
		return nil, unlessMissing(err)
	}
	return r, nil
}

// unlessMissing says of what is not there no more than CKAN does.
func unlessMissing(err error) error {
	if isMissing(err) {
		return missing("")
	}
	return err
}

// resource is the current release, and the format, of the file with that id.
func (d *directory) resource(id string) (*catalog.Release, catalog.Format, error) {
	found, ok, err := d.lookUp(id)
	if err != nil {
		return nil, catalog.Format{}, err
	}
	if !ok || found.format.Ext == "" {
		return nil, catalog.Format{}, missing("")
	}
	r, err := d.catalog.Current(found.dataset)
	return r, found.format, err
}

// table is the name that the engine knows a table by: that of the dataset for the
// id of a dataset or of one of its files, and else as it is.
func (d *directory) table(name string) string {
	if found, ok, err := d.lookUp(name); ok && err == nil {
		return string(found.dataset)
	}
	return name
}

// organization is who publishes datasets, and group what they are about.
type organization struct {
	id, name  string
	title     catalog.Text
	published []*catalog.Release
}

// organizations are the publishers of all, by name. The name is made of the
// English title; where two publishers would share one, a part of the id is added.
func (d *directory) organizations(all []*catalog.Release) []*organization {
	byTitle := map[string]*organization{}
	var list []*organization
	for _, r := range all {
		title := r.Dataset.Publisher
		o := byTitle[title.In("zh")]
		if o == nil {
			o = &organization{id: d.id("organization", title.In("zh")), title: title}
			byTitle[title.In("zh")] = o
			list = append(list, o)
		}
		o.published = append(o.published, r)
	}
	slices.SortFunc(list, func(a, b *organization) int { return cmp.Compare(a.id, b.id) })
	taken := map[string]bool{}
	for _, o := range list {
		o.name = slug(o.title.En)
		if len(o.name) < 2 || taken[o.name] {
			o.name = strings.TrimPrefix(o.name+"-"+o.id[:8], "-")
		}
		taken[o.name] = true
	}
	slices.SortFunc(list, func(a, b *organization) int { return cmp.Compare(a.name, b.name) })
	return list
}

// slug makes a name as CKAN takes it: at most 100 of a-z, 0-9, - and _.
func slug(title string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(title) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	name := b.String()
	return strings.Trim(name[:min(len(name), 90)], "-")
}

// groupNames are the names of catalog.Themes, and their English titles.
var groupNames = map[string]struct{ name, title string }{
	"民生保障": {"livelihood", "People's livelihood"},
	"公共服务": {"public-services", "Public services"},
	"市场监管": {"market-regulation", "Market regulation"},
	"其他":   {"other", "Other"},
}

// groups are the themes that any of all has, in the order of the themes.
func (d *directory) groups(all []*catalog.Release) []*organization {
	var list []*organization
	for _, theme := range catalog.Themes {
		known, ok := groupNames[theme]
		if !ok {
			known.name, known.title = d.id("group", theme), theme
		}
		g := &organization{id: d.id("group", theme), name: known.name, title: catalog.Text{Zh: theme, En: known.title}}
		for _, r := range all {
			if r.Dataset.Theme == theme {
				g.published = append(g.published, r)
			}
		}
		if len(g.published) > 0 {
			list = append(list, g)
		}
	}
	return list
}

// one finds an organization or a group by its name, its id or a title.
func one(list []*organization, name string) (*organization, error) {
	for _, o := range list {
		if name == o.name || strings.EqualFold(name, o.id) || name == o.title.Zh || name == o.title.En {
			return o, nil
		}
	}
	return nil, missing("")
}

// sortOrganizations sorts by name, title or package_count, as CKAN writes it:
// "name asc".
func sortOrganizations(list []*organization, order string) error {
	field, direction, _ := strings.Cut(strings.Join(strings.Fields(order), " "), " ")
	desc := strings.EqualFold(direction, "desc")
	if field == "packages" {
		field = "package_count"
	}
	if field == "package_count" && direction == "" {
		desc = true
	}
	var by func(a, b *organization) int
	switch field {
	case "name":
		by = func(a, b *organization) int { return cmp.Compare(a.name, b.name) }
	case "title":
		by = func(a, b *organization) int { return cmp.Compare(a.title.In("zh"), b.title.In("zh")) }
	case "package_count":
		by = func(a, b *organization) int { return cmp.Compare(len(a.published), len(b.published)) }
	default:
		return bad("sort", "Cannot sort by field `%s`", field)
	}
	if direction != "" && !desc && !strings.EqualFold(direction, "asc") {
		return bad("sort", "Invalid sort direction %s", fmt.Sprintf("%q", direction))
	}
	slices.SortStableFunc(list, func(a, b *organization) int {
		n := by(a, b)
		if desc {
			n = -n
		}
		return cmp.Or(n, cmp.Compare(a.name, b.name))
	})
	return nil
}
