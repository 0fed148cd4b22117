/* SPDX-License-Identifier: MIT
 *
 * socket_info.c - what was negotiated on a connection. All functions may be called at any time:
 * before the handshake and after the end they return "none" (D11, D12). */
#include <stdlib.h>
#include <string.h>

#include "lib/tls/client_internal.h"
#include "lib/tls/context/alerts.h"
#include "lib/tls/server_internal.h"
#include "lib/tls/engine/session.h"
#include "lib/tls/socket_internal.h"
#include "lib/x509/verify_errors.h"

bool rp_socket_is_server(const struct rp_socket *s)
{
    return s != NULL && s->client == NULL;
}

struct rp_server *rp_socket_server(const struct rp_socket *s)
{
    if (s == NULL)
        return NULL;
    return s->server != NULL && !s->server->hidden ? s->server : NULL;
}

void rp_socket_set_data(struct rp_socket *s, void *data)
{
    if (s != NULL)
        s->data = data;
}

void *rp_socket_data(const struct rp_socket *s)
{
    return s != NULL ? s->data : NULL;
}

bool rp_socket_secure_connecting(const struct rp_socket *s)
{
    return s != NULL && rp_socket_state_is_handshaking(s->state);
}

bool rp_socket_authorized(const struct rp_socket *s)
{
    return s != NULL && s->authorized;
}

const char *rp_socket_authorization_error(const struct rp_socket *s)
{
    return s != NULL ? s->authorization_error : NULL;
}

const char *rp_socket_verify_error(const struct rp_socket *s)
{
    if (s == NULL)
        return NULL;
    SSL *ssl = rp_engine_established(&s->engine);
    long result = ssl != NULL ? SSL_get_verify_result(ssl) : X509_V_OK;

    return result != X509_V_OK ? rp_verify_error_code(result) : NULL;
}

bool rp_socket_verify_failure(const struct rp_socket *s, struct rp_verify_failure *failure)
{
    const struct rp_verify_note *note = s != NULL ? s->engine.not_verified : NULL;

    if (note == NULL || failure == NULL || s->authorized)
        return false;
    failure->code = rp_verify_error_code(note->result);
    failure->text = rp_verify_error_text(note->result);
    failure->subject = note->subject;
    failure->depth = note->depth;
    return true;
}

bool rp_socket_received(const struct rp_socket *s)
{
    return s != NULL && (s->received || s->engine.established);
}

static const char *alert_name(uint16_t alert)
{
    return alert != 0 ? rp_alert_name(alert - 1) : NULL;
}

const char *rp_socket_alert_sent(const struct rp_socket *s)
{
    return s != NULL ? alert_name(s->engine.alert_sent) : NULL;
}

const char *rp_socket_alert_received(const struct rp_socket *s)
{
    return s != NULL ? alert_name(s->engine.alert_received) : NULL;
}

const char *rp_socket_alpn_protocol(const struct rp_socket *s)
{
    if (s == NULL)
        return NULL;
    return s->engine.established ? s->engine.alpn : NULL;
}

const char *rp_socket_servername(const struct rp_socket *s)
{
    if (s == NULL)
        return NULL;
    if (s->client == NULL)
        return s->engine.servername;
    return s->engine.established ? rp_client_servername(s->client) : NULL;
}

const char *rp_socket_protocol(const struct rp_socket *s)
{
    if (s == NULL)
        return NULL;
    return s->engine.ssl != NULL && !s->engine.closing ? SSL_get_version(s->engine.ssl) : NULL;
}

bool rp_socket_cipher(const struct rp_socket *s, struct rp_cipher_info *info)
{
    if (s == NULL || info == NULL)
        return false;
    const SSL *ssl = rp_engine_established(&s->engine);
    const SSL_CIPHER *cipher = ssl != NULL ? SSL_get_current_cipher(ssl) : NULL;

    if (cipher == NULL)
        return false;
    info->name = SSL_CIPHER_get_name(cipher);
    info->standard_name = SSL_CIPHER_standard_name(cipher);
    info->version = SSL_CIPHER_get_version(cipher);
    return true;
}

bool rp_socket_truncated(const struct rp_socket *s)
{
    return s != NULL && s->engine.established && s->stream.end_emitted && !s->got_close;
}

bool rp_socket_session_reused(const struct rp_socket *s)
{
    if (s == NULL)
        return false;
    const SSL *ssl = rp_engine_established(&s->engine);

    return ssl != NULL && SSL_session_reused(ssl);
}

enum rp_early_data rp_socket_early_data(const struct rp_socket *s)
{
    if (s == NULL)
        return RP_EARLY_DATA_NONE;
    const SSL *ssl = rp_engine_established(&s->engine);

