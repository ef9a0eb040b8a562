package mcp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/jsonschema-go/jsonschema"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"govdata/catalog"
	"govdata/server/problem"
	"govdata/server/query"
)

// How much an answer holds unless more is asked for, and at most. Bytes bound it
// as well: an assistant reads all of it.
const (
	defaultFound = 10
	maxFound     = 50
	sampleRows   = 10
	maxSample    = 50
	defaultRows  = 50
	maxRows      = 1000
	maxBytes     = 64 << 10
)

// toolError is what an assistant is told of a failure: a text to read, and the
// fields of RFC 9457 in the result's _meta.
type toolError struct {
	problem.Problem
	lang string
}

func (e *toolError) Error() string {
	var b strings.Builder
	b.WriteString(e.Detail.In(e.lang))
	if e.Line > 0 {
		fmt.Fprintf(&b, "\nline %d, column %d", e.Line, e.Column)
	}
	if e.Hint != "" {
		b.WriteString("\nhint: " + e.Hint)
	}
	if e.RetryAfter > 0 {
		fmt.Fprintf(&b, "\nretry after %d seconds", e.RetryAfter)
	}
	return b.String()
}

func (e *toolError) fields() map[string]any {
	m := map[string]any{"type": "/problems/" + e.Slug, "title": e.Title.In(e.lang), "status": e.Status, "detail": e.Detail.In(e.lang)}
	if e.Hint != "" {
		m["hint"] = e.Hint
	}
	if e.Line > 0 {
		m["line"], m["column"] = e.Line, e.Column
	}
	if e.RetryAfter > 0 {
		m["retry_after"] = e.RetryAfter
	}
	return m
}

// add mounts a tool. All only read.
func add[In, Out any](f *face, s *sdk.Server, t *sdk.Tool, adjust func(in *jsonschema.Schema), h func(context.Context, *sdk.CallToolRequest, In) (*sdk.CallToolResult, *Out, error)) error {
	// Rows are written once, as the API writes them.
	options := &jsonschema.ForOptions{TypeSchemas: map[reflect.Type]*jsonschema.Schema{reflect.TypeFor[json.RawMessage](): {Type: "array"}}}
	in, err := jsonschema.For[In](options)
	if err != nil {
		return err
	}
	adjust(in)
	out, err := jsonschema.For[Out](options)
	if err != nil {
		return err
	}
	closed := false
	t.InputSchema, t.OutputSchema = in, out
	t.Annotations = &sdk.ToolAnnotations{Title: t.Title, ReadOnlyHint: true, IdempotentHint: true, OpenWorldHint: &closed, DestructiveHint: &closed}
	sdk.AddTool(s, t, func(ctx context.Context, r *sdk.CallToolRequest, in In) (*sdk.CallToolResult, *Out, error) {
		result, out, err := h(ctx, r, in)
		if err != nil {
			p := problem.Of(err)
			if p.Slug == "internal" && ctx.Err() == nil {
				f.Log.Error("tool failed", "tool", t.Name, "error", err)
			}
			err = &toolError{p, fromOf(ctx).Lang}
		}
		return result, out, err
	})
	return nil
}

// between bounds an integer argument and says what holds without it.
func between(s *jsonschema.Schema, name string, least, most, otherwise int) {
	p := s.Properties[name]
	low, high := float64(least), float64(most)
	p.Minimum, p.Maximum, p.Default = &low, &high, json.RawMessage(fmt.Sprint(otherwise))
}

func oneOf(s *jsonschema.Schema, name string, values ...string) {
	for _, v := range values {
		s.Properties[name].Enum = append(s.Properties[name].Enum, v)
	}
}

