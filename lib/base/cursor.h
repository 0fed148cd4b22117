/* SPDX-License-Identifier: MIT
 *
 * cursor.h - read hostile bytes within their bounds.
 * Reading past the end returns zeros and sets a sticky error; a nested structure is a cursor of its
 * own. So a parser is written like the schema of the RFC and checks for errors once, with
 * rp_cursor_done. */
#ifndef RP_CURSOR_H
#define RP_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rp_cursor {
    const uint8_t *at, *end;
    bool bad;
};

static inline struct rp_cursor rp_cursor_of(const void *bytes, size_t len)
{
    return (struct rp_cursor){bytes, (const uint8_t *)bytes + len, false};
}

static inline size_t rp_cursor_left(const struct rp_cursor *c)
{
    return (size_t)(c->end - c->at);
}

/* Whether exactly all bytes were read, without an error. */
static inline bool rp_cursor_done(const struct rp_cursor *c)
{
    return !c->bad && c->at == c->end;
}

/* The next n bytes as a cursor of their own. */
static inline struct rp_cursor rp_cursor_take(struct rp_cursor *c, size_t n)
{
    if (c->bad || n > rp_cursor_left(c)) {
        *c = (struct rp_cursor){c->end, c->end, true};
        return *c;
    }
    c->at += n;
    return (struct rp_cursor){c->at - n, c->at, false};
}

/* A big-endian integer of `width` bytes, 1 to 8. */
static inline uint64_t rp_cursor_uint(struct rp_cursor *c, size_t width)
{
    uint64_t value = 0;

    for (struct rp_cursor s = rp_cursor_take(c, width); s.at < s.end; s.at++)
        value = value << 8 | *s.at;
    return value;
}

/* A vector that is preceded by its length in `width` bytes (RFC 8446 section 3.4). */
static inline struct rp_cursor rp_cursor_vector(struct rp_cursor *c, size_t width)
{
    return rp_cursor_take(c, (size_t)rp_cursor_uint(c, width));
}

#endif
