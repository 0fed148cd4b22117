/* SPDX-License-Identifier: MIT
 *
 * secret_text.h - detect secrets that are not random. Does no I/O. The danger is a passphrase: an
 * attacker with a copy of the store can try all of them in hours. So a text is decoded as
 * hexadecimal or base64, and refused if it might be words. */
#ifndef RP_SECRET_TEXT_H
#define RP_SECRET_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RP_SECRET_LEAST_BYTES = 32 };

/* Whether the bytes are text, in UTF-8 or mostly ASCII. Random bytes are, once in 10^8. */
bool rp_secret_is_text(const uint8_t *bytes, size_t len);
/* Whether the bytes have as many different values as random bytes, and no repeating pattern. Of at
 * least RP_SECRET_LEAST_BYTES random bytes this is true, except once in 10^8. */
bool rp_secret_looks_random(const uint8_t *bytes, size_t len);
bool rp_secret_is_hex(const uint8_t *line, size_t len);
/* Decode a line of hexadecimal digits or base64; `bytes` has room for len. Returns the number of
 * bytes; 0: it is neither, or might be words, as one in 200 000 random base64 lines might. */
size_t rp_secret_decode(uint8_t *bytes, const uint8_t *line, size_t len);

#endif
