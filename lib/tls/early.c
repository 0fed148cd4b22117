/* SPDX-License-Identifier: MIT
 *
 * early.c - early data (0-RTT): what a resuming client sends with its ClientHello. The danger: it
 * can be captured and replayed, also to another host. A server accepts it only if the program
 * decides so each time. The socket is then open before the client has proved its identity, so a
 * later handshake failure is an error of an open socket. */
#include <string.h>
#include <time.h>

#include <openssl/x509_vfy.h>

#include "lib/tls/engine/client_hello.h"
#include "lib/tls/request.h"
#include "lib/tls/server_internal.h"
#include "lib/tls/socket_internal.h"
#include "lib/tls/context/compat.h"
#include "lib/tls/context/ticket_crypt.h"

enum { RECORD_MAX = 16384, BINDER_MAX = 255 };

/* -- server: the decision */

/* OpenSSL accepts early data only for the first identity. */
static bool can_resume_first(const struct rp_socket *s, const struct rp_client_hello *hello)
{
    struct rp_cursor identities = hello->identities, first;
    const uint8_t *id;
    unsigned len;

    if (!rp_hello_next_identity(&identities, &first))
        return false;
    if (s->context->tickets)
        return rp_ticket_keys_knows(s->context->keys, first.at, rp_cursor_left(&first));
    if (s->engine.offered == NULL)
        return false;
    id = SSL_SESSION_get_id(s->engine.offered, &len);
    return len == rp_cursor_left(&first) && memcmp(id, first.at, len) == 0;
}

static bool may_be_accepted(const struct rp_socket *s, const struct rp_client_hello *hello)
{
    return s->context->max_early_data > 0 && rp_cursor_left(&hello->binder) > 0 &&
           rp_handshake_will_be_tls13(s, hello) && can_resume_first(s, hello);
}

static void emit(struct rp_socket *s, struct rp_request *r, struct rp_cursor binder)
{
    struct rp_event event = {.type = RP_EV_EARLY_DATA};
    uint8_t copy[BINDER_MAX]; /* a listener may free the hello, and further listeners follow */

    event.early_data.request = r;
    event.early_data.socket = s;
    event.early_data.binder_len = rp_cursor_left(&binder);
    event.early_data.binder = memcpy(copy, binder.at, event.early_data.binder_len);
    r->asking = true;
    rp_server_emit(s->server, &event);
    r->asking = false;
}

void rp_early_answered(struct rp_socket *s, bool accepted)
{
    rp_engine_early_to(&s->engine, accepted ? RP_EARLY_ACCEPTED : RP_EARLY_REJECTED);
}

/* true: decided. */
static bool ask(struct rp_socket *s, struct rp_cursor binder)
{
    struct rp_request *r = rp_request_new(s, RP_REQUEST_EARLY);
    bool go = false;

    if (r == NULL) {
        rp_early_answered(s, false);
        return true;
    }
    rp_request_ref(r);
    emit(s, r, binder);
    if (!s->stream.destroyed && (r->socket == NULL || rp_request_forgotten(r))) {
        if (r->socket != NULL)
            rp_request_drop(r);
        rp_early_answered(s, r->accepted);
        go = true;
    }
    rp_request_unref(r);
    return go;
}

bool rp_early_decide(struct rp_socket *s)
{
    struct rp_client_hello hello;

    if (s->engine.early != RP_EARLY_EXPECTED)
        return true;
    rp_client_hello_read(&hello, s->engine.ssl);
    if (!hello.offers_early_data)
        return true;
    rp_engine_early_to(&s->engine, RP_EARLY_OFFERED);
    if (may_be_accepted(s, &hello))
        return ask(s, hello.binder);
    rp_early_answered(s, false);
    return true;
}

/* -- server: open, while the handshake continues */

