/* SPDX-License-Identifier: MIT
 *
 * engine_callbacks.c - OpenSSL's callbacks in a handshake: name, protocol, certificate, staple,
 * tickets and early data; see engine.h for the danger. */
#include "lib/tls/engine/engine.h"

#include <stdlib.h>
#include <string.h>

#include "lib/tls/context/compat.h"
#include "lib/tls/engine/client_hello.h"
#include "lib/tls/engine/session.h"

/* A second ClientHello, after a HelloRetryRequest, must have the same name, since the context was
 * selected by it. */
static bool same_name(const struct rp_engine *e, SSL *ssl)
{
    struct rp_cursor name = rp_client_hello_servername(ssl);
    size_t len = rp_cursor_left(&name);

    if (e->servername == NULL)
        return len == 0;
    return strlen(e->servername) == len && memcmp(e->servername, name.at, len) == 0;
}

static int on_client_hello(SSL *ssl, int *alert, void *arg)
{
    struct rp_engine *e = rp_engine_of(ssl);

    (void)arg;
    switch (e->hello) {
    case RP_HELLO_UNSEEN:
        e->hello = RP_HELLO_DECIDING;
        return SSL_CLIENT_HELLO_RETRY;
    case RP_HELLO_DECIDING:
        return SSL_CLIENT_HELLO_RETRY;
    case RP_HELLO_UNRECOGNIZED_NAME:
        *alert = SSL_AD_UNRECOGNIZED_NAME;
        return SSL_CLIENT_HELLO_ERROR;
    default:
        *alert = SSL_AD_ILLEGAL_PARAMETER;
        return same_name(e, ssl) ? SSL_CLIENT_HELLO_SUCCESS : SSL_CLIENT_HELLO_ERROR;
    }
}

/* Acknowledge the name, so that OpenSSL stores it in the session (RFC 6066). */
static int on_servername(SSL *ssl, int *alert, void *arg)
{
    (void)alert, (void)arg;
    return rp_engine_of(ssl)->servername != NULL ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

/* Find one of our protocols among the client's. */
static bool offered_protocol(const char *name, struct rp_cursor offers, struct rp_cursor *found)
{
    size_t len = strlen(name);

    while (rp_hello_next_protocol(&offers, found))
        if (rp_cursor_left(found) == len && memcmp(found->at, name, len) == 0)
            return true;
    return false;
}

static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                   const unsigned char *in, unsigned int in_len, void *arg)
{
    struct rp_engine *e = rp_engine_of(ssl);
    struct rp_cursor offers = rp_cursor_of(in, in_len), name;
    const char *chosen[] = {NULL, NULL};
    const char *const *list = chosen;

    (void)arg;
    if (e->alpn_mode == RP_ALPN_NONE)
        return SSL_TLSEXT_ERR_NOACK;
    if (e->alpn_mode == RP_ALPN_ASK) /* once: a second ClientHello does not change it */
        e->ops->choose_protocol(e, offers);
    if (e->alpn_mode == RP_ALPN_LIST)
        list = e->alpn_list;
    else
        chosen[0] = e->alpn;
    for (; !e->closing && *list != NULL; list++)
        if (offered_protocol(*list, offers, &name)) {
            e->alpn = *list;
            *out = name.at;
            *out_len = (unsigned char)rp_cursor_left(&name);
            return SSL_TLSEXT_ERR_OK;
        }
    e->alpn = NULL;
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* The number of tickets for a client that has sent ticket_request (RFC 9149). */
static int on_ticket_request(SSL *ssl, unsigned type, unsigned context, const unsigned char **out,
                             size_t *out_len, X509 *cert, size_t index, int *alert, void *arg)
{
    struct rp_engine *e = rp_engine_of(ssl);

    (void)type, (void)context, (void)cert, (void)index, (void)alert, (void)arg;
    if (!e->server)
        return 0;
    /* OpenSSL sends one on resumption; the others follow the handshake. */
    if (SSL_session_reused(ssl))
        SSL_set_num_tickets(ssl, e->resumed_tickets > 0);
    *out = SSL_session_reused(ssl) ? &e->resumed_tickets : &e->new_tickets;
    *out_len = 1;
    return 1;
}

/* Called when OpenSSL is about to select a certificate, in a full handshake, after the extensions
 * were parsed. */
static int on_certificate(SSL *ssl, void *arg)
{
    struct rp_staple *staple = rp_engine_of(ssl)->staple;

    (void)arg;
    return staple == NULL || staple->state == RP_STAPLE_ANSWERED ||
                   SSL_get_tlsext_status_type(ssl) != TLSEXT_STATUSTYPE_ocsp
               ? 1
               : -1;
}

bool rp_engine_want_staple(struct rp_engine *e)
{
    e->staple = calloc(1, sizeof *e->staple);
    if (e->staple == NULL)
        return false;
    SSL_set_cert_cb(e->ssl, on_certificate, NULL);
    return true;
}

/* The certificate is selected: use the staple for that one. */
static int on_status(SSL *ssl, void *arg)
{
    struct rp_engine *e = rp_engine_of(ssl);
    const struct rp_staple *staple = e->staple;
    const X509 *cert = SSL_get_certificate(ssl);
    uint8_t *copy;
    size_t i = 0;

    (void)arg;
    if (!e->server)
        return 1;
    while (staple != NULL && i < staple->count && staple->answers[i].cert != cert)
        i++;
    if (staple == NULL || i == staple->count || staple->answers[i].bytes == NULL)
        return SSL_TLSEXT_ERR_NOACK;
    copy = OPENSSL_memdup(staple->answers[i].bytes, staple->answers[i].len);
    if (copy == NULL ||
        SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)staple->answers[i].len) != 1) {
        OPENSSL_free(copy);
        return SSL_TLSEXT_ERR_NOACK;
    }
    return SSL_TLSEXT_ERR_OK;
}

