-- A goroutine of the XLSX writer panicked on it, which ended the whole server.
SELECT '99'::BIGNUM
