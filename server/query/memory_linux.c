#include <stdlib.h>
#include <unistd.h>

// With glibc the functions below stand before its own, whose other names they
// call. Elsewhere there are none, and DuckDB is left to its exceptions.
#ifdef __GLIBC__

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);

static int final;

void govdata_no_second_chance(void) { final = 1; }

static void *had(void *p, size_t n)
{
	if (p == NULL && n != 0 && final) {
		static const char words[] = "cannot allocate memory\n";
		if (write(2, words, sizeof words - 1)) {
		}
		_exit(3);
	}
	return p;
}

void *malloc(size_t n) { return had(__libc_malloc(n), n); }
void *calloc(size_t n, size_t size) { return had(__libc_calloc(n, size), n && size); }
void *realloc(void *p, size_t n) { return had(__libc_realloc(p, n), n); }

#else

void govdata_no_second_chance(void) {}

#endif
