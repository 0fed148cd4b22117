/* SPDX-License-Identifier: MIT
 *
 * x509.c - an immutable certificate object: created from an X509 once, read by accessors that
 * cannot fail. The danger: a certificate that is made to confuse. What OpenSSL cannot decode is
 * absent and marked as malformed, never guessed. names.c, extensions.c and key.c read the parts;
 * OpenSSL's error queue is left empty. */
#include "lib/base/args.h"
#include "lib/x509/internal.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "lib/x509/openssl_errors.h"

char *rp_x509_bio_text(BIO *bio)
{
    struct rp_text text = {0};
    char *bytes;
    long len = BIO_get_mem_data(bio, &bytes);

    rp_text_utf8(&text, bytes, (size_t)len);
    return rp_text_take(&text, NULL);
}

static bool fill_time(char **text, const ASN1_TIME *time)
{
    BIO *bio = BIO_new(BIO_s_mem());

    if (bio) {
        ASN1_TIME_print(bio, time); /* prints "Bad time value" for a malformed time */
        *text = rp_x509_bio_text(bio);
    }
    BIO_free(bio);
    return *text != NULL;
}

static bool fill_serial_number(struct rp_x509 *x)
{
    BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(x->cert), NULL);
    char *hex = number ? BN_bn2hex(number) : NULL;

    if (hex)
        x->serial_number = strdup(hex);
    OPENSSL_free(hex);
    BN_free(number);
    return x->serial_number != NULL;
}

static bool fill_fingerprint(char **text, const X509 *cert, const EVP_MD *md)
{
    static const char digits[] = "0123456789ABCDEF";
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned len;
    char *at;

    if (!X509_digest(cert, md, digest, &len) || !(at = malloc(3 * (size_t)len)))
        return false;
    *text = at;
    for (unsigned i = 0; i < len; i++) {
        *at++ = digits[digest[i] >> 4];
        *at++ = digits[digest[i] & 15];
        *at++ = i + 1 < len ? ':' : '\0';
    }
    return true;
}

static bool fill_raw(struct rp_x509 *x)
{
    int len = i2d_X509(x->cert, NULL);
    uint8_t *at;

    if (len <= 0 || !(x->raw = malloc((size_t)len)))
        return false;
    at = x->raw;
    x->raw_len = (size_t)i2d_X509(x->cert, &at);
    return true;
}

static bool fill(struct rp_x509 *x)
{
    x->ca = X509_check_ca(x->cert) == 1;
    x->self_issued = X509_check_issued(x->cert, x->cert) == X509_V_OK;
    return fill_raw(x) && rp_x509_fill_names(x) && rp_x509_fill_extensions(x) &&
           rp_x509_fill_key(x) && fill_time(&x->valid_from, X509_get0_notBefore(x->cert)) &&
           fill_time(&x->valid_to, X509_get0_notAfter(x->cert)) && fill_serial_number(x) &&
           fill_fingerprint(&x->fingerprint, x->cert, EVP_sha1()) &&
           fill_fingerprint(&x->fingerprint256, x->cert, EVP_sha256()) &&
           fill_fingerprint(&x->fingerprint512, x->cert, EVP_sha512());
}

static void x509_free(struct rp_x509 *x)
{
    char *texts[] = {x->subject,        x->issuer,         x->subject_alt_name, x->info_access,
                     x->valid_from,     x->valid_to,       x->serial_number,    x->fingerprint,
                     x->fingerprint256, x->fingerprint512, x->key_usage_text};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        free(texts[i]);
    rp_x509_list_clear(&x->subject_list);
    rp_x509_list_clear(&x->issuer_list);
    rp_x509_list_clear(&x->alt_name_list);
    rp_x509_list_clear(&x->info_access_list);
    free(x->modulus);
    free(x->exponent);
    free(x->exponent_decimal);
    free(x->spki);
    free(x->point);
    free(x->key_usage);
    free(x->raw);
    X509_free(x->cert);
    free(x);
}

uint64_t rp_x509_seconds(const ASN1_TIME *t)
{
    struct tm tm;
    time_t seconds = ASN1_TIME_to_tm(t, &tm) == 1 ? timegm(&tm) : 0;

    return seconds > 0 ? (uint64_t)seconds : 0;
}

struct rp_x509 *rp_x509_new(X509 *cert, struct rp_error *err)
{
    struct rp_x509 *x = calloc(1, sizeof *x);
    bool ok;

    if (!x) {
        rp_error_set(err, "ENOMEM", "out of memory");
        return NULL;
    }
    x->refs = 1;
    X509_up_ref(cert);
    x->cert = cert;
    ERR_set_mark();
    ok = fill(x);
    ERR_pop_to_mark();
    if (ok)
        return x;
    x509_free(x);
    rp_error_set(err, "ERR_CRYPTO_OPERATION_FAILED", "the certificate could not be read");
    return NULL;
}

/* Called for an encrypted PEM block, which is never a certificate: do not ask for a passphrase on a
 * terminal. */
static int no_passphrase(char *buffer, int size, int writing, void *arg)
{
    (void)buffer, (void)size, (void)writing, (void)arg;
    return 0;
}

