/* SPDX-License-Identifier: MIT
 *
 * stats.c - the shared rows of counters.
 * The danger: a process may die at any instant, so nothing here is a lock: a row belongs to the
 * pid in it, and whoever finds that pid dead may take the row over with one compare-and-swap. */
#include "worker/stats.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

struct stats *stats_new(struct rp_error *err)
{
    void *memory =
        mmap(NULL, sizeof(struct stats), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED) {
        rp_error_errno(err, errno, "mmap", "memory for counters");
        return NULL;
    }
    return memory;
}

void stats_free(struct stats *stats)
{
    if (stats != NULL)
        munmap(stats, sizeof *stats);
}

static bool lives(int64_t pid)
{
    return pid != 0 && (kill((pid_t)pid, 0) == 0 || errno != ESRCH);
}

bool stats_alive(const struct stats_row *row)
{
    return lives(__atomic_load_n(&row->pid, __ATOMIC_ACQUIRE));
}

static bool take(struct stats_row *row, unsigned slot)
{
    int64_t former = __atomic_load_n(&row->pid, __ATOMIC_ACQUIRE);

    if (lives(former) || !__atomic_compare_exchange_n(&row->pid, &former, (int64_t)getpid(), false,
                                                      __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
        return false;
    row->slot = slot;
    row->started_s = (uint64_t)time(NULL);
    row->active = row->handshaking = 0;
    row->store_away_s = 0;
    row->l1_away_s = 0;
    row->paused_s = 0;
    row->stuck_s = 0;
    row->in_store = 0;
    row->store_entries = row->store_bytes = row->store_size = 0;
    return true;
}

static struct stats_row *claim_if(struct stats *stats, unsigned slot, bool used, bool any_slot)
{
    for (size_t i = 0; i < STATS_ROWS; i++) {
        struct stats_row *row = &stats->rows[i];

        if ((row->started_s != 0) == used && (any_slot || row->slot == slot) && take(row, slot))
            return row;
    }
    return NULL;
}

struct stats_row *stats_claim(struct stats *stats, unsigned slot)
{
    struct stats_row *row = claim_if(stats, slot, true, false);

    if (row == NULL)
        row = claim_if(stats, slot, false, true);
    return row != NULL ? row : claim_if(stats, slot, true, true);
}

void stats_release(struct stats_row *row)
{
    if (row == NULL)
        return;
    row->active = row->handshaking = 0;
    __atomic_store_n(&row->pid, 0, __ATOMIC_RELEASE);
}

size_t stats_frontend(struct stats *stats, const char *name)
{
    const size_t others = STATS_FRONTENDS - 1;

    for (size_t i = 0; i < others; i++) {
        struct stats_frontend *f = &stats->frontends[i];

        if (f->name[0] == '\0')
            snprintf(f->name, sizeof f->name, "%s", name);
        if (strncmp(f->name, name, sizeof f->name - 1) == 0)
            return i;
    }
    snprintf(stats->frontends[others].name, STATS_NAME, "other");
    return others;
}

void stats_count_end(struct stats *stats, size_t frontend, enum reason reason)
{
    __atomic_add_fetch(&stats->frontends[frontend].ended[reason], 1, __ATOMIC_RELAXED);
}

uint64_t stats_ends(const struct stats_frontend *f, enum reason reason)
{
    return __atomic_load_n(&f->ended[reason], __ATOMIC_RELAXED);
}

static void add_away(struct stats_away *away, const uint64_t *since_s)
{
    uint64_t since = __atomic_load_n(since_s, __ATOMIC_RELAXED);

    if (since == 0)
        return;
    away->workers++;
    if (away->since_s == 0 || since < away->since_s)
        away->since_s = since;
}

void stats_away(const struct stats *stats, struct stats_away *store, struct stats_away *l1)
{
    *store = *l1 = (struct stats_away){.workers = 0};
    for (size_t i = 0; i < STATS_ROWS; i++) {
        const struct stats_row *row = &stats->rows[i];

        if (row->started_s == 0 || !stats_alive(row))
            continue;
        add_away(store, &row->store_away_s);
        add_away(l1, &row->l1_away_s);
    }
}

void stats_paused(const struct stats *stats, struct stats_away *paused)
{
    *paused = (struct stats_away){.workers = 0};
    for (size_t i = 0; i < STATS_ROWS; i++)
        if (stats->rows[i].paused_s != 0 && stats_alive(&stats->rows[i]))
            add_away(paused, &stats->rows[i].paused_s);
}

void stats_stuck(const struct stats *stats, struct stats_away *stuck)
{
    *stuck = (struct stats_away){.workers = 0};
    for (size_t i = 0; i < STATS_ROWS; i++)
        if (stats->rows[i].stuck_s != 0 && stats_alive(&stats->rows[i]))
            add_away(stuck, &stats->rows[i].stuck_s);
}

/* All that is counted stands as 64-bit words from `accepted` to the end of the row's sessions. */
static void add(struct stats_row *sum, const struct stats_row *row)
{
    const size_t first = offsetof(struct stats_row, accepted) / sizeof(uint64_t);
    const size_t end =
        (offsetof(struct stats_row, sessions) + sizeof row->sessions) / sizeof(uint64_t);
    const uint64_t *from = (const uint64_t *)(const void *)row;
    uint64_t *to = (uint64_t *)(void *)sum;

    for (size_t i = first; i < end; i++)
        to[i] += __atomic_load_n(&from[i], __ATOMIC_RELAXED);
}

static void most(uint64_t *to, const uint64_t *from)
{
    uint64_t value = __atomic_load_n(from, __ATOMIC_RELAXED);

    if (value > *to)
        *to = value;
}

void stats_sum(const struct stats *stats, struct stats_row *out)
{
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < STATS_ROWS; i++) {
        const struct stats_row *row = &stats->rows[i];

        if (row->started_s == 0)
            continue;
        add(out, row);
        if (stats_alive(row)) {
            out->pid++;
            out->active += __atomic_load_n(&row->active, __ATOMIC_RELAXED);
            out->handshaking += __atomic_load_n(&row->handshaking, __ATOMIC_RELAXED);
            most(&out->store_entries, &row->store_entries);
            most(&out->store_bytes, &row->store_bytes);
            most(&out->store_size, &row->store_size);
        }
    }
}
