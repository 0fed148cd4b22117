/* SPDX-License-Identifier: MIT
 *
 * load_context.c - the secure context of the clients: what browsers offer, and no more, since each
 * suite and group that is offered costs the tester and the server time. */
#include "load_run.h"

#include <stdlib.h>
#include <string.h>

enum { FILE_MOST = 256 * 1024 };

static const char browsers[] =
    "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:"
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
    "ECDHE-RSA-AES128-SHA:ECDHE-RSA-AES256-SHA:AES128-GCM-SHA256:AES256-GCM-SHA384";
/* External keys are bound to SHA-256 in TLS 1.3. */
static const char psk_ciphers[] = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:PSK";
static const char sigalgs[] = "ECDSA+SHA256:RSA-PSS+SHA256:RSA+SHA256:ECDSA+SHA384:"
                              "RSA-PSS+SHA384:RSA+SHA384:RSA-PSS+SHA512:RSA+SHA512:ed25519";

/* "" without a path. */
static char *read_file(const char *path, struct rp_error *err)
{
    FILE *file = path != NULL ? fopen(path, "re") : NULL;
    char *text = calloc(1, FILE_MOST + 1);

    if (path != NULL && (file == NULL || text == NULL || fread(text, 1, FILE_MOST, file) == 0)) {
        rp_error_set(err, "ENOENT", "%s: it can't be read", path);
        free(text);
        text = NULL;
    }
    if (file != NULL)
        fclose(file);
    return text;
}

static const char *ciphers_of(const struct load_options *o)
{
    if (o->ciphers != NULL)
        return o->ciphers;
    return o->psk_len > 0 ? psk_ciphers : browsers;
}

struct rp_secure_context *load_context_new(const struct load_options *o, const char *version,
                                           struct rp_error *err)
{
    char *ca = read_file(o->ca, err);
    char *cert = ca != NULL ? read_file(o->cert, err) : NULL;
    char *key = cert != NULL ? read_file(o->key, err) : NULL;
    struct rp_pem ca_pem = {.bytes = ca}, cert_pem = {.bytes = cert}, key_pem = {.bytes = key};
    struct rp_secure_context_options options = {
        .ca = &ca_pem,
        .ca_count = o->ca != NULL,
        .empty_ca = o->ca == NULL,
        .cert = &cert_pem,
        .cert_count = o->cert != NULL,
        .key = &key_pem,
        .key_count = o->key != NULL,
        .ciphers = ciphers_of(o),
        .sigalgs = sigalgs,
        .ecdh_curve = o->groups != NULL ? o->groups : "X25519:P-256",
        .min_version = version,
        .max_version = version,
        .tickets = o->mechanism == KIND_ID ? RP_OFF : RP_DEFAULT};
    struct rp_secure_context *context = key != NULL ? rp_secure_context_new(&options, err) : NULL;

    if (key != NULL)
        explicit_bzero(key, FILE_MOST);
    free(key);
    free(cert);
    free(ca);
    return context;
}
