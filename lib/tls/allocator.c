/* SPDX-License-Identifier: MIT
 *
 * allocator.c - memory for OpenSSL by size classes; see rp_allocator_install.
 * A large range of addresses is reserved, not used. It is cut into slabs; a slab has blocks of one
 * class, and a table says which, so a block needs no header. Free blocks of a class are a list, the
 * one freed last is used first. A slab is never given back: what was once needed will be again.
 * What is larger than all classes comes from malloc; of the sizes that every connection needs for a
 * moment, buffers of records and of handshake messages, a few are kept.
 * One thread owns it. Another one allocates by malloc; what it frees it leaves in a basket, which
 * the owner empties when it runs out of blocks. */
#include <reprise/tls.h>

#include <malloc.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <openssl/crypto.h>

enum {
    SLAB_BITS = 16,
    SLAB = 1 << SLAB_BITS,
    SLABS = 1 << 18, /* 16 GB */
    BATCH = 16,      /* slabs made usable at a time */
    FINE = 16,       /* steps up to ... */
    FINE_MAX = 1024,
    COARSE = 128, /* and from there up to ... */
    COARSE_MAX = 8192,
    FINE_CLASSES = FINE_MAX / FINE,
    CLASSES = FINE_CLASSES + (COARSE_MAX - FINE_MAX) / COARSE,
    LARGE = 2048, /* steps of what malloc gives, up to ... */
    LARGE_MAX = 32768,
    LARGE_CLASSES = LARGE_MAX / LARGE + 1,
    KEPT_MAX = 4, /* of each */
};

struct block {
    struct block *next;
};

static struct {
    uint8_t *base;
    size_t slabs, usable; /* used; made usable */
    struct block *free[CLASSES];
    struct block *kept[LARGE_CLASSES];
    uint8_t kept_count[LARGE_CLASSES];
    _Atomic(struct block *) basket;
    uint8_t class_of[SLABS];
} pool;
static _Thread_local bool is_owner;

static size_t class_for(size_t size)
{
    return size <= FINE_MAX ? (size - 1) / FINE : FINE_CLASSES + (size - FINE_MAX - 1) / COARSE;
}

static size_t size_of_class(size_t class)
{
    return class < FINE_CLASSES ? (class + 1) * FINE
                                : FINE_MAX + (class - FINE_CLASSES + 1) * COARSE;
}

static bool is_ours(const void *p)
{
    return (uintptr_t)p - (uintptr_t)pool.base < (uintptr_t)SLABS << SLAB_BITS;
}

static size_t class_of(const void *p)
{
    return pool.class_of[((uintptr_t)p - (uintptr_t)pool.base) >> SLAB_BITS];
}

static void give_back(void *p)
{
    struct block *block = p;
    size_t class = class_of(p);

    block->next = pool.free[class];
    pool.free[class] = block;
}

static void empty_basket(void)
{
    struct block *block = atomic_exchange(&pool.basket, NULL);

    while (block != NULL) {
        struct block *next = block->next;

        give_back(block);
        block = next;
    }
}

static bool make_usable(void)
{
    size_t more = pool.usable + BATCH <= SLABS ? BATCH : SLABS - pool.usable;

    if (pool.slabs < pool.usable)
        return true;
    if (more == 0 || mprotect(pool.base + (pool.usable << SLAB_BITS), more << SLAB_BITS,
                              PROT_READ | PROT_WRITE) != 0)
        return false;
    pool.usable += more;
    return true;
}

/* false: there is no memory. */
static bool refill(size_t class)
{
    size_t size = size_of_class(class);
    uint8_t *slab;

    empty_basket();
    if (pool.free[class] != NULL)
        return true;
    if (!make_usable())
        return false;
    pool.class_of[pool.slabs] = (uint8_t) class;
    slab = pool.base + (pool.slabs++ << SLAB_BITS);
    for (size_t at = SLAB / size; at > 0; at--) /* so that the first is used first */
        give_back(slab + (at - 1) * size);
    return true;
}

/* -- large blocks: malloc's, and as large as a multiple of LARGE */

static void *large_allocate(size_t size)
{
    size_t class;
    struct block *block;

    if (size > LARGE_MAX)
        return malloc(size);
    class = (size + LARGE - 1) / LARGE;
    block = pool.kept[class];
    if (block == NULL)
        return malloc(class * LARGE);
    pool.kept[class] = block->next;
    pool.kept_count[class]--;
    return block;
}

static void large_release(void *p)
{
    struct block *block = p;
    size_t class = malloc_usable_size(p) / LARGE;

    if (class <= COARSE_MAX / LARGE || class >= LARGE_CLASSES ||
        pool.kept_count[class] == KEPT_MAX) {
        free(p);
        return;
    }
    block->next = pool.kept[class];
    pool.kept[class] = block;
    pool.kept_count[class]++;
}

/* -- what OpenSSL calls */

static void *allocate(size_t size, const char *file, int line)
{
    struct block *block;
    size_t class;

    (void)file, (void)line;
    if (size == 0)
        return NULL;
    if (!is_owner)
        return malloc(size);
    if (size > COARSE_MAX)
        return large_allocate(size);
    class = class_for(size);
    if (pool.free[class] == NULL && !refill(class))
        return malloc(size);
    block = pool.free[class];
    pool.free[class] = block->next;
    return block;
}

static void release(void *p, const char *file, int line)
{
    struct block *block = p;

    (void)file, (void)line;
    if (!is_ours(p)) {
        if (is_owner && p != NULL)
            large_release(p);
        else
            free(p);
    } else if (is_owner) {
        give_back(p);
    } else {
        block->next = atomic_load(&pool.basket);
        while (!atomic_compare_exchange_weak(&pool.basket, &block->next, block))
            ;
    }
}

static void *reallocate(void *p, size_t size, const char *file, int line)
{
    size_t had;
    void *fresh;

    if (p == NULL)
        return allocate(size, file, line);
    if (size == 0) {
        release(p, file, line);
        return NULL;
    }
    if (!is_ours(p))
        return realloc(p, size); /* it was large, and grows further as a rule */
    had = size_of_class(class_of(p));
    if (size <= had)
        return p;
    fresh = allocate(size, file, line);
    if (fresh == NULL)
        return NULL;
    memcpy(fresh, p, had);
    release(p, file, line);
    return fresh;
}

bool rp_allocator_install(void)
{
    void *base;

#ifdef __SANITIZE_ADDRESS__
    return true;
#endif
    base = mmap(NULL, (size_t)SLABS << SLAB_BITS, PROT_NONE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED)
        return false;
    pool.base = base;
    is_owner = true;
    if (CRYPTO_set_mem_functions(allocate, reallocate, release) == 1)
        return true;
    pool.base = NULL;
    is_owner = false;
    munmap(base, (size_t)SLABS << SLAB_BITS);
    return false;
}
