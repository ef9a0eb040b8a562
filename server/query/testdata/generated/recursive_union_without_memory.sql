-- Freed twice what it held (SIGABRT) where malloc failed under the memory limit.
WITH RECURSIVE c(i, x) AS (SELECT 1::HUGEINT, 'quarter' UNION SELECT hash(i), repeat(x, 2) FROM c) SELECT max(x) FROM c