func (f *face) addTools(s *sdk.Server) error {
	if err := add(f, s, &sdk.Tool{
		Name: "search", Title: "Search datasets",
		Description: "Find datasets by words in their titles, keywords, descriptions, publishers and fields, in Chinese, English or pinyin; small mistakes are forgiven. Without words all are listed, those of the priority themes first.",
	}, func(in *jsonschema.Schema) {
		between(in, "limit", 1, maxFound, defaultFound)
		between(in, "offset", 0, 1<<20, 0)
		oneOf(in, "theme", catalog.Themes...)
	}, f.search); err != nil {
		return err
	}
	if err := add(f, s, &sdk.Tool{
		Name: "describe", Title: "Describe a dataset",
		Description: "What a dataset is: fields with meaning, type, unit and allowed values, key, references to other datasets, rules, licence, current release, download files. Read it before writing SQL.",
	}, func(*jsonschema.Schema) {}, f.describe); err != nil {
		return err
	}
	if err := add(f, s, &sdk.Tool{
		Name: "sample", Title: "First rows of a dataset",
		Description: fmt.Sprintf("The first rows, in the order of the file, to see what values look like. They are no random sample: compute nothing from them. A dataset that is open on a condition shows at most %d.", sampleRows),
	}, func(in *jsonschema.Schema) { between(in, "rows", 1, maxSample, sampleRows) }, f.sample); err != nil {
		return err
	}
	if err := add(f, s, &sdk.Tool{
		Name: "profile", Title: "Profile of a dataset",
		Description: "How the values of each field are spread over all rows: missing and different values, range, mean, most frequent values. Name fields to get their quantiles and histograms as well.",
	}, func(*jsonschema.Schema) {}, f.profile); err != nil {
		return err
	}
	if err := add(f, s, &sdk.Tool{
		Name: "sql", Title: "Ask SQL",
		Description: "Run one SELECT in DuckDB's dialect over any datasets. A table is called as its dataset; \"dataset@release\" (in quotes) pins a release; catalog.datasets, catalog.fields and catalog.releases list what there is. Give values by params or named, never pasted into the text.",
	}, func(in *jsonschema.Schema) { between(in, "max_rows", 1, maxRows, defaultRows) }, f.sql); err != nil {
		return err
	}
	return add(f, s, &sdk.Tool{
		Name: "export_link", Title: "Link to a whole file",
		Description: "The address of a whole dataset, of its filtered rows, or of a query's whole result, as a file that people and programs can download. The address is pinned to the release of now and keeps its meaning.",
	}, func(in *jsonschema.Schema) {
		var exts []string
		for _, format := range catalog.Formats {
			exts = append(exts, format.Ext)
		}
		oneOf(in, "format", exts...)
		in.Properties["format"].Default = json.RawMessage(`"csv"`)
	}, f.exportLink)
}

type searchIn struct {
	Query     string `json:"query,omitempty" jsonschema:"words to look for"`
	Theme     string `json:"theme,omitempty" jsonschema:"one theme alone: people's livelihood, public services, market regulation, other"`
	Publisher string `json:"publisher,omitempty" jsonschema:"the full name of one publisher alone"`
	Limit     int    `json:"limit,omitempty" jsonschema:"how many datasets"`
	Offset    int    `json:"offset,omitempty" jsonschema:"how many to skip, next_offset of the answer before"`
}

type searchOut struct {
	Datasets   []foundDataset `json:"datasets"`
	Returned   int            `json:"returned"`
	Total      int            `json:"total"`
	Truncated  bool           `json:"truncated" jsonschema:"there are more behind next_offset"`
	NextOffset *int           `json:"next_offset,omitempty"`
	Missing    []string       `json:"missing,omitempty" jsonschema:"words that no dataset has"`
	DidYouMean string         `json:"did_you_mean,omitempty"`
}

type foundDataset struct {
	ID              catalog.ID        `json:"id" jsonschema:"name of the dataset and of its table"`
	Title           catalog.Text      `json:"title"`
	Description     catalog.Text      `json:"description"`
	Publisher       catalog.Text      `json:"publisher"`
	Theme           string            `json:"theme"`
	Openness        string            `json:"openness"`
	Queryable       bool              `json:"queryable" jsonschema:"whether you may read its rows"`
	Synthetic       bool              `json:"synthetic" jsonschema:"the rows are made up, for demonstration"`
	Rows            int64             `json:"rows"`
	Release         catalog.ReleaseID `json:"release"`
	PublishedAt     time.Time         `json:"published_at"`
	UpdateFrequency string            `json:"update_frequency"`
	URL             string            `json:"url"`
}

