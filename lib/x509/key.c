/* SPDX-License-Identifier: MIT
 *
 * key.c - the public key of a certificate as node describes it, and whether a private key belongs
 * to it (G6, H1, H3). The danger: a key that OpenSSL cannot decode; it has only its encoding, no
 * type and no details. A passphrase is never asked for on a terminal. */
#include "lib/base/args.h"
#include "lib/x509/internal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/decoder.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/rsa.h>

#include "lib/x509/openssl_errors.h"

static const struct {
    int id;
    const char *type;
} key_types[] = {
    {EVP_PKEY_RSA, "rsa"},     {EVP_PKEY_RSA_PSS, "rsa-pss"}, {EVP_PKEY_DSA, "dsa"},
    {EVP_PKEY_DH, "dh"},       {EVP_PKEY_EC, "ec"},           {EVP_PKEY_ED25519, "ed25519"},
    {EVP_PKEY_ED448, "ed448"}, {EVP_PKEY_X25519, "x25519"},   {EVP_PKEY_X448, "x448"},
};

static const char *key_type(int id)
{
    for (size_t i = 0; i < sizeof key_types / sizeof *key_types; i++)
        if (key_types[i].id == id)
            return key_types[i].type;
    return NULL;
}

/* Upper-case hex without a leading zero. */
static char *hex_text(const BIGNUM *number)
{
    char *hex = BN_bn2hex(number);
    char *copy = hex ? strdup(hex + (hex[0] == '0' && hex[1])) : NULL;

    OPENSSL_free(hex);
    return copy;
}

/* "0x10001", lower-case. */
static char *prefixed_hex_text(const BIGNUM *number)
{
    struct rp_text text = {0};
    char *hex = hex_text(number);

    if (!hex)
        return NULL;
    for (char *p = hex; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    rp_text_printf(&text, "0x%s", hex);
    free(hex);
    return rp_text_take(&text, NULL);
}

static char *decimal_text(const BIGNUM *number)
{
    char *decimal = BN_bn2dec(number), *copy = decimal ? strdup(decimal) : NULL;

    OPENSSL_free(decimal);
    return copy;
}

static unsigned parameter_bits(const EVP_PKEY *pkey, const char *name)
{
    BIGNUM *number = NULL;
    unsigned bits = 0;

    if (EVP_PKEY_get_bn_param(pkey, name, &number))
        bits = (unsigned)BN_num_bits(number);
    BN_free(number);
    return bits;
}

static bool fill_rsa(struct rp_x509 *x, const EVP_PKEY *pkey)
{
    BIGNUM *n = NULL, *e = NULL;
    bool ok = EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_N, &n) &&
              EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &e);

    if (ok) {
        x->key.bits = (unsigned)BN_num_bits(n);
        x->modulus = hex_text(n);
        x->exponent = prefixed_hex_text(e);
        x->exponent_decimal = decimal_text(e);
        ok = x->modulus && x->exponent && x->exponent_decimal;
        x->key.modulus = x->modulus;
        x->key.exponent = x->exponent;
        x->key.exponent_decimal = x->exponent_decimal;
    }
    BN_free(n);
    BN_free(e);
    return ok;
}

static const char *digest_name(const X509_ALGOR *algorithm)
{
    const ASN1_OBJECT *oid = NULL;

    if (!algorithm)
        return "sha1"; /* the default of an absent field (RFC 8017 appendix A.2.3) */
    X509_ALGOR_get0(&oid, NULL, NULL, algorithm);
    return OBJ_nid2ln(OBJ_obj2nid(oid));
}

static X509_ALGOR *mgf1_digest(const X509_ALGOR *mask)
{
    const void *parameter = NULL;
    int type = V_ASN1_UNDEF;

    if (mask)
        X509_ALGOR_get0(NULL, &type, &parameter, mask);
    if (type != V_ASN1_SEQUENCE)
        return NULL;
    return ASN1_item_unpack(parameter, ASN1_ITEM_rptr(X509_ALGOR));
}

