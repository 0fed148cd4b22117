/* SPDX-License-Identifier: MIT
 *
 * limits.c - shared counts of connections. The danger: processes may exit at any time, and share no
 * lock. So each adds to its own column, reads the sum, and takes its addition back if the sum
 * exceeds the limit. The limit is never exceeded; two concurrent connections may both be refused
 * the last place. */
#include "worker/plan/limits.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

enum { WAYS = 8, NS_PER_SECOND = 1000000000 };

struct limits {
    const struct conf *conf;
    size_t size; /* of the mapping */
    unsigned columns;
    bool sources;     /* some frontend has per-source-connections */
    uint64_t seed[2]; /* random, so that an attacker cannot choose colliding sources */
    /* Followed by, for each frontend: uint64_t next_ns, uint32_t active[columns]; then for each
     * source: uint64_t key, uint32_t count[columns]. */
    uint64_t words[];
};

static size_t column_words(unsigned columns)
{
    return (columns + 1) / 2;
}

static size_t row_words(const struct limits *limits)
{
    return 1 + column_words(limits->columns);
}

static uint64_t *frontend_row(struct limits *limits, size_t at)
{
    return limits->words + at * row_words(limits);
}

static uint64_t *source_row(struct limits *limits, size_t at)
{
    return frontend_row(limits, limits->conf->frontend_count + at);
}

static uint32_t *counts_of(uint64_t *row)
{
    return (uint32_t *)(void *)(row + 1);
}

static bool any_source_limit(const struct conf *conf)
{
    for (size_t i = 0; i < conf->frontend_count; i++)
        if (conf->frontends[i].per_source_connections > 0)
            return true;
    return false;
}

struct limits *limits_new(const struct conf *conf, unsigned workers, struct rp_error *err)
{
    bool sources = any_source_limit(conf);
    size_t rows = conf->frontend_count + (sources ? LIMITS_SOURCES : 0);
    size_t size = sizeof(struct limits) + rows * (1 + column_words(workers)) * sizeof(uint64_t);
    struct limits *limits;
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED) {
        rp_error_errno(err, errno, "mmap", "memory for limits");
        return NULL;
    }
    limits = memory;
    limits->conf = conf;
    limits->size = size;
    limits->columns = workers;
    limits->sources = sources;
    if (getrandom(limits->seed, sizeof limits->seed, 0) != sizeof limits->seed) {
        rp_error_errno(err, errno, "getrandom", "seed of the source table");
        limits_free(limits);
        return NULL;
    }
    return limits;
}

void limits_free(struct limits *limits)
{
    if (limits != NULL)
        munmap(limits, limits->size);
}

static uint32_t *own_count(const struct limits *limits, uint64_t *row, unsigned slot)
{
    return &counts_of(row)[slot % limits->columns];
}

void limits_begin(struct limits *limits, unsigned slot)
{
    size_t rows = limits->conf->frontend_count + (limits->sources ? LIMITS_SOURCES : 0);

    for (size_t i = 0; i < rows; i++) {
        uint32_t *count = own_count(limits, frontend_row(limits, i), slot);

        /* Read first: a write would allocate the page. */
        if (__atomic_load_n(count, __ATOMIC_RELAXED) != 0)
            __atomic_store_n(count, 0, __ATOMIC_RELAXED);
    }
}

static uint64_t sum_of(const struct limits *limits, uint64_t *row)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < limits->columns; i++)
        sum += __atomic_load_n(&counts_of(row)[i], __ATOMIC_SEQ_CST);
    return sum;
}

static void give_back(const struct limits *limits, uint64_t *row, unsigned slot)
{
    uint32_t *count = own_count(limits, row, slot);

    if (__atomic_load_n(count, __ATOMIC_RELAXED) > 0)
        __atomic_sub_fetch(count, 1, __ATOMIC_SEQ_CST);
}

static bool take(const struct limits *limits, uint64_t *row, unsigned slot, uint32_t limit)
{
    __atomic_add_fetch(own_count(limits, row, slot), 1, __ATOMIC_SEQ_CST);
    if (sum_of(limits, row) <= limit)
        return true;
    give_back(limits, row, slot);
    return false;
}

