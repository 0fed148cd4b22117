/* SPDX-License-Identifier: MIT
 *
 * text.h - a growing text with one sticky failure. A zero-initialised struct is the empty text. A
 * failed allocation marks the text as failed, frees its bytes, and makes every later addition do
 * nothing; so code that composes a text checks for errors once, with rp_text_take. */
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
/* Add bytes as UTF-8: each maximal malformed part becomes one U+FFFD, as in browsers and node. */
void rp_text_utf8(struct rp_text *, const void *bytes, size_t len);

/* Make the text safe to print: control characters and malformed UTF-8 become '?'. */
void rp_text_tame(struct rp_text *);

/* Take the text, NUL-terminated, which the caller must free(); *len (unless NULL) is its length
 * without the NUL. NULL after a failure. The struct is the empty text afterwards. */
char *rp_text_take(struct rp_text *, size_t *len) __attribute__((warn_unused_result));
void rp_text_clear(struct rp_text *); /* free the text; it is empty and not failed afterwards */

/* The length of the UTF-8 sequence at `bytes`, of which at least one byte is available; *valid: it
 * is well-formed. For a malformed one the length is that of the part that one U+FFFD replaces. */
size_t rp_utf8_sequence(const uint8_t *bytes, size_t len, bool *valid);

#endif
