/* SPDX-License-Identifier: MIT
 *
 * handshake.c - a server's decisions in a handshake, outside of OpenSSL. OpenSSL is paused at the
 * ClientHello and not on the stack, so every question may be answered later, and every listener may
 * destroy the socket. The order is: the context for the name, then the session, which is looked up
 * only if it could resume; OpenSSL asks for ALPN and the staple. */
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "lib/base/text.h"
#include "lib/tls/engine/client_hello.h"
#include "lib/tls/request.h"
#include "lib/tls/server_internal.h"
#include "lib/tls/engine/session.h"
#include "lib/tls/socket_internal.h"
#include "lib/tls/context/ticket_crypt.h"
#include "lib/x509/openssl_errors.h"
#include "lib/x509/verify_errors.h"

enum { REQUESTED_TICKETS_MAX = 4, STATEFUL_ID = 32 };

static bool fail_for_memory(struct rp_socket *s)
{
    struct rp_error error;

    rp_error_set(&error, "ENOMEM", "no memory for a handshake");
    rp_socket_fail(s, &error);
    return false;
}

/* -- ALPN */

/* The protocols as an array for the callback; free the list, which also holds the texts. */
static const char **protocol_list(struct rp_cursor alpn, size_t *count)
{
    size_t bytes = rp_cursor_left(&alpn), n = 0;
    struct rp_cursor rest = alpn, name;
    const char **list;
    char *text;

    while (rp_hello_next_protocol(&rest, &name))
        n++;
    list = malloc((n + 1) * sizeof *list + bytes + 1);
    if (list == NULL)
        return NULL;
    text = (char *)(list + n + 1);
    *count = 0;
    while (rp_hello_next_protocol(&alpn, &name)) {
        size_t len = rp_cursor_left(&name);

        list[(*count)++] = text;
        memcpy(text, name.at, len);
        text[len] = '\0';
        text += len + 1; /* its length byte becomes the NUL of the previous name */
    }
    list[n] = NULL;
    return list;
}

/* "h2, http/1.1", for a message; the client chose the names. */
static char *text_of_offers(const char **list, size_t count)
{
    struct rp_text text = {0};

    for (size_t i = 0; i < count; i++)
        rp_text_printf(&text, "%s%s", i > 0 ? ", " : "", list[i]);
    rp_text_tame(&text);
    return rp_text_take(&text, NULL);
}

static void refuse_answer(struct rp_socket *s, const char *answer, const char **list, size_t count)
{
    char *offers = text_of_offers(list, count);
    struct rp_error error;

    rp_error_set(&error, "ERR_TLS_ALPN_CALLBACK_INVALID_RESULT",
                 "ALPN callback returned a value (%.40s) that did not match any of the client's "
                 "offered protocols (%s)",
                 answer, offers != NULL ? offers : "");
    free(offers);
    rp_socket_fail(s, &error);
}

/* The result must be one of the client's names, or NULL to refuse; any other is the program's error
 * (J8). */
static void use_answer(struct rp_socket *s, const char *answer, const char **list, size_t count)
{
    s->engine.alpn_mode = answer != NULL ? RP_ALPN_CHOSEN : RP_ALPN_REFUSED;
    if (answer == NULL)
        return;
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i], answer) == 0) {
            s->alpn_copy = strdup(answer);
            s->engine.alpn = s->alpn_copy;
            if (s->alpn_copy == NULL)
                fail_for_memory(s);
            return;
        }
    refuse_answer(s, answer, list, count);
}

/* Called inside OpenSSL when it selects the protocol (J5). */
static void choose_protocol(struct rp_engine *e, struct rp_cursor offers)
{
    struct rp_socket *s = rp_socket_of_engine(e);
    const struct rp_server_options *o = &s->server->options;
    size_t count;
    const char **list = protocol_list(offers, &count), *answer;

    if (list == NULL) {
        fail_for_memory(s);
        return;
    }
    answer = o->alpn_callback(s, e->servername, list, count, o->arg);
    if (!s->stream.destroyed)
        use_answer(s, answer, list, count);
    free(list);
}

bool rp_socket_set_alpn_protocols(struct rp_socket *s, const char *const *protocols)
{
    if (s == NULL || protocols == NULL || s->server == NULL ||
        s->engine.alpn_mode != RP_ALPN_NONE || s->engine.hello == RP_HELLO_GO)
        return false;
    s->engine.alpn_list = protocols;
    return true;
}

static void offer_protocols(struct rp_socket *s)
{
    const struct rp_server *server = s->server;

    if (s->engine.alpn_list != NULL) {
        s->engine.alpn_mode = RP_ALPN_LIST;
        return;
    }
    s->engine.alpn_list = (const char *const *)server->protocols;
    s->engine.alpn_mode = server->protocols != NULL               ? RP_ALPN_LIST
                          : server->options.alpn_callback != NULL ? RP_ALPN_ASK
                                                                  : RP_ALPN_NONE;
}

