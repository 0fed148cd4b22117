/* SPDX-License-Identifier: MIT
 *
 * seal.c - sealed records; see seal.h. A record: version (1) | expiry (8, big endian) | nonce (12)
 * | ciphertext | tag (16).
 * Its key is HMAC-SHA256(K, name), where K belongs to one purpose; its nonce is random. A nonce
 * must never repeat under one key: names are random ids or epochs, so a key serves the few records
 * that ever have the same name, and 96 random bits do not repeat among them before 2^48 were
 * sealed. The name is not stored; a record cannot be opened under another name, which has another
 * key. The additional authenticated data is version, expiry and binding, in this order: only the
 * last one varies in length, so different inputs never have the same encoding.
 * The danger is the bytes that come back: before the tag is verified, only the version and the
 * length are read. Algorithms are fetched and keys expanded once, and contexts are reused, so
 * sealing needs no lookups. Not thread-safe. */
#include "cache/seal.h"
#include "lib/base/cursor.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

enum { VERSION = 1, EXPIRY = 8, NONCE = 12, TAG = 16, HEAD = 1 + EXPIRY };
enum { KEY = 32, ID_RANDOM = 20, ID_MAC = RP_SEAL_ID_SIZE - ID_RANDOM };
enum { CHUNK_MAX = 1 << 30 }; /* OpenSSL's lengths are int */

_Static_assert(HEAD + NONCE + TAG <= RP_SEAL_OVERHEAD, "room for what is added");

struct rp_sealer {
    EVP_MAC_CTX *names, *records, *ids; /* HMAC-SHA256, keyed */
    EVP_CIPHER_CTX *sealing, *opening;  /* AES-256-GCM, without a key */
};

static EVP_MAC_CTX *keyed_hmac(const struct rp_secret *secret, const char *label,
                               const char *purpose)
{
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, OSSL_MAC_NAME_HMAC, NULL);
    EVP_MAC_CTX *mac = hmac != NULL ? EVP_MAC_CTX_new(hmac) : NULL;
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    uint8_t key[KEY];

    EVP_MAC_free(hmac); /* the context has its own reference */
    if (mac != NULL &&
        (!rp_secret_derive(secret, label, purpose, strlen(purpose), key, sizeof key) ||
         EVP_MAC_init(mac, key, sizeof key, params) != 1)) {
        EVP_MAC_CTX_free(mac);
        mac = NULL;
    }
    OPENSSL_cleanse(key, sizeof key);
    return mac;
}

static EVP_CIPHER_CTX *gcm(bool seals)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

    if (cipher == NULL || ctx == NULL ||
        EVP_CipherInit_ex2(ctx, cipher, NULL, NULL, seals, NULL) != 1) {
        EVP_CIPHER_CTX_free(ctx);
        ctx = NULL;
    }
    EVP_CIPHER_free(cipher);
    return ctx;
}

struct rp_sealer *rp_sealer_new(const struct rp_secret *secret, const char *purpose,
                                struct rp_error *err)
{
    struct rp_sealer *s = calloc(1, sizeof *s);

    if (s == NULL) {
        rp_error_set(err, "ENOMEM", "no memory for encryption");
        return NULL;
    }
    s->names = keyed_hmac(secret, "reprise record names", purpose);
    s->records = keyed_hmac(secret, "reprise record keys", purpose);
    s->ids = keyed_hmac(secret, "reprise ids", purpose);
    s->sealing = gcm(true);
    s->opening = gcm(false);
    if (s->names != NULL && s->records != NULL && s->ids != NULL && s->sealing != NULL &&
        s->opening != NULL)
        return s;
    rp_sealer_free(s);
    ERR_clear_error();
    rp_error_set(err, "ERR_CRYPTO_OPERATION_FAILED",
                 "HMAC-SHA256 or AES-256-GCM is unavailable in OpenSSL");
    return NULL;
}

void rp_sealer_free(struct rp_sealer *s)
{
    if (s == NULL)
        return;
    /* OpenSSL wipes the keys in its contexts. */
    EVP_MAC_CTX_free(s->names);
    EVP_MAC_CTX_free(s->records);
    EVP_MAC_CTX_free(s->ids);
    EVP_CIPHER_CTX_free(s->sealing);
    EVP_CIPHER_CTX_free(s->opening);
    free(s);
}

static bool mac_of(EVP_MAC_CTX *mac, const void *bytes, size_t len, uint8_t out[KEY])
{
    size_t out_len;

    /* NULL key: restart with the existing key. */
    return EVP_MAC_init(mac, NULL, 0, NULL) == 1 && EVP_MAC_update(mac, bytes, len) == 1 &&
           EVP_MAC_final(mac, out, &out_len, KEY) == 1 && out_len == KEY;
}

bool rp_seal_name(const struct rp_sealer *s, struct rp_bytes name, uint8_t key[RP_SEAL_KEY_SIZE])
{
    return mac_of(s->names, name.bytes, name.len, key);
}

/* -- records */

