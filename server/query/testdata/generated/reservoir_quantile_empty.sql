-- DuckDB: INTERNAL, index 0 within vector of size 0.
SELECT reservoir_quantile(3.14, list_value()) FROM wide
