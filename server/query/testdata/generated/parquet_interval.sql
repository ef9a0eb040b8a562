-- No error of a category where the answer was to be Parquet, which has no such interval.
SELECT INTERVAL 1 DAY
