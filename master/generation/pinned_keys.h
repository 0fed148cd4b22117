/* SPDX-License-Identifier: MIT
 *
 * pinned_keys.h - ticket keys that an operator gives, instead of the ring that makes its own.
 * A file holds one or more: the first encrypts, all decrypt. Either raw, keys of 48 or of 80 bytes
 * one after the other, as node, httpd and nginx have them (48 bytes: name, HMAC key, AES key, which
 * is node's and httpd's order); or one key in base64 on each line, as HAProxy has them (48 bytes:
 * name, AES key, HMAC key, which is HAProxy's and nginx's order). Keys of 80 bytes have the same
 * order everywhere.
 * The danger: who has such a key reads every session resumed under it. Files that others can read,
 * keys of zeros and keys that are given twice are refused; nothing of a key is ever shown. */
#ifndef PINNED_KEYS_H
#define PINNED_KEYS_H

#include <reprise/ticket_keys.h>

/* Fill `keys` from the file. On failure they are left as they were. */
bool pinned_keys_read(struct rp_ticket_keys *keys, const char *path, struct rp_error *);

#endif
