/* SPDX-License-Identifier: MIT
 *
 * text.c - a growing text with one sticky failure. The danger: arithmetic on sizes that a peer
 * chose; so only text_reserve grows the text. */
#include "lib/base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool text_fail(struct rp_text *t)
{
    free(t->bytes);
    *t = (struct rp_text){.failed = true};
    return false;
}

/* Room for `extra` bytes and the NUL that rp_text_take adds. */
static bool text_reserve(struct rp_text *t, size_t extra)
{
    size_t capacity = t->capacity ? t->capacity : 64;
    char *bytes;

    if (t->failed)
        return false;
    if (extra >= SIZE_MAX / 4 - t->len)
        return text_fail(t);
    if (t->len + extra < t->capacity)
        return true;
    while (capacity <= t->len + extra)
        capacity *= 2;
    bytes = realloc(t->bytes, capacity);
    if (!bytes)
        return text_fail(t);
    t->bytes = bytes;
    t->capacity = capacity;
    return true;
}

void rp_text_add(struct rp_text *t, const void *bytes, size_t len)
{
    if (len == 0 || !text_reserve(t, len))
        return;
    memcpy(t->bytes + t->len, bytes, len);
    t->len += len;
}

void rp_text_puts(struct rp_text *t, const char *string)
{
    rp_text_add(t, string, strlen(string));
}

void rp_text_printf(struct rp_text *t, const char *format, ...)
{
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len < 0) {
        text_fail(t);
        return;
    }
    if (!text_reserve(t, (size_t)len))
        return;
    va_start(args, format);
    vsnprintf(t->bytes + t->len, (size_t)len + 1, format, args);
    va_end(args);
    t->len += (size_t)len;
}

void rp_text_hex(struct rp_text *t, const void *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *from = bytes;
    char *to;

    if (len > SIZE_MAX / 8) {
        text_fail(t);
        return;
    }
    if (!text_reserve(t, 2 * len))
        return;
    to = t->bytes + t->len;
    for (size_t i = 0; i < len; i++) {
        *to++ = digits[from[i] >> 4];
        *to++ = digits[from[i] & 15];
    }
    t->len += 2 * len;
}

/* What a lead byte requires: the number of continuation bytes, and the range of the first one,
 * which excludes overlong forms, surrogates and code points above U+10FFFF (Unicode, table 3-7). */
static size_t continuation_bytes(uint8_t lead, uint8_t *low, uint8_t *high)
{
    *low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    *high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (lead >= 0xc2 && lead <= 0xdf)
        return 1;
    if (lead >= 0xe0 && lead <= 0xef)
        return 2;
    if (lead >= 0xf0 && lead <= 0xf4)
        return 3;
    return 0;
}

size_t rp_utf8_sequence(const uint8_t *bytes, size_t len, bool *valid)
{
    uint8_t low, high;
    size_t wanted, n = 1;

    *valid = bytes[0] < 0x80;
    if (*valid)
        return 1;
    wanted = continuation_bytes(bytes[0], &low, &high);
    for (; n <= wanted && n < len && bytes[n] >= low && bytes[n] <= high; n++) {
        low = 0x80;
        high = 0xbf;
    }
    *valid = wanted > 0 && n == wanted + 1;
    return n;
}

void rp_text_utf8(struct rp_text *t, const void *bytes, size_t len)
{
    const uint8_t *from = bytes;
    size_t good = 0; /* start of the well-formed bytes that are not added yet */

    for (size_t at = 0, n; at < len; at += n) {
        bool valid;

        n = rp_utf8_sequence(from + at, len - at, &valid);
        if (valid)
            continue;
        rp_text_add(t, from + good, at - good);
        rp_text_puts(t, "\xef\xbf\xbd");
        good = at + n;
    }
    if (good < len)
        rp_text_add(t, from + good, len - good);
}

void rp_text_tame(struct rp_text *t)
{
    size_t len;
    bool valid;

    for (size_t i = 0; i < t->len; i += len) {
        uint8_t *at = (uint8_t *)t->bytes + i;

        len = rp_utf8_sequence(at, t->len - i, &valid);
        if (!valid || *at < ' ' || *at == 0x7f || (*at == 0xc2 && at[1] < 0xa0))
            memset(at, '?', len);
    }
}

char *rp_text_take(struct rp_text *t, size_t *len)
{
    char *bytes = NULL;

    if (text_reserve(t, 0)) {
        bytes = t->bytes;
        bytes[t->len] = '\0';
        if (len)
            *len = t->len;
        *t = (struct rp_text){0};
    }
    rp_text_clear(t);
    return bytes;
}

void rp_text_clear(struct rp_text *t)
{
    free(t->bytes);
    *t = (struct rp_text){0};
}
