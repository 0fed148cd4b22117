/* SPDX-License-Identifier: MIT
 *
 * ticket_crypt.h - a ring of ticket keys as OpenSSL's ticket callback needs it. */
#ifndef RP_TICKET_CRYPT_H
#define RP_TICKET_CRYPT_H

#include <openssl/evp.h>

#include <reprise/ticket_keys.h>

/* Is there a key that mints? */
bool rp_ticket_keys_mints(const struct rp_ticket_keys *);
/* Is there a key with the name that a ticket begins with? */
bool rp_ticket_keys_knows(const struct rp_ticket_keys *, const uint8_t *ticket, size_t len);
/* Prepare the two contexts to make a ticket; false: no ticket. */
bool rp_ticket_keys_encrypt(struct rp_ticket_keys *, uint8_t name[16], uint8_t iv[16],
                            EVP_CIPHER_CTX *, EVP_MAC_CTX *);
/* Prepare them to read one. */
enum rp_ticket_key_use { RP_TICKET_KEY_UNKNOWN, RP_TICKET_KEY_CURRENT, RP_TICKET_KEY_PAST };
enum rp_ticket_key_use rp_ticket_keys_decrypt(struct rp_ticket_keys *, const uint8_t name[16],
                                              const uint8_t iv[16], EVP_CIPHER_CTX *,
                                              EVP_MAC_CTX *);
/* M1: the processes of a cluster have a key in common. The primary makes it, once, before it forks;
 * in a worker it takes the place of random ones. */
bool rp_ticket_keys_make_common(struct rp_error *);
void rp_ticket_keys_use_common(void);
/* A ring with one key: the common one of a worker, else a random one. */
struct rp_ticket_keys *rp_ticket_keys_new_default(struct rp_error *)
    __attribute__((warn_unused_result));
/* A ring with one random key. */
struct rp_ticket_keys *rp_ticket_keys_new_random(struct rp_error *)
    __attribute__((warn_unused_result));

#endif
