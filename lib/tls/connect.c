/* SPDX-License-Identifier: MIT
 *
 * connect.c - tls.connect: a client's socket, and the verification of the server (section E). The
 * danger: data of the program must not be sent before the server is verified, except early data,
 * for which its session was. An invalid chain is refused inside the handshake, the name right after
 * it. */
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "lib/base/args.h"
#include "lib/net/net_socket.h"
#include "lib/tls/context/alpn.h"
#include "lib/tls/engine/session.h"
#include "lib/tls/client_internal.h"
#include "lib/x509/openssl_errors.h"
#include "lib/x509/verify_errors.h"
#include "lib/x509/internal.h"

enum { MIN_DH_SIZE = 1024 };

void rp_client_free(struct rp_client *c)
{
    if (c == NULL)
        return;
    while (c->arrivals != NULL) {
        struct rp_arrival *a = c->arrivals;

        c->arrivals = a->next;
        SSL_SESSION_free(a->session);
        free(a);
    }
    rp_alpn_free(c->protocols);
    SSL_SESSION_free(c->session);
    free(c->servername);
    free(c->identity);
    free(c->refusal);
    free(c);
}

const char *rp_client_servername(const struct rp_client *c)
{
    return c->servername;
}

/* -- options */

/* node crashes in this case (N6). */
static bool all_have_names(const char *const *protocols, struct rp_error *err)
{
    for (; protocols != NULL && *protocols != NULL; protocols++)
        if (**protocols == '\0')
            return rp_error_set(err, "ERR_INVALID_ARG_VALUE", "an ALPN protocol name is empty");
    return true;
}

/* The session to resume, if given. An invalid one is an error; node ignores it. */
static bool take_der(SSL_SESSION **session, struct rp_bytes der, struct rp_error *err)
{
    struct rp_session *handle = NULL;

    if (der.len != 0 && (handle = rp_session_from_der(der.bytes, der.len, err)) == NULL)
        return false;
    SSL_SESSION_free(*session);
    *session = handle != NULL ? rp_session_inside(handle) : NULL;
    return true;
}

static bool take_session(struct rp_client *c, const struct rp_connect_options *o,
                         struct rp_error *err)
{
    if (o->session_handle == NULL)
        return take_der(&c->session, o->session, err);
    c->session = rp_session_copy(o->session_handle);
    return c->session != NULL || rp_error_set(err, "ENOMEM", "no memory for a session");
}

static struct rp_client *client_new(const struct rp_connect_options *o, struct rp_error *err)
{
    struct rp_client *c;
    bool ok;

    if (!rp_given_list(o->session.bytes, o->session.len, "session", err))
        return NULL;
    c = calloc(1, sizeof *c);
    ok = c != NULL;
    if (ok && o->servername != NULL && *o->servername != '\0')
        ok = (c->servername = strdup(o->servername)) != NULL;
    if (!ok) {
        rp_error_set(err, "ENOMEM", "no memory for a client");
        rp_client_free(c);
        return NULL;
    }
    c->session_anywhere = o->session_anywhere;
    c->want_handles = o->want_handles;
    c->min_dh_size = o->min_dh_size != 0 ? o->min_dh_size : MIN_DH_SIZE;
    c->allow_unauthorized = o->allow_unauthorized;
    c->request_ocsp = o->request_ocsp;
    c->early_data = o->early_data;
    c->check = o->check_server_identity;
    c->psk = o->psk_callback;
    c->arg = o->arg;
    if (all_have_names(o->alpn_protocols, err) &&
        rp_alpn_copy(&c->protocols, o->alpn_protocols, err) && take_session(c, o, err))
        return c;
    rp_client_free(c);
    return NULL;
}

/* Settings can be changed until the handshake starts, one tick after rp_connect. */
static bool may_change(const struct rp_socket *s, struct rp_error *err)
{
    if (s->client != NULL && s->state == RP_SOCKET_START && !s->stream.destroyed)
        return true;
    return rp_error_set(err, "ERR_TLS_INVALID_STATE",
                        "only a client whose handshake has not started can change this");
}

bool rp_socket_set_servername(struct rp_socket *s, const char *name, struct rp_error *err)
{
    char *copy = NULL;

    rp_error_clear(err);
    if (!rp_given(s, "socket", err))
        return false;
    if (s->client == NULL)
        return rp_error_set(err, "ERR_TLS_SNI_FROM_SERVER",
                            "Cannot issue SNI from a TLS server-side socket");
    if (!may_change(s, err))
        return false;
    if (name != NULL && *name != '\0' && (copy = strdup(name)) == NULL)
        return rp_error_set(err, "ENOMEM", "no memory for a server name");
    free(s->client->servername);
    s->client->servername = copy;
    return true;
}