/* Initialise a context with the key of this name and the nonce, and add the authenticated data. */
static bool begin(const struct rp_sealer *s, EVP_CIPHER_CTX *ctx, struct rp_bytes name,
                  const uint8_t *head, struct rp_bytes binding)
{
    const uint8_t *nonce = head + HEAD;
    uint8_t key[KEY];
    int len;
    bool ok = mac_of(s->records, name.bytes, name.len, key) &&
              EVP_CipherInit_ex2(ctx, NULL, key, nonce, -1, NULL) == 1 &&
              EVP_CipherUpdate(ctx, NULL, &len, head, HEAD) == 1;

    OPENSSL_cleanse(key, sizeof key);
    if (!ok || binding.len > CHUNK_MAX)
        return false;
    return binding.len == 0 ||
           EVP_CipherUpdate(ctx, NULL, &len, binding.bytes, (int)binding.len) == 1;
}

static bool finish(EVP_CIPHER_CTX *ctx, const uint8_t *in, size_t len, uint8_t *out)
{
    int done, rest;

    return EVP_CipherUpdate(ctx, out, &done, in, (int)len) == 1 && (size_t)done == len &&
           EVP_CipherFinal_ex(ctx, out + done, &rest) == 1 && rest == 0;
}

size_t rp_seal(const struct rp_sealer *s, struct rp_bytes name, struct rp_bytes binding,
               uint64_t expires_ms, struct rp_bytes plain, uint8_t *out)
{
    uint8_t *body = out + HEAD + NONCE, *tag = body + plain.len;

    bool ok;

    if (plain.len == 0 || plain.len > CHUNK_MAX)
        return 0;
    out[0] = VERSION;
    rp_store_uint(out + 1, expires_ms, EXPIRY);
    ERR_set_mark(); /* this may run inside a handshake, which reads its own errors */
    ok = RAND_bytes(out + HEAD, NONCE) == 1 && begin(s, s->sealing, name, out, binding) &&
         finish(s->sealing, plain.bytes, plain.len, body) &&
         EVP_CIPHER_CTX_ctrl(s->sealing, EVP_CTRL_AEAD_GET_TAG, TAG, tag) == 1;
    ERR_pop_to_mark();
    return ok ? HEAD + NONCE + plain.len + TAG : 0;
}

size_t rp_unseal(const struct rp_sealer *s, struct rp_bytes name, struct rp_bytes binding,
                 uint64_t now_ms, struct rp_bytes sealed, uint8_t *out, uint64_t *expires_ms)
{
    const uint8_t *head = sealed.bytes, *body = head + HEAD + NONCE;
    uint64_t expires;
    uint8_t tag[TAG]; /* OpenSSL takes a non-const pointer */
    size_t len;
    bool ok;

    if (sealed.len <= HEAD + NONCE + TAG || sealed.len > CHUNK_MAX || head[0] != VERSION)
        return 0;
    len = sealed.len - HEAD - NONCE - TAG;
    memcpy(tag, body + len, TAG);
    expires = rp_load_uint(head + 1, EXPIRY);
    ERR_set_mark();
    ok = begin(s, s->opening, name, head, binding) &&
         EVP_CIPHER_CTX_ctrl(s->opening, EVP_CTRL_AEAD_SET_TAG, TAG, tag) == 1 &&
         finish(s->opening, body, len, out);
    ERR_pop_to_mark();
    if (!ok || expires <= now_ms) {
        OPENSSL_cleanse(out, len); /* unverified plaintext */
        return 0;
    }
    *expires_ms = expires;
    return len;
}

/* -- two secrets */

bool rp_sealers_make(struct rp_sealers *s, const struct rp_secret *secret, const char *purpose,
                     struct rp_error *err)
{
    struct rp_secret former;
    bool two = rp_secret_former(secret, &former);

    *s = (struct rp_sealers){.current = rp_sealer_new(secret, purpose, err)};
    if (s->current != NULL && two)
        s->former = rp_sealer_new(&former, purpose, err);
    rp_secret_wipe(&former);
    if (s->current != NULL && (!two || s->former != NULL))
        return true;
    rp_sealers_free(s);
    return false;
}

void rp_sealers_free(struct rp_sealers *s)
{
    rp_sealer_free(s->current);
    rp_sealer_free(s->former);
    *s = (struct rp_sealers){.current = NULL};
}

/* -- ids */

bool rp_seal_make_id(const struct rp_sealer *s, uint8_t id[RP_SEAL_ID_SIZE])
{
    uint8_t mac[KEY];

    if (RAND_bytes(id, ID_RANDOM) != 1 || !mac_of(s->ids, id, ID_RANDOM, mac))
        return false;
    memcpy(id + ID_RANDOM, mac, ID_MAC);
    return true;
}

bool rp_seal_is_id(const struct rp_sealer *s, struct rp_bytes id)
{
    const uint8_t *bytes = id.bytes;
    uint8_t mac[KEY];

    return id.len == RP_SEAL_ID_SIZE && mac_of(s->ids, bytes, ID_RANDOM, mac) &&
           CRYPTO_memcmp(bytes + ID_RANDOM, mac, ID_MAC) == 0;
}

bool rp_seal_random(void *bytes, size_t len)
{
    return len <= CHUNK_MAX && RAND_priv_bytes(bytes, (int)len) == 1;
}
