/* SPDX-License-Identifier: MIT
 *
 * allocator.c - memory for OpenSSL by size classes; see rp_allocator_install.
 * A large range of addresses is reserved, not used. It is cut into slabs; a slab has blocks of one
 * class, and a table says which, so a block needs no header. The block of a slab that was freed
 * last is used first; blocks that were never used are not touched. A slab without a block in use
 * serves any class, and rp_allocator_trim gives its memory back to the system.
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
    KEPT_MAX = 4,           /* of each */
    RETURNED_AT_ONCE = 256, /* slabs per call of rp_allocator_trim: a few milliseconds */
};

struct block {
    struct block *next;
};

struct slab {
    struct slab *next, **at; /* in the list of its class, or of unused slabs */
    struct block *free;      /* freed blocks */
    uint32_t fresh;          /* offset of the blocks that were never used */
    uint16_t used;           /* number of blocks in use */
    uint8_t class;
};

static struct {
    uint8_t *base;
    size_t slabs, usable;          /* used; made usable */
    struct slab *open[CLASSES];    /* with at least one free block */
    struct slab *empty, *returned; /* without a class: with memory; returned to the system */
    struct block *kept[LARGE_CLASSES];
    uint8_t kept_count[LARGE_CLASSES];
    _Atomic(struct block *) basket;
    struct slab table[SLABS];
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

static struct slab *slab_of(const void *p)
{
    return &pool.table[((uintptr_t)p - (uintptr_t)pool.base) >> SLAB_BITS];
}

static uint8_t *memory_of(const struct slab *slab)
{
    return pool.base + ((size_t)(slab - pool.table) << SLAB_BITS);
}

/* -- slabs */

static void push(struct slab **list, struct slab *slab)
{
    slab->next = *list;
    slab->at = list;
    if (slab->next != NULL)
        slab->next->at = &slab->next;
    *list = slab;
}

static void unlist(struct slab *slab)
{
    *slab->at = slab->next;
    if (slab->next != NULL)
        slab->next->at = slab->at;
}

static bool is_full(const struct slab *slab)
{
    return slab->free == NULL && slab->fresh + size_of_class(slab->class) > SLAB;
}

static void give_back(void *p)
{
    struct slab *slab = slab_of(p);
    struct block *block = p;

    if (is_full(slab))
        push(&pool.open[slab->class], slab);
    block->next = slab->free;
    slab->free = block;
    if (--slab->used > 0)
        return;
    unlist(slab);
    push(&pool.empty, slab);
}

static struct block *take(struct slab *slab)
{
    struct block *block = slab->free;

    if (block != NULL) {
        slab->free = block->next;
    } else {
        block = (struct block *)(void *)(memory_of(slab) + slab->fresh);
        slab->fresh += (uint32_t)size_of_class(slab->class);
    }
    slab->used++;
    if (is_full(slab))
        unlist(slab);
    return block;
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

/* A slab without blocks in use; NULL: no memory. */
static struct slab *any_slab(void)
{
    struct slab *slab = pool.empty != NULL ? pool.empty : pool.returned;

    if (slab != NULL)
        unlist(slab);
    else if (make_usable())
        slab = &pool.table[pool.slabs++];
    return slab;
}

/* false: no memory. */
static bool refill(size_t class)
{
    struct slab *slab;

    empty_basket();
    if (pool.open[class] != NULL)
        return true;
    slab = any_slab();
    if (slab == NULL)
        return false;
    slab->class = (uint8_t) class;
    slab->free = NULL;
    slab->fresh = 0;
    push(&pool.open[class], slab);
    return true;
}

/* -- large blocks: from malloc, with a size that is a multiple of LARGE */

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

static void free_kept(void)
{
    for (size_t class = 0; class < LARGE_CLASSES; class ++) {
        while (pool.kept[class] != NULL) {
            struct block *block = pool.kept[class];

            pool.kept[class] = block->next;
            free(block);
        }
        pool.kept_count[class] = 0;
    }
}

/* -- the functions that OpenSSL calls */

static void *allocate(size_t size, const char *file, int line)
{
    size_t class;

    (void)file, (void)line;
    if (size == 0)
        return NULL;
    if (!is_owner)
        return malloc(size);
    if (size > COARSE_MAX)
        return large_allocate(size);
    class = class_for(size);
    if (pool.open[class] == NULL && !refill(class))
        return malloc(size);
    return take(pool.open[class]);
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
        return realloc(p, size); /* a large block usually grows further */
    had = size_of_class(slab_of(p)->class);
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

/* true: all unused memory was returned. */
static bool return_slabs(size_t most)
{
    for (; most > 0 && pool.empty != NULL; most--) {
        struct slab *slab = pool.empty;

        madvise(memory_of(slab), SLAB, MADV_DONTNEED);
        unlist(slab);
        push(&pool.returned, slab);
    }
    return pool.empty == NULL;
}

bool rp_allocator_trim(void)
{
    if (is_owner) {
        empty_basket();
        free_kept();
        if (!return_slabs(RETURNED_AT_ONCE))
            return false;
    }
    malloc_trim(0);
    return true;
}
