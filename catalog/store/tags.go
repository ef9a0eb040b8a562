//go:build !duckdb_arrow

package store

// DuckDB's Arrow interface is behind a build tag of its driver.
var _ = build_with_make_or_pass_tags_duckdb_arrow