bool rp_socket_set_session(struct rp_socket *s, const uint8_t *der, size_t len,
                           struct rp_error *err)
{
    rp_error_clear(err);
    return rp_given(s, "socket", err) && may_change(s, err) &&
           take_der(&s->client->session, (struct rp_bytes){der, len}, err);
}

/* -- events of the connection */

static void on_session(struct rp_engine *e, SSL_SESSION *session)
{
    struct rp_socket *s = rp_socket_of_engine(e);
    struct rp_arrival *a, **last = &s->client->arrivals;

    if (!rp_emitter_heard(&s->stream.events, RP_EV_SESSION))
        return; /* D33 */
    a = calloc(1, sizeof *a);
    if (a == NULL)
        return;
    SSL_SESSION_up_ref(session);
    a->session = session;
    while (*last != NULL)
        last = &(*last)->next;
    *last = a;
}

static const struct rp_engine_ops client_engine_ops = {.session = on_session};
static const struct rp_engine_ops client_engine_ops_keylog = {.session = on_session,
                                                              .keylog = rp_socket_on_keylog};

static bool set_up(struct rp_socket *s)
{
    struct rp_client *c = s->client;
    SSL *ssl = s->engine.ssl;

    return (c->servername == NULL || SSL_set_tlsext_host_name(ssl, c->servername) == 1) &&
           rp_alpn_offer(ssl, c->protocols) &&
           (!c->request_ocsp || SSL_set_tlsext_status_type(ssl, TLSEXT_STATUSTYPE_ocsp) == 1);
}

void rp_client_begin(struct rp_socket *s)
{
    bool keylog = rp_emitter_heard(&s->stream.events, RP_EV_KEYLOG);
    struct rp_error error;

    if (s->state != RP_SOCKET_START)
        return;
    s->engine.ops = keylog ? &client_engine_ops_keylog : &client_engine_ops;
    if (!rp_socket_open_engine(
            s, false, s->client->allow_unauthorized ? RP_CLIENT_AUTH_NONE : RP_CLIENT_AUTH_REQUIRE))
        return;
    if (!set_up(s)) {
        rp_error_handshake(&error, "ENOMEM", "no memory for a client");
        rp_socket_fail(s, &error);
        return;
    }
    if (!rp_client_offer(s))
        return;
    if (s->client->psk != NULL)
        rp_psk_use(s);
    else if (s->client->early_data && !rp_early_offer(s, s->client->session, s->client->protocols))
        return;
    rp_socket_advance(s);
}

size_t rp_client_key(struct rp_socket *s, const char *hint, char identity[RP_PSK_IDENTITY_MAX + 1],
                     uint8_t key[RP_PSK_MAX])
{
    size_t len = s->client->psk(s, hint, identity, key, s->client->arg);

    s->client->gave_key = len > 0;
    return len;
}

/* -- verifying the server */

static bool dh_is_large_enough(struct rp_socket *s, struct rp_error *error)
{
    EVP_PKEY *key = NULL;
    int bits = 0;

    if (SSL_get_peer_tmp_key(s->engine.ssl, &key) == 1 &&
        (EVP_PKEY_is_a(key, "DH") || EVP_PKEY_is_a(key, "DHX")))
        bits = EVP_PKEY_get_bits(key);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return bits == 0 || (unsigned)bits >= s->client->min_dh_size ||
           rp_error_set(error, "ERR_TLS_DH_PARAM_SIZE", "DH parameter size %d is less than %u",
                        bits, s->client->min_dh_size);
}

/* Includes the chain, for the program's check. */
static struct rp_x509 *describe(struct rp_socket *s, X509 *peer, struct rp_error *error)
{
    SSL *ssl = s->engine.ssl;

    if (s->client->check == NULL)
        return rp_x509_new(peer, error);
    return rp_x509_new_chain(peer, SSL_get_peer_cert_chain(ssl),
                             SSL_CTX_get_cert_store(s->context->ssl), error);
}

bool rp_client_identity_matches(struct rp_socket *s, X509 *peer, struct rp_error *error)
{
    const struct rp_client *c = s->client;
    struct rp_x509 *cert = NULL;
    bool ok;

    if (peer != NULL && (cert = describe(s, peer, error)) == NULL)
        return false;
    if (c->check != NULL)
        ok = c->check(c->identity, cert, c->arg, error);
    else if (cert != NULL)
        ok = rp_check_server_identity(c->identity, cert, error);
    else
        ok = rp_error_set(error, "ERR_TLS_CERT_ALTNAME_INVALID",
                          "Hostname/IP does not match certificate's altnames: Cert does not "
                          "contain a DNS name");
    rp_x509_unref(cert);
    return ok;
}

