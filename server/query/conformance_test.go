package query_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"govdata/catalog"
	"govdata/catalog/store"
	"govdata/server/query"
	"govdata/server/query/enginetest"
)

// The pool of sandboxed workers keeps the contract of engines.
func TestThePoolIsAnEngine(t *testing.T) {
	enginetest.Run(t, func(t *testing.T, tables []enginetest.Table) (query.Engine, func(context.Context, string) (query.Source, error)) {
		public := t.TempDir()
		sources := map[string]query.Source{}
		for _, table := range tables {
			path := filepath.Join(public, table.Name+".duckdb")
			fill(t, path, table)
			pinned := table.Name + "@20260101-000000000000"
			sources[table.Name] = query.Source{Path: path, Pinned: pinned}
			sources[pinned] = sources[table.Name]
		}
		pool, err := query.NewPool(query.PoolOptions{Workers: 2, PublicDir: public})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(pool.Close)
		return pool, func(_ context.Context, name string) (query.Source, error) {
			if s, ok := sources[name]; ok {
				return s, nil
			}
			return query.Source{}, fmt.Errorf("%s: %w", name, catalog.ErrNotFound)
		}
	})
}

// fill makes a release file.
func fill(t *testing.T, path string, table enginetest.Table) {
	t.Helper()
	db, err := sql.Open("duckdb", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var columns, marks []string
	for _, c := range table.Columns {
		columns, marks = append(columns, store.Ident(c.Name)+" "+c.Type.SQL()), append(marks, "?::"+c.Type.SQL())
	}
	if _, err := db.Exec("CREATE TABLE " + store.Table + " (" + strings.Join(columns, ", ") + ")"); err != nil {
		t.Fatal(err)
	}
	for _, row := range table.Rows {
		values := make([]any, len(row))
		for i, cell := range row {
			if cell != nil {
				values[i] = *cell
			}
		}
		if _, err := db.Exec("INSERT INTO "+store.Table+" VALUES ("+strings.Join(marks, ", ")+")", values...); err != nil {
			t.Fatal(err)
		}
	}
}
