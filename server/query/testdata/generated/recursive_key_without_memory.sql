-- The same with a key: corrupted size vs. prev_size.
WITH RECURSIVE c(i, x) USING KEY (i) AS (SELECT 1, 'g' UNION ALL SELECT -i, x || x FROM c) SELECT count(*) FROM c
