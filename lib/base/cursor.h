/* SPDX-License-Identifier: MIT
 *
 * cursor.h - read untrusted bytes, and write messages and records, within their bounds. Reading
 * past the end returns zeros and sets a sticky error; a nested structure is a cursor of its own. So
 * a parser follows the structure in the RFC and checks for errors once, with rp_cursor_done. A
 * writer works the same way: a write that does not fit sets a sticky error, and rp_writer_done
 * checks once. Integers are big-endian. */
#ifndef RP_CURSOR_H
#define RP_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

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

/* An integer of `width` bytes, 1 to 8. */
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

/* -- writing */

struct rp_writer {
    uint8_t *begin, *at, *end;
    bool bad;
};

static inline struct rp_writer rp_writer_of(void *room, size_t size)
{
    return (struct rp_writer){(uint8_t *)room, (uint8_t *)room, (uint8_t *)room + size, false};
}

static inline size_t rp_writer_left(const struct rp_writer *w)
{
    return (size_t)(w->end - w->at);
}

/* The bytes written so far; 0 after an error. */
static inline size_t rp_writer_done(const struct rp_writer *w)
{
    return w->bad ? 0 : (size_t)(w->at - w->begin);
}

/* The next n bytes as a writer of their own, to be filled now or later. */
static inline struct rp_writer rp_writer_take(struct rp_writer *w, size_t n)
{
    if (w->bad || n > rp_writer_left(w)) {
        *w = (struct rp_writer){w->begin, w->end, w->end, true};
        return (struct rp_writer){w->end, w->end, w->end, true};
    }
    w->at += n;
    return rp_writer_of(w->at - n, n);
}

static inline void rp_writer_bytes(struct rp_writer *w, const void *bytes, size_t len)
{
    struct rp_writer room = rp_writer_take(w, len);

    if (!room.bad && len > 0)
        memcpy(room.at, bytes, len);
}

/* An integer of `width` bytes, 1 to 8; one that needs more is an error. */
static inline void rp_writer_uint(struct rp_writer *w, uint64_t value, size_t width)
{
    struct rp_writer room = rp_writer_take(w, width);

    if (width < 8 && value >> 8 * width != 0) {
        w->bad = true;
        return;
    }
    for (; room.at < room.end; value >>= 8)
        *--room.end = (uint8_t)value;
}

/* A vector, preceded by its length in `width` bytes. */
static inline void rp_writer_vector(struct rp_writer *w, const void *bytes, size_t len,
                                    size_t width)
{
    rp_writer_uint(w, len, width);
    rp_writer_bytes(w, bytes, len);
}

/* Write or read one integer in a buffer that has room for it. */
static inline void rp_store_uint(uint8_t *out, uint64_t value, size_t width)
{
    struct rp_writer w = rp_writer_of(out, width);

    rp_writer_uint(&w, value, width);
}

static inline uint64_t rp_load_uint(const uint8_t *bytes, size_t width)
{
    struct rp_cursor c = rp_cursor_of(bytes, width);

    return rp_cursor_uint(&c, width);
}

#endif
