/* SPDX-License-Identifier: MIT
 *
 * base64.h - read base64 as it stands in key files (RFC 4648, section 4). */
#ifndef RP_BASE64_H
#define RP_BASE64_H

#include <stddef.h>
#include <stdint.h>

/* 0 to 63; -1: it is no digit. */
int rp_base64_digit(uint8_t);
/* The bytes that `len` characters stand for, padding included; 0: they are no base64, or of more
 * bytes than the capacity. */
size_t rp_base64_decode(uint8_t *out, size_t capacity, const uint8_t *text, size_t len);

#endif
