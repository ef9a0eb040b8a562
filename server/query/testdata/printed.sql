SELECT count(*), count(*) FILTER (WHERE a > 1), sum(x) FILTER (WHERE y <> 'b') FROM t
SELECT * EXCLUDE (a) REPLACE (b + 1 AS b) RENAME (x AS xx) FROM t
SELECT COLUMNS('^[ab]$'), COLUMNS(c -> c LIKE 'x%'), COLUMNS(['id', 'a']) FROM t
SELECT min(COLUMNS(* EXCLUDE (s, l))) FROM t
SELECT coalesce(*COLUMNS('^[ab]$')) FROM t
SELECT t.* EXCLUDE (t.a, t.b, t.s) FROM t
SELECT * LIKE 'x%' FROM t
SELECT sum(x) OVER (PARTITION BY a ORDER BY b DESC NULLS LAST, id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW EXCLUDE TIES) FROM t
SELECT sum(x) OVER w, rank() OVER w FROM t WINDOW w AS (PARTITION BY a ORDER BY id GROUPS BETWEEN UNBOUNDED PRECEDING AND 3 FOLLOWING)
SELECT sum(x) OVER (ORDER BY d RANGE BETWEEN INTERVAL 3 DAYS PRECEDING AND INTERVAL 1 DAY FOLLOWING EXCLUDE CURRENT ROW) FROM t
SELECT sum(x) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE GROUP), nth_value(x, 2 IGNORE NULLS) OVER (ORDER BY id) FROM t
SELECT lag(x IGNORE NULLS) OVER (ORDER BY id), lead(x, 1, -1) OVER (ORDER BY id), first(x ORDER BY b DESC) OVER (PARTITION BY a) FROM t
SELECT string_agg(DISTINCT y, ',' ORDER BY y DESC NULLS FIRST), list(x ORDER BY id) FROM t
SELECT id FROM t QUALIFY row_number() OVER (PARTITION BY a ORDER BY id DESC) = 1
SELECT id FROM t ORDER BY id LIMIT 50%
SELECT id FROM t ORDER BY id LIMIT (SELECT 2) OFFSET 1
SELECT * EXCLUDE (s, l) FROM t ORDER BY ALL DESC NULLS FIRST
SELECT y FROM t ORDER BY y COLLATE NOCASE DESC NULLS LAST, 1
SELECT y COLLATE NOCASE AS c, count(*) FROM t GROUP BY 1 ORDER BY 1
SELECT id FROM t WHERE y BETWEEN ('A' COLLATE NOCASE) AND 'B'
SELECT id FROM t WHERE 'a' BETWEEN (y COLLATE NOCASE) AND 'b'
SELECT DISTINCT ON (a, b) id, a, b FROM t ORDER BY a, b, id
SELECT DISTINCT a FROM t
SELECT a, b, count(*), grouping(a, b) FROM t GROUP BY GROUPING SETS ((a), (b), (), (a, b))
SELECT a, b, y, count(*) FROM t GROUP BY CUBE (a, b), ROLLUP (y)
SELECT a AS g, y, count(*) FROM t GROUP BY GROUPING SETS (CUBE (g), (), y)
SELECT a, b, count(*) FROM t GROUP BY ROLLUP (a), ROLLUP (b)
SELECT a, b, sum(x) FROM t GROUP BY ALL HAVING count(*) > 1
SELECT a % 2 AS odd, sum(x) FROM t GROUP BY odd ORDER BY odd
SELECT sum(x) FROM t GROUP BY ()
SELECT 123456789012345678901234567890, 1.50, .5, 1e10, 1.5e0, 1e300, 1e-7, 12345678901234567890.123456789, 1_000, 0., 42., -0.0, 1e0 / 3
SELECT 170141183460469231731687303715884105727, 9223372036854775808, -9223372036854775808, 99999999999999999999999999999999999999999
SELECT 10 / 4, 10 // 4, 1.10 + 1, 2 ** 3, 7 % 3, -7 % 3, 5!, ~5, @(-3), 1 << 3, 6 & 3, 6 | 3, xor(6, 3)
SELECT INTERVAL '3' DAY, INTERVAL 3 MONTH, INTERVAL (a) YEAR, INTERVAL '1 year 2 months', '1 day 03:00:00'::INTERVAL, INTERVAL 90 MINUTE FROM t
SELECT DATE '2026-01-01', DATE('2026-01-02'), TIMESTAMP '2026-01-01 00:00:00.123456', TIMESTAMPTZ '2026-01-01 00:00:00+00', TIME '12:30:00', DATE '2026-01-31' + INTERVAL 1 MONTH
SELECT TRY_CAST(y AS INT), x::DECIMAL(10,2), x::VARCHAR::INT, CAST(s AS STRUCT(p INT, q VARCHAR)), l::BIGINT[], TRY_CAST('x' AS DATE) FROM t
SELECT CAST({'a': 1, 'b c': ['x']} AS STRUCT(a INT, "b c" VARCHAR[])), MAP {1: 'a'}::MAP(BIGINT, VARCHAR), [1, 2, 3]::INT[3], 'b'::ENUM('a', 'b')::VARCHAR
SELECT [v * 2 FOR v IN l IF v > 1], list_transform(l, lambda v, i: v + i), list_filter(l, lambda v: v > 1), reduce(l, lambda p, q: p + q) FROM t WHERE len(l) > 0
SELECT list_transform(l, v -> v + a), list_sort(l, 'DESC', 'NULLS LAST'), list_reduce([1, 2, 3], lambda p, q: p * q, 10) FROM t
SELECT {'a': 1, 'b c': [2]}, MAP {1: 'a', 2: 'b'}, (1, 'x'), ROW(1, NULL), [NULL, 1], [], struct_pack(p := 1, "q r" := 2)
SELECT l[1], l[1:2], l[2:], l[-1:], l[1:3:2], s.p, s['q'], (s).q, t.s.p, MAP {'k': 5}['k'], 'abc'[2], 'abcdef'[2:4] FROM t
SELECT '{"a": {"b": [1, 2]}}'::JSON -> 'a' ->> 'b', '{"a": 1}'::JSON ->> '$.a', ('{"a": [1]}'::JSON -> 'a') -> 0
SELECT y LIKE 'a%' ESCAPE '\', y NOT LIKE 'b', y ILIKE 'B', y SIMILAR TO '[ab]', y GLOB 'a*', y NOT ILIKE 'B' ESCAPE '$', y ~ 'a', y !~~ 'b', y ^@ 'a' FROM t
SELECT a IN (1, 2), a NOT IN (SELECT b FROM t), a = ANY (SELECT b FROM t), a <> ALL (SELECT b FROM t), a > ANY (SELECT b FROM t), EXISTS (SELECT 1 FROM u WHERE u.a = t.a), a IN l FROM t
SELECT (a, b) IN (SELECT a, b FROM t), (a, b) = (1, 2), (a, b) < (2, 1) FROM t
SELECT a IS NOT DISTINCT FROM b, a IS DISTINCT FROM b, a BETWEEN 1 AND 2, a NOT BETWEEN 1 AND 2, a IS NULL, a NOTNULL, a ISNULL FROM t
SELECT (a > 1) IS TRUE, (a > 1) IS NOT FALSE, (a > 1) IS UNKNOWN, (a > 1) IS NOT TRUE, true, false, NOT true, NULL FROM t
SELECT true AND a > 1 OR false, NOT (a > 1 AND b > 1), NOT a > 1 OR b > 1 FROM t
SELECT CASE a WHEN 1 THEN 'one' WHEN 2 THEN 'two' ELSE 'many' END, CASE WHEN b > 1 THEN y END, coalesce(y, 'none'), nullif(a, 1), ifnull(y, '-'), if(a > 1, 'x', 'y') FROM t
SELECT * EXCLUDE (s, l) FROM t, u WHERE t.a = u.a
SELECT * EXCLUDE (s, l) FROM t CROSS JOIN u
SELECT id, c FROM t NATURAL JOIN u
SELECT id, c FROM t LEFT JOIN u USING (a) ORDER BY ALL
SELECT id, c FROM t FULL JOIN u ON t.a = u.a AND u.c > 'm'
SELECT id FROM t SEMI JOIN u USING (a)
SELECT id FROM t ANTI JOIN u ON u.a = t.a
SELECT t.id, u.c FROM t ASOF JOIN u ON t.a >= u.a
SELECT t.id, u.c FROM t ASOF LEFT JOIN u USING (a)
SELECT t.id, u.c FROM t POSITIONAL JOIN u
SELECT t.id, v.k, w.k FROM t JOIN (u AS v JOIN u AS w ON v.a = w.a) ON t.a = v.a
SELECT count(*) FROM (t NATURAL JOIN u) NATURAL JOIN (u AS v NATURAL JOIN u AS w)
SELECT count(*) FROM t CROSS JOIN (u AS v JOIN u AS w USING (a))
SELECT count(*) FROM t, u AS v JOIN u AS w ON v.a = w.a, u AS x
SELECT count(*) FROM t LEFT JOIN (u AS v CROSS JOIN u AS w) ON t.a = w.a
SELECT count(*) FROM (t JOIN u USING (a)) AS tu
SELECT id FROM t TABLESAMPLE reservoir(100 ROWS) REPEATABLE (42)
SELECT id FROM t USING SAMPLE 100% (bernoulli, 3)
SELECT id FROM t USING SAMPLE reservoir(100 ROWS) REPEATABLE (7)
SELECT * FROM (PIVOT u ON c IN ('m', 'n') USING count(k) AS n, max(k) GROUP BY a)
SELECT * FROM t PIVOT (sum(x) AS total FOR a IN (1, 2 AS two) y IN ('a') GROUP BY b) AS p
SELECT * FROM (PIVOT u ON c IN ('m', 'n') USING count(*))
SELECT * FROM u UNPIVOT (v FOR name IN (a, k))
SELECT * FROM u UNPIVOT INCLUDE NULLS ((v, w) FOR name IN ((a, k) AS 'first', (k, a)))
SELECT * FROM (UNPIVOT u ON a, k INTO NAME n VALUE v)
SELECT * FROM u UNPIVOT (v FOR n IN (COLUMNS(* EXCLUDE (c))))
SELECT * FROM (VALUES (1, 'a'), (2, NULL)) AS v(n, m)
SELECT * FROM (VALUES (1, 'a'), (2, NULL))
SELECT v.col0 FROM (VALUES (1), (2)) v
VALUES (1, 'x'), (2, 'y') ORDER BY 1 DESC LIMIT 1
SELECT * FROM (VALUES (1), (2) ORDER BY 1 DESC LIMIT 1) AS v(n)
FROM VALUES (1), (2) AS v(n)
(SELECT 1 UNION ALL SELECT 2) EXCEPT SELECT 3 ORDER BY 1 LIMIT 1
SELECT 1 AS p UNION BY NAME SELECT 2 AS q UNION ALL BY NAME SELECT 3 AS p
SELECT 1 UNION SELECT 2 INTERSECT SELECT 2 UNION ALL SELECT 1 EXCEPT ALL SELECT 2
SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4
SELECT * FROM range(1, 4) r(i), generate_series(1, 2) WITH ORDINALITY AS g, LATERAL (SELECT r.i * 2 AS j) q
SELECT * FROM unnest([1, 2]) AS q(v)
SELECT unnest(l), id FROM t
SELECT unnest({'a': 1, 'b': {'c': 2}}, recursive := true), unnest([[1], [2]], max_depth := 2)
SELECT * FROM json_each('{"a": 1}') AS j
SELECT "select", "a""b", o."x y" FROM (SELECT 1 AS "select", 2 AS "a""b", 3 AS "x y") AS o
SELECT 'it''s', E'a\nb\\\'', $$dollar 'x'$$, '中文', 'q_1_', ''
SELECT id AS "a b", y "é", x FROM t AS "my t" WHERE "my t".id > 1
SELECT extract(year FROM d), date_part('month', d), d AT TIME ZONE 'UTC', position('a' IN y), substring(y FROM 1 FOR 2), trim(BOTH 'a' FROM y), date_trunc('month', d) FROM t
SELECT array(SELECT id FROM t ORDER BY id), (SELECT max(id) FROM t), (SELECT t2.y FROM t AS t2 WHERE t2.id = t.id) FROM t
SELECT (SELECT (SELECT max(a) FROM u) + min(id) FROM t), EXISTS (FROM u), 1 IN (SELECT id FROM t)
SELECT upper(y), y.upper(), l.list_transform(lambda v: v + 1), (1).abs() FROM t
TABLE u
FROM u
FROM u SELECT k WHERE a = 1
FROM (FROM u) AS q SELECT q.k
SELECT 1 AS p, p + 1 AS q WHERE q > 1
SELECT p: 1, q: 'x'
SELECT 'inf'::DOUBLE, 'nan'::DOUBLE, '-inf'::DOUBLE, 1::INT::VARCHAR
SELECT t FROM t
SELECT u FROM u WHERE u.a = 1
SELECT quantile_cont(x, 0.5), quantile_cont(x, [0.25, 0.75]), median(x), mode(a), approx_count_distinct(a) FROM t
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY x DESC), percentile_disc(0.5) WITHIN GROUP (ORDER BY x), mode() WITHIN GROUP (ORDER BY a) FROM t
SELECT count(DISTINCT a), count(), sum(ALL x), arg_max(y, x), max(x, 2) FROM t
WITH q AS NOT MATERIALIZED (SELECT 1 AS n), r(m) AS MATERIALIZED (FROM q) SELECT (WITH s AS (FROM r) SELECT m FROM s), r.m FROM r
WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT sum(n) FROM r
WITH RECURSIVE r AS (SELECT id, a FROM t), s(n) AS (SELECT 1 UNION SELECT n % 3 + 1 FROM s) SELECT * FROM r, s
WITH RECURSIVE r(k, n) USING KEY (k) AS (SELECT a, 1 FROM u UNION ALL SELECT r.k, r.n + q.n FROM r JOIN recurring.r AS q USING (k) WHERE r.n < 8) FROM r
WITH t AS (SELECT id * 10 AS id FROM t) SELECT t.id FROM t
WITH RECURSIVE u AS (SELECT a, k FROM u WHERE a = 1 UNION ALL SELECT a + 1, k FROM u WHERE a < 4) SELECT u.a, u.k FROM u
SELECT try(1 / a), TRY(y::INT) FROM t
SELECT '101'::BIT::VARCHAR, '\xAA'::BLOB, encode('ä'), BITSTRING '0101'::VARCHAR
SELECT current_date = current_date, today() = current_date
SELECT #1, a FROM t ORDER BY #1
SELECT CAST(NULL AS INT), NULL::DATE, typeof(NULL), typeof(1.5), typeof(1e0), typeof(1.5e0), typeof(0.), typeof(.25)
DESCRIBE u
SUMMARIZE u
DESCRIBE SELECT a, (SELECT max(k) FROM u) FROM t
SELECT column_name FROM (DESCRIBE u) WHERE column_name <> 'a'
SELECT * FROM (SUMMARIZE SELECT a FROM t) AS q
SELECT "T".A, T."b" FROM T AS "T"
SELECT Id, U.K FROM T JOIN U USING (A)
SELECT sum(x) FROM t WHERE (y, a) IN (('a', 1), ('b', 2))
SELECT max(x) FILTER (WHERE a = 1) OVER (ORDER BY id) FROM t
SELECT id FROM t WHERE d >= '2026-01-02' AND y IN ('a', 'b') OR x IS NULL ORDER BY id
SELECT list(DISTINCT a ORDER BY a)[1], list_aggregate(list(x), 'sum') FROM t
SELECT format('{:.2f} {}', z, y), printf('%d', a), concat_ws('-', y, a), y || '-' || a FROM t
SELECT (@ -5) - 3, (~ 5) + 1, @ -5 - 3, (@ a) * (~ b), ((~ a)) IS NULL FROM t
SELECT ((EXISTS (SELECT 1))::VARCHAR)[1:2], (SELECT l FROM t LIMIT 1)[2], (SELECT y FROM t WHERE id = 1)[1], (SELECT s FROM t WHERE id = 1)['q']
