/* SPDX-License-Identifier: MIT
 *
 * seal.h - what leaves this process for a store is sealed, and what comes back is checked.
 * AES-256-GCM; the key of a record comes from the cluster secret, the purpose and the record's name
 * (a session id, an epoch); the name, the binding (SNI, policy) and the expiry are authenticated,
 * so that a record opens only where, as what and as long as it was meant. A record is stored under
 * an HMAC of its name: who reads the store learns neither names nor contents, who writes there
 * forges nothing and can move no record to another name. */
#ifndef RP_SEAL_H
#define RP_SEAL_H

#include "cache/secret.h"
#include <reprise/secure_context.h> /* struct rp_bytes */

enum {
    RP_SEAL_KEY_SIZE = 32, /* of a name under which a record is stored */
    RP_SEAL_OVERHEAD = 64, /* a sealed record is at most this much longer */
    RP_SEAL_ID_SIZE = 32,  /* of a session id */
};

struct rp_sealer; /* the keys of one purpose, derived once */
struct rp_sealer *rp_sealer_new(const struct rp_secret *, const char *purpose, struct rp_error *)
    __attribute__((warn_unused_result));
void rp_sealer_free(struct rp_sealer *); /* NULL ok; wipes */

/* The sealers of one purpose: of the secret in use and, during a change-over, of the other one. */
struct rp_sealers {
    struct rp_sealer *current, *former; /* former NULL: there is one secret */
};
bool rp_sealers_make(struct rp_sealers *, const struct rp_secret *, const char *purpose,
                     struct rp_error *);
void rp_sealers_free(struct rp_sealers *); /* zeroes ok */

/* The store's key for a record's name. */
bool rp_seal_name(const struct rp_sealer *, struct rp_bytes name, uint8_t key[RP_SEAL_KEY_SIZE]);
/* Seal into out (plain is not empty; capacity >= plain.len + RP_SEAL_OVERHEAD); returns the length,
 * 0 on failure. */
size_t rp_seal(const struct rp_sealer *, struct rp_bytes name, struct rp_bytes binding,
               uint64_t expires_ms, struct rp_bytes plain, uint8_t *out);
/* Open into out (capacity >= sealed.len). Returns the plain length, or 0: not ours, changed,
 * moved, bound to something else, or expired at now_ms. *expires_ms is set when it opened. */
size_t rp_unseal(const struct rp_sealer *, struct rp_bytes name, struct rp_bytes binding,
                 uint64_t now_ms, struct rp_bytes sealed, uint8_t *out, uint64_t *expires_ms);

/* An id of this cluster: random, with a MAC; so an invented one is told without asking a store. */
bool rp_seal_make_id(const struct rp_sealer *, uint8_t id[RP_SEAL_ID_SIZE]);
bool rp_seal_is_id(const struct rp_sealer *, struct rp_bytes id);

/* Bytes for a secret; false: there is no randomness. */
bool rp_seal_random(void *bytes, size_t len);

#endif
