package server

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"govdata/catalog"
	"govdata/catalog/zhcatalog"
	"govdata/server/problem"
)

// summary is a dataset in lists.
type summary struct {
	ID              catalog.ID        `json:"id"`
	Title           catalog.Text      `json:"title"`
	Description     catalog.Text      `json:"description"`
	Publisher       catalog.Text      `json:"publisher"`
	Theme           string            `json:"theme"`
	Openness        string            `json:"openness"`
	Licence         string            `json:"licence"`
	UpdateFrequency string            `json:"update_frequency"`
	Keywords        []string          `json:"keywords"`
	Synthetic       bool              `json:"synthetic"`
	Rows            int64             `json:"rows"`
	Release         catalog.ReleaseID `json:"release"`
	PublishedAt     time.Time         `json:"published_at"`
	Formats         []string          `json:"formats"`
	URL             string            `json:"url"`
}

func (s *Server) summaryOf(c *gin.Context, r *catalog.Release) summary {
	d := &r.Dataset
	return summary{ID: d.ID, Title: d.Title, Description: d.Description, Publisher: d.Publisher, Theme: d.Theme, Openness: d.Openness.Attribute,
		Licence: d.Licence, UpdateFrequency: d.UpdateFrequency, Keywords: list(d.Keywords), Synthetic: d.Synthetic, Rows: r.Rows, Release: r.Release,
		PublishedAt: r.PublishedAt, URL: s.base(c) + "/api/v1/datasets/" + string(d.ID), Formats: list(d.Offered())}
}

