/* SPDX-License-Identifier: MIT
 *
 * linked.h - a TLS server and a client of the library on the loopback, in one loop. Set the
 * options, link_open, then link_run until both have said what they have to say. */
#ifndef LINK_H
#define LINK_H

#include <check.h>
#include <reprise/reprise.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/certs.h"

static struct {
    struct rp_loop *loop;
    struct rp_server *server;
    struct rp_socket *client, *accepted; /* accepted: after secureConnection, a reference */
    struct cert leaf;
    struct rp_pem cert, key;
    struct rp_secure_context_options server_tls, client_tls;
    struct rp_server_options server_options;
    struct rp_connect_options options;
    bool connected, client_closed, accepted_closed, server_closed, overtime;
    struct rp_error client_error, server_error; /* code "" = none */
} linked;

static inline void link_on_accepted_close(const struct rp_event *e, void *arg)
{
    (void)e, (void)arg;
    linked.accepted_closed = true;
}

static inline void link_on_server(const struct rp_event *e, void *arg)
{
    (void)arg;
    if (e->type == RP_EV_SECURE_CONNECTION) {
        linked.accepted = e->secure_connection.socket;
        rp_stream_ref(rp_socket_stream(linked.accepted));
        rp_stream_on(rp_socket_stream(linked.accepted), RP_EV_CLOSE, link_on_accepted_close, NULL);
    } else if (e->type == RP_EV_CLOSE) {
        linked.server_closed = true;
    } else if (e->type == RP_EV_TLS_CLIENT_ERROR) {
        linked.server_error = *e->tls_client_error.error;
    }
}

static inline void link_on_client(const struct rp_event *e, void *arg)
{
    (void)arg;
    if (e->type == RP_EV_SECURE_CONNECT)
        linked.connected = true;
    else if (e->type == RP_EV_ERROR)
        linked.client_error = *e->error.error;
    else if (e->type == RP_EV_CLOSE)
        linked.client_closed = true;
}

/* Before anything: a certificate, and options that trust it. */
static inline void link_prepare(void)
{
    memset(&linked, 0, sizeof linked);
    linked.loop = rp_loop_new(NULL);
    ck_assert_ptr_nonnull(linked.loop);
    linked.leaf = cert_make((struct cert_request){.cn = "a.example", .alt = "DNS:a.example"});
    linked.cert.bytes = linked.leaf.pem;
    linked.key.bytes = linked.leaf.key_pem;
    linked.server_tls.cert = linked.client_tls.ca = &linked.cert;
    linked.server_tls.key = &linked.key;
    linked.server_tls.cert_count = linked.server_tls.key_count = linked.client_tls.ca_count = 1;
    linked.options.servername = "a.example";
}

/* The server listens; add listeners to it, then link_connect. */
static inline void link_listen(void)
{
    struct rp_address address;
    struct rp_listen_options listen = {.address = &address};
    struct rp_error err = {0};

    ck_assert(rp_address_parse(&address, "127.0.0.1:0", false, NULL));
    linked.server_options.context_options = &linked.server_tls;
    linked.server = rp_server_new(linked.loop, &linked.server_options, &err);
    ck_assert_msg(linked.server != NULL, "%s: %s", err.code, err.message);
    rp_server_on(linked.server, RP_EV_SECURE_CONNECTION, link_on_server, NULL);
    rp_server_on(linked.server, RP_EV_TLS_CLIENT_ERROR, link_on_server, NULL);
    rp_server_on(linked.server, RP_EV_CLOSE, link_on_server, NULL);
    ck_assert_msg(rp_server_listen(linked.server, &listen, &err), "%s", err.message);
}

/* The client is there; add listeners to it, then link_run. */
static inline void link_connect(void)
{
    struct rp_net_options net = {.address = rp_server_address(linked.server)};
    struct rp_error err = {0};
    struct rp_stream *stream;

    linked.options.context_options = &linked.client_tls;
    linked.options.net = &net;
    linked.client = rp_connect(linked.loop, &linked.options, &err);
    ck_assert_msg(linked.client != NULL, "%s: %s", err.code, err.message);
    stream = rp_socket_stream(linked.client);
    rp_stream_on(stream, RP_EV_SECURE_CONNECT, link_on_client, NULL);
    rp_stream_on(stream, RP_EV_ERROR, link_on_client, NULL);
    rp_stream_on(stream, RP_EV_CLOSE, link_on_client, NULL);
}

static inline void link_on_time(struct rp_timer *timer)
{
    (void)timer;
    linked.overtime = true;
}

static inline bool link_is_open(void)
{
    return (linked.connected && linked.accepted != NULL) || linked.client_closed;
}

/* Turn the loop until `done`; a test that hangs fails. */
static inline void link_run(bool (*done)(void))
{
    struct rp_timer timer = {.fire = link_on_time};

    rp_timer_start(linked.loop, &timer, 20000);
    while (!done() && !linked.overtime)
        rp_loop_turn(linked.loop, true);
    rp_timer_stop(&timer);
    ck_assert_msg(!linked.overtime, "nothing happens; client: %s, server: %s",
                  linked.client_error.message, linked.server_error.message);
}

/* Both ends are open. */
static inline void link_open(void)
{
    link_listen();
    link_connect();
    link_run(link_is_open);
    ck_assert_msg(linked.connected && linked.accepted != NULL, "client: %s, server: %s",
                  linked.client_error.message, linked.server_error.message);
}

static inline bool link_is_closed(void)
{
    return linked.client_closed && linked.server_closed;
}

static inline void link_close(void)
{
    rp_stream_destroy(rp_socket_stream(linked.client), NULL);
    if (linked.accepted != NULL)
        rp_stream_destroy(rp_socket_stream(linked.accepted), NULL);
    rp_server_close(linked.server);
    link_run(link_is_closed);
    rp_socket_unref(linked.client);
    rp_socket_unref(linked.accepted);
    rp_server_free(linked.server);
    rp_loop_free(linked.loop);
    cert_free(&linked.leaf);
}

/* Connect the client over a stream that was connected before, and is returned: the carrier. */
__attribute__((unused)) static struct rp_stream *link_over_a_stream(void)
{
    struct rp_net_options net = {.address = rp_server_address(linked.server)};
    struct rp_stream *carrier = rp_net_connect(linked.loop, &net, NULL), *stream;

    ck_assert_ptr_nonnull(carrier);
    linked.options.context_options = &linked.client_tls;
    linked.options.stream = carrier;
    linked.client = rp_connect(linked.loop, &linked.options, NULL);
    ck_assert_ptr_nonnull(linked.client);
    stream = rp_socket_stream(linked.client);
    rp_stream_on(stream, RP_EV_SECURE_CONNECT, link_on_client, NULL);
    rp_stream_on(stream, RP_EV_CLOSE, link_on_client, NULL);
    return carrier;
}

#endif
