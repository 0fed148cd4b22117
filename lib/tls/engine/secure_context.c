/* SPDX-License-Identifier: MIT
 *
 * secure_context.c - create, share and query a secure context. The danger is an incomplete context:
 * it is returned only if every option took effect. The steps are in lib/tls/context: options.c
 * (protocol settings), certs.c (certificates and trust) and policy.c (settings of connections). */
#include "lib/tls/context/internal.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "lib/base/args.h"
#include "lib/tls/context/ciphers.h"
#include "lib/tls/context/compat.h"
#include "lib/tls/engine/engine.h"
#include "lib/tls/context/ticket_crypt.h"
#include "lib/x509/openssl_errors.h"

enum {
    DEFAULT_SESSION_TIMEOUT = 300,
    NODE_SECURITY_LEVEL = 1,
    TICKETS_MAX = 16,
    /* Limit the rejected early data that is skipped, whatever the ticket allowed. Accepted early
     * data is limited by the ticket. */
    EARLY_DATA_SKIPPED = 128 * 1024,
};

static SSL_CTX *new_ssl_ctx(struct rp_error *err)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_method());

    if (ctx == NULL) {
        rp_error_openssl(err, "ENOMEM", "no memory for a secure context");
        return NULL;
    }
    /* OpenSSL's configuration file may have changed all of these. */
    SSL_CTX_set_security_level(ctx, NODE_SECURITY_LEVEL);
    SSL_CTX_set_min_proto_version(ctx, 0);
    SSL_CTX_set_max_proto_version(ctx, 0);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
    rp_context_install_judge(ctx);
    if (rp_engine_install(ctx))
        return ctx;
    SSL_CTX_free(ctx);
    rp_error_openssl(err, "ENOMEM", "no memory for a secure context");
    return NULL;
}

static bool set_limits(struct rp_secure_context *c, const struct rp_secure_context_options *o,
                       struct rp_error *err)
{
    if (o->session_timeout > INT32_MAX)
        return rp_error_set(err, "ERR_OUT_OF_RANGE",
                            "The value of \"options.sessionTimeout\" is out of range. It must be "
                            ">= 0 && <= 2147483647. Received %u",
                            o->session_timeout);
    if (o->tickets_per_connection > TICKETS_MAX)
        return rp_error_set(err, "ERR_OUT_OF_RANGE",
                            "the value of \"options.ticketsPerConnection\" is out of range: it "
                            "must be <= %d. Received %u",
                            TICKETS_MAX, o->tickets_per_connection);
    c->session_timeout = o->session_timeout != 0 ? o->session_timeout : DEFAULT_SESSION_TIMEOUT;
    c->tickets_per_connection = o->tickets_per_connection != 0 ? o->tickets_per_connection : 1;
    c->max_early_data = o->max_early_data;
    c->tickets = o->tickets != RP_OFF && (o->secure_options & SSL_OP_NO_TICKET) == 0;
    c->honor_cipher_order = o->honor_cipher_order;
    c->client_auth = o->client_auth;
    SSL_CTX_set_timeout(c->ssl, c->session_timeout);
    SSL_CTX_set_recv_max_early_data(c->ssl, EARLY_DATA_SKIPPED);
    return true;
}

static void set_ssl_options(struct rp_secure_context *c, const struct rp_secure_context_options *o)
{
    SSL_CTX_set_options(c->ssl,
                        RP_SSL_OP_ALWAYS | o->secure_options | (c->tickets ? 0 : SSL_OP_NO_TICKET) |
                            (o->no_renegotiation ? SSL_OP_NO_RENEGOTIATION : 0) |
                            (o->honor_cipher_order == RP_ON ? SSL_OP_CIPHER_SERVER_PREFERENCE : 0));
    if (o->honor_cipher_order == RP_OFF)
        SSL_CTX_clear_options(c->ssl, SSL_OP_CIPHER_SERVER_PREFERENCE);
    c->options = SSL_CTX_get_options(c->ssl);
    SSL_CTX_set_min_proto_version(c->ssl, c->versions.min);
    SSL_CTX_set_max_proto_version(c->ssl, c->versions.max);
}

static bool set_ticket_keys(struct rp_secure_context *c, const struct rp_secure_context_options *o,
                            struct rp_error *err)
{
    c->keys = o->ticket_keys != NULL ? rp_ticket_keys_ref(o->ticket_keys)
                                     : rp_ticket_keys_new_default(err);
    return c->keys != NULL;
}

