/* SPDX-License-Identifier: MIT
 *
 * wrap.c - TLS over a stream, without a tls.Server or tls.connect; see wrap.h. The server side
 * needs an rp_server for its settings: if the program passes none, a hidden one is created that
 * lives as long as the socket. */
#include <reprise/wrap.h>

#include "lib/base/args.h"
#include "lib/tls/server_internal.h"
#include "lib/tls/socket_internal.h"

/* -- a server's side */

static struct rp_server *settings_of(struct rp_loop *loop, const struct rp_socket_options *o,
                                     struct rp_error *err)
{
    struct rp_server_options options = {
        .context = o->context,
        .context_options = o->context_options,
        .request_cert = o->request_cert,
        .allow_unauthorized = !o->reject_unauthorized,
        .alpn_protocols = o->alpn_protocols,
        .alpn_callback = o->alpn_callback,
        .sni_callback = o->sni_callback,
        .psk_callback = o->server_psk_callback,
        .psk_identity_hint = o->psk_identity_hint,
        .arg = o->arg,
    };

    struct rp_server *server;

    if (o->server != NULL)
        return rp_server_ref(o->server);
    server = rp_server_new(loop, &options, err);
    if (server != NULL)
        server->hidden = true;
    return server;
}

static struct rp_socket *wrap_server(struct rp_loop *loop, const struct rp_socket_options *o,
                                     struct rp_error *err)
{
    struct rp_server *server = settings_of(loop, o, err);
    struct rp_socket *s = NULL;

    if (server != NULL)
        s = rp_server_socket_new(server, o->context, &o->stream_options, err);
    rp_server_unref(server);
    return s;
}

/* -- a client's side */

static struct rp_socket *wrap_client(struct rp_loop *loop, const struct rp_socket_options *o,
                                     struct rp_error *err)
{
    struct rp_connect_options options = {
        .context = o->context,
        .context_options = o->context_options,
        .servername = o->servername,
        .alpn_protocols = o->alpn_protocols,
        .session = o->session,
        .allow_unauthorized = !o->reject_unauthorized,
        .request_ocsp = o->request_ocsp,
        .psk_callback = o->psk_callback,
        .arg = o->arg,
        .stream_options = o->stream_options,
    };

    return rp_client_socket_new(loop, &options, err);
}

/* -- both */

static bool take_head(struct rp_socket *s, struct rp_bytes head, struct rp_error *err)
{
    rp_engine_show(&s->engine, head.bytes, head.len);
    return rp_engine_save(&s->engine) || rp_error_set(err, "ENOMEM", "no memory for a TLS socket");
}

/* Change the stream last, when nothing can fail any more. */
static bool put_over(struct rp_socket *s, struct rp_stream *stream,
                     const struct rp_socket_options *o, struct rp_error *err)
{
    return take_head(s, o->head, err) &&
           rp_transport_open_stream(&s->transport, &rp_socket_transport_ops, stream, err);
}

struct rp_socket *rp_socket_wrap(struct rp_stream *stream, const struct rp_socket_options *o,
                                 struct rp_error *err)
{
    rp_error_clear(err);
    if (!rp_given(stream, "stream", err) || !rp_given(o, "options", err))
        return NULL;
    if (o->head.len > 0 && !rp_given(o->head.bytes, "options.head", err))
        return NULL;
    struct rp_loop *loop = rp_stream_loop(stream);
    struct rp_socket *s = o->is_server ? wrap_server(loop, o, err) : wrap_client(loop, o, err);

    if (s == NULL)
        return NULL;
    s->bare = true;
    if (!put_over(s, stream, o, err)) {
        rp_queue_clear(&s->engine.saved, loop);
        if (s->server != NULL)
            rp_server_forget(s);
        rp_stream_discard(&s->stream);
        return NULL;
    }
    if (o->enable_trace)
        rp_socket_enable_trace(s);
    rp_socket_limit_handshake(s, o->handshake_timeout_ms);
    s->stream.connecting = stream->connecting;
    rp_next_tick(loop, &s->wake);
    return s;
}

/* -- tls.createSecurePair */

bool rp_secure_pair_new(struct rp_loop *loop, struct rp_secure_context *context, bool is_server,
                        bool request_cert, bool reject_unauthorized, struct rp_secure_pair *pair,
                        struct rp_error *err)
{
    struct rp_socket_options options = {
        .is_server = is_server,
        .context = context,
        .request_cert = request_cert,
        .reject_unauthorized = reject_unauthorized,
    };
    struct rp_stream *ends[2];

    rp_error_clear(err);
    if (!rp_given(loop, "loop", err) || !rp_given(pair, "pair", err))
        return false;
    if (context == NULL)
        return rp_error_set(err, "ERR_TLS_INVALID_CONTEXT", "context must be a SecureContext");
    if (!rp_stream_pair(loop, NULL, ends, err))
        return false;
    pair->encrypted = ends[0];
    pair->cleartext = rp_socket_wrap(ends[1], &options, err);
    if (pair->cleartext == NULL) {
        rp_stream_destroy(ends[0], NULL);
        rp_stream_destroy(ends[1], NULL);
        rp_stream_unref(ends[0]);
    }
    rp_stream_unref(ends[1]);
    return pair->cleartext != NULL;
}

void rp_secure_pair_destroy(struct rp_secure_pair *pair)
{
    if (pair == NULL)
        return;
    if (pair->cleartext == NULL)
        return;
    rp_stream_destroy(rp_socket_stream(pair->cleartext), NULL);
    rp_stream_destroy(pair->encrypted, NULL);
    rp_stream_unref(rp_socket_stream(pair->cleartext));
    rp_stream_unref(pair->encrypted);
    *pair = (struct rp_secure_pair){0};
}
