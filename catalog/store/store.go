// Package store is the DuckDB analytic store: it opens the read-only files
// that releases are made of and streams them as Arrow.
package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"strings"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/duckdb/duckdb-go/v2"
)

// Table is the name of the table of rows of a release file.
const Table = "data"

// Places is the name of a table that a large release file has beside its rows
// where these are in the order of a text: of every PlaceStep-th row its number
// ("_row", from 0, as rowid) and its value, in a column of the name that it has
// among the rows. DuckDB itself knows of each 122,880 rows the least and the
// greatest first eight bytes, and all of 兰罚〔2026〕1号 to 兰罚〔2026〕999号 begin
// with the same ones. For numbers and dates that is enough, and there are no places.
const (
	Places    = "places"
	PlaceStep = 2048
	// PlacesFrom is how many rows a release has that is large.
	PlacesFrom = 100_000
)

// PlacesSQL makes the table of places in an attached database whose rows are in
// the order of column.
func PlacesSQL(database, column string) string {
	return fmt.Sprintf("CREATE TABLE %[1]s.%[2]s AS SELECT %[3]s, rowid AS _row FROM %[1]s.%[4]s WHERE rowid %% %[5]d = 0 ORDER BY rowid",
		database, Places, Ident(column), Table, PlaceStep)
}

// File is a release's DuckDB file, opened read-only.
type File struct {
	connector *duckdb.Connector
	db        *sql.DB
}

// MemoryMB is how much memory DuckDB may use where nobody says otherwise. With a
// folder for what does not fit, ten million rows of twelve columns need no more;
// four times as much makes their ingest a fifth faster.
const MemoryMB = 512

// Options bound what one open file may use.
type Options struct {
	// Threads; 0: as many as there are cores.
	Threads int
	// MemoryMB; 0: what Memory says of Columns.
	MemoryMB int
	// Columns of the widest table, where they are known.
	Columns int
	// TempDir takes what does not fit in memory. Empty: nothing is spilled.
	TempDir string
}

// Open opens the release file at path read-only.
func Open(path string, o Options) (*File, error) {
	connector, err := duckdb.NewConnector(path+"?access_mode=read_only", nil)
	if err != nil {
		return nil, fmt.Errorf("store: open: %w", err)
	}
	f := &File{connector: connector, db: sql.OpenDB(connector)}
	if err := Configure(context.Background(), f.db, o); err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	return f, nil
}

// Configure sets the limits of o on a DuckDB instance.
func Configure(ctx context.Context, db interface {
	ExecContext(context.Context, string, ...any) (sql.Result, error)
}, o Options) error {
	if o.MemoryMB == 0 {
		o.MemoryMB = Memory(o.Columns)
	}
	settings := []string{
		fmt.Sprintf("SET memory_limit = '%dMB'", o.MemoryMB),
		"SET preserve_insertion_order = true",
		"SET autoinstall_known_extensions = false",
		"SET autoload_known_extensions = false",
		"SET temp_directory = " + Literal(o.TempDir),
		"SET TimeZone = 'UTC'",
	}
	if o.Columns >= WideFrom {
		settings = append(settings, "SET write_buffer_row_group_count = 1")
	}
	if o.Columns > 4096 { // each thread has vectors of all columns
		o.Threads = 1
	}
	if o.Threads > 0 {
		settings = append(settings, fmt.Sprintf("SET threads = %d", o.Threads))
	}
	for _, s := range settings {
		if _, err := db.ExecContext(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
	}
	return nil
}

// Close closes the file.
func (f *File) Close() error { return f.db.Close() }

// Count returns the number of rows.
func (f *File) Count(ctx context.Context) (int64, error) {
	var n int64
	err := f.db.QueryRowContext(ctx, "SELECT count(*) FROM "+Table).Scan(&n)
	return n, err
}

// Columns returns the number of columns.
func (f *File) Columns(ctx context.Context) (n int, err error) {
	err = f.db.QueryRowContext(ctx, "SELECT column_count FROM duckdb_tables() WHERE database_name = current_database() AND table_name = "+Literal(Table)).Scan(&n)
	return n, err
}

// Read streams the rows in file order, all columns, as Arrow record batches.
// The caller calls release when done, after the last use of the reader. The
// driver materialises each result, so Read asks for a window of rows at a
// time, and memory does not grow with rows.
func (f *File) Read(ctx context.Context) (reader array.RecordReader, release func(), err error) {
	rows, err := f.Count(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("store: %w", err)
	}
	conn, err := f.connector.Connect(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("store: %w", err)
	}
	columns, err := f.Columns(ctx)
	if err != nil {
		conn.Close()
		return nil, nil, fmt.Errorf("store: %w", err)
	}
	w := &windows{ctx: ctx, conn: conn, rows: rows, size: WindowRows(columns)}
	w.refs.Store(1)
	if err := w.open(); err != nil {
		conn.Close()
		return nil, nil, fmt.Errorf("store: %w", err)
	}
	return w, w.Release, nil
}

// Query streams the result of trusted SQL as Arrow record batches. Public SQL
// never comes here; it runs in a worker (package server/query).
func (f *File) Query(ctx context.Context, query string) (array.RecordReader, func(), error) {
	conn, err := f.connector.Connect(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("store: %w", err)
	}
	reader, err := queryArrow(ctx, conn, query)
	if err != nil {
		conn.Close()
		return nil, nil, fmt.Errorf("store: %w", err)
	}
	return reader, func() { reader.Release(); conn.Close() }, nil
}

func queryArrow(ctx context.Context, conn driver.Conn, query string) (array.RecordReader, error) {
	a, err := duckdb.NewArrowFromConn(conn)
	if err != nil {
		return nil, err
	}
	return a.QueryContext(ctx, query)
}

// Exec runs trusted SQL that returns no rows, such as COPY ... TO.
func (f *File) Exec(ctx context.Context, query string) error {
	_, err := f.db.ExecContext(ctx, query)
	return err
}

// Ident quotes s as an SQL identifier.
func Ident(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

// Literal quotes s as an SQL string.
func Literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