/* Both sides have the key, which authenticates the server. In TLS 1.3 it looks like a resumed
 * session. */
static bool proved_by_key(const struct rp_socket *s)
{
    SSL *ssl = s->engine.ssl;

    return s->client->gave_key && SSL_get0_peer_certificate(ssl) == NULL &&
           (SSL_CIPHER_get_auth_nid(SSL_get_current_cipher(ssl)) == NID_auth_psk ||
            SSL_session_reused(ssl));
}

/* The error's code, or else its message (D7). */
static const char *refusal_of(struct rp_socket *s, const struct rp_error *error)
{
    if (strcmp(error->code, "ERR_TLS_CERT_ALTNAME_FORMAT") == 0)
        return "ERR_TLS_CERT_ALTNAME_FORMAT";
    if (s->client->check != NULL && s->client->refusal == NULL)
        s->client->refusal = strdup(error->code[0] != '\0' ? error->code : error->message);
    return s->client->refusal != NULL ? s->client->refusal : "ERR_TLS_CERT_ALTNAME_INVALID";
}

/* Verify the chain, then the name (E7); for a resumed session use the results it contains (E8). */
static bool is_trusted(struct rp_socket *s, struct rp_error *error)
{
    X509 *peer = SSL_get0_peer_certificate(s->engine.ssl);
    long result = SSL_get_verify_result(s->engine.ssl);
    enum rp_carried carried = rp_client_carried(s, error);

    if (carried != RP_CARRIED_NOTHING)
        return carried == RP_CARRIED_AUTHORIZED;
    s->client->by_key = proved_by_key(s);
    if (s->client->by_key)
        result = X509_V_OK;
    else if (peer == NULL)
        result = X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT;
    if (result != X509_V_OK) {
        s->authorization_error = rp_verify_error_code(result);
        return rp_error_set(error, s->authorization_error, "%s", rp_verify_error_text(result));
    }
    /* As in node, no name is compared if a pre-shared key was used in TLS 1.3. */
    if ((s->client->by_key && SSL_session_reused(s->engine.ssl)) ||
        rp_client_identity_matches(s, peer, error))
        return true;
    if (!s->stream.destroyed)
        s->authorization_error = refusal_of(s, error);
    return false;
}

static void note_protocol(struct rp_socket *s)
{
    const uint8_t *name = NULL;
    unsigned len = 0;

    SSL_get0_alpn_selected(s->engine.ssl, &name, &len);
    for (char **p = s->client->protocols; len > 0 && p != NULL && *p != NULL; p++)
        if (strlen(*p) == len && memcmp(*p, name, len) == 0)
            s->engine.alpn = *p;
}

static void tell_staple(struct rp_socket *s)
{
    struct rp_event event = {.type = RP_EV_OCSP_RESPONSE};
    const uint8_t *bytes = NULL;
    long len;

    if (!s->client->request_ocsp)
        return;
    len = SSL_get_tlsext_status_ocsp_resp(s->engine.ssl, &bytes);
    event.data.bytes = len > 0 ? bytes : NULL;
    event.data.len = len > 0 ? (size_t)len : 0;
    rp_stream_emit(&s->stream, &event);
}

bool rp_client_judge(struct rp_socket *s, struct rp_error *error)
{
    if (s->bare)
        return true;
    s->authorization_error = NULL;
    s->authorized = is_trusted(s, error);
    s->client->judged = true;
    return !s->stream.destroyed && (s->authorized || s->client->allow_unauthorized);
}

void rp_client_done(struct rp_socket *s)
{
    struct rp_error error = {0};

    note_protocol(s);
    tell_staple(s);
    if (!s->stream.destroyed)
        rp_stream_emit_plain(&s->stream, RP_EV_SECURE);
    if (s->stream.destroyed)
        return;
    if (!dh_is_large_enough(s, &error) || !rp_client_judge(s, &error)) {
        rp_stream_destroy(&s->stream, &error); /* so our Finished is never sent */
        return;
    }
    if (s->client->early_data)
        rp_early_drop_accepted(s);
    rp_socket_open(s);
    if (!s->stream.destroyed && !s->bare)
        rp_stream_emit_plain(&s->stream, RP_EV_SECURE_CONNECT);
    while (s->client->arrivals != NULL && s->client->arrivals->next != NULL) {
        struct rp_arrival *older = s->client->arrivals; /* only the last one is reported (D33) */

        s->client->arrivals = older->next;
        SSL_SESSION_free(older->session);
        free(older);
    }
    rp_client_sessions(s);
}