func (f *face) search(ctx context.Context, _ *sdk.CallToolRequest, in searchIn) (*sdk.CallToolResult, *searchOut, error) {
	from := fromOf(ctx)
	if n := utf8.RuneCountInString(in.Query); n > catalog.MaxQuery {
		return nil, nil, problem.BadParam("query", "有 %d 个字符，最多 %d 个", "found %d characters, want %d at most", n, catalog.MaxQuery)
	}
	found, err := f.Catalog.Search(catalog.Query{Text: in.Query, Theme: in.Theme, Publisher: in.Publisher, Lang: from.Lang, Offset: in.Offset, Limit: in.Limit})
	if err != nil {
		return nil, nil, err
	}
	out := &searchOut{Datasets: []foundDataset{}, Total: found.Total, Missing: found.Missing, DidYouMean: found.DidYouMean}
	for _, h := range found.Hits {
		r := h.Release
		d := &r.Dataset
		out.Datasets = append(out.Datasets, foundDataset{ID: d.ID, Title: d.Title, Description: d.Description, Publisher: d.Publisher, Theme: d.Theme,
			Openness: d.Openness.Attribute, Queryable: f.Opens(ctx, from.Lang, r) == nil, Synthetic: d.Synthetic, Rows: r.Rows, Release: r.Release,
			PublishedAt: r.PublishedAt, UpdateFrequency: d.UpdateFrequency, URL: from.Base + "/datasets/" + string(d.ID)})
	}
	out.Returned = len(out.Datasets)
	if end := in.Offset + in.Limit; end < found.Total {
		out.Truncated, out.NextOffset = true, &end
	}
	return nil, out, nil
}

type describeIn struct {
	Dataset string `json:"dataset" jsonschema:"id of the dataset as search gives it, or id@release"`
}

type describeOut struct {
	ID              catalog.ID   `json:"id"`
	Table           string       `json:"table" jsonschema:"what to write in SQL for this very release"`
	Title           catalog.Text `json:"title"`
	Description     catalog.Text `json:"description"`
	Publisher       catalog.Text `json:"publisher"`
	Contact         string       `json:"contact,omitempty"`
	Theme           string       `json:"theme"`
	LegalBasis      catalog.Text `json:"legal_basis"`
	Openness        string       `json:"openness"`
	Queryable       bool         `json:"queryable" jsonschema:"whether you may read its rows"`
	QueryableReason string       `json:"queryable_reason,omitempty" jsonschema:"why not"`
	Licence         string       `json:"licence"`
	Synthetic       bool         `json:"synthetic" jsonschema:"the rows are made up, for demonstration"`
	Source          catalog.Text `json:"source"`
	UpdateFrequency string       `json:"update_frequency"`
	Keywords        []string     `json:"keywords,omitempty"`
	Rows            int64        `json:"rows"`
	Fields          []field      `json:"fields"`
	Key             []string     `json:"key,omitempty" jsonschema:"the fields that together identify a row"`
	Sort            []string     `json:"sort,omitempty" jsonschema:"the order of the rows; conditions on its first field are fast"`
	References      []reference  `json:"references,omitempty" jsonschema:"how to join with other datasets"`
	Release         release      `json:"release"`
	Quality         quality      `json:"quality"`
	Downloads       []file       `json:"downloads"`
}

type field struct {
	Name        string       `json:"name"`
	Title       catalog.Text `json:"title"`
	Description catalog.Text `json:"description"`
	Type        catalog.Type `json:"type"`
	Unit        string       `json:"unit,omitempty"`
	Semantic    string       `json:"semantic,omitempty"`
	Required    bool         `json:"required"`
	Enum        []string     `json:"enum,omitempty" jsonschema:"the only values"`
	Separator   string       `json:"separator,omitempty" jsonschema:"a cell holds several values, parted by this"`
	Masking     string       `json:"masking,omitempty" jsonschema:"which personal data is masked in it"`
}

type reference struct {
	Fields []string   `json:"fields"`
	To     catalog.ID `json:"to"`
	Key    []string   `json:"key"`
}

type release struct {
	Release     catalog.ReleaseID `json:"release"`
	Previous    catalog.ReleaseID `json:"previous,omitempty"`
	PublishedAt time.Time         `json:"published_at"`
	Current     bool              `json:"current"`
	Manifest    string            `json:"manifest,omitempty" jsonschema:"address of the signed manifest; only where the rows may be had"`
}

type quality struct {
	In        int64 `json:"rows_in"`
	Published int64 `json:"rows_published"`
	Rejected  int64 `json:"rows_rejected"`
	Withheld  int64 `json:"rows_withheld"`
}

