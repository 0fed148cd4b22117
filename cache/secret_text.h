/* SPDX-License-Identifier: MIT
 *
 * secret_text.h - what can be told of the bytes of a secret by looking at them. Pure.
 * The danger is a pass phrase: whoever has a copy of the store tries all of them in an afternoon.
 * So a text is taken for what it encodes only; what might be words is none. */
#ifndef RP_SECRET_TEXT_H
#define RP_SECRET_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RP_SECRET_LEAST_BYTES = 32 };

/* Is this something that was written, in UTF-8 or mostly in ASCII? Random bytes are, once in 10^8.
 */
bool rp_secret_is_text(const uint8_t *bytes, size_t len);
/* Have they as many different values as random bytes have, and no pattern that repeats itself?
 * Of at least RP_SECRET_LEAST_BYTES random ones all have, but once in 10^8. */
bool rp_secret_looks_random(const uint8_t *bytes, size_t len);
bool rp_secret_is_hex(const uint8_t *line, size_t len);
/* The bytes that a line of hexadecimal digits or of base64 stands for; `bytes` has room for len.
 * Returns how many; 0: it is neither, or might be words: of random bytes in base64 one in 200 000
 * might. */
size_t rp_secret_decode(uint8_t *bytes, const uint8_t *line, size_t len);

#endif