// list is s, and [] in JSON where s is nil.
func list[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// tell answers with metadata, by its ETag: who has it already gets a 304.
func tell(c *gin.Context, v any) error {
	k, err := told(c, v)
	if err == nil {
		retell(c, k)
	}
	return err
}

// told is metadata as it is sent.
func told(c *gin.Context, v any) (*kept, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(body)
	h := c.Writer.Header()
	h.Add("Vary", "Accept-Language")
	caching := h.Get("Cache-Control")
	if caching == "" {
		caching = revalidate
	}
	return &kept{body: body, header: http.Header{
		"Etag": {`"` + hex.EncodeToString(sum[:16]) + `"`}, "Cache-Control": {caching}, "Vary": slices.Clip(slices.Clone(h["Vary"])),
		"Content-Type": {gin.MIMEJSON + "; charset=utf-8"}, "Content-Length": {strconv.Itoa(len(body))},
	}}, nil
}

func retell(c *gin.Context, k *kept) { retellAt(c, k, "") }

// retellAt answers with what was told, with the address of the site put in.
func retellAt(c *gin.Context, k *kept, base string) {
	h := c.Writer.Header()
	maps.Copy(h, k.header)
	body := newAddressed(k.body, k.holes, base)
	if len(k.holes) > 0 {
		h.Set("ETag", etagAt(h.Get("ETag"), base))
		h.Set("Content-Length", strconv.FormatInt(body.size, 10))
	}
	if matches(c.GetHeader("If-None-Match"), h.Get("ETag")) {
		h.Del("Content-Length")
		h.Del("Content-Type")
		c.Status(http.StatusNotModified)
		return
	}
	c.Writer.WriteHeader(http.StatusOK)
	io.Copy(struct{ io.Writer }{c.Writer}, body) // a client that has gone needs no answer
}

// tellOf answers with metadata of a dataset. What a stranger was told is kept for
// the next one until anything changes that is known of the dataset.
func (s *Server) tellOf(c *gin.Context, id catalog.ID, compute func() (any, error)) error {
	if _, err := s.o.Catalog.Current(id); err != nil {
		return err // what was told of a dataset that was set aside since does not hold
	}
	stranger := accessOf(c).key == nil
	key, base := strings.Join([]string{"told", s.o.Catalog.Mark(id), c.Request.URL.Path, langOf(c)}, "\n"), s.base(c)
	place := s.placed(c)
	stranger = stranger && (place || s.o.Site.BaseURL != "")
	if stranger {
		if k := s.results.find(key); k != nil {
			retellAt(c, k, base)
			return nil
		}
	}
	asked := c.Request
	if stranger && place {
		c.Request = withPlace(asked)
	}
	v, err := compute()
	c.Request = asked
	if err != nil {
		return err
	}
	k, err := told(c, v)
	if err != nil {
		return err
	}
	if k.key = key; stranger {
		k.holes = holesOf(k.body)
		s.results.keep(k)
	}
	retellAt(c, k, base)
	return nil
}

// base is the public address of the site: the site file's, or else that which
// the client asked. Only a trusted proxy says by X-Forwarded-Proto that the
// client came by https; X-Forwarded-Host and Forwarded are believed from nobody.
func (s *Server) base(c *gin.Context) string {
	if s.o.Site.BaseURL != "" {
		return s.o.Site.BaseURL
	}
	if c.Request.Context().Value(placeKey{}) != nil {
		return siteAddress
	}
	scheme := "http"
	if c.Request.TLS != nil || c.GetHeader("X-Forwarded-Proto") == "https" && s.fromProxy(c) {
		scheme = "https"
	}
	return scheme + "://" + c.Request.Host
}

// listDatasets searches the catalog: see catalog.Search. Unless another order is
// asked for, what answers best comes first, and among equals the document's
// priority themes.
func (s *Server) listDatasets(c *gin.Context) error {
	if err := allow(c, "q", "theme", "publisher", "openness", "format", "update_frequency", "item", "sort", "limit", "cursor"); err != nil {
		return err
	}
	limit, err := number(c, "limit", 50, 1, 1000)
	if err != nil {
		return err
	}
	offset, err := number(c, "cursor", 0, 0, 1<<31-1)
	if err != nil {
		return err
	}
	q := catalog.Query{Text: c.Query("q"), Theme: c.Query("theme"), Publisher: c.Query("publisher"), Openness: c.Query("openness"), Format: c.Query("format"),
		UpdateFrequency: c.Query("update_frequency"), Item: c.Query("item"), Sort: c.Query("sort"), Lang: langOf(c), Offset: int(offset), Limit: int(limit)}
	if !slices.Contains(catalog.Sorts, q.Sort) {
		return problem.BadParam("sort", "是 %q，只能是 theme、newest、title 或 rows", "found %q, want theme, newest, title or rows", q.Sort)
	}
	if n := utf8.RuneCountInString(q.Text); n > catalog.MaxQuery {
		return problem.BadParam("q", "有 %d 个字符，最多 %d 个", "found %d characters, want %d at most", n, catalog.MaxQuery)
	}
	found, err := s.o.Catalog.Search(q)
	if err != nil {
		return err
	}
	page := []hit{}
	for _, h := range found.Hits {
		page = append(page, hit{s.summaryOf(c, h.Release), h.Matched})
	}
	facets := gin.H{}
	for _, f := range found.Facets {
		facets[f.Name] = f.Counts()
	}
	answer := gin.H{"datasets": page, "total": found.Total, "facets": facets, "next_cursor": nil}
	if end := offset + limit; end < int64(found.Total) {
		answer["next_cursor"] = strconv.FormatInt(end, 10)
	}
	if q.Text != "" {
		answer["missing"] = list(found.Missing)
	}
	if found.DidYouMean != "" {
		answer["did_you_mean"] = found.DidYouMean
	}
	damaged, err := s.o.Catalog.Damaged()
	if err != nil {
		return err
	}
	var unavailable []gin.H
	for _, d := range damaged {
		if d.File == "" {
			unavailable = append(unavailable, gin.H{"id": d.Ref.Dataset, "reason": d.Why()})
		}
	}
	if unavailable != nil {
		answer["unavailable"] = unavailable
	}
	return tell(c, answer)
}

// hit is a dataset that a search found, and why.
type hit struct {
	summary
	Matched []catalog.Match `json:"matched,omitempty"`
}

// number reads an integer parameter.
func number(c *gin.Context, name string, otherwise, least, most int64) (int64, error) {
	given, ok := c.GetQuery(name)
	if !ok {
		return otherwise, nil
	}
	n, err := strconv.ParseInt(given, 10, 64)
	if err != nil || n < least || n > most {
		return 0, problem.BadParam(name, "是 %q，应为 %d 到 %d 之间的数", "found %q, want a number from %d to %d", given, least, most)
	}
	return n, nil
}

// distribution is one file that can be downloaded.
type distribution struct {
	Format    string `json:"format"`
	MediaType string `json:"media_type"`
	URL       string `json:"url"`
	Bytes     *int64 `json:"bytes"`
	SHA256    string `json:"sha256,omitempty"`
	Rows      int64  `json:"rows"`
}

func (s *Server) distributions(c *gin.Context, r *catalog.Release, ref catalog.Ref) []distribution {
	all := []distribution{}
	if accessOf(c).opens(r, langOf(c)) != nil {
		return all
	}
	address := s.base(c) + "/d/" + ref.String() + "."
	for _, a := range r.Artefacts {
		all = append(all, distribution{Format: a.Format, MediaType: a.MediaType, URL: address + a.Format, Bytes: &a.Bytes, SHA256: a.SHA256, Rows: a.Rows})
	}
	arrow, _ := catalog.FormatOf("arrow")
	return append(all, distribution{Format: "arrow", MediaType: arrow.MediaType, URL: address + "arrow", Rows: r.Rows})
}

// publicField leaves out how a column is recognised in departments' files.
type publicField struct {
	Name        string           `json:"name"`
	Title       catalog.Text     `json:"title"`
	Description catalog.Text     `json:"description,omitzero"`
	Type        catalog.Type     `json:"type"`
	Unit        string           `json:"unit,omitempty"`
	Semantic    catalog.Semantic `json:"semantic,omitempty"`
	Required    bool             `json:"required"`
	Enum        []string         `json:"enum,omitempty"`
	Separator   string           `json:"separator,omitempty"`
	Masking     catalog.Privacy  `json:"masking,omitempty"`
}

func publicFields(d *catalog.Dataset) []publicField {
	var fields []publicField
	for _, f := range d.Public() {
		fields = append(fields, publicField{f.Name, f.Title, f.Description, f.Type, f.Unit, f.Semantic, f.Required, f.Enum, f.Separator, f.Privacy})
	}
	return fields
}

func (s *Server) showDataset(c *gin.Context) error {
	if err := allow(c); err != nil {
		return err
	}
	id, err := catalog.ParseID(c.Param("id"))
	if err != nil {
		return err
	}
	return s.tellOf(c, id, func() (any, error) { return s.dataset(c, id) })
}

// dataset is what is told of a dataset.
func (s *Server) dataset(c *gin.Context, id catalog.ID) (any, error) {
	h, err := s.o.Catalog.History(id)
	if err != nil {
		return nil, err
	}
	r := h.Current
	d := &r.Dataset
	reason, queryable := "", accessOf(c).opens(r, langOf(c)) == nil
	if !d.Queryable() {
		private(c) // it depends on the key
	}
	if !queryable {
		reason = d.Openness.Attribute + "：" + d.Openness.Condition.In(langOf(c)) + d.Openness.Basis.In(langOf(c))
	}
	return gin.H{
		"id": d.ID, "title": d.Title, "description": d.Description, "publisher": d.Publisher, "contact": d.Contact,
		"theme": d.Theme, "disclosure": list(d.Disclosure), "legal_basis": d.LegalBasis, "openness": d.Openness, "update_frequency": d.UpdateFrequency,
		"licence": d.Licence, "keywords": list(d.Keywords), "synthetic": d.Synthetic, "source": d.Source, "key": list(d.Key), "sort": list(d.SortKey()), "mode": d.Mode,
		"fields": publicFields(d), "queryable": queryable, "queryable_reason": reason, "sample": s.base(c) + "/api/v1/datasets/" + string(d.ID) + "/sample",
		"item": d.Item, "rules": rules{d.Department, d.References, d.Deadline, d.Notice, d.Validity, d.Derived, r.Timeliness},
		"release": releaseOf(r), "downloads": s.distributions(c, r, catalog.Ref{Dataset: d.ID}),
		"quality":    gin.H{"rows_in": r.Counts.In, "rows_published": r.Counts.Published, "rows_rejected": r.Counts.Rejected, "rows_withheld": r.Counts.Withheld, "withheld": list(r.Withheld)},
		"catalog_zh": zhcatalog.Dataset(s.o.Site, s.base(c), h),
	}, nil
}

// rules are what a dataset's rows keep besides those of their fields, and how
// many came in time.
type rules struct {
	Department string                    `json:"department,omitempty"`
	References []catalog.Reference       `json:"references,omitempty"`
	Deadline   *catalog.Deadline         `json:"deadline,omitempty"`
	Notice     *catalog.Notice           `json:"notice,omitempty"`
	Validity   *catalog.Validity         `json:"validity,omitempty"`
	Derived    *catalog.Derivation       `json:"derived,omitempty"`
	Timeliness *catalog.TimelinessCounts `json:"timeliness,omitempty"`
}

// releaseSummary is a release in lists. What files it was made of is public;
// what stood in the rejected rows is not.
type releaseSummary struct {
	Release     catalog.ReleaseID     `json:"release"`
	Previous    catalog.ReleaseID     `json:"previous,omitempty"`
	PublishedAt time.Time             `json:"published_at"`
	Rows        int64                 `json:"rows"`
	Mode        catalog.Mode          `json:"mode"`
	Content     string                `json:"content"`
	Counts      catalog.Counts        `json:"counts"`
	Withheld    []catalog.Withholding `json:"withheld"`
	Sources     []catalog.Source      `json:"sources"`
}

func releaseOf(r *catalog.Release) releaseSummary {
	return releaseSummary{r.Release, r.Previous, r.PublishedAt, r.Rows, r.Mode, r.Content, r.Counts, list(r.Withheld), list(r.Sources)}
}

func (s *Server) listReleases(c *gin.Context) error {
	if err := allow(c); err != nil {
		return err
	}
	id, err := catalog.ParseID(c.Param("id"))
	if err != nil {
		return err
	}
	return s.tellOf(c, id, func() (any, error) { return s.releases(c, id) })
}

func (s *Server) releases(c *gin.Context, id catalog.ID) (any, error) {
	all, err := s.o.Catalog.Releases(id)
	if err != nil {
		return nil, err
	}
	current, err := s.o.Catalog.Current(id)
	if err != nil {
		return nil, err
	}
	releases := []gin.H{}
	for _, r := range all {
		one := gin.H{"release": releaseOf(r), "current": r.Release == current.Release, "downloads": s.distributions(c, r, r.Ref())}
		if accessOf(c).opens(r, langOf(c)) == nil {
			one["manifest"] = s.base(c) + "/d/" + r.Ref().String() + ".manifest.json"
		}
		releases = append(releases, one)
	}
	if !current.Dataset.Queryable() {
		private(c) // it depends on the key
	}
	buried, err := s.o.Catalog.Tombstones(id)
	if err != nil {
		return nil, err
	}
	withdrawn := []gin.H{}
	for _, t := range buried {
		withdrawn = append(withdrawn, gin.H{"release": t.Release, "reason": t.Reason, "withdrawn_at": t.At, "tombstone": s.base(c) + "/d/" + t.Ref().String() + ".tombstone.json"})
	}
	return gin.H{"dataset": id, "releases": releases, "withdrawn": withdrawn}, nil
}

func (s *Server) showRelease(c *gin.Context) error {
	if err := allow(c); err != nil {
		return err
	}
	ref, err := catalog.ParseRef(c.Param("id") + "@" + c.Param("release"))
	if err != nil {
		return err
	}
	r, err := s.o.Catalog.Resolve(ref)
	if err != nil {
		return err
	}
	if r.Dataset.Queryable() {
		c.Header("Cache-Control", immutable)
	} else {
		private(c)
	}
	return tell(c, gin.H{"release": releaseOf(r), "fields": publicFields(&r.Dataset), "downloads": s.distributions(c, r, ref)})
}

// profiledColumn is a field and how its values are spread.
type profiledColumn struct {
	catalog.ColumnProfile
	Title catalog.Text `json:"title"`
	Unit  string       `json:"unit,omitempty"`
}

// profile answers /api/v1/datasets/{id}/profile, of the current release or of
// release=. Whoever may not have the rows may not have it.
func (s *Server) profile(c *gin.Context) error {
	if err := allow(c, "release"); err != nil {
		return err
	}
	name := c.Param("id")
	if release := c.Query("release"); release != "" {
		name += "@" + release
		c.Header("Cache-Control", immutable)
	}
	ref, err := catalog.ParseRef(name)
	if err != nil {
		return err
	}
	r, err := s.o.Catalog.Resolve(ref)
	if err != nil {
		return err
	}
	if err := open(c, r); err != nil {
		return err
	}
	p, err := r.ReadProfile()
	if err != nil {
		return err
	}
	fields := map[string]catalog.Field{}
	for _, f := range r.Dataset.Public() {
		fields[f.Name] = f
	}
	columns := []profiledColumn{}
	for _, column := range p.Columns {
		columns = append(columns, profiledColumn{column, fields[column.Name].Title, fields[column.Name].Unit})
	}
	c.Header("X-Release", string(r.Release))
	return tell(c, gin.H{"dataset": r.Dataset.ID, "release": r.Release, "rows": p.Rows, "synthetic": r.Dataset.Synthetic, "columns": columns})
}
