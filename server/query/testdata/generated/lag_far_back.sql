-- lag and lead reckon their place with no check for overflow where there is no order: SIGSEGV.
SELECT lag(range, -9223372036854775808) OVER (), lead(range, -9223372036854775808) OVER () FROM range(3)
