/* SPDX-License-Identifier: MIT
 *
 * serve_psk.h - the pre-shared keys of reprise-serve. The danger: a key that is shown in a
 * message. */
#ifndef SERVE_PSK_H
#define SERVE_PSK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Add IDENTITY=HEX; the last "=" separates them. false: malformed, or not a valid key for TLS. */
bool serve_psk_add(const char *text);
/* Likewise for each line of a text; NULL is allowed. */
bool serve_psk_add_lines(char *text);
bool serve_psk_any(void);
/* Returns the length of the key; 0 = unknown identity. */
size_t serve_psk_find(const char *identity, uint8_t *key);

#endif