/* Parse PEM, or else DER. The error says why the text is not PEM, as in node. */
static X509 *read_certificate(const uint8_t *bytes, size_t len, struct rp_error *err)
{
    BIO *bio = BIO_new_mem_buf(bytes, (int)len);
    X509 *cert = bio ? PEM_read_bio_X509_AUX(bio, NULL, no_passphrase, NULL) : NULL;

    BIO_free(bio);
    if (cert)
        return cert;
    rp_error_openssl(err, "ERR_CRYPTO_OPERATION_FAILED", "not a certificate");
    return d2i_X509(NULL, &bytes, (long)len);
}

struct rp_x509 *rp_x509_parse(const void *bytes, size_t len, struct rp_error *err)
{
    struct rp_x509 *x = NULL;
    X509 *cert;

    rp_error_clear(err);
    if (!rp_given(bytes, "bytes", err))
        return NULL;
    if (len > INT_MAX) {
        rp_error_set(err, "ERR_OUT_OF_RANGE", "A certificate of %zu bytes is too long", len);
        return NULL;
    }
    ERR_clear_error();
    cert = read_certificate(bytes, len, err);
    ERR_clear_error();
    if (!cert)
        return NULL;
    rp_error_clear(err);
    x = rp_x509_new(cert, err);
    X509_free(cert);
    return x;
}

struct rp_x509 *rp_x509_ref(struct rp_x509 *x)
{
    if (x == NULL)
        return NULL;
    x->refs++;
    return x;
}

/* Not recursive: the peer chooses the length of the chain. */
void rp_x509_unref(struct rp_x509 *x)
{
    while (x && --x->refs == 0) {
        struct rp_x509 *issuer = x->issuer_certificate;

        x509_free(x);
        x = issuer;
    }
}

const char *rp_x509_subject(const struct rp_x509 *x)
{
    return x != NULL ? x->subject : NULL;
}

const char *rp_x509_issuer(const struct rp_x509 *x)
{
    return x != NULL ? x->issuer : NULL;
}

const char *rp_x509_subject_alt_name(const struct rp_x509 *x)
{
    return x != NULL ? x->subject_alt_name : NULL;
}

const char *rp_x509_info_access(const struct rp_x509 *x)
{
    return x != NULL ? x->info_access : NULL;
}

const char *rp_x509_valid_from(const struct rp_x509 *x)
{
    return x != NULL ? x->valid_from : NULL;
}

const char *rp_x509_valid_to(const struct rp_x509 *x)
{
    return x != NULL ? x->valid_to : NULL;
}

const char *rp_x509_fingerprint(const struct rp_x509 *x)
{
    return x != NULL ? x->fingerprint : NULL;
}

const char *rp_x509_fingerprint256(const struct rp_x509 *x)
{
    return x != NULL ? x->fingerprint256 : NULL;
}

const char *rp_x509_fingerprint512(const struct rp_x509 *x)
{
    return x != NULL ? x->fingerprint512 : NULL;
}

const char *rp_x509_serial_number(const struct rp_x509 *x)
{
    return x != NULL ? x->serial_number : NULL;
}

const char *const *rp_x509_key_usage(const struct rp_x509 *x)
{
    return x != NULL ? x->key_usage : NULL;
}

bool rp_x509_ca(const struct rp_x509 *x)
{
    return x != NULL && x->ca;
}

const uint8_t *rp_x509_raw(const struct rp_x509 *x, size_t *len)
{
    if (len != NULL)
        *len = x != NULL ? x->raw_len : 0;
    return x != NULL ? x->raw : NULL;
}

char *rp_x509_to_pem(const struct rp_x509 *x, size_t *len)
{
    if (x == NULL)
        return NULL;
    BIO *bio = BIO_new(BIO_s_mem());
    char *pem = NULL;

    ERR_set_mark();
    if (bio && PEM_write_bio_X509(bio, x->cert))
        pem = rp_x509_bio_text(bio);
    ERR_pop_to_mark();
    BIO_free(bio);
    if (pem && len)
        *len = strlen(pem);
    return pem;
}

static const struct rp_x509_attribute *list_items(const struct rp_x509_list *list, size_t *count)
{
    if (count != NULL)
        *count = list != NULL ? list->count : 0;
    return list != NULL ? list->items : NULL;
}

const struct rp_x509_attribute *rp_x509_subject_attributes(const struct rp_x509 *x, size_t *count)
{
    return list_items(x != NULL ? &x->subject_list : NULL, count);
}

const struct rp_x509_attribute *rp_x509_issuer_attributes(const struct rp_x509 *x, size_t *count)
{
    return list_items(x != NULL ? &x->issuer_list : NULL, count);
}

const struct rp_x509_attribute *rp_x509_alt_names(const struct rp_x509 *x, size_t *count)
{
    return list_items(x != NULL ? &x->alt_name_list : NULL, count);
}

const struct rp_x509_attribute *rp_x509_info_access_list(const struct rp_x509 *x, size_t *count)
{
    return list_items(x != NULL ? &x->info_access_list : NULL, count);
}

unsigned rp_x509_malformed(const struct rp_x509 *x)
{
    return x != NULL ? x->malformed : 0;
}

const struct rp_x509_public_key *rp_x509_public_key(const struct rp_x509 *x)
{
    return x != NULL ? &x->key : NULL;
}

const struct rp_x509 *rp_x509_issuer_certificate(const struct rp_x509 *x)
{
    return x != NULL ? x->issuer_certificate : NULL;
}

bool rp_x509_self_issued(const struct rp_x509 *x)
{
    return x != NULL && x->self_issued;
}