static void tell_session(struct rp_socket *s, SSL_SESSION *session)
{
    struct rp_event event = {.type = RP_EV_SESSION};
    size_t len = 0;
    uint8_t *der = NULL;

    rp_client_bind(s, session);
    if (!s->client->want_handles && (der = rp_session_encode(session, &len)) == NULL)
        return;
    event.session.bytes = der;
    event.session.len = len;
    event.session.handle = rp_session_handle(session);
    rp_stream_emit(&s->stream, &event);
    if (der != NULL)
        OPENSSL_cleanse(der, len);
    free(der);
}

void rp_client_sessions(struct rp_socket *s)
{
    struct rp_arrival *a;

    while (!s->stream.destroyed && (a = s->client->arrivals) != NULL) {
        s->client->arrivals = a->next;
        tell_session(s, a->session);
        SSL_SESSION_free(a->session);
        free(a);
    }
}

/* -- tls.connect */

/* The stream to use: the caller's, or a new one. One reference of it belongs to the socket. */
static struct rp_stream *carrier_of(struct rp_loop *loop, const struct rp_connect_options *o,
                                    struct rp_error *err)
{
    if (o->stream != NULL)
        return rp_stream_ref(o->stream);
    if (o->net == NULL) {
        rp_error_set(err, "ERR_MISSING_ARGS",
                     "The \"options\" or \"port\" or \"path\" argument must be specified");
        return NULL;
    }
    return rp_net_connect(loop, o->net, err);
}

/* servername, else the host of the stream, else "localhost" (E6). For TLS inside TLS it is the host
 * of the outer connection. */
static bool note_identity(struct rp_client *c, struct rp_stream *carrier)
{
    const struct rp_socket *outer = rp_socket_from_stream(carrier);
    char text[RP_ADDRESS_TEXT];
    const char *name = c->servername;

    if (name == NULL && outer != NULL && outer->client != NULL)
        name = outer->client->identity;
    else if (name == NULL)
        name = rp_net_host(carrier, text);
    c->identity = strdup(name != NULL ? name : "localhost");
    return c->identity != NULL;
}

static bool over_carrier(struct rp_socket *s, struct rp_loop *loop,
                         const struct rp_connect_options *o, struct rp_error *err)
{
    struct rp_stream *carrier = carrier_of(loop, o, err);
    bool ok;

    if (carrier == NULL)
        return false;
    ok = note_identity(s->client, carrier)
             ? rp_transport_open_stream(&s->transport, &rp_socket_transport_ops, carrier, err)
             : rp_error_set(err, "ENOMEM", "no memory for a client");
    if (!ok && o->stream == NULL)
        rp_stream_destroy(carrier, NULL);
    rp_stream_unref(carrier);
    return ok;
}

struct rp_socket *rp_client_socket_new(struct rp_loop *loop, const struct rp_connect_options *o,
                                       struct rp_error *err)
{
    struct rp_secure_context *context = o->context != NULL
                                            ? rp_secure_context_ref(o->context)
                                            : rp_secure_context_new(o->context_options, err);
    struct rp_socket *s = NULL;

    if (context == NULL)
        return NULL;
    if (context->versions.server_only)
        rp_error_ssl(err, ERR_R_SHOULD_NOT_HAVE_BEEN_CALLED);
    else
        s = rp_socket_new(loop, context, &o->stream_options, err);
    rp_secure_context_unref(context);
    if (s == NULL)
        return NULL;
    s->client = client_new(o, err);
    if (s->client == NULL) {
        rp_stream_discard(&s->stream);
        return NULL;
    }
    return s;
}

struct rp_socket *rp_connect(struct rp_loop *loop, const struct rp_connect_options *o,
                             struct rp_error *err)
{
    rp_error_clear(err);
    if (!rp_given(loop, "loop", err) || !rp_given(o, "options", err))
        return NULL;
    struct rp_socket *s = rp_client_socket_new(loop, o, err);

    if (s == NULL)
        return NULL;
    if (!over_carrier(s, loop, o, err)) {
        rp_stream_discard(&s->stream);
        return NULL;
    }
    s->stream.connecting = s->transport.carrier->connecting;
    if (o->stream == NULL && o->net->timeout_ms != 0)
        rp_stream_set_timeout(&s->stream, o->net->timeout_ms);
    rp_socket_limit_handshake(s, o->handshake_timeout_ms);
    rp_next_tick(loop, &s->wake);
    return s;
}
