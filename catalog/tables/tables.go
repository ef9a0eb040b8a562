// Package tables makes tables of what the catalog knows, for SQL: the schema
// catalog of public queries and of computed datasets.
package tables

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"govdata/catalog"
)

// Names lists the tables.
var Names = []string{"datasets", "fields", "releases", "contributions", "timeliness"}

// Make makes a table of what the catalog holds now. The error wraps
// catalog.ErrNotFound for a name that is not one of Names.
func Make(c *catalog.Catalog, name string) (arrow.RecordBatch, error) {
	all, err := c.All()
	if err != nil {
		return nil, err
	}
	text, number, flag, stamp := arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int64, arrow.FixedWidthTypes.Boolean, &arrow.TimestampType{Unit: arrow.Microsecond}
	t := &tableBuilder{}
	switch name {
	case "datasets":
		t.begin("id", text, "title", text, "title_en", text, "publisher", text, "theme", text, "item", text, "department_field", text, "openness", text, "licence", text, "update_frequency", text,
			"synthetic", flag, "rows", number, "release", text, "published_at", stamp)
		for _, r := range all {
			d := &r.Dataset
			t.add(string(d.ID), d.Title.Zh, d.Title.En, d.Publisher.Zh, d.Theme, d.Item, d.Department, d.Openness.Attribute, d.Licence, d.UpdateFrequency, d.Synthetic, r.Rows, string(r.Release), r.PublishedAt)
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
	case "contributions":
		t.begin("dataset", text, "release", text, "published_at", stamp, "department", text, "rows_published", number, "rows_rejected", number, "rows_withheld", number,
			"cells", number, "cells_filled", number)
		for _, current := range all {
			releases, err := c.Releases(current.Dataset.ID)
			if err != nil {
				return nil, err
			}
			for _, r := range releases {
				for _, d := range r.Contributions {
					t.add(string(r.Dataset.ID), string(r.Release), r.PublishedAt, d.Department, d.Published, d.Rejected, d.Withheld, d.Cells, d.Filled)
				}
			}
		}
	case "timeliness":
		t.begin("dataset", text, "release", text, "on_time", number, "late", number, "unknown", number)
		for _, r := range all {
			if n := r.Timeliness; n != nil {
				t.add(string(r.Dataset.ID), string(r.Release), n.OnTime, n.Late, n.Unknown)
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