/* -- tickets */

bool rp_handshake_will_be_tls13(const struct rp_socket *s, const struct rp_client_hello *hello)
{
    const struct rp_secure_context *c = s->context;

    return hello->offers_tls13 && (c->options & SSL_OP_NO_TLSv1_3) == 0 &&
           (c->versions.max == 0 || c->versions.max >= TLS1_3_VERSION);
}

static bool has_known_ticket(const struct rp_socket *s, const struct rp_client_hello *hello)
{
    return rp_cursor_left(&hello->ticket) > 0 &&
           rp_ticket_keys_knows(s->context->keys, hello->ticket.at, rp_cursor_left(&hello->ticket));
}

/* Set the number and kind of tickets. Without an encrypting key, or for stateful tickets without a
 * listener that stores sessions, there are none; TLS 1.2 then uses a session id. */
static void decide_tickets(struct rp_socket *s, const struct rp_client_hello *hello)
{
    const struct rp_secure_context *c = s->context;
    unsigned fresh = c->tickets_per_connection, resumed = 1;

    if (hello->asks_ticket_count) {
        fresh = hello->new_tickets;
        resumed = hello->resumed_tickets;
        fresh = fresh < REQUESTED_TICKETS_MAX ? fresh : REQUESTED_TICKETS_MAX;
        resumed = resumed < REQUESTED_TICKETS_MAX ? resumed : REQUESTED_TICKETS_MAX;
    }
    if (c->tickets ? !rp_ticket_keys_mints(c->keys) : !s->stores_sessions) {
        fresh = resumed = 0;
        if (!rp_handshake_will_be_tls13(s, hello) && !has_known_ticket(s, hello))
            SSL_set_options(s->engine.ssl, SSL_OP_NO_TICKET);
    }
    if (s->asks_early_data)
        SSL_set_max_early_data(s->engine.ssl, c->max_early_data);
    s->engine.new_tickets = (uint8_t)fresh;
    s->engine.resumed_tickets = (uint8_t)resumed;
    SSL_set_num_tickets(s->engine.ssl, fresh);
}

/* -- the session */

static bool accepted_id(const struct rp_socket *s, struct rp_cursor id)
{
    const struct rp_server_options *o = &s->server->options;
    size_t len = rp_cursor_left(&id);

    return len > 0 && len <= SSL_MAX_SSL_SESSION_ID_LENGTH &&
           (o->accept_session_id == NULL || o->accept_session_id(id.at, len, o->arg));
}

/* Find the id of a stored session for this connection. In TLS 1.3 the session id has no meaning,
 * and a PSK identity of 32 bytes is an id only if tickets are stateful. In TLS 1.2 a ticket that
 * can be decrypted needs no lookup. */
static bool id_to_look_up(const struct rp_socket *s, const struct rp_client_hello *hello,
                          struct rp_cursor *id)
{
    struct rp_cursor identities = hello->identities;

    if (!s->asks_sessions)
        return false;
    if (!rp_handshake_will_be_tls13(s, hello)) {
        *id = hello->session_id;
        return !(s->context->tickets && has_known_ticket(s, hello)) && accepted_id(s, *id);
    }
    if (s->context->tickets)
        return false;
    while (rp_hello_next_identity(&identities, id))
        if (rp_cursor_left(id) == STATEFUL_ID)
            return accepted_id(s, *id); /* the first one; clients offer only one */
    return false;
}

/* true: decided. */
static bool ask_for_session(struct rp_socket *s, struct rp_cursor id)
{
    struct rp_event event = {.type = RP_EV_RESUME_SESSION};
    struct rp_request *r = rp_request_new(s, RP_REQUEST_SESSION);
    uint8_t copy[SSL_MAX_SSL_SESSION_ID_LENGTH]; /* a listener may free the hello */
    bool go = false;

    if (r == NULL)
        return true; /* a full handshake */
    rp_request_ref(r);
    r->asking = true;
    event.resume_session.request = r;
    event.resume_session.socket = s;
    event.resume_session.id_len = rp_cursor_left(&id);
    event.resume_session.id = memcpy(copy, id.at, event.resume_session.id_len);
    rp_server_emit(s->server, &event);
    r->asking = false;
    if (!s->stream.destroyed && (r->socket == NULL || rp_request_forgotten(r))) {
        if (r->socket != NULL)
            rp_request_drop(r);
        s->engine.offered = r->session;
        r->session = NULL;
        go = true;
    }
    rp_request_unref(r);
    return go;
}

