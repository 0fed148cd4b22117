/* SPDX-License-Identifier: MIT
 *
 * base64.h - decode the base64 of key files (RFC 4648 section 4). */
#ifndef RP_BASE64_H
#define RP_BASE64_H

#include <stddef.h>
#include <stdint.h>

/* The value of a base64 digit, 0 to 63; -1 for any other character. */
int rp_base64_digit(uint8_t);
/* Decode `len` characters, padding included; returns the number of bytes. 0: the text is not
 * base64, or `capacity` is too small. */
size_t rp_base64_decode(uint8_t *out, size_t capacity, const uint8_t *text, size_t len);

#endif