/* The restrictions that an RSA-PSS key may state. */
static void fill_pss(struct rp_x509_public_key *key, const X509_PUBKEY *spki)
{
    X509_ALGOR *algorithm = NULL, *mgf1;
    const void *parameter = NULL;
    int type = V_ASN1_UNDEF;
    RSA_PSS_PARAMS *pss;

    X509_PUBKEY_get0_param(NULL, NULL, NULL, &algorithm, spki);
    X509_ALGOR_get0(NULL, &type, &parameter, algorithm);
    pss = type == V_ASN1_SEQUENCE ? ASN1_item_unpack(parameter, ASN1_ITEM_rptr(RSA_PSS_PARAMS))
                                  : NULL;
    if (!pss)
        return;
    mgf1 = mgf1_digest(pss->maskGenAlgorithm);
    key->hash_algorithm = digest_name(pss->hashAlgorithm);
    key->mgf1_hash_algorithm = digest_name(mgf1);
    key->salt_length = pss->saltLength ? (int)ASN1_INTEGER_get(pss->saltLength) : 20;
    X509_ALGOR_free(mgf1);
    RSA_PSS_PARAMS_free(pss);
}

/* The point in uncompressed form (04, x, y), from any form; coordinates have `size` bytes. NULL: no
 * memory. */
static uint8_t *uncompressed(const EVP_PKEY *pkey, int size)
{
    BIGNUM *x = NULL, *y = NULL;
    uint8_t *point = malloc(2 * (size_t)size + 1);

    if (!point || !EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_EC_PUB_X, &x) ||
        !EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_EC_PUB_Y, &y) ||
        BN_bn2binpad(x, point + 1, size) < 0 || BN_bn2binpad(y, point + 1 + size, size) < 0) {
        free(point);
        point = NULL;
    } else {
        point[0] = POINT_CONVERSION_UNCOMPRESSED;
    }
    BN_free(x);
    BN_free(y);
    return point;
}

static bool fill_point(struct rp_x509 *x, const EVP_PKEY *pkey, const uint8_t *encoded, int len)
{
    bool compressed = (encoded[0] & ~1) == POINT_CONVERSION_COMPRESSED;
    int size = compressed ? len - 1 : (len - 1) / 2;

    x->key.point = encoded;
    x->key.point_len = 2 * (size_t)size + 1;
    if (encoded[0] != POINT_CONVERSION_UNCOMPRESSED)
        x->key.point = x->point = uncompressed(pkey, size);
    return x->key.point != NULL;
}

static bool fill_ec(struct rp_x509 *x, const EVP_PKEY *pkey, const X509_PUBKEY *spki)
{
    struct rp_x509_public_key *key = &x->key;
    const uint8_t *point;
    char group[80];
    int nid, len;

    X509_PUBKEY_get0_param(NULL, &point, &len, NULL, spki);
    if (len < 2) /* the point at infinity is not a valid public key: no details, as in node */
        return true;
    key->bits = (unsigned)EVP_PKEY_get_bits(pkey);
    if (EVP_PKEY_get_group_name(pkey, group, sizeof group, NULL)) {
        nid = OBJ_sn2nid(group);
        key->asn1_curve = nid == NID_undef ? NULL : OBJ_nid2sn(nid);
        key->nist_curve = EC_curve_nid2nist(nid);
    }
    return fill_point(x, pkey, point, len);
}

/* The encoding in the certificate. An RSA key is encoded again, as in node: in some certificates
 * the RSA algorithm lacks its NULL. */
static bool fill_spki(struct rp_x509 *x, const EVP_PKEY *pkey, const X509_PUBKEY *encoded)
{
    bool rsa = pkey && EVP_PKEY_get_id(pkey) == EVP_PKEY_RSA;
    unsigned char *bytes = NULL;
    int len = rsa ? i2d_PUBKEY(pkey, &bytes) : i2d_X509_PUBKEY(encoded, &bytes);

    x->spki = len > 0 ? malloc((size_t)len) : NULL;
    if (x->spki) {
        memcpy(x->spki, bytes, (size_t)len);
        x->key.spki = x->spki;
        x->key.spki_len = (size_t)len;
    }
    OPENSSL_free(bytes);
    return x->spki != NULL;
}