static bool are_valid(const struct rp_secure_context_options *o, struct rp_error *err)
{
    if (o->empty_ca && o->ca_count > 0)
        return rp_error_set(err, "ERR_INVALID_ARG_VALUE",
                            "The property 'options.ca' is invalid: options.empty_ca is set, too");
    return rp_given_choice(o->honor_cipher_order, RP_OFF, "honor_cipher_order", err) &&
           rp_given_choice(o->tickets, RP_OFF, "tickets", err) &&
           rp_given_choice(o->client_auth, RP_CLIENT_AUTH_REQUIRE, "client_auth", err) &&
           rp_given_list(o->cert, o->cert_count, "cert", err) &&
           rp_given_list(o->key, o->key_count, "key", err) &&
           rp_given_list(o->pfx, o->pfx_count, "pfx", err) &&
           rp_given_list(o->ca, o->ca_count, "ca", err) &&
           rp_given_list(o->crl, o->crl_count, "crl", err) &&
           rp_given_list(o->extra_ca, o->extra_ca_count, "extra_ca", err) &&
           rp_given_list(o->session_id_context, o->session_id_context_len, "session_id_context",
                         err);
}

/* All steps, in the order in which node finds errors. */
static bool build(struct rp_secure_context *c, const struct rp_secure_context_options *o,
                  struct rp_error *err)
{
    return are_valid(o, err) &&
           rp_versions_choose(&c->versions, o->min_version, o->max_version, o->secure_protocol,
                              err) &&
           (c->ssl = new_ssl_ctx(err)) != NULL &&
           (rp_engine_make_bio(c) || rp_error_openssl(err, "ENOMEM", "no memory for a BIO")) &&
           (rp_ciphers_apply(c->ssl, o->ciphers, &c->versions, err) ||
            rp_context_blame(err, "ciphers", o->ciphers)) &&
           rp_context_set_trust(c, o, err) && rp_context_set_identity(c, o, err) &&
           rp_context_set_engine_key(c, o, err) && rp_context_set_crypto(c, o, err) &&
           rp_context_set_crls(c, o, err) && rp_context_set_pfx(c, o, err) &&
           rp_context_set_client_engine(c, o, err) && set_ticket_keys(c, o, err) &&
           set_limits(c, o, err) && rp_context_set_names(c, err) &&
           rp_context_set_sid_context(c, o, err);
}

struct rp_secure_context *rp_secure_context_new(const struct rp_secure_context_options *options,
                                                struct rp_error *err)
{
    rp_error_clear(err);
    static const struct rp_secure_context_options defaults = {0};
    struct rp_secure_context *c = calloc(1, sizeof *c);

    if (c == NULL) {
        rp_error_set(err, "ENOMEM", "no memory for a secure context");
        return NULL;
    }
    if (options == NULL)
        options = &defaults;
    c->refs = 1;
    ERR_clear_error();
    if (!build(c, options, err)) {
        ERR_clear_error();
        rp_secure_context_unref(c);
        return NULL;
    }
    rp_context_complete_chains(c);
    set_ssl_options(c, options);
    ERR_clear_error();
    return c;
}

struct rp_secure_context *rp_secure_context_ref(struct rp_secure_context *c)
{
    if (c == NULL)
        return NULL;
    c->refs++;
    return c;
}

void rp_secure_context_unref(struct rp_secure_context *c)
{
    if (c == NULL || --c->refs > 0)
        return;
    BIO_free(c->bio);
    BIO_meth_free(c->bio_method);
    SSL_CTX_free(c->ssl);
    rp_ticket_keys_unref(c->keys);
    free(c->groups);
    for (size_t i = 0; i < c->name_count; i++)
        free(c->names[i]);
    free(c->names);
    free(c);
}

struct rp_ticket_keys *rp_secure_context_ticket_keys(const struct rp_secure_context *c)
{
    return c != NULL ? c->keys : NULL;
}

uint32_t rp_secure_context_session_timeout(const struct rp_secure_context *c)
{
    return c != NULL ? c->session_timeout : 0;
}

const char *rp_secure_context_name(const struct rp_secure_context *c, size_t index)
{
    if (c == NULL)
        return NULL;
    return index < c->name_count ? c->names[index] : NULL;
}