/* A close_notify or a warning is not a failure. */
void rp_engine_note_alert(struct rp_engine *e, int where, int value)
{
    uint16_t *alert = (where & SSL_CB_READ) != 0 ? &e->alert_received : &e->alert_sent;

    if ((where & SSL_CB_ALERT) != 0 && value >> 8 == SSL3_AL_FATAL)
        *alert = (uint16_t)((value & 0xff) + 1);
}

static void on_info(const SSL *ssl, int where, int value)
{
    rp_engine_note_alert(rp_engine_of(ssl), where, value);
}

/* Continue after errors, so that the whole chain is verified; rp_context_install_judge's callback
 * decides. */
static int on_verify(int ok, X509_STORE_CTX *store)
{
    const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());

    if (!ok)
        rp_verify_note(&rp_engine_of(ssl)->not_verified, store);
    return 1;
}

static int on_early_data(SSL *ssl, void *arg)
{
    (void)arg;
    return rp_engine_of(ssl)->early == RP_EARLY_ACCEPTED;
}

void rp_engine_expect_early(struct rp_engine *e)
{
    rp_engine_early_to(e, RP_EARLY_EXPECTED);
    SSL_set_allow_early_data_cb(e->ssl, on_early_data, NULL);
}

bool rp_engine_install(SSL_CTX *ctx)
{
    SSL_CTX_set_info_callback(ctx, on_info);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, on_verify);
    SSL_CTX_set_client_hello_cb(ctx, on_client_hello, NULL);
    SSL_CTX_set_tlsext_servername_callback(ctx, on_servername);
    SSL_CTX_set_alpn_select_cb(ctx, on_alpn, NULL);
    SSL_CTX_set_tlsext_status_cb(ctx, on_status);
    rp_session_install(ctx);
    return SSL_CTX_add_custom_ext(ctx, RP_EXT_TICKET_REQUEST,
                                  SSL_EXT_CLIENT_HELLO | SSL_EXT_TLS1_3_ENCRYPTED_EXTENSIONS,
                                  on_ticket_request, NULL, NULL, NULL, NULL) == 1;
}