bool rp_early_settle(struct rp_socket *s)
{
    if (s->state != RP_SOCKET_OPEN_EARLY || rp_engine_is_early(&s->engine))
        return true;
    rp_socket_move_to(s, RP_SOCKET_OPEN);
    rp_timeout_stop(&s->timeout);
    rp_stream_emit_plain(&s->stream, RP_EV_SECURE);
    if (!s->stream.destroyed)
        rp_socket_write_waiting(s); /* an end may be queued */
    return !s->stream.destroyed;
}

void rp_early_timeout(struct rp_socket *s)
{
    uint32_t ms = s->server->options.handshake_timeout_ms;
    struct rp_error error;

    /* While the program does not read, the client's Finished is not read either. */
    if (rp_socket_has_unread(s) && rp_socket_start_timeout(s, RP_TIMEOUT_HANDSHAKE, ms))
        return;
    rp_error_set(&error, "ERR_TLS_HANDSHAKE_TIMEOUT", "TLS handshake timeout");
    rp_socket_fail(s, &error);
}

/* -- a client */

static bool same_text(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static bool same_name(const struct rp_socket *s, const SSL_SESSION *session)
{
    const char *name = SSL_SESSION_get0_hostname(session);

    return name == NULL || same_text(name, rp_client_servername(s->client));
}

static bool offers_protocol(const SSL_SESSION *session, char *const *protocols)
{
    const uint8_t *name = NULL;
    size_t len = 0;

    SSL_SESSION_get0_alpn_selected(session, &name, &len);
    if (len == 0)
        return true;
    for (; protocols != NULL && *protocols != NULL; protocols++)
        if (strlen(*protocols) == len && memcmp(*protocols, name, len) == 0)
            return true;
    return false;
}

/* Whether the ticket is still valid. OpenSSL would omit an expired one, but send early data
 * nevertheless. */
static bool is_fresh(const SSL_SESSION *session)
{
    int64_t age = (int64_t)time(NULL) - RP_SESSION_TIME(session);

    return age >= 0 && (uint64_t)age < SSL_SESSION_get_ticket_lifetime_hint(session);
}

static bool context_allows(const struct rp_secure_context *c)
{
    return (c->options & SSL_OP_NO_TLSv1_3) == 0 &&
           (c->versions.max == 0 || c->versions.max >= TLS1_3_VERSION);
}

/* Check all conditions under which OpenSSL would fail the connection, or omit the session. */
static bool may_offer(const struct rp_socket *s, const SSL_SESSION *session, char *const *protocols)
{
    return session != NULL && !s->bare && s->waiting.len > 0 &&
           SSL_SESSION_get_protocol_version(session) == TLS1_3_VERSION &&
           SSL_SESSION_get_max_early_data(session) > 0 && SSL_SESSION_is_resumable(session) &&
           is_fresh(session) && context_allows(s->context) && same_name(s, session) &&
           offers_protocol(session, protocols) &&
           (s->engine.auth != RP_CLIENT_AUTH_REQUIRE ||
            SSL_get_verify_result(s->engine.ssl) == X509_V_OK); /* SSL_set_session has copied it */
}

bool rp_early_offer(struct rp_socket *s, SSL_SESSION *session, char *const *protocols)
{
    struct rp_error error;
    const uint8_t *bytes;
    size_t len, max;

    if (!may_offer(s, session, protocols))
        return true;
    max = SSL_SESSION_get_max_early_data(session);
    bytes = rp_queue_peek(&s->waiting, &len);
    len = len < max ? len : max;
    len = len < RECORD_MAX ? len : RECORD_MAX;
    if (rp_engine_write_early(&s->engine, bytes, len, &error) != RP_ENGINE_OK) {
        rp_socket_fail(s, &error);
        return false;
    }
    s->sent_early = (uint16_t)len; /* kept until the server has accepted it */
    return true;
}

void rp_early_drop_accepted(struct rp_socket *s)
{
    if (s->sent_early == 0 || SSL_get_early_data_status(s->engine.ssl) != SSL_EARLY_DATA_ACCEPTED)
        return;
    rp_queue_consume(&s->waiting, s->stream.loop, s->sent_early);
    s->in_flight += s->sent_early;
}
