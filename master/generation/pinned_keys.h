/* SPDX-License-Identifier: MIT
 *
 * pinned_keys.h - ticket keys that the operator provides, instead of the ring, which creates its
 * own. A file contains one or more: the first encrypts, all decrypt. It is either raw: concatenated
 * keys of 48 or of 80 bytes, as for node, httpd and nginx (48 bytes: name, HMAC key, AES key, the
 * order of node and httpd); or it has one key in base64 per line, as for HAProxy (48 bytes: name,
 * AES key, HMAC key, the order of HAProxy and nginx). Keys of 80 bytes have the same order
 * everywhere. The danger: with such a key an attacker can read every session resumed with it. Files
 * that others can read, keys of zeros and duplicate keys are refused; no part of a key is ever
 * shown. */
#ifndef PINNED_KEYS_H
#define PINNED_KEYS_H

#include <reprise/ticket_keys.h>

/* Fill `keys` from the file. On failure they are unchanged. */
bool pinned_keys_read(struct rp_ticket_keys *keys, const char *path, struct rp_error *);

#endif
