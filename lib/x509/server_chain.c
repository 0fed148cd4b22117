/* SPDX-License-Identifier: MIT
 *
 * server_chain.c - check a server's certificates as clients will: key, names, usage, order and
 * completeness of the chain. The danger is a false alarm: a missing issuer may be a root, which
 * clients have, or an intermediate, which they lack; only its certificate tells which. */
#include "lib/x509/server_chain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "lib/x509/internal.h"
#include "lib/x509/openssl_errors.h"
#include "lib/x509/roots.h"

enum { RSA_BITS = 2048, CHAIN_MAX = 100, STATUS_REQUEST = 5 };

/* -- known issuers */

struct known {
    X509 *cert;
    char *file;
};
struct rp_issuers {
    struct known *at;
    size_t count;
    X509_STORE *roots; /* the system's */
};

static bool no_memory(struct rp_error *err)
{
    return rp_error_openssl(err, "ENOMEM", "no memory to judge certificates");
}

struct rp_issuers *rp_issuers_new(struct rp_error *err)
{
    struct rp_issuers *issuers = calloc(1, sizeof *issuers);
    uint8_t digest[32];

    if (issuers != NULL && (issuers->roots = X509_STORE_new()) != NULL &&
        rp_roots_add(issuers->roots, digest))
        return issuers;
    no_memory(err);
    rp_issuers_free(issuers);
    return NULL;
}

void rp_issuers_free(struct rp_issuers *issuers)
{
    if (issuers == NULL)
        return;
    for (size_t i = 0; i < issuers->count; i++) {
        X509_free(issuers->at[i].cert);
        free(issuers->at[i].file);
    }
    X509_STORE_free(issuers->roots);
    free(issuers->at);
    free(issuers);
}

/* Takes ownership of the certificate. */
static bool keep(struct rp_issuers *issuers, X509 *cert, const char *file)
{
    struct known *more = reallocarray(issuers->at, issuers->count + 1, sizeof *more);
    char *copy = strdup(file);

    if (more != NULL)
        issuers->at = more;
    if (more == NULL || copy == NULL) {
        X509_free(cert);
        free(copy);
        return false;
    }
    issuers->at[issuers->count++] = (struct known){cert, copy};
    return true;
}

/* Never ask for a passphrase on a terminal. */
static int no_passphrase(char *buffer, int size, int writing, void *arg)
{
    (void)buffer, (void)size, (void)writing, (void)arg;
    return -1;
}

static BIO *open_text(const char *bytes, size_t len)
{
    return len <= INT32_MAX ? BIO_new_mem_buf(bytes, (int)len) : NULL;
}

bool rp_issuers_add(struct rp_issuers *issuers, const char *bytes, size_t len, const char *file,
                    struct rp_error *err)
{
    BIO *bio = open_text(bytes, len);
    X509 *cert;
    bool ok = bio != NULL;

    ERR_set_mark();
    while (ok && (cert = PEM_read_bio_X509_AUX(bio, NULL, no_passphrase, NULL)) != NULL)
        if (X509_check_ca(cert) != 0)
            ok = keep(issuers, cert, file);
        else
            X509_free(cert);
    ERR_pop_to_mark();
    BIO_free(bio);
    return ok || no_memory(err);
}

/* -- the server's own certificate */

/* OpenSSL's name for a type of keys, or its OID. */
static void name_key_type(X509 *cert, char *out, size_t size)
{
    X509_ALGOR *algorithm = NULL;
    const ASN1_OBJECT *oid = NULL;

    X509_PUBKEY_get0_param(NULL, NULL, NULL, &algorithm, X509_get_X509_PUBKEY(cert));
    X509_ALGOR_get0(&oid, NULL, NULL, algorithm);
    if (OBJ_obj2txt(out, (int)size, oid, 0) <= 0)
        snprintf(out, size, "unknown");
}

static bool is_ml_dsa(const char *oid)
{
    static const char arc[] = "2.16.840.1.101.3.4.3."; /* NIST; ML-DSA is 17, 18, 19 */
    size_t len = sizeof arc - 1;
    long number = strncmp(oid, arc, len) == 0 ? strtol(oid + len, NULL, 10) : 0;

    return number >= 17 && number <= 19;
}

static unsigned judge_unknown_key(X509 *cert, struct rp_chain_report *r)
{
    name_key_type(cert, r->key, sizeof r->key);
    if (is_ml_dsa(r->key))
        snprintf(r->key, sizeof r->key, "ML-DSA");
    return RP_CHAIN_UNKNOWN_KEY;
}

static unsigned judge_ec(EVP_PKEY *key, struct rp_chain_report *r)
{
    char group[64] = "of an unknown curve";
    size_t len;

    EVP_PKEY_get_group_name(key, group, sizeof group, &len);
    snprintf(r->key, sizeof r->key, "EC %s", group);
    return strcmp(group, "prime256v1") == 0 || strcmp(group, "secp384r1") == 0 ? 0
                                                                               : RP_CHAIN_RARE_KEY;
}