type file struct {
	Format string `json:"format"`
	URL    string `json:"url"`
	Bytes  *int64 `json:"bytes,omitempty"`
	SHA256 string `json:"sha256,omitempty"`
}

// find returns the release that an argument names.
func (f *face) find(name string) (*catalog.Release, error) {
	ref, err := catalog.ParseRef(strings.TrimSpace(name))
	if err != nil {
		return nil, err
	}
	return f.Catalog.Resolve(ref)
}

func (f *face) describe(ctx context.Context, _ *sdk.CallToolRequest, in describeIn) (*sdk.CallToolResult, *describeOut, error) {
	r, err := f.find(in.Dataset)
	if err != nil {
		return nil, nil, err
	}
	current, err := f.Catalog.Current(r.Dataset.ID)
	if err != nil {
		return nil, nil, err
	}
	d, from := &r.Dataset, fromOf(ctx)
	at := from.Base + "/d/" + r.Ref().String()
	out := &describeOut{ID: d.ID, Table: `"` + r.Ref().String() + `"`, Title: d.Title, Description: d.Description, Publisher: d.Publisher, Contact: d.Contact, Theme: d.Theme, LegalBasis: d.LegalBasis,
		Openness: d.Openness.Attribute, Licence: d.Licence, Synthetic: d.Synthetic, Source: d.Source, UpdateFrequency: d.UpdateFrequency, Keywords: d.Keywords, Rows: r.Rows, Key: d.Key, Sort: d.SortKey(),
		Release: release{r.Release, r.Previous, r.PublishedAt, r.Release == current.Release, ""},
		Quality: quality{r.Counts.In, r.Counts.Published, r.Counts.Rejected, r.Counts.Withheld}, Fields: []field{}, Downloads: []file{}}
	if f.Opens(ctx, from.Lang, r) == nil {
		out.Release.Manifest = at + ".manifest.json"
	}
	for _, p := range d.Public() {
		out.Fields = append(out.Fields, field{p.Name, p.Title, p.Description, p.Type, p.Unit, string(p.Semantic), p.Required, p.Enum, p.Separator, string(p.Privacy)})
	}
	for _, ref := range d.References {
		out.References = append(out.References, reference{ref.Fields, ref.To, ref.Key})
	}
	if refused := f.Opens(ctx, from.Lang, r); refused != nil {
		out.QueryableReason = refused.Error()
		return nil, out, nil
	}
	out.Queryable = true
	for _, a := range r.Artefacts {
		out.Downloads = append(out.Downloads, file{a.Format, at + "." + a.Format, &a.Bytes, a.SHA256})
	}
	out.Downloads = append(out.Downloads, file{Format: "arrow", URL: at + ".arrow"})
	return nil, out, nil
}

// rowsOut is a table, with the flags that the API gives.
type rowsOut struct {
	Columns   []Column                     `json:"columns"`
	Rows      []json.RawMessage            `json:"rows" jsonschema:"each an array of values in the order of columns"`
	Returned  int64                        `json:"returned"`
	Total     *int64                       `json:"total" jsonschema:"all rows that match; null where that is not known"`
	Truncated bool                         `json:"truncated" jsonschema:"the rows are not all"`
	Note      string                       `json:"note,omitempty"`
	Release   map[string]catalog.ReleaseID `json:"release" jsonschema:"which release of each dataset was read"`
	Elapsed   int64                        `json:"elapsed_ms"`
	Permalink string                       `json:"permalink,omitempty" jsonschema:"address at which this answer stays as it is"`
}

type sampleIn struct {
	Dataset string `json:"dataset" jsonschema:"id of the dataset, or id@release"`
	Rows    int    `json:"rows,omitempty" jsonschema:"how many rows"`
}

