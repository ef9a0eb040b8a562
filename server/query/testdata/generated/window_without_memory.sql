-- A thread of jemalloc's without an arena read through a null pointer (SIGSEGV).
SELECT i, sum(i) OVER (ORDER BY i) FROM range(100000000) t(i)