/* The generic cell rate algorithm (GCRA) with a burst of one second. Its state is the time at which
 * the bucket is full again: one word, so a compare-and-swap is enough. */
static bool rate_allows(uint64_t *full_again_ns, uint32_t per_second, uint64_t now_ns)
{
    uint64_t was = __atomic_load_n(full_again_ns, __ATOMIC_RELAXED), next;

    do {
        next = (was > now_ns ? was : now_ns) + NS_PER_SECOND / per_second;
        if (next - now_ns > NS_PER_SECOND)
            return false;
    } while (!__atomic_compare_exchange_n(full_again_ns, &was, next, true, __ATOMIC_RELAXED,
                                          __ATOMIC_RELAXED));
    return true;
}

bool limits_enter(struct limits *limits, size_t at, unsigned slot)
{
    uint32_t limit = limits->conf->frontends[at].max_connections;

    return limit == 0 || take(limits, frontend_row(limits, at), slot, limit);
}

bool limits_rate(struct limits *limits, size_t at, uint64_t now_ns)
{
    uint32_t rate = limits->conf->frontends[at].handshakes_per_second;

    return rate == 0 || rate_allows(frontend_row(limits, at), rate, now_ns);
}

void limits_leave(struct limits *limits, size_t at, unsigned slot)
{
    if (limits->conf->frontends[at].max_connections != 0)
        give_back(limits, frontend_row(limits, at), slot);
}

static uint64_t mix(uint64_t x, uint64_t key)
{
    x = (x ^ key) * 0x9E3779B97F4A7C15U;
    x ^= x >> 32;
    x *= key | 1;
    return x ^ x >> 29;
}

/* The key of a source; 0: this source is not counted. */
static uint64_t key_of(const struct limits *limits, size_t at, const struct rp_address *source)
{
    uint64_t prefix = 0, key;

    if (source == NULL || source->len == 0)
        return 0;
    if (source->any.sa_family == AF_INET)
        prefix = ntohl(source->in.sin_addr.s_addr);
    else if (source->any.sa_family == AF_INET6)
        memcpy(&prefix, &source->in6.sin6_addr, sizeof prefix);
    else
        return 0;
    key = mix(mix(prefix, limits->seed[0]) + at, limits->seed[1]);
    return key == 0 ? 1 : key;
}

static uint64_t *bucket_row(struct limits *limits, uint64_t key, unsigned way)
{
    return source_row(limits, (key % (LIMITS_SOURCES / WAYS)) * WAYS + way);
}

static uint64_t *find(struct limits *limits, uint64_t key)
{
    for (unsigned way = 0; way < WAYS; way++) {
        uint64_t *row = bucket_row(limits, key, way);

        if (__atomic_load_n(row, __ATOMIC_RELAXED) == key)
            return row;
    }
    return NULL;
}

/* Assign an unused row of the bucket to this source. A concurrent count in that row is then added
 * to this source, so its limit is one lower for a while. */
static uint64_t *place(struct limits *limits, uint64_t key)
{
    for (unsigned way = 0; way < WAYS; way++) {
        uint64_t *row = bucket_row(limits, key, way);
        uint64_t was = __atomic_load_n(row, __ATOMIC_RELAXED);

        if (sum_of(limits, row) == 0 &&
            __atomic_compare_exchange_n(row, &was, key, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
            return row;
    }
    return NULL;
}

bool limits_source(struct limits *limits, size_t at, unsigned slot, const struct rp_address *source)
{
    uint32_t limit = limits->conf->frontends[at].per_source_connections;
    uint64_t key = limit == 0 ? 0 : key_of(limits, at, source), *row;

    if (key == 0)
        return true;
    row = find(limits, key);
    if (row == NULL)
        row = place(limits, key);
    return row == NULL || take(limits, row, slot, limit);
}

void limits_forget(struct limits *limits, size_t at, unsigned slot, const struct rp_address *source)
{
    uint64_t key =
        limits->conf->frontends[at].per_source_connections == 0 ? 0 : key_of(limits, at, source);
    uint64_t *row = key == 0 ? NULL : find(limits, key);

    if (row != NULL)
        give_back(limits, row, slot);
}
