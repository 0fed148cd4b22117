/* SPDX-License-Identifier: MIT
 *
 * seal.h - encrypt and authenticate what this process writes to a store, and verify what it reads.
 * AES-256-GCM; the key of a record depends on the cluster secret, the purpose and the record's name
 * (a session id, an epoch). The binding (SNI, policy) and the expiry are authenticated, so that a
 * record can only be opened under its name, for its purpose and until it expires. A record is
 * stored under an HMAC of its name: with read access to the store an attacker learns neither names
 * nor contents, with write access he can neither forge a record nor move it to another name. */
#ifndef RP_SEAL_H
#define RP_SEAL_H

#include "cache/secret.h"
#include <reprise/secure_context.h> /* struct rp_bytes */

enum {
    RP_SEAL_KEY_SIZE = 32, /* of the key under which a record is stored */
    RP_SEAL_OVERHEAD = 64, /* maximum added length of a sealed record */
    RP_SEAL_ID_SIZE = 32,  /* of a session id */
};

struct rp_sealer; /* the keys of one purpose, derived once */
struct rp_sealer *rp_sealer_new(const struct rp_secret *, const char *purpose, struct rp_error *)
    __attribute__((warn_unused_result));
void rp_sealer_free(struct rp_sealer *); /* NULL is allowed; wipes */

/* The sealers of one purpose: of the current secret and, during a change, of the other one. */
struct rp_sealers {
    struct rp_sealer *current, *former; /* former NULL: there is one secret */
};
bool rp_sealers_make(struct rp_sealers *, const struct rp_secret *, const char *purpose,
                     struct rp_error *);
void rp_sealers_free(struct rp_sealers *); /* a zero-initialised struct is allowed */

/* The store's key for a record name. */
bool rp_seal_name(const struct rp_sealer *, struct rp_bytes name, uint8_t key[RP_SEAL_KEY_SIZE]);
/* Seal into `out` (plain must not be empty; capacity >= plain.len + RP_SEAL_OVERHEAD); returns the
 * length, 0 on failure. */
size_t rp_seal(const struct rp_sealer *, struct rp_bytes name, struct rp_bytes binding,
               uint64_t expires_ms, struct rp_bytes plain, uint8_t *out);
/* Open into `out` (capacity >= sealed.len). Returns the length of the plaintext; 0: forged,
 * changed, moved, bound to something else, or expired at now_ms. *expires_ms is set on success. */
size_t rp_unseal(const struct rp_sealer *, struct rp_bytes name, struct rp_bytes binding,
                 uint64_t now_ms, struct rp_bytes sealed, uint8_t *out, uint64_t *expires_ms);

/* Create a random id with a MAC, so that an invented id is detected without asking the store. */
bool rp_seal_make_id(const struct rp_sealer *, uint8_t id[RP_SEAL_ID_SIZE]);
bool rp_seal_is_id(const struct rp_sealer *, struct rp_bytes id);

/* Random bytes for a secret; false: unavailable. */
bool rp_seal_random(void *bytes, size_t len);

#endif
