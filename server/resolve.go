package server

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"govdata/catalog"
	"govdata/server/query"
)

// Names says what the table names of one question stand for. A dataset
// means one release throughout, even if another is published meanwhile.
type Names struct {
	catalog *catalog.Catalog
	lang    string

	mu       sync.Mutex
	releases map[string]*catalog.Release // by name as asked
}

// NewNames begins a question. lang is that of error messages.
func NewNames(c *catalog.Catalog, lang string) *Names {
	return &Names{catalog: c, lang: lang, releases: map[string]*catalog.Release{}}
}

// Resolve is the engine's query.Request.Resolve.
func (n *Names) Resolve(_ context.Context, name string) (query.Source, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if table, ok := strings.CutPrefix(name, "catalog."); ok {
		batch, err := catalogTable(n.catalog, table)
		return query.Source{Inline: batch}, err
	}
	r := n.releases[name]
	if r == nil {
		ref, err := catalog.ParseRef(name)
		if err != nil {
			return query.Source{}, fmt.Errorf("table %q: %w", name, catalog.ErrNotFound)
		}
		if r, err = n.catalog.Resolve(ref); err != nil {
			return query.Source{}, err
		}
		n.releases[name] = r
	}
	if err := open(r, n.lang); err != nil {
		return query.Source{}, err
	}
	return query.Source{Path: r.StorePath()}, nil
}

// Known lists the names that could have been meant.
func (n *Names) Known() []string {
	names := []string{"catalog.datasets", "catalog.fields", "catalog.releases"}
	ids, err := n.catalog.IDs()
	if err != nil {
		return names
	}
	for _, id := range ids {
		names = append(names, string(id))
	}
	return names
}

// used says which release each dataset of the question was read in. Where a
// dataset was asked for in several ways, each has an entry of its own.
func (n *Names) used() map[string]catalog.ReleaseID {
	n.mu.Lock()
	defer n.mu.Unlock()
	names := map[catalog.ID]int{}
	for _, r := range n.releases {
		names[r.Dataset.ID]++
	}
	m := map[string]catalog.ReleaseID{}
	for name, r := range n.releases {
		if names[r.Dataset.ID] == 1 {
			name = string(r.Dataset.ID)
		}
		m[name] = r.Release
	}
	return m
}

// catalogTable makes a table of what the catalog holds, for SQL.
func catalogTable(c *catalog.Catalog, name string) (arrow.RecordBatch, error) {
	all, err := c.All()
	if err != nil {
		return nil, err
	}
	text, number, flag, stamp := arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int64, arrow.FixedWidthTypes.Boolean, &arrow.TimestampType{Unit: arrow.Microsecond}
	t := &tableBuilder{}
	switch name {
	case "datasets":
		t.begin("id", text, "title", text, "title_en", text, "publisher", text, "theme", text, "openness", text, "licence", text, "update_frequency", text,
			"synthetic", flag, "rows", number, "release", text, "published_at", stamp)
		for _, r := range all {
			d := &r.Dataset
			t.add(string(d.ID), d.Title.Zh, d.Title.En, d.Publisher.Zh, d.Theme, d.Openness.Attribute, d.Licence, d.UpdateFrequency, d.Synthetic, r.Rows, string(r.Release), r.PublishedAt)
		}
	case "fields":
		t.begin("dataset", text, "position", number, "name", text, "title", text, "title_en", text, "type", text, "unit", text, "semantic", text, "required", flag, "masking", text)
		for _, r := range all {
			for i, f := range r.Dataset.Public() {
				t.add(string(r.Dataset.ID), int64(i+1), f.Name, f.Title.Zh, f.Title.En, string(f.Type), f.Unit, string(f.Semantic), f.Required, string(f.Privacy))
			}
		}
	case "releases":
		t.begin("dataset", text, "release", text, "current", flag, "published_at", stamp, "rows", number, "mode", text,
			"rows_in", number, "rows_published", number, "rows_rejected", number, "rows_withheld", number, "content", text)
		for _, current := range all {
			releases, err := c.Releases(current.Dataset.ID)
			if err != nil {
				return nil, err
			}
			for _, r := range releases {
				t.add(string(r.Dataset.ID), string(r.Release), r.Release == current.Release, r.PublishedAt, r.Rows, string(r.Mode),
					r.Counts.In, r.Counts.Published, r.Counts.Rejected, r.Counts.Withheld, r.Content)
			}
		}
	default:
		return nil, fmt.Errorf("table catalog.%s: %w", name, catalog.ErrNotFound)
	}
	return t.builder.NewRecordBatch(), nil
}

type tableBuilder struct{ builder *array.RecordBuilder }

// begin takes names and types in turn.
func (t *tableBuilder) begin(columns ...any) {
	var fields []arrow.Field
	for i := 0; i < len(columns); i += 2 {
		fields = append(fields, arrow.Field{Name: columns[i].(string), Type: columns[i+1].(arrow.DataType), Nullable: true})
	}
	t.builder = array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema(fields, nil))
}

func (t *tableBuilder) add(values ...any) {
	for i, v := range values {
		switch b := t.builder.Field(i).(type) {
		case *array.StringBuilder:
			b.Append(v.(string))
		case *array.Int64Builder:
			b.Append(v.(int64))
		case *array.BooleanBuilder:
			b.Append(v.(bool))
		case *array.TimestampBuilder:
			b.Append(arrow.Timestamp(v.(interface{ UnixMicro() int64 }).UnixMicro()))
		}
	}
}