/* -- the context */

/* Everything is decided except early data. true: OpenSSL continues with the ClientHello. */
static bool release_hello(struct rp_socket *s)
{
    if (!rp_early_decide(s))
        return false;
    s->engine.hello = RP_HELLO_GO;
    return true;
}

/* The context is selected; make the decisions that depend on it. true: continue the handshake. */
static bool use_context(struct rp_socket *s, struct rp_secure_context *context)
{
    struct rp_client_hello hello;
    struct rp_error error;
    struct rp_cursor id;

    if (context != NULL && context != s->context) {
        rp_secure_context_ref(context);
        rp_secure_context_unref(s->context);
        s->context = context;
        if (!rp_engine_use(&s->engine, context,
                           rp_context_client_auth(context, rp_server_client_auth(s->server)),
                           &error)) {
            rp_socket_fail(s, &error);
            return false;
        }
    }
    if (s->context->versions.client_only) {
        rp_error_ssl(&error, ERR_R_SHOULD_NOT_HAVE_BEEN_CALLED);
        rp_socket_fail(s, &error);
        return false;
    }
    rp_client_hello_read(&hello, s->engine.ssl);
    offer_protocols(s);
    decide_tickets(s, &hello);
    if (s->server->options.psk_callback != NULL && !rp_psk_serve(s))
        return fail_for_memory(s);
    if (s->asks_staples && hello.asks_staple && !rp_engine_want_staple(&s->engine))
        return fail_for_memory(s);
    if (id_to_look_up(s, &hello, &id) && !ask_for_session(s, id))
        return false;
    return release_hello(s);
}

static bool use_context_answer(struct rp_socket *s, struct rp_request *r)
{
    if (!r->unrecognized_name)
        return use_context(s, r->context);
    s->engine.hello = RP_HELLO_UNRECOGNIZED_NAME;
    return true;
}

/* The program selects the context, now or later (J4). */
static bool ask_for_context(struct rp_socket *s)
{
    const struct rp_server_options *o = &s->server->options;
    struct rp_request *r = rp_request_new(s, RP_REQUEST_CONTEXT);
    struct rp_secure_context *context;
    bool go = false;

    if (r == NULL)
        return fail_for_memory(s);
    rp_request_ref(r);
    r->asking = true;
    context = o->sni_callback(s, s->engine.servername, r, o->arg);
    r->asking = false;
    if (s->stream.destroyed)
        go = false;
    else if (r->socket == NULL) /* answered through the request */
        go = use_context_answer(s, r);
    else if (context != NULL || rp_request_forgotten(r)) {
        rp_request_drop(r);
        go = use_context(s, context);
    }
    rp_request_unref(r);
    return go;
}

bool rp_handshake_hello(struct rp_socket *s)
{
    struct rp_cursor name = rp_client_hello_servername(s->engine.ssl);
    size_t len = rp_cursor_left(&name);

    if (len > 0) {
        s->engine.servername = strndup((const char *)name.at, len);
        if (s->engine.servername == NULL)
            return fail_for_memory(s);
    }
    if (s->server->options.sni_callback != NULL)
        return ask_for_context(s);
    return use_context(s, rp_server_find_context(s->server, s->engine.servername));
}

/* -- new sessions */

static void on_session(struct rp_engine *e, SSL_SESSION *session)
{
    struct rp_socket *s = rp_socket_of_engine(e);
    struct rp_request *r;

    if (!s->stores_sessions || s->stream.destroyed)
        return;
    r = rp_request_new(s, RP_REQUEST_STORE);
    if (r == NULL)
        return; /* this session is not stored */
    SSL_SESSION_up_ref(session);
    r->session = session;
    rp_transport_hold(&s->transport, true);
}

static void tell_session(struct rp_socket *s, struct rp_request *r)
{
    struct rp_event event = {.type = RP_EV_NEW_SESSION};
    unsigned id_len = 0;
    size_t len = 0;
    uint8_t *der = rp_session_encode(r->session, &len);

    r->told = true;
    r->asking = true;
    if (der != NULL) {
        event.new_session.request = r;
        event.new_session.socket = s;
        event.new_session.id = SSL_SESSION_get_id(r->session, &id_len);
        event.new_session.id_len = id_len;
        event.new_session.session = der;
        event.new_session.session_len = len;
        rp_server_emit(s->server, &event);
        OPENSSL_cleanse(der, len);
        free(der);
    }
    r->asking = false;
}