static unsigned judge_key(X509 *cert, struct rp_chain_report *r)
{
    EVP_PKEY *key = X509_get0_pubkey(cert);

    if (key == NULL)
        return judge_unknown_key(cert, r);
    if (EVP_PKEY_is_a(key, "EC"))
        return judge_ec(key, r);
    if (!EVP_PKEY_is_a(key, "RSA")) {
        name_key_type(cert, r->key, sizeof r->key);
        return RP_CHAIN_RARE_KEY;
    }
    snprintf(r->key, sizeof r->key, "RSA %d", EVP_PKEY_get_bits(key));
    return EVP_PKEY_get_bits(key) < RSA_BITS ? RP_CHAIN_SHORT_KEY : 0;
}

static unsigned judge_staple(X509 *cert)
{
    TLS_FEATURE *features = X509_get_ext_d2i(cert, NID_tlsfeature, NULL, NULL);
    bool must = false;

    for (int i = 0; i < sk_ASN1_INTEGER_num(features); i++)
        must = must || ASN1_INTEGER_get(sk_ASN1_INTEGER_value(features, i)) == STATUS_REQUEST;
    TLS_FEATURE_free(features);
    return must ? RP_CHAIN_MUST_STAPLE : 0;
}

static bool is_self_signed(X509 *cert)
{
    return (X509_get_extension_flags(cert) & EXFLAG_SS) != 0;
}

/* Check its usage; a certificate without extensions that limit it is valid for servers. */
static unsigned judge_usage(X509 *cert)
{
    uint32_t flags = X509_get_extension_flags(cert);
    unsigned faults = 0;

    if ((flags & EXFLAG_XKUSAGE) != 0 &&
        (X509_get_extended_key_usage(cert) & (XKU_SSL_SERVER | XKU_ANYEKU)) == 0)
        faults |= RP_CHAIN_NOT_SERVER;
    if ((flags & EXFLAG_CA) != 0 && !is_self_signed(cert))
        faults |= RP_CHAIN_OF_CA;
    if (X509_get_ext_by_NID(cert, NID_subject_alt_name, -1) < 0)
        faults |= RP_CHAIN_NO_ALT_NAME;
    return faults;
}

/* -- the chain */

struct path { /* from the server's certificate up; borrowed */
    X509 *at[CHAIN_MAX];
    int count;
};

static bool contains(const struct path *path, const X509 *cert)
{
    for (int i = 0; i < path->count; i++)
        if (path->at[i] == cert)
            return true;
    return false;
}

static X509 *issuer_of(const struct path *path, STACK_OF(X509) * sent)
{
    X509 *last = path->at[path->count - 1];

    for (int i = 0; i < sk_X509_num(sent); i++) {
        X509 *cert = sk_X509_value(sent, i);

        if (!contains(path, cert) && X509_check_issued(cert, last) == X509_V_OK)
            return cert;
    }
    return NULL;
}

static void find_path(struct path *path, STACK_OF(X509) * sent)
{
    X509 *next = sk_X509_value(sent, 0);

    while (next != NULL && path->count < CHAIN_MAX) {
        path->at[path->count++] = next;
        next = is_self_signed(next) ? NULL : issuer_of(path, sent);
    }
}

/* TLS 1.2 requires the order (RFC 5246 section 7.4.2), and older clients rely on it. */
static void judge_order(const struct path *path, STACK_OF(X509) * sent, struct rp_chain_report *r)
{
    int at = 0;

    r->extra = (unsigned)(sk_X509_num(sent) - path->count);
    if (r->extra > 0)
        r->faults |= RP_CHAIN_EXTRA;
    for (int i = 0; i < path->count; i++) {
        while (at < sk_X509_num(sent) && sk_X509_value(sent, at) != path->at[i])
            at++;
        if (at == sk_X509_num(sent)) {
            r->faults |= RP_CHAIN_MISORDERED;
            return;
        }
    }
}

static void read_dates(const struct path *path, struct rp_chain_report *r)
{
    r->not_after = UINT64_MAX;
    for (int i = 0; i < path->count; i++) {
        uint64_t from = rp_x509_seconds(X509_get0_notBefore(path->at[i]));
        uint64_t until = rp_x509_seconds(X509_get0_notAfter(path->at[i]));

        if (i > 0 && is_self_signed(path->at[i]))
            break; /* clients have this root themselves, or do not trust it */
        if (from > r->not_before) {
            r->not_before = from;
            r->early = (unsigned)i;
        }
        if (until < r->not_after) {
            r->not_after = until;
            r->late = (unsigned)i;
        }
    }
}

