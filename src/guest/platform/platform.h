/* What every part uses: atomics, the kernel's own calls, checks of the program's pointers, pools, time. */
#ifndef VSOCKET_PLATFORM_H
#define VSOCKET_PLATFORM_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>

#include "real.h"

#define load(p) __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define store(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define swap(p, v) __atomic_exchange_n((p), (v), __ATOMIC_SEQ_CST)
#define set_bits(p, v) __atomic_fetch_or((p), (v), __ATOMIC_SEQ_CST)
#define clear_bits(p, v) __atomic_fetch_and((p), ~(v), __ATOMIC_SEQ_CST)
#define add_to(p, v) __atomic_add_fetch((p), (v), __ATOMIC_SEQ_CST)
/* Counts what need not be exact: of two threads at once one may be lost. */
#define count_by(p, n)                                                                                       \
    ({                                                                                                       \
        __typeof__(*(p)) counted = __atomic_load_n((p), __ATOMIC_RELAXED) + (n);                             \
        __atomic_store_n((p), counted, __ATOMIC_RELAXED);                                                    \
        counted;                                                                                             \
    })
#define full_fence() __atomic_thread_fence(__ATOMIC_SEQ_CST)
/* Stores `to` where `from` was; false when it was not. */
#define replace(p, from, to)                                                                                 \
    ({                                                                                                       \
        __typeof__(*(p)) expected = (from);                                                                  \
        __atomic_compare_exchange_n((p), &expected, (to), false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);        \
    })

/*
 * A call that the library makes for itself. By number, since a thread may be cancelled in the C library's functions of
 * the same name, with a lock of ours held.
 */
#define kernel(number, ...) real()->syscall(number, ##__VA_ARGS__)

/* What the program's errno was survives what the library does for itself. */
#define KEEP_ERRNO __attribute__((cleanup(errno_put_back))) int errno_before = errno
static inline void errno_put_back(int *saved) {
    errno = *saved;
}

/*
 * Whether the kernel could take this for memory of a program: nothing is mapped below 64 KiB, and nothing above 47 bits.
 * An address between that is not mapped is not seen here.
 */
static inline bool may_be_memory(const void *p, size_t size) {
    uintptr_t at = (uintptr_t)p;
    return size == 0 || (at >= 65536 && at < (1ull << 47) && size < (1ull << 47) - at);
}

/* What the kernel asks of every address before it looks at anything else: access_ok() of its asm-generic/access_ok.h. */
static inline bool is_below_kernel(const void *p, size_t size) {
    return (uintptr_t)p <= (1ull << 47) && size <= (1ull << 47) - (uintptr_t)p;
}

static inline bool threads_exist(void) {
    extern char __libc_single_threaded;
    return !__libc_single_threaded;
}

#define NO_DEADLINE UINT64_MAX
#define NS_PER_SECOND 1000000000ull
#define NS_PER_MILLISECOND 1000000ull
#define NS_PER_MICROSECOND 1000ull

static inline uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * NS_PER_SECOND + (uint64_t)t.tv_nsec;
}

/*
 * Objects of one size that are used again and never given back: a late look at one is harmless, and close(), which may
 * be called where malloc() may not, needs no allocator. The caller holds a lock.
 */
struct pool {
    size_t size;
    void *free;
};
void *pool_take(struct pool *pool); /* zeroed; NULL when there is no memory */
void pool_give(struct pool *pool, void *object);

#endif