    switch (ssl != NULL ? SSL_get_early_data_status(ssl) : SSL_EARLY_DATA_NOT_SENT) {
    case SSL_EARLY_DATA_ACCEPTED:
        return RP_EARLY_DATA_ACCEPTED;
    case SSL_EARLY_DATA_REJECTED:
        return RP_EARLY_DATA_REJECTED;
    default:
        return RP_EARLY_DATA_NONE;
    }
}

bool rp_socket_handshake_confirmed(const struct rp_socket *s)
{
    return s != NULL && s->engine.established && !rp_engine_is_early(&s->engine);
}

enum rp_resumption rp_socket_resumption(const struct rp_socket *s)
{
    if (s == NULL)
        return RP_NOT_RESUMED;
    if (!rp_socket_session_reused(s))
        return RP_NOT_RESUMED;
    if (s->client == NULL)
        return (enum rp_resumption)s->engine.resumption;
    return SSL_SESSION_has_ticket(SSL_get0_session(s->engine.ssl)) ? RP_RESUMED_TICKET
                                                                   : RP_RESUMED_ID;
}

bool rp_socket_resumed_id(const struct rp_socket *s, const uint8_t **id, size_t *len)
{
    if (s == NULL || id == NULL || len == NULL)
        return false;
    enum rp_resumption how = rp_socket_resumption(s);
    unsigned length = 0;

    if (s->engine.offered == NULL || (how != RP_RESUMED_ID && how != RP_RESUMED_STATEFUL_TICKET))
        return false;
    *id = SSL_SESSION_get_id(s->engine.offered, &length);
    *len = length;
    return true;
}

size_t rp_socket_session_id_context(const struct rp_socket *s, uint8_t context[32])
{
    if (s == NULL || context == NULL)
        return 0;
    const struct rp_secure_context *c = s->context;
    enum rp_client_auth auth;

    if (s->client != NULL)
        return 0;
    auth = rp_context_client_auth(c, rp_server_client_auth(s->server));
    memcpy(context, c->sid_context[auth], c->sid_context_len);
    return c->sid_context_len;
}

struct rp_secure_context *rp_socket_context(const struct rp_socket *s)
{
    return s != NULL ? s->context : NULL;
}

static size_t copy_out(uint8_t *to, size_t capacity, const uint8_t *from, size_t len)
{
    if (to != NULL && len <= capacity && len > 0)
        memcpy(to, from, len);
    return len;
}

size_t rp_socket_session(const struct rp_socket *s, uint8_t *bytes, size_t capacity)
{
    if (s == NULL)
        return 0;
    SSL *ssl = rp_engine_established(&s->engine);
    SSL_SESSION *session = ssl != NULL ? SSL_get0_session(ssl) : NULL;
    int len;

    if (session == NULL)
        return 0;
    if (s->client != NULL)
        rp_client_bind(s, session);
    len = i2d_SSL_SESSION(session, NULL);
    if (len <= 0)
        return 0;
    if (bytes != NULL && (size_t)len <= capacity)
        i2d_SSL_SESSION(session, &bytes);
    return (size_t)len;
}

size_t rp_socket_ticket(const struct rp_socket *s, uint8_t *bytes, size_t capacity)
{
    if (s == NULL)
        return 0;
    SSL *ssl = rp_engine_established(&s->engine);
    const uint8_t *ticket = NULL;
    size_t len = 0;

    if (ssl == NULL || s->client == NULL)
        return 0;
    SSL_SESSION_get0_ticket(SSL_get0_session(ssl), &ticket, &len);
    return copy_out(bytes, capacity, ticket, len);
}

/* Encoded once, stored as long as the socket. */
static size_t encode(X509 *cert, uint8_t **der, size_t *len, const uint8_t **out)
{
    if (*der == NULL && cert != NULL) {
        int need = i2d_X509(cert, NULL);
        uint8_t *at = *der = need > 0 ? malloc((size_t)need) : NULL;

        if (at != NULL)
            *len = (size_t)i2d_X509(cert, &at);
    }
    *out = *der;
    return *der != NULL ? *len : 0;
}

X509 *rp_socket_peer_certificate(const struct rp_socket *s)
{
    SSL *ssl = rp_engine_established(&s->engine);

    return ssl != NULL && (s->client == NULL || !SSL_session_reused(ssl))
               ? SSL_get0_peer_certificate(ssl)
               : NULL;
}

size_t rp_socket_peer_certificate_der(struct rp_socket *s, const uint8_t **der)
{
    return s != NULL && der != NULL
               ? encode(rp_socket_peer_certificate(s), &s->peer_der, &s->peer_der_len, der)
               : 0;
}

size_t rp_socket_certificate_der(struct rp_socket *s, const uint8_t **der)
{
    if (s == NULL || der == NULL)
        return 0;
    SSL *ssl = rp_engine_established(&s->engine);

    return encode(ssl != NULL ? SSL_get_certificate(ssl) : NULL, &s->own_der, &s->own_der_len, der);
}
