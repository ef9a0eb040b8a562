#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

// With glibc the functions below stand before its own, whose other names they
// call. Elsewhere there are none, and DuckDB is left to its exceptions.
#ifdef __GLIBC__

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);

static int final;

void govdata_no_second_chance(void) { final = 1; }

static void end(void)
{
	static const char words[] = "cannot allocate memory\n";
	if (write(2, words, sizeof words - 1)) {
	}
	_exit(3);
}

static void *had(void *p, size_t n)
{
	if (p == NULL && n != 0 && final)
		end();
	return p;
}

void *malloc(size_t n) { return had(__libc_malloc(n), n); }
void *calloc(size_t n, size_t size) { return had(__libc_calloc(n, size), n && size); }
void *realloc(void *p, size_t n) { return had(__libc_realloc(p, n), n); }

#if defined(__x86_64__) || defined(__aarch64__)

// DuckDB keeps its buffers with jemalloc, which asks the system for large pieces
// first and makes do with smaller ones. Where it does not get a small one either,
// a thread that has just begun reads through a null pointer.
enum { small = 4 << 20 };

void *mmap(void *at, size_t n, int protection, int flags, int fd, off_t offset)
{
	void *p = (void *)syscall(SYS_mmap, at, n, protection, flags, fd, offset);
	if (p == MAP_FAILED && errno == ENOMEM && n <= small && final)
		end();
	return p;
}

#endif

#else

void govdata_no_second_chance(void) {}

#endif
