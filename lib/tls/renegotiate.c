/* SPDX-License-Identifier: MIT
 *
 * renegotiate.c - renegotiation of a TLS 1.2 connection (D24 to D26). OpenSSL runs the handshake
 * while it reads; this file limits it and acts on its result. The dangers: a client that only
 * renegotiates, which costs the server more than the client; and a server whose second certificate
 * is another one: data after it is delivered only when that was verified. Writes are queued until
 * the renegotiation is complete. */
#include <stdlib.h>

#include "lib/base/args.h"
#include "lib/tls/socket_internal.h"
#include "lib/x509/openssl_errors.h"
#include <reprise/tls.h>

struct rp_renegotiation {
    rp_renegotiated *done; /* of a renegotiation that this side started; NULL: the peer did */
    void *arg;
    uint64_t last; /* time of the start of the last handshake */
    unsigned count;
    bool complete; /* complete, but the result is not checked yet */
};

/* -- inside OpenSSL */

/* D26: the window is the time since the previous handshake, not a fixed interval. */
static bool is_attack(struct rp_socket *s)
{
    const struct rp_tls_defaults *limits = rp_tls_defaults();
    struct rp_renegotiation *r = s->renegotiation;
    uint64_t now = rp_loop_now(s->stream.loop);
    bool long_ago = now - r->last >= limits->client_reneg_window * UINT64_C(1000);

    r->count = long_ago ? 1 : r->count + 1;
    r->last = now;
    return r->count > limits->client_reneg_limit;
}

/* The client starts a renegotiation. */
static void on_client_begins(struct rp_socket *s)
{
    struct rp_error error;

    if (s->renegotiation_disabled)
        rp_error_set(&error, "ERR_TLS_RENEGOTIATION_DISABLED",
                     "TLS session renegotiation disabled for this socket");
    else if (is_attack(s))
        rp_error_set(&error, "ERR_TLS_SESSION_ATTACK", "TLS session renegotiation attack detected");
    else
        return;
    rp_socket_fail(s, &error);
}

static void on_info(const SSL *ssl, int where, int value)
{
    struct rp_socket *s = rp_socket_of_engine(rp_engine_of(ssl));

    rp_engine_note_alert(&s->engine, where, value);
    if (s->stream.destroyed)
        return;
    if ((where & SSL_CB_HANDSHAKE_START) != 0 && s->client == NULL &&
        SSL_renegotiate_pending(ssl) == 0)
        on_client_begins(s);
    else if ((where & SSL_CB_HANDSHAKE_DONE) != 0 && SSL_renegotiate_pending(ssl) == 0)
        s->renegotiation->complete = true;
}

/* -- before and after */

void rp_renegotiation_watch(struct rp_socket *s)
{
    SSL *ssl = s->engine.ssl;

    if (SSL_version(ssl) > TLS1_2_VERSION || (SSL_get_options(ssl) & SSL_OP_NO_RENEGOTIATION) != 0)
        return;
    s->renegotiation = calloc(1, sizeof *s->renegotiation);
    if (s->renegotiation == NULL) { /* no memory to count them, so refuse */
        SSL_set_options(ssl, SSL_OP_NO_RENEGOTIATION);
        return;
    }
    s->renegotiation->last = rp_loop_now(s->stream.loop);
    SSL_set_info_callback(ssl, on_info);
}

static void tell(struct rp_socket *s, const struct rp_error *error)
{
    rp_renegotiated *done = s->renegotiation->done;

    s->renegotiation->done = NULL;
    if (done != NULL)
        done(s, error, s->renegotiation->arg);
}

static bool settle(struct rp_socket *s)
{
    struct rp_error error = {0};

    s->renegotiation->complete = false;
    rp_stream_ref(&s->stream);
    if (!(s->client != NULL ? rp_client_judge(s, &error) : rp_handshake_judge(s, &error)))
        rp_socket_fail(s, &error);
    else
        tell(s, NULL);
    if (!s->stream.destroyed)
        rp_socket_write_waiting(s);
    rp_stream_unref(&s->stream);
    return !s->stream.destroyed;
}

bool rp_renegotiation_settle(struct rp_socket *s)
{
    return s->renegotiation == NULL || !s->renegotiation->complete || settle(s);
}

void rp_renegotiation_drop(struct rp_socket *s)
{
    struct rp_error error;

    if (s->renegotiation == NULL)
        return;
    rp_error_set(&error, "ERR_SOCKET_CLOSED",
                 "the socket was closed before the renegotiation completed");
    tell(s, &error);
}

/* -- called by the program */

void rp_socket_disable_renegotiation(struct rp_socket *s)
{
    if (s != NULL)
        s->renegotiation_disabled = true;
}

static enum rp_client_auth auth_of(const struct rp_socket *s,
                                   const struct rp_renegotiate_options *o)
{
    enum rp_client_auth auth = s->engine.auth;
    bool asks = auth == RP_CLIENT_AUTH_REQUEST || auth == RP_CLIENT_AUTH_REQUIRE;
    bool rejects = auth == RP_CLIENT_AUTH_REQUIRE || !asks; /* node's default is to reject */

    if (o == NULL)
        return auth;
    asks = o->request_cert == RP_DEFAULT ? asks : o->request_cert == RP_ON;
    rejects = o->reject_unauthorized == RP_DEFAULT ? rejects : o->reject_unauthorized == RP_ON;
    if (s->client != NULL)
        asks = true;
    if (!asks)
        return RP_CLIENT_AUTH_NONE;
    if (rejects)
        return RP_CLIENT_AUTH_REQUIRE;
    return s->client != NULL ? RP_CLIENT_AUTH_NONE : RP_CLIENT_AUTH_REQUEST;
}

bool rp_socket_renegotiate(struct rp_socket *s, const struct rp_renegotiate_options *o,
                           rp_renegotiated *done, void *arg, struct rp_error *err)
{
    rp_error_clear(err);
    if (!rp_given(s, "socket", err))
        return false;
    if (o != NULL && (!rp_given_choice(o->request_cert, RP_OFF, "request_cert", err) ||
                      !rp_given_choice(o->reject_unauthorized, RP_OFF, "reject_unauthorized", err)))
        return false;
    if (!rp_socket_is_open(s) || !rp_stream_writable(&s->stream) || !rp_stream_readable(&s->stream))
        return rp_error_set(err, "ERR_TLS_INVALID_STATE",
                            "TLS socket connection must be securely established");
    if (SSL_version(s->engine.ssl) > TLS1_2_VERSION)
        return rp_error_ssl(err, SSL_R_WRONG_SSL_VERSION);
    if (s->renegotiation == NULL)
        return rp_error_ssl(err, SSL_R_NO_RENEGOTIATION);
    if (s->renegotiation->done != NULL || SSL_in_init(s->engine.ssl))
        return rp_error_set(err, "ERR_TLS_INVALID_STATE", "a renegotiation is already in progress");
    if (o != NULL && !rp_engine_use(&s->engine, s->engine.context, auth_of(s, o), err))
        return false;
    if (!rp_engine_renegotiate(&s->engine, err))
        return false;
    s->renegotiation->done = done;
    s->renegotiation->arg = arg;
    rp_transport_flush_later(&s->transport);
    return true;
}
