#include "platform.h"

#include <sys/mman.h>

#define POOL_BLOCK_BYTES (64u * 1024)

static bool pool_grow(struct pool *pool) {
    uint8_t *block = mmap(NULL, POOL_BLOCK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED) return false;
    for (size_t at = 0; at + pool->size <= POOL_BLOCK_BYTES; at += pool->size) pool_give(pool, block + at);
    return true;
}

void *pool_take(struct pool *pool) {
    if (!pool->free && !pool_grow(pool)) return NULL;
    void *object = pool->free;
    pool->free = *(void **)object;
    memset(object, 0, pool->size);
    return object;
}

void pool_give(struct pool *pool, void *object) {
    *(void **)object = pool->free;
    pool->free = object;
}
