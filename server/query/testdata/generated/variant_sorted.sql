-- malloc(): invalid next size, and SIGSEGV: sorting a VARIANT writes beyond its memory.
SELECT count(*) FROM (SELECT {'a': [1]}::VARIANT AS v FROM wide ORDER BY 1 LIMIT 3000)
