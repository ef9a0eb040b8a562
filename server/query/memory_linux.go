package query

// void govdata_no_second_chance(void);
import "C"

// endWithoutMemory ends the process at once, from now on, where the system gives
// it no more memory. DuckDB throws an exception then, and parts of it do not
// survive that: a recursive UNION frees twice what it holds.
func endWithoutMemory() { C.govdata_no_second_chance() }
