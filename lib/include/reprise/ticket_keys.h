/* SPDX-License-Identifier: MIT
 *
 * ticket_keys.h - a ring of session-ticket keys: the first mints, all decrypt.
 * A ring is shared by any number of secure contexts of one process and may be replaced while they
 * are in use; its memory is wiped when keys leave it. An empty ring means that no ticket is
 * issued and none is accepted; a handshake never fails for it. Contract: B25, C18, C19, I10, I11.
 */
#ifndef RP_TICKET_KEYS_H
#define RP_TICKET_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <reprise/error.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    RP_TICKET_KEYS_SIZE = 48, /* node's: 16 name, 16 HMAC-SHA256 key, 16 AES-128-CBC key (I10) */
    RP_TICKET_KEYS_LONG = 80, /* 16 name, 32 HMAC-SHA256 key, 32 AES-256-CBC key */
    RP_TICKET_KEYS_MAX = 240, /* keys in a ring */
};

struct rp_ticket_key {
    uint8_t name[16];
    uint8_t hmac[32], aes[32];
    uint8_t size; /* of hmac and of aes: 16 or 32 */
};

struct rp_ticket_keys;
/* An empty ring. One reference, the caller's; NULL: no memory. */
struct rp_ticket_keys *rp_ticket_keys_new(struct rp_error *) __attribute__((warn_unused_result));
/* One reference more. */
struct rp_ticket_keys *rp_ticket_keys_ref(struct rp_ticket_keys *);
void rp_ticket_keys_unref(struct rp_ticket_keys *); /* NULL ok; wipes with the last reference */

/* Replace all keys; effective for the next ticket. With mint false the first does not mint either
 * (an epoch's key is known for decrypting only). false: more than RP_TICKET_KEYS_MAX. */
bool rp_ticket_keys_set(struct rp_ticket_keys *, const struct rp_ticket_key *keys, size_t count,
                        bool mint, struct rp_error *);
/* How many keys it has. */
size_t rp_ticket_keys_count(const struct rp_ticket_keys *);
/* Copy out the key at `index` (0 mints); false past the end. The caller wipes it. */
bool rp_ticket_keys_get(const struct rp_ticket_keys *, size_t index, struct rp_ticket_key *);

/* How the 48-byte form orders its two secrets: node and httpd put the HMAC key first, nginx and
 * HAProxy the AES key. The 80-byte form is name, HMAC key, AES key everywhere. */
enum rp_ticket_key_layout { RP_TICKET_KEY_NODE, RP_TICKET_KEY_NGINX };
/* Decode 48 or 80 bytes. Refuses other lengths and all-zero secrets. */
bool rp_ticket_key_decode(struct rp_ticket_key *, const uint8_t *bytes, size_t len,
                          enum rp_ticket_key_layout, struct rp_error *);
/* The 48 (in node's order) or 80 bytes of a key; returns the length. */
size_t rp_ticket_key_encode(const struct rp_ticket_key *, uint8_t bytes[RP_TICKET_KEYS_LONG]);

#ifdef __cplusplus
}
#endif

#endif
