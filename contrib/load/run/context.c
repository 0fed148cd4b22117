/* SPDX-License-Identifier: MIT
 *
 * context.c - the secure context of the clients: the suites and groups that browsers offer, and no
 * more, since each costs this program and the server time. */
#include "contrib/load/run/run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MOST = 1024 * 1024 };

static const char browsers[] =
    "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:"
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
    "ECDHE-RSA-AES128-SHA:ECDHE-RSA-AES256-SHA:AES128-GCM-SHA256:AES256-GCM-SHA384";
/* In TLS 1.3 external keys use SHA-256. Cheap groups come first: some of the others are finite
 * fields. */
static const char psk_ciphers[] =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:ECDHE-PSK-CHACHA20-POLY1305:"
    "ECDHE-PSK-AES128-CBC-SHA256:PSK-AES128-GCM-SHA256:PSK-AES256-GCM-SHA384:PSK";
static const char default_sigalgs[] = "ECDSA+SHA256:RSA-PSS+SHA256:RSA+SHA256:ECDSA+SHA384:"
                                      "RSA-PSS+SHA384:RSA+SHA384:RSA-PSS+SHA512:RSA+SHA512:ed25519";

static void wipe(char *text)
{
    if (text != NULL)
        explicit_bzero(text, FILE_MOST);
    free(text);
}

/* Read a file, "" without a path. It must contain a PEM block with this label. */
static char *read_file(const char *path, const char *kind, const char *label, struct rp_error *err)
{
    FILE *file = path != NULL ? fopen(path, "re") : NULL;
    char *text = calloc(1, FILE_MOST + 1);
    size_t len = 0;
    int error = errno;

    if (file != NULL) {
        setvbuf(file, NULL, _IONBF, 0); /* unbuffered: no copy of a key remains in memory */
        len = text != NULL ? fread(text, 1, FILE_MOST, file) : 0;
        error = ferror(file) != 0 ? errno : 0;
        fclose(file);
    }
    if (path == NULL || text == NULL)
        return text;
    if (file == NULL || error != 0)
        rp_error_set(err, rp_errno_name(error), "%.200s: cannot be read: %s", path,
                     strerror(error));
    else if (len == 0)
        rp_error_set(err, "EINVAL", "%.200s: file is empty", path);
    else if (len == FILE_MOST)
        rp_error_set(err, "EFBIG", "%.200s: file is larger than 1 MB", path);
    else if (strstr(text, label) == NULL)
        rp_error_set(err, "EINVAL", "%.200s: contains no %s in PEM format", path, kind);
    else
        return text;
    wipe(text);
    return NULL;
}

static const char *ciphers_of(const struct load_options *o)
{
    if (o->ciphers != NULL)
        return o->ciphers;
    return o->psk_len > 0 ? psk_ciphers : browsers;
}

/* If key and certificate have different types, OpenSSL stores both but sends neither. */
static bool has_whole_identity(const struct rp_secure_context *context, struct rp_error *err)
{
    return rp_secure_context_key_type(context, 0) != NULL ||
           rp_error_set(err, "EINVAL", "--cert, --key: the key does not match the certificate");
}

/* OpenSSL's error does not name the option. */
static void name_option(const struct load_options *o, struct rp_error *err)
{
    struct rp_error why = *err;

    if (strcmp(why.code, "ERR_SSL_NO_CIPHER_MATCH") == 0)
        rp_error_set(err, why.code, "--ciphers %.200s: OpenSSL supports none of these suites",
                     o->ciphers);
    else if (o->groups != NULL && strstr(why.message, "ECDH") != NULL)
        rp_error_set(err, why.code, "--groups %.200s: OpenSSL does not support these groups",
                     o->groups);
    else if (o->sigalgs != NULL && strstr(why.message, "sigalg") != NULL)
        rp_error_set(err, why.code, "--sigalgs %.200s: OpenSSL does not support these algorithms",
                     o->sigalgs);
    else if (o->cert != NULL)
        rp_error_set(err, why.code, "--cert, --key: %.200s", why.message);
    else if (o->ca != NULL)
        rp_error_set(err, why.code, "--ca: %.200s", why.message);
}

struct rp_secure_context *load_context_new(const struct load_options *o, const char *version,
                                           struct rp_error *err)
{
    char *ca = read_file(o->ca, "certificate", "CERTIFICATE-----", err);
    char *cert = ca != NULL ? read_file(o->cert, "certificate", "CERTIFICATE-----", err) : NULL;
    char *key = cert != NULL ? read_file(o->key, "private key", "PRIVATE KEY-----", err) : NULL;
    struct rp_pem ca_pem = {.bytes = ca}, cert_pem = {.bytes = cert}, key_pem = {.bytes = key};
    struct rp_secure_context_options options = {
        .ca = o->ca != NULL ? &ca_pem : NULL,
        .ca_count = o->ca != NULL,
        .empty_ca = o->ca == NULL,
        .cert = o->cert != NULL ? &cert_pem : NULL,
        .cert_count = o->cert != NULL,
        .key = o->key != NULL ? &key_pem : NULL,
        .key_count = o->key != NULL,
        .ciphers = ciphers_of(o),
        .sigalgs = o->sigalgs != NULL ? o->sigalgs : default_sigalgs,
        .ecdh_curve = o->groups != NULL ? o->groups : "X25519:P-256",
        .min_version = version,
        .max_version = version,
        .tickets = o->mechanism == KIND_ID ? RP_OFF : RP_DEFAULT};
    struct rp_secure_context *context = key != NULL ? rp_secure_context_new(&options, err) : NULL;

    if (key != NULL && context == NULL)
        name_option(o, err);
    if (context != NULL && o->cert != NULL && !has_whole_identity(context, err)) {
        rp_secure_context_unref(context);
        context = NULL;
    }
    wipe(key);
    free(cert);
    free(ca);
    return context;
}
