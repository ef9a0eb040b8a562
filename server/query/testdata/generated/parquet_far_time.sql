-- Parquet has no seconds: the writer of its milliseconds broke off with an error of no known kind.
SELECT TIMESTAMP_S '290309-12-22 (BC) 00:00:00' AS moment
