/* SPDX-License-Identifier: MIT
 *
 * serve_early.c - the binders of recent early data, in a ring; see serve_early.h. The danger:
 * dropping a binder that can still be replayed. So a full ring refuses early data until its oldest
 * binder is older than the time for which OpenSSL accepts a ticket's early data (20 seconds). */
#include "serve_early.h"

#include <string.h>

enum { BINDERS = 4096, BINDER_MAX = 64, LIFE_MS = 30000 };

static struct {
    uint8_t binder[BINDER_MAX];
    size_t len; /* 0: unused */
    uint64_t time_ms;
} seen[BINDERS];
static size_t next;

bool serve_early_is_first(const uint8_t *binder, size_t len, uint64_t now_ms)
{
    if (len == 0 || len > BINDER_MAX)
        return false;
    for (size_t i = 0; i < BINDERS; i++)
        if (seen[i].len == len && memcmp(seen[i].binder, binder, len) == 0)
            return false;
    if (seen[next].len != 0 && now_ms - seen[next].time_ms < LIFE_MS)
        return false;
    memcpy(seen[next].binder, binder, len);
    seen[next].len = len;
    seen[next].time_ms = now_ms;
    next = (next + 1) % BINDERS;
    return true;
}