func (f *face) sample(ctx context.Context, _ *sdk.CallToolRequest, in sampleIn) (*sdk.CallToolResult, *rowsOut, error) {
	r, err := f.find(in.Dataset)
	if err != nil {
		return nil, nil, err
	}
	var shown *catalog.Release
	from, note := fromOf(ctx), ""
	if refused := f.Opens(ctx, from.Lang, r); refused != nil {
		current, err := f.Catalog.Current(r.Dataset.ID)
		if err != nil {
			return nil, nil, err
		}
		// What is open on a condition shows a few rows, as its page does.
		if r.Dataset.Openness.Attribute != catalog.OpenConditional || current.Release != r.Release {
			return nil, nil, refused
		}
		shown = r
		if in.Rows > sampleRows {
			in.Rows, note = sampleRows, fmt.Sprintf("without a key no more than %d rows are shown: %v", sampleRows, refused)
		}
	}
	out, err := f.ask(ctx, query.Request{Rows: &query.RowsRequest{Table: r.Ref().String(), Total: true, Limit: int64(in.Rows)}, MaxRows: int64(in.Rows)}, shown)
	if err == nil && out.Note == "" {
		out.Note = note
	}
	return nil, out, err
}

type sqlIn struct {
	Query   string         `json:"query" jsonschema:"one SELECT; ? or $1 for params, $name for named"`
	Params  []any          `json:"params,omitempty" jsonschema:"values for ?, $1, $2 ...: texts, numbers, true, false or null"`
	Named   map[string]any `json:"named,omitempty" jsonschema:"values for $name"`
	MaxRows int            `json:"max_rows,omitempty" jsonschema:"how many rows at most; for more use export_link"`
}

func (in sqlIn) request() (query.Request, error) {
	r := query.Request{SQL: in.Query, Named: in.Named, Params: in.Params}
	if strings.TrimSpace(in.Query) == "" {
		return r, problem.BadParam("query", "缺失", "there is no query; give one SELECT")
	}
	if len(in.Params) > 0 && len(in.Named) > 0 {
		return r, problem.BadParam("params", "与 named 只能给出一种", "give params or named, not both")
	}
	for i, v := range in.Params {
		var err error
		if in.Params[i], err = exact(fmt.Sprintf("params[%d]", i), v); err != nil {
			return r, err
		}
	}
	for name, v := range in.Named {
		var err error
		if in.Named[name], err = exact(name, v); err != nil {
			return r, err
		}
	}
	return r, nil
}

// exact is a value as it was meant: JSON numbers have come through a double.
func exact(name string, v any) (any, error) {
	switch v := v.(type) {
	case nil, bool, string:
		return v, nil
	case float64:
		if v != math.Trunc(v) {
			return v, nil
		}
		if math.Abs(v) > 1<<53 {
			return nil, problem.BadParam(name, "大于 2^53，请写成文本", "a number beyond 2^53 does not come through exactly; write it as a text")
		}
		return int64(v), nil
	}
	return nil, problem.BadParam(name, "应为文本、数、true、false 或 null", "want a text, a number, true, false or null")
}

func (f *face) sql(ctx context.Context, _ *sdk.CallToolRequest, in sqlIn) (*sdk.CallToolResult, *rowsOut, error) {
	r, err := in.request()
	if err != nil {
		return nil, nil, err
	}
	r.MaxRows = int64(in.MaxRows)
	out, err := f.ask(ctx, r, nil)
	return nil, out, err
}

type profileIn struct {
	Dataset string   `json:"dataset" jsonschema:"id of the dataset, or id@release"`
	Fields  []string `json:"fields,omitempty" jsonschema:"these fields alone, with quantiles, histograms and more of the frequent values"`
}

type profileOut struct {
	Dataset   catalog.ID        `json:"dataset"`
	Release   catalog.ReleaseID `json:"release"`
	Rows      int64             `json:"rows" jsonschema:"the figures are of all of them"`
	Columns   []profiled        `json:"columns"`
	Returned  int               `json:"returned"`
	Total     int               `json:"total" jsonschema:"how many fields there are"`
	Truncated bool              `json:"truncated" jsonschema:"fields, or parts of what is known of them, are left out"`
	Note      string            `json:"note,omitempty"`
}

type profiled struct {
	Title catalog.Text `json:"title"`
	Unit  string       `json:"unit,omitempty"`
	catalog.ColumnProfile
}

// overviewValues of the most frequent are shown where no field was named.
const overviewValues = 5

