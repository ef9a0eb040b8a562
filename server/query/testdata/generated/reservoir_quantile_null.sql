-- DuckDB: INTERNAL, ListValue::GetChildren on a NULL value.
SELECT reservoir_quantile(1, NULL::INTEGER[])
