/* SPDX-License-Identifier: MIT
 *
 * ticket_keys.h - a ring of session-ticket keys: the first encrypts, all decrypt.
 * Any number of secure contexts of one process can share a ring, and its keys can be replaced while
 * it is in use; keys that leave the ring are wiped. With an empty ring a server issues and accepts
 * no tickets; handshakes succeed without them (B25, C18, C19, I10, I11). */
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
/* Create an empty ring; the caller's. NULL on failure: ENOMEM,
 * ERR_CRYPTO_OPERATION_FAILED (OpenSSL has no AES-CBC). */
struct rp_ticket_keys *rp_ticket_keys_new(struct rp_error *) __attribute__((warn_unused_result));
/* Take a reference; returns the ring. */
struct rp_ticket_keys *rp_ticket_keys_ref(struct rp_ticket_keys *);
/* Give up a reference; the last one wipes the keys. NULL is allowed. */
void rp_ticket_keys_unref(struct rp_ticket_keys *);

/* Replace all keys, from the next ticket on; the keys are copied. With `mint` false the first key
 * does not encrypt either, so no tickets are issued. Errors: ERR_OUT_OF_RANGE (more than
 * RP_TICKET_KEYS_MAX), ERR_INVALID_ARG_VALUE (`size` is not 16 or 32), ENOMEM. */
bool rp_ticket_keys_set(struct rp_ticket_keys *, const struct rp_ticket_key *keys, size_t count,
                        bool mint, struct rp_error *);
/* The number of keys. */
size_t rp_ticket_keys_count(const struct rp_ticket_keys *);
/* Copy the key at `index`, from 0; false past the end. The caller wipes the copy. */
bool rp_ticket_keys_get(const struct rp_ticket_keys *, size_t index, struct rp_ticket_key *);

/* The order of the two secrets in the 48-byte form: node and httpd put the HMAC key first, nginx
 * and HAProxy the AES key. The 80-byte form is name, HMAC key, AES key everywhere. */
enum rp_ticket_key_layout { RP_TICKET_KEY_NODE, RP_TICKET_KEY_NGINX };
/* Decode a key of 48 or 80 bytes. Errors: ERR_INVALID_ARG_VALUE (another length, a secret that is
 * all zeros, or an unknown layout). */
bool rp_ticket_key_decode(struct rp_ticket_key *, const uint8_t *bytes, size_t len,
                          enum rp_ticket_key_layout, struct rp_error *);
/* Encode a key as 48 bytes (in node's order) or 80 bytes; returns the length. */
size_t rp_ticket_key_encode(const struct rp_ticket_key *, uint8_t bytes[RP_TICKET_KEYS_LONG]);

#ifdef __cplusplus
}
#endif

#endif
