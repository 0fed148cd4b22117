/* SPDX-License-Identifier: MIT
 *
 * text.h - a growing text with one sticky failure.
 * Zero-initialised it is the empty text. An allocation that fails marks it as failed, drops what it
 * held, and makes every later addition a no-op; so code that composes a text checks once, with
 * rp_text_take. */
#ifndef RP_TEXT_H
#define RP_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rp_text {
    char *bytes; /* not terminated */
    size_t len, capacity;
    bool failed;
};

void rp_text_add(struct rp_text *, const void *bytes, size_t len);
void rp_text_puts(struct rp_text *, const char *string);
void rp_text_printf(struct rp_text *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void rp_text_hex(struct rp_text *, const void *bytes, size_t len); /* two lower-case digits each */
/* As UTF-8: each maximal malformed part becomes one U+FFFD, as browsers and node decode it. */
void rp_text_utf8(struct rp_text *, const void *bytes, size_t len);

/* For people to read, whoever wrote it: what a terminal would obey, or is no UTF-8, becomes '?'. */
void rp_text_tame(struct rp_text *);

/* The text with a terminating NUL (and, in *len unless NULL, its length without it), owned by the
 * caller: free(). NULL after a failure. The text is empty afterwards. */
char *rp_text_take(struct rp_text *, size_t *len) __attribute__((warn_unused_result));
void rp_text_clear(struct rp_text *); /* frees it; empty and unfailed afterwards */

/* The length of the UTF-8 sequence at `bytes`, of which at least one is there; *valid says whether
 * it is well-formed. If not, the length is that of what one U+FFFD stands for. */
size_t rp_utf8_sequence(const uint8_t *bytes, size_t len, bool *valid);

#endif
