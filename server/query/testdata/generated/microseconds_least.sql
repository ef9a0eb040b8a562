-- DuckDB: INTERNAL, information loss on integer cast.
SELECT to_microseconds(-9223372036854775808), 100 ORDER BY 1
