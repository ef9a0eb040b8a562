-- SIGSEGV where two threads ran out of memory together.
WITH c AS (WITH RECURSIVE d(i) AS (SELECT 1::HUGEINT UNION SELECT i * 2 FROM d) SELECT i FROM d) SELECT * FROM c a, c b ORDER BY 1
