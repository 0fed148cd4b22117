/* SPDX-License-Identifier: MIT
 *
 * ticket_keys.c - the ring of session-ticket keys; see ticket_keys.h and I10. The danger: these
 * keys decrypt all past tickets, so every copy is wiped. A failure here means that no ticket is
 * issued or accepted; the handshake continues. */
#include "lib/base/args.h"
#include "lib/tls/context/ticket_crypt.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "lib/x509/openssl_errors.h"

enum { NAME = 16 };

struct rp_ticket_keys {
    struct rp_ticket_key *keys;
    size_t count;
    unsigned refs;
    bool mint;
    /* Fetched once: otherwise each ticket would cost a lookup by name. */
    EVP_CIPHER *aes128, *aes256;
};

struct rp_ticket_keys *rp_ticket_keys_new(struct rp_error *err)
{
    rp_error_clear(err);
    struct rp_ticket_keys *ring = calloc(1, sizeof *ring);

    if (ring == NULL) {
        rp_error_set(err, "ENOMEM", "no memory for ticket keys");
        return NULL;
    }
    ring->refs = 1;
    ring->aes128 = EVP_CIPHER_fetch(NULL, "AES-128-CBC", NULL);
    ring->aes256 = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
    if (ring->aes128 == NULL || ring->aes256 == NULL) {
        rp_error_openssl(err, "ERR_CRYPTO_OPERATION_FAILED", "no AES-CBC for session tickets");
        rp_ticket_keys_unref(ring);
        return NULL;
    }
    return ring;
}

struct rp_ticket_keys *rp_ticket_keys_ref(struct rp_ticket_keys *ring)
{
    if (ring == NULL)
        return NULL;
    ring->refs++;
    return ring;
}

static void drop_keys(struct rp_ticket_keys *ring)
{
    if (ring->keys != NULL)
        OPENSSL_cleanse(ring->keys, ring->count * sizeof *ring->keys);
    free(ring->keys);
    ring->keys = NULL;
    ring->count = 0;
}

void rp_ticket_keys_unref(struct rp_ticket_keys *ring)
{
    if (ring == NULL || --ring->refs > 0)
        return;
    drop_keys(ring);
    EVP_CIPHER_free(ring->aes128);
    EVP_CIPHER_free(ring->aes256);
    free(ring);
}

bool rp_ticket_keys_set(struct rp_ticket_keys *ring, const struct rp_ticket_key *keys, size_t count,
                        bool mint, struct rp_error *err)
{
    struct rp_ticket_key *copy = NULL;

    rp_error_clear(err);
    if (!rp_given(ring, "ring", err) || (count > 0 && !rp_given(keys, "keys", err)))
        return false;
    if (count > RP_TICKET_KEYS_MAX)
        return rp_error_set(err, "ERR_OUT_OF_RANGE", "too many ticket keys: %zu; the maximum is %d",
                            count, RP_TICKET_KEYS_MAX);
    for (size_t i = 0; i < count; i++)
        if (keys[i].size != 16 && keys[i].size != 32)
            return rp_error_set(err, "ERR_INVALID_ARG_VALUE",
                                "the secrets of a ticket key must be 16 or 32 bytes long");
    if (count > 0) {
        copy = malloc(count * sizeof *copy);
        if (copy == NULL)
            return rp_error_set(err, "ENOMEM", "no memory for ticket keys");
        memcpy(copy, keys, count * sizeof *copy);
    }
    drop_keys(ring);
    ring->keys = copy;
    ring->count = count;
    ring->mint = mint;
    return true;
}

size_t rp_ticket_keys_count(const struct rp_ticket_keys *ring)
{
    return ring != NULL ? ring->count : 0;
}

bool rp_ticket_keys_get(const struct rp_ticket_keys *ring, size_t index, struct rp_ticket_key *key)
{
    if (ring == NULL || key == NULL)
        return false;
    if (index >= ring->count)
        return false;
    *key = ring->keys[index];
    return true;
}

/* -- conversion from and to bytes */

static bool all_zero(const uint8_t *bytes, size_t len)
{
    uint8_t any = 0;

    for (size_t i = 0; i < len; i++)
        any |= bytes[i];
    return any == 0;
}

bool rp_ticket_key_decode(struct rp_ticket_key *key, const uint8_t *bytes, size_t len,
                          enum rp_ticket_key_layout layout, struct rp_error *err)
{
    size_t size = len == RP_TICKET_KEYS_LONG ? 32 : 16;
    bool aes_first = layout == RP_TICKET_KEY_NGINX && size == 16;

    rp_error_clear(err);
    if (!rp_given(key, "key", err) || !rp_given(bytes, "bytes", err))
        return false;
    if (layout != RP_TICKET_KEY_NODE && layout != RP_TICKET_KEY_NGINX)
        return rp_error_set(err, "ERR_INVALID_ARG_VALUE",
                            "The argument 'layout' is invalid. Received %u", (unsigned)layout);
    if (len != RP_TICKET_KEYS_SIZE && len != RP_TICKET_KEYS_LONG)
        return rp_error_set(err, "ERR_INVALID_ARG_VALUE",
                            "a ticket key must be exactly 48 or 80 bytes. Received %zu", len);
    *key = (struct rp_ticket_key){.size = (uint8_t)size};
    memcpy(key->name, bytes, NAME);
    memcpy(aes_first ? key->aes : key->hmac, bytes + NAME, size);
    memcpy(aes_first ? key->hmac : key->aes, bytes + NAME + size, size);
    if (!all_zero(key->hmac, size) && !all_zero(key->aes, size))
        return true;
    OPENSSL_cleanse(key, sizeof *key);
    return rp_error_set(err, "ERR_INVALID_ARG_VALUE", "a secret of the ticket key is all zeros");
}

