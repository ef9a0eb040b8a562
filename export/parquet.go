package export

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"govdata/catalog"
)

// rowGroup is DuckDB's row group: what one statistic of a Parquet file covers.
const rowGroup = 122880

// groupCells is how many values a row group of a wide table has at most: the
// writer holds all of them in memory.
const groupCells = 4 << 20

// groupRows is how many rows a row group has of so many columns.
func groupRows(columns int) int { return min(rowGroup, max(2048, groupCells/max(1, columns))) }

// writeParquet writes the result of a query. (The files of a release are
// DuckDB's work, see Render.)
func writeParquet(ctx context.Context, w io.Writer, rows array.RecordReader, meta Meta) (n int64, err error) {
	schema := rows.Schema()
	if err := parquetable(schema); err != nil {
		return 0, err
	}
	out, err := pqarrow.NewFileWriter(schema, struct{ io.Writer }{w},
		parquet.NewWriterProperties(parquet.WithCompression(compress.Codecs.Zstd), parquet.WithCreatedBy(meta.Software), parquet.WithMaxRowGroupLength(int64(groupRows(schema.NumFields())))),
		pqarrow.NewArrowWriterProperties(pqarrow.WithStoreSchema()))
	if err != nil {
		return 0, err
	}
	for _, kv := range keyValues(meta) {
		if err := out.AppendKeyValueMetadata(kv[0], kv[1]); err != nil {
			return 0, err
		}
	}
	for rows.Next() {
		if err := ctx.Err(); err != nil {
			return n, err
		}
		var batch arrow.RecordBatch = rows.RecordBatch()
		if err := out.WriteBuffered(batch); errors.Is(err, arrow.ErrInvalid) {
			// A time in seconds far off, or infinite, has no milliseconds.
			return n, fmt.Errorf("one of the values is none that Parquet can hold (%v); make its column a text by CAST(... AS VARCHAR): %w", err, catalog.ErrInvalid)
		} else if err != nil {
			return n, err
		}
		n += batch.NumRows()
	}
	if err := rows.Err(); err != nil {
		return n, err
	}
	return n, out.Close()
}

// parquetable says which column, if any, the format has no type for.
func parquetable(schema *arrow.Schema) error {
	for _, f := range schema.Fields() {
		if _, err := pqarrow.ToParquet(arrow.NewSchema([]arrow.Field{f}, nil), nil, pqarrow.DefaultWriterProps()); err != nil {
			return fmt.Errorf("column %q: Parquet cannot hold %s; make it a text by CAST(... AS VARCHAR): %w", f.Name, f.Type, catalog.ErrInvalid)
		}
	}
	return nil
}

// keyValues are what a Parquet file says of itself.
func keyValues(meta Meta) (kvs [][2]string) {
	add := func(key, value string) {
		if value != "" {
			kvs = append(kvs, [2]string{key, value})
		}
	}
	if d := meta.Dataset; d != nil {
		add("dataset", string(d.ID))
		add("title", d.Title.Zh)
		add("title_en", d.Title.En)
		add("licence", d.Licence)
		add("publisher", d.Publisher.Zh)
		if d.Synthetic {
			add("synthetic", "示例数据")
		}
		for _, f := range d.Public() {
			add("title."+f.Name, f.Title.Zh)
		}
	}
	add("release", string(meta.Release))
	add("query", meta.Query)
	add("url", meta.URL)
	add("software", meta.Software)
	return kvs
}
