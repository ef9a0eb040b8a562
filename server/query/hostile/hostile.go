// Package hostile holds statements that are known to hurt a database which answers
// strangers, for tests of all that stands between the two.
package hostile

import (
	"fmt"
	"strings"
)

// Outcome is what must become of a hostile statement.
type Outcome int

// Refused: by the gate, or as a fault in the SQL. Stopped: by the limit of time,
// memory or bytes. Either: one of the two, or an answer, harmless in any case.
const (
	Refused Outcome = iota
	Stopped
	Either
)

// Corpus is the "Hostile SQL corpus". table stands for a release with an integer id, a text
// region, a date decided_on and a decimal amount; file for where it lies, secret
// for a private file.
func Corpus(table, file, secret string) map[string]Outcome {
	fill := strings.NewReplacer("FILE", file, "SECRET", secret, "penalties", table)
	c := map[string]Outcome{}
	add := func(o Outcome, statements ...string) {
		for _, s := range statements {
			c[fill.Replace(s)] = o
		}
	}
	// Files, by function, in every position and spelling.
	for _, f := range []string{
		"read_csv", "read_csv_auto", "read_text", "read_blob", "read_json", "read_json_auto", "read_json_objects", "read_ndjson",
		"read_ndjson_objects", "read_parquet", "parquet_scan", "parquet_metadata", "parquet_schema", "parquet_file_metadata",
		"parquet_kv_metadata", "parquet_bloom_probe", "glob", "sniff_csv", "read_duckdb", "seq_scan", "query", "query_table",
	} {
		add(Refused,
			fmt.Sprintf("SELECT * FROM %s('SECRET')", f),
			fmt.Sprintf(`SELECT * FROM "%s"('SECRET')`, strings.ToUpper(f)),
			fmt.Sprintf("FROM main.%s('SECRET')", f),
			fmt.Sprintf("FROM system.main.%s('SECRET')", f),
			fmt.Sprintf("SELECT 1 WHERE EXISTS (SELECT * FROM %s('SECRET'))", f),
			fmt.Sprintf("SELECT * FROM penalties p, LATERAL (SELECT * FROM %s('SECRET')) x", f),
			fmt.Sprintf("WITH x AS (FROM %s('SECRET')) SELECT * FROM x", f),
			fmt.Sprintf("SELECT 1 UNION ALL SELECT 2 FROM %s('SECRET')", f),
			fmt.Sprintf("SELECT (SELECT count(*) FROM %s('SECRET'))", f),
			fmt.Sprintf("SELECT %s('SECRET')", f),
			fmt.Sprintf("DESCRIBE SELECT * FROM %s('SECRET')", f),
			fmt.Sprintf("SUMMARIZE FROM %s('SECRET')", f),
			fmt.Sprintf("SELECT * FROM (PIVOT %s('SECRET') ON x IN (1) USING count(*))", f),
		)
	}
	add(Refused,
		"SELECT * FROM 'SECRET'", `SELECT * FROM "SECRET"`, "SELECT * FROM '/etc/passwd'", "FROM '*.csv'", "FROM 'FILE'",
		"SELECT * FROM 'https://example.org/x.parquet'", `WITH "SECRET" AS (SELECT 1) SELECT * FROM (SELECT 1), 'SECRET' AS x, (WITH y AS (FROM 'SECRET2') FROM y)`,
		"SELECT * FROM (WITH \"SECRET\" AS (SELECT 1) SELECT 2), 'SECRET'",
		"COPY penalties TO 'FILE'", "COPY (SELECT 1) TO 'FILE'", "COPY penalties FROM 'SECRET'", "EXPORT DATABASE '/tmp/x'", "IMPORT DATABASE '/tmp/x'",
		"ATTACH 'FILE' AS y", "ATTACH ':memory:' AS y", "DETACH release1", "INSTALL httpfs", "LOAD httpfs", "FORCE INSTALL spatial",
		"PRAGMA database_list", "PRAGMA enable_profiling", "PRAGMA version", "SET memory_limit='100GB'", "RESET memory_limit", "SET GLOBAL threads=100",
		"SET VARIABLE x = 1", "CALL pragma_version()", "CREATE SECRET s (TYPE s3)", "CREATE TABLE t AS SELECT 1", "CREATE TEMP MACRO f() AS 1",
		"CREATE VIEW v AS SELECT 1", "DROP VIEW penalties", "INSERT INTO penalties SELECT 1", "DELETE FROM penalties", "UPDATE penalties SET id = 1",
		"ALTER TABLE penalties ADD COLUMN x INT", "TRUNCATE penalties", "VACUUM", "CHECKPOINT", "BEGIN", "COMMIT", "USE memory", "PREPARE p AS SELECT 1",
		"EXECUTE p", "EXPLAIN SELECT 1", "EXPLAIN ANALYZE SELECT 1", "SHOW TABLES", "SHOW DATABASES", "SHOW ALL TABLES", "FROM (SHOW ALL TABLES)", "SHOW penalties_",
		"SELECT 1; SELECT 2", "SELECT 1; COPY penalties TO 'FILE'", "BEGIN; SELECT 1", "PIVOT penalties ON region USING count(*)",
		"WITH x AS (INSERT INTO penalties SELECT 1 RETURNING *) FROM x", "WITH x AS (DELETE FROM penalties RETURNING *) FROM x",
		"SELECT * FROM penalties AT (VERSION => 1)", "MERGE INTO penalties USING penalties b ON true WHEN MATCHED THEN DELETE",
	)
	// Logging, profiling, settings and other things of the process.
	for _, f := range []string{
		"enable_logging('QueryLog')", "enable_profiling()", "disable_logging()", "disable_profiling()", "truncate_duckdb_logs()", "checkpoint()", "force_checkpoint()",
		"duckdb_logs()", "duckdb_logs_parsed('QueryLog')", "duckdb_databases()", "duckdb_settings()", "duckdb_secrets()", "which_secret('x', 's3')",
		"duckdb_extensions()", "duckdb_memory()", "duckdb_temporary_files()", "duckdb_views()", "duckdb_tables()", "duckdb_columns()", "duckdb_functions()",
		"duckdb_prepared_statements()", "duckdb_connection_count()", "duckdb_external_file_cache()", "duckdb_profiling_settings()",
		"pragma_database_size()", "pragma_storage_info('penalties')", "pragma_user_agent()", "pragma_version()", "pragma_platform()", "pragma_show('penalties')",
		"json_execute_serialized_sql('{}')", "sql_auto_complete('SEL')", "arrow_scan(1, 2, 3)", "arrow_scan_dumb(1, 2, 3)", "repeat(1, 1000000000)", "repeat_row(1, num_rows=1000000000)",
		"test_all_types()", "test_vector_types(NULL::INT)", "summary((SELECT 1))", "histogram(penalties, id)", "histogram_values(penalties, id)",
		"information_schema.tables", "pg_catalog.pg_class", "sqlite_master", "duckdb_settings", "main.penalties", "memory.main.penalties", "release1.main.data", "data",
		"pg_timezone_names()", "enable_peg_parser()", "check_peg_parser('SELECT 1')",
	} {
		add(Refused, "SELECT * FROM "+f, "SELECT 1 FROM penalties, "+f+" x", "SELECT (SELECT count(*) FROM "+f+")")
	}
	for _, f := range []string{
		"getenv('HOME')", "current_setting('temp_directory')", "getvariable('x')", "nextval('s')", "currval('s')", "write_log('x')", "sleep_ms(3000)", "pg_sleep(3)",
		"current_query()", "version()", "current_database()", "current_schemas(true)", "txid_current()", "current_connection_id()", "in_search_path('a', 'b')",
		"json_serialize_plan('SELECT 1')", "json_serialize_sql('SELECT 1')", "json_deserialize_sql('{}')", "pg_get_viewdef(1)", "has_table_privilege('x', 'y')",
		"inet_server_addr()", "finalize('x'::BLOB)", "combine('x'::BLOB, 'y'::BLOB)", "create_sort_key('x', 'y')", "stats(1)", "setseed(0.5)", "error('x')",
		"parse_duckdb_log_message('x', 'y')", `"GETENV"('HOME')`, "main.getenv('HOME')", "system.main.current_setting('temp_directory')", "'HOME'.getenv()",
		"st_geomfromwkb('x'::BLOB)", "__internal_decompress_string_ubigint(1::UBIGINT)", "list_transform([1], lambda x: getenv('HOME'))",
		"count(*) FILTER (getenv('x') = '')", "sum(1) OVER (ORDER BY current_setting('x'))",
	} {
		add(Refused, "SELECT "+f, "SELECT 1 WHERE ("+f+") IS NULL", "SELECT * FROM penalties ORDER BY "+f, "SELECT CASE WHEN true THEN "+f+" END")
	}
	// Names that mean one thing to who folds all of Unicode, or sees a recursive
	// common table expression in its own beginning, and another to DuckDB.
	for _, view := range []string{"duckdb_databases", "duckdb_settings", "duckdb_logs", "sqlite_master", "pragma_database_list", "pg_settings"} {
		look := strings.NewReplacer("s", "ſ", "k", "\u212a").Replace(view)
		for _, form := range []string{
			"WITH RECURSIVE VIEW AS (SELECT * FROM VIEW UNION ALL SELECT * FROM VIEW WHERE false) SELECT * FROM VIEW", "WITH RECURSIVE VIEW AS (FROM VIEW) FROM VIEW", "WITH VIEW AS (FROM VIEW) FROM VIEW",
			"WITH LOOK AS (SELECT 1) SELECT VIEW.* FROM VIEW, LOOK", "WITH x AS (WITH RECURSIVE VIEW AS (FROM VIEW UNION FROM VIEW) FROM VIEW) FROM x", "WITH RECURSIVE x AS (FROM VIEW UNION ALL FROM x) FROM x",
			"WITH RECURSIVE x(a) USING KEY (a) AS (SELECT 1 UNION ALL FROM recurring.VIEW) FROM x", "SELECT (SELECT count(*) FROM (WITH RECURSIVE VIEW AS (FROM VIEW UNION ALL FROM VIEW) FROM VIEW))",
		} {
			add(Refused, strings.NewReplacer("VIEW", view, "LOOK", look).Replace(form))
		}
	}
	// Memory.
	add(Stopped,
		"SELECT length(string_agg(repeat('a', 1000000), '')) FROM range(4000)",
		"SELECT count(DISTINCT hash(range) || 'abcdefghijklmnopqrstuvwxyz') FROM range(1000000000)",
		"SELECT len(list(range)) FROM range(1000000000)",
		"SELECT len(list_transform(range(300000000), lambda x: x || 'abc'))",
		"SELECT length(array_to_string(range(500000000), ','))",
		"SELECT max(x) FROM (SELECT string_agg(repeat(range::VARCHAR, 1000), '') x FROM range(10000000) GROUP BY range % 3)",
	)
	add(Either,
		"SELECT length(repeat('a', 2000000000))", "SELECT length(printf('%2000000000d', 1))", "SELECT length(format('{:2000000000d}', 1))",
		"SELECT length(lpad('a', 2000000000, 'b'))", "SELECT length(rpad('a', 2000000000, 'b'))", "SELECT len(list_transform(range(30000000), lambda x: x::VARCHAR))",
		"SELECT length(array_to_string(range(50000000), ','))", "SELECT repeat('a', 2000000000)", "SELECT repeat([1,2,3], 1000000000)",
		"SELECT length(repeat(repeat('a', 60000), 60000))", "SELECT bitstring('1', 2000000000)", "SELECT factorial(100000)", "SELECT 10::DECIMAL(38,0) ** 1000",
		"SELECT list_resize([1], 2000000000)", "SELECT array_value(1)::INT[100000]", "SELECT unnest(range(100000000))", "SELECT generate_series(1, 200000000)",
		"SELECT json_object('a', repeat('x', 500000000))", "SELECT regexp_replace(repeat('a', 50000000), '(a|aa)+$', 'b', 'g')", "SELECT split(repeat('a,', 100000000), ',')",
	)
	// Time.
	add(Stopped,
		"SELECT list_sum(range(1000000000))", "SELECT sum(a.range * b.range) FROM range(1000000) a, range(1000000) b",
		"SELECT sum(sin(i)) FROM generate_series(1, 1000000000000) t(i)", "SELECT * FROM generate_series(1, 1000000000000)",
		"WITH RECURSIVE x AS (SELECT 1 i UNION ALL SELECT i + 1 FROM x) SELECT count(*) FROM x",
		"SELECT sum(levenshtein(repeat('a', 100000 + i::INT), repeat('b', 100000))) FROM range(1000) t(i)",
		"SELECT count(*) FROM penalties a, penalties b, penalties c, penalties d WHERE a.amount + b.amount + c.amount < d.amount",
		"SELECT md5(string_agg(md5(i::VARCHAR), '')) FROM range(1000000000) t(i)",
		"SELECT a.i FROM range(100000000) a(i), range(100) b(j) ORDER BY hash(a.i + b.j) LIMIT 1",
	)
	// Size and depth of the text.
	add(Refused,
		"SELECT "+strings.Repeat("(", 900)+"1"+strings.Repeat(")", 900), "SELECT "+strings.Repeat("[", 900)+"1"+strings.Repeat("]", 900),
		"SELECT 1 WHERE "+strings.Repeat("1=1 OR ", 100_000)+"true", strings.Repeat("SELECT 1 UNION ALL ", 20_000)+"SELECT 1",
		"SELECT "+strings.Repeat("x.", 20_000)+"y", "", " ", ";", "--", "/*", "SELECT '\x00'", "SELECT '\xff'", "SELECT )",
	)
	joins := "SELECT count(*) FROM penalties t0"
	for i := 1; i < 400; i++ {
		joins += fmt.Sprintf(",penalties t%d", i)
	}
	add(Either,
		joins, "SELECT "+strings.Repeat("-", 2)+"\n"+strings.Repeat("NOT ", 3000)+"true", "SELECT 1"+strings.Repeat("+1", 7000), "SELECT 1 WHERE true"+strings.Repeat(" OR 1=2", 2000),
		"SELECT 1"+strings.Repeat(" UNION ALL SELECT 1", 800), "SELECT "+strings.Repeat("CASE WHEN true THEN ", 400)+"1"+strings.Repeat(" END", 400),
		"SELECT"+strings.Repeat(" - ", 4000)+"1", "SELECT 1"+strings.Repeat("::INT", 3000), strings.Repeat("WITH a AS (SELECT 1) ", 1)+"FROM a"+strings.Repeat(",a", 5000),
		"SELECT * FROM penalties ORDER BY ALL", "SELECT current_user, session_user", "SELECT * REPLACE (1 AS id) FROM penalties", "SELECT 'a'::ENUM('a', 'b')",
		"SELECT TIMESTAMP '290000-01-01' + INTERVAL 100000 YEAR", "SELECT 1/0, -9223372036854775808 // -1", "SELECT '{}'::JSON->'$..a'", "SELECT uuid(), random(), now()",
	)
	return c
}