static void name_issuer(X509 *cert, char *out, size_t size)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;

    if (bio != NULL && X509_NAME_print_ex(bio, X509_get_issuer_name(cert), 0, XN_FLAG_RFC2253) >= 0)
        text = rp_x509_bio_text(bio);
    snprintf(out, size, "%s", text != NULL ? text : "");
    free(text);
    BIO_free(bio);
}

/* Whether the issuer of the last certificate is a known root, which clients may have, too. */
static bool ends_at_known_root(X509 *last, const struct rp_issuers *issuers,
                               struct rp_chain_report *r)
{
    for (size_t i = 0; i < issuers->count; i++)
        if (X509_check_issued(issuers->at[i].cert, last) == X509_V_OK) {
            if (is_self_signed(issuers->at[i].cert))
                return true;
            r->file = issuers->at[i].file;
        }
    return false;
}

static bool is_missing_issuer(int error)
{
    return error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
           error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT ||
           error == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE;
}

static void judge_result(int error, const struct path *path, const struct rp_issuers *issuers,
                         struct rp_chain_report *r)
{
    X509 *last = path->at[path->count - 1];

    if (error == X509_V_OK || error == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN ||
        error == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT)
        return;
    if (!is_missing_issuer(error)) {
        r->faults |= RP_CHAIN_INVALID;
        snprintf(r->invalid, sizeof r->invalid, "%s", X509_verify_cert_error_string(error));
    } else if (!ends_at_known_root(last, issuers, r)) {
        r->faults |= RP_CHAIN_INCOMPLETE;
        name_issuer(last, r->issuer, sizeof r->issuer);
    }
}

/* Ignore errors that other findings report, or that are harmless for a server's chain. */
static int go_on(int ok, X509_STORE_CTX *store)
{
    int error = X509_STORE_CTX_get_error(store);

    return ok || error == X509_V_ERR_INVALID_PURPOSE ||
           error == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN ||
           error == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT;
}

static bool judge_chain(const struct path *path, STACK_OF(X509) * sent,
                        const struct rp_issuers *issuers, struct rp_chain_report *r)
{
    X509_STORE_CTX *store = X509_STORE_CTX_new();
    bool ok = store != NULL && X509_STORE_CTX_init(store, issuers->roots, path->at[0], sent) == 1;

    if (ok) {
        X509_STORE_CTX_set_flags(store, X509_V_FLAG_NO_CHECK_TIME);
        X509_STORE_CTX_set_verify_cb(store, go_on);
        if (X509_verify_cert(store) == 1)
            X509_STORE_CTX_set_error(store, X509_V_OK);
        judge_result(X509_STORE_CTX_get_error(store), path, issuers, r);
    }
    X509_STORE_CTX_free(store);
    return ok;
}

/* All certificates of a text; NULL: no memory. Those after a malformed one are omitted: OpenSSL
 * does not send them either. */
static STACK_OF(X509) * read_sent(const char *bytes, size_t len)
{
    STACK_OF(X509) *sent = sk_X509_new_null();
    BIO *bio = open_text(bytes, len);
    X509 *cert;
    bool ok = sent != NULL && bio != NULL;

    while (ok && (cert = PEM_read_bio_X509_AUX(bio, NULL, no_passphrase, NULL)) != NULL) {
        ok = sk_X509_push(sent, cert) > 0;
        if (!ok)
            X509_free(cert);
    }
    BIO_free(bio);
    if (ok)
        return sent;
    sk_X509_pop_free(sent, X509_free);
    return NULL;
}

static bool judge(struct rp_chain_report *r, STACK_OF(X509) * sent,
                  const struct rp_issuers *issuers)
{
    struct path path = {.count = 0};
    X509 *own = sk_X509_value(sent, 0);

    find_path(&path, sent);
    r->count = (unsigned)sk_X509_num(sent);
    r->faults = judge_key(own, r) | judge_usage(own) | judge_staple(own);
    judge_order(&path, sent, r);
    read_dates(&path, r);
    return judge_chain(&path, sent, issuers, r);
}

bool rp_chain_judge(struct rp_chain_report *r, const char *bytes, size_t len,
                    const struct rp_issuers *issuers, struct rp_error *err)
{
    STACK_OF(X509) * sent;
    bool ok;

    *r = (struct rp_chain_report){0};
    ERR_set_mark();
    sent = read_sent(bytes, len);
    if (sent == NULL)
        ok = no_memory(err);
    else if (sk_X509_num(sent) == 0)
        ok = rp_error_set(err, "ERR_OSSL_PEM_NO_START_LINE", "no certificate");
    else
        ok = judge(r, sent, issuers) || no_memory(err);
    sk_X509_pop_free(sent, X509_free);
    ERR_pop_to_mark();
    return ok;
}