func (f *face) profile(ctx context.Context, _ *sdk.CallToolRequest, in profileIn) (*sdk.CallToolResult, *profileOut, error) {
	r, err := f.find(in.Dataset)
	if err != nil {
		return nil, nil, err
	}
	if err := f.Opens(ctx, fromOf(ctx).Lang, r); err != nil {
		return nil, nil, err // frequent values are rows
	}
	known, err := r.ReadProfile()
	if errors.Is(err, catalog.ErrNotFound) {
		return nil, nil, fmt.Errorf("%s has no profile, it was published before there were any; ask sql for the figures: %w", r.Ref(), catalog.ErrNotFound)
	} else if err != nil {
		return nil, nil, err
	}
	fields := map[string]catalog.Field{}
	for _, one := range r.Dataset.Public() {
		fields[one.Name] = one
	}
	for _, name := range in.Fields {
		if !slices.ContainsFunc(known.Columns, func(c catalog.ColumnProfile) bool { return c.Name == name }) {
			return nil, nil, fmt.Errorf("%s has no field %q: %w", r.Ref(), name, catalog.ErrNotFound)
		}
	}
	out := &profileOut{Dataset: r.Dataset.ID, Release: r.Release, Rows: known.Rows, Columns: []profiled{}, Total: len(known.Columns)}
	for _, c := range known.Columns {
		if len(in.Fields) == 0 {
			out.Truncated = out.Truncated || len(c.Top) > overviewValues || c.Quantiles != nil || c.Histogram != nil
			c.Top, c.Quantiles, c.Histogram = c.Top[:min(len(c.Top), overviewValues)], nil, nil
		} else if !slices.Contains(in.Fields, c.Name) {
			out.Truncated = true
			continue
		}
		out.Columns = append(out.Columns, profiled{fields[c.Name].Title, fields[c.Name].Unit, c})
	}
	if out.Returned = len(out.Columns); len(in.Fields) == 0 && out.Truncated {
		out.Note = "an overview; name fields to get their quantiles, histograms and more of the frequent values"
	}
	return nil, out, nil
}

type exportIn struct {
	Dataset string         `json:"dataset,omitempty" jsonschema:"id of the dataset, or id@release; or give query"`
	Select  string         `json:"select,omitempty" jsonschema:"of a dataset: fields, parted by commas"`
	Where   string         `json:"where,omitempty" jsonschema:"of a dataset: an SQL condition over its fields"`
	Order   string         `json:"order,omitempty" jsonschema:"of a dataset: fields, each with desc if wanted, parted by commas"`
	Query   string         `json:"query,omitempty" jsonschema:"one SELECT, as for sql, whose whole result is wanted; or give dataset"`
	Params  []any          `json:"params,omitempty" jsonschema:"values for ?, $1, $2 ..."`
	Named   map[string]any `json:"named,omitempty" jsonschema:"values for $name"`
	Format  string         `json:"format,omitempty" jsonschema:"csv opens anywhere, xlsx carries the data dictionary, parquet and arrow keep the types"`
}

type exportOut struct {
	URL       string                       `json:"url"`
	Format    string                       `json:"format"`
	MediaType string                       `json:"media_type"`
	Pinned    bool                         `json:"pinned" jsonschema:"the address always gives what it gives now"`
	Release   map[string]catalog.ReleaseID `json:"release"`
	Rows      *int64                       `json:"rows,omitempty" jsonschema:"rows of the file, where known"`
	Bytes     *int64                       `json:"bytes,omitempty" jsonschema:"bytes of the file, where known"`
	SHA256    string                       `json:"sha256,omitempty"`
	Estimate  *estimate                    `json:"estimate,omitempty" jsonschema:"the planner's guess for a query"`
	Note      string                       `json:"note,omitempty"`
}

type estimate struct {
	Rows  int64  `json:"rows"`
	Bytes int64  `json:"bytes"`
	Cost  string `json:"cost"`
}