bool rp_x509_fill_key(struct rp_x509 *x)
{
    const X509_PUBKEY *encoded = X509_get_X509_PUBKEY(x->cert);
    const EVP_PKEY *pkey = X509_get0_pubkey(x->cert);
    struct rp_x509_public_key *key = &x->key;
    int id = pkey ? EVP_PKEY_get_id(pkey) : EVP_PKEY_NONE;

    key->type = key_type(id);
    if (!fill_spki(x, pkey, encoded))
        return false;
    switch (id) {
    case EVP_PKEY_RSA_PSS:
        fill_pss(key, encoded);
        return fill_rsa(x, pkey);
    case EVP_PKEY_RSA:
        return fill_rsa(x, pkey);
    case EVP_PKEY_DSA:
        key->bits = parameter_bits(pkey, OSSL_PKEY_PARAM_FFC_P);
        key->divisor_bits = parameter_bits(pkey, OSSL_PKEY_PARAM_FFC_Q);
        return true;
    case EVP_PKEY_EC:
        return fill_ec(x, pkey, encoded);
    default:
        return true;
    }
}

/* Called when a private key is encrypted and no passphrase was given. */
static int no_passphrase(char *buffer, size_t size, size_t *len, const OSSL_PARAM params[],
                         void *arg)
{
    (void)buffer, (void)size, (void)len, (void)params, (void)arg;
    return 0;
}

/* Decode PEM or DER, in any structure that OpenSSL supports. */
static EVP_PKEY *read_key(const void *bytes, size_t len, int selection, const char *passphrase,
                          struct rp_error *err)
{
    EVP_PKEY *pkey = NULL;
    const unsigned char *at = bytes;
    OSSL_DECODER_CTX *decoder =
        OSSL_DECODER_CTX_new_for_pkey(&pkey, NULL, NULL, NULL, selection, NULL, NULL);
    bool ok = decoder != NULL;

    if (ok && passphrase)
        ok = OSSL_DECODER_CTX_set_passphrase(decoder, (const uint8_t *)passphrase,
                                             strlen(passphrase));
    else if (ok)
        ok = OSSL_DECODER_CTX_set_passphrase_cb(decoder, no_passphrase, NULL);
    if (!ok || !OSSL_DECODER_from_data(decoder, &at, &len)) {
        rp_error_openssl(err, "ERR_CRYPTO_OPERATION_FAILED", "not a key");
        EVP_PKEY_free(pkey);
        pkey = NULL;
    }
    OSSL_DECODER_CTX_free(decoder);
    return pkey;
}

bool rp_x509_check_private_key(const struct rp_x509 *x, const void *key, size_t len,
                               const char *passphrase, struct rp_error *err)
{
    EVP_PKEY *pkey;
    bool fits;

    rp_error_clear(err);
    if (!rp_given(x, "certificate", err) || !rp_given(key, "key", err))
        return false;
    rp_error_clear(err);
    ERR_clear_error();
    pkey = read_key(key, len, EVP_PKEY_KEYPAIR, passphrase, err);
    fits = pkey && X509_check_private_key(x->cert, pkey) == 1;
    EVP_PKEY_free(pkey);
    ERR_clear_error();
    return fits;
}

bool rp_x509_verify(const struct rp_x509 *x, const void *public_key, size_t len,
                    struct rp_error *err)
{
    EVP_PKEY *pkey;
    bool verified;

    rp_error_clear(err);
    if (!rp_given(x, "certificate", err) || !rp_given(public_key, "public_key", err))
        return false;
    rp_error_clear(err);
    ERR_clear_error();
    pkey = read_key(public_key, len, EVP_PKEY_PUBLIC_KEY, NULL, err);
    verified = pkey && X509_verify(x->cert, pkey) > 0;
    EVP_PKEY_free(pkey);
    ERR_clear_error();
    return verified;
}
