/* SPDX-License-Identifier: MIT
 *
 * ticket_crypt.h - the functions of a ring of ticket keys for OpenSSL's ticket callback. */
#ifndef RP_TICKET_CRYPT_H
#define RP_TICKET_CRYPT_H

#include <openssl/evp.h>

#include <reprise/ticket_keys.h>

/* Whether there is a key that encrypts tickets. */
bool rp_ticket_keys_mints(const struct rp_ticket_keys *);
/* Whether there is a key with the name at the start of a ticket. */
bool rp_ticket_keys_knows(const struct rp_ticket_keys *, const uint8_t *ticket, size_t len);
/* Initialise both contexts to encrypt a ticket; false: issue no ticket. */
bool rp_ticket_keys_encrypt(struct rp_ticket_keys *, uint8_t name[16], uint8_t iv[16],
                            EVP_CIPHER_CTX *, EVP_MAC_CTX *);
/* Initialise both contexts to decrypt a ticket. */
enum rp_ticket_key_use { RP_TICKET_KEY_UNKNOWN, RP_TICKET_KEY_CURRENT, RP_TICKET_KEY_PAST };
enum rp_ticket_key_use rp_ticket_keys_decrypt(struct rp_ticket_keys *, const uint8_t name[16],
                                              const uint8_t iv[16], EVP_CIPHER_CTX *,
                                              EVP_MAC_CTX *);
/* The processes of a cluster share one ticket key (M1). The primary creates it once, before it
 * forks; workers use it instead of a random key. */
bool rp_ticket_keys_make_common(struct rp_error *);
void rp_ticket_keys_use_common(void);
/* A ring with one key: the cluster's in a worker, else a random one. */
struct rp_ticket_keys *rp_ticket_keys_new_default(struct rp_error *)
    __attribute__((warn_unused_result));
/* A ring with one random key. */
struct rp_ticket_keys *rp_ticket_keys_new_random(struct rp_error *)
    __attribute__((warn_unused_result));

#endif