func (f *face) exportLink(ctx context.Context, _ *sdk.CallToolRequest, in exportIn) (*sdk.CallToolResult, *exportOut, error) {
	format, _ := catalog.FormatOf(in.Format) // the schema lets no other through
	from := fromOf(ctx)
	out := &exportOut{Format: format.Ext, MediaType: format.MediaType}
	switch filters := in.Select + in.Where + in.Order; {
	case (in.Dataset == "") == (in.Query == ""):
		return nil, nil, problem.BadParam("dataset", "与 query 须给出且只给出一种", "give dataset or query, one of them")
	case in.Query != "" && filters != "":
		return nil, nil, problem.BadParam("where", "只用于 dataset；请写进 query", "select, where and order go with dataset; write them into the query")
	case in.Query != "":
		return nil, out, f.exportQuery(ctx, from, in, format, out)
	case len(in.Params)+len(in.Named) > 0:
		return nil, nil, problem.BadParam("params", "只用于 query", "params and named go with query")
	case format.Ext == "json":
		return nil, nil, problem.BadParam("format", "json 只用于 query；请用 jsonl", "json goes with query; for a dataset take jsonl")
	}
	r, err := f.find(in.Dataset)
	if err != nil {
		return nil, nil, err
	}
	if err := f.Opens(ctx, from.Lang, r); err != nil {
		return nil, nil, err
	}
	out.URL, out.Pinned, out.Release = from.Base+"/d/"+r.Ref().String()+"."+format.Ext, true, map[string]catalog.ReleaseID{string(r.Dataset.ID): r.Release}
	if !r.Dataset.Queryable() {
		out.Note = needsKey
	}
	values := url.Values{}
	for name, v := range map[string]string{"select": in.Select, "where": in.Where, "order": in.Order} {
		if v != "" {
			values.Set(name, v)
		}
	}
	if len(values) == 0 {
		out.Rows = &r.Rows
		if a, ok := r.Artefact(format.Ext); ok {
			out.Bytes, out.SHA256 = &a.Bytes, a.SHA256
		}
		return nil, out, nil
	}
	out.URL += "?" + values.Encode()
	// A link that does not work helps nobody: ask for one row of it.
	rows := &query.RowsRequest{Table: r.Ref().String(), Select: f.Split(in.Select), Where: in.Where, Total: true, Limit: 1}
	if rows.Order, err = f.Order(in.Order); err != nil {
		return nil, nil, err
	}
	answer, err := f.Ask(ctx, from, query.Request{Rows: rows, MaxRows: 1}, nil)
	if err != nil {
		return nil, nil, err
	}
	defer answer.Close()
	for answer.Next() {
	}
	out.Rows = answer.Total()
	return nil, out, answer.Err()
}

const needsKey = "the address answers to a key alone, sent as Authorization: Bearer KEY"

// exportQuery has the question estimated, which also tells whether it is right
// and what pins it.
func (f *face) exportQuery(ctx context.Context, from From, in exportIn, format catalog.Format, out *exportOut) error {
	if format.Bulk && (strings.Contains(format.Ext, ".")) {
		return problem.BadParam("format", "只用于 dataset", "%s goes with dataset alone", format.Ext)
	}
	r, err := sqlIn{Query: in.Query, Params: in.Params, Named: in.Named}.request()
	if err != nil {
		return err
	}
	r.Estimate = true
	answer, err := f.Ask(ctx, from, r, nil)
	if err != nil {
		return err
	}
	defer answer.Close()
	guess, err := f.read(answer, time.Now())
	if err != nil {
		return err
	}
	out.Estimate = &estimate{}
	if len(guess.Rows) != 1 || json.Unmarshal(guess.Rows[0], &[]any{&out.Estimate.Rows, new(int64), &out.Estimate.Bytes, &out.Estimate.Cost}) != nil {
		return fmt.Errorf("mcp: an estimate as %s", guess.Rows)
	}
	out.Release = answer.Releases
	limit := int64(0)
	if format.Ext == "json" {
		limit = jsonRows
		out.Note = fmt.Sprintf("json gives at most %d rows; every other format gives all", jsonRows)
	}
	if out.URL = answer.Permalink(format.Ext, limit); out.URL != "" {
		out.Pinned = true
		return nil
	}
	if len(r.Params)+len(r.Named) > 0 {
		return problem.BadParam("params", "该查询无法固定为永久地址；请把值写进 query", "this query has no permanent address; write the values into it")
	}
	values := url.Values{"q": {in.Query}}
	if limit > 0 {
		values.Set("limit", fmt.Sprint(limit))
	}
	out.URL, out.Note = from.Base+"/api/v1/sql."+format.Ext+"?"+values.Encode(), "the answer can change: the query asks for the time, for chance or for what is not a release"
	if answer.Private {
		out.Note = needsKey
	}
	return nil
}

// jsonRows is what the API gives as JSON at most.
const jsonRows = 100_000

func marshal(v any) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return b.String(), err
}