size_t rp_ticket_key_encode(const struct rp_ticket_key *key, uint8_t bytes[RP_TICKET_KEYS_LONG])
{
    if (key == NULL || bytes == NULL)
        return 0;
    size_t size = key->size;

    memcpy(bytes, key->name, NAME);
    memcpy(bytes + NAME, key->hmac, size);
    memcpy(bytes + NAME + size, key->aes, size);
    return NAME + 2 * size;
}

static bool make_random(struct rp_ticket_key *key, struct rp_error *err)
{
    *key = (struct rp_ticket_key){.size = 16};
    return (RAND_bytes(key->name, NAME) == 1 && RAND_priv_bytes(key->hmac, key->size) == 1 &&
            RAND_priv_bytes(key->aes, key->size) == 1) ||
           rp_error_openssl(err, "ERR_CRYPTO_OPERATION_FAILED",
                            "no random bytes available for ticket keys");
}

static struct rp_ticket_keys *new_with(const struct rp_ticket_key *key, struct rp_error *err)
{
    struct rp_ticket_keys *ring = rp_ticket_keys_new(err);

    if (ring == NULL || rp_ticket_keys_set(ring, key, 1, true, err))
        return ring;
    rp_ticket_keys_unref(ring);
    return NULL;
}

struct rp_ticket_keys *rp_ticket_keys_new_random(struct rp_error *err)
{
    struct rp_ticket_key key;
    struct rp_ticket_keys *ring = make_random(&key, err) ? new_with(&key, err) : NULL;

    OPENSSL_cleanse(&key, sizeof key);
    return ring;
}

/* -- the key that the processes of a cluster share; it lives as long as they do */

static struct {
    struct rp_ticket_key key;
    bool made, used;
} common;

bool rp_ticket_keys_make_common(struct rp_error *err)
{
    common.made = common.made || make_random(&common.key, err);
    return common.made;
}

void rp_ticket_keys_use_common(void)
{
    common.used = common.made;
}

struct rp_ticket_keys *rp_ticket_keys_new_default(struct rp_error *err)
{
    return common.used ? new_with(&common.key, err) : rp_ticket_keys_new_random(err);
}

/* -- encrypting and decrypting tickets */

bool rp_ticket_keys_mints(const struct rp_ticket_keys *ring)
{
    return ring->count > 0 && ring->mint;
}

/* Names are public, so the comparison need not take constant time. */
static const struct rp_ticket_key *find(const struct rp_ticket_keys *ring, const uint8_t *name)
{
    for (size_t i = 0; i < ring->count; i++)
        if (memcmp(ring->keys[i].name, name, NAME) == 0)
            return &ring->keys[i];
    return NULL;
}

bool rp_ticket_keys_knows(const struct rp_ticket_keys *ring, const uint8_t *ticket, size_t len)
{
    return len >= NAME && find(ring, ticket) != NULL;
}

/* Set key, cipher and MAC in OpenSSL's contexts. */
static bool prepare(const struct rp_ticket_keys *ring, const struct rp_ticket_key *key,
                    const uint8_t *iv, bool encrypt, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac)
{
    OSSL_PARAM params[3];
    uint8_t hmac[sizeof key->hmac];
    char digest[] = "SHA256";
    bool ok;

    memcpy(hmac, key->hmac, sizeof hmac); /* OSSL_PARAM requires a writable copy */
    params[0] = OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, hmac, key->size);
    params[1] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0);
    params[2] = OSSL_PARAM_construct_end();
    ok = EVP_MAC_CTX_set_params(mac, params) == 1 &&
         EVP_CipherInit_ex(cipher, key->size == 16 ? ring->aes128 : ring->aes256, NULL, key->aes,
                           iv, encrypt) == 1;
    OPENSSL_cleanse(hmac, sizeof hmac);
    return ok;
}

bool rp_ticket_keys_encrypt(struct rp_ticket_keys *ring, uint8_t name[16], uint8_t iv[16],
                            EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac)
{
    if (!rp_ticket_keys_mints(ring) || RAND_bytes(iv, 16) != 1)
        return false;
    memcpy(name, ring->keys[0].name, NAME);
    return prepare(ring, &ring->keys[0], iv, true, cipher, mac);
}

enum rp_ticket_key_use rp_ticket_keys_decrypt(struct rp_ticket_keys *ring, const uint8_t name[16],
                                              const uint8_t iv[16], EVP_CIPHER_CTX *cipher,
                                              EVP_MAC_CTX *mac)
{
    const struct rp_ticket_key *key = find(ring, name);

    if (key == NULL || !prepare(ring, key, iv, false, cipher, mac))
        return RP_TICKET_KEY_UNKNOWN;
    return key == ring->keys ? RP_TICKET_KEY_CURRENT : RP_TICKET_KEY_PAST;
}
