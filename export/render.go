package export

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/sync/errgroup"

	"govdata/catalog"
	"govdata/catalog/store"
)

const gzipLevel = 5

// cost is about how long a format takes to write, in processor time: what takes
// longest begins first.
var cost = map[string]int{"jsonl.gz": 6, "xlsx": 5, "jsonl": 4, "csv.gz": 4, "csv": 3, "parquet": 3, "csv.zst": 2}

// Render writes the download files of a release into dir, as <dataset>.<ext>,
// two at a time, and returns their artefacts in the order of formats. A
// compressed form is made of the plain file where dir has it already, or where
// the plain one is among formats. written (may be nil) looks at each file once it
// is there, beside what is still being written; its error ends the rest.
func Render(ctx context.Context, src *store.File, dir string, formats []string, meta Meta, written func(context.Context, catalog.Artefact) error) ([]catalog.Artefact, error) {
	artefacts := make([]catalog.Artefact, len(formats))
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(2)
	var disk errgroup.Group // files on their way to it; nobody waits but the end
	there := map[string]chan struct{}{}
	for _, f := range formats {
		there[f] = make(chan struct{})
	}
	order := make([]int, len(formats))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		// Others wait for a plain file, and must not take its turn.
		if plainA, plainB := !strings.Contains(formats[a], "."), !strings.Contains(formats[b], "."); plainA != plainB {
			return map[bool]int{true: -1, false: 1}[plainA]
		}
		return cost[formats[b]] - cost[formats[a]]
	})
	for _, i := range order {
		format := formats[i]
		f, ok := catalog.FormatOf(format)
		if !ok {
			return nil, fmt.Errorf("export %s: no such format: %w", format, catalog.ErrInvalid)
		}
		plain, _, compressed := strings.Cut(format, ".")
		after := there[plain]
		group.Go(func() error {
			if compressed && after != nil {
				select {
				case <-after:
				case <-groupCtx.Done():
					return groupCtx.Err()
				}
			}
			a, err := render(groupCtx, src, dir, f, meta)
			if err != nil {
				return fmt.Errorf("export %s: %w", format, err)
			}
			close(there[format])
			artefacts[i] = a
			disk.Go(func() error { return syncFile(filepath.Join(dir, a.File)) })
			if written != nil {
				return written(groupCtx, a)
			}
			return nil
		})
	}
	if err := errors.Join(group.Wait(), disk.Wait()); err != nil {
		return nil, err
	}
	return artefacts, nil
}

func syncFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func render(ctx context.Context, src *store.File, dir string, format catalog.Format, meta Meta) (a catalog.Artefact, err error) {
	a = catalog.Artefact{Format: format.Ext, File: string(meta.Dataset.ID) + "." + format.Ext, MediaType: format.MediaType, Rows: meta.Rows}
	path := filepath.Join(dir, a.File)
	if format.Ext == "parquet" {
		if err := copyParquet(ctx, src, path, meta); err != nil {
			return a, err
		}
		a.SHA256, a.Bytes, err = catalog.HashFile(path)
		return a, err
	}
	f, err := os.Create(path)
	if err != nil {
		return a, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	h := sha256.New()
	w := bufio.NewWriterSize(io.MultiWriter(f, h), 1<<20)
	a.Rows, err = renderTo(ctx, w, src, dir, format, meta)
	if err != nil {
		return a, err
	}
	if err := w.Flush(); err != nil {
		return a, err
	}
	info, err := f.Stat()
	if err != nil {
		return a, err
	}
	a.Bytes, a.SHA256 = info.Size(), hex.EncodeToString(h.Sum(nil))
	return a, nil
}

func renderTo(ctx context.Context, w io.Writer, src *store.File, dir string, format catalog.Format, meta Meta) (int64, error) {
	plain, compression, compressed := strings.Cut(format.Ext, ".")
	if compressed {
		f, err := os.Open(filepath.Join(dir, string(meta.Dataset.ID)+"."+plain))
		if err == nil {
			defer f.Close()
			return meta.Rows, compressFile(ctx, w, f, compression)
		} else if !errors.Is(err, os.ErrNotExist) {
			return 0, err
		}
	}
	rows, release, err := src.Read(ctx)
	if err != nil {
		return 0, err
	}
	defer release()
	return write(ctx, w, format.Ext, rows, meta, Options{})
}

func compressFile(ctx context.Context, w io.Writer, f io.Reader, compression string) error {
	var z io.WriteCloser
	var err error
	if compression == "zst" {
		z, err = zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
	} else {
		z, err = gzip.NewWriterLevel(w, gzipLevel)
	}
	if err != nil {
		return err
	}
	if _, err := io.CopyBuffer(z, &cancelled{ctx, f}, make([]byte, 1<<20)); err != nil {
		return err
	}
	return z.Close()
}

// cancelled is a reader that ends when its context does.
type cancelled struct {
	ctx context.Context
	r   io.Reader
}

func (c *cancelled) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// copyParquet lets DuckDB write the rows in their order.
func copyParquet(ctx context.Context, src *store.File, path string, meta Meta) error {
	var kvs []string
	for _, kv := range keyValues(meta) {
		kvs = append(kvs, store.Ident(kv[0])+": "+store.Literal(kv[1]))
	}
	// Readers that match columns by id alone (Iceberg's) find nothing without them.
	var ids []string
	for name, id := range meta.Dataset.FieldIDs() {
		ids = append(ids, fmt.Sprintf("%s: %d", store.Ident(name), id))
	}
	slices.Sort(ids)
	options := fmt.Sprintf("FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE %d, KV_METADATA {%s}", groupRows(len(ids)), strings.Join(kvs, ", "))
	if len(ids) >= store.WideFrom {
		// Each column has a dictionary of up to 1 MB in memory.
		options += fmt.Sprintf(", STRING_DICTIONARY_PAGE_SIZE_LIMIT %d", max(1024, (64<<20)/len(ids)))
	}
	if len(ids) > 0 {
		options += ", FIELD_IDS {" + strings.Join(ids, ", ") + "}"
	}
	return src.Exec(ctx, fmt.Sprintf("COPY %s TO %s (%s)", store.Table, store.Literal(path), options))
}
