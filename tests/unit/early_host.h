/* SPDX-License-Identifier: MIT
 *
 * early_host.h - a server that takes early data through a replay guard, whose store is an LMDB file
 * or another; and the session of a client that may send some. After link_prepare. */
#ifndef EARLY_HOST_H
#define EARLY_HOST_H

#include "lib/base/clock.h"
#include "cache/store_open.h"
#include "cache/replay_guard.h"
#include "tests/unit/flight.h"
#include "tests/unit/sealers.h"

#include <stdio.h>
#include <unistd.h>

struct early_host {
    struct rp_server *server;
    struct rp_store *store; /* borrowed */
    struct rp_replay_guard *guard;
    struct rp_replay_guard_counters counters;
    unsigned opened; /* connections whose early data was accepted */
    bool closed;
};

static struct {
    struct rp_secure_context *context; /* of all hosts: they read each other's tickets */
    const struct early_host *closing;
    char directory[64];
    uint8_t session[16384];
    size_t session_len;
    int64_t clock_ms; /* of hosts, from the system's */
} early;

static inline void early_on_opened(const struct rp_event *e, void *arg)
{
    if (rp_socket_early_data(e->secure_connection.socket) == RP_EARLY_DATA_ACCEPTED)
        ((struct early_host *)arg)->opened++;
}

static inline void early_on_closed(const struct rp_event *e, void *arg)
{
    (void)e;
    ((struct early_host *)arg)->closed = true;
}

static inline uint64_t early_now_ms(void)
{
    return rp_wall_ms() + (uint64_t)early.clock_ms;
}

/* Without a guard that is asked. The options are the store, and what differs from the usual. */
static inline void early_host_make(struct early_host *h, struct rp_replay_guard_options g)
{
    struct rp_server_options o = {0};

    if (early.context == NULL) {
        linked.server_tls.max_early_data = 1000;
        early.context = rp_secure_context_new(&linked.server_tls, NULL);
    }
    *h = (struct early_host){.store = g.store};
    o.context = early.context;
    g.now_ms = early_now_ms;
    g.counters = &h->counters;
    h->guard = rp_replay_guard_new(linked.loop, &g, NULL);
    h->server = rp_server_new(linked.loop, &o, NULL);
    ck_assert(h->guard != NULL && h->server != NULL);
    rp_server_on(h->server, RP_EV_SECURE_CONNECTION, early_on_opened, h);
    rp_server_on(h->server, RP_EV_CLOSE, early_on_closed, h);
}

static inline void early_host_open(struct early_host *h, struct rp_replay_guard_options g)
{
    early_host_make(h, g);
    ck_assert(rp_replay_guard_attach(h->guard, h->server));
}

static inline bool early_is_closed(void)
{
    return early.closing->closed;
}

static inline void early_host_close(struct early_host *h)
{
    early.closing = h;
    rp_server_close(h->server);
    link_run(early_is_closed);
    rp_server_free(h->server);
    rp_replay_guard_free(h->guard);
}

static inline void early_on_session(const struct rp_event *e, void *arg)
{
    (void)arg;
    early.session_len = e->data.len;
    ck_assert_uint_le(early.session_len, sizeof early.session);
    memcpy(early.session, e->data.bytes, early.session_len);
}

static inline bool early_has_session(void)
{
    return early.session_len > 0;
}

/* From then on flights may be captured. */
static inline void early_take_a_session(struct early_host *h)
{
    struct rp_stream *ends[2];
    struct rp_socket *client;

    ck_assert(rp_stream_pair(linked.loop, NULL, ends, NULL));
    linked.options.context_options = &linked.client_tls;
    linked.options.stream = ends[0];
    ck_assert(rp_server_take_stream(h->server, ends[1], NULL));
    client = rp_connect(linked.loop, &linked.options, NULL);
    rp_stream_on(rp_socket_stream(client), RP_EV_SESSION, early_on_session, NULL);
    link_run(early_has_session);
    rp_stream_destroy(rp_socket_stream(client), NULL);
    rp_stream_unref(rp_socket_stream(client));
    rp_stream_unref(ends[0]);
    rp_stream_unref(ends[1]);
    linked.options.session = (struct rp_bytes){early.session, early.session_len};
    linked.options.early_data = true;
}

/* In a directory of its own. */
static inline struct rp_store *early_open_lmdb(void)
{
    struct rp_store *store;
    char uri[128];

    snprintf(early.directory, sizeof early.directory, "/tmp/reprise-guard-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(early.directory));
    snprintf(uri, sizeof uri, "lmdb:%s/s?size=16M", early.directory);
    store = rp_store_open(linked.loop, uri, NULL, NULL);
    ck_assert_ptr_nonnull(store);
    return store;
}

/* After the last host, and its store. */
static inline void early_finish(void)
{
    static const char *const files[] = {"s", "s-lock"};
    char path[96];

    rp_secure_context_unref(early.context);
    rp_loop_free(linked.loop);
    cert_free(&linked.leaf);
    if (early.directory[0] == '\0')
        return;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "%s/%s", early.directory, files[i]);
        unlink(path);
    }
    rmdir(early.directory);
}

#endif
