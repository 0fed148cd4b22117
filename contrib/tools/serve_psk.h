/* SPDX-License-Identifier: MIT
 *
 * serve_psk.h - the pre-shared keys of reprise-serve. The danger: a key in a message. */
#ifndef SERVE_PSK_H
#define SERVE_PSK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* IDENTITY=HEX; the last "=" counts. false: it is not that, or is no key for TLS. */
bool serve_psk_add(const char *text);
/* The same for each line; NULL ok. */
bool serve_psk_add_lines(char *text);
bool serve_psk_any(void);
/* The length of the key, 0 = unknown. */
size_t serve_psk_find(const char *identity, uint8_t *key);

#endif