/* Emit new sessions; then hold the output while one of them is being stored. */
bool rp_handshake_sessions(struct rp_socket *s)
{
    struct rp_request *r;

    for (;;) {
        for (r = s->questions; r != NULL && r->told; r = r->next)
            ;
        if (r == NULL)
            break;
        rp_request_ref(r);
        tell_session(s, r);
        if (r->socket != NULL && rp_request_forgotten(r))
            rp_request_drop(r);
        rp_request_unref(r);
        if (s->stream.destroyed)
            return false;
    }
    if (s->questions == NULL && !s->stream.destroyed)
        rp_transport_hold(&s->transport, false);
    return s->questions == NULL;
}

/* -- the end of the handshake */

bool rp_handshake_judge(struct rp_socket *s, struct rp_error *error)
{
    SSL *ssl = s->engine.ssl;
    long result = SSL_get_verify_result(ssl);

    if (s->engine.auth == RP_CLIENT_AUTH_NONE || s->bare)
        return true;
    s->authorized = false;
    s->authorization_error = NULL;
    if (SSL_get0_peer_certificate(ssl) == NULL)
        s->authorization_error = rp_verify_error_code(X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT);
    else if (result != X509_V_OK)
        s->authorization_error = rp_verify_error_code(result);
    else
        s->authorized = true;
    return s->authorized || s->engine.auth != RP_CLIENT_AUTH_REQUIRE ||
           rp_error_ssl(error, SSL_R_CERTIFICATE_VERIFY_FAILED);
}

static void tell_server(struct rp_socket *s)
{
    struct rp_event event = {.type = RP_EV_SECURE_CONNECTION, .secure_connection = {s}};

    if (s->server->freed)
        rp_stream_destroy(&s->stream, NULL); /* the server was freed: close the connection */
    else
        rp_server_emit(s->server, &event);
}

static void secure(struct rp_socket *s)
{
    rp_stream_ref(&s->stream);
    rp_socket_open(s);
    if (s->state == RP_SOCKET_OPEN)
        rp_stream_emit_plain(&s->stream, RP_EV_SECURE);
    if (!s->stream.destroyed && !s->bare)
        tell_server(s);
    rp_engine_forget_offered(&s->engine);
    rp_stream_unref(&s->stream);
}

void rp_handshake_done(struct rp_socket *s)
{
    struct rp_error error;

    if (!rp_handshake_judge(s, &error)) { /* OpenSSL should have refused it already */
        rp_socket_fail(s, &error);
        return;
    }
    if (SSL_version(s->engine.ssl) == TLS1_3_VERSION) {
        s->tickets_wait = s->questions == NULL && !rp_engine_is_early(&s->engine);
        secure(s); /* the event precedes those of sessions (C15) */
        if (!s->stream.destroyed && s->questions != NULL)
            rp_handshake_sessions(s);
        return;
    }
    rp_socket_move_to(s, RP_SOCKET_STORING);
    if (s->questions == NULL || rp_handshake_sessions(s))
        secure(s);
}

void rp_handshake_answered(struct rp_socket *s, struct rp_request *r)
{
    switch (r->kind) {
    case RP_REQUEST_CONTEXT:
        use_context_answer(s, r);
        break;
    case RP_REQUEST_SESSION:
        s->engine.offered = r->session;
        r->session = NULL;
        release_hello(s);
        break;
    case RP_REQUEST_EARLY:
        rp_early_answered(s, r->accepted);
        s->engine.hello = RP_HELLO_GO;
        break;
    case RP_REQUEST_STAPLE:
        rp_staple_use(s, r);
        break;
    case RP_REQUEST_STORE:
        if (s->questions != NULL)
            break;
        rp_transport_hold(&s->transport, false);
        if (s->state == RP_SOCKET_STORING)
            secure(s);
        break;
    }
}

static bool make_session_id(struct rp_engine *e, uint8_t *id, size_t len)
{
    const struct rp_server_options *o = &rp_socket_of_engine(e)->server->options;

    return o->make_session_id != NULL && o->make_session_id(id, len, o->arg);
}

static bool accept_session(struct rp_engine *e, SSL_SESSION *session, uint64_t began)
{
    const struct rp_server_options *o = &rp_socket_of_engine(e)->server->options;
    struct rp_session_origin origin = {.time = began,
                                       .servername = SSL_SESSION_get0_hostname(session),
                                       .current_servername = e->servername};

    return o->accept_session == NULL || o->accept_session(&origin, o->arg);
}

const struct rp_engine_ops rp_server_engine_ops = {
    .session = on_session,
    .choose_protocol = choose_protocol,
    .make_session_id = make_session_id,
    .accept_session = accept_session,
};
const struct rp_engine_ops rp_server_engine_ops_keylog = {
    .session = on_session,
    .choose_protocol = choose_protocol,
    .make_session_id = make_session_id,
    .accept_session = accept_session,
    .keylog = rp_socket_on_keylog,
};
